//! A WebSocket attached to an HTTP session (verbs.md "HTTP", `attach("ws:…")`): a child handle with the verbs `send`,
//! `ping` and `close` and the topic `*`. It goes where the session's requests go: same base, cookies, authentication,
//! proxies and certificates.

mod address;
mod inbox;
mod opener;
mod terms;
mod told;

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use super::{HttpSession, answer, layer::Layer};
use crate::{
    args::Args,
    backends::{Answer, Backend, Call, Feed, Late, Pending, Sink, Teller},
    clock,
    engine::{
        http::fields::Fields,
        net::cancel::Cancel,
        websocket::{
            Close, Link, Payload,
            frame::REASON_LIMIT,
            link::{Facts, wait_on},
            order::{Done, What},
        },
    },
    error::{Error, Result, code},
    options::nearest,
    value::{Object, Tree},
};
use inbox::Inbox;
use opener::HttpOpener;
use told::Told;

pub(super) use address::is_one;
pub(super) use terms::refuse_options;

/// The verbs.
const VERBS: [&str; 3] = ["send", "ping", "close"];
/// The one topic.
const TOPIC: &str = "*";

/// One WebSocket.
pub(super) struct WebSocket {
    link: Arc<Link>,
    inbox: Arc<Inbox>,
    /// As it was written: what is shown after a redirect comes from the link.
    url: String,
    options: Object,
    /// Keeps what the session has of the host until the host lets go of the handle.
    _opener: Arc<HttpOpener>,
}

impl WebSocket {
    /// Opens one, and waits until it stands.
    ///
    /// # Errors
    /// The mistakes in name and arguments; what opening fails with; a refused handshake carries the server's answer.
    pub fn attach(session: &HttpSession, name: &str, args: &Args, cancel: &Arc<Cancel>) -> Result<WebSocket> {
        let url = address::resolve(name, session.base())?;
        let wish = terms::wish(args)?;
        let terms = terms::terms(args)?;
        let shown = terms::show(&wish, &terms);
        let cookies = super::CookieEdits::read(args)?;
        let layer = Layer::child(&session.layer, args, &session.shared.environment)?;
        cookies.apply(&mut session.shared.jar.lock(), clock::epoch_seconds())?;
        let session = HttpSession { shared: Arc::clone(&session.shared), base: None, layer: Arc::new(layer) };
        let lent = session.shared.lent.clone();
        let reading = session.settings()?.reading.clone();
        let text = address::shown(&url);
        let opener = Arc::new(HttpOpener { session, url, wish });
        let inbox = Arc::<Inbox>::default();
        let opened = Link::open(
            &lent.reactor,
            &lent.worker,
            Arc::clone(&opener) as Arc<_>,
            terms,
            inbox::Hearing::new(Arc::clone(&inbox)),
            cancel,
        );
        let link = opened.map_err(|error| refusal(error, &reading))?;
        Ok(WebSocket { link, inbox, url: text, options: shown, _opener: opener })
    }

    fn facts(&self) -> Result<Facts> {
        self.link.facts().ok_or_else(|| Error::new(&code::INTERNAL, "an open WebSocket was never opened"))
    }

    fn stats(&self) -> Tree {
        let number = |number: u64| Tree::Int(i64::try_from(number).unwrap_or(i64::MAX));
        let stats = self.link.stats();
        let (orders, bytes) = self.link.outbox().waiting();
        let mut shown = Object::default();
        for (name, counter) in [
            ("messages_sent", &stats.messages_sent),
            ("messages_received", &stats.messages_received),
            ("bytes_sent", &stats.bytes_sent),
            ("bytes_received", &stats.bytes_received),
            ("reconnects", &stats.reconnects),
        ] {
            shown.insert(name, number(counter.load(Ordering::Relaxed)));
        }
        shown.insert("waiting", number(orders as u64));
        shown.insert("waiting_bytes", number(bytes as u64));
        shown.insert("kept", number(self.inbox.kept() as u64));
        shown.insert("rtt", stats.rtt().map_or(Tree::Null, |rtt| Tree::Double(rtt.as_secs_f64())));
        Tree::Object(shown)
    }
}

/// A refused handshake with the answer made readable, under the status that its number stands for.
fn refusal(error: Error, reading: &answer::Reading) -> Error {
    let status = error.detail().get("http_status").and_then(Tree::as_int).and_then(|status| i32::try_from(status).ok());
    let error = match status {
        Some(status) if status >= 400 => {
            let kind = answer::refusal(status, String::new()).status();
            error.status_as(kind)
        }
        _ => error,
    };
    super::with_answer(error, reading)
}

/// What a call asks for.
fn order(call: &Call<'_>) -> Result<What> {
    let Some(verb) = call.verb else {
        return Err(Error::new(&code::UNSUPPORTED, "a WebSocket has nothing that was prepared").with("key", "verb"));
    };
    if let Some(target) = call.target {
        return Err(Error::option("target", format!("{verb} has no target, and it was {target:?}")));
    }
    let args = call.args;
    let only = |allowed: &[&str]| {
        let foreign = ["text", "bytes", "code", "reason"].into_iter().filter(|key| !allowed.contains(key));
        match foreign.into_iter().find(|key| args.get(key).is_some()) {
            Some(key) => Err(Error::option(key, format!("{verb} has no argument {key:?}"))),
            None => Ok(()),
        }
    };
    match verb {
        "send" => {
            only(&["text", "bytes"])?;
            match (args.get("text").filter(|text| !text.is_null()), args.get("bytes").filter(|bytes| !bytes.is_null())) {
                (Some(Tree::Text(text)), None) => Ok(What::Message(Payload::Text(Arc::clone(text)))),
                (None, Some(Tree::Bytes(bytes))) => Ok(What::Message(Payload::Bytes(Arc::clone(bytes)))),
                (None, Some(Tree::Text(text))) => Ok(What::Message(Payload::Bytes(text.as_bytes().into()))),
                (Some(other), None) => Err(Error::option("text", format!("text was {}", other.kind_name()))),
                (None, Some(other)) => Err(Error::option("bytes", format!("bytes was {}", other.kind_name()))),
                _ => Err(Error::option("text", "send takes exactly one of text and bytes")),
            }
        }
        "ping" => only(&[]).map(|()| What::Ping),
        "close" => {
            only(&["code", "reason"])?;
            let number = args.int("code")?.unwrap_or(1000);
            let code = u16::try_from(number).ok().filter(|code| Close::is_sendable(*code));
            let code = code.ok_or_else(|| Error::option("code", format!("{number} is no code that a close may have")))?;
            let reason = args.str("reason")?.unwrap_or_default();
            if reason.len() > REASON_LIMIT {
                return Err(Error::option("reason", format!("the reason was longer than {REASON_LIMIT} bytes")));
            }
            Ok(What::Close(Close::new(code, reason)))
        }
        other => {
            let hint = nearest(other, VERBS.into_iter()).map(|name| format!("; the nearest is {name:?}"));
            let message = format!("a WebSocket has no verb {other:?}{}", hint.unwrap_or_default());
            Err(Error::new(&code::UNSUPPORTED, message).with("key", "verb"))
        }
    }
}

/// When a call must be over.
fn deadline(args: &Args) -> Result<Option<Instant>> {
    let total = match args.get("timeouts") {
        Some(Tree::Object(_)) => args.duration("timeouts.total")?,
        _ => None,
    };
    let timeout = match args.get("timeout") {
        // Connect and read; here is nothing to connect.
        Some(Tree::Array(pair)) => pair.get(1).map_or(Ok(None), |read| crate::args::duration("timeout", read))?,
        _ => args.duration("timeout")?,
    };
    let least = [total, timeout].into_iter().flatten().min();
    Ok(least.map(|time: Duration| clock::now() + time))
}

/// What the host hears of an order.
fn answer(done: Done) -> Box<dyn Answer> {
    Box::new(Told::new(&match done {
        Done::Sent => Tree::Null,
        Done::Pong(rtt) => Tree::Object(Object::from_iter([("rtt", Tree::Double(rtt.as_secs_f64()))])),
        Done::Closed(close) => inbox::close_value(&close),
    }))
}

impl Backend for WebSocket {
    fn name(&self) -> &'static str {
        "websocket"
    }

    fn url(&self) -> String {
        self.link.facts().map_or_else(|| self.url.clone(), |facts| address::shown(&facts.url))
    }

    fn request(&self, call: &Call<'_>) -> Result<Box<dyn Answer>> {
        let what = order(call)?;
        let deadline = deadline(call.args)?;
        self.link.wait(what, call.cancel, deadline).map(answer)
    }

    /// Orders are taken here, so that what is submitted goes out in the order of the submits.
    fn begin(&self, call: &Call<'_>) -> Result<Option<Pending>> {
        let what = order(call)?;
        let deadline = deadline(call.args)?;
        let ticket = self.link.order(what, false)?;
        let cancel = Arc::clone(call.cancel);
        Ok(Some(Box::pin(async move {
            let done = wait_on(ticket, cancel, deadline).await;
            let late: Late = Box::new(move || done.map(answer));
            late
        })))
    }

    fn check(&self, _call: &Call<'_>) -> Result<()> {
        Err(Error::new(&code::UNSUPPORTED, "a WebSocket cannot stage: what is sent cannot wait for a commit"))
    }

    fn configure(&self, args: &Args) -> Result<()> {
        match args.root().keys().next() {
            None => Ok(()),
            Some(key) => Err(Error::new(&code::UNSUPPORTED, "an open WebSocket cannot be configured").with("key", key)),
        }
    }

    fn inspect(&self, what: &str, _args: &Args) -> Result<Option<Tree>> {
        Ok(Some(match what {
            "subprotocol" => self.facts()?.agreement.subprotocol.map_or(Tree::Null, |name| Tree::from(&*name)),
            "extensions" => terms::show_agreed(self.facts()?.agreement.deflate),
            "headers" => Fields::new(&self.facts()?.head).to_tree(),
            "stats" => self.stats(),
            "options" => Tree::Object(self.options.clone()),
            _ => return Ok(None),
        }))
    }

    fn snapshots(&self) -> &'static [&'static str] {
        &["subprotocol", "extensions", "headers"]
    }

    fn attach(&self, _name: &str, _args: &Args, _cancel: &Arc<Cancel>) -> Result<Arc<dyn Backend>> {
        Err(Error::new(&code::UNSUPPORTED, "a WebSocket has nothing to attach to"))
    }

    fn start(&self, teller: Arc<dyn Teller>) {
        self.inbox.start(teller);
    }

    fn subscribe(&self, topic: &str, _args: &Args, sink: Arc<dyn Sink>) -> Result<Option<Feed>> {
        Ok((topic == TOPIC).then(|| Inbox::subscribe(&self.inbox, sink)))
    }

    fn topics(&self) -> &'static [&'static str] {
        &[TOPIC]
    }

    fn abandon(&self) {
        self.link.abandon();
    }

    fn close(&self, _keep: bool, deadline: Instant) -> Result<()> {
        let cancel = Cancel::default();
        let closed = self.link.close(Close::new(1000, ""), &cancel, Some(deadline));
        // What was not said in time is not said; and what waited for a subscriber waits no longer.
        self.link.abandon();
        // CLOSED says how it ended, also when the connection's task has not come to tell it yet.
        self.inbox.closed(closed.as_ref().unwrap_or(&Close::lost()));
        closed.map(drop)
    }
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        self.link.abandon();
    }
}
