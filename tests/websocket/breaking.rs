//! Peers that break the rules, the connection, or their word.

use std::{
    io::{Read, Write},
    net::Shutdown,
};

use haft::{args::Args, session::Kind};

use super::bed::{Peer, end, frame, listen, message, next, open, read_frame, sandbox, text};

#[test]
fn broken_rules_end_with_their_code() {
    let sandbox = sandbox();
    for (kind, compression, code) in [
        ("masked", "true", 1002),
        ("reserved&bits=1", "true", 1002),
        ("reserved&bits=2", "true", 1002),
        ("reserved&bits=4", "false", 1002),
        ("opcode&opcode=3", "true", 1002),
        ("opcode&opcode=11", "true", 1002),
        ("utf8", "true", 1007),
        ("utf8-fragment", "true", 1007),
        ("utf8-surrogate", "true", 1007),
        ("length-msb", "true", 1002),
        ("control-long", "true", 1002),
        ("control-fragmented", "true", 1002),
        ("close-1", "true", 1002),
        ("close-code&code=1005", "true", 1002),
        ("close-code&code=2999", "true", 1002),
        ("close-utf8", "true", 1007),
        ("continuation", "true", 1002),
        ("interleaved", "true", 1002),
        ("rsv-without-extension", "false", 1002),
        ("rsv-control", "true", 1002),
        ("rsv-continuation", "true", 1002),
        ("deflate-garbage", "true", 1007),
    ] {
        let socket =
            listen(&sandbox.http, &format!("ws:/ws/bad?kind={kind}"), &format!("{{\"compression\": {compression}}}"));
        let mut event = next(&socket);
        while event.kind() == Kind::Message {
            event = next(&socket);
        }
        assert_eq!(event.kind(), Kind::Closed);
        let failure = event.failure().unwrap_or_else(|| panic!("{kind}: there was no error"));
        assert_eq!(failure.error().code(), "websocket", "{kind}: {}", failure.error());
        assert_eq!(super::bed::json(event.value())["code"], code, "{kind}: {}", failure.error());
    }
}

#[test]
fn more_than_is_allowed_ends_with_1009() {
    let sandbox = sandbox();
    for kind in [
        "oversized&size=100001",
        "oversized-fragments&size=100001",
        "huge-length&length=4611686018427387904",
        "bomb&size=50000000",
    ] {
        let socket = listen(&sandbox.http, &format!("ws:/ws/bad?kind={kind}"), "{\"max_message_size\": 100000}");
        let (code, _, error) = end(&socket);
        assert_eq!((code, error.unwrap().0.as_str()), (1009, "limit"), "{kind}");
    }
}

#[test]
fn the_peer_hears_why() {
    for (bytes, said) in [
        (frame(0xf1, b""), 1002u16),
        (frame(0x81, b"\xff"), 1007),
        ([&[0x82, 127][..], &(1u64 << 40).to_be_bytes()].concat(), 1009),
    ] {
        let peer = Peer::start(1, move |stream, _| {
            stream.write_all(&bytes).unwrap();
            let (first, payload) = read_frame(stream).unwrap();
            assert_eq!((first, &payload[..2]), (0x88, &said.to_be_bytes()[..]));
            assert!(std::str::from_utf8(&payload[2..]).is_ok_and(|reason| !reason.is_empty()));
        });
        let socket = listen(&peer.url, "ws:/", "{}");
        assert_eq!(end(&socket).0, i64::from(said));
        peer.join();
    }
}

#[test]
fn connections_that_break() {
    let sandbox = sandbox();
    for name in ["ws:/ws/drop?after=0", "ws:/ws/reset?after=0", "ws:/ws/bad?kind=mid-frame"] {
        let socket = listen(&sandbox.http, name, "{}");
        let (code, reason, error) = end(&socket);
        let (error, message) = error.unwrap();
        assert_eq!((code, reason.as_str(), error.as_str()), (1006, "", "connection_lost"), "{name}");
        assert!(!message.is_empty());
    }
    for cut in [1, 2, 3, 6] {
        // A text frame of ten bytes, cut in its head and in its payload.
        let peer = Peer::start(1, move |stream, _| {
            let whole = [frame(0x81, b"whole"), frame(0x81, b"0123456789")].concat();
            stream.write_all(&whole[..7 + cut]).unwrap();
        });
        let socket = listen(&peer.url, "ws:/", "{}");
        assert_eq!(message(&socket), text("whole"));
        let (code, _, error) = end(&socket);
        assert_eq!((code, error.unwrap().1.as_str()), (1006, "the peer ended the connection inside a message"));
        peer.join();
    }
}

#[test]
fn silence_is_noticed() {
    let sandbox = sandbox();
    let socket = listen(&sandbox.http, "ws:/ws/stall", "{\"ping_interval\": 0.05, \"ping_timeout\": 0.05}");
    let (code, _, error) = end(&socket);
    let (error, message) = error.unwrap();
    assert_eq!(
        (code, error.as_str(), message.as_str()),
        (1006, "connection_lost", "the peer did not answer a ping in time")
    );
    // A peer that answers is left alone: it gets its pings.
    let peer = Peer::start(1, |stream, _| {
        for _ in 0..3 {
            let (first, payload) = read_frame(stream).unwrap();
            assert_eq!(first, 0x89);
            stream.write_all(&frame(0x8a, &payload)).unwrap();
        }
        stream.write_all(&frame(0x88, b"\x03\xe8")).unwrap();
        while read_frame(stream).is_some_and(|(first, _)| first != 0x88) {}
    });
    let socket = listen(&peer.url, "ws:/", "{\"ping_interval\": 0.02, \"ping_timeout\": 20}");
    assert_eq!(end(&socket), (1000, String::new(), None));
    peer.join();
}

#[test]
fn half_of_the_connection_is_enough_to_end_it() {
    let peer = Peer::start(1, |stream, _| {
        stream.shutdown(Shutdown::Write).unwrap();
        // The client goes as well.
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    });
    let socket = listen(&peer.url, "ws:/", "{}");
    assert_eq!(end(&socket).0, 1006);
    peer.join();
}

#[test]
fn a_close_that_is_not_answered_is_given_up() {
    let sandbox = sandbox();
    let socket = open(&sandbox.http, "ws:/ws/stall", "{\"close_timeout\": 0.1}");
    let error = socket.request(Some("close"), None, &Args::new()).unwrap_err();
    assert_eq!(error.code(), "total_timeout");
    assert_eq!(next(&socket).kind(), Kind::Closed);
}
