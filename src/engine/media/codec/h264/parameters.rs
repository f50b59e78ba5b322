//! Sequence and picture parameter sets of H.264 (7.3.2.1, 7.3.2.2, annex E).

use crate::engine::media::codec::bits::Bits;

/// How the order of showing is told (`pic_order_cnt_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// 0: the lowest bits of a count stand in each slice; how many.
    Bits(u32),
    /// 1: by a cycle of expected steps. Whether a slice says how far it is off.
    Cycle,
    /// 2: the order of showing is that of decoding.
    Decoding,
}

/// What of a sequence parameter set is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Its number, 0 to 31.
    pub id: u8,
    /// `profile_idc`.
    pub profile: u8,
    /// The byte of `constraint_set` flags.
    pub constraints: u8,
    /// `level_idc`.
    pub level: u8,
    /// The size of the picture in pixels, cropped.
    pub size: (u32, u32),
    /// `chroma_format_idc`, `bit_depth_luma_minus8`, `bit_depth_chroma_minus8`.
    pub format: (u8, u8, u8),
    /// Three colour planes are coded apart.
    pub planes: bool,
    /// How many bits `frame_num` has.
    pub number_bits: u32,
    /// How the order of showing is told.
    pub counting: Counting,
    /// All pictures are frames, none are fields.
    pub frames_only: bool,
    /// `num_units_in_tick` and `time_scale`; a frame lasts two ticks.
    pub timing: Option<(u32, u32)>,
    /// `max_num_reorder_frames`, when it says so.
    pub reordered: Option<u32>,
}

/// Profiles whose sets have the fields on colour.
const HIGH: [u8; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

impl Sequence {
    /// Reads one, the byte of the type in front.
    #[must_use]
    pub fn read(unit: &[u8]) -> Option<Sequence> {
        let (&[_, profile, constraints, level], rest) = unit.split_first_chunk()?;
        let mut bits = Bits::escaped(rest);
        let id = u8::try_from(bits.unsigned()?).ok().filter(|id| *id < 32)?;
        let (mut format, mut planes) = ((1, 0, 0), false);
        if HIGH.contains(&profile) {
            let chroma = u8::try_from(bits.unsigned()?).ok().filter(|chroma| *chroma <= 3)?;
            if chroma == 3 {
                planes = bits.flag()?;
            }
            let depth = |bits: &mut Bits<'_>| u8::try_from(bits.unsigned()?).ok().filter(|depth| *depth <= 6);
            format = (chroma, depth(&mut bits)?, depth(&mut bits)?);
            bits.skip(1)?; // qpprime_y_zero_transform_bypass_flag
            if bits.flag()? {
                scaling(&mut bits, if chroma == 3 { 12 } else { 8 })?;
            }
        }
        let number_bits = bits.unsigned()?.checked_add(4).filter(|bits| *bits <= 16)?;
        let counting = counting(&mut bits)?;
        bits.unsigned()?; // max_num_ref_frames
        bits.skip(1)?; // gaps_in_frame_num_value_allowed_flag
        let (width, height) = (bits.unsigned()?, bits.unsigned()?);
        let frames_only = bits.flag()?;
        if !frames_only {
            bits.skip(1)?; // mb_adaptive_frame_field_flag
        }
        bits.skip(1)?; // direct_8x8_inference_flag
        let crop = if bits.flag()? {
            [bits.unsigned()?, bits.unsigned()?, bits.unsigned()?, bits.unsigned()?]
        } else {
            [0; 4]
        };
        // 4:2:0 halves both sides, 4:2:2 one; separate planes count as monochrome.
        let (across, down) = match format.0 {
            1 => (2, 2),
            2 => (2, 1),
            _ => (1, 1),
        };
        let fields = if frames_only { 1 } else { 2 };
        let side = |blocks: u32, unit: u32, [before, after]: [u32; 2]| {
            blocks.checked_mul(16)?.checked_sub(before.checked_add(after)?.checked_mul(unit)?).filter(|side| *side > 0)
        };
        let [left, right, top, bottom] = crop;
        let width = side(width.checked_add(1)?, across, [left, right])?;
        let height = side(height.checked_add(1)?.checked_mul(fields)?, down * fields, [top, bottom])?;
        // What is behind serves hints alone: a set that is cut off there is good enough.
        let (timing, reordered) = if bits.flag() == Some(true) { usability(&mut bits) } else { (None, None) };
        Some(Sequence {
            id,
            profile,
            constraints,
            level,
            size: (width, height),
            format,
            planes,
            number_bits,
            counting,
            frames_only,
            timing,
            reordered,
        })
    }
}

fn scaling(bits: &mut Bits<'_>, lists: u32) -> Option<()> {
    for list in 0..lists {
        if !bits.flag()? {
            continue;
        }
        let (mut last, mut next) = (8, 8);
        for _ in 0..if list < 6 { 16 } else { 64 } {
            if next != 0 {
                next = (last + bits.signed()?).rem_euclid(256);
            }
            last = if next == 0 { last } else { next };
        }
    }
    Some(())
}

fn counting(bits: &mut Bits<'_>) -> Option<Counting> {
    match bits.unsigned()? {
        0 => bits.unsigned()?.checked_add(4).filter(|bits| *bits <= 16).map(Counting::Bits),
        1 => {
            bits.skip(1)?; // delta_pic_order_always_zero_flag
            bits.signed()?;
            bits.signed()?;
            let cycle = bits.unsigned().filter(|cycle| *cycle <= 255)?;
            for _ in 0..cycle {
                bits.signed()?;
            }
            Some(Counting::Cycle)
        }
        2 => Some(Counting::Decoding),
        _ => None,
    }
}

/// Annex E: what there is of timing and of `max_num_reorder_frames`.
fn usability(bits: &mut Bits<'_>) -> (Option<(u32, u32)>, Option<u32>) {
    let mut timing = None;
    let reordered = restriction(bits, &mut timing);
    (timing, reordered)
}

fn restriction(bits: &mut Bits<'_>, timing: &mut Option<(u32, u32)>) -> Option<u32> {
    if bits.flag()? && bits.bits(8)? == 255 {
        bits.skip(32)?; // sar_width, sar_height
    }
    if bits.flag()? {
        bits.skip(1)?; // overscan_appropriate_flag
    }
    if bits.flag()? {
        bits.skip(4)?; // video_format, video_full_range_flag
        if bits.flag()? {
            bits.skip(24)?;
        }
    }
    if bits.flag()? {
        bits.unsigned()?;
        bits.unsigned()?;
    }
    if bits.flag()? {
        let (ticks, scale) = (bits.bits(32)?, bits.bits(32)?);
        bits.skip(1)?; // fixed_frame_rate_flag
        *timing = (ticks > 0 && scale > 0).then_some((ticks, scale));
    }
    let nal = bits.flag()?;
    if nal {
        reference_decoder(bits)?;
    }
    let vcl = bits.flag()?;
    if vcl {
        reference_decoder(bits)?;
    }
    if nal || vcl {
        bits.skip(1)?; // low_delay_hrd_flag
    }
    bits.skip(1)?; // pic_struct_present_flag
    if !bits.flag()? {
        return None;
    }
    bits.skip(1)?; // motion_vectors_over_pic_boundaries_flag
    for _ in 0..4 {
        bits.unsigned()?;
    }
    bits.unsigned()
}

fn reference_decoder(bits: &mut Bits<'_>) -> Option<()> {
    let count = bits.unsigned().filter(|count| *count < 32)?;
    bits.skip(8)?;
    for _ in 0..=count {
        bits.unsigned()?;
        bits.unsigned()?;
        bits.skip(1)?;
    }
    bits.skip(20)
}

/// The parameter sets that a stream has shown so far, by their numbers.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    sequences: Vec<Sequence>,
    /// The number of the set, and that of its sequence.
    pictures: Vec<(u32, u8)>,
}

impl Parameters {
    /// Takes a NAL unit; what is no parameter set is left alone.
    pub fn take(&mut self, unit: &[u8]) {
        match super::kind_of(unit) {
            super::kind::SEQUENCE => {
                if let Some(read) = Sequence::read(unit) {
                    self.sequences.retain(|sequence| sequence.id != read.id);
                    self.sequences.push(read);
                }
            }
            super::kind::PICTURE => {
                if let Some(read) = picture(unit) {
                    self.pictures.retain(|(id, _)| *id != read.0);
                    self.pictures.push(read);
                }
            }
            _ => {}
        }
    }

    /// The sequence that a picture's set belongs to.
    #[must_use]
    pub fn of(&self, picture: u32) -> Option<&Sequence> {
        let (_, sequence) = self.pictures.iter().find(|(id, _)| *id == picture)?;
        self.sequences.iter().find(|one| one.id == *sequence)
    }

    /// The newest set of a sequence.
    #[must_use]
    pub fn sequence(&self) -> Option<&Sequence> {
        self.sequences.last()
    }
}

fn picture(unit: &[u8]) -> Option<(u32, u8)> {
    let mut bits = Bits::escaped(unit.get(1..)?);
    let id = bits.unsigned().filter(|id| *id < 256)?;
    Some((id, u8::try_from(bits.unsigned()?).ok()?))
}
