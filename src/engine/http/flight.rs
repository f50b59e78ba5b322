//! The reactor's driver: runs a [`Transaction`] as the [blocking one](super::client) does. Bytes are moved here; what
//! may wait for anything else (the host's providers and readers, files, cassettes) is an errand of the session's
//! worker, and the end of the call by the host does not wait for it.

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::sys::lock::Mutex;

use super::{
    adapter::{self, Adapter, Adapters, Carried, Composed, Source},
    body::Body,
    cassette::Cassette,
    client::{Delivered, Router, affords, after, is_change_made, named, perhaps_sent, split, told, with_answer},
    exchange::{self, Carrier, Payload, Watch},
    h2::{Errand, Exchanged, Made, Patience},
    policy::{Input, Rules, Step, Transaction},
    relay::Relay,
    request::{Framing, Request},
    stream::BodyStream,
};
use crate::{
    args::Args,
    clock,
    engine::{
        errands::{self, Errands, Kept},
        net::{
            cancel::Cancel,
            limits::Limits,
            route::{Route, Version},
        },
        reactor::vigil::Vigil,
    },
    error::{Error, Outcome, Result, code},
    log,
    value::Provider,
};

/// A piece of a body that is decoded on the reactor: after each, others have their turn.
const PIECE: usize = 32 << 10;

/// One call for the reactor. It owns everything: the caller has gone on. Where [`Flight::is_hosted`], it is to be let go
/// by way of the worker: [`Kept`].
pub struct Flight {
    /// The connections.
    pub carrier: Arc<Carrier>,
    /// What policy may do.
    pub rules: Arc<Rules>,
    /// The first request.
    pub request: Request,
    /// Where each hop goes.
    pub router: Arc<dyn Router>,
    /// Who carries what.
    pub adapters: Arc<Adapters>,
    /// Time-outs.
    pub limits: Limits,
    /// Ends it from another thread.
    pub cancel: Arc<Cancel>,
    /// Hears of moved bytes.
    pub watch: Option<Arc<dyn Watch>>,
    /// Undo content codings.
    pub decode: bool,
    /// Wait for the server's word before a body is sent.
    pub expect_continue: bool,
    /// Who may wait, and may run the host's code.
    pub worker: Arc<dyn Errands>,
    /// What is over and may hold something of the host: it is let go with the flight.
    pub remains: Mutex<Vec<Box<dyn Send>>>,
}

/// What a call has on its way. Requests may hold readers of the host, and so may the body of an answer.
struct Course {
    /// None while it is with the worker.
    transaction: Option<Transaction>,
    body: Option<BodyStream>,
    start: Instant,
    elapsed: Duration,
    /// Whether what failed last may have had an effect.
    risk: Option<Outcome>,
    /// What the requests before the last may have done: the call as a whole cannot have done less.
    done: Option<Outcome>,
}

impl Flight {
    /// Whether something of the host is in it.
    #[must_use]
    pub fn is_hosted(&self) -> bool {
        let provider = matches!(self.rules.auth, Some(super::auth::Auth::Provider(_)));
        let hooks = !self.rules.request_hooks.is_empty() || !self.rules.response_hooks.is_empty();
        let body = matches!(self.request.body, Body::Reader(..) | Body::Multipart(_));
        provider || hooks || body || !self.adapters.are_plain()
    }

    /// Who lets go of what is the host's.
    #[must_use]
    pub fn keeper(&self) -> Option<Arc<dyn Errands>> {
        self.is_hosted().then(|| Arc::clone(&self.worker))
    }

    /// Runs the call to the end of its final answer's body, which is in memory then and not decoded yet. With
    /// [`Rules::stream`] it ends at the head, and the body is for a thread that may wait.
    ///
    /// # Errors
    /// As [`client::send`](super::client::send).
    pub async fn run(&self, vigil: &mut Vigil) -> Result<Delivered> {
        let mut delivered = self.open(vigil).await?;
        let outcome = if self.rules.stream {
            delivered.body.leave_reactor()
        } else {
            self.gather(&mut delivered.body, vigil).await
        };
        match outcome {
            Ok(()) => Ok(delivered),
            Err(error) => {
                let error = if error.known_outcome().is_some() { error } else { error.outcome(Outcome::Applied) };
                Err(named(error, &delivered.finished.request))
            }
        }
    }

    /// Runs the call to the head of its final answer: authentication, redirects, retries, hooks and cookies are done.
    /// The body is read on the reactor ([`BodyStream::pull`]).
    ///
    /// # Errors
    /// As [`client::send`](super::client::send).
    pub async fn open(&self, vigil: &mut Vigil) -> Result<Delivered> {
        let start = clock::now();
        let course = Course {
            transaction: Some(Transaction::new(Arc::clone(&self.rules), self.request.clone())),
            body: None,
            start,
            elapsed: Duration::ZERO,
            risk: Some(Outcome::NotSent),
            done: None,
        };
        let keeper = self.keeper();
        let hosted = keeper.is_some();
        let mut kept = Kept::new(course, keeper);
        let Some(course) = kept.get() else { return Err(out_of_step()) };
        let outcome = self.drive(course, vigil).await;
        if hosted && let Some(course) = kept.into_inner() {
            self.remains.lock().push(Box::new(course));
        }
        outcome
    }

    async fn drive(&self, course: &mut Course, vigil: &mut Vigil) -> Result<Delivered> {
        let mut input = Input::Start;
        loop {
            let step = match self.advance(course, input, vigil).await {
                Ok(step) => step,
                Err(error) => return Err(Box::pin(self.failed(error, course, vigil)).await),
            };
            input = match step {
                Step::Send => {
                    course.body = None;
                    self.send(course, vigil).await?
                }
                Step::Drain => Input::Drained(match course.body.as_mut() {
                    Some(stream) => Box::pin(self.drain(stream, vigil)).await,
                    None => Ok(Vec::new()),
                }),
                Step::Wait(time) => {
                    let waited = match affords(time, &self.limits) {
                        Ok(()) => vigil.sleep(time).await,
                        Err(error) => Err(error),
                    };
                    if let Err(error) = waited {
                        return Err(Box::pin(self.failed(error, course, vigil)).await);
                    }
                    Input::Waited
                }
                Step::Ask(..) => return Err(out_of_step()),
                Step::Finish => {
                    let transaction = course.transaction.as_mut();
                    let finished = transaction.and_then(Transaction::finish).ok_or_else(out_of_step)?;
                    let mut body = course.body.take().unwrap_or_else(BodyStream::empty);
                    if !self.rules.stream {
                        body.relay(&self.worker)?;
                    }
                    return Ok(Delivered { finished, body, elapsed: course.elapsed, start: course.start });
                }
            };
        }
    }

    /// Sends the request that is on, and notes what came of it.
    async fn send(&self, course: &mut Course, vigil: &mut Vigil) -> Result<Input> {
        let Some(transaction) = &course.transaction else { return Err(out_of_step()) };
        let request = transaction.request();
        let began = clock::now();
        let sent = self.carry(request, vigil).await.and_then(|carried| split(carried, request, self.decode));
        course.elapsed = clock::now().saturating_duration_since(began);
        log::debug(c"http", || told(request, &sent, course.elapsed));
        Ok(match sent {
            Ok((hop, stream)) => {
                if is_change_made(&request.method, hop.status) {
                    course.done = Some(Outcome::Applied);
                }
                course.body = Some(stream);
                course.risk = Some(Outcome::Applied);
                Input::Answer(hop)
            }
            Err(error) => {
                course.risk = error.known_outcome().or(course.risk);
                course.done = course.done.or(error.known_outcome().filter(|outcome| *outcome == Outcome::Unknown));
                Input::Failed(named(error, request))
            }
        })
    }

    /// Takes the next step. One that asks the host, or has its reader go back, is the worker's: with the replies and what
    /// follows from them, up to the next one that moves bytes.
    async fn advance(&self, course: &mut Course, input: Input, vigil: &mut Vigil) -> Result<Step> {
        let Some(mut transaction) = course.transaction.take() else { return Err(out_of_step()) };
        let sends_again = matches!(input, Input::Failed(_) | Input::Drained(_));
        let first = if sends_again && transaction.request().body.as_bytes().is_none() {
            First::Input(input)
        } else {
            match transaction.step(input) {
                Ok(Step::Ask(provider, call)) => First::Question(provider, call),
                step => {
                    course.transaction = Some(transaction);
                    return step;
                }
            }
        };
        let (transaction, step) = Box::pin(self.ask_worker(transaction, first, vigil)).await?;
        course.transaction = Some(transaction);
        step
    }

    async fn ask_worker(
        &self,
        mut transaction: Transaction,
        first: First,
        vigil: &mut Vigil,
    ) -> Result<(Transaction, Result<Step>)> {
        let cancel = Arc::clone(&self.cancel);
        let errand = move || {
            let mut step = match first {
                First::Input(input) => transaction.step(input),
                First::Question(provider, call) => Ok(Step::Ask(provider, call)),
            };
            while let Ok(Step::Ask(provider, call)) = step {
                step = cancel.check().and_then(|()| {
                    let mut reply = Args::new();
                    let status = provider.call(call, &mut reply);
                    // The host may have cancelled from inside.
                    cancel.check()?;
                    transaction.step(Input::Replied(status, reply))
                });
            }
            (transaction, step)
        };
        errands::fetch(&self.worker, vigil, errand).await
    }

    /// An error of policy with the answer that it is about, which is read to its end while there is time.
    async fn failed(&self, error: Error, course: &mut Course, vigil: &mut Vigil) -> Error {
        let mut body = course.body.take();
        let Some(transaction) = &mut course.transaction else {
            let error = match course.risk {
                Some(risk) if error.known_outcome().is_none() => error.outcome(risk),
                _ => error,
            };
            return after(named(error, &self.request), course.done);
        };
        if let Some(body) = &mut body {
            // It helps to understand; that it cannot be read does not change what went wrong.
            let _ = Box::pin(self.gather(body, vigil)).await;
        }
        after(with_answer(error, course.risk, transaction, body, course.elapsed, course.start), course.done)
    }

    /// Reads the rest of a body into memory, as it comes.
    async fn gather(&self, body: &mut BodyStream, vigil: &mut Vigil) -> Result<()> {
        body.relay(&self.worker)?;
        body.gather(vigil).await
    }

    /// Reads the rest of a body and decodes it, in pieces.
    async fn drain(&self, stream: &mut BodyStream, vigil: &mut Vigil) -> Result<Vec<u8>> {
        self.gather(stream, vigil).await?;
        let mut body = Vec::new();
        loop {
            let old = body.len();
            body.resize(old + PIECE, 0);
            let count = stream.read(body.get_mut(old..).unwrap_or_default())?;
            body.truncate(old + count);
            if count == 0 {
                body.shrink_to_fit();
                return Ok(body);
            }
            tokio::task::yield_now().await;
        }
    }

    async fn carry(&self, request: &Request, vigil: &mut Vigil) -> Result<Carried> {
        self.cancel.check()?;
        match self.adapters.find(request.url.as_str())? {
            Adapter::Exchange | Adapter::Http2 => self.exchange(request, vigil).await,
            Adapter::Provider(provider) => Box::pin(self.ask(provider, request, vigil)).await.map_err(perhaps_sent),
            Adapter::Cassette(cassette) => Box::pin(self.by_cassette(cassette, request, vigil)).await,
        }
    }

    /// Carries a request over our own connections.
    async fn exchange(&self, request: &Request, vigil: &mut Vigil) -> Result<Carried> {
        let route = self.router.route(request)?;
        let framing = request.framing()?;
        let mut relay: Option<Box<Relay>> = None;
        if !matches!((framing, request.body.as_bytes()), (Framing::None, _) | (Framing::Sized(_), Some(_))) {
            let size = if let Framing::Sized(size) = framing { Some(size) } else { None };
            relay = Some(Box::new(Relay::new(request.body.open()?, size, Arc::clone(&self.worker))));
        }
        let answer = self.exchange_on(&route, request, framing, &mut relay, vigil).await;
        if let Some(relay) = &mut relay {
            let source = Box::pin(relay.part(vigil)).await;
            if let Ok(Some(source)) = source {
                self.remains.lock().push(Box::new(source));
            }
        }
        Ok(adapter::carried(answer?))
    }

    async fn exchange_on(
        &self,
        route: &Arc<Route>,
        request: &Request,
        framing: Framing,
        relay: &mut Option<Box<Relay>>,
        vigil: &mut Vigil,
    ) -> Result<Box<exchange::Answer>> {
        let replay_safe = adapter::is_replay_safe(&request.method);
        let (mut way, mut made) = (Cow::Borrowed(route), None);
        if route.parts().version != Version::Http1 {
            let errand = Errand {
                lines: self.carrier.lines(),
                route,
                request,
                payload: payload(request, relay),
                limits: &self.limits,
                watch: self.watch.as_ref(),
                replay_safe,
            };
            match Box::pin(errand.run(&mut Patience::Reactor(vigil))).await? {
                Exchanged::Answer(answer) => return Ok(answer),
                Exchanged::Older(older, connection) => {
                    way = Cow::Owned(older);
                    if let Some(Made::Wired(wired, steps)) = connection {
                        made = Some((wired, steps));
                    }
                }
            }
        }
        let Composed { head, expects } = adapter::compose(&way, request, framing, self.expect_continue)?;
        let mut order = exchange::Order {
            method: &request.method,
            head: &head,
            payload: payload(request, relay),
            expect_continue: expects.then_some(adapter::CONTINUE_PATIENCE),
            replay_safe,
        };
        let answer =
            self.carrier.flow_open(&way, &mut made, &mut order, &self.limits, vigil, self.watch.as_ref()).await?;
        Ok(Box::new(answer))
    }

    /// Has the host carry it.
    async fn ask(&self, provider: &Arc<dyn Provider>, request: &Request, vigil: &mut Vigil) -> Result<Carried> {
        let (provider, request) = (Arc::clone(provider), request.clone());
        let (router, limits) = (Arc::clone(&self.router), self.limits);
        let errand = move || adapter::ask(&*provider, &request, &*router, &limits);
        errands::fetch(&self.worker, vigil, errand).await?
    }

    /// Has a cassette play the server, or record it: both are the worker's, one holds the file that the other waits for.
    async fn by_cassette(&self, cassette: &Arc<Cassette>, request: &Request, vigil: &mut Vigil) -> Result<Carried> {
        let (player, asked) = (Arc::clone(cassette), request.clone());
        if let Some(played) = errands::fetch(&self.worker, vigil, move || player.play(&asked)).await?? {
            return Ok(played);
        }
        let (hop, source) = self.exchange(request, vigil).await?.into_parts();
        let mut stream = BodyStream::new(source, &hop, &request.method, false)?;
        self.gather(&mut stream, vigil).await?;
        let body = stream.read_to_end()?;
        let (recorder, asked) = (Arc::clone(cassette), request.clone());
        let errand = move || recorder.record(&asked, &hop, &body).map(|()| (hop, body));
        let (hop, body) = errands::fetch(&self.worker, vigil, errand).await??;
        Ok(Carried::new(hop, Source::Memory(body, 0)))
    }
}

/// What follows the head: what a relay brings, or what is in memory.
fn payload<'a>(request: &'a Request, relay: &'a mut Option<Box<Relay>>) -> Payload<'a> {
    match (relay, request.body.as_bytes()) {
        (Some(relay), _) => {
            let size = relay.size();
            Payload::Relay { relay, size }
        }
        (None, Some(bytes)) if !matches!(request.body, Body::None) => Payload::Bytes(bytes),
        _ => Payload::None,
    }
}

/// What the worker begins with.
enum First {
    Input(Input),
    Question(Arc<dyn Provider>, crate::value::Tree),
}

fn out_of_step() -> Error {
    Error::new(&code::INTERNAL, "a call was driven out of step")
}
