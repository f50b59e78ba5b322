//! What happens to the connection and to streams on it while calls are under way (RFC 9113; spec/mesh.md 3.1: a session
//! lives on the server and not on a connection).

use haft::{
    error::{Error, Status},
    session::{Kind, Response},
};
use serde_json::json;

use crate::{
    bed::{args, id, next, why},
    guard::ten,
    peer::{Fault, Peer},
    sand::{CHIMNEYS, PLANT, call, chimneys, close, commit, open, order, sandbox, stage, staged, told},
};

/// No more calls on this connection: the one under way comes to its end, the next takes another connection.
#[test]
fn goaway_in_the_middle_of_a_call() {
    let sandbox = sandbox();
    ten("goaway", &[], |_| {
        let session = open(&sandbox, "{}");
        let name = id(&session);
        for when in ["before", "after"] {
            order(&sandbox, &format!("fault=goaway&when={when}&method=GetObject"));
            call(&session, "get_object", PLANT, "{}").unwrap();
            order(&sandbox, &format!("fault=goaway&when={when}&method=CreateObject"));
            stage(&session, "create_object", CHIMNEYS, &json!({"name": when}).to_string()).unwrap();
            order(&sandbox, &format!("fault=goaway&when={when}&method=SearchObjects"));
            assert_eq!(chimneys(&session).iter().filter(|name| *name == when).count(), 1);
            order(&sandbox, &format!("fault=goaway&when={when}&method=Rollback"));
            session.rollback(&args("{}")).unwrap();
            session.submit(Some("get_object"), Some(PLANT), &args("{}")).unwrap();
            assert!(next(&session, Kind::Response).failure().is_none());
        }
        assert_eq!((id(&session), chimneys(&session).len()), (name, 2));
        close(&session);
    });
}

/// A GOAWAY that takes the calls under way with it, as a server sends it to who pings too often, or to who it does not
/// understand: what became of them nobody knows, and the session goes on elsewhere.
#[test]
fn goaway_that_ends_the_connection() {
    // NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, ENHANCE_YOUR_CALM.
    ten("a hard goaway", &[], |_| {
        let peer = Peer::start();
        let session = crate::bed::open(&peer, "{}");
        let name = id(&session);
        for (turn, code) in [0, 1, 2, 11].into_iter().enumerate() {
            peer.fail("DeleteObject", 1, &Fault::Goaway(code));
            let error = stage(&session, "delete_object", "Model/X", "{}").unwrap_err();
            assert_eq!((told(&error).2, staged(&session)), (json!("unknown"), 0), "{code}: {error}");
            assert!(told(&error).1.is_string(), "{code}: {error}");
            crate::bed::read(&session).unwrap();
            let last = peer.state(|state| state.seen.last().cloned().unwrap());
            assert_eq!((last.session.as_deref(), last.connection), (Some(&*name), turn + 2), "{code}");
        }
        close(&session);
        assert!(peer.sessions().is_empty());
    });
}

/// A stream that is reset: what the code says of the work is what the error says.
#[test]
fn resets_in_the_middle_of_a_call() {
    let sandbox = sandbox();
    // The error code, and the status that gRPC has for it.
    let codes = [(2, "INTERNAL"), (8, "CANCELLED"), (11, "RESOURCE_EXHAUSTED"), (12, "PERMISSION_DENIED")];
    ten("resets", &[], |_| {
        let session = open(&sandbox, "{}");
        for (code, name) in codes {
            for (when, there) in [("before", 2), ("after", 3)] {
                order(&sandbox, &format!("fault=reset&number={code}&when={when}&method=CreateObject"));
                let error = stage(&session, "create_object", CHIMNEYS, r#"{"name": "New"}"#).unwrap_err();
                assert_eq!((told(&error).1, told(&error).2), (json!(name), json!("unknown")), "{code} {when}: {error}");
                assert_eq!((chimneys(&session).len(), staged(&session)), (there, 0), "{code} {when}");
                session.rollback(&args("{}")).unwrap();
            }
            order(&sandbox, &format!("fault=reset&number={code}&method=GetObject"));
            session.submit(Some("get_object"), Some(PLANT), &args("{}")).unwrap();
            let (_, _, detail) = why(&next(&session, Kind::Response));
            assert_eq!((&detail["grpc_status"], &detail["outcome"]), (&json!(name), &json!("unknown")), "{code}");
        }
        close(&session);
    });
}

/// REFUSED_STREAM: the server has not looked at it. It is sent once more by itself, and told as not sent when that does not
/// help.
#[test]
fn streams_that_the_server_refuses() {
    let sandbox = sandbox();
    ten("refused streams", &[], |_| {
        let session = open(&sandbox, "{}");
        order(&sandbox, "fault=reset&number=7&when=before&method=CreateObject");
        stage(&session, "create_object", CHIMNEYS, r#"{"name": "New"}"#).unwrap();
        assert_eq!((chimneys(&session).len(), staged(&session)), (3, 1));
        order(&sandbox, "fault=reset&number=7&when=before&times=0&method=CreateObject");
        let error = stage(&session, "create_object", CHIMNEYS, r#"{"name": "Other"}"#).unwrap_err();
        assert_eq!(
            (error.status(), told(&error).1, told(&error).2),
            (Status::Io, json!("UNAVAILABLE"), json!("not_sent")),
            "{error}"
        );
        order(&sandbox, "clear=1");
        assert_eq!((chimneys(&session).len(), staged(&session)), (3, 1));
        session.rollback(&args("{}")).unwrap();
        close(&session);
    });
}

/// The connection ends inside an answer of which something was read: how the call went would have been said behind it.
#[test]
fn a_connection_that_ends_inside_an_answer() {
    ten("cut answers", &[], |_| {
        let peer = Peer::start();
        let session = crate::bed::open(&peer, "{}");
        peer.fail("SearchObjects", 2, &Fault::Part(2));
        let mut found = call(&session, "search_objects", "Model/X", r#"{"query": "*", "stream": true}"#).unwrap();
        assert!(found.next().unwrap().is_some());
        assert!(found.next().unwrap().is_some());
        peer.cut();
        let error = to_the_end(found).unwrap_err();
        assert_eq!((told(&error).1, told(&error).2), (json!("UNAVAILABLE"), json!("unknown")), "{error}");
        // As a whole, by the reactor.
        session.submit(Some("search_objects"), Some("Model/X"), &args(r#"{"query": "*"}"#)).unwrap();
        peer.wait("SearchObjects", 2);
        peer.cut();
        let (_, _, detail) = why(&next(&session, Kind::Response));
        assert_eq!(
            (&detail["grpc_status"], &detail["outcome"]),
            (&json!("UNAVAILABLE"), &json!("unknown")),
            "{detail}"
        );
        crate::bed::read(&session).unwrap();
        close(&session);
    });
}

/// Reads a stream, whose failure is told once.
fn to_the_end(mut stream: Response) -> Result<usize, Error> {
    let mut count = 0;
    loop {
        match stream.next() {
            Ok(None) => return Ok(count),
            Ok(Some(_)) => count += 1,
            Err(error) => {
                assert!(stream.next().unwrap().is_none(), "it is told once");
                return Err(error);
            }
        }
    }
}

/// The connection ends under a call: nobody knows what became of it, the session is the same on the next connection, and
/// what the server has done is in it.
#[test]
fn a_connection_that_ends() {
    let sandbox = sandbox();
    ten("cut connections", &[], |_| {
        let session = open(&sandbox, "{}");
        let name = id(&session);
        for (when, there) in [("before", 2), ("after", 3)] {
            order(&sandbox, &format!("fault=drop&when={when}&method=CreateObject"));
            let error = stage(&session, "create_object", CHIMNEYS, r#"{"name": "New"}"#).unwrap_err();
            assert_eq!(
                (error.status(), told(&error).1, told(&error).2),
                (Status::Io, json!("UNAVAILABLE"), json!("unknown")),
                "{error}"
            );
            assert_eq!((chimneys(&session).len(), staged(&session), id(&session)), (there, 0, name.clone()), "{when}");
            session.rollback(&args("{}")).unwrap();
        }
        // In the middle of an answer.
        for fault in ["cut&sent=0", "cut&sent=1"] {
            order(&sandbox, &format!("fault={fault}&method=SearchObjects"));
            let found = call(&session, "search_objects", PLANT, r#"{"query": "*", "stream": true}"#);
            let error = found.and_then(to_the_end).unwrap_err();
            assert_eq!((told(&error).1, told(&error).2), (json!("INTERNAL"), json!("unknown")), "{error}");
            order(&sandbox, &format!("fault={fault}&method=SearchObjects"));
            let error = call(&session, "search_objects", PLANT, r#"{"query": "*"}"#).unwrap_err();
            assert_eq!(told(&error).2, "unknown", "{error}");
        }
        assert_eq!((commit(&session).unwrap(), chimneys(&session).len()), (json!([]), 2));
        close(&session);
    });
}
