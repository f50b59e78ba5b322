//! Attribute types.

use prost_types::FieldMask;
use tonic::Status;

use super::{Updates, check_name, class, in_use, kind, md, namespace, spaces, tags, unit};
use crate::mesh::Call;
use crate::mesh::id::Id;
use crate::mesh::pb::{Guid, MeshId};
use crate::mesh::store::{Kind, Store, Trait, entry, put, take};
use crate::mesh::view::asks;

/// An attribute type as it travels.
pub fn show(store: &Store, id: Id, mask: Option<&FieldMask>) -> md::AttributeType {
    let Some(of) = store.traits.get(&id) else { return md::AttributeType::default() };
    let mut out = md::AttributeType::default();
    if asks(mask, "id") {
        out.id = Some(id.guid());
    }
    if asks(mask, "path") {
        out.path = store.trait_path(id);
    }
    if asks(mask, "name") {
        out.name.clone_from(&of.name);
    }
    if asks(mask, "description") {
        out.description.clone_from(&of.description);
    }
    if asks(mask, "owner_id") {
        out.owner_id = Some(Store::mesh_id(of.namespace, store.namespace_path(of.namespace)));
    }
    if asks(mask, "tags") {
        out.tags = store.show_tags(&of.tags);
    }
    if asks(mask, "name_space") {
        out.name_space = store.namespace_name(of.namespace);
    }
    if asks(mask, "value_type") {
        out.value_type = of.kind.number();
    }
    if asks(mask, "unit_of_measurement") {
        out.unit_of_measurement = store.show_unit(of.unit);
    }
    if asks(mask, "target_object_definition_id") {
        out.target_object_definition_id = of.target.map(|id| Store::mesh_id(id, store.class_path(id)));
    }
    if asks(mask, "expression") {
        out.expression.clone_from(&of.expression);
    }
    out
}

pub fn search(call: &mut Call<'_>, request: md::SearchAttributeTypesRequest) -> Result<Vec<md::AttributeType>, Status> {
    let store = call.store();
    let inside = spaces(&store, namespace(&store, request.name_space_id.as_ref())?, request.recursive_search);
    let wanted = |of: &Trait| request.value_type.is_none_or(|number| number == of.kind.number());
    let found = store.traits.iter().filter(|(_, of)| inside.contains(&of.namespace) && wanted(of));
    Ok(found.map(|(id, _)| show(&store, *id, request.field_mask.as_ref())).collect())
}

pub fn get(call: &mut Call<'_>, request: md::GetAttributeTypeRequest) -> Result<md::AttributeType, Status> {
    let store = call.store();
    Ok(show(&store, kind(&store, request.attribute_type_id.as_ref())?, request.field_mask.as_ref()))
}

/// What all requests that create a type have.
struct New {
    space: Option<MeshId>,
    name: String,
    description: String,
    tags: Vec<Guid>,
}

macro_rules! new {
    ($request:ident) => {
        New {
            space: $request.name_space_id,
            name: $request.name,
            description: $request.description,
            tags: $request.tag_ids,
        }
    };
}

fn create(
    call: &mut Call<'_>,
    new: New,
    kind: Kind,
    unit: Option<Id>,
    target: Option<Id>,
    expression: Option<String>,
) -> Result<md::AttributeType, Status> {
    let store = call.store();
    let space = namespace(&store, new.space.as_ref())?;
    let tags = tags(&store, &new.tags)?;
    let id = Id::random();
    let of =
        Trait { name: new.name, description: new.description, namespace: space, tags, kind, unit, target, expression };
    call.change(move |store, _| {
        check_name(store, Some(space), &of.name, id)?;
        put(&mut store.traits, id, of.clone());
        Ok(())
    })?;
    Ok(show(&call.store(), id, None))
}

pub fn create_link(
    call: &mut Call<'_>,
    request: md::CreateRelationAttributeTypeRequest,
) -> Result<md::AttributeType, Status> {
    let target = class(&call.store(), request.target_object_definition_id.as_ref())?;
    create(call, new!(request), Kind::Link, None, Some(target), None)
}

pub fn create_ownership(
    call: &mut Call<'_>,
    request: md::CreateRelationAttributeTypeRequest,
) -> Result<md::AttributeType, Status> {
    let target = class(&call.store(), request.target_object_definition_id.as_ref())?;
    create(call, new!(request), Kind::Owner, None, Some(target), None)
}

pub fn create_rating(
    call: &mut Call<'_>,
    request: md::CreateRatingCurveAttributeTypeRequest,
) -> Result<md::AttributeType, Status> {
    create(call, new!(request), Kind::Rating, None, None, None)
}

fn expression(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

pub fn create_simple(
    call: &mut Call<'_>,
    request: md::CreateSimpleAttributeTypeRequest,
) -> Result<md::AttributeType, Status> {
    let kind = Kind::simple(request.value_type)
        .ok_or_else(|| Status::invalid_argument("value_type is not the type of a simple attribute"))?;
    if request.unit_of_measurement_id.is_some() && !matches!(kind, Kind::Int | Kind::Double) {
        return Err(Status::invalid_argument("only integers and doubles have a unit of measurement"));
    }
    let store = call.store();
    let unit = request.unit_of_measurement_id.as_ref().map(|guid| unit(&store, guid)).transpose()?;
    let text = expression(request.expression.clone());
    create(call, new!(request), kind, unit, None, text)
}

pub fn create_series(
    call: &mut Call<'_>,
    request: md::CreateTimeseriesAttributeTypeRequest,
) -> Result<md::AttributeType, Status> {
    let store = call.store();
    let unit = request.unit_of_measurement_id.as_ref().map(|guid| unit(&store, guid)).transpose()?;
    create(call, new!(request), Kind::Series, unit, None, None)
}

pub fn create_xy(
    call: &mut Call<'_>,
    request: md::CreateXySetAttributeTypeRequest,
) -> Result<md::AttributeType, Status> {
    let text = expression(request.expression.clone());
    create(call, new!(request), Kind::Xy, None, None, text)
}

/// What an update changes; the outer `Option` tells whether the mask names it.
#[derive(Clone)]
struct Change {
    id: Id,
    name: Option<String>,
    description: Option<String>,
    tags: Option<Vec<Id>>,
    space: Option<Id>,
    unit: Option<Option<Id>>,
    expression: Option<Option<String>>,
}

macro_rules! change {
    ($store:ident, $request:ident, $updates:ident) => {
        Change {
            id: kind(&$store, $request.attribute_type_id.as_ref())?,
            name: $updates.take("new_name", $request.new_name),
            description: $updates.take("new_description", $request.new_description),
            tags: $updates.has("new_tag_ids").then(|| tags(&$store, &$request.new_tag_ids)).transpose()?,
            space: $updates
                .has("new_name_space_id")
                .then(|| namespace(&$store, $request.new_name_space_id.as_ref()))
                .transpose()?,
            unit: None,
            expression: None,
        }
    };
}

fn update(
    call: &mut Call<'_>,
    change: Change,
    kinds: &'static [Kind],
) -> Result<md::UpdateAttributeTypeResponse, Status> {
    call.change(move |store, _| {
        let change = change.clone();
        let gone = || Status::not_found(format!("attribute type not found: {}", change.id));
        let mut of = Trait::clone(store.traits.get(&change.id).ok_or_else(gone)?);
        if !kinds.contains(&of.kind) {
            return Err(Status::invalid_argument("invalid type: the attribute type is of another kind"));
        }
        of.name = change.name.unwrap_or(of.name);
        of.description = change.description.unwrap_or(of.description);
        of.tags = change.tags.unwrap_or(of.tags);
        of.namespace = change.space.unwrap_or(of.namespace);
        of.unit = change.unit.unwrap_or(of.unit);
        of.expression = change.expression.unwrap_or(of.expression);
        check_name(store, Some(of.namespace), &of.name, change.id)?;
        *entry(&mut store.traits, &change.id).ok_or_else(|| Status::not_found("attribute type not found"))? = of;
        Ok(())
    })?;
    Ok(md::UpdateAttributeTypeResponse {})
}

pub fn update_rating(
    call: &mut Call<'_>,
    request: md::UpdateRatingCurveAttributeTypeRequest,
) -> Result<md::UpdateAttributeTypeResponse, Status> {
    let store = call.store();
    let updates = Updates::of(request.field_mask)?;
    update(call, change!(store, request, updates), &[Kind::Rating])
}

pub fn update_relation(
    call: &mut Call<'_>,
    request: md::UpdateRelationAttributeTypeRequest,
) -> Result<md::UpdateAttributeTypeResponse, Status> {
    let store = call.store();
    let updates = Updates::of(request.field_mask)?;
    update(call, change!(store, request, updates), &[Kind::Link, Kind::VersionedLink, Kind::Owner])
}

pub fn update_simple(
    call: &mut Call<'_>,
    request: md::UpdateSimpleAttributeTypeRequest,
) -> Result<md::UpdateAttributeTypeResponse, Status> {
    let store = call.store();
    let updates = Updates::of(request.field_mask.clone())?;
    let mut change = change!(store, request, updates);
    // In the mask but absent: no unit from now on.
    let new = request.new_unit_of_measurement_id.as_ref();
    change.unit = updates
        .has("new_unit_of_measurement_id")
        .then(|| new.map(|guid| unit(&store, guid)).transpose())
        .transpose()?;
    change.expression = updates.take("new_expression", expression(request.new_expression));
    update(call, change, &[Kind::Int, Kind::Double, Kind::Bool, Kind::Text, Kind::Time])
}

pub fn update_series(
    call: &mut Call<'_>,
    request: md::UpdateTimeseriesAttributeTypeRequest,
) -> Result<md::UpdateAttributeTypeResponse, Status> {
    let store = call.store();
    let updates = Updates::of(request.field_mask.clone())?;
    let mut change = change!(store, request, updates);
    let new = request.new_unit_of_measurement_id.as_ref();
    change.unit = updates
        .has("new_unit_of_measurement_id")
        .then(|| new.map(|guid| unit(&store, guid)).transpose())
        .transpose()?;
    update(call, change, &[Kind::Series])
}

pub fn update_xy(
    call: &mut Call<'_>,
    request: md::UpdateXySetAttributeTypeRequest,
) -> Result<md::UpdateAttributeTypeResponse, Status> {
    let store = call.store();
    let updates = Updates::of(request.field_mask.clone())?;
    let mut change = change!(store, request, updates);
    change.expression = updates.take("new_expression", expression(request.new_expression));
    update(call, change, &[Kind::Xy])
}

pub fn delete(
    call: &mut Call<'_>,
    request: md::DeleteAttributeTypeRequest,
) -> Result<md::DeleteAttributeTypeResponse, Status> {
    let id = kind(&call.store(), request.attribute_type_id.as_ref())?;
    call.change(move |store, _| {
        if store.fields.values().any(|field| field.r#trait == id) {
            return Err(in_use("the attribute type"));
        }
        take(&mut store.traits, &id);
        Ok(())
    })?;
    Ok(md::DeleteAttributeTypeResponse {})
}
