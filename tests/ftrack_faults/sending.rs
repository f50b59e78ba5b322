//! Commits that fail on the way: the list stays, and whatever became of the batch, committing again ends with each change
//! made once.

use std::sync::atomic::{AtomicUsize, Ordering};

use haft::{
    args::Args,
    error::{Error, Outcome, Status},
    session::Session,
};
use haft_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use crate::{
    bed::{TASK, args, call, inspect, queued, session, value},
    guard::{clean, ten},
};

const KEY: &str = "secret-key";

fn quiet() -> Sandbox {
    Sandbox::start(Options { ftrack: Some(Default::default()), log: false, ..Options::default() }).unwrap()
}

fn commit(session: &Session) -> Result<Value, Error> {
    queued::commit(session, &Args::new()).map(|answer| value(&answer))
}

/// A number that no other turn has.
fn next() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A batch of five operations: two creates, one with what hangs on it, an update and a delete.
struct Batch {
    name: String,
    old: String,
    new: Value,
}

impl Batch {
    fn stage(session: &Session) -> Batch {
        let name = format!("turn {}", next());
        let old = call(session, "create", "NoteLabel", &json!({"data": {"name": format!("old {name}")}}).to_string());
        let old = format!("NoteLabel/{}", old["id"].as_str().unwrap());
        let stage = |verb: &str, target: &str, options: Value| {
            value(&queued::stage(&session, Some(verb), Some(target), &args(&options.to_string())).unwrap())
        };
        let new = stage("create", "NoteLabel", json!({"data": {"name": name}}));
        stage("create", "Scope", json!({"data": {"name": name}}));
        stage("update", &format!("Task/{TASK}"), json!({"data": {"name": name, "metadata": {"turn": name}}}));
        stage("delete", &old, json!({}));
        Batch { name, old, new }
    }

    /// Whether the server has it: all of it once, or nothing.
    fn is_there(&self, sandbox: &Sandbox) -> bool {
        let count = |query: String| sandbox.ftrack_query(&query).unwrap().as_array().unwrap().len();
        let old = self.old.split_once('/').unwrap().1;
        let counts = [
            count(format!("select id from NoteLabel where name is \"{}\"", self.name)),
            count(format!("select id from NoteLabel where id is {}", self.new["id"].as_str().unwrap())),
            count(format!("select id from Scope where name is \"{}\"", self.name)),
            count(format!("select id from Task where id is {TASK} and name is \"{}\"", self.name)),
            count(format!(
                "select key from Metadata where parent_id is {TASK} and key is turn and value is \"{}\"",
                self.name
            )),
            1 - count(format!("select id from NoteLabel where id is {old}")),
        ];
        assert!(counts == [1; 6] || counts == [0; 6], "half of it is there: {counts:?}");
        counts[0] == 1
    }

    /// Clears away, so that the server is as before.
    fn clear(&self, session: &Session, sandbox: &Sandbox) {
        call(session, "delete", &format!("NoteLabel/{}", self.new["id"].as_str().unwrap()), "{}");
        let scope = sandbox.ftrack_query(&format!("select id from Scope where name is \"{}\"", self.name)).unwrap();
        call(session, "delete", &format!("Scope/{}", scope[0]["id"].as_str().unwrap()), "{}");
        call(session, "update", &format!("Task/{TASK}"), r#"{"data": {"name": "t1", "metadata": {"turn": null}}}"#);
    }
}

fn staged(session: &Session) -> Vec<Value> {
    ["operations", "created", "modified", "deleted"].iter().map(|what| inspect(session, what)).collect()
}

/// The fault, what it is called, what is known of the batch, and whether the server has it all the same.
const LOSSES: [(&str, &[&str], Outcome, bool); 16] = [
    ("fault=truncate&when=after", &["incomplete_read"], Outcome::Unknown, true),
    ("fault=truncate&when=after&sent=0", &["incomplete_read"], Outcome::Unknown, true),
    ("fault=truncate&when=after&sent=1", &["incomplete_read"], Outcome::Unknown, true),
    ("fault=cut&when=after", &["connect", "incomplete_read", "connection_lost"], Outcome::Unknown, true),
    ("fault=cut&when=before", &["connect", "incomplete_read", "connection_lost"], Outcome::Unknown, false),
    ("fault=reset&when=after", &["connect", "incomplete_read", "connection_lost"], Outcome::Unknown, true),
    ("fault=reset&when=before", &["connect", "incomplete_read", "connection_lost"], Outcome::Unknown, false),
    ("fault=garbage&when=after", &["protocol"], Outcome::Unknown, true),
    ("fault=status&status=500&when=after", &["protocol"], Outcome::Unknown, true),
    ("fault=status&status=503&when=before", &["protocol"], Outcome::Unknown, false),
    ("fault=status&status=504&when=after", &["protocol"], Outcome::Unknown, true),
    ("fault=status&status=413&when=before", &["protocol"], Outcome::NotSent, false),
    ("fault=stall&when=after", &["read_timeout"], Outcome::Unknown, true),
    ("fault=stall&when=before", &["read_timeout"], Outcome::Unknown, false),
    ("fault=error&op=0&exception=PermissionError&content=no", &["server"], Outcome::NotSent, false),
    ("fault=error&op=4&exception=IntegrityError&content=no", &["server"], Outcome::NotSent, false),
];

#[test]
fn a_batch_is_made_once_whatever_became_of_its_answer() {
    for (fault, codes, outcome, applied) in LOSSES {
        let sandbox = quiet();
        ten(fault, &[KEY], |_| {
            let session = session(&sandbox, "{}");
            let batch = Batch::stage(&session);
            let before = staged(&session);
            sandbox.ftrack_order(&format!("{fault}&action=create")).unwrap();
            let options = if fault.contains("stall") { args(r#"{"timeout": 0.05}"#) } else { Args::new() };
            let error = queued::commit(&session, &options).unwrap_err();
            clean(&error, &[KEY]);
            assert!(codes.contains(&error.code()), "{fault}: {} {error}", error.code());
            assert_eq!(error.known_outcome(), Some(outcome), "{fault}: {error}");
            assert_eq!(batch.is_there(&sandbox), applied, "{fault}");
            assert_eq!(staged(&session), before, "{fault}: nothing of the list is lost");
            // What is staged now belongs to the same commit or to the next one; it is made once as well.
            let late = value(
                &queued::stage(&session, Some("create"), Some("NoteLabel"), &args(r#"{"data": {"name": "late"}}"#))
                    .unwrap(),
            );
            let done = commit(&session).unwrap();
            assert_eq!(done.as_array().unwrap().len(), if applied { 1 } else { 6 }, "{fault}: {done}");
            assert!(batch.is_there(&sandbox));
            assert_eq!(inspect(&session, "operations"), json!([]));
            assert_eq!(
                sandbox.ftrack_query("select id from NoteLabel where name is late").unwrap(),
                json!([{"__entity_type__": "NoteLabel", "id": late["id"]}])
            );
            // What the answer would have told is asked for.
            assert_eq!(call(&session, "get", &format!("Task/{TASK}"), r#"{"select": "name"}"#)["name"], *batch.name);
            assert_eq!(
                call(
                    &session,
                    "get",
                    &format!("NoteLabel/{}", batch.new["id"].as_str().unwrap()),
                    r#"{"select": "name"}"#
                )["name"],
                *batch.name
            );
            assert_eq!(call(&session, "get", &batch.old, "{}"), Value::Null);
            assert_eq!(commit(&session).unwrap(), json!([]));
            batch.clear(&session, &sandbox);
            call(&session, "delete", &format!("NoteLabel/{}", late["id"].as_str().unwrap()), "{}");
            session.close(&Args::new()).unwrap();
        });
    }
}

/// The server refuses one operation after the other.
#[test]
fn an_error_in_each_operation() {
    let sandbox = quiet();
    for op in 0..5 {
        ten(&format!("operation {op}"), &[KEY], |_| {
            let session = session(&sandbox, "{}");
            let batch = Batch::stage(&session);
            let before = staged(&session);
            sandbox
                .ftrack_order(&format!(
                    "fault=error&op={op}&action=create&exception=ValidationError&content=no such {op}"
                ))
                .unwrap();
            let error = commit(&session).unwrap_err();
            assert_eq!(
                (error.status(), error.code(), error.known_outcome()),
                (Status::Remote, "server", Some(Outcome::NotSent))
            );
            let text = |name: &str| error.detail().get(name).and_then(|value| value.as_str()).unwrap().to_owned();
            assert_eq!((&*text("exception"), text("server_text")), ("ValidationError", format!("no such {op}")));
            assert!(!batch.is_there(&sandbox) && staged(&session) == before);
            commit(&session).unwrap();
            assert!(batch.is_there(&sandbox));
            batch.clear(&session, &sandbox);
        });
    }
}

/// Several commits in a row lose their answers, each with more in it, and what is looked for is lost as well.
#[test]
fn doubts_add_up_and_are_settled() {
    let sandbox = quiet();
    for lost in [[true, true], [true, false], [false, true], [false, false]] {
        ten(&format!("{lost:?}"), &[KEY], |_| {
            let session = session(&sandbox, "{}");
            let first = Batch::stage(&session);
            let lose = |after: bool| {
                sandbox
                    .ftrack_order(&format!("fault=cut&action=create&when={}", if after { "after" } else { "before" }))
                    .unwrap();
                assert_eq!(commit(&session).unwrap_err().known_outcome(), Some(Outcome::Unknown));
            };
            lose(lost[0]);
            let name = format!("second {}", next());
            let stage = |verb: &str, target: &str, options: Value| {
                value(&queued::stage(&session, Some(verb), Some(target), &args(&options.to_string())).unwrap())
            };
            let second = stage("create", "NoteLabel", json!({"data": {"name": name}}));
            // The question is lost too: nothing is known, and nothing is sent.
            let before = staged(&session);
            sandbox.ftrack_order("fault=cut&action=query&text=NoteLabel&when=before").unwrap();
            assert_eq!(commit(&session).unwrap_err().known_outcome(), Some(Outcome::Unknown));
            assert_eq!(staged(&session), before);
            lose(lost[1]);
            let third = stage("create", "NoteLabel", json!({"data": {"name": format!("third {name}")}}));
            commit(&session).unwrap();
            assert!(first.is_there(&sandbox));
            for label in [&second, &third] {
                let found = sandbox
                    .ftrack_query(&format!(
                        "select id from NoteLabel where name is \"{}\"",
                        label["name"].as_str().unwrap()
                    ))
                    .unwrap();
                assert_eq!((found.as_array().unwrap().len(), &found[0]["id"]), (1, &label["id"]));
                call(&session, "delete", &format!("NoteLabel/{}", label["id"].as_str().unwrap()), "{}");
            }
            assert_eq!(inspect(&session, "operations"), json!([]));
            first.clear(&session, &sandbox);
        });
    }
}

/// The batch is still on its way when it is sent again: the server takes one of the two.
#[test]
fn a_batch_that_arrives_late() {
    let sandbox = quiet();
    ten("late", &[KEY], |_| {
        let session = session(&sandbox, "{}");
        let batch = Batch::stage(&session);
        sandbox.ftrack_order("fault=delay&seconds=0.2&action=create&when=before").unwrap();
        let error = queued::commit(&session, &args(r#"{"timeout": 0.05}"#)).unwrap_err();
        assert_eq!((error.code(), error.known_outcome()), ("read_timeout", Some(Outcome::Unknown)));
        let mut tries = 0;
        while let Err(error) = commit(&session) {
            tries += 1;
            assert!(error.status() == Status::Conflict && tries < 3, "{error}");
        }
        // Whoever was second was refused as a whole.
        let late = std::time::Instant::now() + std::time::Duration::from_millis(300);
        while std::time::Instant::now() < late {
            assert!(batch.is_there(&sandbox));
        }
        assert_eq!(inspect(&session, "operations"), json!([]));
        batch.clear(&session, &sandbox);
    });
}

/// Who takes back what is in doubt has decided: nothing of it is sent or looked for again.
#[test]
fn a_doubt_that_is_rolled_back() {
    let sandbox = quiet();
    ten("rolled back", &[KEY], |_| {
        let session = session(&sandbox, "{}");
        let batch = Batch::stage(&session);
        sandbox.ftrack_order("fault=cut&action=create&when=after").unwrap();
        commit(&session).unwrap_err();
        queued::rollback(&session, &Args::new()).unwrap();
        assert_eq!(inspect(&session, "operations"), json!([]));
        // Without the memory of what was staged the server is asked, and has it.
        assert_eq!(
            call(&session, "get", &format!("NoteLabel/{}", batch.new["id"].as_str().unwrap()), r#"{"select": "name"}"#)
                ["name"],
            *batch.name
        );
        assert_eq!(commit(&session).unwrap(), json!([]));
        assert!(batch.is_there(&sandbox));
        batch.clear(&session, &sandbox);
    });
}

/// A change that is made at once and not staged: with an identifier of the host's own it can be looked for.
#[test]
fn a_change_at_once_can_be_looked_for() {
    let sandbox = quiet();
    for when in ["before", "after"] {
        ten(when, &[KEY], |_| {
            let session = session(&sandbox, "{}");
            let id = format!("00000000-0000-4000-8000-{:012}", next());
            let data = json!({"data": {"id": id, "name": "at once"}}).to_string();
            sandbox.ftrack_order(&format!("fault=cut&action=create&when={when}")).unwrap();
            let error = queued::request(&session, Some("create"), Some("NoteLabel"), &args(&data)).unwrap_err();
            assert_eq!(error.known_outcome(), Some(Outcome::Unknown));
            let address = format!("NoteLabel/{id}");
            let found = call(&session, "get", &address, "{}");
            assert_eq!(found.is_null(), when == "before", "{found}");
            if found.is_null() {
                call(&session, "create", "NoteLabel", &data);
            }
            assert_eq!(
                sandbox
                    .ftrack_query(&format!("select id from NoteLabel where id is \"{id}\""))
                    .unwrap()
                    .as_array()
                    .unwrap()
                    .len(),
                1
            );
            call(&session, "delete", &address, "{}");
        });
    }
}
