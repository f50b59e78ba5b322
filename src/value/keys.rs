//! The different keys of a document, each kept once with a NUL behind it.
//!
//! Objects of one shape repeat their keys in the same order, so every key remembers which key followed it last, and
//! which key came first in the object that lay under it: then finding a key is one comparison.

use std::hash::{BuildHasher, RandomState};

/// "No key": the owner of the root, the predecessor of a first member.
pub(super) const NONE: u32 = (1 << 28) - 1;

/// Up to so many keys are searched in line; more get a table.
const FEW: usize = 16;

/// A hole in the table.
const HOLE: u32 = u32::MAX;

#[derive(Debug)]
struct Entry {
    start: u32,
    len: u32,
    /// The key that followed this one last.
    next: u32,
    /// The key that was first in the last object under this one.
    first: u32,
}

/// The keys and the guesses.
#[derive(Debug, Default)]
pub(super) struct Keys {
    text: Vec<u8>,
    entries: Vec<Entry>,
    /// Open addressing over key numbers; a power of two, at most half full.
    table: Vec<u32>,
    /// The seed is random because the keys come from outside and could be chosen to collide.
    seed: Option<RandomState>,
    /// The guess for the first member of a root object.
    first: u32,
}

impl Keys {
    /// The number of a key that stands after `previous` in an object under `owner`. `None`: too many keys.
    #[inline]
    pub fn intern(&mut self, key: &str, owner: u32, previous: u32) -> Option<u32> {
        let guess = if previous == NONE {
            self.entries.get(owner as usize).map_or(self.first, |entry| entry.first)
        } else {
            self.entries.get(previous as usize).map_or(NONE, |entry| entry.next)
        };
        if self.bytes(guess) == Some(key.as_bytes()) { Some(guess) } else { self.search(key, owner, previous) }
    }

    #[cold]
    fn search(&mut self, key: &str, owner: u32, previous: u32) -> Option<u32> {
        let id = match self.find(key) {
            Some(id) => id,
            None => self.add(key)?,
        };
        if previous != NONE {
            if let Some(entry) = self.entries.get_mut(previous as usize) {
                entry.next = id;
            }
        } else {
            match self.entries.get_mut(owner as usize) {
                Some(entry) => entry.first = id,
                None => self.first = id,
            }
        }
        Some(id)
    }

    /// The number of a key, if the document has it.
    pub fn find(&self, key: &str) -> Option<u32> {
        let Some(seed) = &self.seed else {
            return (0..self.entries.len() as u32).find(|id| self.bytes(*id) == Some(key.as_bytes()));
        };
        let mask = self.table.len().wrapping_sub(1);
        let mut at = seed.hash_one(key) as usize & mask;
        loop {
            match self.table.get(at) {
                None | Some(&HOLE) => return None,
                Some(&id) if self.bytes(id) == Some(key.as_bytes()) => return Some(id),
                Some(_) => at = (at + 1) & mask,
            }
        }
    }

    fn add(&mut self, key: &str) -> Option<u32> {
        let id = u32::try_from(self.entries.len()).ok().filter(|id| *id < NONE)?;
        let start = u32::try_from(self.text.len()).ok()?;
        let len = u32::try_from(key.len()).ok()?;
        if self.entries.is_empty() {
            self.entries.reserve(FEW);
            self.text.reserve(FEW * 16);
        }
        self.text.extend_from_slice(key.as_bytes());
        self.text.push(0);
        self.entries.push(Entry { start, len, next: NONE, first: NONE });
        if self.entries.len() > FEW {
            if self.entries.len() * 2 > self.table.len() {
                self.grow();
            } else {
                self.place(id);
            }
        }
        Some(id)
    }

    fn grow(&mut self) {
        self.seed.get_or_insert_with(RandomState::new);
        self.table = vec![HOLE; (self.entries.len() * 4).next_power_of_two()];
        for id in 0..self.entries.len() as u32 {
            self.place(id);
        }
    }

    fn place(&mut self, id: u32) {
        let (Some(seed), Some(key)) = (&self.seed, self.text(id)) else { return };
        let mask = self.table.len().wrapping_sub(1);
        let mut at = seed.hash_one(key) as usize & mask;
        while let Some(slot) = self.table.get_mut(at) {
            if *slot == HOLE {
                *slot = id;
                return;
            }
            at = (at + 1) & mask;
        }
    }

    /// The bytes of a key; a NUL follows them.
    #[inline]
    pub fn bytes(&self, id: u32) -> Option<&[u8]> {
        let entry = self.entries.get(id as usize)?;
        self.text.get(entry.start as usize..entry.start as usize + entry.len as usize)
    }

    /// The text of a key.
    pub fn text(&self, id: u32) -> Option<&str> {
        std::str::from_utf8(self.bytes(id)?).ok()
    }

    /// How many different keys there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_has_one_number() {
        let mut keys = Keys::default();
        let mut numbers = Vec::new();
        for round in 0..3 {
            for k in 0..1000_u32 {
                let id = keys.intern(&format!("key{k}"), NONE, if k == 0 { NONE } else { k - 1 }).unwrap();
                if round == 0 {
                    numbers.push(id);
                }
                assert_eq!(id, numbers[k as usize]);
            }
        }
        assert_eq!(keys.len(), 1000);
        for k in 0..1000 {
            assert_eq!(keys.find(&format!("key{k}")), Some(numbers[k]));
        }
        assert_eq!(keys.find("other"), None);
        assert_eq!(keys.text(numbers[7]), Some("key7"));
    }

    #[test]
    fn a_nul_follows_each_key() {
        let mut keys = Keys::default();
        for key in ["", "a", "é"] {
            let id = keys.intern(key, NONE, NONE).unwrap();
            let entry = &keys.entries[id as usize];
            assert_eq!(keys.text[(entry.start + entry.len) as usize], 0);
        }
    }
}
