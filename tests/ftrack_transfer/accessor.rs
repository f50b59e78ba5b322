//! The server location among the others: components are added to it, moved out of it, read and removed.

use std::{
    collections::HashMap,
    fs,
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use haft::{args::Args, error::Status, value::Tree};
use serde_json::{Value, json};

use super::{
    bed::{Folder, call, fails, mark, open, provider, sandbox, sent, session},
    downloading::{get, meta, ranges},
    store::{bytes, file, md5, stored, upload},
};

const SERVER: &str = "Location/3a372bde-05bc-11e4-8908-20c9d081909b";

fn id(entity: &Value) -> String {
    entity["id"].as_str().unwrap().to_owned()
}

#[test]
fn large_files_are_added_in_parts() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let content = bytes((16 << 20) + 5);
    let path = file(&folder, "large.exr", &content);
    let since = mark(&sandbox);
    let made = call(&session, "create_component", &path, &json!({ "location": SERVER }).to_string());
    assert_eq!(stored(&sandbox, &id(&made)), Some((content.len() as u64, md5(&content))));
    let asked = sent(&sandbox, since);
    let actions: Vec<&Value> = asked
        .iter()
        .flat_map(|operations| operations.as_array().unwrap())
        .map(|operation| &operation["action"])
        .collect();
    assert_eq!(actions[actions.len() - 4..], ["get_upload_metadata", "complete_multipart_upload", "create", "create"]);
    // From there to another place, and away.
    let component = format!("FileComponent/{}", id(&made));
    let answer =
        get(&session, &component, json!({"save_to": folder.file("out"), "location": SERVER, "parts": 4})).unwrap();
    assert!(fs::read(folder.file("out")).unwrap() == content && meta(&answer)["location"] == SERVER);
    call(&session, "remove_component", &component, &json!({ "location": SERVER }).to_string());
    assert_eq!(stored(&sandbox, &id(&made)), None);
}

/// A storage of the host: identifiers and bytes.
type Held = Arc<Mutex<HashMap<String, Vec<u8>>>>;

fn studio(sandbox: &haft_sandbox::Sandbox) -> (Held, haft::session::Session) {
    let held: Held = Arc::default();
    let shared = Arc::clone(&held);
    let accessor = provider(move |asked, reply| {
        let mut held = shared.lock().unwrap();
        let given = &asked["arguments"];
        let name = given["identifier"].as_str().or(given["handle"].as_str()).unwrap_or_default().to_owned();
        match asked["method"].as_str().unwrap() {
            "open" => {
                if given["mode"] == "rb" && !held.contains_key(&name) {
                    return Status::NotFound;
                }
                reply.set("value", name);
            }
            "exists" | "is_file" => reply.set("value", held.contains_key(&name)),
            "read" => {
                let bytes = held.get(&name).cloned().unwrap_or_default();
                let from = usize::try_from(given["offset"].as_u64().unwrap()).unwrap().min(bytes.len());
                // Never more than a little at once.
                let to = bytes.len().min(from + 10_000);
                reply.set("value", &bytes[from..to]);
            }
            "write" => {
                let bytes = STANDARD.decode(given["bytes"].as_str().unwrap()).unwrap();
                held.entry(name).or_default().extend(bytes);
            }
            _ => {}
        }
        Status::Ok
    });
    let mut given = Args::new();
    given.set("accessor.studio", accessor);
    let mut place = haft::value::Object::default();
    for (key, value) in [("name", "test.location"), ("accessor", "studio"), ("structure", "id")] {
        place.insert(key, Tree::from(value));
    }
    place.insert("priority", Tree::Int(1));
    given.set("location", Tree::Array(vec![Tree::Object(place)]));
    let session = open(sandbox, given).unwrap();
    (held, session)
}

#[test]
fn what_the_host_keeps_is_moved_both_ways() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let (held, session) = studio(&sandbox);
    let content = bytes(123_456);
    let path = file(&folder, "shared.mov", &content);
    let made = call(&session, "create_component", &path, r#"{"location": "test.location"}"#);
    let component = format!("FileComponent/{}", id(&made));
    assert!(held.lock().unwrap().values().any(|bytes| *bytes == content));
    // Out of the host's storage, which does not tell how long it is, into the server's.
    call(&session, "add_component", &component, &json!({"location": SERVER, "from": "test.location"}).to_string());
    assert_eq!(stored(&sandbox, &id(&made)), Some((123_456, md5(&content))));
    // The preferred one has it: the server's store is not asked.
    let since = mark(&sandbox);
    let out = folder.file("out");
    let answer = get(&session, &component, json!({ "save_to": out })).unwrap();
    assert_eq!((fs::read(&out).unwrap() == content, ranges(&sandbox, since)), (true, Vec::new()));
    assert!(meta(&answer)["location"] != SERVER);
    // By a submit as well, on the thread that runs the host's code.
    let number = session.submit(Some("download"), Some(&component), &Args::new()).unwrap();
    let event = session.poll(20_000).unwrap().unwrap().settled();
    assert_eq!((event.id(), event.failure().is_none()), (number, true));
    // What the host has lost.
    held.lock().unwrap().clear();
    let error = get(&session, &component, json!({ "save_to": out })).unwrap_err();
    assert_eq!(error.status(), Status::NotFound, "{error:?}");
    assert!(fs::read(&out).unwrap() == content, "the older one is there");
    // From the server's store into the host's, in order.
    let other = upload(&session, &path, json!({"data": {"name": "other"}}));
    let since = mark(&sandbox);
    call(
        &session,
        "add_component",
        &format!("FileComponent/{other}"),
        &json!({"location": "test.location", "from": SERVER}).to_string(),
    );
    assert!(held.lock().unwrap().values().any(|bytes| *bytes == content));
    assert_eq!(ranges(&sandbox, since), [Value::Null], "one stream");
}

/// What goes wrong in the server's store is an accessor's error, with the server's words and without credentials.
#[test]
fn failures_are_those_of_accessors() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let path = file(&folder, "a.b", b"bytes");
    let made = call(&session, "create_component", &path, r#"{"location": null}"#);
    let component = format!("FileComponent/{}", id(&made));
    for (status, code) in [(500, "accessor_operation_failed"), (403, "accessor_permission_denied")] {
        sandbox.ftrack_order(&format!("fault=status&action=upload&status={status}")).unwrap();
        let error = fails(&session, "add_component", &component, &json!({"location": SERVER, "retry": 0}).to_string());
        assert_eq!(
            (error.code(), error.detail().get("http_status").and_then(Tree::as_int)),
            (code, Some(status)),
            "{error:?}"
        );
        assert_eq!(error.detail().get("resource_identifier").and_then(Tree::as_str), Some(&*id(&made)));
    }
    sandbox.ftrack_order("fault=error&action=get_upload_metadata&exception=PermissionError").unwrap();
    let error = fails(&session, "add_component", &component, &json!({ "location": SERVER }).to_string());
    assert_eq!(
        (error.code(), error.detail().get("exception").and_then(Tree::as_str)),
        ("accessor_permission_denied", Some("PermissionError"))
    );
    call(&session, "add_component", &component, &json!({ "location": SERVER }).to_string());
    sandbox.ftrack_order("fault=status&action=remove&status=503").unwrap();
    let error = fails(&session, "remove_component", &component, &json!({ "location": SERVER }).to_string());
    assert_eq!(error.code(), "accessor_operation_failed");
    let shown = format!("{error:?} {}", Tree::Object(error.detail().clone()).to_json());
    assert!(!shown.contains("secret-key") && !shown.contains("apiKey"), "{shown}");
    assert!(stored(&sandbox, &id(&made)).is_some());
}
