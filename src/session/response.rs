//! An answer as the host holds it.

use std::{fmt, sync::OnceLock};

use crate::{
    backends::{Answer, empty},
    error::Result,
    value::{Document, Object, Tree},
};

/// One answer; const calls may run concurrently.
pub struct Response(Box<dyn Answer>);

impl Response {
    /// An answer that is only a value, as commit and inspect give.
    pub fn of_value(value: &Tree, meta: Object) -> Response {
        Response(Box::new(Plain::new(value, meta)))
    }

    /// An answer made of several: each comes out of `next`, their list is the value.
    pub fn of_items(value: &Tree, items: Vec<Response>) -> Response {
        let mut plain = Plain::new(value, Object::default());
        plain.items = items.into_iter().map(|item| item.0).collect();
        Response(Box::new(plain))
    }

    /// The answer inside, to be carried by an error.
    pub(super) fn into_answer(self) -> Box<dyn Answer> {
        self.0
    }

    /// HTTP status, or 0.
    pub fn status(&self) -> i32 {
        self.0.status()
    }

    /// A header by name: the joined values without the NUL that follows them in memory.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.0.header(name)
    }

    /// The body without the NUL that follows it in memory; empty while it streams.
    pub fn body(&self) -> &[u8] {
        self.0.body()
    }

    /// The parsed value.
    pub fn value(&self) -> Option<&Document> {
        self.0.value()
    }

    /// What is known about the answer.
    pub fn meta(&self) -> &Document {
        self.0.meta()
    }

    /// Reads on; 0 at the end.
    ///
    /// # Errors
    /// What the connection says.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.0.read(buffer)
    }

    /// Reads the rest of a stream into the response, so that `body` and `value` work.
    ///
    /// # Errors
    /// What the connection says.
    pub fn drain(&mut self) -> Result<()> {
        self.0.drain()
    }

    /// The next page, message or item; `None` at the end.
    ///
    /// # Errors
    /// What the connection says.
    pub fn next(&mut self) -> Result<Option<Response>> {
        Ok(self.0.next()?.map(Response))
    }
}

impl From<Box<dyn Answer>> for Response {
    fn from(answer: Box<dyn Answer>) -> Response {
        Response(answer)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status()).finish_non_exhaustive()
    }
}

/// A value, and perhaps items behind it.
struct Plain {
    value: Option<Box<Document>>,
    text: OnceLock<Vec<u8>>,
    meta: Box<Document>,
    items: std::collections::VecDeque<Box<dyn Answer>>,
}

impl Plain {
    fn new(value: &Tree, meta: Object) -> Plain {
        let value = (!value.is_null()).then(|| Document::from_tree(value));
        Plain { value, text: OnceLock::new(), meta: Document::from_tree(&Tree::Object(meta)), items: Default::default() }
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
        &self.meta
    }

    fn next(&mut self) -> Result<Option<Box<dyn Answer>>> {
        Ok(self.items.pop_front())
    }
}
