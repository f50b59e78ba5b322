//! What is known about an answer, under the names of the originals (verbs.md, "Meta").

use std::time::{Duration, Instant};

use super::answer::HttpAnswer;
use crate::{
    engine::http::{cookies::Jar, headers::Fields, links, policy::Past, redirect, request::pairs},
    value::{Object, Tree},
};

/// When the parts of a call happened.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// From sending the last request to its head (requests' `elapsed`).
    pub elapsed: Duration,
    /// When the call began.
    pub start: Instant,
}

/// The whole meta object.
pub(super) fn describe(answer: &HttpAnswer) -> Object {
    let finished = &answer.finished;
    let (hop, request) = (&finished.hop, &finished.request);
    let fields = hop.fields();
    let mut meta = Object::default();
    meta.insert("url", Tree::from(request.url.as_str()));
    meta.insert("http_version", Tree::from(fields.version()));
    meta.insert("reason", Tree::from(&*fields.reason()));
    meta.insert("headers", field_pairs(fields));
    meta.insert("cookies", cookies(answer));
    meta.insert("history", Tree::Array(finished.history.iter().map(past).collect()));
    meta.insert("encoding", answer.encoding().map_or(Tree::Null, |encoding| Tree::from(&*encoding)));
    let location = fields.contains("location");
    meta.insert("is_redirect", Tree::Bool(location && redirect::is_redirect(hop.status)));
    meta.insert("is_permanent_redirect", Tree::Bool(location && redirect::is_permanent(hop.status)));
    meta.insert("next", finished.next.as_ref().map_or(Tree::Null, |next| next.to_tree()));
    let header = fields.get_joined("link");
    meta.insert("links", links::to_tree(header.as_deref().unwrap_or_default()));
    let mut sent = Object::default();
    sent.insert("method", Tree::from(&*request.method));
    sent.insert("url", Tree::from(request.url.as_str()));
    sent.insert("headers", pairs(&request.headers));
    meta.insert("request", Tree::Object(sent));
    meta.insert("elapsed", Tree::Double(answer.times.elapsed.as_secs_f64()));
    meta.insert("retries", Tree::Int(finished.retries.into()));
    meta.insert("from_cache", Tree::Bool(false));
    wire(answer, &mut meta);
    for (key, value) in answer.notes().iter() {
        meta.insert(key, value.clone());
    }
    meta
}

/// What only a real connection knows: times, addresses, counters, TLS.
fn wire(answer: &HttpAnswer, meta: &mut Object) {
    meta.insert("bytes_received", number(answer.stream.received()));
    let Some(wire) = answer.stream.wire() else {
        meta.insert("bytes_sent", Tree::Int(0));
        return;
    };
    meta.insert("bytes_sent", number(wire.bytes_sent()));
    let marks = wire.marks();
    let total = marks.end.unwrap_or_else(crate::clock::now).saturating_duration_since(answer.times.start);
    let mut timings = Object::default();
    for (name, time) in [
        ("namelookup", marks.namelookup()),
        ("connect", marks.connect()),
        ("tls", marks.tls()),
        ("send", marks.send()),
        ("wait", marks.wait()),
        ("receive", marks.receive()),
        ("total", total),
    ] {
        timings.insert(name, Tree::Double(time.as_secs_f64()));
    }
    meta.insert("timings", Tree::Object(timings));
    meta.insert("remote", wire.remote().map_or(Tree::Null, Tree::from));
    meta.insert("reused", Tree::Bool(wire.is_reused()));
    meta.insert("tls", wire.tls().map_or(Tree::Null, |tls| tls.to_tree()));
}

fn number(number: u64) -> Tree {
    Tree::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn field_pairs(fields: Fields<'_>) -> Tree {
    let pair = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, [u8]>)| {
        Tree::Array(vec![Tree::from(&*name), Tree::from(&*crate::engine::http::headers::text(&value))])
    };
    Tree::Array(fields.iter().map(pair).collect())
}

/// The cookies of this one answer.
fn cookies(answer: &HttpAnswer) -> Tree {
    let fields = answer.fields();
    if !fields.contains("set-cookie") {
        return Tree::Array(Vec::new());
    }
    let mut jar = Jar::default();
    let now = i64::try_from(crate::clock::epoch().as_secs()).unwrap_or(i64::MAX);
    jar.store(&answer.finished.request.place(), fields.values("set-cookie"), now);
    jar.to_tree()
}

fn past(past: &Past) -> Tree {
    let fields = past.hop.fields();
    let mut object = Object::default();
    object.insert("status", Tree::Int(past.hop.status.into()));
    object.insert("reason", Tree::from(&*fields.reason()));
    object.insert("url", Tree::from(past.request.url.as_str()));
    object.insert("method", Tree::from(&*past.request.method));
    object.insert("headers", field_pairs(fields));
    let mut request = Object::default();
    request.insert("headers", pairs(&past.request.headers));
    object.insert("request", Tree::Object(request));
    object.insert("body", past.hop.body.as_ref().map_or(Tree::Null, |body| Tree::Bytes(body.as_slice().into())));
    Tree::Object(object)
}
