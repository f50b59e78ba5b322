//! Whether and when a failed exchange is tried again (spec/http.md 1.17): the arithmetic of urllib3's `Retry`.
//!
//! [`Policy`] is what the host wrote; [`Retry`] counts one request against it. Neither sleeps, reads a clock or draws a
//! random number: `now` and `random` come from outside, so every sequence can be tested.

use std::{sync::Arc, time::Duration};

use crate::{
    error::{Error, Result, code},
    value::{Object, Tree},
};

/// The methods that are tried again after a read error or a status unless the policy names others.
const IDEMPOTENT: [&str; 6] = ["HEAD", "GET", "PUT", "DELETE", "OPTIONS", "TRACE"];

/// A cap on a kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Limit {
    /// No cap of this kind.
    #[default]
    None,
    /// `false`: not even counted; the failure is passed on as it is.
    Off,
    /// So many are forgiven.
    Count(i64),
}

impl Limit {
    fn parse(key: &str, value: &Tree) -> Result<Limit> {
        match value {
            Tree::Null => Ok(Limit::None),
            Tree::Bool(false) => Ok(Limit::Off),
            Tree::Int(count) if *count >= 0 => Ok(Limit::Count(*count)),
            _ => Err(Error::option(key, "a retry count was not a whole number, false or null")),
        }
    }

    /// One less; `false` counts as nought, as it does in the original.
    fn take_one(&mut self) {
        match self {
            Limit::None => {}
            Limit::Off => *self = Limit::Count(-1),
            Limit::Count(left) => *left -= 1,
        }
    }

    fn is_overdrawn(self) -> bool {
        matches!(self, Limit::Count(left) if left < 0)
    }
}

/// What the host asked for. All spans are in seconds.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The cap over all kinds; it wins over the others.
    pub total: Limit,
    /// Nothing reached the server.
    pub connect: Limit,
    /// The server may have begun to work.
    pub read: Limit,
    /// Answers.
    pub status: Limit,
    /// Everything else, TLS for example.
    pub other: Limit,
    /// In upper case; none: all methods.
    pub allowed_methods: Option<Vec<String>>,
    /// Statuses that cause a retry.
    pub status_forcelist: Vec<u16>,
    /// The n-th failure in a row waits `factor * 2^(n-1)`; the first waits for nothing.
    pub backoff_factor: f64,
    /// The longest wait of the above.
    pub backoff_max: f64,
    /// A random part of at most so much is added.
    pub backoff_jitter: f64,
    /// Whether the server's `Retry-After` is obeyed.
    pub respect_retry_after_header: bool,
    /// The longest wait for a `Retry-After`.
    pub retry_after_max: f64,
    /// Whether a status that used the retries up is an error (else it is the answer).
    pub raise_on_status: bool,
}

impl Default for Policy {
    /// Ten of everything, as urllib3's `Retry()`.
    fn default() -> Policy {
        Policy {
            total: Limit::Count(10),
            connect: Limit::None,
            read: Limit::None,
            status: Limit::None,
            other: Limit::None,
            allowed_methods: Some(IDEMPOTENT.map(String::from).to_vec()),
            status_forcelist: Vec::new(),
            backoff_factor: 0.0,
            backoff_max: 120.0,
            backoff_jitter: 0.0,
            respect_retry_after_header: true,
            retry_after_max: 21_600.0,
            raise_on_status: true,
        }
    }
}

impl Policy {
    /// Nothing is tried again: the default of a session.
    pub fn never() -> Policy {
        Policy { total: Limit::Count(0), read: Limit::Off, ..Policy::default() }
    }

    /// Whether nothing is ever tried again, so that nobody needs to count.
    pub fn is_never(&self) -> bool {
        self.total == Limit::Count(0)
    }

    /// Whether an answer of this status might be tried again.
    pub fn minds_status(&self, status: u16) -> bool {
        !self.is_never() && (self.status_forcelist.contains(&status) || matches!(status, 413 | 429 | 503))
    }

    /// Reads the `retry` argument: a number, an object with the members of this struct, false, or null for [`never`].
    ///
    /// # Errors
    /// `argument`, naming the member.
    ///
    /// [`never`]: Policy::never
    pub fn parse(value: &Tree) -> Result<Policy> {
        match value {
            Tree::Null | Tree::Int(0) => Ok(Policy::never()),
            Tree::Object(members) => Policy::parse_members(members),
            _ => Ok(Policy { total: Limit::parse("retry", value)?, ..Policy::default() }),
        }
    }

    fn parse_members(members: &Object) -> Result<Policy> {
        let mut policy = Policy::default();
        for (key, value) in members.iter() {
            match key {
                "total" => policy.total = Limit::parse(key, value)?,
                "connect" => policy.connect = Limit::parse(key, value)?,
                "read" => policy.read = Limit::parse(key, value)?,
                "status" => policy.status = Limit::parse(key, value)?,
                "other" => policy.other = Limit::parse(key, value)?,
                // A session follows redirects itself, so the originals' cap on them never acts.
                "redirect" => drop(Limit::parse(key, value)?),
                "allowed_methods" => policy.allowed_methods = methods(value)?,
                "status_forcelist" => policy.status_forcelist = statuses(value)?,
                "backoff_factor" => policy.backoff_factor = seconds(key, value)?,
                "backoff_max" => policy.backoff_max = seconds(key, value)?,
                "backoff_jitter" => policy.backoff_jitter = seconds(key, value)?,
                "retry_after_max" => policy.retry_after_max = seconds(key, value)?,
                "respect_retry_after_header" => policy.respect_retry_after_header = truth(key, value)?,
                "raise_on_status" => policy.raise_on_status = truth(key, value)?,
                _ => return Err(Error::option(key, "retry was given an unknown member")),
            }
        }
        Ok(policy)
    }

    fn allows(&self, method: &str) -> bool {
        match &self.allowed_methods {
            None => true,
            Some(methods) => methods.is_empty() || methods.iter().any(|allowed| allowed.eq_ignore_ascii_case(method)),
        }
    }
}

fn methods(value: &Tree) -> Result<Option<Vec<String>>> {
    let wrong = || Error::option("allowed_methods", "allowed_methods was not a list of method names or null");
    match value {
        Tree::Null | Tree::Bool(false) => Ok(None),
        Tree::Text(all) if all.eq_ignore_ascii_case("all") => Ok(None),
        Tree::Array(items) => {
            let names = items.iter().map(|item| item.as_str().map(str::to_ascii_uppercase).ok_or_else(wrong));
            names.collect::<Result<_>>().map(Some)
        }
        _ => Err(wrong()),
    }
}

fn statuses(value: &Tree) -> Result<Vec<u16>> {
    let wrong = || Error::option("status_forcelist", "status_forcelist was not a list of statuses");
    match value {
        Tree::Null => Ok(Vec::new()),
        Tree::Array(items) => items
            .iter()
            .map(|item| match item {
                Tree::Int(status) => u16::try_from(*status).map_err(|_| wrong()),
                _ => Err(wrong()),
            })
            .collect(),
        _ => Err(wrong()),
    }
}

fn seconds(key: &str, value: &Tree) -> Result<f64> {
    let seconds = match value {
        #[expect(clippy::cast_precision_loss, reason = "no span of time is that long")]
        Tree::Int(whole) => *whole as f64,
        Tree::Double(number) | Tree::Number(number, _) => *number,
        _ => -1.0,
    };
    if seconds.is_finite() && seconds >= 0.0 {
        Ok(seconds)
    } else {
        Err(Error::option(key, "a span was not a number of seconds"))
    }
}

fn truth(key: &str, value: &Tree) -> Result<bool> {
    match value {
        Tree::Bool(truth) => Ok(*truth),
        _ => Err(Error::option(key, "a switch of retry was neither true nor false")),
    }
}

/// How an exchange failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No connection, to the server or to the proxy: nothing was sent.
    Connect,
    /// It broke, fell silent or spoke nonsense after the request had begun to go out.
    Read,
    /// Everything else, TLS for example.
    Other,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decision {
    /// Wait so long, then send the request again.
    Again(Duration),
    /// Hand the error, or the answer, to the caller as it is.
    PassOn,
    /// The retries are used up. An error is handed out all the same (requests wraps it, its time-outs of reading then
    /// being plain connection errors); a status becomes [`Retry::exhausted_error`].
    Exhausted,
}

/// One request's tries.
#[derive(Clone, Debug)]
pub struct Retry {
    policy: Arc<Policy>,
    total: Limit,
    connect: Limit,
    read: Limit,
    status: Limit,
    other: Limit,
    tries: u32,
}

impl Retry {
    /// The full measure.
    pub fn new(policy: Arc<Policy>) -> Retry {
        let Policy { total, connect, read, status, other, .. } = *policy.as_ref();
        Retry { policy, total, connect, read, status, other, tries: 0 }
    }

    /// How often it was tried again (the `retries` of the meta data).
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// Counts a failure. `random` gives numbers from 0 to 1, and is asked only when the policy jitters.
    pub fn after_error(&mut self, failure: Failure, method: &str, random: &mut dyn FnMut() -> f64) -> Decision {
        if self.total == Limit::Off {
            return Decision::PassOn;
        }
        let limit = match failure {
            Failure::Connect => &mut self.connect,
            Failure::Read if !self.policy.allows(method) => return Decision::PassOn,
            Failure::Read => &mut self.read,
            Failure::Other => &mut self.other,
        };
        if *limit == Limit::Off && failure != Failure::Other {
            return Decision::PassOn;
        }
        limit.take_one();
        self.count(random, None)
    }

    /// Counts an answer; `retry_after` is its header, `now` in seconds since 1970.
    pub fn after_status(
        &mut self,
        status: u16,
        retry_after: Option<&str>,
        method: &str,
        now: i64,
        random: &mut dyn FnMut() -> f64,
    ) -> Decision {
        let retry_after = retry_after.map(str::trim).filter(|text| !text.is_empty());
        let forced = self.policy.status_forcelist.contains(&status);
        let asked = retry_after.is_some()
            && self.policy.respect_retry_after_header
            && matches!(status, 413 | 429 | 503)
            && matches!(self.total, Limit::Count(left) if left != 0);
        if !(forced || asked) || !self.policy.allows(method) {
            return Decision::PassOn;
        }
        self.status.take_one();
        let wait = retry_after.filter(|_| self.policy.respect_retry_after_header);
        match self.count(random, wait.and_then(|text| self.delay(text, now))) {
            Decision::Exhausted if !self.policy.raise_on_status => Decision::PassOn,
            decision => decision,
        }
    }

    fn count(&mut self, random: &mut dyn FnMut() -> f64, wait: Option<Duration>) -> Decision {
        self.total.take_one();
        if [self.total, self.connect, self.read, self.status, self.other].into_iter().any(Limit::is_overdrawn) {
            return Decision::Exhausted;
        }
        self.tries += 1;
        Decision::Again(wait.unwrap_or_else(|| self.backoff(random)))
    }

    fn backoff(&self, random: &mut dyn FnMut() -> f64) -> Duration {
        if self.tries <= 1 {
            return Duration::ZERO;
        }
        // Beyond this the power is infinite, and nought times that is no number.
        let exponent = i32::try_from(self.tries - 1).unwrap_or(i32::MAX).min(1000);
        let mut seconds = self.policy.backoff_factor * 2f64.powi(exponent);
        if self.policy.backoff_jitter != 0.0 {
            seconds += random() * self.policy.backoff_jitter;
        }
        span(seconds.min(self.policy.backoff_max))
    }

    fn delay(&self, text: &str, now: i64) -> Option<Duration> {
        asked(text, now).map(|seconds| span(seconds.min(self.policy.retry_after_max)))
    }

    /// The error for a status that used the retries up.
    pub fn exhausted_error(&self, status: u16) -> Error {
        Error::new(&code::RETRY, format!("the retries were used up by answers of status {status}"))
            .with("http_status", i64::from(status))
            .outcome(crate::error::Outcome::Applied)
            .with("retries", i64::from(self.tries))
    }
}

/// The seconds from `now` on that a `Retry-After` asks for; nothing if it is past, nought or unreadable (the original
/// fails on the last).
pub fn asked(text: &str, now: i64) -> Option<f64> {
    let seconds = if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().unwrap_or(f64::MAX)
    } else {
        let date = httpdate::parse_http_date(text).ok()?;
        let then = date.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
        #[expect(clippy::cast_precision_loss, reason = "no date is that far")]
        let seconds = i64::try_from(then).ok()?.saturating_sub(now) as f64;
        seconds
    };
    (seconds > 0.0).then_some(seconds)
}

/// Seconds as a duration; what cannot be one is nothing.
fn span(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests;
