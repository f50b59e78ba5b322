//! Ending a call from another thread, whatever it is doing, and leaving with calls in flight.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::fd::AsRawFd,
};

use serde_json::{Value, json};

use super::player::{NULL, Player, by_queue, expect, log, sandbox, until_received};

/// What is too long for a cancel even on a busy machine; a few are measured in microseconds.
const LONG_MS: f64 = 1000.0;

fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    (listener, place)
}

/// A listener whose backlog is full: another connection waits for ever. The streams keep it so.
fn full() -> (TcpListener, Vec<TcpStream>, String) {
    let (listener, place) = listener();
    // SAFETY: a plain system call on a descriptor that is ours.
    #[allow(unsafe_code, reason = "the standard library has no way to make a backlog small")]
    let listening = unsafe { libc::listen(listener.as_raw_fd(), 0) };
    assert_eq!(listening, 0);
    let address = listener.local_addr().unwrap();
    let mut held = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, std::time::Duration::from_millis(200)) {
        held.push(stream);
        assert!(held.len() < 100, "the backlog has no end");
    }
    (listener, held, place)
}

fn cancelled(player: &mut Player, phase: &str, outcome: &str) {
    player.tell(&["cancel", "0", "0"]);
    let found = player.tell(&["wait", "1"]);
    let expected = [
        ("/status", json!("HAFT_E_CANCELLED")),
        ("/message", json!("the call was cancelled")),
        ("/detail/code", json!("cancelled")),
        ("/detail/outcome", json!(outcome)),
        ("/retryable", json!(false)),
    ];
    expect(&found, &expected, phase);
    assert!(found["detail"]["url"].is_string(), "{phase}: {found}");
    let after = found["after_cancel"].as_f64().unwrap();
    println!("cancelled while {phase}: {after:.3} ms");
    assert!(after < LONG_MS, "{phase}: {after} ms");
}

#[test]
fn a_call_ends_wherever_it_is() {
    let sandbox = sandbox();
    let mut player = Player::start();
    player.create("0", &sandbox.http, &[]);
    let before = player.counts();
    player.tell(&["free", "0"]);

    let (_full, _held, place) = full();
    player.create("0", &format!("http://{place}"), &[]);
    player.tell(&["start", "0", "1", "POST", "/", "s:data=x"]);
    // Nothing tells when a connect is under way but the socket itself.
    while player.counts().0 <= before.0 {}
    cancelled(&mut player, "connecting", "not_sent");
    player.tell(&["free", "0"]);

    for (options, what) in [
        (vec![], "in the handshake of TLS"),
        (vec!["j:proxies={\"all\":\"http://PLACE\"}"], "asking a proxy"),
        (vec!["j:proxies={\"all\":\"socks5://PLACE\"}"], "asking a SOCKS proxy"),
    ] {
        let (listener, place) = listener();
        let options: Vec<String> = options.iter().map(|option: &&str| option.replace("PLACE", &place)).collect();
        let url = if options.is_empty() { format!("https://{place}/") } else { "https://127.0.0.1:1/".into() };
        player.create("0", &url, &options.iter().map(String::as_str).collect::<Vec<_>>());
        player.tell(&["start", "0", "1", "POST", "/", "s:data=x"]);
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 3]).unwrap();
        cancelled(&mut player, what, "not_sent");
        player.tell(&["free", "0"]);
    }

    player.create("0", &sandbox.http, &[]);
    player.tell(&["start", "0", "1", "POST", "/fault/stall?cancel=head", "s:data=x"]);
    until_received(&sandbox, "cancel=head");
    cancelled(&mut player, "waiting for the head", "unknown");

    // On a connection that was used before.
    assert_eq!(player.call("GET", "/get", &[])["http"], 200);
    player.tell(&["start", "0", "1", "GET", "/fault/stall?cancel=reused"]);
    until_received(&sandbox, "cancel=reused");
    cancelled(&mut player, "waiting on a kept connection", "unknown");

    player.tell(&[
        "start",
        "0",
        "1",
        "GET",
        "/flaky?key=sleep&fail=1&code=503",
        "j:retry={\"total\":3,\"status_forcelist\":[503],\"backoff_factor\":0}",
    ]);
    assert_eq!(player.tell(&["wait", "1"])["http"], 200);
    player.tell(&[
        "start",
        "0",
        "1",
        "POST",
        "/flaky?key=cancel&fail=1&code=503&retry_after=100",
        "s:data=x",
        "j:retry={\"total\":3,\"status_forcelist\":[503],\"allowed_methods\":null}",
    ]);
    until_received(&sandbox, "key=cancel");
    cancel_in_sleep(&mut player);

    player.tell(&["start", "0", "1", "GET", "/drip?numbytes=1000&duration=100&key=body"]);
    until_received(&sandbox, "key=body");
    cancel_body(&mut player);
    player.tell(&["free", "0"]);

    // A body of which the first bytes are known to have come.
    let (listener, place) = listener();
    player.create("0", &format!("http://{place}"), &["b:stream=true"]);
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789").unwrap();
        stream
    });
    assert_eq!(player.tell(&["open", "0", "GET", "/", "3"])["http"], 200);
    assert_eq!(player.tell(&["read", "3", "10", "10"])["got"], 10);
    player.tell(&["cancel", "0", "0"]);
    let _stream = server.join().unwrap();
    player.tell(&["drop", "3"]);
    player.tell(&["free", "0"]);

    // An upload that stands still.
    let (listener, place) = self::listener();
    player.create("0", &format!("http://{place}"), &[]);
    player.tell(&["reset"]);
    player.tell(&["start", "0", "1", "POST", "/", "r:data=100000000"]);
    // The reader may be asked before anything is sent: that it stands still tells nothing yet.
    let (mut peer, _) = listener.accept().unwrap();
    peer.read_exact(&mut [0; 3]).unwrap();
    let mut last = -1;
    loop {
        let read = player.tell(&["stats"])["read"].as_i64().unwrap();
        if read > 0 && read == last {
            break;
        }
        last = read;
    }
    cancelled(&mut player, "sending", "unknown");
    player.tell(&["free", "0"]);

    // A place in the pool that nobody frees.
    player.create("0", &sandbox.http, &["b:pool_block=true", "i:pool_maxsize=1"]);
    player.tell(&["start", "0", "2", "GET", "/fault/stall?cancel=holder", "i:id=7"]);
    until_received(&sandbox, "cancel=holder");
    player.tell(&["start", "0", "1", "GET", "/get?never=sent", "i:id=8"]);
    // The thread of the call has to be that far before the cancel can concern it.
    while player.tell(&["inspect", "0", "stats"])["value"]["in_flight"] != 2 {}
    cancelled(&mut player, "waiting for a place in the pool", "not_sent");
    assert_eq!(player.tell(&["wait", "2"])["status"], "HAFT_E_CANCELLED");
    player.tell(&["free", "0"]);
    assert!(!log(&sandbox).iter().any(|entry| entry["raw"].as_str().unwrap().contains("never=sent")));
    player.settles(before);

    player.create("0", "http://hanging.test", &[]);
    player.tell(&["start", "0", "1", "POST", "/", "s:data=x"]);
    player.tell(&["named", "1"]);
    cancelled(&mut player, "resolving", "not_sent");
    player.tell(&["free", "0"]);
    player.create("0", "http://hanging.test", &["j:timeouts={\"connect\":0.3}"]);
    let found = player.call("GET", "/", &[]);
    let expected = [
        ("/status", json!("HAFT_E_TIMEOUT")),
        ("/detail/code", json!("connect_timeout")),
        ("/detail/phase", json!("resolve")),
        ("/detail/outcome", json!("not_sent")),
    ];
    expect(&found, &expected, "resolving too long");
    player.tell(&["unname"]);
    player.end();
}

/// The sleep before a retry follows the answer that asked for it: what had an effect was that answer's request.
fn cancel_in_sleep(player: &mut Player) {
    player.tell(&["cancel", "0", "0"]);
    let found = player.tell(&["wait", "1"]);
    assert_eq!(found["status"], "HAFT_E_CANCELLED", "{found}");
    assert!(matches!(found["detail"]["outcome"].as_str(), Some("applied" | "unknown")), "{found}");
    println!("cancelled before a retry: {} ms", found["after_cancel"]);
    assert!(found["after_cancel"].as_f64().unwrap() < LONG_MS, "{found}");
}

fn cancel_body(player: &mut Player) {
    player.tell(&["cancel", "0", "0"]);
    let found = player.tell(&["wait", "1"]);
    assert_eq!(found["status"], "HAFT_E_CANCELLED", "{found}");
    assert!(found["detail"]["url"].is_string(), "{found}");
    println!("cancelled inside a body: {} ms", found["after_cancel"]);
    assert!(found["after_cancel"].as_f64().unwrap() < LONG_MS, "{found}");
}

#[test]
fn a_connection_that_is_not_made_in_time_is_given_up() {
    let (_full, _held, place) = full();
    let mut player = Player::start();
    player.create("0", &format!("http://{place}"), &["j:timeouts={\"connect\":0.3}"]);
    let found = player.call("POST", "/", &["s:data=x"]);
    let expected = [
        ("/status", json!("HAFT_E_TIMEOUT")),
        ("/detail/code", json!("connect_timeout")),
        ("/message", json!(format!("the connection to {place} was not made within 0.3 s"))),
        ("/detail/phase", json!("connect")),
        ("/detail/outcome", json!("not_sent")),
        ("/retryable", json!(true)),
    ];
    expect(&found, &expected, "full");
    assert!(found["took"].as_f64().unwrap() < 5_000.0);
    player.end();
}

#[test]
fn only_the_call_with_that_id_ends() {
    let sandbox = sandbox();
    let mut player = Player::start();
    player.create("0", &sandbox.http, &[]);
    for (ticket, id) in [("1", "i:id=11"), ("2", "i:id=12")] {
        player.tell(&["start", "0", ticket, "GET", &format!("/fault/stall?ticket={ticket}"), id]);
        until_received(&sandbox, &format!("ticket={ticket}"));
    }
    let found = player.call("GET", "/get", &["i:id=11"]);
    assert_eq!(found["status"], "HAFT_E_ARGUMENT", "{found}");
    player.tell(&["cancel", "0", "999"]);
    player.tell(&["cancel", "0", "12"]);
    assert_eq!(player.tell(&["wait", "2"])["status"], "HAFT_E_CANCELLED");
    assert_eq!(player.call("GET", "/get", &["i:id=12"])["http"], 200);
    player.tell(&["cancel", "0", "11"]);
    assert_eq!(player.tell(&["wait", "1"])["status"], "HAFT_E_CANCELLED");
    player.end();
}

#[test]
fn close_ends_what_is_in_flight() {
    if by_queue() {
        // The threads of the host would take each other's answers; `a_close_answers_a_thousand_calls` is the same.
        return;
    }
    let sandbox = sandbox();
    let mut player = Player::start();
    let before = player.counts();
    player.create("0", &sandbox.http, &[]);
    player.tell(&["attach", "0", "1", "/fault/"]);
    for ticket in 0..8 {
        let (session, target) = if ticket < 4 { ("0", "/fault/stall") } else { ("1", "stall") };
        player.tell(&["start", session, &ticket.to_string(), "GET", &format!("{target}?close={ticket}")]);
    }
    for ticket in 0..8 {
        until_received(&sandbox, &format!("close={ticket}"));
    }
    player.tell(&["submit", "0", "GET", "/fault/stall?close=submitted"]);
    until_received(&sandbox, "close=submitted");
    let closed = player.tell(&["close", "0"]);
    assert_eq!(closed["status"], "HAFT_OK", "{closed}");
    println!("closed with 9 calls in flight: {} ms", closed["ms"]);
    assert!(closed["ms"].as_f64().unwrap() < LONG_MS, "{closed}");
    for ticket in 0..8 {
        let found = player.tell(&["wait", &ticket.to_string()]);
        assert_eq!(found["status"], "HAFT_E_CANCELLED", "{found}");
    }
    for session in ["0", "1"] {
        let found: Value = player.tell(&["request", session, "GET", NULL]);
        assert_eq!(found["status"], "HAFT_E_STATE", "{found}");
        assert_eq!(player.tell(&["close", session])["status"], "HAFT_OK");
    }
    let answer = player.tell(&["poll", "0", "0"]);
    assert_eq!((&answer["kind"], &answer["event"]["status"]), (&json!(2), &json!("HAFT_E_CANCELLED")), "{answer}");
    assert_eq!(player.tell(&["poll", "0", "0"])["kind"], 7);
    player.tell(&["free", "1"]);
    player.tell(&["free", "0"]);
    player.settles(before);
    player.end();
}
