//! How long a call may take: `timeout` and `timeouts.total` are the whole call with everything in it. What the server is
//! told is as gRPC over HTTP2 writes it ("Timeout": digits and a unit). That there is no limit unless one is said is the
//! official client's default.

use std::time::Duration;

use haft::{
    args::Args,
    error::{Error, Outcome, Status},
    session::{Kind, Session},
    value::Tree,
};

use super::{
    bed::{args, inspect, next, open, why},
    peer::{Fault, Peer},
};

const SEARCH: &str = r#""query": "*""#;
/// A search that would take a minute, and is never silent.
const TRICKLE: Fault = Fault::Trickle(3_000, Duration::from_millis(20));

fn search(session: &Session, more: &str) -> Result<haft::session::Response, Error> {
    session.request(Some("search_objects"), Some("Model/M"), &args(&format!("{{{SEARCH}, {more}}}")))
}

fn is_over(error: &Error, outcome: Outcome) {
    assert_eq!((error.code(), error.status()), ("total_timeout", Status::Timeout), "{error}");
    assert_eq!(error.known_outcome(), Some(outcome), "{error}");
    assert_eq!(error.detail().get("grpc_status").and_then(Tree::as_str), Some("DEADLINE_EXCEEDED"));
}

/// What the last call of a method was told, in seconds.
fn told(peer: &Peer, method: &str) -> Option<f64> {
    let time = peer.state(|state| state.seen.iter().rfind(|seen| seen.method == method).unwrap().time.clone())?;
    let (digits, unit) = time.split_at(time.len() - 1);
    assert!((1..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()), "{time}");
    let unit = [("H", 3600.0), ("M", 60.0), ("S", 1.0), ("m", 1e-3), ("u", 1e-6), ("n", 1e-9)]
        .into_iter()
        .find_map(|(name, seconds)| (name == unit).then_some(seconds));
    Some(digits.parse::<f64>().unwrap() * unit.unwrap())
}

#[test]
fn a_search_that_trickles_ends_with_its_time() {
    let peer = Peer::start();
    let session = open(&peer, "{}");
    for limit in [
        r#""timeout": 0.3"#,
        r#""timeout": "300ms", "timeouts": {"total": 60}"#,
        r#""timeout": 60, "timeouts": {"total": 0.3}"#,
        r#""timeouts": {"total": 0.3, "read": 30}"#,
    ] {
        peer.fail("SearchObjects", 3, &TRICKLE);
        is_over(&search(&session, limit).err().unwrap(), Outcome::Unknown);
        // One by one: the same time, whoever has it, with what came before.
        let mut answer = search(&session, &format!("\"stream\": true, {limit}")).unwrap();
        let mut count = 0;
        let error = loop {
            match answer.next() {
                Ok(Some(_)) => count += 1,
                Ok(None) => panic!("ended well after {count}"),
                Err(error) => break error,
            }
        };
        is_over(&error, Outcome::Unknown);
        assert!(count < 3_000);
        assert!(answer.next().unwrap().is_none());
        session.submit(Some("search_objects"), Some("Model/M"), &args(&format!("{{{SEARCH}, {limit}}}"))).unwrap();
        let (code, _, detail) = why(&next(&session, Kind::Response));
        assert_eq!(
            (&*code, &detail["outcome"], &detail["grpc_status"]),
            ("total_timeout", &"unknown".into(), &"DEADLINE_EXCEEDED".into())
        );
    }
    // Silence is another thing: there was none for so long.
    peer.fail("SearchObjects", 2, &Fault::Trickle(100, Duration::from_millis(20)));
    for stream in [false, true] {
        let mut answer = search(&session, &format!(r#""timeouts": {{"read": 1.5}}, "stream": {stream}"#)).unwrap();
        if stream {
            let mut count = 0;
            while answer.next().unwrap().is_some() {
                count += 1;
            }
            assert_eq!(count, 100);
        } else {
            assert_eq!(answer.value().unwrap().root().to_tree().as_array().unwrap().len(), 100);
        }
    }
    peer.fail("SearchObjects", 1, &Fault::Hang);
    assert_eq!(search(&session, r#""timeouts": {"read": 0.2}"#).err().unwrap().code(), "read_timeout");
}

#[test]
fn the_server_is_told_what_is_left() {
    let peer = Peer::start();
    let session = open(&peer, r#"{"lazy": true}"#);
    assert_eq!(told(&peer, "GetVersion"), None);
    // The opening is part of the call.
    search(&session, r#""timeout": 30"#).unwrap();
    let each: Vec<f64> =
        ["StartSession", "ExtendSession", "SearchObjects"].iter().map(|method| told(&peer, method).unwrap()).collect();
    assert!(each[0] <= 30.0 && each[0] > 1.0, "{each:?}");
    assert!(each[1] < each[0] && each[2] < each[1], "{each:?}");
    search(&session, r#""timeouts": {"read": 30}"#).unwrap();
    assert_eq!(told(&peer, "SearchObjects"), None);
    // What the host says of its header fields is not lost.
    for headers in [r#"{"x-volue-mesh-client-version": "1"}"#, r#"[["x-volue-mesh-client-version", "1"]]"#] {
        search(&session, &format!(r#""timeout": 30, "headers": {headers}"#)).unwrap();
        let last = peer.state(|state| state.seen.last().cloned()).unwrap();
        assert_eq!((last.client.as_deref(), last.time.is_some()), (Some("1"), true));
    }
    session.commit(&args(r#"{"timeout": 30}"#)).unwrap();
    session.submit(Some("models"), None, &args(r#"{"timeout": 30}"#)).unwrap();
    next(&session, Kind::Response);
    assert!(told(&peer, "ListModels").is_some_and(|left| left <= 30.0));
}

#[test]
fn the_session_has_a_time_for_calls_that_say_none() {
    let peer = Peer::start();
    let session = open(&peer, r#"{"timeout": 40, "timeouts": {"total": 50, "connect": 9}}"#);
    for method in ["GetVersion", "StartSession", "ExtendSession"] {
        assert!(told(&peer, method).is_some_and(|left| left <= 40.0), "{method}");
    }
    let shown = inspect(&session, "options");
    assert_eq!(
        (&shown["timeout"], &shown["timeouts"]["total"], &shown["timeouts"]["connect"]),
        (&40.0.into(), &50.0.into(), &9.0.into())
    );
    let rows = [
        (r#""parse": "auto""#, Some(40.0)),
        (r#""timeout": 20"#, Some(20.0)),
        (r#""timeout": null"#, Some(50.0)),
        (r#""timeout": null, "timeouts": {"total": null}"#, None),
    ];
    for (more, limit) in rows {
        search(&session, more).unwrap();
        let left = told(&peer, "SearchObjects");
        assert_eq!(left.is_some(), limit.is_some(), "{more}");
        assert!(left.zip(limit).is_none_or(|(left, limit)| left <= limit && left > limit - 10.0), "{more}: {left:?}");
    }
    session.configure(&args(r#"{"timeout": null, "timeouts": {"total": 10}}"#)).unwrap();
    let child = session.attach("session", &Args::new()).unwrap();
    search(&child, r#""parse": "auto""#).unwrap();
    assert!(told(&peer, "SearchObjects").is_some_and(|left| left <= 10.0));
    peer.fail("SearchObjects", 1, &TRICKLE);
    session.configure(&args(r#"{"timeout": 0.3}"#)).unwrap();
    is_over(&search(&session, r#""parse": "auto""#).err().unwrap(), Outcome::Unknown);
    for (options, key) in [
        (r#"{"timeout": [1, 2]}"#, "timeout"),
        (r#"{"timeout": 0}"#, "timeout"),
        (r#"{"timeouts": {"total": 0}}"#, "timeouts.total"),
    ] {
        for error in [
            session.configure(&args(options)).unwrap_err(),
            session.request(Some("models"), None, &args(options)).err().unwrap(),
        ] {
            assert_eq!(
                (error.code(), error.detail().get("key").and_then(Tree::as_str)),
                ("argument", Some(key)),
                "{error}"
            );
        }
    }
}

#[test]
fn a_lazy_opening_is_part_of_the_call() {
    let peer = Peer::start();
    let session = open(&peer, r#"{"lazy": true}"#);
    // Whatever became of the opening: the call itself was not sent.
    peer.fail("StartSession", 2, &Fault::Hang);
    is_over(&search(&session, r#""timeout": 0.3"#).err().unwrap(), Outcome::NotSent);
    session.submit(Some("models"), None, &args(r#"{"timeout": 0.3}"#)).unwrap();
    let (code, _, detail) = why(&next(&session, Kind::Response));
    assert_eq!((&*code, &detail["outcome"]), ("total_timeout", &"not_sent".into()));
    peer.fail("ExtendSession", 1, &Fault::Hang);
    let error = session.stage(Some("delete_object"), Some("Model/M"), &args(r#"{"timeout": 0.3}"#)).err().unwrap();
    is_over(&error, Outcome::NotSent);
    assert_eq!(inspect(&session, "staged").as_array().map(Vec::len), Some(0));
    assert_eq!((peer.count("DeleteObject"), peer.count("ListModels"), peer.count("SearchObjects")), (0, 0, 0));
    assert!(peer.sessions().is_empty(), "one that could not be used is ended");

    // One that waits for another's opening waits no longer than its own time.
    peer.fail("StartSession", 1, &Fault::Hang);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| search(&session, r#""id": 5"#).err().unwrap());
        peer.wait("StartSession", 4);
        is_over(&search(&session, r#""timeout": 0.2"#).err().unwrap(), Outcome::NotSent);
        session.cancel(5);
        assert_eq!(first.join().unwrap().code(), "cancelled");
    });
    search(&session, r#""timeout": 30"#).unwrap();
}

#[test]
fn a_commit_has_its_time_for_all_that_it_sends() {
    let peer = Peer::start();
    let session = open(&peer, "{}");
    let stage = || session.stage(Some("delete_object"), Some("Model/M"), &args(r#"{"timeout": 60}"#)).unwrap();
    stage();
    stage();
    let id = super::bed::id(&session);
    peer.state(|state| state.corrupt.insert(id.clone()));
    assert_eq!(session.commit(&Args::new()).err().unwrap().code(), "session_corrupt");
    // Sent again after a rollback: the second of the two is not answered.
    peer.state(|state| {
        state.faults.extend([
            ("DeleteObject".to_owned(), Fault::Reply(vec![Vec::new()])),
            ("DeleteObject".to_owned(), Fault::Hang),
        ]);
    });
    let error = session.commit(&args(r#"{"timeout": 0.5}"#)).err().unwrap();
    is_over(&error, Outcome::Unknown);
    assert_eq!(error.detail().get("index").and_then(Tree::as_int), Some(1));
    assert!(told(&peer, "Rollback").is_some_and(|left| left <= 0.5));
    assert!(told(&peer, "DeleteObject").is_some_and(|left| left <= 0.5), "60 of its own are more");
    assert_eq!(
        session
            .commit(&args(r#"{"timeout": 60}"#))
            .unwrap()
            .value()
            .unwrap()
            .root()
            .to_tree()
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn a_rollback_and_a_close_have_their_time() {
    let peer = Peer::start();
    let session = open(&peer, "{}");
    let hung = session.rollback(&{
        peer.fail("Rollback", 1, &Fault::Hang);
        args(r#"{"timeout": 0.2}"#)
    });
    is_over(&hung.unwrap_err(), Outcome::Unknown);
    peer.fail("EndSession", 1, &Fault::Hang);
    assert_eq!(session.close(&args(r#"{"timeout": 0.2}"#)).unwrap_err().code(), "total_timeout");
}
