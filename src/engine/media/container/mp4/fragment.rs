//! Where samples are when the file comes in fragments: `moof`, `traf`, `trun` (ISO/IEC 14496-12, 8.8). As with the tables, runs
//! are walked where they stand.

use std::{ops::Range, sync::Arc};

use super::{
    boxes::{Fields, children, find},
    tables::{Beyond, Sample},
};

/// `sample_is_non_sync_sample`.
const NON_SYNC: u32 = 0x0001_0000;

/// What samples are when nothing else is said of them (`trex`, then `tfhd`).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Defaults {
    pub(super) entry: u32,
    pub(super) duration: u32,
    pub(super) size: u32,
    pub(super) flags: u32,
}

/// Samples of one track that lie behind each other.
#[derive(Clone, Debug)]
pub(super) struct Run {
    moof: Arc<[u8]>,
    rows: Range<usize>,
    /// What of a sample stands in its row (`tr_flags`).
    columns: u32,
    left: u32,
    /// Of the first sample alone.
    first_flags: Option<u32>,
    defaults: Defaults,
    at: u64,
    dts: i64,
}

impl Run {
    fn width(&self) -> usize {
        (self.columns >> 8 & 15).count_ones() as usize * 4
    }

    /// The next sample, as [`Walk::next`](super::tables::Walk::next) gives it.
    pub(super) fn next(&mut self, length: u64) -> Option<Result<Sample, Beyond>> {
        while self.left > 0 {
            let sample = self.step()?;
            if sample.at.saturating_add(u64::from(sample.size)) > length {
                self.left = 0;
                return Some(Err(Beyond));
            }
            if sample.size > 0 {
                return Some(Ok(sample));
            }
        }
        None
    }

    fn step(&mut self) -> Option<Sample> {
        self.left -= 1;
        let width = self.width();
        let mut row = Fields::at(&self.moof, self.rows.start..self.rows.start + width);
        self.rows.start += width;
        let mut column = |bit: u32, otherwise: u32| if self.columns & bit == 0 { Some(otherwise) } else { row.u32() };
        let duration = column(0x100, self.defaults.duration)?;
        let size = column(0x200, self.defaults.size)?;
        let flags = column(0x400, self.defaults.flags)?;
        // Unsigned in version 0 by the letter, and written signed there as well.
        let shift = column(0x800, 0)?.cast_signed();
        let flags = self.first_flags.take().unwrap_or(flags);
        let sync = flags & NON_SYNC == 0;
        let sample = Sample { at: self.at, size, dts: self.dts, shift, duration, sync, entry: self.defaults.entry };
        self.at = self.at.saturating_add(u64::from(size));
        self.dts = self.dts.saturating_add(i64::from(duration));
        Some(sample)
    }

    /// Where the data behind it begins, and when the sample behind it is decoded.
    fn end(&self) -> (u64, i64) {
        if self.columns & 0x300 == 0 {
            // No need to walk: they are all alike.
            let count = u64::from(self.left);
            let ticks = i64::try_from(count * u64::from(self.defaults.duration)).unwrap_or(i64::MAX);
            let size = count.saturating_mul(u64::from(self.defaults.size));
            return (self.at.saturating_add(size), self.dts.saturating_add(ticks));
        }
        let mut rest = self.clone();
        while rest.left > 0 && rest.step().is_some() {}
        (rest.at, rest.dts)
    }
}

/// The runs of a fragment, by the number of the track, each with when decoding stands behind it. `moof` is the body of the box that begins at byte `begin`; `defaults`
/// tells what `trex` says of a track, and when its next sample is decoded if the fragment does not say so.
pub(super) fn read(
    moof: &Arc<[u8]>,
    begin: u64,
    defaults: &dyn Fn(u32) -> Option<(Defaults, i64)>,
) -> Vec<(u32, Run, i64)> {
    let mut runs = Vec::new();
    let mut behind = begin;
    let mut ends: Vec<(u32, i64)> = Vec::new();
    for (_, traf) in children(moof, 0..moof.len()).filter(|(name, _)| name == b"traf") {
        let Some((track, base, own)) = find(moof, traf.clone(), b"tfhd").and_then(|body| head(moof, body)) else {
            continue;
        };
        let Some((trex, expected)) = defaults(track) else { continue };
        let defaults = own.over(trex);
        let base = base.resolve(begin, behind);
        let expected = ends.iter().rev().find(|(other, _)| *other == track).map_or(expected, |(_, dts)| *dts);
        let mut dts = decode_time(moof, traf.clone()).unwrap_or(expected);
        let mut at = base;
        for (_, body) in children(moof, traf).filter(|(name, _)| name == b"trun") {
            let Some(run) = run(moof, body, defaults, (base, at), dts) else { continue };
            (at, dts) = run.end();
            runs.push((track, run, dts));
        }
        behind = at;
        ends.push((track, dts));
    }
    runs
}

/// What a `tfhd` says itself.
#[derive(Default)]
struct Own {
    entry: Option<u32>,
    duration: Option<u32>,
    size: Option<u32>,
    flags: Option<u32>,
}

impl Own {
    fn over(&self, trex: Defaults) -> Defaults {
        Defaults {
            entry: self.entry.unwrap_or(trex.entry),
            duration: self.duration.unwrap_or(trex.duration),
            size: self.size.unwrap_or(trex.size),
            flags: self.flags.unwrap_or(trex.flags),
        }
    }
}

/// What the offsets of a fragment's track are counted from.
enum Base {
    At(u64),
    Moof,
    /// The end of the data of the track before; the first begins with the fragment.
    Behind,
}

impl Base {
    fn resolve(&self, begin: u64, behind: u64) -> u64 {
        match self {
            Base::At(at) => *at,
            Base::Moof => begin,
            Base::Behind => behind,
        }
    }
}

fn head(moof: &[u8], body: Range<usize>) -> Option<(u32, Base, Own)> {
    let mut fields = Fields::at(moof, body);
    let (_, flags) = fields.full()?;
    let track = fields.u32()?;
    let base = match flags {
        flags if flags & 1 != 0 => Base::At(fields.u64()?),
        flags if flags & 0x02_0000 != 0 => Base::Moof,
        _ => Base::Behind,
    };
    let mut own = Own::default();
    for (bit, field) in [(2, &mut own.entry), (8, &mut own.duration), (0x10, &mut own.size), (0x20, &mut own.flags)] {
        if flags & bit != 0 {
            *field = Some(fields.u32()?);
        }
    }
    own.entry = own.entry.map(|entry| entry.saturating_sub(1));
    Some((track, base, own))
}

/// `tfdt`.
fn decode_time(moof: &[u8], traf: Range<usize>) -> Option<i64> {
    let mut fields = Fields::at(moof, find(moof, traf, b"tfdt")?);
    let (version, _) = fields.full()?;
    i64::try_from(fields.wide(version)?).ok()
}

fn run(moof: &Arc<[u8]>, body: Range<usize>, defaults: Defaults, (base, at): (u64, u64), dts: i64) -> Option<Run> {
    let mut fields = Fields::at(moof, body.clone());
    let (_, columns) = fields.full()?;
    let said = fields.u32()?;
    let offset = if columns & 1 == 0 { None } else { Some(i64::from(fields.u32()?.cast_signed())) };
    let first_flags = if columns & 4 == 0 { None } else { Some(fields.u32()?) };
    let at = offset.map_or(Some(at), |offset| base.checked_add_signed(offset))?;
    let rows = body.end - fields.left()..body.end;
    let moof = Arc::clone(moof);
    let mut run = Run { moof, rows, columns, left: said, first_flags, defaults, at, dts };
    match run.width() {
        // Nothing bounds the count but the file's size, and that only when the samples have one.
        0 if defaults.size == 0 => return None,
        0 => {}
        width => run.left = said.min(u32::try_from(run.rows.len() / width).unwrap_or(u32::MAX)),
    }
    Some(run)
}
