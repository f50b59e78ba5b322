//! `create`.

use serde_json::{Map, Value, json};

use super::{Result, Work};
use crate::ftrack::refusal::Refusal;
use crate::ftrack::relation::{Many, many};
use crate::ftrack::schema::{Kind, Schema};
use crate::ftrack::store::Row;

impl Work<'_> {
    /// Adds an entity; the answer has its key, what was sent, and what the server filled in.
    pub fn create(&mut self, entity_type: &str, entity_key: &Value, data: &Map<String, Value>) -> Result<Value> {
        let mut schema = self.schemas.find(entity_type)?.clone();
        if let Some(concrete) = data
            .get("object_type_id")
            .and_then(Value::as_str)
            .filter(|_| schema.is_a("TypedContext"))
            .and_then(|id| self.schemas.of_object_type(id))
        {
            schema = concrete.clone();
        }
        let (mut values, collections) = self.take(&schema, data)?;
        if let Value::Array(parts) = entity_key {
            for (name, part) in schema.primary_key.iter().zip(parts) {
                values.entry(name.clone()).or_insert_with(|| part.clone());
            }
        }
        for (name, default) in &schema.defaults {
            let Some(Kind::Scalar(kind)) = schema.attributes.get(name) else { continue };
            if !values.contains_key(name) {
                let value = if default == "{uid}" { uid().into() } else { kind.take(name, default)? };
                values.insert(name.clone(), value);
            }
        }
        self.fill(&schema, &mut values)?;
        Self::must_have(&schema, &values)?;
        self.must_be_unique(&schema, &values)?;
        let row = Row { kind: schema.id.clone(), values };
        let key = row.key(&schema);
        if !self.store.insert(&schema, row.clone()) {
            // The server adds the author as a recipient by itself; a client may do the same.
            if schema.id == "Recipient" {
                return Ok(self.answer(&row, data.keys()));
            }
            let shown = key.replace(crate::ftrack::store::SEPARATOR, ",");
            let content = format!("Duplicate entry '{shown}' for {} already exists.", schema.id);
            return Err(Refusal::new("DuplicateEntryError", content));
        }
        for (name, value) in &collections {
            self.set_collection(&schema, &key, name, value)?;
        }
        self.follow(&schema, &row)?;
        let row = self.find(&schema, &key)?.clone();
        let changes =
            row.values.iter().map(|(name, value)| (name.clone(), json!({"old": null, "new": value}))).collect();
        self.changed(&row, "add", changes);
        let names: Vec<String> = row.values.keys().chain(data.keys()).cloned().collect();
        Ok(self.answer(&row, names.iter()))
    }

    /// Sets a collection's membership (section 12.1, row 8).
    pub fn set_collection(&mut self, schema: &Schema, key: &str, name: &str, value: &Value) -> Result<()> {
        let (Kind::Many(target) | Kind::Map(target)) = schema.attribute(name)?.clone() else { return Ok(()) };
        let items = match value {
            Value::Null => Vec::new(),
            Value::Array(items) => items.clone(),
            _ => return Err(Refusal::validation(format!("{value} is not a collection for {name}."))),
        };
        let other = self.schemas.find(&target)?.clone();
        let mut keys = Vec::with_capacity(items.len());
        for item in &items {
            keys.extend(self.reference_key(&target, item)?);
        }
        match many(self.schemas, schema, name, &target) {
            // Values of their own entities are what changes these.
            Many::Custom | Many::Ancestors | Many::Descendants | Many::Through { .. } => Ok(()),
            Many::Members => {
                for one in &keys {
                    self.owed.push((target.clone(), one.clone(), schema.id.clone()));
                }
                self.store.set(schema.family(), key, name, keys.into_iter().collect());
                Ok(())
            }
            Many::MemberOf(list) => {
                let holders: Vec<Row> =
                    self.store.rows(other.family()).filter(|row| row.kind == other.id).cloned().collect();
                for holder in holders {
                    let holder_key = holder.key(&other);
                    let mut members: Vec<Value> = holder.get(list).as_array().cloned().unwrap_or_default();
                    let (is, should) = (members.iter().any(|one| one == key), keys.contains(&holder_key));
                    if is != should {
                        members.retain(|one| one != key);
                        members.extend(should.then(|| key.into()));
                        self.store.set(other.family(), &holder_key, list, members.into());
                    }
                }
                Ok(())
            }
            Many::Inverse { column, .. } => self.set_inverse(schema, key, &other, &column, &keys, name),
        }
    }

    fn set_inverse(
        &mut self,
        schema: &Schema,
        key: &str,
        other: &Schema,
        column: &str,
        keys: &[String],
        name: &str,
    ) -> Result<()> {
        let owner = self.find(schema, key)?.clone();
        let before: Vec<String> = {
            let view = self.view();
            view.related(&owner, name, &other.id)?.iter().map(|row| row.key(other)).collect()
        };
        // Where the owner is part of their key they cannot go without it: they are deleted on their own.
        if !other.primary_key.iter().any(|part| part == column) {
            for gone in before.iter().filter(|one| !keys.contains(one)) {
                self.store.set(other.family(), gone, column, Value::Null);
            }
        }
        for one in keys.iter().filter(|one| !before.contains(one)) {
            let row = self.find(other, one)?.clone();
            if row.text(column) != Some(key) {
                self.store.set(other.family(), one, column, key.into());
            }
            let kind = self.schemas.find(&row.kind)?.clone();
            if kind.attributes.contains_key("parent_type") && row.get("parent_type").is_null() {
                self.store.set(other.family(), one, "parent_type", owner.kind.as_str().into());
            }
        }
        Ok(())
    }
}

/// A new id.
pub fn uid() -> String {
    use sha1::{Digest, Sha1};
    use std::hash::{BuildHasher, RandomState};
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // Each `RandomState` has keys of its own, taken from the machine's randomness.
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut seed = RandomState::new().hash_one(count).to_le_bytes().to_vec();
    seed.extend_from_slice(&RandomState::new().hash_one(count).to_le_bytes());
    seed.extend_from_slice(&count.to_le_bytes());
    let mut hex = crate::endpoint::to_hex(&Sha1::digest(seed)[..16]);
    // Version 4, variant 1 (RFC 9562 section 5.4).
    hex.replace_range(12..13, "4");
    hex.replace_range(16..17, "a");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
