//! Time-outs and tries of one call. `timeouts.total` is that of all its requests together.

use std::time::{Duration, Instant};

use crate::{
    args::{Args, duration},
    clock,
    error::{Error, Result, Status, code},
    value::{Object, Tree},
};

/// The most tries of one part (spec/ftrack.md 9.5).
const TRIES: u32 = 16;

/// What one call said.
#[derive(Clone, Debug)]
pub struct Terms {
    timeout: Option<Tree>,
    phases: Object,
    until: Option<Instant>,
    /// How often it is tried, the first time included.
    pub tries: u32,
}

impl Terms {
    /// Those of an upload: tried again often, unless the call says otherwise, or everything is as the Python client has
    /// it, which tries once.
    ///
    /// # Errors
    /// The option of the wrong type.
    pub fn of_upload(args: &Args, python: bool) -> Result<Terms> {
        Terms::read(args, if python { 1 } else { TRIES })
    }

    /// Those of a download: once, unless the call says otherwise.
    ///
    /// # Errors
    /// The option of the wrong type.
    pub fn of_download(args: &Args) -> Result<Terms> {
        Terms::read(args, 1)
    }

    fn read(args: &Args, usual: u32) -> Result<Terms> {
        let mut phases = args.object("timeouts")?.cloned().unwrap_or_default();
        let total = phases.remove("total").map(|total| duration("timeouts.total", &total)).transpose()?.flatten();
        let again = match args.get("retry") {
            None | Some(Tree::Null) => None,
            Some(Tree::Bool(false)) => Some(0),
            Some(Tree::Object(members)) => members.get("total").and_then(Tree::as_int),
            Some(_) => args.int("retry")?,
        };
        let tries = match again {
            None => usual,
            Some(again) => {
                u32::try_from(again).map_err(|_| Error::option("retry", "retry was negative"))?.saturating_add(1)
            }
        };
        Ok(Terms {
            timeout: args.get("timeout").cloned(),
            phases,
            until: total.map(|total| clock::now() + total),
            tries,
        })
    }

    /// The arguments of one request.
    ///
    /// # Errors
    /// `total_timeout` when there is no time left for it.
    pub fn args(&self) -> Result<Args> {
        let mut args = Args::new();
        if let Some(timeout) = &self.timeout {
            args.set("timeout", timeout.clone());
        }
        let mut phases = self.phases.clone();
        if let Some(left) = self.left()? {
            phases.insert("total", Tree::Double(left.as_secs_f64()));
        }
        if !phases.is_empty() {
            args.set("timeouts", Tree::Object(phases));
        }
        Ok(args)
    }

    /// Whether there is time for such a wait and a try behind it.
    pub fn has_time_for(&self, wait: Duration) -> bool {
        self.left().is_ok_and(|left| left.is_none_or(|left| left > wait))
    }

    /// The time that is left, when it is limited.
    ///
    /// # Errors
    /// `total_timeout`.
    pub fn left(&self) -> Result<Option<Duration>> {
        let Some(until) = self.until else { return Ok(None) };
        match until.saturating_duration_since(clock::now()) {
            Duration::ZERO => Err(Error::new(&code::TOTAL_TIMEOUT, "the whole call took too long").phase("total")),
            left => Ok(Some(left)),
        }
    }
}

/// Whether another try may go better: not when the host ended it, the mistake is ours, or the file is at fault.
pub fn may_pass(error: &Error) -> bool {
    match error.code() {
        "http_status" => true,
        "total_timeout" | "io" | "provider" | "protocol" => false,
        _ => matches!(error.status(), Status::Io | Status::Timeout | Status::Protocol),
    }
}

/// What a storage calls the failures of one try that come as 400: the bytes came too slowly, or not as they were sent.
const OF_ONE_TRY: [&str; 3] = ["RequestTimeout", "BadDigest", "IncompleteBody"];

/// The same for a part on its way up. Its signed address stays the same, so a refusal stays one: only what speaks of this
/// moment or of this try is tried again.
pub fn may_pass_up(error: &Error) -> bool {
    if error.code() != "http_status" {
        return may_pass(error);
    }
    let said = error.detail().get("server_text").and_then(Tree::as_str).unwrap_or_default();
    let named = || said.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    match error.detail().get("http_status").and_then(Tree::as_int) {
        Some(408 | 425 | 429) => true,
        Some(400) => named().is_some_and(|code| OF_ONE_TRY.contains(&code.trim())),
        Some(status) => status >= 500,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(json: &str) -> Result<Terms> {
        let mut args = Args::new();
        args.set_json(None, json);
        Terms::of_upload(&args, false)
    }

    #[test]
    fn tries() {
        for (json, tries) in
            [("{}", 16), (r#"{"retry": 0}"#, 1), (r#"{"retry": {"total": 2}}"#, 3), (r#"{"retry": {"read": 2}}"#, 16)]
        {
            assert_eq!(terms(json).unwrap().tries, tries, "{json}");
        }
        assert!(terms(r#"{"retry": -1}"#).is_err());
        assert_eq!(Terms::of_upload(&Args::new(), true).unwrap().tries, 1);
    }

    #[test]
    fn each_request_has_what_is_left_of_the_whole() {
        let terms = terms(r#"{"timeout": 3, "timeouts": {"read": 2, "total": 60}}"#).unwrap();
        let args = terms.args().unwrap();
        assert_eq!(args.get("timeout").and_then(Tree::as_int), Some(3));
        assert_eq!(args.get("timeouts.read").and_then(Tree::as_int), Some(2));
        assert!(args.get("timeouts.total").and_then(Tree::as_double).is_some_and(|left| left > 59.0 && left <= 60.0));
        assert_eq!(Terms { until: Some(clock::now()), ..terms }.args().unwrap_err().code(), "total_timeout");
    }

    #[test]
    fn what_is_tried_again() {
        for (code, again) in [
            (&code::HTTP_STATUS, true),
            (&code::CONNECT, true),
            (&code::READ_TIMEOUT, true),
            (&code::INCOMPLETE_READ, true),
            (&code::TOTAL_TIMEOUT, false),
            (&code::IO, false),
            (&code::PROTOCOL, false),
            (&code::CANCELLED, false),
            (&code::CERTIFICATE, false),
        ] {
            assert_eq!(may_pass(&Error::new(code, "x")), again, "{}", code.word);
        }
    }

    #[test]
    fn what_is_sent_again() {
        let of = |status: i64, text: &str| {
            Error::new(&code::HTTP_STATUS, "x").with("http_status", status).with("server_text", text)
        };
        for (status, again) in [
            (408, true),
            (425, true),
            (429, true),
            (500, true),
            (502, true),
            (503, true),
            (504, true),
            (507, true),
            (301, false),
            (400, false),
            (401, false),
            (403, false),
            (404, false),
            (409, false),
            (410, false),
            (411, false),
            (412, false),
            (413, false),
            (416, false),
        ] {
            assert_eq!(may_pass_up(&of(status, "")), again, "{status}");
        }
        for (status, code, again) in [
            (400, "RequestTimeout", true),
            (400, "BadDigest", true),
            (400, "IncompleteBody", true),
            (400, "EntityTooLarge", false),
            (400, "InvalidDigest", false),
            (403, "RequestTimeout", false),
        ] {
            assert_eq!(may_pass_up(&of(status, &format!("<Error><Code>{code}</Code></Error>"))), again, "{code}");
        }
        assert!(may_pass_up(&Error::new(&code::CONNECT, "x")) && !may_pass_up(&Error::new(&code::CERTIFICATE, "x")));
    }
}
