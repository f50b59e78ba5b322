//! The ftrack back end (spec/ftrack.md, verbs.md "ftrack"): entities, unit of work, event hub, components.
//!
//! Everything goes over an HTTP session that this one is given: cookies, proxies, TLS, time-outs and streams are the same
//! there. What is known of the server's entities is in one store for the root and its children; its lock is held while it
//! is looked at or changed, never while something is waited for.

mod address;
mod commit;
pub mod hub;
pub mod query;
pub mod schema;
mod settings;
mod snapshot;
mod start;
pub mod store;
pub mod unit;
mod verbs;
mod wire;

use std::{path::PathBuf, sync::Arc, time::Instant};

use super::{Answer, Backend, Call};
use crate::{
    args::Args,
    engine::net::cancel::Cancel,
    error::{Error, Result},
    options::{self, scope},
    sys::{self, lock::Mutex},
    value::Tree,
};
use settings::{Flags, Login};
use start::Server;
use store::Store;
use wire::Wire;

/// Opens the HTTP session that carries everything.
pub type OpenWeb<'a> = &'a dyn Fn(&str, &Args) -> Result<Arc<dyn Backend>>;

/// What a root and its children share.
pub(self) struct Core {
    pub wire: Wire,
    pub server: Server,
    pub store: Mutex<Store>,
    /// Held through a whole commit: two never interleave.
    pub committing: Mutex<()>,
}

/// One ftrack session, or a child of one that is narrowed to an entity.
pub struct FtrackSession {
    core: Arc<Core>,
    /// The entity of a child, as the host wrote it.
    entity: Option<Box<str>>,
    flags: Mutex<Flags>,
}

impl FtrackSession {
    /// Opens a session: who the server is, whether the key is right, what types there are.
    ///
    /// # Errors
    /// `argument` for what is missing or wrong; `server`, `server_compatibility` and what goes wrong on the way.
    pub fn open(url: &str, args: &Args, web: OpenWeb<'_>) -> Result<FtrackSession> {
        options::check(args, scope::CREATE, "ftrack")?;
        let login = Login::read(url, args, &sys::environment::variable)?;
        let flags = Flags::default().with(args)?;
        let file = schema_file(&login, args)?;
        let wire = Wire { web: web(&login.server, &login.web(args))?, sorted: login.python };
        let server = start::start(&wire, &login.server, file, &Args::new(), &Arc::default())?;
        let store = Mutex::new(Store::new(Arc::clone(&server.schemas)));
        let core = Core { wire, server, store, committing: Mutex::default() };
        Ok(FtrackSession { core: Arc::new(core), entity: None, flags: Mutex::new(flags) })
    }

    /// The flags of one call.
    fn flags(&self, args: &Args) -> Result<Flags> {
        let own = *self.flags.lock();
        own.with(args)
    }
}

/// Where the schemas are kept; `None` when they are not.
fn schema_file(login: &Login, args: &Args) -> Result<Option<PathBuf>> {
    let directory = match args.get("schema_cache_path") {
        Some(Tree::Bool(false)) => return Ok(None),
        None | Some(Tree::Null | Tree::Bool(true)) => {
            let variable = |name: &str| sys::environment::variable(name).filter(|value| !value.is_empty());
            let cache = variable("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(variable("HOME")?).join(".cache")));
            match (variable("FTRACK_API_SCHEMA_CACHE_PATH"), cache) {
                (Some(directory), _) => PathBuf::from(directory),
                (None, Some(cache)) => cache.join("ftrack-python-api"),
                (None, None) => return Ok(None),
            }
        }
        Some(_) => match args.str("schema_cache_path")? {
            Some(directory) => PathBuf::from(directory),
            None => return Ok(None),
        },
    };
    Ok(Some(schema::cache::file(&directory, &login.server, login.python)))
}

impl Backend for FtrackSession {
    fn name(&self) -> &'static str {
        "ftrack"
    }

    fn url(&self) -> String {
        format!("ftrack+{}", self.core.wire.web.url())
    }

    fn request(&self, call: &Call<'_>) -> Result<Box<dyn Answer>> {
        verbs::request(self, call)
    }

    fn check(&self, call: &Call<'_>) -> Result<()> {
        verbs::stageable(call)
    }

    fn stage(&self, call: &Call<'_>) -> Option<Result<Box<dyn Answer>>> {
        Some(verbs::stage(self, call))
    }

    fn commit(&self, args: &Args, cancel: &Arc<Cancel>) -> Option<Result<Box<dyn Answer>>> {
        Some(commit::commit(&self.core, args, cancel))
    }

    fn rollback(&self) -> Option<usize> {
        Some(self.core.store.lock().rollback())
    }

    fn staged(&self) -> Option<Tree> {
        Some(snapshot::operations(&self.core.store.lock()))
    }

    fn configure(&self, args: &Args) -> Result<()> {
        let flags = self.flags(args)?;
        let mut web = Args::new();
        for (key, value) in args.root().iter() {
            if options::find(key, scope::CONFIGURE, "http").is_some() {
                web.set(key, value.clone());
            }
        }
        self.core.wire.web.configure(&web)?;
        *self.flags.lock() = flags;
        Ok(())
    }

    fn inspect(&self, what: &str, args: &Args) -> Result<Option<Tree>> {
        snapshot::inspect(self, what, args)
    }

    fn snapshots(&self) -> &'static [&'static str] {
        snapshot::NAMES
    }

    fn attach(&self, name: &str, args: &Args, _cancel: &Arc<Cancel>) -> Result<Arc<dyn Backend>> {
        let Some((kind, key)) = address::split(name) else {
            return Err(Error::option("name", format!("{name:?} is no entity; attach takes \"Type/key\"")));
        };
        let kind = self.core.server.schemas.find(kind)?;
        verbs::check_key(kind, &address::key(key))?;
        let flags = Mutex::new(self.flags(args)?);
        Ok(Arc::new(FtrackSession { core: Arc::clone(&self.core), entity: Some(name.into()), flags }))
    }

    fn close(&self, keep: bool, deadline: Instant) -> Result<()> {
        if self.entity.is_some() {
            return Ok(());
        }
        self.core.wire.web.close(keep, deadline)
    }

    fn abandon(&self) {
        if self.entity.is_none() {
            self.core.wire.web.abandon();
        }
    }
}
