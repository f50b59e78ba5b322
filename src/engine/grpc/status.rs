//! How a call ended: a number and a text behind its messages, or an HTTP status from somebody who is no gRPC server.

use crate::error::{Error, Outcome, Status as Kind, code};

/// The names of the statuses, by number (grpc/doc/statuscodes.md).
pub const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// A status that is not OK.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The name of the status; that of an unknown number is UNKNOWN.
    pub name: &'static str,
    /// What the server said.
    pub message: String,
}

/// What `grpc-status` and `grpc-message` say; `None` is OK.
#[must_use]
pub fn told(number: &[u8], message: Option<&[u8]>) -> Option<Refusal> {
    let number = std::str::from_utf8(number).ok().and_then(|number| number.trim().parse::<usize>().ok());
    match number {
        Some(0) => None,
        number => {
            let name = number.and_then(|number| NAMES.get(number)).copied().unwrap_or("UNKNOWN");
            Some(Refusal { name, message: unescape(message.unwrap_or_default()) })
        }
    }
}

/// What an HTTP status stands for where a gRPC server was expected (grpc/doc/http-grpc-status-mapping.md).
#[must_use]
pub fn of_http(status: i32) -> &'static str {
    match status {
        400 => "INTERNAL",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "UNIMPLEMENTED",
        429 | 502 | 503 | 504 => "UNAVAILABLE",
        _ => "UNKNOWN",
    }
}

/// Undoes the percent-encoding of a message; what is no encoding stays as it is.
fn unescape(message: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(message.len());
    let mut rest = message;
    while let Some((first, more)) = rest.split_first() {
        let digit = |at: usize| {
            more.get(at).and_then(|byte| char::from(*byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok())
        };
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high << 4 | low);
                rest = more.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Refusal {
    /// The error for the host. What the server refused was not done, unless the status leaves that open.
    #[must_use]
    pub fn into_error(self) -> Error {
        let kind = match self.name {
            "CANCELLED" => Kind::Cancelled,
            "INVALID_ARGUMENT" | "OUT_OF_RANGE" => Kind::Argument,
            "DEADLINE_EXCEEDED" => Kind::Timeout,
            "NOT_FOUND" => Kind::NotFound,
            "ALREADY_EXISTS" | "ABORTED" => Kind::Conflict,
            "PERMISSION_DENIED" => Kind::Denied,
            "UNAUTHENTICATED" => Kind::Auth,
            "RESOURCE_EXHAUSTED" => Kind::Limit,
            "UNIMPLEMENTED" => Kind::Unsupported,
            "UNAVAILABLE" => Kind::Io,
            _ => Kind::Remote,
        };
        let open = matches!(
            self.name,
            "CANCELLED" | "DEADLINE_EXCEEDED" | "UNAVAILABLE" | "UNKNOWN" | "INTERNAL" | "DATA_LOSS"
        );
        let text = if self.message.is_empty() { String::new() } else { format!(": {}", self.message) };
        Error::new(&code::SERVER, format!("the server refused: {}{text}", self.name))
            .status_as(kind)
            .transient(matches!(self.name, "UNAVAILABLE" | "DEADLINE_EXCEEDED" | "ABORTED"))
            .with("grpc_status", self.name)
            .with("server_text", self.message)
            .outcome(if open { Outcome::Unknown } else { Outcome::NotSent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_have_their_names_and_texts() {
        assert_eq!(told(b"0", None), None);
        let refusal = told(b"5", Some(b"no%20such %E2%82%AC 100%")).unwrap();
        assert_eq!((refusal.name, &*refusal.message), ("NOT_FOUND", "no such \u{20ac} 100%"));
        assert_eq!(told(b"99", None).unwrap().name, "UNKNOWN");
        assert_eq!(told(b"x", None).unwrap().name, "UNKNOWN");
        assert_eq!(told(b"16", None).unwrap().name, "UNAUTHENTICATED");
        assert_eq!((of_http(503), of_http(404), of_http(200)), ("UNAVAILABLE", "UNIMPLEMENTED", "UNKNOWN"));
        let error = refusal.into_error();
        assert_eq!((error.status(), error.code()), (Kind::NotFound, "server"));
    }
}
