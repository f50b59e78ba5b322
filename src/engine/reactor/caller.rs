//! A thread that waits for the reactor: a blocking call's own. While it waits it can do errands for the reactor, because
//! the host's code runs on the thread of the call that needs it (design.md 2, semantics 3).

use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    time::Instant,
};

use crate::sys::lock::{Condvar, Mutex};

use crate::{
    clock,
    engine::{
        errands::{Errand, Errands},
        net::cancel::Cancel,
    },
    error::{Error, Result, code},
};

/// The waits of one blocking call.
#[derive(Default)]
pub struct Caller {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Default)]
struct State {
    errands: VecDeque<Errand>,
    woken: bool,
    /// It waits no more: nobody does errands.
    gone: bool,
}

impl Wake for Caller {
    fn wake(self: Arc<Self>) {
        self.state.lock().woken = true;
        self.bell.notify_one();
    }
}

impl Errands for Caller {
    fn run(&self, errand: Errand) -> Result<()> {
        let mut state = self.state.lock();
        if state.gone {
            drop(state);
            return Err(Error::new(&code::CLOSED, "the caller waited no more"));
        }
        state.errands.push_back(errand);
        drop(state);
        self.bell.notify_one();
        Ok(())
    }
}

impl Caller {
    /// Nobody waits yet.
    #[must_use]
    pub fn new() -> Arc<Caller> {
        Arc::default()
    }

    /// Waits until `happens` has something, doing the errands that come meanwhile; `None` at the deadline. Without
    /// `cancel` somebody else heeds it and `happens` tells.
    ///
    /// # Errors
    /// `cancelled`.
    pub fn wait<T>(
        self: &Arc<Self>,
        cancel: Option<&Cancel>,
        deadline: Option<Instant>,
        mut happens: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Result<Option<T>> {
        let waker = Waker::from(Arc::clone(self));
        let mut context = Context::from_waker(&waker);
        let _gone = Gone { caller: self, cancel };
        loop {
            let heeded = cancel.map_or(Ok(0), |cancel| cancel.heed(&mut context));
            // What is there counts, also when the end of the call came with it.
            if let Poll::Ready(it) = happens(&mut context) {
                return Ok(Some(it));
            }
            heeded?;
            let mut state = self.state.lock();
            while !state.woken && state.errands.is_empty() {
                match deadline {
                    None => self.bell.wait(&mut state),
                    Some(deadline) => {
                        if self.bell.wait_until(&mut state, deadline).timed_out() {
                            break;
                        }
                    }
                }
            }
            let woken = std::mem::take(&mut state.woken);
            let errand = state.errands.pop_front();
            drop(state);
            match errand {
                Some(errand) => errand(),
                None if woken => {}
                None if deadline.is_some_and(|deadline| clock::now() >= deadline) => return Ok(None),
                None => {}
            }
        }
    }
}

/// The end of a wait: errands that came too late are dropped, which tells whoever waits for them.
struct Gone<'a> {
    caller: &'a Caller,
    cancel: Option<&'a Cancel>,
}

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        if let Some(cancel) = self.cancel {
            cancel.heed_no_more();
        }
        let mut state = self.caller.state.lock();
        state.gone = true;
        let late = std::mem::take(&mut state.errands);
        drop(state);
        drop(late);
    }
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Duration};

    use super::*;
    use crate::engine::reactor::promise;

    #[test]
    fn a_wait_does_errands_and_ends_with_what_it_waits_for() {
        let caller = Caller::new();
        let (giver, mut taker) = promise::pair();
        let other = Arc::clone(&caller);
        let thread = thread::spawn(move || {
            let (tell, hear) = std::sync::mpsc::channel();
            other.run(Box::new(move || tell.send(thread::current().id()).unwrap())).unwrap();
            giver.give(hear.recv().unwrap());
        });
        let at = caller.wait(None, None, |cx| taker.poll_take(cx)).unwrap();
        assert_eq!(at, Some(Some(thread::current().id())));
        thread.join().unwrap();
        assert!(caller.run(Box::new(|| {})).is_err());
    }

    #[test]
    fn a_wait_ends_at_its_deadline_and_with_its_cancel() {
        let cancel = Arc::new(Cancel::default());
        let soon = Some(clock::now() + Duration::from_millis(5));
        let nothing = |_: &mut Context<'_>| Poll::<()>::Pending;
        assert_eq!(Caller::new().wait(Some(&cancel), soon, nothing).unwrap(), None);
        let other = Arc::clone(&cancel);
        let thread = thread::spawn(move || other.cancel());
        assert_eq!(Caller::new().wait(Some(&cancel), None, nothing).unwrap_err().code(), "cancelled");
        thread.join().unwrap();
    }
}
