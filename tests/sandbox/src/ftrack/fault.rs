//! Faults of `/api` and of uploads: what goes wrong, for which requests, and how often.

use serde_json::{Value, json};

use crate::request::Args;

/// One fault.
#[derive(Clone, Debug)]
pub struct Fault {
    /// `delay`, `hold`, `status`, `truncate`, `cut`, `reset`, `garbage`, `error`, `stall`, `md5`, `hangup`, `short`.
    pub how: String,
    /// Only requests that have this action, or this path of the storage.
    pub action: Option<String>,
    /// Only requests that have this text in their body.
    pub text: Option<String>,
    /// Requests that are left alone first.
    pub skip: u64,
    /// How often it strikes; for ever if `None`.
    pub times: Option<u64>,
    /// Seconds of a delay.
    pub seconds: f64,
    /// Status of an answer.
    pub status: u16,
    /// Whether it strikes after the request was applied; `cut` then loses the answer only.
    pub after: bool,
    /// The operation that fails, from 0.
    pub op: usize,
    /// How the error is called.
    pub exception: String,
    /// What the error says.
    pub content: String,
    /// Bytes that a truncated answer still has; half of it if `None`.
    pub sent: Option<usize>,
    /// Part of an upload, from 1.
    pub part: Option<u64>,
}

impl Fault {
    /// Reads `fault=HOW&...`.
    ///
    /// # Errors
    /// For an unknown `how`.
    pub fn from_args(args: &Args) -> Result<Self, String> {
        let known = [
            "delay", "hold", "status", "truncate", "cut", "reset", "garbage", "error", "stall", "md5", "hangup",
            "short",
        ];
        let how = args.get("fault").filter(|how| known.contains(how));
        let how = how.ok_or_else(|| format!("fault must be one of {}", known.join(", ")))?;
        Ok(Self {
            how: how.to_owned(),
            action: args.get("action").map(str::to_owned),
            text: args.get("text").map(str::to_owned),
            skip: args.number("skip", 0),
            times: args.get("times").and_then(|text| text.parse().ok()).or(Some(1)).filter(|times| *times > 0),
            seconds: args.number("seconds", 1.0),
            status: args.number("status", 503),
            after: args.get("when").unwrap_or("after") == "after",
            op: args.number("op", 0),
            exception: args.get("exception").unwrap_or("ValidationError").to_owned(),
            content: args.get("content").unwrap_or("A fault was ordered.").to_owned(),
            sent: args.get("sent").and_then(|text| text.parse().ok()),
            part: args.get("part").and_then(|text| text.parse().ok()),
        })
    }

    /// As `/_ftrack` shows it.
    pub fn to_json(&self) -> Value {
        json!({"fault": self.how, "action": self.action, "text": self.text, "skip": self.skip, "times": self.times, "part": self.part})
    }
}

/// The faults that are laid.
#[derive(Default)]
pub struct Faults {
    list: Vec<Fault>,
}

impl Faults {
    /// Lays one.
    pub fn add(&mut self, fault: Fault) {
        self.list.push(fault);
    }

    /// The fault that strikes a request, used up by one. `actions` are the request's, or the path and part of an
    /// upload.
    pub fn take(&mut self, actions: &[&str], body: &str, part: Option<u64>) -> Option<Fault> {
        let at = self.list.iter_mut().position(|fault| {
            let wanted = fault.action.as_deref().is_none_or(|action| actions.contains(&action))
                && fault.text.as_deref().is_none_or(|text| body.contains(text))
                && (fault.part.is_none() || fault.part == part);
            if wanted && fault.skip > 0 {
                fault.skip -= 1;
                return false;
            }
            wanted
        })?;
        let fault = self.list.get_mut(at)?;
        let taken = fault.clone();
        if let Some(times) = &mut fault.times {
            *times -= 1;
            if *times == 0 {
                self.list.remove(at);
            }
        }
        Some(taken)
    }

    /// As `/_ftrack` shows them.
    pub fn to_json(&self) -> Value {
        self.list.iter().map(Fault::to_json).collect()
    }
}
