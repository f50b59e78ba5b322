//! A request whose answer is fetched on the reactor while the host is busy with the one before: the next page of a query.

use std::{sync::Arc, task::Poll};

use super::{
    Core,
    wire::{Reply, understood},
};
use crate::{
    args::Args,
    backends::{Call, Late},
    engine::{
        net::cancel::Cancel,
        reactor::{
            caller::Caller,
            promise::{self, Taker},
        },
    },
    error::{Error, Result, code},
    value::Tree,
};

/// A request under way. Dropping it ends it.
pub struct Ahead {
    cancel: Arc<Cancel>,
    taker: Taker<Late>,
    /// How many operations it has.
    count: usize,
    /// The commit that it was begun after.
    commit: u64,
}

impl Ahead {
    /// Begins a request; `None` when the session has nobody who could wait for it.
    ///
    /// # Errors
    /// The mistake in the arguments.
    pub fn begin(core: &Core, operations: Vec<Tree>, args: &Args) -> Result<Option<Ahead>> {
        let (count, commit) = (operations.len(), core.commits());
        let order = core.wire.order(operations, args)?;
        let cancel = Arc::<Cancel>::default();
        let call = Call { verb: Some("POST"), target: Some("/api"), args: &order, cancel: &cancel, progress: None };
        let Some(pending) = core.wire.web.begin(&call)? else { return Ok(None) };
        let (giver, taker) = promise::pair();
        core.lent.reactor.run(async move { giver.give(pending.await) })?;
        Ok(Some(Ahead { cancel, taker, count, commit }))
    }

    /// Whether nothing was committed since it was begun: what it brings would be older than what is known.
    pub fn is_fresh(&self, core: &Core) -> bool {
        self.commit == core.commits()
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// `cancelled` by `cancel`, which is the host's; what the request says.
    pub fn wait(mut self, cancel: &Arc<Cancel>) -> Result<Reply> {
        let gone = || Error::new(&code::CLOSED, "the session was closed while a page was fetched");
        let late = Caller::new().wait(Some(cancel), None, |cx| match self.taker.poll_take(cx) {
            Poll::Ready(late) => Poll::Ready(late),
            Poll::Pending => Poll::Pending,
        })?;
        let late = late.flatten().ok_or_else(gone)?;
        understood(late(), self.count)
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
