//! Where a request goes: proxy, TLS, socket (spec/http.md 1.9, 1.10), decided once per origin and settings.

use std::sync::Arc;

use crate::sys::lock::RwLock;

use super::settings::Settings;
use crate::{
    engine::{
        http::{
            client::Router,
            environment::{self, EnvironmentSettings},
            proxies::{self, ProxyUrl, Sources},
            request::Request,
        },
        net::{
            proxy::{Kind, Proxy},
            route::{Parts, Route, Version},
        },
    },
    error::Result,
    secret::Secret,
    value::Object,
};

/// How many origins are remembered; a session that visits more decides anew.
const REMEMBERED: usize = 64;

/// Routes by origin.
#[derive(Debug, Default)]
pub struct Routes(RwLock<Vec<Known>>);

#[derive(Debug)]
struct Known {
    secure: bool,
    host: Box<str>,
    port: u16,
    version: Version,
    route: Arc<Route>,
}

/// Settings and environment together answer where a request goes.
pub struct HttpRouter<'a> {
    /// The settings of the call.
    pub settings: &'a Settings,
    /// The environment's variables, as they were at create.
    pub environment: &'a EnvironmentSettings,
}

impl Router for HttpRouter<'_> {
    fn route(&self, request: &Request) -> Result<Arc<Route>> {
        let url = &request.url;
        let (secure, host, port) = (url.is_secure(), url.host(), url.port_or_default());
        let version = self.settings.adapters.version(url.as_str()).unwrap_or(self.settings.version);
        let fits = |known: &&Known| {
            known.secure == secure && known.port == port && known.version == version && &*known.host == host
        };
        if let Some(known) = self.settings.routes.0.read().iter().find(fits) {
            return Ok(Arc::clone(&known.route));
        }
        let route = self.decide(request, version)?;
        let mut known = self.settings.routes.0.write();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.push(Known { secure, host: host.into(), port, version, route: Arc::clone(&route) });
        Ok(route)
    }

    fn describe(&self, request: &Request) -> Object {
        let trust = &self.settings.trust;
        let asked = environment::Settings { stream: None, verify: trust.call.as_ref(), cert: None };
        let own = environment::Settings {
            stream: Some(self.settings.reading.stream),
            verify: trust.session.as_ref(),
            cert: trust.cert.as_ref(),
        };
        environment::merge_environment_settings(&request.place(), &self.sources(), asked, own)
    }
}

impl HttpRouter<'_> {
    /// The maps that may name a proxy.
    pub fn sources(&self) -> Sources<'_> {
        Sources {
            request: self.settings.call_proxies.as_deref(),
            session: &self.settings.proxies,
            environment: self.settings.trusted(self.environment),
            precedence: self.settings.precedence(),
        }
    }

    /// The route for what is not HTTP after its first request: no proxy may look into it, and no ALPN may choose another
    /// version of HTTP.
    pub fn tunnel(&self, request: &Request) -> Result<Arc<Route>> {
        let mut parts = self.parts(request, Version::Http1)?;
        parts.tunnel = true;
        if !parts.tls.alpn.is_empty() {
            Arc::make_mut(&mut parts.tls).alpn.clear();
        }
        Ok(Route::new(parts))
    }

    fn decide(&self, request: &Request, version: Version) -> Result<Arc<Route>> {
        self.parts(request, version).map(Route::new)
    }

    fn parts(&self, request: &Request, version: Version) -> Result<Parts> {
        let (settings, url) = (self.settings, &request.url);
        let proxy = self.sources().select(&request.place())?;
        Ok(Parts {
            https: url.is_secure(),
            host: url.host().to_owned(),
            port: url.port_or_default(),
            proxy: proxy.map(engine_proxy),
            tunnel: false,
            unix_socket: settings.unix_socket.as_deref().map(Into::into),
            tls: Arc::clone(&settings.tls),
            local_address: settings.local_address,
            keepalive: settings.tcp_keepalive,
            family: settings.family,
            version,
            overrides: settings.overrides.to_vec(),
        })
    }
}

fn engine_proxy(url: ProxyUrl) -> Proxy {
    let kind = match url.kind {
        proxies::Kind::Http => Kind::Http,
        proxies::Kind::Https => Kind::Https,
        proxies::Kind::Socks4 => Kind::Socks4,
        proxies::Kind::Socks4a => Kind::Socks4a,
        proxies::Kind::Socks5 => Kind::Socks5,
        proxies::Kind::Socks5h => Kind::Socks5h,
    };
    let mut proxy = Proxy::new(kind, url.host.clone(), url.port);
    if kind.is_http() {
        proxy.authorization = url.authorization().map(Secret::new);
    } else {
        (proxy.user, proxy.password) = (url.user, url.password);
    }
    proxy
}

/// Settings and environment as the reactor keeps them.
pub struct OwnRouter {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The environment.
    pub environment: Arc<EnvironmentSettings>,
}

impl Router for OwnRouter {
    fn route(&self, request: &Request) -> Result<Arc<Route>> {
        HttpRouter { settings: &self.settings, environment: &self.environment }.route(request)
    }

    fn describe(&self, request: &Request) -> Object {
        HttpRouter { settings: &self.settings, environment: &self.environment }.describe(request)
    }
}
