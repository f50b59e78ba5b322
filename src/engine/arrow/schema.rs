//! Where the three columns of points are: they are known by name, in any order and among others, and their types are
//! checked here, so that rows can be copied without looking.

use super::{damaged, flatbuffer::Table};
use crate::error::Result;

/// The names of the columns (spec/mesh.md 5.3).
pub const TIME: &str = "utc_time";
/// As above.
pub const FLAGS: &str = "flags";
/// As above.
pub const VALUE: &str = "value";

/// Where a column is among the parts of each batch of rows.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The name, for messages.
    pub name: &'static str,
    /// Its place among the columns.
    pub node: usize,
    /// The place of its first buffer, the one that tells which rows are null; the content follows.
    pub buffer: usize,
}

/// How long one step of the times is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// So many milliseconds.
    Times(i64),
    /// So many of them are a millisecond.
    Parts(i64),
}

/// The columns of points.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    /// Signed 64-bit counts since 1970 in UTC.
    pub times: Column,
    /// Of what.
    pub unit: Unit,
    /// 32 bits.
    pub flags: Column,
    /// Doubles.
    pub values: Column,
}

/// What a type looks like in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Type {
    Timestamp(Unit),
    Bits32,
    Double,
    /// Another one, with so many buffers.
    Other(usize),
}

/// A message of the format gives types by these numbers.
const TYPES: [&str; 27] = [
    "none",
    "null",
    "an integer",
    "a float",
    "binary",
    "text",
    "a boolean",
    "a decimal",
    "a date",
    "a time of day",
    "a timestamp",
    "an interval",
    "a list",
    "a struct",
    "a union",
    "binary of fixed size",
    "a list of fixed size",
    "a map",
    "a duration",
    "large binary",
    "large text",
    "a large list",
    "run-end encoded",
    "a binary view",
    "a text view",
    "a list view",
    "a large list view",
];

impl Columns {
    /// Finds them.
    ///
    /// # Errors
    /// `protocol` when one is missing, doubled or of another type, or when another column cannot be passed over.
    pub fn read(schema: Table<'_>) -> Result<Columns> {
        let broken = || damaged("its schema was broken");
        if schema.number(0, [0; 2]).ok_or_else(broken)? != [0; 2] {
            return Err(damaged("its numbers were big-endian"));
        }
        let (mut times, mut flags, mut values) = (None, None, None);
        let mut buffer = 0;
        for (node, field) in schema.tables(1).ok_or_else(broken)?.enumerate() {
            let field = field.ok_or_else(broken)?;
            let name = field.text(0).ok_or_else(broken)?;
            let number = u8::from_le_bytes(field.number(2, [0]).ok_or_else(broken)?);
            let dictionary = field.table(4).ok_or_else(broken)?.is_some();
            let nested = field.tables(5).ok_or_else(broken)?.next().is_some();
            // A column of words holds numbers of words, in two buffers.
            let of = if dictionary { Some(Type::Other(2)) } else { Type::read(number, field) };
            let of = of.ok_or_else(|| unreadable(name, number))?;
            let (name, doubled, right) = match name {
                b"utc_time" => {
                    let Type::Timestamp(unit) = of else { return Err(mistyped(TIME, number, dictionary)) };
                    (TIME, times.replace((Column { name: TIME, node, buffer }, unit)).is_some(), true)
                }
                b"flags" => (FLAGS, flags.replace(Column { name: FLAGS, node, buffer }).is_some(), of == Type::Bits32),
                b"value" => (VALUE, values.replace(Column { name: VALUE, node, buffer }).is_some(), of == Type::Double),
                _ if nested => return Err(unreadable(name, number)),
                _ => ("", false, true),
            };
            if doubled {
                return Err(damaged(format_args!("it had two columns {name:?}")));
            }
            if !right || (nested && !name.is_empty()) {
                return Err(mistyped(name, number, dictionary));
            }
            buffer += of.buffers();
        }
        let missing = |name: &str| damaged(format_args!("it had no column {name:?}"));
        let (times, unit) = times.ok_or_else(|| missing(TIME))?;
        let flags = flags.ok_or_else(|| missing(FLAGS))?;
        let values = values.ok_or_else(|| missing(VALUE))?;
        Ok(Columns { times, unit, flags, values })
    }
}

impl Type {
    /// `None` for a broken one, and for one of which it is not plain how many buffers it has.
    fn read(number: u8, field: Table<'_>) -> Option<Type> {
        let of = field.table(3)?;
        // The precision of a float, the unit of a timestamp.
        let which = || match of {
            Some(of) => of.number(0, [0; 2]).map(i16::from_le_bytes),
            None => Some(0),
        };
        Some(match number {
            2 if i32::from_le_bytes(of?.number(0, [0; 4])?) == 32 => Type::Bits32,
            3 if which()? == 2 => Type::Double,
            10 => Type::Timestamp(match which()? {
                0 => Unit::Times(1000),
                1 => Unit::Times(1),
                2 => Unit::Parts(1000),
                3 => Unit::Parts(1_000_000),
                _ => return None,
            }),
            1 => Type::Other(0),
            2 | 3 | 6..=9 | 11 | 15 | 18 => Type::Other(2),
            4 | 5 | 19 | 20 => Type::Other(3),
            _ => return None,
        })
    }

    fn buffers(self) -> usize {
        match self {
            Type::Other(buffers) => buffers,
            _ => 2,
        }
    }
}

fn type_name(number: u8, dictionary: bool) -> &'static str {
    if dictionary { "a dictionary" } else { TYPES.get(usize::from(number)).copied().unwrap_or("unknown") }
}

fn mistyped(name: &str, number: u8, dictionary: bool) -> crate::error::Error {
    let wanted = match name {
        TIME => "a timestamp",
        FLAGS => "an integer of 32 bits",
        _ => "a float of 64 bits",
    };
    damaged(format_args!("the type of its column {name:?} was {}, and not {wanted}", type_name(number, dictionary)))
}

fn unreadable(name: &[u8], number: u8) -> crate::error::Error {
    let shown: String = String::from_utf8_lossy(name).chars().take(40).collect();
    damaged(format_args!("the type of its column {shown:?} ({}) cannot be read", type_name(number, false)))
}
