//! Sessions with a hub, and short ways to hear what comes.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use haft::{
    args::Args,
    error::{Error, Status},
    session::{Event, Kind, Session},
    value::{Provider, Tree},
};
use haft_sandbox::Sandbox;
use serde_json::{Value, json};

use super::bed::{args, login, url, value};

/// Opens a session for a user of the seed; a lost hub is connected again almost at once.
pub fn open(sandbox: &Sandbox, user: &str, more: &str) -> Session {
    let mut all = json!({"api_user": user, "hub_reconnect": {"delay": "5ms", "max_delay": "20ms"}});
    let more: Value = serde_json::from_str(more).unwrap();
    for (key, value) in more.as_object().unwrap() {
        all[key] = value.clone();
    }
    Session::create(&url(sandbox), &login(&all.to_string())).unwrap()
}

/// The same with its hub connected.
pub fn connected(sandbox: &Sandbox, user: &str) -> Session {
    let session = open(sandbox, user, "{}");
    call(&session, "connect", "", "{}").unwrap();
    session
}

pub fn call(session: &Session, verb: &str, target: &str, json: &str) -> Result<Value, Error> {
    let target = (!target.is_empty()).then_some(target);
    session.request(Some(verb), target, &args(json)).map(|answer| value(&answer))
}

pub fn publish(session: &Session, topic: &str, data: &Value) {
    call(session, "publish", topic, &json!({"data": data}).to_string()).unwrap();
}

pub fn subscribe(session: &Session, topic: &str, json: &str) -> u64 {
    session.subscribe(topic, &args(json), None, 0).unwrap()
}

/// Waits until the server knows of everything that was said before: packets are taken in order.
pub fn settle(session: &Session) {
    publish(session, "test.settle", &json!({}));
}

pub fn hub(session: &Session) -> Value {
    value(&session.inspect("hub", &Args::new()).unwrap())
}

pub fn shown(event: &Event) -> Value {
    event.value().map_or(Value::Null, |value| serde_json::from_str(&value.root().to_json()).unwrap())
}

/// The next event of a kind; those before it are left out.
pub fn next(session: &Session, kind: Kind) -> Event {
    loop {
        let event = session.poll(30_000).unwrap().expect("nothing came in time");
        if event.kind() == kind {
            return event;
        }
    }
}

/// The next so many messages.
pub fn messages(session: &Session, count: usize) -> Vec<Value> {
    (0..count).map(|_| shown(&next(session, Kind::Message))).collect()
}

/// What a member of each event's data is.
pub fn members(events: &[Value], name: &str) -> Vec<Value> {
    events.iter().map(|event| event["data"][name].clone()).collect()
}

/// Everything that has come by now, state and all.
pub fn drained(session: &Session) -> Vec<Event> {
    std::iter::from_fn(|| session.poll(0).unwrap()).collect()
}

type Script = dyn Fn(&Value, &mut Args) -> Status + Send + Sync;

/// An `answer` provider that does what a test says.
pub struct Answerer {
    script: Box<Script>,
    pub asked: Mutex<Vec<Value>>,
    dropped: Arc<AtomicUsize>,
}

impl Answerer {
    pub fn new(script: impl Fn(&Value, &mut Args) -> Status + Send + Sync + 'static) -> Arc<Answerer> {
        Arc::new(Answerer { script: Box::new(script), asked: Mutex::default(), dropped: Arc::default() })
    }

    /// Counts when it goes.
    pub fn dropped(self: &Arc<Self>) -> Arc<AtomicUsize> {
        Arc::clone(&self.dropped)
    }

    pub fn subscribe(self: &Arc<Self>, session: &Session, topic: &str, json: &str) -> u64 {
        let mut args = args(json);
        args.set("answer", Arc::clone(self) as Arc<dyn Provider>);
        session.subscribe(topic, &args, None, 0).unwrap()
    }
}

impl Provider for Answerer {
    fn call(&self, call: Tree, reply: &mut Args) -> Status {
        let call: Value = serde_json::from_str(&call.to_json()).unwrap();
        assert_eq!((&call["provider"], &call["method"]), (&json!("answer"), &json!("event")));
        let event = call["arguments"]["event"].clone();
        self.asked.lock().unwrap().push(event.clone());
        (self.script)(&event, reply)
    }
}

impl Drop for Answerer {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}
