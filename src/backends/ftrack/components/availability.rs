//! How much of components is in which location, and which location is the one to use (spec/ftrack.md 9.3).

use std::sync::Arc;

use super::{Errand, named};
use crate::{
    backends::ftrack::{
        locations::Location,
        schema::TypeId,
        store::{EntityId, Value},
        verbs,
        way::{Way, now},
    },
    error::Result,
};

/// Containers in containers.
const DEPTH_MAX: usize = 64;

/// The share of each component in each location, in percent.
///
/// # Errors
/// Those of the queries.
pub fn availabilities(errand: &Errand<'_>, components: &[EntityId], locations: &[Box<str>]) -> Result<Vec<Vec<f64>>> {
    populate(errand, components)?;
    measure(errand, components, locations, 0)
}

/// The same in all locations of the server, with their identifiers.
///
/// # Errors
/// Those of the queries.
pub fn everywhere(errand: &Errand<'_>, component: EntityId) -> Result<(Vec<Box<str>>, Vec<f64>)> {
    populate(errand, &[component])?;
    let locations = named::all(errand)?;
    let shares = measure(errand, &[component], &locations, 0)?.into_iter().next().unwrap_or_default();
    Ok((locations, shares))
}

/// Where a component is registered is asked anew each time: others register and remove it too.
fn populate(errand: &Errand<'_>, components: &[EntityId]) -> Result<()> {
    let (containers, files): (Vec<EntityId>, Vec<EntityId>) =
        components.iter().partition(|id| errand.is_container(**id));
    for (list, select) in
        [(files, "component_locations.location_id"), (containers, "members, component_locations.location_id")]
    {
        // One request for each type, as a query has one.
        let mut kinds: Vec<(TypeId, Vec<EntityId>)> = Vec::new();
        for id in list.into_iter().filter(|id| !errand.fresh.contains(id)) {
            let Some(kind) = errand.kind(id) else { continue };
            match kinds.iter_mut().find(|(known, _)| *known == kind.id) {
                Some((_, ids)) => ids.push(id),
                None => kinds.push((kind.id, vec![id])),
            }
        }
        for (_, ids) in kinds {
            now(verbs::bring(errand.core, &ids, select, &Way::here(&errand.call())))?;
        }
    }
    Ok(())
}

fn measure(
    errand: &Errand<'_>,
    components: &[EntityId],
    locations: &[Box<str>],
    depth: usize,
) -> Result<Vec<Vec<f64>>> {
    let mut all = Vec::with_capacity(components.len());
    for component in components {
        let mut shares = vec![0.0; locations.len()];
        let members = errand.members(*component)?.filter(|members| !members.is_empty() && depth < DEPTH_MAX);
        if let Some(members) = members {
            populate(errand, &members)?;
            let part = 1.0 / members.len() as f64;
            for of_member in measure(errand, &members, locations, depth + 1)? {
                for (share, of_member) in shares.iter_mut().zip(of_member) {
                    *share += of_member * part;
                }
            }
        } else {
            for place in registered(errand, *component)? {
                if let Some(at) = locations.iter().position(|known| *known == place)
                    && let Some(share) = shares.get_mut(at)
                {
                    *share = 100.0;
                }
            }
        }
        all.push(shares.into_iter().map(rounded).collect());
    }
    Ok(all)
}

/// The locations that a component is registered in.
fn registered(errand: &Errand<'_>, component: EntityId) -> Result<Vec<Box<str>>> {
    let Some(Value::Entities(places)) = errand.value(component, "component_locations")? else { return Ok(Vec::new()) };
    let mut found = Vec::with_capacity(places.len());
    let places: Vec<EntityId> = errand.core.store.lock().living(&places).collect();
    for place in places {
        found.extend(errand.text(place, "location_id")?.map(Box::from));
    }
    Ok(found)
}

/// Nine decimals, so that three thirds are a whole.
fn rounded(share: f64) -> f64 {
    let text = format!("{share:.9}");
    text.parse().unwrap_or(share).clamp(0.0, 100.0)
}

/// The location to use: the preferred one of those that can be used here; of a component, of those where some of it is.
///
/// # Errors
/// Those of the queries.
pub fn pick(errand: &Errand<'_>, component: Option<EntityId>, not: Option<&str>) -> Result<Option<Arc<Location>>> {
    let candidates: Vec<_> =
        named::accessible(errand)?.into_iter().filter(|location| not != Some(&*location.id)).collect();
    let Some(component) = component else { return Ok(candidates.into_iter().next()) };
    let ids: Vec<Box<str>> = candidates.iter().map(|location| location.id.clone()).collect();
    let shares = availabilities(errand, &[component], &ids)?.into_iter().next().unwrap_or_default();
    Ok(candidates.into_iter().zip(shares).find(|(_, share)| *share > 0.0).map(|(location, _)| location))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Python's `round(x, 9)` of the same sums.
    #[test]
    fn shares_are_rounded_as_in_python() {
        let third = 100.0 * (1.0 / 3.0);
        assert_eq!(rounded(third + third), 66.666666667);
        assert_eq!(rounded(third + third + third), 100.0);
        assert_eq!(rounded(100.0000001), 100.0);
        assert_eq!(rounded(-0.1), 0.0);
    }
}
