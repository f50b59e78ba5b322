//! A batch whose answer never came (spec/ftrack.md 5.4): sent again it would be refused for its creates, or change what
//! others changed meanwhile. Identifiers are made here, so the server can be asked whether it has what the batch made.
//!
//! The server applies a batch whole or not at all, and one entity tells of all of it. Several batches may be in doubt at
//! once, each with all that came before in it: what lies between the end of one and of the next tells them apart.

use std::collections::HashSet;

use super::{
    Core, query,
    schema::{Default, EntityType},
    unit::{Change, Identity, Operation},
    verbs,
    way::Way,
};
use crate::{
    error::{Error, Outcome, Result},
    log,
};

/// Before a commit: what earlier ones have done all the same is done.
///
/// # Errors
/// What goes wrong on the way to the server; the outcome is as unknown as it was.
pub(super) async fn settle(core: &Core, way: &Way<'_>) -> Result<()> {
    let (list, doubts) = {
        let store = core.store.lock();
        let doubts = store.operations.doubts().to_vec();
        let most = doubts.last().copied().unwrap_or(0);
        (store.operations.list().iter().take(most).cloned().collect::<Vec<_>>(), doubts)
    };
    let done = applied(core, &list, &doubts, way).await.map_err(|error| error.outcome(Outcome::Unknown))?;
    if done == 0 {
        return Ok(());
    }
    log::info(c"ftrack", || format!("{done} changes had been committed, although no answer came"));
    let mut store = core.store.lock();
    store.committed(done);
    // What the answer would have said is not known: it is asked for when it is wanted.
    for operation in list.iter().take(done) {
        let kind = store.schemas().get(&operation.identity.kind).map(|kind| kind.id);
        if let Some(id) = kind.and_then(|kind| store.find(kind, &operation.identity.key)) {
            store.invalidate(id);
        }
    }
    Ok(())
}

/// After a commit failed.
pub(super) fn note(core: &Core, error: &Error) {
    // What says nothing of it is a mistake that was found before anything was sent.
    if error.known_outcome() == Some(Outcome::Unknown) {
        let mut store = core.store.lock();
        let count = store.operations.sent();
        // Nothing is in doubt of what was taken back.
        if count > 0 {
            store.operations.doubt(count);
            store.operations.send(0);
        }
    }
}

/// How many of the first changes the server has applied, of batches that went up to each of `doubts`.
///
/// # Errors
/// What goes wrong on the way to the server.
pub(super) async fn applied(core: &Core, list: &[Operation], doubts: &[usize], way: &Way<'_>) -> Result<usize> {
    for (at, end) in doubts.iter().enumerate().rev() {
        let start = at.checked_sub(1).and_then(|before| doubts.get(before)).copied().unwrap_or(0);
        let (Some(batch), Some(own)) = (list.get(..*end), list.get(start..*end)) else { continue };
        let Some((operation, kind)) = telling(core, batch, own) else { continue };
        let text = query::populate(kind, &kind.key_names().collect::<Vec<_>>().join(", "), &[&operation.identity.key]);
        let reply = core.wire.ask(vec![verbs::query_operation(format!("{text} offset 0 limit 1"))], way).await?;
        let there = reply.result(0)?.get("data").is_some_and(|data| data.count() > 0);
        if there == matches!(operation.change, Change::Create(_)) {
            return Ok(*end);
        }
    }
    Ok(0)
}

/// The change that tells whether a batch was applied: of those that are its own, one that nobody else can have made. None
/// when there are only updates: they say the same twice.
fn telling<'a>(core: &'a Core, batch: &[Operation], own: &'a [Operation]) -> Option<(&'a Operation, &'a EntityType)> {
    let of = |wanted: fn(&Change) -> bool| -> HashSet<&Identity> {
        batch.iter().filter(|operation| wanted(&operation.change)).map(|operation| &operation.identity).collect()
    };
    let (made, gone) =
        (of(|change| matches!(change, Change::Create(_))), of(|change| matches!(change, Change::Delete)));
    let rank = |operation: &Operation, kind: &EntityType| match operation.change {
        // What is both made and deleted was never sent.
        _ if made.contains(&operation.identity) && gone.contains(&operation.identity) => None,
        Change::Create(_) => {
            let ours = |at| kind.attribute(at).is_some_and(|attribute| matches!(attribute.default, Default::Uid));
            Some(if kind.primary_key.iter().copied().all(ours) { 0 } else { 2 })
        }
        Change::Delete => Some(1),
        Change::Update { .. } => None,
    };
    let ranked = own.iter().filter_map(|operation| {
        let kind = core.server.schemas.get(&operation.identity.kind)?;
        Some((rank(operation, kind)?, operation, &**kind))
    });
    ranked.min_by_key(|(rank, ..)| *rank).map(|(_, operation, kind)| (operation, kind))
}
