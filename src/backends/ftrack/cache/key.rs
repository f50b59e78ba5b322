//! The keys of layers: the text that Python makes of type and key, so that programs in Python may share a layer, or the
//! host's (spec/ftrack.md 6).

use std::sync::Arc;

use super::host;
use crate::{
    backends::ftrack::query::Key,
    error::{Error, Result, code},
    value::{Object, Provider, Tree},
};

/// How keys are made.
#[derive(Default)]
pub(super) enum KeyMaker {
    /// As the official client's default.
    #[default]
    Python,
    /// As the host says.
    Host(Arc<dyn Provider>),
}

impl KeyMaker {
    /// What `cache_key_maker` names.
    pub(super) fn read(value: Option<&Tree>) -> Result<KeyMaker> {
        match value {
            None | Some(Tree::Null) => Ok(KeyMaker::Python),
            Some(Tree::Text(word)) if matches!(&**word, "string" | "text") => Ok(KeyMaker::Python),
            Some(Tree::Provider(provider)) => Ok(KeyMaker::Host(Arc::clone(provider))),
            _ => Err(Error::option("cache_key_maker", "cache_key_maker was neither a provider nor \"string\"")),
        }
    }

    /// The key of an entity.
    pub(super) fn key(&self, kind: &str, key: &Key) -> Result<String> {
        match self {
            KeyMaker::Python => Ok(python(kind, key)),
            KeyMaker::Host(provider) => {
                let mut arguments = Object::with_capacity(2);
                arguments.insert("entity_type", Tree::from(kind));
                arguments.insert("entity_key", Tree::Array(key.iter().map(|part| Tree::from(&**part)).collect()));
                match host::ask(&**provider, "cache_key_maker", "key", arguments)? {
                    Some(Tree::Text(text)) => Ok(text.to_string()),
                    _ => Err(Error::new(&code::PROVIDER, "the key maker brought no text")),
                }
            }
        }
    }
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

    /// Python 3.11: `str(("T", ["..."]))`.
    #[test]
    fn keys_are_pythons() {
        let of = |parts: &[&str]| python("T", &parts.iter().map(|part| std::sync::Arc::from(*part)).collect());
        assert_eq!(of(&["07dada74-8f10-45a8-92d4-3f11079360d3"]), "('T', ['07dada74-8f10-45a8-92d4-3f11079360d3'])");
        assert_eq!(of(&["p", "k1"]), "('T', ['p', 'k1'])");
        assert_eq!(of(&["it's"]), "('T', [\"it's\"])");
        assert_eq!(of(&["it's \"x\""]), "('T', ['it\\'s \"x\"'])");
        assert_eq!(of(&["a\\\n\u{1}\u{a0}ü\u{300}\u{2028}\u{e000}\u{1f600}"]), "('T', ['a\\\\\\n\\x01\\xa0ü\u{300}\\u2028\\ue000\u{1f600}'])");
    }
}
