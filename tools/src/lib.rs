//! What the maintainers run: `cargo run -p haft-tools -- header`, `-- docs` and `-- proto`.

#![deny(missing_docs)]

pub mod docs;
pub mod header;
pub mod native;
pub mod proto;
