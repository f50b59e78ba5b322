//! The forms in which a host gives points: a series; a list of `{time, value, flags}` or of `[time, value, flags]`; columns
//! `{times, values, flags}`, also under the server's names; or an item that was read from several series at once, which
//! has a series as a member. Flags may be left out; a value that is null is missing, and flagged so unless flags say more.

use std::sync::Arc;

use crate::{
    backends::mesh::form::milliseconds,
    engine::arrow::MISSING,
    error::{Error, Result},
    value::{Object, Series, Tree},
};

/// The points that stand under `key`. A series is shared, not copied.
///
/// # Errors
/// `argument` when it is none of the forms, naming the place.
pub fn given(key: &str, value: &Tree) -> Result<Arc<Series>> {
    match value {
        Tree::Series(series) => Ok(series.clone()),
        Tree::Array(items) => rows(key, items).map(Arc::new),
        Tree::Object(object) => match object.get("series") {
            Some(Tree::Series(series)) => Ok(series.clone()),
            Some(Tree::Object(object)) => columns(key, object).map(Arc::new),
            _ => columns(key, object).map(Arc::new),
        },
        other => Err(wrong(key, "a series, a list of points or an object of columns", other)),
    }
}

fn rows(key: &str, items: &[Tree]) -> Result<Series> {
    let mut series = with_room(items.len());
    for (index, item) in items.iter().enumerate() {
        let (time, value, flags) = match item {
            Tree::Array(parts) => match parts.as_slice() {
                [time, value] => (Some(time), Some(value), None),
                [time, value, flags] => (Some(time), Some(value), Some(flags)),
                _ => {
                    let message =
                        format!("`{key}[{index}]` had {} items; a point is [time, value, flags]", parts.len());
                    return Err(Error::option(key, message).with("index", index));
                }
            },
            Tree::Object(object) => {
                known(key, object, &["time", "value", "flags"]).map_err(|error| error.with("index", index))?;
                // A value that was forgotten is not one that is missing on purpose.
                if object.get("value").is_none() {
                    let message = format!("`{key}[{index}]` had no value; a missing one is null");
                    return Err(Error::option(key, message).with("index", index));
                }
                (object.get("time"), object.get("value"), object.get("flags"))
            }
            other => {
                return Err(wrong(&format!("{key}[{index}]"), "a point", other).with("key", key).with("index", index));
            }
        };
        let place = |part: &str| format!("{key}[{index}].{part}");
        push(
            &mut series,
            [time.unwrap_or(&Tree::Null), value.unwrap_or(&Tree::Null), flags.unwrap_or(&Tree::Null)],
            place,
        )
        .map_err(|error| error.with("key", key).with("index", index))?;
    }
    Ok(series)
}

fn columns(key: &str, object: &Object) -> Result<Series> {
    known(key, object, &["times", "utc_time", "values", "value", "flags"])?;
    let (times, values) = (column(key, object, ["times", "utc_time"])?, column(key, object, ["values", "value"])?);
    // No points at all are a deletion: that is said with empty columns, not with none.
    let (Some(times), Some(values)) = (times, values) else {
        return Err(Error::option(key, format!("`{key}` had no columns `times` and `values`")));
    };
    let flags = column(key, object, ["flags", "flags"])?;
    let flags_count = flags.map_or(times.len(), <[Tree]>::len);
    if times.len() != values.len() || times.len() != flags_count {
        let message = format!(
            "`{key}` had columns of different lengths: {} times, {} values, {flags_count} flags",
            times.len(),
            values.len()
        );
        return Err(Error::option(key, message));
    }
    let mut series = with_room(times.len());
    for (index, (time, value)) in times.iter().zip(values).enumerate() {
        let flags = flags.and_then(|flags| flags.get(index)).unwrap_or(&Tree::Null);
        let place = |part: &str| match part {
            "flags" => format!("{key}.flags[{index}]"),
            part => format!("{key}.{part}s[{index}]"),
        };
        push(&mut series, [time, value, flags], place).map_err(|error| error.with("key", key).with("index", index))?;
    }
    Ok(series)
}

fn column<'a>(key: &str, object: &'a Object, names: [&str; 2]) -> Result<Option<&'a [Tree]>> {
    let Some((name, value)) = names.into_iter().find_map(|name| Some((name, object.get(name)?))) else {
        return Ok(None);
    };
    match value {
        Tree::Array(items) => Ok(Some(items)),
        Tree::Null => Ok(None),
        other => Err(wrong(&format!("{key}.{name}"), "an array", other).with("key", key)),
    }
}

fn push(series: &mut Series, [time, value, flags]: [&Tree; 3], place: impl Fn(&str) -> String) -> Result<()> {
    let moment = match time {
        Tree::Text(text) => milliseconds(text),
        other => other.as_int(),
    };
    let moment = moment.ok_or_else(|| wrong(&place("time"), "a time in UTC milliseconds or as ISO 8601 text", time))?;
    let missing = value.is_null();
    let number = if missing { Some(f64::NAN) } else { value.as_double() };
    let number = number.ok_or_else(|| wrong(&place("value"), "a number that a double can hold, or null", value))?;
    let bits = match flags {
        Tree::Null => Some(if missing { MISSING } else { 0 }),
        other => other.as_int().and_then(|flags| u32::try_from(flags).ok()),
    };
    let bits = bits.ok_or_else(|| wrong(&place("flags"), "a whole number from 0 to 4294967295", flags))?;
    series.times.push(moment);
    series.values.push(number);
    series.flags.push(bits);
    Ok(())
}

fn known(key: &str, object: &Object, names: &[&str]) -> Result<()> {
    match object.iter().find(|(name, _)| !names.contains(name)) {
        Some((name, _)) => Err(Error::option(
            key,
            format!("`{key}` had {name:?}, which points have not; they have {}", names.join(", ")),
        )),
        None => Ok(()),
    }
}

fn wrong(place: &str, wanted: &str, found: &Tree) -> Error {
    let shown = match found {
        Tree::Int(_) | Tree::Double(_) | Tree::Number(..) | Tree::Text(_) => found.to_json().chars().take(40).collect(),
        other => other.kind_name().to_owned(),
    };
    Error::option(place, format!("`{place}` must be {wanted}, and it was {shown}"))
}

fn with_room(count: usize) -> Series {
    Series { times: Vec::with_capacity(count), values: Vec::with_capacity(count), flags: Vec::with_capacity(count) }
}
