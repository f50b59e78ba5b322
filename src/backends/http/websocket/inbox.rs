//! What a WebSocket hears, on its way to whoever subscribed. What comes before the first subscription is kept, up to a
//! bound at which the peer has to wait; what comes after the last one has ended is dropped.

use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use crate::sys::lock::Mutex;

use crate::{
    backends::{Change, Feed, Sink, Teller},
    engine::websocket::{Close, Listener, Message, stage::End},
    error::{Error, code},
    value::{Object, Raw, Tree},
};

/// Messages that are kept for the first subscriber.
const KEPT: usize = 10_000;
/// Bytes of them; the last one may go beyond.
const KEPT_BYTES: usize = 16 << 20;

/// Messages on their way.
#[derive(Default)]
pub(super) struct Inbox(Mutex<State>);

#[derive(Default)]
struct State {
    sinks: Vec<(u64, Arc<dyn Sink>)>,
    /// For the first subscriber.
    kept: VecDeque<Raw>,
    kept_bytes: usize,
    /// Somebody has subscribed.
    heard: bool,
    /// The last number of a subscription.
    last: u64,
    /// The connection's task, when it waits for room or for the first subscriber.
    waker: Option<Waker>,
    teller: Option<Arc<dyn Teller>>,
    /// What happened before there was anybody to tell.
    early: Vec<Change>,
}

impl Inbox {
    /// The handle exists.
    pub fn start(&self, teller: Arc<dyn Teller>) {
        // One after the other, as they happened: what happens meanwhile comes behind them.
        loop {
            let mut state = self.0.lock();
            if state.early.is_empty() {
                state.teller = Some(teller);
                return;
            }
            let early = std::mem::take(&mut state.early);
            drop(state);
            for change in early {
                teller.tell(change);
            }
        }
    }

    /// This side has closed it, and the peer answered like this.
    pub fn closed(&self, close: &Close) {
        self.tell(Change::Ended { value: close_value(close), error: None });
    }

    fn tell(&self, change: Change) {
        let mut state = self.0.lock();
        match state.teller.clone() {
            Some(teller) => {
                drop(state);
                teller.tell(change);
            }
            None => state.early.push(change),
        }
    }

    /// Adds a subscriber. The first one hears what was kept.
    pub fn subscribe(inbox: &Arc<Inbox>, sink: Arc<dyn Sink>) -> Feed {
        let mut state = inbox.0.lock();
        state.last += 1;
        let number = state.last;
        state.heard = true;
        state.sinks.push((number, sink));
        // Under the lock: what comes next comes behind.
        state.hand_over();
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        Box::new(Subscribed { inbox: Arc::clone(inbox), number })
    }

    /// How many messages wait for the first subscriber.
    pub fn kept(&self) -> usize {
        self.0.lock().kept.len()
    }

    fn bring(&self, batch: &mut Vec<Raw>) {
        let mut state = self.0.lock();
        if !state.kept.is_empty() {
            // It was read before somebody subscribed, or had room for all that was kept: it comes behind that.
            state.keep(batch);
            state.hand_over();
            return;
        }
        let State { sinks, heard, .. } = &mut *state;
        let Some(((_, last), others)) = sinks.split_last() else {
            if *heard {
                drop(state);
                // Nobody is there any more.
                batch.clear();
                return;
            }
            state.keep(batch);
            return;
        };
        for (_, sink) in others {
            sink.bring_raw(&mut batch.iter().cloned());
        }
        last.bring_raw(&mut batch.drain(..));
    }

    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<usize> {
        let mut state = self.0.lock();
        if state.sinks.is_empty() {
            if state.heard {
                return Poll::Ready(usize::MAX);
            }
            let room = if state.kept_bytes < KEPT_BYTES { KEPT.saturating_sub(state.kept.len()) } else { 0 };
            if room > 0 {
                // Each message may be as large as the rest.
                return Poll::Ready(room);
            }
            state.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        state.hand_over();
        let mut least = usize::MAX;
        for (_, sink) in state.sinks.iter().filter(|(_, sink)| sink.holds_back()) {
            let room = if state.kept.is_empty() { sink.room() } else { 0 };
            if room == 0 {
                let (sink, waker) = (Arc::clone(sink), cx.waker().clone());
                // Also when it is unsubscribed.
                state.waker = Some(cx.waker().clone());
                drop(state);
                sink.when_roomy(waker);
                return Poll::Pending;
            }
            least = least.min(room);
        }
        Poll::Ready(least)
    }

    fn poll_settled(&self, cx: &mut Context<'_>, asked: bool) -> Poll<()> {
        let mut state = self.0.lock();
        if asked && !state.heard {
            // Who has said that it is over will not listen any more.
            let kept = std::mem::take(&mut state.kept);
            state.kept_bytes = 0;
            drop(state);
            drop(kept);
            return Poll::Ready(());
        }
        state.hand_over();
        if state.kept.is_empty() {
            return Poll::Ready(());
        }
        state.waker = Some(cx.waker().clone());
        let slow = state.sinks.first().map(|(_, sink)| Arc::clone(sink));
        drop(state);
        if let Some(sink) = slow {
            sink.when_roomy(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl State {
    fn keep(&mut self, batch: &mut Vec<Raw>) {
        self.kept_bytes += batch.iter().map(Raw::size).sum::<usize>();
        self.kept.extend(batch.drain(..));
    }

    /// Brings what was kept to the first subscriber, as far as it has room or does not mind.
    fn hand_over(&mut self) {
        if self.kept.is_empty() || !self.heard {
            return;
        }
        let Some((_, sink)) = self.sinks.first() else {
            // It has gone before it had everything, and nobody else is there.
            self.kept.clear();
            self.kept_bytes = 0;
            return;
        };
        let count = if sink.holds_back() { sink.room().min(self.kept.len()) } else { self.kept.len() };
        if count > 0 {
            sink.bring_raw(&mut self.kept.drain(..count));
        }
        if self.kept.is_empty() {
            self.kept = VecDeque::new();
            self.kept_bytes = 0;
        }
    }
}

/// One subscription; dropping it ends it.
struct Subscribed {
    inbox: Arc<Inbox>,
    number: u64,
}

impl Drop for Subscribed {
    fn drop(&mut self) {
        let mut state = self.inbox.0.lock();
        let at = state.sinks.iter().position(|(number, _)| *number == self.number);
        let gone = at.map(|at| state.sinks.remove(at));
        // It may have been the one that had no room.
        let waker = state.waker.take();
        drop(state);
        drop(gone);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// What the connection talks to.
pub(super) struct Hearing {
    inbox: Arc<Inbox>,
    batch: Vec<Raw>,
}

impl Hearing {
    /// Brings to this inbox.
    pub fn new(inbox: Arc<Inbox>) -> Hearing {
        Hearing { inbox, batch: Vec::new() }
    }
}

impl Listener for Hearing {
    fn message(&mut self, message: Message<'_>) {
        self.batch.push(match message {
            Message::Text(text) => Raw::text(text),
            Message::Bytes(bytes) => Raw::bytes(bytes),
        });
    }

    fn flush(&mut self) {
        self.inbox.bring(&mut self.batch);
    }

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        self.inbox.poll_room(cx)
    }

    fn lost(&mut self, close: &Close, error: Error) {
        self.inbox.tell(Change::Lost(error.with("close_code", i64::from(close.code))));
    }

    fn restored(&mut self) {
        self.inbox.tell(Change::Restored(Tree::Object(Object::default())));
    }

    fn poll_settled(&mut self, cx: &mut Context<'_>, asked: bool) -> Poll<()> {
        self.inbox.poll_settled(cx, asked)
    }

    fn ended(&mut self, end: End) {
        // The sinks hear of it by the end of the whole handle.
        let error = end.error.filter(|error| error.code() != code::CANCELLED.word);
        self.inbox.tell(Change::Ended { value: close_value(&end.close), error });
    }
}

/// A close as the host sees it.
pub(super) fn close_value(close: &Close) -> Tree {
    let mut value = Object::default();
    value.insert("code", Tree::Int(close.code.into()));
    value.insert("reason", Tree::from(&*close.reason));
    Tree::Object(value)
}
