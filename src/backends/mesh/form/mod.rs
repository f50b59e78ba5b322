//! The JSON form of messages (verbs.md "Mesh"): field names of the tables, Guids as lower-case text, times as UTC
//! milliseconds, durations as seconds, enumerations by name, points as a series.

mod decode;
mod encode;
mod guid;
mod time;

pub use decode::decode;
pub use encode::{address, encode, field};
pub use guid::Guid;
pub use time::{EARLIEST, LATEST, milliseconds};

#[cfg(test)]
mod tests;
