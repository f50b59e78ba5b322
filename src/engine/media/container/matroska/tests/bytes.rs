//! Files by hand: what programs seldom write, and what nobody should.

use super::kit::read;
use crate::{
    engine::media::{
        Codec,
        container::matroska::ebml::{self, id},
    },
    error::Error,
};

/// An element.
pub fn element(id: u32, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    ebml::put(&mut out, id, body);
    out
}

/// One of unknown size.
fn open(id: u32, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    ebml::put_id(&mut out, id);
    out.push(0xFF);
    out.extend_from_slice(body);
    out
}

/// A number.
fn number(id: u32, value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    ebml::put_unsigned(&mut out, id, value);
    out
}

/// The head of a file.
fn head() -> Vec<u8> {
    element(id::EBML, &element(id::DOC_TYPE, b"webm"))
}

/// Track 1 is VP8, track 2 Opus; `more` is put into both.
fn tracks(more: &[u8]) -> Vec<u8> {
    let entry = |number_: u64, kind, codec: &[u8]| {
        let parts = [number(id::TRACK_NUMBER, number_), number(id::TRACK_TYPE, kind), element(id::CODEC_ID, codec)];
        element(id::TRACK_ENTRY, &[&parts.concat(), more].concat())
    };
    element(id::TRACKS, &[entry(1, 1, b"V_VP8"), entry(2, 2, b"A_OPUS")].concat())
}

/// A SimpleBlock.
fn block(track: u8, relative: i16, flags: u8, data: &[u8]) -> Vec<u8> {
    let [high, low] = relative.to_be_bytes();
    element(id::SIMPLE_BLOCK, &[&[track | 0x80, high, low, flags], data].concat())
}

/// A cluster of this time.
fn cluster(time: u64, body: &[u8]) -> Vec<u8> {
    element(id::CLUSTER, &[&number(id::TIMESTAMP, time), body].concat())
}

/// Track, time in milliseconds, keyframe and data of each frame.
fn frames(bytes: &[u8]) -> Result<Vec<(usize, u128, bool, Vec<u8>)>, Error> {
    let (_, frames) = read(bytes)?;
    Ok(frames.iter().map(|frame| (frame.track, frame.pts.as_millis(), frame.keyframe, frame.data.to_vec())).collect())
}

/// The same of a file with these clusters.
fn of(clusters: &[&[u8]]) -> Vec<(usize, u128, bool, Vec<u8>)> {
    frames(&[head(), element(id::SEGMENT, &[&tracks(&[]), &*clusters.concat()].concat())].concat()).unwrap()
}

/// A packet of 20 ms that ends in this byte.
fn packet(last: u8) -> Vec<u8> {
    vec![0xF8, 0xFF, last]
}

#[test]
fn laced_sound_has_a_time_for_each_packet() {
    let lace = [&[2, 0x83, 0xBF][..], &packet(1), &packet(2), &packet(3)].concat();
    let first = cluster(1000, &block(2, 0, 0x86, &lace));
    // The next comes a rounding late, the one after it really late.
    let second = cluster(1060, &[block(2, 1, 0x80, &packet(4)), block(2, 25, 0x80, &packet(5))].concat());
    let expected: Vec<_> =
        [1000, 1020, 1040, 1060, 1085].into_iter().zip(1..).map(|(ms, last)| (1, ms, true, packet(last))).collect();
    assert_eq!(of(&[&first, &second]), expected);
}

#[test]
fn a_group_is_a_keyframe_if_it_refers_to_nothing() {
    let alone = element(id::BLOCK_GROUP, &element(id::BLOCK, &[0x81, 0, 0, 0, b'k']));
    let reference = element(id::REFERENCE_BLOCK, &[0xD8]);
    let refers = element(id::BLOCK_GROUP, &[element(id::BLOCK, &[0x81, 0, 40, 0, b'p']), reference].concat());
    assert_eq!(
        of(&[&cluster(0, &[alone, refers].concat())]),
        [(0, 0, true, b"k".to_vec()), (0, 40, false, b"p".to_vec())]
    );
}

#[test]
fn unknown_sizes_nest() {
    let blocks = |time| [number(id::TIMESTAMP, time), block(1, 0, 0x80, b"a"), block(1, 40, 0, b"b")].concat();
    let body =
        [tracks(&[]), open(id::CLUSTER, &blocks(0)), open(id::CLUSTER, &blocks(80)), element(id::CUES, &[])].concat();
    let file = [head(), open(id::SEGMENT, &body)].concat();
    let times: Vec<_> = frames(&file).unwrap().into_iter().map(|(_, ms, ..)| ms).collect();
    assert_eq!(times, [0, 40, 80, 120]);
}

#[test]
fn times_before_the_start_move_all() {
    let first = cluster(0, &[block(1, -30, 0x80, b"a"), block(1, 10, 0, b"b")].concat());
    let second = cluster(100, &block(1, -50, 0, b"c"));
    let found: Vec<_> = of(&[&first, &second]).into_iter().map(|(_, ms, ..)| ms).collect();
    assert_eq!(found, [0, 40, 80]);
}

#[test]
fn ticks_of_another_length() {
    let info = element(id::INFO, &number(id::TIMESTAMP_SCALE, 10_000_000));
    let body = [info, tracks(&[]), cluster(7, &block(1, 3, 0x80, b"a"))].concat();
    assert_eq!(frames(&[head(), element(id::SEGMENT, &body)].concat()).unwrap(), [(0, 100, true, b"a".to_vec())]);
    let none = element(id::INFO, &number(id::TIMESTAMP_SCALE, 0));
    let error = frames(&[head(), element(id::SEGMENT, &[none, tracks(&[])].concat())].concat()).unwrap_err();
    assert_eq!(error.code(), "media_file");
}

#[test]
fn parts_in_any_order() {
    // Tracks behind the clusters, with and without a list that says where they are.
    let clusters = cluster(5, &block(1, 0, 0x80, b"a"));
    let seek = |place| {
        let part = element(id::SEEK_ID, &id::TRACKS.to_be_bytes());
        let place = element(id::SEEK_POSITION, &u32::to_be_bytes(place));
        element(id::SEEK_HEAD, &element(id::SEEK, &[part, place].concat()))
    };
    let length = seek(0).len() + clusters.len();
    for front in [Vec::new(), seek(length as u32), seek(3), seek(u32::MAX), element(id::VOID, &[0; 300])] {
        let body = [front, clusters.clone(), tracks(&[])].concat();
        assert_eq!(frames(&[head(), element(id::SEGMENT, &body)].concat()).unwrap(), [(0, 5, true, b"a".to_vec())]);
    }
}

#[test]
fn what_is_broken_is_left_out() {
    let good = cluster(40, &block(1, 0, 0, b"good"));
    let good_alone = [(0, 40, false, b"good".to_vec())];
    // A block larger than its cluster, a block that cannot be understood, bytes that are no element, a head that lies.
    let large = cluster(0, &[0xA3, 0x4F, 0xFF, 0x81, 0, 0, 0x80, 1]);
    let short = cluster(0, &element(id::SIMPLE_BLOCK, &[0x81, 0]));
    let unknown = cluster(0, &block(9, 0, 0x80, b"of no track"));
    let empty = cluster(0, &block(1, 0, 0x80, b""));
    let lies = [0x1F, 0x43, 0xB6, 0x75, 0x00].to_vec();
    let boundless = [0xA3, 0xFF, 1, 2, 3].to_vec();
    for bad in [large, short, unknown, empty, lies, boundless, vec![0; 500], vec![0; 3]] {
        assert_eq!(of(&[&bad, &good]), good_alone, "{bad:?}");
        assert_eq!(of(&[&good, &bad]), good_alone, "{bad:?}");
    }
    // A second file behind the first.
    assert_eq!(of(&[&good, &head(), &good]), good_alone);
}

#[test]
fn what_is_no_file_says_where() {
    for (bytes, words) in [
        (vec![], "did not begin"),
        (b"OggS".to_vec(), "did not begin"),
        (vec![0x1A, 0x45, 0xDF, 0xA3], "did not begin"),
        (vec![0x1A, 0x45, 0xDF, 0xA3, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0], "cut off"),
        (element(id::EBML, &element(id::DOC_TYPE, b"other\nthing")), "type other"),
        (head(), "before its segment"),
        ([head(), element(id::SEGMENT, &[])].concat(), "list of tracks"),
        ([head(), open(id::SEGMENT, &cluster(0, &block(1, 0, 0x80, b"a")))].concat(), "list of tracks"),
        ([head(), open(id::SEGMENT, &vec![0; 4000])].concat(), "list of tracks"),
    ] {
        let error = read(&bytes).unwrap_err();
        assert_eq!(error.code(), "media_file", "{words}");
        assert!(error.message().contains(words), "{} {words}", error.message());
    }
}

#[test]
fn sizes_that_lie_take_no_memory() {
    // 2^56 bytes of tracks, of a block, of a name.
    for id in [id::TRACKS, id::INFO, id::SEEK_HEAD, id::SIMPLE_BLOCK, id::VOID] {
        let mut bytes = [head(), open(id::SEGMENT, &[])].concat();
        ebml::put_id(&mut bytes, id);
        bytes.extend([0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 1, 2, 3]);
        assert_eq!(read(&bytes).unwrap_err().code(), "media_file");
    }
    let list = tracks(&[]);
    let mut cut = list.clone();
    cut.truncate(list.len() - 3);
    assert!(read(&[head(), open(id::SEGMENT, &cut)].concat()).is_err());
}

#[test]
fn encodings_are_undone_or_named() {
    let encoding = |parts: &[Vec<u8>]| element(id::CONTENT_ENCODINGS, &element(id::CONTENT_ENCODING, &parts.concat()));
    let compression = |algorithm, settings: &[u8]| {
        let parts = [number(id::CONTENT_COMP_ALGO, algorithm), element(id::CONTENT_COMP_SETTINGS, settings)];
        element(id::CONTENT_COMPRESSION, &parts.concat())
    };
    let file = |more: &[u8], data: &[u8]| {
        [head(), element(id::SEGMENT, &[tracks(more), cluster(0, &block(1, 0, 0x80, data))].concat())].concat()
    };
    let stripped = file(&encoding(&[compression(3, b"head")]), b"tail");
    assert_eq!(frames(&stripped).unwrap(), [(0, 0, true, b"headtail".to_vec())]);
    for (encodings, words) in [
        (encoding(&[number(id::CONTENT_ENCODING_TYPE, 1)]), "encrypted"),
        (encoding(&[compression(1, b"")]), "bzip2"),
        (encoding(&[compression(2, b"")]), "LZO"),
    ] {
        let (tracks, _) = read(&file(&encodings, b"x")).unwrap();
        let flaw = tracks[0].flaw.clone().unwrap();
        assert!(flaw.contains(words), "{flaw}");
        assert_eq!(tracks[0].codec, Codec::Vp8);
    }
    // Not what zlib makes, and far more than a frame.
    let deflated = encoding(&[compression(0, b"")]);
    assert_eq!(frames(&file(&deflated, b"nonsense")).unwrap(), []);
    let mut bomb = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..80 {
        std::io::Write::write_all(&mut bomb, &vec![0; 1 << 20]).unwrap();
    }
    assert_eq!(frames(&file(&deflated, &bomb.finish().unwrap())).unwrap(), []);
}

#[test]
fn subtitles_and_doubles_are_left_out() {
    let entry = |number_, kind, codec: &[u8]| {
        let parts = [number(id::TRACK_NUMBER, number_), number(id::TRACK_TYPE, kind), element(id::CODEC_ID, codec)];
        element(id::TRACK_ENTRY, &parts.concat())
    };
    let list = [entry(1, 17, b"S_TEXT/UTF8"), entry(2, 1, b"V_VP9"), entry(2, 1, b"V_VP8"), entry(0, 1, b"V_VP8")];
    let blocks = [block(1, 0, 0x80, b"words"), block(2, 0, 0x80, b"picture")].concat();
    let body = [element(id::TRACKS, &list.concat()), cluster(0, &blocks)].concat();
    let file = [head(), element(id::SEGMENT, &body)].concat();
    let (tracks, _) = read(&file).unwrap();
    assert_eq!(tracks.iter().map(|track| track.codec).collect::<Vec<_>>(), [Codec::Vp9]);
    assert_eq!(frames(&file).unwrap(), [(0, 0, true, b"picture".to_vec())]);
}
