//! What the client sends: every frame checked against RFC 9113, requests begun, windows and settings kept.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::endpoint;
use crate::exchange::{Carrier, Exchange, Next};
use crate::h2::frame::{self, error, flag, kind, setting};
use crate::h2::hpack::{Decoder, Field};
use crate::h2::multiplex::{Shared, Slot};
use crate::h2::stream::Stream;
use crate::log::lock;
use crate::request::{Request, latin1};

/// A breach of the rules that ends the connection: the error code and what it was.
type Breach = (u32, &'static str);

/// The receiving half of a connection.
pub struct Receiver {
    shared: Arc<Shared>,
    decoder: Decoder,
    /// Header block that is not whole yet: its stream, whether it ends the stream, the bytes.
    block: Option<(u32, bool, Vec<u8>)>,
    begun: bool,
    failed: bool,
    requests: u64,
}

impl Receiver {
    /// Right after the preface.
    pub fn new(shared: Arc<Shared>, decoder: Decoder) -> Self {
        Self { shared, decoder, block: None, begun: false, failed: false, requests: 0 }
    }

    /// Whether the connection is being ended because of the client.
    pub fn failed(&self) -> bool {
        self.failed
    }

    /// Ends the connection with GOAWAY.
    pub fn fail(&mut self, code: u32, why: &str) {
        self.failed = true;
        self.shared.violation(why);
        let mut core = self.shared.core();
        let last = core.highest;
        frame::put_goaway(&mut core.out, last, code, why.as_bytes());
        core.end(Next::Close);
    }

    /// Takes one frame.
    pub fn take(&mut self, kind: u8, flags: u8, id: u32, payload: &[u8]) {
        if let Some(count) = lock(&self.shared.report).frames.get_mut(usize::from(kind)) {
            *count += 1;
        }
        if let Err((code, why)) = self.dispatch(kind, flags, id, payload) {
            self.fail(code, why);
        }
    }

    fn dispatch(&mut self, kind: u8, flags: u8, id: u32, payload: &[u8]) -> Result<(), Breach> {
        if !self.begun && (kind != kind::SETTINGS || flags & flag::ACK != 0) {
            return Err((error::PROTOCOL_ERROR, "the first frame was not SETTINGS"));
        }
        self.begun = true;
        if self.block.is_some() && kind != kind::CONTINUATION {
            return Err((error::PROTOCOL_ERROR, "a header block was interrupted"));
        }
        let on_stream = matches!(kind, kind::DATA | kind::HEADERS | kind::PRIORITY | kind::RST_STREAM);
        if on_stream && (id == 0 || id.is_multiple_of(2)) {
            return Err((error::PROTOCOL_ERROR, "a frame was on a stream that cannot be the client's"));
        }
        if matches!(kind, kind::SETTINGS | kind::PING | kind::GOAWAY) && id != 0 {
            return Err((error::PROTOCOL_ERROR, "a frame of the connection was on a stream"));
        }
        match kind {
            kind::DATA => self.data(flags, id, payload),
            kind::HEADERS => {
                let mut block = unpadded(flags, payload)?;
                if flags & flag::PRIORITY != 0 {
                    block = block.get(5..).ok_or((error::FRAME_SIZE_ERROR, "HEADERS were cut short"))?;
                }
                self.block = Some((id, flags & flag::END_STREAM != 0, block.to_vec()));
                self.end_block(flags)
            }
            kind::CONTINUATION => {
                match &mut self.block {
                    Some((stream, _, block)) if *stream == id => block.extend_from_slice(payload),
                    _ => return Err((error::PROTOCOL_ERROR, "CONTINUATION continued nothing")),
                }
                self.end_block(flags)
            }
            kind::PRIORITY if payload.len() != 5 => Err((error::FRAME_SIZE_ERROR, "PRIORITY had a wrong length")),
            kind::RST_STREAM => self.reset(id, payload),
            kind::SETTINGS => self.settings(flags, payload),
            kind::PUSH_PROMISE => Err((error::PROTOCOL_ERROR, "a client promised a push")),
            kind::PING => self.ping(flags, payload),
            kind::GOAWAY => {
                lock(&self.shared.report).goaway = Some(frame::number(payload, 4));
                Ok(())
            }
            kind::WINDOW_UPDATE => self.window(id, payload),
            // PRIORITY says nothing to us; unknown types are to be ignored (RFC 9113 section 5.5).
            _ => Ok(()),
        }
    }

    fn data(&mut self, flags: u8, id: u32, payload: &[u8]) -> Result<(), Breach> {
        let data = unpadded(flags, payload)?;
        let length = u32::try_from(payload.len()).unwrap_or(0);
        let mut core = self.shared.core();
        if id > core.highest {
            return Err((error::PROTOCOL_ERROR, "DATA came on a stream that was not begun"));
        }
        core.recv_window -= i64::from(length);
        if core.recv_window < 0 {
            return Err((error::FLOW_CONTROL_ERROR, "DATA exceeded the connection's window"));
        }
        core.taken += length;
        if core.taken > self.shared.tuning.connection_window / 2 && self.shared.tuning.window_updates {
            let taken = std::mem::take(&mut core.taken);
            core.recv_window += i64::from(taken);
            frame::put_window(&mut core.out, 0, taken);
            core.wake();
        }
        let ours = core.reset.contains(&id) || core.goaway.is_some_and(|last| id > last);
        let Some(slot) = core.slots.get_mut(&id).filter(|slot| !slot.ended) else {
            return if ours { Ok(()) } else { Err((error::STREAM_CLOSED, "DATA came after the end of a stream")) };
        };
        slot.recv_window -= i64::from(length);
        let exceeded = slot.recv_window < 0;
        slot.received += data.len() as u64;
        // Padding is read at once.
        slot.read += length - u32::try_from(data.len()).unwrap_or(0);
        slot.inbox.extend_from_slice(data);
        slot.ended = flags & flag::END_STREAM != 0;
        let wrong =
            slot.announced.is_some_and(|size| if slot.ended { size != slot.received } else { size < slot.received });
        slot.changed.notify_one();
        if slot.ended && slot.finished {
            core.slots.remove(&id);
            core.wake();
        }
        drop(core);
        if exceeded {
            self.refuse(id, error::FLOW_CONTROL_ERROR, Some("DATA exceeded a stream's window"));
        } else if wrong {
            self.refuse(id, error::PROTOCOL_ERROR, Some("DATA was not what content-length said"));
        }
        Ok(())
    }

    fn end_block(&mut self, flags: u8) -> Result<(), Breach> {
        if flags & flag::END_HEADERS == 0 {
            return Ok(());
        }
        let Some((id, end, block)) = self.block.take() else { return Ok(()) };
        let fields = self.decoder.decode(&block).map_err(|why| (error::COMPRESSION_ERROR, why))?;
        if id > self.shared.core().highest {
            self.begin(id, end, &fields);
            return Ok(());
        }
        self.trailers(id, end, &fields)
    }

    fn trailers(&mut self, id: u32, end: bool, fields: &[Field]) -> Result<(), Breach> {
        let mut core = self.shared.core();
        let ours = core.reset.contains(&id) || core.goaway.is_some_and(|last| id > last);
        let Some(slot) = core.slots.get_mut(&id).filter(|slot| !slot.ended) else {
            return if ours { Ok(()) } else { Err((error::STREAM_CLOSED, "HEADERS came after the end of a stream")) };
        };
        if let Some(entry) = &slot.entry {
            entry.note("trailers", pairs(fields));
        }
        slot.ended = true;
        let wrong = slot.announced.is_some_and(|size| size != slot.received);
        slot.changed.notify_one();
        if slot.finished {
            core.slots.remove(&id);
            core.wake();
        }
        drop(core);
        if !end || wrong || fields.iter().any(|(name, _)| name.starts_with(b":")) {
            self.refuse(id, error::PROTOCOL_ERROR, Some("trailers were malformed"));
        }
        Ok(())
    }

    /// Resets a stream on our own account, because of the client if there is a reason.
    fn refuse(&self, id: u32, code: u32, why: Option<&str>) {
        if let Some(why) = why {
            self.shared.violation(why);
        }
        let mut core = self.shared.core();
        core.reset.insert(id);
        frame::put_reset(&mut core.out, id, code);
        if let Some(task) = core.slots.remove(&id).and_then(|slot| slot.task) {
            task.abort();
        }
        core.wake();
    }

    /// A new request.
    fn begin(&mut self, id: u32, end: bool, fields: &[Field]) {
        self.requests += 1;
        let shared = Arc::clone(&self.shared);
        let (open, late) = {
            let mut core = shared.core();
            core.highest = id;
            (core.slots.len(), core.goaway.is_some_and(|last| id > last))
        };
        let refused = shared.tuning.max_concurrent.is_some_and(|max| open >= max as usize);
        {
            let mut report = lock(&shared.report);
            report.streams += 1;
            report.refused += u64::from(refused);
            report.streams_peak = report.streams_peak.max(open + 1);
        }
        let goaway = !late && shared.tuning.goaway_on_stream == Some(self.requests);
        let malformed = fault_of(fields);
        let raw = Request::raw_of(fields);
        let own = fields.iter().any(|(name, value)| name == b":path" && value.starts_with(b"/_"));
        let entry = (shared.state.logging && !own).then(|| {
            let (pseudo, plain): (Vec<Field>, Vec<Field>) =
                fields.iter().cloned().partition(|(name, _)| name.starts_with(b":"));
            let named = |name: &[u8]| fields.iter().find(|(found, _)| found == name).map(|(_, value)| latin1(value));
            let mut extra = json!({
                "protocol": "HTTP/2", "stream": id, "method": named(b":method"), "path": named(b":path"),
                "pseudo": pairs(&pseudo), "fields": pairs(&plain),
            });
            let unprocessed = if late || goaway { Some("goaway") } else { refused.then_some("refused") };
            if let Some(why) = unprocessed.or(malformed) {
                extra["unprocessed"] = why.into();
            }
            shared.state.log.push(&shared.origin, self.requests, raw.clone(), Some(extra))
        });
        if shared.tuning.reset_on_stream == Some(self.requests) {
            shared.core().end(Next::Reset);
            return;
        }
        if goaway {
            let mut core = shared.core();
            let last = core.goaway.unwrap_or(u32::MAX).min(id.saturating_sub(2));
            core.goaway = Some(last);
            core.draining = true;
            frame::put_goaway(&mut core.out, last, error::NO_ERROR, b"");
            core.wake();
            return;
        }
        if late {
            return;
        }
        if refused {
            return self.refuse(id, error::REFUSED_STREAM, None);
        }
        let request = malformed.map_or_else(|| Request::parse(raw).map_err(|_| "the request was malformed"), Err);
        match request {
            Ok(request) => self.start(id, end, request, entry),
            Err(why) => self.refuse(id, error::PROTOCOL_ERROR, Some(why)),
        }
    }

    fn start(&self, id: u32, end: bool, request: Request, entry: Option<Arc<crate::log::Entry>>) {
        let shared = Arc::clone(&self.shared);
        let changed = Arc::new(Notify::new());
        let announced = request.header_text("content-length").and_then(|text| text.parse().ok());
        let news = {
            let mut core = shared.core();
            let send_window = i64::from(core.peer_window);
            let slot = Slot {
                inbox: Vec::new(),
                ended: end,
                finished: false,
                send_window,
                recv_window: i64::from(core.own_window),
                read: 0,
                starved: !shared.tuning.window_updates,
                waiting: false,
                announced: announced.filter(|_| !end),
                received: 0,
                changed: Arc::clone(&changed),
                task: None,
                entry: entry.clone(),
            };
            core.slots.insert(id, slot);
            Arc::clone(&core.news)
        };
        news.notify_waiters();
        let open = OpenStream(Arc::clone(&shared));
        let counter = &shared.state.counters[shared.counter];
        counter.streams_open.fetch_add(1, Ordering::Relaxed);
        counter.streams_total.fetch_add(1, Ordering::Relaxed);
        let mut stream = Stream::new(Arc::clone(&shared), id, changed);
        let task = tokio::spawn(async move {
            let open = open;
            let shared = &open.0;
            let carrier = Carrier::Stream(&mut stream);
            let mut exchange =
                Exchange::new(carrier, &shared.state, &shared.origin, shared.secure, request, entry, !end);
            let outcome = endpoint::serve(&mut exchange).await;
            let whole = match outcome {
                // As in HTTP/1.1 the rest of a body is read, so that no client is cut off by an early answer.
                Ok(Next::Keep) => {
                    let finished = exchange.finish_stream().await;
                    finished.is_ok() && exchange.drain().await
                }
                _ => true,
            };
            stream.conclude(outcome, whole);
        });
        let handle = task.abort_handle();
        let mut core = self.shared.core();
        if let Some(slot) = core.slots.get_mut(&id) {
            slot.task = Some(handle);
        }
    }

    fn reset(&mut self, id: u32, payload: &[u8]) -> Result<(), Breach> {
        if payload.len() != 4 {
            return Err((error::FRAME_SIZE_ERROR, "RST_STREAM had a wrong length"));
        }
        let code = frame::number(payload, 0);
        lock(&self.shared.report).resets.push((id, code));
        let mut core = self.shared.core();
        if id > core.highest {
            return Err((error::PROTOCOL_ERROR, "a stream was reset that was not begun"));
        }
        if let Some(slot) = core.slots.remove(&id) {
            if let Some(entry) = &slot.entry {
                entry.note("reset", frame::error_name(code).into());
            }
            if let Some(task) = slot.task {
                task.abort();
            }
        }
        core.wake();
        Ok(())
    }

    fn settings(&mut self, flags: u8, payload: &[u8]) -> Result<(), Breach> {
        let mut core = self.shared.core();
        if flags & flag::ACK != 0 {
            core.acks += 1;
            core.news.notify_waiters();
            if let Some(window) = core.smaller.pop_front() {
                core.set_window(window);
            }
            return Ok(());
        }
        if !payload.len().is_multiple_of(6) {
            return Err((error::FRAME_SIZE_ERROR, "SETTINGS had a wrong length"));
        }
        for entry in payload.chunks_exact(6) {
            let (name, value) = (u16::from_be_bytes([entry[0], entry[1]]), frame::number(entry, 2));
            let mut report = lock(&self.shared.report);
            report.settings.retain(|(known, _)| *known != name);
            report.settings.push((name, value));
            drop(report);
            match name {
                setting::INITIAL_WINDOW_SIZE if value > 0x7fff_ffff => {
                    return Err((error::FLOW_CONTROL_ERROR, "SETTINGS_INITIAL_WINDOW_SIZE was too large"));
                }
                setting::INITIAL_WINDOW_SIZE => {
                    let change = i64::from(value) - i64::from(core.peer_window);
                    core.peer_window = value;
                    core.slots.values_mut().for_each(|slot| slot.send_window += change);
                }
                setting::MAX_FRAME_SIZE if !(16 << 10..=0xff_ffff).contains(&value) => {
                    return Err((error::PROTOCOL_ERROR, "SETTINGS_MAX_FRAME_SIZE was out of range"));
                }
                setting::MAX_FRAME_SIZE => core.peer_frame = value as usize,
                setting::ENABLE_PUSH if value > 1 => {
                    return Err((error::PROTOCOL_ERROR, "SETTINGS_ENABLE_PUSH was out of range"));
                }
                _ => {}
            }
        }
        if self.shared.tuning.settings_ack {
            frame::put(&mut core.out, kind::SETTINGS, flag::ACK, 0, b"");
        }
        core.wake_writers();
        core.wake();
        Ok(())
    }

    fn ping(&mut self, flags: u8, payload: &[u8]) -> Result<(), Breach> {
        if payload.len() != 8 {
            return Err((error::FRAME_SIZE_ERROR, "PING had a wrong length"));
        }
        let mut core = self.shared.core();
        if flags & flag::ACK != 0 {
            core.acks += 1;
            core.news.notify_waiters();
            return Ok(());
        }
        lock(&self.shared.report).pings += 1;
        if self.shared.tuning.ping_ack {
            frame::put(&mut core.out, kind::PING, flag::ACK, 0, payload);
            core.wake();
        }
        Ok(())
    }

    fn window(&mut self, id: u32, payload: &[u8]) -> Result<(), Breach> {
        if payload.len() != 4 {
            return Err((error::FRAME_SIZE_ERROR, "WINDOW_UPDATE had a wrong length"));
        }
        let increment = i64::from(frame::number(payload, 0) & 0x7fff_ffff);
        let mut core = self.shared.core();
        if increment == 0 {
            return Err((error::PROTOCOL_ERROR, "WINDOW_UPDATE was zero"));
        }
        if id == 0 {
            core.send_window += increment;
            if core.send_window > 0x7fff_ffff {
                return Err((error::FLOW_CONTROL_ERROR, "the connection's window was too large"));
            }
            core.wake_writers();
        } else if id > core.highest {
            return Err((error::PROTOCOL_ERROR, "a window was opened on a stream that was not begun"));
        } else if let Some(slot) = core.slots.get_mut(&id) {
            slot.send_window += increment;
            slot.waiting = false;
            slot.changed.notify_one();
            if slot.send_window > 0x7fff_ffff {
                drop(core);
                self.refuse(id, error::FLOW_CONTROL_ERROR, Some("a stream's window was too large"));
            }
        }
        Ok(())
    }
}

/// Counts a stream down when its task ends, also when it is aborted.
struct OpenStream(Arc<Shared>);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.state.counters[self.0.counter].streams_open.fetch_sub(1, Ordering::Relaxed);
    }
}

fn unpadded(flags: u8, payload: &[u8]) -> Result<&[u8], Breach> {
    if flags & flag::PADDED == 0 {
        return Ok(payload);
    }
    let breach = (error::PROTOCOL_ERROR, "padding was longer than its frame");
    let (count, rest) = payload.split_first().ok_or(breach)?;
    rest.len().checked_sub(usize::from(*count)).and_then(|end| rest.get(..end)).ok_or(breach)
}

fn pairs(fields: &[Field]) -> Value {
    fields.iter().map(|(name, value)| json!([latin1(name), latin1(value)])).collect()
}

/// What makes a request malformed (RFC 9113 sections 8.2 and 8.3).
fn fault_of(fields: &[Field]) -> Option<&'static str> {
    let mut plain = false;
    let mut seen: Vec<&[u8]> = Vec::new();
    for (name, value) in fields {
        if name.iter().any(|byte| *byte <= b' ' || byte.is_ascii_uppercase() || *byte >= 0x7f) || name.is_empty() {
            return Some("a field name had characters that are not allowed");
        }
        if value.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n'))
            || value.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'))
            || value.last().is_some_and(|byte| matches!(byte, b' ' | b'\t'))
        {
            return Some("a field value had characters that are not allowed");
        }
        if name.starts_with(b":") {
            if plain {
                return Some("a pseudo-header field came after the others");
            }
            if !matches!(name.as_slice(), b":method" | b":scheme" | b":path" | b":authority")
                || seen.contains(&&name[..])
            {
                return Some("a pseudo-header field was unknown or repeated");
            }
            seen.push(name);
            continue;
        }
        plain = true;
        let hop = [&b"connection"[..], b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"];
        if hop.contains(&name.as_slice()) || (name == b"te" && value != b"trailers") {
            return Some("a field of the connection was sent");
        }
    }
    let connect = fields.iter().any(|(name, value)| name == b":method" && value == b"CONNECT");
    let needed: &[&[u8]] = if connect { &[b":method", b":authority"] } else { &[b":method", b":scheme", b":path"] };
    if needed.iter().any(|name| !seen.contains(name)) {
        return Some("a pseudo-header field was missing");
    }
    let empty = fields.iter().any(|(name, value)| name == b":path" && value.is_empty());
    empty.then_some("the path was empty")
}
