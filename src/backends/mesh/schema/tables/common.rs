// Made by `cargo run -p haft-tools -- proto` from proto/; edits are lost.
//! `volue.mesh.grpc.type`.

use super::super::{Enumeration, Field, Form, Kind, Label, Message};

/// `LogLevel`.
pub static LOG_LEVEL: Enumeration = Enumeration {
    name: "LogLevel",
    values: &[("TRACE", 0), ("DEBUG", 1), ("INFO", 2), ("WARN", 3), ("ERR", 4), ("OFF", 5)],
};

/// `UtcInterval`.
pub static UTC_INTERVAL: Message = Message {
    name: "UtcInterval",
    form: Form::Interval,
    fields: &[
        Field { number: 1, name: "start_time", kind: Kind::Timestamp, label: Label::One },
        Field { number: 2, name: "end_time", kind: Kind::Timestamp, label: Label::One },
    ],
};

/// `Resolution.ResolutionType`.
pub static RESOLUTION_RESOLUTION_TYPE: Enumeration = Enumeration {
    name: "Resolution.ResolutionType",
    values: &[("RESOLUTION_UNSPECIFIED", 0), ("BREAKPOINT", 1), ("MIN15", 2), ("HOUR", 3), ("DAY", 4), ("WEEK", 5), ("MONTH", 6), ("YEAR", 7), ("MIN30", 8), ("UNDEFINED", 9), ("MIN", 10), ("MIN5", 11), ("MIN10", 12)],
};

/// `Resolution`.
pub static RESOLUTION: Message = Message {
    name: "Resolution",
    form: Form::Word,
    fields: &[
        Field { number: 1, name: "type", kind: Kind::Enum(&RESOLUTION_RESOLUTION_TYPE), label: Label::One },
    ],
};

/// `Curve.CurveType`.
pub static CURVE_CURVE_TYPE: Enumeration = Enumeration {
    name: "Curve.CurveType",
    values: &[("UNKNOWN", 0), ("STAIRCASESTARTOFSTEP", 1), ("PIECEWISELINEAR", 2), ("STAIRCASE", 3)],
};

/// `Curve`.
pub static CURVE: Message = Message {
    name: "Curve",
    form: Form::Word,
    fields: &[
        Field { number: 1, name: "type", kind: Kind::Enum(&CURVE_CURVE_TYPE), label: Label::One },
    ],
};

/// `MeshId`.
pub static MESH_ID: Message = Message {
    name: "MeshId",
    form: Form::Address,
    fields: &[
        Field { number: 1, name: "id", kind: Kind::Guid, label: Label::Optional },
        Field { number: 2, name: "path", kind: Kind::Text, label: Label::Optional },
        Field { number: 3, name: "timeseries_key", kind: Kind::Int64, label: Label::Optional },
    ],
};
