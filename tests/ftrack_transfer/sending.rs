//! Uploads that go well, and files that do not let them.

use std::{io::Write, time::Duration};

use haft::{args::Args, error::Status, session::Kind, value::Tree};
use serde_json::{Value, json};

use super::{
    bed::{Folder, TASK, args, call, fails, inspect, mark, sandbox, sent, session, stage},
    store::{bytes, file, known, md5, quick, stored, upload},
};

/// The requests since then: the actions of those to the API, the method and part of those to the storage.
fn steps(sandbox: &haft_sandbox::Sandbox, since: u64) -> Vec<String> {
    let log = sandbox.ftrack_log(since, false);
    log.as_array()
        .unwrap()
        .iter()
        .map(|entry| match entry["path"].as_str().unwrap() {
            "/api" => {
                let words: Vec<_> = entry["body"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|operation| {
                        let kind = operation["entity_type"].as_str().map(|kind| format!(" {kind}")).unwrap_or_default();
                        format!("{}{kind}", operation["action"].as_str().unwrap())
                    })
                    .collect();
                words.join(", ")
            }
            _ => {
                let part = entry["query"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .find(|pair| pair[0] == "part")
                    .map(|pair| format!(" {}", pair[1].as_str().unwrap()));
                format!("{}{}", entry["method"].as_str().unwrap(), part.unwrap_or_default())
            }
        })
        .collect()
}

#[test]
fn a_small_file_goes_up_whole() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let content = bytes(100_000);
    let path = file(&folder, "clip.v1.mov", &content);
    let since = mark(&sandbox);
    let found = call(&session, "upload", &path, r#"{"data": {"file_type": ".qt"}}"#);
    assert_eq!(
        steps(&sandbox, since),
        ["query", "get_upload_metadata", "PUT", "create FileComponent, create ComponentLocation"]
    );
    assert_eq!(
        (&found["name"], &found["file_type"], &found["size"]),
        (&json!("clip.v1"), &json!(".qt"), &json!(100_000))
    );
    let id = found["id"].as_str().unwrap();
    assert_eq!(stored(&sandbox, id), Some((100_000, md5(&content))));
    assert_eq!(known(&sandbox, "clip.v1"), (1, 1));
    assert_eq!((inspect(&session, "operations"), inspect(&session, "created")), (json!([]), json!([])));
    assert_eq!(call(&session, "get", &format!("FileComponent/{id}"), "{}")["name"], "clip.v1");
}

#[test]
fn what_is_staged_is_left_alone() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    stage(&session, "update", &format!("Task/{TASK}"), r#"{"data": {"name": "later"}}"#);
    upload(&session, &file(&folder, "a.b", b"x"), json!({}));
    assert_eq!(inspect(&session, "operations").as_array().unwrap().len(), 1);
    assert_eq!(sandbox.ftrack_query(&format!("select name from Task where id is {TASK}")).unwrap()[0]["name"], "t1");
}

#[test]
fn an_empty_file_has_no_bytes_and_says_so() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    for options in ["{}", r#"{"compat": "python"}"#] {
        let session = session(&sandbox, options);
        let id = upload(&session, &file(&folder, "none", b""), json!({}));
        assert_eq!(stored(&sandbox, &id), Some((0, md5(b""))), "{options}");
        assert_eq!(call(&session, "download", &format!("FileComponent/{id}"), "{}"), 0);
    }
}

#[test]
fn a_large_file_goes_up_in_parts() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let content = bytes((16 << 20) + 1);
    let path = file(&folder, "large.exr", &content);
    let since = mark(&sandbox);
    let id = upload(&session, &path, json!({}));
    let mut steps = steps(&sandbox, since);
    steps[1..4].sort();
    assert_eq!(
        steps,
        [
            "create FileComponent, get_upload_metadata",
            "PUT 1",
            "PUT 2",
            "PUT 3",
            "complete_multipart_upload, create ComponentLocation"
        ]
    );
    let asked = sent(&sandbox, since);
    assert_eq!(
        asked[0][1],
        json!({"action": "get_upload_metadata", "component_id": id, "file_name": "large.exr", "file_size": content.len(), "parts": 3})
    );
    let last = asked[1][0].clone();
    assert_eq!(
        last["parts"].as_array().unwrap().iter().map(|part| part["part_number"].as_u64().unwrap()).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_eq!(last["parts"][0]["e_tag"], md5(&content[..8 << 20]));
    assert_eq!(stored(&sandbox, &id), Some((content.len() as u64, md5(&content))));
    assert_eq!(known(&sandbox, "large"), (1, 1));
    // The official client knows one part only.
    let python = super::bed::session(&sandbox, r#"{"compat": "python"}"#);
    let since = mark(&sandbox);
    upload(&python, &path, json!({}));
    assert_eq!(super::sending::steps(&sandbox, since).iter().filter(|step| step.starts_with("PUT")).count(), 1);
}

#[test]
fn the_host_says_how_many_parts() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let content = bytes(1000);
    let path = file(&folder, "some", &content);
    for (parts, puts) in [(1, 1), (2, 2), (7, 7), (40, 40)] {
        let since = mark(&sandbox);
        let id = upload(&session, &path, json!({"parts": parts}));
        assert_eq!(steps(&sandbox, since).iter().filter(|step| step.starts_with("PUT")).count(), puts);
        assert_eq!(stored(&sandbox, &id), Some((1000, md5(&content))), "{parts}");
    }
    let since = mark(&sandbox);
    for parts in ["10001", "0", "-1", "\"x\""] {
        let error = fails(&session, "upload", &path, &format!(r#"{{"parts": {parts}}}"#));
        assert_eq!(
            (error.status(), error.detail().get("key").and_then(Tree::as_str)),
            (Status::Argument, Some("parts"))
        );
    }
    assert_eq!(mark(&sandbox), since, "nothing was sent");
}

#[test]
fn the_storage_sees_no_credentials() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, r#"{"headers": {"X-Studio": "secret"}, "cookies": {"own": "cookie"}}"#);
    let since = mark(&sandbox);
    let id = upload(&session, &file(&folder, "a", &bytes(2000)), json!({"parts": 2, "headers": {"X-Call": "secret"}}));
    upload(&session, &file(&folder, "b", b"x"), json!({}));
    call(&session, "download", &format!("FileComponent/{id}"), "{}");
    let client = haft::session::Session::create("http:", &Args::new()).unwrap();
    let log = super::bed::value(
        &client.request(Some("GET"), Some(&format!("{}/_log?since={since}", sandbox.http)), &Args::new()).unwrap(),
    );
    let mut seen = 0;
    for entry in log.as_array().unwrap() {
        let raw = entry["raw"].as_str().unwrap().to_ascii_lowercase();
        if raw.starts_with("put ") || raw.starts_with("get /storage") || raw.starts_with("get /component") {
            seen += 1;
            for hidden in ["ftrack-api-key", "ftrack-user", "cookie", "x-studio", "x-call", "authorization"] {
                assert!(!raw.contains(hidden), "{hidden} in {raw}");
            }
        }
    }
    assert!(seen >= 4, "{seen}");
}

#[test]
fn progress_is_told_over_all_parts() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let content = bytes(3 << 20);
    let path = file(&folder, "long", &content);
    for parts in [1, 5] {
        // One goes wrong and is sent again: what is told never falls.
        if parts == 5 {
            sandbox.ftrack_order("fault=status&action=upload&part=3&status=500").unwrap();
        }
        let id = session
            .submit(
                Some("upload"),
                Some(&path),
                &args(&json!({"parts": parts, "progress": true, "tag": "up"}).to_string()),
            )
            .unwrap();
        let (mut told, mut ended) = (Vec::new(), false);
        while !ended {
            let event = session.poll(30_000).unwrap().unwrap();
            assert_eq!((event.id(), event.topic()), (id, c"up"));
            let event = event.settled();
            ended = event.kind() == Kind::Response;
            if ended {
                assert!(event.failure().is_none(), "{}", event.failure().unwrap().error());
            } else {
                let value: Value = serde_json::from_str(&event.value().unwrap().root().to_json()).unwrap();
                assert_eq!(value["to_send"], content.len());
                told.push(value["sent"].as_u64().unwrap());
            }
        }
        assert!(told.is_sorted() && told.last() == Some(&(content.len() as u64)), "{told:?}");
    }
}

#[test]
fn a_file_that_is_none() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let since = mark(&sandbox);
    for path in [folder.file("gone"), folder.0.to_str().unwrap().to_owned()] {
        let error = fails(&session, "upload", &path, "{}");
        assert_eq!(
            (error.code(), error.detail().get("outcome").and_then(Tree::as_str), error.is_retryable()),
            ("io", Some("not_sent"), false)
        );
        assert_eq!(error.detail().get("key").and_then(Tree::as_str), Some("target"));
    }
    let path = file(&folder, "a", b"x");
    assert_eq!(fails(&session, "upload", &path, r#"{"data": {"nome": 1}}"#).code(), "unknown_attribute");
    assert_eq!(fails(&session, "upload", &path, r#"{"location": "Location/other"}"#).code(), "argument");
    assert_eq!(fails(&session, "upload", "", "{}").code(), "argument");
    assert_eq!(mark(&sandbox), since, "nothing was sent");
}

/// While the first part waits, the file changes its size under the upload.
#[test]
fn a_file_that_changes_meanwhile() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let content = bytes(1 << 20);
    for (parts, grows) in [(1, false), (1, true), (4, false), (4, true)] {
        let session = quick(&sandbox);
        let name = format!("changes{parts}{grows}");
        let path = file(&folder, &name, &content);
        sandbox.ftrack_order("fault=delay&action=get_upload_metadata&seconds=0.5").unwrap();
        let changing = path.clone();
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(200));
            let mut file = std::fs::OpenOptions::new().append(true).open(changing).unwrap();
            if grows { file.write_all(b"more").unwrap() } else { file.set_len(1000).unwrap() }
        });
        let error = fails(&session, "upload", &path, &json!({"parts": parts}).to_string());
        thread.join().unwrap();
        assert_eq!(
            (error.code(), error.detail().get("outcome").and_then(Tree::as_str)),
            ("io", Some("not_sent")),
            "{error}"
        );
        assert!(error.message().contains("changed"), "{error}");
        assert_eq!(known(&sandbox, &name), (0, 0), "nothing is left");
        assert_eq!(inspect(&session, "created"), json!([]));
    }
}

#[test]
fn a_picture_becomes_a_thumbnail() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let (path, task) = (file(&folder, "p.png", b"pixels"), format!("Task/{TASK}"));
    let of = |sandbox: &haft_sandbox::Sandbox| {
        sandbox.ftrack_query(&format!("select thumbnail_id from Task where id is {TASK}")).unwrap()[0]["thumbnail_id"]
            .clone()
    };
    let made = call(&session, "create_thumbnail", &task, &json!({ "path": path }).to_string());
    assert_eq!((&made["name"], &made["file_type"]), (&json!("thumbnail"), &json!(".png")));
    assert_eq!((of(&sandbox), stored(&sandbox, made["id"].as_str().unwrap()).is_some()), (made["id"].clone(), true));
    // Staged: the bytes are there, the reference comes with the commit.
    let staged =
        stage(&session, "create_thumbnail", &task, &json!({"path": path, "data": {"name": "other"}}).to_string());
    assert!(stored(&sandbox, staged["id"].as_str().unwrap()).is_some());
    assert_eq!((of(&sandbox), &staged["name"]), (made["id"].clone(), &json!("other")));
    session.commit(&Args::new()).unwrap();
    assert_eq!(of(&sandbox), staged["id"]);
    assert_eq!(fails(&session, "create_thumbnail", &task, "{}").code(), "argument");
    assert_eq!(
        fails(&session, "create_thumbnail", &format!("Type/{TASK}"), &json!({ "path": path }).to_string()).code(),
        "unknown_attribute"
    );
}

#[test]
fn a_file_is_encoded() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let path = file(&folder, "m.mov", b"frames");
    let version = sandbox.ftrack_query("select id from AssetVersion").unwrap()[0]["id"].clone();
    for (given, keep, belongs) in [
        (json!({}), false, Value::Null),
        (json!({"version_id": version}), false, Value::Null),
        (json!({"version_id": version, "keep_original": true}), true, version.clone()),
    ] {
        let since = mark(&sandbox);
        let job = call(&session, "encode_media", &path, &given.to_string());
        assert_eq!(job["__entity_type__"], "Job");
        let asked = sent(&sandbox, since);
        let asked: Vec<&Value> = asked.iter().flat_map(|operations| operations.as_array().unwrap()).collect();
        let made = asked.iter().find(|one| one["entity_type"] == "FileComponent").unwrap();
        let encode = asked.iter().find(|one| one["action"] == "encode_media").unwrap();
        assert_eq!(made["entity_data"].get("version_id").unwrap_or(&Value::Null), &belongs);
        assert_eq!(encode["component_id"], made["entity_data"]["id"]);
        assert_eq!(
            (&encode["keep_original"], &encode["version_id"]),
            (&json!(keep), given.get("version_id").unwrap_or(&Value::Null))
        );
    }
    assert_eq!(fails(&session, "encode_media", &folder.file("gone.mov"), "{}").code(), "io");
    assert_eq!(fails(&session, "encode_media", &format!("Task/{TASK}"), "{}").code(), "argument");
}
