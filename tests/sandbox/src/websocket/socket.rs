//! An open WebSocket: messages in, checked and logged, and messages out.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::log::Entry;
use crate::websocket::deflate::Deflate;
use crate::websocket::frame::{Shape, opcode, put};
use crate::wire::Wire;

/// Larger frames of a client are refused.
const FRAME_MAX_BYTES: u64 = 1 << 30;
/// Payloads above this size are logged as their length only.
const LOGGED_MAX_BYTES: usize = 64 << 10;
/// Messages beyond this count of one connection are not logged, so that a flood does not fill the memory.
const LOGGED_MAX: u64 = 10_000;
/// How long the closing handshake may take.
const CLOSING: Duration = Duration::from_secs(10);

/// A whole message or a control frame.
pub struct Message {
    /// What it is.
    pub opcode: u8,
    /// Its payload, unpacked.
    pub data: Vec<u8>,
}

/// A breach of the rules: the close code and what it was.
type Breach = (u16, &'static str);

struct Frame {
    fin: bool,
    reserved: u8,
    opcode: u8,
    payload: Vec<u8>,
}

/// The server's end.
pub struct Socket<'a> {
    wire: &'a mut Wire,
    held: Vec<u8>,
    entry: Option<Arc<Entry>>,
    deflate: Option<Deflate>,
    partial: Option<(u8, bool, u64, Vec<u8>)>,
    logged: u64,
    closed: bool,
}

impl<'a> Socket<'a> {
    /// After the handshake, whose answer is `head`.
    pub fn new(wire: &'a mut Wire, head: Vec<u8>, entry: Option<Arc<Entry>>, deflate: Option<Deflate>) -> Self {
        Self { wire, held: head, entry, deflate, partial: None, logged: 0, closed: false }
    }

    /// Sends what is held back.
    pub async fn flush(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let held = std::mem::take(&mut self.held);
        self.wire.write(&held).await
    }

    /// Puts literal bytes on the wire.
    pub async fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.held.extend_from_slice(bytes);
        self.flush().await
    }

    /// Sends a message in one frame, packed if that was agreed.
    pub async fn send(&mut self, opcode: u8, payload: &[u8]) -> io::Result<()> {
        self.send_in(opcode, payload, usize::MAX).await
    }

    /// Sends a message in frames of `size` bytes.
    pub async fn send_in(&mut self, opcode: u8, payload: &[u8], size: usize) -> io::Result<()> {
        let mut out = Vec::with_capacity(payload.len().min(1 << 20) + 16);
        let packed = match &mut self.deflate {
            Some(deflate) if opcode < opcode::CLOSE => Some(deflate.pack(payload)?),
            _ => None,
        };
        let reserved = if packed.is_some() { 4 } else { 0 };
        let bytes = packed.as_deref().unwrap_or(payload);
        let first = Shape::whole(opcode).reserved(reserved);
        let count = bytes.len().div_ceil(size.max(1)).max(1);
        for at in 0..count {
            let from = at * size.min(bytes.len().max(1));
            let piece = bytes.get(from..from.saturating_add(size).min(bytes.len())).unwrap_or_default();
            let shape = if at == 0 { first } else { Shape::whole(opcode::CONTINUATION) };
            put(&mut out, if at + 1 == count { shape } else { shape.open() }, piece);
        }
        self.raw(&out).await
    }

    /// Sends a text message.
    pub async fn text(&mut self, text: &str) -> io::Result<()> {
        self.send(opcode::TEXT, text.as_bytes()).await
    }

    /// Waits until something came; false at the end. It may be given up at any time.
    pub async fn ready(&mut self) -> io::Result<bool> {
        self.flush().await?;
        Ok(!self.wire.pending().is_empty() || self.wire.fill(4 << 10).await? > 0)
    }

    /// The next message; control frames too. `None` at the end, which is after the client's close, when it broke the
    /// rules, or when the connection was closed.
    pub async fn receive(&mut self) -> io::Result<Option<Message>> {
        self.flush().await?;
        if self.closed {
            return Ok(None);
        }
        loop {
            let frame = match self.frame().await? {
                Some(Ok(frame)) => frame,
                Some(Err(breach)) => return self.refuse(breach).await,
                None => {
                    self.note("ended", json!("without close"));
                    return Ok(None);
                }
            };
            match self.join(frame) {
                Ok(Some(message)) => return Ok(Some(message)),
                Ok(None) => {}
                Err(breach) => return self.refuse(breach).await,
            }
        }
    }

    /// The next message that is not a control frame; pings are answered, a close too. `None` at the end.
    pub async fn message(&mut self) -> io::Result<Option<Message>> {
        while let Some(message) = self.receive().await? {
            match message.opcode {
                opcode::PING => self.send(opcode::PONG, &message.data).await?,
                opcode::PONG => {}
                opcode::CLOSE => {
                    self.closed = true;
                    let code = message.data.get(..2).unwrap_or_default().to_vec();
                    self.send(opcode::CLOSE, &code).await?;
                    return Ok(None);
                }
                _ => return Ok(Some(message)),
            }
        }
        Ok(None)
    }

    /// Answers the control frames that came already, without waiting. False if the client closed.
    pub async fn attend(&mut self) -> io::Result<bool> {
        loop {
            let ready = {
                let filling = self.wire.fill(4 << 10);
                tokio::select! {
                    biased;
                    count = filling => Some(count?),
                    () = std::future::ready(()) => None,
                }
            };
            match ready {
                None if self.wire.pending().is_empty() => return Ok(true),
                Some(0) => return Ok(false),
                _ => {}
            }
            // A frame that began is waited for: clients send theirs in one piece.
            if self.message().await?.is_none() {
                return Ok(false);
            }
        }
    }

    /// Sends a close frame and waits for the client's.
    pub async fn close(&mut self, payload: &[u8]) -> io::Result<()> {
        if !self.closed {
            self.send(opcode::CLOSE, payload).await?;
            self.await_close().await?;
        }
        Ok(())
    }

    /// Reads until the client's close frame or the end of the connection, answering nothing.
    pub async fn await_close(&mut self) -> io::Result<()> {
        let waiting = async {
            while let Some(message) = self.receive().await? {
                if message.opcode == opcode::CLOSE {
                    break;
                }
            }
            Ok(())
        };
        tokio::time::timeout(CLOSING, waiting).await.unwrap_or(Ok(()))
    }

    /// Reads and throws away until the connection ends; `read` false does not even read.
    pub async fn ignore(&mut self, read: bool) -> io::Result<()> {
        self.flush().await?;
        if !read {
            std::future::pending::<()>().await;
        }
        while self.frame().await?.is_some_and(|frame| frame.is_ok()) {}
        Ok(())
    }

    async fn frame(&mut self) -> io::Result<Option<Result<Frame, Breach>>> {
        if self.wire.pending().is_empty() && self.wire.fill(16 << 10).await? == 0 {
            return Ok(None);
        }
        let head = self.wire.read_exact(2).await?;
        let (fin, reserved, opcode) = (head[0] & 0x80 != 0, head[0] >> 4 & 7, head[0] & 15);
        let length = match head[1] & 0x7f {
            126 => {
                let bytes = self.wire.read_exact(2).await?;
                let length = u64::from(u16::from_be_bytes([bytes[0], bytes[1]]));
                if length < 126 {
                    return Ok(Some(Err((1002, "a length was not in its shortest form"))));
                }
                length
            }
            127 => {
                let bytes = self.wire.read_exact(8).await?;
                let length = bytes.iter().fold(0, |all, byte| all << 8 | u64::from(*byte));
                if length <= 0xffff {
                    return Ok(Some(Err((1002, "a length was not in its shortest form"))));
                }
                length
            }
            short => u64::from(short),
        };
        if head[1] & 0x80 == 0 {
            return Ok(Some(Err((1002, "a frame of the client was not masked"))));
        }
        if length > FRAME_MAX_BYTES {
            return Ok(Some(Err((1009, "a frame was too large"))));
        }
        if opcode >= opcode::CLOSE && (!fin || length > 125) {
            return Ok(Some(Err((1002, "a control frame was long or fragmented"))));
        }
        let mask = self.wire.read_exact(4).await?;
        let mut payload = self.wire.read_exact(usize::try_from(length).unwrap_or(0)).await?;
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        Ok(Some(Ok(Frame { fin, reserved, opcode, payload })))
    }

    fn join(&mut self, frame: Frame) -> Result<Option<Message>, Breach> {
        let compressed = frame.reserved == 4 && self.deflate.is_some();
        if frame.reserved != 0 && !(compressed && matches!(frame.opcode, opcode::TEXT | opcode::BINARY)) {
            return Err((1002, "a reserved bit was set"));
        }
        match frame.opcode {
            opcode::CLOSE | opcode::PING | opcode::PONG => {
                if frame.opcode == opcode::CLOSE {
                    check_close(&frame.payload)?;
                }
                self.log(frame.opcode, &frame.payload, 1, false);
                return Ok(Some(Message { opcode: frame.opcode, data: frame.payload }));
            }
            opcode::TEXT | opcode::BINARY if self.partial.is_some() => {
                return Err((1002, "a message began before the last was over"));
            }
            opcode::TEXT | opcode::BINARY => self.partial = Some((frame.opcode, compressed, 1, frame.payload)),
            opcode::CONTINUATION => match &mut self.partial {
                Some((_, _, count, data)) => {
                    *count += 1;
                    data.extend_from_slice(&frame.payload);
                }
                None => return Err((1002, "a continuation continued nothing")),
            },
            _ => return Err((1002, "an operation code was unknown")),
        }
        if !frame.fin {
            return Ok(None);
        }
        let Some((opcode, compressed, count, mut data)) = self.partial.take() else { return Ok(None) };
        if let (true, Some(deflate)) = (compressed, &mut self.deflate) {
            data = deflate.unpack(&data).map_err(|_| (1007, "a message could not be unpacked"))?;
        }
        if opcode == opcode::TEXT && std::str::from_utf8(&data).is_err() {
            return Err((1007, "a text was not UTF-8"));
        }
        self.log(opcode, &data, count, compressed);
        Ok(Some(Message { opcode, data }))
    }

    async fn refuse(&mut self, (code, why): Breach) -> io::Result<Option<Message>> {
        self.note("violation", json!(why));
        self.closed = true;
        self.send(opcode::CLOSE, &close_payload(code, why)).await?;
        Ok(None)
    }

    fn note(&self, name: &str, value: serde_json::Value) {
        if let Some(entry) = &self.entry {
            entry.note(name, value);
        }
    }

    fn log(&mut self, opcode: u8, data: &[u8], frames: u64, compressed: bool) {
        let Some(entry) = self.entry.as_ref().filter(|_| self.logged < LOGGED_MAX) else { return };
        self.logged += 1;
        let kind = match opcode {
            opcode::TEXT => "text",
            opcode::BINARY => "binary",
            opcode::CLOSE => "close",
            opcode::PING => "ping",
            _ => "pong",
        };
        let mut shown = json!({"type": kind, "length": data.len(), "frames": frames, "compressed": compressed});
        if opcode == opcode::CLOSE {
            shown["code"] = data.first_chunk().map(|code| u16::from_be_bytes(*code)).into();
            shown["reason"] = String::from_utf8_lossy(data.get(2..).unwrap_or_default()).into();
        } else if data.len() <= LOGGED_MAX_BYTES {
            match std::str::from_utf8(data) {
                Ok(text) if opcode != opcode::BINARY => shown["text"] = text.into(),
                _ => shown["base64"] = STANDARD.encode(data).into(),
            }
        }
        entry.append("messages", shown);
    }
}

/// The payload of a close frame.
pub fn close_payload(code: u16, reason: &str) -> Vec<u8> {
    let mut out = code.to_be_bytes().to_vec();
    out.extend_from_slice(reason.as_bytes());
    out
}

/// RFC 6455 sections 5.5.1 and 7.4.
fn check_close(payload: &[u8]) -> Result<(), Breach> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(()) } else { Err((1002, "a close frame had one byte")) };
    };
    if !matches!(u16::from_be_bytes(*code), 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err((1002, "a close code must not be sent"));
    }
    std::str::from_utf8(reason).map(|_| ()).map_err(|_| (1007, "a close reason was not UTF-8"))
}
