//! The staged list in a file (`journal`): what was staged survives the process, and is staged again by a session that
//! opens with the same file.
//!
//! The file follows the list: after each call that changed it, what is new is appended and what is gone removed, in one
//! transaction. A commit leaves a mark before it sends: who finds it knows that the batch may have been applied, and asks
//! the server ([`doubt`]). A batch that only changed attributes is staged again, as it says the same twice.

use std::{path::Path, sync::Arc};

use super::{
    Core, address, doubt,
    query::Key,
    store::Store,
    unit::{Change, Identity, Operation},
    way::{Way, now},
};
use crate::{
    args::Args,
    backends::Call,
    engine::{net::cancel::Cancel, store::Log},
    error::{Error, Result, code},
    log,
    sys::lock::Mutex,
    value::{Document, Node, Object, Tree},
};

/// The file of a session.
pub(super) struct Journal {
    file: Log,
    /// Held while the file is made to follow the list, so that it never goes back.
    following: Mutex<()>,
}

impl Journal {
    /// Opens the file for a server and a user.
    ///
    /// # Errors
    /// `io`; `argument` for the file of another server or user.
    pub fn open(file: &Path, server: &str, user: &str) -> Result<Journal> {
        let file = Log::open(file, &format!("{user} at {server}")).map_err(|error| error.with("key", "journal"))?;
        Ok(Journal { file, following: Mutex::default() })
    }

    /// Makes the file follow the list.
    ///
    /// # Errors
    /// `io`: what was staged is staged all the same, and would not survive.
    pub fn follow(&self, store: &Mutex<Store>) -> Result<()> {
        let _following = self.following.lock();
        let (gone, new) = store.lock().operations.unwritten();
        if gone.is_empty() && new.is_empty() {
            return Ok(());
        }
        let texts: Vec<(u64, String)> = new.iter().map(|(number, operation)| (*number, written(operation))).collect();
        self.file.change(&gone, &texts).inspect_err(|_| store.lock().operations.not_written(&gone, &new))
    }

    /// Before a commit sends the first `count` entries.
    ///
    /// # Errors
    /// `io`.
    pub fn sending(&self, store: &Mutex<Store>, count: usize) -> Result<()> {
        let mut doubts = store.lock().operations.doubts().to_vec();
        doubts.push(count);
        self.file.set_mark(Some(&mark(&doubts)))
    }

    /// After a commit that failed: what is in doubt.
    pub fn sent(&self, store: &Mutex<Store>) {
        let doubts = store.lock().operations.doubts().to_vec();
        if let Err(error) = self.file.set_mark((!doubts.is_empty()).then(|| mark(&doubts)).as_deref()) {
            log::warn(c"ftrack", || format!("the journal kept a mark that it should not: {}", error.message()));
        }
    }

    /// Stages again what the file has.
    ///
    /// # Errors
    /// `io`, and what goes wrong on the way to the server.
    pub fn replay(&self, core: &Core) -> Result<()> {
        let mut operations = Vec::new();
        let mut old = Vec::new();
        for (number, text) in self.file.entries()? {
            old.push(number);
            let read = read(&text);
            operations.push(read.ok_or_else(|| {
                Error::new(&code::IO, "the journal had an entry that is no change").with("key", "journal")
            })?);
        }
        let doubts: Vec<usize> =
            self.file.mark()?.unwrap_or_default().split(',').filter_map(|end| end.parse().ok()).collect();
        let (args, cancel) = (Args::new(), Arc::<Cancel>::default());
        let call = Call { verb: None, target: None, args: &args, cancel: &cancel, progress: None };
        let done = now(doubt::applied(core, &operations, &doubts, &Way::here(&call)))?;
        if done > 0 {
            log::info(c"ftrack", || format!("{done} changes of the journal had been committed"));
            operations.drain(..done);
        }
        let (_, new) = {
            let mut store = core.store.lock();
            for operation in operations {
                store.replay(operation);
            }
            // A request that is still on its way may be applied after we have looked.
            doubts.iter().filter(|end| **end > done).for_each(|end| store.operations.doubt(end - done));
            // The file is made anew: its numbers were another session's.
            store.operations.number_from(old.last().map_or(0, |number| number + 1));
            store.operations.unwritten()
        };
        let texts: Vec<(u64, String)> = new.iter().map(|(number, operation)| (*number, written(operation))).collect();
        self.file.change(&old, &texts)?;
        self.sent(&core.store);
        Ok(())
    }
}

/// The ends of batches as a word in the file.
fn mark(ends: &[usize]) -> String {
    ends.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
}

fn written(operation: &Operation) -> String {
    let mut out = Object::with_capacity(4);
    out.insert("entity", Tree::from(address::write(&operation.identity.kind, &operation.identity.key)));
    match &operation.change {
        Change::Create(data) => out.insert("create", Tree::Object(data.clone())),
        Change::Update { attribute, value } => {
            out.insert("attribute", Tree::Text(Arc::clone(attribute)));
            if let Some(value) = value {
                out.insert("value", value.clone());
            }
        }
        Change::Delete => out.insert("delete", Tree::Bool(true)),
    }
    Tree::Object(out).to_json()
}

fn read(text: &str) -> Option<Operation> {
    let document = Document::from_json(text.as_bytes().to_vec()).ok()?;
    let root = document.root();
    let (kind, key) = address::split(root.get("entity")?.as_str()?)?;
    let key: Key = address::key(key);
    let identity = Identity { kind: kind.into(), key };
    let change = match (root.get("create"), root.get("attribute").and_then(Node::as_str)) {
        (Some(data), _) => Change::Create(data.to_tree().as_object()?.clone()),
        (None, Some(attribute)) => {
            Change::Update { attribute: attribute.into(), value: root.get("value").map(Node::to_tree) }
        }
        (None, None) => root.get("delete").map(|_| Change::Delete)?,
    };
    Some(Operation { identity, change })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_back_as_they_were() {
        let identity = || Identity { kind: "Metadata".into(), key: ["a/b", "k,1"].map(std::sync::Arc::from).into() };
        let data: Object = [("id", Tree::from("x")), ("n", Tree::Null), ("d", Tree::Double(1.5))].into_iter().collect();
        for change in [
            Change::Create(data),
            Change::Update { attribute: "name".into(), value: Some(Tree::Null) },
            Change::Update { attribute: "name".into(), value: None },
            Change::Delete,
        ] {
            let operation = Operation { identity: identity(), change };
            let back = read(&written(&operation)).unwrap();
            assert_eq!(format!("{back:?}"), format!("{operation:?}"));
        }
        assert!(read("{}").is_none() && read("x").is_none());
    }
}
