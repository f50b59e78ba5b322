//! Subscriptions: who hears what, and the way of a message from a back end to there.

use std::{sync::Arc, task::Waker};

use super::{
    Event, Handle, HostCode, Kind, Queue, backlog::QUEUE_MAX, origin::Origin, queue::discard, state, worker::Worker,
};
use crate::{
    args::Args,
    backends::{Feed, Sink},
    error::{Error, Result, code},
    options::{self, nearest, scope},
    value::{Document, Raw, Tree},
};

/// The topics that every back end has.
const TOPICS: [&str; 2] = ["haft.state", "haft.response"];

/// What a push subscription calls. Dropping it tells the host that no call will follow.
pub trait Callback: Send + Sync {
    /// Delivers one event; no lock is held.
    fn deliver(&self, event: Event);
}

/// What a subscription hears.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Hears {
    /// `haft.state`.
    State,
    /// `haft.response`.
    Response,
    /// What the back end brings.
    Messages,
}

/// One subscription.
pub(super) struct Subscription {
    pub(super) origin: Arc<Origin>,
    pub(super) hears: Hears,
    way: Way,
}

/// Where its events go.
enum Way {
    /// To the queue of the handle, or of the one that hears its events.
    Pull(Arc<Queue>),
    /// To its box at the worker.
    Push(Worker),
}

/// What ties the events of a subscription to what the host gave with it.
pub struct Bond(Arc<Origin>);

impl Bond {
    /// The number of the subscription.
    pub fn id(&self) -> u64 {
        self.0.id()
    }

    /// No event shows the host's `user_data` from now on, wherever it waits.
    pub fn forget(&self) {
        self.0.forget();
    }
}

/// A subscription in the list of its handle. What feeds it stands beside it and not inside: the feed may hold on to the
/// subscription.
pub(super) struct Listed {
    pub(super) subscription: Arc<Subscription>,
    pub(super) feed: Option<Feed>,
}

impl Subscription {
    /// Brings an event to whoever subscribed; a push subscription that has ended gives it back.
    pub(super) fn deliver(&self, event: Event) -> std::result::Result<(), Event> {
        match &self.way {
            Way::Pull(queue) => queue.push(event),
            Way::Push(worker) => {
                let brought = worker.bring(self.origin.id(), std::iter::once(event));
                if let Err(back) = brought {
                    return back.into_iter().next().map_or(Ok(()), Err);
                }
            }
        }
        Ok(())
    }

    /// Brings an event of this subscription's own.
    pub(super) fn tell(&self, event: Event) {
        let event = event.of(&self.origin);
        if event.kind() == Kind::Message {
            self.origin.add(1);
        }
        if let Err(event) = self.deliver(event) {
            discard(event);
        }
    }

    /// Whether it has a callback.
    pub(super) fn is_push(&self) -> bool {
        matches!(self.way, Way::Push(_))
    }

    /// Whether it brings messages, and nobody was told that they have ended.
    pub(super) fn may_end_itself(&self) -> bool {
        self.hears == Hears::Messages && !self.origin.has_ended()
    }

    /// How many of its events wait.
    pub(super) fn queued(&self) -> usize {
        match &self.way {
            Way::Pull(_) => self.origin.queued(),
            Way::Push(worker) => worker.waiting(self.origin.id()),
        }
    }

    /// Takes no more; `last` is the last that its callback hears.
    pub(super) fn seal(&self, last: Option<Event>) {
        self.origin.end();
        if let Way::Push(worker) = &self.way {
            worker.seal(self.origin.id(), last.map(|event| event.of(&self.origin)));
        }
    }

    /// Ends it: no call starts after this; the host's drop runs when the last one has returned. What waited for its
    /// callback comes back.
    pub(super) fn end(&self) -> Vec<Event> {
        self.origin.end();
        let worker = match &self.way {
            Way::Push(worker) => worker,
            Way::Pull(queue) => {
                if self.origin.bound().is_some() {
                    queue.release(self.origin.id());
                }
                return Vec::new();
            }
        };
        let Some((callback, left)) = worker.close(self.origin.id()) else { return Vec::new() };
        let inside = HostCode::enter();
        drop(callback);
        drop(inside);
        left
    }

    /// As the snapshot shows it.
    pub(super) fn show(&self) -> Tree {
        let mut object = crate::value::Object::default();
        object.insert("id", Tree::from(self.origin.id().to_string()));
        object.insert("topic", Tree::from(&*self.origin.topic().to_string_lossy()));
        object.insert("kind", Tree::from(if self.is_push() { "push" } else { "pull" }));
        object.insert("queued", Tree::from(self.queued()));
        object.insert("dropped", Tree::from(self.origin.dropped()));
        Tree::Object(object)
    }
}

/// What a back end brings its messages to. It knows the subscription and where its events go, not the session.
struct Inlet(Arc<Subscription>);

impl Inlet {
    fn deliver(&self, mut events: impl Iterator<Item = Event>) {
        let origin = &self.0.origin;
        let Some(first) = events.next() else { return };
        if origin.has_ended() {
            return;
        }
        let Some(second) = events.next() else {
            origin.add(1);
            if let Err(event) = self.0.deliver(first) {
                discard(event);
            }
            return;
        };
        // Made before the lock is taken, under which they all get their places.
        let mut all = Vec::with_capacity(2 + events.size_hint().0);
        all.extend([first, second]);
        all.extend(events);
        origin.add(all.len());
        match &self.0.way {
            Way::Pull(queue) => queue.push_all(all.into_iter()),
            Way::Push(worker) => {
                if let Err(back) = worker.bring(origin.id(), all.into_iter()) {
                    back.into_iter().for_each(discard);
                }
            }
        }
    }
}

impl Sink for Inlet {
    fn bring(&self, messages: &mut dyn Iterator<Item = Box<Document>>) {
        self.deliver(messages.map(|message| Event::message(&self.0.origin, message)));
    }

    fn bring_raw(&self, messages: &mut dyn Iterator<Item = Raw>) {
        self.deliver(messages.map(|message| Event::raw_message(&self.0.origin, message)));
    }

    fn room(&self) -> usize {
        match &self.0.way {
            Way::Pull(queue) if !self.0.origin.holds_back() && self.0.origin.bound().is_none() => queue.room(),
            _ => self.0.origin.room(),
        }
    }

    fn holds_back(&self) -> bool {
        self.0.origin.holds_back()
    }

    fn when_roomy(&self, wake: Waker) {
        if self.room() > 0 {
            return wake.wake();
        }
        self.0.origin.when_roomy(wake);
    }

    fn lost(&self, error: Error) {
        if !self.0.origin.has_ended() {
            self.0.tell(state::lost_event(&error).with_outcome(Err(error)));
        }
    }

    fn restored(&self, value: Tree) {
        if !self.0.origin.has_ended() {
            self.0.tell(Event::new(Kind::Restored).with_value(&value));
        }
    }

    fn end(&self, error: Option<Error>) {
        if self.0.origin.end() {
            let event = Event::new(Kind::Ended);
            self.0.tell(match error {
                Some(error) => event.with_outcome(Err(error)),
                None => event,
            });
        }
    }
}

pub(super) fn subscribe(
    handle: &Arc<Handle>,
    topic: &str,
    args: &Args,
    callback: Option<Box<dyn super::Callback>>,
    user_data: usize,
) -> Result<Bond> {
    handle.ready()?;
    options::check(args, scope::SUBSCRIBE, handle.backend.name())?;
    let hears = match topic {
        "haft.state" => Hears::State,
        "haft.response" => Hears::Response,
        _ => Hears::Messages,
    };
    if hears != Hears::Messages {
        // What a back end's topics take besides means nothing here.
        if let Some((key, _)) = args.root().iter().find(|(key, _)| !matches!(*key, "queue_max" | "overflow")) {
            return Err(Error::option(key, format!("the events of {topic:?} take no {key}")));
        }
    }
    let limit = match args.int("queue_max")? {
        None => None,
        Some(limit) => Some(
            usize::try_from(limit)
                .ok()
                .filter(|limit| *limit > 0)
                .ok_or_else(|| Error::option("queue_max", "queue_max was not a positive number"))?,
        ),
    };
    let holds_back = match args.str("overflow")? {
        None | Some("drop") => false,
        Some("wait") if hears == Hears::Messages => true,
        Some("wait") => {
            return Err(Error::option("overflow", format!("the events of {topic:?} cannot be made to wait")));
        }
        Some(other) => {
            return Err(Error::option("overflow", format!("overflow was {other:?}; it takes \"drop\" or \"wait\"")));
        }
    };
    let id = handle.shared.tickets.fresh();
    let origin = Origin::new(id, topic, user_data, limit.unwrap_or(QUEUE_MAX), holds_back);
    // Messages that must not be dropped are counted by whoever holds them back.
    let bounded = callback.is_none() && limit.is_some() && !holds_back;
    let origin = Arc::new(if bounded { origin.bounded() } else { origin });
    let way = match callback {
        None => Way::Pull(Arc::clone(&handle.hearer().queue)),
        Some(callback) => {
            handle.shared.worker.open(&origin, Arc::from(callback));
            Way::Push(handle.shared.worker.clone())
        }
    };
    let subscription = Arc::new(Subscription { origin: Arc::clone(&origin), hears, way });
    let mut subscriptions = handle.subscriptions.lock();
    subscriptions.push(Listed { subscription: Arc::clone(&subscription), feed: None });
    if hears == Hears::State {
        // The first event says how things stand, so that nobody has to ask and race; under the lock that every change is
        // told under.
        subscription.tell(state::event(handle.word()));
    }
    drop(subscriptions);
    let begun = if hears == Hears::Messages { feed(handle, topic, args, &subscription) } else { Ok(()) };
    // A close that began meanwhile may not have seen the subscription: look again, now that it would.
    if let Err(error) = begun.and_then(|()| handle.ready()) {
        unsubscribe(handle, id);
        // A close that has seen it lets go of it later: here it goes before the call fails.
        drop(subscription.end());
        return Err(error);
    }
    Ok(Bond(origin))
}

/// Has the back end bring its messages.
fn feed(handle: &Handle, topic: &str, args: &Args, subscription: &Arc<Subscription>) -> Result<()> {
    let backend = &handle.backend;
    let Some(feed) = backend.subscribe(topic, args, Arc::new(Inlet(Arc::clone(subscription))))? else {
        let known = TOPICS.into_iter().chain(backend.topics().iter().copied());
        let hint = nearest(topic, known).map(|name| format!("; the nearest is {name:?}")).unwrap_or_default();
        let message = format!("the {} back end has no topic {topic:?}{hint}", backend.name());
        return Err(Error::new(&code::UNSUPPORTED, message).with("key", "topic"));
    };
    let mut subscriptions = handle.subscriptions.lock();
    let id = subscription.origin.id();
    let listed = subscriptions.iter_mut().find(|listed| listed.subscription.origin.id() == id);
    // One that was ended meanwhile has no use for it: it goes after the lock.
    let late = match listed {
        Some(listed) => listed.feed.replace(feed),
        None => Some(feed),
    };
    drop(subscriptions);
    drop(late);
    Ok(())
}

pub(super) fn unsubscribe(handle: &Arc<Handle>, id: u64) {
    let mut subscriptions = handle.subscriptions.lock();
    let at = subscriptions.iter().position(|listed| listed.subscription.origin.id() == id);
    let ended = at.map(|at| subscriptions.remove(at));
    drop(subscriptions);
    let Some(Listed { subscription, feed }) = ended else { return };
    drop(feed);
    for event in subscription.end() {
        if event.kind() == Kind::Response {
            // An answer is never lost: it goes where it would go now.
            answer(handle, event.with_user_data(0));
        } else {
            discard(event);
        }
    }
}

/// Brings an answer: to the push subscription of `haft.response`, else to the queue.
pub(super) fn answer(handle: &Handle, mut event: Event) {
    while let Some(listener) = push_listener(handle) {
        match listener.deliver(event.with_user_data(listener.origin.user_data())) {
            Ok(()) => return,
            Err(back) => event = back.with_user_data(0),
        }
    }
    handle.hearer().queue.push(event);
}

/// The push subscription that answers go to, of this handle or of the one that hears its events.
pub(super) fn push_listener(handle: &Handle) -> Option<Arc<Subscription>> {
    let is_it = |listed: &&Listed| listed.subscription.hears == Hears::Response && listed.subscription.is_push();
    let own = handle.subscriptions.lock().iter().find(is_it).map(|listed| Arc::clone(&listed.subscription));
    own.or_else(|| handle.parent_hears.as_ref().and_then(|parent| push_listener(parent)))
}
