//! Locks that a fork cannot break: small, without poisoning, and each one stands for itself.
//!
//! `parking_lot` keeps all threads that wait for any lock in one table of the process. A fork that comes while another
//! thread works on that table leaves it locked for ever in the child, whose own new locks need it as well; a child of a busy
//! process hung in one of some hundred forks. The standard library's locks are a word each and leave the waiting to the
//! kernel, so those that the child makes are sound. Only their shape is changed here: no poison (a panic is contained at the
//! edge of the library, and what it left half done is marked there), and waits that take a guard by reference.

#[cfg(not(feature = "model"))]
use std::sync;
use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::{PoisonError, TryLockError},
    thread,
    time::{Duration, Instant},
};

#[cfg(feature = "model")]
use shuttle::sync;

use super::atomic::{AtomicUsize, Ordering};
use crate::clock;

/// How often a lock with a time limit is tried.
const TRY_EVERY: Duration = Duration::from_millis(1);

/// A lock around a value.
#[derive(Default)]
pub struct Mutex<T>(sync::Mutex<T>);

/// The value of a locked [`Mutex`].
pub struct MutexGuard<'a, T> {
    /// Empty only while a [`Condvar`] has it.
    held: Option<sync::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    /// A lock, open.
    pub const fn new(value: T) -> Mutex<T> {
        Mutex(sync::Mutex::new(value))
    }

    /// The value, when nobody can hold the lock any more.
    pub fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the lock.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard { held: Some(self.0.lock().unwrap_or_else(PoisonError::into_inner)) }
    }

    /// The lock, when it is open now.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(held) => Some(MutexGuard { held: Some(held) }),
            Err(TryLockError::Poisoned(poisoned)) => Some(MutexGuard { held: Some(poisoned.into_inner()) }),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// The lock, when it opens in time. For locks that are hardly ever closed: it looks again and again.
    pub fn try_lock_for(&self, patience: Duration) -> Option<MutexGuard<'_, T>> {
        let deadline = clock::now() + patience;
        loop {
            let guard = self.try_lock();
            if guard.is_some() || clock::now() >= deadline {
                return guard;
            }
            thread::sleep(TRY_EVERY);
        }
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match &self.held {
            Some(held) => held,
            None => unreachable!("a guard was used while its condition variable waited"),
        }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.held {
            Some(held) => held,
            None => unreachable!("a guard was used while its condition variable waited"),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What threads with a lock wait for. Whoever changes what they wait for does so under that lock; then waking nobody
/// costs no system call, as it would with the standard library's.
#[derive(Default, Debug)]
pub struct Condvar {
    bell: sync::Condvar,
    /// Changed under the lock: who changed something under it afterwards sees everybody that waits for the change.
    waiting: AtomicUsize,
}

/// Whether a wait ended because its time was over.
#[derive(Clone, Copy, Debug)]
pub struct Waited {
    timed_out: bool,
}

impl Waited {
    /// Whether the time was over.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.timed_out
    }
}

impl Condvar {
    /// Nobody waits yet.
    #[must_use]
    pub const fn new() -> Condvar {
        Condvar { bell: sync::Condvar::new(), waiting: AtomicUsize::new(0) }
    }

    /// Wakes one.
    #[cfg_attr(feature = "model", track_caller)]
    pub fn notify_one(&self) {
        #[cfg(feature = "model")]
        if mutant::forgets() {
            return;
        }
        if self.waiting.load(Ordering::Relaxed) > 0 {
            self.bell.notify_one();
        }
    }

    /// Wakes all.
    #[cfg_attr(feature = "model", track_caller)]
    pub fn notify_all(&self) {
        #[cfg(feature = "model")]
        if mutant::forgets() {
            return;
        }
        if self.waiting.load(Ordering::Relaxed) > 0 {
            self.bell.notify_all();
        }
    }

    /// Opens the lock, waits to be woken, and closes it again.
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        if let Some(held) = guard.held.take() {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            guard.held = Some(self.bell.wait(held).unwrap_or_else(PoisonError::into_inner));
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The same, for a time at most.
    pub fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, time: Duration) -> Waited {
        // Time that is over needs no system call (and stands still in the model check).
        if time.is_zero() {
            return Waited { timed_out: true };
        }
        let Some(held) = guard.held.take() else { return Waited { timed_out: true } };
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let (held, waited) = self.bell.wait_timeout(held, time).unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        guard.held = Some(held);
        Waited { timed_out: waited.timed_out() }
    }

    /// The same, until a time at most.
    pub fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, deadline: Instant) -> Waited {
        self.wait_for(guard, deadline.saturating_duration_since(clock::now()))
    }
}

/// Bugs that the model check must find: wakes that are forgotten, and looks that are not made.
#[cfg(feature = "model")]
#[doc(hidden)]
pub mod mutant {
    use std::{cell::Cell, panic::Location};

    // The standard library's: a whole exploration runs on one thread of the system.
    std::thread_local! {
        static FORGETFUL: Cell<Option<&'static str>> = const { Cell::new(None) };
    }

    /// From now on nothing in the file of this name wakes anybody, or the bug of this name is in.
    pub fn forget(what: Option<&'static str>) {
        FORGETFUL.set(what);
    }

    /// Whether the bug of this name is in.
    pub fn is(name: &str) -> bool {
        FORGETFUL.get() == Some(name)
    }

    #[track_caller]
    pub(super) fn forgets() -> bool {
        let place = Location::caller().file();
        FORGETFUL.get().is_some_and(|file| place.ends_with(file))
    }
}

/// A lock that many may read under and one may write under.
#[derive(Default)]
pub struct RwLock<T>(sync::RwLock<T>);

impl<T> RwLock<T> {
    /// A lock, open.
    pub const fn new(value: T) -> RwLock<T> {
        RwLock(sync::RwLock::new(value))
    }

    /// Waits until nobody writes.
    #[inline]
    pub fn read(&self) -> sync::RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody reads or writes.
    #[inline]
    pub fn write(&self) -> sync::RwLockWriteGuard<'_, T> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_panic_does_not_poison() {
        let lock = Arc::new(Mutex::new(1));
        let other = Arc::clone(&lock);
        let broken = thread::Builder::new().spawn(move || {
            let _held = other.lock();
            std::panic::resume_unwind(Box::new(()));
        });
        assert!(broken.unwrap().join().is_err());
        *lock.lock() += 1;
        assert_eq!(*lock.try_lock().unwrap(), 2);
    }

    #[test]
    fn a_held_lock_is_not_given() {
        let lock = Mutex::new(());
        let held = lock.lock();
        assert!(lock.try_lock().is_none() && lock.try_lock_for(Duration::from_millis(2)).is_none());
        drop(held);
        assert!(lock.try_lock_for(Duration::ZERO).is_some());
    }

    #[test]
    fn waits_end_by_a_call_or_by_the_clock() {
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        let other = Arc::clone(&pair);
        let waker = thread::Builder::new().spawn(move || {
            *other.0.lock() = true;
            other.1.notify_all();
        });
        let mut rung = pair.0.lock();
        while !*rung {
            pair.1.wait(&mut rung);
        }
        assert!(pair.1.wait_until(&mut rung, clock::now()).timed_out());
        drop(rung);
        waker.unwrap().join().unwrap();
    }
}
