//! Points as the bytes of their stream, made as they are asked for: a long write is never there as a whole a second time.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::write;
use crate::{
    error::Result,
    value::{Reader, Series},
};

/// Some bytes, and behind them the stream of some points.
#[derive(Debug)]
pub struct Outflow {
    /// What comes before the first column.
    front: Vec<u8>,
    series: Arc<Series>,
    points: Range<usize>,
    at: AtomicUsize,
}

impl Outflow {
    /// `front`, and behind it what [`append`](super::append) makes of these points of the series, which must be there.
    #[must_use]
    pub fn new(mut front: Vec<u8>, series: Arc<Series>, points: Range<usize>) -> Outflow {
        let shortest = series.times.len().min(series.flags.len()).min(series.values.len());
        let points = points.start.min(shortest)..points.end.min(shortest);
        if !points.is_empty() {
            write::heads(&mut front, points.len());
        }
        Outflow { front, series, points, at: AtomicUsize::new(0) }
    }

    /// Its whole length.
    fn length(&self) -> usize {
        let count = self.points.len();
        self.front.len() + count * 20 + count % 2 * 4
    }

    /// Fills as much of the room as there is from one of the parts.
    fn fill(&self, at: usize, room: &mut [u8]) -> usize {
        let count = self.points.len();
        let Some(at) = at.checked_sub(self.front.len()) else {
            return copy(self.front.get(at..).unwrap_or_default(), room);
        };
        let (times, flags) = (count * 8, count * 4);
        let padded = times + flags.next_multiple_of(8);
        let part = self.points.clone();
        if at < times {
            column(self.series.times.get(part).unwrap_or_default(), at, room, i64::to_le_bytes)
        } else if at < times + flags {
            column(self.series.flags.get(part).unwrap_or_default(), at - times, room, u32::to_le_bytes)
        } else if at < padded {
            copy([0; 4].get(at - times - flags..).unwrap_or_default(), room)
        } else {
            column(self.series.values.get(part).unwrap_or_default(), at - padded, room, f64::to_le_bytes)
        }
    }
}

fn copy(from: &[u8], room: &mut [u8]) -> usize {
    let count = from.len().min(room.len());
    if let (Some(from), Some(room)) = (from.get(..count), room.get_mut(..count)) {
        room.copy_from_slice(from);
    }
    count
}

/// The bytes of a column from byte `at` on. Only the first and the last number are ever cut.
fn column<T: Copy, const N: usize>(numbers: &[T], at: usize, room: &mut [u8], bytes: impl Fn(T) -> [u8; N]) -> usize {
    let Some(numbers) = numbers.get(at / N..) else { return 0 };
    let (places, rest) = room.as_chunks_mut::<N>();
    if at % N == 0 && !places.is_empty() {
        for (place, number) in places.iter_mut().zip(numbers) {
            *place = bytes(*number);
        }
        return places.len().min(numbers.len()) * N;
    }
    let Some(number) = numbers.first() else { return 0 };
    copy(
        bytes(*number).get(at % N..).unwrap_or_default(),
        if places.is_empty() { rest } else { places.as_flattened_mut() },
    )
}

impl Reader for Outflow {
    fn size(&self) -> Option<u64> {
        Some(self.length() as u64)
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        // One reads at a time.
        let start = self.at.load(Ordering::Relaxed);
        let mut at = start;
        let mut filled = 0;
        while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
            let count = self.fill(at, room);
            if count == 0 {
                break;
            }
            at += count;
            filled += count;
        }
        self.at.store(at, Ordering::Relaxed);
        Ok(filled)
    }

    fn rewind(&self) -> bool {
        self.at.store(0, Ordering::Relaxed);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(count: usize) -> Arc<Series> {
        let numbers = 0..i64::try_from(count).unwrap();
        Arc::new(Series {
            times: numbers.clone().map(|at| at * 3_600_000).collect(),
            values: numbers.clone().map(|at| at as f64 / 3.0).collect(),
            flags: numbers.map(|at| u32::try_from(at % 7).unwrap()).collect(),
        })
    }

    #[test]
    fn the_bytes_are_those_of_the_whole_however_they_are_read() {
        for (count, points) in [(5, 0..5), (5, 1..5), (8, 2..3), (1, 0..1), (3, 1..1), (300, 7..270)] {
            let series = series(count);
            let mut whole = b"before".to_vec();
            let part = |range: &Range<usize>| range.clone();
            super::super::append(
                &mut whole,
                &series.times[part(&points)],
                &series.flags[part(&points)],
                &series.values[part(&points)],
            );
            let outflow = Outflow::new(b"before".to_vec(), series.clone(), points.clone());
            assert_eq!(outflow.size(), Some(whole.len() as u64), "{points:?}");
            for size in [1, 3, 5, 8, 13, 64, 4096] {
                assert!(outflow.rewind());
                let mut found = Vec::new();
                let mut buffer = vec![0; size];
                loop {
                    let read = outflow.read(&mut buffer).unwrap();
                    if read == 0 {
                        break;
                    }
                    found.extend_from_slice(&buffer[..read]);
                }
                assert_eq!(found, whole, "{points:?} by {size}");
            }
        }
    }
}
