//! From `const haft_value *` to a node and back: the one place that knows how a value's address leads to its document.
//!
//! The address is that of a node's cell. Cells lie in pages of [`PAGE`] bytes, aligned to their size, whose first word
//! is the exposed address of the [`Document`]. A document is boxed and never moves, and the host promises that the
//! owner of the value lives: so masking the address finds the document without any allocation per value.

use std::ptr;

use super::values::haft_value;
use crate::value::{Document, Node, PAGE};

/// The node that the host points at; `None` for NULL.
///
/// # Safety
/// `value` is NULL or came from [`show`], and the document's owner lives during `'a`.
#[inline]
pub unsafe fn look<'a>(value: *const haft_value) -> Option<Node<'a>> {
    if value.is_null() {
        return None;
    }
    let address = value.addr();
    let page = ptr::with_exposed_provenance::<usize>(address & !(PAGE - 1));
    // SAFETY: the caller's promise: the address lies in a page of a living document, which wrote its own address there
    // and exposed both.
    let document = unsafe { &*ptr::with_exposed_provenance::<Document>(page.read()) };
    document.node_at(address)
}

/// What the host gets to see of a node.
#[inline]
pub fn show(node: Node<'_>) -> *const haft_value {
    // Only its address is ever used.
    ptr::without_provenance(node.address())
}

/// The root of a document, or NULL.
#[inline]
pub fn root(document: Option<&Document>) -> *const haft_value {
    document.map_or(ptr::null(), |document| show(document.root()))
}
