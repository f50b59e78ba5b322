//! Text resources: files in the catalogs (section 1.4).

use tonic::Status;

use super::Call;
use super::id::Id;
use super::pb::MeshId;
use super::pb::resource::{
    GetTextResourceRequest, GetTextResourceResponse, ListTextResourcesRequest, ListTextResourcesResponse,
    WriteTextResourceRequest, WriteTextResourceResponse,
};
use super::store::{Store, Text, put};

/// The path that a target means; the id counts if both are there.
fn path_of(store: &Store, target: Option<&MeshId>) -> Result<String, Status> {
    let target = target.ok_or_else(|| Status::invalid_argument("the resource is not set"))?;
    if let Some(id) = target.id.as_ref() {
        let id = Id::of(id);
        let found = store.texts.iter().find(|(_, text)| Some(text.id) == id);
        return found.map(|(path, _)| path.clone()).ok_or_else(|| Status::not_found("text resource not found"));
    }
    target.path.clone().ok_or_else(|| Status::invalid_argument("the resource has neither an id nor a path"))
}

/// Whether a name fits a mask: as a part of it, else as a pattern with `.`, `*`, `^` and `$`.
fn fits(mask: &str, name: &str) -> bool {
    mask.is_empty() || name.contains(mask) || pattern(mask, name)
}

fn pattern(mask: &str, name: &str) -> bool {
    let (mask, begins) = mask.strip_prefix('^').map_or((mask, false), |rest| (rest, true));
    let (mask, ends) = mask.strip_suffix('$').map_or((mask, false), |rest| (rest, true));
    let mask: Vec<char> = mask.chars().collect();
    let name: Vec<char> = name.chars().collect();
    (0..=name.len()).take(if begins { 1 } else { name.len() + 1 }).any(|from| here(&mask, &name[from..], ends))
}

fn here(mask: &[char], name: &[char], ends: bool) -> bool {
    let Some((first, rest)) = mask.split_first() else { return !ends || name.is_empty() };
    let same = |c: &char| *first == '.' || first == c;
    if let Some((star, rest)) = rest.split_first()
        && matches!(star, '*' | '+')
    {
        let most = name.iter().take_while(|c| same(c)).count();
        let least = usize::from(*star == '+');
        return (least..=most).rev().any(|count| here(rest, &name[count..], ends));
    }
    name.split_first().is_some_and(|(c, name)| same(c) && here(rest, name, ends))
}

/// `ListTextResources`.
pub fn list(call: &mut Call<'_>, request: ListTextResourcesRequest) -> Result<ListTextResourcesResponse, Status> {
    let store = call.store();
    let catalog = request.catalog.and_then(|target| target.path).unwrap_or_else(|| "Resource".to_owned());
    let catalog = format!("{}/", catalog.trim_end_matches('/'));
    let mut resources = Vec::new();
    for (path, text) in store.texts.iter() {
        let Some(rest) = path.strip_prefix(&catalog) else { continue };
        let name = rest.rsplit('/').next().unwrap_or(rest);
        if (request.include_subcatalogs || !rest.contains('/')) && fits(&request.name_mask, name) {
            resources.push(Store::mesh_id(text.id, path.clone()));
        }
    }
    Ok(ListTextResourcesResponse { resources })
}

/// `GetTextResource`.
pub fn get(call: &mut Call<'_>, request: GetTextResourceRequest) -> Result<GetTextResourceResponse, Status> {
    let store = call.store();
    let path = path_of(&store, request.resource.as_ref())?;
    let text = store.texts.get(&path).ok_or_else(|| Status::not_found(format!("text resource not found: {path}")))?;
    Ok(GetTextResourceResponse { id: Some(text.id.guid()), path, text: text.text.clone() })
}

/// `WriteTextResource`.
pub fn write(call: &mut Call<'_>, request: WriteTextResourceRequest) -> Result<WriteTextResourceResponse, Status> {
    let store = call.store();
    let path = path_of(&store, request.resource.as_ref())?;
    let steps: Vec<&str> = path.split('/').collect();
    if steps.first() != Some(&"Resource") || steps.len() < 3 || steps.iter().any(|step| step.is_empty()) {
        return Err(Status::invalid_argument(format!("{path} is not a path of a text resource in a catalog")));
    }
    let (id, create, text) = (Id::random(), request.allow_create, request.text);
    call.change(move |store, _| {
        let id = match store.texts.get(&path) {
            Some(old) => old.id,
            None if create => id,
            None => return Err(Status::not_found(format!("text resource not found: {path}"))),
        };
        put(&mut store.texts, path.clone(), Text { id, text: text.clone() });
        Ok(())
    })?;
    Ok(WriteTextResourceResponse {})
}
