//! The one place that reads clocks.
//!
//! In builds with debug assertions a test can stop the clock and move it ([`control`]): then nobody sleeps to see a
//! time-out. Released builds have none of it.

pub mod calendar;
#[cfg(debug_assertions)]
#[doc(hidden)]
pub mod control;
pub mod iso8601;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The monotonic time.
#[inline]
pub fn now() -> Instant {
    #[cfg(debug_assertions)]
    if let Some(now) = control::now() {
        return now;
    }
    real()
}

/// The system's monotonic time, whatever a test made of ours.
#[expect(clippy::disallowed_methods, reason = "the one home of clock reads")]
fn real() -> Instant {
    Instant::now()
}

/// When a moment of [`now`] comes by the system's clock: for waits that the system does.
#[inline]
pub fn to_system(moment: Instant) -> Instant {
    #[cfg(debug_assertions)]
    if let Some(now) = control::now() {
        let real = real();
        return real.checked_add(moment.saturating_duration_since(now)).unwrap_or(real);
    }
    moment
}

/// The time of day, for cookies, `Retry-After` and certificates.
#[expect(clippy::disallowed_methods, reason = "the one home of clock reads")]
pub fn wall() -> SystemTime {
    let wall = SystemTime::now();
    #[cfg(debug_assertions)]
    if let Some(now) = control::now() {
        return wall.checked_add(now.saturating_duration_since(real())).unwrap_or(wall);
    }
    wall
}

/// The time of day as the duration since 1970 UTC; zero on a clock that is set before.
pub fn epoch() -> Duration {
    wall().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The time of day in whole seconds since 1970 UTC, as cookies count.
pub fn epoch_seconds() -> i64 {
    i64::try_from(epoch().as_secs()).unwrap_or(i64::MAX)
}
