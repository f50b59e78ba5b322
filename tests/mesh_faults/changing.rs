//! Changes and commits that somebody or something stands in the way of: what is in the workspace is what is said to be.

use std::sync::Arc;

use haft::{
    args::Args,
    error::Status,
    session::Session,
    value::{Series, Tree},
};
use haft_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::{
    bed::value,
    guard::ten,
    sand::{CHIMNEYS, HOUR, call, chimneys, close, commit, detail, open, order, sandbox, series, stage, staged, told},
};

fn create(session: &Session, owner: &str, name: &str) -> Value {
    stage(session, "create_object", owner, &json!({"name": name}).to_string()).unwrap()
}

fn delete(session: &Session, path: &str) {
    stage(session, "delete_object", path, r#"{"recursive": true}"#).unwrap();
}

/// All that a turn made.
fn tidy(sandbox: &Sandbox) {
    let session = open(sandbox, "{}");
    for name in chimneys(&session).iter().filter(|name| !name.starts_with("Some")) {
        delete(&session, &format!("{CHIMNEYS}/{name}"));
    }
    commit(&session).unwrap();
    close(&session);
}

/// Another session's commit does not go with this workspace.
#[test]
fn conflicts() {
    let sandbox = sandbox();
    ten("conflicts", &[], |_| {
        let (one, other) = (open(&sandbox, "{}"), open(&sandbox, "{}"));
        // The other is quicker: the next commit does all of it again, and meets the same name.
        create(&one, CHIMNEYS, "Mine");
        create(&one, CHIMNEYS, "Same");
        create(&other, CHIMNEYS, "Same");
        commit(&other).unwrap();
        let error = commit(&one).unwrap_err();
        assert_eq!((error.code(), error.status(), staged(&one)), ("session_corrupt", Status::Conflict, 2));
        assert_eq!(detail(&error, "session_id"), crate::bed::id(&one).as_str());
        told(&error);
        let error = commit(&one).unwrap_err();
        assert_eq!((detail(&error, "index"), staged(&one)), (json!(1), 2), "{error}");
        assert!(error.message().contains("already exists"), "{error}");
        // What the others had in the way is gone: the list is sent on from there.
        delete(&other, &format!("{CHIMNEYS}/Same"));
        commit(&other).unwrap();
        assert_eq!(commit(&one).unwrap().as_array().unwrap().len(), 2);
        assert_eq!(chimneys(&other), ["Mine", "Same", "SomePowerPlantChimney1", "SomePowerPlantChimney2"]);
        // The owner is gone: nothing of it can be done any more but by a rollback.
        let below = format!("{CHIMNEYS}/Mine.ChimneyToChimneyRef");
        create(&one, &below, "Child");
        delete(&other, &format!("{CHIMNEYS}/Mine"));
        commit(&other).unwrap();
        let error = commit(&one).unwrap_err();
        assert_eq!((error.code(), error.status(), staged(&one)), ("owner_gone", Status::Conflict, 1));
        let error = commit(&one).unwrap_err();
        assert_eq!((error.code(), detail(&error, "index"), staged(&one)), ("owner_gone", json!(0), 1));
        one.rollback(&Args::new()).unwrap();
        assert_eq!((staged(&one), commit(&one).unwrap()), (0, json!([])));
        create(&one, CHIMNEYS, "After");
        commit(&one).unwrap();
        // Gone altogether.
        create(&one, CHIMNEYS, "Never");
        sandbox.mesh_order(&format!("kill={}", crate::bed::id(&one))).unwrap();
        let error = commit(&one).unwrap_err();
        assert_eq!((error.code(), staged(&one)), ("session_lost", 1));
        assert_eq!(chimneys(&other), ["After", "Same", "SomePowerPlantChimney1", "SomePowerPlantChimney2"]);
        close(&one);
        close(&other);
        tidy(&sandbox);
    });
}

/// The commit's answer is lost: nobody knows, the list stays, and the same again does it once.
#[test]
fn a_commit_whose_answer_is_lost() {
    let sandbox = sandbox();
    ten("a lost commit", &[], |_| {
        for fault in ["drop", "drop&when=before", "reset", "status&code=14", "trailers", "cut"] {
            let session = open(&sandbox, "{}");
            create(&session, CHIMNEYS, "New");
            order(&sandbox, &format!("fault={fault}&method=Commit"));
            let error = commit(&session).unwrap_err();
            assert_eq!((told(&error).2, staged(&session)), (json!("unknown"), 1), "{fault}: {error}");
            assert_eq!(commit(&session).unwrap().as_array().unwrap().len(), 1, "{fault}");
            let other = open(&sandbox, "{}");
            assert_eq!(chimneys(&other).iter().filter(|name| *name == "New").count(), 1, "{fault}");
            close(&other);
            close(&session);
            tidy(&sandbox);
        }
    });
}

#[test]
fn thirty_sessions_commit_at_once() {
    let sandbox = sandbox();
    ten("thirty sessions", &[], |_| {
        let root = open(&sandbox, "{}");
        let children: Vec<Session> = (0..30).map(|_| root.attach("session", &Args::new()).unwrap()).collect();
        std::thread::scope(|scope| {
            for (number, child) in children.iter().enumerate() {
                scope.spawn(move || {
                    create(child, CHIMNEYS, &format!("Of {number}"));
                    commit(child).unwrap();
                });
            }
        });
        assert_eq!(chimneys(&root).len(), 32);
        close(&root);
        tidy(&sandbox);
    });
}

/// More points than a message holds: two chunks.
const COUNT: usize = 220_000;
/// 2020-01-01T00:00:00Z.
const START: i64 = 1_577_836_800_000;

fn long() -> Args {
    let times: Vec<i64> = (0..COUNT).map(|at| START + i64::try_from(at).unwrap() * HOUR).collect();
    let mut args = Args::new();
    args.set("points", Tree::Series(Arc::new(Series { times, values: vec![1.5; COUNT], flags: vec![0; COUNT] })));
    args
}

/// How many of them are there.
fn held(session: &Session) -> (usize, Vec<i64>) {
    let whole = START + i64::try_from(COUNT).unwrap() * HOUR;
    let json = json!({"start": START, "end": whole, "trim": true}).to_string();
    let found = series(&call(session, "read_series", "key:3", &json).unwrap());
    let good: Vec<i64> =
        found.times.iter().zip(&found.values).filter(|(_, value)| **value == 1.5).map(|(time, _)| *time).collect();
    (good.len(), good.last().copied().into_iter().collect())
}

/// The connection is cut in the second chunk: the first one is in the workspace, the error and the list say how far it
/// went, a commit takes it and a rollback takes it back.
#[test]
fn a_write_that_is_cut_off() {
    let sandbox = sandbox();
    let points = long();
    ten("a chunked write cut off", &[], |turn| {
        let session = open(&sandbox, "{}");
        let fault = ["drop&when=before", "status&code=14&when=before", "reset&when=before"][turn % 3];
        order(&sandbox, &format!("fault={fault}&skip=1&method=WriteTimeseries"));
        let error = session.stage(Some("write_series"), Some("key:3"), &points).err().unwrap();
        let written = detail(&error, "written");
        assert_eq!((&written["chunks"], &written["of"]), (&json!(1), &json!(2)), "{fault}: {error}");
        assert_eq!(written["points"], COUNT / 2);
        let until = written["interval"][1].as_i64().unwrap();
        assert_eq!(until, START + i64::try_from(COUNT / 2).unwrap() * HOUR, "up to the first point of the next");
        assert_ne!(told(&error).2, "not_sent");
        // What was written is in the list as a write of its own.
        assert_eq!((detail(&error, "index"), staged(&session)), (json!(0), 1));
        assert_eq!(held(&session), (COUNT / 2, vec![until - HOUR]));
        if turn % 2 == 0 {
            session.rollback(&Args::new()).unwrap();
            assert_eq!((held(&session).0, staged(&session)), (0, 0));
        } else {
            let other = open(&sandbox, "{}");
            assert_eq!(held(&other).0, 0);
            assert_eq!(commit(&session).unwrap(), json!([{"index": 0, "status": 200, "value": null}]));
            assert_eq!(held(&other), (COUNT / 2, vec![until - HOUR]));
            let end = START + i64::try_from(COUNT).unwrap() * HOUR;
            stage(&other, "write_series", "key:3", &json!({"points": [], "start": START, "end": end}).to_string())
                .unwrap();
            commit(&other).unwrap();
            close(&other);
        }
        close(&session);
    });
}

/// A workspace that cannot be committed is made anew: the part that was written is part of that.
#[test]
fn a_part_that_was_written_is_written_again() {
    let sandbox = sandbox();
    let (one, other) = (open(&sandbox, "{}"), open(&sandbox, "{}"));
    order(&sandbox, "fault=status&code=14&when=before&skip=1&method=WriteTimeseries");
    one.stage(Some("write_series"), Some("key:3"), &long()).err().unwrap();
    create(&one, CHIMNEYS, "Same");
    create(&other, CHIMNEYS, "Same");
    commit(&other).unwrap();
    assert_eq!(commit(&one).unwrap_err().code(), "session_corrupt");
    delete(&other, &format!("{CHIMNEYS}/Same"));
    commit(&other).unwrap();
    assert_eq!(commit(&one).unwrap().as_array().unwrap().len(), 2);
    assert_eq!(held(&other).0, COUNT / 2);
    let shown = value(&call(&other, "get_object", &format!("{CHIMNEYS}/Same"), "{}").unwrap());
    assert_eq!(shown["name"], "Same");
    close(&one);
    close(&other);
}
