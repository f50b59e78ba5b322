//! The messages of an Arrow stream ("IPC streaming format"): a mark, the length of the head, the head, the body.

use super::{damaged, flatbuffer::Table};
use crate::error::Result;

/// Before each message since format 0.15; older writers begin with the length.
pub const MARK: [u8; 4] = [0xff; 4];
/// What a file of Arrow begins with; it is no stream.
const FILE: &[u8] = b"ARROW1";

/// The versions of the format whose columns of numbers look the same: V4 and V5.
const VERSIONS: std::ops::RangeInclusive<i16> = 3..=4;

/// What stands in a stream.
#[derive(Debug)]
pub enum Message<'a> {
    /// The names and types of the columns.
    Schema(Table<'a>),
    /// Rows, with their bytes.
    Rows(Table<'a>, &'a [u8]),
    /// The words of a column of numbers of words. No column of points is one.
    Dictionary,
}

/// The messages, one after the other.
#[derive(Clone, Debug)]
pub struct Stream<'a> {
    rest: &'a [u8],
}

impl<'a> Stream<'a> {
    /// From its beginning.
    pub fn new(bytes: &'a [u8]) -> Stream<'a> {
        Stream { rest: bytes }
    }

    /// The next message. A stream may end with a mark, or just end.
    ///
    /// # Errors
    /// `protocol` when it is cut off or damaged.
    pub fn next_message(&mut self) -> Result<Option<Message<'a>>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        if self.rest.starts_with(FILE) {
            return Err(damaged("it was an Arrow file instead of a stream"));
        }
        let mut length: [u8; 4] = self.take()?;
        if length == MARK {
            length = self.take()?;
        }
        let length = i32::from_le_bytes(length);
        if length == 0 {
            // What stands behind the end is not looked at, as all readers do.
            self.rest = &[];
            return Ok(None);
        }
        let Ok(length) = usize::try_from(length) else {
            return Err(damaged(format_args!("the head of a message had a length of {length}")));
        };
        let Some((head, rest)) = self.rest.split_at_checked(length) else {
            return Err(short("the head of a message", length, self.rest.len()));
        };
        let Some(head) = Head::read(head) else { return Err(damaged("the head of a message was broken")) };
        if !VERSIONS.contains(&head.version) {
            return Err(damaged(format_args!("version {} of its format is not known", head.version)));
        }
        let Some((body, rest)) = usize::try_from(head.body).ok().and_then(|body| rest.split_at_checked(body)) else {
            return Err(short("the body of a message", head.body, rest.len()));
        };
        self.rest = rest;
        match (head.kind, head.content) {
            (1, Some(schema)) => Ok(Some(Message::Schema(schema))),
            (2, _) => Ok(Some(Message::Dictionary)),
            (3, Some(rows)) => Ok(Some(Message::Rows(rows, body))),
            (kind, _) => Err(damaged(format_args!("a message of kind {kind} was not expected"))),
        }
    }

    fn take(&mut self) -> Result<[u8; 4]> {
        match self.rest.split_first_chunk() {
            Some((length, rest)) => {
                self.rest = rest;
                Ok(*length)
            }
            None => Err(short("the length of a message", 4, self.rest.len())),
        }
    }
}

fn short(what: &str, wanted: impl std::fmt::Display, left: usize) -> crate::error::Error {
    damaged(format_args!("{what} was to have {wanted} bytes, and {left} were left"))
}

/// What every message begins with.
struct Head<'a> {
    version: i16,
    kind: u8,
    content: Option<Table<'a>>,
    body: i64,
}

impl<'a> Head<'a> {
    fn read(bytes: &'a [u8]) -> Option<Head<'a>> {
        let head = Table::root(bytes)?;
        Some(Head {
            version: i16::from_le_bytes(head.number(0, [0; 2])?),
            kind: u8::from_le_bytes(head.number(1, [0])?),
            content: head.table(2)?,
            body: i64::from_le_bytes(head.number(3, [0; 8])?),
        })
    }
}
