//! URLs as requests prepares them (spec/http.md 1.3): one text, and where its parts lie.
//!
//! `prepare` makes one from what a caller wrote, `join` from a `Location` (1.7 step 3), `join_base` from a base URL
//! and a path. A URL that is in order already costs one look at each byte and one allocation.

mod base;
mod host;
mod join;
mod prepare;
pub(super) mod quote;
mod split;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, fmt, hash, sync::Arc};

use crate::{
    error::{Error, Result, code},
    value::Tree,
};
use split::Parts;

/// A prepared URL. Clones share the text.
#[derive(Clone)]
pub struct Url {
    text: Arc<str>,
    parts: Parts,
    /// What cannot be shown as a slice of the text; nearly no URL has it.
    odd: Option<Arc<Odd>>,
}

/// Parts that go out differently from how they stand in the text.
#[derive(Default)]
struct Odd {
    /// The request target, where the text holds what may not stand in one.
    target: Option<String>,
    /// The host, where the text has capitals or an escaped zone.
    host: Option<String>,
}

impl Url {
    /// Prepares what a caller wrote, with `params` (text, bytes, an object, a list of pairs) added to its query.
    ///
    /// Text that contains `:` and does not start with `http` is left untouched, and its params are ignored.
    ///
    /// # Errors
    /// `missing_schema`, `invalid_url`, or `argument` for params that cannot be written.
    pub fn prepare(text: &str, params: Option<&Tree>) -> Result<Url> {
        prepare::prepare(text, params)
    }

    /// The same URL with `params` added to its query.
    ///
    /// # Errors
    /// As [`Url::prepare`].
    pub fn with_params(&self, params: &Tree) -> Result<Url> {
        prepare::prepare(&self.text, Some(params))
    }

    /// A path (with query and fragment) under a base URL: the base's path and the given one with one slash between,
    /// as httpx does; the base's query comes first. An absolute URL (`scheme://…`) replaces the base. Any number of
    /// slashes at the front counts as one: a path never changes the host, not even `//other/path`.
    ///
    /// # Errors
    /// As [`Url::prepare`].
    pub fn join_base(base: &Url, path: &str) -> Result<Url> {
        base::join_base(base, path)
    }

    /// The target of a redirect from this URL to `location`. A location without a fragment inherits this one's.
    ///
    /// # Errors
    /// `invalid_url` if the location cannot be parsed.
    pub fn join(&self, location: &str) -> Result<Url> {
        join::join(self, location)
    }

    /// Takes a text that is in its final form and finds its parts.
    fn from_final(text: &str) -> Result<Url> {
        let parts = Parts::of(text).map_err(|reason| invalid(reason, text))?;
        Ok(Url::of_parts(text, parts))
    }

    /// Takes a text of which only its adapter knows what it means; what cannot be split is all path.
    fn untouched(text: &str) -> Result<Url> {
        match Parts::of(text) {
            Ok(parts) => Ok(Url::of_parts(text, parts)),
            Err(reason) => {
                Parts::opaque(text).map(|parts| Url::of_parts(text, parts)).ok_or_else(|| invalid(reason, text))
            }
        }
    }

    fn of_parts(text: &str, parts: Parts) -> Url {
        let mut url = Url { text: text.into(), parts, odd: None };
        let odd = Odd { target: url.encoded_target(), host: url.plain_host() };
        if odd.target.is_some() || odd.host.is_some() {
            url.odd = Some(Arc::new(odd));
        }
        url
    }

    /// The target, when urllib3 encodes more of it for the wire than requests did in the text: `[`, `]`, lone `%`.
    fn encoded_target(&self) -> Option<String> {
        let path = quote::component(self.path(), quote::PATH);
        let query = self.query().map(|query| quote::component(query, quote::QUERY));
        let same = matches!(path, Cow::Borrowed(_)) || path == self.path();
        let same = same && query.as_deref() == self.query();
        // An empty query is not sent with its question mark.
        if same && path.starts_with('/') && query.as_deref() != Some("") {
            return None;
        }
        let mut target = String::from(if path.starts_with('/') { "" } else { "/" });
        target.push_str(&path);
        if let Some(query) = query.filter(|query| !query.is_empty()) {
            target.push('?');
            target.push_str(&query);
        }
        (target != self.slice(self.parts.path, self.parts.fragment)).then_some(target)
    }

    /// The host, when it differs from the text. Only of `http` and its like: a socket path in the place of a host
    /// keeps its case.
    fn plain_host(&self) -> Option<String> {
        let host = self.slice(self.parts.host, self.parts.host_end);
        let (name, zone) = host.split_at(host.find('%').unwrap_or(host.len()));
        let bracketed = self.parts.bracketed();
        let upper = self.is_web() && name.bytes().any(|byte| byte.is_ascii_uppercase());
        let escaped = bracketed && zone.len() > 3 && zone.starts_with("%25");
        (upper || escaped).then(|| {
            let mut plain = name.to_ascii_lowercase();
            match zone.strip_prefix("%25").filter(|_| escaped) {
                Some(zone) => {
                    plain.push('%');
                    plain.push_str(zone);
                }
                None => plain.push_str(zone),
            }
            plain
        })
    }

    fn is_web(&self) -> bool {
        let scheme = self.scheme();
        ["http", "https", "ws", "wss"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
    }

    fn slice(&self, from: u32, to: u32) -> &str {
        self.text.get(from as usize..to as usize).unwrap_or_default()
    }

    /// The whole URL with userinfo and fragment.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The scheme; lower case except in a text that was left untouched.
    pub fn scheme(&self) -> &str {
        self.slice(0, self.parts.scheme_end)
    }

    /// Whether the scheme is `https` (or `wss`).
    pub fn is_secure(&self) -> bool {
        self.scheme().eq_ignore_ascii_case("https") || self.scheme().eq_ignore_ascii_case("wss")
    }

    /// What stands before the `@`, as it stands.
    pub fn userinfo(&self) -> Option<&str> {
        let Parts { userinfo, authority, .. } = self.parts;
        (userinfo > authority).then(|| self.slice(authority, userinfo - 1))
    }

    /// User name and password with their escapes undone. As in requests, a user name alone (without `:`) counts for
    /// nothing, and so do two empty ones.
    pub fn credentials(&self) -> Option<(String, String)> {
        let (user, password) = self.userinfo()?.split_once(':')?;
        (!user.is_empty() || !password.is_empty()).then(|| (quote::decode(user), quote::decode(password)))
    }

    /// The host in lower case, without brackets; the zone of an IPv6 address after a plain `%`.
    pub fn host(&self) -> &str {
        match self.odd.as_deref() {
            Some(Odd { host: Some(host), .. }) => host,
            _ => self.slice(self.parts.host, self.parts.host_end),
        }
    }

    /// The host as it stands in an authority: lower case, IPv6 in brackets, without its zone (which means nothing to
    /// the other side).
    pub fn host_text(&self) -> Cow<'_, str> {
        if !self.parts.bracketed() {
            return Cow::Borrowed(self.host());
        }
        if self.odd.is_none() && !self.host().contains('%') {
            return Cow::Borrowed(self.slice(self.parts.userinfo, self.parts.host_end + 1));
        }
        let host = self.host();
        Cow::Owned(format!("[{}]", host.split_once('%').map_or(host, |(address, _)| address)))
    }

    /// The port, if it is written.
    pub fn port(&self) -> Option<u16> {
        self.parts.port
    }

    /// The port, or the usual one of the scheme (80, 443; 0 if there is none).
    pub fn port_or_default(&self) -> u16 {
        self.parts.port.unwrap_or_else(|| self.default_port())
    }

    fn default_port(&self) -> u16 {
        match self.scheme() {
            "http" | "ws" => 80,
            "https" | "wss" => 443,
            _ => 0,
        }
    }

    /// The `Host` field of a request in origin form: the usual port is left out even if it is written, and so is the
    /// dot at the end of a fully qualified name.
    pub fn host_header(&self) -> Cow<'_, str> {
        let port = self.parts.port.filter(|port| *port != self.default_port());
        if !self.host().ends_with('.') {
            return if port.is_some() { self.authority() } else { self.host_text() };
        }
        let host = self.host().trim_end_matches('.');
        match port {
            Some(port) => Cow::Owned(format!("{host}:{port}")),
            None => Cow::Borrowed(host),
        }
    }

    /// Host and port as written: the `Host` field of a request in absolute form, and the target of `CONNECT` when
    /// there is a port.
    pub fn authority(&self) -> Cow<'_, str> {
        match self.parts.port {
            None => self.host_text(),
            Some(port) => {
                let written = self.slice(self.parts.userinfo, self.parts.path);
                let plain = self.odd.is_none() && !self.parts.bracketed();
                // Ports of redirects may have leading zeros.
                let port_at = (self.parts.host_end - self.parts.userinfo) as usize + 1;
                if plain && written.as_bytes().get(port_at) != Some(&b'0') {
                    return Cow::Borrowed(written);
                }
                Cow::Owned(format!("{}:{port}", self.host_text()))
            }
        }
    }

    /// The path as it stands in the text.
    pub fn path(&self) -> &str {
        self.slice(self.parts.path, self.parts.query)
    }

    /// The query as it stands in the text, without its `?`.
    pub fn query(&self) -> Option<&str> {
        let Parts { query, fragment, .. } = self.parts;
        (fragment > query).then(|| self.slice(query + 1, fragment))
    }

    /// The fragment, without its `#`.
    pub fn fragment(&self) -> Option<&str> {
        let (at, end) = (self.parts.fragment, self.parts.end);
        (end > at).then(|| self.slice(at + 1, end))
    }

    /// Path and query as they go out in origin form. Never holds a space, a control character or a non-ASCII byte.
    pub fn target(&self) -> &str {
        match self.odd.as_deref() {
            Some(Odd { target: Some(target), .. }) => target,
            _ => self.slice(self.parts.path, self.parts.fragment),
        }
    }

    /// The absolute form, for plain http through a proxy: no userinfo, no fragment.
    pub fn absolute_target(&self) -> String {
        format!("{}://{}{}", self.scheme(), self.authority(), self.target())
    }

    /// Whether scheme, host and port are the same, written or usual.
    pub fn origin_eq(&self, other: &Url) -> bool {
        self.scheme().eq_ignore_ascii_case(other.scheme())
            && self.host() == other.host()
            && self.port_or_default() == other.port_or_default()
    }

    /// The URL for logs and errors: the userinfo shows as `***`.
    pub fn redacted(&self) -> Cow<'_, str> {
        match self.userinfo() {
            None => Cow::Borrowed(&*self.text),
            Some(_) => {
                let (before, _) = self.text.split_at(self.parts.authority as usize);
                Cow::Owned(format!("{before}***@{}", self.slice(self.parts.userinfo, self.parts.end)))
            }
        }
    }
}

/// An `invalid_url` that shows the text without its userinfo.
fn invalid(reason: &'static str, text: &str) -> Error {
    refusal(&code::INVALID_URL, reason, text)
}

fn refusal(code: &code::Code, reason: &'static str, text: &str) -> Error {
    let end_of_authority = text.find("//").map_or(0, |at| at + 2);
    let (front, rest) = text.split_at(end_of_authority);
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let shown = match rest.get(..authority).unwrap_or_default().rfind('@') {
        Some(at) => format!("{front}***{}", rest.get(at..).unwrap_or_default()),
        None => text.to_owned(),
    };
    Error::new(code, reason).with("url", shown)
}

impl PartialEq for Url {
    fn eq(&self, other: &Url) -> bool {
        self.text == other.text
    }
}

impl Eq for Url {}

impl hash::Hash for Url {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({})", self.redacted())
    }
}
