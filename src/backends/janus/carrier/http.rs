//! Messages over HTTP (spec/janus.md 1.3): a POST for each request, and for each session one long poll that brings its
//! events. There is no connection that owns sessions; the line's connection is what stands between a server that answered
//! and one that does not any more.
//!
//! Requests of one handle go out one after the other, each when the one before it was answered: what a host does with a
//! handle stays in its order, as on a socket. Everything else goes side by side.

mod server;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    task::Waker,
    time::Duration,
};

use rustc_hash::FxBuildHasher;

use server::{Errand, Server, contains, no_janus, refused};

use super::{Api, Carrier, Connecting, Connection, Ear, Ending, Parcel, Receipt, Road, Running, Withdraw};
use crate::{
    backends::{Backend, Lent, janus::settings::Current},
    engine::{net::cancel::Cancel, reactor::vigil::Vigil},
    error::{Error, Outcome, Result, code},
    log,
    sys::{
        atomic::{AtomicU64, Ordering},
        lock::Mutex,
    },
    value::{Object, Tree},
};

/// The delay before a session is asked again whose secret the server refused: the host may give another one.
const REFUSED: Duration = Duration::from_secs(1);
/// The longest of those.
const REFUSED_MAX: Duration = Duration::from_secs(30);

/// The way by HTTP.
pub struct HttpCarrier {
    /// What is spoken there.
    pub api: Api,
    /// `http://host:8088/janus`.
    pub address: String,
    /// As it is shown.
    pub shown: String,
    /// The HTTP session that carries it.
    pub web: Arc<dyn Backend>,
    /// What the session lends.
    pub lent: Lent,
    /// What the host says of secrets; asked for each poll.
    pub terms: Arc<Current>,
}

impl Carrier for HttpCarrier {
    fn url(&self) -> &str {
        &self.shown
    }

    fn needs_claim(&self) -> bool {
        false
    }

    fn opens_at_once(&self) -> bool {
        true
    }

    fn open(&self, cancel: &Arc<Cancel>) -> Result<Connecting> {
        let server = Server {
            base: self.address.trim_end_matches('/').to_owned(),
            shown: self.shown.clone(),
            web: Arc::clone(&self.web),
            lent: self.lent.clone(),
            terms: Arc::clone(&self.terms),
        };
        let (cancel, limit, path) = (Arc::clone(cancel), self.terms.get().timeout, self.api.path());
        Ok(Box::pin(async move {
            let mut vigil = Vigil::new(cancel);
            let (status, body) = server.exchange(Errand::Info(limit), &mut vigil).await?;
            if status != 200 || !contains(&body, b"\"server_info\"") {
                return Err(no_janus(&server.shown, status, path));
            }
            let shared = Shared { server, state: Mutex::default(), polls: AtomicU64::new(0) };
            Ok(Box::new(Standing(Arc::new(shared))) as Box<dyn Connection>)
        }))
    }
}

/// What the connection, the polls and the requests share.
struct Shared {
    server: Server,
    state: Mutex<State>,
    /// Polls so far.
    polls: AtomicU64,
}

#[derive(Default)]
struct State {
    /// Taken and not begun.
    fresh: VecDeque<Parcel>,
    /// Of handles that have a request on its way: those that wait for it.
    behind: HashMap<(u64, u64), VecDeque<Parcel>, FxBuildHasher>,
    /// On their way, by their numbers.
    away: HashMap<u64, Arc<Cancel>, FxBuildHasher>,
    /// The long polls.
    polls: HashMap<u64, Arc<Cancel>, FxBuildHasher>,
    /// Sessions that are to be polled.
    wanted: Vec<u64>,
    waker: Option<Waker>,
    /// Why the connection ends.
    end: Option<Error>,
    leaving: bool,
    ended: bool,
    received: u64,
}

impl State {
    fn wake(&mut self) -> Option<Waker> {
        self.waker.take()
    }

    fn idle(&self) -> bool {
        self.fresh.is_empty() && self.away.is_empty()
    }
}

fn rouse(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// A connection that stands.
struct Standing(Arc<Shared>);

/// The way in.
struct Way(Arc<Shared>);

/// A request that was taken.
struct Placed {
    shared: Arc<Shared>,
    number: u64,
}

impl Withdraw for Placed {
    fn give_up(self: Box<Self>, brings: bool) -> Outcome {
        let mut state = self.shared.state.lock();
        if let Some(at) = state.fresh.iter().position(|parcel| parcel.number == self.number) {
            state.fresh.remove(at);
            return Outcome::NotSent;
        }
        for queue in state.behind.values_mut() {
            if let Some(at) = queue.iter().position(|parcel| parcel.number == self.number) {
                queue.remove(at);
                return Outcome::NotSent;
            }
        }
        let away = if brings { None } else { state.away.get(&self.number).cloned() };
        drop(state);
        if let Some(cancel) = away {
            cancel.cancel();
        }
        Outcome::Unknown
    }
}

impl Road for Way {
    fn send(&self, parcel: Parcel) -> Result<Receipt> {
        let number = parcel.number;
        let mut state = self.0.state.lock();
        if state.ended || state.leaving {
            return Err(Error::new(&code::CONNECTION_LOST, "the connection has ended").outcome(Outcome::NotSent));
        }
        state.fresh.push_back(parcel);
        let waker = state.wake();
        drop(state);
        rouse(waker);
        Ok(Receipt::Own(Box::new(Placed { shared: Arc::clone(&self.0), number })))
    }

    fn watch(&self, session: u64) {
        let mut state = self.0.state.lock();
        if !state.polls.contains_key(&session) && !state.wanted.contains(&session) {
            state.wanted.push(session);
        }
        let waker = state.wake();
        drop(state);
        rouse(waker);
    }

    fn unwatch(&self, session: u64) {
        let mut state = self.0.state.lock();
        state.wanted.retain(|wanted| *wanted != session);
        let poll = state.polls.remove(&session);
        drop(state);
        // It is not waited for: the server leaves it hanging for up to 30 seconds (trap 9).
        if let Some(cancel) = poll {
            cancel.cancel();
        }
    }

    fn leave(&self) {
        let mut state = self.0.state.lock();
        state.leaving = true;
        let waker = state.wake();
        drop(state);
        rouse(waker);
    }

    fn count(&self, shown: &mut Object) {
        let number = |number: u64| Tree::Int(i64::try_from(number).unwrap_or(i64::MAX));
        let state = self.0.state.lock();
        let behind: usize = state.behind.values().map(VecDeque::len).sum();
        shown.insert("bytes_received", number(state.received));
        shown.insert("waiting", number((state.fresh.len() + behind) as u64));
        shown.insert("polls", number(self.0.polls.load(Ordering::Relaxed)));
    }
}

impl Connection for Standing {
    fn road(&self) -> Arc<dyn Road> {
        Arc::new(Way(Arc::clone(&self.0)))
    }

    fn run(self: Box<Self>, ear: Arc<dyn Ear>, cancel: Arc<Cancel>) -> Running {
        Box::pin(async move {
            let shared = Arc::clone(&self.0);
            // Also when the reactor drops what runs.
            let _ended = Ended(Arc::clone(&shared));
            let mut vigil = Vigil::new(cancel);
            let ended = vigil
                .until(None, |cx| {
                    let mut state = shared.state.lock();
                    if let Some(error) = state.end.take() {
                        return std::task::Poll::Ready(Some(error));
                    }
                    let fresh = std::mem::take(&mut state.fresh);
                    let wanted = std::mem::take(&mut state.wanted);
                    if fresh.is_empty() && wanted.is_empty() {
                        if state.leaving && state.idle() {
                            return std::task::Poll::Ready(None);
                        }
                        state.waker = Some(cx.waker().clone());
                        return std::task::Poll::Pending;
                    }
                    drop(state);
                    fresh.into_iter().for_each(|parcel| shared.post(parcel, &ear));
                    wanted.into_iter().for_each(|session| shared.poll(session, &ear));
                    cx.waker().wake_by_ref();
                    std::task::Poll::Pending
                })
                .await;
            Ending { error: ended.ok().flatten().flatten() }
        })
    }
}

/// Nothing more is taken, and what is on its way is let go of.
struct Ended(Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.ended = true;
        state.waker = None;
        let left = (std::mem::take(&mut state.fresh), std::mem::take(&mut state.behind));
        let (away, polls) = (std::mem::take(&mut state.away), std::mem::take(&mut state.polls));
        drop(state);
        drop(left);
        for cancel in away.into_values().chain(polls.into_values()) {
            cancel.cancel();
        }
    }
}

impl Shared {
    /// Sends a request, or puts it behind the one that its handle has on its way.
    fn post(self: &Arc<Self>, parcel: Parcel, ear: &Arc<dyn Ear>) {
        let place = parcel.session.zip(parcel.handle);
        let mut state = self.state.lock();
        if let Some(place) = place {
            if let Some(queue) = state.behind.get_mut(&place) {
                queue.push_back(parcel);
                return;
            }
            state.behind.insert(place, VecDeque::new());
        }
        let cancel = Arc::<Cancel>::default();
        let Parcel { number, text, session, handle, .. } = parcel;
        state.away.insert(number, Arc::clone(&cancel));
        drop(state);
        let (shared, ear) = (Arc::clone(self), Arc::clone(ear));
        let job = async move {
            let mut vigil = Vigil::new(Arc::clone(&cancel));
            let answer = Box::pin(shared.server.exchange(Errand::Post(session, handle, text), &mut vigil)).await;
            shared.answered(number, answer, cancel.is_cancelled(), &*ear);
            shared.done(number, place);
        };
        if self.server.lent.reactor.run(job).is_err() {
            self.done(number, place);
        }
    }

    fn answered(&self, number: u64, answer: Result<(i32, Vec<u8>)>, given_up: bool, ear: &dyn Ear) {
        match answer {
            Ok((200, body)) if contains(&body, b"\"transaction\"") => {
                self.state.lock().received += body.len() as u64;
                ear.heard(body);
            }
            Ok((status, body)) => {
                // What the server cannot read it refuses without saying which request that was.
                let error = refused(&body).unwrap_or_else(|| {
                    let text = String::from_utf8_lossy(body.get(..body.len().min(200)).unwrap_or_default());
                    let message = format!("the server answered a request with {status} and nothing that belongs to it");
                    let error = Error::new(&code::PROTOCOL, message).with("http_status", i64::from(status));
                    error.with("server_text", &*text).outcome(Outcome::Unknown)
                });
                ear.failed(number, error);
            }
            // The line has settled it.
            Err(_) if given_up => {}
            Err(error) => ear.failed(number, error),
        }
    }

    /// A request was answered: the next one of its handle has its turn.
    fn done(&self, number: u64, place: Option<(u64, u64)>) {
        let mut state = self.state.lock();
        state.away.remove(&number);
        if let Some(place) = place
            && let Some(mut queue) = state.behind.remove(&place)
        {
            // Those that were taken later are behind all of these.
            while let Some(parcel) = queue.pop_back() {
                state.fresh.push_front(parcel);
            }
        }
        let waker = state.wake();
        drop(state);
        rouse(waker);
    }

    /// Asks for the events of a session from now on.
    fn poll(self: &Arc<Self>, session: u64, ear: &Arc<dyn Ear>) {
        let cancel = Arc::<Cancel>::default();
        if self.state.lock().polls.insert(session, Arc::clone(&cancel)).is_some() {
            return;
        }
        let (shared, ear) = (Arc::clone(self), Arc::clone(ear));
        let job = async move {
            if let Err(error) = Box::pin(shared.polling(session, &*ear, &cancel)).await {
                let mut state = shared.state.lock();
                if !cancel.is_cancelled() {
                    state.end = Some(error);
                }
                let waker = state.wake();
                drop(state);
                rouse(waker);
            }
        };
        // Without a reactor everything ends.
        let _ = self.server.lent.reactor.run(job);
    }

    /// One poll after the other, until the session is gone.
    async fn polling(&self, session: u64, ear: &dyn Ear, cancel: &Arc<Cancel>) -> Result<()> {
        let mut vigil = Vigil::new(Arc::clone(cancel));
        let mut failed = false;
        let mut pause = REFUSED;
        loop {
            let number = self.polls.fetch_add(1, Ordering::Relaxed) + 1;
            let answer = Box::pin(self.server.exchange(Errand::Poll(session, number), &mut vigil)).await;
            cancel.check()?;
            match answer {
                Ok((200, body)) => {
                    (failed, pause) = (false, REFUSED);
                    self.state.lock().received += body.len() as u64;
                    ear.heard(body);
                }
                Ok((404, _)) => {
                    // What it would have said while nobody asked.
                    self.state.lock().polls.remove(&session);
                    ear.heard(format!("{{\"janus\":\"timeout\",\"session_id\":{session}}}").into_bytes());
                    return Ok(());
                }
                Ok((403, _)) => {
                    log::warn(c"janus", || "the server refused the secret of a long poll".to_owned());
                    vigil.sleep(pause).await?;
                    pause = (pause * 2).min(REFUSED_MAX);
                }
                // A connection that was kept may have ended meanwhile; twice in a row is more than that.
                Ok(_) | Err(_) if !failed => failed = true,
                Ok((status, _)) => {
                    let message = format!("the server answered a long poll with {status}");
                    return Err(Error::new(&code::CONNECTION_LOST, message)
                        .with("http_status", i64::from(status))
                        .transient(true));
                }
                Err(error) => {
                    let message = format!("the server does not answer any more: {}", error.message());
                    return Err(Error::new(&code::CONNECTION_LOST, message).transient(true));
                }
            }
        }
    }
}
