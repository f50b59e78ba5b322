//! A session on the server (spec/janus.md 2.6): created or claimed, kept alive, destroyed; the handles on it, and who hears
//! of it. [`super::JanusSession`] is what the host holds of one.

mod astray;
mod keepalive;

use std::{
    collections::HashMap,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use rustc_hash::FxBuildHasher;

pub use astray::Before;
use astray::{Astray, Doubt};

use super::{
    envelope::{Kind, Members},
    handle::Handle,
    line::{Brings, Line, Request, again, forgotten},
    refusal,
    topics::{Herald, Topics, bring},
};
use crate::{
    backends::{Change, Teller},
    clock,
    engine::{
        backoff::Backoff,
        net::cancel::Cancel,
        reactor::{caller::Caller, promise},
    },
    error::{Error, Outcome, Result, code},
    log,
    sys::{
        atomic::{AtomicU64, Ordering},
        lock::Mutex,
    },
    value::{Document, Node, Tree},
};

/// How a session comes to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// It is made, under an id of the server's choice or this one.
    Created(Option<u64>),
    /// It is there, and claimed.
    Claimed(u64),
}

/// One session.
pub struct Session {
    /// The line that it is on.
    pub line: Arc<Line>,
    /// Who hears its messages.
    pub topics: Arc<Topics>,
    herald: Herald,
    origin: Origin,
    /// 0 while there is none.
    id: AtomicU64,
    /// See [`Session::generation`].
    generation: AtomicU64,
    /// When the last request of it went out, in nanoseconds since `base`.
    used: AtomicU64,
    base: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    handles: HashMap<u64, Arc<Handle>, FxBuildHasher>,
    /// Somebody opens it; others wait here.
    opening: bool,
    waiters: Vec<promise::Giver<()>>,
    /// The host's handle begins to close.
    leaving: bool,
    /// It is over: nothing more is asked of it.
    left: bool,
    /// Ends what keeps it alive.
    keeper: Option<Arc<Cancel>>,
    /// While it is made again.
    astray: Option<Astray>,
    /// What went out and may not have been done.
    doubts: Vec<Doubt>,
}

impl Session {
    /// One on this line; nothing is sent.
    #[must_use]
    pub fn new(line: &Arc<Line>, origin: Origin) -> Arc<Session> {
        let base = clock::now();
        let session = Arc::new(Session {
            line: Arc::clone(line),
            topics: Arc::default(),
            herald: Herald::default(),
            origin,
            id: AtomicU64::new(0),
            generation: AtomicU64::new(0),
            used: AtomicU64::new(0),
            base,
            state: Mutex::default(),
        });
        line.join(&session);
        session
    }

    /// How it came to be.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Its id on the server, when there is one.
    #[must_use]
    pub fn id(&self) -> Option<u64> {
        Some(self.id.load(Ordering::Acquire)).filter(|id| *id != 0)
    }

    /// The id; it is made or claimed when there is none yet. Waits on the calling thread.
    ///
    /// # Errors
    /// What the server refused, what goes wrong on the way, `closed`.
    pub fn opened(self: &Arc<Self>, cancel: &Cancel, deadline: Instant) -> Result<u64> {
        loop {
            if let Some(id) = self.id() {
                return Ok(id);
            }
            let mut state = self.state.lock();
            if state.left {
                return Err(closed());
            }
            if !state.opening {
                state.opening = true;
                drop(state);
                let opened = self.open(cancel, deadline);
                let mut state = self.state.lock();
                state.opening = false;
                let waiters = std::mem::take(&mut state.waiters);
                drop(state);
                drop(waiters);
                return opened;
            }
            let (giver, mut taker) = promise::pair();
            state.waiters.push(giver);
            drop(state);
            if Caller::new().wait(Some(cancel), Some(deadline), |cx| taker.poll_take(cx))?.is_none() {
                let late = Error::new(&code::TOTAL_TIMEOUT, "the session was not opened in time");
                return Err(late.phase("total").outcome(Outcome::NotSent));
            }
        }
    }

    /// Opens it; a server that takes no sessions for now is asked again, as one that could not be reached is.
    fn open(self: &Arc<Self>, cancel: &Cancel, deadline: Instant) -> Result<u64> {
        let mut backoff = Backoff::new(self.line.terms().plan);
        let mut refused = None;
        loop {
            let error = match (self.ask_for_it(cancel, deadline), refused.take()) {
                (Err(error), _) if error.code() == code::NOT_ACCEPTING_SESSIONS.word => error,
                // What it said before is why there was no time left.
                (Err(error), Some(refused)) if error.code() == code::TOTAL_TIMEOUT.word => return Err(refused),
                (done, _) => return done,
            };
            let next = backoff.next_delay().map(|delay| clock::now() + delay).filter(|next| *next < deadline);
            let Some(next) = next else { return Err(error) };
            Caller::new().wait(Some(cancel), Some(next), |_| Poll::<()>::Pending)?;
            refused = Some(error);
        }
    }

    fn ask_for_it(self: &Arc<Self>, cancel: &Cancel, deadline: Instant) -> Result<u64> {
        let brings = Brings::Session(Arc::clone(self));
        let request = match self.origin {
            Origin::Created(None) => Request { brings, ..Request::new("create") },
            Origin::Created(Some(id)) => {
                Request { brings, members: Members::default().with("id", &Tree::from(id)), ..Request::new("create") }
            }
            Origin::Claimed(id) => {
                let members = Members::default().with("session_id", &Tree::from(id));
                Request { brings, members, ..Request::new("claim") }
            }
        };
        let answer = self.line.ask(request, true)?.wait(cancel, deadline)?;
        if is_refusal(answer.root()) {
            return Err(refusal::core(answer.root()));
        }
        self.id().ok_or_else(|| Error::new(&code::PROTOCOL, "the server opened a session without an id"))
    }

    /// It exists on the server: told on the reactor, before whoever opened it hears of it.
    pub(super) fn born(self: &Arc<Self>, id: u64) {
        self.id.store(id, Ordering::Release);
        if self.state.lock().left {
            // Whoever wanted it has gone meanwhile.
            let _ = self.line.tell(self.destruction());
            return;
        }
        self.line.know(id, self);
        self.touch(clock::now());
        self.keep_alive();
    }

    /// A request of it goes out at this moment.
    pub(super) fn touch(&self, at: Instant) {
        let since = u64::try_from(at.saturating_duration_since(self.base).as_nanos()).unwrap_or(u64::MAX);
        self.used.store(since, Ordering::Relaxed);
    }

    /// When the last one did.
    fn used(&self) -> Instant {
        self.base + Duration::from_nanos(self.used.load(Ordering::Relaxed))
    }

    /// The host's handle exists.
    pub fn start(&self, teller: Arc<dyn Teller>) {
        self.herald.start(teller);
    }

    /// A handle of it exists on the server.
    pub(super) fn know(&self, id: u64, handle: &Arc<Handle>) {
        self.state.lock().handles.insert(id, Arc::clone(handle));
    }

    /// It does not any more.
    pub(super) fn forget(&self, id: u64) {
        let gone = self.state.lock().handles.remove(&id);
        drop(gone);
    }

    /// All handles, by their ids.
    pub fn handles(&self) -> Vec<Arc<Handle>> {
        let mut handles: Vec<_> = self.state.lock().handles.values().cloned().collect();
        handles.sort_unstable_by_key(|handle| handle.id());
        handles
    }

    /// A message of it came that answers nobody.
    pub(super) fn heard(self: &Arc<Self>, kind: Kind, sender: Option<u64>, message: Box<Document>) {
        let handle = sender.and_then(|id| self.state.lock().handles.get(&id).cloned());
        match handle {
            Some(handle) => {
                if kind == Kind::Event {
                    handle.heed(message.root());
                }
                handle.media.hear(kind, message.root());
                bring(message, &[&*handle.topics, &*self.topics]);
                if kind == Kind::Detached {
                    handle.detached();
                }
            }
            None => {
                bring(message, &[&*self.topics]);
            }
        }
        if kind == Kind::Timeout {
            let error = Error::new(&code::SESSION_LOST, "the session has timed out on the server");
            forgotten(self, error.with("server_text", "timeout"));
        }
    }

    /// Tells its handle alone.
    pub(super) fn tell_own(&self, change: Change) {
        self.herald.tell(change);
    }

    /// Tells its handle, and those of what is attached to it.
    pub(super) fn tell(&self, change: &dyn Fn() -> Change) {
        self.herald.tell(change());
        for handle in self.handles() {
            handle.tell(change());
        }
    }

    /// It is over on the server, or cannot be reached again: its handle is closed.
    pub(super) fn ended(self: &Arc<Self>, value: Tree, error: Option<Error>) {
        if self.state.lock().left {
            // The host is at it, or it has ended before.
            return;
        }
        let handles = self.handles();
        let last = self.part();
        let ended = || Error::new(&code::SESSION_LOST, "the session was ended");
        let why = error.as_ref().map_or_else(ended, again);
        let of_it = |request: &Request| {
            !request.is("destroy") && request.session.as_ref().is_some_and(|session| Arc::ptr_eq(session, self))
        };
        for handle in handles {
            handle.media.lost(&why);
            handle.media.leave();
        }
        self.line.fail(of_it, &why);
        self.herald.tell(Change::Ended { value, error });
        if last {
            self.line.leave(None);
        }
    }

    /// Nothing more is asked of it; true when it was the last on its line.
    fn part(self: &Arc<Self>) -> bool {
        let mut state = self.state.lock();
        state.left = true;
        let keeper = state.keeper.take();
        let handles = std::mem::take(&mut state.handles);
        let (restorer, doubts) =
            (state.astray.as_mut().and_then(|it| it.restorer.take()), std::mem::take(&mut state.doubts));
        let old = state.astray.as_mut().map(|it| std::mem::take(&mut it.before.handles));
        drop(state);
        drop((handles, doubts, old));
        for cancel in keeper.into_iter().chain(restorer) {
            cancel.cancel();
        }
        if let Some(id) = self.id() {
            self.line.forget(id);
        }
        self.line.part(self)
    }

    /// The host's handle begins to close: handles on it need not be detached one by one.
    pub fn leaving(&self) {
        self.state.lock().leaving = true;
    }

    /// Whether its handles go with it.
    pub(super) fn takes_along(&self) -> bool {
        let state = self.state.lock();
        state.leaving || state.left
    }

    /// Destroys it, unless it is to be kept, and leaves the line.
    ///
    /// # Errors
    /// What the server refused; that it does not know the session any more is what was wanted.
    pub fn close(self: &Arc<Self>, keep: bool, deadline: Instant) -> Result<()> {
        self.herald.part();
        let gone = std::mem::replace(&mut self.state.lock().left, true);
        let told = match self.id() {
            Some(_) if !keep && !gone && self.line.is_ready() && self.exists() => self.destroy(deadline),
            _ => Ok(()),
        };
        match self.part() {
            true => told.and(self.line.close(deadline)),
            false => told,
        }
    }

    fn destroy(self: &Arc<Self>, deadline: Instant) -> Result<()> {
        let answer = self.line.ask(self.destruction(), true)?.wait(&Cancel::default(), deadline);
        match answer {
            Ok(answer) => match refusal::number(answer.root()) {
                Some(refusal::NO_SESSION) | None => Ok(()),
                Some(_) => Err(refusal::core(answer.root())),
            },
            // The server ends it with its connection, or by its time-out.
            Err(error) if error.code() == code::CONNECTION_LOST.word => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The request that ends it, also while it is made again and everything else waits.
    pub(super) fn destruction(self: &Arc<Self>) -> Request {
        Request { ahead: self.is_astray(), ..Request::new("destroy").of(self) }
    }

    /// The host let go of it: the server is told, and nothing is waited for.
    pub fn abandon(self: &Arc<Self>) {
        self.herald.part();
        let gone = std::mem::replace(&mut self.state.lock().left, true);
        if !gone
            && self.exists()
            && self.line.is_ready()
            && let Err(error) = self.line.tell(self.destruction())
        {
            log::debug(c"janus", || format!("a session was not destroyed: {error}"));
        }
        if self.part() {
            self.line.leave(None);
        }
    }
}

/// Brings a message of the connection to all sessions on it.
pub(super) fn heard_by_all(sessions: &[Arc<Session>], message: Box<Document>) {
    let places: Vec<&Topics> = sessions.iter().map(|session| &*session.topics).collect();
    if !bring(message, &places) {
        log::debug(c"janus", || "a message of the connection was heard by nobody".to_owned());
    }
}

/// Whether a message is a refusal of the core.
pub(super) fn is_refusal(message: Node<'_>) -> bool {
    message.get("janus").and_then(Node::as_str) == Some("error")
}

pub(super) fn closed() -> Error {
    Error::new(&code::CLOSED, "the session was closed").outcome(Outcome::NotSent)
}
