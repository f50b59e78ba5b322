//! Subscriptions, and the answers of submitted calls.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use parking_lot::Mutex;

use super::{Event, Handle, HostCode, INFLIGHT_MAX, Kind, handle::wanted_id, staged, tickets};
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
    user_data: usize,
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
            handle.queue.push(event);
            return;
        }
        let subscription = Arc::clone(self);
        let delivered = handle.shared.worker.run(Box::new(move || subscription.call(event)));
        if let Err(error) = delivered {
            log::warn(c"session", || format!("an event was not delivered: {error}"));
        }
    }

    fn call(&self, event: Event) {
        let callback = self.callback.as_ref().and_then(|callback| callback.lock().clone());
        if let Some(callback) = callback {
            let _inside = HostCode::enter();
            callback.deliver(event);
        }
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
        handle.queue.set_limit(limit);
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
        subscription.deliver(handle, state_event(handle));
    }
    Ok(id)
}

/// A `haft.state` message with the state as it is.
pub(super) fn state_event(handle: &Handle) -> Event {
    let mut value = Object::default();
    value.insert("state", Tree::from(handle.state().word()));
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

/// Runs a call on the worker and brings its outcome as one RESPONSE event.
pub(super) fn submit(handle: &Arc<Handle>, verb: Option<&str>, target: Option<&str>, args: &Args) -> Result<u64> {
    handle.ready()?;
    let commits = verb == Some("haft.commit");
    let rolls_back = verb == Some("haft.rollback");
    options::check(args, if commits || rolls_back { scope::COMMIT } else { scope::CALL }, handle.backend.name())?;
    let stages = args.bool("stage")?.unwrap_or(false);
    let tag = args.str("tag")?.unwrap_or_default().to_owned();
    let shared = &handle.shared;
    if shared.tickets.count() + handle.queue.len() >= INFLIGHT_MAX {
        return Err(Error::new(&code::LIMIT, format!("{INFLIGHT_MAX} calls were in flight or unread")));
    }
    let (id, cancel) = shared.tickets.reserve(handle.id, wanted_id(args)?)?;
    let job = {
        // The call keeps the handle, not the host's reference: a free meanwhile cancels it.
        let (handle, cancel) = (Arc::clone(handle), Arc::clone(&cancel));
        let (verb, target, args) = (verb.map(str::to_owned), target.map(str::to_owned), args.clone());
        move || {
            let ticket = handle.shared.tickets.resume(id, cancel);
            let (verb, target) = (verb.as_deref(), target.as_deref());
            let outcome = if ticket.cancel.is_cancelled() {
                Err(tickets::cancelled())
            } else if commits {
                staged::commit(&handle, &args)
            } else if rolls_back {
                handle.shared.staged.lock().clear();
                Ok(super::Response::of_value(&Tree::Null, Object::default()))
            } else if stages {
                staged::stage(&handle, verb, target, &args)
            } else {
                handle.call(&ticket, verb, target, &args)
            };
            drop(ticket);
            answer(&handle, Event::new(Kind::Response).with_id(id).with_topic(&tag).with_outcome(outcome));
        }
    };
    if let Err(error) = shared.worker.run(Box::new(job)) {
        drop(shared.tickets.resume(id, cancel));
        return Err(error);
    }
    Ok(id)
}

/// Brings an answer to the push subscription of `haft.response`, else to the queue.
fn answer(handle: &Arc<Handle>, event: Event) {
    let listener = listeners(handle, "haft.response").into_iter().find(|listener| listener.callback.is_some());
    match listener {
        Some(listener) => listener.call(event.with_user_data(listener.user_data)),
        None => handle.queue.push(event),
    }
}
