//! Moments: UTC milliseconds or ISO 8601 text from the host, seconds and nanoseconds on the wire (spec/mesh.md 5.1).

use crate::clock::iso8601::Written;

/// The last moment that an interval of the official client can have: the end of the year 9999, in milliseconds.
pub const LATEST: i64 = 253_402_300_799_999;
/// The first: the beginning of the year 1.
pub const EARLIEST: i64 = -62_135_596_800_000;

/// The moment of an ISO 8601 text; without a zone it is UTC, without a time it is midnight.
#[must_use]
pub fn milliseconds(text: &str) -> Option<i64> {
    Written::read(text).map(|written| written.milliseconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_has_its_ends() {
        assert_eq!(milliseconds("0001-01-01T00:00:00Z"), Some(EARLIEST));
        assert_eq!(milliseconds("9999-12-31T23:59:59.999999Z"), Some(LATEST));
        assert_eq!(milliseconds("soon"), None);
    }
}
