//! The body of an answer on the reactor: read piece by piece, read ahead as a whole, or left to a thread that may wait.

use std::{io, sync::Arc};

use super::{
    answer::{Answer, Held, in_body},
    carrier::{Lease, broken, no_connection},
    flow::rest,
    framing::Inbound,
    hold::Hold,
};
use crate::{
    clock,
    engine::{
        net::limits::{Fault, Guard},
        reactor::{vigil::Vigil, wire::Wired},
    },
    error::{Error, Result, code},
};

/// The first allocation for a body of declared length goes no further than this: a length can lie.
const TRUSTED_LENGTH: u64 = 1 << 20;
/// Reads in a row of a connection that always has more; then others have their turn.
const TURN: u32 = 16;
/// The buffer of a connection that a thread reads: as of those that it makes itself.
const BUFFER: usize = 16 << 10;

impl Answer {
    /// Reads the next bytes of the body on the reactor behind the end of `out`, as they came; 0 is the end. One call
    /// brings what one read of the connection gave, up to 64 KiB.
    ///
    /// # Errors
    /// As [`Answer::read`].
    pub async fn pull(&mut self, vigil: &mut Vigil, out: &mut Vec<u8>) -> Result<usize> {
        if self.is_finished() {
            return Ok(0);
        }
        if self.failed {
            return Err(Error::new(&code::STREAM_CONSUMED, "the body broke off before"));
        }
        match self.next_on(vigil, out).await {
            Ok(count) => Ok(count),
            Err(error) => {
                self.failed = true;
                self.hold = Hold::None;
                Err(in_body(error))
            }
        }
    }

    /// Reads the rest of the body into memory; what goes wrong comes out where it is read from there.
    pub async fn gather(&mut self, vigil: &mut Vigil) {
        if !matches!(self.hold, Hold::Wired(_) | Hold::Stream(_))
            || self.failed
            || matches!(self.inbound, Inbound::Switched)
        {
            return;
        }
        let mut bytes = Vec::new();
        if let Some(length) = self.length().filter(|length| *length > 0) {
            // One more for the NUL that C readers like to find.
            bytes.reserve_exact(usize::try_from(length.min(TRUSTED_LENGTH)).unwrap_or(0) + 1);
        }
        let mut turn = 0;
        let failure = loop {
            match self.next_on(vigil, &mut bytes).await {
                Ok(0) => break None,
                Ok(_) => {}
                Err(error) => break Some(error),
            }
            turn += 1;
            if turn % TURN == 0 {
                tokio::task::yield_now().await;
            }
        };
        self.hold = Hold::None;
        self.marks.end.get_or_insert_with(clock::now);
        self.held = Some(Box::new(Held { bytes, at: 0, failure }));
    }

    async fn next_on(&mut self, vigil: &mut Vigil, out: &mut Vec<u8>) -> Result<usize> {
        if self.hold.incoming().is_some() {
            return self.pull_stream(vigil, out).await;
        }
        let begin = out.len();
        loop {
            let Hold::Wired(lease) = &mut self.hold else { return Ok(0) };
            let Some(Wired { watched, connection }) = lease.wired.as_deref_mut() else { return Err(no_connection()) };
            while connection.start < connection.end && !self.inbound.is_done() {
                let old = out.len();
                let received = connection.received();
                out.resize(old + received.len(), 0);
                let outcome = self.inbound.read(received, out.get_mut(old..).unwrap_or_default());
                let (used, filled) = *outcome.as_ref().unwrap_or(&(0, 0));
                out.truncate(old + filled);
                outcome?;
                connection.consume(used);
                if used == 0 {
                    break;
                }
                if let Some(watch) = &self.watch {
                    rest(vigil, watch.received(used as u64)?).await?;
                }
            }
            if self.inbound.is_done() {
                self.finish(None);
                return Ok(out.len() - begin);
            }
            if out.len() > begin || matches!(self.inbound, Inbound::Switched) {
                return Ok(out.len() - begin);
            }
            let guard = Guard::exchange(&self.limits, &self.cancel);
            // Bytes that are always there leave nothing to wait for, and the deadline would never have its turn.
            if guard.deadline().is_some() {
                guard.check(clock::now(), "read")?;
            }
            let direct = self.inbound.direct();
            let stream = &mut connection.stream;
            let received = match direct {
                Some(left) => {
                    let most = usize::try_from(left).unwrap_or(usize::MAX);
                    watched.append(stream, vigil, &guard, out, most).await
                }
                None => {
                    // What is used goes, or the rests of all chunks would pile up.
                    if connection.start > 0 {
                        connection.buffer.copy_within(connection.start..connection.end, 0);
                        connection.end -= connection.start;
                        connection.start = 0;
                    }
                    connection.buffer.truncate(connection.end);
                    watched.append(stream, vigil, &guard, &mut connection.buffer, usize::MAX).await
                }
            };
            let count = match received {
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
            if direct.is_none() {
                connection.end += count;
                continue;
            }
            self.inbound.pass(count);
            if let Some(watch) = &self.watch {
                rest(vigil, watch.received(count as u64)?).await?;
            }
            if self.inbound.is_done() {
                self.finish(None);
            }
            return Ok(count);
        }
    }

    /// Takes the connection away from the reactor: from now on the body is read by whoever may wait for it, and ended
    /// by the call's handle. To be called on the reactor or after it; does nothing the second time.
    ///
    /// # Errors
    /// `cancelled`.
    pub fn leave_reactor(&mut self) -> Result<()> {
        if !matches!(self.hold, Hold::Wired(_)) {
            return Ok(());
        }
        let Hold::Wired(mut lease) = std::mem::replace(&mut self.hold, Hold::None) else { return Ok(()) };
        let Some(wired) = lease.wired.take() else { return Err(no_connection()) };
        let Wired { watched, mut connection } = *wired;
        drop(watched);
        let Some((pool, route)) = lease.place.take() else { return Err(no_connection()) };
        connection.buffer.resize(connection.buffer.len().max(BUFFER), 0);
        connection.stream.socket().let_wait();
        let armed = connection.stream.wire().arm(&self.cancel);
        let home = Arc::clone(&lease.home);
        self.hold = Hold::Own(Lease::of_wired(Box::new(connection), pool, home, route));
        armed
    }
}
