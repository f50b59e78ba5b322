// Made by `cargo run -p haft-tools -- proto` from proto/; edits are lost.
//! `volue.mesh.grpc.session.v1alpha`.

use super::super::{Field, Form, Kind, Label, Message, Method, Service};

/// `StartSessionResponse`.
pub static START_SESSION_RESPONSE: Message = Message {
    name: "StartSessionResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
    ],
};

/// `EndSessionResponse`.
pub static END_SESSION_RESPONSE: Message = Message {
    name: "EndSessionResponse",
    form: Form::Plain,
    fields: &[],
};

/// `ExtendSessionResponse`.
pub static EXTEND_SESSION_RESPONSE: Message = Message {
    name: "ExtendSessionResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "expires_in", kind: Kind::Duration, label: Label::One },
    ],
};

/// `CommitResponse`.
pub static COMMIT_RESPONSE: Message = Message {
    name: "CommitResponse",
    form: Form::Plain,
    fields: &[],
};

/// `RollbackResponse`.
pub static ROLLBACK_RESPONSE: Message = Message {
    name: "RollbackResponse",
    form: Form::Plain,
    fields: &[],
};

/// `SessionService`.
pub static SESSION_SERVICE: Service = Service {
    name: "volue.mesh.grpc.session.v1alpha.SessionService",
    methods: &[
        Method { name: "StartSession", input: Kind::Empty, output: Kind::Message(&START_SESSION_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "EndSession", input: Kind::Guid, output: Kind::Message(&END_SESSION_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "Commit", input: Kind::Guid, output: Kind::Message(&COMMIT_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "Rollback", input: Kind::Guid, output: Kind::Message(&ROLLBACK_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "ExtendSession", input: Kind::Guid, output: Kind::Message(&EXTEND_SESSION_RESPONSE), asks_many: false, answers_many: false },
    ],
};
