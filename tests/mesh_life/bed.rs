//! Short ways to speak to a session.

use haft::{
    args::Args,
    error::Error,
    session::{Event, Kind, Response, Session},
    value::Tree,
};
use serde_json::Value;

use super::peer::Peer;

pub fn args(json: &str) -> Args {
    match Tree::from_json(json).unwrap() {
        Tree::Object(members) => Args::from(members),
        _ => panic!("no object: {json}"),
    }
}

pub fn open(peer: &Peer, json: &str) -> Session {
    Session::create(&peer.url(), &args(json)).unwrap()
}

pub fn value(answer: &Response) -> Value {
    answer.value().map_or(Value::Null, |value| serde_json::from_str(&value.root().to_json()).unwrap())
}

pub fn inspect(session: &Session, what: &str) -> Value {
    value(&session.inspect(what, &Args::new()).unwrap())
}

pub fn id(session: &Session) -> String {
    inspect(session, "session_id").as_str().unwrap().to_owned()
}

/// A call that names the session.
pub fn read(session: &Session) -> Result<(), Error> {
    session.request(Some("call"), Some("volue.mesh.grpc.model.v1alpha.ModelService/ListModels"), &Args::new()).map(drop)
}

pub fn shown(event: &Event) -> Value {
    event.value().map_or(Value::Null, |value| serde_json::from_str(&value.root().to_json()).unwrap())
}

/// Waits until the reactor has seen what was begun before: it takes its work in order.
pub fn settle(session: &Session) {
    session.submit(Some("version"), None, &Args::new()).unwrap();
    next(session, Kind::Response);
}

/// The next event, which must be of that kind.
pub fn next(session: &Session, kind: Kind) -> Event {
    let event = session.poll(30_000).unwrap().expect("nothing came in time");
    assert_eq!(event.kind(), kind, "{}", shown(&event));
    event
}

/// The error that an event carries.
pub fn why(event: &Event) -> (String, String, Value) {
    let failure = event.failure().expect("no error");
    let detail: Value = serde_json::from_str(&failure.detail().root().to_json()).unwrap();
    (detail["code"].as_str().unwrap_or_default().to_owned(), failure.error().message().to_owned(), detail)
}
