//! From what a host writes to the wire. A mistake names the member that it is in.

use super::{Guid, time};
use crate::{
    backends::mesh::{
        points,
        schema::{Field, Form, Kind, Label, Message},
    },
    engine::{
        arrow,
        grpc::protobuf::{put_bytes, put_fixed64, put_nested, put_number, put_varint},
    },
    error::{Error, Result},
    options::nearest,
    value::{Object, Tree},
};

/// Values within values beyond this are refused.
const DEEPEST: usize = 100;

/// Writes a message.
///
/// # Errors
/// `argument` with the member that was wrong under `key`.
pub fn encode(kind: Kind, value: &Tree) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    body(kind, value, &Place { name: "message", above: None }, &mut out)?;
    Ok(out)
}

/// Appends one field of a message: `name` is what a mistake in it is called.
///
/// # Errors
/// `argument`.
pub fn field(of: &Message, number: u32, value: &Tree, name: &str, out: &mut Vec<u8>) -> Result<()> {
    let Some(field) = of.fields.iter().find(|field| field.number == number) else { return Ok(()) };
    put(field, value, &Place { name, above: None }, out)
}

/// An object, attribute or series as it is addressed: a path, `id:GUID` or `key:NUMBER`, or the three as members.
///
/// # Errors
/// `argument` when it is none of them.
pub fn address(text: &str, name: &str) -> Result<Object> {
    let mut object = Object::with_capacity(1);
    if let Some(id) = text.strip_prefix("id:") {
        let guid = Guid::parse(id).ok_or_else(|| {
            Error::option(name, format!("{id:?} was no id; 00112233-4455-6677-8899-aabbccddeeff is one"))
        })?;
        object.insert("id", Tree::from(guid.to_string()));
    } else if let Some(key) = text.strip_prefix("key:") {
        let key: i64 = key
            .parse()
            .map_err(|_| Error::option(name, format!("{key:?} was no key of a time series: keys are whole numbers")))?;
        object.insert("timeseries_key", Tree::Int(key));
    } else if text.is_empty() {
        return Err(Error::option(name, format!("{name} was empty; a path, \"id:…\" or \"key:…\" was expected")));
    } else {
        object.insert("path", Tree::from(text));
    }
    Ok(object)
}

/// Where in the host's value something is, for a message.
struct Place<'a> {
    name: &'a str,
    above: Option<&'a Place<'a>>,
}

impl Place<'_> {
    fn path(&self) -> String {
        match self.above {
            // The whole has no name.
            Some(above) if above.above.is_some() || above.name != "message" => {
                format!("{}.{}", above.path(), self.name)
            }
            _ => self.name.to_owned(),
        }
    }

    fn depth(&self) -> usize {
        std::iter::successors(self.above, |place| place.above).count()
    }

    fn wrong(&self, expected: &str, value: &Tree) -> Error {
        let path = self.path();
        Error::option(&path, format!("{path} was {}; {expected} was expected", value.kind_name()))
    }
}

/// The content of a message.
fn body(kind: Kind, value: &Tree, place: &Place<'_>, out: &mut Vec<u8>) -> Result<()> {
    match kind {
        Kind::Message(of) => message(of, value, place, out),
        Kind::Guid => {
            let text = value.as_str().ok_or_else(|| place.wrong("an id as text", value))?;
            let guid = Guid::parse(text).ok_or_else(|| {
                let path = place.path();
                Error::option(
                    &path,
                    format!("{path} was {text:?}, which is no id; 00112233-4455-6677-8899-aabbccddeeff is one"),
                )
            })?;
            put_bytes(1, guid.wire(), out);
            Ok(())
        }
        Kind::Timestamp => {
            let moment = match value {
                Tree::Text(text) => time::milliseconds(text),
                other => other.as_int(),
            };
            let moment = moment.ok_or_else(|| place.wrong("a time in UTC milliseconds or as ISO 8601 text", value))?;
            pair(moment.div_euclid(1000), moment.rem_euclid(1000) * 1_000_000, out);
            Ok(())
        }
        Kind::Duration => {
            let seconds = value.as_double().filter(|seconds| seconds.is_finite() && seconds.abs() < 315_576_000_001.0);
            let seconds = seconds.ok_or_else(|| place.wrong("a number of seconds", value))?;
            #[allow(clippy::cast_possible_truncation, reason = "bounded above")]
            let (whole, nanos) = (seconds.trunc() as i64, (seconds.fract() * 1e9).round() as i64);
            pair(whole, nanos, out);
            Ok(())
        }
        Kind::Empty => match value {
            Tree::Null => Ok(()),
            Tree::Object(object) if object.is_empty() => Ok(()),
            other => Err(place.wrong("nothing", other)),
        },
        Kind::FieldMask => {
            let mut put = |path: &str| put_bytes(1, path.as_bytes(), out);
            match value {
                Tree::Text(paths) => paths.split(',').map(str::trim).filter(|path| !path.is_empty()).for_each(put),
                Tree::Array(paths) => {
                    for path in paths {
                        put(path.as_str().ok_or_else(|| place.wrong("a list of field names", path))?);
                    }
                }
                other => return Err(place.wrong("a list of field names", other)),
            }
            Ok(())
        }
        Kind::Struct => structure(value, place, out),
        Kind::BytesValue => {
            let bytes = value.as_bytes().ok_or_else(|| place.wrong("bytes", value))?;
            if !bytes.is_empty() {
                put_bytes(1, bytes, out);
            }
            Ok(())
        }
        Kind::TextValue => {
            let text = value.as_str().ok_or_else(|| place.wrong("text", value))?;
            if !text.is_empty() {
                put_bytes(1, text.as_bytes(), out);
            }
            Ok(())
        }
        _ => Err(place.wrong("a message", value)),
    }
}

fn pair(seconds: i64, nanos: i64, out: &mut Vec<u8>) {
    if seconds != 0 {
        put_number(1, seconds.cast_unsigned(), out);
    }
    if nanos != 0 {
        put_number(2, nanos.cast_unsigned(), out);
    }
}

fn message(of: &'static Message, value: &Tree, place: &Place<'_>, out: &mut Vec<u8>) -> Result<()> {
    let made;
    let object = match (value, of.form) {
        (Tree::Object(object), _) => object,
        (Tree::Null, _) => return Ok(()),
        (Tree::Text(text), Form::Address) => {
            made = address(text, &place.path())?;
            &made
        }
        (Tree::Int(key), Form::Address) => {
            made = address(&format!("key:{key}"), &place.path())?;
            &made
        }
        (Tree::Array(ends), Form::Interval) => {
            let [start, end] = ends.as_slice() else { return Err(place.wrong("[start, end]", value)) };
            let mut ends = Object::with_capacity(2);
            ends.insert("start_time", start.clone());
            ends.insert("end_time", end.clone());
            made = ends;
            &made
        }
        (Tree::Text(_) | Tree::Int(_), Form::Word) => {
            let Some(field) = of.fields.first() else { return Ok(()) };
            return put(field, value, place, out);
        }
        (other, Form::Address) => return Err(place.wrong("a path, \"id:…\" or \"key:…\"", other)),
        (other, Form::Interval) => return Err(place.wrong("[start, end]", other)),
        (other, _) => return Err(place.wrong("an object", other)),
    };
    if place.depth() > DEEPEST {
        return Err(Error::option(place.name, "a value was too deep"));
    }
    for name in object.keys() {
        if !of.fields.iter().any(|field| field.name == name) {
            let inside = Place { name, above: Some(place) };
            let hint = nearest(name, of.fields.iter().map(|field| field.name))
                .map(|near| format!("; the nearest is {near:?}"))
                .unwrap_or_default();
            return Err(Error::option(&inside.path(), format!("{} has no field {name:?}{hint}", of.name)));
        }
    }
    // In the order of the numbers, as every writer does it.
    let mut group: Option<(u32, &str)> = None;
    for field in of.fields {
        let Some(member) = object.get(field.name).filter(|member| !member.is_null()) else { continue };
        if let Label::OneOf(one) = field.label {
            if let Some((_, first)) = group.filter(|(known, _)| *known == one) {
                let path = Place { name: field.name, above: Some(place) }.path();
                return Err(Error::option(&path, format!("{path} and {first} cannot both be given")));
            }
            group = Some((one, field.name));
        }
        put(field, member, &Place { name: field.name, above: Some(place) }, out)?;
    }
    Ok(())
}

fn put(field: &Field, value: &Tree, place: &Place<'_>, out: &mut Vec<u8>) -> Result<()> {
    if field.label != Label::Many {
        return one(field.kind, field.number, value, field.label == Label::One, place, out);
    }
    let Tree::Array(items) = value else { return Err(place.wrong("a list", value)) };
    if items.is_empty() {
        return Ok(());
    }
    if !matches!(field.kind, Kind::Double | Kind::Int64 | Kind::Int32 | Kind::Uint32 | Kind::Bool | Kind::Enum(_)) {
        return items.iter().try_for_each(|item| one(field.kind, field.number, item, false, place, out));
    }
    put_nested(field.number, out, |out| {
        for item in items {
            match field.kind {
                Kind::Double => {
                    let number = item.as_double().ok_or_else(|| place.wrong("a list of numbers", item))?;
                    out.extend_from_slice(&number.to_le_bytes());
                }
                kind => put_varint(varint(kind, item, place)?, out),
            }
        }
        Ok(())
    })
}

/// One value as a field; a default is left out where that says the same.
fn one(kind: Kind, number: u32, value: &Tree, skips: bool, place: &Place<'_>, out: &mut Vec<u8>) -> Result<()> {
    match kind {
        Kind::Double => {
            let double = value.as_double().ok_or_else(|| place.wrong("a number", value))?;
            if !skips || double.to_bits() != 0 {
                put_fixed64(number, double.to_bits(), out);
            }
        }
        Kind::Int64 | Kind::Int32 | Kind::Uint32 | Kind::Bool | Kind::Enum(_) => {
            let found = varint(kind, value, place)?;
            if !skips || found != 0 {
                put_number(number, found, out);
            }
        }
        Kind::Text => {
            let text = value.as_str().ok_or_else(|| place.wrong("text", value))?;
            if !skips || !text.is_empty() {
                put_bytes(number, text.as_bytes(), out);
            }
        }
        Kind::Bytes => {
            let bytes = value.as_bytes().ok_or_else(|| place.wrong("bytes", value))?;
            if !skips || !bytes.is_empty() {
                put_bytes(number, bytes, out);
            }
        }
        Kind::Points => {
            let series = points::given(&place.path(), value)?;
            // No points are no bytes at all, as the official client sends them.
            if !series.times.is_empty() {
                put_varint(u64::from(number) << 3 | 2, out);
                put_varint(arrow::size(series.times.len()) as u64, out);
                arrow::append(out, &series.times, &series.flags, &series.values);
            }
        }
        _ => put_nested(number, out, |out| body(kind, value, place, out))?,
    }
    Ok(())
}

/// A whole number as the wire has it.
fn varint(kind: Kind, value: &Tree, place: &Place<'_>) -> Result<u64> {
    let range = |low: i64, high: i64| {
        let number = value.as_int().ok_or_else(|| place.wrong("a whole number", value))?;
        if (low..=high).contains(&number) {
            return Ok(number.cast_unsigned());
        }
        let path = place.path();
        Err(Error::option(&path, format!("{path} was {number}; it can be {low} to {high}")))
    };
    match kind {
        Kind::Bool => value.as_bool().map(u64::from).ok_or_else(|| place.wrong("a boolean", value)),
        Kind::Int32 => range(i32::MIN.into(), i32::MAX.into()),
        Kind::Uint32 => range(0, u32::MAX.into()),
        Kind::Enum(of) => match value {
            Tree::Text(name) => of.number_of(name).map(|number| i64::from(number).cast_unsigned()).ok_or_else(|| {
                let path = place.path();
                let names: Vec<&str> = of.values.iter().map(|(name, _)| *name).collect();
                Error::option(&path, format!("{path} was {name:?}; there are {}", names.join(", ")))
            }),
            // A number that the tables have no name for goes through: a newer server may.
            _ => range(i32::MIN.into(), i32::MAX.into()),
        },
        _ => range(i64::MIN, i64::MAX),
    }
}

/// JSON as `google.protobuf.Struct`.
fn structure(value: &Tree, place: &Place<'_>, out: &mut Vec<u8>) -> Result<()> {
    let object = value.as_object().ok_or_else(|| place.wrong("an object", value))?;
    for (name, member) in object.iter() {
        let inside = Place { name, above: Some(place) };
        put_nested(1, out, |out| {
            put_bytes(1, name.as_bytes(), out);
            put_nested(2, out, |out| any(member, &inside, out))
        })?;
    }
    Ok(())
}

/// JSON as `google.protobuf.Value`.
fn any(value: &Tree, place: &Place<'_>, out: &mut Vec<u8>) -> Result<()> {
    if place.depth() > DEEPEST {
        return Err(Error::option(place.name, "a value was too deep"));
    }
    match value {
        Tree::Null => put_number(1, 0, out),
        Tree::Bool(truth) => put_number(4, u64::from(*truth), out),
        #[allow(clippy::cast_precision_loss, reason = "JSON in messages knows doubles alone")]
        Tree::Int(number) => put_fixed64(2, (*number as f64).to_bits(), out),
        Tree::Double(number) | Tree::Number(number, _) => put_fixed64(2, number.to_bits(), out),
        Tree::Text(text) => put_bytes(3, text.as_bytes(), out),
        Tree::Object(_) => put_nested(5, out, |out| structure(value, place, out))?,
        Tree::Array(items) => put_nested(6, out, |out| {
            let inside = Place { name: "[]", above: Some(place) };
            items.iter().try_for_each(|item| put_nested(1, out, |out| any(item, &inside, out)))
        })?,
        other => return Err(place.wrong("JSON", other)),
    }
    Ok(())
}
