//! The silence and the delays of the event hub of ftrack sessions, with the clock in the test's hands.
#![cfg(debug_assertions)]

#[path = "ftrack/bed.rs"]
#[allow(dead_code, reason = "shared with the tests of sessions")]
mod bed;
#[path = "ftrack_hub/hearing.rs"]
#[allow(dead_code, reason = "shared with the tests of the hub")]
mod hearing;

use std::time::Duration;

use haft::{args::Args, clock::control::freeze, session::Kind};

use bed::{args, sandbox};
use hearing::{call, connected, hub, messages, next, open, settle, subscribe};
use serde_json::json;

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A server that is there and says nothing: after 1.5 times what it promised, a minute at most, it counts as lost. What was
/// sent meanwhile is sent again.
#[test]
fn silence_is_a_loss() {
    for (promised, patience) in [(10, 15), (60, 60), (0, 60)] {
        let clock = freeze();
        let sandbox = sandbox();
        sandbox.ftrack_order(&format!("set=1&heartbeat_timeout={promised}&heartbeat=3600")).unwrap();
        let session = connected(&sandbox, "jenkins");
        subscribe(&session, "topic=test.silence", "{}");
        for round in 0..10 {
            settle(&session);
            sandbox.ftrack_order("hub=read&on=0").unwrap();
            session
                .submit(
                    Some("publish"),
                    Some("test.silence"),
                    &args(&json!({"data": {"n": round}, "timeout": 7200}).to_string()),
                )
                .unwrap();
            // The others wait two hours.
            let left = clock.awaited(Duration::ZERO..=seconds(patience));
            assert!(left > seconds(patience) - Duration::from_millis(1), "{left:?}");
            clock.advance(left - Duration::from_nanos(1));
            assert_eq!(hub(&session)["state"], "connected");
            clock.advance(Duration::from_nanos(1));
            next(&session, Kind::Lost);
            let delay = clock.awaited(Duration::ZERO..=Duration::from_millis(5));
            clock.advance(delay);
            next(&session, Kind::Restored);
            assert_eq!(messages(&session, 1)[0]["data"]["n"], round);
        }
        assert_eq!(hub(&session)["losses"], 10);
        session.close(&Args::new()).unwrap();
        drop(clock);
    }
}

/// A heartbeat is enough to be believed.
#[test]
fn heartbeats_are_answered_and_believed() {
    let clock = freeze();
    let sandbox = sandbox();
    sandbox.ftrack_order("set=1&heartbeat_timeout=10&heartbeat=3600").unwrap();
    let session = connected(&sandbox, "jenkins");
    settle(&session);
    for _ in 0..20 {
        clock.awaited(seconds(10)..=seconds(15));
        clock.advance(seconds(10));
        sandbox.ftrack_order("hub=packet&text=2::").unwrap();
        // It was heard before what comes behind it.
        settle(&session);
    }
    assert_eq!(hub(&session)["losses"], 0);
    session.close(&Args::new()).unwrap();
    let log = sandbox.ftrack_log(0, false);
    let beats = log
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|entry| entry["packets"].as_array().into_iter().flatten())
        .filter(|packet| packet["type"] == "2")
        .count();
    assert_eq!(beats, 20);
}

/// Delays grow from a quarter of a second to half a minute, and begin anew with a connection that stands.
#[test]
fn delays_grow() {
    let clock = freeze();
    let sandbox = sandbox();
    let session = open(&sandbox, "jenkins", r#"{"hub_reconnect": true}"#);
    call(&session, "connect", "", "{}").unwrap();
    for _ in 0..2 {
        sandbox.ftrack_order("hub=handshake&status=503&times=10").unwrap();
        sandbox.ftrack_order("hub=abort").unwrap();
        for number in 0..=10_u32 {
            let whole = Duration::from_millis(250 << number).min(seconds(30));
            // Connections and handshakes wait for a minute.
            let delay = clock.awaited(whole / 2 - Duration::from_millis(1)..=whole);
            clock.advance(delay);
        }
        next(&session, Kind::Restored);
    }
    session.close(&Args::new()).unwrap();
}
