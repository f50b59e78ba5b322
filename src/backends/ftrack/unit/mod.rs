//! The unit of work (spec/ftrack.md 5.2): what was changed and is not committed, in order.

mod batch;

use std::sync::Arc;

use rustc_hash::FxHashMap;

pub use batch::{Action, Payload, batch, to_trees};

use super::query::Key;
use crate::value::{Object, Tree};

/// Which entity, by its own type and its key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Identity {
    /// The name of its own type, not of a kind of it.
    pub kind: Arc<str>,
    /// Its key.
    pub key: Key,
}

/// A value as it goes over the wire; `None` is "not set", which is not null and never sent.
pub type Slot = Option<Tree>;

/// One change.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Whom it changes.
    pub identity: Identity,
    /// How.
    pub change: Change,
}

/// How an entity is changed.
#[derive(Clone, Debug)]
pub enum Change {
    /// It comes to be, with these attributes (its key among them).
    Create(Object),
    /// One attribute has another value.
    Update {
        /// The attribute.
        attribute: Arc<str>,
        /// Its value from now on.
        value: Slot,
    },
    /// It is no more.
    Delete,
}

/// What the list makes of an entity (spec 5.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// New.
    Created,
    /// Changed.
    Modified,
    /// To be deleted.
    Deleted,
}

impl State {
    /// The word in snapshots.
    pub fn word(self) -> &'static str {
        match self {
            State::Created => "created",
            State::Modified => "modified",
            State::Deleted => "deleted",
        }
    }
}

/// The list. Each entity's state is kept beside it, so that nobody has to walk through it.
#[derive(Debug, Default)]
pub struct Operations {
    list: Vec<Operation>,
    states: FxHashMap<Identity, State>,
    /// The number of each change, while somebody writes them down.
    written: Option<Numbers>,
    /// How many of the first were sent together without anybody knowing whether the server applied them; ascending.
    doubts: Vec<usize>,
    /// How many of the first are on their way in a commit. What is taken from the list meanwhile is taken from here, too.
    sending: usize,
}

/// Which changes are written down elsewhere.
#[derive(Debug, Default)]
struct Numbers {
    /// One for each change of the list, ascending.
    numbers: Vec<u64>,
    next: u64,
    /// The first that is not written down.
    unwritten: u64,
    /// Those that are written down and left the list.
    gone: Vec<u64>,
}

impl Numbers {
    /// Keeps those of the changes that stay.
    fn keep(&mut self, stays: impl Fn(usize) -> bool) {
        let mut at = 0;
        let (unwritten, gone) = (self.unwritten, &mut self.gone);
        self.numbers.retain(|number| {
            let stay = stays(at);
            at += 1;
            if !stay && *number < unwritten {
                gone.push(*number);
            }
            stay
        });
    }
}

impl Operations {
    /// Adds a change at the end.
    pub fn record(&mut self, operation: Operation) {
        let state = match &operation.change {
            Change::Create(_) => State::Created,
            Change::Update { .. } => State::Modified,
            Change::Delete => State::Deleted,
        };
        self.states
            .entry(operation.identity.clone())
            .and_modify(|known| {
                // The first create or update decides, a delete always.
                if state == State::Deleted {
                    *known = state;
                }
            })
            .or_insert(state);
        self.list.push(operation);
        if let Some(written) = &mut self.written {
            written.numbers.push(written.next);
            written.next += 1;
        }
    }

    /// Numbers all changes from here on, and those that are there, so that they can be written down.
    pub fn number_from(&mut self, first: u64) {
        let count = self.list.len() as u64;
        let numbers = (first..first + count).collect();
        self.written = Some(Numbers { numbers, next: first + count, unwritten: first, gone: Vec::new() });
    }

    /// What has to be removed where changes are written down, and what appended; it counts as done.
    pub fn unwritten(&mut self) -> (Vec<u64>, Vec<(u64, Operation)>) {
        let Some(written) = &mut self.written else { return Default::default() };
        let from = written.numbers.partition_point(|number| *number < written.unwritten);
        let new = written.numbers.iter().copied().zip(self.list.iter().cloned()).skip(from).collect();
        written.unwritten = written.next;
        (std::mem::take(&mut written.gone), new)
    }

    /// It could not be done: it is to be done the next time.
    pub fn not_written(&mut self, gone: &[u64], new: &[(u64, Operation)]) {
        if let Some(written) = &mut self.written {
            written.gone.extend_from_slice(gone);
            if let Some((first, _)) = new.first() {
                written.unwritten = written.unwritten.min(*first);
            }
        }
    }

    /// The state of an entity; `None` when nothing was changed.
    pub fn state(&self, identity: &Identity) -> Option<State> {
        self.states.get(identity).copied()
    }

    /// All changes, in order.
    pub fn list(&self) -> &[Operation] {
        &self.list
    }

    /// The first `count` were sent, and nobody knows what became of them.
    pub fn doubt(&mut self, count: usize) {
        self.doubts.retain(|known| *known < count);
        self.doubts.push(count);
    }

    /// Up to where batches went whose outcome is not known, ascending.
    pub fn doubts(&self) -> &[usize] {
        &self.doubts
    }

    /// A commit sends the first `count`.
    pub fn send(&mut self, count: usize) {
        self.sending = count;
    }

    /// How many of the first are those that the commit sent.
    pub fn sent(&self) -> usize {
        self.sending
    }

    /// The changes alone, in order.
    pub fn into_list(self) -> Vec<Operation> {
        self.list
    }

    /// Takes the first `count` out: they were committed. What was recorded meanwhile stays.
    pub fn committed(&mut self, count: usize) -> Vec<Operation> {
        self.doubts.retain_mut(|doubt| {
            *doubt = doubt.saturating_sub(count);
            *doubt > 0
        });
        self.sending = self.sending.saturating_sub(count);
        if let Some(written) = &mut self.written {
            written.keep(|at| at >= count);
        }
        let rest = self.list.split_off(count.min(self.list.len()));
        let done = std::mem::take(&mut self.list);
        self.replace(rest);
        done
    }

    /// Takes those of the first `count` away that `picked` picks: they were committed, and the others were not.
    pub fn committed_of(&mut self, count: usize, picked: &dyn Fn(&Operation) -> bool) {
        let list = std::mem::take(&mut self.list);
        let kept: Vec<bool> =
            list.iter().enumerate().map(|(at, operation)| at >= count || !picked(operation)).collect();
        self.doubts.iter_mut().for_each(|doubt| *doubt = kept.iter().take(*doubt).filter(|kept| **kept).count());
        self.doubts.dedup();
        self.doubts.retain(|doubt| *doubt > 0);
        self.sending = kept.iter().take(self.sending).filter(|kept| **kept).count();
        if let Some(written) = &mut self.written {
            written.keep(|at| kept.get(at).copied().unwrap_or(true));
        }
        self.replace(list.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(operation, _)| operation).collect());
    }

    /// Forgets all of it.
    pub fn clear(&mut self) {
        if let Some(written) = &mut self.written {
            written.keep(|_| false);
        }
        self.list.clear();
        self.states.clear();
        self.doubts.clear();
        self.sending = 0;
    }

    /// Forgets the updates of one entity's attributes, for a revert; of all when `attributes` is empty.
    pub fn forget(&mut self, identity: &Identity, attributes: &[&str]) {
        let list = std::mem::take(&mut self.list);
        let stays = |operation: &Operation| match &operation.change {
            Change::Update { attribute, .. } => {
                operation.identity != *identity || !(attributes.is_empty() || attributes.contains(&&**attribute))
            }
            _ => true,
        };
        let left = |count: usize| list.iter().take(count).filter(|operation| stays(operation)).count();
        self.doubts.iter_mut().for_each(|doubt| *doubt = left(*doubt));
        self.doubts.dedup();
        self.doubts.retain(|doubt| *doubt > 0);
        self.sending = left(self.sending);
        if let Some(written) = &mut self.written {
            let kept: Vec<bool> = list.iter().map(stays).collect();
            written.keep(|at| kept.get(at).copied().unwrap_or(false));
        }
        self.replace(list.into_iter().filter(stays).collect());
    }

    fn replace(&mut self, list: Vec<Operation>) {
        self.states.clear();
        self.list.clear();
        self.list.reserve(list.len());
        // They keep the numbers that they have.
        let written = self.written.take();
        for operation in list {
            self.record(operation);
        }
        self.written = written;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(id: &str) -> Identity {
        Identity { kind: "Task".into(), key: Box::new([id.into()]) }
    }

    fn update(id: &str, attribute: &str) -> Operation {
        Operation {
            identity: identity(id),
            change: Change::Update { attribute: attribute.into(), value: Some(Tree::Int(1)) },
        }
    }

    #[test]
    fn what_is_written_down_follows_the_list() {
        let mut operations = Operations::default();
        operations.record(update("a", "x"));
        assert_eq!(operations.unwritten().1.len(), 0, "nobody writes");
        operations.number_from(7);
        operations.record(update("a", "y"));
        operations.record(update("b", "x"));
        let numbers = |(gone, new): (Vec<u64>, Vec<(u64, Operation)>)| {
            (gone, new.iter().map(|(number, _)| *number).collect::<Vec<_>>())
        };
        let (gone, new) = operations.unwritten();
        operations.not_written(&gone, &new);
        assert_eq!(numbers(operations.unwritten()), (vec![], vec![7, 8, 9]));
        operations.record(update("c", "x"));
        operations.forget(&identity("a"), &["y"]);
        assert_eq!(numbers(operations.unwritten()), (vec![8], vec![10]));
        operations.committed(1);
        operations.record(update("d", "x"));
        operations.forget(&identity("d"), &[]);
        assert_eq!(numbers(operations.unwritten()), (vec![7], vec![]));
        operations.clear();
        assert_eq!(numbers(operations.unwritten()), (vec![9, 10], vec![]));
    }

    #[test]
    fn doubts_follow_the_list() {
        let mut operations = Operations::default();
        ["a", "a", "b", "c"].iter().for_each(|id| operations.record(update(id, "x")));
        operations.doubt(2);
        operations.doubt(4);
        operations.doubt(4);
        assert_eq!(operations.doubts(), [2, 4]);
        operations.record(update("d", "x"));
        operations.forget(&identity("b"), &[]);
        assert_eq!(operations.doubts(), [2, 3]);
        operations.forget(&identity("c"), &[]);
        assert_eq!(operations.doubts(), [2]);
        operations.doubt(3);
        operations.committed(2);
        assert_eq!((operations.doubts(), operations.list().len()), (&[1][..], 1));
        operations.clear();
        assert!(operations.doubts().is_empty());
    }

    #[test]
    fn some_are_committed_and_the_others_stay() {
        let mut operations = Operations::default();
        operations.number_from(1);
        for (id, attribute) in [("a", "x"), ("b", "x"), ("a", "y")] {
            operations.record(update(id, attribute));
        }
        operations.unwritten();
        operations.record(update("a", "z"));
        operations.committed_of(3, &|operation| operation.identity == identity("a"));
        let left: Vec<&str> = operations
            .list()
            .iter()
            .map(|operation| match &operation.change {
                Change::Update { attribute, .. } => &**attribute,
                _ => "",
            })
            .collect();
        assert_eq!(left, ["x", "z"], "what was recorded meanwhile stays");
        let (gone, new) = operations.unwritten();
        assert_eq!((gone, new.iter().map(|(number, _)| *number).collect::<Vec<_>>()), (vec![1, 3], vec![4]));
        assert_eq!(operations.state(&identity("b")), Some(State::Modified));
    }

    #[test]
    fn states_follow_the_list() {
        let mut operations = Operations::default();
        operations.record(Operation { identity: identity("a"), change: Change::Create(Object::default()) });
        operations.record(update("a", "x"));
        operations.record(update("b", "x"));
        operations.record(Operation { identity: identity("c"), change: Change::Delete });
        let state = |operations: &Operations, id| operations.state(&identity(id)).map(State::word);
        assert_eq!(
            ["a", "b", "c", "d"].map(|id| state(&operations, id)),
            [Some("created"), Some("modified"), Some("deleted"), None]
        );
        operations.committed(1);
        assert_eq!(state(&operations, "a"), Some("modified"));
        operations.forget(&identity("a"), &["x"]);
        assert_eq!((state(&operations, "a"), operations.list().len()), (None, 2));
        operations.clear();
        assert_eq!(state(&operations, "c"), None);
    }
}
