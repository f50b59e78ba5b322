//! Short ways to speak to a session of Janus.

use haft::{
    args::Args,
    error::{Error, Result},
    session::{Event, Kind, Response, Session},
    value::Tree,
};
use haft_sandbox::janus::{Janus, Setup};
use serde_json::Value;

pub const ECHO: &str = "janus.plugin.echotest";
pub const ROOM: &str = "janus.plugin.videoroom";
pub const TEXT: &str = "janus.plugin.textroom";

pub fn start() -> Janus {
    Janus::start(&Setup::default()).unwrap()
}

pub fn args(json: &Value) -> Args {
    match Tree::from_json(&json.to_string()).unwrap() {
        Tree::Object(members) => Args::from(members),
        _ => panic!("no object: {json}"),
    }
}

/// The URL of a session that goes to this one of the server's.
pub fn url(server: &str) -> String {
    format!("janus+{server}")
}

pub fn open(server: &str, options: &Value) -> Session {
    Session::create(&url(server), &args(options)).unwrap()
}

pub fn attach(session: &Session, name: &str) -> Session {
    session.attach(name, &Args::new()).unwrap()
}

pub fn ask(session: &Session, verb: &str, arguments: &Value) -> Result<Value> {
    session.request(Some(verb), None, &args(arguments)).map(|answer| value(&answer))
}

pub fn value(answer: &Response) -> Value {
    answer.value().map_or(Value::Null, |value| serde_json::from_str(&value.root().to_json()).unwrap())
}

pub fn inspect(session: &Session, what: &str) -> Value {
    value(&session.inspect(what, &Args::new()).unwrap())
}

pub fn id(session: &Session) -> u64 {
    inspect(session, "id").as_u64().unwrap()
}

pub fn shown(event: &Event) -> Value {
    event.value().map_or(Value::Null, |value| serde_json::from_str(&value.root().to_json()).unwrap())
}

pub fn detail(error: &Error) -> Value {
    serde_json::from_str(&Tree::Object(error.detail().clone()).to_json()).unwrap()
}

pub fn hear(session: &Session, topic: &str) -> u64 {
    session.subscribe(topic, &Args::new(), None, 0).unwrap()
}

/// The next event, which must be of that kind.
pub fn next(session: &Session, kind: Kind) -> Event {
    let event = session.poll(30_000).unwrap().expect("nothing came in time");
    assert_eq!(
        event.kind(),
        kind,
        "{} {:?}",
        shown(&event),
        event.failure().map(|failure| failure.error().to_string())
    );
    event
}

/// The next message.
pub fn message(session: &Session) -> Value {
    shown(&next(session, Kind::Message))
}

/// The error that an event carries.
pub fn why(event: &Event) -> (String, String, Value) {
    let failure = event.failure().expect("no error");
    let detail: Value = serde_json::from_str(&failure.detail().root().to_json()).unwrap();
    (detail["code"].as_str().unwrap_or_default().to_owned(), failure.error().message().to_owned(), detail)
}
