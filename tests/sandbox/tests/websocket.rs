//! WebSocket of the sandbox against frames written by hand (RFC 6455).

mod peer;

use std::io::{Read, Write};
use std::net::TcpStream;

use haft_sandbox::Sandbox;
use peer::{connect, page, start, wait_for};

struct Client {
    stream: TcpStream,
    head: String,
}

impl Client {
    /// Shakes hands with the key of RFC 6455 section 1.3.
    fn new(sandbox: &Sandbox, target: &str, more: &str) -> Self {
        let mut stream = connect(&sandbox.http);
        let text = format!(
            "GET {target} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
        );
        stream.write_all(text.as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        Self { stream, head: String::from_utf8(head).unwrap() }
    }

    /// Sends a short frame, masked.
    fn put(&mut self, first: u8, payload: &[u8]) {
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        let mut frame = vec![first, 0x80 | u8::try_from(payload.len()).unwrap()];
        frame.extend_from_slice(&mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.stream.write_all(&frame).unwrap();
    }

    /// The first byte and the payload of the next frame; `None` at the end of the connection.
    fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut head = [0; 2];
        self.stream.read_exact(&mut head).ok()?;
        assert!(head[1] < 127, "a frame was masked or long");
        let mut length = usize::from(head[1]);
        if length == 126 {
            let mut more = [0; 2];
            self.stream.read_exact(&mut more).ok()?;
            length = usize::from(u16::from_be_bytes(more));
        }
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload).ok()?;
        Some((head[0], payload))
    }
}

#[test]
fn messages_are_echoed_and_logged() {
    let sandbox = start();
    let mut client = Client::new(&sandbox, "/ws/echo?subprotocol=b&case=k", "Sec-WebSocket-Protocol: a, b\r\n");
    assert!(client.head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{}", client.head);
    assert!(client.head.contains("Sec-WebSocket-Protocol: b\r\n"), "{}", client.head);
    client.put(0x81, b"Hello");
    assert_eq!(client.frame().unwrap(), (0x81, b"Hello".to_vec()));
    client.put(0x89, b"p");
    assert_eq!(client.frame().unwrap(), (0x8a, b"p".to_vec()));
    client.put(0x02, b"\0");
    client.put(0x80, b"\x01");
    assert_eq!(client.frame().unwrap(), (0x82, vec![0, 1]));
    client.put(0x88, b"\x03\xe9bye");
    assert_eq!(client.frame().unwrap(), (0x88, vec![3, 0xe9]));
    assert!(client.frame().is_none());
    let log = page(&sandbox, "GET", "/_log?key=k");
    let messages = log[0]["messages"].as_array().unwrap();
    let kinds: Vec<&str> = messages.iter().map(|message| message["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["text", "ping", "binary", "close"]);
    assert_eq!((&messages[0]["text"], &messages[2]["frames"]), (&"Hello".into(), &2.into()));
    assert_eq!((&messages[3]["code"], &messages[3]["reason"]), (&1001.into(), &"bye".into()));
}

#[test]
fn compression_is_that_of_rfc_7692() {
    let sandbox = start();
    let mut client = Client::new(&sandbox, "/ws/echo?takeover=0", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    assert!(client.head.contains("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n"));
    // Section 7.2.3.1, then 7.2.3.2, which looks back at the first message.
    client.put(0xc1, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
    let first = client.frame().unwrap();
    assert_eq!(first.0, 0xc1);
    client.put(0xc1, &[0xf2, 0x00, 0x11, 0x00, 0x00]);
    assert_eq!(client.frame().unwrap(), first);
}

#[test]
fn a_client_that_breaks_the_rules_is_closed() {
    let sandbox = start();
    for (frames, code) in [
        (&[(0xf1, &b"x"[..])][..], 1002_u16),
        (&[(0x83, b"x")], 1002),
        (&[(0x80, b"x")], 1002),
        (&[(0x01, b"x"), (0x81, b"y")], 1002),
        (&[(0x09, b"x")], 1002),
        (&[(0x81, b"\xff")], 1007),
        (&[(0x88, b"\x03")], 1002),
        (&[(0x88, b"\x03\xed")], 1002),
    ] {
        let mut client = Client::new(&sandbox, "/ws/echo", "");
        for (first, payload) in frames {
            client.put(*first, payload);
        }
        let (first, payload) = client.frame().unwrap();
        assert_eq!((first, &payload[..2]), (0x88, &code.to_be_bytes()[..]), "{frames:?}");
        assert!(client.frame().is_none());
    }
    let mut client = Client::new(&sandbox, "/ws/echo?case=unmasked", "");
    client.stream.write_all(&[0x81, 1, b'x']).unwrap();
    assert_eq!(client.frame().unwrap().1[..2], 1002_u16.to_be_bytes());
    let log = page(&sandbox, "GET", "/_log?key=unmasked");
    assert_eq!(log[0]["violation"], "a frame of the client was not masked");
}

#[test]
fn connections_end_as_their_names_say() {
    let sandbox = start();
    let mut client = Client::new(&sandbox, "/ws/close?code=4001&reason=later&after=1", "");
    client.put(0x81, b"x");
    assert_eq!(client.frame().unwrap(), (0x88, b"\x0f\xa1later".to_vec()));
    let mut client = Client::new(&sandbox, "/ws/drop?after=1", "");
    client.put(0x81, b"x");
    assert_eq!(client.stream.read(&mut [0; 10]).unwrap(), 0);
    let mut client = Client::new(&sandbox, "/ws/reset?after=1", "");
    client.put(0x81, b"x");
    assert_eq!(client.stream.read(&mut [0; 10]).unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    for (n, ends) in [(1, true), (2, false)] {
        let mut client = Client::new(&sandbox, "/ws/count?key=c&first=1&after=1", "");
        assert_eq!(client.frame().unwrap().1, format!("{{\"connection\":{n}}}").as_bytes());
        client.put(0x81, b"x");
        assert_eq!(client.frame().is_none(), ends);
    }
    let mut client = Client::new(&sandbox, "/ws/bad?kind=mid-frame", "");
    assert!(client.frame().is_none());
}

#[test]
fn floods_count_and_pings_are_awaited() {
    let sandbox = start();
    let mut client = Client::new(&sandbox, "/ws/flood?count=1000&size=200&text=1", "");
    for n in 0..1000 {
        let (first, payload) = client.frame().unwrap();
        assert_eq!((first, payload.len()), (0x81, 200));
        assert!(payload.starts_with(format!("{n} ").as_bytes()));
    }
    assert_eq!(client.frame().unwrap(), (0x88, vec![3, 0xe8]));
    let mut client = Client::new(&sandbox, "/ws/ping?count=2", "");
    for n in 0..2 {
        let (first, payload) = client.frame().unwrap();
        assert_eq!((first, &payload[..]), (0x89, format!("ping {n}").as_bytes()));
        client.put(0x8a, &payload);
    }
    assert_eq!(client.frame().unwrap(), (0x81, b"{\"pongs\":2}".to_vec()));
}

#[test]
fn handshakes_are_refused() {
    let sandbox = start();
    let head = |target: &str, more: &str| Client::new(&sandbox, target, more).head;
    assert!(head("/ws/refuse?status=503", "").starts_with("HTTP/1.1 503 "));
    assert!(head("/ws/redirect", "").contains("Location: /ws/echo\r\n"));
    assert!(head("/ws/auth", "").starts_with("HTTP/1.1 401 "));
    assert!(head("/ws/auth", "Authorization: Basic dXNlcjpwYXNz\r\n").starts_with("HTTP/1.1 101 "));
    assert!(head("/ws/bad?kind=bomb", "").starts_with("HTTP/1.1 400 "));
    assert!(!head("/ws/accept?kind=wrong-key", "").contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert!(!head("/ws/accept?kind=no-upgrade", "").contains("\r\nUpgrade"));
    assert!(head("/ws/accept?kind=unoffered-extension", "").contains("Extensions: x-never-offered"));
}

#[test]
fn listeners_close_and_come_back_on_their_port() {
    let sandbox = start();
    let mut client = Client::new(&sandbox, "/ws/echo", "");
    // Ordered over another listener: the connections of the closed one end.
    let order = |target: &str| peer::request(&sandbox.h2c, "POST", target, "", b"");
    assert!(order("/_control?listener=http&gate=closed&drop_all=1").starts_with("HTTP/1.1 200 "));
    assert!(client.frame().is_none());
    let refused = TcpStream::connect(sandbox.http.trim_start_matches("http://")).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    assert!(order("/_control?listener=http&gate=open").starts_with("HTTP/1.1 200 "));
    let mut client = Client::new(&sandbox, "/ws/echo", "");
    client.put(0x81, b"back");
    assert_eq!(client.frame().unwrap().1, b"back");
    // Paused: connected by the kernel, answered when it opens again.
    order("/_control?listener=http&gate=paused");
    let mut waiting = connect(&sandbox.http);
    waiting.write_all(b"GET /status/204 HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    assert!(order("/_connections").contains("\"http\""));
    order("/_control?listener=http&gate=open");
    let mut answer = [0; 12];
    waiting.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 204");
    assert!(order("/_control?listener=nothing&gate=open").starts_with("HTTP/1.1 400 "));
    wait_for(&sandbox, "/_connections", |counters| counters["http"]["open"].as_u64() == Some(3));
}
