//! One attribute, as its fragment of the schema describes it (spec/ftrack.md 4.2).

use std::sync::Arc;

use crate::value::{Node, Tree};

/// One attribute of a type.
#[derive(Debug)]
pub struct Attribute {
    /// Its name.
    pub name: Arc<str>,
    /// What its values are.
    pub kind: Kind,
    /// Whether it can be changed once it is set.
    pub mutable: bool,
    /// Whether the server computes it; such values stay out of caches that live long.
    pub computed: bool,
    /// What a new entity has.
    pub default: Default,
}

/// What the values of an attribute are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Text.
    Text,
    /// A truth value.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Double,
    /// A date with time, UTC.
    DateTime,
    /// Any JSON.
    Any,
    /// One entity of this type, or of one of its kinds.
    Reference(Box<str>),
    /// Entities in order, no one twice.
    Collection(Option<Box<str>>),
    /// Texts by key, each an entity of this type.
    Metadata(Box<str>),
    /// Values by key, each an entity of this type that the server made.
    CustomAttributes(Box<str>),
    /// The same as older servers have it: made by the client when set.
    OldCustomAttributes(Box<str>),
}

/// What a new entity has.
#[derive(Debug)]
pub enum Default {
    /// Nothing: the attribute is not set.
    None,
    /// A new identifier each time.
    Uid,
    /// This value.
    Value(Tree),
}

impl Kind {
    /// Whether its values stand for themselves.
    pub fn is_scalar(&self) -> bool {
        matches!(self, Kind::Text | Kind::Bool | Kind::Int | Kind::Double | Kind::DateTime | Kind::Any)
    }

    /// The type of its entities.
    pub fn target(&self) -> Option<&str> {
        match self {
            Kind::Reference(name)
            | Kind::Metadata(name)
            | Kind::CustomAttributes(name)
            | Kind::OldCustomAttributes(name) => Some(name),
            Kind::Collection(name) => name.as_deref(),
            _ => None,
        }
    }

    /// The word in snapshots.
    pub fn word(&self) -> &'static str {
        match self {
            Kind::Text => "string",
            Kind::Bool => "boolean",
            Kind::Int => "integer",
            Kind::Double => "number",
            Kind::DateTime => "datetime",
            Kind::Any => "variable",
            Kind::Reference(_) => "reference",
            Kind::Collection(_) => "collection",
            Kind::Metadata(_) => "metadata",
            Kind::CustomAttributes(_) | Kind::OldCustomAttributes(_) => "custom_attributes",
        }
    }
}

/// What a fragment describes; `None` for what clients do not see or do not know.
pub(super) fn kind(fragment: Node<'_>) -> Option<Kind> {
    if fragment.get("restricted_projection").and_then(Node::truth) == Some(true) {
        return None;
    }
    let target = |node: Node<'_>| node.get("$ref").and_then(Node::as_str).map(Box::<str>::from);
    let items = fragment.get("items").and_then(target);
    match fragment.get("type").and_then(Node::as_str) {
        Some("string") if fragment.get("format").and_then(Node::as_str) == Some("date-time") => Some(Kind::DateTime),
        Some("string") => Some(Kind::Text),
        Some("boolean") => Some(Kind::Bool),
        Some("integer") => Some(Kind::Int),
        Some("number") => Some(Kind::Double),
        Some("variable" | "object") => Some(Kind::Any),
        Some("array") => Some(Kind::Collection(items)),
        Some("mapped_array") => match items? {
            name if *name == *"Metadata" => Some(Kind::Metadata(name)),
            name if *name == *"CustomAttributeValue" => Some(Kind::OldCustomAttributes(name)),
            name if name.ends_with("CustomAttributeValue") => Some(Kind::CustomAttributes(name)),
            _ => None,
        },
        Some(_) => None,
        None => target(fragment).map(Kind::Reference),
    }
}

/// The default that a fragment names.
pub(super) fn default(fragment: Node<'_>) -> Default {
    match fragment.get("default") {
        None => Default::None,
        Some(value) if value.as_str() == Some("{uid}") => Default::Uid,
        Some(value) => Default::Value(value.to_tree()),
    }
}
