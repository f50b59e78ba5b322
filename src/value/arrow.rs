//! A series as the Arrow C data interface sees it, without the C: a struct array of three columns without nulls.
//!
//! The boundary makes `ArrowSchema` and `ArrowArray` of it and keeps one [`ArrowExport`] in their private data: the
//! columns are the series' own buffers, nothing is copied. A missing value is NaN, not null, as in the series itself:
//! that needs no validity bitmap and no second meaning.

use std::{
    ffi::{CStr, c_void},
    sync::Arc,
};

use super::Series;

/// The format of the whole: a struct.
pub const FORMAT: &CStr = c"+s";

/// A counted hold on a series for as long as the consumer needs its buffers.
#[derive(Clone, Debug)]
pub struct ArrowExport {
    /// The columns' owner.
    pub series: Arc<Series>,
}

/// One column: a child of the struct array with two buffers, the first of which (validity) is NULL.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The name of the field.
    pub name: &'static CStr,
    /// The Arrow format of the field.
    pub format: &'static CStr,
    /// The data buffer; dangling but not NULL when there are no points. Lives as long as the export's series.
    pub data: *const c_void,
}

impl ArrowExport {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.series.times.len()
    }

    /// The columns in order: milliseconds since the epoch in UTC, doubles, unsigned 32-bit flags.
    pub fn columns(&self) -> [Column; 3] {
        [
            Column { name: c"times", format: c"tsm:UTC", data: self.series.times.as_ptr().cast() },
            Column { name: c"values", format: c"g", data: self.series.values.as_ptr().cast() },
            Column { name: c"flags", format: c"I", data: self.series.flags.as_ptr().cast() },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_are_the_series_own() {
        let series = Arc::new(Series { times: vec![1, 2], values: vec![0.5, f64::NAN], flags: vec![0, 7] });
        let export = ArrowExport { series: series.clone() };
        let [times, values, flags] = export.columns();
        assert_eq!(export.rows(), 2);
        assert_eq!(times.data.addr(), series.times.as_ptr().addr());
        assert_eq!(values.data.addr(), series.values.as_ptr().addr());
        assert_eq!(flags.data.addr(), series.flags.as_ptr().addr());
        assert_eq!((times.format, values.format, flags.format), (c"tsm:UTC", c"g", c"I"));
    }
}
