//! A handle that notes what it was asked, so that nothing of its plugin is left out.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    time::{Duration, Instant},
};

use haft::{
    args::Args,
    backends::janus::plugins::{self, Way},
    error::Error,
    session::{Event, Kind, Response, Session},
    value::Tree,
};
use haft_sandbox::janus::{Janus, Setup};
use serde_json::{Value, json};

pub use haft_sandbox::janus::ROOM_SECRET;

/// How long the server may take for what it does after its answer.
const PATIENCE: Duration = Duration::from_secs(10);

pub fn start() -> Janus {
    Janus::start(&Setup::default()).unwrap()
}

/// How a test reaches the server.
#[derive(Clone, Copy)]
pub enum By {
    WebSocket,
    Http,
    Unix,
}

thread_local! {
    static BY: Cell<By> = const { Cell::new(By::WebSocket) };
}

/// Does a test once more, by another way to the server.
pub fn once_more(by: By, test: fn()) {
    BY.set(by);
    test();
}

pub fn open(janus: &Janus) -> Session {
    let url = match BY.get() {
        By::WebSocket => format!("janus+{}", janus.ws),
        By::Http => format!("janus+{}", janus.http),
        By::Unix => format!("janus+unix:{}", janus.unix.display()),
    };
    Session::create(&url, &Args::new()).unwrap()
}

pub fn args(json: &Value) -> Args {
    match Tree::from_json(&json.to_string()).unwrap() {
        Tree::Object(members) => Args::from(members),
        _ => panic!("no object: {json}"),
    }
}

/// The offer of the tests, as a `jsep`.
pub fn offer() -> Value {
    json!({"type": "offer", "sdp": crate::janus::offer(), "trickle": false})
}

pub fn value(answer: &Response) -> Value {
    answer.value().map_or(Value::Null, |value| serde_json::from_str(&value.root().to_json()).unwrap())
}

/// What an error says of itself: its word and the server's number.
pub fn said(error: &Error) -> (String, Option<i64>) {
    (error.code().to_owned(), error.detail().get("server_code").and_then(Tree::as_int))
}

/// Handles of one plugin, and what they were asked.
pub struct Plugin {
    name: &'static str,
    session: Session,
    asked: RefCell<BTreeSet<String>>,
}

impl Plugin {
    pub fn new(janus: &Janus, name: &'static str) -> Plugin {
        Plugin { name, session: open(janus), asked: RefCell::default() }
    }

    pub fn attach(&self) -> Handle<'_> {
        let session = self.session.attach(&format!("janus.plugin.{}", self.name), &Args::new()).unwrap();
        Handle { plugin: self, session }
    }

    /// As below, by two clients.
    pub fn all_were_asked_by_both(&self, other: &Plugin) {
        self.asked.borrow_mut().extend(other.asked.borrow().iter().cloned());
        self.all_were_asked(&[]);
    }

    /// All requests but those of newer servers were made; these are refused as unknown.
    pub fn all_were_asked(&self, newer: &[(&str, Value)]) {
        let handle = self.attach();
        for (verb, arguments) in newer {
            self.asked.borrow_mut().insert((*verb).to_owned());
            let error = handle.try_ask(verb, arguments).unwrap_err();
            assert_eq!(error.code(), "plugin_invalid_request", "{verb}: {error}");
        }
        let plugin = plugins::find(&format!("janus.plugin.{}", self.name)).unwrap();
        let known = plugin.requests.iter().filter(|request| request.way != Way::Channel);
        let asked = self.asked.borrow();
        let left: Vec<&str> = known.map(|request| request.name).filter(|name| !asked.contains(*name)).collect();
        assert!(left.is_empty(), "{} was not asked for {left:?}", self.name);
    }
}

/// One handle.
pub struct Handle<'a> {
    plugin: &'a Plugin,
    pub session: Session,
}

impl Handle<'_> {
    pub fn try_ask(&self, verb: &str, arguments: &Value) -> Result<Value, Error> {
        self.plugin.asked.borrow_mut().insert(verb.to_owned());
        self.session.request(Some(verb), None, &args(arguments)).map(|answer| value(&answer))
    }

    /// Asks for what goes well; the answer has at least these members.
    #[track_caller]
    pub fn ask(&self, verb: &str, arguments: Value, expected: Value) -> Value {
        let answer = self.try_ask(verb, &arguments).unwrap_or_else(|error| panic!("{verb} {arguments}: {error:?}"));
        assert!(holds(&answer, &expected), "{verb} {arguments}: {answer}");
        answer
    }

    /// Asks for what goes well as soon as the server has got that far; until then it refuses with this word.
    #[track_caller]
    pub fn ask_until(&self, refusal: &str, verb: &str, arguments: Value, expected: Value) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.try_ask(verb, &arguments) {
                Err(error) if error.code() == refusal && Instant::now() < until => std::thread::yield_now(),
                Err(error) => panic!("{verb} {arguments}: {error:?}"),
                Ok(answer) => {
                    assert!(holds(&answer, &expected), "{verb} {arguments}: {answer}");
                    return answer;
                }
            }
        }
    }

    /// Asks for what the server refuses with this number, which this word stands for.
    #[track_caller]
    pub fn refused(&self, verb: &str, arguments: Value, number: i64, word: &str) {
        match self.try_ask(verb, &arguments) {
            Ok(answer) => panic!("{verb} {arguments}: {answer}"),
            Err(error) => assert_eq!(said(&error), (word.to_owned(), Some(number)), "{verb} {arguments}: {error}"),
        }
    }

    /// Asks for what the server takes and never answers: it has come to the next request, and this one still waits.
    #[track_caller]
    pub fn unanswered(&self, verb: &str, arguments: Value, next: &str, expected: Value) {
        self.plugin.asked.borrow_mut().insert(verb.to_owned());
        let id = self.session.submit(Some(verb), None, &args(&arguments)).unwrap();
        self.ask(next, json!({}), expected);
        self.session.cancel(id);
        let event = self.session.poll(30_000).unwrap().expect("nothing came in time");
        assert_eq!(
            event.failure().map(|failure| failure.error().code().to_owned()).as_deref(),
            Some("cancelled"),
            "{verb}"
        );
    }

    pub fn hear(&self, topic: &str) {
        self.session.subscribe(topic, &Args::new(), None, 0).unwrap();
    }

    /// The next event of a plugin: its data, with the `jsep` in it.
    #[track_caller]
    pub fn event(&self) -> Value {
        let event = self.session.poll(30_000).unwrap().expect("nothing came in time");
        assert_eq!(event.kind(), Kind::Message);
        data(&event)
    }
}

pub fn data(event: &Event) -> Value {
    let whole: Value = serde_json::from_str(&event.value().unwrap().root().to_json()).unwrap();
    let mut data = whole["plugindata"]["data"].clone();
    if !whole["jsep"].is_null() {
        data["jsep"] = whole["jsep"].clone();
    }
    data
}

/// Whether all of `expected` is in `found`: members of objects, and items of arrays in their places.
pub fn holds(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            expected.iter().all(|(name, value)| found.get(name).is_some_and(|found| holds(found, value)))
        }
        (Value::Array(found), Value::Array(expected)) => {
            found.len() >= expected.len() && found.iter().zip(expected).all(|(found, value)| holds(found, value))
        }
        _ => found == expected,
    }
}
