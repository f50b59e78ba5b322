//! The handle: what every back end has in common.

mod event;
mod response;

pub use event::{Event, Failure, Kind};
pub use response::Response;

use crate::{args::Args, error::Result};

/// What a push subscription calls. Dropping it tells the host that no call will follow.
pub trait Callback: Send + Sync {
    /// Delivers one event; no lock is held.
    fn deliver(&self, event: Event);
}

/// One session handle. Clones share it; the last one dropped lets it go without waiting.
#[derive(Clone, Debug)]
pub struct Session {}

impl Session {
    /// Opens a session; the scheme of `url` picks the back end.
    pub fn create(url: &str, args: &Args) -> Result<Session> { let _ = (url, args); todo!() }
    /// Narrows to a child session that shares the connection.
    pub fn attach(&self, name: &str, args: &Args) -> Result<Session> { let _ = (name, args); todo!() }
    /// Changes the session's defaults.
    pub fn configure(&self, args: &Args) -> Result<()> { let _ = args; todo!() }
    /// Does it now and waits for the final answer.
    pub fn request(&self, verb: Option<&str>, target: Option<&str>, args: &Args) -> Result<Response> { let _ = (verb, target, args); todo!() }
    /// Does it now and does not wait.
    pub fn submit(&self, verb: Option<&str>, target: Option<&str>, args: &Args) -> Result<u64> { let _ = (verb, target, args); todo!() }
    /// Does it at commit.
    pub fn stage(&self, verb: Option<&str>, target: Option<&str>, args: &Args) -> Result<Response> { let _ = (verb, target, args); todo!() }
    /// What would be sent.
    pub fn prepare(&self, verb: Option<&str>, target: Option<&str>, args: &Args) -> Result<Args> { let _ = (verb, target, args); todo!() }
    /// Applies what is staged.
    pub fn commit(&self, args: &Args) -> Result<Response> { let _ = args; todo!() }
    /// Forgets what is staged.
    pub fn rollback(&self, args: &Args) -> Result<()> { let _ = args; todo!() }
    /// Ends the call with this id, or every call for 0. Never blocks.
    pub fn cancel(&self, id: u64) { let _ = id; todo!() }
    /// Hears events: pulled without a callback, pushed with one. `user_data` comes back with each event.
    pub fn subscribe(&self, topic: &str, args: &Args, callback: Option<Box<dyn Callback>>, user_data: usize) -> Result<u64> { let _ = (topic, args, callback, user_data); todo!() }
    /// Ends a subscription.
    pub fn unsubscribe(&self, id: u64) { let _ = id; todo!() }
    /// The next event, or `None` after `timeout_ms` (-1: for ever).
    pub fn poll(&self, timeout_ms: i64) -> Result<Option<Event>> { let _ = timeout_ms; todo!() }
    /// The descriptor that is readable while the queue is not empty, or -1.
    pub fn fd(&self) -> i32 { todo!() }
    /// A snapshot of the session's own state.
    pub fn inspect(&self, what: &str, args: &Args) -> Result<Response> { let _ = (what, args); todo!() }
    /// Leaves politely.
    pub fn close(&self, args: &Args) -> Result<()> { let _ = args; todo!() }
    /// Marks the session after a contained panic: later calls say `poisoned`.
    pub fn poison(&self) { todo!() }
}
