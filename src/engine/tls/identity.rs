//! Certificates and keys from PEM files.

use std::{fs, path::Path};

use pkcs8::{EncryptedPrivateKeyInfo, der::SecretDocument};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject};

use super::settings::Identity;
use crate::error::{Error, Result, code};

/// Reads a file that the host named.
///
/// # Errors
/// `io`, with the path.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| {
        let reason = crate::engine::net::limits::reason(&error);
        Error::new(&code::IO, format!("could not read {}: {reason}", path.display())).transient(false)
    })
}

/// The certificates in a PEM text; the rest of it is passed over.
///
/// # Errors
/// `certificate`, when the PEM is broken.
pub fn certificates(path: &Path, text: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_slice_iter(text)
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|error| bad(path, &format!("was not valid PEM ({error})")))
}

/// Our certificate with its chain, and its key.
///
/// # Errors
/// `io` when a file cannot be read, `certificate` when it does not hold what is needed.
pub fn load(identity: &Identity) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let text = read(&identity.certificate)?;
    let chain = certificates(&identity.certificate, &text)?;
    if chain.is_empty() {
        return Err(bad(&identity.certificate, "held no certificate"));
    }
    let key = match &identity.key {
        None => key(identity, &identity.certificate, &text)?,
        Some(path) => key(identity, path, &read(path)?)?,
    };
    Ok((chain, key))
}

fn key(identity: &Identity, path: &Path, text: &[u8]) -> Result<PrivateKeyDer<'static>> {
    if let Some(pem) = encrypted_section(text) {
        return decrypt(identity, path, pem);
    }
    if memchr::memmem::find(text, b"Proc-Type: 4,ENCRYPTED").is_some() {
        return Err(bad(path, "held a key in the old encryption of OpenSSL; convert it to PKCS#8"));
    }
    PrivateKeyDer::from_pem_slice(text).map_err(|error| match error {
        rustls_pki_types::pem::Error::NoItemsFound => bad(path, "held no private key"),
        error => bad(path, &format!("held a broken private key ({error})")),
    })
}

const BEGIN: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const END: &str = "-----END ENCRYPTED PRIVATE KEY-----";

/// The PEM section of an encrypted key, if there is one.
fn encrypted_section(text: &[u8]) -> Option<&str> {
    let start = memchr::memmem::find(text, BEGIN.as_bytes())?;
    let rest = text.get(start..)?;
    let end = memchr::memmem::find(rest, END.as_bytes())? + END.len();
    std::str::from_utf8(rest.get(..end)?).ok()
}

fn decrypt(identity: &Identity, path: &Path, pem: &str) -> Result<PrivateKeyDer<'static>> {
    let Some(password) = &identity.password else {
        return Err(bad(path, "held an encrypted key and no cert_password was given"));
    };
    let (_, document) = SecretDocument::from_pem(pem).map_err(|_| bad(path, "held a broken encrypted key"))?;
    let encrypted =
        EncryptedPrivateKeyInfo::try_from(document.as_bytes()).map_err(|_| bad(path, "held a broken encrypted key"))?;
    let plain = encrypted
        .decrypt(password.reveal())
        .map_err(|_| bad(path, "held an encrypted key that cert_password did not open"))?;
    Ok(PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(plain.as_bytes().to_vec())))
}

pub(super) fn bad(path: &Path, what: &str) -> Error {
    Error::new(&code::CERTIFICATE, format!("{} {what}", path.display()))
}
