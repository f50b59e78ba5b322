//! Bytes to and from the server's own store (spec/ftrack.md 1.1, 9.3, 9.5): uploads in one part or many, downloads that
//! go on where they were cut off, progress and cancel over all of it.
//!
//! | file | what |
//! |---|---|
//! | `storage` | the HTTP session for it, which has no credentials of its own, and its addresses |
//! | `terms` | time-outs and tries of one call |
//! | `pause` | the wait between two tries |
//! | `crew` | the threads of one call |
//! | `tally` | how many bytes have moved, over all parts |
//! | `plan` | how a file is cut into parts |
//! | `file`, `piece` | where the bytes of an upload come from |
//! | `put` | one part on its way |
//! | `store` | all parts of one component |
//! | `upload` | a file becomes a component in the server location |
//! | `landing`, `notes` | where a download goes, and what is known of an unfinished one |
//! | `fetch` | one request for bytes |
//! | `download`, `ranges` | a component becomes a file, in one stretch or several |
//! | `bytes` | the answer to a download |
//!
//! No file is in memory as a whole: each part that is under way has a buffer of [`BLOCK`] bytes.

mod bytes;
mod crew;
mod download;
mod fetch;
mod file;
mod landing;
mod notes;
mod pause;
mod piece;
mod plan;
mod put;
mod ranges;
mod storage;
mod store;
mod tally;
mod terms;
mod upload;

pub use bytes::Bytes;
pub use download::{Brought, Origin, Wanted, download};
pub use fetch::Remote;
pub use plan::{parts, wanted as wanted_parts};
pub use put::refused;
pub use storage::{Order, Place, Storage, address, question, veiled};
pub use store::{Parcel, file_name, store};
pub use terms::Terms;
pub use upload::{Told, upload};

/// How many bytes are read or written at once.
const BLOCK: usize = 128 << 10;

/// The most parts that are under way at a time (spec 9.5).
const AT_ONCE: usize = 6;
