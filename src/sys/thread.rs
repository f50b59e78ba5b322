//! Threads of the library: named, and deaf to signals, which belong to the host.

use std::{io, thread};

/// Starts a thread that takes no signal.
///
/// # Errors
/// The system's, when no thread can be had.
#[expect(clippy::disallowed_methods, reason = "the one home of thread starts")]
pub fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<thread::JoinHandle<()>> {
    // A new thread inherits the mask of its parent: blocking before the start leaves no moment in which it could be hit.
    let before = block_signals();
    let started = thread::Builder::new().name(name.into()).spawn(run);
    restore_signals(&before);
    started
}

fn block_signals() -> libc::sigset_t {
    // SAFETY: both sets are plain memory that the calls fill; the mask concerns this thread alone.
    unsafe {
        let (mut all, mut before): (libc::sigset_t, libc::sigset_t) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        before
    }
}

fn restore_signals(before: &libc::sigset_t) {
    // SAFETY: the set came from the kernel for this thread.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, std::ptr::null_mut()) };
}
