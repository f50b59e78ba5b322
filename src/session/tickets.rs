//! Calls in flight: how one is ended from another thread, and how close waits for the last.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use parking_lot::{Condvar, Mutex};

use crate::{
    engine::net::cancel::Cancel,
    error::{Error, Result, code},
};

/// Ids made by the library have the top bit set; the host's are below.
const OURS: u64 = 1 << 63;

/// Submitted calls whose answers were not read, plus those in flight, at the most.
pub const INFLIGHT_MAX: usize = 100_000;

/// The calls in flight of a session and its children.
#[derive(Debug, Default)]
pub struct Tickets {
    open: Mutex<Vec<Entry>>,
    left: Condvar,
    next: AtomicU64,
}

#[derive(Debug)]
struct Entry {
    id: u64,
    handle: u64,
    cancel: Arc<Cancel>,
}

/// A place in the list, given back when dropped.
#[derive(Debug)]
pub struct Ticket<'a> {
    tickets: &'a Tickets,
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
    /// `argument` for an id that is zero, ours, or in flight.
    pub fn open(&self, handle: u64, wanted: Option<i64>) -> Result<Ticket<'_>> {
        let cancel = Arc::new(Cancel::default());
        let id = self.enter(handle, wanted, Arc::clone(&cancel))?;
        Ok(self.resume(id, cancel))
    }

    fn enter(&self, handle: u64, wanted: Option<i64>, cancel: Arc<Cancel>) -> Result<u64> {
        let id = match wanted {
            None => self.fresh(),
            Some(id) => u64::try_from(id)
                .ok()
                .filter(|id| *id != 0)
                .ok_or_else(|| Error::option("id", format!("the id {id} was not between 1 and 2^63-1")))?,
        };
        let mut open = self.open.lock();
        if wanted.is_some() && open.iter().any(|entry| entry.id == id) {
            return Err(Error::option("id", format!("the id {id} was in flight already")));
        }
        open.push(Entry { id, handle, cancel });
        Ok(id)
    }

    /// Reserves an id for a submitted call; [`Tickets::resume`] makes the ticket when it runs.
    ///
    /// # Errors
    /// As [`Tickets::open`].
    pub fn reserve(&self, handle: u64, wanted: Option<i64>) -> Result<(u64, Arc<Cancel>)> {
        let cancel = Arc::new(Cancel::default());
        let id = self.enter(handle, wanted, Arc::clone(&cancel))?;
        Ok((id, cancel))
    }

    /// The ticket of a reserved id.
    pub fn resume(&self, id: u64, cancel: Arc<Cancel>) -> Ticket<'_> {
        Ticket { tickets: self, id, cancel }
    }

    /// Cancels the call `id`, or all calls of the given handles when `id` is 0.
    pub fn cancel(&self, id: u64, handles: impl Fn(u64) -> bool) {
        let hit: Vec<_> = self
            .open
            .lock()
            .iter()
            .filter(|entry| if id == 0 { handles(entry.handle) } else { entry.id == id && handles(entry.handle) })
            .map(|entry| Arc::clone(&entry.cancel))
            .collect();
        // Outside the lock: cancelling makes a system call.
        for cancel in hit {
            cancel.cancel();
        }
    }

    /// Waits until none of the given handles has a call in flight; false when `deadline` came first.
    pub fn wait(&self, deadline: Instant, handles: impl Fn(u64) -> bool) -> bool {
        let mut open = self.open.lock();
        while open.iter().any(|entry| handles(entry.handle)) {
            if self.left.wait_until(&mut open, deadline).timed_out() {
                return !open.iter().any(|entry| handles(entry.handle));
            }
        }
        true
    }

    /// How many calls are in flight.
    pub fn count(&self) -> usize {
        self.open.lock().len()
    }
}

impl Ticket<'_> {
    /// The id.
    pub fn id(&self) -> u64 {
        self.id
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let mut open = self.tickets.open.lock();
        if let Some(at) = open.iter().position(|entry| entry.id == self.id) {
            open.swap_remove(at);
        }
        drop(open);
        self.tickets.left.notify_all();
    }
}

/// The error of a call that found itself cancelled.
pub fn cancelled() -> Error {
    Error::new(&code::CANCELLED, "the call was cancelled")
}
