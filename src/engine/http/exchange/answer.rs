//! An answer whose head is there and whose body is read as the caller wants it.

use std::{fmt, io, net::SocketAddr, sync::Arc, time::Instant};

use http::HeaderMap;

use super::{
    carrier::broken,
    framing::Inbound,
    head::{self, Head},
    hold::{Hold, KEPT_BUFFER, make_room},
    machine::Machine,
    order::{Watch, pause},
    talk::Counts,
};
use crate::{
    clock,
    engine::{
        net::{
            cancel::Cancel,
            connect::Connection,
            limits::{Fault, Guard, Limits},
            stream::Stream,
        },
        tls::session::TlsInfo,
    },
    error::{Error, Outcome, Result, code},
};

/// What is read and thrown away in order to keep a connection, at most.
const DRAIN: usize = 64 << 10;

/// When what happened. The steps of connecting are missing on a reused connection.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    /// The exchange began.
    pub start: Instant,
    /// The addresses were known.
    pub resolved: Option<Instant>,
    /// The connection stood.
    pub connected: Option<Instant>,
    /// TLS stood.
    pub secured: Option<Instant>,
    /// The request was handed to the system.
    pub sent: Option<Instant>,
    /// The first byte of an answer arrived.
    pub first: Option<Instant>,
    /// The head was complete.
    pub head: Option<Instant>,
    /// The last byte was read.
    pub end: Option<Instant>,
}

impl Marks {
    pub(in crate::engine::http) fn at(start: Instant) -> Marks {
        Marks { start, resolved: None, connected: None, secured: None, sent: None, first: None, head: None, end: None }
    }
}

/// A connection that speaks another protocol from now on.
#[derive(Debug)]
pub struct Upgraded {
    /// The connection, no longer owned by the call.
    pub stream: Stream,
    /// What was received of the new protocol already.
    pub received: Vec<u8>,
    /// The address at the other end.
    pub remote: Option<SocketAddr>,
}

/// What the head's arrival brought together.
pub(super) struct Opening<'a> {
    pub head: Head,
    pub marks: Marks,
    pub reused: bool,
    pub counts: Counts,
    pub limits: Limits,
    pub cancel: &'a Arc<Cancel>,
    pub watch: Option<&'a Arc<dyn Watch>>,
}

/// One answer. The connection goes back to the pool with the last byte of the body; an answer that is dropped before
/// takes the connection with it, unless the rest is there already and small.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// 0 for HTTP/1.0.
    pub minor_version: u8,
    /// Status line and fields as received, with folded lines joined, up to and with the blank line.
    pub raw_head: Vec<u8>,
    /// When what happened.
    pub marks: Marks,
    /// The connection had carried another exchange before.
    pub reused: bool,
    /// The address at the other end; none for a unix socket.
    pub remote: Option<SocketAddr>,
    /// The address at this end.
    pub local: Option<SocketAddr>,
    /// What is known about TLS.
    pub tls: Option<Arc<TlsInfo>>,
    /// Bytes sent, the head included (without TLS).
    pub bytes_sent: u64,
    /// The fields behind a body that was read to its end, of HTTP/2.
    pub trailers: Option<Box<HeaderMap>>,
    pub(super) head: Head,
    pub(in crate::engine::http) received: u64,
    pub(super) length: Option<u64>,
    pub(in crate::engine::http) inbound: Inbound,
    pub(in crate::engine::http) hold: Hold,
    pub(in crate::engine::http) limits: Limits,
    pub(in crate::engine::http) cancel: Arc<Cancel>,
    pub(in crate::engine::http) watch: Option<Arc<dyn Watch>>,
    pub(super) failed: bool,
    /// What the reactor has read of the body, for answers of submitted calls.
    pub(super) held: Option<Box<Held>>,
}

/// A body that was read ahead.
#[derive(Debug)]
pub(super) struct Held {
    pub bytes: Vec<u8>,
    pub at: usize,
    /// What ended it, unless it is whole.
    pub failure: Option<Error>,
}

impl Answer {
    pub(super) fn open(mut hold: Hold, machine: Machine, opening: Opening<'_>) -> Result<Answer> {
        let Opening { mut head, marks, reused, counts, limits, cancel, watch } = opening;
        let inbound = machine.body(&mut head)?;
        let Some(connection) = hold.connection() else {
            return Err(Error::new(&code::INTERNAL, "there was no connection"));
        };
        let bytes = connection.received().get(..head.size).unwrap_or_default();
        let raw_head = if head.folded { head::unfold(bytes) } else { bytes.to_vec() };
        connection.consume(head.size);
        let mut answer = Answer {
            status: head.status,
            minor_version: head.minor,
            raw_head,
            marks,
            reused,
            remote: connection.remote,
            local: connection.local,
            tls: connection.tls.clone(),
            bytes_sent: counts.sent,
            trailers: None,
            received: counts.received,
            length: inbound.direct().filter(|length| *length < u64::MAX),
            head,
            inbound,
            hold,
            limits,
            cancel: cancel.clone(),
            watch: watch.cloned(),
            failed: false,
            held: None,
        };
        if answer.inbound.is_done() {
            answer.finish(marks.head);
        }
        Ok(answer)
    }

    /// The length of the body if it is known: 0 for answers without one.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// Bytes that were received and not read yet, framing included.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.hold.look().map_or(0, |connection| connection.received().len())
    }

    /// Bytes received so far, heads and framing included (without TLS).
    #[must_use]
    pub fn bytes_received(&self) -> u64 {
        self.received
    }

    /// A body that was read ahead, as a whole; none when some of it was taken already or is missing.
    pub fn take_held(&mut self) -> Option<Vec<u8>> {
        let held = self.held.as_mut().filter(|held| held.failure.is_none() && held.at == 0)?;
        Some(std::mem::take(&mut held.bytes))
    }

    /// Whether the body was read ahead.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Sets the longest silence inside the body.
    pub fn set_silence(&mut self, silence: Option<std::time::Duration>) {
        self.limits.read = silence;
    }

    /// The same, and when the whole must be over.
    pub fn set_limits(&mut self, silence: Option<std::time::Duration>, total: Option<std::time::Instant>) {
        (self.limits.read, self.limits.total) = (silence, total);
    }

    /// Whether the body was read to its end.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match &self.held {
            Some(held) => held.failure.is_none() && held.at == held.bytes.len(),
            None => self.inbound.is_done(),
        }
    }

    /// The reason phrase.
    #[must_use]
    pub fn reason(&self) -> &[u8] {
        head::reason(&self.raw_head)
    }

    /// The fields in the order and case in which they were received.
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        head::fields(&self.raw_head)
    }

    /// The fields behind a chunked body; complete when it was read to its end.
    pub fn trailers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.inbound.trailers().split(|byte| *byte == b'\n').filter_map(|line| {
            let (name, value) = line.split_at_checked(memchr::memchr(b':', line)?)?;
            Some((name.trim_ascii(), value.get(1..)?.trim_ascii()))
        })
    }

    /// Reads the next bytes of the body, as they came; 0 is the end.
    ///
    /// # Errors
    /// `incomplete_read`, `chunked_encoding`, `read_timeout`, `total_timeout`, the cancel, or what broke. The answer is of
    /// no use afterwards.
    pub fn read(&mut self, output: &mut [u8]) -> Result<usize> {
        if output.is_empty() || self.is_finished() {
            return Ok(0);
        }
        if self.failed {
            return Err(Error::new(&code::STREAM_CONSUMED, "the body broke off before"));
        }
        if let Some(held) = &mut self.held {
            let count = held.read(output);
            self.failed = count == 0;
            return held.failure.take_if(|_| count == 0).map_or(Ok(count), |error| Err(in_body(error)));
        }
        match self.leave_reactor().and_then(|()| self.next(output)) {
            Ok(count) => Ok(count),
            Err(error) => {
                self.failed = true;
                self.hold = Hold::None;
                Err(in_body(error))
            }
        }
    }

    fn next(&mut self, output: &mut [u8]) -> Result<usize> {
        if self.hold.incoming().is_some() {
            return self.read_stream(output);
        }
        loop {
            let Some(connection) = self.hold.connection() else {
                return Ok(0);
            };
            if connection.start < connection.end {
                let (used, filled) = self.inbound.read(connection.received(), output)?;
                connection.consume(used);
                if let Some(watch) = self.watch.as_ref().filter(|_| used > 0) {
                    pause(watch.received(used as u64)?, &self.cancel)?;
                }
                if self.inbound.is_done() {
                    self.finish(None);
                    return Ok(filled);
                }
                if filled > 0 {
                    return Ok(filled);
                }
            }
            let guard = Guard::exchange(&self.limits, &self.cancel);
            let result = match self.inbound.direct() {
                Some(left) => {
                    let room = output.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    connection.stream.recv(&guard, output.get_mut(..room).unwrap_or_default(), true, "read")
                }
                None => {
                    make_room(connection)?;
                    let Connection { stream, buffer, end, .. } = &mut *connection;
                    let result = stream.recv(&guard, buffer.get_mut(*end..).unwrap_or_default(), true, "read");
                    *end += result.as_ref().copied().unwrap_or(0);
                    result
                }
            };
            let count = match result {
                Ok(count) => count,
                Err(Fault::Over(error)) => return Err(error),
                // A reset inside a body is its early end.
                Err(Fault::Broken(error)) if error.kind() == io::ErrorKind::ConnectionReset => {
                    return Err(self.inbound.end().err().unwrap_or_else(|| broken(error, "read")));
                }
                Err(Fault::Broken(error)) => return Err(broken(error, "read")),
            };
            if count == 0 {
                return self.closed();
            }
            self.received += count as u64;
            if self.inbound.direct().is_some() {
                if let Some(watch) = &self.watch {
                    pause(watch.received(count as u64)?, &self.cancel)?;
                }
                self.inbound.pass(count);
                if self.inbound.is_done() {
                    self.finish(None);
                }
                return Ok(count);
            }
        }
    }

    /// The connection ended.
    pub(super) fn closed(&mut self) -> Result<usize> {
        let polite = self.hold.look().is_none_or(|connection| connection.stream.ended_politely());
        if matches!(self.inbound, Inbound::UntilClose) && !polite {
            let message = "the connection ended without the goodbye of TLS, so the body may have been cut";
            return Err(Error::new(&code::INCOMPLETE_READ, message));
        }
        self.inbound.end()?;
        self.head.close = true;
        self.finish(None);
        Ok(0)
    }

    /// The body is over: the connection goes back, or is closed.
    pub(super) fn finish(&mut self, now: Option<Instant>) {
        let now = now.unwrap_or_else(clock::now);
        self.marks.end = Some(now);
        let mut hold = std::mem::replace(&mut self.hold, Hold::None);
        let Some(connection) = hold.connection() else { return };
        // Bytes behind the answer are nobody's answer.
        if self.head.close || connection.start < connection.end || self.cancel.is_cancelled() {
            return;
        }
        if connection.buffer.len() > KEPT_BUFFER {
            connection.buffer.truncate(KEPT_BUFFER);
            connection.buffer.shrink_to_fit();
        }
        match hold {
            Hold::None | Hold::Stream(_) => {}
            Hold::Own(lease) => lease.give(now, self.head.keep),
            Hold::Wired(lease) => lease.give(now, self.head.keep),
        }
    }

    /// Reads on and throws away, at most `limit` bytes; true when the body is over and the connection may live on.
    pub fn drain(&mut self, limit: u64) -> bool {
        let mut waste = [0; 4096];
        let mut left = limit;
        while !self.inbound.is_done() {
            let room = waste.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            match self.read(waste.get_mut(..room).unwrap_or_default()) {
                Ok(0) | Err(_) => break,
                Ok(count) => left -= count as u64,
            }
        }
        self.inbound.is_done()
    }

    /// Throws away what is there already of a body that nobody wants, and keeps the connection if that was all of it.
    fn settle(&mut self) {
        if self.failed || self.head.close || self.inbound.direct().is_some_and(|left| left > DRAIN as u64) {
            return;
        }
        let mut waste = [0; 4096];
        let mut left = DRAIN;
        while !self.inbound.is_done() && left > 0 {
            let Some(connection) = self.hold.connection() else {
                return;
            };
            if connection.start == connection.end || self.inbound.direct().is_none() {
                if make_room(connection).is_err() {
                    return;
                }
                let Connection { stream, buffer, end, start, .. } = &mut *connection;
                match stream.try_recv(buffer.get_mut(*end..).unwrap_or_default()) {
                    Ok(0) => return,
                    Ok(count) => {
                        *end += count;
                        left = left.saturating_sub(count);
                    }
                    Err(_) if *start == *end => return,
                    Err(_) => {}
                }
            }
            let Ok((used, _)) = self.inbound.read(connection.received(), &mut waste) else { return };
            connection.consume(used);
            if used == 0 {
                return;
            }
        }
        if self.inbound.is_done() {
            self.finish(None);
        }
    }

    /// The connection itself, after 101 or a CONNECT that went through.
    #[must_use]
    pub fn into_upgraded(mut self) -> Option<Upgraded> {
        if !matches!(self.inbound, Inbound::Switched) {
            return None;
        }
        self.leave_reactor().ok()?;
        let Hold::Own(lease) = &mut self.hold else { return None };
        let mut connection = lease.connection.take()?;
        connection.stream.wire().disarm();
        let received = connection.received().to_vec();
        Some(Upgraded { stream: connection.stream, received, remote: connection.remote })
    }
}

impl Held {
    fn read(&mut self, output: &mut [u8]) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let count = rest.len().min(output.len());
        if let (Some(to), Some(from)) = (output.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.at += count;
        count
    }
}

/// A failure inside a body: the server did answer.
pub(super) fn in_body(error: Error) -> Error {
    let error = if error.detail().get("phase").is_some() { error } else { error.phase("read") };
    let error = error.reworded("no answer came from", "nothing more of the body came from");
    error.outcome(Outcome::Applied)
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if !self.hold.is_none() && !matches!(self.inbound, Inbound::Switched) {
            self.settle();
        }
    }
}
