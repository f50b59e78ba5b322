//! What a queue or a callback brings, and a failure as the host holds it.

use std::{
    ffi::{CStr, CString},
    sync::{Arc, OnceLock},
};

use super::{Response, origin::Origin};
use crate::{
    backends::{Carried, Late},
    error::Error,
    sys::panic::contain,
    value::{Document, Raw, Tree},
};

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
    /// A subscription ended by itself.
    Ended = 8,
}

/// Text for C: what comes after a NUL cannot be shown and is cut.
pub(super) fn c_text(text: &str) -> CString {
    let visible = text.split('\0').next().unwrap_or_default();
    CString::new(visible).unwrap_or_default()
}

/// A failure as the host holds it: the error, its detail as a document, and the failed answer.
#[derive(Debug)]
pub struct Failure {
    error: Error,
    message: OnceLock<CString>,
    detail: OnceLock<Box<Document>>,
    response: Option<Box<Response>>,
}

impl Failure {
    /// The failure itself.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// The message, NUL-terminated.
    pub fn message(&self) -> &CStr {
        self.message.get_or_init(|| c_text(self.error.message()))
    }

    /// The detail, made on first use.
    pub fn detail(&self) -> &Document {
        self.detail.get_or_init(|| Document::from_tree(&Tree::Object(self.error.detail().clone())))
    }

    /// The failed answer.
    pub fn response(&self) -> Option<&Response> {
        self.response.as_deref()
    }
}

impl From<Error> for Failure {
    fn from(mut error: Error) -> Failure {
        let response = Carried::take(&mut error).map(|answer| Box::new(Response::from(answer)));
        Failure { error, message: OnceLock::new(), detail: OnceLock::new(), response }
    }
}

/// One event.
#[derive(Debug)]
pub struct Event {
    kind: Kind,
    id: u64,
    topic: Topic,
    value: Value,
    response: Option<Box<Response>>,
    failure: Option<Arc<Failure>>,
    user_data: usize,
    late: Option<Unsettled>,
    /// Its place among the events that wait.
    order: u64,
}

/// What an event carries.
#[derive(Debug)]
enum Value {
    None,
    Document(Box<Document>),
    /// To be made into a document by who takes the event.
    Raw(Raw),
}

/// Where the topic of an event is.
#[derive(Debug)]
enum Topic {
    None,
    Own(CString),
    Of(Arc<Origin>),
}

/// What is still to be done for an answer.
struct Unsettled(Late);

impl std::fmt::Debug for Unsettled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unsettled")
    }
}

impl Event {
    /// An event that says no more than its kind.
    pub fn new(kind: Kind) -> Event {
        Event {
            kind,
            id: 0,
            topic: Topic::None,
            value: Value::None,
            response: None,
            failure: None,
            user_data: 0,
            late: None,
            order: 0,
        }
    }

    /// A message of a subscription.
    pub(super) fn message(origin: &Arc<Origin>, value: Box<Document>) -> Event {
        Event { value: Value::Document(value), ..Event::new(Kind::Message).of(origin) }
    }

    /// The same with one of which the taker makes the document.
    pub(super) fn raw_message(origin: &Arc<Origin>, value: Raw) -> Event {
        Event { value: Value::Raw(value), ..Event::new(Kind::Message).of(origin) }
    }

    /// Makes it an event of a subscription.
    #[must_use]
    pub(super) fn of(mut self, origin: &Arc<Origin>) -> Event {
        self.id = origin.id();
        self.user_data = origin.user_data();
        self.topic = Topic::Of(Arc::clone(origin));
        self
    }

    /// The subscription in whose count it is.
    pub(super) fn counted_by(&self) -> Option<&Origin> {
        match &self.topic {
            Topic::Of(origin) if self.kind == Kind::Message => Some(origin),
            _ => None,
        }
    }

    /// Whether it must not be dropped although it is a message.
    pub(super) fn is_kept(&self) -> bool {
        self.counted_by().is_some_and(Origin::holds_back)
    }

    /// Whether it tells about the connection.
    pub(super) fn is_state(&self) -> bool {
        matches!(self.kind, Kind::Lost | Kind::Restored)
    }

    /// Its place among the events that wait.
    pub(super) fn order(&self) -> u64 {
        self.order
    }

    /// Gives it a place among the events that wait.
    pub(super) fn set_order(&mut self, order: u64) {
        self.order = order;
    }

    /// Names the subscription or ticket.
    #[must_use]
    pub fn with_id(mut self, id: u64) -> Event {
        self.id = id;
        self
    }

    /// Names the topic or tag.
    #[must_use]
    pub fn with_topic(mut self, topic: &str) -> Event {
        self.topic = if topic.is_empty() { Topic::None } else { Topic::Own(c_text(topic)) };
        self
    }

    /// Gives it a value.
    #[must_use]
    pub fn with_value(mut self, value: &Tree) -> Event {
        self.value = Value::Document(Document::from_tree(value));
        self
    }

    /// Gives it what became of a call.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Result<Response, Error>) -> Event {
        match outcome {
            Ok(response) => self.response = Some(Box::new(response)),
            Err(error) => self.failure = Some(Arc::new(error.into())),
        }
        self
    }

    /// Says why.
    #[must_use]
    pub(super) fn with_failure(mut self, failure: Option<Arc<Failure>>) -> Event {
        self.failure = failure;
        self
    }

    /// Gives it the outcome of a call of which the rest is still to be done.
    #[must_use]
    pub fn with_late(mut self, late: Late) -> Event {
        self.late = Some(Unsettled(late));
        self
    }

    /// Does what was left to the taker of the event.
    #[must_use]
    pub fn settled(mut self) -> Event {
        if let Value::Raw(raw) = self.value {
            self.value = Value::Document(raw.into_document());
        }
        match self.late.take() {
            Some(Unsettled(late)) => {
                let outcome = contain(late).and_then(|outcome| outcome);
                self.with_outcome(outcome.map(Response::from))
            }
            None => self,
        }
    }

    /// Gives it what subscribe was given.
    #[must_use]
    pub fn with_user_data(mut self, user_data: usize) -> Event {
        self.user_data = user_data;
        self
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The subscription or ticket that it belongs to.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The topic, or the tag of the call.
    pub fn topic(&self) -> &CStr {
        match &self.topic {
            Topic::None => c"",
            Topic::Own(topic) => topic,
            Topic::Of(origin) => origin.topic(),
        }
    }

    /// What it carries.
    pub fn value(&self) -> Option<&Document> {
        match &self.value {
            Value::Document(document) => Some(document),
            Value::None | Value::Raw(_) => None,
        }
    }

    /// The answer of a submitted request.
    pub fn response(&self) -> Option<&Response> {
        self.response.as_deref()
    }

    /// The same, moved out.
    pub fn take_response(&mut self) -> Option<Response> {
        self.response.take().map(|response| *response)
    }

    /// Why it failed.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_deref()
    }

    /// What was given to subscribe; 0 once that was let go of.
    pub fn user_data(&self) -> usize {
        match &self.topic {
            Topic::Of(origin) if origin.is_forgotten() => 0,
            _ => self.user_data,
        }
    }
}
