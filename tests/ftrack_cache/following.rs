//! What others change is forgotten by who wants it so.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use haft::{args::Args, error::Status, session::Session};
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
    listening(&session);
    session
}

/// Waits until the server knows of the session's subscriptions: it has acknowledged what was sent behind them.
fn listening(session: &Session) {
    until("the hub", || (inspect(session, "hub")["state"] == "connected").then_some(()));
    call(session, "publish", "test.behind", "{}");
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

/// Two sessions that share a file: what one hears of leaves the file, whoever brought it there, so that the other, which
/// hears nothing, has what is new.
#[test]
fn what_is_heard_of_leaves_the_file_for_all() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let task = format!("Task/{TASK}");
    let file = folder.file("cache.db");
    let layers = json!({"cache": format!("sqlite:{file}")});
    let hears = following(&sandbox, &layers);
    let parent =
        sandbox.ftrack_query(&format!("select parent from Task where id is {TASK}")).unwrap()[0]["parent"].clone();
    let parent = format!("{}/{}", parent["__entity_type__"].as_str().unwrap(), parent["id"].as_str().unwrap());
    let fill = || {
        let other = session(&sandbox, &layers.to_string());
        call(&other, "get", &parent, r#"{"select": "name, children.name"}"#);
        call(&other, "get", &task, r#"{"select": "name"}"#);
    };
    let entry = |address: &str| {
        let (kind, id) = address.split_once('/').unwrap();
        rusqlite::Connection::open(&file)
            .unwrap()
            .query_row("select 1 from entries where key = ?", [format!("('{kind}', ['{id}'])")], |_| Ok(()))
            .is_ok()
    };
    let gone = |address: &str| until(address, || (!entry(address)).then_some(()));
    let event = |entity: Value| {
        let data = json!({"entities": [entity]});
        sandbox.ftrack_order(&format!("hub=event&topic=ftrack.update&data={data}")).unwrap();
    };
    let (task_id, parent_id) = (TASK, parent.split_once('/').unwrap().1);
    let kind = parent.split_once('/').unwrap().0;

    // By its type.
    fill();
    assert!(entry(&task) && entry(&parent));
    event(json!({"entityId": task_id, "entity_type": "Task", "action": "update", "keys": ["name"]}));
    gone(&task);
    assert!(entry(&parent), "only what was changed");
    // A type that is not known here, or none: whatever has that key.
    for more in [json!({"entity_type": "Thing"}), json!({})] {
        fill();
        assert!(entry(&task));
        let mut entity = json!({"entityId": task_id, "action": "update"});
        entity.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event(entity);
        gone(&task);
        assert!(entry(&parent));
    }
    // What something comes to or goes from.
    for action in [json!({"action": "add"}), json!({"action": "update", "keys": ["parent_id"]})] {
        fill();
        assert!(entry(&parent));
        let mut entity = json!({"entityId": "none", "entity_type": "Task", "parentId": parent_id,
            "parents": [{"entityId": parent_id, "entity_type": kind}]});
        entity.as_object_mut().unwrap().extend(action.as_object().unwrap().clone());
        event(entity);
        gone(&parent);
        assert!(entry(&task));
    }
    drop(hears);
}

/// What is read from a layer while it is forgotten is not believed.
#[test]
fn what_is_forgotten_while_it_is_read_is_asked_for() {
    let (sandbox, task) = (Arc::new(sandbox()), format!("Task/{TASK}"));
    let other = Arc::new(session(&sandbox, "{}"));
    let (told, hears) = std::sync::mpsc::channel();
    let (told, hears) = (Mutex::new(told), Mutex::new(hears));
    let armed: Arc<Mutex<bool>> = Arc::default();
    let arm = Arc::clone(&armed);
    let mut given = crate::bed::args(r#"{"invalidate_on_update": true}"#);
    given.set(
        "cache",
        crate::bed::provider(move |asked, reply| {
            let key = asked["arguments"]["key"].as_str().unwrap_or_default();
            let is_task = key.contains(TASK);
            match asked["method"].as_str().unwrap() {
                "get" if is_task && std::mem::take(&mut *armed.lock().unwrap()) => {
                    rename(&other, &format!("Task/{TASK}"), "theirs");
                    // It was heard of, and leaves the layer on another thread while this one still has the old text.
                    hears.lock().unwrap().recv_timeout(Duration::from_secs(30)).unwrap();
                    reply.set("value", json!({"__entity_type__": "Task", "id": TASK, "name": "old"}).to_string());
                    return Status::Ok;
                }
                "remove" if is_task => drop(told.lock().unwrap().send(())),
                _ => {}
            }
            Status::NotFound
        }),
    );
    let one = crate::bed::open(&sandbox, given).unwrap();
    listening(&one);
    *arm.lock().unwrap() = true;
    assert_eq!(name(&one, &task), "theirs");
    assert!(!*arm.lock().unwrap(), "the layer was asked");
}

/// What is written to a layer while it is forgotten does not stay there.
#[test]
fn what_is_forgotten_while_it_is_written_does_not_stay() {
    let (sandbox, task) = (Arc::new(sandbox()), format!("Task/{TASK}"));
    let other = Arc::new(session(&sandbox, "{}"));
    let held: Arc<Mutex<Option<String>>> = Arc::default();
    let inside = Arc::clone(&held);
    let (told, hears) = std::sync::mpsc::channel();
    let (told, hears) = (Mutex::new(told), Mutex::new(hears));
    let armed: Arc<Mutex<bool>> = Arc::default();
    let arm = Arc::clone(&armed);
    let mut given = crate::bed::args(r#"{"invalidate_on_update": true}"#);
    given.set(
        "cache",
        crate::bed::provider(move |asked, _| {
            let arguments = &asked["arguments"];
            if arguments["key"].as_str().is_none_or(|key| !key.contains(TASK)) {
                return Status::NotFound;
            }
            match asked["method"].as_str().unwrap() {
                "set" => {
                    if std::mem::take(&mut *armed.lock().unwrap()) {
                        rename(&other, &format!("Task/{TASK}"), "theirs");
                        hears.lock().unwrap().recv_timeout(Duration::from_secs(30)).unwrap();
                    }
                    *inside.lock().unwrap() = Some(arguments["value"].to_string());
                }
                "remove" => {
                    *inside.lock().unwrap() = None;
                    let _ = told.lock().unwrap().send(());
                }
                _ => return Status::NotFound,
            }
            Status::Ok
        }),
    );
    let one = crate::bed::open(&sandbox, given).unwrap();
    listening(&one);
    *arm.lock().unwrap() = true;
    assert_eq!(name(&one, &task), "t1");
    assert!(!*arm.lock().unwrap(), "the layer was told");
    assert_eq!(*held.lock().unwrap(), None, "nothing old is left in the layer");
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
    listening(&one);
    name(&one, &task);
    rename(&session(&sandbox, "{}"), &task, "theirs");
    until("the event", || one.poll(1000).unwrap().filter(|event| event.kind() == haft::session::Kind::Message));
    assert_eq!(name(&one, &task), "t1");
    let log = sandbox.ftrack_log(0, false);
    assert!(!log.to_string().contains("ftrack-clienttoken"), "only who follows tells who it is");
    assert_eq!(inspect(&one, "hub")["subscriptions"], 1);
}
