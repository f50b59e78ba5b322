//! Work that may wait and may run the host's code, done on a thread that is there for it.

use crate::error::{Error, Result, code};

/// One thing to do; it owns what it needs.
pub type Errand = Box<dyn FnOnce() + Send>;

/// Who does errands: the session's worker. What the reactor must not do itself (ask a provider, read a host's reader,
/// write a file) it sends there.
pub trait Errands: Send + Sync {
    /// Does it soon, after those that came before. Never blocks.
    ///
    /// # Errors
    /// `closed` when nobody does errands any more, `limit` when no thread can be had. The errand is dropped then.
    fn run(&self, errand: Errand) -> Result<()>;
}

/// Does none: for a back end that is used without a session.
#[derive(Debug, Default)]
pub struct Nobody;

impl Errands for Nobody {
    fn run(&self, _errand: Errand) -> Result<()> {
        Err(Error::new(&code::CLOSED, "there was no worker"))
    }
}
