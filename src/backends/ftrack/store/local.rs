//! Changes made here (spec/ftrack.md 5.3, 5.9): set locally and recorded as operations. What becomes of them is in
//! `settled.rs`.

use std::sync::Arc;

use super::{EntityId, Store, Value, named::duplicate, read, time};
use crate::{
    backends::ftrack::{
        schema::{Attribute, AttributeId, Default, EntityType, Kind},
        unit::{Change, Operation, Slot},
    },
    error::{Error, Result, code},
    value::{Object, Tree},
};

/// Changes that are not staged, with what is needed to take them back.
#[derive(Debug)]
pub struct Apart {
    /// What is to be sent.
    pub operations: Vec<Operation>,
    before: Vec<(EntityId, AttributeId, Option<Value>)>,
}

impl Store {
    /// Makes a new entity with an identifier of ours and the type's defaults.
    ///
    /// # Errors
    /// `unknown_type`, `unknown_attribute`, `wrong_key`, `not_unique`, and those of [`Store::set`]; nothing has changed
    /// then.
    pub fn create(&mut self, name: &str, data: &Object, record: bool) -> Result<EntityId> {
        let kind = Arc::clone(self.schemas().find(name)?);
        let given: Result<Vec<(AttributeId, &Tree)>> =
            data.iter().map(|(name, value)| Ok((kind.find(name)?.0, value))).collect();
        let given = given?;
        if *kind.name == *"Job" && data.get("type").is_some_and(|kind| kind.as_str() != Some("api_job")) {
            return Err(
                Error::new(&code::ARGUMENT, "the type of a new Job was not \"api_job\"").with("key", "data.type")
            );
        }
        let mut scalars: Vec<(AttributeId, Value)> = Vec::new();
        for (at, attribute) in (0..).zip(&kind.attributes) {
            let value = match given.iter().find(|(known, _)| *known == at).map(|(_, value)| *value) {
                Some(value) if attribute.kind.is_scalar() => Some(scalar(attribute, value)?),
                Some(_) => None,
                None => match &attribute.default {
                    Default::None => None,
                    Default::Uid => Some(Value::Text(uuid()?.into())),
                    Default::Value(value) if attribute.kind.is_scalar() => Some(scalar(attribute, value)?),
                    Default::Value(_) => None,
                },
            };
            scalars.extend(value.map(|value| (at, value)));
        }
        let of = |name: &str| -> Option<Tree> {
            let at = kind.position(name)?;
            let value = scalars.iter().find(|(known, _)| *known == at).map(|(_, value)| value)?;
            Some(self.wire(value, &Kind::Any))
        };
        let Some(key) = read::key_of_tree(&kind, of) else {
            let message =
                format!("a new {} needs its key ({})", kind.name, kind.key_names().collect::<Vec<_>>().join(", "));
            return Err(Error::new(&code::WRONG_KEY, message).with("key", "data"));
        };
        if self.find(kind.id, &key).is_some() {
            return Err(Error::new(
                &code::NOT_UNIQUE,
                format!("a {} with the key {} is there already", kind.name, key.join(",")),
            )
            .with("key", "data"));
        }
        // Looked at before anything is made, so that a mistake leaves no half entity.
        let mut related = Vec::new();
        for (name, value) in data.iter() {
            let (at, attribute) = kind.find(name)?;
            if !attribute.kind.is_scalar() {
                if !is_map(&attribute.kind) {
                    related.push((at, self.related(attribute, value)?));
                } else if value.as_object().is_none() {
                    return Err(Error::option(&format!("data.{name}"), format!("{name} was not a map")));
                }
            }
        }
        let id = self.intern(kind.id, key);
        let mut known = Object::with_capacity(scalars.len());
        for (at, value) in scalars {
            if let Some(attribute) = kind.attribute(at) {
                known.append(Arc::clone(&attribute.name), self.wire(&value, &attribute.kind));
            }
            self.put(id, at, value);
        }
        if record {
            self.record(id, Change::Create(known));
        }
        // What it refers to goes with it in one operation; the official client keeps the order of the data.
        if !self.python {
            for (at, value) in related.drain(..) {
                self.change(id, &kind, at, Some(value), record);
            }
        }
        for (name, value) in data.iter() {
            let (at, attribute) = kind.find(name)?;
            if let (true, Some(entries)) = (is_map(&attribute.kind), value.as_object()) {
                self.put(id, at, Value::Entities(Arc::default()));
                self.edit_map(id, name, entries, true, record)?;
            } else if let Some(found) = related.iter().position(|(known, _)| *known == at) {
                let (at, value) = related.swap_remove(found);
                self.change(id, &kind, at, Some(value), record);
            }
        }
        Ok(id)
    }

    /// Sets an attribute; `None` takes back what was set here.
    ///
    /// # Errors
    /// `unknown_attribute`, `immutable_attribute`, `immutable_collection`, `duplicate_item_in_collection`, `argument` for
    /// a value that does not fit.
    pub fn set(&mut self, id: EntityId, name: &str, value: Option<&Tree>, record: bool) -> Result<()> {
        let Some(kind) = self.kind_of(id).cloned() else { return Ok(()) };
        let (at, attribute) = kind.find(name)?;
        let Some(value) = value else {
            self.change(id, &kind, at, None, record);
            return Ok(());
        };
        if !attribute.mutable && self.value(id, at).is_some() {
            let code = if attribute.kind.is_scalar() || matches!(attribute.kind, Kind::Reference(_)) {
                &code::IMMUTABLE_ATTRIBUTE
            } else {
                &code::IMMUTABLE_COLLECTION
            };
            return Err(Error::new(code, format!("{name} of {} cannot be changed", kind.name))
                .with("key", format!("data.{name}")));
        }
        if is_map(&attribute.kind) {
            let wrong = || Error::option(&format!("data.{name}"), format!("{name} was not a map"));
            return self.edit_map(id, name, value.as_object().ok_or_else(wrong)?, false, record);
        }
        let value =
            if attribute.kind.is_scalar() { scalar(attribute, value)? } else { self.related(attribute, value)? };
        self.change(id, &kind, at, Some(value), record);
        Ok(())
    }

    /// Whether an attribute has this value already.
    ///
    /// # Errors
    /// As [`Store::set`].
    pub fn is(&mut self, id: EntityId, name: &str, value: &Tree) -> Result<bool> {
        let Some(kind) = self.kind_of(id).cloned() else { return Ok(false) };
        let (at, attribute) = kind.find(name)?;
        let wanted = match &attribute.kind {
            kind if kind.is_scalar() => scalar(attribute, value)?,
            kind if is_map(kind) => return Ok(false),
            _ => self.related(attribute, value)?,
        };
        let text =
            |value: &Value| crate::value::Document::from_tree(&self.wire(value, &attribute.kind)).root().to_json();
        Ok(self.value(id, at).is_some_and(|known| text(known) == text(&wanted)))
    }

    /// Adds to and removes from a collection that is known.
    ///
    /// # Errors
    /// As [`Store::set`]; `not_found` for an item to remove that is not in it.
    pub fn edit_collection(
        &mut self,
        id: EntityId,
        name: &str,
        add: &[Tree],
        remove: &[Tree],
        record: bool,
    ) -> Result<()> {
        let Some(kind) = self.kind_of(id).cloned() else { return Ok(()) };
        let (at, attribute) = kind.find(name)?;
        if !matches!(attribute.kind, Kind::Collection(_)) {
            return Err(Error::option(&format!("add.{name}"), format!("{name} of {} is no collection", kind.name)));
        }
        if !attribute.mutable {
            return Err(Error::new(&code::IMMUTABLE_COLLECTION, format!("{name} of {} cannot be changed", kind.name))
                .with("key", format!("add.{name}")));
        }
        let mut items: Vec<EntityId> = match self.value(id, at) {
            Some(Value::Entities(ids)) => self.living(ids).collect(),
            _ => Vec::new(),
        };
        for item in remove {
            let item = self.entity_for(item, attribute.kind.target(), &format!("remove.{name}"))?;
            let Some(at) = items.iter().position(|known| *known == item) else {
                return Err(Error::new(&code::NOT_FOUND, format!("what was to be removed from {name} was not in it"))
                    .with("key", format!("remove.{name}")));
            };
            items.remove(at);
        }
        for item in add {
            let item = self.fitting(item, attribute, &format!("add.{name}"))?;
            if items.contains(&item) {
                return Err(duplicate(name, &format!("add.{name}")));
            }
            items.push(item);
        }
        self.change(id, &kind, at, Some(Value::Entities(items.into())), record);
        Ok(())
    }

    /// Changes metadata or custom attributes, which must be known: the entries given are set, null removes one. With
    /// `whole`, others are removed.
    ///
    /// # Errors
    /// `unknown_attribute` for a custom attribute that the entity does not have.
    pub fn edit_map(&mut self, id: EntityId, name: &str, entries: &Object, whole: bool, record: bool) -> Result<()> {
        let Some(kind) = self.kind_of(id).cloned() else { return Ok(()) };
        let (at, attribute) = kind.find(name)?;
        let Some(target) = attribute.kind.target().map(str::to_owned) else { return Ok(()) };
        let mut items: Vec<EntityId> = match self.value(id, at) {
            Some(Value::Entities(ids)) => self.living(ids).collect(),
            _ => Vec::new(),
        };
        let is_metadata = matches!(attribute.kind, Kind::Metadata(_));
        let mut gone = Vec::new();
        for item in &items {
            let entry = self.entry_key(*item).and_then(|key| entries.get(&key));
            if is_metadata && entry.map_or(whole, Tree::is_null) {
                gone.push(*item);
            }
        }
        items.retain(|item| !gone.contains(item));
        let fewer = !gone.is_empty();
        // A whole map is told once, at the end: the server's answer then shows what is left.
        if fewer && !whole {
            self.change(id, &kind, at, Some(Value::Entities(items.clone().into())), record);
        }
        for item in gone {
            self.delete(item, record);
        }
        let mut more = false;
        for (key, value) in entries.iter() {
            let known = items.iter().copied().find(|item| self.entry_key(*item).as_deref() == Some(key));
            match (known, value) {
                (Some(item), value) => self.set(item, "value", Some(value), record)?,
                (None, Tree::Null) => {}
                (None, value) if is_metadata => {
                    let mut data = Object::with_capacity(4);
                    data.insert(
                        "parent_id",
                        Tree::from(
                            self.entity(id)
                                .and_then(|entity| entity.key.first())
                                .map(|part| &**part)
                                .unwrap_or_default(),
                        ),
                    );
                    data.insert("parent_type", Tree::Text(kind.name.clone()));
                    data.insert("key", Tree::from(key));
                    data.insert("value", value.clone());
                    items.push(self.create(&target, &data, record)?);
                    more = true;
                }
                (None, value) => {
                    let made = if self.is_new(id) { self.custom(id, &target, key, value, record)? } else { None };
                    if let Some(item) = made {
                        items.push(item);
                        more = true;
                        continue;
                    }
                    let message = format!("{} has no custom attribute {key:?}", kind.name);
                    return Err(Error::new(&code::UNKNOWN_ATTRIBUTE, message).with("key", format!("data.{name}.{key}")));
                }
            }
        }
        // The values of custom attributes belong to their entity without being told so; the official client does tell it
        // when it is given a whole map.
        if more || (whole && (fewer || self.python)) {
            let told = record && (is_metadata || whole);
            self.change(id, &kind, at, Some(Value::Entities(items.into())), told);
        }
        Ok(())
    }

    /// Records that an entity is to be deleted.
    pub fn delete(&mut self, id: EntityId, record: bool) {
        if record {
            self.record(id, Change::Delete);
        }
    }

    /// Takes back what was set here, of these attributes or of all.
    ///
    /// # Errors
    /// `unknown_attribute`.
    pub fn revert(&mut self, id: EntityId, names: &[&str]) -> Result<()> {
        let Some((kind, identity)) = self.kind_of(id).cloned().zip(self.identity(id)) else { return Ok(()) };
        let ids: Result<Vec<_>> = names.iter().map(|name| kind.find(name).map(|found| found.0)).collect();
        let ids = ids?;
        if let Some(entity) = self.entity_mut(id) {
            if ids.is_empty() {
                entity.local.0.clear();
            }
            for at in ids {
                entity.local.remove(at);
            }
        }
        self.operations.forget(&identity, names);
        Ok(())
    }

    /// Makes changes that are not staged: what `make` records is handed out, and the staged list is as before. A mistake
    /// leaves nothing behind.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn apart<T>(&mut self, make: impl FnOnce(&mut Store) -> Result<T>) -> Result<(T, Apart)> {
        self.aside = std::mem::take(&mut self.operations);
        self.journal = Some(Vec::new());
        let made = make(self);
        let staged = std::mem::take(&mut self.aside);
        let own = std::mem::replace(&mut self.operations, staged);
        let apart = Apart { operations: own.into_list(), before: self.journal.take().unwrap_or_default() };
        match made {
            Ok(made) => Ok((made, apart)),
            Err(error) => {
                self.take_back(apart);
                Err(error)
            }
        }
    }

    /// Takes back what was made apart: the server did not.
    pub fn take_back(&mut self, apart: Apart) {
        for (id, at, before) in apart.before.into_iter().rev() {
            if let Some(entity) = self.entity_mut(id) {
                match before {
                    Some(value) => entity.local.set(at, value),
                    None => drop(entity.local.remove(at)),
                }
            }
        }
        for operation in &apart.operations {
            if let (Change::Create(_), Some((id, _))) = (&operation.change, self.entity_of(operation)) {
                self.forget(id);
            }
        }
    }

    /// Records a change that was recorded before, by another session.
    pub fn replay(&mut self, operation: Operation) {
        let Some(kind) = self.schemas().get(&operation.identity.kind).cloned() else { return };
        let id = self.intern(kind.id, operation.identity.key.clone());
        let put = |store: &mut Store, name: &str, value: &Tree| {
            let Some(at) = kind.position(name) else { return };
            let document = crate::value::Document::from_tree(value);
            if let Some(value) = store.value_of(&kind, at, document.root()) {
                store.put(id, at, value);
            }
        };
        match &operation.change {
            Change::Create(data) => data.iter().for_each(|(name, value)| put(self, name, value)),
            Change::Update { attribute, value: Some(value) } => put(self, attribute, value),
            Change::Update { attribute, value: None } => {
                if let (Some(at), Some(entity)) = (kind.position(attribute), self.entity_mut(id)) {
                    entity.local.remove(at);
                }
            }
            Change::Delete => {}
        }
        self.operations.record(operation);
    }

    pub(super) fn entity_of(&self, operation: &Operation) -> Option<(EntityId, Arc<EntityType>)> {
        let kind = Arc::clone(self.schemas().get(&operation.identity.kind)?);
        Some((self.find(kind.id, &operation.identity.key)?, kind))
    }

    /// Nobody finds the entity any more; its number is not used again.
    pub(super) fn forget(&mut self, id: EntityId) {
        self.remove(id);
        self.gone(id);
    }

    pub(super) fn put(&mut self, id: EntityId, at: AttributeId, value: Value) {
        self.note(id, at);
        if let Some(entity) = self.entity_mut(id) {
            entity.local.set(at, value);
        }
    }

    /// Remembers what was there, for whoever may want to take the change back.
    fn note(&mut self, id: EntityId, at: AttributeId) {
        let before = self.entity(id).and_then(|entity| entity.local.get(at).cloned());
        if let Some(journal) = &mut self.journal {
            journal.push((id, at, before));
        }
    }

    /// Sets locally and records.
    fn change(&mut self, id: EntityId, kind: &EntityType, at: AttributeId, value: Option<Value>, record: bool) {
        let Some(attribute) = kind.attribute(at) else { return };
        let wire: Slot = value.as_ref().map(|value| self.wire(value, &attribute.kind));
        match value {
            Some(value) => self.put(id, at, value),
            None => {
                self.note(id, at);
                if let Some(entity) = self.entity_mut(id) {
                    entity.local.remove(at);
                }
            }
        }
        if record {
            self.record(id, Change::Update { attribute: Arc::clone(&attribute.name), value: wire });
        }
    }

    fn record(&mut self, id: EntityId, change: Change) {
        if let Some(identity) = self.identity(id) {
            self.operations.record(Operation { identity, change });
        }
    }

    fn entry_key(&self, item: EntityId) -> Option<Box<str>> {
        let at = self.kind_of(item)?.position("key")?;
        match self.value(item, at)? {
            Value::Text(key) => Some(Box::from(&**key)),
            _ => None,
        }
    }

    /// A value as the server takes it.
    pub(super) fn wire(&self, value: &Value, kind: &Kind) -> Tree {
        match value {
            Value::Date(text) => {
                let mut out = Object::with_capacity(2);
                out.insert("__type__", Tree::from("datetime"));
                out.insert("value", Tree::Text(text.clone()));
                Tree::Object(out)
            }
            Value::Entity(id) => self.reference(*id),
            Value::Entities(ids) => Tree::Array(ids.iter().map(|id| self.reference(*id)).collect()),
            plain => self.show_value(plain, kind, None),
        }
    }
}

pub(super) fn is_map(kind: &Kind) -> bool {
    matches!(kind, Kind::Metadata(_) | Kind::CustomAttributes(_) | Kind::OldCustomAttributes(_))
}

/// A value that stands for itself, as the host wrote it.
fn scalar(attribute: &Attribute, value: &Tree) -> Result<Value> {
    Ok(match (value, &attribute.kind) {
        (Tree::Null, _) => Value::Null,
        (Tree::Text(text), Kind::DateTime) => match time::utc(text) {
            Some(utc) => Value::Date(utc.into()),
            None => {
                let name = &attribute.name;
                return Err(Error::option(
                    &format!("data.{name}"),
                    format!("{name} was no ISO 8601 date or date-time: {text:?}"),
                ));
            }
        },
        (Tree::Bool(truth), _) => Value::Bool(*truth),
        (Tree::Int(number), _) => Value::Int(*number),
        (Tree::Double(number), _) => Value::Double(*number),
        (Tree::Text(text), _) => Value::Text(text.clone()),
        (other, _) => Value::Json(Arc::new(other.clone())),
    })
}

/// A new identifier (RFC 9562 5.4).
pub fn uuid() -> Result<String> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::new(&code::INTERNAL, format!("the system had no random bytes: {error}")))?;
    let number = (u128::from_be_bytes(bytes) & !(0xf000 << 64) & !(0xc000 << 48)) | (0x4000 << 64) | (0x8000 << 48);
    let mut text = String::with_capacity(36);
    for at in 0..32_u32 {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        let digit = (number >> (124 - 4 * at)) & 15;
        text.extend(u32::try_from(digit).ok().and_then(|digit| char::from_digit(digit, 16)));
    }
    Ok(text)
}
