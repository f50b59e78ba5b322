//! haft and `ureq` through the same simple calls: the server must receive the same requests, apart from the order and
//! the case of their fields, and both must get the same answers. Redirects, cookies and codings are off on both sides,
//! because ureq does them in its own way.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at what must not be")]

use std::{collections::BTreeMap, io::Read, sync::Arc};

use haft::{
    args::Args,
    backends::{self, Call},
    engine::net::cancel::Cancel,
    value::{Object, Tree},
};
use haft_sandbox::{Options, Sandbox};
use ureq::{Agent, config::AutoHeaderValue, http::Request};

/// A call: method, target below the server, fields, body.
type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)], Option<&'static str>);

const CASES: &[Case] = &[
    ("GET", "/get", &[], None),
    ("GET", "/get?a=1&b=2", &[], None),
    ("GET", "/anything/a%20b?x=%C3%BC", &[], None),
    ("GET", "/headers", &[("X-One", "1"), ("X-Two", "2")], None),
    ("GET", "/headers", &[("X-Empty", "")], None),
    ("GET", "/headers", &[("Cookie", "a=b; c=d")], None),
    ("GET", "/headers", &[("Authorization", "Bearer token")], None),
    ("GET", "/headers", &[("Range", "bytes=0-3")], None),
    ("GET", "/basic-auth/user/pass", &[], None),
    ("GET", "/basic-auth/user/pass", &[("Authorization", "Basic dXNlcjpwYXNz")], None),
    ("GET", "/status/404", &[], None),
    ("GET", "/status/503?body=busy", &[], None),
    ("GET", "/status/204", &[], None),
    ("GET", "/redirect/1", &[], None),
    ("GET", "/redirect-to?url=/get&status_code=307", &[], None),
    ("GET", "/redirect-to?url=/get&status_code=301", &[], None),
    ("GET", "/stream-bytes/5000?seed=1&chunk_size=7", &[], None),
    ("GET", "/stream/3", &[], None),
    ("GET", "/bytes/70000?seed=2", &[], None),
    ("GET", "/size/100000", &[], None),
    ("GET", "/encoded?codings=gzip&body=hello", &[], None),
    ("GET", "/trailers", &[], None),
    ("GET", "/http10", &[], None),
    ("GET", "/continue", &[], None),
    ("GET", "/range/100", &[("Range", "bytes=10-19")], None),
    ("HEAD", "/size/1000", &[], None),
    ("HEAD", "/status/404", &[], None),
    ("POST", "/post", &[], Some("plain text")),
    ("POST", "/post", &[("Content-Type", "application/json")], Some("{\"a\": 1}")),
    ("POST", "/post", &[("Content-Type", "application/x-www-form-urlencoded")], Some("a=1&b=2")),
    ("POST", "/status/500", &[], Some("x")),
    ("PUT", "/put", &[], Some("ü")),
    ("PATCH", "/patch", &[], Some("p")),
    ("DELETE", "/delete", &[], Some("with a body")),
    ("GET", "/anything", &[], Some("with a body")),
    ("PROPFIND", "/anything", &[], Some("with a body")),
];

/// What the server received and what the caller got.
#[derive(Debug, PartialEq)]
struct Exchange {
    line: String,
    fields: BTreeMap<String, String>,
    body: String,
    status: u16,
    answer: Vec<u8>,
}

fn with_ureq(agent: &Agent, base: &str, (method, target, fields, body): Case) -> (u16, Vec<u8>) {
    let mut request = Request::builder().method(method).uri(format!("{base}{target}"));
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let mut response = match body {
        Some(body) => agent.run(request.body(body.as_bytes()).unwrap()),
        None => agent.run(request.body(()).unwrap()),
    }
    .unwrap();
    let mut answer = Vec::new();
    response.body_mut().as_reader().read_to_end(&mut answer).unwrap();
    (response.status().as_u16(), answer)
}

fn with_haft(session: &dyn backends::Backend, (method, target, fields, body): Case) -> (u16, Vec<u8>) {
    let mut args = Args::new();
    args.set("headers", Tree::Object(fields.iter().map(|(name, value)| (*name, Tree::from(*value))).collect()));
    if let Some(body) = body {
        args.set("data", Tree::from(body));
    }
    let call = Call {
        verb: Some(method),
        target: Some(target),
        args: &args,
        cancel: &Arc::new(Cancel::default()),
        progress: None,
    };
    let answer = session.request(&call).unwrap();
    (answer.status().try_into().unwrap(), answer.body().to_vec())
}

/// What the server received since the last look.
fn received(agent: &Agent, base: &str, (status, answer): (u16, Vec<u8>)) -> Exchange {
    let log = agent.get(format!("{base}/_log")).call().unwrap().body_mut().read_to_string().unwrap();
    agent.delete(format!("{base}/_log")).call().unwrap();
    let log: serde_json::Value = serde_json::from_str(&log).unwrap();
    let entries = log.as_array().unwrap_or_else(|| log["entries"].as_array().unwrap());
    assert_eq!(entries.len(), 1, "{entries:?}");
    let mut lines = entries[0]["raw"].as_str().unwrap().split("\r\n");
    let line = lines.next().unwrap().to_owned();
    let fields =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_ascii_lowercase(), value.into()));
    let body = entries[0]["body"].to_string();
    // An echo shows the fields in their order and case, which are not compared.
    let echo = answer.windows(9).any(|window| window == b"\"headers\"");
    let answer = if echo { Vec::new() } else { answer };
    Exchange { line, fields: fields.collect(), body, status, answer }
}

#[test]
fn the_server_cannot_tell_them_apart() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let base = &sandbox.http;
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .proxy(None)
        .user_agent("peer")
        .accept("*/*")
        .accept_encoding(AutoHeaderValue::None);
    let agent: Agent = config.build().into();
    let mut args = Args::new();
    let mut headers = Object::default();
    headers.insert("User-Agent", Tree::from("peer"));
    headers.insert("Accept-Encoding", Tree::Null);
    headers.insert("Connection", Tree::Null);
    args.set("headers", Tree::Object(headers));
    for switch in ["allow_redirects", "decode_content", "trust_env"] {
        args.set(switch, Tree::Bool(false));
    }
    let session = backends::open(base, &args, backends::Lent::default()).unwrap();
    for case in CASES {
        let theirs = received(&agent, base, with_ureq(&agent, base, *case));
        let ours = received(&agent, base, with_haft(&*session, *case));
        assert_eq!(ours, theirs, "{case:?}");
    }
    assert!(CASES.len() >= 30);
}
