//! What was received, in order, for `GET /_log`: the one truth that differential tests compare.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::request::{Request, latin1};

/// Bodies above this size are logged as their length only.
const BODY_MAX_BYTES: usize = 64 << 10;
/// Older entries are dropped beyond this count, so that a long run does not fill the memory.
const ENTRIES_MAX: usize = 200_000;

#[derive(Default)]
struct Received {
    data: Vec<u8>,
    wire: Vec<u8>,
    length: u64,
    complete: bool,
}

/// One request, CONNECT or SOCKS handshake.
pub struct Entry {
    seq: u64,
    listener: &'static str,
    connection: u64,
    request: u64,
    raw: Vec<u8>,
    peer: String,
    extra: Map<String, Value>,
    notes: Mutex<Map<String, Value>>,
    body: Mutex<Received>,
}

impl Entry {
    /// Adds a piece of body: its payload, and the same as it was on the wire.
    pub fn push_body(&self, data: &[u8], wire: &[u8]) {
        let mut body = lock(&self.body);
        body.length += data.len() as u64;
        if body.data.len() <= BODY_MAX_BYTES {
            body.data.extend_from_slice(data);
            body.wire.extend_from_slice(wire);
        }
    }

    /// Adds something that was learnt after the head.
    pub fn note(&self, name: &str, value: Value) {
        lock(&self.notes).insert(name.to_owned(), value);
    }

    /// Appends to a list that was learnt after the head.
    pub fn append(&self, name: &str, value: Value) {
        let mut notes = lock(&self.notes);
        match notes.get_mut(name) {
            Some(Value::Array(list)) => list.push(value),
            _ => {
                notes.insert(name.to_owned(), json!([value]));
            }
        }
    }

    /// Notes that the body was received to its end.
    pub fn end_body(&self) {
        lock(&self.body).complete = true;
    }

    fn has_key(&self, key: &str) -> bool {
        let Ok(request) = Request::parse(self.raw.clone()) else { return false };
        request.header_text("x-case").is_some_and(|value| value == key)
            || request.args().0.iter().any(|(name, value)| value == key || name == key)
    }

    fn to_json(&self) -> Value {
        let body = lock(&self.body);
        let small = body.length <= BODY_MAX_BYTES as u64;
        let mut out = json!({
            "seq": self.seq,
            "listener": self.listener,
            "connection": self.connection,
            "request_on_connection": self.request,
            "peer": self.peer,
            "raw": latin1(&self.raw),
            "body": if small { Value::from(STANDARD.encode(&body.data)) } else { Value::from(body.length) },
            "body_length": body.length,
            "body_complete": body.complete,
        });
        if small && body.wire != body.data {
            out["body_wire"] = STANDARD.encode(&body.wire).into();
        }
        for (name, value) in self.extra.iter().chain(lock(&self.notes).iter()) {
            out[name] = value.clone();
        }
        if out["protocol"].is_null()
            && let Ok(request) = Request::parse(self.raw.clone())
        {
            out["protocol"] = if request.minor == 0 { "HTTP/1.0" } else { "HTTP/1.1" }.into();
        }
        out
    }
}

/// Where an entry came from.
#[derive(Clone)]
pub struct Origin {
    /// Key of the listener.
    pub listener: &'static str,
    /// Number of the connection, over all listeners, from 1.
    pub connection: u64,
    /// The peer's address, or `unix`.
    pub peer: String,
    /// What the TLS handshake told, if there was one.
    pub extra: Map<String, Value>,
}

#[derive(Default)]
struct Inner {
    entries: VecDeque<Arc<Entry>>,
    last: u64,
}

/// The log of a whole sandbox.
#[derive(Default)]
pub struct Log {
    inner: Mutex<Inner>,
}

impl Log {
    /// Adds an entry; `request` counts from 1 on its connection.
    pub fn push(&self, origin: &Origin, request: u64, raw: Vec<u8>, extra: Option<Value>) -> Arc<Entry> {
        let mut all = origin.extra.clone();
        if let Some(Value::Object(more)) = extra {
            all.extend(more);
        }
        let mut inner = lock(&self.inner);
        inner.last += 1;
        let entry = Arc::new(Entry {
            seq: inner.last,
            listener: origin.listener,
            connection: origin.connection,
            request,
            raw,
            peer: origin.peer.clone(),
            extra: all,
            notes: Mutex::default(),
            body: Mutex::default(),
        });
        if inner.entries.len() >= ENTRIES_MAX {
            inner.entries.pop_front();
        }
        inner.entries.push_back(Arc::clone(&entry));
        entry
    }

    /// Forgets everything; numbers go on.
    pub fn clear(&self) {
        lock(&self.inner).entries.clear();
    }

    /// Entries after `since`, of one listener and one key if given.
    pub fn to_json(&self, since: u64, key: Option<&str>, listener: Option<&str>) -> Value {
        let entries: Vec<_> = lock(&self.inner).entries.iter().filter(|entry| entry.seq > since).cloned().collect();
        entries
            .iter()
            .filter(|entry| listener.is_none_or(|name| name == entry.listener))
            .filter(|entry| key.is_none_or(|key| entry.has_key(key)))
            .map(|entry| entry.to_json())
            .collect()
    }
}

/// A poisoned lock is taken as it is: a panic in one connection must not take the others' log away.
pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
