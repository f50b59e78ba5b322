//! Calls that the host ends, and sessions that it closes with calls in flight.

use haft::{args::Args, error::Status, session::Kind};
use serde_json::json;

use crate::{
    bed::{args, next, open, read, settle, why},
    guard::ten,
    peer::{Fault, Peer},
    sand,
};

/// A stream of which something has come already, ended from another thread while its call waits for the rest; submitted,
/// the same; and one that the host reads one by one, when the session is closed.
#[test]
fn cancel_in_the_middle_of_a_stream() {
    ten("a cancelled stream", &[], |_| {
        let peer = Peer::start();
        let session = open(&peer, "{}");
        // Its end never comes.
        peer.fail("SearchObjects", 3, &Fault::Part(20));
        let search = args(r#"{"query": "*", "id": 7}"#);
        let error = std::thread::scope(|scope| {
            let caller = scope.spawn(|| session.request(Some("search_objects"), Some("Model/X"), &search).map(drop));
            peer.wait("SearchObjects", 1);
            session.cancel(7);
            caller.join().unwrap().unwrap_err()
        });
        assert_eq!(
            (error.status(), sand::told(&error).1, sand::told(&error).2),
            (Status::Cancelled, json!("CANCELLED"), json!("unknown"))
        );
        session.submit(Some("search_objects"), Some("Model/X"), &search).unwrap();
        peer.wait("SearchObjects", 2);
        session.cancel(7);
        let (code, _, detail) = why(&next(&session, Kind::Response));
        assert_eq!(
            (code.as_str(), &detail["grpc_status"], &detail["outcome"]),
            ("cancelled", &json!("CANCELLED"), &json!("unknown"))
        );
        // The connection carries on.
        read(&session).unwrap();
        let mut found = session
            .request(Some("search_objects"), Some("Model/X"), &args(r#"{"query": "*", "stream": true}"#))
            .unwrap();
        for _ in 0..20 {
            assert!(found.next().unwrap().is_some());
        }
        std::thread::scope(|scope| {
            let reader = scope.spawn(move || {
                let error = found.next().err().unwrap();
                assert!(found.next().unwrap().is_none(), "it is told once");
                error
            });
            session.close(&Args::new()).unwrap();
            let error = reader.join().unwrap();
            assert_ne!(sand::told(&error).2, "not_sent", "{error}");
        });
        // One that nobody reads on.
        let session = open(&peer, "{}");
        peer.fail("SearchObjects", 1, &Fault::Part(2));
        let mut left = session
            .request(Some("search_objects"), Some("Model/X"), &args(r#"{"query": "*", "stream": true}"#))
            .unwrap();
        assert!(left.next().unwrap().is_some());
        drop(left);
        read(&session).unwrap();
        session.close(&Args::new()).unwrap();
        assert!(peer.sessions().is_empty());
        assert_eq!(peer.state(|state| state.seen.iter().map(|seen| seen.connection).max()), Some(2));
    });
}

/// A call that waits for its answer, ended from another thread; the others go on.
#[test]
fn cancel_of_a_call_that_waits() {
    ten("a cancelled call", &[], |_| {
        let peer = Peer::start();
        let session = open(&peer, "{}");
        peer.fail("GetObject", 2, &Fault::Hang);
        let waits = args(r#"{"id": 9}"#);
        let error = std::thread::scope(|scope| {
            let caller = scope.spawn(|| session.request(Some("get_object"), Some("Model/X"), &waits).map(drop));
            peer.wait("GetObject", 1);
            session.cancel(9);
            caller.join().unwrap().unwrap_err()
        });
        assert_eq!((error.status(), sand::told(&error).2), (Status::Cancelled, json!("unknown")));
        session.submit(Some("get_object"), Some("Model/X"), &args(r#"{"id": 10}"#)).unwrap();
        peer.wait("GetObject", 2);
        read(&session).unwrap();
        session.cancel(10);
        let (code, _, detail) = why(&next(&session, Kind::Response));
        assert_eq!((code.as_str(), &detail["outcome"]), ("cancelled", &json!("unknown")));
        settle(&session);
        // One that changes something: it is not in the list, and may be in the workspace.
        peer.fail("DeleteObject", 1, &Fault::Hang);
        let error = std::thread::scope(|scope| {
            let caller = scope.spawn(|| session.stage(Some("delete_object"), Some("Model/X"), &waits).map(drop));
            peer.wait("DeleteObject", 1);
            session.cancel(9);
            caller.join().unwrap().unwrap_err()
        });
        assert_eq!(
            (error.status(), sand::told(&error).2, sand::staged(&session)),
            (Status::Cancelled, json!("unknown"), 0)
        );
        session.close(&Args::new()).unwrap();
        assert!(peer.sessions().is_empty());
    });
}

/// Each of them is told its end, once, and the session is ended on the server.
#[test]
fn close_with_a_hundred_calls_in_flight() {
    ten("close with calls in flight", &[], |_| {
        let peer = Peer::start();
        let session = open(&peer, "{}");
        let child = session.attach("session", &Args::new()).unwrap();
        peer.fail("GetObject", 100, &Fault::Hang);
        for number in 0..100_u64 {
            let of = if number % 2 == 0 { &session } else { &child };
            of.submit(Some("get_object"), Some("Model/X"), &args(&json!({"id": number + 1}).to_string())).unwrap();
        }
        peer.wait("GetObject", 100);
        session.close(&Args::new()).unwrap();
        for of in [&session, &child] {
            let mut told = 0;
            loop {
                let event = of.poll(30_000).unwrap().unwrap();
                match event.kind() {
                    Kind::Response => {
                        let (code, _, detail) = why(&event);
                        assert_eq!((code.as_str(), &detail["outcome"]), ("cancelled", &json!("unknown")));
                        told += 1;
                    }
                    Kind::Closed => break,
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(told, 50);
        }
        assert!(peer.sessions().is_empty());
        assert_eq!(peer.count("EndSession"), 2);
    });
}
