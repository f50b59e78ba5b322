//! An answer as the host holds it.

use crate::{error::Result, value::Document};

/// One answer; const calls may run concurrently.
#[derive(Debug)]
pub struct Response {}

impl Response {
    /// HTTP status, or 0.
    pub fn status(&self) -> i32 { todo!() }
    /// A header by name: the joined values without the NUL that follows them in memory.
    pub fn header(&self, name: &str) -> Option<&[u8]> { let _ = name; todo!() }
    /// The body without the NUL that follows it in memory; empty while it streams.
    pub fn body(&self) -> &[u8] { todo!() }
    /// The parsed value.
    pub fn value(&self) -> Option<&Document> { todo!() }
    /// What is known about the answer.
    pub fn meta(&self) -> &Document { todo!() }
    /// Reads on; 0 at the end.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize> { let _ = buffer; todo!() }
    /// The next page, message or item; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Response>> { todo!() }
}
