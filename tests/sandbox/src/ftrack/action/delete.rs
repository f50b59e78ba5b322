//! `delete`, with everything that hangs below.

use serde_json::{Map, Value};

use super::{Result, Work};
use crate::ftrack::refusal::Refusal;
use crate::ftrack::store::Row;

/// What is removed with an entity: family of the owner, family of the others, their column.
const BELOW: [(&str, &str, &str); 27] = [
    ("Context", "Context", "parent_id"),
    ("Context", "Asset", "context_id"),
    ("Context", "Note", "parent_id"),
    ("Context", "Appointment", "context_id"),
    ("Context", "Timelog", "context_id"),
    ("Context", "Timer", "context_id"),
    ("Context", "Manager", "context_id"),
    ("Context", "ReviewSession", "project_id"),
    ("Context", "List", "project_id"),
    ("Context", "TypedContextLink", "from_id"),
    ("Context", "TypedContextLink", "to_id"),
    ("Context", "StatusChange", "parent_id"),
    ("Asset", "AssetVersion", "asset_id"),
    ("AssetVersion", "Component", "version_id"),
    ("AssetVersion", "Note", "parent_id"),
    ("Component", "Component", "container_id"),
    ("Component", "ComponentLocation", "component_id"),
    ("Note", "Note", "in_reply_to_id"),
    ("Note", "Recipient", "note_id"),
    ("Note", "NoteLabelLink", "note_id"),
    ("Note", "NoteComponent", "note_id"),
    ("Resource", "Timer", "user_id"),
    ("Resource", "Appointment", "resource_id"),
    ("Resource", "Membership", "user_id"),
    ("Job", "JobComponent", "job_id"),
    ("ReviewSession", "ReviewSessionObject", "review_session_id"),
    ("ReviewSession", "ReviewSessionInvitee", "review_session_id"),
];

impl Work<'_> {
    /// Removes an entity.
    pub fn delete(&mut self, entity_type: &str, entity_key: &Value) -> Result<Value> {
        let schema = self.schemas.find(entity_type)?.clone();
        let key = self.key_of(&schema, entity_key)?;
        self.find(&schema, &key)?;
        if schema.id == "Location" && !self.store.by_column("ComponentLocation", "location_id", &key).is_empty() {
            let content = format!("Location {key} still has components in it.");
            return Err(Refusal::new("IntegrityError", content));
        }
        self.remove(schema.family().to_owned(), key)?;
        Ok(true.into())
    }

    fn remove(&mut self, family: String, key: String) -> Result<()> {
        let mut left = vec![(family, key)];
        while let Some((family, key)) = left.pop() {
            let Some(row) = self.store.get(&family, &key).cloned() else { continue };
            self.changed(&row, "remove", Map::new());
            self.store.remove(&family, &key);
            let mut below: Vec<Row> = Vec::new();
            for (_, other, column) in BELOW.iter().filter(|(owner, ..)| *owner == family) {
                below.extend(self.store.by_column(other, column, &key).into_iter().cloned());
            }
            // Any entity may have these.
            below.extend(self.store.by_column("Metadata", "parent_id", &key).into_iter().cloned());
            below.extend(self.store.by_column("CustomAttributeValue", "entity_id", &key).into_iter().cloned());
            for row in below {
                let schema = self.schemas.find(&row.kind)?;
                left.push((schema.family().to_owned(), row.key(schema)));
            }
        }
        Ok(())
    }
}
