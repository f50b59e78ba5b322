//! Attributes of all kinds (spec/mesh.md 4.4).

use super::{
    Ask, Asked, Verb, Work, nothing,
    view::{attribute, attribute_mask},
};
use crate::{
    error::{Error, Result},
    value::{Object, Tree},
};

/// The verbs of this file.
pub(super) static VERBS: &[Verb] = &[
    Verb { name: "get_attribute", changes: false, work: Work::One(get) },
    Verb { name: "search_attributes", changes: false, work: Work::One(search) },
    Verb { name: "update_attribute", changes: true, work: Work::One(update) },
];

/// What an update can be about, by the arguments that say so.
const SUBJECTS: [(&[&str], fn(&Ask<'_>) -> Result<Asked>); 5] = [
    (&["value", "value_type"], simple),
    (&["expression", "resource_key"], series),
    (&["template", "description"], definition),
    (&["targets", "append"], links),
    (&["versions", "interval"], versioned),
];

fn get(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = Object::default();
    fields.insert("attribute_id", Tree::from(ask.target()?));
    attribute_mask(ask, &mut fields)?;
    Ok(Asked::new("model.v1alpha.ModelService/GetAttribute", fields, attribute))
}

fn search(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = Object::default();
    fields.insert("start_object_id", Tree::from(ask.target()?));
    fields.insert("query", ask.need("query")?.clone());
    attribute_mask(ask, &mut fields)?;
    Ok(Asked::new("model.v1alpha.ModelService/SearchAttributes", fields, attribute))
}

fn update(ask: &Ask<'_>) -> Result<Asked> {
    let said = |names: &[&str]| names.iter().any(|name| ask.args.get(name).is_some());
    let mut about = SUBJECTS.iter().filter(|(names, _)| said(names));
    let Some((names, build)) = about.next() else {
        return Err(Error::option(
            "value",
            "update_attribute needs value, expression or resource_key, template or description, targets, or versions",
        ));
    };
    if let Some((others, _)) = about.next() {
        let message = format!("update_attribute cannot change {} and {} at once", names.join("/"), others.join("/"));
        return Err(Error::option(others.first().copied().unwrap_or_default(), message));
    }
    build(ask)
}

/// A value or a list of them; an empty list clears.
fn simple(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = Object::default();
    fields.insert("attribute_id", Tree::from(ask.target()?));
    let kind = ask.args.str("value_type")?;
    match ask.need("value")? {
        Tree::Array(values) if values.is_empty() => {}
        Tree::Array(values) => {
            let values = values.iter().map(|value| member(value, kind)).collect::<Result<Vec<_>>>()?;
            fields.insert("new_collection_values", Tree::Array(values));
        }
        value => fields.insert("new_singular_value", member(value, kind)?),
    }
    Ok(Asked::new("model.v1alpha.ModelService/UpdateSimpleAttribute", fields, nothing))
}

/// A value under the name of its type. The server makes no number of another kind of it: a whole number is none of a double
/// attribute, unless `value_type` says so.
fn member(value: &Tree, kind: Option<&str>) -> Result<Tree> {
    let kind = kind.map(|kind| kind.strip_prefix("ATTRIBUTE_VALUE_TYPE_").unwrap_or(kind).to_ascii_uppercase());
    let name = match (kind.as_deref(), value) {
        (None, Tree::Object(_)) => return Ok(value.clone()),
        (Some("INT"), _) | (None, Tree::Int(_)) => "int_value",
        (Some("DOUBLE"), _) | (None, Tree::Double(_) | Tree::Number(..)) => "double_value",
        (Some("BOOL"), _) | (None, Tree::Bool(_)) => "boolean_value",
        (Some("STRING"), _) | (None, Tree::Text(_)) => "string_value",
        (Some("UTC_TIME"), _) => "utc_time_value",
        (Some(other), _) => {
            return Err(Error::option(
                "value_type",
                format!("value_type was {other:?}; there are INT, DOUBLE, BOOL, STRING and UTC_TIME"),
            ));
        }
        (None, other) => {
            return Err(Error::option(
                "value",
                format!("value was {}; a number, a boolean, text or a list of them was expected", other.kind_name()),
            ));
        }
    };
    let mut wrapped = Object::with_capacity(1);
    wrapped.insert(name, value.clone());
    Ok(Tree::Object(wrapped))
}

/// The expression or the physical series behind a series attribute; 0 disconnects, no text brings the template's back.
fn series(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = Object::default();
    fields.insert("attribute_id", Tree::from(ask.target()?));
    masked(
        ask,
        &mut fields,
        &[
            ("expression", "new_local_expression", Tree::from("")),
            ("resource_key", "new_timeseries_resource_key", Tree::Int(0)),
        ],
    );
    Ok(Asked::new("model.v1alpha.ModelService/UpdateTimeseriesAttribute", fields, nothing))
}

/// What all attributes of a definition have.
fn definition(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = Object::default();
    fields.insert("attribute_definition_id", Tree::from(ask.target()?));
    masked(
        ask,
        &mut fields,
        &[("template", "new_template_expression", Tree::from("")), ("description", "new_description", Tree::from(""))],
    );
    Ok(Asked::new(
        "model_definition.v1alpha.ModelDefinitionService/UpdateTimeseriesAttributeDefinition",
        fields,
        nothing,
    ))
}

/// Puts arguments that were given, null for the field's default, and names them in the mask.
fn masked(ask: &Ask<'_>, fields: &mut Object, names: &[(&str, &str, Tree)]) {
    let mut mask = Vec::new();
    for (name, field, default) in names {
        if let Some(value) = ask.args.get(name) {
            mask.push(Tree::from(*field));
            fields.insert(field, if value.is_null() { default.clone() } else { value.clone() });
        }
    }
    fields.insert("field_mask", Tree::Array(mask));
}

fn links(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = Object::default();
    fields.insert("attribute", Tree::from(ask.target()?));
    fields.insert("append", Tree::Bool(ask.args.bool("append")?.unwrap_or(false)));
    let targets = match ask.get("targets") {
        None => Vec::new(),
        Some(Tree::Array(targets)) => targets.clone(),
        Some(one) => vec![one.clone()],
    };
    fields.insert("target_object_ids", Tree::Array(targets.iter().map(object_id).collect::<Result<_>>()?));
    Ok(Asked::new("model.v1alpha.ModelService/UpdateLinkRelationAttribute", fields, nothing))
}

/// Links name objects by their ids alone.
fn object_id(target: &Tree) -> Result<Tree> {
    let text = target.as_str().or_else(|| target.get("id").and_then(Tree::as_str));
    let text = text.ok_or_else(|| {
        Error::option("targets", format!("a target was {}; the id of an object was expected", target.kind_name()))
    })?;
    Ok(Tree::from(text.strip_prefix("id:").unwrap_or(text)))
}

/// With an interval the versions in it are replaced; without one all entries are.
fn versioned(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = Object::default();
    fields.insert("attribute", Tree::from(ask.target()?));
    if let Some(interval) = ask.get("interval") {
        fields.insert("interval", interval.clone());
    }
    let given = match ask.get("versions") {
        None => &[][..],
        Some(Tree::Array(versions)) => versions,
        Some(other) => {
            return Err(Error::option("versions", format!("versions was {}; a list was expected", other.kind_name())));
        }
    };
    // A list of lists is one of entries; a flat one is the versions of one entry.
    let flat = given.iter().any(|item| matches!(item, Tree::Object(_)) && item.get("versions").is_none());
    let entries = if flat {
        vec![entry(given)?]
    } else {
        given
            .iter()
            .map(|item| match item {
                Tree::Array(versions) => entry(versions),
                Tree::Object(_) => entry(item.get("versions").and_then(Tree::as_array).unwrap_or_default()),
                other => Err(no_version(other)),
            })
            .collect::<Result<Vec<_>>>()?
    };
    fields.insert("entries", Tree::Array(entries));
    Ok(Asked::new("model.v1alpha.ModelService/UpdateVersionedLinkRelationAttribute", fields, nothing))
}

fn no_version(given: &Tree) -> Error {
    Error::option(
        "versions",
        format!(
            "a version was {}; an object with valid_from_time and target_object_id was expected",
            given.kind_name()
        ),
    )
}

fn entry(versions: &[Tree]) -> Result<Tree> {
    let mut entry = Object::with_capacity(1);
    let versions = versions.iter().map(|version| {
        let mut version = version.as_object().cloned().ok_or_else(|| no_version(version))?;
        if let Some(target) = version.get("target_object_id").filter(|target| !target.is_null()) {
            let id = object_id(target)?;
            version.insert("target_object_id", id);
        }
        Ok(Tree::Object(version))
    });
    entry.insert("versions", Tree::Array(versions.collect::<Result<_>>()?));
    Ok(Tree::Object(entry))
}
