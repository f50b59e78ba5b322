//! Pages of Ogg: RFC 3533, section 6.

use super::MAGIC;
use crate::{
    engine::media::container::input::{Input, broken},
    error::Result,
    log,
};

const HEAD: usize = 27;
/// The largest page: 255 segments of 255 bytes, with the table of their lengths.
pub const PAGE_MAX: usize = HEAD + 255 + 255 * 255;
/// So much rubbish between two pages is looked through.
const RUBBISH_MAX: usize = 1 << 20;

/// The first packet goes on from the page before.
pub const CONTINUED: u8 = 1;
/// The first page of a stream.
pub const FIRST: u8 = 2;
/// The last page of a stream.
pub const LAST: u8 = 4;

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// `CONTINUED`, `FIRST`, `LAST`.
    pub flags: u8,
    /// The end of the last packet that ends here, in the codec's units; `None` when none does.
    pub granule: Option<u64>,
    /// Which stream it belongs to.
    pub serial: u32,
    /// Its number in the stream.
    pub sequence: u32,
    /// The lengths of the segments; one below 255 ends a packet.
    pub lacing: Vec<u8>,
    /// The segments.
    pub body: Vec<u8>,
}

impl Page {
    /// The page that begins here, and how long it is; without the page if its checksum is wrong; `None` if it is none, or is not there whole.
    pub fn parse(bytes: &[u8]) -> Option<(Option<Page>, usize)> {
        let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
        let [b'O', b'g', b'g', b'S', 0, flags, rest_of_head @ ..] = head else { return None };
        let (granule, others) = rest_of_head.split_first_chunk::<8>()?;
        let (serial, others) = others.split_first_chunk::<4>()?;
        let (sequence, others) = others.split_first_chunk::<4>()?;
        let (checksum, others) = others.split_first_chunk::<4>()?;
        let (lacing, rest) = rest.split_at_checked(usize::from(*others.first()?))?;
        let size = lacing.iter().map(|length| usize::from(*length)).sum();
        let body = rest.get(..size)?;
        let length = HEAD + lacing.len() + size;
        let front = bytes.get(..22)?;
        let sum = checksum_of(checksum_of(checksum_of(0, front), &[0; 4]), bytes.get(26..length)?);
        if u32::from_le_bytes(*checksum) != sum {
            return Some((None, length));
        }
        let granule = u64::from_le_bytes(*granule);
        let page = Page {
            flags: *flags,
            granule: (granule != u64::MAX).then_some(granule),
            serial: u32::from_le_bytes(*serial),
            sequence: u32::from_le_bytes(*sequence),
            lacing: lacing.to_vec(),
            body: body.to_vec(),
        };
        Some((Some(page), length))
    }

    /// As it stands in a file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + self.lacing.len() + self.body.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&[0, self.flags]);
        bytes.extend_from_slice(&self.granule.unwrap_or(u64::MAX).to_le_bytes());
        bytes.extend_from_slice(&self.serial.to_le_bytes());
        bytes.extend_from_slice(&self.sequence.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.push(u8::try_from(self.lacing.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(&self.lacing);
        bytes.extend_from_slice(&self.body);
        let sum = checksum_of(0, &bytes).to_le_bytes();
        for (to, from) in bytes.iter_mut().skip(22).zip(sum) {
            *to = from;
        }
        bytes
    }
}

/// The CRC of Ogg: polynomial 04c11db7, the highest bit first, nothing inverted.
fn checksum_of(begin: u32, bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    bytes.iter().fold(begin, |sum, byte| {
        let place = (sum >> 24) as u8 ^ byte;
        sum << 8 ^ TABLE.get(usize::from(place)).copied().unwrap_or(0)
    })
}

#[allow(clippy::indexing_slicing, reason = "made by the compiler, which checks it")]
const fn table() -> [u32; 256] {
    let mut table = [0u32; 256];
    let mut place = 0;
    while place < 256 {
        let mut sum = (place as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum >> 31 == 1 { sum << 1 ^ 0x04c1_1db7 } else { sum << 1 };
            bit += 1;
        }
        table[place] = sum;
        place += 1;
    }
    table
}

/// The pages of a file, one after the other; what is none in between is left out.
pub struct Pages {
    input: Input,
    buffer: Vec<u8>,
    /// How much of the buffer is done with.
    done: usize,
    ended: bool,
}

impl Pages {
    pub fn new(input: Input) -> Pages {
        Pages { input, buffer: Vec::new(), done: 0, ended: false }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.done..).unwrap_or_default()
    }

    /// Where in the file the rest begins.
    fn place(&self) -> u64 {
        self.input.at().saturating_sub(self.rest().len() as u64)
    }

    pub fn next(&mut self) -> Result<Option<Page>> {
        let (begin, mut rubbish) = (self.place(), 0);
        loop {
            if !self.ended && self.rest().len() < PAGE_MAX {
                self.buffer.drain(..self.done);
                self.done = 0;
                let filled = self.buffer.len();
                self.buffer.resize(2 * PAGE_MAX, 0);
                let count = self.input.fill(self.buffer.get_mut(filled..).unwrap_or_default())?;
                self.buffer.truncate(filled + count);
                self.ended = self.buffer.len() < 2 * PAGE_MAX;
            }
            let parsed = Page::parse(self.rest());
            if let Some((Some(page), length)) = parsed {
                self.done += length;
                if rubbish > 0 {
                    log::warn(c"media", || {
                        format!("{rubbish} bytes at byte {begin} of an Ogg file were no page, and left out")
                    });
                }
                return Ok(Some(page));
            }
            let rest = self.rest();
            if rest.is_empty() {
                if rubbish > 0 {
                    log::warn(c"media", || format!("an Ogg file ended in a page at byte {begin}"));
                }
                return Ok(None);
            }
            let skipped = 1 + memchr::memchr(b'O', rest.get(1..).unwrap_or_default()).unwrap_or(rest.len() - 1);
            // To sum up a broken page is work, and what looks like one is written easily.
            rubbish += parsed.map_or(skipped, |(_, length)| length);
            self.done += skipped;
            if rubbish > RUBBISH_MAX {
                return Err(broken(format!("there was no page of Ogg for a mebibyte from byte {begin} on")));
            }
        }
    }

    /// The granule and the serial of the last page that ends a packet; goes on where it was.
    pub fn last(&mut self) -> Result<Option<(u32, u64)>> {
        let (at, length) = (self.input.at(), self.input.length()?);
        self.input.go(length.saturating_sub(2 * PAGE_MAX as u64))?;
        let tail = self.input.take(2 * PAGE_MAX)?;
        self.input.go(at)?;
        let (mut last, mut broken) = (None, 0);
        let mut rest = &*tail;
        while let Some(found) = memchr::memmem::find(rest, MAGIC).filter(|_| broken < 16) {
            rest = rest.get(found..).unwrap_or_default();
            let skipped = match Page::parse(rest) {
                Some((Some(page), length)) => {
                    last = page.granule.map(|granule| (page.serial, granule)).or(last);
                    length
                }
                Some((None, _)) => {
                    broken += 1;
                    1
                }
                None => 1,
            };
            rest = rest.get(skipped..).unwrap_or_default();
        }
        Ok(last)
    }
}
