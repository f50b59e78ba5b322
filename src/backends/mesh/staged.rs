//! What was staged: it is in the workspace on the server already, where this session alone sees it, and is remembered until
//! a commit has succeeded. A workspace that another session's commit made corrupt takes no commit any more; the next one
//! rolls it back and sends all of the list again, unless the host has rolled back before, which forgets the list.

use std::{collections::VecDeque, time::Duration};

use super::{
    MeshSession,
    terms::{Task, Terms},
    verbs,
};
use crate::{
    args::Args,
    backends::{Answer, Plain},
    error::{Error, Outcome, Result, Status, code},
    value::{Object, Tree},
};

/// How often a commit that waits for another one looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// The list of one session.
#[derive(Default)]
pub struct Staged {
    items: VecDeque<Item>,
    /// The workspace on the server takes no commit before a rollback.
    corrupt: bool,
    /// Something may be in the workspace beside the list: raw calls, and calls of which nobody knows how they went.
    beside: bool,
    /// A rollback of the host did not reach the server: what was forgotten may still be in the workspace.
    owed: bool,
    /// How often the workspace was rolled back.
    epoch: u64,
}

struct Item {
    verb: Box<str>,
    target: Option<Box<str>>,
    args: Args,
    /// What the server answered when it was sent into the workspace.
    sent: Option<Tree>,
}

impl Staged {
    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// As a snapshot shows it: verb and target.
    #[must_use]
    pub fn show(&self) -> Tree {
        let show = |(index, item): (usize, &Item)| {
            let mut object = Object::with_capacity(3);
            object.insert("index", index_tree(index));
            object.insert("verb", Tree::from(&*item.verb));
            object.insert("target", item.target.as_deref().map_or(Tree::Null, Tree::from));
            Tree::Object(object)
        };
        Tree::Array(self.items.iter().enumerate().map(show).collect())
    }

    /// What a failure says about the workspace: others may have committed what does not go with it, so that no commit of it
    /// will succeed. What may have been done although it failed is in it beside the list.
    fn heed(&mut self, error: &Error) {
        self.corrupt |= error.code() == code::SESSION_CORRUPT.word;
        self.beside |= may_be_done(error);
    }

    /// The same of a failed commit: an owner that is gone spoils it, too. A call that names no owner was only refused.
    fn heed_commit(&mut self, error: &Error) {
        self.heed(error);
        self.corrupt |= error.code() == code::OWNER_GONE.word;
    }

    /// Adds what a call with these arguments has done since that epoch; its index.
    fn add(&mut self, call: &Task<'_>, args: Args, value: Tree, epoch: u64) -> usize {
        // A rollback meanwhile took it out of the workspace again.
        let sent = (self.epoch == epoch).then_some(value);
        self.items.push_back(Item {
            verb: call.verb.unwrap_or_default().into(),
            target: call.target.map(Into::into),
            args,
            sent,
        });
        self.items.len() - 1
    }

    /// A raw call may have changed something in the workspace.
    pub fn beside(&mut self) {
        self.beside = true;
    }

    /// The host forgets all of it. What is forgotten may hold what is the host's, whose code lets go of it: without the lock.
    #[must_use]
    pub fn forget(&mut self) -> Staged {
        let empty = Staged { epoch: self.epoch + 1, owed: self.owed, ..Staged::default() };
        std::mem::replace(self, empty)
    }

    /// The workspace was rolled back on the server: all of it is to be sent again.
    pub fn unsent(&mut self) {
        self.epoch += 1;
        self.items.iter_mut().for_each(|item| item.sent = None);
    }
}

/// Whether what failed may have changed the workspace all the same: an answer that did not come, or one that could not be read.
fn may_be_done(error: &Error) -> bool {
    match error.known_outcome() {
        Some(outcome) => outcome != Outcome::NotSent,
        None => matches!(error.status(), Status::Protocol | Status::Limit | Status::Internal),
    }
}

/// Forgets on the server what the host has forgotten.
///
/// # Errors
/// What the server refused, what went wrong on the way. Then nothing gets into the workspace before it has succeeded.
pub fn undo(session: &MeshSession, terms: &Terms) -> Result<()> {
    session.staged.lock().owed = true;
    session.workspace.rollback(&session.core, terms)?;
    let mut staged = session.staged.lock();
    staged.owed = false;
    // What another thread has staged meanwhile may have been forgotten with it.
    staged.unsent();
    Ok(())
}

/// Before anything gets into the workspace: an earlier rollback that did not reach the server is made up for.
///
/// # Errors
/// Those of [`undo`]; nothing else was sent.
pub fn make_up(session: &MeshSession, terms: &Terms) -> Result<()> {
    if !session.staged.lock().owed {
        return Ok(());
    }
    undo(session, terms).map_err(|error| error.outcome(Outcome::NotSent))
}

fn index_tree(index: usize) -> Tree {
    Tree::Int(i64::try_from(index).unwrap_or(i64::MAX))
}

/// Sends a call into the workspace, where this session alone sees it, and remembers it until the commit.
///
/// # Errors
/// The mistake in the call, what the server refused: then it is not in the list. Of a write in chunks, those that went
/// before are; `index` says where.
pub fn stage(session: &MeshSession, call: &Task<'_>) -> Result<Box<dyn Answer>> {
    verbs::stageable(call.verb)?;
    make_up(session, call.terms)?;
    let epoch = session.staged.lock().epoch;
    let mut answer = match verbs::request(session, call) {
        Ok(answer) => answer,
        Err(error) => {
            session.staged.lock().heed(&error);
            // What was done before it failed is in the workspace, and goes with its commit.
            return Err(match verbs::done(call, &error) {
                Some(args) => error.with("index", index_tree(session.staged.lock().add(call, args, Tree::Null, epoch))),
                None => error,
            });
        }
    };
    let value = answer.value().map_or(Tree::Null, |value| value.root().to_tree());
    let index = session.staged.lock().add(call, call.args.clone(), value, epoch);
    answer.note("index", index_tree(index));
    Ok(answer)
}

/// Commits the workspace; what is not in it any more is sent again before, in order. What is staged meanwhile belongs to the
/// next commit. Nothing is sent when there can be nothing to commit: nothing was staged or sent by a raw call, and the
/// session was not joined, in which another process may have left work.
///
/// # Errors
/// The first failure, with its `index`; or that of the commit. The list stays.
pub fn commit(session: &MeshSession, terms: &Terms) -> Result<Box<dyn Answer>> {
    let _one = loop {
        terms.check().map_err(|error| error.outcome(Outcome::NotSent))?;
        if let Some(one) = session.committing.try_lock_for(LOOK) {
            break one;
        }
    };
    let idle = {
        let staged = session.staged.lock();
        staged.items.is_empty() && !staged.beside
    };
    if idle && !session.workspace.keeps() {
        return Ok(Box::new(Plain::of_items(&Tree::Array(Vec::new()), std::iter::empty())));
    }
    make_up(session, terms)?;
    if std::mem::take(&mut session.staged.lock().corrupt) {
        // Nothing of it can be committed any more: it is done again on what the others have made of the model.
        if let Err(error) = session.workspace.rollback(&session.core, terms) {
            session.staged.lock().corrupt = true;
            return Err(error);
        }
        session.staged.lock().unsent();
    }
    let count = session.staged.lock().len();
    for index in 0..count {
        let next = {
            let staged = session.staged.lock();
            staged
                .items
                .get(index)
                .filter(|item| item.sent.is_none())
                .map(|item| (item.verb.clone(), item.target.clone(), item.args.clone()))
        };
        let Some((verb, target, own)) = next else { continue };
        // What it said of its time counts again, within that of the commit.
        let answer = session.terms(&own, &terms.cancel).map(|own| own.inside(terms)).and_then(|terms| {
            verbs::request(session, &Task { verb: Some(&verb), target: target.as_deref(), args: &own, terms: &terms })
        });
        let answer = answer.map_err(|error| {
            session.staged.lock().heed(&error);
            error.with("index", index_tree(index))
        })?;
        let value = answer.value().map_or(Tree::Null, |value| value.root().to_tree());
        if let Some(item) = session.staged.lock().items.get_mut(index) {
            item.sent = Some(value);
        }
    }
    if let Err(error) = session.workspace.commit(&session.core, terms) {
        session.staged.lock().heed_commit(&error);
        return Err(error);
    }
    let done: Vec<Item> = {
        let mut staged = session.staged.lock();
        staged.beside = false;
        let count = count.min(staged.items.len());
        staged.items.drain(..count).collect()
    };
    let values: Vec<Tree> = done.into_iter().map(|item| item.sent.unwrap_or_default()).collect();
    let list = values.iter().enumerate().map(|(index, value)| {
        let mut entry = Object::with_capacity(3);
        entry.insert("index", index_tree(index));
        entry.insert("status", Tree::Int(200));
        entry.insert("value", value.clone());
        Tree::Object(entry)
    });
    let list = Tree::Array(list.collect());
    let items = values.iter().enumerate().map(|(index, value)| {
        let mut meta = Object::with_capacity(1);
        meta.insert("index", index_tree(index));
        Box::new(Plain::new(value, meta)) as Box<dyn Answer>
    });
    Ok(Box::new(Plain::of_items(&list, items)))
}
