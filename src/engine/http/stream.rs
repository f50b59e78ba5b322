//! The body of an answer on its way in: raw bytes from wherever they come, content codings undone, read in pieces or
//! as a whole (spec/http.md 1.12, 1.13).

use super::{
    adapter::Source,
    decode::Decoder,
    exchange,
    policy::Hop,
};
use crate::error::Result;

/// The first allocation for a body of declared length goes no further than this: a length can lie.
const TRUSTED_LENGTH: u64 = 16 << 20;

/// How much room a body of unknown length starts with.
const FIRST_ROOM: usize = 8 << 10;

/// A body that is being read.
pub struct BodyStream {
    source: Source,
    decoder: Option<Decoder>,
    received: u64,
    ended: bool,
}

impl BodyStream {
    /// No body.
    pub fn empty() -> BodyStream {
        BodyStream { source: Source::None, decoder: None, received: 0, ended: true }
    }

    /// The body of an answer to `method`; `decode` undoes its content codings.
    ///
    /// # Errors
    /// `content_decoding` when there are too many codings.
    pub fn new(source: Source, hop: &Hop, method: &str, decode: bool) -> Result<BodyStream> {
        let decoder = if decode && method != "HEAD" {
            match hop.fields().get_joined("content-encoding") {
                Some(codings) => Decoder::new(&codings)?,
                None => None,
            }
        } else {
            None
        };
        Ok(BodyStream { source, decoder, received: 0, ended: false })
    }

    /// The exchange that it comes from, for times, addresses and counters.
    pub fn wire(&self) -> Option<&exchange::Answer> {
        match &self.source {
            Source::Wire(answer) => Some(answer),
            _ => None,
        }
    }

    /// The number of decoded bytes to come, when it is known.
    pub fn length(&self) -> Option<u64> {
        match &self.source {
            _ if self.decoder.is_some() => None,
            Source::Wire(answer) => answer.length(),
            Source::Memory(bytes, at) => Some((bytes.len() - at) as u64),
            Source::None => Some(0),
            Source::Reader(_) => None,
        }
    }

    /// Whether the end was reached.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Bytes received so far, before decoding.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Fills the front of `out`; 0 is the end.
    ///
    /// # Errors
    /// What the connection says; `content_decoding` when the coding is broken.
    pub fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        if self.ended || out.is_empty() {
            return Ok(0);
        }
        let BodyStream { source, decoder, received, .. } = self;
        let mut raw = |buffer: &mut [u8]| {
            let count = read_source(source, buffer)?;
            *received += count as u64;
            Ok(count)
        };
        let count = match decoder {
            Some(decoder) => decoder.read(&mut raw, out)?,
            None => raw(out)?,
        };
        self.ended = count == 0;
        Ok(count)
    }

    /// Reads what is left. One byte of spare room follows, for the NUL that C readers like to find.
    ///
    /// # Errors
    /// As [`BodyStream::read`].
    pub fn read_to_end(&mut self) -> Result<Vec<u8>> {
        if let (Source::Wire(answer), None) = (&mut self.source, &self.decoder)
            && let Some(body) = answer.take_held()
        {
            self.received += body.len() as u64;
            self.ended = true;
            return Ok(body);
        }
        let expected = self.length();
        let room = match expected {
            Some(length) => usize::try_from(length.min(TRUSTED_LENGTH)).unwrap_or(FIRST_ROOM),
            // A small body in chunks came with its head, and needs no more room than it takes there.
            None => match &self.source {
                Source::Wire(answer) if self.decoder.is_none() && answer.waiting() > 0 => {
                    answer.waiting().clamp(1 << 10, FIRST_ROOM)
                }
                _ => FIRST_ROOM,
            },
        };
        let mut body = vec![0; room + 1];
        let mut filled = 0;
        loop {
            if expected == Some(filled as u64) {
                // All of a known length is there: the connection went back with its last byte.
                self.ended = true;
                break;
            }
            if filled + 1 >= body.len() {
                body.resize(body.len() * 2, 0);
            }
            let end = body.len() - 1;
            let count = match body.get_mut(filled..end) {
                Some(rest) => self.read(rest)?,
                None => 0,
            };
            if count == 0 {
                break;
            }
            filled += count;
        }
        body.truncate(filled);
        if body.capacity() > filled * 2 + FIRST_ROOM {
            body.shrink_to(filled + 1);
        }
        Ok(body)
    }
}

fn read_source(source: &mut Source, buffer: &mut [u8]) -> Result<usize> {
    match source {
        Source::None => Ok(0),
        Source::Wire(answer) => answer.read(buffer),
        Source::Reader(reader) => reader.read(buffer),
        Source::Memory(bytes, at) => {
            let rest = bytes.get(*at..).unwrap_or_default();
            let count = rest.len().min(buffer.len());
            if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
                to.copy_from_slice(from);
            }
            *at += count;
            Ok(count)
        }
    }
}
