// Made by `cargo run -p haft-tools -- proto` from proto/; edits are lost.
//! `volue.mesh.grpc.availability.v1alpha`.

use super::super::{Enumeration, Field, Form, Kind, Label, Message, Method, Service};

/// `EventType`.
pub static EVENT_TYPE: Enumeration = Enumeration {
    name: "EventType",
    values: &[("ALL", 0), ("RESTRICTION", 1), ("REVISION", 2)],
};

/// `RecurrenceType`.
pub static RECURRENCE_TYPE: Enumeration = Enumeration {
    name: "RecurrenceType",
    values: &[("NONE", 0), ("DAILY", 1), ("WEEKLY", 2), ("MONTHLY", 3), ("YEARLY", 4)],
};

/// `CreateRevisionRequest`.
pub static CREATE_REVISION_REQUEST: Message = Message {
    name: "CreateRevisionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "event_id", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "local_id", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "reason", kind: Kind::Text, label: Label::One },
        Field { number: 6, name: "created_author", kind: Kind::Text, label: Label::Optional },
        Field { number: 7, name: "created_timestamp", kind: Kind::Timestamp, label: Label::Optional },
        Field { number: 8, name: "last_changed_author", kind: Kind::Text, label: Label::Optional },
    ],
};

/// `CreateRestrictionRequest`.
pub static CREATE_RESTRICTION_REQUEST: Message = Message {
    name: "CreateRestrictionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "event_id", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "category", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "local_id", kind: Kind::Text, label: Label::One },
        Field { number: 6, name: "reason", kind: Kind::Text, label: Label::One },
        Field { number: 7, name: "restriction_recurrence", kind: Kind::Message(&RESTRICTION_RECURRENCE), label: Label::One },
        Field { number: 8, name: "created_author", kind: Kind::Text, label: Label::Optional },
        Field { number: 9, name: "created_timestamp", kind: Kind::Timestamp, label: Label::Optional },
        Field { number: 10, name: "last_changed_author", kind: Kind::Text, label: Label::Optional },
    ],
};

/// `CreateAdvancedRestrictionRequest`.
pub static CREATE_ADVANCED_RESTRICTION_REQUEST: Message = Message {
    name: "CreateAdvancedRestrictionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "category", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "calculation_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 5, name: "created_author", kind: Kind::Text, label: Label::Optional },
        Field { number: 6, name: "created_timestamp", kind: Kind::Timestamp, label: Label::Optional },
    ],
};

/// `AddRevisionRecurrenceRequest`.
pub static ADD_REVISION_RECURRENCE_REQUEST: Message = Message {
    name: "AddRevisionRecurrenceRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "event_id", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "revision_recurrence", kind: Kind::Message(&REVISION_RECURRENCE), label: Label::One },
        Field { number: 5, name: "author", kind: Kind::Text, label: Label::Optional },
    ],
};

/// `AddRevisionRecurrenceResponse`.
pub static ADD_REVISION_RECURRENCE_RESPONSE: Message = Message {
    name: "AddRevisionRecurrenceResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "recurrence_id", kind: Kind::Uint32, label: Label::One },
    ],
};

/// `SearchAvailabilityEventsRequest`.
pub static SEARCH_AVAILABILITY_EVENTS_REQUEST: Message = Message {
    name: "SearchAvailabilityEventsRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "event_type", kind: Kind::Enum(&EVENT_TYPE), label: Label::One },
        Field { number: 3, name: "owner_ids", kind: Kind::Message(&super::common::MESH_ID), label: Label::Many },
    ],
};

/// `GetAvailabilityEventRequest`.
pub static GET_AVAILABILITY_EVENT_REQUEST: Message = Message {
    name: "GetAvailabilityEventRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "event_id", kind: Kind::Text, label: Label::One },
    ],
};

/// `SearchInstancesRequest`.
pub static SEARCH_INSTANCES_REQUEST: Message = Message {
    name: "SearchInstancesRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "event_id", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "interval", kind: Kind::Message(&super::common::UTC_INTERVAL), label: Label::One },
    ],
};

/// `Instance`.
pub static INSTANCE: Message = Message {
    name: "Instance",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "revision_instance", kind: Kind::Message(&REVISION_INSTANCE), label: Label::OneOf(0) },
        Field { number: 2, name: "restriction_instance", kind: Kind::Message(&RESTRICTION_INSTANCE), label: Label::OneOf(0) },
    ],
};

/// `SearchAdvancedRestrictionsRequest`.
pub static SEARCH_ADVANCED_RESTRICTIONS_REQUEST: Message = Message {
    name: "SearchAdvancedRestrictionsRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "owner_ids", kind: Kind::Message(&super::common::MESH_ID), label: Label::Many },
    ],
};

/// `GetAdvancedRestrictionRequest`.
pub static GET_ADVANCED_RESTRICTION_REQUEST: Message = Message {
    name: "GetAdvancedRestrictionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "category", kind: Kind::Text, label: Label::One },
    ],
};

/// `ListRevisionStatusesRequest`.
pub static LIST_REVISION_STATUSES_REQUEST: Message = Message {
    name: "ListRevisionStatusesRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
    ],
};

/// `ListRevisionStatusesResponse`.
pub static LIST_REVISION_STATUSES_RESPONSE: Message = Message {
    name: "ListRevisionStatusesResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "statuses", kind: Kind::Text, label: Label::Many },
    ],
};

/// `ListRestrictionStatusesRequest`.
pub static LIST_RESTRICTION_STATUSES_REQUEST: Message = Message {
    name: "ListRestrictionStatusesRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
    ],
};

/// `ListRestrictionStatusesResponse`.
pub static LIST_RESTRICTION_STATUSES_RESPONSE: Message = Message {
    name: "ListRestrictionStatusesResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "statuses", kind: Kind::Text, label: Label::Many },
    ],
};

/// `ListAvailabilityCategoriesRequest`.
pub static LIST_AVAILABILITY_CATEGORIES_REQUEST: Message = Message {
    name: "ListAvailabilityCategoriesRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
    ],
};

/// `ListAvailabilityCategoriesResponse`.
pub static LIST_AVAILABILITY_CATEGORIES_RESPONSE: Message = Message {
    name: "ListAvailabilityCategoriesResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "categories", kind: Kind::Text, label: Label::Many },
    ],
};

/// `UpdateRevisionRequest`.
pub static UPDATE_REVISION_REQUEST: Message = Message {
    name: "UpdateRevisionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "event_id", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 5, name: "new_local_id", kind: Kind::Text, label: Label::One },
        Field { number: 6, name: "new_reason", kind: Kind::Text, label: Label::One },
        Field { number: 7, name: "author", kind: Kind::Text, label: Label::Optional },
    ],
};

/// `UpdateRevisionResponse`.
pub static UPDATE_REVISION_RESPONSE: Message = Message {
    name: "UpdateRevisionResponse",
    form: Form::Plain,
    fields: &[],
};

/// `UpdateRestrictionRequest`.
pub static UPDATE_RESTRICTION_REQUEST: Message = Message {
    name: "UpdateRestrictionRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "event_id", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "field_mask", kind: Kind::FieldMask, label: Label::One },
        Field { number: 5, name: "new_local_id", kind: Kind::Text, label: Label::One },
        Field { number: 6, name: "new_reason", kind: Kind::Text, label: Label::One },
        Field { number: 7, name: "new_category", kind: Kind::Text, label: Label::One },
        Field { number: 8, name: "new_restriction_recurrence", kind: Kind::Message(&RESTRICTION_RECURRENCE), label: Label::One },
        Field { number: 9, name: "author", kind: Kind::Text, label: Label::Optional },
    ],
};

/// `UpdateRestrictionResponse`.
pub static UPDATE_RESTRICTION_RESPONSE: Message = Message {
    name: "UpdateRestrictionResponse",
    form: Form::Plain,
    fields: &[],
};

/// `DeleteRevisionRecurrenceRequest`.
pub static DELETE_REVISION_RECURRENCE_REQUEST: Message = Message {
    name: "DeleteRevisionRecurrenceRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "event_id", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "recurrence_id", kind: Kind::Uint32, label: Label::One },
        Field { number: 5, name: "author", kind: Kind::Text, label: Label::Optional },
    ],
};

/// `DeleteRevisionRecurrenceResponse`.
pub static DELETE_REVISION_RECURRENCE_RESPONSE: Message = Message {
    name: "DeleteRevisionRecurrenceResponse",
    form: Form::Plain,
    fields: &[],
};

/// `DeleteAvailabilityEventsByIdRequest`.
pub static DELETE_AVAILABILITY_EVENTS_BY_ID_REQUEST: Message = Message {
    name: "DeleteAvailabilityEventsByIdRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "event_ids", kind: Kind::Text, label: Label::Many },
    ],
};

/// `DeleteAvailabilityEventsByIdResponse`.
pub static DELETE_AVAILABILITY_EVENTS_BY_ID_RESPONSE: Message = Message {
    name: "DeleteAvailabilityEventsByIdResponse",
    form: Form::Plain,
    fields: &[],
};

/// `DeleteAvailabilityEventsRequest`.
pub static DELETE_AVAILABILITY_EVENTS_REQUEST: Message = Message {
    name: "DeleteAvailabilityEventsRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "event_type", kind: Kind::Enum(&EVENT_TYPE), label: Label::One },
    ],
};

/// `DeleteAvailabilityEventsResponse`.
pub static DELETE_AVAILABILITY_EVENTS_RESPONSE: Message = Message {
    name: "DeleteAvailabilityEventsResponse",
    form: Form::Plain,
    fields: &[],
};

/// `DeleteAdvancedRestrictionsRequest`.
pub static DELETE_ADVANCED_RESTRICTIONS_REQUEST: Message = Message {
    name: "DeleteAdvancedRestrictionsRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "categories", kind: Kind::Text, label: Label::Many },
    ],
};

/// `DeleteAdvancedRestrictionsResponse`.
pub static DELETE_ADVANCED_RESTRICTIONS_RESPONSE: Message = Message {
    name: "DeleteAdvancedRestrictionsResponse",
    form: Form::Plain,
    fields: &[],
};

/// `Revision`.
pub static REVISION: Message = Message {
    name: "Revision",
    form: Form::Plain,
    fields: &[
        Field { number: 2, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "event_id", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "local_id", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "reason", kind: Kind::Text, label: Label::One },
        Field { number: 6, name: "created", kind: Kind::Message(&RECORD_INFO), label: Label::One },
        Field { number: 7, name: "last_changed", kind: Kind::Message(&RECORD_INFO), label: Label::One },
        Field { number: 8, name: "recurrences", kind: Kind::Message(&REVISION_RECURRENCE), label: Label::Many },
    ],
};

/// `Recurrence`.
pub static RECURRENCE: Message = Message {
    name: "Recurrence",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "status", kind: Kind::Text, label: Label::One },
        Field { number: 2, name: "description", kind: Kind::Text, label: Label::One },
        Field { number: 3, name: "recurrence_type", kind: Kind::Enum(&RECURRENCE_TYPE), label: Label::One },
        Field { number: 4, name: "recur_every", kind: Kind::Uint32, label: Label::Optional },
        Field { number: 5, name: "recur_until", kind: Kind::Timestamp, label: Label::Optional },
    ],
};

/// `RevisionRecurrence`.
pub static REVISION_RECURRENCE: Message = Message {
    name: "RevisionRecurrence",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "recurrence_id", kind: Kind::Uint32, label: Label::One },
        Field { number: 2, name: "recurrence", kind: Kind::Message(&RECURRENCE), label: Label::One },
        Field { number: 3, name: "period", kind: Kind::Message(&super::common::UTC_INTERVAL), label: Label::One },
        Field { number: 4, name: "active_instance", kind: Kind::Message(&REVISION_INSTANCE), label: Label::Optional },
    ],
};

/// `RestrictionBasicRecurrence`.
pub static RESTRICTION_BASIC_RECURRENCE: Message = Message {
    name: "RestrictionBasicRecurrence",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "recurrence", kind: Kind::Message(&RECURRENCE), label: Label::One },
        Field { number: 2, name: "period", kind: Kind::Message(&super::common::UTC_INTERVAL), label: Label::One },
        Field { number: 3, name: "value", kind: Kind::Double, label: Label::One },
    ],
};

/// `RestrictionComplexRecurrence`.
pub static RESTRICTION_COMPLEX_RECURRENCE: Message = Message {
    name: "RestrictionComplexRecurrence",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "recurrence", kind: Kind::Message(&RECURRENCE), label: Label::One },
        Field { number: 2, name: "values", kind: Kind::Message(&TIME_POINT), label: Label::Many },
    ],
};

/// `Restriction`.
pub static RESTRICTION: Message = Message {
    name: "Restriction",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 2, name: "event_id", kind: Kind::Text, label: Label::One },
        Field { number: 3, name: "category", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "local_id", kind: Kind::Text, label: Label::One },
        Field { number: 5, name: "reason", kind: Kind::Text, label: Label::One },
        Field { number: 6, name: "created", kind: Kind::Message(&RECORD_INFO), label: Label::One },
        Field { number: 7, name: "last_changed", kind: Kind::Message(&RECORD_INFO), label: Label::One },
        Field { number: 8, name: "restriction_recurrence", kind: Kind::Message(&RESTRICTION_RECURRENCE), label: Label::One },
        Field { number: 9, name: "active_instance", kind: Kind::Message(&RESTRICTION_INSTANCE), label: Label::Optional },
    ],
};

/// `AdvancedRestriction`.
pub static ADVANCED_RESTRICTION: Message = Message {
    name: "AdvancedRestriction",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "owner_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 2, name: "category", kind: Kind::Text, label: Label::One },
        Field { number: 3, name: "calculation_id", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 4, name: "created", kind: Kind::Message(&RECORD_INFO), label: Label::One },
    ],
};

/// `RecordInfo`.
pub static RECORD_INFO: Message = Message {
    name: "RecordInfo",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "author", kind: Kind::Text, label: Label::One },
        Field { number: 2, name: "timestamp", kind: Kind::Timestamp, label: Label::One },
    ],
};

/// `RestrictionRecurrence`.
pub static RESTRICTION_RECURRENCE: Message = Message {
    name: "RestrictionRecurrence",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "basic_recurrence", kind: Kind::Message(&RESTRICTION_BASIC_RECURRENCE), label: Label::OneOf(0) },
        Field { number: 2, name: "complex_recurrence", kind: Kind::Message(&RESTRICTION_COMPLEX_RECURRENCE), label: Label::OneOf(0) },
    ],
};

/// `RevisionInstance`.
pub static REVISION_INSTANCE: Message = Message {
    name: "RevisionInstance",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "period", kind: Kind::Message(&super::common::UTC_INTERVAL), label: Label::One },
    ],
};

/// `RestrictionInstance`.
pub static RESTRICTION_INSTANCE: Message = Message {
    name: "RestrictionInstance",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "period", kind: Kind::Message(&super::common::UTC_INTERVAL), label: Label::One },
        Field { number: 2, name: "value", kind: Kind::Double, label: Label::One },
    ],
};

/// `AvailabilityEvent`.
pub static AVAILABILITY_EVENT: Message = Message {
    name: "AvailabilityEvent",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "restriction", kind: Kind::Message(&RESTRICTION), label: Label::OneOf(0) },
        Field { number: 2, name: "revision", kind: Kind::Message(&REVISION), label: Label::OneOf(0) },
    ],
};

/// `TimePoint`.
pub static TIME_POINT: Message = Message {
    name: "TimePoint",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "value", kind: Kind::Double, label: Label::One },
        Field { number: 2, name: "timestamp", kind: Kind::Timestamp, label: Label::One },
    ],
};

/// `AvailabilityService`.
pub static AVAILABILITY_SERVICE: Service = Service {
    name: "volue.mesh.grpc.availability.v1alpha.AvailabilityService",
    methods: &[
        Method { name: "CreateRevision", input: Kind::Message(&CREATE_REVISION_REQUEST), output: Kind::Message(&REVISION), asks_many: false, answers_many: false },
        Method { name: "CreateRestriction", input: Kind::Message(&CREATE_RESTRICTION_REQUEST), output: Kind::Message(&RESTRICTION), asks_many: false, answers_many: false },
        Method { name: "CreateAdvancedRestriction", input: Kind::Message(&CREATE_ADVANCED_RESTRICTION_REQUEST), output: Kind::Message(&ADVANCED_RESTRICTION), asks_many: false, answers_many: false },
        Method { name: "AddRevisionRecurrence", input: Kind::Message(&ADD_REVISION_RECURRENCE_REQUEST), output: Kind::Message(&ADD_REVISION_RECURRENCE_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "SearchAvailabilityEvents", input: Kind::Message(&SEARCH_AVAILABILITY_EVENTS_REQUEST), output: Kind::Message(&AVAILABILITY_EVENT), asks_many: false, answers_many: true },
        Method { name: "GetAvailabilityEvent", input: Kind::Message(&GET_AVAILABILITY_EVENT_REQUEST), output: Kind::Message(&AVAILABILITY_EVENT), asks_many: false, answers_many: false },
        Method { name: "SearchInstances", input: Kind::Message(&SEARCH_INSTANCES_REQUEST), output: Kind::Message(&INSTANCE), asks_many: false, answers_many: true },
        Method { name: "SearchAdvancedRestrictions", input: Kind::Message(&SEARCH_ADVANCED_RESTRICTIONS_REQUEST), output: Kind::Message(&ADVANCED_RESTRICTION), asks_many: false, answers_many: true },
        Method { name: "GetAdvancedRestriction", input: Kind::Message(&GET_ADVANCED_RESTRICTION_REQUEST), output: Kind::Message(&ADVANCED_RESTRICTION), asks_many: false, answers_many: false },
        Method { name: "ListRevisionStatuses", input: Kind::Message(&LIST_REVISION_STATUSES_REQUEST), output: Kind::Message(&LIST_REVISION_STATUSES_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "ListRestrictionStatuses", input: Kind::Message(&LIST_RESTRICTION_STATUSES_REQUEST), output: Kind::Message(&LIST_RESTRICTION_STATUSES_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "ListAvailabilityCategories", input: Kind::Message(&LIST_AVAILABILITY_CATEGORIES_REQUEST), output: Kind::Message(&LIST_AVAILABILITY_CATEGORIES_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "UpdateRevision", input: Kind::Message(&UPDATE_REVISION_REQUEST), output: Kind::Message(&UPDATE_REVISION_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "UpdateRestriction", input: Kind::Message(&UPDATE_RESTRICTION_REQUEST), output: Kind::Message(&UPDATE_RESTRICTION_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "DeleteRevisionRecurrence", input: Kind::Message(&DELETE_REVISION_RECURRENCE_REQUEST), output: Kind::Message(&DELETE_REVISION_RECURRENCE_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "DeleteAvailabilityEventsById", input: Kind::Message(&DELETE_AVAILABILITY_EVENTS_BY_ID_REQUEST), output: Kind::Message(&DELETE_AVAILABILITY_EVENTS_BY_ID_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "DeleteAvailabilityEvents", input: Kind::Message(&DELETE_AVAILABILITY_EVENTS_REQUEST), output: Kind::Message(&DELETE_AVAILABILITY_EVENTS_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "DeleteAdvancedRestrictions", input: Kind::Message(&DELETE_ADVANCED_RESTRICTIONS_REQUEST), output: Kind::Message(&DELETE_ADVANCED_RESTRICTIONS_RESPONSE), asks_many: false, answers_many: false },
    ],
};
