//! The readers of media files, and what reads encoded frames, fed with files that were spoilt at random: no panic, no end
//! that never comes, no memory beyond what a file may take. Spoiling is decided by a number alone, so what was found is made
//! again with that number.
//!
//! Each test runs for a second or two, or for `HAFT_FUZZ_SECONDS`; `scripts/fuzz-media MINUTES` runs them for long.
//! `HAFT_FUZZ_NUMBER` begins with that number. What fails is kept in `target/media-fuzz`.
#![cfg(feature = "media")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "a test stops at what must not be"
)]

#[path = "media_fuzz/drive.rs"]
mod drive;
#[path = "media/memory.rs"]
mod memory;
#[path = "media_fuzz/mutate.rs"]
mod mutate;
#[path = "media_fuzz/seeds.rs"]
mod seeds;

use drive::{container, heads, run};

#[test]
fn ivf() {
    run("ivf", &seeds::of(&["vp8.ivf", "vp9.ivf", "av1.ivf"]), container);
}

#[test]
fn ogg() {
    run("ogg", &seeds::of(&["stereo.ogg", "mono60.ogg", "chained.ogg", "theora.ogg"]), container);
}

#[test]
fn h264_stream() {
    run("annexb", &seeds::of(&["plain.h264", "slices.h264", "b.h264"]), container);
}

#[test]
fn matroska() {
    run("matroska", &seeds::of(&["vp8.webm", "live.webm", "av1.webm", "h264.mkv", "aac.mkv"]), container);
}

#[test]
fn mp4() {
    run("mp4", &seeds::of(&["h264.mp4", "fragments.mp4", "fast.mp4", "av1.mp4", "b.mp4", "aac.mp4"]), container);
}

#[test]
fn frames() {
    run("frames", &seeds::frames(), heads);
}
