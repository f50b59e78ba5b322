//! Named values in the order in which they were first set.

use std::{collections::HashMap, sync::Arc};

use super::Tree;

/// Objects with more members than this keep an index.
const MANY: usize = 32;

/// Named values in the order in which they were set.
#[derive(Clone, Debug, Default)]
pub struct Object {
    entries: Vec<(Arc<str>, Tree)>,
    /// Where each key is; absent while there are few. Boxed because it is rare and every tree node has room for it.
    index: Option<Box<HashMap<Arc<str>, usize>>>,
}

impl Object {
    /// No members, with room for some.
    pub fn with_capacity(members: usize) -> Object {
        Object { entries: Vec::with_capacity(members), index: None }
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => self.entries.iter().position(|(name, _)| &**name == key),
        }
    }

    fn push(&mut self, key: Arc<str>, value: Tree) {
        if let Some(index) = &mut self.index {
            index.insert(key.clone(), self.entries.len());
        }
        self.entries.push((key, value));
        if self.index.is_none() && self.entries.len() > MANY {
            self.reindex();
        }
    }

    fn reindex(&mut self) {
        self.index = (self.entries.len() > MANY)
            .then(|| Box::new(self.entries.iter().enumerate().map(|(at, (key, _))| (key.clone(), at)).collect()));
    }

    /// Sets a member in its place, or at the end.
    pub fn insert(&mut self, key: &str, value: Tree) {
        match self.get_mut(key) {
            Some(old) => *old = value,
            None => self.push(key.into(), value),
        }
    }

    /// Sets a member as [`Object::insert`] does, from anything that is a value.
    pub fn set(&mut self, key: &str, value: impl Into<Tree>) {
        self.insert(key, value.into());
    }

    /// Adds a member that is certainly not there yet; its key is shared.
    pub fn append(&mut self, key: Arc<str>, value: Tree) {
        debug_assert!(!self.contains(&key), "the member was there");
        self.push(key, value);
    }

    /// Sets a member whose key is shared.
    pub(super) fn insert_shared(&mut self, key: Arc<str>, value: Tree) {
        match self.get_mut(&key) {
            Some(old) => *old = value,
            None => self.push(key, value),
        }
    }

    /// A member.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        self.entries.get(self.position(key)?).map(|(_, value)| value)
    }

    /// A member to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Tree> {
        let at = self.position(key)?;
        self.entries.get_mut(at).map(|(_, value)| value)
    }

    /// Whether there is such a member.
    pub fn contains(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// Takes a member out; those behind it move up.
    pub fn remove(&mut self, key: &str) -> Option<Tree> {
        let at = self.position(key)?;
        let (_, value) = self.entries.remove(at);
        if self.index.is_some() {
            self.reindex();
        }
        Some(value)
    }

    /// Keeps the members for which this holds.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut Tree) -> bool) {
        self.entries.retain_mut(|(key, value)| keep(key, value));
        self.reindex();
    }

    /// Sets the members of another object, each in its place or at the end.
    pub fn merge(&mut self, other: Object) {
        for (key, value) in other.entries {
            self.insert_shared(key, value);
        }
    }

    /// The members in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &Tree)> + ExactSizeIterator {
        self.entries.iter().map(|(key, value)| (&**key, value))
    }

    /// The members in order, to change.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (&str, &mut Tree)> + ExactSizeIterator {
        self.entries.iter_mut().map(|(key, value)| (&**key, value))
    }

    /// The keys in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        self.entries.iter().map(|(key, _)| &**key)
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

impl PartialEq for Object {
    /// The same members; order does not matter, as in Python.
    fn eq(&self, other: &Object) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl<'a, V: Into<Tree>> FromIterator<(&'a str, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (&'a str, V)>>(members: I) -> Object {
        let mut object = Object::default();
        for (key, value) in members {
            object.set(key, value);
        }
        object
    }
}

impl IntoIterator for Object {
    type Item = (Arc<str>, Tree);
    type IntoIter = std::vec::IntoIter<(Arc<str>, Tree)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_thousand_members_are_no_trouble() {
        let mut object = Object::default();
        for k in 0..100_000_i64 {
            object.set(&format!("k{k}"), k);
        }
        for k in (0..100_000_i64).rev() {
            object.set(&format!("k{k}"), k + 1);
        }
        assert_eq!(object.len(), 100_000);
        assert_eq!(object.get("k77777"), Some(&Tree::Int(77_778)));
        assert_eq!(object.keys().next(), Some("k0"));
    }

    #[test]
    fn removal_keeps_order_and_index() {
        let mut object: Object = (0..40_i64).map(|k| (["a", "b", "c", "d"][k as usize % 4], k)).collect();
        assert_eq!(object.keys().collect::<Vec<_>>(), ["a", "b", "c", "d"]);
        for k in 0..50_i64 {
            object.set(&k.to_string(), k);
        }
        assert_eq!(object.remove("b"), Some(Tree::Int(37)));
        assert_eq!(object.remove("b"), None);
        for k in 0..50_i64 {
            assert_eq!(object.get(&k.to_string()), Some(&Tree::Int(k)));
        }
        object.retain(|key, _| key == "c" || key == "7");
        assert_eq!(object.keys().collect::<Vec<_>>(), ["c", "7"]);
        assert_eq!(object.get("7"), Some(&Tree::Int(7)));
    }
}
