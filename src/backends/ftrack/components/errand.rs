//! What a call lends to whoever moves bytes or names places for it.

use std::sync::Arc;

use crate::{
    args::Args,
    backends::{Call, Progress, ftrack::Core},
    engine::net::cancel::Cancel,
    error::Result,
};

/// The session and the call on whose behalf something is done.
#[derive(Clone)]
pub struct Errand<'a> {
    /// The session. None of its locks is held when an accessor or a structure is called.
    pub(in crate::backends::ftrack) core: &'a Arc<Core>,
    /// The arguments of the call: time-outs, retries.
    pub args: &'a Args,
    /// Ends the call from another thread.
    pub cancel: &'a Arc<Cancel>,
    /// Hears how many bytes moved, when the caller asked for it.
    pub progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
}

impl<'a> Errand<'a> {
    /// That of a call.
    pub(in crate::backends::ftrack) fn of(core: &'a Arc<Core>, call: &Call<'a>) -> Errand<'a> {
        Errand { core, args: call.args, cancel: call.cancel, progress: call.progress.clone() }
    }

    /// Between two steps: whether to go on.
    ///
    /// # Errors
    /// `cancelled`.
    pub fn go_on(&self) -> Result<()> {
        self.cancel.check()
    }
}
