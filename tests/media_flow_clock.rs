//! Files played and recorded with the clock in the test's hands: each frame has its moment.
#![cfg(all(debug_assertions, feature = "media"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at what must not be"
)]

#[path = "media_flow/bed.rs"]
#[allow(dead_code, reason = "shared")]
mod bed;
#[path = "media_flow/playing.rs"]
mod playing;
#[path = "media_flow/recording.rs"]
mod recording;
