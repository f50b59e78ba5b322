//! Ogg (RFC 3533) with Opus in it (RFC 7845). Read and written by hand: a reader of files that others wrote has to bear lost
//! pages, lying lengths and chains of streams, in bounded memory.
//!
//! `page` is the framing, `packets` puts packets together out of the pages of one stream, `read` makes frames with times of
//! them, `write` is the way back.

mod packets;
mod page;
mod read;
mod write;

pub use read::Reader;
pub use write::Writer;

/// What a file begins with.
pub const MAGIC: &[u8; 4] = b"OggS";
