//! Uploads that go wrong: what is tried again, when it is given up, and what is left then.

use std::{
    sync::{Arc, Barrier},
    thread,
    time::Duration,
};

use haft::{args::Args, clock::control::freeze, error::Status, session::Session, value::Tree};
use haft_sandbox::Sandbox;
use serde_json::json;

use super::{
    bed::{Folder, args, call, fails, inspect, mark, sandbox, session},
    store::{bytes, file, known, md5, quick, stored, upload},
};

fn puts(sandbox: &Sandbox, since: u64) -> usize {
    sandbox.ftrack_log(since, false).as_array().unwrap().iter().filter(|entry| entry["method"] == "PUT").count()
}

fn outcome(error: &haft::error::Error) -> Option<&str> {
    error.detail().get("outcome").and_then(Tree::as_str)
}

/// What passes is tried again: statuses, broken connections, silence.
#[test]
fn a_part_is_sent_until_it_arrives() {
    let faults =
        ["status&status=429", "status&status=500", "status&status=503", "hangup&sent=50000", "cut", "md5", "stall"];
    let tries = faults.iter().flat_map(|fault| [(*fault, 1, ""), (*fault, 3, "&part=2")]);
    // Each waits a second before it tries again: side by side.
    let threads: Vec<_> =
        tries.map(|(fault, parts, part)| thread::spawn(move || arrives(fault, parts, part))).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

fn arrives(fault: &str, parts: usize, part: &str) {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let content = bytes(600_000);
    let path = file(&folder, "clip", &content);
    let session = session(&sandbox, r#"{"timeout": 3}"#);
    sandbox.ftrack_order(&format!("fault={fault}&action=upload{part}")).unwrap();
    let since = mark(&sandbox);
    let id = upload(&session, &path, json!({"parts": parts}));
    assert_eq!(stored(&sandbox, &id), Some((600_000, md5(&content))), "{fault} of {parts}");
    assert_eq!(puts(&sandbox, since), parts + 1, "{fault} of {parts}");
}

/// Fifteen pauses, from a second to 64, and up to half a second more.
#[test]
fn it_is_given_up_after_sixteen_tries() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let path = file(&folder, "never", &bytes(3000));
    let clock = freeze();
    let session = Arc::new(session(&sandbox, "{}"));
    for (parts, steady) in [(1, ""), (3, "&part=2")] {
        sandbox.ftrack_order(&format!("fault=status&action=upload&times=0&status=503{steady}")).unwrap();
        let since = mark(&sandbox);
        let (own, file) = (Arc::clone(&session), path.clone());
        let uploading = thread::spawn(move || fails(&own, "upload", &file, &json!({"parts": parts}).to_string()));
        for seconds in [1, 2, 4, 8, 16, 32, 64, 64, 64, 64, 64, 64, 64, 64, 64] {
            let least = Duration::from_secs(seconds);
            let pause = clock.awaited(least..=least + Duration::from_millis(500));
            clock.advance(pause);
        }
        let error = uploading.join().unwrap();
        assert_eq!((error.code(), outcome(&error)), ("http_status", Some("not_sent")), "{error}");
        assert_eq!(error.detail().get("http_status").and_then(Tree::as_int), Some(503));
        assert_eq!(error.detail().get("part").and_then(Tree::as_int), (parts > 1).then_some(2));
        assert_eq!(puts(&sandbox, since), 16 + parts - 1);
        assert_eq!(known(&sandbox, "never"), (0, 0), "nothing is left");
        sandbox.ftrack_order("clear=1").unwrap();
    }
}

/// What the storage refuses for good is not sent again: the error is there at once, and nothing is left.
#[test]
fn what_cannot_heal_fails_at_once() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let path = file(&folder, "refused", &bytes(3000));
    let session = session(&sandbox, "{}");
    // A pause would never end.
    let _clock = freeze();
    for (status, kind) in [
        (400, Status::Remote),
        (401, Status::Auth),
        (403, Status::Denied),
        (404, Status::NotFound),
        (410, Status::NotFound),
        (412, Status::Conflict),
        (413, Status::Limit),
    ] {
        for (parts, part) in [(1, ""), (3, "&part=2")] {
            sandbox.ftrack_order(&format!("fault=status&action=upload&status={status}{part}")).unwrap();
            let since = mark(&sandbox);
            let error = fails(&session, "upload", &path, &json!({"parts": parts}).to_string());
            assert_eq!(
                (error.code(), error.status(), outcome(&error)),
                ("http_status", kind, Some("not_sent")),
                "{error}"
            );
            assert_eq!(error.detail().get("http_status").and_then(Tree::as_int), Some(status));
            assert_eq!(error.detail().get("part").and_then(Tree::as_int), (parts > 1).then_some(2));
            assert!(puts(&sandbox, since) <= parts, "{status} of {parts}");
            assert_eq!(known(&sandbox, "refused"), (0, 0), "nothing is left");
            sandbox.ftrack_order("clear=1").unwrap();
        }
    }
}

#[test]
fn the_host_says_how_often() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let path = file(&folder, "once", b"x");
    sandbox.ftrack_order("fault=status&action=upload&times=0&status=403").unwrap();
    for (options, given) in [("{}", r#"{"retry": 0}"#), (r#"{"compat": "python"}"#, "{}")] {
        let session = session(&sandbox, options);
        let since = mark(&sandbox);
        let error = fails(&session, "upload", &path, given);
        assert_eq!((error.status(), puts(&sandbox, since)), (Status::Denied, 1));
        assert!(error.detail().get("server_text").and_then(Tree::as_str).unwrap().contains("storage"));
    }
    // No try that would end too late is waited for.
    sandbox.ftrack_order("clear=1").unwrap();
    sandbox.ftrack_order("fault=status&action=upload&times=0&status=503").unwrap();
    let session = session(&sandbox, "{}");
    let error = fails(&session, "upload", &path, r#"{"timeouts": {"total": 0.5}}"#);
    assert_eq!(error.code(), "http_status");
}

#[test]
fn a_preflight_that_is_refused_leaves_nothing() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let path = file(&folder, "refused", b"xyz");
    for (fault, parts) in [
        ("fault=error&action=get_upload_metadata&op=0", 1),
        ("fault=error&action=get_upload_metadata&op=0", 3),
        ("fault=error&action=get_upload_metadata&op=1", 3),
        ("fault=error&action=complete_multipart_upload&op=0", 3),
        ("fault=error&action=complete_multipart_upload&op=1", 3),
        ("fault=error&action=create&text=ComponentLocation&op=1", 1),
    ] {
        sandbox.ftrack_order(fault).unwrap();
        let error = fails(&session, "upload", &path, &json!({"parts": parts}).to_string());
        assert_eq!((error.code(), outcome(&error)), ("server", Some("not_sent")), "{fault} {parts}: {error}");
        assert_eq!(known(&sandbox, "refused"), (0, 0), "{fault} {parts}");
        assert_eq!((inspect(&session, "created"), inspect(&session, "operations")), (json!([]), json!([])));
    }
    // The session is as good as before.
    upload(&session, &path, json!({"parts": 3}));
    assert_eq!(known(&sandbox, "refused"), (1, 1));
}

/// The answer to the last request is lost: it is looked up whether it was applied.
#[test]
fn a_lost_answer_is_looked_up() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    for (parts, action) in [(1, "create&text=ComponentLocation"), (3, "complete_multipart_upload")] {
        for when in ["after", "before"] {
            let name = format!("lost{parts}{when}");
            let path = file(&folder, &name, b"xyz");
            sandbox.ftrack_order(&format!("fault=cut&when={when}&action={action}")).unwrap();
            let outcome_of = session.request(Some("upload"), Some(&path), &args(&json!({"parts": parts}).to_string()));
            if when == "after" {
                assert!(outcome_of.is_ok(), "{name}: {}", outcome_of.unwrap_err());
                assert_eq!(known(&sandbox, &name), (1, 1));
            } else {
                assert_eq!(outcome(&outcome_of.unwrap_err()), Some("not_sent"));
                assert_eq!(known(&sandbox, &name), (0, 0));
            }
            assert_eq!(inspect(&session, "created"), json!([]));
        }
    }
    // The answer to the preflight is lost: the component may be there, and must not stay.
    for when in ["after", "before"] {
        let path = file(&folder, "preflight", b"xyz");
        sandbox.ftrack_order(&format!("fault=cut&when={when}&action=get_upload_metadata")).unwrap();
        let error = fails(&session, "upload", &path, r#"{"parts": 3}"#);
        assert_eq!((outcome(&error), known(&sandbox, "preflight")), (Some("not_sent"), (0, 0)), "{when}: {error}");
    }
}

/// When the server cannot be asked either, the host is told that nobody knows.
#[test]
fn what_nobody_knows_is_said() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let path = file(&folder, "unknown", b"xyz");
    sandbox.ftrack_order("fault=cut&when=after&action=complete_multipart_upload").unwrap();
    sandbox.ftrack_order("fault=cut&when=before&action=query&times=0").unwrap();
    let error = fails(&session, "upload", &path, r#"{"parts": 3}"#);
    assert_eq!(outcome(&error), Some("unknown"), "{error}");
    let component = error.detail().get("component").and_then(Tree::as_str).unwrap();
    assert!(
        sandbox.ftrack_query(&format!("select id from FileComponent where id is {component}")).unwrap()[0].is_object()
    );
    sandbox.ftrack_order("clear=1").unwrap();
    // The deletion fails: what is left is named.
    sandbox.ftrack_order("fault=error&action=complete_multipart_upload").unwrap();
    sandbox.ftrack_order("fault=error&action=delete").unwrap();
    let error = fails(&session, "upload", &file(&folder, "left", b"xyz"), r#"{"parts": 3}"#);
    assert_eq!((outcome(&error), known(&sandbox, "left")), (Some("unknown"), (1, 0)), "{error}");
    assert!(error.detail().get("component").is_some());
}

/// No credential in an error, whatever goes wrong.
#[test]
fn errors_keep_secrets() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = quick(&sandbox);
    let path = file(&folder, "secret", b"xyz");
    let id = upload(&session, &path, json!({}));
    let target = format!("FileComponent/{id}");
    let secret = |error: haft::error::Error| {
        let shown = format!("{error:?} {}", Tree::Object(error.detail().clone()).to_json());
        assert!(
            !shown.contains("secret-key") && !shown.contains("signature=") && !shown.contains("username="),
            "{shown}"
        );
    };
    for fault in ["status&status=500", "cut", "reset", "hangup"] {
        sandbox.ftrack_order(&format!("fault={fault}&action=upload")).unwrap();
        secret(fails(&session, "upload", &path, r#"{"retry": 0}"#));
        sandbox.ftrack_order("clear=1").unwrap();
        for action in ["get", "download"] {
            if fault != "hangup" {
                sandbox.ftrack_order(&format!("fault={fault}&action={action}&times=0")).unwrap();
                secret(fails(&session, "download", &target, &json!({"save_to": folder.file("d")}).to_string()));
                sandbox.ftrack_order("clear=1").unwrap();
            }
        }
    }
    sandbox.ftrack_order("fault=truncate&action=download").unwrap();
    secret(fails(&session, "download", &target, "{}"));
    drop(session);
    assert!(!std::path::Path::new(&folder.file("d")).exists());
}

/// Two uploads of one session at a time, each in parts.
#[test]
fn several_at_a_time() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session: Arc<Session> = Arc::new(session(&sandbox, "{}"));
    let (start, content) = (Arc::new(Barrier::new(4)), bytes(900_000));
    let threads: Vec<_> = (0..4)
        .map(|number| {
            let path = file(&folder, &format!("s{number}"), &content);
            let (session, start) = (Arc::clone(&session), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                upload(&session, &path, json!({"parts": 5}))
            })
        })
        .collect();
    for thread in threads {
        let id = thread.join().unwrap();
        assert_eq!(stored(&sandbox, &id), Some((900_000, md5(&content))));
        assert_eq!(call(&session, "download", &format!("FileComponent/{id}"), "{}"), 900_000);
    }
    session.close(&Args::new()).unwrap();
}
