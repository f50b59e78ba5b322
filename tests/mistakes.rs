//! Failures explain themselves: what a newcomer does wrong first, and what the network does, each with its sentence and
//! its detail.

#![allow(clippy::unwrap_used, reason = "a test stops at what must not be")]

use haft::{args::Args, error::Error, session::Session, value::Tree};
use haft_sandbox::{Options, Sandbox};

fn args(json: &str) -> Args {
    let mut args = Args::new();
    args.set_json(None, json);
    args
}

fn session(sandbox: &Sandbox) -> Session {
    Session::create(&sandbox.http, &Args::new()).unwrap()
}

fn fail(session: &Session, verb: &str, target: &str, json: &str) -> Error {
    session.request(Some(verb), Some(target), &args(json)).unwrap_err()
}

/// The detail without its URL, which has a port that nobody knows.
fn detail(error: &Error) -> String {
    let mut detail = error.detail().clone();
    let url = detail.get("url").and_then(Tree::as_str).map(str::to_owned);
    if let Some(url) = url {
        let path = url.splitn(4, '/').nth(3).unwrap_or_default().to_owned();
        detail.insert("url", Tree::from(format!("/{path}")));
    }
    Tree::Object(detail).to_json()
}

#[test]
fn each_failure_has_a_sentence_and_a_detail() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let session = session(&sandbox);
    for (target, json, message, told) in [
        (
            "/get",
            r#"{"timout": 1}"#,
            r#"there is no option "timout"; the nearest is "timeout""#,
            r#"{"code":"argument","key":"timout"}"#,
        ),
        (
            "/get",
            r#"{"resolve": {}}"#,
            r#"the option "resolve" is not taken here; it belongs to create, configure, attach"#,
            r#"{"code":"argument","key":"resolve"}"#,
        ),
        (
            "/get",
            r#"{"timeout": 0}"#,
            "timeout was zero; leave it out to wait for ever",
            r#"{"code":"argument","key":"timeout","outcome":"not_sent"}"#,
        ),
        (
            "/status/503",
            r#"{"retry": {"total": 1, "status_forcelist": [503]}}"#,
            "the retries were used up by answers of status 503",
            r#"{"code":"retry","http_status":503,"outcome":"applied","retries":1,"url":"/status/503"}"#,
        ),
        (
            "/fault/truncate?length=100&sent=50",
            "{}",
            "the body ended after 50 of 100 bytes",
            r#"{"code":"incomplete_read","outcome":"applied","url":"/fault/truncate?length=100&sent=50"}"#,
        ),
        (
            "/html",
            r#"{"parse": "json"}"#,
            "the JSON could not be read: expected value at line 1 column 1",
            r#"{"code":"json_decode","line":1,"column":1,"outcome":"applied","url":"/html"}"#,
        ),
        (
            "/get",
            r#"{"save_to": "/no such folder/file"}"#,
            "/no such folder/file could not be written: there is no such folder",
            r#"{"code":"io","key":"save_to","outcome":"not_sent"}"#,
        ),
        (
            "/get",
            r#"{"stage": true}"#,
            "stage was asked of a request; submit takes it, and the stage call does it",
            r#"{"code":"argument","key":"stage","outcome":"not_sent"}"#,
        ),
        ("/get", r#"{"timeout": "soon"}"#, "", r#"{"code":"argument","key":"timeout","outcome":"not_sent"}"#),
        (
            "/get",
            r#"{"files": {"f": "/no such file"}}"#,
            "the file /no such file could not be read: no such file or directory",
            r#"{"code":"io","key":"files.f","outcome":"not_sent"}"#,
        ),
    ] {
        let error = fail(&session, "GET", target, json);
        assert!(message.is_empty() || error.message() == message, "{error}");
        // In any order, and perhaps with more beside it.
        let members = |text: &str| -> Vec<String> {
            text.trim_matches(['{', '}']).split(",\"").map(|member| member.trim_start_matches('"').to_owned()).collect()
        };
        let detail = members(&detail(&error));
        for member in members(told) {
            assert!(detail.contains(&member), "{message}: {member} in {detail:?}");
        }
    }
}

#[test]
fn a_body_that_never_stops_coming_ends_with_the_total_time_out() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let session = session(&sandbox);
    // There are always bytes to read, so that nobody ever waits for any.
    let file = std::env::temp_dir().join(format!("haft-endless-{}", std::process::id()));
    let endless = format!(r#"{{"timeouts": {{"total": 0.2}}, "save_to": "{}"}}"#, file.display());
    let error = fail(&session, "GET", "/size/100000000000", &endless);
    assert_eq!(error.code(), "total_timeout");
    for ending in ["part", "part.tag"] {
        let _ = std::fs::remove_file(file.with_extension(ending));
    }
    // A pause for the speed limit does not go beyond it either.
    let error = fail(&session, "GET", "/size/100000000", r#"{"timeouts": {"total": 0.2}, "limit_rate": 1}"#);
    assert_eq!(error.code(), "total_timeout");
}

#[test]
fn a_refused_commit_has_the_status_that_it_stands_for() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let session = session(&sandbox);
    for (target, status) in
        [("/status/404", "HAFT_E_NOT_FOUND"), ("/status/409", "HAFT_E_CONFLICT"), ("/status/418", "HAFT_E_REMOTE")]
    {
        session.stage(Some("PUT"), Some(target), &Args::new()).unwrap();
        let error = session.commit(&Args::new()).unwrap_err();
        assert_eq!(error.status().name().to_str().unwrap(), status);
        session.rollback(&Args::new()).unwrap();
    }
}

#[test]
fn null_clears_a_group() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let session = session(&sandbox);
    session.configure(&args(r#"{"timeouts": {"total": 1e-9}, "adapter": {"http://": null}}"#)).unwrap();
    assert_eq!(fail(&session, "GET", "/get", "{}").code(), "invalid_schema");
    session.configure(&args(r#"{"adapter": null}"#)).unwrap();
    assert_eq!(fail(&session, "GET", "/get", "{}").code(), "total_timeout");
    session.configure(&args(r#"{"timeouts": null}"#)).unwrap();
    session.request(Some("GET"), Some("/get"), &Args::new()).unwrap();
}
