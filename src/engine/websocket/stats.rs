//! What is counted of a link's traffic.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// What was counted, over all connections of a link.
#[derive(Debug, Default)]
pub struct Stats {
    /// Messages sent.
    pub messages_sent: AtomicU64,
    /// Messages received.
    pub messages_received: AtomicU64,
    /// Bytes sent, heads of frames included.
    pub bytes_sent: AtomicU64,
    /// Bytes received, heads of frames included.
    pub bytes_received: AtomicU64,
    /// The last round trip in nanoseconds; 0 when there was none.
    pub rtt_ns: AtomicU64,
    /// Connections that were made again.
    pub reconnects: AtomicU64,
}

/// Adds to a counter of which one task alone is the writer, without the cost of a read-modify-write.
pub(super) fn add(counter: &AtomicU64, more: u64) {
    counter.store(counter.load(Ordering::Relaxed) + more, Ordering::Relaxed);
}

/// Adds to a counter that several write: what is sent, by the task or by a shortcut.
pub(super) fn add_shared(counter: &AtomicU64, more: u64) {
    if more > 0 {
        counter.fetch_add(more, Ordering::Relaxed);
    }
}

impl Stats {
    /// The last round trip, if there was one.
    #[must_use]
    pub fn rtt(&self) -> Option<Duration> {
        Some(self.rtt_ns.load(Ordering::Relaxed)).filter(|rtt| *rtt > 0).map(Duration::from_nanos)
    }
}
