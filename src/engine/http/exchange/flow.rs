//! Carries orders on the reactor: the machine and the steps of [`carrier`](super::carrier) and [`talk`](super::talk),
//! with the reactor's waiting. What a call holds while it waits is its head and the bytes that are not understood yet;
//! everything received goes through the one buffer of the reactor. The body is read by [`inflow`](super::inflow).

use std::{
    future::Future,
    io,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use super::{
    answer::{Answer, Marks, Opening},
    carrier::{Carrier, closed_meanwhile, explain, is_goodbye, no_connection},
    head::Head,
    hold::Hold,
    machine::Machine,
    order::{Order, Payload},
    talk::{Counts, Flow, Talk, Told, Trouble},
};
use crate::{
    clock,
    engine::{
        http::relay::Relay,
        net::{
            connect::{Connection, Steps},
            limits::{Fault, Guard, Limits},
            pool::{Pool, Pooled, Taken},
            route::Route,
        },
        reactor::{
            dial,
            vigil::Vigil,
            wire::{Ready, Watched, Wired, wait},
        },
    },
    error::{Error, Outcome, Result, code},
};

/// Room for the framing of chunks around a piece.
const FRAMING: usize = 256;

/// A place in the pool with, mostly, a connection in it.
pub(in crate::engine::http) struct WiredLease {
    pub wired: Option<Box<Wired>>,
    /// None when the place went back with its connection.
    pub place: Option<(Arc<Pool<Wired>>, Arc<Route>)>,
    /// The pool of connections that no reactor watches.
    pub home: Arc<Pool>,
}

impl WiredLease {
    /// Gives the connection back for the next call.
    pub fn give(mut self, now: Instant, keep: Option<Duration>) {
        if let Some(wired) = self.wired.take()
            && let Some((pool, route)) = self.place.take()
        {
            pool.give(&route, wired, now, keep);
        }
    }
}

impl Drop for WiredLease {
    fn drop(&mut self) {
        if let Some(wired) = self.wired.take() {
            wired.close();
        }
        if let Some((pool, route)) = self.place.take() {
            pool.release(&route);
        }
    }
}

impl Carrier {
    /// The same as [`Carrier::exchange`] on the reactor: sends an order and waits for the head of its answer. The body
    /// is read with [`Answer::pull`] or, after [`Answer::leave_reactor`], by any thread that may wait. A payload that
    /// is not in memory must be a relay: sources may block. A connection that was `made` already is used.
    ///
    /// # Errors
    /// As there.
    pub async fn flow_open(
        &self,
        route: &Arc<Route>,
        made: &mut Option<(Box<Wired>, Steps)>,
        order: &mut Order<'_>,
        limits: &Limits,
        vigil: &mut Vigil,
        watch: Option<&Arc<dyn super::Watch>>,
    ) -> Result<Answer> {
        let framing = order.payload.framing();
        let cancel = Arc::clone(vigil.cancel());
        let mut machine = Machine::start(order.method, order.head, framing)?;
        let mut marks = Marks::at(clock::now());
        let guard = Guard::exchange(limits, &cancel);
        let look = !order.replay_safe || matches!(order.payload, Payload::Relay { .. });
        let mut lease = if made.is_some() {
            self.wired.adopt(route);
            let place = Some((Arc::clone(&self.wired), Arc::clone(route)));
            WiredLease { wired: None, place, home: Arc::clone(&self.pool) }
        } else {
            self.place(route, look, &marks, limits, vigil).await?
        };
        loop {
            let reused = lease.wired.is_some();
            if !reused {
                let (wired, steps) = match made.take() {
                    Some(made) => made,
                    None => dial::establish(route, limits, vigil).await?,
                };
                marks.resolved = Some(steps.resolved);
                marks.connected = Some(steps.connected);
                marks.secured = steps.secured;
                lease.wired = Some(wired);
            }
            let Some(wired) = lease.wired.as_deref_mut() else { return Err(no_connection()) };
            let Wired { watched, connection } = wired;
            if let Some(watch) = watch {
                watch.begin(order.payload.size());
            }
            let mut talk = Talk {
                connection,
                machine: &mut machine,
                guard,
                watch,
                counts: Counts::default(),
                sent_at: None,
                first_at: None,
                head_at: None,
                touched: false,
                early: None,
                farewell: None,
            };
            let mut result = talk.run_on(watched, vigil, order.head, &mut order.payload, order.expect_continue).await;
            let (counts, touched) = (talk.counts, talk.touched);
            (marks.sent, marks.first, marks.head) = (talk.sent_at, talk.first_at, talk.head_at);
            if reused && order.replay_safe && result.as_ref().is_ok_and(is_goodbye) {
                result = Err(Trouble::Stale(closed_meanwhile()));
            }
            match result {
                Ok(head) => {
                    let opening = Opening { head, marks, reused, counts, limits: *limits, cancel: &cancel, watch };
                    return Answer::open(Hold::Wired(lease), machine, opening);
                }
                Err(Trouble::Stale(error)) if reused => {
                    let sent = counts.sent > 0;
                    let outcome = if sent { Outcome::Unknown } else { Outcome::NotSent };
                    if sent && !order.replay_safe {
                        return Err(error.outcome(outcome));
                    }
                    if let (true, Payload::Relay { relay, .. }) = (touched, &mut order.payload)
                        && !Box::pin(relay.rewind(vigil)).await.map_err(|error| error.outcome(outcome))?
                    {
                        return Err(error.outcome(outcome));
                    }
                    if let Some(wired) = lease.wired.take() {
                        wired.close();
                    }
                    machine = Machine::start(order.method, order.head, framing)?;
                }
                Err(Trouble::Stale(error) | Trouble::Failed(error)) => return Err(explain(error, reused, counts)),
            }
        }
    }

    /// A place in the pool; with `look`, its connection was looked at.
    async fn place(
        &self,
        route: &Arc<Route>,
        look: bool,
        marks: &Marks,
        limits: &Limits,
        vigil: &mut Vigil,
    ) -> Result<WiredLease> {
        let cancel = Arc::clone(vigil.cancel());
        let guard = Guard::connect(limits, &cancel, marks.start);
        let mut now = marks.start;
        loop {
            let wired = match self.wired.try_take(route, now, &cancel) {
                Taken::Idle(wired) => Some(wired),
                Taken::Open => None,
                Taken::Wait(seen) => {
                    // How it ended is looked at next, also to leave the queue.
                    let _ = vigil.ring(seen, guard.deadline()).await;
                    now = clock::now();
                    self.wired.still(route, now, &guard, &cancel)?;
                    continue;
                }
            };
            let place = Some((Arc::clone(&self.wired), Arc::clone(route)));
            let mut lease = WiredLease { wired, place, home: Arc::clone(&self.pool) };
            let good = match lease.wired.as_deref_mut() {
                Some(wired) if look => wired.connection.stream.is_idle(),
                _ => true,
            };
            if good {
                return Ok(lease);
            }
        }
    }
}

/// What came first.
enum First {
    /// A piece of the body, or its end.
    Piece(Result<Option<Vec<u8>>>),
    /// Something of the server's.
    Word,
}

impl Talk<'_> {
    /// Sends everything and waits for the head.
    pub(super) async fn run_on(
        &mut self,
        watched: &Watched,
        vigil: &mut Vigil,
        head: &[u8],
        payload: &mut Payload<'_>,
        expect: Option<Duration>,
    ) -> Told<Head> {
        let flow = match expect.filter(|_| self.machine.is_sending()) {
            None => self.send_payload_on(watched, vigil, head, payload).await?,
            Some(patience) => {
                let mut flow = self.send_on(watched, vigil, head, &[]).await?;
                if flow == Flow::On {
                    flow = self.await_continue_on(watched, vigil, patience).await?;
                }
                if flow == Flow::On { self.send_payload_on(watched, vigil, &[], payload).await? } else { flow }
            }
        };
        if flow == Flow::Stop {
            self.machine.abandon().map_err(Trouble::Failed)?;
        }
        self.sent_at = Some(clock::now());
        self.receive_on(watched, vigil).await
    }

    /// Sends the head and the payload, the first bytes of both together.
    async fn send_payload_on(
        &mut self,
        watched: &Watched,
        vigil: &mut Vigil,
        head: &[u8],
        payload: &mut Payload<'_>,
    ) -> Told<Flow> {
        match payload {
            Payload::None => self.send_on(watched, vigil, head, &[]).await,
            Payload::Bytes(bytes) => {
                let flow = self.send_on(watched, vigil, head, bytes).await?;
                if flow == Flow::On && self.machine.is_sending() {
                    self.machine.pass(bytes.len()).map_err(Trouble::Failed)?;
                }
                Ok(flow)
            }
            Payload::Relay { relay, .. } => Box::pin(self.relay_on(watched, vigil, head, relay)).await,
            Payload::Source { .. } => {
                Err(Trouble::Failed(Error::new(&code::INTERNAL, "a source was given to the reactor")))
            }
        }
    }

    /// Sends the head and the pieces that a relay brings.
    async fn relay_on(
        &mut self,
        watched: &Watched,
        vigil: &mut Vigil,
        mut head: &[u8],
        relay: &mut Relay,
    ) -> Told<Flow> {
        let sized = self.machine.left().is_some();
        let mut chunks = Vec::new();
        let mut first = true;
        self.touched = true;
        while self.machine.is_sending() {
            let piece = match self.piece_on(watched, vigil, relay, std::mem::take(&mut first)).await? {
                Some(First::Piece(piece)) => piece.map_err(Trouble::Failed)?.unwrap_or_default(),
                Some(First::Word) => return Ok(Flow::Stop),
                None => {
                    let now = clock::now();
                    let passed = self.guard.check(now, "write").err();
                    return Err(Trouble::Failed(passed.unwrap_or_else(no_connection)));
                }
            };
            let bytes = if sized {
                if piece.is_empty() {
                    return Err(Trouble::Failed(Error::new(
                        &code::PROVIDER,
                        "the body ended before the announced length",
                    )));
                }
                self.machine.pass(piece.len()).map_err(Trouble::Failed)?;
                &*piece
            } else {
                self.chunk(&piece, &mut chunks).map_err(Trouble::Failed)?;
                &*chunks
            };
            if self.send_on(watched, vigil, head, bytes).await? == Flow::Stop {
                return Ok(Flow::Stop);
            }
            head = &[];
            relay.give_back(piece);
            // A fast host and a fast server leave nothing to wait for: others have their turn, and the reactor looks
            // whether the server has said something.
            tokio::task::yield_now().await;
        }
        // A stream of no bytes went through no turn of the loop.
        self.send_on(watched, vigil, head, &[]).await
    }

    /// Puts a piece into chunks; one without bytes ends them.
    fn chunk(&mut self, mut piece: &[u8], chunks: &mut Vec<u8>) -> Result<()> {
        chunks.clear();
        loop {
            let old = chunks.len();
            chunks.resize(old + piece.len() + FRAMING, 0);
            let (used, filled) = self.machine.encode(piece, chunks.get_mut(old..).unwrap_or_default())?;
            chunks.truncate(old + filled);
            piece = piece.get(used..).unwrap_or_default();
            if piece.is_empty() {
                return Ok(());
            }
        }
    }

    /// Waits for the next piece; a host may take its time, and the server may answer meanwhile. None at the deadline.
    async fn piece_on(
        &mut self,
        watched: &Watched,
        vigil: &mut Vigil,
        relay: &mut Relay,
        first: bool,
    ) -> Told<Option<First>> {
        loop {
            let happens = |cx: &mut std::task::Context<'_>| {
                // Before the first byte of the request there is nothing to answer.
                if !first && watched.poll_read(cx).is_ready() {
                    return Poll::Ready(First::Word);
                }
                relay.poll_piece(cx).map(First::Piece)
            };
            match vigil.until(self.guard.deadline(), happens).await.map_err(Trouble::Failed)? {
                Some(First::Word) if self.listen()? == Flow::On => dry(watched).await,
                came => return Ok(came),
            }
        }
    }

    /// Sends both, what TLS holds included, and stops when the server answers instead of reading.
    async fn send_on(&mut self, watched: &Watched, vigil: &mut Vigil, mut front: &[u8], mut back: &[u8]) -> Told<Flow> {
        loop {
            let done = front.is_empty() && back.is_empty();
            let stream = &mut self.connection.stream;
            let sent = if done { stream.try_flush().map(|()| 0) } else { stream.try_send(front, back) };
            match sent {
                Ok(_) if done => return Ok(Flow::On),
                Ok(count) => {
                    self.counts.sent += count as u64;
                    let of_front = count.min(front.len());
                    front = front.get(of_front..).unwrap_or_default();
                    back = back.get(count - of_front..).unwrap_or_default();
                    if let Some(watch) = self.watch {
                        let time = watch.sent(count as u64, (count - of_front) as u64).map_err(Trouble::Failed)?;
                        rest(vigil, time).await.map_err(Trouble::Failed)?;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // In a box of its own: most requests find room, and those in flight have none to waste.
                    if Box::pin(self.stuck_on(watched, vigil)).await? == Flow::Stop {
                        return Ok(Flow::Stop);
                    }
                }
                Err(error) => {
                    // The server closed; it may have answered before. A reset does not take away what has arrived.
                    return match self.listen()? {
                        Flow::Stop if self.early.is_some() || !self.connection.received().is_empty() => Ok(Flow::Stop),
                        _ => {
                            let error = self.farewell.take().unwrap_or(error);
                            Err(self.lost(Fault::Broken(error), "write"))
                        }
                    };
                }
            }
        }
    }

    /// Waits until something can be sent, or until the server says something.
    async fn stuck_on(&mut self, watched: &Watched, vigil: &mut Vigil) -> Told<Flow> {
        let mut full = true;
        let ready = wait(vigil, &self.guard, "write", |cx| {
            if std::mem::take(&mut full) {
                watched.write_full(cx);
            }
            watched.poll_either(cx)
        });
        match ready.await {
            Ok(Ready::Write) => Ok(Flow::On),
            Ok(Ready::Read) => {
                let flow = self.listen()?;
                if flow == Flow::On {
                    dry(watched).await;
                }
                Ok(flow)
            }
            Err(fault) => Err(self.lost(fault, "write")),
        }
    }

    /// Waits for `100 Continue`, but not for ever: servers that do not know it wait for the payload.
    async fn await_continue_on(&mut self, watched: &Watched, vigil: &mut Vigil, patience: Duration) -> Told<Flow> {
        let until = clock::now() + patience;
        loop {
            let left = until.saturating_duration_since(clock::now());
            if left.is_zero() {
                return Ok(Flow::On);
            }
            let guard = self.guard.with_silence(Some(left));
            match take_in(self.connection, watched, vigil, &guard).await {
                Err(Fault::Over(error)) if error.code() == code::READ_TIMEOUT.word => return Ok(Flow::On),
                Err(fault) => return Err(self.lost(fault, "read")),
                Ok(0) => return Ok(Flow::Stop),
                Ok(count) => self.arrived(count),
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
    async fn receive_on(&mut self, watched: &Watched, vigil: &mut Vigil) -> Told<Head> {
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
            match take_in(self.connection, watched, vigil, &self.guard).await {
                Ok(0) => return Err(self.ended()),
                Ok(count) => self.arrived(count),
                Err(fault) => return Err(self.lost(fault, "read")),
            }
        }
    }
}

/// Receives behind what was received already.
fn take_in(
    connection: &mut Connection,
    watched: &Watched,
    vigil: &mut Vigil,
    guard: &Guard<'_>,
) -> impl Future<Output = std::result::Result<usize, Fault>> {
    connection.buffer.truncate(connection.end);
    watched.append(&mut connection.stream, vigil, guard, &mut connection.buffer, usize::MAX)
}

/// What was there was read.
async fn dry(watched: &Watched) {
    std::future::poll_fn(|cx| {
        watched.read_dry(cx);
        Poll::Ready(())
    })
    .await;
}

/// Pauses for as long as a watch wants it.
///
/// # Errors
/// `cancelled`.
pub(super) async fn rest(vigil: &mut Vigil, time: Duration) -> Result<()> {
    if time.is_zero() { Ok(()) } else { vigil.sleep(time).await }
}
