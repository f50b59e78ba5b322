//! A sandbox and short ways to speak to it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use haft::{
    args::Args,
    error::{Error, Outcome, Status, code},
    session::{HostCode, Kind, Response},
    value::{Provider, Reader, Tree},
};
use haft_sandbox::{Options, Sandbox};
use serde_json::Value;

/// Whether requests are submitted, and their answers polled for: the same cases once more by way of the reactor.
pub fn by_queue() -> bool {
    env!("CARGO_CRATE_NAME") == "http_submitted"
}

/// A session whose requests go the way that the test binary stands for.
#[derive(Debug)]
pub struct Session(haft::session::Session);

impl std::ops::Deref for Session {
    type Target = haft::session::Session;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Session {
    pub fn create(url: &str, args: &Args) -> Result<Session, Error> {
        haft::session::Session::create(url, args).map(Session)
    }

    pub fn attach(&self, name: &str, args: &Args) -> Result<Session, Error> {
        self.0.attach(name, args).map(Session)
    }

    pub fn request(&self, verb: Option<&str>, target: Option<&str>, args: &Args) -> Result<Response, Error> {
        // The worker cannot poll: it would wait for itself.
        if !by_queue() || HostCode::on_worker() {
            return self.0.request(verb, target, args);
        }
        let id = self.0.submit(verb, target, args)?;
        loop {
            let mut event = self.0.poll(60_000)?.unwrap();
            if event.kind() == Kind::Response && event.id() == id {
                return event.take_response().ok_or_else(|| again(event.failure().unwrap().error()));
            }
        }
    }
}

/// An error like this one, which belongs to its event.
fn again(error: &Error) -> Error {
    let code = code::ALL.iter().find(|code| code.word == error.code()).unwrap();
    let mut copy =
        Error::new(code, error.message().to_owned()).status_as(error.status()).transient(error.is_retryable());
    for (key, value) in error.detail().iter() {
        copy = copy.with(key, value.clone());
    }
    match error.known_outcome() {
        Some(outcome @ (Outcome::NotSent | Outcome::Unknown | Outcome::Applied)) => copy.outcome(outcome),
        None => copy,
    }
}

pub fn sandbox() -> Sandbox {
    Sandbox::start(Options::default()).unwrap()
}

pub fn args(json: &str) -> Args {
    let mut args = Args::new();
    args.set_json(None, json);
    args.check().unwrap();
    args
}

/// Arguments with one value that JSON cannot say.
pub fn with(json: &str, key: &str, value: impl Into<Tree>) -> Args {
    let mut args = args(json);
    args.set(key, value);
    args.check().unwrap();
    args
}

pub fn create(url: &str, json: &str) -> Session {
    Session::create(url, &args(json)).unwrap()
}

pub fn get(session: &Session, target: &str, json: &str) -> Response {
    session.request(Some("GET"), Some(target), &args(json)).unwrap()
}

pub fn fails(session: &Session, verb: &str, target: &str, json: &str) -> Error {
    session.request(Some(verb), Some(target), &args(json)).unwrap_err()
}

pub fn value(response: &Response) -> Value {
    response.value().map_or(Value::Null, |value| serde_json::from_str(&value.root().to_json()).unwrap())
}

pub fn meta(response: &Response) -> Value {
    serde_json::from_str(&response.meta().root().to_json()).unwrap()
}

pub fn inspect(session: &Session, what: &str, json: &str) -> Value {
    value(&session.inspect(what, &args(json)).unwrap())
}

pub fn detail(error: &Error, key: &str) -> Value {
    serde_json::from_str(
        &error
            .detail()
            .get(key)
            .map_or("null".into(), |value| haft::value::Document::from_tree(value).root().to_json()),
    )
    .unwrap()
}

/// The value of a header in an echo answer, or in a list of pairs.
pub fn header(pairs: &Value, name: &str) -> Option<String> {
    let pairs = pairs.get("headers").unwrap_or(pairs).as_array()?;
    let pair = pairs.iter().find(|pair| pair[0].as_str().is_some_and(|known| known.eq_ignore_ascii_case(name)))?;
    pair[1].as_str().map(str::to_owned)
}

/// The requests that a sandbox has received so far, in order.
pub fn log(sandbox: &Sandbox) -> Vec<Value> {
    let session = create(&sandbox.http, "{\"trust_env\": false}");
    let log = value(&get(&session, "/_log", "{\"parse\": \"json\"}"));
    log.as_array().or_else(|| log["entries"].as_array()).unwrap().clone()
}

/// The first lines of the requests received.
pub fn lines(sandbox: &Sandbox) -> Vec<String> {
    log(sandbox).iter().map(|entry| entry["raw"].as_str().unwrap().lines().next().unwrap().to_owned()).collect()
}

/// A provider made of a function.
pub struct Answers<F>(pub F);

impl<F: Fn(&Value, &mut Args) -> Status + Send + Sync> Provider for Answers<F> {
    fn call(&self, call: Tree, reply: &mut Args) -> Status {
        // As the C interface does around every function of the host.
        let _inside = HostCode::enter();
        let call = haft::value::Document::from_tree(&call);
        (self.0)(&serde_json::from_str(&call.root().to_json()).unwrap(), reply)
    }
}

pub fn provider(answer: impl Fn(&Value, &mut Args) -> Status + Send + Sync + 'static) -> Tree {
    Tree::Provider(Arc::new(Answers(answer)))
}

/// A reader over bytes that counts what is done with it.
#[derive(Default)]
pub struct Bytes {
    pub bytes: Vec<u8>,
    pub size: Option<u64>,
    pub at: AtomicUsize,
    pub rewound: AtomicUsize,
    pub rewinds: bool,
    /// Aborts here.
    pub breaks_at: Option<usize>,
}

impl Reader for Bytes {
    fn size(&self) -> Option<u64> {
        self.size
    }

    fn read(&self, buffer: &mut [u8]) -> haft::error::Result<usize> {
        let at = self.at.load(Ordering::Relaxed);
        if self.breaks_at.is_some_and(|end| at >= end) {
            return Err(Error::new(&haft::error::code::PROVIDER, "the reader gave up"));
        }
        let rest = &self.bytes[at..];
        let count = rest.len().min(buffer.len()).min(1000);
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at.fetch_add(count, Ordering::Relaxed);
        Ok(count)
    }

    fn rewind(&self) -> bool {
        self.rewound.fetch_add(1, Ordering::Relaxed);
        if self.rewinds {
            self.at.store(0, Ordering::Relaxed);
        }
        self.rewinds
    }
}
