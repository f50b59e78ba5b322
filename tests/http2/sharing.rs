//! Many calls on one connection.

use std::{
    fs,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use haft::{args::Args, session::Kind};
use haft_sandbox::{Options, Sandbox};
use serde_json::json;

use super::bed::{Pieces, WAYS, Way, args, ask, call, connections, create, get, log, meta, sandbox, value};

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Threads of the library.
fn threads() -> usize {
    let names = fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with("haft-")).count()
}

#[test]
fn sixteen_threads_and_two_thousand_submitted_calls_share_one() {
    let sandbox = Sandbox::start(Options { log: false, ..Options::default() }).unwrap();
    let session = Arc::new(create(&sandbox, &sandbox.h2only, &json!({"timeout": 120})));
    let callers: Vec<_> = (0..16)
        .map(|caller| {
            let session = Arc::clone(&session);
            thread::spawn(move || {
                for number in 0..500 {
                    let answer = get(&session, Way::Blocking, &format!("/get?caller={caller}&number={number}"));
                    let told = value(&answer);
                    assert_eq!(told["args"], json!({"caller": caller.to_string(), "number": number.to_string()}));
                }
            })
        })
        .collect();
    let ids: Vec<u64> = (0..2000)
        .map(|number| session.submit(Some("GET"), Some(&format!("/get?number={number}")), &Args::new()).unwrap())
        .collect();
    for _ in 0..ids.len() {
        let mut event = session.poll(-1).unwrap().unwrap();
        let number = ids.iter().position(|id| *id == event.id()).unwrap();
        let answer = event.take_response().unwrap();
        assert_eq!(value(&answer)["args"], json!({"number": number.to_string()}));
    }
    for caller in callers {
        caller.join().unwrap();
    }
    let report = connections(&sandbox, "h2only");
    assert_eq!((report.len(), &report[0]["streams"]), (1, &json!(10_000)));
    assert_eq!(report[0]["violations"], json!([]));
}

#[test]
fn more_calls_than_streams_wait_for_their_turn() {
    let sandbox = sandbox();
    ask(&sandbox, "POST", "/_control?h2=1&max_concurrent=4");
    let session = create(&sandbox, &sandbox.h2only, &json!({}));
    // So that the server's word is known.
    get(&session, Way::Blocking, "/get");
    for _ in 0..40 {
        session.submit(Some("GET"), Some("/delay/0.02"), &Args::new()).unwrap();
    }
    for _ in 0..40 {
        assert_eq!(session.poll(-1).unwrap().unwrap().take_response().unwrap().status(), 200);
    }
    let report = connections(&sandbox, "h2only");
    assert_eq!((report.len(), &report[0]["streams_peak"], &report[0]["refused"]), (1, &json!(4), &json!(0)));
    // A turn that does not come in time is a connection that was not made in time.
    for _ in 0..4 {
        session.submit(Some("GET"), Some("/fault/stall"), &Args::new()).unwrap();
    }
    while log(&sandbox, "/fault/stall").len() < 4 {}
    for way in WAYS {
        let late = args(&json!({"timeout": [0.1, null], "data": "x"}));
        let failed = match way {
            Way::Blocking => call(&session, way, "POST", "/post", &late).unwrap_err(),
            Way::Submitted => call(&session, way, "POST", "/post", &late).unwrap_err(),
        };
        assert_eq!((&*failed.code, failed.at("outcome")), ("connect_timeout", "not_sent"));
    }
    session.cancel(0);
    for _ in 0..4 {
        assert_eq!(session.poll(-1).unwrap().unwrap().failure().unwrap().error().code(), "cancelled");
    }
    // Those that gave up left no trace.
    assert_eq!(get(&session, Way::Submitted, "/get").status(), 200);
    assert!(log(&sandbox, "/post").is_empty());
}

#[test]
fn the_cancel_of_one_leaves_the_others_alone() {
    let sandbox = sandbox();
    let session = Arc::new(create(&sandbox, &sandbox.h2only, &json!({})));
    get(&session, Way::Blocking, "/get");
    let stalled = session.submit(Some("GET"), Some("/fault/stall"), &Args::new()).unwrap();
    let slow: Vec<u64> =
        (0..20).map(|_| session.submit(Some("GET"), Some("/delay/0.3"), &Args::new()).unwrap()).collect();
    while log(&sandbox, "/fault/stall").is_empty() {}
    session.cancel(stalled);
    // Before the slow ones are answered.
    let event = session.poll(-1).unwrap().unwrap();
    assert_eq!((event.id(), event.failure().unwrap().error().code()), (stalled, "cancelled"));
    for _ in &slow {
        assert_eq!(session.poll(-1).unwrap().unwrap().take_response().unwrap().status(), 200);
    }
    // A blocking one, ended from another thread; the server hears of both.
    let (tell, hear) = mpsc::channel();
    let other = Arc::clone(&session);
    let caller = thread::spawn(move || {
        let failed = call(&other, Way::Blocking, "GET", "/fault/stall?blocking", &Args::new()).unwrap_err();
        tell.send(failed.code).unwrap();
    });
    while log(&sandbox, "/fault/stall").len() < 2 {}
    session.cancel(0);
    assert_eq!(hear.recv().unwrap(), "cancelled");
    caller.join().unwrap();
    let resets = || connections(&sandbox, "h2only")[0]["resets"].as_array().unwrap().clone();
    while resets().len() < 2 {}
    assert!(resets().iter().all(|reset| reset.to_string().contains("CANCEL")), "{:?}", resets());
    assert_eq!(meta(&get(&session, Way::Blocking, "/get"))["reused"], json!(true));
}

#[test]
fn a_body_that_nobody_reads_stops_nobody_else() {
    let sandbox = sandbox();
    let session = create(&sandbox, &sandbox.h2only, &json!({}));
    let streams: Vec<_> = WAYS
        .iter()
        .cycle()
        .take(8)
        .map(|way| call(&session, *way, "GET", "/bytes/20000000", &args(&json!({"stream": true}))).unwrap())
        .collect();
    for way in WAYS {
        assert_eq!(get(&session, way, "/bytes/3000000").body().len(), 3_000_000);
    }
    for mut stream in streams {
        let (mut total, mut buffer) = (0, vec![0; 100_000]);
        loop {
            match stream.read(&mut buffer).unwrap() {
                0 => break,
                count => total += count,
            }
        }
        assert_eq!(total, 20_000_000);
    }
    assert_eq!(connections(&sandbox, "h2only").len(), 1);
}

#[test]
fn an_answer_that_is_let_go_breaks_its_stream_off_and_no_other() {
    let sandbox = sandbox();
    let session = create(&sandbox, &sandbox.h2only, &json!({}));
    for way in WAYS {
        let stream = call(&session, way, "GET", "/bytes/20000000", &args(&json!({"stream": true}))).unwrap();
        drop(stream);
        assert_eq!(get(&session, way, "/get").status(), 200);
    }
    while connections(&sandbox, "h2only")[0]["resets"].as_array().unwrap().len() < 2 {}
    assert_eq!(connections(&sandbox, "h2only").len(), 1);
}

#[test]
fn close_says_goodbye_and_leaves_nothing() {
    let sandbox = sandbox();
    let (before, running) = (descriptors(), threads());
    for unread in [false, true] {
        let session = create(&sandbox, &sandbox.h2only, &json!({}));
        for way in WAYS {
            get(&session, way, "/get");
        }
        let stream =
            unread.then(|| call(&session, WAYS[0], "GET", "/bytes/20000000", &args(&json!({"stream": true}))).unwrap());
        session.submit(Some("GET"), Some("/fault/stall"), &Args::new()).unwrap();
        let begun = Instant::now();
        session.close(&Args::new()).unwrap();
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        // The sandbox lives in this process and closes its ends a moment later; and a thread is shown for a moment longer
        // than it can be joined.
        while (descriptors(), threads()) != (before, running) {
            assert!(begun.elapsed() < Duration::from_secs(5), "something was left, {unread}");
        }
        drop(stream);
        if !unread {
            let report = connections(&sandbox, "h2only").pop().unwrap();
            assert!(!report["goaway"].is_null(), "{report}");
        }
    }
    // Let go without a close.
    let session = create(&sandbox, &sandbox.h2only, &json!({}));
    get(&session, Way::Blocking, "/get");
    session.let_go();
    drop(session);
    let begun = Instant::now();
    while (descriptors(), threads()) != (before, running) {
        assert!(begun.elapsed() < Duration::from_secs(5), "something was left");
    }
}

#[test]
fn uploads_wait_for_the_server_and_for_nobody_else() {
    let sandbox = sandbox();
    let session = Arc::new(create(&sandbox, &sandbox.h2only, &json!({})));
    get(&session, Way::Blocking, "/get");
    let other = Arc::clone(&session);
    // The server takes a window of it and no more.
    let caller = thread::spawn(move || {
        let mut large = Args::new();
        large.set("data", Pieces::tree(vec![7; 8 << 20], None, false));
        call(&other, Way::Blocking, "POST", "/fault/h2/no-window", &large).unwrap_err().code
    });
    while log(&sandbox, "/fault/h2/no-window").is_empty() && connections(&sandbox, "h2only")[0]["streams"] == json!(1) {
    }
    for way in WAYS {
        let body = args(&json!({"data": "x".repeat(100_000)}));
        assert_eq!(value(&call(&session, way, "POST", "/upload", &body).unwrap())["count"], json!(100_000));
    }
    session.cancel(0);
    assert_eq!(caller.join().unwrap(), "cancelled");
}

#[test]
fn a_thousand_streams_at_once_are_as_good_as_one() {
    let sandbox = sandbox();
    let session = create(&sandbox, &sandbox.h2only, &json!({"timeout": 120}));
    get(&session, Way::Blocking, "/get");
    for _ in 0..1000 {
        session.submit(Some("GET"), Some("/fault/stall"), &Args::new()).unwrap();
    }
    while connections(&sandbox, "h2only")[0]["streams_peak"] != json!(1000) {}
    assert_eq!(get(&session, Way::Blocking, "/get").status(), 200);
    session.cancel(0);
    for _ in 0..1000 {
        assert_eq!(session.poll(-1).unwrap().unwrap().failure().unwrap().error().code(), "cancelled");
    }
    // Breaking off so many at once is no reason to end the connection.
    assert_eq!(meta(&get(&session, Way::Submitted, "/get"))["reused"], json!(true));
    while connections(&sandbox, "h2only")[0]["resets"].as_array().unwrap().len() < 1000 {}
    assert_eq!(connections(&sandbox, "h2only")[0]["violations"], json!([]));
}

#[test]
fn event_streams_share_it_too() {
    let sandbox = sandbox();
    let session = create(&sandbox, &sandbox.h2only, &json!({}));
    let streams: Vec<u64> =
        (0..3).map(|_| session.subscribe("sse:/sse?count=5&end=stall", &Args::new(), None, 0).unwrap()).collect();
    let mut seen = 0;
    while seen < 15 {
        let event = session.poll(-1).unwrap().unwrap();
        assert!(streams.contains(&event.id()), "{event:?}");
        seen += usize::from(event.kind() == Kind::Message);
    }
    assert_eq!(meta(&get(&session, Way::Blocking, "/get"))["reused"], json!(true));
    session.unsubscribe(streams[0]);
    while connections(&sandbox, "h2only")[0]["resets"].as_array().unwrap().is_empty() {}
    assert_eq!(connections(&sandbox, "h2only").len(), 1);
}
