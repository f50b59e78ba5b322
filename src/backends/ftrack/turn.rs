//! Commits of one session take turns: two never interleave.
//!
//! The turn is kept while the server is asked, and on the way there the host's own code may run on the same thread: hooks,
//! adapters, providers of every kind. One of those that wants to commit as well would wait for itself; it is told so.

use std::thread::{self, ThreadId};

use crate::{
    error::{Error, Outcome, Result, code},
    sys::lock::{Mutex, MutexGuard},
};

/// Whose turn it is.
#[derive(Default)]
pub struct Turns {
    turn: Mutex<()>,
    holder: Mutex<Option<ThreadId>>,
}

/// The turn, until it is dropped.
pub struct Turn<'a> {
    turns: &'a Turns,
    _held: MutexGuard<'a, ()>,
}

impl Turns {
    /// Waits for the turn.
    ///
    /// # Errors
    /// `busy` when this thread has it already.
    pub fn take(&self) -> Result<Turn<'_>> {
        let own = thread::current().id();
        if *self.holder.lock() == Some(own) {
            let message = "changes were to be committed by what a commit of the same session had called";
            return Err(Error::new(&code::BUSY, message).outcome(Outcome::NotSent));
        }
        let held = self.turn.lock();
        *self.holder.lock() = Some(own);
        Ok(Turn { turns: self, _held: held })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.turns.holder.lock() = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_himself() {
        let turns = Turns::default();
        let turn = turns.take().unwrap();
        let again = turns.take().err().unwrap();
        assert_eq!((again.code(), again.known_outcome()), ("busy", Some(Outcome::NotSent)));
        let other = thread::scope(|scope| {
            let other = scope.spawn(|| turns.take().is_ok());
            drop(turn);
            other.join().unwrap()
        });
        assert!(other, "others wait");
        assert!(turns.take().is_ok());
    }
}
