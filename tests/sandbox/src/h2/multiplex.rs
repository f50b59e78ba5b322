//! One connection: what its streams share, and the one task that owns the socket, which writes what the streams put
//! into the buffer and takes in what the client sends.

use std::collections::{HashMap, HashSet, VecDeque};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::exchange::Next;
use crate::h2::frame::{self, HEAD_BYTES, PREFACE, setting};
use crate::h2::hpack::Decoder;
use crate::h2::tuning::{Report, Tuning};
use crate::log::{Entry, Origin, lock};
use crate::server;
use crate::state::State;
use crate::wire::{self, Wire};

/// What every window begins with (RFC 9113 section 6.9.2).
pub const WINDOW_BYTES: u32 = 65_535;
/// Writers wait while so much is not yet written.
pub const OUT_MAX_BYTES: usize = 256 << 10;
/// Bytes taken from the socket at once.
const READ_BYTES: usize = 64 << 10;

/// One stream that is not over on both sides.
pub struct Slot {
    /// Payload that came and was not read.
    pub inbox: Vec<u8>,
    /// Whether the client ended its side.
    pub ended: bool,
    /// Whether we ended ours.
    pub finished: bool,
    /// What we may still send.
    pub send_window: i64,
    /// What the client may still send.
    pub recv_window: i64,
    /// What was read and not yet given back with WINDOW_UPDATE.
    pub read: u32,
    /// Whether WINDOW_UPDATE is held back for good.
    pub starved: bool,
    /// Whether its writer waits for room.
    pub waiting: bool,
    /// The payload that `content-length` announced, and what came of it.
    pub announced: Option<u64>,
    /// See there.
    pub received: u64,
    /// Tells its task that something changed.
    pub changed: Arc<Notify>,
    /// Its task.
    pub task: Option<AbortHandle>,
    /// Its place in the log.
    pub entry: Option<Arc<Entry>>,
}

/// What the streams of a connection share.
pub struct Core {
    /// Bytes to write; those before `sent` are written.
    pub out: Vec<u8>,
    sent: usize,
    waker: Option<Waker>,
    /// The streams that are not over.
    pub slots: HashMap<u32, Slot>,
    /// The highest stream that the client began.
    pub highest: u32,
    /// Streams that we reset: what still comes for them is no mistake of the client's.
    pub reset: HashSet<u32>,
    /// What we may still send on the connection.
    pub send_window: i64,
    /// What the client may still send on the connection.
    pub recv_window: i64,
    /// What came on the connection and was not yet given back.
    pub taken: u32,
    /// What a stream's window begins with for the client, as far as it is bound by it already.
    pub own_window: u32,
    /// Smaller windows that we sent and the client has not acknowledged.
    pub smaller: VecDeque<u32>,
    /// The client's SETTINGS_INITIAL_WINDOW_SIZE.
    pub peer_window: u32,
    /// The client's SETTINGS_MAX_FRAME_SIZE.
    pub peer_frame: usize,
    /// Last stream of the GOAWAY that was sent.
    pub goaway: Option<u32>,
    /// How the connection ends, once everything is written.
    pub ending: Option<Next>,
    /// Whether it ends when the last stream does.
    pub draining: bool,
    /// Nothing is written any more; `Some(false)`: nothing is read either.
    pub silent: Option<bool>,
    /// Acknowledgements of our SETTINGS and PING that came.
    pub acks: u64,
    /// Wakes streams that wait for acknowledgements or the next stream.
    pub news: Arc<Notify>,
}

/// A connection as its streams and its task see it.
pub struct Shared {
    core: Mutex<Core>,
    /// How it began.
    pub tuning: Tuning,
    /// What is told about it.
    pub report: Arc<Mutex<Report>>,
    /// The whole sandbox.
    pub state: Arc<State>,
    /// Where it comes from.
    pub origin: Origin,
    /// Whether it is TLS.
    pub secure: bool,
    /// Index of the listener's counter.
    pub counter: usize,
}

impl Shared {
    /// The shared part, for a moment.
    pub fn core(&self) -> MutexGuard<'_, Core> {
        lock(&self.core)
    }

    /// Notes what the client did against the rules.
    pub fn violation(&self, what: &str) {
        lock(&self.report).violations.push(what.to_owned());
    }
}

impl Core {
    /// Makes the connection's task look at the buffer.
    pub fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// How much is not yet written.
    pub fn unsent(&self) -> usize {
        self.out.len() - self.sent
    }

    /// Notes that SETTINGS_INITIAL_WINDOW_SIZE was sent. A larger window holds at once; a smaller one binds the
    /// client when it has acknowledged it (RFC 9113 section 6.9.3).
    pub fn announce_window(&mut self, window: u32) {
        if window >= self.own_window {
            self.set_window(window);
        } else {
            self.smaller.push_back(window);
        }
    }

    /// Makes a window binding, for open streams too.
    pub fn set_window(&mut self, window: u32) {
        let change = i64::from(window) - i64::from(self.own_window);
        self.own_window = window;
        self.slots.values_mut().for_each(|slot| slot.recv_window += change);
    }

    /// Lets the writers look again whether there is room.
    pub fn wake_writers(&mut self) {
        for slot in self.slots.values_mut().filter(|slot| slot.waiting) {
            slot.waiting = false;
            slot.changed.notify_one();
        }
    }

    /// Ends the connection once everything is written. The first ending counts.
    pub fn end(&mut self, next: Next) {
        self.ending.get_or_insert(next);
        self.wake();
    }
}

enum Event {
    Read,
    Over(Next),
}

/// Serves a connection whose first bytes may have been read already. `counter` is the listener's.
pub async fn serve(mut wire: Wire, state: &Arc<State>, origin: &Origin, secure: bool, counter: usize) {
    // A client that does not speak HTTP/2 after all gets nothing.
    while wire.pending().len() < PREFACE.len() && PREFACE.starts_with(wire.pending()) {
        match wire.fill(READ_BYTES).await {
            Ok(count) if count > 0 => {}
            _ => return,
        }
    }
    if !wire.pending().starts_with(PREFACE) {
        return;
    }
    wire.consume(PREFACE.len());
    let tuning = lock(&state.tuning).clone();
    let report = state.reports.begin(origin.connection, origin.listener);
    let mut core = begin(&tuning);
    if tuning.settings {
        core.announce_window(tuning.window);
    }
    let shared = Arc::new(Shared {
        core: Mutex::new(core),
        tuning,
        report: Arc::clone(&report),
        state: Arc::clone(state),
        origin: origin.clone(),
        secure,
        counter,
    });
    let guard = Ending(Arc::clone(&shared));
    let input = wire.take_pending();
    let (stream, next) = run(wire.stream, input, &shared).await;
    drop(guard);
    if next == Next::Abort {
        // FIN without close_notify, and not the RST that unread bytes would make of a plain drop: the client may
        // still have to read what was sent.
        if let Some(tcp) = stream.tcp() {
            let _ = socket2::SockRef::from(tcp).shutdown(std::net::Shutdown::Write);
        }
        return server::discard_for_a_while(&mut Wire::new(stream)).await;
    }
    server::finish(Wire::new(stream), next, next != Next::Close).await;
}

/// Ends the streams with their connection, also when its task is aborted.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        let slots = {
            let mut core = self.0.core();
            core.ending.get_or_insert(Next::Abort);
            core.news.notify_waiters();
            std::mem::take(&mut core.slots)
        };
        for (_, slot) in slots {
            if let Some(task) = slot.task {
                task.abort();
            }
        }
        lock(&self.0.report).open = false;
    }
}

fn begin(tuning: &Tuning) -> Core {
    let mut out = Vec::with_capacity(256);
    if tuning.settings {
        let mut settings = vec![(setting::INITIAL_WINDOW_SIZE, tuning.window)];
        settings.extend(tuning.max_concurrent.map(|value| (setting::MAX_CONCURRENT_STREAMS, value)));
        settings.extend(tuning.max_frame.map(|value| (setting::MAX_FRAME_SIZE, value)));
        settings.extend(tuning.max_header_list.map(|value| (setting::MAX_HEADER_LIST_SIZE, value)));
        frame::put_settings(&mut out, &settings);
    }
    let more = tuning.connection_window.saturating_sub(WINDOW_BYTES);
    if more > 0 && tuning.window_updates {
        frame::put_window(&mut out, 0, more);
    }
    Core {
        out,
        sent: 0,
        waker: None,
        slots: HashMap::new(),
        highest: 0,
        reset: HashSet::new(),
        send_window: i64::from(WINDOW_BYTES),
        recv_window: i64::from(WINDOW_BYTES) + if tuning.window_updates { i64::from(more) } else { 0 },
        taken: 0,
        own_window: WINDOW_BYTES,
        smaller: VecDeque::new(),
        peer_window: WINDOW_BYTES,
        peer_frame: 16 << 10,
        goaway: None,
        ending: None,
        draining: false,
        silent: None,
        acks: 0,
        news: Arc::new(Notify::new()),
    }
}

/// Reads and writes until the end of the connection; gives the socket back, and how it is to end.
async fn run(mut stream: wire::Stream, mut input: Vec<u8>, shared: &Arc<Shared>) -> (wire::Stream, Next) {
    let mut receiver = super::receive::Receiver::new(Arc::clone(shared), Decoder::new());
    let mut piece = vec![0; READ_BYTES];
    loop {
        let mut at = 0;
        while let Some(head) = input.get(at..at + HEAD_BYTES) {
            let length = (frame::number(head, 0) >> 8) as usize;
            let id = frame::number(head, 5) & 0x7fff_ffff;
            let (kind, flags) = (head[3], head[4]);
            let limit = shared.tuning.max_frame.unwrap_or(16 << 10).max(16 << 10) as usize;
            if length > limit {
                receiver.fail(frame::error::FRAME_SIZE_ERROR, "a frame was larger than allowed");
                input.clear();
                at = 0;
                break;
            }
            let Some(payload) = input.get(at + HEAD_BYTES..at + HEAD_BYTES + length) else { break };
            if shared.core().silent.is_none() && !receiver.failed() {
                receiver.take(kind, flags, id, payload);
            }
            at += HEAD_BYTES + length;
        }
        input.drain(..at);
        let event = poll_fn(|cx| {
            let mut core = shared.core();
            let mut task = Pin::new(&mut stream);
            core.waker = Some(cx.waker().clone());
            if core.silent.is_none() {
                while core.sent < core.out.len() {
                    match task.as_mut().poll_write(cx, &core.out[core.sent..]) {
                        Poll::Ready(Ok(count)) if count > 0 => core.sent += count,
                        Poll::Ready(_) => return Poll::Ready(Event::Over(Next::Abort)),
                        Poll::Pending => break,
                    }
                }
                if core.sent == core.out.len() && core.sent > 0 {
                    core.out.clear();
                    core.sent = 0;
                    // An idle connection stays small.
                    core.out.shrink_to(READ_BYTES);
                }
                let flushed = task.as_mut().poll_flush(cx);
                if core.unsent() < OUT_MAX_BYTES {
                    core.wake_writers();
                }
                if let (Some(ending), true, true) = (core.ending, core.unsent() == 0, flushed.is_ready()) {
                    return Poll::Ready(Event::Over(ending));
                }
                if core.draining && core.slots.is_empty() {
                    core.end(Next::Close);
                    cx.waker().wake_by_ref();
                }
            } else if let (Some(false), None) = (core.silent, core.ending) {
                return Poll::Pending;
            } else if let Some(ending) = core.ending {
                return Poll::Ready(Event::Over(ending));
            }
            drop(core);
            let mut buffer = ReadBuf::new(&mut piece);
            match task.poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    input.extend_from_slice(buffer.filled());
                    Poll::Ready(Event::Read)
                }
                Poll::Ready(Ok(()) | Err(io::Error { .. })) => Poll::Ready(Event::Over(Next::Abort)),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        match event {
            Event::Read => {}
            Event::Over(next) => return (stream, next),
        }
    }
}
