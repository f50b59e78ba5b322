//! Messages with their length before them.

use crate::error::{Error, Outcome, Result, Status as Kind, code};

/// A flag and four bytes of length.
pub const PREFIX: usize = 5;

/// A message as it is sent.
///
/// # Errors
/// `limit` when its length has no room.
pub fn wrap(message: &[u8]) -> Result<Vec<u8>> {
    let length = u32::try_from(message.len())
        .map_err(|_| Error::new(&code::LIMIT, "a message of 4 GiB or more cannot be sent"))?;
    let mut out = Vec::with_capacity(PREFIX + message.len());
    out.push(0);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(message);
    Ok(out)
}

/// Takes messages out of what arrives.
#[derive(Debug)]
pub struct Frames {
    held: Vec<u8>,
    /// What was taken already.
    at: usize,
    most: usize,
}

impl Frames {
    /// None yet; one message may have `most` bytes.
    #[must_use]
    pub fn new(most: usize) -> Frames {
        Frames { held: Vec::new(), at: 0, most }
    }

    /// More has arrived.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.at > 0 {
            self.held.drain(..self.at);
            self.at = 0;
        }
        self.held.extend_from_slice(bytes);
    }

    /// The next message, when it is there as a whole.
    ///
    /// # Errors
    /// `message_too_large` for one that is longer than was allowed; `protocol` for a compressed one, which nobody asked for.
    pub fn take(&mut self) -> Result<Option<&[u8]>> {
        let rest = self.held.get(self.at..).unwrap_or_default();
        let Some((length, rest)) = begun(rest, self.most)? else { return Ok(None) };
        if rest.len() < length {
            return Ok(None);
        }
        let from = self.at + PREFIX;
        self.at = from + length;
        Ok(self.held.get(from..self.at))
    }

    /// Whether a message was begun and not brought to its end.
    #[must_use]
    pub fn is_torn(&self) -> bool {
        self.at < self.held.len()
    }
}

/// The messages of an answer that is there as a whole, where they are, and whether it ended in the middle of one.
///
/// # Errors
/// Those of [`Frames::take`].
pub fn split(mut bytes: &[u8], most: usize) -> Result<(Vec<&[u8]>, bool)> {
    let mut messages = Vec::new();
    while let Some((length, rest)) = begun(bytes, most)? {
        let Some((message, rest)) = rest.split_at_checked(length) else { break };
        messages.push(message);
        bytes = rest;
    }
    Ok((messages, !bytes.is_empty()))
}

/// The length of the message that begins here, and what there is from its first byte on; `None` when not even that is there.
///
/// # Errors
/// Those of [`Frames::take`].
pub fn begun(bytes: &[u8], most: usize) -> Result<Option<(usize, &[u8])>> {
    let Some((&[flag, a, b, c, d], rest)) = bytes.split_first_chunk::<PREFIX>() else { return Ok(None) };
    if flag != 0 {
        let error = Error::new(&code::PROTOCOL, "the server compressed a message, which nobody asked for");
        return Err(error.outcome(Outcome::Unknown));
    }
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if length > most { Err(too_large(length, most)) } else { Ok(Some((length, rest))) }
}

/// An answer that the host did not want that long.
fn too_large(length: usize, most: usize) -> Error {
    let message = format!("a message of the server had {length} bytes; max_receive_size allows {most}");
    let error = Error::new(&code::MESSAGE_TOO_LARGE, message).status_as(Kind::Limit);
    error.with("grpc_status", "RESOURCE_EXHAUSTED").outcome(Outcome::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_as_they_were_wrapped_however_they_arrive() {
        let wire = [wrap(b"one").unwrap(), wrap(b"").unwrap(), wrap(&[7; 300]).unwrap()].concat();
        assert_eq!(wire.get(..8), Some(&b"\0\0\0\0\x03one"[..]));
        for step in [1, 2, 7, 400] {
            let mut frames = Frames::new(1000);
            let mut found = Vec::new();
            for piece in wire.chunks(step) {
                frames.feed(piece);
                while let Some(message) = frames.take().unwrap() {
                    found.push(message.to_vec());
                }
            }
            assert_eq!(found, [b"one".to_vec(), Vec::new(), vec![7; 300]], "{step}");
            assert!(!frames.is_torn());
        }
        assert_eq!(split(&wire, 1000).unwrap(), (vec![&b"one"[..], b"", &[7; 300]], false));
    }

    #[test]
    fn what_is_too_long_compressed_or_torn_is_told() {
        let mut frames = Frames::new(10);
        frames.feed(&[0, 0, 0, 0, 11]);
        assert_eq!(frames.take().unwrap_err().code(), "message_too_large");
        let mut frames = Frames::new(10);
        frames.feed(&[1, 0, 0, 0, 0]);
        assert_eq!(frames.take().unwrap_err().code(), "protocol");
        let mut frames = Frames::new(10);
        frames.feed(&[0, 0, 0, 0, 2, 1]);
        assert_eq!(frames.take().unwrap(), None);
        assert!(frames.is_torn());
        assert_eq!(split(&[0, 0, 0, 0, 2, 1], 10).unwrap(), (vec![], true));
        assert_eq!(split(&[0, 0, 0, 0, 0, 0, 0], 10).unwrap(), (vec![&b""[..]], true));
        assert_eq!(split(&[0, 0, 0, 0, 11], 10).unwrap_err().code(), "message_too_large");
    }
}
