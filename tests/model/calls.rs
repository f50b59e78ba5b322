//! Submitted calls against cancel, close and the end of the other side.

use std::sync::Arc;

use haft::{args::Args, session::Session};
use shuttle::thread;

use super::{
    backend::{Heard, check_answers, drain, session},
    search::explore,
};

fn submit(session: &Session, verb: &str) -> Option<u64> {
    session.submit(Some(verb), None, &Args::new()).ok()
}

/// Calls that end at once, that wait for a cancel, and that stand behind those, while a cancel comes and then a close.
pub fn cancelled_and_closed() {
    let (session, _script) = session();
    let submitter = {
        let session = Arc::clone(&session);
        thread::spawn(move || {
            ["fine", "wait", "fine"].into_iter().filter_map(|verb| submit(&session, verb)).collect::<Vec<_>>()
        })
    };
    let poller = {
        let session = Arc::clone(&session);
        thread::spawn(move || drain(&session))
    };
    session.cancel(0);
    let closer = {
        let session = Arc::clone(&session);
        thread::spawn(move || session.close(&Args::new()).unwrap())
    };
    session.close(&Args::new()).unwrap();
    closer.join().unwrap();
    check_answers(&poller.join().unwrap(), submitter.join().unwrap());
}

/// A blocking call on each of two threads, and the close that ends them.
pub fn blocking_and_closed() {
    let (session, _script) = session();
    let callers: Vec<_> = (0..2)
        .map(|_| {
            let session = Arc::clone(&session);
            thread::spawn(move || session.request(Some("wait"), None, &Args::new()).unwrap_err().code().to_owned())
        })
        .collect();
    session.close(&Args::new()).unwrap();
    for caller in callers {
        let code = caller.join().unwrap();
        assert!(["cancelled", "closed"].contains(&code.as_str()), "{code}");
    }
}

/// The same calls while the other side ends the session; nobody closes it before.
pub fn ended() {
    let (session, script) = session();
    let submitter = {
        let session = Arc::clone(&session);
        thread::spawn(move || {
            ["wait", "fine"].into_iter().filter_map(|verb| submit(&session, verb)).collect::<Vec<_>>()
        })
    };
    let other = thread::spawn(move || script.end());
    let events = drain(&session);
    other.join().unwrap();
    check_answers(&events, submitter.join().unwrap());
    assert_eq!(events.last().unwrap().failure().unwrap().error().code(), "connect");
    session.close(&Args::new()).unwrap();
}

/// Close does not wait for a call that is deaf: it is answered in its place, once.
fn closed_without_time() {
    let (session, _script) = session();
    let submitter = {
        let session = Arc::clone(&session);
        thread::spawn(move || {
            ["fine", "wait", "fine"].into_iter().filter_map(|verb| submit(&session, verb)).collect::<Vec<_>>()
        })
    };
    let mut args = Args::new();
    args.set("timeout", 0_i64);
    // In time or not.
    drop(session.close(&args));
    check_answers(&drain(&session), submitter.join().unwrap());
    session.close(&Args::new()).unwrap();
}

/// Answers that are pushed, while their subscription ends: they go to the queue then.
fn pushed_and_unsubscribed() {
    let (session, _script) = session();
    let heard = Arc::<Heard>::default();
    let id = session.subscribe("haft.response", &Args::new(), heard.callback(), 0).unwrap();
    let submitter = {
        let session = Arc::clone(&session);
        thread::spawn(move || {
            ["fine", "fine"].into_iter().filter_map(|verb| submit(&session, verb)).collect::<Vec<_>>()
        })
    };
    session.unsubscribe(id);
    let mut calls = submitter.join().unwrap();
    session.close(&Args::new()).unwrap();
    heard.check();
    let pushed: Vec<_> = heard.events.lock().unwrap().iter().map(|(_, id, _)| *id).collect();
    calls.retain(|call| !pushed.contains(call));
    check_answers(&drain(&session), calls);
}

#[test]
fn a_cancel_and_two_closes_answer_each_call_once() {
    explore(cancelled_and_closed);
}

#[test]
fn blocking_calls_end_with_the_session() {
    explore(blocking_and_closed);
}

#[test]
fn the_end_of_the_other_side_answers_each_call_once() {
    explore(ended);
}

#[test]
fn a_close_without_time_answers_each_call_once() {
    explore(closed_without_time);
}

#[test]
fn answers_of_an_ended_subscription_are_not_lost() {
    explore(pushed_and_unsubscribed);
}
