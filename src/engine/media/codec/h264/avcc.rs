//! H.264 as MP4 and Matroska frame it (ISO/IEC 14496-15, 5.2.4, 5.3.3): lengths instead of start codes, parameter sets apart.

use super::{Sequence, kind, kind_of, put, units};

/// `AVCDecoderConfigurationRecord`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// How many bytes each length has: 1, 2 or 4.
    pub length_size: usize,
    /// The sequence parameter sets.
    pub sequences: Vec<Box<[u8]>>,
    /// The picture parameter sets.
    pub pictures: Vec<Box<[u8]>>,
}

impl Configuration {
    /// Reads `avcC`.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Configuration> {
        let (&[1, _, _, _, lengths, count], mut rest) = bytes.split_first_chunk()? else { return None };
        let length_size = usize::from(lengths & 3) + 1;
        if length_size == 3 {
            return None;
        }
        let sequences = sets(&mut rest, count & 0x1f)?;
        let (&count, mut rest) = rest.split_first()?;
        let pictures = sets(&mut rest, count)?;
        Some(Configuration { length_size, sequences, pictures })
    }

    /// Gathers the parameter sets of an access unit; `None` if it lacks one of the two kinds.
    #[must_use]
    pub fn of(frame: &[u8]) -> Option<Configuration> {
        let (mut sequences, mut pictures) = (Vec::new(), Vec::new());
        for unit in units(frame) {
            let sets: &mut Vec<Box<[u8]>> = match kind_of(unit) {
                kind::SEQUENCE => &mut sequences,
                kind::PICTURE => &mut pictures,
                _ => continue,
            };
            if !sets.iter().any(|set| **set == *unit) {
                sets.push(unit.into());
            }
        }
        let fits = (1..32).contains(&sequences.len()) && (1..256).contains(&pictures.len());
        fits.then_some(Configuration { length_size: 4, sequences, pictures })
    }

    /// The first sequence parameter set.
    #[must_use]
    pub fn sequence(&self) -> Option<Sequence> {
        Sequence::read(self.sequences.first()?)
    }

    /// Writes `avcC`. `None` if a set is too long for it, or cannot be read.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let sequence = self.sequence()?;
        let lengths = 0xfc | u8::try_from(self.length_size.checked_sub(1)?).ok()?;
        let mut bytes = vec![1, sequence.profile, sequence.constraints, sequence.level, lengths];
        bytes.push(0xe0 | u8::try_from(self.sequences.len()).ok().filter(|count| *count < 32)?);
        put_sets(&mut bytes, &self.sequences)?;
        bytes.push(u8::try_from(self.pictures.len()).ok()?);
        put_sets(&mut bytes, &self.pictures)?;
        // These four have the formats of colour behind.
        if matches!(sequence.profile, 100 | 110 | 122 | 144) {
            let (chroma, luma_depth, chroma_depth) = sequence.format;
            bytes.extend_from_slice(&[0xfc | chroma, 0xf8 | luma_depth, 0xf8 | chroma_depth, 0]);
        }
        Some(bytes)
    }

    /// A sample of a file as an access unit of a byte stream; before an IDR picture come the parameter sets that it lacks.
    /// `None` if a length lies.
    #[must_use]
    pub fn stream(&self, sample: &[u8]) -> Option<Vec<u8>> {
        let (mut idr, mut sequence, mut picture) = (false, false, false);
        let mut delimiter: Option<&[u8]> = None;
        let mut rest = sample;
        while !rest.is_empty() {
            let unit = self.first(&mut rest)?;
            match kind_of(unit) {
                kind::IDR => idr = true,
                kind::SEQUENCE => sequence = true,
                kind::PICTURE => picture = true,
                kind::DELIMITER => delimiter = Some(unit),
                _ => {}
            }
        }
        let sets = || self.sequences.iter().chain(&self.pictures);
        let (mut stream, lacking) = (Vec::new(), idr && !(sequence && picture));
        if lacking {
            stream.reserve(sample.len() + 16 + sets().map(|set| set.len() + 4).sum::<usize>());
            // A delimiter stands in front of everything.
            if let Some(unit) = delimiter {
                put(&mut stream, unit);
            }
            for set in sets() {
                if !(if kind_of(set) == kind::SEQUENCE { sequence } else { picture }) {
                    put(&mut stream, set);
                }
            }
        } else {
            stream.reserve(sample.len() + 16);
        }
        rest = sample;
        while !rest.is_empty() {
            let unit = self.first(&mut rest)?;
            if !(unit.is_empty() || lacking && kind_of(unit) == kind::DELIMITER) {
                put(&mut stream, unit);
            }
        }
        Some(stream)
    }

    /// Cuts the first unit off.
    fn first<'a>(&self, rest: &mut &'a [u8]) -> Option<&'a [u8]> {
        let (length, after) = rest.split_at_checked(self.length_size)?;
        let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        let (unit, after) = after.split_at_checked(length)?;
        *rest = after;
        Some(unit)
    }
}

fn sets(rest: &mut &[u8], count: u8) -> Option<Vec<Box<[u8]>>> {
    let mut sets = Vec::new();
    for _ in 0..count {
        let (length, after) = rest.split_first_chunk()?;
        let (set, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        sets.push(set.into());
        *rest = after;
    }
    Some(sets)
}

fn put_sets(bytes: &mut Vec<u8>, sets: &[Box<[u8]>]) -> Option<()> {
    for set in sets {
        bytes.extend_from_slice(&u16::try_from(set.len()).ok()?.to_be_bytes());
        bytes.extend_from_slice(set);
    }
    Some(())
}

/// An access unit of a byte stream as a sample of a file: lengths of four bytes, without delimiters; `keep` says whether
/// parameter sets stay (Matroska allows them, the `avc1` of MP4 does not).
#[must_use]
pub fn prefixed(frame: &[u8], keep: bool) -> Vec<u8> {
    let mut sample = Vec::with_capacity(frame.len() + 16);
    for unit in units(frame) {
        let dropped = match kind_of(unit) {
            kind::DELIMITER => true,
            kind::SEQUENCE | kind::PICTURE => !keep,
            _ => false,
        };
        // A unit is a part of a frame, and frames are far below four gibibytes.
        if let (false, Ok(length)) = (dropped, u32::try_from(unit.len())) {
            sample.extend_from_slice(&length.to_be_bytes());
            sample.extend_from_slice(unit);
        }
    }
    sample
}
