//! TLS against a rustls server with certificates made for the test.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    sync::Arc,
    thread,
};

use aws_lc_rs::digest::{SHA256, digest};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PublicKeyData, date_time_ymd};
use rustls::{ServerConfig, ServerConnection, StreamOwned, server::WebPkiClientVerifier};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::scripted::*;
use crate::{
    engine::{
        http::exchange::{Carrier, Payload},
        net::{
            proxy::{Kind, Proxy},
            route::{Override, Parts, Route},
        },
        tls::{
            config,
            settings::{Identity, TlsSettings, Verify},
        },
    },
    error::Outcome,
    secret::Secret,
};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// An authority, and a directory for its files that goes with it.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    place: PathBuf,
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.place);
    }
}

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let place = std::env::temp_dir().join(format!("haft-tls-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&place);
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join("ca.pem"), issuer.pem()).unwrap();
        Authority { issuer, place }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.place.join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn trusting(&self) -> TlsSettings {
        TlsSettings { verify: Verify::File(self.place.join("ca.pem")), ..TlsSettings::default() }
    }

    fn leaf(&self, names: &[&str], past: bool) -> (CertificateDer<'static>, KeyPair) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        if past {
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2002, 2, 3);
        }
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().der().clone(), key)
    }

    fn server(&self, names: &[&str], past: bool, ask: bool) -> Arc<ServerConfig> {
        let (leaf, key) = self.leaf(names, past);
        server_config(leaf, &key, ask.then(|| self.issuer.der().clone()))
    }
}

fn server_config(
    leaf: CertificateDer<'static>,
    key: &KeyPair,
    ask: Option<CertificateDer<'static>>,
) -> Arc<ServerConfig> {
    let builder =
        ServerConfig::builder_with_provider(config::provider()).with_safe_default_protocol_versions().unwrap();
    let builder = match ask {
        None => builder.with_no_client_auth(),
        Some(root) => {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(root).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), config::provider());
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    Arc::new(builder.with_single_cert(vec![leaf], key).unwrap())
}

/// Answers every request of every connection; `last` ends each connection after its first answer.
fn serve_tls(config: Arc<ServerConfig>, answer: &'static [u8], end: End) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let config = config.clone();
            thread::spawn(move || talk(StreamOwned::new(ServerConnection::new(config).unwrap(), stream), answer, end));
        }
    });
    port
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Never,
    Politely,
    Rudely,
}

fn talk<S: Read + Write>(mut stream: StreamOwned<ServerConnection, S>, answer: &[u8], end: End) {
    while request(&mut stream).is_some() {
        if stream.write_all(answer).and_then(|()| stream.flush()).is_err() {
            return;
        }
        if end == End::Politely {
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
        if end != End::Never {
            return;
        }
    }
}

fn to(port: u16, host: &str, tls: TlsSettings) -> Arc<Route> {
    let given = Override { host: host.into(), port, addresses: vec![[127, 0, 0, 1].into()] };
    Route::new(Parts {
        https: true,
        host: host.into(),
        port,
        tls: Arc::new(tls),
        overrides: vec![given],
        ..Parts::default()
    })
}

/// Status and body of a GET, or code and message of the error.
fn fetch(carrier: &Carrier, route: &Arc<Route>) -> Result<Vec<u8>, (String, String)> {
    let told = |error: crate::error::Error| (error.code().to_owned(), error.message().to_owned());
    let mut answer = send(carrier, route, "GET", Payload::None, &limits(10_000)).map_err(told)?;
    body(&mut answer).map_err(told)
}

#[test]
fn a_trusted_server_is_talked_to_and_kept() {
    let authority = Authority::new("kept");
    let port = serve_tls(authority.server(&["name.test", "127.0.0.1"], false, false), OK, End::Never);
    let carrier = Carrier::default();
    let route = to(port, "name.test", authority.trusting());
    let mut first = send(&carrier, &route, "GET", Payload::None, &limits(10_000)).unwrap();
    assert_eq!(body(&mut first).unwrap(), b"ok");
    let info = first.tls.clone().unwrap();
    assert_eq!((info.version, info.resumed), ("TLSv1.3", false));
    assert!(info.cipher.starts_with("TLS_") && info.certificate.is_some() && first.marks.secured.is_some());
    // A POST looks at the connection first; a ticket that lies there must not be taken for an end.
    let mut second = send(&carrier, &route, "POST", Payload::Bytes(&[7; 200_000]), &limits(10_000)).unwrap();
    assert!(second.reused);
    assert_eq!(body(&mut second).unwrap(), b"ok");
    // The next connection remembers the session.
    carrier.clear();
    let third = send(&carrier, &route, "GET", Payload::None, &limits(10_000)).unwrap();
    assert!(!third.reused && third.tls.clone().unwrap().resumed);
    assert_eq!(fetch(&carrier, &to(port, "127.0.0.1", authority.trusting())).unwrap(), b"ok");
    let directory = TlsSettings { verify: Verify::Directory(authority.place.clone()), ..TlsSettings::default() };
    assert_eq!(fetch(&carrier, &to(port, "name.test", directory)).unwrap(), b"ok");
}

#[test]
fn what_is_wrong_with_a_certificate_is_told() {
    let authority = Authority::new("wrong");
    let good = serve_tls(authority.server(&["name.test"], false, false), OK, End::Never);
    let old = serve_tls(authority.server(&["name.test"], true, false), OK, End::Never);
    let carrier = Carrier::default();
    let table = [
        (to(good, "name.test", TlsSettings::default()), "its issuer is not trusted"),
        (to(good, "other.test", authority.trusting()), "it is for name.test and other.test was wanted"),
        (to(old, "name.test", authority.trusting()), "it expired on 2002-02-03"),
    ];
    for (route, why) in table {
        let error = send(&carrier, &route, "GET", Payload::None, &limits(10_000)).err().unwrap();
        assert_eq!((error.code(), error.known_outcome()), ("certificate", Some(Outcome::NotSent)));
        assert!(error.message().ends_with(why), "{error}");
        assert_eq!(error.detail().get("phase").unwrap().as_str(), Some("tls"));
        // Off means off.
        let off = TlsSettings { verify: Verify::Off, ..TlsSettings::default() };
        let parts = Parts { tls: Arc::new(off), ..route.parts().clone() };
        assert_eq!(fetch(&carrier, &Route::new(parts)).unwrap(), b"ok");
    }
}

#[test]
fn pins_hold_without_other_verification() {
    let authority = Authority::new("pins");
    let (leaf, key) = authority.leaf(&["name.test"], false);
    let pin: [u8; 32] = digest(&SHA256, &key.subject_public_key_info()).as_ref().try_into().unwrap();
    let port = serve_tls(server_config(leaf, &key, None), OK, End::Never);
    let with = |pins| TlsSettings { verify: Verify::Off, pins, ..TlsSettings::default() };
    assert_eq!(fetch(&Carrier::default(), &to(port, "name.test", with(vec![[0; 32], pin]))).unwrap(), b"ok");
    let (code, message) = fetch(&Carrier::default(), &to(port, "name.test", with(vec![[0; 32]]))).unwrap_err();
    assert_eq!(code, "certificate");
    assert!(message.ends_with("its public key is none of the pinned ones"), "{message}");
}

#[test]
fn a_named_authority_may_be_the_server_itself() {
    let authority = Authority::new("named");
    let mut params = CertificateParams::new(vec!["name.test".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let own = params.self_signed(&key).unwrap();
    let path = authority.file("own.pem", &own.pem());
    let port = serve_tls(server_config(own.der().clone(), &key, None), OK, End::Never);
    let trusting = || TlsSettings { verify: Verify::File(path.clone()), ..TlsSettings::default() };
    assert_eq!(fetch(&Carrier::default(), &to(port, "name.test", trusting())).unwrap(), b"ok");
    assert_eq!(fetch(&Carrier::default(), &to(port, "other.test", trusting())).unwrap_err().0, "certificate");
}

#[test]
fn a_client_certificate_is_presented() {
    let authority = Authority::new("client");
    let port = serve_tls(authority.server(&["name.test"], false, true), OK, End::Never);
    let (leaf, key) = authority.leaf(&["me"], false);
    let der = rcgen_pem(&leaf);
    let certificate = authority.file("me.pem", &der);
    let plain = authority.file("key.pem", &key.serialize_pem());
    let other = authority.file("other.pem", &KeyPair::generate().unwrap().serialize_pem());
    let locked = authority.file("locked.pem", &encrypt(&key, "open sesame"));
    let with = |key: &PathBuf, password: Option<&str>| TlsSettings {
        identity: Some(Identity {
            certificate: certificate.clone(),
            key: Some(key.clone()),
            password: password.map(Secret::new),
        }),
        ..authority.trusting()
    };
    let run = |settings| fetch(&Carrier::default(), &to(port, "name.test", settings));
    assert_eq!(run(with(&plain, None)).unwrap(), b"ok");
    assert_eq!(run(with(&locked, Some("open sesame"))).unwrap(), b"ok");
    let table = [
        (with(&locked, None), "certificate", "no cert_password was given"),
        (with(&locked, Some("wrong")), "certificate", "that cert_password did not open"),
        (with(&other, None), "certificate", "does not belong to its private key"),
        (with(&certificate, None), "certificate", "held no private key"),
        (with(&authority.place.join("none"), None), "io", "none: no such file or directory"),
        (authority.trusting(), "certificate", "asked for a client certificate"),
    ];
    for (settings, code, end) in table {
        let (found, message) = run(settings).unwrap_err();
        assert_eq!(found, code, "{message}");
        assert!(message.ends_with(end), "{message}");
    }
}

fn rcgen_pem(leaf: &CertificateDer<'_>) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(leaf))
}

/// PKCS#8 with PBES2, as `openssl pkcs8 -topk8` writes it.
fn encrypt(key: &KeyPair, password: &str) -> String {
    use pkcs8::{LineEnding, PrivateKeyInfo, pkcs5::pbes2};
    let der = key.serialize_der();
    let info = PrivateKeyInfo::try_from(&der[..]).unwrap();
    let parameters = pbes2::Parameters::pbkdf2_sha256_aes256cbc(2048, b"saltsalt", &[7; 16]).unwrap();
    let locked = info.encrypt_with_params(parameters, password).unwrap();
    locked.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).unwrap().to_string()
}

#[test]
fn files_that_do_not_hold_what_they_should_are_told_before_connecting() {
    let authority = Authority::new("files");
    let empty = authority.file("empty.pem", "nothing\n");
    let broken = authority.file("broken.pem", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n");
    let table = [
        (Verify::File(authority.place.join("none")), "io"),
        (Verify::Directory(authority.place.join("none")), "io"),
        (Verify::File(empty), "certificate"),
        (Verify::File(broken), "certificate"),
    ];
    for (verify, code) in table {
        // Nobody listens there, which is not found out.
        let route = to(1, "name.test", TlsSettings { verify, ..TlsSettings::default() });
        let (found, message) = fetch(&Carrier::default(), &route).unwrap_err();
        assert_eq!(found, code, "{message}");
        assert!(message.contains(authority.place.to_str().unwrap()), "{message}");
    }
}

#[test]
fn a_body_that_ends_with_the_connection_needs_a_goodbye() {
    let authority = Authority::new("goodbye");
    let text = b"HTTP/1.1 200 OK\r\n\r\nall of it";
    let config = authority.server(&["name.test"], false, false);
    let polite = serve_tls(config.clone(), text, End::Politely);
    let rude = serve_tls(config, text, End::Rudely);
    let carrier = Carrier::default();
    assert_eq!(fetch(&carrier, &to(polite, "name.test", authority.trusting())).unwrap(), b"all of it");
    assert_eq!(fetch(&carrier, &to(rude, "name.test", authority.trusting())).unwrap_err().0, "incomplete_read");
}

#[test]
fn what_is_not_tls_is_told() {
    let server = serve(vec![vec![Act::Take(10), Act::Say(b"HTTP/1.1 400 Bad\r\n\r\n"), Act::Hold]]);
    let off = TlsSettings { verify: Verify::Off, ..TlsSettings::default() };
    let (code, message) = fetch(&Carrier::default(), &to(server.port, "name.test", off)).unwrap_err();
    assert_eq!((&*code, &*message), ("tls", "name.test did not answer in TLS"));
    let server = serve(vec![vec![Act::Take(10), Act::Close]]);
    assert_eq!(fetch(&Carrier::default(), &to(server.port, "a", TlsSettings::default())).unwrap_err().0, "tls");
}

#[test]
fn tls_goes_through_a_tunnel_inside_tls() {
    let authority = Authority::new("inside");
    let inner = serve_tls(authority.server(&["target.test"], false, false), OK, End::Never);
    let outer = authority.server(&["localhost"], false, false);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let proxy = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut client = StreamOwned::new(ServerConnection::new(outer).unwrap(), stream);
        let seen = request(&mut client).unwrap();
        client.write_all(b"HTTP/1.1 200 Fine\r\n\r\n").unwrap();
        client.flush().unwrap();
        relay(client, TcpStream::connect(("127.0.0.1", inner)).unwrap());
        seen
    });
    let parts = to(443, "target.test", authority.trusting()).parts().clone();
    let mut through = Proxy::new(Kind::Https, "localhost", port);
    through.authorization = Some(Secret::new("Basic dTpw"));
    let carrier = Carrier::default();
    let route = Route::new(Parts { proxy: Some(through), ..parts });
    assert_eq!(fetch(&carrier, &route).unwrap(), b"ok");
    assert_eq!(fetch(&carrier, &route).unwrap(), b"ok");
    carrier.clear();
    let seen = String::from_utf8(proxy.join().unwrap()).unwrap();
    assert!(
        seen.starts_with("CONNECT target.test:443 HTTP/1.1\r\n") && seen.contains("Proxy-Authorization: Basic dTpw")
    );
}

/// Carries bytes both ways until one side ends.
fn relay(mut client: StreamOwned<ServerConnection, TcpStream>, mut server: TcpStream) {
    use std::time::Duration;
    client.sock.set_read_timeout(Some(Duration::from_millis(2))).unwrap();
    server.set_read_timeout(Some(Duration::from_millis(2))).unwrap();
    let mut buffer = [0; 20_000];
    loop {
        match client.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => server.write_all(&buffer[..count]).unwrap(),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
        match server.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => client.write_all(&buffer[..count]).and_then(|()| client.flush()).unwrap(),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
