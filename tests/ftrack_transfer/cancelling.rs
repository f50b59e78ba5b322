//! The host ends a transfer: soon, and with nothing left of it.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use haft::{
    args::Args,
    error::Status,
    session::{Kind, Session},
};
use serde_json::json;

use super::{
    bed::{Folder, args, inspect, sandbox, session},
    store::{bytes, file, known, upload, ureq_get},
};

/// How long a cancel may take here: the machine may be busy, and the component has to be deleted on the server as well.
const SOON: Duration = Duration::from_millis(500);

fn wait(what: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !what() {
        assert!(Instant::now() < until, "it did not come to that");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn parts_that_hang_are_cut_off() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session: Arc<Session> = Arc::new(session(&sandbox, "{}"));
    let path = file(&folder, "hangs", &bytes(400_000));
    for (parts, fault) in [(1, "stall"), (8, "stall"), (8, "status&status=500")] {
        // Silence of the storage, or the pause before the next try.
        sandbox.ftrack_order(&format!("fault={fault}&action=upload&times=0")).unwrap();
        let (own, target) = (Arc::clone(&session), path.clone());
        let count =
            || sandbox.ftrack_log(0, false).as_array().unwrap().iter().filter(|entry| entry["method"] == "PUT").count();
        let before = count();
        let uploading = thread::spawn(move || {
            own.request(Some("upload"), Some(&target), &args(&json!({"parts": parts, "id": 7}).to_string()))
                .unwrap_err()
        });
        wait(|| count() >= before + std::cmp::min(parts, 6));
        thread::sleep(Duration::from_millis(50));
        let start = Instant::now();
        session.cancel(7);
        let failure = uploading.join().unwrap();
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
        assert_eq!(failure.status(), Status::Cancelled);
        assert_eq!(failure.detail().get("outcome").and_then(haft::value::Tree::as_str), Some("not_sent"));
        assert_eq!((known(&sandbox, "hangs"), inspect(&session, "created")), ((0, 0), json!([])));
        sandbox.ftrack_order("clear=1").unwrap();
    }
}

#[test]
fn what_was_submitted_ends_with_one_event() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let path = file(&folder, "submitted", &bytes(400_000));
    sandbox.ftrack_order("fault=stall&action=upload&times=0").unwrap();
    let id = session.submit(Some("upload"), Some(&path), &args(r#"{"parts": 4}"#)).unwrap();
    // The worker is free meanwhile.
    let other = session.submit(Some("query"), Some("select name from Priority"), &Args::new()).unwrap();
    let event = session.poll(10_000).unwrap().unwrap().settled();
    assert_eq!((event.id(), event.failure().is_none()), (other, true));
    wait(|| {
        sandbox.ftrack_log(0, false).as_array().unwrap().iter().filter(|entry| entry["method"] == "PUT").count() == 4
    });
    session.cancel(id);
    let event = session.poll(10_000).unwrap().unwrap().settled();
    assert_eq!(
        (event.kind(), event.id(), event.failure().unwrap().error().status()),
        (Kind::Response, id, Status::Cancelled)
    );
    wait(|| known(&sandbox, "submitted") == (0, 0));
    assert!(session.poll(100).unwrap().is_none());
}

#[test]
fn a_close_ends_transfers() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let path = file(&folder, "closed", &bytes(400_000));
    let id = upload(&session, &path, json!({}));
    sandbox.ftrack_order("fault=stall&action=upload&times=0").unwrap();
    sandbox.ftrack_order("fault=stall&action=download&times=0").unwrap();
    session.submit(Some("upload"), Some(&path), &args(r#"{"parts": 4}"#)).unwrap();
    session
        .submit(
            Some("download"),
            Some(&format!("FileComponent/{id}")),
            &args(&json!({"save_to": folder.file("d"), "parts": 3}).to_string()),
        )
        .unwrap();
    wait(|| {
        sandbox
            .ftrack_log(0, false)
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["path"].as_str().unwrap().starts_with("/storage"))
            .count()
            >= 6
    });
    let start = Instant::now();
    session.close(&Args::new()).unwrap();
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[test]
fn a_download_is_cut_off() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session: Arc<Session> = Arc::new(session(&sandbox, "{}"));
    let id = upload(&session, &file(&folder, "d", &bytes(400_000)), json!({}));
    sandbox.ftrack_order("fault=stall&action=download&times=0").unwrap();
    for parts in [1, 4] {
        let (own, target) = (Arc::clone(&session), format!("FileComponent/{id}"));
        let given = json!({"save_to": folder.file("out"), "parts": parts, "id": 9}).to_string();
        let loading = thread::spawn(move || own.request(Some("download"), Some(&target), &args(&given)).unwrap_err());
        thread::sleep(Duration::from_millis(300));
        let start = Instant::now();
        session.cancel(9);
        assert_eq!(loading.join().unwrap().status(), Status::Cancelled);
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
        assert!(!std::path::Path::new(&folder.file("out")).exists());
    }
}

#[test]
fn a_close_does_not_wait_for_a_server_that_is_silent() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let path = file(&folder, "silent", &bytes(400_000));
    sandbox.ftrack_order("fault=stall&action=upload&times=0").unwrap();
    let id = session.submit(Some("upload"), Some(&path), &args(r#"{"parts": 4}"#)).unwrap();
    wait(|| {
        sandbox.ftrack_log(0, false).as_array().unwrap().iter().filter(|entry| entry["method"] == "PUT").count() == 4
    });
    sandbox.ftrack_order("fault=stall&times=0").unwrap();
    let start = Instant::now();
    // Its own five seconds are enough.
    session.close(&Args::new()).unwrap();
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    let event = session.poll(1000).unwrap().unwrap().settled();
    let error = event.failure().unwrap().error();
    assert_eq!((event.id(), error.status()), (id, Status::Cancelled));
    // Nobody could find out whether the component was deleted.
    assert_eq!(error.detail().get("outcome").and_then(haft::value::Tree::as_str), Some("unknown"));
    sandbox.ftrack_order("clear=1").unwrap();
}

#[test]
fn a_close_leaves_no_connection() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let id = upload(&session, &file(&folder, "closed", &bytes(40_000)), json!({}));
    session.request(Some("download"), Some(&format!("FileComponent/{id}")), &Args::new()).unwrap();
    let open = || {
        let page = ureq_get(&format!("{}/_connections", sandbox.http));
        // One is the question's own.
        (page["http"]["open"].as_u64().unwrap() - 1, page["ftrack_storage"]["open"].as_u64().unwrap())
    };
    assert!(open().0 > 0 && open().1 > 0, "{:?}", open());
    session.close(&Args::new()).unwrap();
    wait(|| open() == (0, 0));
}
