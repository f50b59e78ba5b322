//! What the server says when it refuses (spec/mesh.md 6). Its statuses are not to be relied on; its texts are.

use super::form::Guid;
use crate::{
    engine::grpc::status::Refusal,
    error::{Code, Error, Outcome, Status, code},
    value::Tree,
};

/// Texts that tell more than the status beside them.
const TEXTS: [(&[&str], &Code, Status); 5] = [
    (&["session with id", "not found"], &code::SESSION_LOST, Status::NotFound),
    (&["is corrupt due to changes done by some other session"], &code::SESSION_CORRUPT, Status::Conflict),
    (&["missing owner"], &code::OWNER_GONE, Status::Conflict),
    (&["owner of the object not found"], &code::OWNER_GONE, Status::Conflict),
    (&["received message larger than max"], &code::MESSAGE_TOO_LARGE, Status::Limit),
];

/// The error for the host.
pub fn error(refusal: Refusal) -> Error {
    let text = refusal.message.to_lowercase();
    let found = TEXTS.iter().find(|(words, ..)| words.iter().all(|word| text.contains(word)));
    match found {
        Some((_, found, status)) => {
            let error = Error::new(found, format!("the server refused: {}", refusal.message))
                .status_as(*status)
                .with("grpc_status", refusal.name)
                .outcome(Outcome::NotSent);
            // The one that the server means, which a raw call may have named itself.
            let error = match named(&refusal.message)
                .filter(|_| found.word == code::SESSION_LOST.word || found.word == code::SESSION_CORRUPT.word)
            {
                Some(id) => error.with("session_id", id.to_string()),
                None => error,
            };
            error.with("server_text", refusal.message)
        }
        None => not_found(refusal, &text),
    }
}

/// Something that is not there comes under any status.
fn not_found(refusal: Refusal, text: &str) -> Error {
    let gone = ["object not found", "attribute not found"].iter().any(|words| text.contains(words));
    let error = refusal.into_error();
    if gone { error.status_as(Status::NotFound).outcome(Outcome::NotSent) } else { error }
}

/// The id in a text of the server: in braces and upper case, or as it is.
fn named(text: &str) -> Option<Guid> {
    text.split_whitespace()
        .find_map(|word| Guid::parse(word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric())))
}

/// A refusal of what was asked of one session: a lost one is named, in the words and in the detail.
pub fn of_session(error: Error, id: Guid) -> Error {
    if error.code() != code::SESSION_LOST.word || error.detail().get("session_id").is_some() {
        return error;
    }
    error.with("session_id", id.to_string())
}

/// Whether the server wants another token.
pub fn wants_token(error: &Error) -> bool {
    error.detail().get("grpc_status").and_then(Tree::as_str) == Some("UNAUTHENTICATED")
}

/// A failure on the way, with the status that a gRPC client has for it (grpc/doc/PROTOCOL-HTTP2.md, "Errors").
pub fn on_the_way(error: Error) -> Error {
    // How a call went is said behind its answer: one that broke off before that says nothing.
    let error = if error.known_outcome() == Some(Outcome::Applied) { error.outcome(Outcome::Unknown) } else { error };
    let reset = error.detail().get("http2_error").and_then(Tree::as_str);
    let name = match (error.status(), reset) {
        (Status::Io | Status::Protocol, Some("CANCEL")) => "CANCELLED",
        (Status::Io | Status::Protocol, Some("ENHANCE_YOUR_CALM")) => "RESOURCE_EXHAUSTED",
        (Status::Io | Status::Protocol, Some("INADEQUATE_SECURITY")) => "PERMISSION_DENIED",
        (Status::Io | Status::Protocol, Some(other)) if other != "REFUSED_STREAM" => "INTERNAL",
        (Status::Io | Status::Tls, _) => "UNAVAILABLE",
        _ if error.code() == code::INCOMPLETE_READ.word => "UNAVAILABLE",
        (Status::Timeout, _) => "DEADLINE_EXCEEDED",
        (Status::Cancelled, _) => "CANCELLED",
        _ => return error,
    };
    error.with("grpc_status", name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &'static str, message: &str) -> Error {
        error(Refusal { name, message: message.into() })
    }

    #[test]
    fn a_lost_session_is_known_by_its_text_whatever_the_status() {
        for status in ["NOT_FOUND", "INVALID_ARGUMENT", "FAILED_PRECONDITION", "UNKNOWN"] {
            let error = told(status, "Session with id {0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0} not found.");
            assert_eq!((error.code(), error.status()), ("session_lost", Status::NotFound), "{status}");
            let detail = error.detail();
            assert_eq!(detail.get("session_id").and_then(Tree::as_str), Some("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"));
            assert_eq!(detail.get("grpc_status").and_then(Tree::as_str), Some(status));
            assert!(error.message().contains("0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0"), "{error}");
            assert_eq!(error.known_outcome(), Some(Outcome::NotSent));
        }
        assert_eq!(told("NOT_FOUND", "object not found: x").code(), "server");
    }

    #[test]
    fn conflicts_have_their_codes() {
        let text = "session 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0 is corrupt due to changes done by some other session, rollback your changes to fix your session";
        let error = told("UNKNOWN", text);
        assert_eq!((error.code(), error.status()), ("session_corrupt", Status::Conflict));
        assert_eq!(
            error.detail().get("session_id").and_then(Tree::as_str),
            Some("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0")
        );
        for text in ["Missing owner for x", "Owner of the object not found"] {
            assert_eq!(
                (told("UNKNOWN", text).code(), told("UNKNOWN", text).status()),
                ("owner_gone", Status::Conflict)
            );
        }
    }
}
