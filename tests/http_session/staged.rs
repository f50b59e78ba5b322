//! Stage, commit and rollback.

use std::sync::{Arc, OnceLock};

use haft::{error::Status, session::Kind};
use serde_json::json;

use crate::bed::{Session, args, create, detail, inspect, lines, log, meta, provider, sandbox, value, with};

fn stage(session: &Session, verb: &str, target: &str, json: &str) {
    session.stage(Some(verb), Some(target), &args(json)).unwrap();
}

fn staged(session: &Session) -> Vec<String> {
    let list = inspect(session, "staged", "{}");
    list.as_array().unwrap().iter().map(|item| item["target"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_staged_goes_out_in_order_at_commit() {
    let sandbox = sandbox();
    let session = create(&sandbox.http, "{}");
    for k in 0..3 {
        let answer = session.stage(Some("POST"), Some("/anything"), &args(&format!("{{\"json\": {k}}}"))).unwrap();
        assert_eq!((answer.status(), meta(&answer)["index"].as_i64()), (0, Some(k)));
        assert!(answer.value().is_none());
    }
    assert!(lines(&sandbox).is_empty());
    assert_eq!(inspect(&session, "staged", "{}")[2], json!({"index": 2, "verb": "POST", "target": "/anything"}));
    let mut answer = session.commit(&args("{}")).unwrap();
    let results = value(&answer);
    for k in 0..3 {
        assert_eq!((&results[k]["index"], &results[k]["status"]), (&json!(k), &json!(200)));
        assert_eq!(results[k]["value"]["json"], json!(k));
        let item = answer.next().unwrap().unwrap();
        assert_eq!((item.status(), meta(&item)["index"].as_u64()), (200, Some(k as u64)));
        assert_eq!(value(&item)["json"], json!(k));
    }
    assert!(answer.next().unwrap().is_none());
    let sent: Vec<_> = log(&sandbox).iter().map(|entry| entry["body"].as_str().unwrap().to_owned()).collect();
    assert_eq!(sent, ["MA==", "MQ==", "Mg=="]);
    assert!(staged(&session).is_empty());
    // Nothing staged, nothing sent.
    let mut empty = session.commit(&args("{}")).unwrap();
    assert_eq!(value(&empty), json!([]));
    assert!(empty.next().unwrap().is_none());
    assert_eq!(lines(&sandbox).len(), 3);
}

#[test]
fn mistakes_come_out_when_they_are_made() {
    let sandbox = sandbox();
    let session = create(&sandbox.http, "{}");
    for (verb, target, json, code) in [
        ("NOT A METHOD", "/get", "{}", "argument"),
        ("GET", "ftp://127.0.0.1/", "{}", "invalid_schema"),
        ("GET", "/get", "{\"headers\": {\"a\": \"x\\r\\ny\"}}", "invalid_header"),
        ("GET", "/get", "{\"timeout\": \"soon\"}", "argument"),
        ("GET", "/get", "{\"timout\": 3}", "argument"),
        ("GET", "/get", "{\"save_to\": 5}", "argument"),
        ("POST", "/post", "{\"files\": {\"a\": \"/nowhere/to/be/found\"}}", "io"),
    ] {
        let error = session.stage(Some(verb), Some(target), &args(json)).unwrap_err();
        assert_eq!(error.code(), code, "{verb} {target} {json}: {error}");
    }
    assert!(staged(&session).is_empty() && lines(&sandbox).is_empty());
}

#[test]
fn a_failure_keeps_itself_and_what_follows() {
    let sandbox = sandbox();
    let session = create(&sandbox.http, "{}");
    for target in ["/status/200", "/status/201", "/status/409?body=no", "/status/202"] {
        stage(&session, "POST", target, "{}");
    }
    let mut error = session.commit(&args("{}")).unwrap_err();
    assert_eq!((error.status(), error.code()), (Status::Conflict, "http_status"));
    assert_eq!((detail(&error, "index"), detail(&error, "outcome")), (json!(2), json!("applied")));
    assert_eq!(detail(&error, "http_status"), json!(409));
    assert_eq!(staged(&session), ["/status/409?body=no", "/status/202"]);
    // What was done, and the answer that ended it.
    let failure = haft::session::Failure::from(std::mem::replace(&mut error, haft::error::Error::argument("")));
    let partial = failure.response().unwrap();
    assert_eq!(value(partial)[1]["status"], json!(201));
    assert_eq!(value(partial).as_array().unwrap().len(), 2);
    // It fails in the same way until it is rolled back.
    assert_eq!(detail(&session.commit(&args("{}")).unwrap_err(), "index"), json!(0));
    session.rollback(&args("{}")).unwrap();
    assert!(staged(&session).is_empty());
    assert_eq!(value(&session.commit(&args("{}")).unwrap()), json!([]));
    assert_eq!(lines(&sandbox).len(), 4);
}

#[test]
fn a_refusal_may_be_wanted() {
    let sandbox = sandbox();
    let session = create(&sandbox.http, "{}");
    stage(&session, "GET", "/status/404", "{\"raise_for_status\": false}");
    assert_eq!(value(&session.commit(&args("{}")).unwrap())[0]["status"], json!(404));
    session.configure(&args("{\"raise_for_status\": false}")).unwrap();
    stage(&session, "GET", "/status/404", "{}");
    assert_eq!(value(&session.commit(&args("{}")).unwrap())[0]["status"], json!(404));
}

#[test]
fn an_answer_that_never_comes_is_of_unknown_outcome() {
    let sandbox = sandbox();
    let session = create(&sandbox.http, "{}");
    stage(&session, "POST", "/fault/stall", "{}");
    let error = session.commit(&args("{\"timeouts\": {\"read\": 0.05}}")).unwrap_err();
    assert_eq!(
        (error.code(), detail(&error, "outcome"), detail(&error, "index")),
        ("read_timeout", json!("unknown"), json!(0))
    );
    assert!(!error.is_retryable());
    assert_eq!(staged(&session).len(), 1);
}

#[test]
fn what_is_staged_during_a_commit_belongs_to_the_next() {
    let sandbox = sandbox();
    let session = Arc::new(create(&sandbox.http, "{}"));
    let inner: Arc<OnceLock<Arc<Session>>> = Arc::default();
    inner.set(Arc::clone(&session)).unwrap_or_default();
    let held = Arc::clone(&inner);
    let hook = provider(move |_, _| {
        let session = held.get().unwrap();
        stage(session, "POST", "/anything/later", "{}");
        // A commit inside a commit would wait for itself.
        assert_eq!(session.commit(&args("{}")).unwrap_err().code(), "busy");
        // A request inside a request is fine.
        assert_eq!(session.request(Some("GET"), Some("/status/204"), &args("{}")).unwrap().status(), 204);
        Status::Ok
    });
    session.stage(Some("POST"), Some("/anything/now"), &with("{}", "hooks.request", hook)).unwrap();
    stage(&session, "POST", "/status/500", "{}");
    assert_eq!(detail(&session.commit(&args("{}")).unwrap_err(), "index"), json!(1));
    assert_eq!(staged(&session), ["/status/500", "/anything/later"]);
    session.close(&args("{}")).unwrap();
}

#[test]
fn children_and_threads_share_the_list() {
    let sandbox = sandbox();
    let session = create(&sandbox.http, "{}");
    let child = session.attach("/anything/base", &args("{}")).unwrap();
    stage(&session, "POST", "/anything/root", "{}");
    stage(&child, "POST", "child", "{}");
    assert_eq!(staged(&child), ["/anything/root", "child"]);
    let results = value(&child.commit(&args("{}")).unwrap());
    assert!(results[1]["value"]["url"].as_str().unwrap().ends_with("/anything/base/child"));
    // Each staged call is sent once, whoever commits.
    for k in 0..40 {
        stage(&session, "GET", &format!("/status/204?k={k}"), "{}");
    }
    let sent: usize = std::thread::scope(|scope| {
        let committing: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| value(&session.commit(&args("{}")).unwrap()).as_array().unwrap().len()))
            .collect();
        committing.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!((sent, lines(&sandbox).len()), (40, 42));
}

#[test]
fn commit_and_rollback_may_be_submitted() {
    let sandbox = sandbox();
    let session = create(&sandbox.http, "{}");
    let submit = |verb: &str, target: Option<&str>, json: &str| {
        let id = session.submit(Some(verb), target, &args(json)).unwrap();
        let event = session.poll(20_000).unwrap().unwrap();
        assert_eq!((event.kind(), event.id()), (Kind::Response, id));
        event
    };
    let event = submit("POST", Some("/anything"), "{\"stage\": true, \"tag\": \"t\"}");
    assert_eq!(event.topic().to_str(), Ok("t"));
    assert_eq!(meta(event.response().unwrap())["index"], json!(0));
    assert!(lines(&sandbox).is_empty());
    let event = submit("haft.commit", None, "{\"tag\": \"c\", \"id\": 5}");
    assert_eq!((event.topic().to_str(), event.id()), (Ok("c"), 5));
    assert_eq!(value(event.response().unwrap())[0]["status"], json!(200));
    stage(&session, "GET", "/get", "{}");
    submit("haft.rollback", None, "{}");
    assert!(staged(&session).is_empty());
    // Cancelled by its id; the list stays.
    stage(&session, "GET", "/fault/stall", "{}");
    let id = session.submit(Some("haft.commit"), None, &args("{}")).unwrap();
    while !lines(&sandbox).iter().any(|line| line.contains("stall")) {
        std::thread::yield_now();
    }
    session.cancel(id);
    let event = session.poll(20_000).unwrap().unwrap();
    assert_eq!(event.failure().unwrap().error().code(), "cancelled");
    assert_eq!(staged(&session), ["/fault/stall"]);
    // A request is now.
    let now = haft::session::Session::request;
    let refused = now(&session, Some("GET"), Some("/get"), &args("{\"stage\": true}")).unwrap_err();
    assert_eq!(refused.code(), "argument");
}
