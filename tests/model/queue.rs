//! The queue alone.

use std::sync::{Arc, Mutex};

use haft::session::{Event, Kind, Queue};
use shuttle::thread;

use super::search::explore;

/// Two push, one closes behind them, two poll: everything comes to one of them, each source's events in order.
pub fn scenario() {
    let queue = Arc::new(Queue::default());
    let taken = Arc::<Mutex<Vec<(usize, Kind, u64)>>>::default();
    let pushers: Vec<_> = (0..2_u64)
        .map(|source| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let event = |number| Event::new(Kind::Message).with_id(10 * source + number);
                queue.push(event(0));
                queue.push_all([event(1), event(2)].into_iter());
            })
        })
        .collect();
    let pollers: Vec<_> = (0..2)
        .map(|poller| {
            let (queue, taken) = (Arc::clone(&queue), Arc::clone(&taken));
            thread::spawn(move || {
                let mut own = Vec::new();
                while let Ok(event) = queue.take(None) {
                    own.extend(event.map(|event| (poller, event.kind(), event.id())));
                }
                taken.lock().unwrap().extend(own);
            })
        })
        .collect();
    for pusher in pushers {
        pusher.join().unwrap();
    }
    queue.push(Event::new(Kind::Closed));
    for poller in pollers {
        poller.join().unwrap();
    }
    let taken = taken.lock().unwrap();
    for poller in 0..2 {
        for source in 0..2 {
            let ids =
                taken.iter().filter(|(by, kind, id)| *by == poller && *kind == Kind::Message && id / 10 == source);
            assert!(ids.map(|(_, _, id)| id).is_sorted());
        }
    }
    let mut ids: Vec<_> = taken.iter().filter(|(_, kind, _)| *kind == Kind::Message).map(|(_, _, id)| *id).collect();
    ids.sort_unstable();
    assert_eq!(ids, [0, 1, 2, 10, 11, 12]);
    assert_eq!(taken.iter().filter(|(_, kind, _)| *kind == Kind::Closed).count(), 1);
}

#[test]
fn nothing_is_lost_and_everybody_is_woken() {
    explore(scenario);
}
