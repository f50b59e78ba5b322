//! How long to wait before the next try to get a lost connection back: exponential delays with a random part, so that a
//! thousand clients of a server that comes back do not all come at once. Reads no clock; whoever waits has the clock.
//!
//! The `reconnect` option is parsed here for everything that reconnects (verbs.md: durations are seconds or text with a
//! unit, null is "for ever").

use std::time::Duration;

use crate::{
    args::duration,
    error::{Error, Result},
    value::{Object, Tree},
};

/// What delays grow from when the first one is shorter.
const LEAST: Duration = Duration::from_millis(100);
/// A connection that stood no longer than this was as good as none, for who wants it back without a pause.
const BRIEF: Duration = Duration::from_secs(1);
/// The longest pause after those.
const BRIEF_PAUSE: Duration = Duration::from_secs(5);

/// The random part of a delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// None: the delay is exact.
    None,
    /// Somewhere between nothing and the delay: spreads the most.
    Full,
    /// Somewhere between half the delay and the delay: never at once.
    Equal,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// The first delay.
    pub delay: Duration,
    /// What each further one is multiplied with.
    pub factor: f64,
    /// The longest delay.
    pub max_delay: Duration,
    /// The most tries in a row; none is for ever.
    pub max_retries: Option<u32>,
    /// The random part.
    pub jitter: Jitter,
}

impl Default for Plan {
    /// From a second on doubling up to a minute, with equal jitter, for ever.
    fn default() -> Plan {
        Plan {
            delay: Duration::from_secs(1),
            factor: 2.0,
            max_delay: Duration::from_secs(60),
            max_retries: None,
            jitter: Jitter::Equal,
        }
    }
}

impl Plan {
    /// Reads the `reconnect` option over the defaults of whoever reconnects: `false` is none, `true` is `self`, and
    /// `{max_retries, delay, max_delay}` changes it, where null for `max_retries` is for ever.
    ///
    /// # Errors
    /// `argument`, naming the member.
    pub fn parse(self, value: &Tree) -> Result<Option<Plan>> {
        match value {
            Tree::Bool(false) => Ok(None),
            Tree::Bool(true) | Tree::Null => Ok(Some(self)),
            Tree::Object(members) => self.parse_members(members).map(Some),
            _ => Err(Error::option("reconnect", "reconnect was neither a boolean nor {max_retries, delay, max_delay}")),
        }
    }

    fn parse_members(mut self, members: &Object) -> Result<Plan> {
        let mut longest = None;
        for (member, value) in members.iter() {
            match member {
                "max_retries" => {
                    let wrong = || Error::option("reconnect.max_retries", "max_retries was not a whole number or null");
                    self.max_retries = match value {
                        Tree::Null => None,
                        _ => Some(value.as_int().and_then(|most| u32::try_from(most).ok()).ok_or_else(wrong)?),
                    };
                }
                "delay" => self.delay = duration("reconnect.delay", value)?.unwrap_or(self.delay),
                "max_delay" => longest = duration("reconnect.max_delay", value)?,
                other => {
                    let message = format!("reconnect has no member {other:?}; it has max_retries, delay and max_delay");
                    return Err(Error::option("reconnect", message));
                }
            }
        }
        match longest {
            Some(longest) if longest < self.delay => {
                return Err(Error::option("reconnect.max_delay", "max_delay was shorter than delay"));
            }
            Some(longest) => self.max_delay = longest,
            // A long first delay with nothing said about the longest is meant as it is written.
            None => self.max_delay = self.max_delay.max(self.delay),
        }
        Ok(self)
    }
}

/// The tries since the last success.
#[derive(Clone, Debug)]
pub struct Backoff {
    plan: Plan,
    tries: u32,
    /// Connections in a row that ended as soon as they stood.
    brief: u32,
    floor: Duration,
    once: Duration,
}

impl Backoff {
    /// Nothing was tried yet.
    #[must_use]
    pub fn new(plan: Plan) -> Backoff {
        Backoff { plan, tries: 0, brief: 0, floor: Duration::ZERO, once: Duration::ZERO }
    }

    /// The delay before the next try; `None` when there is none left.
    pub fn next_delay(&mut self) -> Option<Duration> {
        self.next_at(fraction())
    }

    /// The same with the random number from outside: 0 to 1.
    pub fn next_at(&mut self, random: f64) -> Option<Duration> {
        if self.plan.max_retries.is_some_and(|most| self.tries >= most) {
            return None;
        }
        let whole = self.whole();
        let part = match self.plan.jitter {
            Jitter::None => 1.0,
            Jitter::Full => random,
            Jitter::Equal => 0.5 + random / 2.0,
        };
        let pause = self.pause();
        self.tries = self.tries.saturating_add(1);
        let once = std::mem::take(&mut self.once);
        Some(whole.mul_f64(part.clamp(0.0, 1.0)).max(self.floor).max(pause).max(once))
    }

    /// The delay without its random part.
    fn whole(&self) -> Duration {
        let most = if self.tries == 0 { self.plan.max_delay } else { self.plan.max_delay.max(LEAST) }.as_secs_f64();
        // Nothing would stay nothing however often it is doubled, and a server that is down be asked without a pause.
        let first = if self.tries == 0 { self.plan.delay } else { self.plan.delay.max(LEAST) };
        let grown = first.as_secs_f64() * self.plan.factor.powi(i32::try_from(self.tries).unwrap_or(i32::MAX));
        Duration::try_from_secs_f64(grown.min(most)).unwrap_or(self.plan.max_delay)
    }

    /// The pause that is made although a shorter one was asked for. A peer that ends every connection at once, and wants
    /// to be asked again at once, would keep both sides busy for ever; the first time it has its way.
    fn pause(&self) -> Duration {
        if self.tries > 0 || self.brief < 2 || self.plan.delay >= LEAST {
            return Duration::ZERO;
        }
        LEAST.saturating_mul(1 << (self.brief - 2).min(16)).min(BRIEF_PAUSE)
    }

    /// The connection that stood has ended after so long.
    pub fn stood(&mut self, time: Duration) {
        self.brief = if time < BRIEF { self.brief.saturating_add(1) } else { 0 };
    }

    /// The connection stands again: the next loss begins anew.
    pub fn reset(&mut self) {
        self.tries = 0;
        self.once = Duration::ZERO;
    }

    /// How often it was tried in a row.
    #[must_use]
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// The other side asks for another first delay; none that follows is shorter than `floor`.
    pub fn set_delay(&mut self, delay: Duration, floor: Duration) {
        self.plan.delay = delay;
        self.plan.max_delay = self.plan.max_delay.max(delay);
        self.floor = floor;
    }

    /// The other side asks not to be tried before `time` has passed: the next delay is not shorter.
    pub fn at_least_once(&mut self, time: Duration) {
        self.once = self.once.max(time);
    }
}

/// A random number from 0 to 1. Without a source of randomness the delay is the whole one, which is always allowed.
fn fraction() -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few bits of randomness are enough")]
    getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Args;

    const fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn reconnect(json: &str) -> Result<Option<Plan>> {
        let mut args = Args::new();
        args.set_json(Some("reconnect"), json);
        Plan::default().parse(args.get("reconnect").unwrap())
    }

    #[test]
    fn delays_double_up_to_the_longest_and_end_with_the_tries() {
        let plan = Plan { max_delay: seconds(5), max_retries: Some(5), jitter: Jitter::None, ..Plan::default() };
        let mut backoff = Backoff::new(plan);
        let delays: Vec<_> = std::iter::from_fn(|| backoff.next_at(0.0)).collect();
        assert_eq!(delays, [1, 2, 4, 5, 5].map(seconds));
        assert_eq!(backoff.tries(), 5);
        backoff.reset();
        assert_eq!(backoff.next_at(0.0), Some(seconds(1)), "a success begins anew");
    }

    #[test]
    fn jitter_keeps_to_its_range() {
        for (jitter, least) in [(Jitter::Full, 0.0), (Jitter::Equal, 4.0), (Jitter::None, 8.0)] {
            let plan = Plan { delay: seconds(8), jitter, ..Plan::default() };
            let ends = [0.0, 1.0].map(|random| Backoff::new(plan).next_at(random).unwrap().as_secs_f64());
            assert_eq!(ends, [least, 8.0], "{jitter:?}");
        }
        let drawn: Vec<_> = (0..64)
            .map(|_| Backoff::new(Plan { jitter: Jitter::Full, ..Plan::default() }).next_delay().unwrap())
            .collect();
        assert!(drawn.iter().all(|delay| *delay <= seconds(1)));
        assert!(drawn.iter().any(|delay| *delay != drawn[0]), "64 equal draws");
    }

    #[test]
    fn ten_thousand_tries_are_no_longer_than_the_longest() {
        for delay in [Duration::ZERO, Duration::from_nanos(1), seconds(60)] {
            let mut backoff = Backoff::new(Plan { delay, jitter: Jitter::None, ..Plan::default() });
            let delays: Vec<_> = (0..10_000).map(|_| backoff.next_at(1.0).unwrap()).collect();
            assert_eq!(delays[0], delay);
            assert!(delays.is_sorted() && delays[20..].iter().all(|delay| *delay == seconds(60)));
        }
    }

    #[test]
    fn who_wants_no_pause_has_one_when_connections_do_not_last() {
        let plan = Plan { delay: Duration::ZERO, max_delay: Duration::ZERO, jitter: Jitter::None, ..Plan::default() };
        let mut backoff = Backoff::new(plan);
        let mut next = |stood| {
            backoff.reset();
            backoff.stood(Duration::from_millis(stood));
            backoff.next_at(0.0).unwrap().as_millis()
        };
        assert_eq!([10, 999, 0, 0, 0, 0, 0, 0, 0].map(&mut next), [0, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!([1000, 5000, 10, 10].map(&mut next), [0, 0, 0, 100], "one that lasted begins anew");
        let mut backoff = Backoff::new(plan);
        assert_eq!([(); 3].map(|()| backoff.next_at(0.0).unwrap().as_millis()), [0, 100, 100], "without a connection");
        let mut backoff = Backoff::new(Plan { delay: LEAST, max_delay: LEAST, ..plan });
        (0..9).for_each(|_| backoff.stood(Duration::ZERO));
        assert_eq!(backoff.next_at(0.0), Some(LEAST), "a pause that was asked for is kept to");
    }

    #[test]
    fn what_the_other_side_asks_for_is_a_lower_bound() {
        let mut backoff = Backoff::new(Plan::default());
        backoff.set_delay(seconds(90), seconds(90));
        assert_eq!(backoff.next_at(0.0), Some(seconds(90)), "longer than max_delay, and still obeyed");
        backoff.at_least_once(seconds(120));
        assert_eq!(backoff.next_at(0.0), Some(seconds(120)));
        assert_eq!(backoff.next_at(0.0), Some(seconds(90)));
    }

    #[test]
    fn the_option_is_a_boolean_or_an_object() {
        let standard = Plan::default();
        for (json, plan) in [
            ("false", None),
            ("true", Some(standard)),
            ("{}", Some(standard)),
            (r#"{"max_retries": null}"#, Some(standard)),
            (r#"{"max_retries": 0}"#, Some(Plan { max_retries: Some(0), ..standard })),
            (
                r#"{"delay": "250ms", "max_delay": 2}"#,
                Some(Plan { delay: Duration::from_millis(250), max_delay: seconds(2), ..standard }),
            ),
            (r#"{"delay": "2m"}"#, Some(Plan { delay: seconds(120), max_delay: seconds(120), ..standard })),
        ] {
            assert_eq!(reconnect(json).unwrap(), plan, "{json}");
        }
        for (json, key) in [
            ("1", "reconnect"),
            (r#""on""#, "reconnect"),
            (r#"{"retries": 1}"#, "reconnect"),
            (r#"{"max_retries": -1}"#, "reconnect.max_retries"),
            (r#"{"max_retries": 1.5}"#, "reconnect.max_retries"),
            (r#"{"delay": "soon"}"#, "reconnect.delay"),
            (r#"{"delay": 9, "max_delay": 3}"#, "reconnect.max_delay"),
        ] {
            let error = reconnect(json).unwrap_err();
            assert_eq!(error.detail().get("key").and_then(Tree::as_str), Some(key), "{json}: {error}");
        }
    }
}
