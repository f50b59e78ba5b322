//! Things of the host that travel inside arguments: byte sources and answerers.

use std::{fmt, sync::Arc};

use crate::{
    args::Args,
    error::{Result, Status},
    value::{Pipe, Tree},
};

/// A source of bytes that the host implements.
pub trait Reader: Send + Sync {
    /// The number of bytes from the start to the end, when the host knows it.
    fn size(&self) -> Option<u64>;

    /// Fills the front of `buffer`; 0 is the end.
    ///
    /// # Errors
    /// `provider` when the host aborts.
    fn read(&self, buffer: &mut [u8]) -> Result<usize>;

    /// Goes back to the start; false when the host cannot.
    fn rewind(&self) -> bool;

    /// The pipe that its bytes come out of, when it is the library's own: then nobody has to wait in `read`.
    fn pipe(&self) -> Option<Arc<Pipe>> {
        None
    }
}

/// The host's answer to a question of the library.
pub trait Provider: Send + Sync {
    /// Asks. `call` is `{"provider", "method", "arguments"}`; the answer goes into `reply`. `Status::NotFound` means
    /// absent; any other failure is the host's, with its text under `message`.
    fn call(&self, call: Tree, reply: &mut Args) -> Status;
}

impl fmt::Debug for dyn Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

impl fmt::Debug for dyn Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider")
    }
}
