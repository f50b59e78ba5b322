//! The frozen form of structured data: one arena, whose nodes the host points at.

use super::{Series, Tree};

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

/// A frozen value with all that it holds. Never moves once made (it is handed out boxed): nodes point back at it.
#[derive(Debug)]
pub struct Document {}

impl Document {
    /// Freezes a tree.
    pub fn from_tree(tree: &Tree) -> Box<Document> { let _ = tree; todo!() }
    /// The root.
    pub fn root(&self) -> Node<'_> { todo!() }
    /// The node whose cell lies at this address, which came from [`Node::address`] of this document.
    pub fn node_at(&self, address: usize) -> Option<Node<'_>> { let _ = address; todo!() }
}

/// One node of a document.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> { document: &'a Document }

impl<'a> Node<'a> {
    /// The address that the host holds as `const haft_value *`.
    pub fn address(self) -> usize { let _ = self.document; todo!() }
    /// Its type.
    pub fn kind(self) -> Type { todo!() }
    /// JSON pointer look-up; text without a leading `/` is one plain member name; empty is the node itself.
    pub fn at(self, pointer: &str) -> Option<Node<'a>> { let _ = pointer; todo!() }
    /// Items of an array, members of an object, points of a series, else 0.
    pub fn count(self) -> usize { todo!() }
    /// The k-th item, with its key (NUL follows it in memory) in an object.
    pub fn item(self, index: usize) -> Option<(Option<&'a [u8]>, Node<'a>)> { let _ = index; todo!() }
    /// Text of a STRING, source text of a number; a NUL follows it in memory.
    pub fn text(self) -> Option<&'a [u8]> { todo!() }
    /// Bytes of BYTES or of a STRING.
    pub fn bytes(self) -> Option<&'a [u8]> { todo!() }
    /// The number, when it is exactly an int64.
    pub fn int(self) -> Option<i64> { todo!() }
    /// The number, when it is exactly a double.
    pub fn double(self) -> Option<f64> { todo!() }
    /// The truth value.
    pub fn truth(self) -> Option<bool> { todo!() }
    /// The columns.
    pub fn series(self) -> Option<&'a Series> { todo!() }
    /// As JSON text.
    pub fn to_json(self) -> String { todo!() }
    /// As a tree that shares bytes, series, readers and providers.
    pub fn to_tree(self) -> Tree { todo!() }
}
