//! The mutable form of structured data: arguments, options, details, snapshots.

use std::sync::Arc;

use super::{Provider, Reader};

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

/// Named values in the order in which they were set.
#[derive(Clone, Debug, Default)]
pub struct Object {
    entries: Vec<(Arc<str>, Tree)>,
}

impl Object {
    /// Sets a member in its place, or at the end.
    pub fn insert(&mut self, key: &str, value: Tree) {
        match self.entries.iter_mut().find(|(name, _)| &**name == key) {
            Some((_, old)) => *old = value,
            None => self.entries.push((key.into(), value)),
        }
    }

    /// A member.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        self.entries.iter().find(|(name, _)| &**name == key).map(|(_, value)| value)
    }

    /// A member to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Tree> {
        self.entries.iter_mut().find(|(name, _)| &**name == key).map(|(_, value)| value)
    }

    /// Takes a member out.
    pub fn remove(&mut self, key: &str) -> Option<Tree> {
        let at = self.entries.iter().position(|(name, _)| &**name == key)?;
        Some(self.entries.remove(at).1)
    }

    /// The members in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tree)> {
        self.entries.iter().map(|(key, value)| (&**key, value))
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<'a, V: Into<Tree>> FromIterator<(&'a str, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (&'a str, V)>>(members: I) -> Object {
        let mut object = Object::default();
        for (key, value) in members {
            object.insert(key, value.into());
        }
        object
    }
}

impl Tree {
    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Tree::Text(text) => Some(text),
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

    /// Whether it is the explicit None.
    pub fn is_null(&self) -> bool {
        matches!(self, Tree::Null)
    }
}

impl From<&str> for Tree {
    fn from(text: &str) -> Tree {
        Tree::Text(text.into())
    }
}

impl From<String> for Tree {
    fn from(text: String) -> Tree {
        Tree::Text(text.into())
    }
}

impl From<i64> for Tree {
    fn from(number: i64) -> Tree {
        Tree::Int(number)
    }
}

impl From<f64> for Tree {
    fn from(number: f64) -> Tree {
        Tree::Double(number)
    }
}

impl From<bool> for Tree {
    fn from(truth: bool) -> Tree {
        Tree::Bool(truth)
    }
}

impl From<Object> for Tree {
    fn from(object: Object) -> Tree {
        Tree::Object(object)
    }
}

impl From<Vec<Tree>> for Tree {
    fn from(items: Vec<Tree>) -> Tree {
        Tree::Array(items)
    }
}
