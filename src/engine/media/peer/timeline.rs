//! The times of what arrives: RTP timestamps, which begin anywhere and wrap, become times since the first frame of the
//! connection (RFC 3550 5.1, 6.4.1). A sender whose clock leaps (another one took its place, or it began anew) is followed by
//! the times of arrival over the leap, and by its clock again from there.

use std::time::{Duration, Instant, SystemTime};

/// So much further may a sender's clock go than time here passes, or less far: delays change, and what waited on the way comes
/// all at once. More is a leap.
const LEAP: Duration = Duration::from_secs(5);
/// So far back is another order of pictures at most, and no leap.
const BACK: Duration = Duration::from_millis(500);

/// A sender report: that time of the sender's clock is this RTP timestamp.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// The sender's clock.
    pub wall: SystemTime,
    /// The timestamp, of which the lower 32 bits count.
    pub ticks: u64,
}

/// Where the time of all tracks begins: the first frame that arrived.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    arrived: Instant,
    wall: Option<SystemTime>,
}

/// The times of one track.
#[derive(Clone, Copy, Debug)]
pub struct Timeline {
    /// Ticks in a second.
    rate: u32,
    /// The timestamp of the first frame, and where that lies behind the origin.
    start: i64,
    offset: Duration,
    /// The last timestamp without wraps.
    last: i64,
    /// The last time that was told, and when that frame arrived.
    told: Duration,
    arrived: Instant,
}

/// The distance of two timestamps, the shorter way round.
fn distance(from: i64, to: u64) -> i64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the lower 32 bits are what is sent")]
    let (from, to) = (from as u64 as u32, to as u32);
    i64::from(to.wrapping_sub(from).cast_signed())
}

fn seconds(ticks: i64, rate: u32) -> Duration {
    let nanos = i128::from(ticks.max(0)) * 1_000_000_000 / i128::from(rate.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// When a timestamp was by the sender's clock.
fn wall(ticks: u64, rate: u32, report: Report) -> Option<SystemTime> {
    let behind = distance(i64::from(u32::try_from(report.ticks & 0xFFFF_FFFF).unwrap_or(0)), ticks);
    if behind >= 0 {
        report.wall.checked_add(seconds(behind, rate))
    } else {
        report.wall.checked_sub(seconds(-behind, rate))
    }
}

impl Timeline {
    /// The times of a track whose first frame this is.
    pub fn new(
        rate: u32,
        ticks: u64,
        arrived: Instant,
        report: Option<Report>,
        origin: &mut Option<Origin>,
    ) -> Timeline {
        let at = report.and_then(|report| wall(ticks, rate, report));
        let offset = match *origin {
            None => {
                *origin = Some(Origin { arrived, wall: at });
                Duration::ZERO
            }
            Some(origin) => match (origin.wall, at) {
                (Some(first), Some(at)) => at.duration_since(first).unwrap_or_default(),
                _ => arrived.saturating_duration_since(origin.arrived),
            },
        };
        let start = i64::try_from(ticks & 0xFFFF_FFFF).unwrap_or(0);
        Timeline { rate, start, offset, last: start, told: offset, arrived }
    }

    /// The time of a frame that has arrived by now.
    pub fn time(&mut self, ticks: u64, arrived: Instant) -> Duration {
        let step = distance(self.last, ticks);
        self.last += step;
        let passed = arrived.saturating_duration_since(self.arrived);
        self.arrived = self.arrived.max(arrived);
        if self.leaps(step, passed) {
            self.start = self.last;
            self.offset = self.told.saturating_add(passed);
        }
        let time = self.offset + seconds(self.last - self.start, self.rate);
        self.told = self.told.max(time);
        self.told
    }

    /// Whether a step of the sender's clock is none that it can have gone in this time.
    fn leaps(&self, step: i64, passed: Duration) -> bool {
        if step < 0 {
            return seconds(-step, self.rate) > BACK;
        }
        let step = seconds(step, self.rate);
        step.max(passed).saturating_sub(step.min(passed)) > LEAP
    }
}

/// The timestamp of a time, to the nearest tick.
#[must_use]
pub fn ticks(time: Duration, rate: u32) -> u64 {
    let ticks = (time.as_nanos() * u128::from(rate) + 500_000_000) / 1_000_000_000;
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn times_begin_with_the_first_frame_and_survive_the_wrap() {
        let mut origin = None;
        let now = clock::now();
        let mut line = Timeline::new(90_000, 0xFFFF_FFFF - 2999, now, None, &mut origin);
        assert_eq!(line.time(0xFFFF_FFFF - 2999, now), ms(0));
        // 3000 ticks on is 0, and so on; the library extends what it gives, or does not: the lower bits count.
        let thirtieth = Duration::from_nanos(33_333_333);
        assert_eq!(line.time(0, now), thirtieth);
        assert_eq!(line.time(0x1_0000_0000 + 3000, now), Duration::from_nanos(66_666_666));
        // A frame before the last one does not go back.
        assert_eq!(line.time(0, now), Duration::from_nanos(66_666_666));
        for frame in 2..100_000_u64 {
            line.time((frame * 90_000) & 0xFFFF_FFFF, now + Duration::from_secs(frame));
        }
        let end = now + Duration::from_secs(99_999);
        assert_eq!(line.time((99_999 * 90_000) & 0xFFFF_FFFF, end), Duration::from_secs(99_999) + thirtieth);
    }

    /// The times of frames: timestamps, and when they arrived, in milliseconds.
    fn times(frames: &[(u64, u64)]) -> Vec<u128> {
        let (now, mut origin) = (clock::now(), None);
        let mut line = Timeline::new(90_000, frames[0].0, now, None, &mut origin);
        frames.iter().map(|(ticks, at)| line.time(*ticks, now + ms(*at)).as_millis()).collect()
    }

    #[test]
    fn a_clock_that_leaps_is_followed_by_arrival() {
        // Another sender's clock is an hour behind, or ahead; a minute went by that the server did not count.
        let hour = 3600 * 90_000;
        assert_eq!(times(&[(hour, 0), (hour + 9000, 100), (0, 140), (9000, 290)]), [0, 100, 140, 240]);
        assert_eq!(times(&[(0, 0), (9000, 100), (hour, 140), (hour + 9000, 290)]), [0, 100, 140, 240]);
        assert_eq!(times(&[(0, 0), (9000, 100), (18_000, 60_100), (27_000, 60_200)]), [0, 100, 60_100, 60_200]);
        // A second back is a leap as well: the times would stand still for so long.
        assert_eq!(times(&[(90_000, 0), (99_000, 100), (9000, 140), (18_000, 240)]), [0, 100, 140, 240]);
    }

    #[test]
    fn what_comes_late_or_after_a_pause_keeps_its_times() {
        // Four seconds on the way, and all at once then; a pause of a minute that the sender counts.
        assert_eq!(times(&[(0, 0), (9000, 4000), (18_000, 4000), (27_000, 4000)]), [0, 100, 200, 300]);
        assert_eq!(
            times(&[(0, 0), (9000, 100), (60 * 90_000, 60_300), (61 * 90_000, 61_000)]),
            [0, 100, 60_000, 61_000]
        );
    }

    #[test]
    fn a_second_track_lies_behind_the_first_by_arrival_or_by_reports() {
        let now = clock::now();
        let mut origin = None;
        Timeline::new(90_000, 5, now, None, &mut origin);
        let mut other = Timeline::new(48_000, 77, now + ms(40), None, &mut origin);
        assert_eq!((other.time(77, now + ms(40)), other.time(77 + 960, now + ms(60))), (ms(40), ms(60)));

        // Both reports say when the sender took the frames; that one was slow on its way does not matter.
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let mut origin = None;
        let report = |ticks| Some(Report { wall, ticks });
        Timeline::new(90_000, 90_000, now, report(0), &mut origin);
        let mut other = Timeline::new(48_000, 0xFFFF_FFFF, now + ms(400), report(0x1_0000_0000 - 52_801), &mut origin);
        assert_eq!(other.time(0xFFFF_FFFF, now + ms(400)), ms(100));
    }

    #[test]
    fn ticks_are_rounded_exactly() {
        assert_eq!(ticks(Duration::from_nanos(33_333_333), 90_000), 3000);
        assert_eq!(ticks(Duration::from_nanos(16_683_333), 90_000), 1501);
        assert_eq!(ticks(ms(20), 48_000), 960);
        assert_eq!(ticks(Duration::from_secs(1 << 20), 90_000), 90_000 << 20);
    }
}
