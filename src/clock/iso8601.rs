//! Moments as ISO 8601 text: a date, or a date with a time of day, which may say how far east of UTC it is. What is taken is
//! what `datetime.fromisoformat` of Python takes of dates with dashes and times with colons.

use super::calendar::{days_of, days_to};

/// A moment as it was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Written<'a> {
    /// Days from 1970-01-01 to the date.
    pub day: i64,
    /// The date's own text.
    pub date: &'a str,
    /// Hours and minutes of the day in minutes.
    pub minute: i64,
    /// Of the minute.
    pub second: i64,
    /// The time of day as text, without the fraction; empty for a date alone.
    pub clock: &'a str,
    /// The digits behind the second; empty when there are none.
    pub fraction: &'a str,
    /// Minutes east of UTC; 0 when nothing says so.
    pub east: i64,
}

impl<'a> Written<'a> {
    /// Reads text; `None` when it is no moment of the years 1 to 9999.
    #[must_use]
    pub fn read(text: &'a str) -> Option<Written<'a>> {
        let text = text.trim();
        let (date, rest) = text.split_at_checked("2026-01-01".len())?;
        let mut parts = date.split('-');
        let (year, month, day) = (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
        if parts.next().is_some() || year < 1 || !(1..=12).contains(&month) || day < 1 || day > days_of(year, month) {
            return None;
        }
        let day = days_to(year, month, day);
        let midnight = Written { day, date, minute: 0, second: 0, clock: "", fraction: "", east: 0 };
        if rest.is_empty() {
            return Some(midnight);
        }
        let time = rest.strip_prefix(['T', 't', ' '])?;
        let (time, east) = match time.find(['Z', 'z', '+', '-']) {
            Some(at) => (time.get(..at)?, east(time.get(at..)?)?),
            None => (time, 0),
        };
        let (clock, fraction) = match time.split_once(['.', ',']) {
            // Behind a minute it is one of its first second, as in Python.
            Some((clock, fraction)) if is_digits(fraction) => (clock, fraction),
            Some(_) => return None,
            None => (time, ""),
        };
        let mut parts = clock.split(':');
        let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
        let second = parts.next().map_or(Some(0), |second| digits(second, 2))?;
        if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        Some(Written { minute: hour * 60 + minute, second, clock, fraction, east, ..midnight })
    }

    /// The moment's minute in UTC, counted from 1970 on.
    #[must_use]
    pub fn minutes(&self) -> i64 {
        self.day * 1440 + self.minute - self.east
    }

    /// The moment in UTC in whole seconds from 1970 on.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.minutes() * 60 + self.second
    }

    /// The same in whole milliseconds.
    #[must_use]
    pub fn milliseconds(&self) -> i64 {
        let digits = self.fraction.bytes().chain(*b"000").take(3);
        self.seconds() * 1000 + digits.fold(0, |sum, digit| sum * 10 + i64::from(digit.wrapping_sub(b'0')))
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn digits(text: &str, count: usize) -> Option<i64> {
    if text.len() != count || !is_digits(text) { None } else { text.parse().ok() }
}

/// Minutes east of UTC: `Z`, `+HH`, `+HHMM`, `+HH:MM`.
fn east(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, rest) = text.split_at_checked(1)?;
    let (hours, minutes) = rest.split_at_checked(2)?;
    let minutes = match minutes.strip_prefix(':').unwrap_or(minutes) {
        "" if minutes.is_empty() => 0,
        minutes => digits(minutes, 2)?,
    };
    let hours = digits(hours, 2)?;
    let east = hours * 60 + minutes;
    (east < 24 * 60).then_some(if sign == "-" { -east } else { east })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Python 3.11: `datetime.fromisoformat(text)`, naive ones with `tzinfo=timezone.utc`, `.timestamp()` in milliseconds.
    #[test]
    fn moments_are_those_of_python() {
        for (text, moment) in [
            ("1970-01-01", 0),
            ("2016-02-29", 1_456_704_000_000),
            ("2016-01-01T01:00:00Z", 1_451_610_000_000),
            ("2016-01-01 01:00", 1_451_610_000_000),
            ("2016-01-01T02:00:00+01:00", 1_451_610_000_000),
            ("2016-01-01T02:00:00+01", 1_451_610_000_000),
            ("2015-12-31T20:30:00-0430", 1_451_610_000_000),
            ("2026-01-01T00:30:00+02:00", 1_767_220_200_000),
            ("2022-05-10T07:24:15.123456+00:00", 1_652_167_455_123),
            ("2022-05-10T07:24:15,5", 1_652_167_455_500),
            ("2016-01-01T01:00.5", 1_451_610_000_500),
            ("2016-01-01T02:00:00+00:60", 1_451_610_000_000),
            ("1969-12-31T23:59:59.5Z", -500),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ] {
            assert_eq!(Written::read(text).map(|written| written.milliseconds()), Some(moment), "{text}");
        }
    }

    /// Python raises ValueError for all of these.
    #[test]
    fn what_is_no_moment_is_none() {
        for wrong in [
            "",
            "today",
            "2016",
            "2016-13-01",
            "2015-02-29",
            "1900-02-29",
            "2026-1-1",
            "2026-01-01T",
            "2026-01-01Tx",
            "2026-01-01T24:00:01",
            "2026-01-01T1:00",
            "2026-01-01T10:00:00.",
            "2026-01-01T10:00:00.x",
            "2026-01-01T10:00:60",
            "2026-01-01T10:00:00x",
            "2026-01-01T10:00:00+1",
            "2026-01-01T10:00:00+1:00",
            "2026-01-01T10:00:00+01:",
            "2026-01-01T10:00+99:00",
            "2026-01-01T10:00+24:00",
            "0000-01-01",
            "é016-01-01",
            "2026-01-é1",
        ] {
            assert_eq!(Written::read(wrong), None, "{wrong}");
        }
    }
}
