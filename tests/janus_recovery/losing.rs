//! Connections and servers that fail under a session that stands.

use haft::{
    args::Args,
    error::Status,
    session::{Kind, Session},
};
use haft_sandbox::janus::{Janus, Setup};
use serde_json::json;

use crate::{
    bed::{ECHO, ROOM, args, ask, attach, detail, hear, id, message, next, open, shown, start, why},
    guard::{clean, discreet, ten},
    janus::{probe::admin, relay::Relay},
    recreating::{again, restored},
};

fn usable(session: &Session, room: &Session) {
    ask(session, "keepalive", &json!({})).unwrap();
    assert_eq!(ask(room, "exists", &json!({"room": 1234})).unwrap()["exists"], true);
}

#[test]
fn a_server_that_is_killed_and_comes_back() {
    let janus = start();
    ten("kill and restart", &[], |_| {
        let (relay, server) = Relay::of(&janus.ws);
        let session = open(&server, &again());
        let room = attach(&session, ROOM);
        ask(&room, "join", &json!({"ptype": "publisher", "room": 1234})).unwrap();
        relay.refuse(true);
        janus.kill().unwrap();
        next(&session, Kind::Lost);
        // It may take more than one try.
        janus.restart().unwrap();
        relay.refuse(false);
        next(&session, Kind::Restored);
        assert_eq!(restored(&room)["handles"][0]["restored"][0]["request"], "join");
        usable(&session, &room);
        session.close(&Args::new()).unwrap();
        for on in [&session, &room] {
            next(on, Kind::Closed);
        }
    });
}

/// One that keeps sessions: they are claimed, and nothing is made again.
#[test]
fn a_cut_that_is_claimed() {
    let janus = Janus::start(&Setup::short()).unwrap();
    for recover in ["claim", "recreate"] {
        ten("cut and claim", &[], |_| {
            let (relay, server) = Relay::of(&janus.ws);
            let session = open(&server, &json!({"recover": recover, "retry_delay": "10ms"}));
            let room = attach(&session, ROOM);
            let ids = (id(&session), id(&room));
            relay.cut();
            let told = restored(&session);
            assert_eq!(
                told["handles"][0],
                json!({
                    "old_id": ids.1, "id": ids.1, "plugin": ROOM, "restored": [], "not_restored": []
                })
            );
            restored(&room);
            assert_eq!((id(&session), id(&room)), ids);
            usable(&session, &room);
            session.close(&Args::new()).unwrap();
        });
    }
}

/// It stays connected and says nothing: the silence is noticed, and its end.
#[test]
fn a_server_that_hangs() {
    let janus = Janus::start(&Setup { reclaim: 60, ..Setup::default() }).unwrap();
    ten("a hung server", &[], |_| {
        let quick = json!({"ping_interval": "40ms", "ping_timeout": "40ms", "retry_delay": "10ms", "max_retries": 100});
        let session = open(&janus.ws, &quick);
        let room = attach(&session, ROOM);
        janus.freeze().unwrap();
        let lost = next(&session, Kind::Lost);
        assert_eq!(why(&lost).0, "connection_lost");
        janus.thaw().unwrap();
        next(&session, Kind::Restored);
        usable(&session, &room);
        session.close(&Args::new()).unwrap();
    });
}

#[test]
fn a_cut_in_the_middle_of_a_message() {
    let janus = Janus::start(&Setup { reclaim: 60, ..Setup::default() }).unwrap();
    ten("a cut in a message", &[], |turn| {
        let (relay, server) = Relay::of(&janus.ws);
        let session = open(&server, &json!({"retry_delay": "10ms"}));
        let room = attach(&session, ROOM);
        ask(&session, "info", &json!({})).unwrap();
        relay.cut_after(20 + turn);
        let error = ask(&room, "list", &json!({})).unwrap_err();
        assert_eq!((error.code(), &detail(&error)["outcome"]), ("connection_lost", &json!("unknown")), "{error}");
        let told = restored(&session);
        assert_eq!(told["unknown"][0]["verb"], "list", "{told}");
        usable(&session, &room);
        session.close(&Args::new()).unwrap();
    });
}

#[test]
fn a_session_that_the_administrator_ends() {
    let janus = start();
    ten("destroyed, and the end of it", &[], |_| {
        let session = open(&janus.ws, &json!({}));
        let room = attach(&session, ROOM);
        admin(&janus, json!({"janus": "destroy_session", "session_id": id(&session)}));
        let error = ask(&room, "exists", &json!({"room": 1234})).unwrap_err();
        assert_eq!((error.code(), error.status()), ("session_lost", Status::NotFound));
        for on in [&session, &room] {
            assert_eq!(why(&next(on, Kind::Closed)).0, "session_lost");
        }
    });
    ten("destroyed, and made again", &[], |_| {
        let session = open(&janus.ws, &again());
        let room = attach(&session, ROOM);
        let old = id(&session);
        admin(&janus, json!({"janus": "destroy_session", "session_id": old}));
        // The server has refused it, so that it was not done: it goes to the new handle.
        assert_eq!(ask(&room, "exists", &json!({"room": 1234})).unwrap()["exists"], true);
        assert_eq!(restored(&session)["old_id"], old);
        restored(&room);
        session.close(&Args::new()).unwrap();
    });
}

#[test]
fn a_handle_that_the_administrator_detaches() {
    let janus = start();
    ten("a detached handle", &[], |_| {
        let session = open(&janus.ws, &again());
        let (echo, room) = (attach(&session, ECHO), attach(&session, ROOM));
        hear(&echo, "detached");
        admin(&janus, json!({"janus": "detach_handle", "session_id": id(&session), "handle_id": id(&echo)}));
        assert_eq!(message(&echo)["sender"], id(&echo));
        next(&echo, Kind::Closed);
        usable(&session, &room);
        session.close(&Args::new()).unwrap();
    });
}

/// Given another secret meanwhile, which the server does not know.
#[test]
fn a_secret_that_is_wrong_when_the_connection_comes_back() {
    const WRONG: &str = "wr0ng-s3cr3t";
    let janus = Janus::start(&Setup { reclaim: 60, api_secret: Some("s3cret".into()), ..Setup::default() }).unwrap();
    for recover in ["claim", "recreate"] {
        ten("a wrong secret", &["s3cret", WRONG], |_| {
            let (relay, server) = Relay::of(&janus.ws);
            let session = open(&server, &json!({"api_secret": "s3cret", "recover": recover, "retry_delay": "10ms"}));
            let room = attach(&session, ROOM);
            session.configure(&args(&json!({"api_secret": WRONG}))).unwrap();
            relay.cut();
            for on in [&session, &room] {
                next(on, Kind::Lost);
                let closed = next(on, Kind::Closed);
                let (code, text, detail) = why(&closed);
                assert_eq!((&*code, &detail["server_code"]), ("unauthorized", &json!(403)), "{text}");
            }
            let error = ask(&room, "exists", &json!({"room": 1234})).unwrap_err();
            clean(&error, &["s3cret", WRONG]);
            discreet(&session, &["s3cret", WRONG]);
        });
    }
}

/// Made again while the connection goes once more, again and again.
#[test]
fn a_connection_that_does_not_hold() {
    let janus = start();
    ten("cuts while it is made again", &[], |turn| {
        let (relay, server) = Relay::of(&janus.ws);
        let session = open(&server, &again());
        let rooms: Vec<_> = (0..5).map(|_| attach(&session, ROOM)).collect();
        for room in &rooms {
            ask(room, "join", &json!({"ptype": "publisher", "room": 1234})).unwrap();
        }
        let old = id(&session);
        // In the middle of what makes it again.
        relay.cut();
        relay.cut_after(250 + 60 * turn);
        next(&session, Kind::Lost);
        let told = shown(&next(&session, Kind::Restored));
        assert_eq!((&told["old_id"], told["handles"].as_array().unwrap().len()), (&json!(old), 5), "{told}");
        for room in &rooms {
            next(room, Kind::Lost);
            next(room, Kind::Restored);
            usable(&session, room);
        }
        session.close(&Args::new()).unwrap();
    });
}
