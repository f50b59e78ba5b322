//! What went wrong: a status to branch on, a sentence to show, and a detail that a wrapper can map to the
//! original client's exception.

pub mod code;
mod echo;

use std::{any::Any, borrow::Cow, fmt, sync::Arc};

pub use code::Code;

use crate::value::{Object, Tree};

/// The result of everything that can fail in haft.
pub type Result<T> = std::result::Result<T, Error>;

/// The statuses of `haft.h`, with their numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i32)]
pub enum Status {
    /// Success.
    Ok = 0,
    /// NULL, bad UTF-8, unknown option, bad URL.
    Argument = -1,
    /// Closed, busy, or in a forked child.
    State = -2,
    /// This back end has no such verb.
    Unsupported = -3,
    /// Resolve, connect, read, write.
    Io = -4,
    /// TLS.
    Tls = -5,
    /// A time-out; the phase is in the detail.
    Timeout = -6,
    /// Cancelled by the host.
    Cancelled = -7,
    /// Who are you?
    Auth = -8,
    /// You may not.
    Denied = -9,
    /// There is no such thing.
    NotFound = -10,
    /// A conflict with the server's state.
    Conflict = -11,
    /// The server refused; see the detail.
    Remote = -12,
    /// The answer could not be understood.
    Protocol = -13,
    /// A size, rate or queue limit was reached.
    Limit = -14,
    /// A bug in haft: a panic was contained.
    Internal = -15,
}

impl Status {
    /// Every status, in the order of the numbers.
    pub const ALL: [Status; 16] = [
        Status::Ok,
        Status::Argument,
        Status::State,
        Status::Unsupported,
        Status::Io,
        Status::Tls,
        Status::Timeout,
        Status::Cancelled,
        Status::Auth,
        Status::Denied,
        Status::NotFound,
        Status::Conflict,
        Status::Remote,
        Status::Protocol,
        Status::Limit,
        Status::Internal,
    ];

    /// The status with this number, if there is one.
    pub fn from_number(number: i32) -> Option<Status> {
        Self::ALL.into_iter().find(|status| *status as i32 == number)
    }

    /// The name as in `haft.h`, NUL at the end.
    pub fn name(self) -> &'static std::ffi::CStr {
        match self {
            Status::Ok => c"HAFT_OK",
            Status::Argument => c"HAFT_E_ARGUMENT",
            Status::State => c"HAFT_E_STATE",
            Status::Unsupported => c"HAFT_E_UNSUPPORTED",
            Status::Io => c"HAFT_E_IO",
            Status::Tls => c"HAFT_E_TLS",
            Status::Timeout => c"HAFT_E_TIMEOUT",
            Status::Cancelled => c"HAFT_E_CANCELLED",
            Status::Auth => c"HAFT_E_AUTH",
            Status::Denied => c"HAFT_E_DENIED",
            Status::NotFound => c"HAFT_E_NOT_FOUND",
            Status::Conflict => c"HAFT_E_CONFLICT",
            Status::Remote => c"HAFT_E_REMOTE",
            Status::Protocol => c"HAFT_E_PROTOCOL",
            Status::Limit => c"HAFT_E_LIMIT",
            Status::Internal => c"HAFT_E_INTERNAL",
        }
    }
}

/// Whether a change that failed may have happened on the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Nothing of the request left this machine.
    NotSent,
    /// It was sent, and no answer tells what became of it.
    Unknown,
    /// The server answered: it happened (or was refused) as the answer says.
    Applied,
}

impl Outcome {
    /// The word in the error's detail.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::NotSent => "not_sent",
            Outcome::Unknown => "unknown",
            Outcome::Applied => "applied",
        }
    }
}

/// A failure: one word on the stack, the rest on the heap, because the good path carries it everywhere.
pub struct Error(Box<Inner>);

struct Inner {
    status: Status,
    message: Cow<'static, str>,
    detail: Object,
    /// The cause is transient; what the host hears also depends on the outcome.
    transient: bool,
    outcome: Option<Outcome>,
    /// The failed answer, which only the session layer can name (it downcasts).
    response: Option<Arc<dyn Any + Send + Sync>>,
}

impl Error {
    /// A failure of a listed kind. The message is one line in the past tense, without secrets.
    pub fn new(code: &Code, message: impl Into<Cow<'static, str>>) -> Error {
        let mut message = message.into();
        if message.contains(|character: char| character.is_control()) {
            // What the host or a server wrote is quoted in messages; one line stays one line.
            let escape = |character: char| match character.is_control() {
                true => character.escape_default().to_string(),
                false => character.to_string(),
            };
            message = Cow::Owned(message.chars().map(escape).collect());
        }
        if matches!(code.status, Status::Argument | Status::Unsupported) {
            message = echo::message(message);
        }
        let mut detail = Object::default();
        detail.insert("code", Tree::from(code.word));
        Error(Box::new(Inner {
            status: code.status,
            message,
            detail,
            transient: code.transient,
            outcome: None,
            response: None,
        }))
    }

    /// A misuse of the interface: NULL, bad UTF-8, a wrong type, an unknown name.
    pub fn argument(message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(&code::ARGUMENT, message)
    }

    /// A misuse that concerns the argument or option `key`.
    pub fn option(key: &str, message: impl Into<Cow<'static, str>>) -> Error {
        Error::argument(message).with("key", key)
    }

    /// The same error with another status (one code can surface under several).
    #[must_use]
    pub fn status_as(mut self, status: Status) -> Error {
        self.0.status = status;
        self
    }

    /// The same error with one more entry in its detail; an older entry of that key is replaced.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Tree>) -> Error {
        let value = match value.into() {
            Tree::Text(text) if key == "key" => Tree::from(&*echo::cut(&text)),
            value => value,
        };
        self.0.detail.insert(key, value);
        self
    }

    /// Names the time-out that fired or the step that failed: `resolve`, `connect`, `proxy`, `tls`, `write`, `read`, `total` …
    #[must_use]
    pub fn phase(self, phase: &'static str) -> Error {
        self.with("phase", phase)
    }

    /// Says whether the change may have happened.
    #[must_use]
    pub fn outcome(mut self, outcome: Outcome) -> Error {
        self.0.outcome = Some(outcome);
        self.with("outcome", outcome.word())
    }

    /// Marks the cause as transient, or not.
    #[must_use]
    pub fn transient(mut self, transient: bool) -> Error {
        self.0.transient = transient;
        self
    }

    /// The same error in other words: who is meant is not known everywhere.
    #[must_use]
    pub fn reworded(mut self, from: &str, to: &str) -> Error {
        if self.0.message.contains(from) {
            self.0.message = Cow::Owned(self.0.message.replacen(from, to, 1));
        }
        self
    }

    /// Attaches the failed answer.
    #[must_use]
    pub fn carrying(mut self, response: Arc<dyn Any + Send + Sync>) -> Error {
        self.0.response = Some(response);
        self
    }

    /// The status.
    pub fn status(&self) -> Status {
        self.0.status
    }

    /// The sentence.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The detail as it will be shown.
    pub fn detail(&self) -> &Object {
        &self.0.detail
    }

    /// The word under `code`.
    pub fn code(&self) -> &str {
        match self.0.detail.get("code") {
            Some(Tree::Text(word)) => word,
            _ => "",
        }
    }

    /// What was said with [`Error::outcome`].
    pub fn known_outcome(&self) -> Option<Outcome> {
        self.0.outcome
    }

    /// The cause is transient and the request certainly did not take effect half-way.
    pub fn is_retryable(&self) -> bool {
        self.0.transient && self.0.outcome != Some(Outcome::Unknown)
    }

    /// Takes the failed answer out.
    pub fn take_response(&mut self) -> Option<Arc<dyn Any + Send + Sync>> {
        self.0.response.take()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} [{}]: {}", self.0.status, self.code(), self.0.message)
    }
}

impl std::error::Error for Error {}
