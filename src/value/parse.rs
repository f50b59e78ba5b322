//! JSON to a document: serde_json's deserializer fills the arena through a seed of ours (the seam where a quicker
//! scanner could come). Serves design section 3 "value"; what is taken beyond the RFC is in
//! `docs/decisions/json-leniency.md`.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{
    Document, Tree,
    fill::{Exact, Fill},
    keys::NONE,
    mend,
    page::Kind,
};
use crate::error::{Error, Result, Status, code};

/// So many arrays and objects may lie in one another. Python gives up at about a thousand; a host's thread may have a
/// small stack, and parsing goes down one call per level.
pub const DEPTH: u32 = 512;

impl Document {
    /// Reads JSON. Strings without escapes stay where they are in `text`, which the document keeps.
    ///
    /// # Errors
    /// `json_decode` with line and column if it is not JSON; `limit` if it has 4 GiB or more.
    pub fn from_json(text: Vec<u8>) -> Result<Box<Document>> {
        // Nothing else is made of it.
        Ok(shaped(text, |_| true)?.unwrap_or_else(|| Document::from_tree(&Tree::Null)))
    }
}

/// Reads JSON and has `shape` choose what of it is the document, by leaving that alone on the stack; `None` when it wants
/// nothing of it.
pub(super) fn shaped(text: Vec<u8>, shape: impl Fn(&mut Fill) -> bool) -> Result<Option<Box<Document>>> {
    let (text, error) = match strict(text, Vec::new(), &shape) {
        Ok(document) => return Ok(document),
        Err(refused) => refused,
    };
    match mend::mend(&text) {
        Some((text, exact)) => strict(text, exact, &shape).map_err(|(_, error)| error),
        None => Err(error),
    }
}

impl Tree {
    /// Reads JSON, with what [`Document::from_json`] takes beyond the RFC.
    ///
    /// # Errors
    /// `json_decode` with line and column if it is not JSON.
    pub fn from_json(text: &str) -> Result<Tree> {
        Ok(Document::from_json(text.as_bytes().to_vec())?.root().to_tree())
    }
}

/// One try; the text comes back unchanged if it fails.
fn strict(
    mut text: Vec<u8>,
    exact: Vec<Exact>,
    shape: &impl Fn(&mut Fill) -> bool,
) -> std::result::Result<Option<Box<Document>>, (Vec<u8>, Error)> {
    // Then every length, offset and ordinal fits into 32 bits.
    if u32::try_from(text.len()).is_err() {
        return Err((text, Error::new(&code::LIMIT, "the JSON had 4 GiB or more")));
    }
    let mut fill = match parse(&text, exact) {
        Ok(fill) => fill,
        Err(error) => return Err((text, error)),
    };
    if !shape(&mut fill) {
        return Ok(None);
    }
    // Only now, when nothing reads the text any more, closing quotes become NULs.
    let mut terminate = |start: u64, len: u32| {
        if let Some(quote) = text.get_mut(start as usize + len as usize) {
            *quote = 0;
        }
    };
    fill.pages.for_each_text(&mut terminate);
    if let Some(root) = fill.stack.last().filter(|root| root.kind() == Kind::Text) {
        terminate(root.value, root.len);
    }
    fill.own.shrink_to_fit();
    Ok(Some(fill.finish(text, true)))
}

fn parse(text: &[u8], exact: Vec<Exact>) -> Result<Fill> {
    let text = std::str::from_utf8(text).map_err(|error| {
        let before = text.get(..error.valid_up_to()).unwrap_or_default();
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let column = before.len() - memchr::memrchr(b'\n', before).map_or(0, |at| at + 1) + 1;
        failure("not UTF-8", line, column)
    })?;
    let mut fill = Fill::with_room(text.len() / 24);
    fill.stack.reserve(if text.len() < 4096 { 32 } else { 1024 });
    fill.exact = exact;
    let mut reading =
        Reading { base: text.as_ptr().addr(), end: text.as_ptr().addr() + text.len(), depth: 0, next_exact: 0, fill };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.disable_recursion_limit();
    One { reading: &mut reading, key: 0, owner: NONE }
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end())
        .map_err(|error| {
            let text = error.to_string();
            let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
            failure(what, error.line(), error.column())
        })?;
    Ok(reading.fill)
}

fn failure(what: &str, line: usize, column: usize) -> Error {
    Error::new(&code::JSON_DECODE, format!("the JSON could not be read: {what} at line {line} column {column}"))
        .status_as(Status::Protocol)
        .with("line", line as i64)
        .with("column", column as i64)
}

struct Reading {
    /// Addresses of the text: a string in between is kept in place.
    base: usize,
    end: usize,
    depth: u32,
    /// Index of the next number whose value is not what the text says.
    next_exact: usize,
    fill: Fill,
}

impl Reading {
    #[inline]
    fn number(&mut self, kind: Kind, key: u32, bits: u64) {
        match self.fill.exact.get(self.next_exact) {
            Some(exact) if exact.ordinal == self.fill.numbers => {
                let bits = exact.number.to_bits();
                self.next_exact += 1;
                self.fill.number(Kind::Double, key, bits);
            }
            _ => self.fill.number(kind, key, bits),
        }
    }

    fn descend<E: de::Error>(&mut self) -> std::result::Result<(), E> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(E::custom(format_args!("more than {DEPTH} levels of arrays and objects")));
        }
        Ok(())
    }
}

/// One value: with its key if it is a member, and the key of the innermost member around it.
struct One<'a> {
    reading: &'a mut Reading,
    key: u32,
    owner: u32,
}

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for One<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    #[inline]
    fn visit_unit<E>(self) -> std::result::Result<(), E> {
        self.reading.fill.push(Kind::Null, self.key, 0, 0);
        Ok(())
    }

    #[inline]
    fn visit_bool<E>(self, truth: bool) -> std::result::Result<(), E> {
        self.reading.fill.push(if truth { Kind::True } else { Kind::False }, self.key, 0, 0);
        Ok(())
    }

    #[inline]
    fn visit_i64<E>(self, number: i64) -> std::result::Result<(), E> {
        self.reading.number(Kind::Int, self.key, number.cast_unsigned());
        Ok(())
    }

    #[inline]
    fn visit_u64<E>(self, number: u64) -> std::result::Result<(), E> {
        match i64::try_from(number) {
            Ok(_) => self.reading.number(Kind::Int, self.key, number),
            Err(_) => self.reading.number(Kind::Double, self.key, (number as f64).to_bits()),
        }
        Ok(())
    }

    #[inline]
    fn visit_f64<E>(self, number: f64) -> std::result::Result<(), E> {
        self.reading.number(Kind::Double, self.key, number.to_bits());
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<(), E> {
        self.reading.fill.text(self.key, text);
        Ok(())
    }

    #[inline]
    fn visit_borrowed_str<E>(self, text: &'de str) -> std::result::Result<(), E> {
        let address = text.as_ptr().addr();
        if address < self.reading.base || address >= self.reading.end {
            self.reading.fill.text(self.key, text);
            return Ok(());
        }
        self.reading.fill.push(Kind::Text, self.key, text.len() as u32, (address - self.reading.base) as u64);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<(), A::Error> {
        self.reading.descend()?;
        let from = self.reading.fill.stack.len();
        while items.next_element_seed(One { reading: &mut *self.reading, key: 0, owner: self.owner })?.is_some() {}
        self.reading.fill.close(Kind::Array, self.key, from);
        self.reading.depth -= 1;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> std::result::Result<(), A::Error> {
        self.reading.descend()?;
        let from = self.reading.fill.stack.len();
        let mut previous = NONE;
        while let Some(id) = members.next_key_seed(Key { reading: &mut *self.reading, owner: self.owner, previous })? {
            members.next_value_seed(One { reading: &mut *self.reading, key: id, owner: id })?;
            previous = id;
        }
        self.reading.fill.close(Kind::Object, self.key, from);
        self.reading.depth -= 1;
        Ok(())
    }
}

/// A key, which becomes its number.
struct Key<'a> {
    reading: &'a mut Reading,
    owner: u32,
    previous: u32,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = u32;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<u32, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    #[inline]
    fn visit_str<E: de::Error>(self, key: &str) -> std::result::Result<u32, E> {
        self.reading
            .fill
            .keys
            .intern(key, self.owner, self.previous)
            .ok_or_else(|| E::custom("too many different keys"))
    }
}
