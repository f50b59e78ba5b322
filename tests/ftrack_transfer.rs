//! Bytes to and from the ftrack server: uploads in one part and many, downloads that go on, thumbnails, encoding; what
//! goes wrong on the way, and what is left behind. What goes over the wire is compared with the official client.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    dead_code,
    reason = "a test stops at what must not be"
)]

#[path = "ftrack_transfer/accessor.rs"]
mod accessor;
#[path = "ftrack_svc/bed.rs"]
mod bed;
#[path = "ftrack_transfer/cancelling.rs"]
mod cancelling;
#[path = "ftrack_transfer/downloading.rs"]
mod downloading;
#[path = "ftrack_transfer/python.rs"]
mod python;
#[path = "ftrack_transfer/ranges.rs"]
mod ranges;
#[path = "ftrack_transfer/sending.rs"]
mod sending;
#[path = "ftrack_transfer/store.rs"]
mod store;
#[path = "ftrack_transfer/trying.rs"]
mod trying;
