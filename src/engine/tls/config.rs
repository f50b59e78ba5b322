//! The one builder of client configurations.
//!
//! The crypto provider is passed to every configuration and never installed for the process, because a host may have a
//! rustls of its own. Configurations are cached for the process by their settings and by the age and size of the files
//! that they name: a replaced certificate counts from the next connection on, and equal settings share the memory of
//! TLS sessions.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use crate::sys::lock::Mutex;
use rustls::{ClientConfig, RootCertStore, client::WebPkiServerVerifier, crypto::CryptoProvider};
use rustls_pki_types::CertificateDer;

use super::{
    identity,
    settings::{TlsSettings, Verify},
    verifier::Verifier,
};
use crate::{
    error::{Error, Result, code},
    sys::environment::variable,
};

/// More different settings than this are not remembered.
const CACHED: usize = 32;

/// The lock is held for look-ups only. In a forked child it may be held by a thread that does not exist there; then
/// the cache is done without.
const PATIENCE: Duration = Duration::from_millis(100);

/// Age and size of each file that the settings name.
type Stamps = Vec<Option<(SystemTime, u64)>>;

struct Cached {
    settings: TlsSettings,
    stamps: Stamps,
    config: Arc<ClientConfig>,
}

static CACHE: Mutex<Vec<Cached>> = Mutex::new(Vec::new());

/// The crypto of everything in the library.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider())).clone()
}

/// The configuration for these settings.
///
/// # Errors
/// `io` when a file cannot be read, `certificate` when it does not hold what it should.
pub fn client(settings: &TlsSettings) -> Result<Arc<ClientConfig>> {
    let stamps = stamps(settings);
    if let Some(mut cache) = CACHE.try_lock_for(PATIENCE) {
        if let Some(at) = cache.iter().position(|cached| cached.settings == *settings && cached.stamps == stamps) {
            // The front is the most recently used.
            if let Some(recent) = cache.get_mut(..=at) {
                recent.rotate_right(1);
            }
            return cache.first().map(|cached| cached.config.clone()).ok_or_else(|| internal("the cache was empty"));
        }
    }
    // Files are read and keys are decrypted without the lock; two threads may both do it once.
    let config = Arc::new(build(settings)?);
    let Some(mut cache) = CACHE.try_lock_for(PATIENCE) else { return Ok(config) };
    cache.retain(|cached| cached.settings != *settings);
    cache.truncate(CACHED - 1);
    cache.insert(0, Cached { settings: settings.clone(), stamps, config: config.clone() });
    Ok(config)
}

fn stamps(settings: &TlsSettings) -> Stamps {
    let system = match &settings.verify {
        Verify::System => system_roots(),
        _ => None,
    };
    let roots = match &settings.verify {
        Verify::On | Verify::Off | Verify::Pem(_) => None,
        Verify::System => system.as_ref(),
        Verify::File(path) | Verify::Directory(path) => Some(path),
    };
    let own = settings.identity.iter().flat_map(|own| [Some(&own.certificate), own.key.as_ref()]).flatten();
    let stamp = |path: &Path| {
        let data = fs::metadata(path).ok()?;
        Some((data.modified().ok()?, data.len()))
    };
    roots.into_iter().chain(own).map(|path| stamp(path)).collect()
}

/// Names the option that a file was given with.
fn of(option: &'static str) -> impl Fn(Error) -> Error {
    move |error| error.with("key", option)
}

fn build(settings: &TlsSettings) -> Result<ClientConfig> {
    let provider = provider();
    let (chain, named) = match &settings.verify {
        Verify::Off => (None, Vec::new()),
        Verify::On => (Some(mozilla()), Vec::new()),
        Verify::File(path) => {
            let read = || identity::read(path).and_then(|text| identity::certificates(path, &text));
            let named = read().map_err(of("verify"))?;
            (Some(store(path, &named).map_err(of("verify"))?), named)
        }
        Verify::Pem(text) => {
            let place = Path::new("the text of verify");
            let named = identity::certificates(place, text.as_bytes()).map_err(of("verify"))?;
            (Some(store(place, &named).map_err(of("verify"))?), named)
        }
        Verify::System => {
            let none = || Error::new(&code::CERTIFICATE, "the system has no file of roots where one is expected");
            let path = system_roots().ok_or_else(none).map_err(of("verify"))?;
            let found = if path.is_dir() {
                directory(&path)
            } else {
                identity::read(&path).and_then(|text| identity::certificates(&path, &text))
            };
            // They are authorities of everybody: none of them is the server itself.
            (Some(store(&path, &found.map_err(of("verify"))?).map_err(of("verify"))?), Vec::new())
        }
        Verify::Directory(path) => {
            let named = directory(path).map_err(of("verify"))?;
            (Some(store(path, &named).map_err(of("verify"))?), named)
        }
    };
    let chain = match chain {
        None => None,
        Some(roots) => Some(
            WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
                .build()
                .map_err(|error| Error::new(&code::CERTIFICATE, format!("the roots could not be used: {error}")))?,
        ),
    };
    let verifier = Verifier {
        chain,
        named,
        common_name: settings.common_name,
        pins: settings.pins.clone(),
        provider: provider.clone(),
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| internal(&error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &settings.identity {
        None => builder.with_no_client_auth(),
        Some(own) => {
            let (chain, key) = identity::load(own).map_err(of("cert"))?;
            builder.with_client_auth_cert(chain, key).map_err(|error| {
                let what = match error {
                    rustls::Error::InconsistentKeys(_) => "does not belong to its private key".to_owned(),
                    error => format!("or its key could not be used ({error})"),
                };
                of("cert")(identity::bad(&own.certificate, &what))
            })?
        }
    };
    config.alpn_protocols.clone_from(&settings.alpn);
    Ok(config)
}

/// Where the system keeps its roots: what its variable says, or the first place of the usual ones.
fn system_roots() -> Option<PathBuf> {
    const PLACES: [&str; 6] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
        "/etc/ssl/certs",
    ];
    let told = ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().find_map(|name| variable(name).filter(|path| !path.is_empty()));
    told.map(PathBuf::from).or_else(|| PLACES.iter().map(PathBuf::from).find(|path| path.exists()))
}

/// The roots that are part of the library, made once.
fn mozilla() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let make = || Arc::new(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect::<RootCertStore>());
    ROOTS.get_or_init(make).clone()
}

fn store(path: &Path, certificates: &[CertificateDer<'static>]) -> Result<Arc<RootCertStore>> {
    let mut store = RootCertStore::empty();
    let (added, _) = store.add_parsable_certificates(certificates.iter().cloned());
    if added == 0 {
        return Err(identity::bad(path, "held no certificate"));
    }
    Ok(Arc::new(store))
}

/// Every certificate in the files of a directory. A hashed directory names each twice (a link); once is enough.
fn directory(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let unreadable = |error: std::io::Error| {
        let reason = crate::engine::net::limits::reason(&error);
        Error::new(&code::IO, format!("could not read {}: {reason}", path.display())).transient(false)
    };
    let mut found: Vec<CertificateDer<'static>> = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if !file.is_file() {
            continue;
        }
        // Other things lie in such directories too (lists of revocations, notes): what is no PEM is passed over.
        let Ok(text) = fs::read(&file) else { continue };
        for certificate in identity::certificates(&file, &text).unwrap_or_default() {
            if !found.contains(&certificate) {
                found.push(certificate);
            }
        }
    }
    Ok(found)
}

fn internal(message: &str) -> Error {
    Error::new(&code::INTERNAL, format!("TLS could not be set up: {message}"))
}
