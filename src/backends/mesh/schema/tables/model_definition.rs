// Made by `cargo run -p haft-tools -- proto` from proto/; edits are lost.
//! `volue.mesh.grpc.model_definition.v1alpha`.

use super::super::{Enumeration, Field, Form, Kind, Label, Message, Method, Service};

/// `AttributeValueType`.
pub static ATTRIBUTE_VALUE_TYPE: Enumeration = Enumeration {
    name: "AttributeValueType",
    values: &[("ATTRIBUTE_VALUE_TYPE_UNSPECIFIED", 0), ("ATTRIBUTE_VALUE_TYPE_INT", 1), ("ATTRIBUTE_VALUE_TYPE_DOUBLE", 2), ("ATTRIBUTE_VALUE_TYPE_BOOL", 3), ("ATTRIBUTE_VALUE_TYPE_STRING", 4), ("ATTRIBUTE_VALUE_TYPE_UTC_TIME", 5), ("ATTRIBUTE_VALUE_TYPE_TIMESERIES", 6), ("ATTRIBUTE_VALUE_TYPE_OWNERSHIP_RELATION", 7), ("ATTRIBUTE_VALUE_TYPE_LINK_RELATION", 8), ("ATTRIBUTE_VALUE_TYPE_VERSIONED_LINK_RELATION", 9), ("ATTRIBUTE_VALUE_TYPE_RATING_CURVE", 10), ("ATTRIBUTE_VALUE_TYPE_XY_SET", 11)],
};

/// `AttributeType`.
pub static ATTRIBUTE_TYPE: Message = Message {
    name: "AttributeType",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "path", kind: Kind::Text, label: Label::One },
        Field { number: 3, name: "name", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "description", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 6, name: "tags", kind: Kind::Message(&TAG), label: Label::Many },
        Field { number: 7, name: "name_space", kind: Kind::Text, label: Label::One },
        Field { number: 8, name: "value_type", kind: Kind::Enum(&ATTRIBUTE_VALUE_TYPE), label: Label::One },
        Field { number: 9, name: "unit_of_measurement", kind: Kind::Message(&UNIT_OF_MEASUREMENT), label: Label::Optional },
        Field { number: 10, name: "target_object_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::Optional },
        Field { number: 11, name: "expression", kind: Kind::Text, label: Label::Optional },
    ],
};

/// `AttributeDefinition`.
pub static ATTRIBUTE_DEFINITION: Message = Message {
    name: "AttributeDefinition",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "path", kind: Kind::Text, label: Label::One },
        Field { number: 3, name: "name", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "description", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "tags", kind: Kind::Message(&TAG), label: Label::Many },
        Field { number: 6, name: "name_space", kind: Kind::Text, label: Label::One },
        Field { number: 7, name: "type_name", kind: Kind::Text, label: Label::One },
        Field { number: 8, name: "minimum_cardinality", kind: Kind::Int64, label: Label::One },
        Field { number: 9, name: "maximum_cardinality", kind: Kind::Int64, label: Label::One },
        Field { number: 10, name: "int_definition", kind: Kind::Message(&INT64_ATTRIBUTE_DEFINITION), label: Label::OneOf(0) },
        Field { number: 11, name: "double_definition", kind: Kind::Message(&DOUBLE_ATTRIBUTE_DEFINITION), label: Label::OneOf(0) },
        Field { number: 12, name: "boolean_definition", kind: Kind::Message(&BOOLEAN_ATTRIBUTE_DEFINITION), label: Label::OneOf(0) },
        Field { number: 13, name: "string_definition", kind: Kind::Message(&STRING_ATTRIBUTE_DEFINITION), label: Label::OneOf(0) },
        Field { number: 14, name: "utc_time_definition", kind: Kind::Message(&UTC_TIME_ATTRIBUTE_DEFINITION), label: Label::OneOf(0) },
        Field { number: 15, name: "timeseries_definition", kind: Kind::Message(&TIMESERIES_ATTRIBUTE_DEFINITION), label: Label::OneOf(0) },
        Field { number: 16, name: "xy_table_definition", kind: Kind::Message(&XY_SETS_ATTRIBUTE_DEFINITION), label: Label::OneOf(0) },
        Field { number: 17, name: "ownership_relation_definition", kind: Kind::Message(&OWNERSHIP_RELATION_ATTRIBUTE_DEFINITION), label: Label::OneOf(0) },
        Field { number: 18, name: "link_relation_definition", kind: Kind::Message(&LINK_RELATION_ATTRIBUTE_DEFINITION), label: Label::OneOf(0) },
        Field { number: 19, name: "rating_curve_definition", kind: Kind::Message(&RATING_CURVE_ATTRIBUTE_DEFINITION), label: Label::OneOf(0) },
        Field { number: 1000, name: "attribute_type_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 1001, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `Int64AttributeDefinition`.
pub static INT64_ATTRIBUTE_DEFINITION: Message = Message {
    name: "Int64AttributeDefinition",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "default_value", kind: Kind::Int64, label: Label::One },
        Field { number: 2, name: "minimum_value", kind: Kind::Int64, label: Label::One },
        Field { number: 3, name: "maximum_value", kind: Kind::Int64, label: Label::One },
        Field { number: 4, name: "unit_of_measurement", kind: Kind::Message(&UNIT_OF_MEASUREMENT), label: Label::One },
        Field { number: 5, name: "allowed_values", kind: Kind::Int64, label: Label::Many },
    ],
};

/// `DoubleAttributeDefinition`.
pub static DOUBLE_ATTRIBUTE_DEFINITION: Message = Message {
    name: "DoubleAttributeDefinition",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "default_value", kind: Kind::Double, label: Label::One },
        Field { number: 2, name: "minimum_value", kind: Kind::Double, label: Label::One },
        Field { number: 3, name: "maximum_value", kind: Kind::Double, label: Label::One },
        Field { number: 4, name: "unit_of_measurement", kind: Kind::Message(&UNIT_OF_MEASUREMENT), label: Label::One },
        Field { number: 5, name: "allowed_values", kind: Kind::Double, label: Label::Many },
    ],
};

/// `BooleanAttributeDefinition`.
pub static BOOLEAN_ATTRIBUTE_DEFINITION: Message = Message {
    name: "BooleanAttributeDefinition",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "default_value", kind: Kind::Bool, label: Label::One },
    ],
};

/// `StringAttributeDefinition`.
pub static STRING_ATTRIBUTE_DEFINITION: Message = Message {
    name: "StringAttributeDefinition",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "default_value", kind: Kind::Text, label: Label::One },
        Field { number: 2, name: "allowed_values", kind: Kind::Text, label: Label::Many },
    ],
};

/// `UtcTimeAttributeDefinition`.
pub static UTC_TIME_ATTRIBUTE_DEFINITION: Message = Message {
    name: "UtcTimeAttributeDefinition",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "default_value", kind: Kind::Text, label: Label::One },
        Field { number: 2, name: "minimum_value", kind: Kind::Text, label: Label::One },
        Field { number: 3, name: "maximum_value", kind: Kind::Text, label: Label::One },
    ],
};

/// `TimeseriesAttributeDefinition`.
pub static TIMESERIES_ATTRIBUTE_DEFINITION: Message = Message {
    name: "TimeseriesAttributeDefinition",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "template_expression", kind: Kind::Text, label: Label::One },
        Field { number: 2, name: "unit_of_measurement", kind: Kind::Message(&UNIT_OF_MEASUREMENT), label: Label::One },
    ],
};

/// `XySetAxis`.
pub static XY_SET_AXIS: Message = Message {
    name: "XySetAxis",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "description", kind: Kind::Text, label: Label::One },
        Field { number: 2, name: "unit_of_measurement", kind: Kind::Message(&UNIT_OF_MEASUREMENT), label: Label::One },
    ],
};

/// `XySetsAttributeDefinition`.
pub static XY_SETS_ATTRIBUTE_DEFINITION: Message = Message {
    name: "XySetsAttributeDefinition",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "versioned", kind: Kind::Bool, label: Label::One },
        Field { number: 2, name: "x_axis", kind: Kind::Message(&XY_SET_AXIS), label: Label::One },
        Field { number: 3, name: "y_axis", kind: Kind::Message(&XY_SET_AXIS), label: Label::One },
        Field { number: 4, name: "z_axis", kind: Kind::Message(&XY_SET_AXIS), label: Label::Optional },
    ],
};

/// `OwnershipRelationAttributeDefinition`.
pub static OWNERSHIP_RELATION_ATTRIBUTE_DEFINITION: Message = Message {
    name: "OwnershipRelationAttributeDefinition",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "target_object_type_name", kind: Kind::Text, label: Label::One },
        Field { number: 2, name: "target_object_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `LinkRelationAttributeDefinition`.
pub static LINK_RELATION_ATTRIBUTE_DEFINITION: Message = Message {
    name: "LinkRelationAttributeDefinition",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "target_object_type_name", kind: Kind::Text, label: Label::One },
        Field { number: 2, name: "target_object_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "versioned", kind: Kind::Bool, label: Label::One },
    ],
};

/// `RatingCurveAttributeDefinition`.
pub static RATING_CURVE_ATTRIBUTE_DEFINITION: Message = Message {
    name: "RatingCurveAttributeDefinition",
    form: Form::Plain,
    fields: &[],
};

/// `AttributeDefinitionDefaultValue`.
pub static ATTRIBUTE_DEFINITION_DEFAULT_VALUE: Message = Message {
    name: "AttributeDefinitionDefaultValue",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "int_value", kind: Kind::Int64, label: Label::OneOf(0) },
        Field { number: 2, name: "double_value", kind: Kind::Double, label: Label::OneOf(0) },
        Field { number: 3, name: "boolean_value", kind: Kind::Bool, label: Label::OneOf(0) },
        Field { number: 4, name: "string_value", kind: Kind::Text, label: Label::OneOf(0) },
        Field { number: 5, name: "utc_time_value", kind: Kind::Timestamp, label: Label::OneOf(0) },
    ],
};

/// `AttributeDefinitionThresholdValue`.
pub static ATTRIBUTE_DEFINITION_THRESHOLD_VALUE: Message = Message {
    name: "AttributeDefinitionThresholdValue",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "int_value", kind: Kind::Int64, label: Label::OneOf(0) },
        Field { number: 2, name: "double_value", kind: Kind::Double, label: Label::OneOf(0) },
        Field { number: 3, name: "utc_time_value", kind: Kind::Timestamp, label: Label::OneOf(0) },
    ],
};

/// `AttributeDefinitionAllowedValue`.
pub static ATTRIBUTE_DEFINITION_ALLOWED_VALUE: Message = Message {
    name: "AttributeDefinitionAllowedValue",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "int_value", kind: Kind::Int64, label: Label::OneOf(0) },
        Field { number: 2, name: "double_value", kind: Kind::Double, label: Label::OneOf(0) },
        Field { number: 3, name: "string_value", kind: Kind::Text, label: Label::OneOf(0) },
    ],
};

/// `ObjectDefinition`.
pub static OBJECT_DEFINITION: Message = Message {
    name: "ObjectDefinition",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "path", kind: Kind::Text, label: Label::One },
        Field { number: 3, name: "name", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "description", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 6, name: "tags", kind: Kind::Message(&TAG), label: Label::Many },
        Field { number: 7, name: "name_space", kind: Kind::Text, label: Label::One },
        Field { number: 8, name: "instance_count", kind: Kind::Int32, label: Label::One },
        Field { number: 9, name: "attribute_definitions", kind: Kind::Message(&ATTRIBUTE_DEFINITION), label: Label::Many },
    ],
};

/// `Namespace.Child`.
pub static NAMESPACE_CHILD: Message = Message {
    name: "Namespace.Child",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::OneOf(0) },
        Field { number: 2, name: "object_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::OneOf(0) },
        Field { number: 3, name: "attribute_type_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::OneOf(0) },
    ],
};

/// `Namespace`.
pub static NAMESPACE: Message = Message {
    name: "Namespace",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "path", kind: Kind::Text, label: Label::One },
        Field { number: 3, name: "name", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "description", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 6, name: "is_model_definition", kind: Kind::Bool, label: Label::One },
        Field { number: 7, name: "children", kind: Kind::Message(&NAMESPACE_CHILD), label: Label::Many },
    ],
};

/// `Tag`.
pub static TAG: Message = Message {
    name: "Tag",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "name", kind: Kind::Text, label: Label::One },
        Field { number: 3, name: "description", kind: Kind::Text, label: Label::One },
    ],
};

/// `TagUsage`.
pub static TAG_USAGE: Message = Message {
    name: "TagUsage",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "attribute_type", kind: Kind::Message(&ATTRIBUTE_TYPE), label: Label::OneOf(0) },
        Field { number: 2, name: "object_definition", kind: Kind::Message(&OBJECT_DEFINITION), label: Label::OneOf(0) },
    ],
};

/// `UnitOfMeasurement`.
pub static UNIT_OF_MEASUREMENT: Message = Message {
    name: "UnitOfMeasurement",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "name", kind: Kind::Text, label: Label::One },
    ],
};

/// `ExtendedMetadata`.
pub static EXTENDED_METADATA: Message = Message {
    name: "ExtendedMetadata",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "category", kind: Kind::Text, label: Label::One },
        Field { number: 2, name: "metadata", kind: Kind::Struct, label: Label::One },
    ],
};

/// `SearchObjectDefinitionsRequest`.
pub static SEARCH_OBJECT_DEFINITIONS_REQUEST: Message = Message {
    name: "SearchObjectDefinitionsRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "recursive_search", kind: Kind::Bool, label: Label::One },
        Field { number: 4, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
    ],
};

/// `GetObjectDefinitionRequest`.
pub static GET_OBJECT_DEFINITION_REQUEST: Message = Message {
    name: "GetObjectDefinitionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "object_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
    ],
};

/// `CreateObjectDefinitionRequest`.
pub static CREATE_OBJECT_DEFINITION_REQUEST: Message = Message {
    name: "CreateObjectDefinitionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "name", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "description", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "tag_ids", kind: Kind::Guid, label: Label::Many },
    ],
};

/// `UpdateObjectDefinitionRequest`.
pub static UPDATE_OBJECT_DEFINITION_REQUEST: Message = Message {
    name: "UpdateObjectDefinitionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "object_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 4, name: "new_name", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "new_description", kind: Kind::Text, label: Label::One },
        Field { number: 6, name: "new_tag_ids", kind: Kind::Guid, label: Label::Many },
        Field { number: 7, name: "new_name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `UpdateObjectDefinitionResponse`.
pub static UPDATE_OBJECT_DEFINITION_RESPONSE: Message = Message {
    name: "UpdateObjectDefinitionResponse",
    form: Form::Plain,
    fields: &[],
};

/// `DeleteObjectDefinitionRequest`.
pub static DELETE_OBJECT_DEFINITION_REQUEST: Message = Message {
    name: "DeleteObjectDefinitionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "object_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `DeleteObjectDefinitionResponse`.
pub static DELETE_OBJECT_DEFINITION_RESPONSE: Message = Message {
    name: "DeleteObjectDefinitionResponse",
    form: Form::Plain,
    fields: &[],
};

/// `SearchAttributeDefinitionsRequest`.
pub static SEARCH_ATTRIBUTE_DEFINITIONS_REQUEST: Message = Message {
    name: "SearchAttributeDefinitionsRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_type_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
    ],
};

/// `GetAttributeDefinitionRequest`.
pub static GET_ATTRIBUTE_DEFINITION_REQUEST: Message = Message {
    name: "GetAttributeDefinitionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
    ],
};

/// `SearchAttributeTypesRequest`.
pub static SEARCH_ATTRIBUTE_TYPES_REQUEST: Message = Message {
    name: "SearchAttributeTypesRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "recursive_search", kind: Kind::Bool, label: Label::One },
        Field { number: 4, name: "value_type", kind: Kind::Enum(&ATTRIBUTE_VALUE_TYPE), label: Label::Optional },
        Field { number: 5, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
    ],
};

/// `GetAttributeTypeRequest`.
pub static GET_ATTRIBUTE_TYPE_REQUEST: Message = Message {
    name: "GetAttributeTypeRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_type_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
    ],
};

/// `CreateRelationAttributeTypeRequest`.
pub static CREATE_RELATION_ATTRIBUTE_TYPE_REQUEST: Message = Message {
    name: "CreateRelationAttributeTypeRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "name", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "description", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "target_object_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 6, name: "tag_ids", kind: Kind::Guid, label: Label::Many },
    ],
};

/// `CreateRatingCurveAttributeTypeRequest`.
pub static CREATE_RATING_CURVE_ATTRIBUTE_TYPE_REQUEST: Message = Message {
    name: "CreateRatingCurveAttributeTypeRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "name", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "description", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "tag_ids", kind: Kind::Guid, label: Label::Many },
    ],
};

/// `CreateSimpleAttributeTypeRequest`.
pub static CREATE_SIMPLE_ATTRIBUTE_TYPE_REQUEST: Message = Message {
    name: "CreateSimpleAttributeTypeRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "name", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "description", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "expression", kind: Kind::Text, label: Label::One },
        Field { number: 6, name: "unit_of_measurement_id", kind: Kind::Guid, label: Label::Optional },
        Field { number: 7, name: "value_type", kind: Kind::Enum(&ATTRIBUTE_VALUE_TYPE), label: Label::One },
        Field { number: 8, name: "tag_ids", kind: Kind::Guid, label: Label::Many },
    ],
};

/// `CreateTimeseriesAttributeTypeRequest`.
pub static CREATE_TIMESERIES_ATTRIBUTE_TYPE_REQUEST: Message = Message {
    name: "CreateTimeseriesAttributeTypeRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "name", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "description", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "unit_of_measurement_id", kind: Kind::Guid, label: Label::One },
        Field { number: 6, name: "tag_ids", kind: Kind::Guid, label: Label::Many },
    ],
};

/// `CreateXySetAttributeTypeRequest`.
pub static CREATE_XY_SET_ATTRIBUTE_TYPE_REQUEST: Message = Message {
    name: "CreateXySetAttributeTypeRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "name", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "description", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "expression", kind: Kind::Text, label: Label::One },
        Field { number: 6, name: "tag_ids", kind: Kind::Guid, label: Label::Many },
    ],
};

/// `UpdateRatingCurveAttributeTypeRequest`.
pub static UPDATE_RATING_CURVE_ATTRIBUTE_TYPE_REQUEST: Message = Message {
    name: "UpdateRatingCurveAttributeTypeRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_type_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 4, name: "new_name", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "new_description", kind: Kind::Text, label: Label::One },
        Field { number: 6, name: "new_tag_ids", kind: Kind::Guid, label: Label::Many },
        Field { number: 7, name: "new_name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `UpdateRelationAttributeTypeRequest`.
pub static UPDATE_RELATION_ATTRIBUTE_TYPE_REQUEST: Message = Message {
    name: "UpdateRelationAttributeTypeRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_type_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 4, name: "new_name", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "new_description", kind: Kind::Text, label: Label::One },
        Field { number: 6, name: "new_tag_ids", kind: Kind::Guid, label: Label::Many },
        Field { number: 7, name: "new_name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `UpdateSimpleAttributeTypeRequest`.
pub static UPDATE_SIMPLE_ATTRIBUTE_TYPE_REQUEST: Message = Message {
    name: "UpdateSimpleAttributeTypeRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_type_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 4, name: "new_name", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "new_description", kind: Kind::Text, label: Label::One },
        Field { number: 6, name: "new_expression", kind: Kind::Text, label: Label::One },
        Field { number: 7, name: "new_unit_of_measurement_id", kind: Kind::Guid, label: Label::One },
        Field { number: 8, name: "new_tag_ids", kind: Kind::Guid, label: Label::Many },
        Field { number: 9, name: "new_name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `UpdateTimeseriesAttributeTypeRequest`.
pub static UPDATE_TIMESERIES_ATTRIBUTE_TYPE_REQUEST: Message = Message {
    name: "UpdateTimeseriesAttributeTypeRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_type_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 4, name: "new_name", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "new_description", kind: Kind::Text, label: Label::One },
        Field { number: 6, name: "new_unit_of_measurement_id", kind: Kind::Guid, label: Label::One },
        Field { number: 7, name: "new_tag_ids", kind: Kind::Guid, label: Label::Many },
        Field { number: 8, name: "new_name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `UpdateXySetAttributeTypeRequest`.
pub static UPDATE_XY_SET_ATTRIBUTE_TYPE_REQUEST: Message = Message {
    name: "UpdateXySetAttributeTypeRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_type_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 4, name: "new_name", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "new_description", kind: Kind::Text, label: Label::One },
        Field { number: 6, name: "new_expression", kind: Kind::Text, label: Label::One },
        Field { number: 7, name: "new_tag_ids", kind: Kind::Guid, label: Label::Many },
        Field { number: 8, name: "new_name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `UpdateAttributeTypeResponse`.
pub static UPDATE_ATTRIBUTE_TYPE_RESPONSE: Message = Message {
    name: "UpdateAttributeTypeResponse",
    form: Form::Plain,
    fields: &[],
};

/// `DeleteAttributeTypeRequest`.
pub static DELETE_ATTRIBUTE_TYPE_REQUEST: Message = Message {
    name: "DeleteAttributeTypeRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_type_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `DeleteAttributeTypeResponse`.
pub static DELETE_ATTRIBUTE_TYPE_RESPONSE: Message = Message {
    name: "DeleteAttributeTypeResponse",
    form: Form::Plain,
    fields: &[],
};

/// `ListModelDefinitionsRequest`.
pub static LIST_MODEL_DEFINITIONS_REQUEST: Message = Message {
    name: "ListModelDefinitionsRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
    ],
};

/// `ListModelDefinitionsResponse`.
pub static LIST_MODEL_DEFINITIONS_RESPONSE: Message = Message {
    name: "ListModelDefinitionsResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "model_definitions", kind: Kind::Message(&NAMESPACE), label: Label::Many },
    ],
};

/// `SearchNamespacesRequest`.
pub static SEARCH_NAMESPACES_REQUEST: Message = Message {
    name: "SearchNamespacesRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "recursive_search", kind: Kind::Bool, label: Label::One },
        Field { number: 4, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
    ],
};

/// `AddRatingCurveAttributeDefinitionRequest`.
pub static ADD_RATING_CURVE_ATTRIBUTE_DEFINITION_REQUEST: Message = Message {
    name: "AddRatingCurveAttributeDefinitionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_type_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "object_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 4, name: "description", kind: Kind::Text, label: Label::One },
    ],
};

/// `AddLinkRelationAttributeDefinitionRequest`.
pub static ADD_LINK_RELATION_ATTRIBUTE_DEFINITION_REQUEST: Message = Message {
    name: "AddLinkRelationAttributeDefinitionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_type_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "object_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 4, name: "description", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "cardinality", kind: Kind::Int32, label: Label::One },
        Field { number: 6, name: "versioned", kind: Kind::Bool, label: Label::One },
    ],
};

/// `AddOwnershipRelationAttributeDefinitionRequest`.
pub static ADD_OWNERSHIP_RELATION_ATTRIBUTE_DEFINITION_REQUEST: Message = Message {
    name: "AddOwnershipRelationAttributeDefinitionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_type_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "object_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 4, name: "description", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "cardinality", kind: Kind::Int32, label: Label::One },
    ],
};

/// `AddSimpleAttributeDefinitionRequest`.
pub static ADD_SIMPLE_ATTRIBUTE_DEFINITION_REQUEST: Message = Message {
    name: "AddSimpleAttributeDefinitionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_type_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "object_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 4, name: "description", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "cardinality", kind: Kind::Int32, label: Label::One },
        Field { number: 6, name: "default_value", kind: Kind::Message(&ATTRIBUTE_DEFINITION_DEFAULT_VALUE), label: Label::Optional },
        Field { number: 7, name: "upper_threshold", kind: Kind::Message(&ATTRIBUTE_DEFINITION_THRESHOLD_VALUE), label: Label::Optional },
        Field { number: 8, name: "lower_threshold", kind: Kind::Message(&ATTRIBUTE_DEFINITION_THRESHOLD_VALUE), label: Label::Optional },
        Field { number: 9, name: "allowed_values", kind: Kind::Message(&ATTRIBUTE_DEFINITION_ALLOWED_VALUE), label: Label::Many },
    ],
};

/// `AddTimeseriesAttributeDefinitionRequest`.
pub static ADD_TIMESERIES_ATTRIBUTE_DEFINITION_REQUEST: Message = Message {
    name: "AddTimeseriesAttributeDefinitionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_type_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "object_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 4, name: "description", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "cardinality", kind: Kind::Int32, label: Label::One },
        Field { number: 6, name: "template_expression", kind: Kind::Text, label: Label::One },
    ],
};

/// `AddXySetAttributeDefinitionRequest`.
pub static ADD_XY_SET_ATTRIBUTE_DEFINITION_REQUEST: Message = Message {
    name: "AddXySetAttributeDefinitionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_type_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "object_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 4, name: "description", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "x_axis", kind: Kind::Message(&XY_SET_AXIS), label: Label::One },
        Field { number: 6, name: "y_axis", kind: Kind::Message(&XY_SET_AXIS), label: Label::One },
        Field { number: 7, name: "z_axis", kind: Kind::Message(&XY_SET_AXIS), label: Label::Optional },
        Field { number: 8, name: "versioned", kind: Kind::Bool, label: Label::One },
    ],
};

/// `UpdateRatingCurveAttributeDefinitionRequest`.
pub static UPDATE_RATING_CURVE_ATTRIBUTE_DEFINITION_REQUEST: Message = Message {
    name: "UpdateRatingCurveAttributeDefinitionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 4, name: "new_description", kind: Kind::Text, label: Label::One },
    ],
};

/// `UpdateRelationAttributeDefinitionRequest`.
pub static UPDATE_RELATION_ATTRIBUTE_DEFINITION_REQUEST: Message = Message {
    name: "UpdateRelationAttributeDefinitionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 4, name: "new_description", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "new_cardinality", kind: Kind::Int32, label: Label::One },
    ],
};

/// `UpdateSimpleAttributeDefinitionRequest`.
pub static UPDATE_SIMPLE_ATTRIBUTE_DEFINITION_REQUEST: Message = Message {
    name: "UpdateSimpleAttributeDefinitionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 4, name: "new_description", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "new_cardinality", kind: Kind::Int32, label: Label::One },
        Field { number: 6, name: "new_default_value", kind: Kind::Message(&ATTRIBUTE_DEFINITION_DEFAULT_VALUE), label: Label::Optional },
        Field { number: 7, name: "new_upper_threshold", kind: Kind::Message(&ATTRIBUTE_DEFINITION_THRESHOLD_VALUE), label: Label::Optional },
        Field { number: 8, name: "new_lower_threshold", kind: Kind::Message(&ATTRIBUTE_DEFINITION_THRESHOLD_VALUE), label: Label::Optional },
        Field { number: 9, name: "new_allowed_values", kind: Kind::Message(&ATTRIBUTE_DEFINITION_ALLOWED_VALUE), label: Label::Many },
    ],
};

/// `UpdateTimeseriesAttributeDefinitionRequest`.
pub static UPDATE_TIMESERIES_ATTRIBUTE_DEFINITION_REQUEST: Message = Message {
    name: "UpdateTimeseriesAttributeDefinitionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 4, name: "new_description", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "new_cardinality", kind: Kind::Int32, label: Label::One },
        Field { number: 6, name: "new_template_expression", kind: Kind::Text, label: Label::One },
    ],
};

/// `UpdateXySetAttributeDefinitionRequest`.
pub static UPDATE_XY_SET_ATTRIBUTE_DEFINITION_REQUEST: Message = Message {
    name: "UpdateXySetAttributeDefinitionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 4, name: "new_description", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "new_x_axis", kind: Kind::Message(&XY_SET_AXIS), label: Label::One },
        Field { number: 6, name: "new_y_axis", kind: Kind::Message(&XY_SET_AXIS), label: Label::One },
        Field { number: 7, name: "new_z_axis", kind: Kind::Message(&XY_SET_AXIS), label: Label::Optional },
    ],
};

/// `UpdateAttributeDefinitionResponse`.
pub static UPDATE_ATTRIBUTE_DEFINITION_RESPONSE: Message = Message {
    name: "UpdateAttributeDefinitionResponse",
    form: Form::Plain,
    fields: &[],
};

/// `DeleteAttributeDefinitionRequest`.
pub static DELETE_ATTRIBUTE_DEFINITION_REQUEST: Message = Message {
    name: "DeleteAttributeDefinitionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "attribute_definition_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `DeleteAttributeDefinitionResponse`.
pub static DELETE_ATTRIBUTE_DEFINITION_RESPONSE: Message = Message {
    name: "DeleteAttributeDefinitionResponse",
    form: Form::Plain,
    fields: &[],
};

/// `GetNamespaceRequest`.
pub static GET_NAMESPACE_REQUEST: Message = Message {
    name: "GetNamespaceRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
    ],
};

/// `CreateNamespaceRequest`.
pub static CREATE_NAMESPACE_REQUEST: Message = Message {
    name: "CreateNamespaceRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "name", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "description", kind: Kind::Text, label: Label::One },
    ],
};

/// `UpdateNamespaceRequest`.
pub static UPDATE_NAMESPACE_REQUEST: Message = Message {
    name: "UpdateNamespaceRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 4, name: "new_name", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "new_description", kind: Kind::Text, label: Label::One },
    ],
};

/// `UpdateNamespaceResponse`.
pub static UPDATE_NAMESPACE_RESPONSE: Message = Message {
    name: "UpdateNamespaceResponse",
    form: Form::Plain,
    fields: &[],
};

/// `DeleteNamespaceRequest`.
pub static DELETE_NAMESPACE_REQUEST: Message = Message {
    name: "DeleteNamespaceRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "name_space_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `DeleteNamespaceResponse`.
pub static DELETE_NAMESPACE_RESPONSE: Message = Message {
    name: "DeleteNamespaceResponse",
    form: Form::Plain,
    fields: &[],
};

/// `ListTagsRequest`.
pub static LIST_TAGS_REQUEST: Message = Message {
    name: "ListTagsRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "model_definition", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `ListTagsResponse`.
pub static LIST_TAGS_RESPONSE: Message = Message {
    name: "ListTagsResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "tags", kind: Kind::Message(&TAG), label: Label::Many },
    ],
};

/// `GetTagRequest`.
pub static GET_TAG_REQUEST: Message = Message {
    name: "GetTagRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "tag_id", kind: Kind::Guid, label: Label::One },
    ],
};

/// `SearchTagUsagesRequest`.
pub static SEARCH_TAG_USAGES_REQUEST: Message = Message {
    name: "SearchTagUsagesRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "tag_id", kind: Kind::Guid, label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
    ],
};

/// `CreateTagRequest`.
pub static CREATE_TAG_REQUEST: Message = Message {
    name: "CreateTagRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "model_definition", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "name", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "description", kind: Kind::Text, label: Label::One },
    ],
};

/// `UpdateTagRequest`.
pub static UPDATE_TAG_REQUEST: Message = Message {
    name: "UpdateTagRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "tag_id", kind: Kind::Guid, label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 4, name: "new_name", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "new_description", kind: Kind::Text, label: Label::One },
    ],
};

/// `UpdateTagResponse`.
pub static UPDATE_TAG_RESPONSE: Message = Message {
    name: "UpdateTagResponse",
    form: Form::Plain,
    fields: &[],
};

/// `DeleteTagRequest`.
pub static DELETE_TAG_REQUEST: Message = Message {
    name: "DeleteTagRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "tag_id", kind: Kind::Guid, label: Label::One },
        Field { number: 3, name: "delete_usages", kind: Kind::Bool, label: Label::One },
    ],
};

/// `DeleteTagResponse`.
pub static DELETE_TAG_RESPONSE: Message = Message {
    name: "DeleteTagResponse",
    form: Form::Plain,
    fields: &[],
};

/// `ListUnitsOfMeasurementRequest`.
pub static LIST_UNITS_OF_MEASUREMENT_REQUEST: Message = Message {
    name: "ListUnitsOfMeasurementRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
    ],
};

/// `ListUnitsOfMeasurementResponse`.
pub static LIST_UNITS_OF_MEASUREMENT_RESPONSE: Message = Message {
    name: "ListUnitsOfMeasurementResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "units_of_measurement", kind: Kind::Message(&UNIT_OF_MEASUREMENT), label: Label::Many },
    ],
};

/// `GetExtendedMetadataRequest`.
pub static GET_EXTENDED_METADATA_REQUEST: Message = Message {
    name: "GetExtendedMetadataRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `GetExtendedMetadataResponse`.
pub static GET_EXTENDED_METADATA_RESPONSE: Message = Message {
    name: "GetExtendedMetadataResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "metadata", kind: Kind::Message(&EXTENDED_METADATA), label: Label::Many },
    ],
};

/// `SetExtendedMetadataRequest`.
pub static SET_EXTENDED_METADATA_REQUEST: Message = Message {
    name: "SetExtendedMetadataRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "metadata", kind: Kind::Message(&EXTENDED_METADATA), label: Label::Many },
    ],
};

/// `SetExtendedMetadataResponse`.
pub static SET_EXTENDED_METADATA_RESPONSE: Message = Message {
    name: "SetExtendedMetadataResponse",
    form: Form::Plain,
    fields: &[],
};

/// `ModelDefinitionService`.
pub static MODEL_DEFINITION_SERVICE: Service = Service {
    name: "volue.mesh.grpc.model_definition.v1alpha.ModelDefinitionService",
    methods: &[
        Method { name: "SearchObjectDefinitions", input: Kind::Message(&SEARCH_OBJECT_DEFINITIONS_REQUEST), output: Kind::Message(&OBJECT_DEFINITION), asks_many: false, answers_many: true },
        Method { name: "GetObjectDefinition", input: Kind::Message(&GET_OBJECT_DEFINITION_REQUEST), output: Kind::Message(&OBJECT_DEFINITION), asks_many: false, answers_many: false },
        Method { name: "CreateObjectDefinition", input: Kind::Message(&CREATE_OBJECT_DEFINITION_REQUEST), output: Kind::Message(&OBJECT_DEFINITION), asks_many: false, answers_many: false },
        Method { name: "UpdateObjectDefinition", input: Kind::Message(&UPDATE_OBJECT_DEFINITION_REQUEST), output: Kind::Message(&UPDATE_OBJECT_DEFINITION_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "DeleteObjectDefinition", input: Kind::Message(&DELETE_OBJECT_DEFINITION_REQUEST), output: Kind::Message(&DELETE_OBJECT_DEFINITION_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "SearchAttributeTypes", input: Kind::Message(&SEARCH_ATTRIBUTE_TYPES_REQUEST), output: Kind::Message(&ATTRIBUTE_TYPE), asks_many: false, answers_many: true },
        Method { name: "GetAttributeType", input: Kind::Message(&GET_ATTRIBUTE_TYPE_REQUEST), output: Kind::Message(&ATTRIBUTE_TYPE), asks_many: false, answers_many: false },
        Method { name: "CreateLinkRelationAttributeType", input: Kind::Message(&CREATE_RELATION_ATTRIBUTE_TYPE_REQUEST), output: Kind::Message(&ATTRIBUTE_TYPE), asks_many: false, answers_many: false },
        Method { name: "CreateOwnershipRelationAttributeType", input: Kind::Message(&CREATE_RELATION_ATTRIBUTE_TYPE_REQUEST), output: Kind::Message(&ATTRIBUTE_TYPE), asks_many: false, answers_many: false },
        Method { name: "CreateRatingCurveAttributeType", input: Kind::Message(&CREATE_RATING_CURVE_ATTRIBUTE_TYPE_REQUEST), output: Kind::Message(&ATTRIBUTE_TYPE), asks_many: false, answers_many: false },
        Method { name: "CreateSimpleAttributeType", input: Kind::Message(&CREATE_SIMPLE_ATTRIBUTE_TYPE_REQUEST), output: Kind::Message(&ATTRIBUTE_TYPE), asks_many: false, answers_many: false },
        Method { name: "CreateTimeseriesAttributeType", input: Kind::Message(&CREATE_TIMESERIES_ATTRIBUTE_TYPE_REQUEST), output: Kind::Message(&ATTRIBUTE_TYPE), asks_many: false, answers_many: false },
        Method { name: "CreateXySetAttributeType", input: Kind::Message(&CREATE_XY_SET_ATTRIBUTE_TYPE_REQUEST), output: Kind::Message(&ATTRIBUTE_TYPE), asks_many: false, answers_many: false },
        Method { name: "UpdateRatingCurveAttributeType", input: Kind::Message(&UPDATE_RATING_CURVE_ATTRIBUTE_TYPE_REQUEST), output: Kind::Message(&UPDATE_ATTRIBUTE_TYPE_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "UpdateRelationAttributeType", input: Kind::Message(&UPDATE_RELATION_ATTRIBUTE_TYPE_REQUEST), output: Kind::Message(&UPDATE_ATTRIBUTE_TYPE_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "UpdateSimpleAttributeType", input: Kind::Message(&UPDATE_SIMPLE_ATTRIBUTE_TYPE_REQUEST), output: Kind::Message(&UPDATE_ATTRIBUTE_TYPE_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "UpdateTimeseriesAttributeType", input: Kind::Message(&UPDATE_TIMESERIES_ATTRIBUTE_TYPE_REQUEST), output: Kind::Message(&UPDATE_ATTRIBUTE_TYPE_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "UpdateXySetAttributeType", input: Kind::Message(&UPDATE_XY_SET_ATTRIBUTE_TYPE_REQUEST), output: Kind::Message(&UPDATE_ATTRIBUTE_TYPE_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "DeleteAttributeType", input: Kind::Message(&DELETE_ATTRIBUTE_TYPE_REQUEST), output: Kind::Message(&DELETE_ATTRIBUTE_TYPE_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "SearchAttributeDefinitions", input: Kind::Message(&SEARCH_ATTRIBUTE_DEFINITIONS_REQUEST), output: Kind::Message(&ATTRIBUTE_DEFINITION), asks_many: false, answers_many: true },
        Method { name: "GetAttributeDefinition", input: Kind::Message(&GET_ATTRIBUTE_DEFINITION_REQUEST), output: Kind::Message(&ATTRIBUTE_DEFINITION), asks_many: false, answers_many: false },
        Method { name: "AddRatingCurveAttributeDefinition", input: Kind::Message(&ADD_RATING_CURVE_ATTRIBUTE_DEFINITION_REQUEST), output: Kind::Message(&ATTRIBUTE_DEFINITION), asks_many: false, answers_many: false },
        Method { name: "AddLinkRelationAttributeDefinition", input: Kind::Message(&ADD_LINK_RELATION_ATTRIBUTE_DEFINITION_REQUEST), output: Kind::Message(&ATTRIBUTE_DEFINITION), asks_many: false, answers_many: false },
        Method { name: "AddOwnershipRelationAttributeDefinition", input: Kind::Message(&ADD_OWNERSHIP_RELATION_ATTRIBUTE_DEFINITION_REQUEST), output: Kind::Message(&ATTRIBUTE_DEFINITION), asks_many: false, answers_many: false },
        Method { name: "AddSimpleAttributeDefinition", input: Kind::Message(&ADD_SIMPLE_ATTRIBUTE_DEFINITION_REQUEST), output: Kind::Message(&ATTRIBUTE_DEFINITION), asks_many: false, answers_many: false },
        Method { name: "AddTimeseriesAttributeDefinition", input: Kind::Message(&ADD_TIMESERIES_ATTRIBUTE_DEFINITION_REQUEST), output: Kind::Message(&ATTRIBUTE_DEFINITION), asks_many: false, answers_many: false },
        Method { name: "AddXySetAttributeDefinition", input: Kind::Message(&ADD_XY_SET_ATTRIBUTE_DEFINITION_REQUEST), output: Kind::Message(&ATTRIBUTE_DEFINITION), asks_many: false, answers_many: false },
        Method { name: "UpdateRatingCurveAttributeDefinition", input: Kind::Message(&UPDATE_RATING_CURVE_ATTRIBUTE_DEFINITION_REQUEST), output: Kind::Message(&UPDATE_ATTRIBUTE_DEFINITION_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "UpdateRelationAttributeDefinition", input: Kind::Message(&UPDATE_RELATION_ATTRIBUTE_DEFINITION_REQUEST), output: Kind::Message(&UPDATE_ATTRIBUTE_DEFINITION_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "UpdateSimpleAttributeDefinition", input: Kind::Message(&UPDATE_SIMPLE_ATTRIBUTE_DEFINITION_REQUEST), output: Kind::Message(&UPDATE_ATTRIBUTE_DEFINITION_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "UpdateTimeseriesAttributeDefinition", input: Kind::Message(&UPDATE_TIMESERIES_ATTRIBUTE_DEFINITION_REQUEST), output: Kind::Message(&UPDATE_ATTRIBUTE_DEFINITION_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "UpdateXySetAttributeDefinition", input: Kind::Message(&UPDATE_XY_SET_ATTRIBUTE_DEFINITION_REQUEST), output: Kind::Message(&UPDATE_ATTRIBUTE_DEFINITION_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "DeleteAttributeDefinition", input: Kind::Message(&DELETE_ATTRIBUTE_DEFINITION_REQUEST), output: Kind::Message(&DELETE_ATTRIBUTE_DEFINITION_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "ListModelDefinitions", input: Kind::Message(&LIST_MODEL_DEFINITIONS_REQUEST), output: Kind::Message(&LIST_MODEL_DEFINITIONS_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "SearchNamespaces", input: Kind::Message(&SEARCH_NAMESPACES_REQUEST), output: Kind::Message(&NAMESPACE), asks_many: false, answers_many: true },
        Method { name: "GetNamespace", input: Kind::Message(&GET_NAMESPACE_REQUEST), output: Kind::Message(&NAMESPACE), asks_many: false, answers_many: false },
        Method { name: "CreateNamespace", input: Kind::Message(&CREATE_NAMESPACE_REQUEST), output: Kind::Message(&NAMESPACE), asks_many: false, answers_many: false },
        Method { name: "UpdateNamespace", input: Kind::Message(&UPDATE_NAMESPACE_REQUEST), output: Kind::Message(&UPDATE_NAMESPACE_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "DeleteNamespace", input: Kind::Message(&DELETE_NAMESPACE_REQUEST), output: Kind::Message(&DELETE_NAMESPACE_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "CreateTag", input: Kind::Message(&CREATE_TAG_REQUEST), output: Kind::Message(&TAG), asks_many: false, answers_many: false },
        Method { name: "SearchTagUsages", input: Kind::Message(&SEARCH_TAG_USAGES_REQUEST), output: Kind::Message(&TAG_USAGE), asks_many: false, answers_many: true },
        Method { name: "ListTags", input: Kind::Message(&LIST_TAGS_REQUEST), output: Kind::Message(&LIST_TAGS_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "GetTag", input: Kind::Message(&GET_TAG_REQUEST), output: Kind::Message(&TAG), asks_many: false, answers_many: false },
        Method { name: "UpdateTag", input: Kind::Message(&UPDATE_TAG_REQUEST), output: Kind::Message(&UPDATE_TAG_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "DeleteTag", input: Kind::Message(&DELETE_TAG_REQUEST), output: Kind::Message(&DELETE_TAG_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "ListUnitsOfMeasurement", input: Kind::Message(&LIST_UNITS_OF_MEASUREMENT_REQUEST), output: Kind::Message(&LIST_UNITS_OF_MEASUREMENT_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "GetExtendedMetadata", input: Kind::Message(&GET_EXTENDED_METADATA_REQUEST), output: Kind::Message(&GET_EXTENDED_METADATA_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "SetExtendedMetadata", input: Kind::Message(&SET_EXTENDED_METADATA_REQUEST), output: Kind::Message(&SET_EXTENDED_METADATA_RESPONSE), asks_many: false, answers_many: false },
    ],
};
