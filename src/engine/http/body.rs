//! Request bodies, and the source of bytes that an exchange reads them from.

use std::sync::Arc;

use crate::{error::Result, value::Reader};

/// What goes out after the head.
#[derive(Clone, Debug, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// Bytes in memory.
    Bytes(Arc<[u8]>),
    /// The host's reader, sized when `Some`.
    Reader(Arc<dyn Reader>, Option<u64>),
    /// A multipart form, streamed part by part.
    Multipart(Arc<super::multipart::Multipart>),
}

/// A stream of body bytes for one sending.
pub trait Source: Send {
    /// Fills the front of `buffer`; 0 is the end.
    ///
    /// # Errors
    /// `provider` when the host aborts, `io` when a file cannot be read.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize>;

    /// Goes back to the start, for sending again; false when it cannot.
    fn rewind(&mut self) -> bool;
}
