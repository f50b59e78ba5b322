//! Model definitions (section 4.12): namespaces, object definitions, attribute types and definitions, tags, units, and
//! what is noted beside them.

mod attribute_definition;
mod attribute_type;
mod namespace;
mod object_definition;
mod tag;

use prost_types::FieldMask;
use tonic::Status;

use super::id::Id;
use super::path::{Place, written};
use super::pb::definition as md;
use super::pb::definition::model_definition_service_server::ModelDefinitionService;
use super::pb::{Guid, MeshId};
use super::store::Store;

/// The names in the mask of an update, at least one.
struct Updates(Vec<String>);

impl Updates {
    fn of(mask: Option<FieldMask>) -> Result<Self, Status> {
        let paths = mask.map(|mask| mask.paths).unwrap_or_default();
        if paths.is_empty() {
            return Err(Status::invalid_argument("nothing is set to be updated"));
        }
        Ok(Self(paths))
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|path| path == name)
    }

    /// The value, if it is named.
    fn take<T>(&self, name: &str, value: T) -> Option<T> {
        self.has(name).then_some(value)
    }
}

fn find(store: &Store, target: Option<&MeshId>, what: &str, pick: impl Fn(Place) -> Option<Id>) -> Result<Id, Status> {
    let target = target.ok_or_else(|| Status::invalid_argument(format!("{what} is not set")))?;
    let found = store.place(target).and_then(pick);
    found.ok_or_else(|| Status::not_found(format!("{what} not found: {}", written(target))))
}

fn namespace(store: &Store, target: Option<&MeshId>) -> Result<Id, Status> {
    find(store, target, "namespace", |place| if let Place::Namespace(id) = place { Some(id) } else { None })
}

fn class(store: &Store, target: Option<&MeshId>) -> Result<Id, Status> {
    find(store, target, "object definition", |place| if let Place::Class(id) = place { Some(id) } else { None })
}

fn kind(store: &Store, target: Option<&MeshId>) -> Result<Id, Status> {
    find(store, target, "attribute type", |place| if let Place::Trait(id) = place { Some(id) } else { None })
}

fn field(store: &Store, target: Option<&MeshId>) -> Result<Id, Status> {
    find(store, target, "attribute definition", |place| if let Place::Field(id) = place { Some(id) } else { None })
}

fn tags(store: &Store, guids: &[Guid]) -> Result<Vec<Id>, Status> {
    let known = |guid: &Guid| Id::of(guid).filter(|id| store.tags.contains_key(id));
    guids.iter().map(|guid| known(guid).ok_or_else(|| Status::not_found("tag not found"))).collect()
}

fn unit(store: &Store, guid: &Guid) -> Result<Id, Status> {
    let id = Id::of(guid).filter(|id| store.units.contains_key(id));
    id.ok_or_else(|| Status::not_found("unit of measurement not found"))
}

/// Refuses a name that is none, or that something in the namespace has.
fn check_name(store: &Store, space: Option<Id>, name: &str, own: Id) -> Result<(), Status> {
    if name.is_empty() || name.contains(['/', '.']) {
        return Err(Status::invalid_argument(format!("{name:?} is not a valid name")));
    }
    let spaces = store.namespaces.iter().filter(|(_, other)| other.owner == space).map(|(id, other)| (id, &other.name));
    let classes =
        store.classes.iter().filter(|(_, other)| Some(other.namespace) == space).map(|(id, other)| (id, &other.name));
    let kinds =
        store.traits.iter().filter(|(_, other)| Some(other.namespace) == space).map(|(id, other)| (id, &other.name));
    if spaces.chain(classes).chain(kinds).any(|(id, other)| *id != own && other == name) {
        return Err(Status::already_exists(format!("an element named {name} already exists in the namespace")));
    }
    Ok(())
}

/// A namespace and, if asked for, all below it.
fn spaces(store: &Store, root: Id, recursive: bool) -> Vec<Id> {
    let mut all = vec![root];
    let mut at = 0;
    while recursive && at < all.len() {
        let owner = Some(all[at]);
        all.extend(store.namespaces.iter().filter(|(_, space)| space.owner == owner).map(|(id, _)| *id));
        at += 1;
    }
    all
}

fn in_use(what: &str) -> Status {
    Status::failed_precondition(format!("{what} is in use"))
}

super::service::service! { ModelDefinitionService:
    get_object_definition(md::GetObjectDefinitionRequest) -> md::ObjectDefinition = object_definition::get;
    create_object_definition(md::CreateObjectDefinitionRequest) -> md::ObjectDefinition = object_definition::create;
    update_object_definition(md::UpdateObjectDefinitionRequest) -> md::UpdateObjectDefinitionResponse = object_definition::update;
    delete_object_definition(md::DeleteObjectDefinitionRequest) -> md::DeleteObjectDefinitionResponse = object_definition::delete;
    get_attribute_type(md::GetAttributeTypeRequest) -> md::AttributeType = attribute_type::get;
    create_link_relation_attribute_type(md::CreateRelationAttributeTypeRequest) -> md::AttributeType = attribute_type::create_link;
    create_ownership_relation_attribute_type(md::CreateRelationAttributeTypeRequest) -> md::AttributeType = attribute_type::create_ownership;
    create_rating_curve_attribute_type(md::CreateRatingCurveAttributeTypeRequest) -> md::AttributeType = attribute_type::create_rating;
    create_simple_attribute_type(md::CreateSimpleAttributeTypeRequest) -> md::AttributeType = attribute_type::create_simple;
    create_timeseries_attribute_type(md::CreateTimeseriesAttributeTypeRequest) -> md::AttributeType = attribute_type::create_series;
    create_xy_set_attribute_type(md::CreateXySetAttributeTypeRequest) -> md::AttributeType = attribute_type::create_xy;
    update_rating_curve_attribute_type(md::UpdateRatingCurveAttributeTypeRequest) -> md::UpdateAttributeTypeResponse = attribute_type::update_rating;
    update_relation_attribute_type(md::UpdateRelationAttributeTypeRequest) -> md::UpdateAttributeTypeResponse = attribute_type::update_relation;
    update_simple_attribute_type(md::UpdateSimpleAttributeTypeRequest) -> md::UpdateAttributeTypeResponse = attribute_type::update_simple;
    update_timeseries_attribute_type(md::UpdateTimeseriesAttributeTypeRequest) -> md::UpdateAttributeTypeResponse = attribute_type::update_series;
    update_xy_set_attribute_type(md::UpdateXySetAttributeTypeRequest) -> md::UpdateAttributeTypeResponse = attribute_type::update_xy;
    delete_attribute_type(md::DeleteAttributeTypeRequest) -> md::DeleteAttributeTypeResponse = attribute_type::delete;
    get_attribute_definition(md::GetAttributeDefinitionRequest) -> md::AttributeDefinition = attribute_definition::get;
    add_rating_curve_attribute_definition(md::AddRatingCurveAttributeDefinitionRequest) -> md::AttributeDefinition = attribute_definition::add_rating;
    add_link_relation_attribute_definition(md::AddLinkRelationAttributeDefinitionRequest) -> md::AttributeDefinition = attribute_definition::add_link;
    add_ownership_relation_attribute_definition(md::AddOwnershipRelationAttributeDefinitionRequest) -> md::AttributeDefinition = attribute_definition::add_ownership;
    add_simple_attribute_definition(md::AddSimpleAttributeDefinitionRequest) -> md::AttributeDefinition = attribute_definition::add_simple;
    add_timeseries_attribute_definition(md::AddTimeseriesAttributeDefinitionRequest) -> md::AttributeDefinition = attribute_definition::add_series;
    add_xy_set_attribute_definition(md::AddXySetAttributeDefinitionRequest) -> md::AttributeDefinition = attribute_definition::add_xy;
    update_rating_curve_attribute_definition(md::UpdateRatingCurveAttributeDefinitionRequest) -> md::UpdateAttributeDefinitionResponse = attribute_definition::update_rating;
    update_relation_attribute_definition(md::UpdateRelationAttributeDefinitionRequest) -> md::UpdateAttributeDefinitionResponse = attribute_definition::update_relation;
    update_simple_attribute_definition(md::UpdateSimpleAttributeDefinitionRequest) -> md::UpdateAttributeDefinitionResponse = attribute_definition::update_simple;
    update_timeseries_attribute_definition(md::UpdateTimeseriesAttributeDefinitionRequest) -> md::UpdateAttributeDefinitionResponse = attribute_definition::update_series;
    update_xy_set_attribute_definition(md::UpdateXySetAttributeDefinitionRequest) -> md::UpdateAttributeDefinitionResponse = attribute_definition::update_xy;
    delete_attribute_definition(md::DeleteAttributeDefinitionRequest) -> md::DeleteAttributeDefinitionResponse = attribute_definition::delete;
    list_model_definitions(md::ListModelDefinitionsRequest) -> md::ListModelDefinitionsResponse = namespace::list_models;
    get_namespace(md::GetNamespaceRequest) -> md::Namespace = namespace::get;
    create_namespace(md::CreateNamespaceRequest) -> md::Namespace = namespace::create;
    update_namespace(md::UpdateNamespaceRequest) -> md::UpdateNamespaceResponse = namespace::update;
    delete_namespace(md::DeleteNamespaceRequest) -> md::DeleteNamespaceResponse = namespace::delete;
    create_tag(md::CreateTagRequest) -> md::Tag = tag::create;
    list_tags(md::ListTagsRequest) -> md::ListTagsResponse = tag::list;
    get_tag(md::GetTagRequest) -> md::Tag = tag::get;
    update_tag(md::UpdateTagRequest) -> md::UpdateTagResponse = tag::update;
    delete_tag(md::DeleteTagRequest) -> md::DeleteTagResponse = tag::delete;
    list_units_of_measurement(md::ListUnitsOfMeasurementRequest) -> md::ListUnitsOfMeasurementResponse = tag::list_units;
    get_extended_metadata(md::GetExtendedMetadataRequest) -> md::GetExtendedMetadataResponse = tag::metadata;
    set_extended_metadata(md::SetExtendedMetadataRequest) -> md::SetExtendedMetadataResponse = tag::set_metadata;
    ;
    search_object_definitions(md::SearchObjectDefinitionsRequest) -> SearchObjectDefinitionsStream of md::ObjectDefinition = object_definition::search;
    search_attribute_types(md::SearchAttributeTypesRequest) -> SearchAttributeTypesStream of md::AttributeType = attribute_type::search;
    search_attribute_definitions(md::SearchAttributeDefinitionsRequest) -> SearchAttributeDefinitionsStream of md::AttributeDefinition = attribute_definition::search;
    search_namespaces(md::SearchNamespacesRequest) -> SearchNamespacesStream of md::Namespace = namespace::search;
    search_tag_usages(md::SearchTagUsagesRequest) -> SearchTagUsagesStream of md::TagUsage = tag::usages;
}
