// Made by `cargo run -p haft-tools -- proto` from proto/; edits are lost.
//! `volue.mesh.grpc.config.v1alpha`.

use super::super::{Field, Form, Kind, Label, Message, Method, Service};

/// `VersionInfo`.
pub static VERSION_INFO: Message = Message {
    name: "VersionInfo",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "version", kind: Kind::Text, label: Label::One },
        Field { number: 2, name: "name", kind: Kind::Text, label: Label::One },
    ],
};

/// `GetLogLevelResponse`.
pub static GET_LOG_LEVEL_RESPONSE: Message = Message {
    name: "GetLogLevelResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "log_level", kind: Kind::Enum(&super::common::LOG_LEVEL), label: Label::One },
    ],
};

/// `UpdateLogLevelRequest`.
pub static UPDATE_LOG_LEVEL_REQUEST: Message = Message {
    name: "UpdateLogLevelRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "new_log_level", kind: Kind::Enum(&super::common::LOG_LEVEL), label: Label::One },
    ],
};

/// `UpdateLogLevelResponse`.
pub static UPDATE_LOG_LEVEL_RESPONSE: Message = Message {
    name: "UpdateLogLevelResponse",
    form: Form::Plain,
    fields: &[],
};

/// `ConfigurationService`.
pub static CONFIGURATION_SERVICE: Service = Service {
    name: "volue.mesh.grpc.config.v1alpha.ConfigurationService",
    methods: &[
        Method { name: "GetVersion", input: Kind::Empty, output: Kind::Message(&VERSION_INFO), asks_many: false, answers_many: false },
        Method { name: "GetHealthStatus", input: Kind::Empty, output: Kind::Struct, asks_many: false, answers_many: false },
        Method { name: "GetConfiguration", input: Kind::Empty, output: Kind::Struct, asks_many: false, answers_many: false },
        Method { name: "GetLogLevel", input: Kind::Empty, output: Kind::Message(&GET_LOG_LEVEL_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "UpdateLogLevel", input: Kind::Message(&UPDATE_LOG_LEVEL_REQUEST), output: Kind::Message(&UPDATE_LOG_LEVEL_RESPONSE), asks_many: false, answers_many: false },
    ],
};
