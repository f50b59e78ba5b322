//! JSON bodies as Python's default writer makes them (spec/http.md 1.5): `, ` and `: ` between, all beyond ASCII
//! escaped, numbers as Python writes them.

use super::query;
use crate::{
    error::{Error, Result, code},
    value::{Tree, number::python_float},
};

/// The content type of JSON.
pub const CONTENT_TYPE: &str = "application/json";

/// Nesting that is certainly a mistake, long before the stack ends.
const DEPTH_MAX: usize = 500;

/// Writes a value as JSON.
///
/// # Errors
/// `invalid_json` for NaN, infinities, and what JSON has no form for, naming where it is.
pub fn encode(tree: &Tree) -> Result<String> {
    let mut out = String::new();
    write(tree, &mut out, 0).map_err(|found| {
        let mut place = String::from("json");
        for step in found.place.iter().rev() {
            place.push('/');
            place.push_str(step);
        }
        Error::new(&code::INVALID_JSON, format!("{place} was {}, which JSON cannot hold", found.what))
            .with("key", place)
    })?;
    Ok(out)
}

/// What could not be written, and the way to it, innermost step first.
struct Found {
    what: &'static str,
    place: Vec<String>,
}

impl Found {
    fn new(what: &'static str) -> Found {
        Found { what, place: Vec::new() }
    }

    fn under(mut self, step: impl Into<String>) -> Found {
        self.place.push(step.into());
        self
    }
}

fn write(tree: &Tree, out: &mut String, depth: usize) -> std::result::Result<(), Found> {
    if depth > DEPTH_MAX {
        return Err(Found::new("nested too deeply"));
    }
    match tree {
        Tree::Null => out.push_str("null"),
        Tree::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Tree::Int(number) => out.push_str(&number.to_string()),
        Tree::Double(number) => write_float(*number, out)?,
        // Whole numbers of any length keep their digits; others are what Python would have read.
        Tree::Number(_, source) if query::is_whole(source) => out.push_str(source),
        Tree::Number(number, _) => write_float(*number, out)?,
        Tree::Text(text) => write_text(text, out),
        Tree::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write(item, out, depth + 1).map_err(|found| found.under(index.to_string()))?;
            }
            out.push(']');
        }
        Tree::Object(object) => {
            out.push('{');
            for (index, (key, value)) in object.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_text(key, out);
                out.push_str(": ");
                write(value, out, depth + 1).map_err(|found| found.under(key))?;
            }
            out.push('}');
        }
        Tree::Bytes(_) | Tree::Series(_) | Tree::Reader(_) | Tree::Provider(_) => {
            return Err(Found::new(query::kind(tree)));
        }
    }
    Ok(())
}

fn write_float(number: f64, out: &mut String) -> std::result::Result<(), Found> {
    if !number.is_finite() {
        return Err(Found::new(if number.is_nan() { "NaN" } else { "an infinity" }));
    }
    out.push_str(&python_float(number));
    Ok(())
}

pub(crate) fn write_text(text: &str, out: &mut String) {
    out.push('"');
    // Most texts are plain: they are looked at byte by byte, and copied as a whole.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\') {
        out.push_str(text);
        out.push('"');
        return;
    }
    let mut plain_from = 0;
    for (at, character) in text.char_indices() {
        if matches!(character, ' '..='~') && !matches!(character, '"' | '\\') {
            continue;
        }
        out.push_str(text.get(plain_from..at).unwrap_or_default());
        plain_from = at + character.len_utf8();
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push_str(text.get(plain_from..).unwrap_or_default());
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Object;

    #[test]
    fn as_python_writes_it() {
        // Expected: json.dumps(…, allow_nan=False).
        let table: &[(Tree, &str)] = &[
            (Tree::Null, "null"),
            (Object::default().into(), "{}"),
            (Tree::Array(vec![]), "[]"),
            (1e16.into(), "1e+16"),
            (1.0.into(), "1.0"),
            ((-0.0).into(), "-0.0"),
            (1e-7.into(), "1e-07"),
            (Tree::Number(1.5, "1.50".into()), "1.5"),
            (Tree::Number(1e22, "10000000000000000000000".into()), "10000000000000000000000"),
            (i64::MIN.into(), "-9223372036854775808"),
            ("a\"\\/\n\r\t\u{8}\u{c}\u{0}\u{1f}\u{7f}".into(), "\"a\\\"\\\\/\\n\\r\\t\\b\\f\\u0000\\u001f\\u007f\""),
            ("ä€😀\u{2028}".into(), "\"\\u00e4\\u20ac\\ud83d\\ude00\\u2028\""),
            (
                Object::from_iter([("k", Tree::Array(vec![true.into(), false.into(), Tree::Null])), ("ü", "x".into())])
                    .into(),
                "{\"k\": [true, false, null], \"\\u00fc\": \"x\"}",
            ),
        ];
        for (tree, expected) in table {
            assert_eq!(encode(tree).unwrap(), *expected);
        }
    }

    #[test]
    fn says_where_the_mistake_is() {
        let list = Tree::Array(vec![1.into(), f64::NAN.into()]);
        let error = encode(&Object::from_iter([("a", list)]).into()).unwrap_err();
        assert_eq!((error.code(), error.message()), ("invalid_json", "json/a/1 was NaN, which JSON cannot hold"));
        assert_eq!(
            encode(&f64::INFINITY.into()).unwrap_err().message(),
            "json was an infinity, which JSON cannot hold"
        );
        assert!(encode(&Tree::Bytes(b"x"[..].into())).is_err());
        let mut deep = Tree::Null;
        for _ in 0..1000 {
            deep = Tree::Array(vec![deep]);
        }
        assert!(encode(&deep).is_err());
    }
}
