//! Physical series, their units and texts (spec/mesh.md 4.8, 1.4).

use super::{Ask, Asked, Shown, Verb, Work, known, message, nothing, plain, sent, view::member, whole};
use crate::{
    args::Args,
    backends::{
        Answer,
        mesh::{MeshSession, form::decode, terms::Task, wire},
    },
    error::{Error, Outcome, Result, code},
    value::{Object, Tree},
};

/// The verbs of this file.
pub(super) static VERBS: &[Verb] = &[
    Verb { name: "get_resource", changes: false, work: Work::One(get) },
    Verb {
        name: "units",
        changes: false,
        work: Work::One(|_| {
            Ok(Asked::new(UNITS, Object::default(), |answer| Ok(member(&answer, "units_of_measurement"))))
        }),
    },
    Verb { name: "update_resource", changes: true, work: Work::Many(update) },
    Verb { name: "create_series", changes: true, work: Work::Many(create) },
    Verb { name: "list_text_resources", changes: false, work: Work::One(list_texts) },
    Verb { name: "write_text_resource", changes: true, work: Work::One(write_text) },
];

const UNITS: &str = "model_definition.v1alpha.ModelDefinitionService/ListUnitsOfMeasurement";

/// By key a series, by path a text.
fn get(ask: &Ask<'_>) -> Result<Asked> {
    let target = ask.target()?;
    let mut fields = Object::default();
    match key(target) {
        Some(key) => {
            fields.insert("timeseries_resource_key", Tree::Int(key));
            Ok(Asked::new("time_series.v1alpha.TimeseriesService/GetTimeseriesResource", fields, whole))
        }
        None => {
            fields.insert("resource", Tree::from(target));
            Ok(Asked::new("resource.v1alpha.ResourceService/GetTextResource", fields, whole))
        }
    }
}

/// `key:7`, or the number alone.
fn key(target: &str) -> Option<i64> {
    target.strip_prefix("key:").unwrap_or(target).parse().ok()
}

fn list_texts(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = Object::default();
    fields.insert("catalog", Tree::from(ask.target()?));
    fields.insert("include_subcatalogs", Tree::Bool(ask.args.bool("recursive")?.unwrap_or(false)));
    if let Some(mask) = ask.get("query") {
        fields.insert("name_mask", mask.clone());
    }
    Ok(Asked::new("resource.v1alpha.ResourceService/ListTextResources", fields, |answer| {
        Ok(member(&answer, "resources"))
    }))
}

fn write_text(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = Object::default();
    fields.insert("resource", Tree::from(ask.target()?));
    fields.insert("text", ask.need("value")?.clone());
    fields.insert("allow_create", Tree::Bool(ask.args.bool("allow_create")?.unwrap_or(false)));
    Ok(Asked::new("resource.v1alpha.ResourceService/WriteTextResource", fields, nothing))
}

/// One call of the server from within a verb of several.
pub(super) fn once(session: &MeshSession, name: &str, fields: Object, call: &Task<'_>) -> Result<Tree> {
    let (service, method) = known(name)?;
    let message = message(session, (service, method), fields, call)?;
    decode(method.output, &wire::single(sent(session, (service, method), &message, call)?)?)
}

/// The id of a unit by its exact name.
fn unit(session: &MeshSession, name: &str, call: &Task<'_>) -> Result<Tree> {
    // Looked up for a change that was not sent yet.
    let told = once(session, UNITS, Object::default(), call).map_err(|error| error.outcome(Outcome::NotSent))?;
    let units = told.get("units_of_measurement").and_then(Tree::as_array).unwrap_or_default();
    let found = units.iter().find(|unit| unit.get("name").and_then(Tree::as_str) == Some(name));
    found.and_then(|unit| unit.get("id")).cloned().ok_or_else(|| {
        let names: Vec<&str> = units.iter().filter_map(|unit| unit.get("name").and_then(Tree::as_str)).collect();
        let hint = crate::options::nearest(name, names.iter().copied())
            .map(|near| format!("; the nearest is {near:?}"))
            .unwrap_or_default();
        Error::new(&code::UNKNOWN_UNIT, format!("the server has no unit {name:?}{hint}")).with("key", "unit")
    })
}

fn ask<'a>(call: &Task<'a>, verb: &'a str) -> Ask<'a> {
    Ask { verb, target: call.target, args: call.args }
}

/// `unit: null` clears it; an empty time zone makes the series naive.
fn update(session: &MeshSession, call: &Task<'_>) -> Result<Box<dyn Answer>> {
    let ask = ask(call, "update_resource");
    let target = ask.target()?;
    let key = key(target)
        .ok_or_else(|| Error::option("target", format!("{target:?} was no key of a series; \"key:7\" is one")))?;
    let mut fields = Object::default();
    fields.insert("timeseries_resource_key", Tree::Int(key));
    let mut mask = Vec::new();
    if let Some(curve) = ask.get("curve_type") {
        mask.push(Tree::from("new_curve_type"));
        fields.insert("new_curve_type", curve.clone());
    }
    if let Some(given) = call.args.get("unit") {
        mask.push(Tree::from("new_unit_of_measurement_id"));
        if !given.is_null() {
            fields.insert("new_unit_of_measurement_id", unit(session, text(call.args, "unit")?, call)?);
        }
    }
    if let Some(zone) = call.args.get("time_zone") {
        mask.push(Tree::from("new_time_zone"));
        if !zone.is_null() {
            fields.insert("new_time_zone", zone.clone());
        }
    }
    if mask.is_empty() {
        return Err(Error::option("unit", "update_resource needs unit, curve_type or time_zone"));
    }
    fields.insert("field_mask", Tree::Array(mask));
    once(session, "time_series.v1alpha.TimeseriesService/UpdateTimeseriesResource", fields, call)?;
    Ok(plain(&Tree::Null))
}

/// The target is the whole path, `Resource/…/name`. The series can be used after the commit.
fn create(session: &MeshSession, call: &Task<'_>) -> Result<Box<dyn Answer>> {
    let ask = ask(call, "create_series");
    let target = ask.target()?;
    let inside =
        target.strip_prefix("Resource/").and_then(|rest| rest.rsplit_once('/')).filter(|(_, name)| !name.is_empty());
    let (catalogs, name) = inside.ok_or_else(|| {
        Error::option("target", format!("{target:?} was no place of a series; \"Resource/Catalog/name\" is one"))
    })?;
    let mut fields = Object::default();
    fields.insert("path", Tree::from(format!("/{catalogs}/")));
    fields.insert("name", Tree::from(name));
    fields.insert("curve_type", ask.need("curve_type")?.clone());
    fields.insert("resolution", ask.need("resolution")?.clone());
    ask.need("unit")?;
    fields.insert("unit_of_measurement_id", unit(session, text(call.args, "unit")?, call)?);
    if let Some(zone) = ask.get("time_zone") {
        fields.insert("time_zone", zone.clone());
    }
    let made = once(session, "time_series.v1alpha.TimeseriesService/CreatePhysicalTimeseries", fields, call)?;
    Ok(plain(&Shown::from(made).value))
}

fn text<'a>(args: &'a Args, name: &str) -> Result<&'a str> {
    args.str(name)?.ok_or_else(|| Error::option(name, format!("{name} was not given")))
}
