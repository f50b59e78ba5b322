//! Attributes: reading, searching, and changing simple ones and those of time series (section 4.4).

use tonic::Status;

use super::Call;
use super::id::Id;
use super::pb::model::{
    Attribute, AttributeValue, GetAttributeRequest, SearchAttributesRequest, UpdateSimpleAttributeRequest,
    UpdateSimpleAttributeResponse, UpdateTimeseriesAttributeRequest, UpdateTimeseriesAttributeResponse,
};
use super::search;
use super::store::{Held, Kind, Shape, Store};
use super::time;

/// What an update says that no value fits.
const MISFIT: &str = "Check if you correctly applied the singular value/collection values";

/// `GetAttribute`.
pub fn get(call: &mut Call<'_>, request: GetAttributeRequest) -> Result<Attribute, Status> {
    let store = call.store();
    let id = store.attribute_at(request.attribute_id.as_ref())?;
    Ok(store.show_attribute(id, request.field_mask.as_ref()))
}

/// `SearchAttributes`.
pub fn search(call: &mut Call<'_>, request: SearchAttributesRequest) -> Result<Vec<Attribute>, Status> {
    let store = call.store();
    let start = store.object_at(request.start_object_id.as_ref())?;
    let search = search::read(&request.query)?;
    if search.attributes.is_empty() {
        return Err(Status::invalid_argument("the search query is for objects, not for attributes"));
    }
    let found = search.attributes(&store, start, call.wall_ms());
    Ok(found.into_iter().map(|id| store.show_attribute(id, request.field_mask.as_ref())).collect())
}

fn gone(id: Id) -> Status {
    Status::not_found(format!("attribute not found: {id}"))
}

/// `UpdateSimpleAttribute`. Neither one value nor any of a collection: the collection becomes empty.
pub fn update_simple(
    call: &mut Call<'_>,
    request: UpdateSimpleAttributeRequest,
) -> Result<UpdateSimpleAttributeResponse, Status> {
    let store = call.store();
    let (id, attribute) = store.attribute_of(request.attribute_id.as_ref())?;
    if !matches!(attribute.held, Held::Simple(_)) {
        return Err(Status::invalid_argument(format!("Invalid type of the attribute. {MISFIT}")));
    }
    call.change(move |store, _| {
        let field = store.attribute(id).map(|(_, _, attribute)| attribute.field).ok_or_else(|| gone(id))?;
        let values = fitting(store, field, request.new_singular_value.as_ref(), &request.new_collection_values)?;
        let attribute = store.attribute_mut(id).ok_or_else(|| gone(id))?;
        attribute.held = Held::Simple(values);
        Ok(())
    })?;
    Ok(UpdateSimpleAttributeResponse {})
}

/// The values for an attribute of that definition.
fn fitting(
    store: &Store,
    field: Id,
    single: Option<&AttributeValue>,
    many: &[AttributeValue],
) -> Result<Vec<AttributeValue>, Status> {
    let (field, of) = store.field(field).ok_or_else(|| Status::internal("no definition"))?;
    let misfit = || Status::invalid_argument(format!("The value does not fit {}. {MISFIT}", of.name));
    let values: Vec<AttributeValue> = match (single, field.collection) {
        (Some(value), false) if many.is_empty() => vec![of.kind.fit(value).ok_or_else(misfit)?],
        (None, true) => many.iter().map(|value| of.kind.fit(value)).collect::<Option<_>>().ok_or_else(misfit)?,
        _ => return Err(misfit()),
    };
    if field.collection && (values.len() as i64) > field.most {
        return Err(Status::out_of_range(format!("{} takes at most {} values", of.name, field.most)));
    }
    if let Shape::Simple { lowest, highest, allowed, .. } = &field.shape {
        let order = |value: &AttributeValue| rank(of.kind, value);
        let low = lowest.as_ref().and_then(order);
        let high = highest.as_ref().and_then(order);
        for value in &values {
            let at = order(value);
            if at.zip(low).is_some_and(|(at, low)| at < low) || at.zip(high).is_some_and(|(at, high)| at > high) {
                return Err(Status::out_of_range(format!("the value is outside the thresholds of {}", of.name)));
            }
            if !allowed.is_empty() && !allowed.contains(value) {
                return Err(Status::out_of_range(format!("the value is not among the allowed values of {}", of.name)));
            }
        }
    }
    Ok(values)
}

fn rank(kind: Kind, value: &AttributeValue) -> Option<f64> {
    use super::pb::model::attribute_value::ValueOneof;
    match (kind, value.value_oneof.as_ref()?) {
        (Kind::Int, ValueOneof::IntValue(number)) => Some(*number as f64),
        (Kind::Double, ValueOneof::DoubleValue(number)) => Some(*number),
        (Kind::Time, ValueOneof::UtcTimeValue(at)) => Some(time::millis(at) as f64),
        _ => None,
    }
}

/// `UpdateTimeseriesAttribute`: another series (key 0: none), another expression (empty: the template's), or both.
pub fn update_series(
    call: &mut Call<'_>,
    request: UpdateTimeseriesAttributeRequest,
) -> Result<UpdateTimeseriesAttributeResponse, Status> {
    let store = call.store();
    let (id, attribute) = store.attribute_of(request.attribute_id.as_ref())?;
    if !matches!(attribute.held, Held::Series { .. }) {
        return Err(Status::invalid_argument("Invalid type of the attribute: it is not a time series attribute"));
    }
    let paths = request.field_mask.map(|mask| mask.paths).unwrap_or_default();
    let named = |name: &str| paths.iter().any(|path| path == name);
    let key = named("new_timeseries_resource_key").then_some(request.new_timeseries_resource_key);
    let expression = named("new_local_expression").then_some(request.new_local_expression);
    if key.is_none() && expression.is_none() {
        return Err(Status::invalid_argument("nothing is set to be updated"));
    }
    call.change(move |store, _| {
        let to = match key {
            None => None,
            Some(0) => Some(None),
            Some(key) => {
                let none = || Status::not_found(format!("time series key: {key} not found"));
                Some(Some(store.by_key(key).ok_or_else(none)?.0))
            }
        };
        let attribute = store.attribute_mut(id).ok_or_else(|| gone(id))?;
        if let Held::Series { resource, local } = &mut attribute.held {
            if let Some(to) = to {
                *resource = to;
            }
            if let Some(text) = &expression {
                *local = (!text.is_empty()).then(|| text.clone());
            }
        }
        Ok(())
    })?;
    Ok(UpdateTimeseriesAttributeResponse {})
}
