//! Commit: everything that was changed in one request, applied as a whole or not at all (spec/ftrack.md 5.4, 5.5).

use super::{
    Core, doubt,
    store::{Drawing, Paths, Store},
    unit::{Action, Identity, Operation, Payload, batch, to_trees},
    way::{Way, now},
};
use crate::{
    backends::{Answer, Call, Plain},
    error::Result,
    value::{Document, Draft, Node, Object, Tree},
};

/// Sends what is staged. A failure leaves the list as it was; what is staged meanwhile belongs to the next commit.
pub(super) async fn commit(core: &Core, way: &Way<'_>) -> Result<Box<dyn Answer>> {
    let _committing = way.turn(core).await?;
    doubt::settle(core, way).await?;
    let (count, payloads) = {
        let mut store = core.store.lock();
        let count = store.operations.list().len();
        let payloads = batch(store.operations.list());
        if payloads.is_empty() {
            // What cancels itself out is done.
            store.committed(count);
        }
        store.operations.send(if payloads.is_empty() { 0 } else { count });
        (count, payloads)
    };
    if let Some(journal) = core.journal.as_ref().filter(|_| !payloads.is_empty()) {
        journal.follow(&core.store)?;
        journal.sending(&core.store, count)?;
    }
    let sent = send(core, payloads, way, |store| {
        // It may be less: somebody may have taken of the list meanwhile.
        let count = store.operations.sent();
        store.committed(count);
    })
    .await;
    if let Err(error) = &sent {
        doubt::note(core, error);
        if let Some(journal) = &core.journal {
            journal.sent(&core.store);
        }
    }
    Ok(Box::new(Committed { list: Plain::of_document(sent?), next: 0 }))
}

/// What was committed: a list of `{index, status, value}`, each of which comes out of `next` as an answer of its own.
struct Committed {
    list: Plain,
    next: usize,
}

impl Answer for Committed {
    fn body(&self) -> &[u8] {
        self.list.body()
    }

    fn value(&self) -> Option<&Document> {
        self.list.value()
    }

    fn meta(&self) -> &Document {
        self.list.meta()
    }

    fn next(&mut self) -> Result<Option<Box<dyn Answer>>> {
        let item = self.list.value().and_then(|list| list.root().item(self.next));
        let Some((_, item)) = item else { return Ok(None) };
        self.next += 1;
        let mut meta = Object::with_capacity(1);
        meta.insert("index", item.get("index").map_or(Tree::Null, Node::to_tree));
        Ok(Some(Box::new(Plain::new(&item.get("value").map_or(Tree::Null, Node::to_tree), meta))))
    }
}

/// Sends changes that are not staged, as a batch of their own.
pub(super) async fn send_apart(core: &Core, operations: &[Operation], way: &Way<'_>) -> Result<()> {
    send(core, batch(operations), way, |store| store.applied(operations)).await.map(drop)
}

/// The same on the calling thread, with those of the staged changes ahead that `along` picks: they are committed too.
pub(super) fn send_with_staged(
    core: &Core,
    along: &dyn Fn(&Operation) -> bool,
    operations: &[Operation],
    call: &Call<'_>,
) -> Result<()> {
    let way = Way::here(call);
    let _committing = now(way.turn(core))?;
    let (count, mut all) = {
        let store = core.store.lock();
        let list = store.operations.list();
        (list.len(), list.iter().filter(|operation| along(operation)).cloned().collect::<Vec<_>>())
    };
    all.extend_from_slice(operations);
    let sent = send(core, batch(&all), &way, |store| {
        store.operations.committed_of(count, along);
        store.applied(&all);
    });
    now(sent).map(drop)
}

/// Sends payloads; when the server has applied them, `settle` is told and the answer is merged.
async fn send(
    core: &Core,
    payloads: Vec<Payload>,
    way: &Way<'_>,
    settle: impl FnOnce(&mut Store),
) -> Result<Box<Document>> {
    let mut draft = Draft::default();
    let list = draft.open(Draft::ROOT);
    if payloads.is_empty() {
        settle(&mut core.store.lock());
        draft.array(&list);
        return Ok(draft.finish());
    }
    let of = |wanted: fn(Action) -> bool| -> Vec<Identity> {
        payloads.iter().filter(|payload| wanted(payload.action)).map(|payload| payload.identity.clone()).collect()
    };
    let deleted = of(|action| action == Action::Delete);
    let changed = if deleted.is_empty() { Vec::new() } else { of(|action| action != Action::Delete) };
    way.changes();
    let reply = core.wire.ask(to_trees(payloads), way).await;
    // Also when nobody knows what became of it.
    core.committed();
    let reply = reply?;
    let mut store = core.store.lock();
    settle(&mut store);
    let results: Vec<Option<Node<'_>>> =
        reply.results().into_iter().flat_map(Node::items).map(|result| result.get("data")).collect();
    let merged: Vec<_> = results.iter().map(|data| data.and_then(|data| store.merge(data))).collect();
    if !deleted.is_empty() {
        store.purge(&deleted, &changed);
    }
    let paths = Paths::default();
    let mut drawing = Drawing::new(&store, &mut draft);
    for (index, (id, data)) in (0..).zip(merged.into_iter().zip(results)) {
        drawing.committed(index, id, data, &paths, list.item());
    }
    draft.array(&list);
    Ok(draft.finish())
}
