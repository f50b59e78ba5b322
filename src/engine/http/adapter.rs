//! Who carries a request: the table that requests calls `mount`, and the ways to carry (spec/http.md 1.2, 1.17).

use std::{borrow::Cow, sync::Arc};

use super::{
    body,
    cassette::Cassette,
    client::{Order, Router},
    exchange::{self, Carrier, Payload},
    h2::{self, Errand, Exchanged, Made, Patience},
    policy::{
        Hop,
        hooks::{answer, question, succeeded},
    },
    relay::Relay,
    request::{Framing, Request},
};
use crate::{
    args::Args,
    engine::net::{
        limits::Limits,
        route::{Route, Version},
    },
    error::{Error, Result, Status, code},
    log,
    value::{Object, Provider, Reader, Tree},
};

/// How long a server may take to say `100 Continue`.
pub(super) const CONTINUE_PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);

/// One way to carry requests.
#[derive(Clone, Debug)]
pub enum Adapter {
    /// Our own connections, and the version of HTTP that `http_version` says.
    Exchange,
    /// The same with HTTP/2, whatever it says.
    Http2,
    /// The host does it.
    Provider(Arc<dyn Provider>),
    /// A file plays the server, or records it.
    Cassette(Arc<Cassette>),
}

/// Adapters by prefix, longest first.
#[derive(Clone, Debug)]
pub struct Adapters {
    mounted: Vec<(String, Adapter)>,
}

impl Default for Adapters {
    fn default() -> Adapters {
        Adapters { mounted: vec![("https://".into(), Adapter::Exchange), ("http://".into(), Adapter::Exchange)] }
    }
}

impl Adapters {
    /// Mounts an adapter at a prefix, in place of one that was mounted at the same.
    pub fn mount(&mut self, prefix: &str, adapter: Adapter) {
        let prefix = prefix.to_lowercase();
        self.mounted.retain(|(other, _)| *other != prefix);
        let at = self.mounted.iter().position(|(other, _)| other.len() < prefix.len()).unwrap_or(self.mounted.len());
        self.mounted.insert(at, (prefix, adapter));
    }

    /// Mounts what was written. A cassette that another prefix has already is the same one: two that record would
    /// write over each other's file.
    ///
    /// # Errors
    /// Those of [`Adapter::parse`].
    pub fn mount_written(&mut self, prefix: &str, value: &Tree) -> Result<()> {
        let mut adapter = Adapter::parse(prefix, value)?;
        if let Adapter::Cassette(cassette) = &mut adapter
            && let Some(open) =
                self.cassettes().find(|(other, open)| *other != prefix.to_lowercase() && open.path() == cassette.path())
        {
            *cassette = Arc::clone(open.1);
        }
        self.mount(prefix, adapter);
        Ok(())
    }

    /// Goes on with the cassettes of `before` at the places where they were: the same words, read again, do not rewind
    /// one that plays, and do not turn one that records into one that plays.
    pub fn keep_cassettes(&mut self, before: &Adapters) {
        for (prefix, adapter) in &mut self.mounted {
            if let Adapter::Cassette(cassette) = adapter
                && let Some(open) =
                    before.cassettes().find(|(other, open)| other == prefix && open.path() == cassette.path())
            {
                *cassette = Arc::clone(open.1);
            }
        }
    }

    fn cassettes(&self) -> impl Iterator<Item = (&str, &Arc<Cassette>)> {
        self.mounted.iter().filter_map(|(prefix, adapter)| match adapter {
            Adapter::Cassette(cassette) => Some((&**prefix, cassette)),
            _ => None,
        })
    }

    /// Takes the adapter of a prefix away.
    pub fn unmount(&mut self, prefix: &str) {
        self.mounted.retain(|(other, _)| !other.eq_ignore_ascii_case(prefix));
    }

    /// The adapter of a URL: the longest prefix that it begins with, whatever the case.
    ///
    /// # Errors
    /// `invalid_schema` when there is none.
    pub fn find(&self, url: &str) -> Result<&Adapter> {
        let fits = |prefix: &str| url.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        self.mounted.iter().find(|(prefix, _)| fits(prefix)).map(|(_, adapter)| adapter).ok_or_else(|| {
            let scheme = url.split(':').next().unwrap_or_default();
            Error::new(&code::INVALID_SCHEMA, format!("no adapter is mounted for {scheme:?} URLs"))
        })
    }

    /// The version of HTTP that the adapter of a URL speaks whatever else was said.
    pub fn version(&self, url: &str) -> Option<Version> {
        if !self.mounted.iter().any(|(_, adapter)| matches!(adapter, Adapter::Http2)) {
            return None;
        }
        self.find(url).ok().filter(|adapter| matches!(adapter, Adapter::Http2)).map(|_| Version::Http2)
    }

    /// Whether nothing but our own connections carries anything.
    pub fn are_plain(&self) -> bool {
        self.mounted.iter().all(|(_, adapter)| adapter.is_exchange())
    }

    /// The table as a snapshot shows it, in the order of search.
    pub fn show(&self) -> Tree {
        let mut object = Object::default();
        for (prefix, adapter) in &self.mounted {
            object.insert(prefix, Tree::from(adapter.name()));
        }
        Tree::Object(object)
    }

    /// Tells the host's adapters that are not among `others` that they are not needed any more.
    pub fn close_all_but(&self, others: &Adapters) {
        let mut told: Vec<&Arc<dyn Provider>> = Vec::new();
        for provider in self.providers() {
            let same = |other: &Arc<dyn Provider>| Arc::ptr_eq(other, provider);
            // One that is mounted at two prefixes is told once.
            if others.providers().any(same) || told.iter().any(|other| same(other)) {
                continue;
            }
            told.push(provider);
            let mut reply = Args::new();
            let status = provider.call(question("adapter", "close", Object::default()), &mut reply);
            // An adapter that was made before there was anything to close need not know the method.
            if status != Status::NotFound
                && let Err(error) = succeeded(status, &reply)
            {
                log::warn(c"http", || format!("an adapter could not be closed: {error}"));
            }
        }
    }

    fn providers(&self) -> impl Iterator<Item = &Arc<dyn Provider>> {
        self.mounted.iter().filter_map(|(_, adapter)| match adapter {
            Adapter::Provider(provider) => Some(provider),
            _ => None,
        })
    }
}

impl Adapter {
    /// Whether it moves bytes over our own connections and does nothing else.
    pub fn is_exchange(&self) -> bool {
        matches!(self, Adapter::Exchange | Adapter::Http2)
    }

    /// The name in snapshots.
    pub fn name(&self) -> String {
        match self {
            Adapter::Exchange => "exchange".into(),
            Adapter::Http2 => "http2".into(),
            Adapter::Provider(_) => "provider".into(),
            Adapter::Cassette(cassette) => format!("cassette:{}", cassette.path().display()),
        }
    }

    /// Reads a mounted value: `"exchange"`, `"http2"`, `"cassette:FILE"` or a provider.
    ///
    /// # Errors
    /// `argument` for anything else.
    pub fn parse(prefix: &str, value: &Tree) -> Result<Adapter> {
        match value {
            Tree::Provider(provider) => Ok(Adapter::Provider(Arc::clone(provider))),
            Tree::Text(name) if &**name == "exchange" => Ok(Adapter::Exchange),
            Tree::Text(name) if &**name == "http2" => Ok(Adapter::Http2),
            Tree::Text(name) if name.starts_with("cassette:") => {
                let path = name.trim_start_matches("cassette:");
                Ok(Adapter::Cassette(Arc::new(Cassette::open(path.as_ref())?)))
            }
            _ => Err(Error::option(
                &format!("adapter.{prefix}"),
                "an adapter was neither a provider nor \"exchange\", \"http2\" or \"cassette:FILE\"",
            )),
        }
    }
}

/// What an adapter brought.
pub struct Carried {
    hop: Hop,
    source: Source,
}

/// Where the rest of a body comes from.
pub enum Source {
    /// Nowhere.
    None,
    /// The connection.
    Wire(Box<exchange::Answer>),
    /// Memory: what a hook, a cassette or a provider gave.
    Memory(Vec<u8>, usize),
    /// A reader of the host.
    Reader(Arc<dyn Reader>),
    /// The same, read by the worker for the reactor.
    Relay(Box<Relay>),
}

impl Carried {
    /// An answer from memory or from the host's reader.
    pub fn new(hop: Hop, source: Source) -> Carried {
        Carried { hop, source }
    }

    /// The parts.
    pub fn into_parts(self) -> (Hop, Source) {
        (self.hop, self.source)
    }
}

/// A request as it goes over a route.
pub(super) struct Composed {
    /// The head, blank line included.
    pub head: Vec<u8>,
    /// The head asks for `100 Continue`.
    pub expects: bool,
}

/// Writes the head of a request.
///
/// # Errors
/// `invalid_header`.
pub(super) fn compose(route: &Route, request: &Request, framing: Framing, expect_continue: bool) -> Result<Composed> {
    let parts = route.parts();
    let mut fields: Vec<(&str, &str)> = Vec::new();
    let forward = route.is_forward();
    if forward && let Some(proxy) = &parts.proxy {
        if let Some(authorization) = &proxy.authorization {
            fields.push(("Proxy-Authorization", authorization.reveal()));
        }
        fields.extend(proxy.headers.iter().map(|(name, value)| (&**name, &**value)));
    }
    let expect = expect_continue && !matches!(framing, Framing::None);
    if expect && request.headers.get("expect").is_none() {
        fields.push(("Expect", "100-continue"));
    }
    let expects =
        expect || request.headers.get("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue"));
    let head = request.head(forward, &fields)?;
    Ok(Composed { head, expects })
}

/// What follows the head, from memory or from what `source` was opened for.
fn payload<'a>(framing: Framing, request: &'a Request, source: &'a mut Option<Box<dyn body::Source>>) -> Payload<'a> {
    match (framing, request.body.as_bytes(), source) {
        (Framing::Sized(_), Some(bytes), _) => Payload::Bytes(bytes),
        (Framing::Sized(size), None, Some(source)) => Payload::Source { source: &mut **source, size: Some(size) },
        (Framing::Chunked, _, Some(source)) => Payload::Source { source: &mut **source, size: None },
        _ => Payload::None,
    }
}

/// Carries a request over our own connections.
///
/// # Errors
/// What the connection says, with the outcome.
pub(super) fn exchange(carrier: &Carrier, route: &Arc<Route>, request: &Request, order: &Order<'_>) -> Result<Carried> {
    let framing = request.framing()?;
    let in_memory = match framing {
        Framing::None => true,
        Framing::Sized(_) => request.body.as_bytes().is_some(),
        Framing::Chunked => false,
    };
    let mut source = if in_memory { None } else { Some(request.body.open()?) };
    let (mut way, mut made) = (Cow::Borrowed(route), None);
    if route.parts().version != Version::Http1 {
        let errand = Errand {
            lines: carrier.lines(),
            route,
            request,
            payload: payload(framing, request, &mut source),
            limits: &order.limits,
            watch: order.watch.as_ref(),
            replay_safe: is_replay_safe(&request.method),
        };
        match h2::at_once(errand.run(&mut Patience::thread(order.cancel)))? {
            Exchanged::Answer(answer) => return Ok(carried(answer)),
            Exchanged::Older(older, connection) => {
                way = Cow::Owned(older);
                if let Some(Made::Own(connection, steps)) = connection {
                    made = Some((connection, steps));
                }
            }
        }
    }
    let Composed { head, expects } = compose(&way, request, framing, order.expect_continue)?;
    let answer = carrier.exchange_over(
        &way,
        made,
        exchange::Order {
            method: &request.method,
            head: &head,
            payload: payload(framing, request, &mut source),
            expect_continue: expects.then_some(CONTINUE_PATIENCE),
            replay_safe: is_replay_safe(&request.method),
        },
        &order.limits,
        order.cancel,
        order.watch.as_ref(),
    )?;
    Ok(carried(Box::new(answer)))
}

/// An answer of one of our connections.
pub(super) fn carried(mut answer: Box<exchange::Answer>) -> Carried {
    let hop = Hop { status: answer.status, head: std::mem::take(&mut answer.raw_head), body: None };
    Carried { hop, source: Source::Wire(answer) }
}

/// Methods that may go out twice without harm (RFC 9110 9.2.2), of which PUT is left out: its body may be large.
pub(super) fn is_replay_safe(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "DELETE")
}

/// Has the host carry a request.
///
/// # Errors
/// `provider`, in the host's words.
pub(super) fn ask(provider: &dyn Provider, request: &Request, router: &dyn Router, limits: &Limits) -> Result<Carried> {
    let seconds = |time: Option<std::time::Duration>| time.map_or(Tree::Null, |time| Tree::Double(time.as_secs_f64()));
    let mut arguments = router.describe(request);
    arguments.insert("request", request.to_tree());
    arguments.insert("timeout", Tree::Array(vec![seconds(limits.connect), seconds(limits.read)]));
    let mut reply = Args::new();
    let status = provider.call(question("adapter", "send", arguments), &mut reply);
    succeeded(status, &reply)?;
    let hop = answer(reply.root())?;
    let source = match reply.get("body") {
        Some(Tree::Reader(reader)) => Source::Reader(Arc::clone(reader)),
        _ => Source::Memory(hop.body.clone().unwrap_or_default(), 0),
    };
    // The body comes by the stream, as from a connection.
    Ok(Carried { hop: Hop { body: None, ..hop }, source })
}
