//! How arguments are written: by key, by JSON, by columns. Writing never fails; the first mistake is kept.

use super::{Args, key::Key};
use crate::{
    error::{Error, Result},
    value::{DEPTH, Object, Series, Tree},
};

impl Args {
    /// Sets one argument. A dotted key puts an entry into a group, split at the first dot only; `[]` at the end
    /// appends. The same key set again is replaced in its place.
    ///
    /// Setting a whole group replaces it (null clears it). Appending to a value that is no array makes it the first
    /// item of one. An entry for a group that already holds something else than entries is a mistake.
    pub fn set(&mut self, key: &str, value: impl Into<Tree>) {
        let value = value.into();
        self.try_to(|root| {
            if depth(&value) > DEPTH {
                return Err(Error::option(key, format!("`{key}` had more than {DEPTH} levels of arrays and objects")));
            }
            put(root, key, value)
        });
    }

    /// Takes an argument or a group out, as if it had never been set.
    pub fn remove(&mut self, key: &str) -> Option<Tree> {
        self.view.take();
        if let Some(value) = self.root.remove(key) {
            return Some(value);
        }
        let (group, member) = key.split_once('.')?;
        match self.root.get_mut(group)? {
            Tree::Object(object) => object.remove(member),
            _ => None,
        }
    }

    /// Sets one argument from JSON text. Without a key the text is an object whose members are set, each under its
    /// name as it stands (keys inside JSON are never split); an object meets an existing group member by member, and
    /// anything else replaces what was there.
    pub fn set_json(&mut self, key: Option<&str>, text: &str) {
        let tree = Tree::from_json(text);
        let Some(key) = key else {
            return self.try_to(|root| match tree {
                Ok(Tree::Object(object)) => {
                    merge(root, object);
                    Ok(())
                }
                Ok(other) => Err(Error::argument(format!(
                    "JSON without a key must be an object, and it was {}",
                    other.kind_name()
                ))),
                Err(error) => Err(Error::argument(error.message().to_owned())),
            });
        };
        match tree {
            Ok(tree) => self.set(key, tree),
            Err(error) => {
                self.set_mistake(Error::option(
                    key,
                    format!("`{key}` was not valid: {}", uncapitalised(error.message())),
                ));
            }
        }
    }

    /// Sets members of an object as [`Args::set_json`] without a key does.
    pub fn merge(&mut self, object: Object) {
        self.try_to(|root| {
            merge(root, object);
            Ok(())
        });
    }

    /// Sets a series from columns; empty flags stand for zeros.
    pub fn set_series(&mut self, key: &str, times: Vec<i64>, values: Vec<f64>, mut flags: Vec<u32>) {
        if flags.is_empty() {
            flags.resize(times.len(), 0);
        }
        if times.len() != values.len() || times.len() != flags.len() {
            return self.set_mistake(Error::option(
                key,
                format!(
                    "`{key}` had columns of different lengths: {} times, {} values, {} flags",
                    times.len(),
                    values.len(),
                    flags.len()
                ),
            ));
        }
        self.set(key, Series { times, values, flags });
    }

    /// Keeps a mistake that was found elsewhere, unless there is an earlier one.
    pub fn set_mistake(&mut self, mistake: Error) {
        self.mistake.get_or_insert(mistake);
    }

    fn try_to(&mut self, write: impl FnOnce(&mut Object) -> Result<()>) {
        self.view.take();
        if let Err(mistake) = write(&mut self.root) {
            self.set_mistake(mistake);
        }
    }
}

/// Groups that can also be written as a list of pairs.
const PAIRED: [&str; 4] = ["headers", "params", "data", "files"];

fn is_pair(item: &Tree) -> bool {
    matches!(item, Tree::Array(pair) if matches!(pair.as_slice(), [Tree::Text(_), _]))
}

/// Sets an entry of a list of pairs: the first of that name takes the value, further ones go; null takes all away.
fn put_pair(pairs: &mut Vec<Tree>, name: &str, value: Tree, append: bool, any_case: bool) {
    let same = |item: &Tree| match item {
        Tree::Array(pair) => pair
            .first()
            .and_then(Tree::as_str)
            .is_some_and(|known| if any_case { known.eq_ignore_ascii_case(name) } else { known == name }),
        _ => false,
    };
    let at = if append { pairs.len() } else { pairs.iter().position(&same).unwrap_or(pairs.len()) };
    if !append {
        pairs.retain(|item| !same(item));
        if value.is_null() {
            return;
        }
    }
    pairs.insert(at, Tree::Array(vec![Tree::from(name), value]));
}

fn put(root: &mut Object, key: &str, value: Tree) -> Result<()> {
    let Key { group, name, append } = Key::parse(key)?;
    let members = match group {
        None => root,
        Some(group) => {
            if root.get(group).is_none_or(Tree::is_null) {
                root.set(group, Object::default());
            }
            match root.get_mut(group) {
                Some(Tree::Object(members)) => members,
                // What prepare gives is written like what it was given.
                Some(Tree::Array(pairs)) if PAIRED.contains(&group) && pairs.iter().all(is_pair) => {
                    put_pair(pairs, name, value, append, group == "headers");
                    return Ok(());
                }
                other => {
                    let held = other.map_or("nothing", |other| other.kind_name());
                    return Err(Error::option(
                        key,
                        format!("`{key}` could not be set because `{group}` already was {held}"),
                    ));
                }
            }
        }
    };
    if !append {
        members.insert(name, value);
        return Ok(());
    }
    match members.get_mut(name) {
        None => members.set(name, vec![value]),
        Some(Tree::Array(items)) => items.push(value),
        Some(old) => {
            *old = match std::mem::take(old) {
                Tree::Null => Tree::Array(vec![value]),
                first => Tree::Array(vec![first, value]),
            }
        }
    }
    Ok(())
}

fn merge(root: &mut Object, object: Object) {
    for (key, value) in object {
        match (root.get_mut(&key), value) {
            (Some(Tree::Object(group)), Tree::Object(members)) => group.merge(members),
            (_, value) => root.insert(&key, value),
        }
    }
}

/// Levels of arrays and objects; stops counting where there are too many, so it never runs deep itself.
fn depth(tree: &Tree) -> u32 {
    fn below(tree: &Tree, level: u32) -> u32 {
        match tree {
            _ if level > DEPTH => level,
            Tree::Array(items) => items.iter().map(|item| below(item, level + 1)).max().unwrap_or(level + 1),
            Tree::Object(object) => object.iter().map(|(_, item)| below(item, level + 1)).max().unwrap_or(level + 1),
            _ => level,
        }
    }
    below(tree, 0)
}

fn uncapitalised(message: &str) -> String {
    let mut characters = message.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}
