//! The bytes of an HTTP/2 connection: a connection that the reactor watches, as the protocol's crate wants to read and
//! write it.
//!
//! The crate reads no more than a frame at once, and flushes behind each piece of a body. Both would be a system call for
//! every 16 KiB, so more is received than was asked for, and pieces of bodies go out together.

use std::{
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use h2::client::Connection;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    tact::{self, Hold},
    tally::{Scan, Tally},
};
use crate::engine::{
    net::stream::Stream,
    reactor::wire::{Watched, Wired},
};

/// While more and more arrives, those who wait for it hear of it after so many bytes.
const TOLD: usize = 256 << 10;

/// What is received at once, until that was too little, and from then on.
const FIRST_ROOM: usize = 16 << 10;
/// As above.
const ROOM: usize = 128 << 10;
/// What is sent at once: four pieces of a body with their heads.
const OUTBOX: usize = (64 << 10) + 64;
/// Less than this is sent as soon as it is to be; beyond, there may be more to come.
const BULK: usize = 8 << 10;

/// A connection on the reactor. Dropping it closes it.
pub struct Transport {
    watched: Watched,
    stream: Stream,
    tally: Arc<Tally>,
    inbound: Scan,
    outbound: Scan,
    /// Bytes that arrived since who waits for them was last told.
    untold: usize,
    /// What was received and not taken yet: this part of the room.
    room: Vec<u8>,
    ahead: std::ops::Range<usize>,
    /// What is to be sent.
    outbox: Vec<u8>,
    /// Why the last write failed, until the read has told of it.
    broken: Option<io::Error>,
}

impl Transport {
    /// Takes a connection over; what passes is told to `tally`.
    #[must_use]
    pub fn new(wired: Wired, tally: Arc<Tally>) -> Transport {
        let Wired { watched, connection } = wired;
        let stream = connection.stream;
        Transport {
            watched,
            stream,
            tally,
            inbound: Scan::inbound(),
            outbound: Scan::outbound(),
            untold: 0,
            room: Vec::new(),
            ahead: 0..0,
            outbox: Vec::new(),
            broken: None,
        }
    }

    fn poll_moved<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut step: impl FnMut(&mut Stream) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        loop {
            match step(&mut self.stream) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.watched.write_full(cx);
                    if self.watched.poll_write(cx)?.is_pending() {
                        return Poll::Pending;
                    }
                }
                done => return Poll::Ready(done),
            }
        }
    }

    /// Takes bytes over to be sent, all that have room.
    fn poll_take(&mut self, cx: &mut Context<'_>, front: &[u8], back: &[u8]) -> Poll<io::Result<usize>> {
        if self.outbox.len() + front.len() + back.len() > OUTBOX && self.poll_drain(cx).is_pending() {
            return Poll::Pending;
        }
        if front.len() + back.len() >= BULK && self.outbox.capacity() < OUTBOX {
            self.outbox.reserve_exact(OUTBOX - self.outbox.len());
        }
        let of_front = front.len().min(OUTBOX);
        let of_back = back.len().min(OUTBOX - of_front);
        self.outbox.extend_from_slice(front.get(..of_front).unwrap_or_default());
        self.outbox.extend_from_slice(back.get(..of_back).unwrap_or_default());
        Poll::Ready(Ok(of_front + of_back))
    }

    /// Sends what is to be sent.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // What the peer said before it broke the connection is still there to be read: a write that fails must not take
        // it away. The read tells of the break, once there is nothing more; nothing counts as sent meanwhile.
        let mut sent = 0;
        let outbox = std::mem::take(&mut self.outbox);
        while self.broken.is_none()
            && let Some(rest) = outbox.get(sent..).filter(|rest| !rest.is_empty())
        {
            match self.poll_moved(cx, |stream| stream.try_send(rest, &[])) {
                Poll::Ready(Ok(count)) => {
                    self.outbound.send(rest.get(..count).unwrap_or_default(), &self.tally);
                    sent += count;
                }
                Poll::Ready(Err(error)) => self.breaks(cx, error),
                Poll::Pending => {
                    self.outbox = outbox;
                    self.outbox.drain(..sent);
                    return Poll::Pending;
                }
            }
        }
        self.outbox = outbox;
        self.outbox.clear();
        self.tally.kept(false);
        Poll::Ready(())
    }

    fn breaks(&mut self, cx: &mut Context<'_>, error: io::Error) {
        self.broken = Some(error);
        // The read may be waiting already.
        cx.waker().wake_by_ref();
    }

    /// Sends all there is, down to what TLS still holds.
    fn poll_emptied(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.poll_drain(cx).is_pending() {
            return Poll::Pending;
        }
        if self.broken.is_some() {
            return Poll::Ready(());
        }
        match self.poll_moved(cx, Stream::try_flush) {
            Poll::Ready(Err(error)) => {
                self.breaks(cx, error);
                Poll::Ready(())
            }
            flushed => flushed.map(drop),
        }
    }
}

impl AsyncRead for Transport {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Transport { watched, stream, tally, inbound, untold, room, ahead, broken, .. } = &mut *self;
        // Nobody holds the protocol's lock here.
        if *untold >= TOLD {
            tact::flush();
            *untold = 0;
        }
        if ahead.start == ahead.end {
            if room.is_empty() {
                room.resize(FIRST_ROOM, 0);
            }
            let received = watched.poll_recv(stream, cx, |stream| {
                let count = stream.try_recv(room)?;
                Ok((count, count > 0 && count < room.len() && matches!(stream, Stream::Plain(_))))
            });
            match received {
                Poll::Ready(Ok(count)) => *ahead = 0..count,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    return broken.take().map_or(Poll::Pending, |error| Poll::Ready(Err(error)));
                }
            }
            inbound.receive(room.get(ahead.clone()).unwrap_or_default(), tally);
            *untold += ahead.len();
            if ahead.len() == FIRST_ROOM && room.len() == FIRST_ROOM {
                room.resize(ROOM, 0);
            }
        }
        let count = ahead.len().min(buffer.remaining());
        buffer.put_slice(room.get(ahead.start..ahead.start + count).unwrap_or_default());
        ahead.start += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Transport {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_take(cx, bytes, &[])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut pieces = pieces.iter().filter(|piece| !piece.is_empty());
        let front = pieces.next().map_or(&[][..], |piece| piece);
        let back = pieces.next().map_or(&[][..], |piece| piece);
        self.poll_take(cx, front, back)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.outbox.len() >= BULK && self.tally.is_gathering() {
            self.tally.kept(true);
            return Poll::Ready(Ok(()));
        }
        self.poll_emptied(cx).map(Ok)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let emptied = self.poll_emptied(cx);
        if emptied.is_ready()
            && let Stream::Tls(session) = &mut self.stream
        {
            session.say_goodbye();
        }
        emptied.map(Ok)
    }
}

/// Lets the protocol do all that it can now. What it keeps back meanwhile goes out at the end, and then those are woken whom
/// it has something for.
pub fn poll_protocol(
    protocol: &mut Pin<Box<Connection<Transport, Bytes>>>,
    tally: &Tally,
    cx: &mut Context<'_>,
) -> Poll<std::result::Result<(), h2::Error>> {
    let _hold = Hold::new();
    tally.gather(true);
    let served = protocol.as_mut().poll(cx);
    tally.gather(false);
    // It flushes whenever it is polled.
    if served.is_pending() && tally.keeps() { protocol.as_mut().poll(cx) } else { served }
}
