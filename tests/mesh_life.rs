//! Mesh sessions from their opening to their end (spec/mesh.md 2, 3, 6).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at what must not be"
)]

#[path = "mesh_life/bed.rs"]
#[allow(dead_code, reason = "shared")]
mod bed;
#[path = "mesh_life/committing.rs"]
mod committing;
#[path = "mesh_life/ending.rs"]
mod ending;
#[path = "mesh_life/keys.rs"]
mod keys;
#[path = "mesh_life/login.rs"]
mod login;
#[path = "mesh_life/opening.rs"]
mod opening;
#[path = "mesh_life/peer.rs"]
#[allow(dead_code, reason = "shared")]
mod peer;
#[path = "mesh_life/secure.rs"]
mod secure;
#[path = "mesh_life/time.rs"]
mod time;
