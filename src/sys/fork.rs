//! Notices forks: sessions do not survive into the child (design.md section 2, style.md rule 19).
//!
//! Every handle remembers the generation that it was made in. A `pthread_atfork` handler bumps the counter in the
//! child, so that the check of each call is one relaxed load; `getpid` would be a system call.

use std::sync::{
    Once,
    atomic::{AtomicU32, Ordering},
};

static GENERATION: AtomicU32 = AtomicU32::new(0);
static WATCH: Once = Once::new();

/// The generation of this process: it differs from the parent's after every fork.
pub fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Starts to notice forks. Called before the first handle is made; further calls do nothing.
pub fn watch() {
    WATCH.call_once(|| {
        // SAFETY: the handler touches one atomic and nothing else, which is allowed between fork and exec. A failure
        // (out of memory) leaves forks unnoticed, which is what a host without the handler would have.
        let _ = unsafe { libc::pthread_atfork(None, None, Some(bump)) };
    });
}

extern "C" fn bump() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_has_another_generation() {
        watch();
        let before = generation();
        // SAFETY: the child only loads an atomic and leaves with `_exit`.
        let status = unsafe {
            let child = libc::fork();
            if child == 0 {
                libc::_exit(i32::from(generation() == before));
            }
            let mut status = -1;
            libc::waitpid(child, &raw mut status, 0);
            status
        };
        assert_eq!(status, 0);
        assert_eq!(generation(), before);
    }
}
