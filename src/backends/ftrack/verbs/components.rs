//! The verbs of components (verbs.md "ftrack"): made from files, moved between locations, found.

use std::sync::Arc;

use super::{plain, target};
use crate::{
    backends::{
        Answer, Call,
        ftrack::{
            FtrackSession, commit,
            components::{
                Errand,
                add::{Adding, lacks},
                availability, create as creating, named, register, remove,
            },
            locations::{Location, ORIGIN, REVIEW, Register},
            store::{Apart, EntityId, Paths},
            way::{Way, now},
        },
    },
    error::{Error, Result, code},
    value::{Object, Tree},
};

/// The verbs of this file besides `create_component`.
pub(super) const VERBS: &[&str] = &[
    "add_component",
    "remove_component",
    "availability",
    "resource_identifier",
    "filesystem_path",
    "url",
    "pick_location",
];

/// Components of these names are kept where reviews look for them.
const OF_REVIEWS: [&str; 3] = ["ftrackreview-mp4", "ftrackreview-webm", "ftrackreview-image"];

/// Does one of [`VERBS`].
pub(super) fn request(session: &FtrackSession, verb: &str, call: &Call<'_>) -> Result<Box<dyn Answer>> {
    let errand = Errand::of(&session.core, call);
    if verb == "pick_location" {
        let component =
            call.target.or(session.entity.as_deref()).map(|text| named::component(&errand, text)).transpose()?;
        let picked = availability::pick(&errand, component, None)?;
        return Ok(plain(&picked.map_or(Tree::Null, |location| entity(session, &location))));
    }
    if matches!(verb, "add_component" | "remove_component") {
        let (components, several) = components(session, &errand, call)?;
        if verb == "add_component" {
            add(&errand, &components, call)?;
        } else {
            let location = needed(&errand, call)?;
            remove::remove(&errand, &location, &components, call.args.bool("recursive")?.unwrap_or(true))?;
        }
        let shown: Vec<Tree> = components.iter().map(|id| shown(session, *id)).collect();
        return Ok(plain(&if several { Tree::Array(shown) } else { shown.into_iter().next().unwrap_or_default() }));
    }
    let component = named::component(&errand, target(session, call)?)?;
    match verb {
        "availability" => shares(&errand, component, call),
        _ => place(&errand, verb, component, call),
    }
}

fn shown(session: &FtrackSession, id: EntityId) -> Tree {
    session.core.store.lock().show(id, &Paths::default())
}

fn entity(session: &FtrackSession, location: &Location) -> Tree {
    let mut store = session.core.store.lock();
    let found = store.entity_for(&Tree::from(location.address()), None, "location");
    found.map_or(Tree::Null, |id| store.show(id, &Paths::default()))
}

/// The location that a call names.
fn told(errand: &Errand<'_>, call: &Call<'_>, option: &str) -> Result<Option<Arc<Location>>> {
    match call.args.get(option) {
        None | Some(Tree::Null | Tree::Bool(false)) => Ok(None),
        Some(value) => named::location(errand, option, value).map(Some),
    }
}

fn needed(errand: &Errand<'_>, call: &Call<'_>) -> Result<Arc<Location>> {
    let verb = call.verb.unwrap_or_default();
    told(errand, call, "location")?.ok_or_else(|| Error::option("location", format!("{verb} needs a location")))
}

/// The location that a component is in: the one that is named, else the preferred one that has it.
pub(super) fn holding(
    errand: &Errand<'_>,
    component: EntityId,
    call: &Call<'_>,
    option: &str,
    not: Option<&str>,
) -> Result<Arc<Location>> {
    if let Some(location) = told(errand, call, option)? {
        return Ok(location);
    }
    let found = availability::pick(errand, Some(component), not)?;
    found.ok_or_else(|| {
        let name = errand.address(component);
        Error::new(&code::COMPONENT_NOT_IN_ANY_LOCATION, format!("{name} is in no location that can be used here"))
            .with("components", Tree::Array(vec![Tree::from(name)]))
    })
}

fn origin(errand: &Errand<'_>) -> Result<Arc<Location>> {
    named::location(errand, "from", &Tree::from(format!("Location/{ORIGIN}")))
}

/// The components of a call, and whether they are a list.
fn components(session: &FtrackSession, errand: &Errand<'_>, call: &Call<'_>) -> Result<(Vec<EntityId>, bool)> {
    let Some(list) = call.args.array("entities")? else {
        return Ok((vec![named::component(errand, target(session, call)?)?], false));
    };
    let mut found = Vec::with_capacity(list.len());
    for entity in list {
        let id = match entity {
            Tree::Text(text) => named::component(errand, text)?,
            other => {
                let id = session.core.store.lock().entity_for(other, None, "entities")?;
                named::component(errand, &errand.address(id))?
            }
        };
        if found.contains(&id) {
            return Err(Error::option("entities", format!("{} was named twice", errand.address(id))));
        }
        found.push(id);
    }
    Ok((found, true))
}

/// Moves components into a location and commits their registration.
fn add(errand: &Errand<'_>, components: &[EntityId], call: &Call<'_>) -> Result<()> {
    let target = needed(errand, call)?;
    let origin = origin(errand)?;
    let recursive = call.args.bool("recursive")?.unwrap_or(true);
    let Some(first) = components.first() else { return Ok(()) };
    let (source, given) = match call.args.get("from") {
        // The origin takes files as they are.
        Some(Tree::Text(path)) if matches!(target.register, Register::Memory(_)) => (origin, Some(path.to_string())),
        None | Some(Tree::Null) if components.iter().all(|component| is_here(errand, &origin, *component)) => {
            (origin, None)
        }
        _ => (holding(errand, *first, call, "from", Some(&target.id))?, None),
    };
    if given.is_none() && matches!(target.register, Register::Memory(_)) {
        return Err(Error::option("from", format!("the location {} takes a path", target.name)));
    }
    if given.is_some() && components.len() > 1 {
        return Err(Error::option("from", "several components cannot be the same file"));
    }
    let adding = Adding {
        errand: errand.clone(),
        target: &target,
        source: &source,
        given: given.as_deref(),
        recursive,
        pending: Vec::new(),
    };
    adding.run(components)
}

/// Whether a component was made here from a file.
fn is_here(errand: &Errand<'_>, origin: &Location, component: EntityId) -> bool {
    matches!(&origin.register, Register::Memory(places) if places.lock().contains_key(&errand.id(component)))
}

/// Percentages by location.
fn shares(errand: &Errand<'_>, component: EntityId, call: &Call<'_>) -> Result<Box<dyn Answer>> {
    let one = |value: &Tree| Ok::<_, Error>(named::location(errand, "location", value)?.id.clone());
    let (ids, shares) = match call.args.get("location") {
        None | Some(Tree::Null) => availability::everywhere(errand, component)?,
        Some(told) => {
            let ids: Vec<Box<str>> = match told {
                Tree::Array(list) => list.iter().map(one).collect::<Result<_>>()?,
                other => vec![one(other)?],
            };
            let shares =
                availability::availabilities(errand, &[component], &ids)?.into_iter().next().unwrap_or_default();
            (ids, shares)
        }
    };
    let mut out = Object::with_capacity(ids.len());
    for (id, share) in ids.iter().zip(shares) {
        out.insert(id, Tree::Double(share));
    }
    Ok(plain(&Tree::Object(out)))
}

/// Where a component is: as resource identifier, path or URL.
fn place(errand: &Errand<'_>, verb: &str, component: EntityId, call: &Call<'_>) -> Result<Box<dyn Answer>> {
    let location = holding(errand, component, call, "location", None)?;
    let identifier = register::identifier(errand, &location, component)?;
    if verb == "resource_identifier" {
        return Ok(plain(&Tree::from(identifier)));
    }
    let accessor = location.accessor.as_ref().ok_or_else(|| lacks(&location, "accessor"))?;
    let place =
        if verb == "url" { accessor.url(errand, &identifier) } else { accessor.filesystem_path(errand, &identifier) };
    Ok(plain(&Tree::from(place?)))
}

/// Makes a component from a file or a sequence of files, and adds it to a location.
pub(super) fn create(session: &FtrackSession, call: &Call<'_>) -> Result<Box<dyn Answer>> {
    let core = &session.core;
    let errand = Errand::of(core, call);
    let (path, data) = asked(call)?;
    let location = match call.args.get("location") {
        None => automatic(&errand, data)?,
        Some(word) if word.as_str() == Some("auto") => automatic(&errand, data)?,
        Some(_) => told(&errand, call, "location")?,
    };
    let origin = origin(&errand)?;
    let plan = creating::plan(&errand, path, data)?;
    let (made, apart) = core.store.lock().apart(|store| creating::make(store, &plan, true))?;
    note(&errand, &origin, &made);
    let fresh: Vec<EntityId> = made.paths.iter().map(|(id, _)| *id).collect();
    let sent = match &location {
        None => now(commit::send_apart(core, &apart.operations, &Way::here(call))),
        Some(target) => {
            let errand = Errand { fresh: &fresh, ..errand.clone() };
            let pending = apart.operations.clone();
            let recursive = fresh.len() > 1 || errand.is_container(made.component);
            Adding { errand, target, source: &origin, given: None, recursive, pending }.run(&[made.component])
        }
    };
    if let Err(error) = sent {
        take_back(session, &origin, &made, apart);
        return Err(error);
    }
    Ok(plain(&shown(session, made.component)))
}

/// The same, to be sent at commit: into a location it is added afterwards.
pub(super) fn stage(session: &FtrackSession, call: &Call<'_>) -> Result<Box<dyn Answer>> {
    let core = &session.core;
    let errand = Errand::of(core, call);
    let (path, data) = asked(call)?;
    if !matches!(call.args.get("location"), None | Some(Tree::Null | Tree::Bool(false))) {
        return Err(creating::cannot_be_staged("create_component"));
    }
    let record = session.flags(call.args)?.record;
    let origin = origin(&errand)?;
    let plan = creating::plan(&errand, path, data)?;
    let made = {
        let mut store = core.store.lock();
        let (made, apart) = store.apart(|store| creating::make(store, &plan, record))?;
        for operation in apart.operations {
            store.operations.record(operation);
        }
        made
    };
    note(&errand, &origin, &made);
    Ok(plain(&shown(session, made.component)))
}

fn asked<'a>(call: &Call<'a>) -> Result<(&'a str, &'a Object)> {
    static NONE: std::sync::OnceLock<Object> = std::sync::OnceLock::new();
    let path = call.target.filter(|path| !path.is_empty());
    let path = path.ok_or_else(|| Error::option("target", "create_component needs a path as target"))?;
    Ok((path, call.args.object("data")?.unwrap_or_else(|| NONE.get_or_init(Object::default))))
}

/// The location that fits best; `None` when there is none that can be used.
fn automatic(errand: &Errand<'_>, data: &Object) -> Result<Option<Arc<Location>>> {
    let of_reviews = data.get("name").and_then(Tree::as_str).is_some_and(|name| OF_REVIEWS.contains(&name));
    if of_reviews {
        return named::location(errand, "location", &Tree::from(format!("Location/{REVIEW}"))).map(Some);
    }
    availability::pick(errand, None, None)
}

/// Its files are where they are: that is where other locations have it from.
fn note(errand: &Errand<'_>, origin: &Location, made: &creating::Made) {
    if let Register::Memory(places) = &origin.register {
        let ids: Vec<_> = made.paths.iter().map(|(id, path)| (errand.id(*id), path.as_str().into())).collect();
        places.lock().extend(ids);
    }
    for (id, _) in &made.paths {
        register::announce(errand, register::ADDED, origin, *id);
    }
}

/// What was not committed was never there.
fn take_back(session: &FtrackSession, origin: &Location, made: &creating::Made, apart: Apart) {
    let mut store = session.core.store.lock();
    if let Register::Memory(places) = &origin.register {
        let mut places = places.lock();
        for (id, _) in &made.paths {
            if let Some(part) = store.entity(*id).and_then(|entity| entity.key.first()) {
                places.remove(&**part);
            }
        }
    }
    store.take_back(apart);
}
