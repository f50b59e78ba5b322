//! Leaving: close, which is polite and bounded, and free without close, which never waits.

use std::{
    sync::{Arc, Weak, atomic::Ordering},
    time::{Duration, Instant},
};

use super::{
    Event, Handle, HostCode, Kind, State,
    queue::discard,
    state::{End, News, event},
    subscribe::{Hears, Listed, answer},
};
use crate::{
    args::Args,
    clock,
    engine::net::cancel::cancelled,
    error::{Error, Outcome, Result, code},
    log,
};

/// How long close may take when nothing else was asked for.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long the worker waits in a row for calls in flight, which may have errands for it.
const SLICE: Duration = Duration::from_millis(10);
/// How long close waits, beyond its time-out, for answers that are on their way from one thread to the queue: that waits
/// for nobody.
const LAST_STEP: Duration = Duration::from_secs(1);

pub(super) fn close(handle: &Arc<Handle>, args: &Args) -> Result<()> {
    let timeout = args.duration("timeout")?.unwrap_or(TIMEOUT);
    let keep = args.bool("keep")?;
    let deadline = clock::now() + timeout;
    let first = begin(handle);
    if HostCode::active() {
        // This thread is part of what close would wait for: the worker finishes it after we have returned.
        return if first { finish_later(handle, keep, deadline) } else { Ok(()) };
    }
    // Whoever began may still be at it: this call returns when it is done, as the first one does.
    finish(handle, keep, deadline)
}

/// Marks this handle and all below it as closing and cancels what they have in flight; false when it was done before.
fn begin(handle: &Arc<Handle>) -> bool {
    let (ready, closing) = (State::Ready as u8, State::Closing as u8);
    if handle.state.compare_exchange(ready, closing, Ordering::AcqRel, Ordering::Acquire).is_err() {
        return false;
    }
    handle.backend.leaving();
    for child in children(handle) {
        begin(&child);
    }
    handle.tell_state(State::Closing);
    handle.shared.tickets.cancel(0, |id| id == handle.id);
    true
}

/// Has the worker finish it, which does its other errands until nothing is in flight any more: a call may need them to end, such as
/// one whose files are to be completed.
fn finish_later(handle: &Arc<Handle>, keep: Option<bool>, deadline: Instant) -> Result<()> {
    let other = Arc::clone(handle);
    let later = handle.shared.worker.run(Box::new(move || {
        let now = clock::now();
        let done = if now < deadline && !is_quiet(&other, deadline.min(now + SLICE)) {
            finish_later(&other, keep, deadline)
        } else {
            finish(&other, keep, deadline)
        };
        if let Err(error) = done {
            log::warn(c"session", || format!("close did not end well: {error}"));
        }
    }));
    // Without a thread there is nobody who could wait: it ends as far as it can without.
    later.or_else(|_| finish(handle, keep, clock::now()))
}

/// Whether nothing is in flight any more of a handle and all below it; waits for that.
fn is_quiet(handle: &Arc<Handle>, deadline: Instant) -> bool {
    let mut ids: Vec<_> = descendants(handle).iter().map(|below| below.id).collect();
    ids.push(handle.id);
    let root = handle.is_root();
    handle.shared.tickets.wait(deadline, |id| root || ids.contains(&id))
}

fn finish(handle: &Arc<Handle>, keep: Option<bool>, deadline: Instant) -> Result<()> {
    let root = handle.is_root();
    let mut outcome = Ok(());
    if handle.leaving.swap(true, Ordering::AcqRel) {
        if !wait_for(handle, deadline) {
            outcome = Err(too_late("another close"));
        }
    } else {
        for child in children(handle) {
            if child.state() == State::Closing {
                // To end one session is not to end those that were there before it.
                outcome = outcome.and(finish(&child, keep.filter(|keep| *keep), deadline));
            }
        }
        // The root also waits for the calls of children that were freed meanwhile.
        if !handle.shared.tickets.wait(deadline, |id| root || id == handle.id) {
            outcome = outcome.and(Err(too_late("a call in flight")));
            answer_for(handle);
        }
        outcome = outcome.and(handle.backend.close(keep.unwrap_or_else(|| handle.backend.keeps()), deadline));
        depart(handle, false);
    }
    if root && !handle.shared.worker.finish(deadline) {
        outcome = outcome.and(Err(too_late("a callback")));
    }
    if root && !handle.shared.reactor.finish(deadline) {
        outcome = outcome.and(Err(too_late("the reactor")));
    }
    outcome
}

/// Answers the submitted calls that did not end in time: CLOSED is the last event, and no call stays without its answer.
fn answer_for(handle: &Handle) {
    for (id, tag) in handle.shared.tickets.claim_all(handle.id) {
        let error = cancelled().outcome(Outcome::Unknown);
        answer(handle, Event::new(Kind::Response).with_id(id).with_topic(&tag).with_outcome(Err(error)));
    }
    handle.shared.tickets.wait_for_answers(clock::now() + LAST_STEP, handle.id);
}

/// The other side ended the session: the handle and all below it close as by the host, but nothing is waited for. Who
/// brings the last answer of a call in flight does the rest. May run on the reactor.
pub(super) fn ended(handle: &Arc<Handle>, end: End) {
    for below in descendants(handle) {
        below.end.lock().get_or_insert_with(|| end.of_parent());
        stop_feeds(&below);
    }
    handle.end.lock().get_or_insert(end);
    // Nothing comes from there any more, also if the rest has to wait for a call in the host's code.
    stop_feeds(handle);
    if !begin(handle) || handle.leaving.swap(true, Ordering::AcqRel) {
        // A close is at it: its CLOSED says what was noted here.
        return;
    }
    let mut family = descendants(handle);
    family.retain(|below| below.state() == State::Closing && !below.leaving.swap(true, Ordering::AcqRel));
    let tickets = Arc::clone(&handle.shared.tickets);
    let (root, mut ids) = (handle.is_root(), vec![handle.id]);
    ids.extend(family.iter().map(|below| below.id));
    let top = Arc::clone(handle);
    tickets.when_quiet(
        move |id| root || ids.contains(&id),
        Box::new(move || {
            for below in family {
                below.backend.abandon();
                depart(&below, true);
                super::submit::let_go(below);
            }
            depart(&top, true);
            if root {
                top.shared.worker.stop();
            }
            super::submit::let_go(top);
        }),
    );
}

fn stop_feeds(handle: &Handle) {
    let feeds: Vec<_> = handle.subscriptions.lock().iter_mut().filter_map(|listed| listed.feed.take()).collect();
    // Not under the lock: it is the back end's code that runs.
    drop(feeds);
}

/// The end of a handle, once nothing is in flight any more.
fn depart(handle: &Arc<Handle>, by_itself: bool) {
    if handle.is_root() {
        handle.drop_staged("closed");
    }
    handle.state.store(State::Closed as u8, Ordering::Release);
    log::info(c"session", || format!("a session with {} was closed", super::without_query(&handle.backend.url())));
    farewell(handle, by_itself);
    let (lock, departure) = &handle.shared.departure;
    let locked = lock.lock();
    handle.left.store(true, Ordering::Release);
    drop(locked);
    departure.notify_all();
}

fn too_late(what: &str) -> Error {
    Error::new(&code::TOTAL_TIMEOUT, format!("{what} did not end before the time-out of close")).phase("close")
}

/// Waits until somebody else has closed the handle; false at the deadline.
fn wait_for(handle: &Handle, deadline: Instant) -> bool {
    let (lock, departure) = &handle.shared.departure;
    let mut locked = lock.lock();
    while !handle.left.load(Ordering::Acquire) {
        if departure.wait_until(&mut locked, deadline).timed_out() {
            return handle.left.load(Ordering::Acquire);
        }
    }
    true
}

/// CLOSED is the last event for everyone: in the queue, and for each push subscription of `haft.state`.
fn farewell(handle: &Arc<Handle>, by_itself: bool) {
    let mut subscriptions = std::mem::take(&mut *handle.subscriptions.lock());
    for listed in &mut subscriptions {
        drop(listed.feed.take());
    }
    let end = handle.end.lock().take();
    let news = News::closed(end.as_ref());
    // All are sealed before the first hears CLOSED.
    let listens = |listed: &&Listed| listed.subscription.hears == Hears::State;
    for Listed { subscription, .. } in subscriptions.iter().filter(|listed| !listens(listed)) {
        let ended = || News { kind: Kind::Ended, ..News::closed(end.as_ref()) }.event();
        match by_itself && subscription.may_end_itself() {
            // Nobody who only has a callback would hear otherwise that nothing will come any more.
            true if subscription.is_push() => subscription.seal(Some(ended())),
            // The same for who looks into the parent's queue, which has no CLOSED of this handle.
            true if handle.parent_hears.is_some() => {
                subscription.tell(ended());
                subscription.seal(None);
            }
            _ => subscription.seal(None),
        }
    }
    for Listed { subscription, .. } in subscriptions.iter().filter(listens) {
        if subscription.is_push() {
            subscription.seal(Some(news.event()));
        } else if handle.parent_hears.is_some() {
            // The queue is the parent's, which goes on: it must not hear that it was closed itself.
            subscription.tell(event(State::Closed.word()));
        }
    }
    *handle.end.lock() = end;
    handle.queue.push(news.event());
    // After what is on its way to them: the worker does everything in order.
    let pushed = subscriptions.iter().any(|listed| listed.subscription.is_push());
    let parting = Parting(subscriptions);
    if pushed && (by_itself || handle.shared.worker.is_running()) {
        let _ = handle.shared.worker.run(Box::new(move || drop(parting)));
    }
}

/// Subscriptions that end when this goes: as an errand of the worker, or at once when it takes none.
struct Parting(Vec<Listed>);

impl Drop for Parting {
    fn drop(&mut self) {
        for Listed { subscription, feed } in self.0.drain(..) {
            drop(feed);
            subscription.end().into_iter().for_each(discard);
        }
    }
}

/// The last reference of the host is gone: what is in flight ends, and nothing is waited for.
pub(super) fn abandon(handle: &Arc<Handle>) {
    let (ready, closed) = (State::Ready as u8, State::Closed as u8);
    if handle.state.compare_exchange(ready, closed, Ordering::AcqRel, Ordering::Acquire).is_ok() {
        handle.cancel(0);
        handle.backend.abandon();
        if handle.is_root() {
            handle.drop_staged("freed without close");
        }
        // Somebody may still sit in a poll.
        handle.queue.push(Event::new(Kind::Closed));
        drop(Parting(std::mem::take(&mut *handle.subscriptions.lock())));
    }
    // A close that is not finished yet needs the worker, and stops it.
    if handle.is_root() && handle.state() == State::Closed {
        handle.shared.worker.stop();
    }
}

/// All below a handle, the lowest first.
fn descendants(handle: &Handle) -> Vec<Arc<Handle>> {
    let mut all = Vec::new();
    for child in children(handle) {
        all.extend(descendants(&child));
        all.push(child);
    }
    all
}

fn children(handle: &Handle) -> Vec<Arc<Handle>> {
    handle.children.lock().iter().filter_map(Weak::upgrade).collect()
}
