//! Periodic wake-ups on the reactor, for keepalives: all of a reactor hang on one [`Wheel`] with one timer.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use crate::sys::lock::Mutex;

use super::{
    timer::Timer,
    wheel::{Key, Wheel},
};
use crate::clock;

thread_local! {
    /// The wheel of this reactor: its thread is its own.
    static HERE: RefCell<Option<Arc<Shared>>> = const { RefCell::new(None) };
}

/// A wheel, and the task that turns it while there is something on it. The lock is the reactor's own but for beats that
/// are dropped elsewhere.
#[derive(Debug)]
struct Shared(Mutex<State>);

#[derive(Debug)]
struct State {
    wheel: Wheel<Waker>,
    turning: bool,
    /// The task that turns, and what it waits for.
    driver: Option<(Instant, Waker)>,
    wakes: u64,
}

/// A wake-up every period. Dropping it ends it.
#[derive(Debug)]
pub struct Beat {
    shared: Arc<Shared>,
    key: Option<Key>,
    period: Duration,
    due: Instant,
    /// What the wheel knows, when it is asked for anything.
    set: Option<Instant>,
}

/// A beat of the reactor that this is called on, the first one a period from now. It may come as late as an eighth of the
/// period or a second, whichever is less, so that many fall together.
#[must_use]
pub fn every(period: Duration) -> Beat {
    let now = clock::now();
    let shared = HERE.with_borrow_mut(|here| {
        let make = || {
            let state = State { wheel: Wheel::new(now), turning: false, driver: None, wakes: 0 };
            Arc::new(Shared(Mutex::new(state)))
        };
        Arc::clone(here.get_or_insert_with(make))
    });
    let key = Some(shared.0.lock().wheel.add());
    Beat { shared, key, period, due: after(now, period), set: None }
}

/// How often the wheel of this reactor has turned; for measuring.
#[must_use]
pub fn wakes() -> u64 {
    HERE.with_borrow(|here| here.as_ref().map_or(0, |shared| shared.0.lock().wakes))
}

impl Beat {
    /// Puts the next one off to a period after `now`, because something happened that makes it needless. Costs no more
    /// than the store: the wheel hears of it when the beat would have been due.
    #[inline]
    pub fn put_off(&mut self, now: Instant) {
        self.due = after(now, self.period);
    }

    /// Another period from the next beat on; the next one is a period from `now`.
    pub fn set_period(&mut self, period: Duration, now: Instant) {
        self.period = period;
        self.due = after(now, period);
        if let (Some(key), Some(_)) = (&self.key, self.set.take()) {
            let old = self.shared.0.lock().wheel.cancel(key);
            drop(old);
        }
    }

    /// Whether the next beat has come; else the task of `cx` is woken for it.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let now = clock::now();
        if now >= self.due {
            // In step with the ticks: beats that fell together once go on together.
            let tick = self.set.take().filter(|tick| *tick <= now && *tick >= self.due).unwrap_or(now);
            let next = after(tick, self.period);
            self.due = if next > now { next } else { after(now, self.period) };
            return Poll::Ready(());
        }
        // What is entered for an earlier moment than needed stays: the beat was put off, and is looked at again then.
        let Some(key) = &self.key else { return Poll::Pending };
        let mut state = self.shared.0.lock();
        let entered = match self.set {
            Some(tick) if tick > now => state.wheel.renew(key, cx.waker()),
            _ => false,
        };
        if !entered {
            let tick = state.wheel.set(key, self.due, self.period, cx.waker().clone());
            self.set = Some(tick);
        }
        let start = !std::mem::replace(&mut state.turning, true);
        let next = state.wheel.next_tick();
        let late = state.driver.as_ref().is_some_and(|(waits, _)| next.is_some_and(|next| next < *waits));
        let driver = if late { state.driver.take() } else { None };
        drop(state);
        if start {
            drop(tokio::spawn(Turning { shared: Arc::clone(&self.shared), timer: Timer::default(), due: Vec::new() }));
        }
        if let Some((_, driver)) = driver {
            driver.wake();
        }
        Poll::Pending
    }

    /// Waits for the next beat.
    pub async fn next(&mut self) {
        poll_fn(|cx| self.poll_tick(cx)).await;
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            let waker = self.shared.0.lock().wheel.remove(key);
            drop(waker);
        }
    }
}

/// A moment that cannot be added to is as good as never.
fn after(moment: Instant, period: Duration) -> Instant {
    moment.checked_add(period).unwrap_or(moment)
}

impl Wheel<Waker> {
    /// Has another task woken at the tick that `key` is entered for; false when it is entered for none.
    fn renew(&mut self, key: &Key, waker: &Waker) -> bool {
        match self.it(key) {
            Some(old) => {
                old.clone_from(waker);
                true
            }
            None => false,
        }
    }
}

/// Turns the wheel until nothing is on it.
struct Turning {
    shared: Arc<Shared>,
    timer: Timer,
    due: Vec<Waker>,
}

impl Future for Turning {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Turning { shared, timer, due } = self.get_mut();
        loop {
            let mut state = shared.0.lock();
            state.wheel.advance(clock::now(), due);
            let next = state.wheel.next_tick();
            if !due.is_empty() {
                state.wakes += 1;
            }
            match next {
                Some(next) => state.driver = Some((next, cx.waker().clone())),
                None if due.is_empty() => {
                    (state.turning, state.driver) = (false, None);
                    return Poll::Ready(());
                }
                None => {}
            }
            drop(state);
            // Those that beat again enter themselves when their tasks have their turn.
            let woken = !due.is_empty();
            due.drain(..).for_each(Waker::wake);
            match next {
                Some(next) if !timer.is_over(next, cx) => return Poll::Pending,
                Some(_) => {}
                None if woken => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                None => {}
            }
        }
    }
}

impl Drop for Turning {
    fn drop(&mut self) {
        let mut state = self.shared.0.lock();
        state.turning = false;
        let driver = state.driver.take();
        drop(state);
        drop(driver);
    }
}
