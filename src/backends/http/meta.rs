//! What is known about an answer, under the names of the originals (verbs.md, "Meta").

use std::time::{Duration, Instant};

use super::answer::HttpAnswer;
use crate::{
    clock,
    engine::{
        http::{cookies::Jar, fields::text, links, policy::Past, redirect},
        tls::session::TlsInfo,
    },
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
    meta.insert("headers", fields.to_tree());
    meta.insert("cookies", cookies(answer));
    meta.insert("history", Tree::Array(finished.history.iter().map(past).collect()));
    meta.insert("encoding", answer.encoding().map_or(Tree::Null, |encoding| Tree::from(&*encoding)));
    let location = fields.contains("location");
    meta.insert("is_redirect", Tree::Bool(location && redirect::is_redirect(hop.status)));
    meta.insert("is_permanent_redirect", Tree::Bool(location && redirect::is_permanent(hop.status)));
    meta.insert("next", finished.next.as_ref().map_or(Tree::Null, |next| next.to_tree()));
    let header = fields.get_joined("link");
    meta.insert("links", links::list(header.as_deref().unwrap_or_default()));
    let mut sent = Object::default();
    sent.insert("method", Tree::from(&*request.method));
    sent.insert("url", Tree::from(request.url.as_str()));
    sent.insert("headers", request.headers.to_tree());
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
    meta.insert("bytes_sent", number(wire.bytes_sent));
    if let Some(trailers) = &wire.trailers {
        let mut object = Object::default();
        for (name, value) in trailers.iter() {
            object.insert(name.as_str(), Tree::from(&*text(value.as_bytes())));
        }
        meta.insert("trailers", Tree::Object(object));
    }
    let marks = &wire.marks;
    let mut timings = Object::default();
    for (name, from, to) in [
        ("namelookup", Some(marks.start), marks.resolved),
        ("connect", marks.resolved, marks.connected),
        ("tls", marks.connected, marks.secured),
        ("send", marks.secured.or(marks.connected).or(Some(marks.start)), marks.sent),
        ("wait", marks.sent.or(Some(marks.start)), marks.first),
        ("receive", marks.first, marks.end.or_else(|| Some(clock::now()))),
        ("total", Some(answer.times.start), marks.end.or_else(|| Some(clock::now()))),
    ] {
        let time = from.zip(to).map(|(from, to)| to.saturating_duration_since(from)).unwrap_or_default();
        timings.insert(name, Tree::Double(time.as_secs_f64()));
    }
    meta.insert("timings", Tree::Object(timings));
    meta.insert("remote", wire.remote.map_or(Tree::Null, |remote| Tree::from(remote.to_string())));
    meta.insert("reused", Tree::Bool(wire.reused));
    meta.insert("tls", wire.tls.as_ref().map_or(Tree::Null, |tls| describe_tls(tls)));
}

fn describe_tls(tls: &TlsInfo) -> Tree {
    let mut object = Object::default();
    object.insert("version", Tree::from(tls.version));
    object.insert("cipher", Tree::from(&*tls.cipher));
    object.insert("resumed", Tree::Bool(tls.resumed));
    object.insert("certificate", tls.certificate.as_ref().map_or(Tree::Null, |der| Tree::Bytes(der.as_slice().into())));
    Tree::Object(object)
}

fn number(number: u64) -> Tree {
    Tree::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// The cookies of this one answer.
fn cookies(answer: &HttpAnswer) -> Tree {
    let fields = answer.fields();
    if !fields.contains("set-cookie") {
        return Tree::Array(Vec::new());
    }
    let mut jar = Jar::default();
    jar.store(&answer.finished.request.place(), fields.values("set-cookie"), clock::epoch_seconds());
    jar.to_tree()
}

fn past(past: &Past) -> Tree {
    let fields = past.hop.fields();
    let mut object = Object::default();
    object.insert("status", Tree::Int(past.hop.status.into()));
    object.insert("reason", Tree::from(&*fields.reason()));
    object.insert("url", Tree::from(past.request.url.as_str()));
    object.insert("method", Tree::from(&*past.request.method));
    object.insert("headers", fields.to_tree());
    let mut request = Object::default();
    request.insert("headers", past.request.headers.to_tree());
    object.insert("request", Tree::Object(request));
    object.insert("body", past.hop.body.as_ref().map_or(Tree::Null, |body| Tree::Bytes(body.as_slice().into())));
    Tree::Object(object)
}
