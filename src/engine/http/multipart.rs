//! multipart/form-data, streamed.

/// A form with files.
#[derive(Debug, Default)]
pub struct Multipart {}
