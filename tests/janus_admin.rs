//! The admin API of Janus (spec/janus.md 1.5) through `attach("admin")`: every request against the real server, by HTTP,
//! WebSocket and both kinds of Unix sockets; what it refuses; signed tokens (2.6).
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

use std::{collections::BTreeSet, net::UdpSocket, thread};

use bed::{ECHO, ROOM, args, ask, attach, detail, hear, id, inspect, message, next, open, value, why};
use haft::session::{Kind, Session};
use haft_sandbox::janus::{ADMIN_SECRET, Janus, Setup};
use janus::probe::{PATIENCE, admin as bare};
use serde_json::{Value, json};

/// The ways to the admin API of a server.
fn ways(janus: &Janus) -> [String; 3] {
    [janus.admin_http.clone(), janus.admin_ws.clone(), format!("unix:{}", janus.admin_unix.display())]
}

fn admin(session: &Session, url: &str) -> Session {
    session.attach("admin", &args(&json!({"admin_url": url, "admin_secret": ADMIN_SECRET}))).unwrap()
}

/// A session that opens nothing by itself.
fn idle(janus: &Janus) -> Session {
    open(&janus.ws, &json!({"lazy": true}))
}

/// A STUN server that answers once.
fn stun() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let port = socket.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut question = [0; 2048];
        let (_, from) = socket.recv_from(&mut question).unwrap();
        // A success with the address of whoever asked, behind the magic cookie and the id of the question (RFC 5389).
        let mut answer = vec![0x01, 0x01, 0, 12];
        answer.extend(&question[4..20]);
        answer.extend([0, 0x20, 0, 8, 0, 1]);
        answer.extend((from.port() ^ 0x2112).to_be_bytes());
        let std::net::IpAddr::V4(ip) = from.ip() else { panic!("no IPv4") };
        answer.extend((u32::from(ip) ^ 0x2112_a442).to_be_bytes());
        socket.send_to(&answer, from).unwrap();
    });
    port
}

#[test]
fn every_request_by_every_transport() {
    for datagrams in [false, true] {
        let janus = Janus::start(&Setup { datagrams, ..Setup::secret() }).unwrap();
        for url in ways(&janus).iter().skip(if datagrams { 2 } else { 0 }) {
            every_request(&janus, url);
        }
    }
}

fn every_request(janus: &Janus, url: &str) {
    let session = open(&janus.ws, &json!({"api_secret": "s3cret"}));
    let (echo, room) = (attach(&session, ECHO), attach(&session, ROOM));
    let (me, handle, other) = (id(&session), id(&echo), id(&room));
    let admin = admin(&session, url);
    let mut done = BTreeSet::new();
    let mut row = |verb: &'static str, arguments: Value| {
        done.insert(verb);
        ask(&admin, verb, &arguments).map_err(|error| (error.code().to_owned(), detail(&error)))
    };
    println!("{url}");
    let rows = [
        ("ping", json!({})),
        ("info", json!({})),
        ("get_status", json!({})),
        ("list_sessions", json!({})),
        ("list_handles", json!({"session_id": me})),
        ("handle_info", json!({"session_id": me, "handle_id": handle})),
        ("handle_info", json!({"session_id": me, "handle_id": handle, "plugin_only": true})),
        ("set_session_timeout", json!({"timeout": 60})),
        ("set_session_timeout", json!({"timeout": 0, "session_id": me})),
        ("set_session_timeout", json!({"timeout": -1, "session_id": me})),
        ("accept_new_sessions", json!({"accept": true})),
        ("set_log_level", json!({"level": 4})),
        ("set_log_timestamps", json!({"timestamps": false})),
        ("set_log_colors", json!({"colors": false})),
        ("set_locking_debug", json!({"debug": false})),
        ("set_refcount_debug", json!({"debug": false})),
        ("set_libnice_debug", json!({"debug": false})),
        ("set_min_nack_queue", json!({"min_nack_queue": 300})),
        ("set_nack_optimizations", json!({"nack_optimizations": true})),
        ("set_no_media_timer", json!({"no_media_timer": 2})),
        ("set_slowlink_threshold", json!({"slowlink_threshold": 5})),
        ("add_token", json!({"token": "t0ken", "plugins": [ECHO]})),
        ("allow_token", json!({"token": "t0ken", "plugins": [ROOM]})),
        ("disallow_token", json!({"token": "t0ken", "plugins": [ECHO]})),
        ("list_tokens", json!({})),
        ("remove_token", json!({"token": "t0ken"})),
        ("remove_token", json!({"token": "t0ken"})),
        ("message_plugin", json!({"plugin": ROOM, "request": {"request": "list"}})),
        ("message_plugin", json!({"plugin": "janus.plugin.nope", "request": {}})),
        ("message_plugin", json!({"plugin": ROOM, "request": {"request": "nope"}})),
        ("query_transport", json!({"transport": "janus.transport.http", "request": {"request": "configure"}})),
        ("query_transport", json!({"transport": "janus.transport.http", "request": {}})),
        ("query_eventhandler", json!({"handler": "janus.eventhandler.nope", "request": {}})),
        ("query_logger", json!({"logger": "janus.logger.nope", "request": {}})),
        ("custom_event", json!({"schema": "s", "data": {"a": 1}})),
        ("custom_logline", json!({"line": "a line of haft", "level": 4})),
        ("resolve_address", json!({"address": "127.0.0.1"})),
        ("test_stun", json!({"address": "127.0.0.1", "port": stun()})),
        ("loops_info", json!({})),
        ("start_pcap", json!({"session_id": me, "handle_id": handle, "folder": janus.dir.join("recordings"), "filename": "a.pcap", "truncate": 100})),
        ("stop_pcap", json!({"session_id": me, "handle_id": handle})),
        ("start_text2pcap", json!({"session_id": me, "handle_id": handle, "folder": janus.dir.join("recordings"), "filename": "a.txt"})),
        ("stop_text2pcap", json!({"session_id": me, "handle_id": handle})),
        ("hangup_webrtc", json!({"session_id": me, "handle_id": handle})),
        ("detach_handle", json!({"session_id": me, "handle_id": other})),
        ("destroy_session", json!({"session_id": me})),
    ];
    for (verb, arguments) in rows {
        let shown = arguments.to_string();
        let got = row(verb, arguments);
        println!("{verb} {shown}\n    {}", match got { Ok(value) => { let text = value.to_string(); text.chars().take(300).collect::<String>() } Err(error) => format!("{error:?}") });
    }
    admin.close(&args(&json!({}))).unwrap();
}
