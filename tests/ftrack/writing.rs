//! The unit of work: staged, committed, rolled back; and changes now.

use haft::error::{Outcome, Status};
use serde_json::{Value, json};

use super::bed::{Bed, TASK, detail, queued};

fn task(bed: &Bed, name: &str) -> Value {
    let parent = bed.call("query", "select id from Shot where name is sh010", r#"{"one": true}"#);
    let data = json!({"data": {"name": name, "parent": format!("Shot/{}", parent["id"].as_str().unwrap()), "bid": 20}});
    bed.stage("create", "Task", &data.to_string())
}

#[test]
fn what_is_staged_is_seen_here_and_sent_at_commit() {
    let bed = Bed::new();
    let (made, sent) = bed.sent(|| {
        let made = task(&bed, "new_task");
        bed.stage(
            "update",
            &format!("Task/{}", made["id"].as_str().unwrap()),
            r#"{"data": {"description": "d", "start_date": "2026-01-02T03:04:05+00:00"}}"#,
        );
        made
    });
    // Only the look for the parent.
    assert_eq!(sent.len(), 1);
    let id = made["id"].as_str().unwrap();
    assert_eq!(bed.call("get", &format!("Task/{id}"), "{}")["description"], "d");
    assert_eq!(bed.inspect("created", "{}").as_array().unwrap().len(), 1);
    assert!(
        bed.sandbox
            .ftrack_query(&format!("select id from Task where id is {id}"))
            .unwrap()
            .as_array()
            .unwrap()
            .is_empty()
    );
    let (committed, sent) = bed.sent(|| bed.commit().unwrap());
    assert_eq!(committed[0]["value"]["id"], id);
    let operations = sent[0].as_array().unwrap();
    assert_eq!(operations.len(), 1, "{operations:?}");
    let data = &operations[0]["entity_data"];
    assert_eq!(
        (&operations[0]["action"], &data["description"], &data["bid"]),
        (&json!("create"), &json!("d"), &json!(20))
    );
    assert_eq!(data["start_date"], json!({"__type__": "datetime", "value": "2026-01-02T03:04:05+00:00"}));
    assert_eq!(data["parent"]["__entity_type__"], "Shot");
    assert_eq!(bed.inspect("operations", "{}"), json!([]));
    let there = bed.sandbox.ftrack_query(&format!("select description from Task where id is {id}")).unwrap();
    assert_eq!(there[0]["description"], "d", "{there}");
    // Nothing staged: nothing sent.
    let (committed, sent) = bed.sent(|| bed.commit().unwrap());
    assert_eq!((committed, sent.len()), (json!([]), 0));
}

#[test]
fn a_change_now_leaves_what_is_staged_alone() {
    let bed = Bed::new();
    bed.call("get", &format!("Task/{TASK}"), "{}");
    bed.stage("update", &format!("Task/{TASK}"), r#"{"data": {"description": "staged"}}"#);
    let (changed, sent) = bed.sent(|| bed.call("update", &format!("Task/{TASK}"), r#"{"data": {"name": "now"}}"#));
    assert_eq!((changed["name"].as_str(), sent.len()), (Some("now"), 1));
    assert_eq!(sent[0][0]["entity_data"], json!({"__entity_type__": "Task", "name": "now"}));
    assert_eq!(bed.inspect("operations", "{}").as_array().unwrap().len(), 1);
    bed.rollback();
    assert_eq!(bed.inspect("operations", "{}"), json!([]));
    assert_ne!(bed.call("get", &format!("Task/{TASK}"), "{}")["description"], "staged");
    assert_eq!(bed.call("get", &format!("Task/{TASK}"), "{}")["name"], "now");
}

#[test]
fn a_refused_commit_keeps_everything() {
    let bed = Bed::new();
    let made = task(&bed, "kept");
    // What the server refuses: an entity that it does not have.
    bed.stage("update", "Task/none-such", r#"{"data": {"name": "x"}}"#);
    let error = bed.commit().unwrap_err();
    assert_eq!((error.code(), error.known_outcome()), ("server", Some(Outcome::NotSent)), "{error:?}");
    assert!(detail(&error, "exception").is_string());
    assert!(bed.inspect("operations", "{}").as_array().unwrap().len() >= 2);
    let id = made["id"].as_str().unwrap();
    assert!(
        bed.sandbox
            .ftrack_query(&format!("select id from Task where id is {id}"))
            .unwrap()
            .as_array()
            .unwrap()
            .is_empty()
    );
    bed.rollback();
    assert_eq!(bed.call("get", &format!("Task/{id}"), "{}"), Value::Null);
}

#[test]
fn deleting_and_what_cancels_out() {
    let bed = Bed::new();
    let made = task(&bed, "short-lived");
    let address = format!("Task/{}", made["id"].as_str().unwrap());
    bed.stage("delete", &address, "{}");
    let (committed, sent) = bed.sent(|| bed.commit().unwrap());
    assert_eq!((committed, sent.len(), bed.inspect("operations", "{}")), (json!([]), 0, json!([])));
    let made = task(&bed, "deleted later");
    bed.commit().unwrap();
    let address = format!("Task/{}", made["id"].as_str().unwrap());
    assert_eq!(bed.call("delete", &address, "{}"), json!(true));
    assert_eq!(bed.call("get", &address, "{}"), Value::Null);
    let error = bed.fails("delete", &address, "{}");
    assert_eq!((error.code(), error.status()), ("server", Status::NotFound), "{error:?}");
}

#[test]
fn metadata_and_custom_attributes() {
    let bed = Bed::new();
    let address = format!("Task/{TASK}");
    bed.stage("update", &address, r#"{"data": {"metadata": {"k1": "v1", "k2": "v2"}}}"#);
    let (_, sent) = bed.sent(|| bed.commit().unwrap());
    let actions: Vec<_> = sent[0]
        .as_array()
        .unwrap()
        .iter()
        .map(|op| (op["action"].as_str().unwrap(), op["entity_type"].as_str().unwrap()))
        .collect();
    assert_eq!(actions, [("create", "Metadata"), ("create", "Metadata"), ("update", "Task")]);
    let known = bed.call("get", &address, r#"{"select": "metadata", "refresh": true}"#);
    assert_eq!((&known["metadata"]["k1"], &known["metadata"]["k2"]), (&json!("v1"), &json!("v2")), "{known}");
    bed.call("update", &address, r#"{"data": {"metadata": {"k1": null}}}"#);
    let known = bed.call("get", &address, r#"{"select": "metadata", "refresh": true}"#);
    assert_eq!(known["metadata"].get("k1"), None, "{known}");
    let custom = bed.call("get", &address, r#"{"select": "custom_attributes"}"#);
    let key = custom["custom_attributes"].as_object().unwrap().keys().next().unwrap().clone();
    let (_, sent) = bed
        .sent(|| bed.call("update", &address, &json!({"data": {"custom_attributes": {key.as_str(): 42}}}).to_string()));
    assert_eq!((&sent[0][0]["action"], &sent[0][0]["entity_data"]["value"]), (&json!("update"), &json!(42)));
    assert_eq!(
        bed.fails("update", &address, r#"{"data": {"custom_attributes": {"none": 1}}}"#).code(),
        "unknown_attribute"
    );
}

#[test]
fn mistakes_are_found_before_anything_is_sent() {
    let bed = Bed::new();
    bed.call("get", &format!("Task/{TASK}"), r#"{"select": "id, link, children"}"#);
    let (_, sent) = bed.sent(|| {
        for (verb, target, json_, code) in [
            ("create", "Task", r#"{"data": {"nme": "x"}}"#, "unknown_attribute"),
            ("create", "Tusk", r#"{"data": {}}"#, "unknown_type"),
            ("update", &*format!("Task/{TASK}"), r#"{"data": {"id": "x"}}"#, "immutable_attribute"),
            ("update", &format!("Task/{TASK}"), r#"{"data": {"start_date": "tomorrow"}}"#, "argument"),
            ("create", "Job", r#"{"data": {"type": "other"}}"#, "argument"),
            ("ensure", "User", r#"{"data": {"username": "x"}, "identifying_keys": ["email"]}"#, "argument"),
        ] {
            assert_eq!(bed.fails(verb, target, json_).code(), code, "{verb} {target} {json_}");
        }
    });
    assert!(sent.is_empty(), "{sent:?}");
    assert_eq!(
        queued::stage(&bed.session, Some("query"), Some("Task"), &haft::args::Args::new()).unwrap_err().code(),
        "unsupported"
    );
}

#[test]
fn ensure_makes_what_is_not_there_and_changes_what_differs() {
    let bed = Bed::new();
    let data = r#"{"data": {"username": "ensured", "email": "a@b"}, "identifying_keys": ["username"]}"#;
    let (made, sent) = bed.sent(|| bed.call("ensure", "User", data));
    assert_eq!((made["username"].as_str(), sent.len()), (Some("ensured"), 2));
    assert!(
        sent[0][0]["expression"].as_str().unwrap().ends_with("from User where username is \"ensured\" limit 2"),
        "{sent:?}"
    );
    let (again, sent) = bed.sent(|| bed.call("ensure", "User", data));
    assert_eq!((&again["id"], sent.len()), (&made["id"], 1));
    let (changed, sent) = bed.sent(|| bed.call("ensure", "User", &data.replace("a@b", "c@d")));
    assert_eq!((&changed["id"], changed["email"].as_str(), sent.len()), (&made["id"], Some("c@d"), 2));
    let staged = bed.stage("ensure", "User", r#"{"data": {"username": "later"}}"#);
    assert_eq!(
        bed.inspect("entity_state", &json!({"entity": format!("User/{}", staged["id"].as_str().unwrap())}).to_string()),
        "created"
    );
}

#[test]
fn a_change_that_nobody_answered_is_unknown_and_stays() {
    let bed = Bed::new();
    task(&bed, "who knows");
    bed.sandbox.ftrack_order("fault=cut&action=create").map(drop).unwrap_or_else(|error| panic!("{error}"));
    let error = bed.commit().unwrap_err();
    assert_eq!(error.known_outcome(), Some(Outcome::Unknown), "{error:?}");
    assert_eq!(bed.inspect("operations", "{}").as_array().unwrap().len(), 2);
}

#[test]
fn changes_that_are_not_recorded_are_never_sent() {
    let bed = Bed::new();
    bed.call("get", &format!("Task/{TASK}"), "{}");
    bed.stage("update", &format!("Task/{TASK}"), r#"{"data": {"name": "mine"}, "record": false}"#);
    assert_eq!(bed.call("get", &format!("Task/{TASK}"), "{}")["name"], "mine");
    let (_, sent) = bed.sent(|| bed.commit().unwrap());
    assert!(sent.is_empty());
    bed.stage("revert", &format!("Task/{TASK}"), r#"{"select": "name"}"#);
    assert_eq!(bed.call("get", &format!("Task/{TASK}"), "{}")["name"], "t1");
}

/// A reference to what cannot be meant is told at once, with its key; what may be of several types goes through.
#[test]
fn references_are_of_the_right_type() {
    let bed = Bed::new();
    let found =
        bed.call("query", &format!("select project_id, parent from Task where id is {TASK}"), r#"{"one": true}"#);
    let project = format!("Project/{}", found["project_id"].as_str().unwrap());
    let task = format!("Task/{TASK}");
    let object = json!({"__entity_type__": "Task", "id": TASK});
    let (_, sent) = bed.sent(|| {
        for (verb, target, data, key) in [
            ("update", &*task, json!({"data": {"status": project}}), "data.status"),
            ("update", &task, json!({"data": {"status": object}}), "data.status"),
            ("create", "Task", json!({"data": {"name": "x", "project": task}}), "data.project"),
            ("create", "Timelog", json!({"data": {"user": task}}), "data.user"),
            ("update", &task, json!({"data": {"notes": [task]}}), "data.notes"),
        ] {
            let error = bed.fails(verb, target, &data.to_string());
            assert_eq!((error.status(), error.code()), (Status::Argument, "argument"), "{data}: {error}");
            assert_eq!(detail(&error, "key"), key, "{data}");
            assert!(error.message().contains("the schema wants a "), "{error}");
        }
    });
    assert!(sent.is_empty(), "{sent:?}");
    assert_eq!((bed.inspect("created", "{}"), bed.inspect("operations", "{}")), (json!([]), json!([])));
    // Bases: a context may be a project or whatever is in one.
    bed.stage("update", &task, &json!({"data": {"parent": project}}).to_string());
    bed.stage("create", "Timelog", &json!({"data": {"context": task, "duration": 1}}).to_string());
    bed.commit().unwrap();
    let there = bed.sandbox.ftrack_query(&format!("select parent_id from Task where id is {TASK}")).unwrap();
    assert_eq!(format!("Project/{}", there[0]["parent_id"].as_str().unwrap()), project);
}
