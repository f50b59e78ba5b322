//! The body of an answer on its way in: raw bytes from wherever they come, content codings undone, read in pieces or
//! as a whole (spec/http.md 1.12, 1.13).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{adapter::Source, body::Body, decode::Decoder, exchange, policy::Hop, relay::Relay};
use crate::{
    engine::{errands::Errands, reactor::vigil::Vigil},
    error::{Error, Result, code},
};

/// The first allocation for a body of declared length goes no further than this: a length can lie.
const TRUSTED_LENGTH: u64 = 16 << 20;

/// How much room a body of unknown length starts with.
const FIRST_ROOM: usize = 8 << 10;

/// What is taken at once of a body in memory.
const PIECE: usize = 64 << 10;

/// A body that is being read.
pub struct BodyStream {
    source: Source,
    decoder: Option<Decoder>,
    received: u64,
    ended: bool,
    /// What the reactor received and did not decode yet.
    coded: Vec<u8>,
    /// There is more to be had from the decoder.
    more: bool,
    /// Nothing comes behind what is coded.
    dry: bool,
}

impl BodyStream {
    /// No body.
    pub fn empty() -> BodyStream {
        BodyStream { ended: true, ..BodyStream::of(Source::None, None) }
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
        Ok(BodyStream::of(source, decoder))
    }

    fn of(source: Source, decoder: Option<Decoder>) -> BodyStream {
        BodyStream { source, decoder, received: 0, ended: false, coded: Vec::new(), more: false, dry: false }
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
            Source::Reader(_) | Source::Relay(_) => None,
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

    /// Reads on, on the reactor, behind the end of `out`: content codings are undone, and what one read of the connection
    /// gave is brought at once; 0 is the end. At most `limit` bytes come, the rest with the next call.
    ///
    /// # Errors
    /// As [`BodyStream::read`].
    pub async fn pull(&mut self, vigil: &mut Vigil, out: &mut Vec<u8>, limit: usize) -> Result<usize> {
        let begin = out.len();
        while !self.ended {
            let Some(decoder) = &mut self.decoder else {
                let count = pull_source(&mut self.source, vigil, out).await?;
                self.received += count as u64;
                self.ended = count == 0;
                break;
            };
            if self.coded.is_empty() && !self.more {
                let count = pull_source(&mut self.source, vigil, &mut self.coded).await?;
                self.received += count as u64;
                self.dry = count == 0;
            }
            let (taken, more) = decoder.feed(&self.coded, self.dry, out, limit.saturating_sub(out.len() - begin))?;
            self.coded.drain(..taken);
            self.more = more;
            self.ended = self.dry && !more;
            if out.len() > begin {
                break;
            }
        }
        Ok(out.len() - begin)
    }

    /// The same without undoing content codings, which are left to whoever takes [`BodyStream::take_decoder`].
    ///
    /// # Errors
    /// What the connection says.
    pub async fn pull_raw(&mut self, vigil: &mut Vigil, out: &mut Vec<u8>) -> Result<usize> {
        if self.ended {
            return Ok(0);
        }
        let count = pull_source(&mut self.source, vigil, out).await?;
        self.received += count as u64;
        self.ended = count == 0;
        Ok(count)
    }

    /// What undoes the content codings, for whoever reads the body as it comes.
    pub fn take_decoder(&mut self) -> Option<Decoder> {
        self.decoder.take()
    }

    /// Reads the rest into memory as it comes, on the reactor. What goes wrong comes out where it is read from there.
    ///
    /// # Errors
    /// What the host's reader says.
    pub async fn gather(&mut self, vigil: &mut Vigil) -> Result<()> {
        match &mut self.source {
            Source::None | Source::Memory(..) | Source::Reader(_) => {}
            Source::Wire(answer) => answer.gather(vigil).await,
            relay @ Source::Relay(_) => {
                let mut body = Vec::new();
                while pull_source(relay, vigil, &mut body).await? > 0 {}
                self.source = Source::Memory(body, 0);
            }
        }
        Ok(())
    }

    /// Has a reader of the host read by the worker, so that the reactor can wait for it.
    ///
    /// # Errors
    /// Never, in practice.
    pub fn relay(&mut self, worker: &Arc<dyn Errands>) -> Result<()> {
        if let Source::Reader(reader) = &self.source {
            let body = Body::Reader(Arc::clone(reader), None).open()?;
            self.source = Source::Relay(Box::new(Relay::new(body, None, Arc::clone(worker))));
        }
        Ok(())
    }

    /// Sets the longest silence inside the body, and when it must be over, in place of those of the call.
    pub fn set_limits(&mut self, silence: Option<Duration>, total: Option<Instant>) {
        if let Source::Wire(answer) = &mut self.source {
            answer.set_limits(silence, total);
        }
    }

    /// Takes the body away from the reactor, for a thread that may wait.
    ///
    /// # Errors
    /// `cancelled`.
    pub fn leave_reactor(&mut self) -> Result<()> {
        match &mut self.source {
            Source::Wire(answer) => answer.leave_reactor(),
            _ => Ok(()),
        }
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

/// Reads behind the end of `out` on the reactor; 0 is the end.
async fn pull_source(source: &mut Source, vigil: &mut Vigil, out: &mut Vec<u8>) -> Result<usize> {
    match source {
        Source::None => Ok(0),
        Source::Wire(answer) if !answer.is_held() => answer.pull(vigil, out).await,
        Source::Wire(answer) => {
            let begin = out.len();
            out.resize(begin + PIECE, 0);
            let count = answer.read(out.get_mut(begin..).unwrap_or_default());
            out.truncate(begin + *count.as_ref().unwrap_or(&0));
            count
        }
        Source::Memory(bytes, at) => {
            let rest = bytes.get(*at..).unwrap_or_default();
            let piece = rest.get(..PIECE).unwrap_or(rest);
            out.extend_from_slice(piece);
            *at += piece.len();
            Ok(piece.len())
        }
        Source::Relay(relay) => match vigil.until(None, |cx| relay.poll_piece(cx)).await? {
            Some(piece) => {
                let Some(piece) = piece? else { return Ok(0) };
                out.extend_from_slice(&piece);
                Ok(piece.len())
            }
            None => Ok(0),
        },
        Source::Reader(_) => Err(Error::new(&code::INTERNAL, "a reader of the host was read on the reactor")),
    }
}

fn read_source(source: &mut Source, buffer: &mut [u8]) -> Result<usize> {
    match source {
        Source::None => Ok(0),
        Source::Wire(answer) => answer.read(buffer),
        Source::Reader(reader) => reader.read(buffer),
        Source::Relay(_) => Err(Error::new(&code::INTERNAL, "a relay was read by a thread that may wait")),
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
