//! Models and objects: listing, reading, searching, creating, moving, deleting, cloning (section 4.3).

use std::collections::HashMap;

use prost_types::FieldMask;
use tonic::Status;

use super::Call;
use super::id::Id;
use super::path::Place;
use super::pb::MeshId;
use super::pb::model::{
    AttributesMasks, CloneObjectRequest, CloneObjectResponse, CreateModelRequest, CreateObjectRequest,
    DeleteObjectRequest, DeleteObjectResponse, GetObjectRequest, ListModelsRequest, ListModelsResponse, Object,
    SearchLinkedFromRequest, SearchLinkedFromResponse, SearchObjectsByDefinitionRequest, SearchObjectsRequest,
    TimeseriesCopyMode, UpdateObjectRequest, UpdateObjectResponse,
};
use super::search;
use super::store::{Held, Store, entry};
use super::view::Wanted;

/// `ListModels`.
pub fn list_models(call: &mut Call<'_>, request: ListModelsRequest) -> Result<ListModelsResponse, Status> {
    let store = call.store();
    let of = request.model_definition_id.as_ref().map(|target| match store.place(target) {
        Some(Place::Namespace(id)) => Ok(id),
        _ => Err(Status::not_found("model definition not found")),
    });
    let of = of.transpose()?;
    let wanted = Wanted { object: request.object_field_mask.as_ref(), ..Wanted::default() };
    let models = store.models().filter(|(_, model)| of.is_none_or(|of| of == model.class));
    Ok(ListModelsResponse { models: models.map(|(id, _)| store.show(id, &wanted)).collect() })
}

fn wanted<'a>(
    object: &'a Option<FieldMask>,
    attributes: &'a Option<AttributesMasks>,
    attribute: &'a Option<FieldMask>,
) -> Result<Wanted<'a>, Status> {
    let wanted = Wanted { object: object.as_ref(), attributes: attributes.as_ref(), attribute: attribute.as_ref() };
    wanted.check().map(|()| wanted)
}

/// `GetObject`.
pub fn get(call: &mut Call<'_>, request: GetObjectRequest) -> Result<Object, Status> {
    let store = call.store();
    let wanted = wanted(&request.object_field_mask, &request.attributes_masks, &request.attribute_field_mask)?;
    Ok(store.show(store.object_at(request.object_id.as_ref())?, &wanted))
}

/// `SearchObjects`.
pub fn search(call: &mut Call<'_>, request: SearchObjectsRequest) -> Result<Vec<Object>, Status> {
    let store = call.store();
    let wanted = wanted(&request.object_field_mask, &request.attributes_masks, &request.attribute_field_mask)?;
    let start = store.object_at(request.start_object_id.as_ref())?;
    let search = search::read(&request.query)?;
    if !search.attributes.is_empty() {
        return Err(Status::invalid_argument("the search query is for attributes, not for objects"));
    }
    Ok(search.objects(&store, start, call.wall_ms()).into_iter().map(|id| store.show(id, &wanted)).collect())
}

/// `SearchObjectsByDefinition`.
pub fn by_definition(call: &mut Call<'_>, request: SearchObjectsByDefinitionRequest) -> Result<Vec<Object>, Status> {
    let store = call.store();
    let wanted = wanted(&request.object_field_mask, &request.attributes_masks, &request.attribute_field_mask)?;
    let class = match request.object_definition_id.as_ref().and_then(|target| store.place(target)) {
        Some(Place::Class(id)) => id,
        _ => return Err(Status::not_found("object definition not found")),
    };
    let found = store.objects.iter().filter(|(_, object)| object.class == class);
    Ok(found.map(|(id, _)| store.show(*id, &wanted)).collect())
}

fn check_name(name: &str) -> Result<(), Status> {
    if name.is_empty() || name.contains('/') {
        return Err(Status::invalid_argument(format!("{name:?} is not a valid name")));
    }
    Ok(())
}

/// Puts a new object below an ownership attribute.
pub fn create_below(
    store: &mut Store,
    again: bool,
    id: Id,
    attribute: Id,
    name: &str,
    class: Option<Id>,
) -> Result<(), Status> {
    let gone = if again { "Missing owner" } else { "Owner of the object not found" };
    let (owner, relation, held, target) = {
        let (owner, relation, kept) =
            store.attribute(attribute).ok_or_else(|| Status::not_found(format!("{gone}: {attribute}")))?;
        let (field, of) = store.field(kept.field).ok_or_else(|| Status::internal("no definition"))?;
        let Held::Owned(ids) = &kept.held else {
            return Err(Status::invalid_argument("Invalid type of the owner: it is not an ownership relation"));
        };
        if !field.collection && !ids.is_empty() {
            return Err(Status::already_exists(format!("{relation} has an element already")));
        }
        (owner, relation.to_owned(), ids.clone(), of.target)
    };
    check_name(name)?;
    if held.iter().any(|other| store.objects.get(other).is_some_and(|other| other.name == name)) {
        return Err(Status::already_exists(format!(
            "An element named {name} already exists in the {relation} element array"
        )));
    }
    let class = class.or(target).ok_or_else(|| Status::invalid_argument("object_definition_id is not set"))?;
    let (object, _) = store.blank(id, name, class, Some((owner, relation.clone())));
    store.insert(id, object);
    if let Some(owner) = entry(&mut store.objects, &owner)
        && let Some(Held::Owned(ids)) = owner.attributes.get_mut(&relation).map(|attribute| &mut attribute.held)
    {
        ids.push(id);
    }
    Ok(())
}

/// The ownership attribute that a target means: itself, or that of a model's first objects.
fn owner_of(store: &Store, place: Option<Place>, name: &str, kind: &str, target: &MeshId) -> Result<Id, Status> {
    let misfit = || Status::invalid_argument(format!("Invalid type of the {kind}: it owns no objects"));
    match place {
        Some(Place::Attribute(id)) => Ok(id),
        Some(Place::Object(id)) => {
            let model = store.objects.get(&id).filter(|object| object.owner.is_none());
            model.and_then(|model| model.attributes.values().next()).map(|first| first.id).ok_or_else(misfit)
        }
        Some(_) => Err(misfit()),
        None => Err(Status::not_found(format!("{name} of the object not found: {}", super::path::written(target)))),
    }
}

/// `CreateObject`. The owner is an ownership attribute; for a model's first level it is the model.
pub fn create(call: &mut Call<'_>, request: CreateObjectRequest) -> Result<Object, Status> {
    let store = call.store();
    let target = request.owner_id.as_ref().ok_or_else(|| Status::invalid_argument("owner_id is not set"))?;
    let class = match &request.object_definition_id {
        None => None,
        Some(target) => match store.place(target) {
            Some(Place::Class(id)) => Some(id),
            _ => return Err(Status::not_found("object definition not found")),
        },
    };
    let attribute = match store.place(target) {
        Some(Place::Object(_)) if class.is_none() => {
            return Err(Status::invalid_argument(
                "Invalid type of the owner: it must be an ownership relation attribute, or a model with an object definition",
            ));
        }
        place => owner_of(&store, place, "Owner", "owner", target)?,
    };
    let (id, name) = (Id::random(), request.name);
    call.change(move |store, again| create_below(store, again, id, attribute, &name, class))?;
    Ok(call.store().show(id, &Wanted::default()))
}

/// `CreateModel`.
pub fn create_model(call: &mut Call<'_>, request: CreateModelRequest) -> Result<Object, Status> {
    let store = call.store();
    let space = match request.model_definition_id.as_ref().and_then(|target| store.place(target)) {
        Some(Place::Namespace(id)) => id,
        _ => return Err(Status::not_found("model definition not found")),
    };
    let (id, name) = (Id::random(), request.name);
    call.change(move |store, _| {
        check_name(&name)?;
        if store.models().any(|(_, model)| model.name == name) {
            return Err(Status::already_exists(format!("A model named {name} already exists")));
        }
        let model = super::seed::model(store, id, &name, space);
        store.insert(id, model);
        Ok(())
    })?;
    Ok(call.store().show(id, &Wanted::default()))
}

/// `UpdateObject`: another name, another owner, or both.
pub fn update(call: &mut Call<'_>, request: UpdateObjectRequest) -> Result<UpdateObjectResponse, Status> {
    let store = call.store();
    let id = store.object_at(request.object_id.as_ref())?;
    let paths = request.field_mask.map(|mask| mask.paths).unwrap_or_default();
    if paths.is_empty() {
        return Err(Status::invalid_argument("nothing is set to be updated"));
    }
    let name = paths.iter().any(|path| path == "new_name").then_some(request.new_name);
    let owner = if paths.iter().any(|path| path == "new_owner_id") {
        let target = request.new_owner_id.unwrap_or_default();
        Some(owner_of(&store, store.place(&target), "New owner", "new owner", &target)?)
    } else {
        None
    };
    call.change(move |store, _| rename(store, id, name.as_deref(), owner))?;
    Ok(UpdateObjectResponse {})
}

fn rename(store: &mut Store, id: Id, name: Option<&str>, owner: Option<Id>) -> Result<(), Status> {
    let gone = || Status::not_found(format!("object not found: {id}"));
    let object = store.objects.get(&id).ok_or_else(gone)?;
    let name = name.unwrap_or(&object.name).to_owned();
    check_name(&name)?;
    let from = object.owner.clone();
    let to = match owner {
        None => from.clone(),
        Some(attribute) => {
            let (owner, relation, kept) =
                store.attribute(attribute).ok_or_else(|| Status::not_found("New owner of the object not found"))?;
            let target = store.field(kept.field).and_then(|(_, of)| of.target);
            if !matches!(kept.held, Held::Owned(_)) || target.is_some_and(|target| target != object.class) {
                return Err(Status::invalid_argument("Invalid type of the new owner"));
            }
            let mut above = Some(owner);
            while let Some(one) = above {
                if one == id {
                    return Err(Status::invalid_argument("Invalid type of the new owner: it is below the object"));
                }
                above = store.objects.get(&one).and_then(|object| object.owner.as_ref().map(|(owner, _)| *owner));
            }
            Some((owner, relation.to_owned()))
        }
    };
    if let Some((owner, relation)) = &to
        && store.child(*owner, Some(relation), &name).is_some_and(|other| other != id)
    {
        return Err(Status::already_exists(format!(
            "An element named {name} already exists in the {relation} element array"
        )));
    }
    let list = |store: &mut Store, place: &Option<(Id, String)>, change: &dyn Fn(&mut Vec<Id>)| {
        if let Some((owner, relation)) = place
            && let Some(owner) = entry(&mut store.objects, owner)
            && let Some(Held::Owned(ids)) = owner.attributes.get_mut(relation).map(|attribute| &mut attribute.held)
        {
            change(ids);
        }
    };
    if from != to {
        list(store, &from, &|ids| ids.retain(|other| *other != id));
        list(store, &to, &|ids| ids.push(id));
    }
    let object = entry(&mut store.objects, &id).ok_or_else(gone)?;
    object.name = name;
    object.owner = to;
    Ok(())
}

/// `DeleteObject`. What hangs in a one-to-one relation goes with its owner; the elements of a collection must be asked
/// for. To delete what another session has deleted is no mistake once both commit.
pub fn delete(call: &mut Call<'_>, request: DeleteObjectRequest) -> Result<DeleteObjectResponse, Status> {
    let store = call.store();
    let id = store.object_at(request.object_id.as_ref())?;
    let recursive = request.recursive_delete;
    call.change(move |store, again| {
        let Some(object) = store.objects.get(&id) else {
            return if again { Ok(()) } else { Err(Status::not_found(format!("object not found: {id}"))) };
        };
        let full = |attribute: &super::store::Attribute| match &attribute.held {
            Held::Owned(ids) => {
                !ids.is_empty() && store.fields.get(&attribute.field).is_some_and(|field| field.collection)
            }
            _ => false,
        };
        if !recursive && object.attributes.values().any(full) {
            let path = store.object_path(id);
            return Err(Status::failed_precondition(format!("object {path} has child objects")));
        }
        store.remove(id);
        Ok(())
    })?;
    Ok(DeleteObjectResponse {})
}

/// `SearchLinkedFrom`: the attributes that point to an object.
pub fn linked_from(
    call: &mut Call<'_>,
    request: SearchLinkedFromRequest,
) -> Result<Vec<SearchLinkedFromResponse>, Status> {
    let store = call.store();
    let target = store.object_at(request.target_object_id.as_ref())?;
    let points = |held: &Held| match held {
        Held::Links(ids) => ids.contains(&target),
        Held::Versions(entries) => {
            entries.iter().flatten().any(|version| version.target_object_id.as_ref().and_then(Id::of) == Some(target))
        }
        _ => false,
    };
    let attributes = store.objects.values().flat_map(|object| object.attributes.values());
    let found = attributes.filter(|attribute| points(&attribute.held));
    Ok(found
        .map(|attribute| Store::mesh_id(attribute.id, store.attribute_path(attribute.id)))
        .map(|id| SearchLinkedFromResponse { link_relation_id: Some(id) })
        .collect())
}

/// `CloneObject`.
pub fn copy(call: &mut Call<'_>, request: CloneObjectRequest) -> Result<CloneObjectResponse, Status> {
    let store = call.store();
    let source = store.object_at(request.source_object_id.as_ref())?;
    let is_model = store.objects.get(&source).is_some_and(|object| object.owner.is_none());
    let owner = match request.new_owner_id.as_ref() {
        None => None,
        Some(_) if is_model => {
            return Err(Status::invalid_argument("new_owner_id must be empty when a model is cloned"));
        }
        Some(target) => Some(owner_of(&store, store.place(target), "New owner", "new owner", target)?),
    };
    let mode = request.timeseries_copy_mode();
    let (id, name) = (Id::random(), request.new_object_name);
    call.change(move |store, _| clone_below(store, source, id, owner, &name, mode))?;
    Ok(CloneObjectResponse { new_object: Some(call.store().show(id, &Wanted::default())) })
}

fn clone_below(
    store: &mut Store,
    source: Id,
    id: Id,
    owner: Option<Id>,
    name: &str,
    mode: TimeseriesCopyMode,
) -> Result<(), Status> {
    check_name(name)?;
    let root =
        store.objects.get(&source).cloned().ok_or_else(|| Status::not_found(format!("object not found: {source}")))?;
    let place = match owner {
        None => root.owner.clone(),
        Some(attribute) => store.attribute(attribute).map(|(owner, relation, _)| (owner, relation.to_owned())),
    };
    let taken = match &place {
        Some((owner, relation)) => store.child(*owner, Some(relation), name).is_some(),
        None => store.models().any(|(_, model)| model.name == name),
    };
    if taken {
        let relation = place.map(|(_, relation)| relation).unwrap_or_default();
        return Err(Status::already_exists(format!(
            "An element named {name} already exists in the {relation} element array"
        )));
    }
    // Old ids to new ones; the new ones follow from the clone's, so that the change can be carried out twice.
    let mut names = HashMap::from([(source, id)]);
    let mut waiting = store.children(source);
    while let Some(next) = waiting.pop() {
        names.insert(next, Id::named(&format!("{id}/{next}")));
        waiting.extend(store.children(next));
    }
    let prefix = store.object_path(source);
    for (old, new) in &names {
        let Some(object) = store.objects.get(old).cloned() else { continue };
        let mut object = (*object).clone();
        if old == &source {
            name.clone_into(&mut object.name);
            object.owner.clone_from(&place);
        } else if let Some((owner, _)) = &mut object.owner
            && let Some(known) = names.get(owner)
        {
            *owner = *known;
        }
        for attribute in object.attributes.values_mut() {
            attribute.id = Id::named(&format!("{new}.{}", attribute.field));
            match &mut attribute.held {
                Held::Owned(ids) | Held::Links(ids) => {
                    ids.iter_mut().for_each(|one| *one = names.get(one).copied().unwrap_or(*one));
                }
                Held::Versions(entries) => {
                    for version in entries.iter_mut().flatten() {
                        let target = version.target_object_id.as_ref().and_then(Id::of);
                        if let Some(known) = target.and_then(|target| names.get(&target)) {
                            version.target_object_id = Some(known.guid());
                        }
                    }
                }
                Held::Series { resource, .. } => {
                    *resource =
                        resource.and_then(|series| copy_series(store, series, *new, attribute.field, mode, &prefix));
                }
                _ => {}
            }
        }
        store.insert(*new, object);
    }
    if let Some((owner, relation)) = place
        && let Some(owner) = entry(&mut store.objects, &owner)
        && let Some(Held::Owned(ids)) = owner.attributes.get_mut(&relation).map(|attribute| &mut attribute.held)
    {
        ids.push(id);
    }
    Ok(())
}

/// The series of a cloned attribute: a copy of its own, none, or the same one.
fn copy_series(
    store: &mut Store,
    series: Id,
    object: Id,
    field: Id,
    mode: TimeseriesCopyMode,
    prefix: &str,
) -> Option<Id> {
    let mut copy = (**store.series.get(&series)?).clone();
    let inside = copy.path.contains(prefix.rsplit('/').next().unwrap_or(prefix));
    match mode {
        TimeseriesCopyMode::None => None,
        TimeseriesCopyMode::Internal if !inside => Some(series),
        _ => {
            let id = Id::named(&format!("{object}.{field}.series"));
            copy.name = format!("{}_{}", copy.name, &object.to_string()[..8]);
            copy.path = format!("{}_{}", copy.path, &object.to_string()[..8]);
            copy.committed = false;
            copy.wants_key = true;
            copy.key = 0;
            super::store::put(&mut store.series, id, copy);
            Some(id)
        }
    }
}
