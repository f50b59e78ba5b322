//! The blocking driver: runs a [`Transaction`] on the caller's thread and carries each hop by the adapter that is
//! mounted for its URL.

use std::{sync::Arc, time::Instant};

use super::{
    adapter::{Adapter, Adapters, Carried},
    exchange::{Carrier, Watch},
    policy::{Finished, Hop, Input, Rules, Step, Transaction},
    request::Request,
    stream::BodyStream,
};
use crate::{
    args::Args,
    clock,
    engine::net::{
        cancel::{Cancel, cancelled},
        limits::Limits,
        route::Route,
    },
    error::{Error, Outcome, Result, code},
    log,
    value::{Object, Provider},
};

/// Answers where a request goes: proxy, TLS and socket, decided anew for each hop.
pub trait Router: Send + Sync {
    /// The route of a request.
    ///
    /// # Errors
    /// `invalid_proxy_url`, or `certificate` when a file of the TLS settings cannot be read.
    fn route(&self, request: &Request) -> Result<Arc<Route>>;

    /// The same for an adapter of the host: `verify`, `cert`, `proxies` as the call has them.
    fn describe(&self, request: &Request) -> Object;
}

/// One call for the driver.
pub struct Order<'a> {
    /// What policy may do.
    pub rules: Arc<Rules>,
    /// The first request.
    pub request: Request,
    /// Where each hop goes.
    pub router: &'a dyn Router,
    /// Time-outs.
    pub limits: Limits,
    /// Ends it from another thread.
    pub cancel: &'a Arc<Cancel>,
    /// Hears of moved bytes; may slow them down or give up.
    pub watch: Option<Arc<dyn Watch>>,
    /// Undo content codings.
    pub decode: bool,
    /// Wait for the server's word before a body is sent.
    pub expect_continue: bool,
}

/// The final answer with its body still to be read, unless policy had it read.
pub struct Delivered {
    /// What policy made of the call.
    pub finished: Finished,
    /// The rest of the body.
    pub body: BodyStream,
    /// When the last request began to be sent, and its head had come.
    pub elapsed: std::time::Duration,
    /// When the call began.
    pub start: Instant,
}

/// Runs a call to its final head.
///
/// # Errors
/// The failure of the call, with `url` in its detail.
pub fn send(carrier: &Carrier, adapters: &Adapters, order: Order<'_>) -> Result<Delivered> {
    let start = clock::now();
    let mut transaction = Transaction::new(Arc::clone(&order.rules), order.request.clone());
    let mut body: Option<BodyStream> = None;
    let mut elapsed = std::time::Duration::ZERO;
    let mut input = Input::Start;
    // Whether what failed last may have had an effect.
    let mut risk = Some(Outcome::NotSent);
    // What the requests before the last may have done: the call as a whole cannot have done less.
    let mut done = None;
    loop {
        let step = match transaction.step(input) {
            Ok(step) => step,
            Err(error) => return Err(after(with_answer(error, risk, &mut transaction, body, elapsed, start), done)),
        };
        input = match step {
            Step::Send => {
                // The answer before is out of the way by now; its connection can serve this request.
                body = None;
                let began = clock::now();
                let sent = carry(carrier, adapters, &order, transaction.request());
                elapsed = clock::now().saturating_duration_since(began);
                let sent = sent.and_then(|carried| split(carried, transaction.request(), order.decode));
                log::debug(c"http", || told(transaction.request(), &sent, elapsed));
                match sent {
                    Ok((hop, stream)) => {
                        if is_change_made(&transaction.request().method, hop.status) {
                            done = Some(Outcome::Applied);
                        }
                        body = Some(stream);
                        risk = Some(Outcome::Applied);
                        Input::Answer(hop)
                    }
                    Err(error) => {
                        risk = error.known_outcome().or(risk);
                        done = done.or(error.known_outcome().filter(|outcome| *outcome == Outcome::Unknown));
                        Input::Failed(named(error, transaction.request()))
                    }
                }
            }
            Step::Drain => Input::Drained(match body.as_mut() {
                Some(stream) => stream.read_to_end(),
                None => Ok(Vec::new()),
            }),
            Step::Wait(time) => {
                if let Err(error) = wait(time, &order) {
                    return Err(after(with_answer(error, risk, &mut transaction, body, elapsed, start), done));
                }
                Input::Waited
            }
            Step::Ask(provider, call) => {
                if let Err(error) = order.cancel.check() {
                    return Err(after(with_answer(error, risk, &mut transaction, body, elapsed, start), done));
                }
                let mut reply = Args::new();
                let status = provider.call(call, &mut reply);
                // The host may have cancelled from inside.
                if let Err(error) = order.cancel.check() {
                    return Err(after(with_answer(error, risk, &mut transaction, body, elapsed, start), done));
                }
                Input::Replied(status, reply)
            }
            Step::Finish => {
                let finished = transaction
                    .finish()
                    .ok_or_else(|| Error::new(&code::INTERNAL, "a call finished without an answer"))?;
                let body = body.unwrap_or_else(BodyStream::empty);
                return Ok(Delivered { finished, body, elapsed, start });
            }
        };
    }
}

/// An error of policy with the answer that it is about, and with what is known of the effect of what was sent.
pub(super) fn with_answer(
    error: Error,
    risk: Option<Outcome>,
    transaction: &mut Transaction,
    body: Option<BodyStream>,
    elapsed: std::time::Duration,
    start: Instant,
) -> Error {
    let error = named(error, transaction.request());
    let error = match risk {
        Some(risk) if error.known_outcome().is_none() => error.outcome(risk),
        _ => error,
    };
    match transaction.finish() {
        Some(finished) => {
            let body = body.unwrap_or_else(BodyStream::empty);
            error.carrying(Arc::new(crate::sys::lock::Mutex::new(Some(Delivered { finished, body, elapsed, start }))))
        }
        None => error,
    }
}

/// One exchange as a line of the log. A query may hold a key: it is left out, and so is an error's URL.
pub(super) fn told(request: &Request, sent: &Result<(Hop, BodyStream)>, elapsed: std::time::Duration) -> String {
    let url = request.url.redacted();
    let place = url.split(['?', '#']).next().unwrap_or_default();
    let what = match sent {
        Ok((hop, _)) => format!("was answered with {}", hop.status),
        Err(error) => format!("failed ({})", error.code()),
    };
    format!("{} {place} {what} after {} ms", request.method, elapsed.as_millis())
}

/// A failure behind other requests of the same call: that the last one was not sent says nothing about those. What was
/// certainly done must not be done again by a host that repeats the call.
pub(super) fn after(error: Error, done: Option<Outcome>) -> Error {
    match (error.known_outcome(), done) {
        (None | Some(Outcome::NotSent), Some(Outcome::Applied)) => error.outcome(Outcome::Applied).transient(false),
        (None | Some(Outcome::NotSent), Some(done)) => error.outcome(done),
        _ => error,
    }
}

/// Whether an answer says that a change was made: 307 and 308 send it elsewhere, and 400 and above refuse it.
pub(super) fn is_change_made(method: &str, status: u16) -> bool {
    !matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE") && status < 400 && !matches!(status, 307 | 308)
}

/// Names the URL in the detail, without its userinfo, and the host of a time-out.
pub fn named(error: Error, request: &Request) -> Error {
    let error = match error.code() {
        "read_timeout" | "connect_timeout" => error.reworded("the server", request.url.host()),
        "total_timeout" => {
            error.reworded("the whole call took", &format!("the whole call to {} took", request.url.host()))
        }
        _ => error,
    };
    if error.detail().get("url").is_some() { error } else { error.with("url", &*request.url.redacted()) }
}

/// Whether there is time for a wait.
///
/// # Errors
/// `total_timeout`.
pub(super) fn affords(time: std::time::Duration, limits: &Limits) -> Result<()> {
    match limits.total {
        Some(total) if clock::now() + time > total => {
            let message = "the time-out of the whole call would have passed before the next try";
            Err(Error::new(&code::TOTAL_TIMEOUT, message).phase("total"))
        }
        _ => Ok(()),
    }
}

fn wait(time: std::time::Duration, order: &Order<'_>) -> Result<()> {
    affords(time, &order.limits)?;
    if order.cancel.wait(time) {
        return Err(cancelled());
    }
    Ok(())
}

fn carry(carrier: &Carrier, adapters: &Adapters, order: &Order<'_>, request: &Request) -> Result<Carried> {
    order.cancel.check()?;
    let adapter = adapters.find(request.url.as_str())?;
    match adapter {
        Adapter::Exchange | Adapter::Http2 => exchange(carrier, order, request),
        Adapter::Provider(provider) => {
            super::adapter::ask(&**provider, request, order.router, &order.limits).map_err(perhaps_sent)
        }
        Adapter::Cassette(cassette) => cassette.carry(request, || exchange(carrier, order, request)),
    }
}

fn exchange(carrier: &Carrier, order: &Order<'_>, request: &Request) -> Result<Carried> {
    let route = order.router.route(request)?;
    super::adapter::exchange(carrier, &route, request, order)
}

/// Takes an adapter's answer apart: what policy looks at, and the body.
pub(super) fn split(carried: Carried, request: &Request, decode: bool) -> Result<(Hop, BodyStream)> {
    let (hop, source) = carried.into_parts();
    let stream =
        BodyStream::new(source, &hop, &request.method, decode).map_err(|error| error.outcome(Outcome::Applied))?;
    Ok((hop, stream))
}

/// What a host's own adapter did before it failed is its secret.
pub(super) fn perhaps_sent(error: Error) -> Error {
    if error.known_outcome().is_some() { error } else { error.outcome(Outcome::Unknown) }
}

/// The outcome to tell when a provider or file failed before anything was sent.
pub fn not_sent(error: Error) -> Error {
    if error.known_outcome().is_some() { error } else { error.outcome(Outcome::NotSent) }
}

/// Asks a provider outside a transaction (a `save_to` for instance).
///
/// # Errors
/// `provider`.
pub fn ask(provider: &dyn Provider, call: crate::value::Tree) -> Result<Args> {
    let mut reply = Args::new();
    let status = provider.call(call, &mut reply);
    super::policy::hooks::succeeded(status, &reply)?;
    Ok(reply)
}
