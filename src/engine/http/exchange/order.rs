//! What is asked of an exchange.

use std::time::Duration;

use super::machine::Outbound;
use crate::{
    engine::{
        http::{body::Source, relay::Relay},
        net::cancel::{Cancel, cancelled},
    },
    error::Result,
};

/// What follows the head.
pub enum Payload<'a> {
    /// Nothing.
    None,
    /// Bytes, sent from where they are.
    Bytes(&'a [u8]),
    /// A stream: of `size` bytes, or in chunks when it is unknown.
    Source {
        /// Where the bytes come from. It owns what it reads, so that orders stay covariant.
        source: &'a mut (dyn Source + 'static),
        /// How many there are.
        size: Option<u64>,
    },
    /// The same for the reactor, which cannot wait for a source.
    Relay {
        /// Who brings the bytes.
        relay: &'a mut Relay,
        /// How many there are.
        size: Option<u64>,
    },
}

impl Payload<'_> {
    /// How the head must announce it.
    #[must_use]
    pub fn framing(&self) -> Outbound {
        match self {
            Payload::None => Outbound::None,
            Payload::Bytes(bytes) => Outbound::Sized(bytes.len() as u64),
            Payload::Source { size: Some(size), .. } | Payload::Relay { size: Some(size), .. } => {
                Outbound::Sized(*size)
            }
            Payload::Source { size: None, .. } | Payload::Relay { size: None, .. } => Outbound::Chunked,
        }
    }

    /// The number of bytes, when it is known.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match self.framing() {
            Outbound::None => Some(0),
            Outbound::Sized(size) => Some(size),
            Outbound::Chunked => None,
        }
    }
}

/// One request.
pub struct Order<'a> {
    /// The method in the head.
    pub method: &'a str,
    /// The head as it goes out, with the blank line at its end. It is made of validated parts; what would break the
    /// framing is refused all the same.
    pub head: &'a [u8],
    /// What follows the head.
    pub payload: Payload<'a>,
    /// Waits so long for `100 Continue` before the payload is sent; the head says `Expect: 100-continue` then.
    pub expect_continue: Option<Duration>,
    /// Sending it twice does no harm: it is sent again without asking when a kept connection turns out to be dead, and
    /// that spares the look at the connection before.
    pub replay_safe: bool,
}

/// Hears of bytes that move: for progress, rate limits and low-speed checks. It never waits: it says how long whoever
/// moves them has to pause. An error ends the call.
pub trait Watch: Send + Sync {
    /// A request begins to be sent, perhaps again; its body has so many bytes.
    fn begin(&self, to_send: Option<u64>);

    /// So many more bytes were handed to the system, `of_body` of them behind the head.
    ///
    /// # Errors
    /// What the call is to end with.
    fn sent(&self, bytes: u64, of_body: u64) -> Result<Duration>;

    /// So many more bytes of the answer's body were received, as they came over the wire.
    ///
    /// # Errors
    /// What the call is to end with.
    fn received(&self, bytes: u64) -> Result<Duration>;
}

/// Pauses on the caller's own thread.
///
/// # Errors
/// `cancelled`.
pub(super) fn pause(time: Duration, cancel: &Cancel) -> Result<()> {
    if !time.is_zero() && cancel.wait(time) { Err(cancelled()) } else { Ok(()) }
}
