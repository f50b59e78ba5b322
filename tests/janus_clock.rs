//! How long sessions of Janus live, with the clock in the test's hands (spec/janus.md 2.6).
#![cfg(debug_assertions)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at what must not be"
)]

#[path = "janus_talk/bed.rs"]
#[allow(dead_code, reason = "shared")]
mod bed;
#[path = "janus/mod.rs"]
#[allow(dead_code, reason = "shared")]
mod janus;
#[path = "janus_talk/peer.rs"]
#[allow(dead_code, reason = "shared")]
mod peer;

use std::time::Duration;

use haft::{
    args::Args,
    clock::control::{Frozen, freeze},
    session::Kind,
};
use serde_json::{Value, json};

use bed::{ask, inspect, next, open, why};
use peer::{Peer, usual};

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A server that says how long its sessions live.
fn living(timeout: u64) -> Peer {
    Peer::start(Box::new(move |message| {
        let mut answer = usual(message).unwrap();
        if message["janus"] == "info" {
            answer["session-timeout"] = timeout.into();
        }
        vec![answer]
    }))
}

/// Waits until the server's word is known here.
fn informed(session: &haft::session::Session) {
    ask(session, "info", &json!({})).unwrap();
    assert_ne!(inspect(session, "server_info"), Value::Null);
}

/// Moves the clock to the next beat of about `period` from now, which may be late by an eighth or a second, or up to a
/// tenth early where the library spreads them.
fn beat(clock: &Frozen, period: Duration) {
    let late = (period / 8).min(seconds(1));
    clock.advance(clock.awaited(period.mul_f64(0.9)..=period + late));
}

/// Half of the server's time, and no longer than thirty seconds or what the host wants.
#[test]
fn keepalives_go_out_in_time() {
    for (timeout, options, period) in [
        (60, json!({}), seconds(30)),
        (20, json!({}), seconds(10)),
        (0, json!({}), seconds(30)),
        (600, json!({}), seconds(30)),
        (60, json!({"keepalive_interval": 8}), seconds(8)),
        (60, json!({"keepalive_interval": "50s"}), seconds(30)),
    ] {
        let clock = freeze();
        let peer = living(timeout);
        let mut options = options;
        options["ping_interval"] = 0.into();
        let session = open(&peer.url, &options);
        informed(&session);
        for round in 0..4 {
            beat(&clock, period);
            assert_eq!(peer.until("keepalive")["session_id"], 1, "{timeout} {options} {round}");
            // The answer is there before the clock moves on.
            ask(&session, "ping", &json!({})).unwrap();
        }
        session.close(&Args::new()).unwrap();
        drop(clock);
    }
}

/// Any request of the session counts as use; one that concerns no session does not.
#[test]
fn use_puts_keepalives_off() {
    let clock = freeze();
    let peer = living(60);
    let session = open(&peer.url, &json!({"ping_interval": 0, "keepalive_interval": 20}));
    informed(&session);
    clock.awaited(seconds(20)..=seconds(21));
    clock.advance(seconds(15));
    ask(&session, "claim", &json!({})).unwrap();
    // The moment that was waited for comes, and is put off.
    clock.advance(clock.awaited(seconds(5)..=seconds(6)));
    let left = clock.awaited(seconds(14)..=seconds(16));
    clock.advance(left);
    assert_eq!(peer.until("keepalive")["session_id"], 1);
    let heard: Vec<Value> = peer.heard.try_iter().collect();
    assert!(heard.iter().all(|message| message["janus"] != "keepalive"), "{heard:?}");
    session.close(&Args::new()).unwrap();
    drop(clock);
}

/// A server that has forgotten the session says so to a keepalive.
#[test]
fn a_keepalive_finds_out_that_the_session_is_gone() {
    let clock = freeze();
    let peer = Peer::start(Box::new(|message| {
        let lost = json!({
            "janus": "error", "session_id": 1, "transaction": message["transaction"],
            "error": {"code": 458, "reason": "No such session 1"}
        });
        vec![if message["janus"] == "keepalive" { lost } else { usual(message).unwrap() }]
    }));
    let session = open(&peer.url, &json!({"ping_interval": 0, "keepalive_interval": 20}));
    informed(&session);
    beat(&clock, seconds(20));
    assert_eq!(why(&next(&session, Kind::Closed)).0, "session_lost");
    drop(clock);
}

/// A call is over when its time is, whoever is asked.
#[test]
fn a_call_has_thirty_seconds() {
    let clock = freeze();
    let peer = Peer::start(Box::new(|message| match message["janus"].as_str() {
        Some("ping") => vec![],
        _ => vec![usual(message).unwrap()],
    }));
    let session = open(&peer.url, &json!({"ping_interval": 0, "keepalive_interval": 0}));
    session.submit(Some("ping"), None, &Args::new()).unwrap();
    peer.until("ping");
    clock.advance(clock.awaited(seconds(30)..=seconds(30)));
    let (code, _, detail) = why(&next(&session, Kind::Response));
    assert_eq!((&*code, &detail["phase"], &detail["outcome"]), ("total_timeout", &json!("total"), &json!("unknown")));
    drop(clock);
}

/// A server that says nothing at all: asked after twenty seconds, given up after ten more.
#[test]
fn a_silent_server_is_noticed() {
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let clock = freeze();
    let peer = Peer::start(Box::new(move |message| {
        if message["janus"] == "ping" {
            // Nothing is read or written any more, until the test is over.
            let _ = held.recv();
        }
        vec![usual(message).unwrap()]
    }));
    let options = json!({"keepalive_interval": 0, "recover": "off", "timeout": 1000});
    let session = open(&peer.url, &options);
    informed(&session);
    session.submit(Some("ping"), None, &Args::new()).unwrap();
    peer.until("info");
    peer.until("ping");
    // Something was heard in the first twenty seconds, nothing in the next: it is asked, and given ten more.
    clock.advance(clock.awaited(seconds(20)..=seconds(20)));
    clock.advance(clock.awaited(seconds(20)..=seconds(20)));
    clock.advance(clock.awaited(seconds(10)..=seconds(10)));
    let (code, _, detail) = why(&next(&session, Kind::Lost));
    assert_eq!((&*code, &detail["code"]), ("connection_lost", &json!("connection_lost")));
    let (code, _, detail) = why(&next(&session, Kind::Response));
    assert_eq!((&*code, &detail["outcome"]), ("connection_lost", &json!("unknown")));
    next(&session, Kind::Closed);
    drop((hold, clock));
}
