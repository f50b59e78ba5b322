//! A connection that lasts: opened for a caller who waits, driven on the reactor, and made again when it is lost, if that
//! was asked for.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use crate::sys::lock::Mutex;

use super::{
    Message, Payload,
    driver::{self, Settings},
    frame::Close,
    handshake::Agreement,
    opening::{Opened, Opening},
    order::{Done, Ticket, What},
    outbox::Outbox,
    stage::End,
    stats::{Stats, add},
};
use crate::{
    clock,
    engine::{
        backoff::{Backoff, Plan},
        errands::Errands,
        http::url::Url,
        net::cancel::{Cancel, cancelled},
        reactor::{caller::Caller, promise, seat::Seat, vigil::Vigil},
    },
    error::{Error, Outcome, Result, Status, code},
};

/// What a subscription takes to return, and a thread to have its turn.
const GRACE: Duration = Duration::from_millis(20);

/// Who hears of a link. Called on the reactor, one call at a time: nothing here waits or runs the host's code.
pub trait Listener: Send + 'static {
    /// A message came.
    fn message(&mut self, message: Message<'_>);

    /// All messages of one read have come.
    fn flush(&mut self) {}

    /// How many messages there is room for; nothing is read before there is some, and the peer has to wait.
    fn poll_room(&mut self, _cx: &mut Context<'_>) -> Poll<usize> {
        Poll::Ready(usize::MAX)
    }

    /// The connection was lost and is being made again.
    fn lost(&mut self, _close: &Close, _error: Error) {}

    /// It stands again.
    fn restored(&mut self) {}

    /// Whether whoever listens has taken what came; the end is told after that. `asked`: this side wanted the end.
    fn poll_settled(&mut self, _cx: &mut Context<'_>, _asked: bool) -> Poll<()> {
        Poll::Ready(())
    }

    /// It ended for good.
    fn ended(&mut self, end: End);
}

/// Says how a connection is opened: once at the beginning, and again for each that replaces a lost one.
pub trait Opener: Send + Sync + 'static {
    /// Everything for one opening. May read files and run the host's code: it is never called on the reactor.
    ///
    /// # Errors
    /// What is wrong with the settings.
    fn opening(&self) -> Result<Opening>;
}

/// When a lost connection is made again.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Again {
    /// How often and after how long.
    pub plan: Plan,
    /// Also after the peer said that it was over (1000, 1001).
    pub also_after_goodbye: bool,
}

/// The connection as it was made last.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What was agreed on.
    pub agreement: Agreement,
    /// The head of the server's answer.
    pub head: Arc<[u8]>,
    /// Where it leads.
    pub url: Url,
}

/// How a link is kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// What a connection may do.
    pub settings: Settings,
    /// Whether a lost one is made again.
    pub again: Option<Again>,
}

/// The handle of a connection that lasts; shared by whoever sends.
pub struct Link {
    outbox: Arc<Outbox>,
    stats: Stats,
    facts: Mutex<Option<Facts>>,
    /// Ends it from any thread.
    cancel: Arc<Cancel>,
}

impl Link {
    /// Opens a connection and waits until it stands, on the calling thread, which runs the host's code meanwhile. From
    /// then on `listener` hears what comes. `worker` does what opening it again needs.
    ///
    /// # Errors
    /// What opening fails with; `cancelled`.
    pub fn open(
        seat: &Arc<Seat>,
        worker: &Arc<dyn Errands>,
        opener: Arc<dyn Opener>,
        terms: Terms,
        listener: impl Listener,
        cancel: &Arc<Cancel>,
    ) -> Result<Arc<Link>> {
        let opening = opener.opening().map_err(not_sent)?;
        let link = Arc::new(Link {
            outbox: Arc::default(),
            stats: Stats::default(),
            facts: Mutex::default(),
            cancel: Arc::default(),
        });
        let caller = Caller::new();
        let errands: Arc<dyn Errands> = Arc::<Caller>::clone(&caller);
        let (giver, mut taker) = promise::pair::<Result<()>>();
        let keeper = Keeper {
            link: Arc::clone(&link),
            _seat: Arc::clone(seat),
            worker: Arc::clone(worker),
            opener: terms.again.map(|_| Arc::clone(&opener)),
            terms,
        };
        let cancel = Arc::clone(cancel);
        seat.run(async move {
            match Box::pin(opening.run(&cancel, errands)).await {
                Ok(opened) => {
                    keeper.link.know(&opened);
                    giver.give(Ok(()));
                    keeper.keep(opened, listener).await;
                }
                Err(error) => giver.give(Err(error)),
            }
        })?;
        let opened = caller.wait(None, None, |cx| taker.poll_take(cx))?.flatten();
        // What the host gave was held until here: an opening that failed let go of it on the reactor.
        drop(opener);
        opened.unwrap_or_else(|| Err(not_sent(cancelled())))?;
        Ok(link)
    }

    /// Gives an order; see [`Outbox::order`].
    ///
    /// # Errors
    /// As there.
    pub fn order(&self, what: What, waits: bool) -> Result<Ticket> {
        self.outbox.order(what, waits)
    }

    /// Sends a message and waits until its bytes were handed to the system.
    ///
    /// # Errors
    /// `connection_lost`, `closed`, `cancelled` or `total_timeout`, with the outcome.
    pub fn send(&self, payload: Payload, cancel: &Cancel, deadline: Option<Instant>) -> Result<()> {
        self.wait(What::Message(payload), cancel, deadline).map(drop)
    }

    /// Asks whether the peer is there; the time that it took.
    ///
    /// # Errors
    /// As [`Link::send`].
    pub fn ping(&self, cancel: &Cancel, deadline: Option<Instant>) -> Result<Duration> {
        match self.wait(What::Ping, cancel, deadline)? {
            Done::Pong(rtt) => Ok(rtt),
            other => Err(unexpected(&other)),
        }
    }

    /// Closes, and waits for the peer's close.
    ///
    /// # Errors
    /// `cancelled` or `total_timeout`; the connection ends all the same.
    pub fn close(&self, close: Close, cancel: &Cancel, deadline: Option<Instant>) -> Result<Close> {
        match self.wait(What::Close(close), cancel, deadline)? {
            Done::Closed(close) => Ok(close),
            other => Err(unexpected(&other)),
        }
    }

    /// Gives an order and waits on the calling thread, which must not be the reactor's.
    ///
    /// # Errors
    /// As [`Link::send`].
    pub fn wait(&self, what: What, cancel: &Cancel, deadline: Option<Instant>) -> Result<Done> {
        let mut ticket = self.order(what, true)?;
        match Caller::new().wait(Some(cancel), deadline, |cx| ticket.poll_done(cx)) {
            Ok(Some(result)) => result,
            Ok(None) => Err(late().outcome(ticket.give_up())),
            Err(error) => Err(error.outcome(ticket.give_up())),
        }
    }

    /// Ends it now, without waiting: the peer hears that we go away, if there is room to say so.
    pub fn abandon(&self) {
        self.cancel.cancel();
    }

    /// The connection as it was made last.
    #[must_use]
    pub fn facts(&self) -> Option<Facts> {
        self.facts.lock().clone()
    }

    /// What was counted.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The orders that wait.
    #[must_use]
    pub fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    fn know(&self, opened: &Opened) {
        let head = opened.head.as_slice().into();
        let facts = Facts { agreement: opened.agreement.clone(), head, url: opened.url.clone() };
        *self.facts.lock() = Some(facts);
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("phase", &self.outbox.phase()).finish_non_exhaustive()
    }
}

/// Waits for an order on the reactor.
///
/// # Errors
/// As [`Link::send`].
pub async fn wait_on(mut ticket: Ticket, cancel: Arc<Cancel>, deadline: Option<Instant>) -> Result<Done> {
    let mut vigil = Vigil::new(cancel);
    match vigil.until(deadline, |cx| ticket.poll_done(cx)).await {
        Ok(Some(result)) => result,
        Ok(None) => Err(late().outcome(ticket.give_up())),
        // The end of a handle cancels its calls, also the one that asked for the end and has its answer.
        Err(error) => ticket.take().unwrap_or_else(|| Err(error.outcome(ticket.give_up()))),
    }
}

fn late() -> Error {
    Error::new(&code::TOTAL_TIMEOUT, "the whole call took too long").phase("total")
}

fn not_sent(error: Error) -> Error {
    if error.known_outcome().is_some() { error } else { error.outcome(Outcome::NotSent) }
}

fn unexpected(done: &Done) -> Error {
    Error::new(&code::INTERNAL, format!("an order came to something else: {done:?}"))
}

/// What keeps a link on the reactor. It holds the seat: a link that was let go of can still say goodbye.
struct Keeper {
    link: Arc<Link>,
    _seat: Arc<Seat>,
    worker: Arc<dyn Errands>,
    /// For those that are made again.
    opener: Option<Arc<dyn Opener>>,
    terms: Terms,
}

impl Keeper {
    async fn keep(mut self, first: Opened, mut listener: impl Listener) {
        let mut backoff = self.terms.again.map(|again| Backoff::new(again.plan));
        let mut opened = first;
        let end = loop {
            let Opened { mut wired, agreement, .. } = opened;
            let link = &self.link;
            let settings = &self.terms.settings;
            let run =
                driver::run(&mut wired, &agreement, settings, &link.outbox, &link.stats, &mut listener, &link.cancel);
            let since = clock::now();
            let end = run.await;
            driver::hang_up(*wired);
            let Some(backoff) = backoff.as_mut().filter(|_| self.comes_back(&end)) else { break end };
            backoff.stood(clock::now() - since);
            let End { close, error, .. } = end;
            let error = error.unwrap_or_else(|| closed_by_peer(&close));
            listener.lost(&close, error);
            match self.again(backoff, &close).await {
                Ok(again) => opened = again,
                Err(end) => break end,
            }
            backoff.reset();
            self.link.know(&opened);
            add(&self.link.stats.reconnects, 1);
            self.link.outbox.reopen();
            listener.restored();
        };
        self.link.outbox.end(&end.close);
        // Nobody who is let go of waits for somebody to listen.
        let mut vigil = Vigil::new(Arc::clone(&self.link.cancel));
        let asked = self.link.outbox.is_asked();
        let mut waited = false;
        let settled = vigil.until(None, |cx| {
            let settled = listener.poll_settled(cx, asked);
            waited |= settled.is_pending();
            settled
        });
        if settled.await.is_ok() && waited {
            // Whoever has just begun to listen is to be told that it did, before it hears that it is over.
            let _ = vigil.sleep(GRACE).await;
        }
        listener.ended(end);
        if let Some(opener) = self.opener.take()
            && Arc::strong_count(&opener) == 1
        {
            // The last one lets go of what the host gave, on a thread that may run its code.
            let _ = self.worker.run(Box::new(move || drop(opener)));
        }
    }

    /// Whether an end is the kind that a new connection may heal, and nobody has asked for it.
    fn comes_back(&self, end: &End) -> bool {
        let Some(again) = self.terms.again else { return false };
        if end.wanted || self.link.cancel.is_cancelled() {
            return false;
        }
        let heals = match end.close.code {
            1000 | 1001 => again.also_after_goodbye,
            // Said by either side of what the other one did: it would do it again.
            1002 | 1003 | 1007..=1010 => false,
            _ => true,
        };
        heals && self.link.outbox.lose()
    }

    /// Makes the connection again.
    async fn again(&self, backoff: &mut Backoff, close: &Close) -> std::result::Result<Opened, End> {
        let mut why: Option<Error> = None;
        loop {
            let Some(delay) = backoff.next_delay() else {
                let message = match &why {
                    Some(error) => format!("the connection was lost and could not be restored: {}", error.message()),
                    None => "the connection was lost and was not to be tried again".to_owned(),
                };
                let error = Error::new(&code::CONNECTION_LOST, message).transient(true);
                return Err(End { close: close.clone(), error: Some(error), wanted: false });
            };
            self.pause(clock::now() + delay, close).await?;
            match self.open_again().await {
                Ok(opened) => return Ok(opened),
                Err(error) if self.link.cancel.is_cancelled() => {
                    return Err(End { close: close.clone(), error: Some(error), wanted: true });
                }
                Err(error) if !is_transient(&error) => {
                    return Err(End { close: close.clone(), error: Some(error), wanted: false });
                }
                Err(error) => why = Some(error),
            }
        }
    }

    /// Lets time pass, unless somebody asks for the end.
    async fn pause(&self, until: Instant, close: &Close) -> std::result::Result<(), End> {
        let end = |error| End { close: close.clone(), error, wanted: true };
        let mut vigil = Vigil::new(Arc::clone(&self.link.cancel));
        loop {
            match vigil.until(Some(until), |cx| self.link.outbox.poll_next(cx, false)).await {
                Ok(None) => return Ok(()),
                Ok(Some(order)) => match order.what {
                    What::Close(_) => {
                        order.slot.leave(Ok(Done::Closed(close.clone())));
                        return Err(end(None));
                    }
                    _ => order.slot.leave(driver::closed()),
                },
                Err(error) => return Err(end(Some(error))),
            }
        }
    }

    async fn open_again(&self) -> Result<Opened> {
        let (giver, mut taker) = promise::pair::<Result<Opening>>();
        let Some(opener) = self.opener.clone() else { return Err(cancelled()) };
        self.worker.run(Box::new(move || {
            let opening = opener.opening();
            drop(opener);
            giver.give(opening);
        }))?;
        let mut vigil = Vigil::new(Arc::clone(&self.link.cancel));
        let opening = vigil.until(None, |cx| taker.poll_take(cx)).await?.flatten();
        drop(vigil);
        let opening = opening.unwrap_or_else(|| Err(Error::new(&code::CLOSED, "the worker has ended")))?;
        Box::pin(opening.run(&self.link.cancel, Arc::clone(&self.worker))).await
    }
}

/// Whether the next try may end otherwise. What the library marks as transient is; a failure to reach the server is one
/// whatever was sent, because a handshake changes nothing.
fn is_transient(error: &Error) -> bool {
    error.is_retryable() || matches!(error.status(), Status::Io | Status::Timeout)
}

fn closed_by_peer(close: &Close) -> Error {
    let message = if close.reason.is_empty() {
        format!("the peer closed the connection with {}", close.code)
    } else {
        format!("the peer closed the connection with {}: {}", close.code, close.reason)
    };
    Error::new(&code::CONNECTION_LOST, message).with("close_code", i64::from(close.code))
}
