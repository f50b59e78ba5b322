//! The plugins of Janus against the real server: the server is the judge of the tables of fields, every request is made for
//! its success or its documented refusal, and what several clients hear of each other is complete and in order.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at what must not be"
)]

#[path = "janus_plugins/bed.rs"]
mod bed;
#[path = "janus_plugins/bridge.rs"]
mod bridge;
#[path = "janus_plugins/calls.rs"]
mod calls;
#[allow(dead_code, reason = "shared")]
#[path = "janus/mod.rs"]
mod janus;
#[path = "janus_plugins/names.rs"]
mod names;
#[path = "janus_plugins/oracle.rs"]
mod oracle;
#[path = "janus_plugins/rooms.rs"]
mod rooms;
#[path = "janus_plugins/streams.rs"]
mod streams;
#[path = "janus_plugins/telephone.rs"]
mod telephone;
#[path = "janus_plugins/texts.rs"]
mod texts;
#[path = "janus_plugins/ways.rs"]
mod ways;
