//! The options of an HTTP session: parsed once at create and configure, overlaid by a call's own.
//!
//! Everything here is cheap to clone, because a call that changes one option works on a copy of the rest.

mod written;

use std::{net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use super::{answer::Reading, router::Routes};
use crate::{
    args::Args,
    engine::{
        http::{
            adapter::Adapters,
            auth::Auth,
            environment::{self, EnvironmentSettings},
            headers::Headers,
            proxies::{Precedence, Proxies},
            query, retry,
        },
        net::route::{Family, Override, Version},
        tls::settings::{Identity, TlsSettings, Verify, parse_pins},
    },
    error::{Error, Result},
    secret::Secret,
    value::{Provider, Tree},
};
use written::{
    TCP_KEEPALIVE, count, duration, family, http_version, low_speed, names, overrides, parse_mode, provider,
    tcp_keepalive, timeout,
};

/// Time-outs of a call (spec/http.md 1.11).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Times {
    /// For each address tried.
    pub connect: Option<Duration>,
    /// The longest silence.
    pub read: Option<Duration>,
    /// The whole call.
    pub total: Option<Duration>,
}

/// How the server's certificate is checked and ours is shown, as it was written.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The session's `verify`: true, false, or a path.
    pub session: Option<Tree>,
    /// The call's.
    pub call: Option<Tree>,
    /// `verify_pin`.
    pub pin: Option<Arc<str>>,
    /// `verify_common_name`.
    pub common_name: bool,
    /// `cert`: a path, or certificate and key.
    pub cert: Option<Tree>,
    /// `cert_password`.
    pub password: Option<Secret>,
}

/// Who says it: the session's defaults, or one call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// create, configure, attach.
    Session,
    /// One call.
    Call,
}

/// All options.
#[derive(Clone)]
pub struct Settings {
    /// Default header fields.
    pub headers: Arc<Headers>,
    /// Default query.
    pub params: Option<Tree>,
    /// Who we are.
    pub auth: Option<Auth>,
    /// The session's proxies.
    pub proxies: Arc<Proxies>,
    /// The call's.
    pub call_proxies: Option<Arc<Proxies>>,
    /// TLS, as written.
    pub trust: Arc<Trust>,
    /// TLS, as it is done.
    pub tls: Arc<TlsSettings>,
    /// Routes by origin, valid as long as these settings are.
    pub routes: Arc<Routes>,
    /// Time-outs.
    pub times: Times,
    /// When to try again.
    pub retry: Arc<retry::Policy>,
    /// How answers are read.
    pub reading: Reading,
    /// Follow redirects; `None` is the method's own default.
    pub allow_redirects: Option<bool>,
    /// How many.
    pub max_redirects: usize,
    /// Fields that do not cross to another origin.
    pub drop_headers: Arc<[String]>,
    /// Called with requests.
    pub request_hooks: Arc<[Arc<dyn Provider>]>,
    /// Called with answers.
    pub response_hooks: Arc<[Arc<dyn Provider>]>,
    /// Who carries what.
    pub adapters: Arc<Adapters>,
    /// 400 to 599 is an error.
    pub raise_for_status: Option<bool>,
    /// Undo content codings.
    pub decode: bool,
    /// Ask before a body is sent.
    pub expect_continue: bool,
    /// Connect to this socket whatever the host is.
    pub unix_socket: Option<Arc<str>>,
    /// Connect from here.
    pub local_address: Option<IpAddr>,
    /// The silence after which the system asks whether the peer is there.
    pub tcp_keepalive: Option<Duration>,
    /// The address family.
    pub family: Family,
    /// The version of HTTP.
    pub version: Version,
    /// Addresses instead of look-ups.
    pub overrides: Arc<[Override]>,
    /// Explicit settings lose against the environment, as in requests.
    pub environment_wins: bool,
    /// Environment variables and netrc count.
    pub trust_env: bool,
    /// Cookies are kept and sent.
    pub jar: bool,
    /// Bytes per second at the most.
    pub limit_rate: Option<u64>,
    /// Bytes per second at the least, over this time.
    pub low_speed: Option<(u64, Duration)>,
}

impl Settings {
    /// Whether letting them go may run code of the host.
    pub fn hold_host_code(&self) -> bool {
        let hooks = !self.request_hooks.is_empty() || !self.response_hooks.is_empty();
        let provider = matches!(self.auth, Some(Auth::Provider(_)));
        hooks || provider || !self.adapters.are_plain()
    }
}

impl Default for Settings {
    fn default() -> Settings {
        let mut headers = Headers::default();
        headers.push("User-Agent", concat!("haft/", env!("CARGO_PKG_VERSION")));
        headers.push("Accept-Encoding", "gzip, deflate, br, zstd");
        headers.push("Accept", "*/*");
        headers.push("Connection", "keep-alive");
        Settings {
            headers: Arc::new(headers),
            params: None,
            auth: None,
            proxies: Arc::default(),
            call_proxies: None,
            trust: Arc::default(),
            tls: Arc::default(),
            routes: Arc::default(),
            times: Times::default(),
            retry: Arc::new(retry::Policy::never()),
            reading: Reading::default(),
            allow_redirects: None,
            max_redirects: 30,
            drop_headers: Arc::default(),
            request_hooks: Arc::default(),
            response_hooks: Arc::default(),
            adapters: Arc::default(),
            raise_for_status: None,
            decode: true,
            expect_continue: false,
            unix_socket: None,
            local_address: None,
            tcp_keepalive: Some(TCP_KEEPALIVE),
            family: Family::default(),
            version: Version::default(),
            overrides: Arc::default(),
            environment_wins: false,
            trust_env: true,
            jar: true,
            limit_rate: None,
            low_speed: None,
        }
    }
}

impl Settings {
    /// Lays arguments over the settings. Keys that are no settings are left to whoever reads them.
    ///
    /// # Errors
    /// `argument` and the codes of what was written; nothing has changed then.
    pub fn overlay(&mut self, args: &Args, level: Level, environment: &EnvironmentSettings) -> Result<()> {
        // A call's fields, parameters and time-outs lead nowhere else, and their like are what most calls bring.
        let (mut routes, mut tls) = (false, false);
        for (key, value) in args.root().iter() {
            self.set(key, value, args, level).map_err(|error| within(key, error))?;
            tls |= matches!(
                key,
                "verify" | "verify_pin" | "verify_common_name" | "cert" | "cert_password" | "environment" | "trust_env"
            );
            routes |=
                matches!(key, "proxies" | "unix_socket" | "local_address" | "tcp_keepalive" | "ip_version" | "resolve");
        }
        if tls {
            self.decide_trust(environment)?;
        }
        if tls || routes {
            self.routes = Arc::default();
        }
        Ok(())
    }

    /// Works out what certificates are checked against and shown.
    ///
    /// # Errors
    /// `argument` and `certificate`.
    pub fn decide_trust(&mut self, environment: &EnvironmentSettings) -> Result<()> {
        self.tls = Arc::new(self.tls_settings(environment)?);
        Ok(())
    }

    /// The environment, when it is trusted.
    pub fn trusted<'a>(&self, environment: &'a EnvironmentSettings) -> Option<&'a EnvironmentSettings> {
        self.trust_env.then_some(environment)
    }

    /// Who wins when the environment and the host disagree.
    pub fn precedence(&self) -> Precedence {
        if self.environment_wins { Precedence::Requests } else { Precedence::Explicit }
    }

    fn tls_settings(&self, environment: &EnvironmentSettings) -> Result<TlsSettings> {
        let trust = &self.trust;
        let (call, session) = (trust.call.as_ref(), trust.session.as_ref());
        let verify = match environment::verify(call, session, self.trusted(environment), self.precedence()) {
            Tree::Bool(true) => Verify::On,
            Tree::Bool(false) => Verify::Off,
            Tree::Text(text) if &*text == "system" => Verify::System,
            Tree::Text(text) if text.contains("-----BEGIN CERTIFICATE-----") => Verify::Pem(Arc::from(&*text)),
            Tree::Text(path) => {
                let path = PathBuf::from(&*path);
                if path.is_dir() { Verify::Directory(path) } else { Verify::File(path) }
            }
            _ => return Err(Error::option("verify", "verify was neither true, false nor a path")),
        };
        let identity = match &trust.cert {
            Some(Tree::Text(path)) => Some((path, None)),
            Some(Tree::Array(pair)) => match pair.as_slice() {
                [Tree::Text(certificate), Tree::Text(key)] => Some((certificate, Some(key))),
                _ => return Err(Error::option("cert", "cert was a list, but not [certificate, key]")),
            },
            None | Some(Tree::Null) => None,
            Some(_) => return Err(Error::option("cert", "cert was neither a path nor [certificate, key]")),
        };
        let identity = identity.map(|(certificate, key)| Identity {
            certificate: PathBuf::from(&**certificate),
            key: key.map(|key| PathBuf::from(&**key)),
            password: trust.password.clone(),
        });
        let pins = trust.pin.as_deref().map(parse_pins).transpose()?.unwrap_or_default();
        Ok(TlsSettings { verify, pins, identity, common_name: trust.common_name, ..TlsSettings::default() })
    }

    fn set(&mut self, key: &str, value: &Tree, args: &Args, level: Level) -> Result<()> {
        match key {
            "headers" => self.headers = Arc::new(self.headers.merged(Some(value))?),
            "params" => {
                if level == Level::Session {
                    // Looked at now: the calls that will be made with it are not where the mistake is.
                    query::written(value)?;
                }
                self.params = query::merge(self.params.as_ref(), Some(value)).map(std::borrow::Cow::into_owned);
            }
            "auth" => self.auth = Some(Auth::parse(value)?),
            "proxies" => {
                let proxies = Proxies::parse(value)?;
                match level {
                    Level::Call => self.call_proxies = Some(Arc::new(proxies)),
                    Level::Session if value.is_null() => self.proxies = Arc::default(),
                    Level::Session => self.proxies = Arc::new(self.proxies.under(&proxies)),
                }
            }
            "verify" | "verify_pin" | "verify_common_name" | "cert" | "cert_password" => {
                let trust = Arc::make_mut(&mut self.trust);
                match (key, level) {
                    ("verify", Level::Session) => trust.session = Some(value.clone()),
                    ("verify", Level::Call) => trust.call = Some(value.clone()),
                    ("verify_common_name", _) => trust.common_name = args.bool(key)?.unwrap_or(false),
                    ("verify_pin", _) => trust.pin = args.str(key)?.map(Arc::from),
                    ("cert_password", _) => trust.password = args.str(key)?.map(Secret::new),
                    _ => trust.cert = Some(value.clone()),
                }
            }
            "timeout" => (self.times.connect, self.times.read) = timeout(value, args)?,
            "timeouts" => self.set_times(value)?,
            "retry" => self.retry = Arc::new(retry::Policy::parse(value)?),
            "parse" => self.reading.parse = parse_mode(args.str(key)?)?,
            "encoding" => self.reading.encoding = args.str(key)?.map(Arc::from),
            "stream" => self.reading.stream = args.bool(key)?.unwrap_or(false),
            "allow_redirects" => self.allow_redirects = args.bool(key)?,
            "max_redirects" => self.max_redirects = count(key, args)?.unwrap_or(30),
            "drop_headers" => self.drop_headers = names(key, value)?.into(),
            "hooks" => self.set_hooks(value)?,
            "adapter" => self.set_adapters(value)?,
            "raise_for_status" => self.raise_for_status = args.bool(key)?,
            "decode_content" => self.decode = args.bool(key)?.unwrap_or(true),
            "expect_continue" => self.expect_continue = args.bool(key)?.unwrap_or(false),
            "unix_socket" => self.unix_socket = args.str(key)?.map(Arc::from),
            "local_address" => {
                let wrong = |_| Error::option(key, "local_address was not an IP address");
                self.local_address = args.str(key)?.map(|text| text.parse().map_err(wrong)).transpose()?;
            }
            "tcp_keepalive" => self.tcp_keepalive = tcp_keepalive(value)?,
            "ip_version" => self.family = family(value)?,
            "http_version" => self.version = http_version(args.str(key)?)?,
            "resolve" => self.overrides = overrides(value)?.into(),
            "environment" => {
                self.environment_wins = match args.str(key)? {
                    None | Some("explicit") => false,
                    Some("requests") => true,
                    Some(other) => {
                        let message = format!("environment was {other:?}; it takes \"explicit\" or \"requests\"");
                        return Err(Error::option(key, message));
                    }
                };
            }
            "trust_env" => self.trust_env = args.bool(key)?.unwrap_or(true),
            "cookies" => {
                if let Tree::Bool(on) = value {
                    self.jar = *on;
                }
            }
            // As in curl, nought is no limit.
            "limit_rate" => self.limit_rate = count(key, args)?.filter(|rate| *rate > 0).map(|rate| rate as u64),
            "low_speed" => self.low_speed = low_speed(value)?,
            _ => {}
        }
        Ok(())
    }

    fn set_times(&mut self, value: &Tree) -> Result<()> {
        if value.is_null() {
            self.times = Times::default();
            return Ok(());
        }
        let Tree::Object(group) = value else {
            return Err(Error::option("timeouts", "timeouts was not a group of connect, read, total"));
        };
        for (key, value) in group.iter() {
            let time = duration("timeouts", value)?;
            match key {
                "connect" => self.times.connect = time,
                "read" => self.times.read = time,
                "total" => self.times.total = time,
                other => {
                    let message = format!("there is no time-out {other:?}; there are connect, read and total");
                    return Err(Error::option("timeouts", message));
                }
            }
        }
        Ok(())
    }

    /// A list in a call replaces the session's; an empty one leaves it (spec/http.md 1.1).
    fn set_hooks(&mut self, value: &Tree) -> Result<()> {
        let Tree::Object(group) = value else {
            return match value {
                Tree::Null => {
                    (self.request_hooks, self.response_hooks) = (Arc::default(), Arc::default());
                    Ok(())
                }
                _ => Err(Error::option("hooks", "hooks was not a group of request and response")),
            };
        };
        for (event, value) in group.iter() {
            let list: Vec<Arc<dyn Provider>> = match value {
                Tree::Null => Vec::new(),
                Tree::Provider(provider) => vec![Arc::clone(provider)],
                Tree::Array(items) => items.iter().map(provider).collect::<Result<_>>()?,
                _ => return Err(Error::option("hooks", format!("hooks.{event} was not a provider or a list of them"))),
            };
            let slot = match event {
                "request" => &mut self.request_hooks,
                "response" => &mut self.response_hooks,
                other => {
                    let message = format!("there is no hook {other:?}; there are request and response");
                    return Err(Error::option("hooks", message));
                }
            };
            if value.is_null() || !list.is_empty() {
                *slot = list.into();
            }
        }
        Ok(())
    }

    fn set_adapters(&mut self, value: &Tree) -> Result<()> {
        if value.is_null() {
            self.adapters = Arc::default();
            return Ok(());
        }
        let Tree::Object(group) = value else {
            return Err(Error::option("adapter", "adapter was not a group by URL prefix"));
        };
        let adapters = Arc::make_mut(&mut self.adapters);
        for (prefix, value) in group.iter() {
            match value {
                Tree::Null => adapters.unmount(prefix),
                value => adapters.mount_written(prefix, value)?,
            }
        }
        Ok(())
    }
}

/// Names the option that a mistake is in, when the part that found it only knew a member of it.
pub(super) fn within(option: &str, error: Error) -> Error {
    let named = match error.detail().get("key").and_then(Tree::as_str) {
        None => option.to_owned(),
        Some(key) if key.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) => {
            return error;
        }
        Some(member) => format!("{option}.{member}"),
    };
    error.with("key", named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(settings: &Settings, key: &str, value: impl Into<Tree>) -> Settings {
        let mut args = Args::new();
        args.set(key, value.into());
        let mut own = Settings::clone(settings);
        own.overlay(&args, Level::Call, &EnvironmentSettings::default()).unwrap();
        own
    }

    #[test]
    fn only_calls_that_lead_elsewhere_have_routes_of_their_own() {
        let session = Settings::default();
        for (key, value, same_route, same_tls) in [
            ("headers.X-Trace", Tree::from("1"), true, true),
            ("params.q", Tree::from("1"), true, true),
            ("timeout", Tree::Int(5), true, true),
            ("verify", Tree::Bool(false), false, false),
            ("proxies.http", Tree::from("http://p:1"), false, true),
            ("unix_socket", Tree::from("/run/s"), false, true),
            ("resolve.h:80", Tree::from("127.0.0.1"), false, true),
        ] {
            let own = with(&session, key, value);
            assert_eq!(Arc::ptr_eq(&own.routes, &session.routes), same_route, "{key}");
            assert_eq!(Arc::ptr_eq(&own.tls, &session.tls), same_tls, "{key}");
        }
    }
}
