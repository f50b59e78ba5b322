//! A batch of rows: how many, and for each column a buffer with its content and perhaps one that tells which are null.

use super::{
    MISSING, damaged,
    flatbuffer::Table,
    schema::{Column, Columns, Unit},
};
use crate::{error::Result, value::Series};

/// Bytes of a point: eight of time, four of flags, eight of value.
pub const POINT_BYTES: usize = 20;

/// A batch of rows.
#[derive(Debug)]
pub struct Batch<'a> {
    /// How many.
    pub rows: usize,
    /// For each column the rows and the nulls among them.
    nodes: &'a [[u8; 16]],
    /// For each buffer where it begins in the body, and its length.
    buffers: &'a [[u8; 16]],
    body: &'a [u8],
}

impl<'a> Batch<'a> {
    /// Reads its head. No more rows are believed than there are bytes for.
    ///
    /// # Errors
    /// `protocol` when it is damaged or compressed.
    pub fn read(head: Table<'a>, body: &'a [u8]) -> Result<Batch<'a>> {
        let broken = || damaged("the head of a batch was broken");
        let length = i64::from_le_bytes(head.number(0, [0; 8]).ok_or_else(broken)?);
        if length == 0 {
            return Ok(Batch { rows: 0, nodes: &[], buffers: &[], body: &[] });
        }
        if let Some(compression) = head.table(3).ok_or_else(broken)? {
            let codec = match compression.number(0, [0]).ok_or_else(broken)? {
                [0] => "LZ4",
                [1] => "ZSTD",
                _ => "an unknown codec",
            };
            return Err(damaged(format_args!("its points were compressed ({codec}), which was not asked for")));
        }
        let nodes = head.structs(1).ok_or_else(broken)?;
        let buffers = head.structs(2).ok_or_else(broken)?;
        match usize::try_from(length) {
            Ok(rows) if rows <= body.len() / POINT_BYTES => Ok(Batch { rows, nodes, buffers, body }),
            _ => Err(damaged(format_args!("a batch was to have {length} points in {} bytes", body.len()))),
        }
    }

    /// Adds its rows to the columns of a series.
    ///
    /// # Errors
    /// `protocol` when it is damaged. Some of the rows may have been added then.
    pub fn append(&self, columns: &Columns, series: &mut Series) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let before = series.times.len();
        let (nulls, content) = self.column(columns.times, 8)?;
        if let Some(row) = nulls.into_iter().flat_map(|bits| rows_of(bits, self.rows)).next() {
            return Err(damaged(format_args!("the time of point {} was null", before + row)));
        }
        series.times.extend(content.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes)));
        convert(columns.unit, before, series)?;

        let (nulls, content) = self.column(columns.flags, 4)?;
        series.flags.extend(content.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)));
        for row in nulls.into_iter().flat_map(|bits| rows_of(bits, self.rows)) {
            series.flags.get_mut(before + row).into_iter().for_each(|flags| *flags = 0);
        }

        let (nulls, content) = self.column(columns.values, 8)?;
        series.values.extend(content.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)));
        for row in nulls.into_iter().flat_map(|bits| rows_of(bits, self.rows)) {
            series.values.get_mut(before + row).into_iter().for_each(|value| *value = f64::NAN);
            series.flags.get_mut(before + row).into_iter().for_each(|flags| *flags |= MISSING);
        }
        Ok(())
    }

    /// The bits that tell which rows are not null, if some are, and the content, exactly so many bytes as there are rows.
    fn column(&self, column: Column, width: usize) -> Result<(Option<&'a [u8]>, &'a [u8])> {
        let broken = |what: &str| damaged(format_args!("{what} of the column {:?} did not fit", column.name));
        let Some([rows, nulls]) = self.nodes.get(column.node).map(pair) else { return Err(broken("the head")) };
        if usize::try_from(rows).ok() != Some(self.rows) || nulls < -1 || nulls > rows {
            return Err(broken("the number of rows"));
        }
        let content = self.buffer(column.buffer + 1).and_then(|bytes| bytes.get(..self.rows.checked_mul(width)?));
        let Some(content) = content else { return Err(broken("the content")) };
        if nulls == 0 {
            return Ok((None, content));
        }
        match self.buffer(column.buffer) {
            // How many nulls there are may be left to the reader, and that there are none as well.
            Some([]) if nulls == -1 => Ok((None, content)),
            Some(bits) if bits.len() >= self.rows.div_ceil(8) => Ok((Some(bits), content)),
            _ => Err(broken("the nulls")),
        }
    }

    fn buffer(&self, number: usize) -> Option<&'a [u8]> {
        let [start, length] = pair(self.buffers.get(number)?);
        let start = usize::try_from(start).ok()?;
        self.body.get(start..start.checked_add(usize::try_from(length).ok()?)?)
    }
}

fn pair(bytes: &[u8; 16]) -> [i64; 2] {
    // Two halves of sixteen bytes are there.
    let half = |part: Option<&[u8; 8]>| part.map_or(0, |part| i64::from_le_bytes(*part));
    [half(bytes.first_chunk()), half(bytes.last_chunk())]
}

/// The rows that are null: their bit is 0, the lowest bit first.
fn rows_of(bits: &[u8], rows: usize) -> impl Iterator<Item = usize> {
    let set = |row: &usize| bits.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1);
    (0..rows).filter(move |row| !set(row))
}

/// Turns the times from `first` on into milliseconds.
fn convert(unit: Unit, first: usize, series: &mut Series) -> Result<()> {
    let times = series.times.iter_mut().enumerate().skip(first);
    match unit {
        Unit::Times(1) => {}
        Unit::Times(factor) => {
            for (point, time) in times {
                let Some(milliseconds) = time.checked_mul(factor) else {
                    return Err(damaged(format_args!("the time of point {point} was too far away")));
                };
                *time = milliseconds;
            }
        }
        Unit::Parts(parts) => {
            for (point, time) in times {
                if *time % parts != 0 {
                    return Err(damaged(format_args!("the time of point {point} was not a whole millisecond")));
                }
                *time /= parts;
            }
        }
    }
    Ok(())
}
