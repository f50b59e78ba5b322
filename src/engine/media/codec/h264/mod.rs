//! H.264 (ITU-T H.264): access units in the byte stream format (annex B), what is in them, and the other framing that MP4 and
//! Matroska have (ISO/IEC 14496-15).

mod avcc;
mod order;
mod parameters;
mod slice;

pub use avcc::{Configuration, prefixed};
pub use order::{Order, Splitter};
pub use parameters::{Parameters, Sequence};
pub use slice::Slice;

use super::Head;

/// What `nal_unit_type` says.
pub mod kind {
    /// A slice of a picture that is no IDR picture.
    pub const SLICE: u8 = 1;
    /// The first of three partitions of a slice.
    pub const PARTITION: u8 = 2;
    /// A slice of an IDR picture: decoding can begin there.
    pub const IDR: u8 = 5;
    /// Supplemental information.
    pub const SUPPLEMENT: u8 = 6;
    /// A sequence parameter set.
    pub const SEQUENCE: u8 = 7;
    /// A picture parameter set.
    pub const PICTURE: u8 = 8;
    /// An access unit delimiter.
    pub const DELIMITER: u8 = 9;
    /// The end of the sequence.
    pub const SEQUENCE_END: u8 = 10;
    /// The end of the stream.
    pub const STREAM_END: u8 = 11;
}

/// The kind of a NAL unit; 0, which the standard leaves open, for an empty one.
#[must_use]
pub fn kind_of(unit: &[u8]) -> u8 {
    unit.first().map_or(0, |first| first & 0x1f)
}

/// The NAL units of a byte stream, without start codes and the zeros behind them.
#[must_use]
pub fn units(stream: &[u8]) -> Units<'_> {
    Units { rest: after_start(stream) }
}

/// Walks over NAL units.
pub struct Units<'a> {
    rest: Option<&'a [u8]>,
}

fn after_start(stream: &[u8]) -> Option<&[u8]> {
    stream.get(start(stream)? + 3..)
}

/// Where the next `00 00 01` is.
#[must_use]
pub fn start(stream: &[u8]) -> Option<usize> {
    // Ones are about as rare as any other byte in coded pictures, and are found many at a time.
    memchr::memchr_iter(1, stream)
        .find(|at| at.checked_sub(2).and_then(|from| stream.get(from..*at)) == Some(&[0, 0]))
        .map(|at| at - 2)
}

impl<'a> Iterator for Units<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let rest = self.rest?;
            let end = start(rest);
            self.rest = end.and_then(|end| rest.get(end + 3..));
            let unit = trimmed(end.and_then(|end| rest.get(..end)).unwrap_or(rest));
            if !unit.is_empty() {
                return Some(unit);
            }
        }
    }
}

/// Without the zeros at the end: a NAL unit never ends in one.
fn trimmed(unit: &[u8]) -> &[u8] {
    let end = unit.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    unit.get(..end).unwrap_or_default()
}

/// Walks over the NAL units: a keyframe has an IDR slice; the size is that of the last sequence parameter set.
#[must_use]
pub fn head(frame: &[u8]) -> Head {
    let mut head = Head::default();
    for unit in units(frame) {
        match kind_of(unit) {
            kind::SEQUENCE => head.size = Sequence::read(unit).map(|sequence| sequence.size).or(head.size),
            kind::IDR => {
                head.keyframe = true;
                break;
            }
            kind::SLICE | kind::PARTITION => break,
            _ => {}
        }
    }
    head
}

/// Adds a NAL unit with its start code to a byte stream.
pub fn put(stream: &mut Vec<u8>, unit: &[u8]) {
    stream.extend_from_slice(&[0, 0, 0, 1]);
    stream.extend_from_slice(unit);
}

#[cfg(test)]
mod tests;
