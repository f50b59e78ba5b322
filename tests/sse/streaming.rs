//! What is asked for and what arrives.

use std::io::Write;

use haft::{
    clock::control::freeze,
    session::{Kind, Session},
};
use serde_json::json;

use crate::peer::{Peer, args, create, data, next, push, seconds, told, value};

#[test]
fn events_arrive_as_they_come() {
    let peer = Peer::new();
    let session = create(&peer.url(), "{}");
    let id = session.subscribe("sse:/news?x=1", &args("{}"), None, 7).unwrap();
    let mut line = peer.accept();
    line.open(": welcome\n\n");
    for (sent, event) in [
        ("data: one\n\n", json!({"event": "message", "data": "one", "id": ""})),
        (
            "event: add\nid: 5\ndata: two\r\ndata: lines\r\n\r\n",
            json!({"event": "add", "data": "two\nlines", "id": "5"}),
        ),
        ("data\n\n", json!({"event": "message", "data": "", "id": "5"})),
    ] {
        line.send(sent);
        let heard = next(&session);
        assert_eq!((heard.kind(), heard.id(), heard.user_data()), (Kind::Message, id, 7));
        assert_eq!(heard.topic().to_str(), Ok("sse:/news?x=1"));
        assert_eq!(value(&heard), event);
    }
    let (_, pushed) = push(&session, "sse:/other", "{}");
    let mut other = peer.accept();
    assert!(other.head.starts_with("GET /other HTTP/1.1\r\n"), "{}", other.head);
    other.open("data: pushed\n\n");
    assert_eq!(value(&pushed.recv().unwrap())["data"], "pushed");
    session.close(&args("{}")).unwrap();
}

#[test]
fn the_request_is_the_sessions_with_the_fields_of_event_streams() {
    let peer = Peer::new();
    let session = create(
        &format!("{}/base/", peer.url()),
        r#"{"headers": {"X-Session": "1", "Accept": "application/json"}, "params": {"s": "1"}, "cookies": {"c": "2"},
            "auth": ["user", "pass"], "trust_env": false}"#,
    );
    let subscription = r#"{"params": {"q": "3"}, "headers": {"X-Own": "4"}, "last_event_id": "41 \u00e9"}"#;
    session.subscribe("sse:news", &args(subscription), None, 0).unwrap();
    let line = peer.accept();
    assert!(line.head.starts_with("GET /base/news?s=1&q=3 HTTP/1.1\r\n"), "{}", line.head);
    for (name, wanted) in [
        ("Accept", "text/event-stream"),
        ("Cache-Control", "no-cache"),
        ("X-Session", "1"),
        ("X-Own", "4"),
        ("Cookie", "c=2"),
        ("Authorization", "Basic dXNlcjpwYXNz"),
        ("Last-Event-ID", "41 \u{e9}"),
    ] {
        assert_eq!(line.field(name), Some(wanted), "{name} in {}", line.head);
    }
    // What the host says for this subscription wins; an absolute URL needs no base.
    let subscription = r#"{"headers": {"accept": "text/event-stream;v=2", "Cache-Control": "no-store"}, "auth": null}"#;
    session.subscribe(&format!("sse:{}/absolute", peer.url()), &args(subscription), None, 0).unwrap();
    let line = peer.accept();
    assert!(line.head.starts_with("GET /absolute"), "{}", line.head);
    assert_eq!(line.field("Accept"), Some("text/event-stream;v=2"));
    assert_eq!(line.field("Cache-Control"), Some("no-store"));
    assert_eq!((line.field("Authorization"), line.field("Last-Event-ID")), (None, None));
    session.close(&args("{}")).unwrap();
}

#[test]
fn redirects_are_followed_and_cookies_are_kept() {
    let peer = Peer::new();
    let session = create(&peer.url(), "{}");
    session.subscribe("sse:/old", &args("{}"), None, 0).unwrap();
    let mut line = peer.accept();
    line.send("HTTP/1.1 307 Moved\r\nLocation: /new\r\nSet-Cookie: seen=yes\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let mut line = peer.accept();
    assert!(line.head.starts_with("GET /new HTTP/1.1\r\n"), "{}", line.head);
    assert_eq!(line.field("Cookie"), Some("seen=yes"));
    assert_eq!(line.field("Accept"), Some("text/event-stream"));
    line.open("data: here\n\n");
    assert_eq!(data(&session), "here");
    session.close(&args("{}")).unwrap();
}

#[test]
fn chunks_may_end_anywhere() {
    let peer = Peer::new();
    let session = create(&peer.url(), "{}");
    session.subscribe("sse:/", &args("{}"), None, 0).unwrap();
    let mut line = peer.accept();
    line.send(
        "HTTP/1.1 200 OK\r\ncontent-type: Text/Event-Stream ; charset=latin1\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    for byte in "data: \u{1f600}\r\n\r\n".as_bytes() {
        line.send("1\r\n");
        line.send([*byte]);
        line.send("\r\n");
    }
    // UTF-8 whatever the type says.
    assert_eq!(data(&session), "\u{1f600}");
    session.close(&args("{}")).unwrap();
}

#[test]
fn compressed_streams_are_decoded_as_they_come() {
    let peer = Peer::new();
    let session = create(&peer.url(), "{}");
    session.subscribe("sse:/", &args("{}"), None, 0).unwrap();
    let mut line = peer.accept();
    line.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n",
    );
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    for number in 0..20 {
        write!(gzip, "data: event number {number}\n\n").unwrap();
        // What a server does that wants its events to arrive.
        gzip.flush().unwrap();
        line.send(std::mem::take(gzip.get_mut()));
        assert_eq!(data(&session), format!("event number {number}"));
    }
    session.close(&args("{}")).unwrap();
}

#[test]
fn silence_inside_a_stream_is_limited_by_the_subscription_alone() {
    let clock = freeze();
    let peer = Peer::new();
    let session = create(&peer.url(), r#"{"timeouts": {"read": 5, "total": 30}}"#);
    session.subscribe("sse:/patient", &args("{}"), None, 0).unwrap();
    let mut patient = peer.accept();
    patient.open("data: a\n\n");
    assert_eq!(data(&session), "a");
    clock.advance(seconds(3600));
    patient.send("data: b\n\n");
    assert_eq!(data(&session), "b", "neither five seconds nor thirty");

    session.subscribe("sse:/strict", &args(r#"{"timeouts": {"read": "1h"}}"#), None, 0).unwrap();
    let mut strict = peer.accept();
    strict.open("data: c\n\n");
    assert_eq!(data(&session), "c");
    // What the one thread of the reactor brings next it brings when it waits for more of this one already.
    patient.send("data: e\n\n");
    assert_eq!(data(&session), "e");
    clock.awaited(seconds(3600)..=seconds(3600));
    clock.advance(seconds(3600));
    assert_eq!(told(&session, Kind::Lost).as_deref(), Some("read_timeout"));
    strict.gone();
    clock.awaited(seconds(3)..=seconds(3));
    clock.advance(seconds(3));
    peer.accept().open("data: d\n\n");
    assert_eq!(told(&session, Kind::Restored), None);
    assert_eq!(data(&session), "d");
    session.close(&args("{}")).unwrap();
}

#[test]
fn a_server_that_does_not_answer_is_tried_again() {
    let clock = freeze();
    let peer = Peer::new();
    let session = create(&peer.url(), r#"{"timeouts": {"read": 20}}"#);
    session.subscribe("sse:/", &args("{}"), None, 0).unwrap();
    let silent = peer.accept();
    clock.awaited(seconds(20)..=seconds(20));
    clock.advance(seconds(20));
    assert_eq!(told(&session, Kind::Lost).as_deref(), Some("read_timeout"));
    silent.gone();
    session.close(&args("{}")).unwrap();
}

#[test]
fn mistakes_come_out_at_once() {
    let session = create("http://127.0.0.1:9", "{}");
    for (topic, json, code, key) in [
        ("sse:http://", "{}", "invalid_url", None),
        ("sse:/", r#"{"reconnect": "yes"}"#, "argument", Some("reconnect")),
        ("sse:/", r#"{"reconnect": {"max_retries": -1}}"#, "argument", Some("reconnect.max_retries")),
        ("sse:/", r#"{"last_event_id": "a\nb"}"#, "argument", Some("last_event_id")),
        ("sse:/", r#"{"max_message_size": 0}"#, "argument", Some("max_message_size")),
        ("sse:/", r#"{"timeout": 0}"#, "argument", Some("timeout")),
        ("sse:/", r#"{"retry": 3}"#, "argument", Some("retry")),
        ("sse:/", r#"{"overflow": "grow"}"#, "argument", Some("overflow")),
        ("sse/path", "{}", "unsupported", Some("topic")),
    ] {
        let error = session.subscribe(topic, &args(json), None, 0).unwrap_err();
        assert_eq!(error.code(), code, "{topic} {json}: {error}");
        assert_eq!(error.detail().get("key").and_then(|key| key.as_str()), key, "{topic} {json}: {error}");
    }
    let none = Session::create("http:", &args("{}")).unwrap();
    assert_eq!(none.subscribe("sse:/path", &args("{}"), None, 0).unwrap_err().code(), "missing_schema");
}
