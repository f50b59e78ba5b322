//! Server-sent events of the sandbox against raw sockets and curl.

mod peer;

use std::io::{Read, Write};

use peer::{connect, curl, request, start};

fn events(url: &str, target: &str, more: &[&str]) -> (String, i32) {
    let url = format!("{url}{target}");
    curl(&[&["-N", &url], more].concat())
}

#[test]
fn events_go_on_after_the_last_one() {
    let sandbox = start();
    let (text, code) = events(&sandbox.http, "/sse?count=2&retry=10&event=e&lines=2", &[]);
    let wanted =
        "retry: 10\n\nid: 1\nevent: e\ndata: event 1\ndata: line 1\n\nid: 2\nevent: e\ndata: event 2\ndata: line 1\n\n";
    assert_eq!((text.as_str(), code), (wanted, 0));
    let (text, _) = events(&sandbox.http, "/sse?count=3", &["-H", "Last-Event-ID: 2"]);
    assert_eq!(text, "id: 3\ndata: event 3\n\n");
    let (text, code) = events(&sandbox.h2c, "/sse?count=1&id=0&comment=1", &["--http2-prior-knowledge"]);
    assert_eq!((text.as_str(), code), (": comment\ndata: event 1\n\n", 0));
}

#[test]
fn cut_streams_are_gone_on_with_until_204() {
    let sandbox = start();
    let at = |id: &str| events(&sandbox.http, "/sse/drop?after=2&count=3", &["-H", &format!("Last-Event-ID: {id}")]);
    let (text, code) = at("0");
    assert!(text.starts_with("id: 1\ndata: event 1\n\nid: 2\ndata: event 2\n\n"), "{text}");
    // 18: the body ended too early.
    assert_eq!(code, 18);
    assert!(at("2").0.starts_with("id: 3\ndata: event 3\n\n"));
    let answer = request(&sandbox.http, "GET", "/sse/drop?after=2&count=3", "Last-Event-ID: 3\r\n", b"");
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    let (text, code) = events(&sandbox.h2c, "/sse/drop?after=1", &["--http2-prior-knowledge"]);
    assert!(text.starts_with("id: 1\ndata: event 1\n\n") && code != 0, "{code} {text}");
}

#[test]
fn raw_bytes_come_in_the_pieces_that_were_asked_for() {
    let sandbox = start();
    let posted = b"\xef\xbb\xbfdata: a\r\rdata: \xff\n\n";
    assert!(request(&sandbox.http, "POST", "/sse/raw?slot=s", "", posted).starts_with("HTTP/1.1 204 "));
    let mut stream = connect(&sandbox.http);
    stream.write_all(b"GET /sse/raw?slot=s&splits=1,10 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let whole = [&b"1\r\n\xef\r\n9\r\n\xbb\xbfdata: a\r\n"[..], b"b\r\n\r\rdata: \xff\n\n\r\n0\r\n\r\n"].concat();
    let body = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| &bytes[at + 4..]).unwrap();
    assert_eq!(body, whole);
}

#[test]
fn refusals_are_counted() {
    let sandbox = start();
    let get = |target: &str| request(&sandbox.http, "GET", target, "", b"");
    for wanted in ["500", "500", "200"] {
        assert_eq!(&get("/sse/status?status=500&times=2&key=k&count=1")[9..12], wanted);
    }
    assert!(get("/sse/type").contains("Content-Type: text/html\r\n"));
    assert!(!get("/sse/type?type=none").contains("Content-Type"));
}
