//! Headers of video frames, bit by bit: fixed widths, Exp-Golomb (H.264 9.1), and bytes that escape start codes (H.264 7.4.1).
//!
//! Every read answers `None` at the end, so a header that is cut off is one that cannot be read.

/// Reads bits, the highest first.
pub struct Bits<'a> {
    rest: &'a [u8],
    byte: u8,
    left: u8,
    zeros: u8,
    escaped: bool,
}

impl<'a> Bits<'a> {
    /// Over bytes as they are.
    pub fn new(rest: &'a [u8]) -> Bits<'a> {
        Bits { rest, byte: 0, left: 0, zeros: 0, escaped: false }
    }

    /// Over a NAL unit of H.264: the third byte of `00 00 03` is no part of what it says.
    pub fn escaped(rest: &'a [u8]) -> Bits<'a> {
        Bits { escaped: true, ..Bits::new(rest) }
    }

    fn advance(&mut self) -> Option<()> {
        let (&first, rest) = self.rest.split_first()?;
        (self.byte, self.rest) = (first, rest);
        if self.escaped {
            if self.zeros >= 2 && self.byte == 3 {
                let (&next, rest) = self.rest.split_first()?;
                (self.byte, self.rest, self.zeros) = (next, rest, 0);
            }
            self.zeros = if self.byte == 0 { self.zeros.saturating_add(1) } else { 0 };
        }
        self.left = 8;
        Some(())
    }

    /// One bit.
    pub fn flag(&mut self) -> Option<bool> {
        if self.left == 0 {
            self.advance()?;
        }
        self.left -= 1;
        Some(self.byte >> self.left & 1 == 1)
    }

    /// As many bits as are asked for, 32 at most.
    pub fn bits(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | u32::from(self.flag()?);
        }
        Some(value)
    }

    /// Leaves out as many bits.
    pub fn skip(&mut self, count: u32) -> Option<()> {
        for _ in 0..count {
            self.flag()?;
        }
        Some(())
    }

    /// `ue(v)`: an Exp-Golomb code.
    pub fn unsigned(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1 << zeros) - 1 + self.bits(zeros)?)
    }

    /// `se(v)`: a signed Exp-Golomb code.
    pub fn signed(&mut self) -> Option<i32> {
        let code = self.unsigned()?;
        let half = i32::try_from(code.div_ceil(2)).ok()?;
        Some(if code % 2 == 1 { half } else { -half })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        // H.264 table 9-2: 1, 010, 011, 00100, 00101 are 0 to 4; table 9-3: as signed 0, 1, -1, 2, -2.
        let bytes = [0b1010_0110, 0b0100_0010, 0b1000_0000];
        let mut bits = Bits::new(&bytes);
        assert_eq!((0..5).map(|_| bits.unsigned().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        let mut bits = Bits::new(&bytes);
        assert_eq!((0..5).map(|_| bits.signed().unwrap()).collect::<Vec<_>>(), [0, 1, -1, 2, -2]);
        assert_eq!(Bits::new(&[0, 0, 0, 0, 1, 0, 0, 0, 0]).unsigned(), None, "a code of more than 32 bits");
        assert_eq!(Bits::new(&[0]).unsigned(), None);
    }

    #[test]
    fn escapes_are_left_out() {
        let mut bits = Bits::escaped(&[0, 0, 3, 1, 0, 0, 3, 0, 0, 3, 9]);
        assert_eq!(bits.bits(24), Some(1));
        assert_eq!(bits.bits(32), Some(0));
        assert_eq!(bits.bits(8), Some(9));
        assert_eq!(bits.flag(), None);
        assert_eq!(Bits::new(&[0, 0, 3, 1]).bits(32), Some(0x0301));
    }
}
