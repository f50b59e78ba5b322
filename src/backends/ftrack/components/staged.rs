//! What is staged and would have to be on the server before a component can be registered. Found before bytes are moved,
//! as the server would refuse when they are in their place.

use rustc_hash::FxHashSet;

use super::Errand;
use crate::{
    backends::ftrack::{
        address,
        query::Key,
        schema::Kind,
        store::{EntityId, Store, Value},
        unit::{Change, Identity, Operation, State},
    },
    error::{Error, Result, code},
    value::Tree,
};

/// Looks at what would be sent for the components: what they refer to must not be staged itself.
///
/// # Errors
/// `location`, with what has to be committed first.
pub fn check(errand: &Errand<'_>, components: &[EntityId], pending: &[Operation]) -> Result<()> {
    let store = errand.core.store.lock();
    if store.operations.list().is_empty() {
        return Ok(());
    }
    let sent = together(&store, components, errand.fresh);
    let staged = store
        .operations
        .list()
        .iter()
        .filter(|operation| sent.contains(&operation.identity) && is_new(&store, &operation.identity));
    for operation in pending.iter().chain(staged) {
        for other in referred(&store, operation) {
            if is_new(&store, &other) && !sent.contains(&other) {
                let name = address::write(&other.kind, &other.key);
                let message = format!("{name} is staged and has to be committed first");
                return Err(Error::new(&code::LOCATION, message).with("entity", name));
            }
        }
    }
    Ok(())
}

fn is_new(store: &Store, identity: &Identity) -> bool {
    store.operations.state(identity) == Some(State::Created)
}

/// The components and, as far as they are new, their members.
fn together(store: &Store, components: &[EntityId], fresh: &[EntityId]) -> FxHashSet<Identity> {
    let mut all = FxHashSet::default();
    let mut left: Vec<EntityId> = components.iter().chain(fresh).copied().collect();
    while let Some(id) = left.pop() {
        let Some(identity) = store.identity(id) else { continue };
        let members = store.kind_of(id).and_then(|kind| kind.position("members")).and_then(|at| store.value(id, at));
        if all.insert(identity)
            && let Some(Value::Entities(members)) = members
        {
            left.extend_from_slice(members);
        }
    }
    all
}

/// The entities that a change names, by reference or by key.
fn referred(store: &Store, operation: &Operation) -> Vec<Identity> {
    let mut found = Vec::new();
    let mut look = |name: &str, value: &Tree| match value {
        Tree::Array(items) => found.extend(items.iter().filter_map(|item| by_reference(store, item))),
        Tree::Object(_) => found.extend(by_reference(store, value)),
        Tree::Text(text) => found.extend(by_key(store, &operation.identity.kind, name, text)),
        _ => {}
    };
    match &operation.change {
        Change::Create(data) => data.iter().for_each(|(name, value)| look(name, value)),
        Change::Update { attribute, value: Some(value) } => look(attribute, value),
        Change::Update { value: None, .. } | Change::Delete => {}
    }
    found
}

fn by_reference(store: &Store, value: &Tree) -> Option<Identity> {
    let kind = store.schemas().get(value.get("__entity_type__")?.as_str()?)?;
    let key: Option<Key> = kind.key_names().map(|name| Some(value.get(name)?.as_str()?.into())).collect();
    Some(Identity { kind: kind.name.clone(), key: key? })
}

/// `version_id` names what `version` refers to.
fn by_key(store: &Store, kind: &str, name: &str, text: &str) -> Option<Identity> {
    let (_, attribute) = store.schemas().get(kind)?.find(name.strip_suffix("_id")?).ok()?;
    let Kind::Reference(target) = &attribute.kind else { return None };
    Some(Identity { kind: target.as_ref().into(), key: Box::new([text.into()]) })
}
