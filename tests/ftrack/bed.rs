//! A server, a session with it, and short ways to speak to both.

#[path = "../ftrack_svc/queued.rs"]
pub mod queued;

use haft::{
    args::Args,
    error::Error,
    session::{Response, Session},
    value::Tree,
};
use haft_sandbox::{FtrackSetup, Options, Sandbox};
use serde_json::Value;

/// A task of the seed.
pub const TASK: &str = "adb4ad6c-7679-11e2-8df2-f23c91df25eb";
/// A user of the seed.
pub const USER: &str = "d07ae5d0-66e1-11e1-b5e9-f23c91df25eb";

pub struct Bed {
    pub sandbox: Sandbox,
    pub session: Session,
}

pub fn sandbox() -> Sandbox {
    Sandbox::start(Options { ftrack: Some(FtrackSetup::default()), ..Options::default() }).unwrap()
}

pub fn args(json: &str) -> Args {
    match Tree::from_json(json).unwrap() {
        Tree::Object(members) => Args::from(members),
        _ => panic!("no object: {json}"),
    }
}

/// What a session is opened with: the server's own user and key, and no file for the schemas.
pub fn login(more: &str) -> Args {
    let mut all: Value = serde_json::from_str(more).unwrap();
    for (key, value) in [("api_user", "jenkins"), ("api_key", "secret-key")] {
        if all.get(key).is_none() {
            all[key] = value.into();
        }
    }
    if all.get("schema_cache_path").is_none() {
        all["schema_cache_path"] = false.into();
    }
    args(&all.to_string())
}

pub fn url(sandbox: &Sandbox) -> String {
    format!("ftrack+{}", sandbox.http)
}

impl Bed {
    pub fn new() -> Bed {
        Bed::with("{}")
    }

    pub fn with(options: &str) -> Bed {
        let sandbox = sandbox();
        let session = Session::create(&url(&sandbox), &login(options)).unwrap();
        Bed { sandbox, session }
    }

    pub fn try_call(&self, verb: &str, target: &str, json: &str) -> Result<Value, Error> {
        let target = (!target.is_empty()).then_some(target);
        queued::request(&self.session, Some(verb), target, &args(json)).map(|answer| value(&answer))
    }

    pub fn call(&self, verb: &str, target: &str, json: &str) -> Value {
        self.try_call(verb, target, json).unwrap_or_else(|error| panic!("{verb} {target} {json}: {error:?}"))
    }

    pub fn fails(&self, verb: &str, target: &str, json: &str) -> Error {
        match self.try_call(verb, target, json) {
            Ok(value) => panic!("{verb} {target} {json} gave {value}"),
            Err(error) => error,
        }
    }

    pub fn stage(&self, verb: &str, target: &str, json: &str) -> Value {
        let target = (!target.is_empty()).then_some(target);
        value(&queued::stage(&self.session, Some(verb), target, &args(json)).unwrap())
    }

    /// A query that is read page by page.
    pub fn open(&self, query: &str, args: &Args) -> Result<Response, Error> {
        queued::request(&self.session, Some("query"), Some(query), args)
    }

    pub fn rollback(&self) {
        queued::rollback(&self.session, &Args::new()).unwrap();
    }

    pub fn commit(&self) -> Result<Value, Error> {
        queued::commit(&self.session, &Args::new()).map(|answer| value(&answer))
    }

    pub fn inspect(&self, what: &str, json: &str) -> Value {
        value(&self.session.inspect(what, &args(json)).unwrap())
    }

    /// The operations that reached the server meanwhile, request by request.
    pub fn sent<T>(&self, during: impl FnOnce() -> T) -> (T, Vec<Value>) {
        let before = self.requests().len();
        let out = during();
        (out, self.requests().split_off(before))
    }

    /// The operations that reached the server, request by request.
    pub fn requests(&self) -> Vec<Value> {
        let log = self.sandbox.ftrack_log(0, true);
        let entries = log.as_array().cloned().unwrap_or_default();
        entries.into_iter().filter(|entry| entry["path"] == "/api").map(|entry| entry["body"].clone()).collect()
    }
}

pub fn value(answer: &Response) -> Value {
    answer.value().map_or(Value::Null, |value| serde_json::from_str(&value.root().to_json()).unwrap())
}

pub fn detail(error: &Error, key: &str) -> Value {
    let text = haft::value::Document::from_tree(&Tree::Object(error.detail().clone())).root().to_json();
    serde_json::from_str::<Value>(&text).unwrap()[key].clone()
}
