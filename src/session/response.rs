//! An answer as the host holds it.

use std::fmt;

use crate::{
    backends::{Answer, Plain},
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
        Response(Box::new(Plain::of_items(value, items.into_iter().map(|item| item.0))))
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
