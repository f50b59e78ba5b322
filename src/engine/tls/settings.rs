//! What the host asked for.

use std::{
    hash::{Hash, Hasher},
    path::PathBuf,
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    error::{Error, Result},
    secret::Secret,
};

/// Whom to believe.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub enum Verify {
    /// The Mozilla roots, which are part of the library.
    #[default]
    On,
    /// The roots of the system.
    System,
    /// The certificates in this PEM text alone.
    Pem(Arc<str>),
    /// Anybody; pins are checked all the same.
    Off,
    /// The certificates in this PEM file alone.
    File(PathBuf),
    /// The certificates in the PEM files of this directory alone.
    Directory(PathBuf),
}

/// Our own certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The PEM file with the certificate and its chain.
    pub certificate: PathBuf,
    /// The PEM file with the key; the same file when none is named.
    pub key: Option<PathBuf>,
    /// What an encrypted key is encrypted with.
    pub password: Option<Secret>,
}

impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The password takes part in equality alone.
        (&self.certificate, &self.key).hash(state);
    }
}

/// All of it. Two equal settings share a configuration and with it the remembered TLS sessions.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct TlsSettings {
    /// Whom to believe.
    pub verify: Verify,
    /// SHA-256 of the public keys (the `SubjectPublicKeyInfo`) of which the server must have one.
    pub pins: Vec<[u8; 32]>,
    /// A certificate that the host named itself and that names no host is checked by its common name.
    pub common_name: bool,
    /// Our own certificate.
    pub identity: Option<Identity>,
    /// The name to ask for and to check, instead of the host's.
    pub server_name: Option<String>,
    /// Protocols to offer (ALPN), best first; none for HTTP/1.1.
    pub alpn: Vec<Vec<u8>>,
}

/// Reads pins as curl writes them: `sha256//BASE64`, several separated by `;`.
///
/// # Errors
/// `argument`, when it is written in another way.
pub fn parse_pins(text: &str) -> Result<Vec<[u8; 32]>> {
    text.split(';').map(|pin| parse_pin(pin.trim()).ok_or_else(|| bad_pin(pin))).collect()
}

fn parse_pin(pin: &str) -> Option<[u8; 32]> {
    STANDARD.decode(pin.strip_prefix("sha256//")?).ok()?.try_into().ok()
}

fn bad_pin(pin: &str) -> Error {
    Error::option("verify_pin", format!("verify_pin was not sha256//… with 44 characters of base64: {pin:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_read_as_curl_reads_them() {
        // sha256 of the empty input
        let one = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let pins = parse_pins(&format!("{one};{one}")).unwrap();
        assert_eq!(pins.len(), 2);
        assert_eq!(pins[0][..4], [0xe3, 0xb0, 0xc4, 0x42]);
        for bad in ["", "sha1//abc", "sha256//abc", "sha256//AAAA"] {
            assert_eq!(parse_pins(bad).unwrap_err().code(), "argument", "{bad}");
        }
    }
}
