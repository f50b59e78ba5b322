//! Where components are noted down as being: on the server, or here for the origin (spec/ftrack.md 9.3).

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::Errand;
use crate::{
    args::Args,
    backends::ftrack::{
        commit,
        locations::{Location, Register},
        query,
        store::{Apart, EntityId, Store},
        unit::{Identity, Operation, State},
        verbs,
    },
    error::{Error, Result, code},
    value::{Node, Object, Tree},
};

/// The event that a component is in a location from now on.
pub const ADDED: &str = "ftrack.location.component-added";
/// The event that it is there no more.
pub const REMOVED: &str = "ftrack.location.component-removed";

/// Under which resource identifiers components are in a location; `None` for those that are not.
///
/// # Errors
/// Those of the query.
pub fn identifiers(errand: &Errand<'_>, location: &Location, components: &[EntityId]) -> Result<Vec<Option<String>>> {
    let ids: Vec<Box<str>> = components.iter().map(|component| errand.id(*component)).collect();
    if let Register::Memory(known) = &location.register {
        let known = known.lock();
        return Ok(ids.iter().map(|id| known.get(id).map(|text| text.to_string())).collect());
    }
    let mut found: Vec<Option<String>> = vec![None; ids.len()];
    for (ids, found) in ids.chunks(verbs::AT_ONCE).zip(found.chunks_mut(verbs::AT_ONCE)) {
        let list: Vec<String> = ids.iter().map(|id| query::bare_text(id)).collect();
        let reply = errand.query(&format!(
            "select component_id, resource_identifier from ComponentLocation where location_id is {} and component_id in ({})",
            query::bare_text(&location.id),
            list.join(", ")
        ))?;
        for node in reply.result(0)?.get("data").into_iter().flat_map(Node::items) {
            let text = |name: &str| node.get(name).and_then(Node::as_str);
            let at = text("component_id").and_then(|id| ids.iter().position(|known| **known == *id));
            if let Some(slot) = at.and_then(|at| found.get_mut(at)) {
                *slot = Some(text("resource_identifier").unwrap_or_default().to_owned());
            }
        }
    }
    Ok(found)
}

/// The resource identifier of one component that must be there.
///
/// # Errors
/// `component_not_in_location`.
pub fn identifier(errand: &Errand<'_>, location: &Location, component: EntityId) -> Result<String> {
    let found = identifiers(errand, location, &[component])?.into_iter().next().flatten();
    found.ok_or_else(|| elsewhere(errand, location, &[component]))
}

/// The error that components are not in a location.
pub fn elsewhere(errand: &Errand<'_>, location: &Location, components: &[EntityId]) -> Error {
    let names = addresses(errand, components);
    let message = format!(
        "{} {} not in the location {}",
        listed(&names),
        if names.len() == 1 { "is" } else { "are" },
        location.name
    );
    about(Error::new(&code::COMPONENT_NOT_IN_LOCATION, message), location, &names)
}

/// The error that components are in a location already.
pub fn there_already(errand: &Errand<'_>, location: &Location, components: &[EntityId]) -> Error {
    let names = addresses(errand, components);
    let message = format!(
        "{} {} in the location {} already",
        listed(&names),
        if names.len() == 1 { "is" } else { "are" },
        location.name
    );
    about(Error::new(&code::COMPONENT_IN_LOCATION, message), location, &names)
}

fn addresses(errand: &Errand<'_>, components: &[EntityId]) -> Vec<String> {
    components.iter().map(|component| errand.address(*component)).collect()
}

/// Not all of thousands.
fn listed(names: &[String]) -> String {
    match names {
        [first, second, third, _, rest @ ..] => format!("{first}, {second}, {third} and {} more", rest.len() + 1),
        few => few.join(", "),
    }
}

fn about(error: Error, location: &Location, names: &[String]) -> Error {
    let names = names.iter().map(Tree::from).collect::<Tree>();
    error.with("location", location.address()).with("components", names)
}

/// Notes components down: on the server as one batch, with `pending` (changes that made them) ahead, and with what is
/// staged of them. Exactly as the official client that is everything that is staged.
///
/// # Errors
/// What the server refuses; nothing has changed then, and `pending` is not sent.
pub fn register(
    errand: &Errand<'_>,
    location: &Location,
    added: &[(EntityId, String)],
    pending: &[Operation],
) -> Result<()> {
    let core = errand.core;
    if let Register::Memory(known) = &location.register {
        let ids: Vec<_> = added.iter().map(|(component, text)| (errand.id(*component), text.as_str().into())).collect();
        known.lock().extend(ids);
        return Ok(());
    }
    let (touched, apart) = {
        let mut store = core.store.lock();
        // What is staged of others, or of those that the server has, is not our business.
        let staged = |store: &Store, component: EntityId| {
            store.identity(component).filter(|identity| store.operations.state(identity) == Some(State::Created))
        };
        let touched: FxHashSet<Identity> =
            added.iter().filter_map(|(component, _)| staged(&store, *component)).collect();
        let (_, apart) = store.apart(|store| {
            let mut place = Object::with_capacity(2);
            place.insert("__entity_type__", Tree::from("Location"));
            place.insert("id", Tree::from(&*location.id));
            for (component, identifier) in added {
                let mut data = Object::with_capacity(3);
                data.insert("component", store.reference(*component));
                data.insert("location", Tree::Object(place.clone()));
                data.insert("resource_identifier", Tree::from(identifier));
                store.create("ComponentLocation", &data, true)?;
            }
            Ok(())
        })?;
        (touched, apart)
    };
    send(errand, &touched, pending, apart)
}

/// Notes that components are in a location no more.
///
/// # Errors
/// `component_not_in_location`; what the server refuses.
pub fn deregister(errand: &Errand<'_>, location: &Location, components: &[EntityId]) -> Result<()> {
    let core = errand.core;
    if components.is_empty() {
        return Ok(());
    }
    let ids: Vec<Box<str>> = components.iter().map(|component| errand.id(*component)).collect();
    if let Register::Memory(known) = &location.register {
        let mut known = known.lock();
        for id in &ids {
            known.remove(id);
        }
        return Ok(());
    }
    let kind = core.server.schemas.find("ComponentLocation")?;
    let (projections, place) = (query::projections(kind), query::bare_text(&location.id));
    let mut found: Vec<EntityId> = Vec::with_capacity(ids.len());
    for ids in ids.chunks(verbs::AT_ONCE) {
        let test = match ids {
            [only] => format!("component_id is {} and location_id is {place}", query::bare_text(only)),
            several => {
                let list: Vec<String> = several.iter().map(|id| query::bare_text(id)).collect();
                format!("location_id is {place} and component_id in ({})", list.join(", "))
            }
        };
        let reply = errand.query(&format!("select {projections} from ComponentLocation where {test}"))?;
        let mut store = core.store.lock();
        let rows = reply.result(0)?.get("data").into_iter().flat_map(Node::items);
        found.extend(rows.take(ids.len()).filter_map(|node| store.merge(node)));
    }
    if found.is_empty() {
        return Err(elsewhere(errand, location, components));
    }
    let (_, apart) = core.store.lock().apart(|store| {
        found.iter().for_each(|id| store.delete(*id, true));
        Ok(())
    })?;
    send(errand, &FxHashSet::default(), &[], apart)
}

fn send(errand: &Errand<'_>, touched: &FxHashSet<Identity>, pending: &[Operation], apart: Apart) -> Result<()> {
    let core = errand.core;
    let mut operations = pending.to_vec();
    operations.extend_from_slice(&apart.operations);
    let python = errand.is_python();
    let along = |operation: &Operation| python || touched.contains(&operation.identity);
    let sent = commit::send_with_staged(core, &along, &operations, &errand.call());
    match sent {
        Ok(_) => Ok(()),
        Err(error) => {
            core.store.lock().take_back(apart);
            Err(error)
        }
    }
}

/// Tells the hub, when there is one; nobody waits for it.
pub fn announce(errand: &Errand<'_>, topic: &str, location: &Location, component: EntityId) {
    let mut data = Object::with_capacity(2);
    data.insert("component_id", Tree::from(&*errand.id(component)));
    data.insert("location_id", Tree::from(&*location.id));
    let mut args = Args::new();
    args.set("data", Tree::Object(data));
    if let Ok(publish) = errand.core.hub.publish(topic, &args) {
        // It goes out at once; what is dropped is the wait for the server's word.
        drop(errand.core.hub.publish_away(publish, Arc::default()));
    }
}
