//! The locations that the host tells of (verbs.md provider `location`): by identifier or name, with accessor, structure
//! and priority. What is not told of a location that is known stays as it is.

use std::sync::Arc;

use super::{Kit, Location, Locations, PRIORITY, Register};
use crate::{
    args::Args,
    backends::ftrack::{Core, cache::host, query, verbs},
    engine::net::cancel::Cancel,
    error::{Error, Result, code},
    value::{Node, Object, Tree},
};

/// The members of one.
const MEMBERS: [&str; 6] = ["id", "name", "priority", "accessor", "structure", "moves_data"];

/// Adds all of them.
///
/// # Errors
/// `argument`; `not_found` for a name that the server does not know; `provider`.
pub fn apply(core: &Core, kit: &Kit, made: &mut Locations, args: &Args, cancel: &Arc<Cancel>) -> Result<()> {
    for told in &kit.told {
        let Tree::Provider(provider) = told else {
            add(core, kit, made, told, args, cancel)?;
            continue;
        };
        let mut arguments = Object::with_capacity(1);
        arguments.insert("locations", made.show());
        match host::ask(&**provider, "location", "configure", arguments)? {
            None | Some(Tree::Null) => {}
            Some(Tree::Array(list)) => list.iter().try_for_each(|told| add(core, kit, made, told, args, cancel))?,
            Some(one) => add(core, kit, made, &one, args, cancel)?,
        }
    }
    Ok(())
}

fn add(core: &Core, kit: &Kit, made: &mut Locations, told: &Tree, args: &Args, cancel: &Arc<Cancel>) -> Result<()> {
    let wrong = |what: &str| Error::option("location", format!("a location {what}"));
    let told = told.as_object().ok_or_else(|| wrong("was no object"))?;
    if let Some(odd) = told.keys().find(|name| !MEMBERS.contains(name)) {
        return Err(wrong(&format!("has no member {odd:?}; it has {}", MEMBERS.join(", "))));
    }
    let text = |name: &str| match told.get(name) {
        None | Some(Tree::Null) => Ok(None),
        Some(value) => value
            .as_str()
            .filter(|text| !text.is_empty())
            .map(Some)
            .ok_or_else(|| wrong(&format!("had a {name} that was no text"))),
    };
    let (id, name) = (text("id")?, text("name")?);
    let id = id.map(|id| id.strip_prefix("Location/").unwrap_or(id));
    let known =
        id.and_then(|id| made.get(id)).or_else(|| name.filter(|_| id.is_none()).and_then(|name| made.named(name)));
    let mut location = match (known, id, name) {
        (Some(known), _, _) => Location::clone(known),
        (None, Some(id), name) => blank(id, name.unwrap_or(id)),
        (None, None, Some(name)) => blank(&find(core, name, args, cancel)?, name),
        (None, None, None) => return Err(wrong("had neither an id nor a name")),
    };
    if let Some(name) = name {
        location.name = name.into();
    }
    if let Some(priority) = told.get("priority").filter(|priority| !priority.is_null()) {
        location.priority = priority.as_int().ok_or_else(|| wrong("had a priority that was no whole number"))?;
    }
    if let Some(moves) = told.get("moves_data").filter(|moves| !moves.is_null()) {
        location.moves_data = moves.as_bool().ok_or_else(|| wrong("had a moves_data that was no boolean"))?;
    }
    if let Some(accessor) = told.get("accessor") {
        location.accessor = kit.accessor(accessor)?;
    }
    if let Some(structure) = told.get("structure") {
        location.structure = kit.structure(structure)?;
    }
    made.put(location);
    Ok(())
}

fn blank(id: &str, name: &str) -> Location {
    Location {
        id: id.into(),
        name: name.into(),
        priority: PRIORITY,
        accessor: None,
        structure: None,
        moves_data: true,
        register: Register::Server,
    }
}

/// The identifier of a location by its name.
fn find(core: &Core, name: &str, args: &Args, cancel: &Arc<Cancel>) -> Result<Box<str>> {
    let text = format!("select id, name from Location where name is {} limit 2", query::quoted(name));
    let reply = core.wire.call(vec![verbs::query_operation(text)], args, cancel)?;
    let found: Vec<Box<str>> = reply
        .result(0)?
        .get("data")
        .into_iter()
        .flat_map(Node::items)
        .filter_map(|node| Some(node.get("id")?.as_str()?.into()))
        .collect();
    match &*found {
        [only] => Ok(only.clone()),
        [] => Err(Error::new(&code::NOT_FOUND, format!("the server has no location {name:?}")).with("key", "location")),
        _ => Err(Error::new(&code::MULTIPLE_RESULTS_FOUND, format!("the server has several locations {name:?}"))
            .with("key", "location")),
    }
}
