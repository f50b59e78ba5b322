//! Connections one after the other (spec/janus.md 2.6, 4.1): the ways to the server are tried in their order, all of them
//! count as one try; a lost connection is made again at once, and then with growing delays, `max_retries` times in a row.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use super::{
    super::{
        carrier::{Carrier, Connecting, Connection, Ending},
        settings::Recover,
        transactions::Stage,
    },
    Line, Phase, Request, again,
    recovery::{Fate, settle},
    routing::Hearing,
};
use crate::{
    backends::Change,
    clock,
    engine::{backoff::Backoff, errands, net::cancel::Cancel, reactor::vigil::Vigil},
    error::{Error, Outcome, Result, Status, code},
    log,
    value::Document,
};

/// A connection that stood no longer is as good as none: the next one is made after a delay.
const BRIEF: Duration = Duration::from_secs(1);

impl Line {
    /// Begins to connect, unless somebody has. Called on a thread that may read files.
    pub(super) fn begin(self: &Arc<Self>) {
        let mut state = self.state.lock();
        if state.leaving || state.cancel.is_some() {
            return;
        }
        let cancel = Arc::<Cancel>::default();
        state.cancel = Some(Arc::clone(&cancel));
        state.phase = Phase::Connecting;
        drop(state);
        let first = self.carriers.first().map(|carrier| carrier.open(&cancel));
        let line = Arc::clone(self);
        // Held to the end: what is let go of can still say goodbye.
        let seat = Arc::clone(&self.lent.reactor);
        let begun = self.lent.reactor.run(async move {
            Box::pin(line.live(first, &cancel)).await;
            drop(seat);
        });
        if let Err(error) = begun {
            self.over(Some(error));
        }
    }

    /// From the first try to the end.
    async fn live(self: &Arc<Self>, first: Option<Result<Connecting>>, cancel: &Arc<Cancel>) {
        self.tell_all(|| Change::Connecting);
        let why = self.connections(first, cancel).await;
        self.over(why);
    }

    /// There is no connection and none to come: everybody hears why.
    fn over(self: &Arc<Self>, why: Option<Error>) {
        let mut state = self.state.lock();
        let was = std::mem::take(&mut state.phase);
        let leaving = state.leaving;
        (state.cancel, state.road, state.info) = (None, None, None);
        let left = state.table.take_all(|_| true);
        let departures = std::mem::take(&mut state.departures);
        let members = state.members.clone();
        drop(state);
        let why = why.unwrap_or_else(|| Error::new(&code::CONNECTION_LOST, "the connection was ended"));
        for (_, mut entry) in left {
            let outcome = entry.it.give_up(entry.stage);
            if let Some(giver) = entry.it.giver {
                giver.give(Err(again(&why).outcome(outcome)));
            }
        }
        if !leaving && was != Phase::Off {
            log::warn(c"janus", || format!("the connection is given up: {why}"));
            for member in members {
                // One that was not opened yet is as it was: the next call tries again.
                if member.id().is_some() {
                    member.ended(crate::value::Tree::Null, Some(again(&why)));
                } else {
                    member.tell(&|| Change::Ready);
                }
            }
        }
        for giver in departures {
            giver.give(());
        }
    }

    /// Connection after connection, until there is to be none; an error says why.
    async fn connections(self: &Arc<Self>, first: Option<Result<Connecting>>, cancel: &Arc<Cancel>) -> Option<Error> {
        let mut vigil = Vigil::new(Arc::clone(cancel));
        let mut backoff = Backoff::new(self.terms().plan);
        let mut first = first;
        loop {
            let since = clock::now();
            let mut stood = false;
            let error = match self.connect(first.take(), &mut vigil).await {
                Ok((at, connection)) => {
                    let (ready, error) = Box::pin(self.serve(at, connection, &mut vigil)).await;
                    stood = ready;
                    error
                }
                Err(error) => error,
            };
            if cancel.is_cancelled() || self.state.lock().leaving {
                return None;
            }
            if stood {
                self.tell_all(|| Change::Lost(again(&error)));
                if self.terms().recover == Recover::Off {
                    return Some(error);
                }
                if clock::now() - since >= BRIEF {
                    backoff = Backoff::new(self.terms().plan);
                    continue;
                }
            } else if !is_passing(&error) {
                return Some(error);
            }
            let Some(delay) = backoff.next_delay() else { return Some(error) };
            log::debug(c"janus", || format!("the server is tried again in {} ms: {error}", delay.as_millis()));
            if vigil.sleep(delay).await.is_err() {
                return None;
            }
        }
    }

    /// Tries every way once.
    async fn connect(
        self: &Arc<Self>,
        mut first: Option<Result<Connecting>>,
        vigil: &mut Vigil,
    ) -> Result<(usize, Box<dyn Connection>)> {
        let mut failed: Option<Error> = None;
        for (at, carrier) in self.carriers.iter().enumerate() {
            let connecting = match first.take() {
                Some(connecting) => connecting,
                None => self.prepare(carrier, vigil).await,
            };
            self.state.lock().carrier = at;
            let tried = match connecting {
                Ok(connecting) => connecting.await,
                Err(error) => Err(error),
            };
            match tried {
                Ok(connection) => return Ok((at, connection)),
                Err(error) => {
                    vigil.cancel().check()?;
                    log::debug(c"janus", || format!("{} could not be reached: {error}", carrier.url()));
                    // Of several failures the one that may pass is told, for it decides whether to try again.
                    failed = match failed {
                        Some(before) if is_passing(&before) && !is_passing(&error) => Some(before),
                        _ => Some(error),
                    };
                }
            }
        }
        Err(failed.unwrap_or_else(|| Error::new(&code::INTERNAL, "there was no way to the server")))
    }

    async fn prepare(&self, carrier: &Arc<dyn Carrier>, vigil: &mut Vigil) -> Result<Connecting> {
        if carrier.opens_at_once() {
            return carrier.open(vigil.cancel());
        }
        let (carrier, cancel) = (Arc::clone(carrier), Arc::clone(vigil.cancel()));
        errands::fetch(&self.lent.worker, vigil, move || carrier.open(&cancel)).await?
    }

    /// One connection, from its opening to its end: whether it was ready for requests, and why it ended.
    async fn serve(self: &Arc<Self>, at: usize, connection: Box<dyn Connection>, vigil: &mut Vigil) -> (bool, Error) {
        let claims = self.carriers.get(at).is_none_or(|carrier| carrier.needs_claim());
        let road = connection.road();
        {
            let mut state = self.state.lock();
            state.road = Some(Arc::clone(&road));
            state.counts.connections += 1;
        }
        let cancel = Arc::clone(vigil.cancel());
        let mut run = connection.run(Arc::new(Hearing(Arc::clone(self))), cancel);
        let ended = {
            // A handle of its own: one task waits for both, and each has its timer.
            let own = Arc::new(Cancel::default());
            let mut begin = pin!(self.settle_in(claims, own));
            let mut begun = None;
            poll_fn(|cx| {
                if let Poll::Ready(ending) = run.as_mut().poll(cx) {
                    return Poll::Ready(Ok(ending));
                }
                if begun.is_none()
                    && let Poll::Ready(done) = begin.as_mut().poll(cx)
                {
                    if let Err(error) = done {
                        return Poll::Ready(Err(error));
                    }
                    begun = Some(());
                    // What was held may have been sent: the connection has its turn.
                    cx.waker().wake_by_ref();
                }
                Poll::Pending
            })
            .await
        };
        drop(run);
        let ended_well = "the server ended the connection";
        let error = match ended {
            Ok(Ending { error: Some(error) }) | Err(error) => error,
            Ok(Ending { error: None }) => Error::new(&code::CONNECTION_LOST, ended_well),
        };
        (self.lost(&error), error)
    }

    /// What is done first on a connection: claims, then everything that was held; and the server is asked what it is.
    async fn settle_in(self: &Arc<Self>, claims: bool, cancel: Arc<Cancel>) -> Result<()> {
        let mut vigil = Vigil::new(cancel);
        let fates = self.restore(claims, &mut vigil).await?;
        if self.ready() {
            self.tell_all(|| Change::Ready);
        } else {
            for (session, fate) in fates {
                settle(&session, fate);
            }
            self.tell_unopened();
        }
        let deadline = clock::now() + self.terms().timeout;
        match self.ask(Request::new("info").again(), false)?.wait_on(&mut vigil, deadline).await {
            Ok(answer) => self.told(answer),
            Err(error) => log::debug(c"janus", || format!("the server did not say what it is: {error}")),
        }
        Ok(())
    }

    /// Requests go out from now on; true for the first connection.
    fn ready(&self) -> bool {
        let mut state = self.state.lock();
        let first = state.phase == Phase::Connecting;
        state.phase = Phase::Ready;
        let (road, ids): (_, Vec<u64>) = (state.road.clone(), state.sessions.keys().copied().collect());
        let leaving = state.leaving;
        drop(state);
        if let Some(road) = &road {
            ids.into_iter().for_each(|id| road.watch(id));
        }
        self.flush();
        // A goodbye that found no connection ready could not be said.
        if let Some(road) = road.filter(|_| leaving) {
            road.leave();
        }
        first
    }

    /// Sessions without an id have nothing that could be restored; they too are back.
    fn tell_unopened(&self) {
        let members = self.state.lock().members.clone();
        for member in members.iter().filter(|member| member.id().is_none()) {
            settle(member, Fate::Restored(crate::value::Tree::Null));
        }
    }

    /// The server said what it is.
    fn told(&self, answer: Box<Document>) {
        let mut state = self.state.lock();
        state.info = Some(Arc::from(answer));
        let members = state.members.clone();
        drop(state);
        for member in members {
            member.informed();
        }
    }

    /// The connection is gone: what went out over it has an unknown outcome, unless it may be sent again; what did not go
    /// out waits for the next one. Whether it was ready for requests.
    fn lost(&self, error: &Error) -> bool {
        let mut state = self.state.lock();
        let ready = state.phase == Phase::Ready;
        state.road = None;
        if ready {
            state.phase = Phase::Lost;
            state.counts.losses += 1;
        }
        let mut failed = Vec::new();
        for (number, mut entry) in state.table.take_all(|entry| entry.stage != Stage::Held || entry.it.request.ahead) {
            let sent = entry.it.give_up(entry.stage) != Outcome::NotSent;
            entry.it.was_sent = sent;
            let waits = entry.it.giver.is_some();
            if waits && !entry.it.request.ahead && (!sent || entry.it.request.again) {
                let (wants, name) = (entry.wants, entry.name.take());
                // It has its number and its name back, so this cannot fail.
                let _ = state.table.enter(number, wants, name.as_deref(), entry.it);
            } else {
                failed.push((entry, sent));
            }
        }
        drop(state);
        for (entry, sent) in failed {
            let outcome = if sent { Outcome::Unknown } else { Outcome::NotSent };
            if let Some(giver) = entry.it.giver {
                let message = format!("the connection was lost: {}", error.message());
                giver.give(Err(Error::new(&code::CONNECTION_LOST, message).outcome(outcome)));
            }
        }
        ready
    }
}

/// Whether what went wrong may be gone at the next try.
fn is_passing(error: &Error) -> bool {
    // Whether the server may have seen what was asked of it does not matter here: it was no request.
    error.is_retryable() || matches!(error.status(), Status::Io | Status::Timeout)
}
