//! Access units of H.264 one after the other: where each begins (7.4.1.2.3), and whether they are shown in the order of
//! decoding (8.2.1).

use super::{
    kind, kind_of,
    parameters::{Counting, Parameters},
    slice::Slice,
};

/// Finds the first NAL unit of each access unit.
#[derive(Clone, Debug, Default)]
pub struct Splitter {
    parameters: Parameters,
    last: Option<Slice>,
    /// A slice of the access unit was there, so what stands in front of slices begins the next.
    sliced: bool,
}

impl Splitter {
    /// Whether this unit begins an access unit. Units come in the order of the stream.
    pub fn begins(&mut self, unit: &[u8]) -> bool {
        self.parameters.take(unit);
        let kind = kind_of(unit);
        match kind {
            kind::SLICE | kind::PARTITION | kind::IDR => {
                let slice = Slice::read(unit, &self.parameters);
                let begins = match (&slice, &self.last) {
                    (Some(slice), Some(last)) => slice.begins(last),
                    // Without its parameter sets only the first macroblock can be read: one bit is a 0.
                    _ => unit.get(1).is_some_and(|first| first & 0x80 != 0),
                };
                self.last = slice;
                std::mem::replace(&mut self.sliced, true) && begins
            }
            kind::SUPPLEMENT..=kind::DELIMITER | 14..=18 => std::mem::take(&mut self.sliced),
            _ => false,
        }
    }

    /// The parameter sets so far.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}

/// Watches whether pictures are shown in the order in which they are decoded, as WebRTC needs it.
#[derive(Clone, Debug, Default)]
pub struct Order {
    parameters: Parameters,
    /// The lowest bits and the rest of the count of the last picture that others are predicted from.
    reference: (i64, i64),
    /// The highest count so far since the last IDR picture.
    highest: Option<i64>,
    broken: bool,
}

impl Order {
    /// Looks at an access unit or a part of one; true from the first picture on that is shown before one decoded earlier.
    pub fn take(&mut self, frame: &[u8]) -> bool {
        for unit in super::units(frame) {
            self.unit(unit);
        }
        self.broken
    }

    /// Looks at one NAL unit.
    pub fn unit(&mut self, unit: &[u8]) {
        self.parameters.take(unit);
        let Some(slice) = Slice::read(unit, &self.parameters) else { return };
        if slice.first != 0 {
            return;
        }
        match slice.counting {
            Counting::Bits(count) => self.count(&slice, 1 << count),
            // Its expected steps are hardly ever seen outside of conformance suites; what is predicted from two sides is
            // what they are used for.
            Counting::Cycle => self.broken |= slice.both_sides,
            Counting::Decoding => {}
        }
    }

    fn count(&mut self, slice: &Slice, span: i64) {
        if slice.idr.is_some() {
            (self.reference, self.highest) = ((0, 0), None);
        }
        let (low, high) = self.reference;
        let high = if slice.order < low && low - slice.order >= span / 2 {
            high + span
        } else if slice.order > low && slice.order - low > span / 2 {
            high - span
        } else {
            high
        };
        let count = high + slice.order;
        if slice.reference {
            self.reference = (slice.order, high);
        }
        // Of the two fields of a frame the second may be shown first.
        let slack = i64::from(slice.field.is_some());
        self.broken |= self.highest.is_some_and(|highest| count + slack < highest);
        self.highest = self.highest.max(Some(count));
    }

    /// Whether any was.
    #[must_use]
    pub fn broken(&self) -> bool {
        self.broken
    }
}
