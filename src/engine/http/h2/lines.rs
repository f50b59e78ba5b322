//! The connections of a session, one for each route, and what is known about servers that may not speak HTTP/2.
//!
//! Calls that want the same connection at the same time wait for the one that makes it. A call whose connection is not
//! made says so by dropping its [`Making`], and the next one tries.

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use crate::sys::lock::Mutex;
use rustc_hash::FxBuildHasher;

use super::{
    line::{Line, Raw, Ready},
    patience::Patience,
};
use crate::{
    clock,
    engine::{
        net::{
            cancel::Cancel,
            limits::Guard,
            pool::{PoolOptions, RouteStats},
            route::Route,
        },
        reactor::seat::Seat,
    },
    error::{Outcome, Result},
};

/// Routes that are remembered; beyond, those without a connection are forgotten.
const REMEMBERED: usize = 256;
/// How long a close waits for goodbyes, at most.
const GOODBYE: Duration = Duration::from_millis(500);

/// What a session has one of.
pub struct Lines {
    seat: Arc<Seat>,
    state: Mutex<State>,
}

struct State {
    shelves: HashMap<Arc<Route>, Shelf, FxBuildHasher>,
    options: PoolOptions,
    /// Lines that were given up and may still serve streams.
    old: Vec<Arc<Line>>,
    turn: u64,
    tickets: u64,
}

#[derive(Default)]
struct Shelf {
    line: Option<Arc<Line>>,
    making: bool,
    waiting: Vec<(u64, Waker)>,
    /// The server chose HTTP/1.1: the route to it.
    older: Option<Arc<Route>>,
    used: u64,
}

/// What a call is to do.
pub enum Turn {
    /// Use this line.
    Line(Arc<Line>, h2::client::SendRequest<bytes::Bytes>),
    /// Make the connection; everybody else waits.
    Make(Making),
    /// Speak HTTP/1.1, over this route.
    Older(Arc<Route>),
}

impl Default for Lines {
    fn default() -> Lines {
        Lines::new(Arc::default(), PoolOptions::default())
    }
}

impl Lines {
    /// None yet; they are served at this seat of the reactor.
    #[must_use]
    pub fn new(seat: Arc<Seat>, options: PoolOptions) -> Lines {
        let state = State { shelves: HashMap::default(), options, old: Vec::new(), turn: 0, tickets: 0 };
        Lines { seat, state: Mutex::new(state) }
    }

    /// Changes the options, for connections that are made from now on.
    pub fn configure(&self, options: PoolOptions) {
        self.state.lock().options = options;
    }

    /// Has the reactor do a job that ends with its stream; without a reactor the stream has ended already.
    pub fn run(&self, job: impl Future<Output = ()> + Send + 'static) {
        let _ = self.seat.run(job);
    }

    /// Waits for a line, or for the turn to make one.
    ///
    /// # Errors
    /// `connect_timeout`, `total_timeout`, `cancelled`, all of them with nothing sent.
    pub async fn turn(
        self: &Arc<Lines>,
        route: &Arc<Route>,
        patience: &mut Patience<'_>,
        guard: &Guard<'_>,
    ) -> Result<Turn> {
        let mut ticket = Ticket { lines: self, route, number: None };
        let turn = patience.wait(guard, "connect", |cx| ticket.poll(cx)).await;
        turn.map_err(|error| error.outcome(Outcome::NotSent))
    }

    /// Remembers that a server chose HTTP/1.1.
    pub fn remember_older(&self, route: &Arc<Route>, older: &Arc<Route>) {
        if let Some(shelf) = self.state.lock().shelves.get_mut(route) {
            shelf.older = Some(Arc::clone(older));
        }
    }

    /// Has those that nobody uses end, and forgets what servers chose.
    pub fn clear(&self) {
        self.sweep(|line| line.streams() == 0);
    }

    /// Ends politely all that are idle, then all others.
    pub fn close(&self, deadline: Instant) {
        let lines = self.sweep(|_| true);
        let until = deadline.min(clock::now() + GOODBYE);
        let nobody = Arc::<Cancel>::default();
        let mut patience = Patience::thread(&nobody);
        for line in lines.iter().filter(|line| line.streams() == 0) {
            let _ = super::at_once(patience.until(Some(until), |cx| line.poll_ended(cx)));
        }
        for line in &lines {
            line.abandon();
        }
        for line in &lines {
            let _ = super::at_once(patience.until(Some(until), |cx| line.poll_ended(cx)));
        }
    }

    /// Ends them all at once. Never waits.
    pub fn abandon(&self) {
        for line in self.sweep(|_| true) {
            line.abandon();
        }
    }

    /// Retires lines, and tells which have not ended yet.
    fn sweep(&self, goes: impl Fn(&Line) -> bool) -> Vec<Arc<Line>> {
        let mut state = self.state.lock();
        let State { shelves, old, .. } = &mut *state;
        old.retain(|line| !line.is_ended());
        for shelf in shelves.values_mut() {
            shelf.older = None;
            if shelf.line.as_deref().is_some_and(&goes) {
                old.extend(shelf.line.take());
            }
        }
        let gone = old.clone();
        drop(state);
        for line in &gone {
            line.retire();
        }
        gone
    }

    /// What there is: a line is one connection, busy as long as it has streams.
    #[must_use]
    pub fn stats(&self) -> Vec<RouteStats> {
        let state = self.state.lock();
        let lines = state.shelves.iter().filter_map(|(route, shelf)| Some((route, shelf.line.as_ref()?)));
        let usable = lines.filter(|(_, line)| line.is_usable());
        usable
            .map(|(route, line)| {
                let busy = usize::from(line.streams() > 0);
                RouteStats { label: route.label(), idle: 1 - busy, busy }
            })
            .collect()
    }

    /// A call's look at a route; the second half is its ticket in the queue.
    fn poll_turn(self: &Arc<Lines>, route: &Arc<Route>, number: &mut Option<u64>, cx: &mut Context<'_>) -> Poll<Turn> {
        loop {
            let mut state = self.state.lock();
            let State { shelves, old, turn, tickets, .. } = &mut *state;
            *turn += 1;
            if shelves.len() >= REMEMBERED && !shelves.contains_key(route) {
                shelves.retain(|_, shelf| shelf.line.is_some() || shelf.making || !shelf.waiting.is_empty());
            }
            let shelf = shelves.entry(Arc::clone(route)).or_default();
            shelf.used = *turn;
            if let Some(older) = &shelf.older {
                return Poll::Ready(Turn::Older(Arc::clone(older)));
            }
            if let Some(line) = &shelf.line {
                let line = Arc::clone(line);
                match line.poll_ready(cx) {
                    Poll::Ready(Ready::Yes(sender)) => return Poll::Ready(Turn::Line(line, sender)),
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ready::Never) => {
                        old.retain(|line| !line.is_ended());
                        old.extend(shelf.line.take());
                        drop(state);
                        line.retire();
                        continue;
                    }
                }
            }
            if !shelf.making {
                shelf.making = true;
                let making = Making { lines: Arc::clone(self), route: Arc::clone(route), open: true };
                return Poll::Ready(Turn::Make(making));
            }
            let number = *number.get_or_insert_with(|| {
                *tickets += 1;
                *tickets
            });
            match shelf.waiting.iter_mut().find(|(other, _)| *other == number) {
                Some((_, waker)) => waker.clone_from(cx.waker()),
                None => shelf.waiting.push((number, cx.waker().clone())),
            }
            return Poll::Pending;
        }
    }
}

/// A call in the queue.
struct Ticket<'a> {
    lines: &'a Arc<Lines>,
    route: &'a Arc<Route>,
    number: Option<u64>,
}

impl Ticket<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        self.lines.poll_turn(self.route, &mut self.number, cx)
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number
            && let Some(shelf) = self.lines.state.lock().shelves.get_mut(self.route)
        {
            shelf.waiting.retain(|(other, _)| *other != number);
        }
    }
}

/// The right to make the connection of a route.
pub struct Making {
    lines: Arc<Lines>,
    route: Arc<Route>,
    open: bool,
}

impl Making {
    /// It is made, and speaks HTTP/2: has it served.
    ///
    /// # Errors
    /// `limit` when the reactor cannot be started, `closed` behind a close.
    pub fn made(mut self, raw: Raw, patience: Option<Duration>) -> Result<Arc<Line>> {
        let line = Line::new(&raw);
        let idle = self.lines.state.lock().options.idle;
        self.lines.seat.run(Arc::clone(&line).serve(raw, patience, idle))?;
        let mut surplus = Vec::new();
        {
            let mut state = self.lines.state.lock();
            let State { shelves, options, .. } = &mut *state;
            if let Some(shelf) = shelves.get_mut(&self.route) {
                shelf.line = Some(Arc::clone(&line));
            }
            // Routes that keep an idle connection are bounded, as those of HTTP/1.1 are.
            let lines = shelves.values().filter(|shelf| shelf.line.is_some()).count();
            if lines > options.connections.max(1) {
                let idle = |shelf: &&mut Shelf| shelf.line.as_ref().is_some_and(|line| line.streams() == 0);
                let others = shelves.iter_mut().filter(|(route, _)| **route != self.route).map(|(_, shelf)| shelf);
                if let Some(shelf) = others.filter(idle).min_by_key(|shelf| shelf.used) {
                    surplus.extend(shelf.line.take());
                }
            }
            state.old.extend(surplus.iter().cloned());
        }
        for line in &surplus {
            line.retire();
        }
        self.end();
        Ok(line)
    }

    /// It is made, and the server chose HTTP/1.1.
    pub fn older(mut self, older: &Arc<Route>) {
        self.lines.remember_older(&self.route, older);
        self.end();
    }

    fn end(&mut self) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        let mut waiting = Vec::new();
        if let Some(shelf) = self.lines.state.lock().shelves.get_mut(&self.route) {
            shelf.making = false;
            waiting = std::mem::take(&mut shelf.waiting);
        }
        for (_, waker) in waiting {
            waker.wake();
        }
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        self.end();
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.abandon();
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").finish_non_exhaustive()
    }
}
