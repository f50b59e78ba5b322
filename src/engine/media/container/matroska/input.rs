//! A file as a row of elements. Nothing is believed of a size but that it says where to look next: what is read is never more
//! than the file holds.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use super::ebml::{self, id};
use crate::{
    engine::media::container::Source,
    error::{Error, Result, code},
};

/// What is read at a time, in bytes.
const CHUNK: usize = 64 << 10;

/// How far a cluster is looked for where something is broken, in bytes.
const SEARCH_MAX: u64 = 64 << 20;

/// The head of an element in the file.
#[derive(Clone, Copy, Debug)]
pub struct Element {
    /// Its number.
    pub id: u32,
    /// Where it begins.
    pub at: u64,
    /// Where its content begins.
    pub body: u64,
    /// Where it ends; `None` when its size is not known.
    pub end: Option<u64>,
}

/// What stands at a place of the file.
#[derive(Clone, Copy, Debug)]
pub enum Found {
    /// An element.
    Element(Element),
    /// Something else.
    Nonsense,
    /// The end, perhaps in the middle of an element's head.
    End,
}

/// A file that is read.
pub struct Input {
    source: BufReader<Box<dyn Source>>,
    at: u64,
    length: u64,
}

impl Input {
    /// Reads from the file's start.
    pub fn new(mut source: Box<dyn Source>) -> Result<Input> {
        let length = source.seek(SeekFrom::End(0)).map_err(|error| failed(&error))?;
        source.seek(SeekFrom::Start(0)).map_err(|error| failed(&error))?;
        Ok(Input { source: BufReader::with_capacity(CHUNK, source), at: 0, length })
    }

    /// Where the next byte comes from.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// How long the file was when it was opened.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Goes on at another place.
    pub fn go(&mut self, to: u64) -> Result<()> {
        let moved = match (to.checked_sub(self.at), self.at.checked_sub(to)) {
            (Some(0), _) => return Ok(()),
            (Some(forth), _) if forth < CHUNK as u64 => self.source.seek_relative(forth.cast_signed()),
            (_, Some(back)) if back < CHUNK as u64 => self.source.seek_relative(-back.cast_signed()),
            _ => self.source.seek(SeekFrom::Start(to)).map(drop),
        };
        moved.map_err(|error| failed(&error))?;
        self.at = to;
        Ok(())
    }

    /// The head of the element here; the next byte is then the first of its content.
    pub fn element(&mut self) -> Result<Found> {
        let at = self.at;
        // An ID has four bytes at most, a size eight.
        let mut head = [0; 12];
        let mut have = 0;
        while have < head.len() {
            let Some(free) = head.get_mut(have..) else { break };
            match self.source.read(free) {
                Ok(0) => break,
                Ok(count) => have += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(&error)),
            }
        }
        self.at += have as u64;
        let head = head.get(..have).unwrap_or_default();
        let parsed = ebml::identity(head)
            .and_then(|(id, length)| ebml::number(head.get(length..)?).map(|size| (id, length as u64, size)));
        let Some((id, length, (size, more, unknown))) = parsed else {
            self.go(at)?;
            return Ok(if have < 12 { Found::End } else { Found::Nonsense });
        };
        let body = at + length + more as u64;
        self.go(body)?;
        // A size has 56 bits: no overflow.
        let end = (!unknown).then_some(body.saturating_add(size));
        Ok(Found::Element(Element { id, at, body, end }))
    }

    /// Reads the content of an element into `into`, whose old content goes; `false` when the file ends before it.
    pub fn content(&mut self, element: Element, into: &mut Vec<u8>) -> Result<bool> {
        into.clear();
        let Some(end) = element.end.filter(|end| *end <= self.length) else { return Ok(false) };
        self.go(element.body)?;
        let size = end - element.body;
        // By pieces: a file that became shorter takes no memory for what it lacks.
        let read = self.source.by_ref().take(size).read_to_end(into).map_err(|error| failed(&error))?;
        self.at += read as u64;
        Ok(read as u64 == size)
    }

    /// Goes to the next place from here on that looks like the start of a cluster. `false`: there was none to the end.
    pub fn find_cluster(&mut self) -> Result<bool> {
        let from = self.at;
        let mut last = 0_u32;
        loop {
            let chunk = self.source.fill_buf().map_err(|error| failed(&error))?;
            if chunk.is_empty() {
                return Ok(false);
            }
            for (index, byte) in chunk.iter().enumerate() {
                last = last << 8 | u32::from(*byte);
                if last == id::CLUSTER && self.at + index as u64 >= from + 3 {
                    let to = self.at + index as u64 - 3;
                    self.source.consume(index + 1);
                    self.at += index as u64 + 1;
                    self.go(to)?;
                    return Ok(true);
                }
            }
            let count = chunk.len();
            self.source.consume(count);
            self.at += count as u64;
            if self.at - from > SEARCH_MAX {
                return Err(broken(from, "nothing followed that could be understood"));
            }
        }
    }
}

/// What the system said of a file that was read.
fn failed(error: &std::io::Error) -> Error {
    Error::new(&code::IO, format!("a media file could not be read: {error}")).transient(false)
}

/// A file that is not what it should be, with the place.
pub fn broken(at: u64, what: &str) -> Error {
    Error::new(&code::MEDIA_FILE, format!("a WebM or Matroska file was broken at byte {at}: {what}")).with("offset", at)
}
