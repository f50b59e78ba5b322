//! Arguments by type. Absent and null are none; anything else of another type is an error that names the key, what was
//! expected and what was found.

use std::time::Duration;

use super::{Args, duration};
use crate::{
    error::{Error, Result},
    value::{Object, Tree},
};

/// The error for a value of a wrong type.
fn mismatch(key: &str, expected: &str, found: &Tree) -> Error {
    Error::option(key, format!("`{key}` must be {expected}, and it was {}", found.kind_name()))
}

/// The text that `value`, found under `key`, is.
///
/// # Errors
/// `argument` if it is neither text nor null.
pub fn text<'a>(key: &str, value: &'a Tree) -> Result<Option<&'a str>> {
    match value {
        Tree::Null => Ok(None),
        Tree::Text(text) => Ok(Some(text)),
        other => Err(mismatch(key, "text", other)),
    }
}

/// The truth value that `value`, found under `key`, is.
///
/// # Errors
/// `argument` if it is neither a boolean nor null.
pub fn boolean(key: &str, value: &Tree) -> Result<Option<bool>> {
    match value {
        Tree::Null => Ok(None),
        Tree::Bool(truth) => Ok(Some(*truth)),
        other => Err(mismatch(key, "a boolean", other)),
    }
}

/// The whole number that `value`, found under `key`, is exactly.
///
/// # Errors
/// `argument` if it is neither a whole number nor null.
pub fn int(key: &str, value: &Tree) -> Result<Option<i64>> {
    if value.is_null() {
        return Ok(None);
    }
    match (value.as_int(), value) {
        (Some(number), _) => Ok(Some(number)),
        (None, Tree::Double(_) | Tree::Number(..)) => Err(Error::option(
            key,
            format!("`{key}` must be a whole number that fits into 64 bits, and it was {}", value.to_json()),
        )),
        (None, other) => Err(mismatch(key, "a whole number", other)),
    }
}

/// The number that `value`, found under `key`, is exactly.
///
/// # Errors
/// `argument` if it is neither a number that a double can hold nor null.
pub fn double(key: &str, value: &Tree) -> Result<Option<f64>> {
    if value.is_null() {
        return Ok(None);
    }
    value.as_double().map(Some).ok_or_else(|| mismatch(key, "a number that a double can hold", value))
}

/// The members that `value`, found under `key`, has.
///
/// # Errors
/// `argument` if it is neither an object nor null.
pub fn object<'a>(key: &str, value: &'a Tree) -> Result<Option<&'a Object>> {
    match value {
        Tree::Null => Ok(None),
        Tree::Object(object) => Ok(Some(object)),
        other => Err(mismatch(key, "an object", other)),
    }
}

impl Args {
    /// An argument (or an entry of a group) as text.
    ///
    /// # Errors
    /// `argument` if it has another type.
    pub fn str(&self, key: &str) -> Result<Option<&str>> {
        self.get(key).map_or(Ok(None), |value| text(key, value))
    }

    /// An argument as a truth value.
    ///
    /// # Errors
    /// `argument` if it has another type.
    pub fn bool(&self, key: &str) -> Result<Option<bool>> {
        self.get(key).map_or(Ok(None), |value| boolean(key, value))
    }

    /// An argument as a whole number.
    ///
    /// # Errors
    /// `argument` if it has another type or is not whole.
    pub fn int(&self, key: &str) -> Result<Option<i64>> {
        self.get(key).map_or(Ok(None), |value| int(key, value))
    }

    /// An argument as a number.
    ///
    /// # Errors
    /// `argument` if it has another type.
    pub fn double(&self, key: &str) -> Result<Option<f64>> {
        self.get(key).map_or(Ok(None), |value| double(key, value))
    }

    /// An argument as a duration: seconds, or text with a unit.
    ///
    /// # Errors
    /// `argument` if it is none.
    pub fn duration(&self, key: &str) -> Result<Option<Duration>> {
        self.get(key).map_or(Ok(None), |value| duration(key, value))
    }

    /// An argument as an object, or a group.
    ///
    /// # Errors
    /// `argument` if it has another type.
    pub fn object(&self, key: &str) -> Result<Option<&Object>> {
        self.get(key).map_or(Ok(None), |value| object(key, value))
    }

    /// An argument as an array.
    ///
    /// # Errors
    /// `argument` if it has another type.
    pub fn array(&self, key: &str) -> Result<Option<&[Tree]>> {
        match self.get(key) {
            None | Some(Tree::Null) => Ok(None),
            Some(Tree::Array(items)) => Ok(Some(items)),
            Some(other) => Err(mismatch(key, "an array", other)),
        }
    }
}
