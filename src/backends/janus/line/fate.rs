//! What hosts are told of sessions and handles that are there again (verbs.md: RESTORED carries `{old_id, id, handles,
//! unknown}`). A handle hears of itself alone, its session of all.

use std::sync::Arc;

use super::super::{handle::Handle, plugins::Again, session::Session};
use crate::{
    backends::Change,
    error::Error,
    value::{Object, Tree},
};

/// How one handle fared.
pub struct Fared {
    /// The handle.
    pub handle: Arc<Handle>,
    /// Its id before.
    pub old_id: u64,
    /// What it had declared and has again.
    pub restored: Vec<Tree>,
    /// What it had declared and lacks now.
    pub not_restored: Vec<Tree>,
    /// The places of those that it has again.
    pub kept: Vec<Again>,
    /// Why it is not there any more.
    pub error: Option<Error>,
}

impl Fared {
    /// One of which nothing is known yet.
    pub fn new(handle: &Arc<Handle>, old_id: u64) -> Fared {
        Fared {
            handle: Arc::clone(handle),
            old_id,
            restored: Vec::new(),
            not_restored: Vec::new(),
            kept: Vec::new(),
            error: None,
        }
    }

    /// It has this again.
    pub fn has(&mut self, again: &Again, answer: Option<Tree>) {
        let mut shown = named(again);
        if again.altered {
            shown.insert("altered", Tree::Bool(true));
        }
        shown.insert("answer", answer.unwrap_or(Tree::Null));
        self.restored.push(Tree::Object(shown));
        self.kept.push(again.clone());
    }

    /// It lacks this.
    pub fn lacks(&mut self, again: &Again, reason: &str, error: Option<Error>) {
        let mut shown = named(again);
        shown.insert("reason", Tree::from(reason));
        if let Some(error) = error {
            for name in ["server_code", "server_text"] {
                if let Some(value) = error.detail().get(name) {
                    shown.insert(name, value.clone());
                }
            }
        }
        self.not_restored.push(Tree::Object(shown));
    }

    fn shown(&self) -> Tree {
        let id = self.handle.id().filter(|_| self.error.is_none());
        let mut shown = Object::with_capacity(5);
        shown.insert("old_id", Tree::from(self.old_id));
        shown.insert("id", id.map_or(Tree::Null, Tree::from));
        shown.insert("plugin", self.handle.wish.plugin.as_deref().map_or(Tree::Null, Tree::from));
        shown.insert("restored", Tree::Array(self.restored.clone()));
        shown.insert("not_restored", Tree::Array(self.not_restored.clone()));
        Tree::Object(shown)
    }
}

fn named(again: &Again) -> Object {
    let mut shown = Object::with_capacity(4);
    shown.insert("request", Tree::from(again.request.name));
    if let Some(room) = again.body.get("room") {
        shown.insert("room", room.clone());
    }
    shown
}

/// Tells a session and its handles that they are there again; those that are not end.
pub fn tell(session: &Arc<Session>, old_id: u64, fared: Vec<Fared>) {
    let doubts = session.doubts();
    let value = |handles: Vec<Tree>, unknown: Vec<Tree>| {
        let mut value = Object::with_capacity(4);
        value.insert("old_id", Tree::from(old_id));
        value.insert("id", session.id().map_or(Tree::Null, Tree::from));
        value.insert("handles", Tree::Array(handles));
        value.insert("unknown", Tree::Array(unknown));
        Tree::Object(value)
    };
    let all = fared.iter().map(Fared::shown).collect();
    session.tell_own(Change::Restored(value(all, doubts.iter().map(|(_, shown)| shown.clone()).collect())));
    for one in fared {
        if one.error.is_some() {
            one.handle.ended(one.error);
            continue;
        }
        let its = |of: &Option<Arc<Handle>>| of.as_ref().is_some_and(|of| Arc::ptr_eq(of, &one.handle));
        let unknown = doubts.iter().filter(|(of, _)| its(of)).map(|(_, shown)| shown.clone()).collect();
        one.handle.tell(Change::Restored(value(vec![one.shown()], unknown)));
    }
}
