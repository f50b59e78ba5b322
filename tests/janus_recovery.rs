//! Janus sessions that are made again, and faults of their connections and servers, each ten times: what is told and in
//! which order, that nothing is sent twice, and that no descriptor, thread or memory is left.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    dead_code,
    reason = "a test stops at what must not be"
)]

#[path = "janus_talk/bed.rs"]
mod bed;
#[path = "janus_recovery/ending.rs"]
mod ending;
#[path = "ftrack_faults/guard.rs"]
mod guard;
#[path = "janus/mod.rs"]
mod janus;
#[path = "janus_recovery/losing.rs"]
mod losing;
#[path = "janus_recovery/opening.rs"]
mod opening;
#[path = "janus_recovery/recreating.rs"]
mod recreating;
#[path = "janus_media_faults/signals.rs"]
mod signals;
#[path = "media_peer/relay.rs"]
mod udp;
#[path = "janus_recovery/vanishing.rs"]
mod vanishing;
#[path = "janus_recovery/waiting.rs"]
mod waiting;
