//! The Janus back end (spec/janus.md, verbs.md "Janus"): sessions and plugin handles on a Janus WebRTC server, by WebSocket,
//! HTTP or Unix socket.
//!
//! | module | what |
//! |---|---|
//! | `settings`, `place` | what the host says |
//! | `carrier` | how messages reach the server |
//! | `line` | one connection with all the sessions on it |
//! | `session`, `handle` | what lives on the server |
//! | `transactions`, `envelope`, `answer`, `refusal` | the protocol without IO |
//! | `media` | files and frames over WebRTC |
//! | `topics` | who hears what |
//! | `calls`, `raw` | what hosts ask for |
//! | `admin` | the server's other interface |
//!
//! `attach("session")` shares the line; sessions of separate creates do not (docs/decisions/janus-lines.md).

mod admin;
mod answer;
mod calls;
pub mod carrier;
pub mod envelope;
mod handle;
mod line;
mod media;
mod place;
pub mod plugins;
mod raw;
mod refusal;
mod session;
mod settings;
mod snapshot;
mod topics;
pub mod transactions;
mod verbs;

use std::{sync::Arc, time::Instant};

use super::{Answer, Backend, Call, Feed, Lent, Pending, Sink, Teller};
use crate::{
    args::Args,
    engine::net::cancel::Cancel,
    error::{Error, Result},
    options::{self, scope},
    value::Tree,
};
use admin::JanusAdmin;
use carrier::{Api, Carrier, http::HttpCarrier, unix::UnixCarrier, websocket::WebSocketCarrier};
use handle::{Handle, JanusHandle, Wish};
use line::Line;
use place::{Place, Transport};
use session::Session;
use settings::{Current, Start, Terms};
use topics::Topics;

/// Opens the HTTP session that carries WebSockets and requests.
pub type OpenWeb<'a> = &'a dyn Fn(&str, &Args) -> Result<Arc<dyn Backend>>;

/// The topics of a session.
const TOPICS: &[&str] = &["*", "timeout"];

/// A handle of the host on a session.
pub struct JanusSession {
    session: Arc<Session>,
}

impl JanusSession {
    /// Opens a session: a connection and a session on the server, made or claimed; with `lazy` nothing yet.
    ///
    /// # Errors
    /// `argument` for what is missing or wrong; what goes wrong on the way; what the server refuses.
    pub fn open(url: &str, args: &Args, lent: Lent, web: OpenWeb<'_>) -> Result<JanusSession> {
        options::check(args, scope::CREATE, "janus")?;
        let start = Start::read(url, args)?;
        let terms = Terms::default().with(args)?;
        // Also below a Unix socket: its admin interface may be elsewhere.
        let web = web("http:", &settings::web(args, &terms))?;
        let now = Current::new(terms);
        let carriers = carriers(&start.places, Api::Janus, &web, &now, &lent);
        let line = Line::new(carriers, Some(web), now, lent)?;
        let opened = JanusSession { session: Session::new(&line, start.origin) };
        if !start.lazy {
            let cancel = Cancel::default();
            let deadline = calls::deadline(&line, args)?;
            if let Err(error) = opened.session.opened(&cancel, deadline) {
                opened.session.abandon();
                return Err(error);
            }
        }
        Ok(opened)
    }

    fn child(&self, args: &Args, cancel: &Cancel) -> Result<Arc<dyn Backend>> {
        let (origin, deadline) = (settings::origin(args)?, calls::deadline(&self.session.line, args)?);
        let child = JanusSession { session: Session::new(&self.session.line, origin) };
        match child.session.opened(cancel, deadline) {
            Ok(_) => Ok(Arc::new(child)),
            Err(error) => {
                child.session.abandon();
                Err(error)
            }
        }
    }
}

/// The ways to these places.
fn carriers(
    places: &[Place],
    api: Api,
    web: &Arc<dyn Backend>,
    now: &Arc<Current>,
    lent: &Lent,
) -> Vec<Arc<dyn Carrier>> {
    let carrier = |place: &Place| -> Arc<dyn Carrier> {
        let (address, shown, web) = (place.address.clone(), place.shown.clone(), Arc::clone(web));
        let (lent, terms) = (lent.clone(), Arc::clone(now));
        match place.transport {
            Transport::WebSocket => Arc::new(WebSocketCarrier { api, address, shown, web, lent, terms }),
            Transport::Http => Arc::new(HttpCarrier { api, address, shown, web, lent, terms }),
            Transport::Unix => Arc::new(UnixCarrier { path: address.into(), shown }),
        }
    };
    places.iter().map(carrier).collect()
}

impl Backend for JanusSession {
    fn name(&self) -> &'static str {
        "janus"
    }

    fn url(&self) -> String {
        self.session.line.url()
    }

    fn checks_names(&self) -> bool {
        true
    }

    fn request(&self, call: &Call<'_>) -> Result<Box<dyn Answer>> {
        let line = &self.session.line;
        let deadline = calls::deadline(line, call.args)?;
        let verb = verbs::read(call)?;
        if verb.needs_session() {
            self.session.opened(call.cancel, deadline)?;
        }
        calls::wait(line, verb.request(&self.session, call)?, call, "the plugin", deadline)
    }

    fn begin(&self, call: &Call<'_>) -> Result<Option<Pending>> {
        let line = &self.session.line;
        let deadline = calls::deadline(line, call.args)?;
        let verb = verbs::read(call)?;
        if verb.needs_session() && self.session.id().is_none() {
            return Ok(None);
        }
        calls::begin(line, verb.request(&self.session, call)?, call, "the plugin", deadline).map(Some)
    }

    fn check(&self, call: &Call<'_>) -> Result<()> {
        verbs::read(call)?.stageable()
    }

    fn prepare(&self, call: &Call<'_>) -> Result<Args> {
        raw::prepared(&verbs::read(call)?.request(&self.session, call)?)
    }

    fn configure(&self, args: &Args) -> Result<()> {
        let line = &self.session.line;
        let terms = line.terms().with(args)?;
        if let Some(web) = line.web() {
            let mut below = Args::new();
            for (key, value) in args.root().iter() {
                if !settings::is_own(key) && options::find(key, scope::CONFIGURE, "http").is_some() {
                    below.set(key, value.clone());
                }
            }
            web.configure(&below)?;
        }
        line.change(terms);
        Ok(())
    }

    fn inspect(&self, what: &str, args: &Args) -> Result<Option<Tree>> {
        snapshot::inspect(self, what, args)
    }

    fn snapshots(&self) -> &'static [&'static str] {
        snapshot::NAMES
    }

    fn attach(&self, name: &str, args: &Args, cancel: &Arc<Cancel>) -> Result<Arc<dyn Backend>> {
        if name == "session" {
            return self.child(args, cancel);
        }
        if name == "admin" {
            return Ok(Arc::new(JanusAdmin::open(&self.session.line, args)?));
        }
        let deadline = calls::deadline(&self.session.line, args)?;
        let text = |key: &str| -> Result<Option<Box<str>>> { Ok(args.str(key)?.map(Into::into)) };
        let loop_index = match args.int("loop_index")? {
            None => None,
            Some(index) => {
                let wrong = |_| Error::option("loop_index", format!("loop_index was {index}; it is a number from 0"));
                Some(u64::try_from(index).map_err(wrong)?)
            }
        };
        let wish = Wish { plugin: text("plugin")?, opaque_id: text("opaque_id")?, loop_index };
        if let Some(id) = name.strip_prefix("handle:") {
            let wrong = || Error::option("name", format!("{name:?} named no handle; \"handle:1234\" does"));
            let id = id.parse().ok().filter(|id| *id > 0).ok_or_else(wrong)?;
            self.session.opened(cancel, deadline)?;
            let handle = Handle::new(&self.session, wish);
            handle.adopt(id)?;
            return Ok(Arc::new(JanusHandle::new(handle)));
        }
        if name.is_empty() || wish.plugin.is_some() {
            let message =
                "attach takes \"janus.plugin.NAME\", \"session\", \"admin\", or \"handle:ID\" with the option plugin";
            return Err(Error::option("name", message));
        }
        self.session.opened(cancel, deadline)?;
        let handle = Handle::new(&self.session, Wish { plugin: Some(name.into()), ..wish });
        handle.attach(cancel, deadline)?;
        Ok(Arc::new(JanusHandle::new(handle)))
    }

    fn start(&self, teller: Arc<dyn Teller>) {
        self.session.start(teller);
    }

    fn subscribe(&self, topic: &str, args: &Args, sink: Arc<dyn Sink>) -> Result<Option<Feed>> {
        if !TOPICS.contains(&topic) {
            return Ok(None);
        }
        Topics::subscribe(&self.session.topics, topic, args, sink).map(Some)
    }

    fn topics(&self) -> &'static [&'static str] {
        TOPICS
    }

    fn leaving(&self) {
        self.session.leaving();
    }

    fn close(&self, keep: bool, deadline: Instant) -> Result<()> {
        self.session.close(keep, deadline)
    }

    fn abandon(&self) {
        self.session.abandon();
    }
}
