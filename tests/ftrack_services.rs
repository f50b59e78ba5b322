//! Services beside entities: notes, timers, statuses, what the server does when told to, encoding. What goes over the wire
//! is compared with what the official client sent (`tests/python/ftrack_services.py` makes the file).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, dead_code, reason = "a test stops at what must not be")]

#[path = "ftrack_svc/bed.rs"]
mod bed;

use bed::{TASK, USER, args, call, fails, mark, queued::commit, sandbox, sent, session, stage};
use haft::args::Args;
use serde_json::{Value, json};

const OTHER: &str = "f422bd48-7aae-5c22-af9a-4d8c001fafb5";
const NOTE: &str = "f5a4896f-2c64-5c53-aa46-7c287ccf362f";
const LABEL: &str = "b2f57132-a6f2-519e-ad6b-6f8f0d4a5f3c";
const SCHEMA: &str = "69cb7f92-4dbf-11e1-9902-f23c91df25eb";
const RIGGING: &str = "02036fca-845f-5133-ae02-0f27b8f31c79";
const COMPONENT: &str = "4c47050b-2b4d-54f7-88c5-fb5bfa169ded";

/// With identifiers numbered in the order in which they appear, and without the time of day.
fn canonical(requests: &Value) -> String {
    let text = serde_json::to_string(requests).unwrap();
    let (mut out, mut known, mut rest) = (String::new(), Vec::<String>::new(), text.as_str());
    let is_id = |word: &str| {
        word.len() == 36
            && word
                .bytes()
                .enumerate()
                .all(|(at, byte)| if [8, 13, 18, 23].contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() })
    };
    let is_time = |word: &str| word.len() == 25 && word.starts_with("20") && word.ends_with("+00:00");
    while let Some(first) = rest.chars().next() {
        if let Some(id) = rest.get(..36).filter(|word| is_id(word)) {
            let number = known.iter().position(|known| known == id).unwrap_or_else(|| {
                known.push(id.to_owned());
                known.len() - 1
            });
            out.push_str(&format!("#{number}"));
            rest = &rest[36..];
        } else if rest.get(..25).is_some_and(is_time) {
            out.push_str("NOW");
            rest = &rest[25..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// A time log counts whole seconds of two clocks: what it says must lie within the time that went by, and is told no
/// further.
fn without_durations(requests: &mut Value, most: u64) {
    match requests {
        Value::Array(list) => list.iter_mut().for_each(|item| without_durations(item, most)),
        Value::Object(members) => {
            for (name, value) in members {
                if name == "duration" && value.as_u64().is_some_and(|seconds| seconds <= most) {
                    *value = json!("ELAPSED");
                } else {
                    without_durations(value, most);
                }
            }
        }
        _ => {}
    }
}

/// Each service sends what the official client sends for it.
#[test]
fn the_requests_are_the_official_clients() {
    let expected: Value = serde_json::from_str(include_str!("ftrack_svc/services.json")).unwrap();
    let sandbox = sandbox();
    type Run = fn(&haft::session::Session);
    let runs: &[(&str, Run)] = &[
        ("note", |session| {
            let data = json!({"content": "hello", "author": format!("User/{USER}"), "recipients": [format!("User/{OTHER}")], "labels": [format!("NoteLabel/{LABEL}")]});
            stage(session, "create_note", &format!("Task/{TASK}"), &data.to_string());
            commit(session, &Args::new()).unwrap();
        }),
        ("reply", |session| {
            let data = json!({"content": "yes", "author": {"__entity_type__": "User", "id": USER}});
            call(session, "create_reply", &format!("Note/{NOTE}"), &data.to_string());
        }),
        ("statuses_of_tasks", |session| {
            drop(call(session, "statuses", &format!("ProjectSchema/{SCHEMA}"), r#"{"schema": "Task"}"#))
        }),
        ("statuses_of_rigging", |session| {
            let data = json!({"schema": "Task", "type_id": RIGGING});
            call(session, "statuses", &format!("ProjectSchema/{SCHEMA}"), &data.to_string());
        }),
        ("statuses_of_shots", |session| {
            drop(call(session, "statuses", &format!("ProjectSchema/{SCHEMA}"), r#"{"schema": "Shot"}"#))
        }),
        ("statuses_of_versions", |session| {
            drop(call(session, "statuses", &format!("ProjectSchema/{SCHEMA}"), r#"{"schema": "AssetVersion"}"#))
        }),
        ("types_of_tasks", |session| {
            drop(call(session, "types", &format!("ProjectSchema/{SCHEMA}"), r#"{"schema": "Task"}"#))
        }),
        ("timer", |session| {
            let data = json!({"context": format!("Task/{TASK}"), "comment": "c", "name": "n"});
            call(session, "start_timer", &format!("User/{USER}"), &data.to_string());
            call(session, "stop_timer", &format!("User/{USER}"), "{}");
        }),
        ("forced_timer", |session| drop(call(session, "start_timer", &format!("User/{USER}"), r#"{"force": true}"#))),
        ("widget", |session| {
            call(session, "get_widget_url", &format!("Task/{TASK}"), r#"{"name": "info", "theme": "light"}"#);
            call(session, "get_widget_url", "", r#"{"name": "tasks_browser"}"#);
        }),
        ("invites", |session| {
            let data = json!({"entities": [format!("User/{USER}"), {"id": OTHER}]});
            call(session, "send_user_invite", "", &data.to_string());
        }),
        ("api_key", |session| {
            drop(call(session, "reset_remote", &format!("User/{OTHER}"), r#"{"reset_type": "api_key"}"#))
        }),
        ("encode_media", |session| drop(call(session, "encode_media", &format!("FileComponent/{COMPONENT}"), "{}"))),
    ];
    assert_eq!(runs.len(), expected.as_object().unwrap().len());
    for (name, run) in runs {
        let session = session(&sandbox, r#"{"compat": "python"}"#);
        let (since, began) = (mark(&sandbox), std::time::Instant::now());
        run(&session);
        // A second may turn at the beginning and at the end.
        let most = began.elapsed().as_secs() + 1;
        let (mut found, mut wanted) = (Value::Array(sent(&sandbox, since)), expected[name].clone());
        without_durations(&mut found, most);
        without_durations(&mut wanted, 1);
        assert_eq!(canonical(&found), canonical(&wanted), "{name}");
    }
}

#[test]
fn a_note_is_one_batch_and_a_mistake_leaves_nothing() {
    let sandbox = sandbox();
    let session = session(&sandbox, "{}");
    let target = format!("Task/{TASK}");
    let author = format!("User/{USER}");
    for (data, code) in [
        (json!({"author": author}), "argument"),
        (json!({"content": "x"}), "argument"),
        (json!({"content": "x", "author": "Usher/1"}), "unknown_type"),
        (
            json!({"content": "x", "author": author, "labels": ["NoteLabel/a"], "category": "NoteCategory/b"}),
            "argument",
        ),
    ] {
        assert_eq!(fails(&session, "create_note", &target, &data.to_string()).code(), code, "{data}");
    }
    assert_eq!(bed::inspect(&session, "operations"), json!([]));
    let data = json!({"content": "first", "author": author, "category": format!("NoteLabel/{LABEL}")});
    let note = stage(&session, "create_note", &target, &data.to_string());
    assert_eq!(note["content"], "first");
    assert!(sandbox.ftrack_query("Note where content is \"first\"").unwrap().as_array().is_none_or(Vec::is_empty));
    commit(&session, &Args::new()).unwrap();
    let found =
        sandbox.ftrack_query("select content, note_label_links.label_id from Note where content is \"first\"").unwrap();
    assert!(found.to_string().contains(LABEL), "{found}");
    // What the server refuses is taken back.
    sandbox.ftrack_order("fault=error&action=create&exception=ValidationError&content=no").unwrap();
    let error = fails(&session, "create_note", &target, &json!({"content": "second", "author": author}).to_string());
    assert_eq!(error.code(), "server");
    assert_eq!((bed::inspect(&session, "operations"), bed::inspect(&session, "created")), (json!([]), json!([])));
}

#[test]
fn one_timer_runs_at_a_time() {
    let sandbox = sandbox();
    let session = session(&sandbox, "{}");
    let user = format!("User/{USER}");
    assert_eq!(fails(&session, "stop_timer", &user, "{}").code(), "no_result_found");
    let timer = call(&session, "start_timer", &user, r#"{"comment": "one"}"#);
    assert_eq!((&timer["__entity_type__"], &timer["comment"]), (&json!("Timer"), &json!("one")));
    let error = fails(&session, "start_timer", &user, "{}");
    assert_eq!((error.code(), error.status()), ("not_unique", haft::error::Status::Conflict));
    let timer = call(&session, "start_timer", &user, r#"{"comment": "two", "force": true}"#);
    assert_eq!(timer["comment"], "two");
    let log = call(&session, "stop_timer", &user, "{}");
    assert_eq!((&log["__entity_type__"], &log["comment"]), (&json!("Timelog"), &json!("two")));
    assert!(log["duration"].as_i64().is_some_and(|seconds| (0..60).contains(&seconds)), "{log}");
    assert_eq!(call(&session, "query", "Timer", "{}"), json!([]));
    assert_eq!(call(&session, "query", "Timelog where comment is one", "{}").as_array().unwrap().len(), 1);
    assert_eq!(fails(&session, "start_timer", &format!("Task/{TASK}"), "{}").code(), "argument");
}

#[test]
fn statuses_and_types_of_a_schema() {
    let sandbox = sandbox();
    let session = session(&sandbox, "{}");
    let target = format!("ProjectSchema/{SCHEMA}");
    let names = |value: Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap_or("?").to_owned()).collect()
    };
    assert_eq!(
        names(call(&session, "statuses", &target, r#"{"schema": "Task"}"#)),
        ["Not started", "In progress", "Awaiting approval", "Approved"]
    );
    let rigging = json!({"schema": "Task", "type_id": RIGGING}).to_string();
    assert_eq!(names(call(&session, "statuses", &target, &rigging)), ["Not started", "Approved"]);
    assert_eq!(names(call(&session, "statuses", &target, r#"{"schema": "Shot"}"#)), ["Normal", "Omitted", "On Hold"]);
    assert_eq!(names(call(&session, "types", &target, r#"{"schema": "Task"}"#)).len(), 14);
    for (schema, code) in [("User", "argument"), ("Tisk", "unknown_type")] {
        assert_eq!(fails(&session, "statuses", &target, &json!({"schema": schema}).to_string()).code(), code);
    }
    assert_eq!(fails(&session, "statuses", &target, "{}").code(), "argument");
}

#[test]
fn the_servers_own_actions() {
    let sandbox = sandbox();
    let session = session(&sandbox, "{}");
    let key = call(&session, "reset_remote", &format!("User/{OTHER}"), r#"{"reset_type": "api_key"}"#);
    assert!(key["api_key"].as_str().is_some_and(|key| !key.is_empty()));
    let url = call(&session, "get_widget_url", &format!("Task/{TASK}"), r#"{"name": "info"}"#);
    assert!(url.as_str().is_some_and(|url| url.contains("/widget/info") && url.contains(TASK)), "{url}");
    let job = call(&session, "encode_media", &format!("FileComponent/{COMPONENT}"), r#"{"keep_original": false}"#);
    assert_eq!(job["__entity_type__"], "Job");
    let job = call(&session, "delayed_job", "", r#"{"job_type": "SYNC_USERS_LDAP", "data": {"x": 1}}"#);
    assert!(job.to_string().contains("SYNC_USERS_LDAP"), "{job}");
    let since = mark(&sandbox);
    assert_eq!(call(&session, "send_user_invite", "", r#"{"entities": []}"#), Value::Null);
    assert_eq!(sent(&sandbox, since).len(), 0, "nobody to invite, nothing to send");
    for (verb, target, data, code) in [
        ("encode_media", "/nowhere/movie.mov", "{}", "io"),
        ("encode_media", "Task/x", "{}", "argument"),
        ("get_widget_url", "", "{}", "argument"),
        ("reset_remote", "", "{}", "argument"),
        ("delayed_job", "", "{}", "argument"),
        ("send_user_invite", "Task/x", "{}", "argument"),
        ("send_user_invite", "User/nobody", "{}", "server"),
    ] {
        assert_eq!(fails(&session, verb, target, data).code(), code, "{verb} {target}");
    }
    sandbox
        .ftrack_order(
            "fault=error&action=send_user_invite&exception=ValidationError&content=Invalid action u'send_user_invite'",
        )
        .unwrap();
    let error = fails(&session, "send_user_invite", &format!("User/{USER}"), "{}");
    assert_eq!((error.code(), error.status()), ("server_compatibility", haft::error::Status::Unsupported));
}

/// Expected texts: the official client's `encode` of the same entity.
#[test]
fn entities_as_text() {
    let sandbox = sandbox();
    let session = session(&sandbox, "{}");
    let target = format!("Task/{TASK}");
    call(
        &session,
        "query",
        &format!("select name, bid, status_id, start_date, time_logged from Task where id is {TASK}"),
        r#"{"one": true}"#,
    );
    let encode = |strategy: &str| -> Value {
        let text = call(&session, "encode", &target, &json!({ "strategy": strategy }).to_string());
        serde_json::from_str(text.as_str().unwrap()).unwrap()
    };
    let known = encode("set_only");
    assert_eq!(
        (&known["name"], &known["bid"], &known["__entity_type__"]),
        (&json!("t1"), &json!(3600), &json!("Task"))
    );
    assert_eq!(known.get("description"), None);
    assert_eq!(encode("modified_only"), json!({"__entity_type__": "Task", "id": TASK}));
    stage(&session, "update", &target, r#"{"data": {"name": "other", "start_date": "2026-02-03"}}"#);
    assert_eq!(
        encode("modified_only"),
        json!({"__entity_type__": "Task", "id": TASK, "name": "other", "start_date": {"__type__": "datetime", "value": "2026-02-03T00:00:00+00:00"}})
    );
    let persisted = encode("persisted_only");
    assert_eq!((&persisted["name"], persisted.get("time_logged")), (&json!("t1"), None), "computed ones are left out");
    assert!(known.get("time_logged").is_some());
    let all = encode("all");
    assert!(all["assignments"].is_array() && all.as_object().unwrap().len() > 20, "{all}");
    let text = call(
        &session,
        "encode",
        "",
        &json!({"value": {"b": [{"__entity_type__": "Task", "id": TASK}], "a": "ü"}, "strategy": "modified_only"})
            .to_string(),
    );
    let expected = format!(
        r#"{{"a": "\u00fc", "b": [{{"__entity_type__": "Task", "id": "{TASK}", "name": "other", "start_date": {{"__type__": "datetime", "value": "2026-02-03T00:00:00+00:00"}}}}]}}"#
    );
    assert_eq!(text, json!(expected));
    let back = call(&session, "decode", "", &json!({"value": expected}).to_string());
    assert_eq!(back["b"][0]["start_date"], "2026-02-03T00:00:00+00:00");
    for (data, code) in [
        (json!({"value": "{"}), "argument"),
        (json!({"value": 1}), "argument"),
        (json!({"value": r#"{"__entity_type__": "Tisk"}"#}), "unknown_type"),
    ] {
        assert_eq!(fails(&session, "decode", "", &data.to_string()).code(), code, "{data}");
    }
    assert_eq!(fails(&session, "encode", &target, r#"{"strategy": "some"}"#).code(), "argument");
    let _ = args("{}");
}
