//! What servers say that a real one says seldom: out of order, unasked, unknown, unreadable.

use haft::{args::Args, error::Error, session::Kind};
use serde_json::{Value, json};

use crate::{
    bed::{ECHO, ROOM, args, ask, attach, detail, hear, inspect, message, next, open, shown, why},
    peer::{Peer, usual},
};

/// A server that answers messages of plugins as told, and everything else as usual.
fn answering(mut how: impl FnMut(&Value) -> Vec<Value> + Send + 'static) -> Peer {
    Peer::start(Box::new(move |message| match usual(message) {
        Some(answer) => vec![answer],
        None => how(message),
    }))
}

fn ack(message: &Value) -> Value {
    json!({"janus": "ack", "session_id": 1, "transaction": message["transaction"], "hint": "I'm taking my time!"})
}

fn event(message: &Value, data: &Value) -> Value {
    json!({
        "janus": "event", "session_id": 1, "sender": 2, "transaction": message["transaction"],
        "plugindata": {"plugin": ECHO, "data": data}
    })
}

#[test]
fn acks_and_events_come_in_any_order() {
    let peer = answering(|message| match message["body"]["order"].as_str().unwrap() {
        "ack first" => vec![ack(message), event(message, &json!({"n": 1}))],
        "event first" => vec![event(message, &json!({"n": 1})), ack(message)],
        "no ack" => vec![event(message, &json!({"n": 1}))],
        "two acks" => vec![ack(message), ack(message), event(message, &json!({"n": 1})), ack(message)],
        // The second one is an event like any other.
        "two events" => vec![event(message, &json!({"n": 1})), event(message, &json!({"n": 2}))],
        _ => vec![],
    });
    let session = open(&peer.url, &json!({}));
    let echo = attach(&session, ECHO);
    hear(&echo, "event");
    for order in ["ack first", "event first", "no ack", "two acks", "two events"] {
        for _ in 0..20 {
            assert_eq!(ask(&echo, "message", &json!({"body": {"order": order}})).unwrap(), json!({"n": 1}), "{order}");
        }
    }
    for _ in 0..20 {
        assert_eq!(message(&echo)["plugindata"]["data"], json!({"n": 2}));
    }
    assert!(echo.poll(0).unwrap().is_none());
}

#[test]
fn what_is_not_known_is_passed_on() {
    let peer = answering(|message| {
        let answer = event(message, &json!({}));
        vec![
            json!({"janus": "brandnew", "session_id": 1, "sender": 2, "thing": [1, {"deep": null}]}),
            json!({"janus": "brandnew", "session_id": 1, "of": "the session"}),
            json!({"janus": "webrtcup", "session_id": 1, "sender": 2}),
            // Of a handle that nobody has here.
            json!({"janus": "webrtcup", "session_id": 1, "sender": 99}),
            // Of a session that nobody has here.
            json!({"janus": "webrtcup", "session_id": 99, "sender": 2}),
            answer,
        ]
    });
    let session = open(&peer.url, &json!({}));
    let echo = attach(&session, ECHO);
    hear(&session, "*");
    hear(&echo, "*");
    ask(&echo, "message", &json!({})).unwrap();
    let brandnew = json!({"janus": "brandnew", "session_id": 1, "sender": 2, "thing": [1, {"deep": null}]});
    assert_eq!(message(&echo), brandnew);
    assert_eq!(message(&echo)["janus"], "webrtcup");
    let all: Vec<Value> = (0..4).map(|_| message(&session)).collect();
    assert_eq!((&all[0], &all[1]["of"], &all[3]["sender"]), (&brandnew, &json!("the session"), &json!(99)));
    assert!(session.poll(0).unwrap().is_none() && echo.poll(0).unwrap().is_none());
}

/// What concerns no session is of the connection, and all sessions on it hear it.
#[test]
fn errors_without_a_transaction_are_events_of_the_connection() {
    let refused =
        json!({"janus": "error", "error": {"code": 454, "reason": "JSON error: on line 1: '[' or '{' expected"}});
    let told = refused.clone();
    let peer = answering(move |message| vec![told.clone(), event(message, &json!({}))]);
    let session = open(&peer.url, &json!({}));
    let echo = attach(&session, ECHO);
    hear(&session, "*");
    hear(&echo, "*");
    ask(&echo, "message", &json!({})).unwrap();
    assert_eq!(message(&session), refused);
    assert!(echo.poll(0).unwrap().is_none());
}

#[test]
fn what_cannot_be_read_ends_nothing() {
    let peer = answering(|message| {
        vec![
            json!("no JSON"),
            json!("[1,2"),
            json!("7"),
            json!("{}"),
            json!({"janus": 7}),
            json!({"janus": "event", "session_id": "1", "sender": -2}),
            json!({"janus": "success", "transaction": "another's"}),
            json!({"janus": "error", "transaction": "another's", "error": {"code": 458}}),
            event(message, &json!({"n": 1})),
        ]
    });
    let session = open(&peer.url, &json!({}));
    let echo = attach(&session, ECHO);
    assert_eq!(ask(&echo, "message", &json!({})).unwrap(), json!({"n": 1}));
    assert_eq!(inspect(&session, "stats")["strays"], 2);
}

/// Ids have 64 bits, also those that a double cannot hold.
#[test]
fn ids_of_64_bits_are_kept() {
    let large = u64::MAX - 1;
    let peer = Peer::start(Box::new(move |message| {
        let transaction = &message["transaction"];
        vec![match message["janus"].as_str().unwrap() {
            "create" | "attach" => json!({"janus": "success", "transaction": transaction, "data": {"id": large}}),
            "message" => {
                assert_eq!((&message["session_id"], &message["handle_id"]), (&json!(large), &json!(large)));
                json!({"janus": "success", "transaction": transaction, "session_id": large, "sender": large,
                       "plugindata": {"plugin": ECHO, "data": {"room": large}}})
            }
            _ => usual(message).unwrap(),
        }]
    }));
    let session = open(&peer.url, &json!({}));
    let echo = attach(&session, ECHO);
    assert_eq!(ask(&echo, "message", &json!({})).unwrap()["room"].as_f64(), Some(large as f64));
    let id = session.inspect("session_id", &Args::new()).unwrap();
    assert_eq!(id.value().unwrap().root().text(), Some(large.to_string().as_bytes()));
}

/// What is brought into being after its caller has gone is taken away again.
#[test]
fn a_handle_that_comes_too_late_is_detached() {
    let mut held: Option<Value> = None;
    let peer = Peer::start(Box::new(move |message| match message["janus"].as_str().unwrap() {
        "attach" => {
            held = usual(message);
            vec![]
        }
        "ping" => held.take().into_iter().chain(usual(message)).collect(),
        _ => usual(message).into_iter().collect(),
    }));
    let session = open(&peer.url, &json!({}));
    let late = crate::bed::args(&json!({"timeout": "50ms"}));
    let error = session.attach(ECHO, &late).unwrap_err();
    assert_eq!((error.code(), &detail(&error)["outcome"]), ("total_timeout", &json!("unknown")));
    ask(&session, "ping", &json!({})).unwrap();
    assert_eq!(peer.until("detach")["handle_id"], 2);
    assert_eq!(inspect(&session, "handles"), json!([]));
}

/// What a server says when it goes: the sessions on the line hear why.
#[test]
fn a_timeout_of_the_session_ends_its_handles() {
    let peer = answering(|_| vec![json!({"janus": "timeout", "session_id": 1})]);
    let session = open(&peer.url, &json!({}));
    let echo = attach(&session, ECHO);
    hear(&session, "timeout");
    let error = ask(&echo, "message", &json!({})).unwrap_err();
    assert_eq!((error.code(), &detail(&error)["outcome"]), ("session_lost", &json!("unknown")));
    assert_eq!(message(&session)["janus"], "timeout");
    assert_eq!(why(&crate::bed::next(&session, Kind::Closed)).0, "session_lost");
    assert_eq!(shown(&crate::bed::next(&echo, Kind::Closed)), Value::Null);
}

/// An answer may be as large as it likes.
#[test]
fn large_answers_are_taken() {
    let peer = answering(|message| vec![event(message, &json!({"text": "x".repeat(20 << 20)}))]);
    let session = open(&peer.url, &json!({}));
    let echo = attach(&session, ECHO);
    let answer = ask(&echo, "message", &json!({})).unwrap();
    assert_eq!(answer["text"].as_str().unwrap().len(), 20 << 20);
}

/// A session that comes after its caller has gone: it is there for the next call, or taken away when nobody is.
#[test]
fn a_session_that_comes_too_late_is_used_or_destroyed() {
    let mut held: Option<Value> = None;
    let mut creates = 0;
    let peer = Peer::start(Box::new(move |message| match message["janus"].as_str().unwrap() {
        "create" => {
            creates += 1;
            held = usual(message);
            held.as_mut().unwrap()["data"]["id"] = json!(creates);
            vec![]
        }
        "ping" => held.take().into_iter().chain(usual(message)).collect(),
        _ => usual(message).into_iter().collect(),
    }));
    let session = open(&peer.url, &json!({"lazy": true}));
    // Whoever called goes when the server has been asked, and not before.
    let gone = |id: u64, call: &(dyn Fn(&Args) -> Error + Sync)| {
        std::thread::scope(|threads| {
            let called = threads.spawn(move || call(&args(&json!({"id": id}))));
            peer.until("create");
            session.cancel(id);
            assert_eq!(called.join().unwrap().code(), "cancelled");
        });
    };
    gone(1 << 40, &|args| session.request(Some("keepalive"), None, args).map(drop).unwrap_err());
    ask(&session, "ping", &json!({})).unwrap();
    ask(&session, "keepalive", &json!({})).unwrap();
    assert_eq!(inspect(&session, "session_id"), 1);
    gone(2 << 40, &|args| session.attach("session", args).map(drop).unwrap_err());
    ask(&session, "ping", &json!({})).unwrap();
    assert_eq!(peer.until("destroy")["session_id"], 2);
    assert_eq!(inspect(&session, "stats")["sessions"], 1);
}

/// The word that a handle is gone may come before the answer to its detach: both are heard, the answer first.
#[test]
fn a_detach_is_answered_whichever_comes_first() {
    for first in ["detached", "success"] {
        let peer = Peer::start(Box::new(move |message| {
            let answer = usual(message).unwrap();
            let gone = json!({"janus": "detached", "session_id": 1, "sender": 2});
            match (message["janus"].as_str().unwrap(), first) {
                ("detach", "detached") => vec![gone, answer],
                ("detach", _) => vec![answer, gone],
                _ => vec![answer],
            }
        }));
        let session = open(&peer.url, &json!({}));
        let echo = attach(&session, ECHO);
        assert_eq!(ask(&echo, "detach", &json!({})).unwrap()["janus"], "success", "{first}");
        assert!(crate::bed::next(&echo, Kind::Closed).failure().is_none());
        let other = attach(&session, ECHO);
        other.close(&Args::new()).unwrap();
    }
}

/// A server that never answers: what nobody waits for any more is not kept without end.
#[test]
fn what_is_never_answered_is_let_go_of() {
    let peer = Peer::start(Box::new(|message| usual(message).into_iter().collect()));
    let session = open(&peer.url, &json!({}));
    let room = attach(&session, ROOM);
    ask(&session, "info", &json!({})).unwrap();
    let joining = args(&json!({"ptype": "publisher", "room": 1}));
    for _ in 0..1500 {
        let call = room.submit(Some("join"), None, &joining).unwrap();
        // It has gone out by then.
        while peer.heard.recv().unwrap()["janus"] != "message" {}
        room.cancel(call);
        assert_eq!(why(&next(&room, Kind::Response)).0, "cancelled");
    }
    ask(&session, "ping", &json!({})).unwrap();
    assert_eq!(inspect(&session, "stats")["transactions"], 1000);
    session.close(&Args::new()).unwrap();
}
