//! Certificates of every kind that a Mesh server may have (spec/mesh.md 2.3).

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use tokio_rustls::rustls::{
    ServerConfig,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer},
};

use std::sync::Arc;

/// What a server shows, and the PEM text that a client is given for it.
pub struct Keys {
    pub config: ServerConfig,
    pub pem: String,
    /// `verify_pin` of the server's key.
    pub pin: String,
}

pub struct Wanted<'a> {
    pub authority: bool,
    pub alternatives: &'a [&'a str],
    pub common_name: &'a str,
    pub expired: bool,
}

fn params(wanted: &Wanted<'_>) -> CertificateParams {
    let names: Vec<String> = wanted.alternatives.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, wanted.common_name);
    params.is_ca = if wanted.authority { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::ExplicitNoCa };
    if wanted.expired {
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
    }
    params
}

fn config(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> ServerConfig {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap();
    let mut config = builder.with_no_client_auth().with_single_cert(chain, key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

fn pin(key: &KeyPair) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use rcgen::PublicKeyData;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &key.subject_public_key_info());
    format!("sha256//{}", STANDARD.encode(digest.as_ref()))
}

pub fn self_signed(wanted: &Wanted<'_>) -> Keys {
    let key = KeyPair::generate().unwrap();
    let certificate = params(wanted).self_signed(&key).unwrap();
    Keys { config: config(vec![certificate.der().clone()], &key), pem: certificate.pem(), pin: pin(&key) }
}

/// The usual one: for 127.0.0.1, by an authority of its own.
pub fn usual() -> Keys {
    let authority = KeyPair::generate().unwrap();
    let root = params(&Wanted { authority: true, alternatives: &[], common_name: "an authority", expired: false });
    let certificate = root.self_signed(&authority).unwrap();
    let key = KeyPair::generate().unwrap();
    let wanted =
        Wanted { authority: false, alternatives: &["127.0.0.1", "localhost"], common_name: "a server", expired: false };
    let leaf = params(&wanted).signed_by(&key, &Issuer::new(root, authority)).unwrap();
    Keys { config: config(vec![leaf.der().clone()], &key), pem: certificate.pem(), pin: pin(&key) }
}
