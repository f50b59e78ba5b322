//! Certificates: the table of spec/mesh.md 2.3, as the official client behaves, and what it must never lead to.

use std::path::PathBuf;

use haft::{args::Args, error::Status, session::Session};

use crate::{
    keys::{Keys, Wanted, self_signed, usual},
    peer::Peer,
};

/// The name has another address as well, where somebody else may listen on the same port.
fn local() -> Args {
    let mut args = Args::new();
    args.set("ip_version", 4_i64);
    args
}

/// What comes of opening a session.
fn opened(peer: &Peer, options: &[(&str, &str)]) -> Result<(), (Status, String)> {
    let mut args = local();
    for (key, value) in options {
        match *value {
            "false" => args.set(key, false),
            value => args.set(key, value),
        }
    }
    let url = format!("mesh+https://localhost:{}", peer.address.port());
    let session = Session::create(&url, &args).map_err(|error| (error.status(), error.message().to_owned()))?;
    session.close(&Args::new()).map_err(|error| (error.status(), error.message().to_owned()))
}

fn refused(peer: &Peer, options: &[(&str, &str)], words: &str) {
    let (status, message) = opened(peer, options).unwrap_err();
    assert_eq!(status, Status::Tls, "{message}");
    assert!(message.contains(words), "{message}");
    assert_eq!(peer.methods(), [""; 0], "nothing may be sent to somebody unknown");
}

fn place() -> PathBuf {
    let place =
        std::env::temp_dir().join(format!("haft-mesh-{}-{:?}", std::process::id(), std::thread::current().id()));
    std::fs::create_dir_all(&place).unwrap();
    place
}

const PLAIN: Wanted<'_> =
    Wanted { authority: false, alternatives: &["localhost"], common_name: "whatever", expired: false };

/// The rows of the table, each given as the only root.
#[test]
fn certificates_that_the_official_client_takes() {
    let rows = [
        Wanted { authority: true, ..PLAIN },
        PLAIN,
        Wanted { alternatives: &[], common_name: "localhost", ..PLAIN },
        Wanted { alternatives: &[], common_name: "LocalHost", authority: true, ..PLAIN },
    ];
    for (row, wanted) in rows.iter().enumerate() {
        let Keys { config, pem, pin } = self_signed(wanted);
        let peer = Peer::tls(config);
        opened(&peer, &[("root_certs", &pem)]).unwrap_or_else(|error| panic!("row {row}: {error:?}"));
        opened(&peer, &[("root_certs", &pem), ("verify_pin", &pin)]).unwrap();
        assert_eq!(peer.count("StartSession"), 2);
    }
    let Keys { config, pem, .. } = usual();
    opened(&Peer::tls(config), &[("root_certs", &pem)]).unwrap();
}

#[test]
fn certificates_that_are_not_taken() {
    let other = usual();
    for wanted in
        [PLAIN, Wanted { authority: true, ..PLAIN }, Wanted { alternatives: &[], common_name: "localhost", ..PLAIN }]
    {
        let Keys { config, .. } = self_signed(&wanted);
        let peer = Peer::tls(config);
        refused(&peer, &[], "not accepted");
        refused(&peer, &[("root_certs", &other.pem)], "not accepted");
        refused(&peer, &[("root_certs", "system")], "not accepted");
    }
    // Another host's, by name or by common name.
    let rows = [
        Wanted { alternatives: &["mesh.example"], ..PLAIN },
        Wanted { alternatives: &["mesh.example"], authority: true, ..PLAIN },
        Wanted { alternatives: &["mesh.example"], common_name: "localhost", ..PLAIN },
        Wanted { alternatives: &[], common_name: "mesh.example", ..PLAIN },
        Wanted { alternatives: &[], common_name: "mesh.example", authority: true, ..PLAIN },
    ];
    for wanted in &rows {
        let Keys { config, pem, .. } = self_signed(wanted);
        let peer = Peer::tls(config);
        refused(&peer, &[("root_certs", &pem)], "localhost was wanted");
    }
    for authority in [false, true] {
        let Keys { config, pem, .. } = self_signed(&Wanted { expired: true, authority, ..PLAIN });
        refused(&Peer::tls(config), &[("root_certs", &pem)], "expired on 2002-01-01");
    }
    // The pin comes on top, and stands alone only where the host switched the rest off.
    let Keys { config, pem, pin } = self_signed(&PLAIN);
    let peer = Peer::tls(config);
    refused(&peer, &[("root_certs", &pem), ("verify_pin", &other.pin)], "pinned");
    refused(&peer, &[("verify", "false"), ("verify_pin", &other.pin)], "pinned");
    refused(&peer, &[("verify_pin", &pin)], "not accepted");
    opened(&peer, &[("verify", "false"), ("verify_pin", &pin)]).unwrap();
}

/// The common name counts for a certificate that was named itself, and for Mesh; not behind an authority, not in HTTP.
#[test]
fn a_common_name_is_for_pinned_certificates_of_mesh() {
    let Keys { config, pem, .. } = self_signed(&Wanted { alternatives: &[], common_name: "localhost", ..PLAIN });
    let peer = Peer::tls(config);
    let mut args = local();
    args.set("verify", pem.as_str());
    args.set("http_version", "2");
    let url = format!("https://localhost:{}/", peer.address.port());
    let session = Session::create(&url, &args).unwrap();
    let error = session.request(Some("GET"), Some("/"), &Args::new()).unwrap_err();
    assert!(error.message().contains("names no host at all"), "{error}");
    session.close(&Args::new()).unwrap();
    let mut args = local();
    args.set("root_certs", pem.as_str());
    args.set("verify_common_name", false);
    let error = Session::create(&format!("mesh+{url}"), &args).unwrap_err();
    assert!(error.message().contains("names no host at all"), "{error}");
}

#[test]
fn roots_from_text_file_directory_and_system() {
    let Keys { config, pem, .. } = usual();
    let peer = Peer::tls(config);
    let place = place();
    let file = place.join("roots.pem");
    // A bundle of several.
    std::fs::write(&file, format!("# notes\n{}{pem}", usual().pem)).unwrap();
    let bundle = std::fs::read_to_string(&file).unwrap();
    for roots in [bundle.as_str(), file.to_str().unwrap(), place.to_str().unwrap()] {
        opened(&peer, &[("root_certs", roots)]).unwrap();
    }
    let before = peer.methods().len();
    for (wrong, words) in [
        ("/nowhere/roots.pem", "/nowhere/roots.pem"),
        ("-----BEGIN CERTIFICATE-----\nAAAA", "PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate"),
    ] {
        let (_, message) = opened(&peer, &[("root_certs", wrong)]).unwrap_err();
        assert!(message.contains(words), "{wrong}: {message}");
    }
    assert_eq!(peer.methods().len(), before);
    std::fs::remove_dir_all(place).unwrap();
}

/// One side speaks TLS and the other does not (spec/mesh.md 6.1).
#[test]
fn tls_on_one_side() {
    let plain = Peer::start();
    let error = Session::create(&format!("mesh+https://{}", plain.address), &Args::new()).unwrap_err();
    assert_eq!(
        (error.status(), error.detail().get("grpc_status").and_then(haft::value::Tree::as_str)),
        (Status::Tls, Some("UNAVAILABLE")),
        "{error}"
    );
    let secure = Peer::tls(usual().config);
    let error = Session::create(&format!("mesh+http://{}", secure.address), &Args::new()).unwrap_err();
    // Its alert is no frame.
    assert!(matches!(error.status(), Status::Io | Status::Protocol), "{error}");
}
