//! What a text is found by: text, or bytes that are none.

use std::fmt;

use rusqlite::{
    ToSql,
    types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef},
};

/// One key. Text and bytes are never equal, as they are not in SQLite.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Key {
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Key {
    /// Its bytes, whatever it is.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Key::Text(text) => text.as_bytes(),
            Key::Bytes(bytes) => bytes,
        }
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Key {
        Key::Text(text.to_owned())
    }
}

/// For messages.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Text(text) => f.write_str(text),
            Key::Bytes(bytes) => write!(f, "{}", bytes.escape_ascii()),
        }
    }
}

impl ToSql for Key {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Key::Text(text) => text.to_sql(),
            Key::Bytes(bytes) => bytes.to_sql(),
        }
    }
}

impl FromSql for Key {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Key> {
        match value {
            ValueRef::Blob(bytes) => Ok(Key::Bytes(bytes.to_vec())),
            other => other.as_str().map(Key::from),
        }
    }
}
