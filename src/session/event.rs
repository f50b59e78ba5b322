//! What a queue or a callback brings.

use std::ffi::CStr;

use super::Response;
use crate::{error::Error, value::Document};

/// The kinds of `haft.h`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i32)]
pub enum Kind {
    /// Something subscribed to.
    Message = 1,
    /// A submitted request finished.
    Response = 2,
    /// Bytes moved.
    Progress = 3,
    /// Connection lost, being restored.
    Lost = 4,
    /// Restored.
    Restored = 5,
    /// The queue overflowed.
    Dropped = 6,
    /// The last event of a session.
    Closed = 7,
}

/// A failure as the host holds it: the error, its detail as a document, and the failed answer.
#[derive(Debug)]
pub struct Failure {}

impl Failure {
    /// The failure itself.
    pub fn error(&self) -> &Error { todo!() }
    /// The message, NUL-terminated.
    pub fn message(&self) -> &CStr { todo!() }
    /// The detail, made on first use.
    pub fn detail(&self) -> &Document { todo!() }
    /// The failed answer.
    pub fn response(&self) -> Option<&Response> { todo!() }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure { let _ = error; todo!() }
}

/// One event.
#[derive(Debug)]
pub struct Event {}

impl Event {
    /// Its kind.
    pub fn kind(&self) -> Kind { todo!() }
    /// The subscription or ticket that it belongs to.
    pub fn id(&self) -> u64 { todo!() }
    /// The topic, or the tag of the call.
    pub fn topic(&self) -> &CStr { todo!() }
    /// What it carries.
    pub fn value(&self) -> Option<&Document> { todo!() }
    /// The answer of a submitted request.
    pub fn response(&self) -> Option<&Response> { todo!() }
    /// The same, moved out.
    pub fn take_response(&mut self) -> Option<Response> { todo!() }
    /// Why it failed.
    pub fn failure(&self) -> Option<&Failure> { todo!() }
    /// What was given to subscribe.
    pub fn user_data(&self) -> usize { todo!() }
}
