//! What others change is forgotten by who wants it so.

use std::time::{Duration, Instant};

use haft::{args::Args, session::Session};
use haft_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::bed::{Folder, TASK, call, inspect, mark, sandbox, sent, session, stage};

/// Looks again and again until it is as it has to be.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let late = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < late, "{what} never came");
        std::thread::yield_now();
    }
}

fn following(sandbox: &Sandbox, more: &Value) -> Session {
    let mut options = more.clone();
    options["invalidate_on_update"] = true.into();
    let session = session(sandbox, &options.to_string());
    until("the hub", || {
        (inspect(&session, "hub")["state"] == "connected" && inspect(&session, "hub")["unacknowledged"] == 0)
            .then_some(())
    });
    session
}

fn name(session: &Session, address: &str) -> Value {
    call(session, "get", address, "{}")["name"].clone()
}

fn rename(session: &Session, address: &str, name: &str) {
    call(session, "update", address, &json!({"data": {"name": name}}).to_string());
}

fn renamed(session: &Session, address: &str, to: &str) {
    until(to, || (name(session, address) == to).then_some(()));
}

#[test]
fn what_another_changes_is_asked_for_again_and_what_is_staged_stays() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let task = format!("Task/{TASK}");
    let layers = json!({"cache": format!("sqlite:{}", folder.file("cache.db"))});
    let (one, other) = (following(&sandbox, &layers), session(&sandbox, "{}"));
    assert_eq!(name(&one, &task), "t1");
    stage(&one, "update", &task, r#"{"data": {"description": "mine"}}"#);
    rename(&other, &task, "theirs");
    renamed(&one, &task, "theirs");
    assert_eq!(call(&one, "get", &task, "{}")["description"], "mine");
    // The layer has what the server says now.
    let third = session(&sandbox, &layers.to_string());
    let since = mark(&sandbox);
    assert_eq!((name(&third, &task), sent(&sandbox, since).len()), (json!("theirs"), 0));
    one.commit(&Args::new()).unwrap();
    assert_eq!(
        sandbox.ftrack_query(&format!("select name, description from Task where id is {TASK}")).unwrap()[0]["description"],
        "mine"
    );
    assert_eq!(
        sandbox.ftrack_query(&format!("select name, description from Task where id is {TASK}")).unwrap()[0]["name"],
        "theirs"
    );
}

/// A layer that is shared loses what this session has never looked at as well.
#[test]
fn a_layer_forgets_what_this_session_has_not_seen() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let task = format!("Task/{TASK}");
    let layers = json!({"cache": format!("sqlite:{}", folder.file("cache.db"))});
    name(&session(&sandbox, &layers.to_string()), &task);
    let one = following(&sandbox, &layers);
    rename(&session(&sandbox, "{}"), &task, "theirs");
    // Asked of the layer by others: how many entries it has says nothing, as those that the session knows leave it when
    // the hub is connected.
    until("the layer", || (name(&session(&sandbox, &layers.to_string()), &task) == "theirs").then_some(()));
    assert_eq!(name(&one, &task), "theirs");
}

#[test]
fn what_this_session_committed_is_not_asked_for_again() {
    let sandbox = sandbox();
    let (one, other) = (following(&sandbox, &json!({})), session(&sandbox, "{}"));
    let (task, user) = (format!("Task/{TASK}"), format!("User/{}", crate::bed::USER));
    let first = || call(&one, "get", &user, r#"{"select": "first_name"}"#)["first_name"].clone();
    assert_ne!(first(), "Changed");
    // Events come in order: once the other's is looked at, so is all before it, also what is forgotten at the start.
    let change = |to: &str| {
        call(&other, "update", &user, &json!({"data": {"first_name": to}}).to_string());
        until("the change", || (first() == to).then_some(()));
    };
    change("Changed");
    name(&one, &task);
    rename(&one, &task, "mine");
    change("Again");
    let since = mark(&sandbox);
    assert_eq!((name(&one, &task), sent(&sandbox, since).len()), (json!("mine"), 0));
}

#[test]
fn what_comes_and_goes_changes_what_it_belongs_to() {
    let sandbox = sandbox();
    let (one, other) = (following(&sandbox, &json!({})), session(&sandbox, "{}"));
    let parent =
        sandbox.ftrack_query(&format!("select parent from Task where id is {TASK}")).unwrap()[0]["parent"].clone();
    let parent = format!("{}/{}", parent["__entity_type__"].as_str().unwrap(), parent["id"].as_str().unwrap());
    let count = |session: &Session| {
        call(session, "get", &parent, r#"{"select": "children"}"#)["children"].as_array().map(Vec::len)
    };
    let before = count(&one).unwrap();
    let made = call(&other, "create", "Task", &json!({"data": {"name": "new", "parent": parent}}).to_string());
    until("the child", || (count(&one) == Some(before + 1)).then_some(()));
    let made = format!("Task/{}", made["id"].as_str().unwrap());
    assert_eq!(name(&one, &made), "new");
    call(&other, "delete", &made, "{}");
    until("the end", || call(&one, "get", &made, "{}").is_null().then_some(()));
    until("one child less", || (count(&one) == Some(before)).then_some(()));
}

/// What was missed while the hub was away is told by nobody: everything is asked for again.
#[test]
fn what_was_missed_is_asked_for_again() {
    let sandbox = sandbox();
    let task = format!("Task/{TASK}");
    let (one, other) = (following(&sandbox, &json!({})), session(&sandbox, "{}"));
    name(&one, &task);
    sandbox.ftrack_order("hub=drop&times=1").unwrap();
    rename(&other, &task, "unheard");
    assert_eq!(name(&one, &task), "t1");
    sandbox.ftrack_order("hub=close&code=1001").unwrap();
    renamed(&one, &task, "unheard");
}

/// More at once than anybody wants to look through.
#[test]
fn a_flood_forgets_everything_once() {
    let sandbox = sandbox();
    let task = format!("Task/{TASK}");
    let one = following(&sandbox, &json!({}));
    name(&one, &task);
    let other = session(&sandbox, "{}");
    rename(&other, &task, "theirs");
    let data = json!({"entities": [{"entityId": "x", "entity_type": "Task", "action": "update"}]});
    for _ in 0..3000 {
        sandbox.ftrack_order(&format!("hub=event&topic=ftrack.update&data={data}")).unwrap();
    }
    renamed(&one, &task, "theirs");
    // Events that say nothing that can be understood do no harm.
    for data in [
        "{}",
        r#"{"entities": 1}"#,
        r#"{"entities": [1, {}, {"entityId": 5}, {"entityId": "x", "entity_type": "Nothing"}]}"#,
    ] {
        sandbox.ftrack_order(&format!("hub=event&topic=ftrack.update&data={data}")).unwrap();
    }
    rename(&other, &task, "again");
    renamed(&one, &task, "again");
}

#[test]
fn nothing_is_forgotten_unless_it_is_wanted() {
    let sandbox = sandbox();
    let task = format!("Task/{TASK}");
    let one = session(&sandbox, r#"{"auto_connect_event_hub": true}"#);
    one.subscribe("topic=ftrack.update", &Args::new(), None, 0).unwrap();
    until("the hub", || {
        (inspect(&one, "hub")["state"] == "connected" && inspect(&one, "hub")["unacknowledged"] == 0).then_some(())
    });
    name(&one, &task);
    rename(&session(&sandbox, "{}"), &task, "theirs");
    until("the event", || one.poll(1000).unwrap().filter(|event| event.kind() == haft::session::Kind::Message));
    assert_eq!(name(&one, &task), "t1");
    let log = sandbox.ftrack_log(0, false);
    assert!(!log.to_string().contains("ftrack-clienttoken"), "only who follows tells who it is");
    assert_eq!(inspect(&one, "hub")["subscriptions"], 1);
}
