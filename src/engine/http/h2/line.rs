//! One connection that many calls share, and the task of the reactor that serves it.
//!
//! It is *open* until the server says GOAWAY, until it was idle for too long, or until somebody retires it: then it
//! serves the streams that it has and ends politely behind the last of them. A call that ran into its time-out makes it
//! *doubtful*: it is asked with a PING whether it lives, and calls that come meanwhile wait a moment for the answer.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use crate::sys::lock::Mutex;
use bytes::Bytes;
use h2::{
    PingPong,
    client::{Builder, Connection as Protocol, SendRequest},
};
use tokio::time::Sleep;

use super::{
    place::Approach,
    tact::Knock,
    tally::Tally,
    transport::{Transport, poll_protocol},
};
use crate::{
    clock,
    engine::{
        net::{connect::Connection, pool::Pooled},
        reactor::wire::{Watched, Wired},
        tls::session::TlsInfo,
    },
    log,
    sys::socket::{Glimpse, Seen},
};

/// What a stream may hold of an answer that nobody reads.
const STREAM_WINDOW: u32 = 1 << 20;
/// The most that RFC 9113 6.9.1 allows: what one stream holds back must not stop the others, whose own windows bound them.
const CONNECTION_WINDOW: u32 = (1 << 31) - 1;
/// The largest frame that we take: larger ones cost less, and hold up others for longer.
const FRAME: u32 = 64 << 10;
/// Overhead of small frames that nobody reads, at most; then the server is up to something.
const SMALL_FRAMES: usize = 8 << 20;
/// What is held of a request's body until the system takes it.
const SEND_BUFFER: usize = 256 << 10;
/// The head of an answer, fields with 32 bytes each on top (RFC 9113 10.5.1): as for HTTP/1.1.
const HEAD_LIMIT: u32 = 256 << 10;
/// Streams that are opened before the server has said how many it takes.
const FIRST_STREAMS: usize = 100;
/// Streams that we broke off and of which something may still arrive.
const BROKEN_OFF: usize = 1024;

/// How long the server may take for its SETTINGS; its own limit can be shorter.
const SETTINGS_PATIENCE: Duration = Duration::from_secs(10);
/// How long calls wait for the answer to a PING; then they get another connection.
const DOUBT: Duration = Duration::from_secs(2);
/// How long a connection may be silent after a PING before all that it carries is given up.
const DEATH: Duration = Duration::from_secs(20);

/// A connection as it was made.
pub enum Raw {
    /// By a thread.
    Own(Box<Connection>),
    /// On the reactor.
    Wired(Box<Wired>),
}

impl Raw {
    fn connection(&self) -> &Connection {
        match self {
            Raw::Own(connection) => connection,
            Raw::Wired(wired) => &wired.connection,
        }
    }
}

/// One connection.
pub struct Line {
    /// The address at the other end.
    pub remote: Option<SocketAddr>,
    /// The address at this end.
    pub local: Option<SocketAddr>,
    /// What is known about its TLS.
    pub tls: Option<Arc<TlsInfo>>,
    /// What passed by on it.
    pub tally: Arc<Tally>,
    /// The socket, to look at and nothing else.
    socket: Glimpse,
    /// Streams in use; it changes under the lock.
    pub(super) streams: AtomicUsize,
    abandoned: AtomicBool,
    pub(super) state: Mutex<State>,
}

pub(super) struct State {
    pub phase: Phase,
    /// Why it ended, if it was not meant to.
    trouble: Option<Box<str>>,
    /// Why we gave it up, if we did.
    verdict: Option<&'static str>,
    /// Calls that wait for it to stand, or for the end of a doubt.
    waiting: Vec<Waker>,
    /// Calls that wait for a stream, by their numbers: thousands may give up at once. And the number of the last.
    pub queue: BTreeMap<u64, Waker>,
    pub tickets: u64,
    /// Calls that saw something arrive and wait for the task to have looked at it.
    looking: Vec<Waker>,
    /// How many streams the server takes, when the task last looked.
    most: usize,
    /// The task that serves it.
    task: Option<Waker>,
    doubt: Doubt,
    pub idle_since: Instant,
}

pub(super) enum Phase {
    Starting,
    Open(SendRequest<Bytes>),
    /// No new streams.
    Leaving,
    Ended,
}

/// Whether it lives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doubt {
    None,
    /// A PING is to be sent.
    Raised,
    /// It was sent then, when so much had been received.
    Asked(Instant, u64),
}

/// What a call hears when it wants to use a line.
pub enum Ready {
    /// It can.
    Yes(SendRequest<Bytes>),
    /// Not this one, and never again.
    Never,
}

impl Line {
    /// A line over this connection, to be served with [`Line::serve`].
    #[must_use]
    pub fn new(raw: &Raw) -> Arc<Line> {
        let Connection { remote, local, tls, stream, .. } = raw.connection();
        Arc::new(Line {
            socket: stream.socket().glimpse(),
            remote: *remote,
            local: *local,
            tls: tls.clone(),
            tally: Arc::default(),
            streams: AtomicUsize::new(0),
            abandoned: AtomicBool::new(false),
            state: Mutex::new(State {
                phase: Phase::Starting,
                trouble: None,
                verdict: None,
                waiting: Vec::new(),
                queue: BTreeMap::new(),
                tickets: 0,
                looking: Vec::new(),
                most: FIRST_STREAMS,
                task: None,
                doubt: Doubt::None,
                idle_since: clock::now(),
            }),
        })
    }

    /// Whether new calls may use it, now or soon.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        !self.tally.is_leaving() && matches!(self.state.lock().phase, Phase::Starting | Phase::Open(_))
    }

    /// Whether its task is over.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        matches!(self.state.lock().phase, Phase::Ended)
    }

    /// Why it ended, if it was not meant to.
    #[must_use]
    pub fn trouble(&self) -> Option<Box<str>> {
        self.state.lock().trouble.clone()
    }

    /// Why we gave it up, if we did.
    #[must_use]
    pub fn verdict(&self) -> Option<&'static str> {
        self.state.lock().verdict
    }

    /// Streams in use, those that wait for their turn among them.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.streams.load(Ordering::Acquire)
    }

    /// Waits until it can be used, or cannot.
    pub fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Ready> {
        let mut state = self.state.lock();
        let ready = match &state.phase {
            _ if self.tally.is_leaving() => Ready::Never,
            Phase::Leaving | Phase::Ended => Ready::Never,
            Phase::Open(sender) if state.doubt == Doubt::None => Ready::Yes(sender.clone()),
            Phase::Starting | Phase::Open(_) => {
                if !state.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                    state.waiting.push(cx.waker().clone());
                }
                return Poll::Pending;
            }
        };
        Poll::Ready(ready)
    }

    /// A call's way to a place for one stream.
    pub fn approach(self: &Arc<Line>, sender: SendRequest<Bytes>, look: bool) -> Approach {
        Approach::new(Arc::clone(self), sender, look)
    }

    /// Whether nothing that arrived is still to be looked at by the task; false when the connection is gone.
    pub(super) fn poll_quiet(&self, cx: &mut Context<'_>) -> Poll<bool> {
        match self.socket.look() {
            Seen::Nothing => return Poll::Ready(true),
            Seen::End => return Poll::Ready(false),
            Seen::Bytes => {}
        }
        let mut state = self.state.lock();
        if !matches!(state.phase, Phase::Open(_)) {
            return Poll::Ready(false);
        }
        state.looking.push(cx.waker().clone());
        drop(state);
        // It may have been looked at between the two.
        if self.socket.look() == Seen::Nothing { Poll::Ready(true) } else { Poll::Pending }
    }

    /// A call was not answered in time: asks the server whether it is there.
    pub fn suspect(&self) {
        let mut state = self.state.lock();
        if state.doubt == Doubt::None && matches!(state.phase, Phase::Open(_) | Phase::Leaving) {
            state.doubt = Doubt::Raised;
            wake(state.task.take(), state);
        }
    }

    /// Takes no new calls; those that it has are served to their end.
    pub fn retire(&self) {
        let mut state = self.state.lock();
        if matches!(state.phase, Phase::Starting | Phase::Open(_)) {
            // Dropping the sender wakes the connection by itself, also when nothing else is left to do.
            let phase = std::mem::replace(&mut state.phase, Phase::Leaving);
            let waiting = state.everybody();
            let task = state.task.take();
            drop(state);
            drop(phase);
            waiting.into_iter().chain(task).for_each(Waker::wake);
        }
    }

    /// Ends it at once, with all that it carries. Never waits.
    pub fn abandon(&self) {
        self.retire();
        self.abandoned.store(true, Ordering::Release);
        let state = self.state.lock();
        let task = state.task.clone();
        wake(task, state);
    }

    /// Waits for the end of its task.
    pub fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if matches!(state.phase, Phase::Ended) {
            return Poll::Ready(());
        }
        state.waiting.push(cx.waker().clone());
        Poll::Pending
    }

    /// Serves it, on the reactor. `patience` is how long the server may take to begin, `idle` how long nobody may use it.
    pub async fn serve(self: Arc<Line>, raw: Raw, patience: Option<Duration>, idle: Duration) {
        let end = End(&self);
        if let Err(trouble) = self.run(raw, patience, idle).await {
            log::debug(c"http", || format!("an HTTP/2 connection ended: {trouble}"));
            end.0.state.lock().trouble = Some(trouble);
        }
    }

    async fn run(&self, raw: Raw, patience: Option<Duration>, idle: Duration) -> std::result::Result<(), Box<str>> {
        let wired = match raw {
            Raw::Wired(wired) => *wired,
            Raw::Own(mut connection) => {
                connection.rest();
                let watched = Watched::new(connection.stream.socket()).map_err(|error| error.to_string())?;
                Wired { watched, connection: *connection }
            }
        };
        let transport = Transport::new(wired, Arc::clone(&self.tally));
        let mut builder = Builder::new();
        builder
            .initial_max_send_streams(FIRST_STREAMS)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_frame_size(FRAME)
            .max_header_list_size(HEAD_LIMIT)
            .max_concurrent_reset_streams(BROKEN_OFF)
            .max_send_buffer_size(SEND_BUFFER)
            .data_frame_budget(SMALL_FRAMES)
            .enable_push(false);
        let (sender, protocol) = builder.handshake(transport).await.map_err(|error| told(&error))?;
        self.open(sender);
        let mut protocol = Box::pin(protocol);
        let mut pings = protocol.ping_pong();
        let settle = clock::now() + patience.map_or(SETTINGS_PATIENCE, |patience| patience.min(SETTINGS_PATIENCE));
        let mut timer = pin!(tokio::time::sleep_until(settle.into()));
        let mut knock = Knock::default();
        let ended = poll_fn(|cx| {
            let cx = &mut Context::from_waker(knock.of(cx.waker()));
            self.poll_serve(cx, &mut protocol, pings.as_mut(), timer.as_mut(), settle, idle)
        })
        .await;
        // Before the streams hear of it: nobody is to try the same line again.
        self.retire();
        ended
    }

    fn open(&self, sender: SendRequest<Bytes>) {
        let mut state = self.state.lock();
        if matches!(state.phase, Phase::Starting) {
            state.phase = Phase::Open(sender);
        }
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    fn poll_serve(
        &self,
        cx: &mut Context<'_>,
        protocol: &mut Pin<Box<Protocol<Transport, Bytes>>>,
        mut pings: Option<&mut PingPong>,
        mut timer: Pin<&mut Sleep>,
        settle: Instant,
        idle: Duration,
    ) -> Poll<std::result::Result<(), Box<str>>> {
        loop {
            self.state.lock().task = Some(cx.waker().clone());
            if self.abandoned.load(Ordering::Acquire) {
                return Poll::Ready(Ok(()));
            }
            if let Poll::Ready(ended) = poll_protocol(protocol, &self.tally, cx) {
                return Poll::Ready(ended.map_err(|error| told(&error)));
            }
            self.looked(protocol.max_concurrent_send_streams());
            if self.tally.is_leaving() {
                self.retire();
            }
            if let Some(pings) = pings.as_mut() {
                self.ask(pings, cx);
            }
            let next = self.next(settle, idle).inspect_err(|verdict| {
                // Before the streams hear of it.
                self.state.lock().verdict = Some(verdict);
            });
            match next? {
                Some(deadline) => {
                    // Not moved to a later time before it has gone off: that would cost more than one look too many.
                    if timer.is_elapsed() || timer.deadline() > deadline.into() {
                        timer.as_mut().reset(deadline.into());
                    }
                    if timer.as_mut().poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                }
                None => return Poll::Pending,
            }
        }
    }

    /// The task has seen what there was to see.
    fn looked(&self, most: usize) {
        let mut state = self.state.lock();
        let mut woken = std::mem::take(&mut state.looking);
        if most != std::mem::replace(&mut state.most, most) {
            woken.extend(state.next_in_turn());
        }
        drop(state);
        woken.into_iter().for_each(Waker::wake);
    }

    /// Sends the PING that somebody asked for, and hears the answer.
    fn ask(&self, pings: &mut PingPong, cx: &mut Context<'_>) {
        let mut state = self.state.lock();
        if state.doubt == Doubt::Raised {
            // Refused while an earlier one is under way, whose answer does as well.
            let _ = pings.send_ping(h2::Ping::opaque());
            state.doubt = Doubt::Asked(clock::now(), self.tally.received());
            // It goes out with the next turn.
            cx.waker().wake_by_ref();
        }
        drop(state);
        let answered = pings.poll_pong(cx).is_ready();
        let mut state = self.state.lock();
        // Whatever arrives comes from somebody who lives.
        let lives = matches!(state.doubt, Doubt::Asked(_, before) if self.tally.received() > before);
        if answered || lives {
            state.doubt = Doubt::None;
            let waiting = std::mem::take(&mut state.waiting);
            drop(state);
            waiting.into_iter().for_each(Waker::wake);
        }
    }

    /// What time it is for, and when it is time again.
    fn next(&self, settle: Instant, idle: Duration) -> std::result::Result<Option<Instant>, &'static str> {
        let now = clock::now();
        let mut next = None;
        let mut at = |time: Instant| next = Some(next.map_or(time, |next: Instant| next.min(time)));
        if !self.tally.is_settled() {
            if now >= settle {
                return Err("the server sent no SETTINGS in time");
            }
            at(settle);
        }
        let state = self.state.lock();
        let (doubt, idle_since, open) = (state.doubt, state.idle_since, matches!(state.phase, Phase::Open(_)));
        drop(state);
        let mut leave = false;
        if let Doubt::Asked(since, _) = doubt {
            if now >= since + DEATH {
                return Err("the server did not answer a PING");
            }
            leave = now >= since + DOUBT;
            at(if leave { since + DEATH } else { since + DOUBT });
        }
        if open && !leave {
            if self.streams() > 0 {
                at(now + idle);
            } else if now >= idle_since + idle {
                leave = true;
            } else {
                at(idle_since + idle);
            }
        }
        if leave && open {
            // The connection has to see that nobody opens streams any more.
            self.retire();
        }
        Ok(next)
    }
}

/// Wakes outside of the lock.
pub(super) fn wake(task: Option<Waker>, state: crate::sys::lock::MutexGuard<'_, State>) {
    drop(state);
    if let Some(task) = task {
        task.wake();
    }
}

fn told(error: &h2::Error) -> Box<str> {
    error.to_string().into()
}

/// Marks the line as ended, also when its task is dropped with the reactor.
struct End<'a>(&'a Line);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        let phase = std::mem::replace(&mut state.phase, Phase::Ended);
        let (waiting, task) = (state.everybody(), state.task.take());
        drop(state);
        drop((phase, task));
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl State {
    /// The call whose turn it is.
    pub(super) fn next_in_turn(&self) -> Option<Waker> {
        self.queue.first_key_value().map(|(_, waker)| waker.clone())
    }

    /// All calls that wait for something of the line.
    fn everybody(&mut self) -> Vec<Waker> {
        let queue = self.queue.values().cloned();
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        waiting.chain(std::mem::take(&mut self.looking)).chain(queue).collect()
    }
}

/// Whether a connection agreed on HTTP/2.
#[must_use]
pub fn is_http2(connection: &Connection) -> bool {
    connection.tls.as_ref().is_some_and(|tls| tls.alpn.as_deref() == Some(b"h2"))
}
