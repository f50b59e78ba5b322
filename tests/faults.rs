//! Faults of the wire, through the C interface: what is told, in which time, and what is left behind.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::type_complexity,
    clippy::too_many_lines,
    clippy::disallowed_methods,
    reason = "a test stops at what must not be, and prints what it measured"
)]

#[path = "faults/ending.rs"]
mod ending;
#[path = "faults/frames.rs"]
mod frames;
#[path = "faults/player.rs"]
mod player;
#[path = "faults/reaching.rs"]
mod reaching;
#[path = "faults/trying.rs"]
mod trying;
#[path = "faults/wire.rs"]
mod wire;
