//! The handle: what every back end has in common. State, child sessions, calls in flight, staged work, queues and the
//! worker live here; a back end only answers calls.
//!
//! A [`Session`] stands for the host's references; calls, jobs and children's parts hold the [`Handle`] behind it, so
//! that the host letting go can be told apart from the library's own references.

mod backlog;
mod event;
mod handle;
mod host;
mod leave;
mod origin;
mod queue;
mod response;
mod snapshot;
mod staged;
mod state;
mod submit;
mod subscribe;
mod tickets;
mod worker;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

pub use backlog::QUEUE_MAX;
pub use event::{Event, Failure, Kind};
pub use handle::State;
pub use host::HostCode;
pub use queue::Queue;
pub use response::Response;
pub use subscribe::{Bond, Callback};
pub use tickets::INFLIGHT_MAX;

use crate::{
    args::Args,
    backends::{self, Backend, Call, Lent, PlugIns},
    error::{Error, Outcome, Result, code},
    log,
    options::{self, scope},
    sys::{
        atomic::{AtomicBool, AtomicU8, Ordering},
        lock::Mutex,
    },
};
use handle::{Handle, Shared, closed};

/// One session handle. [`Session::let_go`], or its drop, lets it go without waiting.
pub struct Session {
    handle: Arc<Handle>,
    /// The host's hold; empty once it has let go.
    lease: Mutex<Option<Arc<Lease>>>,
}

/// The host's hold on one handle, and with it on the parent.
struct Lease {
    handle: Arc<Handle>,
    /// Only held: a parent that the host has let go of lives as long as its children.
    _parent: Option<Arc<Lease>>,
}

impl Session {
    /// Opens a session; the scheme of `url` picks the back end.
    ///
    /// # Errors
    /// `argument`, `missing_schema`, `invalid_schema`, or the back end's.
    pub fn create(url: &str, args: &Args) -> Result<Session> {
        args.check()?;
        let shared: Arc<Shared> = Arc::default();
        let worker = Arc::new(shared.worker.clone());
        let backend = backends::open(url, args, Lent { reactor: Arc::clone(&shared.reactor), worker })?;
        log::info(c"session", || format!("a session with {} was opened", without_query(&backend.url())));
        Ok(Session::assemble(shared, backend, None, None))
    }

    /// A session over a back end of a test's own.
    #[cfg(feature = "model")]
    #[doc(hidden)]
    pub fn over(backend: Arc<dyn Backend>) -> Session {
        Session::assemble(Arc::default(), backend, None, None)
    }

    fn assemble(
        shared: Arc<Shared>,
        backend: Arc<dyn Backend>,
        parent: Option<Arc<Lease>>,
        parent_hears: Option<Arc<Handle>>,
    ) -> Session {
        let id = shared.handles.fetch_add(1, Ordering::Relaxed);
        let handle = Arc::new(Handle {
            shared,
            id,
            backend,
            queue: Arc::default(),
            parent_hears,
            subscriptions: Mutex::default(),
            children: Mutex::default(),
            state: AtomicU8::new(State::Ready as u8),
            link: AtomicU8::new(0),
            end: Mutex::default(),
            leaving: AtomicBool::new(false),
            left: AtomicBool::new(false),
            poisoned: AtomicBool::new(false),
        });
        if let Some(parent) = &parent {
            let mut children = parent.handle.children.lock();
            children.retain(|child| child.strong_count() > 0);
            children.push(Arc::downgrade(&handle));
        }
        let lease = Arc::new(Lease { handle: Arc::clone(&handle), _parent: parent });
        handle.backend.start(state::teller(&handle));
        Session { handle, lease: Mutex::new(Some(lease)) }
    }

    /// The plug-ins that want to be given the handle. Asked once, before the host has it.
    pub fn plug_ins(&self) -> Option<PlugIns> {
        self.handle.backend.plug_ins()
    }

    /// Narrows to a child session that shares the connection.
    ///
    /// # Errors
    /// `unsupported` when the back end has nothing of that name.
    pub fn attach(&self, name: &str, args: &Args) -> Result<Session> {
        let handle = &self.handle;
        handle.ready()?;
        options::check(args, scope::ATTACH, handle.backend.name())?;
        let parent_hears = match args.str("events")? {
            None | Some("own") => None,
            Some("parent") => Some(Arc::clone(handle)),
            Some(other) => {
                return Err(Error::option("events", format!("events was {other:?}; it takes \"own\" or \"parent\"")));
            }
        };
        let lease = self.lease.lock().clone().ok_or_else(closed)?;
        let ticket = handle.open(None, args)?;
        let backend = handle.backend.attach(name, args, &ticket.cancel)?;
        drop(ticket);
        let child = Session::assemble(Arc::clone(&handle.shared), backend, Some(lease), parent_hears);
        // A close that began meanwhile has not seen the child: look again, now that it would.
        handle.ready()?;
        Ok(child)
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
        let handle = &self.handle;
        handle.ready()?;
        handle.check_call(args).map_err(not_sent)?;
        if args.bool("stage").map_err(not_sent)?.unwrap_or(false) {
            let message = "stage was asked of a request; submit takes it, and the stage call does it";
            return Err(not_sent(Error::option("stage", message)));
        }
        let ticket = handle.open(verb, args).map_err(not_sent)?;
        handle.call(&Call { verb, target, args, cancel: &ticket.cancel, progress: None })
    }

    /// Does it now and does not wait: the outcome comes once, as a RESPONSE event.
    ///
    /// # Errors
    /// `argument` for mistakes in the arguments, `limit` when too much is in flight.
    pub fn submit(&self, verb: Option<&str>, target: Option<&str>, args: &Args) -> Result<u64> {
        submit::submit(&self.handle, verb, target, args)
    }

    /// Does it at commit.
    ///
    /// # Errors
    /// The mistake, found now.
    pub fn stage(&self, verb: Option<&str>, target: Option<&str>, args: &Args) -> Result<Response> {
        let handle = &self.handle;
        handle.ready()?;
        handle.check_call(args)?;
        let ticket = handle.open(verb, args)?;
        staged::stage(handle, &Call { verb, target, args, cancel: &ticket.cancel, progress: None })
    }

    /// What would be sent, as arguments that can be edited; `request` with verb NULL sends them.
    ///
    /// # Errors
    /// The mistake in the arguments.
    pub fn prepare(&self, verb: Option<&str>, target: Option<&str>, args: &Args) -> Result<Args> {
        let handle = &self.handle;
        handle.ready()?;
        handle.check_call(args)?;
        let ticket = handle.open(verb, args)?;
        handle.backend.prepare(&Call { verb, target, args, cancel: &ticket.cancel, progress: None })
    }

    /// Applies what is staged, in order.
    ///
    /// # Errors
    /// The first failure, with its `index`; what stays staged is said in design terms by the back end.
    pub fn commit(&self, args: &Args) -> Result<Response> {
        let handle = &self.handle;
        handle.ready()?;
        options::check(args, scope::COMMIT, handle.backend.name())?;
        let ticket = handle.open(None, args)?;
        staged::commit(handle, args, &ticket.cancel)
    }

    /// Forgets what is staged.
    ///
    /// # Errors
    /// `closed`.
    pub fn rollback(&self, args: &Args) -> Result<()> {
        self.handle.ready()?;
        options::check(args, scope::COMMIT, self.handle.backend.name())?;
        // A mistake in the arguments forgets nothing.
        let ticket = self.handle.open(None, args)?;
        staged::rollback(&self.handle);
        self.handle.backend.undo(args, &ticket.cancel)
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
        self.subscribe_bound(topic, args, callback, user_data).map(|bond| bond.id())
    }

    /// The same for who lets go of `user_data` while events may still wait.
    ///
    /// # Errors
    /// As [`Session::subscribe`].
    pub fn subscribe_bound(
        &self,
        topic: &str,
        args: &Args,
        callback: Option<Box<dyn Callback>>,
        user_data: usize,
    ) -> Result<Bond> {
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
        let event = self.handle.queue.take(u64::try_from(timeout_ms).ok().map(Duration::from_millis))?;
        Ok(event.map(Event::settled))
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

    /// The host has no reference left: calls in flight end cancelled, staged work is dropped unless a child lives on,
    /// and nothing is waited for.
    pub fn let_go(&self) {
        // The lock is not held while host code runs in the drop of what belonged to the session.
        let lease = self.lease.lock().take();
        drop(lease);
    }
}

/// A query may hold a key, and the log tells no secrets.
fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

/// A mistake that was found before anything was done.
fn not_sent(error: Error) -> Error {
    if error.known_outcome().is_some() { error } else { error.outcome(Outcome::NotSent) }
}

impl Drop for Lease {
    fn drop(&mut self) {
        leave::abandon(&self.handle);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("backend", &self.handle.backend.name())
            .field("state", &self.handle.state())
            .finish_non_exhaustive()
    }
}
