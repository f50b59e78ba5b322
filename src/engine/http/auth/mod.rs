//! Who we say we are (spec/http.md 1.8).

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::secret::Secret;

/// The value of `Authorization` for Basic: latin-1 as requests sends it, UTF-8 for text that latin-1 cannot hold (where
/// requests fails).
pub fn basic(user: &str, password: &Secret) -> String {
    let text = [user, ":", password.reveal()].concat();
    let latin1: Result<Vec<u8>, _> = text.chars().map(|letter| u8::try_from(u32::from(letter))).collect();
    ["Basic ", &STANDARD.encode(latin1.unwrap_or_else(|_| text.into_bytes()))].concat()
}
