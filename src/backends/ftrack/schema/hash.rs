//! The hash by which a kept copy of the schemas is known to be the server's (spec/ftrack.md 4.4): MD5 over the JSON that
//! Python's writer makes of them, keys sorted.

use md5::{Digest, Md5};

use crate::value::{Node, Type, number::json_float};

/// The hash of a document in lower-case hexadecimal.
pub fn hash(root: Node<'_>) -> String {
    let mut sink = Sink { digest: Md5::new(), buffer: Vec::with_capacity(FULL * 2) };
    sink.value(root);
    let Sink { mut digest, buffer } = sink;
    digest.update(&buffer);
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Text is hashed in pieces of about this size: a whole copy of it is not needed.
const FULL: usize = 16 << 10;

struct Sink {
    digest: Md5,
    buffer: Vec<u8>,
}

impl Sink {
    fn put(&mut self, text: &str) {
        if self.buffer.len() >= FULL {
            self.digest.update(&self.buffer);
            self.buffer.clear();
        }
        self.buffer.extend_from_slice(text.as_bytes());
    }

    fn value(&mut self, node: Node<'_>) {
        match node.kind() {
            Type::Array => {
                self.put("[");
                for (at, item) in node.items().enumerate() {
                    if at > 0 {
                        self.put(", ");
                    }
                    self.value(item);
                }
                self.put("]");
            }
            Type::Object => {
                let mut members: Vec<_> = node.members().collect();
                // By code point, as Python compares texts; bytes of UTF-8 have the same order.
                members.sort_by(|one, other| one.0.cmp(other.0));
                self.put("{");
                for (at, (key, value)) in members.into_iter().enumerate() {
                    if at > 0 {
                        self.put(", ");
                    }
                    self.text(key);
                    self.put(": ");
                    self.value(value);
                }
                self.put("}");
            }
            Type::String => self.text(node.as_str().unwrap_or_default()),
            Type::Bool => self.put(if node.truth() == Some(true) { "true" } else { "false" }),
            Type::Int => self.put(&node.int().unwrap_or_default().to_string()),
            Type::Double => match node.text() {
                // Whole numbers of any length keep their digits.
                Some(source) if source.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-') => {
                    self.put(&String::from_utf8_lossy(source));
                }
                _ => self.put(&json_float(node.double().unwrap_or_default())),
            },
            _ => self.put("null"),
        }
    }

    fn text(&mut self, text: &str) {
        let mut out = String::with_capacity(text.len() + 2);
        crate::engine::http::json::write_text(text, &mut out);
        self.put(&out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Document;

    /// Python: `hashlib.md5(json.dumps(value, sort_keys=True).encode("ascii")).hexdigest()`.
    #[test]
    fn as_python_hashes() {
        for (json, expected) in [
            ("[]", "d751713988987e9331980363e24189ce"),
            (
                r#"[{"b": 1, "a": [1.5, 1e16, 12345678901234567890, true, null, -0.0]}]"#,
                "b6e03f6a1eae446a7a3d3f5329807e2a",
            ),
            (r#"{"ü": "\ud83d\ude00\n\u007f/", "A": {"z": {}, "y": ""}}"#, "dc8c5103d1b13e73b935fe7ab8634df7"),
        ] {
            let document = Document::from_json(json.into()).unwrap();
            assert_eq!(hash(document.root()), expected, "{json}");
        }
    }
}
