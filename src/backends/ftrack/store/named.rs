//! Entities as the host names them in what it writes (spec/ftrack.md 5.3): `"Type/key"`, or an object with type and key; for
//! attributes with what the schema says of them.

use std::sync::Arc;

use super::{EntityId, Store, Value, read};
use crate::{
    backends::ftrack::{
        address,
        schema::{Attribute, Kind},
    },
    error::{Error, Result, code},
    value::Tree,
};

impl Store {
    /// A reference or a collection that the host wrote.
    pub(super) fn related(&mut self, attribute: &Attribute, value: &Tree) -> Result<Value> {
        let key = format!("data.{}", attribute.name);
        match (&attribute.kind, value) {
            (Kind::Reference(_), Tree::Null) => Ok(Value::Null),
            (Kind::Reference(_), value) => self.fitting(value, attribute, &key).map(Value::Entity),
            (_, Tree::Null) => Ok(Value::Entities(Arc::default())),
            (_, Tree::Array(items)) => {
                let mut ids = Vec::with_capacity(items.len());
                for item in items {
                    let id = self.fitting(item, attribute, &key)?;
                    if ids.contains(&id) {
                        return Err(duplicate(&attribute.name, &key));
                    }
                    ids.push(id);
                }
                Ok(Value::Entities(ids.into()))
            }
            _ => Err(Error::option(&key, format!("{} was not a list", attribute.name))),
        }
    }

    /// The entity that the host names for an attribute. One of a type that cannot be meant is told here: the server would
    /// refuse the whole batch. The official client leaves it to the server.
    pub(super) fn fitting(&mut self, value: &Tree, attribute: &Attribute, option: &str) -> Result<EntityId> {
        let target = attribute.kind.target();
        if !self.python
            && let Some(wanted) = target
            && let Some(kind) = named_type(value).and_then(|name| self.schemas().get(name))
            && !self.schemas().may_be(kind, wanted)
        {
            let message = format!("{} was a {}, and the schema wants a {wanted}", attribute.name, kind.name);
            return Err(Error::option(option, message));
        }
        self.entity_for(value, target, option)
    }

    /// The entity that the host names: `"Type/key"`, or an object with type and key. Text without a type has the
    /// attribute's own.
    ///
    /// # Errors
    /// `argument`, `unknown_type`, `wrong_key`.
    pub fn entity_for(&mut self, value: &Tree, target: Option<&str>, option: &str) -> Result<EntityId> {
        let wrong = || {
            Error::option(
                option,
                format!("{option} was not \"Type/key\" nor an object with __entity_type__ and its key"),
            )
        };
        let (name, key) = match value {
            Tree::Text(text) => match address::split(text) {
                Some((name, key)) => (name.to_owned(), Some(address::key(key))),
                None => (target.ok_or_else(wrong)?.to_owned(), Some(address::key(text))),
            },
            Tree::Object(object) => {
                let name = object.get("__entity_type__").and_then(Tree::as_str).or(target).ok_or_else(wrong)?;
                let kind = self.schemas().find(name)?;
                (name.to_owned(), read::key_of_tree(kind, |part| object.get(part).cloned()))
            }
            _ => return Err(wrong()),
        };
        let kind = Arc::clone(self.schemas().find(&name)?);
        match key {
            Some(key) if key.len() == kind.primary_key.len() => Ok(self.intern(kind.id, key)),
            _ => {
                let names: Vec<_> = kind.key_names().collect();
                let message = format!(
                    "the key of a {name} has {} ({})",
                    match names.len() {
                        1 => "one part".into(),
                        n => format!("{n} parts"),
                    },
                    names.join(", ")
                );
                Err(Error::new(&code::WRONG_KEY, message).with("key", option))
            }
        }
    }
}

/// The type that the host names with an entity.
fn named_type(value: &Tree) -> Option<&str> {
    match value {
        Tree::Text(text) => address::split(text).map(|(name, _)| name),
        value => value.get("__entity_type__").and_then(Tree::as_str),
    }
}

/// An item that was there already.
pub(super) fn duplicate(name: &str, key: &str) -> Error {
    Error::new(&code::DUPLICATE_ITEM_IN_COLLECTION, format!("an item was twice in {name}")).with("key", key)
}
