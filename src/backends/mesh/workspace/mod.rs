//! The session on the server: opened, joined, committed, ended (spec/mesh.md 3). It lives on the server and not on a
//! connection: what keeps it alive and what is done when it is lost is in [`keepalive`].

mod farewell;
mod keepalive;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub use farewell::Farewells;

use super::{
    Core,
    form::{Guid, decode},
    refusal,
    schema::{self, Kind},
    terms::Terms,
    wire::Wire,
};
use crate::{
    backends::Teller,
    clock,
    engine::net::cancel::Cancel,
    error::{Error, Result, code},
    log,
    sys::lock::Mutex,
    value::{Object, Tree},
};

/// The service that knows sessions.
macro_rules! method {
    ($name:literal) => {
        concat!("/volue.mesh.grpc.session.v1alpha.SessionService/", $name)
    };
}

const START: &str = method!("StartSession");
const END: &str = method!("EndSession");
const COMMIT: &str = method!("Commit");
const ROLLBACK: &str = method!("Rollback");
const EXTEND: &str = method!("ExtendSession");

/// What a session lives without being used when the server does not say so (spec/mesh.md 3.3).
const USUAL: Duration = Duration::from_secs(300);

/// How often a thread that waits for another one's opening looks whether its call is still wanted.
const LOOK: Duration = Duration::from_millis(50);
/// What a farewell has at the least.
const SOON: Duration = Duration::from_millis(1);
/// A session is told to be used no more often than this, however little time the server grants.
const SOONEST: Duration = Duration::from_millis(100);
/// What the server grants beyond that is as good as for ever: moments must have a place in the clock.
const FOR_EVER: Duration = Duration::from_secs(366 * 86_400);

/// One session on the server.
pub struct Workspace {
    state: Mutex<State>,
    /// Held while one is opened, so that two calls do not open two.
    opening: Mutex<()>,
    /// It is that of the handle that carries the connection.
    root: bool,
}

#[derive(Default)]
struct State {
    id: Option<Guid>,
    /// It was there before us: closing leaves it.
    joined: bool,
    /// The longest that it is left unused; none when nobody keeps it alive.
    longest: Option<Duration>,
    /// What the server said it lives without being used.
    expires_in: Option<Duration>,
    /// When the server last answered one of its calls.
    used: Option<Instant>,
    /// The ear of the handle, once there is one.
    teller: Option<Arc<dyn Teller>>,
    /// Ends what keeps it alive.
    keeper: Option<Arc<Cancel>>,
    /// The handle is closed: nothing keeps it alive any more.
    left: bool,
    counts: Counts,
}

/// What the snapshot shows of the life so far.
#[derive(Clone, Copy, Default)]
struct Counts {
    extended: i64,
    losses: i64,
}

/// The message that names a session.
fn named(id: Guid) -> Vec<u8> {
    let mut message = Vec::with_capacity(18);
    crate::engine::grpc::protobuf::put_bytes(1, id.wire(), &mut message);
    message
}

/// What an answer to ExtendSession says; none when it says nothing of use.
fn promised(answer: &[u8]) -> Result<Option<Duration>> {
    let told = decode(Kind::Message(&schema::tables::session::EXTEND_SESSION_RESPONSE), answer)?;
    let seconds = told.get("expires_in").and_then(Tree::as_double);
    let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).filter(|time| !time.is_zero());
    Ok(time.map(|time| time.min(FOR_EVER)))
}

impl Workspace {
    /// None yet; `longest` is how long it may be left unused, none when nobody is to keep it alive.
    #[must_use]
    pub fn new(longest: Option<Duration>, root: bool) -> Workspace {
        Workspace { state: Mutex::new(State { longest, ..State::default() }), opening: Mutex::default(), root }
    }

    /// The longest that it is left unused.
    #[must_use]
    pub fn longest(&self) -> Option<Duration> {
        self.state.lock().longest
    }

    /// Another one, from now on.
    pub fn set_longest(self: &Arc<Self>, core: &Arc<Core>, longest: Option<Duration>) {
        let keeper = {
            let mut state = self.state.lock();
            state.longest = longest;
            state.keeper.clone()
        };
        match keeper {
            Some(keeper) => keeper.ring(),
            None => self.keep_alive(core),
        }
    }

    /// The id; one is opened when there is none yet.
    ///
    /// # Errors
    /// What the server refused.
    pub fn id(self: &Arc<Self>, core: &Arc<Core>, terms: &Terms) -> Result<Guid> {
        if let Some(id) = self.known() {
            return Ok(id);
        }
        let _opening = loop {
            terms.check()?;
            if let Some(opening) = self.opening.try_lock_for(LOOK) {
                break opening;
            }
        };
        let state = self.state.lock();
        match state.id {
            Some(id) => Ok(id),
            None if state.left => Err(Error::new(&code::CLOSED, "the session was closed")),
            None => {
                drop(state);
                self.open(core, terms)
            }
        }
    }

    /// The id, when there is one.
    #[must_use]
    pub fn known(&self) -> Option<Guid> {
        self.state.lock().id
    }

    /// The server answered a call of it at that moment: it lives on as long as after its opening.
    pub fn was_used(&self, at: Instant) {
        let mut state = self.state.lock();
        state.used = Some(state.used.map_or(at, |used| used.max(at)));
    }

    fn open(self: &Arc<Self>, core: &Arc<Core>, terms: &Terms) -> Result<Guid> {
        let wire = &core.wire;
        let answer = wire.unary(START, &[], terms)?;
        let told = decode(Kind::Message(&schema::tables::session::START_SESSION_RESPONSE), &answer)?;
        let id = told.get("session_id").and_then(Tree::as_str).and_then(Guid::parse);
        let id = id.ok_or_else(|| Error::new(&code::PROTOCOL, "the server opened a session without an id"))?;
        if let Err(error) = self.extend(wire, id, terms) {
            // Nobody would ever end it.
            if let Err(worse) = wire.unary(END, &named(id), &terms.anew()) {
                log::debug(c"mesh", || format!("a session that could not be used was not ended: {worse}"));
            }
            return Err(error);
        }
        self.state.lock().id = Some(id);
        self.keep_alive(core);
        Ok(id)
    }

    /// Joins a session that is there.
    ///
    /// # Errors
    /// `session_lost` when the server does not know it.
    pub fn join(self: &Arc<Self>, core: &Arc<Core>, id: Guid, terms: &Terms) -> Result<()> {
        self.extend(&core.wire, id, terms)?;
        let mut state = self.state.lock();
        state.id = Some(id);
        state.joined = true;
        drop(state);
        self.keep_alive(core);
        Ok(())
    }

    /// The handle exists: it hears from now on what happens to the session.
    pub fn start(self: &Arc<Self>, core: &Arc<Core>, teller: Arc<dyn Teller>) {
        self.state.lock().teller = Some(teller);
        self.keep_alive(core);
    }

    /// Tells the server that it is still used, and hears for how long that counts.
    ///
    /// # Errors
    /// `session_lost`, and what goes wrong on the way.
    pub fn extend(&self, wire: &Wire, id: Guid, terms: &Terms) -> Result<()> {
        let answer = wire.unary(EXTEND, &named(id), terms).map_err(|error| refusal::of_session(error, id))?;
        self.extended(&answer)
    }

    fn extended(&self, answer: &[u8]) -> Result<()> {
        let promised = promised(answer)?;
        let mut state = self.state.lock();
        state.expires_in = promised;
        state.used = Some(clock::now());
        state.counts.extended += 1;
        Ok(())
    }

    /// Makes the changes everybody's.
    ///
    /// # Errors
    /// `session_corrupt`, `owner_gone`, and what goes wrong on the way.
    pub fn commit(self: &Arc<Self>, core: &Arc<Core>, terms: &Terms) -> Result<()> {
        let id = self.id(core, terms)?;
        self.tell(core, COMMIT, id, terms)
    }

    /// Forgets the changes. Without a session there are none.
    ///
    /// # Errors
    /// What the server refused.
    pub fn rollback(&self, core: &Core, terms: &Terms) -> Result<()> {
        let Some(id) = self.known() else { return Ok(()) };
        self.tell(core, ROLLBACK, id, terms)
    }

    fn tell(&self, core: &Core, path: &'static str, id: Guid, terms: &Terms) -> Result<()> {
        core.wire.unary(path, &named(id), terms).map_err(|error| refusal::of_session(error, id))?;
        self.was_used(clock::now());
        Ok(())
    }

    /// Whether closing leaves it unless something else is said: it was there before us.
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.state.lock().joined
    }

    /// Ends it, or leaves it when it is to be kept.
    ///
    /// # Errors
    /// What the server refused; that it does not know the session any more is what was wanted.
    pub fn leave(&self, wire: &Wire, keep: bool, deadline: Instant) -> Result<()> {
        let Some(id) = self.part().filter(|_| !keep) else { return Ok(()) };
        let left = deadline.saturating_duration_since(clock::now()).max(SOON);
        match wire.unary(END, &named(id), &Terms::within(left, &Arc::default())) {
            Err(error) if error.code() != code::SESSION_LOST.word => Err(error),
            _ => Ok(()),
        }
    }

    /// Stops keeping it alive; its id, the first time.
    fn part(&self) -> Option<Guid> {
        let mut state = self.state.lock();
        state.left = true;
        let (id, keeper, teller) = (state.id.take(), state.keeper.take(), state.teller.take());
        drop(state);
        drop(teller);
        if let Some(keeper) = keeper {
            keeper.cancel();
        }
        id
    }

    /// Seconds that it lives on when nobody uses it from now on.
    #[must_use]
    pub fn expires_in(&self) -> Option<f64> {
        let state = self.state.lock();
        let (used, expires_in) = (state.used?, state.expires_in?);
        Some(expires_in.saturating_sub(clock::now().saturating_duration_since(used)).as_secs_f64())
    }

    /// What the server said it lives without being used, in seconds.
    #[must_use]
    pub fn promised(&self) -> Option<f64> {
        self.state.lock().expires_in.map(|time| time.as_secs_f64())
    }

    /// As the snapshot shows it.
    #[must_use]
    pub fn show(&self) -> Tree {
        let left = self.expires_in();
        let state = self.state.lock();
        let seconds = |time: Option<Duration>| time.map_or(Tree::Null, |time| Tree::Double(time.as_secs_f64()));
        let mut shown = Object::with_capacity(7);
        shown.insert("id", state.id.map_or(Tree::Null, |id| Tree::from(id.to_string())));
        shown.insert("joined", Tree::Bool(state.joined));
        shown.insert("timeout", seconds(state.expires_in));
        shown.insert("expires_in", left.map_or(Tree::Null, Tree::Double));
        shown.insert("keepalive", seconds(state.longest.map(|longest| interval(longest, state.expires_in))));
        shown.insert("extended", Tree::Int(state.counts.extended));
        shown.insert("losses", Tree::Int(state.counts.losses));
        Tree::Object(shown)
    }
}

/// How long it is left unused at most: half of what it lives, and no longer than the host wants.
fn interval(longest: Duration, expires_in: Option<Duration>) -> Duration {
    longest.min((expires_in.unwrap_or(USUAL) / 2).max(SOONEST))
}
