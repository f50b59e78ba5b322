//! Faults of Mesh sessions, each ten times: what is told, what is in the workspace afterwards, and that no descriptor,
//! thread or memory is left.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, dead_code, reason = "a test stops at what must not be")]

#[path = "mesh_faults/answers.rs"]
mod answers;
#[path = "mesh_life/bed.rs"]
mod bed;
#[path = "mesh_faults/cancelling.rs"]
mod cancelling;
#[path = "mesh_faults/changing.rs"]
mod changing;
#[path = "mesh_faults/damage.rs"]
mod damage;
#[path = "ftrack_faults/guard.rs"]
mod guard;
#[cfg(debug_assertions)]
#[path = "mesh_faults/living.rs"]
mod living;
#[path = "mesh_faults/opening.rs"]
mod opening;
#[path = "mesh_life/peer.rs"]
mod peer;
#[path = "mesh_faults/points.rs"]
mod points;
#[path = "mesh_faults/sand.rs"]
mod sand;
#[path = "mesh_faults/wire.rs"]
mod wire;
