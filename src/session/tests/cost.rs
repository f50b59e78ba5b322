//! What one message costs on its way; to be run by hand, under callgrind or with a clock:
//! `MESSAGES=100000 WAY=push cargo test --lib cost -- --ignored`.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::{
    super::Event,
    scripted::{Calls, session},
};
use crate::{
    args::Args,
    value::{Document, Tree},
};

const BATCH: usize = 1000;

#[test]
#[ignore = "a measurement"]
fn cost_of_a_message() {
    let count: usize = std::env::var("MESSAGES").ok().and_then(|count| count.parse().ok()).unwrap_or(10_000);
    let way = std::env::var("WAY").unwrap_or_default();
    let (session, script) = session();
    let heard = Arc::<AtomicUsize>::default();
    let own = Arc::clone(&heard);
    match way.as_str() {
        "push" => {
            let callback = Calls(move |event: Event| {
                // As the C interface does it: the event is the host's, who frees it.
                drop(std::hint::black_box(Box::new(event)));
                own.fetch_add(1, Ordering::Relaxed);
            });
            session.subscribe("news", &Args::new(), Some(Box::new(callback)), 0).unwrap();
        }
        "poll" => drop(session.subscribe("news", &Args::new(), None, 0).unwrap()),
        _ => {}
    }
    let text = "x".repeat(100);
    for round in 1..=count / BATCH {
        for _ in 0..BATCH {
            let document = Document::from_tree(&Tree::from(text.as_str()));
            match way.as_str() {
                "push" | "poll" => script.sink(0).bring(&mut std::iter::once(document)),
                _ => drop(std::hint::black_box(document)),
            }
        }
        match way.as_str() {
            "push" => {
                while heard.load(Ordering::Relaxed) < round * BATCH {
                    std::thread::park_timeout(std::time::Duration::from_micros(20));
                }
            }
            "poll" => {
                for _ in 0..BATCH {
                    drop(std::hint::black_box(Box::new(session.poll(0).unwrap().unwrap())));
                }
            }
            _ => {}
        }
    }
}
