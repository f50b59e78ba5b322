//! How long a call of the host may take (verbs.md, "Options of every call"): `timeout` and `timeouts.total` are the whole
//! call with everything in it, the shorter of them counts, and there is none unless one is said, as with the official
//! client. The moment at which it is over is fixed when the call begins; every call of the server that it takes has what
//! is left, and tells the server (`grpc-timeout`).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    args::{Args, duration},
    clock,
    engine::net::cancel::Cancel,
    error::{Error, Outcome, Result, code},
    secret::Secret,
    value::{Object, Tree},
};

/// The most that `grpc-timeout` has room for: 8 digits.
const MOST: u128 = 99_999_999;

/// The limits of calls that say nothing themselves.
#[derive(Clone, Copy, Default, Debug)]
pub struct Usual {
    /// `timeout`.
    pub timeout: Option<Duration>,
    /// `timeouts.total`.
    pub total: Option<Duration>,
}

impl Usual {
    /// These, and what the arguments say instead.
    ///
    /// # Errors
    /// `argument`.
    pub fn read(mut self, args: &Args) -> Result<Usual> {
        match args.get("timeout") {
            None => {}
            Some(Tree::Array(_)) => {
                let message = "timeout was a list; of Mesh it is the whole call, and timeouts.connect and timeouts.read are the phases";
                return Err(Error::option("timeout", message));
            }
            Some(value) => self.timeout = positive("timeout", value)?,
        }
        match args.get("timeouts") {
            None => {}
            Some(Tree::Null) => self.total = None,
            Some(Tree::Object(phases)) => {
                if let Some(total) = phases.get("total") {
                    self.total = positive("timeouts.total", total)?;
                }
            }
            Some(_) => return Err(Error::option("timeouts", "timeouts was not a group of connect, read, total")),
        }
        Ok(self)
    }

    /// As the options show it.
    pub fn show(self, shown: &mut Object) {
        let seconds = |time: Option<Duration>| time.map_or(Tree::Null, |time| Tree::Double(time.as_secs_f64()));
        shown.insert("timeout", seconds(self.timeout));
        if let Some(Tree::Object(phases)) = shown.get_mut("timeouts") {
            phases.insert("total", seconds(self.total));
        }
    }

    /// The shorter one.
    fn whole(self) -> Option<Duration> {
        self.timeout.into_iter().chain(self.total).min()
    }
}

fn positive(key: &str, value: &Tree) -> Result<Option<Duration>> {
    match duration(key, value)? {
        Some(Duration::ZERO) => Err(Error::option(key, format!("{key} was zero; leave it out to wait for ever"))),
        time => Ok(time),
    }
}

/// Of `timeouts` what HTTP is told: the phases of each exchange, and not the whole.
#[must_use]
pub fn phases(args: &Args) -> Option<Tree> {
    match args.get("timeouts")? {
        Tree::Object(phases) => {
            let mut phases = phases.clone();
            phases.remove("total");
            Some(Tree::Object(phases))
        }
        other => Some(other.clone()),
    }
}

/// What counts for all calls of the server that one call of the host takes.
#[derive(Clone)]
pub struct Terms {
    headers: Option<Tree>,
    phases: Option<Tree>,
    limit: Option<Duration>,
    until: Option<Instant>,
    /// Ends the call from another thread.
    pub cancel: Arc<Cancel>,
}

/// A call of the host.
pub struct Task<'a> {
    /// The verb.
    pub verb: Option<&'a str>,
    /// What it is done to.
    pub target: Option<&'a str>,
    /// The arguments.
    pub args: &'a Args,
    /// What counts for all that it takes.
    pub terms: &'a Terms,
}

impl Terms {
    /// Those of a call that begins now.
    ///
    /// # Errors
    /// `argument`.
    pub fn read(args: &Args, usual: Usual, cancel: &Arc<Cancel>) -> Result<Terms> {
        let limit = usual.read(args)?.whole();
        let headers = args.get("headers").filter(|headers| !headers.is_null()).cloned();
        Ok(Terms { headers, phases: phases(args), limit, until: over(limit), cancel: Arc::clone(cancel) })
    }

    /// Those of a call of ours that begins now.
    #[must_use]
    pub fn within(limit: Duration, cancel: &Arc<Cancel>) -> Terms {
        Terms { headers: None, phases: None, limit: Some(limit), until: over(Some(limit)), cancel: Arc::clone(cancel) }
    }

    /// The same for a call that begins now.
    #[must_use]
    pub fn anew(&self) -> Terms {
        Terms { until: over(self.limit), ..self.clone() }
    }

    /// The same, over when that one is at the latest, and ended with it.
    #[must_use]
    pub fn inside(self, outer: &Terms) -> Terms {
        let until = self.until.into_iter().chain(outer.until).min();
        Terms { until, cancel: Arc::clone(&outer.cancel), ..self }
    }

    /// The same without the host's header fields.
    #[must_use]
    pub fn bare(&self) -> Terms {
        Terms { headers: None, ..self.clone() }
    }

    /// The same with another header field.
    #[must_use]
    pub fn with_header(&self, name: &str, value: &str) -> Terms {
        let mut terms = self.clone();
        put(&mut terms.headers, name, Tree::from(value));
        terms
    }

    /// The time that is left, when it is limited.
    ///
    /// # Errors
    /// `total_timeout`: what is not sent yet never will be.
    pub fn left(&self) -> Result<Option<Duration>> {
        let Some(until) = self.until else { return Ok(None) };
        match until.saturating_duration_since(clock::now()) {
            Duration::ZERO => Err(late().outcome(Outcome::NotSent)),
            left => Ok(Some(left)),
        }
    }

    /// Whether the call goes on, for who waits for something else than the server.
    ///
    /// # Errors
    /// `cancelled`, `total_timeout`.
    pub fn check(&self) -> Result<()> {
        self.cancel.check()?;
        self.left().map(drop)
    }

    /// The arguments of an HTTP request that is sent now; `data` is a framed message.
    ///
    /// # Errors
    /// `total_timeout`.
    pub fn order(&self, data: Tree, token: Option<&Secret>, stream: bool) -> Result<Args> {
        let mut order = Args::new();
        let mut headers = self.headers.clone();
        let mut phases = self.phases.clone();
        if let Some(left) = self.left()? {
            put(&mut headers, "grpc-timeout", Tree::from(grpc_timeout(left)));
            let mut times = match phases {
                Some(Tree::Object(times)) => times,
                _ => Object::with_capacity(1),
            };
            times.insert("total", Tree::Double(left.as_secs_f64()));
            phases = Some(Tree::Object(times));
        }
        if let Some(token) = token {
            put(&mut headers, "authorization", Tree::from(format!("Bearer {}", token.reveal())));
        }
        order.set("data", data);
        order.set("allow_redirects", false);
        order.set("stream", stream);
        if let Some(headers) = headers {
            order.set("headers", headers);
        }
        if let Some(phases) = phases {
            order.set("timeouts", phases);
        }
        Ok(order)
    }

    /// A failure as the host is to see it: the server, which was told the time, may be the first to say that it is over.
    #[must_use]
    pub fn told(&self, error: Error) -> Error {
        let over = || self.until.is_some_and(|until| until <= clock::now());
        let status = error.detail().get("grpc_status").and_then(Tree::as_str);
        if error.code() != code::SERVER.word || !matches!(status, Some("DEADLINE_EXCEEDED" | "CANCELLED")) || !over() {
            return error;
        }
        late().outcome(Outcome::Unknown)
    }
}

fn late() -> Error {
    Error::new(&code::TOTAL_TIMEOUT, "the whole call took too long")
        .phase("total")
        .with("grpc_status", "DEADLINE_EXCEEDED")
}

/// When that much time from now on is over; what the clock has no room for never is.
fn over(limit: Option<Duration>) -> Option<Instant> {
    limit.and_then(|limit| clock::now().checked_add(limit))
}

/// Adds a header field to those of the host, who may have written an object or a list of pairs.
fn put(headers: &mut Option<Tree>, name: &str, value: Tree) {
    match headers {
        Some(Tree::Object(fields)) => fields.insert(name, value),
        Some(Tree::Array(pairs)) => pairs.push(Tree::Array(vec![Tree::from(name), value])),
        none => {
            let mut fields = Object::with_capacity(2);
            fields.insert(name, value);
            *none = Some(Tree::Object(fields));
        }
    }
}

/// A time as gRPC has it: at most 8 digits and a unit; the next whole one, so that the server does not give up before us.
fn grpc_timeout(left: Duration) -> String {
    let nanos = left.as_nanos();
    let units: [(u128, &str); 5] =
        [(1_000, "u"), (1_000_000, "m"), (1_000_000_000, "S"), (60_000_000_000, "M"), (3_600_000_000_000, "H")];
    let found = units.into_iter().map(|(unit, name)| (nanos.div_ceil(unit), name)).find(|(count, _)| *count <= MOST);
    let (count, name) = found.unwrap_or((MOST, "H"));
    format!("{count}{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual(json: &str) -> Result<Option<Duration>> {
        let mut args = Args::new();
        if let Some(Tree::Object(members)) = Tree::from_json(json).ok() {
            members.iter().for_each(|(name, value)| args.set(name, value.clone()));
        }
        let session = Usual { timeout: Some(Duration::from_secs(7)), total: None };
        session.read(&args).map(Usual::whole)
    }

    #[test]
    fn the_shorter_one_counts_and_a_call_has_the_last_word() {
        let rows = [
            ("{}", Some(7000)),
            (r#"{"timeout": 3}"#, Some(3000)),
            (r#"{"timeout": 9, "timeouts": {"total": 8}}"#, Some(8000)),
            (r#"{"timeout": "250ms", "timeouts": {"total": 8}}"#, Some(250)),
            (r#"{"timeouts": {"total": 8, "read": 1}}"#, Some(7000)),
            (r#"{"timeout": null, "timeouts": {"total": 8}}"#, Some(8000)),
            (r#"{"timeout": null}"#, None),
        ];
        for (json, milliseconds) in rows {
            assert_eq!(usual(json).unwrap(), milliseconds.map(Duration::from_millis), "{json}");
        }
        for (json, key) in [
            (r#"{"timeout": [1, 2]}"#, "timeout"),
            (r#"{"timeout": 0}"#, "timeout"),
            (r#"{"timeouts": {"total": 0}}"#, "timeouts.total"),
            (r#"{"timeouts": 3}"#, "timeouts"),
        ] {
            let error = usual(json).unwrap_err();
            assert_eq!(error.detail().get("key").and_then(Tree::as_str), Some(key), "{json}");
        }
    }

    /// gRPC over HTTP2, "Timeout": at most 8 digits, and H, M, S, m, u or n.
    #[test]
    fn the_server_is_told_in_eight_digits() {
        let rows = [
            (Duration::from_nanos(1), "1u"),
            (Duration::from_micros(1500), "1500u"),
            (Duration::from_secs(99), "99000000u"),
            (Duration::from_secs(100), "100000m"),
            (Duration::from_millis(99_999_999), "99999999m"),
            (Duration::from_millis(100_000_000), "100000S"),
            (Duration::from_secs(100_000_000), "1666667M"),
            (Duration::MAX, "99999999H"),
        ];
        for (left, text) in rows {
            assert_eq!(grpc_timeout(left), text);
        }
    }
}
