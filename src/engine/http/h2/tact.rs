//! Waking others when they can go on. The protocol's crate wakes under its lock, once for the head of an answer, for each
//! piece of its body and for its end: a thread that is woken there runs into the lock, sleeps again, and is woken again.
//! So wake-ups are kept back while a thread works on a connection, and go out behind it, one for each who waits.

use std::{
    cell::Cell,
    sync::Arc,
    task::{Wake, Waker},
};

thread_local! {
    static HOLDS: Cell<u32> = const { Cell::new(0) };
    static HELD: Cell<Vec<Waker>> = const { Cell::new(Vec::new()) };
}

/// While it lives, [`keep`] keeps the wake-ups of this thread. It stays on its thread: a task of the reactor must not have it
/// across an `await`, where others would have their turn.
#[derive(Debug)]
pub struct Hold(());

impl Hold {
    /// From now on.
    #[must_use]
    pub fn new() -> Hold {
        HOLDS.set(HOLDS.get() + 1);
        Hold(())
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        HOLDS.set(HOLDS.get().saturating_sub(1));
        if !is_held() {
            let_out();
        }
    }
}

/// Lets out what was kept until now: before the thread sleeps, and when it works for long.
pub fn flush() {
    if is_held() {
        let_out();
    }
}

fn let_out() {
    let mut held = HELD.take();
    // What is kept meanwhile, by whoever is woken, is not lost.
    held.drain(..).for_each(Waker::wake);
    let newer = HELD.replace(held);
    if !newer.is_empty() {
        HELD.set(newer);
    }
}

/// Whether wake-ups are kept now.
#[must_use]
pub fn is_held() -> bool {
    HOLDS.get() > 0
}

/// Keeps a wake-up for later; false when nothing is kept now, and it is to be done at once.
#[must_use]
pub fn keep(waker: &Waker) -> bool {
    if !is_held() {
        return false;
    }
    let mut held = HELD.take();
    if !held.iter().any(|other| other.will_wake(waker)) {
        held.push(waker.clone());
    }
    HELD.set(held);
    true
}

/// A waker that can wait, around another one.
struct Patient(Waker);

impl Wake for Patient {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !keep(&self.0) {
            self.0.wake_by_ref();
        }
    }
}

/// The patient waker of one task.
#[derive(Default, Debug)]
pub struct Knock(Option<(Waker, Waker)>);

impl Knock {
    /// What wakes `task`, later if need be.
    pub fn of(&mut self, task: &Waker) -> &Waker {
        if !self.0.as_ref().is_some_and(|(known, _)| known.will_wake(task)) {
            self.0 = None;
        }
        &self.0.get_or_insert_with(|| (task.clone(), Waker::from(Arc::new(Patient(task.clone()))))).1
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn wake_ups_go_out_once_behind_the_outermost_hold_and_at_once_without_one() {
        let count = Arc::<Count>::default();
        let told = || count.0.load(Ordering::Relaxed);
        let mut knock = Knock::default();
        let waker = knock.of(&Waker::from(Arc::clone(&count))).clone();
        waker.wake_by_ref();
        assert_eq!(told(), 1);
        let outer = Hold::new();
        waker.wake_by_ref();
        let inner = Hold::new();
        waker.wake_by_ref();
        drop(inner);
        assert_eq!(told(), 1);
        drop(outer);
        assert_eq!(told(), 2);
    }

    #[test]
    fn a_flush_lets_out_what_was_kept_and_goes_on_keeping() {
        let count = Arc::<Count>::default();
        let told = || count.0.load(Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&count));
        assert!(!keep(&waker));
        let hold = Hold::new();
        assert!(keep(&waker));
        flush();
        assert_eq!(told(), 1);
        assert!(keep(&waker));
        assert_eq!(told(), 1);
        drop(hold);
        assert_eq!(told(), 2);
    }

    #[test]
    fn what_a_woken_one_keeps_is_not_lost() {
        /// Wakes another one through `keep` when it is woken itself.
        struct Chain(Waker);
        impl Wake for Chain {
            fn wake(self: Arc<Self>) {
                assert!(keep(&self.0));
            }
        }
        let count = Arc::<Count>::default();
        let hold = Hold::new();
        assert!(keep(&Waker::from(Arc::new(Chain(Waker::from(Arc::clone(&count)))))));
        flush();
        assert_eq!(count.0.load(Ordering::Relaxed), 0);
        drop(hold);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
    }
}
