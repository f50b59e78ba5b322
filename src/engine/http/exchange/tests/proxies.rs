//! Through proxies and unix sockets, with a scripted peer.

use std::{io::Write, os::unix::net::UnixListener, sync::Arc, thread};

use super::scripted::*;
use crate::{
    engine::{
        http::exchange::{Carrier, Payload},
        net::{
            proxy::{Kind, Proxy},
            route::{Override, Parts, Route},
        },
    },
    error::Outcome,
    secret::Secret,
};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn via(kind: Kind, port: u16, https: bool) -> Arc<Route> {
    let mut proxy = Proxy::new(kind, "127.0.0.1", port);
    proxy.authorization = Some(Secret::new("Basic dTpw"));
    Route::new(Parts { https, host: "target".into(), port: 81, proxy: Some(proxy), ..Parts::default() })
}

#[test]
fn socks_names_the_target_and_then_carries_http() {
    let server = serve(vec![vec![
        Act::Take(3),
        Act::Say(&[5, 0]),
        Act::Take(5 + 6 + 2),
        Act::Say(b"\x05\x00\x00\x03\x04host\x00\x00"),
        Act::Request,
        Act::Say(OK),
        Act::Hold,
    ]]);
    let route = via(Kind::Socks5h, server.port, false);
    let mut answer = send(&Carrier::default(), &route, "GET", Payload::None, &limits(10_000)).unwrap();
    assert_eq!(body(&mut answer).unwrap(), b"ok");
    assert_eq!(server.seen.recv().unwrap(), [5, 1, 0]);
    assert_eq!(server.seen.recv().unwrap(), b"\x05\x01\x00\x03\x06target\x00\x51");
    assert!(server.seen.recv().unwrap().starts_with(b"GET /x"));
}

#[test]
fn an_http_target_goes_over_a_shared_connection_without_connect() {
    let server = serve(vec![vec![Act::Request, Act::Say(OK), Act::Hold]]);
    let route = via(Kind::Http, server.port, false);
    assert!(route.is_forward());
    send(&Carrier::default(), &route, "GET", Payload::None, &limits(10_000)).unwrap();
    assert!(server.seen.recv().unwrap().starts_with(b"GET /x"));
}

#[test]
fn a_refused_tunnel_tells_what_the_proxy_said() {
    let refusal = b"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
    let server = serve(vec![vec![Act::Request, Act::Say(refusal), Act::Hold]]);
    let route = via(Kind::Http, server.port, true);
    let error = send(&Carrier::default(), &route, "POST", Payload::Bytes(b"x"), &limits(10_000)).err().unwrap();
    assert_eq!((error.code(), error.known_outcome()), ("proxy", Some(Outcome::NotSent)));
    assert!(error.detail().get("headers").is_some());
    let seen = String::from_utf8(server.seen.recv().unwrap()).unwrap();
    assert!(seen.starts_with("CONNECT target:81 HTTP/1.1\r\nHost: target:81\r\nProxy-Authorization: Basic dTpw\r\n"));
}

#[test]
fn a_proxy_that_is_not_there_is_a_proxy_error() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = send(&Carrier::default(), &via(Kind::Http, port, true), "GET", Payload::None, &limits(10_000));
    let error = error.err().unwrap();
    assert_eq!((error.code(), error.is_retryable()), ("proxy", true));
    let server = serve(vec![vec![Act::Request, Act::Close]]);
    let error = send(&Carrier::default(), &via(Kind::Http, server.port, true), "GET", Payload::None, &limits(10_000));
    assert_eq!(error.err().unwrap().code(), "proxy");
}

#[test]
fn a_unix_socket_takes_the_place_of_host_and_port() {
    let path = std::env::temp_dir().join(format!("haft-exchange-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let seen = request(&mut stream).unwrap();
        stream.write_all(OK).unwrap();
        seen
    });
    let route = Route::new(Parts { unix_socket: Some(path.clone()), host: "h".into(), ..Parts::default() });
    let answer = send(&Carrier::default(), &route, "GET", Payload::None, &limits(10_000)).unwrap();
    assert_eq!((answer.status, answer.remote), (200, None));
    assert!(server.join().unwrap().starts_with(b"GET /x"));
    std::fs::remove_file(&path).unwrap();
    let error = send(&Carrier::default(), &route, "GET", Payload::None, &limits(10_000)).err().unwrap();
    assert_eq!(error.message(), format!("could not connect to {}: no such file or directory", path.display()));
}

#[test]
fn given_addresses_and_the_local_address_are_used() {
    let server = serve(vec![vec![Act::Request, Act::Say(OK), Act::Hold]]);
    let given = Override { host: "name.test".into(), port: server.port, addresses: vec![[127, 0, 0, 1].into()] };
    let route = Route::new(Parts {
        host: "name.test".into(),
        port: server.port,
        local_address: Some([127, 0, 0, 2].into()),
        overrides: vec![given],
        ..Parts::default()
    });
    let answer = send(&Carrier::default(), &route, "GET", Payload::None, &limits(10_000)).unwrap();
    assert_eq!(answer.local.unwrap().ip().to_string(), "127.0.0.2");
    assert_eq!(answer.remote.unwrap().port(), server.port);
}
