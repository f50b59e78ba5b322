//! Whose thread the host's code runs on.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use haft::{args::Args, error::Status};
use serde_json::json;

use super::desk::{PRIORITIES, answers, here, submit, submit_commit, submit_staged};
use crate::bed::{TASK, inspect, open, provider, sandbox};

/// The names of the threads on which something was called, and how many there were at a time.
#[derive(Default)]
struct Seen {
    threads: Mutex<BTreeSet<String>>,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Seen {
    fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        self.threads.lock().unwrap().insert(thread::current().name().unwrap_or_default().to_owned());
        let done = work();
        self.now.fetch_sub(1, Ordering::SeqCst);
        done
    }
}

#[test]
fn the_hosts_cache_and_key_maker_never_run_on_the_reactor() {
    let sandbox = sandbox();
    let (seen, held) = (Arc::<Seen>::default(), Arc::new(Mutex::new(BTreeMap::<String, String>::new())));
    let mut given = Args::new();
    let (own, entries) = (Arc::clone(&seen), Arc::clone(&held));
    given.set(
        "cache",
        provider(move |asked, reply| {
            own.during(|| {
                let key = asked["arguments"]["key"].as_str().unwrap_or_default().to_owned();
                let mut entries = entries.lock().unwrap();
                match asked["method"].as_str().unwrap() {
                    "get" => match entries.get(&key) {
                        Some(text) => reply.set("value", &**text),
                        None => return Status::NotFound,
                    },
                    "set" => drop(entries.insert(key, asked["arguments"]["value"].as_str().unwrap().to_owned())),
                    "remove" => drop(entries.remove(&key)),
                    _ => entries.clear(),
                }
                Status::Ok
            })
        }),
    );
    let own = Arc::clone(&seen);
    given.set(
        "cache_key_maker",
        provider(move |asked, reply| {
            own.during(|| {
                reply.set("value", format!("{}", asked["arguments"]));
                Status::Ok
            })
        }),
    );
    let session = open(&sandbox, given).unwrap();
    // What opening a session takes is the calling thread's.
    seen.threads.lock().unwrap().clear();
    let task = format!("Task/{TASK}");
    let mut ids = Vec::new();
    for n in 0..20 {
        ids.push(submit(&session, "query", PRIORITIES, "{}"));
        ids.push(submit(&session, "query", "select name from Task order by id", r#"{"page_size": 3}"#));
        ids.push(submit(&session, "get", &task, "{}"));
        ids.push(submit(&session, "get", "Type/nothing", "{}"));
        ids.push(submit(&session, "create", "NoteLabel", &json!({"data": {"name": format!("n {n}")}}).to_string()));
        ids.push(submit(&session, "update", &task, &json!({"data": {"description": format!("d {n}")}}).to_string()));
        ids.push(submit(&session, "invalidate", &task, "{}"));
        ids.push(submit_staged(&session, "create", "NoteLabel", &json!({"name": format!("s {n}")})));
        ids.push(submit_commit(&session));
    }
    let all = answers(&session, ids.len());
    for (at, id) in ids.iter().enumerate() {
        assert!(all[id].is_ok(), "{at}: {:?}", all[id]);
    }
    assert_eq!(*seen.threads.lock().unwrap(), BTreeSet::from(["haft-worker".to_owned()]));
    assert_eq!(seen.most.load(Ordering::SeqCst), 1, "never two at a time");
    assert!(!held.lock().unwrap().is_empty());
    assert_eq!(inspect(&session, "operations"), json!([]));
    // A blocking call has it on its own thread.
    here(&session, "query", PRIORITIES, "{}");
    let own = thread::current().name().unwrap_or_default().to_owned();
    assert!(seen.threads.lock().unwrap().contains(&own));
    session.close(&Args::new()).unwrap();
}
