//! Models and objects (spec/mesh.md 4.3).

use super::{
    Ask, Asked, Verb, Work, nothing,
    view::{masks, member, object, objects},
};
use crate::{
    error::{Error, Result},
    value::{Object, Tree},
};

/// The verbs of this file.
pub(super) static VERBS: &[Verb] = &[
    Verb { name: "models", changes: false, work: Work::One(models) },
    Verb { name: "get_object", changes: false, work: Work::One(get) },
    Verb { name: "search_objects", changes: false, work: Work::One(search) },
    Verb { name: "linked_from", changes: false, work: Work::One(linked_from) },
    Verb { name: "create_object", changes: true, work: Work::One(create) },
    Verb { name: "create_model", changes: true, work: Work::One(create_model) },
    Verb { name: "clone_object", changes: true, work: Work::One(clone) },
    Verb { name: "update_object", changes: true, work: Work::One(update) },
    Verb { name: "delete_object", changes: true, work: Work::One(delete) },
];

fn models(_: &Ask<'_>) -> Result<Asked> {
    let shape = |answer: Tree| Ok(objects(answer.get("models")));
    Ok(Asked::new("model.v1alpha.ModelService/ListModels", Object::default(), shape))
}

fn get(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = Object::default();
    fields.insert("object_id", Tree::from(ask.target()?));
    masks(ask, &mut fields)?;
    Ok(Asked::new("model.v1alpha.ModelService/GetObject", fields, object))
}

/// By a query from a start, or all of one definition.
fn search(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = Object::default();
    let method = match ask.get("definition") {
        Some(definition) => {
            fields.insert("object_definition_id", definition.clone());
            "model.v1alpha.ModelService/SearchObjectsByDefinition"
        }
        None => {
            fields.insert("start_object_id", Tree::from(ask.target()?));
            fields.insert("query", ask.need("query")?.clone());
            "model.v1alpha.ModelService/SearchObjects"
        }
    };
    masks(ask, &mut fields)?;
    Ok(Asked::new(method, fields, object))
}

/// The attributes that link to an object.
fn linked_from(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = Object::default();
    fields.insert("target_object_id", Tree::from(ask.target()?));
    let shape = |answer: Tree| Ok(member(&answer, "link_relation_id"));
    Ok(Asked::new("model.v1alpha.ModelService/SearchLinkedFrom", fields, shape))
}

/// Below an ownership attribute, or on the first level of a model: then `definition` says of what.
fn create(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = Object::default();
    fields.insert("name", ask.need("name")?.clone());
    fields.insert("owner_id", Tree::from(ask.target()?));
    if let Some(definition) = ask.get("definition") {
        fields.insert("object_definition_id", definition.clone());
    }
    Ok(Asked::new("model.v1alpha.ModelService/CreateObject", fields, object))
}

fn create_model(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = Object::default();
    fields.insert("name", ask.need("name")?.clone());
    fields.insert("model_definition_id", Tree::from(ask.target()?));
    Ok(Asked::new("model.v1alpha.ModelService/CreateModel", fields, object))
}

/// Without `new_owner` beside what is cloned.
fn clone(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = Object::default();
    fields.insert("source_object_id", Tree::from(ask.target()?));
    if let Some(owner) = ask.get("new_owner") {
        fields.insert("new_owner_id", owner.clone());
    }
    if let Some(name) = ask.get("name") {
        fields.insert("new_object_name", name.clone());
    }
    if let Some(mode) = ask.get("copy_series") {
        fields.insert("timeseries_copy_mode", mode.clone());
    }
    let shape = |answer: Tree| object(answer.get("new_object").cloned().unwrap_or_default());
    Ok(Asked::new("model.v1alpha.ModelService/CloneObject", fields, shape))
}

fn update(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = Object::default();
    fields.insert("object_id", Tree::from(ask.target()?));
    let mut mask = Vec::new();
    for (name, field) in [("new_name", "new_name"), ("new_owner", "new_owner_id")] {
        if let Some(value) = ask.get(name) {
            mask.push(Tree::from(field));
            fields.insert(field, value.clone());
        }
    }
    if mask.is_empty() {
        return Err(Error::option("new_name", "update_object needs new_name or new_owner"));
    }
    fields.insert("field_mask", Tree::Array(mask));
    Ok(Asked::new("model.v1alpha.ModelService/UpdateObject", fields, nothing))
}

fn delete(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = Object::default();
    fields.insert("object_id", Tree::from(ask.target()?));
    fields.insert("recursive_delete", Tree::Bool(ask.args.bool("recursive")?.unwrap_or(false)));
    Ok(Asked::new("model.v1alpha.ModelService/DeleteObject", fields, nothing))
}
