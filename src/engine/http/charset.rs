//! Charsets (spec/http.md 1.13): which one an answer has, and its text.
//!
//! Names are Python's as well as those of the web, and mean what they mean in Python: `iso-8859-1` is latin-1 here,
//! not windows-1252, and `utf-8` keeps a byte-order mark.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// The charset that a Content-Type stands for: its `charset` (quotes removed), else `ISO-8859-1` for text, else
/// `utf-8` for JSON, else none.
pub fn of_content_type(content_type: &str) -> Option<Cow<'_, str>> {
    let around = ['"', '\'', ' '];
    let mut parts = content_type.split(';');
    let kind = parts.next()?.trim();
    let mut charset = None;
    for part in parts {
        let parameter = part.trim().split_once('=');
        if let Some((_, value)) =
            parameter.filter(|(name, _)| name.trim_matches(around).eq_ignore_ascii_case("charset"))
        {
            charset = Some(value.trim_matches(around));
        }
    }
    match charset {
        Some(charset) => Some(Cow::Borrowed(charset)),
        None if kind.contains("text") => Some(Cow::Borrowed("ISO-8859-1")),
        None if kind.contains("application/json") => Some(Cow::Borrowed("utf-8")),
        None => None,
    }
}

/// A guess from the bytes alone (`apparent_encoding`): a byte-order mark, ASCII, UTF-8, else windows-1252.
pub fn guess(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => "utf-32",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "utf-16",
        [0xef, 0xbb, 0xbf, ..] => "utf-8-sig",
        bytes if bytes.is_ascii() => "ascii",
        bytes if std::str::from_utf8(bytes).is_ok() => "utf-8",
        _ => "windows-1252",
    }
}

/// The Unicode encoding of a JSON text, from its byte-order mark or the place of zero bytes among its first four.
pub fn guess_json_utf(bytes: &[u8]) -> Option<&'static str> {
    let sample = bytes.get(..bytes.len().min(4)).unwrap_or_default();
    match sample {
        [0xff, 0xfe, 0, 0] | [0, 0, 0xfe, 0xff] => return Some("utf-32"),
        [0xef, 0xbb, 0xbf, ..] => return Some("utf-8-sig"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Some("utf-16"),
        _ => {}
    }
    match sample.iter().filter(|byte| **byte == 0).count() {
        0 => Some("utf-8"),
        2 => match sample {
            [0, _, 0, ..] => Some("utf-16-be"),
            [_, 0, _, 0] => Some("utf-16-le"),
            _ => None,
        },
        3 => match sample {
            [0, 0, 0, ..] => Some("utf-32-be"),
            [_, 0, 0, 0] => Some("utf-32-le"),
            _ => None,
        },
        _ => None,
    }
}

/// Bytes as text. Without a charset one is guessed; what cannot be decoded becomes U+FFFD; a charset that nobody
/// knows is read as UTF-8.
pub fn decode<'a>(bytes: &'a [u8], charset: Option<&str>) -> Cow<'a, str> {
    let charset = Charset::named(charset.unwrap_or_else(|| guess(bytes))).unwrap_or(Charset::Known(UTF_8));
    match charset {
        Charset::Known(encoding) if encoding == UTF_8 => String::from_utf8_lossy(bytes),
        Charset::Latin1 | Charset::Ascii if bytes.is_ascii() => String::from_utf8_lossy(bytes),
        charset => {
            let mut decoder = TextDecoder::of(charset);
            let mut out = String::new();
            decoder.decode(bytes, true, &mut out);
            Cow::Owned(out)
        }
    }
}

/// The text of an answer that should be JSON: with a charset as [`decode`], else by [`guess_json_utf`]. A byte-order
/// mark does not count.
pub fn decode_json<'a>(bytes: &'a [u8], charset: Option<&str>) -> Cow<'a, str> {
    let charset = charset.filter(|charset| !charset.is_empty());
    let guessed = if charset.is_none() && bytes.len() > 3 { guess_json_utf(bytes) } else { None };
    let text = decode(bytes, charset.or(guessed));
    // Bytes that are not what they looked like: another guess, as for any text.
    let text = match guessed {
        Some(_) if text.contains('\u{fffd}') && std::str::from_utf8(bytes).is_err() => decode(bytes, None),
        _ => text,
    };
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_start_matches('\u{feff}')),
        Cow::Owned(text) if text.starts_with('\u{feff}') => Cow::Owned(text.trim_start_matches('\u{feff}').to_owned()),
        owned => owned,
    }
}

/// Whether a charset of that name is known.
pub fn is_known(name: &str) -> bool {
    Charset::named(name).is_some()
}

/// A charset, as Python understands its name.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Charset {
    Latin1,
    Ascii,
    /// UTF-8 whose byte-order mark does not count.
    Utf8Signed,
    /// Big-endian or not; None: as its byte-order mark says, which does not count then.
    Utf16(Option<bool>),
    Utf32(Option<bool>),
    Known(&'static Encoding),
}

impl Charset {
    fn named(name: &str) -> Option<Charset> {
        if name.eq_ignore_ascii_case("utf-8") {
            return Some(Charset::Known(UTF_8));
        }
        let name = name.trim().to_ascii_lowercase().replace(['_', ' '], "-");
        Some(match &*name {
            "iso-8859-1" | "iso8859-1" | "latin-1" | "latin1" | "latin" | "l1" | "8859" | "cp819" | "ibm819"
            | "iso-ir-100" | "csisolatin1" | "iso-8859-1-1987" | "iso-8859-1:1987" => Charset::Latin1,
            "ascii" | "us-ascii" | "646" | "ansi-x3.4-1968" | "iso646-us" | "us" | "iso-646.irv-1991" => Charset::Ascii,
            "utf-8-sig" => Charset::Utf8Signed,
            "utf-16" | "utf16" | "u16" => Charset::Utf16(None),
            "utf-16-le" | "utf-16le" => Charset::Utf16(Some(false)),
            "utf-16-be" | "utf-16be" => Charset::Utf16(Some(true)),
            "utf-32" | "utf32" | "u32" => Charset::Utf32(None),
            "utf-32-le" | "utf-32le" => Charset::Utf32(Some(false)),
            "utf-32-be" | "utf-32be" => Charset::Utf32(Some(true)),
            name => {
                let label = match name {
                    "u8" | "utf" | "cp65001" => "utf-8",
                    "latin9" | "latin-9" | "l9" => "iso-8859-15",
                    "latin-2" => "latin2",
                    "cp932" | "ms932" | "mskanji" | "ms-kanji" => "shift_jis",
                    "cp949" | "uhc" | "ms949" | "euckr" => "euc-kr",
                    "cp936" | "ms936" => "gbk",
                    "cp950" | "ms950" => "big5",
                    "big5-tw" => "big5",
                    "eucjp" | "ujis" => "euc-jp",
                    "mac-roman" | "macroman" => "macintosh",
                    "mac-cyrillic" => "x-mac-cyrillic",
                    "cp866" => "ibm866",
                    "cp874" => "windows-874",
                    name => name,
                };
                let encoding = Encoding::for_label_no_replacement(label.as_bytes())
                    .or_else(|| Encoding::for_label_no_replacement(label.replace('-', "_").as_bytes()))?;
                Charset::Known(encoding)
            }
        })
    }
}

/// Decodes a text that comes in pieces; a character may lie across two of them.
pub struct TextDecoder {
    charset: Charset,
    /// The decoder, once the byte order is known.
    inner: Option<encoding_rs::Decoder>,
    /// The beginning of a text whose byte order is not known, or a part of a character.
    held: Vec<u8>,
}

impl TextDecoder {
    /// A decoder for the charset of that name; UTF-8 if nobody knows it.
    pub fn new(name: &str) -> TextDecoder {
        TextDecoder::of(Charset::named(name).unwrap_or(Charset::Known(UTF_8)))
    }

    fn of(charset: Charset) -> TextDecoder {
        TextDecoder { charset, inner: None, held: Vec::new() }
    }

    /// Appends the text of `bytes`; `end` says that nothing follows them. What cannot be decoded becomes U+FFFD.
    pub fn decode(&mut self, bytes: &[u8], end: bool, out: &mut String) {
        match self.charset {
            Charset::Latin1 => out.extend(bytes.iter().map(|byte| char::from(*byte))),
            Charset::Ascii => {
                out.extend(bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '\u{fffd}' }));
            }
            Charset::Known(encoding) => self.run(encoding, bytes, end, out),
            Charset::Utf8Signed => self.marked(3, bytes, end, out),
            Charset::Utf16(Some(big)) => self.run(if big { UTF_16BE } else { UTF_16LE }, bytes, end, out),
            Charset::Utf16(None) => self.marked(2, bytes, end, out),
            Charset::Utf32(Some(big)) => self.utf32(big, bytes, end, out),
            Charset::Utf32(None) => self.marked(4, bytes, end, out),
        }
    }

    fn run(&mut self, encoding: &'static Encoding, bytes: &[u8], end: bool, out: &mut String) {
        let decoder = self.inner.get_or_insert_with(|| encoding.new_decoder_without_bom_handling());
        let mut rest = bytes;
        loop {
            out.reserve(decoder.max_utf8_buffer_length(rest.len()).unwrap_or(rest.len()).max(16));
            let (result, taken, _) = decoder.decode_to_string(rest, out, end);
            rest = rest.get(taken..).unwrap_or_default();
            if result == encoding_rs::CoderResult::InputEmpty {
                return;
            }
        }
    }

    /// Collects `length` bytes, looks for a byte-order mark in them, and goes on with the charset that it means.
    fn marked(&mut self, length: usize, bytes: &[u8], end: bool, out: &mut String) {
        self.held.extend_from_slice(bytes);
        if self.held.len() < length && !end {
            return;
        }
        let held = std::mem::take(&mut self.held);
        let (charset, mark) = match (self.charset, &*held) {
            (Charset::Utf8Signed, [0xef, 0xbb, 0xbf, ..]) => (Charset::Known(UTF_8), 3),
            (Charset::Utf8Signed, _) => (Charset::Known(UTF_8), 0),
            (Charset::Utf16(_), [0xff, 0xfe, ..]) => (Charset::Utf16(Some(false)), 2),
            (Charset::Utf16(_), [0xfe, 0xff, ..]) => (Charset::Utf16(Some(true)), 2),
            (Charset::Utf16(_), _) => (Charset::Utf16(Some(false)), 0),
            (_, [0xff, 0xfe, 0, 0, ..]) => (Charset::Utf32(Some(false)), 4),
            (_, [0, 0, 0xfe, 0xff, ..]) => (Charset::Utf32(Some(true)), 4),
            _ => (Charset::Utf32(Some(false)), 0),
        };
        self.charset = charset;
        self.decode(held.get(mark..).unwrap_or_default(), end, out);
    }

    fn utf32(&mut self, big: bool, bytes: &[u8], end: bool, out: &mut String) {
        self.held.extend_from_slice(bytes);
        let whole = self.held.len() / 4 * 4;
        for unit in self.held.get(..whole).unwrap_or_default().chunks_exact(4) {
            let Ok(unit) = <[u8; 4]>::try_from(unit) else { continue };
            let number = if big { u32::from_be_bytes(unit) } else { u32::from_le_bytes(unit) };
            out.push(char::from_u32(number).unwrap_or('\u{fffd}'));
        }
        self.held.drain(..whole);
        if end && !self.held.is_empty() {
            self.held.clear();
            out.push('\u{fffd}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_as_requests() {
        // Expected: requests.utils.get_encoding_from_headers.
        let table: &[(&str, Option<&str>)] = &[
            ("text/html", Some("ISO-8859-1")),
            ("text/html; charset=utf-8", Some("utf-8")),
            ("text/html;charset=\"UTF-8\"", Some("UTF-8")),
            ("x; Charset='a b'", Some("a b")),
            ("application/json", Some("utf-8")),
            ("application/json; charset=latin1", Some("latin1")),
            ("image/png", None),
            ("", None),
            ("x/text", Some("ISO-8859-1")),
            ("application/jsonx; foo", Some("utf-8")),
            ("text/html; charset", Some("ISO-8859-1")),
            ("text/html; charset=", Some("")),
            ("text/html; charset=a; charset=b", Some("b")),
            ("TEXT/html", None),
            ("text/html; \"charset\"=x", Some("x")),
            ("application/problem+json", None),
        ];
        for (content_type, expected) in table {
            assert_eq!(of_content_type(content_type).as_deref(), *expected, "{content_type}");
        }
    }

    #[test]
    fn texts_as_python() {
        // Expected: bytes.decode(name, "replace").
        let table: &[(&[u8], &str, &str)] = &[
            (b"\xe4\x80\x9f\xff", "ISO-8859-1", "ä\u{80}\u{9f}ÿ"),
            (b"\xe4\x80", "cp1252", "ä€"),
            (b"a\xe4", "ascii", "a\u{fffd}"),
            (b"\xa4\x80", "iso-8859-15", "€\u{80}"),
            (b"\xe4\xf6", "utf-8", "\u{fffd}\u{fffd}"),
            (b"a\xe2\x82", "UTF8", "a\u{fffd}"),
            (b"\xed\xa0\x80", "utf_8", "\u{fffd}\u{fffd}\u{fffd}"),
            (b"\xef\xbb\xbfa", "utf-8", "\u{feff}a"),
            (b"\xef\xbb\xbfa", "utf-8-sig", "a"),
            (b"\xff\xfea\0", "utf-16", "a"),
            (b"\xfe\xff\0a", "utf-16", "a"),
            (b"a\0b", "utf-16", "a\u{fffd}"),
            (b"\xff\xfea\0", "utf-16-le", "\u{feff}a"),
            (b"\0\xd8a\0", "utf-16-le", "\u{fffd}a"),
            (b"\0\0\xfe\xff\0\0\0a", "utf-32", "a"),
            (b"\xd6\xd0", "gb18030", "中"),
            (b"\x92\x86", "cp932", "中"),
            (b"\xe4", "no-such-charset", "\u{fffd}"),
            (b"", "utf-16", ""),
            (b"", "", ""),
        ];
        for (bytes, charset, expected) in table {
            assert_eq!(decode(bytes, Some(charset)), *expected, "{charset} {bytes:?}");
            let mut decoder = TextDecoder::new(charset);
            let mut text = String::new();
            for byte in *bytes {
                decoder.decode(&[*byte], false, &mut text);
            }
            decoder.decode(&[], true, &mut text);
            assert_eq!(text, *expected, "{charset} {bytes:?} byte by byte");
        }
        for name in
            ["latin9", "cp932", "euc_kr", "big5", "koi8-r", "mac-roman", "shift_jis", "tis-620", "l1", "us-ascii"]
        {
            assert!(is_known(name), "{name}");
        }
        assert!(!is_known("") && !is_known("hz-gb-2312"));
        assert_eq!((decode(b"\xe4", None), decode("ü".as_bytes(), None)), ("ä".into(), "ü".into()));
    }

    #[test]
    fn json_texts() {
        // Expected: requests.utils.guess_json_utf.
        let encoded = |units: &[u16], big: bool| -> Vec<u8> {
            units.iter().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        };
        let units: Vec<u16> = "{\"a\": \"ü\"}".encode_utf16().collect();
        assert_eq!(guess_json_utf(&encoded(&units, false)), Some("utf-16-le"));
        assert_eq!(guess_json_utf(&encoded(&units, true)), Some("utf-16-be"));
        assert_eq!(guess_json_utf(b"{}"), Some("utf-8"));
        assert_eq!(guess_json_utf(b"\xef\xbb\xbf{}"), Some("utf-8-sig"));
        assert_eq!(guess_json_utf(b"\0\0\0{"), Some("utf-32-be"));
        assert_eq!(guess_json_utf(b"{\0\0\0"), Some("utf-32-le"));
        assert_eq!(guess_json_utf(b"\0{}\0"), None);
        assert_eq!(decode_json(&encoded(&units, true), None), "{\"a\": \"ü\"}");
        assert_eq!(decode_json(b"\xef\xbb\xbf{}", None), "{}");
        assert_eq!(decode_json(b"\xef\xbb\xbf{}", Some("utf-8")), "{}");
        assert_eq!(decode_json(b"\"\xe4\xf6\"", None), "\"äö\"");
    }
}
