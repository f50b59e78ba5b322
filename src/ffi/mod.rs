//! The C boundary: the only place with C types. One file per section of `include/haft.h`, which is generated from the
//! doc comments here (`cargo run -p haft-tools -- header`), so they speak to C programmers and use no Rust markup.
//!
//! Every entry has the same shape: its body stands inside `entry!` (`barrier.rs`), pointers become references through
//! `handle.rs`, text through `text.rs`, `const haft_value *` through `value_pointer.rs`, and what the host gave as a
//! triple of function, data and drop through `host.rs`.
//!
//! What the host promises is said once for all entries: pointers are NULL or came from this library and were not freed,
//! text ends with NUL, buffers are as long as said, out-parameters may be written.

#![allow(unsafe_code, reason = "the boundary turns the host's pointers into references")]
#![allow(non_camel_case_types, reason = "the types carry the names of the C header")]
#![allow(clippy::doc_markdown, rustdoc::bare_urls, reason = "the comments become those of the C header")]
#![allow(clippy::missing_safety_doc, reason = "the promises are the same for every entry: see the head of this folder")]

#[macro_use]
mod barrier;
mod arrow;
mod handle;
mod host;
mod owned;
mod text;
mod value_pointer;

pub mod arguments;
pub mod errors;
pub mod events;
pub mod library;
mod plugins;
pub mod responses;
pub mod sessions;
pub mod values;

/// A C `bool` that comes from outside. It is read as an integer: a host in another language may pass any byte, and a
/// Rust `bool` of 2 would be undefined behaviour.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct CBool(u8);

impl CBool {
    /// Whether it is not zero.
    pub fn get(self) -> bool {
        self.0 != 0
    }
}

impl From<bool> for CBool {
    fn from(value: bool) -> CBool {
        CBool(u8::from(value))
    }
}
