//! Mesh's verbs against the sandbox: what is sent, what comes back, what is refused. That the requests are the official
//! client's is held by `mesh_twin`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    dead_code,
    reason = "a test stops at what must not be"
)]

#[path = "mesh_verbs/bed.rs"]
mod bed;
#[path = "mesh_verbs/committing.rs"]
mod committing;
#[path = "mesh_verbs/doubt.rs"]
mod doubt;
#[path = "mesh_verbs/lacking.rs"]
mod lacking;
#[path = "mesh_verbs/raw.rs"]
mod raw;
#[path = "mesh_verbs/reading.rs"]
mod reading;
#[path = "mesh_verbs/refusing.rs"]
mod refusing;
#[path = "mesh_verbs/relative.rs"]
mod relative;
#[path = "mesh_verbs/rest.rs"]
mod rest;
