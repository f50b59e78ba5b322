//! An ftrack sandbox, a folder, and short ways to speak to a session.

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
    value::{Document, Object, Provider, Tree},
};
use haft_sandbox::{FtrackSetup, Options, Sandbox};
use serde_json::{Value, json};

pub const TEST: &str = "b96b3f33-e8f2-57ca-bd52-d57135ad3635";
pub const SECOND: &str = "07b82a97-8cf9-11e3-9383-20c9d081909b";
pub const ORIGIN: &str = "ce9b348f-8809-11e3-821c-20c9d081909b";
pub const UNMANAGED: &str = "cb268ecc-8809-11e3-a7e2-20c9d081909b";
pub const REVIEW: &str = "cd41be70-8809-11e3-b98a-20c9d081909b";
pub const SERVER: &str = "3a372bde-05bc-11e4-8908-20c9d081909b";
pub const VERSION: &str = "99de99c3-101d-53f8-ab76-ced22b7aecd9";
pub const PLATE: &str = "4c47050b-2b4d-54f7-88c5-fb5bfa169ded";

pub fn sandbox() -> Sandbox {
    Sandbox::start(Options { ftrack: Some(FtrackSetup::default()), ..Options::default() }).unwrap()
}

pub fn tree(value: &Value) -> Tree {
    Tree::from_json(&value.to_string()).unwrap()
}

pub fn args(value: &Value) -> Args {
    match tree(value) {
        Tree::Object(members) => Args::from(members),
        _ => panic!("no object: {value}"),
    }
}

pub fn value(response: &Response) -> Value {
    response.value().map_or(Value::Null, |value| serde_json::from_str(&value.root().to_json()).unwrap())
}

pub fn detail(error: &Error, key: &str) -> Value {
    let text = Document::from_tree(&Tree::Object(error.detail().clone())).root().to_json();
    serde_json::from_str::<Value>(&text).unwrap()[key].clone()
}

/// A sandbox with a folder of its own.
pub struct Bed {
    pub sandbox: Sandbox,
    pub root: Folder,
}

impl Bed {
    pub fn new() -> Bed {
        Bed { sandbox: sandbox(), root: Folder::new() }
    }

    /// A session of the user jenkins.
    pub fn try_open(&self, more: Args) -> Result<One<'_>, Error> {
        let mut all = args(
            &json!({"api_key": "secret-key", "api_user": "jenkins", "schema_cache_path": false, "trust_env": false}),
        );
        for (key, value) in more.root().iter() {
            all.set(key, value.clone());
        }
        let session = Session::create(&format!("ftrack+{}", self.sandbox.http), &all)?;
        Ok(One { session, sandbox: &self.sandbox })
    }

    pub fn open(&self, more: &Value) -> One<'_> {
        self.try_open(args(more)).unwrap()
    }

    /// A session whose test location is a folder, by identifiers.
    pub fn stored(&self) -> One<'_> {
        self.open(&json!({"location": [self.disk("store", "id")]}))
    }

    /// The test location over a folder.
    pub fn disk(&self, folder: &str, structure: &str) -> Value {
        json!({"id": TEST, "name": "test.location", "priority": 1, "accessor": format!("disk:{}", self.at(folder)), "structure": structure})
    }

    pub fn at(&self, name: &str) -> String {
        self.root.0.join(name).to_str().unwrap().to_owned()
    }

    /// A file with this text.
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.root.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.root.0.join(name)).unwrap()
    }

    /// All files below a folder, sorted, without the folder's own path.
    pub fn files(&self, below: &str) -> Vec<String> {
        fn walk(at: &std::path::Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(at).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, found) } else { found.push(path) }
            }
        }
        let root = self.root.0.join(below);
        let mut found = Vec::new();
        walk(&root, &mut found);
        let mut names: Vec<String> =
            found.iter().map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned()).collect();
        names.sort();
        names
    }

    /// The rows that a query finds on the server.
    pub fn rows(&self, expression: &str) -> Vec<Value> {
        let other = self.open(&json!({}));
        other.call("query", expression, &json!({})).as_array().unwrap().clone()
    }

    /// How many components are registered where.
    pub fn registered(&self, location: &str) -> usize {
        self.rows(&format!("select id from ComponentLocation where location_id is {location}")).len()
    }
}

/// One session.
pub struct One<'a> {
    pub session: Session,
    sandbox: &'a Sandbox,
}

impl One<'_> {
    pub fn attempt(&self, verb: &str, target: &str, more: &Value) -> Result<Value, Error> {
        let target = Some(target).filter(|target| !target.is_empty());
        self.session.request(Some(verb), target, &args(more)).map(|answer| value(&answer))
    }

    pub fn call(&self, verb: &str, target: &str, more: &Value) -> Value {
        self.attempt(verb, target, more).unwrap_or_else(|error| panic!("{verb} {target} {more}: {error:?}"))
    }

    pub fn fails(&self, verb: &str, target: &str, more: &Value) -> Error {
        match self.attempt(verb, target, more) {
            Ok(value) => panic!("{verb} {target} {more} gave {value}"),
            Err(error) => error,
        }
    }

    pub fn stage(&self, verb: &str, target: &str, more: &Value) -> Value {
        value(&self.session.stage(Some(verb), Some(target), &args(more)).unwrap())
    }

    pub fn commit(&self) {
        self.session.commit(&Args::new()).unwrap();
    }

    pub fn inspect(&self, what: &str) -> Value {
        value(&self.session.inspect(what, &Args::new()).unwrap())
    }

    /// The number of the last request so far.
    pub fn mark(&self) -> u64 {
        self.sandbox.ftrack_log(0, false).as_array().unwrap().last().map_or(0, |entry| entry["seq"].as_u64().unwrap())
    }

    /// The operations of each request to the API since then.
    pub fn sent(&self, since: u64) -> Vec<Value> {
        let log = self.sandbox.ftrack_log(since, false);
        log.as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["path"] == "/api")
            .map(|entry| entry["body"].clone())
            .collect()
    }

    /// The actions of each request since then.
    pub fn actions(&self, since: u64) -> Vec<Vec<String>> {
        let action = |operation: &Value| operation["action"].as_str().unwrap().to_owned();
        self.sent(since).iter().map(|body| body.as_array().unwrap().iter().map(action).collect()).collect()
    }
}

pub fn location(id: &str) -> String {
    format!("Location/{id}")
}

/// `Type/id` of an entity.
pub fn name(entity: &Value) -> String {
    format!("{}/{}", entity["__entity_type__"].as_str().unwrap(), entity["id"].as_str().unwrap())
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
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Answers<F>(F);

impl<F: Fn(&str, &Object, &mut Args) -> Status + Send + Sync> Provider for Answers<F> {
    fn call(&self, call: Tree, reply: &mut Args) -> Status {
        // As the C interface does around every function of the host.
        let _inside = HostCode::enter();
        let method = call.get("method").and_then(Tree::as_str).unwrap().to_owned();
        let arguments = call.get("arguments").and_then(Tree::as_object).unwrap().clone();
        (self.0)(&method, &arguments, reply)
    }
}

/// A provider by its method and arguments.
pub fn provider(answer: impl Fn(&str, &Object, &mut Args) -> Status + Send + Sync + 'static) -> Tree {
    Tree::Provider(Arc::new(Answers(answer)))
}
