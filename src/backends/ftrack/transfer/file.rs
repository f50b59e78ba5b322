//! A file on a disk as the source of an upload. Read at places, so that several parts can be read at once.

use std::{fs::File, io, os::unix::fs::FileExt, path::Path};

use crate::{
    backends::ftrack::accessors::Source,
    engine::net::limits::reason,
    error::{Error, Outcome, Result, code},
};

/// An open file, and how long it was when it was opened.
pub struct FileSource {
    file: File,
    path: String,
    size: u64,
}

impl FileSource {
    /// Opens a file.
    ///
    /// # Errors
    /// `io` when it cannot be read, or is none.
    pub fn open(path: &str) -> Result<FileSource> {
        let failed = |error: io::Error| unreadable(path, &reason(&error));
        let file = File::open(Path::new(path)).map_err(failed)?;
        let known = file.metadata().map_err(failed)?;
        if !known.is_file() {
            return Err(unreadable(path, "it is no file"));
        }
        Ok(FileSource { file, path: path.to_owned(), size: known.len() })
    }

    /// How long it was.
    pub fn len(&self) -> u64 {
        self.size
    }
}

fn unreadable(path: &str, why: &str) -> Error {
    Error::new(&code::IO, format!("the file {path} could not be read: {why}"))
        .transient(false)
        .with("key", "target")
        .outcome(Outcome::NotSent)
}

impl Source for FileSource {
    fn size(&self) -> Option<u64> {
        Some(self.size)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        loop {
            match self.file.read_at(buffer, offset) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(&self.path, &reason(&error))),
            }
        }
    }
}
