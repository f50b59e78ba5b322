// Made by `cargo run -p haft-tools -- proto` from proto/; edits are lost.
//! `volue.mesh.grpc.model.v1alpha`.

use super::super::{Enumeration, Field, Form, Kind, Label, Message, Method, Service};

/// `TimeseriesCopyMode`.
pub static TIMESERIES_COPY_MODE: Enumeration = Enumeration {
    name: "TimeseriesCopyMode",
    values: &[("COPY_MODE_UNSPECIFIED", 0), ("NONE", 1), ("ALL", 2), ("INTERNAL", 3)],
};

/// `Object`.
pub static OBJECT: Message = Message {
    name: "Object",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "path", kind: Kind::Text, label: Label::One },
        Field { number: 3, name: "name", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "type_name", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 6, name: "attributes", kind: Kind::Message(&ATTRIBUTE), label: Label::Many },
        Field { number: 7, name: "object_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::OneOf(0) },
        Field { number: 8, name: "name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::OneOf(0) },
    ],
};

/// `Attribute`.
pub static ATTRIBUTE: Message = Message {
    name: "Attribute",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "path", kind: Kind::Text, label: Label::One },
        Field { number: 3, name: "name", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "definition", kind: Kind::Message(&super::model_definition::ATTRIBUTE_DEFINITION), label: Label::One },
        Field { number: 5, name: "values", kind: Kind::Message(&ATTRIBUTE_VALUE), label: Label::Many },
        Field { number: 6, name: "value_type", kind: Kind::Enum(&super::model_definition::ATTRIBUTE_VALUE_TYPE), label: Label::One },
        Field { number: 7, name: "value_type_collection", kind: Kind::Bool, label: Label::One },
        Field { number: 8, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `AttributeValue`.
pub static ATTRIBUTE_VALUE: Message = Message {
    name: "AttributeValue",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "int_value", kind: Kind::Int64, label: Label::OneOf(0) },
        Field { number: 2, name: "double_value", kind: Kind::Double, label: Label::OneOf(0) },
        Field { number: 3, name: "boolean_value", kind: Kind::Bool, label: Label::OneOf(0) },
        Field { number: 4, name: "string_value", kind: Kind::Text, label: Label::OneOf(0) },
        Field { number: 5, name: "utc_time_value", kind: Kind::Timestamp, label: Label::OneOf(0) },
        Field { number: 6, name: "timeseries_value", kind: Kind::Message(&TIMESERIES_ATTRIBUTE_VALUE), label: Label::OneOf(0) },
        Field { number: 7, name: "ownership_relation_value", kind: Kind::Message(&OWNERSHIP_RELATION_ATTRIBUTE_VALUE), label: Label::OneOf(0) },
        Field { number: 8, name: "link_relation_value", kind: Kind::Message(&LINK_RELATION_ATTRIBUTE_VALUE), label: Label::OneOf(0) },
        Field { number: 9, name: "versioned_link_relation_value", kind: Kind::Message(&VERSIONED_LINK_RELATION_ATTRIBUTE_VALUE), label: Label::OneOf(0) },
    ],
};

/// `TimeseriesAttributeValue`.
pub static TIMESERIES_ATTRIBUTE_VALUE: Message = Message {
    name: "TimeseriesAttributeValue",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "time_series_resource", kind: Kind::Message(&super::time_series::TIMESERIES_RESOURCE), label: Label::One },
        Field { number: 2, name: "expression", kind: Kind::Text, label: Label::One },
        Field { number: 3, name: "is_local_expression", kind: Kind::Bool, label: Label::One },
    ],
};

/// `OwnershipRelationAttributeValue`.
pub static OWNERSHIP_RELATION_ATTRIBUTE_VALUE: Message = Message {
    name: "OwnershipRelationAttributeValue",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "target_object_id", kind: Kind::Guid, label: Label::One },
    ],
};

/// `LinkRelationAttributeValue`.
pub static LINK_RELATION_ATTRIBUTE_VALUE: Message = Message {
    name: "LinkRelationAttributeValue",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "target_object_id", kind: Kind::Guid, label: Label::One },
    ],
};

/// `VersionedLinkRelationAttributeValue`.
pub static VERSIONED_LINK_RELATION_ATTRIBUTE_VALUE: Message = Message {
    name: "VersionedLinkRelationAttributeValue",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "versions", kind: Kind::Message(&LINK_RELATION_VERSION), label: Label::Many },
    ],
};

/// `LinkRelationVersion`.
pub static LINK_RELATION_VERSION: Message = Message {
    name: "LinkRelationVersion",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "target_object_id", kind: Kind::Guid, label: Label::Optional },
        Field { number: 2, name: "valid_from_time", kind: Kind::Timestamp, label: Label::One },
    ],
};

/// `AttributesMasks`.
pub static ATTRIBUTES_MASKS: Message = Message {
    name: "AttributesMasks",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "name_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 2, name: "tag_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 3, name: "namespace_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 4, name: "types", kind: Kind::Enum(&super::model_definition::ATTRIBUTE_VALUE_TYPE), label: Label::Many },
    ],
};

/// `XyCurve`.
pub static XY_CURVE: Message = Message {
    name: "XyCurve",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "reference_value", kind: Kind::Double, label: Label::One },
        Field { number: 2, name: "x_values", kind: Kind::Double, label: Label::Many },
        Field { number: 3, name: "y_values", kind: Kind::Double, label: Label::Many },
    ],
};

/// `XySet`.
pub static XY_SET: Message = Message {
    name: "XySet",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "valid_from_time", kind: Kind::Timestamp, label: Label::One },
        Field { number: 3, name: "xy_curves", kind: Kind::Message(&XY_CURVE), label: Label::Many },
    ],
};

/// `RatingCurveSegment`.
pub static RATING_CURVE_SEGMENT: Message = Message {
    name: "RatingCurveSegment",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "x_range_until", kind: Kind::Double, label: Label::One },
        Field { number: 2, name: "factor_a", kind: Kind::Double, label: Label::One },
        Field { number: 3, name: "factor_b", kind: Kind::Double, label: Label::One },
        Field { number: 4, name: "factor_c", kind: Kind::Double, label: Label::One },
    ],
};

/// `RatingCurveVersion`.
pub static RATING_CURVE_VERSION: Message = Message {
    name: "RatingCurveVersion",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "from", kind: Kind::Timestamp, label: Label::One },
        Field { number: 2, name: "x_range_from", kind: Kind::Double, label: Label::One },
        Field { number: 3, name: "x_value_segments", kind: Kind::Message(&RATING_CURVE_SEGMENT), label: Label::Many },
    ],
};

/// `ListModelsRequest`.
pub static LIST_MODELS_REQUEST: Message = Message {
    name: "ListModelsRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "model_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "object_field_mask", kind: Kind::FieldMask, label: Label::One },
    ],
};

/// `ListModelsResponse`.
pub static LIST_MODELS_RESPONSE: Message = Message {
    name: "ListModelsResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "models", kind: Kind::Message(&OBJECT), label: Label::Many },
    ],
};

/// `GetObjectRequest`.
pub static GET_OBJECT_REQUEST: Message = Message {
    name: "GetObjectRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "object_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "object_field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 4, name: "attributes_masks", kind: Kind::Message(&ATTRIBUTES_MASKS), label: Label::One },
        Field { number: 5, name: "attribute_field_mask", kind: Kind::FieldMask, label: Label::One },
    ],
};

/// `SearchObjectsRequest`.
pub static SEARCH_OBJECTS_REQUEST: Message = Message {
    name: "SearchObjectsRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "start_object_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "query", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "object_field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 5, name: "attributes_masks", kind: Kind::Message(&ATTRIBUTES_MASKS), label: Label::One },
        Field { number: 6, name: "attribute_field_mask", kind: Kind::FieldMask, label: Label::One },
    ],
};

/// `SearchObjectsByDefinitionRequest`.
pub static SEARCH_OBJECTS_BY_DEFINITION_REQUEST: Message = Message {
    name: "SearchObjectsByDefinitionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "object_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "object_field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 4, name: "attributes_masks", kind: Kind::Message(&ATTRIBUTES_MASKS), label: Label::One },
        Field { number: 5, name: "attribute_field_mask", kind: Kind::FieldMask, label: Label::One },
    ],
};

/// `CreateObjectRequest`.
pub static CREATE_OBJECT_REQUEST: Message = Message {
    name: "CreateObjectRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "name", kind: Kind::Text, label: Label::One },
        Field { number: 3, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 4, name: "object_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `CreateModelRequest`.
pub static CREATE_MODEL_REQUEST: Message = Message {
    name: "CreateModelRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "name", kind: Kind::Text, label: Label::One },
        Field { number: 3, name: "model_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `UpdateObjectRequest`.
pub static UPDATE_OBJECT_REQUEST: Message = Message {
    name: "UpdateObjectRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "object_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 4, name: "new_name", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "new_owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `UpdateObjectResponse`.
pub static UPDATE_OBJECT_RESPONSE: Message = Message {
    name: "UpdateObjectResponse",
    form: Form::Plain,
    fields: &[],
};

/// `DeleteObjectRequest`.
pub static DELETE_OBJECT_REQUEST: Message = Message {
    name: "DeleteObjectRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "object_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "recursive_delete", kind: Kind::Bool, label: Label::One },
    ],
};

/// `DeleteObjectResponse`.
pub static DELETE_OBJECT_RESPONSE: Message = Message {
    name: "DeleteObjectResponse",
    form: Form::Plain,
    fields: &[],
};

/// `GetAttributeRequest`.
pub static GET_ATTRIBUTE_REQUEST: Message = Message {
    name: "GetAttributeRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
    ],
};

/// `SearchAttributesRequest`.
pub static SEARCH_ATTRIBUTES_REQUEST: Message = Message {
    name: "SearchAttributesRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "start_object_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "query", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
    ],
};

/// `UpdateSimpleAttributeRequest`.
pub static UPDATE_SIMPLE_ATTRIBUTE_REQUEST: Message = Message {
    name: "UpdateSimpleAttributeRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "new_singular_value", kind: Kind::Message(&ATTRIBUTE_VALUE), label: Label::One },
        Field { number: 4, name: "new_collection_values", kind: Kind::Message(&ATTRIBUTE_VALUE), label: Label::Many },
    ],
};

/// `UpdateSimpleAttributeResponse`.
pub static UPDATE_SIMPLE_ATTRIBUTE_RESPONSE: Message = Message {
    name: "UpdateSimpleAttributeResponse",
    form: Form::Plain,
    fields: &[],
};

/// `UpdateTimeseriesAttributeRequest`.
pub static UPDATE_TIMESERIES_ATTRIBUTE_REQUEST: Message = Message {
    name: "UpdateTimeseriesAttributeRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 4, name: "new_timeseries_resource_key", kind: Kind::Int64, label: Label::One },
        Field { number: 5, name: "new_local_expression", kind: Kind::Text, label: Label::One },
    ],
};

/// `UpdateTimeseriesAttributeResponse`.
pub static UPDATE_TIMESERIES_ATTRIBUTE_RESPONSE: Message = Message {
    name: "UpdateTimeseriesAttributeResponse",
    form: Form::Plain,
    fields: &[],
};

/// `UpdateLinkRelationAttributeRequest`.
pub static UPDATE_LINK_RELATION_ATTRIBUTE_REQUEST: Message = Message {
    name: "UpdateLinkRelationAttributeRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "append", kind: Kind::Bool, label: Label::One },
        Field { number: 4, name: "target_object_ids", kind: Kind::Guid, label: Label::Many },
    ],
};

/// `UpdateLinkRelationAttributeResponse`.
pub static UPDATE_LINK_RELATION_ATTRIBUTE_RESPONSE: Message = Message {
    name: "UpdateLinkRelationAttributeResponse",
    form: Form::Plain,
    fields: &[],
};

/// `UpdateVersionedLinkRelationAttributeRequest`.
pub static UPDATE_VERSIONED_LINK_RELATION_ATTRIBUTE_REQUEST: Message = Message {
    name: "UpdateVersionedLinkRelationAttributeRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "interval", kind: Kind::Message(&super::common::UTC_INTERVAL), label: Label::One },
        Field { number: 3, name: "attribute", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 4, name: "entries", kind: Kind::Message(&VERSIONED_LINK_RELATION_ATTRIBUTE_VALUE), label: Label::Many },
    ],
};

/// `UpdateVersionedLinkRelationAttributeResponse`.
pub static UPDATE_VERSIONED_LINK_RELATION_ATTRIBUTE_RESPONSE: Message = Message {
    name: "UpdateVersionedLinkRelationAttributeResponse",
    form: Form::Plain,
    fields: &[],
};

/// `GetRatingCurveVersionsRequest`.
pub static GET_RATING_CURVE_VERSIONS_REQUEST: Message = Message {
    name: "GetRatingCurveVersionsRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "interval", kind: Kind::Message(&super::common::UTC_INTERVAL), label: Label::One },
        Field { number: 3, name: "versions_only", kind: Kind::Bool, label: Label::One },
        Field { number: 4, name: "attribute", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `GetRatingCurveVersionsResponse`.
pub static GET_RATING_CURVE_VERSIONS_RESPONSE: Message = Message {
    name: "GetRatingCurveVersionsResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "versions", kind: Kind::Message(&RATING_CURVE_VERSION), label: Label::Many },
    ],
};

/// `UpdateRatingCurveVersionsRequest`.
pub static UPDATE_RATING_CURVE_VERSIONS_REQUEST: Message = Message {
    name: "UpdateRatingCurveVersionsRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "interval", kind: Kind::Message(&super::common::UTC_INTERVAL), label: Label::One },
        Field { number: 3, name: "attribute", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 4, name: "versions", kind: Kind::Message(&RATING_CURVE_VERSION), label: Label::Many },
    ],
};

/// `UpdateRatingCurveVersionsResponse`.
pub static UPDATE_RATING_CURVE_VERSIONS_RESPONSE: Message = Message {
    name: "UpdateRatingCurveVersionsResponse",
    form: Form::Plain,
    fields: &[],
};

/// `GetXySetsRequest`.
pub static GET_XY_SETS_REQUEST: Message = Message {
    name: "GetXySetsRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "interval", kind: Kind::Message(&super::common::UTC_INTERVAL), label: Label::One },
        Field { number: 3, name: "versions_only", kind: Kind::Bool, label: Label::One },
        Field { number: 4, name: "attribute", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `GetXySetsResponse`.
pub static GET_XY_SETS_RESPONSE: Message = Message {
    name: "GetXySetsResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "xy_sets", kind: Kind::Message(&XY_SET), label: Label::Many },
    ],
};

/// `UpdateXySetsRequest`.
pub static UPDATE_XY_SETS_REQUEST: Message = Message {
    name: "UpdateXySetsRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "interval", kind: Kind::Message(&super::common::UTC_INTERVAL), label: Label::One },
        Field { number: 3, name: "attribute", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 4, name: "xy_sets", kind: Kind::Message(&XY_SET), label: Label::Many },
    ],
};

/// `UpdateXySetsResponse`.
pub static UPDATE_XY_SETS_RESPONSE: Message = Message {
    name: "UpdateXySetsResponse",
    form: Form::Plain,
    fields: &[],
};

/// `SearchLinkedFromRequest`.
pub static SEARCH_LINKED_FROM_REQUEST: Message = Message {
    name: "SearchLinkedFromRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "target_object_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `SearchLinkedFromResponse`.
pub static SEARCH_LINKED_FROM_RESPONSE: Message = Message {
    name: "SearchLinkedFromResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "link_relation_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `CloneObjectRequest`.
pub static CLONE_OBJECT_REQUEST: Message = Message {
    name: "CloneObjectRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "source_object_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "new_owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::Optional },
        Field { number: 4, name: "new_object_name", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "timeseries_copy_mode", kind: Kind::Enum(&TIMESERIES_COPY_MODE), label: Label::One },
    ],
};

/// `CloneObjectResponse`.
pub static CLONE_OBJECT_RESPONSE: Message = Message {
    name: "CloneObjectResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "new_object", kind: Kind::Message(&OBJECT), label: Label::One },
    ],
};

/// `ModelService`.
pub static MODEL_SERVICE: Service = Service {
    name: "volue.mesh.grpc.model.v1alpha.ModelService",
    methods: &[
        Method { name: "ListModels", input: Kind::Message(&LIST_MODELS_REQUEST), output: Kind::Message(&LIST_MODELS_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "GetObject", input: Kind::Message(&GET_OBJECT_REQUEST), output: Kind::Message(&OBJECT), asks_many: false, answers_many: false },
        Method { name: "SearchObjects", input: Kind::Message(&SEARCH_OBJECTS_REQUEST), output: Kind::Message(&OBJECT), asks_many: false, answers_many: true },
        Method { name: "SearchObjectsByDefinition", input: Kind::Message(&SEARCH_OBJECTS_BY_DEFINITION_REQUEST), output: Kind::Message(&OBJECT), asks_many: false, answers_many: true },
        Method { name: "CreateObject", input: Kind::Message(&CREATE_OBJECT_REQUEST), output: Kind::Message(&OBJECT), asks_many: false, answers_many: false },
        Method { name: "CreateModel", input: Kind::Message(&CREATE_MODEL_REQUEST), output: Kind::Message(&OBJECT), asks_many: false, answers_many: false },
        Method { name: "UpdateObject", input: Kind::Message(&UPDATE_OBJECT_REQUEST), output: Kind::Message(&UPDATE_OBJECT_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "DeleteObject", input: Kind::Message(&DELETE_OBJECT_REQUEST), output: Kind::Message(&DELETE_OBJECT_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "GetAttribute", input: Kind::Message(&GET_ATTRIBUTE_REQUEST), output: Kind::Message(&ATTRIBUTE), asks_many: false, answers_many: false },
        Method { name: "SearchAttributes", input: Kind::Message(&SEARCH_ATTRIBUTES_REQUEST), output: Kind::Message(&ATTRIBUTE), asks_many: false, answers_many: true },
        Method { name: "UpdateSimpleAttribute", input: Kind::Message(&UPDATE_SIMPLE_ATTRIBUTE_REQUEST), output: Kind::Message(&UPDATE_SIMPLE_ATTRIBUTE_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "UpdateTimeseriesAttribute", input: Kind::Message(&UPDATE_TIMESERIES_ATTRIBUTE_REQUEST), output: Kind::Message(&UPDATE_TIMESERIES_ATTRIBUTE_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "UpdateLinkRelationAttribute", input: Kind::Message(&UPDATE_LINK_RELATION_ATTRIBUTE_REQUEST), output: Kind::Message(&UPDATE_LINK_RELATION_ATTRIBUTE_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "UpdateVersionedLinkRelationAttribute", input: Kind::Message(&UPDATE_VERSIONED_LINK_RELATION_ATTRIBUTE_REQUEST), output: Kind::Message(&UPDATE_VERSIONED_LINK_RELATION_ATTRIBUTE_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "GetXySets", input: Kind::Message(&GET_XY_SETS_REQUEST), output: Kind::Message(&GET_XY_SETS_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "UpdateXySets", input: Kind::Message(&UPDATE_XY_SETS_REQUEST), output: Kind::Message(&UPDATE_XY_SETS_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "GetRatingCurveVersions", input: Kind::Message(&GET_RATING_CURVE_VERSIONS_REQUEST), output: Kind::Message(&GET_RATING_CURVE_VERSIONS_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "UpdateRatingCurveVersions", input: Kind::Message(&UPDATE_RATING_CURVE_VERSIONS_REQUEST), output: Kind::Message(&UPDATE_RATING_CURVE_VERSIONS_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "SearchLinkedFrom", input: Kind::Message(&SEARCH_LINKED_FROM_REQUEST), output: Kind::Message(&SEARCH_LINKED_FROM_RESPONSE), asks_many: false, answers_many: true },
        Method { name: "CloneObject", input: Kind::Message(&CLONE_OBJECT_REQUEST), output: Kind::Message(&CLONE_OBJECT_RESPONSE), asks_many: false, answers_many: false },
    ],
};
