//! Who hears what, and in which order (spec/janus.md 2.4).

use haft::{args::Args, session::Kind};
use serde_json::json;

use crate::{
    bed::{ECHO, ROOM, TEXT, args, ask, attach, hear, id, message, next, open, start},
    janus::{offer, probe::admin},
};

/// Events go to the handle that they come from; the session hears all of them on `*`.
#[test]
fn events_go_to_their_handle_and_to_the_session() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let (watcher, guest) = (attach(&session, ROOM), attach(&session, ROOM));
    let room = ask(&watcher, "create", &json!({"notify_joining": true})).unwrap()["room"].clone();
    let join = |id: u64| json!({"ptype": "publisher", "room": room, "body": null, "display": format!("d{id}")});
    let join = |id: u64| {
        let mut join = join(id);
        join.as_object_mut().unwrap().remove("body");
        join
    };
    ask(&watcher, "join", &join(1)).unwrap();
    hear(&session, "*");
    hear(&watcher, "event");
    hear(&guest, "event");
    let joined = ask(&guest, "join", &join(2)).unwrap();
    let joining = message(&watcher);
    assert_eq!(joining["sender"], json!(id(&watcher)));
    assert_eq!(joining["plugindata"]["data"]["joining"]["id"], joined["id"]);
    assert!(joining.get("transaction").is_none());
    assert_eq!(message(&session), joining);
    // The answer to the join went to whoever asked, and to nobody else.
    ask(&guest, "leave", &json!({})).unwrap();
    let leaving = message(&watcher);
    assert_eq!(leaving["plugindata"]["data"]["leaving"], joined["id"], "{leaving}");
    assert!(guest.poll(0).unwrap().is_none());
}

/// In the server's order, whichever topic they have.
#[test]
fn events_keep_the_servers_order() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let watcher = attach(&session, ROOM);
    let room = ask(&watcher, "create", &json!({"notify_joining": true, "publishers": 100})).unwrap()["room"].clone();
    ask(&watcher, "join", &json!({"ptype": "publisher", "room": room})).unwrap();
    hear(&watcher, "*");
    for number in 1..=50u64 {
        // Whoever has left a room needs another handle.
        let guest = attach(&session, ROOM);
        let body = json!({"request": "join", "ptype": "publisher", "room": room, "id": number});
        ask(&guest, "message", &json!({"body": body})).unwrap();
        ask(&guest, "leave", &json!({})).unwrap();
    }
    for number in 1..=50u64 {
        assert_eq!(message(&watcher)["plugindata"]["data"]["joining"]["id"], number);
        assert_eq!(message(&watcher)["plugindata"]["data"]["leaving"], number);
    }
}

/// Trap 1: the event that answers may come before the ack. None is lost, and none comes as an event besides.
#[test]
fn answers_are_never_lost_to_an_ack_that_comes_late() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let echo = attach(&session, ECHO);
    hear(&echo, "*");
    for number in 0..500 {
        let answer = ask(&echo, "message", &json!({"body": {"bitrate": 1000 + number}})).unwrap();
        assert_eq!(answer, json!({"echotest": "event", "result": "ok"}));
    }
    let mut waiting = std::collections::HashSet::new();
    for number in 0..500 {
        let arguments = args(&json!({"body": {"bitrate": 1000 + number}}));
        waiting.insert(echo.submit(Some("message"), None, &arguments).unwrap());
    }
    for _ in 0..500 {
        let event = next(&echo, Kind::Response);
        assert!(event.failure().is_none() && waiting.remove(&event.id()));
    }
    assert!(echo.poll(0).unwrap().is_none());
}

/// Negotiations with an offer each: the answer is in what the caller gets.
#[test]
fn answers_to_offers_come_to_whoever_offered() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    for _ in 0..5 {
        let echo = attach(&session, ECHO);
        let offered = json!({"body": {"audio": true}, "jsep": {"type": "offer", "sdp": offer()}});
        let answer = ask(&echo, "message", &offered).unwrap();
        assert_eq!((&answer["result"], &answer["jsep"]["type"]), (&json!("ok"), &json!("answer")));
        echo.close(&Args::new()).unwrap();
    }
}

/// What the server does by itself: here by order of its administrator.
#[test]
fn a_handle_that_the_server_detaches_is_closed() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let (room, other) = (attach(&session, ROOM), attach(&session, TEXT));
    hear(&room, "detached");
    let ids = json!({"janus": "detach_handle", "session_id": id(&session), "handle_id": id(&room)});
    assert_eq!(admin(&janus, ids)["janus"], "success");
    assert_eq!(message(&room)["janus"], "detached");
    next(&room, Kind::Closed);
    assert!(ask(&other, "list", &json!({})).is_ok());
}

/// A late answer: the caller waits no more, and what an event says has happened all the same.
#[test]
fn an_event_whose_caller_waits_no_more_is_an_event() {
    let janus = start();
    let (relay, server) = crate::janus::relay::Relay::of(&janus.ws);
    let session = open(&server, &json!({}));
    let (echo, room) = (attach(&session, ECHO), attach(&session, ROOM));
    hear(&echo, "*");
    hear(&room, "*");
    relay.hold(true);
    let late = json!({"body": {"audio": true}, "timeout": "50ms"});
    let error = ask(&echo, "message", &late).unwrap_err();
    assert_eq!((error.code(), &crate::bed::detail(&error)["outcome"]), ("total_timeout", &json!("unknown")));
    let error = ask(&room, "exists", &json!({"room": 1234, "timeout": "50ms"})).unwrap_err();
    assert_eq!(error.code(), "total_timeout");
    relay.hold(false);
    assert_eq!(message(&echo)["plugindata"]["data"]["result"], "ok");
    // The answer of the other one told only its caller anything.
    ask(&room, "exists", &json!({"room": 1234})).unwrap();
    assert!(room.poll(0).unwrap().is_none());
}
