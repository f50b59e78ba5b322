//! The identity map (spec/ftrack.md 2.3, 5.8): each entity of the server once, with what is known of it and what was
//! changed here. The same entity seen twice is one entity; what is known is never cleared by what an answer leaves out.

mod custom;
mod encode;
mod kept;
mod local;
mod named;
mod read;
mod settled;
mod show;
mod texts;
pub mod time;

#[cfg(test)]
mod tests;

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use hashbrown::HashTable;
use rustc_hash::{FxHashMap, FxHasher};

pub use custom::Configuration;
pub use encode::Strategy;
pub use kept::News;
pub use local::{Apart, uuid};
pub use show::{Drawing, Paths};

use texts::Texts;

use super::{
    query::Key,
    schema::{AttributeId, EntityType, Schemas, TypeId},
    unit::{Identity, Operations},
};
use crate::value::Tree;

/// The number of an entity in its [`Store`].
pub type EntityId = u32;

/// A value that is known.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing, which is not the same as not known.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Double(f64),
    /// Text.
    Text(Arc<str>),
    /// A date-time as ISO 8601 in UTC.
    Date(Arc<str>),
    /// Any JSON.
    Json(Arc<Tree>),
    /// An entity.
    Entity(EntityId),
    /// Entities in order.
    Entities(Arc<[EntityId]>),
}

/// Values by attribute, sorted: most entities know few of their type's attributes.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots(Vec<(AttributeId, Value)>);

impl Slots {
    fn get(&self, id: AttributeId) -> Option<&Value> {
        let at = self.0.binary_search_by_key(&id, |slot| slot.0).ok()?;
        self.0.get(at).map(|slot| &slot.1)
    }

    fn set(&mut self, id: AttributeId, value: Value) {
        match self.0.binary_search_by_key(&id, |slot| slot.0) {
            Ok(at) => {
                if let Some(slot) = self.0.get_mut(at) {
                    slot.1 = value;
                }
            }
            Err(at) => self.0.insert(at, (id, value)),
        }
    }

    fn remove(&mut self, id: AttributeId) -> Option<Value> {
        let at = self.0.binary_search_by_key(&id, |slot| slot.0).ok()?;
        Some(self.0.remove(at).1)
    }
}

/// One entity.
#[derive(Debug)]
pub struct Entity {
    /// Its own type.
    pub kind: TypeId,
    /// Its key.
    pub key: Key,
    /// What the server said.
    remote: Slots,
    /// What was set here and is not committed.
    local: Slots,
    /// The answer that brought it last, whose other entities want the same attributes.
    result: u32,
    /// When it was brought or asked for last, as [`Store`] counts.
    used: u64,
    /// What the server said of it was let go of: it has to be asked again.
    evicted: bool,
    /// It was deleted, or never came to be: collections that still name it are not looked for, they leave it out.
    gone: bool,
}

impl Entity {
    /// What an attribute is now: what was set here, else what the server said.
    fn value(&self, attribute: AttributeId) -> Option<&Value> {
        self.local.get(attribute).or_else(|| self.remote.get(attribute))
    }

    /// All that is known, by attribute.
    fn known(&self) -> impl Iterator<Item = (AttributeId, &Value)> {
        let (mut remote, mut local) = (self.remote.0.iter().peekable(), self.local.0.iter().peekable());
        std::iter::from_fn(move || {
            let slot = match (remote.peek(), local.peek()) {
                (Some(said), Some(set)) if said.0 < set.0 => remote.next(),
                (Some(said), Some(set)) => {
                    if said.0 == set.0 {
                        remote.next();
                    }
                    local.next()
                }
                (_, None) => remote.next(),
                (None, _) => local.next(),
            };
            slot.map(|(at, value)| (*at, value))
        })
    }
}

/// Where an identity is looked for. Keys are the server's own random identifiers.
fn hash(kind: TypeId, key: &[impl AsRef<str>]) -> u64 {
    let mut hasher = FxHasher::default();
    kind.hash(&mut hasher);
    for part in key {
        part.as_ref().hash(&mut hasher);
    }
    hasher.finish()
}

/// All entities of a session. Nothing here waits or asks the server.
#[derive(Debug)]
pub struct Store {
    schemas: Arc<Schemas>,
    entities: Vec<Entity>,
    /// Those that are there, by type and key; both lie in the entity alone.
    index: HashTable<EntityId>,
    /// The entities of answers, for fetching an attribute for all of them at once.
    results: FxHashMap<u32, Arc<[EntityId]>>,
    last_result: u32,
    /// What was changed and not committed.
    pub operations: Operations,
    texts: Texts,
    /// The list while changes are made that do not belong to it.
    aside: Operations,
    /// What is kept elsewhere as well, and how much is kept here.
    kept: kept::Kept,
    /// The custom attributes that the server knows, once somebody needed them.
    configurations: Option<Arc<[Configuration]>>,
    /// Changes are listed and taken over as the official client does it.
    python: bool,
    /// What changes took the place of, while somebody wants to be able to take them back one by one.
    journal: Option<Vec<(EntityId, AttributeId, Option<Value>)>>,
}

/// Answers whose entities are remembered together.
const RESULTS: u32 = 1000;

impl Store {
    /// An empty one.
    pub fn new(schemas: Arc<Schemas>) -> Store {
        Store {
            schemas,
            entities: Vec::new(),
            index: HashTable::new(),
            results: FxHashMap::default(),
            last_result: 0,
            operations: Operations::default(),
            texts: Texts::default(),
            aside: Operations::default(),
            kept: kept::Kept::default(),
            configurations: None,
            python: false,
            journal: None,
        }
    }

    /// From here on as the official client does it (`compat`).
    pub fn as_python(&mut self, python: bool) {
        self.python = python;
    }

    /// What the server knows.
    pub fn schemas(&self) -> &Arc<Schemas> {
        &self.schemas
    }

    /// An entity by number.
    pub fn entity(&self, id: EntityId) -> Option<&Entity> {
        self.entities.get(usize::try_from(id).ok()?)
    }

    fn entity_mut(&mut self, id: EntityId) -> Option<&mut Entity> {
        self.entities.get_mut(usize::try_from(id).ok()?)
    }

    /// An entity by type and key, if it was seen.
    pub fn find(&self, kind: TypeId, key: &Key) -> Option<EntityId> {
        self.index.find(hash(kind, key), |id| self.is_of(*id, kind, key)).copied()
    }

    /// The type of an entity.
    pub fn kind_of(&self, id: EntityId) -> Option<&Arc<EntityType>> {
        self.schemas.by_id(self.entity(id)?.kind)
    }

    /// The identity by which changes are recorded.
    pub fn identity(&self, id: EntityId) -> Option<Identity> {
        Some(Identity { kind: Arc::clone(&self.kind_of(id)?.name), key: self.entity(id)?.key.clone() })
    }

    /// What an attribute is now: what was set here, else what the server said; `None` when neither is known.
    pub fn value(&self, id: EntityId, attribute: AttributeId) -> Option<&Value> {
        self.entity(id)?.value(attribute)
    }

    /// Whether more than its key is known of an entity.
    pub fn is_known(&self, id: EntityId) -> bool {
        let Some((entity, kind)) = self.entity(id).zip(self.kind_of(id)) else { return false };
        let mut slots = entity.remote.0.iter().chain(&entity.local.0);
        slots.any(|(at, _)| !kind.primary_key.contains(at))
    }

    fn is_of(&self, id: EntityId, kind: TypeId, key: &[impl AsRef<str>]) -> bool {
        let same = |entity: &Entity| {
            entity.kind == kind && entity.key.iter().map(|part| &**part).eq(key.iter().map(AsRef::as_ref))
        };
        self.entity(id).is_some_and(same)
    }

    /// The entity of this identity, made when there is none.
    fn intern(&mut self, kind: TypeId, key: Key) -> EntityId {
        let hash = hash(kind, &key);
        match self.index.find(hash, |id| self.is_of(*id, kind, &key)) {
            Some(known) => *known,
            None => self.add(hash, kind, key),
        }
    }

    /// The same for a key of one part, of which no copy is made when the entity is there.
    fn intern_one(&mut self, kind: TypeId, part: &str) -> EntityId {
        let (key, hash) = ([part], hash(kind, &[part]));
        match self.index.find(hash, |id| self.is_of(*id, kind, &key)) {
            Some(known) => *known,
            None => {
                let part = self.texts.share(part);
                self.add(hash, kind, Box::new([part]))
            }
        }
    }

    fn add(&mut self, hashed: u64, kind: TypeId, key: Key) -> EntityId {
        let next = EntityId::try_from(self.entities.len()).unwrap_or(EntityId::MAX);
        self.entities.push(Entity {
            kind,
            key,
            remote: Slots::default(),
            local: Slots::default(),
            result: 0,
            used: 0,
            evicted: false,
            gone: false,
        });
        let entities = &self.entities;
        let again = |id: &EntityId| {
            let entity = usize::try_from(*id).ok().and_then(|id| entities.get(id));
            entity.map_or(0, |entity| hash(entity.kind, &entity.key))
        };
        self.index.insert_unique(hashed, next, again);
        next
    }

    /// Nobody finds the entity any more.
    fn remove(&mut self, id: EntityId) {
        let Some(hash) = self.entity(id).map(|entity| hash(entity.kind, &entity.key)) else { return };
        if let Ok(place) = self.index.find_entry(hash, |known| *known == id) {
            place.remove();
        }
        if let Some(entity) = self.entity_mut(id) {
            entity.gone = true;
            // Its number stays, what was known of it does not: a host may make and delete for months.
            (entity.remote, entity.local) = (Slots::default(), Slots::default());
        }
    }

    /// Those of a collection that were not deleted.
    pub fn living<'a>(&'a self, ids: &'a [EntityId]) -> impl Iterator<Item = EntityId> + 'a {
        ids.iter().copied().filter(|id| self.entity(*id).is_some_and(|entity| !entity.gone))
    }

    /// Remembers that these came together.
    fn remember(&mut self, ids: &[EntityId]) {
        self.last_result = self.last_result.wrapping_add(1).max(1);
        let result = self.last_result;
        self.results.remove(&result.wrapping_sub(RESULTS));
        self.results.insert(result, ids.into());
        for id in ids {
            if let Some(entity) = self.entity_mut(*id) {
                entity.result = result;
            }
        }
    }

    /// The entities of the same type that came with this one and lack the attribute as well, itself first.
    pub fn companions(&self, id: EntityId, attribute: AttributeId) -> Vec<EntityId> {
        let mut all = vec![id];
        let Some(entity) = self.entity(id) else { return all };
        let lacks = |other: &&EntityId| {
            **other != id
                && self.value(**other, attribute).is_none()
                && self.entity(**other).is_some_and(|other| other.kind == entity.kind)
        };
        if let Some(together) = self.results.get(&entity.result) {
            all.extend(together.iter().filter(lacks));
        }
        all
    }

    /// How many entities there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// All entities.
    pub fn ids(&self) -> impl Iterator<Item = EntityId> {
        self.index.iter().copied()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        let kept = self.kept.afresh();
        let mut operations = std::mem::take(&mut self.operations);
        operations.clear();
        let (configurations, python) = (self.configurations.take(), self.python);
        *self = Store { kept, operations, configurations, python, ..Store::new(Arc::clone(&self.schemas)) };
    }
}
