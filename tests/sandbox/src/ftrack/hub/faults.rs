//! What goes wrong at the hub: orders to the connections that are open, and faults that wait for their moment.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Hub, Order};
use crate::endpoint::from_hex;
use crate::log::lock;
use crate::request::Args;

/// A fault that waits.
#[derive(Clone, Debug)]
pub struct Fault {
    kind: String,
    skip: u64,
    times: u64,
    /// HTTP status of a refusal.
    pub status: u16,
    /// Body in place of the handshake's.
    pub body: Option<String>,
    /// How long it waits first.
    pub wait: Duration,
    /// Whether an event was taken before the connection is cut.
    pub after: bool,
}

impl Fault {
    /// Waits as long as it is to.
    pub async fn pause(&self) {
        tokio::time::sleep(self.wait).await;
    }
}

/// Those that wait.
#[derive(Default)]
pub struct Faults {
    list: Vec<Fault>,
}

impl Faults {
    /// The next fault of that kind, used up by one.
    pub fn take(&mut self, kind: &str) -> Option<Fault> {
        let at = self.list.iter().position(|fault| fault.kind == kind)?;
        let fault = self.list.get_mut(at)?;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        let taken = fault.clone();
        fault.times = fault.times.saturating_sub(1);
        if fault.times == 0 {
            self.list.remove(at);
        }
        Some(taken)
    }

    /// As `/_ftrack` shows them.
    pub fn to_json(&self) -> Value {
        self.list.iter().map(|fault| json!({"hub": fault.kind, "times": fault.times, "skip": fault.skip})).collect()
    }
}

impl Hub {
    /// Carries out `hub=KIND&...`; says how many connections it concerned.
    ///
    /// # Errors
    /// For an unknown kind.
    pub fn order(&self, kind: &str, args: &Args) -> Result<Value, String> {
        let flag = args.get("on").is_some_and(|on| on != "0" && on != "false");
        let code = args.number("code", 1000);
        let order = || {
            Some(match kind {
                "close" => Order::Close(code),
                "abort" | "restart" => Order::Abort,
                "reset" => Order::Reset,
                "disconnect" => Order::Packet("0::".to_owned()),
                "packet" => Order::Packet(args.get("text").unwrap_or("8::").to_owned()),
                "raw" => Order::Raw(args.get("hex").and_then(from_hex).unwrap_or_default()),
                "heartbeat" => Order::Beat(flag),
                "read" => Order::Read(flag),
                _ => return None,
            })
        };
        let mut inner = lock(&self.inner);
        if kind == "clear" {
            inner.faults = Faults::default();
            return Ok(json!({ "hub": kind }));
        }
        if ["handshake", "upgrade", "duplicate", "delay", "drop", "lose", "unacknowledged", "cut"].contains(&kind) {
            inner.faults.list.push(Fault {
                kind: kind.to_owned(),
                skip: args.number("skip", 0),
                times: args.number::<u64>("times", 1).max(1),
                status: args.number("status", if args.get("seconds").is_some() { 200 } else { 503 }),
                body: args.get("body").map(str::to_owned),
                wait: Duration::try_from_secs_f64(args.number("seconds", 0.0)).unwrap_or_default(),
                after: args.get("when").unwrap_or("after") == "after",
            });
            return Ok(json!({"hub": kind, "waits": true}));
        }
        if kind == "event" {
            drop(inner);
            let data = args.get("data").and_then(|text| serde_json::from_str(text).ok()).unwrap_or(json!({}));
            self.announce(args.get("topic").unwrap_or("sandbox"), data, "", "sandbox");
            return Ok(json!({ "hub": kind }));
        }
        if kind == "restart" {
            // A server that starts again knows nothing of its handshakes.
            inner.waiting.clear();
        }
        let user = args.get("user");
        let mut count = 0;
        for link in inner.links.values().filter(|link| user.is_none_or(|user| link.user == user)) {
            let order = order().ok_or_else(|| format!("there is no order {kind:?} for the hub"))?;
            count += usize::from(link.orders.send(order).is_ok());
        }
        if order().is_none() {
            return Err(format!("there is no order {kind:?} for the hub"));
        }
        Ok(json!({"hub": kind, "connections": count}))
    }
}
