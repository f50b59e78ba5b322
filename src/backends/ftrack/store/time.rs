//! Date-times of the wire as ISO 8601 text in UTC (spec/ftrack.md 2.1): a naive one is UTC, a date alone is its midnight.

use crate::clock::calendar::{date_after, days_to};

/// The text in UTC (`2026-02-03T04:05:06+00:00`, with a fraction when there was one); `None` when it is no date-time.
pub fn utc(text: &str) -> Option<String> {
    let text = text.trim();
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => (date, time),
        None => (text, "00:00:00"),
    };
    let mut parts = date.split('-');
    let (year, month, day) = (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    if parts.next().is_some() || !(1..=12).contains(&month) || day < 1 || day > days_of(year, month) {
        return None;
    }
    let (clock, offset) = match time.find(['Z', 'z', '+', '-']) {
        Some(at) => (time.get(..at)?, offset(time.get(at..)?)?),
        None => (time, 0),
    };
    let (clock, fraction) = match clock.split_once('.') {
        Some((clock, fraction)) if !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit()) => {
            (clock, Some(fraction))
        }
        Some(_) => return None,
        None => (clock, None),
    };
    let mut parts = clock.split(':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let second = parts.next().map_or(Some(0), |second| digits(second, 2))?;
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Nearly all come as they are shown.
    if offset == 0 && clock.len() == "00:00:00".len() {
        let parts =
            [date, "T", clock, if fraction.is_some() { "." } else { "" }, fraction.unwrap_or_default(), "+00:00"];
        return Some(parts.concat());
    }
    let minutes = days_to(year, month, day) * 1440 + hour * 60 + minute - offset;
    let (year, month, day) = date_after(minutes.div_euclid(1440));
    let of_day = minutes.rem_euclid(1440);
    let fraction = fraction.map(|digits| format!(".{digits}")).unwrap_or_default();
    Some(format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{second:02}{fraction}+00:00", of_day / 60, of_day % 60))
}

/// The moment of text as [`utc`] gives it, in whole seconds since 1970.
pub fn seconds(text: &str) -> Option<i64> {
    let utc = utc(text)?;
    let at = |from: usize, to: usize| digits(utc.get(from..to)?, to - from);
    let day = days_to(at(0, 4)?, at(5, 7)?, at(8, 10)?);
    Some(day * 86_400 + at(11, 13)? * 3600 + at(14, 16)? * 60 + at(17, 19)?)
}

fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Minutes east of UTC.
fn offset(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let rest = text.get(1..)?.replace(':', "");
    match rest.len() {
        2 => Some(sign * digits(&rest, 2)? * 60),
        4 => Some(sign * (digits(rest.get(..2)?, 2)? * 60 + digits(rest.get(2..)?, 2)?)),
        _ => None,
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
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
        for wrong in [
            "",
            "today",
            "2026-13-01",
            "2026-02-29",
            "2026-1-1",
            "2026-01-01T24:00:00",
            "2026-01-01T10",
            "2026-01-01T10:00:00.",
            "2026-01-01T10:00:00+1",
            "2026-01-01T10:00:00x",
        ] {
            assert_eq!(utc(wrong), None, "{wrong}");
        }
    }
}
