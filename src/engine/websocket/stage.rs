//! Where a connection stands on the way to its end (RFC 6455 7), and the end.

use std::time::Instant;

use super::frame::{Close, Fail};
use crate::error::Error;

/// How a connection ended.
#[derive(Debug)]
pub struct End {
    /// The peer's close, or what stands for it.
    pub close: Close,
    /// Why, unless both sides said that it was over.
    pub error: Option<Error>,
    /// It was this side that wanted the end.
    pub wanted: bool,
}

/// Where the closing handshake stands.
#[derive(Debug)]
pub(super) enum Stage {
    /// Messages go both ways.
    Open,
    /// We said that it is over, or shall when there is room.
    Closing { until: Instant },
    /// The peer said so; our answer goes out.
    Answering { close: Close, until: Instant },
    /// We fail the connection: the frame that says so goes out, and what comes is not looked at.
    Failing { fail: Fail, until: Instant },
}

impl Stage {
    /// Whether the rest of a message may go out.
    pub fn takes_messages(&self) -> bool {
        matches!(self, Stage::Open)
    }

    /// Whether orders are taken: behind our own close only those that wait for the peer's.
    pub fn takes_orders(&self) -> bool {
        matches!(self, Stage::Open | Stage::Closing { .. })
    }
}
