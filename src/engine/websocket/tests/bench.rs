//! What the tests of the decoder have in common.

use crate::engine::websocket::{Close, Decoder, Fail, Fed, Flow, Message, Receiver, deflate::Agreed};

/// What was heard, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    Text(String),
    Bytes(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Close),
}

/// Writes down what it hears; pauses after each message when told to.
#[derive(Default)]
pub struct Notes {
    pub heard: Vec<Heard>,
    pub pauses: bool,
}

impl Receiver for Notes {
    fn message(&mut self, message: Message<'_>) -> Flow {
        self.heard.push(match message {
            Message::Text(text) => Heard::Text(text.into_owned()),
            Message::Bytes(bytes) => Heard::Bytes(bytes.into_owned()),
        });
        if self.pauses { Flow::Pause } else { Flow::On }
    }

    fn ping(&mut self, payload: &[u8]) {
        self.heard.push(Heard::Ping(payload.to_vec()));
    }

    fn pong(&mut self, payload: &[u8]) {
        self.heard.push(Heard::Pong(payload.to_vec()));
    }

    fn close(&mut self, close: Close) {
        self.heard.push(Heard::Close(close));
    }
}

/// The most that a message may have in these tests.
pub const LIMIT: usize = 1 << 20;

/// Feeds `bytes` in pieces of `step`, and what was left over as often as needed.
pub fn feed(bytes: &[u8], step: usize, deflate: Option<Agreed>, pauses: bool) -> (Vec<Heard>, Option<u16>) {
    let mut decoder = Decoder::new(LIMIT, deflate);
    let mut notes = Notes { pauses, ..Notes::default() };
    let fed = drive(&mut decoder, &mut notes, bytes, step);
    (notes.heard, fed.err().map(|fail| fail.code))
}

pub fn drive(decoder: &mut Decoder, notes: &mut Notes, bytes: &[u8], step: usize) -> Result<(), Fail> {
    for piece in bytes.chunks(step.max(1)) {
        let mut rest = piece;
        loop {
            let Fed { used, more } = decoder.feed(rest, notes)?;
            rest = &rest[used..];
            if !more {
                assert!(rest.is_empty(), "bytes were left without a reason");
                break;
            }
        }
    }
    Ok(())
}

/// A frame as a server sends it, written by hand: the first byte, then the length, then the payload.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(u8::try_from(short).unwrap()),
        middle @ 126..=65_535 => {
            bytes.push(126);
            bytes.extend_from_slice(&u16::try_from(middle).unwrap().to_be_bytes());
        }
        long => {
            bytes.push(127);
            bytes.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
    bytes
}

pub const TEXT: u8 = 0x81;
pub const BYTES: u8 = 0x82;
pub const CONTINUED: u8 = 0x00;
pub const LAST: u8 = 0x80;
pub const CLOSE: u8 = 0x88;
pub const PING: u8 = 0x89;
pub const PONG: u8 = 0x8a;
/// Not the last frame.
pub const OPEN: u8 = 0x7f;
/// Compressed.
pub const RSV1: u8 = 0x40;
