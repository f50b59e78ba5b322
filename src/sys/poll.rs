//! Waiting for descriptors.

use std::{
    io,
    os::fd::RawFd,
    time::{Duration, Instant},
};

/// Bytes can be read, or the peer closed.
pub const IN: i16 = libc::POLLIN;
/// Bytes can be written.
pub const OUT: i16 = libc::POLLOUT;

/// One descriptor with the events that are waited for and those that were seen.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Interest(libc::pollfd);

impl Interest {
    /// Waits for `events` on `fd`.
    #[must_use]
    pub fn new(fd: RawFd, events: i16) -> Interest {
        Interest(libc::pollfd { fd, events, revents: 0 })
    }

    /// What was seen: `IN` and `OUT`; errors and hang-ups count as both, because the next call tells more.
    #[must_use]
    pub fn seen(&self) -> i16 {
        let seen = self.0.revents;
        if seen & (libc::POLLERR | libc::POLLHUP | libc::POLLNVAL) != 0 { IN | OUT } else { seen & (IN | OUT) }
    }
}

/// Waits until one of `interests` is ready or `timeout` passed (`None`: for ever); returns how many are ready.
///
/// # Errors
/// What the system says; `Interrupted` after a signal, so that the caller looks at its clock again.
pub fn wait(interests: &mut [Interest], timeout: Option<Duration>) -> io::Result<usize> {
    let milliseconds = match timeout {
        None => -1,
        // Rounded up: a wait that ends too early would spin.
        Some(time) => time.as_micros().div_ceil(1000).try_into().unwrap_or(i32::MAX),
    };
    // SAFETY: `Interest` is a transparent `pollfd` and the length is that of the slice.
    let count = unsafe { libc::poll(interests.as_mut_ptr().cast(), interests.len() as libc::nfds_t, milliseconds) };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// The time left until `deadline`; zero when it has passed.
#[must_use]
pub fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(crate::clock::now())
}
