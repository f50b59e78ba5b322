//! A connection that is registered with the reactor: the same bytes, the same TLS, other waiting.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    io,
    task::{Context, Poll},
    time::Instant,
};

use super::vigil::Vigil;
use crate::{
    clock,
    engine::net::{
        connect::Connection,
        limits::{Fault, Guard, silent_for},
        pool::Pooled,
        stream::Stream,
    },
    error::Result as Outcome,
    sys::{readiness, socket::Socket},
};

/// The room that all calls share: what one has received is taken out of it before the next one has its turn.
const SHARED: usize = 64 << 10;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; SHARED]);
}

/// A descriptor that the reactor watches.
#[derive(Debug)]
pub struct Watched(readiness::Watched);

/// A connection with its place in the reactor. The order matters: the place is given back before the descriptor is
/// closed.
#[derive(Debug)]
pub struct Wired {
    /// The place.
    pub watched: Watched,
    /// The connection.
    pub connection: Connection,
}

impl Pooled for Wired {
    fn rest(&mut self) {
        self.connection.buffer = Vec::new();
    }

    fn close(self) {
        drop(self.watched);
        self.connection.stream.close();
    }
}

/// What a socket is ready for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ready {
    /// Something arrived, or the end.
    Read,
    /// There is room.
    Write,
}

impl Watched {
    /// Has the reactor watch a socket; to be called on the reactor.
    ///
    /// # Errors
    /// The system's.
    pub fn new(socket: &Socket) -> io::Result<Watched> {
        readiness::watch(socket.share()).map(Watched)
    }

    /// Whether there is room to write.
    pub fn poll_write(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_write_ready(cx).map_ok(drop)
    }

    /// Whether there is something to read, or the end.
    pub fn poll_read(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_read_ready(cx).map_ok(drop)
    }

    /// The last read said that nothing is there.
    pub fn read_dry(&self, cx: &mut Context<'_>) {
        if let Poll::Ready(Ok(mut ready)) = self.0.poll_read_ready(cx) {
            ready.clear_ready();
        }
    }

    /// The last write said that there is no room.
    pub fn write_full(&self, cx: &mut Context<'_>) {
        if let Poll::Ready(Ok(mut ready)) = self.0.poll_write_ready(cx) {
            ready.clear_ready();
        }
    }

    /// What it is ready for, reading first.
    pub fn poll_either(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        if let Poll::Ready(ready) = self.0.poll_read_ready(cx) {
            return Poll::Ready(ready.map(|_| Ready::Read));
        }
        self.0.poll_write_ready(cx).map_ok(|_| Ready::Write)
    }

    /// Receives what is there with `take`, once something is: it tells how much, and whether that was all.
    ///
    /// # Errors
    /// What broke.
    pub fn poll_recv(
        &self,
        stream: &mut Stream,
        cx: &mut Context<'_>,
        mut take: impl FnMut(&mut Stream) -> io::Result<(usize, bool)>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut ready = match self.0.poll_read_ready(cx) {
                Poll::Ready(ready) => Some(ready?),
                Poll::Pending => None,
            };
            // TLS may have to write in order to read.
            if stream.wants_write()
                && let Poll::Ready(room) = self.0.poll_write_ready(cx)
            {
                let mut room = room?;
                if stream.try_flush().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
                    room.clear_ready();
                    self.write_full(cx);
                }
            }
            if ready.is_none() && !stream.holds_bytes() {
                return Poll::Pending;
            }
            match take(stream) {
                Ok((count, all)) => {
                    // Less than there was room for was all there is: the next bytes announce themselves.
                    if all && let Some(ready) = &mut ready {
                        ready.clear_ready();
                    }
                    return Poll::Ready(Ok(count));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => match &mut ready {
                    Some(ready) => ready.clear_ready(),
                    None => return Poll::Pending,
                },
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Shows `take` what is there, in the shared buffer; `None` is the end. It must take all of it, and must not receive
    /// anything itself.
    pub fn poll_show<T>(
        &self,
        stream: &mut Stream,
        cx: &mut Context<'_>,
        mut take: impl FnMut(&[u8]) -> T,
    ) -> Poll<io::Result<Option<T>>> {
        let mut shown = None;
        let received = self.poll_recv(stream, cx, |stream| {
            BUFFER.with_borrow_mut(|buffer| {
                let count = stream.try_recv(buffer)?;
                if count > 0 {
                    shown = Some(take(buffer.get(..count).unwrap_or_default()));
                }
                Ok((count, count > 0 && count < buffer.len() && matches!(stream, Stream::Plain(_))))
            })
        });
        received.map_ok(|_| shown)
    }

    /// Receives into the front of `room`; 0 is the end.
    ///
    /// # Errors
    /// A limit, the cancel, or what broke.
    pub fn recv(
        &self,
        stream: &mut Stream,
        vigil: &mut Vigil,
        guard: &Guard<'_>,
        room: &mut [u8],
        phase: &'static str,
    ) -> impl Future<Output = Result<usize, Fault>> {
        wait(vigil, guard, phase, move |cx| {
            self.poll_recv(stream, cx, |stream| stream.try_recv(room).map(|count| (count, false)))
        })
    }

    /// Receives behind the end of `into`, by way of the shared buffer; 0 is the end.
    ///
    /// # Errors
    /// A limit, the cancel, or what broke.
    pub fn append(
        &self,
        stream: &mut Stream,
        vigil: &mut Vigil,
        guard: &Guard<'_>,
        into: &mut Vec<u8>,
        most: usize,
    ) -> impl Future<Output = Result<usize, Fault>> {
        wait(vigil, guard, "read", move |cx| {
            self.poll_recv(stream, cx, |stream| {
                BUFFER.with_borrow_mut(|buffer| {
                    let room = most.min(buffer.len());
                    let count = stream.try_recv(buffer.get_mut(..room).unwrap_or_default())?;
                    into.extend_from_slice(buffer.get(..count).unwrap_or_default());
                    Ok((count, count > 0 && count < room && matches!(stream, Stream::Plain(_))))
                })
            })
        })
    }

    /// Sends all of `bytes`; for handshakes, in which nobody talks out of turn.
    ///
    /// # Errors
    /// A limit, the cancel, or what broke.
    pub async fn send_all(
        &self,
        stream: &mut Stream,
        vigil: &mut Vigil,
        guard: &Guard<'_>,
        mut bytes: &[u8],
        phase: &'static str,
    ) -> Result<(), Fault> {
        wait(vigil, guard, phase, |cx| {
            loop {
                let sent = if bytes.is_empty() { stream.try_flush().map(|()| 0) } else { stream.try_send(bytes, &[]) };
                match sent {
                    Ok(0) if bytes.is_empty() => return Poll::Ready(Ok(())),
                    Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.write_full(cx);
                        if self.poll_write(cx)?.is_pending() {
                            return Poll::Pending;
                        }
                    }
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
        })
        .await
    }
}

/// Waits for bytes to move within the limits, of which a silence begins now.
///
/// # Errors
/// A time-out named by `phase`, the cancel, or what broke.
pub fn wait<T>(
    vigil: &mut Vigil,
    guard: &Guard<'_>,
    phase: &'static str,
    mut happens: impl FnMut(&mut Context<'_>) -> Poll<io::Result<T>>,
) -> impl Future<Output = Result<T, Fault>> {
    let deadline = deadline(guard);
    poll_fn(move |cx| {
        vigil.poll_until(deadline, cx, &mut happens).map(|happened| match happened.map_err(Fault::Over)? {
            Some(Ok(it)) => Ok(it),
            Some(Err(error)) => {
                guard.cancel.check().map_err(Fault::Over)?;
                Err(Fault::Broken(error))
            }
            None => Err(Fault::Over(late(guard, phase))),
        })
    })
}

/// When a wait that begins now must end.
pub fn deadline(guard: &Guard<'_>) -> Option<Instant> {
    let silence = guard.silence().and_then(|silence| clock::now().checked_add(silence));
    match (guard.deadline(), silence) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Which of the limits it was.
pub fn late(guard: &Guard<'_>, phase: &'static str) -> crate::error::Error {
    let passed: Outcome<()> = guard.check(clock::now(), phase);
    passed.err().unwrap_or_else(|| silent_for(phase, guard.silence()))
}
