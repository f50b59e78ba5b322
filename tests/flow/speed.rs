//! Speed: limits that slow one call and nobody else's, pressure that reaches the server, and progress that adds up.

use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use haft::{
    error::Status,
    session::{Kind, Session},
    value::Tree,
};
use parking_lot::Mutex;

use crate::{
    bed::{Bytes, args, provider, sandbox, with},
    peer::{Gate, answer, serve},
};

#[test]
fn a_limited_call_slows_nobody_else() {
    let sandbox = sandbox();
    let session = Session::create(&sandbox.http, &args("{}")).unwrap();
    let slow = "{\"limit_rate\": 1000000, \"tag\": \"slow\"}";
    session.submit(Some("GET"), Some("/size/2000000"), &args(slow)).unwrap();
    session
        .submit(Some("POST"), Some("/upload"), &{
            let mut slow = args(slow);
            slow.set("data", Tree::Bytes(vec![0; 2_000_000].into()));
            slow
        })
        .unwrap();
    for _ in 0..20 {
        session.submit(Some("GET"), Some("/get"), &args("{\"tag\": \"plain\"}")).unwrap();
    }
    let order: Vec<String> = (0..22).map(|_| answer(&session).topic().to_str().unwrap().to_owned()).collect();
    assert_eq!(order[20..], ["slow", "slow"]);
    session.close(&args("{}")).unwrap();
}

#[test]
fn a_slow_provider_slows_the_server() {
    const SIZE: usize = 64 << 20;
    // Socket buffers on both sides and what is on its way to the worker.
    const MOST: usize = 24 << 20;
    let gate = Gate::default();
    let (tell, hear) = mpsc::channel();
    let opened = gate.clone();
    let tell = Mutex::new(tell);
    let url = serve(move |mut peer| {
        peer.head();
        peer.say(&format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n"));
        // That nothing is taken for a while is how the pressure shows.
        peer.output.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
        let piece = vec![b'x'; 64 << 10];
        let mut sent = 0;
        let mut told = false;
        while sent < SIZE {
            match peer.output.write(&piece[..piece.len().min(SIZE - sent)]) {
                Ok(count) => sent += count,
                Err(_) if !told => {
                    told = true;
                    tell.lock().send(sent).unwrap();
                    opened.open();
                }
                Err(_) => {}
            }
        }
    });
    let (inside, taken) = (gate.clone(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&taken);
    let save = provider(move |call, _| {
        if call["method"] == "write" {
            inside.pass();
            count.fetch_add(call["arguments"]["bytes"].as_str().unwrap().len() / 4 * 3, Ordering::Relaxed);
        }
        Status::Ok
    });
    let session = Session::create(&url, &args("{}")).unwrap();
    session.submit(Some("GET"), Some("/"), &with("{}", "save_to", save)).unwrap();
    let sent = hear.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(sent < MOST, "{sent} bytes were taken from the server while the host took none");
    assert!(answer(&session).response().is_some());
    // Base64 rounds each piece up by two bytes at most.
    assert!((SIZE..SIZE + SIZE / 1000).contains(&taken.load(Ordering::Relaxed)));
    session.close(&args("{}")).unwrap();
}

#[test]
fn progress_is_that_of_the_request_on_its_way() {
    let sandbox = sandbox();
    let session = Session::create(&sandbox.http, &args("{}")).unwrap();
    let reader = Bytes { bytes: vec![b'p'; 3_000_000], size: Some(3_000_000), rewinds: true, ..Bytes::default() };
    let mut options = with("{\"progress\": true}", "data", Tree::Reader(Arc::new(reader)));
    options.set("tag", "up");
    session.submit(Some("POST"), Some("/redirect-to?status_code=307&url=/upload"), &options).unwrap();
    let mut last = (0, 0);
    loop {
        let event = session.poll(60_000).unwrap().unwrap();
        if event.kind() == Kind::Response {
            assert_eq!(event.response().unwrap().status(), 200);
            break;
        }
        assert_eq!((event.kind(), event.topic().to_str().unwrap()), (Kind::Progress, "up"));
        let number = |key: &str| event.value().unwrap().root().at(key).unwrap().int().unwrap();
        last = (number("sent"), number("to_send"));
        assert!(last.0 <= last.1, "{last:?}");
    }
    assert_eq!(last, (3_000_000, 3_000_000));
    session.close(&args("{}")).unwrap();
}
