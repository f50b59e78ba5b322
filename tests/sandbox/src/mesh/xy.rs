//! XY sets (section 4.5).

use tonic::Status;

use super::Call;
use super::pb::model::{GetXySetsRequest, GetXySetsResponse, UpdateXySetsRequest, UpdateXySetsResponse, XySet};
use super::store::{Held, Shape, Store};
use super::time::{self, order, within};

/// Whether the attribute is versioned; refused if it holds no XY sets.
fn versioned(store: &Store, attribute: &super::store::Attribute) -> Result<bool, Status> {
    match store.fields.get(&attribute.field).map(|field| &field.shape) {
        Some(Shape::Xy { versioned, .. }) => Ok(*versioned),
        _ => Err(Status::invalid_argument("Invalid type of the attribute: unexpected kind, it holds no XY sets")),
    }
}

/// `GetXySets`: those valid in the interval, one that began before it too.
pub fn get(call: &mut Call<'_>, request: GetXySetsRequest) -> Result<GetXySetsResponse, Status> {
    let store = call.store();
    let (_, attribute) = store.attribute_of(request.attribute.as_ref())?;
    let Held::Xy(sets) = &attribute.held else {
        return Err(versioned(&store, attribute).err().unwrap_or_else(|| Status::internal("no sets")));
    };
    let mut found = if versioned(&store, attribute)? {
        let (start, end) = time::ends(request.interval.as_ref())?;
        valid(sets, |set| set.valid_from_time.as_ref().map(order), order(&start), order(&end))
    } else {
        if request.interval.is_some() {
            return Err(Status::invalid_argument("interval must be empty when reading XYSetAttribute"));
        }
        sets.clone()
    };
    if request.versions_only {
        found.iter_mut().for_each(|set| set.xy_curves.clear());
    }
    Ok(GetXySetsResponse { xy_sets: found })
}

/// Of a sorted list, those valid in `[start, end)`.
pub fn valid<T: Clone>(
    all: &[T],
    from: impl Fn(&T) -> Option<(i64, i32)>,
    start: (i64, i32),
    end: (i64, i32),
) -> Vec<T> {
    let first = all.iter().rposition(|one| from(one) <= Some(start)).unwrap_or(0);
    all.iter().skip(first).filter(|one| from(one) < Some(end)).cloned().collect()
}

fn check(set: &XySet) -> Result<XySet, Status> {
    let mut set = set.clone();
    if set.xy_curves.iter().any(|curve| curve.x_values.len() != curve.y_values.len()) {
        return Err(Status::invalid_argument("x_values and y_values must have the same length"));
    }
    // Sorted, whatever the order in which they came.
    set.xy_curves.sort_by(|a, b| a.reference_value.total_cmp(&b.reference_value));
    if set.xy_curves.windows(2).any(|pair| pair[0].reference_value == pair[1].reference_value) {
        return Err(Status::invalid_argument("duplicate reference value in an XY set"));
    }
    Ok(set)
}

/// `UpdateXySets`.
pub fn update(call: &mut Call<'_>, request: UpdateXySetsRequest) -> Result<UpdateXySetsResponse, Status> {
    let store = call.store();
    let (id, attribute) = store.attribute_of(request.attribute.as_ref())?;
    let versioned = versioned(&store, attribute)?;
    let interval = if versioned {
        if request.interval.is_none() {
            return Err(Status::invalid_argument("interval must have a value when updating XYZSeriesAttribute"));
        }
        Some(time::ends(request.interval.as_ref())?)
    } else {
        if request.interval.is_some() {
            return Err(Status::invalid_argument("interval must be empty when updating XYSetAttribute"));
        }
        if request.xy_sets.len() > 1 {
            return Err(Status::invalid_argument("xy_sets must have zero or one element when updating XYSetAttribute"));
        }
        if request.xy_sets.iter().any(|set| set.valid_from_time.is_some()) {
            return Err(Status::invalid_argument(
                "valid_from_time cannot be set when updating unversioned XY set attribute",
            ));
        }
        None
    };
    let mut new = request.xy_sets.iter().map(check).collect::<Result<Vec<_>, _>>()?;
    if let Some((start, end)) = &interval {
        if new.iter().any(|set| set.valid_from_time.is_none()) {
            return Err(Status::invalid_argument("each new XY set must have a valid_from_time"));
        }
        if new.iter().filter_map(|set| set.valid_from_time).any(|at| !within(&at, start, end)) {
            return Err(Status::invalid_argument("new XY sets must be within the replacement interval"));
        }
        new.sort_by_key(|set| set.valid_from_time.as_ref().map(order));
        if new.windows(2).any(|pair| pair[0].valid_from_time == pair[1].valid_from_time) {
            return Err(Status::invalid_argument("duplicate timestamps in new XY sets"));
        }
    }
    call.change(move |store, _| {
        let gone = || Status::not_found(format!("attribute not found: {id}"));
        let attribute = store.attribute_mut(id).ok_or_else(gone)?;
        let Held::Xy(sets) = &mut attribute.held else { return Err(gone()) };
        match &interval {
            // The one set of an unversioned attribute becomes empty, it does not go.
            None => *sets = vec![new.first().cloned().unwrap_or_default()],
            Some((start, end)) => {
                sets.retain(|set| !set.valid_from_time.is_some_and(|at| within(&at, start, end)));
                sets.extend_from_slice(&new);
                sets.sort_by_key(|set| set.valid_from_time.as_ref().map(order));
            }
        }
        Ok(())
    })?;
    Ok(UpdateXySetsResponse {})
}
