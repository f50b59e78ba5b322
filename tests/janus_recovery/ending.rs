//! More than can be taken, and ends in the middle of everything.

use std::sync::{Arc, Condvar, Mutex};

use haft::{
    args::Args,
    session::{Callback, Event, Kind},
};
use serde_json::{Value, json};

use crate::{
    bed::{args, ask, attach, inspect, next, open, shown, start, why},
    guard::ten,
    janus::probe::admin,
    recreating::{BRIDGE, answer},
};

#[derive(Default)]
struct Gate(Mutex<bool>, Condvar);

impl Gate {
    fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }

    fn pass(&self) {
        let open = self.0.lock().unwrap();
        drop(self.1.wait_while(open, |open| !*open).unwrap());
    }
}

struct Slow(Arc<Gate>, Arc<Mutex<Vec<(Kind, Value)>>>);

impl Callback for Slow {
    fn deliver(&self, event: Event) {
        self.0.pass();
        self.1.lock().unwrap().push((event.kind(), shown(&event)));
    }
}

/// Two in a room: what one does the other hears.
#[test]
fn a_storm_of_events() {
    const STORM: usize = 300;
    let janus = start();
    ten("a storm of events", &[], |_| {
        let session = open(&janus.ws, &json!({}));
        let (ear, mouth) = (attach(&session, BRIDGE), attach(&session, BRIDGE));
        let (gate, heard) = (Arc::<Gate>::default(), Arc::<Mutex<Vec<_>>>::default());
        let slow = Slow(Arc::clone(&gate), Arc::clone(&heard));
        ear.subscribe("event", &args(&json!({"queue_max": 10})), Some(Box::new(slow)), 0).unwrap();
        ear.subscribe("event", &args(&json!({"queue_max": 20})), None, 0).unwrap();
        for handle in [&ear, &mouth] {
            ask(handle, "join", &json!({"room": 1234})).unwrap();
        }
        for turn in 0..STORM {
            mouth.submit(Some("configure"), None, &args(&json!({"muted": turn % 2 == 0}))).unwrap();
            ear.submit(Some("list"), None, &Args::new()).unwrap();
        }
        for _ in 0..STORM {
            assert_eq!(answer(&next(&mouth, Kind::Response))["result"], "ok");
        }
        // Everything the server said before this is here.
        ask(&ear, "list", &json!({})).unwrap();
        let (mut messages, mut dropped, mut responses) = (0, 0, 0);
        while responses < STORM {
            let event = ear.poll(30_000).unwrap().unwrap();
            match event.kind() {
                Kind::Message => messages += 1,
                Kind::Dropped => dropped += shown(&event)["count"].as_u64().unwrap(),
                Kind::Response => responses += 1,
                other => panic!("{other:?}"),
            }
        }
        while let Ok(Some(event)) = ear.poll(0) {
            match event.kind() {
                Kind::Message => messages += 1,
                Kind::Dropped => dropped += shown(&event)["count"].as_u64().unwrap(),
                other => panic!("{other:?}"),
            }
        }
        // Who joined, and every change.
        assert_eq!(messages + dropped, STORM as u64 + 1);
        assert!(messages <= 20 && dropped > 0, "{messages} {dropped}");
        gate.open();
        session.close(&Args::new()).unwrap();
        let heard = heard.lock().unwrap();
        assert!(heard.iter().filter(|(kind, _)| *kind == Kind::Message).count() <= 12, "{}", heard.len());
        assert!(heard.iter().any(|(kind, _)| *kind == Kind::Dropped));
    });
}

/// Each of them hears of the end, and close does not wait for any.
#[test]
fn closing_with_much_in_flight() {
    let janus = start();
    ten("close with a hundred in flight", &[], |_| {
        let session = open(&janus.ws, &json!({}));
        let bridge = attach(&session, BRIDGE);
        ask(&session, "info", &json!({})).unwrap();
        janus.freeze().unwrap();
        for _ in 0..100 {
            bridge.submit(Some("list"), None, &Args::new()).unwrap();
        }
        assert!(inspect(&session, "stats")["transactions"].as_u64().unwrap() >= 100);
        let error = session.close(&args(&json!({"timeout": "50ms"}))).unwrap_err();
        assert_eq!(error.code(), "total_timeout");
        janus.thaw().unwrap();
        for _ in 0..100 {
            let (code, ..) = why(&next(&bridge, Kind::Response));
            assert_eq!(code, "cancelled");
        }
        next(&bridge, Kind::Closed);
        next(&session, Kind::Closed);
    });
}

/// Let go of without a close, in the middle of a request: the server is told.
#[test]
fn letting_go_without_a_close() {
    let janus = start();
    ten("free without close", &[], |_| {
        let session = open(&janus.ws, &json!({}));
        let bridge = attach(&session, BRIDGE);
        bridge.submit(Some("list"), None, &Args::new()).unwrap();
        drop((session, bridge));
    });
    let until = std::time::Instant::now() + crate::janus::probe::PATIENCE;
    while admin(&janus, json!({"janus": "list_sessions"}))["sessions"] != json!([]) {
        assert!(std::time::Instant::now() < until, "sessions are left");
        std::thread::yield_now();
    }
}
