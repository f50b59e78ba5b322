//! Mistakes of the host: told before anything is sent, and nothing is changed by them.

use haft::{
    args::Args,
    error::{Error, Outcome},
    session::Session,
};
use haft_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use crate::{
    bed::{TASK, USER, args, call, inspect, session, value},
    guard::{clean, ten},
};

const KEY: &str = "secret-key";

fn quiet() -> Sandbox {
    Sandbox::start(Options { ftrack: Some(Default::default()), log: false, ..Options::default() }).unwrap()
}

/// What a mistake must not change.
fn state(session: &Session, sandbox: &Sandbox) -> Vec<Value> {
    let mut all: Vec<Value> =
        ["operations", "created", "modified", "deleted"].iter().map(|what| inspect(session, what)).collect();
    let entity = args(&json!({"entity": format!("Task/{TASK}")}).to_string());
    all.push(value(&session.inspect("entity_state", &entity).unwrap()));
    all.push(call(session, "get", &format!("Task/{TASK}"), r#"{"auto_populate": false}"#));
    all.push(sandbox.ftrack_query(&format!("select name, description, bid from Task where id is {TASK}")).unwrap());
    all.push(sandbox.ftrack_query("select name from NoteLabel").unwrap());
    all
}

#[test]
fn mistakes_change_nothing() {
    let sandbox = quiet();
    let task = format!("Task/{TASK}");
    let user = format!("User/{USER}");
    let session = session(&sandbox, "{}");
    call(
        &session,
        "get",
        &task,
        r#"{"select": "name, description, bid, children, assignments, scopes, custom_attributes, created_at"}"#,
    );
    let scope = call(&session, "create", "Scope", r#"{"data": {"name": "s"}}"#);
    let scope = format!("Scope/{}", scope["id"].as_str().unwrap());
    // Something is staged that must come through all of it.
    let label =
        value(&session.stage(Some("create"), Some("NoteLabel"), &args(r#"{"data": {"name": "kept"}}"#)).unwrap());
    session
        .stage(
            Some("update"),
            Some(&task),
            &args(&json!({"data": {"description": "mine"}, "add": {"scopes": scope}}).to_string()),
        )
        .unwrap();
    let before = state(&session, &sandbox);

    // Verb, target, arguments, code, and whether the server is the one who has to say it.
    let cases: Vec<(&str, String, Value, &str)> = vec![
        ("query", "select name from Tosk".into(), json!({}), "server"),
        ("query", "select nothing from Task".into(), json!({}), "server"),
        ("query", "select name from Task where (name is x".into(), json!({}), "parse"),
        ("query", "Task where name is \"".into(), json!({}), "parse"),
        ("query", "Task where nothing is x".into(), json!({}), "server"),
        ("query", "Task where name is nobody".into(), json!({"one": true}), "no_result_found"),
        ("query", "Type".into(), json!({"one": true}), "multiple_results_found"),
        ("query", "Task where name is {x}".into(), json!({"bind": {}}), "argument"),
        ("get", "Tosk/x".into(), json!({}), "unknown_type"),
        ("get", "Task".into(), json!({}), "argument"),
        ("get", "Task/".into(), json!({}), "wrong_key"),
        ("get", "Task/a,b".into(), json!({}), "wrong_key"),
        ("get", "Metadata/a".into(), json!({}), "wrong_key"),
        ("get", "Metadata/a,b,c".into(), json!({}), "wrong_key"),
        ("get", task.clone(), json!({"select": "nothing"}), "unknown_attribute"),
        ("get", task.clone(), json!({"select": "name, parent.nothing"}), "server"),
        ("populate", task.clone(), json!({"select": "nothing"}), "unknown_attribute"),
        ("create", "Tosk".into(), json!({"data": {}}), "unknown_type"),
        ("create", "Task".into(), json!({"data": {"nothing": 1}}), "unknown_attribute"),
        ("create", "Task".into(), json!({"data": {"id": TASK}}), "not_unique"),
        ("create", "Metadata".into(), json!({"data": {"key": "k"}}), "wrong_key"),
        ("create", "Job".into(), json!({"data": {"type": "other"}}), "argument"),
        ("create", "Task".into(), json!({"data": {"parent": 5}}), "argument"),
        ("create", "Task".into(), json!({"data": {"parent": "Tosk/x"}}), "unknown_type"),
        ("create", "Task".into(), json!({"data": {"parent": "Metadata/x"}}), "wrong_key"),
        ("create", "Task".into(), json!({"data": {"start_date": "soon"}}), "argument"),
        ("create", "Task".into(), json!({"data": {"metadata": 1}}), "argument"),
        ("update", task.clone(), json!({"data": {"nothing": 1}}), "unknown_attribute"),
        ("update", task.clone(), json!({"data": {"id": "other"}}), "immutable_attribute"),
        ("update", task.clone(), json!({"data": {"created_at": "2026-01-01"}}), "immutable_attribute"),
        ("update", task.clone(), json!({"data": {"custom_attributes": {"nothing": 1}}}), "unknown_attribute"),
        ("update", task.clone(), json!({"data": {"name": "x", "start_date": "soon"}}), "argument"),
        (
            "update",
            task.clone(),
            json!({"data": {"name": "x"}, "add": {"scopes": scope}}),
            "duplicate_item_in_collection",
        ),
        ("update", task.clone(), json!({"data": {"name": "x"}, "add": {"scopes": [user, user]}}), ""),
        ("update", task.clone(), json!({"add": {"name": user}}), "argument"),
        ("update", task.clone(), json!({"remove": {"scopes": "Scope/none"}}), "not_found"),
        ("update", "Task/a,b".into(), json!({"data": {"name": "x"}}), "wrong_key"),
        ("update", "Tosk/a".into(), json!({"data": {"name": "x"}}), "unknown_type"),
        ("delete", "Metadata/a".into(), json!({}), "wrong_key"),
        (
            "ensure",
            "NoteLabel".into(),
            json!({"data": {"nothing": 1}, "identifying_keys": ["nothing"]}),
            "unknown_attribute",
        ),
        ("encode", task.clone(), json!({"strategy": "none"}), "argument"),
        ("decode", String::new(), json!({"value": "{"}), ""),
        ("invalidate", "Tosk/x".into(), json!({}), "unknown_type"),
        ("juggle", task.clone(), json!({}), "unsupported"),
    ];
    let mut wrong = Vec::new();
    for (verb, target, options, code) in &cases {
        let what = format!("{verb} {target} {options}");
        let target = Some(&**target).filter(|target| !target.is_empty());
        let mut told = |error: Result<(), Error>| match error {
            Err(error) => {
                clean(&error, &[KEY]);
                if !code.is_empty() && error.code() != *code {
                    wrong.push(format!("{what}: {} instead of {code}: {error}", error.code()));
                }
            }
            Ok(()) => wrong.push(format!("{what}: was taken")),
        };
        ten(&what, &[KEY], |_| {
            told(session.request(Some(verb), target, &args(&options.to_string())).map(drop));
            if ["create", "update"].contains(verb) {
                told(session.stage(Some(verb), target, &args(&options.to_string())).map(drop));
            }
        });
        let after = state(&session, &sandbox);
        assert_eq!(after, before, "{what}");
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{wrong:#?}");
    // All of it is still there, once.
    assert_eq!(value(&session.commit(&Args::new()).unwrap()).as_array().unwrap().len(), 2);
    let found = sandbox.ftrack_query("select id from NoteLabel where name is kept").unwrap();
    assert_eq!((found.as_array().unwrap().len(), &found[0]["id"]), (1, &label["id"]));
    let found = sandbox.ftrack_query(&format!("select description, scopes from Task where id is {TASK}")).unwrap();
    assert_eq!((&found[0]["description"], found[0]["scopes"].as_array().unwrap().len()), (&json!("mine"), 1));
}

/// After the end everything says so.
#[test]
fn calls_after_the_end() {
    let sandbox = quiet();
    ten("after the end", &[KEY], |_| {
        let session = session(&sandbox, "{}");
        session.stage(Some("update"), Some(&format!("Task/{TASK}")), &args(r#"{"data": {"name": "never"}}"#)).unwrap();
        session.close(&Args::new()).unwrap();
        for result in [
            session.request(Some("query"), Some("Task"), &Args::new()).map(drop),
            session.stage(Some("delete"), Some(&format!("Task/{TASK}")), &Args::new()).map(drop),
            session.commit(&Args::new()).map(drop),
        ] {
            let error = result.unwrap_err();
            assert_eq!(error.code(), "closed");
            assert_ne!(error.known_outcome(), Some(Outcome::Unknown));
        }
        assert_eq!(
            sandbox.ftrack_query(&format!("select name from Task where id is {TASK}")).unwrap()[0]["name"],
            "t1"
        );
    });
}
