//! Subscriptions, and the answers of submitted calls.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use parking_lot::Mutex;

use super::{Event, Handle, HostCode, INFLIGHT_MAX, Kind, Response, State, staged};
use crate::{
    args::Args,
    backends::{Call, Progress},
    error::{Error, Result, code},
    log,
    options::{self, nearest, scope},
    sys::panic::contain,
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
    fn call(&self, event: Event) -> Option<Event> {
        let callback = self.callback.as_ref().and_then(|callback| callback.lock().clone());
        let Some(callback) = callback else { return Some(event) };
        let _inside = HostCode::enter();
        callback.deliver(event);
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

/// What a submitted call does.
enum Work {
    Commit,
    Rollback,
    Stage,
    Request,
}

impl Work {
    fn of(verb: Option<&str>, args: &Args) -> Result<Work> {
        Ok(match verb {
            Some("haft.commit") => Work::Commit,
            Some("haft.rollback") => Work::Rollback,
            _ if args.bool("stage")?.unwrap_or(false) => Work::Stage,
            _ => Work::Request,
        })
    }

    fn run(&self, handle: &Handle, call: &Call<'_>) -> Result<Response> {
        call.cancel.check()?;
        match self {
            Work::Commit => staged::commit(handle, call.args, call.cancel),
            Work::Rollback => {
                staged::rollback(handle);
                Ok(Response::of_value(&Tree::Null, Object::default()))
            }
            Work::Stage => staged::stage(handle, call),
            Work::Request => handle.call(call),
        }
    }
}

/// Runs a call on the worker and brings its outcome as one RESPONSE event.
pub(super) fn submit(handle: &Arc<Handle>, verb: Option<&str>, target: Option<&str>, args: &Args) -> Result<u64> {
    handle.ready()?;
    let work = Work::of(verb, args)?;
    let scope = if matches!(work, Work::Commit | Work::Rollback) { scope::COMMIT } else { scope::CALL };
    options::check(args, scope, handle.backend.name())?;
    let tag: Box<str> = args.str("tag")?.unwrap_or_default().into();
    let shared = &handle.shared;
    if shared.tickets.count() + handle.hearer().queue.responses() >= INFLIGHT_MAX {
        return Err(Error::new(&code::LIMIT, format!("{INFLIGHT_MAX} calls were in flight or unread")));
    }
    let progress = args.bool("progress")?.unwrap_or(false);
    let mut ticket = handle.open(args)?;
    let id = ticket.id();
    let job = {
        // The call keeps the handle, not the host's reference: a free meanwhile cancels it.
        let (handle, args) = (Arc::clone(handle), args.clone());
        let (verb, target): (Option<Box<str>>, Option<Box<str>>) = (verb.map(Into::into), target.map(Into::into));
        move || {
            let progress = progress.then(|| progress_events(&handle, id, &tag));
            let (verb, target) = (verb.as_deref(), target.as_deref());
            let call = Call { verb, target, args: &args, cancel: &ticket.cancel, progress };
            let outcome = contain(|| work.run(&handle, &call)).unwrap_or_else(|panic| {
                handle.poisoned.store(true, Ordering::Relaxed);
                Err(panic)
            });
            ticket.give_id_back();
            answer(&handle, Event::new(Kind::Response).with_id(id).with_topic(&tag).with_outcome(outcome));
            drop(ticket);
        }
    };
    // Checked again with the worker's lock held: no call comes to stand behind the end of a close.
    shared.worker.run_if(|| handle.ready(), Box::new(job))?;
    Ok(id)
}

/// Brings PROGRESS events of a submitted call to the queue.
fn progress_events(handle: &Arc<Handle>, id: u64, tag: &str) -> Arc<dyn Fn(Progress) + Send + Sync> {
    // Weak: a stream that the host keeps open must not keep the session.
    let (handle, tag): (_, Box<str>) = (Arc::downgrade(handle), tag.into());
    Arc::new(move |progress| {
        let Some(handle) = handle.upgrade() else { return };
        let number = |bytes: u64| Tree::Int(i64::try_from(bytes).unwrap_or(i64::MAX));
        let mut value = Object::default();
        value.insert("sent", number(progress.sent));
        value.insert("to_send", progress.to_send.map_or(Tree::Null, number));
        value.insert("received", number(progress.received));
        let event = Event::new(Kind::Progress).with_id(id).with_topic(&tag);
        handle.hearer().queue.push(event.with_value(&Tree::Object(value)));
    })
}

/// Brings an answer to the push subscription of `haft.response`, else to the queue.
fn answer(handle: &Handle, mut event: Event) {
    let mut hearer = handle;
    loop {
        for listener in listeners(hearer, "haft.response").into_iter().filter(|listener| listener.is_push()) {
            // One that ended meanwhile gives it back: an answer is never lost.
            match listener.call(event.with_user_data(listener.user_data)) {
                None => return,
                Some(back) => event = back.with_user_data(0),
            }
        }
        match &hearer.parent_hears {
            Some(parent) => hearer = parent,
            None => return hearer.queue.push(event),
        }
    }
}
