//! Components out of a location: their bytes, then their registration, members first (spec/ftrack.md 9.3).
//!
//! The official client asks and commits for each of them; here they are asked for together, and what was removed is
//! deregistered together, also when one in the middle could not be. A second try goes on with what is left.

use std::sync::Arc;

use super::{Errand, add::lacks, register};
use crate::{
    backends::ftrack::{
        accessors::Accessor,
        locations::{Location, Register},
        store::EntityId,
    },
    error::{Error, Result, code},
    log,
};

/// Containers in containers.
const DEPTH_MAX: usize = 64;

/// Removes components; with `recursive` their members too. Members that are not there are left alone.
///
/// # Errors
/// `component_not_in_location`; `location`, those of the accessor and of the server.
pub fn remove(errand: &Errand<'_>, location: &Arc<Location>, components: &[EntityId], recursive: bool) -> Result<()> {
    if location.moves_data && location.accessor.is_none() {
        return Err(lacks(location, "accessor"));
    }
    if errand.is_python() {
        return components.iter().try_for_each(|component| one_by_one(errand, location, *component, recursive, 0));
    }
    let there = register::identifiers(errand, location, components)?;
    let missing: Vec<EntityId> =
        components.iter().zip(&there).filter(|(_, known)| known.is_none()).map(|(id, _)| *id).collect();
    if !missing.is_empty() {
        return Err(register::elsewhere(errand, location, &missing));
    }
    let mut all = Vec::new();
    gather(
        errand,
        location,
        components.iter().copied().zip(there.into_iter().flatten()).collect(),
        recursive,
        0,
        &mut all,
    )?;
    let mut removed = Vec::with_capacity(all.len());
    let mut done = Ok(());
    for (component, identifier) in all {
        done = errand.go_on().and_then(|()| bytes(errand, location, component, &identifier));
        if done.is_err() {
            break;
        }
        removed.push(component);
    }
    let noted = register::deregister(errand, location, &removed);
    if noted.is_ok() {
        for component in &removed {
            register::announce(errand, register::REMOVED, location, *component);
        }
    }
    match (done, noted) {
        (Err(error), Err(second)) => {
            log::warn(c"ftrack", || format!("what was removed from a location is still registered there: {second}"));
            Err(error)
        }
        (done, noted) => done.and(noted),
    }
}

/// Members first.
fn gather(
    errand: &Errand<'_>,
    location: &Location,
    components: Vec<(EntityId, String)>,
    recursive: bool,
    depth: usize,
    all: &mut Vec<(EntityId, String)>,
) -> Result<()> {
    for (component, identifier) in components {
        if recursive
            && depth < DEPTH_MAX
            && let Some(members) = errand.members(component)?
        {
            let there = register::identifiers(errand, location, &members)?;
            let members =
                members.into_iter().zip(there).filter_map(|(member, identifier)| Some((member, identifier?))).collect();
            gather(errand, location, members, recursive, depth + 1, all)?;
        }
        all.push((component, identifier));
    }
    Ok(())
}

/// As the official client does.
fn one_by_one(
    errand: &Errand<'_>,
    location: &Location,
    component: EntityId,
    recursive: bool,
    depth: usize,
) -> Result<()> {
    errand.go_on()?;
    let mut identifier = register::identifier(errand, location, component)?;
    if recursive
        && depth < DEPTH_MAX
        && let Some(members) = errand.members(component)?
    {
        for member in members {
            one_by_one(errand, location, member, recursive, depth + 1)?;
        }
    }
    if location.moves_data && matches!(location.register, Register::Server) {
        identifier = register::identifier(errand, location, component)?;
    }
    bytes(errand, location, component, &identifier)?;
    register::deregister(errand, location, &[component])?;
    register::announce(errand, register::REMOVED, location, component);
    Ok(())
}

fn bytes(errand: &Errand<'_>, location: &Location, component: EntityId, identifier: &str) -> Result<()> {
    let Some(accessor) = location.accessor.as_ref().filter(|_| location.moves_data) else { return Ok(()) };
    let tell = |error: Error| error.with("component", errand.address(component)).with("location", location.address());
    match Accessor::remove(&**accessor, errand, identifier) {
        // A sequence is no thing of its own: its files are its members'.
        Err(error)
            if error.code() == code::ACCESSOR_RESOURCE_NOT_FOUND.word && errand.is(component, "SequenceComponent") =>
        {
            Ok(())
        }
        removed => removed.map_err(tell),
    }
}
