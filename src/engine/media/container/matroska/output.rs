//! What is written, gathered to large pieces; what was written already can be replaced when the file can go back.

use std::io::{ErrorKind, SeekFrom};

use crate::{
    engine::media::container::Drain,
    error::{Error, Result, code},
};

/// What is gathered before it is handed on, in bytes.
const GATHERED: usize = 256 << 10;

/// A file that is written.
pub struct Output {
    drain: Box<dyn Drain>,
    /// Where the file begins in what it is written to; `None` when that cannot go back.
    origin: Option<u64>,
    /// What is not handed on yet, and where it begins.
    waiting: Vec<u8>,
    start: u64,
    /// It could not be gone back to the end of the file: whatever is written next would spoil it.
    lost: bool,
}

impl Output {
    /// Writes from where the drain is.
    pub fn new(mut drain: Box<dyn Drain>) -> Output {
        let origin = drain.stream_position().ok();
        Output { drain, origin, waiting: Vec::new(), start: 0, lost: false }
    }

    /// How long the file is.
    pub fn at(&self) -> u64 {
        self.start + self.waiting.len() as u64
    }

    /// Whether what was handed on can be replaced.
    pub fn goes_back(&self) -> bool {
        self.origin.is_some()
    }

    /// Where more is added.
    pub fn end(&mut self) -> &mut Vec<u8> {
        &mut self.waiting
    }

    /// Hands on what has gathered if it is much.
    pub fn relieve(&mut self) -> Result<()> {
        if self.waiting.len() < GATHERED { Ok(()) } else { self.hand_on() }
    }

    /// Hands on everything.
    pub fn flush(&mut self) -> Result<()> {
        self.hand_on()?;
        self.drain.flush().map_err(|error| failed(&error))
    }

    /// Replaces bytes; `false` when they are out of reach.
    pub fn replace(&mut self, at: u64, bytes: &[u8]) -> Result<bool> {
        if let Some(inside) = at.checked_sub(self.start).and_then(|inside| usize::try_from(inside).ok()) {
            let place = self.waiting.get_mut(inside..).and_then(|rest| rest.get_mut(..bytes.len()));
            return Ok(place.map(|place| place.copy_from_slice(bytes)).is_some());
        }
        let Some(origin) = self.origin else { return Ok(false) };
        self.hand_on()?;
        let replaced = self.drain.seek(SeekFrom::Start(origin + at)).and_then(|_| self.drain.write_all(bytes));
        let back = self.drain.seek(SeekFrom::Start(origin + self.start));
        self.lost = back.is_err();
        replaced.and(back).map_err(|error| failed(&error))?;
        Ok(true)
    }

    /// Writes what waits. After a failure, what did not go out still waits.
    fn hand_on(&mut self) -> Result<()> {
        if self.lost {
            return Err(Error::new(&code::IO, "a media file was not written on after a failure").transient(false));
        }
        let mut sent = 0;
        let done = loop {
            let rest = self.waiting.get(sent..).unwrap_or_default();
            if rest.is_empty() {
                break Ok(());
            }
            match self.drain.write(rest) {
                Ok(0) => break Err(ErrorKind::WriteZero.into()),
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.waiting.drain(..sent.min(self.waiting.len()));
        self.start += sent as u64;
        done.map_err(|error| failed(&error))
    }
}

/// What the system said of a file that was written.
fn failed(error: &std::io::Error) -> Error {
    Error::new(&code::IO, format!("a media file could not be written: {error}")).transient(false)
}
