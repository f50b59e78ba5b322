//! How messages reach one server and come back (spec/janus.md 1): a WebSocket, HTTP with long polls, a Unix socket. A
//! carrier knows nothing of sessions, handles and answers but their numbers; the line ([`super::line`]) knows nothing of
//! sockets.
//!
//! The line asks its carriers one after the other for a [`Connection`], takes the [`Road`] of it, by which all threads
//! send, and runs it on the reactor until it ends; then it asks again. What comes goes to the line's [`Ear`].

pub mod http;
pub mod unix;
pub mod websocket;

use std::{future::Future, pin::Pin, sync::Arc, time::Instant};

use crate::{
    engine::{net::cancel::Cancel, websocket::order::Ticket},
    error::{Error, Outcome, Result},
    value::Object,
};

/// A connection that is being made, on the reactor. Ends early when the line's `Cancel` says so.
pub type Connecting = Pin<Box<dyn Future<Output = Result<Box<dyn Connection>>> + Send>>;

/// A connection that runs, on the reactor.
pub type Running = Pin<Box<dyn Future<Output = Ending> + Send>>;

/// Which of a server's two interfaces a carrier leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Api {
    /// Sessions and handles.
    Janus,
    /// Its settings, and a look at everybody's sessions.
    Admin,
}

impl Api {
    /// The sub-protocol of WebSockets.
    #[must_use]
    pub fn protocol(self) -> &'static str {
        match self {
            Api::Janus => "janus-protocol",
            Api::Admin => "janus-admin-protocol",
        }
    }

    /// The path over HTTP, unless the server was set up with another one.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Api::Janus => "/janus",
            Api::Admin => "/admin",
        }
    }
}

/// One way to one server.
pub trait Carrier: Send + Sync {
    /// Where it leads, for errors, logs and snapshots: no secrets, with the scheme that the host wrote.
    fn url(&self) -> &str;

    /// Whether a session has to be claimed on each new connection before its events come there (trap 5). Not where
    /// there is no connection that owns sessions (HTTP).
    fn needs_claim(&self) -> bool;

    /// The most bytes that a request may have (trap 8); a longer one is refused before it is sent.
    fn limit(&self) -> usize {
        usize::MAX
    }

    /// Prepares one try to connect, and gives what is run on the reactor for it. Called for each try. May read files, so
    /// it is called on a thread that may wait: the caller's at first, the worker later.
    ///
    /// # Errors
    /// What is wrong with the settings; what goes wrong on the way comes out of the future.
    fn open(&self, cancel: &Arc<Cancel>) -> Result<Connecting>;

    /// Whether [`Carrier::open`] never waits, so that the reactor itself may call it.
    fn opens_at_once(&self) -> bool {
        false
    }

    /// The session is closed: what the carrier keeps beside connections (a pool) is let go of, politely until `deadline`.
    ///
    /// # Errors
    /// What could not be done.
    fn close(&self, _deadline: Instant) -> Result<()> {
        Ok(())
    }

    /// The same without waiting.
    fn abandon(&self) {}
}

/// A connection that stands.
pub trait Connection: Send {
    /// The way in: shared by whoever sends.
    fn road(&self) -> Arc<dyn Road>;

    /// Serves it until it ends: writes what the road takes, and brings what comes to `ear`, one call at a time. `cancel`
    /// ends it at once. Everything that was taken and never answered is the line's to settle.
    fn run(self: Box<Self>, ear: Arc<dyn Ear>, cancel: Arc<Cancel>) -> Running;
}

/// How a connection ended.
#[derive(Debug)]
pub struct Ending {
    /// Why; nothing when this side wanted it ([`Road::leave`], cancel).
    pub error: Option<Error>,
}

/// The way in of one connection. All functions may be called from any thread, with the line's lock held: they never wait
/// and never call back.
pub trait Road: Send + Sync {
    /// Takes one request. Requests go out in the order in which they were taken (where the carrier keeps an order).
    ///
    /// # Errors
    /// `connection_lost` when the connection has ended, `limit` when too much waits; nothing was sent then.
    fn send(&self, parcel: Parcel) -> Result<Receipt>;

    /// Called by a thread that is going to wait, behind a [`Road::send`] of its own that said so and without the line's lock:
    /// what it gave may be sent here and now.
    fn push(&self) {}

    /// A session exists: its events are asked for from now on (a long poll each; others need nothing).
    fn watch(&self, _session: u64) {}

    /// It exists no more.
    fn unwatch(&self, _session: u64) {}

    /// Ends the connection politely, after what it has taken.
    fn leave(&self);

    /// What is counted, added to the snapshot `stats`.
    fn count(&self, _shown: &mut Object) {}
}

/// One request on its way out.
#[derive(Debug)]
pub struct Parcel {
    /// Its number in the table of transactions, for [`Ear::failed`].
    pub number: u64,
    /// The message.
    pub text: String,
    /// The session that it concerns, when it does (a path over HTTP).
    pub session: Option<u64>,
    /// The handle.
    pub handle: Option<u64>,
    /// A thread waits for it, so that there cannot be many.
    pub waits: bool,
}

/// A request that was taken. Dropping it when its answer came costs nothing.
pub enum Receipt {
    /// A place in the queue of a WebSocket.
    Ordered(Ticket),
    /// Something of the carrier's own.
    Own(Box<dyn Withdraw>),
}

/// A request that was taken and may be taken back.
pub trait Withdraw: Send {
    /// Nobody waits for the answer any more: tells whether anything of it was sent. What was sent goes on when the answer
    /// `brings` something that somebody has to end, and that is to be heard of.
    fn give_up(self: Box<Self>, brings: bool) -> Outcome;
}

impl Receipt {
    /// Nobody waits for the answer any more: `not_sent` when it was taken back in time, else `unknown`.
    /// What was sent is let go of, unless its answer `brings` something.
    pub fn give_up(self, brings: bool) -> Outcome {
        match self {
            Receipt::Ordered(ticket) => ticket.give_up(),
            Receipt::Own(own) => own.give_up(brings),
        }
    }
}

/// What hears a connection: the line. Called on the reactor alone.
pub trait Ear: Send + Sync {
    /// A message came, as JSON: one object, or an array of them (a long poll's).
    fn heard(&self, text: Vec<u8>);

    /// One request failed by itself, while the connection goes on (HTTP): with the outcome.
    fn failed(&self, number: u64, error: Error);
}
