//! Threads of the library: named, and with every signal blocked, because signals belong to the host.

#[cfg(not(feature = "model"))]
use std::thread;
use std::{io, mem::MaybeUninit, ptr};

#[cfg(feature = "model")]
use shuttle::thread;
pub use thread::JoinHandle;

/// Starts a thread that sees no signals. Whoever does not wait for it lets the handle go.
///
/// # Errors
/// The system has no room for one more thread.
pub fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    // Blocked before the start: a mask that the thread set itself would leave a gap.
    let before = block_signals();
    let result = thread::Builder::new().name(name.to_owned()).spawn(work);
    if let Some(before) = before {
        // SAFETY: `before` was filled by `pthread_sigmask`.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut()) };
    }
    result
}

/// Blocks every signal for the calling thread and returns the mask from before.
fn block_signals() -> Option<libc::sigset_t> {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: both point to room for a set; `sigfillset` fills the first, `pthread_sigmask` the second.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        let failed = libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
        (failed == 0).then(|| before.assume_init())
    }
}
