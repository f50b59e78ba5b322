//! The task of a connection on the reactor: it sends what the stack has to say, brings what arrives and the time, and tells
//! the watcher, without the lock.

use std::{
    collections::VecDeque,
    future::Future,
    io,
    net::{SocketAddr, UdpSocket as Bound},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::{io::ReadBuf, net::UdpSocket};

use super::{
    Stage, Watcher,
    gather::{Gather, Said},
    link::Shared,
    protocol::{Datagram, News},
};
use crate::{
    clock,
    engine::{net::limits::reason, reactor::timer::Timer},
    error::{Error, Result, code},
    log,
};

/// Datagrams that are taken in a row from one socket; then others have their turn.
const TURN: usize = 32;
/// The largest datagram that WebRTC sends is one of Ethernet; larger ones are cut, and then they are nothing.
const LARGEST: usize = 2048;
/// What is sent in a row, and how long the next waits: a large keyframe in one go is more than the buffers on its way take. The
/// system's for a socket that is not read for a moment takes 90 datagrams.
const BURST: u32 = 16;
const PAUSE: Duration = Duration::from_millis(1);
/// How long the farewell may take.
const FAREWELL: Duration = Duration::from_millis(500);

/// The task.
pub(super) struct Drive {
    shared: Arc<Shared>,
    watcher: Arc<dyn Watcher>,
    /// Until the reactor has them.
    bound: Vec<(SocketAddr, Bound)>,
    sockets: Vec<(SocketAddr, UdpSocket)>,
    /// What waits for room in a socket, and what goes before it.
    out: VecDeque<Datagram>,
    urgent: VecDeque<Datagram>,
    /// What may still be sent before the pause, and when that ends.
    burst: u32,
    pause: Instant,
    news: VecDeque<News>,
    timer: Timer,
    buffer: Box<[u8]>,
    /// What was heard, to see what a time-out is about.
    found: bool,
    connected: bool,
    /// When the way was lost.
    lost: Option<Instant>,
    /// When the farewell is given up.
    leave: Option<Instant>,
    /// `Over` was told.
    told: bool,
    /// What asks STUN servers; none once it has done so and that was told.
    gather: Option<Gather>,
}

impl Drive {
    pub fn new(
        shared: Arc<Shared>,
        watcher: Arc<dyn Watcher>,
        bound: Vec<(SocketAddr, Bound)>,
        stun: &[Box<str>],
        now: Instant,
    ) -> Drive {
        let locals = bound.iter().map(|(address, _)| *address).collect();
        Drive {
            shared,
            watcher,
            gather: Some(Gather::new(stun, locals, now)),
            bound,
            sockets: Vec::new(),
            out: VecDeque::new(),
            urgent: VecDeque::new(),
            burst: BURST,
            pause: now,
            news: VecDeque::new(),
            timer: Timer::default(),
            buffer: vec![0; LARGEST].into(),
            found: false,
            connected: false,
            lost: None,
            leave: None,
            told: false,
        }
    }

    /// Gives the sockets to the reactor: possible only on it.
    fn register(&mut self) -> Result<()> {
        for (address, socket) in self.bound.drain(..) {
            let socket = UdpSocket::from_std(socket).map_err(|error| {
                Error::new(&code::LIMIT, format!("a socket could not be watched: {}", reason(&error)))
            })?;
            self.sockets.push((address, socket));
        }
        Ok(())
    }

    /// Takes in what arrived; whether there was something.
    fn receive(&mut self, cx: &mut Context<'_>) -> bool {
        let mut any = false;
        for (local, socket) in &self.sockets {
            for _ in 0..TURN {
                let mut buffer = ReadBuf::new(&mut self.buffer);
                match socket.poll_recv_from(cx, &mut buffer) {
                    Poll::Ready(Ok(remote)) => {
                        any = true;
                        let data = buffer.filled();
                        match self.gather.as_mut().map_or(Said::Other, |gather| gather.take(*local, remote, data)) {
                            Said::Other => {}
                            Said::Nothing => continue,
                            Said::Address(address) => {
                                self.shared.reflexive(address, *local);
                                continue;
                            }
                        }
                        self.shared.step(|_, peer, now| peer.receive(now, *local, remote, data));
                    }
                    // What an earlier datagram met on its way (ICMP): ICE sees that nothing comes back.
                    Poll::Ready(Err(_)) => any = true,
                    Poll::Pending => break,
                }
            }
        }
        any
    }

    fn is_all_sent(&self) -> bool {
        self.urgent.is_empty() && self.out.is_empty()
    }

    /// Sends what there is room for, and is not too much at once; when the pause ends that keeps more from being sent.
    fn send(&mut self, cx: &mut Context<'_>) -> Option<Instant> {
        if self.is_all_sent() {
            return None;
        }
        let now = clock::now();
        if now >= self.pause {
            // Who sends a little all the time never waits; who was woken late may make up for it.
            let late = now.saturating_duration_since(self.pause) >= PAUSE;
            self.burst = if late { 2 * BURST } else { BURST };
            self.pause = now + PAUSE;
        }
        let mut sent = 0;
        let mut paused = None;
        while let Some(datagram) = self.urgent.front().or(self.out.front()) {
            if self.burst == 0 {
                paused = Some(self.pause);
                break;
            }
            let socket = self.sockets.iter().find(|(address, _)| *address == datagram.from);
            let outcome = socket.map(|(_, socket)| socket.try_send_to(&datagram.data, datagram.to));
            if let (Some((_, socket)), Some(Err(error))) = (socket, &outcome) {
                if error.kind() == io::ErrorKind::WouldBlock {
                    if socket.poll_send_ready(cx).is_ready() {
                        continue;
                    }
                    break;
                }
                // A network that is unreachable now may come back; what is lost is sent again by those who miss it.
                log::debug(c"media", || format!("a datagram to {} was lost: {}", datagram.to, reason(error)));
            }
            sent += datagram.data.len();
            self.burst -= 1;
            let _ = self.urgent.pop_front().or_else(|| self.out.pop_front());
        }
        if sent > 0 {
            let mut state = self.shared.state.lock();
            state.waiting = state.waiting.saturating_sub(sent);
        }
        paused
    }

    /// Tells the watcher; whether that was the last that it hears.
    fn tell(&mut self) -> bool {
        while let Some(news) = self.news.pop_front() {
            let watcher = &self.watcher;
            match news {
                News::Connecting => watcher.stage(Stage::Connecting),
                News::Found => {
                    self.found = true;
                    match self.lost.take() {
                        Some(_) if self.connected => watcher.stage(Stage::Connected),
                        _ if !self.connected => watcher.stage(Stage::Found),
                        _ => {}
                    }
                }
                News::Connected => {
                    self.connected = true;
                    watcher.stage(Stage::Connected);
                }
                News::Interrupted => {
                    self.lost = Some(clock::now());
                    watcher.stage(Stage::Interrupted);
                }
                News::Closed => return self.over(None),
                News::Broken(error) => return self.over(Some(error)),
                News::Frame(frame) => watcher.frame(frame),
                News::KeyframeWanted(mid) => watcher.keyframe_wanted(&mid),
                News::Candidate(line) => watcher.candidate(Some(&line)),
                News::Channel(label) => watcher.channel(&label),
                News::ChannelClosed(label) => watcher.channel_closed(&label),
                News::Data(label, binary, data) => watcher.data(&label, binary, data),
            }
        }
        false
    }

    /// Asks STUN servers on, and tells when that is done; when it wants to be called again.
    fn gather(&mut self, cx: &mut Context<'_>, over: bool) -> Option<Instant> {
        let gather = self.gather.as_mut()?;
        gather.poll(cx, clock::now(), &mut self.urgent);
        if over || gather.is_done() {
            self.gather = None;
            if !over {
                self.watcher.candidate(None);
            }
            return None;
        }
        gather.next()
    }

    fn over(&mut self, error: Option<Error>) -> bool {
        self.news.clear();
        let mut state = self.shared.state.lock();
        state.end();
        self.out.append(&mut state.out);
        self.urgent.append(&mut state.urgent);
        // It holds on to the reactor.
        let waker = state.waker.take();
        drop(state);
        drop(waker);
        if !std::mem::replace(&mut self.told, true) {
            self.watcher.stage(Stage::Over(error));
        }
        true
    }

    /// When the connection is given up, and what is said then.
    fn limit(&self, began: Option<Instant>) -> Option<(Instant, Error)> {
        let time = self.shared.timeout;
        let within = time.as_secs_f64();
        let late = |code, message: String, phase| Error::new(code, message).phase(phase);
        if let Some(lost) = self.lost {
            let message = format!("the way to the other side was lost, and no other one was found within {within} s");
            return Some((lost.checked_add(time)?, late(&code::MEDIA_ICE, message, "ice")));
        }
        if self.connected {
            return None;
        }
        let at = began?.checked_add(time)?;
        Some(if self.found {
            let message = format!("the DTLS handshake with the other side was not done within {within} s");
            (at, late(&code::MEDIA_DTLS, message, "dtls"))
        } else {
            let message = format!("no way to the other side was found within {within} s");
            (at, late(&code::MEDIA_ICE, message, "ice"))
        })
    }

    fn run(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Err(error) = self.register() {
            self.over(Some(error));
            return Poll::Ready(());
        }
        let mut rounds = 0;
        loop {
            let mut busy = self.receive(cx);
            let (next, began, closing, farewell) = {
                let mut state = self.shared.state.lock();
                if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                    state.waker = Some(cx.waker().clone());
                }
                self.out.append(&mut state.out);
                self.urgent.append(&mut state.urgent);
                self.news.append(&mut state.news);
                (state.next, state.began, state.closing, state.farewell)
            };
            let told = !self.news.is_empty();
            let over = self.tell() || self.told;
            busy |= told;
            let asked = self.gather(cx, over || closing);
            let paused = self.send(cx);
            let now = clock::now();
            if over || closing {
                // What is left is a farewell.
                let leave = *self.leave.get_or_insert(now + FAREWELL);
                let next = next.filter(|_| !farewell && !over);
                let wake = [paused, next].into_iter().flatten().fold(leave, Instant::min);
                if leave <= now || ((over || farewell) && self.is_all_sent()) {
                    self.over(None);
                    return Poll::Ready(());
                }
                let due = self.timer.is_over(wake, cx);
                if due && next.is_some_and(|next| next <= now) {
                    self.shared.step(|_, peer, now| peer.pass(now));
                }
                if due || busy {
                    continue;
                }
                return Poll::Pending;
            }
            let limit = self.limit(began);
            if let Some((at, error)) = limit
                && at <= now
            {
                self.over(Some(error));
                continue;
            }
            let limit = self.limit(began).map(|(at, _)| at);
            let wake = [next, limit, asked, paused].into_iter().flatten().min();
            if let Some(wake) = wake
                && self.timer.is_over(wake, cx)
            {
                busy = true;
                self.shared.step(|next, peer, now| match next {
                    Some(next) if next <= now => peer.pass(now),
                    _ => Ok(()),
                });
            }
            rounds += 1;
            if !busy {
                return Poll::Pending;
            }
            if rounds == TURN {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }
}

impl Future for Drive {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.run(cx)
    }
}

impl Drop for Drive {
    fn drop(&mut self) {
        // The session ended, and the reactor with it.
        if !self.told {
            self.over(Some(Error::new(&code::CLOSED, "the session was closed")));
        }
    }
}
