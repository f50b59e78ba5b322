//! Sixteen bytes in Microsoft's order (spec/mesh.md 3.5): the first three groups are little-endian.

use std::fmt;

/// An id of an object, a session, a unit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Guid([u8; 16]);

/// Where in the wire's bytes each byte of the text is.
const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

impl Guid {
    /// From the wire.
    #[must_use]
    pub fn from_wire(bytes: &[u8]) -> Option<Guid> {
        bytes.try_into().ok().map(Guid)
    }

    /// For the wire.
    #[must_use]
    pub fn wire(&self) -> &[u8; 16] {
        &self.0
    }

    /// From text: any case, with or without braces.
    #[must_use]
    pub fn parse(text: &str) -> Option<Guid> {
        let text = text.trim();
        let text = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
        let dashed = text.len() == 36 && [8, 13, 18, 23].iter().all(|at| text.as_bytes().get(*at) == Some(&b'-'));
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
        if !dashed || digits.len() != 32 {
            return None;
        }
        let mut wire = [0; 16];
        for (pair, at) in digits.chunks_exact(2).zip(ORDER) {
            let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let [high, low] = pair else { return None };
            *wire.get_mut(at)? = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Guid(wire))
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, at) in ORDER.iter().enumerate() {
            if matches!(place, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{:02x}", self.0.get(*at).copied().unwrap_or_default())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_measured_example() {
        let guid = Guid::parse("00112233-4455-6677-8899-aabbccddeeff").unwrap();
        let wire = [0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff];
        assert_eq!(guid.wire(), &wire);
        assert_eq!(Guid::from_wire(&wire).unwrap().to_string(), "00112233-4455-6677-8899-aabbccddeeff");
        assert_eq!(Guid::parse("{00112233-4455-6677-8899-AABBCCDDEEFF}"), Some(guid));
        for bad in [
            "",
            "00112233",
            "00112233-4455-6677-8899-aabbccddeef",
            "00112233-4455-6677-8899-aabbccddeefg",
            "0011223344556677-8899-aabbccddeeff-",
            "é0112233-4455-6677-8899-aabbccddeef",
        ] {
            assert_eq!(Guid::parse(bad), None, "{bad}");
        }
        assert_eq!(Guid::from_wire(&wire[1..]), None);
    }
}
