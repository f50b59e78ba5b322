//! The certificates of a sandbox, made at every start and written to its directory: one authority of our own, the
//! leaves that it signs well or badly, a client certificate, and the OpenSSL style directory that Python's
//! `capath` reads.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pkcs8::LineEnding;
use pkcs8::pkcs5::pbes2;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PublicKeyData, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use sha1::{Digest, Sha1};
use sha2::Sha256;

/// Password of the encrypted client key.
pub const KEY_PASSWORD: &str = "secret";
/// Common name of the authority; part of the file name in the hashed directory.
const AUTHORITY: &str = "haft sandbox authority";
/// What the good certificate is valid for.
const NAMES: [&str; 4] = ["localhost", "127.0.0.1", "::1", "*.test.localhost"];
/// PBKDF2 rounds: the key protects nothing, and every start and every test pays for them.
const KEY_ROUNDS: u32 = 2048;

type Failure = Box<dyn Error + Send + Sync>;

/// Server configurations and where the files are.
pub struct Certificates {
    /// Good certificate.
    pub good: Arc<ServerConfig>,
    /// The same certificate, `h2` and `http/1.1` offered.
    pub good_both: Arc<ServerConfig>,
    /// The same certificate, `h2` alone offered.
    pub good_h2: Arc<ServerConfig>,
    /// Signed by itself.
    pub selfsigned: Arc<ServerConfig>,
    /// Good but for its dates.
    pub expired: Arc<ServerConfig>,
    /// Good but for its names.
    pub wronghost: Arc<ServerConfig>,
    /// Good, and asks for a client certificate of our authority.
    pub mtls: Arc<ServerConfig>,
    /// Signed by itself as an authority, `h2` alone offered.
    pub mesh_selfsigned: Arc<ServerConfig>,
    /// The same with nothing but a common name.
    pub mesh_cn: Arc<ServerConfig>,
    /// PEM of the certificates of these two.
    pub mesh: [PathBuf; 2],
    /// PEM of the authority.
    pub ca: PathBuf,
    /// Directory with hashed names.
    pub ca_dir: PathBuf,
    /// PEM of the client certificate.
    pub client_cert: PathBuf,
    /// PEM of its key.
    pub client_key: PathBuf,
    /// Both in one.
    pub client_pem: PathBuf,
    /// The key encrypted with [`KEY_PASSWORD`].
    pub client_key_encrypted: PathBuf,
    /// `sha256//` pin of the good certificate's key.
    pub pin: String,
}

struct Leaf {
    certificate: CertificateDer<'static>,
    pem: String,
    key: KeyPair,
}

/// An authority of its own, and a good certificate with its key, as PEM files in `dir`: for a server that is not ours.
///
/// # Errors
/// When a file cannot be written or a certificate cannot be made.
pub fn server_files(dir: &Path) -> Result<[PathBuf; 3], Failure> {
    let authority = authority()?;
    let good = sign(&authority, server(&NAMES)?)?;
    let write = |name: &str, text: String| -> Result<PathBuf, Failure> {
        let path = dir.join(name);
        fs::write(&path, text)?;
        Ok(path)
    };
    Ok([
        write("ca.pem", authority.pem())?,
        write("server.crt", good.pem)?,
        write("server.key", good.key.serialize_pem())?,
    ])
}

impl Certificates {
    /// Makes everything and writes the files into `dir`.
    ///
    /// # Errors
    /// When a file cannot be written or a certificate cannot be made.
    pub fn make(dir: &Path) -> Result<Self, Failure> {
        let authority = authority()?;
        let good = sign(&authority, server(&NAMES)?)?;
        let mut params = server(&NAMES)?;
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
        let expired = sign(&authority, params)?;
        let wronghost = sign(&authority, server(&["wrong.example"])?)?;
        let key = KeyPair::generate()?;
        let certificate = server(&NAMES)?.self_signed(&key)?;
        let selfsigned = Leaf { certificate: certificate.der().clone(), pem: certificate.pem(), key };
        let mut params = named("haft sandbox client", &["client.test"])?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let client = sign(&authority, params)?;

        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone())?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build()?;
        let mtls = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![good.certificate.clone()], private(&good.key))?;

        let good_config = config(&provider, &good)?;
        let offering = |protocols: &[&[u8]]| {
            let mut config = (*good_config).clone();
            config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
            Arc::new(config)
        };
        let file = |name: &str, text: &str| -> Result<PathBuf, Failure> {
            let path = dir.join(name);
            fs::write(&path, text)?;
            Ok(path)
        };
        let authority_pem = authority.pem();
        let ca_dir = dir.join("ca_dir");
        fs::create_dir(&ca_dir)?;
        fs::write(ca_dir.join(format!("{:08x}.0", subject_hash(AUTHORITY))), &authority_pem)?;
        let client_key = client.key.serialize_pem();
        file("selfsigned.pem", &selfsigned.pem)?;
        let authority_h2 = |common_name: &str, names: &[&str]| -> Result<(Arc<ServerConfig>, String), Failure> {
            let mut params = named(common_name, names)?;
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            // Nothing but what `openssl req -x509` puts in.
            params.key_usages = Vec::new();
            let key = KeyPair::generate()?;
            let certificate = params.self_signed(&key)?;
            let leaf = Leaf { certificate: certificate.der().clone(), pem: certificate.pem(), key };
            let mut config = (*config(&provider, &leaf)?).clone();
            config.alpn_protocols = vec![b"h2".to_vec()];
            Ok((Arc::new(config), leaf.pem))
        };
        let (mesh_selfsigned, mesh_selfsigned_pem) = authority_h2("haft sandbox mesh", &NAMES)?;
        let (mesh_cn, mesh_cn_pem) = authority_h2("localhost", &[])?;
        Ok(Self {
            good_both: offering(&[b"h2", b"http/1.1"]),
            good_h2: offering(&[b"h2"]),
            good: good_config,
            selfsigned: config(&provider, &selfsigned)?,
            expired: config(&provider, &expired)?,
            wronghost: config(&provider, &wronghost)?,
            mtls: http1(mtls),
            mesh_selfsigned,
            mesh_cn,
            mesh: [file("mesh_selfsigned.pem", &mesh_selfsigned_pem)?, file("mesh_cn.pem", &mesh_cn_pem)?],
            ca: file("ca.pem", &authority_pem)?,
            ca_dir,
            client_cert: file("client.crt", &client.pem)?,
            client_key: file("client.key", &client_key)?,
            client_pem: file("client.pem", &format!("{}{client_key}", client.pem))?,
            client_key_encrypted: file("client_encrypted.key", &encrypt(&provider, &client.key)?)?,
            pin: format!("sha256//{}", STANDARD.encode(Sha256::digest(good.key.subject_public_key_info()))),
        })
    }
}

fn authority() -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = named(AUTHORITY, &[])?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn named(common_name: &str, names: &[&str]) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2090, 1, 1);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    Ok(params)
}

fn server(names: &[&str]) -> Result<CertificateParams, rcgen::Error> {
    let mut params = named("haft sandbox server", names)?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn sign(authority: &CertifiedIssuer<'static, KeyPair>, params: CertificateParams) -> Result<Leaf, rcgen::Error> {
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, authority)?;
    Ok(Leaf { certificate: certificate.der().clone(), pem: certificate.pem(), key })
}

fn private(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()))
}

fn config(provider: &Arc<rustls::crypto::CryptoProvider>, leaf: &Leaf) -> Result<Arc<ServerConfig>, rustls::Error> {
    let config = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.certificate.clone()], private(&leaf.key))?;
    Ok(http1(config))
}

fn http1(mut config: ServerConfig) -> Arc<ServerConfig> {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

fn encrypt(provider: &rustls::crypto::CryptoProvider, key: &KeyPair) -> Result<String, Failure> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    provider.secure_random.fill(&mut salt).map_err(|_| "no randomness")?;
    provider.secure_random.fill(&mut iv).map_err(|_| "no randomness")?;
    let params = pbes2::Parameters::pbkdf2_sha256_aes256cbc(KEY_ROUNDS, &salt, &iv).map_err(|e| e.to_string())?;
    let der = key.serialize_der();
    let plain = pkcs8::PrivateKeyInfo::try_from(der.as_slice()).map_err(|e| e.to_string())?;
    let sealed = plain.encrypt_with_params(params, KEY_PASSWORD).map_err(|e| e.to_string())?;
    Ok(sealed.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).map_err(|e| e.to_string())?.to_string())
}

/// The file name that OpenSSL looks for: SHA-1 over the canonical subject (lower case UTF-8, no outer sequence),
/// its first four bytes read as a little-endian number.
fn subject_hash(common_name: &str) -> u32 {
    let text = common_name.to_lowercase();
    let mut value = vec![0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, u8::try_from(text.len()).unwrap_or(0)];
    value.extend_from_slice(text.as_bytes());
    let mut name = vec![0x31, u8::try_from(value.len() + 2).unwrap_or(0), 0x30, u8::try_from(value.len()).unwrap_or(0)];
    name.append(&mut value);
    let sum = Sha1::digest(&name);
    u32::from_le_bytes([sum[0], sum[1], sum[2], sum[3]])
}
