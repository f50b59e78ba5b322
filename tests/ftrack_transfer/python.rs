//! The official client moves the same files: what goes over the wire is the same, header fields of uploads included.

use std::{fs, path::PathBuf, process::Command};

use haft::args::Args;
use haft_sandbox::Sandbox;
use serde_json::{Value, json};

use super::{
    bed::{Folder, TASK, call, sandbox, session},
    store::{bytes, file, upload},
};

const SERVER: &str = "3a372bde-05bc-11e4-8908-20c9d081909b";

/// What is between the marks, without what only says when.
fn scenarios(sandbox: &Sandbox) -> Vec<(String, Vec<Value>)> {
    let mut all: Vec<(String, Vec<Value>)> = Vec::new();
    for entry in sandbox.ftrack_log(0, true).as_array().unwrap() {
        let text = entry.to_string();
        if let Some(at) = text.find("from Type where name is \\\"") {
            let name = text[at..].split("\\\"").nth(1).unwrap();
            all.push((name.to_owned(), Vec::new()));
            continue;
        }
        if let Some((_, entries)) = all.last_mut() {
            let mut entry = entry.clone();
            entry.as_object_mut().unwrap().remove("seq");
            // The session's own cookie.
            entry["headers"].as_object_mut().unwrap().remove("cookie");
            entries.push(entry);
        }
    }
    all
}

/// The header fields of each PUT as they were sent, without those that name the client and the place.
fn heads(sandbox: &Sandbox) -> Vec<Vec<String>> {
    let client = haft::session::Session::create("http:", &Args::new()).unwrap();
    let log =
        super::bed::value(&client.request(Some("GET"), Some(&format!("{}/_log", sandbox.http)), &Args::new()).unwrap());
    let puts =
        log.as_array().unwrap().iter().filter_map(|entry| entry["raw"].as_str().filter(|raw| raw.starts_with("PUT")));
    puts.map(|raw| {
        let mut lines: Vec<String> = raw.lines().skip(1).filter(|line| !line.is_empty()).map(str::to_owned).collect();
        lines.retain(|line| !line.starts_with("Host:") && !line.starts_with("User-Agent:"));
        lines.sort();
        lines
    })
    .collect()
}

#[test]
fn the_same_goes_over_the_wire() {
    let folder = Folder::new();
    let content = bytes(30_000);
    let path = file(&folder, "clip.mov", &content);
    let theirs = sandbox();
    let python = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python");
    assert!(python.exists(), "{} is needed: scripts/test makes it", python.display());
    let mut command = Command::new(python);
    command.arg(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/python/ftrack_transfer.py"));
    command
        .arg(&theirs.http)
        .arg(&path)
        .arg(&folder.0)
        .env("FTRACK_EVENT_PLUGIN_PATH", "")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(fs::read(folder.file("python")).unwrap() == content);

    let ours = sandbox();
    let session = session(&ours, r#"{"compat": "python"}"#);
    let mark = |name: &str| {
        let operations = json!({"operations": [{"action": "query", "expression": format!("select id from Type where name is \"{name}\"")}]});
        call(&session, "call", "", &operations.to_string());
    };
    mark("upload");
    let id = upload(&session, &path, json!({}));
    mark("download");
    let component = format!("FileComponent/{id}");
    call(
        &session,
        "download",
        &component,
        &json!({"save_to": folder.file("ours"), "location": format!("Location/{SERVER}")}).to_string(),
    );
    mark("thumbnail");
    call(&session, "create_thumbnail", &format!("Task/{TASK}"), &json!({ "path": path }).to_string());
    mark("encode");
    call(&session, "encode_media", &path, "{}");
    mark("remove");
    call(&session, "remove_component", &component, &json!({"location": format!("Location/{SERVER}")}).to_string());
    mark("urls");

    let (theirs_log, mut ours_log) = (scenarios(&theirs), scenarios(&ours));
    assert_eq!(theirs_log.len(), 6);
    for ((name, theirs), (_, ours)) in theirs_log.into_iter().zip(&mut ours_log) {
        if name == "download" {
            // The accessor alone reads there: without the look into which location it is.
            ours.retain(|entry| entry["path"] != "/api");
        }
        for (at, (theirs, ours)) in theirs.iter().zip(&*ours).enumerate() {
            assert_eq!(ours, theirs, "{name}, request {at}");
        }
        assert_eq!(ours.len(), theirs.len(), "{name}: {ours:#?}\n{theirs:#?}");
    }
    assert_eq!(heads(&ours), heads(&theirs));
    // What the host is given to show has the form of the original.
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<String> = printed.lines().map(|line| line.replace(&theirs.http, "").replace("an id", &id)).collect();
    let id_again = upload(&session, &path, json!({}));
    let component = format!("FileComponent/{id_again}");
    for (line, given) in lines.iter().zip([json!({}), json!({"thumbnail": 300}), json!({"thumbnail": true})]) {
        let mut given = given;
        given["location"] = format!("Location/{SERVER}").into();
        let url = call(&session, "url", &component, &given.to_string());
        assert_eq!(url.as_str().unwrap().replace(&ours.http, ""), line.replace(&id, &id_again));
    }
}
