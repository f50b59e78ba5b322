//! Bytes to messages (RFC 6455 5.2 to 5.6, 8.1; RFC 7692 6.2), without sockets. What lies whole in the buffer that it
//! is given is handed on from there; only what was cut by fragments, by the end of the buffer or by compression is
//! put together in memory of its own, which grows with what came and not with what was announced.

use std::borrow::Cow;

use super::{
    Message,
    deflate::{Agreed, Stretch, Stretched, Window},
    frame::{
        CONTROL_LIMIT, Close, Control, Data, Fail, FrameHeader, HEAD_LIMIT, OpCode, broken, garbled, read_head, too_big,
    },
};

/// Inflated bytes in one turn; then others have theirs.
const BUDGET: usize = 512 << 10;
/// The buffer for assembled messages that is kept for the next one.
const KEPT: usize = 32 << 10;

/// Whether to go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    /// Yes.
    On,
    /// Not now: the rest waits.
    Pause,
}

/// What a decoder finds. Frames come in the order of the wire.
pub trait Receiver {
    /// A whole message.
    fn message(&mut self, message: Message<'_>) -> Flow;
    /// A ping, which wants its payload back.
    fn ping(&mut self, payload: &[u8]);
    /// A pong.
    fn pong(&mut self, payload: &[u8]);
    /// The peer's close. Nothing follows it.
    fn close(&mut self, close: Close);
}

/// How far a turn came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fed {
    /// So many bytes were used.
    pub used: usize,
    /// There is more in what was used or given: it stopped because it was told to, or to let others have their turn.
    pub more: bool,
}

/// A frame on its way in.
#[derive(Clone, Copy, Debug)]
struct Frame {
    opcode: OpCode,
    is_final: bool,
    left: u64,
}

/// One connection's messages.
#[derive(Debug)]
pub struct Decoder {
    limit: usize,
    deflate: Option<Window>,
    /// Made when the first compressed message comes.
    stretch: Option<Stretch>,
    /// The front of a head that was cut.
    head: Vec<u8>,
    frame: Option<Frame>,
    /// What came of a cut control frame.
    control: Vec<u8>,
    /// The kind of the message on its way.
    kind: Option<Data>,
    compressed: bool,
    message: Vec<u8>,
    /// So much of `message` is known to be UTF-8.
    checked: usize,
    /// All frames of a compressed message are here, and more is to come out of them.
    finishing: bool,
    closed: bool,
}

impl Decoder {
    /// Begins a connection. No message may be larger than `limit`.
    #[must_use]
    pub fn new(limit: usize, deflate: Option<Agreed>) -> Decoder {
        Decoder {
            limit,
            deflate: deflate.map(|agreed| agreed.server),
            stretch: None,
            head: Vec::new(),
            frame: None,
            control: Vec::new(),
            kind: None,
            compressed: false,
            message: Vec::new(),
            checked: 0,
            finishing: false,
            closed: false,
        }
    }

    /// Whether a message has begun and not ended.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        self.kind.is_some() || self.frame.is_some() || !self.head.is_empty()
    }

    /// Takes bytes in. After a close, bytes are taken and ignored.
    ///
    /// # Errors
    /// Why the connection is to be failed; it is of no use afterwards.
    pub fn feed(&mut self, input: &[u8], receiver: &mut impl Receiver) -> Result<Fed, Fail> {
        let mut at = 0;
        let mut budget = BUDGET;
        loop {
            if self.closed {
                return Ok(Fed { used: input.len(), more: false });
            }
            if self.finishing {
                if self.stretch_tail(&mut budget)? {
                    return Ok(Fed { used: at, more: true });
                }
                if self.deliver(receiver)? == Flow::Pause {
                    return Ok(Fed { used: at, more: at < input.len() });
                }
                continue;
            }
            let rest = input.get(at..).unwrap_or_default();
            let Some(frame) = self.frame else {
                // Of small messages there are many: one in one frame with the shortest head, all here, breaks no rule.
                if let [first @ (0x81 | 0x82), size @ 0..=125, tail @ ..] = rest
                    && let Some(payload) = tail.get(..usize::from(*size))
                    && payload.len() <= self.limit
                    && self.kind.is_none()
                    && self.head.is_empty()
                {
                    at += 2 + payload.len();
                    let kind = if *first == 0x81 { Data::Text } else { Data::Binary };
                    if receiver.message(whole(kind, payload)?) == Flow::Pause {
                        return Ok(Fed { used: at, more: at < input.len() });
                    }
                    continue;
                }
                let Some((head, used, length)) = self.next_head(rest)? else {
                    return Ok(Fed { used: input.len(), more: false });
                };
                at += used;
                self.begin(&head, length)?;
                // The next most frequent case goes no further either: a larger message in one frame that is all here.
                let rest = input.get(at..).unwrap_or_default();
                if let Some(payload) = usize::try_from(length).ok().and_then(|length| rest.get(..length))
                    && let OpCode::Data(kind @ (Data::Text | Data::Binary)) = head.opcode
                    && head.is_final
                    && !self.compressed
                {
                    self.frame = None;
                    self.kind = None;
                    at += payload.len();
                    if receiver.message(whole(kind, payload)?) == Flow::Pause {
                        return Ok(Fed { used: at, more: at < input.len() });
                    }
                }
                continue;
            };
            if rest.is_empty() && frame.left > 0 {
                return Ok(Fed { used: at, more: false });
            }
            let count = usize::try_from(frame.left).unwrap_or(usize::MAX).min(rest.len());
            let piece = rest.get(..count).unwrap_or_default();
            let (used, more) = match frame.opcode {
                OpCode::Control(kind) => {
                    self.take_control(kind, piece, frame.left, receiver)?;
                    (count, false)
                }
                OpCode::Data(_) => self.take_data(piece, &mut budget)?,
            };
            at += used;
            let left = frame.left - used as u64;
            self.frame = Some(Frame { left, ..frame });
            if more {
                return Ok(Fed { used: at, more: true });
            }
            if left == 0 {
                self.frame = None;
                if matches!(frame.opcode, OpCode::Data(_)) && frame.is_final {
                    if self.compressed {
                        self.finishing = true;
                    } else if self.deliver(receiver)? == Flow::Pause {
                        return Ok(Fed { used: at, more: at < input.len() });
                    }
                }
            }
        }
    }

    /// The next head, how much of `rest` it took, and the length behind it; `None` when more bytes are needed, all of
    /// which are kept then.
    #[inline]
    fn next_head(&mut self, rest: &[u8]) -> Result<Option<(FrameHeader, usize, u64)>, Fail> {
        if self.head.is_empty() {
            let found = read_head(rest)?;
            if found.is_none() {
                self.head.extend_from_slice(rest);
            }
            return Ok(found);
        }
        let before = self.head.len();
        let wanted = (HEAD_LIMIT - before).min(rest.len());
        self.head.extend_from_slice(rest.get(..wanted).unwrap_or_default());
        match read_head(&self.head)? {
            None => Ok(None),
            Some((head, size, length)) => {
                self.head.clear();
                Ok(Some((head, size - before, length)))
            }
        }
    }

    /// Checks a head against the rules and the state.
    #[inline]
    fn begin(&mut self, head: &FrameHeader, length: u64) -> Result<(), Fail> {
        if head.rsv2 || head.rsv3 {
            return Err(broken("a frame had a reserved bit set"));
        }
        if head.mask.is_some() {
            return Err(broken("a frame of the server was masked"));
        }
        if length > i64::MAX as u64 {
            return Err(broken("the length of a frame had its highest bit set"));
        }
        match head.opcode {
            OpCode::Control(_) => {
                if head.rsv1 {
                    return Err(broken("a control frame was compressed"));
                }
                if !head.is_final {
                    return Err(broken("a control frame was fragmented"));
                }
                if length > CONTROL_LIMIT as u64 {
                    return Err(broken("a control frame was longer than 125 bytes"));
                }
            }
            OpCode::Data(Data::Continue) => {
                if self.kind.is_none() {
                    return Err(broken("a continuation came without a message"));
                }
                if head.rsv1 {
                    return Err(broken("a continuation was marked as compressed"));
                }
                self.check_size(length)?;
            }
            OpCode::Data(kind) => {
                if self.kind.is_some() {
                    return Err(broken("a message began inside another one"));
                }
                if head.rsv1 && self.deflate.is_none() {
                    return Err(broken("a message was compressed, which was not agreed on"));
                }
                self.kind = Some(kind);
                self.compressed = head.rsv1;
                self.check_size(length)?;
            }
        }
        self.frame = Some(Frame { opcode: head.opcode, is_final: head.is_final, left: length });
        Ok(())
    }

    /// What is announced is refused before it comes; of what is compressed, what comes out counts.
    fn check_size(&self, length: u64) -> Result<(), Fail> {
        let room = (self.limit - self.message.len().min(self.limit)) as u64;
        if !self.compressed && length > room {
            return Err(too_big("a message was larger than allowed"));
        }
        Ok(())
    }

    fn take_control(
        &mut self,
        kind: Control,
        piece: &[u8],
        left: u64,
        receiver: &mut impl Receiver,
    ) -> Result<(), Fail> {
        if (piece.len() as u64) < left {
            self.control.extend_from_slice(piece);
            return Ok(());
        }
        let mut whole = Cow::Borrowed(piece);
        if !self.control.is_empty() {
            let mut front = std::mem::take(&mut self.control);
            front.extend_from_slice(piece);
            whole = Cow::Owned(front);
        }
        match kind {
            Control::Ping => receiver.ping(&whole),
            Control::Pong => receiver.pong(&whole),
            _ => {
                let close = Close::read(&whole)?;
                self.closed = true;
                receiver.close(close);
            }
        }
        Ok(())
    }

    /// Adds a piece to the message on its way: how much was used, and whether its turn ended before.
    fn take_data(&mut self, piece: &[u8], budget: &mut usize) -> Result<(usize, bool), Fail> {
        let (used, more) = match self.deflate.filter(|_| self.compressed) {
            None => {
                self.message.extend_from_slice(piece);
                (piece.len(), false)
            }
            // A frame without payload has nothing to stretch.
            Some(_) if piece.is_empty() => (0, false),
            Some(window) => {
                let stretch = self.stretch.get_or_insert_with(|| Stretch::new(window));
                let Stretched { used, more } = stretch.run(piece, &mut self.message, self.limit, budget)?;
                (used, more)
            }
        };
        self.check_text()?;
        Ok((used, more))
    }

    /// Ends a compressed message; true when its turn ended before.
    fn stretch_tail(&mut self, budget: &mut usize) -> Result<bool, Fail> {
        let window = self.deflate.unwrap_or_default();
        let stretch = self.stretch.get_or_insert_with(|| Stretch::new(window));
        let more = stretch.finish(&mut self.message, self.limit, budget)?;
        self.check_text()?;
        Ok(more)
    }

    /// Text is checked as it comes, so that a mistake ends it at once (RFC 6455 8.1).
    fn check_text(&mut self) -> Result<(), Fail> {
        if self.kind != Some(Data::Text) {
            return Ok(());
        }
        match std::str::from_utf8(self.message.get(self.checked..).unwrap_or_default()) {
            Ok(_) => self.checked = self.message.len(),
            // A character that was cut may still become one.
            Err(error) if error.error_len().is_none() => self.checked += error.valid_up_to(),
            Err(_) => return Err(not_text()),
        }
        Ok(())
    }

    /// Hands on the message that was put together.
    fn deliver(&mut self, receiver: &mut impl Receiver) -> Result<Flow, Fail> {
        self.finishing = false;
        self.compressed = false;
        let kind = self.kind.take().unwrap_or(Data::Binary);
        if kind == Data::Text && self.checked < self.message.len() {
            return Err(not_text());
        }
        self.checked = 0;
        if self.message.len() <= KEPT {
            let mut message = std::mem::take(&mut self.message);
            let flow = receiver.message(whole(kind, &message)?);
            message.clear();
            if message.capacity() <= 2 * KEPT {
                self.message = message;
            }
            return Ok(flow);
        }
        let message = std::mem::take(&mut self.message);
        Ok(receiver.message(match kind {
            Data::Text => Message::Text(Cow::Owned(String::from_utf8(message).map_err(|_| not_text())?)),
            _ => Message::Bytes(Cow::Owned(message)),
        }))
    }
}

/// A message from where it lies.
#[inline]
fn whole(kind: Data, payload: &[u8]) -> Result<Message<'_>, Fail> {
    match kind {
        Data::Text => {
            std::str::from_utf8(payload).map(|text| Message::Text(Cow::Borrowed(text))).map_err(|_| not_text())
        }
        _ => Ok(Message::Bytes(Cow::Borrowed(payload))),
    }
}

fn not_text() -> Fail {
    garbled("a text message was not UTF-8")
}
