//! The Janus back end against the real server, over WebSocket (spec/janus.md 1.2, 2).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at what must not be"
)]

#[path = "janus_talk/bed.rs"]
#[allow(dead_code, reason = "shared")]
mod bed;
#[path = "janus_talk/crowd.rs"]
mod crowd;
#[path = "janus_talk/ending.rs"]
mod ending;
#[path = "janus_talk/events.rs"]
mod events;
#[path = "janus/mod.rs"]
#[allow(dead_code, reason = "shared")]
mod janus;
#[path = "janus_talk/losing.rs"]
mod losing;
#[path = "janus_talk/odd.rs"]
mod odd;
#[path = "janus_talk/opening.rs"]
mod opening;
#[path = "janus_talk/peer.rs"]
#[allow(dead_code, reason = "shared")]
mod peer;
#[path = "janus_talk/refusals.rs"]
mod refusals;
#[path = "janus_talk/requests.rs"]
mod requests;
