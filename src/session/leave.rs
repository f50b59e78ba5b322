//! Leaving: close, which is polite and bounded, and free without close, which never waits.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
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
    if !begin(handle) {
        return Ok(());
    }
    if HostCode::active() {
        // This thread is part of what close would wait for: the worker finishes it after we have returned.
        let other = Arc::clone(handle);
        let finish = move || {
            if let Err(error) = finish(&other, keep, deadline) {
                log::warn(c"session", || format!("close did not end well: {error}"));
            }
        };
        return handle.shared.worker.run(Box::new(finish));
    }
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
        listener.deliver(handle, subscribe::state_event(handle));
    }
    handle.shared.tickets.cancel(0, |id| id == handle.id);
    true
}

fn finish(handle: &Arc<Handle>, keep: bool, deadline: Instant) -> Result<()> {
    for child in children(handle) {
        if child.state() == State::Closing {
            finish(&child, keep, deadline)?;
        }
    }
    let quiet = handle.shared.tickets.wait(deadline, |id| id == handle.id);
    let left = handle.backend.close(keep, deadline, &AtomicBool::new(false));
    let root = handle.lineage.len() == 1;
    if root {
        handle.shared.staged.lock().clear();
    }
    handle.state.store(State::Closed as u8, Ordering::Release);
    farewell(handle);
    let joined = !root || handle.shared.worker.finish(deadline);
    left?;
    if quiet && joined {
        return Ok(());
    }
    let what = if quiet { "a callback" } else { "a call in flight" };
    Err(Error::new(&code::TOTAL_TIMEOUT, format!("{what} did not end before the time-out of close")).phase("close"))
}

/// CLOSED is the last event for everyone: in the queue, and for each push subscription of `haft.state`.
fn farewell(handle: &Arc<Handle>) {
    for listener in subscribe::listeners(handle, "haft.state") {
        if listener.is_push() {
            listener.deliver(handle, Event::new(Kind::Closed));
        }
    }
    handle.queue.push(Event::new(Kind::Closed));
    let subscriptions = std::mem::take(&mut *handle.subscriptions.lock());
    // After what is on its way to them: the worker takes its jobs in order.
    let ended = move || subscriptions.iter().for_each(|subscription| subscription.end());
    if handle.shared.worker.is_running() {
        let _ = handle.shared.worker.run(Box::new(ended));
    } else {
        ended();
    }
}

/// The last reference of the host is gone: nobody can hear anything any more.
pub(super) fn abandon(handle: &Handle) {
    let subscriptions = std::mem::take(&mut *handle.subscriptions.lock());
    for subscription in subscriptions {
        subscription.end();
    }
}

fn children(handle: &Handle) -> Vec<Arc<Handle>> {
    handle.children.lock().iter().filter_map(Weak::upgrade).collect()
}
