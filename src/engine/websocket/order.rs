//! What is asked of a connection, and the ticket by which whoever asked hears of it.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use crate::sys::lock::Mutex;

use super::{Payload, frame::Close, outbox::Outbox};
use crate::error::{Outcome, Result};

/// What to do.
#[derive(Clone, Debug)]
pub enum What {
    /// Send a message.
    Message(Payload),
    /// Ask whether the peer is there.
    Ping,
    /// Say that it is over.
    Close(Close),
    /// Send what is left of a frame, of which a shortcut sent the beginning: before anything else.
    Rest(Vec<u8>),
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Done {
    /// The bytes of the message were handed to the system.
    Sent,
    /// The peer answered after this time.
    Pong(Duration),
    /// The connection ended like this.
    Closed(Close),
}

/// One order.
#[derive(Debug)]
pub struct Order {
    /// What to do.
    pub what: What,
    /// Who hears of it.
    pub slot: Arc<Slot>,
}

/// Where the result of an order is left.
#[derive(Debug, Default)]
pub struct Slot(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    result: Option<Result<Done>>,
    waker: Option<Waker>,
}

impl Slot {
    /// Leaves the result; the first one counts.
    pub fn leave(&self, result: Result<Done>) {
        let mut state = self.0.lock();
        if state.result.is_some() {
            return;
        }
        state.result = Some(result);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Waits for the result of an order. Dropping it takes the order back if nothing of it was done.
#[derive(Debug)]
pub struct Ticket {
    pub(super) slot: Arc<Slot>,
    pub(super) outbox: Arc<Outbox>,
    /// Of its place in the outbox; 0 when it never had one.
    pub(super) number: u64,
    pub(super) taken: bool,
}

impl Ticket {
    /// The result, once it is there; once.
    pub fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<Result<Done>> {
        let mut state = self.slot.0.lock();
        if let Some(result) = state.result.take() {
            self.taken = true;
            return Poll::Ready(result);
        }
        if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            state.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// The result, if it is there.
    pub fn take(&mut self) -> Option<Result<Done>> {
        let result = self.slot.0.lock().result.take();
        self.taken |= result.is_some();
        result
    }

    /// Waits no longer: takes the order back, and tells whether it may have been done.
    #[must_use]
    pub fn give_up(mut self) -> Outcome {
        self.taken = true;
        if self.outbox.withdraw(self.number) { Outcome::NotSent } else { Outcome::Unknown }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.taken {
            self.outbox.withdraw(self.number);
        }
    }
}

impl Future for Ticket {
    type Output = Result<Done>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Done>> {
        self.poll_done(cx)
    }
}
