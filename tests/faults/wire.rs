//! What a server does wrong on the wire: told as it is, and never by a connection that carries it on.

use serde_json::{Value, json};

use super::player::{NULL, Player, expect, forget, log, sandbox};

const OK: &str = "HAFT_OK";
const IO: &str = "HAFT_E_IO";
const LIMIT: &str = "HAFT_E_LIMIT";
const PROTOCOL: &str = "HAFT_E_PROTOCOL";
const TIMEOUT: &str = "HAFT_E_TIMEOUT";

/// One fault: where, status, code, message, outcome.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

const CUT: &str = "the chunked body was broken: the connection ended inside of it";
const CLOSED: &str = "the server closed the connection without an answer";

const FAULTS: &[Row] = &[
    ("/fault/reset", IO, "connect", "the connection broke: connection reset by peer", "unknown"),
    ("/fault/close", IO, "connect", CLOSED, "unknown"),
    ("/fault/half-close", IO, "connect", CLOSED, "unknown"),
    (
        "/fault/truncated-head",
        IO,
        "connect",
        "the server closed the connection inside the head of its answer",
        "unknown",
    ),
    ("/fault/reset-after-head", PROTOCOL, "incomplete_read", "the body ended after 0 of 100 bytes", "applied"),
    ("/fault/truncate", PROTOCOL, "incomplete_read", "the body ended after 50 of 100 bytes", "applied"),
    ("/fault/truncate?end=reset", PROTOCOL, "incomplete_read", "the body ended after 50 of 100 bytes", "applied"),
    ("/fault/truncated-chunk", PROTOCOL, "chunked_encoding", CUT, "applied"),
    ("/fault/missing-last-chunk", PROTOCOL, "chunked_encoding", CUT, "applied"),
    (
        "/fault/malformed-chunk",
        PROTOCOL,
        "chunked_encoding",
        "the chunked body was broken: a chunk's size was no number: \"xyz\"",
        "applied",
    ),
    ("/fault/stall", TIMEOUT, "read_timeout", "no answer came from 127.0.0.1 within 1 s", "unknown"),
    (
        "/fault/stall-body",
        TIMEOUT,
        "read_timeout",
        "nothing more of the body came from 127.0.0.1 within 1 s",
        "applied",
    ),
    ("/fault/endless-headers", LIMIT, "limit", "the head of the answer was too large: more than 256 KiB", "unknown"),
    ("/fault/huge-header", LIMIT, "limit", "the head of the answer was too large: more than 256 KiB", "unknown"),
    ("/fault/many-headers", LIMIT, "limit", "the head of the answer was too large: more than 256 fields", "unknown"),
    (
        "/fault/bad-status-line",
        PROTOCOL,
        "protocol",
        "the server's answer was not HTTP/1: it began with \"HTTP/1.1 abc what\"",
        "unknown",
    ),
    (
        "/fault/bad-status-line?line=220%20mail.example%20ESMTP",
        PROTOCOL,
        "protocol",
        "the server's answer was not HTTP/1: it began with \"220 mail.example ESMTP\"",
        "unknown",
    ),
    ("/fault/two-lengths", PROTOCOL, "invalid_header", "the answer had two lengths that differ", "unknown"),
    ("/fault/bad-length", PROTOCOL, "protocol", "the answer's length was no number below 2^63: \"three\"", "unknown"),
    ("/fault/negative-length", PROTOCOL, "protocol", "the answer's length was no number below 2^63: \"-1\"", "unknown"),
    (
        "/fault/truncate?length=9223372036854775808",
        PROTOCOL,
        "protocol",
        "the answer's length was no number below 2^63: \"9223372036854775808\"",
        "unknown",
    ),
    (
        "/fault/truncate?length=9223372036854775807&sent=10",
        PROTOCOL,
        "incomplete_read",
        "the body ended after 10 of 9223372036854775807 bytes",
        "applied",
    ),
    (
        "/fault/truncate?length=10000000000000&sent=10",
        PROTOCOL,
        "incomplete_read",
        "the body ended after 10 of 10000000000000 bytes",
        "applied",
    ),
    ("/continue?n=300", PROTOCOL, "protocol", "the server sent interim answers without end", "unknown"),
    (
        "/redirect-to?url=http://a%00b/",
        PROTOCOL,
        "protocol",
        "the head of the server's answer had a character in it that no field may have",
        "unknown",
    ),
    (
        "/encoded?codings=br&broken=1",
        PROTOCOL,
        "content_decoding",
        "the br body could not be decoded: it was not valid brotli data",
        "applied",
    ),
    (
        "/encoded?codings=zstd&broken=1",
        PROTOCOL,
        "content_decoding",
        "the zstd body could not be decoded: it was not valid zstd data",
        "applied",
    ),
];

#[test]
fn every_fault_is_told_as_it_is() {
    let sandbox = sandbox();
    let mut player = Player::start();
    let before = player.counts();
    for (path, status, code, message, outcome) in FAULTS {
        for verb in ["GET", "POST"] {
            let what = format!("{verb} {path}");
            player.create("0", &sandbox.http, &["j:timeouts={\"read\":1,\"total\":20}", "s:parse=none"]);
            forget(&sandbox);
            let options: &[&str] = if verb == "POST" { &["s:data=a change"] } else { &[] };
            let found = player.call(verb, path, options);
            let url = format!("{}{path}", sandbox.http);
            expect(
                &found,
                &[
                    ("/status", json!(status)),
                    ("/message", json!(message)),
                    ("/detail/code", json!(code)),
                    ("/detail/outcome", json!(outcome)),
                    ("/detail/url", json!(url)),
                ],
                &what,
            );
            if *code != "content_decoding" {
                assert_eq!(found["detail"]["phase"], "read", "{what}: {found}");
            }
            let transient = matches!(*code, "connect" | "incomplete_read" | "chunked_encoding" | "read_timeout");
            assert_eq!(found["retryable"], transient && *outcome != "unknown", "{what}");
            assert_eq!(log(&sandbox).len(), 1, "{what}: a fresh connection's request was sent again");
            // Whatever is left on that connection must not be taken for the next answer.
            let next = player.call("GET", "/get?next=1", &[]);
            assert_eq!((&next["status"], &next["http"]), (&json!(OK), &json!(200)), "{what}, then {next}");
            if *code != "content_decoding" {
                let log = log(&sandbox);
                assert_ne!(log[0]["connection"], log[1]["connection"], "{what}: the connection was used again");
            }
            player.tell(&["free", "0"]);
        }
    }
    player.settles(before);
    // No length was believed: what came was a few bytes each.
    let peak = player.tell(&["stats"])["peak"].as_i64().unwrap();
    assert!(peak < 100_000, "{peak} KiB at the most");
    player.end();
}

#[test]
fn a_connection_serves_again_exactly_when_it_may() {
    let sandbox = sandbox();
    let mut player = Player::start();
    let rows: &[(&str, &str, bool)] = &[
        ("GET", "/status/404?body=nothing+here", true),
        ("GET", "/status/500?body=oh", true),
        ("GET", "/redirect/3", true),
        ("GET", "/gzip", true),
        ("GET", "/zstd", true),
        ("GET", "/stream/3", true),
        ("GET", "/trailers", true),
        ("HEAD", "/size/5000", true),
        ("GET", "/status/204", true),
        ("GET", "/status/304", true),
        ("GET", "/size/0", true),
        ("GET", "/early-hints?n=2", true),
        ("GET", "/continue?n=2", true),
        ("GET", "/no-reason", true),
        ("GET", "/fault/slow-drip?interval_ms=1", true),
        ("GET", "/fault/folded-header", true),
        ("GET", "/fault/space-colon", true),
        ("GET", "/fault/no-colon", true),
        ("GET", "/fault/same-lengths", true),
        ("GET", "/fault/huge-header?size=100000", true),
        ("GET", "/http10", false),
        ("GET", "/fault/lying-length", false),
        ("GET", "/fault/garbage-after", false),
        ("GET", "/fault/body-on-204", false),
        ("GET", "/fault/te-and-length?end=keep", false),
        ("GET", "/fault/close-idle", false),
        ("GET", "/raw-head?base64=SFRUUC8xLjEgMjAwIE9LDQpDb250ZW50LUxlbmd0aDogMA0KQ29ubmVjdGlvbjogY2xvc2UNCg0K", false),
    ];
    for (verb, path, again) in rows {
        player.create("0", &sandbox.http, &["j:timeouts={\"read\":5,\"total\":20}"]);
        forget(&sandbox);
        let found = player.call(verb, path, &[]);
        assert_eq!(found["status"], OK, "{path}: {found}");
        let next = player.call("GET", "/get", &[]);
        assert_eq!((&next["status"], &next["http"]), (&json!(OK), &json!(200)), "{path}");
        let log = log(&sandbox);
        let last = &log[log.len() - 1];
        assert_eq!(last["connection"] == log[0]["connection"], *again, "{path}");
        assert_eq!(next["meta"]["reused"], *again, "{path}");
        player.tell(&["free", "0"]);
    }
    player.end();
}

#[test]
fn a_kept_connection_that_died_is_replaced_for_who_may_repeat() {
    let sandbox = sandbox();
    let mut player = Player::start();
    for end in ["close", "reset", "abort"] {
        player.create("0", &sandbox.http, &["j:timeouts={\"total\":20}"]);
        // The race: the server closes at the very moment at which the next request is on its way.
        let path = format!("/fault/close-on-next?end={end}");
        assert_eq!(player.call("GET", &path, &[])["status"], OK);
        let found = player.call("GET", "/get?repaired=1", &[]);
        expect(&found, &[("/status", json!(OK)), ("/http", json!(200)), ("/meta/reused", json!(false))], end);
        player.tell(&["free", "0"]);

        player.create("0", &sandbox.http, &["j:timeouts={\"total\":20}"]);
        assert_eq!(player.call("GET", &path, &[])["status"], OK);
        let found = player.call("POST", "/post", &["s:data=a change"]);
        let expected =
            [("/status", json!(IO)), ("/detail/code", json!("connect")), ("/detail/outcome", json!("unknown"))];
        expect(&found, &expected, end);
        assert_eq!(found["retryable"], false);
        player.tell(&["free", "0"]);

        // With a reader that cannot go back even a PUT is not repeated.
        player.create("0", &sandbox.http, &["j:timeouts={\"total\":20}"]);
        assert_eq!(player.call("GET", &path, &[])["status"], OK);
        let found = player.call("PUT", "/put", &["r:data=100o"]);
        expect(&found, &[("/status", json!(IO)), ("/detail/outcome", json!("unknown"))], end);
        player.tell(&["free", "0"]);
    }
    // Closed before: seen by who looks, so that a POST is sent on a fresh one.
    player.create("0", &sandbox.http, &["j:timeouts={\"total\":20}"]);
    assert_eq!(player.call("GET", "/fault/close-idle", &[])["status"], OK);
    let found = player.call("POST", "/post", &["s:data=a change"]);
    expect(&found, &[("/status", json!(OK)), ("/http", json!(200))], "closed before");
    player.end();
}

#[test]
fn an_early_answer_stops_the_upload() {
    let sandbox = sandbox();
    let mut player = Player::start();
    let size: i64 = 64 << 20;
    for ending in ["close=0", "close=1&linger=1", "close=1"] {
        for declared in ["", "u"] {
            let what = format!("{ending} {declared}");
            player.create("0", &sandbox.http, &["j:timeouts={\"read\":20,\"total\":30}"]);
            player.tell(&["reset"]);
            let reader = format!("r:data={size}{declared}");
            let found = player.call("POST", &format!("/fault/early-413?read=100000&{ending}"), &[&reader]);
            expect(&found, &[("/status", json!(OK)), ("/http", json!(413)), ("/body", json!("too much\n"))], &what);
            let read = found["read"].as_i64().unwrap();
            assert!((100_000..size / 2).contains(&read), "{what}: {read} bytes were read");
            assert_eq!(found["drops"], 1, "{what}");
            let next = player.call("GET", "/get", &[]);
            expect(&next, &[("/status", json!(OK)), ("/meta/reused", json!(false))], &what);
            player.tell(&["free", "0"]);
        }
    }
    player.end();
}

#[test]
fn a_reader_that_fails_ends_the_call() {
    let sandbox = sandbox();
    let mut player = Player::start();
    player.create("0", &sandbox.http, &["j:timeouts={\"total\":20}"]);
    for declared in ["f", "fu"] {
        player.tell(&["reset"]);
        let found = player.call("POST", "/upload", &[&format!("r:data=2000000{declared}")]);
        assert_eq!(found["detail"]["code"], "provider", "{found}");
        assert_eq!(found["detail"]["outcome"], "unknown", "{found}");
        assert_eq!(found["drops"], 1);
        assert_eq!(player.call("GET", "/get", &[])["http"], 200);
    }
    player.end();
}

#[test]
fn an_empty_location_is_the_final_answer() {
    let sandbox = sandbox();
    let mut player = Player::start();
    player.create("0", &sandbox.http, &[]);
    expect(&player.call("GET", "/redirect-to?url=", &[]), &[("/status", json!(OK)), ("/http", json!(302))], "empty");
    let found = player.call("POST", "/redirect-to?url=gopher://x/", &["s:data=a change"]);
    let expected = [
        ("/status", json!("HAFT_E_ARGUMENT")),
        ("/message", json!("no adapter is mounted for \"gopher\" URLs")),
        ("/detail/code", json!("invalid_schema")),
        ("/detail/url", json!("gopher://x/")),
        ("/detail/outcome", json!("applied")),
    ];
    expect(&found, &expected, "no such scheme");
    let found = player.call("GET", "/redirect/40", &[]);
    let expected = [
        ("/status", json!("HAFT_E_REMOTE")),
        ("/message", json!("more than 30 redirects came")),
        ("/detail/code", json!("too_many_redirects")),
        ("/failed/http", json!(302)),
    ];
    expect(&found, &expected, "too many");
    assert_eq!(found["failed"]["meta"]["history"].as_array().map(Vec::len), Some(30));
    player.end();
}

#[test]
fn a_submitted_call_tells_the_same() {
    let sandbox = sandbox();
    let mut player = Player::start();
    player.create("0", &sandbox.http, &["j:timeouts={\"read\":1,\"total\":20}"]);
    for (path, status, code, message, outcome) in FAULTS.iter().take(9) {
        player.tell(&["submit", "0", "GET", path]);
        let event = player.tell(&["poll", "0", "20000"]);
        expect(
            &event,
            &[
                ("/kind", json!(2)),
                ("/event/status", json!(status)),
                ("/event/detail/code", json!(code)),
                ("/event/detail/outcome", json!(outcome)),
                ("/event/message", json!(message)),
            ],
            path,
        );
    }
    let left: Value = player.tell(&["poll", "0", "0"]);
    assert!(left.get("kind").is_none(), "{left}");
    assert_eq!(player.tell(&["close", "0"])["status"], OK);
    assert_eq!(player.tell(&["request", "0", "GET", NULL])["status"], "HAFT_E_STATE");
    player.end();
}
