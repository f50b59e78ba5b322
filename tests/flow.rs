//! Submitted calls that need the host: they overlap, nothing of the host holds the reactor up, and each of them ends
//! at once when the host wants it to.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at what must not be")]

#[path = "http_session/bed.rs"]
#[allow(dead_code, reason = "each program uses its part")]
mod bed;
#[path = "flow/ending.rs"]
mod ending;
#[path = "flow/overlap.rs"]
mod overlap;
#[path = "flow/peer.rs"]
mod peer;
#[path = "flow/speed.rs"]
mod speed;
