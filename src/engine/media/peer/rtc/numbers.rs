//! The running numbers of a track: frames are counted here, packets by the stack.

use std::time::Instant;

use str0m::stats::{MediaEgressStats, MediaIngressStats};

use super::super::Numbers;

/// What was counted.
#[derive(Debug, Default)]
pub struct Counters {
    sent: Numbers,
    received: Numbers,
    /// When the bytes were counted last, for the bitrate.
    sent_at: Option<Instant>,
    received_at: Option<Instant>,
    /// The last sequence number of the frame before.
    last: Option<u64>,
}

fn rate(bytes: u64, before: u64, at: Instant, last: Option<Instant>) -> Option<u64> {
    let time = at.checked_duration_since(last?)?.as_micros();
    let bits = u128::from(bytes.saturating_sub(before)) * 8_000_000;
    u64::try_from(bits.checked_div(time)?).ok()
}

impl Counters {
    /// A frame went out.
    pub fn sent(&mut self, keyframe: bool) {
        self.sent.frames += 1;
        self.sent.keyframes += u64::from(keyframe);
    }

    /// A frame came in; what is missing before it was lost and not repaired.
    pub fn arrived(&mut self, keyframe: bool, contiguous: bool, first: u64, last: u64) {
        self.received.frames += 1;
        self.received.keyframes += u64::from(keyframe);
        if let (false, Some(before)) = (contiguous, self.last) {
            self.received.lost += first.saturating_sub(before + 1);
        }
        self.last = Some(self.last.map_or(last, |before| before.max(last)));
    }

    /// What the stack counted of the packets that went out; `timely`: at its moment, so that a rate can be made of it.
    pub fn outgoing(&mut self, numbers: &MediaEgressStats, timely: bool) {
        let sent = &mut self.sent;
        if timely {
            sent.bitrate = rate(numbers.bytes, sent.bytes, numbers.timestamp, self.sent_at).unwrap_or(sent.bitrate);
            self.sent_at = Some(numbers.timestamp);
        }
        (sent.bytes, sent.packets) = (numbers.bytes, numbers.packets);
        (sent.nacks, sent.plis, sent.firs) = (numbers.nacks, numbers.plis, numbers.firs);
        sent.rtt = numbers.rtt.map(|time| time.as_secs_f64()).or(sent.rtt);
        sent.loss = numbers.loss.or(sent.loss);
        if let Some(remote) = &numbers.remote {
            sent.lost = remote.packets_lost;
        }
    }

    /// What the stack counted of the packets that came in; `clock` is their ticks in a second, `timely` as above.
    pub fn incoming(&mut self, numbers: &MediaIngressStats, clock: u32, timely: bool) {
        let received = &mut self.received;
        if timely {
            received.bitrate =
                rate(numbers.bytes, received.bytes, numbers.timestamp, self.received_at).unwrap_or(received.bitrate);
            self.received_at = Some(numbers.timestamp);
        }
        (received.bytes, received.packets) = (numbers.bytes, numbers.packets);
        (received.nacks, received.plis, received.firs) = (numbers.nacks, numbers.plis, numbers.firs);
        received.rtt = numbers.rtt.map(|time| time.as_secs_f64()).or(received.rtt);
        received.loss = numbers.loss.or(received.loss);
        received.jitter = Some(f64::from(numbers.jitter) / f64::from(clock.max(1)));
    }

    /// What goes out, and what comes in; nothing for a way on which nothing ever went.
    pub fn numbers(&self) -> (Option<Numbers>, Option<Numbers>) {
        let moved = |numbers: &Numbers| (numbers.frames > 0 || numbers.packets > 0).then(|| numbers.clone());
        (moved(&self.sent), moved(&self.received))
    }
}
