//! Reads the head of an answer.
//!
//! What `ureq-proto` refuses and servers send (spec/http.md 2.3 trap 11) is dealt with here: folded lines are joined
//! with a space as `requests` does; `Name : v` counts as `Name: v` (`requests` loses the rest of the head there); lines
//! that are no fields at all are passed over; up to 256 fields and 256 KiB. What decides about framing is read
//! strictly: a length is digits and nothing else, and two different ones are an error.

use std::{mem::MaybeUninit, time::Duration};

use crate::error::{Error, Result, Status, code};

/// Bytes of a head, at most.
pub const HEAD_LIMIT: usize = 256 << 10;
/// Fields of a head, at most.
pub const FIELD_LIMIT: usize = 256;

/// How a head announces its body, before method and status are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Announced {
    /// Not at all.
    Nothing,
    /// By its length.
    Length(u64),
    /// In chunks.
    Chunks,
    /// With a coding that only the end of the connection ends.
    UntilClose,
}

/// A head that was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// 0 for HTTP/1.0.
    pub minor: u8,
    /// Its bytes, the blank line included.
    pub size: usize,
    /// The body to come.
    pub announced: Announced,
    /// The connection ends with this answer.
    pub close: bool,
    /// How long the server says that it waits for the next request.
    pub keep: Option<Duration>,
    /// Some field goes on in a second line.
    pub folded: bool,
}

/// Where a head ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    /// Its bytes, the blank line included.
    pub size: usize,
    /// Some line begins with a space.
    pub folded: bool,
}

/// Finds the end of a head in bytes that arrive in pieces, without looking at any of them twice.
#[derive(Clone, Copy, Debug, Default)]
pub struct Finder {
    at: usize,
    folded: bool,
}

impl Finder {
    /// The head at the front of `bytes`, which are the bytes of the last call and more.
    pub fn find(&mut self, bytes: &[u8]) -> Option<Found> {
        loop {
            let rest = bytes.get(self.at..)?;
            let line_end = self.at + memchr::memchr(b'\n', rest)?;
            match bytes.get(line_end + 1..)? {
                [b'\n', ..] => return Some(Found { size: line_end + 2, folded: self.folded }),
                [b'\r', b'\n', ..] => return Some(Found { size: line_end + 3, folded: self.folded }),
                [] | [b'\r'] => {
                    self.at = line_end;
                    return None;
                }
                [next, ..] => {
                    self.folded |= matches!(next, b' ' | b'\t');
                    self.at = line_end + 1;
                }
            }
        }
    }
}

/// Whether these first bytes can be those of an answer.
///
/// # Errors
/// `protocol`, with the bytes.
pub fn check_start(bytes: &[u8]) -> Result<()> {
    let known = bytes.len().min(5);
    if bytes.get(..known) == b"HTTP/".get(..known) { Ok(()) } else { Err(not_http(bytes)) }
}

fn not_http(bytes: &[u8]) -> Error {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let shown = line.get(..line.len().min(60)).unwrap_or_default().trim_ascii_end();
    Error::new(
        &code::PROTOCOL,
        format!("the server's answer was not HTTP/1: it began with \"{}\"", shown.escape_ascii()),
    )
}

/// Reads a complete head.
///
/// # Errors
/// `protocol`; `limit` when it has too many fields.
pub fn parse(bytes: &[u8]) -> Result<Head> {
    // Not initialised, because most heads have ten fields and not 256.
    let mut fields = [const { MaybeUninit::uninit() }; FIELD_LIMIT];
    let mut answer = httparse::Response::new(&mut []);
    let mut config = httparse::ParserConfig::default();
    config
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true)
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .allow_space_before_first_header_name(true)
        .ignore_invalid_headers_in_responses(true);
    let size = match config.parse_response_with_uninit_headers(&mut answer, bytes, &mut fields) {
        Ok(httparse::Status::Complete(size)) => size,
        Err(httparse::Error::TooManyHeaders) => return Err(too_large(&format!("more than {FIELD_LIMIT} fields"))),
        Err(httparse::Error::HeaderName | httparse::Error::HeaderValue | httparse::Error::NewLine) => {
            let message = "the head of the server's answer had a character in it that no field may have";
            return Err(Error::new(&code::PROTOCOL, message));
        }
        _ => return Err(not_http(bytes)),
    };
    let (status, minor) = (answer.code.unwrap_or(0), answer.version.unwrap_or(1));
    if status < 100 {
        return Err(not_http(bytes));
    }
    let mut facts = Facts { close: None, chunked: None, length: None, keep: None };
    for field in &*answer.headers {
        facts.take(field)?;
    }
    let has_coding = facts.chunked.is_some();
    let announced = match (facts.chunked, facts.length) {
        (Some(true), _) => Announced::Chunks,
        (Some(false), _) => Announced::UntilClose,
        (None, Some(length)) => Announced::Length(length),
        (None, None) => Announced::Nothing,
    };
    // A length beside a coding, or a coding in 1.0, is what smugglers send: read as the RFC says, then never again.
    let suspicious = has_coding && (facts.length.is_some() || minor == 0);
    let close = suspicious || facts.close.unwrap_or(minor == 0);
    Ok(Head { status, minor, size, announced, close, keep: facts.keep, folded: false })
}

/// The error of a head that is too large.
#[must_use]
pub fn too_large(what: &str) -> Error {
    Error::new(&code::LIMIT, format!("the head of the answer was too large: {what}"))
}

struct Facts {
    close: Option<bool>,
    /// Whether the last transfer coding is `chunked`.
    chunked: Option<bool>,
    length: Option<u64>,
    keep: Option<Duration>,
}

impl Facts {
    fn take(&mut self, field: &httparse::Header<'_>) -> Result<()> {
        // Most fields are told apart by their length alone.
        match field.name.len() {
            10 if field.name.eq_ignore_ascii_case("connection") => {
                for token in tokens(field.value) {
                    if token.eq_ignore_ascii_case(b"close") {
                        self.close = Some(true);
                    } else if token.eq_ignore_ascii_case(b"keep-alive") && self.close.is_none() {
                        self.close = Some(false);
                    }
                }
            }
            10 if field.name.eq_ignore_ascii_case("keep-alive") => {
                let seconds = |token: &[u8]| {
                    let (name, value) = token.split_at_checked(8)?;
                    let value = std::str::from_utf8(value).ok()?;
                    name.eq_ignore_ascii_case(b"timeout=").then(|| value.parse().ok())?
                };
                self.keep = tokens(field.value).find_map(seconds).map(Duration::from_secs);
            }
            14 if field.name.eq_ignore_ascii_case("content-length") => {
                for token in field.value.split(|byte| *byte == b',') {
                    let length = parse_length(token.trim_ascii()).ok_or_else(|| bad_length(field.value))?;
                    if self.length.is_some_and(|other| other != length) {
                        let message = "the answer had two lengths that differ";
                        let error = Error::new(&code::INVALID_HEADER, message).status_as(Status::Protocol);
                        return Err(error.with("phase", "read"));
                    }
                    self.length = Some(length);
                }
            }
            17 if field.name.eq_ignore_ascii_case("transfer-encoding") => {
                for token in tokens(field.value).filter(|token| !token.eq_ignore_ascii_case(b"identity")) {
                    self.chunked = Some(token.eq_ignore_ascii_case(b"chunked"));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty())
}

/// Digits and nothing else, below 2^63.
pub(super) fn parse_length(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: u64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    i64::try_from(number).ok().map(|_| number)
}

fn bad_length(value: &[u8]) -> Error {
    let shown = value.get(..value.len().min(40)).unwrap_or_default();
    let message = format!("the answer's length was no number below 2^63: \"{}\"", shown.escape_ascii());
    Error::new(&code::PROTOCOL, message)
}

/// Joins folded lines with a space.
#[must_use]
pub fn unfold(head: &[u8]) -> Vec<u8> {
    let mut joined: Vec<u8> = Vec::with_capacity(head.len());
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        if joined.len() > 1 && matches!(line, [b' ' | b'\t', ..]) {
            joined.truncate(joined.trim_ascii_end().len());
            joined.push(b' ');
            joined.extend_from_slice(line.trim_ascii_start());
            if !joined.ends_with(b"\n") {
                joined.extend_from_slice(b"\r\n");
            }
        } else {
            joined.extend_from_slice(line);
        }
    }
    joined
}

/// The reason phrase of a head; empty when there is none.
#[must_use]
pub fn reason(head: &[u8]) -> &[u8] {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    // Behind the version and the status, however many blanks are between them.
    let after_word = |text: &'_ [u8]| text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    let rest = line.get(after_word(line)..).unwrap_or_default().trim_ascii_start();
    rest.get(after_word(rest)..).unwrap_or_default().trim_ascii()
}

/// The fields of an (unfolded) head in their order and case, without the space around them.
pub fn fields(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    head.split(|byte| *byte == b'\n').skip(1).filter_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        let (name, value) = line.split_at_checked(colon)?;
        let name = name.trim_ascii_end();
        let value = value.get(1..)?.trim_ascii();
        (!name.is_empty()).then_some((name, value))
    })
}
