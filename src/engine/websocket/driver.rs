//! One connection on the reactor, from its first frame to its end (RFC 6455 5 to 7).

mod ends;

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use super::{
    decoder::{Decoder, Fed},
    ear::{Ear, Pings},
    frame::{Close, Control},
    handshake::Agreement,
    keepalive::{Alarm, Keepalive},
    link::Listener,
    order::{Done, Order, Slot, What},
    outbound::{Outbound, READY},
    outbox::{Outbox, lost},
    stage::{End, Stage},
    stats::{Stats, add},
};
use crate::{
    clock,
    engine::{
        net::{cancel::Cancel, pool::Pooled as _, stream::Stream},
        reactor::{vigil::Vigil, wire::Wired},
    },
    error::{Error, Outcome, Result, code},
};

/// Reads in a row of a connection that always has more; then others have their turn.
const TURNS: u32 = 16;
/// What a connection may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Bytes of a message, at most.
    pub max_message_size: usize,
    /// The silence after which the peer is asked whether it is there.
    pub ping_interval: Option<Duration>,
    /// The further silence after which it is not.
    pub ping_timeout: Option<Duration>,
    /// How long the peer's close is waited for.
    pub close_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            max_message_size: 64 << 20,
            ping_interval: Some(Duration::from_secs(20)),
            ping_timeout: Some(Duration::from_secs(20)),
            close_timeout: Duration::from_secs(10),
        }
    }
}

struct Driver<'a, L> {
    wired: &'a mut Wired,
    decoder: Decoder,
    /// Bytes received that wait for room, or for the next turn.
    held: Vec<u8>,
    /// The decoder has more without any further byte.
    more: bool,
    /// Nothing is read because there is no room.
    deaf: bool,
    outbound: Outbound,
    pings: Pings,
    closers: Vec<Arc<Slot>>,
    stage: Stage,
    keepalive: Keepalive,
    settings: &'a Settings,
    outbox: &'a Outbox,
    /// Others may write to the socket.
    lent: bool,
    stats: &'a Stats,
    listener: &'a mut L,
}

/// Drives a connection to its end. When `cancel` ends it, the peer is told that we go away, if that can be done at once.
pub async fn run<L: Listener>(
    wired: &mut Wired,
    agreement: &Agreement,
    settings: &Settings,
    outbox: &Outbox,
    stats: &Stats,
    listener: &mut L,
    cancel: &Arc<Cancel>,
) -> End {
    let held = wired.connection.received().to_vec();
    wired.connection.buffer = Vec::new();
    (wired.connection.start, wired.connection.end) = (0, 0);
    let mut driver = Driver {
        decoder: Decoder::new(settings.max_message_size, agreement.deflate),
        more: !held.is_empty(),
        held,
        deaf: false,
        outbound: Outbound::new(agreement.deflate),
        pings: Pings::default(),
        closers: Vec::new(),
        stage: Stage::Open,
        keepalive: Keepalive::new(settings.ping_interval, settings.ping_timeout, clock::now()),
        settings,
        outbox,
        lent: false,
        stats,
        listener,
        wired,
    };
    let _lending = Lending::begin(outbox, agreement, &driver.wired.connection.stream);
    let mut vigil = Vigil::new(Arc::clone(cancel));
    let end = loop {
        let deadline = driver.deadline();
        match vigil.until(deadline, |cx| driver.poll(cx)).await {
            Ok(Some(Some(end))) => break end,
            // The deadline is another one now.
            Ok(Some(None)) => {}
            Ok(None) => {
                if let Some(end) = driver.time(clock::now()) {
                    break end;
                }
            }
            Err(error) => break driver.abandon(error),
        }
    };
    driver.settle(&end);
    end
}

/// While a connection runs, others may write to its socket.
struct Lending<'a>(&'a Outbox);

impl<'a> Lending<'a> {
    fn begin(outbox: &'a Outbox, agreement: &Agreement, stream: &Stream) -> Lending<'a> {
        if agreement.deflate.is_none()
            && let Stream::Plain(wire) = stream
        {
            outbox.lend(wire.socket().clone());
        }
        Lending(outbox)
    }
}

impl Drop for Lending<'_> {
    fn drop(&mut self) {
        self.0.take_back();
    }
}

impl<L: Listener> Driver<'_, L> {
    /// The next moment at which time alone changes something.
    fn deadline(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Open => self.keepalive.deadline(),
            Stage::Closing { until } | Stage::Answering { until, .. } | Stage::Failing { until, .. } => Some(*until),
        }
    }

    /// The time has come.
    fn time(&mut self, now: Instant) -> Option<End> {
        match &self.stage {
            Stage::Open => match self.keepalive.look(now, self.deaf) {
                Alarm::Wait => None,
                Alarm::Ping => {
                    self.ping(None);
                    None
                }
                Alarm::Gone => Some(End {
                    close: Close::lost(),
                    error: Some(lost("the peer did not answer a ping in time")),
                    wanted: false,
                }),
            },
            Stage::Closing { until } if now >= *until => Some(End {
                close: Close::lost(),
                error: Some(
                    Error::new(&code::TOTAL_TIMEOUT, "the peer did not answer the close in time").phase("close"),
                ),
                wanted: true,
            }),
            Stage::Answering { until, .. } if now >= *until => Some(self.answered()),
            Stage::Failing { until, .. } if now >= *until => Some(self.failed()),
            _ => None,
        }
    }

    /// Moves what can be moved. Ends with the connection, or with `None` when the deadline is another one.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<End>> {
        let was = self.deadline();
        let mut turns = 0;
        loop {
            if let Some(end) = self.write(cx) {
                return Poll::Ready(Some(end));
            }
            let read = match self.read(cx) {
                Err(end) => return Poll::Ready(Some(end)),
                Ok(read) => read,
            };
            if !read {
                // What was read may have left something to say.
                if !self.outbound.controls.is_empty()
                    && let Some(end) = self.write(cx)
                {
                    return Poll::Ready(Some(end));
                }
                break;
            }
            turns += 1;
            if turns == TURNS {
                cx.waker().wake_by_ref();
                break;
            }
        }
        if self.deadline() == was { Poll::Pending } else { Poll::Ready(None) }
    }

    /// Reads once; false when there is nothing to read, or no room for it.
    fn read(&mut self, cx: &mut Context<'_>) -> std::result::Result<bool, End> {
        if matches!(self.stage, Stage::Answering { .. }) {
            return Ok(false);
        }
        let failing = matches!(self.stage, Stage::Failing { .. });
        let closing = matches!(self.stage, Stage::Closing { .. });
        let room = match self.listener.poll_room(cx) {
            _ if failing => 0,
            Poll::Ready(room) => room,
            Poll::Pending => 0,
        };
        // Whoever waits for the peer's close must read what comes before it.
        self.deaf = room == 0 && !failing && !closing;
        if self.deaf {
            return Ok(false);
        }
        let mut ear = Ear {
            listener: self.listener,
            room,
            closing,
            controls: &mut self.outbound.controls,
            pings: &mut self.pings,
            stats: self.stats,
            close: None,
            messages: 0,
        };
        let (decoder, held) = (&mut self.decoder, &mut self.held);
        let mut bytes = 0;
        let fed = if failing {
            let Wired { watched, connection } = &mut *self.wired;
            match watched.poll_show(&mut connection.stream, cx, |_| ()) {
                Poll::Pending => return Ok(false),
                Poll::Ready(Ok(Some(()))) => return Ok(true),
                Poll::Ready(_) => return Err(self.failed()),
            }
        } else if self.more {
            let before = std::mem::take(held);
            decoder.feed(&before, &mut ear).map(|Fed { used, more }| {
                held.extend_from_slice(before.get(used..).unwrap_or_default());
                more
            })
        } else {
            let Wired { watched, connection } = &mut *self.wired;
            let shown = watched.poll_show(&mut connection.stream, cx, |received| {
                bytes = received.len() as u64;
                decoder.feed(received, &mut ear).map(|Fed { used, more }| {
                    held.extend_from_slice(received.get(used..).unwrap_or_default());
                    more
                })
            });
            match shown {
                Poll::Pending => return Ok(false),
                Poll::Ready(Ok(Some(fed))) => fed,
                Poll::Ready(Ok(None)) => return Err(self.cut(None)),
                Poll::Ready(Err(error)) => return Err(self.cut(Some(&error))),
            }
        };
        let Ear { close, messages, .. } = ear;
        if self.keepalive.hear() {
            self.keepalive.settle(clock::now());
        }
        add(&self.stats.bytes_received, bytes);
        if messages > 0 {
            add(&self.stats.messages_received, messages);
            self.listener.flush();
        }
        match fed {
            Ok(more) => self.more = more,
            Err(fail) => {
                self.fail(fail);
                return Ok(true);
            }
        }
        if let Some(close) = close {
            if closing && !self.has_close_to_say() && self.outbound.pending() == 0 {
                return Err(End { close, error: None, wanted: true });
            }
            self.answer(close);
        }
        Ok(true)
    }

    /// Writes what there is to write, as far as there is room.
    fn write(&mut self, cx: &mut Context<'_>) -> Option<End> {
        if self.outbound.failure.is_some() {
            return None;
        }
        let written = loop {
            self.make_ready(cx);
            match self.outbound.send(&self.wired.watched, &mut self.wired.connection.stream, self.stats, cx) {
                Poll::Pending => break Ok(()),
                Poll::Ready(Ok(true)) => {}
                Poll::Ready(Ok(false)) => {
                    if matches!(self.stage, Stage::Answering { .. }) && self.outbound.controls.is_empty() {
                        return Some(self.answered());
                    }
                    break Ok(());
                }
                Poll::Ready(Err(error)) => break Err(error),
            }
        };
        self.outbound.count(self.stats);
        if let Err(error) = written {
            // The peer may have said why before it went: reading tells.
            self.outbound.failure = Some(error);
            if matches!(self.stage, Stage::Answering { .. }) {
                return Some(self.answered());
            }
            if self.deaf {
                return Some(self.cut(None));
            }
        }
        None
    }

    /// Turns orders into bytes.
    fn make_ready(&mut self, cx: &mut Context<'_>) {
        while self.outbound.pending() < READY {
            if self.lent && !self.outbound.controls.is_empty() {
                self.reclaim();
            }
            let outbound = &mut self.outbound;
            if !outbound.encoder.is_inside_frame()
                && let Some((kind, payload)) = outbound.controls.pop_front()
            {
                outbound.encoder.control(kind, &payload, &mut outbound.out);
                if kind == Control::Close {
                    // Nothing follows a close, also not the rest of a message.
                    outbound.controls.clear();
                    if matches!(self.stage, Stage::Failing { .. } | Stage::Answering { .. }) {
                        return;
                    }
                }
                continue;
            }
            if outbound.encoder.is_busy() && (outbound.encoder.is_inside_frame() || self.stage.takes_messages()) {
                let room = READY - outbound.pending();
                outbound.encoder.fill(&mut outbound.out, room);
                if !outbound.encoder.is_busy()
                    && let Some(slot) = outbound.current.take()
                {
                    outbound.messages += 1;
                    outbound.written.push_back((outbound.base + outbound.out.len() as u64, slot));
                }
                continue;
            }
            if !self.stage.takes_orders() {
                return;
            }
            let idle = outbound.pending() == 0 && matches!(self.stage, Stage::Open);
            match self.outbox.poll_next(cx, idle) {
                Poll::Ready(order) => {
                    self.lent = false;
                    self.begin(order);
                }
                Poll::Pending => {
                    self.lent = idle;
                    return;
                }
            }
        }
    }

    /// From now on only this task writes.
    fn reclaim(&mut self) {
        self.lent = false;
        if let Some(rest) = self.outbox.close_shortcut() {
            self.begin(rest);
        }
    }

    fn begin(&mut self, order: Order) {
        let Order { what, slot } = order;
        match what {
            What::Rest(rest) => {
                let outbound = &mut self.outbound;
                outbound.out.extend_from_slice(&rest);
                outbound.messages += 1;
                outbound.written.push_back((outbound.base + outbound.out.len() as u64, slot));
            }
            What::Message(payload) => {
                self.outbound.encoder.begin(payload, &mut self.outbound.out);
                self.outbound.current = Some(slot);
            }
            What::Ping => self.ping(Some(slot)),
            What::Close(close) => {
                self.closers.push(slot);
                if let Stage::Open = self.stage {
                    self.outbound.controls.push_back((Control::Close, close.payload()));
                    self.stage = Stage::Closing { until: clock::now() + self.settings.close_timeout };
                }
            }
        }
    }

    fn ping(&mut self, slot: Option<Arc<Slot>>) {
        let number = self.pings.next;
        self.pings.next += 1;
        self.pings.asked.push_back((number, clock::now(), slot));
        self.outbound.controls.push_back((Control::Ping, number.to_be_bytes().to_vec()));
    }
}

/// Closes the connection; TLS says goodbye.
pub fn hang_up(wired: Wired) {
    wired.close();
}

/// What an order came to that nobody could do.
pub(super) fn closed() -> Result<Done> {
    Err(Error::new(&code::CLOSED, "the WebSocket was closed").outcome(Outcome::NotSent))
}
