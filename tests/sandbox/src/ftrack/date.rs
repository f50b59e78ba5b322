//! Date-times: read from the forms that clients send, kept as naive UTC text.

use std::time::{SystemTime, UNIX_EPOCH};

/// A moment as seconds since 1970 and microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Seconds since 1970-01-01T00:00:00 UTC.
    pub seconds: i64,
    /// Microseconds within the second.
    pub micros: u32,
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

impl Moment {
    /// Now.
    #[expect(clippy::disallowed_methods, reason = "the rule is the library's; a server has a clock of its own")]
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { seconds: i64::try_from(since.as_secs()).unwrap_or(0), micros: since.subsec_micros() }
    }

    /// Reads `2026-01-02`, `2026-01-02T03:04[:05[.678]]` with `T` or a blank, and `Z`, `+01:00` or nothing behind.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (date, rest) = text.split_at_checked(10)?;
        let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
        let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let mut seconds = days_of(year, month, day) * 86_400;
        let mut micros = 0;
        if !rest.is_empty() {
            let rest = rest.strip_prefix(['T', ' '])?;
            let zone_at = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
            let (clock, zone) = rest.split_at(zone_at);
            let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
            let mut parts = clock.trim().split(':').map(|part| part.parse::<i64>().ok());
            seconds +=
                parts.next()?? * 3600 + parts.next().unwrap_or(Some(0))? * 60 + parts.next().unwrap_or(Some(0))?;
            micros = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
            if let Some(sign) = zone.chars().next().filter(|sign| *sign != 'Z') {
                let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
                let offset = digits.get(..2)?.parse::<i64>().ok()? * 3600
                    + digits.get(2..4).unwrap_or("0").parse::<i64>().ok()? * 60;
                seconds -= if sign == '-' { -offset } else { offset };
            }
        }
        Some(Self { seconds, micros })
    }

    /// `2026-01-02T03:04:05`, with the microseconds if there are any.
    pub fn text(self) -> String {
        let (days, clock) = (self.seconds.div_euclid(86_400), self.seconds.rem_euclid(86_400));
        let (year, month, day) = date_of(days);
        let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
        let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        if self.micros > 0 {
            text.push_str(&format!(".{:06}", self.micros));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds from Python's `datetime`.
    #[test]
    fn texts_are_moments_and_back() {
        for (text, seconds, shown) in [
            ("2026-01-02T03:04:05", 1_767_323_045, "2026-01-02T03:04:05"),
            ("2026-01-02 03:04", 1_767_323_040, "2026-01-02T03:04:00"),
            ("2024-02-29", 1_709_164_800, "2024-02-29T00:00:00"),
            ("1969-12-31T23:59:59Z", -1, "1969-12-31T23:59:59"),
            ("2023-10-10T03:00:00+05:00", 1_696_888_800, "2023-10-09T22:00:00"),
            ("2023-10-10T09:50:34.5-05:00", 1_696_949_434, "2023-10-10T14:50:34.500000"),
        ] {
            let moment = Moment::parse(text).unwrap();
            assert_eq!(moment.seconds, seconds, "{text}");
            assert_eq!(moment.text(), shown);
        }
        for text in ["", "2026", "2026-13-01", "2026-01-02T", "tomorrow!!"] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }
}
