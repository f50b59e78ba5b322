//! Media files: what ffprobe says of them is what is read; what is written is read by ffprobe without a word and has the same
//! packets at the same times; what is no media file is said to be none.
#![cfg(feature = "media")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test stops at what must not be"
)]

#[path = "media_files/h264.rs"]
mod h264;
#[path = "media_files/ivf.rs"]
mod ivf;
#[path = "media_files/kit.rs"]
mod kit;
#[allow(dead_code, reason = "shared")]
mod media;
#[path = "media_files/names.rs"]
mod names;
#[path = "media_files/ogg.rs"]
mod ogg;
#[path = "media_files/strange.rs"]
mod strange;
