//! JSON text in the form that Python's `json.dumps(value, sort_keys=True)` has: the hash of the schemas is made of it.

use std::fmt::Write;

use md5::{Digest, Md5};
use serde_json::Value;

use crate::endpoint::to_hex;

/// MD5 over the Python text, in lower-case hexadecimal digits.
pub fn hash(value: &Value) -> String {
    let mut text = String::new();
    put(&mut text, value);
    to_hex(&Md5::digest(text))
}

fn put(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => put_float(out, float),
            _ => out.push_str(&number.to_string()),
        },
        Value::String(text) => put_text(out, text),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                put(out, item);
            }
            out.push(']');
        }
        // The map keeps its keys sorted by their bytes, which is the order of code points that Python has.
        Value::Object(map) => {
            out.push('{');
            for (at, (key, item)) in map.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                put_text(out, key);
                out.push_str(": ");
                put(out, item);
            }
            out.push('}');
        }
    }
}

fn put_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

/// Shortest digits, an exponent below 1e-4 and from 1e16 on, and always a point or an exponent.
fn put_float(out: &mut String, float: f64) {
    let size = float.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{float:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
        let _ = write!(out, "{digits}e{sign}{exponent:0>2}");
    } else {
        let _ = write!(out, "{float:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The expected text and hash were made with Python 3.11's `json` and `hashlib`.
    #[test]
    fn the_text_is_pythons() {
        let value =
            json!({"b": [1, 2.5, 1e16, 1e-5, 100.0, -0.0], "a": {"ü": "é\n\u{1f600}\u{7f}", "z": null, "t": true}});
        let mut text = String::new();
        put(&mut text, &value);
        let expected = r#"{"a": {"t": true, "z": null, "\u00fc": "\u00e9\n\ud83d\ude00\u007f"}, "b": [1, 2.5, 1e+16, 1e-05, 100.0, -0.0]}"#;
        assert_eq!(text, expected);
        assert_eq!(hash(&value), EXPECTED);
    }

    const EXPECTED: &str = "284861042b237423e576d828dddd6dbd";
}
