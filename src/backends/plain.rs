//! An answer that no server gave as it is: a value that the library made, and perhaps items behind it.

use std::sync::OnceLock;

use super::{Answer, empty};
use crate::{
    error::Result,
    value::{Document, Object, Tree},
};

/// A value, and perhaps items behind it.
pub struct Plain {
    value: Option<Box<Document>>,
    text: OnceLock<Vec<u8>>,
    /// Made when somebody looks; most have nothing there.
    meta: OnceLock<Box<Document>>,
    items: std::collections::VecDeque<Box<dyn Answer>>,
}

impl Plain {
    /// An answer that is only a value.
    pub fn new(value: &Tree, meta: Object) -> Plain {
        let value = (!value.is_null()).then(|| Document::from_tree(value));
        let known = OnceLock::new();
        if !meta.is_empty() {
            let _ = known.set(Document::from_object(&meta));
        }
        Plain { value, text: OnceLock::new(), meta: known, items: Default::default() }
    }

    /// The same of a document.
    pub fn of_document(value: Box<Document>) -> Plain {
        let value = (!value.root().is_null()).then_some(value);
        Plain { value, text: OnceLock::new(), meta: OnceLock::new(), items: Default::default() }
    }

    /// The same with items, each of which comes out of `next`.
    pub fn of_items(value: &Tree, items: impl Iterator<Item = Box<dyn Answer>>) -> Plain {
        Plain { items: items.collect(), ..Plain::new(value, Object::default()) }
    }
}

impl Answer for Plain {
    fn body(&self) -> &[u8] {
        let text = self.text.get_or_init(|| {
            let mut text = self.value.as_ref().map(|value| value.root().to_json()).unwrap_or_default().into_bytes();
            text.push(0);
            text
        });
        text.split_last().map_or(empty(), |(_, body)| body)
    }

    fn value(&self) -> Option<&Document> {
        self.value.as_deref()
    }

    fn meta(&self) -> &Document {
        self.meta.get_or_init(|| Document::from_object(&Object::default()))
    }

    fn next(&mut self) -> Result<Option<Box<dyn Answer>>> {
        Ok(self.items.pop_front())
    }
}

/// What was left of a stream of messages when the host had it read as a whole: their values, as the call without `stream`
/// has them.
#[derive(Default)]
pub struct Rest(Option<Plain>);

impl Rest {
    /// Reads it. After an error there is none: a part must not look like the whole.
    ///
    /// # Errors
    /// That of `next`.
    pub fn gather(&mut self, mut next: impl FnMut() -> Result<Option<Box<dyn Answer>>>) -> Result<()> {
        if self.0.is_some() {
            return Ok(());
        }
        let mut values = Vec::new();
        while let Some(answer) = next()? {
            values.push(answer.value().map_or(Tree::Null, |value| value.root().to_tree()));
        }
        self.0 = Some(Plain::new(&Tree::Array(values), Object::default()));
        Ok(())
    }

    /// The values as text; empty when nobody had them read.
    pub fn body(&self) -> &[u8] {
        self.0.as_ref().map_or(empty(), Plain::body)
    }

    /// The values, once they were read.
    pub fn value(&self) -> Option<&Document> {
        self.0.as_ref().and_then(Plain::value)
    }
}
