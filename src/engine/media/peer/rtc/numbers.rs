//! The running numbers of a track: frames are counted here, packets by the stack.

use std::time::{Duration, Instant};

use str0m::stats::{MediaEgressStats, MediaIngressStats};

use super::super::Numbers;

/// Over how long a bitrate is counted at least: frames and keyframes come in lumps. Less than the second in which numbers are
/// taken at the longest, as none is taken on the dot.
const WINDOW: Duration = Duration::from_millis(900);

/// What was counted.
#[derive(Debug, Default)]
pub struct Counters {
    sent: Numbers,
    received: Numbers,
    sending: Rate,
    receiving: Rate,
    /// The last sequence number of the frame before.
    last: Option<u64>,
    /// How often a keyframe was asked for, which the stack does not count.
    asked: u64,
}

/// When bytes were counted last for a bitrate, and how many there were.
#[derive(Debug, Default)]
struct Rate(Option<(Instant, u64)>);

impl Rate {
    /// The bitrate since then, once that is long enough ago.
    fn count(&mut self, bytes: u64, at: Instant) -> Option<u64> {
        let (then, before) = *self.0.get_or_insert((at, bytes));
        let time = at.checked_duration_since(then).filter(|time| *time >= WINDOW)?;
        self.0 = Some((at, bytes));
        let bits = u128::from(bytes.saturating_sub(before)) * 8_000_000;
        u64::try_from(bits.checked_div(time.as_micros())?).ok()
    }
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

    /// A keyframe was asked for.
    pub fn asked(&mut self) {
        self.asked += 1;
        self.received.plis += 1;
    }

    /// What the stack counted of the packets that went out; `timely`: at its moment, so that a rate can be made of it.
    pub fn outgoing(&mut self, numbers: &MediaEgressStats, timely: bool) {
        let sent = &mut self.sent;
        if timely {
            sent.bitrate = self.sending.count(numbers.bytes, numbers.timestamp).unwrap_or(sent.bitrate);
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
            received.bitrate = self.receiving.count(numbers.bytes, numbers.timestamp).unwrap_or(received.bitrate);
        }
        (received.bytes, received.packets) = (numbers.bytes, numbers.packets);
        (received.nacks, received.plis, received.firs) = (numbers.nacks, numbers.plis + self.asked, numbers.firs);
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

/// The bitrate that an application-specific feedback message tells, when it is one of REMB (draft-alvestrand-rmcat-remb-03 2.2):
/// the name, a number of sources, 6 bits of exponent, 18 of mantissa, the sources. Some senders name a source where the draft has
/// 0, and the stack takes the message for an unknown one then.
pub fn remb(payload: &[u8]) -> Option<u64> {
    let &[_sources, high, middle, low] = payload.strip_prefix(b"REMB")?.first_chunk()?;
    let mantissa = u64::from(high & 3) << 16 | u64::from(middle) << 8 | u64::from(low);
    let exponent = u32::from(high >> 2);
    Some(if mantissa.leading_zeros() >= exponent { mantissa << exponent } else { u64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bitrate_is_that_of_a_second() {
        let start = crate::clock::now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut rate = Rate::default();
        // A tenth of a second at a time, and all in the first of them.
        assert_eq!(rate.count(0, start), None);
        for ms in (100..900).step_by(100) {
            assert_eq!(rate.count(50_000, after(ms)), None, "{ms}");
        }
        assert_eq!(rate.count(50_000, after(1000)), Some(400_000));
        assert_eq!(rate.count(75_000, after(2000)), Some(200_000));
        assert_eq!(rate.count(75_000, after(1000)), None, "a clock that goes back");
    }

    #[test]
    fn a_bitrate_of_remb_is_read() {
        // 0x3FFFF << 0, 1 << 17, 250000 << 3, and what no link takes.
        for (bytes, rate) in [
            ([1, 0x03, 0xFF, 0xFF], Some(262_143)),
            ([1, 0x44, 0x00, 0x01], Some(131_072)),
            ([0, 0x0F, 0xD0, 0x90], Some(2_000_000)),
            ([1, 0xFF, 0xFF, 0xFF], Some(u64::MAX)),
            ([1, 0xFC, 0x00, 0x00], Some(0)),
        ] {
            assert_eq!(remb(&[b"REMB", &bytes[..]].concat()), rate, "{bytes:?}");
        }
        assert_eq!((remb(b"REMB\x01\x00\x00"), remb(b"BMER\x01\x00\x00\x01"), remb(b"")), (None, None, None));
    }
}
