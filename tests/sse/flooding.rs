//! More events than the host takes, and more streams than anybody has.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::channel,
    },
};

use haft::session::Kind;

use crate::peer::{HEAD, Hearer, Peer, args, create, data, head, next, value};

/// What a socket and our own buffers hold on their way at the most.
const ON_THE_WAY: u64 = 24 << 20;

#[test]
fn who_waits_for_the_host_reads_no_further() {
    const EVENTS: u64 = 64 << 10;
    let peer = Peer::new();
    let session = create(&peer.url(), "{}");
    session.subscribe("sse:/", &args(r#"{"overflow": "wait", "queue_max": 10}"#), None, 0).unwrap();
    let written = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&written);
    let flood = peer.spawn(move |peer| {
        let mut line = peer.accept();
        line.open("");
        let rest = "x".repeat(1000);
        for number in 0..EVENTS {
            line.send(format!("data: {number} {rest}\n\n"));
            count.fetch_add(1012, Ordering::SeqCst);
        }
        line
    });
    for number in 0..EVENTS {
        let ahead = written.load(Ordering::SeqCst).saturating_sub(number * 1012);
        assert!(ahead < ON_THE_WAY, "{ahead} bytes were taken that nobody wanted");
        assert!(data(&session).starts_with(&format!("{number} ")), "each one, in order");
        if number % 1000 == 0 {
            let shown = session.inspect("subscriptions", &args("{}")).unwrap();
            let shown: serde_json::Value = serde_json::from_str(&shown.value().unwrap().root().to_json()).unwrap();
            assert!(shown[0]["queued"].as_u64().unwrap() <= 10, "{shown}");
            assert_eq!(shown[0]["dropped"], 0);
        }
    }
    drop(flood.join().unwrap());
    assert_eq!(next(&session).kind(), Kind::Lost, "nothing but the end comes behind");
    session.close(&args("{}")).unwrap();
}

#[test]
fn who_does_not_wait_hears_how_many_were_dropped() {
    let peer = Peer::new();
    let session = create(&peer.url(), "{}");
    session.subscribe("sse:/", &args(r#"{"queue_max": 10}"#), None, 0).unwrap();
    let (tell, hear) = channel();
    let flood = peer.spawn(move |peer| {
        let mut line = peer.accept();
        line.open("");
        for number in 0..1000 {
            line.send(format!("data: {number}\n\n"));
        }
        // The end comes behind all of them.
        drop(line);
        tell.send(()).unwrap();
        peer
    });
    hear.recv().unwrap();
    let (mut dropped, mut heard, mut last) = (0, 0, None);
    loop {
        let event = next(&session);
        match event.kind() {
            Kind::Dropped => dropped += value(&event)["count"].as_u64().unwrap(),
            Kind::Message => {
                let number: u64 = value(&event)["data"].as_str().unwrap().parse().unwrap();
                assert!(last.is_none_or(|last| number > last));
                (heard, last) = (heard + 1, Some(number));
            }
            Kind::Lost => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((heard + dropped, last), (1000, Some(999)));
    session.close(&args("{}")).unwrap();
    drop(flood.join().unwrap());
}

/// A callback that is stuck, in both modes.
#[test]
fn a_slow_callback_loses_nothing_or_is_told() {
    for (overflow, all) in [("wait", true), ("drop", false)] {
        let peer = Peer::new();
        let session = create(&peer.url(), "{}");
        let (tell, hear) = channel();
        let (open, gate) = channel();
        let hearer = Hearer { tell, gate: Some(haft::sys::lock::Mutex::new(gate)) };
        let json = format!(r#"{{"overflow": "{overflow}", "queue_max": 5, "reconnect": false}}"#);
        session.subscribe("sse:/", &args(&json), Some(Box::new(hearer)), 0).unwrap();
        let flood = peer.spawn(|peer| {
            let mut line = peer.accept();
            line.open("");
            for number in 0..2000 {
                line.send(format!("data: {number}\n\n"));
            }
        });
        // All is sent: small enough for the sockets, whatever the callback does.
        flood.join().unwrap();
        drop(open);
        let (mut heard, mut dropped) = (0, 0);
        for event in hear.iter() {
            match event.kind() {
                Kind::Message => heard += 1,
                Kind::Dropped => dropped += value(&event)["count"].as_u64().unwrap(),
                Kind::Ended => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(heard + dropped, 2000, "{overflow}");
        if all {
            assert_eq!(dropped, 0);
        }
        session.close(&args("{}")).unwrap();
    }
}

#[test]
fn a_thousand_streams_are_one_thread() {
    const STREAMS: usize = 1000;
    let peer = Peer::new();
    let session = create(&peer.url(), "{}");
    for number in 0..STREAMS {
        session.subscribe(&format!("sse:/{number}"), &args("{}"), None, number).unwrap();
    }
    let mut lines = Vec::new();
    for _ in 0..STREAMS {
        let (mut stream, _) = peer.0.accept().unwrap();
        let request = head(&mut stream);
        let number: usize = request["GET /".len()..].split(' ').next().unwrap().parse().unwrap();
        stream.write_all(HEAD.as_bytes()).unwrap();
        lines.push((number, stream));
    }
    for round in 0..3 {
        for (number, stream) in &mut lines {
            write!(stream, "data: {number} in round {round}\n\n").unwrap();
        }
        let mut heard = vec![false; STREAMS];
        for _ in 0..STREAMS {
            let event = next(&session);
            let number = event.user_data();
            assert_eq!(value(&event)["data"], format!("{number} in round {round}"));
            assert!(!std::mem::replace(&mut heard[number], true));
        }
    }
    let names = std::fs::read_dir("/proc/self/task").unwrap();
    let names = names.map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap());
    let ours: Vec<String> = names.filter(|name| name.starts_with("haft-")).collect();
    // Other tests may have a few in the same process.
    assert!(ours.len() < STREAMS / 20, "{ours:?}");
    assert_eq!(ours.iter().filter(|name| *name == "haft-reactor\n").count(), 1);
    session.close(&args("{}")).unwrap();
}
