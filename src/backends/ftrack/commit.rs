//! Commit: everything that was changed in one request, applied as a whole or not at all (spec/ftrack.md 5.4, 5.5).

use std::sync::Arc;

use super::{
    Core, doubt,
    store::{Paths, Store},
    unit::{Action, Operation, Payload, batch},
};
use crate::{
    args::Args,
    backends::{Answer, Plain},
    engine::net::cancel::Cancel,
    error::Result,
    value::{Node, Object, Tree},
};

/// Sends what is staged. A failure leaves the list as it was; what is staged meanwhile belongs to the next commit.
pub(super) fn commit(core: &Core, args: &Args, cancel: &Arc<Cancel>) -> Result<Box<dyn Answer>> {
    let _committing = core.committing.lock();
    doubt::settle(core, args, cancel)?;
    let (count, payloads) = {
        let mut store = core.store.lock();
        let count = store.operations.list().len();
        let payloads = batch(store.operations.list());
        if payloads.is_empty() {
            // What cancels itself out is done.
            store.committed(count);
        }
        (count, payloads)
    };
    if let Some(journal) = core.journal.as_ref().filter(|_| !payloads.is_empty()) {
        journal.follow(&core.store)?;
        journal.sending(&core.store, count)?;
    }
    let sent = send(core, &payloads, args, cancel, |store| store.committed(count));
    if let Err(error) = &sent {
        doubt::note(core, count, error);
        if let Some(journal) = &core.journal {
            journal.sent(&core.store);
        }
    }
    let shown = sent?;
    let items = shown.iter().enumerate().map(|(index, value)| {
        let mut meta = Object::with_capacity(1);
        meta.insert("index", Tree::Int(i64::try_from(index).unwrap_or(i64::MAX)));
        Box::new(Plain::new(value, meta)) as Box<dyn Answer>
    });
    let items: Vec<_> = items.collect();
    let list = shown.into_iter().enumerate().map(|(index, value)| {
        let mut entry = Object::with_capacity(3);
        entry.insert("index", Tree::Int(i64::try_from(index).unwrap_or(i64::MAX)));
        entry.insert("status", Tree::Int(200));
        entry.insert("value", value);
        Tree::Object(entry)
    });
    let list = Tree::Array(list.collect());
    Ok(Box::new(Plain::of_items(&list, items.into_iter())))
}

/// Sends changes that are not staged, as a batch of their own.
pub(super) fn send_apart(core: &Core, operations: &[Operation], args: &Args, cancel: &Arc<Cancel>) -> Result<Vec<Tree>> {
    send(core, &batch(operations), args, cancel, |store| store.applied(operations))
}

/// The same, with those of the staged changes ahead that `along` picks: they are committed too.
pub(super) fn send_with_staged(
    core: &Core,
    along: &dyn Fn(&Operation) -> bool,
    operations: &[Operation],
    args: &Args,
    cancel: &Arc<Cancel>,
) -> Result<Vec<Tree>> {
    let _committing = core.committing.lock();
    let (count, mut all) = {
        let store = core.store.lock();
        let list = store.operations.list();
        (list.len(), list.iter().filter(|operation| along(operation)).cloned().collect::<Vec<_>>())
    };
    all.extend_from_slice(operations);
    send(core, &batch(&all), args, cancel, |store| {
        store.operations.committed_of(count, along);
        store.applied(&all);
    })
}

/// Sends payloads; when the server has applied them, `settle` is told and the answer is merged.
fn send(core: &Core, payloads: &[Payload], args: &Args, cancel: &Arc<Cancel>, settle: impl FnOnce(&mut Store)) -> Result<Vec<Tree>> {
    if payloads.is_empty() {
        settle(&mut core.store.lock());
        return Ok(Vec::new());
    }
    let reply = core.wire.call(payloads.iter().map(Payload::to_tree).collect(), args, cancel)?;
    let mut store = core.store.lock();
    settle(&mut store);
    let results: Vec<Node<'_>> = reply.results().into_iter().flat_map(Node::items).collect();
    let merged: Vec<_> = results.iter().map(|result| result.get("data").and_then(|data| store.merge(data))).collect();
    let of = |wanted: fn(Action) -> bool| -> Vec<_> {
        payloads.iter().filter(|payload| wanted(payload.action)).map(|payload| payload.identity.clone()).collect()
    };
    let deleted = of(|action| action == Action::Delete);
    if !deleted.is_empty() {
        store.purge(&deleted, &of(|action| action != Action::Delete));
    }
    Ok(merged
        .into_iter()
        .zip(results)
        .map(|(id, result)| match id {
            Some(id) => store.show(id, &Paths::default()),
            None => result.get("data").map_or(Tree::Null, Node::to_tree),
        })
        .collect())
}
