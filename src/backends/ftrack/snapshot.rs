//! What `inspect` shows of a session (verbs.md "Snapshots").

use super::{
    FtrackSession, address,
    store::{Paths, Store},
    unit::{Change, State},
    verbs,
};
use crate::{
    args::Args,
    error::{Error, Result},
    value::{Object, Tree},
};

/// The snapshots of this back end.
pub(super) const NAMES: &[&str] = &[
    "server_information",
    "types",
    "type",
    "operations",
    "created",
    "modified",
    "deleted",
    "entity_state",
    "cache",
    "hub",
    "locations",
];

pub(super) fn inspect(session: &FtrackSession, what: &str, args: &Args) -> Result<Option<Tree>> {
    let core = &session.core;
    Ok(Some(match what {
        "server_information" => core.server.information.clone(),
        "types" => Tree::Array(core.server.schemas.iter().map(|kind| Tree::Text(kind.name.clone())).collect()),
        "type" => {
            let name = args.str("name")?.ok_or_else(|| Error::option("name", "the snapshot \"type\" needs a name"))?;
            kind(core.server.schemas.find(name)?)
        }
        "operations" => operations(&core.store.lock()),
        "created" => in_state(&core.store.lock(), State::Created),
        "modified" => in_state(&core.store.lock(), State::Modified),
        "deleted" => in_state(&core.store.lock(), State::Deleted),
        "entity_state" => {
            let named = args.str("entity")?.map(Box::from).or_else(|| session.entity.clone());
            let named =
                named.ok_or_else(|| Error::option("entity", "the snapshot \"entity_state\" needs an entity"))?;
            let store = core.store.lock();
            let found = verbs::known(&store, &named)?;
            let state = found.and_then(|id| store.operations.state(&store.identity(id)?));
            state.map_or(Tree::Null, |state| Tree::from(state.word()))
        }
        "cache" => {
            let mut out = Object::default();
            {
                let store = core.store.lock();
                out.insert("entities", Tree::from(store.len()));
                out.insert("evicted", Tree::Int(i64::try_from(store.evictions()).unwrap_or(i64::MAX)));
            }
            core.layers().show(&mut out);
            Tree::Object(out)
        }
        "hub" => core.hub.snapshot(),
        "locations" => core.locations.lock().show(),
        "stats" | "pool" | "headers" | "cookies" | "adapters" | "options" => return core.wire.web.inspect(what, args),
        _ => return Ok(None),
    }))
}

fn kind(kind: &super::schema::EntityType) -> Tree {
    let mut attributes = Object::with_capacity(kind.attributes.len());
    for attribute in &kind.attributes {
        let mut shown = Object::with_capacity(4);
        shown.insert("kind", Tree::from(attribute.kind.word()));
        shown.insert("mutable", Tree::Bool(attribute.mutable));
        shown.insert("computed", Tree::Bool(attribute.computed));
        if let Some(target) = attribute.kind.target() {
            shown.insert("target", Tree::from(target));
        }
        attributes.insert(&attribute.name, Tree::Object(shown));
    }
    let mut out = Object::with_capacity(4);
    out.insert("name", Tree::Text(kind.name.clone()));
    out.insert("primary_key", Tree::Array(kind.key_names().map(Tree::from).collect()));
    out.insert(
        "default_projections",
        Tree::Array(kind.default_projections.iter().map(|name| Tree::from(&**name)).collect()),
    );
    out.insert("attributes", Tree::Object(attributes));
    Tree::Object(out)
}

/// The list of changes.
pub(super) fn operations(store: &Store) -> Tree {
    let show = |(index, operation): (usize, &super::unit::Operation)| {
        let mut out = Object::with_capacity(5);
        out.insert("index", Tree::from(index));
        let verb = match &operation.change {
            Change::Create(_) => "create",
            Change::Update { .. } => "update",
            Change::Delete => "delete",
        };
        out.insert("verb", Tree::from(verb));
        out.insert("target", Tree::from(address::write(&operation.identity.kind, &operation.identity.key)));
        match &operation.change {
            Change::Create(data) => out.insert("data", Tree::Object(data.clone())),
            Change::Update { attribute, value } => {
                out.insert("attribute", Tree::Text(attribute.clone()));
                out.insert("value", value.clone().unwrap_or_default());
            }
            Change::Delete => {}
        }
        Tree::Object(out)
    };
    Tree::Array(store.operations.list().iter().enumerate().map(show).collect())
}

fn in_state(store: &Store, state: State) -> Tree {
    let fits = |id: &u32| store.identity(*id).and_then(|identity| store.operations.state(&identity)) == Some(state);
    let mut ids: Vec<_> = store.ids().filter(fits).collect();
    ids.sort_unstable();
    Tree::Array(ids.into_iter().map(|id| store.show(id, &Paths::default())).collect())
}
