//! Every way in which a connection can end (spec/ftrack.md 7.8), ten times each: nothing is lost, nothing comes twice, and
//! nobody has to do anything about it.

use std::collections::{BTreeMap, HashSet};

use haft::{
    args::Args,
    session::{Kind, Session},
};
use haft_sandbox::Sandbox;
use serde_json::{Value, json};

use super::{
    bed::{args, sandbox},
    hearing::{Answerer, call, connected, drained, hub, messages, next, open, publish, settle, shown, subscribe},
};

const ROUNDS: usize = 10;

/// One who publishes and hears itself, and one who only listens and whom no fault befalls.
struct Pair {
    sandbox: Sandbox,
    own: Session,
    other: Session,
}

impl Pair {
    fn new() -> Pair {
        let sandbox = sandbox();
        let (own, other) = (connected(&sandbox, "jenkins"), connected(&sandbox, "martin"));
        for session in [&own, &other] {
            subscribe(session, "topic=test.lose", "{}");
            settle(session);
        }
        Pair { sandbox, own, other }
    }

    fn order(&self, order: &str) {
        self.sandbox.ftrack_order(order).unwrap();
    }

    /// Publishes without waiting.
    fn submit(&self, n: usize) {
        self.own.submit(Some("publish"), Some("test.lose"), &args(&json!({"data": {"n": n}}).to_string())).unwrap();
    }

    /// Ten rounds of a fault: some events before, some after, and both hear all of them once and in order.
    fn survives(&self, fault: &str, lost: bool) {
        for round in 0..ROUNDS {
            let first = round * 10;
            for n in first..first + 3 {
                publish(&self.own, "test.lose", &json!({"n": n}));
            }
            let before = messages(&self.own, 3);
            self.order(fault);
            for n in first + 3..first + 10 {
                self.submit(n);
            }
            let (mut heard, mut answers, mut restored) = (before, 0, 0);
            while heard.len() < 10 || answers < 7 || restored < usize::from(lost) {
                let event = self.own.poll(30_000).unwrap().unwrap_or_else(|| {
                    panic!("{fault}, round {round}: {} heard, {answers} answers, {restored} restored", heard.len())
                });
                match event.kind() {
                    Kind::Message => heard.push(shown(&event)),
                    Kind::Response => {
                        answers += 1;
                        assert!(
                            event.failure().is_none(),
                            "{fault}: {:?}",
                            event.failure().map(haft::session::Failure::error)
                        );
                    }
                    Kind::Restored => restored += 1,
                    _ => {}
                }
            }
            let watched = messages(&self.other, 10);
            for events in [&heard, &watched] {
                let numbers: Vec<u64> = events.iter().map(|event| event["data"]["n"].as_u64().unwrap()).collect();
                assert_eq!(numbers, (first as u64..first as u64 + 10).collect::<Vec<_>>(), "{fault}, round {round}");
                let ids: HashSet<&str> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
                assert_eq!(ids.len(), 10);
            }
        }
        settle(&self.own);
        settle(&self.other);
        for session in [&self.own, &self.other] {
            assert!(drained(session).iter().all(|event| event.kind() != Kind::Message), "{fault}: one came twice");
            assert_eq!(hub(session)["unacknowledged"], 0);
        }
        assert_eq!(hub(&self.own)["losses"], if lost { ROUNDS } else { 0 });
        // One connection each, one subscription each beside the hub's own: nothing was told twice.
        let shown = self.sandbox.ftrack_order("hub=packet&text=8::").unwrap();
        assert_eq!(shown["connections"], 2);
    }
}

macro_rules! survived {
    ($($name:ident: $fault:literal, $lost:literal;)*) => {
        $(#[test]
        fn $name() {
            Pair::new().survives($fault, $lost);
        })*
    };
}

survived! {
    a_close: "hub=close&user=jenkins", true;
    a_close_as_for_a_restart: "hub=close&code=1012&user=jenkins", true;
    a_close_as_for_a_mistake: "hub=close&code=1002&user=jenkins", true;
    a_disconnect_packet: "hub=disconnect&user=jenkins", true;
    a_broken_connection: "hub=abort&user=jenkins", true;
    a_reset: "hub=reset&user=jenkins", true;
    a_restart: "hub=restart&user=jenkins", true;
    bytes_that_are_no_frame: "hub=raw&hex=ffff&user=jenkins", true;
    a_cut_before_an_event_was_taken: "hub=cut&when=before&skip=2", true;
    a_cut_after_an_event_was_taken: "hub=cut&when=after&skip=2", true;
    a_noop: "hub=packet&text=8::&user=jenkins", false;
    an_unknown_packet: "hub=packet&text=9::x&user=jenkins", false;
    garbage: "hub=packet&text=garbage&user=jenkins", false;
    a_duplicate: "hub=duplicate&times=4", false;
    a_delay: "hub=delay&seconds=0.02", false;
}

/// An event that the server took without saying so, and the end of the connection.
#[test]
fn what_was_not_acknowledged_is_sent_again() {
    let pair = Pair::new();
    for round in 0..ROUNDS {
        pair.order("hub=unacknowledged&times=3");
        for n in 0..3 {
            pair.submit(round * 3 + n);
        }
        // The server has them.
        assert_eq!(messages(&pair.other, 3).len(), 3);
        pair.order("hub=abort&user=jenkins");
        next(&pair.own, Kind::Restored);
        settle(&pair.own);
    }
    settle(&pair.other);
    assert!(drained(&pair.other).is_empty(), "what was sent again was dropped here");
    assert_eq!(hub(&pair.own)["unacknowledged"], 0);
}

/// A server that is away for a while: the handshake and the upgrade are refused, broken off, or nonsense.
#[test]
fn a_server_that_comes_back_slowly() {
    let pair = Pair::new();
    for refusal in [
        "hub=handshake&status=503&times=3",
        "hub=handshake&status=0&times=2",
        "hub=upgrade&status=502&times=2",
        "hub=handshake&status=200&body=nonsense",
    ] {
        pair.order(refusal);
        pair.order("hub=abort&user=jenkins");
        pair.submit(1);
        next(&pair.own, Kind::Restored);
        pair.submit(2);
        let heard = messages(&pair.other, 2);
        assert_eq!(super::hearing::members(&heard, "n"), [1, 2], "{refusal}");
    }
    assert_eq!(hub(&pair.own)["losses"], 4);
}

#[test]
fn a_key_that_counts_no_more_is_the_end() {
    let pair = Pair::new();
    pair.order("hub=handshake&status=403&times=99");
    pair.order("hub=abort&user=jenkins");
    let ended = next(&pair.own, Kind::Ended);
    assert_eq!(ended.failure().unwrap().error().code(), "hub_not_connected");
    assert_eq!(hub(&pair.own)["state"], "disconnected");
    assert_eq!(call(&pair.own, "publish", "t", "{}").unwrap_err().code(), "hub_not_connected");
    pair.order("hub=clear");
    call(&pair.own, "connect", "", "{}").unwrap();
}

#[test]
fn tries_are_counted_when_that_is_asked_for() {
    let sandbox = sandbox();
    let session = open(&sandbox, "jenkins", r#"{"hub_reconnect": {"max_retries": 2, "delay": "1ms"}}"#);
    call(&session, "connect", "", "{}").unwrap();
    subscribe(&session, "topic=ftrack.meta.disconnected", "{}");
    sandbox.ftrack_order("hub=handshake&status=503&times=2").unwrap();
    sandbox.ftrack_order("hub=abort").unwrap();
    assert_eq!(messages(&session, 1)[0]["topic"], "ftrack.meta.disconnected");
    next(&session, Kind::Ended);
    let session = open(&sandbox, "jenkins", r#"{"hub_reconnect": false}"#);
    call(&session, "connect", "", "{}").unwrap();
    subscribe(&session, "topic=x", "{}");
    sandbox.ftrack_order("hub=abort").unwrap();
    next(&session, Kind::Ended);
}

/// Subscriptions come and go while the connection does: each connection is told once of those that are left.
#[test]
fn subscriptions_are_told_once_per_connection() {
    let sandbox = sandbox();
    let session = connected(&sandbox, "jenkins");
    let mut ids = Vec::new();
    for round in 0..ROUNDS {
        ids.push(subscribe(&session, &format!("topic=test.{round}"), &json!({"id": format!("s{round}")}).to_string()));
        sandbox.ftrack_order("hub=abort").unwrap();
        ids.push(subscribe(&session, &format!("topic=more.{round}"), &json!({"id": format!("m{round}")}).to_string()));
        if round % 2 == 1 {
            session.unsubscribe(ids.remove(0));
        }
        next(&session, Kind::Restored);
        settle(&session);
    }
    let log = sandbox.ftrack_log(0, false);
    let mut told = 0;
    session.close(&Args::new()).unwrap();
    for entry in log.as_array().unwrap() {
        let mut seen: BTreeMap<String, i32> = BTreeMap::new();
        for packet in entry["packets"].as_array().into_iter().flatten() {
            let event = &packet["data"]["args"][0];
            let id = event["data"]["subscriber"]["id"].as_str().unwrap_or_default().to_owned();
            match event["topic"].as_str() {
                Some("ftrack.meta.subscribe") => *seen.entry(id).or_default() += 1,
                Some("ftrack.meta.unsubscribe") => *seen.entry(id).or_default() -= 1,
                _ => {}
            }
        }
        assert!(seen.values().all(|count| (0..=1).contains(count)), "{seen:?}");
        told += seen.len();
    }
    assert!(told > ROUNDS * 2, "{told}");
}

/// A question and its answer over connections that break on either side.
#[test]
fn a_reply_survives_losses() {
    let sandbox = sandbox();
    let (one, other) = (connected(&sandbox, "jenkins"), connected(&sandbox, "martin"));
    let answerer = Answerer::new(|event, reply| {
        reply.set("n", event["data"]["n"].as_i64().unwrap());
        haft::error::Status::Ok
    });
    answerer.subscribe(&other, "topic=test.ask", "{}");
    settle(&other);
    for n in 0..ROUNDS {
        // The reply is taken and then not delivered to the connection that breaks: it asks again by itself.
        sandbox.ftrack_order("hub=cut&when=before").unwrap();
        let json = json!({"data": {"n": n}, "replies": true}).to_string();
        let answer = call(&one, "publish", "test.ask", &json).unwrap();
        assert_eq!(answer[0]["data"]["n"], n);
        next(&one, Kind::Restored);
    }
    assert_eq!(answerer.asked.lock().unwrap().len(), ROUNDS);
}

#[test]
fn a_close_or_a_free_in_the_middle_of_everything() {
    for round in 0..ROUNDS {
        let sandbox = sandbox();
        let session = connected(&sandbox, "jenkins");
        subscribe(&session, "topic=test.x", "{}");
        for n in 0..50 {
            session.submit(Some("publish"), Some("test.x"), &args(&json!({"data": {"n": n}}).to_string())).unwrap();
        }
        match round % 5 {
            0 => drop(session),
            1 => {
                sandbox.ftrack_order("hub=abort").unwrap();
                session.close(&Args::new()).unwrap();
            }
            2 => {
                sandbox.ftrack_order("hub=handshake&status=503&times=99").unwrap();
                sandbox.ftrack_order("hub=abort").unwrap();
                next(&session, Kind::Lost);
                session.close(&Args::new()).unwrap();
            }
            3 => {
                sandbox.ftrack_order("hub=handshake&status=200&seconds=30&times=99").unwrap();
                sandbox.ftrack_order("hub=abort").unwrap();
                next(&session, Kind::Lost);
                drop(session);
            }
            _ => session.close(&Args::new()).unwrap(),
        }
        let _: Value = json!(null);
    }
}
