//! Dates in cookies: RFC 6265 5.1.1, stretched to what Python's library reads besides (no clock time, numeric zones).
//!
//! Two-digit years follow the RFC (70 is 1970), not Python's nearest century, by which `01-Jan-70`, the usual way to
//! delete a cookie, lies in the future since 2021.

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Seconds since 1970, or `None` for text that is no date.
pub fn parse(text: &str) -> Option<i64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    let mut zone = 0;
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let token = bytes.get(at..)?;
        let length = token.iter().position(|byte| is_delimiter(*byte)).unwrap_or(token.len());
        let token = token.get(..length)?;
        let signed = at.checked_sub(1).and_then(|before| bytes.get(before)).copied();
        if token.is_empty() {
        } else if time.is_none() && clock(token).is_some() {
            time = clock(token);
        } else if let (true, Some(offset)) = (time.is_some() && year.is_some(), offset(signed, token)) {
            zone = offset;
        } else if let (None, Some(number)) = (day, digits(token, 1, 2)) {
            day = Some(number);
        } else if let (None, Some(number)) = (month, month_of(token)) {
            month = Some(number);
        } else if let (None, Some(number)) = (year, digits(token, 2, 4)) {
            year = Some(number);
        }
        at += length + 1;
    }
    let year = match year? {
        short @ 70..=99 => short + 1900,
        short @ 0..=69 => short + 2000,
        year => year,
    };
    // A date without any clock time is midnight; a broken clock time is no date.
    let (hour, minute, second) = match time {
        Some(time) => time,
        None if !text.contains(':') => (0, 0, 0),
        None => return None,
    };
    let (month, day) = (month?, day?);
    if year < 1601 || day < 1 || day > days_in(month, year) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - zone)
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e)
}

/// The number at the front: `least` to `most` digits, followed by no further digit.
fn digits(token: &[u8], least: usize, most: usize) -> Option<i64> {
    let count = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count < least || count > most {
        return None;
    }
    std::str::from_utf8(token.get(..count)?).ok()?.parse().ok()
}

/// `hh:mm:ss`, or `hh:mm` as Python allows.
fn clock(token: &[u8]) -> Option<(i64, i64, i64)> {
    let mut fields = token.split(|byte| *byte == b':');
    let whole = |field: &[u8]| {
        if field.len() <= 2 { digits(field, 1, 2).filter(|_| field.iter().all(u8::is_ascii_digit)) } else { None }
    };
    let hour = whole(fields.next()?)?;
    let minute = fields.next()?;
    match fields.next() {
        None => Some((hour, whole(minute)?, 0)),
        Some(second) => Some((hour, whole(minute)?, digits(second, 1, 2)?)),
    }
}

fn month_of(token: &[u8]) -> Option<i64> {
    let head = token.get(..3)?;
    let at = MONTHS.iter().position(|month| head.eq_ignore_ascii_case(month.as_bytes()))?;
    i64::try_from(at + 1).ok()
}

/// A zone like `-0800` or `+01:30`, in seconds.
fn offset(sign: Option<u8>, token: &[u8]) -> Option<i64> {
    let sign = match sign? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let text = std::str::from_utf8(token).ok()?;
    let (hours, minutes) = match text.split_once(':') {
        Some(parts) => parts,
        None if text.len() == 4 => text.split_at_checked(2)?,
        None if text.len() <= 2 => (text, "0"),
        None => return None,
    };
    Some(sign * (hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60))
}

fn days_in(month: i64, year: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days of the proleptic Gregorian calendar, counted in years that begin in March so that the leap day comes last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year / 4 - year / 100 + year / 400;
    year * 365 + leaps + (month * 153 + 2) / 5 + day - 719_469
}

#[cfg(test)]
mod tests {
    use super::parse;

    // http.cookiejar.http2time of Python 3.11, but for the last block.
    #[test]
    fn dates() {
        for (text, seconds) in [
            ("Wed, 09 Feb 1994 22:23:32 GMT", Some(760_832_612)),
            ("Tuesday, 08-Feb-94 14:15:29 GMT", Some(760_716_929)),
            ("09 Feb 1994", Some(760_752_000)),
            ("08-Feb-2094 14:15:29 -0800", Some(3_916_505_729)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Sat, 29 Feb 2020 12:00 GMT", Some(1_582_977_600)),
            ("2031-01-02 03:04:05", None),
            ("", None),
            ("never", None),
            // RFC 6265 5.1.1, where Python has nothing, another century, or the day after.
            ("Wed Feb  9 22:23:32 1994", Some(760_832_612)),
            ("Thu, 01-Jan-70 00:00:00 GMT", Some(0)),
            ("Fri, 31-Dec-9999 23:59:59 GMT", Some(253_402_300_799)),
            ("Sun, 29 Feb 2021 12:00:00 GMT", None),
            ("1 Jan 2030 24:00:00", None),
            ("1 Jan 1600 00:00:00", None),
        ] {
            assert_eq!(parse(text), seconds, "{text}");
        }
    }
}
