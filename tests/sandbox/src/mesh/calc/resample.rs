//! `TRANSFORM` and `ReadTransformedTimeseries`: another resolution of the same series.
//!
//! Finer: the curve is looked at on the new grid; a sum is spread evenly. Coarser: each step is made of the points in it.
//! The methods ending in `I` pass over missing values in silence, the others mark what lacks some as suspect.

use crate::mesh::grid::Grid;
use crate::mesh::pb::time_series::TransformationMethod as Method;
use crate::mesh::point::{NOT_OK, OK, Point, SUSPECT};
use crate::mesh::read::Reading;

/// Makes the series of another grid in `[start, end)`.
pub fn transform(source: &Reading, grid: &Grid, resolution: i32, method: Method, start: i64, end: i64) -> Reading {
    let mut out = Reading { resolution, curve: source.curve, zone: None, points: Vec::new() };
    let own = source.grid();
    let mut at = grid.floor(start);
    if own.as_ref().is_some_and(|own| grid.rough() < own.rough()) {
        let ratio = own.map_or(1.0, |own| grid.rough() as f64 / own.rough() as f64);
        let mut push = |at| {
            let mut point = source.sample(at);
            if matches!(method, Method::Sum | Method::Sumi) {
                point.value *= ratio;
            }
            out.points.push(point);
        };
        while at < end {
            push(at);
            at = grid.next(at);
        }
        // As a plain read of a line does, the point at the end comes too.
        if source.is_linear() {
            push(at);
        }
        return out;
    }
    while at < end {
        let next = grid.next(at);
        let from = source.points.partition_point(|point| point.at < at);
        let to = source.points.partition_point(|point| point.at < next);
        out.points.push(one(at, source.points.get(from..to).unwrap_or_default(), method));
        at = next;
    }
    out
}

/// The point of one step.
fn one(at: i64, points: &[Point], method: Method) -> Point {
    if let [point] = points {
        return Point { at, ..*point };
    }
    let good: Vec<&Point> = points.iter().filter(|point| !point.value.is_nan()).collect();
    let flags = good.iter().fold(OK, |flags, point| flags | point.flags);
    let lacking = good.len() < points.len();
    let silent = matches!(method, Method::Sumi | Method::Avgi);
    let values = || good.iter().map(|point| point.value);
    let value = match method {
        _ if good.is_empty() => {
            let flags = points.iter().fold(0, |flags, point| flags | point.flags) & NOT_OK;
            return Point { flags: Point::hole(at).flags | flags, ..Point::hole(at) };
        }
        Method::Sum | Method::Sumi => values().sum(),
        Method::First => values().next().unwrap_or(f64::NAN),
        Method::Last => values().next_back().unwrap_or(f64::NAN),
        Method::Min => values().fold(f64::INFINITY, f64::min),
        Method::Max => values().fold(f64::NEG_INFINITY, f64::max),
        _ => values().sum::<f64>() / good.len() as f64,
    };
    Point { at, flags: if lacking && !silent { flags | SUSPECT } else { flags }, value }
}
