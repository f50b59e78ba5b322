//! What the server says when it refuses (spec/mesh.md 6). Its statuses are not to be relied on; its texts are.

use crate::{
    engine::grpc::status::Refusal,
    error::{Code, Error, Outcome, Status, code},
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
        Some((_, code, status)) => Error::new(code, format!("the server refused: {}", refusal.message))
            .status_as(*status)
            .with("grpc_status", refusal.name)
            .with("server_text", refusal.message)
            .outcome(Outcome::NotSent),
        None => not_found(refusal, &text),
    }
}

/// Something that is not there comes under any status.
fn not_found(refusal: Refusal, text: &str) -> Error {
    let gone = ["object not found", "attribute not found"].iter().any(|words| text.contains(words));
    let error = refusal.into_error();
    if gone { error.status_as(Status::NotFound).outcome(Outcome::NotSent) } else { error }
}

/// A failure on the way, with the status that a gRPC client has for it.
pub fn on_the_way(error: Error) -> Error {
    let name = match error.status() {
        Status::Io | Status::Tls => "UNAVAILABLE",
        Status::Timeout => "DEADLINE_EXCEEDED",
        Status::Cancelled => "CANCELLED",
        _ => return error,
    };
    error.with("grpc_status", name)
}
