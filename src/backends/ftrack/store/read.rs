//! Answers into the store (spec/ftrack.md 2.2, 5.8).

use std::sync::Arc;

use super::{EntityId, Store, Value, time};
use crate::{
    backends::ftrack::{
        query::Key,
        schema::{AttributeId, EntityType, Kind},
    },
    value::{Node, Tree, Type},
};

/// Entities inside entities, before the stack ends.
const DEPTH_MAX: usize = 200;

impl Store {
    /// Takes the entities of an answer in and remembers that they came together. What is no entity of a known type
    /// stands as `None`: newer servers have types that older schemas lack.
    pub fn merge_all(&mut self, list: Node<'_>) -> Vec<Option<EntityId>> {
        let merged: Vec<_> = list.items().map(|item| self.merge(item)).collect();
        let ids: Vec<_> = merged.iter().copied().flatten().collect();
        if !ids.is_empty() {
            self.remember(&ids);
        }
        merged
    }

    /// Takes one entity in, with all that is in it.
    pub fn merge(&mut self, node: Node<'_>) -> Option<EntityId> {
        self.merge_at(node, 0)
    }

    fn merge_at(&mut self, node: Node<'_>, depth: usize) -> Option<EntityId> {
        let kind = Arc::clone(self.schemas().get(node.get("__entity_type__")?.as_str()?)?);
        let id = self.intern_in(&kind, node)?;
        if depth > DEPTH_MAX {
            return Some(id);
        }
        // A bare reference says nothing new.
        if node.count() > kind.primary_key.len() + 1 {
            self.brought(id);
            if let Some(entity) = self.entity_mut(id) {
                entity.evicted = false;
                if entity.remote.0.is_empty() {
                    entity.remote.0.reserve_exact(node.count() - 1);
                }
            }
        }
        for (name, value) in node.members() {
            let Some(attribute) = kind.position(name) else { continue };
            // Most of what comes again is the same again.
            if let Some(Value::Text(known)) = self.entity(id).and_then(|entity| entity.remote.get(attribute))
                && value.as_str() == Some(known)
            {
                continue;
            }
            if let Some(value) = self.read(&kind, attribute, value, depth)
                && let Some(entity) = self.entity_mut(id)
            {
                entity.remote.set(attribute, value);
            }
        }
        Some(id)
    }

    /// The entity whose key stands in an object of the wire; `None` when a part is missing.
    fn intern_in(&mut self, kind: &EntityType, node: Node<'_>) -> Option<EntityId> {
        if let [only] = *kind.primary_key
            && let Some(part) = node.get(&kind.attribute(only)?.name)?.as_str()
        {
            return Some(self.intern_one(kind.id, part));
        }
        Some(self.intern(kind.id, key_in(kind, node)?))
    }

    /// A value of the wire, outside of an entity.
    pub(super) fn value_of(&mut self, kind: &EntityType, attribute: AttributeId, node: Node<'_>) -> Option<Value> {
        self.read(kind, attribute, node, 0)
    }

    /// A value of the wire. One that does not fit its attribute is kept as it is.
    fn read(&mut self, kind: &EntityType, attribute: AttributeId, node: Node<'_>, depth: usize) -> Option<Value> {
        let attribute = kind.attribute(attribute)?;
        if attribute.kind.is_scalar() {
            if let Some(text) = node.as_str() {
                return Some(Value::Text(self.texts.share(text)));
            }
            return Some(scalar(node));
        }
        match node.kind() {
            Type::Null if matches!(attribute.kind, Kind::Reference(_)) => Some(Value::Null),
            // No collection is an empty one.
            Type::Null => Some(Value::Entities(Arc::default())),
            Type::Object => match self.merge_at(node, depth + 1) {
                Some(id) => Some(Value::Entity(id)),
                None => Some(Value::Json(Arc::new(node.to_tree()))),
            },
            Type::Array => {
                let ids: Option<Vec<_>> = node.items().map(|item| self.merge_at(item, depth + 1)).collect();
                match ids {
                    Some(ids) => Some(Value::Entities(ids.into())),
                    None => Some(Value::Json(Arc::new(node.to_tree()))),
                }
            }
            _ => Some(scalar(node)),
        }
    }
}

/// A value that stands for itself.
pub(super) fn scalar(node: Node<'_>) -> Value {
    match node.kind() {
        Type::Null => Value::Null,
        Type::Bool => Value::Bool(node.truth() == Some(true)),
        Type::Int => node.int().map_or(Value::Null, Value::Int),
        // Whole ones too: as JSON they would need the texts of all numbers of the answer.
        Type::Double => node.double().map_or(Value::Null, Value::Double),
        Type::String => Value::Text(node.as_str().unwrap_or_default().into()),
        Type::Object => match member(node, "__type__").and_then(Node::as_str) {
            Some("datetime" | "date") => {
                let text = member(node, "value").and_then(Node::as_str).unwrap_or_default();
                match time::utc(text) {
                    Some(utc) => Value::Date(utc.into()),
                    None if text.is_empty() => Value::Null,
                    None => Value::Text(text.into()),
                }
            }
            _ => Value::Json(Arc::new(node.to_tree())),
        },
        _ => Value::Json(Arc::new(node.to_tree())),
    }
}

/// A member of a small object, without a look into the document's keys.
fn member<'a>(node: Node<'a>, name: &str) -> Option<Node<'a>> {
    if node.count() > 4 {
        return node.get(name);
    }
    node.members().rev().find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// The key in an entity of the wire; `None` when a part is missing.
fn key_in(kind: &EntityType, node: Node<'_>) -> Option<Key> {
    if kind.primary_key.is_empty() {
        return None;
    }
    kind.key_names().map(|name| node.get(name).and_then(key_part)).collect()
}

/// A part of a key as text, as the server compares it.
fn key_part(node: Node<'_>) -> Option<Arc<str>> {
    match node.kind() {
        Type::String => node.as_str().map(Into::into),
        Type::Int => node.int().map(|number| number.to_string().into()),
        Type::Double => node.text().map(|text| String::from_utf8_lossy(text).into()),
        Type::Bool => Some(if node.truth() == Some(true) { "True" } else { "False" }.into()),
        _ => None,
    }
}

/// The key that a host wrote in an object of `data`.
pub(super) fn key_of_tree(kind: &EntityType, get: impl Fn(&str) -> Option<Tree>) -> Option<Key> {
    if kind.primary_key.is_empty() {
        return None;
    }
    kind.key_names()
        .map(|name| match get(name)? {
            Tree::Text(text) => Some(text),
            Tree::Int(number) => Some(number.to_string().into()),
            _ => None,
        })
        .collect()
}
