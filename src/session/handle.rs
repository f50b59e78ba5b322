//! What stands behind a session: the handle's own part, and what a root and its children share.

use std::sync::{Arc, Weak};

use super::{
    Queue, Response, staged,
    staged::Staged,
    state::End,
    subscribe::Listed,
    tickets::{Ticket, Tickets},
    worker::Worker,
};
use crate::{
    args::Args,
    backends::{Backend, Call},
    engine::reactor::seat::Seat,
    error::{Error, Result, code},
    log,
    options::{self, scope},
    sys::{
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
        lock::{Condvar, Mutex},
    },
};

/// The states that `haft.state` tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum State {
    /// Taking calls.
    Ready,
    /// Leaving.
    Closing,
    /// Left.
    Closed,
}

impl State {
    /// The word in snapshots and events.
    pub fn word(self) -> &'static str {
        match self {
            State::Ready => "ready",
            State::Closing => "closing",
            State::Closed => "closed",
        }
    }
}

/// What one handle has of its own.
pub(super) struct Handle {
    pub(super) shared: Arc<Shared>,
    pub(super) id: u64,
    pub(super) backend: Arc<dyn Backend>,
    /// Shared with the pull subscriptions that bring their messages there.
    pub(super) queue: Arc<Queue>,
    /// `events: "parent"`: the handle whose queue and push subscriptions take this one's events, CLOSED excepted.
    pub(super) parent_hears: Option<Arc<Handle>>,
    pub(super) subscriptions: Mutex<Vec<Listed>>,
    pub(super) children: Mutex<Vec<Weak<Handle>>>,
    pub(super) state: AtomicU8,
    /// What the back end told of its connection, a `Link`.
    pub(super) link: AtomicU8,
    /// The end that the back end told of.
    pub(super) end: Mutex<Option<End>>,
    /// Somebody has begun to finish a close.
    pub(super) leaving: AtomicBool,
    /// The close is finished, CLOSED told.
    pub(super) left: AtomicBool,
    pub(super) poisoned: AtomicBool,
}

/// What a root and its children share.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) tickets: Arc<Tickets>,
    pub(super) staged: Mutex<Staged>,
    /// Held through a whole commit: two commits never interleave.
    pub(super) committing: Mutex<()>,
    pub(super) worker: Worker,
    /// Taken by the first call that the reactor does.
    pub(super) reactor: Arc<Seat>,
    pub(super) handles: AtomicU64,
    pub(super) calls: AtomicU64,
    /// Told when a handle has left, for whoever waits for that.
    pub(super) departure: (Mutex<()>, Condvar),
}

/// What a call on a closed session is answered with.
pub(super) fn closed() -> Error {
    Error::new(&code::CLOSED, "the session was closed")
}

impl Handle {
    pub(super) fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            0 => State::Ready,
            1 => State::Closing,
            _ => State::Closed,
        }
    }

    pub(super) fn ready(&self) -> Result<()> {
        if self.poisoned.load(Ordering::Relaxed) {
            return Err(Error::new(&code::POISONED, "an earlier panic was contained in this session"));
        }
        match self.state() {
            State::Ready => Ok(()),
            State::Closing | State::Closed => Err(self.closed()),
        }
    }

    /// What a call on a closed handle is answered with; it names the reason when the other side had one.
    pub(super) fn closed(&self) -> Error {
        let end = self.end.lock();
        match end.as_ref().and_then(|end| end.failure.as_ref()) {
            Some(failure) => {
                Error::new(&code::CLOSED, format!("the session was closed: {}", failure.error().message()))
            }
            None => closed(),
        }
    }

    pub(super) fn is_root(&self) -> bool {
        self.id == 0
    }

    /// Checks the names of a call's arguments.
    pub(super) fn check_call(&self, args: &Args) -> Result<()> {
        match self.backend.checks_names() {
            true => options::check_known(args),
            false => options::check(args, scope::CALL, self.backend.name()),
        }
    }

    /// The id that the host wants a call to have: a verb may have an argument of that name, which is another thing.
    fn call_id(&self, verb: Option<&str>, args: &Args) -> Result<Option<i64>> {
        if self.backend.checks_names() {
            let own = args.int("haft.id")?;
            if own.is_some() || self.backend.owns(verb, "id") {
                return Ok(own);
            }
        }
        args.int("id")
    }

    /// Opens a call under the id that the host wants.
    pub(super) fn open(&self, verb: Option<&str>, args: &Args) -> Result<Ticket> {
        let ticket = self.shared.tickets.open(self.id, self.call_id(verb, args)?, None)?;
        #[cfg(feature = "model")]
        if crate::sys::lock::mutant::is("no second look at the state") {
            return Ok(ticket);
        }
        // A close that began meanwhile has not seen this ticket: look again, now that it would.
        self.ready()?;
        Ok(ticket)
    }

    /// The same for a submitted call, which owes an answer from now on.
    pub(super) fn open_submitted(&self, verb: Option<&str>, args: &Args, tag: Box<str>) -> Result<Ticket> {
        let mut ticket = self.shared.tickets.open(self.id, self.call_id(verb, args)?, Some(tag))?;
        match self.ready() {
            // A close that was quick has answered for it: the call goes on and finds that out.
            Err(closed) if ticket.give_id_back() => Err(closed),
            _ => Ok(ticket),
        }
    }

    /// The ids of this handle and of everything attached below it.
    pub(super) fn family(&self) -> Vec<u64> {
        let mut ids = vec![self.id];
        let children: Vec<_> = self.children.lock().iter().filter_map(Weak::upgrade).collect();
        for child in children {
            ids.extend(child.family());
        }
        ids
    }

    pub(super) fn cancel(&self, id: u64) {
        let family = self.family();
        self.shared.tickets.cancel(id, |handle| family.contains(&handle));
    }

    pub(super) fn call(&self, call: &Call<'_>) -> Result<Response> {
        self.shared.calls.fetch_add(1, Ordering::Relaxed);
        self.backend.request(call).map(Response::from)
    }

    /// The handle whose queue takes the events of this one.
    pub(super) fn hearer(&self) -> &Handle {
        self.parent_hears.as_ref().map_or(self, |parent| parent.hearer())
    }

    pub(super) fn drop_staged(&self, how: &str) {
        if self.backend.keeps_staged() {
            return;
        }
        let lost = staged::rollback(self);
        if lost > 0 {
            log::warn(c"session", || format!("a session was {how}; {lost} staged requests were dropped"));
        }
    }
}
