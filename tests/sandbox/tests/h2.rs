//! HTTP/2 of the sandbox against curl (nghttp2) and frames written by hand.

mod peer;

use std::io::{Read, Write};
use std::net::TcpStream;

use haft_sandbox::Sandbox;
use peer::{connect, curl, page, start, wait_for};

/// A client that writes frames by the letter of RFC 9113.
struct Client {
    stream: TcpStream,
}

#[derive(Debug)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

impl Client {
    /// Connects, and takes the server's SETTINGS.
    fn new(sandbox: &Sandbox) -> Self {
        let mut client = Self { stream: connect(&sandbox.h2c) };
        client.stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
        client.put(SETTINGS, 0, 0, b"");
        client
    }

    fn put(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = vec![length[1], length[2], length[3], kind, flags];
        frame.extend_from_slice(&stream.to_be_bytes());
        frame.extend_from_slice(payload);
        self.stream.write_all(&frame).unwrap();
    }

    /// A request with literal fields only; `end` says that no body follows.
    fn request(&mut self, stream: u32, method: &str, path: &str, end: bool) {
        let mut block = Vec::new();
        let fields = [
            (":method", method),
            (":scheme", "http"),
            (":path", path),
            (":authority", "h"),
            ("x-b", "2"),
            ("x-a", "1"),
        ];
        for (name, value) in fields {
            block.extend_from_slice(&[0, u8::try_from(name.len()).unwrap()]);
            block.extend_from_slice(name.as_bytes());
            block.push(u8::try_from(value.len()).unwrap());
            block.extend_from_slice(value.as_bytes());
        }
        self.put(HEADERS, 4 | u8::from(end), stream, &block);
    }

    /// The next frame, SETTINGS and PING answered; `None` at the end of the connection.
    fn frame(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).ok()?;
        let mut payload = vec![0; usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2])];
        self.stream.read_exact(&mut payload).ok()?;
        let (kind, flags) = (head[3], head[4]);
        if flags & 1 == 0 && matches!(kind, SETTINGS | PING) {
            self.put(kind, 1, 0, if kind == PING { &payload } else { b"" });
        }
        Some(Frame { kind, flags, stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload })
    }

    /// Frames up to the first of that type, which is the last one given.
    fn until(&mut self, kind: u8) -> Vec<Frame> {
        let mut all = Vec::new();
        loop {
            let frame = self.frame().unwrap_or_else(|| panic!("the connection ended without a {kind}: {all:?}"));
            let found = frame.kind == kind;
            all.push(frame);
            if found {
                return all;
            }
        }
    }

    /// The first frame of that type.
    fn first(&mut self, kind: u8) -> Frame {
        self.until(kind).pop().unwrap()
    }
}

/// curl with prior knowledge.
fn plain(sandbox: &Sandbox, target: &str, more: &[&str]) -> (String, i32) {
    let url = format!("{}{target}", sandbox.h2c);
    curl(&[&["--http2-prior-knowledge", &url], more].concat())
}

#[test]
fn alpn_and_the_preface_choose_the_protocol() {
    let sandbox = start();
    let ca = sandbox.ca.to_str().unwrap();
    let spoken = |base: &str, wish: &str| {
        let url = format!("{base}/connection");
        curl(&[wish, "--cacert", ca, "-o", "/dev/null", "-w", "%{http_version}", &url])
    };
    assert_eq!(spoken(&sandbox.https2, "--http2"), ("2".to_owned(), 0));
    assert_eq!(spoken(&sandbox.https2, "--http1.1"), ("1.1".to_owned(), 0));
    assert_eq!(spoken(&sandbox.h2only, "--http2"), ("2".to_owned(), 0));
    assert_eq!(spoken(&sandbox.h2only, "--http1.1").1, 35);
    assert_eq!(spoken(&sandbox.https, "--http2"), ("1.1".to_owned(), 0));
    assert_eq!(spoken(&sandbox.h2c, "--http2-prior-knowledge"), ("2".to_owned(), 0));
    assert_eq!(spoken(&sandbox.h2c, "--http1.1"), ("1.1".to_owned(), 0));
}

#[test]
fn bodies_go_both_ways_beyond_the_windows() {
    let sandbox = start();
    let (text, code) = plain(&sandbox, "/size/20000000", &[]);
    assert_eq!((text.len(), code), (20_000_000, 0));
    let file = sandbox.dir.join("upload");
    std::fs::write(&file, vec![b'a'; 5_000_000]).unwrap();
    let from = format!("@{}", file.display());
    let (text, _) = plain(&sandbox, "/upload", &["--data-binary", &from]);
    assert!(text.contains("\"count\": 5000000") && text.contains("\"framing\": \"sized\""), "{text}");
    // A window of 100 bytes binds the client as soon as it has acknowledged it.
    std::fs::write(&file, vec![b'a'; 100_000]).unwrap();
    page(&sandbox, "POST", "/_control?h2=1&window=100&connection_window=65535");
    let (text, _) = plain(&sandbox, "/upload", &["--data-binary", &from]);
    assert!(text.contains("\"count\": 100000"), "{text}");
}

#[test]
fn the_ordinary_endpoints_answer_as_over_http1() {
    let sandbox = start();
    for (target, wanted) in [
        ("/status/404", "404"),
        ("/redirect-to?url=/get", "302"),
        ("/etag/x", "200"),
        ("/cookies/set/a/b", "302"),
        ("/basic-auth/u/p", "401"),
        ("/drip?numbytes=3&duration=0", "200"),
        ("/delay/0", "200"),
        ("/range/100", "200"),
        ("/fault/bare-lf", "501"),
        ("/upgrade", "501"),
        ("/ws/echo", "501"),
    ] {
        let (text, code) = plain(&sandbox, target, &["-o", "/dev/null", "-w", "%{http_version} %{http_code}"]);
        assert_eq!((text.as_str(), code), (format!("2 {wanted}").as_str(), 0), "{target}");
    }
    let (text, _) = plain(&sandbox, "/early-hints", &["-i"]);
    assert!(text.starts_with("HTTP/2 103 \r\nlink: </style.css>"), "{text}");
    let (text, _) = plain(&sandbox, "/trailers", &["-v"]);
    assert!(text.contains("before the trailers\n") && text.contains("< x-extra: 2"), "{text}");
    let (text, code) = plain(&sandbox, "/size/10", &["-I"]);
    assert!(text.contains("content-length: 10") && code == 0, "{text}");
    let (text, _) = plain(&sandbox, "/gzip", &["--compressed"]);
    assert!(text.contains("\"codings\""), "{text}");
    // Two requests on one connection; over TLS, because curl's prior knowledge forgets itself on the second.
    let url = format!("{}/digest-auth/auth/u/p", sandbox.https2);
    let (text, code) = curl(&["--http2", "--cacert", sandbox.ca.to_str().unwrap(), "--digest", "-u", "u:p", &url]);
    assert!(text.contains("\"authenticated\": true") && code == 0, "{text}");
    let counters = page(&sandbox, "GET", "/_connections");
    assert_eq!((&counters["https2"]["total"], &counters["https2"]["streams_total"]), (&1.into(), &2.into()));
}

#[test]
fn the_log_shows_fields_as_they_came() {
    let sandbox = start();
    let mut client = Client::new(&sandbox);
    client.request(1, "GET", "/get?k=1", true);
    client.request(3, "POST", "/get", false);
    client.put(DATA, 8, 3, &[2, b'h', b'i', 0, 0]);
    client.put(DATA, 1, 3, b"!");
    while client.first(DATA).flags & 1 == 0 {}
    while client.first(DATA).flags & 1 == 0 {}
    let log = page(&sandbox, "GET", "/_log?listener=h2c");
    let pseudo =
        serde_json::json!([[":method", "GET"], [":scheme", "http"], [":path", "/get?k=1"], [":authority", "h"]]);
    assert_eq!(log[0]["pseudo"], pseudo);
    assert_eq!(log[0]["fields"], serde_json::json!([["x-b", "2"], ["x-a", "1"]]));
    assert_eq!((&log[0]["stream"], &log[1]["stream"]), (&1.into(), &3.into()));
    assert_eq!((&log[0]["protocol"], &log[1]["method"]), (&"HTTP/2".into(), &"POST".into()));
    assert_eq!(log[0]["connection"], log[1]["connection"]);
    assert_eq!(log[1]["body"], "aGkh");
    assert_eq!(page(&sandbox, "GET", "/_log?key=k").as_array().unwrap().len(), 1);
    let counters = page(&sandbox, "GET", "/_connections");
    assert_eq!((&counters["h2c"]["open"], &counters["h2c"]["streams_total"]), (&1.into(), &2.into()));
}

#[test]
fn a_client_that_breaks_the_rules_is_told() {
    let sandbox = start();
    let mut client = Client::new(&sandbox);
    client.put(DATA, 0, 1, b"idle");
    assert_eq!(client.first(GOAWAY).payload[4..8], [0, 0, 0, 1]);
    let mut client = Client::new(&sandbox);
    client.put(HEADERS, 5, 1, &[0x82, 0x86, 0x84, 0, 1, b'X', 1, b'1']);
    assert_eq!(client.first(RST_STREAM).payload, [0, 0, 0, 1]);
    let mut client = Client::new(&sandbox);
    client.put(HEADERS, 5, 1, &[0xff, 0xff, 0xff, 0xff]);
    assert_eq!(client.first(GOAWAY).payload[4..8], [0, 0, 0, 9]);
    let mut client = Client::new(&sandbox);
    client.put(WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff]);
    assert_eq!(client.first(GOAWAY).payload[4..8], [0, 0, 0, 3]);
    let reports = page(&sandbox, "GET", "/_h2");
    let told: Vec<&str> = (0..4).map(|n| reports[n]["violations"][0].as_str().unwrap()).collect();
    assert_eq!(told[0], "DATA came on a stream that was not begun");
    assert_eq!(told[1], "a field name had characters that are not allowed");
}

#[test]
fn goaway_leaves_later_streams_unprocessed() {
    let sandbox = start();
    let mut client = Client::new(&sandbox);
    client.request(1, "GET", "/fault/h2/goaway?wait=2&last=3&code=ENHANCE_YOUR_CALM&debug=slow", true);
    client.request(3, "GET", "/fault/stall-body", true);
    client.request(5, "GET", "/fault/stall", true);
    let goaway = client.first(GOAWAY);
    assert_eq!(goaway.payload, [&[0, 0, 0, 3, 0, 0, 0, 11][..], b"slow"].concat());
    client.request(7, "GET", "/get?late=1", true);
    let log = wait_for(&sandbox, "/_log?key=late", |log| log[0].is_object());
    assert_eq!(log[0]["unprocessed"], "goaway");
    // The stream that was left ends, and the connection with it.
    client.put(RST_STREAM, 0, 3, &[0, 0, 0, 8]);
    while let Some(frame) = client.frame() {
        assert!(frame.stream < 5, "{frame:?}");
    }
    let report = page(&sandbox, "GET", "/_h2?listener=h2c");
    assert_eq!(report[0]["resets"], serde_json::json!([[3, "CANCEL"]]));
}

#[test]
fn goaway_can_be_graceful_and_refuse_its_own_stream() {
    let sandbox = start();
    let mut client = Client::new(&sandbox);
    client.request(1, "GET", "/fault/h2/goaway?graceful=1", true);
    assert_eq!(client.first(GOAWAY).payload[..4], [0x7f, 0xff, 0xff, 0xff]);
    assert_eq!(client.first(GOAWAY).payload[..4], [0, 0, 0, 1]);
    assert!(client.first(DATA).payload.ends_with(b"after GOAWAY\n"));
    let mut client = Client::new(&sandbox);
    client.request(1, "GET", "/fault/h2/goaway?processed=0", true);
    assert_eq!(client.first(GOAWAY).payload[..4], [0, 0, 0, 0]);
    assert!(client.frame().is_none());
}

#[test]
fn streams_are_reset_where_they_should_be() {
    let sandbox = start();
    let mut client = Client::new(&sandbox);
    client.request(1, "GET", "/fault/h2/rst?code=REFUSED_STREAM", true);
    let before = client.until(RST_STREAM);
    assert!(before.iter().all(|frame| frame.stream == 0 || frame.kind == RST_STREAM), "{before:?}");
    assert_eq!(before.last().unwrap().payload, [0, 0, 0, 7]);
    client.request(3, "GET", "/fault/h2/rst?code=INTERNAL_ERROR&at=body&sent=7", true);
    let before = client.until(RST_STREAM);
    assert_eq!(before.iter().map(|frame| frame.kind).collect::<Vec<_>>(), [HEADERS, DATA, RST_STREAM]);
    assert_eq!(before[1].payload.len(), 7);
    client.request(5, "POST", "/fault/early-413", false);
    let before = client.until(RST_STREAM);
    assert_eq!((before[1].flags & 1, &before[2].payload[..]), (1, &[0, 0, 0, 0][..]));
    // The connection is as good as before.
    client.request(7, "GET", "/status/204", true);
    assert_eq!(client.first(HEADERS).payload[0], 0x89);
}

#[test]
fn settings_of_the_control_page_bind_new_connections() {
    let sandbox = start();
    page(&sandbox, "POST", "/_control?h2=1&max_concurrent=1&ping_ack=0&reset_on_stream=3");
    let mut client = Client::new(&sandbox);
    let settings = client.first(SETTINGS).payload;
    assert!(settings.chunks(6).any(|entry| entry == [0, 3, 0, 0, 0, 1]), "{settings:?}");
    client.put(PING, 0, 0, b"12345678");
    client.request(1, "GET", "/fault/stall", true);
    client.request(3, "GET", "/get", true);
    let refused = client.until(RST_STREAM);
    assert!(!refused.iter().any(|frame| frame.kind == PING), "{refused:?}");
    assert_eq!((refused.last().unwrap().stream, &refused.last().unwrap().payload[..]), (3, &[0, 0, 0, 7][..]));
    let report = page(&sandbox, "GET", "/_h2?listener=h2c");
    assert_eq!((&report[0]["pings"], &report[0]["refused"]), (&1.into(), &1.into()));
    client.request(5, "GET", "/get", true);
    let error = std::iter::repeat_with(|| client.stream.read(&mut [0; 1000])).find_map(Result::err).unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn faults_are_what_curl_says_they_are() {
    let sandbox = start();
    // Exit codes of curl: 16 and 92 are errors of HTTP/2, 18 and 52 too little came, 55 and 56 the connection broke.
    for (target, wanted) in [
        ("/fault/reset", &[55, 56][..]),
        ("/fault/close", &[18, 52, 55, 56]),
        ("/fault/truncate?end=rst", &[92]),
        ("/fault/lying-length", &[92]),
        ("/fault/body-on-204", &[92]),
        ("/fault/h2/no-body", &[92]),
        ("/fault/h2/bad-head?kind=uppercase", &[92]),
        ("/fault/h2/bad-head?kind=no-status", &[92]),
        ("/fault/h2/bad-head?kind=interim-end", &[92]),
        ("/fault/h2/bad-frame?kind=push-promise", &[16, 52, 56]),
        ("/fault/h2/bad-frame?kind=hpack-index", &[16, 52, 56]),
        ("/fault/h2/bad-frame?kind=window-overflow", &[16, 52, 56]),
        ("/fault/h2/bad-frame?kind=unknown-type", &[0]),
        ("/fault/h2/bad-frame?kind=padded", &[0]),
        ("/fault/h2/flood?type=settings&count=500", &[0]),
        ("/fault/h2/ping?count=3", &[0]),
        ("/fault/h2/settings?max_frame=20000", &[0]),
    ] {
        let (text, code) = plain(&sandbox, target, &[]);
        assert!(wanted.contains(&code), "{target}: {code} {text}");
    }
}
