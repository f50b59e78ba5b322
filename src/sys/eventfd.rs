//! The descriptor of a queue: readable while the queue is not empty.

use std::{
    io,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
};

/// A level that a host's event loop can watch (`eventfd(2)`).
#[derive(Debug)]
pub struct EventFd(OwnedFd);

impl EventFd {
    /// A new descriptor, not readable, closed on exec.
    ///
    /// # Errors
    /// The system's, when descriptors have run out.
    pub fn new() -> io::Result<EventFd> {
        // SAFETY: a plain system call without pointers.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is new and nobody else owns it.
        Ok(EventFd(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Makes it readable.
    pub fn raise(&self) {
        let one = 1u64;
        // SAFETY: the buffer is eight bytes, as eventfd asks; a full counter is readable already, so the result says nothing.
        unsafe { libc::write(self.0.as_raw_fd(), (&raw const one).cast(), 8) };
    }

    /// Makes it not readable.
    pub fn lower(&self) {
        let mut count = 0u64;
        // SAFETY: the buffer is eight bytes; an empty counter is what is wanted, so the result says nothing.
        unsafe { libc::read(self.0.as_raw_fd(), (&raw mut count).cast(), 8) };
    }

    /// The number that the host watches.
    pub fn number(&self) -> i32 {
        self.0.as_raw_fd()
    }
}
