//! The two halves of permessage-deflate (RFC 7692 7.2): messages squeezed and stretched in pieces, so that neither a
//! large message nor a small one that becomes large keeps the reactor.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::frame::{Fail, garbled, too_big};

/// What the sender leaves out at the end of a message: the last four bytes of an empty block.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// A third of the way: what the levels above save is not worth their time, and level 1 hardly saves anything.
const LEVEL: u32 = 3;
/// The room that stretching asks for at a time.
const STEP: usize = 32 << 10;

/// What was agreed on for one direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// The size of the window as a power of two, 8 to 15.
    pub bits: u8,
    /// Each message starts anew.
    pub resets: bool,
}

impl Default for Window {
    fn default() -> Window {
        Window { bits: 15, resets: false }
    }
}

/// What was agreed on (RFC 7692 7.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Agreed {
    /// For what the server sends.
    pub server: Window,
    /// For what we send.
    pub client: Window,
}

/// Makes messages smaller.
#[derive(Debug)]
pub struct Squeeze {
    deflate: Compress,
    resets: bool,
}

impl Squeeze {
    /// Begins a connection; `None` for a window of 256 bytes, which the compressor cannot do: messages then go as they
    /// are, which is always allowed (RFC 7692 6.1).
    #[must_use]
    pub fn new(window: Window) -> Option<Squeeze> {
        (9..=15).contains(&window.bits).then(|| Squeeze {
            deflate: Compress::new_with_window_bits(Compression::new(LEVEL), false, window.bits),
            resets: window.resets,
        })
    }

    /// Squeezes a piece of a message to the end of `out`; `last` ends the message.
    pub fn run(&mut self, piece: &[u8], last: bool, out: &mut Vec<u8>) {
        let mut rest = piece;
        loop {
            // What does not get smaller gets larger by little.
            out.reserve(rest.len() + rest.len() / 64 + 64);
            let (before, room) = (self.deflate.total_in(), out.capacity());
            // Deflating has no way to fail as long as there is room.
            let _ = self.deflate.compress_vec(rest, out, FlushCompress::Sync);
            let used = usize::try_from(self.deflate.total_in() - before).unwrap_or(rest.len());
            rest = rest.get(used..).unwrap_or_default();
            if rest.is_empty() && out.len() < room {
                break;
            }
        }
        if last {
            if out.ends_with(&TAIL) {
                out.truncate(out.len() - TAIL.len());
            }
            if self.resets {
                self.deflate.reset();
            }
        }
    }
}

/// How far stretching came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stretched {
    /// So much of the input was used.
    pub used: usize,
    /// There is more to come out of what was used: the budget ended first.
    pub more: bool,
}

/// Makes messages large again.
#[derive(Debug)]
pub struct Stretch {
    inflate: Decompress,
    resets: bool,
    /// How much of the tail was fed.
    tail: usize,
    bits: u8,
    /// Something of the message has come.
    begun: bool,
}

impl Stretch {
    /// Begins a connection.
    #[must_use]
    pub fn new(window: Window) -> Stretch {
        // A larger window than the peer's reads the same.
        let bits = window.bits.clamp(9, 15);
        Stretch {
            inflate: Decompress::new_with_window_bits(false, bits),
            resets: window.resets,
            tail: 0,
            bits,
            begun: false,
        }
    }

    /// Stretches a piece of a message to the end of `out`, which may have `limit` bytes. Stops when `budget` has come
    /// out of it.
    ///
    /// # Errors
    /// 1007 for what is not deflated, 1009 when more than `limit` comes out.
    pub fn run(
        &mut self,
        piece: &[u8],
        out: &mut Vec<u8>,
        limit: usize,
        budget: &mut usize,
    ) -> Result<Stretched, Fail> {
        let mut used = 0;
        self.begun |= !piece.is_empty();
        loop {
            if *budget == 0 {
                return Ok(Stretched { used, more: true });
            }
            let rest = piece.get(used..).unwrap_or_default();
            // One more than is allowed, so that too much is noticed.
            let room = (limit + 1).saturating_sub(out.len()).min(STEP.min(rest.len().saturating_mul(4).max(512)));
            let (before, was) = (self.inflate.total_in(), out.len());
            let status = self.write(rest, out, room);
            let status = status.map_err(|()| garbled("a compressed message was broken"))?;
            used += usize::try_from(self.inflate.total_in() - before).unwrap_or(0);
            let grown = out.len() - was;
            *budget = budget.saturating_sub(grown);
            if out.len() > limit {
                return Err(too_big("a compressed message was larger than allowed"));
            }
            if status == Status::StreamEnd {
                // RFC 7692 7.2.3.4: a final block may end anywhere, and another one follow.
                self.renew();
                if used < piece.len() {
                    continue;
                }
                return Ok(Stretched { used, more: false });
            }
            if used >= piece.len() && grown < room {
                return Ok(Stretched { used, more: false });
            }
            if grown == 0 && rest.len() == piece.len().saturating_sub(used) {
                return Err(garbled("a compressed message was broken"));
            }
        }
    }

    /// Inflates into the room behind the end of `out`.
    fn write(&mut self, rest: &[u8], out: &mut Vec<u8>, room: usize) -> Result<Status, ()> {
        let was = out.len();
        out.resize(was + room, 0);
        let before = self.inflate.total_out();
        let status = self.inflate.decompress(rest, out.get_mut(was..).unwrap_or_default(), FlushDecompress::Sync);
        let grown = usize::try_from(self.inflate.total_out() - before).unwrap_or(0);
        out.truncate(was + grown);
        status.map_err(drop)
    }

    /// Ends a message: what its sender left out. True when the budget ended first; then it is to be called again.
    ///
    /// # Errors
    /// As [`Stretch::run`].
    pub fn finish(&mut self, out: &mut Vec<u8>, limit: usize, budget: &mut usize) -> Result<bool, Fail> {
        if !self.begun {
            // Some senders leave out even the one byte that nothing is squeezed to.
            return Ok(false);
        }
        let tail = TAIL.get(self.tail..).unwrap_or_default();
        let Stretched { used, more } = self.run(tail, out, limit, budget)?;
        self.tail += used;
        if more {
            return Ok(true);
        }
        (self.tail, self.begun) = (0, false);
        if self.resets {
            self.renew();
        }
        Ok(false)
    }

    fn renew(&mut self) {
        // Resetting would go back to the largest window as well; making it anew does not.
        if self.bits == 15 {
            self.inflate.reset(false);
        } else {
            self.inflate = Decompress::new_with_window_bits(false, self.bits);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(stretch: &mut Stretch, bytes: &[u8]) -> Result<Vec<u8>, Fail> {
        let mut out = Vec::new();
        let mut budget = usize::MAX;
        assert_eq!(stretch.run(bytes, &mut out, 1 << 20, &mut budget)?, Stretched { used: bytes.len(), more: false });
        assert!(!stretch.finish(&mut out, 1 << 20, &mut budget)?);
        Ok(out)
    }

    #[test]
    fn the_examples_of_the_rfc() {
        let mut own = Stretch::new(Window::default());
        // 7.2.3.1 and, sharing the window, 7.2.3.2
        assert_eq!(stretch(&mut own, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]).unwrap(), b"Hello");
        assert_eq!(stretch(&mut own, &[0xf2, 0x00, 0x11, 0x00, 0x00]).unwrap(), b"Hello");
        // 7.2.3.3: a block without compression
        let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
        assert_eq!(stretch(&mut own, &stored).unwrap(), b"Hello");
        // 7.2.3.4: a final block; twice, as the stream goes on behind it
        let ended = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        assert_eq!(stretch(&mut own, &ended).unwrap(), b"Hello");
        assert_eq!(stretch(&mut own, &ended).unwrap(), b"Hello");
        // 7.2.3.5: two blocks in one message
        let two = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(stretch(&mut own, &two).unwrap(), b"Hello");
        // 7.2.3.6: nothing
        assert_eq!(stretch(&mut own, &[0x00]).unwrap(), b"");
        assert_eq!(stretch(&mut own, &[]).unwrap(), b"");
    }

    #[test]
    fn a_window_that_resets_knows_nothing_of_the_message_before() {
        let mut own = Stretch::new(Window { resets: true, ..Window::default() });
        assert_eq!(stretch(&mut own, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]).unwrap(), b"Hello");
        assert_eq!(stretch(&mut own, &[0xf2, 0x00, 0x11, 0x00, 0x00]).unwrap_err().code, 1007);
    }

    #[test]
    fn what_is_squeezed_comes_back_under_every_window() {
        let message: Vec<u8> = (0..200_000u32).map(|at| (at.wrapping_mul(at) / 7 % 251) as u8).collect();
        for bits in 8..=15 {
            for resets in [false, true] {
                let window = Window { bits, resets };
                let Some(mut squeeze) = Squeeze::new(window) else {
                    assert_eq!(bits, 8);
                    continue;
                };
                let mut own = Stretch::new(window);
                for size in [1, 5, 100, 65_536, 200_000] {
                    let mut out = Vec::new();
                    let mut pieces = message[..size].chunks(50_000).peekable();
                    while let Some(piece) = pieces.next() {
                        squeeze.run(piece, pieces.peek().is_none(), &mut out);
                    }
                    assert!(!out.ends_with(&TAIL));
                    assert_eq!(stretch(&mut own, &out).unwrap(), message[..size], "{window:?} {size}");
                }
            }
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit_and_each_turn_at_its_budget() {
        let mut squeeze = Squeeze::new(Window::default()).unwrap();
        let mut bomb = Vec::new();
        squeeze.run(&vec![0; 10 << 20], true, &mut bomb);
        assert!(bomb.len() < 64 << 10);
        let (mut out, mut at, mut turns) = (Vec::new(), 0, 0);
        let mut own = Stretch::new(Window::default());
        let fail = loop {
            let mut budget = 100_000;
            match own.run(&bomb[at..], &mut out, 1 << 20, &mut budget) {
                Ok(done) => {
                    assert!(done.more, "it ended with {} bytes", out.len());
                    at += done.used;
                    turns += 1;
                }
                Err(fail) => break fail,
            }
        };
        assert_eq!(fail.code, 1009);
        assert!((8..=11).contains(&turns), "{turns}");
        assert!(out.len() <= (1 << 20) + 1);
    }

    #[test]
    fn garbage_is_noticed() {
        for garbage in [&[0xff, 0xff, 0xff][..], &[0x06], b"hello world"] {
            assert_eq!(stretch(&mut Stretch::new(Window::default()), garbage).unwrap_err().code, 1007, "{garbage:x?}");
        }
    }
}
