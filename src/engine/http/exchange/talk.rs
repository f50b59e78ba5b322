//! Drives the machine over one connection until the head of the answer is there.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    head::{self, HEAD_LIMIT, Head},
    machine::{Machine, Received},
    order::{Payload, Watch, pause},
};
use crate::{
    clock,
    engine::{
        net::{
            connect::Connection,
            limits::{Fault, Guard},
        },
        tls::trouble,
    },
    error::{Error, Result, code},
    sys::poll,
};

/// A piece of an upload: large enough that the system calls do not count.
const PIECE: usize = 128 << 10;
/// The smallest buffer.
const FIRST_ROOM: usize = 4 << 10;

/// Why there is no answer.
pub(super) enum Trouble {
    /// The connection ended before the first byte of one: a kept one may just have been closed by the server.
    Stale(Error),
    /// Anything else.
    Failed(Error),
}

/// What a step tells.
pub(super) type Told<T> = std::result::Result<T, Trouble>;

/// Bytes moved on this connection by this exchange.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub sent: u64,
    pub received: u64,
}

pub(super) struct Talk<'a> {
    pub connection: &'a mut Connection,
    pub machine: &'a mut Machine,
    pub guard: Guard<'a>,
    pub watch: Option<&'a Arc<dyn Watch>>,
    pub counts: Counts,
    pub sent_at: Option<Instant>,
    pub first_at: Option<Instant>,
    pub head_at: Option<Instant>,
    /// Some of the source was read.
    pub touched: bool,
    /// The head of an answer that came while the payload was being sent.
    pub early: Option<Head>,
    /// What TLS said of the end while the payload was being sent.
    pub farewell: Option<io::Error>,
}

/// Whether to go on sending.
#[derive(PartialEq, Eq)]
pub(super) enum Flow {
    On,
    /// An answer is there, or the server is gone.
    Stop,
}

impl Talk<'_> {
    /// Sends everything and waits for the head.
    pub fn run(&mut self, head: &[u8], payload: &mut Payload<'_>, expect: Option<Duration>) -> Told<Head> {
        let flow = match expect.filter(|_| self.machine.is_sending()) {
            None => self.send_all(head, payload)?,
            Some(patience) => {
                let mut flow = self.send(head, &[])?;
                if flow == Flow::On {
                    flow = self.flush()?;
                }
                if flow == Flow::On {
                    flow = self.await_continue(patience)?;
                }
                if flow == Flow::On { self.send_all(&[], payload)? } else { flow }
            }
        };
        if flow == Flow::Stop || self.flush()? == Flow::Stop {
            self.machine.abandon().map_err(Trouble::Failed)?;
        }
        self.sent_at = Some(clock::now());
        self.receive()
    }

    /// Sends the head and the payload, the first bytes of both together.
    fn send_all(&mut self, head: &[u8], payload: &mut Payload<'_>) -> Told<Flow> {
        match payload {
            Payload::None => self.send(head, &[]),
            Payload::Bytes(bytes) => {
                let flow = self.send(head, bytes)?;
                if flow == Flow::On && self.machine.is_sending() {
                    self.machine.pass(bytes.len()).map_err(Trouble::Failed)?;
                }
                Ok(flow)
            }
            Payload::Source { source, .. } => {
                let mut head = head;
                let mut raw = vec![0; PIECE];
                let mut chunks = if self.machine.left().is_none() { vec![0; PIECE + 256] } else { Vec::new() };
                let mut first = true;
                while self.machine.is_sending() {
                    // A source may be slow: look for an early answer before each piece, not only when nothing fits.
                    if !std::mem::take(&mut first) && self.listen()? == Flow::Stop {
                        return Ok(Flow::Stop);
                    }
                    let limit = match self.machine.left() {
                        Some(left) => usize::try_from(left).unwrap_or(PIECE).min(PIECE),
                        None => self.machine.room(chunks.len()).min(PIECE),
                    };
                    let room = raw.get_mut(..limit).unwrap_or_default();
                    self.touched = true;
                    let count = source.read(room).map_err(Trouble::Failed)?.min(limit);
                    let piece = raw.get(..count).unwrap_or_default();
                    let piece = if self.machine.left().is_some() {
                        if count == 0 {
                            let message = "the body ended before the announced length";
                            return Err(Trouble::Failed(Error::new(&code::PROVIDER, message)));
                        }
                        self.machine.pass(count).map_err(Trouble::Failed)?;
                        piece
                    } else {
                        let (_, filled) = self.machine.encode(piece, &mut chunks).map_err(Trouble::Failed)?;
                        chunks.get(..filled).unwrap_or_default()
                    };
                    if self.send(head, piece)? == Flow::Stop {
                        return Ok(Flow::Stop);
                    }
                    head = &[];
                }
                // A stream of no bytes went through no turn of the loop.
                self.send(head, &[])
            }
            Payload::Relay { .. } => {
                let message = "a relay was given to the caller's own thread";
                Err(Trouble::Failed(Error::new(&code::INTERNAL, message)))
            }
        }
    }

    /// Sends both, and stops when the server answers instead of reading.
    fn send(&mut self, mut front: &[u8], mut back: &[u8]) -> Told<Flow> {
        while !front.is_empty() || !back.is_empty() {
            match self.connection.stream.try_send(front, back) {
                Ok(count) => {
                    self.counts.sent += count as u64;
                    let of_front = count.min(front.len());
                    front = front.get(of_front..).unwrap_or_default();
                    back = back.get(count - of_front..).unwrap_or_default();
                    if let Some(watch) = self.watch {
                        let time = watch.sent(count as u64, (count - of_front) as u64).map_err(Trouble::Failed)?;
                        pause(time, self.guard.cancel).map_err(Trouble::Failed)?;
                    }
                }
                Err(error) => {
                    if self.stuck(error)? == Flow::Stop {
                        return Ok(Flow::Stop);
                    }
                }
            }
        }
        Ok(Flow::On)
    }

    /// Moves out what TLS still holds; plain sockets hold nothing.
    fn flush(&mut self) -> Told<Flow> {
        while let Err(error) = self.connection.stream.try_flush() {
            if self.stuck(error)? == Flow::Stop {
                return Ok(Flow::Stop);
            }
        }
        Ok(Flow::On)
    }

    /// Nothing could be sent: waits until something can, or until the server says something.
    fn stuck(&mut self, error: io::Error) -> Told<Flow> {
        if error.kind() == io::ErrorKind::WouldBlock {
            let seen = self.guard.wait(self.connection.stream.fd(), poll::IN | poll::OUT, "write");
            let seen = seen.map_err(|fault| self.lost(fault, "write"))?;
            return if seen & poll::IN != 0 { self.listen() } else { Ok(Flow::On) };
        }
        self.guard.cancel.check().map_err(Trouble::Failed)?;
        // The server closed; it may have answered before. A reset does not take away what has arrived.
        match self.listen()? {
            Flow::Stop if self.early.is_some() || !self.connection.received().is_empty() => Ok(Flow::Stop),
            _ => {
                let error = self.farewell.take().unwrap_or(error);
                Err(self.lost(Fault::Broken(error), "write"))
            }
        }
    }

    /// Takes in what is there without waiting, and stops at a final head or the end.
    pub(super) fn listen(&mut self) -> Told<Flow> {
        loop {
            if self.early.is_some() {
                return Ok(Flow::Stop);
            }
            self.make_room().map_err(Trouble::Failed)?;
            let Connection { stream, buffer, end, .. } = &mut *self.connection;
            match stream.try_recv(buffer.get_mut(*end..).unwrap_or_default()) {
                Ok(0) => return Ok(Flow::Stop),
                Ok(count) => {
                    self.arrived(count);
                    self.early = self.parse(&mut false).map_err(Trouble::Failed)?;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Flow::On),
                // The write will tell, or the read that follows; but what TLS says of the end is read only once.
                Err(error) => {
                    self.farewell = trouble::inside(&error).is_some().then_some(error);
                    return Ok(Flow::Stop);
                }
            }
        }
    }

    /// Waits for `100 Continue`, but not for ever: servers that do not know it wait for the payload.
    fn await_continue(&mut self, patience: Duration) -> Told<Flow> {
        let until = clock::now() + patience;
        loop {
            let left = poll::left(until);
            if left.is_zero() {
                return Ok(Flow::On);
            }
            let guard = self.guard.with_silence(Some(left));
            match guard.wait(self.connection.stream.fd(), poll::IN, "read") {
                Err(Fault::Over(error)) if error.code() == code::READ_TIMEOUT.word => return Ok(Flow::On),
                Err(fault) => return Err(self.lost(fault, "read")),
                Ok(_) => {}
            }
            self.make_room().map_err(Trouble::Failed)?;
            let Connection { stream, buffer, end, .. } = &mut *self.connection;
            match stream.try_recv(buffer.get_mut(*end..).unwrap_or_default()) {
                Ok(0) => return Ok(Flow::Stop),
                Ok(count) => self.arrived(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(self.lost(Fault::Broken(error), "read")),
            }
            let mut go_on = false;
            self.early = self.parse(&mut go_on).map_err(Trouble::Failed)?;
            if self.early.is_some() {
                return Ok(Flow::Stop);
            }
            if go_on {
                return Ok(Flow::On);
            }
        }
    }

    /// Waits for the final head.
    fn receive(&mut self) -> Told<Head> {
        loop {
            if let Some(head) = self.early.take() {
                return Ok(head);
            }
            if let Some(head) = self.parse(&mut false).map_err(Trouble::Failed)? {
                return Ok(head);
            }
            if let Some(error) = self.farewell.take() {
                return Err(self.lost(Fault::Broken(error), "read"));
            }
            self.make_room().map_err(Trouble::Failed)?;
            let Connection { stream, buffer, end, .. } = &mut *self.connection;
            let room = buffer.get_mut(*end..).unwrap_or_default();
            match stream.recv(&self.guard, room, false, "read") {
                Ok(0) => return Err(self.ended()),
                Ok(count) => self.arrived(count),
                Err(fault) => return Err(self.lost(fault, "read")),
            }
        }
    }

    /// Looks through what was received, past interim answers. `go_on` tells whether one was `100 Continue`.
    pub(super) fn parse(&mut self, go_on: &mut bool) -> Result<Option<Head>> {
        loop {
            let received = self.connection.received();
            if received.is_empty() {
                return Ok(None);
            }
            match self.machine.head(received)? {
                Received::Partial => return Ok(None),
                Received::Final(head) => return Ok(Some(head)),
                Received::Interim(count, status) => {
                    *go_on |= status == 100;
                    self.connection.consume(count);
                }
            }
        }
    }

    pub(super) fn arrived(&mut self, count: usize) {
        // Mostly the head comes in one piece.
        let now = clock::now();
        self.first_at.get_or_insert(now);
        self.head_at = Some(now);
        self.counts.received += count as u64;
        self.connection.end += count;
    }

    fn make_room(&mut self) -> Result<()> {
        let connection = &mut *self.connection;
        if connection.end < connection.buffer.len() {
            return Ok(());
        }
        if connection.start > 0 {
            connection.buffer.copy_within(connection.start..connection.end, 0);
            connection.end -= connection.start;
            connection.start = 0;
        } else if connection.end < HEAD_LIMIT {
            // Connections of the reactor begin without a buffer.
            connection.buffer.resize((connection.end * 2).max(FIRST_ROOM), 0);
        } else {
            return Err(head::too_large(&format!("more than {} KiB", HEAD_LIMIT >> 10)));
        }
        Ok(())
    }

    /// The connection ended instead of an answer.
    pub(super) fn ended(&self) -> Trouble {
        if self.counts.received == 0 {
            let message = "the server closed the connection without an answer";
            return Trouble::Stale(Error::new(&code::CONNECT, message).phase("read"));
        }
        let message = "the server closed the connection inside the head of its answer";
        Trouble::Failed(Error::new(&code::CONNECT, message).phase("read"))
    }

    pub(super) fn lost(&self, fault: Fault, phase: &'static str) -> Trouble {
        match fault {
            Fault::Over(error) => Trouble::Failed(error),
            Fault::Broken(error) => {
                let broken = super::carrier::broken(error, phase);
                if self.counts.received == 0 { Trouble::Stale(broken) } else { Trouble::Failed(broken) }
            }
        }
    }
}
