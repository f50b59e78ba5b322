//! Object definitions.

use prost_types::FieldMask;
use tonic::Status;

use super::{Updates, check_name, class, in_use, md, namespace, spaces, tags};
use crate::mesh::Call;
use crate::mesh::id::Id;
use crate::mesh::store::{Class, Store, entry, put, take};
use crate::mesh::view::asks;

/// An object definition as it travels.
pub fn show(store: &Store, id: Id, mask: Option<&FieldMask>) -> md::ObjectDefinition {
    let Some(class) = store.classes.get(&id) else { return md::ObjectDefinition::default() };
    let mut out = md::ObjectDefinition::default();
    if asks(mask, "id") {
        out.id = Some(id.guid());
    }
    if asks(mask, "path") {
        out.path = store.class_path(id);
    }
    if asks(mask, "name") {
        out.name.clone_from(&class.name);
    }
    if asks(mask, "description") {
        out.description.clone_from(&class.description);
    }
    if asks(mask, "owner_id") {
        out.owner_id = Some(Store::mesh_id(class.namespace, store.namespace_path(class.namespace)));
    }
    if asks(mask, "tags") {
        out.tags = store.show_tags(&class.tags);
    }
    if asks(mask, "name_space") {
        out.name_space = store.namespace_name(class.namespace);
    }
    if asks(mask, "instance_count") {
        let count = store.objects.values().filter(|object| object.class == id).count();
        out.instance_count = i32::try_from(count).unwrap_or(i32::MAX);
    }
    if asks(mask, "attribute_definitions") {
        out.attribute_definitions = store.fields_of(id).map(|(field, _)| store.show_field(field, None)).collect();
    }
    out
}

pub fn search(
    call: &mut Call<'_>,
    request: md::SearchObjectDefinitionsRequest,
) -> Result<Vec<md::ObjectDefinition>, Status> {
    let store = call.store();
    let inside = spaces(&store, namespace(&store, request.name_space_id.as_ref())?, request.recursive_search);
    let found = store.classes.iter().filter(|(_, class)| inside.contains(&class.namespace));
    Ok(found.map(|(id, _)| show(&store, *id, request.field_mask.as_ref())).collect())
}

pub fn get(call: &mut Call<'_>, request: md::GetObjectDefinitionRequest) -> Result<md::ObjectDefinition, Status> {
    let store = call.store();
    Ok(show(&store, class(&store, request.object_definition_id.as_ref())?, request.field_mask.as_ref()))
}

pub fn create(call: &mut Call<'_>, request: md::CreateObjectDefinitionRequest) -> Result<md::ObjectDefinition, Status> {
    let store = call.store();
    let space = namespace(&store, request.name_space_id.as_ref())?;
    let tags = tags(&store, &request.tag_ids)?;
    let id = Id::random();
    let class = Class { name: request.name, description: request.description, namespace: space, tags };
    call.change(move |store, _| {
        check_name(store, Some(space), &class.name, id)?;
        put(&mut store.classes, id, class.clone());
        Ok(())
    })?;
    Ok(show(&call.store(), id, None))
}

pub fn update(
    call: &mut Call<'_>,
    request: md::UpdateObjectDefinitionRequest,
) -> Result<md::UpdateObjectDefinitionResponse, Status> {
    let store = call.store();
    let id = class(&store, request.object_definition_id.as_ref())?;
    let updates = Updates::of(request.field_mask)?;
    let name = updates.take("new_name", request.new_name);
    let description = updates.take("new_description", request.new_description);
    let tags = updates.has("new_tag_ids").then(|| tags(&store, &request.new_tag_ids)).transpose()?;
    let space =
        updates.has("new_name_space_id").then(|| namespace(&store, request.new_name_space_id.as_ref())).transpose()?;
    call.change(move |store, _| {
        let gone = || Status::not_found(format!("object definition not found: {id}"));
        let old = store.classes.get(&id).cloned().ok_or_else(gone)?;
        let class = Class {
            name: name.clone().unwrap_or_else(|| old.name.clone()),
            description: description.clone().unwrap_or_else(|| old.description.clone()),
            namespace: space.unwrap_or(old.namespace),
            tags: tags.clone().unwrap_or_else(|| old.tags.clone()),
        };
        check_name(store, Some(class.namespace), &class.name, id)?;
        *entry(&mut store.classes, &id).ok_or_else(gone)? = class;
        Ok(())
    })?;
    Ok(md::UpdateObjectDefinitionResponse {})
}

pub fn delete(
    call: &mut Call<'_>,
    request: md::DeleteObjectDefinitionRequest,
) -> Result<md::DeleteObjectDefinitionResponse, Status> {
    let id = class(&call.store(), request.object_definition_id.as_ref())?;
    call.change(move |store, _| {
        let used = store.objects.values().any(|object| object.class == id)
            || store.traits.values().any(|kind| kind.target == Some(id));
        if used {
            return Err(in_use("the object definition"));
        }
        let fields: Vec<Id> = store.fields_of(id).map(|(field, _)| field).collect();
        for field in fields {
            take(&mut store.fields, &field);
        }
        take(&mut store.classes, &id);
        Ok(())
    })?;
    Ok(md::DeleteObjectDefinitionResponse {})
}
