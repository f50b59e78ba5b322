//! A proxy as a connection sees it. Choosing one and reading its URL is done elsewhere; see spec/http.md 1.9.

use std::hash::{Hash, Hasher};

use crate::secret::Secret;

/// How to speak to a proxy.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// HTTP: absolute form for http targets, CONNECT for https ones.
    Http,
    /// The same inside TLS.
    Https,
    /// SOCKS 4: the name is resolved here, IPv4 only.
    Socks4,
    /// SOCKS 4a: the name is resolved by the proxy.
    Socks4a,
    /// SOCKS 5: the name is resolved here.
    Socks5,
    /// SOCKS 5: the name is resolved by the proxy.
    Socks5h,
}

impl Kind {
    /// The scheme in the proxy's URL.
    #[must_use]
    pub fn scheme(self) -> &'static str {
        match self {
            Kind::Http => "http",
            Kind::Https => "https",
            Kind::Socks4 => "socks4",
            Kind::Socks4a => "socks4a",
            Kind::Socks5 => "socks5",
            Kind::Socks5h => "socks5h",
        }
    }

    /// Whether it is one of the two that speak HTTP.
    #[must_use]
    pub fn is_http(self) -> bool {
        matches!(self, Kind::Http | Kind::Https)
    }
}

/// One proxy with what it wants to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proxy {
    /// The protocol.
    pub kind: Kind,
    /// Its host, ASCII, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The user for SOCKS, percent-decoded.
    pub user: Option<String>,
    /// The password for SOCKS, percent-decoded.
    pub password: Option<Secret>,
    /// The whole value of `Proxy-Authorization` for the HTTP kinds (`Basic …`).
    pub authorization: Option<Secret>,
    /// More fields for CONNECT; their names and values are valid.
    pub headers: Vec<(String, String)>,
}

impl Proxy {
    /// A proxy without a user.
    #[must_use]
    pub fn new(kind: Kind, host: impl Into<String>, port: u16) -> Proxy {
        let host = host.into();
        Proxy { kind, host, port, user: None, password: None, authorization: None, headers: Vec::new() }
    }

    /// Host and port for messages.
    #[must_use]
    pub fn authority(&self) -> String {
        authority(&self.host, self.port)
    }
}

impl Hash for Proxy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Secrets take part in equality alone.
        (self.kind, &self.host, self.port, &self.user, &self.headers).hash(state);
    }
}

/// `host:port`, with brackets around an IPv6 address.
#[must_use]
pub fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
