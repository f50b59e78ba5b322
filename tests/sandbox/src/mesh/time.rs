//! Moments and intervals: what travels as seconds and nanoseconds, and what points carry as milliseconds.

use prost_types::Timestamp;
use tonic::Status;

use super::pb::UtcInterval;

/// The first and the last moment that the official client can name (years 1 and 9999), in milliseconds.
pub const FIRST_MS: i64 = -62_135_596_800_000;
/// See [`FIRST_MS`].
pub const LAST_MS: i64 = 253_402_300_799_999;

/// A moment in milliseconds.
pub fn millis(time: &Timestamp) -> i64 {
    time.seconds.saturating_mul(1000).saturating_add(i64::from(time.nanos) / 1_000_000)
}

/// A moment that travels.
pub fn timestamp(ms: i64) -> Timestamp {
    let nanos = i32::try_from(ms.rem_euclid(1000)).unwrap_or(0) * 1_000_000;
    Timestamp { seconds: ms.div_euclid(1000), nanos }
}

/// What moments are compared by.
pub fn order(time: &Timestamp) -> (i64, i32) {
    (time.seconds, time.nanos)
}

/// A moment as the server's texts have it.
pub fn shown(time: &Timestamp) -> String {
    jiff::Timestamp::new(time.seconds, time.nanos).map_or_else(|_| format!("{}s", time.seconds), |at| at.to_string())
}

/// The two ends of an interval that must be there and the right way round.
pub fn ends(interval: Option<&UtcInterval>) -> Result<(Timestamp, Timestamp), Status> {
    let none = || Status::invalid_argument("UtcInterval must have both start_time and end_time");
    let interval = interval.ok_or_else(none)?;
    let (start, end) = interval.start_time.zip(interval.end_time).ok_or_else(none)?;
    if order(&start) > order(&end) {
        return Err(Status::invalid_argument(format!(
            "UtcInterval [{}, {}) is invalid, start_time > end_time",
            shown(&start),
            shown(&end)
        )));
    }
    Ok((start, end))
}

/// The same in milliseconds. An end between two milliseconds is rounded up, so that the point before it stays inside.
pub fn ends_ms(interval: Option<&UtcInterval>) -> Result<(i64, i64), Status> {
    let (start, end) = ends(interval)?;
    let up = i64::from(end.nanos % 1_000_000 > 0);
    Ok((millis(&start).max(FIRST_MS), (millis(&end) + up).min(LAST_MS + 1)))
}

/// Whether a moment is in `[start, end)`.
pub fn within(time: &Timestamp, start: &Timestamp, end: &Timestamp) -> bool {
    order(start) <= order(time) && order(time) < order(end)
}
