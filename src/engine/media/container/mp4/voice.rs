//! One track while it is written: its frames become samples once the next one tells how long they last.

use std::{sync::Arc, time::Duration};

use super::{
    super::super::{
        Codec, Frame, Kind, Track,
        codec::{av1, h264, opus},
    },
    PLACE, describe,
    head::Line,
};
use crate::log;

/// The duration of a last frame that nothing tells: that of a picture at 30 in a second.
const PICTURE_TICKS: u32 = 3000;

/// A frame with its time in ticks of the track.
struct Timed {
    ticks: u64,
    keyframe: bool,
    data: Arc<[u8]>,
}

/// A sample of the next fragment.
pub(super) struct Sample {
    pub(super) ticks: u64,
    pub(super) duration: u32,
    pub(super) keyframe: bool,
    data: Arc<[u8]>,
}

/// A track that is written.
pub(super) struct Voice {
    pub(super) id: u32,
    pub(super) track: Track,
    pub(super) scale: u32,
    /// Its sample entry and size, when they are known.
    pub(super) entry: Option<(Vec<u8>, (u32, u32))>,
    /// The samples of the next fragment.
    pub(super) queue: Vec<Sample>,
    /// Their bytes.
    pub(super) bytes: usize,
    /// So much later stands everything in the file than frames say, in nanoseconds; may be negative.
    pub(super) offset: i128,
    held: Option<Timed>,
    /// How long the last sample lasted.
    last: Option<u32>,
    /// Where the last sample ends.
    done: u64,
    /// Times that did not grow.
    bent: u64,
}

impl Voice {
    pub(super) fn new(id: u32, track: &Track) -> Voice {
        Voice {
            id,
            track: track.clone(),
            scale: describe::scale(track.codec),
            entry: None,
            queue: Vec::new(),
            bytes: 0,
            offset: 0,
            held: None,
            last: None,
            done: 0,
            bent: 0,
        }
    }

    pub(super) fn line(&self) -> Option<Line<'_>> {
        let (entry, size) = self.entry.as_ref()?;
        let (id, scale, size) = (self.id, self.scale, *size);
        let unshown = self.track.pre_skip;
        let kind = if self.track.codec == Codec::Opus { Kind::Audio } else { Kind::Video };
        let unshown = if kind == Kind::Audio { unshown } else { 0 };
        Some(Line { id, kind, codec: self.track.codec, scale, size, entry, unshown })
    }

    /// Where a frame of this time stands, in ticks.
    fn ticks(&self, pts: Duration) -> u64 {
        let nanoseconds = i128::try_from(pts.as_nanos()).unwrap_or(0) + self.offset;
        let ticks = (nanoseconds * i128::from(self.scale) + 500_000_000).div_euclid(1_000_000_000);
        u64::try_from(ticks.max(0)).unwrap_or(u64::MAX >> 1).min(u64::MAX >> 1)
    }

    /// Takes a frame; the one before it becomes a sample. True when the time between the two is no duration of a sample, so that
    /// the frame has to begin a fragment.
    pub(super) fn take(&mut self, frame: &Frame) -> bool {
        let mut gap = false;
        let mut ticks = self.ticks(frame.pts);
        if let Some(held) = self.held.take() {
            if ticks <= held.ticks {
                if self.bent == 0 {
                    log::warn(PLACE, || {
                        let (id, pts) = (self.id, frame.pts.as_secs_f64());
                        format!(
                            "A frame of track {id} was not later than the one before ({pts:.3} s); it was moved behind it"
                        )
                    });
                }
                self.bent += 1;
                ticks = held.ticks + 1;
            }
            let duration = u32::try_from(ticks - held.ticks).ok().filter(|ticks| i32::try_from(*ticks).is_ok());
            gap = duration.is_none();
            let duration = duration.unwrap_or_else(|| self.lasting(&held.data));
            self.close(held, duration);
        }
        self.held = Some(Timed { ticks, keyframe: frame.keyframe, data: Arc::clone(&frame.data) });
        gap
    }

    /// The last frame becomes a sample without a next one.
    pub(super) fn end(&mut self) {
        if let Some(held) = self.held.take() {
            let duration = self.lasting(&held.data);
            self.close(held, duration);
        }
    }

    fn lasting(&self, frame: &[u8]) -> u32 {
        match self.track.codec {
            Codec::Opus => opus::samples(frame).unwrap_or(960),
            _ => self.last.unwrap_or(PICTURE_TICKS),
        }
    }

    fn close(&mut self, held: Timed, duration: u32) {
        let Timed { ticks, keyframe, data } = held;
        self.last = Some(duration);
        self.done = ticks.saturating_add(duration.into());
        self.bytes += data.len();
        self.queue.push(Sample { ticks, duration, keyframe, data });
    }

    /// How much time the samples of the next fragment take, in nanoseconds.
    pub(super) fn span(&self) -> u64 {
        let (Some(first), Some(last)) = (self.queue.first(), self.queue.last()) else { return 0 };
        let ticks = u128::from(last.ticks - first.ticks) + u128::from(last.duration);
        u64::try_from(ticks * 1_000_000_000 / u128::from(self.scale)).unwrap_or(u64::MAX)
    }

    /// When the last sample ends, in ticks of the file.
    pub(super) fn end_ms(&self) -> u64 {
        let shown = self.done.saturating_sub(self.line().map_or(0, |line| line.unshown.into()));
        let ticks = u128::from(shown) * u128::from(super::head::SCALE);
        u64::try_from(ticks.div_ceil(u128::from(self.scale))).unwrap_or(u64::MAX)
    }

    /// The bytes of a sample in the form of the file.
    pub(super) fn form(&self, sample: &Sample, into: &mut Vec<u8>) {
        match self.track.codec {
            Codec::H264 => into.extend(h264::prefixed(&sample.data, true)),
            // What cannot be read is written as it came: a decoder may make more of it.
            Codec::Av1 => into.extend_from_slice(av1::bare(&sample.data).as_deref().unwrap_or(&sample.data)),
            _ => into.extend_from_slice(&sample.data),
        }
    }
}
