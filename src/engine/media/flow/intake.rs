//! What of the frames that arrive belongs into a file, and when the file can begin. No clock and no file here: moments are
//! given, and what is to be written is handed out.
//!
//! A file begins when every track that was expected has its first frame, since what is in it stands at its head; a track that
//! has sent nothing for two seconds is left out, and one whose first keyframe is still to come is waited for longer. Sound is
//! mono when its first half second is. Pictures
//! begin with a keyframe. When packets were lost for good, the pictures until the next keyframe (it is asked for) are left
//! out, for two seconds at most: a picture that stands is better to look at than one that falls apart, and none is worse.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use super::super::{Codec, Frame, Kind, Track, codec, peer::Arrived};
use crate::error::{Error, Result, code};

/// How long a track that has sent nothing is waited for.
pub const SILENT: Duration = Duration::from_secs(2);
/// How long one is waited for that sends, without a keyframe.
pub const KEYLESS: Duration = Duration::from_secs(30);
/// What is held back meanwhile, in bytes.
pub const HELD: usize = 8 << 20;
/// How long pictures are left out after a loss.
pub const TORN: Duration = Duration::from_secs(2);
/// How often a keyframe is asked for.
pub const ASK: Duration = Duration::from_secs(1);
/// How long sound that has had one channel so far is waited for to have two: encoders may begin stereo with a quiet part in one,
/// and a file says at its head how many there are. What comes in one channel plays well in a file that says two.
pub const SINGLE: Duration = Duration::from_millis(500);
/// What libopus makes an encoder's delay of, in samples of 48 kHz; RTP does not tell.
const PRE_SKIP: u16 = 312;

/// A track that is to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The track of the connection.
    pub mid: Box<str>,
    /// What it carries.
    pub kind: Kind,
}

/// What became of a track.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The track of the connection.
    pub mid: Box<str>,
    /// Frames for the file.
    pub frames: u64,
    /// Keyframes among them.
    pub keyframes: u64,
    /// Bytes of frames.
    pub bytes: u64,
    /// Frames that came before the first keyframe, or behind a loss.
    pub left_out: u64,
    /// Losses.
    pub gaps: u64,
    /// It is not in the file: nothing had come of it when the file began.
    pub absent: bool,
}

/// What the file is to do next.
#[derive(Debug, PartialEq)]
pub enum Step {
    /// Begin, with these tracks.
    Begin(Vec<Track>),
    /// Take a frame.
    Write(Frame),
}

/// The tracks of one file.
#[derive(Debug)]
pub struct Intake {
    lanes: Vec<Lane>,
    /// Frames by the places of the lanes, until the file begins.
    held: Vec<Frame>,
    bytes: usize,
    /// When the first frame came.
    first: Option<Instant>,
    /// The file has begun; its first moment.
    base: Option<Duration>,
    /// After a loss, pictures are left out until a keyframe.
    careful: bool,
}

#[derive(Debug)]
struct Lane {
    kind: Kind,
    codec: Option<Codec>,
    size: (u32, u32),
    /// The channels that a packet had at the most, for Opus.
    channels: u8,
    /// Its place in the file.
    place: Option<usize>,
    keyed: bool,
    /// A keyframe is wanted since then; when it was asked for last.
    torn: Option<Instant>,
    asked: Option<Instant>,
    taken: Taken,
}

impl Intake {
    /// For these tracks. `careful` leaves pictures out after a loss.
    #[must_use]
    pub fn new(expected: &[Expected], careful: bool) -> Intake {
        let lane = |track: &Expected| Lane {
            kind: track.kind,
            codec: None,
            size: (0, 0),
            channels: 0,
            place: None,
            keyed: false,
            torn: None,
            asked: None,
            taken: Taken { mid: track.mid.clone(), ..Taken::default() },
        };
        let lanes = expected.iter().map(lane).collect();
        Intake { lanes, held: Vec::new(), bytes: 0, first: None, base: None, careful }
    }

    /// Takes a frame that arrived; what the file is to do goes to `steps`.
    ///
    /// # Errors
    /// `media_codec` when a track goes on in another codec.
    pub fn take(&mut self, frame: &Arrived, now: Instant, steps: &mut Vec<Step>) -> Result<()> {
        let careful = self.careful;
        let begun = self.base;
        let Some((place, lane)) = self.lanes.iter_mut().enumerate().find(|(_, lane)| lane.taken.mid == frame.mid)
        else {
            return Ok(());
        };
        self.first.get_or_insert(now);
        if begun.is_some() && lane.place.is_none() {
            lane.taken.left_out += 1;
            return Ok(());
        }
        match lane.codec {
            // What was not taken yet may change.
            Some(codec) if codec != frame.codec && lane.taken.frames > 0 => {
                let (from, to) = (codec.name(), frame.codec.name());
                let why = format!("the recording of track {} went over from {from} to {to}", frame.mid);
                return Err(Error::new(&code::MEDIA_CODEC, why).with("mid", &*frame.mid).with("codec", to));
            }
            _ => lane.codec = Some(frame.codec),
        }
        if !lane.admits(frame, careful, now) {
            lane.taken.left_out += 1;
            return Ok(());
        }
        lane.taken.frames += 1;
        lane.taken.keyframes += u64::from(frame.keyframe);
        lane.taken.bytes += frame.data.len() as u64;
        let data = Arc::clone(&frame.data);
        if let (Some(base), Some(place)) = (begun, lane.place) {
            let pts = frame.pts.saturating_sub(base);
            steps.push(Step::Write(Frame { track: place, pts, keyframe: frame.keyframe, data }));
            return Ok(());
        }
        if lane.size == (0, 0) && lane.kind == Kind::Video {
            lane.size = codec::head(frame.codec, &frame.data).size.unwrap_or_default();
        }
        if frame.codec == Codec::Opus {
            lane.channels = lane.channels.max(codec::opus::channels(&frame.data).unwrap_or_default());
        }
        self.bytes += data.len();
        self.held.push(Frame { track: place, pts: frame.pts, keyframe: frame.keyframe, data });
        self.look(now, steps);
        Ok(())
    }

    /// Begins the file if it is time to.
    pub fn look(&mut self, now: Instant, steps: &mut Vec<Step>) {
        let full = self.bytes >= HELD;
        if self.base.is_none() && !self.held.is_empty() && (full || self.waits_until().is_some_and(|end| end <= now)) {
            self.begin(steps);
        }
    }

    /// When the tracks that are missing are given up; a time in the past when none is.
    fn waits_until(&self) -> Option<Instant> {
        let first = self.first?;
        let wait = |lane: &Lane| match lane {
            lane if lane.codec == Some(Codec::Opus) && lane.channels < 2 && lane.taken.frames > 0 => SINGLE,
            lane if lane.taken.frames > 0 => Duration::ZERO,
            lane if lane.codec.is_some() => KEYLESS,
            _ => SILENT,
        };
        first.checked_add(self.lanes.iter().map(wait).max().unwrap_or_default())
    }

    /// The end: the file begins now if anything came at all.
    pub fn settle(&mut self, steps: &mut Vec<Step>) {
        if self.base.is_none() && !self.held.is_empty() {
            self.begin(steps);
        }
    }

    fn begin(&mut self, steps: &mut Vec<Step>) {
        let mut tracks = Vec::new();
        for lane in &mut self.lanes {
            let Some(codec) = lane.codec.filter(|_| lane.taken.frames > 0) else {
                lane.taken.absent = true;
                continue;
            };
            lane.place = Some(tracks.len());
            let sound = lane.kind == Kind::Audio;
            tracks.push(Track {
                kind: lane.kind,
                codec,
                named: codec.name().into(),
                size: lane.size,
                channels: if !sound || lane.channels > 0 { lane.channels } else { 2 },
                pre_skip: if codec == Codec::Opus { PRE_SKIP } else { 0 },
                flaw: None,
            });
        }
        let held = std::mem::take(&mut self.held);
        self.bytes = 0;
        let base = held.iter().map(|frame| frame.pts).min().unwrap_or_default();
        self.base = Some(base);
        steps.push(Step::Begin(tracks));
        // In time, as files have it; the order within a track stays, whatever its times are.
        let mut queues: Vec<VecDeque<Frame>> = self.lanes.iter().map(|_| VecDeque::new()).collect();
        for mut frame in held {
            let Some(place) = self.lanes.get(frame.track).and_then(|lane| lane.place) else { continue };
            frame.track = place;
            frame.pts = frame.pts.saturating_sub(base);
            if let Some(queue) = queues.get_mut(place) {
                queue.push_back(frame);
            }
        }
        let next = |queues: &mut Vec<VecDeque<Frame>>| {
            let filled = queues.iter_mut().filter(|queue| !queue.is_empty());
            filled.min_by_key(|queue| queue.front().map(|frame| frame.pts))?.pop_front()
        };
        while let Some(frame) = next(&mut queues) {
            steps.push(Step::Write(frame));
        }
    }

    /// The tracks whose next keyframe is to be asked for now.
    pub fn asks(&mut self, now: Instant) -> Vec<Box<str>> {
        let mut mids = Vec::new();
        for lane in self.lanes.iter_mut().filter(|lane| lane.wants_keyframe()) {
            if lane.asked.is_none_or(|asked| now.saturating_duration_since(asked) >= ASK) {
                lane.asked = Some(now);
                mids.push(lane.taken.mid.clone());
            }
        }
        mids
    }

    /// Whether a keyframe is to be asked for that was not asked for yet.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.lanes.iter().any(|lane| lane.wants_keyframe() && lane.asked.is_none())
    }

    /// When something is to be done although nothing arrives.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        let ask = |lane: &Lane| lane.wants_keyframe().then(|| lane.asked?.checked_add(ASK)).flatten();
        let ask = self.lanes.iter().filter_map(ask).min();
        let begin = if self.base.is_none() && !self.held.is_empty() { self.waits_until() } else { None };
        ask.into_iter().chain(begin).min()
    }

    /// What became of the tracks.
    #[must_use]
    pub fn taken(&self) -> Vec<Taken> {
        self.lanes.iter().map(|lane| lane.taken.clone()).collect()
    }

    /// Whether the file has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.base.is_some()
    }
}

impl Lane {
    /// Whether the frame goes into the file.
    fn admits(&mut self, frame: &Arrived, careful: bool, now: Instant) -> bool {
        if self.kind == Kind::Audio {
            self.taken.gaps += u64::from(self.keyed && !frame.contiguous);
            self.keyed = true;
            return true;
        }
        if frame.keyframe {
            self.taken.gaps += u64::from(self.keyed && !frame.contiguous);
            (self.keyed, self.torn, self.asked) = (true, None, None);
            return true;
        }
        if !self.keyed {
            return false;
        }
        if !frame.contiguous {
            self.taken.gaps += 1;
            self.torn.get_or_insert(now);
        }
        match self.torn {
            Some(since) => !careful || now.saturating_duration_since(since) >= TORN,
            None => true,
        }
    }

    fn wants_keyframe(&self) -> bool {
        self.kind == Kind::Video && (!self.keyed || self.torn.is_some()) && !self.taken.absent
    }
}
