//! What the stack tells, as news for others.

use str0m::{
    Event, IceConnectionState,
    bwe::BweKind,
    media::{MediaData, Mid},
};

use super::super::{
    super::Kind,
    Arrived,
    protocol::News,
    timeline::{Report, Timeline},
};
use super::{Rtc, channels::Step, codec_of, numbers, rate};

impl Rtc {
    fn arrived(&mut self, data: MediaData) -> Option<News> {
        let track = self.tracks.iter_mut().find(|track| track.mid == data.mid)?;
        let codec = codec_of(data.params.spec().codec)?;
        let report = data.last_sender_info.map(|info| Report { wall: info.ntp_time, ticks: info.rtp_time.numer() });
        let (arrived, start) = (data.network_time, data.time.numer());
        let origin = &mut self.origin;
        let line = track.line.get_or_insert_with(|| Timeline::new(data.time.denom(), start, arrived, report, origin));
        let keyframe = codec.kind() == Some(Kind::Audio) || data.is_keyframe();
        let (first, last) = (**data.seq_range.start(), **data.seq_range.end());
        track.counters.arrived(keyframe, data.contiguous, first, last);
        Some(News::Frame(Arrived {
            mid: track.agreed.mid.clone(),
            codec,
            pts: line.time(start, arrived),
            keyframe,
            contiguous: data.contiguous,
            data: data.data,
        }))
    }

    /// What an event is to others; most are nothing to them.
    pub(super) fn told(&mut self, event: Event) -> Option<News> {
        match event {
            Event::IceConnectionStateChange(IceConnectionState::Connected | IceConnectionState::Completed) => {
                let before = std::mem::replace(&mut self.found, true);
                (!before).then_some(News::Found)
            }
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                std::mem::replace(&mut self.found, false).then_some(News::Interrupted)
            }
            Event::Connected => {
                self.connected = true;
                self.open_channels();
                Some(News::Connected)
            }
            Event::Closed => {
                self.over = true;
                Some(News::Closed)
            }
            Event::MediaData(data) => self.arrived(data),
            Event::KeyframeRequest(request) => Some(News::KeyframeWanted(self.name(request.mid)?)),
            Event::ChannelOpen(id, label) => {
                for step in self.channels.opened(id, &label) {
                    let Step { binary, data } = step;
                    if let Some(mut channel) = self.stack.channel(id) {
                        let _ = channel.write(binary, &data);
                    }
                }
                Some(News::Channel(label.into()))
            }
            Event::ChannelData(data) => {
                let label = self.channels.label(data.id)?;
                Some(News::Data(label, data.binary, data.data))
            }
            Event::ChannelClose(id) => self.channels.closed(id).map(News::ChannelClosed),
            Event::PeerStats(numbers) => {
                if let Some(pair) = numbers.selected_candidate_pair {
                    self.statistics.pair = Some((pair.local.addr, pair.remote.addr));
                    let rtt = numbers.rtt.or(pair.current_round_trip_time);
                    self.statistics.rtt = rtt.map(|time| time.as_secs_f64()).or(self.statistics.rtt);
                }
                None
            }
            Event::MediaEgressStats(numbers) => {
                let track = self.tracks.iter_mut().find(|track| track.mid == numbers.mid)?;
                track.counters.outgoing(&numbers, !self.settled);
                None
            }
            Event::MediaIngressStats(numbers) => {
                let track = self.tracks.iter_mut().find(|track| track.mid == numbers.mid)?;
                let rate = track.agreed.codec.map_or(90_000, |codec| rate(codec).get());
                track.counters.incoming(&numbers, rate, !self.settled);
                None
            }
            Event::EgressBitrateEstimate(BweKind::Remb { estimate, .. }) => {
                self.statistics.available = Some(estimate.as_u64());
                None
            }
            Event::AppSpecificFeedback(feedback) => {
                self.statistics.available = numbers::remb(&feedback.payload).or(self.statistics.available);
                None
            }
            _ => None,
        }
    }

    /// Whether a datagram is anything but media that goes for the first time (RFC 7983 7, RFC 5761 4).
    pub(super) fn is_urgent(&self, data: &[u8]) -> bool {
        let (Some(128..=191), Some(second)) = (data.first(), data.get(1)) else { return true };
        (192..=223).contains(second) || self.repeats.contains(&(second & 0x7F))
    }

    fn name(&self, mid: Mid) -> Option<Box<str>> {
        self.tracks.iter().find(|track| track.mid == mid).map(|track| track.agreed.mid.clone())
    }
}
