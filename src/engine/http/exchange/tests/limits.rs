//! Time-outs, cancelling and waiting for a place in the pool, in every phase that can take long.

use std::{
    sync::{Arc, mpsc::channel},
    thread,
    time::{Duration, Instant},
};

use super::scripted::*;
use crate::{
    engine::{
        http::{
            body::Source,
            exchange::{Carrier, Payload},
        },
        net::{
            cancel::Cancel,
            limits::Limits,
            pool::PoolOptions,
            proxy::{Kind, Proxy},
            route::{Parts, Route},
        },
    },
    error::{Error, Outcome, Result},
};

const SOON: Duration = Duration::from_secs(3);
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn phase(error: &Error) -> &str {
    error.detail().get("phase").and_then(|phase| phase.as_str()).unwrap_or("")
}

/// A route whose first hop accepts and says nothing.
fn silent_routes(port: u16) -> [(&'static str, Arc<Route>); 4] {
    let host = "127.0.0.1";
    let plain = Parts { host: host.into(), port, ..Parts::default() };
    let via = |kind| Parts {
        https: true,
        host: "target".into(),
        port: 443,
        proxy: Some(Proxy::new(kind, host, port)),
        ..Parts::default()
    };
    [
        ("read", Route::new(plain.clone())),
        ("tls", Route::new(Parts { https: true, ..plain })),
        ("proxy", Route::new(via(Kind::Http))),
        ("proxy", Route::new(via(Kind::Socks5h))),
    ]
}

#[test]
fn silence_is_noticed_in_every_phase() {
    for at in 0..4 {
        let server = serve(vec![vec![Act::Hold]]);
        let (want, route) = silent_routes(server.port)[at].clone();
        let start = Instant::now();
        let error = send(&Carrier::default(), &route, "GET", Payload::None, &limits(30)).err().unwrap();
        let (code, outcome) =
            if want == "read" { ("read_timeout", Outcome::Unknown) } else { ("connect_timeout", Outcome::NotSent) };
        assert_eq!((error.code(), phase(&error), error.known_outcome()), (code, want, Some(outcome)));
        assert!(start.elapsed() < SOON);
    }
}

#[test]
fn the_total_limit_counts_in_every_phase() {
    for at in 0..4 {
        let server = serve(vec![vec![Act::Hold]]);
        let (want, route) = silent_routes(server.port)[at].clone();
        let limits = Limits { total: Some(Instant::now() + Duration::from_millis(30)), ..Limits::default() };
        let error = send(&Carrier::default(), &route, "GET", Payload::None, &limits).err().unwrap();
        assert_eq!((error.code(), phase(&error)), ("total_timeout", want));
    }
}

#[test]
fn a_body_that_stalls_is_noticed() {
    let server =
        serve(vec![vec![Act::Request, Act::Say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"), Act::Hold]]);
    let mut answer = send(&Carrier::default(), &route(server.port), "GET", Payload::None, &limits(50)).unwrap();
    let mut room = [0; 9];
    assert_eq!(answer.read(&mut room).unwrap(), 2);
    let error = answer.read(&mut room).unwrap_err();
    assert_eq!((error.code(), phase(&error), error.known_outcome()), ("read_timeout", "read", Some(Outcome::Applied)));
    assert_eq!(answer.read(&mut room).unwrap_err().code(), "stream_consumed");
}

/// A body that never ends.
struct Endless;

impl Source for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        buffer.fill(0);
        Ok(buffer.len())
    }

    fn rewind(&mut self) -> bool {
        true
    }
}

#[test]
fn an_upload_that_stalls_is_noticed() {
    let server = serve(vec![vec![Act::Take(10), Act::Wait]]);
    let payload = Payload::Source { source: &mut Endless, size: None };
    let error = send(&Carrier::default(), &route(server.port), "POST", payload, &limits(100)).err().unwrap();
    assert_eq!((error.code(), phase(&error), error.known_outcome()), ("read_timeout", "write", Some(Outcome::Unknown)));
}

#[test]
fn cancelling_ends_every_phase() {
    for at in 0..5 {
        // The fourth and fifth wait while a body is sent and read.
        let script = match at {
            4 => vec![Act::Take(10), Act::Wait],
            _ => vec![Act::Take(3), Act::Hold],
        };
        let server = serve(vec![script]);
        let route = if at == 4 { route(server.port) } else { silent_routes(server.port)[at].1.clone() };
        let cancel = Arc::new(Cancel::default());
        let (tell, told) = channel();
        let other = cancel.clone();
        let caller = thread::spawn(move || {
            let mut endless = Endless;
            let payload = match at {
                4 => Payload::Source { source: &mut endless, size: None },
                _ => Payload::None,
            };
            let method = if at == 4 { "POST" } else { "GET" };
            let result = send_with(&Carrier::default(), &route, method, payload, &Limits::default(), &other, None);
            tell.send(Instant::now()).unwrap();
            result.err().unwrap().code().to_owned()
        });
        // The first bytes of the request (or handshake) have arrived: the caller is in the phase.
        server.seen.recv().unwrap();
        let start = Instant::now();
        cancel.cancel();
        assert_eq!(caller.join().unwrap(), "cancelled");
        assert!(told.recv().unwrap() - start < SOON);
    }
}

#[test]
fn cancelling_ends_the_reading_of_a_body() {
    let server =
        serve(vec![vec![Act::Request, Act::Say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"), Act::Hold]]);
    let cancel = Arc::new(Cancel::default());
    let carrier = Carrier::default();
    let answer = send_with(&carrier, &route(server.port), "GET", Payload::None, &Limits::default(), &cancel, None);
    let mut answer = answer.unwrap();
    assert_eq!(answer.read(&mut [0; 9]).unwrap(), 2);
    let caller = thread::spawn(move || answer.read(&mut [0; 9]).unwrap_err().code().to_owned());
    cancel.cancel();
    assert_eq!(caller.join().unwrap(), "cancelled");
    assert_eq!((carrier.stats()[0].idle, carrier.stats()[0].busy), (0, 0));
}

#[test]
fn a_cancelled_handle_sends_nothing() {
    let cancel = Arc::new(Cancel::default());
    cancel.cancel();
    let carrier = Carrier::default();
    let result = send_with(&carrier, &route(1), "GET", Payload::None, &Limits::default(), &cancel, None);
    let error = result.err().unwrap();
    assert_eq!((error.code(), error.known_outcome()), ("cancelled", Some(Outcome::NotSent)));
}

#[test]
fn pool_block_waits_for_a_place() {
    let server = serve(vec![vec![Act::Request, Act::Say(OK), Act::Request, Act::Say(OK), Act::Hold]]);
    let carrier =
        Arc::new(Carrier::new(PoolOptions { maxsize: 1, block: true, ..PoolOptions::default() }, Arc::default()));
    let mut first = get(&carrier, server.port).unwrap();
    // Not within the limit …
    let error = send(&carrier, &route(server.port), "GET", Payload::None, &limits(20)).err().unwrap();
    assert_eq!((error.code(), error.known_outcome()), ("connect_timeout", Some(Outcome::NotSent)));
    // … not for a call that is cancelled …
    let cancel = Arc::new(Cancel::default());
    let (other, also, at) = (cancel.clone(), carrier.clone(), route(server.port));
    let caller = thread::spawn(move || {
        send_with(&also, &at, "GET", Payload::None, &Limits::default(), &other, None).err().unwrap().code().to_owned()
    });
    cancel.cancel();
    assert_eq!(caller.join().unwrap(), "cancelled");
    // … but when the connection comes back.
    let (also, port) = (carrier.clone(), server.port);
    let caller = thread::spawn(move || get(&also, port).unwrap().reused);
    body(&mut first).unwrap();
    assert!(caller.join().unwrap());
}

#[test]
fn many_threads_share_a_carrier() {
    let script: Vec<Act> = (0..200).flat_map(|_| [Act::Request, Act::Say(OK)]).collect();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let script = script.clone();
            thread::spawn(move || play(stream, script, &channel().0, &channel().1));
        }
    });
    let carrier =
        Arc::new(Carrier::new(PoolOptions { maxsize: 4, block: true, ..PoolOptions::default() }, Arc::default()));
    let callers: Vec<_> = (0..32)
        .map(|_| {
            let carrier = carrier.clone();
            thread::spawn(move || {
                (0..20).for_each(|_| assert_eq!(body(&mut get(&carrier, port).unwrap()).unwrap(), b"ok"))
            })
        })
        .collect();
    for caller in callers {
        caller.join().unwrap();
    }
    let stats = carrier.stats();
    assert!(stats[0].busy == 0 && (1..=4).contains(&stats[0].idle));
    carrier.clear();
    assert!(carrier.stats().is_empty());
}
