//! Connections that are made again.

use std::{io::Write, sync::mpsc};

use haft::{
    args::Args,
    error::{Outcome, Status},
    session::Kind,
};

use super::bed::{Peer, args, call, end, frame, inspect, listen, message, next, read_frame, send, text, with};

const AT_ONCE: &str = "{\"reconnect\": {\"delay\": 0.01}}";

#[test]
fn a_lost_connection_comes_back() {
    let peer = Peer::start(3, |stream, number| {
        stream.write_all(&frame(0x81, format!("hello {number}").as_bytes())).unwrap();
        if number < 2 {
            // Until the client has said something: then it is cut.
            assert!(read_frame(stream).is_some());
            return;
        }
        while let Some((first, payload)) = read_frame(stream) {
            stream.write_all(&frame(first, &payload)).unwrap();
        }
    });
    let socket = listen(&peer.url, "ws:/", AT_ONCE);
    for number in 0..2 {
        assert_eq!(message(&socket), text(&format!("hello {number}")));
        send(&socket, "x");
        let lost = next(&socket);
        assert_eq!(lost.kind(), Kind::Lost);
        assert_eq!(lost.failure().unwrap().error().code(), "connection_lost");
        assert_eq!(next(&socket).kind(), Kind::Restored);
    }
    assert_eq!(message(&socket), text("hello 2"));
    send(&socket, "still here");
    assert_eq!(message(&socket), text("still here"));
    assert_eq!(inspect(&socket, "stats")["reconnects"], 2);
    call(&socket, "close", &Args::new()).unwrap();
    assert_eq!(end(&socket).0, 1000);
    peer.join();
}

#[test]
fn what_is_sent_while_it_is_lost_is_not_sent() {
    let (go_on, wait) = mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let peer = Peer::raw(2, move |stream, number| {
        let head = super::bed::read_head(stream);
        if number == 1 {
            // The second handshake is held up until the host has tried to send.
            wait.lock().unwrap().recv().unwrap();
        }
        let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
        let accept = haft::engine::websocket::handshake::accept(key);
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).unwrap();
        if number == 1 {
            assert_eq!(read_frame(stream), Some((0x81, b"second".to_vec())), "nothing of before is sent again");
        }
    });
    let socket = listen(&peer.url, "ws:/", AT_ONCE);
    assert_eq!(next(&socket).kind(), Kind::Lost);
    let error = socket.request(Some("send"), None, &with("text", "first")).unwrap_err();
    assert_eq!((error.code(), error.known_outcome()), ("connection_lost", Some(Outcome::NotSent)));
    assert!(error.is_retryable());
    assert_eq!(inspect(&socket, "state"), "lost");
    go_on.send(()).unwrap();
    assert_eq!(next(&socket).kind(), Kind::Restored);
    send(&socket, "second");
    peer.join();
}

#[test]
fn the_tries_end() {
    let peer = Peer::start(1, |_, _| {});
    let socket = listen(&peer.url, "ws:/", "{\"reconnect\": {\"delay\": 0.01, \"max_retries\": 3}}");
    peer.join();
    assert_eq!(next(&socket).kind(), Kind::Lost);
    let (code, _, error) = end(&socket);
    let (error, message) = error.unwrap();
    assert_eq!((code, error.as_str()), (1006, "connection_lost"));
    assert!(message.contains("could not be restored"), "{message}");
}

#[test]
fn a_refusal_ends_the_tries() {
    let peer = Peer::raw(2, |stream, number| {
        let head = super::bed::read_head(stream);
        if number == 1 {
            stream.write_all(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n").unwrap();
            return;
        }
        let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
        let accept = haft::engine::websocket::handshake::accept(key);
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let socket = listen(&peer.url, "ws:/", AT_ONCE);
    assert_eq!(next(&socket).kind(), Kind::Lost);
    let (code, _, error) = end(&socket);
    assert_eq!((code, error.unwrap().0.as_str()), (1006, "websocket_handshake"));
    peer.join();
}

#[test]
fn a_goodbye_is_the_end_unless_it_was_asked_otherwise() {
    let closes = |stream: &mut std::net::TcpStream, number: usize| {
        let code: u16 = if number == 0 { 1001 } else { 1000 };
        stream.write_all(&frame(0x88, &code.to_be_bytes())).unwrap();
        while read_frame(stream).is_some() {}
    };
    let peer = Peer::start(1, closes);
    let socket = listen(&peer.url, "ws:/", AT_ONCE);
    assert_eq!(end(&socket), (1001, String::new(), None));
    peer.join();
    let peer = Peer::start(2, closes);
    let socket = listen(&peer.url, "ws:/", "{\"reconnect\": {\"delay\": 0.01, \"max_retries\": 1, \"normal\": true}}");
    assert_eq!(next(&socket).kind(), Kind::Lost);
    assert_eq!(next(&socket).kind(), Kind::Restored);
    assert_eq!(next(&socket).kind(), Kind::Lost);
    peer.join();
    assert_eq!(end(&socket).0, 1000);
}

/// A peer that takes every connection and leaves at once, and a host that wants it back without a pause.
#[test]
fn who_wants_no_pause_does_not_spin() {
    let clock = haft::clock::control::freeze();
    let peer = Peer::start(5, |_, _| {});
    let socket = listen(&peer.url, "ws:/", "{\"reconnect\": {\"delay\": 0, \"max_delay\": 0}}");
    // The first time at once, then after a pause that grows whatever the longest delay is.
    assert_eq!(next(&socket).kind(), Kind::Lost);
    for pause in [0, 100, 200, 400] {
        if pause > 0 {
            let pause = std::time::Duration::from_millis(pause);
            assert_eq!(clock.awaited(std::time::Duration::from_millis(1)..=std::time::Duration::from_secs(6)), pause);
            clock.advance(pause);
        }
        assert_eq!(next(&socket).kind(), Kind::Restored);
        assert_eq!(next(&socket).kind(), Kind::Lost);
    }
    peer.join();
}

/// Whoever only has a callback hears that nothing will come any more, and why.
#[test]
fn a_callback_hears_of_the_end() {
    struct Tape(mpsc::Sender<haft::session::Event>);
    impl haft::session::Callback for Tape {
        fn deliver(&self, event: haft::session::Event) {
            let _ = self.0.send(event);
        }
    }
    for (bytes, code, error) in [
        (frame(0x88, &[&1000_u16.to_be_bytes()[..], b"bye"].concat()), 1000, None),
        (frame(0x88, &4001_u16.to_be_bytes()), 4001, None),
        (Vec::new(), 1006, Some("connection_lost")),
    ] {
        let peer = Peer::start(1, move |stream, _| {
            read_frame(stream).unwrap();
            stream.write_all(&frame(0x81, b"last")).unwrap();
            stream.write_all(&bytes).unwrap();
            while !bytes.is_empty() && read_frame(stream).is_some() {}
        });
        let pair = super::bed::open(&peer.url, "ws:/", "{}");
        let (tape, heard) = mpsc::channel();
        pair.subscribe("*", &Args::new(), Some(Box::new(Tape(tape))), 7).unwrap();
        send(&pair, "go on");
        let events: Vec<_> = heard.iter().collect();
        let kinds: Vec<_> = events.iter().map(haft::session::Event::kind).collect();
        assert_eq!(kinds, [Kind::Message, Kind::Ended], "and its drop has run");
        let ended = &events[1];
        assert_eq!((ended.id(), ended.topic(), ended.user_data()), (events[0].id(), c"*", 7));
        assert_eq!(super::bed::json(ended.value())["code"], code);
        assert_eq!(ended.failure().map(|failure| failure.error().code().to_owned()).as_deref(), error);
        assert_eq!(end(&pair).0, code);
        peer.join();
    }
    // Who closes it knows that it has.
    let peer = Peer::start(1, |stream, _| {
        while read_frame(stream).is_some_and(|(first, payload)| {
            let _ = stream.write_all(&frame(first, &payload));
            first != 0x88
        }) {}
    });
    let pair = super::bed::open(&peer.url, "ws:/", "{}");
    let (tape, heard) = mpsc::channel();
    pair.subscribe("*", &Args::new(), Some(Box::new(Tape(tape))), 0).unwrap();
    pair.close(&args("{}")).unwrap();
    assert_eq!(heard.iter().count(), 0);
    peer.join();
}

/// In the parent's queue there is no CLOSED of the child.
#[test]
fn the_parents_queue_says_that_a_childs_subscription_ended() {
    let peer = Peer::start(1, |stream, _| {
        // Not before somebody listens: to what is closed nobody can subscribe.
        assert!(read_frame(stream).is_some());
        stream.write_all(&frame(0x88, &1000_u16.to_be_bytes())).unwrap();
        while read_frame(stream).is_some() {}
    });
    let pair = super::bed::open(&peer.url, "ws:/", "{\"events\": \"parent\"}");
    let id = pair.subscribe("*", &Args::new(), None, 0).unwrap();
    send(&pair, "now");
    let ended = next(&pair.root);
    assert_eq!((ended.kind(), ended.id()), (Kind::Ended, id));
    peer.join();
}

#[test]
fn closing_while_it_is_lost_ends_the_tries() {
    let peer = Peer::start(1, |_, _| {});
    let socket = listen(&peer.url, "ws:/", "{\"reconnect\": {\"delay\": 60}}");
    peer.join();
    assert_eq!(next(&socket).kind(), Kind::Lost);
    assert_eq!(call(&socket, "close", &Args::new()).unwrap()["code"], 1006);
    assert_eq!(end(&socket), (1006, String::new(), None));
    // And by the handle.
    let peer = Peer::start(1, |_, _| {});
    let socket = listen(&peer.url, "ws:/", "{\"reconnect\": {\"delay\": 60}}");
    peer.join();
    assert_eq!(next(&socket).kind(), Kind::Lost);
    socket.close(&args("{\"timeout\": 5}")).unwrap();
    assert_eq!(next(&socket).kind(), Kind::Closed);
}

#[test]
fn the_state_is_told() {
    let peer = Peer::start(2, |stream, number| {
        if number == 1 {
            while read_frame(stream).is_some_and(|(first, _)| first != 0x88) {}
            stream.write_all(&frame(0x88, b"\x03\xe8")).unwrap();
        } else {
            assert!(read_frame(stream).is_some());
        }
    });
    let socket = listen(&peer.url, "ws:/", AT_ONCE);
    socket.subscribe("haft.state", &Args::new(), None, 0).unwrap();
    let state = || loop {
        let event = next(&socket);
        if event.kind() == Kind::Message {
            return super::bed::json(event.value())["state"].as_str().unwrap().to_owned();
        }
    };
    assert_eq!(state(), "ready");
    send(&socket, "x");
    assert_eq!(state(), "lost");
    assert_eq!(state(), "ready");
    socket.close(&Args::new()).unwrap();
    assert_eq!(state(), "closing");
    peer.join();
}

#[test]
fn a_provider_is_asked_again_on_the_worker() {
    use std::sync::{Arc, Mutex};
    let peer = Peer::raw(2, |stream, number| {
        let head = super::bed::read_head(stream);
        assert!(head.contains(&format!("X-Token: {number}")), "{head}");
        let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
        let accept = haft::engine::websocket::handshake::accept(key);
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let threads = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&threads);
    let auth = super::bed::provider(move |_, reply| {
        let mut notes = notes.lock().unwrap();
        reply.set("headers.X-Token", notes.len().to_string());
        notes.push(std::thread::current().name().map(str::to_owned));
        Status::Ok
    });
    let session = super::bed::root(&peer.url, "{}");
    let mut options = args("{\"reconnect\": {\"delay\": 0.01, \"max_retries\": 1}}");
    options.set("auth", auth);
    let socket = session.attach("ws:/", &options).unwrap();
    assert_eq!(next(&socket).kind(), Kind::Lost);
    assert_eq!(next(&socket).kind(), Kind::Restored);
    peer.join();
    assert_eq!(threads.lock().unwrap()[1].as_deref(), Some("haft-worker"));
}
