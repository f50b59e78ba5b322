//! Calls that wait at the same time, and what goes on meanwhile.

use std::sync::{Arc, mpsc};

use haft::{args::Args, session::Kind};
use serde_json::json;

use super::desk::{Gate, Hear, PRIORITIES, answers, here, on_worker, submit, submit_commit, submit_staged};
use crate::bed::{TASK, USER, call, inspect, sandbox, session};

const MANY: usize = 200;

#[test]
fn two_hundred_queries_wait_together_and_callbacks_go_on() {
    let sandbox = sandbox();
    let session = session(&sandbox, "{}");
    let expected = here(&session, "query", PRIORITIES, "{}");
    call(&session, "connect", "", "{}");
    let (tell, hear) = mpsc::channel();
    let heard = Hear(move |event: haft::session::Event| {
        if event.kind() == Kind::Message {
            tell.send(std::thread::current().name().map(str::to_owned)).unwrap();
        }
    });
    session.subscribe("topic=test.meanwhile", &Args::new(), Some(Box::new(heard)), 0).unwrap();
    sandbox.ftrack_order("fault=hold&when=before&action=query&text=Priority&times=0").unwrap();
    let ids: Vec<u64> = (0..MANY).map(|_| submit(&session, "query", PRIORITIES, "{}")).collect();
    // The server has all of them and has answered none.
    sandbox.ftrack_held(MANY);
    for n in 0..5 {
        call(&session, "publish", "test.meanwhile", &json!({"data": {"n": n}}).to_string());
        assert_eq!(hear.recv().unwrap().as_deref(), Some("haft-worker"));
    }
    // Other calls are done as well, blocking and submitted.
    assert_eq!(here(&session, "get", &format!("Task/{TASK}"), "{}")["name"], "t1");
    assert_eq!(call(&session, "query", "select name from Type", r#"{"first": true}"#)["__entity_type__"], "Type");
    sandbox.ftrack_order("clear=1").unwrap();
    sandbox.ftrack_order("release=1").unwrap();
    let mut all = answers(&session, MANY);
    for id in ids {
        assert_eq!(all.remove(&id).unwrap().unwrap(), expected);
    }
    session.close(&Args::new()).unwrap();
}

/// Reads, changes and services: whatever kind of verb waits, another one does not wait for it, and neither does a callback.
#[test]
fn no_verb_waits_for_another() {
    let sandbox = sandbox();
    let session = session(&sandbox, "{}");
    let task = format!("Task/{TASK}");
    let label = call(&session, "create", "NoteLabel", r#"{"data": {"name": "gone"}}"#);
    let label = format!("NoteLabel/{}", label["id"].as_str().unwrap());
    let note = json!({"content": "c", "author": format!("User/{USER}")}).to_string();
    let verbs: &[(&str, &str, &str)] = &[
        ("query", PRIORITIES, "{}"),
        ("query", PRIORITIES, r#"{"first": true}"#),
        ("get", "Task/00000000-0000-4000-8000-000000000001", "{}"),
        ("search", "Task", r#"{"terms": ["t1"]}"#),
        ("populate", &task, r#"{"select": "description"}"#),
        ("create", "NoteLabel", r#"{"data": {"name": "one"}}"#),
        ("update", &task, r#"{"data": {"description": "two"}}"#),
        ("ensure", "NoteLabel", r#"{"data": {"name": "three"}}"#),
        ("delete", &label, "{}"),
        ("create_note", &task, &note),
        ("call", "", r#"{"operations": [{"action": "query", "expression": "select name from Type"}]}"#),
        ("get_widget_url", &task, r#"{"name": "info"}"#),
        ("start_timer", &format!("User/{USER}"), r#"{"name": "t"}"#),
    ];
    sandbox.ftrack_order("fault=hold&when=before&times=0").unwrap();
    let mut ids: Vec<u64> = verbs.iter().map(|(verb, target, json)| submit(&session, verb, target, json)).collect();
    ids.push(submit_staged(&session, "create", "NoteLabel", &json!({"name": "staged"})));
    ids.push(submit_commit(&session));
    sandbox.ftrack_held(ids.len() - 1);
    let (tell, hear) = mpsc::channel();
    on_worker(&session, move || tell.send(()).unwrap());
    hear.recv().unwrap();
    sandbox.ftrack_order("clear=1").unwrap();
    sandbox.ftrack_order("release=1").unwrap();
    let all = answers(&session, ids.len());
    for (id, (verb, ..)) in ids.iter().zip(verbs.iter().chain(&[("stage", "", ""), ("commit", "", "")])) {
        assert!(all[id].is_ok(), "{verb}: {:?}", all[id]);
    }
    assert_eq!(inspect(&session, "operations"), json!([]));
}

/// Pages are a loop, and each is as the one before: nothing of it needs the worker while the server is slow.
#[test]
fn pages_of_several_queries_come_side_by_side() {
    let sandbox = sandbox();
    let session = session(&sandbox, "{}");
    let text = "select name from Task order by id";
    let expected = here(&session, "query", text, r#"{"page_size": 4}"#);
    let pages = expected.as_array().unwrap().len().div_ceil(4);
    sandbox.ftrack_order("fault=hold&when=after&action=query&times=0").unwrap();
    let ids: Vec<u64> = (0..10).map(|_| submit(&session, "query", text, r#"{"page_size": 4}"#)).collect();
    for _ in 0..pages {
        sandbox.ftrack_held(ids.len());
        sandbox.ftrack_order("release=1").unwrap();
    }
    let all = answers(&session, ids.len());
    for id in ids {
        assert_eq!(*all[&id].as_ref().unwrap(), expected);
    }
}

/// What the worker is busy with holds up parsing, not sending, and no memory of it is lost.
#[test]
fn a_busy_worker_does_not_keep_requests_from_the_server() {
    let sandbox = sandbox();
    let session = session(&sandbox, "{}");
    let (gate, (tell, hear)) = (Arc::<Gate>::default(), mpsc::channel());
    let own = Arc::clone(&gate);
    on_worker(&session, move || {
        tell.send(()).unwrap();
        own.pass();
    });
    hear.recv().unwrap();
    sandbox.ftrack_order("fault=hold&when=before&action=query&times=0").unwrap();
    let ids: Vec<u64> = (0..20).map(|_| submit(&session, "query", PRIORITIES, "{}")).collect();
    sandbox.ftrack_held(ids.len());
    sandbox.ftrack_order("clear=1").unwrap();
    sandbox.ftrack_order("release=1").unwrap();
    gate.open();
    assert!(answers(&session, ids.len()).values().all(Result::is_ok));
    assert!(session.submit(Some("query"), Some("nonsense from"), &Args::new()).is_ok());
    assert!(answers(&session, 1).values().all(Result::is_err));
}
