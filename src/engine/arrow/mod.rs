//! Points of time series as Mesh sends them (spec/mesh.md 5.3): an Arrow stream with one column each of times, flags and
//! values. Only this one schema, uncompressed, is spoken; what is written is to the byte what the official client writes,
//! and what is read may differ in all ways that leave the numbers where they can be copied from at once.
//!
//! | part | what |
//! |---|---|
//! | `stream` | messages: marks, lengths, heads, bodies |
//! | `flatbuffer` | the format of the heads |
//! | `schema` | where the three columns are |
//! | `batch` | copies rows |
//! | `write` | the other direction |
//! | `outflow` | the same bytes, made as they are sent |

mod batch;
mod flatbuffer;
mod outflow;
mod schema;
mod stream;
mod write;

use std::fmt::Display;

pub use outflow::Outflow;
pub use write::{append, fitting, size, write};

use crate::{
    error::{Error, Result, code},
    value::Series,
};
use batch::Batch;
use schema::Columns;
use stream::{Message, Stream};

/// The flag of a point without a value (spec/mesh.md 5.4).
pub const MISSING: u32 = 0x0400_0000;

/// Reads points. No bytes are no points; a value that is null is not a number and flagged as missing.
///
/// The content is gone through twice: first only from head to head, to know how many points there are. No column grows
/// while it is filled, and no more is allocated than there are bytes.
///
/// # Errors
/// `protocol` when it is no such stream, compressed, cut off or damaged.
pub fn read(bytes: &[u8]) -> Result<Series> {
    let mut series = Series::default();
    if bytes.is_empty() {
        return Ok(series);
    }
    let (mut columns, mut rows) = (None, 0_usize);
    let mut stream = Stream::new(bytes);
    while let Some(message) = stream.next_message()? {
        match (message, &columns) {
            (Message::Schema(schema), None) => columns = Some(Columns::read(schema)?),
            (Message::Schema(_), Some(_)) => return Err(damaged("it had a second schema")),
            (Message::Rows(head, body), Some(_)) => rows = rows.saturating_add(Batch::read(head, body)?.rows),
            (Message::Rows(..), None) => return Err(damaged("its points came before its schema")),
            // Columns of words are none of ours.
            (Message::Dictionary, _) => {}
        }
    }
    let Some(columns) = columns else { return Err(damaged("it had no schema")) };
    series.times.reserve_exact(rows);
    series.flags.reserve_exact(rows);
    series.values.reserve_exact(rows);
    let mut stream = Stream::new(bytes);
    while let Some(message) = stream.next_message()? {
        if let Message::Rows(head, body) = message {
            Batch::read(head, body)?.append(&columns, &mut series)?;
        }
    }
    Ok(series)
}

fn damaged(what: impl Display) -> Error {
    Error::new(&code::PROTOCOL, format!("an Arrow stream of points could not be read: {what}"))
}
