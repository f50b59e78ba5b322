//! IVF against ffmpeg, and heads that lie.

use std::time::Duration;

use haft::engine::media::{Codec, Kind, container::open};

use super::{
    kit::{Folder, probed, read, read_bytes, refusal, same, told, write},
    media::{probe, samples},
};

const NAMES: [(&str, Codec); 5] = [
    ("vp8.ivf", Codec::Vp8),
    ("vp9.ivf", Codec::Vp9),
    ("vp8_altref.ivf", Codec::Vp8),
    ("vp9_altref.ivf", Codec::Vp9),
    ("vp8_one.ivf", Codec::Vp8),
];

#[test]
fn frames_are_the_packets_of_ffprobe() {
    for (name, codec) in NAMES {
        let path = samples::sample(name);
        let (tracks, frames) = read(&path);
        assert_eq!((tracks[0].kind, tracks[0].codec, tracks[0].size), (Kind::Video, codec, (320, 240)), "{name}");
        same(name, &told(&frames), &probed(&path), 1);
    }
}

#[test]
fn av1_comes_without_temporal_delimiters() {
    let path = samples::sample("av1.ivf");
    let (tracks, frames) = read(&path);
    assert_eq!((tracks[0].codec, tracks[0].size), (Codec::Av1, (320, 240)));
    let bare = probe::copied(&path, "v", "av1_metadata=td=remove");
    let ours: Vec<(String, usize)> = told(&frames).into_iter().map(|(_, size, _, hash)| (hash, size)).collect();
    assert_eq!(ours, bare);
    let keyframes = frames.iter().map(|frame| frame.keyframe);
    assert!(keyframes.eq(probe::packets(&path).iter().map(|packet| packet.keyframe)));
}

#[test]
fn what_is_written_is_what_was_read() {
    let folder = Folder::new();
    for (name, _) in NAMES.into_iter().chain([("av1.ivf", Codec::Av1)]) {
        let path = samples::sample(name);
        let (tracks, frames) = read(&path);
        let written = folder.path(name);
        write(&written, &tracks, &frames);
        probe::without_a_word(&written);
        same(name, &probed(&written), &probed(&path), 6_000);
        assert_eq!(probe::decoded(&written, "v"), probe::decoded(&path, "v"), "{name}");
        if frames.len() > 1 {
            let durations = (probe::duration(&written), probe::duration(&path));
            assert!((durations.0 - durations.1).abs() < 0.001, "{name}: {durations:?}");
        }
        let (again, _) = read(&written);
        assert_eq!(again[0].size, (320, 240));
    }
}

#[test]
fn times_count_from_the_first_frame_and_are_exact() {
    let mut bytes = samples::bytes("vp8_small.ivf");
    let set = |bytes: &mut Vec<u8>, at: usize, value: u32| bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    // 30000/1001 frames in a second, and the clock began at an hour.
    set(&mut bytes, 16, 30_000);
    set(&mut bytes, 20, 1_001);
    let mut at = 32;
    for number in 0..60u32 {
        set(&mut bytes, at + 4, 107_892 + number);
        at += 12 + u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    }
    let (_, frames) = read_bytes(&bytes).unwrap();
    assert_eq!(frames[0].pts, Duration::ZERO);
    assert_eq!(frames[30].pts, Duration::from_millis(1_001));
    assert_eq!(frames[59].pts.as_nanos(), 59 * 1_001_000_000_000 / 30_000);
}

#[test]
fn a_length_that_counts_frames_is_not_taken_for_a_time() {
    let folder = Folder::new();
    let path = samples::sample("vp8.ivf");
    assert_eq!(open(&path, None).unwrap().duration(), Some(Duration::from_secs(5)));
    // As libvpx and Chromium write it: a clock of 90 kHz, and how many frames there are.
    let mut bytes = samples::bytes("vp8.ivf");
    bytes[16..20].copy_from_slice(&90_000u32.to_le_bytes());
    bytes[20..28].copy_from_slice(&[1, 0, 0, 0, 150, 0, 0, 0]);
    let counted = folder.put("counted.ivf", &bytes);
    assert_eq!(open(&counted, None).unwrap().duration(), None);
    let none = folder.put("none.ivf", &[&bytes[..24], &[0; 8], &bytes[32..]].concat());
    assert_eq!(open(&none, None).unwrap().duration(), None);
}

#[test]
fn heads_that_lie_are_told() {
    let bytes = samples::bytes("vp8_one.ivf");
    assert!(refusal(&bytes[..31]).contains("31 of 32 bytes"));
    let changed = |at: usize, value: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + value.len()].copy_from_slice(value);
        bytes
    };
    assert!(refusal(&changed(16, &[0; 4])).contains("time base"));
    assert!(refusal(&changed(20, &[0; 4])).contains("time base"));
    let message = refusal(&changed(32, &[0xff; 4]));
    assert!(message.contains("byte 32") && message.contains("4294967295"), "{message}");
    let (tracks, _) = read_bytes(&changed(8, b"H264")).unwrap();
    assert_eq!((tracks[0].codec, &*tracks[0].named), (Codec::Other, "H264"));
    // A frame that is cut off is left out; one without bytes is none.
    for cut in [bytes.len() - 1, 44, 43, 33] {
        assert_eq!(read_bytes(&bytes[..cut]).unwrap().1, [], "{cut}");
    }
    let empty = [&bytes[..32], &[0; 12], &bytes[32..]].concat();
    assert_eq!(read_bytes(&empty).unwrap().1.len(), 1);
    assert_eq!(read_bytes(&bytes[..32]).unwrap().1, []);
}

#[test]
fn a_recording_that_is_cut_off_plays_to_there() {
    let folder = Folder::new();
    let (tracks, frames) = read(&samples::sample("vp8.ivf"));
    let path = folder.path("cut.ivf");
    let mut file = haft::engine::media::container::create(&path, &tracks).unwrap();
    frames[..100].iter().for_each(|frame| file.write(frame).unwrap());
    file.flush().unwrap();
    // Killed here.
    std::mem::forget(file);
    let (_, found) = read(&path);
    assert_eq!(found.len(), 100);
    probe::without_a_word(&path);
    assert_eq!(probe::packets(&path).len(), 100);
}
