//! The orders that wait for a connection. They are done in the order in which they were given, whoever gives them; what
//! waits is bounded, because whoever sends faster than the peer reads has to wait or to be told.

use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use crate::sys::lock::Mutex;

use super::{
    frame::Close,
    order::{Done, Order, Slot, Ticket, What},
};
use crate::error::{Error, Outcome, Result, code};

/// Bytes of messages that may wait before those who do not wait themselves are refused.
pub const WAITING_LIMIT: usize = 64 << 20;

/// How things stand with the connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Phase {
    /// It takes orders.
    Open,
    /// It was lost and is being made again.
    Lost,
    /// It is being closed.
    Closing,
    /// It ended like this.
    Ended(Close),
}

/// The orders of one connection, or of several that follow one another.
#[derive(Debug)]
pub struct Outbox(Mutex<State>);

#[derive(Debug)]
struct State {
    phase: Phase,
    queue: VecDeque<Order>,
    /// Bytes of the messages in the queue.
    bytes: usize,
    /// Who does the orders.
    waker: Option<Waker>,
    /// This side wants the end.
    asked: bool,
}

impl Default for Outbox {
    fn default() -> Outbox {
        Outbox(Mutex::new(State { phase: Phase::Open, queue: VecDeque::new(), bytes: 0, waker: None, asked: false }))
    }
}

impl Outbox {
    /// Gives an order. `waits` says that a thread waits for it, so that there cannot be many.
    ///
    /// # Errors
    /// `connection_lost`, `closed` or `limit`, all with the outcome `not_sent`.
    pub fn order(self: &Arc<Self>, what: What, waits: bool) -> Result<Ticket> {
        let slot = Arc::new(Slot::default());
        let size = size(&what);
        let mut state = self.0.lock();
        match &state.phase {
            Phase::Open => {}
            // Whoever waits for it to come back hears that it is not wanted any more.
            Phase::Lost if matches!(what, What::Close(_)) => {}
            Phase::Lost => return Err(lost("the connection was lost and is being restored").outcome(Outcome::NotSent)),
            Phase::Closing if matches!(what, What::Close(_)) => {}
            Phase::Ended(close) if matches!(what, What::Close(_)) => {
                slot.leave(Ok(Done::Closed(close.clone())));
                return Ok(Ticket { slot, outbox: Arc::clone(self), taken: false });
            }
            Phase::Closing | Phase::Ended(_) => {
                return Err(Error::new(&code::CLOSED, "the WebSocket was closed").outcome(Outcome::NotSent));
            }
        }
        if !waits && size > 0 && state.bytes > 0 && state.bytes + size > WAITING_LIMIT {
            let message = format!("{} bytes of messages waited for the peer to read", state.bytes);
            return Err(Error::new(&code::LIMIT, message).outcome(Outcome::NotSent));
        }
        state.bytes += size;
        if matches!(what, What::Close(_)) {
            state.asked = true;
            if state.phase == Phase::Open {
                state.phase = Phase::Closing;
            }
        }
        state.queue.push_back(Order { what, slot: Arc::clone(&slot) });
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(Ticket { slot, outbox: Arc::clone(self), taken: false })
    }

    /// The next order; from then on it counts as begun.
    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Order> {
        let mut state = self.0.lock();
        match state.queue.pop_front() {
            Some(order) => {
                state.bytes -= size(&order.what);
                Poll::Ready(order)
            }
            None => {
                if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                    state.waker = Some(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }

    /// Takes an order back; false when it was begun. A close stays, whoever waits for it: nothing is taken any more, and
    /// without it the connection would be of no use and never end.
    pub(super) fn withdraw(&self, slot: &Arc<Slot>) -> bool {
        let mut state = self.0.lock();
        let is_it = |order: &Order| Arc::ptr_eq(&order.slot, slot) && !matches!(order.what, What::Close(_));
        let Some(at) = state.queue.iter().position(is_it) else { return false };
        let order = state.queue.remove(at);
        if let Some(order) = &order {
            state.bytes -= size(&order.what);
        }
        drop(state);
        drop(order);
        true
    }

    /// Whether this side wanted the end.
    pub fn is_asked(&self) -> bool {
        self.0.lock().asked
    }

    /// How things stand.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.0.lock().phase.clone()
    }

    /// How many orders wait, and how many bytes their messages have.
    #[must_use]
    pub fn waiting(&self) -> (usize, usize) {
        let state = self.0.lock();
        (state.queue.len(), state.bytes)
    }

    /// The connection stands again.
    pub fn reopen(&self) {
        let mut state = self.0.lock();
        if state.phase == Phase::Lost {
            state.phase = Phase::Open;
        }
    }

    /// The peer began to close: nothing more is taken, and what waits is refused.
    pub fn shut(&self) {
        let mut state = self.0.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Closing;
        }
        drop(state);
        self.refuse();
    }

    /// The connection was lost and will be made again: what waits is not sent. False when somebody has asked for its
    /// end meanwhile.
    #[must_use]
    pub fn lose(&self) -> bool {
        let mut state = self.0.lock();
        let goes_on = !state.asked;
        if goes_on {
            state.phase = Phase::Lost;
        }
        drop(state);
        if goes_on {
            self.refuse();
        }
        goes_on
    }

    /// It is over: what waits is not sent, and those who wait for the end hear of it.
    pub fn end(&self, close: &Close) {
        let mut state = self.0.lock();
        state.phase = Phase::Ended(close.clone());
        state.bytes = 0;
        let queue = std::mem::take(&mut state.queue);
        drop(state);
        for order in queue {
            order.slot.leave(match order.what {
                What::Close(_) => Ok(Done::Closed(close.clone())),
                _ => Err(Error::new(&code::CLOSED, "the WebSocket was closed").outcome(Outcome::NotSent)),
            });
        }
    }

    /// Refuses what waits, closes excepted.
    fn refuse(&self) {
        let mut state = self.0.lock();
        state.bytes = 0;
        let (kept, refused) =
            std::mem::take(&mut state.queue).into_iter().partition(|order| matches!(order.what, What::Close(_)));
        state.queue = kept;
        drop(state);
        let refused: VecDeque<Order> = refused;
        for order in refused {
            order.slot.leave(Err(lost("the connection ended before").outcome(Outcome::NotSent)));
        }
    }
}

fn size(what: &What) -> usize {
    match what {
        What::Message(payload) => payload.bytes().len(),
        What::Ping | What::Close(_) => 0,
    }
}

/// The error of a connection that ended without a close.
pub(super) fn lost(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(&code::CONNECTION_LOST, message)
}
