//! The fields of an answer: a view over its raw head, which is looked at only when somebody asks.

use std::borrow::Cow;

use crate::value::Tree;

use super::{exchange::head, headers::latin1};

/// A raw head: status line, fields, and the empty line (which may be missing).
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    head: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Looks at a head.
    pub fn new(head: &'a [u8]) -> Fields<'a> {
        Fields { head }
    }

    /// The raw head.
    pub fn raw(self) -> &'a [u8] {
        self.head
    }

    /// The status line without its line end.
    pub fn status_line(self) -> &'a [u8] {
        next_line(self.head).map_or(&[], |(line, _)| line)
    }

    /// `1.1`, `1.0` … as text; empty if the line has none.
    pub fn version(self) -> &'a str {
        let line = self.status_line();
        let end = memchr::memchr(b' ', line).unwrap_or(line.len());
        line.get(..end)
            .and_then(|word| std::str::from_utf8(word).ok())
            .and_then(|word| word.strip_prefix("HTTP/"))
            .unwrap_or_default()
    }

    /// The status, 0 if the line has none.
    pub fn status(self) -> u16 {
        let mut words = self.status_line().split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        words.nth(1).and_then(|word| std::str::from_utf8(word).ok()).and_then(|word| word.parse().ok()).unwrap_or(0)
    }

    /// The reason phrase: UTF-8, else latin-1.
    pub fn reason(self) -> Cow<'a, str> {
        text(head::reason(self.status_line()))
    }

    /// Every field in the order and case of the wire. Folded lines are joined with one space. A line without a colon
    /// or without a name is passed over.
    pub fn iter(self) -> FieldIter<'a> {
        FieldIter { rest: next_line(self.head).map_or(&[], |(_, rest)| rest) }
    }

    /// The fields as a list of pairs, for the host.
    pub fn to_tree(self) -> Tree {
        let pair = |(name, value): (&[u8], Cow<'_, [u8]>)| {
            Tree::Array(vec![Tree::from(&*text(name)), Tree::from(&*text(&value))])
        };
        Tree::Array(self.iter().map(pair).collect())
    }

    /// The first value of a field, as bytes.
    pub fn get(self, name: &str) -> Option<Cow<'a, [u8]>> {
        self.values(name).next()
    }

    /// The first value of a field, as text: UTF-8, else latin-1.
    pub fn get_text(self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name).map(cow_text)
    }

    /// All values of a field, as texts.
    pub fn get_all(self, name: &str) -> Vec<Cow<'a, str>> {
        self.values(name).map(cow_text).collect()
    }

    /// The values of a field joined by `, `, as the map view of requests shows them.
    pub fn get_joined(self, name: &str) -> Option<Cow<'a, str>> {
        let mut values = self.values(name);
        let mut joined = cow_text(values.next()?);
        for value in values {
            let joined = joined.to_mut();
            joined.push_str(", ");
            joined.push_str(&cow_text(value));
        }
        Some(joined)
    }

    /// Whether there is such a field.
    pub fn contains(self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    /// Whether a line begins with this name: a cheap look, because most names that are asked for are not there.
    fn mentions(self, name: &[u8]) -> bool {
        memchr::memchr_iter(b'\n', self.head)
            .any(|end| self.head.get(end + 1..end + 1 + name.len()).is_some_and(|line| line.eq_ignore_ascii_case(name)))
    }

    /// The values of a field, as bytes.
    pub fn values(self, name: &str) -> impl Iterator<Item = Cow<'a, [u8]>> {
        let fields = if self.mentions(name.as_bytes()) { self.iter() } else { FieldIter { rest: &[] } };
        fields.filter(move |(field, _)| field.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }
}

/// See [`Fields::iter`].
#[derive(Clone, Debug)]
pub struct FieldIter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for FieldIter<'a> {
    type Item = (&'a [u8], Cow<'a, [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (line, rest) = next_line(self.rest)?;
            if line.is_empty() {
                self.rest = &[];
                return None;
            }
            self.rest = rest;
            let mut value = memchr::memchr(b':', line).map(|colon| {
                let (name, value) = line.split_at(colon);
                (name.trim_ascii_end(), Cow::Borrowed(value.get(1..).unwrap_or_default().trim_ascii()))
            });
            while let Some((folded, rest)) =
                next_line(self.rest).filter(|(line, _)| matches!(line.first(), Some(b' ' | b'\t')))
            {
                self.rest = rest;
                if let Some((_, value)) = &mut value {
                    let value = value.to_mut();
                    value.push(b' ');
                    value.extend_from_slice(folded.trim_ascii());
                }
            }
            match value {
                Some((name, value)) if !name.is_empty() && !matches!(line.first(), Some(b' ' | b'\t')) => {
                    return Some((name, value));
                }
                _ => {}
            }
        }
    }
}

/// The text up to the next line end, and what follows it. None at the end.
fn next_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    if bytes.is_empty() {
        return None;
    }
    let end = memchr::memchr(b'\n', bytes);
    let (line, rest) = match end {
        Some(end) => (bytes.get(..end)?, bytes.get(end + 1..)?),
        None => (bytes, &[][..]),
    };
    Some((line.strip_suffix(b"\r").unwrap_or(line), rest))
}

/// Bytes of a head as text: UTF-8, else each byte as the latin-1 character.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(latin1(bytes)),
    }
}

fn cow_text(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => text(bytes),
        Cow::Owned(bytes) => Cow::Owned(text(&bytes).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] =
        b"HTTP/1.1 200 Fein \xc3\xbc  \r\nA: 1\r\n  two\r\n\tthree \r\nB:   x  \r\nb: y\r\nC:\r\nSet-Cookie: a=1\r\n\
        Set-Cookie: b=2\r\nD: \xe9 \r\nE: \xc3\xbc\r\nno colon\r\n\r\nF: not a field";

    #[test]
    fn status_line() {
        let fields = Fields::new(HEAD);
        assert_eq!((fields.version(), fields.status(), &*fields.reason()), ("1.1", 200, "Fein ü"));
        let latin = Fields::new(b"HTTP/1.0 404 N\xe4h\r\n\r\n");
        assert_eq!((latin.version(), latin.status(), &*latin.reason()), ("1.0", 404, "Näh"));
        let short = Fields::new(b"HTTP/1.1 204\r\n\r\n");
        assert_eq!((short.status(), &*short.reason()), (204, ""));
        let wide = Fields::new(b"HTTP/1.1  200   Fine  day \r\n\r\n");
        assert_eq!((wide.status(), &*wide.reason()), (200, "Fine  day"));
        assert_eq!(Fields::new(b"").iter().count(), 0);
        assert_eq!(Fields::new(b"ICY").status(), 0);
    }

    #[test]
    fn fields() {
        let fields = Fields::new(HEAD);
        let names: Vec<_> = fields.iter().map(|(name, _)| text(name).into_owned()).collect();
        assert_eq!(names, ["A", "B", "b", "C", "Set-Cookie", "Set-Cookie", "D", "E"]);
        assert_eq!(fields.get_text("a").as_deref(), Some("1 two three"));
        assert_eq!(fields.get_joined("B").as_deref(), Some("x, y"));
        assert_eq!(fields.get_joined("set-cookie").as_deref(), Some("a=1, b=2"));
        assert_eq!(fields.get_all("SET-COOKIE"), ["a=1", "b=2"]);
        assert_eq!(fields.get("c").as_deref(), Some(&b""[..]));
        assert_eq!(fields.get("d").as_deref(), Some(&b"\xe9"[..]));
        assert_eq!(fields.get_text("d").as_deref(), Some("é"));
        assert_eq!(fields.get_text("e").as_deref(), Some("ü"));
        assert!(!fields.contains("f"));
    }
}
