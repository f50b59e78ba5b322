//! Leaving: close, which is polite and bounded, and free without close, which never waits.

use std::{
    sync::{Arc, Weak, atomic::Ordering},
    time::{Duration, Instant},
};

use super::{Event, Handle, HostCode, Kind, State, subscribe};
use crate::{
    args::Args,
    clock,
    error::{Error, Result, code},
    log,
};

/// How long close may take when nothing else was asked for.
const TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn close(handle: &Arc<Handle>, args: &Args) -> Result<()> {
    let timeout = args.duration("timeout")?.unwrap_or(TIMEOUT);
    let keep = args.bool("keep")?.unwrap_or(false);
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
    for child in children(handle) {
        begin(&child);
    }
    for listener in subscribe::listeners(handle, "haft.state") {
        listener.deliver(handle, subscribe::state_event(State::Closing));
    }
    handle.shared.tickets.cancel(0, |id| id == handle.id);
    true
}

fn finish_later(handle: &Arc<Handle>, keep: bool, deadline: Instant) -> Result<()> {
    let other = Arc::clone(handle);
    let later = handle.shared.worker.run(Box::new(move || {
        if let Err(error) = finish(&other, keep, deadline) {
            log::warn(c"session", || format!("close did not end well: {error}"));
        }
    }));
    // Without a thread there is nobody who could wait: it ends as far as it can without.
    later.or_else(|_| finish(handle, keep, clock::now()))
}

fn finish(handle: &Arc<Handle>, keep: bool, deadline: Instant) -> Result<()> {
    let root = handle.is_root();
    let mut outcome = Ok(());
    if handle.leaving.swap(true, Ordering::AcqRel) {
        if !wait_for(handle, deadline) {
            outcome = Err(too_late("another close"));
        }
    } else {
        for child in children(handle) {
            if child.state() == State::Closing {
                outcome = outcome.and(finish(&child, keep, deadline));
            }
        }
        // The root also waits for the calls of children that were freed meanwhile.
        let quiet = handle.shared.tickets.wait(deadline, |id| root || id == handle.id);
        if !quiet {
            outcome = outcome.and(Err(too_late("a call in flight")));
        }
        outcome = outcome.and(handle.backend.close(keep, deadline));
        if root {
            handle.drop_staged("closed");
        }
        handle.state.store(State::Closed as u8, Ordering::Release);
        log::info(c"session", || format!("a session with {} was closed", super::without_query(&handle.backend.url())));
        farewell(handle);
        let (lock, departure) = &handle.shared.departure;
        let locked = lock.lock();
        handle.left.store(true, Ordering::Release);
        drop(locked);
        departure.notify_all();
    }
    if root && !handle.shared.worker.finish(deadline) {
        outcome = outcome.and(Err(too_late("a callback")));
    }
    if root {
        if !handle.shared.reactor.finish(deadline) {
            outcome = outcome.and(Err(too_late("the reactor")));
        }
    }
    outcome
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
fn farewell(handle: &Arc<Handle>) {
    let subscriptions = std::mem::take(&mut *handle.subscriptions.lock());
    for listener in subscriptions.iter().filter(|listener| &*listener.topic == "haft.state") {
        if listener.is_push() {
            listener.deliver(handle, Event::new(Kind::Closed));
        } else if handle.parent_hears.is_some() {
            // The queue is the parent's, which goes on: it must not hear that it was closed itself.
            listener.deliver(handle, subscribe::state_event(State::Closed));
        }
    }
    handle.queue.push(Event::new(Kind::Closed));
    // After what is on its way to them: the worker takes its jobs in order. One that takes no more has dropped the
    // closure, and the last event on its way to a subscription lets go of it.
    let ended = move || subscriptions.iter().for_each(|subscription| subscription.end());
    if handle.shared.worker.is_running() {
        let _ = handle.shared.worker.run(Box::new(ended));
    } else {
        ended();
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
        let subscriptions = std::mem::take(&mut *handle.subscriptions.lock());
        for subscription in subscriptions {
            subscription.end();
        }
    }
    // A close that is not finished yet needs the worker, and stops it.
    if handle.is_root() && handle.state() == State::Closed {
        handle.shared.worker.stop();
    }
}

fn children(handle: &Handle) -> Vec<Arc<Handle>> {
    handle.children.lock().iter().filter_map(Weak::upgrade).collect()
}
