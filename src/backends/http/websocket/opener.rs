//! How a WebSocket of an HTTP session is opened, the first time and each time that it was lost: with the session's
//! settings as they are at that moment.

use std::sync::Arc;

use crate::{
    args::Args,
    backends::{
        Call,
        http::{HttpSession, limits, prepare, router::HttpRouter, settings::Settings},
    },
    engine::{
        http::{client::Router, environment::EnvironmentSettings, request::Request, url::Url},
        net::{cancel::Cancel, route::Route},
        tls::config,
        websocket::{Opener, Opening, handshake::Wish},
    },
    error::{Error, Result, code},
    value::Object,
};

/// Everything that opening takes.
pub(super) struct HttpOpener {
    /// The session, with the settings that were written on the child.
    pub session: HttpSession,
    /// The first request's URL.
    pub url: Url,
    /// What is asked for.
    pub wish: Wish,
}

impl Opener for HttpOpener {
    fn opening(&self) -> Result<Opening> {
        let settings = self.session.settings()?;
        let url = self.url.as_str();
        if !settings.adapters.find(url)?.is_exchange() {
            let message = "the adapter that is mounted for the URL cannot carry a WebSocket";
            return Err(Error::new(&code::UNSUPPORTED, message).with("key", "adapter"));
        }
        let (args, cancel) = (Args::new(), Arc::<Cancel>::default());
        let call = Call { verb: Some("GET"), target: Some(url), args: &args, cancel: &cancel, progress: None };
        let prepared = prepare::build(&self.session, &settings, &call)?;
        if prepared.request.url.is_secure() {
            // Certificates are read here; the reactor finds them in memory.
            config::client(&settings.tls)?;
        }
        let mut rules = prepared.rules;
        rules.stream = false;
        let router = Tunnels { settings: Arc::clone(&settings), environment: self.session.environment() };
        Ok(Opening {
            request: prepared.request,
            rules: Arc::new(rules),
            router: Arc::new(router),
            limits: limits(&settings),
            wish: self.wish.clone(),
            decode: settings.decode,
        })
    }
}

/// The session's routes, through proxies by tunnels.
struct Tunnels {
    settings: Arc<Settings>,
    environment: Arc<EnvironmentSettings>,
}

impl Router for Tunnels {
    fn route(&self, request: &Request) -> Result<Arc<Route>> {
        HttpRouter { settings: &self.settings, environment: &self.environment }.tunnel(request)
    }

    fn describe(&self, request: &Request) -> Object {
        HttpRouter { settings: &self.settings, environment: &self.environment }.describe(request)
    }
}
