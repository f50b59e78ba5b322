//! The event hub (spec/ftrack.md 7): one per session, shared by its children.
//!
//! | file | what |
//! |---|---|
//! | `expression`, `subscribers` | who wants which events, found by topic |
//! | `event`, `seen`, `replies`, `outgoing` | events that are made, that came, that are waited for, that are on their way |
//! | `line` | what is said and heard on one connection |
//! | `delivery` | an event that came, to those who want it, answers included |
//! | `life` | connections one after the other, on the reactor |
//! | `calls` | what the host's calls wait for |
//!
//! Everything that can be said without a socket stands behind one lock, which is held while it is looked at or changed:
//! never across I/O, never while the host's code runs. The order in which subscriptions are told to the server, events are
//! sent and acknowledgements come is the order in which that lock is taken.

pub mod calls;
mod delivery;
pub mod event;
pub mod expression;
mod life;
mod line;
pub mod outgoing;
pub mod replies;
pub mod seen;
pub mod subscribers;

use std::{collections::HashMap, sync::Arc};

use super::Lent;
use crate::{
    args::Args,
    backends::{Backend, Change, Feed, Sink, Teller},
    engine::{
        backoff::Plan,
        errands::Kept,
        net::cancel::Cancel,
        reactor::promise::Giver,
        websocket::{Outbox, order::Ticket},
    },
    error::{Error, Result, code},
    sys::lock::Mutex,
    value::{Document, Object, Tree},
};
use delivery::Deliveries;
use event::Myself;
use expression::{Dialect, Expression};
use outgoing::Outgoing;
use replies::Replies;
use seen::Seen;
use subscribers::{Subscriber, Subscribers};

/// The priority of a subscription that names none.
const PRIORITY: f64 = 100.0;

/// What the hub of a session needs to know.
pub struct Terms {
    /// The user's name.
    pub user: Box<str>,
    /// The machine's name.
    pub machine: Box<str>,
    /// The server's URL.
    pub server: Box<str>,
    /// Matching and naming exactly as in Python.
    pub python: bool,
    /// When a lost connection is made again; none is never.
    pub again: Option<Plan>,
}

/// One event hub.
pub struct Hub {
    me: Myself,
    terms: Terms,
    web: Arc<dyn Backend>,
    lent: Lent,
    state: Mutex<State>,
    teller: Mutex<Option<Arc<dyn Teller>>>,
}

/// How things stand with the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Phase {
    /// Nobody wants one.
    #[default]
    Off,
    /// The first is being made.
    Connecting,
    /// It stands.
    Ready,
    /// It was lost and is being made again.
    Lost,
}

impl Phase {
    fn word(self) -> &'static str {
        match self {
            Phase::Off => "disconnected",
            Phase::Connecting => "connecting",
            Phase::Ready => "connected",
            Phase::Lost => "lost",
        }
    }
}

#[derive(Default)]
struct State {
    phase: Phase,
    /// What our own events say of where they come from.
    source: Object,
    subscribers: Subscribers,
    outgoing: Outgoing,
    replies: Replies,
    seen: Seen,
    deliveries: Deliveries,
    /// Events that are being handed out, and whether somebody has stopped them.
    open: HashMap<Box<str>, bool>,
    /// The connection that stands, or is being taken in.
    outbox: Option<Arc<Outbox>>,
    /// Orders that nobody waits for: the last answer to a heartbeat, and the close.
    beat: Option<Ticket>,
    farewell: Option<Ticket>,
    /// Ends what runs on the reactor; none when nothing does.
    cancel: Option<Arc<Cancel>>,
    /// The host wants no connection any more.
    leaving: bool,
    /// Who waits for the connection to stand.
    arrivals: Vec<Giver<Result<()>>>,
    /// Who waits for its end.
    departures: Vec<Giver<()>>,
    losses: u64,
}

impl Hub {
    /// A hub that is not connected.
    ///
    /// # Errors
    /// `internal` when the system has no randomness.
    pub fn new(terms: Terms, web: Arc<dyn Backend>, lent: Lent) -> Result<Arc<Hub>> {
        let me = Myself { id: event::identifier()?.into(), user: terms.user.clone(), host: terms.machine.clone() };
        let state = State { source: me.complete(Object::default()), ..State::default() };
        Ok(Arc::new(Hub { me, terms, web, lent, state: Mutex::new(state), teller: Mutex::default() }))
    }

    /// The handle exists: what happens from now on is told to it.
    pub fn start(&self, teller: Arc<dyn Teller>) {
        *self.teller.lock() = Some(teller);
    }

    fn tell(&self, change: Change) {
        let teller = self.teller.lock().clone();
        if let Some(teller) = teller {
            teller.tell(change);
        }
    }

    fn dialect(&self) -> Dialect {
        if self.terms.python { Dialect::Python } else { Dialect::Haft }
    }

    /// Whether the host answers events: then an event of ours runs its code.
    pub fn has_answers(&self) -> bool {
        self.state.lock().subscribers.iter().any(|(_, subscriber)| subscriber.answer.is_some())
    }

    /// What `inspect` shows.
    pub fn snapshot(&self) -> Tree {
        let state = self.state.lock();
        let mut out = Object::with_capacity(8);
        out.insert("id", Tree::from(&*self.me.id));
        out.insert("state", Tree::from(state.phase.word()));
        out.insert("subscriptions", Tree::from(state.subscribers.count()));
        out.insert("unacknowledged", Tree::from(state.outgoing.waiting()));
        out.insert("waiting_for_replies", Tree::from(state.replies.count()));
        out.insert("undelivered", Tree::from(state.deliveries.len()));
        out.insert("unanswered", Tree::from(state.deliveries.unanswered()));
        out.insert("losses", Tree::from(state.losses));
        Tree::Object(out)
    }

    /// Begins to bring the events that an expression describes. Without a connection it is only noted.
    ///
    /// # Errors
    /// `parse`, `not_unique`, `argument`.
    pub fn subscribe(hub: &Arc<Hub>, topic: &str, args: &Args, sink: Arc<dyn Sink>) -> Result<Feed> {
        let expression = Expression::parse(topic, hub.dialect())?;
        let mut metadata = args.object("metadata")?.cloned().unwrap_or_default();
        if let Some(id) = args.str("id")? {
            metadata.insert("id", Tree::from(id));
        }
        match metadata.get("id") {
            None | Some(Tree::Null) => metadata.insert("id", Tree::from(event::identifier()?)),
            Some(Tree::Text(id)) if !id.is_empty() => {}
            Some(_) => return Err(Error::option("id", "the identifier of a subscription was no text, or empty")),
        }
        let priority = args.double("priority")?.unwrap_or(PRIORITY);
        let answer = match args.get("answer") {
            None | Some(Tree::Null) => None,
            Some(Tree::Provider(provider)) => Some(Arc::clone(provider)),
            Some(other) => {
                return Err(Error::option("answer", format!("answer was {}, not a provider", other.kind_name())));
            }
        };
        if priority.is_nan() {
            return Err(Error::option("priority", "priority was not a number"));
        }
        let subscriber = Subscriber {
            metadata: Document::from_object(&metadata),
            text: topic.into(),
            expression,
            priority,
            answer,
            sink,
        };
        if subscriber.id() == &*hub.me.id {
            return Err(Error::new(&code::NOT_UNIQUE, "the identifier is that of the hub itself").with("key", "id"));
        }
        let mut state = hub.state.lock();
        let added = state.subscribers.add(subscriber);
        let number = match added {
            Ok(number) => number,
            Err((error, back)) => {
                drop(state);
                drop(back);
                return Err(error);
            }
        };
        if state.phase == Phase::Ready {
            line::announce(&mut state, number);
            line::pump(&mut state);
        }
        drop(state);
        Ok(Box::new(Subscribed { hub: Arc::clone(hub), number }))
    }

    fn unsubscribe(&self, number: u64) {
        let mut state = self.state.lock();
        let Some(subscriber) = state.subscribers.remove(number) else { return };
        if state.phase == Phase::Ready {
            line::renounce(&mut state, &subscriber);
            line::pump(&mut state);
        }
        drop(state);
        self.let_go(subscriber);
    }

    /// Lets go of a subscription, where the host's code may run.
    fn let_go(&self, subscriber: Subscriber) {
        let keeper = subscriber.answer.is_some().then(|| Arc::clone(&self.lent.worker));
        drop(Kept::new(subscriber, keeper));
    }
}

/// The host's end of a subscription: letting go of it ends the subscription.
struct Subscribed {
    hub: Arc<Hub>,
    number: u64,
}

impl Drop for Subscribed {
    fn drop(&mut self) {
        self.hub.unsubscribe(self.number);
    }
}
