//! Work that waits for commit: one list per server session, sent in order.

use std::sync::Arc;

use super::{Handle, HostCode, Response};
use crate::{
    args::Args,
    backends::{Backend, Call},
    error::{Error, Result, code},
    value::{Object, Tree},
};

/// The staged list.
#[derive(Default)]
pub(super) struct Staged {
    items: std::collections::VecDeque<Item>,
}

/// One staged call, with the back end of the handle that staged it.
struct Item {
    backend: Arc<dyn Backend>,
    verb: Option<Box<str>>,
    target: Option<Box<str>>,
    args: Args,
}

impl Staged {
    /// Forgets everything; says how much it was.
    pub(super) fn clear(&mut self) -> usize {
        std::mem::take(&mut self.items).len()
    }

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

pub(super) fn stage(handle: &Handle, verb: Option<&str>, target: Option<&str>, args: &Args) -> Result<Response> {
    let ticket = handle.shared.tickets.open(handle.id, None)?;
    handle.backend.check(&Call { verb, target, args, cancel: &ticket.cancel, progress: None })?;
    let item = Item {
        backend: Arc::clone(&handle.backend),
        verb: verb.map(Into::into),
        target: target.map(Into::into),
        args: args.clone(),
    };
    let mut staged = handle.shared.staged.lock();
    staged.items.push_back(item);
    let mut meta = Object::default();
    meta.insert("index", index_tree(staged.items.len() - 1));
    Ok(Response::of_value(&Tree::Null, meta))
}

/// Sends what is staged now, in order, and stops at the first failure: what went before has left the list, the failed
/// one and what follows stay in it, ahead of what was staged meanwhile.
pub(super) fn commit(handle: &Arc<Handle>, args: &Args) -> Result<Response> {
    let shared = &handle.shared;
    let committing = if HostCode::active() { shared.committing.try_lock() } else { Some(shared.committing.lock()) };
    let Some(_committing) = committing else {
        return Err(Error::new(&code::BUSY, "commit was called inside a commit of the same session"));
    };
    let ticket = shared.tickets.open(handle.id, None)?;
    handle.ready()?;
    let mut waiting = std::mem::take(&mut shared.staged.lock().items);
    let (mut values, mut answers) = (Vec::with_capacity(waiting.len()), Vec::with_capacity(waiting.len()));
    while let Some(item) = waiting.pop_front() {
        let mut item_args = item.args.clone();
        for (key, value) in args.root().iter() {
            if item_args.get(key).is_none() {
                item_args.set(key, value.clone());
            }
        }
        let call = Call {
            verb: item.verb.as_deref(),
            target: item.target.as_deref(),
            args: &item_args,
            cancel: &ticket.cancel,
            progress: None,
        };
        let index = values.len();
        match item.backend.request(&call).and_then(|answer| item.backend.judge(&item.args, answer)) {
            Ok(answer) => {
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

/// The failure of one item as the failure of the commit: its index, and the partial results behind it. The failed
/// answer itself is the last of them.
fn failure(mut error: Error, index: usize, values: Vec<Tree>, mut answers: Vec<Response>) -> Error {
    if let Some(answer) = crate::backends::Carried::take(&mut error) {
        answers.push(Response::from(answer));
    }
    let partial = Response::of_items(&Tree::Array(values), answers);
    crate::backends::Carried::attach(error.with("index", index_tree(index)), partial.into_answer())
}
