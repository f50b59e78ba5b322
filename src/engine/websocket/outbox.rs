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
    shortcut::{Shortcut, Went},
    stats::Stats,
};
use crate::{
    error::{Error, Outcome, Result, code},
    sys::socket::Socket,
};

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
    /// In the order of their numbers.
    queue: VecDeque<Waiting>,
    /// The number of the last one.
    last: u64,
    /// Orders that were taken back and still have a place in the queue.
    gone: usize,
    /// Bytes of the messages in the queue.
    bytes: usize,
    /// Who does the orders.
    waker: Option<Waker>,
    /// This side wants the end.
    asked: bool,
    /// Past whoever does the orders.
    shortcut: Option<Box<Shortcut>>,
    /// The shortcut may be taken: whoever does the orders has nothing to write.
    open: bool,
}

/// A place in the queue. It stays when its order is taken back, as thousands may be at once, and each would move all
/// that follow.
#[derive(Debug)]
struct Waiting {
    number: u64,
    order: Option<Order>,
}

impl Default for Outbox {
    fn default() -> Outbox {
        Outbox(Mutex::new(State {
            phase: Phase::Open,
            queue: VecDeque::new(),
            last: 0,
            gone: 0,
            bytes: 0,
            waker: None,
            asked: false,
            shortcut: None,
            open: false,
        }))
    }
}

impl Outbox {
    /// Gives an order. `waits` says that a thread waits for it, so that there cannot be many.
    ///
    /// # Errors
    /// `connection_lost`, `closed` or `limit`, all with the outcome `not_sent`.
    pub fn order(self: &Arc<Self>, what: What, waits: bool) -> Result<Ticket> {
        let (ticket, waker) = self.enter(what, waits, true)?;
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(ticket)
    }

    /// The same for a thread that waits and calls [`Outbox::push`] next: until then nobody need begin with it.
    ///
    /// # Errors
    /// As [`Outbox::order`].
    pub fn order_quietly(self: &Arc<Self>, what: What) -> Result<Ticket> {
        self.enter(what, true, false).map(|(ticket, _)| ticket)
    }

    /// Has done what was ordered quietly: at once on this thread, if it is the only thing to do, else as any other order.
    pub fn push(&self, stats: &Stats) {
        let mut state = self.0.lock();
        let State { queue, shortcut, open, bytes, waker, .. } = &mut *state;
        let mut sent = None;
        if *open
            && queue.len() == 1
            && let Some(shortcut) = shortcut
            && let Some(Waiting { order, .. }) = queue.front_mut()
            && let Some(Order { what, slot }) = order
            && let What::Message(payload) = what
        {
            let size = payload.bytes().len();
            match shortcut.send(payload, stats) {
                Went::Whole => {
                    sent = Some(Arc::clone(slot));
                    *bytes -= size;
                    queue.clear();
                }
                Went::Partly(rest) => {
                    *bytes = *bytes - size + rest.len();
                    *what = What::Rest(rest);
                    *open = false;
                }
                Went::Not => {}
            }
        }
        // It may be that others have done it meanwhile.
        let waker = if queue.is_empty() { None } else { waker.take() };
        drop(state);
        if let Some(slot) = sent {
            slot.leave(Ok(Done::Sent));
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// From now on messages may take a shortcut to this socket, when whoever does the orders leaves it open.
    pub(super) fn lend(&self, socket: Socket) {
        self.0.lock().shortcut = Some(Box::new(Shortcut::new(socket)));
    }

    /// The connection ends: nobody writes to its socket any more, and what a shortcut left of a message is not sent.
    pub(super) fn take_back(&self) {
        let mut state = self.0.lock();
        let shortcut = state.shortcut.take();
        let rest = state.close_shortcut();
        drop(state);
        drop(shortcut);
        if let Some(Order { slot, .. }) = rest {
            slot.leave(Err(lost("the connection ended inside the message").outcome(Outcome::Unknown)));
        }
    }

    /// Whoever does the orders has something else to write. What a shortcut left of a message comes first.
    pub(super) fn close_shortcut(&self) -> Option<Order> {
        self.0.lock().close_shortcut()
    }

    fn enter(self: &Arc<Self>, what: What, waits: bool, wakes: bool) -> Result<(Ticket, Option<Waker>)> {
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
                return Ok((Ticket { slot, outbox: Arc::clone(self), number: 0, taken: false }, None));
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
        state.last += 1;
        let number = state.last;
        state.queue.push_back(Waiting { number, order: Some(Order { what, slot: Arc::clone(&slot) }) });
        let waker = if wakes { state.waker.take() } else { None };
        drop(state);
        Ok((Ticket { slot, outbox: Arc::clone(self), number, taken: false }, waker))
    }

    /// The next order; from then on it counts as begun. Without one the shortcut is open if `idle`: there is nothing else
    /// to write either.
    pub fn poll_next(&self, cx: &mut Context<'_>, idle: bool) -> Poll<Order> {
        let mut state = self.0.lock();
        while let Some(Waiting { order, .. }) = state.queue.pop_front() {
            let Some(order) = order else {
                state.gone -= 1;
                continue;
            };
            state.bytes -= size(&order.what);
            state.open = false;
            return Poll::Ready(order);
        }
        state.open = idle;
        if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            state.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Takes an order back; false when it was begun. A close stays, whoever waits for it: nothing is taken any more, and
    /// without it the connection would be of no use and never end.
    pub(super) fn withdraw(&self, number: u64) -> bool {
        let mut state = self.0.lock();
        let Ok(at) = state.queue.binary_search_by_key(&number, |waiting| waiting.number) else { return false };
        let Some(waiting) = state.queue.get_mut(at) else { return false };
        let Some(order) = waiting.order.take_if(|order| !matches!(order.what, What::Close(_) | What::Rest(_))) else {
            return false;
        };
        state.bytes -= size(&order.what);
        state.gone += 1;
        if state.gone > state.queue.len() / 2 {
            state.queue.retain(|waiting| waiting.order.is_some());
            state.gone = 0;
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
        (state.queue.len() - state.gone, state.bytes)
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
        state.gone = 0;
        let queue = std::mem::take(&mut state.queue);
        drop(state);
        for order in queue.into_iter().filter_map(|waiting| waiting.order) {
            order.slot.leave(match order.what {
                What::Close(_) => Ok(Done::Closed(close.clone())),
                What::Rest(_) => Err(lost("the connection ended inside the message").outcome(Outcome::Unknown)),
                _ => Err(Error::new(&code::CLOSED, "the WebSocket was closed").outcome(Outcome::NotSent)),
            });
        }
    }

    /// Refuses what waits, closes excepted, and what is left of a frame: whatever is said before the end comes behind it.
    fn refuse(&self) {
        let mut state = self.0.lock();
        let stays = |waiting: &Waiting| {
            waiting.order.as_ref().is_some_and(|order| matches!(order.what, What::Close(_) | What::Rest(_)))
        };
        let (kept, refused): (VecDeque<Waiting>, _) = std::mem::take(&mut state.queue).into_iter().partition(stays);
        state.bytes = kept.iter().filter_map(|waiting| waiting.order.as_ref()).map(|order| size(&order.what)).sum();
        (state.queue, state.gone) = (kept, 0);
        drop(state);
        let refused: VecDeque<Waiting> = refused;
        for order in refused.into_iter().filter_map(|waiting| waiting.order) {
            order.slot.leave(Err(lost("the connection ended before").outcome(Outcome::NotSent)));
        }
    }
}

impl State {
    fn close_shortcut(&mut self) -> Option<Order> {
        self.open = false;
        let is_rest = |order: &mut Order| matches!(order.what, What::Rest(_));
        let rest = self.queue.front_mut()?.order.take_if(is_rest)?;
        self.queue.pop_front();
        self.bytes -= size(&rest.what);
        Some(rest)
    }
}

fn size(what: &What) -> usize {
    match what {
        What::Message(payload) => payload.bytes().len(),
        What::Rest(rest) => rest.len(),
        What::Ping | What::Close(_) => 0,
    }
}

/// The error of a connection that ended without a close.
pub(super) fn lost(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(&code::CONNECTION_LOST, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::websocket::Payload;

    fn send(outbox: &Arc<Outbox>, text: &str) -> Ticket {
        outbox.order(What::Message(Payload::Text(text.into())), false).unwrap()
    }

    fn next(outbox: &Outbox) -> Option<String> {
        match outbox.poll_next(&mut Context::from_waker(Waker::noop()), false) {
            Poll::Ready(Order { what: What::Message(payload), .. }) => {
                Some(String::from_utf8(payload.bytes().to_vec()).unwrap())
            }
            Poll::Ready(Order { what, .. }) => Some(format!("{what:?}")),
            Poll::Pending => None,
        }
    }

    #[test]
    fn orders_are_taken_back_from_anywhere() {
        let outbox = Arc::<Outbox>::default();
        let mut tickets: VecDeque<Ticket> = ["a", "b", "c", "d", "e"].map(|text| send(&outbox, text)).into();
        assert_eq!(outbox.waiting(), (5, 5));
        assert_eq!(tickets.remove(1).unwrap().give_up(), Outcome::NotSent);
        assert_eq!(outbox.waiting(), (4, 4));
        assert_eq!(next(&outbox).as_deref(), Some("a"));
        assert_eq!(tickets.pop_front().unwrap().give_up(), Outcome::Unknown, "it was begun");
        drop(tickets.pop_front());
        drop(tickets.pop_front());
        assert_eq!(outbox.waiting(), (1, 1));
        let last = send(&outbox, "f");
        assert_eq!([next(&outbox), next(&outbox), next(&outbox)], [Some("e".to_owned()), Some("f".to_owned()), None]);
        assert_eq!((outbox.waiting(), last.give_up()), ((0, 0), Outcome::Unknown));
    }

    #[test]
    fn what_was_taken_back_leaves_no_memory_behind() {
        let outbox = Arc::<Outbox>::default();
        let first = send(&outbox, "stuck");
        for _ in 0..10_000 {
            drop(send(&outbox, "given up"));
        }
        assert!(outbox.0.lock().queue.len() <= 3);
        assert_eq!(outbox.waiting().0, 1);
        drop(first);
    }

    #[test]
    fn a_hundred_thousand_are_taken_back_at_once() {
        let outbox = Arc::<Outbox>::default();
        let mut tickets: Vec<Ticket> = (0..100_000).map(|_| send(&outbox, "x")).collect();
        // From the end, which a search from the front would take a minute for.
        let begin = crate::clock::now();
        while let Some(ticket) = tickets.pop() {
            assert_eq!(ticket.give_up(), Outcome::NotSent);
        }
        assert!(crate::clock::now().duration_since(begin).as_secs() < 5);
        assert_eq!(outbox.waiting(), (0, 0));
    }

    #[test]
    fn a_close_is_not_taken_back() {
        let outbox = Arc::<Outbox>::default();
        let ticket = outbox.order(What::Close(Close::new(1000, "")), true).unwrap();
        assert_eq!(ticket.give_up(), Outcome::Unknown);
        assert!(next(&outbox).is_some_and(|what| what.starts_with("Close")));
    }
}
