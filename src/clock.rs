//! The one place that reads clocks.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The monotonic time.
#[expect(clippy::disallowed_methods, reason = "the one home of clock reads")]
pub fn now() -> Instant {
    Instant::now()
}

/// The time of day, for cookies, `Retry-After` and certificates.
#[expect(clippy::disallowed_methods, reason = "the one home of clock reads")]
pub fn wall() -> SystemTime {
    SystemTime::now()
}

/// The time of day as the duration since 1970 UTC; zero on a clock that is set before.
pub fn epoch() -> Duration {
    wall().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The time of day in whole seconds since 1970 UTC, as cookies count.
pub fn epoch_seconds() -> i64 {
    i64::try_from(epoch().as_secs()).unwrap_or(i64::MAX)
}
