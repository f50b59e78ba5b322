//! The reactor's driver for a request that asks the server to switch to another protocol: runs a [`Transaction`] as
//! [`flight`](super::flight) does, so that redirects, cookies, authentication and hooks are those of every call. The
//! host's code runs as errands of whoever waits.

use std::{sync::Arc, time::Duration};

use super::{
    adapter::{self, Carried, Composed, Source},
    client::{Delivered, Router, affords, named, split, told, with_answer},
    exchange::{Switch, switch},
    policy::{Finished, Hop, Input, Rules, Step, Transaction},
    request::{Framing, Request},
    stream::BodyStream,
};
use crate::{
    args::Args,
    clock,
    engine::{
        errands::{self, Errands},
        net::{cancel::Cancel, limits::Limits, route::Version},
        reactor::{vigil::Vigil, wire::Wired},
    },
    error::{Error, Outcome, Result, code},
    log,
};

/// A piece of a body that is decoded on the reactor: after each, others have their turn.
const PIECE: usize = 32 << 10;

/// One request to switch. It owns everything.
pub struct Upgrade {
    /// What policy may do.
    pub rules: Arc<Rules>,
    /// The first request.
    pub request: Request,
    /// Where each hop goes.
    pub router: Arc<dyn Router>,
    /// Time-outs.
    pub limits: Limits,
    /// Ends it from another thread.
    pub cancel: Arc<Cancel>,
    /// Runs the host's code.
    pub errands: Arc<dyn Errands>,
    /// Undo content codings of what is answered instead.
    pub decode: bool,
}

/// What came of it.
pub enum Upgraded {
    /// The connection, and the exchange that made it.
    Done(Box<Wired>, Box<Finished>),
    /// The server answered otherwise.
    Refused(Box<Delivered>),
}

impl Upgrade {
    /// Runs the call to its end. `dress` is shown each request before it is sent, and adds what asks for the switch.
    ///
    /// # Errors
    /// As [`client::send`](super::client::send).
    pub async fn run(self, mut dress: impl FnMut(&mut Request) -> Result<()> + Send) -> Result<Upgraded> {
        let start = clock::now();
        let mut vigil = Vigil::new(Arc::clone(&self.cancel));
        let mut transaction = Transaction::new(Arc::clone(&self.rules), self.request.clone());
        let (mut wired, mut body): (Option<Box<Wired>>, Option<BodyStream>) = (None, None);
        let mut elapsed = Duration::ZERO;
        let mut next = transaction.step(Input::Start);
        // Asking for a switch changes nothing on the server.
        let risk = Some(Outcome::NotSent);
        loop {
            if let Ok(Step::Ask(provider, question)) = next {
                let cancel = Arc::clone(&self.cancel);
                // With what follows from the reply, up to the next step that moves bytes.
                let errand = move || {
                    let mut step = Ok(Step::Ask(provider, question));
                    while let Ok(Step::Ask(provider, question)) = step {
                        step = cancel.check().and_then(|()| {
                            let mut reply = Args::new();
                            let status = provider.call(question, &mut reply);
                            // The host may have cancelled from inside.
                            cancel.check()?;
                            transaction.step(Input::Replied(status, reply))
                        });
                    }
                    (transaction, step)
                };
                (transaction, next) = Box::pin(errands::fetch(&self.errands, &mut vigil, errand)).await?;
            }
            let step = match next {
                Ok(step) => step,
                Err(error) => {
                    gather(&mut body, &mut vigil).await;
                    return Err(with_answer(error, risk, &mut transaction, body, elapsed, start));
                }
            };
            let done = match step {
                Step::Send => {
                    (wired, body) = (None, None);
                    let began = clock::now();
                    let sent = self.carry(transaction.request(), &mut dress, &mut vigil).await;
                    elapsed = clock::now().saturating_duration_since(began);
                    match sent {
                        Ok((hop, stream, connection)) => {
                            let sent = Ok((hop, stream));
                            log::debug(c"http", || told(transaction.request(), &sent, elapsed));
                            wired = connection;
                            sent.map(|(hop, stream)| {
                                body = Some(stream);
                                Input::Answer(hop)
                            })
                        }
                        Err(error) => Ok(Input::Failed(named(error.outcome(Outcome::NotSent), transaction.request()))),
                    }
                }
                Step::Drain => Ok(Input::Drained(match body.as_mut() {
                    Some(stream) => drain(stream, &mut vigil).await,
                    None => Ok(Vec::new()),
                })),
                Step::Wait(time) => match affords(time, &self.limits) {
                    Ok(()) => vigil.sleep(time).await.map(|()| Input::Waited),
                    Err(error) => Err(error),
                },
                Step::Ask(..) => Err(Error::new(&code::INTERNAL, "the host was asked on the reactor")),
                Step::Finish => {
                    let none = || Error::new(&code::INTERNAL, "a call finished without an answer");
                    let finished = transaction.finish().ok_or_else(none)?;
                    return Ok(match wired.filter(|_| finished.hop.status == 101) {
                        Some(wired) => Upgraded::Done(wired, Box::new(finished)),
                        None => {
                            gather(&mut body, &mut vigil).await;
                            let body = body.unwrap_or_else(BodyStream::empty);
                            Upgraded::Refused(Box::new(Delivered { finished, body, elapsed, start }))
                        }
                    });
                }
            };
            next = done.and_then(|input| transaction.step(input));
        }
    }

    async fn carry(
        &self,
        request: &Request,
        dress: &mut (impl FnMut(&mut Request) -> Result<()> + Send),
        vigil: &mut Vigil,
    ) -> Result<(Hop, BodyStream, Option<Box<Wired>>)> {
        self.cancel.check()?;
        let mut dressed = request.clone();
        dress(&mut dressed)?;
        let route = self.router.route(&dressed)?;
        // There is nothing to upgrade in HTTP/2, whatever the session speaks otherwise.
        let route = if route.parts().version == Version::Http1 { route } else { route.older() };
        let Composed { head, .. } = adapter::compose(&route, &dressed, Framing::None, false)?;
        match switch(&route, &head, &self.limits, vigil).await? {
            Switch::Done(wired, head) => Ok((Hop { status: 101, head, body: None }, BodyStream::empty(), Some(wired))),
            Switch::Refused(mut answer) => {
                let hop = Hop { status: answer.status, head: std::mem::take(&mut answer.raw_head), body: None };
                let carried = Carried::new(hop, Source::Wire(answer));
                split(carried, &dressed, self.decode).map(|(hop, stream)| (hop, stream, None))
            }
        }
    }
}

/// Reads what is left of a body into memory: it helps to understand, and that it cannot be read changes nothing.
async fn gather(body: &mut Option<BodyStream>, vigil: &mut Vigil) {
    if let Some(body) = body {
        let _ = Box::pin(body.gather(vigil)).await;
    }
}

/// Reads the rest of a body and decodes it, in pieces.
async fn drain(stream: &mut BodyStream, vigil: &mut Vigil) -> Result<Vec<u8>> {
    Box::pin(stream.gather(vigil)).await?;
    let mut body = Vec::new();
    loop {
        let old = body.len();
        body.resize(old + PIECE, 0);
        let count = stream.read(body.get_mut(old..).unwrap_or_default())?;
        body.truncate(old + count);
        if count == 0 {
            return Ok(body);
        }
        tokio::task::yield_now().await;
    }
}
