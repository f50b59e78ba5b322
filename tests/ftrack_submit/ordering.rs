//! Staging, commit and rollback: one after the other, whoever waits meanwhile.

use std::sync::{Arc, mpsc};

use haft::{args::Args, error::Error, session::Session};
use serde_json::{Value, json};

use super::desk::{answers, here, next, on_worker, stage_here, submit, submit_commit, submit_staged};
use crate::bed::{TASK, call, inspect, mark, sandbox, sent, session, stage, value};

fn label(session: &Session, name: &str) -> u64 {
    submit_staged(session, "create", "NoteLabel", &json!({"name": name}))
}

fn labels(sandbox: &haft_sandbox::Sandbox, name: &str) -> usize {
    let found = sandbox.ftrack_query(&format!("select id from NoteLabel where name is \"{name}\"")).unwrap();
    found.as_array().unwrap().len()
}

#[test]
fn what_is_about_the_list_is_done_in_the_order_in_which_it_was_submitted() {
    for options in ["{}", r#"{"compat": "python"}"#] {
        let sandbox = sandbox();
        let session = session(&sandbox, options);
        sandbox.ftrack_order("fault=hold&when=before&action=create&text=first").unwrap();
        let ids = [
            label(&session, "first"),
            submit_commit(&session),
            label(&session, "second"),
            session.submit(Some("haft.rollback"), None, &Args::new()).unwrap(),
            label(&session, "third"),
            submit_commit(&session),
        ];
        assert_eq!(next(&session).0, ids[0]);
        sandbox.ftrack_held(1);
        // The commit is under way: what came after it waits for its turn, and reads do not.
        assert_eq!(inspect(&session, "created").as_array().unwrap().len(), 1);
        let read = submit(&session, "query", "select name from Type", "{}");
        assert_eq!(next(&session).0, read);
        sandbox.ftrack_order("release=1").unwrap();
        let order: Vec<u64> = (0..5)
            .map(|_| {
                let (id, outcome) = next(&session);
                outcome.unwrap();
                id
            })
            .collect();
        assert_eq!(order, ids[1..], "{options}");
        let there = ["first", "second", "third"].map(|name| labels(&sandbox, name));
        assert_eq!(there, [1, 0, 1], "{options}");
        assert_eq!(inspect(&session, "operations"), json!([]));
    }
}

#[test]
fn two_commits_send_a_batch_once() {
    let sandbox = sandbox();
    let session = session(&sandbox, "{}");
    stage(&session, "create", "NoteLabel", r#"{"data": {"name": "once"}}"#);
    let since = mark(&sandbox);
    let (one, other) = (submit_commit(&session), submit_commit(&session));
    let all = answers(&session, 2);
    assert_eq!(all[&one].as_ref().unwrap().as_array().unwrap().len(), 1);
    assert_eq!(all[&other].as_ref().unwrap(), &json!([]));
    assert_eq!((sent(&sandbox, since).len(), labels(&sandbox, "once")), (1, 1));
}

/// What is changed here while a commit is under way belongs to the next one, and is not lost by the first one's answer.
#[test]
fn what_is_staged_meanwhile_belongs_to_the_next_commit() {
    let sandbox = sandbox();
    let session = session(&sandbox, "{}");
    let task = format!("Task/{TASK}");
    stage(&session, "update", &task, r#"{"data": {"description": "first"}}"#);
    sandbox.ftrack_order("fault=hold&when=after&action=update").unwrap();
    let first = submit_commit(&session);
    sandbox.ftrack_held(1);
    stage_here(&session, "update", &task, r#"{"data": {"description": "second"}}"#);
    sandbox.ftrack_order("release=1").unwrap();
    let all = answers(&session, 1);
    assert!(all[&first].is_ok());
    assert_eq!(call(&session, "get", &task, r#"{"select": "description"}"#)["description"], "second");
    let committed = value(&session.commit(&Args::new()).unwrap());
    assert_eq!(committed[0]["value"]["description"], "second");
}

/// What is taken from the list while it is on its way is gone from it, and what came instead is not taken for sent.
#[test]
fn what_is_taken_back_meanwhile_does_not_take_later_changes_along() {
    let sandbox = sandbox();
    let task = format!("Task/{TASK}");
    for rolled_back in [true, false] {
        let session = session(&sandbox, "{}");
        stage_here(&session, "update", &task, r#"{"data": {"description": "first", "name": "sent"}}"#);
        sandbox.ftrack_order("fault=hold&when=after&action=update").unwrap();
        let first = submit_commit(&session);
        sandbox.ftrack_held(1);
        if rolled_back {
            session.rollback(&Args::new()).unwrap();
        } else {
            here(&session, "revert", &task, r#"{"select": "description"}"#);
        }
        let made = stage_here(&session, "create", "NoteLabel", r#"{"data": {"name": "later"}}"#);
        sandbox.ftrack_order("release=1").unwrap();
        assert_eq!(answers(&session, 1)[&first].as_ref().unwrap().as_array().unwrap().len(), 1);
        let left = inspect(&session, "operations");
        assert_eq!((left.as_array().unwrap().len(), labels(&sandbox, "later")), (1, 0), "{left}");
        // The server has applied all of it, and says so.
        let known = here(&session, "get", &task, r#"{"select": "name, description"}"#);
        assert_eq!((&known["name"], &known["description"]), (&json!("sent"), &json!("first")));
        session.commit(&Args::new()).unwrap();
        assert_eq!(labels(&sandbox, "later"), 1);
        here(&session, "delete", &format!("NoteLabel/{}", made["id"].as_str().unwrap()), "{}");
        here(&session, "update", &task, r#"{"data": {"description": "", "name": "t1"}}"#);
    }
}

/// A thread of the host waits for its turn.
#[test]
fn a_blocking_commit_waits_for_a_submitted_one() {
    let sandbox = sandbox();
    let session = Arc::new(session(&sandbox, "{}"));
    stage(&session, "create", "NoteLabel", r#"{"data": {"name": "ours"}}"#);
    sandbox.ftrack_order("fault=hold&when=before&action=create").unwrap();
    let since = mark(&sandbox);
    let id = submit_commit(&session);
    sandbox.ftrack_held(1);
    let own = Arc::clone(&session);
    let thread = std::thread::spawn(move || value(&own.commit(&Args::new()).unwrap()));
    sandbox.ftrack_order("release=1").unwrap();
    assert_eq!(thread.join().unwrap(), json!([]));
    assert!(answers(&session, 1)[&id].is_ok());
    assert_eq!((sent(&sandbox, since).len(), labels(&sandbox, "ours")), (1, 1));
}

/// The worker itself must not wait for what it is needed for; a callback that commits is told so, and can the next time.
#[test]
fn a_commit_in_a_callback_is_refused_while_one_is_under_way() {
    let sandbox = sandbox();
    let session = Arc::new(session(&sandbox, "{}"));
    stage(&session, "create", "NoteLabel", r#"{"data": {"name": "held"}}"#);
    sandbox.ftrack_order("fault=hold&when=before&action=create").unwrap();
    let id = submit_commit(&session);
    sandbox.ftrack_held(1);
    let commits = |session: &Arc<Session>| {
        let (tell, hear) = mpsc::channel::<Result<Value, Error>>();
        let own = Arc::downgrade(session);
        on_worker(session, move || {
            let session = own.upgrade().unwrap();
            tell.send(session.commit(&Args::new()).map(|answer| value(&answer))).unwrap();
        });
        hear.recv().unwrap()
    };
    assert_eq!(commits(&session).unwrap_err().code(), "busy");
    sandbox.ftrack_order("release=1").unwrap();
    assert!(answers(&session, 1)[&id].is_ok());
    assert_eq!(commits(&session).unwrap(), json!([]));
    assert_eq!(labels(&sandbox, "held"), 1);
}

/// In `compat: "python"` an `ensure` commits all that is staged; several at once, and beside commits, do so one by one.
#[test]
fn what_commits_along_the_way_has_its_turn_as_well() {
    let sandbox = sandbox();
    let session = session(&sandbox, r#"{"compat": "python"}"#);
    stage(&session, "create", "NoteLabel", r#"{"data": {"name": "along"}}"#);
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(submit(&session, "ensure", "NoteLabel", &json!({"data": {"name": format!("made {n}")}}).to_string()));
        ids.push(submit_commit(&session));
    }
    let all = answers(&session, ids.len());
    for id in ids {
        assert!(all[&id].is_ok(), "{:?}", all[&id]);
    }
    assert_eq!(labels(&sandbox, "along"), 1);
    for n in 0..5 {
        assert_eq!(labels(&sandbox, &format!("made {n}")), 1);
    }
}
