//! What a host says of a read or a write: targets, moments, transformations.

use crate::{
    backends::mesh::{
        form::{EARLIEST, LATEST, address, milliseconds},
        points::step_ms,
        schema::{
            Enumeration,
            tables::{common, time_series},
        },
        verbs::Ask,
    },
    error::{Error, Result},
    value::{Object, Tree},
};

/// From a moment up to another one, which is not part of it, in UTC milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::backends::mesh) struct Span {
    /// From here,
    pub start: i64,
    /// to before here.
    pub end: i64,
}

impl Span {
    /// As the messages have it.
    pub fn tree(self) -> Tree {
        Tree::Array(vec![Tree::Int(self.start), Tree::Int(self.end)])
    }

    /// `interval`, as a host writes it.
    ///
    /// # Errors
    /// `argument`.
    pub fn read(value: &Tree) -> Result<Span> {
        let (start, end) = both(value)?;
        let span = Span { start: moment("interval", start)?, end: moment("interval", end)? };
        span.checked("interval")
    }

    fn checked(self, key: &str) -> Result<Span> {
        if self.start > self.end {
            return Err(Error::option(key, "the interval began after its end"));
        }
        Ok(self)
    }
}

fn both(value: &Tree) -> Result<(&Tree, &Tree)> {
    let ends = match value {
        Tree::Array(ends) => match ends.as_slice() {
            [start, end] => Some((start, end)),
            _ => None,
        },
        Tree::Object(ends) => ends.get("start_time").zip(ends.get("end_time")),
        _ => None,
    };
    ends.ok_or_else(|| {
        Error::option("interval", format!("interval was {}; [start, end] was expected", value.kind_name()))
    })
}

/// A moment in UTC milliseconds.
pub(super) fn moment(key: &str, value: &Tree) -> Result<i64> {
    let moment = match value {
        Tree::Text(text) => milliseconds(text),
        other => other.as_int(),
    };
    let moment = moment.ok_or_else(|| {
        Error::option(key, format!("{key} was {}; UTC milliseconds or ISO 8601 text was expected", shown(value)))
    })?;
    if (EARLIEST..=LATEST).contains(&moment) {
        return Ok(moment);
    }
    Err(Error::option(key, format!("{key} was outside of the years 1 to 9999")))
}

fn shown(value: &Tree) -> String {
    match value {
        Tree::Text(text) => format!("{text:?}"),
        other => other.kind_name().to_owned(),
    }
}

/// The ends that are given: `start` and `end`, or `interval`.
pub(super) fn ends(ask: &Ask<'_>) -> Result<(Option<i64>, Option<i64>)> {
    let (start, end) = (ask.get("start"), ask.get("end"));
    match ask.get("interval") {
        Some(_) if start.or(end).is_some() => {
            Err(Error::option("interval", "interval and start or end cannot both be given"))
        }
        Some(interval) => Span::read(interval).map(|span| (Some(span.start), Some(span.end))),
        None => {
            Ok((start.map(|start| moment("start", start)).transpose()?, end.map(|end| moment("end", end)).transpose()?))
        }
    }
}

/// The span of a read, which needs both.
pub(super) fn span(ask: &Ask<'_>) -> Result<Span> {
    let (start, end) = ends(ask)?;
    let need = |key: &str, end: Option<i64>| end.ok_or_else(|| Error::option(key, format!("{} needs {key}", ask.verb)));
    Span { start: need("start", start)?, end: need("end", end)? }.checked("start")
}

/// A series as it is addressed.
///
/// # Errors
/// `argument`.
pub(in crate::backends::mesh) fn target(name: &str, value: &Tree) -> Result<Tree> {
    let object = match value {
        Tree::Text(text) => address(text, name)?,
        Tree::Int(key) => address(&format!("key:{key}"), name)?,
        Tree::Object(object) => of_members(name, object)?,
        other => {
            return Err(Error::option(
                name,
                format!("{name} was {}; a path, \"id:…\" or \"key:…\" was expected", other.kind_name()),
            ));
        }
    };
    Ok(Tree::Object(object))
}

/// The members by which a read told what it was are a target: all that say something are sent, as the official client
/// does it.
pub(super) fn of_members(name: &str, object: &Object) -> Result<Object> {
    const NONE: &str = "00000000-0000-0000-0000-000000000000";
    let mut out = Object::with_capacity(3);
    if let Some(id) = object.get("id").and_then(Tree::as_str).filter(|id| *id != NONE) {
        out = address(&format!("id:{id}"), name)?;
    }
    if let Some(path) = object.get("path").filter(|path| path.as_str().is_some_and(|path| !path.is_empty())) {
        out.insert("path", path.clone());
    }
    let key = object.get("key").or(object.get("timeseries_key")).and_then(Tree::as_int);
    if let Some(key) = key.filter(|key| *key != 0) {
        out.insert("timeseries_key", Tree::Int(key));
    }
    if out.is_empty() {
        return Err(Error::option(name, format!("{name} named no series; a path, an id or a key was expected")));
    }
    Ok(out)
}

/// Resolutions without steps.
const STEPLESS: [&str; 2] = ["BREAKPOINT", "UNDEFINED"];

/// Another resolution in which the server answers.
#[derive(Clone, Debug)]
pub(super) struct Transform {
    resolution: Tree,
    method: Tree,
    timezone: Option<Tree>,
    /// The step, when it is fixed.
    pub step: Option<i64>,
}

impl Transform {
    /// `resolution`, `method`, `timezone`, if they are given.
    pub fn read(ask: &Ask<'_>) -> Result<Option<Transform>> {
        let (resolution, method) = (ask.get("resolution"), ask.get("method"));
        let timezone = ask.get("timezone");
        let (resolution, method) = match (resolution, method) {
            (Some(resolution), Some(method)) => (resolution, method),
            (None, None) if timezone.is_none() => return Ok(None),
            (None, _) => return Err(Error::option("resolution", "a transformation needs resolution and method")),
            (_, None) => return Err(Error::option("method", "a transformation needs resolution and method")),
        };
        let resolution = word("resolution", resolution, &common::RESOLUTION_RESOLUTION_TYPE, &STEPLESS)?;
        if STEPLESS.contains(&resolution) || resolution.ends_with("UNSPECIFIED") {
            return Err(Error::option(
                "resolution",
                format!("resolution was {resolution}, which has no steps to transform to"),
            ));
        }
        let method = word("method", method, &time_series::TRANSFORMATION_METHOD, &[])?;
        let timezone = timezone.map(|zone| word("timezone", zone, &time_series::TIMEZONE, &[])).transpose()?;
        Ok(Some(Transform {
            resolution: Tree::from(resolution),
            method: Tree::from(method),
            timezone: timezone.map(Tree::from),
            step: step_ms(resolution),
        }))
    }

    /// One of the requests of a call.
    pub fn request(&self, target: &Tree, span: Span) -> Tree {
        let mut single = Object::with_capacity(5);
        single.insert("timeseries_id", target.clone());
        single.insert("interval", span.tree());
        single.insert("resolution", self.resolution.clone());
        single.insert("transformation_method", self.method.clone());
        if let Some(zone) = &self.timezone {
            single.insert("transformation_timezone", zone.clone());
        }
        Tree::Object(single)
    }
}

/// One of the words of an enumeration, of which some are not taken here.
fn word(key: &str, value: &Tree, of: &'static Enumeration, without: &[&str]) -> Result<&'static str> {
    let found = value.as_str().and_then(|name| of.number_of(name)).and_then(|number| of.name_of(number));
    found.ok_or_else(|| {
        let names = of
            .values
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| !name.ends_with("UNSPECIFIED") && !without.contains(name));
        let names: Vec<&str> = names.collect();
        Error::option(key, format!("{key} was {}; there are {}", shown(value), names.join(", ")))
    })
}
