//! Bytes of a file that is read, counted, and with errors that name the place.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::Source;
use crate::{
    engine::net::limits,
    error::{Error, Result, code},
};

/// A source and where in it we are.
pub struct Input {
    source: BufReader<Box<dyn Source>>,
    at: u64,
}

impl Input {
    /// From the start of a source.
    ///
    /// # Errors
    /// The system's.
    pub fn new(mut source: Box<dyn Source>) -> Result<Input> {
        source.rewind().map_err(|error| unread(&error))?;
        Ok(Input { source: BufReader::with_capacity(64 << 10, source), at: 0 })
    }

    /// How many bytes are behind us.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// How many bytes there are, and goes on where it was.
    ///
    /// # Errors
    /// The system's.
    pub fn length(&mut self) -> Result<u64> {
        let length = self.source.seek(SeekFrom::End(0)).map_err(|error| unread(&error))?;
        self.go(self.at)?;
        Ok(length)
    }

    /// Goes on at another place.
    ///
    /// # Errors
    /// The system's.
    pub fn go(&mut self, at: u64) -> Result<()> {
        self.source.seek(SeekFrom::Start(at)).map_err(|error| unread(&error))?;
        self.at = at;
        Ok(())
    }

    /// Fills the buffer as far as there is something; answers how far.
    ///
    /// # Errors
    /// The system's.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.source.read(rest) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unread(&error)),
            }
        }
        self.at += u64::try_from(filled).unwrap_or(0);
        Ok(filled)
    }

    /// The next bytes; fewer only at the end. Memory is taken for what is there, not for what was promised.
    ///
    /// # Errors
    /// The system's.
    pub fn take(&mut self, count: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(count.min(256 << 10));
        let limit = u64::try_from(count).unwrap_or(u64::MAX);
        (&mut self.source).take(limit).read_to_end(&mut bytes).map_err(|error| unread(&error))?;
        self.at += u64::try_from(bytes.len()).unwrap_or(0);
        Ok(bytes)
    }
}

/// A file that could not be read.
pub fn unread(error: &io::Error) -> Error {
    Error::new(&code::IO, format!("it could not be read: {}", limits::reason(error))).transient(false)
}

/// A file that could not be written.
pub fn unwritten(error: &io::Error) -> Error {
    let why = format!("it could not be written: {}", limits::reason(error));
    Error::new(&code::IO, why).transient(error.kind() == io::ErrorKind::StorageFull)
}

/// A file that is not what it says.
pub fn broken(why: impl Into<String>) -> Error {
    Error::new(&code::MEDIA_FILE, why.into())
}
