//! A sandbox and short ways to speak to it over HTTP/2.

use std::sync::Arc;

use haft::{
    args::Args,
    session::{Response, Session},
    value::{Reader, Tree},
};
use haft_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

pub fn sandbox() -> Sandbox {
    Sandbox::start(Options::default()).unwrap()
}

pub fn args(json: &Value) -> Args {
    let mut args = Args::new();
    args.set_json(None, &json.to_string());
    args.check().unwrap();
    args
}

/// A session of its own that trusts the sandbox and no environment; `more` is laid over.
pub fn create(sandbox: &Sandbox, url: &str, more: &Value) -> Session {
    let mut all = json!({"trust_env": false, "verify": sandbox.ca, "http_version": "2", "timeout": 20});
    for (key, value) in more.as_object().unwrap() {
        all[key] = value.clone();
    }
    Session::create(url, &args(&all)).unwrap()
}

/// How a call is made.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Way {
    Blocking,
    Submitted,
}

pub const WAYS: [Way; 2] = [Way::Blocking, Way::Submitted];

/// An error as it is told.
#[derive(Debug, PartialEq)]
pub struct Failed {
    pub code: String,
    pub detail: Value,
    pub message: String,
}

impl Failed {
    #[allow(dead_code, reason = "of use to whoever reads a failure")]
    pub fn at(&self, key: &str) -> &str {
        self.detail[key].as_str().unwrap_or_default()
    }
}

pub fn call(session: &Session, way: Way, verb: &str, target: &str, args: &Args) -> Result<Response, Failed> {
    match way {
        Way::Blocking => session.request(Some(verb), Some(target), args).map_err(|error| {
            let failure = haft::session::Failure::from(error);
            failed(&failure)
        }),
        Way::Submitted => {
            let id = session.submit(Some(verb), Some(target), args).unwrap();
            loop {
                let mut event = session.poll(-1).unwrap().unwrap();
                if event.id() == id {
                    return event.take_response().ok_or_else(|| failed(event.failure().unwrap()));
                }
            }
        }
    }
}

fn failed(failure: &haft::session::Failure) -> Failed {
    let detail: Value = serde_json::from_str(&failure.detail().root().to_json()).unwrap();
    let code = detail["code"].as_str().unwrap().to_owned();
    Failed { code, detail, message: failure.error().message().to_owned() }
}

pub fn get(session: &Session, way: Way, target: &str) -> Response {
    call(session, way, "GET", target, &Args::new()).unwrap()
}

pub fn value(response: &Response) -> Value {
    response.value().map_or(Value::Null, |value| serde_json::from_str(&value.root().to_json()).unwrap())
}

pub fn meta(response: &Response) -> Value {
    serde_json::from_str(&response.meta().root().to_json()).unwrap()
}

/// The sandbox's own word, over HTTP/1.1.
pub fn ask(sandbox: &Sandbox, verb: &str, target: &str) -> Value {
    let session = create(sandbox, &sandbox.http, &json!({"http_version": "1.1"}));
    value(&session.request(Some(verb), Some(target), &Args::new()).unwrap())
}

/// The requests that came for this path (and whatever follows it), in order.
pub fn log(sandbox: &Sandbox, path: &str) -> Vec<Value> {
    let log = ask(sandbox, "GET", "/_log");
    let entries = log.as_array().or_else(|| log["entries"].as_array()).unwrap().clone();
    entries.into_iter().filter(|entry| entry["path"].as_str().is_some_and(|known| known.starts_with(path))).collect()
}

/// What each client of HTTP/2 did at this listener.
pub fn connections(sandbox: &Sandbox, listener: &str) -> Vec<Value> {
    let report = ask(sandbox, "GET", &format!("/_h2?listener={listener}"));
    report.as_array().or_else(|| report["connections"].as_array()).unwrap().clone()
}

/// Bytes in pieces of at most 1000, once; it can go back if `rewinds`.
pub struct Pieces {
    bytes: Vec<u8>,
    size: Option<u64>,
    at: std::sync::Mutex<usize>,
    rewinds: bool,
}

impl Pieces {
    pub fn tree(bytes: Vec<u8>, size: Option<u64>, rewinds: bool) -> Tree {
        Tree::Reader(Arc::new(Pieces { bytes, size, at: std::sync::Mutex::new(0), rewinds }))
    }
}

impl Reader for Pieces {
    fn size(&self) -> Option<u64> {
        self.size
    }

    fn read(&self, buffer: &mut [u8]) -> haft::error::Result<usize> {
        let mut at = self.at.lock().unwrap();
        let rest = &self.bytes[*at..];
        let count = rest.len().min(buffer.len()).min(1000);
        buffer[..count].copy_from_slice(&rest[..count]);
        *at += count;
        Ok(count)
    }

    fn rewind(&self) -> bool {
        if self.rewinds {
            *self.at.lock().unwrap() = 0;
        }
        self.rewinds
    }
}

/// Bytes that no short period repeats.
pub fn noise(size: usize) -> Vec<u8> {
    let mut state = 12_345_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..size).map(|_| next()).collect()
}
