//! Entities that the server does not have yet (spec/ftrack.md 5.9). Their collections are empty. The values of their custom
//! attributes are made by the server when it makes the entity; until then the client names each by its configuration.

use std::sync::Arc;

use super::{EntityId, Store, Value, local::is_map};
use crate::{
    backends::ftrack::{schema::Kind, unit::State},
    error::Result,
    value::Tree,
};

/// What the server says of a custom attribute.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Configuration {
    /// Its identifier.
    pub id: Box<str>,
    /// Its name.
    pub key: Box<str>,
    /// The kind of entities that have it, in the server's own words.
    pub entity_type: Box<str>,
    /// The project whose entities have it; all of them if `None`.
    pub project_id: Option<Box<str>>,
    /// The object type that has it.
    pub object_type_id: Option<Box<str>>,
    /// Whether it goes down the hierarchy, and so all in it have it.
    pub hierarchical: bool,
}

/// Where an entity stands, as configurations tell it.
struct Place {
    entity_type: &'static str,
    project_id: Option<Box<str>>,
    object_type_id: Option<Box<str>>,
}

impl Store {
    /// Whether the custom attributes of new entities are known.
    pub fn is_configured(&self) -> bool {
        self.configurations.is_some()
    }

    /// Takes over what the server says of custom attributes.
    pub fn configure(&mut self, configurations: Vec<Configuration>) {
        self.configurations = Some(configurations.into());
    }

    /// Whether an entity was made here and is not committed.
    pub fn is_new(&self, id: EntityId) -> bool {
        let Some(identity) = self.identity(id) else { return false };
        [&self.operations, &self.aside].iter().any(|list| list.state(&identity) == Some(State::Created))
    }

    /// A new entity shows its collections as empty: nobody has anything of it.
    pub fn empty_if_new(&mut self, id: EntityId, names: &str) -> bool {
        if !self.is_new(id) {
            return false;
        }
        let Some(kind) = self.kind_of(id).cloned() else { return true };
        for name in names.split(',') {
            let Some(at) = kind.position(name.trim()) else { continue };
            let holds_many = kind
                .attribute(at)
                .is_some_and(|attribute| matches!(attribute.kind, Kind::Collection(_)) || is_map(&attribute.kind));
            if holds_many && self.value(id, at).is_none() {
                self.put(id, at, Value::Entities(Arc::default()));
            }
        }
        true
    }

    /// The value of a custom attribute of a new entity, made here and set; `None` when it has no such attribute.
    pub(super) fn custom(
        &mut self,
        owner: EntityId,
        target: &str,
        key: &str,
        value: &Tree,
        record: bool,
    ) -> Result<Option<EntityId>> {
        let Some(configuration) = self.configuration(owner, key) else { return Ok(None) };
        let Some(kind) = self.schemas.get(target).cloned() else { return Ok(None) };
        let entity_id = self.entity(owner).and_then(|owner| owner.key.first().cloned()).unwrap_or_default();
        let parts: [(&str, Arc<str>); 3] =
            [("configuration_id", configuration.into()), ("entity_id", entity_id), ("key", key.into())];
        let part = |name: &str| parts.iter().find(|(known, _)| *known == name).map(|(_, part)| part.clone());
        let Some(whole) = kind.key_names().map(part).collect() else { return Ok(None) };
        let id = self.intern(kind.id, whole);
        for (name, part) in &parts {
            if let (Some(at), Some(entity)) = (kind.position(name), self.entity_mut(id)) {
                entity.remote.set(at, Value::Text(part.clone()));
            }
        }
        self.set(id, "value", Some(value), record)?;
        Ok(Some(id))
    }

    /// The configuration of that name: a project's own before one of all projects.
    fn configuration(&self, owner: EntityId, key: &str) -> Option<Box<str>> {
        let place = self.place(owner)?;
        let fits = |one: &&Configuration| {
            let here = *one.entity_type == *place.entity_type && one.object_type_id == place.object_type_id;
            let inherits = one.hierarchical && matches!(place.entity_type, "asset" | "assetversion" | "show" | "task");
            *one.key == *key && (here || inherits)
        };
        let all = self.configurations.as_ref()?;
        let own = all.iter().filter(fits).find(|one| one.project_id.is_some() && one.project_id == place.project_id);
        own.or_else(|| all.iter().filter(fits).find(|one| one.project_id.is_none())).map(|one| one.id.clone())
    }

    fn place(&self, owner: EntityId) -> Option<Place> {
        let kind = self.kind_of(owner)?;
        let has_object_type = kind.position("object_type_id").is_some();
        let project = |id: Option<EntityId>| id.and_then(|id| self.text(id, "project_id"));
        let (entity_type, project_id) = match &*kind.name {
            "AssetVersion" => (
                "assetversion",
                project(self.related_to(owner, "asset").and_then(|asset| self.related_to(asset, "parent"))),
            ),
            "Project" => ("show", self.text(owner, "id")),
            "User" => ("user", None),
            "Asset" => ("asset", None),
            "TypedContextList" | "AssetVersionList" => ("list", None),
            _ if has_object_type => ("task", self.text(owner, "project_id")),
            _ => return None,
        };
        let object_type_id = if has_object_type { self.text(owner, "object_type_id") } else { None };
        Some(Place { entity_type, project_id, object_type_id })
    }

    fn text(&self, id: EntityId, name: &str) -> Option<Box<str>> {
        match self.value(id, self.kind_of(id)?.position(name)?)? {
            Value::Text(text) => Some(Box::from(&**text)),
            _ => None,
        }
    }

    /// The entity that a reference names, if that is known.
    pub fn related_to(&self, id: EntityId, name: &str) -> Option<EntityId> {
        match self.value(id, self.kind_of(id)?.position(name)?)? {
            Value::Entity(found) => Some(*found),
            _ => None,
        }
    }
}
