//! Watching a descriptor with the reactor.

use std::{io, os::fd::OwnedFd, sync::Arc};

use tokio::io::unix::AsyncFd;

/// A descriptor with its place in the reactor. It holds the descriptor: nobody else can close it meanwhile.
pub type Watched = AsyncFd<Arc<OwnedFd>>;

/// Has the reactor watch a descriptor; to be called on the reactor.
///
/// # Errors
/// The system's.
pub fn watch(descriptor: Arc<OwnedFd>) -> io::Result<Watched> {
    // SAFETY: the descriptor stays open and the same as long as the `Arc` lives, which the result owns and never
    // replaces.
    unsafe { AsyncFd::register(descriptor) }.map_err(io::Error::from)
}
