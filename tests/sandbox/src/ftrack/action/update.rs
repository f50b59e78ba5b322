//! `update`.

use serde_json::{Map, Value, json};

use super::{Result, Work};
use crate::ftrack::refusal::Refusal;
use crate::ftrack::schema::Schema;
use crate::ftrack::store::{Row, SEPARATOR};

impl Work<'_> {
    /// Changes an entity; the answer has its key and what was sent.
    pub fn update(&mut self, entity_type: &str, entity_key: &Value, data: &Map<String, Value>) -> Result<Value> {
        let asked = self.schemas.find(entity_type)?.clone();
        let key = self.key_of(&asked, entity_key)?;
        if asked.is_a("CustomAttributeValue") {
            return self.update_custom(&asked, &key, data);
        }
        let schema = self.schemas.find(&self.find(&asked, &key)?.kind)?.clone();
        let (values, collections) = self.take(&schema, data)?;
        let before = self.find(&schema, &key)?.clone();
        let mut old = Map::new();
        let mut changes = Map::new();
        for (name, value) in values {
            let was = before.get(&name);
            if *was == value {
                continue;
            }
            let fixed = schema.immutable.contains(&name) && !was.is_null();
            if fixed || schema.primary_key.contains(&name) {
                return Err(Refusal::validation(format!("Attribute {name} of {} cannot be changed.", schema.id)));
            }
            changes.insert(name.clone(), json!({"old": was, "new": value}));
            old.insert(name.clone(), was.clone());
            self.store.set(schema.family(), &key, &name, value);
        }
        for (name, value) in &collections {
            self.set_collection(&schema, &key, name, value)?;
            changes.insert(name.clone(), json!({"old": null, "new": null}));
        }
        let row = self.find(&schema, &key)?.clone();
        self.follow_update(&schema, &row, &old)?;
        let row = self.find(&schema, &key)?.clone();
        if !changes.is_empty() {
            self.changed(&row, "update", changes);
        }
        Ok(self.answer(&row, data.keys()))
    }

    /// Values of custom attributes are there for every entity, stored or not: an update makes them (section 5.9).
    fn update_custom(&mut self, asked: &Schema, key: &str, data: &Map<String, Value>) -> Result<Value> {
        let missing = || Refusal::missing(&asked.id, &key.replace(SEPARATOR, ","));
        let (configuration, entity) = key.split_once(SEPARATOR).ok_or_else(missing)?;
        let families = ["Context", "AssetVersion", "Asset", "Resource", "List"];
        let owner = families.iter().find_map(|family| self.store.get(family, entity)).ok_or_else(missing)?.clone();
        let shown = self.view().custom_values(&owner);
        let own = shown.into_iter().find(|value| value.text("configuration_id") == Some(configuration));
        let mut row = own.ok_or_else(missing)?;
        let schema = self.schemas.find(&row.kind)?.clone();
        let value = data.get("value").cloned().unwrap_or_default();
        let old = row.values.insert("value".to_owned(), value.clone()).unwrap_or_default();
        if self.store.get(schema.family(), key).is_some() {
            self.store.set(schema.family(), key, "value", value.clone());
        } else {
            self.store.insert(&schema, row.clone());
        }
        let name = self.view().scalar(&row, "key").into_owned();
        let mut changes = Map::new();
        changes.insert(name.as_str().unwrap_or("value").to_owned(), json!({"old": old, "new": value}));
        self.changed(&owner, "update", changes);
        let row: Row = self.find(&schema, key)?.clone();
        Ok(self.answer(&row, data.keys()))
    }
}
