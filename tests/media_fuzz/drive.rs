//! Runs what is tried over spoilt files, and says which number broke it.

use std::{
    env, fs,
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    time::{Duration, Instant},
};

use haft::engine::media::{
    Codec, Track,
    codec::{self, av1, h264, opus},
    container::{Format, create_drain, open_source},
};

use super::{
    memory,
    mutate::{Random, spoilt},
    seeds::CODECS,
};

/// One file takes no longer than this, on a machine that does other things as well.
const LONGEST: Duration = Duration::from_secs(10);
/// Nor more memory than this many times its size, and this much.
const MEMORY: (usize, usize) = (64, 16 << 20);

/// Spoils seeds until the time is over.
#[track_caller]
pub fn run(name: &str, seeds: &[Vec<u8>], each: fn(&[u8])) {
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse().ok());
    let seconds: u64 = number("HAFT_FUZZ_SECONDS").unwrap_or(2);
    let first: u64 = number("HAFT_FUZZ_NUMBER").unwrap_or(1);
    for seed in seeds {
        each(seed);
    }
    let (begin, mut done, mut longest, mut most) = (Instant::now(), 0u64, Duration::ZERO, 0);
    while begin.elapsed().as_secs() < seconds {
        let number = first + done;
        let bytes = spoilt(number, seeds);
        let failed = |why: &str| -> ! {
            let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/media-fuzz");
            fs::create_dir_all(&folder).unwrap();
            let file = folder.join(format!("{name}-{number}"));
            fs::write(&file, &bytes).unwrap();
            panic!("{name}: number {number} {why}; it is kept as {}", file.display());
        };
        let (start, memory) = (Instant::now(), memory::begin());
        let fine = catch_unwind(AssertUnwindSafe(|| each(&bytes)));
        let (took, memory) = (start.elapsed(), memory::most_since(memory));
        if fine.is_err() {
            failed("broke a promise, or panicked");
        }
        if took > LONGEST {
            failed(&format!("took {took:?} for {} bytes", bytes.len()));
        }
        if memory > bytes.len() * MEMORY.0 + MEMORY.1 {
            failed(&format!("took {memory} bytes of memory for {} bytes", bytes.len()));
        }
        (longest, most, done) = (longest.max(took), most.max(memory), done + 1);
    }
    println!("{name}: {done} files from number {first} on; {longest:?} and {most} bytes at most");
}

/// Reads a file to its end, and writes what was read into a format that holds it.
pub fn container(bytes: &[u8]) {
    let Ok(mut file) = open_source(Box::new(Cursor::new(bytes.to_vec())), None) else { return };
    let tracks = file.tracks().to_vec();
    let mut random = Random(bytes.len() as u64);
    let written: Vec<Track> = tracks
        .iter()
        .filter(|track| track.codec != Codec::Other && track.codec.kind() == Some(track.kind))
        .cloned()
        .collect();
    let formats = [Format::Matroska, Format::Mp4, Format::WebM, Format::Ivf, Format::Ogg, Format::AnnexB];
    let format = formats[random.below(formats.len())];
    let mut drain = create_drain(Box::new(Cursor::new(Vec::new())), &written, format).ok();
    let mut frames = 0;
    loop {
        let frame = match file.next() {
            Ok(Some(frame)) => frame,
            Ok(None) => break,
            // What is broken is said once; whoever goes on all the same gets an answer, too.
            Err(_) if frames % 2 == 0 => {
                frames += 1;
                continue;
            }
            Err(_) => break,
        };
        frames += 1;
        assert!(frames <= 64 * bytes.len() + 64, "more frames than there can be");
        assert!(frame.track < tracks.len(), "a frame of a track that is not there");
        let _ = codec::head(tracks[frame.track].codec, &frame.data);
        let to = written.iter().position(|track| *track == tracks[frame.track]);
        if let (Some(into), Some(to)) = (&mut drain, to) {
            let frame = haft::engine::media::Frame { track: to, ..frame };
            if into.write(&frame).is_err() {
                drain = None;
            }
        }
    }
    assert_eq!(file.tracks().len(), tracks.len());
    if let Some(mut drain) = drain {
        let _ = drain.finish();
    }
}

/// Reads what can be read off a frame; the first byte is the codec's number.
pub fn heads(bytes: &[u8]) {
    let Some((number, frame)) = bytes.split_first() else { return };
    let codec = CODECS[usize::from(*number) % CODECS.len()];
    let _ = codec::head(codec, frame);
    match codec {
        Codec::H264 => {
            let (mut order, mut splitter) = (h264::Order::default(), h264::Splitter::default());
            order.take(frame);
            let begun = h264::units(frame).filter(|unit| splitter.begins(unit)).count();
            assert!(begun <= frame.len());
            let kept = h264::prefixed(frame, true);
            let configuration = h264::Configuration::of(frame).or_else(|| h264::Configuration::parse(frame));
            if let Some(configuration) = configuration {
                if let Some(written) = configuration.bytes() {
                    let again = h264::Configuration::parse(&written).expect("what was written is read");
                    assert_eq!(again.sequences, configuration.sequences);
                }
                let _ = configuration.stream(frame);
                let stream = h264::Configuration { length_size: 4, ..configuration }.stream(&kept);
                assert!(stream.is_some(), "what was prefixed has lengths that are right");
            }
        }
        Codec::Av1 => {
            if let Some(bare) = av1::bare(frame) {
                let again = av1::bare(&bare).expect("what is bare is read again");
                assert_eq!(again, bare);
            }
            let _ = (av1::configuration(frame), av1::configured(frame), av1::sequence(frame));
        }
        Codec::Opus => {
            let _ = (opus::channels(frame), opus::Header::parse(frame));
            assert!(opus::samples(frame).is_none_or(|samples| samples <= opus::SAMPLES_MAX));
        }
        _ => {}
    }
}
