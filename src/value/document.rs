//! The frozen form of structured data: one arena, whose nodes the host points at. Serves design section 3 "value".

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, OnceLock},
};

use rustc_hash::FxBuildHasher;

use super::{
    Object, Series, Tree,
    fill::{Exact, Extra, Fill},
    keys::{Keys, NONE},
    node::Node,
    page::{Kind, NodeCell, Pages},
    texts::Texts,
};

/// The types of `haft.h`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i32)]
pub enum Type {
    /// Nothing.
    Null = 0,
    /// A truth value.
    Bool = 1,
    /// A whole number.
    Int = 2,
    /// A number.
    Double = 3,
    /// Text.
    String = 4,
    /// Bytes.
    Bytes = 5,
    /// Values in order.
    Array = 6,
    /// Named values in order.
    Object = 7,
    /// Columns.
    Series = 8,
    /// A reader of the host (in arguments only).
    Reader = 9,
    /// A provider of the host (in arguments only).
    Provider = 10,
}

/// Objects with more members than this are searched through an index, made when the first of them is searched. Below,
/// a walk over neighbouring cells is as quick, and an answer of many entities needs no index at all.
const MANY: u32 = 128;

/// A frozen value with all that it holds. Never moves once made (it is handed out boxed, and must stay in that box or be
/// turned into an `Arc` of the box): nodes point back at it.
pub struct Document {
    /// The JSON it was read from, with NULs behind the strings in place; empty if it was made from a tree.
    pub(super) text: Vec<u8>,
    /// Strings that had escapes, and those of a tree; each with a NUL.
    pub(super) own: Vec<u8>,
    pub(super) pages: Pages,
    pub(super) keys: Keys,
    pub(super) extras: Vec<Extra>,
    exact: Vec<Exact>,
    numbers: u32,
    parsed: bool,
    /// The root when it is not the last cell: its place, counted from 1.
    top: u64,
    texts: OnceLock<Texts>,
    /// Offset of the last member by (first child, key), for the objects with many members.
    members: OnceLock<HashMap<(u64, u32), u32, FxBuildHasher>>,
}

impl Document {
    /// Freezes a tree. Bytes, series, readers and providers are shared with it.
    pub fn from_tree(tree: &Tree) -> Box<Document> {
        let mut fill = Fill::for_tree();
        fill.tree(tree, 0, NONE);
        fill.finish(Vec::new(), false)
    }

    /// Freezes an object, as [`Document::from_tree`] does.
    pub fn from_object(object: &Object) -> Box<Document> {
        let mut fill = Fill::for_tree();
        fill.object(object, 0, NONE);
        fill.finish(Vec::new(), false)
    }

    /// A document that is one value, which is the whole of the own buffer but for the NUL behind it.
    pub(super) fn of_one(kind: Kind, size: u32, own: Vec<u8>) -> Box<Document> {
        Document {
            text: Vec::new(),
            own,
            pages: Pages::of_one(NodeCell::new(kind, 0, size, 0)),
            keys: Keys::default(),
            extras: Vec::new(),
            exact: Vec::new(),
            numbers: 0,
            parsed: false,
            top: 0,
            texts: OnceLock::new(),
            members: OnceLock::new(),
        }
        .sealed()
    }

    /// An object of texts, as [`Document::from_object`] makes it, without the detour.
    pub fn of_texts(members: &[(&str, &str)]) -> Box<Document> {
        let mut fill = Fill::for_tree();
        let mut previous = NONE;
        for (name, text) in members {
            let Some(key) = fill.keys.intern(name, NONE, previous) else { continue };
            fill.text(key, text);
            previous = key;
        }
        fill.close(Kind::Object, 0, 0);
        fill.finish(Vec::new(), false)
    }

    /// A document that is null.
    pub fn null() -> Box<Document> {
        Fill::with_room(1).finish(Vec::new(), false)
    }

    pub(super) fn seal(fill: Fill, text: Vec<u8>, parsed: bool) -> Box<Document> {
        let Fill { pages, own, keys, numbers, extras, exact, .. } = fill;
        Document {
            text,
            own,
            pages,
            keys,
            extras,
            exact,
            numbers,
            parsed,
            top: 0,
            texts: OnceLock::new(),
            members: OnceLock::new(),
        }
        .sealed()
    }

    fn sealed(self) -> Box<Document> {
        let mut document = Box::new(self);
        let address = std::ptr::from_ref(&*document).expose_provenance();
        document.pages.seal(address);
        document
    }

    /// The root.
    pub fn root(&self) -> Node<'_> {
        static NULL: NodeCell = NodeCell::NULL;
        let cell = if self.top == 0 { self.pages.last() } else { self.pages.get(self.top - 1) };
        Node::new(self, cell.unwrap_or(&NULL))
    }

    /// The same document with a member of a member … of its root for its root; unchanged when there is none. Nothing is
    /// copied, and what is around it stays in memory.
    #[must_use]
    pub fn narrowed(mut self: Box<Document>, path: &[&str]) -> Box<Document> {
        let mut top = self.top;
        for key in path {
            let cell = if top == 0 { self.pages.last() } else { self.pages.get(top - 1) };
            let Some(cell) = cell.filter(|cell| cell.kind() == Kind::Object) else { return self };
            let Some(id) = self.keys.find(key) else { return self };
            let members = self.pages.run(cell.value, cell.len);
            let Some(after) = members.rev().position(|member| member.key() == id) else { return self };
            top = cell.value + u64::from(cell.len) - after as u64;
        }
        self.top = top;
        self
    }

    /// The node whose cell lies at this address, which came from [`Node::address`] of this document.
    #[inline]
    pub fn node_at(&self, address: usize) -> Option<Node<'_>> {
        self.pages.at(address).map(|cell| Node::new(self, cell))
    }

    /// The text of a number.
    pub(super) fn number_text(&self, ordinal: u32) -> Option<&[u8]> {
        let texts = self.texts.get_or_init(|| {
            if self.parsed {
                Texts::scan(&self.text, self.numbers, &self.exact)
            } else {
                Texts::format(self.pages.all(), self.numbers, &self.exact)
            }
        });
        texts.get(ordinal)
    }

    /// The last member of an object with this key.
    pub(super) fn member(&self, object: &NodeCell, key: &str) -> Option<&NodeCell> {
        let id = self.keys.find(key)?;
        if object.len <= MANY {
            return self.pages.run(object.value, object.len).rev().find(|cell| cell.key() == id);
        }
        let members = self.members.get_or_init(|| {
            let mut members = HashMap::default();
            for object in self.pages.all().filter(|cell| cell.kind() == Kind::Object && cell.len > MANY) {
                for (at, cell) in (0_u32..).zip(self.pages.run(object.value, object.len)) {
                    members.insert((object.value, cell.key()), at);
                }
            }
            members
        });
        self.pages.get(object.value + u64::from(*members.get(&(object.value, id))?))
    }

    pub(super) fn series_of(&self, cell: &NodeCell) -> Option<&Arc<Series>> {
        match self.extra(cell)? {
            Extra::Series(series) => Some(series),
            _ => None,
        }
    }

    pub(super) fn extra(&self, cell: &NodeCell) -> Option<&Extra> {
        if cell.kind() != Kind::Extra {
            return None;
        }
        self.extras.get(usize::try_from(cell.value).ok()?)
    }

    /// Whether numbers have a text of their own.
    pub(super) fn is_exact(&self) -> bool {
        self.parsed || !self.exact.is_empty()
    }
}

impl fmt::Debug for Document {
    /// Only what kind of thing it is: the content may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({:?}, {})", self.root().kind(), self.root().count())
    }
}
