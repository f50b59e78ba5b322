//! What the maintainers run: `cargo run -p haft-tools -- header` and `-- docs`.

#![deny(missing_docs)]

pub mod docs;
pub mod header;
pub mod native;
