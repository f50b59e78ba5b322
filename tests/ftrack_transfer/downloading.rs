//! Downloads: where they go, how they go on, and what is not taken for whole.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use haft::{
    args::Args,
    error::{Error, Status},
    session::{Kind, Response, Session},
    value::Tree,
};
use haft_sandbox::Sandbox;
use serde_json::{Value, json};

use super::{
    bed::{Folder, args, call, fails, mark, provider, sandbox, session, value},
    store::{bytes, file, put, stored, upload},
};

/// A component with these bytes.
pub fn component(sandbox: &Sandbox, folder: &Folder, session: &Session, content: &[u8]) -> String {
    let path = file(folder, "source", content);
    let id = upload(session, &path, json!({}));
    assert_eq!(stored(sandbox, &id).unwrap().0, content.len() as u64);
    format!("FileComponent/{id}")
}

pub fn get(session: &Session, target: &str, given: Value) -> Result<Response, Error> {
    session.request(Some("download"), Some(target), &args(&given.to_string()))
}

pub fn meta(response: &Response) -> Value {
    serde_json::from_str(&response.meta().root().to_json()).unwrap()
}

/// The ranges that the storage was asked for since then; null for a whole.
pub fn ranges(sandbox: &Sandbox, since: u64) -> Vec<Value> {
    let log = sandbox.ftrack_log(since, false);
    let asked = log
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["method"] == "GET" && entry["path"].as_str().unwrap().starts_with("/storage"));
    asked.map(|entry| entry["headers"]["range"].clone()).collect()
}

pub fn parts_left(path: &str) -> (bool, bool, bool) {
    let exists = |ending: &str| fs::exists(format!("{path}{ending}")).unwrap();
    (exists(""), exists(".part"), exists(".part.tag"))
}

#[test]
fn to_a_file_to_memory_to_the_host() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let content = bytes(700_000);
    let target = component(&sandbox, &folder, &session, &content);
    let out = folder.file("out");
    fs::write(&out, "an older one").unwrap();
    let answer = get(&session, &target, json!({"save_to": out})).unwrap();
    assert_eq!((value(&answer), fs::read(&out).unwrap() == content), (json!(700_000), true));
    let told = meta(&answer);
    assert_eq!(
        (&told["saved"], &told["resumed_at"], &told["location"]),
        (&json!(700_000), &json!(0), &json!("Location/3a372bde-05bc-11e4-8908-20c9d081909b"))
    );
    assert!(!told.to_string().contains("secret-key"));
    assert_eq!(parts_left(&out), (true, false, false));
    let answer = get(&session, &target, json!({})).unwrap();
    assert!(answer.body() == content);
    // Without the redirect to the storage as well.
    sandbox.ftrack_order("set=1&redirect=0").unwrap();
    assert_eq!(call(&session, "download", &target, "{}"), 700_000);

    let heard: Arc<Mutex<(Vec<u8>, Vec<String>)>> = Arc::default();
    let ear = Arc::clone(&heard);
    let mut given = Args::new();
    given.set(
        "save_to",
        provider(move |asked, _| {
            let mut heard = ear.lock().unwrap();
            match asked["method"].as_str().unwrap() {
                // Bytes come out of a value as base64 text in JSON.
                "write" => heard.0.extend(
                    base64::Engine::decode(
                        &base64::engine::general_purpose::STANDARD,
                        asked["arguments"]["bytes"].as_str().unwrap(),
                    )
                    .unwrap(),
                ),
                _ => heard.1.push(asked["arguments"]["outcome"].as_str().unwrap().to_owned()),
            }
            Status::Ok
        }),
    );
    session.request(Some("download"), Some(&target), &given).unwrap();
    assert!(heard.lock().unwrap().0 == content && heard.lock().unwrap().1 == ["complete"]);
    sandbox.ftrack_order("fault=status&action=get").unwrap();
    session.request(Some("download"), Some(&target), &given).unwrap_err();
    assert_eq!(heard.lock().unwrap().1, ["complete", "failed"]);
    // By a submit, with progress; with a provider on the worker.
    for given in [args(&json!({"save_to": out, "progress": true}).to_string()), given] {
        let id = session.submit(Some("download"), Some(&target), &given).unwrap();
        let mut told = Vec::new();
        loop {
            let event = session.poll(20_000).unwrap().unwrap().settled();
            assert_eq!(event.id(), id);
            if event.kind() == Kind::Response {
                assert!(event.failure().is_none());
                break;
            }
            let value: Value = serde_json::from_str(&event.value().unwrap().root().to_json()).unwrap();
            told.push(value["received"].as_u64().unwrap());
        }
        assert!(told.is_sorted() && told.last().is_none_or(|last| *last == 700_000), "{told:?}");
    }
}

#[test]
fn what_is_not_there() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let out = folder.file("out");
    let nobody = "FileComponent/00000000-0000-4000-8000-000000000000";
    let error = get(&session, nobody, json!({"save_to": out})).unwrap_err();
    assert_eq!((error.code(), error.status()), ("component_not_in_any_location", Status::NotFound));
    let error =
        get(&session, nobody, json!({"save_to": out, "location": "Location/3a372bde-05bc-11e4-8908-20c9d081909b"}))
            .unwrap_err();
    assert_eq!(error.code(), "component_not_in_location");
    for (target, given) in [
        ("Task/x", json!({})),
        ("", json!({})),
        (nobody, json!({"parts": 0})),
        (nobody, json!({"resume": true})),
        (nobody, json!({"save_to": 3})),
    ] {
        assert_eq!(
            fails(&session, "download", target, &given.to_string()).status(),
            Status::Argument,
            "{target} {given}"
        );
    }
    // Registered, and the bytes are gone.
    let target = component(&sandbox, &folder, &session, b"abc");
    sandbox.ftrack_order("fault=status&status=404&action=get").unwrap();
    let error = get(&session, &target, json!({"save_to": out})).unwrap_err();
    assert_eq!((error.code(), error.status()), ("http_status", Status::NotFound));
    assert_eq!(parts_left(&out), (false, false, false), "nothing came, and nothing is left");
    // A place that cannot be written is known before anything is asked for.
    let since = mark(&sandbox);
    for place in [folder.file("no/such/folder"), folder.0.to_str().unwrap().to_owned(), "/proc/haft".to_owned()] {
        let error = get(&session, &target, json!({"save_to": place})).unwrap_err();
        assert_eq!(
            (error.code(), error.detail().get("key").and_then(Tree::as_str)),
            ("io", Some("save_to")),
            "{place}"
        );
    }
    assert_eq!(ranges(&sandbox, since), Vec::<Value>::new());
}

#[test]
fn what_was_cut_off_goes_on() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let content = bytes(900_000);
    let target = component(&sandbox, &folder, &session, &content);
    let out = folder.file("out");
    sandbox.ftrack_order("set=1&digest=1").unwrap();
    sandbox.ftrack_order("fault=truncate&action=download&sent=300000").unwrap();
    let error = get(&session, &target, json!({"save_to": out, "resume": true})).unwrap_err();
    assert_eq!(error.code(), "incomplete_read", "{error:?}");
    assert_eq!(parts_left(&out), (false, true, true));
    assert_eq!(fs::metadata(format!("{out}.part")).unwrap().len(), 300_000);
    let since = mark(&sandbox);
    let answer = get(&session, &target, json!({"save_to": out, "resume": true})).unwrap();
    assert_eq!(
        (value(&answer), meta(&answer)["resumed_at"].clone(), meta(&answer)["saved"].clone()),
        (json!(600_000), json!(300_000), json!(900_000))
    );
    assert_eq!(ranges(&sandbox, since), ["bytes=300000-"]);
    assert!(fs::read(&out).unwrap() == content);
    assert_eq!(parts_left(&out), (true, false, false));
    // Without resume it begins anew.
    sandbox.ftrack_order("fault=truncate&action=download").unwrap();
    get(&session, &target, json!({"save_to": out})).unwrap_err();
    assert!(fs::read(&out).unwrap() == content, "the older one is there until the new one is whole");
    let since = mark(&sandbox);
    assert_eq!(value(&get(&session, &target, json!({"save_to": out})).unwrap()), 900_000);
    assert_eq!(ranges(&sandbox, since), [Value::Null]);
}

/// The same call goes on by itself when it was told to try again.
#[test]
fn tries_of_one_call_go_on() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let content = bytes(500_000);
    let target = component(&sandbox, &folder, &session, &content);
    let out = folder.file("out");
    for given in [json!({"save_to": out, "retry": 2}), json!({"retry": 2})] {
        sandbox.ftrack_order("fault=truncate&action=download&sent=200000").unwrap();
        let since = mark(&sandbox);
        let answer = get(&session, &target, given.clone()).unwrap();
        assert_eq!((value(&answer), meta(&answer)["resumed_at"].clone()), (json!(500_000), json!(0)));
        assert_eq!(ranges(&sandbox, since), [Value::Null, json!("bytes=200000-")]);
        assert!(if given.get("save_to").is_some() {
            fs::read(&out).unwrap() == content
        } else {
            answer.body() == content
        });
    }
}

#[test]
fn another_content_is_begun_anew() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let target = component(&sandbox, &folder, &session, &bytes(400_000));
    let out = folder.file("out");
    sandbox.ftrack_order("fault=truncate&action=download&sent=100000").unwrap();
    get(&session, &target, json!({"save_to": out})).unwrap_err();
    // Meanwhile somebody puts another picture there, of the same size.
    let other: Vec<u8> = bytes(400_001)[1..].to_vec();
    put(&sandbox, target.split('/').nth(1).unwrap(), &other);
    let since = mark(&sandbox);
    let answer = get(&session, &target, json!({"save_to": out, "resume": true})).unwrap();
    assert_eq!(
        (ranges(&sandbox, since), meta(&answer)["resumed_at"].clone()),
        (vec![json!("bytes=100000-")], json!(0))
    );
    assert!(fs::read(&out).unwrap() == other);
}

/// 416: there is nothing behind what is there.
#[test]
fn what_is_whole_already() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let content = bytes(50_000);
    let target = component(&sandbox, &folder, &session, &content);
    let out = folder.file("out");
    let tag = format!("\"{}\"\n", super::store::md5(&content));
    for (there, moved) in [(content.clone(), 0), ([&content[..], b"too much"].concat(), 50_000), (Vec::new(), 50_000)] {
        fs::write(format!("{out}.part"), &there).unwrap();
        fs::write(format!("{out}.part.tag"), &tag).unwrap();
        let answer = get(&session, &target, json!({"save_to": out, "resume": true})).unwrap();
        assert_eq!(value(&answer), moved, "{} bytes were there", there.len());
        assert!(fs::read(&out).unwrap() == content);
        assert_eq!(parts_left(&out), (true, false, false));
    }
    // What cannot be gone on with: damaged notes, or none.
    for tag in [Some("\ntotal"), None] {
        fs::write(format!("{out}.part"), b"rubbish").unwrap();
        match tag {
            Some(tag) => fs::write(format!("{out}.part.tag"), tag).unwrap(),
            None => drop(fs::remove_file(format!("{out}.part.tag"))),
        }
        assert_eq!(value(&get(&session, &target, json!({"save_to": out, "resume": true})).unwrap()), 50_000);
        assert!(fs::read(&out).unwrap() == content);
    }
}

/// What is too short, or is something else, never has the name of the whole.
#[test]
fn what_came_is_compared() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let content = bytes(80_000);
    let target = component(&sandbox, &folder, &session, &content);
    let out = folder.file("out");
    for fault in ["short", "md5"] {
        for parts in [1, 3] {
            let times = if parts == 1 { 1 } else { 0 };
            sandbox.ftrack_order(&format!("fault={fault}&action=download&times={times}")).unwrap();
            let outcome = get(&session, &target, json!({"save_to": out, "parts": parts}));
            sandbox.ftrack_order("clear=1").unwrap();
            if (fault, parts) == ("md5", 3) {
                // The sum of a stretch says nothing about the whole.
                outcome.unwrap();
                fs::remove_file(&out).unwrap();
                continue;
            }
            let error = outcome.unwrap_err();
            assert!(matches!(error.code(), "protocol" | "incomplete_read"), "{fault} {parts}: {error:?}");
            assert!(!fs::exists(&out).unwrap(), "{fault} {parts}");
        }
        // And nothing goes on with it.
        assert_eq!(
            meta(&get(&session, &target, json!({"save_to": out, "resume": true})).unwrap())["saved"],
            80_000,
            "{fault}"
        );
        assert!(fs::read(&out).unwrap() == content);
        fs::remove_file(&out).unwrap();
        // Into memory as well; and not when the host does not want to know.
        sandbox.ftrack_order(&format!("fault={fault}&action=download&times=2")).unwrap();
        assert_eq!(get(&session, &target, json!({})).unwrap_err().code(), "protocol");
        assert!(get(&session, &target, json!({"check": false})).is_ok());
    }
    // A component may have a size that somebody made up; the sum is the better witness.
    let path = file(&folder, "made up", b"12345");
    let odd = format!("FileComponent/{}", upload(&session, &path, json!({"data": {"size": 9}})));
    assert_eq!(get(&session, &odd, json!({})).unwrap_err().code(), "protocol");
    assert_eq!(value(&get(&session, &odd, json!({"check": false})).unwrap()), 5);
    sandbox.ftrack_order("set=1&digest=1").unwrap();
    assert_eq!(value(&get(&session, &odd, json!({})).unwrap()), 5);
}

fn told(error: &Error, name: &str) -> String {
    error.detail().get(name).and_then(Tree::as_str).unwrap_or_default().to_owned()
}

#[test]
fn one_file_has_one_writer() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = Arc::new(session(&sandbox, "{}"));
    let target = component(&sandbox, &folder, &session, &bytes(400_000));
    let out = folder.file("out");
    sandbox.ftrack_order("fault=stall&action=download&times=0").unwrap();
    let (own, other, given) = (Arc::clone(&session), target.clone(), json!({"save_to": out, "id": 5}));
    let first = std::thread::spawn(move || get(&own, &other, given).map(drop));
    while sandbox
        .ftrack_log(0, false)
        .as_array()
        .unwrap()
        .iter()
        .all(|entry| !entry["path"].as_str().unwrap().starts_with("/component/get"))
    {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let error = get(&session, &target, json!({"save_to": out})).unwrap_err();
    assert_eq!(
        (error.code(), told(&error, "key"), told(&error, "outcome")),
        ("busy", "save_to".into(), "not_sent".into())
    );
    session.cancel(5);
    assert_eq!(first.join().unwrap().unwrap_err().status(), Status::Cancelled);
    // It is free again, also for who goes on.
    sandbox.ftrack_order("clear=1").unwrap();
    for resume in [false, true] {
        assert!(get(&session, &target, json!({"save_to": out, "resume": resume})).is_ok());
        assert!(fs::read(&out).unwrap() == bytes(400_000));
    }
}

#[test]
fn the_whole_time_counts_pauses() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let target = component(&sandbox, &folder, &session, &bytes(40_000));
    for parts in [1, 3] {
        sandbox.ftrack_order("fault=status&status=503&action=download&times=0&skip=0").unwrap();
        let start = std::time::Instant::now();
        let given = json!({"save_to": folder.file("out"), "parts": parts, "retry": 9, "timeouts": {"total": 0.8}});
        assert_eq!(get(&session, &target, given).unwrap_err().code(), "http_status", "{parts}");
        // The first pause would have been a second.
        assert!(start.elapsed() < std::time::Duration::from_millis(800), "{:?}", start.elapsed());
        sandbox.ftrack_order("clear=1").unwrap();
    }
}

#[test]
fn parts_have_a_bound() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let target = component(&sandbox, &folder, &session, &bytes(40_000));
    let error =
        get(&session, &target, json!({"save_to": folder.file("out"), "parts": 1_000_000_000_000_u64})).unwrap_err();
    assert_eq!((error.code(), told(&error, "key")), ("argument", "parts".into()));
    let error = get(&session, &target, json!({"save_to": folder.file("")})).unwrap_err();
    assert_eq!((error.code(), told(&error, "outcome")), ("io", "not_sent".into()));
}
