//! Sessions that are opened, joined, and those that cannot be.

use haft::{
    args::Args,
    error::Status,
    session::{Kind, Session},
    value::Tree,
};

use crate::{
    bed::{args, id, inspect, next, open, read},
    peer::{Fault, Peer},
};

const UNKNOWN: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

fn refused(peer: &Peer, json: &str) -> haft::error::Error {
    Session::create(&peer.url(), &args(json)).unwrap_err()
}

/// Nothing but the handshake, the session and how long it lives (spec/mesh.md 7.1 and verbs.md); the client's version goes
/// with the handshake alone.
#[test]
fn the_order_of_calls() {
    let peer = Peer::start();
    let session = open(&peer, "{}");
    let name = id(&session);
    assert_eq!(peer.sessions(), [name.clone()]);
    session.request(Some("version"), None, &Args::new()).unwrap();
    session.close(&Args::new()).unwrap();
    assert_eq!(peer.methods(), ["GetVersion", "StartSession", "ExtendSession", "GetVersion", "EndSession"]);
    let seen = peer.state(|state| state.seen.clone());
    let versions: Vec<bool> = seen.iter().map(|seen| seen.client.is_some()).collect();
    assert_eq!(versions, [true, false, false, false, false]);
    assert!(seen.iter().all(|seen| seen.token.is_none() && seen.connection == 1));
    assert_eq!(seen[4].session.as_deref(), Some(&*name));
}

#[test]
fn what_is_known_of_a_session() {
    let peer = Peer::start();
    peer.state(|state| state.expires_in = 12.5);
    let session = open(&peer, "{}");
    let shown = inspect(&session, "session");
    assert_eq!((&shown["timeout"], &shown["keepalive"], &shown["joined"]), (&12.5.into(), &6.25.into(), &false.into()));
    assert_eq!((&shown["id"], &shown["extended"], &shown["losses"]), (&id(&session).into(), &1.into(), &0.into()));
    let left = inspect(&session, "expires_in").as_f64().unwrap();
    assert!(left > 2.0 && left <= 12.5, "{left}");
    assert_eq!(inspect(&session, "id"), id(&session));
    let server = inspect(&session, "server");
    assert_eq!(
        (&server["name"], &server["version"], &server["url"]),
        (&"Volue Mesh Server".into(), &"2.23.0+7".into(), &format!("{}/", peer.url()).into())
    );
    session.close(&Args::new()).unwrap();
}

#[test]
fn an_old_server_is_refused() {
    let peer = Peer::start();
    peer.state(|state| state.version = "2.20.9+12".into());
    let error = refused(&peer, "{}");
    assert_eq!((error.code(), error.status()), ("version_too_old", Status::Unsupported));
    assert_eq!(peer.methods(), ["GetVersion"]);
    // What cannot be read is taken, as the official client takes it.
    for odd in ["2.20", "1.2.3.4", "", "2.20.1-rc"] {
        peer.state(|state| state.version = odd.into());
        open(&peer, "{}").close(&Args::new()).unwrap();
    }
}

/// A session that was there before: checked at once, kept by close unless close says otherwise.
#[test]
fn joining() {
    let peer = Peer::start();
    let owner = open(&peer, "{}");
    let name = id(&owner);
    for text in [name.clone(), name.to_uppercase(), format!("{{{name}}}")] {
        let joined = open(&peer, &format!(r#"{{"session_id": "{text}"}}"#));
        assert_eq!(id(&joined), name);
        assert_eq!(inspect(&joined, "session")["joined"], true);
        read(&joined).unwrap();
        assert_eq!(peer.state(|state| state.seen.last().unwrap().session.clone()).unwrap(), name);
        joined.close(&Args::new()).unwrap();
    }
    assert_eq!((peer.count("StartSession"), peer.count("EndSession")), (1, 0));
    let child = owner.attach("session", &Args::new()).unwrap();
    let other = id(&child);
    let joined = owner.attach(&format!("session:{other}"), &Args::new()).unwrap();
    joined.close(&Args::new()).unwrap();
    assert_eq!(peer.sessions().len(), 2);
    let joined = owner.attach(&format!("session:{other}"), &Args::new()).unwrap();
    joined.close(&args(r#"{"keep": false}"#)).unwrap();
    assert_eq!(peer.sessions(), [name.clone()]);
    // Its own close finds nothing left to end, which is what it wanted.
    child.close(&Args::new()).unwrap();
    // One connection for all of them.
    let connection = peer.state(|state| {
        state
            .seen
            .iter()
            .filter(|seen| seen.session.as_deref() == Some(&*other))
            .map(|seen| seen.connection)
            .collect::<std::collections::BTreeSet<_>>()
    });
    assert_eq!(connection.len(), 1);
    owner.close(&Args::new()).unwrap();
    assert!(peer.sessions().is_empty());
}

#[test]
fn a_session_that_is_not_there_cannot_be_joined() {
    let peer = Peer::start();
    let check = |error: haft::error::Error| {
        assert_eq!((error.code(), error.status()), ("session_lost", Status::NotFound));
        assert!(error.message().to_lowercase().contains(UNKNOWN), "{error}");
        assert_eq!(error.detail().get("session_id").and_then(Tree::as_str), Some(UNKNOWN));
    };
    check(refused(&peer, &format!(r#"{{"session_id": "{UNKNOWN}"}}"#)));
    assert_eq!(peer.methods(), ["GetVersion", "ExtendSession"]);
    let session = open(&peer, "{}");
    check(session.attach(&format!("session:{UNKNOWN}"), &Args::new()).unwrap_err());
    for wrong in ["session:", "session:12", "session:zz1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "sessions", "object:x", ""]
    {
        let error = session.attach(wrong, &Args::new()).unwrap_err();
        assert_eq!(error.code(), "argument", "{wrong}");
    }
    let before = peer.methods().len();
    for json in [
        r#"{"session_id": "12"}"#,
        r#"{"keepalive": 0}"#,
        r#"{"keepalive": "often"}"#,
        r#"{"access_token": "x"}"#,
        r#"{"access_token": 1}"#,
    ] {
        assert_eq!(refused(&peer, json).code(), "argument", "{json}");
    }
    assert_eq!(peer.methods().len(), before, "mistakes are found before anything is sent");
    session.close(&Args::new()).unwrap();
}

/// The answer `session_lost` to a call names the session and closes nothing.
#[test]
fn a_call_of_a_lost_session() {
    let peer = Peer::start();
    let session = open(&peer, "{}");
    let name = id(&session);
    peer.state(|state| state.sessions.clear());
    for _ in 0..3 {
        let error = read(&session).unwrap_err();
        assert_eq!((error.code(), error.status()), ("session_lost", Status::NotFound));
        assert!(error.message().contains(&name.to_uppercase()), "{error}");
        assert_eq!(error.detail().get("session_id").and_then(Tree::as_str), Some(&*name));
        assert_eq!(error.detail().get("grpc_status").and_then(Tree::as_str), Some("NOT_FOUND"));
        assert!(!error.is_retryable());
    }
    session.submit(Some("get_object"), Some("Model/X"), &Args::new()).unwrap();
    let answer = next(&session, Kind::Response);
    assert_eq!(crate::bed::why(&answer).0, "session_lost");
    session.request(Some("version"), None, &Args::new()).unwrap();
    assert_eq!(inspect(&session, "state"), "ready");
    session.close(&Args::new()).unwrap();
}

/// A session whose first call failed is not left behind on the server.
#[test]
fn nothing_is_left_of_an_opening_that_failed() {
    let peer = Peer::start();
    for method in ["GetVersion", "StartSession", "ExtendSession"] {
        peer.fail(method, 1, &Fault::Status(14, "going down".into()));
        let error = refused(&peer, "{}");
        assert_eq!(
            (error.status(), error.detail().get("grpc_status").and_then(Tree::as_str)),
            (Status::Io, Some("UNAVAILABLE")),
            "{method}"
        );
    }
    assert!(peer.sessions().is_empty());
    let session = open(&peer, r#"{"lazy": true}"#);
    peer.unavailable("StartSession", 1);
    assert_eq!(read(&session).unwrap_err().status(), Status::Io);
    read(&session).unwrap();
    assert_eq!(peer.sessions().len(), 1);
    session.close(&Args::new()).unwrap();
}

/// What is staged with a relative path is sent with the whole one.
#[test]
fn paths_from_a_model() {
    let peer = Peer::start();
    assert_eq!(refused(&peer, r#"{"model": "M/Area"}"#).code(), "argument");
    let session = open(&peer, r#"{"model": "M"}"#);
    session.stage(Some("delete_object"), Some("Area"), &Args::new()).unwrap();
    let staged = inspect(&session, "staged");
    assert_eq!(staged[0]["target"], "Model/M/Area");
    session.commit(&Args::new()).unwrap();
    session.close(&Args::new()).unwrap();
}

/// Two calls at the same time open one session.
#[test]
fn a_lazy_session_is_opened_once() {
    let peer = Peer::start();
    let session = open(&peer, r#"{"lazy": true}"#);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| read(&session).unwrap());
        }
    });
    assert_eq!((peer.count("StartSession"), peer.count("ListModels")), (1, 8));
    session.close(&Args::new()).unwrap();
    let unused = open(&peer, r#"{"lazy": true}"#);
    unused.close(&Args::new()).unwrap();
    assert_eq!(peer.count("EndSession"), 1, "what was not opened is not ended");
}
