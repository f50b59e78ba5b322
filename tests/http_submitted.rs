//! The cases of `http_session`, with every request submitted: the reactor does as the caller's own thread does.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "a test stops at what must not be"
)]

#[path = "http_session/bed.rs"]
mod bed;
#[path = "http_session/cassette.rs"]
mod cassette;
#[path = "http_session/options.rs"]
mod options;
#[path = "http_session/providers.rs"]
mod providers;
#[path = "http_session/saving.rs"]
mod saving;
#[path = "http_session/snapshots.rs"]
mod snapshots;
#[path = "http_session/staged.rs"]
mod staged;
