//! What identifies a connection: two requests share one if and only if their routes are equal.

use std::{
    hash::{Hash, Hasher},
    net::IpAddr,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use rustc_hash::FxHasher;

use super::proxy::{Proxy, authority};
use crate::engine::tls::settings::TlsSettings;

/// Which kind of IP address may be used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Family {
    /// Both, raced against each other.
    #[default]
    Any,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
}

impl Family {
    /// Whether this address may be used.
    #[must_use]
    pub fn allows(self, address: IpAddr) -> bool {
        match self {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        }
    }
}

/// Which HTTP is spoken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Version {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2, and nothing else: agreed on in TLS, known before without.
    Http2,
    /// What the server prefers, as agreed on in TLS.
    Auto,
}

impl Version {
    /// The names to offer in TLS (RFC 7301), best first.
    fn alpn(self) -> &'static [&'static [u8]] {
        match self {
            Version::Http1 => &[],
            Version::Http2 => &[b"h2"],
            Version::Auto => &[b"h2", b"http/1.1"],
        }
    }
}

/// Addresses that the host gave for a name and port, instead of a look-up.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Override {
    /// The name, lower case.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What to use for it.
    pub addresses: Vec<IpAddr>,
}

/// The parts of a [`Route`], before those that make no difference are dropped.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Parts {
    /// TLS to the target.
    pub https: bool,
    /// The target's host: ASCII, lower case, without brackets.
    pub host: String,
    /// The target's port.
    pub port: u16,
    /// The proxy to go through.
    pub proxy: Option<Proxy>,
    /// Through an HTTP proxy by a tunnel, also without TLS: for what is not HTTP.
    pub tunnel: bool,
    /// The unix socket to use instead of host and port; a proxy is not used then.
    pub unix_socket: Option<PathBuf>,
    /// How TLS is done, to the target and to an https proxy.
    pub tls: Arc<TlsSettings>,
    /// The address of this machine to connect from.
    pub local_address: Option<IpAddr>,
    /// The silence after which the system asks whether the peer is there; none is never.
    pub keepalive: Option<Duration>,
    /// The kind of address.
    pub family: Family,
    /// The version of HTTP.
    pub version: Version,
    /// Given addresses.
    pub overrides: Vec<Override>,
}

/// A connection's identity with its hash made once, so that the pool finds it without hashing again.
#[derive(Debug)]
pub struct Route {
    parts: Parts,
    hash: u64,
}

impl Route {
    /// Keeps of `parts` what matters. All http targets behind one HTTP proxy share a route.
    #[must_use]
    pub fn new(mut parts: Parts) -> Arc<Route> {
        if parts.version == Version::Auto && !parts.https {
            // There is nobody to ask.
            parts.version = Version::Http1;
        }
        if parts.unix_socket.is_some() {
            parts.proxy = None;
            parts.local_address = None;
            parts.keepalive = None;
        }
        if is_forward(&parts) {
            parts.host = String::new();
            parts.port = 0;
        }
        let secure = parts.https || parts.proxy.as_ref().is_some_and(|proxy| proxy.kind == super::proxy::Kind::Https);
        if !secure {
            parts.tls = Arc::default();
        }
        let alpn = if parts.https { parts.version.alpn() } else { &[] };
        if !parts.tls.alpn.iter().eq(alpn) {
            Arc::make_mut(&mut parts.tls).alpn = alpn.iter().map(|name| name.to_vec()).collect();
        }
        let mut overrides = std::mem::take(&mut parts.overrides);
        overrides.retain(|given| {
            let proxy = parts.proxy.as_ref();
            (given.host == parts.host && given.port == parts.port)
                || proxy.is_some_and(|proxy| given.host == proxy.host && given.port == proxy.port)
        });
        parts.overrides = overrides;
        let mut hasher = FxHasher::default();
        parts.hash(&mut hasher);
        let hash = hasher.finish();
        Arc::new(Route { parts, hash })
    }

    /// The same way, for HTTP/1.1.
    #[must_use]
    pub fn older(&self) -> Arc<Route> {
        Route::new(Parts { version: Version::Http1, ..self.parts.clone() })
    }

    /// What it is made of.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Whether the request line must have the absolute form (an http target behind an HTTP proxy). Proxies are spoken to
    /// in HTTP/1.1, so HTTP/2 goes through a tunnel. The proxy's
    /// `Proxy-Authorization` and extra fields then belong into the request's own head.
    #[must_use]
    pub fn is_forward(&self) -> bool {
        is_forward(&self.parts)
    }

    /// Where it leads, for messages and snapshots.
    #[must_use]
    pub fn label(&self) -> String {
        let parts = &self.parts;
        if let Some(path) = &parts.unix_socket {
            return format!("unix:{}", path.display());
        }
        let scheme = if parts.https { "https" } else { "http" };
        match &parts.proxy {
            Some(proxy) if self.is_forward() => format!("{}://{}", proxy.kind.scheme(), proxy.authority()),
            Some(proxy) => format!(
                "{scheme}://{} via {}://{}",
                authority(&parts.host, parts.port),
                proxy.kind.scheme(),
                proxy.authority()
            ),
            None => format!("{scheme}://{}", authority(&parts.host, parts.port)),
        }
    }

    /// The addresses that the host gave for this name and port.
    #[must_use]
    pub fn override_for(&self, host: &str, port: u16) -> Option<&[IpAddr]> {
        let found = self.parts.overrides.iter().find(|given| given.host == host && given.port == port);
        found.map(|given| &*given.addresses)
    }
}

fn is_forward(parts: &Parts) -> bool {
    let own = !parts.https && !parts.tunnel && parts.version != Version::Http2;
    own && parts.proxy.as_ref().is_some_and(|proxy| proxy.kind.is_http())
}

impl PartialEq for Route {
    fn eq(&self, other: &Route) -> bool {
        std::ptr::eq(self, other) || (self.hash == other.hash && self.parts == other.parts)
    }
}

impl Eq for Route {}

impl Hash for Route {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{net::proxy::Kind, tls::settings::Verify};

    fn parts(https: bool, host: &str) -> Parts {
        Parts { https, host: host.into(), port: 8080, ..Parts::default() }
    }

    #[test]
    fn tls_settings_separate_https_routes_only() {
        let off = Arc::new(TlsSettings { verify: Verify::Off, ..TlsSettings::default() });
        let with = |https| Route::new(Parts { tls: off.clone(), ..parts(https, "a") });
        assert_ne!(*with(true), *Route::new(parts(true, "a")));
        assert_eq!(*with(false), *Route::new(parts(false, "a")));
    }

    #[test]
    fn http_targets_share_the_connection_to_their_proxy() {
        let via =
            |https, host| Route::new(Parts { proxy: Some(Proxy::new(Kind::Http, "p", 3128)), ..parts(https, host) });
        assert_eq!(*via(false, "a"), *via(false, "b"));
        assert_ne!(*via(true, "a"), *via(true, "b"));
        assert!(via(false, "a").is_forward() && !via(true, "a").is_forward());
    }

    #[test]
    fn overrides_of_other_names_make_no_difference() {
        let given = |host: &str| Override { host: host.into(), port: 8080, addresses: vec![[127, 0, 0, 1].into()] };
        let with = |host| Route::new(Parts { overrides: vec![given(host)], ..parts(false, "a") });
        assert_eq!(*with("b"), *Route::new(parts(false, "a")));
        assert_ne!(*with("a"), *Route::new(parts(false, "a")));
    }
}
