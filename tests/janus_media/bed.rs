//! Handles with media on the real server, and what is asked of them.

use haft::{
    args::Args,
    error::Error,
    session::{Event, Kind, Response, Session},
    value::Tree,
};
use haft_sandbox::janus::{Janus, Setup};
use serde_json::{Value, json};

pub use super::media::folder::Folder;

/// How long anything may take.
pub const PATIENCE: i64 = 30_000;

pub fn start() -> Janus {
    Janus::start(&Setup::default()).unwrap()
}

pub fn open(janus: &Janus) -> Session {
    Session::create(&format!("janus+{}", janus.ws), &Args::new()).unwrap()
}

pub fn attach(session: &Session, plugin: &str) -> Session {
    session.attach(&format!("janus.plugin.{plugin}"), &Args::new()).unwrap()
}

pub fn args(json: &Value) -> Args {
    match Tree::from_json(&json.to_string()).unwrap() {
        Tree::Object(members) => Args::from(members),
        _ => panic!("no object: {json}"),
    }
}

pub fn value(answer: &Response) -> Value {
    answer.value().map_or(Value::Null, |value| serde_json::from_str(&value.root().to_json()).unwrap())
}

pub fn try_ask(handle: &Session, verb: &str, arguments: &Value) -> Result<Value, Error> {
    handle.request(Some(verb), None, &args(arguments)).map(|answer| value(&answer))
}

#[track_caller]
pub fn ask(handle: &Session, verb: &str, arguments: Value) -> Value {
    try_ask(handle, verb, &arguments).unwrap_or_else(|error| panic!("{verb} {arguments}: {error:?}"))
}

pub fn hear(handle: &Session, topic: &str) {
    handle.subscribe(topic, &Args::new(), None, 0).unwrap();
}

/// The next event of any kind.
#[track_caller]
pub fn next(handle: &Session) -> Event {
    handle.poll(PATIENCE).unwrap().expect("nothing came in time")
}

/// The next event that `wanted` takes something of; others are passed over.
#[track_caller]
pub fn until<T>(handle: &Session, wanted: impl Fn(&Event) -> Option<T>) -> T {
    loop {
        let event = next(handle);
        assert_ne!(event.kind(), Kind::Closed, "closed");
        if let Some(it) = wanted(&event) {
            return it;
        }
    }
}

/// The data of a plugin's event.
pub fn data(event: &Event) -> Value {
    let whole = json(event);
    whole["plugindata"]["data"].clone()
}

pub fn json(event: &Event) -> Value {
    event.value().map_or(Value::Null, |value| serde_json::from_str(&value.root().to_json()).unwrap_or(json!(null)))
}

/// How a submitted call ended.
#[track_caller]
pub fn answered(handle: &Session, id: u64) -> Result<Value, (String, Value)> {
    until(handle, |event| {
        if event.kind() != Kind::Response || event.id() != id {
            return None;
        }
        Some(match event.failure() {
            Some(failure) => Err((
                failure.error().code().to_owned(),
                serde_json::from_str(&Tree::Object(failure.error().detail().clone()).to_json()).unwrap(),
            )),
            None => Ok(event.response().map_or(Value::Null, value)),
        })
    })
}
