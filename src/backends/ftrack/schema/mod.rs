//! What the server knows: entity types with their attributes, keys and defaults (spec/ftrack.md 4).

mod attribute;
pub mod cache;
pub mod edit;
mod hash;
mod kinds;

use std::sync::Arc;

use rustc_hash::FxHashMap;

pub use attribute::{Attribute, Default, Kind};
pub use hash::hash;

use crate::{
    error::{Error, Result, code},
    options::nearest,
    value::{Document, Node},
};

/// The number of a type in its [`Schemas`].
pub type TypeId = u32;
/// The number of an attribute in its [`EntityType`].
pub type AttributeId = u16;

/// All types of one server.
#[derive(Debug, std::default::Default)]
pub struct Schemas {
    types: Vec<Arc<EntityType>>,
    by_name: FxHashMap<Box<str>, TypeId>,
}

/// One type.
#[derive(Debug)]
pub struct EntityType {
    /// Its number.
    pub id: TypeId,
    /// Its name.
    pub name: Arc<str>,
    /// The attributes that identify an entity, in order.
    pub primary_key: Vec<AttributeId>,
    /// The attributes, in the server's order.
    pub attributes: Vec<Attribute>,
    /// What a query without projections asks for.
    pub default_projections: Vec<Box<str>>,
    /// The type that it is a kind of (`Task` for `Shot`), when the server says so.
    pub alias_for: Option<Box<str>>,
    by_name: FxHashMap<Arc<str>, AttributeId>,
}

impl Schemas {
    /// Reads the array that `query_schemas` brings. What cannot be understood in one schema is left out, as newer servers
    /// add to them.
    ///
    /// # Errors
    /// `protocol` when it is no array of schemas.
    pub fn read(document: &Document) -> Result<Schemas> {
        let root = document.root();
        if root.kind() != crate::value::Type::Array {
            return Err(Error::new(&code::PROTOCOL, "the server's schemas were not an array"));
        }
        let mut schemas = Schemas::default();
        for schema in root.items() {
            let Some(name) = schema.get("id").and_then(Node::as_str) else { continue };
            let Ok(id) = TypeId::try_from(schemas.types.len()) else { break };
            let read = EntityType::read(id, name, schema);
            schemas.by_name.insert(name.into(), id);
            schemas.types.push(Arc::new(read));
        }
        if schemas.types.is_empty() {
            return Err(Error::new(&code::PROTOCOL, "the server had no schemas"));
        }
        Ok(schemas)
    }

    /// A type by name.
    pub fn get(&self, name: &str) -> Option<&Arc<EntityType>> {
        self.by_name.get(name).and_then(|id| self.by_id(*id))
    }

    /// A type by name.
    ///
    /// # Errors
    /// `unknown_type`, naming the nearest.
    pub fn find(&self, name: &str) -> Result<&Arc<EntityType>> {
        self.get(name).ok_or_else(|| {
            let hint = nearest(name, self.types.iter().map(|known| &*known.name));
            let hint = hint.map(|near| format!("; the nearest is {near:?}")).unwrap_or_default();
            Error::new(&code::UNKNOWN_TYPE, format!("the server had no entity type {name:?}{hint}")).with("key", name)
        })
    }

    /// A type by number.
    pub fn by_id(&self, id: TypeId) -> Option<&Arc<EntityType>> {
        self.types.get(usize::try_from(id).ok()?)
    }

    /// All types, in the server's order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<EntityType>> {
        self.types.iter()
    }
}

impl EntityType {
    fn read(id: TypeId, name: &str, schema: Node<'_>) -> EntityType {
        let names = |key: &str| -> Vec<&str> {
            schema.get(key).map(|list| list.items().filter_map(Node::as_str).collect()).unwrap_or_default()
        };
        let (immutable, computed) = (names("immutable"), names("computed"));
        let mut attributes = Vec::new();
        let mut by_name = FxHashMap::default();
        for (key, fragment) in schema.get("properties").into_iter().flat_map(Node::members) {
            let Some(kind) = attribute::kind(fragment) else { continue };
            let Ok(at) = AttributeId::try_from(attributes.len()) else { break };
            let name: Arc<str> = key.into();
            by_name.insert(Arc::clone(&name), at);
            attributes.push(Attribute {
                mutable: !immutable.contains(&key),
                computed: kind.is_scalar() && computed.contains(&key),
                default: attribute::default(fragment),
                name,
                kind,
            });
        }
        let alias = schema.get("alias_for");
        EntityType {
            id,
            name: name.into(),
            primary_key: names("primary_key").into_iter().filter_map(|key| by_name.get(key).copied()).collect(),
            attributes,
            default_projections: names("default_projections").into_iter().map(Into::into).collect(),
            alias_for: alias.and_then(|alias| alias.as_str().or_else(|| alias.get("id")?.as_str())).map(Into::into),
            by_name,
        }
    }

    /// An attribute's number.
    pub fn position(&self, name: &str) -> Option<AttributeId> {
        self.by_name.get(name).copied()
    }

    /// An attribute by number.
    pub fn attribute(&self, id: AttributeId) -> Option<&Attribute> {
        self.attributes.get(usize::from(id))
    }

    /// An attribute by name.
    ///
    /// # Errors
    /// `unknown_attribute`, naming the nearest.
    pub fn find(&self, name: &str) -> Result<(AttributeId, &Attribute)> {
        let found = self.position(name).and_then(|id| Some((id, self.attribute(id)?)));
        found.ok_or_else(|| {
            let hint = nearest(name, self.attributes.iter().map(|known| &*known.name));
            let hint = hint.map(|near| format!("; the nearest is {near:?}")).unwrap_or_default();
            let message = format!("{} had no attribute {name:?}{hint}", self.name);
            Error::new(&code::UNKNOWN_ATTRIBUTE, message).with("key", name)
        })
    }

    /// The names of the primary key.
    pub fn key_names(&self) -> impl Iterator<Item = &str> {
        self.primary_key.iter().filter_map(|id| self.attribute(*id)).map(|attribute| &*attribute.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMAS: &str = r##"[
        {"id":"Task","type":"object","primary_key":["id"],"default_projections":["name","id"],"immutable":["id","parent_id"],
         "computed":["time_logged","children"],"alias_for":{"id":"Context","classifiers":{"object_typeid":"x"}},
         "properties":{"id":{"type":"string","default":"{uid}"},"name":{"type":"string","default":""},
            "bid":{"type":"number","default":0},"sort":{"type":"integer"},"done":{"type":"boolean"},
            "start_date":{"type":"string","format":"date-time"},"any":{"type":"variable"},"url":{"type":"object"},
            "time_logged":{"type":"number"},"secret":{"type":"string","restricted_projection":true},
            "parent":{"$ref":"Context"},"children":{"type":"array","items":{"$ref":"Context"}},
            "metadata":{"type":"mapped_array","items":{"$ref":"Metadata"}},
            "custom_attributes":{"type":"mapped_array","items":{"$ref":"ContextCustomAttributeValue"}},
            "old":{"type":"mapped_array","items":{"$ref":"CustomAttributeValue"}},
            "odd":{"type":"mapped_array","items":{"$ref":"Other"}},"bare":{"type":"mapped_array"},
            "nothing":{"description":"x"},"future":{"type":"tuple"}}},
        {"no":"id"},
        {"id":"Metadata","primary_key":["parent_id","key"],"properties":{"key":{"type":"string"},"parent_id":{"type":"string"}}}
    ]"##;

    #[test]
    fn fragments_become_attributes_by_the_rules() {
        let schemas = Schemas::read(&Document::from_json(SCHEMAS.into()).unwrap()).unwrap();
        assert_eq!(schemas.iter().count(), 2);
        let task = schemas.find("Task").unwrap();
        let kind = |name: &str| format!("{:?}", task.find(name).unwrap().1.kind);
        assert_eq!(kind("bid"), "Double");
        assert_eq!(kind("start_date"), "DateTime");
        assert_eq!(kind("parent"), "Reference(\"Context\")");
        assert_eq!(kind("children"), "Collection(Some(\"Context\"))");
        assert_eq!(kind("metadata"), "Metadata(\"Metadata\")");
        assert_eq!(kind("custom_attributes"), "CustomAttributes(\"ContextCustomAttributeValue\")");
        assert_eq!(kind("old"), "OldCustomAttributes(\"CustomAttributeValue\")");
        for left_out in ["secret", "odd", "bare", "nothing", "future"] {
            assert_eq!(task.find(left_out).unwrap_err().code(), "unknown_attribute", "{left_out}");
        }
        let attribute = |name: &str| task.find(name).unwrap().1;
        assert!(!attribute("id").mutable && attribute("name").mutable);
        assert!(attribute("time_logged").computed && !attribute("children").computed);
        assert!(matches!(attribute("id").default, Default::Uid));
        assert!(matches!(&attribute("name").default, Default::Value(value) if value.as_str() == Some("")));
        assert!(matches!(attribute("sort").default, Default::None));
        assert_eq!(task.alias_for.as_deref(), Some("Context"));
        assert_eq!(schemas.find("Metadata").unwrap().key_names().collect::<Vec<_>>(), ["parent_id", "key"]);
        assert!(schemas.find("Tusk").unwrap_err().message().contains("\"Task\""));
    }

    #[test]
    fn what_is_no_list_of_schemas_is_refused() {
        for wrong in ["{}", "[]", "[1]", "null"] {
            let error = Schemas::read(&Document::from_json(wrong.into()).unwrap()).unwrap_err();
            assert_eq!(error.code(), "protocol", "{wrong}");
        }
    }
}
