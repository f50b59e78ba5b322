//! Which component, which location the host means.

use std::sync::Arc;

use super::Errand;
use crate::{
    backends::ftrack::{
        address,
        locations::{Location, PRIORITY, Register},
        query::{self, Key},
        schema::EntityType,
        store::EntityId,
        verbs,
    },
    error::{Error, Result, code},
    value::{Node, Tree},
};

/// The component of `Type/id`. `Component/id` may be of any kind of it: the server is asked when it was not seen.
///
/// # Errors
/// `argument` for what is no component; `not_found`.
pub fn component(errand: &Errand<'_>, text: &str) -> Result<EntityId> {
    let core = errand.core;
    let wrong = || Error::option("target", format!("{text:?} is no component; \"Component/id\" is one"));
    let (kind, key) = address::split(text).ok_or_else(wrong)?;
    let kind = core.server.schemas.find(kind)?;
    if !is_component(kind) {
        return Err(wrong());
    }
    let key = address::key(key);
    verbs::check_key(kind, &key)?;
    if *kind.name != *"Component" {
        return core.store.lock().entity_for(&Tree::from(text), None, "target");
    }
    if let Some(known) = of_any_kind(errand, &key) {
        return Ok(known);
    }
    let reply = errand.query(&query::get(kind, &key))?;
    let found = reply.result(0)?.get("data").and_then(|data| data.item(0)).map(|(_, node)| node);
    let found = found.and_then(|node| core.store.lock().merge(node));
    found.ok_or_else(|| Error::new(&code::NOT_FOUND, format!("the server has no {text}")).with("key", "target"))
}

fn is_component(kind: &EntityType) -> bool {
    kind.position("component_locations").is_some() && kind.position("file_type").is_some()
}

/// One that was seen under its own type.
fn of_any_kind(errand: &Errand<'_>, key: &Key) -> Option<EntityId> {
    let store = errand.core.store.lock();
    let kinds = store.schemas().iter().filter(|kind| is_component(kind) && *kind.name != *"Component");
    kinds.into_iter().find_map(|kind| store.find(kind.id, key))
}

/// A location: `Location/id`, a reference, or the name of one that is configured. One that is not can be asked about.
///
/// # Errors
/// `argument`.
pub fn location(errand: &Errand<'_>, option: &str, value: &Tree) -> Result<Arc<Location>> {
    let wrong = || Error::option(option, format!("{option} was no location; \"Location/id\" is one"));
    let id: Box<str> = match value {
        Tree::Text(text) => match address::split(text) {
            Some(("Location", key)) => address::key(key).first().map(|part| Box::from(&**part)).ok_or_else(wrong)?,
            _ => {
                let locations = errand.core.locations.lock();
                let known = locations.named(text).or_else(|| locations.get(text)).cloned();
                return known.ok_or_else(|| {
                    let message = format!("there is no location {text:?} here; \"Location/id\" is one of the server");
                    Error::option(option, message)
                });
            }
        },
        Tree::Object(object) if object.get("__entity_type__").is_none_or(|kind| kind.as_str() == Some("Location")) => {
            object.get("id").and_then(Tree::as_str).ok_or_else(wrong)?.into()
        }
        _ => return Err(wrong()),
    };
    if let Some(known) = errand.core.locations.lock().get(&id) {
        return Ok(Arc::clone(known));
    }
    let name = id.clone();
    Ok(Arc::new(Location {
        id,
        name,
        priority: PRIORITY,
        accessor: None,
        structure: None,
        moves_data: true,
        register: Register::Server,
    }))
}

/// The locations that the server has and that can be used here, the preferred ones first.
///
/// # Errors
/// Those of the query.
pub fn accessible(errand: &Errand<'_>) -> Result<Vec<Arc<Location>>> {
    let there = all(errand)?;
    let locations = errand.core.locations.lock();
    Ok(locations
        .iter()
        .filter(|location| location.accessor.is_some() && there.contains(&location.id))
        .cloned()
        .collect())
}

/// The identifiers of all locations of the server.
///
/// # Errors
/// Those of the query.
pub fn all(errand: &Errand<'_>) -> Result<Vec<Box<str>>> {
    let kind = errand.core.server.schemas.find("Location")?;
    let mut found: Vec<Box<str>> = Vec::new();
    let mut next = Some(0);
    while let Some(offset) = next {
        let text =
            format!("select {} from Location offset {offset} limit {}", query::projections(kind), query::PAGE_SIZE);
        let reply = errand.core.wire.call(vec![verbs::query_operation(text)], errand.args, errand.cancel)?;
        let result = reply.result(0)?;
        let data = result
            .get("data")
            .ok_or_else(|| Error::new(&code::PROTOCOL, "the server answered a query without data"))?;
        found.extend(data.items().filter_map(|node| node.get("id").and_then(Node::as_str)).map(Box::from));
        errand.core.store.lock().merge_all(data);
        next = result.at("/metadata/next/offset").and_then(Node::int).filter(|next| *next > offset);
    }
    Ok(found)
}
