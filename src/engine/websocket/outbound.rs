//! What goes out over one connection: frames made ready, as much as one write takes, and whose messages are in them.

use std::{
    collections::VecDeque,
    io,
    sync::Arc,
    task::{Context, Poll, ready},
};

use super::{
    deflate::Agreed,
    encoder::Encoder,
    frame::Control,
    order::{Done, Slot},
    stats::{Stats, add_shared},
};
use crate::engine::{net::stream::Stream, reactor::wire::Watched};

/// Bytes that are made ready at once: as much as one write takes.
pub(super) const READY: usize = 64 << 10;

/// What goes out.
pub(super) struct Outbound {
    pub encoder: Encoder,
    pub out: Vec<u8>,
    /// So much of `out` was sent.
    pub sent: usize,
    /// Bytes that `out` held before.
    pub base: u64,
    /// The message that is being written.
    pub current: Option<Arc<Slot>>,
    /// Messages that are all in `out`, with the place of their end.
    pub written: VecDeque<(u64, Arc<Slot>)>,
    pub controls: VecDeque<(Control, Vec<u8>)>,
    /// What writing failed with; what the peer said before it went may still be read.
    pub failure: Option<io::Error>,
    pub messages: u64,
    /// What the statistics know of messages and bytes.
    counted: (u64, u64),
}

impl Outbound {
    /// Nothing was sent yet.
    pub fn new(deflate: Option<Agreed>) -> Outbound {
        Outbound {
            encoder: Encoder::new(deflate),
            out: Vec::new(),
            sent: 0,
            base: 0,
            current: None,
            written: VecDeque::new(),
            controls: VecDeque::new(),
            failure: None,
            messages: 0,
            counted: (0, 0),
        }
    }

    /// Bytes that are ready and not sent.
    pub fn pending(&self) -> usize {
        self.out.len() - self.sent
    }

    /// Sends once: true when something went, false when there was nothing to send.
    pub fn send(
        &mut self,
        watched: &Watched,
        stream: &mut Stream,
        stats: &Stats,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<bool>> {
        loop {
            let nothing = self.pending() == 0;
            let sent = if nothing {
                stream.try_flush().map(|()| 0)
            } else {
                stream.try_send(self.out.get(self.sent..).unwrap_or_default(), &[])
            };
            match sent {
                Ok(count) => {
                    self.sent += count;
                    if self.sent == self.out.len() {
                        self.base += self.sent as u64;
                        self.out.clear();
                        self.sent = 0;
                    } else if self.sent >= READY {
                        self.out.drain(..self.sent);
                        self.base += self.sent as u64;
                        self.sent = 0;
                    }
                    if !stream.wants_write() {
                        // Who hears that it is sent finds it counted.
                        self.count(stats);
                        self.tell();
                    }
                    return Poll::Ready(Ok(!nothing));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    watched.write_full(cx);
                    ready!(watched.poll_write(cx))?;
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Tells the statistics what is new.
    pub fn count(&mut self, stats: &Stats) {
        let (messages, bytes) = (self.messages, self.base + self.sent as u64);
        add_shared(&stats.messages_sent, messages - self.counted.0);
        add_shared(&stats.bytes_sent, bytes - self.counted.1);
        self.counted = (messages, bytes);
    }

    /// Tells whose messages were handed to the system.
    fn tell(&mut self) {
        let sent = self.base + self.sent as u64;
        while self.written.front().is_some_and(|(end, _)| *end <= sent) {
            if let Some((_, slot)) = self.written.pop_front() {
                slot.leave(Ok(Done::Sent));
            }
        }
    }
}
