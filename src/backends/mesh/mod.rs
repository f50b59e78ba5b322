//! The Mesh back end (spec/mesh.md, verbs.md "Mesh"): a private workspace on the server whose changes others see at commit,
//! objects and attributes by path, time series in columns.
//!
//! Everything goes over an HTTP session that this one is given: TLS, proxies, time-outs and HTTP/2 are the same there.
//! Messages are written and read by tables ([`schema`], [`form`]); most verbs are one call of the server ([`verbs`]).

pub mod form;
mod handshake;
pub mod points;
mod refusal;
pub mod schema;
mod settings;
mod snapshot;
mod staged;
mod token;
mod verbs;
mod wire;
mod workspace;

use std::{sync::Arc, time::Instant};

use super::{Answer, Backend, Call, Lent, Pending};
use crate::{
    args::Args,
    engine::net::cancel::Cancel,
    error::{Error, Result},
    options::{self, scope},
    sys::lock::Mutex,
    value::Tree,
};
use form::Guid;
use settings::Place;
use staged::Staged;
use token::Token;
use wire::Wire;
use workspace::Workspace;

/// Opens the HTTP session that carries everything.
pub type OpenWeb<'a> = &'a dyn Fn(&str, &Args) -> Result<Arc<dyn Backend>>;

/// What the sessions of one connection share.
pub(self) struct Core {
    pub wire: Wire,
    /// Name and version of the server.
    pub server: Tree,
    pub lent: Lent,
}

/// One session on the server.
pub struct MeshSession {
    core: Arc<Core>,
    workspace: Workspace,
    staged: Mutex<Staged>,
    /// It carries the connection, and takes it with it.
    root: bool,
}

impl MeshSession {
    /// Opens a session: a server that is new enough, and a workspace on it or the one that `session_id` names.
    ///
    /// # Errors
    /// `argument` for what is missing or wrong; `version_too_old`, `session_lost` and what goes wrong on the way.
    pub fn open(url: &str, args: &Args, lent: Lent, web: OpenWeb<'_>) -> Result<MeshSession> {
        options::check(args, scope::CREATE, "mesh")?;
        let place = Place::read(url, args)?;
        let token = Token::read(args, place.secure)?;
        let wire = Wire { web: web(&place.url, &place.web(args)?)?, token, most: place.most };
        let cancel = Arc::<Cancel>::default();
        let server = handshake::greet(&wire, &cancel)?;
        let core = Arc::new(Core { wire, server, lent });
        let session = MeshSession { core, workspace: Workspace::default(), staged: Mutex::default(), root: true };
        match args.str("session_id")? {
            Some(text) => session.workspace.join(&session.core.wire, session_id(text)?, &cancel)?,
            None if args.bool("lazy")?.unwrap_or(false) => {}
            None => drop(session.workspace.id(&session.core.wire, &cancel)?),
        }
        Ok(session)
    }
}

fn session_id(text: &str) -> Result<Guid> {
    Guid::parse(text).ok_or_else(|| Error::option("session_id", format!("{text:?} was no session's id; 00112233-4455-6677-8899-aabbccddeeff is one")))
}

impl Backend for MeshSession {
    fn name(&self) -> &'static str {
        "mesh"
    }

    fn url(&self) -> String {
        format!("mesh+{}", self.core.wire.web.url())
    }

    fn request(&self, call: &Call<'_>) -> Result<Box<dyn Answer>> {
        verbs::request(self, call)
    }

    fn begin(&self, call: &Call<'_>) -> Result<Option<Pending>> {
        verbs::begin(self, call)
    }

    fn check(&self, call: &Call<'_>) -> Result<()> {
        verbs::stageable(call)
    }

    fn stage(&self, call: &Call<'_>) -> Option<Result<Box<dyn Answer>>> {
        Some(staged::stage(self, call))
    }

    fn commit(&self, args: &Args, cancel: &Arc<Cancel>) -> Option<Result<Box<dyn Answer>>> {
        Some(staged::commit(self, args, cancel))
    }

    fn rollback(&self) -> Option<usize> {
        let staged = std::mem::take(&mut *self.staged.lock());
        Some(staged.len())
    }

    fn undo(&self, args: &Args, cancel: &Arc<Cancel>) -> Result<()> {
        self.workspace.rollback(&self.core.wire, args, cancel)
    }

    fn staged(&self) -> Option<Tree> {
        Some(self.staged.lock().show())
    }

    fn configure(&self, args: &Args) -> Result<()> {
        let mut web = Args::new();
        for (key, value) in args.root().iter() {
            if options::find(key, scope::CONFIGURE, "http").is_some() {
                web.set(key, value.clone());
            }
        }
        self.core.wire.web.configure(&web)
    }

    fn inspect(&self, what: &str, args: &Args) -> Result<Option<Tree>> {
        snapshot::inspect(self, what, args)
    }

    fn snapshots(&self) -> &'static [&'static str] {
        snapshot::NAMES
    }

    fn attach(&self, name: &str, _args: &Args, cancel: &Arc<Cancel>) -> Result<Arc<dyn Backend>> {
        let child = MeshSession { core: Arc::clone(&self.core), workspace: Workspace::default(), staged: Mutex::default(), root: false };
        match name.split_once(':') {
            None if name == "session" => drop(child.workspace.id(&child.core.wire, cancel)?),
            Some(("session", id)) => child.workspace.join(&child.core.wire, session_id(id)?, cancel)?,
            _ => return Err(Error::option("name", format!("{name:?} is no session; attach takes \"session\" or \"session:ID\""))),
        }
        Ok(Arc::new(child))
    }

    fn close(&self, keep: bool, deadline: Instant) -> Result<()> {
        let left = self.workspace.leave(&self.core.wire, keep, deadline);
        if !self.root {
            return left;
        }
        left.and(self.core.wire.web.close(keep, deadline))
    }

    fn abandon(&self) {
        if self.root {
            self.core.wire.web.abandon();
        }
    }
}
