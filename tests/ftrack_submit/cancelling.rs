//! The end of submitted calls before their time: what the host hears, and what is left. Each ten times.

use std::sync::{Arc, mpsc};

use haft::{
    args::Args,
    error::{Outcome, Status},
    session::Session,
};
use haft_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use super::desk::{Gate, PRIORITIES, answers, next, on_worker, stage_here, submit, submit_commit};
use crate::{
    bed::{Folder, call, inspect, open, provider, session, stage, value},
    guard::{clean, ten},
};

const KEY: &str = "secret-key";

fn quiet() -> Sandbox {
    Sandbox::start(Options { ftrack: Some(Default::default()), log: false, ..Options::default() }).unwrap()
}

fn there(sandbox: &Sandbox, id: &Value) -> usize {
    let id = id.as_str().unwrap();
    sandbox.ftrack_query(&format!("select id from NoteLabel where id is \"{id}\"")).unwrap().as_array().unwrap().len()
}

fn id() -> String {
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    format!("00000000-0000-4000-8000-{:012}", NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
}

fn cancelled(session: &Session, id: u64, outcome: Outcome) {
    let (ended, failed) = next(session);
    let error = failed.unwrap_err();
    clean(&error, &[KEY]);
    assert_eq!((ended, error.status(), error.code()), (id, Status::Cancelled, "cancelled"));
    assert_eq!(error.known_outcome(), Some(outcome), "{error}");
}

#[test]
fn a_query_that_waits() {
    let sandbox = quiet();
    ten("query", &[KEY], |_| {
        let session = session(&sandbox, "{}");
        sandbox.ftrack_order("fault=hold&when=before&action=query").unwrap();
        let id = submit(&session, "query", PRIORITIES, "{}");
        sandbox.ftrack_held(1);
        session.cancel(id);
        cancelled(&session, id, Outcome::Unknown);
        sandbox.ftrack_order("release=1").unwrap();
        assert!(!call(&session, "query", PRIORITIES, "{}").as_array().unwrap().is_empty());
        session.close(&Args::new()).unwrap();
    });
}

/// The batch may have arrived or not: the list is kept, and committing again makes each change once. With a journal and a
/// cache the worker has its part in it; the file then says the same.
#[test]
fn a_commit_that_waits() {
    let (sandbox, folder) = (quiet(), Folder::new());
    for (turn, options) in [json!({}), json!({"journal": "j"}), json!({"cache": "c"})].into_iter().enumerate() {
        let mut options = options;
        if options.get("journal").is_some() {
            options["journal"] = json!(folder.file(&format!("journal {turn}")));
        }
        if options.get("cache").is_some() {
            options["cache"] = json!(format!("sqlite:{}", folder.file(&format!("cache {turn}"))));
        }
        for when in ["before", "after"] {
            ten(&format!("{options} {when}"), &[KEY], |_| {
                let session = session(&sandbox, &options.to_string());
                let made = stage(&session, "create", "NoteLabel", r#"{"data": {"name": "staged"}}"#);
                let before = inspect(&session, "operations");
                sandbox.ftrack_order(&format!("fault=hold&when={when}&action=create")).unwrap();
                let id = submit_commit(&session);
                sandbox.ftrack_held(1);
                session.cancel(id);
                cancelled(&session, id, Outcome::Unknown);
                assert_eq!(inspect(&session, "operations"), before, "nothing of the list is lost");
                assert_eq!(there(&sandbox, &made["id"]), usize::from(when == "after"));
                sandbox.ftrack_order("release=1").unwrap();
                // Released, the first one may be applied now: whoever comes second is refused, and settles it the next time.
                let (mut done, mut tries) = (None, 0);
                while done.is_none() {
                    tries += 1;
                    let id = submit_commit(&session);
                    let (ended, outcome) = next(&session);
                    assert_eq!(ended, id);
                    done = match outcome {
                        Err(error) if error.status() == Status::Conflict && tries < 3 => None,
                        other => Some(other.unwrap()),
                    };
                }
                assert_eq!(there(&sandbox, &made["id"]), 1);
                assert_eq!(inspect(&session, "operations"), json!([]));
                call(&session, "delete", &format!("NoteLabel/{}", made["id"].as_str().unwrap()), "{}");
                session.close(&Args::new()).unwrap();
            });
        }
    }
}

/// A change that is made at once leaves nothing here: the server is asked what became of it.
#[test]
fn a_change_that_waits() {
    let sandbox = quiet();
    for when in ["before", "after"] {
        ten(when, &[KEY], |_| {
            let session = session(&sandbox, "{}");
            let key = id();
            sandbox.ftrack_order(&format!("fault=hold&when={when}&action=create")).unwrap();
            let data = json!({"data": {"id": key, "name": "at once"}}).to_string();
            let id = submit(&session, "create", "NoteLabel", &data);
            sandbox.ftrack_held(1);
            session.cancel(id);
            cancelled(&session, id, Outcome::Unknown);
            let address = format!("NoteLabel/{key}");
            let found = call(&session, "get", &address, r#"{"select": "name"}"#);
            assert_eq!(found.is_null(), when == "before", "{found}");
            sandbox.ftrack_order("release=1").unwrap();
            while there(&sandbox, &json!(key)) == 0 {
                std::thread::yield_now();
            }
            call(&session, "delete", &address, "{}");
            session.close(&Args::new()).unwrap();
        });
    }
}

/// What is staged and committed waits for what came before it; taken back in time it was never sent.
#[test]
fn a_commit_that_waits_for_its_turn() {
    let sandbox = quiet();
    ten("turn", &[KEY], |_| {
        let session = session(&sandbox, "{}");
        let made = stage(&session, "create", "NoteLabel", r#"{"data": {"name": "one"}}"#);
        sandbox.ftrack_order("fault=hold&when=before&action=create").unwrap();
        let first = submit_commit(&session);
        sandbox.ftrack_held(1);
        let second = submit_commit(&session);
        session.cancel(second);
        cancelled(&session, second, Outcome::NotSent);
        sandbox.ftrack_order("release=1").unwrap();
        let (ended, outcome) = next(&session);
        assert_eq!((ended, outcome.unwrap().as_array().unwrap().len()), (first, 1));
        call(&session, "delete", &format!("NoteLabel/{}", made["id"].as_str().unwrap()), "{}");
        session.close(&Args::new()).unwrap();
    });
}

/// The worker is in the host's code: a cancel does not wait for that. An answer that came is kept.
#[test]
fn calls_that_wait_for_the_worker() {
    let sandbox = quiet();
    ten("worker", &[KEY], |_| {
        let session = session(&sandbox, "{}");
        let (gate, (tell, hear)) = (Arc::<Gate>::default(), mpsc::channel());
        let own = Arc::clone(&gate);
        on_worker(&session, move || {
            tell.send(()).unwrap();
            own.pass();
        });
        hear.recv().unwrap();
        let made = stage_here(&session, "create", "NoteLabel", r#"{"data": {"name": "busy"}}"#);
        // Its first step is the worker's.
        let staged = submit_commit(&session);
        session.cancel(staged);
        cancelled(&session, staged, Outcome::NotSent);
        let key = id();
        let change =
            submit(&session, "create", "NoteLabel", &json!({"data": {"id": key, "name": "at once"}}).to_string());
        let query = submit(&session, "query", PRIORITIES, "{}");
        while there(&sandbox, &json!(key)) == 0 {
            std::thread::yield_now();
        }
        session.cancel(0);
        let mut all = answers(&session, 2);
        assert_eq!(all.remove(&query).unwrap().unwrap_err().status(), Status::Cancelled);
        // Either its answer had come, and was heard, or nobody knows.
        if let Err(error) = all.remove(&change).unwrap() {
            assert_eq!((error.status(), error.known_outcome()), (Status::Cancelled, Some(Outcome::Unknown)));
        }
        assert_eq!(inspect(&session, "created").as_array().unwrap().len(), 1);
        gate.open();
        session.rollback(&Args::new()).unwrap();
        assert_eq!(there(&sandbox, &made["id"]), 0);
        call(&session, "delete", &format!("NoteLabel/{key}"), "{}");
        session.close(&Args::new()).unwrap();
    });
}

/// A cache of the host that does not answer keeps nobody else, and the thread that submits least of all.
#[test]
fn a_cache_that_does_not_answer() {
    let sandbox = quiet();
    ten("cache", &[KEY], |_| {
        let (gate, (tell, hear)) = (Arc::<Gate>::default(), mpsc::channel());
        let own = Arc::clone(&gate);
        let mut given = Args::new();
        given.set(
            "cache",
            provider(move |asked, _| {
                if asked["method"] == "get" {
                    tell.send(()).unwrap();
                    own.pass();
                }
                Status::NotFound
            }),
        );
        let session = open(&sandbox, given).unwrap();
        let get = submit(&session, "get", "Type/nothing", "{}");
        hear.recv().unwrap();
        // Behind it, not begun: taken back at once.
        let other = submit(&session, "get", "Type/other", "{}");
        session.cancel(other);
        cancelled(&session, other, Outcome::NotSent);
        gate.open();
        let (ended, found) = next(&session);
        assert_eq!((ended, found.unwrap()), (get, Value::Null));
        session.close(&Args::new()).unwrap();
    });
}

/// A time-out of the call is the same as that of a blocking one.
#[test]
fn a_time_out() {
    let sandbox = quiet();
    ten("time-out", &[KEY], |_| {
        let session = session(&sandbox, "{}");
        let made = stage(&session, "create", "NoteLabel", r#"{"data": {"name": "late"}}"#);
        sandbox.ftrack_order("fault=hold&when=before&action=create").unwrap();
        let id = session.submit(Some("haft.commit"), None, &crate::bed::args(r#"{"timeout": 0.05}"#)).unwrap();
        let (ended, outcome) = next(&session);
        let error = outcome.unwrap_err();
        assert_eq!((ended, error.code(), error.known_outcome()), (id, "read_timeout", Some(Outcome::Unknown)));
        sandbox.ftrack_held(1);
        sandbox.ftrack_order("release=1").unwrap();
        while there(&sandbox, &made["id"]) == 0 {
            std::thread::yield_now();
        }
        assert_eq!(value(&session.commit(&Args::new()).unwrap()), json!([]));
        call(&session, "delete", &format!("NoteLabel/{}", made["id"].as_str().unwrap()), "{}");
        session.close(&Args::new()).unwrap();
    });
}
