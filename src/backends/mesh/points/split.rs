//! The server takes messages of 4 MiB, whatever it is asked (spec/mesh.md 1.2). A longer write is cut by the exact length of
//! its encoded points into chunks whose intervals touch: each write replaces its interval, so that an overlap would erase
//! and a gap would keep what was there. A longer read is cut by time.

use std::{ops::Range, sync::Arc};

use super::Points;
use crate::{
    engine::arrow::fitting,
    error::{Error, Result, code},
    value::Series,
};

/// The longest message that the server takes, in bytes.
pub const LIMIT: usize = 4_194_304;

/// What a message grows by at most when points are put into it: the key and the length of the points (6), longer lengths
/// around them (4), and the chunk's two times instead of others (2 × 17).
const GROWTH: usize = 6 + 4 + 2 * 17;

/// A part of a write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chunk {
    /// Its points among all.
    pub points: Range<usize>,
    /// What it replaces, in UTC milliseconds: from here,
    pub start: i64,
    /// to before here.
    pub end: i64,
}

impl Chunk {
    /// The points of the chunk: the same series if it is all of it.
    pub fn series(&self, all: &Arc<Series>) -> Arc<Series> {
        if self.points == (0..all.times.len()) {
            return all.clone();
        }
        Arc::new(Series {
            times: all.times.get(self.points.clone()).unwrap_or_default().to_vec(),
            values: all.values.get(self.points.clone()).unwrap_or_default().to_vec(),
            flags: all.flags.get(self.points.clone()).unwrap_or_default().to_vec(),
        })
    }
}

pub(super) fn chunks(points: &Points, rest: usize, limit: usize) -> Result<Vec<Chunk>> {
    let times = &points.series.times;
    let room = limit.saturating_sub(rest.saturating_add(GROWTH));
    let most = fitting(room);
    if times.is_empty() || times.len() <= most {
        return Ok(vec![Chunk { points: 0..times.len(), start: points.start, end: points.end }]);
    }
    if most == 0 {
        return Err(Error::new(
            &code::MESSAGE_TOO_LARGE,
            format!("a write of {rest} bytes without its points left no room for one in {limit}"),
        ));
    }
    // Chunks of about the same length, so that those that are sent at once end together.
    let count = times.len().div_ceil(most);
    let each = times.len().div_ceil(count);
    let mut chunks: Vec<Chunk> = Vec::with_capacity(count);
    let mut start = points.start;
    for first in (0..times.len()).step_by(each) {
        let behind = first.saturating_add(each).min(times.len());
        // A chunk reaches to the first point of the next.
        let end = times.get(behind).copied().unwrap_or(points.end);
        chunks.push(Chunk { points: first..behind, start, end });
        start = end;
    }
    Ok(chunks)
}

/// Cuts a read of a series with a fixed step into spans whose answers fit in `limit` bytes, of which `rest` are needed for
/// other things. They touch, and all but the first begin with a step, so that no step is read twice.
pub fn spans(start: i64, end: i64, step_ms: i64, rest: usize, limit: usize) -> impl Iterator<Item = (i64, i64)> {
    // A point before and one behind the span may come along.
    let most = fitting(limit.saturating_sub(rest)).saturating_sub(2).max(1);
    let length = i64::try_from(most).unwrap_or(i64::MAX).saturating_mul(step_ms.max(1));
    let mut next = Some(start);
    std::iter::from_fn(move || {
        let from = next.take()?;
        if step_ms < 1 || end.saturating_sub(from) <= length {
            return Some((from, end));
        }
        let to = from.saturating_add(length);
        let on_grid = to - to.rem_euclid(step_ms);
        // Where one step is all that fits, the start may stand within it.
        let to = if on_grid > from { on_grid } else { to };
        next = Some(to);
        Some((from, to))
    })
}

/// Cuts a read whose answer was too long, and of whose points nothing is known, in two; `None` when it is too short for
/// that. The cut is at a whole hour, minute or second if there is one near the middle.
pub fn halves(start: i64, end: i64) -> Option<[(i64, i64); 2]> {
    let length = end.checked_sub(start)?;
    let middle = start.checked_add(length / 2)?;
    let round = [3_600_000, 60_000, 1000, 1].into_iter().find(|round| length / 4 >= *round).unwrap_or(1);
    let middle = middle - middle.rem_euclid(round);
    (start < middle && middle < end).then_some([(start, middle), (middle, end)])
}
