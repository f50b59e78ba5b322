//! Link relations, plain and versioned (section 4.4).

use prost_types::Timestamp;
use tonic::Status;

use super::Call;
use super::id::Id;
use super::pb::model::{
    LinkRelationVersion, UpdateLinkRelationAttributeRequest, UpdateLinkRelationAttributeResponse,
    UpdateVersionedLinkRelationAttributeRequest, UpdateVersionedLinkRelationAttributeResponse,
};
use super::store::{Held, Store};
use super::time::{self, order, within};

fn gone(id: Id) -> Status {
    Status::not_found(format!("attribute not found: {id}"))
}

/// Refuses a target that is not there or of another type.
fn check_target(store: &Store, attribute: Id, target: Id) -> Result<(), Status> {
    let object = store.objects.get(&target).ok_or_else(|| Status::not_found(format!("object not found: {target}")))?;
    let wanted =
        store.attribute(attribute).and_then(|(_, _, kept)| store.field(kept.field)).and_then(|(_, of)| of.target);
    if wanted.is_some_and(|wanted| wanted != object.class) {
        return Err(Status::invalid_argument(format!("invalid type of the target object {target}")));
    }
    Ok(())
}

/// `UpdateLinkRelationAttribute`.
pub fn update(
    call: &mut Call<'_>,
    request: UpdateLinkRelationAttributeRequest,
) -> Result<UpdateLinkRelationAttributeResponse, Status> {
    let store = call.store();
    let (id, attribute) = store.attribute_of(request.attribute.as_ref())?;
    if !matches!(attribute.held, Held::Links(_)) {
        return Err(Status::invalid_argument("Invalid type of the attribute: it is not a link relation"));
    }
    let many = store.fields.get(&attribute.field).is_some_and(|field| field.collection);
    let targets: Option<Vec<Id>> = request.target_object_ids.iter().map(Id::of).collect();
    let targets = targets.ok_or_else(|| Status::invalid_argument("a guid must have 16 bytes"))?;
    let append = request.append;
    if !many && append {
        return Err(Status::invalid_argument("'append' must be false for one-to-one link relation attributes"));
    }
    if !many && targets.len() > 1 {
        return Err(Status::invalid_argument(
            "multiple target object IDs set for a one-to-one link relation attribute",
        ));
    }
    if append && targets.is_empty() {
        return Err(Status::invalid_argument("'append' is set to true, but no target objects are set"));
    }
    call.change(move |store, _| {
        for target in &targets {
            check_target(store, id, *target)?;
        }
        let attribute = store.attribute_mut(id).ok_or_else(|| gone(id))?;
        if let Held::Links(ids) = &mut attribute.held {
            if !append {
                ids.clear();
            }
            for target in &targets {
                if ids.contains(target) {
                    return Err(Status::already_exists(format!("the target object {target} is linked already")));
                }
                ids.push(*target);
            }
        }
        Ok(())
    })?;
    Ok(UpdateLinkRelationAttributeResponse {})
}

/// What every new list of versions must be.
fn check_versions(versions: &[LinkRelationVersion]) -> Result<(), Status> {
    let from = |version: &LinkRelationVersion| version.valid_from_time;
    if versions.iter().any(|version| from(version).is_none()) {
        return Err(Status::invalid_argument("each new link relation version must have a 'valid_from_time' timestamp"));
    }
    let times: Vec<_> = versions.iter().filter_map(from).map(|at| order(&at)).collect();
    if times.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Status::invalid_argument("duplicate 'valid_from_time' timestamps in new link relation versions"));
    }
    if !times.is_sorted() {
        return Err(Status::invalid_argument("new link relation versions are not sorted"));
    }
    Ok(())
}

/// `UpdateVersionedLinkRelationAttribute`: a part of the one list, or all lists of a collection.
pub fn update_versioned(
    call: &mut Call<'_>,
    request: UpdateVersionedLinkRelationAttributeRequest,
) -> Result<UpdateVersionedLinkRelationAttributeResponse, Status> {
    let store = call.store();
    let (id, attribute) = store.attribute_of(request.attribute.as_ref())?;
    if !matches!(attribute.held, Held::Versions(_)) {
        return Err(Status::invalid_argument("Invalid type of the attribute: it is not a versioned link relation"));
    }
    let many = store.fields.get(&attribute.field).is_some_and(|field| field.collection);
    let entries: Vec<_> = request.entries.into_iter().map(|entry| entry.versions).collect();
    let interval = if many {
        if request.interval.is_some() {
            return Err(Status::invalid_argument("interval must be empty for one-to-many versioned link relations"));
        }
        None
    } else {
        if entries.len() > 1 {
            return Err(Status::invalid_argument("multiple entries set for a one-to-one versioned link relation"));
        }
        Some(time::ends(request.interval.as_ref())?)
    };
    for versions in &entries {
        check_versions(versions)?;
        if let Some((start, end)) = &interval
            && versions.iter().filter_map(|version| version.valid_from_time).any(|at| !within(&at, start, end))
        {
            return Err(Status::invalid_argument(
                "new link relations versions must be within the replacement interval",
            ));
        }
    }
    call.change(move |store, _| {
        for version in entries.iter().flatten() {
            if let Some(target) = version.target_object_id.as_ref() {
                let target = Id::of(target).ok_or_else(|| Status::invalid_argument("a guid must have 16 bytes"))?;
                check_target(store, id, target)?;
            }
        }
        let attribute = store.attribute_mut(id).ok_or_else(|| gone(id))?;
        let Held::Versions(held) = &mut attribute.held else { return Err(gone(id)) };
        match &interval {
            None => held.clone_from(&entries),
            Some((start, end)) => {
                let mut all = held.pop().unwrap_or_default();
                replace(&mut all, entries.first().map_or(&[], Vec::as_slice), start, end);
                *held = if all.is_empty() { Vec::new() } else { vec![all] };
            }
        }
        Ok(())
    })?;
    Ok(UpdateVersionedLinkRelationAttributeResponse {})
}

fn replace(all: &mut Vec<LinkRelationVersion>, new: &[LinkRelationVersion], start: &Timestamp, end: &Timestamp) {
    all.retain(|version| !version.valid_from_time.is_some_and(|at| within(&at, start, end)));
    all.extend_from_slice(new);
    all.sort_by_key(|version| version.valid_from_time.as_ref().map(order));
}
