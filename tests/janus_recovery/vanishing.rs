//! Handles of which the server says that they are gone, in the order in which its threads come to say it: of themselves, with
//! their session, or behind a detach of which the last word was lost.

use std::sync::{Arc, Mutex};

use haft::{
    error::Outcome,
    session::{Kind, Session},
};
use haft_sandbox::janus::{Janus, Setup};
use serde_json::{Value, json};

use crate::{
    bed::{ECHO, ROOM, args, ask, attach, hear, id, message, next, open, start, why},
    janus::{
        probe::admin,
        relay::{Relay, Side},
    },
    recreating::{again, restored},
    signals::Between,
};

/// The server, and what changes what it says.
fn changed(janus: &Janus, change: impl Fn(Value) -> Value + Send + Sync + 'static) -> Between {
    Between::of(&janus.ws, move |text| change(serde_json::from_str(&text).unwrap()).to_string())
}

/// A session that times out has its handles detached first; each says so on a thread of its own, before its session or behind
/// it, or not at all. Here all say it before, and the session is told of them by their ids.
fn told_first(janus: &Janus) -> (Between, Arc<Mutex<Vec<u64>>>) {
    let handles = Arc::new(Mutex::new(Vec::new()));
    let known = Arc::clone(&handles);
    let between = changed(janus, move |message| {
        if message["janus"] != "timeout" {
            return message;
        }
        let of = |sender: &u64| json!({"janus": "detached", "session_id": message["session_id"], "sender": sender});
        let mut all: Vec<Value> = known.lock().unwrap().iter().map(of).collect();
        all.push(message.clone());
        all.into()
    });
    (between, handles)
}

/// They are made again with their session.
#[test]
fn handles_that_are_told_of_before_their_session() {
    let janus = Janus::start(&Setup::short()).unwrap();
    let (between, handles) = told_first(&janus);
    let mut options = again();
    options["keepalive_interval"] = 0.into();
    let session = open(&between.url, &options);
    let (room, echo) = (attach(&session, ROOM), attach(&session, ECHO));
    ask(&room, "join", &json!({"ptype": "publisher", "room": 1234})).unwrap();
    let olds = [id(&room), id(&echo)];
    handles.lock().unwrap().extend(olds);
    hear(&session, "timeout");
    assert_eq!(message(&session)["janus"], "timeout");
    let told = restored(&session);
    for (handle, old) in [&room, &echo].into_iter().zip(olds) {
        let own = restored(handle);
        assert_eq!(
            (&own["handles"][0]["old_id"], &own["handles"][0]["id"]),
            (&json!(old), &json!(id(handle))),
            "{told}"
        );
    }
    assert_eq!(told["handles"].as_array().unwrap().len(), 2, "{told}");
    ask(&session, "keepalive", &json!({})).unwrap();
    let there = ask(&room, "listparticipants", &json!({"room": 1234})).unwrap();
    assert_eq!(there["participants"].as_array().unwrap().len(), 1);
}

/// Where nothing is made again they are closed with the reason of their session, and not as if they alone were gone.
#[test]
fn handles_that_are_told_of_before_a_session_that_ends() {
    let janus = Janus::start(&Setup::short()).unwrap();
    for recover in ["claim", "off"] {
        let (between, handles) = told_first(&janus);
        let session = open(&between.url, &json!({"keepalive_interval": 0, "recover": recover}));
        let (room, echo) = (attach(&session, ROOM), attach(&session, ECHO));
        handles.lock().unwrap().extend([id(&room), id(&echo)]);
        for closed in [&session, &room, &echo] {
            let (code, text, _) = why(&next(closed, Kind::Closed));
            assert_eq!(code, "session_lost", "{recover}: {text}");
        }
    }
}

/// One that is detached by itself ends, and its session goes on.
#[test]
fn a_handle_that_goes_alone() {
    let janus = start();
    let session = open(&janus.ws, &again());
    let (room, echo) = (attach(&session, ROOM), attach(&session, ECHO));
    let request = json!({"janus": "detach_handle", "session_id": id(&session), "handle_id": id(&room)});
    assert_eq!(admin(&janus, request)["janus"], "success");
    next(&room, Kind::Closed);
    goes_on(&session, &echo);
}

/// The same where nothing but a refusal says that it has gone.
#[test]
fn a_handle_that_a_refusal_says_is_gone() {
    let janus = start();
    let between = changed(&janus, |mut message| {
        if message["plugindata"]["data"]["exists"].is_boolean() {
            message["janus"] = "error".into();
            message["error"] = json!({"code": 459, "reason": "No such handle"});
        }
        message
    });
    let session = open(&between.url, &again());
    let (room, echo) = (attach(&session, ROOM), attach(&session, ECHO));
    let error = ask(&room, "exists", &json!({"room": 1234})).unwrap_err();
    assert_eq!(error.code(), "handle_lost", "{error}");
    assert_eq!(why(&next(&room, Kind::Closed)).0, "handle_lost");
    goes_on(&session, &echo);
}

/// A detach was taken, and the connection lost before the server said that it was done.
#[test]
fn a_handle_of_which_the_last_word_was_lost() {
    for (recover, reclaim) in [("claim", 60), ("recreate", 60), ("recreate", 0)] {
        let janus = Janus::start(&Setup { reclaim, ..Setup::default() }).unwrap();
        // It says so as soon as it can, which may be before it answers: that word is lost here in any case.
        let between = changed(&janus, |message| match message["janus"] == "detached" {
            true => json!({"janus": "ack", "transaction": "nobody's"}),
            false => message,
        });
        let (relay, server) = Relay::of(&between.url);
        let mut options = again();
        options["recover"] = recover.into();
        let session = open(&server, &options);
        let (room, echo) = (attach(&session, ROOM), attach(&session, ECHO));
        ask(&room, "detach", &json!({})).unwrap();
        relay.cut();
        next(&room, Kind::Lost);
        next(&room, Kind::Closed);
        let told = restored(&session);
        assert_eq!(told["handles"].as_array().unwrap().len(), 1, "{told}");
        restored(&echo);
        goes_on(&session, &echo);
        let attached = |(side, message): &&(Side, Value)| *side == Side::Client && message["plugin"] == ROOM;
        assert_eq!(relay.messages().iter().filter(attached).count(), 1, "{recover}: attached again");
    }
}

/// The server says a moment later that a detach is done: nobody can ask for anything in between.
#[test]
fn what_is_asked_behind_a_detach_is_not_sent() {
    let janus = start();
    let between = changed(&janus, |message| match message["janus"] == "detached" {
        true => json!({"janus": "ack", "transaction": "nobody's"}),
        false => message,
    });
    let (relay, server) = Relay::of(&between.url);
    let session = open(&server, &again());
    let (room, echo) = (attach(&session, ROOM), attach(&session, ECHO));
    ask(&room, "detach", &json!({})).unwrap();
    let before = relay.messages().len();
    for (verb, arguments) in
        [("exists", json!({"room": 1234})), ("detach", json!({})), ("message", json!({"body": {}}))]
    {
        let error = ask(&room, verb, &arguments).unwrap_err();
        assert_eq!((error.code(), error.known_outcome()), ("closed", Some(Outcome::NotSent)), "{verb}: {error}");
        room.submit(Some(verb), None, &args(&arguments)).unwrap();
        assert_eq!(why(&next(&room, Kind::Response)).0, "closed", "{verb}");
    }
    goes_on(&session, &echo);
    let to = |(_, message): &(Side, Value)| message["handle_id"] == id(&room);
    assert!(!relay.messages().iter().skip(before).any(to));
}

fn goes_on(session: &Session, echo: &Session) {
    ask(session, "keepalive", &json!({})).unwrap();
    assert_eq!(ask(echo, "message", &json!({"body": {"audio": true}})).unwrap()["result"], "ok");
    assert!(session.poll(0).unwrap_or(None).is_none_or(|event| event.kind() == Kind::Message), "it was told of it");
}
