//! `haft-sandbox mesh` by itself: the parts of the protocol that the official SDK's own tests do not reach
//! (scripts/mesh-sdk-tests runs those), and the faults that other tests rely on. What is expected comes from the vendor's
//! documents and from what the SDK was seen to do.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at what must not be")]
#![allow(clippy::needless_pass_by_value, reason = "messages are made where they are passed")]

#[path = "mesh_sandbox/client.rs"]
mod client;
#[path = "mesh_sandbox/model.rs"]
mod model;
#[path = "mesh_sandbox/series.rs"]
mod series;
#[path = "mesh_sandbox/session.rs"]
mod session;

use client::{Bed, Refused};
use serde_json::{Value, json};

const PLANT: &str = "Model/SimpleThermalTestModel/ThermalComponent.ThermalPowerToPlantRef/SomePowerPlant1";
const CHIMNEY2: &str = "0000000a-0005-0000-0000-000000000000";
const NINE_HOURS: [&str; 2] = ["2016-01-01T01:00:00Z", "2016-01-01T09:00:00Z"];

fn interval([start, end]: [&str; 2]) -> Value {
    json!({ "start_time": start, "end_time": end })
}

fn refused(answer: Result<Vec<Value>, Refused>, code: i64, text: &str) {
    let refused = answer.unwrap_err();
    assert!(refused.code == code && refused.text.contains(text), "{refused:?} is not {code} {text}");
}

/// The bytes of a series' Arrow stream.
fn data(series: &Value) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(series["data"].as_str().unwrap()).unwrap()
}

/// Whether these values lie one behind the other in a column.
fn has(series: &Value, values: &[f64]) -> bool {
    let wanted: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    data(series).windows(wanted.len()).any(|window| window == wanted)
}

fn read(bed: &Bed, session: &str, target: Value) -> Result<Vec<Value>, Refused> {
    let message = json!({ "timeseries_id": target, "interval": interval(NINE_HOURS) });
    bed.of(session, "time_series", "TimeseriesService/ReadTimeseries", message)
}
