//! The answer of a call that went over a WebSocket: a value.

use crate::{
    backends::Answer,
    value::{Document, Object, Tree},
};

/// A value and what is known about it.
pub(super) struct Told {
    value: Box<Document>,
    notes: Object,
    meta: Box<Document>,
}

impl Told {
    /// This value.
    pub fn new(value: &Tree) -> Told {
        let meta = Document::from_object(&Object::default());
        Told { value: Document::from_tree(value), notes: Object::default(), meta }
    }
}

impl Answer for Told {
    fn value(&self) -> Option<&Document> {
        Some(&self.value)
    }

    fn meta(&self) -> &Document {
        &self.meta
    }

    fn note(&mut self, key: &str, value: Tree) {
        self.notes.insert(key, value);
        self.meta = Document::from_object(&self.notes);
    }
}
