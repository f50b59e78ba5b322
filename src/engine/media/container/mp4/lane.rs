//! One track while it is read: the next sample of its tables and fragments, edits applied.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{
    super::{super::Kind, FRAME_MAX},
    PLACE,
    entry::Entry,
    fragment::{Defaults, Run},
    movie::{Edit, Trak},
    tables::{Beyond, Sample, Walk},
};
use crate::log;

const SECOND: i128 = 1_000_000_000;
/// What a decoder of sound hears before what is shown, so that it is tuned in (RFC 7845, 4.6).
const PREROLL_MS: i64 = 80;
/// A first edit that leaves out more samples than these is not looked through.
const SKIPPED_MAX: u32 = 10_000_000;

/// A track, and how far it was read.
#[derive(Debug)]
pub(super) struct Lane {
    /// Its place in the list of tracks.
    pub(super) place: usize,
    pub(super) id: u32,
    pub(super) kind: Kind,
    pub(super) scale: u32,
    pub(super) edit: Edit,
    pub(super) entries: Arc<[Entry]>,
    pub(super) defaults: Defaults,
    /// The sample that comes next.
    pub(super) next: Option<Sample>,
    /// When the last one was shown.
    pub(super) shown: i64,
    /// Nothing comes any more.
    pub(super) over: bool,
    /// When the first sample of the next fragment is decoded, if that does not say so itself.
    pub(super) expected: i64,
    walk: Option<Walk>,
    runs: VecDeque<Run>,
    /// Bytes of samples so far.
    bytes: u64,
}

impl Lane {
    pub(super) fn new(place: usize, trak: &Trak, length: u64) -> Lane {
        let mut lane = Lane {
            place,
            id: trak.id,
            kind: trak.track.kind,
            scale: trak.scale,
            edit: trak.edit,
            entries: Arc::clone(&trak.entries),
            defaults: trak.defaults,
            next: None,
            shown: i64::MIN,
            over: false,
            expected: 0,
            walk: Some(trak.walk.clone()),
            runs: VecDeque::new(),
            bytes: 0,
        };
        if lane.kind == Kind::Video && lane.edit.from > 0 {
            lane.begin(length);
        }
        lane
    }

    /// Goes to the keyframe that the first picture shown needs.
    fn begin(&mut self, length: u64) {
        let Some(mut walk) = self.walk.clone() else { return };
        let mut before = walk.clone();
        for _ in 0..SKIPPED_MAX {
            let Some(Ok(sample)) = walk.next(length) else { break };
            if sample.pts() > self.edit.from {
                break;
            }
            if sample.sync {
                self.walk = Some(before);
            }
            before = walk.clone();
        }
    }

    /// Adds what a fragment says.
    pub(super) fn push(&mut self, run: Run, end: i64) {
        self.expected = end;
        self.runs.push_back(run);
    }

    /// Nothing is known of what comes next.
    pub(super) fn idle(&self) -> bool {
        !self.over && self.next.is_none() && self.runs.is_empty() && self.walk.is_none()
    }

    /// Looks up the next sample, in a file of `length` bytes.
    pub(super) fn pull(&mut self, length: u64) {
        let preroll = PREROLL_MS * i64::from(self.scale) / 1000;
        self.next = None;
        while !self.over {
            let found = match (&mut self.walk, self.runs.front_mut()) {
                (Some(walk), _) => walk.next(length),
                (None, Some(run)) => run.next(length),
                (None, None) => return,
            };
            let sample = match found {
                Some(Ok(sample)) => sample,
                Some(Err(Beyond)) => {
                    log::warn(PLACE, || format!("The file ended before the end of its track {}", self.id));
                    self.over = true;
                    return;
                }
                None => {
                    match self.walk.take() {
                        Some(walk) => self.expected = walk.dts(),
                        None => drop(self.runs.pop_front()),
                    }
                    continue;
                }
            };
            self.bytes += u64::from(sample.size);
            if self.bytes > length {
                // Samples do not share bytes; a table that says so can go round for ever.
                log::warn(PLACE, || format!("The samples of track {} were larger than the file", self.id));
                self.over = true;
                return;
            }
            let (pts, end) = (sample.pts(), sample.pts().saturating_add(i64::from(sample.duration)));
            if self.edit.until.is_some_and(|until| pts >= until) {
                continue;
            }
            if self.kind == Kind::Audio && end.saturating_add(preroll) <= self.edit.from {
                continue;
            }
            if sample.size as usize > FRAME_MAX {
                log::warn(PLACE, || format!("A frame of {} bytes was left out, at byte {}", sample.size, sample.at));
                continue;
            }
            self.next = Some(sample);
            return;
        }
    }

    /// The samples that come next, without taking them: from the tables or from the fragments at hand.
    pub(super) fn ahead(&self, length: u64) -> impl Iterator<Item = Sample> {
        let (mut walk, mut runs) = (self.walk.clone(), self.runs.clone());
        let later = std::iter::from_fn(move || {
            loop {
                let found = match (&mut walk, runs.front_mut()) {
                    (Some(walk), _) => walk.next(length),
                    (None, Some(run)) => run.next(length),
                    (None, None) => return None,
                };
                match found {
                    Some(found) => return found.ok(),
                    None if walk.take().is_some() => {}
                    None => drop(runs.pop_front()),
                }
            }
        });
        self.next.into_iter().chain(later)
    }

    /// A time of the track as one of the file, in nanoseconds. Before 0 stands what is decoded and not shown.
    pub(super) fn time(&self, ticks: i64) -> i128 {
        let ticks = i128::from(ticks) - i128::from(self.edit.from);
        let scale = i128::from(self.scale.max(1));
        self.edit.wait + (ticks * SECOND + scale / 2).div_euclid(scale)
    }

    /// When the next sample is decoded.
    pub(super) fn due(&self) -> Option<i128> {
        self.next.map(|sample| self.time(sample.dts))
    }
}

/// A time of the file, all tracks `shift` later so that none begins before 0.
pub(super) fn moment(time: i128, shift: i128) -> Duration {
    u64::try_from((time + shift).max(0)).map_or(Duration::MAX, Duration::from_nanos)
}
