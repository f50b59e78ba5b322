//! Cassettes: what was recorded is what is played, and nothing of it comes from the network.

use std::{fs, path::Path};

use crate::bed::Session;
use serde_json::{Value, json};

use crate::bed::{args, create, fails, get, lines, sandbox, value};

fn tape(prefixes: &[&str], file: &Path) -> String {
    let word = format!("cassette:{}", file.to_str().unwrap());
    let adapters: serde_json::Map<String, Value> =
        prefixes.iter().map(|prefix| ((*prefix).into(), json!(word))).collect();
    json!({"adapter": adapters, "verify": false, "auth": ["user", "secret"], "cookies": {"crumb": "hidden"}})
        .to_string()
}

fn post(session: &Session, target: &str, body: &str) -> Value {
    value(&session.request(Some("POST"), Some(target), &args(&json!({"data": body}).to_string())).unwrap())
}

#[test]
fn what_was_recorded_is_played_without_the_network() {
    let sandbox = sandbox();
    let file = sandbox.dir.join("tape");
    let session = create(&sandbox.http, &tape(&["http://"], &file));
    let bytes = get(&session, "/bytes/3000?seed=7", "{}").body().to_vec();
    let zipped = value(&get(&session, "/gzip", "{}"));
    let redirected = get(&session, "/redirect/2", "{}");
    let (first, second) = (post(&session, "/anything", "one"), post(&session, "/anything", "two"));
    let written = fs::read_to_string(&file).unwrap();
    assert!(!written.contains("dXNlcjpzZWNyZXQ=\"]") && !written.contains("crumb=hidden"), "{written}");
    drop((session, redirected));

    let before = lines(&sandbox).len();
    let session = create(&sandbox.http, &tape(&["http://"], &file));
    // In another order: each request finds its own.
    assert_eq!(post(&session, "/anything", "two"), second);
    assert_eq!(post(&session, "/anything", "one"), first);
    assert_eq!(get(&session, "/redirect/2", "{}").status(), 200);
    assert_eq!(value(&get(&session, "/gzip", "{}")), zipped);
    assert_eq!(get(&session, "/bytes/3000?seed=7", "{}").body(), bytes);
    let error = fails(&session, "GET", "/gzip", "{}");
    assert_eq!(error.code(), "cassette");
    assert!(error.message().contains("no answer left for GET"), "{error}");
    assert_eq!(lines(&sandbox)[before..].iter().filter(|line| !line.contains("/_log")).count(), 0);
    assert_eq!(fs::read_to_string(&file).unwrap(), written);
}

#[test]
fn what_is_no_cassette_is_refused() {
    let sandbox = sandbox();
    let file = sandbox.dir.join("no tape");
    for text in ["", "{}", "[1]", "[{\"key\": \"GET /\"}]"] {
        fs::write(&file, text).unwrap();
        let error = Session::create(&sandbox.http, &args(&tape(&["http://"], &file))).unwrap_err();
        assert!(error.message().contains("was not a cassette"), "{text}: {error}");
    }
}

#[test]
fn two_prefixes_with_one_file_share_it() {
    let sandbox = sandbox();
    let file = sandbox.dir.join("shared");
    let both = ["http://", "https://"];
    let session = create(&sandbox.http, &tape(&both, &file));
    get(&session, "/get?plain", "{}");
    get(&session, &format!("{}/get?safe", sandbox.https), "{}");
    drop(session);
    let session = create(&sandbox.http, &tape(&both, &file));
    get(&session, "/get?plain", "{}");
    get(&session, &format!("{}/get?safe", sandbox.https), "{}");
}

#[test]
fn a_childs_cassette_goes_on_when_the_parent_changes() {
    let sandbox = sandbox();
    let file = sandbox.dir.join("child");
    let parent = create(&sandbox.http, "{}");
    let child = parent.attach("/", &args(&tape(&["http://"], &file))).unwrap();
    get(&child, "/get?before", "{}");
    parent.configure(&args("{\"headers\": {\"X-New\": \"1\"}}")).unwrap();
    // Still recording.
    get(&child, "/get?after", "{}");
    assert_eq!(fs::read_to_string(&file).unwrap().matches("\"status\"").count(), 2);
}
