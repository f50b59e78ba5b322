//! What a document is made with: finished children wait on a stack until their parent ends, then they move to the
//! pages together, which makes them contiguous.

use std::sync::Arc;

use super::{
    Document, Object, Provider, Reader, Series, Tree,
    keys::{Keys, NONE},
    page::{Kind, NodeCell, Pages},
};

/// What a node holds that does not fit into sixteen bytes and is no short text.
#[derive(Clone, Debug)]
pub(super) enum Extra {
    Bytes(Arc<[u8]>),
    Series(Arc<Series>),
    Reader(Arc<dyn Reader>),
    Provider(Arc<dyn Provider>),
    /// Text of 4 GiB and more, with its NUL.
    Text(Box<[u8]>),
}

/// A number whose text is not to be had from the document's text (or not to be made by our writer).
#[derive(Clone, Debug)]
pub(super) struct Exact {
    pub ordinal: u32,
    pub number: f64,
    pub text: Arc<str>,
}

/// A document in the making.
#[derive(Debug, Default)]
pub(super) struct Fill {
    pub pages: Pages,
    pub own: Vec<u8>,
    pub keys: Keys,
    pub stack: Vec<NodeCell>,
    /// Numbers so far.
    pub numbers: u32,
    pub extras: Vec<Extra>,
    pub exact: Vec<Exact>,
}

impl Fill {
    /// A beginning, with room for so many nodes.
    pub fn with_room(nodes: usize) -> Fill {
        Fill { pages: Pages::with_room(nodes), ..Fill::default() }
    }

    /// A beginning for a tree: most are small, and these need no second allocation of anything.
    pub fn for_tree() -> Fill {
        Fill { own: Vec::with_capacity(256), stack: Vec::with_capacity(32), ..Fill::with_room(1) }
    }

    /// A finished value waits for its parent.
    #[inline]
    pub fn push(&mut self, kind: Kind, key: u32, len: u32, value: u64) {
        self.stack.push(NodeCell::new(kind, key, len, value));
    }

    /// A number; it takes the next ordinal.
    #[inline]
    pub fn number(&mut self, kind: Kind, key: u32, bits: u64) {
        self.push(kind, key, self.numbers, bits);
        self.numbers = self.numbers.saturating_add(1);
    }

    /// Text into the own buffer, with its NUL.
    pub fn text(&mut self, key: u32, text: &str) {
        match u32::try_from(text.len()) {
            Ok(len) => {
                let at = self.own.len() as u64;
                self.own.reserve(text.len() + 1);
                self.own.extend_from_slice(text.as_bytes());
                self.own.push(0);
                self.push(Kind::Own, key, len, at);
            }
            Err(_) => {
                let mut long = Vec::with_capacity(text.len() + 1);
                long.extend_from_slice(text.as_bytes());
                long.push(0);
                self.extra(key, Extra::Text(long.into()));
            }
        }
    }

    fn extra(&mut self, key: u32, extra: Extra) {
        let at = self.extras.len() as u64;
        self.extras.push(extra);
        self.push(Kind::Extra, key, 0, at);
    }

    /// Everything on the stack from `from` on becomes the children of one node.
    #[inline]
    pub fn close(&mut self, kind: Kind, key: u32, from: usize) {
        let children = self.stack.get(from..).unwrap_or_default();
        let count = u32::try_from(children.len()).unwrap_or(u32::MAX);
        let start = self.pages.append(children);
        self.stack.truncate(from);
        self.push(kind, key, count, start);
    }

    /// Puts a tree on the stack.
    pub fn tree(&mut self, tree: &Tree, key: u32, owner: u32) {
        match tree {
            Tree::Null => self.push(Kind::Null, key, 0, 0),
            Tree::Bool(false) => self.push(Kind::False, key, 0, 0),
            Tree::Bool(true) => self.push(Kind::True, key, 0, 0),
            Tree::Int(number) => self.number(Kind::Int, key, number.cast_unsigned()),
            Tree::Double(number) => self.number(Kind::Double, key, number.to_bits()),
            Tree::Number(number, text) => {
                self.exact.push(Exact { ordinal: self.numbers, number: *number, text: text.clone() });
                self.number(Kind::Double, key, number.to_bits());
            }
            Tree::Text(text) => self.text(key, text),
            Tree::Bytes(bytes) => self.extra(key, Extra::Bytes(bytes.clone())),
            Tree::Series(series) => self.extra(key, Extra::Series(series.clone())),
            Tree::Reader(reader) => self.extra(key, Extra::Reader(reader.clone())),
            Tree::Provider(provider) => self.extra(key, Extra::Provider(provider.clone())),
            Tree::Array(items) => {
                let from = self.stack.len();
                for item in items {
                    self.tree(item, 0, owner);
                }
                self.close(Kind::Array, key, from);
            }
            Tree::Object(object) => self.object(object, key, owner),
        }
    }

    /// Puts an object on the stack.
    pub fn object(&mut self, object: &Object, key: u32, owner: u32) {
        let from = self.stack.len();
        let mut previous = NONE;
        for (name, value) in object.iter() {
            // Only 2^28 different keys exhaust the numbers; a tree of that size does not fit into memory.
            let Some(id) = self.keys.intern(name, owner, previous) else { continue };
            self.tree(value, id, id);
            previous = id;
        }
        self.close(Kind::Object, key, from);
    }

    /// Makes the document; the one value on the stack is its root. `text` is what in-place strings point into.
    pub fn finish(mut self, text: Vec<u8>, parsed: bool) -> Box<Document> {
        let root = self.stack.pop().unwrap_or_else(|| NodeCell::new(Kind::Null, 0, 0, 0));
        self.pages.append(&[root]);
        Document::seal(self, text, parsed)
    }
}
