//! Structured data: what the host writes (a mutable [`Tree`]) and what it reads (a frozen [`Document`]).
//!
//! | file | what |
//! |---|---|
//! | `tree`, `object`, `host` | the mutable form and what of the host travels in it |
//! | `document`, `node` | the frozen form and how it is read |
//! | `page`, `keys`, `texts`, `fill` | how the frozen form lies in memory and is made |
//! | `pipe` | bytes that go on while they are read |
//! | `raw` | a message before it is a document |
//! | `draft` | a document written value by value |
//! | `parse`, `mend`, `inner` | JSON in |
//! | `write`, `number` | JSON out |
//! | `arrow` | series for the Arrow C data interface |

mod host;
mod object;
mod pipe;
mod tree;

pub use host::{Provider, Reader};
pub use object::Object;
pub use pipe::{Outlet, Pipe};
pub use tree::{Series, Tree};

mod document;
mod draft;
mod fill;
mod inner;
mod keys;
mod mend;
mod node;
mod page;
mod parse;
mod raw;
mod texts;

pub mod number;
pub mod write;

pub use document::{Document, Type};
pub use draft::{Again, Draft, Open, Place};
pub use node::Node;
pub use number::python_float;
pub use page::PAGE;
pub use parse::DEPTH;
pub use raw::Raw;

#[cfg(test)]
mod tests;
