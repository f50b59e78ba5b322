//! WebSocket (RFC 6455) with compressed messages (RFC 7692), for whatever back end speaks through one.
//!
//! | file | what |
//! |---|---|
//! | `frame`, `decoder`, `encoder`, `deflate`, `extension` | the protocol without sockets: bytes in, messages out, and back |
//! | `handshake`, `opening` | from a request to a connection that speaks frames |
//! | `order`, `outbox` | what the rest of the process asks of a connection, from any thread |
//! | `keepalive`, `ear`, `outbound`, `stage`, `driver` | one connection on the reactor, until it ends |
//! | `shortcut` | past the reactor, while it has nothing to write |
//! | `link` | one that lasts: opened, kept, made again when it is lost |
//!
//! `tungstenite` reads and writes the heads of frames and knows the close codes. Messages are put together here, because
//! its own assembly knows no compression and would copy what lies whole in the receive buffer.

pub mod decoder;
pub mod deflate;
pub mod driver;
mod ear;
pub mod encoder;
pub mod extension;
pub mod frame;
pub mod handshake;
pub mod keepalive;
pub mod link;
pub mod opening;
pub mod order;
mod outbound;
pub mod outbox;
mod shortcut;
pub mod stage;
pub mod stats;

#[cfg(test)]
mod tests;

use std::{borrow::Cow, sync::Arc};

pub use decoder::{Decoder, Fed, Flow, Receiver};
pub use frame::{Close, Fail};
pub use link::{Link, Listener, Opener};
pub use opening::{Opened, Opening};
pub use outbox::Outbox;

/// A message that came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Message<'a> {
    /// Text, checked to be UTF-8.
    Text(Cow<'a, str>),
    /// Bytes.
    Bytes(Cow<'a, [u8]>),
}

impl Message<'_> {
    /// How many bytes it has.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Message::Text(text) => text.len(),
            Message::Bytes(bytes) => bytes.len(),
        }
    }
}

/// A message to send. It is shared with whoever sends it, and copied when its frame is made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Payload {
    /// Text.
    Text(Arc<str>),
    /// Bytes.
    Bytes(Arc<[u8]>),
}

impl Payload {
    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Payload::Text(text) => text.as_bytes(),
            Payload::Bytes(bytes) => bytes,
        }
    }
}
