//! `overflow: "wait"`: the source waits for room, loses nothing and sleeps no longer than it must.

use std::{
    sync::Arc,
    task::{Wake, Waker},
};

use haft::{
    args::Args,
    session::Kind,
    sys::lock::{Condvar, Mutex},
};
use shuttle::thread;

use super::{
    backend::{Heard, Script, session},
    search::explore,
};

/// Sleeps until woken.
#[derive(Default)]
struct Bed {
    woken: Mutex<bool>,
    bell: Condvar,
}

impl Wake for Bed {
    fn wake(self: Arc<Self>) {
        *self.woken.lock() = true;
        self.bell.notify_all();
    }
}

/// Brings six numbers, one at a time, each when there is room.
fn source(script: &Script) {
    let sink = script.sink(0).unwrap();
    for number in 0..6 {
        while sink.room() == 0 {
            let bed = Arc::<Bed>::default();
            sink.when_roomy(Waker::from(Arc::clone(&bed)));
            let mut woken = bed.woken.lock();
            while !*woken {
                bed.bell.wait(&mut woken);
            }
        }
        script.bring(0, [number]);
    }
}

fn options() -> Args {
    let mut args = Args::new();
    args.set("overflow", "wait");
    args.set("queue_max", 2_i64);
    args
}

pub fn pulled() {
    let (session, script) = session();
    session.subscribe("news", &options(), None, 0).unwrap();
    let source = thread::spawn(move || source(&script));
    let numbers: Vec<_> =
        (0..6).map(|_| session.poll(-1).unwrap().unwrap().value().unwrap().root().int().unwrap()).collect();
    source.join().unwrap();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
    session.close(&Args::new()).unwrap();
}

fn pushed() {
    let (session, script) = session();
    let heard = Arc::<Heard>::default();
    session.subscribe("news", &options(), heard.callback(), 0).unwrap();
    let source = thread::spawn(move || source(&script));
    source.join().unwrap();
    session.close(&Args::new()).unwrap();
    assert_eq!(heard.numbers(), [0, 1, 2, 3, 4, 5]);
    heard.check();
}

/// An end meanwhile wakes a source that waits.
fn ended() {
    let (session, script) = session();
    let id = session.subscribe("news", &options(), None, 0).unwrap();
    script.bring(0, [0, 1]);
    let waiting = thread::spawn(move || {
        let bed = Arc::<Bed>::default();
        script.sink(0).unwrap().when_roomy(Waker::from(Arc::clone(&bed)));
        let mut woken = bed.woken.lock();
        while !*woken {
            bed.bell.wait(&mut woken);
        }
    });
    session.unsubscribe(id);
    waiting.join().unwrap();
    session.close(&Args::new()).unwrap();
}

/// A full box of a callback drops the oldest, and what it counts is what is missing.
fn dropped() {
    let (session, script) = session();
    let heard = Arc::<Heard>::default();
    let mut args = Args::new();
    args.set("queue_max", 1_i64);
    session.subscribe("news", &args, heard.callback(), 0).unwrap();
    let source = thread::spawn(move || (1..=4).for_each(|number| script.bring(0, [number])));
    source.join().unwrap();
    session.close(&Args::new()).unwrap();
    heard.check();
    let numbers = heard.numbers();
    assert!(numbers.is_sorted() && numbers.last() == Some(&4));
    assert_eq!(heard.kinds().contains(&Kind::Dropped), numbers.len() < 4);
}

#[test]
fn a_poll_makes_room() {
    explore(pulled);
}

#[test]
fn a_callback_makes_room() {
    explore(pushed);
}

#[test]
fn an_end_wakes_the_source() {
    explore(ended);
}

#[test]
fn the_oldest_make_room() {
    explore(dropped);
}
