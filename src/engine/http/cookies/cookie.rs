//! One cookie, and the rules by which it is sent.

use std::borrow::Cow;

use crate::{
    engine::http::{place::Place, redirect},
    error::{Error, Result, code},
};

/// One cookie as the jar keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cookie {
    /// The name.
    pub name: String,
    /// The value as it goes out; a cookie without `=` has none.
    pub value: Option<String>,
    /// In lower case: empty for one that goes everywhere, `.ex.com` for one that came with a Domain attribute, else a
    /// host; a host without a dot is kept as `host.local`, as Python writes it.
    pub domain: String,
    /// Only for exactly that host.
    pub host_only: bool,
    /// The path that it is for.
    pub path: String,
    /// Only for encrypted places.
    pub secure: bool,
    /// Seconds since 1970; a session cookie has none.
    pub expires: Option<i64>,
    /// Recorded, without effect.
    pub http_only: bool,
    /// Recorded, without effect.
    pub same_site: Option<String>,
    /// Its text came as UTF-8 and goes out as that. Text of the host goes out as latin-1 where it can, as every field.
    pub utf8: bool,
    /// The order in which the jar took it in, for eviction.
    pub(super) stored: u64,
}

impl Cookie {
    /// A cookie set by hand: for every host, every path, this session.
    ///
    /// # Errors
    /// `invalid_header` for an empty name or a line break.
    pub fn new(name: &str, value: Option<&str>) -> Result<Cookie> {
        let cookie =
            Cookie { name: name.into(), value: value.map(String::from), path: "/".into(), ..Cookie::default() };
        cookie.checked()
    }

    /// The same cookie if it may go into a header.
    pub(super) fn checked(self) -> Result<Cookie> {
        if self.name.is_empty() {
            return Err(Error::new(&code::INVALID_HEADER, "a cookie had no name"));
        }
        if !is_clean(&self.name) || !self.value.as_deref().is_none_or(is_clean) {
            return Err(Error::new(&code::INVALID_HEADER, "a cookie held a control character").with("key", self.name));
        }
        Ok(self)
    }

    /// Whether its time is over.
    pub fn is_expired(&self, now: i64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Whether it belongs to that host.
    pub fn matches_host(&self, host: &str) -> bool {
        let domain = self.domain.strip_prefix('.').unwrap_or(&self.domain);
        if domain.is_empty() {
            return self.domain.is_empty();
        }
        if domain.eq_ignore_ascii_case(host) {
            return true;
        }
        if !host.contains('.')
            && !host.contains(':')
            && domain.strip_suffix(".local").is_some_and(|bare| bare.eq_ignore_ascii_case(host))
        {
            return true;
        }
        !self.host_only && is_below(host, domain) && !is_address(host)
    }

    /// Whether it goes along to that place; `path` is the place's path as [`escaped_path`] gives it.
    pub(super) fn goes_to(&self, place: &Place<'_>, path: &str, now: i64) -> bool {
        (!self.secure || place.is_secure()) && !self.is_expired(now) && path_matches(path, &self.path)
    }
}

/// One change to the cookies that the host wrote down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Put it in.
    Set(Cookie),
    /// Take out every one of that name, or only where it matches.
    Delete {
        /// The name.
        name: String,
        /// Only this domain, as the jar writes it.
        domain: Option<String>,
        /// Only this path.
        path: Option<String>,
    },
}

/// The cookies of one call. Those without a domain stay with the origin of the call's first URL (requests sends them to
/// wherever a redirect leads).
#[derive(Clone, Debug, Default)]
pub struct RequestCookies {
    edits: Vec<Edit>,
    origin: Option<(String, String, u16)>,
}

impl RequestCookies {
    /// Edits for a call to `first`. With `None`, they go everywhere, as with requests.
    pub fn new(edits: Vec<Edit>, first: Option<&Place<'_>>) -> RequestCookies {
        let origin = first.map(|place| (place.scheme.to_owned(), place.host.to_owned(), place.port));
        RequestCookies { edits, origin }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The edits that count for a request to this place.
    pub(super) fn edits_for(&self, place: &Place<'_>) -> impl Iterator<Item = &Edit> {
        let at_home = match &self.origin {
            None => true,
            Some((scheme, host, port)) => {
                let first = Place { scheme, host, port: *port, path: "/" };
                !redirect::strips_auth(&first, place)
            }
        };
        self.edits.iter().filter(move |edit| match edit {
            Edit::Set(cookie) => at_home || !cookie.domain.is_empty(),
            Edit::Delete { .. } => true,
        })
    }
}

/// Free of what could end a header line or a cookie file's line. Tabs are allowed in a header.
pub(super) fn is_clean(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'\t' || (byte >= 0x20 && byte != 0x7f))
}

/// Whether `host` is a name under `domain`.
pub(super) fn is_below(host: &str, domain: &str) -> bool {
    let Some(at) = host.len().checked_sub(domain.len() + 1) else { return false };
    let (host, domain) = (host.as_bytes(), domain.as_bytes());
    at > 0 && host.get(at) == Some(&b'.') && host.get(at + 1..).is_some_and(|tail| tail.eq_ignore_ascii_case(domain))
}

/// Whether a host is an IP address, which has no names under it.
pub(super) fn is_address(host: &str) -> bool {
    host.contains(':') || host.parse::<std::net::Ipv4Addr>().is_ok()
}

/// RFC 6265 5.1.4.
fn path_matches(path: &str, cookie_path: &str) -> bool {
    match path.strip_prefix(cookie_path) {
        Some(rest) => rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

/// A path in the form in which cookie paths are compared: odd characters escaped, escapes in upper case. What a prepared
/// URL holds is nearly always that already.
pub(super) fn escaped_path(path: &str) -> Cow<'_, str> {
    let bytes = path.as_bytes();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-~/;:@&=+$,!*'()".contains(&byte);
    if bytes.iter().all(|byte| is_plain(*byte)) {
        return Cow::Borrowed(path);
    }
    let mut out = String::with_capacity(path.len() + 16);
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        let escape = tail.get(..2).filter(|pair| *first == b'%' && pair.iter().all(u8::is_ascii_hexdigit));
        rest = tail;
        if let Some(pair) = escape {
            out.push('%');
            out.extend(pair.iter().map(|digit| char::from(digit.to_ascii_uppercase())));
            rest = tail.get(2..).unwrap_or_default();
        } else if *first == b'%' || is_plain(*first) {
            out.push(char::from(*first));
        } else {
            let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0').to_ascii_uppercase();
            out.extend(['%', digit(first >> 4), digit(first & 15)]);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::escaped_path;

    // http.cookiejar.escape_path of Python 3.11.
    #[test]
    fn paths() {
        for (path, escaped) in [
            ("/a/b", "/a/b"),
            ("/a%2fb", "/a%2Fb"),
            ("/%zz%", "/%zz%"),
            ("/\u{e4} b", "/%C3%A4%20b"),
            ("/[x]?#", "/%5Bx%5D%3F%23"),
            ("/%%2f~", "/%%2F~"),
        ] {
            assert_eq!(escaped_path(path), escaped);
        }
    }
}
