//! What the server knows better than the client: values that it fills in, rows that follow from others, and what must
//! be there once only.

use serde_json::{Map, Value, json};

use super::{Result, Work};
use crate::ftrack::refusal::Refusal;
use crate::ftrack::schema::Schema;
use crate::ftrack::store::Row;

impl Work<'_> {
    /// Fills in what the client left out.
    pub(super) fn fill(&self, schema: &Schema, values: &mut Map<String, Value>) -> Result<()> {
        let has = |name: &str| schema.attributes.contains_key(name);
        let user = self.user.as_deref().map_or(Value::Null, Value::from);
        let mut give = |name: &str, value: Value| {
            if has(name) && values.get(name).is_none_or(Value::is_null) && !value.is_null() {
                values.insert(name.to_owned(), value);
            }
        };
        give("created_at", Self::now());
        give("created_by_id", user.clone());
        let named = match schema.id.as_str() {
            "Project" => {
                give("context_type", "show".into());
                give("status", "active".into());
                None
            }
            "Asset" => Some("context_id"),
            _ if schema.is_a("Context") => {
                give("context_type", "task".into());
                Some("parent_id")
            }
            "Group" => {
                give("resource_type", "group".into());
                None
            }
            "User" => {
                give("resource_type", "user".into());
                give("is_active", true.into());
                None
            }
            "FileComponent" | "SequenceComponent" | "ContainerComponent" => {
                give("system_type", schema.id.trim_end_matches("Component").to_lowercase().into());
                None
            }
            "TypedContextList" | "AssetVersionList" => {
                let kind = if schema.id == "TypedContextList" { "task" } else { "assetversion" };
                give("system_type", kind.into());
                give("date", Self::now());
                give("user_id", user);
                None
            }
            "Note" => {
                give("date", Self::now());
                give("user_id", user);
                Some("parent_id")
            }
            "AssetVersion" => {
                give("date", Self::now());
                give("user_id", user);
                None
            }
            "Timer" | "Timelog" => {
                give("start", Self::now());
                give("user_id", user);
                None
            }
            "StatusChange" => {
                give("date", Self::now());
                None
            }
            _ => None,
        };
        if schema.id == "AssetVersion" {
            self.fill_version(values);
        }
        if schema.id == "Project"
            && let Some(id) = values.get("id").cloned()
        {
            values.insert("project_id".to_owned(), id);
        }
        if let Some(column) = named.filter(|_| has("project_id"))
            && let Some(parent) = values.get(column).and_then(Value::as_str)
            && let Some(parent) = self.store.get("Context", parent)
        {
            let project = if parent.kind == "Project" { parent.get("id") } else { parent.get("project_id") };
            values.insert("project_id".to_owned(), project.clone());
        }
        Ok(())
    }

    /// Numbers count up in each asset.
    fn fill_version(&self, values: &mut Map<String, Value>) {
        let asset = values.get("asset_id").and_then(Value::as_str).map(str::to_owned);
        let asset = asset.as_deref();
        if values.get("version").and_then(Value::as_i64).is_none_or(|version| version == 0) {
            let latest = asset.and_then(|asset| self.view().latest_version(asset)?.get("version").as_i64());
            values.insert("version".to_owned(), (latest.unwrap_or(0) + 1).into());
        }
        let project =
            asset.and_then(|asset| self.store.get("Asset", asset)).map(|asset| asset.get("project_id").clone());
        if let Some(project) = project {
            values.insert("project_id".to_owned(), project);
        }
    }

    /// What an entity cannot be without.
    pub(super) fn must_have(schema: &Schema, values: &Map<String, Value>) -> Result<()> {
        let needed: &[&str] = if schema.id == "AssetVersion" { &["asset_id"] } else { &[] };
        for name in schema.primary_key.iter().map(String::as_str).chain(needed.iter().copied()) {
            if values.get(name).is_none_or(Value::is_null) {
                return Err(Refusal::validation(format!("{} needs a value for {name}.", schema.id)));
            }
        }
        Ok(())
    }

    /// What there may be once only, beside the key.
    pub(super) fn must_be_unique(&self, schema: &Schema, values: &Map<String, Value>) -> Result<()> {
        let text = |name: &str| values.get(name).and_then(Value::as_str);
        let taken = match schema.id.as_str() {
            "Timer" => text("user_id").is_some_and(|user| !self.store.by_column("Timer", "user_id", user).is_empty()),
            "User" => {
                text("username").is_some_and(|name| !self.store.by_column("Resource", "username", name).is_empty())
            }
            "Project" => text("name").is_some_and(|name| {
                self.store.rows("Context").any(|row| row.kind == "Project" && row.text("name") == Some(name))
            }),
            _ => false,
        };
        if taken {
            let name = text("username").or_else(|| text("name")).or_else(|| text("user_id")).unwrap_or_default();
            let content = format!("Duplicate entry '{name}' for {} already exists.", schema.id);
            return Err(Refusal::new("DuplicateEntryError", content));
        }
        Ok(())
    }

    /// Rows that come with a new one.
    pub(super) fn follow(&mut self, schema: &Schema, row: &Row) -> Result<()> {
        if schema.id == "NoteLabelLink" {
            self.categorise(row);
        }
        if schema.id == "Note"
            && let (Some(author), Some(recipient)) = (row.text("user_id"), self.schemas.get("Recipient").cloned())
        {
            let values = json!({"note_id": row.get("id"), "resource_id": author});
            if let Value::Object(values) = values {
                self.store.insert(&recipient, Row { kind: recipient.id.clone(), values });
            }
        }
        Ok(())
    }

    /// A label that is a category as well is the note's category.
    fn categorise(&mut self, row: &Row) {
        if let (Some(label), Some(note)) = (row.text("label_id"), row.text("note_id"))
            && self.store.get("NoteCategory", label).is_some()
            && self.store.get("Note", note).is_some_and(|note| note.get("category_id").is_null())
        {
            self.store.set("Note", note, "category_id", label.into());
        }
    }

    /// Rows that come with a changed one.
    pub(super) fn follow_update(&mut self, schema: &Schema, row: &Row, old: &Map<String, Value>) -> Result<()> {
        if schema.is_a("Context")
            && let Some(before) = old.get("parent_id")
            && before != row.get("parent_id")
        {
            self.move_below(row);
        }
        if schema.is_a("TypedContext")
            && let Some(before) = old.get("status_id")
            && before != row.get("status_id")
            && let Some(change) = self.schemas.get("StatusChange").cloned()
        {
            let values = json!({
                "id": super::create::uid(),
                "status_id": row.get("status_id"),
                "from_status_id": before,
                "user_id": self.user,
                "parent_id": row.get("id"),
                "parent_type": "task",
                "date": Self::now(),
            });
            if let Value::Object(values) = values {
                self.store.insert(&change, Row { kind: change.id.clone(), values });
            }
        }
        Ok(())
    }

    /// The project of a context that got another parent, and of all below it.
    fn move_below(&mut self, row: &Row) {
        let parent = row.text("parent_id").and_then(|id| self.store.get("Context", id));
        let Some(parent) = parent else { return };
        let project =
            if parent.kind == "Project" { parent.get("id").clone() } else { parent.get("project_id").clone() };
        let mut left: Vec<String> = row.text("id").map(str::to_owned).into_iter().collect();
        while let Some(id) = left.pop() {
            self.store.set("Context", &id, "project_id", project.clone());
            let children = self.store.by_column("Context", "parent_id", &id);
            left.extend(children.iter().filter_map(|child| child.text("id").map(str::to_owned)));
        }
    }
}
