//! Date-times of the wire as ISO 8601 text in UTC (spec/ftrack.md 2.1): a naive one is UTC, a date alone is its midnight.

use crate::clock::{calendar::date_after, iso8601::Written};

/// The text in UTC (`2026-02-03T04:05:06+00:00`, with a fraction when there was one); `None` when it is no date-time.
pub fn utc(text: &str) -> Option<String> {
    let written = Written::read(text)?;
    let Written { date, clock, fraction, .. } = written;
    let point = if fraction.is_empty() { "" } else { "." };
    // Nearly all come as they are shown.
    if written.east == 0 && clock.len() == "00:00:00".len() {
        return Some([date, "T", clock, point, fraction, "+00:00"].concat());
    }
    let minutes = written.minutes();
    let (year, month, day) = date_after(minutes.div_euclid(1440));
    if !(1..=9999).contains(&year) {
        return None;
    }
    let (of_day, second) = (minutes.rem_euclid(1440), written.second);
    Some(format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{second:02}{point}{fraction}+00:00",
        of_day / 60,
        of_day % 60
    ))
}

/// The moment of text as [`utc`] takes it, in whole seconds since 1970.
pub fn seconds(text: &str) -> Option<i64> {
    Written::read(text).map(|written| written.seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Python: `datetime.fromisoformat(text).astimezone(timezone.utc).isoformat()`, naive ones taken as UTC.
    #[test]
    fn everything_becomes_utc() {
        for (text, expected) in [
            ("2022-10-10T10:12:09", "2022-10-10T10:12:09+00:00"),
            ("2026-02-03", "2026-02-03T00:00:00+00:00"),
            ("2026-01-01T00:30:00+02:00", "2025-12-31T22:30:00+00:00"),
            ("2024-02-28T23:30:00-01:00", "2024-02-29T00:30:00+00:00"),
            ("2023-02-28T23:30:00-0100", "2023-03-01T00:30:00+00:00"),
            ("2026-01-02T03:04:05.250Z", "2026-01-02T03:04:05.250+00:00"),
            ("1969-12-31T23:59:59", "1969-12-31T23:59:59+00:00"),
            ("1600-03-01T00:00:00+00:01", "1600-02-29T23:59:00+00:00"),
            ("9999-12-31T23:59", "9999-12-31T23:59:00+00:00"),
        ] {
            assert_eq!(utc(text).as_deref(), Some(expected), "{text}");
        }
    }

    /// Python: `int(datetime.fromisoformat(text).timestamp())`, naive ones taken as UTC.
    #[test]
    fn moments_are_counted() {
        for (text, expected) in
            [("1970-01-01", 0), ("2026-01-01T00:30:00+02:00", 1_767_220_200), ("1969-12-31T23:59:59.5", -1)]
        {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        assert_eq!(seconds("soon"), None);
    }

    #[test]
    fn what_is_no_date_time_is_told() {
        // The last is in year 0 in UTC, where Python raises.
        for wrong in ["", "today", "2026-13-01", "2026-01-01T10:00:00+1", "0001-01-01T00:00:00+00:01"] {
            assert_eq!(utc(wrong), None, "{wrong}");
        }
    }
}
