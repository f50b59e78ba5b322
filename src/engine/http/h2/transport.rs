//! The bytes of an HTTP/2 connection: a connection that the reactor watches, as the protocol's crate wants to read and
//! write it.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    tact,
    tally::{Scan, Tally},
};
use crate::engine::{
    net::stream::Stream,
    reactor::wire::{Watched, Wired},
};

/// While more and more arrives, those who wait for it hear of it after so many bytes.
const TOLD: usize = 256 << 10;

/// A connection on the reactor. Dropping it closes it.
pub struct Transport {
    watched: Watched,
    stream: Stream,
    tally: Arc<Tally>,
    inbound: Scan,
    outbound: Scan,
    /// Bytes that arrived since who waits for them was last told.
    untold: usize,
    /// Why the last write failed, until the read has told of it.
    broken: Option<io::Error>,
}

impl Transport {
    /// Takes a connection over; what passes is told to `tally`.
    #[must_use]
    pub fn new(wired: Wired, tally: Arc<Tally>) -> Transport {
        let Wired { watched, connection } = wired;
        let stream = connection.stream;
        Transport { watched, stream, tally, inbound: Scan::inbound(), outbound: Scan::outbound(), untold: 0, broken: None }
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

    fn poll_send(&mut self, cx: &mut Context<'_>, front: &[u8], back: &[u8]) -> Poll<io::Result<usize>> {
        // What the peer said before it broke the connection is still there to be read: a write that fails must not take
        // it away. The read tells of the break, once there is nothing more; nothing counts as sent meanwhile.
        if self.broken.is_some() {
            return Poll::Ready(Ok(front.len() + back.len()));
        }
        let moved = self.poll_moved(cx, |stream| stream.try_send(front, back));
        if let Poll::Ready(Err(error)) = moved {
            self.broken = Some(error);
            // The read may be waiting already.
            cx.waker().wake_by_ref();
            return Poll::Ready(Ok(front.len() + back.len()));
        }
        if let Poll::Ready(Ok(count)) = &moved {
            let of_front = (*count).min(front.len());
            self.outbound.send(front.get(..of_front).unwrap_or_default(), &self.tally);
            self.outbound.send(back.get(..count - of_front).unwrap_or_default(), &self.tally);
        }
        moved
    }
}

impl AsyncRead for Transport {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Transport { watched, stream, tally, inbound, untold, broken, .. } = &mut *self;
        // Nobody holds the protocol's lock here.
        if *untold >= TOLD {
            tact::flush();
            *untold = 0;
        }
        let room = buffer.initialize_unfilled();
        let received = watched.poll_recv(stream, cx, |stream| {
            let count = stream.try_recv(room)?;
            Ok((count, count > 0 && count < room.len() && matches!(stream, Stream::Plain(_))))
        });
        if let Poll::Ready(Ok(count)) = received {
            inbound.receive(room.get(..count).unwrap_or_default(), tally);
            buffer.advance(count);
            *untold += count;
        }
        if received.is_pending()
            && let Some(error) = broken.take()
        {
            return Poll::Ready(Err(error));
        }
        received.map_ok(drop)
    }
}

impl AsyncWrite for Transport {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_send(cx, bytes, &[])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut pieces = pieces.iter().filter(|piece| !piece.is_empty());
        let front = pieces.next().map_or(&[][..], |piece| piece);
        let back = pieces.next().map_or(&[][..], |piece| piece);
        self.poll_send(cx, front, back)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.broken.is_some() {
            return Poll::Ready(Ok(()));
        }
        match self.poll_moved(cx, Stream::try_flush) {
            Poll::Ready(Err(error)) => {
                self.broken = Some(error);
                cx.waker().wake_by_ref();
                Poll::Ready(Ok(()))
            }
            flushed => flushed,
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.poll_moved(cx, Stream::try_flush);
        if flushed.is_ready()
            && let Stream::Tls(session) = &mut self.stream
        {
            session.say_goodbye();
        }
        flushed
    }
}
