//! Caches below the memory, its bound, and the journal of the staged list.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, dead_code, reason = "a test stops at what must not be")]

#[path = "ftrack_svc/bed.rs"]
mod bed;
#[path = "ftrack_cache/following.rs"]
mod following;
#[path = "ftrack_cache/keys.rs"]
mod keys;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use bed::{Folder, TASK, USER, args, call, fails, inspect, mark, open, provider, sandbox, sent, session, stage};
use haft::{args::Args, error::Status, value::Tree};
use serde_json::{Value, json};

fn cached(sandbox: &haft_sandbox::Sandbox, file: &str) -> haft::session::Session {
    session(sandbox, &json!({"cache": format!("sqlite:{file}")}).to_string())
}

fn queries(sandbox: &haft_sandbox::Sandbox, since: u64) -> usize {
    sent(sandbox, since).len()
}

fn task(session: &haft::session::Session) -> Value {
    call(session, "get", &format!("Task/{TASK}"), "{}")
}

#[test]
fn another_session_finds_what_one_has_seen() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let file = folder.file("cache.db");
    let first = cached(&sandbox, &file);
    call(&first, "query", "select name, bid, time_logged, status.name, metadata from Task", "{}");
    let second = cached(&sandbox, &file);
    let since = mark(&sandbox);
    let found = task(&second);
    assert_eq!((&found["name"], &found["bid"]), (&json!("t1"), &json!(3600)));
    assert_eq!(found.get("time_logged"), None, "what the server computes is not kept");
    let status = found["status"]["id"].as_str().unwrap().to_owned();
    assert_eq!(call(&second, "get", &format!("Status/{status}"), r#"{"select": "name"}"#)["name"], "Not started");
    assert_eq!(queries(&sandbox, since), 0, "nobody asked the server: {:?}", sent(&sandbox, since));
    let cache = inspect(&second, "cache");
    assert_eq!((&cache["hits"], &cache["misses"]), (&json!(2), &json!(0)));
    assert!(
        cache["layers"][0]["name"].as_str().unwrap().starts_with("sqlite:")
            && cache["layers"][0]["entries"].as_u64().unwrap() > 10,
        "{cache}"
    );
    assert_eq!(call(&second, "get", &format!("Task/{TASK}"), r#"{"refresh": true}"#)["name"], "t1");
    assert_eq!(queries(&sandbox, since), 1);
}

#[test]
fn what_is_new_or_changed_here_is_not_in_a_layer_until_it_is_committed() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let file = folder.file("cache.db");
    let one = cached(&sandbox, &file);
    task(&one);
    stage(&one, "update", &format!("Task/{TASK}"), r#"{"data": {"name": "changed"}}"#);
    let label = stage(&one, "create", "NoteLabel", r#"{"data": {"name": "new"}}"#);
    let label = format!("NoteLabel/{}", label["id"].as_str().unwrap());
    let other = cached(&sandbox, &file);
    assert_eq!(task(&other)["name"], "t1");
    let since = mark(&sandbox);
    assert_eq!(call(&other, "get", &label, "{}"), Value::Null);
    assert_eq!(queries(&sandbox, since), 1, "it was asked for");
    one.commit(&Args::new()).unwrap();
    let other = cached(&sandbox, &file);
    let since = mark(&sandbox);
    assert_eq!(task(&other)["name"], "changed");
    assert_eq!(call(&other, "get", &label, "{}")["name"], "new");
    assert_eq!(queries(&sandbox, since), 0);
    // What is deleted is there no more.
    call(&one, "delete", &label, "{}");
    let other = cached(&sandbox, &file);
    let since = mark(&sandbox);
    assert_eq!(call(&other, "get", &label, "{}"), Value::Null);
    assert_eq!(queries(&sandbox, since), 1);
}

#[test]
fn an_answer_with_few_attributes_clears_none() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let file = folder.file("cache.db");
    let one = cached(&sandbox, &file);
    call(&one, "query", "select name, bid from Task", "{}");
    let other = cached(&sandbox, &file);
    call(&other, "query", "select description from Task", "{}");
    let third = cached(&sandbox, &file);
    assert_eq!(task(&third)["bid"], 3600);
    assert!(task(&third).get("description").is_some());
}

#[test]
fn what_was_invalidated_is_asked_for_again() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = cached(&sandbox, &folder.file("cache.db"));
    let address = format!("Task/{TASK}");
    task(&session);
    stage(&session, "update", &address, r#"{"data": {"description": "mine"}}"#);
    assert_eq!(call(&session, "invalidate", &address, "{}"), 1);
    let since = mark(&sandbox);
    let found = task(&session);
    assert_eq!((&found["name"], &found["description"]), (&json!("t1"), &json!("mine")), "what is staged stays");
    assert_eq!(queries(&sandbox, since), 1);
    task(&session);
    assert_eq!(queries(&sandbox, since), 1);
    assert!(call(&session, "invalidate", "", "{}").as_u64().unwrap() >= 1);
    assert_eq!(inspect(&session, "cache")["layers"][0]["entries"], 0);
    task(&session);
    assert_eq!(queries(&sandbox, since), 2);
}

#[test]
fn memory_is_bounded_and_what_is_changed_stays() {
    let sandbox = sandbox();
    let session = session(&sandbox, r#"{"cache_max": 4}"#);
    let all = call(&session, "query", "select name from Type", "{}");
    let all = all.as_array().unwrap();
    let first = format!("Type/{}", all[0]["id"].as_str().unwrap());
    assert!(all.len() > 8 && inspect(&session, "cache")["evicted"].as_u64().unwrap() >= all.len() as u64 - 4);
    let since = mark(&sandbox);
    let full = all.iter().filter(|one| {
        let before = mark(&sandbox);
        call(&session, "get", &format!("Type/{}", one["id"].as_str().unwrap()), r#"{"auto_populate": false}"#);
        queries(&sandbox, before) == 0
    });
    assert!(full.count() <= 4, "more is kept than asked for");
    assert!(queries(&sandbox, since) >= all.len() - 4);
    stage(&session, "update", &first, r#"{"data": {"name": "kept"}}"#);
    call(&session, "query", "select name from Type", "{}");
    call(&session, "query", "select name from Status", "{}");
    assert_eq!(call(&session, "get", &first, r#"{"select": "name"}"#)["name"], "kept");
    assert_eq!(open(&sandbox, args(r#"{"cache_max": 0}"#)).unwrap_err().code(), "argument");
}

/// A cache of the host: what it holds, and what it was asked.
type Held = Arc<Mutex<(BTreeMap<String, String>, Vec<String>)>>;

fn host() -> (Held, Tree) {
    let held: Held = Arc::default();
    let shared = Arc::clone(&held);
    let answer = provider(move |asked, reply| {
        let mut held = shared.lock().unwrap();
        let key = asked["arguments"]["key"].as_str().unwrap_or_default().to_owned();
        held.1.push(format!("{} {key}", asked["method"].as_str().unwrap()));
        match asked["method"].as_str().unwrap() {
            "get" => match held.0.get(&key) {
                Some(text) => reply.set("value", &**text),
                None => return Status::NotFound,
            },
            "set" => {
                // Bytes come out of a value as base64 text in JSON.
                let value = asked["arguments"]["value"].as_str().unwrap().to_owned();
                held.0.insert(key, value);
            }
            "remove" => drop(held.0.remove(&key)),
            "clear" => held.0.clear(),
            _ => return Status::Unsupported,
        }
        Status::Ok
    });
    (held, answer)
}

#[test]
fn the_hosts_own_cache_has_keys_as_python_makes_them() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let (held, cache) = host();
    let mut given = Args::new();
    given.set(
        "cache",
        Tree::Array(vec![Tree::from("memory"), Tree::from(format!("sqlite:{}", folder.file("c.db"))), cache.clone()]),
    );
    let session = open(&sandbox, given).unwrap();
    call(&session, "query", "select key, value, parent_id from Metadata", "{}");
    task(&session);
    let key = format!("('Task', ['{TASK}'])");
    assert!(held.lock().unwrap().0.contains_key(&key), "{:?}", held.lock().unwrap().1);
    assert!(held.lock().unwrap().1.contains(&format!("get {key}")));
    // From the deep layer it goes into the shallow one.
    held.lock()
        .unwrap()
        .0
        .insert("('Type', ['t'])".into(), r#"{"__entity_type__": "Type", "id": "t", "name": "from the host"}"#.into());
    assert_eq!(call(&session, "get", "Type/t", "{}")["name"], "from the host");
    let other = cached(&sandbox, &folder.file("c.db"));
    assert_eq!(call(&other, "get", "Type/t", "{}")["name"], "from the host");
}

#[test]
fn a_key_maker_of_the_host_and_a_cache_that_fails() {
    let sandbox = sandbox();
    let (held, cache) = host();
    let mut given = Args::new();
    given.set("cache", cache);
    given.set(
        "cache_key_maker",
        provider(|asked, reply| {
            let given = &asked["arguments"];
            reply.set(
                "value",
                format!("{}|{}", given["entity_type"].as_str().unwrap(), given["entity_key"][0].as_str().unwrap()),
            );
            Status::Ok
        }),
    );
    let session = open(&sandbox, given).unwrap();
    task(&session);
    assert!(held.lock().unwrap().0.contains_key(&format!("Task|{TASK}")));
    let mut given = Args::new();
    given.set(
        "cache",
        provider(|_, reply| {
            reply.set("message", "out of order");
            Status::Io
        }),
    );
    session.configure(&given).unwrap();
    call(&session, "invalidate", &format!("Task/{TASK}"), "{}");
    assert_eq!(task(&session)["name"], "t1", "the server is asked instead");
}

#[test]
fn a_cache_may_call_the_session() {
    let sandbox = sandbox();
    let slot: Arc<Mutex<Option<Arc<haft::session::Session>>>> = Arc::default();
    let inside = Arc::clone(&slot);
    let mut given = Args::new();
    given.set(
        "cache",
        provider(move |asked, _| {
            let session = inside.lock().unwrap().take();
            if let Some(session) = session {
                assert_eq!(asked["method"], "get");
                assert_eq!(
                    call(&session, "query", "select name from Priority", r#"{"first": true}"#)["__entity_type__"],
                    "Priority"
                );
            }
            Status::NotFound
        }),
    );
    let session = Arc::new(open(&sandbox, given).unwrap());
    *slot.lock().unwrap() = Some(Arc::clone(&session));
    assert_eq!(task(&session)["name"], "t1");
    assert!(slot.lock().unwrap().is_none());
}

#[test]
fn a_damaged_layer_is_as_good_as_none() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let file = folder.file("no.db");
    std::fs::write(&file, "this is no database, however one looks at it").unwrap();
    let error = open(&sandbox, args(&json!({"cache": format!("sqlite:{file}")}).to_string())).unwrap_err();
    assert_eq!((error.code(), error.detail().get("key").and_then(Tree::as_str)), ("io", Some("cache")));
    let (held, cache) = host();
    held.lock().unwrap().0.insert(format!("('Task', ['{TASK}'])"), "{\"__entity".into());
    let mut given = Args::new();
    given.set("cache", cache);
    assert_eq!(task(&open(&sandbox, given).unwrap())["name"], "t1");
}

/// Redis is for builds that want it: not in the library, and told as such.
#[test]
#[cfg(not(feature = "redis"))]
fn the_library_has_no_redis() {
    let sandbox = sandbox();
    let error = open(&sandbox, args(r#"{"cache": "redis://user:pa55word@127.0.0.1/"}"#)).unwrap_err();
    assert_eq!((error.status(), error.code()), (Status::Unsupported, "unsupported"));
    assert!(!format!("{error:?}").contains("pa55word"));
    let library = std::fs::read(haft_tools::native::libraries().join("libhaft.so")).unwrap();
    let has = |text: &str| library.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("this build has no Redis") && !has("the Redis server failed"));
}

fn journaled(sandbox: &haft_sandbox::Sandbox, file: &str) -> haft::session::Session {
    session(sandbox, &json!({ "journal": file }).to_string())
}

#[test]
fn what_is_staged_survives() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let file = folder.file("journal.db");
    let session = journaled(&sandbox, &file);
    let label = stage(&session, "create", "NoteLabel", r#"{"data": {"name": "new"}}"#);
    let address = format!("NoteLabel/{}", label["id"].as_str().unwrap());
    let task = format!("Task/{TASK}");
    stage(
        &session,
        "update",
        &task,
        &json!({"data": {"name": "one", "start_date": "2026-02-03", "status": Value::Null}}).to_string(),
    );
    stage(&session, "update", &task, r#"{"data": {"description": "gone again"}}"#);
    call(&session, "revert", &task, r#"{"select": "description"}"#);
    stage(&session, "create_note", &task, &json!({"content": "c", "author": format!("User/{USER}")}).to_string());
    let before = inspect(&session, "operations");
    assert_eq!(
        open(&sandbox, args(&json!({ "journal": file }).to_string())).unwrap_err().code(),
        "io",
        "one session at a time"
    );
    // As when the process ends: nobody says goodbye.
    drop(session);
    let session = journaled(&sandbox, &file);
    assert_eq!(inspect(&session, "operations"), before);
    assert_eq!(call(&session, "get", &address, "{}")["name"], "new");
    session.commit(&Args::new()).unwrap();
    let found = call(
        &session,
        "query",
        &format!("select name, start_date, notes.content from Task where id is {TASK}"),
        r#"{"one": true}"#,
    );
    assert_eq!((&found["name"], &found["start_date"]), (&json!("one"), &json!("2026-02-03T00:00:00+00:00")));
    drop(session);
    let session = journaled(&sandbox, &file);
    assert_eq!(inspect(&session, "operations"), json!([]));
    stage(&session, "update", &task, r#"{"data": {"name": "two"}}"#);
    session.rollback(&Args::new()).unwrap();
    drop(session);
    assert_eq!(inspect(&journaled(&sandbox, &file), "operations"), json!([]));
    let error = open(&sandbox, args(&json!({"journal": file, "api_user": "martin"}).to_string())).unwrap_err();
    assert_eq!(error.code(), "argument", "another user's");
}

/// The answer to a commit is lost: whoever opens the journal next finds out whether it was applied.
#[test]
fn a_commit_whose_outcome_is_not_known_is_finished_once() {
    for (fault, applied) in
        [("fault=cut&action=create&when=after", true), ("fault=cut&action=create&when=before", false)]
    {
        let (sandbox, folder) = (sandbox(), Folder::new());
        let file = folder.file("journal.db");
        let session = journaled(&sandbox, &file);
        let label = stage(&session, "create", "NoteLabel", r#"{"data": {"name": "lost"}}"#);
        stage(&session, "update", &format!("Task/{TASK}"), r#"{"data": {"name": "lost"}}"#);
        sandbox.ftrack_order(fault).unwrap();
        let error = session.commit(&Args::new()).unwrap_err();
        assert_eq!(error.detail().get("outcome").and_then(Tree::as_str), Some("unknown"), "{error}");
        drop(session);
        let session = journaled(&sandbox, &file);
        assert_eq!(inspect(&session, "operations") == json!([]), applied, "{fault}");
        session.commit(&Args::new()).unwrap();
        let found = sandbox.ftrack_query("select id from NoteLabel where name is lost").unwrap();
        assert!(found.to_string().contains(label["id"].as_str().unwrap()), "{found}");
        assert_eq!(found.to_string().matches("\"NoteLabel\"").count(), 1);
    }
}

#[test]
fn a_journal_that_is_none() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let file = folder.file("no.db");
    std::fs::write(&file, "this is no database, however one looks at it").unwrap();
    assert_eq!(open(&sandbox, args(&json!({ "journal": file }).to_string())).unwrap_err().code(), "io");
    let session = session(&sandbox, "{}");
    assert_eq!(fails(&session, "invalidate", "Tisk/1", "{}").code(), "unknown_type");
}
