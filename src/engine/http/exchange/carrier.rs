//! Carries orders over the connections of a session, on the caller's own thread.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    answer::{Answer, Marks, Opening},
    head::Head,
    hold::Hold,
    machine::Machine,
    order::{Order, Payload, Watch},
    talk::{Counts, Talk, Trouble},
};
use crate::{
    clock,
    engine::{
        http::h2::Lines,
        net::{
            cancel::Cancel,
            connect::{self, Connection, Steps},
            limits::{Guard, Limits, reason},
            pool::{Pool, PoolOptions, RouteStats},
            route::Route,
        },
        reactor::{seat::Seat, wire::Wired},
        tls::trouble,
    },
    error::{Error, Outcome, Result, code},
};

/// What a session has one of.
#[derive(Debug, Default)]
pub struct Carrier {
    pub(super) pool: Arc<Pool>,
    /// The connections of submitted calls, which the reactor watches.
    pub(super) wired: Arc<Pool<Wired>>,
    lines: Arc<Lines>,
}

/// A place in the pool with, mostly, a connection in it. Dropping it closes the connection and frees the place.
pub(in crate::engine::http) struct Lease {
    pub connection: Option<Box<Connection>>,
    /// None when the place went back with its connection.
    place: Option<Place>,
}

/// Where a connection is counted.
enum Place {
    /// In the pool that it came from.
    Own(Arc<Pool>, Arc<Route>),
    /// Among those of the reactor, which it left: it goes to the other pool at its end.
    Wired(Arc<Pool<Wired>>, Arc<Pool>, Arc<Route>),
}

impl Lease {
    /// A connection that left the reactor. It keeps its place there until it is over.
    pub fn of_wired(connection: Box<Connection>, wired: Arc<Pool<Wired>>, home: Arc<Pool>, route: Arc<Route>) -> Lease {
        Lease { connection: Some(connection), place: Some(Place::Wired(wired, home, route)) }
    }

    /// Gives the connection back for the next call.
    pub fn give(mut self, now: Instant, keep: Option<Duration>) {
        let Some(connection) = self.connection.take() else { return };
        match self.place.take() {
            Some(Place::Own(pool, route)) => pool.give(&route, connection, now, keep),
            Some(Place::Wired(wired, home, route)) => {
                home.adopt(&route);
                home.give(&route, connection, now, keep);
                wired.release(&route);
            }
            None => connection.stream.close(),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.stream.close();
        }
        match self.place.take() {
            Some(Place::Own(pool, route)) => pool.release(&route),
            Some(Place::Wired(wired, _, route)) => wired.release(&route),
            None => {}
        }
    }
}

impl Carrier {
    /// A carrier with an empty pool.
    #[must_use]
    pub fn new(options: PoolOptions, seat: Arc<Seat>) -> Carrier {
        Carrier {
            pool: Arc::new(Pool::new(options)),
            wired: Arc::new(Pool::new(options)),
            lines: Arc::new(Lines::new(seat, options)),
        }
    }

    /// The connections of HTTP/2.
    #[must_use]
    pub fn lines(&self) -> &Arc<Lines> {
        &self.lines
    }

    /// Changes the options of the pool.
    pub fn configure(&self, options: PoolOptions) {
        self.pool.configure(options);
        self.wired.configure(options);
        self.lines.configure(options);
    }

    /// Closes the idle connections.
    pub fn clear(&self) {
        self.pool.clear();
        self.wired.clear();
        self.lines.clear();
    }

    /// Leaves: goodbyes are said until `deadline`, and nothing is left afterwards.
    pub fn close(&self, deadline: Instant) {
        self.pool.clear();
        self.wired.clear();
        self.lines.close(deadline);
    }

    /// What the pool holds.
    #[must_use]
    pub fn stats(&self) -> Vec<RouteStats> {
        let mut stats = self.pool.stats();
        for more in self.wired.stats().into_iter().chain(self.lines.stats()) {
            match stats.iter_mut().find(|known| known.label == more.label) {
                Some(known) => {
                    known.idle += more.idle;
                    known.busy += more.busy;
                }
                None => stats.push(more),
            }
        }
        stats.sort_by(|one, other| one.label.cmp(&other.label));
        stats
    }

    /// Sends an order and waits for the head of its answer.
    ///
    /// A kept connection that turns out to be closed is replaced once by a fresh one without a word, when the order may
    /// be sent again: it is safe and its payload can be rewound, or nothing of it was sent.
    ///
    /// # Errors
    /// Everything that can happen on the way, with `phase` and `outcome`.
    pub fn exchange(
        &self,
        route: &Arc<Route>,
        order: Order<'_>,
        limits: &Limits,
        cancel: &Arc<Cancel>,
        watch: Option<&Arc<dyn Watch>>,
    ) -> Result<Answer> {
        self.exchange_over(route, None, order, limits, cancel, watch)
    }

    /// The same, over a connection that was made already.
    ///
    /// # Errors
    /// As there.
    pub fn exchange_over(
        &self,
        route: &Arc<Route>,
        mut made: Option<(Box<Connection>, Steps)>,
        mut order: Order<'_>,
        limits: &Limits,
        cancel: &Arc<Cancel>,
        watch: Option<&Arc<dyn Watch>>,
    ) -> Result<Answer> {
        let framing = order.payload.framing();
        let mut machine = Machine::start(order.method, order.head, framing)?;
        let mut marks = Marks::at(clock::now());
        let guard = Guard::exchange(limits, cancel);
        let mut lease = if made.is_some() {
            self.pool.adopt(route);
            Lease { connection: None, place: Some(Place::Own(self.pool.clone(), route.clone())) }
        } else {
            self.lease(route, &order, &marks, &Guard::connect(limits, cancel, marks.start), cancel)
                .map_err(|error| error.outcome(Outcome::NotSent))?
        };
        loop {
            let reused = lease.connection.is_some();
            if !reused {
                let (connection, steps) = match made.take() {
                    Some(made) => made,
                    None => {
                        let (connection, steps) = connect::establish(route, limits, cancel)?;
                        (Box::new(connection), steps)
                    }
                };
                marks.resolved = Some(steps.resolved);
                marks.connected = Some(steps.connected);
                marks.secured = steps.secured;
                lease.connection = Some(connection);
            }
            let Some(connection) = lease.connection.as_deref_mut() else { return Err(no_connection()) };
            if reused {
                connection.stream.wire().arm(cancel).map_err(|error| error.outcome(Outcome::NotSent))?;
            }
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
            let mut result = talk.run(order.head, &mut order.payload, order.expect_continue);
            if reused && order.replay_safe && result.as_ref().is_ok_and(is_goodbye) {
                result = Err(Trouble::Stale(closed_meanwhile()));
            }
            match result {
                Ok(head) => {
                    let Talk { counts, sent_at, first_at, head_at, .. } = talk;
                    marks.sent = sent_at;
                    marks.first = first_at;
                    marks.head = head_at;
                    let opening = Opening { head, marks, reused, counts, limits: *limits, cancel, watch };
                    return Answer::open(Hold::Own(lease), machine, opening);
                }
                Err(Trouble::Stale(error)) if reused => {
                    let sent = talk.counts.sent > 0;
                    let again = !sent || order.replay_safe;
                    if !again || (talk.touched && !order.payload.rewind()) {
                        return Err(error.outcome(if sent { Outcome::Unknown } else { Outcome::NotSent }));
                    }
                    if let Some(connection) = lease.connection.take() {
                        connection.stream.close();
                    }
                    machine = Machine::start(order.method, order.head, framing)?;
                }
                Err(Trouble::Stale(error) | Trouble::Failed(error)) => {
                    return Err(explain(error, reused, talk.counts));
                }
            }
        }
    }

    /// A place in the pool. What cannot be sent twice gets a connection that was looked at.
    fn lease(
        &self,
        route: &Arc<Route>,
        order: &Order<'_>,
        marks: &Marks,
        guard: &Guard<'_>,
        cancel: &Arc<Cancel>,
    ) -> Result<Lease> {
        let look = !order.replay_safe || matches!(order.payload, Payload::Source { .. });
        loop {
            let connection = self.pool.take(route, marks.start, guard, cancel)?;
            let mut lease = Lease { connection, place: Some(Place::Own(self.pool.clone(), route.clone())) };
            let good = match lease.connection.as_deref_mut() {
                Some(connection) if look => connection.stream.is_idle(),
                _ => true,
            };
            if good {
                return Ok(lease);
            }
        }
    }
}

impl Payload<'_> {
    /// Goes back to the start, if that is possible.
    fn rewind(&mut self) -> bool {
        match self {
            Payload::None | Payload::Bytes(_) => true,
            Payload::Source { source, .. } => source.rewind(),
            Payload::Relay { .. } => false,
        }
    }
}

/// The error of a connection that broke.
pub(super) fn broken(error: io::Error, phase: &'static str) -> Error {
    match trouble::inside(&error) {
        Some(inner) => trouble::explain(inner, "the server").phase(phase),
        None => Error::new(&code::CONNECT, format!("the connection broke: {}", reason(&error))).phase(phase),
    }
}

/// The server's goodbye to an idle connection, which crossed the request on the way.
pub(super) fn is_goodbye(head: &Head) -> bool {
    head.status == 408 && head.close
}

pub(super) fn closed_meanwhile() -> Error {
    Error::new(&code::CONNECT, "the server closed the connection that was kept").phase("read")
}

/// The failure of an exchange, with its phase and whether the request may have had an effect.
pub(super) fn explain(error: Error, reused: bool, counts: Counts) -> Error {
    let sent = counts.sent > 0;
    let nonsense =
        matches!(error.code(), "protocol" | "limit" | "invalid_header") && error.detail().get("phase").is_none();
    let error = if nonsense { error.phase("read") } else { error };
    // TLS 1.3 lets the client speak before the server has seen its certificate: what a server sends that refuses it
    // was never a request to it.
    if !reused && refused_us(&error, counts.received) {
        return error.phase("tls").outcome(Outcome::NotSent);
    }
    match error.known_outcome() {
        Some(_) => error,
        None => error.outcome(if sent { Outcome::Unknown } else { Outcome::NotSent }),
    }
}

/// The server refused our certificate before it said anything else.
fn refused_us(error: &Error, received: u64) -> bool {
    received == 0 && error.code() == code::CERTIFICATE.word
}

pub(super) fn no_connection() -> Error {
    Error::new(&code::INTERNAL, "there was no connection")
}
