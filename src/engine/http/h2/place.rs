//! The queue for the streams of a line: as many calls as the server takes have a [`Place`], all others wait in turn.

use std::{
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
};

use bytes::Bytes;
use h2::client::SendRequest;

use super::line::{Line, Phase, wake};
use crate::clock;

/// A call that waits for its stream. The protocol's crate has a queue of its own, in which a request that was given up
/// is sent all the same before its stream is reset: nothing is to wait there.
pub struct Approach {
    line: Arc<Line>,
    sender: SendRequest<Bytes>,
    number: Option<u64>,
    look: bool,
}

impl Approach {
    /// A call that wants to use this line; with `look`, an idle connection is looked at before.
    #[must_use]
    pub fn new(line: Arc<Line>, sender: SendRequest<Bytes>, look: bool) -> Approach {
        Approach { line, sender, number: None, look }
    }

    /// Waits for the place, in turn; none when the line takes no more calls.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Place>> {
        let line = &self.line;
        if self.look && line.streams() == 0 {
            match line.poll_quiet(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(false) => {
                    line.retire();
                    return Poll::Ready(None);
                }
                Poll::Ready(true) => self.look = false,
            }
        }
        let mut state = line.state.lock();
        if line.tally.is_leaving() || !matches!(state.phase, Phase::Open(_)) {
            return Poll::Ready(None);
        }
        let first = state.queue.first_key_value().is_none_or(|(number, _)| Some(*number) == self.number);
        if first && line.streams() < self.sender.current_max_send_streams() {
            line.streams.fetch_add(1, Ordering::AcqRel);
            if self.number.take().is_some() {
                state.queue.pop_first();
            }
            // There may be room for the next one too.
            let next = state.next_in_turn();
            wake(next, state);
            return Poll::Ready(Some(Place(Arc::clone(line))));
        }
        match self.number {
            Some(number) => {
                if let Some(waker) = state.queue.get_mut(&number) {
                    waker.clone_from(cx.waker());
                }
            }
            None => {
                state.tickets += 1;
                let number = state.tickets;
                self.number = Some(number);
                state.queue.insert(number, cx.waker().clone());
            }
        }
        Poll::Pending
    }

    /// What opens the stream.
    #[must_use]
    pub fn sender(&self) -> SendRequest<Bytes> {
        self.sender.clone()
    }
}

impl Drop for Approach {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut state = self.line.state.lock();
        let was_first = state.queue.first_key_value().is_some_and(|(first, _)| *first == number);
        let gone = state.queue.remove(&number);
        if !was_first {
            drop(state);
            drop(gone);
            return;
        }
        let next = state.next_in_turn();
        wake(next, state);
    }
}

/// A stream's place on a line.
pub struct Place(Arc<Line>);

impl Place {
    /// The line.
    #[must_use]
    pub fn line(&self) -> &Arc<Line> {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        if self.0.streams.fetch_sub(1, Ordering::AcqRel) == 1 {
            state.idle_since = clock::now();
        }
        let next = state.next_in_turn();
        wake(next, state);
    }
}
