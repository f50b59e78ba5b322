//! Components: units of data, and in which location they are (spec/ftrack.md 9).
//!
//! | file | what |
//! |---|---|
//! | `errand` | what a call lends to accessors and structures |
//! | `named` | which component or location the host means |
//! | `pattern` | sequences of files as text |
//! | `create` | components from files |
//! | `add`, `remove` | into a location, and out of it |
//! | `register` | where it is noted in which location they are |
//! | `staged` | what has to be committed before |
//! | `availability` | how much of them is where |

pub mod add;
pub mod availability;
pub mod create;
mod errand;
pub mod named;
pub mod pattern;
pub mod register;
pub mod remove;
mod staged;

pub use errand::Errand;
