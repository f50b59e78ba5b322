//! Messages both ways, pings, and ends that both sides want.

use haft::{args::Args, error::Status, session::Kind, value::Tree};
use serde_json::json;

use super::bed::{
    Got, Peer, args, call, end, frame, inspect, listen, message, next, open, read_frame, sandbox, send, send_bytes,
    text, value, with,
};

#[test]
fn messages_come_back_in_every_size() {
    let sandbox = sandbox();
    for (compression, target) in [
        ("true", "ws:/ws/echo"),
        ("false", "ws:/ws/echo"),
        ("true", "ws:/ws/echo?fragment=1000"),
        ("false", "ws:/ws/echo?fragment=70000"),
    ] {
        let socket = listen(&sandbox.http, target, &format!("{{\"compression\": {compression}}}"));
        assert_eq!(inspect(&socket, "extensions").as_array().unwrap().is_empty(), compression == "false");
        for size in [0, 1, 125, 126, 127, 128, 65_535, 65_536, 200_000, 1 << 20] {
            let words: String = (0..size).map(|at: u32| char::from(b'a' + (at.wrapping_mul(at) % 23) as u8)).collect();
            send(&socket, &words);
            assert!(message(&socket) == Got::Text(words.clone()), "{size} as text");
            send_bytes(&socket, words.as_bytes());
            assert!(message(&socket) == Got::Bytes(words.into_bytes()), "{size} as bytes");
        }
        let stats = inspect(&socket, "stats");
        assert_eq!((&stats["messages_sent"], &stats["messages_received"]), (&json!(20), &json!(20)));
    }
}

#[test]
fn what_is_submitted_goes_out_in_its_order() {
    const COUNT: u64 = 2000;
    let sandbox = sandbox();
    let socket = listen(&sandbox.http, "ws:/ws/echo", "{}");
    let ids: Vec<u64> =
        (0..COUNT).map(|at| socket.submit(Some("send"), None, &with("text", at.to_string())).unwrap()).collect();
    let (mut answers, mut messages) = (Vec::new(), Vec::new());
    while answers.len() < ids.len() || messages.len() < ids.len() {
        let event = next(&socket);
        match event.kind() {
            Kind::Response => {
                assert!(event.failure().is_none());
                answers.push(event.id());
            }
            _ => messages.push(super::bed::got(&event)),
        }
    }
    answers.sort_unstable();
    assert!(answers == ids, "each was answered once");
    assert!(messages == (0..COUNT).map(|at| text(&at.to_string())).collect::<Vec<_>>());
}

#[test]
fn what_comes_before_the_first_subscription_is_kept() {
    let sandbox = sandbox();
    let socket = open(&sandbox.http, "ws:/ws/hello?count=5", "{}");
    // Its answer comes behind the messages.
    call(&socket, "ping", &Args::new()).unwrap();
    assert_eq!(inspect(&socket, "stats")["kept"], json!(5));
    socket.subscribe("*", &Args::new(), None, 0).unwrap();
    assert!((0..5).all(|_| matches!(message(&socket), Got::Text(_))));
    send(&socket, "sixth");
    assert_eq!(message(&socket), text("sixth"));
}

#[test]
fn what_was_said_before_an_early_end_is_heard() {
    // Everything is there when the attach returns: three messages and the close.
    let peer = Peer::start(1, |stream, _| {
        use std::io::Write;
        let all =
            [frame(0x81, b"one"), frame(0x82, b"two"), frame(0x81, b"three"), frame(0x88, b"\x0f\xa0bye")].concat();
        stream.write_all(&all).unwrap();
        assert_eq!(read_frame(stream), Some((0x88, b"\x0f\xa0".to_vec())), "the close is answered with its code");
        assert_eq!(read_frame(stream), None);
    });
    let socket = open(&peer.url, "ws:/", "{}");
    peer.join();
    socket.subscribe("*", &Args::new(), None, 0).unwrap();
    assert_eq!(message(&socket), text("one"));
    assert_eq!(message(&socket), Got::Bytes(b"two".to_vec()));
    assert_eq!(message(&socket), text("three"));
    assert_eq!(end(&socket), (4000, "bye".into(), None));
}

#[test]
fn pings_are_answered_both_ways() {
    let sandbox = sandbox();
    let socket = listen(&sandbox.http, "ws:/ws/ping?count=20", "{}");
    assert_eq!(message(&socket), text("{\"pongs\":20}"));
    let rtt = call(&socket, "ping", &Args::new()).unwrap()["rtt"].as_f64().unwrap();
    assert!(rtt > 0.0 && rtt < 10.0, "{rtt}");
    assert!(inspect(&socket, "stats")["rtt"].as_f64().unwrap() > 0.0);
    // Several at once.
    let ids: Vec<u64> = (0..50).map(|_| socket.submit(Some("ping"), None, &Args::new()).unwrap()).collect();
    let mut left: std::collections::HashSet<u64> = ids.into_iter().collect();
    while !left.is_empty() {
        let mut event = next(&socket);
        assert!(left.remove(&event.id()));
        assert!(event.failure().is_none(), "{:?}", event.failure());
        assert!(value(&event.take_response().unwrap())["rtt"].as_f64().unwrap() > 0.0);
    }
}

#[test]
fn a_pong_carries_what_the_ping_carried() {
    let (ready, wait) = std::sync::mpsc::channel();
    let peer = Peer::start(1, move |stream, _| {
        use std::io::Write;
        for payload in [&b""[..], b"hello", &[0xff; 125]] {
            stream.write_all(&frame(0x89, payload)).unwrap();
            assert_eq!(read_frame(stream), Some((0x8a, payload.to_vec())));
        }
        ready.send(()).unwrap();
        // One that was not asked for is no answer to anything.
        stream.write_all(&frame(0x8a, b"unasked")).unwrap();
        let (first, payload) = read_frame(stream).unwrap();
        assert_eq!(first, 0x89);
        stream.write_all(&frame(0x8a, &payload)).unwrap();
        assert_eq!(read_frame(stream), Some((0x88, b"\x03\xe8".to_vec())));
        stream.write_all(&frame(0x88, b"\x03\xe8")).unwrap();
        assert_eq!(read_frame(stream), None);
    });
    let socket = open(&peer.url, "ws:/", "{}");
    wait.recv().unwrap();
    call(&socket, "ping", &Args::new()).unwrap();
    assert_eq!(call(&socket, "close", &Args::new()).unwrap(), json!({"code": 1000, "reason": ""}));
    peer.join();
}

#[test]
fn a_close_brings_the_peers_and_ends_the_handle() {
    let sandbox = sandbox();
    let socket = listen(&sandbox.http, "ws:/ws/echo", "{}");
    let closed = call(&socket, "close", &args("{\"code\": 4321, \"reason\": \"enough\"}")).unwrap();
    assert_eq!(closed["code"], json!(4321));
    assert_eq!(end(&socket).0, 4321);
    let error = socket.request(Some("send"), None, &with("text", "late")).unwrap_err();
    assert_eq!((error.status(), error.code()), (Status::State, "closed"));
    // The session that it belonged to goes on.
    assert!(socket.root.attach("ws:/ws/echo", &Args::new()).is_ok());
}

#[test]
fn an_option_that_would_do_nothing_is_refused() {
    let sandbox = sandbox();
    let socket = open(&sandbox.http, "ws:/ws/echo", "{}");
    let error = socket.subscribe("*", &args("{\"answer\": true}"), None, 0).unwrap_err();
    assert_eq!(error.detail().get("key").and_then(|key| key.as_str()), Some("answer"));
}

#[test]
fn who_only_sends_hears_the_end_after_a_subscription_of_a_moment() {
    let sandbox = sandbox();
    let socket = open(&sandbox.http, "ws:/ws/close?code=1000&after=2", "{}");
    let id = socket.subscribe("*", &Args::new(), None, 0).unwrap();
    socket.unsubscribe(id);
    send(&socket, "one");
    send(&socket, "two");
    assert_eq!(end(&socket).0, 1000);
}

#[test]
fn a_close_ends_the_handle_although_nobody_heard_what_came() {
    let sandbox = sandbox();
    let socket = open(&sandbox.http, "ws:/ws/echo", "{}");
    send(&socket, "back");
    call(&socket, "ping", &Args::new()).unwrap();
    while inspect(&socket, "stats")["kept"] == json!(0) {
        std::thread::yield_now();
    }
    call(&socket, "close", &Args::new()).unwrap();
    assert_eq!(end(&socket), (1000, String::new(), None));
}

#[test]
fn the_end_carries_the_peers_close_every_time() {
    let sandbox = sandbox();
    for subscribes in [true, false].repeat(50) {
        let socket = if subscribes {
            listen(&sandbox.http, "ws:/ws/echo", "{}")
        } else {
            open(&sandbox.http, "ws:/ws/echo", "{}")
        };
        socket.close(&Args::new()).unwrap();
        assert_eq!(end(&socket), (1000, String::new(), None));
    }
    // A peer that says nothing: how it ended is known all the same.
    let socket = listen(&sandbox.http, "ws:/ws/stall", "{}");
    let error = socket.close(&args("{\"timeout\": 0.1}")).unwrap_err();
    assert_eq!(error.status(), Status::Timeout);
    assert_eq!(end(&socket), (1006, String::new(), None));
}

#[test]
fn the_peer_closes() {
    let sandbox = sandbox();
    for (query, code, reason) in [
        ("code=1000&reason=bye", 1000, "bye"),
        ("code=1001", 1001, ""),
        ("code=3000&reason=a", 3000, "a"),
        ("code=none", 1005, ""),
    ] {
        let socket = listen(&sandbox.http, &format!("ws:/ws/close?{query}"), "{}");
        assert_eq!(end(&socket), (code, reason.to_owned(), None), "{query}");
    }
}

#[test]
fn closing_the_handle_says_goodbye() {
    let peer = Peer::start(2, |stream, number| {
        use std::io::Write;
        let code = if number == 0 { b"\x03\xe8" } else { b"\x03\xe9" };
        assert_eq!(read_frame(stream), Some((0x88, code.to_vec())));
        stream.write_all(&frame(0x88, code)).unwrap();
        assert_eq!(read_frame(stream), None);
    });
    let socket = open(&peer.url, "ws:/", "{}");
    socket.close(&Args::new()).unwrap();
    assert_eq!(next(&socket).kind(), Kind::Closed);
    // Letting go says that we go away, and waits for nothing.
    let socket = open(&peer.url, "ws:/", "{}");
    drop(socket.child);
    peer.join();
    drop(socket.root);
}

#[test]
fn a_close_of_the_parent_closes_its_sockets() {
    let sandbox = sandbox();
    let socket = open(&sandbox.http, "ws:/ws/echo", "{}");
    socket.root.close(&Args::new()).unwrap();
    assert_eq!(next(&socket).kind(), Kind::Closed);
    // A peer that does not answer holds it up no longer than it was told.
    let socket = open(&sandbox.http, "ws:/ws/stall", "{}");
    let begin = haft::clock::now();
    let error = socket.root.close(&args("{\"timeout\": 0.2}")).unwrap_err();
    assert_eq!(error.status(), Status::Timeout);
    assert!(begin.elapsed().as_secs() < 5);
}

#[test]
fn what_it_shows_of_itself() {
    let sandbox = sandbox();
    let socket = open(&sandbox.http, "ws:/ws/echo?subprotocol=b", "{\"subprotocols\": [\"a\", \"b\"]}");
    assert_eq!(inspect(&socket, "subprotocol"), json!("b"));
    assert_eq!(inspect(&socket, "extensions")[0]["name"], json!("permessage-deflate"));
    let headers = inspect(&socket, "headers");
    let has = |name: &str| {
        headers.as_array().unwrap().iter().any(|pair| pair[0].as_str().unwrap().eq_ignore_ascii_case(name))
    };
    assert!(has("sec-websocket-accept") && has("sec-websocket-protocol"));
    assert_eq!(inspect(&socket, "backend"), json!("websocket"));
    assert_eq!(
        inspect(&socket, "url"),
        json!(format!("{}/ws/echo?subprotocol=b", sandbox.http.replace("http:", "ws:")))
    );
    assert_eq!(inspect(&socket, "options")["max_message_size"], json!(64 << 20));
    assert_eq!(inspect(&socket, "state"), json!("ready"));
}

#[test]
fn mistakes_are_told_before_anything_is_sent() {
    let sandbox = sandbox();
    let socket = open(&sandbox.http, "ws:/ws/echo", "{}");
    for (verb, arguments, status) in [
        ("send", "{}", Status::Argument),
        ("send", "{\"text\": \"a\", \"code\": 1000}", Status::Argument),
        ("send", "{\"text\": 5}", Status::Argument),
        ("close", "{\"code\": 1005}", Status::Argument),
        ("close", "{\"code\": 999}", Status::Argument),
        ("close", "{\"text\": \"a\"}", Status::Argument),
        ("ping", "{\"text\": \"a\"}", Status::Argument),
        ("sent", "{\"text\": \"a\"}", Status::Unsupported),
        ("GET", "{}", Status::Unsupported),
    ] {
        assert_eq!(
            socket.request(Some(verb), None, &args(arguments)).unwrap_err().status(),
            status,
            "{verb} {arguments}"
        );
    }
    let mut both = with("text", "a");
    both.set("bytes", Tree::Bytes(b"b"[..].into()));
    assert_eq!(socket.request(Some("send"), None, &both).unwrap_err().status(), Status::Argument);
    assert_eq!(socket.stage(Some("send"), None, &with("text", "a")).unwrap_err().status(), Status::Unsupported);
    assert_eq!(socket.subscribe("other", &Args::new(), None, 0).unwrap_err().status(), Status::Unsupported);
    let long = args(&format!("{{\"reason\": \"{}\"}}", "r".repeat(124)));
    assert_eq!(socket.request(Some("close"), None, &long).unwrap_err().status(), Status::Argument);
    let error = socket.root.attach("/base", &args("{\"compression\": true}")).unwrap_err();
    assert_eq!(error.status(), Status::Argument);
    call(&socket, "ping", &Args::new()).unwrap();
}
