//! What is different between two readings of a series: by time, then flags and value. That a value is no number is the same
//! in both, whatever its bits.

use std::sync::Arc;

use crate::value::{Object, Series, Tree};

/// Points that came, changed and went.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Difference {
    added: Series,
    changed: Series,
    removed: Series,
}

impl Difference {
    /// From one reading to the next; both are in strict order.
    pub fn between(before: &Series, now: &Series) -> Difference {
        let mut difference = Difference::default();
        let (mut old, mut new) = (points(before).peekable(), points(now).peekable());
        loop {
            match (old.peek().copied(), new.peek().copied()) {
                (None, None) => return difference,
                (Some(was), Some(is)) if was.0 == is.0 => {
                    if !same(was, is) {
                        push(&mut difference.changed, is);
                    }
                    (old.next(), new.next());
                }
                (Some(was), is) if is.is_none_or(|is| was.0 < is.0) => {
                    push(&mut difference.removed, was);
                    old.next();
                }
                (_, Some(is)) => {
                    push(&mut difference.added, is);
                    new.next();
                }
                (Some(_), None) => return difference,
            }
        }
    }

    /// Nothing is different.
    pub fn is_empty(&self) -> bool {
        [&self.added, &self.changed, &self.removed].iter().all(|series| series.times.is_empty())
    }

    /// As the event shows it: `{path, added, changed, removed}`, removed points as they were.
    pub fn tree(self, path: &str) -> Tree {
        let mut event = Object::with_capacity(4);
        event.insert("path", Tree::from(path));
        for (name, series) in [("added", self.added), ("changed", self.changed), ("removed", self.removed)] {
            event.insert(name, Tree::Series(Arc::new(series)));
        }
        Tree::Object(event)
    }
}

type Point = (i64, u32, f64);

fn points(series: &Series) -> impl Iterator<Item = Point> {
    series.times.iter().zip(&series.flags).zip(&series.values).map(|((time, flags), value)| (*time, *flags, *value))
}

fn same((_, was_flags, was): Point, (_, flags, is): Point) -> bool {
    was_flags == flags && (was.total_cmp(&is).is_eq() || was == is || was.is_nan() && is.is_nan())
}

fn push(series: &mut Series, (time, flags, value): Point) {
    series.times.push(time);
    series.flags.push(flags);
    series.values.push(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(points: &[Point]) -> Series {
        let mut series = Series::default();
        points.iter().for_each(|point| push(&mut series, *point));
        series
    }

    #[test]
    fn points_are_told_apart_by_time_flags_and_value() {
        let before = of(&[(1, 0, 1.0), (2, 0, 2.0), (3, 0, 3.0), (4, 7, f64::NAN), (9, 0, 0.0)]);
        let now =
            of(&[(0, 0, 0.5), (2, 0, 2.0), (3, 1, 3.0), (4, 7, -f64::NAN), (5, 0, 5.0), (9, 0, 1.0), (10, 0, 1.0)]);
        let difference = Difference::between(&before, &now);
        assert_eq!(difference.added, of(&[(0, 0, 0.5), (5, 0, 5.0), (10, 0, 1.0)]));
        assert_eq!(difference.changed, of(&[(3, 1, 3.0), (9, 0, 1.0)]));
        assert_eq!(difference.removed, of(&[(1, 0, 1.0)]));
        assert!(!difference.is_empty() && Difference::between(&before, &before).is_empty());
        let gone = Difference::between(&of(&[(1, 0, 1.0)]), &of(&[]));
        assert_eq!((gone.removed, gone.added), (of(&[(1, 0, 1.0)]), of(&[])));
        // A value that became none, and one that became one.
        let (some, none) = (of(&[(1, 0, 1.0)]), of(&[(1, 0, f64::NAN)]));
        assert!(!Difference::between(&some, &none).is_empty() && !Difference::between(&none, &some).is_empty());
    }
}
