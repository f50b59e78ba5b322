//! A plugin handle (spec/janus.md 2.2): attached to a session, asked through verbs, heard by topics, detached.

mod backend;
mod verbs;

use std::{sync::Arc, time::Instant};

pub use backend::JanusHandle;
pub use verbs::{OPTIONS, only};

use super::{
    envelope::Members,
    line::{Brings, Request, again},
    media,
    plugins::{Again, Checked, Declared},
    refusal,
    session::{Session, is_refusal},
    topics::{Herald, Topics},
};
use crate::{
    backends::{Change, Teller},
    clock,
    engine::{net::cancel::Cancel, reactor::vigil::Vigil},
    error::{Error, Outcome, Result, code},
    log,
    sys::{
        atomic::{AtomicBool, AtomicU64, Ordering},
        lock::Mutex,
    },
    value::{Node, Tree},
};

/// What attach says of a handle.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// The package of the plugin; unknown when a handle is taken over and nobody said.
    pub plugin: Option<Box<str>>,
    /// What the server shows of it.
    pub opaque_id: Option<Box<str>>,
    /// The event loop that serves it.
    pub loop_index: Option<u64>,
}

/// One handle.
pub struct Handle {
    /// The session that it is on.
    pub session: Arc<Session>,
    /// What was asked for: also what it takes to attach it again.
    pub wish: Wish,
    /// Who hears its messages.
    pub topics: Arc<Topics>,
    /// Its media.
    pub media: media::Slot,
    herald: Herald,
    /// What its requests have brought about.
    declared: Mutex<Declared>,
    /// 0 while there is none.
    id: AtomicU64,
    /// It is over, or its detach was asked for.
    left: AtomicBool,
    /// The server has said that it is gone.
    gone: AtomicBool,
    /// The server has taken a detach.
    detached: AtomicBool,
    /// Its session is asked whether it is there itself.
    looked_for: AtomicBool,
}

impl Handle {
    /// One that is not attached yet.
    #[must_use]
    pub fn new(session: &Arc<Session>, wish: Wish) -> Arc<Handle> {
        Arc::new(Handle {
            session: Arc::clone(session),
            wish,
            topics: Arc::default(),
            media: media::Slot::default(),
            herald: Herald::default(),
            declared: Mutex::default(),
            id: AtomicU64::new(0),
            left: AtomicBool::new(false),
            gone: AtomicBool::new(false),
            detached: AtomicBool::new(false),
            looked_for: AtomicBool::new(false),
        })
    }

    /// Its id on the server, when there is one.
    #[must_use]
    pub fn id(&self) -> Option<u64> {
        Some(self.id.load(Ordering::Acquire)).filter(|id| *id != 0)
    }

    /// The plugin's name, for errors.
    #[must_use]
    pub fn plugin(&self) -> &str {
        self.wish.plugin.as_deref().unwrap_or("the plugin")
    }

    /// The request that attaches it.
    #[must_use]
    pub fn attaching(self: &Arc<Self>) -> Request {
        let mut members = Members::default().with("plugin", &Tree::from(self.plugin()));
        if let Some(opaque) = &self.wish.opaque_id {
            members.add("opaque_id", &Tree::from(&**opaque));
        }
        if let Some(index) = self.wish.loop_index {
            members.add("loop_index", &Tree::from(index));
        }
        Request { members, brings: Brings::Handle(Arc::clone(self)), ..Request::new("attach").of(&self.session) }
    }

    /// Attaches it, waiting on the calling thread.
    ///
    /// # Errors
    /// `plugin_attach_fail`; what goes wrong on the way.
    pub fn attach(self: &Arc<Self>, cancel: &Cancel, deadline: Instant) -> Result<()> {
        let answer = self.session.line.ask(self.attaching(), true)?.wait(cancel, deadline)?;
        if is_refusal(answer.root()) {
            return Err(refusal::attach(answer.root(), self.plugin()));
        }
        match self.id() {
            Some(_) => Ok(()),
            None => Err(Error::new(&code::PROTOCOL, "the server attached a handle without an id")),
        }
    }

    /// Takes over one that is there: after a claim, or of another client.
    ///
    /// # Errors
    /// `argument` when it is taken over already.
    pub fn adopt(self: &Arc<Self>, id: u64) -> Result<()> {
        if self.session.handles().iter().any(|handle| handle.id() == Some(id)) {
            return Err(Error::option("name", format!("the handle {id} was attached already")));
        }
        self.born(id);
        Ok(())
    }

    /// It exists on the server: told on the reactor, before whoever attached it hears of it.
    pub(super) fn born(self: &Arc<Self>, id: u64) {
        let old = self.id.swap(id, Ordering::AcqRel);
        if old != 0 && old != id {
            self.gone.store(false, Ordering::Release);
            self.session.forget(old);
            self.media.lost(&Error::new(&code::SESSION_LOST, "media ended with the session that it belonged to"));
        }
        if self.is_over() && old != 0 {
            // It was closed while it was attached again.
            let _ = self.session.line.tell(Request { ahead: true, ..Request::new("detach").to(self) });
            return;
        }
        self.session.know(id, self);
    }

    /// Whether it is over, or its end was asked for.
    pub(super) fn is_over(&self) -> bool {
        self.left.load(Ordering::Acquire)
    }

    /// A request was answered that makes something of its state.
    pub(super) fn learn(&self, done: &Checked, answer: Node<'_>) {
        let data = answer.at("/plugindata/data");
        if data.is_none_or(|data| refusal::plugin(self.plugin(), data).is_none()) {
            self.declared.lock().went_well(done, data, answer.get("jsep").is_some());
        }
    }

    /// The same of a request that went over the data channel, and well.
    #[cfg(feature = "media")]
    pub(super) fn learned(&self, done: &Checked) {
        self.declared.lock().went_well(done, None, false);
    }

    /// The plugin said something by itself, which may end what was declared.
    pub(super) fn heed(&self, message: Node<'_>) {
        let mut declared = self.declared.lock();
        if !declared.again().is_empty()
            && let Some(data) = message.at("/plugindata/data")
        {
            declared.heed(data);
        }
    }

    /// What it takes to bring its state about again.
    pub(super) fn declared(&self) -> Vec<Again> {
        self.declared.lock().again().to_vec()
    }

    /// Of what was declared only this is still so.
    pub(super) fn keep(&self, kept: &[Again]) {
        self.declared.lock().keep(kept);
    }

    /// The host's handle exists.
    pub fn start(&self, teller: Arc<dyn Teller>) {
        self.herald.start(teller);
    }

    /// Tells its host.
    pub(super) fn tell(&self, change: Change) {
        self.herald.tell(change);
    }

    /// It is gone on the server: its handle is closed, by itself when nobody asked for that.
    pub(super) fn ended(self: &Arc<Self>, error: Option<Error>) {
        self.left.store(true, Ordering::Release);
        if let Some(id) = self.id() {
            self.session.forget(id);
        }
        let ended = || Error::new(&code::HANDLE_LOST, "the handle was detached");
        let why = error.as_ref().map_or_else(ended, again);
        self.media.lost(&why);
        self.media.leave();
        self.session.line.fail(|request| !request.is("detach") && self.is_of(request), &why);
        self.herald.tell(Change::Ended { value: Tree::Null, error });
    }

    fn is_of(self: &Arc<Self>, request: &Request) -> bool {
        request.handle.as_ref().is_some_and(|handle| Arc::ptr_eq(handle, self))
    }

    /// The server says that it is gone: by itself, or in answer to a detach. That may be told before the answer, and
    /// whoever asked hears the answer before the end.
    pub(super) fn detached(self: &Arc<Self>) {
        self.vanished(None);
    }

    /// It is not there any more, as something else that was asked of it was told: with this error, unless it is being
    /// detached.
    pub(super) fn vanished(self: &Arc<Self>, error: Option<Error>) {
        if self.session.is_astray() {
            // What the session was has met its end, and it is attached again.
            return;
        }
        self.gone.store(true, Ordering::Release);
        if self.is_being_detached() {
            return;
        }
        if self.is_detached() {
            return self.ended(error);
        }
        self.look_for(error);
    }

    /// Asks whether its session is there yet. A server that ends a session ends its handles first, and each of them says so for
    /// itself, as a rule before anybody hears of the session: with that it is made again, or closed with the reason.
    fn look_for(self: &Arc<Self>, error: Option<Error>) {
        if self.looked_for.swap(true, Ordering::AcqRel) {
            return;
        }
        let line = &self.session.line;
        let (before, deadline) = (self.session.generation(), clock::now() + line.terms().timeout);
        let own = Arc::clone(self);
        let look = Request::new("keepalive").acked().again().of(&self.session);
        let begun = line.ask(look, false).and_then(|asked| {
            line.lent.reactor.run(async move {
                // Whatever the answer is: a session that is not there any more is made again by then, or over.
                let _ = asked.wait_on(&mut Vigil::new(Arc::default()), deadline).await;
                own.looked_for.store(false, Ordering::Release);
                if own.session.generation() == before && !own.is_over() {
                    own.ended(error);
                }
            })
        });
        if let Err(error) = begun {
            self.ended(Some(error));
        }
    }

    fn is_being_detached(self: &Arc<Self>) -> bool {
        self.session.line.is_asking(|request| request.is("detach") && self.is_of(request))
    }

    /// Whether what is asked of it now meets its end on the server.
    #[cfg(feature = "media")]
    pub(super) fn is_going(self: &Arc<Self>) -> bool {
        self.is_detached() || self.gone.load(Ordering::Acquire) || self.is_being_detached()
    }

    /// Whether the server has taken a detach: all that is to come is its word that it is done.
    pub(super) fn is_detached(&self) -> bool {
        self.detached.load(Ordering::Acquire)
    }

    /// Whether it can be asked for anything.
    ///
    /// # Errors
    /// `closed`.
    pub(super) fn takes_calls(&self) -> Result<()> {
        if self.is_over() || self.is_detached() {
            return Err(Error::new(&code::CLOSED, "the handle was detached").outcome(Outcome::NotSent));
        }
        Ok(())
    }

    /// The server has taken a detach: whoever asked for it hears so in a moment, and has nothing more to ask for.
    pub(super) fn detach_was_taken(&self) {
        self.detached.store(true, Ordering::Release);
    }

    /// Whoever asked for the detach has heard that it was taken: the end is here already, or to come.
    pub(super) fn was_detached(self: &Arc<Self>) {
        if self.gone.load(Ordering::Acquire) {
            self.ended(None);
        }
    }

    /// Detaches it, unless it is to be kept or its session goes as well.
    ///
    /// # Errors
    /// What the server refused; that it does not know the handle any more is what was wanted.
    pub fn close(self: &Arc<Self>, keep: bool, deadline: Instant) -> Result<()> {
        self.herald.part();
        // What it takes to hang up goes over the handle.
        self.media.settle(deadline);
        let gone = self.left.swap(true, Ordering::AcqRel);
        let told = match self.id() {
            Some(_) if !keep && !gone && self.is_within_reach() => self.detach(deadline),
            _ => Ok(()),
        };
        if let Some(id) = self.id() {
            self.session.forget(id);
        }
        told
    }

    /// Whether it can be told to end, and does not end with its session.
    fn is_within_reach(&self) -> bool {
        !self.session.takes_along() && self.session.line.is_ready() && !self.session.is_astray()
    }

    fn detach(self: &Arc<Self>, deadline: Instant) -> Result<()> {
        let asked = self.session.line.ask(Request::new("detach").to(self), true)?;
        match asked.wait(&Cancel::default(), deadline) {
            Ok(answer) => match refusal::number(answer.root()) {
                Some(refusal::NO_SESSION | refusal::NO_HANDLE) | None => Ok(()),
                Some(_) => Err(refusal::core(answer.root())),
            },
            Err(error) if error.code() == code::CONNECTION_LOST.word => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The host let go of it: the server is told, and nothing is waited for.
    pub fn abandon(self: &Arc<Self>) {
        self.herald.part();
        self.media.leave();
        let gone = self.left.swap(true, Ordering::AcqRel);
        if let Some(id) = self.id() {
            if !gone
                && self.is_within_reach()
                && let Err(error) = self.session.line.tell(Request::new("detach").to(self))
            {
                log::debug(c"janus", || format!("a handle was not detached: {error}"));
            }
            self.session.forget(id);
        }
    }
}
