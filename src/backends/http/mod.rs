//! The HTTP back end: `requests.Session` behind five verbs (spec/http.md part 1, verbs.md "HTTP").

mod answer;
mod meta;
mod prepare;
mod router;
mod save;
mod settings;
mod watch;

use std::{
    path::PathBuf,
    sync::{Arc, Weak, atomic::AtomicBool},
    time::Instant,
};

use parking_lot::{Mutex, RwLock};

use super::{Answer, Backend, Call, Carried};
use crate::{
    args::Args,
    clock,
    engine::{
        http::{
            adapter::Adapter,
            client::{self, Delivered, Order, Router},
            cookies::{self, Edit, Jar},
            environment::{self, EnvironmentSettings},
            exchange::Carrier,
            url::Url,
        },
        net::{limits::Limits, pool::PoolOptions},
    },
    error::{Error, Result, code},
    options::{self, scope},
    sys,
    value::{Object, Tree},
};
use answer::HttpAnswer;
use router::HttpRouter;
use save::Target;
use settings::{Level, Settings};

/// What a root and its children share: connections, cookies, the environment as it was at create.
struct Shared {
    carrier: Carrier,
    jar: Arc<Mutex<Jar>>,
    environment: Arc<EnvironmentSettings>,
    cookie_file: Option<PathBuf>,
}

/// One HTTP session, or a child of one with another base.
pub struct HttpSession {
    shared: Arc<Shared>,
    base: Option<Url>,
    parent: Option<Arc<Layer>>,
    layer: Arc<Layer>,
}

/// The settings of one handle: its own, over those of its parent as they are now.
struct Layer {
    /// What was written on this handle, in order; a child replays it when its parent changes.
    written: Mutex<Vec<Args>>,
    current: RwLock<Current>,
    parent: Option<Arc<Layer>>,
}

struct Current {
    settings: Arc<Settings>,
    /// The parent's settings that these were made from.
    from: Option<Weak<Settings>>,
}

impl Layer {
    fn settings(&self, environment: &EnvironmentSettings) -> Result<Arc<Settings>> {
        let Some(parent) = &self.parent else { return Ok(Arc::clone(&self.current.read().settings)) };
        let base = parent.settings(environment)?;
        {
            let current = self.current.read();
            if current.from.as_ref().is_some_and(|from| std::ptr::eq(from.as_ptr(), Arc::as_ptr(&base))) {
                return Ok(Arc::clone(&current.settings));
            }
        }
        let mut settings = Settings::clone(&base);
        for args in &*self.written.lock() {
            settings.overlay(args, Level::Session, environment)?;
        }
        let settings = Arc::new(settings);
        *self.current.write() = Current { settings: Arc::clone(&settings), from: Some(Arc::downgrade(&base)) };
        Ok(settings)
    }

    fn configure(&self, args: &Args, environment: &EnvironmentSettings) -> Result<()> {
        let mut written = self.written.lock();
        let mut settings = Settings::clone(&*self.settings_locked(environment)?);
        settings.overlay(args, Level::Session, environment)?;
        written.push(args.clone());
        let mut current = self.current.write();
        current.settings = Arc::new(settings);
        Ok(())
    }

    /// The settings while `written` is held: a child's are made from what was seen last.
    fn settings_locked(&self, environment: &EnvironmentSettings) -> Result<Arc<Settings>> {
        let current = self.current.read();
        match (&self.parent, &current.from) {
            (Some(parent), None) => parent.settings(environment),
            _ => Ok(Arc::clone(&current.settings)),
        }
    }
}

impl HttpSession {
    /// Opens a session. `http:` and `https:` alone have no base; every target is then a whole URL.
    ///
    /// # Errors
    /// The mistakes in the URL or the arguments; `io` when the cookie file cannot be read.
    pub fn open(url: &str, args: &Args) -> Result<HttpSession> {
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
        let mut jar = Jar::default();
        let cookie_file = args.str("cookie_file")?.map(PathBuf::from);
        let now = clock::epoch_seconds();
        if let Some(file) = &cookie_file {
            cookies::netscape::load(&mut jar, file, now)?;
        }
        set_cookies(&mut jar, args, base.as_ref(), now)?;
        let shared = Shared {
            carrier: Carrier::new(pool_options(args)?),
            jar: Arc::new(Mutex::new(jar)),
            environment: Arc::new(environment),
            cookie_file,
        };
        let current = Current { settings: Arc::new(settings), from: None };
        let layer = Arc::new(Layer { written: Mutex::default(), current: RwLock::new(current), parent: None });
        Ok(HttpSession { shared: Arc::new(shared), base, parent: None, layer })
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

    /// The settings for one call: the session's own when the call changes none.
    fn settings_for(&self, args: &Args) -> Result<Arc<Settings>> {
        let settings = self.layer.settings(&self.shared.environment)?;
        let prepared = |key: &str| matches!(key, "method" | "url" | "body");
        let changes = |key: &str| options::find(key, scope::SESSION, "http").is_some() && !prepared(key);
        if !args.root().iter().any(|(key, _)| changes(key)) {
            return Ok(settings);
        }
        let mut own = Settings::clone(&settings);
        own.overlay(args, Level::Call, &self.shared.environment)?;
        Ok(Arc::new(own))
    }

    fn send(&self, call: &Call<'_>) -> Result<Box<HttpAnswer>> {
        let settings = self.settings_for(call.args)?;
        let save = match call.args.get("save_to") {
            None | Some(Tree::Null) => None,
            Some(target) => Some(Target::parse(target, call.args.bool("resume")?.unwrap_or(false))?),
        };
        let prepared = prepare::build(self, &settings, call, |headers| {
            if let Some(target) = &save {
                target.condition(headers);
            }
        })?;
        let start = clock::now();
        let times = settings.times;
        let limits = Limits { connect: times.connect, read: times.read, total: times.total.map(|total| start + total) };
        let router = HttpRouter { settings: &settings, environment: &self.shared.environment };
        let order = Order {
            rules: Arc::new(prepared.rules),
            request: prepared.request,
            router: &router,
            limits,
            cancel: call.cancel,
            watch: watch::watch(&settings, limits.total, call.cancel),
            // A resumed download counts bytes on the wire and on disk alike.
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
                target.save(&mut answer)?;
                answer
            }
            None => HttpAnswer::read(delivered, reading)?,
        };
        let answer = Box::new(answer);
        if settings.raise_for_status == Some(true) { answer.raise_for_status() } else { Ok(answer) }
    }
}

/// Makes the answer that a policy error carries into one that the host can read.
fn with_answer(mut error: Error, reading: &answer::Reading) -> Error {
    let carried = error.take_response().and_then(|carried| carried.downcast::<Mutex<Option<Delivered>>>().ok());
    match carried.and_then(|carried| carried.lock().take()) {
        Some(delivered) => {
            let mut answer = HttpAnswer::head(delivered, answer::Reading { parse: answer::Parse::Auto, ..reading.clone() });
            // The body helps to understand; that it cannot be read does not change what went wrong.
            let _ = answer.fill();
            Carried::attach(error, Box::new(answer))
        }
        None => error,
    }
}

/// Cookies given to create or configure go into the jar; those of a map belong to every host, as in requests.
fn set_cookies(jar: &mut Jar, args: &Args, _base: Option<&Url>, now: i64) -> Result<()> {
    match args.get("cookies") {
        None | Some(Tree::Bool(_)) => Ok(()),
        Some(Tree::Null) => {
            jar.clear();
            Ok(())
        }
        Some(cookies) => jar.apply(Edit::parse(cookies)?, now),
    }
}

fn pool_options(args: &Args) -> Result<PoolOptions> {
    let mut options = PoolOptions::default();
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
    options.block = args.bool("pool_block")?.unwrap_or(false);
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

    fn check(&self, call: &Call<'_>) -> Result<()> {
        let settings = self.settings_for(call.args)?;
        let prepared = prepare::build(self, &settings, call, |_| {})?;
        settings.adapters.find(prepared.request.url.as_str()).map(drop)
    }

    /// A commit applies what was staged: an answer of 400 to 599 says that it was not applied, unless the item itself
    /// said that it does not mind.
    fn judge(&self, args: &Args, answer: Box<dyn Answer>) -> Result<Box<dyn Answer>> {
        let status = answer.status();
        if args.bool("raise_for_status")? == Some(false) || !(400..600).contains(&status) {
            return Ok(answer);
        }
        let error = answer::refusal(status, format!("a staged request was refused with status {status}"));
        Err(Carried::attach(error, answer))
    }

    fn prepare(&self, call: &Call<'_>) -> Result<Args> {
        let settings = self.settings_for(call.args)?;
        let prepared = prepare::build(self, &settings, call, |_| {})?;
        let mut args = Args::new();
        if let Tree::Object(members) = prepared.request.to_tree() {
            for (key, value) in members.iter() {
                args.set(key, value.clone());
            }
        }
        Ok(args)
    }

    fn configure(&self, args: &Args) -> Result<()> {
        match args.str("pool")? {
            None => {}
            Some("clear") => self.shared.carrier.clear(),
            Some(other) => return Err(Error::option("pool", format!("pool was {other:?}; it takes \"clear\""))),
        }
        let edits = match args.get("cookies") {
            None | Some(Tree::Bool(_) | Tree::Null) => Vec::new(),
            Some(cookies) => Edit::parse(cookies)?,
        };
        let options = pool_options(args)?;
        self.layer.configure(args, &self.shared.environment)?;
        if ["pool_connections", "pool_maxsize", "pool_block", "pool_idle"].iter().any(|key| args.get(key).is_some()) {
            self.shared.carrier.configure(options);
        }
        let mut jar = self.shared.jar.lock();
        if matches!(args.get("cookies"), Some(Tree::Null)) {
            jar.clear();
        }
        jar.apply(edits, clock::epoch_seconds())
    }

    fn inspect(&self, what: &str, args: &Args) -> Result<Option<Tree>> {
        let settings = self.layer.settings(&self.shared.environment)?;
        Ok(Some(match what {
            "headers" => show_headers(&settings),
            "cookies" => self.shared.jar.lock().to_tree(),
            "adapters" => settings.adapters.show(),
            "adapter" => {
                let Some(url) = args.str("url")? else {
                    return Err(Error::option("url", "the snapshot \"adapter\" needs a url"));
                };
                Tree::from(settings.adapters.find(url)?.name())
            }
            "environment" => self.merged_environment(&settings, args)?,
            "pool" | "stats" => self.show_pool(),
            "options" => show_options(&settings),
            _ => return Ok(None),
        }))
    }

    fn snapshots(&self) -> &'static [&'static str] {
        &["headers", "cookies", "adapters", "adapter", "environment", "pool"]
    }

    fn attach(&self, name: &str, args: &Args) -> Result<Arc<dyn Backend>> {
        if name.starts_with("ws:") || name.starts_with("wss:") {
            return Err(Error::new(&code::UNSUPPORTED, "WebSockets are not part of this build"));
        }
        let base = match &self.base {
            Some(base) => Url::join_base(base, name)?,
            None => Url::prepare(name, None)?,
        };
        let parent = Arc::clone(&self.layer);
        let own: Vec<Args> = if args.root().is_empty() { Vec::new() } else { vec![args.clone()] };
        let settings = parent.settings(&self.shared.environment)?;
        let layer = Layer {
            written: Mutex::new(own),
            // Made at the first call, from the parent as it is then.
            current: RwLock::new(Current { settings, from: None }),
            parent: Some(Arc::clone(&parent)),
        };
        let layer = Arc::new(layer);
        layer.settings(&self.shared.environment)?;
        Ok(Arc::new(HttpSession { shared: Arc::clone(&self.shared), base: Some(base), parent: Some(parent), layer }))
    }

    fn close(&self, _keep: bool, _deadline: Instant, _stop: &AtomicBool) -> Result<()> {
        if self.parent.is_some() {
            return Ok(());
        }
        self.shared.carrier.clear();
        match &self.shared.cookie_file {
            Some(file) => cookies::netscape::save(&self.shared.jar.lock(), file, clock::epoch_seconds()),
            None => Ok(()),
        }
    }
}

impl HttpSession {
    fn show_pool(&self) -> Tree {
        let number = |number: usize| Tree::Int(i64::try_from(number).unwrap_or(i64::MAX));
        let (mut idle, mut busy, mut routes) = (0, 0, Vec::new());
        for route in self.shared.carrier.stats() {
            (idle, busy) = (idle + route.idle, busy + route.busy);
            let mut shown = Object::default();
            shown.insert("route", Tree::from(route.label));
            shown.insert("idle", number(route.idle));
            shown.insert("busy", number(route.busy));
            routes.push(Tree::Object(shown));
        }
        let mut shown = Object::default();
        shown.insert("connections_idle", number(idle));
        shown.insert("connections_busy", number(busy));
        shown.insert("routes", Tree::Array(routes));
        Tree::Object(shown)
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
        let request = crate::engine::http::request::Request {
            method: "GET".into(),
            url,
            headers: Arc::default(),
            body: crate::engine::http::body::Body::None,
        };
        let asked = environment::Settings { stream: args.bool("stream")?, verify: args.get("verify"), cert: args.get("cert") };
        let own = environment::Settings {
            stream: Some(settings.reading.stream),
            verify: settings.trust.session.as_ref(),
            cert: settings.trust.cert.as_ref(),
        };
        let merged = environment::merge_environment_settings(&request.place(), &router.sources(), asked, own);
        let _ = router.route(&request)?;
        Ok(Tree::Object(merged))
    }
}

/// Header fields with their secrets covered.
fn show_headers(settings: &Settings) -> Tree {
    let Tree::Array(list) = settings.headers.to_tree() else { return Tree::Null };
    let cover = |pair: Tree| match &pair {
        Tree::Array(parts) => match parts.as_slice() {
            [Tree::Text(name), _] if is_secret(name) => Tree::Array(vec![Tree::from(&**name), Tree::from("***")]),
            _ => pair,
        },
        _ => pair,
    };
    Tree::Array(list.into_iter().map(cover).collect())
}

fn is_secret(name: &str) -> bool {
    ["authorization", "proxy-authorization", "cookie"].iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

fn show_options(settings: &Settings) -> Tree {
    let seconds = |time: Option<std::time::Duration>| time.map_or(Tree::Null, |time| Tree::Double(time.as_secs_f64()));
    let mut times = Object::default();
    times.insert("connect", seconds(settings.times.connect));
    times.insert("read", seconds(settings.times.read));
    times.insert("total", seconds(settings.times.total));
    let mut shown = Object::default();
    shown.insert("headers", show_headers(settings));
    shown.insert("params", settings.params.clone().unwrap_or_default());
    shown.insert("auth", if settings.auth.is_some() { Tree::from("***") } else { Tree::Null });
    shown.insert("timeouts", Tree::Object(times));
    shown.insert("verify", settings.trust.session.clone().unwrap_or(Tree::Bool(true)));
    shown.insert("cert", settings.trust.cert.clone().unwrap_or_default());
    shown.insert("max_redirects", Tree::Int(i64::try_from(settings.max_redirects).unwrap_or(i64::MAX)));
    shown.insert("allow_redirects", settings.allow_redirects.map_or(Tree::Null, Tree::Bool));
    shown.insert("trust_env", Tree::Bool(settings.trust_env));
    shown.insert("stream", Tree::Bool(settings.reading.stream));
    shown.insert("decode_content", Tree::Bool(settings.decode));
    shown.insert("raise_for_status", Tree::Bool(settings.raise_for_status == Some(true)));
    let names = settings.adapters.iter().map(|(prefix, adapter): (&str, &Adapter)| (prefix, adapter.name()));
    shown.insert("adapter", Tree::Object(names.collect()));
    Tree::Object(shown)
}
