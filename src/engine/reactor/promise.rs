//! One value from one thread or task to another. A giver that goes without giving is noticed.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use crate::sys::lock::Mutex;

struct State<T> {
    value: Option<T>,
    waker: Option<Waker>,
    /// The giver has gone.
    over: bool,
}

/// Who gives.
pub struct Giver<T>(Arc<Mutex<State<T>>>);

/// Who waits; a future of the value, or `None` when there will be none.
pub struct Taker<T>(Arc<Mutex<State<T>>>);

/// Both ends.
#[must_use]
pub fn pair<T>() -> (Giver<T>, Taker<T>) {
    let state = Arc::new(Mutex::new(State { value: None, waker: None, over: false }));
    (Giver(Arc::clone(&state)), Taker(state))
}

impl<T> Giver<T> {
    /// Gives.
    pub fn give(self, value: T) {
        self.0.lock().value = Some(value);
    }
}

impl<T> Drop for Giver<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.over = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Taker<T> {
    /// The value, once.
    pub fn poll_take(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.0.lock();
        if state.over {
            return Poll::Ready(state.value.take());
        }
        if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            state.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl<T> Future for Taker<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.poll_take(cx)
    }
}
