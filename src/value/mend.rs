//! Makes strict JSON of what Python's parser takes beside it: other encodings, bytes that are not UTF-8, lone
//! surrogates, `NaN`, `Infinity`, numbers beyond a double. Only runs after the strict parser has refused.
//!
//! Every replacement is as long as what it replaces, so that line and column of a later error stay true. The decisions
//! are in `docs/decisions/json-leniency.md`.

use super::{fill::Exact, number};

/// The mended text and the numbers that it cannot hold, or `None` if there is nothing to mend.
pub(super) fn mend(text: &[u8]) -> Option<(Vec<u8>, Vec<Exact>)> {
    let decoded = decode(text);
    let mut changed = decoded.is_some();
    let mut text = decoded.unwrap_or_else(|| text.to_vec());
    let mut exact = Vec::new();
    let mut ordinal = 0;
    let mut at = 0;
    while let Some(first) = text.get(at) {
        match first {
            b'"' => at = string(&mut text, at + 1, &mut changed),
            b'-' | b'0'..=b'9' | b'N' | b'I' => {
                let rest = text.get_mut(at..).unwrap_or_default();
                let end = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
                let token = rest.get_mut(..end).unwrap_or_default();
                at += end.max(1);
                if let Some(value) = beyond_json(token) {
                    let text = String::from_utf8_lossy(token).as_ref().into();
                    exact.push(Exact { ordinal, number: value, text });
                    token.fill(b' ');
                    if let Some(first) = token.first_mut() {
                        *first = b'0';
                    }
                    changed = true;
                }
                ordinal += 1;
            }
            _ => at += 1,
        }
    }
    changed.then_some((text, exact))
}

/// Part of a number or a word; what is neither ends a token.
fn is_word(byte: u8) -> bool {
    !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' | b'[' | b']' | b'{' | b'}' | b'"')
}

/// The value of a token that strict JSON has no number for.
fn beyond_json(token: &[u8]) -> Option<f64> {
    match token {
        b"NaN" => Some(f64::NAN),
        b"Infinity" => Some(f64::INFINITY),
        b"-Infinity" => Some(f64::NEG_INFINITY),
        _ if number::is_json_number(token) => {
            let value: f64 = std::str::from_utf8(token).ok()?.parse().ok()?;
            value.is_infinite().then_some(value)
        }
        _ => None,
    }
}

/// Walks over a string whose opening quote was passed, and makes `\ufffd` of surrogates without a partner.
fn string(text: &mut [u8], mut at: usize, changed: &mut bool) -> usize {
    while let Some(found) = memchr::memchr2(b'"', b'\\', text.get(at..).unwrap_or_default()) {
        at += found;
        if text.get(at) == Some(&b'"') {
            return at + 1;
        }
        match surrogate(text, at) {
            None => at += 2,
            Some(Half::High) if surrogate(text, at + 6) == Some(Half::Low) => at += 12,
            Some(_) => {
                if let Some(digits) = text.get_mut(at + 2..at + 6) {
                    digits.copy_from_slice(b"fffd");
                    *changed = true;
                }
                at += 6;
            }
        }
    }
    text.len()
}

#[derive(PartialEq)]
enum Half {
    High,
    Low,
}

/// Which half of a surrogate pair is escaped here, if any.
fn surrogate(text: &[u8], at: usize) -> Option<Half> {
    let escape = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    if !escape.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    match u16::from_str_radix(std::str::from_utf8(escape).ok()?, 16).ok()? {
        0xD800..=0xDBFF => Some(Half::High),
        0xDC00..=0xDFFF => Some(Half::Low),
        _ => None,
    }
}

/// The text as UTF-8, if it was not: told by its mark or by where its first four bytes are zero (RFC 4627 section 3,
/// and `guess_json_utf` of requests).
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    match text {
        [0xFF, 0xFE, 0, 0, rest @ ..] => Some(utf32(rest, u32::from_le_bytes)),
        [0, 0, 0xFE, 0xFF, rest @ ..] => Some(utf32(rest, u32::from_be_bytes)),
        [0xEF, 0xBB, 0xBF, rest @ ..] => Some(String::from_utf8_lossy(rest).into_owned().into_bytes()),
        [0xFF, 0xFE, rest @ ..] => Some(utf16(rest, u16::from_le_bytes)),
        [0xFE, 0xFF, rest @ ..] => Some(utf16(rest, u16::from_be_bytes)),
        [0, 0, 0, 1..=255, ..] => Some(utf32(text, u32::from_be_bytes)),
        [1..=255, 0, 0, 0, ..] => Some(utf32(text, u32::from_le_bytes)),
        [0, 1..=255, 0, 1..=255, ..] => Some(utf16(text, u16::from_be_bytes)),
        [1..=255, 0, 1..=255, 0, ..] => Some(utf16(text, u16::from_le_bytes)),
        _ => match String::from_utf8_lossy(text) {
            std::borrow::Cow::Borrowed(_) => None,
            std::borrow::Cow::Owned(text) => Some(text.into_bytes()),
        },
    }
}

/// Halves of pairs without a partner, and an odd byte at the end, become U+FFFD.
fn utf16(text: &[u8], unit: fn([u8; 2]) -> u16) -> Vec<u8> {
    let (units, odd) = text.as_chunks();
    let mut out: String = char::decode_utf16(units.iter().map(|bytes| unit(*bytes)))
        .map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    if !odd.is_empty() {
        out.push(char::REPLACEMENT_CHARACTER);
    }
    out.into_bytes()
}

fn utf32(text: &[u8], unit: fn([u8; 4]) -> u32) -> Vec<u8> {
    let (units, odd) = text.as_chunks();
    let mut out: String =
        units.iter().map(|bytes| char::from_u32(unit(*bytes)).unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    if !odd.is_empty() {
        out.push(char::REPLACEMENT_CHARACTER);
    }
    out.into_bytes()
}
