//! Simulations and inflow calculations (section 4.10): the log lines and datasets of a run that never happened.

use tonic::Status;

use super::Call;
use super::pb::LogLevel;
use super::pb::hydsim::get_mc_file_response::ResponseOneof as McFile;
use super::pb::hydsim::log_or_dataset::ResponseOneof;
use super::pb::hydsim::{
    GetMcFileRequest, GetMcFileResponse, HydSimDataset, LogOrDataset, RunHydroSimulationRequest,
    RunInflowCalculationRequest, SimulationLog,
};
use super::time;

/// Bytes of a dataset.
const DATASET_BYTES: usize = 4096;

fn log(level: LogLevel, message: String) -> SimulationLog {
    SimulationLog { level: level as i32, message }
}

fn line(level: LogLevel, message: String) -> LogOrDataset {
    LogOrDataset { response_oneof: Some(ResponseOneof::LogMessage(log(level, message))) }
}

fn dataset(name: &str) -> LogOrDataset {
    let data = (0..DATASET_BYTES).map(|at| u8::try_from(at % 251).unwrap_or(0)).collect();
    LogOrDataset { response_oneof: Some(ResponseOneof::Dataset(HydSimDataset { name: name.to_owned(), data })) }
}

/// Minutes of a resolution, five, ten, fifteen or sixty; none if it is absent.
fn minutes(resolution: Option<&prost_types::Duration>) -> Result<Option<i64>, Status> {
    let Some(resolution) = resolution else { return Ok(None) };
    let minutes = resolution.seconds / 60;
    if resolution.nanos != 0 || resolution.seconds % 60 != 0 || ![5, 10, 15, 60].contains(&minutes) {
        return Err(Status::invalid_argument("the resolution must be 5, 10, 15 or 60 minutes"));
    }
    Ok(Some(minutes))
}

fn run(what: &str, path: &str, interval: &str, minutes: Option<i64>) -> Vec<LogOrDataset> {
    let step = minutes.map_or_else(|| "the case's own resolution".to_owned(), |minutes| format!("{minutes} minutes"));
    vec![
        line(LogLevel::Trace, format!("{what}: {path}")),
        line(LogLevel::Debug, format!("interval {interval}, {step}")),
        line(LogLevel::Info, format!("{what} has begun")),
        line(LogLevel::Warn, "a reservoir begins without a level".to_owned()),
        line(LogLevel::Info, format!("{what} has ended")),
    ]
}

fn shown(interval: Option<&super::pb::UtcInterval>) -> Result<String, Status> {
    let (start, end) = time::ends(interval)?;
    Ok(format!("[{}, {})", time::shown(&start), time::shown(&end)))
}

/// `RunHydroSimulation`.
pub fn simulate(call: &mut Call<'_>, request: RunHydroSimulationRequest) -> Result<Vec<LogOrDataset>, Status> {
    let store = call.store();
    let id = store.object_at(request.simulation.as_ref())?;
    let interval = shown(request.interval.as_ref())?;
    let minutes = minutes(request.resolution.as_ref())?;
    let mut all = run("simulation", &store.object_path(id), &interval, minutes);
    if request.scenario < -1 {
        return Err(Status::invalid_argument(format!("there is no scenario {}", request.scenario)));
    }
    let scenario = match request.scenario {
        0 => "all scenarios".to_owned(),
        -1 => "no scenario".to_owned(),
        number => format!("scenario {number}"),
    };
    all.insert(3, line(LogLevel::Info, scenario));
    if request.return_datasets {
        all.push(dataset("simulation_input.bin"));
        all.push(dataset("simulation_result.bin"));
    }
    Ok(all)
}

/// `RunInflowCalculation`.
pub fn inflow(call: &mut Call<'_>, request: RunInflowCalculationRequest) -> Result<Vec<LogOrDataset>, Status> {
    let store = call.store();
    let id = store.object_at(request.watercourse.as_ref())?;
    let interval = shown(request.interval.as_ref())?;
    let minutes = minutes(request.resolution.as_ref())?;
    let mut all = run("inflow calculation", &store.object_path(id), &interval, minutes);
    if request.return_datasets {
        all.push(dataset("inflow.bin"));
    }
    Ok(all)
}

/// `GetMcFile`: log lines, then one text.
pub fn mc_file(call: &mut Call<'_>, request: GetMcFileRequest) -> Result<Vec<GetMcFileResponse>, Status> {
    let store = call.store();
    let id = store.object_at(request.optimisation_case.as_ref())?;
    let interval = shown(request.interval.as_ref())?;
    let path = store.object_path(id);
    let line = |level, message: &str| GetMcFileResponse {
        response_oneof: Some(McFile::LogMessage(log(level, message.to_owned()))),
    };
    let text = format!("# {path}\n# {interval}\nWATERCOURSE\n  PLANT 1\n");
    Ok(vec![
        line(LogLevel::Info, "the file is being made"),
        line(LogLevel::Debug, "one plant"),
        GetMcFileResponse { response_oneof: Some(McFile::McFile(text)) },
    ])
}
