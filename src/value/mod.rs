//! Structured data: what the host writes (a mutable [`Tree`]) and what it reads (a frozen [`Document`]).

mod host;
pub mod number;
mod tree;

pub use host::{Provider, Reader};
pub use tree::{Object, Series, Tree};

mod document;
pub use document::{Document, Node, Type};

/// The size and the alignment, in bytes, of the pages that hold the nodes of a document.
pub const PAGE: usize = 1024;
