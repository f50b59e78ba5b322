//! Tags, units, and extended metadata.

use tonic::Status;

use super::{Updates, attribute_type, in_use, md, namespace, object_definition};
use crate::mesh::Call;
use crate::mesh::id::Id;
use crate::mesh::path::Place;
use crate::mesh::pb::Guid;
use crate::mesh::pb::definition::tag_usage::UsageOneof;
use crate::mesh::store::{Store, entry, put, take};

/// Characters that the JSON of one category may have.
const METADATA_MAX: usize = 4000;

fn tag(store: &Store, guid: Option<&Guid>) -> Result<Id, Status> {
    let id = guid.and_then(Id::of).filter(|id| store.tags.contains_key(id));
    id.ok_or_else(|| Status::not_found("tag not found"))
}

fn check(store: &Store, space: Id, name: &str, own: Id) -> Result<(), Status> {
    let same = |(id, tag): (&Id, &std::sync::Arc<md::Tag>)| {
        *id != own && tag.name == name && store.tag_owners.get(id).is_some_and(|owner| **owner == space)
    };
    if name.is_empty() {
        return Err(Status::invalid_argument("a tag needs a name"));
    }
    if store.tags.iter().any(same) {
        return Err(Status::already_exists(format!("a tag named {name} already exists")));
    }
    Ok(())
}

pub fn create(call: &mut Call<'_>, request: md::CreateTagRequest) -> Result<md::Tag, Status> {
    let space = namespace(&call.store(), request.model_definition.as_ref())?;
    let id = Id::random();
    let tag = md::Tag { id: Some(id.guid()), name: request.name, description: request.description };
    let shown = tag.clone();
    call.change(move |store, _| {
        check(store, space, &tag.name, id)?;
        put(&mut store.tags, id, tag.clone());
        put(&mut store.tag_owners, id, space);
        Ok(())
    })?;
    Ok(shown)
}

pub fn list(call: &mut Call<'_>, request: md::ListTagsRequest) -> Result<md::ListTagsResponse, Status> {
    let store = call.store();
    let space = namespace(&store, request.model_definition.as_ref())?;
    let of = |id: &Id| store.tag_owners.get(id).is_some_and(|owner| **owner == space);
    let tags = store.tags.iter().filter(|(id, _)| of(id)).map(|(_, tag)| (**tag).clone()).collect();
    Ok(md::ListTagsResponse { tags })
}

pub fn get(call: &mut Call<'_>, request: md::GetTagRequest) -> Result<md::Tag, Status> {
    let store = call.store();
    let id = tag(&store, request.tag_id.as_ref())?;
    store.tags.get(&id).map(|tag| (**tag).clone()).ok_or_else(|| Status::not_found("tag not found"))
}

pub fn update(call: &mut Call<'_>, request: md::UpdateTagRequest) -> Result<md::UpdateTagResponse, Status> {
    let id = tag(&call.store(), request.tag_id.as_ref())?;
    let updates = Updates::of(request.field_mask)?;
    let name = updates.take("new_name", request.new_name);
    let description = updates.take("new_description", request.new_description);
    call.change(move |store, _| {
        let gone = || Status::not_found("tag not found");
        if let Some(name) = &name {
            let space = **store.tag_owners.get(&id).ok_or_else(gone)?;
            check(store, space, name, id)?;
        }
        let tag = entry(&mut store.tags, &id).ok_or_else(gone)?;
        tag.name = name.clone().unwrap_or_else(|| tag.name.clone());
        tag.description = description.clone().unwrap_or_else(|| tag.description.clone());
        Ok(())
    })?;
    Ok(md::UpdateTagResponse {})
}

pub fn delete(call: &mut Call<'_>, request: md::DeleteTagRequest) -> Result<md::DeleteTagResponse, Status> {
    let id = tag(&call.store(), request.tag_id.as_ref())?;
    let usages = request.delete_usages;
    call.change(move |store, _| {
        let classes: Vec<Id> = store.classes.iter().filter(|(_, c)| c.tags.contains(&id)).map(|(id, _)| *id).collect();
        let kinds: Vec<Id> = store.traits.iter().filter(|(_, k)| k.tags.contains(&id)).map(|(id, _)| *id).collect();
        if !(usages || classes.is_empty() && kinds.is_empty()) {
            return Err(in_use("the tag"));
        }
        for class in classes {
            if let Some(class) = entry(&mut store.classes, &class) {
                class.tags.retain(|tag| *tag != id);
            }
        }
        for kind in kinds {
            if let Some(kind) = entry(&mut store.traits, &kind) {
                kind.tags.retain(|tag| *tag != id);
            }
        }
        take(&mut store.tags, &id);
        take(&mut store.tag_owners, &id);
        Ok(())
    })?;
    Ok(md::DeleteTagResponse {})
}

pub fn usages(call: &mut Call<'_>, request: md::SearchTagUsagesRequest) -> Result<Vec<md::TagUsage>, Status> {
    let store = call.store();
    let id = tag(&store, request.tag_id.as_ref())?;
    let mask = request.field_mask.as_ref();
    let kinds = store.traits.iter().filter(|(_, kind)| kind.tags.contains(&id));
    let kinds = kinds.map(|(id, _)| UsageOneof::AttributeType(attribute_type::show(&store, *id, mask)));
    let classes = store.classes.iter().filter(|(_, class)| class.tags.contains(&id));
    let classes = classes.map(|(id, _)| UsageOneof::ObjectDefinition(object_definition::show(&store, *id, mask)));
    Ok(kinds.chain(classes).map(|usage| md::TagUsage { usage_oneof: Some(usage) }).collect())
}

pub fn list_units(
    call: &mut Call<'_>,
    _: md::ListUnitsOfMeasurementRequest,
) -> Result<md::ListUnitsOfMeasurementResponse, Status> {
    let store = call.store();
    let units_of_measurement = store.units.keys().filter_map(|id| store.show_unit(Some(*id))).collect();
    Ok(md::ListUnitsOfMeasurementResponse { units_of_measurement })
}

/// The id of whatever a target means.
fn any(store: &Store, target: Option<&crate::mesh::pb::MeshId>) -> Result<Id, Status> {
    let found = target.and_then(|target| store.place(target));
    match found {
        Some(
            Place::Object(id)
            | Place::Attribute(id)
            | Place::Series(id)
            | Place::Namespace(id)
            | Place::Class(id)
            | Place::Trait(id)
            | Place::Field(id),
        ) => Ok(id),
        None => Err(Status::not_found("the target of the metadata was not found")),
    }
}

pub fn metadata(
    call: &mut Call<'_>,
    request: md::GetExtendedMetadataRequest,
) -> Result<md::GetExtendedMetadataResponse, Status> {
    let store = call.store();
    let id = any(&store, request.id.as_ref())?;
    let metadata = store.metadata.get(&id).map(|all| (**all).clone()).unwrap_or_default();
    Ok(md::GetExtendedMetadataResponse { metadata })
}

/// A rough count of the characters of a value as JSON.
fn size(value: &prost_types::Value) -> usize {
    use prost_types::value::Kind;
    match &value.kind {
        Some(Kind::StringValue(text)) => text.chars().count() + 2,
        Some(Kind::StructValue(all)) => fields(all),
        Some(Kind::ListValue(all)) => 2 + all.values.iter().map(|one| size(one) + 1).sum::<usize>(),
        Some(Kind::NumberValue(number)) => number.to_string().len(),
        _ => 5,
    }
}

fn fields(all: &prost_types::Struct) -> usize {
    2 + all.fields.iter().map(|(name, value)| name.chars().count() + 4 + size(value)).sum::<usize>()
}

pub fn set_metadata(
    call: &mut Call<'_>,
    request: md::SetExtendedMetadataRequest,
) -> Result<md::SetExtendedMetadataResponse, Status> {
    let id = any(&call.store(), request.id.as_ref())?;
    let all = request.metadata;
    for (at, one) in all.iter().enumerate() {
        if all.iter().skip(at + 1).any(|other| other.category == one.category) {
            return Err(Status::invalid_argument(format!("the category {:?} is there twice", one.category)));
        }
        if one.metadata.as_ref().is_some_and(|metadata| fields(metadata) > METADATA_MAX) {
            return Err(Status::invalid_argument(format!("the metadata is longer than {METADATA_MAX} characters")));
        }
    }
    call.change(move |store, _| {
        put(&mut store.metadata, id, all.clone());
        Ok(())
    })?;
    Ok(md::SetExtendedMetadataResponse {})
}
