//! The keys of layers: the text that Python makes of type and key, so that programs in Python may share a layer, the bytes of
//! its other key maker, or the host's (spec/ftrack.md 6).

use std::sync::Arc;

use super::host;
use crate::{
    backends::ftrack::query::Key,
    engine::store::Key as LayerKey,
    error::{Error, Result, code},
    value::{Object, Provider, Tree},
};

/// How keys are made.
#[derive(Default)]
pub(super) enum KeyMaker {
    /// As the official client's default: the text that Python makes of type and key.
    #[default]
    Python,
    /// As the official client's `ObjectKeyMaker`: bytes.
    Object,
    /// As the host says.
    Host(Arc<dyn Provider>),
}

impl KeyMaker {
    /// What `cache_key_maker` names.
    pub(super) fn read(value: Option<&Tree>) -> Result<KeyMaker> {
        match value {
            None | Some(Tree::Null) => Ok(KeyMaker::Python),
            Some(Tree::Text(word)) if matches!(&**word, "string" | "text") => Ok(KeyMaker::Python),
            Some(Tree::Text(word)) if &**word == "object" => Ok(KeyMaker::Object),
            Some(Tree::Provider(provider)) => Ok(KeyMaker::Host(Arc::clone(provider))),
            _ => Err(Error::option("cache_key_maker", "cache_key_maker was no provider, \"string\" or \"object\"")),
        }
    }

    /// The key of an entity.
    pub(super) fn key(&self, kind: &str, key: &Key) -> Result<LayerKey> {
        match self {
            KeyMaker::Python => Ok(LayerKey::Text(python(kind, key))),
            KeyMaker::Object => Ok(LayerKey::Bytes(object(kind, key))),
            KeyMaker::Host(provider) => {
                let mut arguments = Object::with_capacity(2);
                arguments.insert("entity_type", Tree::from(kind));
                arguments.insert("entity_key", Tree::Array(key.iter().map(|part| Tree::from(&**part)).collect()));
                match host::ask(&**provider, "cache_key_maker", "key", arguments)? {
                    Some(Tree::Text(text)) => Ok(LayerKey::Text(text.to_string())),
                    Some(Tree::Bytes(bytes)) => Ok(LayerKey::Bytes(bytes.to_vec())),
                    _ => Err(Error::new(&code::PROVIDER, "the key maker brought neither text nor bytes")),
                }
            }
        }
    }
}

/// What the official client's `ObjectKeyMaker` makes of `(kind, [key, …])`: each text pickled, with marks around and
/// between the members of each list.
fn object(kind: &str, key: &Key) -> Vec<u8> {
    const LIST: u8 = 3;
    const BETWEEN: u8 = 0;
    let mut out = Vec::with_capacity(kind.len() + 64);
    out.push(LIST);
    pickle(kind, &mut out);
    out.extend([BETWEEN, LIST]);
    for (at, part) in key.iter().enumerate() {
        if at > 0 {
            out.push(BETWEEN);
        }
        pickle(part, &mut out);
    }
    out.extend([LIST, LIST]);
    out
}

/// `pickle.dumps(text, 2)`: the protocol's number, the text with its length, a place in the memo, the end.
fn pickle(text: &str, out: &mut Vec<u8>) {
    out.extend(*b"\x80\x02X");
    out.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend(text.as_bytes());
    out.extend(*b"q\x00.");
}

/// `str((kind, [key, …]))` of Python.
fn python(kind: &str, key: &Key) -> String {
    let mut out = String::with_capacity(kind.len() + 48);
    out.push('(');
    repr(kind, &mut out);
    out.push_str(", [");
    for (at, part) in key.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        repr(part, &mut out);
    }
    out.push_str("])");
    out
}

/// `repr(text)` of Python.
fn repr(text: &str, out: &mut String) {
    use std::fmt::Write;
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        let number = u32::from(c);
        // Writing to a String cannot fail.
        let _ = match c {
            '\\' => out.write_str("\\\\"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            c if c == quote => write!(out, "\\{c}"),
            ' '..='~' => out.write_char(c),
            c if printable(c) => out.write_char(c),
            _ if number < 0x100 => write!(out, "\\x{number:02x}"),
            _ if number < 0x1_0000 => write!(out, "\\u{number:04x}"),
            _ => write!(out, "\\U{number:08x}"),
        };
    }
    out.push(quote);
}

/// Whether Python shows a character as it is.
fn printable(c: char) -> bool {
    use icu_properties::{CodePointMapData, props::GeneralCategory as Category};
    !matches!(
        CodePointMapData::<Category>::new().get(c),
        Category::Control
            | Category::Format
            | Category::Surrogate
            | Category::PrivateUse
            | Category::Unassigned
            | Category::LineSeparator
            | Category::ParagraphSeparator
            | Category::SpaceSeparator
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ftrack_api.cache.ObjectKeyMaker().key(("T", ["..."]))` of the official client 3.1.0, Python 3.11.
    #[test]
    fn object_keys_are_pythons() {
        let of =
            |kind: &str, parts: &[&str]| object(kind, &parts.iter().map(|part| std::sync::Arc::from(*part)).collect());
        let task = b"\x03\x80\x02X\x04\x00\x00\x00Taskq\x00.\x00\x03\x80\x02X$\x00\x00\x0007dada74-8f10-45a8-92d4-3f11079360d3q\x00.\x03\x03";
        assert_eq!(of("Task", &["07dada74-8f10-45a8-92d4-3f11079360d3"]), task);
        let metadata = b"\x03\x80\x02X\x08\x00\x00\x00Metadataq\x00.\x00\x03\x80\x02X\x01\x00\x00\x00pq\x00.\x00\x80\x02X\x02\x00\x00\x00k1q\x00.\x03\x03";
        assert_eq!(of("Metadata", &["p", "k1"]), metadata);
        let odd = b"\x03\x80\x02X\x01\x00\x00\x00Tq\x00.\x00\x03\x80\x02X\x00\x00\x00\x00q\x00.\x00\x80\x02X\x08\x00\x00\x00\xc3\xbc\xf0\x9f\x98\x80\x00xq\x00.\x03\x03";
        assert_eq!(of("T", &["", "ü\u{1f600}\0x"]), odd);
        let long = of("T", &[&"x".repeat(300)]);
        assert_eq!(long[15..23], *b"\x02X\x2c\x01\x00\x00xx");
    }

    /// Python 3.11: `str(("T", ["..."]))`.
    #[test]
    fn keys_are_pythons() {
        let of = |parts: &[&str]| python("T", &parts.iter().map(|part| std::sync::Arc::from(*part)).collect());
        assert_eq!(of(&["07dada74-8f10-45a8-92d4-3f11079360d3"]), "('T', ['07dada74-8f10-45a8-92d4-3f11079360d3'])");
        assert_eq!(of(&["p", "k1"]), "('T', ['p', 'k1'])");
        assert_eq!(of(&["it's"]), "('T', [\"it's\"])");
        assert_eq!(of(&["it's \"x\""]), "('T', ['it\\'s \"x\"'])");
        assert_eq!(
            of(&["a\\\n\u{1}\u{a0}ü\u{300}\u{2028}\u{e000}\u{1f600}"]),
            "('T', ['a\\\\\\n\\x01\\xa0ü\u{300}\\u2028\\ue000\u{1f600}'])"
        );
    }
}
