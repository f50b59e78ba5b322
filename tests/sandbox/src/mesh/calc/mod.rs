//! Calculations (section 4.9): the part of the expression language that the official client and its tests use.

mod evaluate;
mod parse;
pub mod resample;

use tonic::Status;

use super::Call;
use super::pb::calc::calculation_response::CalculationResultOneof as Oneof;
use super::pb::calc::{CalculationRequest, CalculationResponse, NumericResults, StringResults};
use super::pb::time_series::ReadTimeseriesResponse;
use super::time;

pub use evaluate::{Scope, Value, zone_of};

/// A moment as expressions have it.
pub fn time_text(ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC);
    at.strftime("UTC%Y%m%d%H%M%S").to_string()
}

/// `RunCalculation`.
pub fn run(call: &mut Call<'_>, request: CalculationRequest) -> Result<CalculationResponse, Status> {
    let store = call.store();
    let (start, end) = time::ends_ms(request.interval.as_ref())?;
    let target = request.relative_to.as_ref().ok_or_else(|| Status::invalid_argument("relative_to is not set"))?;
    let place = store
        .place(target)
        .ok_or_else(|| Status::not_found(format!("target not found: {}", super::path::written(target))))?;
    let scope = Scope::new(&store, place, start, end, call.wall_ms(), &call.settings.time_zone);
    let show = |readings: Vec<super::read::Reading>| -> Result<Oneof, Status> {
        // What was calculated has neither an id nor an interval of its own.
        let shown =
            readings.iter().map(|reading| super::series::show(reading, None, None, call.settings, &call.context));
        Ok(Oneof::TimeseriesResults(ReadTimeseriesResponse { timeseries: shown.collect::<Result<_, _>>()? }))
    };
    let result = match scope.run(&request.expression)? {
        Value::Series(reading) => show(vec![reading])?,
        Value::Many(readings) => show(readings)?,
        Value::Number(number) => Oneof::NumericResults(NumericResults { value: vec![number] }),
        Value::Numbers(numbers) => Oneof::NumericResults(NumericResults { value: numbers }),
        Value::Text(text) => Oneof::StringResults(StringResults { value: vec![text] }),
    };
    Ok(CalculationResponse { calculation_result_oneof: Some(result) })
}
