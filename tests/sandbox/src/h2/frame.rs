//! HTTP/2 frames (RFC 9113 sections 4 and 6): names of types, flags, settings and error codes, and the writing of
//! frames. Written here, not taken from a library, because the faults need frames that no library would send and
//! the log needs what every library hides.

/// Every client connection begins with this (RFC 9113 section 3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Length of a frame's head.
pub const HEAD_BYTES: usize = 9;

/// Frame types.
pub mod kind {
    #![allow(missing_docs, reason = "the names are those of RFC 9113 section 6")]
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const PRIORITY: u8 = 2;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PUSH_PROMISE: u8 = 5;
    pub const PING: u8 = 6;
    pub const GOAWAY: u8 = 7;
    pub const WINDOW_UPDATE: u8 = 8;
    pub const CONTINUATION: u8 = 9;
}

/// Flags; some mean different things on different types.
pub mod flag {
    #![allow(missing_docs, reason = "the names are those of RFC 9113 section 6")]
    pub const END_STREAM: u8 = 1;
    pub const ACK: u8 = 1;
    pub const END_HEADERS: u8 = 4;
    pub const PADDED: u8 = 8;
    pub const PRIORITY: u8 = 0x20;
}

/// Identifiers of settings (RFC 9113 section 6.5.2).
pub mod setting {
    #![allow(missing_docs, reason = "the names are those of RFC 9113 section 6.5.2")]
    pub const HEADER_TABLE_SIZE: u16 = 1;
    pub const ENABLE_PUSH: u16 = 2;
    pub const MAX_CONCURRENT_STREAMS: u16 = 3;
    pub const INITIAL_WINDOW_SIZE: u16 = 4;
    pub const MAX_FRAME_SIZE: u16 = 5;
    pub const MAX_HEADER_LIST_SIZE: u16 = 6;
}

/// The name of a setting, or its number.
pub fn setting_name(id: u16) -> String {
    let name = match id {
        setting::HEADER_TABLE_SIZE => "HEADER_TABLE_SIZE",
        setting::ENABLE_PUSH => "ENABLE_PUSH",
        setting::MAX_CONCURRENT_STREAMS => "MAX_CONCURRENT_STREAMS",
        setting::INITIAL_WINDOW_SIZE => "INITIAL_WINDOW_SIZE",
        setting::MAX_FRAME_SIZE => "MAX_FRAME_SIZE",
        setting::MAX_HEADER_LIST_SIZE => "MAX_HEADER_LIST_SIZE",
        _ => return id.to_string(),
    };
    name.to_owned()
}

/// Error codes (RFC 9113 section 7) in the order of their numbers.
const ERRORS: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];

/// Error codes that the server itself sends.
pub mod error {
    #![allow(missing_docs, reason = "the names are those of RFC 9113 section 7")]
    pub const NO_ERROR: u32 = 0;
    pub const PROTOCOL_ERROR: u32 = 1;
    pub const INTERNAL_ERROR: u32 = 2;
    pub const FLOW_CONTROL_ERROR: u32 = 3;
    pub const STREAM_CLOSED: u32 = 5;
    pub const FRAME_SIZE_ERROR: u32 = 6;
    pub const REFUSED_STREAM: u32 = 7;
    pub const COMPRESSION_ERROR: u32 = 9;
}

/// An error code from its name in any case, or from a number.
pub fn error_code(text: &str) -> Option<u32> {
    let name = text.to_ascii_uppercase();
    let known = ERRORS.iter().position(|error| *error == name).and_then(|at| u32::try_from(at).ok());
    known.or_else(|| text.parse().ok())
}

/// The name of an error code, or its number.
pub fn error_name(code: u32) -> String {
    let known = usize::try_from(code).ok().and_then(|at| ERRORS.get(at));
    known.map_or_else(|| code.to_string(), |name| (*name).to_owned())
}

/// Appends a frame. A payload beyond what the length field can tell is the caller's mistake and is cut.
pub fn put(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let payload = &payload[..payload.len().min(0xff_ffff)];
    out.extend_from_slice(&u32::try_from(payload.len()).unwrap_or(0).to_be_bytes()[1..]);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

/// Appends a header block, split into CONTINUATION frames where it is longer than a frame may be.
pub fn put_headers(out: &mut Vec<u8>, stream: u32, block: &[u8], end_stream: bool, frame_max: usize) {
    let end = if end_stream { flag::END_STREAM } else { 0 };
    let first = block.len().min(frame_max);
    let (head, rest) = block.split_at(first);
    let done = if rest.is_empty() { flag::END_HEADERS } else { 0 };
    put(out, kind::HEADERS, end | done, stream, head);
    let count = rest.len().div_ceil(frame_max.max(1));
    for (at, piece) in rest.chunks(frame_max.max(1)).enumerate() {
        put(out, kind::CONTINUATION, if at + 1 == count { flag::END_HEADERS } else { 0 }, stream, piece);
    }
}

/// Appends SETTINGS.
pub fn put_settings(out: &mut Vec<u8>, settings: &[(u16, u32)]) {
    let mut payload = Vec::with_capacity(settings.len() * 6);
    for (name, value) in settings {
        payload.extend_from_slice(&name.to_be_bytes());
        payload.extend_from_slice(&value.to_be_bytes());
    }
    put(out, kind::SETTINGS, 0, 0, &payload);
}

/// Appends RST_STREAM.
pub fn put_reset(out: &mut Vec<u8>, stream: u32, code: u32) {
    put(out, kind::RST_STREAM, 0, stream, &code.to_be_bytes());
}

/// Appends GOAWAY.
pub fn put_goaway(out: &mut Vec<u8>, last: u32, code: u32, debug: &[u8]) {
    let mut payload = last.to_be_bytes().to_vec();
    payload.extend_from_slice(&code.to_be_bytes());
    payload.extend_from_slice(debug);
    put(out, kind::GOAWAY, 0, 0, &payload);
}

/// Appends WINDOW_UPDATE.
pub fn put_window(out: &mut Vec<u8>, stream: u32, increment: u32) {
    put(out, kind::WINDOW_UPDATE, 0, stream, &increment.to_be_bytes());
}

/// The four bytes at `at` as a number; 0 beyond the end.
pub fn number(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_as_rfc_9113_section_4_1_draws_them() {
        let mut out = Vec::new();
        put_reset(&mut out, 3, 8);
        assert_eq!(out, [0, 0, 4, 3, 0, 0, 0, 0, 3, 0, 0, 0, 8]);
        out.clear();
        put_headers(&mut out, 1, b"abcde", true, 2);
        assert_eq!(
            out,
            [
                &[0, 0, 2, 1, 1, 0, 0, 0, 1, b'a', b'b'][..],
                &[0, 0, 2, 9, 0, 0, 0, 0, 1, b'c', b'd'],
                &[0, 0, 1, 9, 4, 0, 0, 0, 1, b'e'],
            ]
            .concat()
        );
    }

    #[test]
    fn error_codes_have_the_numbers_of_the_registry() {
        assert_eq!(error_code("refused_stream"), Some(7));
        assert_eq!(error_code("0xb"), None);
        assert_eq!(error_code("11"), Some(11));
        assert_eq!(error_name(13), "HTTP_1_1_REQUIRED");
        assert_eq!(error_name(99), "99");
    }
}
