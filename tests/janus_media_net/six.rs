//! IPv6, on loopback.

use std::net::{Ipv6Addr, SocketAddr, UdpSocket};

use haft::{args::Args, session::Session};
use haft_sandbox::janus::{Janus, Setup};
use serde_json::json;

use crate::{
    bed::{attach, try_ask},
    echo::{session, whole},
};

/// A server of IPv6 alone; none where the machine has none.
fn six() -> Option<Janus> {
    if let Err(error) = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)) {
        eprintln!("not tested: this machine has no IPv6: {error}");
        return None;
    }
    Some(Janus::start(&Setup { address: Ipv6Addr::LOCALHOST.into(), ..Setup::default() }).unwrap())
}

#[test]
fn a_film_comes_back_over_ipv6() {
    let Some(janus) = six() else { return };
    for url in [&janus.ws, &janus.http] {
        assert!(url.contains("://[::1]:"), "{url}");
        let session = session(url);
        for more in [json!({"local_addresses": ["::1"]}), json!({})] {
            let end = whole(&session, more);
            for side in ["local", "remote"] {
                let address: SocketAddr = end["ice"][side].as_str().unwrap().parse().unwrap();
                assert_eq!(address.ip(), Ipv6Addr::LOCALHOST, "{end}");
            }
        }
        session.close(&Args::new()).unwrap();
    }
}

#[test]
fn a_server_of_the_other_protocol_is_not_found() {
    let Some(janus) = six() else { return };
    let session: Session = session(&janus.ws);
    let handle = attach(&session, "echotest");
    let order = json!({"tracks": [{"kind": "video"}], "local_addresses": ["127.0.0.1"], "timeout": "2s"});
    let error = try_ask(&handle, "media", &order).unwrap_err();
    assert_eq!(
        (error.code(), error.detail().get("phase").and_then(|phase| phase.as_str())),
        ("total_timeout", Some("ice"))
    );
}
