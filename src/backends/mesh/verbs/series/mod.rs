//! Points of time series (spec/mesh.md 4.7, 5.6): read, many at once, in another resolution, written, copied.
//!
//! | part | what |
//! |---|---|
//! | `ask` | targets, moments and transformations as hosts write them |
//! | `single` | reads one series, in spans when a message cannot hold it |
//! | `several` | reads several in one call |
//! | `write` | replaces points, in chunks when a message cannot hold them |
//! | `copy` | between objects, on the server |

mod ask;
mod copy;
mod several;
mod single;
mod write;

pub(in crate::backends::mesh) use ask::{Span, target};
pub(in crate::backends::mesh) use single::Single;
pub(super) use write::written;

use super::{Ask, Plan, Shown, Verb, Work};
use crate::{
    backends::{
        Answer, Plain,
        mesh::{
            form::decode,
            points,
            schema::{Kind, tables::time_series},
        },
    },
    error::{Error, Result, code},
    value::{Object, Series, Tree},
};

/// The verbs of this folder.
pub(super) static VERBS: &[Verb] = &[
    Verb { name: "read_series", changes: false, work: Work::Plan(read) },
    Verb { name: "write_series", changes: true, work: Work::Plan(write::plan) },
    Verb { name: "copy_series", changes: true, work: Work::One(copy::ask) },
];

/// `read_series`: one target, or `targets`.
fn read(ask: &Ask<'_>) -> Result<Box<dyn Plan>> {
    match (ask.target, ask.get("targets")) {
        (Some(_), Some(_)) => Err(Error::option("targets", "a target and targets cannot both be given")),
        (_, None) => Ok(Box::new(Single::plan(ask)?)),
        (None, Some(targets)) => several::plan(ask, targets),
    }
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

/// A series that was read.
#[derive(Clone, Debug, Default)]
pub(in crate::backends::mesh) struct Found {
    /// Its points.
    pub series: std::sync::Arc<Series>,
    /// What it is: `{id, path, key, resolution, interval}`.
    pub meta: Object,
}

impl Found {
    /// All series of a message.
    fn all(message: &[u8]) -> Result<Vec<Found>> {
        let Tree::Object(mut answer) = decode(Kind::Message(&time_series::READ_TIMESERIES_RESPONSE), message)? else {
            return Ok(Vec::new());
        };
        let Some(Tree::Array(found)) = answer.remove("timeseries") else { return Ok(Vec::new()) };
        Ok(found.into_iter().map(Found::of).collect())
    }

    fn of(timeseries: Tree) -> Found {
        let Tree::Object(mut meta) = item(timeseries) else { return Found::default() };
        match meta.remove("series") {
            Some(Tree::Series(series)) => Found { series, meta },
            _ => Found { meta, ..Found::default() },
        }
    }

    /// Leaves out what is outside of the interval and what is there twice.
    fn tidy(&mut self, span: Span) {
        if !points::is_tidy(&self.series, span.start, span.end) {
            points::tidy(std::sync::Arc::make_mut(&mut self.series), span.start, span.end);
        }
    }

    /// As the answer to a read of one.
    fn alone(self) -> Box<dyn Answer> {
        Box::new(Plain::new(&Tree::Series(self.series), self.meta))
    }

    /// As one among several.
    fn item(self) -> Tree {
        let mut out = Object::with_capacity(6);
        out.insert("series", Tree::Series(self.series));
        self.meta.iter().for_each(|(name, value)| out.insert(name, value.clone()));
        Tree::Object(out)
    }
}

/// The server answered for more or fewer series than it was asked for.
fn another_number() -> Error {
    Error::new(&code::PROTOCOL, "the server answered another number of series than the one that was asked for")
}
