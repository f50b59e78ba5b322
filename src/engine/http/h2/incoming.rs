//! The body of an answer as its stream brings it. What was read makes room for more, so a server sends no faster than
//! it is read; dropping it breaks the stream off, and nothing else.

use std::{
    collections::VecDeque,
    future::Future,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf, Bytes};
use h2::{Reason, RecvStream};
use http::HeaderMap;

use super::{
    fault::in_body,
    line::Line,
    lines::Lines,
    patience::{Patience, Sleeper, at_once},
    place::Place,
    tact::Hold,
};
use crate::{
    clock,
    engine::{http::exchange::Answer, net::limits::Guard, reactor::vigil::Vigil},
    error::{Error, Result, Status, code},
};

/// How long the end of a stream is waited for behind the last byte of its body.
const LINGER: Duration = Duration::from_secs(5);

/// What is left of a stream.
pub struct Incoming {
    stream: Option<RecvStream>,
    /// Read and not given out yet.
    ahead: VecDeque<Bytes>,
    place: Option<Place>,
    lines: Arc<Lines>,
    sleeper: Option<Sleeper>,
    got: u64,
    trailers: Option<HeaderMap>,
}

impl Incoming {
    pub(super) fn new(stream: RecvStream, ahead: VecDeque<Bytes>, place: Place, lines: Arc<Lines>) -> Incoming {
        Incoming { stream: Some(stream), ahead, place: Some(place), lines, sleeper: None, got: 0, trailers: None }
    }

    /// Whether nothing more will come.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.ahead.is_empty() && self.stream.as_ref().is_none_or(RecvStream::is_end_stream)
    }

    /// The fields behind the body, once it was read to its end.
    pub fn take_trailers(&mut self) -> Option<HeaderMap> {
        self.trailers.take()
    }

    fn line(&self) -> Option<&Arc<Line>> {
        self.place.as_ref().map(Place::line)
    }

    /// At most so many of the next bytes; none at the end.
    fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
        most: usize,
        announced: Option<u64>,
    ) -> Poll<std::result::Result<Option<Bytes>, Error>> {
        if let Some(piece) = self.ahead.front_mut() {
            let count = piece.len().min(most);
            let part = piece.copy_to_bytes(count);
            if piece.is_empty() {
                self.ahead.pop_front();
            }
            self.got += count as u64;
            return Poll::Ready(Ok(Some(part)));
        }
        let Some(stream) = &mut self.stream else { return Poll::Ready(Ok(None)) };
        // Room that was made is told of behind the protocol's lock.
        let _hold = Hold::new();
        loop {
            match stream.poll_data(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(piece))) => {
                    let _ = stream.flow_control().release_capacity(piece.len());
                    if piece.is_empty() {
                        continue;
                    }
                    self.ahead.push_back(piece);
                    return self.poll_piece(cx, most, announced);
                }
                Poll::Ready(Some(Err(error))) => {
                    let whole = announced.is_none_or(|size| self.got == size);
                    // The server is done with the request and does not want the rest of it (RFC 9113 8.1).
                    if error.is_reset() && error.is_remote() && error.reason() == Some(Reason::NO_ERROR) && whole {
                        return Poll::Ready(Ok(None));
                    }
                    return Poll::Ready(Err(in_body(&error, self.got, announced)));
                }
                Poll::Ready(None) => {}
            }
            return stream.poll_trailers(cx).map(|trailers| {
                // Broken ones do not make the body less whole.
                self.trailers = trailers.ok().flatten();
                Ok(None)
            });
        }
    }

    /// The last byte was read: what is left of the stream is its end, which may still be on its way. Without it the
    /// server would be told that we gave up.
    pub fn finish(&mut self) {
        let Some(mut stream) = self.stream.take() else { return };
        let place = self.place.take();
        if stream.is_end_stream() {
            return;
        }
        let linger = async move {
            let until = tokio::time::sleep(LINGER);
            tokio::pin!(until);
            std::future::poll_fn(|cx| {
                if until.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(());
                }
                match stream.poll_data(cx) {
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(Some(Ok(piece))) if piece.is_empty() => {
                        cx.waker().wake_by_ref();
                        Poll::Pending
                    }
                    Poll::Ready(Some(_)) => Poll::Ready(()),
                    Poll::Ready(None) => stream.poll_trailers(cx).map(drop),
                }
            })
            .await;
            drop((stream, place));
        };
        self.lines.run(linger);
    }
}

impl Answer {
    /// The next bytes of a body that a stream brings, at most so many; none at the end.
    async fn piece(&mut self, patience: &mut Patience<'_>, most: usize) -> Result<Bytes> {
        let announced = self.length();
        let guard = Guard::exchange(&self.limits, &self.cancel);
        let Some(incoming) = self.hold.incoming() else { return Ok(Bytes::new()) };
        // Bytes that are always there leave nothing to wait for, and the deadline would never have its turn.
        if guard.deadline().is_some() {
            guard.check(clock::now(), "read")?;
        }
        let waited = patience.wait(&guard, "read", |cx| incoming.poll_piece(cx, most, announced)).await;
        if let (Err(error), Some(line)) = (&waited, incoming.line())
            && error.status() == Status::Timeout
        {
            line.suspect();
        }
        let piece = waited??;
        let count = piece.as_ref().map_or(0, Bytes::len);
        self.received += count as u64;
        self.inbound.pass(count);
        if piece.is_none() {
            // What the protocol's crate let pass as whole and is not.
            self.inbound.end()?;
        }
        if let Some(watch) = self.watch.as_ref().filter(|_| count > 0) {
            patience.rest(watch.received(count as u64)?).await?;
        }
        if self.inbound.is_done() || self.hold.incoming().is_none_or(|incoming| incoming.is_ended()) {
            self.inbound.end()?;
            self.end_stream();
        }
        Ok(piece.unwrap_or_default())
    }

    /// Reads from a stream on a thread that may wait; 0 is the end.
    pub(in crate::engine::http) fn read_stream(&mut self, output: &mut [u8]) -> Result<usize> {
        let Some(incoming) = self.hold.incoming() else { return Ok(0) };
        let sleeper = incoming.sleeper.take().unwrap_or_default();
        let cancel = Arc::clone(&self.cancel);
        let mut patience = Patience::Thread(sleeper, &cancel);
        let piece = at_once(self.piece(&mut patience, output.len()))?;
        if let (Some(incoming), Patience::Thread(sleeper, _)) = (self.hold.incoming(), patience) {
            incoming.sleeper = Some(sleeper);
        }
        let Some(room) = output.get_mut(..piece.len()) else {
            return Err(Error::new(&code::INTERNAL, "a stream brought too much"));
        };
        room.copy_from_slice(&piece);
        Ok(piece.len())
    }

    /// The same on the reactor, behind the end of `out`.
    pub(in crate::engine::http) async fn pull_stream(&mut self, vigil: &mut Vigil, out: &mut Vec<u8>) -> Result<usize> {
        let piece = self.piece(&mut Patience::Reactor(vigil), usize::MAX).await?;
        out.extend_from_slice(&piece);
        Ok(piece.len())
    }
}
