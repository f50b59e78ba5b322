//! In whose name tracks are reported of, lost packets and keyframes are asked for (RFC 3550 6.4, RFC 4585 6.1).
//!
//! The stack takes one of the sources that go out, whichever comes first in its table, and Janus takes what is said for the
//! track of that source: with several tracks often another one, of which it then sends or asks something else. Only where it
//! does not know who speaks does it look what is spoken of. So a source that nobody has heard of stands first in the table: one
//! that sends nothing and is in no description. That it is the first can be seen, as it is then found before the source of each
//! track when it is put there under the track's name.
//!
//! It is taken out and put in again before it is due to report as a sender for the second time: two that have come to report at
//! the same moment would always do, and what is in one datagram with a report of somebody unknown is lost.
//!
//! Janus keeps what it could send again once it has measured how long the way is, for which it does not look into what is
//! reported in one packet with what we send ourselves. The stack makes one packet of both when both are due, and as both begin
//! with the description, they always are. So streams that come in are begun anew as long as nothing has come by them.
//!
//! A keyframe is asked for in the name of the track's own source, or where nothing goes out, of the source that is asked, as
//! Janus 1.1 does not look further for this one message.

use std::time::{Duration, Instant};

use str0m::{
    media::{KeyframeRequestKind, MediaKind, Mid},
    rtp::Ssrc,
};

use super::Rtc;

/// How long the source is there: less than the time between two reports of a sender of sound.
const STAY: Duration = Duration::from_secs(4);
/// How many sources are tried.
const TRIES: usize = 64;
/// How many others are put into the table for a moment, so that it grows: a small one has no place before a source that is at
/// its start.
const CROWDS: [usize; 3] = [0, 40, 400];
/// What the source is there under: no name that anybody gives a track.
const NAME: &str = "haft.nobody";

/// The source that nobody knows.
#[derive(Debug, Default)]
pub(super) struct Feedback {
    /// The one that was the first when it was tried last.
    source: Option<Ssrc>,
    /// It is in the table.
    there: bool,
    /// Until when nothing is to be done.
    until: Option<Instant>,
}

impl Rtc {
    /// A datagram has come that the stack is to have: what it says about media goes out in the right name from now on.
    pub(super) fn heed(&mut self, now: Instant, data: &[u8]) {
        let media = matches!(data, [128..=191, ..]);
        if !media || self.over || self.feedback.until.is_some_and(|until| now < until) {
            return;
        }
        self.leave_table();
        self.feedback.until = now.checked_add(STAY);
        let mids: Vec<Mid> = self.tracks.iter().map(|track| track.mid).collect();
        let mids: Vec<Mid> = mids.into_iter().filter(|mid| self.stack.media(*mid).is_some()).collect();
        for mid in &mids {
            self.begin_anew(*mid);
        }
        let mut api = self.stack.direct_api();
        let sending: Vec<Mid> = mids.into_iter().filter(|mid| api.stream_tx_by_mid(*mid, None).is_some()).collect();
        // Where nothing goes out, the stack has such a source of its own; and of a single track, there is no other one that it
        // could be taken for.
        if !sending.is_empty() && self.tracks.len() > 1 {
            self.enter_table(&sending);
        }
    }

    /// Has the source be the first in the table.
    fn enter_table(&mut self, sending: &[Mid]) {
        let own = Mid::from(NAME);
        if sending.contains(&own) {
            return;
        }
        let mut api = self.stack.direct_api();
        for crowd in CROWDS {
            if crowd > 0 {
                api.declare_media(own, MediaKind::Audio);
                for _ in 0..crowd {
                    let source = api.new_ssrc();
                    api.declare_stream_tx(source, None, own, None);
                }
                api.remove_media(own);
            }
            for _ in 0..TRIES {
                let source = self.feedback.source.take().unwrap_or_else(|| api.new_ssrc());
                let first = sending.iter().all(|mid| {
                    api.declare_stream_tx(source, None, *mid, None);
                    let found = api.stream_tx_by_mid(*mid, None).is_some_and(|stream| stream.ssrc() == source);
                    api.remove_stream_tx(source);
                    found
                });
                if first {
                    api.declare_media(own, MediaKind::Audio);
                    api.declare_stream_tx(source, None, own, None);
                    self.feedback.source = Some(source);
                    self.feedback.there = true;
                    return;
                }
            }
        }
    }

    /// Takes it out again: before descriptions are made or taken, too, which would have it otherwise.
    pub(super) fn leave_table(&mut self) {
        self.feedback.until = None;
        if std::mem::take(&mut self.feedback.there) {
            self.stack.direct_api().remove_media(Mid::from(NAME));
        }
    }

    /// Has the reports of a stream that comes in be due from now on, if nothing has come yet.
    fn begin_anew(&mut self, mid: Mid) {
        let mut api = self.stack.direct_api();
        let Some(stream) = api.stream_rx_by_mid(mid, None).filter(|stream| stream.last_time().is_none()) else {
            return;
        };
        let (source, repeats) = (stream.ssrc(), stream.rtx());
        api.remove_stream_rx(source);
        // Who sends nothing again is not asked to.
        api.expect_stream_rx(source, repeats, mid, None).suppress_nack(repeats.is_none());
    }

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
