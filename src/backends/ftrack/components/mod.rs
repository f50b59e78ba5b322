//! Components: units of data, and in which location they are (spec/ftrack.md 9).
//!
//! | file | what |
//! |---|---|
//! | `errand` | what a call lends to accessors and structures |

mod errand;

pub use errand::Errand;
