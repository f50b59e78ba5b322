//! From the wire to what a host reads. Fields and numbers that the tables do not know are passed over or shown as numbers:
//! a newer server is read as well.

use std::sync::Arc;

use super::Guid;
use crate::{
    backends::mesh::schema::{Field, Kind, Label, Message},
    engine::{
        arrow,
        grpc::protobuf::{Fields, Wire, damaged, varint},
    },
    error::{Error, Result, code},
    value::{Object, Tree},
};

/// Messages within messages beyond this are refused.
const DEEPEST: usize = 100;

/// Reads a message.
///
/// # Errors
/// `protocol` when it is damaged.
pub fn decode(kind: Kind, bytes: &[u8]) -> Result<Tree> {
    value(kind, Wire::Bytes(bytes), 0)
}

fn message(of: &Message, bytes: &[u8], depth: usize) -> Result<Tree> {
    let mut found: Vec<Option<Tree>> = of.fields.iter().map(|_| None).collect();
    let mut fields = Fields::new(bytes);
    while let Some((number, wire)) = fields.next_field()? {
        let Some(at) = of.fields.iter().position(|field| field.number == number) else { continue };
        let (Some(field), Some(place)) = (of.fields.get(at), found.get_mut(at)) else { continue };
        put(field, wire, place, depth)?;
        // The last of a group counts.
        if let Label::OneOf(group) = field.label {
            for (other, place) in of.fields.iter().zip(&mut found) {
                if other.label == Label::OneOf(group) && other.number != number {
                    *place = None;
                }
            }
        }
    }
    let mut object = Object::with_capacity(of.fields.len());
    for (field, found) in of.fields.iter().zip(found) {
        if let Some(value) = found.or_else(|| absent(field)) {
            object.insert(field.name, value);
        }
    }
    Ok(Tree::Object(object))
}

fn put(field: &Field, wire: Wire<'_>, place: &mut Option<Tree>, depth: usize) -> Result<()> {
    if field.label != Label::Many {
        *place = Some(value(field.kind, wire, depth + 1)?);
        return Ok(());
    }
    let Tree::Array(items) = place.get_or_insert_with(|| Tree::Array(Vec::new())) else { return Ok(()) };
    match (wire, field.kind) {
        // Numbers come one after the other in one field.
        (Wire::Bytes(bytes), Kind::Double) => {
            let (chunks, rest) = bytes.as_chunks::<8>();
            if !rest.is_empty() {
                return Err(damaged());
            }
            items.extend(chunks.iter().map(|chunk| Tree::Double(f64::from_le_bytes(*chunk))));
        }
        (Wire::Bytes(mut bytes), Kind::Int64 | Kind::Int32 | Kind::Uint32 | Kind::Bool | Kind::Enum(_)) => {
            while !bytes.is_empty() {
                items.push(value(field.kind, Wire::Varint(varint(&mut bytes)?), depth)?);
            }
        }
        _ => items.push(value(field.kind, wire, depth + 1)?),
    }
    Ok(())
}

/// What a field that was not sent has.
fn absent(field: &Field) -> Option<Tree> {
    match (field.label, field.kind) {
        (Label::Many, _) => Some(Tree::Array(Vec::new())),
        (Label::One, Kind::Double) => Some(Tree::Double(0.0)),
        (Label::One, Kind::Int64 | Kind::Int32 | Kind::Uint32) => Some(Tree::Int(0)),
        (Label::One, Kind::Bool) => Some(Tree::Bool(false)),
        (Label::One, Kind::Text) => Some(Tree::from("")),
        (Label::One, Kind::Bytes) => Some(Tree::Bytes(Arc::from(&[][..]))),
        (Label::One, Kind::Points) => Some(Tree::Series(Arc::default())),
        (Label::One, Kind::Enum(of)) => Some(of.name_of(0).map_or(Tree::Int(0), Tree::from)),
        _ => None,
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "the wire's numbers are two's complement in 64 bits"
)]
fn value(kind: Kind, wire: Wire<'_>, depth: usize) -> Result<Tree> {
    bounded(depth)?;
    Ok(match (kind, wire) {
        (Kind::Double, Wire::Fixed64(bits)) => Tree::Double(f64::from_bits(bits)),
        (Kind::Int64, Wire::Varint(number)) => Tree::Int(number as i64),
        (Kind::Int32, Wire::Varint(number)) => Tree::Int(i64::from(number as i32)),
        (Kind::Uint32, Wire::Varint(number)) => Tree::Int(i64::from(number as u32)),
        (Kind::Bool, Wire::Varint(number)) => Tree::Bool(number != 0),
        (Kind::Enum(of), Wire::Varint(number)) => {
            of.name_of(number as i32).map_or(Tree::Int(i64::from(number as i32)), Tree::from)
        }
        (Kind::Text, Wire::Bytes(bytes)) => Tree::from(text(bytes)?),
        (Kind::Bytes, Wire::Bytes(bytes)) => Tree::Bytes(Arc::from(bytes)),
        (Kind::Points, Wire::Bytes(bytes)) => Tree::Series(Arc::new(arrow::read(bytes)?)),
        (Kind::Message(of), Wire::Bytes(bytes)) => message(of, bytes, depth)?,
        (Kind::Guid, Wire::Bytes(bytes)) => guid(bytes)?,
        (Kind::Timestamp, Wire::Bytes(bytes)) => {
            let (seconds, nanos) = pair(bytes)?;
            Tree::Int(seconds.saturating_mul(1000).saturating_add(nanos.div_euclid(1_000_000)))
        }
        (Kind::Duration, Wire::Bytes(bytes)) => {
            let (seconds, nanos) = pair(bytes)?;
            Tree::Double(seconds as f64 + nanos as f64 / 1e9)
        }
        (Kind::Empty, Wire::Bytes(_)) => Tree::Object(Object::default()),
        (Kind::FieldMask, Wire::Bytes(bytes)) => {
            let mut paths = Vec::new();
            each(bytes, |number, wire| {
                if let (1, Wire::Bytes(path)) = (number, wire) {
                    paths.push(Tree::from(text(path)?));
                }
                Ok(())
            })?;
            Tree::Array(paths)
        }
        (Kind::Struct, Wire::Bytes(bytes)) => structure(bytes, depth)?,
        (Kind::BytesValue, Wire::Bytes(bytes)) => wrapped(bytes, Kind::Bytes, depth)?,
        (Kind::TextValue, Wire::Bytes(bytes)) => wrapped(bytes, Kind::Text, depth)?,
        _ => return Err(damaged()),
    })
}

fn each<'a>(bytes: &'a [u8], mut take: impl FnMut(u32, Wire<'a>) -> Result<()>) -> Result<()> {
    let mut fields = Fields::new(bytes);
    while let Some((number, wire)) = fields.next_field()? {
        take(number, wire)?;
    }
    Ok(())
}

fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| Error::new(&code::PROTOCOL, "a text of the server was not UTF-8"))
}

/// An absent inner id is no id.
fn guid(bytes: &[u8]) -> Result<Tree> {
    let mut found = Tree::Null;
    each(bytes, |number, wire| {
        if let (1, Wire::Bytes(bytes)) = (number, wire) {
            let guid = Guid::from_wire(bytes);
            let guid = guid.ok_or_else(|| {
                Error::new(&code::PROTOCOL, format!("an id of the server had {} bytes instead of 16", bytes.len()))
            })?;
            found = Tree::from(guid.to_string());
        }
        Ok(())
    })?;
    Ok(found)
}

/// Seconds and nanoseconds.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "the wire's numbers are two's complement in 64 bits"
)]
fn pair(bytes: &[u8]) -> Result<(i64, i64)> {
    let (mut seconds, mut nanos) = (0, 0);
    each(bytes, |number, wire| {
        match (number, wire) {
            (1, Wire::Varint(number)) => seconds = number as i64,
            (2, Wire::Varint(number)) => nanos = i64::from(number as i32),
            _ => {}
        }
        Ok(())
    })?;
    Ok((seconds, nanos))
}

fn wrapped(bytes: &[u8], kind: Kind, depth: usize) -> Result<Tree> {
    let mut found = value(kind, Wire::Bytes(&[]), depth)?;
    each(bytes, |number, wire| {
        if number == 1 {
            found = value(kind, wire, depth)?;
        }
        Ok(())
    })?;
    Ok(found)
}

/// `google.protobuf.Struct`: JSON in messages.
fn structure(bytes: &[u8], depth: usize) -> Result<Tree> {
    bounded(depth)?;
    let mut object = Object::default();
    each(bytes, |number, wire| {
        let (1, Wire::Bytes(entry)) = (number, wire) else { return Ok(()) };
        let (mut name, mut member) = ("", Tree::Null);
        each(entry, |number, wire| {
            match (number, wire) {
                (1, Wire::Bytes(bytes)) => name = text(bytes)?,
                (2, Wire::Bytes(bytes)) => member = any(bytes, depth + 1)?,
                _ => {}
            }
            Ok(())
        })?;
        object.insert(name, member);
        Ok(())
    })?;
    Ok(Tree::Object(object))
}

/// `google.protobuf.Value`.
fn any(bytes: &[u8], depth: usize) -> Result<Tree> {
    bounded(depth)?;
    let mut found = Tree::Null;
    each(bytes, |number, wire| {
        found = match (number, wire) {
            (2, Wire::Fixed64(bits)) => Tree::Double(f64::from_bits(bits)),
            (3, Wire::Bytes(bytes)) => Tree::from(text(bytes)?),
            (4, Wire::Varint(number)) => Tree::Bool(number != 0),
            (5, Wire::Bytes(bytes)) => structure(bytes, depth + 1)?,
            (6, Wire::Bytes(bytes)) => {
                let mut items = Vec::new();
                each(bytes, |number, wire| {
                    if let (1, Wire::Bytes(bytes)) = (number, wire) {
                        items.push(any(bytes, depth + 1)?);
                    }
                    Ok(())
                })?;
                Tree::Array(items)
            }
            _ => Tree::Null,
        };
        Ok(())
    })?;
    Ok(found)
}

fn bounded(depth: usize) -> Result<()> {
    if depth > DEEPEST {
        return Err(Error::new(&code::PROTOCOL, "a message of the server was too deep"));
    }
    Ok(())
}
