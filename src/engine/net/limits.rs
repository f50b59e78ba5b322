//! How long a call may take, and the one place that waits for a descriptor within that.

use std::{
    io,
    os::fd::RawFd,
    time::{Duration, Instant},
};

use super::cancel::{Cancel, cancelled};
use crate::{
    clock,
    error::{Code, Error, code},
    sys::poll::{self, Interest},
};

/// The limits of one call; none means for ever.
#[derive(Clone, Copy, Default, Debug)]
pub struct Limits {
    /// For each address tried, with the handshakes of a proxy and of TLS.
    pub connect: Option<Duration>,
    /// The longest silence, of an upload that stalls as well.
    pub read: Option<Duration>,
    /// When the whole call must be over.
    pub total: Option<Instant>,
}

/// Why bytes stopped moving.
#[derive(Debug)]
pub enum Fault {
    /// The connection broke; on a reused one this may be repaired by a fresh one.
    Broken(io::Error),
    /// A limit or the host ended the call.
    Over(Error),
}

impl Fault {
    /// The error of a connection that broke while `doing`.
    #[must_use]
    pub fn into_error(self, code: &Code, doing: &str, phase: &'static str) -> Error {
        match self {
            Fault::Over(error) => error,
            Fault::Broken(error) => Error::new(code, format!("{doing}: {}", reason(&error))).phase(phase),
        }
    }
}

/// The system's reason without the number that Rust adds to it.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let mut text = match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    };
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    text
}

/// What the waits of one phase respect.
#[derive(Clone, Copy, Debug)]
pub struct Guard<'a> {
    /// The handle of the call.
    pub cancel: &'a Cancel,
    silence: Option<Duration>,
    connect: Option<Instant>,
    /// How long that is, to be told.
    connect_limit: Option<Duration>,
    total: Option<Instant>,
}

impl<'a> Guard<'a> {
    /// For the exchange itself: silence and the whole.
    #[must_use]
    pub fn exchange(limits: &Limits, cancel: &'a Cancel) -> Guard<'a> {
        Guard { cancel, silence: limits.read, connect: None, connect_limit: None, total: limits.total }
    }

    /// For making a connection that was begun at `start`.
    #[must_use]
    pub fn connect(limits: &Limits, cancel: &'a Cancel, start: Instant) -> Guard<'a> {
        let connect = limits.connect.and_then(|limit| start.checked_add(limit));
        Guard { cancel, silence: None, connect, connect_limit: limits.connect, total: limits.total }
    }

    /// The same with another limit on silence.
    #[must_use]
    pub fn with_silence(self, silence: Option<Duration>) -> Guard<'a> {
        Guard { silence, ..self }
    }

    /// The longest silence.
    #[must_use]
    pub fn silence(&self) -> Option<Duration> {
        self.silence
    }

    /// The earliest moment at which a wait must end.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match (self.connect, self.total) {
            (Some(connect), Some(total)) => Some(connect.min(total)),
            (connect, total) => connect.or(total),
        }
    }

    /// Whether nothing but the cancel ends a wait.
    #[must_use]
    pub fn is_unlimited(&self) -> bool {
        self.silence.is_none() && self.connect.is_none() && self.total.is_none()
    }

    /// The time-out that has passed at `now`, if one has.
    ///
    /// # Errors
    /// `total_timeout` or `connect_timeout`.
    pub fn check(&self, now: Instant, phase: &'static str) -> Result<(), Error> {
        if self.total.is_some_and(|total| total <= now) {
            return Err(Error::new(&code::TOTAL_TIMEOUT, "the whole call took too long").phase(phase));
        }
        if self.connect.is_some_and(|connect| connect <= now) {
            let within = within(self.connect_limit);
            let message = format!("the connection to the server was not made{within}");
            return Err(Error::new(&code::CONNECT_TIMEOUT, message).phase(phase));
        }
        Ok(())
    }

    /// Waits until `events` are seen on `fd`, and returns which of them.
    ///
    /// # Errors
    /// A time-out named by `phase`, the cancel, or what the system says.
    pub fn wait(&self, fd: RawFd, events: i16, phase: &'static str) -> Result<i16, Fault> {
        let mut silence = self.silence;
        let mut quiet_until = None;
        loop {
            let timeout = match self.deadline() {
                None => silence,
                Some(deadline) => {
                    let now = clock::now();
                    self.check(now, phase).map_err(Fault::Over)?;
                    let left = deadline.saturating_duration_since(now);
                    Some(silence.map_or(left, |silence| silence.min(left)))
                }
            };
            let mut interest = [Interest::new(fd, events)];
            match poll::wait(&mut interest, timeout) {
                Ok(0) => {
                    self.cancel.check().map_err(Fault::Over)?;
                    // The deadline's turn comes at the top of the loop.
                    if silence.is_some() && silence == timeout {
                        return Err(Fault::Over(silent_for(phase, self.silence)));
                    }
                }
                Ok(_) => {
                    self.cancel.check().map_err(Fault::Over)?;
                    return Ok(interest.first().map_or(0, Interest::seen));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    // A host that gets signals all the time must not wait for ever. The clock is read from the
                    // first signal on only, which can double one silence at most.
                    let now = clock::now();
                    let until = *quiet_until.get_or_insert_with(|| now + silence.unwrap_or_default());
                    silence = silence.map(|_| until.saturating_duration_since(now));
                }
                Err(error) => {
                    return Err(if self.cancel.is_cancelled() {
                        Fault::Over(cancelled())
                    } else {
                        Fault::Broken(error)
                    });
                }
            }
        }
    }
}

/// The error of a silence that was too long, with how long it was. "The server" is named by whoever knows it.
pub(crate) fn silent_for(phase: &'static str, limit: Option<Duration>) -> Error {
    let within = within(limit);
    let message = if phase == "write" {
        format!("the server took no bytes{within}")
    } else {
        format!("no answer came from the server{within}")
    };
    Error::new(&code::READ_TIMEOUT, message).phase(phase)
}

/// A limit in words.
pub(crate) fn within(limit: Option<Duration>) -> String {
    match limit {
        // Milliseconds are all that a limit can say.
        Some(limit) => format!(" within {} s", (limit.as_secs_f64() * 1000.0).round() / 1000.0),
        None => " in time".into(),
    }
}
