//! Namespaces.

use prost_types::FieldMask;
use tonic::Status;

use super::{Updates, check_name, in_use, md, namespace, spaces};
use crate::mesh::Call;
use crate::mesh::id::Id;
use crate::mesh::pb::definition::namespace::child::ChildIdOneof;
use crate::mesh::store::{Namespace, Store, entry, put, take};
use crate::mesh::view::asks;

fn show(store: &Store, id: Id, mask: Option<&FieldMask>) -> md::Namespace {
    let Some(space) = store.namespaces.get(&id) else { return md::Namespace::default() };
    let mut out = md::Namespace::default();
    if asks(mask, "id") {
        out.id = Some(id.guid());
    }
    if asks(mask, "path") {
        out.path = store.namespace_path(id);
    }
    if asks(mask, "name") {
        out.name.clone_from(&space.name);
    }
    if asks(mask, "description") {
        out.description.clone_from(&space.description);
    }
    if asks(mask, "owner_id") {
        out.owner_id = space.owner.map(|owner| Store::mesh_id(owner, store.namespace_path(owner)));
    }
    if asks(mask, "is_model_definition") {
        out.is_model_definition = space.owner.is_none();
    }
    if asks(mask, "children") {
        let spaces = store.namespaces.iter().filter(|(_, other)| other.owner == Some(id)).map(|(id, _)| *id);
        let spaces = spaces.map(|id| ChildIdOneof::NameSpaceId(Store::mesh_id(id, store.namespace_path(id))));
        let classes = store.classes.iter().filter(|(_, class)| class.namespace == id).map(|(id, _)| *id);
        let classes = classes.map(|id| ChildIdOneof::ObjectDefinitionId(Store::mesh_id(id, store.class_path(id))));
        let kinds = store.traits.iter().filter(|(_, kind)| kind.namespace == id).map(|(id, _)| *id);
        let kinds = kinds.map(|id| ChildIdOneof::AttributeTypeId(Store::mesh_id(id, store.trait_path(id))));
        let all = spaces.chain(classes).chain(kinds);
        out.children = all.map(|id| md::namespace::Child { child_id_oneof: Some(id) }).collect();
    }
    out
}

pub fn list_models(
    call: &mut Call<'_>,
    request: md::ListModelDefinitionsRequest,
) -> Result<md::ListModelDefinitionsResponse, Status> {
    let store = call.store();
    let tops = store.namespaces.iter().filter(|(_, space)| space.owner.is_none());
    let model_definitions = tops.map(|(id, _)| show(&store, *id, request.field_mask.as_ref())).collect();
    Ok(md::ListModelDefinitionsResponse { model_definitions })
}

pub fn search(call: &mut Call<'_>, request: md::SearchNamespacesRequest) -> Result<Vec<md::Namespace>, Status> {
    let store = call.store();
    let root = namespace(&store, request.name_space_id.as_ref())?;
    let below = spaces(&store, root, true).into_iter().skip(1);
    let found = below.filter(|id| {
        request.recursive_search || store.namespaces.get(id).is_some_and(|space| space.owner == Some(root))
    });
    Ok(found.map(|id| show(&store, id, request.field_mask.as_ref())).collect())
}

pub fn get(call: &mut Call<'_>, request: md::GetNamespaceRequest) -> Result<md::Namespace, Status> {
    let store = call.store();
    Ok(show(&store, namespace(&store, request.name_space_id.as_ref())?, request.field_mask.as_ref()))
}

pub fn create(call: &mut Call<'_>, request: md::CreateNamespaceRequest) -> Result<md::Namespace, Status> {
    let store = call.store();
    let owner = request.name_space_id.as_ref().map(|target| namespace(&store, Some(target))).transpose()?;
    let id = Id::random();
    let space = Namespace { name: request.name, description: request.description, owner };
    call.change(move |store, _| {
        check_name(store, owner, &space.name, id)?;
        put(&mut store.namespaces, id, space.clone());
        Ok(())
    })?;
    Ok(show(&call.store(), id, None))
}

pub fn update(call: &mut Call<'_>, request: md::UpdateNamespaceRequest) -> Result<md::UpdateNamespaceResponse, Status> {
    let store = call.store();
    let id = namespace(&store, request.name_space_id.as_ref())?;
    let updates = Updates::of(request.field_mask)?;
    let name = updates.take("new_name", request.new_name);
    let description = updates.take("new_description", request.new_description);
    call.change(move |store, _| {
        let gone = || Status::not_found(format!("namespace not found: {id}"));
        let owner = store.namespaces.get(&id).ok_or_else(gone)?.owner;
        if let Some(name) = &name {
            check_name(store, owner, name, id)?;
        }
        let space = entry(&mut store.namespaces, &id).ok_or_else(gone)?;
        space.name = name.clone().unwrap_or_else(|| space.name.clone());
        space.description = description.clone().unwrap_or_else(|| space.description.clone());
        Ok(())
    })?;
    Ok(md::UpdateNamespaceResponse {})
}

pub fn delete(call: &mut Call<'_>, request: md::DeleteNamespaceRequest) -> Result<md::DeleteNamespaceResponse, Status> {
    let id = namespace(&call.store(), request.name_space_id.as_ref())?;
    call.change(move |store, _| {
        let used = store.namespaces.values().any(|space| space.owner == Some(id))
            || store.classes.values().any(|class| class.namespace == id)
            || store.traits.values().any(|kind| kind.namespace == id)
            || store.models().any(|(_, model)| model.class == id);
        if used {
            return Err(in_use("the namespace"));
        }
        take(&mut store.namespaces, &id);
        Ok(())
    })?;
    Ok(md::DeleteNamespaceResponse {})
}
