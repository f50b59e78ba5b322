//! One value of a document, as it is read. Serves design section 2 "Values".

use std::{borrow::Cow, fmt, sync::Arc};

use super::{
    Document, Object, Provider, Reader, Series, Tree, Type,
    fill::Extra,
    number,
    page::{Kind, NodeCell},
    write,
};

/// One node of a document.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    document: &'a Document,
    cell: &'a NodeCell,
}

impl<'a> Node<'a> {
    #[inline]
    pub(super) fn new(document: &'a Document, cell: &'a NodeCell) -> Node<'a> {
        Node { document, cell }
    }

    /// The address that the host holds as `const haft_value *`: that of the node's cell. Clearing the low bits
    /// (`& !(PAGE - 1)`) gives an exposed address whose first `usize` is the exposed address of the document.
    #[inline]
    pub fn address(self) -> usize {
        // Exposing is free at run time; doing it here and not once keeps it valid wherever the box went since.
        let _ = std::ptr::from_ref(self.document).expose_provenance();
        self.document.pages.expose();
        std::ptr::from_ref(self.cell).addr()
    }

    /// Its document.
    #[inline]
    pub fn document(self) -> &'a Document {
        self.document
    }

    /// Its type.
    pub fn kind(self) -> Type {
        match self.cell.kind() {
            Kind::Null => Type::Null,
            Kind::False | Kind::True => Type::Bool,
            Kind::Int => Type::Int,
            Kind::Double => Type::Double,
            Kind::Text | Kind::Own => Type::String,
            Kind::Array => Type::Array,
            Kind::Object => Type::Object,
            Kind::Blob => Type::Bytes,
            Kind::Extra => match self.document.extra(self.cell) {
                Some(Extra::Bytes(_)) => Type::Bytes,
                Some(Extra::Series(_)) => Type::Series,
                Some(Extra::Reader(_)) => Type::Reader,
                Some(Extra::Provider(_)) => Type::Provider,
                Some(Extra::Text(_)) => Type::String,
                None => Type::Null,
            },
        }
    }

    /// Whether it is null.
    pub fn is_null(self) -> bool {
        self.cell.kind() == Kind::Null
    }

    /// The member of an object with this key; of several the last.
    pub fn get(self, key: &str) -> Option<Node<'a>> {
        if self.cell.kind() != Kind::Object {
            return None;
        }
        self.document.member(self.cell, key).map(|cell| Node { document: self.document, cell })
    }

    /// JSON pointer look-up (RFC 6901); text without a leading `/` is one plain member name; empty is the node itself.
    pub fn at(self, pointer: &str) -> Option<Node<'a>> {
        let Some(path) = pointer.strip_prefix('/') else {
            return if pointer.is_empty() { Some(self) } else { self.get(pointer) };
        };
        path.split('/').try_fold(self, |node, part| match node.cell.kind() {
            Kind::Array => node.item(index(part)?).map(|(_, item)| item),
            Kind::Object => node.get(&unescape(part)?),
            _ => None,
        })
    }

    /// Items of an array, members of an object, points of a series, else 0.
    pub fn count(self) -> usize {
        match self.cell.kind() {
            Kind::Array | Kind::Object => self.cell.len as usize,
            _ => self.series().map_or(0, |series| series.times.len()),
        }
    }

    /// The k-th item, with its key (NUL follows it in memory) in an object.
    #[inline]
    pub fn item(self, index: usize) -> Option<(Option<&'a [u8]>, Node<'a>)> {
        let keyed = match self.cell.kind() {
            Kind::Array => false,
            Kind::Object => true,
            _ => return None,
        };
        if index >= self.cell.len as usize {
            return None;
        }
        let document = self.document;
        let cell = document.pages.get(self.cell.value + index as u64)?;
        let key = if keyed { document.keys.bytes(cell.key()) } else { None };
        Some((key, Node { document, cell }))
    }

    /// The items of an array or the values of an object, in order.
    pub fn items(self) -> impl DoubleEndedIterator<Item = Node<'a>> {
        let count = if matches!(self.cell.kind(), Kind::Array | Kind::Object) { self.cell.len } else { 0 };
        let document = self.document;
        document.pages.run(self.cell.value, count).map(move |cell| Node { document, cell })
    }

    /// The members of an object in order; a key that stands there twice comes twice.
    pub fn members(self) -> impl DoubleEndedIterator<Item = (&'a str, Node<'a>)> {
        let count = if self.cell.kind() == Kind::Object { self.cell.len } else { 0 };
        let document = self.document;
        document
            .pages
            .run(self.cell.value, count)
            .map(move |cell| (document.keys.text(cell.key()).unwrap_or_default(), Node { document, cell }))
    }

    fn part(self, buffer: &'a [u8]) -> Option<&'a [u8]> {
        let start = self.cell.value as usize;
        buffer.get(start..start + self.cell.len as usize)
    }

    /// The text of a STRING alone; a NUL follows it in memory.
    fn string(self) -> Option<&'a [u8]> {
        match self.cell.kind() {
            Kind::Text => self.part(&self.document.text),
            Kind::Own => self.part(&self.document.own),
            Kind::Extra => match self.document.extra(self.cell)? {
                Extra::Text(text) => text.split_last().map(|(_, text)| text),
                _ => None,
            },
            _ => None,
        }
    }

    /// Text of a STRING, source text of a number; a NUL follows it in memory.
    pub fn text(self) -> Option<&'a [u8]> {
        match self.cell.kind() {
            Kind::Int | Kind::Double => self.document.number_text(self.cell.len),
            _ => self.string(),
        }
    }

    /// The text of a STRING.
    pub fn as_str(self) -> Option<&'a str> {
        std::str::from_utf8(self.string()?).ok()
    }

    /// Bytes of BYTES or of a STRING.
    pub fn bytes(self) -> Option<&'a [u8]> {
        match self.cell.kind() {
            Kind::Blob => self.part(&self.document.own),
            Kind::Extra => match self.document.extra(self.cell) {
                Some(Extra::Bytes(bytes)) => Some(bytes),
                _ => self.string(),
            },
            _ => self.string(),
        }
    }

    /// The number, when it is exactly an int64.
    pub fn int(self) -> Option<i64> {
        match self.cell.kind() {
            Kind::Int => Some(self.cell.value.cast_signed()),
            Kind::Double => number::exact_int(f64::from_bits(self.cell.value)),
            _ => None,
        }
    }

    /// The number, when it is exactly a double.
    pub fn double(self) -> Option<f64> {
        match self.cell.kind() {
            Kind::Int => number::exact_double(self.cell.value.cast_signed()),
            Kind::Double => Some(f64::from_bits(self.cell.value)),
            _ => None,
        }
    }

    /// The truth value.
    pub fn truth(self) -> Option<bool> {
        match self.cell.kind() {
            Kind::False => Some(false),
            Kind::True => Some(true),
            _ => None,
        }
    }

    /// The columns.
    pub fn series(self) -> Option<&'a Series> {
        self.document.series_of(self.cell).map(|series| &**series)
    }

    /// The columns with a hold on them.
    pub fn held_series(self) -> Option<&'a Arc<Series>> {
        self.document.series_of(self.cell)
    }

    /// The host's byte source.
    pub fn reader(self) -> Option<&'a Arc<dyn Reader>> {
        match self.document.extra(self.cell)? {
            Extra::Reader(reader) => Some(reader),
            _ => None,
        }
    }

    /// The host's answerer.
    pub fn provider(self) -> Option<&'a Arc<dyn Provider>> {
        match self.document.extra(self.cell)? {
            Extra::Provider(provider) => Some(provider),
            _ => None,
        }
    }

    /// As JSON text, see [`super::write`].
    pub fn to_json(self) -> String {
        let mut out = String::new();
        write::node(self, &mut out);
        out
    }

    /// The text of a number for the writer: its own where it has one.
    pub(super) fn number_json(self) -> Cow<'a, str> {
        match self.cell.kind() {
            Kind::Int => Cow::Owned(self.cell.value.cast_signed().to_string()),
            _ if self.document.is_exact() => String::from_utf8_lossy(self.text().unwrap_or_default()),
            _ => Cow::Owned(number::json_float(f64::from_bits(self.cell.value))),
        }
    }

    /// As a tree that shares bytes, series, readers and providers.
    pub fn to_tree(self) -> Tree {
        self.thaw(&mut vec![None; self.document.keys.len()])
    }

    /// `keys` are the keys that were copied already, each once however often it occurs.
    fn thaw(self, keys: &mut [Option<Arc<str>>]) -> Tree {
        match self.cell.kind() {
            Kind::Null => Tree::Null,
            Kind::False => Tree::Bool(false),
            Kind::True => Tree::Bool(true),
            Kind::Int => Tree::Int(self.cell.value.cast_signed()),
            Kind::Double => {
                let double = f64::from_bits(self.cell.value);
                if self.document.is_exact() {
                    let text = self.number_json();
                    if text != number::json_float(double) {
                        return Tree::Number(double, text.as_ref().into());
                    }
                }
                Tree::Double(double)
            }
            Kind::Text | Kind::Own => Tree::Text(self.as_str().unwrap_or_default().into()),
            Kind::Array => Tree::Array(self.items().map(|item| item.thaw(keys)).collect()),
            Kind::Object => {
                let mut object = Object::with_capacity(self.count());
                for item in self.items() {
                    let id = item.cell.key();
                    let key = match keys.get_mut(id as usize) {
                        Some(slot) => {
                            slot.get_or_insert_with(|| self.document.keys.text(id).unwrap_or_default().into()).clone()
                        }
                        None => continue,
                    };
                    object.insert_shared(key, item.thaw(keys));
                }
                Tree::Object(object)
            }
            Kind::Blob => Tree::Bytes(self.bytes().unwrap_or_default().into()),
            Kind::Extra => match self.document.extra(self.cell) {
                Some(Extra::Bytes(bytes)) => Tree::Bytes(bytes.clone()),
                Some(Extra::Series(series)) => Tree::Series(series.clone()),
                Some(Extra::Reader(reader)) => Tree::Reader(reader.clone()),
                Some(Extra::Provider(provider)) => Tree::Provider(provider.clone()),
                Some(Extra::Text(_)) => Tree::Text(self.as_str().unwrap_or_default().into()),
                None => Tree::Null,
            },
        }
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind())
    }
}

/// An array index of RFC 6901 section 4: digits without a leading zero. `-` is the place after the end: never there.
fn index(part: &str) -> Option<usize> {
    let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || (part.len() > 1 && part.starts_with('0')) {
        return None;
    }
    part.parse().ok()
}

/// `~1` is `/` and `~0` is `~`; any other `~` is an error in the pointer, which then leads nowhere.
fn unescape(part: &str) -> Option<Cow<'_, str>> {
    if !part.contains('~') {
        return Some(Cow::Borrowed(part));
    }
    let mut pieces = part.split('~');
    let mut out = pieces.next()?.to_owned();
    for piece in pieces {
        let (character, rest) = match piece.strip_prefix('0') {
            Some(rest) => ('~', rest),
            None => ('/', piece.strip_prefix('1')?),
        };
        out.push(character);
        out.push_str(rest);
    }
    Some(Cow::Owned(out))
}
