//! Every request of the core (spec/janus.md 2.2) with the answer that the server gives.

use haft::{args::Args, session::Kind, value::Tree};
use serde_json::{Value, json};

use crate::{
    bed::{ECHO, ROOM, TEXT, args, ask, attach, hear, id, inspect, message, next, open, shown, start, value},
    janus::{offer, probe::admin},
};

#[test]
fn requests_without_a_session() {
    let janus = start();
    let session = open(&janus.ws, &json!({"lazy": true}));
    assert_eq!(inspect(&session, "session_id"), Value::Null);
    let info = ask(&session, "info", &json!({})).unwrap();
    assert_eq!((&info["janus"], &info["version_string"]), (&json!("server_info"), &json!("1.1.2")));
    assert_eq!(ask(&session, "ping", &json!({})).unwrap()["janus"], "pong");
    // Neither of them opened a session.
    assert_eq!(admin(&janus, json!({"janus": "list_sessions"}))["sessions"], json!([]));
    ask(&session, "keepalive", &json!({})).unwrap();
    assert_eq!(admin(&janus, json!({"janus": "list_sessions"}))["sessions"], json!([id(&session)]));
    session.close(&Args::new()).unwrap();
}

#[test]
fn requests_of_a_session() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let own = id(&session);
    let answer = ask(&session, "keepalive", &json!({})).unwrap();
    assert_eq!((&answer["janus"], &answer["session_id"]), (&json!("ack"), &json!(own)));
    let answer = ask(&session, "claim", &json!({})).unwrap();
    assert_eq!((&answer["janus"], &answer["session_id"]), (&json!("success"), &json!(own)));
    let handle = session.attach(ECHO, &args(&json!({"opaque_id": "mine", "loop_index": 0}))).unwrap();
    let info = admin(&janus, json!({"janus": "handle_info", "session_id": own, "handle_id": id(&handle)}));
    assert_eq!((&info["info"]["plugin"], &info["info"]["opaque_id"]), (&json!(ECHO), &json!("mine")));
    let listed = inspect(&session, "handles");
    assert_eq!(listed, json!([{"id": id(&handle), "plugin": ECHO, "opaque_id": "mine"}]));
    assert_eq!(inspect(&handle, "session_id"), json!(own));
    // The server has told of itself without being asked.
    assert_eq!(inspect(&session, "stats")["sessions"], 1);
    let answer = ask(&session, "destroy", &json!({})).unwrap();
    assert_eq!(answer["janus"], "success");
    assert!(next(&session, Kind::Closed).failure().is_none());
    assert!(next(&handle, Kind::Closed).failure().is_none());
    assert_eq!(ask(&session, "ping", &json!({})).unwrap_err().code(), "closed");
    assert_eq!(admin(&janus, json!({"janus": "list_sessions"}))["sessions"], json!([]));
}

#[test]
fn requests_of_a_handle() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let echo = attach(&session, ECHO);
    // An asynchronous request: the event is the answer, whenever the ack comes.
    let answer = ask(&echo, "message", &json!({"body": {"audio": true, "bitrate": 64000}})).unwrap();
    assert_eq!(answer, json!({"echotest": "event", "result": "ok"}));
    // With a jsep, which comes back as a member.
    let offered = json!({"body": {"audio": true}, "jsep": {"type": "offer", "sdp": offer(), "trickle": true}});
    let answer = ask(&echo, "message", &offered).unwrap();
    assert_eq!((&answer["result"], &answer["jsep"]["type"]), (&json!("ok"), &json!("answer")));
    assert!(answer["jsep"]["sdp"].as_str().unwrap().starts_with("v=0\r\n"));
    let candidate = json!({"candidate": "candidate:1 1 udp 2015363583 127.0.0.1 9 typ host", "sdpMid": "0"});
    for trickled in [
        json!({"candidate": candidate}),
        json!({"candidates": [candidate, {"completed": true}]}),
        json!({"candidate": {"completed": true}}),
        json!({"candidate": null}),
    ] {
        assert_eq!(ask(&echo, "trickle", &trickled).unwrap()["janus"], "ack", "{trickled}");
    }
    hear(&echo, "*");
    assert_eq!(ask(&echo, "hangup_webrtc", &json!({})).unwrap()["janus"], "success");
    // What the hangup leads to is told by events, in the server's order.
    let words: Vec<Value> = (0..2).map(|_| message(&echo)["janus"].clone()).collect();
    assert!(words.contains(&json!("event")) && words.contains(&json!("hangup")), "{words:?}");

    // A synchronous request.
    let room = attach(&session, ROOM);
    let answer = ask(&room, "message", &json!({"body": {"request": "exists", "room": 1234}})).unwrap();
    assert_eq!((&answer["videoroom"], &answer["exists"]), (&json!("success"), &json!(true)));
    // The same by its own name, with fields as arguments.
    let answer = ask(&room, "exists", &json!({"room": 1234})).unwrap();
    assert_eq!((&answer["videoroom"], &answer["exists"]), (&json!("success"), &json!(true)));

    hear(&room, "detached");
    let own = id(&room);
    assert_eq!(ask(&room, "detach", &json!({})).unwrap()["janus"], "success");
    assert_eq!(message(&room)["sender"], json!(own));
    assert!(next(&room, Kind::Closed).failure().is_none());
    assert_eq!(ask(&room, "exists", &json!({"room": 1234})).unwrap_err().code(), "closed");
    assert_eq!(inspect(&session, "handles").as_array().unwrap().len(), 1);
}

#[test]
fn whole_messages_of_the_hosts_own() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let own = id(&session);
    let answer = ask(&session, "raw", &json!({"janus": "PING"})).unwrap();
    assert_eq!(answer["janus"], "pong");
    let answer = ask(&session, "raw", &json!({"janus": "keepalive", "transaction": "of the host"})).unwrap();
    assert_eq!(answer, json!({"janus": "ack", "session_id": own, "transaction": "of the host"}));
    // The name is free again.
    ask(&session, "raw", &json!({"janus": "keepalive", "transaction": "of the host"})).unwrap();
    let attached = ask(&session, "raw", &json!({"janus": "attach", "plugin": TEXT})).unwrap();
    let handle = attached["data"]["id"].as_u64().unwrap();
    // Session and handle are put in where the message names none; the answer is the whole message.
    let adopted = session.attach(&format!("handle:{handle}"), &args(&json!({"plugin": TEXT}))).unwrap();
    let listed = ask(&adopted, "raw", &json!({"janus": "message", "body": {"request": "list"}})).unwrap();
    assert_eq!((&listed["sender"], &listed["plugindata"]["plugin"]), (&json!(handle), &json!(TEXT)));
    let named = json!({"janus": "message", "session_id": own, "handle_id": handle, "body": {"request": "list"}});
    assert_eq!(ask(&session, "raw", &named).unwrap()["plugindata"], listed["plugindata"]);
    // A second session by way of the first, which is nobody's here.
    let created = ask(&session, "raw", &json!({"janus": "create"})).unwrap();
    let other = created["data"]["id"].as_u64().unwrap();
    assert_ne!(other, own);
    ask(&session, "raw", &json!({"janus": "destroy", "session_id": other})).unwrap();
    assert_eq!(ask(&session, "keepalive", &json!({})).unwrap()["janus"], "ack", "the own one goes on");
}

/// What `prepare` gives is the message, which can be changed and sent.
#[test]
fn messages_can_be_looked_at_before_they_are_sent() {
    let janus = start();
    let session = open(&janus.ws, &json!({"api_secret": "nobody asks for it"}));
    let room = attach(&session, ROOM);
    let mut prepared = room.prepare(Some("exists"), None, &args(&json!({"room": 1}))).unwrap();
    let shown: Value = serde_json::from_str(&prepared.view().root().to_json()).unwrap();
    let expected = json!({
        "janus": "message", "session_id": id(&session), "handle_id": id(&room),
        "body": {"request": "exists", "room": 1}
    });
    assert_eq!(shown, expected);
    prepared.set("body", Tree::from_json(r#"{"request": "exists", "room": 1234}"#).unwrap());
    let answer = value(&room.request(None, None, &prepared).unwrap());
    assert_eq!(answer["exists"], true, "{answer}");
}

/// Staged messages are sent in order by the commit.
#[test]
fn messages_can_be_staged() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let room = attach(&session, ROOM);
    for number in [71, 72] {
        room.stage(Some("create"), None, &args(&json!({"room": number}))).unwrap();
    }
    room.stage(Some("destroy"), None, &args(&json!({"room": 71}))).unwrap();
    assert_eq!(ask(&room, "exists", &json!({"room": 71})).unwrap()["exists"], false);
    let committed = value(&session.commit(&Args::new()).unwrap());
    let words: Vec<_> = committed.as_array().unwrap().iter().map(|item| &item["value"]["videoroom"]).collect();
    assert_eq!(words, ["created", "created", "destroyed"]);
    assert_eq!(ask(&room, "exists", &json!({"room": 72})).unwrap()["exists"], true);
    for verb in ["detach", "trickle", "hangup_webrtc"] {
        let error = room.stage(Some(verb), None, &Args::new()).unwrap_err();
        assert_eq!(error.code(), "unsupported", "{verb}");
    }
    assert_eq!(session.stage(Some("ping"), None, &Args::new()).unwrap_err().code(), "unsupported");
}

/// What is submitted is answered by events, each with its own.
#[test]
fn requests_can_be_submitted() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let room = attach(&session, ROOM);
    let mut expected = std::collections::HashMap::new();
    for number in 0..200 {
        let id = room.submit(Some("create"), None, &args(&json!({"room": 5000 + number, "tag": "t"}))).unwrap();
        expected.insert(id, 5000 + number);
    }
    for _ in 0..200 {
        let mut event = next(&room, Kind::Response);
        let number = expected.remove(&event.id()).unwrap();
        let answer = event.take_response().unwrap();
        assert_eq!(value(&answer), json!({"videoroom": "created", "room": number, "permanent": false}));
    }
    assert!(expected.is_empty());
    let lazy = open(&janus.ws, &json!({"lazy": true}));
    lazy.submit(Some("keepalive"), None, &Args::new()).unwrap();
    let event = next(&lazy, Kind::Response);
    assert!(event.failure().is_none(), "{}", shown(&event));
}
