//! Subscriptions.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use parking_lot::Mutex;

use super::{Event, Handle, HostCode, Kind, State};
use crate::{
    args::Args,
    error::{Error, Result, code},
    log,
    options::{self, nearest, scope},
    value::{Object, Tree},
};

/// The topics that every back end has.
const TOPICS: [&str; 2] = ["haft.state", "haft.response"];

/// What a push subscription calls. Dropping it tells the host that no call will follow.
pub trait Callback: Send + Sync {
    /// Delivers one event; no lock is held.
    fn deliver(&self, event: Event);
}

/// One subscription.
pub(super) struct Subscription {
    pub(super) id: u64,
    pub(super) topic: Box<str>,
    pub(super) user_data: usize,
    /// `None` is pull; the inner one is empty once the subscription has ended.
    callback: Option<Mutex<Option<Arc<dyn Callback>>>>,
    ended: AtomicBool,
}

impl Subscription {
    /// Brings an event to whoever subscribed.
    pub(super) fn deliver(self: &Arc<Self>, handle: &Handle, event: Event) {
        if self.ended.load(Ordering::Acquire) {
            return;
        }
        let event = event.with_id(self.id).with_topic(&self.topic).with_user_data(self.user_data);
        if self.callback.is_none() {
            handle.hearer().queue.push(event);
            return;
        }
        let subscription = Arc::clone(self);
        let delivered = handle.shared.worker.run(Box::new(move || drop(subscription.call(event))));
        if let Err(error) = delivered {
            log::warn(c"session", || format!("an event was not delivered: {error}"));
        }
    }

    /// Calls the host; gives the event back when the subscription has ended.
    pub(super) fn call(&self, event: Event) -> Option<Event> {
        let callback = self.callback.as_ref().and_then(|callback| callback.lock().clone());
        let Some(callback) = callback else { return Some(event) };
        let _inside = HostCode::enter();
        callback.deliver(event.settled());
        None
    }

    /// Whether it has a callback.
    pub(super) fn is_push(&self) -> bool {
        self.callback.is_some()
    }

    /// Ends it: no call starts after this; the host's drop runs when the last one has returned.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        let callback = self.callback.as_ref().and_then(|callback| callback.lock().take());
        let _inside = HostCode::enter();
        drop(callback);
    }
}

pub(super) fn subscribe(
    handle: &Arc<Handle>,
    topic: &str,
    args: &Args,
    callback: Option<Box<dyn Callback>>,
    user_data: usize,
) -> Result<u64> {
    handle.ready()?;
    options::check(args, scope::SUBSCRIBE, handle.backend.name())?;
    if !TOPICS.contains(&topic) {
        let hint = nearest(topic, TOPICS.into_iter()).map(|name| format!("; the nearest is {name:?}")).unwrap_or_default();
        let message = format!("the {} back end has no topic {topic:?}{hint}", handle.backend.name());
        return Err(Error::new(&code::UNSUPPORTED, message).with("key", "topic"));
    }
    if args.get("answer").is_some() {
        return Err(Error::option("answer", format!("the events of {topic:?} take no answer")));
    }
    if let Some(limit) = args.int("queue_max")? {
        let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0);
        let limit = limit.ok_or_else(|| Error::option("queue_max", "queue_max was not a positive number"))?;
        handle.hearer().queue.set_limit(limit);
    }
    let id = handle.shared.tickets.fresh();
    let subscription = Arc::new(Subscription {
        id,
        topic: topic.into(),
        user_data,
        callback: callback.map(|callback| Mutex::new(Some(Arc::from(callback)))),
        ended: AtomicBool::new(false),
    });
    handle.subscriptions.lock().push(Arc::clone(&subscription));
    if topic == "haft.state" {
        // The first event says how things stand, so that nobody has to ask and race.
        subscription.deliver(handle, state_event(handle.state()));
    }
    // A close that began meanwhile may not have seen the subscription: look again, now that it would.
    if let Err(error) = handle.ready() {
        unsubscribe(handle, id);
        return Err(error);
    }
    Ok(id)
}

/// A `haft.state` message.
pub(super) fn state_event(state: State) -> Event {
    let mut value = Object::default();
    value.insert("state", Tree::from(state.word()));
    Event::new(Kind::Message).with_value(&Tree::Object(value))
}

/// Everyone on this handle who listens to `topic`.
pub(super) fn listeners(handle: &Handle, topic: &str) -> Vec<Arc<Subscription>> {
    handle.subscriptions.lock().iter().filter(|subscription| &*subscription.topic == topic).cloned().collect()
}

pub(super) fn unsubscribe(handle: &Handle, id: u64) {
    let mut subscriptions = handle.subscriptions.lock();
    let ended = subscriptions.iter().position(|subscription| subscription.id == id).map(|at| subscriptions.remove(at));
    drop(subscriptions);
    if let Some(subscription) = ended {
        subscription.end();
    }
}
