//! Files that lie: lengths, counts and loops that would take memory or time, and thousands of random changes.

use std::{
    cell::Cell,
    fs,
    time::{Duration, Instant},
};

use super::{
    files::{FRAGMENTS, Folder, H264, OPUS, read},
    memory,
};

/// Reads a file within bounds: of memory that fits its size, and of time.
#[track_caller]
fn within(name: &str, bytes: Vec<u8>) -> haft::error::Result<usize> {
    let (length, begin) = (bytes.len(), Instant::now());
    let before = memory::begin();
    let frames = Cell::new(0);
    let read = || -> haft::error::Result<()> {
        let mut demux = haft::engine::media::container::mp4::open(Box::new(std::io::Cursor::new(bytes)))?;
        while demux.next()?.is_some() {
            frames.set(frames.get() + 1);
        }
        Ok(())
    };
    let done = read();
    let frames = frames.get();
    let taken = memory::most_since(before);
    assert!(taken < 3 * length + (1 << 20), "{name}: {taken} bytes of memory for {length} of the file");
    assert!(frames <= 8 * length, "{name}: {frames} frames");
    assert!(begin.elapsed() < Duration::from_secs(5), "{name}: {:?}", begin.elapsed());
    done.map(|()| frames)
}

fn one(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap();
    [&length.to_be_bytes()[..], name, content].concat()
}

fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// The tables of the one track of Opus; what is not changed describes ten samples of 100 bytes at the start of the file.
struct Tables {
    stts: Vec<u32>,
    ctts: Option<Vec<u32>>,
    stss: Option<Vec<u32>>,
    stsz: Vec<u32>,
    stsc: Vec<u32>,
    stco: Vec<u32>,
    elst: Option<Vec<u32>>,
    /// The names of the tables of sizes and of chunks.
    names: (&'static [u8; 4], &'static [u8; 4]),
    more: Vec<u8>,
}

impl Default for Tables {
    fn default() -> Tables {
        Tables {
            stts: vec![0, 1, 10, 960],
            ctts: None,
            stss: None,
            stsz: vec![0, 100, 10],
            stsc: vec![0, 1, 1, 10, 1],
            stco: vec![0, 1, 0],
            elst: None,
            names: (b"stsz", b"stco"),
            more: Vec::new(),
        }
    }
}

impl Tables {
    fn file(&self) -> Vec<u8> {
        let entry = one(
            b"Opus",
            &[
                &[0; 6][..],
                &[0, 1],
                &[0; 8],
                &[0, 2, 0, 16, 0, 0, 0, 0],
                &words(&[48_000 << 16]),
                &one(b"dOps", &[0, 2, 0, 0, 0, 0, 0xbb, 0x80, 0, 0, 0]),
            ]
            .concat(),
        );
        let mut table = one(b"stsd", &[words(&[0, 1]), entry].concat());
        let rows = [
            (b"stts", Some(&self.stts)),
            (b"ctts", self.ctts.as_ref()),
            (b"stss", self.stss.as_ref()),
            (self.names.0, Some(&self.stsz)),
            (b"stsc", Some(&self.stsc)),
            (self.names.1, Some(&self.stco)),
        ];
        rows.iter()
            .filter_map(|(name, rows)| Some((name, (*rows)?)))
            .for_each(|(name, rows)| table.extend(one(name, &words(rows))));
        let media = [
            one(b"mdhd", &words(&[0, 0, 0, 48_000, 0, 0])),
            one(b"hdlr", &[&words(&[0, 0])[..], b"soun", &[0; 13]].concat()),
            one(b"minf", &one(b"stbl", &table)),
        ];
        let edits = self.elst.as_ref().map(|elst| one(b"edts", &one(b"elst", &words(elst)))).unwrap_or_default();
        let track = [one(b"tkhd", &words(&[3, 0, 0, 1, 0, 0])), edits, one(b"mdia", &media.concat())].concat();
        let movie = [one(b"mvhd", &words(&[0, 0, 0, 1000, 0])), one(b"trak", &track), self.more.clone()].concat();
        [one(b"ftyp", b"isom\0\0\0\0"), one(b"moov", &movie), one(b"mdat", &[7; 2000])].concat()
    }
}

const MANY: u32 = u32::MAX;

#[test]
fn a_file_by_hand_plays() {
    let (tracks, _, frames) = read(Tables::default().file()).unwrap();
    assert_eq!((tracks.len(), frames.len(), frames[9].pts), (1, 10, Duration::from_millis(180)));
    assert_eq!(frames[0].data.len(), 100);
}

#[test]
fn every_form_of_a_table_says_the_same() {
    let tables = Tables::default;
    let sizes = |case: &Tables| read(case.file()).unwrap().2.iter().map(|frame| frame.data.len()).collect::<Vec<_>>();
    let stz2 = (b"stz2", b"stco");
    let four = Tables { names: stz2, stsz: vec![0, 4, 5, 0x1234_5fff], ..tables() };
    assert_eq!(sizes(&four), [1, 2, 3, 4, 5]);
    let eight = Tables { names: stz2, stsz: vec![0, 8, 5, 0x0102_0304, 0x05ff_ffff], ..tables() };
    assert_eq!(sizes(&eight), [1, 2, 3, 4, 5]);
    let sixteen = Tables { names: stz2, stsz: vec![0, 16, 3, 0x0001_0100, 0x0003_ffff], ..tables() };
    assert_eq!(sizes(&sixteen), [1, 256, 3]);
    // A sample without bytes is none, and has a time all the same.
    let holes = Tables { stsz: vec![0, 0, 3, 5, 0, 6], ..tables() };
    let times: Vec<_> = read(holes.file()).unwrap().2.iter().map(|frame| frame.pts.as_millis()).collect();
    assert_eq!((sizes(&holes), times), (vec![5, 6], vec![0, 40]));
    let odd = Tables { names: (b"stz2", b"stco"), stsz: vec![0, 5, 3, 0, 0], ..tables() };
    assert_eq!(read(odd.file()).unwrap_err().code(), "media_file");

    // Three chunks: of two, two and three samples.
    let chunked = Tables {
        stsz: vec![0, 10, 7],
        stsc: vec![0, 2, 1, 2, 1, 3, 3, 1],
        stco: vec![0, 3, 500, 100, 1000],
        ..tables()
    };
    let file = chunked.file();
    let found = read(file.clone()).unwrap().2;
    let places = [500, 510, 100, 110, 1000, 1010, 1020];
    assert!(found.iter().map(|frame| &*frame.data).eq(places.map(|at| &file[at..at + 10])));
    let wide = Tables { names: (b"stsz", b"co64"), stco: vec![0, 3, 0, 500, 0, 100, 0, 1000], ..chunked };
    assert_eq!(read(wide.file()).unwrap().2.len(), 7);

    // Shifts and edits: a wait of half a second, then from 10 ms on; ticks of 48 kHz and of a millisecond.
    let edited = Tables {
        elst: Some(vec![0, 2, 500, MANY, 0x0001_0000, 60, 480, 0x0001_0000]),
        ctts: Some(vec![1, 1, 10, 48]),
        ..tables()
    };
    let times: Vec<_> = read(edited.file()).unwrap().2.iter().map(|frame| frame.pts.as_millis()).collect();
    assert_eq!(times, [491, 511, 531, 551]);
    // Cuts and other speeds are for decoders.
    for (edits, why) in [([0, 0x0001_0000, 0x2000, 0x0001_0000], "cuts"), ([0, 0x0002_0000, 960, 0x0001_0000], "speed")]
    {
        let elst = [vec![0, 2, 20], edits[..2].to_vec(), vec![20], edits[2..].to_vec()].concat();
        let flaw = read(Tables { elst: Some(elst), ..tables() }.file()).unwrap().0.remove(0).flaw;
        assert!(flaw.as_ref().is_some_and(|flaw| flaw.contains(why)), "{flaw:?}");
    }
}

#[test]
fn counts_that_lie_take_neither_memory_nor_time() {
    let tables = Tables::default;
    let many = |width: usize| (0..50_000 * width).map(|number| number as u32 / 7).collect::<Vec<u32>>();
    let cases = [
        ("samples", Tables { stsz: vec![0, 1, MANY], stsc: vec![0, 1, 1, MANY, 1], ..tables() }),
        ("samples of nothing", Tables { stsz: vec![0, 0, MANY], ..tables() }),
        ("sizes", Tables { stsz: vec![0, 0, MANY, 100, MANY, 0, 0, 100], ..tables() }),
        ("durations", Tables { stts: vec![0, MANY, MANY, MANY, 0, 5, 0, MANY], ..tables() }),
        (
            "no durations",
            Tables { stts: vec![0, 0], ctts: Some(vec![0, 2, MANY, 5, MANY, 6]), stsz: vec![0, 1, MANY], ..tables() },
        ),
        ("shifts", Tables { ctts: Some(vec![0, MANY, MANY, 0x8000_0000, 0, 1, 1, MANY]), ..tables() }),
        ("syncs", Tables { stss: Some([vec![0, MANY], many(1)].concat()), ..tables() }),
        (
            "groups that go back",
            Tables { stsc: vec![0, 5, 3, 1, 1, 2, 1, 1, 1, 1, 1, 1, MANY, 1, 0, MANY, 1], ..tables() },
        ),
        (
            "groups of nothing",
            Tables { stsc: vec![0, 1, 1, 0, 1], stco: [vec![0, 50_000], vec![0; 50_000]].concat(), ..tables() },
        ),
        (
            "chunks at one place",
            Tables {
                stsz: vec![0, 1, MANY],
                stsc: vec![0, 1, 1, MANY, 1],
                stco: [vec![0, 50_000], vec![0; 50_000]].concat(),
                ..tables()
            },
        ),
        (
            "many samples at one place",
            Tables {
                stsz: vec![0, 1, MANY],
                stsc: vec![0, 1, 1, 2000, 1],
                stco: [vec![0, 50_000], vec![0; 50_000]].concat(),
                ..tables()
            },
        ),
        ("chunks behind the end", Tables { stco: vec![0, 3, 0, MANY, 0], stsc: vec![0, 1, 1, 4, 1], ..tables() }),
        ("descriptions", Tables { stsc: vec![0, 1, 1, 10, MANY], ..tables() }),
        ("edits", Tables { elst: Some([vec![0, MANY], many(3)].concat()), ..tables() }),
        ("an edit far behind", Tables { elst: Some(vec![0, 1, 1000, 0x7fff_ffff, 0x0001_0000]), ..tables() }),
        (
            "an edit that waits for ever",
            Tables { elst: Some(vec![0, 2, MANY, MANY, 0x0001_0000, 0, 0, 0x0001_0000]), ..tables() },
        ),
    ];
    for (name, case) in cases {
        // Whether it plays does not matter; that it ends does.
        let _ = within(name, case.file());
    }
}

/// A fragmented file with one `traf`.
fn fragment(tfhd: &[u32], trun: &[u32]) -> Vec<u8> {
    let mvex = one(b"mvex", &one(b"trex", &words(&[0, 1, 1, 0, 0, 0])));
    let head = Tables { stsz: vec![0, 0, 0], stco: vec![0, 0], more: mvex, ..Tables::default() };
    let traf = one(b"traf", &[one(b"tfhd", &words(tfhd)), one(b"trun", &words(trun))].concat());
    [head.file(), one(b"moof", &traf), one(b"mdat", &[7; 100])].concat()
}

#[test]
fn fragments_that_lie_take_neither_memory_nor_time() {
    let cases = [
        ("plain", fragment(&[0x02_0018, 1, 960, 10], &[1, 10, 0]), Some(10)),
        ("many of nothing", fragment(&[0x02_0008, 1, 960], &[0, MANY]), Some(0)),
        ("many of one byte", fragment(&[0x02_0018, 1, 960, 1], &[0, MANY]), None),
        ("many of all", fragment(&[0x02_0018, 1, MANY, MANY], &[0, MANY]), Some(0)),
        ("many rows", fragment(&[0x02_0018, 1, 960, 1], &[0x200, MANY, 10, 10, 0, 10]), Some(3)),
        ("behind the end", fragment(&[0x02_0018, 1, 960, 1], &[1, 10, 0x7fff_ffff]), Some(0)),
        ("before the start", fragment(&[0x02_0018, 1, 960, 1], &[1, 10, 0x8000_0000]), Some(0)),
        ("a base far out", fragment(&[0x19, 1, MANY, MANY, 960, 1], &[1, 10, 100]), Some(0)),
        ("another track", fragment(&[0x02_0018, 9, 960, 1], &[0, MANY]), Some(0)),
        ("nothing in it", fragment(&[], &[]), Some(0)),
    ];
    for (name, bytes, frames) in cases {
        let found = within(name, bytes).unwrap();
        assert!(frames.is_none_or(|frames| found == frames), "{name}: {found}");
    }
}

#[test]
fn boxes_in_boxes_and_odd_lengths_end() {
    let mut deep = Vec::new();
    for name in [b"moov", b"trak", b"mdia", b"minf", b"stbl"].iter().cycle().take(3000) {
        deep = one(name, &deep);
    }
    assert_eq!(within("deep", deep).unwrap_err().code(), "media_file");
    let file = Tables::default().file();
    // Hundred thousand boxes of nothing before the head.
    let free = one(b"free", &[]).repeat(100_000);
    let shifted = within("free", [free, file.clone()].concat());
    assert!(shifted.is_ok(), "{shifted:?}");
    let huge = |name: &[u8; 4], size: u64| [&words(&[1])[..], name, &size.to_be_bytes(), &[0; 64]].concat();
    for size in [0, 8, 15, 16, 17, 1 << 40, u64::MAX - 8, u64::MAX] {
        let _ = within("wide head", huge(b"moov", size));
        let _ = within("wide data", [huge(b"mdat", size), file.clone()].concat());
    }
    // Data to the end of the file, by a length of 0; and one of 64 bits.
    let at = file.windows(4).position(|name| name == b"mdat").unwrap();
    let mut open = file.clone();
    open[at - 4..at].fill(0);
    assert_eq!(read(open).unwrap().2.len(), 10);
    let wide = [&file[..at - 4], &words(&[1])[..], b"mdat", &(2016_u64).to_be_bytes(), &[7; 2000]].concat();
    assert_eq!(read(wide).unwrap().2.len(), 10);
    for name in ["", "0", "RIFF and more", "\0\0\0\x08ftyp"] {
        assert_eq!(within(name, name.as_bytes().to_vec()).unwrap_err().code(), "media_file");
    }
}

#[test]
fn random_changes_do_no_harm() {
    let folder = Folder::new();
    let picture = "-f lavfi -i testsrc2=s=64x48:r=25:d=1";
    let tone = "-f lavfi -i sine=440:d=1:r=48000";
    let mut seeds = vec![Tables::default().file(), fragment(&[0x02_0018, 1, 960, 10], &[1, 10, 0])];
    for (name, words) in
        [("a.mp4", ""), ("b.mp4", FRAGMENTS), ("c.mp4", "-movflags +frag_every_frame+delay_moov"), ("d.mov", "")]
    {
        let sound = if name == "d.mov" { "-c:a aac -bf 2" } else { OPUS };
        seeds.push(fs::read(folder.make(name, &[picture, tone, H264, sound, words])).unwrap());
    }
    // Where boxes are: changes there do more than in frames.
    let names: [&[u8; 4]; 16] = [
        b"moov", b"trak", b"stbl", b"stsd", b"stsz", b"stsc", b"stco", b"stts", b"elst", b"moof", b"traf", b"tfhd",
        b"trun", b"tfdt", b"mfra", b"mdat",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let places: Vec<Vec<usize>> = seeds
        .iter()
        .map(|seed| {
            let found =
                (0..seed.len().saturating_sub(4)).filter(|at| names.iter().any(|name| name[..] == seed[*at..at + 4]));
            found.collect()
        })
        .collect();
    for round in 0..3000 {
        let which = round % seeds.len();
        let (mut bytes, places) = (seeds[which].clone(), &places[which]);
        for _ in 0..=random(3) {
            let near = places[random(places.len())].saturating_sub(4) + random(40);
            let at = near.min(bytes.len().saturating_sub(5));
            match random(6) {
                0 => bytes[at] ^= 1 << random(8),
                1 => bytes[at] = random(256) as u8,
                2 => bytes[at..at + 4].copy_from_slice(&[0xff; 4]),
                3 => bytes[at..at + 4].copy_from_slice(&(random(300) as u32).to_be_bytes()),
                4 => drop(bytes.drain(at..at + 4)),
                _ => bytes.truncate(random(bytes.len()).max(64)),
            }
        }
        let _ = within(&format!("round {round}"), bytes);
    }
}
