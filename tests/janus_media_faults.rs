//! What goes wrong with media, each fault ten times: files, disks, ways, servers, calls, hosts. What is told and with which
//! outcome, what is in the files, and that no descriptor, thread or memory is left.

#![cfg(feature = "media")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    dead_code,
    reason = "a test stops at what must not be"
)]

#[path = "janus_media/bed.rs"]
mod bed;
#[path = "janus_media_faults/calls.rs"]
mod calls;
#[path = "janus_media_faults/codecs.rs"]
mod codecs;
#[path = "janus_media_faults/course.rs"]
mod course;
#[path = "janus_media_faults/disk.rs"]
mod disk;
#[path = "janus_media_faults/files.rs"]
mod files;
#[path = "ftrack_faults/guard.rs"]
mod guard;
#[path = "janus_media_faults/hosts.rs"]
mod hosts;
#[path = "janus/mod.rs"]
mod janus;
#[path = "janus_media_faults/killed.rs"]
mod killed;
#[path = "janus_media_faults/many.rs"]
mod many;
mod media;
#[path = "janus_media_faults/rooms.rs"]
mod rooms;
#[path = "janus_media_faults/servers.rs"]
mod servers;
#[path = "janus_media_faults/signals.rs"]
mod signals;
#[path = "media_peer/relay.rs"]
mod udp;
#[path = "janus_media_faults/ways.rs"]
mod ways;
