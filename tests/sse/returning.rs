//! What is lost, and how it comes back.

use haft::{
    clock::control::{Frozen, freeze},
    session::{Kind, Session},
};

use crate::peer::{HEAD, Line, Peer, args, create, data, next, seconds, told, value};

/// Lets the reconnection time pass, which is so long.
fn wait(clock: &Frozen, count: u64) {
    assert_eq!(clock.awaited(seconds(1)..=seconds(7200)), seconds(count));
    clock.advance(seconds(count));
}

/// A server that wants to be asked again at once, and ends every stream at once.
#[test]
fn a_stream_that_wants_no_pause_does_not_spin() {
    let clock = freeze();
    let peer = Peer::new();
    let session = subscribe(&peer, "{}");
    peer.accept().open("retry: 0\n\n");
    told(&session, Kind::Lost).unwrap();
    // The first time it has its way.
    for pause in [0, 100, 200, 400] {
        if pause > 0 {
            let pause = std::time::Duration::from_millis(pause);
            assert_eq!(clock.awaited(std::time::Duration::from_millis(1)..=seconds(6)), pause);
            clock.advance(pause);
        }
        peer.accept().open("data: x\n\n");
        assert_eq!(told(&session, Kind::Restored), None);
        assert_eq!(data(&session), "x");
        told(&session, Kind::Lost).unwrap();
    }
    session.close(&args("{}")).unwrap();
}

fn subscribe(peer: &Peer, json: &str) -> Session {
    let session = create(&peer.url(), "{}");
    session.subscribe("sse:/", &args(json), None, 0).unwrap();
    session
}

/// Where a connection is cut, and the id that the next one goes on from.
#[test]
fn a_stream_goes_on_after_the_last_event_that_was_complete() {
    type Cut = (&'static str, &'static str, Option<&'static str>, Option<&'static str>);
    let cuts: &[Cut] = &[
        ("before the first event", "", None, None),
        ("in the first line", "id: 1", None, None),
        ("after the id", "id: 1\n", None, None),
        ("in the data", "id: 1\ndata: o", None, None),
        ("after the data", "id: 1\ndata: one\n", None, None),
        ("after the event", "id: 1\ndata: one\n\n", Some("one"), Some("1")),
        ("after the id of the next", "id: 1\ndata: one\n\nid: 2\n", Some("one"), Some("1")),
        ("in the data of the next", "id: 1\ndata: one\n\nid: 2\ndata: tw", Some("one"), Some("1")),
        ("after an empty line behind an id", "id: 1\ndata: one\n\nid: 2\n\n", Some("one"), Some("2")),
        ("after an event whose id is emptied", "id: 1\ndata: one\n\nid\ndata: x\n\n", Some("one\u{0}x"), None),
        ("between CR and LF", "id: 1\r\ndata: one\r\n\r", Some("one"), Some("1")),
    ];
    for (place, sent, heard, last) in cuts {
        for ending in ["close", "chunk", "length", "reset"] {
            let clock = freeze();
            let peer = Peer::new();
            let session = subscribe(&peer, "{}");
            let mut line = if ending == "reset" { peer.accept_to_reset() } else { peer.accept() };
            assert_eq!(line.field("Last-Event-ID"), None);
            match ending {
                "close" => line.open(sent),
                "chunk" => {
                    let head = HEAD.replace("Connection: close", "Transfer-Encoding: chunked");
                    line.send(format!("{head}{:x}\r\n{sent}", sent.len() + 5));
                }
                _ => line.send(format!("{}{sent}", HEAD.replace("Connection: close", "Content-Length: 1000"))),
            }
            for heard in heard.iter().flat_map(|heard| heard.split('\0')) {
                assert_eq!(data(&session), heard, "{place}");
            }
            drop(line);
            let why = told(&session, Kind::Lost).unwrap();
            let wanted: &[&str] = match ending {
                "close" => &["stream_ended"],
                "chunk" => &["chunked_encoding"],
                "length" => &["incomplete_read"],
                // It may come before the head was read.
                _ => &["incomplete_read", "connect"],
            };
            assert!(wanted.contains(&&*why), "{place}, {ending}: {why}");
            wait(&clock, 3);
            let mut line = peer.accept();
            assert_eq!(line.field("Last-Event-ID"), *last, "{place}, {ending}");
            line.open("data: back\n\n");
            let restored = next(&session);
            assert_eq!(restored.kind(), Kind::Restored);
            assert_eq!(value(&restored)["last_event_id"], last.unwrap_or_default());
            let back = value(&next(&session));
            assert_eq!((&back["data"], &back["id"]), (&"back".into(), &last.unwrap_or_default().into()), "{place}");
            session.close(&args("{}")).unwrap();
        }
    }
}

#[test]
fn a_cut_inside_a_character_leaves_nothing_behind() {
    let clock = freeze();
    let peer = Peer::new();
    let session = subscribe(&peer, "{}");
    peer.accept().open(b"data: ok\n\ndata: \xF0\x9F");
    assert_eq!(data(&session), "ok");
    assert_eq!(told(&session, Kind::Lost).as_deref(), Some("stream_ended"));
    wait(&clock, 3);
    peer.accept().open(b"\x98\x80\ndata: new\n\n");
    assert_eq!(told(&session, Kind::Restored), None);
    assert_eq!(data(&session), "new");
    session.close(&args("{}")).unwrap();
}

#[test]
fn the_stream_sets_the_reconnection_time() {
    let clock = freeze();
    let peer = Peer::new();
    let session = subscribe(&peer, "{}");
    peer.accept().open("retry: 90000\ndata: a\n\n");
    assert_eq!(data(&session), "a");
    told(&session, Kind::Lost).unwrap();
    wait(&clock, 90);
    peer.accept().open("retry: soon\ndata: b\n\n");
    assert_eq!(told(&session, Kind::Restored), None);
    assert_eq!(data(&session), "b");
    told(&session, Kind::Lost).unwrap();
    // Longer than max_delay, and it stays.
    wait(&clock, 90);
    peer.accept().open("data: c\nretry: 5000\n");
    assert_eq!(told(&session, Kind::Restored), None);
    told(&session, Kind::Lost).unwrap();
    wait(&clock, 5);
    drop(peer.accept());
    session.close(&args("{}")).unwrap();
}

#[test]
fn failures_in_a_row_wait_longer_and_are_told_once() {
    let clock = freeze();
    let peer = Peer::new();
    let session = subscribe(&peer, r#"{"reconnect": {"delay": 4, "max_delay": 20}}"#);
    peer.accept().open("data: a\n\n");
    assert_eq!(data(&session), "a");
    told(&session, Kind::Lost).unwrap();
    for longest in [4, 8, 16, 20, 20, 20] {
        let away = clock.awaited(seconds(1)..=seconds(7200));
        assert!(
            away >= seconds(4) && away >= seconds(longest) / 2 && away <= seconds(longest),
            "{away:?} of {longest}"
        );
        clock.advance(away);
        let mut line = peer.accept();
        line.send("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    }
    let away = clock.awaited(seconds(1)..=seconds(7200));
    clock.advance(away);
    peer.accept().open("data: b\n\n");
    let restored = next(&session);
    assert_eq!(restored.kind(), Kind::Restored, "one LOST, however often it failed");
    assert_eq!(value(&restored)["tries"], 7);
    assert_eq!(data(&session), "b");
    told(&session, Kind::Lost).unwrap();
    wait(&clock, 4);
    session.close(&args("{}")).unwrap();
}

#[test]
fn a_retry_after_is_obeyed() {
    let clock = freeze();
    let peer = Peer::new();
    let session = subscribe(&peer, "{}");
    for (status, field, wanted) in [
        ("503 Busy", "Retry-After: 600".to_owned(), 600),
        ("429 Too many", "Retry-After: 1200".to_owned(), 1200),
        ("500 Oops", "Retry-After: 1000000000".to_owned(), 6 * 3600),
    ] {
        peer.accept().send(format!("HTTP/1.1 {status}\r\n{field}\r\nContent-Length: 0\r\n\r\n"));
        assert_eq!(clock.awaited(seconds(300)..=seconds(100_000)), seconds(wanted));
        clock.advance(seconds(wanted));
    }
    assert_eq!(told(&session, Kind::Lost).as_deref(), Some("event_stream"));
    session.close(&args("{}")).unwrap();
}

#[test]
fn a_server_that_is_not_there_yet_is_waited_for() {
    let clock = freeze();
    let peer = Peer::new();
    let address = peer.0.local_addr().unwrap();
    drop(peer);
    let session = create(&format!("http://{address}"), "{}");
    let id = session.subscribe("sse:/", &args("{}"), None, 0).unwrap();
    let lost = next(&session);
    assert_eq!((lost.kind(), lost.id(), lost.topic().to_str().unwrap()), (Kind::Lost, id, "sse:/"));
    assert_eq!(lost.failure().unwrap().error().code(), "connect");
    let peer = Peer(std::net::TcpListener::bind(address).unwrap());
    wait(&clock, 3);
    peer.accept().open("data: now\n\n");
    let restored = next(&session);
    assert_eq!((restored.kind(), restored.id(), restored.topic().to_str().unwrap()), (Kind::Restored, id, "sse:/"));
    assert_eq!(data(&session), "now");
    session.close(&args("{}")).unwrap();
}

#[test]
fn a_connection_lives_under_the_settings_of_its_moment() {
    let clock = freeze();
    let peer = Peer::new();
    let session = create(&peer.url(), r#"{"auth": {"type": "bearer", "token": "old"}}"#);
    session.subscribe("sse:/", &args("{}"), None, 0).unwrap();
    let check = |line: &Line, token: &str| assert_eq!(line.field("Authorization"), Some(token));
    let line = peer.accept();
    check(&line, "Bearer old");
    session.configure(&args(r#"{"auth": {"type": "bearer", "token": "new"}}"#)).unwrap();
    drop(line);
    told(&session, Kind::Lost).unwrap();
    wait(&clock, 3);
    check(&peer.accept(), "Bearer new");
    session.close(&args("{}")).unwrap();
}
