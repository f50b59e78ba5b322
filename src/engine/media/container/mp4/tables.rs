//! Where the samples of a track are when the head of the file says it: the tables of `stbl` (ISO/IEC 14496-12, 8.6 and 8.7).
//!
//! The tables stay as they stand in the file and are walked, not unpacked: a file of a day has millions of samples, and a broken
//! one claims billions in twenty bytes. A walk takes a step for a sample that has bytes, or for an entry of a table; so it ends.

use std::{ops::Range, sync::Arc};

use super::boxes::{Fields, find};

/// One frame as the tables know it. Times are in ticks of the track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    /// Where it begins in the file.
    pub(super) at: u64,
    /// Never 0.
    pub(super) size: u32,
    /// When it is decoded.
    pub(super) dts: i64,
    /// How much later it is shown.
    pub(super) shift: i32,
    /// Until the next one is decoded.
    pub(super) duration: u32,
    /// Decoding can begin here.
    pub(super) sync: bool,
    /// Which of the track's sample entries describes it; from 0.
    pub(super) entry: u32,
}

impl Sample {
    /// When it is shown.
    pub(super) fn pts(&self) -> i64 {
        self.dts.saturating_add(i64::from(self.shift))
    }
}

/// Equal entries behind each other.
#[derive(Clone, Debug)]
struct Rows {
    all: Arc<[u8]>,
    first: usize,
    width: usize,
    count: usize,
}

impl Rows {
    /// The entries after version, flags and a count; no more than the box can hold.
    fn read(all: &Arc<[u8]>, body: Range<usize>, width: usize) -> Rows {
        let mut fields = Fields::at(all, body.clone());
        let said = fields.full().and_then(|_| fields.u32()).unwrap_or(0);
        let count = (fields.left() / width).min(usize::try_from(said).unwrap_or(usize::MAX));
        Rows { all: Arc::clone(all), first: body.start.saturating_add(8), width, count }
    }

    fn none(all: &Arc<[u8]>) -> Rows {
        Rows { all: Arc::clone(all), first: 0, width: 1, count: 0 }
    }

    fn row(&self, index: usize) -> Option<Fields<'_>> {
        let at = (index < self.count).then(|| self.first + index * self.width)?;
        Some(Fields::at(&self.all, at..at + self.width))
    }
}

/// How large the samples are.
#[derive(Clone, Debug)]
enum Sizes {
    /// All alike, and so many.
    Same(u32, u64),
    /// One after the other, this many bits each; how many.
    Each(Rows, u8, u64),
}

impl Sizes {
    fn read(all: &Arc<[u8]>, table: Range<usize>) -> Option<Sizes> {
        let (body, compact) = match (find(all, table.clone(), b"stsz"), find(all, table, b"stz2")) {
            (Some(body), _) => (body, false),
            (None, Some(body)) => (body, true),
            (None, None) => return None,
        };
        let mut fields = Fields::at(all, body.clone());
        fields.full()?;
        let (word, said) = (fields.u32()?, u64::from(fields.u32()?));
        let bits = match (compact, word) {
            (false, 0) => 32,
            (false, size) => return Some(Sizes::Same(size, said)),
            (true, word) => match word & 0xff {
                bits @ (4 | 8 | 16) => bits,
                _ => return None,
            },
        };
        let count = (fields.left() as u64 * 8 / u64::from(bits)).min(said);
        let rows = Rows { all: Arc::clone(all), first: body.start + 12, width: 1, count: fields.left() };
        Some(Sizes::Each(rows, u8::try_from(bits).ok()?, count))
    }

    fn count(&self) -> u64 {
        match self {
            Sizes::Same(_, count) | Sizes::Each(_, _, count) => *count,
        }
    }

    /// Of the sample of this number, from 0.
    fn size(&self, index: u64) -> Option<u32> {
        if index >= self.count() {
            return None;
        }
        let (rows, bits) = match self {
            Sizes::Same(size, _) => return Some(*size),
            Sizes::Each(rows, bits, _) => (rows, *bits),
        };
        let at = |width: usize| {
            let at = rows.first.saturating_add(usize::try_from(index).ok()?.checked_mul(width)?);
            Some(Fields::at(&rows.all, at..at.saturating_add(width)))
        };
        match bits {
            4 => {
                let byte = rows.row(usize::try_from(index / 2).ok()?)?.u8()?;
                Some(u32::from(if index.is_multiple_of(2) { byte >> 4 } else { byte & 15 }))
            }
            8 => at(1)?.u8().map(u32::from),
            16 => at(2)?.u16().map(u32::from),
            _ => at(4)?.u32(),
        }
    }
}

/// A run of equal values in a table, and how much of it is left.
#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    row: usize,
    left: u32,
    value: u32,
}

impl Stretch {
    /// The value for the next sample; at the end of the table `last`.
    fn next(&mut self, rows: &Rows, last: Option<u32>) -> u32 {
        while self.left == 0 {
            let Some(mut row) = rows.row(self.row) else { return last.unwrap_or(self.value) };
            self.row += 1;
            if let (Some(count), Some(value)) = (row.u32(), row.u32()) {
                (self.left, self.value) = (count, value);
            }
        }
        self.left -= 1;
        self.value
    }
}

/// A walk over the samples of a track. A clone goes on from the same place.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    durations: Rows,
    shifts: Rows,
    syncs: Option<Rows>,
    sizes: Sizes,
    groups: Rows,
    chunks: Rows,

    index: u64,
    dts: i64,
    duration: Stretch,
    shift: Stretch,
    sync: usize,
    /// The entry of `groups` that holds for the chunk.
    group: usize,
    /// Of the next chunk, from 0.
    chunk: usize,
    left_in_chunk: u32,
    entry: u32,
    at: u64,
}

impl Walk {
    /// Over the tables of the `stbl` at `table`; `None` when there are none that can be used.
    pub(super) fn new(all: &Arc<[u8]>, table: Range<usize>) -> Option<Walk> {
        let rows = |name, width| find(all, table.clone(), name).map(|body| Rows::read(all, body, width));
        let chunks = rows(b"stco", 4).or_else(|| rows(b"co64", 8))?;
        Some(Walk {
            durations: rows(b"stts", 8)?,
            shifts: rows(b"ctts", 8).unwrap_or_else(|| Rows::none(all)),
            syncs: rows(b"stss", 4),
            sizes: Sizes::read(all, table.clone())?,
            groups: rows(b"stsc", 12)?,
            chunks,
            index: 0,
            dts: 0,
            duration: Stretch::default(),
            shift: Stretch::default(),
            sync: 0,
            group: 0,
            chunk: 0,
            left_in_chunk: 0,
            entry: 0,
            at: 0,
        })
    }

    /// Whether there is a sample at all.
    pub(super) fn is_empty(&self) -> bool {
        self.sizes.count() == 0 || self.chunks.count == 0
    }

    /// Where decoding stands after what was walked.
    pub(super) fn dts(&self) -> i64 {
        self.dts
    }

    /// The next sample. Samples without bytes are passed over; those that cannot lie in a file of `length` bytes end their
    /// chunk, and tell so by `None` inside.
    pub(super) fn next(&mut self, length: u64) -> Option<Result<Sample, Beyond>> {
        loop {
            while self.left_in_chunk == 0 {
                self.next_chunk()?;
            }
            self.left_in_chunk -= 1;
            let size = self.sizes.size(self.index)?;
            if self.at.saturating_add(u64::from(size)) > length {
                // All later samples of the chunk are beyond as well; so are, in a cut file, those of later chunks.
                self.left_in_chunk = 0;
                self.index = u64::MAX;
                return Some(Err(Beyond));
            }
            let sample = self.step(size);
            if size > 0 {
                return Some(Ok(sample));
            }
        }
    }

    fn step(&mut self, size: u32) -> Sample {
        let duration = forward(self.duration.next(&self.durations, None));
        // Unsigned in version 0 by the letter; `QuickTime` and others write negative ones there too.
        let shift = self.shift.next(&self.shifts, Some(0)).cast_signed();
        let number = self.index + 1;
        let sync = self.syncs.as_ref().is_none_or(|rows| {
            while let Some(marked) = rows.row(self.sync).and_then(|mut row| row.u32()) {
                if u64::from(marked) >= number {
                    return u64::from(marked) == number;
                }
                self.sync += 1;
            }
            false
        });
        let sample = Sample { at: self.at, size, dts: self.dts, shift, duration, sync, entry: self.entry };
        self.index += 1;
        self.at += u64::from(size);
        self.dts = self.dts.saturating_add(i64::from(duration));
        sample
    }

    fn next_chunk(&mut self) -> Option<()> {
        let mut row = self.chunks.row(self.chunk)?;
        self.at = if self.chunks.width == 8 { row.u64()? } else { u64::from(row.u32()?) };
        self.chunk += 1;
        let first = |index: usize| self.groups.row(index).and_then(|mut row| row.u32());
        while first(self.group + 1).is_some_and(|first| first as usize <= self.chunk) {
            self.group += 1;
        }
        let mut row = self.groups.row(self.group)?;
        row.u32()?;
        (self.left_in_chunk, self.entry) = (row.u32()?, row.u32()?.saturating_sub(1));
        Some(())
    }

    /// Whether frames are shown in another order than they are decoded in. Looks at every change in the tables, not at every
    /// sample: between two changes times grow evenly.
    pub(super) fn reorders(&self) -> bool {
        let (mut duration, mut shift) = (Stretch::default(), Stretch::default());
        let mut left = self.sizes.count();
        let (mut dts, mut before) = (0_i64, i64::MIN);
        while left > 0 && (shift.left > 0 || shift.row < self.shifts.count) {
            let later = shift.next(&self.shifts, Some(0)).cast_signed();
            let step = i64::from(forward(duration.next(&self.durations, None)));
            let shown = dts.saturating_add(i64::from(later));
            if shown < before {
                return true;
            }
            // The rest of both stretches at once.
            let steady = duration.left == 0 && duration.row >= self.durations.count;
            let more = u64::from(if steady { shift.left } else { shift.left.min(duration.left) }).min(left - 1);
            let skipped = u32::try_from(more).unwrap_or(u32::MAX);
            shift.left -= skipped;
            duration.left = duration.left.saturating_sub(skipped);
            let ticks = step.saturating_mul(i64::from(skipped));
            before = shown.saturating_add(ticks);
            dts = dts.saturating_add(ticks).saturating_add(step);
            left -= more + 1;
        }
        // What follows the table has no shift.
        left > 0 && dts < before
    }
}

/// Negative durations were written by mistake: decoding does not go back.
fn forward(duration: u32) -> u32 {
    if i32::try_from(duration).is_err() { 1 } else { duration }
}

/// A sample that the file ends before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beyond;
