//! The Janus back end by HTTP with long polls (spec/janus.md 1.3) and by Unix sockets (1.4), against the real server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at what must not be"
)]

#[path = "janus_talk/bed.rs"]
#[allow(dead_code, reason = "shared")]
mod bed;
#[path = "janus/mod.rs"]
#[allow(dead_code, reason = "shared")]
mod janus;

use std::{sync::Arc, thread};

use bed::{ECHO, ROOM, args, ask, attach, detail, hear, id, inspect, message, next, open, why};
use haft::session::{Kind, Session};
use haft_sandbox::{
    Options, Sandbox,
    janus::{Janus, Setup},
};
use janus::{offer, probe::admin, relay::Relay};
use serde_json::{Value, json};

/// What every transport has to do the same.
fn whole(janus: &Janus, url: &str) {
    let session = open(url, &json!({}));
    let own = id(&session);
    assert_eq!(ask(&session, "ping", &json!({})).unwrap()["janus"], "pong");
    assert_eq!(ask(&session, "info", &json!({})).unwrap()["version_string"], "1.1.2");
    assert_eq!(ask(&session, "keepalive", &json!({})).unwrap()["janus"], "ack");
    assert_eq!(ask(&session, "claim", &json!({})).unwrap()["session_id"], own);
    let echo = attach(&session, ECHO);
    hear(&echo, "*");
    let refused = session.attach("janus.plugin.nope", &args(&json!({}))).unwrap_err();
    assert_eq!((refused.code(), &detail(&refused)["server_code"]), ("plugin_attach_fail", &json!(460)));
    // Asynchronous: the answer is an event.
    let answer = ask(&echo, "message", &json!({"body": {"audio": true, "bitrate": 64000}})).unwrap();
    assert_eq!(answer, json!({"echotest": "event", "result": "ok"}));
    let wrong = ask(&echo, "message", &json!({"body": {"nothing": true}})).unwrap_err();
    assert_eq!(detail(&wrong)["server_code"], 413);
    // Synchronous.
    let room = attach(&session, ROOM);
    let answer = ask(&room, "message", &json!({"body": {"request": "exists", "room": 1234}})).unwrap();
    assert_eq!(answer["exists"], true);
    // Events that nobody asked for, from another handle's doing, in order.
    let other = attach(&session, ROOM);
    hear(&room, "event");
    ask(&room, "create", &json!({"room": 77, "notify_joining": true})).unwrap();
    let join = |handle: &Session, name: &str| {
        ask(handle, "join", &json!({"ptype": "publisher", "room": 77, "display": name})).unwrap()["id"].clone()
    };
    join(&room, "one");
    let two = join(&other, "two");
    let told = message(&room);
    assert_eq!(told["plugindata"]["data"]["joining"], json!({"id": two, "display": "two"}), "{told}");
    assert_eq!((&told["session_id"], &told["sender"]), (&json!(own), &json!(id(&room))));
    let offered = json!({"audio": true, "jsep": {"type": "offer", "sdp": offer()}});
    assert_eq!(ask(&other, "publish", &offered).unwrap()["jsep"]["type"], "answer");
    ask(&other, "leave", &json!({})).unwrap();
    let told = message(&room);
    assert_eq!(told["plugindata"]["data"]["leaving"], two, "{told}");
    hear(&room, "detached");
    ask(&room, "detach", &json!({})).unwrap();
    assert_eq!(message(&room)["janus"], "detached");
    // Another session on the same line.
    let child = attach(&session, "session");
    assert_ne!(id(&child), own);
    let answer = ask(&attach(&child, ECHO), "message", &json!({"body": {"video": true}})).unwrap();
    assert_eq!(answer["result"], "ok");
    assert_eq!(admin(janus, json!({"janus": "list_sessions"}))["sessions"].as_array().unwrap().len(), 2);
    child.close(&args(&json!({}))).unwrap();
    // The server ends it.
    hear(&session, "timeout");
    let begun = std::time::Instant::now();
    session.close(&args(&json!({}))).unwrap();
    assert!(begun.elapsed().as_secs() < 20, "a long poll was waited for");
    assert_eq!(admin(janus, json!({"janus": "list_sessions"}))["sessions"], json!([]));
}

#[test]
fn everything_over_http() {
    let janus = Janus::start(&Setup::default()).unwrap();
    whole(&janus, &janus.http);
}

#[test]
fn everything_over_https() {
    let janus = Janus::start(&Setup::tls()).unwrap();
    let url = janus.https.clone().unwrap();
    let refused = Session::create(&bed::url(&url), &args(&json!({"max_retries": 0}))).unwrap_err();
    assert_eq!(refused.code(), "certificate");
    let session = open(&url, &json!({"verify": janus.ca}));
    let echo = attach(&session, ECHO);
    assert_eq!(ask(&echo, "message", &json!({"body": {"audio": true}})).unwrap()["result"], "ok");
    session.close(&args(&json!({}))).unwrap();
}

#[test]
fn everything_over_wss() {
    let janus = Janus::start(&Setup::tls()).unwrap();
    let url = janus.wss.clone().unwrap();
    let refused = Session::create(&bed::url(&url), &args(&json!({"max_retries": 0}))).unwrap_err();
    assert_eq!(refused.code(), "certificate");
    let session = open(&url, &json!({"verify": janus.ca}));
    let echo = attach(&session, ECHO);
    assert_eq!(ask(&echo, "message", &json!({"body": {"audio": true}})).unwrap()["result"], "ok");
    assert_eq!(inspect(&session, "url"), json!(bed::url(&url)));
    session.close(&args(&json!({}))).unwrap();
}

#[test]
fn everything_through_proxies() {
    let janus = Janus::start(&Setup::tls()).unwrap();
    let sandbox = Sandbox::start(Options::default()).unwrap();
    for url in [&janus.ws, janus.wss.as_ref().unwrap(), &janus.http, janus.https.as_ref().unwrap()] {
        for proxy in [&sandbox.http_proxy, &sandbox.socks_proxy] {
            let session = open(url, &json!({"verify": janus.ca, "proxies": {"all": proxy}}));
            let echo = attach(&session, ECHO);
            let answer = ask(&echo, "message", &json!({"body": {"audio": true}}));
            assert_eq!(answer.unwrap()["result"], "ok", "{url} by {proxy}");
            session.close(&args(&json!({}))).unwrap();
        }
        // One that lets nobody through shows that it is asked.
        let options = json!({"verify": janus.ca, "proxies": {"all": sandbox.http_proxy_auth}, "max_retries": 0});
        let refused = Session::create(&bed::url(url), &args(&options)).unwrap_err();
        assert!(["proxy", "protocol"].contains(&refused.code()), "{url}: {refused} {}", detail(&refused));
    }
}

#[test]
fn everything_over_a_unix_socket() {
    let janus = Janus::start(&Setup::default()).unwrap();
    whole(&janus, &format!("unix:{}", janus.unix.display()));
}

#[test]
fn everything_over_datagrams() {
    let janus = Janus::start(&Setup { datagrams: true, ..Setup::default() }).unwrap();
    let sockets = || {
        let files = std::fs::read_dir(std::env::temp_dir()).unwrap().flatten();
        files
            .filter(|file| file.file_name().to_string_lossy().starts_with("haft-"))
            .filter(|file| file.path().extension().is_some_and(|end| end == "sock"))
            .count()
    };
    let before = sockets();
    whole(&janus, &format!("unix:{}", janus.unix.display()));
    assert!(sockets() <= before, "a path was left behind");
}

#[test]
fn secrets_and_tokens_go_along_and_are_never_shown() {
    let janus = Janus::start(&Setup::secret()).unwrap();
    for url in [janus.http.clone(), format!("unix:{}", janus.unix.display())] {
        for wrong in [json!({}), json!({"api_secret": "wr0ng"})] {
            let refused = Session::create(&bed::url(&url), &args(&wrong)).unwrap_err();
            assert_eq!(detail(&refused)["server_code"], 403, "{url} {refused}");
        }
        let session = open(&url, &json!({"api_secret": "s3cret"}));
        let echo = attach(&session, ECHO);
        // Its answer comes by a long poll, which has to carry the secret too.
        assert_eq!(ask(&echo, "message", &json!({"body": {"audio": true}})).unwrap()["result"], "ok");
        let shown = format!("{}{}", inspect(&session, "options"), inspect(&session, "stats"));
        assert!(!shown.contains("s3cret") && shown.contains("***"), "{shown}");
        admin(&janus, json!({"janus": "add_token", "token": "t0ken"}));
        let other = open(&url, &json!({"token": "t0ken"}));
        assert_eq!(ask(&attach(&other, ECHO), "message", &json!({"body": {"audio": true}})).unwrap()["result"], "ok");
        admin(&janus, json!({"janus": "remove_token", "token": "t0ken"}));
        let refused = ask(&other, "keepalive", &json!({})).unwrap_err();
        assert_eq!(detail(&refused)["server_code"], 403);
        // Another one heals it.
        other.configure(&args(&json!({"token": null, "api_secret": "s3cret"}))).unwrap();
        ask(&other, "keepalive", &json!({})).unwrap();
        other.close(&args(&json!({}))).unwrap();
        session.close(&args(&json!({}))).unwrap();
    }
}

#[test]
fn a_request_that_is_too_long_for_the_packet_is_refused_before_it_is_sent() {
    let janus = Janus::start(&Setup::default()).unwrap();
    let session = open(&format!("unix:{}", janus.unix.display()), &json!({}));
    let echo = attach(&session, ECHO);
    let refused = ask(&echo, "message", &json!({"body": {"audio": true, "x": "y".repeat(9000)}})).unwrap_err();
    assert_eq!((refused.code(), &detail(&refused)["outcome"]), ("message_too_large", &json!("not_sent")));
    // What is just short enough is answered, and so is what follows.
    let frame = json!({"janus": "message", "transaction": "t", "session_id": u64::MAX, "handle_id": u64::MAX, "body": {"audio": true, "x": ""}});
    let room = 8191 - frame.to_string().len() - 20;
    let answer = ask(&echo, "message", &json!({"body": {"audio": true, "x": "y".repeat(room)}})).unwrap();
    assert_eq!(answer["result"], "ok");
    session.close(&args(&json!({}))).unwrap();
}

#[test]
fn the_order_of_a_handle_is_the_hosts_over_http() {
    let janus = Janus::start(&Setup::default()).unwrap();
    let session = open(&janus.http, &json!({}));
    ask(&attach(&session, ROOM), "create", &json!({"room": 77, "publishers": 3})).unwrap();
    for round in 0..20 {
        let room = attach(&session, ROOM);
        // Submitted without waiting: each counts on the one before.
        let verbs = [
            ("join", json!({"ptype": "publisher", "room": 77, "display": format!("{round}")})),
            ("configure", json!({"audio": true})),
            ("leave", json!({})),
        ];
        for (verb, arguments) in &verbs {
            room.submit(Some(verb), None, &args(arguments)).unwrap();
        }
        for _ in 0..3 {
            let event = next(&room, Kind::Response);
            assert!(event.failure().is_none(), "{round}: {:?}", why(&event));
        }
    }
    session.close(&args(&json!({}))).unwrap();
}

#[test]
fn many_threads_share_one_session_over_http() {
    let janus = Janus::start(&Setup::default()).unwrap();
    let session = open(&janus.http, &json!({}));
    let handles: Vec<Arc<Session>> = (0..4).map(|_| Arc::new(attach(&session, ROOM))).collect();
    let workers: Vec<_> = (0..8)
        .map(|worker| {
            let handle = Arc::clone(&handles[worker % handles.len()]);
            thread::spawn(move || {
                for round in 0..25 {
                    let room = 10_000 + worker * 100 + round;
                    let answer = ask(&handle, "create", &json!({"room": room})).unwrap();
                    assert_eq!(answer["room"], room);
                    let answer = ask(&handle, "destroy", &json!({"room": room})).unwrap();
                    assert_eq!(answer["room"], room);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    session.close(&args(&json!({}))).unwrap();
}

#[test]
fn a_session_that_is_gone_ends_over_http() {
    let janus = Janus::start(&Setup::default()).unwrap();
    let session = open(&janus.http, &json!({}));
    hear(&session, "timeout");
    // The long poll that runs brings what the server says; the next one would find nothing.
    admin(&janus, json!({"janus": "set_session_timeout", "session_id": id(&session), "timeout": 1}));
    let told = message(&session);
    assert_eq!(
        (&told["janus"], &told["session_id"]),
        (&json!("timeout"), &json!(told["session_id"].as_u64().unwrap()))
    );
    assert_eq!(why(&next(&session, Kind::Closed)).2["server_code"], Value::Null);
}

#[test]
fn what_is_no_janus_is_told() {
    let janus = Janus::start(&Setup::default()).unwrap();
    let wrong = janus.http.replace("/janus", "/elsewhere");
    let refused = Session::create(&bed::url(&wrong), &args(&json!({"max_retries": 0}))).unwrap_err();
    assert_eq!((refused.code(), &detail(&refused)["http_status"]), ("protocol", &json!(404)));
    let missing = format!("{}-not-there", janus.unix.display());
    let refused = Session::create(&format!("janus+unix:{missing}"), &args(&json!({"max_retries": 0}))).unwrap_err();
    assert_eq!((refused.code(), &detail(&refused)["outcome"]), ("connect", &json!("not_sent")));
    let long = format!("janus+unix:/{}", "x".repeat(200));
    assert_eq!(Session::create(&long, &args(&json!({}))).unwrap_err().code(), "invalid_url");
}

#[test]
fn the_first_way_that_stands_is_taken() {
    let janus = Janus::start(&Setup::default()).unwrap();
    let urls = json!({"urls": [format!("janus+unix:{}-not-there", janus.unix.display()), bed::url(&janus.http)]});
    let session = Session::create("janus+ws://127.0.0.1:1/", &args(&urls)).unwrap();
    assert_eq!(inspect(&session, "url"), json!(bed::url(&janus.http)));
    assert_eq!(ask(&attach(&session, ECHO), "message", &json!({"body": {"audio": true}})).unwrap()["result"], "ok");
    session.close(&args(&json!({}))).unwrap();
}

#[test]
fn a_server_that_is_cut_off_over_http_is_lost_and_found_again() {
    let janus = Janus::start(&Setup::default()).unwrap();
    let (host, path) = janus.http.trim_start_matches("http://").split_once('/').unwrap();
    let relay = Relay::start(host);
    let session =
        open(&format!("http://{}/{path}", relay.address), &json!({"retry_delay": "50ms", "max_retries": 100}));
    let (own, room) = (id(&session), attach(&session, ROOM));
    relay.refuse(true);
    relay.cut();
    assert_eq!(why(&next(&session, Kind::Lost)).0, "connection_lost");
    relay.refuse(false);
    next(&session, Kind::Restored);
    // The session is the same: over HTTP no connection owns it.
    assert_eq!(id(&session), own);
    assert_eq!(ask(&room, "exists", &json!({"room": 1234})).unwrap()["exists"], true);
    session.close(&args(&json!({}))).unwrap();
}

#[test]
fn a_killed_server_over_a_unix_socket_is_lost() {
    let janus = Janus::start(&Setup::default()).unwrap();
    let session = open(&format!("unix:{}", janus.unix.display()), &json!({"retry_delay": "50ms", "max_retries": 400}));
    janus.kill().unwrap();
    assert_eq!(why(&next(&session, Kind::Lost)).0, "connection_lost");
    janus.restart().unwrap();
    // It has forgotten everything (spec 2.6).
    assert_eq!(why(&next(&session, Kind::Closed)).2["server_code"], 458);
}

/// The answer to an attach that nobody waits for any more is still heard: the handle that it brings is given back.
#[test]
fn what_an_attach_brings_too_late_is_given_back() {
    let janus = Janus::start(&Setup::default()).unwrap();
    for url in [janus.http.clone(), janus.ws.clone(), format!("unix:{}", janus.unix.display())] {
        let session = open(&url, &json!({}));
        ask(&session, "info", &json!({})).unwrap();
        hear(&session, "*");
        janus.freeze().unwrap();
        let late = session.attach(ECHO, &args(&json!({"timeout": 0.2}))).unwrap_err();
        assert_eq!((late.code(), &detail(&late)["outcome"]), ("total_timeout", &json!("unknown")), "{url}");
        janus.thaw().unwrap();
        // The echo may say first that it is done.
        let told = std::iter::repeat_with(|| message(&session)).find(|told| told["janus"] != "event").unwrap();
        assert_eq!(told["janus"], "detached", "{url}");
        let left = admin(&janus, json!({"janus": "list_handles", "session_id": id(&session)}));
        assert_eq!(left["handles"], json!([]), "{url}");
        // The answer to the detach is the last thing that was asked for.
        ask(&session, "ping", &json!({})).unwrap();
        assert_eq!(inspect(&session, "stats")["transactions"], 0, "{url}");
        session.close(&args(&json!({}))).unwrap();
    }
}

/// There may be secrets in the query, and what is below is not what the host wrote.
#[test]
fn errors_name_the_address_as_the_host_knows_it() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    for scheme in ["ws", "http"] {
        let url = format!("{scheme}://user:p4ss@127.0.0.1:{port}/janus?key=s3cret");
        let refused = Session::create(&bed::url(&url), &args(&json!({"max_retries": 0}))).unwrap_err();
        let told = detail(&refused);
        assert_eq!(told["url"], format!("janus+{scheme}://127.0.0.1:{port}/janus"), "{told}");
        assert!(!format!("{refused} {told}").contains("s3cret"), "{told}");
    }
}
