//! Faults of calls: what goes wrong, for which calls, and how often (section 7.2, row 16).

use serde_json::{Value, json};

use crate::request::Args;

/// All faults.
const KNOWN: [&str; 23] = [
    "delay",
    "status",
    "drop",
    "reset",
    "goaway",
    "stall",
    "cut",
    "large",
    "garbage",
    "trailers",
    "compressed",
    "lie",
    "kill",
    "enum",
    "before",
    "after",
    "duplicate",
    "unsorted",
    "offgrid",
    "batches",
    "arrow",
    "empty",
    "nan",
];

/// One fault.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Its name, one of [`KNOWN`].
    pub how: String,
    /// Only calls of this method: `ReadTimeseries`, or with the service's full name before it.
    pub method: Option<String>,
    /// Calls that are left alone first.
    pub skip: u64,
    /// How often it strikes; for ever if `None`.
    pub times: Option<u64>,
    /// Seconds of a delay.
    pub seconds: f64,
    /// Code of a status.
    pub code: i32,
    /// Text of a status.
    pub text: String,
    /// Whether the work was done when it strikes.
    pub done: bool,
    /// Messages of a stream that still come.
    pub sent: usize,
    /// A number, an error code or a size, as the fault needs it.
    pub number: i64,
}

impl Fault {
    /// Reads `fault=HOW&...`.
    ///
    /// # Errors
    /// For an unknown `how`.
    pub fn from_args(args: &Args) -> Result<Self, String> {
        let how = args.get("fault").filter(|how| KNOWN.contains(how));
        let how = how.ok_or_else(|| format!("fault must be one of {}", KNOWN.join(", ")))?;
        let usual = match how {
            "enum" => 99,
            "large" => 5 << 20,
            "batches" => 1,
            // INTERNAL_ERROR.
            "reset" => 2,
            "lie" => 7,
            _ => 0,
        };
        Ok(Self {
            how: how.to_owned(),
            method: args.get("method").map(str::to_owned),
            skip: args.number("skip", 0),
            times: args.get("times").and_then(|text| text.parse().ok()).or(Some(1)).filter(|times| *times > 0),
            seconds: args.number("seconds", 1.0),
            code: args.number("code", 14),
            text: args.get("text").unwrap_or("a fault was ordered").to_owned(),
            done: args.get("when").unwrap_or("after") == "after",
            sent: args.number("sent", 0),
            number: args.number("number", usual),
        })
    }

    /// As `/_mesh` shows it.
    pub fn to_json(&self) -> Value {
        json!({"fault": self.how, "method": self.method, "skip": self.skip, "times": self.times})
    }

    /// Whether it changes the points of an answer, and not the call.
    pub fn of_content(&self) -> bool {
        matches!(
            self.how.as_str(),
            "enum" | "before" | "after" | "duplicate" | "unsorted" | "offgrid" | "batches" | "arrow" | "empty" | "nan"
        )
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

    /// The fault that strikes a call, used up by one. `method` is the path without its first slash.
    pub fn take(&mut self, method: &str) -> Option<Fault> {
        let short = method.rsplit('/').next().unwrap_or(method);
        let at = self.list.iter_mut().position(|fault| {
            let wanted = fault.method.as_deref().is_none_or(|name| name == short || name == method);
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

    /// As `/_mesh` shows them.
    pub fn to_json(&self) -> Value {
        self.list.iter().map(Fault::to_json).collect()
    }
}
