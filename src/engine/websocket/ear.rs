//! What the decoder of a connection talks to: messages go to the listener, pings are answered, pongs are awaited.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use super::{
    Message,
    decoder::{Flow, Receiver},
    frame::{Close, Control},
    link::Listener,
    order::{Done, Slot},
    stats::Stats,
};
use crate::clock;

/// Pongs that wait for their turn; of more pings only the last is answered (RFC 6455 5.5.3).
const PONGS: usize = 16;

/// Questions to the peer.
#[derive(Default)]
pub(super) struct Pings {
    pub next: u64,
    pub asked: VecDeque<(u64, Instant, Option<Arc<Slot>>)>,
}

/// What the decoder talks to.
pub(super) struct Ear<'a, L> {
    pub listener: &'a mut L,
    pub room: usize,
    pub closing: bool,
    pub controls: &'a mut VecDeque<(Control, Vec<u8>)>,
    pub pings: &'a mut Pings,
    pub stats: &'a Stats,
    pub close: Option<Close>,
    pub messages: u64,
}

impl<L: Listener> Receiver for Ear<'_, L> {
    fn message(&mut self, message: Message<'_>) -> Flow {
        self.messages += 1;
        if self.room == 0 {
            // This side said that it is over, and nobody has room: it is what a connection that was dropped would do.
            return Flow::On;
        }
        self.listener.message(message);
        self.room -= 1;
        if self.room == 0 && !self.closing { Flow::Pause } else { Flow::On }
    }

    fn ping(&mut self, payload: &[u8]) {
        let pongs = self.controls.iter().filter(|(kind, _)| *kind == Control::Pong).count();
        if pongs >= PONGS
            && let Some(last) = self.controls.iter_mut().rev().find(|(kind, _)| *kind == Control::Pong)
        {
            last.1 = payload.to_vec();
            return;
        }
        self.controls.push_back((Control::Pong, payload.to_vec()));
    }

    fn pong(&mut self, payload: &[u8]) {
        let Ok(number) = payload.try_into().map(u64::from_be_bytes) else { return };
        let Some(at) = self.pings.asked.iter().position(|(asked, _, _)| *asked == number) else { return };
        let now = clock::now();
        // A pong answers those before as well: of several pings a peer may answer the last alone.
        for (_, asked, slot) in self.pings.asked.drain(..=at) {
            let rtt = now.saturating_duration_since(asked);
            let counted = u64::try_from(rtt.as_nanos()).unwrap_or(u64::MAX).max(1);
            self.stats.rtt_ns.store(counted, Ordering::Relaxed);
            if let Some(slot) = slot {
                slot.leave(Ok(Done::Pong(rtt)));
            }
        }
    }

    fn close(&mut self, close: Close) {
        self.close = Some(close);
    }
}
