//! gzip (RFC 1952) with any number of members. Anything wrong after the first member is taken for padding, as other
//! clients take it.

use flate2::{Crc, Decompress};

use super::{Broken, Coding, inflate::inflate};

/// Undoes `gzip`.
pub(super) struct Gzip {
    place: Place,
    /// The member that is read is not the first.
    later: bool,
    inflate: Decompress,
    /// Sum and length of this member's content.
    content: Crc,
    /// Sum of this member's header.
    header: Crc,
    /// The header's flags.
    flags: u8,
    /// Bytes of the part that is read, where more than one is needed.
    held: Vec<u8>,
}

/// What comes next.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// Ten bytes.
    Fixed,
    /// Two bytes, then as many as they say.
    Extra,
    /// Text up to a NUL.
    Name,
    Comment,
    /// Two bytes.
    HeaderSum,
    Content,
    /// Eight bytes.
    Trailer,
    /// The rest does not count.
    Padding,
}

const HEADER_SUM: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;

impl Default for Gzip {
    fn default() -> Gzip {
        Gzip {
            place: Place::Fixed,
            later: false,
            inflate: Decompress::new(false),
            content: Crc::new(),
            header: Crc::new(),
            flags: 0,
            held: Vec::new(),
        }
    }
}

impl Coding for Gzip {
    fn step(&mut self, input: &[u8], out: &mut [u8], _end: bool) -> Result<(usize, usize), Broken> {
        let mut taken = 0;
        loop {
            let rest = input.get(taken..).unwrap_or_default();
            if self.place == Place::Padding {
                return Ok((input.len(), 0));
            }
            if rest.is_empty() && self.place != Place::Content {
                return Ok((taken, 0));
            }
            let place = self.place;
            match self.part(rest, out) {
                Ok((part, 0)) if part > 0 || self.place != place => taken += part,
                // Content without input and without output.
                Ok((part, given)) => return Ok((taken + part, given)),
                Err(_) if self.later => self.place = Place::Padding,
                Err(reason) => return Err(reason),
            }
        }
    }
}

impl Gzip {
    /// Reads a piece of one part.
    fn part(&mut self, input: &[u8], out: &mut [u8]) -> Result<(usize, usize), Broken> {
        match self.place {
            Place::Fixed => {
                let taken = self.hold(input, 10);
                // A wrong beginning is told at once, not only when all of the header is there.
                let wrong = self.held.iter().zip([0x1f, 0x8b, 8]).any(|(byte, wanted)| *byte != wanted);
                if wrong {
                    return Err("it did not begin as gzip does");
                }
                if self.held.len() == 10 {
                    self.flags = self.held.get(3).copied().unwrap_or(0);
                    if self.flags & RESERVED != 0 {
                        return Err("its header had unknown flags");
                    }
                    self.header.update(&self.held);
                    self.next(Place::Fixed);
                }
                Ok((taken, 0))
            }
            Place::Extra => {
                let wanted = match *self.held {
                    [low, high, ..] => 2 + usize::from(u16::from_le_bytes([low, high])),
                    _ => 2,
                };
                let taken = self.hold(input, wanted);
                let whole = match *self.held {
                    [low, high, ..] => self.held.len() == 2 + usize::from(u16::from_le_bytes([low, high])),
                    _ => false,
                };
                if whole {
                    self.header.update(&self.held);
                    self.next(Place::Extra);
                }
                Ok((taken, 0))
            }
            Place::Name | Place::Comment => {
                let end = memchr::memchr(0, input).map(|at| at + 1);
                let taken = end.unwrap_or(input.len());
                self.header.update(input.get(..taken).unwrap_or_default());
                if end.is_some() {
                    self.next(self.place);
                }
                Ok((taken, 0))
            }
            Place::HeaderSum => {
                let taken = self.hold(input, 2);
                if let [low, high] = *self.held {
                    if u32::from(u16::from_le_bytes([low, high])) != self.header.sum() & 0xffff {
                        return Err("the checksum of its header was wrong");
                    }
                    self.next(Place::HeaderSum);
                }
                Ok((taken, 0))
            }
            Place::Content => {
                let (taken, given, finished) = inflate(&mut self.inflate, input, out)?;
                self.content.update(out.get(..given).unwrap_or_default());
                if finished {
                    self.place = Place::Trailer;
                }
                Ok((taken, given))
            }
            Place::Trailer => {
                let taken = self.hold(input, 8);
                if let [a, b, c, d, e, f, g, h] = *self.held {
                    let sum = u32::from_le_bytes([a, b, c, d]);
                    let length = u32::from_le_bytes([e, f, g, h]);
                    if sum != self.content.sum() || length != self.content.amount() {
                        return Err("its checksum was wrong");
                    }
                    *self = Gzip { later: true, ..Gzip::default() };
                }
                Ok((taken, 0))
            }
            Place::Padding => Ok((input.len(), 0)),
        }
    }

    /// Holds input until there are `wanted` bytes; gives how much was taken.
    fn hold(&mut self, input: &[u8], wanted: usize) -> usize {
        let taken = wanted.saturating_sub(self.held.len()).min(input.len());
        self.held.extend_from_slice(input.get(..taken).unwrap_or_default());
        taken
    }

    /// Goes to the next part of the header that the flags announce.
    fn next(&mut self, done: Place) {
        self.held.clear();
        let parts =
            [(Place::Extra, EXTRA), (Place::Name, NAME), (Place::Comment, COMMENT), (Place::HeaderSum, HEADER_SUM)];
        let from = parts.iter().position(|(place, _)| *place == done).map_or(0, |at| at + 1);
        let next = parts.iter().skip(from).find(|(_, flag)| self.flags & flag != 0);
        self.place = next.map_or(Place::Content, |(place, _)| *place);
    }
}
