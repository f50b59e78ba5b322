//! One stream as its answer sees it: reading the body, sending head, data and trailers within the client's windows,
//! and the frames that faults put on the wire.

use std::io;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::exchange::Next;
use crate::h2::frame;
use crate::h2::hpack::{put_field, put_status};
use crate::h2::multiplex::{Core, OUT_MAX_BYTES, Shared};

/// One stream.
pub struct Stream {
    shared: Arc<Shared>,
    id: u32,
    changed: Arc<Notify>,
    ended: bool,
}

impl Stream {
    /// The stream of that number; `changed` is its slot's.
    pub fn new(shared: Arc<Shared>, id: u32, changed: Arc<Notify>) -> Self {
        Self { shared, id, changed, ended: false }
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Whether nothing of the client's body is there to read.
    pub fn nothing_came(&self) -> bool {
        self.shared.core().slots.get(&self.id).is_none_or(|slot| slot.inbox.is_empty())
    }

    /// Whether our side was ended.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Holds WINDOW_UPDATE back on this stream from now on.
    pub fn starve(&self) {
        if let Some(slot) = self.shared.core().slots.get_mut(&self.id) {
            slot.starved = true;
        }
    }

    /// Appends what came of the body. False when that was its end.
    pub async fn read(&mut self, data: &mut Vec<u8>) -> io::Result<bool> {
        loop {
            {
                let mut core = self.shared.core();
                let core = &mut *core;
                let window = core.own_window;
                let over = core.reset.contains(&self.id) || core.ending.is_some();
                let Some(slot) = core.slots.get_mut(&self.id) else {
                    return if over { Err(gone()) } else { Ok(false) };
                };
                if !slot.inbox.is_empty() {
                    let count = slot.inbox.len();
                    data.append(&mut slot.inbox);
                    if slot.ended {
                        return Ok(false);
                    }
                    slot.read += u32::try_from(count).unwrap_or(0);
                    // Small windows are given back at once, large ones by halves.
                    if slot.read > window / 2 && !slot.starved {
                        let read = std::mem::take(&mut slot.read);
                        slot.recv_window += i64::from(read);
                        frame::put_window(&mut core.out, self.id, read);
                        core.wake();
                    }
                    return Ok(true);
                }
                if slot.ended {
                    return Ok(false);
                }
            }
            self.changed.notified().await;
        }
    }

    /// Sends a head; names are lower-cased. Interim heads are those of 1xx.
    pub async fn head(&mut self, status: u16, fields: &[(String, Vec<u8>)], end: bool) -> io::Result<()> {
        let mut block = Vec::with_capacity(128);
        put_status(&mut block, status);
        for (name, value) in fields {
            put_field(&mut block, name.to_ascii_lowercase().as_bytes(), value);
        }
        self.block(&block, end).await
    }

    /// Sends a header block as it is.
    pub async fn block(&mut self, block: &[u8], end: bool) -> io::Result<()> {
        self.room().await?;
        self.ended |= end;
        let mut core = self.shared.core();
        let max = core.peer_frame;
        frame::put_headers(&mut core.out, self.id, block, end, max);
        self.sent(&mut core, end);
        Ok(())
    }

    /// Sends data as the client's windows allow.
    pub async fn data(&mut self, mut bytes: &[u8], end: bool) -> io::Result<()> {
        loop {
            {
                let mut core = self.shared.core();
                let core = &mut *core;
                let (room, max, window) = (core.unsent() < OUT_MAX_BYTES, core.peer_frame, core.send_window);
                let Some(slot) = core.slots.get_mut(&self.id) else { return Err(gone()) };
                let allowed = usize::try_from(slot.send_window.min(window).max(0)).unwrap_or(0);
                let count = bytes.len().min(allowed).min(max);
                if room && (count > 0 || bytes.is_empty()) {
                    let (piece, rest) = bytes.split_at(count);
                    slot.send_window -= count as i64;
                    core.send_window -= count as i64;
                    bytes = rest;
                    let last = end && rest.is_empty();
                    frame::put(&mut core.out, frame::kind::DATA, u8::from(last), self.id, piece);
                    self.ended |= last;
                    self.sent(core, last);
                    if rest.is_empty() {
                        return Ok(());
                    }
                    continue;
                }
                slot.waiting = true;
            }
            self.changed.notified().await;
        }
    }

    /// Puts literal bytes on the connection, whatever they are.
    pub async fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.room().await?;
        let mut core = self.shared.core();
        core.out.extend_from_slice(bytes);
        core.wake();
        Ok(())
    }

    /// Waits until little is unwritten.
    async fn room(&mut self) -> io::Result<()> {
        loop {
            {
                let mut core = self.shared.core();
                let room = core.unsent() < OUT_MAX_BYTES;
                let Some(slot) = core.slots.get_mut(&self.id) else { return Err(gone()) };
                if room {
                    return Ok(());
                }
                slot.waiting = true;
            }
            self.changed.notified().await;
        }
    }

    fn sent(&self, core: &mut Core, end: bool) {
        if end && let Some(slot) = core.slots.get_mut(&self.id) {
            slot.finished = true;
            if slot.ended {
                core.slots.remove(&self.id);
            }
        }
        core.wake();
    }

    /// Sends RST_STREAM; the stream is over.
    pub fn reset(&mut self, code: u32) {
        self.ended = true;
        let mut core = self.shared.core();
        core.slots.remove(&self.id);
        core.reset.insert(self.id);
        frame::put_reset(&mut core.out, self.id, code);
        core.wake();
    }

    /// Sends GOAWAY: streams above `last` are not processed. With `drain` the connection is closed when the others
    /// are over.
    pub fn goaway(&self, last: u32, code: u32, debug: &[u8], drain: bool) {
        let mut core = self.shared.core();
        core.goaway = Some(core.goaway.unwrap_or(u32::MAX).min(last));
        core.draining |= drain;
        frame::put_goaway(&mut core.out, last, code, debug);
        let late: Vec<u32> = core.slots.keys().copied().filter(|id| *id > last && *id != self.id).collect();
        for id in late {
            if let Some(task) = core.slots.remove(&id).and_then(|slot| slot.task) {
                task.abort();
            }
        }
        core.wake();
    }

    /// Notes that SETTINGS with that window were sent.
    pub fn announce_window(&self, window: u32) {
        self.shared.core().announce_window(window);
    }

    /// Waits until the stream is over on both sides.
    pub async fn over(&self) {
        while self.shared.core().slots.contains_key(&self.id) {
            self.changed.notified().await;
        }
    }

    /// Notes that our side was ended by frames that were put there as they are.
    pub fn close_own(&mut self) {
        self.ended = true;
        self.sent(&mut self.shared.core(), true);
    }

    /// Forgets the stream without a word.
    pub fn forget(&mut self) {
        self.ended = true;
        let mut core = self.shared.core();
        core.slots.remove(&self.id);
        core.reset.insert(self.id);
        core.wake();
    }

    /// The whole connection falls silent; `read`: what comes is read and thrown away.
    pub fn silence(&self, read: bool) {
        let mut core = self.shared.core();
        core.silent = Some(read);
        core.wake();
    }

    /// Ends the whole connection once everything is written.
    pub fn end_connection(&self, next: Next) {
        self.shared.core().end(next);
    }

    /// Acknowledgements of SETTINGS and PING that came on this connection.
    pub fn acks(&self) -> u64 {
        self.shared.core().acks
    }

    /// Waits until something of that is true: a stream began, an acknowledgement came.
    pub async fn until(&self, mut done: impl FnMut(&Core) -> bool) {
        loop {
            let news = Arc::clone(&self.shared.core().news);
            let mut notified = std::pin::pin!(news.notified());
            // Enabled before the look, so that nothing is missed in between.
            notified.as_mut().enable();
            {
                let core = self.shared.core();
                if done(&core) || core.ending.is_some() {
                    return;
                }
            }
            notified.await;
        }
    }

    /// What follows an answer: its endpoint's wish, and whether the whole body was read.
    pub fn conclude(&mut self, outcome: io::Result<Next>, whole: bool) {
        match outcome {
            Ok(Next::Keep) if whole => {}
            // The answer is complete; the client need not send the rest (RFC 9113 section 8.1).
            Ok(Next::Keep) if self.shared.core().slots.contains_key(&self.id) => self.reset(frame::error::NO_ERROR),
            Ok(Next::Keep) => {}
            Ok(next) => self.end_connection(next),
            Err(_) if self.shared.core().slots.contains_key(&self.id) => self.reset(frame::error::INTERNAL_ERROR),
            Err(_) => {}
        }
    }
}

/// The stream is over for a reason that is not this task's.
fn gone() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}
