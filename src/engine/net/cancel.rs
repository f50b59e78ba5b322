//! Ends a call from any thread.
//!
//! While a call owns descriptors they are *armed* here; `cancel` shuts them down, which wakes the poll that the call
//! sits in. Arming, disarming and the shutdown happen under one lock and a descriptor is disarmed before it is closed,
//! so that a number which the system gave to somebody else meanwhile is never touched.

use std::{
    os::fd::RawFd,
    task::{Context, Waker},
    time::{Duration, Instant},
};

use crate::{
    clock,
    error::{Error, Result, code},
    sys::{
        atomic::{AtomicBool, Ordering},
        lock::{Condvar, Mutex},
        socket,
    },
};

/// The handle of one call; share it in an `Arc`.
#[derive(Debug, Default)]
pub struct Cancel {
    cancelled: AtomicBool,
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The descriptor of the exchange: one is the common case, which needs no memory.
    armed: Option<RawFd>,
    /// The sockets of a connect that tries several addresses.
    others: Vec<RawFd>,
    /// Counts `ring`, so that one that comes between a look and the wait is not lost.
    rings: u64,
    /// The task of a call on the reactor, which a condition variable cannot wake.
    waker: Option<Waker>,
}

impl Cancel {
    /// Cancels the call. Idempotent, never blocks.
    pub fn cancel(&self) {
        let state = self.state.lock();
        self.cancelled.store(true, Ordering::Release);
        for fd in state.armed.iter().chain(&state.others) {
            socket::shutdown(*fd);
        }
        self.wake(state);
    }

    /// Marks the call as cancelled without waking it: several calls are marked before the first is cancelled, so that
    /// none takes a place that another one gave up.
    pub fn mark(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// # Errors
    /// `cancelled`, when it was.
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(cancelled()) } else { Ok(()) }
    }

    /// Sleeps for `time`; true, and at once, when the call is cancelled.
    pub fn wait(&self, time: Duration) -> bool {
        let until = clock::now() + time;
        let mut state = self.state.lock();
        while !self.is_cancelled() && !self.bell.wait_until(&mut state, until).timed_out() {}
        self.is_cancelled()
    }

    /// The number of rings so far, to be given to [`Cancel::listen`].
    pub(crate) fn rings(&self) -> u64 {
        self.state.lock().rings
    }

    /// Waits for a ring after the `seen`-th, for the deadline or for the end of the call; false at the deadline.
    pub(crate) fn listen(&self, seen: u64, until: Option<Instant>) -> bool {
        let mut state = self.state.lock();
        while state.rings == seen && !self.is_cancelled() {
            match until {
                None => self.bell.wait(&mut state),
                Some(until) => {
                    if self.bell.wait_until(&mut state, until).timed_out() {
                        return state.rings != seen || self.is_cancelled();
                    }
                }
            }
        }
        true
    }

    /// Wakes whoever listens: what it waits for may have come.
    pub(crate) fn ring(&self) {
        let mut state = self.state.lock();
        state.rings += 1;
        self.wake(state);
    }

    fn wake(&self, mut state: crate::sys::lock::MutexGuard<'_, State>) {
        let waker = state.waker.take();
        drop(state);
        self.bell.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Has the task of `cx` woken by the next ring and by the end of the call; returns the number of rings so far.
    ///
    /// # Errors
    /// `cancelled`, when the call is over.
    pub(crate) fn heed(&self, cx: &mut Context<'_>) -> Result<u64> {
        let mut state = self.state.lock();
        self.check()?;
        if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            state.waker = Some(cx.waker().clone());
        }
        Ok(state.rings)
    }

    /// Forgets the task: a waker holds on to the reactor that made it, and the handle may outlive both.
    pub(crate) fn heed_no_more(&self) {
        let waker = self.state.lock().waker.take();
        drop(waker);
    }

    /// Lets `cancel` shut this descriptor down.
    ///
    /// # Errors
    /// `cancelled`, when it is too late for that.
    pub(super) fn arm(&self, fd: RawFd) -> Result<()> {
        let mut state = self.state.lock();
        self.check()?;
        match state.armed {
            None => state.armed = Some(fd),
            Some(_) => state.others.push(fd),
        }
        Ok(())
    }

    /// Takes a descriptor away again; to be called before it is closed or pooled.
    pub(super) fn disarm(&self, fd: RawFd) {
        let mut state = self.state.lock();
        if state.armed == Some(fd) {
            state.armed = None;
        } else {
            state.others.retain(|armed| *armed != fd);
        }
    }
}

/// The error of a call that the host ended.
#[must_use]
pub fn cancelled() -> Error {
    Error::new(&code::CANCELLED, "the call was cancelled")
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use super::*;

    #[test]
    fn a_wait_ends_with_the_cancel() {
        let cancel = Arc::new(Cancel::default());
        let other = cancel.clone();
        let thread = thread::spawn(move || other.wait(Duration::from_secs(60)));
        cancel.cancel();
        assert!(thread.join().unwrap());
        assert!(cancel.arm(-1).is_err());
    }

    #[test]
    fn a_wait_that_is_not_cancelled_ends_by_itself() {
        assert!(!Cancel::default().wait(Duration::from_millis(1)));
    }

    #[test]
    fn a_ring_between_the_look_and_the_wait_is_not_lost() {
        let cancel = Cancel::default();
        let seen = cancel.rings();
        cancel.ring();
        assert!(cancel.listen(seen, None));
    }
}
