//! Percent encoding: which bytes may stand where in a URL, and the three ways in which requests and urllib3 put
//! escapes in order (spec/http.md 1.3 step 6).

use std::borrow::Cow;

/// Letters, digits, `-._~`.
pub(super) const UNRESERVED: u8 = 1;
/// What may stand in userinfo.
pub(super) const USERINFO: u8 = 2;
/// What may stand in a path.
pub(super) const PATH: u8 = 4;
/// What may stand in a query or a fragment.
pub(super) const QUERY: u8 = 8;
/// What the last quoting of the whole URL leaves alone; `%` is decided apart.
const WHOLE: u8 = 16;
/// What a host needs no work for: lower-case letters, digits, `.-_`.
pub(super) const HOST: u8 = 32;

/// The classes of each byte.
static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0u8; 256];
    mark(&mut table, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", u8::MAX ^ HOST);
    mark(&mut table, b"!$&'()*+,;=:", USERINFO | PATH | QUERY | WHOLE);
    mark(&mut table, b"@/", PATH | QUERY | WHOLE);
    mark(&mut table, b"?", QUERY | WHOLE);
    mark(&mut table, b"#[]", WHOLE);
    mark(&mut table, b"abcdefghijklmnopqrstuvwxyz0123456789-._", HOST);
    table
}

const fn mark(table: &mut [u8; 256], bytes: &[u8], class: u8) {
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] |= class;
        at += 1;
    }
}

/// Whether the byte is of that class.
#[inline]
pub(super) fn is(byte: u8, class: u8) -> bool {
    // There is an entry for every byte, so the compiler drops the check.
    CLASSES.get(usize::from(byte)).is_some_and(|classes| classes & class != 0)
}

/// Appends `%XX`.
pub(super) fn push_escape(out: &mut String, byte: u8) {
    out.push('%');
    for digit in [byte >> 4, byte & 15] {
        out.extend(char::from_digit(u32::from(digit), 16).map(|digit| digit.to_ascii_uppercase()));
    }
}

/// The value of two hex digits at the front.
pub(super) fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    match bytes {
        [high, low, ..] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    }
}

/// One component as urllib3 encodes it: what is not of `class` is escaped; the `%` of escapes stay, with upper-case
/// digits, but only if every `%` begins an escape, else all of them become `%25`.
pub(super) fn component(text: &str, class: u8) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if bytes.iter().all(|byte| is(*byte, class)) {
        return Cow::Borrowed(text);
    }
    let escaped = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%');
    let all_escapes = escaped.clone().all(|(at, _)| hex_pair(bytes.get(at + 1..).unwrap_or_default()).is_some());
    let mut out = String::with_capacity(text.len() + 16);
    // How many bytes of an escape's digits are still to come, which are written in upper case.
    let mut digits = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if digits > 0 {
            digits -= 1;
            out.push(char::from(byte.to_ascii_uppercase()));
        } else if *byte == b'%' {
            out.push_str(if all_escapes { "%" } else { "%25" });
            digits = if hex_pair(bytes.get(at + 1..).unwrap_or_default()).is_some() { 2 } else { 0 };
        } else if is(*byte, class) {
            out.push(char::from(*byte));
        } else {
            push_escape(&mut out, *byte);
        }
    }
    Cow::Owned(out)
}

/// The whole URL as requests quotes it last: escapes of unreserved characters are undone, what may not stand in a
/// URL is escaped. If some `%` is followed by two letters or digits that are no hex pair, every `%` becomes `%25`.
pub(super) fn whole(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| is(byte, WHOLE)) {
        return Cow::Borrowed(text);
    }
    let broken = text.match_indices('%').any(|(at, _)| {
        let mut after = text.get(at + 1..).unwrap_or_default().chars();
        let pair = (after.next(), after.next());
        match pair {
            (Some(high), Some(low)) => {
                high.is_alphanumeric()
                    && low.is_alphanumeric()
                    && !(high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
            }
            _ => false,
        }
    });
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len() + 16);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'%' if broken => out.push_str("%25"),
            b'%' => match hex_pair(bytes.get(at..).unwrap_or_default()) {
                Some(plain) if is(plain, UNRESERVED) => {
                    out.push(char::from(plain));
                    at += 2;
                }
                _ => out.push('%'),
            },
            byte if is(*byte, WHOLE) => out.push(char::from(*byte)),
            byte => push_escape(&mut out, *byte),
        }
    }
    Cow::Owned(out)
}

/// Appends one name or value of a form: space becomes `+`, all but unreserved bytes are escaped.
pub(in crate::engine::http) fn push_form(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        match byte {
            b' ' => out.push('+'),
            byte if is(*byte, UNRESERVED) => out.push(char::from(*byte)),
            byte => push_escape(out, *byte),
        }
    }
}

/// Undoes escapes; bytes that are not UTF-8 then are replaced.
pub(in crate::engine::http) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match hex_pair(bytes.get(at..).unwrap_or_default()) {
            Some(plain) if *byte == b'%' => {
                out.push(plain);
                at += 2;
            }
            _ => out.push(*byte),
        }
    }
    match String::from_utf8(out) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}
