//! The head of an AV1 temporal unit, and its open bitstream units (AV1 specification 5.3 to 5.9), as files and WebRTC want
//! them: every unit with its size, no temporal delimiters.

use std::borrow::Cow;

use super::{Head, bits::Bits};

/// What `obu_type` says.
const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;
const FRAME_HEADER: u8 = 3;
const TILE_LIST: u8 = 8;
const FRAME: u8 = 6;

/// What stands before each temporal unit in files that want it (IVF).
pub const DELIMITER: [u8; 2] = [TEMPORAL_DELIMITER << 3 | 2, 0];

/// One unit.
#[derive(Clone, Copy)]
struct Unit<'a> {
    kind: u8,
    /// The one or two bytes at its start.
    head: &'a [u8],
    payload: &'a [u8],
    /// It says how long it is; the last one of a frame need not.
    sized: bool,
    whole: &'a [u8],
}

/// Cuts the first unit off.
fn unit(data: &[u8]) -> Option<(Unit<'_>, &[u8])> {
    let first = *data.first()?;
    if first & 0x80 != 0 {
        return None;
    }
    let (head, rest) = data.split_at_checked(1 + usize::from(first >> 2 & 1))?;
    let sized = first & 2 != 0;
    let (size, rest) = if sized { leb128(rest)? } else { (rest.len(), rest) };
    let (payload, rest) = rest.split_at_checked(size)?;
    let whole = data.get(..data.len() - rest.len())?;
    Some((Unit { kind: first >> 3 & 15, head, payload, sized, whole }, rest))
}

/// A number of up to eight bytes, seven bits in each, the lowest first; no more than 32 bits are allowed.
fn leb128(data: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0u64;
    for place in 0..8 {
        let byte = *data.get(place)?;
        value |= u64::from(byte & 0x7f) << (place * 7);
        if byte & 0x80 == 0 {
            let value = u32::try_from(value).ok()?;
            return Some((usize::try_from(value).ok()?, data.get(place + 1..)?));
        }
    }
    None
}

fn put_leb128(into: &mut Vec<u8>, mut value: usize) {
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or(0);
        value >>= 7;
        into.push(low | u8::from(value > 0) << 7);
        if value == 0 {
            break;
        }
    }
}

/// Reads the first frame header, and the sequence header before it.
#[must_use]
pub fn head(frame: &[u8]) -> Head {
    let mut head = Head::default();
    let (mut rest, mut still) = (frame, false);
    while let Some((unit, after)) = unit(rest) {
        rest = after;
        match unit.kind {
            SEQUENCE_HEADER => {
                if let Some(sequence) = Sequence::read(unit.payload) {
                    still = sequence.still;
                    head.size = Some(sequence.size);
                }
            }
            FRAME_HEADER | FRAME => {
                // show_existing_frame, frame_type (0: key), show_frame. A key frame that is shown later begins nothing yet.
                head.keyframe = still || unit.payload.first().is_some_and(|bits| bits >> 4 == 0b0001);
                break;
            }
            _ => {}
        }
    }
    head
}

/// A temporal unit as WebRTC, Matroska and MP4 carry it: without temporal delimiters and tile lists, and every unit with its
/// size. `None` if it cannot be read to its end.
#[must_use]
pub fn bare(frame: &[u8]) -> Option<Cow<'_, [u8]>> {
    let mut rest = frame;
    let (mut fine, mut leading, mut delimiters) = (true, 0, 0);
    while !rest.is_empty() {
        let (unit, after) = unit(rest)?;
        rest = after;
        let dropped = matches!(unit.kind, TEMPORAL_DELIMITER | TILE_LIST);
        if dropped && delimiters == leading {
            delimiters += unit.whole.len();
        } else {
            fine &= !dropped && unit.sized;
        }
        leading += unit.whole.len();
    }
    if fine {
        // The common case: delimiters in front of what is right already.
        return frame.get(delimiters..).map(Cow::Borrowed);
    }
    let mut bare = Vec::with_capacity(frame.len() + 8);
    rest = frame;
    while !rest.is_empty() {
        let (unit, after) = unit(rest)?;
        rest = after;
        match unit.kind {
            TEMPORAL_DELIMITER | TILE_LIST => {}
            _ if unit.sized => bare.extend_from_slice(unit.whole),
            _ => {
                let (first, extension) = unit.head.split_first()?;
                bare.push(first | 2);
                bare.extend_from_slice(extension);
                put_leb128(&mut bare, unit.payload.len());
                bare.extend_from_slice(unit.payload);
            }
        }
    }
    Some(Cow::Owned(bare))
}

/// The sequence header of a temporal unit, as it stands there.
#[must_use]
pub fn sequence(frame: &[u8]) -> Option<&[u8]> {
    let mut rest = frame;
    loop {
        let (unit, after) = unit(rest)?;
        if unit.kind == SEQUENCE_HEADER {
            return Some(unit.whole);
        }
        rest = after;
    }
}

/// `av1C` (AV1 in ISOBMFF 2.3; the `CodecPrivate` of Matroska) for a stream that begins with this keyframe.
#[must_use]
pub fn configuration(frame: &[u8]) -> Option<Vec<u8>> {
    let header = sequence(bare(frame)?.as_ref())?.to_vec();
    let (unit, _) = unit(&header)?;
    let sequence = Sequence::read(unit.payload)?;
    let mut configuration = vec![0x81, sequence.profile << 5 | sequence.level, sequence.format, 0];
    configuration.extend_from_slice(&header);
    Some(configuration)
}

/// The units that stand in `av1C`: a keyframe without a sequence header needs them in front.
#[must_use]
pub fn configured(configuration: &[u8]) -> Option<&[u8]> {
    match configuration {
        [0x81, _, _, _, units @ ..] => Some(units),
        _ => None,
    }
}

/// What of a sequence header is wanted.
struct Sequence {
    profile: u8,
    level: u8,
    still: bool,
    size: (u32, u32),
    /// The third byte of `av1C`: tier, depth, subsampling.
    format: u8,
}

impl Sequence {
    fn read(payload: &[u8]) -> Option<Sequence> {
        let mut bits = Bits::new(payload);
        let profile = u8::try_from(bits.bits(3)?).ok()?;
        bits.skip(1)?; // still_picture
        let still = bits.flag()?;
        let (mut level, mut tier) = (0, 0);
        if still {
            level = bits.bits(5)?;
        } else {
            let model = timing(&mut bits)?;
            let delayed = bits.flag()?;
            for point in 0..=bits.bits(5)? {
                bits.skip(12)?; // operating_point_idc
                let own_level = bits.bits(5)?;
                let own_tier = if own_level > 7 { bits.bits(1)? } else { 0 };
                if point == 0 {
                    (level, tier) = (own_level, own_tier);
                }
                if model > 0 && bits.flag()? {
                    bits.skip(2 * model + 1)?; // two delays, low_delay_mode_flag
                }
                if delayed && bits.flag()? {
                    bits.skip(4)?;
                }
            }
        }
        let (width_bits, height_bits) = (bits.bits(4)? + 1, bits.bits(4)? + 1);
        let size = (bits.bits(width_bits)? + 1, bits.bits(height_bits)? + 1);
        tools(&mut bits, still)?;
        let format = u8::try_from(tier << 7 | colours(&mut bits, profile)?).ok()?;
        Some(Sequence { profile, level: u8::try_from(level).ok()?, still, size, format })
    }
}

/// `timing_info` and `decoder_model_info`; answers the width of the delays, 0 if there is no model.
fn timing(bits: &mut Bits<'_>) -> Option<u32> {
    if !bits.flag()? {
        return Some(0);
    }
    bits.skip(64)?; // num_units_in_display_tick, time_scale
    if bits.flag()? {
        let mut zeros = 0; // uvlc: num_ticks_per_picture_minus_1
        while !bits.flag()? {
            zeros += 1;
        }
        if zeros < 32 {
            bits.skip(zeros)?;
        }
    }
    if !bits.flag()? {
        return Some(0);
    }
    let width = bits.bits(5)? + 1;
    bits.skip(32 + 5 + 5)?;
    Some(width)
}

/// Which tools of coding are on: nothing of it is wanted, the colours are behind it.
fn tools(bits: &mut Bits<'_>, still: bool) -> Option<()> {
    if !still && bits.flag()? {
        bits.skip(7)?; // the lengths of frame ids
    }
    bits.skip(3)?; // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
    if !still {
        bits.skip(4)?; // enable_interintra_compound, masked_compound, warped_motion, dual_filter
        let hints = bits.flag()?;
        if hints {
            bits.skip(2)?; // enable_jnt_comp, enable_ref_frame_mvs
        }
        let screen = bits.flag()? || bits.flag()?; // chosen by each frame, or forced
        if screen && !bits.flag()? {
            bits.skip(1)?; // seq_force_integer_mv
        }
        if hints {
            bits.skip(3)?;
        }
    }
    bits.skip(3) // enable_superres, enable_cdef, enable_restoration
}

/// `color_config`, as `av1C` packs it: depth, mono, subsampling, position.
fn colours(bits: &mut Bits<'_>, profile: u8) -> Option<u32> {
    let high = bits.bits(1)?;
    let twelve = if profile == 2 && high == 1 { bits.bits(1)? } else { 0 };
    let mono = if profile == 1 { 0 } else { bits.bits(1)? };
    let described = if bits.flag()? { bits.bits(24)? } else { 0x02_02_02 };
    let (mut across, mut down, mut position) = (1, 1, 0);
    if mono == 1 {
        bits.skip(1)?; // color_range
    } else if described == 0x01_0d_00 {
        (across, down) = (0, 0); // sRGB
    } else {
        bits.skip(1)?;
        (across, down) = match (profile, twelve) {
            (0, _) => (1, 1),
            (1, _) => (0, 0),
            (_, 0) => (1, 0),
            _ => match bits.bits(1)? {
                0 => (0, 0),
                _ => (1, bits.bits(1)?),
            },
        };
        if across == 1 && down == 1 {
            position = bits.bits(2)?;
        }
    }
    Some(high << 6 | twelve << 5 | mono << 4 | across << 3 | down << 2 | position)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sequence header that libaom wrote for 176x144.
    const SEQUENCE_UNIT: [u8; 13] = [0x0a, 0x0b, 0x00, 0x00, 0x00, 0x03, 0xbd, 0x7c, 0x79, 0xb5, 0xf2, 0x00, 0x80];

    fn unit_of(kind: u8, payload: &[u8]) -> Vec<u8> {
        let mut unit = vec![kind << 3 | 2, u8::try_from(payload.len()).unwrap()];
        unit.extend_from_slice(payload);
        unit
    }

    #[test]
    fn a_keyframe_is_shown_at_once() {
        let frame = |first: u8| [&DELIMITER[..], &SEQUENCE_UNIT, &unit_of(FRAME, &[first, 1, 2])].concat();
        assert_eq!(head(&frame(0x10)), Head { keyframe: true, size: Some((176, 144)) });
        assert!(!head(&frame(0x00)).keyframe, "not shown yet");
        assert!(!head(&frame(0x30)).keyframe, "an inter frame");
        assert!(!head(&frame(0x90)).keyframe, "one that is shown again");
        assert_eq!(head(&[]), Head::default());
        for length in 0..frame(0x10).len() {
            let _ = head(&frame(0x10)[..length]);
        }
    }

    #[test]
    fn the_configuration_is_that_of_ffmpeg() {
        let frame = [&DELIMITER[..], &SEQUENCE_UNIT, &unit_of(FRAME, &[0x10, 1, 2])].concat();
        let written = [&[0x81, 0x00, 0x0c, 0x00][..], &SEQUENCE_UNIT].concat();
        assert_eq!(configuration(&frame).unwrap(), written);
        assert_eq!(configured(&written).unwrap(), SEQUENCE_UNIT);
        assert_eq!(configuration(&unit_of(FRAME, &[0x30])), None);
        for length in 0..SEQUENCE_UNIT.len() {
            assert_eq!(configuration(&SEQUENCE_UNIT[..length]), None);
        }
    }

    #[test]
    fn delimiters_go_and_sizes_come() {
        let frame = unit_of(FRAME, &[0x10, 1, 2]);
        let with = [&DELIMITER[..], &frame].concat();
        assert!(matches!(bare(&with), Some(Cow::Borrowed(rest)) if rest == frame));
        let unsized_one = [&DELIMITER[..], &[FRAME << 3 | 4, 0x08, 0x10, 1, 2]].concat();
        assert_eq!(bare(&unsized_one).unwrap().as_ref(), [FRAME << 3 | 6, 0x08, 3, 0x10, 1, 2]);
        let between = [&frame[..], &DELIMITER, &frame].concat();
        assert_eq!(bare(&between).unwrap().as_ref(), [&frame[..], &frame].concat());
        assert_eq!(bare(&frame[..4]), None, "cut off");
        assert_eq!(bare(&[0x80]), None);
        assert_eq!(bare(&[FRAME << 3 | 2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0]), None);
        assert_eq!(bare(&[]).unwrap().as_ref(), b"");
    }
}
