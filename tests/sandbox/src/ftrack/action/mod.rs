//! What operations do to the rows. One [`Work`] is one request: it is committed as a whole or not at all.

mod computed;
mod create;
mod delete;
mod update;

use serde_json::{Map, Value, json};

pub use create::uid;

use super::date::Moment;
use super::refusal::Refusal;
use super::schema::{Kind, Schema, Schemas};
use super::store::{Row, Store, key_text};
use super::view::View;

/// One request's changes.
pub struct Work<'a> {
    /// The types.
    pub schemas: &'a Schemas,
    /// The rows.
    pub store: &'a mut Store,
    /// Where the server is reached.
    pub url: &'a str,
    /// Id of the user who asks; none while the seed is read.
    pub user: Option<String>,
    /// Whether anybody wants to hear of changes.
    pub tell: bool,
    /// What was changed so far, as `ftrack.update` tells it.
    pub changes: Vec<Value>,
    /// References that must exist at the end: type, key, and who names it.
    pub owed: Vec<(String, String, String)>,
}

type Result<T> = std::result::Result<T, Refusal>;

/// Scalars and foreign keys as they are kept, and collections as they came.
type Taken = (Map<String, Value>, Vec<(String, Value)>);

impl<'a> Work<'a> {
    /// The beginning of a request.
    pub fn new(schemas: &'a Schemas, store: &'a mut Store, url: &'a str, user: Option<String>) -> Self {
        Self { schemas, store, url, user, tell: false, changes: Vec::new(), owed: Vec::new() }
    }

    /// For reading.
    pub fn view(&self) -> View<'_> {
        View { schemas: self.schemas, store: self.store, url: self.url }
    }

    /// Now, as it is kept.
    pub fn now() -> Value {
        let mut now = Moment::now();
        now.micros = 0;
        now.text().into()
    }

    /// What must be true when all operations were done.
    pub fn check(&self) -> Result<()> {
        for (target, key, owner) in &self.owed {
            let family = self.schemas.find(target)?.family();
            if self.store.get(family, key).is_none() {
                let content = format!("{owner} refers to {target} {key}, which does not exist.");
                return Err(Refusal::new("IntegrityError", content));
            }
        }
        Ok(())
    }

    /// The key that an operation names: a list or a text.
    pub fn key_of(&self, schema: &Schema, key: &Value) -> Result<String> {
        match key {
            Value::String(text) => Ok(text.clone()),
            Value::Array(parts) if parts.len() == schema.primary_key.len() => Ok(key_text(parts.iter())),
            _ => Err(Refusal::validation(format!("{key} is not a key of {}.", schema.id))),
        }
    }

    /// The row that an operation names.
    pub fn find(&self, schema: &Schema, key: &str) -> Result<&Row> {
        let shown = || key.replace(super::store::SEPARATOR, ",");
        let row = self.store.get(schema.family(), key).ok_or_else(|| Refusal::missing(&schema.id, &shown()))?;
        if self.schemas.get(&row.kind).is_some_and(|kind| kind.is_a(&schema.id)) {
            Ok(row)
        } else {
            Err(Refusal::missing(&schema.id, &shown()))
        }
    }

    /// The key in a reference: an object with the key's parts, or the key itself.
    pub fn reference_key(&self, target: &str, value: &Value) -> Result<Option<String>> {
        let wrong = || Refusal::validation(format!("{value} is not a reference to {target}."));
        match value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            Value::Object(map) => {
                let named = map.get("__entity_type__").and_then(Value::as_str).unwrap_or(target);
                let schema = self.schemas.find(named)?;
                let parts: Option<Vec<&Value>> = schema.primary_key.iter().map(|name| map.get(name)).collect();
                Ok(Some(key_text(parts.ok_or_else(wrong)?.into_iter())))
            }
            _ => Err(wrong()),
        }
    }

    /// Takes what a client gave apart: scalars and foreign keys as they are kept, and collections as they came.
    fn take(&mut self, schema: &Schema, data: &Map<String, Value>) -> Result<Taken> {
        let mut values = Map::new();
        let mut collections = Vec::new();
        for (name, value) in data.iter().filter(|(name, _)| *name != "__entity_type__") {
            match schema.attribute(name)? {
                Kind::Scalar(kind) => {
                    values.insert(name.clone(), kind.take(name, value)?);
                }
                Kind::Reference { target, column } => {
                    let key = self.reference_key(target, value)?;
                    values.insert(column.clone(), key.map_or(Value::Null, Value::from));
                }
                Kind::Many(_) | Kind::Map(_) => collections.push((name.clone(), value.clone())),
            }
        }
        for kind in schema.attributes.values() {
            if let Kind::Reference { target, column } = kind
                && let Some(Value::String(key)) = values.get(column)
            {
                self.owed.push((target.clone(), key.clone(), schema.id.clone()));
            }
        }
        Ok((values, collections))
    }

    /// A row's scalars of these names and the references that were named, as an answer.
    fn answer<'n>(&self, row: &Row, names: impl Iterator<Item = &'n String>) -> Value {
        let view = self.view();
        let mut out = match view.reference(row) {
            Value::Object(out) => out,
            _ => Map::new(),
        };
        let Some(schema) = self.schemas.get(&row.kind) else { return out.into() };
        for name in names {
            match schema.attributes.get(name) {
                Some(Kind::Scalar(kind)) => {
                    out.insert(name.clone(), kind.show(&view.scalar(row, name)));
                }
                Some(Kind::Reference { target, column }) => {
                    let other = view.referred(row, column, target);
                    out.insert(name.clone(), other.map_or(Value::Null, |other| view.reference(other)));
                }
                Some(Kind::Many(target) | Kind::Map(target)) => {
                    if let Ok(others) = view.related(row, name, target) {
                        out.insert(name.clone(), others.iter().map(|other| view.reference(other)).collect());
                    }
                }
                None => {}
            }
        }
        out.into()
    }

    /// Remembers a change for `ftrack.update` (section 7.9).
    fn changed(&mut self, row: &Row, action: &'static str, changes: Map<String, Value>) {
        if !self.tell {
            return;
        }
        let view = self.view();
        let above = view.above(row);
        let id = |row: &Row| view.schemas.get(&row.kind).map_or(Value::Null, |schema| row.key(schema).into());
        let parents: Vec<Value> = above
            .iter()
            .enumerate()
            .map(|(at, one)| {
                json!({
                    "entityId": id(one),
                    "entityType": view.event_type(one),
                    "entity_type": one.kind,
                    "parentId": above.get(at + 1).map_or(Value::Null, |next| id(next)),
                })
            })
            .collect();
        let told = json!({
            "entityType": view.event_type(row),
            "entity_type": row.kind,
            "entityId": id(row),
            "action": action,
            "keys": changes.keys().collect::<Vec<_>>(),
            "changes": if changes.is_empty() { Value::Null } else { changes.into() },
            "parents": parents,
            "parentId": above.get(1).map_or(Value::Null, |next| id(next)),
            "objectTypeId": row.get("object_type_id"),
        });
        self.changes.push(told);
    }
}

impl View<'_> {
    /// What events call a row's type.
    fn event_type(&self, row: &Row) -> String {
        match self.schemas.get(&row.kind).map(|schema| self.model_of(schema)) {
            Some(model) if !model.is_empty() => model.to_owned(),
            _ => row.kind.to_lowercase(),
        }
    }

    /// The entity and what it hangs below, nearest first.
    fn above<'s>(&'s self, row: &'s Row) -> Vec<&'s Row> {
        let mut above = vec![row];
        let mut at = row;
        while let Some(next) = self.owner(at).filter(|_| above.len() < 100) {
            above.push(next);
            at = next;
        }
        above
    }

    /// What an entity hangs below.
    fn owner<'s>(&'s self, row: &'s Row) -> Option<&'s Row> {
        let of = |family: &str, column: &str| row.text(column).and_then(|id| self.store.get(family, id));
        match row.kind.as_str() {
            "AssetVersion" => of("Asset", "asset_id"),
            kind if kind.ends_with("Component") => {
                of("AssetVersion", "version_id").or_else(|| of("Component", "container_id"))
            }
            _ => of("Context", "parent_id").or_else(|| of("Context", "context_id")),
        }
    }
}
