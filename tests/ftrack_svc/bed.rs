//! An ftrack sandbox and short ways to speak to it.

#[path = "queued.rs"]
pub mod queued;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use haft::{
    args::Args,
    error::{Error, Status},
    session::{HostCode, Response, Session},
    value::{Document, Provider, Tree},
};
use haft_sandbox::{Options, Sandbox};
use serde_json::Value;

pub const TASK: &str = "adb4ad6c-7679-11e2-8df2-f23c91df25eb";
pub const USER: &str = "d07ae5d0-66e1-11e1-b5e9-f23c91df25eb";

pub fn sandbox() -> Sandbox {
    Sandbox::start(Options { ftrack: Some(Default::default()), ..Options::default() }).unwrap()
}

pub fn args(json: &str) -> Args {
    let mut args = Args::new();
    args.set_json(None, json);
    args.check().unwrap();
    args
}

/// A session of the user jenkins.
pub fn open(sandbox: &Sandbox, more: Args) -> Result<Session, Error> {
    let mut all =
        args(r#"{"api_key": "secret-key", "api_user": "jenkins", "schema_cache_path": false, "trust_env": false}"#);
    for (key, value) in more.root().iter() {
        all.set(key, value.clone());
    }
    Session::create(&format!("ftrack+{}", sandbox.http), &all)
}

pub fn session(sandbox: &Sandbox, json: &str) -> Session {
    open(sandbox, args(json)).unwrap()
}

pub fn value(response: &Response) -> Value {
    response.value().map_or(Value::Null, |value| serde_json::from_str(&value.root().to_json()).unwrap())
}

pub fn call(session: &Session, verb: &str, target: &str, json: &str) -> Value {
    let target = Some(target).filter(|target| !target.is_empty());
    value(&queued::request(session, Some(verb), target, &args(json)).unwrap())
}

pub fn stage(session: &Session, verb: &str, target: &str, json: &str) -> Value {
    value(&queued::stage(session, Some(verb), Some(target), &args(json)).unwrap())
}

pub fn fails(session: &Session, verb: &str, target: &str, json: &str) -> Error {
    queued::request(session, Some(verb), Some(target).filter(|target| !target.is_empty()), &args(json)).unwrap_err()
}

pub fn inspect(session: &Session, what: &str) -> Value {
    value(&session.inspect(what, &Args::new()).unwrap())
}

/// The number of the last request so far.
pub fn mark(sandbox: &Sandbox) -> u64 {
    sandbox.ftrack_log(0, false).as_array().unwrap().last().map_or(0, |entry| entry["seq"].as_u64().unwrap())
}

/// The operations of each request to the API since then.
pub fn sent(sandbox: &Sandbox, since: u64) -> Vec<Value> {
    let log = sandbox.ftrack_log(since, false);
    log.as_array().unwrap().iter().filter(|entry| entry["path"] == "/api").map(|entry| entry["body"].clone()).collect()
}

/// A folder of its own, gone with it.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("haft-{}-{}-{number}", env!("CARGO_CRATE_NAME"), std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Answers<F>(F);

impl<F: Fn(&Value, &mut Args) -> Status + Send + Sync> Provider for Answers<F> {
    fn call(&self, call: Tree, reply: &mut Args) -> Status {
        // As the C interface does around every function of the host.
        let _inside = HostCode::enter();
        let call = Document::from_tree(&call);
        let text = call.root().to_json();
        (self.0)(&serde_json::from_str(&text).unwrap(), reply)
    }
}

pub fn provider(answer: impl Fn(&Value, &mut Args) -> Status + Send + Sync + 'static) -> Tree {
    Tree::Provider(Arc::new(Answers(answer)))
}
