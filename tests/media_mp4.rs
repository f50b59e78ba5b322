//! MP4 files of ffmpeg read here, and files of ours read by ffmpeg: the same packets, times and pictures on both sides.

#![cfg(feature = "media")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    clippy::trivially_copy_pass_by_ref,
    reason = "a test stops at what must not be"
)]

#[path = "media_mp4/files.rs"]
mod files;
#[path = "media_mp4/lies.rs"]
mod lies;
#[allow(dead_code, reason = "shared")]
mod media;
#[path = "media/memory.rs"]
mod memory;
#[path = "media_mp4/reading.rs"]
mod reading;
#[path = "media_mp4/writing.rs"]
mod writing;
