//! Carries orders on the reactor: the machine and the steps of [`carrier`](super::carrier) and [`talk`](super::talk),
//! with the reactor's waiting, and with the whole body read ahead. What a call holds while it waits is its head and the
//! bytes that are not understood yet; everything received goes through the one buffer of the reactor.

use std::{
    io,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use super::{
    answer::{Answer, Body, Marks, Opening},
    carrier::{Carrier, broken, closed_meanwhile, explain, is_goodbye},
    framing::Inbound,
    head::{self, Head},
    machine::Machine,
    order::{Order, Payload, Watch},
    talk::{Counts, Flow, Talk, Told, Trouble},
};
use crate::{
    clock,
    engine::{
        net::{
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

/// The first allocation for a body of declared length goes no further than this: a length can lie.
const TRUSTED_LENGTH: u64 = 1 << 20;
/// Reads in a row of a connection that always has more; then others have their turn.
const TURN: u32 = 16;

/// A place in the pool with, mostly, a connection in it.
pub(super) struct Lease {
    pub(super) wired: Option<Box<Wired>>,
    /// None when the place went back with its connection, and for one that no pool knows.
    pub(super) place: Option<(Arc<Pool<Wired>>, Arc<Route>)>,
}

impl Lease {
    fn give(mut self, keep: Option<Duration>) {
        if let Some(wired) = self.wired.take()
            && let Some((pool, route)) = self.place.take()
        {
            pool.give(&route, wired, clock::now(), keep);
        }
    }
}

impl Drop for Lease {
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
    /// The same as [`Carrier::exchange`] on the reactor, body included. The payload must be in memory: sources may
    /// block.
    ///
    /// # Errors
    /// As there; what goes wrong inside the body comes out where the body is read.
    pub async fn flow(
        &self,
        route: &Arc<Route>,
        order: Order<'_>,
        limits: &Limits,
        vigil: &mut Vigil,
        watch: Option<&Arc<dyn Watch>>,
    ) -> Result<Answer> {
        let payload = match &order.payload {
            Payload::None => &[][..],
            Payload::Bytes(bytes) => bytes,
            Payload::Source { .. } => return Err(Error::new(&code::INTERNAL, "a source was given to the reactor")),
        };
        let framing = order.payload.framing();
        let cancel = Arc::clone(vigil.cancel());
        let mut machine = Machine::start(order.method, order.head, framing)?;
        let mut marks = Marks::at(clock::now());
        let guard = Guard::exchange(limits, &cancel);
        let mut lease = self.place(route, !order.replay_safe, &marks, limits, vigil).await?;
        loop {
            let reused = lease.wired.is_some();
            if !reused {
                let (wired, steps) = Box::pin(dial::establish(route, limits, vigil)).await?;
                marks.resolved = Some(steps.resolved);
                marks.connected = Some(steps.connected);
                marks.secured = steps.secured;
                lease.wired = Some(wired);
            }
            let Some(wired) = lease.wired.as_deref_mut() else { return Err(no_connection()) };
            let Wired { watched, connection } = wired;
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
            let mut result = talk.run_on(watched, vigil, order.head, payload, order.expect_continue).await;
            let counts = talk.counts;
            (marks.sent, marks.first, marks.head) = (talk.sent_at, talk.first_at, talk.head_at);
            if reused && order.replay_safe && result.as_ref().is_ok_and(is_goodbye) {
                result = Err(Trouble::Stale(closed_meanwhile()));
            }
            match result {
                Ok(head) => {
                    let opening = Opening { head, marks, reused, counts, limits: *limits, cancel: &cancel, watch };
                    return read(lease, machine, opening, vigil).await;
                }
                Err(Trouble::Stale(error)) if reused => {
                    let sent = counts.sent > 0;
                    if sent && !order.replay_safe {
                        return Err(error.outcome(Outcome::Unknown));
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
    ) -> Result<Lease> {
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
            let mut lease = Lease { wired, place: Some((Arc::clone(&self.wired), Arc::clone(route))) };
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

impl Talk<'_> {
    /// Sends everything and waits for the head.
    pub(super) async fn run_on(
        &mut self,
        watched: &Watched,
        vigil: &mut Vigil,
        head: &[u8],
        payload: &[u8],
        expect: Option<Duration>,
    ) -> Told<Head> {
        let flow = match expect.filter(|_| self.machine.is_sending()) {
            None => self.send_on(watched, vigil, head, payload).await?,
            Some(patience) => {
                let mut flow = self.send_on(watched, vigil, head, &[]).await?;
                if flow == Flow::On {
                    flow = self.await_continue_on(watched, vigil, patience).await?;
                }
                if flow == Flow::On { self.send_on(watched, vigil, &[], payload).await? } else { flow }
            }
        };
        if flow == Flow::Stop {
            self.machine.abandon().map_err(Trouble::Failed)?;
        } else if self.machine.is_sending() {
            self.machine.pass(payload.len()).map_err(Trouble::Failed)?;
        }
        self.sent_at = Some(clock::now());
        self.receive_on(watched, vigil).await
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
                        watch.sent(count as u64, (count - of_front) as u64).map_err(Trouble::Failed)?;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if self.stuck_on(watched, vigil).await? == Flow::Stop {
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
            match self.take_in(watched, vigil, &guard).await {
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
            let guard = self.guard;
            match self.take_in(watched, vigil, &guard).await {
                Ok(0) => return Err(self.ended()),
                Ok(count) => self.arrived(count),
                Err(fault) => return Err(self.lost(fault, "read")),
            }
        }
    }

    /// Receives behind what was received already.
    async fn take_in(
        &mut self,
        watched: &Watched,
        vigil: &mut Vigil,
        guard: &Guard<'_>,
    ) -> std::result::Result<usize, Fault> {
        let connection = &mut *self.connection;
        connection.buffer.truncate(connection.end);
        watched.append(&mut connection.stream, vigil, guard, &mut connection.buffer, usize::MAX).await
    }
}

/// What was there was read.
async fn dry(watched: &Watched) {
    std::future::poll_fn(|cx| {
        watched.read_dry(cx);
        Poll::Ready(())
    })
    .await;
}

/// Reads the body, and gives the connection back when it can serve another call.
pub(super) async fn read(mut lease: Lease, machine: Machine, mut opening: Opening<'_>, vigil: &mut Vigil) -> Result<Answer> {
    let mut inbound = machine.body(&mut opening.head)?;
    let length = inbound.direct().filter(|length| *length < u64::MAX);
    let Some(wired) = lease.wired.as_deref_mut() else { return Err(no_connection()) };
    let connection = &mut wired.connection;
    let bytes = connection.received().get(..opening.head.size).unwrap_or_default();
    let raw_head = if opening.head.folded { head::unfold(bytes) } else { bytes.to_vec() };
    connection.consume(opening.head.size);
    let mut bytes = Vec::new();
    if let Some(length) = length.filter(|length| *length > 0) {
        // One more for the NUL that C readers like to find.
        bytes.reserve_exact(usize::try_from(length.min(TRUSTED_LENGTH)).unwrap_or(0) + 1);
    }
    let outcome = read_body(wired, &mut inbound, &mut opening, &mut bytes, vigil).await;
    let body = Body { inbound, length, bytes, failure: outcome.err() };
    let switched = matches!(body.inbound, Inbound::Switched);
    let rest = wired.connection.start < wired.connection.end;
    let keeps = body.failure.is_none() && !opening.head.close && !switched && !rest;
    let (keep, cancelled) = (opening.head.keep, opening.cancel.is_cancelled());
    let answer = Answer::of_held(opening, &wired.connection, raw_head, body);
    if keeps && !cancelled {
        lease.give(keep);
    }
    Ok(answer)
}

async fn read_body(
    wired: &mut Wired,
    inbound: &mut Inbound,
    opening: &mut Opening<'_>,
    body: &mut Vec<u8>,
    vigil: &mut Vigil,
) -> Result<()> {
    let Wired { watched, connection } = wired;
    let guard = Guard::exchange(&opening.limits, opening.cancel);
    let mut turn = 0;
    loop {
        while connection.start < connection.end && !inbound.is_done() {
            let old = body.len();
            let received = connection.received();
            body.resize(old + received.len(), 0);
            let outcome = inbound.read(received, body.get_mut(old..).unwrap_or_default());
            let (used, filled) = *outcome.as_ref().unwrap_or(&(0, 0));
            body.truncate(old + filled);
            outcome?;
            connection.consume(used);
            if used == 0 {
                break;
            }
            if let Some(watch) = opening.watch {
                watch.received(used as u64)?;
            }
        }
        if inbound.is_done() || matches!(inbound, Inbound::Switched) {
            return Ok(());
        }
        turn += 1;
        if turn % TURN == 0 {
            tokio::task::yield_now().await;
        }
        // Bytes that are always there leave nothing to wait for, and the deadline would never have its turn.
        if guard.deadline().is_some() {
            guard.check(clock::now(), "read")?;
        }
        let received = match inbound.direct() {
            Some(left) => {
                let most = usize::try_from(left).unwrap_or(usize::MAX);
                watched.append(&mut connection.stream, vigil, &guard, body, most).await
            }
            None => {
                // What is used goes, or the rests of all chunks would pile up.
                if connection.start > 0 {
                    connection.buffer.copy_within(connection.start..connection.end, 0);
                    connection.end -= connection.start;
                    connection.start = 0;
                }
                connection.buffer.truncate(connection.end);
                watched.append(&mut connection.stream, vigil, &guard, &mut connection.buffer, usize::MAX).await
            }
        };
        let count = match received {
            Ok(count) => count,
            Err(Fault::Over(error)) => return Err(error),
            // A reset inside a body is its early end.
            Err(Fault::Broken(error)) if error.kind() == io::ErrorKind::ConnectionReset => {
                return Err(inbound.end().err().unwrap_or_else(|| broken(error, "read")));
            }
            Err(Fault::Broken(error)) => return Err(broken(error, "read")),
        };
        if count == 0 {
            if matches!(inbound, Inbound::UntilClose) && !connection.stream.ended_politely() {
                let message = "the connection ended without the goodbye of TLS, so the body may have been cut";
                return Err(Error::new(&code::INCOMPLETE_READ, message));
            }
            opening.head.close = true;
            return inbound.end();
        }
        opening.counts.received += count as u64;
        if inbound.direct().is_some() {
            if let Some(watch) = opening.watch {
                watch.received(count as u64)?;
            }
            inbound.pass(count);
        } else {
            connection.end += count;
        }
    }
}

fn no_connection() -> Error {
    Error::new(&code::INTERNAL, "there was no connection")
}

