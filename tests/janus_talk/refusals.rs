//! What the server refuses (spec/janus.md 2.5), and what is refused before it is sent.

use haft::{args::Args, error::Status, session::Session};
use haft_sandbox::janus::{Janus, Setup};
use serde_json::{Value, json};

use crate::{
    bed::{ECHO, ROOM, args, ask, attach, detail, id, inspect, open, start, url},
    janus::probe::admin,
};

/// Each refusal of the core that can be brought about, by the message that does it.
#[test]
fn refusals_of_the_core_are_told_by_number_and_by_word() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let (own, echo) = (id(&session), attach(&session, ECHO));
    let handle = id(&echo);
    let offer = |kind: &str, sdp: &str| json!({"janus": "message", "body": {}, "jsep": {"type": kind, "sdp": sdp}});
    let rows = [
        (json!({"janus": "nonsense"}), 453, "unknown_request", Status::Remote),
        (json!({"janus": "trickle", "candidate": {}, "candidates": []}), 454, "malformed_message", Status::Remote),
        (json!({"janus": "message", "body": {}, "jsep": 7}), 455, "malformed_message", Status::Remote),
        (json!({"janus": "message"}), 456, "missing_element", Status::Remote),
        (json!({"janus": "trickle"}), 456, "missing_element", Status::Remote),
        (json!({"janus": "attach", "handle_id": handle, "plugin": ECHO}), 457, "invalid_path", Status::Remote),
        (json!({"janus": "keepalive", "session_id": 1}), 458, "session_lost", Status::NotFound),
        (json!({"janus": "detach", "handle_id": 1}), 459, "handle_lost", Status::NotFound),
        (json!({"janus": "attach", "plugin": "janus.plugin.nope"}), 460, "plugin_not_found", Status::NotFound),
        (offer("wish", "v=0"), 464, "jsep_unknown_type", Status::Remote),
        (offer("offer", "v=nonsense"), 465, "jsep_invalid_sdp", Status::Remote),
        (json!({"janus": "attach", "plugin": 7}), 467, "invalid_element", Status::Remote),
        (json!({"message": {"janus": "create", "id": own}}), 468, "session_conflict", Status::Conflict),
    ];
    for (message, number, word, status) in rows {
        let error = ask(&echo, "raw", &message).unwrap_err();
        let told = detail(&error);
        assert_eq!((error.code(), error.status(), &told["server_code"]), (word, status, &json!(number)), "{message}");
        assert!(!told["server_text"].as_str().unwrap().is_empty(), "{message}");
        assert_eq!(told["outcome"], "applied", "{message}");
    }
    // Nothing of that ended what was named by others than itself.
    assert_eq!(ask(&echo, "message", &json!({"body": {"audio": true}})).unwrap()["result"], "ok");
    admin(&janus, json!({"janus": "accept_new_sessions", "accept": false}));
    let error = Session::create(&url(&janus.ws), &args(&json!({}))).unwrap_err();
    assert_eq!((error.code(), detail(&error)["server_code"].as_i64()), ("not_accepting_sessions", Some(472)));
    assert!(error.is_retryable());
}

#[test]
fn secrets_and_tokens_are_checked_first() {
    let janus = Janus::start(&Setup::secret()).unwrap();
    for options in [json!({}), json!({"api_secret": "wrong"}), json!({"token": "wrong"})] {
        let error = Session::create(&url(&janus.ws), &args(&options)).unwrap_err();
        assert_eq!((error.code(), error.status()), ("unauthorized", Status::Auth), "{options}");
        assert_eq!(detail(&error)["server_code"], 403);
    }
    let secret = janus.setup().api_secret.clone().unwrap();
    let session = open(&janus.ws, &json!({"api_secret": secret}));
    ask(&session, "keepalive", &json!({})).unwrap();
    attach(&session, ECHO);
    let shown = inspect(&session, "options");
    assert_eq!((&shown["api_secret"], &shown["token"]), (&json!("***"), &Value::Null));
    // A raw message may carry its own.
    let error = ask(&session, "raw", &json!({"janus": "keepalive", "apisecret": "gu3ss"})).unwrap_err();
    assert_eq!(error.code(), "unauthorized");
    assert!(!format!("{error:?}").contains("gu3ss"));
    // A token is enough, for the plugins that it allows.
    admin(&janus, json!({"janus": "add_token", "token": "t0ken", "plugins": [ECHO]}));
    let other = open(&janus.ws, &json!({"token": "t0ken"}));
    attach(&other, ECHO);
    let error = other.attach(ROOM, &Args::new()).unwrap_err();
    assert_eq!((error.code(), detail(&error)["server_code"].as_i64()), ("plugin_attach_fail", Some(405)));
    // Others from now on.
    other.configure(&args(&json!({"token": null}))).unwrap();
    assert_eq!(ask(&other, "keepalive", &json!({})).unwrap_err().code(), "unauthorized");
    other.configure(&args(&json!({"token": "t0ken"}))).unwrap();
    ask(&other, "keepalive", &json!({})).unwrap();
}

#[test]
fn a_refused_attach_is_that_of_the_original() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let error = session.attach("janus.plugin.nope", &Args::new()).unwrap_err();
    assert_eq!((error.code(), error.status()), ("plugin_attach_fail", Status::Remote));
    let told = detail(&error);
    assert_eq!(
        (&told["server_code"], &told["server_text"]),
        (&json!(460), &json!("No such plugin 'janus.plugin.nope'"))
    );
    assert_eq!(inspect(&session, "handles"), json!([]));
}

/// Plugins refuse inside of their data: with `success` those that answer at once, with `event` the others.
#[test]
fn refusals_of_plugins_are_errors() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let (room, echo) = (attach(&session, ROOM), attach(&session, ECHO));
    let error = ask(&room, "message", &json!({"body": {"request": "destroy", "room": 99}})).unwrap_err();
    assert_eq!(detail(&error)["server_code"], 426);
    assert_eq!(detail(&error)["server_text"], "No such room (99)");
    let error = ask(&echo, "message", &json!({"body": {}})).unwrap_err();
    assert_eq!(detail(&error)["server_code"], 413);
    let error = ask(&echo, "message", &json!({"body": {"audio": "yes"}})).unwrap_err();
    assert_eq!(detail(&error)["server_code"], 413);
    assert_eq!(detail(&error)["outcome"], "applied");
}

#[test]
fn mistakes_are_found_before_anything_is_sent() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let echo = attach(&session, ECHO);
    let rows = [
        (&session, "pnig", json!({}), "unsupported", "verb"),
        (&session, "message", json!({"body": {}}), "unsupported", "verb"),
        (&session, "ping", json!({"boddy": 1}), "argument", "boddy"),
        (&session, "ping", json!({"timeout": [1, 2]}), "argument", "timeout"),
        (&session, "raw", json!({}), "argument", "janus"),
        (&session, "raw", json!({"janus": "ping", "transaction": 7}), "argument", "transaction"),
        (&echo, "message", json!({"body": "text"}), "argument", "body"),
        (&echo, "message", json!({"boddy": {}}), "argument", "boddy"),
        (&echo, "message", json!({"body": {}, "jsep": "v=0"}), "argument", "jsep"),
        (&echo, "trickle", json!({}), "argument", "candidate"),
        (&echo, "trickle", json!({"candidate": {}, "candidates": []}), "argument", "candidates"),
        (&echo, "trickle", json!({"candidate": 7}), "argument", "candidate"),
        (&echo, "trickle", json!({"candidates": {}}), "argument", "candidates"),
        (&echo, "detach", json!({"force": true}), "argument", "force"),
    ];
    let before = inspect(&session, "stats")["requests_sent"].clone();
    for (on, verb, arguments, code, key) in rows {
        let error = ask(on, verb, &arguments).unwrap_err();
        assert_eq!((error.code(), &detail(&error)["key"]), (code, &json!(key)), "{verb} {arguments}: {error}");
    }
    for (on, topic) in [(&session, "event"), (&echo, "timeout"), (&echo, "evnt")] {
        assert_eq!(on.subscribe(topic, &Args::new(), None, 0).unwrap_err().code(), "unsupported", "{topic}");
    }
    let error = echo.subscribe("event", &args(&json!({"overflow": "wait"})), None, 0).unwrap_err();
    assert_eq!((error.code(), &detail(&error)["key"]), ("argument", &json!("overflow")));
    for (name, options, key) in [
        ("handle:x", json!({}), "name"),
        ("handle:0", json!({}), "name"),
        ("", json!({}), "name"),
        (ECHO, json!({"plugin": ECHO}), "name"),
        (ECHO, json!({"loop_index": -1}), "loop_index"),
        ("session", json!({"session_id": 1, "create_id": 2}), "create_id"),
    ] {
        let error = session.attach(name, &args(&options)).unwrap_err();
        assert_eq!((error.code(), &detail(&error)["key"]), ("argument", &json!(key)), "{name:?} {options}");
    }
    assert_eq!(echo.attach("session", &Args::new()).unwrap_err().code(), "unsupported");
    assert_eq!(echo.configure(&args(&json!({}))).map_err(|error| error.code().to_owned()), Ok(()));
    assert_eq!(inspect(&session, "stats")["requests_sent"], before);
}
