//! Candidates of the server that come by themselves: before the answer, behind it, all at once, twice, none at all in time.

use std::sync::{Arc, Mutex};

use haft_sandbox::janus::{Janus, Setup};
use serde_json::{Value, json};

use crate::{
    echo::{session, whole},
    signals::Between,
};

fn start() -> Janus {
    Janus::start(&Setup::full_trickle()).unwrap()
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The server's answer comes without candidates, as those are told by themselves; ours stand in the offer or follow it. Whether
/// they do is in what both say.
#[test]
fn a_film_comes_back_when_the_server_trickles() {
    let janus = start();
    for ours in [true, false] {
        let said = Arc::new(Mutex::new(Vec::<(bool, Value)>::new()));
        let heard = Arc::clone(&said);
        let between = Between::both(&janus.ws, move |of_server, text| {
            heard.lock().unwrap().push((of_server, read(&text)));
            text
        });
        whole(&session(&between.url), json!({"trickle": ours}));
        let said = said.lock().unwrap();
        let of = |server: bool, word: &str| -> Vec<&Value> {
            said.iter()
                .filter(|(of, message)| *of == server && message["janus"] == word)
                .map(|(_, message)| message)
                .collect()
        };
        let theirs = of(true, "trickle");
        assert!(theirs.iter().any(|message| message["candidate"]["candidate"].is_string()), "{said:?}");
        assert!(theirs.last().unwrap()["candidate"]["completed"] == true, "{said:?}");
        let answer = of(true, "event").into_iter().find(|message| message["jsep"]["type"] == "answer").unwrap();
        assert!(!answer["jsep"]["sdp"].as_str().unwrap().contains("a=end-of-candidates"), "{answer}");
        let offer = of(false, "message").into_iter().find(|message| message["jsep"]["type"] == "offer").unwrap();
        assert_eq!(offer["jsep"]["trickle"], ours, "{offer}");
        assert!(offer["jsep"]["sdp"].as_str().unwrap().contains("a=candidate:"), "{offer}");
        // The end of ours is told where they may still come.
        let ended: Vec<_> = of(false, "trickle");
        assert_eq!(ended.len(), usize::from(ours), "{said:?}");
        assert!(ended.iter().all(|message| message["candidate"]["completed"] == true), "{said:?}");
    }
}

/// What comes of the messages of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// The answer waits for the last candidate.
    Before,
    /// The candidates wait for the answer, and for the next thing that is said.
    Behind,
    /// Each comes twice, and the end before all of them as well.
    Twice,
    /// No end is told.
    Endless,
}

/// What the server has said.
#[derive(Debug, Default)]
struct Seen {
    answered: bool,
    ended: bool,
    candidates: usize,
    held: Vec<String>,
}

impl Seen {
    /// What goes on in the place of an answer or a candidate.
    fn next(&mut self, order: Order, is_answer: bool, text: String, message: &Value) -> Vec<String> {
        let is_end = message["candidate"]["completed"] == true;
        self.answered |= is_answer;
        self.ended |= is_end;
        self.candidates += usize::from(!is_answer && !is_end);
        let waits = match order {
            Order::Before => is_answer && !self.ended,
            Order::Behind => !is_answer && !self.answered,
            Order::Twice | Order::Endless => false,
        };
        if waits {
            self.held.push(text);
            return Vec::new();
        }
        match order {
            Order::Before | Order::Behind => [vec![text], std::mem::take(&mut self.held)].concat(),
            Order::Twice if !is_answer => {
                let mut end = message.clone();
                end["candidate"] = json!({"completed": true});
                vec![end.to_string(), text.clone(), text]
            }
            Order::Endless if is_end => Vec::new(),
            Order::Twice | Order::Endless => vec![text],
        }
    }
}

#[test]
fn candidates_come_before_the_answer_and_behind_it() {
    let janus = start();
    for order in [Order::Before, Order::Behind, Order::Twice, Order::Endless] {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let met = Arc::clone(&seen);
        let between = Between::free(&janus.ws, move |of_server, text| {
            let message = read(&text);
            let is_answer = message["jsep"]["type"] == "answer";
            if !of_server || !(is_answer || message["janus"] == "trickle") {
                return vec![text];
            }
            seen.lock().unwrap().next(order, is_answer, text, &message)
        });
        whole(&session(&between.url), json!({}));
        let met = met.lock().unwrap();
        assert!(met.answered && met.candidates > 0, "{order:?}: {met:?}");
    }
}
