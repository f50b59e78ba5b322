//! The answer to a download: how many bytes moved, and the bytes themselves when they went nowhere else.

use crate::{
    backends::{Answer, empty},
    error::Result,
    value::{Document, Object, Tree},
};

/// A number, and perhaps bytes.
pub struct Bytes {
    value: Box<Document>,
    meta: Box<Document>,
    /// With a NUL at its end, which does not count.
    body: Vec<u8>,
    /// How much was read by `read`.
    at: usize,
}

impl Bytes {
    /// Of so many moved bytes.
    pub fn new(moved: u64, meta: Object, bytes: Option<Vec<u8>>) -> Bytes {
        let mut body = bytes.unwrap_or_default();
        body.push(0);
        Bytes {
            value: Document::from_tree(&Tree::from(moved)),
            meta: Document::from_tree(&Tree::Object(meta)),
            body,
            at: 0,
        }
    }
}

impl Answer for Bytes {
    fn body(&self) -> &[u8] {
        self.body.split_last().map_or(empty(), |(_, body)| body)
    }

    fn value(&self) -> Option<&Document> {
        Some(&self.value)
    }

    fn meta(&self) -> &Document {
        &self.meta
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let rest = self.body().get(self.at..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.at += count;
        Ok(count)
    }
}
