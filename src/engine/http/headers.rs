//! The header fields of a request, in their order and case (spec/http.md 1.4, merging 1.1).
//!
//! All fields live in one text that is already the head of the message, `Name: value` and a line end each, so that a
//! copy for one request costs two allocations and writing the head is one copy. The fields of an answer are
//! [`super::fields::Fields`].

use std::fmt;

pub use super::fields::Fields;
use super::query;
use crate::{
    error::{Error, Result, code},
    value::Tree,
};

/// An ordered list of fields. Names keep their case and compare without it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// `Name: value\r\n` for each field.
    text: String,
    /// Lengths of name and value of each field.
    lengths: Vec<(usize, usize)>,
}

/// `: ` and the line end.
const AROUND: usize = 4;

impl Headers {
    /// Reads an object or a list of pairs; a list may repeat names, and so may a list as a value. Values are text, or
    /// bytes, which go out as they are. Null leaves a field out.
    ///
    /// # Errors
    /// `invalid_header`, naming the field.
    pub fn from_tree(tree: &Tree) -> Result<Headers> {
        let mut headers = Headers::default();
        headers.apply(tree)?;
        Ok(headers)
    }

    /// These fields (a session's) with a request's over them: what the request names takes the place of the session's
    /// field, with the request's case; null removes one; new names come last.
    ///
    /// # Errors
    /// As [`Headers::from_tree`].
    pub fn merged(&self, request: Option<&Tree>) -> Result<Headers> {
        let mut headers = self.clone();
        if let Some(request) = request.filter(|request| !request.is_null()) {
            headers.apply(request)?;
        }
        Ok(headers)
    }

    /// Puts an object or a list of pairs over these fields, as [`Headers::merged`] does.
    ///
    /// # Errors
    /// As [`Headers::from_tree`]; the fields before the wrong one are applied then.
    pub fn apply(&mut self, tree: &Tree) -> Result<()> {
        match tree {
            Tree::Null => Ok(()),
            Tree::Object(object) => object.iter().try_for_each(|(name, value)| self.put(name, value, true)),
            Tree::Array(pairs) => {
                let mut seen: Vec<String> = Vec::new();
                for pair in pairs {
                    let Some([name, value]) = pair.as_array() else {
                        return Err(Error::option(
                            "headers",
                            "headers held something that is no pair of name and value",
                        ));
                    };
                    let bytes;
                    let name = match name {
                        Tree::Text(name) => &**name,
                        Tree::Bytes(name) => {
                            bytes = latin1(name);
                            &bytes
                        }
                        other => return Err(wrong_kind("a header name", "", other)),
                    };
                    // The first of a name replaces what was there before; later ones repeat it.
                    let first = !seen.iter().any(|other| other.eq_ignore_ascii_case(name));
                    self.put(name, value, first)?;
                    if first {
                        seen.push(name.to_owned());
                    }
                }
                Ok(())
            }
            _ => Err(Error::option("headers", "headers was neither an object nor a list of pairs")),
        }
    }

    fn put(&mut self, name: &str, value: &Tree, replace: bool) -> Result<()> {
        match value {
            Tree::Null => self.remove(name),
            Tree::Text(value) => {
                check(name, value)?;
                if replace { self.set(name, value) } else { self.push(name, value) }
            }
            Tree::Bytes(value) => {
                let value = latin1(value);
                check(name, &value)?;
                if replace { self.set(name, &value) } else { self.push(name, &value) }
            }
            Tree::Array(values) if !values.iter().any(|value| matches!(value, Tree::Array(_))) => {
                for (index, value) in values.iter().enumerate() {
                    self.put(name, value, replace && index == 0)?;
                }
            }
            other => return Err(wrong_kind("the value of the header", name, other)),
        }
        Ok(())
    }

    /// The first value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (index, start) = self.find(name)?;
        let (name_length, value_length) = self.lengths.get(index)?;
        let value = start + name_length + 2;
        self.text.get(value..value + value_length)
    }

    /// Whether there is such a field.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Sets a field in its place (taking over the new case of the name), or at the end. Further fields of that name
    /// are removed.
    pub fn set(&mut self, name: &str, value: &str) {
        let Some((index, start)) = self.find(name) else {
            self.push(name, value);
            return;
        };
        let end = start + self.lengths.get(index).map_or(0, |(name, value)| name + value + AROUND);
        let line = line(name, value);
        if let Some(lengths) = self.lengths.get_mut(index) {
            *lengths = (name.len(), line.len() - name.len() - AROUND);
        }
        self.text.replace_range(start..end, &line);
        self.remove_after(name, index + 1);
    }

    /// Checks a field as the caller's own are checked, and sets it.
    ///
    /// # Errors
    /// `invalid_header`.
    pub fn set_checked(&mut self, name: &str, value: &str) -> Result<()> {
        check(name, value)?;
        self.set(name, value);
        Ok(())
    }

    /// Adds a field at the end, also when there is one of that name. Line ends and NUL, which a checked field never
    /// has, become spaces: nothing can begin a field of its own.
    pub fn push(&mut self, name: &str, value: &str) {
        let before = self.text.len();
        self.text.reserve(name.len() + value.len() + AROUND);
        push_clean(&mut self.text, name);
        self.text.push_str(": ");
        push_clean(&mut self.text, value);
        let value = self.text.len() - before - name.len() - 2;
        self.text.push_str("\r\n");
        self.lengths.push((name.len(), value));
    }

    /// Removes every field of that name.
    pub fn remove(&mut self, name: &str) {
        self.remove_after(name, 0);
    }

    /// Removes the fields of that name from the field `index` on.
    fn remove_after(&mut self, name: &str, index: usize) {
        let mut start = 0;
        let mut at = 0;
        while let Some(&(name_length, value_length)) = self.lengths.get(at) {
            let length = name_length + value_length + AROUND;
            let same = self.text.get(start..start + name_length).is_some_and(|field| field.eq_ignore_ascii_case(name));
            if same && at >= index {
                self.text.replace_range(start..start + length, "");
                self.lengths.remove(at);
            } else {
                start += length;
                at += 1;
            }
        }
    }

    /// Index and offset of the first field of that name.
    fn find(&self, name: &str) -> Option<(usize, usize)> {
        let bytes = self.text.as_bytes();
        let mut start = 0;
        for (index, (name_length, value_length)) in self.lengths.iter().enumerate() {
            // The length alone tells most names apart, and a request is asked for some ten of them.
            if *name_length == name.len()
                && bytes.get(start..start + name_length)?.eq_ignore_ascii_case(name.as_bytes())
            {
                return Some((index, start));
            }
            start += name_length + value_length + AROUND;
        }
        None
    }

    /// The fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut start = 0;
        self.lengths.iter().map(move |(name_length, value_length)| {
            let value = start + name_length + 2;
            let field = (
                self.text.get(start..start + name_length).unwrap_or_default(),
                self.text.get(value..value + value_length).unwrap_or_default(),
            );
            start = value + value_length + 2;
            field
        })
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// Appends every field as `Name: value` and a line end. A value whose characters all fit into latin-1 goes out in
    /// it, as requests does it (so bytes that were read from a wire go back unchanged); other text as UTF-8.
    pub fn write_into(&self, out: &mut Vec<u8>) {
        if self.text.is_ascii() {
            out.extend_from_slice(self.text.as_bytes());
            return;
        }
        for (name, value) in self.iter() {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(&wire_bytes(value));
            out.extend_from_slice(b"\r\n");
        }
    }

    /// As a list of pairs.
    pub fn to_tree(&self) -> Tree {
        Tree::Array(self.iter().map(|(name, value)| Tree::Array(vec![name.into(), value.into()])).collect())
    }
}

/// A value's bytes on the wire; see [`Headers::write_into`].
pub fn wire_bytes(value: &str) -> std::borrow::Cow<'_, [u8]> {
    if value.is_ascii() {
        return value.as_bytes().into();
    }
    match value.chars().map(|character| u8::try_from(character).ok()).collect::<Option<Vec<u8>>>() {
        Some(bytes) => bytes.into(),
        None => value.as_bytes().into(),
    }
}

/// Bytes as text, each byte the character of its number.
pub(super) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn line(name: &str, value: &str) -> String {
    let mut line = String::with_capacity(name.len() + value.len() + AROUND);
    push_clean(&mut line, name);
    line.push_str(": ");
    push_clean(&mut line, value);
    line.push_str("\r\n");
    line
}

fn push_clean(out: &mut String, text: &str) {
    if memchr::memchr3(b'\r', b'\n', 0, text.as_bytes()).is_none() {
        out.push_str(text);
    } else {
        out.push_str(&text.replace(['\r', '\n', '\0'], " "));
    }
}

/// Holds a field against the rules.
///
/// # Errors
/// `invalid_header`. The message names the field and never shows its value, which may be a secret.
pub fn check(name: &str, value: &str) -> Result<()> {
    // One look at each byte settles nearly all fields.
    let is_token = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_' | b'.' | b'!' | b'#'..=b'\'' | b'*' | b'+' | b'^' | b'`' | b'|' | b'~')
    };
    let plain_name = !name.is_empty() && name.bytes().all(is_token);
    if !plain_name {
        let first_is_space = name.chars().next().is_none_or(char::is_whitespace);
        if first_is_space || !name.is_ascii() || name.bytes().any(|byte| byte == b':' || byte < b' ' || byte == 0x7f) {
            let name = name.escape_debug();
            return Err(Error::new(&code::INVALID_HEADER, format!("the header name \"{name}\" was not allowed")));
        }
    }
    if value.chars().next().is_some_and(|first| first.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&first)) {
        return Err(refused(name, "began with white space"));
    }
    if memchr::memchr3(b'\r', b'\n', 0, value.as_bytes()).is_some() {
        return Err(refused(name, "held a line end or NUL"));
    }
    Ok(())
}

fn refused(name: &str, what: &str) -> Error {
    let key = format!("headers.{name}");
    Error::new(&code::INVALID_HEADER, format!("the value of the header {name} {what}")).with("key", key)
}

fn wrong_kind(what: &str, name: &str, value: &Tree) -> Error {
    let space = if name.is_empty() { "" } else { " " };
    let message = format!("{what}{space}{name} was {}, and must be text or bytes", query::kind(value));
    let error = Error::new(&code::INVALID_HEADER, message);
    if name.is_empty() { error.with("key", "headers") } else { error.with("key", format!("headers.{name}")) }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = |name: &str| {
            ["authorization", "proxy-authorization", "cookie"].iter().any(|known| name.eq_ignore_ascii_case(known))
        };
        f.debug_list()
            .entries(self.iter().map(|(name, value)| (name, if secret(name) { "***" } else { value })))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Object;

    fn pairs(list: &[(&str, Tree)]) -> Tree {
        Tree::Array(list.iter().map(|(name, value)| Tree::Array(vec![(*name).into(), value.clone()])).collect())
    }

    fn wire(headers: &Headers) -> String {
        let mut out = Vec::new();
        headers.write_into(&mut out);
        latin1(&out)
    }

    #[test]
    fn what_is_allowed() {
        // Expected: requests' check_header_validity.
        let table: &[(&str, &str, bool)] = &[
            ("X", "", true),
            ("X", "v", true),
            ("X Y", "v", true),
            ("X", "v ", true),
            ("X", "a\tb", true),
            ("X", "ä€", true),
            ("", "v", false),
            (" X", "v", false),
            (":X", "v", false),
            ("X:", "v", false),
            ("X\r", "v", false),
            ("X\n", "v", false),
            ("X", " v", false),
            ("X", "\tv", false),
            ("X", "\u{a0}v", false),
            ("X", "\u{1c}v", false),
            ("X", "a\rb", false),
            ("X", "a\nb", false),
            ("X", "a\r\n b", false),
            ("X", "\n", false),
            // Stricter than requests, which fails later or sends a field that no server may take.
            ("X", "a\0b", false),
            ("Ü", "v", false),
            ("X\u{1}", "v", false),
        ];
        for (name, value, allowed) in table {
            assert_eq!(check(name, value).is_ok(), *allowed, "{name:?}: {value:?}");
        }
        for value in [Tree::Int(1), Tree::Double(1.5), Tree::Bool(true), Object::default().into()] {
            let error = Headers::from_tree(&Object::from_iter([("X", value)]).into()).unwrap_err();
            assert_eq!(error.code(), "invalid_header");
        }
        assert!(Headers::from_tree(&"text".into()).is_err());
    }

    #[test]
    fn merges_in_the_order_that_requests_sends() {
        // Seen on the wire: case of the request, place of the session.
        let session = Headers::from_tree(&pairs(&[
            ("User-Agent", "ua".into()),
            ("Accept-Encoding", "gzip".into()),
            ("Accept", "*/*".into()),
            ("Connection", "keep-alive".into()),
            ("X-Sess", "1".into()),
        ]))
        .unwrap();
        let request =
            pairs(&[("accept", "z".into()), ("X-New", "n".into()), ("user-agent", Tree::Null), ("x-SESS", "2".into())]);
        let merged = session.merged(Some(&request)).unwrap();
        assert_eq!(
            wire(&merged),
            "Accept-Encoding: gzip\r\naccept: z\r\nConnection: keep-alive\r\nx-SESS: 2\r\nX-New: n\r\n"
        );
        assert_eq!(session.merged(None).unwrap(), session);
        assert_eq!(session.get("CONNECTION"), Some("keep-alive"));
    }

    #[test]
    fn lists_repeat_names_and_replace_what_was_there() {
        let mut headers =
            Headers::from_tree(&pairs(&[("a", "0".into()), ("b", "0".into()), ("A", "1".into())])).unwrap();
        assert_eq!(wire(&headers), "a: 0\r\nb: 0\r\nA: 1\r\n");
        headers.apply(&pairs(&[("A", "x".into()), ("a", "y".into())])).unwrap();
        assert_eq!(wire(&headers), "A: x\r\nb: 0\r\na: y\r\n");
        let list = Tree::Array(vec!["p".into(), "q".into()]);
        headers.apply(&Object::from_iter([("b", list)]).into()).unwrap();
        assert_eq!(wire(&headers), "A: x\r\nb: p\r\na: y\r\nb: q\r\n");
        headers.remove("B");
        headers.set("c", "");
        assert_eq!(wire(&headers), "A: x\r\na: y\r\nc: \r\n");
        assert_eq!(headers.len(), 3);
    }

    #[test]
    fn bytes_on_the_wire() {
        // requests sends "\xe9" as E9 and b"\xc3\xbc" as C3 BC; it cannot send the third.
        let bytes = Tree::Bytes(b"\xc3\xbc"[..].into());
        let headers = Headers::from_tree(&pairs(&[("X", "é".into()), ("Y", bytes), ("Z", "€".into())])).unwrap();
        let mut out = Vec::new();
        headers.write_into(&mut out);
        assert_eq!(out, b"X: \xe9\r\nY: \xc3\xbc\r\nZ: \xe2\x82\xac\r\n");
    }

    #[test]
    fn nothing_smuggles_a_field_in() {
        let mut headers = Headers::default();
        headers.set("X", "1\r\nEvil: 2");
        headers.push("Y\n", "\0");
        assert_eq!(wire(&headers), "X: 1  Evil: 2\r\nY :  \r\n");
        assert!(
            !format!("{:?}", Headers::from_tree(&pairs(&[("Authorization", "s3".into())])).unwrap()).contains("s3")
        );
    }
}
