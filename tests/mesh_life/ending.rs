//! How sessions end: closed, let go of, cut off; and what of them is left on the server.

use std::time::Duration;

use haft::{args::Args, session::Kind};

use crate::{
    bed::{args, id, next, open, read, why},
    peer::{Fault, Peer},
};

#[test]
fn close_ends_it_and_its_children() {
    let peer = Peer::start();
    let session = open(&peer, "{}");
    let children: Vec<_> = (0..5).map(|_| session.attach("session", &Args::new()).unwrap()).collect();
    assert_eq!(peer.sessions().len(), 6);
    session.close(&Args::new()).unwrap();
    assert!(peer.sessions().is_empty());
    session.close(&Args::new()).unwrap();
    for child in &children {
        child.close(&Args::new()).unwrap();
        assert_eq!(read(child).unwrap_err().code(), "closed");
    }
    assert_eq!(peer.count("EndSession"), 6);
}

#[test]
fn keep_leaves_it() {
    let peer = Peer::start();
    let session = open(&peer, "{}");
    let (name, child) = (id(&session), session.attach("session", &Args::new()).unwrap());
    let joined = session.attach(&format!("session:{}", id(&child)), &Args::new()).unwrap();
    session.close(&args(r#"{"keep": true}"#)).unwrap();
    drop((child, joined));
    assert_eq!((peer.sessions().len(), peer.count("EndSession")), (2, 0));
    // What was kept is there to be joined.
    let again = open(&peer, &format!(r#"{{"session_id": "{name}"}}"#));
    again.close(&args(r#"{"keep": false}"#)).unwrap();
    assert!(!peer.sessions().contains(&name));
}

/// To end one session is not to end those that others opened.
#[test]
fn what_a_child_joined_outlives_the_root() {
    let peer = Peer::start();
    let owner = open(&peer, "{}");
    let session = open(&peer, "{}");
    let _joined = session.attach(&format!("session:{}", id(&owner)), &Args::new()).unwrap();
    session.close(&args(r#"{"keep": false}"#)).unwrap();
    assert_eq!(peer.sessions(), [id(&owner)]);
    owner.close(&Args::new()).unwrap();
}

/// Freed without a close: the reactor tells the server, and whoever frees does not wait for it.
#[test]
fn what_is_let_go_of_is_ended() {
    let peer = Peer::start();
    let session = open(&peer, "{}");
    let child = session.attach("session", &Args::new()).unwrap();
    drop(child);
    peer.until(|state| state.sessions.len() == 1);
    read(&session).unwrap();
    let (first, second) =
        (session.attach("session", &Args::new()).unwrap(), session.attach("session", &Args::new()).unwrap());
    let owner = open(&peer, "{}");
    let joined = session.attach(&format!("session:{}", id(&owner)), &Args::new()).unwrap();
    // The root first: the connection is there until the last goodbye.
    drop(session);
    drop((joined, first, second));
    peer.until(|state| state.sessions.len() == 1);
    assert_eq!(peer.sessions(), [id(&owner)]);
    owner.close(&Args::new()).unwrap();
}

/// Nobody answers the goodbye: close tells so in time, and the handle is closed.
#[test]
fn a_goodbye_that_fails() {
    let peer = Peer::start();
    let session = open(&peer, "{}");
    peer.fail("EndSession", 1, &Fault::Hang);
    let began = std::time::Instant::now();
    let error = session.close(&args(r#"{"timeout": 0.3}"#)).unwrap_err();
    assert_eq!(error.code(), "total_timeout");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(read(&session).unwrap_err().code(), "closed");
    session.close(&Args::new()).unwrap();
    let session = open(&peer, "{}");
    peer.unavailable("EndSession", 1);
    assert_eq!(session.close(&Args::new()).unwrap_err().message(), "the server refused: UNAVAILABLE: going down");
}

/// The session is on the server and not on the connection: the next call makes another one.
#[test]
fn a_cut_connection_is_made_again() {
    let peer = Peer::start();
    let session = open(&peer, "{}");
    let name = id(&session);
    session.stage(Some("delete_object"), Some("Model/X"), &Args::new()).unwrap();
    for round in 2..5 {
        peer.cut();
        std::thread::sleep(Duration::from_millis(50));
        read(&session).unwrap();
        let seen = peer.state(|state| state.seen.last().cloned().unwrap());
        assert_eq!((seen.session.as_deref(), seen.connection), (Some(&*name), round));
    }
    session.commit(&Args::new()).unwrap();
    assert_eq!(peer.state(|state| state.committed), 1);
    session.close(&Args::new()).unwrap();
}

/// In real time, with a server that grants two seconds: alive after five, and lost once the server forgets it.
#[test]
fn it_lives_in_real_time() {
    let peer = Peer::start();
    peer.state(|state| state.expires_in = 2.0);
    let session = open(&peer, "{}");
    let joined = session.attach(&format!("session:{}", id(&session)), &Args::new()).unwrap();
    std::thread::sleep(Duration::from_secs(5));
    let extended = peer.count("ExtendSession");
    // Two at the beginning, and four or five of each: a second apart, late by an eighth.
    assert!((8..=12).contains(&extended), "{extended}");
    read(&session).unwrap();
    peer.state(|state| state.sessions.clear());
    assert_eq!(why(&next(&joined, Kind::Closed)).0, "session_lost");
    assert_eq!(why(&next(&session, Kind::Closed)).0, "session_lost");
}

/// A thousand sessions on one connection need one thread.
#[test]
fn a_thousand_sessions_cost_no_thread() {
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let peer = Peer::start();
    peer.state(|state| state.expires_in = 8.0);
    let session = open(&peer, "{}");
    let before = threads();
    let children: Vec<_> = (0..1000).map(|_| session.attach("session", &Args::new()).unwrap()).collect();
    assert_eq!(peer.sessions().len(), 1001);
    let began = peer.count("ExtendSession");
    // Twice the time in which the server would forget them.
    std::thread::sleep(Duration::from_secs(16));
    assert!(threads() <= before, "{} of {before}", threads());
    let extended = peer.count("ExtendSession") - began;
    assert!((2500..=6000).contains(&extended), "{extended}");
    for child in &children {
        assert_eq!(crate::bed::inspect(child, "state"), "ready");
    }
    assert_eq!(peer.state(|state| state.seen.iter().map(|seen| seen.connection).max()), Some(1));
    session.close(&args(r#"{"timeout": 60}"#)).unwrap();
    assert!(peer.sessions().is_empty());
}
