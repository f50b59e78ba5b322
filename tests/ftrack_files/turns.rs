//! A commit is not entered again by what it calls.

use std::{
    ffi::CStr,
    sync::{Arc, Mutex},
    thread::{self, ThreadId},
};

use haft::{
    args::Args,
    error::Error,
    log,
    session::{HostCode, Session},
};
use serde_json::json;

use super::bed::{Bed, TEST, args, detail, location, value};

/// What a hook does with the session, with some text.
type Act = fn(&Session, &str) -> Result<(), Error>;

/// What it does at each request, and what came of it.
#[derive(Default)]
struct Inside {
    act: Option<(Arc<Session>, Act, String)>,
    came: Vec<Option<String>>,
    thread: Option<ThreadId>,
}

#[derive(Clone, Default)]
struct Hook(Arc<Mutex<Inside>>);

/// The hook of the log is the host's code that runs during every request. It belongs to the process: others' lines are
/// left alone.
impl log::Sink for Hook {
    fn write(&self, _: log::Level, place: &CStr, _: &CStr) {
        let _inside = HostCode::enter();
        let mut held = self.0.lock().unwrap();
        if place != c"http" || held.thread != Some(thread::current().id()) {
            return;
        }
        let Some((session, act, with)) = held.act.take() else { return };
        drop(held);
        let came = act(&session, &with).err();
        let came = came.map(|error| format!("{:?} {} {}", error.status(), error.code(), detail(&error, "outcome")));
        let mut held = self.0.lock().unwrap();
        held.came.push(came);
        held.act = Some((session, act, with));
    }
}

impl Hook {
    fn during(&self, act: Act, session: &Arc<Session>, with: String) {
        let mut held = self.0.lock().unwrap();
        held.act = Some((Arc::clone(session), act, with));
        held.thread = Some(thread::current().id());
        held.came.clear();
    }

    fn came(&self) -> Vec<Option<String>> {
        let mut held = self.0.lock().unwrap();
        held.act = None;
        std::mem::take(&mut held.came)
    }
}

fn open(bed: &Bed) -> Arc<Session> {
    Arc::new(bed.stored().session)
}

fn stage(session: &Session, name: &str) {
    session.stage(Some("create"), Some("NoteLabel"), &args(&json!({"data": {"name": name}}))).unwrap();
}

fn add(session: &Session, file: &str) -> Result<(), Error> {
    session.request(Some("create_component"), Some(file), &args(&json!({"location": location(TEST)}))).map(drop)
}

fn busy() -> Option<String> {
    Some("State busy \"not_sent\"".into())
}

#[test]
fn a_commit_is_not_entered_again() {
    let hook = Hook::default();
    log::set(Some(Arc::new(hook.clone())), log::Level::Debug as i32);
    what_a_commit_calls_cannot_register_components(&hook);
    what_registering_calls_cannot_commit(&hook);
    log::set(None, 0);
}

fn what_a_commit_calls_cannot_register_components(hook: &Hook) {
    let bed = Bed::new();
    let session = open(&bed);
    stage(&session, "one");
    hook.during(add, &session, bed.write("in/a.txt", "text"));
    session.commit(&Args::new()).unwrap();
    assert_eq!(hook.came(), [busy()]);
    assert_eq!(bed.registered(TEST), 0);
    assert_eq!(bed.rows("select id from NoteLabel where name is one").len(), 1);
    // Afterwards it can.
    add(&session, &bed.write("in/a.txt", "text")).unwrap();
    assert_eq!(bed.registered(TEST), 1);
}

fn what_registering_calls_cannot_commit(hook: &Hook) {
    let bed = Bed::new();
    let session = open(&bed);
    stage(&session, "one");
    let commit: Act = |session, again| {
        let done = session.commit(&Args::new()).map(drop);
        if done.is_ok() {
            stage(session, again);
        }
        done
    };
    hook.during(commit, &session, "again".into());
    add(&session, &bed.write("in/a.txt", "text")).unwrap();
    let came = hook.came();
    // It may commit while components are made, not while they are registered.
    assert!(came.len() > 1 && came.contains(&None) && *came.last().unwrap() == busy(), "{came:?}");
    assert_eq!(bed.registered(TEST), 1);
    assert_eq!(
        value(&session.commit(&Args::new()).unwrap()).as_array().map(Vec::len),
        Some(1),
        "what was staged is there"
    );
}
