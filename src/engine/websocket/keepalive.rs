//! Whether the peer is still there. Reads no clock: it is told the time when a timer ends, and in between only that
//! something was heard.

use std::time::{Duration, Instant};

/// What to do when the time has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alarm {
    /// Nothing.
    Wait,
    /// Ask.
    Ping,
    /// It is gone.
    Gone,
}

/// The watch over one peer.
#[derive(Clone, Copy, Debug)]
pub struct Keepalive {
    interval: Option<Duration>,
    timeout: Option<Duration>,
    at: Option<Instant>,
    asked: bool,
    heard: bool,
}

impl Keepalive {
    /// Asks after `interval` of silence (not at all when there is none), and gives up after `timeout` more.
    #[must_use]
    pub fn new(interval: Option<Duration>, timeout: Option<Duration>, now: Instant) -> Keepalive {
        let at = interval.and_then(|interval| now.checked_add(interval));
        Keepalive { interval, timeout, at, asked: false, heard: false }
    }

    /// When [`Keepalive::look`] is to be called.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.at
    }

    /// Something came; whatever it was, the peer is there. True when it had been asked: then [`Keepalive::settle`] is to
    /// be told the time.
    #[inline]
    pub fn hear(&mut self) -> bool {
        self.heard = true;
        self.asked
    }

    /// It answered.
    pub fn settle(&mut self, now: Instant) {
        (self.asked, self.heard) = (false, false);
        self.at = self.interval.and_then(|interval| now.checked_add(interval));
    }

    /// Looks at what happened up to `now`. `deaf` says that nobody listened, because the host has no room: then silence
    /// means nothing.
    pub fn look(&mut self, now: Instant, deaf: bool) -> Alarm {
        if self.at.is_none_or(|at| now < at) {
            return Alarm::Wait;
        }
        let heard = std::mem::take(&mut self.heard) || deaf;
        if heard || !self.asked {
            let ask = !heard;
            let time = if ask { self.timeout } else { self.interval };
            self.asked = ask;
            self.at = time.and_then(|time| now.checked_add(time));
            return if ask { Alarm::Ping } else { Alarm::Wait };
        }
        Alarm::Gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn silence_is_asked_about_and_then_believed() {
        let start = clock::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut watch = Keepalive::new(Some(Duration::from_secs(20)), Some(Duration::from_secs(5)), start);
        assert_eq!(watch.deadline(), Some(at(20)));
        assert_eq!(watch.look(at(19), false), Alarm::Wait);
        assert!(!watch.hear());
        assert_eq!(watch.look(at(20), false), Alarm::Wait);
        assert_eq!(watch.deadline(), Some(at(40)));
        assert_eq!(watch.look(at(40), false), Alarm::Ping);
        assert_eq!(watch.deadline(), Some(at(45)));
        assert!(watch.hear(), "it answered");
        watch.settle(at(41));
        assert_eq!(watch.look(at(45), false), Alarm::Wait);
        assert_eq!(watch.look(at(61), false), Alarm::Ping);
        assert_eq!(watch.deadline(), Some(at(66)));
        assert!(watch.hear());
        watch.settle(at(45));
        assert_eq!(watch.look(at(65), false), Alarm::Ping);
        assert_eq!(watch.look(at(70), true), Alarm::Wait, "nobody listened");
        assert_eq!(watch.look(at(90), false), Alarm::Ping);
        assert_eq!(watch.look(at(95), false), Alarm::Gone);
    }

    #[test]
    fn without_an_interval_nobody_asks() {
        let start = clock::now();
        let mut watch = Keepalive::new(None, Some(Duration::from_secs(5)), start);
        assert_eq!(watch.deadline(), None);
        assert_eq!(watch.look(start + Duration::from_secs(9999), false), Alarm::Wait);
    }
}
