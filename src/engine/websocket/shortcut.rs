//! The short way out: while the task of a connection has nothing to write, a thread that is about to wait for an answer writes
//! its message to the socket itself. That saves waking the task for it, a third of what a small exchange takes.
//!
//! The outbox's lock says whose turn it is: a shortcut is taken with the lock held, while it is open, and the task closes it
//! before it writes anything. Sending never waits; what does not fit is the task's.

use super::{
    Payload,
    encoder::Encoder,
    outbound::READY,
    stats::{Stats, add_shared},
};
use crate::sys::socket::Socket;

/// A way to write to the socket of a connection.
#[derive(Debug)]
pub(super) struct Shortcut {
    socket: Socket,
    encoder: Encoder,
    out: Vec<u8>,
}

/// What became of a message.
pub(super) enum Went {
    /// All of it was sent.
    Whole,
    /// This is what is left of it.
    Partly(Vec<u8>),
    /// Nothing was sent.
    Not,
}

impl Shortcut {
    /// One to this socket, whose messages are not compressed.
    pub fn new(socket: Socket) -> Shortcut {
        Shortcut { socket, encoder: Encoder::new(None), out: Vec::new() }
    }

    /// Sends a message, as far as there is room for it.
    pub fn send(&mut self, payload: &Payload, stats: &Stats) -> Went {
        // Longer ones are written piece by piece.
        if payload.bytes().len() > READY {
            return Went::Not;
        }
        self.out.clear();
        self.encoder.begin(payload.clone(), &mut self.out);
        self.encoder.fill(&mut self.out, READY);
        // What breaks is the task's to find.
        let Ok(count) = self.socket.send(&self.out) else { return Went::Not };
        add_shared(&stats.bytes_sent, count as u64);
        if count < self.out.len() {
            return Went::Partly(self.out.split_off(count));
        }
        add_shared(&stats.messages_sent, 1);
        Went::Whole
    }
}
