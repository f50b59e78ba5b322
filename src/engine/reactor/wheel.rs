//! Due times of many periodic things, rounded so that they fall together: ten thousand sessions that are kept alive every
//! twenty seconds cost one timer and at most one wake-up a second, not ten thousand timers.
//!
//! No IO and no clock here: [`Wheel`] is told the time. [`beat`](super::beat) turns it on the reactor.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// A tick is never longer than this.
const LONGEST_TICK: u64 = 1000;
/// A tick is at most one part in so many of the period.
const PARTS: u64 = 8;

/// Entries by the moment that they are due, each with a `T` that is given out then.
#[derive(Debug)]
pub struct Wheel<T> {
    /// Ticks are counted from here.
    base: Instant,
    /// By milliseconds since the base, only those that somebody is due at.
    ticks: BTreeMap<u64, Vec<u32>>,
    entries: Vec<Entry<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Entry<T> {
    /// Where it stands: the tick and the place in it.
    place: Option<(u64, usize)>,
    it: Option<T>,
}

/// An entry; to be given back with [`Wheel::remove`].
#[derive(Debug, PartialEq, Eq)]
pub struct Key(u32);

impl<T> Wheel<T> {
    /// Without entries; no moment before `base` can be told apart from it.
    #[must_use]
    pub fn new(base: Instant) -> Wheel<T> {
        Wheel { base, ticks: BTreeMap::new(), entries: Vec::new(), free: Vec::new() }
    }

    /// An entry that is not due at all yet.
    pub fn add(&mut self) -> Key {
        if let Some(free) = self.free.pop() {
            return Key(free);
        }
        let key = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        self.entries.push(Entry { place: None, it: None });
        Key(key)
    }

    /// Takes an entry away, due or not.
    #[expect(clippy::needless_pass_by_value, reason = "a key must not be used after that")]
    pub fn remove(&mut self, key: Key) -> Option<T> {
        let it = self.cancel(&key);
        if (key.0 as usize) < self.entries.len() {
            self.free.push(key.0);
        }
        it
    }

    /// Makes an entry due at `moment`, rounded up to a tick that fits `period`, and not at what was said before. Gives the
    /// moment of the tick.
    pub fn set(&mut self, key: &Key, moment: Instant, period: Duration, it: T) -> Instant {
        drop(self.cancel(key));
        let step = tick(period);
        let away = moment.saturating_duration_since(self.base);
        // Up, in nanoseconds: what is due a little later must not come a little earlier.
        let exact = u64::try_from(away.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX / 2);
        let at = exact.div_ceil(step).saturating_mul(step);
        let due = self.ticks.entry(at).or_default();
        if let Some(entry) = self.entries.get_mut(key.0 as usize) {
            entry.place = Some((at, due.len()));
            entry.it = Some(it);
            due.push(key.0);
        }
        self.moment(at)
    }

    /// Not due any more; gives back what it was set with.
    pub fn cancel(&mut self, key: &Key) -> Option<T> {
        let entry = self.entries.get_mut(key.0 as usize)?;
        let it = entry.it.take();
        if let Some((at, place)) = entry.place.take()
            && let Some(due) = self.ticks.get_mut(&at)
            && place < due.len()
        {
            due.swap_remove(place);
            let moved = due.get(place).copied();
            if due.is_empty() {
                self.ticks.remove(&at);
            }
            if let Some(other) = moved.and_then(|moved| self.entries.get_mut(moved as usize)) {
                other.place = Some((at, place));
            }
        }
        it
    }

    /// What an entry that is due was set with.
    pub fn it(&mut self, key: &Key) -> Option<&mut T> {
        self.entries.get_mut(key.0 as usize)?.it.as_mut()
    }

    /// Gives out what is due at `now`, in the order of the ticks.
    pub fn advance(&mut self, now: Instant, out: &mut Vec<T>) {
        let Some(passed) = now.checked_duration_since(self.base) else { return };
        let passed = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        while let Some(first) = self.ticks.first_entry()
            && *first.key() <= passed
        {
            for key in first.remove() {
                if let Some(entry) = self.entries.get_mut(key as usize) {
                    entry.place = None;
                    out.extend(entry.it.take());
                }
            }
        }
    }

    /// When somebody is due next.
    #[must_use]
    pub fn next_tick(&self) -> Option<Instant> {
        self.ticks.first_key_value().map(|(at, _)| self.moment(*at))
    }

    /// How many moments there are at which somebody is due.
    #[must_use]
    pub fn ticks(&self) -> usize {
        self.ticks.len()
    }

    fn moment(&self, at: u64) -> Instant {
        self.base.checked_add(Duration::from_millis(at)).unwrap_or(self.base)
    }
}

/// The tick of a period in milliseconds: a second halved until it fits, so that the ticks of long periods are ticks of
/// short ones too and things fall together.
fn tick(period: Duration) -> u64 {
    let most = u64::try_from(period.as_millis()).unwrap_or(u64::MAX) / PARTS;
    [LONGEST_TICK, 500, 250, 125, 25, 5].into_iter().find(|tick| *tick <= most).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn ten_thousand_beats_of_twenty_seconds_are_a_wake_up_a_second() {
        let base = clock::now();
        let mut wheel = Wheel::new(base);
        let period = Duration::from_secs(20);
        // They begin anywhere within the first twenty seconds, every two milliseconds.
        let keys: Vec<Key> = (0..10_000).map(|_| wheel.add()).collect();
        for (number, key) in keys.iter().enumerate() {
            wheel.set(key, base + ms(2 * number as u64) + period, period, number);
        }
        assert!(wheel.ticks() <= 21, "{}", wheel.ticks());
        let mut last = vec![None; keys.len()];
        let (mut wakes, mut beats, mut due) = (0, 0, Vec::new());
        while let Some(now) = wheel.next_tick().filter(|next| *next <= base + Duration::from_secs(600)) {
            wheel.advance(now, &mut due);
            wakes += 1;
            for number in due.drain(..) {
                let since: Instant = last[number].replace(now).unwrap_or(base + ms(2 * number as u64));
                let passed = now - since;
                assert!(passed >= period && passed <= period + ms(1000), "{passed:?}");
                wheel.set(&keys[number], now + period, period, number);
                beats += 1;
            }
        }
        // From 20 s to 600 s; each begins within the first twenty seconds and beats 29 or 30 times.
        assert!(wakes <= 581, "{wakes}");
        assert!((290_000..=300_000).contains(&beats), "{beats}");
    }

    #[test]
    fn ticks_are_at_most_an_eighth_of_the_period_and_at_most_a_second() {
        for period in [8, 50, 100, 200, 999, 1000, 2000, 4000, 7999, 8000, 20_000, 3_600_000].map(ms) {
            let base = clock::now();
            let mut wheel = Wheel::new(base);
            let key = wheel.add();
            for offset in [0, 1, 7, 333] {
                let wanted = base + period + Duration::from_micros(offset);
                let late = wheel.set(&key, wanted, period, ()) - wanted;
                assert!(late <= (period / 8).min(ms(1000)), "{period:?}: {late:?}");
                assert_eq!(wheel.ticks(), 1, "the earlier one is gone");
            }
        }
    }

    #[test]
    fn nothing_is_due_early_and_nothing_that_was_cancelled() {
        let base = clock::now();
        let mut wheel = Wheel::new(base);
        let keys: Vec<Key> = (0..100).map(|_| wheel.add()).collect();
        for (number, key) in keys.iter().enumerate() {
            wheel.set(key, base + ms(number as u64 % 3 * 1000), ms(8000), number);
        }
        // Any order of cancelling must leave the others in their places.
        for number in (0..100).filter(|number| number % 7 == 0 || number % 5 == 1) {
            assert_eq!(wheel.cancel(&keys[number]), Some(number));
            assert_eq!(wheel.cancel(&keys[number]), None);
        }
        for second in 0..3 {
            let mut due = Vec::new();
            wheel.advance(base + ms(second * 1000), &mut due);
            due.sort_unstable();
            let expected: Vec<usize> =
                (0..100).filter(|number| number % 7 != 0 && number % 5 != 1 && number % 3 == second as usize).collect();
            assert_eq!(due, expected, "second {second}");
            wheel.advance(base + ms(second * 1000 + 999), &mut due);
            assert_eq!(due, expected, "early in second {second}");
        }
        assert_eq!(wheel.next_tick(), None);
    }

    #[test]
    fn places_are_used_again() {
        let base = clock::now();
        let mut wheel = Wheel::new(base);
        for _ in 0..1000 {
            let key = wheel.add();
            wheel.set(&key, base + ms(1), ms(8), ());
            wheel.remove(key);
        }
        assert_eq!((wheel.entries.len(), wheel.ticks()), (1, 0));
    }
}
