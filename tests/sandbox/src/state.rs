//! What all connections of a sandbox share: the log, the counters, and the memory of stateful endpoints.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use crate::endpoint::digest::Nonces;
use crate::ftrack::Ftrack;
use crate::h2::{Reports, Tuning};
use crate::janus::Janus;
use crate::log::{Log, lock};
use crate::mesh::Mesh;
use crate::request::Args;
use crate::server::{Gate, Order};

/// Open and total connections of one listener.
pub struct Counter {
    /// Key of the listener.
    pub listener: &'static str,
    /// Connections that are open now.
    pub open: AtomicU64,
    /// Connections accepted since the start.
    pub total: AtomicU64,
    /// Streams of HTTP/2 that are open now.
    pub streams_open: AtomicU64,
    /// Streams of HTTP/2 since the start.
    pub streams_total: AtomicU64,
}

impl Counter {
    /// At zero.
    pub fn new(listener: &'static str) -> Self {
        let zero = || AtomicU64::new(0);
        Self { listener, open: zero(), total: zero(), streams_open: zero(), streams_total: zero() }
    }
}

/// A fault laid over ordinary endpoints, from `--fault` or `/_control`.
#[derive(Clone, Debug)]
pub struct Fault {
    /// `delay`, `reset`, `close`, `stall` or `status`.
    pub how: String,
    /// Paths that begin like this.
    pub path: String,
    /// How often it still strikes; `None` for ever.
    pub times: Option<u64>,
    /// Length of a delay.
    pub seconds: f64,
    /// Code of a status.
    pub status: u16,
}

impl Fault {
    /// Reads `how=..&path=..&times=..&seconds=..&status=..`; `None` for an unknown `how`.
    pub fn from_args(args: &Args) -> Option<Self> {
        let how = args.get("how").filter(|how| ["delay", "reset", "close", "stall", "status"].contains(how))?;
        Some(Self {
            how: how.to_owned(),
            path: args.get("path").unwrap_or("/").to_owned(),
            times: args.get("times").and_then(|text| text.parse().ok()),
            seconds: args.number("seconds", 1.0),
            status: args.number("status", 503),
        })
    }

    /// As `/_control` shows it.
    pub fn to_json(&self) -> Value {
        json!({"how": self.how, "path": self.path, "times": self.times, "seconds": self.seconds, "status": self.status})
    }
}

/// Shared by all connections.
#[derive(Default)]
pub struct State {
    /// What was received.
    pub log: Log,
    /// Whether requests are logged.
    pub logging: bool,
    /// Counts of `/flaky` and of other endpoints that change with time, by key.
    pub flaky: Mutex<HashMap<String, u64>>,
    /// Bytes posted to `/sse/raw`, by slot.
    pub slots: Mutex<HashMap<String, Vec<u8>>>,
    /// Nonces of `/digest-auth`.
    pub nonces: Mutex<Nonces>,
    /// Counters, one for each listener.
    pub counters: Vec<Counter>,
    /// Number of faults, so that the usual request takes no lock.
    pub fault_count: AtomicUsize,
    /// Faults of `--fault` and `/_control`.
    pub faults: Mutex<Vec<Fault>>,
    /// How coming connections of HTTP/2 begin.
    pub tuning: Mutex<Tuning>,
    /// What clients did on connections of HTTP/2.
    pub reports: Reports,
    /// The ftrack server, if there is one.
    pub ftrack: Option<Ftrack>,
    /// The Mesh server, if there is one.
    pub mesh: Option<Arc<Mesh>>,
    /// The real Janus beside, if there is one: the sandbox ends it.
    pub janus: OnceLock<Weak<Janus>>,
    connections: AtomicU64,
    gates: Mutex<HashMap<&'static str, mpsc::UnboundedSender<Order>>>,
    tasks: Mutex<HashMap<u64, (&'static str, AbortHandle)>>,
}

impl State {
    /// The state of a sandbox that was just started.
    pub fn new(logging: bool, counters: Vec<Counter>, ftrack: Option<Ftrack>, mesh: Option<Arc<Mesh>>) -> Self {
        Self { logging, counters, ftrack, mesh, ..Self::default() }
    }

    /// The number of the next connection, from 1.
    pub fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The orders of a listener that begins.
    pub fn gate(&self, counter: usize) -> mpsc::UnboundedReceiver<Order> {
        let (sender, receiver) = mpsc::unbounded_channel();
        if let Some(counter) = self.counters.get(counter) {
            lock(&self.gates).insert(counter.listener, sender);
        }
        receiver
    }

    /// Opens, pauses or closes a listener; returns when that is so. False if there is none of that name.
    pub async fn set_gate(&self, listener: &str, gate: Gate) -> bool {
        let Some(orders) = lock(&self.gates).get(listener).cloned() else { return false };
        let (done, told) = oneshot::channel();
        orders.send((gate, done)).is_ok() && told.await.is_ok()
    }

    /// Remembers a connection's task, so that `/_control?drop=1` can end it.
    pub fn register(&self, connection: u64, listener: &'static str, task: AbortHandle) {
        // The task may be over already; then its `forget` came first and this entry stays until the next drop.
        if !task.is_finished() {
            lock(&self.tasks).insert(connection, (listener, task));
        }
    }

    /// Forgets a connection that is over.
    pub fn forget(&self, connection: u64) {
        lock(&self.tasks).remove(&connection);
    }

    /// Ends every connection but one, of one listener if it is named, as a restarting server does.
    pub fn drop_connections(&self, but: u64, of: Option<&str>) -> usize {
        let mut tasks = lock(&self.tasks);
        let before = tasks.len();
        tasks.retain(|connection, (listener, task)| {
            let keep = *connection == but || of.is_some_and(|name| name != *listener);
            if !keep {
                task.abort();
            }
            keep
        });
        before - tasks.len()
    }

    /// Adds a fault.
    pub fn add_fault(&self, fault: Fault) {
        let mut faults = lock(&self.faults);
        faults.push(fault);
        self.fault_count.store(faults.len(), Ordering::Release);
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        lock(&self.faults).clear();
        self.fault_count.store(0, Ordering::Release);
    }

    /// The fault that strikes a request for `path`, used up by one.
    pub fn take_fault(&self, path: &str) -> Option<Fault> {
        if self.fault_count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut faults = lock(&self.faults);
        let at = faults.iter().position(|fault| path.starts_with(&fault.path))?;
        let fault = faults.get_mut(at)?;
        let taken = fault.clone();
        if let Some(times) = &mut fault.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                faults.remove(at);
            }
        }
        self.fault_count.store(faults.len(), Ordering::Release);
        Some(taken)
    }

    /// `/_connections`.
    pub fn connections_json(&self) -> Value {
        let mut all = Map::new();
        for counter in &self.counters {
            let open = counter.open.load(Ordering::Relaxed);
            let total = counter.total.load(Ordering::Relaxed);
            let mut shown = json!({"open": open, "total": total});
            let streams = counter.streams_total.load(Ordering::Relaxed);
            if streams > 0 {
                shown["streams_open"] = counter.streams_open.load(Ordering::Relaxed).into();
                shown["streams_total"] = streams.into();
            }
            all.insert(counter.listener.to_owned(), shown);
        }
        Value::Object(all)
    }
}
