//! WebRTC connections: with each other over loopback, through a relay that does harm, and with the real Janus.
#![cfg(feature = "media")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at what must not be"
)]

#[path = "media_peer/bed.rs"]
mod bed;
#[path = "media_peer/channels.rs"]
mod channels;
#[path = "media_peer/faults.rs"]
mod faults;
#[path = "media_peer/losses.rs"]
mod losses;
#[path = "media_peer/outside.rs"]
mod outside;
#[path = "media_peer/pair.rs"]
mod pair;
#[path = "media_peer/relay.rs"]
mod relay;
#[path = "media_peer/room.rs"]
mod room;
#[path = "media_peer/samples.rs"]
mod samples;
#[path = "media_peer/server.rs"]
mod server;
#[path = "janus_talk/bed.rs"]
#[allow(dead_code, reason = "shared")]
mod talk;
#[path = "media_peer/terms.rs"]
mod terms;
