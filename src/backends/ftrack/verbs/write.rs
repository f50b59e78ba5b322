//! Changing: staged, to be sent at commit, or now as a batch of its own (spec/ftrack.md 5.3; verbs.md "S").

use super::{custom, document, plain, query_operation, read, services, target};
use crate::{
    args::Args,
    backends::{
        Answer,
        ftrack::{
            FtrackSession, commit,
            query::{self, Statement},
            schema::Kind,
            store::{EntityId, Paths, Store},
            way::Way,
        },
    },
    error::{Error, Result, code},
    value::{Object, Tree},
};

/// Records a change; the answer is the entity as it is here from now on.
pub(super) async fn stage(session: &FtrackSession, verb: &str, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    if verb == "revert" {
        return revert(session, call);
    }
    let made = list(session, verb, call).await?;
    Ok(show(&session.core.store.lock(), made))
}

/// Puts a change on the list.
async fn list(session: &FtrackSession, verb: &str, call: &Way<'_>) -> Result<Made> {
    let record = session.flags(call.args)?.record;
    prepare(session, verb, call).await?;
    let ensured = if verb == "ensure" { Some(look(session, call).await?) } else { None };
    let mut store = session.core.store.lock();
    let (made, apart) = store.apart(|store| change(session, store, verb, call, ensured, record))?;
    // A mistake would have left nothing; now it is part of the list.
    for operation in apart.operations {
        store.operations.record(operation);
    }
    Ok(made)
}

/// Makes a change now, whatever is staged.
pub(super) async fn request(session: &FtrackSession, verb: &str, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    if verb == "revert" {
        return revert(session, call);
    }
    let core = &session.core;
    if verb == "ensure" && core.wire.sorted {
        return ensure_as_python(session, call).await;
    }
    prepare(session, verb, call).await?;
    let ensured = if verb == "ensure" { Some(look(session, call).await?) } else { None };
    let (made, apart) = core.store.lock().apart(|store| change(session, store, verb, call, ensured, true))?;
    if let Err(error) = commit::send_apart(core, &apart.operations, call).await {
        core.store.lock().take_back(apart);
        return Err(error);
    }
    let store = core.store.lock();
    Ok(show(&store, made))
}

/// `ensure` of the official client: whatever is staged is committed with it, if it changed anything itself.
async fn ensure_as_python(session: &FtrackSession, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    let core = &session.core;
    let before = core.store.lock().operations.list().len();
    let made = list(session, "ensure", call).await?;
    if core.store.lock().operations.list().len() > before {
        commit::commit(core, call).await?;
    }
    Ok(show(&core.store.lock(), made))
}

/// Takes back what was set here and is staged: it changes the staged list itself, and sends nothing.
fn revert(session: &FtrackSession, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    let names: Vec<&str> =
        call.args.str("select")?.map(|names| names.split(',').map(str::trim).collect()).unwrap_or_default();
    let mut store = session.core.store.lock();
    let id = store.entity_for(&Tree::from(target(session, call)?), None, "target")?;
    store.revert(id, &names)?;
    Ok(show(&store, Made::Entity(id)))
}

/// What a change was about.
enum Made {
    Entity(EntityId),
    Deleted,
}

fn show(store: &Store, made: Made) -> Box<dyn Answer> {
    match made {
        Made::Entity(id) => document(store.shown(id, &Paths::default())),
        Made::Deleted => plain(&Tree::Bool(true)),
    }
}

fn data(args: &Args) -> Result<Object> {
    Ok(args.object("data")?.cloned().unwrap_or_default())
}

/// Does the change in the store.
fn change(
    session: &FtrackSession,
    store: &mut Store,
    verb: &str,
    call: &Way<'_>,
    ensured: Option<Option<EntityId>>,
    record: bool,
) -> Result<Made> {
    let args = call.args;
    match verb {
        "create" => {
            let kind = call.target.ok_or_else(|| Error::option("target", "create needs an entity type as target"))?;
            store.create(kind, &data(args)?, record).map(Made::Entity)
        }
        "ensure" => {
            let data = data(args)?;
            match ensured.flatten() {
                Some(id) => {
                    set_differing(store, id, &data, record)?;
                    Ok(Made::Entity(id))
                }
                None => store.create(call.target.unwrap_or_default(), &data, record).map(Made::Entity),
            }
        }
        "delete" => {
            let id = store.entity_for(&Tree::from(target(session, call)?), None, "target")?;
            store.delete(id, record);
            Ok(Made::Deleted)
        }
        "create_note" | "create_reply" => {
            let subject = store.entity_for(&Tree::from(target(session, call)?), None, "target")?;
            services::note(store, verb, subject, call, record).map(Made::Entity)
        }
        _ => {
            let id = store.entity_for(&Tree::from(target(session, call)?), None, "target")?;
            for (name, value) in data(args)?.iter() {
                store.set(id, name, Some(value), record)?;
            }
            for (name, value) in args.object("replace")?.into_iter().flat_map(Object::iter) {
                let entries = value
                    .as_object()
                    .ok_or_else(|| Error::option(&format!("replace.{name}"), format!("{name} was not a map")))?;
                store.edit_map(id, name, entries, true, record)?;
            }
            let (add, remove) = (args.object("add")?, args.object("remove")?);
            for name in collections(args)? {
                let of = |group: Option<&Object>| match group.and_then(|group| group.get(&name)) {
                    Some(Tree::Array(items)) => items.clone(),
                    Some(item) => vec![item.clone()],
                    None => Vec::new(),
                };
                store.edit_collection(id, &name, &of(add), &of(remove), record)?;
            }
            Ok(Made::Entity(id))
        }
    }
}

/// The collections that a call edits.
fn collections(args: &Args) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for group in ["add", "remove"] {
        for (name, _) in args.object(group)?.into_iter().flat_map(Object::iter) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    Ok(names)
}

fn set_differing(store: &mut Store, id: EntityId, data: &Object, record: bool) -> Result<()> {
    for (name, value) in data.iter() {
        if !store.is(id, name, value)? {
            store.set(id, name, Some(value), record)?;
        }
    }
    Ok(())
}

/// Collections and maps must be known before they can be edited: what is missing is fetched. Of a new entity there is
/// nothing to fetch.
async fn prepare(session: &FtrackSession, verb: &str, call: &Way<'_>) -> Result<()> {
    let mut names = match verb {
        "create" | "ensure" => return prepare_new(session, call).await,
        "update" => collections(call.args)?,
        "create_note" => {
            services::check_note(call)?;
            vec!["notes".to_owned()]
        }
        "create_reply" => vec!["replies".to_owned()],
        _ => return Ok(()),
    };
    let core = &session.core;
    names.extend(call.args.object("replace")?.into_iter().flat_map(Object::keys).map(str::to_owned));
    let (id, kind, new) = {
        let mut store = core.store.lock();
        let id = store.entity_for(&Tree::from(target(session, call)?), None, "target")?;
        let Some(kind) = store.kind_of(id).cloned() else { return Ok(()) };
        (id, kind, store.is_new(id).then(|| store.related_to(id, "asset")))
    };
    if let Some(asset) = new {
        let replaced = call.args.object("replace")?.cloned().unwrap_or_default();
        if custom::wanted(&kind, &data(call.args)?) || custom::wanted(&kind, &replaced) {
            custom::prepare(session, &kind, asset, call).await?;
        }
        return Ok(());
    }
    let missing = {
        let store = core.store.lock();
        for name in data(call.args)?.keys() {
            let (_, attribute) = kind.find(name)?;
            if matches!(attribute.kind, Kind::Metadata(_) | Kind::CustomAttributes(_) | Kind::OldCustomAttributes(_)) {
                names.push(name.to_owned());
            }
        }
        let mut missing = Vec::new();
        for name in names {
            let (at, _) = kind.find(&name)?;
            if store.value(id, at).is_none() {
                missing.push(name);
            }
        }
        missing
    };
    if missing.is_empty() {
        return Ok(());
    }
    if core.wire.sorted {
        let names: Vec<&str> = missing.iter().map(String::as_str).collect();
        return read::fill_several(core, id, &names, call).await;
    }
    let text = {
        let store = core.store.lock();
        let Some(entity) = store.entity(id) else { return Ok(()) };
        query::populate(&kind, &missing.join(", "), &[&entity.key])
    };
    let reply = core.wire.ask(vec![query_operation(format!("{text} offset 0 limit 500"))], call).await?;
    let mut store = core.store.lock();
    for node in reply.result(0)?.get("data").into_iter().flat_map(crate::value::Node::items) {
        store.merge(node);
    }
    Ok(())
}

/// Custom attributes of what is not there yet are named by their configurations.
async fn prepare_new(session: &FtrackSession, call: &Way<'_>) -> Result<()> {
    let Some(kind) = call.target.and_then(|name| session.core.server.schemas.get(name)) else { return Ok(()) };
    let data = data(call.args)?;
    if !custom::wanted(kind, &data) {
        return Ok(());
    }
    let asset = match data.get("asset").filter(|asset| !asset.is_null() && *kind.name == *"AssetVersion") {
        Some(asset) => Some(session.core.store.lock().entity_for(asset, Some("Asset"), "data.asset")?),
        None => None,
    };
    custom::prepare(session, kind, asset, call).await
}

/// The entity that `ensure` is about, when the server has it.
async fn look(session: &FtrackSession, call: &Way<'_>) -> Result<Option<EntityId>> {
    let core = &session.core;
    let name = call.target.ok_or_else(|| Error::option("target", "ensure needs an entity type as target"))?;
    let kind = core.server.schemas.find(name)?;
    let data = data(call.args)?;
    let keys: Vec<String> = match call.args.array("identifying_keys")? {
        Some(keys) => keys.iter().filter_map(|key| key.as_str().map(str::to_owned)).collect(),
        None => data.keys().map(str::to_owned).collect(),
    };
    if keys.is_empty() {
        return Err(Error::option("identifying_keys", "ensure needs something to identify the entity by"));
    }
    let mut identifying = Vec::new();
    for key in &keys {
        kind.find(key)?;
        let value = data.get(key).ok_or_else(|| {
            Error::option("identifying_keys", format!("data has no {key:?}, which was to identify the entity"))
        })?;
        identifying.push((key.as_str(), value));
    }
    let statement = Statement::new(&query::ensure(kind, &identifying), &core.server.schemas, core.wire.sorted)?;
    let reply = core.wire.ask(vec![query_operation(statement.one()?)], call).await?;
    let found = reply.result(0)?.get("data");
    let merged: Vec<_> = {
        let mut store = core.store.lock();
        found.into_iter().flat_map(crate::value::Node::items).map(|node| store.merge(node)).collect()
    };
    match &*merged {
        [] => Ok(None),
        [found] => {
            // What is not known cannot be told from what differs, and would be sent for nothing.
            if let Some(id) = found.filter(|_| session.flags(call.args).is_ok_and(|flags| flags.auto_populate)) {
                read::fill_several(core, id, &data.keys().collect::<Vec<_>>(), call).await?;
            }
            Ok(*found)
        }
        _ => Err(Error::new(
            &code::MULTIPLE_RESULTS_FOUND,
            format!("more than one {name} is identified by {}", keys.join(", ")),
        )),
    }
}
