//! Every sample is read as ffprobe reads it, and every file that is made of it is read by ffprobe, and by us, as what went in.

#![cfg(feature = "media")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at what must not be"
)]

#[allow(dead_code, reason = "shared")]
mod media;

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use haft::engine::media::{
    Codec, Kind, Track,
    container::{create, format},
};
use haft_tools::native::scratch;
use media::{
    probe,
    reading::{RATE, Read, UNFIT, read},
    samples::{names, sample},
};

/// The filter by which ffmpeg gives the bytes that a frame is here.
fn filter(codec: Codec) -> &'static str {
    match codec {
        // Without temporal delimiters.
        Codec::Av1 => "filter_units=remove_types=2",
        _ => "null",
    }
}

/// The units of a stream of H.264 but its parameter sets.
fn pictures(stream: &[u8]) -> Vec<&[u8]> {
    let mut units = probe::units(stream);
    units.retain(|unit| !matches!(unit[0] & 31, 7 | 8));
    units
}

/// What another program says of a track is what was read of it. `unit` is how finely the file keeps times, in nanoseconds.
#[track_caller]
fn agree(name: &str, path: &Path, read: &Read, track: usize) {
    let expected: Vec<_> = probe::packets_of(path, track);
    let of = &read.tracks[track];
    let contents = read.contents(track);
    assert_eq!(contents.len(), expected.len(), "{name} {track}: how many frames");
    if of.codec == Codec::H264 {
        let theirs = probe::stream(path);
        let ours: Vec<u8> = read.of(track).flat_map(|frame| frame.data.to_vec()).collect();
        // Where in a keyframe parameter sets are put that stood at the head of the file is not the same; that they are
        // there shows when it is decoded.
        assert_eq!(pictures(&ours), pictures(&theirs), "{name} {track}");
    } else {
        let copied = probe::copied(path, &track.to_string(), filter(of.codec));
        for (at, (ours, theirs)) in contents.iter().zip(&copied).enumerate() {
            assert_eq!(ours, theirs, "{name} {track}: frame {at}");
        }
    }
    // A stream of H.264 has no times; ffprobe counts in the order of decoding and has its own idea of the rate.
    if Path::new(name).extension().is_some_and(|ending| ending == "h264") {
        let moments = read.moments(track);
        for (at, (since, _)) in (0..).zip(&moments) {
            let due = f64::from(at) / RATE;
            let came = Duration::from_nanos((*since).try_into().unwrap()).as_secs_f64();
            assert!((came - due).abs() < 1e-5, "{name}: frame {at} at {since} ns");
        }
        return;
    }
    let first = expected[0].pts_ns;
    for (at, (ours, theirs)) in read.moments(track).iter().zip(&expected).enumerate() {
        // ffmpeg cuts the lead-in off the first packet of sound, whose time we count as long as the others'; and it counts
        // sound in whole milliseconds where the file does.
        let most = if of.kind == Kind::Audio { 7_000_000 } else { 1000 };
        assert!(
            (ours.0 - (theirs.pts_ns - first)).abs() <= most,
            "{name} {track}: frame {at} at {} ns: {theirs:?}",
            ours.0
        );
        assert!(ours.1 == (theirs.keyframe || of.kind == Kind::Audio), "{name} {track}: frame {at}: {theirs:?}");
    }
}

#[test]
fn every_sample_is_read_as_ffprobe_reads_it() {
    for name in names().filter(|name| !UNFIT.contains(name)) {
        let path = sample(name);
        let streams = probe::streams(&path);
        let read = read(&path);
        assert_eq!(read.tracks.len(), streams.len(), "{name}");
        for (track, (ours, theirs)) in read.tracks.iter().zip(&streams).enumerate() {
            assert_eq!((ours.kind.name(), ours.codec.name()), (&*theirs.kind, &*theirs.codec), "{name}");
            assert_eq!(ours.flaw, None, "{name}");
            match ours.kind {
                Kind::Video => assert_eq!((ours.size.0.into(), ours.size.1.into()), theirs.size, "{name}"),
                Kind::Audio => assert_eq!(u64::from(ours.channels), theirs.channels, "{name}"),
            }
            agree(name, &path, &read, track);
        }
    }
}

#[test]
fn what_cannot_be_sent_says_why() {
    for name in UNFIT {
        let tracks = read(&sample(name)).tracks;
        let unfit = |track: &&Track| track.codec == Codec::Other || track.flaw.is_some();
        let track = tracks.iter().find(unfit).unwrap_or_else(|| panic!("{name}: {tracks:?}"));
        if name.contains("aac") || name.contains("vorbis") {
            assert_eq!((track.kind, track.codec), (Kind::Audio, Codec::Other), "{name}");
            assert!(!track.named.is_empty(), "{name}");
        }
        if name.contains("bframes") {
            assert_eq!(track.codec, Codec::H264, "{name}");
        }
        // What stands beside it can go.
        assert_eq!(tracks.iter().filter(unfit).count(), 1, "{name}: {tracks:?}");
    }
}

#[test]
fn every_file_that_is_written_is_read_without_a_word() {
    let folder = scratch("media_containers");
    let short = |name: &&str| !UNFIT.contains(name) && !name.contains("720p") && !name.contains("1mbit");
    let left = Mutex::new(names().filter(short));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some(name) = left.lock().unwrap().next() else { break };
                    written(name, &folder);
                }
            });
        }
    });
}

/// Writes a sample into every format that can hold it.
fn written(name: &str, folder: &Path) {
    let whole = read(&sample(name));
    let pictures = whole.tracks.iter().any(|track| track.kind == Kind::Video);
    let decoded = if pictures { probe::decoded(&sample(name), "v") } else { Vec::new() };
    for ending in ["ivf", "ogg", "h264", "webm", "mkv", "mp4"] {
        let made = format!("{name}.{ending}");
        let path = folder.join(&made);
        if format(&path, &whole.tracks).is_err() {
            continue;
        }
        let mut mux = create(&path, &whole.tracks).unwrap();
        for frame in &whole.frames {
            mux.write(frame).unwrap_or_else(|error| panic!("{made}: {error}"));
        }
        mux.finish().unwrap();
        drop(mux);
        probe::without_a_word(&path);
        let again = read(&path);
        assert_eq!(again.tracks.len(), whole.tracks.len(), "{made}");
        for track in 0..whole.tracks.len() {
            assert_eq!(again.tracks[track].codec, whole.tracks[track].codec, "{made}");
            assert!(again.contents(track) == whole.contents(track), "{made}");
            agree(&made, &path, &again, track);
            if ending != "h264" {
                same_moments(&made, &again, &whole, track);
            }
        }
        if pictures {
            // What an edit list leaves out at the start is there, as the rest cannot be decoded without it.
            let now = probe::decoded(&path, "v");
            assert!(now == decoded || (name.contains("edited") && now.ends_with(&decoded)), "{made}");
        }
    }
}

/// Tracks begin at the moments that they had to each other, and their frames, as finely as milliseconds tell.
#[track_caller]
fn same_moments(made: &str, again: &Read, whole: &Read, track: usize) {
    let start = |read: &Read, track: usize| read.of(track).next().unwrap().pts.as_secs_f64();
    let apart = |read: &Read| start(read, track) - start(read, 0);
    assert!((apart(again) - apart(whole)).abs() < 0.002, "{made}: {} and {}", apart(again), apart(whole));
    for (at, (now, then)) in again.moments(track).iter().zip(whole.moments(track)).enumerate() {
        assert!((now.0 - then.0).abs() <= 1_000_000, "{made}: frame {at} at {} for {} ns", now.0, then.0);
        assert_eq!(now.1, then.1, "{made}: frame {at}");
    }
}

/// What is written is complete up to each flush, as after a process that was killed.
#[test]
fn a_file_that_was_never_finished_plays_to_its_last_flush() {
    let folder = scratch("media_unfinished");
    for (name, ending) in [
        ("vp8.ivf", "ivf"),
        ("opus.ogg", "ogg"),
        ("h264.h264", "h264"),
        ("vp8_opus.webm", "webm"),
        ("h264_opus.mkv", "mkv"),
        ("h264_opus.mp4", "mp4"),
    ] {
        let whole = read(&sample(name));
        let path = folder.join(format!("cut.{ending}"));
        let mut mux = create(&path, &whole.tracks).unwrap();
        let half = whole.frames.len() / 2;
        for frame in &whole.frames[..half] {
            mux.write(frame).unwrap();
        }
        mux.flush().unwrap();
        // Neither finished nor dropped, as dropping could do what killing does not.
        let kept = folder.join(format!("kept.{ending}"));
        std::fs::copy(&path, &kept).unwrap();
        drop(mux);
        let cut = read(&kept);
        for track in 0..whole.tracks.len() {
            let expected: Vec<&Arc<[u8]>> =
                whole.frames[..half].iter().filter(|frame| frame.track == track).map(|frame| &frame.data).collect();
            let found: Vec<&Arc<[u8]>> = cut.of(track).map(|frame| &frame.data).collect();
            // A fragment may end a frame earlier, as the last one's duration is not known before the next.
            let missing = expected.len() - found.len().min(expected.len());
            assert!(
                missing <= 1 && found == expected[..found.len()],
                "{name} {track}: {} of {}",
                found.len(),
                expected.len()
            );
        }
    }
}
