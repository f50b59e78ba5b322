//! Calls that need the host go side by side: a server that answers none before it has heard of all must not wait in
//! vain.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    },
};

use haft::{error::Status, value::Tree};

use crate::{
    bed::{Bytes, args, create, provider, sandbox, value, with},
    peer::{answer, serve},
};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn two_hundred_with_an_auth_provider() {
    const COUNT: usize = 200;
    let all = Barrier::new(COUNT);
    let url = serve(move |mut peer| {
        assert!(peer.head().contains("Authorization: Bearer t"));
        all.wait();
        peer.say(OK);
    });
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let auth = provider(move |_, reply| {
        count.fetch_add(1, Ordering::Relaxed);
        reply.set("headers.Authorization", "Bearer t");
        Status::Ok
    });
    let session = haft::session::Session::create(&url, &with("{}", "auth", auth)).unwrap();
    let mut ids: BTreeSet<u64> =
        (0..COUNT).map(|_| session.submit(Some("GET"), Some("/"), &args("{}")).unwrap()).collect();
    for _ in 0..COUNT {
        let event = answer(&session);
        assert!(ids.remove(&event.id()), "answered once");
        assert_eq!(event.response().unwrap().status(), 200);
    }
    assert_eq!(asked.load(Ordering::Relaxed), COUNT);
    session.close(&args("{}")).unwrap();
}

#[test]
fn fifty_uploads_from_readers() {
    const COUNT: usize = 50;
    const SIZE: usize = 300_000;
    let all = Barrier::new(COUNT);
    let url = serve(move |mut peer| {
        let head = peer.head();
        // The first byte of each body is there before the rest of any is read.
        let mut body = peer.body(1);
        all.wait();
        body.extend(peer.body(SIZE - 1));
        let kind = body[0];
        assert!(head.contains("Content-Length: 300000") && body.iter().all(|byte| *byte == kind));
        peer.say(&format!("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{kind:03}"));
    });
    let session = haft::session::Session::create(&url, &args("{}")).unwrap();
    let readers: Vec<Arc<Bytes>> = (0..COUNT)
        .map(|at| {
            Arc::new(Bytes {
                bytes: vec![u8::try_from(at).unwrap(); SIZE],
                size: Some(SIZE as u64),
                ..Bytes::default()
            })
        })
        .collect();
    for reader in &readers {
        let body: Arc<dyn haft::value::Reader> = reader.clone();
        session.submit(Some("POST"), Some("/"), &with("{}", "data", Tree::Reader(body))).unwrap();
    }
    let mut seen = BTreeSet::new();
    for _ in 0..COUNT {
        let event = answer(&session);
        seen.insert(event.response().unwrap().body().to_vec());
    }
    assert_eq!(seen.len(), COUNT);
    assert!(readers.iter().all(|reader| Arc::strong_count(reader) == 1), "every reader was let go");
    session.close(&args("{}")).unwrap();
}

#[test]
fn streams_and_downloads_come_at_once() {
    const COUNT: usize = 20;
    let all = Barrier::new(2 * COUNT);
    let url = serve(move |mut peer| {
        peer.head();
        peer.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
        // Nobody's body goes on before all have begun.
        all.wait();
        peer.say("3\r\ntwo\r\n0\r\n\r\n");
    });
    let folder = sandbox();
    let session = haft::session::Session::create(&url, &args("{}")).unwrap();
    for at in 0..COUNT {
        let file = folder.dir.join(format!("part{at}"));
        session
            .submit(Some("GET"), Some("/"), &args(&format!("{{\"save_to\": {:?}}}", file.to_str().unwrap())))
            .unwrap();
        session.submit(Some("GET"), Some("/"), &args("{\"stream\": true, \"tag\": \"stream\"}")).unwrap();
    }
    for _ in 0..2 * COUNT {
        let mut event = answer(&session);
        if event.topic().to_str() == Ok("stream") {
            let mut response = event.take_response().unwrap();
            response.drain().unwrap();
            assert_eq!(response.body(), b"onetwo");
        } else {
            assert!(event.response().is_some(), "{:?}", event.failure());
        }
    }
    for at in 0..COUNT {
        assert_eq!(std::fs::read(folder.dir.join(format!("part{at}"))).unwrap(), b"onetwo");
    }
    session.close(&args("{}")).unwrap();
}

#[test]
fn a_hook_may_submit_and_ask() {
    let sandbox = sandbox();
    let session = Arc::new(create(&sandbox.http, "{}"));
    let inner = Arc::downgrade(&session);
    let hook = provider(move |_, reply| {
        let session = inner.upgrade().unwrap();
        let plain = args("{\"hooks\": {\"request\": null}}");
        session.submit(Some("GET"), Some("/get?nested=submitted"), &plain).unwrap();
        let nested = session.request(Some("GET"), Some("/get?nested=asked"), &plain).unwrap();
        assert_eq!(nested.status(), 200);
        reply.set("headers.X-Hook", "was here");
        Status::Ok
    });
    let outer = session.submit(Some("GET"), Some("/get"), &with("{}", "hooks.request", hook)).unwrap();
    let mut answers = [answer(&session), answer(&session)];
    answers.sort_by_key(|event| event.id() != outer);
    assert_eq!(crate::bed::header(&value(answers[0].response().unwrap()), "x-hook").as_deref(), Some("was here"));
    assert_eq!(value(answers[1].response().unwrap())["args"]["nested"], "submitted");
    session.close(&args("{}")).unwrap();
}
