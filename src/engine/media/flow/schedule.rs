//! The frames that were read and not sent yet, each with its moment. No clock is read here: times are media time, from the
//! first frame of the file on, over all its rounds when it is played again.
//!
//! Files are not always as they should be. A frame that is not later than the one before it goes out right after that one,
//! by [`STEP_LEAST`]: two frames of one time would be one frame to the other side. Where the times of a file jump back by
//! more than [`JUMP`] (two recordings that were put together), they go on from where they were. Gaps are kept: they are
//! silence, or a picture that stands. What the file begins with is its first moment, however late that is.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::super::{Frame, Kind};

/// The least time between two frames of a track: distinct on clocks of 48 kHz and 90 kHz.
pub const STEP_LEAST: Duration = Duration::from_micros(100);
/// From here on a step back is a new beginning.
pub const JUMP: Duration = Duration::from_secs(1);
/// What is ready at most, in bytes.
pub const AHEAD_BYTES: usize = 32 << 20;
/// What is ready at most, in media time.
pub const AHEAD: Duration = Duration::from_secs(2);
/// The same when a track has nothing: it may lie behind the others in the file, or be over.
pub const AHEAD_FAR: Duration = Duration::from_secs(10);

/// A frame whose moment has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its track: the place in the list that [`Schedule::new`] was given.
    pub lane: usize,
    /// Its moment.
    pub at: Duration,
    /// Decoding can begin here.
    pub keyframe: bool,
    /// The frame.
    pub data: Arc<[u8]>,
}

/// What became of the frames of a track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Care {
    /// Left out: nothing can be shown before the first keyframe.
    pub left_out: u64,
    /// Sent with a later time than that in the file.
    pub mended: u64,
}

/// The frames of one file that wait.
#[derive(Debug)]
pub struct Schedule {
    lanes: Vec<Lane>,
    /// The first moment, as the file counts.
    base: Option<Duration>,
    /// Added to the times of this round.
    offset: Duration,
    /// Added to them as well since the times of the file have jumped back.
    shift: Duration,
    bytes: usize,
    /// The file has ended, and will not be played again.
    over: bool,
    /// Frames of this round.
    fresh: bool,
}

#[derive(Debug)]
struct Lane {
    track: usize,
    video: bool,
    waiting: VecDeque<(Duration, bool, Arc<[u8]>)>,
    /// The latest time that was added.
    last: Option<Duration>,
    /// The time from one frame to the next.
    step: Duration,
    shift: Duration,
    /// The last time that was handed out.
    sent: Option<Duration>,
    keyed: bool,
    care: Care,
}

impl Schedule {
    /// For these tracks of a file.
    #[must_use]
    pub fn new(tracks: &[(usize, Kind)]) -> Schedule {
        let lane = |&(track, kind): &(usize, Kind)| Lane {
            track,
            video: kind == Kind::Video,
            waiting: VecDeque::new(),
            last: None,
            step: Duration::from_millis(if kind == Kind::Video { 40 } else { 20 }),
            shift: Duration::ZERO,
            sent: None,
            keyed: false,
            care: Care::default(),
        };
        Schedule {
            lanes: tracks.iter().map(lane).collect(),
            base: None,
            offset: Duration::ZERO,
            shift: Duration::ZERO,
            bytes: 0,
            over: false,
            fresh: false,
        }
    }

    /// Adds a frame, unless nothing can be made of it.
    pub fn add(&mut self, frame: Frame) {
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.track == frame.track) else { return };
        lane.keyed |= frame.keyframe || !lane.video;
        if !lane.keyed {
            lane.care.left_out += 1;
            return;
        }
        let raw = frame.pts.saturating_add(self.offset);
        let mut at = raw.saturating_add(lane.shift);
        if let Some(last) = lane.last {
            if at.saturating_add(JUMP) < last {
                // Another track may have jumped already: all of a file jump together.
                if raw.saturating_add(self.shift) <= last {
                    self.shift = last.saturating_add(lane.step).saturating_sub(raw);
                }
                lane.shift = self.shift;
                at = raw.saturating_add(lane.shift);
            } else if at > last {
                lane.step = at.saturating_sub(last).clamp(STEP_LEAST, Duration::from_secs(1));
            }
        }
        lane.last = Some(lane.last.map_or(at, |last| last.max(at)));
        self.bytes += frame.data.len();
        self.fresh = true;
        lane.waiting.push_back((at, frame.keyframe, frame.data));
    }

    /// The file has ended; with `again` it is played once more, right behind. False when there was nothing in it to be
    /// played: then it is over in any case.
    pub fn end(&mut self, again: bool) -> bool {
        let end = self.lanes.iter().filter_map(|lane| Some(lane.last?.saturating_add(lane.step))).max();
        let (true, true, Some(end), Some(base)) = (again, self.fresh, end, self.base()) else {
            self.over = true;
            return false;
        };
        self.offset = end.saturating_sub(base);
        (self.shift, self.fresh) = (Duration::ZERO, false);
        self.base = Some(base);
        for lane in &mut self.lanes {
            (lane.keyed, lane.shift) = (false, Duration::ZERO);
        }
        true
    }

    /// Where the file begins: at the first frame of all that can be played.
    fn base(&self) -> Option<Duration> {
        self.base.or_else(|| self.lanes.iter().filter_map(|lane| Some(lane.waiting.front()?.0)).min())
    }

    /// Whether there is nothing to come.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over && self.lanes.iter().all(|lane| lane.waiting.is_empty())
    }

    /// Whether more should be read: when the half of what is kept ready has gone at `position`, or, once reading has begun
    /// (`filling`), as long as something fits.
    #[must_use]
    pub fn wants(&self, position: Duration, filling: bool) -> bool {
        let part = if filling { 1 } else { 2 };
        if self.over || self.bytes >= AHEAD_BYTES / part {
            return false;
        }
        let Some(base) = self.base() else { return true };
        let now = base.saturating_add(position);
        let reach = |lane: &Lane| lane.last.map_or(Duration::ZERO, |last| last.saturating_sub(now));
        let far = self.lanes.iter().map(reach).max().unwrap_or_default();
        let near = self.lanes.iter().map(reach).min().unwrap_or_default();
        let part = u32::try_from(part).unwrap_or(1);
        far < AHEAD / part || (near < AHEAD / part / 2 && far < AHEAD_FAR / part)
    }

    /// To which time of the file is to be read, and how many bytes at most, to be ready at `position`.
    #[must_use]
    pub fn order(&self, position: Duration) -> super::reel::Order {
        let start = self.base().unwrap_or_default().saturating_add(position);
        let read = self.lanes.iter().filter_map(|lane| lane.last).max().unwrap_or_default();
        // A track without frames is looked for behind what was read of the others.
        let until = start.saturating_add(AHEAD).max(read.saturating_add(AHEAD / 4));
        let until = until.saturating_sub(self.offset.saturating_add(self.shift));
        super::reel::Order { until, bytes: AHEAD_BYTES.saturating_sub(self.bytes) }
    }

    /// The moment of the next frame.
    #[must_use]
    pub fn next(&self) -> Option<Duration> {
        self.first().map(|(_, at)| at)
    }

    fn first(&self) -> Option<(usize, Duration)> {
        let base = self.base()?;
        let moment = |(place, lane): (usize, &Lane)| {
            let at = lane.waiting.front()?.0.saturating_sub(base);
            Some((place, lane.sent.map_or(at, |sent| at.max(sent.saturating_add(STEP_LEAST)))))
        };
        self.lanes.iter().enumerate().filter_map(moment).min_by_key(|(_, at)| *at)
    }

    /// Takes the next frame, if its moment is not after `until`.
    pub fn take(&mut self, until: Duration) -> Option<Due> {
        let (place, at) = self.first().filter(|(_, at)| *at <= until)?;
        let base = *self.base.insert(self.base()?);
        let lane = self.lanes.get_mut(place)?;
        let (raw, keyframe, data) = lane.waiting.pop_front()?;
        self.bytes = self.bytes.saturating_sub(data.len());
        lane.care.mended += u64::from(raw.checked_sub(base) != Some(at));
        lane.sent = Some(at);
        Some(Due { lane: place, at, keyframe, data })
    }

    /// When the last frame that was sent has been shown.
    #[must_use]
    pub fn end_of_sent(&self) -> Duration {
        self.lanes.iter().filter_map(|lane| Some(lane.sent?.saturating_add(lane.step))).max().unwrap_or_default()
    }

    /// What became of the frames of a track.
    #[must_use]
    pub fn care(&self, lane: usize) -> Care {
        self.lanes.get(lane).map(|lane| lane.care).unwrap_or_default()
    }

    /// Bytes that are ready.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}
