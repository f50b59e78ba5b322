//! Reading rows: values that are stored, and values that the server computes.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::schema::{Schema, Schemas};
use super::store::{Row, Store};

/// Everything that reading needs.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The types.
    pub schemas: &'a Schemas,
    /// The rows.
    pub store: &'a Store,
    /// Where the server is reached, for URLs in values.
    pub url: &'a str,
}

impl<'a> View<'a> {
    /// A scalar of a row.
    pub fn scalar<'s>(&'s self, row: &'s Row, name: &str) -> Cow<'s, Value> {
        let kind = self.schemas.get(&row.kind);
        let is_a = |name: &str| kind.is_some_and(|kind| kind.is_a(name));
        match name {
            "link" if is_a("Context") || is_a("AssetVersion") => Cow::Owned(self.link(row)),
            "time_logged" => Cow::Owned(self.time_logged(row).into()),
            "bid_time_logged_difference" => {
                Cow::Owned((row.get("bid").as_f64().unwrap_or(0.0) - self.time_logged(row)).into())
            }
            "is_latest_version" => {
                let latest = row.text("asset_id").and_then(|asset| self.latest_version(asset));
                Cow::Owned(latest.is_some_and(|latest| latest.get("id") == row.get("id")).into())
            }
            "latest_version_id" => {
                let latest = row.text("id").and_then(|asset| self.latest_version(asset));
                Cow::Owned(latest.map_or(Value::Null, |latest| latest.get("id").clone()))
            }
            "thumbnail_url" => Cow::Owned(match row.text("thumbnail_id") {
                Some(id) => json!({ "url": format!("{}/component/thumbnail?id={id}", self.url) }),
                None => Value::Null,
            }),
            "url" if is_a("ComponentLocation") => Cow::Owned(match row.text("component_id") {
                Some(id) => json!({ "value": format!("{}/component/get?id={id}", self.url) }),
                None => Value::Null,
            }),
            "key" if is_a("CustomAttributeValue") => {
                let configuration = row.text("configuration_id");
                let found = configuration.and_then(|id| self.store.get("CustomAttributeConfiguration", id));
                Cow::Borrowed(found.map_or(&Value::Null, |found| found.get("key")))
            }
            _ => Cow::Borrowed(row.get(name)),
        }
    }

    /// The row that a reference names.
    pub fn referred<'s>(&'s self, row: &'s Row, column: &str, target: &str) -> Option<&'s Row> {
        let family = self.schemas.get(target)?.family();
        let key = self.scalar(row, column);
        self.store.get(family, key.as_str()?)
    }

    /// From the project down to the entity itself (section 2.1).
    fn link(&self, row: &Row) -> Value {
        let item = |row: &Row| {
            let kind = if row.kind == "Project" { "Project" } else { "TypedContext" };
            json!({"type": kind, "id": row.get("id"), "name": row.get("name")})
        };
        if row.kind == "AssetVersion" {
            let asset = self.referred(row, "asset_id", "Asset");
            let context = asset.and_then(|asset| self.referred(asset, "context_id", "Context"));
            let mut items: Vec<Value> = match context {
                Some(context) => self.ancestors(context).into_iter().chain([context]).map(item).collect(),
                None => Vec::new(),
            };
            let name = asset.and_then(|asset| asset.text("name")).unwrap_or_default();
            let version = row.get("version").as_i64().unwrap_or(0);
            items.push(
                json!({"type": "AssetVersion", "id": row.get("id"), "name": format!("{name} version {version}")}),
            );
            return items.into();
        }
        self.ancestors(row).into_iter().chain([row]).map(item).collect::<Vec<_>>().into()
    }

    fn time_logged(&self, row: &Row) -> f64 {
        let Some(id) = row.text("id") else { return 0.0 };
        self.store.by_column("Timelog", "context_id", id).iter().filter_map(|log| log.get("duration").as_f64()).sum()
    }

    /// The version of an asset with the highest number.
    pub fn latest_version(&self, asset: &str) -> Option<&'a Row> {
        let versions = self.store.by_column("AssetVersion", "asset_id", asset);
        versions.into_iter().max_by_key(|version| version.get("version").as_i64().unwrap_or(0))
    }

    /// Type and key alone.
    pub fn reference(&self, row: &Row) -> Value {
        let mut out = serde_json::Map::new();
        out.insert("__entity_type__".to_owned(), row.kind.as_str().into());
        if let Some(schema) = self.schemas.get(&row.kind) {
            for name in &schema.primary_key {
                out.insert(name.clone(), row.get(name).clone());
            }
        }
        out.into()
    }

    /// What the configurations call a row's type, and its ObjectType.
    pub fn model_of(&self, schema: &Schema) -> &'static str {
        match schema.id.as_str() {
            "Project" => "show",
            "AssetVersion" => "assetversion",
            "Asset" => "asset",
            "User" => "user",
            _ if schema.is_a("TypedContext") => "task",
            _ if schema.is_a("List") => "list",
            _ => "",
        }
    }

    /// The dense list of custom attribute values (section 5.9): one for each configuration that fits, stored or not.
    pub fn custom_values(&self, row: &Row) -> Vec<Row> {
        let Some(schema) = self.schemas.get(&row.kind) else { return Vec::new() };
        let target = schema.attributes.get("custom_attributes").and_then(|kind| match kind {
            super::schema::Kind::Map(target) => Some(target.as_str()),
            _ => None,
        });
        let Some(target) = target else { return Vec::new() };
        let model = self.model_of(schema);
        let project = if row.kind == "Project" { row.get("id") } else { row.get("project_id") };
        let mut found: Vec<&Row> = Vec::new();
        for configuration in self.store.rows("CustomAttributeConfiguration") {
            let object_type = configuration.get("object_type_id");
            let own = configuration.get("entity_type") == model
                && (object_type.is_null() || object_type == row.get("object_type_id"));
            let hierarchical = configuration.get("is_hierarchical") == true
                && ["asset", "assetversion", "show", "task"].contains(&model);
            let scope = configuration.get("project_id");
            if !(own || hierarchical) || !(scope.is_null() || scope == project) {
                continue;
            }
            match found.iter_mut().find(|other| other.get("key") == configuration.get("key")) {
                // A project's own wins over the one for all.
                Some(other) if other.get("project_id").is_null() => *other = configuration,
                Some(_) => {}
                None => found.push(configuration),
            }
        }
        let entity = row.key(schema);
        found.into_iter().map(|configuration| self.custom_value(row, configuration, &entity, target)).collect()
    }

    fn custom_value(&self, row: &Row, configuration: &Row, entity: &str, target: &str) -> Row {
        let id = configuration.text("id").unwrap_or_default();
        let stored =
            |entity: &str| self.store.get("CustomAttributeValue", &format!("{id}{}{entity}", super::store::SEPARATOR));
        let own = stored(entity).map(|value| value.get("value"));
        let inherited = || {
            let above = self.ancestors(row);
            above.iter().rev().filter_map(|parent| stored(parent.text("id")?)).map(|value| value.get("value")).next()
        };
        let value = match own {
            Some(value) => Some(value),
            None if configuration.get("is_hierarchical") == true => inherited(),
            None => None,
        };
        let value = value.unwrap_or_else(|| configuration.get("default")).clone();
        let values = [("configuration_id", id.into()), ("entity_id", entity.into()), ("value", value)];
        Row {
            kind: target.to_owned(),
            values: values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }
}
