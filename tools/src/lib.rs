//! What the maintainers run: `cargo run -p haft-tools -- header`.

#![deny(missing_docs)]

pub mod header;
pub mod native;
