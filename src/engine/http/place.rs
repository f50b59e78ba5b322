//! Where a request goes, as much of it as cookies, redirects and proxies look at.

use super::url::Url;

/// The part of a URL that policy decides by. All of it borrowed: it is made for one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// In lower case: `http`, `https` …
    pub scheme: &'a str,
    /// In lower case, in ASCII, an IPv6 address without its brackets.
    pub host: &'a str,
    /// The port in effect, so the scheme's own if the URL names none.
    pub port: u16,
    /// As it goes out, without the query; begins with `/`.
    pub path: &'a str,
}

/// The place of a URL.
pub fn place(url: &Url) -> Place<'_> {
    Place { scheme: url.scheme(), host: url.host(), port: url.port_or_default(), path: url.path() }
}

impl<'a> Place<'a> {
    /// Whether what is sent there is encrypted.
    pub fn is_secure(&self) -> bool {
        matches!(self.scheme, "https" | "wss")
    }

    /// The same place under the name of a `Host` header set by the caller, which cookies are matched against.
    #[must_use]
    pub fn under_host(self, header: &'a str) -> Place<'a> {
        let header = header.trim();
        let host = match header.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or(rest),
            None => header.rsplit_once(':').map_or(header, |(host, _)| host),
        };
        Place { host, ..self }
    }

    /// Whether scheme, host and port are the same.
    pub fn same_origin(&self, other: &Place<'_>) -> bool {
        self.scheme == other.scheme && self.port == other.port && self.host.eq_ignore_ascii_case(other.host)
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_host_header_takes_over_without_its_port() {
        let place = Place { scheme: "http", host: "127.0.0.1", port: 80, path: "/" };
        assert_eq!(place.under_host("ex.com:8080").host, "ex.com");
        assert_eq!(place.under_host("[::1]:8080").host, "::1");
        assert_eq!(place.under_host("ex.com").host, "ex.com");
        assert!(!place.is_secure());
    }
}
