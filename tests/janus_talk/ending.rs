//! How sessions and handles end: by the host, by the server, by being let go of.

use std::time::{Duration, Instant};

use haft::{args::Args, session::Kind};
use haft_sandbox::janus::{Janus, Setup};
use serde_json::{Value, json};

use crate::{
    bed::{ECHO, ROOM, args, ask, attach, hear, id, message, next, open, start, why},
    janus::{
        probe::{PATIENCE, admin},
        relay::{Relay, Side},
    },
};

fn sessions(janus: &Janus) -> Value {
    admin(janus, json!({"janus": "list_sessions"}))["sessions"].clone()
}

fn wait(what: &str, done: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < until, "{what}");
        std::thread::yield_now();
    }
}

fn sent(relay: &Relay, word: &str) -> usize {
    relay.messages().iter().filter(|(side, message)| *side == Side::Client && message["janus"] == word).count()
}

/// One message ends a session with all its handles.
#[test]
fn closing_a_session_destroys_it_and_detaches_nothing_one_by_one() {
    let janus = start();
    let (relay, server) = Relay::of(&janus.ws);
    let session = open(&server, &json!({}));
    let handles: Vec<_> = (0..5).map(|_| attach(&session, ECHO)).collect();
    session.close(&Args::new()).unwrap();
    assert_eq!((sent(&relay, "destroy"), sent(&relay, "detach")), (1, 0));
    assert_eq!(sessions(&janus), json!([]));
    for handle in &handles {
        next(handle, Kind::Closed);
    }
    // Again, and after the handles: nothing more is said.
    session.close(&Args::new()).unwrap();
    drop((handles, session));
    assert_eq!(sent(&relay, "destroy"), 1);
}

#[test]
fn closing_a_handle_detaches_it() {
    let janus = start();
    let (relay, server) = Relay::of(&janus.ws);
    let session = open(&server, &json!({}));
    let (one, two) = (attach(&session, ECHO), attach(&session, ECHO));
    one.close(&Args::new()).unwrap();
    drop(two);
    wait("both are detached", || sent(&relay, "detach") == 2);
    ask(&session, "keepalive", &json!({})).unwrap();
    let listed = admin(&janus, json!({"janus": "list_handles", "session_id": id(&session)}));
    assert_eq!(listed["handles"], json!([]));
    let kept = attach(&session, ECHO);
    let own = id(&kept);
    kept.close(&args(&json!({"keep": true}))).unwrap();
    let listed = admin(&janus, json!({"janus": "list_handles", "session_id": id(&session)}));
    assert_eq!(listed["handles"], json!([own]));
}

/// What is kept can be claimed: by another session here.
#[test]
fn a_session_that_is_kept_lives_on() {
    let janus = Janus::start(&Setup { reclaim: 60, ..Setup::default() }).unwrap();
    let session = open(&janus.ws, &json!({}));
    let echo = attach(&session, ECHO);
    let (own, handle) = (id(&session), id(&echo));
    session.close(&args(&json!({"keep": true}))).unwrap();
    let again = open(&janus.ws, &json!({"session_id": own}));
    let listed = admin(&janus, json!({"janus": "list_handles", "session_id": own}));
    assert_eq!(listed["handles"], json!([handle]));
    again.close(&Args::new()).unwrap();
    assert_eq!(sessions(&janus), json!([]));
}

#[test]
fn what_is_let_go_of_says_goodbye() {
    let janus = Janus::start(&Setup { reclaim: 60, ..Setup::default() }).unwrap();
    let (relay, server) = Relay::of(&janus.ws);
    let session = open(&server, &json!({}));
    let handle = attach(&session, ECHO);
    drop(session);
    // The handle holds on to its session.
    assert_eq!(ask(&handle, "message", &json!({"body": {"audio": true}})).unwrap()["result"], "ok");
    drop(handle);
    wait("the session is destroyed", || sessions(&janus) == json!([]));
    wait("the connection is closed", || relay.alive() == 0);
    assert_eq!(sent(&relay, "destroy"), 1);
}

/// A goodbye that is not answered keeps nobody.
#[test]
fn closing_is_bounded() {
    let janus = start();
    let (relay, server) = Relay::of(&janus.ws);
    let session = open(&server, &json!({}));
    let handle = attach(&session, ECHO);
    ask(&session, "info", &json!({})).unwrap();
    relay.hold(true);
    std::thread::scope(|threads| {
        let waiting = threads.spawn(|| ask(&handle, "message", &json!({"body": {"audio": true}})).unwrap_err());
        wait("the call is in flight", || crate::bed::inspect(&session, "stats")["transactions"] == 1);
        let begun = Instant::now();
        let error = session.close(&args(&json!({"timeout": "200ms"}))).unwrap_err();
        assert_eq!(error.code(), "total_timeout");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        let error = waiting.join().unwrap();
        assert_eq!((error.code(), &crate::bed::detail(&error)["outcome"]), ("cancelled", &json!("unknown")));
    });
}

/// The server ends a session that nobody uses: told, and closed with the reason.
#[test]
fn a_session_that_times_out_is_closed() {
    let janus = Janus::start(&Setup::short()).unwrap();
    let session = open(&janus.ws, &json!({"keepalive_interval": 0}));
    let handle = attach(&session, ECHO);
    hear(&session, "timeout");
    // Real time: the server looks every other second.
    let event = message(&session);
    assert_eq!((&event["janus"], &event["session_id"]), (&json!("timeout"), &json!(id(&session))));
    for closed in [&session, &handle] {
        let (code, text, _) = why(&next(closed, Kind::Closed));
        assert_eq!(code, "session_lost", "{text}");
    }
    let error = ask(&handle, "message", &json!({"body": {"audio": true}})).unwrap_err();
    assert_eq!(error.code(), "closed");
}

/// The same found out by a request.
#[test]
fn a_session_that_the_administrator_ended_is_closed() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let child = session.attach("session", &Args::new()).unwrap();
    let room = attach(&child, ROOM);
    admin(&janus, json!({"janus": "destroy_session", "session_id": id(&child)}));
    let error = ask(&room, "exists", &json!({"room": 1234})).unwrap_err();
    assert_eq!((error.code(), &crate::bed::detail(&error)["server_code"]), ("session_lost", &json!(458)));
    assert_eq!(why(&next(&child, Kind::Closed)).0, "session_lost");
    next(&room, Kind::Closed);
    // The other one on the line goes on.
    ask(&session, "keepalive", &json!({})).unwrap();
}

/// Unused for longer than the server allows, and alive: keepalives go out in time.
#[test]
fn sessions_are_kept_alive() {
    let janus = Janus::start(&Setup::short()).unwrap();
    let (relay, server) = Relay::of(&janus.ws);
    let session = open(&server, &json!({}));
    relay.wait(|messages| {
        let kept = |side: Side, word: &str| {
            messages.iter().filter(|(by, message)| *by == side && message["janus"] == word).count()
        };
        kept(Side::Client, "keepalive") >= 4 && kept(Side::Server, "ack") >= 4
    });
    ask(&session, "claim", &json!({})).unwrap();
    session.close(&Args::new()).unwrap();
}
