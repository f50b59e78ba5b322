//! A turn that one has at a time, first come first served: taken by threads, which wait, and by tasks of the reactor, which
//! are woken. A lock of the standard library cannot be kept while a task waits for the network; this one can.
//!
//! A task that has the turn may need the session's worker before it can give it back. The worker itself must therefore
//! never wait for such a task: it is told that the turn is taken ([`code::BUSY`]) instead.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    thread::{self, ThreadId},
};

use crate::{
    error::{Error, Outcome, Result, code},
    sys::lock::{Condvar, Mutex},
};

/// The turn.
#[derive(Default)]
pub struct Turn {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Default)]
struct State {
    holder: Option<Holder>,
    /// Who waits, in order: by number, tasks with who wakes them.
    waiting: VecDeque<(u64, Option<Waker>)>,
    last: u64,
}

/// Who has it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holder {
    Thread(ThreadId),
    Task,
}

/// While it lives, the turn is its owner's.
pub struct Held(Arc<Turn>);

/// A place among those who wait; a future of the turn. Dropping it gives the place up.
pub struct Place {
    turn: Arc<Turn>,
    number: Option<u64>,
}

impl Turn {
    /// Takes the turn on a thread that may wait. `is_needed` says that this thread is the one that a task may need before
    /// it gives the turn back.
    ///
    /// # Errors
    /// `busy` when waiting would be for ever: this thread has the turn itself, or is needed by the task that has it.
    pub fn take(self: &Arc<Turn>, is_needed: bool) -> Result<Held> {
        let own = Holder::Thread(thread::current().id());
        let mut state = self.state.lock();
        if state.holder == Some(own) || (is_needed && state.holder == Some(Holder::Task)) {
            let message = "a commit of the same session was under way, which waited for this thread";
            return Err(Error::new(&code::BUSY, message).outcome(Outcome::NotSent));
        }
        let number = state.number();
        // Tasks that wait would have to wait for this thread all the same.
        if is_needed {
            state.waiting.push_front((number, None))
        } else {
            state.waiting.push_back((number, None))
        }
        while !state.take(number, own) {
            self.bell.wait(&mut state);
        }
        Ok(Held(Arc::clone(self)))
    }

    /// A place behind those who wait now, for a task.
    pub fn place(self: &Arc<Turn>) -> Place {
        let mut state = self.state.lock();
        let number = state.number();
        state.waiting.push_back((number, None));
        drop(state);
        Place { turn: Arc::clone(self), number: Some(number) }
    }

    /// Wakes whoever is first, after a change.
    fn tell(&self, mut state: crate::sys::lock::MutexGuard<'_, State>) {
        let free = state.holder.is_none();
        let waker = state.waiting.front_mut().filter(|_| free).and_then(|(_, waker)| waker.take());
        drop(state);
        self.bell.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn take(&mut self, number: u64, holder: Holder) -> bool {
        let first = self.holder.is_none() && self.waiting.front().is_some_and(|(waits, _)| *waits == number);
        if first {
            self.waiting.pop_front();
            self.holder = Some(holder);
        }
        first
    }
}

impl Future for Place {
    type Output = Held;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Held> {
        let turn = Arc::clone(&self.turn);
        let mut state = turn.state.lock();
        let Some(number) = self.number else { return Poll::Pending };
        if state.take(number, Holder::Task) {
            self.number = None;
            drop(state);
            return Poll::Ready(Held(turn));
        }
        if let Some((_, waker)) = state.waiting.iter_mut().find(|(waits, _)| *waits == number) {
            *waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(number) = self.number.take() else { return };
        let mut state = self.turn.state.lock();
        state.waiting.retain(|(waits, _)| *waits != number);
        self.turn.tell(state);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.holder = None;
        self.0.tell(state);
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, task::Wake};

    use super::*;

    /// Counts how often it was woken.
    #[derive(Default)]
    struct Bell(std::sync::atomic::AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
    }

    fn look(place: &mut Place, bell: &Arc<Bell>) -> Option<Held> {
        let waker = Waker::from(Arc::clone(bell));
        match Pin::new(place).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(held) => Some(held),
            Poll::Pending => None,
        }
    }

    #[test]
    fn tasks_have_it_in_the_order_in_which_they_came() {
        let (turn, bell) = (Arc::<Turn>::default(), Arc::<Bell>::default());
        let (mut first, mut second, mut third) = (turn.place(), turn.place(), turn.place());
        assert!(look(&mut second, &bell).is_none(), "the first has not looked yet, and is first all the same");
        let held = look(&mut first, &bell).unwrap();
        assert!(look(&mut third, &bell).is_none());
        drop(held);
        assert_eq!(bell.0.load(std::sync::atomic::Ordering::SeqCst), 1);
        // One that gives up lets the next have it.
        drop(second);
        assert_eq!(bell.0.load(std::sync::atomic::Ordering::SeqCst), 2);
        assert!(look(&mut third, &bell).is_some());
        assert!(turn.take(true).is_ok());
    }

    #[test]
    fn a_thread_waits_for_a_task_unless_the_task_may_wait_for_it() {
        let (turn, bell) = (Arc::<Turn>::default(), Arc::<Bell>::default());
        let held = look(&mut turn.place(), &bell).unwrap();
        assert_eq!(turn.take(true).err().unwrap().code(), "busy");
        let (tell, hear) = mpsc::channel();
        let other = Arc::clone(&turn);
        let thread = std::thread::spawn(move || {
            tell.send(()).unwrap();
            drop(other.take(false).unwrap());
        });
        hear.recv().unwrap();
        drop(held);
        thread.join().unwrap();
    }

    #[test]
    fn a_thread_does_not_wait_for_itself() {
        let turn = Arc::<Turn>::default();
        let held = turn.take(false).unwrap();
        let again = turn.take(false).err().unwrap();
        assert_eq!((again.code(), again.known_outcome()), ("busy", Some(Outcome::NotSent)));
        drop(held);
        assert!(turn.take(false).is_ok());
    }

    #[test]
    fn a_thread_that_is_needed_goes_before_tasks_that_wait() {
        let (turn, bell) = (Arc::<Turn>::default(), Arc::<Bell>::default());
        let mut task = turn.place();
        let held = turn.take(true).unwrap();
        assert!(look(&mut task, &bell).is_none());
        drop(held);
        assert!(look(&mut task, &bell).is_some());
    }
}
