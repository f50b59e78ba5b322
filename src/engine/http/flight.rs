//! The reactor's driver: runs a [`Transaction`] as the [blocking one](super::client) does, for calls in which nothing
//! but bytes has to move. Host code, files and bodies that are read in pieces are left to the session's worker, which
//! runs the blocking driver.

use std::{sync::Arc, time::Duration};

use super::{
    adapter::{self, Adapters, Carried, Composed, Source},
    body::Body,
    client::{Delivered, Router, affords, after, is_change_made, named, split, told, with_answer},
    exchange::{self, Carrier, Payload, Watch},
    policy::{Hop, Input, Rules, Step, Transaction},
    request::{Framing, Request},
    stream::BodyStream,
};
use crate::{
    clock,
    engine::{
        net::{cancel::Cancel, limits::Limits},
        reactor::vigil::Vigil,
    },
    error::{Error, Outcome, Result, code},
    log,
};

/// A piece of a body that is decoded on the reactor: after each, others have their turn.
const PIECE: usize = 32 << 10;

/// One call for the reactor. It owns everything: the caller has gone on.
pub struct Flight {
    /// The connections.
    pub carrier: Arc<Carrier>,
    /// What policy may do.
    pub rules: Arc<Rules>,
    /// The first request.
    pub request: Request,
    /// Where each hop goes.
    pub router: Arc<dyn Router>,
    /// Who carries what: our own connections, or nobody.
    pub adapters: Arc<Adapters>,
    /// Time-outs.
    pub limits: Limits,
    /// Ends it from another thread.
    pub cancel: Arc<Cancel>,
    /// Hears of moved bytes; must not wait.
    pub watch: Option<Arc<dyn Watch>>,
    /// Undo content codings.
    pub decode: bool,
    /// Wait for the server's word before a body is sent.
    pub expect_continue: bool,
}

impl Flight {
    /// Whether a request and its rules need no more than bytes moved.
    #[must_use]
    pub fn suits(rules: &Rules, request: &Request, adapters: &Adapters) -> bool {
        let provider = matches!(rules.auth, Some(super::auth::Auth::Provider(_)));
        let hooks = !rules.request_hooks.is_empty() || !rules.response_hooks.is_empty();
        let in_memory = match request.body {
            Body::None => true,
            // Chunks are made by a source.
            Body::Bytes(_) => matches!(request.framing(), Ok(Framing::None | Framing::Sized(_))),
            Body::Reader(..) | Body::Multipart(_) => false,
        };
        in_memory && !provider && !hooks && !rules.stream && adapters.are_plain()
    }

    /// Runs the call to the end of its final answer's body, which is not decoded yet.
    ///
    /// # Errors
    /// As [`client::send`](super::client::send).
    pub async fn run(self) -> Result<Delivered> {
        let start = clock::now();
        let mut vigil = Vigil::new(Arc::clone(&self.cancel));
        let mut transaction = Transaction::new(Arc::clone(&self.rules), self.request.clone());
        let mut body: Option<BodyStream> = None;
        let mut elapsed = Duration::ZERO;
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
                    body = None;
                    let began = clock::now();
                    let sent = self.carry(transaction.request(), &mut vigil).await;
                    let ended = clock::now();
                    log::debug(c"http", || told(transaction.request(), &sent, ended.saturating_duration_since(began)));
                    match sent {
                        Ok((hop, stream)) => {
                            if is_change_made(&transaction.request().method, hop.status) {
                                done = Some(Outcome::Applied);
                            }
                            let head = stream.wire().and_then(|wire| wire.marks.head).unwrap_or(ended);
                            elapsed = head.saturating_duration_since(began);
                            body = Some(stream);
                            risk = Some(Outcome::Applied);
                            Input::Answer(hop)
                        }
                        Err(error) => {
                            elapsed = ended.saturating_duration_since(began);
                            risk = error.known_outcome().or(risk);
                            done = done.or(error.known_outcome().filter(|outcome| *outcome == Outcome::Unknown));
                            Input::Failed(named(error, transaction.request()))
                        }
                    }
                }
                Step::Drain => Input::Drained(match body.as_mut() {
                    Some(stream) => drain(stream).await,
                    None => Ok(Vec::new()),
                }),
                Step::Wait(time) => {
                    let waited = match affords(time, &self.limits) {
                        Ok(()) => vigil.sleep(time).await,
                        Err(error) => Err(error),
                    };
                    if let Err(error) = waited {
                        return Err(after(with_answer(error, risk, &mut transaction, body, elapsed, start), done));
                    }
                    Input::Waited
                }
                Step::Ask(..) => return Err(Error::new(&code::INTERNAL, "the host was asked on the reactor")),
                Step::Finish => {
                    let none = || Error::new(&code::INTERNAL, "a call finished without an answer");
                    let finished = transaction.finish().ok_or_else(none)?;
                    let body = body.unwrap_or_else(BodyStream::empty);
                    return Ok(Delivered { finished, body, elapsed, start });
                }
            };
        }
    }

    async fn carry(&self, request: &Request, vigil: &mut Vigil) -> Result<(Hop, BodyStream)> {
        self.cancel.check()?;
        if !self.adapters.find(request.url.as_str())?.is_exchange() {
            return Err(Error::new(&code::INTERNAL, "an adapter of the host was needed on the reactor"));
        }
        let route = self.router.route(request)?;
        let Composed { head, framing, expects } = adapter::compose(&route, request, self.expect_continue)?;
        let payload = match (framing, request.body.as_bytes()) {
            (Framing::None, _) => Payload::None,
            (Framing::Sized(_), Some(bytes)) => Payload::Bytes(bytes),
            _ => return Err(Error::new(&code::INTERNAL, "a body in pieces was given to the reactor")),
        };
        let order = exchange::Order {
            method: &request.method,
            head: &head,
            payload,
            expect_continue: expects.then_some(adapter::CONTINUE_PATIENCE),
            replay_safe: adapter::is_replay_safe(&request.method),
        };
        let mut answer = self.carrier.flow(&route, order, &self.limits, vigil, self.watch.as_ref()).await?;
        let hop = Hop { status: answer.status, head: std::mem::take(&mut answer.raw_head), body: None };
        split(Carried::new(hop, Source::Wire(Box::new(answer))), request, self.decode)
    }
}

/// Decodes the rest of a body that is in memory, in pieces.
pub(super) async fn drain(stream: &mut BodyStream) -> Result<Vec<u8>> {
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
