//! The queries that the library writes itself (spec/ftrack.md 3.4, 5.6), word for word as the official client's, oddities
//! included: a server's log shows no difference.

use std::sync::Arc;

use super::projections;
use crate::{
    backends::ftrack::{
        schema::{EntityType, Kind, Schemas},
        store::time,
    },
    value::{Tree, python_float},
};

/// The key of one entity, a text for each attribute of the primary key.
pub type Key = Box<[Arc<str>]>;

/// A value between double quotes; what would end it early has a backslash in front.
pub fn quoted(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// The query for one entity by its key.
pub fn get(kind: &EntityType, key: &Key) -> String {
    let tests: Vec<_> = kind.key_names().zip(key).map(|(name, value)| format!("{name} is {}", quoted(value))).collect();
    format!("select {} from {} where ({})", projections(kind), kind.name, tests.join(" and "))
}

/// The query that brings `select` of the entities with these keys.
pub fn populate(kind: &EntityType, select: &str, keys: &[&Key]) -> String {
    let start = format!("select {select} from {}", kind.name);
    let names: Vec<_> = kind.key_names().collect();
    match (&*names, keys) {
        ([name], [key]) => format!("{start} where {name} is {}", bare(key)),
        ([name], keys) => {
            let list: Vec<_> = keys.iter().map(|key| bare(key)).collect();
            format!("{start} where {name} in ({})", list.join(","))
        }
        _ => {
            let tests = |key: &&Key| -> String {
                // The official client has no blank before "and"; servers accept both.
                let tests: Vec<_> =
                    names.iter().zip(&***key).map(|(name, value)| format!("{name} is {}", quoted(value))).collect();
                format!("({})", tests.join("and "))
            };
            format!("{start} where {}", keys.iter().map(tests).collect::<Vec<_>>().join(" or "))
        }
    }
}

/// One key's text in a criterion, as [`populate`] writes it.
pub fn bare_text(value: &str) -> String {
    bare(&[Arc::from(value)])
}

/// An identifier as it is; anything else is quoted, so that no key can say more than itself.
fn bare(key: &[Arc<str>]) -> String {
    let value = key.first().map(|value| &**value).unwrap_or_default();
    let plain =
        !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if plain { value.to_owned() } else { quoted(value) }
}

/// What to ask for in order to know the attribute `name` of `kind`: the target's default projections for a reference.
pub fn projection(schemas: &Schemas, kind: &EntityType, name: &str) -> String {
    let Ok((_, attribute)) = kind.find(name) else { return name.to_owned() };
    match &attribute.kind {
        Kind::Reference(target) => match schemas.get(target) {
            Some(target) if !target.default_projections.is_empty() => {
                let paths: Vec<_> =
                    target.default_projections.iter().map(|projection| format!("{name}.{projection}")).collect();
                paths.join(", ")
            }
            _ => name.to_owned(),
        },
        _ => name.to_owned(),
    }
}

/// The query by which `ensure` looks for what is there.
pub fn ensure(kind: &EntityType, identifying: &[(&str, &Tree)]) -> String {
    let test = |(name, value): &(&str, &Tree)| {
        let is_date = kind.find(name).is_ok_and(|(_, attribute)| attribute.kind == Kind::DateTime);
        match value.as_str().filter(|_| is_date).and_then(time::utc) {
            // In whole seconds and without its offset, as everything is UTC there.
            Some(utc) => format!("{name} is {}", quoted(utc.get(..19).unwrap_or_default())),
            None => format!("{name} is {}", literal(value)),
        }
    };
    let tests: Vec<_> = identifying.iter().map(test).collect();
    format!("{} where {}", kind.name, tests.join(" and "))
}

/// A value in a criterion.
fn literal(value: &Tree) -> String {
    match value {
        Tree::Null => "None".into(),
        Tree::Bool(true) => "True".into(),
        Tree::Bool(false) => "False".into(),
        Tree::Int(number) => number.to_string(),
        Tree::Double(number) => python_float(*number),
        Tree::Number(_, source) => source.to_string(),
        Tree::Text(text) => quoted(text),
        _ => "None".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Document;

    fn schemas() -> Schemas {
        let text = r#"[{"id":"Task","primary_key":["id"],"default_projections":["id","name"],"properties":{"id":{"type":"string"},"name":{"type":"string"},"status":{"$ref":"Status"},"assets":{"type":"array","items":{"$ref":"Asset"}}}},
                       {"id":"Status","primary_key":["id"],"default_projections":["id","name"],"properties":{"id":{"type":"string"}}},
                       {"id":"Metadata","primary_key":["parent_id","key"],"default_projections":["value"],"properties":{"parent_id":{"type":"string"},"key":{"type":"string"}}}]"#;
        Schemas::read(&Document::from_json(text.into()).unwrap()).unwrap()
    }

    fn key(parts: &[&str]) -> Key {
        parts.iter().map(|part| Arc::from(*part)).collect()
    }

    /// The texts of the specification.
    #[test]
    fn word_for_word() {
        let schemas = schemas();
        let (task, metadata) = (schemas.find("Task").unwrap(), schemas.find("Metadata").unwrap());
        assert_eq!(
            get(metadata, &key(&["p", "k"])),
            "select value from Metadata where (parent_id is \"p\" and key is \"k\")"
        );
        assert_eq!(
            populate(task, "name, status.name", &[&key(&["a-1"])]),
            "select name, status.name from Task where id is a-1"
        );
        assert_eq!(populate(task, "name", &[&key(&["a"]), &key(&["b"])]), "select name from Task where id in (a,b)");
        assert_eq!(
            populate(metadata, "value", &[&key(&["p", "k"]), &key(&["q", "l"])]),
            "select value from Metadata where (parent_id is \"p\"and key is \"k\") or (parent_id is \"q\"and key is \"l\")"
        );
        assert_eq!(projection(&schemas, task, "status"), "status.id, status.name");
        assert_eq!(projection(&schemas, task, "assets"), "assets");
        assert_eq!(
            ensure(
                schemas.find("Status").unwrap(),
                &[
                    ("username", &Tree::from("martin")),
                    ("n", &Tree::Int(3)),
                    ("x", &Tree::Null),
                    ("t", &Tree::Bool(true))
                ]
            ),
            "Status where username is \"martin\" and n is 3 and x is None and t is True"
        );
    }

    #[test]
    fn no_key_says_more_than_itself() {
        let schemas = schemas();
        let task = schemas.find("Task").unwrap();
        assert_eq!(
            populate(task, "name", &[&key(&["x or id is_not y"])]),
            "select name from Task where id is \"x or id is_not y\""
        );
        assert_eq!(get(task, &key(&["a\"b\\"])), "select id, name from Task where (id is \"a\\\"b\\\\\")");
    }
}
