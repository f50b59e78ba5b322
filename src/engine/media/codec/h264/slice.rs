//! The beginning of a slice header of H.264 (7.3.3): which picture it belongs to, and when that is shown.

use super::{
    kind, kind_of,
    parameters::{Counting, Parameters},
};
use crate::engine::media::codec::bits::Bits;

/// What of a slice's header is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The first macroblock: 0 begins a picture.
    pub first: u32,
    /// It is predicted from two sides, so its picture may be shown before one that was decoded earlier.
    pub both_sides: bool,
    /// Other pictures are predicted from it.
    pub reference: bool,
    /// `idr_pic_id` of an IDR picture.
    pub idr: Option<u32>,
    /// `pic_parameter_set_id`.
    pub picture: u32,
    /// `frame_num`.
    pub number: u32,
    /// A field: whether it is the lower one.
    pub field: Option<bool>,
    /// `pic_order_cnt_lsb`, or `delta_pic_order_cnt` (0 where there is none).
    pub order: i64,
    /// How the order is told.
    pub counting: Counting,
}

impl Slice {
    /// Reads the head of a slice; `None` for other units, and for those whose parameter sets are missing.
    #[must_use]
    pub fn read(unit: &[u8], parameters: &Parameters) -> Option<Slice> {
        let kind = kind_of(unit);
        if !matches!(kind, kind::SLICE | kind::PARTITION | kind::IDR) {
            return None;
        }
        let (head, rest) = unit.split_first()?;
        let mut bits = Bits::escaped(rest);
        let first = bits.unsigned()?;
        let both_sides = bits.unsigned().filter(|kind| *kind < 10)? % 5 == 1;
        let picture = bits.unsigned()?;
        let sequence = parameters.of(picture)?;
        if sequence.planes {
            bits.skip(2)?;
        }
        let number = bits.bits(sequence.number_bits)?;
        let field = if !sequence.frames_only && bits.flag()? { Some(bits.flag()?) } else { None };
        let idr = if kind == kind::IDR { Some(bits.unsigned()?) } else { None };
        let order = match sequence.counting {
            Counting::Bits(count) => i64::from(bits.bits(count)?),
            Counting::Cycle | Counting::Decoding => 0,
        };
        Some(Slice {
            first,
            both_sides,
            reference: head & 0x60 != 0,
            idr,
            picture,
            number,
            field,
            order,
            counting: sequence.counting,
        })
    }

    /// Whether it begins another picture than the slice before it (7.4.1.2.4).
    #[must_use]
    pub fn begins(&self, before: &Slice) -> bool {
        self.first == 0
            || self.number != before.number
            || self.picture != before.picture
            || self.field != before.field
            || self.reference != before.reference
            || self.idr != before.idr
            || self.order != before.order
    }
}
