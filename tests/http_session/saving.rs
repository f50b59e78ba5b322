//! Downloads to files and providers.

use std::{fs, sync::Arc};

use haft::error::Status;
use parking_lot::Mutex;
use serde_json::json;

use crate::bed::{args, create, fails, log, meta, provider, sandbox, with};

fn alphabet(size: usize) -> Vec<u8> {
    (b'a'..=b'z').cycle().take(size).collect()
}

#[test]
fn a_file_is_whole_or_not_there() {
    let sandbox = sandbox();
    let session = create(&sandbox.http, "{}");
    let file = sandbox.dir.join("whole");
    let save = format!("{{\"save_to\": {:?}}}", file.to_str().unwrap());
    let answer = session.request(Some("GET"), Some("/size/300000"), &args(&save)).unwrap();
    assert_eq!((answer.status(), answer.body().len(), meta(&answer)["saved"].as_u64()), (200, 0, Some(300_000)));
    assert_eq!(fs::read(&file).unwrap(), alphabet(300_000));
    assert!(!sandbox.dir.join("whole.part").exists() && !sandbox.dir.join("whole.part.tag").exists());
    // A failure leaves what was there, and an answer that is none of it stays in memory.
    assert_eq!(fails(&session, "GET", "/fault/truncate?length=1000&sent=500", &save).code(), "incomplete_read");
    let missing = session.request(Some("GET"), Some("/status/404?body=gone"), &args(&save)).unwrap();
    assert_eq!((missing.status(), missing.body()), (404, &b"gone"[..]));
    assert_eq!(fs::read(&file).unwrap().len(), 300_000);
    let nowhere = fails(&session, "GET", "/size/10", "{\"save_to\": \"/nowhere/at/all\"}");
    assert_eq!((nowhere.code(), nowhere.status()), ("io", Status::Io));
    // What is compressed arrives plain.
    session.request(Some("GET"), Some("/gzip"), &args(&save)).unwrap();
    assert!(fs::read_to_string(&file).unwrap().contains("gzip"));
}

#[test]
fn an_interrupted_download_goes_on() {
    let sandbox = sandbox();
    let session = create(&sandbox.http, "{}");
    let file = sandbox.dir.join("resumed");
    let (part, tag) = (sandbox.dir.join("resumed.part"), sandbox.dir.join("resumed.part.tag"));
    let save = format!("{{\"save_to\": {:?}, \"resume\": true}}", file.to_str().unwrap());
    let get = |json: &str| session.request(Some("GET"), Some("/range/5000"), &args(json)).unwrap();
    // The whole, to learn the tag and the content.
    let first = get(&save);
    let etag = String::from_utf8(first.header("etag").unwrap().to_vec()).unwrap();
    let content = fs::read(&file).unwrap();
    assert_eq!((content.len(), meta(&first)["resumed_at"].as_u64()), (5000, Some(0)));
    fs::remove_file(&file).unwrap();

    fs::write(&part, &content[..2000]).unwrap();
    fs::write(&tag, &etag).unwrap();
    let resumed = get(&save);
    assert_eq!(
        (resumed.status(), meta(&resumed)["resumed_at"].as_u64(), meta(&resumed)["saved"].as_u64()),
        (206, Some(2000), Some(5000))
    );
    assert_eq!(fs::read(&file).unwrap(), content);
    assert!(!part.exists() && !tag.exists());
    let sent = log(&sandbox).last().unwrap()["raw"].as_str().unwrap().to_owned();
    assert!(sent.contains("Range: bytes=2000-\r\n") && sent.contains(&format!("If-Range: {etag}\r\n")), "{sent}");

    // Changed meanwhile: all of it again.
    fs::write(&part, b"something else").unwrap();
    fs::write(&tag, "\"of old\"").unwrap();
    assert_eq!(get(&save).status(), 200);
    assert_eq!(fs::read(&file).unwrap(), content);

    // Cut off behind the last byte.
    fs::remove_file(&file).unwrap();
    fs::write(&part, &content).unwrap();
    fs::write(&tag, &etag).unwrap();
    let whole = get(&format!("{}, \"raise_for_status\": true}}", save.trim_end_matches('}')));
    assert_eq!((whole.status(), meta(&whole)["resumed_at"].as_u64()), (416, Some(5000)));
    assert_eq!(fs::read(&file).unwrap(), content);

    // Without resume, or without a tag, nothing is gone on with.
    fs::write(&part, &content[..10]).unwrap();
    assert_eq!(get(&save).status(), 200);
    fs::write(&part, &content[..10]).unwrap();
    fs::write(&tag, &etag).unwrap();
    assert_eq!(get(&save.replace(", \"resume\": true", "")).status(), 200);
    assert_eq!(fs::read(&file).unwrap(), content);
    // The caller's own range is saved as it comes.
    let own = get(&save.replace("\"resume\": true", "\"headers\": {\"Range\": \"bytes=10-19\"}"));
    assert_eq!((own.status(), fs::read(&file).unwrap()), (206, content[10..20].to_vec()));
}

#[test]
fn a_broken_download_keeps_its_part_for_resume() {
    let sandbox = sandbox();
    let session = create(&sandbox.http, "{}");
    let file = sandbox.dir.join("broken");
    let save = format!("{{\"save_to\": {:?}, \"resume\": true}}", file.to_str().unwrap());
    let head = "HTTP/1.1 200 OK\r\nETag: \"t\"\r\nContent-Length: 100\r\n\r\n0123456789";
    let mut arguments = args(&save);
    arguments.set("data", head);
    let error = session.request(Some("POST"), Some("/raw-head?close=1"), &arguments).unwrap_err();
    assert_eq!(error.code(), "incomplete_read");
    assert!(!file.exists());
    assert_eq!(fs::read(sandbox.dir.join("broken.part")).unwrap(), b"0123456789");
    assert_eq!(fs::read_to_string(sandbox.dir.join("broken.part.tag")).unwrap(), "\"t\"");
    // A server that sends another part than was asked for.
    let head = "HTTP/1.1 206 OK\r\nETag: \"t\"\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\n56789";
    arguments.set("data", head);
    assert_eq!(session.request(Some("POST"), Some("/raw-head?close=1"), &arguments).unwrap_err().code(), "protocol");
    assert_eq!(fs::read(sandbox.dir.join("broken.part")).unwrap(), b"0123456789");
}

#[test]
fn a_provider_takes_the_pieces_and_hears_the_end() {
    let sandbox = sandbox();
    let session = create(&sandbox.http, "{}");
    for (target, word, size) in
        [("/size/300000", "complete", 300_000), ("/fault/truncate?length=100&sent=50", "failed", 50)]
    {
        let told: Arc<Mutex<(usize, Vec<String>)>> = Arc::default();
        let record = Arc::clone(&told);
        let save = provider(move |call, _| {
            let mut told = record.lock();
            match call["method"].as_str() {
                Some("write") => told.0 += 1,
                _ => told.1.push(call["arguments"]["outcome"].as_str().unwrap().to_owned()),
            }
            Status::Ok
        });
        let outcome = session.request(Some("GET"), Some(target), &with("{}", "save_to", save));
        assert_eq!(outcome.is_ok(), word == "complete");
        assert!(told.lock().0 >= 1);
        assert_eq!(told.lock().1, [word], "{size}");
    }
    let save = provider(|_, _| Status::Ok);
    let error = session.request(Some("GET"), Some("/get"), &with("{\"resume\": true}", "save_to", save)).unwrap_err();
    assert_eq!((error.code(), crate::bed::detail(&error, "key")), ("argument", json!("resume")));
}
