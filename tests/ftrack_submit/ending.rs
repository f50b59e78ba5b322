//! Sessions that end with calls in flight. Each ten times.

use haft::{
    args::Args,
    error::{Outcome, Status},
    session::{Kind, Session},
};
use haft_sandbox::{Options, Sandbox};
use serde_json::json;

use super::desk::{PRIORITIES, ended, next, submit, submit_commit};
use crate::{
    bed::{Folder, call, inspect, session, stage},
    guard::ten,
};

const KEY: &str = "secret-key";
const MANY: usize = 100;

fn quiet() -> Sandbox {
    Sandbox::start(Options { ftrack: Some(Default::default()), log: false, ..Options::default() }).unwrap()
}

/// All events up to CLOSED; each call has its answer before it.
fn rest(session: &Session, mut ids: Vec<u64>) {
    loop {
        let event = session.poll(10_000).unwrap().unwrap().settled();
        if event.kind() == Kind::Closed {
            assert!(ids.is_empty(), "{} calls had no answer", ids.len());
            return;
        }
        if event.kind() == Kind::Response {
            let at = ids.iter().position(|id| *id == event.id()).expect("one answer for each call");
            ids.swap_remove(at);
            assert_eq!(ended(event).unwrap_err().status(), Status::Cancelled);
        }
    }
}

#[test]
fn a_close_with_a_hundred_in_flight() {
    let sandbox = quiet();
    ten("close", &[KEY], |_| {
        let session = session(&sandbox, "{}");
        sandbox.ftrack_order("fault=hold&when=before&times=0").unwrap();
        let mut ids: Vec<u64> = (0..MANY - 3).map(|_| submit(&session, "query", PRIORITIES, "{}")).collect();
        stage(&session, "create", "NoteLabel", r#"{"data": {"name": "closed"}}"#);
        ids.push(submit(&session, "create", "NoteLabel", r#"{"data": {"name": "closed"}}"#));
        ids.push(submit_commit(&session));
        sandbox.ftrack_held(MANY - 1);
        ids.push(submit_commit(&session));
        session.close(&Args::new()).unwrap();
        rest(&session, ids);
        sandbox.ftrack_order("reset=1").unwrap();
        sandbox.ftrack_order("release=1").unwrap();
    });
}

#[test]
fn a_session_that_is_let_go_with_calls_in_flight() {
    let sandbox = quiet();
    ten("let go", &[KEY], |_| {
        let session = session(&sandbox, "{}");
        sandbox.ftrack_order("fault=hold&when=before&times=0").unwrap();
        for _ in 0..20 {
            submit(&session, "query", PRIORITIES, "{}");
        }
        stage(&session, "create", "NoteLabel", r#"{"data": {"name": "let go"}}"#);
        submit_commit(&session);
        sandbox.ftrack_held(21);
        session.let_go();
        drop(session);
        sandbox.ftrack_order("reset=1").unwrap();
        sandbox.ftrack_order("release=1").unwrap();
    });
}

/// The connections of many calls are cut at once: each is told by itself, and the next call has a new one.
#[test]
fn connections_that_are_cut() {
    let sandbox = quiet();
    ten("cut", &[KEY], |_| {
        let session = session(&sandbox, "{}");
        sandbox.ftrack_order("fault=cut&when=before&action=query&times=20").unwrap();
        let ids: Vec<u64> = (0..20).map(|_| submit(&session, "query", PRIORITIES, r#"{"retry": false}"#)).collect();
        for _ in &ids {
            let (id, outcome) = next(&session);
            let error = outcome.unwrap_err();
            assert!(ids.contains(&id) && error.known_outcome() == Some(Outcome::Unknown), "{error:?}");
        }
        assert!(!call(&session, "query", PRIORITIES, "{}").as_array().unwrap().is_empty());
        session.close(&Args::new()).unwrap();
    });
}

/// A close while a batch is on its way: the journal knows that it may have arrived, and who opens it next asks.
#[test]
fn a_journal_outlives_a_close_with_a_commit_in_flight() {
    let (sandbox, folder) = (quiet(), Folder::new());
    for when in ["before", "after"] {
        let options = json!({"journal": folder.file(when)}).to_string();
        ten(when, &[KEY], |_| {
            let first = session(&sandbox, &options);
            let made = stage(&first, "create", "NoteLabel", r#"{"data": {"name": "kept"}}"#);
            sandbox.ftrack_order(&format!("fault=hold&when={when}&action=create")).unwrap();
            let id = submit_commit(&first);
            sandbox.ftrack_held(1);
            first.close(&Args::new()).unwrap();
            rest(&first, vec![id]);
            drop(first);
            sandbox.ftrack_order("release=1").unwrap();
            let address = format!("NoteLabel/{}", made["id"].as_str().unwrap());
            let count = || sandbox.ftrack_query("select id from NoteLabel where name is kept").unwrap();
            while count().as_array().unwrap().is_empty() {
                std::thread::yield_now();
            }
            let second = session(&sandbox, &options);
            assert_eq!(inspect(&second, "operations"), json!([]));
            assert_eq!(count().as_array().unwrap().len(), 1);
            call(&second, "delete", &address, "{}");
            second.close(&Args::new()).unwrap();
        });
    }
}
