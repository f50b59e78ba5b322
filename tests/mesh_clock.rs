//! How long Mesh sessions live, with the clock in the test's hands (spec/mesh.md 3.3).
#![cfg(debug_assertions)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at what must not be"
)]

#[path = "mesh_life/bed.rs"]
#[allow(dead_code, reason = "shared")]
mod bed;
#[path = "mesh_life/keys.rs"]
#[allow(dead_code, reason = "shared")]
mod keys;
#[path = "mesh_life/peer.rs"]
#[allow(dead_code, reason = "shared")]
mod peer;

use std::time::Duration;

use haft::{
    args::Args,
    clock::control::{Frozen, freeze},
    session::Kind,
};

use bed::{args, id, inspect, next, open, read, settle, shown, why};
use peer::{Fault, Peer};

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Moves the clock to the next beat of about `period` from now, which may be late by an eighth or a second.
fn beat(clock: &Frozen, period: Duration) -> Duration {
    let late = (period / 8).min(seconds(1));
    let left = clock.awaited(period..=period + late);
    clock.advance(left);
    left
}

/// Half of what the server grants, and no longer than two and a half minutes or what the host wants.
#[test]
fn it_is_extended_in_time() {
    for (granted, options, period) in [
        (300.0, "{}", seconds(150)),
        (1200.0, "{}", seconds(150)),
        (20.0, "{}", seconds(10)),
        (300.0, r#"{"keepalive": 30}"#, seconds(30)),
        (300.0, r#"{"keepalive": "1m"}"#, seconds(60)),
        (20.0, r#"{"keepalive": 60}"#, seconds(10)),
        (0.0, "{}", seconds(150)),
        // More than a clock has room for, and a host that wants it told every ten days.
        (9e18, "{}", seconds(150)),
        (9e18, r#"{"keepalive": 864000}"#, seconds(864_000)),
    ] {
        let clock = freeze();
        let peer = Peer::start();
        peer.state(|state| state.expires_in = granted);
        let session = open(&peer, options);
        assert_eq!(inspect(&session, "session")["keepalive"], period.as_secs_f64(), "{granted} {options}");
        for round in 2..6 {
            settle(&session);
            beat(&clock, period);
            peer.wait("ExtendSession", round);
        }
        session.close(&Args::new()).unwrap();
        drop(clock);
        assert_eq!(peer.count("ExtendSession"), 5);
        assert!(peer.sessions().is_empty());
    }
}

/// A server that grants next to nothing is not asked without end.
#[test]
fn it_is_not_extended_too_often() {
    let clock = freeze();
    let peer = Peer::start();
    peer.state(|state| state.expires_in = 0.000_001);
    let session = open(&peer, "{}");
    assert_eq!(inspect(&session, "session")["keepalive"], 0.1);
    for round in 2..6 {
        settle(&session);
        beat(&clock, Duration::from_millis(100));
        peer.wait("ExtendSession", round);
    }
    session.close(&Args::new()).unwrap();
    assert_eq!(peer.count("ExtendSession"), 5);
}

/// What the host asks for itself keeps the session alive as well.
#[test]
fn use_puts_it_off() {
    let clock = freeze();
    let peer = Peer::start();
    let session = open(&peer, "{}");
    clock.awaited(seconds(150)..=seconds(151));
    clock.advance(seconds(100));
    read(&session).unwrap();
    // The wheel looks at what was due, and finds that it is not.
    let left = clock.awaited(seconds(50)..=seconds(51));
    clock.advance(left);
    let left = clock.awaited(seconds(98)..=seconds(101));
    assert_eq!(peer.count("ExtendSession"), 1);
    clock.advance(left);
    peer.wait("ExtendSession", 2);
    // Calls that name no session do not.
    let before = clock.awaited(seconds(149)..=seconds(151));
    clock.advance(before - seconds(1));
    session.request(Some("version"), None, &Args::new()).unwrap();
    clock.advance(seconds(1));
    peer.wait("ExtendSession", 3);
    session.close(&Args::new()).unwrap();
}

/// Verbs of several calls, runs and what is read as a stream are uses like any other.
#[test]
fn every_verb_that_names_the_session_puts_it_off() {
    let run = r#"{"case": "Group/Case", "start": 0, "end": 1}"#;
    for (verb, target, json, changes) in [
        ("run_simulation", "Model", run, false),
        ("run_simulation", "Model", r#"{"case": "Group/Case", "start": 0, "end": 1, "stream": true}"#, false),
        ("get_mc_file", "Model", run, false),
        ("update_resource", "key:7", r#"{"curve_type": "STAIRCASE"}"#, true),
        ("write_series", "key:7", r#"{"points": [[0, 1.5]]}"#, true),
        ("read_series", "", r#"{"targets": [], "start": 0, "end": 1}"#, false),
        ("search_objects", "Model/X", r#"{"query": "*", "stream": true}"#, false),
        ("get_object", "Model/X", "{}", false),
    ] {
        let clock = freeze();
        let peer = Peer::start();
        let session = open(&peer, "{}");
        clock.awaited(seconds(150)..=seconds(151));
        clock.advance(seconds(100));
        let target = Some(target).filter(|target| !target.is_empty());
        // One without targets asks nothing of the server: the session is as unused as before.
        let asks = !json.contains("[],");
        let done = if changes {
            session.stage(Some(verb), target, &args(json)).map(drop)
        } else {
            session.request(Some(verb), target, &args(json)).map(drop)
        };
        if asks {
            done.unwrap_or_else(|error| panic!("{verb}: {error}"));
        }
        let left = inspect(&session, "expires_in").as_f64().unwrap();
        assert_eq!(left, if asks { 300.0 } else { 200.0 }, "{verb}");
        session.close(&Args::new()).unwrap();
        drop(clock);
    }
}

/// A token of Kerberos is renewed a minute before its end, by the session's worker when the keepalive needs it.
#[test]
fn tokens_are_renewed_in_time() {
    let clock = freeze();
    let keys = keys::usual();
    let peer = Peer::tls(keys.config);
    peer.state(|state| {
        state.tokens = Some(std::collections::BTreeSet::new());
        state.legs = 1;
        state.token_seconds = 160;
        state.given = (0..9).map(|number| format!("token-{number}")).collect();
    });
    let mut args = args("{}");
    args.set("root_certs", keys.pem.as_str());
    args.set("kerberos", std::sync::Arc::new(Legs) as std::sync::Arc<dyn haft::value::Provider>);
    let session = haft::session::Session::create(&format!("mesh+https://{}", peer.address), &args).unwrap();
    clock.awaited(seconds(150)..=seconds(151));
    clock.advance(seconds(99));
    read(&session).unwrap();
    assert_eq!(peer.count("AuthenticateKerberos"), 1);
    clock.advance(seconds(1));
    read(&session).unwrap();
    peer.wait("AuthenticateKerberos", 2);
    let token = |peer: &Peer, method: &str| {
        peer.state(|state| {
            state.seen.iter().rev().find(|seen| seen.method == method).and_then(|seen| seen.token.clone())
        })
    };
    assert_eq!(token(&peer, "ListModels").as_deref(), Some("token-1"));
    let left = clock.awaited(seconds(49)..=seconds(51));
    clock.advance(left);
    let left = clock.awaited(seconds(98)..=seconds(101));
    clock.advance(left);
    peer.wait("ExtendSession", 2);
    assert_eq!(token(&peer, "ExtendSession").as_deref(), Some("token-2"));
    session.close(&Args::new()).unwrap();
}

struct Legs;

impl haft::value::Provider for Legs {
    fn call(&self, _: haft::value::Tree, reply: &mut Args) -> haft::error::Status {
        assert_ne!(std::thread::current().name(), Some("haft-reactor"));
        reply.set("value", haft::value::Tree::Bytes(b"leg".to_vec().into()));
        haft::error::Status::Ok
    }
}

/// What was answered long ago does not count from when the host looked at it.
#[test]
fn a_submitted_call_counts_from_its_answer() {
    let clock = freeze();
    let peer = Peer::start();
    let session = open(&peer, "{}");
    clock.awaited(seconds(150)..=seconds(151));
    session.submit(Some("get_object"), Some("Model/X"), &Args::new()).unwrap();
    peer.wait("GetObject", 1);
    // It has arrived when another call is answered on the same connection.
    read(&session).unwrap();
    clock.advance(seconds(140));
    next(&session, Kind::Response);
    assert!(inspect(&session, "expires_in").as_f64().unwrap() <= 160.0);
    session.close(&Args::new()).unwrap();
}

/// LOST at the first failure, RESTORED with the first success; the session is the same and nothing of it was dropped.
#[test]
fn a_failure_is_tried_again() {
    for fault in [
        Fault::Status(14, "going down".into()),
        Fault::Drop,
        Fault::Status(16, "who".into()),
        Fault::Status(13, "oh".into()),
    ] {
        let clock = freeze();
        let peer = Peer::start();
        let session = open(&peer, "{}");
        let name = id(&session);
        peer.fail("ExtendSession", 3, &fault);
        beat(&clock, seconds(150));
        let lost = next(&session, Kind::Lost);
        let (_, _, detail) = why(&lost);
        assert_eq!(detail["session_id"], *name, "{fault:?}");
        assert_eq!(inspect(&session, "state"), "lost");
        for number in 0..3 {
            let whole = seconds(1 << number);
            let delay = clock.awaited(whole / 2..=whole);
            clock.advance(delay);
        }
        // A connection that is in doubt waits for so long too: then one step above was not that of the delay.
        let restored = loop {
            match session.poll(1000).unwrap() {
                Some(event) => break event,
                None => clock.advance(clock.awaited(Duration::from_micros(1)..=seconds(4))),
            }
        };
        assert_eq!(restored.kind(), Kind::Restored);
        assert_eq!(shown(&restored)["session_id"], *name);
        assert_eq!(inspect(&session, "state"), "ready");
        assert_eq!(inspect(&session, "session")["losses"], 1);
        assert_eq!(peer.count("ExtendSession"), 5);
        read(&session).unwrap();
        assert_eq!(peer.state(|state| state.seen.last().unwrap().session.clone()), Some(name));
        session.close(&Args::new()).unwrap();
        drop(clock);
    }
}

/// A server that takes the call and never answers is a failure too, after a while.
#[test]
fn silence_is_a_failure() {
    let clock = freeze();
    let peer = Peer::start();
    let session = open(&peer, "{}");
    peer.fail("ExtendSession", 1, &Fault::Hang);
    beat(&clock, seconds(150));
    peer.wait("ExtendSession", 2);
    clock.awaited(seconds(15)..=seconds(15));
    clock.advance(seconds(15));
    let (code, _, _) = why(&next(&session, Kind::Lost));
    assert_eq!(code, "total_timeout");
    let delay = clock.awaited(Duration::from_millis(500)..=seconds(1));
    clock.advance(delay);
    next(&session, Kind::Restored);
    session.close(&Args::new()).unwrap();
}

/// Another call's success shows that the session lives.
#[test]
fn use_restores_it() {
    let clock = freeze();
    let peer = Peer::start();
    let session = open(&peer, "{}");
    peer.unavailable("ExtendSession", 1);
    beat(&clock, seconds(150));
    next(&session, Kind::Lost);
    clock.awaited(Duration::from_millis(500)..=seconds(1));
    clock.advance(Duration::from_millis(1));
    read(&session).unwrap();
    clock.advance(seconds(1));
    next(&session, Kind::Restored);
    assert_eq!(peer.count("ExtendSession"), 2, "the one of the opening and the one that failed");
    session.close(&Args::new()).unwrap();
}

/// The server has forgotten it: CLOSED says which and why, at once.
#[test]
fn a_forgotten_session_is_closed() {
    for after_a_failure in [false, true] {
        let clock = freeze();
        let peer = Peer::start();
        let session = open(&peer, "{}");
        let name = id(&session);
        peer.state(|state| state.sessions.clear());
        if after_a_failure {
            peer.unavailable("ExtendSession", 1);
        }
        beat(&clock, seconds(150));
        if after_a_failure {
            next(&session, Kind::Lost);
            let delay = clock.awaited(Duration::from_millis(500)..=seconds(1));
            clock.advance(delay);
        }
        let closed = next(&session, Kind::Closed);
        let (code, message, detail) = why(&closed);
        assert_eq!(code, "session_lost");
        assert!(message.contains(&name.to_uppercase()), "{message}");
        assert_eq!((&detail["session_id"], &detail["grpc_status"]), (&name.as_str().into(), &"NOT_FOUND".into()));
        assert_eq!(shown(&closed)["session_id"], *name);
        assert_eq!(read(&session).unwrap_err().code(), "closed");
        session.close(&Args::new()).unwrap();
        drop(clock);
        assert_eq!(peer.count("EndSession"), 0, "there is nothing to end");
    }
}

/// A server that cannot be reached: the session is given up when it must have timed out, counted from its last use.
#[test]
fn it_is_given_up_at_the_deadline() {
    let clock = freeze();
    let peer = Peer::start();
    let session = open(&peer, "{}");
    let name = id(&session);
    peer.unavailable("ExtendSession", 1000);
    let mut passed = beat(&clock, seconds(150));
    next(&session, Kind::Lost);
    let mut whole = seconds(1);
    let mut tries = 2;
    while passed < seconds(300) {
        // No try is under way, whose own limit could be taken for the delay.
        peer.wait("ExtendSession", tries);
        settle(&session);
        tries += 1;
        let (shortest, longest) = (whole / 2, whole);
        let left = seconds(300) - passed;
        let delay = clock.awaited(shortest.min(left)..=longest.min(left));
        clock.advance(delay);
        passed += delay;
        whole = (whole * 2).min(seconds(30));
    }
    let closed = next(&session, Kind::Closed);
    let (code, message, detail) = why(&closed);
    assert_eq!((code.as_str(), &detail["session_id"]), ("session_lost", &name.as_str().into()));
    assert!(message.contains(&name) && message.contains("300") && message.contains("going down"), "{message}");
    let tried = peer.count("ExtendSession");
    assert!((8..20).contains(&tried), "{tried}");
}

/// Nobody keeps it alive when the host does not want that.
#[test]
fn it_can_be_switched_off() {
    let clock = freeze();
    let peer = Peer::start();
    let session = open(&peer, r#"{"keepalive": false}"#);
    let child = session.attach("session", &args(r#"{"keepalive": 7}"#)).unwrap();
    let other = session.attach("session", &Args::new()).unwrap();
    assert!(inspect(&session, "session")["keepalive"].is_null());
    assert!(inspect(&other, "session")["keepalive"].is_null(), "a child does as its parent unless it says something");
    settle(&session);
    beat(&clock, seconds(7));
    peer.wait("ExtendSession", 4);
    settle(&session);
    clock.advance(seconds(600));
    peer.wait("ExtendSession", 5);
    let by_child = peer.state(|state| {
        state
            .seen
            .iter()
            .filter(|seen| seen.method == "ExtendSession" && seen.session.as_deref() == Some(&*id(&child)))
            .count()
    });
    assert_eq!(by_child, 3);
    session.close(&Args::new()).unwrap();
}

/// Each session has a life of its own: one that is lost takes its handle and no other.
#[test]
fn children_live_by_themselves() {
    let clock = freeze();
    let peer = Peer::start();
    let session = open(&peer, "{}");
    let child = session.attach("session", &Args::new()).unwrap();
    peer.state(|state| state.sessions.remove(&id(&child)));
    settle(&session);
    beat(&clock, seconds(150));
    assert_eq!(why(&next(&child, Kind::Closed)).0, "session_lost");
    peer.wait("ExtendSession", 4);
    read(&session).unwrap();
    session.close(&Args::new()).unwrap();
}

/// A session that a lazy handle opens later is kept alive as well.
#[test]
fn a_lazy_session_is_extended_once_it_is_there() {
    let clock = freeze();
    let peer = Peer::start();
    let session = open(&peer, r#"{"lazy": true}"#);
    assert_eq!(peer.methods(), ["GetVersion"]);
    clock.advance(seconds(1000));
    read(&session).unwrap();
    beat(&clock, seconds(150));
    peer.wait("ExtendSession", 2);
    session.close(&Args::new()).unwrap();
    assert!(peer.sessions().is_empty());
}
