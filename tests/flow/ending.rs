//! The end of a call waits for nothing of the host: cancel, close and free while the host's code does not return, and a
//! stream that outlives its session.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use haft::{
    error::{Error, Status},
    session::{Kind, Session},
    value::{Reader, Tree},
};

use crate::{
    bed::{args, provider, sandbox, with},
    peer::{Gate, answer, code, serve},
};

/// A reader that does not come back before the gate is opened.
struct Stuck(Gate);

impl Reader for Stuck {
    fn size(&self) -> Option<u64> {
        Some(10)
    }

    fn read(&self, _: &mut [u8]) -> haft::error::Result<usize> {
        self.0.pass();
        Err(Error::new(&haft::error::code::PROVIDER, "the gate was opened"))
    }

    fn rewind(&self) -> bool {
        true
    }
}

/// The kinds of waiting for the host: the option, and where the request goes.
const KINDS: [(&str, &str); 6] = [
    ("auth", "/get"),
    ("hooks.request", "/get"),
    ("hooks.response", "/get"),
    ("adapter.mock://", "mock://x/"),
    ("data", "/post"),
    ("save_to", "/size/100"),
];

fn stuck(kind: &str, gate: &Gate) -> Tree {
    let gate = gate.clone();
    match kind {
        "data" => Tree::Reader(Arc::new(Stuck(gate))),
        _ => provider(move |call, _| {
            // That the session is closed is told on the thread that closes it.
            if call["method"] != "close" {
                gate.pass();
            }
            Status::Denied
        }),
    }
}

/// Submits one call that hangs in the host's code.
fn hang(session: &Session, kind: &str, target: &str, gate: &Gate) -> u64 {
    let value = stuck(kind, gate);
    if kind.starts_with("adapter") {
        session.configure(&with("{}", kind, value)).unwrap();
        session.submit(Some("GET"), Some(target), &args("{}")).unwrap()
    } else {
        let verb = if kind == "data" { "POST" } else { "GET" };
        session.submit(Some(verb), Some(target), &with("{}", kind, value)).unwrap()
    }
}

#[test]
fn a_cancel_does_not_wait_for_the_host() {
    let sandbox = sandbox();
    for (kind, target) in KINDS {
        // The machine may be busy with something else: the best of a few tries counts.
        let mut best = Duration::MAX;
        for _ in 0..5 {
            let session = Session::create(&sandbox.http, &args("{}")).unwrap();
            let gate = Gate::default();
            let id = hang(&session, kind, target, &gate);
            gate.until(1);
            let began = Instant::now();
            session.cancel(id);
            let event = answer(&session);
            best = best.min(began.elapsed());
            assert_eq!((event.id(), code(&event)), (id, "cancelled".into()), "{kind}");
            // Others go on meanwhile, as long as they do not need the worker.
            session.submit(Some("GET"), Some("/get"), &args("{}")).unwrap();
            assert_eq!(answer(&session).response().unwrap().status(), 200, "{kind}");
            gate.open();
            session.close(&args("{}")).unwrap();
            if best < Duration::from_millis(50) {
                break;
            }
        }
        assert!(best < Duration::from_millis(50), "{kind}: {best:?}");
    }
}

#[test]
fn a_close_answers_every_kind_once() {
    let sandbox = sandbox();
    let session = Session::create(&sandbox.http, &args("{}")).unwrap();
    let gate = Gate::default();
    let mut ids: Vec<u64> = KINDS.iter().map(|(kind, target)| hang(&session, kind, target, &gate)).collect();
    let file = sandbox.dir.join("closed");
    for options in ["{}", "{\"stream\": true}", &format!("{{\"save_to\": {:?}}}", file.to_str().unwrap())] {
        ids.push(session.submit(Some("GET"), Some("/fault/stall"), &args(options)).unwrap());
    }
    gate.until(1);
    // The host's code does not return, which close cannot help.
    let late = session.close(&args("{\"timeout\": 0.2}")).unwrap_err();
    assert_eq!(late.code(), "total_timeout");
    for _ in 0..ids.len() {
        let event = session.poll(20_000).unwrap().unwrap();
        assert_eq!((event.kind(), code(&event)), (Kind::Response, "cancelled".into()));
        assert!(ids.contains(&event.id()));
        ids.retain(|id| *id != event.id());
    }
    assert!(ids.is_empty());
    assert_eq!(session.poll(20_000).unwrap().unwrap().kind(), Kind::Closed);
    gate.open();
    session.close(&args("{}")).unwrap();
}

#[test]
fn a_failing_and_a_panicking_provider() {
    let sandbox = sandbox();
    let session = Session::create(&sandbox.http, &args("{}")).unwrap();
    for (kind, target) in KINDS.iter().filter(|(kind, _)| *kind != "data") {
        let refuses = provider(|_, reply| {
            reply.set("message", "not today");
            Status::Denied
        });
        let panics = provider(|_, _| panic!("a bug"));
        for (value, wanted) in [(refuses, "provider"), (panics, "internal")] {
            if kind.starts_with("adapter") {
                session.configure(&with("{}", kind, value)).unwrap();
                session.submit(Some("GET"), Some(target), &args("{}")).unwrap();
            } else {
                session.submit(Some("GET"), Some(target), &with("{}", kind, value)).unwrap();
            }
            assert_eq!(code(&answer(&session)), wanted, "{kind}");
        }
    }
    session.submit(Some("GET"), Some("/get"), &args("{}")).unwrap();
    assert_eq!(answer(&session).response().unwrap().status(), 200);
}

#[test]
fn a_stream_outlives_its_session() {
    let gate = Gate::default();
    let wait = gate.clone();
    let url = serve(move |mut peer| {
        peer.head();
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
        wait.pass();
        peer.say("later");
    });
    for closes in [true, false] {
        let session = Session::create(&url, &args("{}")).unwrap();
        session.submit(Some("GET"), Some("/"), &args("{\"stream\": true}")).unwrap();
        let mut response = answer(&session).take_response().unwrap();
        let mut piece = [0; 5];
        assert_eq!((response.read(&mut piece).unwrap(), &piece), (5, b"first"));
        if closes {
            session.close(&args("{}")).unwrap();
        }
        drop(session);
        gate.open();
        let mut rest = Vec::new();
        while rest.len() < 5 {
            let count = response.read(&mut piece).unwrap();
            rest.extend_from_slice(&piece[..count]);
        }
        assert_eq!((rest, response.read(&mut piece).unwrap()), (b"later".to_vec(), 0));
    }
}

#[test]
fn a_stream_that_nobody_takes_is_cut() {
    let cut = Gate::default();
    let begun = Gate::default();
    let (seen, came) = (cut.clone(), begun.clone());
    let url = serve(move |mut peer| {
        peer.head();
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nfirst");
        came.pass();
        assert_eq!(peer.head(), "", "the end of the connection");
        seen.pass();
    });
    cut.open();
    begun.open();
    let session = Session::create(&url, &args("{}")).unwrap();
    session.submit(Some("GET"), Some("/"), &args("{\"stream\": true}")).unwrap();
    drop(answer(&session));
    cut.until(1);
    session.submit(Some("GET"), Some("/"), &args("{\"stream\": true}")).unwrap();
    begun.until(2);
    drop(session);
    cut.until(2);
}
