//! One exchange with a server over HTTP, and what its answer says of it.

use std::{sync::Arc, time::Duration};

use crate::{
    args::Args,
    backends::{
        Answer, Backend, Call, Lent,
        janus::{refusal, settings::Current},
    },
    engine::{errands, reactor::vigil::Vigil},
    error::{Error, Result, code},
    value::{Document, Object, Tree},
};

/// The server answers a long poll after 30 seconds at the latest; the official clients wait so long.
const POLL: Duration = Duration::from_secs(60);
/// How long an answer to a request is waited for when nobody gives it up: plug-ins may take their time.
const ANSWER: Duration = Duration::from_secs(300);
/// Events that one poll may bring.
const EVENTS: i64 = 10;

/// What is asked of the server.
pub(super) enum Errand {
    /// What it is.
    Info(Duration),
    /// A request.
    Post(Option<u64>, Option<u64>, String),
    /// The events of a session.
    Poll(u64, u64),
}

/// Where it is.
pub(super) struct Server {
    pub base: String,
    pub shown: String,
    pub web: Arc<dyn Backend>,
    pub lent: Lent,
    pub terms: Arc<Current>,
}

impl Server {
    /// Asks; gives the status and the body of the answer.
    pub async fn exchange(&self, errand: Errand, vigil: &mut Vigil) -> Result<(i32, Vec<u8>)> {
        let mut args = Args::new();
        args.set("raise_for_status", false);
        args.set("parse", "none");
        let (verb, url, limit) = match errand {
            Errand::Info(limit) => ("GET", format!("{}/info", self.base), limit),
            Errand::Post(session, handle, text) => {
                let mut headers = Object::with_capacity(1);
                headers.insert("Content-Type", Tree::from("application/json"));
                args.set("headers", Tree::Object(headers));
                args.set("data", text);
                ("POST", path(&self.base, session, handle), ANSWER)
            }
            Errand::Poll(session, number) => {
                args.set("params", Tree::Object(self.question(number)));
                ("GET", path(&self.base, Some(session), None), POLL)
            }
        };
        let mut timeouts = Object::with_capacity(2);
        timeouts.insert("total", Tree::Double(limit.as_secs_f64()));
        // Silence is what a long poll is made of.
        timeouts.insert("read", Tree::Double(limit.as_secs_f64()));
        args.set("timeouts", Tree::Object(timeouts));
        let begun = {
            let call =
                Call { verb: Some(verb), target: Some(&url), args: &args, cancel: vigil.cancel(), progress: None };
            self.web.begin(&call)
        };
        let answer = match begun {
            Ok(Some(pending)) => (pending.await)(),
            Ok(None) => {
                let (web, cancel) = (Arc::clone(&self.web), Arc::clone(vigil.cancel()));
                let errand = move || {
                    let call =
                        Call { verb: Some(verb), target: Some(&url), args: &args, cancel: &cancel, progress: None };
                    web.request(&call)
                };
                errands::fetch(&self.lent.worker, vigil, errand).await?
            }
            Err(error) => Err(error),
        };
        // The address of a poll has secrets in it.
        let answer: Box<dyn Answer> = answer.map_err(|error| error.with("url", &*self.shown))?;
        Ok((answer.status(), answer.body().to_vec()))
    }

    fn question(&self, number: u64) -> Object {
        let terms = self.terms.get();
        let mut question = Object::with_capacity(4);
        question.insert("maxev", Tree::Int(EVENTS));
        // Against caches.
        question.insert("rid", Tree::Int(i64::try_from(number).unwrap_or(0)));
        let secrets = [("apisecret", &terms.secrets.api_secret), ("token", &terms.secrets.token)];
        for (name, secret) in secrets {
            if let Some(secret) = secret {
                question.insert(name, Tree::from(secret.reveal()));
            }
        }
        question
    }
}

fn path(base: &str, session: Option<u64>, handle: Option<u64>) -> String {
    match (session, handle) {
        (None, _) => base.to_owned(),
        (Some(session), None) => format!("{base}/{session}"),
        (Some(session), Some(handle)) => format!("{base}/{session}/{handle}"),
    }
}

pub(super) fn no_janus(shown: &str, status: i32, path: &str) -> Error {
    let message =
        format!("there was no Janus at {shown}: {shown}/info was answered with {status}; the path is {path} as a rule");
    // A proxy that does not reach it says 5xx.
    Error::new(&code::PROTOCOL, message).with("http_status", i64::from(status)).transient(status >= 500)
}

pub(super) fn refused(body: &[u8]) -> Option<Error> {
    let message = Document::from_json(body.to_vec()).ok()?;
    refusal::number(message.root()).map(|_| refusal::core(message.root()))
}

pub(super) fn contains(bytes: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(bytes, part).is_some()
}
