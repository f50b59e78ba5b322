//! The calls of a session, one way or the other: blocking, or submitted and polled for.

#![allow(clippy::unwrap_used, dead_code, reason = "a test stops at what must not be; not every test has all of it")]

use haft::{
    args::Args,
    error::{Error, code},
    session::{HostCode, Kind, Response, Session},
};

/// Whether calls are submitted: the same cases once more by way of the reactor.
pub fn by_queue() -> bool {
    env!("CARGO_CRATE_NAME") == "ftrack_submit"
}

/// The answer of what was submitted.
pub fn answer(session: &Session, id: u64) -> Result<Response, Error> {
    loop {
        let mut event = session.poll(60_000)?.expect("an answer in a minute").settled();
        if event.kind() == Kind::Response && event.id() == id {
            return event.take_response().ok_or_else(|| again(event.failure().unwrap().error()));
        }
    }
}

/// An error like this one, which belongs to its event.
pub fn again(error: &Error) -> Error {
    let code = code::ALL.iter().find(|code| code.word == error.code()).unwrap();
    let mut copy =
        Error::new(code, error.message().to_owned()).status_as(error.status()).transient(error.is_retryable());
    for (key, value) in error.detail().iter() {
        copy = copy.with(key, value.clone());
    }
    match error.known_outcome() {
        Some(outcome) => copy.outcome(outcome),
        None => copy,
    }
}

fn away(session: &Session, verb: Option<&str>, target: Option<&str>, args: &Args) -> Result<Response, Error> {
    session.submit(verb, target, args).and_then(|id| answer(session, id))
}

pub fn request(session: &Session, verb: Option<&str>, target: Option<&str>, args: &Args) -> Result<Response, Error> {
    // The worker cannot poll: it would wait for itself.
    if !by_queue() || HostCode::on_worker() {
        return session.request(verb, target, args);
    }
    away(session, verb, target, args)
}

pub fn stage(session: &Session, verb: Option<&str>, target: Option<&str>, args: &Args) -> Result<Response, Error> {
    if !by_queue() {
        return session.stage(verb, target, args);
    }
    let mut all = args.clone();
    all.set("stage", true);
    away(session, verb, target, &all)
}

pub fn commit(session: &Session, args: &Args) -> Result<Response, Error> {
    if by_queue() { away(session, Some("haft.commit"), None, args) } else { session.commit(args) }
}

pub fn rollback(session: &Session, args: &Args) -> Result<(), Error> {
    if by_queue() { away(session, Some("haft.rollback"), None, args).map(drop) } else { session.rollback(args) }
}
