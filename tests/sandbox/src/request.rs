//! A received request head, byte for byte, with just enough parsing to answer it. The parser is lenient: a
//! client's odd bytes are what tests want to see, not a reason for a 400.

use std::ops::Range;

use crate::wire::Framing;

/// A request head.
pub struct Request {
    /// The bytes up to and including the empty line.
    pub raw: Vec<u8>,
    method: Range<usize>,
    target: Range<usize>,
    /// Minor version of HTTP/1.x; 1 for HTTP/2, which has all that HTTP/1.1 has.
    pub minor: u8,
    /// Whether it came over HTTP/2; then `raw` has one line for each field, pseudo-header fields too.
    pub h2: bool,
    authority: Option<Range<usize>>,
    headers: Vec<(Range<usize>, Range<usize>)>,
}

type Span = Range<usize>;
type Parts = (Span, Span, u8, Vec<(Span, Span)>);

impl Request {
    /// Parses a whole head. Refused if the first line is not a request line or a header line has no colon.
    ///
    /// # Errors
    /// Gives the bytes back when they are no request head.
    pub fn parse(raw: Vec<u8>) -> Result<Self, Vec<u8>> {
        if raw.first() == Some(&b':') {
            return Self::parse_fields(raw);
        }
        match Self::parts(&raw) {
            Some((method, target, minor, headers)) => {
                Ok(Self { method, target, minor, h2: false, authority: None, headers, raw })
            }
            None => Err(raw),
        }
    }

    /// The fields of an HTTP/2 request as text: `name: value` lines in order and an empty line.
    pub fn raw_of(fields: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
        let mut raw = Vec::with_capacity(256);
        for (name, value) in fields {
            raw.extend_from_slice(name);
            raw.extend_from_slice(b": ");
            raw.extend_from_slice(value);
            raw.extend_from_slice(b"\r\n");
        }
        raw.extend_from_slice(b"\r\n");
        raw
    }

    fn parse_fields(raw: Vec<u8>) -> Result<Self, Vec<u8>> {
        let (mut method, mut target, mut authority) = (None, None, None);
        let mut headers = Vec::with_capacity(12);
        let mut at = 0;
        while !raw[at..].starts_with(b"\r\n") {
            // The first character may be the colon of a pseudo-header field.
            let Some((end, colon)) = find(&raw, at, b"\r\n").zip(find(&raw, at + 1, b": ")) else { return Err(raw) };
            let value = (colon + 2).min(end)..end;
            match &raw[at..colon] {
                b":method" => method = Some(value),
                b":path" => target = Some(value),
                b":authority" => authority = Some(value),
                name if name.starts_with(b":") => {}
                _ => headers.push((at..colon, value)),
            }
            at = end + 2;
        }
        let target = target.or_else(|| authority.clone()).unwrap_or(0..0);
        match method {
            Some(method) => Ok(Self { method, target, minor: 1, h2: true, authority, headers, raw }),
            None => Err(raw),
        }
    }

    /// The host and port that the client named.
    pub fn host(&self) -> String {
        match &self.authority {
            Some(authority) => latin1(&self.raw[authority.clone()]),
            None => self.header_text("host").unwrap_or_default(),
        }
    }

    fn parts(raw: &[u8]) -> Option<Parts> {
        let line_end = find(raw, 0, b"\r\n")?;
        let space = raw[..line_end].iter().position(|byte| *byte == b' ')?;
        let last = raw[..line_end].iter().rposition(|byte| *byte == b' ')?;
        if last <= space || space == 0 {
            return None;
        }
        let minor = match &raw[last + 1..line_end] {
            b"HTTP/1.1" => 1,
            b"HTTP/1.0" => 0,
            _ => return None,
        };
        let mut headers = Vec::with_capacity(12);
        let mut at = line_end + 2;
        while !raw[at..].starts_with(b"\r\n") {
            let end = find(raw, at, b"\r\n")?;
            let colon = at + raw[at..end].iter().position(|byte| *byte == b':')?;
            let mut from = colon + 1;
            let mut to = end;
            while from < to && matches!(raw[from], b' ' | b'\t') {
                from += 1;
            }
            while to > from && matches!(raw[to - 1], b' ' | b'\t') {
                to -= 1;
            }
            headers.push((at..colon, from..to));
            at = end + 2;
        }
        Some((0..space, space + 1..last, minor, headers))
    }

    /// The method as sent.
    pub fn method(&self) -> &str {
        std::str::from_utf8(&self.raw[self.method.clone()]).unwrap_or("?")
    }

    /// The request target's bytes.
    pub fn target(&self) -> &[u8] {
        &self.raw[self.target.clone()]
    }

    /// The target as text, one character per byte.
    pub fn target_text(&self) -> String {
        latin1(self.target())
    }

    /// The target without scheme and authority, as an origin sees it.
    pub fn origin_form(&self) -> &[u8] {
        let target = self.target();
        if target.first() == Some(&b'/') {
            return target;
        }
        match find(target, 0, b"://") {
            Some(at) => match target[at + 3..].iter().position(|byte| matches!(byte, b'/' | b'?')) {
                Some(slash) => &target[at + 3 + slash..],
                None => b"/",
            },
            None => target,
        }
    }

    /// The path's bytes, still percent-encoded.
    pub fn path(&self) -> &[u8] {
        let target = self.origin_form();
        let end = target.iter().position(|byte| *byte == b'?').unwrap_or(target.len());
        &target[..end]
    }

    /// The query text after `?`, still percent-encoded.
    pub fn query(&self) -> String {
        let target = self.origin_form();
        match target.iter().position(|byte| *byte == b'?') {
            Some(at) => latin1(&target[at + 1..]),
            None => String::new(),
        }
    }

    /// The query's pairs, decoded.
    pub fn args(&self) -> Args {
        Args(parse_pairs(&self.query()))
    }

    /// Name and value of every header in wire order.
    pub fn headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.headers.iter().map(|(name, value)| (&self.raw[name.clone()], &self.raw[value.clone()]))
    }

    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers().find(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// The first header of that name as text, one character per byte.
    pub fn header_text(&self, name: &str) -> Option<String> {
        self.header(name).map(latin1)
    }

    /// Whether a comma list in that header has the token.
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.headers().filter(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes())).any(|(_, value)| {
            value.split(|byte| *byte == b',').any(|part| part.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
        })
    }

    /// How the request's body ends.
    pub fn framing(&self) -> Framing {
        if self.has_token("transfer-encoding", "chunked") {
            return Framing::Chunked;
        }
        let length = self.header_text("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        if length == 0 { Framing::None } else { Framing::Sized(length) }
    }

    /// Whether the client lets the connection stay open.
    pub fn wants_keep_alive(&self) -> bool {
        if self.minor == 0 {
            self.has_token("connection", "keep-alive")
        } else {
            !self.has_token("connection", "close")
        }
    }
}

/// Decoded query or form pairs.
pub struct Args(pub Vec<(String, String)>);

impl Args {
    /// The first value of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// All values of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The first value read as a number, else the default.
    pub fn number<T: std::str::FromStr>(&self, name: &str, default: T) -> T {
        self.get(name).and_then(|text| text.parse().ok()).unwrap_or(default)
    }

    /// True for a present name whose value is not `0` or `false`.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value != "0" && value != "false")
    }
}

/// Splits and decodes `a=b&c=d`.
pub fn parse_pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (text_of(&percent_decode(name, true)), text_of(&percent_decode(value, true)))
        })
        .collect()
}

/// Undoes percent escapes; `plus` also turns `+` into a space. Input is one character per byte.
pub fn percent_decode(text: &str, plus: bool) -> Vec<u8> {
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        let decoded =
            escape.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match decoded {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(if plus && bytes[at] == b'+' { b' ' } else { bytes[at] });
                at += 1;
            }
        }
    }
    out
}

/// UTF-8 if it is that, else one character per byte.
pub fn text_of(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| latin1(bytes), str::to_owned)
}

/// One character per byte: loses nothing.
pub fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// Position of `needle` in `hay` from `from` on.
pub fn find(hay: &[u8], from: usize, needle: &[u8]) -> Option<usize> {
    hay.get(from..)?.windows(needle.len()).position(|window| window == needle).map(|at| at + from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_keeps_case_order_and_odd_bytes() {
        let request =
            Request::parse(b"PROPFIND /a%20b?x=1&x=%C3%A9+y HTTP/1.1\r\nHoSt: h\r\nX: \xff \r\n\r\n".to_vec()).unwrap();
        assert_eq!(request.method(), "PROPFIND");
        assert_eq!(request.path(), b"/a%20b");
        assert_eq!(request.args().all("x").collect::<Vec<_>>(), ["1", "é y"]);
        let headers: Vec<_> = request.headers().collect();
        assert_eq!(headers, [(&b"HoSt"[..], &b"h"[..]), (&b"X"[..], &b"\xff"[..])]);
        assert_eq!(request.framing(), Framing::None);
    }

    #[test]
    fn absolute_form_is_seen_as_origin_form() {
        let request = Request::parse(b"GET http://h:1?q=2 HTTP/1.0\r\n\r\n".to_vec()).unwrap();
        assert_eq!(request.origin_form(), b"?q=2");
        assert_eq!(request.query(), "q=2");
        assert!(!request.wants_keep_alive());
    }

    #[test]
    fn broken_heads_are_refused() {
        for head in ["GET\r\n\r\n", "GET / HTTP/2\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n"] {
            assert!(Request::parse(head.as_bytes().to_vec()).is_err(), "{head:?}");
        }
    }
}
