// Made by `cargo run -p haft-tools -- proto` from proto/; edits are lost.
//! `volue.mesh.grpc.auth.v1alpha`.

use super::super::{Field, Form, Kind, Label, Message, Method, Service};

/// `AuthenticateKerberosResponse`.
pub static AUTHENTICATE_KERBEROS_RESPONSE: Message = Message {
    name: "AuthenticateKerberosResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "kerberos_token", kind: Kind::Bytes, label: Label::One },
        Field { number: 2, name: "bearer_token", kind: Kind::Text, label: Label::One },
        Field { number: 3, name: "token_duration", kind: Kind::Duration, label: Label::One },
    ],
};

/// `RevokeAccessTokenResponse`.
pub static REVOKE_ACCESS_TOKEN_RESPONSE: Message = Message {
    name: "RevokeAccessTokenResponse",
    form: Form::Plain,
    fields: &[],
};

/// `UserIdentity`.
pub static USER_IDENTITY: Message = Message {
    name: "UserIdentity",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "display_name", kind: Kind::Text, label: Label::One },
        Field { number: 2, name: "source", kind: Kind::Text, label: Label::One },
        Field { number: 3, name: "identifier", kind: Kind::Text, label: Label::One },
    ],
};

/// `AuthenticationService`.
pub static AUTHENTICATION_SERVICE: Service = Service {
    name: "volue.mesh.grpc.auth.v1alpha.AuthenticationService",
    methods: &[
        Method { name: "AuthenticateKerberos", input: Kind::BytesValue, output: Kind::Message(&AUTHENTICATE_KERBEROS_RESPONSE), asks_many: true, answers_many: true },
        Method { name: "RevokeAccessToken", input: Kind::TextValue, output: Kind::Message(&REVOKE_ACCESS_TOKEN_RESPONSE), asks_many: false, answers_many: false },
        Method { name: "GetUserIdentity", input: Kind::Empty, output: Kind::Message(&USER_IDENTITY), asks_many: false, answers_many: false },
    ],
};
