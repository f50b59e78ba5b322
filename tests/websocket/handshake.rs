//! Opening: the session's settings take part, and what the server says instead comes out.

use std::{sync::Arc, time::Instant};

use haft::{
    args::Args,
    error::{Outcome, Status},
    session::Session,
    value::Tree,
};
use serde_json::{Value, json};

use super::bed::{
    Got, Peer, args, attach_fails, detail, inspect, listen, message, open, provider, read_head, root, sandbox, send,
    text, with,
};

/// The fields of a handshake, as the server got them.
fn fields(session: &Session) -> Value {
    session.subscribe("*", &Args::new(), None, 0).unwrap();
    let Got::Text(fields) = message(session) else { panic!("no text") };
    serde_json::from_str(&fields).unwrap()
}

fn field(fields: &Value, name: &str) -> Vec<String> {
    let all = fields["headers"].as_array().unwrap().iter();
    all.filter(|pair| pair[0].as_str().unwrap().eq_ignore_ascii_case(name))
        .map(|pair| pair[1].as_str().unwrap().into())
        .collect()
}

#[test]
fn a_refusal_carries_the_answer() {
    let sandbox = sandbox();
    for (status, kind) in [
        (401, Status::Auth),
        (403, Status::Denied),
        (404, Status::NotFound),
        (429, Status::Limit),
        (500, Status::Remote),
        (200, Status::Protocol),
    ] {
        let error = root(&sandbox.http, "{}")
            .attach(&format!("ws:/ws/refuse?status={status}&body=because"), &Args::new())
            .unwrap_err();
        assert_eq!((error.status(), error.code()), (kind, "websocket_handshake"), "{status}");
        assert_eq!(detail(&error, "http_status"), json!(status));
        assert_eq!(error.known_outcome(), Some(Outcome::NotSent));
        let failure = haft::session::Failure::from(error);
        let response = failure.response().unwrap();
        assert_eq!((response.status(), response.body()), (status, &b"because"[..]));
    }
}

#[test]
fn redirects_are_followed() {
    let sandbox = sandbox();
    let host = sandbox.http.strip_prefix("http://").unwrap();
    for to in ["/ws/echo", &format!("http://{host}/ws/echo"), &format!("ws://{host}/ws/echo")] {
        for status in [301, 302, 303, 307, 308] {
            let socket = listen(&sandbox.http, &format!("ws:/ws/redirect?to={to}&status={status}"), "{}");
            send(&socket, "here");
            assert_eq!(message(&socket), text("here"));
            assert!(inspect(&socket, "url").as_str().unwrap().ends_with("/ws/echo"));
        }
    }
    let error = attach_fails(&sandbox.http, "ws:/redirect/5", "{\"max_redirects\": 3}");
    assert_eq!(error.code(), "too_many_redirects");
    let error = attach_fails(&sandbox.http, "ws:/ws/redirect?to=/ws/echo", "{\"allow_redirects\": false}");
    assert_eq!((error.code(), detail(&error, "http_status")), ("websocket_handshake", json!(302)));
}

#[test]
fn wrong_answers_are_refused() {
    let sandbox = sandbox();
    for kind in [
        "wrong-key",
        "no-key",
        "no-upgrade",
        "wrong-upgrade",
        "no-connection",
        "wrong-connection",
        "wrong-subprotocol",
        "unoffered-extension",
        "twice-extension",
        "parameter-extension",
        "bits-extension",
    ] {
        let error = attach_fails(&sandbox.http, &format!("ws:/ws/accept?kind={kind}"), "{\"subprotocols\": \"mine\"}");
        assert_eq!(error.code(), "websocket_handshake", "{kind}: {error}");
        let failure = haft::session::Failure::from(error);
        assert_eq!(failure.response().unwrap().status(), 101, "{kind}");
    }
    let error = attach_fails(&sandbox.http, "ws:/ws/accept?kind=deflate-extension", "{\"compression\": false}");
    assert_eq!(error.code(), "websocket_handshake");
    drop(open(&sandbox.http, "ws:/ws/accept?kind=case", "{}"));
}

#[test]
fn the_session_takes_part() {
    let sandbox = sandbox();
    let session = root(
        &sandbox.http,
        "{\"headers\": {\"X-Session\": \"1\"}, \"cookies\": {\"a\": \"b\"}, \"params\": {\"q\": \"z\"}}",
    );
    let child = session
        .attach("ws:/ws/headers", &args("{\"headers\": {\"X-Own\": \"2\"}, \"subprotocols\": [\"x\", \"y\"]}"))
        .unwrap();
    let seen = fields(&child);
    for (name, expected) in [
        ("X-Session", "1"),
        ("X-Own", "2"),
        ("Cookie", "a=b"),
        ("Sec-WebSocket-Version", "13"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Protocol", "x, y"),
        ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
    ] {
        assert_eq!(field(&seen, name), [expected], "{name}");
    }
    assert_eq!(field(&seen, "Sec-WebSocket-Key")[0].len(), 24);
    assert!(inspect(&child, "url").as_str().unwrap().ends_with("/ws/headers?q=z"));
}

#[test]
fn cookies_of_the_answer_are_kept() {
    let peer = Peer::raw(2, |stream, number| {
        use std::io::Write;
        let head = read_head(stream);
        assert_eq!(head.contains("Cookie: seen=yes"), number == 1, "{head}");
        let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
        let accept = haft::engine::websocket::handshake::accept(key);
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSet-Cookie: seen=yes\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let session = root(&peer.url, "{}");
    let one = session.attach("ws:/", &Args::new()).unwrap();
    let two = session.attach("ws:/", &Args::new()).unwrap();
    peer.join();
    drop((one, two));
}

#[test]
fn who_we_are() {
    let sandbox = sandbox();
    let error = attach_fails(&sandbox.http, "ws:/ws/auth", "{}");
    assert_eq!((error.status(), detail(&error, "http_status")), (Status::Auth, json!(401)));
    drop(open(&sandbox.http, "ws:/ws/auth", "{\"auth\": [\"user\", \"pass\"]}"));
    let with_login = sandbox.http.replace("http://", "ws://user:pass@");
    drop(open(&sandbox.http, &format!("{with_login}/ws/auth"), "{}"));
    // A provider runs on the thread that attaches.
    let here = std::thread::current().id();
    let asked = provider(move |call, reply| {
        assert_eq!(std::thread::current().id(), here);
        assert_eq!(call["method"], "prepare");
        reply.set("headers.Authorization", "Basic dXNlcjpwYXNz");
        Status::Ok
    });
    let session = root(&sandbox.http, "{}");
    drop(session.attach("ws:/ws/auth", &with("auth", asked)).unwrap());
    let refuses = provider(|_, reply| {
        reply.set("message", "not today");
        Status::Denied
    });
    let error = session.attach("ws:/ws/auth", &with("auth", refuses)).unwrap_err();
    assert_eq!((error.status(), error.message()), (Status::Denied, "a provider failed: not today"));
}

#[test]
fn hooks_see_the_handshake() {
    let sandbox = sandbox();
    let session = root(&sandbox.http, "{}");
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let notes = Arc::clone(&seen);
    let hook = provider(move |call, _| {
        notes.lock().unwrap().push(call["arguments"]["response"]["status"].as_i64().unwrap());
        Status::NotFound
    });
    drop(session.attach("ws:/ws/redirect?to=/ws/echo", &with("hooks.response", hook)).unwrap());
    assert_eq!(*seen.lock().unwrap(), [302, 101]);
}

#[test]
fn over_tls_with_the_sessions_certificates() {
    let sandbox = sandbox();
    let ca = sandbox.ca.to_str().unwrap();
    let verify = json!({ "verify": ca }).to_string();
    for name in ["ws:/ws/echo", "wss:/ws/echo"] {
        let socket = listen(&sandbox.https, name, &verify);
        send(&socket, "secret");
        assert_eq!(message(&socket), text("secret"));
        assert!(inspect(&socket, "url").as_str().unwrap().starts_with("wss://"));
    }
    for url in [&sandbox.https, &sandbox.https_selfsigned, &sandbox.https_expired, &sandbox.https_wronghost] {
        let json = if url == &sandbox.https { "{}" } else { &verify };
        assert_eq!(attach_fails(url, "wss:/ws/echo", json).status(), Status::Tls, "{url}");
    }
    let own = json!({ "verify": ca, "cert": sandbox.client_pem.to_str().unwrap() }).to_string();
    drop(open(&sandbox.https_mtls, "wss:/ws/echo", &own));
    assert!(root(&sandbox.https_mtls, "{}").attach("wss:/ws/echo", &args(&verify)).is_err());
    // A large message moves in pieces under TLS as well.
    let socket = listen(&sandbox.https, "wss:/ws/echo", &json!({"verify": ca, "compression": false}).to_string());
    let large: Vec<u8> = (0..3 << 20).map(|at: u32| (at % 253) as u8).collect();
    super::bed::send_bytes(&socket, &large);
    assert!(message(&socket) == Got::Bytes(large));
}

#[test]
fn through_every_kind_of_proxy() {
    let sandbox = sandbox();
    let ca = sandbox.ca.to_str().unwrap();
    let login = |url: &str| url.replace("://", "://user:pass@");
    let socks = |scheme: &str| format!("{scheme}://{}", sandbox.socks_proxy.split("://").last().unwrap());
    for proxy in [
        sandbox.http_proxy.clone(),
        login(&sandbox.http_proxy_auth),
        sandbox.https_proxy.clone(),
        socks("socks5"),
        socks("socks5h"),
        socks("socks4"),
        socks("socks4a"),
        login(&sandbox.socks_proxy_auth),
    ] {
        for base in [&sandbox.http, &sandbox.https] {
            let json = json!({ "proxies": { "all": proxy }, "verify": ca }).to_string();
            let socket = listen(base, "ws:/ws/echo", &json);
            send(&socket, "through");
            assert_eq!(message(&socket), text("through"), "{base} through {proxy}");
        }
    }
    // An HTTP proxy is asked for a tunnel, also without TLS (RFC 6455 4.1).
    let log = super::bed::value(&root(&sandbox.http, "{}").request(Some("GET"), Some("/_log"), &Args::new()).unwrap());
    let log = log.to_string();
    assert!(log.contains("CONNECT "), "{log}");
    let error =
        attach_fails(&sandbox.http, "ws:/ws/echo", &json!({"proxies": {"all": sandbox.http_proxy_auth}}).to_string());
    assert_eq!(error.code(), "proxy");
}

#[test]
fn over_a_unix_socket() {
    let sandbox = sandbox();
    let json = json!({ "unix_socket": sandbox.unix.to_str().unwrap() }).to_string();
    let socket = listen("http://nowhere.invalid", "ws:/ws/echo", &json);
    send(&socket, "near");
    assert_eq!(message(&socket), text("near"));
}

#[test]
fn subprotocols_and_parameters_of_compression() {
    let sandbox = sandbox();
    let socket = open(&sandbox.http, "ws:/ws/echo", "{\"subprotocols\": [\"chat\"]}");
    drop(socket);
    for parameters in [
        "{}",
        "{\"server_no_context_takeover\": true}",
        "{\"client_no_context_takeover\": true}",
        "{\"server_no_context_takeover\": true, \"client_no_context_takeover\": true}",
        "{\"client_max_window_bits\": 9}",
    ] {
        let socket = listen(&sandbox.http, "ws:/ws/echo", &format!("{{\"compression\": {parameters}}}"));
        for _ in 0..3 {
            let words = "the same words, the same words ".repeat(1000);
            send(&socket, &words);
            assert!(message(&socket) == Got::Text(words), "{parameters}");
        }
        let stats = inspect(&socket, "stats");
        assert!(stats["bytes_sent"].as_u64().unwrap() < 20_000, "{parameters}: it was compressed: {stats}");
    }
}

#[test]
fn an_attach_that_takes_too_long_is_given_up() {
    let sandbox = sandbox();
    let begin = Instant::now();
    let error = attach_fails(&sandbox.http, "ws:/ws/echo?delay_ms=20000", "{\"timeout\": 0.2}");
    assert_eq!(error.code(), "read_timeout");
    let error = attach_fails(&sandbox.http, "ws:/ws/echo?delay_ms=20000", "{\"timeouts\": {\"total\": 0.2}}");
    assert_eq!(error.code(), "total_timeout");
    assert!(begin.elapsed().as_secs() < 10);
}

#[test]
fn an_attach_that_waits_is_cancelled() {
    let peer = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let session = Arc::new(root(&format!("http://{}", peer.local_addr().unwrap()), "{}"));
    let other = Arc::clone(&session);
    let waiting = std::thread::Builder::new().spawn(move || other.attach("ws:/", &with("id", Tree::Int(7)))).unwrap();
    // The handshake is on its way when its first byte is here.
    let (mut stream, _) = peer.accept().unwrap();
    assert!(read_head(&mut stream).starts_with("GET / HTTP/1.1\r\n"));
    let begin = Instant::now();
    session.cancel(7);
    let error = waiting.join().unwrap().unwrap_err();
    assert_eq!(error.code(), "cancelled");
    assert!(begin.elapsed().as_millis() < 50, "{:?}", begin.elapsed());
}

#[test]
fn names_that_lead_nowhere() {
    let session = Session::create("http:", &Args::new()).unwrap();
    assert_eq!(session.attach("ws:/path", &Args::new()).unwrap_err().code(), "invalid_url");
    let peer = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = peer.local_addr().unwrap();
    drop(peer);
    let error = session.attach(&format!("ws://{address}/"), &args("{\"trust_env\": false}")).unwrap_err();
    assert_eq!((error.code(), error.known_outcome()), ("connect", Some(Outcome::NotSent)));
}
