//! One line to a server, with all the sessions on it (spec/janus.md 1, 2.6): the connection that stands or is being made,
//! the requests in flight, and who the messages that come are for.
//!
//! | file | what |
//! |---|---|
//! | `request` | a request on its way, and the wait for its answer |
//! | `life` | connections one after the other, on the reactor |
//! | `members` | the sessions on it, and the end of it when none is left |
//! | `routing` | what comes, by transaction, session and sender |
//! | `recovery`, `recreate` | what becomes of sessions after a loss |
//! | `fate` | what hosts are told of that |
//!
//! A request that finds no connection is held until there is one, or its time is over. The lock is held for a look and
//! for the hand-over to the road, never while something is waited for or told.

mod fate;
mod life;
mod members;
mod recovery;
mod recreate;
mod request;
mod routing;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use rustc_hash::FxBuildHasher;

pub(super) use recovery::forgotten;
pub use request::{Asked, Brings, Request, Waiting};

use super::{
    carrier::{Carrier, Road},
    session::Session,
    settings::{Current, Terms},
    transactions::{Entry, Stage, Transactions},
};
use crate::{
    backends::{Backend, Lent},
    clock,
    engine::{net::cancel::Cancel, reactor::promise},
    error::{Error, Outcome, Result, code},
    sys::{
        atomic::{AtomicU64, Ordering},
        lock::Mutex,
    },
    value::{Document, Object, Tree},
};

/// Where the connection stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Phase {
    /// There is none and none is being made.
    #[default]
    Off,
    /// The first one is being made.
    Connecting,
    /// It stands, and sessions are being claimed; or it was lost and is being made again.
    Lost,
    /// It takes requests.
    Ready,
}

/// So many requests that nobody waits for any more are kept, for what their answers bring about. A server that never
/// answers would have us keep them all.
const ORPHANS: usize = 1000;

/// One line.
pub struct Line {
    /// What the session lends.
    pub lent: Lent,
    /// The ways to the server, the first one first.
    carriers: Vec<Arc<dyn Carrier>>,
    /// The HTTP session below, where a carrier has one.
    web: Option<Arc<dyn Backend>>,
    terms: Arc<Current>,
    /// What our transactions begin with.
    prefix: Box<str>,
    last: AtomicU64,
    state: Mutex<State>,
}

struct State {
    phase: Phase,
    /// Which carrier has the connection.
    carrier: usize,
    road: Option<Arc<dyn Road>>,
    table: Transactions<Waiting>,
    /// Some are held there, or were: what comes now goes behind them.
    behind: bool,
    /// Those that nobody waits for any more, the oldest first; answered ones too.
    orphans: VecDeque<u64>,
    /// By their ids on the server.
    sessions: HashMap<u64, Arc<Session>, FxBuildHasher>,
    /// All that were not left, those without an id too.
    members: Vec<Arc<Session>>,
    /// What the server said of itself, once on each connection.
    info: Option<Arc<Document>>,
    /// Ends what runs.
    cancel: Option<Arc<Cancel>>,
    /// Nothing more is taken.
    leaving: bool,
    departures: Vec<promise::Giver<()>>,
    counts: Counts,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    sent: u64,
    received: u64,
    events: u64,
    strays: u64,
    connections: u64,
    losses: u64,
}

/// The text of our transaction with this number.
fn transaction(prefix: &str, number: u64) -> String {
    let mut text = String::with_capacity(prefix.len() + 10);
    text.push_str(prefix);
    let _ = std::fmt::Write::write_fmt(&mut text, format_args!("{number}"));
    text
}

impl State {
    /// One that stays in the table without anybody who waits for it; gives the one that was there too long.
    fn orphaned(&mut self, number: u64) -> Option<Entry<Waiting>> {
        self.orphans.push_back(number);
        let oldest = if self.orphans.len() > ORPHANS { self.orphans.pop_front() } else { None };
        oldest.and_then(|oldest| self.table.take(oldest))
    }
}

impl Line {
    /// A line over these carriers; nothing is opened.
    ///
    /// # Errors
    /// `io` when the system gives no random bytes.
    pub fn new(
        carriers: Vec<Arc<dyn Carrier>>,
        web: Option<Arc<dyn Backend>>,
        terms: Arc<Current>,
        lent: Lent,
    ) -> Result<Arc<Line>> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|_| Error::new(&code::IO, "the system gave no random bytes"))?;
        let prefix = format!("{:x}-", u64::from_ne_bytes(random));
        let state = State {
            phase: Phase::Off,
            carrier: 0,
            road: None,
            table: Transactions::new(&prefix),
            behind: false,
            orphans: VecDeque::new(),
            sessions: HashMap::default(),
            members: Vec::new(),
            info: None,
            cancel: None,
            leaving: false,
            departures: Vec::new(),
            counts: Counts::default(),
        };
        Ok(Arc::new(Line {
            lent,
            carriers,
            web,
            terms,
            prefix: prefix.into(),
            last: AtomicU64::new(0),
            state: Mutex::new(state),
        }))
    }

    /// What the host says of it now.
    pub fn terms(&self) -> Arc<Terms> {
        self.terms.get()
    }

    /// Says something else from now on.
    pub fn change(&self, terms: Terms) {
        self.terms.set(terms);
        let members = self.state.lock().members.clone();
        // How long they are left unused may be another time now.
        for member in members {
            member.informed();
        }
    }

    /// The HTTP session below.
    pub fn web(&self) -> Option<&Arc<dyn Backend>> {
        self.web.as_ref()
    }

    /// Where it leads, or led last.
    pub fn url(&self) -> String {
        let at = self.state.lock().carrier;
        self.carriers.get(at).map(|carrier| carrier.url().to_owned()).unwrap_or_default()
    }

    /// Gives the line a request. Without a connection it is held, and one is made.
    ///
    /// # Errors
    /// `limit`, `closed`; what cannot even be begun.
    pub fn ask(self: &Arc<Self>, request: Request, waits: bool) -> Result<Asked> {
        let (giver, taker) = promise::pair();
        let number = self.enter(request, Some(giver), waits)?;
        Ok(Asked { line: Arc::clone(self), number, taker, done: false })
    }

    /// The same without anybody who waits for the answer.
    ///
    /// # Errors
    /// As [`Line::ask`].
    pub fn tell(self: &Arc<Self>, request: Request) -> Result<()> {
        self.enter(request, None, false).map(drop)
    }

    fn enter(
        self: &Arc<Self>,
        request: Request,
        giver: Option<promise::Giver<Result<Box<Document>>>>,
        waits: bool,
    ) -> Result<u64> {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let terms = self.terms();
        let generation = || request.session.as_ref().map_or(0, |session| session.generation());
        let written_in = generation();
        // Written before the lock is taken: whoever else sends does not wait for it.
        let mut parcel = request.write(number, &self.prefix, &terms.secrets, waits);
        let ahead = request.ahead;
        if let Some(session) = &request.session {
            session.touch(clock::now());
        }
        let mut state = self.state.lock();
        if state.leaving {
            return Err(Error::new(&code::CLOSED, "the session was closed").outcome(Outcome::NotSent));
        }
        let limit = self.carriers.get(state.carrier).map_or(usize::MAX, |carrier| carrier.limit());
        if parcel.text.len() > limit {
            return Err(too_long(parcel.text.len(), limit));
        }
        let now_in = generation();
        if now_in != written_in && !ahead {
            // The session was made again meanwhile.
            parcel = request.write(number, &self.prefix, &terms.secrets, waits);
        }
        let takes = state.phase == Phase::Ready && now_in & 1 == 0;
        let goes = ahead || (takes && !state.behind);
        if ahead && state.road.is_none() {
            return Err(Error::new(&code::CONNECTION_LOST, "there was no connection").outcome(Outcome::NotSent));
        }
        let (wants, name) = (request.wants, request.name.clone());
        let waiting = Waiting { number, request, giver, receipt: None, was_sent: false };
        state.table.enter(number, wants, name.as_deref(), waiting)?;
        match state.road.clone().filter(|_| goes) {
            Some(road) => match road.send(parcel) {
                Ok(receipt) => {
                    state.counts.sent += 1;
                    if let Some(entry) = state.table.get_mut(number) {
                        entry.stage = Stage::Sent;
                        entry.it.receipt = Some(receipt);
                    }
                    drop(state);
                    if waits {
                        road.push();
                    }
                }
                // It ends at this moment: the next one takes it.
                Err(error) if error.code() == code::CONNECTION_LOST.word || error.code() == code::CLOSED.word => {}
                Err(error) => {
                    let entry = state.table.take(number);
                    drop(state);
                    drop(entry);
                    return Err(error.outcome(Outcome::NotSent));
                }
            },
            None => {
                let off = state.phase == Phase::Off;
                state.behind = true;
                drop(state);
                if off {
                    self.begin();
                } else if takes {
                    self.flush();
                }
            }
        }
        Ok(number)
    }

    /// Nobody waits for the answer any more.
    fn give_up(&self, number: u64) -> Outcome {
        let mut state = self.state.lock();
        let Some(entry) = state.table.get_mut(number) else { return Outcome::Unknown };
        let brings = !matches!(entry.it.request.brings, Brings::Nothing);
        let outcome = entry.it.give_up(entry.stage, brings);
        let stays = outcome == Outcome::Unknown && (brings || entry.it.request.done.is_some());
        let gone = if stays {
            // What it brings would live on with nobody to end it: the answer is still looked at.
            entry.it.giver.take().map(|giver| (Some(giver), None))
        } else {
            state.table.take(number).map(|entry| (None, Some(entry)))
        };
        let oldest = if stays { state.orphaned(number) } else { None };
        drop(state);
        drop((gone, oldest));
        outcome
    }

    /// Ends the requests that `choose` wants with an error; each hears whether it was sent.
    pub fn fail(&self, choose: impl Fn(&Request) -> bool, error: &Error) {
        let failed = self.state.lock().table.take_all(|entry| choose(&entry.it.request));
        for (_, mut entry) in failed {
            let outcome = entry.it.give_up(entry.stage, false);
            if let Some(giver) = entry.it.giver {
                giver.give(Err(again(error).outcome(outcome)));
            }
        }
    }

    /// Whether a request like this is in flight.
    pub fn is_asking(&self, wanted: impl Fn(&Request) -> bool) -> bool {
        self.state.lock().table.any(|entry| wanted(&entry.it.request))
    }

    /// Sends what was held, the oldest first, if requests go out; not what a session waits for that is made again.
    fn flush(&self) {
        let terms = self.terms();
        let mut refused = Vec::new();
        let mut state = self.state.lock();
        let Some(road) = state.road.clone().filter(|_| state.phase == Phase::Ready) else { return };
        let limit = self.carriers.get(state.carrier).map_or(usize::MAX, |carrier| carrier.limit());
        state.behind = false;
        for number in state.table.held() {
            let Some(entry) = state.table.get_mut(number) else { continue };
            if entry.it.request.session.as_ref().is_some_and(|session| session.is_astray()) {
                state.behind = true;
                continue;
            }
            let parcel = entry.it.request.write(number, &self.prefix, &terms.secrets, false);
            if parcel.text.len() > limit {
                // The way that it was taken for had room for it.
                let error = too_long(parcel.text.len(), limit);
                refused.extend(state.table.take(number).map(|entry| (entry, error)));
                continue;
            }
            match road.send(parcel) {
                Ok(receipt) => {
                    entry.stage = Stage::Sent;
                    entry.it.receipt = Some(receipt);
                    if let Some(session) = &entry.it.request.session {
                        session.touch(clock::now());
                    }
                    state.counts.sent += 1;
                }
                Err(error) if error.code() == code::CONNECTION_LOST.word || error.code() == code::CLOSED.word => break,
                Err(error) => refused.extend(state.table.take(number).map(|entry| (entry, error))),
            }
        }
        drop(state);
        for (entry, error) in refused {
            if let Some(giver) = entry.it.giver {
                giver.give(Err(error.outcome(Outcome::NotSent)));
            }
        }
    }

    /// A request that was refused for a session that the server had forgotten: it goes out again when there is another.
    fn repeat(&self, mut waiting: Waiting) {
        // It was refused, and so not done.
        (waiting.receipt, waiting.was_sent) = (None, false);
        let (number, wants, name) = (waiting.number, waiting.request.wants, waiting.request.name.clone());
        // It has its number and its name back, so this cannot fail.
        let mut state = self.state.lock();
        let _ = state.table.enter(number, wants, name.as_deref(), waiting);
        state.behind = true;
        drop(state);
        self.flush();
    }

    /// The transaction of a request that was taken out of the table.
    fn named(&self, entry: &Entry<Waiting>, number: u64) -> String {
        entry.name.as_deref().map_or_else(|| transaction(&self.prefix, number), str::to_owned)
    }

    /// Whether requests go out at once.
    pub fn is_ready(&self) -> bool {
        self.state.lock().phase == Phase::Ready
    }

    /// What the server said of itself on this connection.
    pub fn info(&self) -> Option<Arc<Document>> {
        self.state.lock().info.clone()
    }

    /// Seconds of the server's own, from what it said of itself.
    pub fn promised(&self, name: &str) -> Option<Duration> {
        let info = self.info()?;
        let seconds = info.root().get(name)?.int()?;
        u64::try_from(seconds).ok().map(Duration::from_secs)
    }

    /// The snapshot `stats`.
    pub fn count(&self, shown: &mut Object) {
        let state = self.state.lock();
        let counts = state.counts;
        let number = |number: u64| Tree::Int(i64::try_from(number).unwrap_or(i64::MAX));
        for (name, count) in [
            ("transactions", state.table.len() as u64),
            ("requests_sent", counts.sent),
            ("messages_received", counts.received),
            ("events", counts.events),
            ("strays", counts.strays),
            ("connections", counts.connections),
            ("losses", counts.losses),
            ("sessions", state.sessions.len() as u64),
        ] {
            shown.insert(name, number(count));
        }
        if let Some(road) = &state.road {
            road.count(shown);
        }
    }
}

fn too_long(size: usize, limit: usize) -> Error {
    let message = format!("a request of {size} bytes was longer than the {limit} bytes that the server takes this way");
    Error::new(&code::MESSAGE_TOO_LARGE, message).outcome(Outcome::NotSent)
}

/// The same error for one of several who hear of it.
pub(super) fn again(error: &Error) -> Error {
    let known = code::ALL.iter().find(|known| known.word == error.code()).copied().unwrap_or(&code::CONNECTION_LOST);
    let copy = Error::new(known, error.message().to_owned()).status_as(error.status());
    let copy = error.detail().iter().fold(copy, |copy, (key, value)| copy.with(key, value.clone()));
    match error.known_outcome() {
        Some(outcome) => copy.outcome(outcome),
        None => copy,
    }
}
