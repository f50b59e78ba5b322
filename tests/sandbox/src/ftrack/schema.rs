//! The schemas (section 4 of the protocol): read from JSON as it goes over the wire, with what the server alone knows
//! added: which type is a kind of which, and what the foreign keys are called.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::date::Moment;
use super::python_text;
use super::refusal::Refusal;

/// What a scalar holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// Text.
    Text,
    /// A date-time, kept as naive UTC text.
    Date,
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Number,
    /// Any JSON.
    Any,
}

/// What an attribute is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A value of its own.
    Scalar(Scalar),
    /// Another entity of that type; its key is in the attribute `column`.
    Reference {
        /// Type of the other.
        target: String,
        /// Attribute with its key.
        column: String,
    },
    /// Many others of that type.
    Many(String),
    /// A map, which is a collection of entities with key and value.
    Map(String),
}

/// One type.
#[derive(Debug)]
pub struct Schema {
    /// Its name.
    pub id: String,
    /// Its attributes.
    pub attributes: BTreeMap<String, Kind>,
    /// Names of the key's parts.
    pub primary_key: Vec<String>,
    /// What a query without projections loads.
    pub default_projections: Vec<String>,
    /// What is loaded always.
    pub system_projections: Vec<String>,
    /// What cannot be changed.
    pub immutable: Vec<String>,
    /// Values of a new entity.
    pub defaults: BTreeMap<String, Value>,
    /// Id of the ObjectType that makes a TypedContext this type.
    pub object_type: Option<String>,
    /// This type and all that it is a kind of, nearest first.
    pub kinds: Vec<String>,
}

impl Schema {
    /// The widest type, whose table has the rows.
    pub fn family(&self) -> &str {
        self.kinds.last().map_or(&self.id, String::as_str)
    }

    /// Whether it is that type or a kind of it.
    pub fn is_a(&self, kind: &str) -> bool {
        self.kinds.iter().any(|name| name == kind)
    }

    /// What that attribute is.
    pub fn attribute(&self, name: &str) -> Result<&Kind, Refusal> {
        self.attributes
            .get(name)
            .ok_or_else(|| Refusal::validation(format!("Attribute {name} does not exist on {}.", self.id)))
    }
}

/// All types.
#[derive(Clone)]
pub struct Schemas {
    /// As they go over the wire.
    pub json: Value,
    /// MD5 of the Python text of that.
    pub hash: String,
    by_name: HashMap<String, Arc<Schema>>,
}

/// The type that a type is a kind of (section 12.1, row 4).
fn base_of(id: &str, alias: &Value) -> Option<&'static str> {
    Some(match id {
        "Project" | "TypedContext" => "Context",
        _ if alias["id"] == "Task" => "TypedContext",
        "Task" | "Shot" | "Sequence" | "Episode" | "Folder" | "Milestone" | "AssetBuild" => "TypedContext",
        "FileComponent" | "SequenceComponent" | "ContainerComponent" => "Component",
        "User" | "Group" => "Resource",
        "TypedContextList" | "AssetVersionList" => "List",
        _ if id != "CustomAttributeValue" && id.ends_with("CustomAttributeValue") => "CustomAttributeValue",
        _ => return None,
    })
}

/// Foreign keys that are not called after their reference (section 12.2).
fn column_of(id: &str, attribute: &str) -> String {
    let column = match (id, attribute) {
        ("Note", "author") | ("List" | "TypedContextList" | "AssetVersionList", "owner") => "user_id",
        ("Asset", "parent") => "context_id",
        ("Recipient", "recipient" | "user") => "resource_id",
        ("ProjectSchema", "_task_workflow" | "task_workflow") => "task_workflow_schema_id",
        ("ProjectSchema", "_version_workflow" | "version_workflow") => "asset_version_workflow_schema_id",
        ("ProjectSchema", "_task_type_schema") => "task_type_schema_id",
        ("SchemaStatus", "task_status") => "status_id",
        ("SchemaType", "task_type") | ("Schema", "object_type") => "type_id",
        _ => return format!("{attribute}_id"),
    };
    column.to_owned()
}

fn names(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

fn kind_of(id: &str, name: &str, fragment: &Value) -> Option<Kind> {
    let target = || fragment["items"]["$ref"].as_str().map(str::to_owned);
    Some(match fragment["type"].as_str() {
        Some("string") if fragment["format"] == "date-time" => Kind::Scalar(Scalar::Date),
        Some("string") => Kind::Scalar(Scalar::Text),
        Some("boolean") => Kind::Scalar(Scalar::Bool),
        Some("integer") => Kind::Scalar(Scalar::Int),
        Some("number") => Kind::Scalar(Scalar::Number),
        Some("variable" | "object") => Kind::Scalar(Scalar::Any),
        Some("array") => Kind::Many(target()?),
        Some("mapped_array") => Kind::Map(target()?),
        Some(_) => return None,
        None => Kind::Reference { target: fragment["$ref"].as_str()?.to_owned(), column: column_of(id, name) },
    })
}

impl Schemas {
    /// Reads them.
    ///
    /// # Errors
    /// When it is no array of schemas.
    pub fn read(json: Value) -> Result<Self, String> {
        let mut by_name = HashMap::new();
        let list = json.as_array().ok_or("the schemas were no array")?;
        let alias_of =
            |id: &str| list.iter().find(|schema| schema["id"] == id).map_or(&Value::Null, |one| &one["alias_for"]);
        for one in list {
            let id = one["id"].as_str().ok_or("a schema had no id")?.to_owned();
            let mut attributes = BTreeMap::new();
            let mut defaults = BTreeMap::new();
            for (name, fragment) in one["properties"].as_object().into_iter().flatten() {
                if let Some(kind) = kind_of(&id, name, fragment) {
                    attributes.insert(name.clone(), kind);
                }
                if let Some(default) = fragment.get("default") {
                    defaults.insert(name.clone(), default.clone());
                }
            }
            let mut kinds = vec![id.clone()];
            while let Some(base) = kinds.last().and_then(|kind| base_of(kind, alias_of(kind))) {
                kinds.push(base.to_owned());
            }
            let object_type = one["alias_for"]["classifiers"]["object_typeid"].as_str().map(str::to_owned);
            let schema = Schema {
                attributes,
                primary_key: names(&one["primary_key"]),
                default_projections: names(&one["default_projections"]),
                system_projections: names(&one["system_projections"]),
                immutable: names(&one["immutable"]),
                defaults,
                object_type,
                kinds,
                id: id.clone(),
            };
            by_name.insert(id, Arc::new(schema));
        }
        let hash = python_text::hash(&json);
        Ok(Self { json, hash, by_name })
    }

    /// The type of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<Schema>> {
        self.by_name.get(name)
    }

    /// The type of that name, or the server's complaint.
    pub fn find(&self, name: &str) -> Result<&Arc<Schema>, Refusal> {
        self.get(name).ok_or_else(|| Refusal::validation(format!("Entity type {name} does not exist.")))
    }

    /// All types.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Schema>> {
        self.by_name.values()
    }

    /// The type that an ObjectType stands for.
    pub fn of_object_type(&self, id: &str) -> Option<&Arc<Schema>> {
        self.all().find(|schema| schema.object_type.as_deref() == Some(id))
    }
}

impl Scalar {
    /// A value as it is kept, from what a client sent.
    pub fn take(self, name: &str, value: &Value) -> Result<Value, Refusal> {
        let wrong = || Refusal::validation(format!("{value} is not a valid value for {name}."));
        Ok(match (self, value) {
            (_, Value::Null) => Value::Null,
            (Self::Date, Value::Object(map)) => {
                let text = map.get("value").and_then(Value::as_str).ok_or_else(wrong)?;
                Moment::parse(text).ok_or_else(wrong)?.text().into()
            }
            (Self::Date, Value::String(text)) => Moment::parse(text).ok_or_else(wrong)?.text().into(),
            (Self::Text, Value::Number(_) | Value::Bool(_)) => value.to_string().into(),
            (Self::Text, Value::Object(_)) => return Err(wrong()),
            (Self::Bool, Value::Number(number)) => (number.as_f64() != Some(0.0)).into(),
            (Self::Int | Self::Number, Value::Bool(flag)) => i64::from(*flag).into(),
            (Self::Int | Self::Number, Value::String(text)) => {
                let number: f64 = text.trim().parse().map_err(|_| wrong())?;
                serde_json::Number::from_f64(number).ok_or_else(wrong)?.into()
            }
            (Self::Int, Value::Number(number)) if number.is_f64() => {
                let whole = number.as_f64().unwrap_or(0.0);
                (whole as i64).into()
            }
            (Self::Int | Self::Number, Value::Number(_)) | (Self::Bool, Value::Bool(_)) | (Self::Any, _) => {
                value.clone()
            }
            (Self::Text, _) => value.clone(),
            _ => return Err(wrong()),
        })
    }

    /// A kept value as it goes over the wire.
    pub fn show(self, value: &Value) -> Value {
        match (self, value) {
            (Self::Date, Value::String(text)) => serde_json::json!({"__type__": "datetime", "value": text}),
            _ => value.clone(),
        }
    }
}
