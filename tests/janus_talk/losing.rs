//! Connections that are lost (spec/janus.md 2.6): sessions are claimed before anything else goes out, what was under way
//! has an unknown outcome, and what the server has forgotten ends.

use haft::{
    error::Outcome,
    session::{Kind, Session},
};
use haft_sandbox::janus::{Janus, Setup};
use serde_json::{Value, json};

use crate::{
    bed::{ECHO, ROOM, ask, attach, detail, hear, id, inspect, message, next, open, shown, start, why},
    janus::relay::{Relay, Side},
};

fn patient() -> Janus {
    Janus::start(&Setup { reclaim: 60, ..Setup::default() }).unwrap()
}

const QUICK: &str = r#"{"retry_delay": "20ms"}"#;

fn quick() -> Value {
    serde_json::from_str(QUICK).unwrap()
}

/// What the client sent on its n-th connection, without transactions.
fn said(relay: &Relay, after: usize) -> Vec<Value> {
    let all = relay.messages().into_iter().filter(|(side, _)| *side == Side::Client).map(|(_, message)| message);
    all.skip(after).map(|message| message["janus"].clone()).collect()
}

fn lost_and_restored(session: &Session) -> Value {
    let lost = next(session, Kind::Lost);
    assert_eq!(why(&lost).0, "connection_lost");
    shown(&next(session, Kind::Restored))
}

#[test]
fn sessions_are_claimed_first_and_go_on() {
    let janus = patient();
    let (relay, server) = Relay::of(&janus.ws);
    let session = open(&server, &quick());
    let child = session.attach("session", &haft::args::Args::new()).unwrap();
    let (echo, room) = (attach(&session, ECHO), attach(&child, ROOM));
    ask(&session, "info", &json!({})).unwrap();
    hear(&echo, "event");
    let before = said(&relay, 0).len();
    relay.cut();
    for (on, of) in [(&session, &session), (&child, &child), (&echo, &session), (&room, &child)] {
        let value = lost_and_restored(on);
        assert_eq!((&value["old_id"], &value["id"]), (&json!(id(of)), &json!(id(of))));
    }
    // Handles, ids and subscriptions are as they were.
    assert_eq!(ask(&echo, "message", &json!({"body": {"audio": true}})).unwrap()["result"], "ok");
    assert_eq!(ask(&room, "exists", &json!({"room": 1234})).unwrap()["exists"], true);
    let again = said(&relay, before);
    assert_eq!(again[..2], [json!("claim"), json!("claim")], "{again:?}");
    assert_eq!(again.iter().filter(|word| *word == "claim").count(), 2);
    assert_eq!(inspect(&session, "stats")["losses"], 1);
}

/// What was under way when the connection went: a message may have been done and is not sent again, what changes nothing
/// is asked again.
#[test]
fn what_was_under_way_is_told_from_what_was_not() {
    let janus = patient();
    let (relay, server) = Relay::of(&janus.ws);
    let session = open(&server, &quick());
    let room = attach(&session, ROOM);
    ask(&session, "info", &json!({})).unwrap();
    let before = said(&relay, 0).len();
    janus.freeze().unwrap();
    std::thread::scope(|threads| {
        let message = threads.spawn(|| ask(&room, "exists", &json!({"room": 1234})).unwrap_err());
        let ping = threads.spawn(|| ask(&session, "ping", &json!({})).unwrap());
        let keepalive = threads.spawn(|| ask(&session, "keepalive", &json!({})).unwrap());
        relay.wait(|messages| messages.iter().filter(|(side, _)| *side == Side::Client).count() == before + 3);
        relay.refuse(true);
        relay.cut();
        let error = message.join().unwrap();
        assert_eq!((error.code(), error.known_outcome()), ("connection_lost", Some(Outcome::Unknown)));
        assert!(!error.is_retryable());
        // Asked while there is no connection: it waits for one.
        let waiting = threads.spawn(|| ask(&room, "exists", &json!({"room": 1234})).unwrap());
        let late = ask(&room, "exists", &json!({"room": 1234, "timeout": "30ms"})).unwrap_err();
        assert_eq!((late.code(), late.known_outcome()), ("total_timeout", Some(Outcome::NotSent)));
        janus.thaw().unwrap();
        relay.refuse(false);
        assert_eq!(ping.join().unwrap()["janus"], "pong");
        assert_eq!(keepalive.join().unwrap()["janus"], "ack");
        assert_eq!(waiting.join().unwrap()["exists"], true);
    });
    let again = said(&relay, before + 3);
    let count = |word: &str| again.iter().filter(|said| *said == word).count();
    assert_eq!((count("claim"), count("ping"), count("keepalive"), count("message")), (1, 1, 1, 1), "{again:?}");
    assert_eq!(again[0], "claim");
}

/// Trap 7: a server that keeps nothing forgets a session with its connection.
#[test]
fn a_session_that_the_server_has_forgotten_ends() {
    let janus = start();
    let (relay, server) = Relay::of(&janus.ws);
    let session = open(&server, &quick());
    let echo = attach(&session, ECHO);
    relay.cut();
    next(&session, Kind::Lost);
    let (code, _, detail) = why(&next(&session, Kind::Closed));
    assert_eq!((&*code, &detail["server_code"]), ("session_lost", &json!(458)));
    next(&echo, Kind::Lost);
    assert_eq!(why(&next(&echo, Kind::Closed)).0, "session_lost");
}

/// One of several on a line: the others go on.
#[test]
fn what_is_left_on_the_line_goes_on() {
    let janus = patient();
    let (relay, server) = Relay::of(&janus.ws);
    let session = open(&server, &quick());
    let child = session.attach("session", &haft::args::Args::new()).unwrap();
    ask(&session, "raw", &json!({"message": {"janus": "destroy", "session_id": id(&child)}})).unwrap();
    relay.cut();
    next(&child, Kind::Lost);
    assert_eq!(why(&next(&child, Kind::Closed)).0, "session_lost");
    lost_and_restored(&session);
    ask(&session, "keepalive", &json!({})).unwrap();
}

#[test]
fn without_recovery_a_loss_is_the_end() {
    let janus = patient();
    let (relay, server) = Relay::of(&janus.ws);
    let session = open(&server, &json!({"recover": "off"}));
    let echo = attach(&session, ECHO);
    relay.cut();
    next(&session, Kind::Lost);
    assert_eq!(why(&next(&session, Kind::Closed)).0, "connection_lost");
    next(&echo, Kind::Lost);
    next(&echo, Kind::Closed);
    assert_eq!(relay.connections(), 1);
}

#[test]
fn a_server_that_stays_away_is_given_up() {
    let janus = patient();
    let session = open(&janus.ws, &json!({"retry_delay": "10ms", "max_retries": 2}));
    janus.kill().unwrap();
    next(&session, Kind::Lost);
    let (code, text, _) = why(&next(&session, Kind::Closed));
    assert!(matches!(&*code, "connect" | "connection_lost"), "{code}: {text}");
    assert_eq!(ask(&session, "ping", &json!({})).unwrap_err().code(), "closed");
}

/// A message that was cut in its middle is none.
#[test]
fn a_cut_in_the_middle_of_a_message_loses_nothing_but_that() {
    let janus = patient();
    let (relay, server) = Relay::of(&janus.ws);
    let session = open(&server, &quick());
    let room = attach(&session, ROOM);
    ask(&session, "info", &json!({})).unwrap();
    relay.cut_after(40);
    let error = ask(&room, "list", &json!({})).unwrap_err();
    assert_eq!((error.code(), &detail(&error)["outcome"]), ("connection_lost", &json!("unknown")));
    lost_and_restored(&session);
    assert!(ask(&room, "list", &json!({})).is_ok());
}

/// Events that happen while somebody else has the session are theirs; after a claim they are ours again.
#[test]
fn events_come_again_after_a_claim() {
    let janus = patient();
    let (relay, server) = Relay::of(&janus.ws);
    let session = open(&server, &quick());
    let watcher = attach(&session, ROOM);
    let room = ask(&watcher, "create", &json!({"notify_joining": true})).unwrap()["room"].clone();
    ask(&watcher, "join", &json!({"ptype": "publisher", "room": room})).unwrap();
    hear(&watcher, "event");
    relay.cut();
    lost_and_restored(&watcher);
    let other = open(&janus.ws, &json!({}));
    let guest = attach(&other, ROOM);
    ask(&guest, "join", &json!({"ptype": "publisher", "room": room, "display": "guest"})).unwrap();
    assert_eq!(message(&watcher)["plugindata"]["data"]["joining"]["display"], "guest");
}
