//! How a call waits: on the reactor with its [`Vigil`], or on the caller's own thread. What has to be waited for is the
//! same, so it is written once, as a future; on a thread each of its waits sleeps until it is over, and the future is
//! done when it was polled once.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    time::{Duration, Instant},
};

use crate::sys::lock::{Condvar, Mutex};

use super::tact;
use crate::{
    clock,
    engine::{
        net::{cancel::Cancel, limits::Guard},
        reactor::{vigil::Vigil, wire},
    },
    error::{Error, Result, code},
};

/// Who waits.
pub enum Patience<'a> {
    /// A task of the reactor.
    Reactor(&'a mut Vigil),
    /// A thread that may sleep, with the handle of its call.
    Thread(Sleeper, &'a Arc<Cancel>),
}

/// Wakes one thread.
#[derive(Clone)]
pub struct Sleeper {
    bell: Arc<Bell>,
    waker: Waker,
}

#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    heard: Condvar,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // A thread that comes to it while it is being worked on only waits for the lock.
        if tact::is_held() && tact::keep(&Waker::from(Arc::clone(self))) {
            return;
        }
        *self.rung.lock() = true;
        self.heard.notify_one();
    }
}

impl Default for Sleeper {
    fn default() -> Sleeper {
        let bell = Arc::<Bell>::default();
        Sleeper { waker: Waker::from(Arc::clone(&bell)), bell }
    }
}

impl Sleeper {
    /// Sleeps until it is woken, also when it was woken already since the last sleep; false at the deadline.
    fn sleep(&self, deadline: Option<Instant>) -> bool {
        // Who it waits for may be among those that were not told yet.
        tact::flush();
        let mut rung = self.bell.rung.lock();
        while !*rung {
            match deadline {
                None => self.bell.heard.wait(&mut rung),
                Some(deadline) => {
                    if self.bell.heard.wait_until(&mut rung, deadline).timed_out() && !*rung {
                        return false;
                    }
                }
            }
        }
        *rung = false;
        true
    }
}

impl<'a> Patience<'a> {
    /// A thread that may sleep.
    #[must_use]
    pub fn thread(cancel: &'a Arc<Cancel>) -> Patience<'a> {
        Patience::Thread(Sleeper::default(), cancel)
    }

    /// The handle of the call.
    #[must_use]
    pub fn cancel(&self) -> Arc<Cancel> {
        match self {
            Patience::Reactor(vigil) => Arc::clone(vigil.cancel()),
            Patience::Thread(_, cancel) => Arc::clone(cancel),
        }
    }

    /// Waits until `happens` has something; `None` at the deadline.
    ///
    /// # Errors
    /// `cancelled`.
    pub async fn until<T>(
        &mut self,
        deadline: Option<Instant>,
        mut happens: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Result<Option<T>> {
        let (sleeper, cancel) = match self {
            Patience::Reactor(vigil) => return vigil.until(deadline, happens).await,
            Patience::Thread(sleeper, cancel) => (sleeper, cancel),
        };
        let mut cx = Context::from_waker(&sleeper.waker);
        let mut over = false;
        let outcome = loop {
            if let Err(error) = cancel.heed(&mut cx) {
                break Err(error);
            }
            if let Poll::Ready(it) = happens(&mut cx) {
                break Ok(Some(it));
            }
            if over {
                break Ok(None);
            }
            over = !sleeper.sleep(deadline);
        };
        cancel.heed_no_more();
        outcome
    }

    /// Waits within the limits of `guard`.
    ///
    /// # Errors
    /// A time-out named by `phase`, or the cancel.
    pub async fn wait<T>(
        &mut self,
        guard: &Guard<'_>,
        phase: &'static str,
        happens: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Result<T> {
        match self.until(wire::deadline(guard), happens).await? {
            Some(it) => Ok(it),
            None => Err(wire::late(guard, phase)),
        }
    }

    /// Lets time pass.
    ///
    /// # Errors
    /// `cancelled`, at once.
    pub async fn rest(&mut self, time: Duration) -> Result<()> {
        if time.is_zero() {
            return Ok(());
        }
        self.until(Some(clock::now() + time), |_| Poll::<()>::Pending).await.map(drop)
    }
}

/// Runs on a thread what waits with [`Patience::Thread`] and in no other way.
///
/// # Errors
/// Those of the future; `internal` when it waits in another way after all.
pub fn at_once<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(Error::new(&code::INTERNAL, "a thread did not wait where it should")),
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread};

    use super::*;
    use crate::engine::net::limits::Limits;

    #[test]
    fn a_thread_is_woken_by_what_it_waits_for_and_by_the_cancel() {
        let cancel = Arc::<Cancel>::default();
        let (tell, hear) = mpsc::channel::<Waker>();
        let other = thread::spawn(move || hear.recv().unwrap().wake());
        let mut polls = 0;
        let waited = at_once(Patience::thread(&cancel).until(None, |cx| {
            polls += 1;
            if polls == 1 {
                tell.send(cx.waker().clone()).unwrap();
                return Poll::Pending;
            }
            Poll::Ready(polls)
        }));
        assert_eq!(waited.unwrap(), Some(2));
        other.join().unwrap();
        let handle = Arc::clone(&cancel);
        let (begun, begin) = mpsc::channel();
        let other = thread::spawn(move || {
            begin.recv().unwrap();
            handle.cancel();
        });
        let waited = at_once(Patience::thread(&cancel).until(None, |_| {
            let _ = begun.send(());
            Poll::<()>::Pending
        }));
        assert_eq!(waited.unwrap_err().code(), "cancelled");
        other.join().unwrap();
    }

    #[test]
    fn a_silence_that_is_too_long_is_told_by_its_phase() {
        let cancel = Arc::<Cancel>::default();
        let limits = Limits { read: Some(Duration::from_millis(1)), ..Limits::default() };
        let guard = Guard::exchange(&limits, &cancel);
        let error = at_once(Patience::thread(&cancel).wait(&guard, "read", |_| Poll::<()>::Pending)).unwrap_err();
        assert_eq!((error.code(), error.detail().get("phase").is_some()), ("read_timeout", true));
    }
}
