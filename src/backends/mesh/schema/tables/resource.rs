// Made by `cargo run -p haft-tools -- proto` from proto/; edits are lost.
//! `volue.mesh.grpc.resource.v1alpha`.

use super::super::{Field, Form, Kind, Label, Message, Method, Service};

/// `ListTextResourcesRequest`.
pub static LIST_TEXT_RESOURCES_REQUEST: Message = Message {
    name: "ListTextResourcesRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "catalog", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "name_mask", kind: Kind::Text, label: Label::One },
        Field { number: 4, name: "include_subcatalogs", kind: Kind::Bool, label: Label::One },
    ],
};

/// `ListTextResourcesResponse`.
pub static LIST_TEXT_RESOURCES_RESPONSE: Message = Message {
    name: "ListTextResourcesResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "resources", kind: Kind::Message(&super::common::MESH_ID), label: Label::Many },
    ],
};

/// `GetTextResourceRequest`.
pub static GET_TEXT_RESOURCE_REQUEST: Message = Message {
    name: "GetTextResourceRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "resource", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `GetTextResourceResponse`.
pub static GET_TEXT_RESOURCE_RESPONSE: Message = Message {
    name: "GetTextResourceResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "path", kind: Kind::Text, label: Label::One },
        Field { number: 3, name: "text", kind: Kind::Text, label: Label::One },
    ],
};

/// `WriteTextResourceRequest`.
pub static WRITE_TEXT_RESOURCE_REQUEST: Message = Message {
    name: "WriteTextResourceRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "resource", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "allow_create", kind: Kind::Bool, label: Label::One },
        Field { number: 4, name: "text", kind: Kind::Text, label: Label::One },
    ],
};

/// `WriteTextResourceResponse`.
pub static WRITE_TEXT_RESOURCE_RESPONSE: Message = Message {
    name: "WriteTextResourceResponse",
    form: Form::Plain,
    fields: &[],
};

/// `ResourceService`.
pub static RESOURCE_SERVICE: Service = Service {
    name: "volue.mesh.grpc.resource.v1alpha.ResourceService",
    methods: &[
        Method { name: "ListTextResources", input: Kind::Message(&LIST_TEXT_RESOURCES_REQUEST), output: Kind::Message(&LIST_TEXT_RESOURCES_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "GetTextResource", input: Kind::Message(&GET_TEXT_RESOURCE_REQUEST), output: Kind::Message(&GET_TEXT_RESOURCE_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "WriteTextResource", input: Kind::Message(&WRITE_TEXT_RESOURCE_REQUEST), output: Kind::Message(&WRITE_TEXT_RESOURCE_RESPONSE), asks_many: false, answers_many: false },
    ],
};
