//! Moments: UTC milliseconds or ISO 8601 text from the host, seconds and nanoseconds on the wire (spec/mesh.md 5.1).

use crate::clock::calendar::days_to;

/// The last moment that an interval of the official client can have: the end of the year 9999, in milliseconds.
pub const LATEST: i64 = 253_402_300_799_999;
/// The first: the beginning of the year 1.
pub const EARLIEST: i64 = -62_135_596_800_000;

/// The moment of an ISO 8601 text; without a zone it is UTC, without a time it is midnight.
#[must_use]
pub fn milliseconds(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10)?;
    let mut parts = date.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2)?;
    let day = digits(parts.next()?, 2)?;
    if parts.next().is_some() || year < 1 || !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return None;
    }
    let midnight = days_to(year, month, day) * 86_400_000;
    if rest.is_empty() {
        return Some(midnight);
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = zone(rest)?;
    let (clock, fraction) = clock.split_once(['.', ',']).unwrap_or((clock, ""));
    let mut parts = clock.split(':');
    let hour = digits(parts.next()?, 2)?;
    let minute = digits(parts.next()?, 2)?;
    let second = parts.next().map_or(Some(0), |second| digits(second, 2))?;
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths = fraction.bytes().chain(*b"000").take(3).fold(0, |sum, byte| sum * 10 + i64::from(byte - b'0'));
    Some(midnight + ((hour * 60 + minute - offset) * 60 + second) * 1000 + thousandths)
}

/// The time of day, and the minutes east of UTC.
fn zone(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, 0)) };
    let (clock, zone) = text.split_at_checked(at)?;
    let (sign, zone) = zone.split_at_checked(1)?;
    let zone: String = zone.chars().filter(|letter| *letter != ':').collect();
    let (hours, minutes) = zone.split_at_checked(2)?;
    let offset = digits(hours, 2)? * 60 + if minutes.is_empty() { 0 } else { digits(minutes, 2)? };
    (offset < 24 * 60).then_some((clock, if sign == "-" { -offset } else { offset }))
}

fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

fn days_in(year: i64, month: i64) -> i64 {
    let next = if month == 12 { days_to(year + 1, 1, 1) } else { days_to(year, month + 1, 1) };
    next - days_to(year, month, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_python() {
        // datetime.fromisoformat(text).timestamp() * 1000, naive ones with tzinfo=UTC
        for (text, moment) in [
            ("2016-01-01T01:00:00Z", 1_451_610_000_000),
            ("2016-01-01 01:00", 1_451_610_000_000),
            ("2016-01-01T02:00:00+01:00", 1_451_610_000_000),
            ("2015-12-31T20:30:00-0430", 1_451_610_000_000),
            ("2016-02-29", 1_456_704_000_000),
            ("2022-05-10T07:24:15.123456+00:00", 1_652_167_455_123),
            ("1969-12-31T23:59:59.5Z", -500),
            ("0001-01-01T00:00:00Z", EARLIEST),
            ("9999-12-31T23:59:59.999999Z", LATEST),
        ] {
            assert_eq!(milliseconds(text), Some(moment), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for bad in ["", "2016", "2016-13-01", "2015-02-29", "2016-01-01T24:00", "2016-01-01T1:00", "2016-01-01Tx", "2016-01-01T01:00:00.x", "2016-01-01T01:00+99:00", "0000-01-01", "é016-01-01"] {
            assert_eq!(milliseconds(bad), None, "{bad}");
        }
    }
}
