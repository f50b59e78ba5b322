//! A room of the real Janus with who publishes sound and pictures in it, and who watches them.

use haft::{
    engine::media::{
        Codec,
        peer::{Connection, Direction},
    },
    session::{Kind as Event, Session},
};
use serde_json::{Value, json};

use crate::{
    bed::{Party, all, wish},
    talk::{ROOM, ask, attach, hear, next},
};

/// The description that comes with an answer.
pub fn offered(answer: &Value) -> &str {
    answer["jsep"]["sdp"].as_str().unwrap_or_else(|| panic!("no description: {answer}"))
}

/// What a handle says when its connection is up: frames that come before are dropped.
pub fn up(handle: &Session) {
    next(handle, Event::Message);
}

/// The handle, the connection, and what the room said.
pub fn publish(session: &Session) -> (Session, Party, Value) {
    let publishing = attach(session, ROOM);
    hear(&publishing, "webrtcup");
    let publisher = Party::new();
    let wishes = [wish(Codec::Opus, Direction::SendOnly), wish(Codec::Vp8, Direction::SendOnly)];
    publisher.link.plan(&wishes, None).unwrap();
    let offer = publisher.link.offer(false).unwrap();
    let body = json!({"request": "joinandconfigure", "room": 1234, "ptype": "publisher"});
    let jsep = json!({"type": "offer", "sdp": offer, "trickle": false});
    let joined = ask(&publishing, "message", &json!({"body": body, "jsep": jsep})).unwrap();
    publisher.link.accept(offered(&joined)).unwrap();
    publisher.connected();
    up(&publishing);
    (publishing, publisher, joined)
}

/// Takes all that is published there.
pub fn watch(session: &Session, joined: &Value) -> (Session, Party) {
    let watching = attach(session, ROOM);
    hear(&watching, "webrtcup");
    let body = json!({"request": "join", "room": 1234, "ptype": "subscriber", "streams": [{"feed": joined["id"]}]});
    let attached = ask(&watching, "message", &json!({"body": body})).unwrap();
    let subscriber = Party::new();
    let answer = subscriber.link.answer(offered(&attached), &all).unwrap();
    let jsep = json!({"type": "answer", "sdp": answer, "trickle": false});
    ask(&watching, "message", &json!({"body": {"request": "start"}, "jsep": jsep})).unwrap();
    subscriber.connected();
    up(&watching);
    (watching, subscriber)
}
