//! Push subscriptions: order, the last event, and the drop.

use std::sync::Arc;

use haft::{args::Args, session::Kind};
use shuttle::thread;

use super::{
    backend::{Heard, session},
    search::explore,
};

/// Two sources bring, then a close: everything that came before it is heard, in order, and CLOSED is last.
pub fn brought_and_closed() {
    let (session, script) = session();
    let heard = Arc::<Heard>::default();
    let state = Arc::<Heard>::default();
    session.subscribe("haft.state", &Args::new(), state.callback(), 0).unwrap();
    session.subscribe("news", &Args::new(), heard.callback(), 0).unwrap();
    let sources: Vec<_> = (0..2)
        .map(|source| {
            let script = Arc::clone(&script);
            thread::spawn(move || {
                script.bring(0, [10 * source]);
                script.bring(0, [10 * source + 1, 10 * source + 2]);
            })
        })
        .collect();
    for source in sources {
        source.join().unwrap();
    }
    session.close(&Args::new()).unwrap();
    let numbers = heard.numbers();
    for source in 0..2 {
        let own: Vec<_> = numbers.iter().filter(|number| **number / 10 == source).collect();
        assert_eq!(own, [&(10 * source), &(10 * source + 1), &(10 * source + 2)]);
    }
    assert_eq!(state.kinds(), [Kind::Message, Kind::Message, Kind::Closed]);
    heard.check();
    state.check();
    assert_eq!(script.feeds(), 0);
}

/// Messages, unsubscribe and a close at once: no call after the drop, and one drop.
fn unsubscribed_meanwhile() {
    let (session, script) = session();
    let heard = Arc::<Heard>::default();
    let id = session.subscribe("news", &Args::new(), heard.callback(), 0).unwrap();
    let source = {
        let script = Arc::clone(&script);
        thread::spawn(move || (0..3).for_each(|number| script.bring(0, [number])))
    };
    let ender = {
        let session = Arc::clone(&session);
        thread::spawn(move || session.unsubscribe(id))
    };
    let closer = {
        let session = Arc::clone(&session);
        thread::spawn(move || session.close(&Args::new()).unwrap())
    };
    for thread in [source, ender, closer] {
        thread.join().unwrap();
    }
    session.close(&Args::new()).unwrap();
    heard.check();
    assert!(heard.numbers().is_sorted());
    assert_eq!(script.feeds(), 0);
}

/// A subscribe that meets a close: refused or ended, and let go of in both cases.
fn subscribed_meanwhile() {
    let (session, script) = session();
    let heard: Vec<Arc<Heard>> = (0..2).map(|_| Arc::default()).collect();
    let subscriber = {
        let (session, heard) = (Arc::clone(&session), heard.clone());
        thread::spawn(move || {
            for (topic, heard) in ["haft.state", "news"].into_iter().zip(heard) {
                drop(session.subscribe(topic, &Args::new(), heard.callback(), 0));
            }
        })
    };
    session.close(&Args::new()).unwrap();
    subscriber.join().unwrap();
    for heard in heard {
        heard.check();
    }
    assert_eq!(script.feeds(), 0);
}

/// A callback that closes its own session while calls wait behind it.
fn closed_from_inside() {
    let (session, script) = session();
    let heard = Arc::<Heard>::default();
    let own = Arc::downgrade(&session);
    let callback = heard.calling(move |_| {
        if let Some(session) = own.upgrade() {
            session.close(&Args::new()).unwrap();
        }
    });
    session.subscribe("news", &Args::new(), callback, 0).unwrap();
    script.bring(0, [1, 2]);
    let call = session.submit(Some("wait"), None, &Args::new());
    let events = super::backend::drain(&session);
    super::backend::check_answers(&events, call.into_iter().collect());
    session.close(&Args::new()).unwrap();
    heard.check();
}

#[test]
fn everything_before_the_close_is_heard_in_order() {
    explore(brought_and_closed);
}

#[test]
fn no_call_comes_after_the_drop() {
    explore(unsubscribed_meanwhile);
}

#[test]
fn a_late_subscribe_is_let_go() {
    explore(subscribed_meanwhile);
}

#[test]
fn a_callback_may_close_its_session() {
    explore(closed_from_inside);
}
