//! Subscriptions of a back end's topics.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::sys::lock::Mutex;

use super::{
    super::{Callback, Event, Kind, Session},
    scripted::{Calls, Tape, all, args, int, kinds, session},
};
use crate::args::Args;

fn subscribe(session: &Session, topic: &str, user_data: usize) -> u64 {
    session.subscribe(topic, &Args::new(), None, user_data).unwrap()
}

#[test]
fn pulled_messages_name_their_subscription() {
    let (session, script) = session();
    let (news, other) = (subscribe(&session, "news", 7), subscribe(&session, "other", 8));
    script.bring(0, [1]);
    script.bring(1, [2, 3]);
    script.bring(0, [4]);
    let events = all(&session);
    let seen: Vec<_> = events
        .iter()
        .map(|event| (event.id(), event.topic().to_str().unwrap(), event.user_data(), int(event), event.kind()))
        .collect();
    assert_eq!(
        seen,
        [
            (news, "news", 7, 1, Kind::Message),
            (other, "other", 8, 2, Kind::Message),
            (other, "other", 8, 3, Kind::Message),
            (news, "news", 7, 4, Kind::Message)
        ]
    );
}

#[test]
fn pushed_messages_come_in_the_order_of_arrival_among_errands() {
    let (session, script) = session();
    let tape = Arc::<Tape>::default();
    for topic in ["news", "other"] {
        session.subscribe(topic, &Args::new(), tape.callback(), 0).unwrap();
    }
    // Held up, so that all of them wait together.
    let gate = Arc::new(super::scripted::Bell::default());
    let held = Arc::clone(&gate);
    session.handle.shared.worker.run(Box::new(move || held.wait())).unwrap();
    script.bring(0, [1, 2]);
    script.bring(1, [3]);
    let errand = Arc::clone(&tape);
    session
        .handle
        .shared
        .worker
        .run(Box::new(move || errand.add(Event::new(Kind::Progress).with_value(&4_i64.into()))))
        .unwrap();
    script.bring(0, [5]);
    script.bring(1, [6]);
    script.bring(0, [7, 8]);
    gate.ring();
    let numbers: Vec<_> = tape.take(8).iter().map(int).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn an_unknown_topic_names_the_nearest() {
    let (session, script) = session();
    for (wrong, hint) in [("newz", "\"news\""), ("haft.stat", "\"haft.state\"")] {
        let error = session.subscribe(wrong, &Args::new(), None, 0).unwrap_err();
        assert_eq!(error.code(), "unsupported");
        assert!(error.message().contains(hint), "{}", error.message());
    }
    assert_eq!(script.feeds(), 0);
}

/// Counts its drops, and looks at the session in them: no lock may be held there.
struct Watcher(Arc<Session>, Arc<AtomicUsize>);

impl Callback for Watcher {
    fn deliver(&self, _event: Event) {}
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.inspect("subscriptions", &Args::new()).unwrap();
        self.0.subscribe("haft.response", &Args::new(), None, 0).unwrap();
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_refused_subscription_leaves_nothing() {
    let (session, script) = session();
    let (session, drops) = (Arc::new(session), Arc::<AtomicUsize>::default());
    for topic in ["refused", "nothing at all"] {
        let watcher = Box::new(Watcher(Arc::clone(&session), Arc::clone(&drops)));
        assert!(session.subscribe(topic, &Args::new(), Some(watcher), 0).is_err());
    }
    assert_eq!((drops.load(Ordering::SeqCst), script.feeds()), (2, 0));
    let text = session.inspect("subscriptions", &Args::new()).unwrap().value().unwrap().root().to_json();
    assert!(!text.contains("refused"), "{text}");
}

#[test]
fn unsubscribe_ends_the_feed_and_lets_go_without_a_lock() {
    let (session, script) = session();
    let (session, drops) = (Arc::new(session), Arc::<AtomicUsize>::default());
    let watcher = Box::new(Watcher(Arc::clone(&session), Arc::clone(&drops)));
    let id = session.subscribe("news", &Args::new(), Some(watcher), 0).unwrap();
    assert_eq!((drops.load(Ordering::SeqCst), script.feeds()), (0, 1));
    session.unsubscribe(id);
    assert_eq!((drops.load(Ordering::SeqCst), script.feeds()), (1, 0));
    // What still comes is nobody's, and does not stay.
    script.bring(0, [1, 2, 3]);
    assert_eq!(session.handle.shared.worker.waiting(id), 0);
    session.unsubscribe(id);
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn a_message_may_come_before_subscribe_returns() {
    let (session, _script) = session();
    let id = subscribe(&session, "early", 0);
    assert_eq!(all(&session).iter().map(Event::id).collect::<Vec<_>>(), [id]);
}

#[test]
fn a_callback_may_do_everything_to_its_session() {
    let (session, script) = session();
    let (session, tape) = (Arc::new(session), Arc::<Tape>::default());
    let slot = Arc::<Mutex<Option<Arc<Session>>>>::default();
    *slot.lock() = Some(Arc::clone(&session));
    let (inner, heard) = (Arc::clone(&slot), Arc::clone(&tape));
    let callback = Calls(move |event: Event| {
        let Some(session) = inner.lock().clone() else { return };
        match int(&event) {
            // A nested request, a subscription, a poll that is refused.
            1 => {
                session.request(Some("fine"), None, &Args::new()).unwrap();
                session.subscribe("other", &Args::new(), heard.callback(), 0).unwrap();
                assert_eq!(session.poll(0).unwrap_err().code(), "busy");
            }
            2 => session.unsubscribe(event.id()),
            _ => panic!("it was unsubscribed"),
        }
        heard.add(event);
    });
    session.subscribe("news", &Args::new(), Some(Box::new(callback)), 0).unwrap();
    script.bring(0, [1]);
    assert_eq!(int(&tape.take(1)[0]), 1);
    script.bring(1, [10]);
    assert_eq!(int(&tape.take(1)[0]), 10);
    script.bring(0, [2, 3]);
    script.bring(1, [11]);
    assert_eq!(tape.take(2).iter().map(int).collect::<Vec<_>>(), [2, 11]);
    slot.lock().take();
    session.close(&Args::new()).unwrap();
}

#[test]
fn a_session_freed_with_a_running_feed_leaves_nothing() {
    let (session, script) = session();
    let tape = Arc::<Tape>::default();
    session.subscribe("news", &Args::new(), tape.callback(), 0).unwrap();
    session.subscribe("other", &args(r#"{"overflow": "wait"}"#), None, 0).unwrap();
    script.bring(0, [1]);
    script.bring(1, [1]);
    tape.take(1);
    let handle = Arc::downgrade(&session.handle);
    drop(session);
    assert_eq!((script.feeds(), script.calls.lock().clone()), (0, vec!["abandon"]));
    assert!(handle.upgrade().is_none());
    // The callback goes as soon as it has returned, and with it its hold on the tape.
    while Arc::strong_count(&tape) > 1 {
        std::thread::yield_now();
    }
    script.bring(0, [2]);
    assert!(tape.is_empty());
}

#[test]
fn close_is_the_end_of_every_feed_before_the_last_event() {
    let (session, script) = session();
    let (tape, state) = (Arc::<Tape>::default(), Arc::<Tape>::default());
    session.subscribe("news", &Args::new(), tape.callback(), 0).unwrap();
    session.subscribe("haft.state", &Args::new(), state.callback(), 0).unwrap();
    let child = session.attach("child", &Args::new()).unwrap();
    let below = Arc::clone(&script.children.lock()[0]);
    subscribe(&child, "other", 0);
    script.bring(0, [1]);
    session.close(&Args::new()).unwrap();
    assert_eq!((script.feeds(), below.feeds()), (0, 0));
    script.bring(0, [2]);
    below.bring(0, [2]);
    assert_eq!(tape.take(1).iter().map(int).collect::<Vec<_>>(), [1]);
    assert!(tape.is_empty());
    assert_eq!(kinds(&state.take(3)), [Kind::Message, Kind::Message, Kind::Closed]);
    assert_eq!(kinds(&all(&session)), [Kind::Closed]);
    assert_eq!(kinds(&all(&child)), [Kind::Closed]);
}

#[test]
fn a_subscription_can_end_and_be_lost_by_itself() {
    let (session, script) = session();
    let id = subscribe(&session, "news", 5);
    let sink = script.sink(0);
    sink.lost(crate::error::Error::new(&crate::error::code::CONNECT, "it broke"));
    sink.restored(1_i64.into());
    script.bring(0, [1]);
    sink.end(Some(crate::error::Error::new(&crate::error::code::PROTOCOL, "it made no sense")));
    sink.end(None);
    script.bring(0, [2]);
    let events = all(&session);
    assert_eq!(kinds(&events), [Kind::Lost, Kind::Restored, Kind::Message, Kind::Ended]);
    assert!(events.iter().all(|event| (event.id(), event.user_data(), event.topic()) == (id, 5, c"news")));
    assert_eq!(events[0].failure().unwrap().error().code(), "connect");
    assert_eq!(events[3].failure().unwrap().error().code(), "protocol");
}
