//! Values as compact JSON: `{"a":1,"b":[true,null]}`, UTF-8 as it is.
//!
//! What JSON has no form for: bytes become base64 text, a series `{"times":[],"values":[],"flags":[]}`, not-a-number
//! and the infinities `NaN`, `Infinity`, `-Infinity` (which our own reader and Python's take), readers and providers
//! null. Numbers keep their source text.

use std::fmt::{Display, Write};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Node, Series, Tree, Type, number};

/// Appends a tree.
pub fn tree(value: &Tree, out: &mut String) {
    match value {
        Tree::Null | Tree::Reader(_) | Tree::Provider(_) => out.push_str("null"),
        Tree::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Tree::Int(number) => whole(number, out),
        Tree::Double(number) => out.push_str(&number::json_float(*number)),
        Tree::Number(_, text) => out.push_str(text),
        Tree::Text(text) => quote(text, out),
        Tree::Bytes(data) => bytes(data, out),
        Tree::Series(columns) => series(columns, out),
        Tree::Array(items) => list(items, out, '[', ']', |item, out| tree(item, out)),
        Tree::Object(object) => list(object.iter(), out, '{', '}', |(key, member), out| {
            quote(key, out);
            out.push(':');
            tree(member, out);
        }),
    }
}

/// Appends a node.
pub fn node(value: Node<'_>, out: &mut String) {
    match value.kind() {
        Type::Null | Type::Reader | Type::Provider => out.push_str("null"),
        Type::Bool => out.push_str(if value.truth() == Some(true) { "true" } else { "false" }),
        Type::Int | Type::Double => out.push_str(&value.number_json()),
        Type::String => quote(value.as_str().unwrap_or_default(), out),
        Type::Bytes => bytes(value.bytes().unwrap_or_default(), out),
        Type::Series => {
            if let Some(columns) = value.series() {
                series(columns, out);
            }
        }
        Type::Array => list(value.items(), out, '[', ']', node),
        Type::Object => list(value.members(), out, '{', '}', |(key, member), out| {
            quote(key, out);
            out.push(':');
            node(member, out);
        }),
    }
}

/// Appends text in quotes, with the escapes that JSON demands.
pub fn quote(text: &str, out: &mut String) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut done = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            8 => "\\b",
            12 => "\\f",
            0..32 => "",
            _ => continue,
        };
        out.push_str(text.get(done..at).unwrap_or_default());
        done = at + 1;
        if escape.is_empty() {
            out.push_str(&format!("\\u{byte:04x}"));
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out.push('"');
}

fn list<T>(
    items: impl IntoIterator<Item = T>,
    out: &mut String,
    open: char,
    close: char,
    mut write: impl FnMut(T, &mut String),
) {
    out.push(open);
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(close);
}

fn whole(number: impl Display, out: &mut String) {
    // Writing into a String cannot fail.
    let _ = write!(out, "{number}");
}

fn bytes(data: &[u8], out: &mut String) {
    out.push('"');
    STANDARD.encode_string(data, out);
    out.push('"');
}

fn series(columns: &Series, out: &mut String) {
    out.push_str("{\"times\":");
    list(&columns.times, out, '[', ']', whole);
    out.push_str(",\"values\":");
    list(&columns.values, out, '[', ']', |value, out| out.push_str(&number::json_float(*value)));
    out.push_str(",\"flags\":");
    list(&columns.flags, out, '[', ']', whole);
    out.push('}');
}
