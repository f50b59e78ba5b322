//! The verbs of Janus media against the real server: what each plugin is asked for, what comes of it, and what is refused
//! before anything is sent.

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

#[path = "janus_media/bed.rs"]
mod bed;
#[path = "janus_media/ends.rs"]
mod ends;
#[path = "janus_media/files.rs"]
mod files;
#[path = "janus_media/live.rs"]
mod live;
#[path = "janus_media/refusals.rs"]
mod refusals;
#[path = "janus_media/texts.rs"]
mod texts;
#[path = "janus_media/calls.rs"]
mod calls;
#[path = "janus_media/rooms.rs"]
mod rooms;
#[path = "janus_media/streams.rs"]
mod streams;
#[allow(dead_code, reason = "shared")]
#[path = "janus/mod.rs"]
mod janus;
#[allow(dead_code, reason = "shared")]
#[path = "media_peer/relay.rs"]
mod datagrams;
#[path = "janus_media/numbers.rs"]
mod numbers;
#[path = "janus_media/losing.rs"]
mod losing;
#[path = "janus_media/ways.rs"]
mod ways;
