//! Knowing when a thread runs the host's code on the library's behalf.
//!
//! `close` from inside a callback, provider or reader must not wait for what it is itself part of, and `poll` on the
//! worker would wait for events that only the worker's return can bring.

use std::cell::Cell;

#[cfg(feature = "model")]
use shuttle::thread_local;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static WORKER: Cell<bool> = const { Cell::new(false) };
}

/// While it lives, this thread runs code of the host that haft called.
#[derive(Debug)]
pub struct HostCode(());

impl HostCode {
    /// Marks the thread; nests.
    #[must_use]
    pub fn enter() -> HostCode {
        DEPTH.with(|depth| depth.set(depth.get() + 1));
        HostCode(())
    }

    /// Whether this thread is inside the host's code now.
    pub fn active() -> bool {
        DEPTH.with(Cell::get) > 0
    }

    /// Marks this thread as a session's worker, for good.
    pub(super) fn become_worker() {
        WORKER.with(|worker| worker.set(true));
    }

    /// Whether this thread is a session's worker.
    pub fn on_worker() -> bool {
        WORKER.with(Cell::get)
    }
}

impl Drop for HostCode {
    fn drop(&mut self) {
        DEPTH.with(|depth| depth.set(depth.get().saturating_sub(1)));
    }
}
