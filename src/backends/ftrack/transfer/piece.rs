//! A stretch of what is uploaded, as the body of a request; and its sum.
//!
//! What was measured must be what is sent: a source that is shorter or longer than it was, or has another sum at the
//! second reading, has been changed under the upload, and no try will mend that.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};

use super::{BLOCK, plan::Stretch};
use crate::{
    backends::ftrack::accessors::Source,
    engine::net::cancel::Cancel,
    error::{Error, Outcome, Result, code},
    sys::lock::Mutex,
    value::Reader,
};

/// An MD5 sum.
pub type Sum = [u8; 16];

/// The body of one part.
pub struct Piece {
    source: Arc<dyn Source>,
    stretch: Stretch,
    /// What the whole must sum up to.
    expected: Option<Sum>,
    state: Mutex<State>,
}

struct State {
    at: u64,
    hash: Md5,
}

impl Piece {
    /// A stretch of a source; `expected` is its sum, when it has been read before.
    pub fn new(source: Arc<dyn Source>, stretch: Stretch, expected: Option<Sum>) -> Piece {
        Piece { source, stretch, expected, state: Mutex::new(State { at: stretch.from, hash: Md5::new() }) }
    }
}

impl Reader for Piece {
    fn size(&self) -> Option<u64> {
        Some(self.stretch.len())
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        let mut state = self.state.lock();
        let left = usize::try_from(self.stretch.to - state.at).unwrap_or(usize::MAX);
        let Some(room) = buffer.get_mut(..left.min(buffer.len())).filter(|room| !room.is_empty()) else { return Ok(0) };
        let count = self.source.read_at(state.at, room)?;
        if count == 0 {
            return Err(changed("it ended earlier than before"));
        }
        state.at += count as u64;
        if let Some(expected) = self.expected {
            state.hash.update(room.get(..count).unwrap_or_default());
            if state.at == self.stretch.to && state.hash.clone().finalize().as_slice() != expected {
                return Err(changed("its content is another one"));
            }
        }
        Ok(count)
    }

    fn rewind(&self) -> bool {
        *self.state.lock() = State { at: self.stretch.from, hash: Md5::new() };
        true
    }
}

fn changed(how: &str) -> Error {
    Error::new(&code::IO, format!("the file was changed while it was sent: {how}"))
        .transient(false)
        .with("key", "target")
}

/// The sum of a source and how many bytes it has, read from its start to its end.
///
/// # Errors
/// Those of the source; `cancelled`.
pub fn sum(source: &dyn Source, cancel: &Cancel) -> Result<(Sum, u64)> {
    let (mut hash, mut at) = (Md5::new(), 0);
    let mut block = vec![0; BLOCK];
    loop {
        cancel.check().map_err(|error| error.outcome(Outcome::NotSent))?;
        match source.read_at(at, &mut block)? {
            0 => return Ok((hash.finalize().into(), at)),
            count => {
                hash.update(block.get(..count).unwrap_or_default());
                at += count as u64;
            }
        }
    }
}

/// A sum as header fields have it (RFC 1864).
pub fn in_base64(sum: &Sum) -> String {
    STANDARD.encode(sum)
}

/// The reverse.
pub fn from_base64(text: &str) -> Option<Sum> {
    STANDARD.decode(text.trim()).ok()?.try_into().ok()
}

/// Whether a source goes on behind its end by now.
///
/// # Errors
/// `io` when it does; those of the source.
pub fn check_end(source: &dyn Source, size: u64) -> Result<()> {
    match source.read_at(size, &mut [0])? {
        0 => Ok(()),
        _ => Err(changed("it goes on behind its end")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bytes(Mutex<&'static [u8]>);

    impl Source for Bytes {
        fn size(&self) -> Option<u64> {
            None
        }

        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
            let rest = self.0.lock().get(usize::try_from(offset).unwrap()..).unwrap_or_default();
            // Fewer bytes do not mean the end.
            let count = rest.len().min(buffer.len()).min(3);
            buffer[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        }
    }

    fn read(piece: &Piece) -> Result<Vec<u8>> {
        let (mut all, mut block) = (Vec::new(), [0; 5]);
        loop {
            match piece.read(&mut block)? {
                0 => return Ok(all),
                count => all.extend_from_slice(&block[..count]),
            }
        }
    }

    #[test]
    fn a_stretch_is_read_as_often_as_it_is_sent() {
        let source = Arc::new(Bytes(Mutex::new(b"0123456789")));
        let piece = Piece::new(source.clone(), Stretch { from: 2, to: 9 }, None);
        for _ in 0..2 {
            assert_eq!(read(&piece).unwrap(), b"2345678");
            assert!(piece.rewind());
        }
        // RFC 1321 A.5 has the sum of such a text.
        *source.0.lock() = b"abc";
        let (sum, size) = sum(&*source, &Cancel::default()).unwrap();
        assert_eq!((in_base64(&sum).as_str(), size), ("kAFQmDzST7DWlj99KOF/cg==", 3));
        assert_eq!(from_base64("kAFQmDzST7DWlj99KOF/cg=="), Some(sum));
        assert_eq!(from_base64("kAFQmDzS"), None);
    }

    #[test]
    fn what_changes_meanwhile_is_not_sent_as_if_it_had_not() {
        let source = Arc::new(Bytes(Mutex::new(b"abcdef")));
        let all = Stretch { from: 0, to: 6 };
        let (known, _) = sum(&*source, &Cancel::default()).unwrap();
        assert!(read(&Piece::new(source.clone(), all, Some(known))).is_ok());
        for now in [&b"abcdeF"[..], b"abc"] {
            *source.0.lock() = now;
            let error = read(&Piece::new(source.clone(), all, Some(known))).unwrap_err();
            assert_eq!((error.code(), error.is_retryable()), ("io", false));
        }
        *source.0.lock() = b"abcdefg";
        assert!(check_end(&*source, 6).is_err() && check_end(&*source, 7).is_ok());
    }
}
