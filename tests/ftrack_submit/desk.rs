//! Submitting, and what comes back.

use std::{
    collections::HashMap,
    sync::{Condvar, Mutex},
};

use haft::{
    args::Args,
    error::Error,
    session::{Callback, Event, Kind, Session},
};
use serde_json::{Value, json};

use crate::bed::{args, queued::again, value};

pub const PRIORITIES: &str = "select name from Priority order by name";

/// Submits a verb, with its arguments as JSON.
pub fn submit(session: &Session, verb: &str, target: &str, json: &str) -> u64 {
    session.submit(Some(verb), Some(target).filter(|target| !target.is_empty()), &args(json)).unwrap()
}

/// The same, blocking.
pub fn here(session: &Session, verb: &str, target: &str, json: &str) -> Value {
    value(&session.request(Some(verb), Some(target).filter(|target| !target.is_empty()), &args(json)).unwrap())
}

/// The same, staged by a blocking call.
pub fn stage_here(session: &Session, verb: &str, target: &str, json: &str) -> Value {
    value(&session.stage(Some(verb), Some(target), &args(json)).unwrap())
}

/// A submitted verb, staged.
pub fn submit_staged(session: &Session, verb: &str, target: &str, data: &Value) -> u64 {
    submit(session, verb, target, &json!({"stage": true, "data": data}).to_string())
}

pub fn submit_commit(session: &Session) -> u64 {
    session.submit(Some("haft.commit"), None, &Args::new()).unwrap()
}

/// How a submitted call ended.
pub fn ended(mut event: Event) -> Result<Value, Error> {
    match event.take_response() {
        Some(answer) => Ok(value(&answer)),
        None => Err(again(event.failure().unwrap().error())),
    }
}

/// The next answer, whosever it is.
pub fn next(session: &Session) -> (u64, Result<Value, Error>) {
    loop {
        let event = session.poll(60_000).unwrap().expect("an event in a minute").settled();
        if event.kind() == Kind::Response {
            return (event.id(), ended(event));
        }
    }
}

/// The answers of this many calls.
pub fn answers(session: &Session, count: usize) -> HashMap<u64, Result<Value, Error>> {
    (0..count).map(|_| next(session)).collect()
}

/// Something that a thread waits for.
#[derive(Default)]
pub struct Gate(Mutex<bool>, Condvar);

impl Gate {
    pub fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }

    pub fn pass(&self) {
        let mut open = self.0.lock().unwrap();
        while !*open {
            open = self.1.wait(open).unwrap();
        }
    }
}

/// A callback that is a closure.
pub struct Hear<F>(pub F);

impl<F: Fn(Event) + Send + Sync> Callback for Hear<F> {
    fn deliver(&self, event: Event) {
        (self.0)(event);
    }
}

/// Runs something on the worker, inside a callback: one hears of `haft.state` at once.
pub fn on_worker(session: &Session, work: impl Fn() + Send + Sync + 'static) -> u64 {
    session.subscribe("haft.state", &Args::new(), Some(Box::new(Hear(move |_| work()))), 0).unwrap()
}
