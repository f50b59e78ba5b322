//! Copies series between objects, on the server (spec/mesh.md 4.7). Without an interval nothing is copied: the server tells
//! how many series it would copy.

use super::ask;
use crate::{
    backends::mesh::verbs::{Ask, Asked, whole},
    error::{Error, Result},
    value::{Object, Tree},
};

/// The call of `copy_series`: from the objects at and below `source` to those at and below the target.
pub(super) fn ask(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = Object::with_capacity(5);
    match ask::ends(ask)? {
        (Some(start), Some(end)) if start > end => {
            return Err(Error::option("start", "the interval began after its end"));
        }
        (Some(start), Some(end)) => fields.insert("interval", ask::Span { start, end }.tree()),
        (None, None) => {}
        (start, _) => {
            let missing = if start.is_some() { "end" } else { "start" };
            return Err(Error::option(missing, format!("an interval needs {missing} too")));
        }
    }
    fields.insert("source", ask.need("source")?.clone());
    if let Some(scenario) = ask.get("scenario_name") {
        fields.insert("scenario_name", scenario.clone());
    }
    fields.insert("target", Tree::from(ask.target()?));
    fields.insert("mappings", mappings(ask.need("mappings")?)?);
    Ok(Asked::new("time_series.v1alpha.TimeseriesService/CopyTimeseriesBetweenObjects", fields, whole))
}

/// `{TYPE: {ATTRIBUTE: ATTRIBUTE}}`, or as the messages have it.
fn mappings(value: &Tree) -> Result<Tree> {
    let Tree::Object(types) = value else { return Ok(value.clone()) };
    let mapping = |(name, pairs): (&str, &Tree)| {
        let wrong = || {
            Error::option(
                "mappings",
                format!("mappings.{name} was {}; an object of attribute names was expected", pairs.kind_name()),
            )
        };
        let pairs = pairs.as_object().ok_or_else(wrong)?.iter().map(|(source, target)| {
            let mut pair = Object::with_capacity(2);
            pair.insert("source_attribute_name", Tree::from(source));
            pair.insert("target_attribute_name", target.clone());
            Tree::Object(pair)
        });
        let mut mapping = Object::with_capacity(2);
        mapping.insert("object_type_name", Tree::from(name));
        mapping.insert("attribute_mappings", Tree::Array(pairs.collect()));
        Ok(Tree::Object(mapping))
    };
    types.iter().map(mapping).collect::<Result<Vec<_>>>().map(Tree::Array)
}
