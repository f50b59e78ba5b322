//! Idle connections, by route.
//!
//! The most recently used connection goes out first. `pool_connections` bounds the routes that keep idle connections
//! (the least recently used one loses its), `pool_maxsize` the idle connections of a route, and with `pool_block` also
//! the open ones. A connection that was idle for 55 seconds is not used again (common servers and balancers close after
//! 60 or 75), and earlier when the server said so (`Keep-Alive: timeout=5`). See spec/http.md 1.17.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::sys::lock::Mutex;
use rustc_hash::FxBuildHasher;

use super::{cancel::Cancel, connect::Connection, limits::Guard, route::Route};
use crate::{
    clock,
    error::{Outcome, Result},
};

/// How long a connection may be idle.
pub const IDLE_LIMIT: Duration = Duration::from_secs(55);

/// The options that `requests` gives its adapter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PoolOptions {
    /// Routes that keep idle connections.
    pub connections: usize,
    /// Idle connections kept for each route.
    pub maxsize: usize,
    /// Whether `maxsize` bounds the open connections too; a call waits for its turn then.
    pub block: bool,
    /// How long a connection may be idle.
    pub idle: Duration,
}

impl Default for PoolOptions {
    fn default() -> Self {
        PoolOptions { connections: 10, maxsize: 10, block: false, idle: IDLE_LIMIT }
    }
}

/// One route as a snapshot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteStats {
    /// Where it leads.
    pub label: String,
    /// Connections that wait.
    pub idle: usize,
    /// Connections in use.
    pub busy: usize,
}

/// What a pool keeps: a connection of a blocking call, or one that is registered with the reactor.
pub trait Pooled: Sized {
    /// No call owns it any more.
    fn rest(&mut self);
    /// Says goodbye where the protocol has a word for it, without waiting.
    fn close(self);
}

impl Pooled for Connection {
    fn rest(&mut self) {
        self.stream.wire().disarm();
    }

    fn close(self) {
        self.stream.close();
    }
}

#[derive(Debug)]
struct Idle<C> {
    connection: Box<C>,
    until: Instant,
}

#[derive(Debug)]
struct Shelf<C> {
    idle: Vec<Idle<C>>,
    busy: usize,
    used: u64,
    waiters: VecDeque<Arc<Cancel>>,
}

#[derive(Debug)]
struct State<C> {
    shelves: HashMap<Arc<Route>, Shelf<C>, FxBuildHasher>,
    turn: u64,
    options: PoolOptions,
}

/// The pool of a session. Locks are held for look-ups only: connections are made and closed outside.
#[derive(Debug)]
pub struct Pool<C: Pooled = Connection> {
    state: Mutex<State<C>>,
}

/// What a look into the pool gave.
pub enum Taken<C> {
    /// A connection that waited.
    Idle(Box<C>),
    /// The right to open one.
    Open,
    /// Nothing: the caller is in the queue, and its handle rings; so often it had rung before.
    Wait(u64),
}

impl<C: Pooled> Default for Pool<C> {
    fn default() -> Self {
        Pool::new(PoolOptions::default())
    }
}

impl<C: Pooled> Pool<C> {
    /// An empty pool.
    #[must_use]
    pub fn new(options: PoolOptions) -> Pool<C> {
        Pool { state: Mutex::new(State { shelves: HashMap::default(), turn: 0, options }) }
    }

    /// Changes the options; what is kept beyond them goes when it is next looked at.
    pub fn configure(&self, options: PoolOptions) {
        self.state.lock().options = options;
    }

    /// Takes an idle connection, or the right to open one (`None`). Either is given back with [`Pool::give`] or
    /// [`Pool::release`].
    ///
    /// # Errors
    /// With `pool_block`: `connect_timeout` or `total_timeout` with phase `connect`, or the cancel.
    pub fn take(
        &self,
        route: &Arc<Route>,
        now: Instant,
        guard: &Guard<'_>,
        cancel: &Arc<Cancel>,
    ) -> Result<Option<Box<C>>> {
        let mut now = now;
        loop {
            let seen = match self.try_take(route, now, cancel) {
                Taken::Idle(connection) => return Ok(Some(connection)),
                Taken::Open => return Ok(None),
                Taken::Wait(seen) => seen,
            };
            cancel.listen(seen, guard.deadline());
            now = clock::now();
            self.still(route, now, guard, cancel)?;
        }
    }

    /// Whether a caller in the queue may go on waiting; it leaves the queue when it may not.
    ///
    /// # Errors
    /// Those of [`Pool::take`].
    pub fn still(&self, route: &Arc<Route>, now: Instant, guard: &Guard<'_>, cancel: &Arc<Cancel>) -> Result<()> {
        let over = cancel.check().and_then(|()| guard.check(now, "connect"));
        over.map_err(|error| {
            self.leave(route, cancel);
            error.outcome(Outcome::NotSent)
        })
    }

    /// The same as [`Pool::take`] without waiting.
    pub fn try_take(&self, route: &Arc<Route>, now: Instant, cancel: &Arc<Cancel>) -> Taken<C> {
        let mut old = Vec::new();
        let taken = {
            let mut state = self.state.lock();
            let State { shelves, turn, options } = &mut *state;
            *turn += 1;
            if let Some(shelf) = shelves.get_mut(route) {
                shelf.used = *turn;
                while let Some(idle) = shelf.idle.pop() {
                    if idle.until > now {
                        shelf.busy += 1;
                        drop(state);
                        close(old);
                        return Taken::Idle(idle.connection);
                    }
                    old.push(idle);
                }
                if !options.block || shelf.busy < options.maxsize.max(1) {
                    shelf.busy += 1;
                    Taken::Open
                } else {
                    let seen = cancel.rings();
                    if !shelf.waiters.iter().any(|waiter| Arc::ptr_eq(waiter, cancel)) {
                        shelf.waiters.push_back(cancel.clone());
                    }
                    Taken::Wait(seen)
                }
            } else {
                let shelf = Shelf { idle: Vec::new(), busy: 1, used: *turn, waiters: VecDeque::new() };
                let options = *options;
                shelves.insert(route.clone(), shelf);
                trim(&mut state, options, now, &mut old);
                Taken::Open
            }
        };
        close(old);
        taken
    }

    /// Takes the place of a connection that was made elsewhere and will be given back here: beyond the limits, as it is
    /// open already.
    pub fn adopt(&self, route: &Arc<Route>) {
        let mut state = self.state.lock();
        let State { shelves, turn, .. } = &mut *state;
        *turn += 1;
        let empty = || Shelf { idle: Vec::new(), busy: 0, used: 0, waiters: VecDeque::new() };
        let shelf = shelves.entry(Arc::clone(route)).or_insert_with(empty);
        shelf.busy += 1;
        shelf.used = *turn;
    }

    /// A caller that waited gives up. If it was rung meanwhile, the next one hears it instead.
    fn leave(&self, route: &Arc<Route>, cancel: &Arc<Cancel>) {
        let mut state = self.state.lock();
        if let Some(shelf) = state.shelves.get_mut(route) {
            let before = shelf.waiters.len();
            shelf.waiters.retain(|waiter| !Arc::ptr_eq(waiter, cancel));
            if shelf.waiters.len() == before {
                shelf.ring();
            }
        }
    }

    /// Gives a connection back for the next call. `keep` is what the server said about how long it waits.
    pub fn give(&self, route: &Arc<Route>, mut connection: Box<C>, now: Instant, keep: Option<Duration>) {
        connection.rest();
        // A second less than the server's, for the way there.
        let mut surplus = None;
        {
            let mut state = self.state.lock();
            let idle = state.options.idle;
            let limit = keep.map_or(idle, |keep| keep.saturating_sub(Duration::from_secs(1)).min(idle));
            let maxsize = state.options.maxsize;
            let Some(shelf) = state.shelves.get_mut(route) else {
                drop(state);
                connection.close();
                return;
            };
            shelf.busy = shelf.busy.saturating_sub(1);
            if shelf.idle.len() < maxsize {
                shelf.idle.push(Idle { connection, until: now + limit });
            } else {
                surplus = Some(connection);
            }
            shelf.ring();
        }
        if let Some(connection) = surplus {
            connection.close();
        }
    }

    /// A connection (or the right to open one) that was taken is no more.
    pub fn release(&self, route: &Arc<Route>) {
        let mut state = self.state.lock();
        if let Some(shelf) = state.shelves.get_mut(route) {
            shelf.busy = shelf.busy.saturating_sub(1);
            shelf.ring();
        }
    }

    /// Closes every idle connection; those in use go on and are kept afterwards.
    pub fn clear(&self) {
        let mut old = Vec::new();
        let mut state = self.state.lock();
        state.shelves.retain(|_, shelf| {
            old.append(&mut shelf.idle);
            shelf.busy > 0 || !shelf.waiters.is_empty()
        });
        drop(state);
        close(old);
    }

    /// What is there, sorted by label.
    #[must_use]
    pub fn stats(&self) -> Vec<RouteStats> {
        let state = self.state.lock();
        let one = |(route, shelf): (&Arc<Route>, &Shelf<C>)| RouteStats {
            label: route.label(),
            idle: shelf.idle.len(),
            busy: shelf.busy,
        };
        let mut stats: Vec<RouteStats> = state.shelves.iter().map(one).collect();
        drop(state);
        stats.sort_by(|one, other| one.label.cmp(&other.label));
        stats
    }
}

impl<C> Shelf<C> {
    /// Wakes one that waits.
    fn ring(&mut self) {
        if let Some(waiter) = self.waiters.pop_front() {
            waiter.ring();
        }
    }
}

/// Takes out what is too old, and the least recently used routes beyond the limit.
fn trim<C>(state: &mut State<C>, options: PoolOptions, now: Instant, old: &mut Vec<Idle<C>>) {
    for shelf in state.shelves.values_mut() {
        let (keep, late) = std::mem::take(&mut shelf.idle).into_iter().partition(|idle| idle.until > now);
        shelf.idle = keep;
        let mut late: Vec<Idle<C>> = late;
        old.append(&mut late);
    }
    while state.shelves.len() > options.connections.max(1) {
        // A route in use stays: its count is needed when its connections come back.
        let free = state.shelves.iter().filter(|(_, shelf)| shelf.busy == 0 && shelf.waiters.is_empty());
        let Some(route) = free.min_by_key(|(_, shelf)| shelf.used).map(|(route, _)| route.clone()) else { return };
        if let Some(mut shelf) = state.shelves.remove(&route) {
            old.append(&mut shelf.idle);
        }
    }
}

fn close<C: Pooled>(old: Vec<Idle<C>>) {
    for idle in old {
        idle.connection.close();
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::engine::net::{connect, limits::Limits, route::Parts};

    /// A pool, with a listener to connect to.
    struct Bench {
        pool: Pool<Connection>,
        listener: TcpListener,
        cancel: Arc<Cancel>,
    }

    impl Bench {
        fn new(connections: usize, maxsize: usize) -> Bench {
            let pool = Pool::new(PoolOptions { connections, maxsize, ..PoolOptions::default() });
            Bench { pool, listener: TcpListener::bind("127.0.0.1:0").unwrap(), cancel: Arc::default() }
        }

        /// Routes that differ in nothing that matters to the listener.
        fn route(&self, name: &str) -> Arc<Route> {
            let port = self.listener.local_addr().unwrap().port();
            let overrides =
                vec![super::super::route::Override { host: name.into(), port, addresses: vec![[127, 0, 0, 1].into()] }];
            Route::new(Parts { host: name.into(), port, overrides, ..Parts::default() })
        }

        fn take(&self, route: &Arc<Route>, now: Instant) -> Option<Box<Connection>> {
            let limits = Limits::default();
            self.pool.take(route, now, &Guard::exchange(&limits, &self.cancel), &self.cancel).unwrap()
        }

        fn open(&self, route: &Arc<Route>) -> Box<Connection> {
            Box::new(connect::establish(route, &Limits::default(), &self.cancel).unwrap().0)
        }
    }

    #[test]
    fn a_connection_grows_old() {
        let bench = Bench::new(10, 10);
        let route = bench.route("a");
        let now = clock::now();
        for (keep, age, good) in [(None, 54, true), (None, 56, false), (Some(5), 3, true), (Some(5), 5, false)] {
            assert!(bench.take(&route, now).is_none());
            bench.pool.give(&route, bench.open(&route), now, keep.map(Duration::from_secs));
            let taken = bench.take(&route, now + Duration::from_secs(age));
            assert_eq!(taken.is_some(), good, "{keep:?} {age}");
            bench.pool.release(&route);
            bench.pool.clear();
        }
    }

    #[test]
    fn the_last_one_in_is_the_first_one_out_and_the_surplus_goes() {
        let bench = Bench::new(10, 2);
        let route = bench.route("a");
        let now = clock::now();
        let mut ports = Vec::new();
        for _ in 0..3 {
            assert!(bench.take(&route, now).is_none());
        }
        for _ in 0..3 {
            let connection = bench.open(&route);
            ports.push(connection.local.unwrap().port());
            bench.pool.give(&route, connection, now, None);
        }
        assert_eq!(bench.pool.stats()[0], RouteStats { label: route.label(), idle: 2, busy: 0 });
        assert_eq!(bench.take(&route, now).unwrap().local.unwrap().port(), ports[1]);
    }

    #[test]
    fn the_least_recently_used_route_goes() {
        let bench = Bench::new(2, 2);
        let now = clock::now();
        for name in ["a", "b", "a", "c"] {
            let route = bench.route(name);
            let connection = bench.take(&route, now).unwrap_or_else(|| bench.open(&route));
            bench.pool.give(&route, connection, now, None);
        }
        let labels: Vec<String> = bench.pool.stats().into_iter().map(|stats| stats.label).collect();
        assert_eq!(labels, [bench.route("a").label(), bench.route("c").label()]);
    }
}
