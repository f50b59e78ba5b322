//! What takes the place of media in a build without it.

use std::{sync::Arc, time::Instant};

use crate::{
    args::Args,
    backends::{
        Answer, Call, Feed, Pending, Sink,
        janus::{envelope::Kind, handle::Handle},
    },
    error::{Error, Outcome, Result, code},
    value::{Node, Tree},
};

/// Nothing.
#[derive(Default)]
pub struct Slot;

impl Slot {
    /// Nobody listens.
    pub fn hear(&self, _kind: Kind, _message: Node<'_>) {}

    /// Nothing is described.
    pub fn described(&self) {}

    /// There is nothing to end.
    pub fn lost(&self, _error: &Error) {}

    /// The same.
    pub fn leave(&self) {}

    /// Nothing is waited for.
    pub fn settle(&self, _deadline: Instant) {}

    /// Nothing to show.
    pub fn shown(&self) -> Tree {
        Tree::Null
    }
}

/// Refuses it.
///
/// # Errors
/// `unsupported`, always.
pub fn listen(_handle: &Handle, _args: &Args, _sink: Arc<dyn Sink>) -> Result<Feed> {
    let message = "haft.statistics was subscribed to in a build without the feature \"media\"";
    Err(Error::new(&code::UNSUPPORTED, message).with("key", "topic"))
}

fn unsupported(call: &Call<'_>) -> Error {
    let verb = call.verb.unwrap_or_default();
    let message = format!("{verb} was asked of a build without the feature \"media\"");
    Error::new(&code::UNSUPPORTED, message).with("key", "verb").outcome(Outcome::NotSent)
}

/// Refuses it.
///
/// # Errors
/// `unsupported`, always.
pub fn begin(_handle: &Arc<Handle>, call: &Call<'_>) -> Result<Pending> {
    Err(unsupported(call))
}

/// Refuses it.
///
/// # Errors
/// `unsupported`, always.
pub fn wait(_handle: &Arc<Handle>, call: &Call<'_>) -> Result<Box<dyn Answer>> {
    Err(unsupported(call))
}
