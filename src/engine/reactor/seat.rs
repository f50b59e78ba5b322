//! A session's seat at the reactor: taken when something needs it, given back by close.

use std::{future::Future, time::Instant};

use crate::sys::lock::Mutex;

use super::{Lease, lease};
use crate::error::{Error, Result, code};

/// One session's place. Root, children and back end share it, so that close knows when the last has left.
#[derive(Debug, Default)]
pub struct Seat(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    lease: Option<Lease>,
    closed: bool,
}

impl Seat {
    /// Has the reactor do a job, which must not block and must end when what it serves ends.
    ///
    /// # Errors
    /// `limit` when the reactor cannot be started, `closed` after [`Seat::finish`]; the job is dropped then.
    pub fn run(&self, job: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        self.run_if(|| Ok(()), || job)
    }

    /// The same, when `allowed` holds at the moment in which the job is made and gets its place: no job comes behind the
    /// back of a close.
    ///
    /// # Errors
    /// Those of [`Seat::run`] and of `allowed`.
    pub fn run_if<J: Future<Output = ()> + Send + 'static>(
        &self,
        allowed: impl FnOnce() -> Result<()>,
        job: impl FnOnce() -> J,
    ) -> Result<()> {
        let mut state = self.0.lock();
        if state.closed {
            return Err(Error::new(&code::CLOSED, "the session was closed"));
        }
        allowed()?;
        let lease = match &mut state.lease {
            Some(lease) => lease,
            none => none.insert(lease()?),
        };
        lease.run(job());
        Ok(())
    }

    /// Gives the seat up, and waits for the end of the thread if it was the last; false when `deadline` came first.
    pub fn finish(&self, deadline: Instant) -> bool {
        let mut state = self.0.lock();
        state.closed = true;
        let lease = state.lease.take();
        drop(state);
        lease.is_none_or(|lease| lease.finish(deadline))
    }
}
