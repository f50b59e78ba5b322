//! Connections one after the other (spec/ftrack.md 7.1, 7.3, 7.8): each begins with a handshake of its own, and whatever
//! ends one (a close, `0::`, a broken connection, silence) another follows it, after a delay that grows with failures.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::{Duration, Instant},
};

use super::{Hub, Phase, line::not_connected};
use crate::{
    args::Args,
    backends::{Answer, Call, Change},
    clock,
    engine::{
        backoff::Backoff,
        errands,
        net::cancel::Cancel,
        reactor::{promise::Giver, timer::Timer, vigil::Vigil},
        socketio::Admission,
        websocket::{
            Close, Listener, Message, Opened, Outbox,
            driver::{self, Settings},
            order::What,
            stage::End,
            stats::Stats,
        },
    },
    error::{Error, Result, Status, code},
    log,
    sys::lock::Mutex,
    value::{Object, Tree},
};

/// The longest silence that is believed, whatever the server's handshake says.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// How long the server's answer to our close is waited for.
const GOODBYE: Duration = Duration::from_secs(2);
/// Fields that the upgrade does not carry: the identifier in its path is the authority.
const NOT_AT_THE_UPGRADE: [&str; 4] = ["ftrack-api-key", "ftrack-user", "Accept", "Content-Type"];

/// How one connection ended.
enum Ending {
    /// As the WebSocket says.
    Closed(End),
    /// The server sent `0::`.
    Told,
    /// It was silent for too long.
    Silent(Duration),
}

impl Hub {
    /// Begins to connect, unless it has. `patient` goes on after a first failure. `arrival` hears when it stands, or why
    /// it never will. True when it was this call that began.
    ///
    /// # Errors
    /// `limit`, `closed`.
    pub(super) fn begin(self: &Arc<Self>, patient: bool, arrival: Option<Giver<Result<()>>>) -> Result<bool> {
        let mut state = self.state.lock();
        if state.leaving {
            return Err(not_connected());
        }
        match (state.phase, arrival) {
            (Phase::Ready, Some(giver)) => {
                drop(state);
                giver.give(Ok(()));
                return Ok(false);
            }
            (_, Some(giver)) => state.arrivals.push(giver),
            (_, None) => {}
        }
        if state.cancel.is_some() {
            return Ok(false);
        }
        let cancel = Arc::<Cancel>::default();
        state.cancel = Some(Arc::clone(&cancel));
        state.phase = Phase::Connecting;
        drop(state);
        let hub = Arc::clone(self);
        // Held to the end: what is let go of can still say goodbye.
        let seat = Arc::clone(&self.lent.reactor);
        let begun = self.lent.reactor.run(async move {
            Box::pin(hub.live(patient, &cancel)).await;
            drop(seat);
        });
        if let Err(error) = begun {
            let mut state = self.state.lock();
            (state.cancel, state.phase) = (None, Phase::Off);
            state.arrivals.clear();
            return Err(error);
        }
        Ok(true)
    }

    /// Ends the connection and all subscriptions. `departure` hears when it is over. Never waits.
    pub(super) fn end(&self, departure: Option<Giver<()>>) {
        let mut state = self.state.lock();
        let subscribers = self.part(&mut state);
        let Some(cancel) = state.cancel.clone() else {
            drop(state);
            self.dismiss(subscribers, None);
            if let Some(giver) = departure {
                giver.give(());
            }
            return;
        };
        state.departures.extend(departure);
        let begins = !std::mem::replace(&mut state.leaving, true);
        let standing = state.outbox.clone().filter(|_| state.phase == Phase::Ready);
        if begins {
            let close = standing.and_then(|outbox| outbox.order(What::Close(Close::new(1000, "")), true).ok());
            match close {
                Some(ticket) => state.farewell = Some(ticket),
                None => cancel.cancel(),
            }
        }
        drop(state);
        self.dismiss(subscribers, None);
    }

    /// Ends what runs, at once.
    pub fn abandon(&self) {
        let mut state = self.state.lock();
        state.leaving = true;
        let cancel = state.cancel.clone();
        drop(state);
        if let Some(cancel) = cancel {
            cancel.cancel();
        }
    }

    fn dismiss(&self, subscribers: Vec<super::Subscriber>, error: Option<&Error>) {
        for subscriber in subscribers {
            subscriber.sink.end(error.map(again));
            self.let_go(subscriber);
        }
    }

    /// From the first try to the end.
    async fn live(self: &Arc<Self>, patient: bool, cancel: &Arc<Cancel>) {
        self.tell(Change::Connecting);
        let why = self.connections(patient, cancel).await;
        let given_up = {
            let state = self.state.lock();
            state.phase == Phase::Lost && !state.leaving
        };
        if given_up {
            // While there is somebody to hear it.
            self.happened(super::event::DISCONNECTED);
        }
        let mut state = self.state.lock();
        let was = std::mem::take(&mut state.phase);
        let wanted = std::mem::take(&mut state.leaving);
        state.cancel = None;
        state.outbox = None;
        state.beat = None;
        state.farewell = None;
        let arrivals = std::mem::take(&mut state.arrivals);
        let departures = std::mem::take(&mut state.departures);
        let left = state.outgoing.clear();
        // A first try that failed leaves subscriptions for the next one.
        let over = !wanted && was == Phase::Lost;
        let subscribers = if over { state.subscribers.take_all() } else { Vec::new() };
        drop(state);
        let events = left.iter().filter(|item| matches!(item.about, super::outgoing::About::Event(_))).count();
        if events > 0 {
            log::warn(c"ftrack", || {
                format!("{events} events were not acknowledged when the event hub was disconnected")
            });
        }
        let why = why.unwrap_or_else(not_connected);
        if !wanted {
            log::warn(c"ftrack", || format!("the event hub is disconnected: {why}"));
        }
        for item in left {
            if let Some(giver) = item.giver {
                giver.give(Err(again(&why)));
            }
        }
        self.dismiss(subscribers, Some(&why));
        if was != Phase::Ready {
            // The session itself needs no event hub.
            self.tell(Change::Ready);
        }
        for giver in arrivals {
            giver.give(Err(again(&why)));
        }
        for giver in departures {
            giver.give(());
        }
    }

    /// Connection after connection, until there is to be none; an error says why.
    async fn connections(self: &Arc<Self>, patient: bool, cancel: &Arc<Cancel>) -> Option<Error> {
        let mut vigil = Vigil::new(Arc::clone(cancel));
        let mut backoff = self.terms.again.map(Backoff::new);
        let mut stood = false;
        loop {
            let since = clock::now();
            let error = match Box::pin(self.connection(&mut vigil)).await {
                Err(error) if !stood && !patient => return Some(error),
                Ok(error) | Err(error) => error,
            };
            let (wanted, ready) = {
                let mut state = self.state.lock();
                let ready = state.phase == Phase::Ready;
                if ready {
                    state.losses += 1;
                    state.phase = Phase::Lost;
                }
                (state.leaving || cancel.is_cancelled(), ready)
            };
            self.lost();
            if wanted {
                return None;
            }
            stood |= ready;
            if matches!(error.status(), Status::Auth | Status::Denied) {
                return Some(error);
            }
            if !stood && !patient {
                return Some(error);
            }
            let Some(backoff) = backoff.as_mut() else { return Some(error) };
            if ready {
                backoff.reset();
                backoff.stood(clock::now() - since);
                self.tell(Change::Lost(again(&error)));
            }
            let Some(delay) = backoff.next_delay() else { return Some(error) };
            log::debug(c"ftrack", || format!("the event server is tried again in {} ms: {error}", delay.as_millis()));
            if vigil.sleep(delay).await.is_err() {
                return None;
            }
        }
    }

    /// One connection, from its handshake to its end; the error says why it ended.
    async fn connection(self: &Arc<Self>, vigil: &mut Vigil) -> Result<Error> {
        let admission = self.handshake(vigil).await?;
        let opened = self.open(&admission.sid, vigil).await?;
        let patience = admission.heartbeat_timeout.map_or(SILENCE_MAX, |timeout| timeout.mul_f64(1.5).min(SILENCE_MAX));
        let ended = self.drive(opened, patience, vigil.cancel()).await;
        Ok(match ended {
            Ending::Told => lost("the event server ended the connection".into()),
            Ending::Silent(patience) => {
                lost(format!("the event server was silent for {} seconds", patience.as_secs_f64()))
            }
            Ending::Closed(end) => {
                let code = i64::from(end.close.code);
                end.error
                    .unwrap_or_else(|| lost(format!("the event server closed the connection with {code}")))
                    .with("close_code", code)
            }
        })
    }

    fn base(&self) -> (&str, &str) {
        let server = &*self.terms.server;
        let (scheme, rest) = server.split_once("://").unwrap_or(("http", server));
        // The path of the server's URL is dropped (spec 7.1).
        (scheme, rest.split(['/', '?', '#']).next().unwrap_or_default())
    }

    async fn handshake(&self, vigil: &mut Vigil) -> Result<Admission> {
        let (scheme, place) = self.base();
        let url = format!("{scheme}://{place}/socket.io/1/");
        let mut headers = Object::with_capacity(2);
        headers.insert("Accept", Tree::from("*/*"));
        headers.insert("Content-Type", Tree::Null);
        let mut args = Args::new();
        args.set("headers", Tree::Object(headers));
        args.set("parse", "text");
        args.set("raise_for_status", false);
        let begun = {
            let call =
                Call { verb: Some("GET"), target: Some(&url), args: &args, cancel: vigil.cancel(), progress: None };
            self.web.begin(&call)?
        };
        let answer = if let Some(pending) = begun {
            (pending.await)()?
        } else {
            let (web, cancel) = (Arc::clone(&self.web), Arc::clone(vigil.cancel()));
            let errand = move || {
                web.request(&Call {
                    verb: Some("GET"),
                    target: Some(&url),
                    args: &args,
                    cancel: &cancel,
                    progress: None,
                })
            };
            errands::fetch(&self.lent.worker, vigil, errand).await??
        };
        admitted(&*answer)
    }

    async fn open(&self, sid: &str, vigil: &Vigil) -> Result<Opened> {
        let (scheme, place) = self.base();
        let scheme = if scheme.eq_ignore_ascii_case("https") { "wss" } else { "ws" };
        let mut args = Args::new();
        args.set("compression", false);
        let mut opening = self.web.websocket(&format!("{scheme}://{place}/socket.io/1/websocket/{sid}"), &args)?;
        let headers = Arc::make_mut(&mut opening.request.headers);
        for name in NOT_AT_THE_UPGRADE {
            headers.remove(name);
        }
        Box::pin(opening.run(vigil.cancel(), Arc::clone(&self.lent.worker))).await
    }

    async fn drive(self: &Arc<Self>, opened: Opened, patience: Duration, cancel: &Arc<Cancel>) -> Ending {
        let Opened { mut wired, agreement, .. } = opened;
        let outbox = Arc::<Outbox>::default();
        let pulse = Arc::new(Pulse { heard: Mutex::new(clock::now()), told: AtomicBool::new(false) });
        let mut ear = Ear { hub: Arc::clone(self), pulse: Arc::clone(&pulse) };
        // The server's heartbeats say that it is there: nobody else has to ask.
        let settings =
            Settings { ping_interval: None, ping_timeout: None, close_timeout: GOODBYE, ..Settings::default() };
        let stats = Stats::default();
        let early = {
            let mut state = self.state.lock();
            state.outbox = Some(Arc::clone(&outbox));
            state.leaving
        };
        if early {
            cancel.cancel();
        }
        let how = {
            let mut run = pin!(driver::run(&mut wired, &agreement, &settings, &outbox, &stats, &mut ear, cancel));
            let mut timer = Timer::default();
            poll_fn(|cx| {
                if let Poll::Ready(end) = run.as_mut().poll(cx) {
                    return Poll::Ready(Ending::Closed(end));
                }
                if pulse.told.load(Ordering::Relaxed) {
                    return Poll::Ready(Ending::Told);
                }
                let until = *pulse.heard.lock() + patience;
                if timer.is_over(until, cx) { Poll::Ready(Ending::Silent(patience)) } else { Poll::Pending }
            })
            .await
        };
        driver::hang_up(*wired);
        outbox.end(&Close::lost());
        how
    }
}

/// Whether the server is there.
struct Pulse {
    heard: Mutex<Instant>,
    told: AtomicBool,
}

/// What the connection talks to.
struct Ear {
    hub: Arc<Hub>,
    pulse: Arc<Pulse>,
}

impl Listener for Ear {
    fn message(&mut self, message: Message<'_>) {
        // After `0::` nothing counts.
        if self.pulse.told.load(Ordering::Relaxed) {
            return;
        }
        if let Message::Text(text) = message
            && !self.hub.heard(&text)
        {
            self.pulse.told.store(true, Ordering::Relaxed);
        }
    }

    fn flush(&mut self) {
        *self.pulse.heard.lock() = clock::now();
    }

    fn ended(&mut self, _end: End) {}
}

/// Reads the answer to a handshake.
fn admitted(answer: &dyn Answer) -> Result<Admission> {
    let status = answer.status();
    let text = String::from_utf8_lossy(answer.body());
    if status == 200 {
        return Admission::parse(&text);
    }
    let kind = match status {
        401 => Status::Auth,
        403 => Status::Denied,
        _ => Status::Remote,
    };
    let message = format!("the event server answered the handshake with {status}");
    let error = Error::new(&code::HUB_NOT_CONNECTED, message).status_as(kind).with("http_status", i64::from(status));
    Err(error.transient(status >= 500))
}

fn lost(message: String) -> Error {
    Error::new(&code::CONNECTION_LOST, message)
}

/// The same error once more, for one more who hears of it.
pub(super) fn again(error: &Error) -> Error {
    let code = code::ALL.iter().find(|code| code.word == error.code()).copied().unwrap_or(&code::CONNECTION_LOST);
    let copy = Error::new(code, error.message().to_owned()).status_as(error.status()).transient(error.is_retryable());
    let copy = error.detail().iter().fold(copy, |copy, (key, value)| copy.with(key, value.clone()));
    match error.known_outcome() {
        Some(outcome) => copy.outcome(outcome),
        None => copy,
    }
}
