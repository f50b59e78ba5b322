//! The grammar of the files (ISO/IEC 14496-12, 4.2): boxes in boxes, numbers with the high byte first. Nothing here believes a
//! length: what goes beyond its surroundings is cut to them, and every read of a number may find none.

use std::{
    io::{ErrorKind, SeekFrom},
    ops::Range,
};

use super::{super::Source, broken};
use crate::error::{Error, Result, code};

/// The four letters of a box.
pub(super) type Name = [u8; 4];

/// As messages write it: the names of `QuickTime` may hold any byte.
pub(super) fn spell(name: Name) -> String {
    name.escape_ascii().to_string().trim().into()
}

/// Numbers read one after the other; `None` where there is none left.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// Over what stands at `range`, or nothing when that is outside.
    pub(super) fn at(bytes: &'a [u8], range: Range<usize>) -> Fields<'a> {
        Fields(bytes.get(range).unwrap_or_default())
    }

    pub(super) fn left(&self) -> usize {
        self.0.len()
    }

    pub(super) fn rest(self) -> &'a [u8] {
        self.0
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    pub(super) fn name(&mut self) -> Option<Name> {
        self.array()
    }

    /// A number whose width depends on the version of its box.
    pub(super) fn wide(&mut self, version: u8) -> Option<u64> {
        if version == 1 { self.u64() } else { self.u32().map(u64::from) }
    }

    /// The version and the flags that a full box begins with.
    pub(super) fn full(&mut self) -> Option<(u8, u32)> {
        self.u32().map(|word| ((word >> 24) as u8, word & 0x00ff_ffff))
    }
}

/// The boxes inside `within`, with where their bodies stand in `whole`. Ends at the first that is none.
pub(super) fn children(whole: &[u8], within: Range<usize>) -> impl Iterator<Item = (Name, Range<usize>)> {
    let (mut at, end) = (within.start, within.end.min(whole.len()));
    std::iter::from_fn(move || {
        let mut fields = Fields::at(whole, at..end);
        let (short, name) = (fields.u32()?, fields.name()?);
        let (head, size) = match short {
            0 => (8, end - at),
            1 => (16, usize::try_from(fields.u64()?).unwrap_or(usize::MAX)),
            size => (8, usize::try_from(size).unwrap_or(usize::MAX)),
        };
        if size < head {
            return None;
        }
        let body = at + head;
        at = at.saturating_add(size).min(end);
        Some((name, body..at))
    })
}

/// The first box of that name inside `within`.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "a byte string is a reference")]
pub(super) fn find(whole: &[u8], within: Range<usize>, name: &Name) -> Option<Range<usize>> {
    children(whole, within).find(|(found, _)| found == name).map(|(_, body)| body)
}

/// The box at the end of a path.
pub(super) fn descend(whole: &[u8], within: Range<usize>, path: &[&Name]) -> Option<Range<usize>> {
    path.iter().try_fold(within, |within, name| find(whole, within, name))
}

/// A box of the file itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outer {
    pub(super) name: Name,
    /// Where it begins.
    pub(super) at: u64,
    /// Where its content begins.
    pub(super) body: u64,
    /// Where it ends: never beyond the file.
    pub(super) end: u64,
    /// The file ends before the box does.
    pub(super) cut: bool,
}

/// So much is read at once around small reads: frames of sound are some hundred bytes each, and lie near each other.
const WINDOW: u64 = 64 << 10;

/// The file, read where it is asked for.
pub(super) struct Store {
    source: Box<dyn Source>,
    length: u64,
    window: Vec<u8>,
    window_at: u64,
}

impl Store {
    pub(super) fn new(mut source: Box<dyn Source>) -> Result<Store> {
        let length = source.seek(SeekFrom::End(0)).map_err(|error| unreadable(0, &error))?;
        Ok(Store { source, length, window: Vec::new(), window_at: 0 })
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// `size` bytes at `at`; `None` when the file ends before.
    pub(super) fn read(&mut self, at: u64, size: usize) -> Result<Option<Vec<u8>>> {
        let wanted = size as u64;
        if at.checked_add(wanted).is_none_or(|end| end > self.length) {
            return Ok(None);
        }
        if wanted > WINDOW / 4 {
            return self.straight(at, size);
        }
        let held = self.window_at..self.window_at + self.window.len() as u64;
        if at < held.start || at + wanted > held.end {
            let size = usize::try_from(WINDOW.min(self.length - at)).unwrap_or(usize::MAX);
            let Some(window) = self.straight(at, size)? else { return Ok(None) };
            (self.window, self.window_at) = (window, at);
        }
        let start = usize::try_from(at - self.window_at).unwrap_or(usize::MAX);
        Ok(start.checked_add(size).and_then(|end| self.window.get(start..end)).map(<[u8]>::to_vec))
    }

    fn straight(&mut self, at: u64, size: usize) -> Result<Option<Vec<u8>>> {
        let mut bytes = vec![0; size];
        let read = self.source.seek(SeekFrom::Start(at)).and_then(|_| self.source.read_exact(&mut bytes));
        match read {
            Ok(()) => Ok(Some(bytes)),
            // It was cut while it was read.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(unreadable(at, &error)),
        }
    }

    /// The box that begins at `at`; `None` at the end of the file.
    pub(super) fn outer(&mut self, at: u64) -> Result<Option<Outer>> {
        // Less than a head is left in files that were cut, and in some that were filled up with zeros.
        let size = self.length.saturating_sub(at).min(16);
        if size < 8 {
            return Ok(None);
        }
        let Some(head) = self.read(at, usize::try_from(size).unwrap_or(16))? else { return Ok(None) };
        let mut fields = Fields(&head);
        let (Some(short), Some(name)) = (fields.u32(), fields.name()) else { return Ok(None) };
        let (body, size) = match (short, fields.u64()) {
            (0, _) => (8, self.length - at),
            (1, Some(size)) => (16, size),
            (1, None) => return Ok(None),
            (size, _) => (8, u64::from(size)),
        };
        if size < body {
            return Err(broken(format!("The box `{}` at byte {at} had a length of {size}", spell(name))));
        }
        let end = at.checked_add(size).filter(|end| *end <= self.length);
        let cut = end.is_none();
        Ok(Some(Outer { name, at, body: at + body, end: end.unwrap_or(self.length), cut }))
    }
}

fn unreadable(at: u64, error: &std::io::Error) -> Error {
    Error::new(&code::IO, format!("The file could not be read at byte {at}: {error}")).phase("read")
}
