//! Close with much in flight, and against everything else: each call answered once, CLOSED last, nobody waits for ever.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{
    super::{Event, Kind, Session},
    scripted::{Bell, Calls, Script, Tape, all, args, kinds, session},
};
use crate::args::Args;

/// Hangs the worker in a callback until the second bell is rung.
fn hang(session: &Session, script: &Script) -> Arc<Bell> {
    let (inside, gate) = (Arc::<Bell>::default(), Arc::<Bell>::default());
    let (begun, held) = (Arc::clone(&inside), Arc::clone(&gate));
    let callback = Calls(move |_: Event| {
        begun.ring();
        held.wait();
    });
    session.subscribe("news", &Args::new(), Some(Box::new(callback)), 0).unwrap();
    script.bring(0, [0]);
    inside.wait();
    gate
}

/// Every ticket was answered once, as cancelled, and CLOSED is last.
fn check(events: &[Event], ids: &[u64]) {
    let (last, answers) = events.split_last().unwrap();
    assert_eq!(last.kind(), Kind::Closed);
    assert!(answers.iter().all(|answer| answer.failure().is_some_and(|failure| failure.error().code() == "cancelled")));
    let answered: HashSet<_> = answers.iter().map(Event::id).collect();
    assert_eq!((answers.len(), answered), (ids.len(), ids.iter().copied().collect()));
}

#[test]
fn a_thousand_calls_behind_a_hung_callback_are_answered_in_time() {
    let (session, script) = session();
    let gate = hang(&session, &script);
    let mut ids = Vec::new();
    for number in 0..1000 {
        let verb = if number % 2 == 0 { "fly" } else { "fine" };
        ids.push(session.submit(Some(verb), None, &Args::new()).unwrap());
    }
    // The callback alone does not end: the calls are answered without waiting for it.
    let error = session.close(&args(r#"{"timeout": 0.2}"#)).unwrap_err();
    assert!(error.message().contains("a callback"), "{}", error.message());
    check(&all(&session), &ids);
    gate.ring();
    session.close(&Args::new()).unwrap();
}

#[test]
fn a_cancelled_call_behind_a_hung_callback_is_answered_at_once() {
    let (session, script) = session();
    let gate = hang(&session, &script);
    let id = session.submit(Some("fine"), None, &args(r#"{"id": 5, "tag": "mine"}"#)).unwrap();
    session.cancel(id);
    let event = session.poll(-1).unwrap().unwrap();
    assert_eq!((event.kind(), event.id(), event.topic()), (Kind::Response, 5, c"mine"));
    assert_eq!(event.failure().unwrap().error().code(), "cancelled");
    assert_eq!(event.failure().unwrap().error().known_outcome(), Some(crate::error::Outcome::NotSent));
    // The number is free, and the second call is not taken for the first.
    session.submit(Some("fine"), None, &args(r#"{"id": 5}"#)).unwrap();
    gate.ring();
    let event = session.poll(-1).unwrap().unwrap();
    assert_eq!((event.kind(), event.id(), event.failure().is_none()), (Kind::Response, 5, true));
    // The ticket goes when its thread is done with bringing the answer.
    assert!(session.handle.shared.tickets.wait(crate::clock::now() + std::time::Duration::from_secs(20), |_| true));
}

#[test]
fn close_inside_a_callback_answers_what_waits_behind_it() {
    let (session, script) = session();
    let session = Arc::new(session);
    let (inside, gate) = (Arc::<Bell>::default(), Arc::<Bell>::default());
    let (begun, held, own) = (Arc::clone(&inside), Arc::clone(&gate), Arc::downgrade(&session));
    let callback = Calls(move |_: Event| {
        begun.ring();
        held.wait();
        if let Some(session) = own.upgrade() {
            session.close(&Args::new()).unwrap();
        }
    });
    session.subscribe("news", &Args::new(), Some(Box::new(callback)), 0).unwrap();
    script.bring(0, [0]);
    inside.wait();
    let ids: Vec<_> = (0..50).map(|_| session.submit(Some("fine"), None, &Args::new()).unwrap()).collect();
    gate.ring();
    let mut events = Vec::new();
    while events.last().map(Event::kind) != Some(Kind::Closed) {
        events.push(session.poll(-1).unwrap().unwrap());
    }
    check(&events, &ids);
    session.close(&Args::new()).unwrap();
}

#[test]
fn answers_for_a_callback_come_before_closed_too() {
    let (session, script) = session();
    let (answers, state) = (Arc::<Tape>::default(), Arc::<Tape>::default());
    let (tape, both) = (Arc::clone(&answers), Arc::clone(&state));
    let take = Calls(move |event: Event| {
        both.add(Event::new(Kind::Progress));
        tape.add(event);
    });
    session.subscribe("haft.response", &Args::new(), Some(Box::new(take)), 3).unwrap();
    session.subscribe("haft.state", &Args::new(), state.callback(), 0).unwrap();
    let ids: Vec<_> = (0..100).map(|_| session.submit(Some("fly"), None, &Args::new()).unwrap()).collect();
    session.close(&Args::new()).unwrap();
    let events = answers.take(100);
    assert!(events.iter().all(|event| event.kind() == Kind::Response && event.user_data() == 3));
    assert_eq!(events.iter().map(Event::id).collect::<HashSet<_>>(), ids.into_iter().collect());
    assert_eq!(kinds(&state.take(103)).last(), Some(&Kind::Closed));
    assert_eq!(kinds(&all(&session)), [Kind::Closed]);
    assert!(script.feeds() == 0);
}

#[test]
fn unread_answers_of_an_ended_subscription_go_to_the_queue() {
    let (session, script) = session();
    let gate = hang(&session, &script);
    let tape = Arc::<Tape>::default();
    let id = session.subscribe("haft.response", &Args::new(), tape.callback(), 3).unwrap();
    let call = session.submit(Some("fly"), None, &Args::new()).unwrap();
    session.cancel(call);
    while session.handle.shared.worker.answers() == 0 {
        std::thread::yield_now();
    }
    session.unsubscribe(id);
    let event = session.poll(-1).unwrap().unwrap();
    assert_eq!((event.kind(), event.id(), event.user_data()), (Kind::Response, call, 0));
    assert_eq!(session.handle.shared.worker.answers(), 0);
    gate.ring();
    session.close(&Args::new()).unwrap();
    assert!(tape.is_empty());
}

#[test]
fn an_attach_that_waits_ends_by_its_id_and_with_its_parent() {
    for by_id in [true, false] {
        let (session, script) = session();
        std::thread::scope(|scope| {
            let attaching = scope.spawn(|| session.attach("slow", &args(r#"{"id": 7}"#)));
            script.begun.wait();
            if by_id {
                session.cancel(7);
            } else {
                session.close(&Args::new()).unwrap();
            }
            assert_eq!(attaching.join().unwrap().unwrap_err().code(), "cancelled");
        });
    }
}

#[test]
fn a_child_that_is_freed_is_abandoned() {
    let (session, script) = session();
    let child = session.attach("child", &Args::new()).unwrap();
    let below = Arc::clone(&script.children.lock()[0]);
    child.subscribe("news", &Args::new(), None, 0).unwrap();
    drop(child);
    assert_eq!((below.calls.lock().clone(), below.feeds()), (vec!["abandon"], 0));
    assert!(script.calls.lock().is_empty());
    // A parent that is freed first lives as long as its child.
    let child = session.attach("child", &Args::new()).unwrap();
    drop(session);
    assert!(script.calls.lock().is_empty());
    drop(child);
    assert_eq!(script.calls.lock().clone(), ["abandon"]);
}

/// Close, free, the other side's end, subscribe, submit, bring and poll at once, many times.
#[test]
fn everything_may_race_with_the_end() {
    for round in 0..60 {
        let (session, script) = session();
        let session = Arc::new(session);
        let drops = Arc::<AtomicUsize>::default();
        let (mut taken, mut made) = (Vec::new(), Vec::new());
        let subscribed = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let submits = scope.spawn(|| {
                let call = |number: usize| {
                    let verb = if number % 2 == 0 { "fly" } else { "fine" };
                    session.submit(Some(verb), None, &Args::new()).ok()
                };
                (0..40).filter_map(call).collect::<Vec<_>>()
            });
            let polls = scope.spawn(|| {
                let mut events = Vec::new();
                while let Ok(event) = session.poll(-1) {
                    events.extend(event);
                }
                events
            });
            scope.spawn(|| {
                for _ in 0..20 {
                    let counted = Counted(Arc::clone(&drops));
                    let callback = Calls(move |_: Event| assert_eq!(counted.0.load(Ordering::Relaxed) >> 20, 0));
                    if let Ok(id) = session.subscribe("news", &Args::new(), Some(Box::new(callback)), 0)
                        && id % 2 == 0
                    {
                        session.unsubscribe(id);
                    }
                    subscribed.fetch_add(1, Ordering::SeqCst);
                }
            });
            scope.spawn(|| {
                for _ in 0..40 {
                    let sinks = script.sinks.lock().clone();
                    sinks.iter().for_each(|sink| sink.bring(&mut std::iter::once(super::scripted::number(1))));
                }
            });
            for turn in 0..2 {
                let (session, script) = (&session, &script);
                scope.spawn(move || match (round + turn) % 3 {
                    0 => script.end(crate::value::Tree::Null, None),
                    _ => session.close(&Args::new()).unwrap(),
                });
            }
            made = submits.join().unwrap();
            taken = polls.join().unwrap();
        });
        session.close(&Args::new()).unwrap();
        assert_eq!(kinds(&taken).last(), Some(&Kind::Closed), "{:?}", kinds(&taken));
        let answered: Vec<_> = taken.iter().filter(|event| event.kind() == Kind::Response).map(Event::id).collect();
        let once: HashSet<_> = answered.iter().copied().collect();
        assert_eq!((answered.len(), once), (made.len(), made.into_iter().collect()));
        assert_eq!((drops.load(Ordering::SeqCst), script.feeds()), (subscribed.load(Ordering::SeqCst), 0));
    }
}

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
