//! Trying again, and giving up in time: retries do what their policy says, and time-outs cover what they should.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use super::player::{Player, expect, forget, log, page, sandbox};

fn requests(sandbox: &haft_sandbox::Sandbox) -> usize {
    log(sandbox).len()
}

#[test]
fn retries_follow_their_policy() {
    let sandbox = sandbox();
    let mut player = Player::start();
    let rows: &[(&str, &str, &str, &str, usize, &str, Option<i64>)] = &[
        // verb, key of the flaky page, its arguments, the policy, requests seen, status, HTTP status
        ("GET", "status", "fail=2&code=503", r#"{"total":3,"status_forcelist":[503]}"#, 3, "HAFT_OK", Some(200)),
        ("GET", "short", "fail=9&code=503", r#"{"total":2,"status_forcelist":[503]}"#, 3, "HAFT_E_REMOTE", None),
        (
            "GET",
            "quiet",
            "fail=9&code=503",
            r#"{"total":2,"status_forcelist":[503],"raise_on_status":false}"#,
            3,
            "HAFT_OK",
            Some(503),
        ),
        ("GET", "other", "fail=9&code=500", r#"{"total":2,"status_forcelist":[503]}"#, 1, "HAFT_OK", Some(500)),
        ("POST", "post", "fail=9&code=503", r#"{"total":2,"status_forcelist":[503]}"#, 1, "HAFT_OK", Some(503)),
        (
            "POST",
            "all",
            "fail=1&code=503",
            r#"{"total":2,"status_forcelist":[503],"allowed_methods":null}"#,
            2,
            "HAFT_OK",
            Some(200),
        ),
        ("GET", "reset", "fail=2&how=reset", r#"{"total":3}"#, 3, "HAFT_OK", Some(200)),
        ("GET", "close", "fail=2&how=close", r#"{"read":2}"#, 3, "HAFT_OK", Some(200)),
        ("GET", "closed", "fail=3&how=close", r#"{"read":2}"#, 3, "HAFT_E_IO", None),
        ("POST", "postreset", "fail=2&how=reset", r#"{"total":3}"#, 1, "HAFT_E_IO", None),
        ("GET", "stall", "fail=1&how=stall", r#"{"total":1}"#, 2, "HAFT_OK", Some(200)),
        ("GET", "after", "fail=1&code=429&retry_after=0", r#"{"total":1}"#, 2, "HAFT_OK", Some(200)),
        ("GET", "never", "fail=1&how=reset", "0", 1, "HAFT_E_IO", None),
    ];
    for (verb, key, arguments, policy, seen, status, http) in rows {
        player.create("0", &sandbox.http, &["j:timeouts={\"read\":1,\"total\":20}", &format!("j:retry={policy}")]);
        forget(&sandbox);
        let options: &[&str] = if *verb == "POST" { &["s:data=a change"] } else { &[] };
        let found = player.call(verb, &format!("/flaky?key={key}&{arguments}"), options);
        assert_eq!(requests(&sandbox), *seen, "{key}: {found}");
        expect(&found, &[("/status", json!(status)), ("/http", json!(http))], key);
        if *status == "HAFT_E_REMOTE" {
            let message = "the retries were used up by answers of status 503";
            let expected =
                [("/message", json!(message)), ("/detail/code", json!("retry")), ("/failed/http", json!(503))];
            expect(&found, &expected, key);
            assert_eq!(found["detail"]["outcome"], "applied");
        }
        if *verb == "POST" && *status == "HAFT_E_IO" {
            assert_eq!(found["detail"]["outcome"], "unknown");
        }
        player.tell(&["free", "0"]);
    }
    // A connection that cannot be made is tried again whatever the method is.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/");
    player.create("0", &url, &["j:retry={\"connect\":3,\"backoff_factor\":0}"]);
    let found = player.call("POST", "/", &["s:data=x"]);
    let expected = [
        ("/status", json!("HAFT_E_IO")),
        ("/detail/code", json!("connect")),
        ("/detail/outcome", json!("not_sent")),
        ("/detail/retries", json!(3)),
    ];
    expect(&found, &expected, "refused");
    player.end();
}

/// The last request of a call was not sent: what the ones before it did, or may have done, is still told.
#[test]
fn the_outcome_is_that_of_the_whole_call() {
    let sandbox = sandbox();
    let mut player = Player::start();
    player.create("0", &sandbox.http, &[]);
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (verb, status, outcome, retryable) in [
        ("POST", 303, "applied", false),
        ("POST", 302, "applied", false),
        ("POST", 307, "not_sent", true),
        ("GET", 303, "not_sent", true),
    ] {
        let found = player.call(verb, &format!("/redirect-to?url=http://{nowhere}/&status_code={status}"), &[]);
        let expected = [
            ("/status", json!("HAFT_E_IO")),
            ("/detail/code", json!("connect")),
            ("/detail/outcome", json!(outcome)),
            ("/retryable", json!(retryable)),
        ];
        expect(&found, &expected, &format!("{verb} {status}"));
    }
    // The first try was taken and never answered, the second met nobody.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        drop(listener);
        let _ = stream.read(&mut [0; 4096]);
    });
    let options = ["s:data=x", "j:retry={\"total\":1,\"allowed_methods\":null,\"backoff_factor\":0}"];
    let found = player.call("POST", &url, &options);
    server.join().unwrap();
    let expected = [
        ("/detail/code", json!("connect")),
        ("/detail/outcome", json!("unknown")),
        ("/detail/retries", json!(1)),
        ("/retryable", json!(false)),
    ];
    expect(&found, &expected, "taken, then refused");
    player.end();
}

#[test]
fn a_server_that_says_when_is_waited_for() {
    let sandbox = sandbox();
    let mut player = Player::start();
    player.create("0", &sandbox.http, &["j:retry={\"total\":1}"]);
    let found = player.call("GET", "/flaky?key=when&fail=1&code=503&retry_after=1", &[]);
    assert_eq!(found["http"], 200, "{found}");
    assert!(found["took"].as_f64().unwrap() >= 1000.0, "{found}");
    player.tell(&["free", "0"]);
    // Not for longer than the whole call may take: given up at once, not after that time.
    player.create("0", &sandbox.http, &["j:retry={\"total\":1}", "j:timeouts={\"total\":20}"]);
    let found = player.call(
        "POST",
        "/flaky?key=later&fail=1&code=503&retry_after=60",
        &["s:data=x", "j:retry={\"total\":1,\"allowed_methods\":null}"],
    );
    let expected = [
        ("/status", json!("HAFT_E_TIMEOUT")),
        ("/detail/code", json!("total_timeout")),
        ("/detail/phase", json!("total")),
        ("/detail/outcome", json!("applied")),
        ("/detail/url", json!(format!("{}/flaky?key=later&fail=1&code=503&retry_after=60", sandbox.http))),
        ("/failed/http", json!(503)),
    ];
    expect(&found, &expected, "too late");
    assert!(found["took"].as_f64().unwrap() < 10_000.0, "{found}");
    player.end();
}

#[test]
fn the_whole_call_is_limited_as_a_whole() {
    let sandbox = sandbox();
    let mut player = Player::start();
    let total = "j:timeouts={\"total\":0.6,\"read\":5}";
    let check = |found: &Value, outcome: &str, what: &str| {
        let expected = [
            ("/status", json!("HAFT_E_TIMEOUT")),
            ("/message", json!("the whole call to 127.0.0.1 took too long")),
            ("/detail/code", json!("total_timeout")),
            ("/detail/outcome", json!(outcome)),
        ];
        expect(found, &expected, what);
        assert!(found["detail"]["url"].as_str().unwrap().starts_with("http://"), "{what}");
        let took = found["took"].as_f64().unwrap();
        assert!((550.0..5_000.0).contains(&took), "{what}: {took} ms");
    };
    // A body that drips: never silent, never done.
    player.create("0", &sandbox.http, &[total]);
    check(&player.call("POST", "/drip?numbytes=600&duration=60", &["s:data=x"]), "applied", "body");
    player.tell(&["free", "0"]);
    // Redirects, each of them quick.
    page(&sandbox, "POST", "/_control?how=delay&path=/relative-redirect&times=1000&seconds=0.1");
    player.create("0", &sandbox.http, &[total]);
    forget(&sandbox);
    check(&player.call("GET", "/relative-redirect/20", &[]), "unknown", "redirects");
    let seen = requests(&sandbox);
    assert!((2..20).contains(&seen), "{seen} requests");
    player.tell(&["free", "0"]);
    // Retries.
    player.create("0", &sandbox.http, &["j:timeouts={\"total\":0.6,\"read\":0.1}", "j:retry=100"]);
    check(&player.call("GET", "/flaky?key=total&fail=1000&how=stall", &[]), "unknown", "retries");
    player.tell(&["free", "0"]);
    // An upload that nobody takes.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    player.create("0", &format!("http://{}", listener.local_addr().unwrap()), &[total]);
    check(&player.call("POST", "/", &["r:data=100000000"]), "unknown", "upload");
    player.tell(&["free", "0"]);
    player.create("0", &format!("http://{}", listener.local_addr().unwrap()), &["j:timeout=0.3"]);
    let found = player.call("POST", "/", &["r:data=100000000"]);
    let expected = [
        ("/message", json!("127.0.0.1 took no bytes within 0.3 s")),
        ("/detail/code", json!("read_timeout")),
        ("/detail/phase", json!("write")),
        ("/detail/outcome", json!("unknown")),
    ];
    expect(&found, &expected, "stalled upload");
    player.end();
}

#[test]
fn silence_inside_a_streamed_body_is_noticed() {
    let sandbox = sandbox();
    let mut player = Player::start();
    player.create("0", &sandbox.http, &["j:timeouts={\"read\":0.3}", "b:stream=true"]);
    let opened = player.tell(&["open", "0", "GET", "/fault/stall-body?length=100&sent=10", "5"]);
    assert_eq!(opened["http"], 200, "{opened}");
    let found = player.tell(&["read", "5", "4096", "1000"]);
    let expected = [
        ("/status", json!("HAFT_E_TIMEOUT")),
        ("/message", json!("nothing more of the body came from 127.0.0.1 within 0.3 s")),
        ("/got", json!(10)),
        ("/last", json!(0)),
        ("/detail/code", json!("read_timeout")),
        ("/detail/phase", json!("read")),
        ("/detail/outcome", json!("applied")),
        ("/detail/url", json!(format!("{}/fault/stall-body?length=100&sent=10", sandbox.http))),
    ];
    expect(&found, &expected, "stream");
    let again = player.tell(&["read", "5", "4096", "1000"]);
    assert_eq!(again["status"], "HAFT_E_STATE", "{again}");
    player.tell(&["drop", "5"]);
    player.end();
}

/// A gibibyte of zeros, as gzip members of 16 MiB.
fn bomb() -> Vec<u8> {
    let mut member = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    (0..16).for_each(|_| member.write_all(&zeros).unwrap());
    member.finish().unwrap().repeat(64)
}

#[test]
fn a_bomb_streams_flat() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let body = bomb();
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
        body.len()
    });
    let mut player = Player::start();
    player.create("0", &url, &["b:stream=true"]);
    assert_eq!(player.tell(&["open", "0", "GET", "/", "1"])["http"], 200);
    let before = player.tell(&["stats"])["peak"].as_i64().unwrap();
    let found = player.tell(&["read", "1", "65536", "2000000000"]);
    expect(&found, &[("/status", json!("HAFT_OK")), ("/got", json!(1i64 << 30))], "bomb");
    let grown = player.tell(&["stats"])["peak"].as_i64().unwrap() - before;
    let sent = server.join().unwrap();
    println!("1 GiB out of {sent} bytes in {} ms, {grown} KiB more memory", found["ms"]);
    assert!(grown < 4096, "{grown} KiB");
    player.tell(&["drop", "1"]);
    player.end();
}
