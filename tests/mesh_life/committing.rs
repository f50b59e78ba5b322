//! Commits that another session's commit stands in the way of (spec/mesh.md 3.7).

use haft::{args::Args, error::Status};

use crate::{
    bed::{id, open},
    peer::{Peer, corrupt},
};

/// Nothing of a corrupt workspace can be committed. What is staged stays, and the next commit does it again from the start.
#[test]
fn a_corrupt_workspace_is_begun_anew() {
    let peer = Peer::start();
    let session = open(&peer, "{}");
    for target in ["Model/A", "Model/B"] {
        session.stage(Some("delete_object"), Some(target), &Args::new()).unwrap();
    }
    peer.fail("Commit", 2, &corrupt(&id(&session)));
    for _ in 0..2 {
        let error = session.commit(&Args::new()).unwrap_err();
        assert_eq!((error.code(), error.status()), ("session_corrupt", Status::Conflict));
        assert_eq!(crate::bed::inspect(&session, "staged").as_array().unwrap().len(), 2);
    }
    peer.unavailable("Rollback", 1);
    assert_eq!(
        session.commit(&Args::new()).unwrap_err().status(),
        Status::Io,
        "the rollback is tried again by the next one"
    );
    session.commit(&Args::new()).unwrap();
    let after: Vec<String> = peer.methods().into_iter().skip(3).collect();
    let work = ["DeleteObject", "DeleteObject", "Commit"];
    let expected = [&work[..], &["Rollback"], &work, &["Rollback"], &["Rollback"], &work].concat();
    assert_eq!(after, expected);
    assert_eq!(peer.state(|state| state.committed), 2);
    assert_eq!(crate::bed::inspect(&session, "staged").as_array().unwrap().len(), 0);
    session.close(&Args::new()).unwrap();
}

/// The host's own rollback forgets what was staged, on the server as well.
#[test]
fn a_rollback_forgets() {
    let peer = Peer::start();
    let session = open(&peer, "{}");
    session.stage(Some("delete_object"), Some("Model/A"), &Args::new()).unwrap();
    peer.state(|state| state.corrupt.insert(id(&session)));
    session.commit(&Args::new()).unwrap_err();
    session.rollback(&Args::new()).unwrap();
    session.stage(Some("delete_object"), Some("Model/B"), &Args::new()).unwrap();
    session.commit(&Args::new()).unwrap();
    assert_eq!((peer.count("Rollback"), peer.state(|state| state.committed)), (1, 1));
    session.close(&Args::new()).unwrap();
}

/// What has gone into the workspace is not sent again when only the commit failed.
#[test]
fn a_commit_that_did_not_arrive_is_repeated_alone() {
    let peer = Peer::start();
    let session = open(&peer, "{}");
    session.stage(Some("delete_object"), Some("Model/A"), &Args::new()).unwrap();
    peer.unavailable("Commit", 1);
    assert_eq!(session.commit(&Args::new()).unwrap_err().status(), Status::Io);
    session.commit(&Args::new()).unwrap();
    assert_eq!((peer.count("DeleteObject"), peer.count("Commit"), peer.count("Rollback")), (1, 2, 0));
    session.close(&Args::new()).unwrap();
}

/// Two threads that commit at the same time send everything once.
#[test]
fn commits_at_the_same_time() {
    let peer = Peer::start();
    let session = open(&peer, "{}");
    for number in 0..20 {
        session.stage(Some("delete_object"), Some(&format!("Model/{number}")), &Args::new()).unwrap();
    }
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| session.commit(&Args::new()).unwrap());
        }
    });
    assert_eq!((peer.count("DeleteObject"), peer.state(|state| state.committed)), (20, 20));
    session.close(&Args::new()).unwrap();
}
