//! Many events: none lost, none late because somebody else is slow.

use std::{
    sync::{Arc, Condvar, Mutex},
    time::Instant,
};

use haft::{
    args::Args,
    error::Status,
    session::{Callback, Event, Kind},
};
use serde_json::{Value, json};

use super::{
    bed::{args, sandbox},
    hearing::{Answerer, connected, hub, members, messages, next, publish, settle, shown, subscribe},
};

/// A second of a thousand events, to five hundred subscriptions.
#[test]
#[expect(clippy::disallowed_methods, reason = "the speed is what is measured")]
fn a_thousand_events_a_second_to_five_hundred_subscriptions() {
    let sandbox = sandbox();
    let (one, other) = (connected(&sandbox, "jenkins"), connected(&sandbox, "martin"));
    for number in 0..498 {
        subscribe(&other, &format!("topic=test.{number}"), "{}");
    }
    let prefix = subscribe(&other, "topic=test.*", r#"{"queue_max": 20000}"#);
    let open = subscribe(&other, "data.n<500 and not topic=other", "{}");
    settle(&other);
    let start = Instant::now();
    let publisher = std::thread::spawn(move || {
        for n in 0..1000_usize {
            one.submit(
                Some("publish"),
                Some(&format!("test.{}", n % 498)),
                &args(&json!({"data": {"n": n}}).to_string()),
            )
            .unwrap();
        }
        for _ in 0..1000 {
            assert!(next(&one, Kind::Response).failure().is_none());
        }
        one
    });
    let mut all = Vec::new();
    let mut counts = (0, 0);
    while counts.0 + counts.1 < 1000 + 500 || all.len() < 1000 {
        let event = next(&other, Kind::Message);
        let value = shown(&event);
        if value["topic"] == "test.settle" {
            continue;
        }
        if event.id() == prefix {
            counts.0 += 1;
        } else if event.id() == open {
            counts.1 += 1;
        } else {
            all.push(value["data"]["n"].as_i64().unwrap());
        }
    }
    let took = start.elapsed();
    drop(publisher.join().unwrap());
    assert_eq!(counts, (1000, 500));
    assert_eq!(all, (0..1000).collect::<Vec<i64>>(), "each once and in order");
    assert_eq!(hub(&other)["undelivered"], 0);
    println!("1000 events to 500 subscriptions took {} ms", took.as_millis());
}

#[derive(Default)]
struct Gate(Mutex<bool>, Condvar);

impl Gate {
    fn pass(&self) {
        let mut open = self.0.lock().unwrap();
        while !*open {
            open = self.1.wait(open).unwrap();
        }
    }

    fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }
}

struct Slow(Arc<Gate>, Arc<Mutex<Vec<(Kind, Value)>>>);

impl Callback for Slow {
    fn deliver(&self, event: Event) {
        self.0.pass();
        self.1.lock().unwrap().push((event.kind(), shown(&event)));
    }
}

#[test]
fn a_slow_callback_makes_nobody_wait() {
    let sandbox = sandbox();
    let session = connected(&sandbox, "jenkins");
    let (gate, heard) = (Arc::<Gate>::default(), Arc::<Mutex<Vec<_>>>::default());
    let slow = Slow(Arc::clone(&gate), Arc::clone(&heard));
    session.subscribe("topic=test.flood", &args(r#"{"queue_max": 10}"#), Some(Box::new(slow)), 0).unwrap();
    subscribe(&session, "topic=test.flood", "{}");
    settle(&session);
    for n in 0..500 {
        publish(&session, "test.flood", &json!({"n": n}));
    }
    // The callback hangs all the while.
    assert_eq!(members(&messages(&session, 500), "n"), (0..500).collect::<Vec<i32>>());
    gate.open();
    session.close(&Args::new()).unwrap();
    let heard = heard.lock().unwrap();
    let last: Vec<&Value> =
        heard.iter().filter(|(kind, _)| *kind == Kind::Message).map(|(_, value)| &value["data"]["n"]).collect();
    assert!(last.len() <= 12 && last.last() == Some(&&json!(499)), "{last:?}");
    assert!(heard.iter().any(|(kind, _)| *kind == Kind::Dropped));
}

/// An answer that hangs costs others no message, however many events come.
#[test]
fn a_slow_answer_keeps_a_bounded_number() {
    let sandbox = sandbox();
    let session = connected(&sandbox, "jenkins");
    let gate = Arc::<Gate>::default();
    let behind = Arc::clone(&gate);
    let answerer = Answerer::new(move |event, reply| {
        behind.pass();
        reply.set("value", "done");
        if event["data"]["last"] == true { Status::Ok } else { Status::NotFound }
    });
    answerer.subscribe(&session, "topic=test.flood and data.ask=true", "{}");
    // Before the answer: what hangs there was heard here.
    subscribe(&session, "topic=test.flood", r#"{"queue_max": 100000, "priority": 0}"#);
    settle(&session);
    const COUNT: i64 = 10_200;
    for n in 0..COUNT {
        session
            .submit(Some("publish"), Some("test.flood"), &args(&json!({"data": {"n": n, "ask": true}}).to_string()))
            .unwrap();
        if n % 1000 == 999 {
            settle(&session);
        }
    }
    settle(&session);
    gate.open();
    let mut heard = Vec::new();
    while heard.len() < usize::try_from(COUNT).unwrap() {
        let event = next(&session, Kind::Message);
        heard.push(shown(&event)["data"]["n"].as_i64().unwrap());
    }
    assert_eq!(heard, (0..COUNT).collect::<Vec<_>>());
    // Behind all the others.
    super::hearing::call(
        &session,
        "publish",
        "test.flood",
        r#"{"data": {"ask": true, "last": true}, "replies": true}"#,
    )
    .unwrap();
    let asked = i64::try_from(answerer.asked.lock().unwrap().len()).unwrap();
    assert_eq!(hub(&session)["unanswered"], COUNT + 1 - asked);
    assert!(asked >= 10_000);
}
