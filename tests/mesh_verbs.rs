//! Mesh's verbs against the sandbox.
#[path = "mesh_verbs/bed.rs"]
mod bed;
