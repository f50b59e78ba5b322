//! The Mesh back end (spec/mesh.md, verbs.md "Mesh"): a private workspace on the server whose changes others see at commit,
//! objects and attributes by path, time series in columns.
//!
//! Everything goes over an HTTP session that this one is given: TLS, proxies, time-outs and HTTP/2 are the same there.
//! Messages are written and read by tables ([`schema`], [`form`]); most verbs are one call of the server ([`verbs`]).

pub mod form;
mod handshake;
mod login;
pub mod points;
mod refusal;
pub mod schema;
mod settings;
mod snapshot;
mod staged;
mod start;
mod terms;
mod verbs;
mod watch;
mod wire;
mod workspace;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Answer, Backend, Call, Feed, Lent, Pending, Sink, Teller};
use crate::{
    args::Args,
    clock,
    engine::{errands, net::cancel::Cancel, reactor::vigil::Vigil},
    error::{Error, Outcome, Result, code},
    options::{self, scope},
    sys::lock::Mutex,
    value::Tree,
};
use form::Guid;
use login::Login;
use settings::Place;
use staged::Staged;
use terms::{Task, Terms, Usual};
use wire::Wire;
use workspace::{Farewells, Workspace};

/// Opens the HTTP session that carries everything.
pub type OpenWeb<'a> = &'a dyn Fn(&str, &Args) -> Result<Arc<dyn Backend>>;

/// What the sessions of one connection share.
pub(self) struct Core {
    pub wire: Wire,
    /// Name and version of the server.
    pub server: Tree,
    pub lent: Lent,
    /// The model that relative paths begin in.
    pub model: Option<Box<str>>,
    /// Sessions that still have to be ended when their handles are gone.
    pub farewells: Farewells,
    /// The time of calls that say nothing themselves.
    pub usual: Mutex<Usual>,
}

impl Core {
    /// Sends one message and waits for its one answer on the reactor; all of it within `limit`.
    ///
    /// # Errors
    /// What the server refused, what went wrong on the way, `cancelled`.
    async fn ask(
        self: &Arc<Core>,
        path: &'static str,
        message: &[u8],
        limit: Duration,
        vigil: &mut Vigil,
    ) -> Result<Vec<u8>> {
        let terms = Terms::within(limit, vigil.cancel());
        let mut again = true;
        loop {
            let token = match self.wire.login.known() {
                Some(token) => token,
                None => {
                    let (core, terms) = (Arc::clone(self), terms.clone());
                    errands::fetch(&self.lent.worker, vigil, move || core.wire.login.current(&core.wire, &terms))
                        .await??
                }
            };
            let order = self.wire.order(message, &terms, token.as_ref(), false)?;
            let pending = self.wire.web.begin(&wire::post(path, &order, vigil.cancel()))?;
            let pending = pending.ok_or_else(|| Error::new(&code::UNSUPPORTED, "the connection serves no reactor"))?;
            let answer = (pending.await)().map_err(refusal::on_the_way);
            match answer.and_then(|answer| wire::single(wire::all(&*answer, self.wire.most)?)) {
                Err(error) if again && refusal::wants_token(&error) && self.wire.login.refused(token.as_ref()) => {
                    again = false
                }
                done => return done,
            }
        }
    }
}

/// One session on the server.
pub struct MeshSession {
    core: Arc<Core>,
    workspace: Arc<Workspace>,
    staged: Mutex<Staged>,
    /// Held by a commit: what is staged is sent once.
    committing: Mutex<()>,
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
        let login = Login::read(args, place.secure, &lent.worker)?;
        let joins = args.str("session_id")?.map(session_id).transpose()?;
        let model = args.str("model")?.map(settings::model).transpose()?;
        let lazy = args.bool("lazy")?.unwrap_or(false);
        let longest = settings::keepalive(args)?.unwrap_or(Some(settings::LONGEST));
        let usual = Usual::default().read(args)?;
        let terms = Terms::read(args, usual, &Arc::default())?;
        let wire = Wire { web: web(&place.url, &place.web(args)?)?, login, most: place.most };
        let server = handshake::greet(&wire, &terms)?;
        let core =
            Arc::new(Core { wire, server, lent, model, farewells: Farewells::default(), usual: Mutex::new(usual) });
        let session = MeshSession::of(core, longest, true);
        match joins {
            Some(id) => session.workspace.join(&session.core, id, &terms)?,
            None if lazy => {}
            None => drop(session.workspace.id(&session.core, &terms)?),
        }
        Ok(session)
    }

    fn of(core: Arc<Core>, longest: Option<Duration>, root: bool) -> MeshSession {
        let workspace = Arc::new(Workspace::new(longest, root));
        MeshSession { core, workspace, staged: Mutex::default(), committing: Mutex::default(), root }
    }

    /// The id of the session, which is opened when there is none yet.
    ///
    /// # Errors
    /// What the server refused.
    fn id(&self, task: &Task<'_>) -> Result<Guid> {
        // Nothing of what was asked for was sent, however the opening went.
        self.workspace.id(&self.core, task.terms).map_err(|error| error.outcome(Outcome::NotSent))
    }

    /// What counts for a call that begins now.
    fn terms(&self, args: &Args, cancel: &Arc<Cancel>) -> Result<Terms> {
        let usual = *self.core.usual.lock();
        Terms::read(args, usual, cancel).map_err(|error| error.outcome(Outcome::NotSent))
    }

    /// Does something with a call that begins now, and whose target is a whole path.
    fn placed<T>(&self, call: &Call<'_>, work: impl FnOnce(&Task<'_>) -> Result<T>) -> Result<T> {
        let terms = self.terms(call.args, call.cancel)?;
        let task = Task { verb: call.verb, target: call.target, args: call.args, terms: &terms };
        let Some(model) = self.core.model.as_deref() else { return work(&task) };
        let verb = call.verb.unwrap_or_default();
        let (target, args) = (start::place(model, verb, call.target), start::place_args(model, verb, call.args));
        work(&Task { target: target.as_deref(), args: &args, ..task })
    }

    /// The server has answered a call that names the session.
    fn used(&self, named: bool) {
        if named {
            self.workspace.was_used(clock::now());
        }
    }
}

fn session_id(text: &str) -> Result<Guid> {
    Guid::parse(text).ok_or_else(|| {
        Error::option(
            "session_id",
            format!("{text:?} was no session's id; 00112233-4455-6677-8899-aabbccddeeff is one"),
        )
    })
}

impl Backend for MeshSession {
    fn name(&self) -> &'static str {
        "mesh"
    }

    fn url(&self) -> String {
        format!("mesh+{}", self.core.wire.web.url())
    }

    fn request(&self, call: &Call<'_>) -> Result<Box<dyn Answer>> {
        self.placed(call, |task| verbs::direct(self, task))
    }

    fn begin(&self, call: &Call<'_>) -> Result<Option<Pending>> {
        self.placed(call, |task| verbs::begin(self, task))
    }

    fn check(&self, call: &Call<'_>) -> Result<()> {
        verbs::stageable(call.verb)
    }

    fn stage(&self, call: &Call<'_>) -> Option<Result<Box<dyn Answer>>> {
        Some(self.placed(call, |task| staged::stage(self, task)))
    }

    fn commit(&self, args: &Args, cancel: &Arc<Cancel>) -> Option<Result<Box<dyn Answer>>> {
        Some(self.terms(args, cancel).and_then(|terms| staged::commit(self, &terms)))
    }

    fn rollback(&self) -> Option<usize> {
        let forgotten = self.staged.lock().forget();
        Some(forgotten.len())
    }

    fn undo(&self, args: &Args, cancel: &Arc<Cancel>) -> Result<()> {
        staged::undo(self, &self.terms(args, cancel)?)
    }

    fn staged(&self) -> Option<Tree> {
        Some(self.staged.lock().show())
    }

    fn configure(&self, args: &Args) -> Result<()> {
        let swap = self.core.wire.login.read_swap(args)?;
        let longest = settings::keepalive(args)?;
        let mut web = Args::new();
        for (key, value) in args.root().iter() {
            if !settings::WHOLE_CALL.contains(&key) && options::find(key, scope::CONFIGURE, "http").is_some() {
                web.set(key, value.clone());
            }
        }
        if let Some(phases) = terms::phases(args) {
            web.set("timeouts", phases);
        }
        let usual = *self.core.usual.lock();
        let usual = usual.read(args)?;
        self.core.wire.web.configure(&web)?;
        *self.core.usual.lock() = usual;
        if let Some(swap) = swap {
            self.core.wire.login.swap(swap);
        }
        if let Some(longest) = longest {
            self.workspace.set_longest(&self.core, longest);
        }
        Ok(())
    }

    fn inspect(&self, what: &str, args: &Args) -> Result<Option<Tree>> {
        snapshot::inspect(self, what, args)
    }

    fn snapshots(&self) -> &'static [&'static str] {
        snapshot::NAMES
    }

    fn attach(&self, name: &str, args: &Args, cancel: &Arc<Cancel>) -> Result<Arc<dyn Backend>> {
        let longest = settings::keepalive(args)?.unwrap_or(self.workspace.longest());
        let terms = self.terms(args, cancel)?;
        let child = MeshSession::of(Arc::clone(&self.core), longest, false);
        match name.split_once(':') {
            None if name == "session" => drop(child.workspace.id(&child.core, &terms)?),
            Some(("session", id)) => child.workspace.join(&child.core, session_id(id)?, &terms)?,
            _ => {
                return Err(Error::option(
                    "name",
                    format!("{name:?} is no session; attach takes \"session\" or \"session:ID\""),
                ));
            }
        }
        Ok(Arc::new(child))
    }

    fn subscribe(&self, topic: &str, args: &Args, sink: Arc<dyn Sink>) -> Result<Option<Feed>> {
        watch::subscribe(self, topic, args, sink)
    }

    fn topics(&self) -> &'static [&'static str] {
        &["series:PATH"]
    }

    fn start(&self, teller: Arc<dyn Teller>) {
        self.workspace.start(&self.core, teller);
    }

    fn keeps(&self) -> bool {
        self.workspace.keeps()
    }

    fn close(&self, keep: bool, deadline: Instant) -> Result<()> {
        let left = self.workspace.leave(&self.core.wire, keep, deadline);
        if !self.root {
            return left;
        }
        left.and(self.core.wire.web.close(keep, deadline))
    }

    fn abandon(&self) {
        self.core.farewells.abandoned(&self.core, &self.workspace);
    }
}
