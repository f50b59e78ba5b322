//! Whether and when an event stream is asked for again (WHATWG HTML 9.2.3 and what it leaves to the client).
//!
//! As a browser's EventSource: a stream that ends is asked for again after the reconnection time, 204 ends it for good,
//! and so does every other status but 200 and another content type. Unlike it, 429 and 500 to 599 are tried again, as a
//! server that restarts answers with them; failures in a row wait longer and longer; and `Retry-After` is obeyed.

use std::time::Duration;

use crate::{
    engine::backoff::{Backoff, Jitter, Plan},
    error::{Error, Status, code},
};

/// The reconnection time until the stream names one.
pub const RECONNECTION_TIME: Duration = Duration::from_secs(3);
/// The longest `Retry-After` that is obeyed.
const LONGEST_WISH: Duration = Duration::from_secs(6 * 3600);

/// The defaults of `reconnect` for event streams.
pub fn plan() -> Plan {
    Plan { delay: RECONNECTION_TIME, jitter: Jitter::Equal, ..Plan::default() }
}

/// How a stream, or the try to get one, ended.
#[derive(Debug)]
pub enum End {
    /// Status 204: it is not to be asked for again.
    Gone,
    /// The server ended it in an orderly way.
    Complete,
    /// The answer was no event stream.
    Refused {
        /// The answer's status.
        status: u16,
        /// What its `Retry-After` asks for, in seconds.
        retry_after: Option<f64>,
        /// What to tell.
        error: Error,
    },
    /// It broke, or there was none.
    Failed(Error),
}

/// What to do then.
#[derive(Debug)]
pub enum Next {
    /// Ask again after this time; the reason is told.
    Again(Duration, Error),
    /// It has ended.
    Over(Option<Error>),
}

/// The life of one subscription over all its connections.
#[derive(Debug)]
pub struct Course {
    backoff: Option<Backoff>,
}

impl Course {
    /// Nothing was asked for yet; without a plan it is asked for once.
    #[must_use]
    pub fn new(plan: Option<Plan>) -> Course {
        let backoff = plan.map(|plan| {
            let mut backoff = Backoff::new(plan);
            backoff.set_delay(plan.delay, plan.delay);
            backoff
        });
        Course { backoff }
    }

    /// The stream stands.
    pub fn opened(&mut self) {
        if let Some(backoff) = &mut self.backoff {
            backoff.reset();
        }
    }

    /// The stream that stood has ended after so long.
    pub fn stood(&mut self, time: Duration) {
        if let Some(backoff) = &mut self.backoff {
            backoff.stood(time);
        }
    }

    /// The stream named a reconnection time.
    pub fn set_retry(&mut self, time: Duration) {
        if let Some(backoff) = &mut self.backoff {
            backoff.set_delay(time, time);
        }
    }

    /// How often it was tried in a row.
    #[must_use]
    pub fn tries(&self) -> u32 {
        self.backoff.as_ref().map_or(0, Backoff::tries)
    }

    /// What to do after an end.
    pub fn after(&mut self, end: End) -> Next {
        let (again, wish, error) = match end {
            End::Gone => return Next::Over(None),
            End::Complete => (true, None, None),
            End::Refused { status, retry_after, error } => {
                (status == 429 || (500..=599).contains(&status), retry_after, Some(error))
            }
            End::Failed(error) => (is_transient(&error), None, Some(error)),
        };
        let Some(backoff) = self.backoff.as_mut().filter(|_| again) else { return Next::Over(error) };
        if let Some(wish) = wish.and_then(|wish| Duration::try_from_secs_f64(wish.min(LONGEST_WISH.as_secs_f64())).ok())
        {
            backoff.at_least_once(wish);
        }
        match backoff.next_delay() {
            Some(delay) => {
                let ended = || Error::new(&code::STREAM_ENDED, "the server ended the event stream");
                Next::Again(delay, error.unwrap_or_else(ended))
            }
            None => Next::Over(error),
        }
    }
}

/// Whether the next try can go better: what the network or a peer that restarts brings about. What the host or its peer
/// says deliberately comes again.
fn is_transient(error: &Error) -> bool {
    match error.status() {
        Status::Io | Status::Timeout => true,
        Status::Protocol => error.code() != code::CONTENT_DECODING.word,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(kind: &'static crate::error::Code) -> End {
        End::Failed(Error::new(kind, "a test"))
    }

    fn refused(status: u16, retry_after: Option<f64>) -> End {
        End::Refused { status, retry_after, error: Error::new(&code::EVENT_STREAM, "a test") }
    }

    fn wait(next: Next) -> Duration {
        match next {
            Next::Again(wait, _) => wait,
            Next::Over(error) => panic!("over with {error:?}"),
        }
    }

    #[test]
    fn what_is_tried_again() {
        for (end, again) in [
            (End::Gone, false),
            (End::Complete, true),
            (refused(500, None), true),
            (refused(502, None), true),
            (refused(599, None), true),
            (refused(429, None), true),
            (refused(200, None), false),
            (refused(301, None), false),
            (refused(400, None), false),
            (refused(401, None), false),
            (refused(404, None), false),
            (refused(600, None), false),
            (failed(&code::CONNECT), true),
            (failed(&code::RESOLVE), true),
            (failed(&code::READ_TIMEOUT), true),
            (failed(&code::INCOMPLETE_READ), true),
            (failed(&code::CHUNKED_ENCODING), true),
            (failed(&code::PROTOCOL), true),
            (failed(&code::PROXY), true),
            (failed(&code::CONTENT_DECODING), false),
            (failed(&code::CERTIFICATE), false),
            (failed(&code::TOO_MANY_REDIRECTS), false),
            (failed(&code::LIMIT), false),
            (failed(&code::PROVIDER), false),
            (failed(&code::CANCELLED), false),
        ] {
            let what = format!("{end:?}");
            assert_eq!(matches!(Course::new(Some(plan())).after(end), Next::Again(..)), again, "{what}");
        }
        assert!(matches!(Course::new(None).after(End::Complete), Next::Over(None)));
        assert!(matches!(Course::new(None).after(failed(&code::CONNECT)), Next::Over(Some(_))));
    }

    #[test]
    fn the_reconnection_time_is_exact_at_first_and_grows_with_failures() {
        let mut course = Course::new(Some(plan()));
        assert_eq!(wait(course.after(End::Complete)), RECONNECTION_TIME);
        course.opened();
        course.set_retry(Duration::from_millis(40));
        for _ in 0..3 {
            // A stream that stands begins anew, however short it was.
            assert_eq!(wait(course.after(End::Complete)), Duration::from_millis(40));
            course.opened();
        }
        course.set_retry(Duration::from_secs(4));
        let waits: Vec<Duration> = (0..7).map(|_| wait(course.after(failed(&code::CONNECT)))).collect();
        for (number, wait) in waits.iter().enumerate() {
            let whole = Duration::from_secs((4 << number).min(60));
            assert!(*wait <= whole && *wait >= (whole / 2).max(Duration::from_secs(4)), "{number}: {wait:?}");
        }
    }

    #[test]
    fn a_stream_that_wants_no_pause_and_does_not_last_gets_one() {
        let mut course = Course::new(Some(plan()));
        let mut next = |retry, stood| {
            course.opened();
            course.set_retry(Duration::from_millis(retry));
            course.stood(Duration::from_millis(stood));
            wait(course.after(End::Complete)).as_millis()
        };
        assert_eq!([0, 0, 0, 99].map(|retry| next(retry, 5)), [0, 100, 200, 400]);
        assert_eq!(next(100, 5), 100, "what is no busy loop is as the server says");
        assert_eq!(next(0, 60_000), 0);
    }

    #[test]
    fn a_retry_after_is_obeyed_once_and_within_reason() {
        let mut course = Course::new(Some(plan()));
        assert_eq!(wait(course.after(refused(503, Some(1800.0)))), Duration::from_secs(1800));
        assert!(wait(course.after(refused(503, None))) <= Duration::from_secs(6));
        assert_eq!(wait(course.after(refused(429, Some(1e300)))), LONGEST_WISH);
        course.opened();
        assert_eq!(wait(course.after(refused(503, Some(1.0)))), RECONNECTION_TIME, "not earlier than without");
    }

    #[test]
    fn tries_are_counted_in_a_row() {
        let mut course = Course::new(Some(Plan { max_retries: Some(2), ..plan() }));
        wait(course.after(failed(&code::CONNECT)));
        course.opened();
        wait(course.after(End::Complete));
        wait(course.after(failed(&code::CONNECT)));
        match course.after(failed(&code::RESOLVE)) {
            Next::Over(Some(error)) => assert_eq!(error.code(), "resolve"),
            next => panic!("{next:?}"),
        }
    }
}
