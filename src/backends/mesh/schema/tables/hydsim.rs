// Made by `cargo run -p haft-tools -- proto` from proto/; edits are lost.
//! `volue.mesh.grpc.hydsim.v1alpha`.

use super::super::{Field, Form, Kind, Label, Message, Method, Service};

/// `RunHydroSimulationRequest`.
pub static RUN_HYDRO_SIMULATION_REQUEST: Message = Message {
    name: "RunHydroSimulationRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "simulation", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "interval", kind: Kind::Message(&super::common::UTC_INTERVAL), label: Label::One },
        Field { number: 4, name: "resolution", kind: Kind::Duration, label: Label::One },
        Field { number: 5, name: "scenario", kind: Kind::Int32, label: Label::One },
        Field { number: 6, name: "return_datasets", kind: Kind::Bool, label: Label::One },
    ],
};

/// `RunInflowCalculationRequest`.
pub static RUN_INFLOW_CALCULATION_REQUEST: Message = Message {
    name: "RunInflowCalculationRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "watercourse", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "interval", kind: Kind::Message(&super::common::UTC_INTERVAL), label: Label::One },
        Field { number: 4, name: "resolution", kind: Kind::Duration, label: Label::One },
        Field { number: 5, name: "return_datasets", kind: Kind::Bool, label: Label::One },
    ],
};

/// `GetMcFileRequest`.
pub static GET_MC_FILE_REQUEST: Message = Message {
    name: "GetMcFileRequest",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "session_id", kind: Kind::Guid, label: Label::One },
        Field { number: 2, name: "optimisation_case", kind: Kind::Message(&super::common::MESH_ID), label: Label::One },
        Field { number: 3, name: "interval", kind: Kind::Message(&super::common::UTC_INTERVAL), label: Label::One },
    ],
};

/// `SimulationLog`.
pub static SIMULATION_LOG: Message = Message {
    name: "SimulationLog",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "level", kind: Kind::Enum(&super::common::LOG_LEVEL), label: Label::One },
        Field { number: 2, name: "message", kind: Kind::Text, label: Label::One },
    ],
};

/// `HydSimDataset`.
pub static HYD_SIM_DATASET: Message = Message {
    name: "HydSimDataset",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "name", kind: Kind::Text, label: Label::One },
        Field { number: 2, name: "data", kind: Kind::Bytes, label: Label::One },
    ],
};

/// `LogOrDataset`.
pub static LOG_OR_DATASET: Message = Message {
    name: "LogOrDataset",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "log_message", kind: Kind::Message(&SIMULATION_LOG), label: Label::OneOf(0) },
        Field { number: 2, name: "dataset", kind: Kind::Message(&HYD_SIM_DATASET), label: Label::OneOf(0) },
    ],
};

/// `GetMcFileResponse`.
pub static GET_MC_FILE_RESPONSE: Message = Message {
    name: "GetMcFileResponse",
    form: Form::Plain,
    fields: &[
        Field { number: 1, name: "log_message", kind: Kind::Message(&SIMULATION_LOG), label: Label::OneOf(0) },
        Field { number: 2, name: "mc_file", kind: Kind::Text, label: Label::OneOf(0) },
    ],
};

/// `HydsimService`.
pub static HYDSIM_SERVICE: Service = Service {
    name: "volue.mesh.grpc.hydsim.v1alpha.HydsimService",
    methods: &[
        Method { name: "RunHydroSimulation", input: Kind::Message(&RUN_HYDRO_SIMULATION_REQUEST), output: Kind::Message(&LOG_OR_DATASET), asks_many: false, answers_many: true },
        Method { name: "RunInflowCalculation", input: Kind::Message(&RUN_INFLOW_CALCULATION_REQUEST), output: Kind::Message(&LOG_OR_DATASET), asks_many: false, answers_many: true },
        Method { name: "GetMcFile", input: Kind::Message(&GET_MC_FILE_REQUEST), output: Kind::Message(&GET_MC_FILE_RESPONSE), asks_many: false, answers_many: true },
    ],
};
