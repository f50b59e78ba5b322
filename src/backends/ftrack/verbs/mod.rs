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
    way::Way,
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
pub(super) async fn request(session: &FtrackSession, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    match verb(call)? {
        "query" => read::query(session, call).await,
        "get" => read::get(session, call).await,
        "search" => read::search(session, call).await,
        "populate" => read::populate(session, call).await,
        "call" => raw(session, call).await,
        "publish" | "reply" | "stop" | "connect" | "disconnect" => events::request(session, call),
        "invalidate" => invalidate(session, call),
        "reset" => {
            let kit = Arc::clone(&session.core.kit.lock());
            let locations = locations::make(&session.core, Kit::clone(&kit), false)?;
            session.core.store.lock().clear();
            locations.install(&session.core);
            Ok(plain(&Tree::Null))
        }
        "encode" => coding::encode(session, call).await,
        "decode" => coding::decode(session, call),
        "start_timer" => timer::start(session, call).await,
        "stop_timer" => timer::stop(session, call).await,
        "statuses" => workflow::statuses(session, call).await,
        "types" => workflow::types(session, call).await,
        "upload" => transfer::upload(session, call),
        "download" => transfer::download(session, call),
        "create_thumbnail" => transfer::create_thumbnail(session, call),
        "create_component" => components::create(session, call),
        component if components::VERBS.contains(&component) => components::request(session, component, call),
        service if services::VERBS.contains(&service) => services::request(session, service, call).await,
        changing => write::request(session, changing, call).await,
    }
}

/// How a submitted verb begins.
pub(super) enum Begin {
    /// It is begun: those of the event hub, and those that move bytes on a thread of their own.
    Begun(Pending),
    /// On the worker, from start to end: the host's code takes part, and there is nobody to wait for.
    Whole,
    /// By its first step, on the calling thread: it needs nobody to prepare its first request.
    AtOnce,
    /// By its first step, on the worker.
    OnWorker,
}

/// Verbs whose first step does not wait, whatever the session is made of.
const QUICK: &[&str] = &[
    "query",
    "get",
    "search",
    "populate",
    "call",
    "create",
    "update",
    "delete",
    "ensure",
    "create_note",
    "create_reply",
    "encode",
    "start_timer",
    "stop_timer",
    "statuses",
    "types",
    "encode_media",
    "get_widget_url",
    "send_user_invite",
    "send_review_session_invite",
    "reset_remote",
    "delayed_job",
];

/// Begins a submitted verb.
pub(super) fn begin(session: &FtrackSession, call: &Call<'_>) -> Result<Begin> {
    let verb = verb(call)?;
    let moves = match verb {
        "publish" | "reply" | "stop" | "connect" | "disconnect" => {
            return Ok(events::begin(session, call)?.map_or(Begin::Whole, Begin::Begun));
        }
        "upload" | "download" | "create_thumbnail" | "create_component" | "add_component" => true,
        "encode_media" => services::encodes_a_file(session, call),
        _ => false,
    };
    if moves {
        return Ok(transfer::begin(session, call)?.map_or(Begin::OnWorker, Begin::Begun));
    }
    Ok(if QUICK.contains(&verb) { Begin::AtOnce } else { Begin::OnWorker })
}

/// Records a verb for commit.
pub(super) async fn stage(session: &FtrackSession, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    stageable(call)?;
    match verb(call)? {
        "create_thumbnail" => transfer::stage_thumbnail(session, call),
        "create_component" => components::stage(session, call),
        verb => write::stage(session, verb, call).await,
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
async fn raw(session: &FtrackSession, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    let operations =
        call.args.array("operations")?.ok_or_else(|| Error::option("operations", "call needs operations, an array"))?;
    let reply = session.core.wire.ask(operations.to_vec(), call).await?;
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

/// The answer of what has nothing to say.
pub(super) fn null() -> Box<dyn Answer> {
    plain(&Tree::Null)
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
