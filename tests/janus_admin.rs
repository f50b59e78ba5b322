//! The admin API of Janus (spec/janus.md 1.5) through `attach("admin")`: every request against the real server, by HTTP,
//! WebSocket and both kinds of Unix sockets; what it refuses; signed tokens (2.6).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test stops at what must not be"
)]

#[path = "janus_talk/bed.rs"]
#[allow(dead_code, reason = "shared")]
mod bed;
#[path = "janus/mod.rs"]
#[allow(dead_code, reason = "shared")]
mod janus;

use std::{
    collections::BTreeSet,
    net::UdpSocket,
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bed::{ECHO, ROOM, args, ask, attach, detail, hear, id, inspect, message, next, open, value, why};
use haft::session::{Kind, Session};
use haft_sandbox::janus::{ADMIN_SECRET, Janus, Setup};
use janus::{
    probe::{PATIENCE, admin as bare},
    relay::{Relay, Side},
};
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
    // Of a session that nothing becomes of.
    let apart = idle(janus);
    let admin = admin(&apart, url);
    let ask = |verb: &str, arguments: Value| bed::ask(&admin, verb, &arguments);
    let done = |verb: &str, arguments: Value| {
        let answer = ask(verb, arguments).unwrap_or_else(|error| panic!("{url} {verb}: {error}"));
        assert!(verb == "ping" || verb == "info" || answer["janus"] == "success", "{url} {verb}: {answer}");
        answer
    };
    // What somebody else is told at the same moment.
    let seen = |mut request: Value, verb: &str| {
        request["janus"] = verb.into();
        let mut answer = bare(janus, request);
        answer.as_object_mut().unwrap().remove("transaction");
        answer
    };
    let same = |verb: &str, arguments: Value| {
        let mut answer = done(verb, arguments.clone());
        answer.as_object_mut().unwrap().remove("transaction");
        assert_eq!(answer, seen(arguments, verb), "{url} {verb}");
        answer
    };
    assert_eq!(done("ping", json!({}))["janus"], "pong");
    assert_eq!(same("info", json!({}))["version_string"], "1.1.2");
    assert_eq!(same("list_sessions", json!({}))["sessions"], json!([me]));
    let handles = same("list_handles", json!({"session_id": me}))["handles"].clone();
    assert_eq!(
        handles.as_array().unwrap().iter().filter_map(Value::as_u64).collect::<BTreeSet<_>>(),
        [handle, other].into()
    );
    let info = done("handle_info", json!({"session_id": me, "handle_id": handle}));
    assert_eq!((&info["info"]["plugin"], &info["info"]["session_timeout"]), (&json!(ECHO), &json!(60)));
    assert!(info["info"]["flags"].is_object());
    let info = done("handle_info", json!({"session_id": me, "handle_id": handle, "plugin_only": true}));
    assert!(info["info"]["plugin_specific"].is_object() && info["info"]["flags"].is_null(), "{info}");
    // Every switch, there and back: somebody else sees each.
    for (verb, field, shown, values) in [
        ("set_session_timeout", "timeout", "session_timeout", [json!(50), json!(60)]),
        ("set_log_level", "level", "log_level", [json!(2), json!(4)]),
        ("set_log_timestamps", "timestamps", "log_timestamps", [json!(false), json!(true)]),
        ("set_log_colors", "colors", "log_colors", [json!(true), json!(false)]),
        ("set_locking_debug", "debug", "locking_debug", [json!(true), json!(false)]),
        ("set_refcount_debug", "debug", "refcount_debug", [json!(true), json!(false)]),
        ("set_libnice_debug", "debug", "libnice_debug", [json!(true), json!(false)]),
        ("set_min_nack_queue", "min_nack_queue", "min_nack_queue", [json!(300), json!(200)]),
        ("set_nack_optimizations", "nack_optimizations", "nack-optimizations", [json!(true), json!(false)]),
        ("set_no_media_timer", "no_media_timer", "no_media_timer", [json!(2), json!(1)]),
        ("set_slowlink_threshold", "slowlink_threshold", "slowlink_threshold", [json!(5), json!(0)]),
    ] {
        for value in values {
            done(verb, json!({field: value}));
            let status = same("get_status", json!({}))["status"].clone();
            assert_eq!(status[shown], value, "{url} {verb}");
        }
    }
    for timeout in [0, 90, -1] {
        let answer = done("set_session_timeout", json!({"timeout": timeout, "session_id": me}));
        assert_eq!((&answer["timeout"], &answer["session_id"]), (&json!(timeout), &json!(me)));
        let info = seen(json!({"session_id": me, "handle_id": handle}), "handle_info");
        assert_eq!(info["info"]["session_timeout"], if timeout < 0 { 60 } else { timeout }, "{url}");
    }
    for accept in [false, true] {
        assert_eq!(done("accept_new_sessions", json!({"accept": accept}))["accept"], accept);
        assert_eq!(seen(json!({}), "info")["accepting-new-sessions"], accept);
        let created = Session::create(&bed::url(&janus.ws), &args(&json!({"api_secret": "s3cret", "max_retries": 0})));
        assert_eq!(
            created.map(drop).err().map(|error| error.code().to_owned()).as_deref(),
            if accept { None } else { Some("not_accepting_sessions") }
        );
    }
    tokens(&done, &seen);
    let refused = ask("remove_token", json!({"token": "t0ken"})).unwrap_err();
    assert_eq!((refused.code(), &detail(&refused)["server_code"]), ("server", &json!(490)));
    // What answers inside of the answer refuses there.
    let listed = same("message_plugin", json!({"plugin": ROOM, "request": {"request": "list"}}));
    assert!(listed["response"]["list"].is_array(), "{listed}");
    assert_eq!(
        done("query_transport", json!({"transport": "janus.transport.http", "request": {"request": "configure"}}))["response"],
        json!({"result": 200})
    );
    for (verb, arguments, code, number) in [
        ("message_plugin", json!({"plugin": ROOM, "request": {"request": "nope"}}), "plugin_invalid_request", 423),
        ("message_plugin", json!({"plugin": "janus.plugin.nope", "request": {}}), "plugin_not_found", 460),
        ("query_transport", json!({"transport": "janus.transport.http", "request": {}}), "plugin_error", 412),
        ("query_transport", json!({"transport": "nope", "request": {}}), "plugin_not_found", 460),
        ("query_eventhandler", json!({"handler": "nope", "request": {}}), "plugin_not_found", 460),
        ("query_logger", json!({"logger": "nope", "request": {}}), "plugin_not_found", 460),
        ("list_handles", json!({"session_id": 1}), "session_lost", 458),
        ("handle_info", json!({"session_id": me, "handle_id": 1}), "handle_lost", 459),
    ] {
        let refused = ask(verb, arguments).unwrap_err();
        assert_eq!((refused.code(), &detail(&refused)["server_code"]), (code, &json!(number)), "{url} {verb}");
    }
    done("custom_event", json!({"schema": "s", "data": {"a": 1}}));
    done("custom_logline", json!({"line": "a line of haft", "level": 4}));
    assert_eq!(done("resolve_address", json!({"address": "127.0.0.1"}))["ip"], "127.0.0.1");
    assert_eq!(done("test_stun", json!({"address": "127.0.0.1", "port": stun()}))["public_ip"], "127.0.0.1");
    same("loops_info", json!({}));
    let folder = janus.dir.join("recordings");
    for (kind, name) in [("pcap", "a.pcap"), ("text2pcap", "a.txt")] {
        let file = json!({"session_id": me, "handle_id": handle, "folder": folder, "filename": name, "truncate": 100});
        done(&format!("start_{kind}"), file.clone());
        assert!(folder.join(name).exists(), "{url} {kind}");
        let twice = ask(&format!("start_{kind}"), file).unwrap_err();
        assert_eq!(detail(&twice)["server_code"], 490, "{url} {kind}");
        done(&format!("stop_{kind}"), json!({"session_id": me, "handle_id": handle}));
    }
    // What concerns others' handles and sessions is heard there.
    done("hangup_webrtc", json!({"session_id": me, "handle_id": handle}));
    hear(&room, "detached");
    done("detach_handle", json!({"session_id": me, "handle_id": other}));
    assert_eq!(message(&room)["janus"], "detached");
    next(&room, Kind::Closed);
    assert_eq!(seen(json!({"session_id": me}), "list_handles")["handles"], json!([handle]));
    done("destroy_session", json!({"session_id": me}));
    assert_eq!(seen(json!({}), "list_sessions")["sessions"], json!([]));
    let gone = bed::ask(&session, "keepalive", &json!({})).unwrap_err();
    assert!(["session_lost", "closed"].contains(&gone.code()), "{gone}");
    // The session is gone, and the admin interface is not.
    assert_eq!(done("ping", json!({}))["janus"], "pong");
    // What it asked by itself at the beginning was answered long ago.
    assert_eq!(inspect(&admin, "server_info")["version_string"], "1.1.2");
    admin.close(&args(&json!({}))).unwrap();
}

type Seen<'a> = &'a dyn Fn(Value, &str) -> Value;

fn tokens(done: &dyn Fn(&str, Value) -> Value, seen: Seen<'_>) {
    let known = |plugins: Value| {
        let listed = seen(json!({}), "list_tokens");
        assert_eq!(listed["data"]["tokens"], json!([{"token": "t0ken", "allowed_plugins": plugins}]));
        assert_eq!(done("list_tokens", json!({}))["data"], listed["data"]);
    };
    for (verb, plugins, left) in [
        ("add_token", json!([ECHO]), json!([ECHO])),
        ("allow_token", json!([ROOM]), json!([ECHO, ROOM])),
        ("disallow_token", json!([ECHO]), json!([ROOM])),
    ] {
        assert_eq!(done(verb, json!({"token": "t0ken", "plugins": plugins}))["data"]["plugins"], left, "{verb}");
        known(left);
    }
    done("remove_token", json!({"token": "t0ken"}));
    assert_eq!(seen(json!({}), "list_tokens")["data"]["tokens"], json!([]));
}

#[test]
fn what_is_missing_or_wrong_is_found_before_it_is_sent_as_the_server_finds_it() {
    let janus = bed::start();
    let session = open(&janus.ws, &json!({}));
    let echo = attach(&session, ECHO);
    let (me, handle) = (id(&session), id(&echo));
    let admin = admin(&session, &janus.admin_http);
    let sent = || inspect(&admin, "stats")["requests_sent"].clone();
    ask(&admin, "ping", &json!({})).unwrap();
    let rows: &[(&str, &[(&str, Value)])] = &[
        ("set_session_timeout", &[("timeout", json!("x"))]),
        ("accept_new_sessions", &[("accept", json!(1))]),
        ("set_log_level", &[("level", json!(-1))]),
        ("set_log_timestamps", &[("timestamps", json!("yes"))]),
        ("set_log_colors", &[("colors", json!(1))]),
        ("set_locking_debug", &[("debug", json!(1))]),
        ("set_refcount_debug", &[("debug", json!([]))]),
        ("set_libnice_debug", &[("debug", json!({}))]),
        ("set_min_nack_queue", &[("min_nack_queue", json!(1.5))]),
        ("set_nack_optimizations", &[("nack_optimizations", json!(0))]),
        ("set_no_media_timer", &[("no_media_timer", json!(-1))]),
        ("set_slowlink_threshold", &[("slowlink_threshold", json!(true))]),
        ("message_plugin", &[("plugin", json!(7))]),
        ("query_transport", &[("transport", json!(7))]),
        ("query_eventhandler", &[("handler", json!(7))]),
        ("query_logger", &[("logger", json!(7))]),
        ("custom_event", &[("schema", json!(7)), ("data", json!("x"))]),
        ("custom_logline", &[("line", json!(7))]),
        ("resolve_address", &[("address", json!(7))]),
        ("test_stun", &[("address", json!(7)), ("port", json!(-1))]),
    ];
    let right = json!({"timeout": 60, "accept": true, "level": 4, "timestamps": true, "colors": false, "debug": false,
        "min_nack_queue": 200, "nack_optimizations": false, "no_media_timer": 1, "slowlink_threshold": 0, "plugin": ECHO,
        "transport": "t", "handler": "h", "logger": "l", "schema": "s", "data": {}, "line": "l", "address": "127.0.0.1", "port": 1});
    let before = sent();
    for (verb, fields) in rows {
        for (name, wrong) in *fields {
            let mut arguments = json!({});
            for (other, _) in fields.iter().filter(|(other, _)| other != name) {
                arguments[*other] = right[*other].clone();
            }
            for (value, number) in [(None, 456), (Some(wrong), 467)] {
                if let Some(value) = value {
                    arguments[*name] = value.clone();
                }
                let mut request = arguments.clone();
                request["janus"] = (*verb).into();
                let theirs = bare(&janus, request);
                assert_eq!(theirs["error"]["code"], number, "{verb} {arguments}: {theirs}");
                assert!(theirs["error"]["reason"].as_str().unwrap().contains(name), "{theirs}");
                let ours = ask(&admin, verb, &arguments).unwrap_err();
                assert_eq!(
                    (ours.code(), &detail(&ours)["key"], &detail(&ours)["outcome"]),
                    ("argument", &json!(name), &json!("not_sent")),
                    "{verb} {arguments}"
                );
            }
        }
    }
    let both = json!({"session_id": me, "handle_id": handle});
    for (verb, arguments, code, key) in [
        ("get_statsu", json!({}), "unsupported", "verb"),
        ("list_handles", json!({}), "argument", "session_id"),
        ("list_handles", json!({"session_id": "x"}), "argument", "session_id"),
        ("list_handles", json!({"session_id": 0}), "argument", "session_id"),
        ("list_handles", both.clone(), "argument", "handle_id"),
        ("handle_info", json!({"session_id": me}), "argument", "handle_id"),
        ("handle_info", json!({"session_id": me, "handle_id": handle, "plugin_onyl": true}), "argument", "plugin_onyl"),
        ("get_status", json!({"session_id": me}), "argument", "session_id"),
        ("set_session_timeout", json!({"timeout": -1}), "argument", "timeout"),
        ("add_token", json!({"token": 7}), "argument", "token"),
        ("add_token", json!({"token": "t", "plugins": [7]}), "argument", "plugins[0]"),
        ("allow_token", json!({"token": "t"}), "argument", "plugins"),
        ("ping", json!({"timout": 1}), "argument", "timout"),
        ("raw", json!({"admin_secret": "x"}), "argument", "janus"),
    ] {
        let ours = ask(&admin, verb, &arguments).unwrap_err();
        assert_eq!((ours.code(), &detail(&ours)["key"]), (code, &json!(key)), "{verb} {arguments}: {ours}");
    }
    let slip = ask(&admin, "get_statsu", &json!({})).unwrap_err();
    assert!(slip.message().ends_with("the nearest is \"get_status\""), "{slip}");
    let target = admin.request(Some("ping"), Some("x"), &args(&json!({}))).unwrap_err();
    assert_eq!(detail(&target)["key"], "target");
    assert_eq!(sent(), before, "something went out");
    // An id may have all of its 64 bits.
    let lost = ask(&admin, "list_handles", &json!({"session_id": u64::MAX})).unwrap_err();
    // This server reads 63 of them, and does not say which request it was that it could not read.
    assert_eq!((lost.code(), &detail(&lost)["server_code"]), ("malformed_message", &json!(454)), "{lost}");
    let lost = ask(&admin, "list_handles", &json!({"session_id": i64::MAX})).unwrap_err();
    assert_eq!(lost.message(), format!("the server refused: No such session {}", i64::MAX));
}

#[test]
fn the_secret_is_wanted_and_never_shown() {
    let janus = bed::start();
    let session = idle(&janus);
    for url in ways(&janus) {
        let none = session.attach("admin", &args(&json!({"admin_url": url}))).unwrap();
        assert_eq!(ask(&none, "ping", &json!({})).unwrap()["janus"], "pong");
        for wrong in [json!(null), json!("wr0ng")] {
            none.configure(&args(&json!({"admin_secret": wrong}))).unwrap();
            let refused = ask(&none, "get_status", &json!({})).unwrap_err();
            assert_eq!((refused.code(), &detail(&refused)["server_code"]), ("unauthorized", &json!(403)), "{url}");
            assert!(!format!("{refused} {}", detail(&refused)).contains("wr0ng"));
        }
        // The right one heals it, also as part of a whole message.
        let whole = json!({"janus": "get_status", "admin_secret": ADMIN_SECRET});
        assert_eq!(ask(&none, "raw", &whole).unwrap()["janus"], "success");
        none.configure(&args(&json!({"admin_secret": ADMIN_SECRET, "timeout": 20}))).unwrap();
        assert_eq!(ask(&none, "get_status", &json!({})).unwrap()["janus"], "success");
        assert_eq!(ask(&none, "raw", &json!({"message": {"janus": "list_sessions"}})).unwrap()["sessions"], json!([]));
        let shown = inspect(&none, "options");
        assert_eq!((&shown["admin_secret"], &shown["timeout"]), (&json!("***"), &json!(20.0)));
        assert!(!format!("{shown}{}{}", inspect(&none, "stats"), inspect(&none, "server_info")).contains(ADMIN_SECRET));
        let prepared = none.prepare(Some("set_session_timeout"), None, &args(&json!({"timeout": 60}))).unwrap();
        let message = prepared.get("message").map(|message| message.to_json());
        assert_eq!(message.as_deref(), Some(r#"{"janus":"set_session_timeout","timeout":60}"#));
        let again = none.request(None, None, &prepared).unwrap();
        assert_eq!(value(&again)["timeout"], 60);
    }
    // All that while no session was opened.
    assert_eq!(bare(&janus, json!({"janus": "list_sessions"}))["sessions"], json!([]));
}

#[test]
fn attach_says_what_it_needs() {
    let janus = bed::start();
    let session = idle(&janus);
    for (options, code, key) in [
        (json!({}), "argument", "admin_url"),
        (json!({"admin_url": 7}), "argument", "admin_url"),
        (json!({"admin_url": "ftp://x"}), "invalid_schema", "admin_url"),
        (json!({"admin_url": "http://"}), "invalid_url", "admin_url"),
        (json!({"admin_url": janus.admin_http, "admin_secret": 7}), "argument", "admin_secret"),
        (json!({"admin_url": janus.admin_http, "session_id": 7}), "argument", "session_id"),
        (json!({"admin_url": janus.admin_http, "admin_secrte": "x"}), "argument", "admin_secrte"),
    ] {
        let refused = session.attach("admin", &args(&options)).map(drop).unwrap_err();
        assert_eq!((refused.code(), &detail(&refused)["key"]), (code, &json!(key)), "{options}");
    }
    // The other interface of the server, a path where nothing is, nobody at all.
    let nobody = { std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap() };
    for (url, code, text) in [
        (janus.ws.clone(), "connect", "janus-admin-protocol"),
        (janus.http.replace("/janus", "/admin"), "protocol", "/admin as a rule"),
        (format!("http://{nobody}/admin"), "connect", ""),
        (format!("ws://{nobody}/"), "connect", ""),
        (format!("unix:{}/nobody.sock", janus.dir.display()), "connect", "nobody.sock"),
    ] {
        let session = open(&janus.ws, &json!({"lazy": true, "max_retries": 0}));
        let refused = ask(&admin(&session, &url), "get_status", &json!({})).unwrap_err();
        assert!(refused.code() == code && refused.message().contains(text), "{url}: {} {refused}", refused.code());
        assert_eq!(detail(&refused)["outcome"], "not_sent", "{url}");
    }
    let admin = admin(&session, &janus.admin_ws);
    assert_eq!(admin.attach("session", &args(&json!({}))).map(drop).unwrap_err().code(), "unsupported");
    assert_eq!(admin.subscribe("*", &args(&json!({})), None, 0).unwrap_err().code(), "unsupported");
    let configured = admin.configure(&args(&json!({"recover": "off"}))).unwrap_err();
    assert_eq!(detail(&configured)["key"], "recover");
}

#[test]
fn requests_are_submitted_and_staged_as_everywhere() {
    let janus = bed::start();
    let session = idle(&janus);
    for url in ways(&janus) {
        let admin = admin(&session, &url);
        admin.submit(Some("get_status"), None, &args(&json!({"tag": "t"}))).unwrap();
        let event = next(&admin, Kind::Response);
        let answer = value(event.response().expect("an answer"));
        assert_eq!(answer["status"]["session_timeout"], 60, "{answer}");
        admin.submit(Some("list_handles"), None, &args(&json!({"session_id": 7}))).unwrap();
        assert_eq!(why(&next(&admin, Kind::Response)).0, "session_lost");
        admin.stage(Some("set_log_level"), None, &args(&json!({"level": 3}))).unwrap();
        assert_eq!(admin.stage(Some("set_log_level"), None, &args(&json!({}))).unwrap_err().code(), "argument");
        assert_eq!(bare(&janus, json!({"janus": "get_status"}))["status"]["log_level"], 4);
        let done = value(&admin.commit(&args(&json!({}))).unwrap());
        assert_eq!(done[0]["value"]["level"], 3, "{done}");
        ask(&admin, "set_log_level", &json!({"level": 4})).unwrap();
    }
}

#[test]
fn another_connection_is_made_after_a_loss() {
    let janus = bed::start();
    let session = open(&janus.ws, &json!({"lazy": true, "retry_delay": 0.01, "max_retries": 0}));
    for url in ways(&janus) {
        let admin = admin(&session, &url);
        ask(&admin, "get_status", &json!({})).unwrap();
        janus.kill().unwrap();
        // Whether the loss is noticed before or by the next request: it fails, and is not done later.
        let refused = ask(&admin, "set_log_level", &json!({"level": 2})).unwrap_err();
        assert!(["connect", "connection_lost"].contains(&refused.code()), "{url}: {} {refused}", refused.code());
        janus.restart().unwrap();
        assert_eq!(ask(&admin, "get_status", &json!({})).unwrap()["status"]["log_level"], 4, "{url}");
    }
}

#[test]
fn time_and_size_have_limits() {
    let janus = bed::start();
    let session = idle(&janus);
    for url in ways(&janus) {
        let admin = admin(&session, &url);
        ask(&admin, "ping", &json!({})).unwrap();
        janus.freeze().unwrap();
        for (verb, arguments) in [
            ("get_status", json!({"timeout": "100ms"})),
            // There it is the field.
            ("set_session_timeout", json!({"timeout": 70, "timeouts": {"total": "100ms"}})),
        ] {
            let late = ask(&admin, verb, &arguments).unwrap_err();
            assert_eq!((late.code(), &detail(&late)["outcome"]), ("total_timeout", &json!("unknown")), "{url} {verb}");
        }
        janus.thaw().unwrap();
        ask(&admin, "set_session_timeout", &json!({"timeout": 60})).unwrap();
        let long = json!({"line": "x".repeat(9000), "level": 7});
        match ask(&admin, "custom_logline", &long) {
            Ok(answer) => assert!(!url.starts_with("unix:") && answer["janus"] == "success", "{url}"),
            Err(error) => assert!(url.starts_with("unix:") && error.code() == "message_too_large", "{url}: {error}"),
        }
    }
}

#[test]
fn over_http_the_path_says_whom_a_request_concerns() {
    let janus = bed::start();
    let session = open(&janus.ws, &json!({}));
    let echo = attach(&session, ECHO);
    let (me, handle) = (id(&session), id(&echo));
    let (relay, url) = Relay::of(&janus.admin_http);
    let admin = admin(&session, &url);
    ask(&admin, "get_status", &json!({})).unwrap();
    ask(&admin, "list_handles", &json!({"session_id": me})).unwrap();
    ask(&admin, "handle_info", &json!({"session_id": me, "handle_id": handle})).unwrap();
    let sent: Vec<u8> = (0..relay.connections()).flat_map(|one| relay.bytes(one, Side::Client)).collect();
    let sent = String::from_utf8(sent).unwrap();
    for path in ["/admin".to_owned(), format!("/admin/{me}"), format!("/admin/{me}/{handle}")] {
        assert!(sent.contains(&format!("POST {path} HTTP/1.1\r\n")), "{path}\n{sent}");
    }
    // Nobody's events are asked for.
    assert!(!sent.contains("maxev"), "{sent}");
}

#[test]
fn the_page_names_what_there_is() {
    let janus = bed::start();
    let session = idle(&janus);
    let admin = admin(&session, &janus.admin_http);
    let page = include_str!("../docs/janus.md").split("## The admin interface").nth(1).unwrap();
    let rows = page.split("\n## ").next().unwrap().lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.split('|').nth(1).unwrap());
    let verbs: BTreeSet<&str> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert_eq!(verbs.len(), 40, "{verbs:?}");
    for verb in verbs {
        let refused = ask(&admin, verb, &json!({"no such field": 1})).unwrap_err();
        assert_eq!(refused.code(), "argument", "{verb}");
        // The server knows it too, at the place where it belongs: whatever it misses, it is not the request.
        let of_one = verb.ends_with("pcap") || verb.ends_with("_handle") || verb.ends_with("_webrtc");
        let of_one = of_one || ["list_handles", "handle_info", "destroy_session"].contains(&verb);
        if verb != "raw" {
            let theirs = bare(&janus, json!({"janus": verb}));
            assert_eq!(
                [453, 457].map(|number| theirs["error"]["code"] == number).contains(&true),
                of_one,
                "{verb}: {theirs}"
            );
        }
    }
}

#[test]
fn faults_are_injected_into_sessions() {
    let janus = bed::start();
    let session = open(&janus.ws, &json!({"keepalive_interval": 0}));
    let admin = admin(&session, &janus.admin_ws);
    hear(&session, "timeout");
    // It expires while it is not used, at the server's next look.
    ask(&admin, "set_session_timeout", &json!({"session_id": id(&session), "timeout": 1})).unwrap();
    assert_eq!(message(&session)["janus"], "timeout");
    let closed = next(&session, Kind::Closed);
    assert_eq!(why(&closed).0, "session_lost");
}

/// A token as servers with `token_auth_secret` take it.
fn signed(expires: u64, plugin: &str, secret: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let text = format!("{expires},janus,{plugin}");
    format!("{text}:{}", STANDARD.encode(hmac::sign(&key, text.as_bytes())))
}

#[test]
fn signed_tokens_open_what_they_name_until_they_expire() {
    let janus = Janus::start(&Setup { token_secret: Some("signing".into()), ..Setup::default() }).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for url in [janus.ws.clone(), janus.http.clone()] {
        let session = open(&url, &json!({"token": signed(now + 600, ECHO, b"signing")}));
        let echo = attach(&session, ECHO);
        assert_eq!(ask(&echo, "echo", &json!({"audio": true})).unwrap()["result"], "ok", "{url}");
        let refused = session.attach(ROOM, &args(&json!({}))).map(drop).unwrap_err();
        assert_eq!((refused.code(), &detail(&refused)["server_code"]), ("plugin_attach_fail", &json!(405)), "{url}");
        for wrong in [signed(now - 600, ECHO, b"signing"), signed(now + 600, ECHO, b"forged"), "t0ken".to_owned()] {
            session.configure(&args(&json!({"token": wrong}))).unwrap();
            let refused = ask(&session, "keepalive", &json!({})).unwrap_err();
            assert_eq!((refused.code(), &detail(&refused)["server_code"]), ("unauthorized", &json!(403)), "{url}");
            let none = Session::create(&bed::url(&url), &args(&json!({"token": wrong}))).map(drop).unwrap_err();
            assert!(none.code() == "unauthorized" && !none.message().contains(&wrong), "{url}: {none}");
        }
        session.configure(&args(&json!({"token": signed(now + 600, ROOM, b"signing")}))).unwrap();
        attach(&session, ROOM);
        session.close(&args(&json!({}))).unwrap();
    }
}
