//! The mutable form of structured data: arguments, options, details, snapshots.

use std::sync::Arc;

use super::{Object, Provider, Reader, number, write};

/// One value. Clones of long content are counted, not copied.
#[derive(Clone, Debug, Default)]
pub enum Tree {
    /// Nothing; the explicit None.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Double(f64),
    /// A number whose source text is not what our writer would make of it (`1.50`, `12345678901234567890`).
    Number(f64, Arc<str>),
    /// Text.
    Text(Arc<str>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// Values in order.
    Array(Vec<Tree>),
    /// Named values in order.
    Object(Object),
    /// Points in columns.
    Series(Arc<Series>),
    /// A byte source of the host.
    Reader(Arc<dyn Reader>),
    /// An answerer of the host.
    Provider(Arc<dyn Provider>),
}

/// Points of a time series in columns of equal length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// UTC milliseconds.
    pub times: Vec<i64>,
    /// Values; NaN where there is none.
    pub values: Vec<f64>,
    /// Flags as the server has them.
    pub flags: Vec<u32>,
}

impl Tree {
    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Tree::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes, if it is bytes or text.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Tree::Bytes(bytes) => Some(bytes),
            Tree::Text(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Tree::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The number, if it is exactly an int64.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Tree::Int(number) => Some(*number),
            Tree::Double(number) | Tree::Number(number, _) => number::exact_int(*number),
            _ => None,
        }
    }

    /// The number, if it is exactly a double.
    pub fn as_double(&self) -> Option<f64> {
        match self {
            Tree::Int(number) => number::exact_double(*number),
            Tree::Double(number) | Tree::Number(number, _) => Some(*number),
            _ => None,
        }
    }

    /// The members, if it is an object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Tree::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The items, if it is an array.
    pub fn as_array(&self) -> Option<&[Tree]> {
        match self {
            Tree::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The columns, if it is a series.
    pub fn as_series(&self) -> Option<&Arc<Series>> {
        match self {
            Tree::Series(series) => Some(series),
            _ => None,
        }
    }

    /// The host's byte source, if it is one.
    pub fn as_reader(&self) -> Option<&Arc<dyn Reader>> {
        match self {
            Tree::Reader(reader) => Some(reader),
            _ => None,
        }
    }

    /// The host's answerer, if it is one.
    pub fn as_provider(&self) -> Option<&Arc<dyn Provider>> {
        match self {
            Tree::Provider(provider) => Some(provider),
            _ => None,
        }
    }

    /// A member, if it is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        self.as_object()?.get(key)
    }

    /// Whether it is the explicit None.
    pub fn is_null(&self) -> bool {
        matches!(self, Tree::Null)
    }

    /// What it is, in words for a message: "text", "a number".
    pub fn kind_name(&self) -> &'static str {
        match self {
            Tree::Null => "null",
            Tree::Bool(_) => "a boolean",
            Tree::Int(_) | Tree::Double(_) | Tree::Number(..) => "a number",
            Tree::Text(_) => "text",
            Tree::Bytes(_) => "bytes",
            Tree::Array(_) => "an array",
            Tree::Object(_) => "an object",
            Tree::Series(_) => "a series",
            Tree::Reader(_) => "a reader",
            Tree::Provider(_) => "a provider",
        }
    }

    /// As compact JSON text, see [`super::write`].
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        write::tree(self, &mut out);
        out
    }
}

impl PartialEq for Tree {
    /// Numbers are the same if they have the same type and value (and text, where they carry one); readers and
    /// providers if they are the same one.
    fn eq(&self, other: &Tree) -> bool {
        match (self, other) {
            (Tree::Null, Tree::Null) => true,
            (Tree::Bool(a), Tree::Bool(b)) => a == b,
            (Tree::Int(a), Tree::Int(b)) => a == b,
            (Tree::Double(a), Tree::Double(b)) => a == b || (a.is_nan() && b.is_nan()),
            (Tree::Number(_, a), Tree::Number(_, b)) | (Tree::Text(a), Tree::Text(b)) => a == b,
            (Tree::Bytes(a), Tree::Bytes(b)) => a == b,
            (Tree::Array(a), Tree::Array(b)) => a == b,
            (Tree::Object(a), Tree::Object(b)) => a == b,
            (Tree::Series(a), Tree::Series(b)) => a == b,
            (Tree::Reader(a), Tree::Reader(b)) => Arc::ptr_eq(a, b),
            (Tree::Provider(a), Tree::Provider(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

macro_rules! from {
    ($($type:ty, $name:ident => $tree:expr;)*) => {
        $(impl From<$type> for Tree {
            fn from($name: $type) -> Tree {
                $tree
            }
        })*
    };
}

from! {
    &str, text => Tree::Text(text.into());
    &String, text => Tree::Text(text.as_str().into());
    String, text => Tree::Text(text.into());
    Arc<str>, text => Tree::Text(text);
    (), _nothing => Tree::Null;
    bool, truth => Tree::Bool(truth);
    i32, number => Tree::Int(number.into());
    u16, number => Tree::Int(number.into());
    u32, number => Tree::Int(number.into());
    i64, number => Tree::Int(number);
    f64, number => Tree::Double(number);
    &[u8], bytes => Tree::Bytes(bytes.into());
    Vec<u8>, bytes => Tree::Bytes(bytes.into());
    Arc<[u8]>, bytes => Tree::Bytes(bytes);
    Object, object => Tree::Object(object);
    Vec<Tree>, items => Tree::Array(items);
    Series, series => Tree::Series(Arc::new(series));
    Arc<Series>, series => Tree::Series(series);
    Arc<dyn Reader>, reader => Tree::Reader(reader);
    Arc<dyn Provider>, provider => Tree::Provider(provider);
}

impl From<u64> for Tree {
    /// Beyond int64 it is a double that keeps its text, as in JSON.
    fn from(number: u64) -> Tree {
        match i64::try_from(number) {
            Ok(number) => Tree::Int(number),
            Err(_) => Tree::Number(number as f64, number.to_string().into()),
        }
    }
}

impl From<usize> for Tree {
    fn from(number: usize) -> Tree {
        Tree::from(number as u64)
    }
}

impl<T: Into<Tree>> From<Option<T>> for Tree {
    fn from(value: Option<T>) -> Tree {
        value.map_or(Tree::Null, Into::into)
    }
}

impl<T: Into<Tree>> FromIterator<T> for Tree {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Tree {
        Tree::Array(items.into_iter().map(Into::into).collect())
    }
}
