//! The handle: what every back end has in common. State, child sessions, calls in flight, staged work, queues and the
//! worker live here; a back end only answers calls.
//!
//! A [`Session`] is the host's reference; the parts inside hold the [`Handle`] behind it, so that the last reference
//! of the host can be told apart from the library's own.

mod event;
mod host;
mod leave;
mod queue;
mod response;
mod snapshot;
mod staged;
mod subscribe;
mod tickets;
mod worker;

use std::{
    fmt,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;

pub use event::{Event, Failure, Kind};
pub use host::HostCode;
pub use queue::{QUEUE_MAX, Queue};
pub use response::Response;
pub use subscribe::Callback;
pub use tickets::INFLIGHT_MAX;

use crate::{
    args::Args,
    backends::{self, Backend, Call},
    error::{Error, Result, code},
    log,
    options::{self, scope},
};
use staged::Staged;
use subscribe::Subscription;
use tickets::{Ticket, Tickets};
use worker::Worker;

/// One session handle. Clones share it; the last one dropped lets it go without waiting.
#[derive(Clone)]
pub struct Session {
    handle: Arc<Handle>,
    /// Counts the host's references.
    lease: Arc<Lease>,
}

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
struct Handle {
    shared: Arc<Shared>,
    id: u64,
    /// This handle and those that it was attached to, root first.
    lineage: Box<[u64]>,
    backend: Arc<dyn Backend>,
    queue: Arc<Queue>,
    subscriptions: Mutex<Vec<Arc<Subscription>>>,
    children: Mutex<Vec<Weak<Handle>>>,
    state: AtomicU8,
    poisoned: AtomicBool,
}

/// What a root and its children share.
#[derive(Default)]
struct Shared {
    tickets: Tickets,
    staged: Mutex<Staged>,
    /// Held through a whole commit: two commits never interleave.
    committing: Mutex<()>,
    worker: Worker,
    handles: AtomicU64,
    calls: AtomicU64,
}

/// The host's references to one handle, and its hold on the parent.
struct Lease {
    handle: Arc<Handle>,
    _parent: Option<Session>,
}

impl Session {
    /// Opens a session; the scheme of `url` picks the back end.
    ///
    /// # Errors
    /// `argument`, `missing_schema`, `invalid_schema`, or the back end's.
    pub fn create(url: &str, args: &Args) -> Result<Session> {
        args.check()?;
        let backend = backends::open(url, args)?;
        let shared = Arc::new(Shared::default());
        Ok(Session::assemble(shared, backend, None, Arc::default()))
    }

    fn assemble(shared: Arc<Shared>, backend: Arc<dyn Backend>, parent: Option<Session>, queue: Arc<Queue>) -> Session {
        let id = shared.handles.fetch_add(1, Ordering::Relaxed);
        let mut lineage = parent.as_ref().map(|parent| parent.handle.lineage.to_vec()).unwrap_or_default();
        lineage.push(id);
        let handle = Arc::new(Handle {
            shared,
            id,
            lineage: lineage.into(),
            backend,
            queue,
            subscriptions: Mutex::default(),
            children: Mutex::default(),
            state: AtomicU8::new(State::Ready as u8),
            poisoned: AtomicBool::new(false),
        });
        if let Some(parent) = &parent {
            let mut children = parent.handle.children.lock();
            children.retain(|child| child.strong_count() > 0);
            children.push(Arc::downgrade(&handle));
        }
        let lease = Arc::new(Lease { handle: Arc::clone(&handle), _parent: parent });
        Session { handle, lease }
    }

    /// Narrows to a child session that shares the connection.
    ///
    /// # Errors
    /// `unsupported` when the back end has nothing of that name.
    pub fn attach(&self, name: &str, args: &Args) -> Result<Session> {
        let handle = &self.handle;
        handle.ready()?;
        options::check(args, scope::ATTACH, handle.backend.name())?;
        let queue = match args.str("events")? {
            None | Some("own") => Arc::default(),
            Some("parent") => Arc::clone(&handle.queue),
            Some(other) => {
                return Err(Error::option("events", format!("events was {other:?}; it takes \"own\" or \"parent\"")));
            }
        };
        let backend = handle.backend.attach(name, args)?;
        Ok(Session::assemble(Arc::clone(&handle.shared), backend, Some(self.clone()), queue))
    }

    /// Changes the session's defaults.
    ///
    /// # Errors
    /// `argument`; nothing has changed then.
    pub fn configure(&self, args: &Args) -> Result<()> {
        self.handle.ready()?;
        options::check(args, scope::CONFIGURE, self.handle.backend.name())?;
        self.handle.backend.configure(args)
    }

    /// Does it now and waits for the final answer.
    ///
    /// # Errors
    /// What went wrong; the detail's `outcome` says whether a change may have happened.
    pub fn request(&self, verb: Option<&str>, target: Option<&str>, args: &Args) -> Result<Response> {
        // The call keeps the handle alive by itself: the host may free it meanwhile.
        let handle = Arc::clone(&self.handle);
        handle.ready()?;
        options::check(args, scope::CALL, handle.backend.name())?;
        let ticket = handle.shared.tickets.open(handle.id, handle::wanted_id(args)?)?;
        // A close that began meanwhile has not seen this ticket: look again, now that it would.
        handle.ready()?;
        handle.call(&ticket, verb, target, args)
    }

    /// Does it now and does not wait: the outcome comes once, as a RESPONSE event.
    ///
    /// # Errors
    /// `argument` for mistakes in the arguments, `limit` when too much is in flight.
    pub fn submit(&self, verb: Option<&str>, target: Option<&str>, args: &Args) -> Result<u64> {
        subscribe::submit(&self.handle, verb, target, args)
    }

    /// Does it at commit.
    ///
    /// # Errors
    /// The mistake, found now.
    pub fn stage(&self, verb: Option<&str>, target: Option<&str>, args: &Args) -> Result<Response> {
        let handle = &self.handle;
        handle.ready()?;
        options::check(args, scope::CALL, handle.backend.name())?;
        staged::stage(handle, verb, target, args)
    }

    /// What would be sent, as arguments that can be edited; `request` with verb NULL sends them.
    ///
    /// # Errors
    /// The mistake in the arguments.
    pub fn prepare(&self, verb: Option<&str>, target: Option<&str>, args: &Args) -> Result<Args> {
        let handle = &self.handle;
        handle.ready()?;
        options::check(args, scope::CALL, handle.backend.name())?;
        let ticket = handle.shared.tickets.open(handle.id, None)?;
        handle.backend.prepare(&Call { verb, target, args, cancel: &ticket.cancel, progress: None })
    }

    /// Applies what is staged, in order.
    ///
    /// # Errors
    /// The first failure, with its `index`; what stays staged is said in design terms by the back end.
    pub fn commit(&self, args: &Args) -> Result<Response> {
        let handle = Arc::clone(&self.handle);
        handle.ready()?;
        options::check(args, scope::COMMIT, handle.backend.name())?;
        staged::commit(&handle, args)
    }

    /// Forgets what is staged.
    ///
    /// # Errors
    /// `closed`.
    pub fn rollback(&self, args: &Args) -> Result<()> {
        self.handle.ready()?;
        options::check(args, scope::COMMIT, self.handle.backend.name())?;
        self.handle.shared.staged.lock().clear();
        Ok(())
    }

    /// Ends the call with this id, or every call of this handle and its children for 0. Never blocks.
    pub fn cancel(&self, id: u64) {
        self.handle.cancel(id);
    }

    /// Hears events: pulled without a callback, pushed with one. `user_data` comes back with each event.
    ///
    /// # Errors
    /// `unsupported` for a topic that the back end does not have.
    pub fn subscribe(
        &self,
        topic: &str,
        args: &Args,
        callback: Option<Box<dyn Callback>>,
        user_data: usize,
    ) -> Result<u64> {
        subscribe::subscribe(&self.handle, topic, args, callback, user_data)
    }

    /// Ends a subscription. Never blocks.
    pub fn unsubscribe(&self, id: u64) {
        subscribe::unsubscribe(&self.handle, id);
    }

    /// The next event, or `None` after `timeout_ms` (-1: for ever).
    ///
    /// # Errors
    /// `closed` after the CLOSED event was taken, `busy` on the worker.
    pub fn poll(&self, timeout_ms: i64) -> Result<Option<Event>> {
        if HostCode::on_worker() {
            return Err(Error::new(&code::BUSY, "poll was called inside a callback, whose return it would wait for"));
        }
        let queue = Arc::clone(&self.handle.queue);
        queue.take(u64::try_from(timeout_ms).ok().map(Duration::from_millis))
    }

    /// The descriptor that is readable while the queue is not empty, or -1.
    pub fn fd(&self) -> i32 {
        self.handle.queue.descriptor()
    }

    /// A snapshot of the session's own state.
    ///
    /// # Errors
    /// `unsupported` for an unknown snapshot, naming the nearest.
    pub fn inspect(&self, what: &str, args: &Args) -> Result<Response> {
        options::check(args, scope::INSPECT, self.handle.backend.name())?;
        snapshot::inspect(&self.handle, what, args)
    }

    /// Leaves politely: children first, calls in flight cancelled, threads joined, bounded by `timeout` (5 s).
    ///
    /// # Errors
    /// What could not be done in time; the session is closed all the same.
    pub fn close(&self, args: &Args) -> Result<()> {
        options::check(args, scope::CLOSE, self.handle.backend.name())?;
        leave::close(&self.handle, args)
    }

    /// Marks the session after a contained panic: later calls say `poisoned`.
    pub fn poison(&self) {
        self.handle.poisoned.store(true, Ordering::Relaxed);
    }

    /// Lets go without a word to anybody, as a forked child must: the threads and locks of the parent are not here.
    pub fn forget_after_fork(self) {
        std::mem::forget(self);
    }
}

impl Handle {
    fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            0 => State::Ready,
            1 => State::Closing,
            _ => State::Closed,
        }
    }

    fn ready(&self) -> Result<()> {
        if self.poisoned.load(Ordering::Relaxed) {
            return Err(Error::new(&code::POISONED, "an earlier panic was contained in this session"));
        }
        match self.state() {
            State::Ready => Ok(()),
            State::Closing | State::Closed => Err(Error::new(&code::CLOSED, "the session was closed")),
        }
    }

    /// Whether the handle `other` is this one or below it. Ids grow, so a handle's own is the last of its lineage.
    fn covers(self: &Arc<Self>) -> impl Fn(u64) -> bool + use<> {
        let family = self.family();
        move |id| family.contains(&id)
    }

    /// The ids of this handle and of everything attached below it.
    fn family(&self) -> Vec<u64> {
        let mut ids = vec![self.id];
        let children: Vec<_> = self.children.lock().iter().filter_map(Weak::upgrade).collect();
        for child in children {
            ids.extend(child.family());
        }
        ids
    }

    fn cancel(self: &Arc<Self>, id: u64) {
        self.shared.tickets.cancel(id, self.covers());
    }

    fn call(&self, ticket: &Ticket<'_>, verb: Option<&str>, target: Option<&str>, args: &Args) -> Result<Response> {
        self.shared.calls.fetch_add(1, Ordering::Relaxed);
        let call = Call { verb, target, args, cancel: &ticket.cancel, progress: None };
        self.backend.request(&call).map(Response::from)
    }
}

/// Reading what the session itself needs from a call's arguments.
mod handle {
    use crate::{args::Args, error::Result};

    pub(super) fn wanted_id(args: &Args) -> Result<Option<i64>> {
        args.int("id")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let handle = &self.handle;
        if handle.state() == State::Ready {
            handle.state.store(State::Closed as u8, Ordering::Release);
            handle.cancel(0);
            let lost = if handle.lineage.len() == 1 { handle.shared.staged.lock().clear() } else { 0 };
            if lost > 0 {
                log::warn(c"session", || format!("a session was freed without close; {lost} staged requests were dropped"));
            }
            leave::abandon(handle);
        }
        if handle.lineage.len() == 1 {
            handle.shared.worker.stop();
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("backend", &self.handle.backend.name())
            .field("state", &self.handle.state())
            .field("references", &Arc::strong_count(&self.lease))
            .finish_non_exhaustive()
    }
}
