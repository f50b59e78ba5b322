//! The Janus of the tests: every variant comes up as it was set up, ends and returns as told, and leaves nothing behind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::similar_names,
    clippy::struct_field_names,
    dead_code,
    reason = "a test stops at what must not be"
)]

#[path = "janus/mod.rs"]
mod janus;

use std::{
    io::{self, BufRead, BufReader, Read},
    os::unix::net::{UnixDatagram, UnixStream},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use haft_sandbox::janus::{ADMIN_SECRET, Janus, ROOM_SECRET, Setup};
use janus::{
    client::Client,
    offer,
    probe::{PATIENCE, Socket, admin, http},
    relay::{Relay, Side},
};
use serde_json::{Value, json};

fn start(setup: &Setup) -> Janus {
    Janus::start(setup).unwrap()
}

fn info(janus: &Janus) -> Value {
    let (status, info) = http(&format!("{}/info", janus.http), None, None).unwrap();
    assert_eq!((status, &info["janus"]), (200, &json!("server_info")));
    info
}

fn wait(what: &str, done: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < until, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn the_defaults_come_up_on_every_transport() {
    let janus = start(&Setup::default());
    let info = info(&janus);
    assert_eq!((&info["session-timeout"], &info["reclaim-session-timeout"]), (&json!(60), &json!(0)));
    assert_eq!((&info["api_secret"], &info["auth_token"]), (&json!(false), &json!(false)));
    assert_eq!((&info["full-trickle"], &info["local-ip"]), (&json!(false), &json!("127.0.0.1")));
    let plugins = info["plugins"].as_object().unwrap();
    let wanted = "audiobridge echotest nosip recordplay sip streaming textroom videocall videoroom voicemail";
    for plugin in wanted.split(' ') {
        assert!(plugins.contains_key(&format!("janus.plugin.{plugin}")), "{plugin}");
    }

    let mut socket = Socket::open(&janus.ws).unwrap();
    assert_eq!(socket.ask(json!({"janus": "ping"}))["janus"], "pong");
    let session = socket.create();
    let handle = socket.attach(session, "janus.plugin.videoroom");
    let rooms = socket.message(session, handle, &json!({"request": "list"}));
    assert_eq!(rooms["plugindata"]["data"]["list"][0]["room"], 1234);
    let listed = admin(&janus, json!({"janus": "list_sessions"}));
    assert_eq!(listed["sessions"], json!([session]));

    let mut admins = Socket::with(&janus.admin_ws, Some("janus-admin-protocol"), None).unwrap();
    let status = admins.ask(json!({"janus": "get_status", "admin_secret": ADMIN_SECRET}));
    assert_eq!(status["status"]["session_timeout"], 60);
    assert_eq!(admins.ask(json!({"janus": "get_status", "admin_secret": "wrong"}))["error"]["code"], 403);
    // Sequenced packets, which the standard library does not speak: that somebody listens is all there is to see.
    for path in [&janus.unix, &janus.admin_unix] {
        let refused = UnixStream::connect(path).unwrap_err();
        assert_ne!(refused.kind(), io::ErrorKind::ConnectionRefused, "{}", path.display());
        assert_ne!(refused.kind(), io::ErrorKind::NotFound, "{}", path.display());
    }
}

#[test]
fn the_rooms_of_the_start_have_their_secret_and_their_kind_of_id() {
    let janus = start(&Setup { string_ids: true, ..Setup::default() });
    let mut socket = Socket::open(&janus.ws).unwrap();
    let session = socket.create();
    for plugin in ["videoroom", "audiobridge", "textroom"] {
        let handle = socket.attach(session, &format!("janus.plugin.{plugin}"));
        let mut ask = |body: Value| socket.message(session, handle, &body)["plugindata"]["data"].clone();
        let list = ask(json!({"request": "list"}));
        assert_eq!(list["list"][0]["room"], "1234", "{list}");
        let gone = ask(json!({"request": "destroy", "room": "1234", "secret": "wrong"}));
        assert!(gone["error_code"].is_u64(), "{gone}");
        let gone = ask(json!({"request": "destroy", "room": "1234", "secret": ROOM_SECRET}));
        assert_eq!(gone["room"], "1234", "{gone}");
    }
}

#[test]
fn short_sessions_end_and_wait_to_be_claimed() {
    let janus = start(&Setup::short());
    let info = info(&janus);
    assert_eq!((&info["session-timeout"], &info["reclaim-session-timeout"]), (&json!(4), &json!(6)));
    let mut first = Socket::open(&janus.ws).unwrap();
    let session = first.create();
    drop(first);
    let mut second = Socket::open(&janus.ws).unwrap();
    let claimed = second.ask(json!({"janus": "claim", "session_id": session}));
    assert_eq!((&claimed["janus"], &claimed["session_id"]), (&json!("success"), &json!(session)));
    // Real time: the server looks every other second.
    let end = second.until(|message| message["janus"] == "timeout");
    assert_eq!(end["session_id"], session);
    assert_eq!(second.ask(json!({"janus": "keepalive", "session_id": session}))["error"]["code"], 458);
}

#[test]
fn a_secret_or_a_token_opens() {
    let janus = start(&Setup::secret());
    let mut socket = Socket::open(&janus.ws).unwrap();
    assert_eq!(socket.ask(json!({"janus": "create"}))["error"]["code"], 403);
    assert_eq!(socket.ask(json!({"janus": "create", "apisecret": "wrong"}))["error"]["code"], 403);
    assert_eq!(socket.ask(json!({"janus": "create", "apisecret": "s3cret"}))["janus"], "success");
    assert_eq!(socket.ask(json!({"janus": "create", "token": "mine"}))["error"]["code"], 403);
    let added = admin(&janus, json!({"janus": "add_token", "token": "mine", "plugins": ["janus.plugin.echotest"]}));
    assert_eq!(added["data"]["plugins"], json!(["janus.plugin.echotest"]), "{added}");
    let session = socket.ask(json!({"janus": "create", "token": "mine"}))["data"]["id"].clone();
    let mut attach = |plugin: &str| {
        let plugin = format!("janus.plugin.{plugin}");
        socket.ask(json!({"janus": "attach", "session_id": session, "plugin": plugin, "token": "mine"}))
    };
    assert_eq!(attach("echotest")["janus"], "success");
    assert_eq!(attach("videoroom")["error"]["code"], 405);
}

#[test]
fn a_signed_token_opens() {
    let janus = start(&Setup { token_secret: Some("signing".into()), ..Setup::default() });
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"signing");
    let text = "4102444800,janus,janus.plugin.echotest";
    let token = format!("{text}:{}", STANDARD.encode(hmac::sign(&key, text.as_bytes())));
    let mut socket = Socket::open(&janus.ws).unwrap();
    assert_eq!(socket.ask(json!({"janus": "create", "token": token.replace("4102", "4103")}))["error"]["code"], 403);
    let session = socket.ask(json!({"janus": "create", "token": token}));
    let id = session["data"]["id"].as_u64().unwrap_or_else(|| panic!("{session}"));
    let attach = json!({"janus": "attach", "session_id": id, "plugin": "janus.plugin.videoroom", "token": token});
    assert_eq!(socket.ask(attach)["error"]["code"], 405);
}

/// `EchoTest`'s answer to an offer, and the handle that gave it.
fn negotiate(socket: &mut Socket) -> (u64, Value) {
    let session = socket.create();
    let handle = socket.attach(session, "janus.plugin.echotest");
    let answer = socket.ask(json!({
        "janus": "message", "session_id": session, "handle_id": handle, "body": {"audio": true, "video": true},
        "jsep": {"type": "offer", "sdp": offer()},
    }));
    assert_eq!(answer["plugindata"]["data"]["result"], "ok", "{answer}");
    assert_eq!(answer["jsep"]["type"], "answer", "{answer}");
    (handle, answer)
}

#[test]
fn media_is_offered_on_loopback() {
    let janus = start(&Setup { rtp_ports: 10, ..Setup::default() });
    let (_, answer) = negotiate(&mut Socket::open(&janus.ws).unwrap());
    let sdp = answer["jsep"]["sdp"].as_str().unwrap();
    let candidates: Vec<_> = sdp.lines().filter_map(|line| line.strip_prefix("a=candidate:")).collect();
    assert!(!candidates.is_empty(), "{sdp}");
    for candidate in candidates {
        assert_eq!(candidate.split(' ').nth(4), Some("127.0.0.1"), "{candidate}");
    }
}

#[test]
fn full_trickle_sends_candidates_apart() {
    let janus = start(&Setup::full_trickle());
    assert_eq!(info(&janus)["full-trickle"], true);
    let mut socket = Socket::open(&janus.ws).unwrap();
    let (handle, _) = negotiate(&mut socket);
    let one = socket.until(|message| message["janus"] == "trickle" && message["candidate"]["candidate"].is_string());
    assert_eq!(one["sender"], handle);
    assert!(one["candidate"]["candidate"].as_str().unwrap().contains(" 127.0.0.1 "), "{one}");
    let last = socket.until(|message| message["candidate"]["completed"] == true);
    assert_eq!(last["sender"], handle);
}

#[test]
fn tls_has_a_certificate_of_its_own_authority() {
    let janus = start(&Setup::tls());
    let ca = janus.ca.as_deref();
    let (status, info) = http(&format!("{}/info", janus.https.as_ref().unwrap()), ca, None).unwrap();
    assert_eq!((status, &info["janus"]), (200, &json!("server_info")));
    let wss = janus.wss.as_ref().unwrap();
    let mut socket = Socket::with(wss, Some("janus-protocol"), ca).unwrap();
    assert_eq!(socket.ask(json!({"janus": "ping"}))["janus"], "pong");
    // The authority of another server is none for this one.
    let other = start(&Setup::tls());
    assert!(Socket::with(wss, Some("janus-protocol"), other.ca.as_deref()).is_err());
    assert_ne!(janus.wss, other.wss);
}

#[test]
fn the_sub_protocol_is_asked_for() {
    let janus = start(&Setup::default());
    assert!(Socket::with(&janus.ws, None, None).is_err());
    assert!(Socket::with(&janus.ws, Some("janus-admin-protocol"), None).is_err());
}

#[test]
fn a_restart_keeps_the_ports_and_nothing_else() {
    let janus = start(&Setup::tls());
    assert!(janus.restart().is_err());
    for ended in ["stop", "kill"] {
        let (mut socket, pid) = (Socket::open(&janus.ws).unwrap(), janus.pid().unwrap());
        let session = socket.create();
        if ended == "stop" {
            janus.stop().unwrap();
        } else {
            janus.kill().unwrap();
        }
        assert_eq!(socket.read(), None);
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
        assert_eq!(janus.pid(), None);
        assert!(janus.stop().is_err() && janus.kill().is_err() && janus.freeze().is_err() && janus.thaw().is_err());
        let Err(refused) = Socket::open(&janus.ws) else { panic!("{ended}: somebody listens") };
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);

        janus.restart().unwrap();
        let mut socket = Socket::open(&janus.ws).unwrap();
        assert_eq!(socket.ask(json!({"janus": "claim", "session_id": session}))["error"]["code"], 458);
        let wss = janus.wss.as_ref().unwrap();
        assert!(Socket::with(wss, Some("janus-protocol"), janus.ca.as_deref()).is_ok());
        assert_eq!(info(&janus)["session-timeout"], 60);
        assert_ne!(janus.pid(), Some(pid));
    }
    // All of its lives are in one log.
    assert!(janus.log().matches("WebSockets transport plugin initialized").count() >= 3);
}

#[test]
fn a_port_that_another_took_is_told() {
    let janus = start(&Setup::default());
    janus.kill().unwrap();
    let port = janus.ws.trim_start_matches("ws://").trim_end_matches('/').to_owned();
    let foreign = std::net::TcpListener::bind(&port).unwrap();
    let error = janus.restart().unwrap_err().to_string();
    assert!(error.contains(&format!("another process took port {}", foreign.local_addr().unwrap().port())), "{error}");
    assert_eq!(janus.pid(), None);
    drop(foreign);
    janus.restart().unwrap();
}

#[test]
fn the_unix_socket_keeps_packets() {
    let janus = start(&Setup { datagrams: true, ..Setup::default() });
    let ours = janus.dir.join("ours.sock");
    let socket = UnixDatagram::bind(&ours).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let ask = |request: &Value| -> Value {
        socket.send_to(request.to_string().as_bytes(), &janus.unix).unwrap();
        let mut answer = vec![0; 1 << 18];
        let size = socket.recv(&mut answer).unwrap();
        serde_json::from_slice(&answer[..size]).unwrap()
    };
    assert_eq!(ask(&json!({"janus": "ping", "transaction": "p"})), json!({"janus": "pong", "transaction": "p"}));
    // As large as it may be, and no more.
    let fits = json!({"janus": "ping", "transaction": "p", "padding": "x".repeat(8000)});
    assert_eq!(ask(&fits)["janus"], "pong");
}

#[test]
fn a_silent_websocket_is_asked_whether_it_lives() {
    let janus = start(&Setup { ping: Some((1, 1)), ..Setup::default() });
    let (relay, url) = Relay::of(&janus.ws);
    // It answers nobody's PING: nothing reads.
    let mut socket = Socket::open(&url).unwrap();
    assert_eq!(socket.ask(json!({"janus": "ping"}))["janus"], "pong");
    wait("the server kept a silent connection", || relay.alive() == 0);
    // Two bytes without payload: a PING of the server.
    let bytes = relay.bytes(0, Side::Server);
    assert!(bytes.windows(2).any(|two| two == [0x89, 0]), "{bytes:?}");
}

#[test]
fn a_frozen_server_is_silent_until_it_thaws() {
    let janus = start(&Setup::default());
    let mut socket = Socket::open(&janus.ws).unwrap();
    janus.freeze().unwrap();
    socket.begin(json!({"janus": "ping"}));
    // A connection is still taken: by the system.
    let mut other = std::net::TcpStream::connect(janus.ws.trim_start_matches("ws://").trim_end_matches('/')).unwrap();
    other.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let silent = other.read(&mut [0]).unwrap_err().kind();
    assert!(matches!(silent, io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut), "{silent}");
    janus.thaw().unwrap();
    assert_eq!(socket.next()["janus"], "pong");
    janus.freeze().unwrap();
    janus.kill().unwrap();
}

#[test]
fn faults_are_injected_by_the_admin_api() {
    let janus = start(&Setup::default());
    let mut socket = Socket::open(&janus.ws).unwrap();
    let session = socket.create();
    let handle = socket.attach(session, "janus.plugin.echotest");
    assert_eq!(admin(&janus, json!({"janus": "accept_new_sessions", "accept": false}))["accept"], false);
    assert_eq!(socket.ask(json!({"janus": "create"}))["error"]["code"], 472);
    let detach = json!({"janus": "detach_handle", "session_id": session, "handle_id": handle});
    assert_eq!(admin(&janus, detach)["janus"], "success");
    assert_eq!(socket.until(|message| message["janus"] == "detached")["sender"], handle);
    let destroy = json!({"janus": "destroy_session", "session_id": session});
    assert_eq!(admin(&janus, destroy)["janus"], "success");
    assert_eq!(socket.ask(json!({"janus": "keepalive", "session_id": session}))["error"]["code"], 458);
}

#[test]
fn the_relay_keeps_what_passes_and_cuts() {
    let janus = start(&Setup::default());
    let (relay, url) = Relay::of(&janus.ws);
    let mut socket = Socket::open(&url).unwrap();
    let session = socket.create();
    let passed = relay.messages();
    assert_eq!(passed.len(), 2, "{passed:?}");
    assert_eq!((passed[0].0, &passed[0].1["janus"]), (Side::Client, &json!("create")));
    assert_eq!((passed[1].0, &passed[1].1["data"]["id"]), (Side::Server, &json!(session)));

    relay.hold(true);
    socket.begin(json!({"janus": "ping"}));
    assert_eq!(relay.messages().len(), 2);
    relay.hold(false);
    relay.wait(|passed| passed.len() == 4);
    assert_eq!(socket.next()["janus"], "pong");

    // In the middle of an answer.
    let before = relay.bytes(0, Side::Server).len();
    relay.cut_after(20);
    socket.begin(json!({"janus": "info"}));
    assert_eq!(socket.read(), None);
    assert_eq!(relay.bytes(0, Side::Server).len(), before + 20);
    wait("the relay still has a connection", || relay.alive() == 0);

    let mut socket = Socket::open(&url).unwrap();
    assert_eq!(relay.cut(), 1);
    assert_eq!(socket.read(), None);
    relay.refuse(true);
    assert!(Socket::open(&url).is_err());
    relay.refuse(false);
    assert!(Socket::open(&url).is_ok());
}

#[test]
fn a_dropped_server_leaves_nothing() {
    for end in [Janus::freeze, |janus: &Janus| janus.stop().map(drop), Janus::kill, |_: &Janus| Ok(())] {
        let janus = start(&Setup::default());
        let (pid, dir) = (janus.pid().unwrap(), janus.dir.clone());
        assert!(dir.join("janus.jcfg").exists());
        end(&janus).unwrap();
        drop(janus);
        assert!(!dir.exists() && !Path::new(&format!("/proc/{pid}")).exists());
    }
}

#[test]
fn the_python_client_is_another_party() {
    let janus = start(&Setup::default());
    let (mut client, mut socket) = (Client::start(), Socket::open(&janus.ws).unwrap());
    let join = "a.join_as_publisher(1234, publisher_id=7, display='seven')";
    let told = client.begin(&json!({
        "ws": janus.ws, "handles": {"a": "videoroom"}, "steps": [{"on": "a", "python": join}],
    }));
    assert_eq!(told["results"][0]["value"]["id"], 7, "{told}");
    let session = socket.create();
    let handle = socket.attach(session, "janus.plugin.videoroom");
    let mut ask = |body: Value| socket.message(session, handle, &body)["plugindata"]["data"].clone();
    let there = ask(json!({"request": "listparticipants", "room": 1234}));
    assert_eq!((&there["participants"][0]["id"], &there["participants"][0]["display"]), (&json!(7), &json!("seven")));
    let kicked = ask(json!({"request": "kick", "room": 1234, "id": 7, "secret": ROOM_SECRET}));
    assert_eq!(kicked["videoroom"], "success", "{kicked}");
    let told = client.go_on(&["event(a)"]);
    let event = &told["results"][0]["value"]["plugindata"]["data"];
    assert_eq!((&event["leaving"], &event["reason"]), (&json!("ok"), &json!("kicked")), "{told}");
    client.end();
}

/// This program again, with one of the tests that play along.
fn again(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn a_killed_test_leaves_nothing() {
    let mut child = again("plays_a_test_that_is_killed").spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.find_map(|line| line.split_once("started ").map(|(_, rest)| rest.to_owned())).unwrap();
    let (pid, dir) = line.split_once(' ').unwrap();
    assert!(Path::new(&format!("/proc/{pid}")).exists() && Path::new(dir).exists());
    child.kill().unwrap();
    child.wait().unwrap();
    wait("the server outlived its test", || !Path::new(&format!("/proc/{pid}")).exists() && !Path::new(dir).exists());
}

#[test]
#[ignore = "is started by another test"]
fn plays_a_test_that_is_killed() {
    let janus = start(&Setup::default());
    println!("\nstarted {} {}", janus.pid().unwrap(), janus.dir.display());
    io::stdin().read_to_end(&mut Vec::new()).unwrap();
    std::thread::park();
}

#[test]
fn a_failing_test_shows_the_log() {
    let out = again("plays_a_test_that_fails").output().unwrap();
    assert!(!out.status.success());
    let told = String::from_utf8_lossy(&out.stderr);
    assert!(told.contains("JANUS WebSockets transport plugin initialized"), "{told}");
}

#[test]
#[ignore = "is started by another test"]
fn plays_a_test_that_fails() {
    let _janus = start(&Setup::default());
    panic!("as told");
}

#[test]
fn a_machine_without_says_how_to_get_it() {
    let out = again("plays_a_machine_without").env("PATH", "/nonexistent").output().unwrap();
    let told = String::from_utf8_lossy(&out.stdout);
    assert!(told.contains("apt-get install janus"), "{told}");
}

#[test]
#[ignore = "is started by another test"]
fn plays_a_machine_without() {
    println!("{}", Janus::start(&Setup::default()).err().unwrap());
}

#[test]
fn a_setup_that_janus_refuses_shows_why() {
    // An unquoted text makes the whole file unreadable.
    let setup = Setup { general: vec!["server_nick = unquoted".into()], ..Setup::default() };
    let error = Janus::start(&setup).err().unwrap().to_string();
    assert!(error.contains("did not come up") && error.to_lowercase().contains("error"), "{error}");
}
