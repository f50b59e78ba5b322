//! What waits is bounded: messages are dropped and counted, or their source waits.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Wake, Waker},
};

use super::{
    super::{Event, Kind, Session},
    scripted::{Bell, Calls, Tape, all, args, int, kinds, session},
};
use crate::args::Args;

/// Subscribes with a callback that hangs in its first event until the bell is rung.
fn hung(session: &Session, topic: &str, options: &str, tape: &Arc<Tape>) -> (Arc<Bell>, Arc<Bell>) {
    let (inside, gate) = (Arc::<Bell>::default(), Arc::<Bell>::default());
    let (tape, begun, held) = (Arc::clone(tape), Arc::clone(&inside), Arc::clone(&gate));
    let callback = Calls(move |event| {
        tape.add(event);
        begun.ring();
        held.wait();
    });
    session.subscribe(topic, &args(options), Some(Box::new(callback)), 9).unwrap();
    (inside, gate)
}

fn shown(session: &Session, at: &str) -> i64 {
    session.inspect("subscriptions", &Args::new()).unwrap().value().unwrap().root().at(at).unwrap().int().unwrap()
}

#[test]
fn a_hung_callback_drops_the_oldest_and_is_told_how_many() {
    let (session, script) = session();
    let tape = Arc::<Tape>::default();
    let (inside, gate) = hung(&session, "news", r#"{"queue_max": 3}"#, &tape);
    script.bring(0, [0]);
    inside.wait();
    for number in 1..=10 {
        script.bring(0, [number]);
    }
    assert_eq!((shown(&session, "/0/queued"), shown(&session, "/0/dropped")), (3, 7));
    gate.ring();
    let events = tape.take(5);
    assert_eq!(kinds(&events), [Kind::Message, Kind::Dropped, Kind::Message, Kind::Message, Kind::Message]);
    assert_eq!(events[1].value().unwrap().root().at("count").unwrap().int(), Some(7));
    assert_eq!((events[1].id(), events[1].topic(), events[1].user_data()), (events[0].id(), c"news", 9));
    let numbers: Vec<_> = [0, 2, 3, 4].iter().map(|at| int(&events[*at])).collect();
    assert_eq!(numbers, [0, 8, 9, 10]);
}

#[test]
fn dropping_keeps_the_order_of_arrival_among_subscriptions() {
    let (session, script) = session();
    let tape = Arc::<Tape>::default();
    let (inside, gate) = hung(&session, "news", r#"{"queue_max": 2}"#, &tape);
    session.subscribe("other", &Args::new(), tape.callback(), 0).unwrap();
    script.bring(0, [0]);
    inside.wait();
    script.bring(0, [1, 2]);
    script.bring(1, [3]);
    script.bring(0, [4, 5]);
    script.bring(1, [6]);
    gate.ring();
    let events: Vec<_> = tape.take(6).into_iter().filter(|event| event.kind() == Kind::Message).collect();
    assert_eq!(events.iter().map(int).collect::<Vec<_>>(), [0, 3, 4, 5, 6]);
}

#[test]
fn a_hung_callback_makes_no_memory_grow() {
    let (session, script) = session();
    let tape = Arc::<Tape>::default();
    let (inside, gate) = hung(&session, "news", r#"{"queue_max": 10}"#, &tape);
    script.bring(0, [0]);
    inside.wait();
    for _ in 0..1000 {
        script.bring(0, 0..20);
    }
    assert_eq!(session.handle.shared.worker.size(), (10, 1));
    gate.ring();
    tape.take(12);
}

#[test]
fn a_full_queue_drops_the_oldest() {
    let (session, script) = session();
    session.subscribe("news", &args(r#"{"queue_max": 2}"#), None, 0).unwrap();
    assert_eq!((script.sink(0).room(), script.sink(0).holds_back()), (2, false));
    script.bring(0, 1..=5);
    assert_eq!((shown(&session, "/0/queued"), shown(&session, "/0/dropped"), script.sink(0).room()), (2, 3, 0));
    let events = all(&session);
    assert_eq!(kinds(&events), [Kind::Dropped, Kind::Message, Kind::Message]);
    assert_eq!(events[0].value().unwrap().root().at("count").unwrap().int(), Some(3));
    assert_eq!((int(&events[1]), shown(&session, "/0/queued")), (4, 0));
}

/// Each subscription has its own bound, and those without one share the queue's.
#[test]
fn a_bound_is_nobody_elses() {
    let (session, script) = session();
    session.subscribe("news", &args(r#"{"queue_max": 2}"#), None, 0).unwrap();
    session.subscribe("other", &Args::new(), None, 0).unwrap();
    session.subscribe("third", &args(r#"{"queue_max": 20000}"#), None, 0).unwrap();
    script.bring(1, [10, 11, 12]);
    script.bring(0, 0..3);
    script.bring(2, 100..12_100);
    script.bring(1, [13]);
    script.bring(0, [3]);
    assert_eq!([0, 1, 2].map(|number| script.sink(number).room()), [0, 9_996, 8_000]);
    assert_eq!(
        (shown(&session, "/0/dropped"), shown(&session, "/1/dropped"), shown(&session, "/2/dropped")),
        (2, 0, 0)
    );
    let all = || all(&session);
    let events = all();
    assert_eq!((events.len(), events[0].kind()), (12_007, Kind::Dropped));
    assert_eq!(events[0].value().unwrap().root().at("count").unwrap().int(), Some(2));
    let numbers: Vec<_> = events[1..].iter().map(int).collect();
    assert_eq!(numbers[..5], [10, 11, 12, 2, 100], "in the order in which they came");
    assert_eq!(numbers[12_003..], [12_099, 13, 3]);
    assert_eq!(script.sink(0).room(), 2);
}

/// One that has ended has no bound of its own any more: what it left shares that of the others, in its place.
#[test]
fn what_an_ended_subscription_left_does_not_grow() {
    let (session, script) = session();
    let first = session.subscribe("news", &args(r#"{"queue_max": 20000}"#), None, 0).unwrap();
    session.subscribe("other", &Args::new(), None, 0).unwrap();
    script.bring(0, 0..6000);
    script.bring(1, [-1]);
    script.bring(0, 6000..11_998);
    script.bring(1, [-2]);
    session.unsubscribe(first);
    script.bring(0, [5]);
    let events = all(&session);
    assert_eq!((events.len(), events[0].kind()), (10_001, Kind::Dropped));
    assert_eq!(events[0].value().unwrap().root().at("count").unwrap().int(), Some(2000));
    let numbers: Vec<_> = events[1..].iter().map(int).collect();
    assert_eq!((numbers[0], numbers[3999], numbers[4000], numbers[4001], numbers[9999]), (2000, 5999, -1, 6000, -2));
    for _ in 0..30_000 {
        let id = session.subscribe("haft.state", &args(r#"{"queue_max": 10}"#), None, 0).unwrap();
        session.unsubscribe(id);
    }
    assert_eq!(session.handle.queue.len(), 10_000);
}

/// The host lets go of its data while events wait: they show it no more.
#[test]
fn events_that_wait_forget_what_was_let_go() {
    let (session, script) = session();
    let bond = session.subscribe_bound("news", &Args::new(), None, 7).unwrap();
    script.bring(0, [1, 2]);
    let first = session.poll(0).unwrap().unwrap();
    assert_eq!((first.id(), first.user_data()), (bond.id(), 7));
    bond.forget();
    session.unsubscribe(bond.id());
    assert_eq!((session.poll(0).unwrap().unwrap().user_data(), first.user_data()), (0, 0));
}

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_source_that_waits_loses_nothing_and_hears_of_room_once() {
    let (session, script) = session();
    session.subscribe("news", &args(r#"{"queue_max": 4, "overflow": "wait"}"#), None, 0).unwrap();
    session.subscribe("other", &args(r#"{"queue_max": 1}"#), None, 0).unwrap();
    let (sink, woken) = (script.sink(0), Arc::<Woken>::default());
    assert!(sink.holds_back());
    sink.when_roomy(Waker::from(Arc::clone(&woken)));
    assert_eq!(woken.0.load(Ordering::SeqCst), 1, "there is room now");
    script.bring(0, 1..=4);
    // A neighbour that overflows takes nothing from it.
    script.bring(1, 100..200);
    sink.when_roomy(Waker::from(Arc::clone(&woken)));
    assert_eq!((sink.room(), woken.0.load(Ordering::SeqCst)), (0, 1));
    let mut news = Vec::new();
    let mut take = || {
        loop {
            let event = session.poll(0).unwrap().unwrap();
            if event.topic() == c"news" {
                break news.push(int(&event));
            }
        }
    };
    take();
    assert_eq!((sink.room(), woken.0.load(Ordering::SeqCst)), (1, 1), "woken for each message");
    take();
    take();
    assert_eq!((sink.room(), woken.0.load(Ordering::SeqCst)), (3, 2));
    take();
    assert_eq!(news, [1, 2, 3, 4]);
}

#[test]
fn a_source_of_a_callback_waits_as_well() {
    let (session, script) = session();
    let tape = Arc::<Tape>::default();
    let (inside, gate) = hung(&session, "news", r#"{"queue_max": 2, "overflow": "wait"}"#, &tape);
    script.bring(0, [0]);
    inside.wait();
    script.bring(0, [1, 2]);
    let (sink, bell) = (script.sink(0), Arc::<Bell>::default());
    sink.when_roomy(Waker::from(Arc::new(Rings(Arc::clone(&bell)))));
    assert_eq!(sink.room(), 0);
    gate.ring();
    bell.wait();
    assert!(sink.room() >= 1);
    assert_eq!(tape.take(3).iter().map(int).collect::<Vec<_>>(), [0, 1, 2]);
}

struct Rings(Arc<Bell>);

impl Wake for Rings {
    fn wake(self: Arc<Self>) {
        self.0.ring();
    }
}

#[test]
fn a_waiting_source_is_let_go_with_its_subscription() {
    let (session, script) = session();
    let id = session.subscribe("news", &args(r#"{"queue_max": 1, "overflow": "wait"}"#), None, 0).unwrap();
    script.bring(0, [1]);
    let (sink, woken) = (script.sink(0), Arc::<Woken>::default());
    sink.when_roomy(Waker::from(Arc::clone(&woken)));
    session.unsubscribe(id);
    assert_eq!((woken.0.load(Ordering::SeqCst), Arc::strong_count(&woken)), (1, 1));
}

#[test]
fn a_wrong_overflow_is_a_mistake() {
    let (session, _script) = session();
    for (topic, wrong) in [("news", "lose"), ("haft.state", "wait"), ("haft.response", "wait")] {
        let options = args(&format!(r#"{{"overflow": "{wrong}"}}"#));
        let error = session.subscribe(topic, &options, None, 0).unwrap_err();
        assert_eq!(error.detail().get("key").and_then(|key| key.as_str()), Some("overflow"), "{topic}");
    }
}

#[test]
fn a_closing_queue_counts_as_taken() {
    let (session, script) = session();
    session.subscribe("news", &args(r#"{"queue_max": 2, "overflow": "wait"}"#), None, 0).unwrap();
    session.close(&Args::new()).unwrap();
    script.bring(0, [1, 2, 3]);
    assert_eq!(all(&session).iter().map(Event::kind).collect::<Vec<_>>(), [Kind::Closed]);
    assert_eq!(script.sink(0).room(), 2);
}
