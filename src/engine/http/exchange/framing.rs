//! Where the body of an answer ends.
//!
//! Bodies of known length and those that end with the connection need no more than a counter; chunks are taken apart by
//! `ureq-proto`. Their size lines and trailers are read here: extensions may be of any length, the size must be
//! hexadecimal digits and nothing else, and trailers are kept.

use ureq_proto::client::{Call, state::RecvBody};

use crate::error::{Error, Result, code};

/// Bytes of a size line with its extensions, and of all trailers, at most.
const LINE_LIMIT: usize = 16 << 10;

/// What is left of a body.
pub enum Inbound {
    /// So many bytes of so many.
    Sized {
        /// Still to come.
        left: u64,
        /// In all.
        size: u64,
    },
    /// Chunks.
    Chunked(Box<Chunks>),
    /// Everything until the connection ends.
    UntilClose,
    /// Nothing.
    Done,
    /// The connection speaks another protocol from here on.
    Switched,
}

/// A body in chunks.
pub struct Chunks {
    call: Call<RecvBody>,
    trailers: Vec<u8>,
}

impl Inbound {
    pub(super) fn sized(size: u64) -> Inbound {
        if size == 0 { Inbound::Done } else { Inbound::Sized { left: size, size } }
    }

    pub(super) fn chunked(mut call: Call<RecvBody>) -> Inbound {
        call.stop_on_chunk_boundary(true);
        Inbound::Chunked(Box::new(Chunks { call, trailers: Vec::new() }))
    }

    /// Whether the last byte was read.
    #[must_use]
    pub fn is_done(&self) -> bool {
        match self {
            Inbound::Done => true,
            Inbound::Chunked(chunks) => chunks.call.can_proceed(),
            _ => false,
        }
    }

    /// How many bytes may be read straight from the connection into the caller's buffer; none when they have to go
    /// through [`Inbound::read`].
    #[must_use]
    pub fn direct(&self) -> Option<u64> {
        match self {
            Inbound::Sized { left, .. } => Some(*left),
            Inbound::UntilClose => Some(u64::MAX),
            Inbound::Done | Inbound::Switched => Some(0),
            Inbound::Chunked(_) => None,
        }
    }

    /// So many bytes went straight to the caller.
    pub fn pass(&mut self, count: usize) {
        if let Inbound::Sized { left, .. } = self {
            *left = left.saturating_sub(count as u64);
            if *left == 0 {
                *self = Inbound::Done;
            }
        }
    }

    /// Reads from what was received; returns how much of it was used and how much of `output` was filled.
    ///
    /// # Errors
    /// `chunked_encoding`.
    pub fn read(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize)> {
        if let Inbound::Chunked(chunks) = self {
            return chunks.read(input, output);
        }
        let direct = usize::try_from(self.direct().unwrap_or(0)).unwrap_or(usize::MAX);
        let count = input.len().min(output.len()).min(direct);
        if let (Some(to), Some(from)) = (output.get_mut(..count), input.get(..count)) {
            to.copy_from_slice(from);
        }
        self.pass(count);
        Ok((count, count))
    }

    /// The connection ended. That is right for a body that ends with it, and for chunks whose last one was seen
    /// (servers that forget the empty line behind it).
    ///
    /// # Errors
    /// `incomplete_read` or `chunked_encoding`.
    pub fn end(&mut self) -> Result<()> {
        match self {
            Inbound::Done | Inbound::Switched | Inbound::UntilClose => {}
            Inbound::Chunked(chunks) if chunks.call.is_ended_chunked() => {}
            Inbound::Sized { left, size } => {
                let got = *size - *left;
                let message = format!("the body ended after {got} of {size} bytes");
                return Err(Error::new(&code::INCOMPLETE_READ, message));
            }
            Inbound::Chunked(_) => return Err(broken("the connection ended inside of it")),
        }
        *self = Inbound::Done;
        Ok(())
    }

    /// The trailer lines as they came; complete at the end.
    #[must_use]
    pub fn trailers(&self) -> &[u8] {
        match self {
            Inbound::Chunked(chunks) => &chunks.trailers,
            _ => &[],
        }
    }
}

impl Chunks {
    fn read(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize)> {
        let (mut used, mut filled) = (0, 0);
        while !self.call.can_proceed() {
            let rest = input.get(used..).unwrap_or_default();
            let room = output.get_mut(filled..).unwrap_or_default();
            if self.call.is_on_chunk_boundary() || self.call.is_ended_chunked() {
                let Some(end) = memchr::memchr(b'\n', rest) else {
                    if rest.len() > LINE_LIMIT {
                        return Err(broken("a line of it was too long"));
                    }
                    break;
                };
                let line = rest.get(..end).unwrap_or_default();
                self.line(line.strip_suffix(b"\r").unwrap_or(line))?;
                used += end + 1;
                continue;
            }
            let wanted = !room.is_empty();
            let (more, written) = self.call.read(rest, room).map_err(|_| broken("a chunk had no end"))?;
            used += more;
            filled += written;
            if more == 0 {
                // With room for data only the line end behind a chunk can be missing, and two bytes would show it.
                if wanted && rest.len() >= 2 {
                    return Err(broken("a chunk had no end"));
                }
                break;
            }
        }
        Ok((used, filled))
    }

    /// A size line or a trailer.
    fn line(&mut self, line: &[u8]) -> Result<()> {
        if self.call.is_ended_chunked() {
            if line.is_empty() {
                return self.feed(b"\r\n");
            }
            if self.trailers.len() + line.len() > LINE_LIMIT {
                return Err(broken("its trailers were too long"));
            }
            self.trailers.extend_from_slice(line);
            self.trailers.extend_from_slice(b"\r\n");
            return Ok(());
        }
        let size = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii_end();
        let sane = !size.is_empty() && size.iter().all(u8::is_ascii_hexdigit);
        // Leading zeros are allowed, and 15 digits more than anybody sends.
        let digits = size.iter().position(|byte| *byte != b'0').and_then(|at| size.get(at..)).unwrap_or(b"0");
        if !sane || digits.len() > 15 {
            let shown = line.get(..line.len().min(20)).unwrap_or_default();
            return Err(broken(&format!("a chunk's size was no number: \"{}\"", shown.escape_ascii())));
        }
        let mut canonical = [0; 17];
        for (to, from) in canonical.iter_mut().zip(digits.iter().chain(b"\r\n")) {
            *to = *from;
        }
        self.feed(canonical.get(..digits.len() + 2).unwrap_or_default())
    }

    fn feed(&mut self, line: &[u8]) -> Result<()> {
        match self.call.read(line, &mut []) {
            Ok((used, _)) if used == line.len() => Ok(()),
            _ => Err(broken("it was out of step")),
        }
    }
}

fn broken(what: &str) -> Error {
    Error::new(&code::CHUNKED_ENCODING, format!("the chunked body was broken: {what}"))
}
