//! How sessions come to be: made, named, claimed, put off, or not at all.

use std::{
    io::{Read, Write},
    net::TcpListener,
    time::{Duration, Instant},
};

use haft::{
    args::Args,
    error::{Outcome, Status},
    session::{Kind, Session},
};
use haft_sandbox::janus::{Janus, Setup};
use serde_json::{Value, json};

use crate::{
    bed::{ECHO, args, ask, attach, detail, hear, id, inspect, message, next, open, shown, start, url},
    janus::{
        probe::{Socket, admin},
        relay::{Relay, Side},
    },
};

/// Where nobody listens, and no other test will.
const NOWHERE: &str = "ws://127.0.0.1:1/";

fn sessions(janus: &Janus) -> Value {
    admin(janus, json!({"janus": "list_sessions"}))["sessions"].clone()
}

/// What goes out, to the last field: the first message, what the server is asked once, and nothing else.
#[test]
fn a_session_is_made_with_one_message() {
    let janus = start();
    let (relay, server) = Relay::of(&janus.ws);
    let session = open(&server, &json!({}));
    assert_eq!(sessions(&janus), json!([id(&session)]));
    assert!(
        session
            .inspect("url", &Args::new())
            .is_ok_and(|shown| { shown.value().unwrap().root().as_str() == Some(&format!("janus+{server}")) })
    );
    relay.wait(|messages| messages.iter().filter(|(side, _)| *side == Side::Server).count() == 2);
    let mut sent: Vec<Value> =
        relay.messages().into_iter().filter(|(side, _)| *side == Side::Client).map(|(_, message)| message).collect();
    for message in &mut sent {
        let transaction = message.as_object_mut().unwrap().remove("transaction").unwrap();
        assert!(!transaction.as_str().unwrap().is_empty());
    }
    sent.sort_by_key(ToString::to_string);
    assert_eq!(sent, [json!({"janus": "create"}), json!({"janus": "info"})]);
    let head = String::from_utf8(relay.bytes(0, Side::Client))
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    assert!(head.contains("\r\nSec-WebSocket-Protocol: janus-protocol\r\n"), "{head}");
    assert!(!head.contains("permessage-deflate"), "{head}");
    session.close(&Args::new()).unwrap();
    assert_eq!(sessions(&janus), json!([]));
    // The connection ended as WebSockets do.
    assert_eq!(relay.alive(), 0);
}

#[test]
fn the_server_tells_what_it_is_once_on_a_connection() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    // Requests are answered in their order where the core answers.
    ask(&session, "info", &json!({})).unwrap();
    let info = inspect(&session, "server_info");
    assert_eq!((&info["session-timeout"], &info["version"]), (&json!(60), &json!(1102)));
}

#[test]
fn a_session_may_have_an_id_of_the_hosts_choice() {
    let janus = start();
    let large = u64::from(u32::MAX) * 1000;
    let session = open(&janus.ws, &json!({"create_id": large}));
    assert_eq!((id(&session), sessions(&janus)), (large, json!([large])));
    let error = Session::create(&url(&janus.ws), &args(&json!({"create_id": large}))).unwrap_err();
    assert_eq!((error.code(), error.status()), ("session_conflict", Status::Conflict));
    let child = session.attach("session", &args(&json!({"create_id": 5}))).unwrap();
    assert_eq!(id(&child), 5);
    assert_eq!(session.attach("session", &args(&json!({"create_id": 5}))).unwrap_err().code(), "session_conflict");
}

/// A session that is there is claimed: from then on its events come here, and the one before hears nothing of it.
#[test]
fn a_session_that_is_there_is_claimed() {
    let janus = Janus::start(&Setup { reclaim: 60, ..Setup::default() }).unwrap();
    let mut before = Socket::open(&janus.ws).unwrap();
    let own = before.create();
    let handle = before.attach(own, ECHO);
    let session = open(&janus.ws, &json!({"session_id": own}));
    assert_eq!(id(&session), own);
    let echo = session.attach(&format!("handle:{handle}"), &args(&json!({"plugin": ECHO}))).unwrap();
    assert_eq!(id(&echo), handle);
    let twice = session.attach(&format!("handle:{handle}"), &Args::new()).unwrap_err();
    assert_eq!(twice.code(), "argument");
    hear(&echo, "event");
    // The old owner asks; the event of that comes to the new one, with a transaction that is not ours.
    let transaction =
        before.begin(json!({"janus": "message", "session_id": own, "handle_id": handle, "body": {"audio": true}}));
    let event = message(&echo);
    assert_eq!((&event["transaction"], &event["sender"]), (&json!(transaction), &json!(handle)));
    assert_eq!(ask(&echo, "message", &json!({"body": {"audio": true}})).unwrap()["result"], "ok");

    let error = Session::create(&url(&janus.ws), &args(&json!({"session_id": 77}))).unwrap_err();
    assert_eq!((error.code(), error.status()), ("session_lost", Status::NotFound));
}

#[test]
fn lazy_sessions_are_made_when_they_are_needed() {
    let janus = start();
    let (relay, server) = Relay::of(&janus.ws);
    let session = open(&server, &json!({"lazy": true}));
    assert_eq!((relay.connections(), inspect(&session, "session_id")), (0, Value::Null));
    // By many at once: one is made.
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| ask(&session, "keepalive", &json!({})).unwrap());
        }
    });
    assert_eq!(sessions(&janus), json!([id(&session)]));
    assert_eq!(relay.connections(), 1);
    session.close(&Args::new()).unwrap();
    let never = open(&server, &json!({"lazy": true}));
    never.close(&Args::new()).unwrap();
    assert_eq!(relay.connections(), 1);
}

/// Sessions on one line share it; each lives by itself.
#[test]
fn children_share_the_line_and_separate_creates_do_not() {
    let janus = start();
    let (relay, server) = Relay::of(&janus.ws);
    let first = open(&server, &json!({}));
    let second = first.attach("session", &Args::new()).unwrap();
    assert_eq!(relay.connections(), 1);
    assert_ne!(id(&first), id(&second));
    let (one, two) = (attach(&first, ECHO), attach(&second, ECHO));
    for handle in [&one, &two] {
        assert_eq!(ask(handle, "message", &json!({"body": {"audio": true}})).unwrap()["result"], "ok");
    }
    second.close(&Args::new()).unwrap();
    assert_eq!(sessions(&janus), json!([id(&first)]));
    assert_eq!(ask(&one, "message", &json!({"body": {"audio": true}})).unwrap()["result"], "ok");
    let third = open(&server, &json!({}));
    assert_eq!(relay.connections(), 2);
    drop(third);
    first.close(&Args::new()).unwrap();
}

#[test]
fn connections_that_cannot_be_made_are_tried_again_and_told() {
    let place = NOWHERE;
    let begun = Instant::now();
    let once = json!({"max_retries": 0});
    let error = Session::create(&url(place), &args(&once)).unwrap_err();
    assert_eq!((error.code(), error.known_outcome()), ("connect", Some(Outcome::NotSent)));
    let delays = json!({"max_retries": 2, "retry_delay": "40ms"});
    let error = Session::create(&url(place), &args(&delays)).unwrap_err();
    assert_eq!(error.code(), "connect");
    // Half of 40 ms and half of 80 ms at least.
    assert!(begun.elapsed() >= Duration::from_millis(60), "{:?}", begun.elapsed());
    // The time-out of the call comes first.
    let soon = json!({"retry_delay": 30, "timeout": "50ms"});
    let error = Session::create(&url(place), &args(&soon)).unwrap_err();
    assert_eq!((error.code(), error.known_outcome()), ("total_timeout", Some(Outcome::NotSent)));
    // A call that found no server is answered so; the session stays as it is.
    let lazy = open(place, &json!({"max_retries": 0, "lazy": true}));
    for _ in 0..2 {
        assert_eq!(ask(&lazy, "ping", &json!({})).unwrap_err().code(), "connect");
    }
}

/// The ways to a server are tried in their order.
#[test]
fn further_urls_are_tried_when_the_first_leads_nowhere() {
    let janus = start();
    let options = json!({"max_retries": 0, "urls": [NOWHERE, url(&janus.ws)]});
    let session = open(NOWHERE, &options);
    assert_eq!(inspect(&session, "url"), url(&janus.ws));
    assert_eq!(sessions(&janus), json!([id(&session)]));
}

/// Trap 4: a server that does not know the sub-protocol closes without a word.
#[test]
fn a_server_that_hangs_up_in_the_handshake_is_told_of_with_the_likely_reason() {
    let janus = start();
    // The admin listener speaks another sub-protocol.
    let error = Session::create(&url(&janus.admin_ws), &args(&json!({"max_retries": 0}))).unwrap_err();
    assert!(error.message().contains("janus-protocol"), "{error:?}");
    assert_eq!(error.known_outcome(), Some(Outcome::NotSent), "{error:?}");

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = format!("ws://{}/", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).unwrap();
        stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").unwrap();
    });
    let error = Session::create(&url(&place), &args(&json!({}))).unwrap_err();
    assert_eq!((error.code(), &detail(&error)["http_status"]), ("websocket_handshake", &json!(404)));
    server.join().unwrap();
}

#[test]
fn wrong_urls_and_options_are_mistakes() {
    for (place, options, code, key) in [
        ("janus+ws://", json!({}), "invalid_url", "url"),
        ("janus+ftp://h", json!({}), "invalid_schema", "url"),
        ("janus+ws://127.0.0.1:1", json!({"urls": ["ftp://h"]}), "invalid_schema", "urls"),
        ("janus+ws://127.0.0.1:1", json!({"keepalive": 1}), "argument", "keepalive"),
        ("janus+ws://127.0.0.1:1", json!({"session_id": "x"}), "argument", "session_id"),
        ("janus+ws://127.0.0.1:1", json!({"recover": "never"}), "argument", "recover"),
    ] {
        let error = Session::create(place, &args(&options)).unwrap_err();
        assert_eq!((error.code(), &detail(&error)["key"]), (code, &json!(key)), "{place} {options}");
    }
}

/// TLS, with the authority that the host names.
#[test]
fn sessions_go_through_tls() {
    let janus = Janus::start(&Setup::tls()).unwrap();
    let wss = janus.wss.clone().unwrap();
    let error = Session::create(&url(&wss), &args(&json!({}))).unwrap_err();
    assert_eq!(error.code(), "certificate", "{error:?}");
    let session = open(&wss, &json!({"verify": janus.ca.clone().unwrap().to_str().unwrap()}));
    assert_eq!(ask(&session, "ping", &json!({})).unwrap()["janus"], "pong");
    session.close(&Args::new()).unwrap();
}

/// The state of a session is told while it is being made.
#[test]
fn the_state_is_told() {
    let janus = start();
    let session = open(&janus.ws, &json!({"lazy": true}));
    hear(&session, "haft.state");
    let word = |session: &Session| shown(&next(session, Kind::Message))["state"].clone();
    assert_eq!(word(&session), "ready");
    ask(&session, "keepalive", &json!({})).unwrap();
    assert_eq!((word(&session), word(&session)), (json!("connecting"), json!("ready")));
}
