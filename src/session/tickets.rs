//! Calls in flight: how one is ended from another thread, and how close waits for the last.

use std::{collections::HashMap, sync::Arc, time::Instant};

use rustc_hash::FxBuildHasher;

use crate::{
    engine::net::cancel::Cancel,
    error::{Error, Result},
    sys::{
        atomic::{AtomicU64, Ordering},
        lock::{Condvar, Mutex},
    },
};

/// Ids made by the library have the top bit set; the host's are below.
const OURS: u64 = 1 << 63;

/// Submitted calls whose answers were not read, plus those in flight, at the most.
pub const INFLIGHT_MAX: usize = 100_000;

/// The calls in flight of a session and its children.
#[derive(Default)]
pub struct Tickets {
    state: Mutex<State>,
    left: Condvar,
    next: AtomicU64,
}

#[derive(Default)]
struct State {
    open: HashMap<u64, Entry, FxBuildHasher>,
    /// What is done once some handles have no answer outstanding.
    quiet: Vec<Quiet>,
}

struct Quiet {
    handles: Box<dyn Fn(u64) -> bool + Send>,
    then: Box<dyn FnOnce() + Send>,
}

struct Entry {
    handle: u64,
    cancel: Arc<Cancel>,
    debt: Debt,
}

/// Who owes the host the answer of a call.
enum Debt {
    /// Nobody: the call blocks its caller, who sees how it ends.
    None,
    /// The call, which was begun; with its tag.
    Running(Box<str>),
    /// The call, which nobody has begun: a cancel answers for it.
    Waiting(Box<str>),
    /// The answer is on its way.
    Settled,
}

/// A place in the list, given back when dropped.
pub struct Ticket {
    tickets: Arc<Tickets>,
    id: u64,
    /// Ends this call.
    pub cancel: Arc<Cancel>,
}

impl Tickets {
    /// An id that nobody else has.
    pub fn fresh(&self) -> u64 {
        OURS | self.next.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }

    /// Opens a call of the handle `handle`, under the host's id or one of ours. A submitted call has a tag: its answer is
    /// owed from now on.
    ///
    /// # Errors
    /// `argument` for an id that is zero, negative, or in flight.
    pub fn open(self: &Arc<Self>, handle: u64, wanted: Option<i64>, tag: Option<Box<str>>) -> Result<Ticket> {
        let id = match wanted {
            None => self.fresh(),
            Some(id) => u64::try_from(id)
                .ok()
                .filter(|id| *id != 0)
                .ok_or_else(|| Error::option("id", format!("the id {id} was not between 1 and 2^63-1")))?,
        };
        let cancel = Arc::new(Cancel::default());
        let debt = tag.map_or(Debt::None, Debt::Running);
        let mut state = self.state.lock();
        if wanted.is_some() && state.open.contains_key(&id) {
            return Err(Error::option("id", format!("the id {id} was in flight already")));
        }
        state.open.insert(id, Entry { handle, cancel: Arc::clone(&cancel), debt });
        Ok(Ticket { tickets: Arc::clone(self), id, cancel })
    }

    /// Cancels the call `id`, or all calls when `id` is 0, among those of the given handles.
    pub fn cancel(&self, id: u64, handles: impl Fn(u64) -> bool) {
        let state = self.state.lock();
        let open = &state.open;
        // What is on its way to the host is over; a stream in it is the host's.
        let reaches = |entry: &&Entry| handles(entry.handle) && !matches!(entry.debt, Debt::Settled);
        let hit: Vec<_> = if id == 0 {
            open.values().filter(reaches).map(|entry| Arc::clone(&entry.cancel)).collect()
        } else {
            open.get(&id).filter(reaches).map(|entry| Arc::clone(&entry.cancel)).into_iter().collect()
        };
        drop(state);
        for cancel in &hit {
            cancel.mark();
        }
        // Outside the lock: cancelling makes a system call.
        for cancel in hit {
            cancel.cancel();
        }
    }

    /// Waits until none of the given handles has a call in flight; false when `deadline` came first.
    pub fn wait(&self, deadline: Instant, handles: impl Fn(u64) -> bool) -> bool {
        self.wait_while(deadline, |entry| handles(entry.handle))
    }

    /// Waits for the answers of a handle that are on their way; false when `deadline` came first.
    pub fn wait_for_answers(&self, deadline: Instant, handle: u64) -> bool {
        self.wait_while(deadline, |entry| entry.handle == handle && matches!(entry.debt, Debt::Settled))
    }

    fn wait_while(&self, deadline: Instant, is_it: impl Fn(&Entry) -> bool) -> bool {
        let mut state = self.state.lock();
        while state.open.values().any(&is_it) {
            if self.left.wait_until(&mut state, deadline).timed_out() {
                return !state.open.values().any(is_it);
            }
        }
        true
    }

    /// Does `then` once the given handles owe no answer: now, or on the thread that brings the last one.
    pub fn when_quiet(&self, handles: impl Fn(u64) -> bool + Send + 'static, then: Box<dyn FnOnce() + Send>) {
        let mut state = self.state.lock();
        state.quiet.push(Quiet { handles: Box::new(handles), then });
        let due = state.quieted();
        drop(state);
        due.into_iter().for_each(|quiet| (quiet.then)());
    }

    /// Takes over the answer of a call that nobody has begun: whoever gets the tag answers, and then calls
    /// [`Tickets::end`] with the number beside it. The id is free.
    pub fn claim(&self, id: u64, cancel: &Arc<Cancel>) -> Option<(u64, Box<str>)> {
        let kept = self.fresh();
        let mut state = self.state.lock();
        let entry = state.open.get_mut(&id).filter(|entry| Arc::ptr_eq(&entry.cancel, cancel))?;
        let tag = match std::mem::replace(&mut entry.debt, Debt::Settled) {
            Debt::Waiting(tag) => tag,
            other => {
                entry.debt = other;
                return None;
            }
        };
        if let Some(entry) = state.open.remove(&id) {
            state.open.insert(kept, entry);
        }
        Some((kept, tag))
    }

    /// Takes over the answers that a handle still owes.
    pub fn claim_all(&self, handle: u64) -> Vec<(u64, Box<str>)> {
        let mut state = self.state.lock();
        let mut claimed = Vec::new();
        for (id, entry) in state.open.iter_mut().filter(|(_, entry)| entry.handle == handle) {
            match std::mem::replace(&mut entry.debt, Debt::None) {
                Debt::Running(tag) | Debt::Waiting(tag) => claimed.push((*id, tag)),
                other => entry.debt = other,
            }
        }
        for (id, _) in &claimed {
            state.open.remove(id);
        }
        claimed
    }

    fn remove(&self, id: u64, cancel: &Arc<Cancel>) {
        let mut state = self.state.lock();
        // The id may belong to another call by now, when somebody else has answered for this one.
        if state.open.get(&id).is_some_and(|entry| Arc::ptr_eq(&entry.cancel, cancel)) {
            let entry = state.open.remove(&id);
            let due = if state.quiet.is_empty() { Vec::new() } else { state.quieted() };
            drop(state);
            drop(entry);
            self.left.notify_all();
            due.into_iter().for_each(|quiet| (quiet.then)());
        }
    }

    /// Ends a call whose answer was claimed and has been brought.
    pub fn end(&self, id: u64, cancel: &Arc<Cancel>) {
        self.remove(id, cancel);
    }

    /// How many calls are in flight.
    pub fn count(&self) -> usize {
        self.state.lock().open.len()
    }
}

impl State {
    /// What is to be done now that something was settled.
    fn quieted(&mut self) -> Vec<Quiet> {
        let State { open, quiet } = self;
        let owes = |quiet: &Quiet| {
            open.values().any(|entry| !matches!(entry.debt, Debt::None) && (quiet.handles)(entry.handle))
        };
        let (waits, due) = std::mem::take(quiet).into_iter().partition(owes);
        *quiet = waits;
        due
    }
}

impl Ticket {
    /// The id.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The call waits for a thread to begin it; a cancel may answer for it until then.
    pub fn lay_by(&self) {
        self.change(|debt| match debt {
            Debt::Running(tag) => Debt::Waiting(tag),
            other => other,
        });
    }

    /// The call is begun; false when somebody has answered for it.
    pub fn begin(&self) -> bool {
        self.change(|debt| match debt {
            Debt::Waiting(tag) => Debt::Running(tag),
            other => other,
        })
    }

    /// Whether the call still owes its answer, after the change.
    fn change(&self, change: impl FnOnce(Debt) -> Debt) -> bool {
        let mut state = self.tickets.state.lock();
        let Some(entry) = state.open.get_mut(&self.id).filter(|entry| Arc::ptr_eq(&entry.cancel, &self.cancel)) else {
            return false;
        };
        entry.debt = change(std::mem::replace(&mut entry.debt, Debt::None));
        !matches!(entry.debt, Debt::Settled)
    }

    /// Gives the id back while the answer is on its way to the host, who may use it again as soon as it sees the
    /// answer; the call itself still counts as in flight, so that close waits for the answer. False when somebody has
    /// answered for the call: then there is nothing to bring.
    #[must_use]
    pub fn give_id_back(&mut self) -> bool {
        let kept = self.tickets.fresh();
        let mut state = self.tickets.state.lock();
        let mine = |entry: &&Entry| Arc::ptr_eq(&entry.cancel, &self.cancel) && !matches!(entry.debt, Debt::Settled);
        if state.open.get(&self.id).filter(mine).is_none() {
            return false;
        }
        if let Some(mut entry) = state.open.remove(&self.id) {
            entry.debt = Debt::Settled;
            state.open.insert(kept, entry);
            self.id = kept;
        }
        true
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.tickets.remove(self.id, &self.cancel);
    }
}

impl std::fmt::Debug for Tickets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tickets").field("open", &self.count()).finish()
    }
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ticket").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_among_those_in_flight() {
        let tickets = Arc::new(Tickets::default());
        for wrong in [0, -1, i64::MIN] {
            assert_eq!(
                tickets.open(0, Some(wrong), None).unwrap_err().detail().get("key").and_then(|key| key.as_str()),
                Some("id")
            );
        }
        let mut first = tickets.open(0, Some(7), None).unwrap();
        assert!(tickets.open(1, Some(7), None).is_err());
        assert_ne!(tickets.open(0, None, None).unwrap().id() & OURS, 0);
        assert!(first.give_id_back());
        assert_eq!(tickets.count(), 1);
        let again = tickets.open(0, Some(7), None).unwrap();
        drop(first);
        assert_eq!((tickets.count(), again.id()), (1, 7));
    }

    #[test]
    fn cancel_reaches_the_handles_named() {
        let tickets = Arc::new(Tickets::default());
        let (own, other) = (tickets.open(1, Some(7), None).unwrap(), tickets.open(2, Some(8), None).unwrap());
        tickets.cancel(8, |handle| handle == 1);
        tickets.cancel(9, |_| true);
        assert!(!own.cancel.is_cancelled() && !other.cancel.is_cancelled());
        tickets.cancel(0, |handle| handle == 1);
        assert!(own.cancel.is_cancelled() && !other.cancel.is_cancelled());
        assert!(!tickets.wait(crate::clock::now(), |handle| handle == 1));
        drop(own);
        assert!(tickets.wait(crate::clock::now(), |handle| handle == 1));
    }

    #[test]
    fn a_hundred_thousand_are_no_trouble() {
        let tickets = Arc::new(Tickets::default());
        let open: Vec<_> = (0..INFLIGHT_MAX).map(|_| tickets.open(0, None, None).unwrap()).collect();
        assert_eq!(tickets.count(), INFLIGHT_MAX);
        drop(open);
        assert_eq!(tickets.count(), 0);
    }
}
