//! Many threads on one session (spec/janus.md 1.2): each answer comes to whoever asked, and nobody takes care of that.

use serde_json::json;

use crate::bed::{ECHO, ROOM, ask, attach, inspect, open, start};

const THREADS: u64 = 32;
const HANDLES: usize = 16;
const MESSAGES: u64 = 1000;

#[test]
fn each_answer_comes_to_its_caller() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let handles: Vec<_> = (0..HANDLES).map(|at| attach(&session, if at % 4 == 0 { ECHO } else { ROOM })).collect();
    std::thread::scope(|threads| {
        for thread in 0..THREADS {
            let handle = &handles[usize::try_from(thread).unwrap() % HANDLES];
            threads.spawn(move || {
                let echoes = usize::try_from(thread).unwrap() % HANDLES % 4 == 0;
                for number in 0..MESSAGES {
                    if echoes {
                        let answer = ask(handle, "message", &json!({"body": {"bitrate": number}})).unwrap();
                        assert_eq!(answer, json!({"echotest": "event", "result": "ok"}));
                        continue;
                    }
                    // A room of which nobody else asks: the answer names it.
                    let room = thread * MESSAGES + number + 10_000;
                    let answer = ask(handle, "exists", &json!({"room": room})).unwrap();
                    assert_eq!(answer, json!({"videoroom": "success", "room": room, "exists": false}));
                }
            });
        }
    });
    let stats = inspect(&session, "stats");
    assert_eq!((&stats["transactions"], &stats["strays"], &stats["events"]), (&json!(0), &json!(0), &json!(0)));
}

/// Submitted by many at once, and taken by one.
#[test]
fn each_answer_comes_to_its_call() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let room = attach(&session, ROOM);
    let asked = std::sync::Mutex::new(std::collections::HashMap::new());
    std::thread::scope(|threads| {
        for thread in 0..8u64 {
            let (room, asked) = (&room, &asked);
            threads.spawn(move || {
                for number in 0..250 {
                    let wanted = 20_000 + thread * 250 + number;
                    let mut asked = asked.lock().unwrap();
                    let id = room.submit(Some("exists"), None, &crate::bed::args(&json!({"room": wanted}))).unwrap();
                    asked.insert(id, wanted);
                }
            });
        }
    });
    let mut asked = asked.into_inner().unwrap();
    for _ in 0..2000 {
        let mut event = crate::bed::next(&room, haft::session::Kind::Response);
        let wanted = asked.remove(&event.id()).unwrap();
        assert_eq!(crate::bed::value(&event.take_response().unwrap())["room"], wanted);
    }
}
