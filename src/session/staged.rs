//! Work that waits for commit: one list per server session, sent in order.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
};

use super::{Handle, HostCode, Response};
use crate::{
    args::Args,
    backends::{Answer, Backend, Call, Carried},
    engine::net::cancel::Cancel,
    error::{Error, Result, code},
    value::{Object, Tree},
};

/// Arguments that are about the commit as a whole.
const OF_THE_COMMIT: [&str; 2] = ["id", "tag"];

/// The staged list.
#[derive(Default)]
pub(super) struct Staged {
    items: VecDeque<Item>,
}

/// One staged call, with the back end of the handle that staged it.
struct Item {
    backend: Arc<dyn Backend>,
    verb: Option<Box<str>>,
    target: Option<Box<str>>,
    args: Args,
}

impl Staged {
    /// The list as a snapshot shows it: verb and target, no arguments (they may be secret).
    pub(super) fn show(&self) -> Tree {
        let show = |(index, item): (usize, &Item)| {
            let mut object = Object::default();
            object.insert("index", index_tree(index));
            object.insert("verb", item.verb.as_deref().map_or(Tree::Null, Tree::from));
            object.insert("target", item.target.as_deref().map_or(Tree::Null, Tree::from));
            Tree::Object(object)
        };
        Tree::Array(self.items.iter().enumerate().map(show).collect())
    }

    /// How many calls wait.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }
}

fn index_tree(index: usize) -> Tree {
    Tree::Int(i64::try_from(index).unwrap_or(i64::MAX))
}

pub(super) fn stage(handle: &Handle, call: &Call<'_>) -> Result<Response> {
    if let Some(staged) = handle.backend.stage(call) {
        return staged.map(Response::from);
    }
    handle.backend.check(call)?;
    let item = Item {
        backend: Arc::clone(&handle.backend),
        verb: call.verb.map(Into::into),
        target: call.target.map(Into::into),
        args: call.args.clone(),
    };
    let mut staged = handle.shared.staged.lock();
    staged.items.push_back(item);
    let mut meta = Object::default();
    meta.insert("index", index_tree(staged.items.len() - 1));
    Ok(Response::of_value(&Tree::Null, meta))
}

/// Forgets what is staged; says how much it was.
pub(super) fn rollback(handle: &Handle) -> usize {
    if let Some(count) = handle.backend.rollback() {
        return count;
    }
    // Dropping the items may run host code (the drop of a reader): not under the lock.
    let items = std::mem::take(&mut handle.shared.staged.lock().items);
    items.len()
}

/// Sends what is staged now, in order, and stops at the first failure: what went before has left the list, the failed
/// one and what follows stay in it, ahead of what was staged meanwhile.
pub(super) fn commit(handle: &Handle, args: &Args, cancel: &Arc<Cancel>) -> Result<Response> {
    let shared = &handle.shared;
    let committing = if HostCode::active() { shared.committing.try_lock() } else { Some(shared.committing.lock()) };
    let Some(_committing) = committing else {
        return Err(Error::new(&code::BUSY, "commit was called inside a commit of the same session"));
    };
    if let Some(committed) = handle.backend.commit(args, cancel) {
        return committed.map(Response::from);
    }
    let mut waiting = std::mem::take(&mut shared.staged.lock().items);
    let (mut values, mut answers) = (Vec::with_capacity(waiting.len()), Vec::with_capacity(waiting.len()));
    while let Some(item) = waiting.pop_front() {
        let index = values.len();
        match item.send(args, cancel) {
            Ok(mut answer) => {
                shared.calls.fetch_add(1, Ordering::Relaxed);
                answer.note("index", index_tree(index));
                let answer = Response::from(answer);
                let mut value = Object::default();
                value.insert("index", index_tree(index));
                value.insert("status", Tree::Int(answer.status().into()));
                value.insert("value", answer.value().map_or(Tree::Null, |value| value.root().to_tree()));
                values.push(Tree::Object(value));
                answers.push(answer);
            }
            Err(error) => {
                waiting.push_front(item);
                let mut staged = shared.staged.lock();
                waiting.append(&mut staged.items);
                staged.items = waiting;
                drop(staged);
                return Err(failure(error, index, values, answers));
            }
        }
    }
    Ok(Response::of_items(&Tree::Array(values), answers))
}

impl Item {
    /// Sends it; the commit's own arguments stand in where the item has none.
    fn send(&self, args: &Args, cancel: &Arc<Cancel>) -> Result<Box<dyn Answer>> {
        let mut own = self.args.clone();
        for (key, value) in args.root().iter() {
            if !OF_THE_COMMIT.contains(&key) && own.get(key).is_none() {
                own.set(key, value.clone());
            }
        }
        self.backend.for_commit(&mut own)?;
        self.backend.request(&Call {
            verb: self.verb.as_deref(),
            target: self.target.as_deref(),
            args: &own,
            cancel,
            progress: None,
        })
    }
}

/// The failure of one item as the failure of the commit: its index, and the partial results behind it. The failed
/// answer itself is the last of them.
fn failure(mut error: Error, index: usize, values: Vec<Tree>, mut answers: Vec<Response>) -> Error {
    if let Some(mut answer) = Carried::take(&mut error) {
        answer.note("index", index_tree(index));
        answers.push(Response::from(answer));
    }
    let partial = Response::of_items(&Tree::Array(values), answers);
    Carried::attach(error.with("index", index_tree(index)), partial.into_answer())
}
