//! Components, locations, accessors and structures (spec/ftrack.md 9) against the sandbox's server.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, dead_code, reason = "a test stops at what must not be")]

#[path = "ftrack_files/bed.rs"]
mod bed;
#[path = "ftrack_files/disk.rs"]
mod disk;
#[path = "ftrack_files/faults.rs"]
mod faults;
#[path = "ftrack_files/host.rs"]
mod host;
#[path = "ftrack_files/places.rs"]
mod places;
#[path = "ftrack_files/turns.rs"]
mod turns;
#[path = "ftrack_files/twin.rs"]
mod twin;
