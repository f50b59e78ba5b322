//! A server that speaks the ftrack protocol: `POST /api`, the event hub, and the storage of components. Its types and
//! first rows come from files; what it holds is in memory, and in a file when one is named.

mod action;
mod api;
mod control;
mod date;
mod disk;
mod fault;
mod gate;
mod hub;
mod python_text;
mod query;
mod refusal;
mod relation;
mod schema;
mod settings;
mod storage;
mod store;
mod view;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Mutex;

use serde_json::Value;

use crate::exchange::{Exchange, Next};
use crate::log::lock;
use action::Work;
use disk::{Disk, Files};
use fault::Faults;
use gate::Gate;
use hub::Hub;
use refusal::Refusal;
use schema::Schemas;
use settings::Settings;
use storage::Storage;
use store::Store;

pub use control::{apply, ask, log, serve as control};

/// The types that are there when no file is given.
const SCHEMAS: &str = include_str!("../../data/ftrack/schemas.json");
/// The rows that are there when no file is given.
const SEED: &str = include_str!("../../data/ftrack/seed.json");

/// How the ftrack server begins.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The types, as `query_schemas` gives them; those of section 12.2 if `None`.
    pub schemas: Option<PathBuf>,
    /// The first rows and the API key; those of section 12.2 if `None`.
    pub seed: Option<PathBuf>,
    /// The file that keeps what it holds; its rows come before those of the seed.
    pub data: Option<PathBuf>,
    /// Faults and settings, each as `/_ftrack` takes it.
    pub faults: Vec<String>,
}

/// The rows and types, under one lock: a request is one transaction.
#[derive(Clone)]
struct Data {
    schemas: Schemas,
    store: Store,
    /// Keys that were given to single users; the others have the common one.
    keys: HashMap<String, String>,
}

/// The server's whole state.
pub struct Ftrack {
    data: Mutex<Data>,
    settings: Mutex<Settings>,
    faults: Mutex<Faults>,
    /// Where the fault `hold` has requests wait.
    pub gate: Gate,
    storage: Storage,
    disk: Option<Disk>,
    hub: Hub,
    api_key: String,
    first: (Value, Value),
    /// As it was at the start, where that is nowhere on a disk: to begin anew is to copy it.
    fresh: Option<Data>,
    /// Where it is reached; known once its listener is bound.
    url: Mutex<String>,
    storage_url: Mutex<String>,
}

impl Ftrack {
    /// Reads types and rows.
    ///
    /// # Errors
    /// When a file cannot be read, or a row in it is refused.
    pub fn new(setup: &Setup) -> Result<Self, String> {
        let read = |path: &Option<PathBuf>, usual: &str| -> Result<Value, String> {
            let text = match path {
                Some(path) => std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?,
                None => usual.to_owned(),
            };
            serde_json::from_str(&text).map_err(|error| error.to_string())
        };
        let first = (read(&setup.schemas, SCHEMAS)?, read(&setup.seed, SEED)?);
        let api_key = first.1["api_key"].as_str().unwrap_or("secret-key").to_owned();
        let disk = setup.data.as_deref().map(Disk::open).transpose()?;
        let storage = disk.as_ref().map_or(Ok(Files::default()), Disk::files)?;
        let data = Data::begin(&first.0, &first.1, disk.as_ref())?;
        let server = Self {
            fresh: disk.is_none().then(|| data.clone()),
            data: Mutex::new(data),
            settings: Mutex::default(),
            faults: Mutex::default(),
            gate: Gate::default(),
            storage: Storage::restore(storage),
            disk,
            hub: Hub::default(),
            api_key,
            first,
            url: Mutex::default(),
            storage_url: Mutex::default(),
        };
        for fault in &setup.faults {
            control::apply(&server, &crate::request::Args(crate::request::parse_pairs(fault)))?;
        }
        Ok(server)
    }

    /// Tells where it is reached: itself, and the storage that uploads go to.
    pub fn reached_at(&self, url: &str, storage: &str) {
        url.clone_into(&mut lock(&self.url));
        storage.clone_into(&mut lock(&self.storage_url));
    }

    /// The common API key.
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// Types and rows as at the start, no faults, the usual settings. Connections stay.
    fn reset(&self) -> Result<(), String> {
        let mut data = lock(&self.data);
        if let Some(disk) = &self.disk {
            disk.clear()?;
        }
        *data = match &self.fresh {
            Some(fresh) => fresh.clone(),
            None => Data::begin(&self.first.0, &self.first.1, self.disk.as_ref())?,
        };
        drop(data);
        *lock(&self.settings) = Settings::default();
        *lock(&self.faults) = Faults::default();
        self.storage.clear();
        Ok(())
    }

    /// Writes down what a request has done, before it is final.
    fn save(&self, store: &Store, keys: &[(String, String)]) -> Result<(), Refusal> {
        let Some(disk) = &self.disk else { return Ok(()) };
        disk.save(store, &store.touched(), keys).map_err(|why| Refusal::new("IntegrityError", why))
    }

    /// Writes down the bytes of a component as they are now.
    fn keep_file(&self, id: &str) {
        let Some(disk) = &self.disk else { return };
        if let Err(why) = self.storage.look(id, |bytes| disk.keep(id, bytes)) {
            eprintln!("haft-sandbox: {why}");
        }
    }

    /// The id of the user of these credentials.
    fn user_of(&self, username: &str, key: &str) -> Option<String> {
        let data = lock(&self.data);
        let user = data.store.by_column("Resource", "username", username).into_iter().next()?;
        let expected = data.keys.get(user.text("id")?).map_or(self.api_key.as_str(), String::as_str);
        (key == expected).then(|| user.text("id").map(str::to_owned)).flatten()
    }
}

impl Data {
    fn begin(schemas: &Value, seed: &Value, disk: Option<&Disk>) -> Result<Self, String> {
        let schemas = Schemas::read(schemas.clone())?;
        if let Some((store, keys)) = disk.map(|disk| disk.load(&schemas)).transpose()?.flatten() {
            return Ok(Self { schemas, store, keys });
        }
        let mut store = Store::default();
        let rows = seed["rows"].as_array().or(seed.as_array()).ok_or("the seed had no rows")?;
        let mut work = Work::new(&schemas, &mut store, "", None);
        for (at, row) in rows.iter().enumerate() {
            let entity_type = row["__entity_type__"].as_str().unwrap_or_default();
            let Some(values) = row.as_object() else { return Err(format!("row {at} of the seed was no object")) };
            work.create(entity_type, &Value::Null, values)
                .map_err(|why| format!("row {at} of the seed: {}", why.content))?;
        }
        work.check().map_err(|why| format!("the seed: {}", why.content))?;
        if let Some(disk) = disk {
            disk.save(&store, &store.touched(), &[])?;
        }
        store.commit();
        Ok(Self { schemas, store, keys: HashMap::new() })
    }
}

/// Whether a path is the ftrack server's.
pub fn owns(words: &[&str]) -> bool {
    matches!(words, ["api"] | ["socket.io", ..] | ["component", ..] | ["widget", ..] | ["img", ..] | ["storage", ..])
}

/// Answers one request.
pub async fn serve(ex: &mut Exchange<'_>, server: &Ftrack, words: &[&str]) -> io::Result<Next> {
    match words {
        ["api"] => api::serve(ex, server).await,
        ["socket.io", rest @ ..] => hub::serve(ex, server, rest).await,
        ["widget", ..] => ex.send(crate::exchange::Reply::text("a widget\n")).await,
        _ => storage::serve(ex, server, words).await,
    }
}
