//! Checks the server's certificate: webpki's rules, our pins, and one leniency that OpenSSL has as well.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use rustls::{
    CertificateError, DigitallySignedStruct, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    server::ParsedCertificate,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::names::sole_common_name;

/// The verifier of one configuration.
#[derive(Debug)]
pub struct Verifier {
    /// None when anybody is believed.
    pub(super) chain: Option<Arc<WebPkiServerVerifier>>,
    /// Certificates that the host named itself. A server may present such a one as its own even when it is marked as
    /// an authority, as `openssl req -x509` makes them.
    pub(super) named: Vec<CertificateDer<'static>>,
    /// Such a one that names no host is checked by its common name.
    pub(super) common_name: bool,
    pub(super) pins: Vec<[u8; 32]>,
    pub(super) provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn check_pins(&self, certificate: &CertificateDer<'_>) -> Result<(), rustls::Error> {
        if self.pins.is_empty() {
            return Ok(());
        }
        let key = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
        let found = digest(&SHA256, key.as_ref());
        if self.pins.iter().any(|pin| pin == found.as_ref()) {
            return Ok(());
        }
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    /// A certificate that the host named itself, of which everything was found right but that it names no host, may have the
    /// host's name as its common name (spec/mesh.md 2.3).
    fn by_common_name(
        &self,
        certificate: &CertificateDer<'_>,
        host: &ServerName<'_>,
        error: rustls::Error,
    ) -> Result<(), rustls::Error> {
        use CertificateError::{NotValidForName, NotValidForNameContext};
        let nameless =
            matches!(error, rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }));
        let named = self.common_name && nameless && self.named.iter().any(|named| named == certificate);
        match sole_common_name(certificate).filter(|_| named) {
            Some(name) if name.eq_ignore_ascii_case(&host.to_str()) => Ok(()),
            _ => Err(error),
        }
    }

    /// webpki checks the validity period before it notices that an authority stands at the end of the chain, so what
    /// is left is the name.
    fn is_named(&self, certificate: &CertificateDer<'_>, error: &rustls::Error) -> bool {
        let rustls::Error::InvalidCertificate(CertificateError::Other(other)) = error else { return false };
        other.0.to_string().contains("CaUsedAsEndEntity") && self.named.iter().any(|named| named == certificate)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(chain) = &self.chain {
            match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
                Ok(_) => {}
                Err(error) if self.is_named(end_entity, &error) => {
                    let named = verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name);
                    named.or_else(|error| self.by_common_name(end_entity, server_name, error))?;
                }
                Err(error) => self.by_common_name(end_entity, server_name, error)?,
            }
        }
        self.check_pins(end_entity)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
