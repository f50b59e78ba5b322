//! What happens between one request of the host and its final answer: authentication, redirects, cookies, hooks and
//! retries (spec/http.md 1.2 "Order inside send", 1.7, 1.8, 1.16, 1.17), as a state machine without IO.
//!
//! The driver does what a [`Step`] says and hands the result back as an [`Input`]; the same machine serves the
//! caller's thread and the reactor.

pub mod hooks;
mod redirects;

pub use redirects::set_cookies;

use std::{sync::Arc, time::Duration};

use crate::sys::lock::Mutex;

use super::{
    auth::{Auth, challenge, digest::Attempts},
    cookies::{Jar, RequestCookies},
    environment::EnvironmentSettings,
    fields::Fields,
    redirect,
    request::Request,
    retry::{self, Decision, Retry},
};
use crate::{
    args::Args,
    error::{Error, Result, Status, code},
    value::{Provider, Tree},
};

/// What a call may do; resolved from the session's defaults and the call's arguments.
#[derive(Clone)]
pub struct Rules {
    /// Follow redirects.
    pub allow_redirects: bool,
    /// How many.
    pub max_redirects: usize,
    /// Who we are, when it was said explicitly.
    pub auth: Option<Auth>,
    /// The environment, when it is trusted: netrc is asked when nobody said who we are.
    pub environment: Option<Arc<EnvironmentSettings>>,
    /// When to try again.
    pub retry: Arc<retry::Policy>,
    /// Called with each request.
    pub request_hooks: Arc<[Arc<dyn Provider>]>,
    /// Called with each answer.
    pub response_hooks: Arc<[Arc<dyn Provider>]>,
    /// Fields that do not cross to another origin.
    pub drop_headers: Arc<[String]>,
    /// The body is the host's to read: nobody may read it before.
    pub stream: bool,
    /// The session's cookies; `None` when the jar is switched off.
    pub jar: Option<Arc<Mutex<Jar>>>,
    /// The caller wrote the Cookie field.
    pub explicit_cookie: bool,
    /// Cookies of this call alone, bound to the origin of its first URL.
    pub own_cookies: Arc<RequestCookies>,
}

/// One answer's head, and its body once it was read.
#[derive(Debug)]
pub struct Hop {
    /// The status.
    pub status: u16,
    /// Status line and fields as received.
    pub head: Vec<u8>,
    /// The decoded body, when policy had it read.
    pub body: Option<Vec<u8>>,
}

impl Hop {
    /// The fields.
    pub fn fields(&self) -> Fields<'_> {
        Fields::new(&self.head)
    }
}

/// An answer that was followed by another request.
#[derive(Debug)]
pub struct Past {
    /// The answer, with its body.
    pub hop: Hop,
    /// The request that it answered.
    pub request: Request,
}

/// What the driver does next.
pub enum Step {
    /// Send [`Transaction::request`]; hand back [`Input::Answer`] or [`Input::Failed`].
    Send,
    /// Read the answer's body to its end; hand back [`Input::Drained`].
    Drain,
    /// Let this time pass; hand back [`Input::Waited`].
    Wait(Duration),
    /// Ask the host; hand back [`Input::Replied`].
    Ask(Arc<dyn Provider>, Tree),
    /// The last answer is final.
    Finish,
}

/// What the driver found out.
pub enum Input {
    /// Begin.
    Start,
    /// A head came.
    Answer(Hop),
    /// No head came. The flag says that the failure was one of connecting.
    Failed(Error),
    /// The body, decoded; an error in decoding is ignored by whoever only wanted it out of the way.
    Drained(Result<Vec<u8>>),
    /// The host's answer.
    Replied(Status, Args),
    /// The time passed.
    Waited,
}

/// Where the machine stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// The authentication provider is being asked.
    Authorizing,
    /// Request hook number k is being asked.
    RequestHook(usize),
    /// Waiting for an answer.
    Sending,
    /// The body is being read before trying again after this time.
    DrainToRetry(Duration),
    /// The body is being read before answering a challenge.
    DrainToAuthorize,
    /// The body is being read for the response hooks.
    DrainToShow,
    /// Response hook number k is being asked.
    ResponseHook(usize),
    /// The body is being read before following a redirect.
    DrainToFollow,
    /// Over.
    Done,
}

/// One call on its way.
pub struct Transaction {
    rules: Arc<Rules>,
    request: Request,
    current: Option<Hop>,
    history: Vec<Past>,
    retry: Option<Retry>,
    retries: u32,
    /// Answers to challenges since the last redirect.
    attempts: Attempts,
    phase: Phase,
}

/// What came of it.
pub struct Finished {
    /// The final answer.
    pub hop: Hop,
    /// What it answers.
    pub request: Request,
    /// What came before, oldest first.
    pub history: Vec<Past>,
    /// How often it was tried again.
    pub retries: u32,
    /// The request that would follow the redirect, when redirects are not followed.
    pub next: Option<Request>,
}

impl Transaction {
    /// A call with its first request.
    pub fn new(rules: Arc<Rules>, request: Request) -> Transaction {
        Transaction {
            rules,
            request,
            current: None,
            history: Vec::new(),
            retry: None,
            retries: 0,
            attempts: Attempts::default(),
            phase: Phase::Sending,
        }
    }

    /// The request to send now.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Takes the next step.
    ///
    /// # Errors
    /// The failure of the call.
    pub fn step(&mut self, input: Input) -> Result<Step> {
        match (self.phase, input) {
            (_, Input::Start) => self.start(),
            (_, Input::Answer(hop)) => self.answered(hop),
            (_, Input::Failed(error)) => self.failed(error),
            (_, Input::Waited) => {
                self.phase = Phase::Sending;
                Ok(Step::Send)
            }
            (Phase::DrainToRetry(_), Input::Drained(_)) if !self.request.body.rewind() => {
                Err(redirects::unrewindable("after a refusal"))
            }
            (Phase::DrainToRetry(time), Input::Drained(_)) => Ok(Step::Wait(time)),
            (Phase::DrainToAuthorize, Input::Drained(body)) => self.authorize(body.unwrap_or_default()),
            (Phase::DrainToShow, Input::Drained(body)) => {
                if let Some(hop) = &mut self.current {
                    hop.body = Some(body?);
                }
                self.ask_response_hook(0)
            }
            (Phase::DrainToFollow, Input::Drained(body)) => self.follow(body.unwrap_or_default()),
            (Phase::Authorizing, Input::Replied(status, reply)) => {
                hooks::edit(&mut self.request, status, &reply)?;
                self.ask_request_hook(0)
            }
            (Phase::RequestHook(index), Input::Replied(status, reply)) => {
                hooks::edit(&mut self.request, status, &reply)?;
                self.ask_request_hook(index + 1)
            }
            (Phase::ResponseHook(index), Input::Replied(status, reply)) => self.hooked(index, status, &reply),
            (phase, _) => {
                Err(Error::new(&code::INTERNAL, format!("the driver answered {phase:?} with something else")))
            }
        }
    }

    fn start(&mut self) -> Result<Step> {
        if let Some(Auth::Provider(provider)) = &self.rules.auth {
            self.phase = Phase::Authorizing;
            return Ok(Step::Ask(Arc::clone(provider), hooks::prepare_call("auth", &self.request)));
        }
        self.ask_request_hook(0)
    }

    fn ask_request_hook(&mut self, index: usize) -> Result<Step> {
        if let Some(hook) = self.rules.request_hooks.get(index) {
            self.phase = Phase::RequestHook(index);
            return Ok(Step::Ask(Arc::clone(hook), hooks::prepare_call("hooks.request", &self.request)));
        }
        self.phase = Phase::Sending;
        Ok(Step::Send)
    }

    fn answered(&mut self, hop: Hop) -> Result<Step> {
        if let Some(jar) = &self.rules.jar {
            redirects::store_cookies(jar, &self.request, &hop);
        }
        let status = hop.status;
        let decision = if self.rules.retry.minds_status(status) { self.after_status(&hop) } else { Decision::PassOn };
        self.current = Some(hop);
        match decision {
            Decision::Again(time) => {
                self.phase = Phase::DrainToRetry(time);
                return Ok(Step::Drain);
            }
            Decision::Exhausted => {
                let retry = self.retry.as_ref();
                return Err(retry.map_or_else(
                    || Error::new(&code::RETRY, "the retries were used up"),
                    |retry| retry.exhausted_error(status),
                ));
            }
            Decision::PassOn => {}
        }
        if self.challenged() {
            self.phase = Phase::DrainToAuthorize;
            return Ok(Step::Drain);
        }
        if !self.rules.response_hooks.is_empty() {
            if self.rules.stream {
                return self.ask_response_hook(0);
            }
            self.phase = Phase::DrainToShow;
            return Ok(Step::Drain);
        }
        self.decide()
    }

    fn after_status(&mut self, hop: &Hop) -> Decision {
        let retry_after = hop.fields().get_text("retry-after");
        let now = i64::try_from(crate::clock::epoch().as_secs()).unwrap_or(i64::MAX);
        let method = Arc::clone(&self.request.method);
        let decision = self.retry_state().after_status(hop.status, retry_after.as_deref(), &method, now, &mut random);
        self.count_retry(decision)
    }

    fn failed(&mut self, error: Error) -> Result<Step> {
        let failure = match error.code() {
            "cancelled" | "total_timeout" | "provider" | "invalid_header" => return Err(error),
            "connect" | "resolve" | "connect_timeout" | "proxy"
                if error.known_outcome() == Some(crate::error::Outcome::NotSent) =>
            {
                retry::Failure::Connect
            }
            "read_timeout" | "connect" | "protocol" | "incomplete_read" | "chunked_encoding" => retry::Failure::Read,
            _ => retry::Failure::Other,
        };
        if self.rules.retry.is_never() {
            return Err(error);
        }
        let method = Arc::clone(&self.request.method);
        let decision = self.retry_state().after_error(failure, &method, &mut random);
        match self.count_retry(decision) {
            Decision::Again(_) if !self.request.body.rewind() => Err(redirects::unrewindable("after a failure")),
            Decision::Again(time) => Ok(Step::Wait(time)),
            Decision::PassOn | Decision::Exhausted => Err(error.with("retries", i64::from(self.retries))),
        }
    }

    fn retry_state(&mut self) -> &mut Retry {
        self.retry.get_or_insert_with(|| Retry::new(Arc::clone(&self.rules.retry)))
    }

    fn count_retry(&mut self, decision: Decision) -> Decision {
        if matches!(decision, Decision::Again(_)) {
            self.retries += 1;
        }
        decision
    }

    /// The answer asks for digest authentication and there is an answer to give: at most two tries between redirects.
    fn challenged(&mut self) -> bool {
        let (Some(Auth::Digest(_)), Some(hop)) = (&self.rules.auth, &self.current) else { return false };
        if !(400..500).contains(&hop.status) {
            return false;
        }
        let values = hop.fields().get_all("www-authenticate");
        self.attempts.allow(hop.status, &challenge::parse(values.iter().map(|value| &**value)))
    }

    /// Answers the challenge: the same request again, with what the server asked for.
    fn authorize(&mut self, body: Vec<u8>) -> Result<Step> {
        let (Some(Auth::Digest(digest)), Some(mut hop)) = (self.rules.auth.clone(), self.current.take()) else {
            return Err(Error::new(&code::INTERNAL, "a challenge was answered that nobody made"));
        };
        hop.body = Some(body);
        if !self.request.body.rewind() {
            return Err(redirects::unrewindable("to answer the server's challenge"));
        }
        let values = hop.fields().get_all("www-authenticate");
        let challenges = challenge::parse(values.iter().map(|value| &**value));
        let mut again = self.request.clone();
        if !self.rules.explicit_cookie {
            Arc::make_mut(&mut again.headers).remove("Cookie");
            set_cookies(&mut again, &self.rules);
        }
        if again.answer_digest(&digest, &challenges)?.is_none() {
            // An algorithm that nobody here knows: the refusal is the answer.
            self.current = Some(hop);
            return self.show();
        }
        let past = std::mem::replace(&mut self.request, again);
        self.history.push(Past { hop, request: past });
        self.phase = Phase::Sending;
        Ok(Step::Send)
    }

    fn show(&mut self) -> Result<Step> {
        if self.rules.response_hooks.is_empty() { self.decide() } else { self.ask_response_hook(0) }
    }

    fn ask_response_hook(&mut self, index: usize) -> Result<Step> {
        let (Some(hook), Some(hop)) = (self.rules.response_hooks.get(index), &self.current) else {
            return self.decide();
        };
        self.phase = Phase::ResponseHook(index);
        Ok(Step::Ask(Arc::clone(hook), hooks::response_call(hop, &self.request)))
    }

    fn hooked(&mut self, index: usize, status: Status, reply: &Args) -> Result<Step> {
        match hooks::verdict(status, reply)? {
            hooks::Verdict::Keep => {}
            hooks::Verdict::Replace(hop) => self.current = Some(hop),
            hooks::Verdict::Resend(edits) => {
                if self.history.len() >= self.rules.max_redirects.max(1) {
                    return Err(self.too_many());
                }
                let mut again = self.request.clone();
                hooks::edit(&mut again, Status::Ok, &edits)?;
                let past = std::mem::replace(&mut self.request, again);
                if let Some(mut hop) = self.current.take() {
                    hop.body.get_or_insert_default();
                    self.history.push(Past { hop, request: past });
                }
                return self.ask_request_hook(0);
            }
        }
        self.ask_response_hook(index + 1)
    }

    /// Follows a redirect, or ends.
    fn decide(&mut self) -> Result<Step> {
        let Some(hop) = &self.current else {
            return Err(Error::new(&code::INTERNAL, "there was no answer to decide on"));
        };
        let follows = self.rules.allow_redirects && redirects_somewhere(hop);
        if !follows {
            self.phase = Phase::Done;
            return Ok(Step::Finish);
        }
        if self.history.len() >= self.rules.max_redirects {
            return Err(self.too_many());
        }
        match &mut self.current {
            Some(Hop { body: body @ Some(_), .. }) => {
                let body = body.take().unwrap_or_default();
                self.follow(body)
            }
            _ => {
                self.phase = Phase::DrainToFollow;
                Ok(Step::Drain)
            }
        }
    }

    fn follow(&mut self, body: Vec<u8>) -> Result<Step> {
        let Some(mut hop) = self.current.take() else {
            return Err(Error::new(&code::INTERNAL, "there was no redirect to follow"));
        };
        hop.body = Some(body);
        let next = redirects::next_request(&self.rules, &self.request, &hop)?;
        if !next.body.rewind() {
            return Err(redirects::unrewindable("after a redirect"));
        }
        let past = std::mem::replace(&mut self.request, next);
        self.history.push(Past { hop, request: past });
        self.attempts = Attempts::default();
        self.retry = None;
        self.ask_request_hook(0)
    }

    fn too_many(&self) -> Error {
        Error::new(&code::TOO_MANY_REDIRECTS, format!("more than {} redirects came", self.rules.max_redirects))
            .outcome(crate::error::Outcome::Applied)
    }

    /// The final answer, once a step said so; also the last one after [`code::TOO_MANY_REDIRECTS`].
    pub fn finish(&mut self) -> Option<Finished> {
        let hop = self.current.take()?;
        let next = if redirects_somewhere(&hop) {
            redirects::next_request(&self.rules, &self.request, &hop).ok()
        } else {
            None
        };
        Some(Finished {
            hop,
            request: self.request.clone(),
            history: std::mem::take(&mut self.history),
            retries: self.retries,
            next,
        })
    }
}

/// An answer that only looks like a redirect, without `Location` or with an empty one, is the final one.
fn redirects_somewhere(hop: &Hop) -> bool {
    redirect::is_redirect(hop.status) && hop.fields().get("location").is_some_and(|location| !location.is_empty())
}

/// A number from 0 to 1 for jitter.
fn random() -> f64 {
    let mut bytes = [0u8; 4];
    // Without randomness there is no jitter; nothing depends on it.
    let _ = getrandom::fill(&mut bytes);
    f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX)
}
