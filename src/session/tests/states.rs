//! What a back end tells of its connection, and the end that comes from the other side.

use std::sync::Arc;

use crate::sys::lock::Mutex;

use super::{
    super::{Callback, Event, Kind, Session, State},
    scripted::{Bell, Tape, all, args, int, kinds, session, text},
};
use crate::{
    args::Args,
    backends::Change,
    error::{Error, Status, code},
    value::{Object, Tree},
};

fn lost() -> Change {
    Change::Lost(Error::new(&code::CONNECT, "the peer went away"))
}

fn state(session: &Session) -> String {
    session.inspect("state", &Args::new()).unwrap().value().unwrap().root().as_str().unwrap().to_owned()
}

#[test]
fn the_connection_is_told_to_who_listens_and_in_the_queue() {
    let (session, script) = session();
    script.tell(Change::Connecting);
    assert_eq!(state(&session), "connecting");
    session.subscribe("haft.state", &Args::new(), None, 0).unwrap();
    script.tell(Change::Ready);
    script.tell(lost());
    assert_eq!(state(&session), "lost");
    script.tell(Change::Restored(Tree::Int(3)));
    assert_eq!(state(&session), "ready");
    let events = all(&session);
    let wanted = [Kind::Message, Kind::Message, Kind::Message, Kind::Lost, Kind::Message, Kind::Restored];
    assert_eq!(kinds(&events), wanted);
    let words: Vec<_> = [0, 1, 2, 4].iter().map(|at| text(&events[*at], "state")).collect();
    assert_eq!(words, ["connecting", "ready", "lost", "ready"]);
    assert_eq!((text(&events[2], "reason"), text(&events[2], "code")), ("the peer went away".into(), "connect".into()));
    assert_eq!((text(&events[3], "reason"), text(&events[3], "code")), ("the peer went away".into(), "connect".into()));
    assert_eq!(events[3].failure().unwrap().error().code(), "connect");
    assert_eq!((events[3].id(), int(&events[5])), (0, 3));
}

#[test]
fn lost_and_restored_are_queued_without_a_subscription() {
    let (session, script) = session();
    script.tell(lost());
    script.tell(Change::Restored(Tree::Null));
    assert_eq!(kinds(&all(&session)), [Kind::Lost, Kind::Restored]);
}

#[test]
fn a_push_subscription_of_the_state_takes_them() {
    let (session, script) = session();
    let (first, second) = (Arc::<Tape>::default(), Arc::<Tape>::default());
    for tape in [&first, &second] {
        session.subscribe("haft.state", &Args::new(), tape.callback(), 0).unwrap();
    }
    script.tell(lost());
    script.tell(Change::Restored(Tree::Null));
    session.close(&Args::new()).unwrap();
    for tape in [first, second] {
        let events = tape.take(7);
        let wanted =
            [Kind::Message, Kind::Message, Kind::Lost, Kind::Message, Kind::Restored, Kind::Message, Kind::Closed];
        assert_eq!(kinds(&events), wanted);
        assert_eq!(events[2].failure().unwrap().error().message(), "the peer went away");
        assert_eq!(text(&events[5], "state"), "closing");
    }
    assert_eq!(kinds(&all(&session)), [Kind::Closed]);
}

#[test]
fn a_connection_that_comes_and_goes_unheard_is_bounded() {
    let (session, script) = session();
    for _ in 0..2000 {
        script.tell(lost());
        script.tell(Change::Restored(Tree::Null));
    }
    let events = all(&session);
    assert_eq!(events.len(), 1000);
    assert_eq!(events.last().map(Event::kind), Some(Kind::Restored));
}

#[test]
fn a_childs_connection_is_the_childs_unless_the_parent_hears() {
    let (session, script) = session();
    let own = session.attach("own", &Args::new()).unwrap();
    let heard = session.attach("heard", &args(r#"{"events": "parent"}"#)).unwrap();
    for at in 0..2 {
        let child = Arc::clone(&script.children.lock()[at]);
        child.tell(lost());
    }
    assert_eq!(
        (kinds(&all(&own)), kinds(&all(&session)), state(&own)),
        (vec![Kind::Lost], vec![Kind::Lost], "lost".into())
    );
    assert!(all(&heard).is_empty());
    assert_eq!(state(&session), "ready");
}

#[test]
fn the_other_sides_end_closes_the_handle_and_says_why() {
    let (session, script) = session();
    let child = session.attach("child", &Args::new()).unwrap();
    let below = Arc::clone(&script.children.lock()[0]);
    child.subscribe("news", &Args::new(), None, 0).unwrap();
    child.subscribe("haft.state", &Args::new(), None, 0).unwrap();
    let mut value = Object::default();
    value.insert("code", Tree::Int(1006));
    below.end(Tree::Object(value), Some(Error::new(&code::CONNECT, "the peer went away")));
    let events = all(&child);
    assert_eq!(kinds(&events), [Kind::Message, Kind::Message, Kind::Closed]);
    assert_eq!(text(&events[1], "state"), "closing");
    assert_eq!(events[2].value().unwrap().root().at("code").unwrap().int(), Some(1006));
    assert_eq!(events[2].failure().unwrap().error().code(), "connect");
    assert_eq!((below.feeds(), state(&child)), (0, "closed".into()));
    let refused = child.request(None, None, &Args::new()).unwrap_err();
    assert_eq!((refused.status(), refused.code()), (Status::State, "closed"));
    assert!(refused.message().contains("the peer went away"), "{}", refused.message());
    assert_eq!(child.poll(0).unwrap_err().code(), "closed");
    // Closing it again is fine, and not told to a back end that has ended.
    child.close(&Args::new()).unwrap();
    below.end(Tree::Null, None);
    drop(child);
    assert!(below.calls.lock().is_empty());
    // The parent goes on.
    session.request(None, None, &Args::new()).unwrap();
}

#[test]
fn a_root_that_ends_takes_its_children_with_it() {
    let (session, script) = session();
    let child = session.attach("child", &Args::new()).unwrap();
    let below = Arc::clone(&script.children.lock()[0]);
    child.subscribe("news", &Args::new(), None, 0).unwrap();
    script.end(Tree::Int(5), Some(Error::new(&code::CONNECT, "the peer went away")));
    for (handle, value) in [(&session, Some(5)), (&child, None)] {
        let events = all(handle);
        assert_eq!(kinds(&events), [Kind::Closed]);
        assert_eq!(events[0].failure().unwrap().error().code(), "connect");
        assert_eq!(events[0].value().and_then(|value| value.root().int()), value);
        assert_eq!(handle.request(None, None, &Args::new()).unwrap_err().code(), "closed");
    }
    assert_eq!((below.feeds(), below.calls.lock().clone()), (0, vec!["abandon"]));
    session.close(&Args::new()).unwrap();
    assert!(script.calls.lock().is_empty());
}

#[test]
fn an_orderly_end_has_no_error() {
    let (session, script) = session();
    script.end(Tree::Int(1000), None);
    let events = all(&session);
    assert_eq!((kinds(&events), int(&events[0])), (vec![Kind::Closed], 1000));
    assert!(events[0].failure().is_none());
    assert_eq!(session.request(None, None, &Args::new()).unwrap_err().message(), "the session was closed");
}

#[test]
fn calls_in_flight_are_answered_before_the_end_is_told() {
    let (session, script) = session();
    let flying: Vec<_> = (0..10).map(|_| session.submit(Some("fly"), None, &Args::new()).unwrap()).collect();
    let waiting = session.submit(Some("until cancelled"), None, &Args::new()).unwrap();
    script.begun.wait();
    let behind = session.submit(Some("fine"), None, &Args::new()).unwrap();
    script.end(Tree::Null, None);
    let mut answered = Vec::new();
    loop {
        let event = session.poll(-1).unwrap().unwrap();
        if event.kind() == Kind::Closed {
            break;
        }
        assert_eq!(event.failure().unwrap().error().code(), "cancelled");
        answered.push(event.id());
    }
    answered.sort_unstable();
    let mut wanted = [flying, vec![waiting, behind]].concat();
    wanted.sort_unstable();
    assert_eq!(answered, wanted);
    session.close(&Args::new()).unwrap();
}

/// Says on which thread it is let go.
struct Left(Arc<Mutex<Option<String>>>, Arc<Bell>);

impl Callback for Left {
    fn deliver(&self, _event: Event) {}
}

impl Drop for Left {
    fn drop(&mut self) {
        *self.0.lock() = std::thread::current().name().map(str::to_owned);
        self.1.ring();
    }
}

#[test]
fn the_other_side_runs_no_code_of_the_host() {
    let (session, script) = session();
    let (place, bell) = (Arc::<Mutex<Option<String>>>::default(), Arc::<Bell>::default());
    let left = Box::new(Left(Arc::clone(&place), Arc::clone(&bell)));
    session.subscribe("news", &Args::new(), Some(left), 0).unwrap();
    script.end(Tree::Null, None);
    bell.wait();
    assert_eq!(place.lock().as_deref(), Some("haft-worker"));
    assert_eq!(session.handle.state(), State::Closed);
}

#[test]
fn what_the_other_side_says_during_a_close_comes_with_closed() {
    let (session, script) = session();
    session.submit(Some("wait"), None, &Args::new()).unwrap();
    script.begun.wait();
    std::thread::scope(|scope| {
        let closing = scope.spawn(|| session.close(&Args::new()));
        while session.handle.state() == State::Ready {
            std::thread::yield_now();
        }
        script.end(Tree::Int(1000), None);
        script.gate.ring();
        closing.join().unwrap().unwrap();
    });
    let events = all(&session);
    assert_eq!((kinds(&events), int(&events[1])), (vec![Kind::Response, Kind::Closed], 1000));
    assert_eq!(script.calls.lock().clone(), ["close"]);
}
