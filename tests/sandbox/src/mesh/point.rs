//! A point of a time series and the bits of its flags (section 5.4).

/// A value is as it should be.
pub const OK: u32 = 0;
/// The value is bad.
pub const NOT_OK: u32 = 0x4000_0000;
/// There is no value.
pub const MISSING: u32 = 0x0400_0000;
/// Something that the value was made from was missing.
pub const SUSPECT: u32 = 0x0200_0000;

/// A point.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Milliseconds since 1970, UTC.
    pub at: i64,
    /// Bits, of which only a few have names.
    pub flags: u32,
    /// NaN if there is none.
    pub value: f64,
}

impl Point {
    /// The point of a hole.
    pub const fn hole(at: i64) -> Self {
        Self { at, flags: MISSING, value: f64::NAN }
    }
}
