//! The host's code that answers events: in order of priority, on the worker or on the caller's thread, and whatever it
//! does wrong.

use std::{
    sync::{Arc, Mutex, atomic::Ordering, mpsc},
    thread,
};

use haft::{args::Args, error::Status, session::Session};
use serde_json::{Value, json};

use super::{
    bed::{args, sandbox},
    hearing::{Answerer, call, connected, drained, hub, members, messages, open, publish, settle, subscribe},
};

fn replies(session: &Session, topic: &str, count: usize) -> Vec<Value> {
    let json = json!({"data": {"n": 1}, "replies": {"count": count}}).to_string();
    call(session, "publish", topic, &json).unwrap().as_array().unwrap().clone()
}

#[test]
fn answers_are_published_as_replies() {
    let sandbox = sandbox();
    let (one, other) = (connected(&sandbox, "jenkins"), connected(&sandbox, "martin"));
    let late = Answerer::new(|_, reply| {
        reply.set("text", "late");
        Status::Ok
    });
    let first = Answerer::new(|_, reply| {
        reply.set_json(Some("value"), r#"[{"name": "a"}]"#);
        Status::Ok
    });
    let nothing = Answerer::new(|_, _| Status::NotFound);
    late.subscribe(&other, "topic=test.ask", r#"{"priority": 200}"#);
    first.subscribe(&other, "topic=test.*", r#"{"priority": 1, "id": "first", "metadata": {"applicationId": "maya"}}"#);
    nothing.subscribe(&other, "topic=test.ask", "{}");
    settle(&other);
    let replies = replies(&one, "test.ask", 2);
    assert_eq!(replies[0]["data"], json!([{"name": "a"}]));
    assert_eq!(replies[1]["data"], json!({"text": "late"}));
    assert_eq!(
        (&replies[0]["source"]["id"], &replies[0]["source"]["applicationId"]),
        (&json!("first"), &json!("maya"))
    );
    assert_eq!(replies[0]["source"]["user"]["username"], "martin");
    assert_eq!(first.asked.lock().unwrap().last().unwrap()["topic"], "test.ask");
    assert!(drained(&other).is_empty(), "an answering subscription queues no message");
}

#[test]
fn an_event_is_stopped_from_inside() {
    let sandbox = sandbox();
    let session = Arc::new(connected(&sandbox, "jenkins"));
    let order = Arc::new(Mutex::new(Vec::new()));
    let within = Arc::clone(&session);
    let heard = Arc::clone(&order);
    let stopper = Answerer::new(move |event, reply| {
        heard.lock().unwrap().push("stopper");
        within.request(Some("stop"), event["id"].as_str(), &Args::new()).unwrap();
        reply.set("n", 1_i64);
        Status::Ok
    });
    let heard = Arc::clone(&order);
    let never = Answerer::new(move |_, _| {
        heard.lock().unwrap().push("never");
        Status::NotFound
    });
    let before = subscribe(&session, "topic=test.stop", r#"{"priority": 0}"#);
    stopper.subscribe(&session, "topic=test.stop", r#"{"priority": 1}"#);
    never.subscribe(&session, "topic=test.stop", r#"{"priority": 2}"#);
    subscribe(&session, "topic=test.stop", r#"{"priority": 3}"#);
    settle(&session);
    assert_eq!(members(&replies(&session, "test.stop", 1), "n"), [1]);
    let results = call(&session, "publish", "test.stop", r#"{"synchronous": true}"#).unwrap();
    assert_eq!(results, json!([{"n": 1}]));
    // What comes behind does so in order.
    publish(&session, "test.after", &json!({}));
    assert_eq!(order.lock().unwrap().as_slice(), ["stopper", "stopper"]);
    assert!(drained(&session).iter().all(|event| event.id() == before));
}

#[test]
fn synchronous_events_stay_here() {
    let sandbox = sandbox();
    // Without a connection.
    let session = open(&sandbox, "jenkins", "{}");
    let here = thread::current().id();
    for (priority, n) in [(300, 3), (100, 1), (200, 2)] {
        let answerer = Answerer::new(move |event, reply| {
            assert_eq!(thread::current().id(), here);
            match n {
                1 => {
                    reply.set("n", 1_i64);
                    reply.set("data", event["data"]["x"].as_i64().unwrap());
                    Status::Ok
                }
                2 => Status::NotFound,
                _ => {
                    reply.set("message", "no");
                    Status::Remote
                }
            }
        });
        answerer.subscribe(&session, "topic=test.here", &json!({"priority": priority}).to_string());
    }
    let plain = subscribe(&session, "topic=test.here", "{}");
    let results = call(&session, "publish", "test.here", r#"{"synchronous": true, "data": {"x": 7}}"#).unwrap();
    assert_eq!(results, json!([{"n": 1, "data": 7}, null]));
    assert_eq!(drained(&session).iter().map(haft::session::Event::id).collect::<Vec<_>>(), [plain]);
    // Submitted it runs where host code may.
    let session = connected(&sandbox, "jenkins");
    let answerer = Answerer::new(|_, reply| {
        reply.set("value", thread::current().name().unwrap_or_default());
        Status::Ok
    });
    answerer.subscribe(&session, "topic=test.here", "{}");
    session.submit(Some("publish"), Some("test.here"), &args(r#"{"synchronous": true}"#)).unwrap();
    let event = session.poll(30_000).unwrap().unwrap();
    assert_eq!(event.response().unwrap().value().unwrap().root().to_json(), r#"["haft-worker"]"#);
}

#[test]
fn an_answer_that_fails_panics_or_calls_back_harms_nobody() {
    let sandbox = sandbox();
    let session = Arc::new(connected(&sandbox, "jenkins"));
    let within = Arc::clone(&session);
    let (tell, hear) = mpsc::channel();
    let odd = Answerer::new(move |event, reply| match event["data"]["n"].as_i64().unwrap() {
        0 => {
            reply.set("message", "it failed");
            Status::Internal
        }
        1 => panic!("a host that throws"),
        2 => {
            // A question inside an answer: the reply comes on another thread.
            let answer = call(&within, "publish", "test.inner", r#"{"replies": {"timeout": "20ms", "count": null}}"#);
            tell.send(answer).unwrap();
            assert_eq!(within.poll(0).unwrap_err().code(), "busy");
            Status::NotFound
        }
        3 => {
            // Bytes are no JSON.
            reply.set("raw", &b"\0"[..]);
            Status::Ok
        }
        _ => {
            reply.set("n", 4_i64);
            Status::Ok
        }
    });
    odd.subscribe(&session, "topic=test.odd", "{}");
    subscribe(&session, "topic=test.odd", "{}");
    settle(&session);
    for n in 0..4 {
        publish(&session, "test.odd", &json!({"n": n}));
    }
    let answer = call(&session, "publish", "test.odd", r#"{"data": {"n": 4}, "replies": true}"#).unwrap();
    assert_eq!(members(answer.as_array().unwrap(), "n"), [4]);
    assert_eq!(hear.recv().unwrap().unwrap(), json!([]));
    assert_eq!(members(&messages(&session, 5), "n"), [0, 1, 2, 3, 4], "in order, behind each answer");
    assert_eq!(hub(&session)["undelivered"], 0);
}

#[test]
fn an_answer_goes_when_its_subscription_does() {
    let sandbox = sandbox();
    let session = connected(&sandbox, "jenkins");
    let answerer = Answerer::new(|_, _| Status::NotFound);
    let dropped = answerer.dropped();
    let id = answerer.subscribe(&session, "topic=test.x", "{}");
    drop(answerer);
    assert_eq!(dropped.load(Ordering::SeqCst), 0);
    session.unsubscribe(id);
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    let answerer = Answerer::new(|_, _| Status::NotFound);
    let dropped = answerer.dropped();
    answerer.subscribe(&session, "topic=test.x", "{}");
    drop(answerer);
    session.close(&Args::new()).unwrap();
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
}
