//! A connection over the sockets of this machine: what the rest of the library holds.
//!
//! A lock keeps the stack and what it said. Whoever changes something takes out all that the stack then says, as it wants to
//! be drained between two changes, and wakes the task, which alone sends, receives and tells (`drive`).

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::Arc,
    task::Waker,
    time::{Duration, Instant},
};

use super::{
    Agreed, Connection, Direction, Statistics, Terms, Watcher, Wish,
    drive::Drive,
    protocol::{Datagram, News, Output, Peer},
    rtc::Rtc,
    sockets,
};
use crate::{
    clock,
    engine::reactor::seat::Seat,
    error::{Error, Result, code},
    sys::{lock::Mutex, panic::contain},
};

/// Bytes that wait to be sent: more than a few of the largest keyframes.
const WAITING: usize = 16 << 20;

/// A connection.
pub struct Link {
    shared: Arc<Shared>,
}

/// What the task and everybody else share.
pub(super) struct Shared {
    pub state: Mutex<State>,
    pub timeout: Duration,
}

/// Under the lock.
pub(super) struct State {
    /// The stack; none once it is over.
    pub peer: Option<Box<dyn Peer>>,
    /// What is to be sent, and what goes before it.
    pub out: VecDeque<Datagram>,
    pub urgent: VecDeque<Datagram>,
    /// The bytes of it, and of what the task took.
    pub waiting: usize,
    /// What is to be told.
    pub news: VecDeque<News>,
    /// When the stack wants to be called again.
    pub next: Option<Instant>,
    /// The task.
    pub waker: Option<Waker>,
    /// A description of ours was made: candidates that come now are told.
    pub described: bool,
    /// When the other side was known for the first time: ICE and DTLS begin.
    pub began: Option<Instant>,
    /// How long it took to a way, and to the end of the handshake.
    pub phases: (Option<Duration>, Option<Duration>),
    /// The last numbers, for when it is over.
    pub last: Statistics,
    /// `close` was called, or it is over.
    pub closing: bool,
    /// The stack has said its farewell; it does not while channels are being made.
    pub farewell: bool,
}

impl State {
    /// Takes out all that the stack says.
    fn drain(&mut self, now: Instant) {
        let Some(peer) = &mut self.peer else { return };
        loop {
            match peer.poll(now) {
                Ok(Output::Send(datagram)) => {
                    self.waiting += datagram.data.len();
                    if datagram.urgent { &mut self.urgent } else { &mut self.out }.push_back(datagram);
                }
                Ok(Output::News(news)) => {
                    let since = self.began.map(|began| now.saturating_duration_since(began));
                    match news {
                        News::Found => self.phases.0 = self.phases.0.or(since),
                        News::Connected => self.phases.1 = self.phases.1.or(since),
                        _ => {}
                    }
                    self.news.push_back(news);
                }
                Ok(Output::Wait(at)) => {
                    self.next = Some(at);
                    return;
                }
                Err(error) => {
                    self.next = None;
                    self.news.push_back(News::Broken(error));
                    return;
                }
            }
        }
    }

    /// Has the stack say farewell, unless it cannot yet.
    fn leave(&mut self) {
        if self.closing && !self.farewell {
            self.farewell = self.peer.as_mut().is_none_or(|peer| peer.close().is_ok());
        }
    }

    /// Nothing more comes of the stack.
    pub fn end(&mut self) {
        self.closing = true;
        if let Some(peer) = self.peer.take() {
            self.last = peer.statistics();
        }
        self.next = None;
    }
}

impl Shared {
    /// Changes something, and has the task look. A panic of the stack ends the connection, and nothing else.
    fn with<T>(&self, change: impl FnOnce(&mut State, Instant) -> Result<T>) -> Result<T> {
        let now = clock::now();
        let mut state = self.state.lock();
        let done = Shared::contained(&mut state, now, change);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        done
    }

    /// The task's own steps, which need no waking; when the stack last wanted to be called is given to them. An error is the
    /// end.
    pub fn step(&self, step: impl FnOnce(Option<Instant>, &mut dyn Peer, Instant) -> Result<()>) {
        let now = clock::now();
        let mut state = self.state.lock();
        let _ = Shared::contained(&mut state, now, |state, now| {
            let Some(peer) = &mut state.peer else { return Ok(()) };
            if let Err(error) = step(state.next, peer.as_mut(), now) {
                state.news.push_back(News::Broken(error));
            }
            state.drain(now);
            state.leave();
            Ok(())
        });
    }

    /// An address under which a socket of ours is seen from outside.
    pub fn reflexive(&self, address: SocketAddr, base: SocketAddr) {
        let now = clock::now();
        let mut state = self.state.lock();
        let _ = Shared::contained(&mut state, now, |state, _| {
            let line = state.peer.as_mut().and_then(|peer| peer.reflexive(address, base));
            if let Some(line) = line.filter(|_| state.described) {
                state.news.push_back(News::Candidate(line));
            }
            Ok(())
        });
    }

    fn contained<T>(
        state: &mut State,
        now: Instant,
        change: impl FnOnce(&mut State, Instant) -> Result<T>,
    ) -> Result<T> {
        let done = contain(|| {
            let done = change(&mut *state, now);
            state.drain(now);
            done
        });
        done.unwrap_or_else(|error| {
            state.peer = None;
            state.next = None;
            state.news.push_back(News::Broken(error));
            Err(over())
        })
    }

    fn peer<T>(&self, change: impl FnOnce(&mut dyn Peer, Instant) -> Result<T>) -> Result<T> {
        self.with(|state, now| match &mut state.peer {
            Some(peer) if !state.closing => change(peer.as_mut(), now),
            _ => Err(over()),
        })
    }
}

fn over() -> Error {
    Error::new(&code::MEDIA_STATE, "the connection was over")
}

impl Link {
    /// Opens the sockets, and has the reactor serve them. The candidates of the sockets are known when it returns. The watcher
    /// is let go of when it has heard of the end.
    ///
    /// # Errors
    /// `io` without an address or a socket, `limit` without a reactor, `closed` after the end of the session.
    pub fn start(seat: &Arc<Seat>, terms: &Terms, watcher: Arc<dyn Watcher>) -> Result<Arc<Link>> {
        let sockets = sockets::open(terms)?;
        let now = clock::now();
        let mut peer: Box<dyn Peer> = contain(|| Box::new(Rtc::new(terms, now)))?;
        for (address, _) in &sockets {
            peer.host(*address)?;
        }
        let state = State {
            peer: Some(peer),
            out: VecDeque::new(),
            urgent: VecDeque::new(),
            waiting: 0,
            news: VecDeque::new(),
            next: Some(now),
            waker: None,
            described: false,
            began: None,
            phases: (None, None),
            last: Statistics::default(),
            closing: false,
            farewell: false,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), timeout: terms.timeout });
        let drive = Drive::new(Arc::clone(&shared), watcher, sockets, &terms.stun, now);
        seat.run(drive)?;
        Ok(Arc::new(Link { shared }))
    }

    fn begin(state: &mut State, now: Instant) {
        if state.began.is_none() {
            state.began = Some(now);
            state.news.push_back(News::Connecting);
        }
    }
}

impl Connection for Link {
    fn plan(&self, wishes: &[Wish], channel: Option<&str>) -> Result<()> {
        self.shared.peer(|peer, _| peer.plan(wishes, channel))
    }

    fn turn(&self, mid: &str, direction: Direction) -> Result<()> {
        self.shared.peer(|peer, _| peer.turn(mid, direction))
    }

    fn retire(&self, mid: &str) -> Result<()> {
        self.shared.peer(|peer, _| peer.retire(mid))
    }

    fn offer(&self, restart: bool) -> Result<String> {
        self.shared.with(|state, _| {
            let Some(peer) = state.peer.as_mut().filter(|_| !state.closing) else { return Err(over()) };
            let offer = peer.offer(restart)?;
            state.described = true;
            Ok(offer)
        })
    }

    fn withdraw(&self) {
        let _ = self.shared.peer(|peer, _| {
            peer.withdraw();
            Ok(())
        });
    }

    fn accept(&self, answer: &str) -> Result<()> {
        self.shared.with(|state, now| {
            let Some(peer) = state.peer.as_mut().filter(|_| !state.closing) else { return Err(over()) };
            peer.accept(answer)?;
            Link::begin(state, now);
            Ok(())
        })
    }

    fn answer(&self, offer: &str, agree: &dyn Fn(&Agreed) -> Direction) -> Result<String> {
        self.shared.with(|state, now| {
            let Some(peer) = state.peer.as_mut().filter(|_| !state.closing) else { return Err(over()) };
            let answer = peer.answer(offer, agree)?;
            state.described = true;
            Link::begin(state, now);
            Ok(answer)
        })
    }

    fn tracks(&self) -> Vec<Agreed> {
        self.shared.state.lock().peer.as_ref().map(|peer| peer.tracks()).unwrap_or_default()
    }

    fn candidate(&self, candidate: &str) -> Result<()> {
        self.shared.peer(|peer, _| peer.candidate(candidate))
    }

    fn write(&self, mid: &str, pts: Duration, data: &Arc<[u8]>) -> Result<()> {
        self.shared.with(|state, now| {
            if data.len() > WAITING {
                let message = format!("a frame had {} bytes, and at most {WAITING} can be sent at once", data.len());
                return Err(Error::new(&code::LIMIT, message));
            }
            if state.waiting + data.len() > WAITING {
                return Err(Error::new(&code::LIMIT, format!("too much waits to be sent: {} bytes", state.waiting)));
            }
            match &mut state.peer {
                Some(peer) if !state.closing => peer.write(now, mid, pts, data),
                _ => Err(over()),
            }
        })
    }

    fn say(&self, label: &str, binary: bool, data: &[u8]) -> Result<()> {
        self.shared.peer(|peer, _| peer.say(label, binary, data))
    }

    fn hush(&self, label: &str) -> Result<()> {
        self.shared.peer(|peer, _| peer.hush(label))
    }

    fn ask_keyframe(&self, mid: &str) {
        let _ = self.shared.peer(|peer, _| {
            peer.ask_keyframe(mid);
            Ok(())
        });
    }

    fn settle(&self) {
        let _ = self.shared.peer(|peer, now| peer.settle(now));
    }

    fn statistics(&self) -> Statistics {
        let state = self.shared.state.lock();
        let mut statistics = state.peer.as_ref().map_or_else(|| state.last.clone(), |peer| peer.statistics());
        statistics.phases = state.phases;
        statistics
    }

    fn close(&self) {
        let _ = self.shared.with(|state, _| {
            if !std::mem::replace(&mut state.closing, true) {
                state.leave();
            }
            Ok(())
        });
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.close();
    }
}
