//! An HTTP session as a whole, against a sandbox: what each option does, what is staged, what the host's own code may
//! do, what is saved, and what the session shows of itself.

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
