//! Which proxy a request goes through (spec/http.md 1.9).
//!
//! Three maps speak: the call's, the session's and the environment's. By default the explicit ones win; with
//! [`Precedence::Requests`] the environment stands between the two, as it does in requests.

mod no_proxy;

pub use no_proxy::NoProxy;

use super::{auth, environment::EnvironmentSettings, place::Place};
use crate::{
    error::{Error, Result, code},
    secret::Secret,
    value::{Object, Tree},
};

/// Who wins when the environment and the host disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Precedence {
    /// What the host said.
    #[default]
    Explicit,
    /// As requests: the call, then the environment, then the session.
    Requests,
}

/// A map from `scheme://host`, `scheme`, `all://host` or `all` to a proxy, and perhaps the key `no_proxy`.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    entries: Vec<(String, Option<Secret>)>,
    direct: bool,
}

impl Proxies {
    /// Reads the `proxies` argument: a map, whose null entries switch one key off; false for no proxy at all; null for
    /// an empty map.
    ///
    /// # Errors
    /// `argument` for another type.
    pub fn parse(value: &Tree) -> Result<Proxies> {
        let mut proxies = Proxies::default();
        match value {
            Tree::Null => {}
            Tree::Bool(false) => proxies.direct = true,
            Tree::Object(map) => {
                for (key, value) in map.iter() {
                    let value = match value {
                        Tree::Null => None,
                        // requests takes an empty text for no proxy.
                        Tree::Text(url) if url.is_empty() => None,
                        Tree::Text(url) => Some(Secret::new(url.as_ref())),
                        _ => return Err(Error::option(key, "a proxy was not text")),
                    };
                    proxies.set(key, value);
                }
            }
            _ => return Err(Error::option("proxies", "proxies were neither a map nor false")),
        }
        Ok(proxies)
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && !self.direct
    }

    /// Sets one key; `None` switches it off.
    pub fn set(&mut self, key: &str, value: Option<Secret>) {
        match self.entries.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = value,
            None => self.entries.push((key.into(), value)),
        }
    }

    /// What is set under exactly this key: absent, switched off, or a value.
    pub fn get(&self, key: &str) -> Option<Option<&Secret>> {
        self.entries.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_ref())
    }

    /// This map with another laid over it.
    #[must_use]
    pub fn under(&self, over: &Proxies) -> Proxies {
        if over.direct {
            return over.clone();
        }
        let mut merged = self.clone();
        for (key, value) in &over.entries {
            merged.set(key, value.clone());
        }
        merged
    }

    /// As the host reads it, without what is switched off. Passwords are in it, as they are in requests' map.
    pub fn to_object(&self) -> Object {
        let set = self.entries.iter().filter_map(|(key, value)| Some((&**key, value.as_ref()?.reveal())));
        set.collect()
    }

    /// The entry that fits best.
    fn best(&self, place: &Place<'_>) -> Option<&Secret> {
        let fitting = self.entries.iter().filter_map(|(key, value)| Some((rank(key, place)?, value.as_ref()?)));
        fitting.min_by_key(|(rank, _)| *rank).map(|(_, value)| value)
    }

    fn no_proxy(&self) -> Option<NoProxy> {
        Some(NoProxy::parse(self.get("no_proxy")??.reveal()))
    }
}

/// How closely a key names a place; 0 is closest.
fn rank(key: &str, place: &Place<'_>) -> Option<u8> {
    match key.split_once("://") {
        None if key == place.scheme => Some(1),
        None if key == "all" => Some(3),
        Some((scheme, host)) if host.eq_ignore_ascii_case(place.host) => match scheme {
            "all" => Some(2),
            _ if scheme == place.scheme => Some(0),
            _ => None,
        },
        _ => None,
    }
}

/// The maps that may speak for one request.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The call's.
    pub request: Option<&'a Proxies>,
    /// The session's.
    pub session: &'a Proxies,
    /// The environment's, if it is trusted.
    pub environment: Option<&'a EnvironmentSettings>,
    /// Who wins.
    pub precedence: Precedence,
}

impl Sources<'_> {
    /// The proxy for a place, or none.
    ///
    /// # Errors
    /// `invalid_proxy_url`.
    pub fn select(&self, place: &Place<'_>) -> Result<Option<ProxyUrl>> {
        let silent = |proxies: &Proxies| proxies.is_empty();
        let nobody = self.request.is_none_or(silent)
            && silent(self.session)
            && self.environment.is_none_or(|environment| silent(environment.proxies()));
        if nobody {
            return Ok(None);
        }
        if self.precedence == Precedence::Explicit {
            // The most specific key must not let the environment in ahead of what was said here.
            let explicit = self.explicit();
            if explicit.no_proxy().is_some_and(|list| list.matches(place)) {
                return Ok(None);
            }
            if let Some(url) = explicit.best(place) {
                return ProxyUrl::parse(url.reveal()).map(Some);
            }
        }
        self.merged(place).best(place).map(|url| ProxyUrl::parse(url.reveal())).transpose()
    }

    fn explicit(&self) -> Proxies {
        self.request.map_or_else(|| self.session.clone(), |request| self.session.under(request))
    }

    /// All maps in one, for this place: what `merge_environment_settings` shows.
    pub fn merged(&self, place: &Place<'_>) -> Proxies {
        let nothing = Proxies::default();
        let request = self.request.unwrap_or(&nothing);
        let explicit = self.explicit();
        // requests asks the call's map alone for `no_proxy`.
        let own = match self.precedence {
            Precedence::Explicit => explicit.no_proxy(),
            Precedence::Requests => request.no_proxy(),
        };
        let environment = self.environment.filter(|_| !explicit.direct).filter(|environment| match &own {
            Some(list) => !list.matches(place),
            None => !environment.no_proxy().matches(place),
        });
        let environment = environment.map_or(&nothing, EnvironmentSettings::proxies);
        match self.precedence {
            Precedence::Explicit => environment.under(&explicit),
            Precedence::Requests => self.session.under(environment).under(request),
        }
    }
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// SOCKS 4, names resolved here.
    Socks4,
    /// SOCKS 4a, names resolved there.
    Socks4a,
    /// SOCKS 5, names resolved here.
    Socks5,
    /// SOCKS 5, names resolved there.
    Socks5h,
}

impl Kind {
    fn named(scheme: &str) -> Option<Kind> {
        let kinds = [
            ("http", Kind::Http),
            ("https", Kind::Https),
            ("socks4", Kind::Socks4),
            ("socks4a", Kind::Socks4a),
            ("socks5", Kind::Socks5),
            ("socks5h", Kind::Socks5h),
        ];
        kinds.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(scheme)).map(|(_, kind)| kind)
    }

    fn default_port(self) -> u16 {
        match self {
            Kind::Http => 80,
            Kind::Https => 443,
            _ => 1080,
        }
    }

    /// Whether the proxy resolves the names (as HTTP proxies do).
    pub fn resolves_there(self) -> bool {
        !matches!(self, Kind::Socks4 | Kind::Socks5)
    }
}

/// One proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyUrl {
    /// How it is spoken to.
    pub kind: Kind,
    /// In lower case, an IPv6 address without its brackets.
    pub host: String,
    /// The port in effect.
    pub port: u16,
    /// Percent-decoded.
    pub user: Option<String>,
    /// Percent-decoded.
    pub password: Option<Secret>,
}

impl ProxyUrl {
    /// Reads a proxy's URL; without a scheme it is `http`.
    ///
    /// # Errors
    /// `invalid_proxy_url` for a missing host, an unknown scheme or a bad port. The URL is not repeated: it may hold a
    /// password.
    pub fn parse(text: &str) -> Result<ProxyUrl> {
        let wrong = |why| Error::new(&code::INVALID_PROXY_URL, why);
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text.trim_start_matches('/')));
        let kind = Kind::named(scheme).ok_or_else(|| wrong("a proxy URL had an unknown scheme"))?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (credentials, address) = match authority.rsplit_once('@') {
            Some((credentials, address)) => (Some(credentials), address),
            None => (None, authority),
        };
        let (host, port) = match address.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':').unwrap_or(port)),
            None => address.rsplit_once(':').unwrap_or((address, "")),
        };
        if host.is_empty() || host.contains(char::is_whitespace) || host.contains('[') {
            return Err(wrong("a proxy URL had no host"));
        }
        let port = match port {
            "" => kind.default_port(),
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| wrong("a proxy URL had a bad port"))?
            }
            _ => return Err(wrong("a proxy URL had a bad port")),
        };
        let (user, password) = match credentials.map(|text| text.split_once(':').ok_or(text)) {
            None => (None, None),
            Some(Ok((user, password))) => (Some(unquoted(user)), Some(Secret::new(unquoted(password)))),
            Some(Err(user)) => (Some(unquoted(user)), None),
        };
        Ok(ProxyUrl { kind, host: host.to_ascii_lowercase(), port, user, password })
    }

    /// The value of `Proxy-Authorization`; requests sends none for a user without a password.
    pub fn authorization(&self) -> Option<String> {
        let user = self.user.as_deref().filter(|user| !user.is_empty())?;
        Some(auth::basic(user, self.password.as_ref()?))
    }
}

/// Percent-decoded; broken escapes stay, bytes that are not UTF-8 are replaced.
fn unquoted(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let pair = tail.get(..2).filter(|_| *first == b'%').and_then(|pair| std::str::from_utf8(pair).ok());
        let escaped = pair.filter(|pair| pair.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match escaped.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests;
