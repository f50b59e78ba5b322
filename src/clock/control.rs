//! The clock in the hands of a test: it stands still, and moves when the test says so. Every wait of the reactor is
//! entered here meanwhile and follows at once.
//!
//! To be stopped before the sessions of the test exist: a wait that began before looks at the clock again only when the
//! system's time has come for it.

use std::{
    collections::HashMap,
    ops::RangeInclusive,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    task::Waker,
    time::{Duration, Instant},
};

use crate::sys::lock::{Condvar, Mutex, MutexGuard};

/// Whether a test has the clock, or has had it: the only thing that is looked at otherwise.
static ON: AtomicBool = AtomicBool::new(false);
static STATE: Mutex<State> = Mutex::new(State { mode: Mode::Real, waits: None });
static NUMBERS: AtomicU64 = AtomicU64::new(0);
/// Somebody began to wait.
static ENTERED: Condvar = Condvar::new();
/// One test at a time.
static HOLDER: Mutex<()> = Mutex::new(());

struct State {
    mode: Mode,
    /// Who waits for what; none is empty.
    waits: Option<HashMap<u64, (Instant, Waker)>>,
}

enum Mode {
    Real,
    /// It stands.
    Frozen(Instant),
    /// It goes on after a test, so far ahead of the system's: time never goes back.
    Ahead(Duration),
}

/// The right to move the clock. When it goes, the clock goes on from where it stands.
pub struct Frozen(#[expect(dead_code, reason = "held for its drop")] MutexGuard<'static, ()>);

/// Stops the clock of the whole process. Waits until no other test has it.
#[must_use]
pub fn freeze() -> Frozen {
    let holder = HOLDER.lock();
    let mut state = STATE.lock();
    let now = state.now();
    state.mode = Mode::Frozen(now);
    ON.store(true, Ordering::Release);
    Frozen(holder)
}

/// The time, when a test has changed it.
#[inline]
pub(super) fn now() -> Option<Instant> {
    ON.load(Ordering::Relaxed).then(|| STATE.lock().now())
}

/// What one timer waits for while the clock is in the hands of a test.
#[derive(Debug, Default)]
pub struct Entry(Option<u64>);

impl Entry {
    /// Enters a wait of the reactor, in the place of the one before: whether `moment` has come, or `None` when the system's
    /// clock counts.
    #[inline]
    pub fn wait(&mut self, moment: Instant, waker: &Waker) -> Option<bool> {
        if !ON.load(Ordering::Relaxed) {
            return None;
        }
        let mut state = STATE.lock();
        let Mode::Frozen(now) = state.mode else { return None };
        if moment <= now {
            return Some(true);
        }
        let number = *self.0.get_or_insert_with(|| NUMBERS.fetch_add(1, Ordering::Relaxed));
        let old = state.waits.get_or_insert_default().insert(number, (moment, waker.clone()));
        drop(state);
        drop(old);
        ENTERED.notify_all();
        Some(false)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(number) = self.0 {
            let old = STATE.lock().waits.as_mut().and_then(|waits| waits.remove(&number));
            drop(old);
        }
    }
}

impl State {
    fn now(&self) -> Instant {
        match self.mode {
            Mode::Real => super::real(),
            Mode::Frozen(now) => now,
            Mode::Ahead(by) => super::real() + by,
        }
    }
}

impl Frozen {
    /// Moves the clock, and wakes whoever waits for a moment that has come by then.
    pub fn advance(&self, by: Duration) {
        let mut state = STATE.lock();
        let now = state.now() + by;
        state.mode = Mode::Frozen(now);
        let waits = state.waits.get_or_insert_default();
        let due: Vec<u64> = waits.iter().filter(|(_, (moment, _))| *moment <= now).map(|(number, _)| *number).collect();
        let woken: Vec<Waker> = due.iter().filter_map(|number| waits.remove(number)).map(|(_, waker)| waker).collect();
        drop(state);
        woken.into_iter().for_each(Waker::wake);
    }

    /// Waits until somebody waits for a moment that is so far from now, and tells how far. For ever, when nobody comes to:
    /// the runner of the tests ends that.
    pub fn awaited(&self, away: RangeInclusive<Duration>) -> Duration {
        self.awaited_by(1, away)
    }

    /// The same with so many who wait; the distance is that of the first of them.
    pub fn awaited_by(&self, count: usize, away: RangeInclusive<Duration>) -> Duration {
        let mut state = STATE.lock();
        loop {
            let now = state.now();
            let waits = state.waits.iter().flat_map(HashMap::values);
            let mut hits: Vec<Duration> = waits.map(|(moment, _)| moment.saturating_duration_since(now)).collect();
            hits.retain(|distance| away.contains(distance));
            match hits.iter().min() {
                Some(first) if hits.len() >= count => return *first,
                _ => ENTERED.wait(&mut state),
            }
        }
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        let mut state = STATE.lock();
        state.mode = Mode::Ahead(state.now().saturating_duration_since(super::real()));
        let waits = state.waits.take();
        drop(state);
        // They set timers of the system now.
        waits.into_iter().flatten().for_each(|(_, (_, waker))| waker.wake());
    }
}
