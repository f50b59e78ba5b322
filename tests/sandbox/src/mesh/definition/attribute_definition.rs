//! Attribute definitions: an attribute type used in an object definition. Objects that are there get the attribute.

use tonic::Status;

use super::{Updates, class, field, in_use, kind, md};
use crate::mesh::Call;
use crate::mesh::id::Id;
use crate::mesh::kind as value;
use crate::mesh::pb::MeshId;
use crate::mesh::pb::definition::attribute_definition_allowed_value::ValueOneof as Allowed;
use crate::mesh::pb::definition::attribute_definition_default_value::ValueOneof as Default;
use crate::mesh::pb::definition::attribute_definition_threshold_value::ValueOneof as Threshold;
use crate::mesh::pb::model::AttributeValue;
use crate::mesh::store::{Field, Held, Kind, Shape, Store, entry, put, take};
use crate::mesh::time::millis;

pub fn get(call: &mut Call<'_>, request: md::GetAttributeDefinitionRequest) -> Result<md::AttributeDefinition, Status> {
    let store = call.store();
    let id = field(&store, request.attribute_definition_id.as_ref())?;
    Ok(store.show_field(id, request.field_mask.as_ref()))
}

pub fn search(
    call: &mut Call<'_>,
    request: md::SearchAttributeDefinitionsRequest,
) -> Result<Vec<md::AttributeDefinition>, Status> {
    let store = call.store();
    let of = kind(&store, request.attribute_type_id.as_ref())?;
    let found = store.fields.iter().filter(|(_, field)| field.r#trait == of);
    Ok(found.map(|(id, _)| store.show_field(*id, request.field_mask.as_ref())).collect())
}

/// Where a new definition goes.
struct Place {
    of: Option<MeshId>,
    class: Option<MeshId>,
    description: String,
}

macro_rules! place {
    ($request:ident) => {
        Place {
            of: $request.attribute_type_id,
            class: $request.object_definition_id,
            description: $request.description,
        }
    };
}

fn add(
    call: &mut Call<'_>,
    place: Place,
    kinds: &[Kind],
    cardinality: i32,
    versioned: bool,
    shape: Shape,
) -> Result<md::AttributeDefinition, Status> {
    let store = call.store();
    let of = kind(&store, place.of.as_ref())?;
    let class = class(&store, place.class.as_ref())?;
    let found = store.traits.get(&of).map(|of| of.kind);
    if !found.is_some_and(|found| kinds.contains(&found)) {
        return Err(Status::invalid_argument("invalid type: the attribute type is of another kind"));
    }
    let collection = cardinality != 1;
    let field = Field {
        class,
        r#trait: of,
        description: place.description,
        least: i64::from(!collection),
        most: i64::from(cardinality),
        collection,
        versioned,
        shape,
    };
    let id = Id::random();
    call.change(move |store, _| {
        // A link type becomes one of versions with its first versioned definition.
        if versioned
            && let Some(of) = entry(&mut store.traits, &of)
            && of.kind == Kind::Link
        {
            of.kind = Kind::VersionedLink;
        }
        let name = store.traits.get(&of).map(|of| of.name.clone()).unwrap_or_default();
        if store.fields_of(class).any(|(other, _)| store.field(other).is_some_and(|(_, kind)| kind.name == name)) {
            return Err(Status::already_exists(format!("the object definition has an attribute named {name} already")));
        }
        put(&mut store.fields, id, field.clone());
        spread(store, class);
        Ok(())
    })?;
    Ok(call.store().show_field(id, None))
}

/// Gives all objects of a class the attributes that they lack.
fn spread(store: &mut Store, class: Id) {
    let objects: Vec<Id> =
        store.objects.iter().filter(|(_, object)| object.class == class).map(|(id, _)| *id).collect();
    for id in objects {
        let (blank, _) = store.blank(id, "", class, None);
        let Some(object) = store.objects.get(&id).cloned() else { continue };
        let mut object = (*object).clone();
        for (name, attribute) in blank.attributes {
            object.attributes.entry(name).or_insert(attribute);
        }
        store.insert(id, object);
    }
}

pub fn add_rating(
    call: &mut Call<'_>,
    request: md::AddRatingCurveAttributeDefinitionRequest,
) -> Result<md::AttributeDefinition, Status> {
    add(call, place!(request), &[Kind::Rating], 1, false, Shape::Rating)
}

pub fn add_link(
    call: &mut Call<'_>,
    request: md::AddLinkRelationAttributeDefinitionRequest,
) -> Result<md::AttributeDefinition, Status> {
    let (cardinality, versioned) = (request.cardinality, request.versioned);
    let kinds: &[Kind] = if versioned { &[Kind::Link, Kind::VersionedLink] } else { &[Kind::Link] };
    add(call, place!(request), kinds, cardinality, versioned, Shape::Relation)
}

pub fn add_ownership(
    call: &mut Call<'_>,
    request: md::AddOwnershipRelationAttributeDefinitionRequest,
) -> Result<md::AttributeDefinition, Status> {
    let cardinality = request.cardinality;
    add(call, place!(request), &[Kind::Owner], cardinality, false, Shape::Relation)
}

fn default_value(given: &md::AttributeDefinitionDefaultValue) -> Option<AttributeValue> {
    Some(match given.value_oneof.as_ref()? {
        Default::IntValue(number) => value::int(*number),
        Default::DoubleValue(number) => value::double(*number),
        Default::BooleanValue(truth) => value::boolean(*truth),
        Default::StringValue(text) => value::text(text),
        Default::UtcTimeValue(at) => value::moment(millis(at)),
    })
}

fn threshold(given: &md::AttributeDefinitionThresholdValue) -> Option<AttributeValue> {
    Some(match given.value_oneof.as_ref()? {
        Threshold::IntValue(number) => value::int(*number),
        Threshold::DoubleValue(number) => value::double(*number),
        Threshold::UtcTimeValue(at) => value::moment(millis(at)),
    })
}

fn allowed_value(given: &md::AttributeDefinitionAllowedValue) -> Option<AttributeValue> {
    Some(match given.value_oneof.as_ref()? {
        Allowed::IntValue(number) => value::int(*number),
        Allowed::DoubleValue(number) => value::double(*number),
        Allowed::StringValue(text) => value::text(text),
    })
}

const SIMPLE: [Kind; 5] = [Kind::Int, Kind::Double, Kind::Bool, Kind::Text, Kind::Time];

/// The value that attributes of a kind begin with, if none is given.
fn usual(kind: Kind) -> AttributeValue {
    match kind {
        Kind::Int => value::int(0),
        Kind::Double => value::double(0.0),
        Kind::Bool => value::boolean(false),
        Kind::Time => value::moment(0),
        _ => value::text(""),
    }
}

pub fn add_simple(
    call: &mut Call<'_>,
    request: md::AddSimpleAttributeDefinitionRequest,
) -> Result<md::AttributeDefinition, Status> {
    let store = call.store();
    let of = store.traits.get(&kind(&store, request.attribute_type_id.as_ref())?).map_or(Kind::Text, |of| of.kind);
    let single = request.cardinality == 1;
    let default = request.default_value.as_ref().and_then(default_value);
    let misfit = || Status::invalid_argument("a value does not fit the attribute type");
    let default = match default {
        Some(given) => vec![of.fit(&given).ok_or_else(misfit)?],
        None if single => vec![usual(of)],
        None => Vec::new(),
    };
    let shape = Shape::Simple {
        default,
        lowest: request.lower_threshold.as_ref().and_then(threshold),
        highest: request.upper_threshold.as_ref().and_then(threshold),
        allowed: request.allowed_values.iter().filter_map(allowed_value).collect(),
    };
    let cardinality = request.cardinality;
    add(call, place!(request), &SIMPLE, cardinality, false, shape)
}

pub fn add_series(
    call: &mut Call<'_>,
    request: md::AddTimeseriesAttributeDefinitionRequest,
) -> Result<md::AttributeDefinition, Status> {
    let shape = Shape::Series { template: request.template_expression.clone() };
    let cardinality = request.cardinality;
    add(call, place!(request), &[Kind::Series], cardinality, false, shape)
}

pub fn add_xy(
    call: &mut Call<'_>,
    request: md::AddXySetAttributeDefinitionRequest,
) -> Result<md::AttributeDefinition, Status> {
    let versioned = request.versioned;
    let axes = [request.x_axis.clone(), request.y_axis.clone(), request.z_axis.clone()];
    add(call, place!(request), &[Kind::Xy], 1, versioned, Shape::Xy { versioned, axes })
}

fn update(
    call: &mut Call<'_>,
    target: Option<&MeshId>,
    description: Option<String>,
    cardinality: Option<i32>,
    change: impl Fn(&mut Shape) -> Result<(), Status> + Send + Sync + 'static,
) -> Result<md::UpdateAttributeDefinitionResponse, Status> {
    let id = field(&call.store(), target)?;
    call.change(move |store, _| {
        let gone = || Status::not_found(format!("attribute definition not found: {id}"));
        let field = entry(&mut store.fields, &id).ok_or_else(gone)?;
        change(&mut field.shape)?;
        if let Some(text) = &description {
            field.description.clone_from(text);
        }
        if let Some(most) = cardinality {
            if field.collection != (most != 1) {
                return Err(in_use("the attribute definition, whose attributes are no collections or must stay such,"));
            }
            field.most = i64::from(most);
        }
        Ok(())
    })?;
    Ok(md::UpdateAttributeDefinitionResponse {})
}

fn misfit() -> Status {
    Status::invalid_argument("invalid type: the attribute definition is of another kind")
}

pub fn update_rating(
    call: &mut Call<'_>,
    request: md::UpdateRatingCurveAttributeDefinitionRequest,
) -> Result<md::UpdateAttributeDefinitionResponse, Status> {
    let updates = Updates::of(request.field_mask)?;
    let description = updates.take("new_description", request.new_description);
    update(call, request.attribute_definition_id.as_ref(), description, None, |shape| {
        if matches!(shape, Shape::Rating) { Ok(()) } else { Err(misfit()) }
    })
}

pub fn update_relation(
    call: &mut Call<'_>,
    request: md::UpdateRelationAttributeDefinitionRequest,
) -> Result<md::UpdateAttributeDefinitionResponse, Status> {
    let updates = Updates::of(request.field_mask)?;
    let description = updates.take("new_description", request.new_description);
    let cardinality = updates.take("new_cardinality", request.new_cardinality);
    update(call, request.attribute_definition_id.as_ref(), description, cardinality, |shape| {
        if matches!(shape, Shape::Relation) { Ok(()) } else { Err(misfit()) }
    })
}

pub fn update_simple(
    call: &mut Call<'_>,
    request: md::UpdateSimpleAttributeDefinitionRequest,
) -> Result<md::UpdateAttributeDefinitionResponse, Status> {
    let updates = Updates::of(request.field_mask)?;
    let description = updates.take("new_description", request.new_description);
    let cardinality = updates.take("new_cardinality", request.new_cardinality);
    let new_default = updates.take("new_default_value", request.new_default_value.as_ref().and_then(default_value));
    // In the mask but absent: no bound from now on.
    let high = updates.take("new_upper_threshold", request.new_upper_threshold.as_ref().and_then(threshold));
    let low = updates.take("new_lower_threshold", request.new_lower_threshold.as_ref().and_then(threshold));
    let all: Vec<_> = request.new_allowed_values.iter().filter_map(allowed_value).collect();
    let all = updates.take("new_allowed_values", all);
    update(call, request.attribute_definition_id.as_ref(), description, cardinality, move |shape| {
        let Shape::Simple { default, lowest, highest, allowed } = shape else { return Err(misfit()) };
        if let Some(new) = &new_default {
            *default = new.clone().into_iter().collect();
        }
        if let Some(new) = &low {
            lowest.clone_from(new);
        }
        if let Some(new) = &high {
            highest.clone_from(new);
        }
        if let Some(new) = &all {
            allowed.clone_from(new);
        }
        Ok(())
    })
}

pub fn update_series(
    call: &mut Call<'_>,
    request: md::UpdateTimeseriesAttributeDefinitionRequest,
) -> Result<md::UpdateAttributeDefinitionResponse, Status> {
    let updates = Updates::of(request.field_mask)?;
    let description = updates.take("new_description", request.new_description);
    let cardinality = updates.take("new_cardinality", request.new_cardinality);
    let text = updates.take("new_template_expression", request.new_template_expression);
    update(call, request.attribute_definition_id.as_ref(), description, cardinality, move |shape| {
        let Shape::Series { template } = shape else { return Err(misfit()) };
        if let Some(text) = &text {
            template.clone_from(text);
        }
        Ok(())
    })
}

pub fn update_xy(
    call: &mut Call<'_>,
    request: md::UpdateXySetAttributeDefinitionRequest,
) -> Result<md::UpdateAttributeDefinitionResponse, Status> {
    let updates = Updates::of(request.field_mask)?;
    let description = updates.take("new_description", request.new_description);
    let new = [
        updates.take("new_x_axis", request.new_x_axis),
        updates.take("new_y_axis", request.new_y_axis),
        updates.take("new_z_axis", request.new_z_axis),
    ];
    update(call, request.attribute_definition_id.as_ref(), description, None, move |shape| {
        let Shape::Xy { axes, .. } = shape else { return Err(misfit()) };
        for (axis, new) in axes.iter_mut().zip(&new) {
            if let Some(new) = new {
                axis.clone_from(new);
            }
        }
        Ok(())
    })
}

/// Whether an attribute holds something that would be lost.
fn holds(held: &Held) -> bool {
    match held {
        Held::Owned(ids) | Held::Links(ids) => !ids.is_empty(),
        Held::Series { resource, .. } => resource.is_some(),
        _ => false,
    }
}

pub fn delete(
    call: &mut Call<'_>,
    request: md::DeleteAttributeDefinitionRequest,
) -> Result<md::DeleteAttributeDefinitionResponse, Status> {
    let id = field(&call.store(), request.attribute_definition_id.as_ref())?;
    call.change(move |store, _| {
        let owners: Vec<(Id, String, Id, bool)> = store
            .objects
            .iter()
            .flat_map(|(owner, object)| object.attributes.iter().map(move |(name, attribute)| (owner, name, attribute)))
            .filter(|(_, _, attribute)| attribute.field == id)
            .map(|(owner, name, attribute)| (*owner, name.clone(), attribute.id, holds(&attribute.held)))
            .collect();
        if owners.iter().any(|(_, _, _, holds)| *holds) {
            return Err(in_use("the attribute definition"));
        }
        for (owner, name, attribute, _) in owners {
            if let Some(object) = entry(&mut store.objects, &owner) {
                object.attributes.remove(&name);
            }
            take(&mut store.attributes, &attribute);
        }
        take(&mut store.fields, &id);
        Ok(())
    })?;
    Ok(md::DeleteAttributeDefinitionResponse {})
}
