//! Messages to bytes (RFC 6455 5.2, 5.3, 5.4; RFC 7692 6.1), piece by piece: a message is masked into the buffer of its
//! connection as there is room, never into memory of its own.

use super::{
    Payload,
    deflate::{Agreed, Squeeze},
    frame::{Control, Data, FrameHeader, OpCode, mask},
};

/// What of a message goes through the compressor at once, and with it the largest fragment of a compressed message.
const PIECE: usize = 64 << 10;
/// Messages below are not worth the compressor's time.
const WORTH: usize = 128;
/// Keys drawn at once: each is new, and the system is not asked for each.
const KEYS: usize = 64;

/// Masking keys (RFC 6455 5.3 wants them unpredictable).
#[derive(Debug)]
struct Keys {
    drawn: [u8; KEYS * 4],
    at: usize,
}

impl Keys {
    fn next(&mut self) -> [u8; 4] {
        if self.at >= self.drawn.len() {
            // Without randomness the old keys go round again: masks protect proxies, not us.
            let _ = getrandom::fill(&mut self.drawn);
            self.at = 0;
        }
        let key = self.drawn.get(self.at..self.at + 4).and_then(|key| key.try_into().ok()).unwrap_or_default();
        self.at += 4;
        key
    }
}

/// A message on its way out.
#[derive(Debug)]
struct Current {
    payload: Payload,
    /// So many of its bytes were taken.
    at: usize,
    /// The key of the one frame that carries it, or none when it is compressed in fragments.
    key: Option<[u8; 4]>,
}

/// One connection's frames.
#[derive(Debug)]
pub struct Encoder {
    keys: Keys,
    deflate: Option<Agreed>,
    /// Made when the first message is compressed.
    squeeze: Option<Squeeze>,
    squeezed: Vec<u8>,
    current: Option<Current>,
}

impl Encoder {
    /// Begins a connection.
    #[must_use]
    pub fn new(deflate: Option<Agreed>) -> Encoder {
        let keys = Keys { drawn: [0; KEYS * 4], at: KEYS * 4 };
        // One that cannot be done is found out once.
        let deflate = deflate.filter(|agreed| agreed.client.bits > 8);
        Encoder { keys, deflate, squeeze: None, squeezed: Vec::new(), current: None }
    }

    /// Whether the message that was begun is not all out.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.current.is_some()
    }

    /// Whether a frame has begun and not ended: nothing may come between.
    #[must_use]
    pub fn is_inside_frame(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.key.is_some())
    }

    /// Begins a message; the one before is all out.
    pub fn begin(&mut self, payload: Payload, out: &mut Vec<u8>) {
        let length = payload.bytes().len();
        if self.deflate.is_some() && length >= WORTH {
            self.current = Some(Current { payload, at: 0, key: None });
            return;
        }
        let key = self.keys.next();
        write_head(out, &head(opcode(&payload), true, false, key), length);
        self.current = Some(Current { payload, at: 0, key: Some(key) });
    }

    /// Writes more of the message, some `room` bytes at the most; nothing is left of it when [`Encoder::is_busy`] says so.
    pub fn fill(&mut self, out: &mut Vec<u8>, room: usize) {
        let Some(current) = &mut self.current else { return };
        let bytes = current.payload.bytes();
        let rest = bytes.get(current.at..).unwrap_or_default();
        let Some(key) = current.key else {
            return self.fill_compressed(out);
        };
        let piece = rest.get(..rest.len().min(room)).unwrap_or_default();
        let start = out.len();
        out.extend_from_slice(piece);
        mask(out.get_mut(start..).unwrap_or_default(), key, current.at as u64);
        current.at += piece.len();
        if current.at == bytes.len() {
            self.current = None;
        }
    }

    /// The next fragment of a compressed message.
    fn fill_compressed(&mut self, out: &mut Vec<u8>) {
        let (Some(current), Some(agreed)) = (&mut self.current, self.deflate) else { return };
        if self.squeeze.is_none() {
            self.squeeze = Squeeze::new(agreed.client);
        }
        let bytes = current.payload.bytes();
        let rest = bytes.get(current.at..).unwrap_or_default();
        let piece = rest.get(..rest.len().min(PIECE)).unwrap_or_default();
        let (first, last) = (current.at == 0, piece.len() == rest.len());
        self.squeezed.clear();
        if let Some(squeeze) = &mut self.squeeze {
            squeeze.run(piece, last, &mut self.squeezed);
        }
        let key = self.keys.next();
        let opcode = if first { opcode(&current.payload) } else { OpCode::Data(Data::Continue) };
        write_head(out, &head(opcode, last, first, key), self.squeezed.len());
        let start = out.len();
        out.extend_from_slice(&self.squeezed);
        mask(out.get_mut(start..).unwrap_or_default(), key, 0);
        current.at += piece.len();
        if last {
            self.current = None;
        }
    }

    /// Writes a control frame; not inside another frame.
    pub fn control(&mut self, kind: Control, payload: &[u8], out: &mut Vec<u8>) {
        let key = self.keys.next();
        write_head(out, &head(OpCode::Control(kind), true, false, key), payload.len());
        let start = out.len();
        out.extend_from_slice(payload);
        mask(out.get_mut(start..).unwrap_or_default(), key, 0);
    }
}

fn opcode(payload: &Payload) -> OpCode {
    OpCode::Data(match payload {
        Payload::Text(_) => Data::Text,
        Payload::Bytes(_) => Data::Binary,
    })
}

fn head(opcode: OpCode, is_final: bool, rsv1: bool, key: [u8; 4]) -> FrameHeader {
    FrameHeader { is_final, rsv1, rsv2: false, rsv3: false, opcode, mask: Some(key) }
}

fn write_head(out: &mut Vec<u8>, head: &FrameHeader, length: usize) {
    if let (FrameHeader { is_final: true, rsv1: false, opcode, mask: Some([a, b, c, d]), .. }, Ok(size @ 0..=125)) =
        (head, u8::try_from(length))
    {
        // The shortest head, which most frames have.
        out.extend_from_slice(&[0x80 | u8::from(*opcode), 0x80 | size, *a, *b, *c, *d]);
        return;
    }
    // Memory takes everything.
    let _ = head.format(length as u64, out);
}
