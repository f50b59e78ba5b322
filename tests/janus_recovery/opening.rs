//! Servers that cannot be reached, or take nobody.

use std::time::{Duration, Instant};

use haft::{
    args::Args,
    error::{Error, Outcome, Status},
    session::{Kind, Session},
};
use serde_json::{Value, json};

use crate::{
    bed::{args, ask, attach, detail, id, next, open, shown, start, url},
    guard::{clean, ten},
    janus::{
        probe::admin,
        relay::{Relay, Side},
    },
};

fn create(server: &str, options: &Value) -> Result<Session, Error> {
    Session::create(&url(server), &args(options))
}

/// A first try and as many others as were asked for, with growing pauses.
#[test]
fn a_refused_connection_is_tried_again() {
    let janus = start();
    ten("a refused connection", &[], |_| {
        let (relay, server) = Relay::of(&janus.ws);
        relay.refuse(true);
        let begun = Instant::now();
        let error = create(&server, &json!({"max_retries": 3, "retry_delay": "10ms"})).unwrap_err();
        assert_eq!((error.code(), error.known_outcome()), ("connect", Some(Outcome::NotSent)), "{error}");
        assert!(error.is_retryable());
        assert_eq!(relay.refused(), 4);
        // At least half of 10, 20 and 40.
        assert!(begun.elapsed() >= Duration::from_millis(35), "{:?}", begun.elapsed());
        // None in between: not at all.
        let error = create(&server, &json!({"max_retries": 0})).unwrap_err();
        assert_eq!((error.code(), relay.refused()), ("connect", 5));
        // The time of the call ends the tries.
        let error =
            create(&server, &json!({"max_retries": null, "retry_delay": "1ms", "timeout": "60ms"})).unwrap_err();
        assert_eq!((error.status(), error.known_outcome()), (Status::Timeout, Some(Outcome::NotSent)), "{error}");
        clean(&error, &[]);
    });
}

fn creates(relay: &Relay) -> usize {
    relay.messages().iter().filter(|(side, message)| *side == Side::Client && message["janus"] == "create").count()
}

#[test]
fn a_server_that_takes_no_sessions_is_asked_again() {
    let janus = start();
    ten("no new sessions", &[], |_| {
        let (relay, server) = Relay::of(&janus.ws);
        admin(&janus, json!({"janus": "accept_new_sessions", "accept": false}));
        let error = create(&server, &json!({"max_retries": 2, "retry_delay": "5ms"})).unwrap_err();
        assert_eq!((error.code(), &detail(&error)["server_code"]), ("not_accepting_sessions", &json!(472)), "{error}");
        assert!(error.is_retryable());
        assert_eq!(creates(&relay), 3);
        // The time of the call ends it, with the server's reason: so long that a server that is slow has said it by then.
        let begun = Instant::now();
        let error =
            create(&server, &json!({"timeout": "500ms", "max_retries": null, "retry_delay": "20ms"})).unwrap_err();
        assert_eq!(error.code(), "not_accepting_sessions", "{error}");
        assert!(begun.elapsed() < Duration::from_secs(5));
        let before = creates(&relay);
        let server = &server;
        std::thread::scope(|threads| {
            let opened =
                threads.spawn(move || create(server, &json!({"max_retries": null, "retry_delay": "5ms"})).unwrap());
            relay.wait(|messages| {
                let asked = |(side, message): &&(Side, Value)| *side == Side::Client && message["janus"] == "create";
                messages.iter().filter(asked).count() >= before + 2
            });
            admin(&janus, json!({"janus": "accept_new_sessions", "accept": true}));
            let session = opened.join().unwrap();
            ask(&session, "keepalive", &json!({})).unwrap();
            session.close(&Args::new()).unwrap();
        });
    });
}

/// The same while a session is made again: its server comes up and takes nobody for a while.
#[test]
fn a_restore_is_tried_again_too() {
    let janus = start();
    ten("no new sessions for a restore", &[], |_| {
        let (relay, server) = Relay::of(&janus.ws);
        let session = open(&server, &json!({"recover": "recreate", "retry_delay": "5ms", "max_retries": 1000}));
        let old = id(&session);
        admin(&janus, json!({"janus": "accept_new_sessions", "accept": false}));
        let before = creates(&relay);
        relay.cut();
        next(&session, Kind::Lost);
        relay.wait(|messages| {
            let asked = |(side, message): &&(Side, Value)| *side == Side::Client && message["janus"] == "create";
            messages.iter().filter(asked).count() >= before + 3
        });
        admin(&janus, json!({"janus": "accept_new_sessions", "accept": true}));
        let told = shown(&next(&session, Kind::Restored));
        assert_eq!((&told["old_id"], &told["id"]), (&json!(old), &json!(id(&session))));
        session.close(&Args::new()).unwrap();
    });
}

/// The first of the ways is gone: the next one is taken, and the session is claimed there.
#[test]
fn the_next_way_is_taken() {
    let janus = haft_sandbox::janus::Janus::start(&haft_sandbox::janus::Setup {
        reclaim: 60,
        ..haft_sandbox::janus::Setup::default()
    })
    .unwrap();
    ten("the first way dies", &[], |_| {
        let ((one, first), (two, second)) = (Relay::of(&janus.ws), Relay::of(&janus.ws));
        let session = open(&first, &json!({"urls": [url(&second)], "retry_delay": "10ms"}));
        let handle = attach(&session, crate::bed::ROOM);
        assert_eq!((one.connections(), two.connections()), (1, 0));
        one.refuse(true);
        one.cut();
        for on in [&session, &handle] {
            next(on, Kind::Lost);
            next(on, Kind::Restored);
        }
        assert_eq!(ask(&handle, "exists", &json!({"room": 1234})).unwrap()["exists"], true);
        assert_eq!((one.refused(), two.connections()), (1, 1));
        let sent =
            two.messages().into_iter().filter(|(side, _)| *side == Side::Client).map(|(_, sent)| sent["janus"].clone());
        assert_eq!(sent.collect::<Vec<_>>()[0], "claim");
        session.close(&Args::new()).unwrap();
    });
}
