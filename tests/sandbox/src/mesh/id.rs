//! Ids: their written form, and the order of bytes in which they travel (section 3.5: the first three groups with their
//! low byte first).

use std::fmt;

use rustls::crypto::aws_lc_rs;
use sha1::{Digest, Sha1};

use super::pb::Guid;

/// An id, its bytes as they are written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; 16]);

impl Id {
    /// Bytes that mean "none".
    pub const NIL: Self = Self([0; 16]);

    /// A random one, version 4.
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        // Without randomness the ids of one run would meet; a sandbox can do nothing better than to stop.
        aws_lc_rs::default_provider().secure_random.fill(&mut bytes).expect("the machine gives random bytes");
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self(bytes)
    }

    /// The same one for the same name: what is there from the start keeps its ids over a restart.
    pub fn named(name: &str) -> Self {
        let sum = Sha1::digest(name.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&sum[..16]);
        bytes[6] = bytes[6] & 0x0f | 0x50;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self(bytes)
    }

    /// Reads the written form, with or without braces.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_start_matches('{').trim_end_matches('}');
        let shape = text.len() == 36 && [8, 13, 18, 23].iter().all(|at| text.as_bytes().get(*at) == Some(&b'-'));
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        let bytes = crate::endpoint::from_hex(&digits).filter(|bytes| shape && bytes.len() == 16)?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// Reads what travelled; nothing for a wrong length.
    pub fn of(guid: &Guid) -> Option<Self> {
        let mut bytes: [u8; 16] = guid.bytes_le.as_slice().try_into().ok()?;
        swap(&mut bytes);
        Some(Self(bytes))
    }

    /// As it travels.
    pub fn guid(self) -> Guid {
        let mut bytes = self.0;
        swap(&mut bytes);
        Guid { bytes_le: bytes.to_vec() }
    }

    /// In capitals and braces, as "not found" has it.
    pub fn braced(self) -> String {
        format!("{{{}}}", self.to_string().to_uppercase())
    }
}

fn swap(bytes: &mut [u8; 16]) {
    bytes[..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::Id;

    #[test]
    fn the_order_of_bytes_is_the_specified_one() {
        let id = Id::parse("00112233-4455-6677-8899-aabbccddeeff").unwrap();
        let bytes = id.guid().bytes_le;
        assert_eq!(crate::endpoint::to_hex(&bytes), "33221100554477668899aabbccddeeff");
        assert_eq!(Id::of(&id.guid()), Some(id));
        assert_eq!(id.braced(), "{00112233-4455-6677-8899-AABBCCDDEEFF}");
        assert_eq!(Id::parse("0011223344556677-8899-aabbccddeeff--"), None);
    }
}
