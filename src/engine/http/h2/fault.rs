//! What went wrong with a stream, in our words, and whether its request may be sent again without harm (RFC 9113 5.4,
//! 7, 8.7).

use h2::Reason;

use super::line::Line;
use crate::{
    engine::{net::limits::reason, tls::trouble},
    error::{Error, Outcome, code},
};

/// What is known of the effect of a request that failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// The server did certainly not look at it, and would another time.
    Undone,
    /// The same, and it would not.
    Refused,
    /// The same: it wants HTTP/1.1.
    Older,
    /// The connection was lost under it.
    Lost,
    /// The server may have done anything.
    Unknown,
}

/// A stream that failed.
pub struct Trouble {
    /// The failure.
    pub error: Error,
    /// What it means.
    pub fate: Fate,
    /// The connection is of no use any more.
    pub ends_line: bool,
}

impl Trouble {
    /// One that has nothing to do with the server, and after which nothing is tried again.
    #[must_use]
    pub fn own(error: Error) -> Trouble {
        let error = if error.known_outcome().is_some() { error } else { error.outcome(Outcome::Unknown) };
        Trouble { error, fate: Fate::Unknown, ends_line: false }
    }

    /// What the protocol says of a stream that was not answered. It is opened when its number is known.
    #[must_use]
    pub fn of(error: &h2::Error, line: &Line, stream: Option<u32>) -> Trouble {
        let sent = stream.is_some_and(|stream| line.tally.is_opened(stream));
        let undone = !sent || stream.is_some_and(|stream| line.tally.is_undone(stream));
        let why = error.reason().filter(|_| !error.is_io());
        let (fate, told) = match why {
            Some(Reason::HTTP_1_1_REQUIRED) => (Fate::Older, said(error, Reason::HTTP_1_1_REQUIRED)),
            // Coming again at once is just what it does not want.
            Some(Reason::ENHANCE_YOUR_CALM) if undone && error.is_remote() => {
                (Fate::Refused, said(error, Reason::ENHANCE_YOUR_CALM))
            }
            Some(Reason::REFUSED_STREAM) if error.is_remote() => (Fate::Undone, said(error, Reason::REFUSED_STREAM)),
            Some(why) if undone && error.is_go_away() => (Fate::Undone, said(error, why)),
            // Behind a goodbye the connection ended with this stream still on it.
            Some(Reason::NO_ERROR) if error.is_go_away() => (Fate::Lost, gone(error, line)),
            Some(why) => (Fate::Unknown, said(error, why)),
            None if undone => (Fate::Undone, gone(error, line)),
            None => (Fate::Lost, gone(error, line)),
        };
        let outcome = match fate {
            Fate::Undone | Fate::Refused | Fate::Older => Outcome::NotSent,
            Fate::Lost | Fate::Unknown => Outcome::Unknown,
        };
        let told = match line.tally.stray() {
            Some(stray) => other_language(&stray),
            None => told,
        };
        let fate = if told.code() == code::HTTP_VERSION.word { Fate::Refused } else { fate };
        Trouble { error: told.outcome(outcome), fate, ends_line: !error.is_reset() }
    }
}

/// The error of a stream that broke off inside its answer.
#[must_use]
pub fn in_body(error: &h2::Error, got: u64, announced: Option<u64>) -> Error {
    if error.is_library() && announced.is_none_or(|size| got >= size) {
        return said(error, error.reason().unwrap_or(Reason::PROTOCOL_ERROR));
    }
    let reset = error.reason().filter(|_| !error.is_io() && error.is_reset() && error.is_remote()).map(name);
    let why = reset.map(|word| format!(": the server broke the stream off ({word})")).unwrap_or_default();
    let message = match announced {
        Some(size) => format!("the body ended after {got} of {size} bytes{why}"),
        None => format!("the body was cut off after {got} bytes{why}"),
    };
    let error = Error::new(&code::INCOMPLETE_READ, message);
    match reset {
        Some(word) => error.with("http2_error", word),
        None => error,
    }
}

/// The error of a line that ended before it could be used.
#[must_use]
pub fn stillborn(line: &Line) -> Error {
    let error = match line.tally.stray() {
        Some(stray) => other_language(&stray),
        None => {
            let why = line.trouble().unwrap_or_else(|| "the server closed it".into());
            Error::new(&code::CONNECT, format!("the connection could not be used: {why}")).phase("connect")
        }
    };
    error.outcome(Outcome::NotSent)
}

/// What a reason says.
fn said(error: &h2::Error, why: Reason) -> Error {
    let word = name(why);
    let error = if error.is_library() {
        let message = format!("the server's answer broke the rules of HTTP/2 ({word})");
        Error::new(&code::PROTOCOL, message)
    } else {
        let what = if error.is_go_away() { "the server ended the connection" } else { "the server refused the stream" };
        Error::new(&code::CONNECT, format!("{what} ({word})"))
    };
    error.phase("read").with("http2_error", word)
}

fn gone(error: &h2::Error, line: &Line) -> Error {
    if let Some(verdict) = line.verdict() {
        return Error::new(&code::CONNECT, format!("the connection was given up: {verdict}")).phase("read");
    }
    match error.get_io() {
        Some(io) => match trouble::inside(io) {
            Some(inner) => trouble::explain(inner, "the server").phase("read"),
            None => Error::new(&code::CONNECT, format!("the connection broke: {}", reason(io))).phase("read"),
        },
        None => Error::new(&code::CONNECT, "the server closed the connection").phase("read"),
    }
}

/// A server that does not speak HTTP/2, by its first bytes.
fn other_language(stray: &[u8]) -> Error {
    let line = stray.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let shown = line.get(..line.len().min(60)).unwrap_or_default().trim_ascii_end();
    let message = format!("the server did not speak HTTP/2: it began with \"{}\"", shown.escape_ascii());
    let code = if stray.starts_with(b"HTTP/") { &code::HTTP_VERSION } else { &code::PROTOCOL };
    Error::new(code, message).phase("read")
}

/// A server that chose another protocol when TLS was set up.
#[must_use]
pub fn not_chosen() -> Error {
    let message = "HTTP/2 was asked for and the server does not speak it";
    Error::new(&code::HTTP_VERSION, message).phase("tls").outcome(Outcome::NotSent)
}

/// The name of a reason (RFC 9113 7).
fn name(why: Reason) -> &'static str {
    const NAMES: [&str; 14] = [
        "NO_ERROR",
        "PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "FLOW_CONTROL_ERROR",
        "SETTINGS_TIMEOUT",
        "STREAM_CLOSED",
        "FRAME_SIZE_ERROR",
        "REFUSED_STREAM",
        "CANCEL",
        "COMPRESSION_ERROR",
        "CONNECT_ERROR",
        "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY",
        "HTTP_1_1_REQUIRED",
    ];
    usize::try_from(u32::from(why)).ok().and_then(|at| NAMES.get(at)).copied().unwrap_or("an unknown reason")
}
