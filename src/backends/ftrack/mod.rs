//! The ftrack back end (spec/ftrack.md, verbs.md "ftrack"): entities, unit of work, event hub, components.
//!
//! Everything goes over an HTTP session that this one is given: cookies, proxies, TLS, time-outs and streams are the same
//! there. What is known of the server's entities is in one store for the root and its children; its lock is held while it
//! is looked at or changed, never while something is waited for.

pub mod accessors;
mod address;
mod ahead;
mod cache;
mod commit;
pub mod components;
mod doubt;
pub mod hub;
mod journal;
pub mod locations;
mod plugins;
pub mod query;
pub mod schema;
mod settings;
mod snapshot;
mod start;
pub mod store;
pub mod structures;
mod submitted;
mod transfer;
pub mod unit;
mod verbs;
mod way;
mod wire;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use super::{Answer, Backend, Call, Feed, Lent, Pending, PlugIns, Sink, Staging, Teller};
use crate::{
    args::Args,
    engine::{net::cancel::Cancel, turn::Turn},
    error::{Error, Result},
    log,
    options::{self, scope},
    sys::{
        self,
        atomic::{AtomicU64, Ordering},
        lock::Mutex,
    },
    value::Tree,
};
use cache::Cache;
use hub::Hub;
use journal::Journal;
use locations::{Kit, Locations};
use plugins::Plugins;
use settings::{Flags, HubSettings, Login};
use start::Server;
use store::Store;
use transfer::Storage;
use way::{Way, now};
use wire::Wire;

/// Opens the HTTP session that carries everything.
pub type OpenWeb<'a> = &'a dyn Fn(&str, &Args) -> Result<Arc<dyn Backend>>;

/// What a root and its children share.
pub(self) struct Core {
    pub wire: Wire,
    /// The way to the bytes of components.
    pub storage: Storage,
    /// Who is logged in, and with which key.
    pub login: Login,
    pub server: Server,
    pub store: Mutex<Store>,
    pub hub: Arc<Hub>,
    /// The hub is connected as soon as the handle exists.
    auto_connect: bool,
    /// The storages that can be used.
    pub locations: Mutex<Locations>,
    /// What they are made of, and what the host told of them.
    pub kit: Mutex<Arc<Kit>>,
    /// How many bytes of a file are moved at once.
    pub chunk_bytes: usize,
    /// Held through a whole commit: two never interleave.
    pub committing: Arc<Turn>,
    /// Held by submitted calls that stage, commit and roll back, from first to last: they are done in the order in which
    /// they were submitted. The worker never waits for `committing` while somebody else has this one.
    pub lane: Arc<Turn>,
    /// How many batches were sent: what was asked for before the last is older than what is known.
    commits: AtomicU64,
    pub lent: Lent,
    /// The layers below the store.
    pub cache: Mutex<Arc<Cache>>,
    /// Forgets what others change, when that is wanted.
    follower: Mutex<Option<Feed>>,
    /// What is staged, in a file.
    journal: Option<Journal>,
    plugins: Mutex<Option<Plugins>>,
}

impl Core {
    /// How many batches were sent.
    fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    /// Another one was.
    fn committed(&self) {
        self.commits.fetch_add(1, Ordering::AcqRel);
    }

    /// Tells the layers below the store what is new. Called when a call is done, with no lock held.
    fn settle(&self) {
        self.layers().tell(&self.store);
    }

    /// The layers below the store; their lock is free again: they may be the host's code.
    fn layers(&self) -> Arc<Cache> {
        let cache = self.cache.lock();
        Arc::clone(&cache)
    }

    /// Writes down what was staged or is no more.
    fn follow(&self) -> Result<()> {
        self.journal.as_ref().map_or(Ok(()), |journal| journal.follow(&self.store))
    }

    /// The same where something else has to be told.
    fn follow_if_possible(&self) {
        if let Err(error) = self.follow() {
            log::warn(c"ftrack", || format!("the journal could not be written: {}", error.message()));
        }
    }
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
    pub fn open(url: &str, args: &Args, lent: Lent, web: OpenWeb<'_>) -> Result<FtrackSession> {
        options::check(args, scope::CREATE, "ftrack")?;
        let login = Login::read(url, args, &sys::environment::variable)?;
        let flags = Flags::default().with(args)?;
        let file = schema_file(&login, args)?;
        let told = HubSettings::read(args)?;
        let token = if told.follows { Some(format!("haft--{}", store::uuid()?)) } else { None };
        let edit = schema::edit::provider(args)?;
        let wire = Wire { web: web(&login.server, &login.web(args, token.as_deref()))?, sorted: login.python };
        let server = start::start(&wire, &login.server, file, edit.as_deref(), &Arc::default())?;
        let terms = hub::Terms {
            user: login.user.as_str().into(),
            machine: sys::environment::machine().into(),
            server: login.server.as_str().into(),
            python: login.python,
            again: told.again,
        };
        let hub = Hub::new(terms, Arc::clone(&wire.web), lent.clone())?;
        let mut store = Store::new(Arc::clone(&server.schemas));
        let cache = Cache::open(args)?;
        store.as_python(login.python);
        store.watch(!cache.is_empty());
        store.bound(most(args)?);
        let journal = match args.str("journal")? {
            Some(file) => Some(Journal::open(Path::new(file), &login.server, &login.user)?),
            None => None,
        };
        let core = Arc::new(Core {
            storage: Storage::open(&login, args, web)?,
            wire,
            login,
            locations: Mutex::default(),
            kit: Mutex::default(),
            chunk_bytes: chunk_bytes(&sys::environment::variable)?,
            server,
            store: Mutex::new(store),
            committing: Arc::default(),
            lane: Arc::default(),
            commits: AtomicU64::default(),
            lent,
            hub,
            auto_connect: told.auto_connect,
            cache: Mutex::new(Arc::new(cache)),
            follower: Mutex::default(),
            journal,
            plugins: Mutex::new(Plugins::read(args, &sys::environment::variable)?),
        });
        locations::make(&core, Kit::default().with(args)?.unwrap_or_default(), false)?.install(&core);
        if let Some(journal) = &core.journal {
            journal.replay(&core)?;
        }
        if let Some(token) = token {
            *core.follower.lock() = Some(cache::follower::follow(&core, &token)?);
        }
        Ok(FtrackSession { core, entity: None, flags: Mutex::new(flags) })
    }

    /// The flags of one call.
    fn flags(&self, args: &Args) -> Result<Flags> {
        let own = *self.flags.lock();
        own.with(args)
    }
}

/// What a call does, whoever waits for it.
impl FtrackSession {
    /// Does a verb.
    async fn perform(&self, way: &Way<'_>) -> Result<Box<dyn Answer>> {
        let done = verbs::request(self, way).await;
        self.core.settle();
        if verbs::changes_the_list(way, self.core.login.python) {
            self.core.follow()?;
        }
        done
    }

    /// Stages a verb.
    async fn list(&self, way: &Way<'_>) -> Result<Box<dyn Answer>> {
        let done = verbs::stage(self, way).await;
        self.core.settle();
        self.core.follow().and(done)
    }

    /// Commits what is staged.
    async fn send(&self, way: &Way<'_>) -> Result<Box<dyn Answer>> {
        let done = commit::commit(&self.core, way).await;
        self.core.settle();
        // The server has applied it: that is what the host has to hear.
        self.core.follow_if_possible();
        done
    }

    /// Forgets what is staged.
    fn forget(&self) -> usize {
        let count = self.core.store.lock().rollback();
        self.core.settle();
        self.core.follow_if_possible();
        count
    }
}

/// How many entities keep their attributes in memory.
fn most(args: &Args) -> Result<Option<usize>> {
    let wrong = || Error::option("cache_max", "cache_max was not a positive number");
    let most = args.int("cache_max")?;
    most.map(|most| usize::try_from(most).ok().filter(|most| *most > 0).ok_or_else(wrong)).transpose()
}

/// How many bytes of a file are moved at once.
fn chunk_bytes(variable: &dyn Fn(&str) -> Option<String>) -> Result<usize> {
    const NAME: &str = "FTRACK_API_FILE_CHUNK_SIZE";
    let Some(text) = variable(NAME).filter(|text| !text.trim().is_empty()) else { return Ok(1 << 20) };
    let wrong = || Error::option(NAME, format!("{NAME} was {text:?} and not a number of bytes"));
    text.trim().parse().ok().filter(|bytes| (1..=1usize << 30).contains(bytes)).ok_or_else(wrong)
}

/// Where the schemas are kept; `None` when they are not.
fn schema_file(login: &Login, args: &Args) -> Result<Option<PathBuf>> {
    let directory = match args.get("schema_cache_path") {
        Some(Tree::Bool(false)) => return Ok(None),
        None | Some(Tree::Null | Tree::Bool(true)) => {
            let variable = |name: &str| sys::environment::variable(name).filter(|value| !value.is_empty());
            let cache = variable("XDG_CACHE_HOME")
                .map(PathBuf::from)
                .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".cache")));
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

    fn plug_ins(&self) -> Option<PlugIns> {
        let plugins = self.core.plugins.lock().take();
        plugins.map(Plugins::find)
    }

    fn request(&self, call: &Call<'_>) -> Result<Box<dyn Answer>> {
        now(self.perform(&Way::here(call)))
    }

    fn begin(&self, call: &Call<'_>) -> Result<Option<Pending>> {
        submitted::begin(self, call)
    }

    fn begin_staging(&self, staging: Staging, call: &Call<'_>) -> Result<Option<Pending>> {
        submitted::begin_staging(self, staging, call)
    }

    fn check(&self, call: &Call<'_>) -> Result<()> {
        verbs::stageable(call)
    }

    fn stage(&self, call: &Call<'_>) -> Option<Result<Box<dyn Answer>>> {
        Some(now(self.list(&Way::here(call))))
    }

    fn commit(&self, args: &Args, cancel: &Arc<Cancel>) -> Option<Result<Box<dyn Answer>>> {
        let call = Call { verb: None, target: None, args, cancel, progress: None };
        Some(now(self.send(&Way::here(&call))))
    }

    fn rollback(&self) -> Option<usize> {
        Some(self.forget())
    }

    fn keeps_staged(&self) -> bool {
        self.core.journal.is_some()
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
        let most = most(args)?;
        let cache = if args.get("cache").is_some() || args.get("cache_key_maker").is_some() {
            Some(Cache::open(args)?)
        } else {
            None
        };
        let kit = Arc::clone(&self.core.kit.lock()).with(args)?;
        // What can fail comes first: a mistake changes nothing.
        let locations = kit.map(|kit| locations::make(&self.core, kit, true)).transpose()?;
        self.core.wire.web.configure(&web)?;
        self.core.storage.configure(&web)?;
        if let Some(locations) = locations {
            locations.install(&self.core);
        }
        *self.flags.lock() = flags;
        if args.get("cache_max").is_some() {
            self.core.store.lock().bound(most);
        }
        if let Some(cache) = cache {
            self.core.store.lock().watch(!cache.is_empty());
            // The old one is let go of with no lock held: it may be the host's.
            let old = {
                let mut kept = self.core.cache.lock();
                std::mem::replace(&mut *kept, Arc::new(cache))
            };
            drop(old);
        }
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
        let left = self.core.hub.close(deadline);
        let storage = self.core.storage.close(deadline);
        left.and(self.core.wire.web.close(keep, deadline)).and(storage)
    }

    fn start(&self, teller: Arc<dyn Teller>) {
        if self.entity.is_some() {
            return;
        }
        self.core.hub.start(teller);
        if self.core.auto_connect
            && let Err(error) = self.core.hub.connect_in_background()
        {
            log::warn(c"ftrack", || format!("the event hub could not be connected: {error}"));
        }
    }

    /// Every topic is an expression.
    fn subscribe(&self, topic: &str, args: &Args, sink: Arc<dyn Sink>) -> Result<Option<Feed>> {
        Hub::subscribe(&self.core.hub, topic, args, sink).map(Some)
    }

    fn topics(&self) -> &'static [&'static str] {
        &["topic=ftrack.update"]
    }

    fn abandon(&self) {
        if self.entity.is_none() {
            self.core.hub.abandon();
            self.core.wire.web.abandon();
            self.core.storage.abandon();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_chunks_comes_from_the_environment() {
        let read = |text: Option<&str>| chunk_bytes(&|_| text.map(str::to_owned));
        for (text, bytes) in [(None, 1 << 20), (Some(""), 1 << 20), (Some(" 4096 "), 4096), (Some("1"), 1)] {
            assert_eq!(read(text).unwrap(), bytes, "{text:?}");
        }
        for wrong in ["0", "-1", "1MB", "1.5", "99999999999"] {
            assert_eq!(read(Some(wrong)).unwrap_err().code(), "argument", "{wrong}");
        }
    }
}
