//! Entities as JSON that can be read back: for `encode`, for layers below memory (spec/ftrack.md 2.4, 6).

use super::{Entity, EntityId, Store, Value};
use crate::{
    backends::ftrack::schema::{Attribute, AttributeId},
    value::{Document, Object, Tree},
};

/// Which attributes of an entity are written besides its type and key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strategy {
    /// All; what is missing was to be fetched before.
    All,
    /// What is known.
    SetOnly,
    /// What was set here and differs from what the server said.
    ModifiedOnly,
    /// What the server said, without what it computes: for caches that live long.
    PersistedOnly,
}

impl Strategy {
    /// All of them, by their word.
    pub const WORDS: [(&str, Strategy); 4] = [
        ("all", Strategy::All),
        ("set_only", Strategy::SetOnly),
        ("modified_only", Strategy::ModifiedOnly),
        ("persisted_only", Strategy::PersistedOnly),
    ];
}

impl Store {
    /// An entity in the form of the wire.
    pub fn encode(&self, id: EntityId, strategy: Strategy) -> Tree {
        let Some((entity, kind)) = self.entity(id).zip(self.kind_of(id)) else { return Tree::Null };
        let Tree::Object(mut out) = self.reference(id) else { return Tree::Null };
        for (at, attribute) in (0..).zip(&kind.attributes) {
            if let Some(value) = self.written(entity, at, attribute, strategy) {
                out.insert(&attribute.name, self.wire(value, &attribute.kind));
            }
        }
        Tree::Object(out)
    }

    fn written<'a>(
        &self,
        entity: &'a Entity,
        at: AttributeId,
        attribute: &Attribute,
        strategy: Strategy,
    ) -> Option<&'a Value> {
        let (local, remote) = (entity.local.get(at), entity.remote.get(at));
        match strategy {
            Strategy::All | Strategy::SetOnly => local.or(remote),
            Strategy::PersistedOnly => remote.filter(|_| !attribute.computed),
            Strategy::ModifiedOnly => local.filter(|local| {
                let text = |value: &Value| Document::from_tree(&self.wire(value, &attribute.kind)).root().to_json();
                remote.is_none_or(|remote| text(local) != text(remote))
            }),
        }
    }

    /// What is worth keeping of an entity: `None` when the server has said no more than who it is.
    pub fn persisted(&self, id: EntityId) -> Option<Object> {
        let Tree::Object(out) = self.encode(id, Strategy::PersistedOnly) else { return None };
        let kind = self.kind_of(id)?;
        let known = out.keys().any(|name| name != "__entity_type__" && !kind.key_names().any(|key| key == name));
        known.then_some(out)
    }

    /// The attributes of an entity that are not known.
    pub fn unknown(&self, id: EntityId) -> Vec<String> {
        let Some(kind) = self.kind_of(id) else { return Vec::new() };
        let lacks = |(at, _): &(AttributeId, &Attribute)| self.value(id, *at).is_none();
        (0..).zip(&kind.attributes).filter(lacks).map(|(_, attribute)| attribute.name.to_string()).collect()
    }
}
