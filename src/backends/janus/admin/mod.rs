//! The admin API of a server (Janus specification 1.5): `attach("admin", {admin_url, admin_secret})`. It has a line of its
//! own, by any of the three transports, without sessions: requests name whose session or handle they concern. The line is
//! opened with the first request, and again by whichever comes after a loss.
//!
//! `requests` is the table of what can be asked.

mod requests;

use std::{sync::Arc, time::Instant};

use super::{
    calls,
    carrier::Api,
    carriers,
    envelope::Secrets,
    line::Line,
    place::Place,
    raw,
    settings::{self, Current, Terms},
};
use crate::{
    args::Args,
    backends::{Answer, Backend, Call, Feed, Pending, Sink, Teller},
    engine::net::cancel::Cancel,
    error::{Error, Result, code},
    value::{Object, Tree},
};

/// The snapshots beside those of every handle.
const SNAPSHOTS: &[&str] = &["server_info"];

/// A handle of the host on the admin API of a server.
pub struct JanusAdmin {
    line: Arc<Line>,
}

impl JanusAdmin {
    /// One beside this line, whose HTTP session it uses too. Nothing is opened.
    ///
    /// # Errors
    /// `argument` for what is missing or wrong.
    pub fn open(beside: &Line, args: &Args) -> Result<JanusAdmin> {
        let foreign = ["session_id", "create_id", "plugin", "opaque_id", "loop_index"];
        if let Some(name) = foreign.into_iter().find(|name| args.get(name).is_some()) {
            return Err(Error::option(
                name,
                format!("{name} says nothing of the admin interface; its requests name what they concern"),
            ));
        }
        let Some(url) = args.str("admin_url")? else {
            let message = "attach(\"admin\") needs admin_url: http://host:7088/admin, ws://host:7188 or unix:/path";
            return Err(Error::option("admin_url", message));
        };
        let place = Place::read(url).map_err(|error| error.with("key", "admin_url"))?;
        let Some(web) = beside.web() else {
            return Err(Error::new(&code::INTERNAL, "there was no HTTP session below"));
        };
        let before = beside.terms();
        let secrets = Secrets { admin_secret: settings::secret(args, "admin_secret")?.flatten(), ..Secrets::default() };
        let timeout = settings::timeout(args)?.unwrap_or(before.timeout);
        let now = Current::new(Terms { timeout, secrets, ..(*before).clone() });
        let carriers = carriers(&[place], Api::Admin, web, &now, &beside.lent);
        // The HTTP session is the other line's to close.
        Ok(JanusAdmin { line: Line::new(carriers, None, now, beside.lent.clone())? })
    }

    /// When a call is over at the latest; where `timeout` is a field of the request, `timeouts.total` alone says so.
    fn deadline(&self, call: &Call<'_>) -> Result<Instant> {
        if self.owns(call.verb, "timeout") {
            calls::deadline(&self.line, &requests::without_timeout(call.args))
        } else {
            calls::deadline(&self.line, call.args)
        }
    }
}

impl Backend for JanusAdmin {
    fn name(&self) -> &'static str {
        "janus.admin"
    }

    fn url(&self) -> String {
        self.line.url()
    }

    fn checks_names(&self) -> bool {
        true
    }

    fn owns(&self, verb: Option<&str>, name: &str) -> bool {
        requests::is_field(verb, name)
    }

    fn holds_host_code(&self) -> bool {
        false
    }

    fn request(&self, call: &Call<'_>) -> Result<Box<dyn Answer>> {
        let deadline = self.deadline(call)?;
        calls::wait(&self.line, requests::request(call)?, call, &requests::inner(call), deadline)
    }

    fn begin(&self, call: &Call<'_>) -> Result<Option<Pending>> {
        let deadline = self.deadline(call)?;
        calls::begin(&self.line, requests::request(call)?, call, &requests::inner(call), deadline).map(Some)
    }

    fn check(&self, call: &Call<'_>) -> Result<()> {
        requests::request(call).map(drop)
    }

    fn prepare(&self, call: &Call<'_>) -> Result<Args> {
        raw::prepared(&requests::request(call)?)
    }

    fn configure(&self, args: &Args) -> Result<()> {
        let mut terms = (*self.line.terms()).clone();
        if let Some(timeout) = settings::timeout(args)? {
            terms.timeout = timeout;
        }
        if let Some(secret) = settings::secret(args, "admin_secret")? {
            terms.secrets.admin_secret = secret;
        }
        self.line.change(terms);
        Ok(())
    }

    fn inspect(&self, what: &str, _args: &Args) -> Result<Option<Tree>> {
        Ok(Some(match what {
            "server_info" => self.line.info().map_or(Tree::Null, |info| info.root().to_tree()),
            "stats" => {
                let mut shown = Object::default();
                self.line.count(&mut shown);
                Tree::Object(shown)
            }
            "options" => {
                let terms = self.line.terms();
                let mut shown = Object::with_capacity(3);
                shown.insert("admin_url", Tree::from(self.line.url()));
                shown.insert(
                    "admin_secret",
                    terms.secrets.admin_secret.as_ref().map_or(Tree::Null, |_| Tree::from("***")),
                );
                shown.insert("timeout", Tree::Double(terms.timeout.as_secs_f64()));
                Tree::Object(shown)
            }
            _ => return Ok(None),
        }))
    }

    fn snapshots(&self) -> &'static [&'static str] {
        SNAPSHOTS
    }

    fn attach(&self, _name: &str, _args: &Args, _cancel: &Arc<Cancel>) -> Result<Arc<dyn Backend>> {
        Err(Error::new(&code::UNSUPPORTED, "the admin interface has nothing to attach to"))
    }

    /// Nothing becomes of it by itself: it has no state on the server.
    fn start(&self, _teller: Arc<dyn Teller>) {}

    fn subscribe(&self, _topic: &str, _args: &Args, _sink: Arc<dyn Sink>) -> Result<Option<Feed>> {
        Ok(None)
    }

    fn close(&self, _keep: bool, deadline: Instant) -> Result<()> {
        self.line.close(deadline)
    }

    fn abandon(&self) {
        self.line.leave(None);
    }
}

impl Drop for JanusAdmin {
    fn drop(&mut self) {
        self.line.leave(None);
    }
}
