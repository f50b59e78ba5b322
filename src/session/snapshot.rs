//! Snapshots of the session's own state.

use std::sync::{Arc, atomic::Ordering};

use super::{Handle, Response};
use crate::{
    args::Args,
    error::{Error, Result, code},
    options::nearest,
    value::{Object, Tree},
};

/// The snapshots that every back end has.
const COMMON: [&str; 8] = ["backend", "url", "id", "state", "stats", "options", "subscriptions", "staged"];

pub(super) fn inspect(handle: &Handle, what: &str, args: &Args) -> Result<Response> {
    let number = |number: u64| Tree::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let value = match what {
        "backend" => Tree::from(handle.backend.name()),
        "url" => Tree::from(handle.backend.url()),
        "state" => Tree::from(handle.word()),
        "staged" => handle.backend.staged().unwrap_or_else(|| handle.shared.staged.lock().show()),
        "subscriptions" => {
            // Each one's count may take the worker's lock: not under ours.
            let listed: Vec<_> = handle.subscriptions.lock().iter().map(|one| Arc::clone(&one.subscription)).collect();
            listed.iter().map(|subscription| subscription.show()).collect()
        }
        "stats" => {
            let mut stats = Object::default();
            stats.insert("calls", number(handle.shared.calls.load(Ordering::Relaxed)));
            stats.insert("in_flight", number(handle.shared.tickets.count() as u64));
            stats.insert("queued", number(handle.queue.len() as u64));
            stats.insert("staged", number(handle.shared.staged.lock().len() as u64));
            if let Some(Tree::Object(own)) = handle.backend.inspect("stats", args)? {
                for (key, value) in own.iter() {
                    stats.insert(key, value.clone());
                }
            }
            Tree::Object(stats)
        }
        _ => match handle.backend.inspect(what, args)? {
            Some(value) => value,
            None if what == "id" => Tree::from(handle.id.to_string()),
            None => {
                let known = COMMON.into_iter().chain(handle.backend.snapshots().iter().copied());
                let hint = nearest(what, known).map(|name| format!("; the nearest is {name:?}")).unwrap_or_default();
                let message = format!("the {} back end has no snapshot {what:?}{hint}", handle.backend.name());
                return Err(Error::new(&code::UNSUPPORTED, message).with("key", "what"));
            }
        },
    };
    Ok(Response::of_value(&value, Object::default()))
}
