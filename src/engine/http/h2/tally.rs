//! What passes by on a connection: a look at the heads of frames (RFC 9113 4.1) in both directions.
//!
//! The protocol's own crate tells a failed call what failed, and not whether its request had gone out, nor which
//! requests a GOAWAY left undone. Both decide whether a request may be sent again without harm, so they are read here
//! from the bytes themselves: the highest stream that was opened, and the last stream of the GOAWAY.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use crate::sys::lock::Mutex;

/// What a client says first (RFC 9113 3.4).
const PREFACE: usize = 24;
/// The head of a frame.
const HEAD: usize = 9;
/// As much of a payload as is looked at.
const KEPT: usize = 8;

const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

/// No GOAWAY was seen.
const NONE: u32 = u32::MAX;

/// What is known about a connection, for whoever uses it.
#[derive(Debug)]
pub struct Tally {
    /// The highest stream whose HEADERS were handed to the system.
    opened: AtomicU32,
    /// The last stream that a GOAWAY left alive.
    last: AtomicU32,
    /// Bytes that arrived.
    received: AtomicU64,
    /// The server's SETTINGS came.
    settled: AtomicBool,
    /// Pieces of bodies wait for each other: what is to be flushed may be kept.
    gathering: AtomicBool,
    /// Something was kept.
    keeps: AtomicBool,
    /// The first bytes, when they were no HTTP/2.
    stray: Mutex<Option<Box<[u8]>>>,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally {
            opened: AtomicU32::new(0),
            last: AtomicU32::new(NONE),
            received: AtomicU64::new(0),
            settled: AtomicBool::new(false),
            gathering: AtomicBool::new(false),
            keeps: AtomicBool::new(false),
            stray: Mutex::default(),
        }
    }
}

impl Tally {
    /// Whether the request of this stream began to leave this machine.
    #[must_use]
    pub fn is_opened(&self, stream: u32) -> bool {
        self.opened.load(Ordering::Acquire) >= stream
    }

    /// Whether a GOAWAY came: no stream may be opened any more.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.last.load(Ordering::Acquire) != NONE
    }

    /// Whether a GOAWAY said that this stream was not and will not be looked at (RFC 9113 6.8).
    #[must_use]
    pub fn is_undone(&self, stream: u32) -> bool {
        let last = self.last.load(Ordering::Acquire);
        last != NONE && stream > last
    }

    /// Whether the server's SETTINGS came.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Acquire)
    }

    /// Whether what is to be flushed may be kept: there is to be another flush.
    #[must_use]
    pub fn is_gathering(&self) -> bool {
        self.gathering.load(Ordering::Relaxed)
    }

    /// Allows it, or not any more.
    pub fn gather(&self, may: bool) {
        self.gathering.store(may, Ordering::Relaxed);
    }

    /// Says whether something was kept.
    pub fn kept(&self, keeps: bool) {
        self.keeps.store(keeps, Ordering::Relaxed);
    }

    /// Whether something was kept, and is to be flushed.
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.keeps.load(Ordering::Relaxed)
    }

    /// How many bytes arrived so far.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Acquire)
    }

    /// What the server began with instead of SETTINGS.
    #[must_use]
    pub fn stray(&self) -> Option<Box<[u8]>> {
        self.stray.lock().clone()
    }

    fn sent(&self, frame: &Frame) {
        if frame.kind == HEADERS {
            self.opened.fetch_max(frame.stream, Ordering::AcqRel);
        }
    }

    fn arrived(&self, frame: &Frame, payload: &[u8]) {
        match frame.kind {
            SETTINGS => self.settled.store(true, Ordering::Release),
            // A broken one says nothing that could be believed (RFC 9113 6.8): it has eight bytes at least, and no stream.
            GOAWAY if frame.stream == 0 => {
                if let Some([a, b, c, d, ..]) = payload.first_chunk::<8>() {
                    let last = u32::from_be_bytes([*a, *b, *c, *d]) & 0x7fff_ffff;
                    self.last.fetch_min(last, Ordering::AcqRel);
                }
            }
            _ => {}
        }
    }
}

/// The head of a frame.
struct Frame {
    kind: u8,
    stream: u32,
}

/// One direction of a connection.
pub struct Scan {
    /// Bytes to pass over before the next head.
    skip: usize,
    head: [u8; HEAD],
    have: usize,
    /// The frame whose payload begins, with what is kept of it.
    open: Option<(Frame, usize)>,
    kept: Vec<u8>,
    /// Nothing was understood yet, or nothing can be.
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    First,
    Within,
    Lost,
}

impl Scan {
    /// What the client sends.
    #[must_use]
    pub fn outbound() -> Scan {
        Scan { skip: PREFACE, ..Scan::inbound() }
    }

    /// What the server sends.
    #[must_use]
    pub fn inbound() -> Scan {
        Scan { skip: 0, head: [0; HEAD], have: 0, open: None, kept: Vec::new(), state: State::First }
    }

    /// The client sent these bytes.
    pub fn send(&mut self, bytes: &[u8], tally: &Tally) {
        self.pass(bytes, |frame, _| tally.sent(frame));
    }

    /// The server sent these bytes.
    pub fn receive(&mut self, bytes: &[u8], tally: &Tally) {
        tally.received.fetch_add(bytes.len() as u64, Ordering::AcqRel);
        if self.state == State::First && self.have + bytes.len() >= HEAD {
            let mut start = self.head.get(..self.have).unwrap_or_default().to_vec();
            start.extend_from_slice(bytes.get(..bytes.len().min(64)).unwrap_or_default());
            // Length below 64 KiB, SETTINGS, of the connection as a whole.
            let fits = matches!(*start, [0, _, _, SETTINGS, _, 0, 0, 0, 0, ..]);
            self.state = if fits { State::Within } else { State::Lost };
            if !fits {
                *tally.stray.lock() = Some(start.into());
            }
        }
        if self.state != State::Lost {
            self.pass(bytes, |frame, payload| tally.arrived(frame, payload));
        }
    }

    fn pass(&mut self, mut bytes: &[u8], mut told: impl FnMut(&Frame, &[u8])) {
        while !bytes.is_empty() {
            if let Some((frame, want)) = self.open.take() {
                let count = (want - self.kept.len()).min(bytes.len());
                let (front, rest) = bytes.split_at(count);
                self.kept.extend_from_slice(front);
                bytes = rest;
                if self.kept.len() == want {
                    told(&frame, &self.kept);
                } else {
                    self.open = Some((frame, want));
                }
                continue;
            }
            let count = self.skip.min(bytes.len());
            self.skip -= count;
            bytes = bytes.split_at(count).1;
            let count = (HEAD - self.have).min(bytes.len());
            let (front, rest) = bytes.split_at(count);
            if let Some(room) = self.head.get_mut(self.have..self.have + count) {
                room.copy_from_slice(front);
            }
            self.have += count;
            bytes = rest;
            if self.have < HEAD {
                continue;
            }
            self.have = 0;
            let [a, b, c, kind, _, stream @ ..] = self.head;
            let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or(usize::MAX);
            let frame = Frame { kind, stream: u32::from_be_bytes(stream) & 0x7fff_ffff };
            let want = if kind == GOAWAY { length.min(KEPT) } else { 0 };
            self.skip = length - want;
            if want == 0 {
                told(&frame, &[]);
            } else {
                self.kept.clear();
                self.open = Some((frame, want));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as RFC 9113 4.1 draws it.
    fn frame(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut bytes = vec![length[1], length[2], length[3], kind, 0];
        bytes.extend_from_slice(&stream.to_be_bytes());
        bytes.extend_from_slice(payload);
        bytes
    }

    #[test]
    fn the_facts_are_the_same_however_the_bytes_are_cut() {
        let mut goaway = 5u32.to_be_bytes().to_vec();
        goaway.extend_from_slice(&[0, 0, 0, 0]);
        goaway.extend_from_slice(b"more");
        let server =
            [frame(SETTINGS, 0, &[]), frame(0, 1, &[7; 300]), frame(GOAWAY, 0, &goaway), frame(0, 3, &[1])].concat();
        let client = [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            frame(4, 0, &[0; 6]),
            frame(1, 1, &[1; 40]),
            frame(1, 9, &[2; 4]),
        ]
        .concat();
        for size in [1, 2, 7, 64, 4096] {
            let tally = Tally::default();
            let (mut inbound, mut outbound) = (Scan::inbound(), Scan::outbound());
            for piece in server.chunks(size) {
                inbound.receive(piece, &tally);
            }
            assert!(tally.is_settled() && tally.is_leaving() && tally.stray().is_none(), "{size}");
            assert!(tally.is_undone(7) && !tally.is_undone(5), "{size}");
            assert_eq!(tally.received(), server.len() as u64);
            for piece in client.chunks(size) {
                outbound.send(piece, &tally);
            }
            assert!(tally.is_opened(9) && !tally.is_opened(11), "{size}");
        }
    }

    #[test]
    fn what_is_no_http_2_is_kept_to_be_shown() {
        for size in [1, 64] {
            let tally = Tally::default();
            let mut inbound = Scan::inbound();
            for piece in b"HTTP/1.1 400 Bad Request\r\n\r\n".chunks(size) {
                inbound.receive(piece, &tally);
            }
            assert!(tally.stray().unwrap().starts_with(b"HTTP/1.1 "));
            assert!(!tally.is_settled());
        }
    }
}
