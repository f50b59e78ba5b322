//! Byte streams of H.264 against ffmpeg.

use std::time::Duration;

use haft::engine::media::{
    Codec,
    codec::h264::{self, kind},
    container::open,
};

use super::{
    kit::{Folder, read, read_bytes, refusal, write},
    media::{probe, samples},
};

#[test]
fn access_units_are_the_packets_of_ffprobe() {
    for name in ["h264.h264", "h264_slices.h264"] {
        let path = samples::sample(name);
        let (tracks, frames) = read(&path);
        assert_eq!((tracks[0].codec, tracks[0].size, &tracks[0].flaw), (Codec::H264, (320, 240), &None), "{name}");
        let packets = probe::packets(&path);
        assert!(frames.iter().map(|frame| frame.keyframe).eq(packets.iter().map(|packet| packet.keyframe)), "{name}");
        // Start codes may have three bytes or four: the NAL units count.
        let whole = samples::bytes(name);
        let ours = frames.iter().flat_map(|frame| h264::units(&frame.data).map(<[u8]>::to_vec));
        assert!(ours.eq(h264::units(&whole).map(<[u8]>::to_vec)), "{name}");
        let mut at = 0;
        for (number, (frame, packet)) in frames.iter().zip(&packets).enumerate() {
            let theirs: Vec<&[u8]> = h264::units(&whole[at..at + packet.size]).collect();
            assert!(h264::units(&frame.data).eq(theirs), "{name}: access unit {number}");
            at += packet.size;
            // 30 pictures in a second, as the parameter sets say.
            assert_eq!(frame.pts.as_nanos(), number as u128 * 1_000_000_000 / 30);
        }
        assert_eq!(at, whole.len());
    }
}

#[test]
fn what_is_written_is_what_was_read() {
    let folder = Folder::new();
    for name in ["h264.h264", "h264_slices.h264"] {
        let path = samples::sample(name);
        let (tracks, frames) = read(&path);
        let written = folder.path(name);
        write(&written, &tracks, &frames);
        probe::without_a_word(&written);
        assert_eq!(probe::packets(&written).len(), 150);
        assert_eq!(probe::decoded(&written, "v"), probe::decoded(&path, "v"), "{name}");
        assert_eq!(read(&written).1, frames, "{name}");
    }
}

#[test]
fn b_frames_are_a_flaw() {
    let (tracks, _) = read(&samples::sample("h264_bframes.h264"));
    assert!(tracks[0].flaw.as_ref().unwrap().contains("B-frames"));
}

#[test]
fn b_frames_that_come_late_are_an_error() {
    let late = [samples::bytes("h264.h264"), samples::bytes("h264_bframes.h264")].concat();
    let error = read_bytes(&late).unwrap_err();
    assert_eq!(error.code(), "media_codec");
    assert!(error.message().contains("B-frames") && error.message().contains("picture 15"), "{error}");
}

#[test]
fn a_caller_knows_better_how_fast_it_is() {
    let path = samples::sample("h264.h264");
    let second = |rate| {
        let mut file = open(&path, rate).unwrap();
        file.next().unwrap();
        file.next().unwrap().unwrap().pts
    };
    assert_eq!(second(Some(50.0)), Duration::from_millis(20));
    assert_eq!(second(Some(12.5)), Duration::from_millis(80));
    assert_eq!(second(Some(f64::NAN)), Duration::from_millis(40));
    assert_eq!(second(Some(0.0)), Duration::from_millis(40));
    assert_eq!(second(None), Duration::from_nanos(33_333_333));
}

#[test]
fn later_keyframes_get_the_parameter_sets_that_they_lack() {
    let mut bytes = Vec::new();
    let mut sets = 0;
    for unit in h264::units(&samples::bytes("h264.h264")) {
        let set = matches!(h264::kind_of(unit), kind::SEQUENCE | kind::PICTURE);
        sets += u32::from(set);
        if !set || sets <= 2 {
            h264::put(&mut bytes, unit);
        }
    }
    let (_, frames) = read_bytes(&bytes).unwrap();
    let keyframes: Vec<_> = frames.iter().filter(|frame| frame.keyframe).collect();
    assert_eq!(keyframes.len(), 5);
    for frame in keyframes {
        assert_eq!(h264::head(&frame.data).size, Some((320, 240)));
        assert!(h264::Configuration::of(&frame.data).is_some());
    }
}

#[test]
fn streams_of_something_else_are_told() {
    let bytes = samples::bytes("h264.h264");
    let mut sets = Vec::new();
    let mut slices = Vec::new();
    for unit in h264::units(&bytes) {
        h264::put(if matches!(h264::kind_of(unit), 1 | 5) { &mut slices } else { &mut sets }, unit);
    }
    assert!(refusal(&slices).contains("no parameter sets"));
    assert!(refusal(&sets).contains("no picture"));
    assert!(refusal(&[0, 0, 0, 1, 0x40, 0x01, 0x0c, 0x01]).contains("H.265"));
    assert!(refusal(&[0, 0, 1, 0xb3, 0x14, 0, 0xf0]).contains("MPEG"));
    // Cut off anywhere, what is whole is there; the last access unit may be a part of one.
    for cut in [bytes.len() / 2, bytes.len() - 1, 20_000] {
        let (_, frames) = read_bytes(&bytes[..cut]).unwrap();
        assert!(!frames.is_empty());
    }
}
