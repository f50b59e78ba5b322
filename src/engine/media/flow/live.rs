//! Frames that the host gives as it makes them: their times must be numbers that rise.

use std::time::Duration;

use crate::{
    error::{Error, Result},
    sys::lock::Mutex,
};

/// The last time of each track.
#[derive(Debug, Default)]
pub struct Live(Mutex<Vec<Track>>);

#[derive(Debug)]
struct Track {
    mid: Box<str>,
    last: Option<Duration>,
    before: Option<Duration>,
}

impl Live {
    /// The time of a frame, which was given in seconds; noted when it is fine.
    ///
    /// # Errors
    /// `argument` with the key `pts`: no number, negative, beyond what a clock counts, or not after the one before.
    pub fn check(&self, mid: &str, seconds: f64) -> Result<Duration> {
        let wrong = |why: String| Error::option("pts", why);
        if seconds.is_nan() || seconds < 0.0 {
            return Err(wrong(format!("pts was {seconds}, which is no time after the start")));
        }
        // A year is more than any clock of RTP is asked for; beyond it the roundings are frames.
        let limit = f64::from(366 * 86_400);
        if seconds > limit {
            return Err(wrong(format!("pts was {seconds} seconds, which is more than a year")));
        }
        let pts = Duration::from_secs_f64(seconds);
        let mut tracks = self.0.lock();
        let Some(track) = tracks.iter_mut().find(|track| *track.mid == *mid) else {
            tracks.push(Track { mid: mid.into(), last: Some(pts), before: None });
            return Ok(pts);
        };
        if let Some(last) = track.last.filter(|last| pts <= *last) {
            let last = last.as_secs_f64();
            return Err(wrong(format!("pts was {seconds}, not after the frame before, which was at {last}")));
        }
        (track.before, track.last) = (track.last, Some(pts));
        Ok(pts)
    }

    /// Forgets the last frame, which could not be sent after all: it may be given again.
    pub fn take_back(&self, mid: &str, pts: Duration) {
        if let Some(track) = self.0.lock().iter_mut().find(|track| *track.mid == *mid && track.last == Some(pts)) {
            track.last = track.before;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_rise_in_each_track() {
        let live = Live::default();
        for (mid, pts, fine) in [
            ("0", 0.0, true),
            ("0", 0.0, false),
            ("1", 0.0, true),
            ("0", 0.04, true),
            ("0", 0.03, false),
            ("0", f64::NAN, false),
            ("0", -0.1, false),
            ("0", f64::INFINITY, false),
            ("0", 1e300, false),
            ("0", 0.08, true),
            ("1", 0.02, true),
        ] {
            let answer = live.check(mid, pts);
            assert_eq!(answer.is_ok(), fine, "{mid} {pts}: {answer:?}");
            match answer {
                Ok(time) => assert_eq!(time, Duration::from_secs_f64(pts)),
                Err(error) => {
                    assert_eq!((error.code(), error.detail().get("key").unwrap().as_str()), ("argument", Some("pts")))
                }
            }
        }
    }
    #[test]
    fn a_frame_that_was_refused_may_come_again() {
        let live = Live::default();
        let second = Duration::from_secs(1);
        live.check("0", 0.5).unwrap();
        live.check("0", 1.0).unwrap();
        live.take_back("0", second * 2);
        live.check("0", 1.0).unwrap_err();
        live.take_back("0", second);
        live.check("0", 0.5).unwrap_err();
        assert_eq!(live.check("0", 1.0).unwrap(), second);
    }
}
