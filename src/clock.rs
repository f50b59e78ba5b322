//! The one place that reads clocks, so that a look at its callers tells where time has an influence.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The monotonic clock: for deadlines and durations.
#[inline]
#[must_use]
pub fn now() -> Instant {
    Instant::now()
}

/// The time of day, for cookies, `Retry-After` and certificates.
#[must_use]
pub fn wall() -> SystemTime {
    SystemTime::now()
}

/// The time of day as the duration since 1970 (UTC); zero on a clock that is set before.
#[must_use]
pub fn epoch() -> Duration {
    wall().duration_since(UNIX_EPOCH).unwrap_or_default()
}
