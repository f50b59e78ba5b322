//! How keyframes are asked for (RFC 4585 6.1, 6.3.1).
//!
//! The stack takes any of the sources that go out as the one that asks, and Janus takes what is said for the track of that
//! source: with several tracks often another one. So it is asked for in the name of the track's own source, or where nothing
//! goes out, of the source that is asked, as Janus 1.1 does not look further for this one message.

use str0m::media::KeyframeRequestKind;

use super::Rtc;

impl Rtc {
    pub(super) fn request_keyframe(&mut self, mid: &str) {
        let Some(track) = self.tracks.iter_mut().find(|track| *track.agreed.mid == *mid) else { return };
        let Some(mut writer) = self.stack.writer(track.mid) else { return };
        if !writer.is_request_keyframe_possible(KeyframeRequestKind::Pli) {
            if writer.is_request_keyframe_possible(KeyframeRequestKind::Fir) {
                let _ = writer.request_keyframe(None, KeyframeRequestKind::Fir);
            }
            return;
        }
        let mut api = self.stack.direct_api();
        let Some(asked) = api.stream_rx_by_mid(track.mid, None).map(|stream| stream.ssrc()) else { return };
        let own = api.stream_tx_by_mid(track.mid, None).map(|stream| stream.ssrc());
        api.send_pli_feedback(own.filter(|_| track.agreed.direction.sends()).unwrap_or(asked), asked);
        track.counters.asked();
    }
}
