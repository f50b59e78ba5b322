// Made by `cargo run -p haft-tools -- proto` from proto/; edits are lost.
//! `volue.mesh.grpc.time_series.v1alpha`.

use super::super::{Enumeration, Field, Form, Kind, Label, Message, Method, Service};

/// `TransformationMethod`.
pub static TRANSFORMATION_METHOD: Enumeration = Enumeration {
    name: "TransformationMethod",
    values: &[("TRANSFORMATION_METHOD_UNSPECIFIED", 0), ("IMPLICIT", 1), ("SUM", 2), ("SUMI", 3), ("AVG", 4), ("AVGI", 5), ("FIRST", 6), ("LAST", 7), ("MIN", 8), ("MAX", 9)],
};

/// `Timezone`.
pub static TIMEZONE: Enumeration = Enumeration {
    name: "Timezone",
    values: &[("TIMEZONE_UNSPECIFIED", 0), ("UTC", 1), ("LOCAL", 2), ("STANDARD", 3)],
};

/// `ReadTimeseriesRequest`.
pub static READ_TIMESERIES_REQUEST: Message = Message {
    name: "ReadTimeseriesRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "timeseries_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "interval", kind: Kind::Message(&super::common::UTC_INTERVAL), label: Label::One },
    ],
};

/// `ReadTimeseriesResponse`.
pub static READ_TIMESERIES_RESPONSE: Message = Message {
    name: "ReadTimeseriesResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "timeseries", kind: Kind::Message(&TIMESERIES), label: Label::Many },
    ],
};

/// `ReadTimeseriesStreamRequest`.
pub static READ_TIMESERIES_STREAM_REQUEST: Message = Message {
    name: "ReadTimeseriesStreamRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "timeseries_ids", kind: Kind::Message(&super::common::MESH_ID), label: Label::Many },
        Field { number: 3, name: "interval", kind: Kind::Message(&super::common::UTC_INTERVAL), label: Label::One },
    ],
};

/// `ReadTransformedTimeseriesRequest`.
pub static READ_TRANSFORMED_TIMESERIES_REQUEST: Message = Message {
    name: "ReadTransformedTimeseriesRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "requests", kind: Kind::Message(&READ_TRANSFORMED_TIMESERIES_SINGLE_REQUEST), label: Label::Many },
    ],
};

/// `ReadTransformedTimeseriesSingleRequest`.
pub static READ_TRANSFORMED_TIMESERIES_SINGLE_REQUEST: Message = Message {
    name: "ReadTransformedTimeseriesSingleRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "timeseries_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 2, name: "interval", kind: Kind::Message(&super::common::UTC_INTERVAL), label: Label::One },
        Field { number: 3, name: "resolution", kind: Kind::Message(&super::common::RESOLUTION), label: Label::One },
        Field { number: 4, name: "transformation_method", kind: Kind::Enum(&TRANSFORMATION_METHOD), label: Label::One },
        Field { number: 5, name: "transformation_timezone", kind: Kind::Enum(&TIMEZONE), label: Label::One },
    ],
};

/// `WriteTimeseriesRequest`.
pub static WRITE_TIMESERIES_REQUEST: Message = Message {
    name: "WriteTimeseriesRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "timeseries", kind: Kind::Message(&TIMESERIES), label: Label::One },
    ],
};

/// `WriteTimeseriesResponse`.
pub static WRITE_TIMESERIES_RESPONSE: Message = Message {
    name: "WriteTimeseriesResponse",
    form: Form::Plain,
    fields: &[],
};

/// `GetTimeseriesResourceRequest`.
pub static GET_TIMESERIES_RESOURCE_REQUEST: Message = Message {
    name: "GetTimeseriesResourceRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "timeseries_resource_key", kind: Kind::Int64, label: Label::One },
    ],
};

/// `TimeseriesResource`.
pub static TIMESERIES_RESOURCE: Message = Message {
    name: "TimeseriesResource",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "timeseries_key", kind: Kind::Int64, label: Label::One },
        Field { number: 2, name: "path", kind: Kind::Text, label: Label::One },
        Field { number: 3, name: "name", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "temporary", kind: Kind::Bool, label: Label::One },
        Field { number: 5, name: "curve_type", kind: Kind::Message(&super::common::CURVE), label: Label::One },
        Field { number: 6, name: "resolution", kind: Kind::Message(&super::common::RESOLUTION), label: Label::One },
        Field { number: 7, name: "unit_of_measurement", kind: Kind::Message(&super::model_definition::UNIT_OF_MEASUREMENT), label: Label::One },
        Field { number: 8, name: "virtual_timeseries_expression", kind: Kind::Text, label: Label::One },
        Field { number: 9, name: "time_zone", kind: Kind::Text, label: Label::Optional },
    ],
};

/// `Timeseries`.
pub static TIMESERIES: Message = Message {
    name: "Timeseries",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 2, name: "resolution", kind: Kind::Message(&super::common::RESOLUTION), label: Label::One },
        Field { number: 3, name: "interval", kind: Kind::Message(&super::common::UTC_INTERVAL), label: Label::One },
        Field { number: 4, name: "series", kind: Kind::Points, label: Label::One },
    ],
};

/// `UpdateTimeseriesResourceRequest`.
pub static UPDATE_TIMESERIES_RESOURCE_REQUEST: Message = Message {
    name: "UpdateTimeseriesResourceRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "timeseries_resource_key", kind: Kind::Int64, label: Label::One },
        Field { number: 3, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 4, name: "new_curve_type", kind: Kind::Message(&super::common::CURVE), label: Label::One },
        Field { number: 5, name: "new_unit_of_measurement_id", kind: Kind::Guid, label: Label::One },
        Field { number: 6, name: "new_time_zone", kind: Kind::Text, label: Label::One },
    ],
};

/// `UpdateTimeseriesResourceResponse`.
pub static UPDATE_TIMESERIES_RESOURCE_RESPONSE: Message = Message {
    name: "UpdateTimeseriesResourceResponse",
    form: Form::Plain,
    fields: &[],
};

/// `AttributePair`.
pub static ATTRIBUTE_PAIR: Message = Message {
    name: "AttributePair",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "source_attribute_name", kind: Kind::Text, label: Label::One },
        Field { number: 2, name: "target_attribute_name", kind: Kind::Text, label: Label::OneOf(0) },
        Field { number: 3, name: "target_attribute_search", kind: Kind::Text, label: Label::OneOf(0) },
    ],
};

/// `TypeAttributeMapping`.
pub static TYPE_ATTRIBUTE_MAPPING: Message = Message {
    name: "TypeAttributeMapping",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "object_type_name", kind: Kind::Text, label: Label::One },
        Field { number: 2, name: "attribute_mappings", kind: Kind::Message(&ATTRIBUTE_PAIR), label: Label::Many },
    ],
};

/// `CopyTimeseriesBetweenObjectsRequest`.
pub static COPY_TIMESERIES_BETWEEN_OBJECTS_REQUEST: Message = Message {
    name: "CopyTimeseriesBetweenObjectsRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "interval", kind: Kind::Message(&super::common::UTC_INTERVAL), label: Label::One },
        Field { number: 3, name: "source", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 4, name: "scenario_name", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "target", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 6, name: "mappings", kind: Kind::Message(&TYPE_ATTRIBUTE_MAPPING), label: Label::Many },
    ],
};

/// `CopyTimeseriesBetweenObjectsResponse`.
pub static COPY_TIMESERIES_BETWEEN_OBJECTS_RESPONSE: Message = Message {
    name: "CopyTimeseriesBetweenObjectsResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "source_series_count", kind: Kind::Int64, label: Label::One },
        Field { number: 2, name: "target_series_count", kind: Kind::Int64, label: Label::One },
        Field { number: 3, name: "match_series_count", kind: Kind::Int64, label: Label::One },
    ],
};

/// `CreatePhysicalTimeseriesRequest`.
pub static CREATE_PHYSICAL_TIMESERIES_REQUEST: Message = Message {
    name: "CreatePhysicalTimeseriesRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "path", kind: Kind::Text, label: Label::One },
        Field { number: 3, name: "name", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "curve_type", kind: Kind::Message(&super::common::CURVE), label: Label::One },
        Field { number: 5, name: "resolution", kind: Kind::Message(&super::common::RESOLUTION), label: Label::One },
        Field { number: 6, name: "unit_of_measurement_id", kind: Kind::Guid, label: Label::One },
        Field { number: 7, name: "time_zone", kind: Kind::Text, label: Label::Optional },
    ],
};

/// `TimeseriesService`.
pub static TIMESERIES_SERVICE: Service = Service {
    name: "volue.mesh.grpc.time_series.v1alpha.TimeseriesService",
    methods: &[
        Method { name: "ReadTimeseries", input: Kind::Message(&READ_TIMESERIES_REQUEST), output: Kind::Message(&READ_TIMESERIES_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "ReadTimeseriesStream", input: Kind::Message(&READ_TIMESERIES_STREAM_REQUEST), output: Kind::Message(&READ_TIMESERIES_RESPONSE), asks_many: false, answers_many: true },
        Method { name: "ReadTransformedTimeseries", input: Kind::Message(&READ_TRANSFORMED_TIMESERIES_REQUEST), output: Kind::Message(&READ_TIMESERIES_RESPONSE), asks_many: false, answers_many: true },
        Method { name: "WriteTimeseries", input: Kind::Message(&WRITE_TIMESERIES_REQUEST), output: Kind::Message(&WRITE_TIMESERIES_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "GetTimeseriesResource", input: Kind::Message(&GET_TIMESERIES_RESOURCE_REQUEST), output: Kind::Message(&TIMESERIES_RESOURCE), asks_many: false, answers_many: false },
        Method { name: "UpdateTimeseriesResource", input: Kind::Message(&UPDATE_TIMESERIES_RESOURCE_REQUEST), output: Kind::Message(&UPDATE_TIMESERIES_RESOURCE_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "CopyTimeseriesBetweenObjects", input: Kind::Message(&COPY_TIMESERIES_BETWEEN_OBJECTS_REQUEST), output: Kind::Message(&COPY_TIMESERIES_BETWEEN_OBJECTS_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "CreatePhysicalTimeseries", input: Kind::Message(&CREATE_PHYSICAL_TIMESERIES_REQUEST), output: Kind::Message(&TIMESERIES_RESOURCE), asks_many: false, answers_many: false },
    ],
};
