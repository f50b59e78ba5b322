//! The HTTP back end: `requests.Session` behind five verbs (spec/http.md part 1, verbs.md "HTTP").

mod answer;
mod cookie_edits;
mod download;
mod layer;
mod meta;
mod prepare;
mod router;
mod save;
mod settings;
mod snapshot;
mod sse;
mod watch;
mod websocket;

use std::{path::PathBuf, sync::Arc, time::Instant};

use crate::sys::lock::Mutex;

use super::{Answer, Backend, Call, Carried, Feed, Late, Lent, Pending, Sink};
use crate::{
    args::Args,
    clock,
    engine::{
        errands::Kept,
        http::{
            adapter::Adapters,
            auth::Auth,
            client::{self, Delivered, Order, Router},
            cookies::{self, Jar},
            environment::{self, EnvironmentSettings},
            exchange::Carrier,
            flight::Flight,
            place,
            policy::hooks,
            url::Url,
        },
        net::{cancel::Cancel, limits::Limits, pool::PoolOptions},
        reactor::vigil::Vigil,
        tls::config,
    },
    error::{Error, Result, code},
    options::{self, scope},
    sys,
    value::Tree,
};
use answer::HttpAnswer;
use cookie_edits::CookieEdits;
use layer::Layer;
use router::{HttpRouter, OwnRouter};
use save::Target;
use settings::{Level, Settings};

/// What a root and its children share: connections, cookies, the environment as it was at create.
struct Shared {
    carrier: Arc<Carrier>,
    jar: Arc<Mutex<Jar>>,
    environment: Arc<EnvironmentSettings>,
    cookie_file: Option<PathBuf>,
    pool: Mutex<PoolOptions>,
    lent: Lent,
}

/// One HTTP session, or a child of one with another base.
#[derive(Clone)]
pub struct HttpSession {
    shared: Arc<Shared>,
    base: Option<Url>,
    layer: Arc<Layer>,
}

impl HttpSession {
    /// Opens a session. `http:` and `https:` alone have no base; every target is then a whole URL.
    ///
    /// # Errors
    /// The mistakes in the URL or the arguments; `io` when the cookie file cannot be read.
    pub fn open(url: &str, args: &Args, lent: Lent) -> Result<HttpSession> {
        options::check(args, scope::CREATE, "http")?;
        let environment = EnvironmentSettings::read(&sys::environment::variable);
        let bare = url.trim_end().trim_end_matches('/');
        let base = if bare.eq_ignore_ascii_case("http:") || bare.eq_ignore_ascii_case("https:") {
            None
        } else {
            Some(Url::prepare(url, None)?)
        };
        let mut settings = Settings::default();
        settings.overlay(args, Level::Session, &environment)?;
        // Also when no argument is about it: the environment may be.
        settings.decide_trust(&environment)?;
        let mut jar = Jar::default();
        let cookie_file = args.str("cookie_file")?.map(PathBuf::from);
        let now = clock::epoch_seconds();
        if let Some(file) = &cookie_file {
            cookies::netscape::load(&mut jar, file, now)?;
        }
        let cookies = CookieEdits::read(args)?;
        cookies.apply(&mut jar, now)?;
        let pool = pool_options(args, PoolOptions::default())?;
        let shared = Shared {
            carrier: Arc::new(Carrier::new(pool, Arc::clone(&lent.reactor))),
            pool: Mutex::new(pool),
            jar: Arc::new(Mutex::new(jar)),
            environment: Arc::new(environment),
            cookie_file,
            lent,
        };
        Ok(HttpSession { shared: Arc::new(shared), base, layer: Arc::new(Layer::root(settings)) })
    }

    pub(self) fn base(&self) -> Option<&Url> {
        self.base.as_ref()
    }

    pub(self) fn environment(&self) -> Arc<EnvironmentSettings> {
        Arc::clone(&self.shared.environment)
    }

    pub(self) fn jar(&self) -> Arc<Mutex<Jar>> {
        Arc::clone(&self.shared.jar)
    }

    fn settings(&self) -> Result<Arc<Settings>> {
        self.layer.settings(&self.shared.environment)
    }

    /// The settings for one call: the session's own when the call changes none.
    fn settings_for(&self, args: &Args) -> Result<Arc<Settings>> {
        let settings = self.settings()?;
        let prepared = |key: &str| matches!(key, "method" | "url" | "body");
        let changes = |key: &str| options::find(key, scope::SESSION, "http").is_some() && !prepared(key);
        if !args.root().iter().any(|(key, _)| changes(key)) {
            return Ok(settings);
        }
        let mut own = Settings::clone(&settings);
        own.overlay(args, Level::Call, &self.shared.environment)?;
        Ok(Arc::new(own))
    }

    /// `merge_environment_settings` of the original.
    fn merged_environment(&self, settings: &Settings, args: &Args) -> Result<Tree> {
        let url = match (args.str("url")?, &self.base) {
            (Some(url), _) => Url::prepare(url, None)?,
            (None, Some(base)) => base.clone(),
            (None, None) => return Err(Error::option("url", "the snapshot \"environment\" needs a url")),
        };
        let mut call = Settings::clone(settings);
        call.overlay(args, Level::Call, &self.shared.environment)?;
        let router = HttpRouter { settings: &call, environment: &self.shared.environment };
        let asked =
            environment::Settings { stream: args.bool("stream")?, verify: args.get("verify"), cert: args.get("cert") };
        let own = environment::Settings {
            stream: Some(settings.reading.stream),
            verify: settings.trust.session.as_ref(),
            cert: settings.trust.cert.as_ref(),
        };
        let place = place::place(&url);
        let mut merged = environment::merge_environment_settings(&place, &router.sources(), asked, own);
        merged.insert("proxies", snapshot::proxies(&router.sources().merged(&place)));
        Ok(Tree::Object(merged))
    }

    fn send(&self, call: &Call<'_>) -> Result<Box<HttpAnswer>> {
        let settings = self.settings_for(call.args).map_err(client::not_sent)?;
        let save = save_target(call.args)?;
        let mut prepared = prepare::build(self, &settings, call).map_err(client::not_sent)?;
        if let Some(target) = &save {
            target.condition(Arc::make_mut(&mut prepared.request.headers));
        }
        let limits = limits(&settings);
        let router = HttpRouter { settings: &settings, environment: &self.shared.environment };
        let order = Order {
            rules: Arc::new(prepared.rules),
            request: prepared.request,
            router: &router,
            limits,
            cancel: call.cancel,
            watch: watch::watch(&settings, limits.total, call),
            decode: settings.decode,
            expect_continue: settings.expect_continue,
        };
        let reading = settings.reading.clone();
        let mut delivered = match client::send(&self.shared.carrier, &settings.adapters, order) {
            Ok(delivered) => delivered,
            Err(error) => return Err(with_answer(error, &reading)),
        };
        let answer = match save {
            Some(target) => {
                delivered.finished.hop.body = None;
                let mut answer = HttpAnswer::head(delivered, reading);
                if target.save(&mut answer).map_err(|error| answer.named(error))? {
                    return Ok(Box::new(answer));
                }
                answer
            }
            None => HttpAnswer::read(delivered, reading)?,
        };
        let answer = Box::new(answer);
        if settings.raise_for_status == Some(true) { answer.raise_for_status() } else { Ok(answer) }
    }
}

/// Where the body is to go, when not into memory.
fn save_target(args: &Args) -> Result<Option<Target>> {
    match args.get("save_to") {
        None | Some(Tree::Null) => Ok(None),
        Some(target) => {
            let resume = args.bool("resume").map_err(client::not_sent)?.unwrap_or(false);
            Target::parse(target, resume).map(Some).map_err(client::not_sent)
        }
    }
}

/// The limits of a call that begins now.
fn limits(settings: &Settings) -> Limits {
    let times = settings.times;
    Limits { connect: times.connect, read: times.read, total: times.total.map(|total| clock::now() + total) }
}

/// Makes the answer that a policy error carries into one that the host can read.
fn with_answer(mut error: Error, reading: &answer::Reading) -> Error {
    let carried = error.take_response().and_then(|carried| carried.downcast::<Mutex<Option<Delivered>>>().ok());
    match carried.and_then(|carried| carried.lock().take()) {
        Some(delivered) => {
            let mut answer =
                HttpAnswer::head(delivered, answer::Reading { parse: answer::Parse::Auto, ..reading.clone() });
            // The body helps to understand; that it cannot be read does not change what went wrong.
            let _ = answer.fill();
            Carried::attach(error, Box::new(answer))
        }
        None => error,
    }
}

/// What the taker of an answer does. What is the host's is let go there, where its code may run, before the host hears of
/// the end.
fn late_of(
    kept: Option<Kept<Flight>>,
    rest: impl FnOnce() -> Result<(Box<HttpAnswer>, bool)> + Send + 'static,
) -> Late {
    Box::new(move || {
        drop(kept);
        let (answer, raises) = rest()?;
        Ok(if raises { answer.raise_for_status()? } else { answer })
    })
}

fn gone() -> Error {
    Error::new(&code::INTERNAL, "a call was lost")
}

/// The pool's options with what `args` changes.
fn pool_options(args: &Args, mut options: PoolOptions) -> Result<PoolOptions> {
    let count = |key: &str| -> Result<Option<usize>> {
        let wrong = || Error::option(key, format!("{key} was not a positive number"));
        args.int(key)?.map(|n| usize::try_from(n).ok().filter(|n| *n > 0).ok_or_else(wrong)).transpose()
    };
    if let Some(connections) = count("pool_connections")? {
        options.connections = connections;
    }
    if let Some(size) = count("pool_maxsize")? {
        options.maxsize = size;
    }
    if let Some(block) = args.bool("pool_block")? {
        options.block = block;
    }
    if let Some(idle) = args.duration("pool_idle")? {
        options.idle = idle;
    }
    Ok(options)
}

impl Backend for HttpSession {
    fn name(&self) -> &'static str {
        "http"
    }

    fn url(&self) -> String {
        self.base.as_ref().map_or_else(|| "http:".into(), |base| base.redacted().into_owned())
    }

    fn request(&self, call: &Call<'_>) -> Result<Box<dyn Answer>> {
        Ok(self.send(call)?)
    }

    fn websocket(&self, name: &str, args: &Args) -> Result<crate::engine::websocket::Opening> {
        websocket::WebSocket::opening(self, name, args)
    }

    fn begin(&self, call: &Call<'_>) -> Result<Option<Pending>> {
        let settings = self.settings_for(call.args).map_err(client::not_sent)?;
        let save = save_target(call.args)?;
        let mut prepared = prepare::build(self, &settings, call).map_err(client::not_sent)?;
        if let Some(target) = &save {
            target.condition(Arc::make_mut(&mut prepared.request.headers));
        }
        if prepared.request.url.is_secure() {
            // Certificates are read here; the reactor finds them in memory. What is wrong with them it tells itself, with
            // the URL.
            let router = HttpRouter { settings: &settings, environment: &self.shared.environment };
            if let Ok(route) = router.route(&prepared.request) {
                let _ = config::client(&route.parts().tls);
            }
        }
        let limits = limits(&settings);
        let flight = Flight {
            carrier: Arc::clone(&self.shared.carrier),
            rules: Arc::new(prepared.rules),
            watch: watch::watch(&settings, limits.total, call),
            request: prepared.request,
            router: Arc::new(OwnRouter { settings: Arc::clone(&settings), environment: self.environment() }),
            adapters: Arc::clone(&settings.adapters),
            limits,
            cancel: Arc::clone(call.cancel),
            decode: settings.decode,
            expect_continue: settings.expect_continue,
            worker: Arc::clone(&self.shared.lent.worker),
            remains: Mutex::default(),
        };
        let (reading, raises) = (settings.reading.clone(), settings.raise_for_status == Some(true));
        drop(settings);
        let mut vigil = Vigil::new(Arc::clone(call.cancel));
        let keeper = flight.keeper();
        let save = save.map(|target| Box::new(Kept::new(target, Some(Arc::clone(&flight.worker)))));
        let mut kept = Kept::new(flight, keeper.clone());
        Ok(Some(Box::pin(async move {
            let Some(flight) = kept.get() else { return Box::new(|| Err(gone())) as Late };
            let hosted = keeper.is_some();
            if let Some(save) = save {
                // In a box of its own: each call would have room for it.
                let saved = Box::pin(async {
                    match flight.open(&mut vigil).await {
                        Ok(delivered) => {
                            let target = save.into_inner();
                            let (reading, worker) = (reading.clone(), &flight.worker);
                            (download::download(delivered, target, reading, worker, &mut vigil).await, None)
                        }
                        Err(error) => (Err(error), Some(save)),
                    }
                });
                let (outcome, unused) = saved.await;
                return late_of(hosted.then_some(kept), move || {
                    drop(unused);
                    let (answer, saved) = outcome.map_err(|error| with_answer(error, &reading))?;
                    let saved = saved.map_err(|error| answer.named(error))?;
                    Ok((Box::new(answer), raises && !saved))
                });
            }
            let outcome = Kept::new(flight.run(&mut vigil).await, keeper);
            late_of(hosted.then_some(kept), move || {
                let Some(outcome) = outcome.into_inner() else { return Err(gone()) };
                let delivered = outcome.map_err(|error| with_answer(error, &reading))?;
                Ok((Box::new(HttpAnswer::read(delivered, reading)?), raises))
            })
        })))
    }

    fn holds_host_code(&self) -> bool {
        self.settings().map_or(true, |settings| settings.hold_host_code())
    }

    fn check(&self, call: &Call<'_>) -> Result<()> {
        let settings = self.settings_for(call.args)?;
        let prepared = prepare::build(self, &settings, call)?;
        if let Some(target) = call.args.get("save_to").filter(|target| !target.is_null()) {
            Target::parse(target, call.args.bool("resume")?.unwrap_or(false))?;
        }
        settings.adapters.find(prepared.request.url.as_str()).map(drop)
    }

    /// A commit applies what was staged: an answer of 400 to 599 says that it was not applied, unless the item or the
    /// session said that it does not mind.
    fn for_commit(&self, args: &mut Args) -> Result<()> {
        if args.get("raise_for_status").is_none() && self.settings()?.raise_for_status.is_none() {
            args.set("raise_for_status", true);
        }
        Ok(())
    }

    fn prepare(&self, call: &Call<'_>) -> Result<Args> {
        let settings = self.settings_for(call.args)?;
        let mut request = prepare::build(self, &settings, call)?.request;
        if let (Some(_), Some(Auth::Provider(provider))) = (call.verb, &settings.auth) {
            hooks::authorize(&**provider, &mut request)?;
        }
        match request.to_tree() {
            Tree::Object(members) => Ok(Args::from(members)),
            _ => Ok(Args::new()),
        }
    }

    fn configure(&self, args: &Args) -> Result<()> {
        let clears = match args.str("pool")? {
            None => false,
            Some("clear") => true,
            Some(other) => return Err(Error::option("pool", format!("pool was {other:?}; it takes \"clear\""))),
        };
        let cookies = CookieEdits::read(args)?;
        let mut pool = self.shared.pool.lock();
        let options = pool_options(args, *pool)?;
        let before = self.settings()?;
        self.layer.configure(args, &self.shared.environment)?;
        if options != *pool {
            *pool = options;
            self.shared.carrier.configure(options);
        }
        drop(pool);
        if clears {
            self.shared.carrier.clear();
        }
        if args.get("adapter").is_some() {
            before.adapters.close_all_but(&self.settings()?.adapters);
        }
        cookies.apply(&mut self.shared.jar.lock(), clock::epoch_seconds())
    }

    fn inspect(&self, what: &str, args: &Args) -> Result<Option<Tree>> {
        let settings = self.settings()?;
        Ok(Some(match what {
            "headers" => snapshot::headers(&settings),
            "cookies" => self.shared.jar.lock().to_tree(),
            "adapters" => settings.adapters.show(),
            "adapter" => {
                let Some(url) = args.str("url")? else {
                    return Err(Error::option("url", "the snapshot \"adapter\" needs a url"));
                };
                Tree::from(settings.adapters.find(url)?.name())
            }
            "environment" => self.merged_environment(&settings, args)?,
            "pool" | "stats" => snapshot::pool(&self.shared.carrier),
            "options" => snapshot::options(&settings),
            _ => return Ok(None),
        }))
    }

    fn snapshots(&self) -> &'static [&'static str] {
        &["headers", "cookies", "adapters", "adapter", "environment", "pool"]
    }

    fn attach(&self, name: &str, args: &Args, cancel: &Arc<Cancel>) -> Result<Arc<dyn Backend>> {
        if websocket::is_one(name) {
            return Ok(Arc::new(websocket::WebSocket::attach(self, name, args, cancel)?));
        }
        websocket::refuse_options(args)?;
        let base = match &self.base {
            Some(base) => Url::join_base(base, name)?,
            None => Url::prepare(name, None)?,
        };
        let cookies = CookieEdits::read(args)?;
        let layer = Layer::child(&self.layer, args, &self.shared.environment)?;
        cookies.apply(&mut self.shared.jar.lock(), clock::epoch_seconds())?;
        Ok(Arc::new(HttpSession { shared: Arc::clone(&self.shared), base: Some(base), layer: Arc::new(layer) }))
    }

    fn subscribe(&self, topic: &str, args: &Args, sink: Arc<dyn Sink>) -> Result<Option<Feed>> {
        sse::subscribe(self, topic, args, sink)
    }

    fn topics(&self) -> &'static [&'static str] {
        &["sse:/path"]
    }

    fn abandon(&self) {
        if self.layer.parent().is_none() {
            self.shared.carrier.lines().abandon();
        }
    }

    fn close(&self, _keep: bool, deadline: Instant) -> Result<()> {
        let settings = self.settings()?;
        if let Some(parent) = self.layer.parent() {
            // What the parent mounted is still in use.
            settings.adapters.close_all_but(&parent.settings(&self.shared.environment)?.adapters);
            return Ok(());
        }
        settings.adapters.close_all_but(&Adapters::default());
        self.shared.carrier.close(deadline);
        match &self.shared.cookie_file {
            Some(file) => cookies::netscape::save(&self.shared.jar.lock(), file, clock::epoch_seconds()),
            None => Ok(()),
        }
    }
}
