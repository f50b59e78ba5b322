//! The verbs (verbs.md "ftrack").

mod coding;
mod components;
mod custom;
mod events;
mod read;
mod services;
mod timer;
mod transfer;
mod workflow;
mod write;

use std::sync::Arc;

use read::entities;
pub(super) use read::{AT_ONCE, bring, fill};

use super::{
    FtrackSession, address,
    locations::{self, Kit},
    query::Key,
    schema::EntityType,
    store::{EntityId, Store},
    wire::operation,
};
use crate::{
    backends::{Answer, Call, Pending, Plain},
    error::{Error, Result, code},
    options::nearest,
    value::{Document, Node, Object, Tree},
};

/// Verbs that change something: they can be staged.
const CHANGING: &[&str] = &[
    "create",
    "update",
    "revert",
    "delete",
    "ensure",
    "create_note",
    "create_reply",
    "create_component",
    "create_thumbnail",
];
/// The others.
const OTHERS: &[&str] = &[
    "query",
    "get",
    "search",
    "populate",
    "call",
    "reset",
    "invalidate",
    "encode",
    "decode",
    "start_timer",
    "stop_timer",
    "statuses",
    "types",
    "publish",
    "reply",
    "stop",
    "connect",
    "disconnect",
    "upload",
    "download",
];

/// Whether a call takes something from the staged list, or may. The official client's verbs commit what is staged along
/// with their own (`python`).
pub(super) fn changes_the_list(call: &Call<'_>, python: bool) -> bool {
    match call.verb {
        Some("revert" | "reset" | "create_component" | "add_component" | "remove_component") => true,
        Some("upload" | "create_thumbnail" | "encode_media" | "ensure") => python,
        _ => false,
    }
}

/// Does a verb now.
pub(super) fn request(session: &FtrackSession, call: &Call<'_>) -> Result<Box<dyn Answer>> {
    match verb(call)? {
        "query" => read::query(session, call),
        "get" => read::get(session, call),
        "search" => read::search(session, call),
        "populate" => read::populate(session, call),
        "call" => raw(session, call),
        "publish" | "reply" | "stop" | "connect" | "disconnect" => events::request(session, call),
        "invalidate" => invalidate(session, call),
        "reset" => {
            let kit = Arc::clone(&session.core.kit.lock());
            let locations = locations::make(&session.core, Kit::clone(&kit), false)?;
            session.core.store.lock().clear();
            locations.install(&session.core);
            Ok(plain(&Tree::Null))
        }
        "encode" => coding::encode(session, call),
        "decode" => coding::decode(session, call),
        "start_timer" => timer::start(session, call),
        "stop_timer" => timer::stop(session, call),
        "statuses" => workflow::statuses(session, call),
        "types" => workflow::types(session, call),
        "upload" => transfer::upload(session, call),
        "download" => transfer::download(session, call),
        "create_thumbnail" => transfer::create_thumbnail(session, call),
        "create_component" => components::create(session, call),
        component if components::VERBS.contains(&component) => components::request(session, component, call),
        service if services::VERBS.contains(&service) => services::request(session, service, call),
        changing => write::request(session, changing, call),
    }
}

/// Begins a verb that the reactor can do: those of the event hub.
pub(super) fn begin(session: &FtrackSession, call: &Call<'_>) -> Result<Option<Pending>> {
    match verb(call)? {
        "publish" | "reply" | "stop" | "connect" | "disconnect" => events::begin(session, call),
        "upload" | "download" | "create_thumbnail" | "create_component" | "add_component" => {
            transfer::begin(session, call)
        }
        _ => Ok(None),
    }
}

/// Records a verb for commit.
pub(super) fn stage(session: &FtrackSession, call: &Call<'_>) -> Result<Box<dyn Answer>> {
    stageable(call)?;
    match verb(call)? {
        "create_thumbnail" => transfer::stage_thumbnail(session, call),
        "create_component" => components::stage(session, call),
        verb => write::stage(session, verb, call),
    }
}

/// Whether a call can be staged.
pub(super) fn stageable(call: &Call<'_>) -> Result<()> {
    let verb = verb(call)?;
    if CHANGING.contains(&verb) {
        return Ok(());
    }
    Err(Error::new(&code::UNSUPPORTED, format!("{verb} cannot be staged; staged are {}", CHANGING.join(", ")))
        .with("key", "verb"))
}

fn verb<'a>(call: &Call<'a>) -> Result<&'a str> {
    let verb = call.verb.ok_or_else(|| {
        Error::new(&code::UNSUPPORTED, "the ftrack back end sends nothing that was prepared").with("key", "verb")
    })?;
    let known = || CHANGING.iter().chain(OTHERS).chain(components::VERBS).chain(services::VERBS).copied();
    if known().any(|known| known == verb) {
        return Ok(verb);
    }
    let hint = nearest(verb, known()).map(|near| format!("; the nearest is {near:?}")).unwrap_or_default();
    Err(Error::new(&code::UNSUPPORTED, format!("the ftrack back end has no verb {verb:?}{hint}")).with("key", "verb"))
}

/// Operations as the host wrote them, results as the server did.
fn raw(session: &FtrackSession, call: &Call<'_>) -> Result<Box<dyn Answer>> {
    let operations =
        call.args.array("operations")?.ok_or_else(|| Error::option("operations", "call needs operations, an array"))?;
    let reply = session.core.wire.call(operations.to_vec(), call.args, call.cancel)?;
    Ok(plain(&reply.results().map_or(Tree::Null, Node::to_tree)))
}

/// Forgets what the server said of entities, here and in the layers below: all of them when none is named. What is staged
/// stays. The answer is how many there were.
fn invalidate(session: &FtrackSession, call: &Call<'_>) -> Result<Box<dyn Answer>> {
    let core = &session.core;
    let ids: Option<Vec<EntityId>> = {
        let mut store = core.store.lock();
        let named = match (call.args.array("entities")?, call.target.or(session.entity.as_deref())) {
            (Some(list), _) => Some(list.to_vec()),
            (None, Some(text)) => Some(vec![Tree::from(text)]),
            (None, None) => None,
        };
        named
            .map(|list| list.iter().map(|entity| store.entity_for(entity, None, "entities")).collect::<Result<_>>())
            .transpose()?
    };
    let cache = core.layers();
    let (forgotten, identities) = {
        let mut store = core.store.lock();
        let all: Vec<EntityId> = ids.clone().unwrap_or_else(|| store.ids().collect());
        let forgotten = all.iter().filter(|id| store.invalidate(**id)).count();
        (forgotten, all.iter().filter_map(|id| store.identity(*id)).collect::<Vec<_>>())
    };
    match ids {
        Some(_) => drop(cache.remove(&identities)),
        None => cache.clear(),
    }
    Ok(plain(&Tree::from(forgotten)))
}

fn plain(value: &Tree) -> Box<dyn Answer> {
    Box::new(Plain::new(value, Object::default()))
}

/// An answer that is this document.
fn document(value: Box<Document>) -> Box<dyn Answer> {
    Box::new(Plain::of_document(value))
}

/// The target, or the entity of a child.
fn target<'a>(session: &'a FtrackSession, call: &Call<'a>) -> Result<&'a str> {
    call.target.or(session.entity.as_deref()).ok_or_else(|| Error::option("target", "no entity was named"))
}

/// Type and key of an address.
fn addressed(store: &Store, text: &str) -> Result<(Arc<EntityType>, Key)> {
    let Some((kind, key)) = address::split(text) else {
        return Err(Error::option("target", format!("{text:?} is no entity; \"Type/key\" is one")));
    };
    let kind = Arc::clone(store.schemas().find(kind)?);
    let key = address::key(key);
    check_key(&kind, &key)?;
    Ok((kind, key))
}

/// Whether a key fits the type.
pub(super) fn check_key(kind: &EntityType, key: &Key) -> Result<()> {
    if key.len() == kind.primary_key.len() && key.iter().all(|part| !part.is_empty()) {
        return Ok(());
    }
    let names: Vec<_> = kind.key_names().collect();
    let given = match key.len() {
        _ if key.iter().any(|part| part.is_empty()) => "an empty part was given".to_owned(),
        1 => "1 part was given".to_owned(),
        count => format!("{count} parts were given"),
    };
    let message = format!("the key of {} is {}, and {given}", kind.name, names.join(","));
    Err(Error::new(&code::WRONG_KEY, message).with("key", "target"))
}

/// The entity of an address, when it was seen.
pub(super) fn known(store: &Store, text: &str) -> Result<Option<EntityId>> {
    let (kind, key) = addressed(store, text)?;
    Ok(store.find(kind.id, &key))
}

/// A query operation.
pub(super) fn query_operation(expression: String) -> Tree {
    operation("query", &[("expression", Tree::from(expression))])
}
