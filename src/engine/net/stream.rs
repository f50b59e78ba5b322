//! A connection's bytes: plain, under TLS, or under TLS inside TLS.

use std::{io, os::fd::RawFd, sync::Arc};

use super::{
    cancel::Cancel,
    limits::{Fault, Guard},
};
use crate::{
    clock,
    engine::tls::session::Session,
    error::Result as Outcome,
    sys::{poll, socket::Socket},
};

/// A socket that a call may own: while it does, the call's handle can shut it down. Dropping it takes it away from the
/// handle before the descriptor is closed.
#[derive(Debug)]
pub struct Wire {
    socket: Socket,
    owner: Option<Arc<Cancel>>,
}

impl Wire {
    /// A socket that no call owns yet.
    #[must_use]
    pub fn new(socket: Socket) -> Wire {
        Wire { socket, owner: None }
    }

    /// The socket.
    #[must_use]
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Gives it to a call.
    ///
    /// # Errors
    /// `cancelled`, when the call is over already.
    pub fn arm(&mut self, cancel: &Arc<Cancel>) -> Outcome<()> {
        cancel.arm(self.socket.raw())?;
        self.owner = Some(cancel.clone());
        Ok(())
    }

    /// Takes it away from its call.
    pub fn disarm(&mut self) {
        if let Some(owner) = self.owner.take() {
            owner.disarm(self.socket.raw());
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.disarm();
    }
}

/// Bytes both ways. Every `try_` call returns at once, with `WouldBlock` where it would have to wait.
#[derive(Debug)]
pub enum Stream {
    /// A socket.
    Plain(Wire),
    /// TLS over any other stream, so also TLS to a server inside TLS to its proxy.
    Tls(Box<Session>),
}

impl Stream {
    /// The descriptor, for polling and cancelling.
    #[must_use]
    pub fn fd(&self) -> RawFd {
        match self {
            Stream::Plain(wire) => wire.socket.raw(),
            Stream::Tls(session) => session.fd(),
        }
    }

    /// The socket at the bottom.
    #[must_use]
    pub fn socket(&self) -> &Socket {
        match self {
            Stream::Plain(wire) => &wire.socket,
            Stream::Tls(session) => session.under().socket(),
        }
    }

    /// The socket at the bottom with its owner.
    pub fn wire(&mut self) -> &mut Wire {
        match self {
            Stream::Plain(wire) => wire,
            Stream::Tls(session) => session.under_mut().wire(),
        }
    }

    /// Takes as much as possible of `front` and then `back`.
    ///
    /// # Errors
    /// `WouldBlock`, or what broke.
    pub fn try_send(&mut self, front: &[u8], back: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(wire) => wire.socket.send_two(front, back),
            Stream::Tls(session) => session.try_send(front, back),
        }
    }

    /// Moves what was taken and not sent yet.
    ///
    /// # Errors
    /// As [`Stream::try_send`].
    pub fn try_flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(_) => Ok(()),
            Stream::Tls(session) => session.try_flush(),
        }
    }

    /// Fills the front of `buffer`; 0 is the end.
    ///
    /// # Errors
    /// `WouldBlock`, or what broke.
    pub fn try_recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(wire) => wire.socket.recv(buffer),
            Stream::Tls(session) => session.try_recv(buffer),
        }
    }

    /// What a reader has to wait for. TLS may have to write in order to read.
    fn events_to_read(&self) -> i16 {
        match self {
            Stream::Plain(_) => poll::IN,
            Stream::Tls(session) => poll::IN | if session.wants_write() { poll::OUT } else { 0 },
        }
    }

    /// Whether decrypted bytes wait, which polling does not show.
    fn holds_bytes(&self) -> bool {
        match self {
            Stream::Plain(_) => false,
            Stream::Tls(session) => session.holds_bytes(),
        }
    }

    /// Whether an idle connection is still good: nothing arrived and nobody closed.
    pub fn is_idle(&mut self) -> bool {
        match self.socket().peek(&mut [0]) {
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
            Ok(0) => false,
            // TLS may have sent a ticket meanwhile, which is not an answer.
            Ok(_) => match self {
                Stream::Plain(_) => false,
                Stream::Tls(session) => {
                    matches!(session.try_recv(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
                }
            },
        }
    }

    /// Receives within the limits. `eager` tries before it waits: right for bodies, of which something is probably
    /// there; wrong for heads, for which the server has to think first.
    ///
    /// # Errors
    /// A limit, the cancel, or what broke.
    pub fn recv(
        &mut self,
        guard: &Guard<'_>,
        buffer: &mut [u8],
        eager: bool,
        phase: &'static str,
    ) -> Result<usize, Fault> {
        let mut wait = !eager && !self.holds_bytes();
        // Bytes that are always there leave nothing to wait for, and the deadline would never have its turn.
        if !wait && guard.deadline().is_some() {
            guard.check(clock::now(), phase).map_err(Fault::Over)?;
        }
        let mut unlimited = guard.is_unlimited();
        loop {
            let received = match self {
                // Nothing but the cancel ends this wait, and that shuts the socket down: one call does for two. A socket
                // that is still being connected does not wait, and is polled then.
                Stream::Plain(wire) if std::mem::take(&mut unlimited) => wire.socket.recv_waiting(buffer),
                _ => {
                    if wait {
                        guard.wait(self.fd(), self.events_to_read(), phase)?;
                    }
                    self.try_recv(buffer)
                }
            };
            match received {
                Ok(0) => {
                    guard.cancel.check().map_err(Fault::Over)?;
                    return Ok(0);
                }
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait = true,
                Err(error) => {
                    guard.cancel.check().map_err(Fault::Over)?;
                    return Err(Fault::Broken(error));
                }
            }
        }
    }

    /// Sends all of `bytes` within the limits; for handshakes, in which nobody talks out of turn.
    ///
    /// # Errors
    /// A limit, the cancel, or what broke.
    pub fn send_all(&mut self, guard: &Guard<'_>, mut bytes: &[u8], phase: &'static str) -> Result<(), Fault> {
        while !bytes.is_empty() {
            match self.try_send(bytes, &[]) {
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(error) => self.wait_to_write(guard, error, phase)?,
            }
        }
        self.flush(guard, phase)
    }

    /// Moves out what TLS still holds.
    ///
    /// # Errors
    /// A limit, the cancel, or what broke.
    pub fn flush(&mut self, guard: &Guard<'_>, phase: &'static str) -> Result<(), Fault> {
        while let Err(error) = self.try_flush() {
            self.wait_to_write(guard, error, phase)?;
        }
        Ok(())
    }

    fn wait_to_write(&self, guard: &Guard<'_>, error: io::Error, phase: &'static str) -> Result<(), Fault> {
        if error.kind() == io::ErrorKind::WouldBlock {
            return guard.wait(self.fd(), poll::OUT, phase).map(drop);
        }
        guard.cancel.check().map_err(Fault::Over)?;
        Err(Fault::Broken(error))
    }

    /// Whether the end of the stream was meant: always on plain sockets, after a goodbye with TLS, without which anybody
    /// could have cut it.
    #[must_use]
    pub fn ended_politely(&self) -> bool {
        match self {
            Stream::Plain(_) => true,
            Stream::Tls(session) => session.ended_politely(),
        }
    }

    /// Says goodbye where the protocol has a word for it, without waiting.
    pub fn close(self) {
        if let Stream::Tls(mut session) = self {
            session.say_goodbye();
        }
    }
}
