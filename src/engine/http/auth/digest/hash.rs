//! The hash functions that a challenge may name.

use aws_lc_rs::digest;
use md5::{Digest as _, Md5};

/// One of them, and whether it hashes the secret once per session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Algorithm {
    function: Function,
    session: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Md5,
    Sha1,
    Sha256,
    Sha512Cut,
    Sha512,
}

impl Algorithm {
    /// By the word in a challenge; none is MD5, an unknown one cannot be answered.
    pub fn named(word: Option<&str>) -> Option<Algorithm> {
        let word = word.filter(|word| !word.is_empty()).unwrap_or("MD5").to_ascii_uppercase();
        let (name, session) = word.strip_suffix("-SESS").map_or((&*word, false), |name| (name, true));
        let function = match name {
            "MD5" => Function::Md5,
            "SHA" => Function::Sha1,
            "SHA-256" => Function::Sha256,
            "SHA-512-256" => Function::Sha512Cut,
            "SHA-512" => Function::Sha512,
            _ => return None,
        };
        Some(Algorithm { function, session })
    }

    /// Whether the secret is hashed with the nonces once more.
    pub fn is_session(self) -> bool {
        self.session
    }

    /// More is stronger.
    pub fn strength(self) -> u8 {
        match self.function {
            Function::Md5 => 0,
            Function::Sha1 => 1,
            Function::Sha256 => 2,
            Function::Sha512Cut | Function::Sha512 => 3,
        }
    }

    /// The hash in lower-case hex digits.
    pub fn hex(self, bytes: &[u8]) -> String {
        let function = match self.function {
            Function::Md5 => return hex(&Md5::digest(bytes)),
            Function::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Function::Sha256 => &digest::SHA256,
            Function::Sha512Cut => &digest::SHA512_256,
            Function::Sha512 => &digest::SHA512,
        };
        hex(digest::digest(function, bytes).as_ref())
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
