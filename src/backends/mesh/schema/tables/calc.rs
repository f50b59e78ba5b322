// Made by `cargo run -p haft-tools -- proto` from proto/; edits are lost.
//! `volue.mesh.grpc.calc.v1alpha`.

use super::super::{Field, Form, Kind, Label, Message, Method, Service};

/// `CalculationRequest`.
pub static CALCULATION_REQUEST: Message = Message {
    name: "CalculationRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "expression", kind: Kind::Text, label: Label::One },
        Field { number: 3, name: "interval", kind: Kind::Message(&super::common::UTC_INTERVAL), label: Label::One },
        Field { number: 4, name: "relative_to", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
    ],
};

/// `CalculationResponse`.
pub static CALCULATION_RESPONSE: Message = Message {
    name: "CalculationResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "timeseries_results", kind: Kind::Message(&super::time_series::READ_TIMESERIES_RESPONSE), label: Label::OneOf(0) },
        Field { number: 2, name: "numeric_results", kind: Kind::Message(&NUMERIC_RESULTS), label: Label::OneOf(0) },
        Field { number: 3, name: "string_results", kind: Kind::Message(&STRING_RESULTS), label: Label::OneOf(0) },
    ],
};

/// `NumericResults`.
pub static NUMERIC_RESULTS: Message = Message {
    name: "NumericResults",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "value", kind: Kind::Double, label: Label::Many },
    ],
};

/// `StringResults`.
pub static STRING_RESULTS: Message = Message {
    name: "StringResults",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "value", kind: Kind::Text, label: Label::Many },
    ],
};

/// `CalculationService`.
pub static CALCULATION_SERVICE: Service = Service {
    name: "volue.mesh.grpc.calc.v1alpha.CalculationService",
    methods: &[
        Method { name: "RunCalculation", input: Kind::Message(&CALCULATION_REQUEST), output: Kind::Message(&CALCULATION_RESPONSE), asks_many: false, answers_many: false },
    ],
};
