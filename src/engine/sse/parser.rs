//! The event stream format (WHATWG HTML 9.2.5 and 9.2.6): bytes in, in pieces of any size, events out.
//!
//! What is not UTF-8 becomes U+FFFD as the UTF-8 decoder of the Encoding standard has it. Line by line is the same as
//! decoding all at once: the bytes that end lines end every sequence that is not complete.

use std::{borrow::Cow, time::Duration};

use memchr::memchr2;

/// What the format allows at the very beginning, once.
const BOM: &[u8] = b"\xEF\xBB\xBF";
/// More is as good as never, and cannot be added to every clock.
const LONGEST_RETRY: u64 = 100 * 366 * 86_400 * 1000;
/// Room that is kept for the next event.
const KEPT: usize = 16 << 10;

/// One event, for as long as it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its type; "message" when the stream names none.
    pub event: &'a str,
    /// Its lines, joined by line feeds.
    pub data: &'a str,
    /// The last id that the stream has named.
    pub id: &'a str,
}

/// An event was larger than was allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

/// One stream from its first byte to its last.
#[derive(Debug)]
pub struct Parser {
    /// Bytes of the byte order mark seen so far; `None` once that is decided.
    start: Option<usize>,
    /// The last line ended with CR: an LF that follows belongs to it.
    after_cr: bool,
    line: Vec<u8>,
    data: Vec<u8>,
    event: Vec<u8>,
    /// The last id read, and the one of the last event or empty line.
    id: String,
    last_id: String,
    retry: Option<Duration>,
    most: usize,
}

impl Parser {
    /// A stream that goes on after the event `last_id` (empty: from the beginning). One event may take `most` bytes.
    #[must_use]
    pub fn new(last_id: &str, most: usize) -> Parser {
        Parser {
            start: Some(0),
            after_cr: false,
            line: Vec::new(),
            data: Vec::new(),
            event: Vec::new(),
            // The standard starts with an empty one, browsers with this: else the first event without an id on a new
            // connection would make the place forgotten.
            id: last_id.to_owned(),
            last_id: last_id.to_owned(),
            retry: None,
            most,
        }
    }

    /// The id to go on from: that of the last event that was complete.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        &self.last_id
    }

    /// How long to wait before the stream is asked for again, when it has said so since this was last asked.
    pub fn take_retry(&mut self) -> Option<Duration> {
        self.retry.take()
    }

    /// Takes the next bytes, and shows each event that they complete. What is not complete at the end of the stream is
    /// no event.
    ///
    /// # Errors
    /// An event that is too large; nothing can follow.
    pub fn feed(&mut self, mut bytes: &[u8], show: &mut dyn FnMut(Event<'_>)) -> Result<(), TooLarge> {
        while let (Some(seen), Some((first, rest))) = (self.start, bytes.split_first()) {
            if BOM.get(seen) == Some(first) {
                bytes = rest;
                self.start = Some(seen + 1).filter(|seen| *seen < BOM.len());
            } else {
                // It only began like one.
                self.line.extend_from_slice(BOM.get(..seen).unwrap_or_default());
                self.start = None;
            }
        }
        loop {
            if self.after_cr && !bytes.is_empty() {
                self.after_cr = false;
                bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            }
            let end = memchr2(b'\n', b'\r', bytes);
            let (part, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            if self.line.len() + part.len() + self.data.len() + self.event.len() > self.most {
                return Err(TooLarge);
            }
            let Some((terminator, rest)) = rest.split_first() else {
                self.line.extend_from_slice(part);
                return Ok(());
            };
            self.after_cr = *terminator == b'\r';
            bytes = rest;
            if self.line.is_empty() {
                self.take_line(part, show);
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(part);
                self.take_line(&line, show);
                line.clear();
                line.shrink_to(KEPT);
                self.line = line;
            }
        }
    }

    fn take_line(&mut self, line: &[u8], show: &mut dyn FnMut(Event<'_>)) {
        if line.is_empty() {
            return self.dispatch(show);
        }
        let (field, value) = match memchr::memchr(b':', line) {
            Some(colon) => (line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default()),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
            }
            b"event" => {
                self.event.clear();
                self.event.extend_from_slice(value);
            }
            b"id" if !value.contains(&0) => {
                self.id.clear();
                self.id.push_str(&String::from_utf8_lossy(value));
            }
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                let digit = |number: u64, digit: &u8| number.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
                let time = value.iter().fold(0, digit).min(LONGEST_RETRY);
                self.retry = Some(Duration::from_millis(time));
            }
            // Comments have an empty name.
            _ => {}
        }
    }

    fn dispatch(&mut self, show: &mut dyn FnMut(Event<'_>)) {
        if self.last_id != self.id {
            self.last_id.clone_from(&self.id);
        }
        if self.data.pop().is_some() {
            let data = String::from_utf8_lossy(&self.data);
            let event = match &*self.event {
                b"" => Cow::Borrowed("message"),
                event => String::from_utf8_lossy(event),
            };
            show(Event { event: &event, data: &data, id: &self.last_id });
        }
        self.data.clear();
        self.data.shrink_to(KEPT);
        self.event.clear();
    }
}

#[cfg(test)]
mod tests;
