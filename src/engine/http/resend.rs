//! Bodies as the host reads and writes them in prepared requests, and sending one a second time.

use std::sync::Arc;

use crate::sys::lock::Mutex;

use super::{
    body::{Body, Source},
    multipart::Multipart,
};
use crate::{
    error::{Error, Result},
    value::{Reader, Tree},
};

impl Body {
    /// A body given as it is: text, bytes, a reader, or nothing.
    ///
    /// # Errors
    /// `argument` for another type.
    pub fn as_is(value: &Tree) -> Result<Body> {
        match value {
            Tree::Null => Ok(Body::None),
            Tree::Text(text) => Ok(Body::Bytes(text.as_bytes().into())),
            Tree::Bytes(bytes) => Ok(Body::Bytes(Arc::clone(bytes))),
            Tree::Reader(reader) => Ok(Body::Reader(Arc::clone(reader), reader.size())),
            _ => Err(Error::option("body", "the body of a prepared request was neither text, bytes nor a reader")),
        }
    }

    /// The form that providers and `prepare` see; a multipart form is a reader there.
    pub fn to_tree(&self) -> Tree {
        match self {
            Body::None => Tree::Null,
            Body::Bytes(bytes) => Tree::Bytes(Arc::clone(bytes)),
            Body::Reader(reader, _) => Tree::Reader(Arc::clone(reader)),
            Body::Multipart(form) => {
                Tree::Reader(Arc::new(FormReader { form: Arc::clone(form), source: Mutex::default() }))
            }
        }
    }

    /// Goes back to the start before the body is sent again; false when a reader of the host cannot.
    pub fn rewind(&self) -> bool {
        match self {
            Body::None | Body::Bytes(_) => true,
            Body::Reader(reader, _) => reader.rewind(),
            Body::Multipart(form) => form.rewind(),
        }
    }
}

/// A multipart form as a reader.
struct FormReader {
    form: Arc<Multipart>,
    source: Mutex<Option<Box<dyn Source>>>,
}

impl Reader for FormReader {
    fn size(&self) -> Option<u64> {
        self.form.length()
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        let mut source = self.source.lock();
        match &mut *source {
            Some(source) => source.read(buffer),
            none => {
                let mut opened = Body::Multipart(Arc::clone(&self.form)).open()?;
                let count = opened.read(buffer);
                *none = Some(opened);
                count
            }
        }
    }

    fn rewind(&self) -> bool {
        *self.source.lock() = None;
        self.form.rewind()
    }
}
