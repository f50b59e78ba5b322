//! Reading: queries in pages, entities by key, attributes that are missing (spec/ftrack.md 3, 5.6).

use std::sync::Arc;

use super::{addressed, document, plain, query_operation, target};
use crate::{
    args::Args,
    backends::{
        Answer, Call, Plain, empty,
        ftrack::{
            Core, FtrackSession,
            ahead::Ahead,
            query::{self, Statement},
            schema::EntityType,
            store::{Drawing, EntityId, Paths},
            way::{Way, now},
            wire::{Reply, operation},
        },
    },
    engine::net::cancel::Cancel,
    error::{Error, Result, code},
    value::{Document, Draft, Node, Object, Open, Tree},
};

/// Entities of one populate request.
pub(in crate::backends::ftrack) const AT_ONCE: usize = 500;

/// A query: all results, the first, the only one, or page by page.
pub(super) async fn query(session: &FtrackSession, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    let (core, args) = (&session.core, call.args);
    let text = call.target.ok_or_else(|| Error::option("target", "a query needs its expression as target"))?;
    let bound = match args.object("bind")? {
        Some(values) => query::bind(text, values)?,
        None => text.to_owned(),
    };
    query::check(&bound)?;
    let mut statement = Statement::new(&bound, &core.server.schemas, core.wire.sorted)?;
    let (first, one) = (args.bool("first")?.unwrap_or(false), args.bool("one")?.unwrap_or(false));
    statement.limit = count(args, "limit")?.or(statement.limit);
    statement.offset = count(args, "offset")?.or(statement.offset);
    let paths = Paths::of_query(&statement.text);
    if first || one {
        if first && one {
            return Err(Error::option("one", "first and one were asked for together"));
        }
        return single(core, &if one { statement.one()? } else { statement.first()? }, one, &paths, call).await;
    }
    let streamed = args.bool("stream")?.unwrap_or(false);
    let pages = Pages {
        ahead: streamed && !core.wire.sorted,
        coming: None,
        core: Arc::clone(core),
        size: statement.page_size(count(args, "page_size")?),
        next: Some(statement.offset.unwrap_or(0)),
        left: statement.limit,
        statement,
        paths,
        args: Arc::new(args.clone()),
        cancel: Arc::clone(call.cancel),
    };
    if streamed {
        return Ok(Box::new(Streamed {
            pages,
            meta: Document::from_object(&Object::default()),
            draft: None,
            rest: None,
        }));
    }
    let mut draft = Draft::default();
    pages.all(&mut draft, call).await?;
    Ok(document(draft.finish()))
}

fn count(args: &Args, name: &str) -> Result<Option<u64>> {
    let wrong = || Error::option(name, format!("{name} was not a positive number"));
    args.int(name)?.map(|number| u64::try_from(number).map_err(|_| wrong())).transpose()
}

/// The first result, or the only one.
async fn single(core: &Core, text: &str, only: bool, paths: &Paths, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    let reply = core.wire.ask(vec![query_operation(text.to_owned())], call).await?;
    let data = entities(&reply)?;
    match data.count() {
        0 if only => return Err(Error::new(&code::NO_RESULT_FOUND, "the query had no result")),
        2.. if only => return Err(Error::new(&code::MULTIPLE_RESULTS_FOUND, "the query had more than one result")),
        _ => {}
    }
    let mut store = core.store.lock();
    let first = store.merge_all(data).into_iter().next();
    Ok(match first {
        Some(Some(id)) => document(store.shown(id, paths)),
        Some(None) => plain(&data.item(0).map_or(Tree::Null, |(_, node)| node.to_tree())),
        None => plain(&Tree::Null),
    })
}

/// The entities of a query's or search's result.
pub(super) fn entities(reply: &Reply) -> Result<Node<'_>> {
    let found = reply.result(0)?.get("data");
    found.ok_or_else(|| Error::new(&code::PROTOCOL, "the server answered a query without data"))
}

/// The pages of a query, one request each.
struct Pages {
    core: Arc<Core>,
    statement: Statement,
    size: u64,
    /// Where the next page begins; `None` after the last.
    next: Option<u64>,
    /// Results that are still wanted.
    left: Option<u64>,
    paths: Paths,
    args: Arc<Args>,
    cancel: Arc<Cancel>,
    /// Whether the page behind the one that is read is asked for already.
    ahead: bool,
    /// That page, under way.
    coming: Option<Ahead>,
}

impl Pages {
    /// Writes the next page into an array; false after the last.
    async fn page(&mut self, draft: &mut Draft, items: &Open, way: &Way<'_>) -> Result<bool> {
        let Some(offset) = self.next.filter(|_| self.left != Some(0)) else { return Ok(false) };
        let reply = match self.coming.take().filter(|coming| coming.is_fresh(&self.core)) {
            Some(coming) => coming.wait(&self.cancel)?,
            None => self.core.wire.ask(vec![self.operation(offset)], way).await?,
        };
        let data = entities(&reply)?;
        let next = reply.result(0)?.at("/metadata/next/offset").and_then(Node::int);
        // A server that does not go on would be asked for ever.
        self.next = next.and_then(|next| u64::try_from(next).ok()).filter(|next| *next > offset);
        let more = self.left.is_none_or(|left| left > data.count() as u64);
        if let Some(next) = self.next.filter(|_| self.ahead && more) {
            self.coming = Ahead::begin(&self.core, vec![self.operation(next)], &self.args)?;
        }
        let most = self.left.and_then(|left| usize::try_from(left).ok()).unwrap_or(usize::MAX);
        let before = draft.count(items);
        let mut store = self.core.store.lock();
        let merged = store.merge_all(data);
        let mut drawing = Drawing::new(&store, draft);
        for (id, node) in merged.iter().zip(data.items()).take(most) {
            match id {
                Some(id) => drop(drawing.entity(*id, &self.paths, items.item())),
                None => drawing.other(node, items.item()),
            }
        }
        drop(store);
        self.core.settle();
        if let Some(left) = &mut self.left {
            *left -= (draft.count(items) - before) as u64;
        }
        Ok(true)
    }

    fn operation(&self, offset: u64) -> Tree {
        query_operation(self.statement.page(offset, self.size))
    }

    async fn all(mut self, draft: &mut Draft, way: &Way<'_>) -> Result<()> {
        let items = draft.open(Draft::ROOT);
        while self.page(draft, &items, way).await? {}
        draft.array(&items);
        Ok(())
    }
}

/// A query whose pages are asked for one by one.
struct Streamed {
    pages: Pages,
    meta: Box<Document>,
    /// The rest as far as it was read when the host wanted it as a whole.
    draft: Option<(Draft, Open)>,
    rest: Option<Plain>,
}

impl Streamed {
    /// Writes the next page. Whoever asks for it waits for it.
    fn page(&mut self, draft: &mut Draft, items: &Open) -> Result<bool> {
        let (args, cancel) = (Arc::clone(&self.pages.args), Arc::clone(&self.pages.cancel));
        let call = Call { verb: None, target: None, args: &args, cancel: &cancel, progress: None };
        now(self.pages.page(draft, items, &Way::here(&call)))
    }
}

impl Answer for Streamed {
    fn body(&self) -> &[u8] {
        self.rest.as_ref().map_or(empty(), |rest| rest.body())
    }

    fn value(&self) -> Option<&Document> {
        self.rest.as_ref().and_then(|rest| rest.value())
    }

    fn drain(&mut self) -> Result<()> {
        if self.rest.is_some() {
            return Ok(());
        }
        let (mut draft, items) = self.draft.take().unwrap_or_else(|| {
            let draft = Draft::default();
            let items = draft.open(Draft::ROOT);
            (draft, items)
        });
        loop {
            match self.page(&mut draft, &items) {
                Ok(true) => {}
                Ok(false) => break,
                // A page that failed is asked for again by who tries again.
                Err(error) => {
                    self.draft = Some((draft, items));
                    return Err(error);
                }
            }
        }
        draft.array(&items);
        self.rest = Some(Plain::of_document(draft.finish()));
        Ok(())
    }

    fn meta(&self) -> &Document {
        &self.meta
    }

    fn next(&mut self) -> Result<Option<Box<dyn Answer>>> {
        let mut draft = Draft::default();
        let items = draft.open(Draft::ROOT);
        let there = self.page(&mut draft, &items)?;
        draft.array(&items);
        Ok(there.then(|| document(draft.finish())))
    }
}

/// One entity by its key: what is known when that is enough, else what the server says.
pub(super) async fn get(session: &FtrackSession, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    // A child is asked for an attribute by its name alone.
    if let (Some(entity), Some(name)) = (&session.entity, call.target)
        && !name.contains('/')
    {
        return attribute(session, entity, name, call).await;
    }
    get_address(session, target(session, call)?, call).await
}

/// The same for an entity by its address.
pub(super) async fn get_address(session: &FtrackSession, text: &str, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    let core = &session.core;
    let select = call.args.str("select")?;
    let refresh = call.args.bool("refresh")?.unwrap_or(false);
    let (kind, key) = addressed(&core.store.lock(), text)?;
    let paths = Paths::of(select.unwrap_or_default());
    let (found, poor) = {
        let mut store = core.store.lock();
        let found = store.find(kind.id, &key);
        found.into_iter().for_each(|id| store.used(id));
        let found = found.filter(|id| !store.is_evicted(*id));
        (found, !found.is_some_and(|id| store.is_known(id)))
    };
    let kept = if poor && !refresh { core.layers().fetch(&core.store, &kind.name, &key) } else { None };
    let found = kept.or(found);
    // What was only referred to is not known yet; to the official client it is, and shown as it is.
    let python = core.wire.sorted;
    if let Some(id) = found.filter(|id| !refresh && (python || core.store.lock().is_known(*id))) {
        let wanted = match select {
            Some(select) => select,
            None if python => "",
            None => &query::projections(&kind),
        };
        if session.flags(call.args)?.auto_populate {
            fill(core, id, wanted, call).await?;
        }
        return Ok(document(core.store.lock().shown(id, &paths)));
    }
    let mut text = query::get(&kind, &key);
    if let Some(select) = select {
        text = query::populate(&kind, select, &[&key]);
    }
    let reply = core.wire.ask(vec![query_operation(format!("{text} offset 0 limit 500"))], call).await?;
    let data = entities(&reply)?;
    let mut store = core.store.lock();
    let first = store.merge_all(data).into_iter().next().flatten();
    Ok(first.map_or_else(|| plain(&Tree::Null), |id| document(store.shown(id, &paths))))
}

/// An attribute's value, fetched when it is not known.
async fn attribute(session: &FtrackSession, entity: &str, name: &str, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    let core = &session.core;
    let (kind, key) = addressed(&core.store.lock(), entity)?;
    let (at, attribute) = kind.find(name)?;
    let known = core.store.lock().find(kind.id, &key);
    let id = match known {
        Some(id) => id,
        None => {
            let text = query::populate(&kind, &query::projection(&core.server.schemas, &kind, name), &[&key]);
            let reply = core.wire.ask(vec![query_operation(format!("{text} offset 0 limit 500"))], call).await?;
            let merged = core.store.lock().merge_all(entities(&reply)?);
            match merged.first() {
                Some(Some(id)) => *id,
                _ => return Err(Error::new(&code::NOT_FOUND, format!("the server has no {entity}"))),
            }
        }
    };
    if session.flags(call.args)?.auto_populate {
        fill(core, id, name, call).await?;
    }
    let store = core.store.lock();
    let paths = Paths::default();
    let shown = store.value(id, at).map(|value| store.show_value(value, &attribute.kind, Some(&paths)));
    Ok(plain(&shown.unwrap_or_default()))
}

/// Fetches the attributes of `select` that are not known, for all entities that came with this one.
pub(in crate::backends::ftrack) async fn fill(core: &Core, id: EntityId, select: &str, call: &Way<'_>) -> Result<()> {
    // The server does not have it yet.
    if core.store.lock().empty_if_new(id, select) {
        return Ok(());
    }
    let missing: Vec<(String, Vec<EntityId>)> = {
        let store = core.store.lock();
        let Some(kind) = store.kind_of(id).cloned() else { return Ok(()) };
        let mut missing = Vec::new();
        for projection in select.split(',').map(str::trim).filter(|projection| !projection.is_empty()) {
            let (at, _) = kind.find(projection.split(['.', '[']).next().unwrap_or_default())?;
            let known = store.value(id, at).is_some() && !projection.contains('.');
            if !known {
                let text = if projection.contains('.') {
                    projection.to_owned()
                } else {
                    query::projection(&core.server.schemas, &kind, projection)
                };
                // The official client asks for one entity at a time.
                let ids = if core.wire.sorted { vec![id] } else { store.companions(id, at) };
                missing.push((text, ids));
            }
        }
        missing
    };
    let Some((_, longest)) = missing.iter().max_by_key(|(_, ids)| ids.len()) else { return Ok(()) };
    let ids = longest.clone();
    let select: Vec<_> = missing.iter().map(|(text, _)| text.as_str()).collect();
    bring(core, &ids, &select.join(", "), call).await
}

/// Fetches several attributes of one entity that are not known: together, or one by one as the official client does.
pub(super) async fn fill_several(core: &Core, id: EntityId, names: &[&str], call: &Way<'_>) -> Result<()> {
    if core.wire.sorted {
        for name in names {
            fill(core, id, name, call).await?;
        }
        return Ok(());
    }
    fill(core, id, &names.join(", "), call).await
}

/// Asks the server for attributes of entities that it knows; new ones are left alone.
pub(in crate::backends::ftrack) async fn bring(
    core: &Core,
    ids: &[EntityId],
    select: &str,
    call: &Way<'_>,
) -> Result<()> {
    for ids in ids.chunks(AT_ONCE) {
        let text = {
            let store = core.store.lock();
            let there = |id: &&EntityId| {
                let created = store.identity(**id).and_then(|identity| store.operations.state(&identity));
                created != Some(crate::backends::ftrack::unit::State::Created)
            };
            let known: Vec<_> = ids.iter().filter(there).filter_map(|id| store.entity(*id)).collect();
            let Some(kind) = known.first().and_then(|entity| store.schemas().by_id(entity.kind)) else { continue };
            let keys: Vec<_> = known.iter().filter(|entity| entity.kind == kind.id).map(|entity| &entity.key).collect();
            query::populate(kind, select, &keys)
        };
        let reply = core.wire.ask(vec![query_operation(format!("{text} offset 0 limit {AT_ONCE}"))], call).await?;
        let data = entities(&reply)?;
        // They belong to the answer that brought them first: what they lack, its other entities lack as well.
        let mut store = core.store.lock();
        for node in data.items() {
            store.merge(node);
        }
    }
    Ok(())
}

/// Attributes of several entities.
pub(super) async fn populate(session: &FtrackSession, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    let core = &session.core;
    let select =
        call.args.str("select")?.ok_or_else(|| Error::option("select", "populate needs select, the projections"))?;
    let ids: Result<Vec<EntityId>> = match call.args.array("entities")? {
        Some(list) => {
            let mut store = core.store.lock();
            list.iter().map(|entity| store.entity_for(entity, None, "entities")).collect()
        }
        None => {
            let text = target(session, call)?;
            core.store.lock().entity_for(&Tree::from(text), None, "target").map(|id| vec![id])
        }
    };
    let ids = ids?;
    let kinds: Vec<Arc<EntityType>> = ids.iter().filter_map(|id| core.store.lock().kind_of(*id).cloned()).collect();
    for projection in select.split(',') {
        if let Some(kind) = kinds.first() {
            kind.find(projection.trim().split(['.', '[']).next().unwrap_or_default())?;
        }
    }
    bring(core, &ids, select, call).await?;
    let (store, paths) = (core.store.lock(), Paths::of(select));
    Ok(document(store.shown_all(&ids, &paths)))
}

/// A search by words.
pub(super) async fn search(session: &FtrackSession, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    let core = &session.core;
    let kind = call.target.ok_or_else(|| Error::option("target", "a search needs an entity type as target"))?;
    core.server.schemas.find(kind)?;
    let terms = match call.args.get("terms") {
        Some(Tree::Array(terms)) => Tree::Array(terms.clone()),
        Some(Tree::Text(term)) => Tree::Array(vec![Tree::Text(term.clone())]),
        _ => return Err(Error::option("terms", "a search needs terms, a list of words")),
    };
    let mut members = vec![("entity_type", Tree::from(kind)), ("terms", terms)];
    for name in ["expression", "context_id", "object_type_ids"] {
        if let Some(value) = call.args.get(name) {
            members.push((name, value.clone()));
        }
    }
    let reply = core.wire.ask(vec![operation("search", &members)], call).await?;
    let data = entities(&reply)?;
    let mut store = core.store.lock();
    let merged = store.merge_all(data);
    let paths = Paths::default();
    let mut draft = Draft::default();
    let items = draft.open(Draft::ROOT);
    let mut drawing = Drawing::new(&store, &mut draft);
    for (id, node) in merged.iter().zip(data.items()) {
        match id {
            Some(id) => drop(drawing.entity(*id, &paths, items.item())),
            None => drawing.other(node, items.item()),
        }
    }
    draft.array(&items);
    Ok(document(draft.finish()))
}
