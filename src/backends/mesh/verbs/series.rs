//! Points of time series (spec/mesh.md 4.7).

use super::{Ask, Asked, Shown, Verb, Work};
use crate::{
    error::{Error, Result, code},
    value::{Object, Tree},
};

/// The verbs of this file.
pub(super) static VERBS: &[Verb] = &[Verb { name: "read_series", changes: false, work: Work::One(read) }];

fn read(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = Object::default();
    fields.insert("timeseries_id", Tree::from(ask.target()?));
    fields.insert("interval", Tree::Array(vec![ask.need("start")?.clone(), ask.need("end")?.clone()]));
    Ok(Asked::new("time_series.v1alpha.TimeseriesService/ReadTimeseries", fields, |answer| {
        let mut found = answer.get("timeseries").and_then(Tree::as_array).unwrap_or_default().to_vec();
        match (found.pop(), found.is_empty()) {
            (Some(only), true) => alone(only),
            _ => Err(Error::new(&code::PROTOCOL, "the server answered another number of series than the one that was asked for")),
        }
    }))
}

/// A series on its own: its points are the value, the rest is told beside it.
///
/// # Errors
/// Never, in practice.
pub(super) fn alone(found: Tree) -> Result<Shown> {
    let Tree::Object(mut meta) = item(found) else { return Ok(Shown::default()) };
    let value = meta.remove("series").unwrap_or_default();
    Ok(Shown { value, meta })
}

/// A series among others: `{series, id, path, key, resolution, interval}`.
pub(super) fn item(found: Tree) -> Tree {
    let mut out = Object::with_capacity(6);
    out.insert("series", found.get("series").cloned().unwrap_or_default());
    let id = found.get("id");
    for (name, member) in [("id", "id"), ("path", "path"), ("key", "timeseries_key")] {
        if let Some(value) = id.and_then(|id| id.get(member)) {
            out.insert(name, value.clone());
        }
    }
    if let Some(resolution) = found.get("resolution").and_then(|resolution| resolution.get("type")) {
        out.insert("resolution", resolution.clone());
    }
    if let Some(interval) = found.get("interval") {
        let ends = ["start_time", "end_time"].map(|end| interval.get(end).cloned().unwrap_or_default());
        out.insert("interval", Tree::Array(ends.to_vec()));
    }
    Tree::Object(out)
}
