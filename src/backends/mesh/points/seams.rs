//! Joins what was read in spans that touch. A read also gives the last point before its interval, or one behind it, as the
//! curve needs (spec/mesh.md 5.6): of the first span what is before, of the last what is behind, and in between only what
//! is inside is kept. That is what one read of the whole gives.

use crate::value::Series;

/// What was read of one span.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The span, in UTC milliseconds: from here,
    pub start: i64,
    /// to before here.
    pub end: i64,
    /// Its points, and perhaps some around it.
    pub series: Series,
}

/// The points of all pieces, which are in order and touch.
pub fn join(mut pieces: Vec<Piece>) -> Series {
    let count = pieces.len();
    if count == 1 {
        return pieces.pop().map(|piece| piece.series).unwrap_or_default();
    }
    let rows = pieces.iter().map(|piece| piece.series.times.len()).sum();
    let mut whole =
        Series { times: Vec::with_capacity(rows), values: Vec::with_capacity(rows), flags: Vec::with_capacity(rows) };
    for (number, Piece { start, end, series }) in pieces.into_iter().enumerate() {
        let start = if number == 0 { i64::MIN } else { start };
        let inside = if number + 1 == count {
            first_inside(&series, start)..series.times.len()
        } else {
            inside(&series, start, end)
        };
        whole.times.extend_from_slice(series.times.get(inside.clone()).unwrap_or_default());
        whole.values.extend_from_slice(series.values.get(inside.clone()).unwrap_or_default());
        whole.flags.extend_from_slice(series.flags.get(inside).unwrap_or_default());
    }
    whole
}

/// Whether all points are inside of `[start, end)` and in strict order: nearly always, and then nothing has to be copied.
pub fn is_tidy(series: &Series, start: i64, end: i64) -> bool {
    let times = &series.times;
    times.first().is_none_or(|first| *first >= start)
        && times.last().is_none_or(|last| *last < end)
        && times.is_sorted_by(|a, b| a < b)
}

/// Leaves out the points before `start`, those from `end` on, and of those with the same time all but the last, which is
/// what writing them one after the other would leave.
pub fn tidy(series: &mut Series, start: i64, end: i64) {
    if series.times.is_sorted_by(|a, b| a < b) {
        return trim(series, start, end);
    }
    let points = series.times.iter().zip(&series.values).zip(&series.flags);
    let mut kept: Vec<(i64, f64, u32)> = points
        .map(|((time, value), flags)| (*time, *value, *flags))
        .filter(|(time, ..)| (start..end).contains(time))
        .collect();
    kept.sort_by_key(|(time, ..)| *time);
    kept.reverse();
    kept.dedup_by_key(|(time, ..)| *time);
    kept.reverse();
    series.times = kept.iter().map(|(time, ..)| *time).collect();
    series.values = kept.iter().map(|(_, value, _)| *value).collect();
    series.flags = kept.iter().map(|(.., flags)| *flags).collect();
}

/// Leaves out the points before `start` and those from `end` on.
fn trim(series: &mut Series, start: i64, end: i64) {
    let inside = inside(series, start, end);
    series.times.truncate(inside.end);
    series.values.truncate(inside.end);
    series.flags.truncate(inside.end);
    series.times.drain(..inside.start);
    series.values.drain(..inside.start);
    series.flags.drain(..inside.start);
}

/// The points around an interval are few and at the edges: they are looked for from there.
fn inside(series: &Series, start: i64, end: i64) -> std::ops::Range<usize> {
    let first = first_inside(series, start);
    let behind = series.times.iter().rposition(|time| *time < end).map_or(0, |last| last + 1);
    first..behind.max(first)
}

fn first_inside(series: &Series, start: i64) -> usize {
    series.times.iter().position(|time| *time >= start).unwrap_or(series.times.len())
}
