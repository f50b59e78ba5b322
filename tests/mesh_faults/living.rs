//! Keepalives that fail and servers that are started anew, with the clock in the test's hands (spec/mesh.md 3.3).

use std::time::Duration;

use haft::{
    args::Args,
    clock::control::{Frozen, freeze},
    error::Status,
    session::{Kind, Session},
};
use serde_json::json;

use crate::{
    bed::{args, id, inspect, next, open, read, settle, shown, why},
    guard::ten,
    peer::{Fault, Peer},
    sand::{self, CHIMNEYS},
};

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Moves the clock to the next beat of about `period` from now.
fn beat(clock: &Frozen, period: Duration) {
    let late = (period / 8).min(seconds(1));
    let left = clock.awaited(period..=period + late);
    clock.advance(left);
}

/// LOST while the server does not answer, RESTORED when it does again: the session and what is staged are the same.
#[test]
fn keepalives_that_fail_and_recover() {
    for fault in [Fault::Status(14, "going down".into()), Fault::Drop, Fault::Hang] {
        ten("failing keepalives", &[], |_| {
            let clock = freeze();
            let peer = Peer::start();
            let session = open(&peer, "{}");
            let name = id(&session);
            session.stage(Some("delete_object"), Some("Model/X"), &Args::new()).unwrap();
            settle(&session);
            peer.fail("ExtendSession", 2, &fault);
            beat(&clock, seconds(150));
            if matches!(fault, Fault::Hang) {
                peer.wait("ExtendSession", 2);
                clock.awaited(seconds(15)..=seconds(15));
                clock.advance(seconds(15));
            }
            let (_, _, detail) = why(&next(&session, Kind::Lost));
            assert_eq!(detail["session_id"], name.as_str());
            assert_eq!(sand::staged(&session), 1);
            // A connection that was doubted has answered by then: nobody else waits for about as long.
            settle(&session);
            let delay = clock.awaited(seconds(1) / 2..=seconds(1));
            clock.advance(delay);
            if matches!(fault, Fault::Hang) {
                peer.wait("ExtendSession", 3);
                clock.awaited(seconds(15)..=seconds(15));
                clock.advance(seconds(15));
            }
            peer.wait("ExtendSession", 3);
            settle(&session);
            let delay = clock.awaited(seconds(1)..=seconds(2));
            clock.advance(delay);
            assert_eq!(shown(&next(&session, Kind::Restored))["session_id"], name.as_str());
            session.commit(&Args::new()).unwrap();
            assert_eq!((peer.state(|state| state.committed), id(&session)), (1, name.clone()));
            session.close(&Args::new()).unwrap();
            drop(clock);
            assert!(peer.sessions().is_empty());
        });
    }
}

/// A server that is started anew knows no sessions: calls say so, a commit commits nothing, and the keepalive closes the
/// handle, whose children go with it. Nothing is opened in its place.
#[test]
fn a_server_that_is_started_anew() {
    ten("a restart", &[], |_| {
        let clock = freeze();
        let sandbox = sand::sandbox();
        let port = sandbox.mesh["mesh"].rsplit(':').next().unwrap().parse().unwrap();
        let session = sand::open(&sandbox, "{}");
        let child = session.attach("session", &Args::new()).unwrap();
        let (name, other) = (id(&session), id(&child));
        sand::stage(&session, "create_object", CHIMNEYS, r#"{"name": "New"}"#).unwrap();
        sand::stage(&child, "create_object", CHIMNEYS, r#"{"name": "Of the child"}"#).unwrap();
        drop(sandbox);
        let error = sand::call(&session, "get_object", sand::PLANT, "{}").unwrap_err();
        assert_eq!((error.status(), sand::told(&error).1), (Status::Io, json!("UNAVAILABLE")));
        let sandbox = sand::on(port);
        for (of, name) in [(&session, &name), (&child, &other)] {
            for error in [
                sand::call(of, "get_object", sand::PLANT, "{}").map(drop).unwrap_err(),
                sand::commit(of).map(drop).unwrap_err(),
            ] {
                assert_eq!((error.code(), sand::detail(&error, "session_id")), ("session_lost", json!(name)));
            }
            assert_eq!((sand::staged(of), id(of)), (1, name.clone()), "nothing is pretended");
        }
        settle(&session);
        beat(&clock, seconds(150));
        let closed = next(&session, Kind::Closed);
        let (code, _, detail) = why(&closed);
        assert_eq!(
            (code.as_str(), &detail["session_id"], &shown(&closed)["session_id"]),
            ("session_lost", &json!(name), &json!(name))
        );
        // By its own beat or with its parent, whichever comes first.
        let closed = next(&child, Kind::Closed);
        assert_eq!(why(&closed).0, "session_lost");
        for of in [&session, &child] {
            assert_eq!(sand::call(of, "version", "", "{}").map(drop).unwrap_err().code(), "closed");
        }
        let fresh = sand::open(&sandbox, "{}");
        assert_eq!(sand::chimneys(&fresh).len(), 2);
        sand::close(&fresh);
        drop(clock);
    });
}

/// `keepalive` counts from when it was configured: shorter, off, and on again when it is high time.
#[test]
fn another_keepalive() {
    ten("keepalive by configure", &[], |_| {
        let clock = freeze();
        let peer = Peer::start();
        let session = open(&peer, "{}");
        let set = |session: &Session, json: &str| session.configure(&args(json)).unwrap();
        let shown = |session: &Session| {
            (inspect(session, "session")["keepalive"].clone(), inspect(session, "options")["keepalive"].clone())
        };
        clock.awaited(seconds(150)..=seconds(151));
        set(&session, r#"{"keepalive": 30}"#);
        assert_eq!(shown(&session), (json!(30.0), json!(30.0)));
        for round in 2..4 {
            beat(&clock, seconds(30));
            peer.wait("ExtendSession", round);
            settle(&session);
        }
        set(&session, r#"{"keepalive": false}"#);
        assert_eq!(shown(&session), (json!(null), json!(false)));
        settle(&session);
        clock.advance(seconds(200));
        read(&session).unwrap();
        assert_eq!(peer.count("ExtendSession"), 3);
        clock.advance(seconds(200));
        settle(&session);
        assert_eq!(peer.count("ExtendSession"), 3);
        // Two hundred seconds unused already: it is told at once.
        set(&session, r#"{"keepalive": true}"#);
        assert_eq!(shown(&session), (json!(150.0), json!(150.0)));
        peer.wait("ExtendSession", 4);
        settle(&session);
        set(&session, r#"{"keepalive": null}"#);
        assert_eq!(shown(&session).0, 150.0, "null says nothing");
        for wrong in [r#"{"keepalive": 0}"#, r#"{"keepalive": "often"}"#] {
            assert_eq!(session.configure(&args(wrong)).unwrap_err().code(), "argument");
        }
        // Switched off while it is lost: what was told is brought to its end first.
        peer.unavailable("ExtendSession", 1);
        beat(&clock, seconds(150));
        next(&session, Kind::Lost);
        set(&session, r#"{"keepalive": false}"#);
        let delay = clock.awaited(seconds(1) / 2..=seconds(1));
        clock.advance(delay);
        next(&session, Kind::Restored);
        settle(&session);
        let told = peer.count("ExtendSession");
        clock.advance(seconds(299));
        settle(&session);
        assert_eq!(peer.count("ExtendSession"), told);
        set(&session, r#"{"keepalive": true}"#);
        peer.wait("ExtendSession", told + 1);
        // Of one session, and of what is attached to it from now on.
        let child = session.attach("session", &Args::new()).unwrap();
        set(&child, r#"{"keepalive": 20}"#);
        assert_eq!((shown(&session).0, shown(&child).0), (json!(150.0), json!(20.0)));
        // One that was never kept alive begins to be.
        let quiet = session.attach("session", &args(r#"{"keepalive": false}"#)).unwrap();
        set(&quiet, r#"{"keepalive": 9}"#);
        beat(&clock, seconds(9));
        peer.until(|state| {
            state
                .seen
                .iter()
                .filter(|seen| seen.method == "ExtendSession" && seen.session.as_deref() == Some(&*id(&quiet)))
                .count()
                == 2
        });
        session.close(&Args::new()).unwrap();
        drop(clock);
        assert!(peer.sessions().is_empty());
    });
}
