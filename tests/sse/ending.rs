//! How a subscription ends: by the server, by the host, by a mistake.

use haft::{
    clock::control::freeze,
    error::Status,
    session::{Kind, Session},
};

use crate::peer::{Peer, args, create, data, next, push, seconds, told};

#[test]
fn answers_that_end_it() {
    for (answer, code) in [
        ("HTTP/1.1 204 No Content\r\n\r\n", None),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", Some("event_stream")),
        ("HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n", Some("event_stream")),
        ("HTTP/1.1 206 Part\r\nContent-Type: text/event-stream\r\nContent-Length: 0\r\n\r\n", Some("event_stream")),
        ("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\ndata: x\n\n", Some("event_stream")),
        ("HTTP/1.1 200 OK\r\nContent-Type: text/event-streams\r\nContent-Length: 0\r\n\r\n", Some("event_stream")),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Some("event_stream")),
    ] {
        let peer = Peer::new();
        let session = create(&peer.url(), "{}");
        let id = session.subscribe("sse:/x", &args("{}"), None, 0).unwrap();
        let mut line = peer.accept();
        // The next request needs a connection of its own.
        line.send(answer.replacen("\r\n", "\r\nConnection: close\r\n", 1));
        let event = next(&session);
        assert_eq!((event.kind(), event.id()), (Kind::Ended, id), "{answer}");
        let error = event.failure().map(|failure| failure.error());
        assert_eq!(error.map(|error| error.code()), code, "{answer}");
        if let Some(error) = error {
            let status = answer[9..12].parse::<i64>().unwrap();
            assert_eq!(error.detail().get("http_status").and_then(|status| status.as_int()), Some(status));
            let kind = match status {
                401 => Status::Auth,
                404 => Status::NotFound,
                _ => Status::Protocol,
            };
            assert_eq!(error.status(), kind, "{answer}");
            assert_eq!(error.detail().get("url").and_then(|url| url.as_str()), Some(&*format!("{}/x", peer.url())));
        }
        // The session itself goes on.
        session.subscribe("sse:/y", &args("{}"), None, 0).unwrap();
        assert!(peer.accept().head.starts_with("GET /y "));
        session.close(&args("{}")).unwrap();
    }
}

#[test]
fn an_option_that_would_do_nothing_is_refused() {
    let session = create("http://127.0.0.1:9", "{}");
    let error = session.subscribe("sse:/", &args("{\"answer\": true}"), None, 0).unwrap_err();
    assert_eq!(error.detail().get("key").and_then(|key| key.as_str()), Some("answer"));
}

#[test]
fn without_reconnect_the_end_of_the_stream_is_the_end() {
    for (length, code) in [("Connection: close", None), ("Content-Length: 100", Some("incomplete_read"))] {
        let peer = Peer::new();
        let session = create(&peer.url(), "{}");
        let (_, heard) = push(&session, "sse:/", r#"{"reconnect": false}"#);
        let mut line = peer.accept();
        line.send(format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{length}\r\n\r\ndata: a\n\n"));
        drop(line);
        assert_eq!(heard.recv().unwrap().kind(), Kind::Message);
        let end = heard.recv().unwrap();
        assert_eq!(end.kind(), Kind::Ended);
        assert_eq!(end.failure().map(|failure| failure.error().code()), code);
        session.close(&args("{}")).unwrap();
        assert!(heard.recv().is_err(), "the callback was let go of");
    }
}

#[test]
fn tries_are_used_up() {
    let clock = freeze();
    let peer = Peer::new();
    let session = create(&peer.url(), "{}");
    session.subscribe("sse:/", &args(r#"{"reconnect": {"max_retries": 2, "delay": 1}}"#), None, 0).unwrap();
    for _ in 0..2 {
        drop(peer.accept());
        let away = clock.awaited(seconds(1)..=seconds(60));
        clock.advance(away);
    }
    drop(peer.accept());
    told(&session, Kind::Lost).unwrap();
    assert!(told(&session, Kind::Ended).is_some(), "with the last error");
    session.close(&args("{}")).unwrap();
}

#[test]
fn an_event_that_is_too_large_ends_it() {
    let peer = Peer::new();
    let session = create(&peer.url(), "{}");
    session.subscribe("sse:/", &args(r#"{"max_message_size": 100}"#), None, 0).unwrap();
    let mut line = peer.accept();
    line.open(format!("data: {0}\n\ndata: small\n\ndata: {0}{0}{0}\n\n", "x".repeat(40)));
    assert_eq!(data(&session), "x".repeat(40));
    assert_eq!(data(&session), "small", "what was complete is not lost");
    assert_eq!(told(&session, Kind::Ended).as_deref(), Some("limit"));
    line.gone();
    session.close(&args("{}")).unwrap();
}

/// The ways in which the host lets go.
#[test]
fn the_connection_ends_with_the_subscription() {
    let let_go: [(&str, fn(Session, u64)); 4] = [
        ("unsubscribe", |session, id| {
            session.unsubscribe(id);
            // Not by the end of the session.
            std::mem::forget(session);
        }),
        ("close", |session, _| session.close(&args("{}")).unwrap()),
        ("free", |session, _| drop(session)),
        ("let go", |session, _| {
            session.let_go();
            std::mem::forget(session);
        }),
    ];
    for (way, let_go) in let_go {
        for waits in [false, true] {
            let clock = freeze();
            let peer = Peer::new();
            let session = create(&peer.url(), "{}");
            let (id, heard) = push(&session, "sse:/", "{}");
            let mut line = peer.accept();
            line.open("data: a\n\n");
            assert_eq!(heard.recv().unwrap().kind(), Kind::Message, "{way}");
            if waits {
                // While it waits for its next try.
                drop(line);
                assert_eq!(heard.recv().unwrap().kind(), Kind::Lost);
                clock.awaited(seconds(3)..=seconds(3));
                let_go(session, id);
            } else {
                let_go(session, id);
                line.gone();
            }
            assert!(heard.recv().is_err(), "{way}: the callback was let go of");
        }
    }
}

#[test]
fn a_child_hears_its_own_and_ends_with_its_parent() {
    let peer = Peer::new();
    let parent = create(&peer.url(), "{}");
    let child = parent.attach("/sub/", &args("{}")).unwrap();
    child.subscribe("sse:events", &args("{}"), None, 0).unwrap();
    let mut line = peer.accept();
    assert!(line.head.starts_with("GET /sub/events "), "{}", line.head);
    line.open("data: a\n\n");
    assert_eq!(data(&child), "a");
    assert!(parent.poll(0).unwrap().is_none());
    parent.close(&args("{}")).unwrap();
    line.gone();
    assert_eq!(next(&child).kind(), Kind::Closed);
}
