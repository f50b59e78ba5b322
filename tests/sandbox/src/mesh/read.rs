//! Which points a read returns (section 5.6), and the value of a series between its points.

use super::grid::Grid;
use super::pb::curve::CurveType;
use super::point::{MISSING, OK, Point};
use super::store::Series;

/// Above this count of steps, holes are filled only where the series has points: an open interval has no end.
const STEPS_MAX: i64 = 1_000_000;

/// Points that were read or calculated.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    pub resolution: i32,
    pub curve: i32,
    pub zone: Option<String>,
    pub points: Vec<Point>,
}

impl Reading {
    /// The grid of its points.
    pub fn grid(&self) -> Option<Grid> {
        Grid::of(self.resolution, self.zone.as_deref())
    }

    /// Whether values between two points lie on the line between them.
    pub fn is_linear(&self) -> bool {
        self.curve == CurveType::Piecewiselinear as i32
    }

    /// The value at a moment, by the curve's shape.
    pub fn sample(&self, at: i64) -> Point {
        let after = self.points.partition_point(|point| point.at <= at);
        let Some(left) = after.checked_sub(1).and_then(|at| self.points.get(at)) else { return Point::hole(at) };
        if left.at == at {
            return *left;
        }
        if !self.is_linear() {
            return Point { at, ..*left };
        }
        let Some(right) = self.points.get(after) else { return Point::hole(at) };
        if left.value.is_nan() {
            return Point { at, flags: left.flags | MISSING, value: f64::NAN };
        }
        if right.value.is_nan() {
            return Point::hole(at);
        }
        let part = (at - left.at) as f64 / (right.at - left.at) as f64;
        Point { at, flags: left.flags | right.flags, value: left.value + (right.value - left.value) * part }
    }
}

/// Reads a physical series in `[start, end)`.
pub fn physical(series: &Series, start: i64, end: i64) -> Reading {
    let mut out = Reading {
        resolution: series.resolution,
        curve: series.curve,
        zone: series.time_zone.clone(),
        points: Vec::new(),
    };
    let all = series.points.as_slice();
    let Some(grid) = out.grid() else {
        let mut from = all.partition_point(|point| point.at < start);
        let mut to = all.partition_point(|point| point.at < end);
        // What is in force at the start began before it.
        if from > 0 && all.get(from).is_none_or(|point| point.at > start) {
            from -= 1;
        }
        if out.is_linear() && to < all.len() {
            to += 1;
        }
        out.points = all.get(from..to.max(from)).unwrap_or_default().to_vec();
        return out;
    };
    let (mut at, mut until) = (grid.floor(start), end);
    if (until.saturating_sub(at)) / grid.rough() > STEPS_MAX {
        let (Some(first), Some(last)) = (all.first(), all.last()) else { return out };
        at = at.max(first.at);
        until = until.min(last.at + 1);
    }
    let mut next = all.partition_point(|point| point.at < at);
    let step = grid.short();
    let mut fill = |at: i64, points: &mut Vec<Point>| {
        while all.get(next).is_some_and(|point| point.at < at) {
            next += 1;
        }
        match all.get(next) {
            Some(point) if point.at == at => points.push(*point),
            _ => points.push(Point::hole(at)),
        }
    };
    while at < until {
        fill(at, &mut out.points);
        at = step.map_or_else(|| grid.next(at), |step| at + step);
    }
    if out.is_linear() {
        fill(at, &mut out.points);
    }
    out
}

/// Every step of `[start, end)` with one value.
pub fn constant(resolution: i32, start: i64, end: i64, value: f64) -> Reading {
    let curve = CurveType::Staircasestartofstep as i32;
    let mut out = Reading { resolution, curve, zone: None, points: Vec::new() };
    let Some(grid) = out.grid() else {
        out.points.push(Point { at: start, flags: OK, value });
        return out;
    };
    let mut at = grid.floor(start);
    while at < end && (out.points.len() as i64) < STEPS_MAX {
        out.points.push(Point { at, flags: OK, value });
        at = grid.next(at);
    }
    out
}
