//! Messages over a WebSocket (spec/janus.md 1.2): one socket for all sessions and handles, events pushed on it.
//!
//! The handshake is the HTTP session's below, with its proxies, certificates and fields. The sub-protocol is Janus' own;
//! a server that does not know it, or is none of Janus, closes the connection without a word (trap 4).

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{Api, Carrier, Connecting, Connection, Ear, Ending, Parcel, Receipt, Road, Running};
use crate::{
    args::Args,
    backends::{Backend, Lent, janus::settings::Current},
    engine::{
        net::cancel::Cancel,
        websocket::{
            Close, Listener, Message, Opened, Outbox, Payload,
            driver::{self, Settings},
            order::What,
            stage::End,
            stats::Stats,
        },
    },
    error::{Error, Result, code},
    value::{Object, Tree},
};

/// How long the server's answer to our close is waited for.
const GOODBYE: Duration = Duration::from_secs(2);
/// `list` and `handle_info` may be large; a document has no more.
const LARGEST: usize = u32::MAX as usize;

/// The way by WebSockets.
pub struct WebSocketCarrier {
    /// What is spoken there.
    pub api: Api,
    /// `ws://…` or `wss://…`.
    pub address: String,
    /// As it is shown.
    pub shown: String,
    /// The HTTP session that shakes hands.
    pub web: Arc<dyn Backend>,
    /// What the session lends.
    pub lent: Lent,
    /// What the host says of pings; asked for each connection.
    pub terms: Arc<Current>,
}

impl Carrier for WebSocketCarrier {
    fn url(&self) -> &str {
        &self.shown
    }

    fn needs_claim(&self) -> bool {
        true
    }

    fn open(&self, cancel: &Arc<Cancel>) -> Result<Connecting> {
        let mut args = Args::new();
        let protocol = self.api.protocol();
        args.set("subprotocols", protocol);
        // Nothing is won by it, and time is lost.
        args.set("compression", false);
        let opening = self.web.websocket(&self.address, &args).map_err(|error| shown(error, &self.shown))?;
        let (cancel, worker, place) = (Arc::clone(cancel), Arc::clone(&self.lent.worker), self.shown.clone());
        let terms = self.terms.get();
        let settings = Settings {
            max_message_size: LARGEST,
            ping_interval: terms.ping_interval,
            ping_timeout: terms.ping_timeout,
            close_timeout: GOODBYE,
        };
        Ok(Box::pin(async move {
            let opened = Box::pin(opening.run(&cancel, worker)).await;
            let opened = opened.map_err(|error| shown(explained(error, protocol), &place))?;
            if opened.agreement.subprotocol.as_deref() != Some(protocol) {
                let message = format!("the server opened a WebSocket that does not speak {protocol}");
                return Err(Error::new(&code::WEBSOCKET_HANDSHAKE, message));
            }
            let standing = Standing { opened, settings, road: Arc::default() };
            Ok(Box::new(standing) as Box<dyn Connection>)
        }))
    }

    fn opens_at_once(&self) -> bool {
        // Certificates are files.
        self.address.starts_with("ws:")
    }
}

/// An error names the address as the host knows it: there may be secrets in the query of the other one.
fn shown(error: Error, place: &str) -> Error {
    if error.detail().get("url").is_some() { error.with("url", place) } else { error }
}

/// A server that hangs up in the middle of the handshake may not know the sub-protocol.
fn explained(error: Error, protocol: &str) -> Error {
    let hung_up =
        error.code() == code::CONNECT.word && error.detail().get("phase").and_then(Tree::as_str) != Some("connect");
    let hung_up = hung_up || error.code() == code::INCOMPLETE_READ.word;
    if !hung_up || error.message().contains(protocol) {
        return error;
    }
    let message = format!(
        "{}: the server closed the connection during the handshake; it may not speak {protocol} there",
        error.message()
    );
    let told = Error::new(&code::CONNECT, message);
    error
        .detail()
        .iter()
        .filter(|(key, _)| *key != "code")
        .fold(told, |told, (key, value)| told.with(key, value.clone()))
}

/// A connection that stands.
struct Standing {
    opened: Opened,
    settings: Settings,
    road: Arc<Lane>,
}

/// The way into one.
#[derive(Default)]
struct Lane {
    outbox: Arc<Outbox>,
    stats: Stats,
}

impl Road for Lane {
    fn send(&self, parcel: Parcel) -> Result<Receipt> {
        let payload = Payload::Text(parcel.text.into());
        let message = What::Message(payload);
        let ticket = if parcel.waits { self.outbox.order_quietly(message) } else { self.outbox.order(message, false) };
        ticket.map(Receipt::Ordered)
    }

    fn push(&self) {
        self.outbox.push(&self.stats);
    }

    fn leave(&self) {
        // Its ticket is not needed: a close is never taken back.
        drop(self.outbox.order(What::Close(Close::new(1000, "")), true));
    }

    fn count(&self, shown: &mut Object) {
        let number = |number: u64| Tree::Int(i64::try_from(number).unwrap_or(i64::MAX));
        let (orders, bytes) = self.outbox.waiting();
        shown.insert("bytes_sent", number(self.stats.bytes_sent.load(Ordering::Relaxed)));
        shown.insert("bytes_received", number(self.stats.bytes_received.load(Ordering::Relaxed)));
        shown.insert("waiting", number(orders as u64));
        shown.insert("waiting_bytes", number(bytes as u64));
        shown.insert("rtt", self.stats.rtt().map_or(Tree::Null, |rtt| Tree::Double(rtt.as_secs_f64())));
    }
}

impl Connection for Standing {
    fn road(&self) -> Arc<dyn Road> {
        Arc::clone(&self.road) as Arc<dyn Road>
    }

    fn run(self: Box<Self>, ear: Arc<dyn Ear>, cancel: Arc<Cancel>) -> Running {
        Box::pin(async move {
            let Standing { opened, settings, road } = *self;
            let Opened { mut wired, agreement, .. } = opened;
            // Also when the reactor drops what runs.
            let _ended = Ended(Arc::clone(&road));
            let mut listening = Listening(ear);
            let Lane { outbox, stats } = &*road;
            let end = driver::run(&mut wired, &agreement, &settings, outbox, stats, &mut listening, &cancel).await;
            driver::hang_up(*wired);
            Ending { error: if end.wanted { None } else { Some(why(end)) } }
        })
    }
}

/// Whoever still waits for its message hears that the connection has ended.
struct Ended(Arc<Lane>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.outbox.end(&Close::lost());
    }
}

fn why(end: End) -> Error {
    let code = i64::from(end.close.code);
    let error = end
        .error
        .unwrap_or_else(|| Error::new(&code::CONNECTION_LOST, format!("the server closed the connection with {code}")));
    error.with("close_code", code)
}

/// What the connection talks to.
struct Listening(Arc<dyn Ear>);

impl Listener for Listening {
    fn message(&mut self, message: Message<'_>) {
        self.0.heard(match message {
            Message::Text(text) => text.into_owned().into_bytes(),
            Message::Bytes(bytes) => bytes.into_owned(),
        });
    }

    fn ended(&mut self, _end: End) {}
}
