//! The samples of the media tests are what they are said to be.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at what must not be"
)]

#[allow(dead_code, reason = "shared")]
mod media;

use media::{
    probe::{copied, decoded, packets, packets_of, streams, without_a_word},
    samples::{names, sample},
};

#[test]
fn every_recipe_makes_a_file_that_is_read_without_a_word() {
    for name in names() {
        let path = sample(name);
        assert!(!streams(&path).is_empty(), "{name}");
        without_a_word(&path);
    }
}

#[test]
fn pictures_and_sound_are_as_long_as_said() {
    for (name, frames) in [("vp8.ivf", 150), ("vp9.ivf", 150), ("av1.ivf", 150), ("h264.h264", 150), ("h264.mp4", 150)]
    {
        let packets = packets(&sample(name));
        assert_eq!(packets.len(), frames, "{name}");
        let keyframes: Vec<usize> = (0..frames).filter(|at| packets[*at].keyframe).collect();
        assert_eq!(keyframes, [0, 30, 60, 90, 120], "{name}");
    }
    for (name, track) in [("vp8_opus.webm", 1), ("h264_opus.mp4", 1), ("opus.ogg", 0)] {
        assert_eq!(packets_of(&sample(name), track).len(), 251, "{name}");
    }
    // The lead-in of the sound, 6.5 ms, comes before.
    let video = packets_of(&sample("vp8_720p_opus.webm"), 0);
    assert_eq!((video.len(), video[899].pts_ns), (900, 29_974_000_000));
}

#[test]
fn a_container_changes_no_frame() {
    let hashes = |name: &str, track| -> Vec<String> {
        packets_of(&sample(name), track).into_iter().map(|packet| packet.sha256).collect()
    };
    for (codec, names) in [
        ("vp8.ivf", &["vp8.webm", "vp8_opus.webm", "vp8_opus.mkv", "vp8_opus_live.webm"][..]),
        ("vp9.ivf", &["vp9.webm", "vp9_opus.webm", "vp9_opus.mp4"]),
        ("h264.mp4", &["h264_opus.mp4", "h264_opus.mkv", "h264_opus_fragmented.mp4", "h264_aac.mkv"]),
    ] {
        for name in names {
            assert_eq!(hashes(name, 0), hashes(codec, 0), "{name}");
        }
    }
    for name in ["vp8_opus.webm", "h264_opus.mp4", "h264_opus.mkv"] {
        assert_eq!(hashes(name, 1), hashes("opus.ogg", 0), "{name}");
    }
    let access_units = copied(&sample("h264.h264"), "v", "h264_mp4toannexb");
    for name in ["h264.mp4", "h264_opus.mkv", "h264_opus_faststart.mp4"] {
        assert_eq!(copied(&sample(name), "v", "h264_mp4toannexb"), access_units, "{name}");
    }
}

#[test]
fn what_is_decoded_is_the_same_in_every_container() {
    let pictures = decoded(&sample("vp8.ivf"), "v");
    assert_eq!(pictures.len(), 150);
    assert_eq!(decoded(&sample("vp8_opus.webm"), "v"), pictures);
    // Frames that are not shown are packets and no pictures.
    let hidden = sample("vp8_altref.ivf");
    assert!(packets(&hidden).len() > 150);
    assert_eq!(decoded(&hidden, "v").len(), 150);
}

#[test]
fn some_asks_at_once_make_a_sample_once() {
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..4).map(|_| scope.spawn(|| sample("vp8_one.ivf"))).collect();
        for ask in asked {
            assert_eq!(packets(&ask.join().unwrap()).len(), 1);
        }
    });
}
