//! Calls in flight: how one is ended from another thread, and how close waits for the last.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use parking_lot::{Condvar, Mutex};
use rustc_hash::FxBuildHasher;

use crate::{
    engine::net::cancel::Cancel,
    error::{Error, Result},
};

/// Ids made by the library have the top bit set; the host's are below.
const OURS: u64 = 1 << 63;

/// Submitted calls whose answers were not read, plus those in flight, at the most.
pub const INFLIGHT_MAX: usize = 100_000;

/// The calls in flight of a session and its children.
#[derive(Debug, Default)]
pub struct Tickets {
    open: Mutex<HashMap<u64, Entry, FxBuildHasher>>,
    left: Condvar,
    next: AtomicU64,
}

#[derive(Debug)]
struct Entry {
    handle: u64,
    cancel: Arc<Cancel>,
}

/// A place in the list, given back when dropped.
#[derive(Debug)]
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

    /// Opens a call of the handle `handle`, under the host's id or one of ours.
    ///
    /// # Errors
    /// `argument` for an id that is zero, negative, or in flight.
    pub fn open(self: &Arc<Self>, handle: u64, wanted: Option<i64>) -> Result<Ticket> {
        let id = match wanted {
            None => self.fresh(),
            Some(id) => u64::try_from(id)
                .ok()
                .filter(|id| *id != 0)
                .ok_or_else(|| Error::option("id", format!("the id {id} was not between 1 and 2^63-1")))?,
        };
        let cancel = Arc::new(Cancel::default());
        let mut open = self.open.lock();
        if wanted.is_some() && open.contains_key(&id) {
            return Err(Error::option("id", format!("the id {id} was in flight already")));
        }
        open.insert(id, Entry { handle, cancel: Arc::clone(&cancel) });
        Ok(Ticket { tickets: Arc::clone(self), id, cancel })
    }

    /// Cancels the call `id`, or all calls when `id` is 0, among those of the given handles.
    pub fn cancel(&self, id: u64, handles: impl Fn(u64) -> bool) {
        let open = self.open.lock();
        let hit: Vec<_> = if id == 0 {
            open.values().filter(|entry| handles(entry.handle)).map(|entry| Arc::clone(&entry.cancel)).collect()
        } else {
            open.get(&id).filter(|entry| handles(entry.handle)).map(|entry| Arc::clone(&entry.cancel)).into_iter().collect()
        };
        drop(open);
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
        let mut open = self.open.lock();
        while open.values().any(|entry| handles(entry.handle)) {
            if self.left.wait_until(&mut open, deadline).timed_out() {
                return !open.values().any(|entry| handles(entry.handle));
            }
        }
        true
    }

    /// How many calls are in flight.
    pub fn count(&self) -> usize {
        self.open.lock().len()
    }
}

impl Ticket {
    /// The id.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Gives the id back while the answer is on its way to the host, who may use it again as soon as it sees the
    /// answer; the call itself still counts as in flight, so that close waits for the answer.
    pub fn give_id_back(&mut self) {
        let kept = self.tickets.fresh();
        let mut open = self.tickets.open.lock();
        if let Some(entry) = open.remove(&self.id) {
            open.insert(kept, entry);
            self.id = kept;
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.tickets.open.lock().remove(&self.id);
        self.tickets.left.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_among_those_in_flight() {
        let tickets = Arc::new(Tickets::default());
        for wrong in [0, -1, i64::MIN] {
            assert_eq!(tickets.open(0, Some(wrong)).unwrap_err().detail().get("key").and_then(|key| key.as_str()), Some("id"));
        }
        let mut first = tickets.open(0, Some(7)).unwrap();
        assert!(tickets.open(1, Some(7)).is_err());
        assert_ne!(tickets.open(0, None).unwrap().id() & OURS, 0);
        first.give_id_back();
        assert_eq!(tickets.count(), 1);
        let again = tickets.open(0, Some(7)).unwrap();
        drop(first);
        assert_eq!((tickets.count(), again.id()), (1, 7));
    }

    #[test]
    fn cancel_reaches_the_handles_named() {
        let tickets = Arc::new(Tickets::default());
        let (own, other) = (tickets.open(1, Some(7)).unwrap(), tickets.open(2, Some(8)).unwrap());
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
        let open: Vec<_> = (0..INFLIGHT_MAX).map(|_| tickets.open(0, None).unwrap()).collect();
        assert_eq!(tickets.count(), INFLIGHT_MAX);
        drop(open);
        assert_eq!(tickets.count(), 0);
    }
}
