//! The `websockets` package as the other side: another reading of the same RFCs.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Lines},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
};

use haft::{args::Args, error::Status};
use haft_tools::native::{root as tree, scratch};
use serde_json::{Value, json};

use super::bed::{
    Got, args, attach_fails, call, detail, end, inspect, listen, message, open, sandbox, send, send_bytes, text,
};

/// The servers; they end with their standard input.
struct Servers {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    ports: HashMap<String, u16>,
    certificate: PathBuf,
}

impl Servers {
    fn start(name: &str) -> Servers {
        let python = tree().join(".venv/bin/python");
        assert!(python.exists(), "{} is needed: scripts/test makes it", python.display());
        let folder = scratch(&format!("websocket_{name}"));
        let made = rcgen::generate_simple_self_signed(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
        let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let mut command = Command::new(python);
        command.arg(tree().join("tests/python/websocket_peer.py")).args([&certificate, &key]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ports: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let ports = serde_json::from_value(ports).unwrap();
        Servers { child, lines, ports, certificate }
    }

    fn url(&self, kind: &str) -> String {
        let scheme = if kind == "tls" { "https" } else { "http" };
        format!("{scheme}://localhost:{}", self.ports[kind])
    }

    /// What a server saw at the end of a connection.
    fn seen(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[test]
fn every_size_both_ways_under_every_compression() {
    let mut servers = Servers::start("sizes");
    for (kind, options) in [
        ("plain", "{}"),
        ("uncompressed", "{}"),
        ("plain", "{\"compression\": false}"),
        ("small", "{}"),
        ("resets", "{}"),
        ("plain", "{\"compression\": {\"server_no_context_takeover\": true, \"client_max_window_bits\": 10}}"),
    ] {
        let socket = listen(&servers.url(kind), "ws:/", options);
        let extensions = inspect(&socket, "extensions");
        let compressed = !extensions.as_array().unwrap().is_empty();
        assert_eq!(compressed, kind != "uncompressed" && options != "{\"compression\": false}");
        if kind == "small" {
            assert_eq!(extensions[0]["server_max_window_bits"], 9);
            assert_eq!(extensions[0]["client_max_window_bits"], 9);
        }
        for size in [0u32, 1, 125, 126, 65_535, 65_536, 1 << 20, 16 << 20] {
            let bytes: Vec<u8> = (0..size).map(|at| (at.wrapping_mul(2_654_435_761) >> 26) as u8).collect();
            send_bytes(&socket, &bytes);
            assert!(message(&socket) == Got::Bytes(bytes.clone()), "{size} bytes by {kind} {options}");
            if size < 1 << 20 {
                let words: String =
                    bytes.iter().map(|byte| char::from(byte + 0x20)).chain("κόσμε\u{10ffff}".chars()).collect();
                send(&socket, &words);
                assert!(message(&socket) == Got::Text(words), "{size} as text by {kind} {options}");
            }
        }
        call(&socket, "ping", &Args::new()).unwrap();
        let closed = call(&socket, "close", &args("{\"code\": 3001, \"reason\": \"done\"}")).unwrap();
        assert_eq!(closed["code"], 3001);
        let seen = servers.seen();
        assert_eq!((&seen["code"], &seen["reason"]), (&json!(3001), &json!("done")));
        assert_eq!(seen["extensions"].as_array().unwrap().len(), usize::from(compressed));
    }
}

#[test]
fn ten_thousand_messages_in_order() {
    let mut servers = Servers::start("many");
    let socket = listen(&servers.url("plain"), "ws:/count?10000", "{}");
    for number in 0..10_000 {
        let expected = if number % 2 == 1 {
            text(&format!("message {number}"))
        } else {
            Got::Bytes(format!("bytes {number}").into())
        };
        assert!(message(&socket) == expected, "{number}");
    }
    // And back: what is submitted comes back in its order.
    for number in 0..10_000 {
        socket.submit(Some("send"), None, &super::bed::with("text", number.to_string())).unwrap();
    }
    let (mut answers, mut echoes) = (0, 0);
    while answers + echoes < 20_000 {
        let event = super::bed::next(&socket);
        if event.kind() == haft::session::Kind::Response {
            assert!(event.failure().is_none());
            answers += 1;
        } else {
            assert_eq!(super::bed::got(&event), text(&echoes.to_string()));
            echoes += 1;
        }
    }
    socket.close(&Args::new()).unwrap();
    assert_eq!(servers.seen()["code"], 1000);
}

#[test]
fn ends_and_subprotocols() {
    let mut servers = Servers::start("ends");
    for code in [1000, 1001, 1011, 3000, 4999] {
        let socket = listen(&servers.url("plain"), &format!("ws:/close?{code}"), "{}");
        assert_eq!(end(&socket), (code, "as asked".into(), None));
        assert_eq!(servers.seen()["code"], code);
    }
    let socket = open(&servers.url("chat"), "ws:/", "{\"subprotocols\": [\"other\", \"superchat\"]}");
    assert_eq!(inspect(&socket, "subprotocol"), "superchat");
    drop(socket.child);
    let seen = servers.seen();
    assert_eq!((&seen["code"], &seen["subprotocol"]), (&json!(1001), &json!("superchat")));
    // It refuses who offers nothing that it has.
    let error = attach_fails(&servers.url("chat"), "ws:/", "{\"subprotocols\": [\"other\"]}");
    assert_eq!((error.code(), detail(&error, "http_status")), ("websocket_handshake", json!(400)));
    // It pings all the time, and is answered.
    let socket = listen(&servers.url("quick"), "ws:/", "{}");
    for number in 0..200 {
        send(&socket, &number.to_string());
        assert_eq!(message(&socket), text(&number.to_string()));
    }
    socket.close(&Args::new()).unwrap();
    assert_eq!(servers.seen()["code"], 1000);
}

#[test]
fn login_tls_and_proxies() {
    let mut servers = Servers::start("ways");
    let error = attach_fails(&servers.url("login"), "ws:/", "{}");
    assert_eq!((error.status(), detail(&error, "http_status")), (Status::Auth, json!(401)));
    let sandbox = sandbox();
    let verify = servers.certificate.to_str().unwrap().to_owned();
    for proxy in [Value::Null, json!(sandbox.http_proxy), json!(sandbox.socks_proxy.replace("socks://", "socks5h://"))]
    {
        for (kind, auth) in [("login", json!(["user", "pass"])), ("tls", Value::Null), ("plain", Value::Null)] {
            let options = json!({"auth": auth, "verify": verify, "proxies": {"all": proxy}}).to_string();
            let socket = listen(&servers.url(kind), "ws:/", &options);
            let words = "through ".repeat(5000);
            send(&socket, &words);
            assert!(message(&socket) == Got::Text(words), "{kind} by {proxy}");
            socket.close(&Args::new()).unwrap();
            assert_eq!(servers.seen()["code"], 1000);
        }
    }
}
