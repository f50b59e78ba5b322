//! Time series of Mesh sessions against the sandbox's server (spec/mesh.md 4.7, 5.3, 5.6, 6). What points are expected is
//! what the official client read from the same server.

#[path = "mesh_series/bed.rs"]
mod bed;
#[path = "mesh_series/cutting.rs"]
mod cutting;
#[path = "mesh_series/reading.rs"]
mod reading;
#[path = "mesh_series/time.rs"]
mod time;
#[path = "mesh_series/watching.rs"]
mod watching;
#[path = "mesh_series/writing.rs"]
mod writing;
