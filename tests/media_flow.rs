//! Real files through players and recorders, with ffmpeg's word on what comes out.
#![cfg(all(debug_assertions, feature = "media"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at what must not be"
)]

#[allow(dead_code, reason = "shared")]
mod media;

#[path = "media_flow/bed.rs"]
#[allow(dead_code, reason = "shared")]
mod bed;
#[path = "media_flow/fitting.rs"]
mod fitting;
#[path = "media_flow/passing.rs"]
mod passing;
#[path = "media_flow/together.rs"]
mod together;
