//! The networks that media goes over: IPv6, candidates that come later, STUN servers and what is in their place, a NAT, addresses
//! that come and go, ways that lose, double, delay and turn round what they carry.

#![cfg(feature = "media")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    dead_code,
    reason = "a test stops at what must not be"
)]

#[path = "janus_media_net/addresses.rs"]
mod addresses;
#[path = "janus_media/bed.rs"]
mod bed;
#[path = "janus_media_faults/course.rs"]
mod course;
#[path = "janus_media_net/echo.rs"]
mod echo;
#[path = "janus_media_net/land.rs"]
mod land;
#[path = "janus_media_net/losses.rs"]
mod losses;
mod media;
#[path = "janus_media_net/nat.rs"]
mod nat;
#[path = "janus_media_net/outside.rs"]
mod outside;
#[path = "janus_media_faults/signals.rs"]
mod signals;
#[path = "janus_media_net/six.rs"]
mod six;
#[path = "janus_media_net/trickling.rs"]
mod trickling;
#[path = "media_peer/relay.rs"]
mod udp;
