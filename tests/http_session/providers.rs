//! The host's own code inside a call.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use haft::{error::Status, value::Tree};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::bed::{Bytes, Session, args, create, get, header, lines, log, meta, provider, sandbox, value, with};

/// What a provider was asked.
type Asked = Arc<Mutex<Vec<Value>>>;

fn recorder() -> (Asked, Asked) {
    let asked = Asked::default();
    (Arc::clone(&asked), asked)
}

#[test]
fn an_auth_provider_edits_the_request() {
    let sandbox = sandbox();
    let (asked, record) = recorder();
    let auth = provider(move |call, reply| {
        record.lock().push(call.clone());
        reply.set_json(
            None,
            r#"{"method": "PUT", "headers": {"Authorization": "Mine", "Accept": null}, "body": "new"}"#,
        );
        let url = call["arguments"]["request"]["url"].as_str().unwrap().replace("/first", "/second");
        reply.set("url", url.as_str());
        Status::Ok
    });
    let session = Session::create(&sandbox.http, &with("{}", "auth", auth)).unwrap();
    let seen = value(&session.request(Some("POST"), Some("/anything/first"), &args("{\"data\": \"old\"}")).unwrap());
    assert_eq!((&seen["method"], &seen["data"]), (&json!("PUT"), &json!("new")));
    assert!(seen["url"].as_str().unwrap().ends_with("/anything/second"));
    assert_eq!(header(&seen, "Authorization").as_deref(), Some("Mine"));
    assert_eq!((header(&seen, "Accept"), header(&seen, "Content-Length").as_deref()), (None, Some("3")));
    let asked = asked.lock();
    assert_eq!((&asked[0]["provider"], &asked[0]["method"]), (&json!("auth"), &json!("prepare")));
    assert_eq!(asked[0]["arguments"]["request"]["method"], json!("POST"));
    assert_eq!(header(&asked[0]["arguments"]["request"], "Content-Length").as_deref(), Some("3"));
}

#[test]
fn an_auth_provider_is_asked_once_for_a_prepared_request() {
    let sandbox = sandbox();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let auth = provider(move |_, reply| {
        let number = counted.fetch_add(1, Ordering::Relaxed);
        reply.set("headers.X-Signed", number.to_string());
        Status::Ok
    });
    let session = Session::create(&sandbox.http, &with("{}", "auth", auth)).unwrap();
    let prepared = session.prepare(Some("GET"), Some("/anything"), &args("{}")).unwrap();
    let seen = value(&session.request(None, None, &prepared).unwrap());
    assert_eq!((header(&seen, "X-Signed").as_deref(), count.load(Ordering::Relaxed)), (Some("0"), 1));
}

#[test]
fn request_hooks_are_asked_for_every_hop() {
    let sandbox = sandbox();
    let (asked, record) = recorder();
    let hook = move |name: &'static str, record: Asked| {
        provider(move |call, reply| {
            record.lock().push(json!([name, call["arguments"]["request"]["url"]]));
            reply.set(&format!("headers.X-{name}"), "1");
            Status::Ok
        })
    };
    let list = Tree::Array(vec![hook("One", Arc::clone(&record)), hook("Two", Arc::clone(&record))]);
    let session = Session::create(&sandbox.http, &with("{}", "hooks.request", list)).unwrap();
    let seen = value(&get(&session, "/redirect/1", "{}"));
    assert_eq!((header(&seen, "X-One").as_deref(), header(&seen, "X-Two").as_deref()), (Some("1"), Some("1")));
    let order: Vec<_> = asked.lock().iter().map(|entry| entry[0].as_str().unwrap().to_owned()).collect();
    assert_eq!(order, ["One", "Two", "One", "Two"]);
    // A call's own replace the session's; null is none.
    asked.lock().clear();
    session.request(Some("GET"), Some("/get"), &with("{}", "hooks.request", hook("Three", record))).unwrap();
    assert_eq!(asked.lock().len(), 1);
    get(&session, "/get", "{\"hooks\": {\"request\": null}}");
    assert_eq!(asked.lock().len(), 1);
}

#[test]
fn response_hooks_see_replace_and_resend() {
    let sandbox = sandbox();
    let session = create(&sandbox.http, "{}");
    let (asked, record) = recorder();
    let watch = provider(move |call, _| {
        record.lock().push(call["arguments"]["response"].clone());
        Status::Ok
    });
    let answer = session.request(Some("GET"), Some("/redirect/1"), &with("{}", "hooks.response", watch)).unwrap();
    assert_eq!(answer.status(), 200);
    let asked = asked.lock();
    assert_eq!(asked.iter().map(|seen| seen["status"].as_i64().unwrap()).collect::<Vec<_>>(), [302, 200]);
    assert!(header(&asked[0], "Location").is_some() && asked[1]["request"]["method"] == "GET");

    let replace = provider(|_, reply| {
        reply.set_json(None, r#"{"response": {"status": 299, "reason": "Ours", "headers": [["Content-Type", "text/plain"]], "body": "made up"}}"#);
        Status::Ok
    });
    let answer = session.request(Some("GET"), Some("/get"), &with("{}", "hooks.response", replace)).unwrap();
    assert_eq!(
        (answer.status(), answer.body(), meta(&answer)["reason"].as_str()),
        (299, &b"made up"[..], Some("Ours"))
    );

    let once = AtomicUsize::new(0);
    let resend = provider(move |call, reply| {
        if once.fetch_add(1, Ordering::Relaxed) == 0 {
            assert_eq!(call["arguments"]["response"]["status"], json!(401));
            reply.set_json(None, r#"{"resend": {"headers": {"Authorization": "Bearer fresh"}}}"#);
        }
        Status::Ok
    });
    let answer = session.request(Some("GET"), Some("/bearer"), &with("{}", "hooks.response", resend)).unwrap();
    assert_eq!((answer.status(), value(&answer)["token"].as_str()), (200, Some("fresh")));
    assert_eq!(meta(&answer)["history"][0]["status"], json!(401));
    // One that never has enough is stopped.
    let forever = provider(|_, reply| {
        reply.set_json(None, r#"{"resend": {}}"#);
        Status::Ok
    });
    let error = session
        .request(Some("GET"), Some("/get"), &with("{\"max_redirects\": 3}", "hooks.response", forever))
        .unwrap_err();
    assert_eq!(error.code(), "too_many_redirects");
}

#[test]
fn an_adapter_carries_what_its_prefix_names() {
    let sandbox = sandbox();
    let (asked, record) = recorder();
    let adapter = |name: &'static str, record: &Asked| {
        let record = Arc::clone(record);
        provider(move |call, reply| {
            record.lock().push(json!([name, call["method"], call["arguments"]]));
            if call["method"] == "send" {
                reply.set_json(
                    None,
                    r#"{"status": 203, "reason": "Fine", "headers": {"Content-Type": "application/json"}}"#,
                );
                reply.set("body", format!("{{\"by\": \"{name}\"}}").as_str());
            }
            Status::Ok
        })
    };
    let mut arguments =
        args("{\"verify\": false, \"timeout\": [1, 2], \"proxies\": {\"http\": \"http://user:pw@127.0.0.1:9\"}}");
    arguments.set("adapter.mock://", adapter("short", &record));
    arguments.set("adapter.mock://api/", adapter("long", &record));
    let session = Session::create(&sandbox.http, &arguments).unwrap();
    assert_eq!(value(&get(&session, "mock://other/x", "{}")), json!({"by": "short"}));
    let answer = get(&session, "MOCK://API/x", "{}");
    assert_eq!((answer.status(), value(&answer)), (203, json!({"by": "long"})));
    let seen = asked.lock()[0][2].clone();
    assert_eq!((&seen["timeout"], &seen["verify"], &seen["cert"]), (&json!([1.0, 2.0]), &json!(false), &Value::Null));
    assert_eq!(seen["request"]["url"], json!("mock://other/x"));
    assert!(seen.get("proxies").is_some());
    asked.lock().clear();
    // Replaced: the old one is closed, once.
    session.configure(&with("{}", "adapter.mock://api/", adapter("new", &record))).unwrap();
    assert_eq!(asked.lock().iter().map(|call| call[0].clone()).collect::<Vec<_>>(), [json!("long")]);
    assert_eq!(asked.lock()[0][1], json!("close"));
    let child = session.attach("/", &with("{}", "adapter.child://", adapter("child", &record))).unwrap();
    asked.lock().clear();
    child.close(&args("{}")).unwrap();
    assert_eq!(asked.lock().iter().map(|call| call[0].clone()).collect::<Vec<_>>(), [json!("child")]);
    asked.lock().clear();
    session.configure(&args("{\"adapter\": {\"mock://\": null}}")).unwrap();
    session.close(&args("{}")).unwrap();
    assert_eq!(asked.lock().iter().map(|call| call[0].clone()).collect::<Vec<_>>(), [json!("short"), json!("new")]);
    assert!(lines(&sandbox).is_empty());
}

#[test]
fn an_adapter_may_answer_with_a_reader() {
    let bytes = Arc::new(Bytes { bytes: vec![b'x'; 5000], ..Bytes::default() });
    let body = Arc::clone(&bytes);
    let adapter = provider(move |_, reply| {
        let body: Arc<dyn haft::value::Reader> = body.clone();
        reply.set("body", Tree::Reader(body));
        Status::Ok
    });
    let session = Session::create("http:", &with("{}", "adapter.mock://", adapter)).unwrap();
    assert_eq!(get(&session, "mock://a/", "{}").body().len(), 5000);
}

#[test]
fn a_failing_provider_says_why() {
    let sandbox = sandbox();
    let session = create(&sandbox.http, "{}");
    for key in ["auth", "hooks.request", "hooks.response", "save_to"] {
        let failing = provider(|_, reply| {
            reply.set("message", "the vault is shut");
            Status::Denied
        });
        let error = session.request(Some("GET"), Some("/size/10"), &with("{}", key, failing)).unwrap_err();
        assert_eq!((error.status(), error.code()), (Status::Denied, "provider"), "{key}");
        assert!(error.message().contains("the vault is shut"), "{key}: {error}");
    }
    // Absent is no failure where there is a default.
    let absent = provider(|_, _| Status::NotFound);
    assert_eq!(session.request(Some("GET"), Some("/get"), &with("{}", "auth", absent)).unwrap().status(), 200);
    // What makes no sense is told.
    let nonsense = provider(|_, reply| {
        reply.set_json(None, r#"{"url": "::"}"#);
        Status::Ok
    });
    assert_eq!(
        session.request(Some("GET"), Some("/get"), &with("{}", "auth", nonsense)).unwrap_err().status(),
        Status::Argument
    );
}

#[test]
fn a_provider_may_ask_the_same_session() {
    let sandbox = sandbox();
    let session = Arc::new(create(&sandbox.http, "{}"));
    let inner = Arc::downgrade(&session);
    let auth = provider(move |_, reply| {
        let session = inner.upgrade().unwrap();
        let token =
            session.request(Some("GET"), Some("/response-headers?token=t1"), &args("{\"auth\": null}")).unwrap();
        reply.set(
            "headers.Authorization",
            format!("Bearer {}", std::str::from_utf8(token.header("token").unwrap()).unwrap()).as_str(),
        );
        Status::Ok
    });
    session.configure(&with("{}", "auth", auth)).unwrap();
    assert_eq!(value(&get(&session, "/bearer", "{}"))["token"], json!("t1"));
    // Also on the worker.
    session.submit(Some("GET"), Some("/bearer"), &args("{}")).unwrap();
    assert_eq!(session.poll(20_000).unwrap().unwrap().response().unwrap().status(), 200);
    session.close(&args("{}")).unwrap();
}

#[test]
fn readers_send_bodies() {
    let sandbox = sandbox();
    let session = create(&sandbox.http, "{}");
    let send = |reader: Bytes, target: &str, json: &str| {
        let reader = Arc::new(reader);
        let body: Arc<dyn haft::value::Reader> = reader.clone();
        let outcome = session.request(Some("POST"), Some(target), &with(json, "data", Tree::Reader(body)));
        assert_eq!(Arc::strong_count(&reader), 1, "the call lets go of its reader");
        (outcome, reader)
    };
    let bytes = || vec![b'y'; 300_000];
    let (sized, _) = send(Bytes { bytes: bytes(), size: Some(300_000), ..Bytes::default() }, "/upload", "{}");
    assert_eq!(value(&sized.unwrap())["framing"], json!("sized"));
    let (chunked, _) = send(Bytes { bytes: bytes(), ..Bytes::default() }, "/upload", "{}");
    let seen = value(&chunked.unwrap());
    assert_eq!((&seen["framing"], &seen["count"]), (&json!("chunked"), &json!(300_000)));
    // It ends early: the server would wait for the rest.
    let (early, _) = send(Bytes { bytes: bytes(), size: Some(400_000), ..Bytes::default() }, "/upload", "{}");
    let early = early.unwrap_err();
    assert!(["provider", "incomplete_read"].contains(&early.code()), "{early:?}");
    // It aborts.
    let (aborted, _) = send(Bytes { bytes: bytes(), breaks_at: Some(2000), ..Bytes::default() }, "/upload", "{}");
    assert_eq!(aborted.unwrap_err().code(), "provider");
    // A redirect that keeps the body goes back to its start, or fails.
    let again = "/redirect-to?status_code=307&url=/upload";
    let (twice, reader) =
        send(Bytes { bytes: bytes(), size: Some(300_000), rewinds: true, ..Bytes::default() }, again, "{}");
    assert_eq!((value(&twice.unwrap())["count"].as_u64(), reader.rewound.load(Ordering::Relaxed)), (Some(300_000), 1));
    let (stuck, _) = send(Bytes { bytes: bytes(), ..Bytes::default() }, again, "{}");
    assert_eq!(stuck.unwrap_err().code(), "unrewindable_body");
    assert!(log(&sandbox).len() >= 6);
}

/// Tells when it is dropped.
struct Dropped(Arc<AtomicUsize>);
impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn sessions_let_go_of_everything() {
    let sandbox = sandbox();
    let drops = Arc::new(AtomicUsize::new(0));
    let counted = || {
        let held = Dropped(Arc::clone(&drops));
        provider(move |_, _| {
            let _ = &held;
            Status::Ok
        })
    };
    for closes in [true, false] {
        drops.store(0, Ordering::Relaxed);
        let mut arguments = args("{}");
        for key in ["auth", "hooks.request", "hooks.response", "adapter.mock://"] {
            arguments.set(key, counted());
        }
        let session = Session::create(&sandbox.http, &arguments).unwrap();
        drop(arguments);
        let child = session.attach("/", &with("{}", "hooks.request", counted())).unwrap();
        session.stage(Some("GET"), Some("/get"), &with("{}", "auth", counted())).unwrap();
        child.configure(&with("{}", "auth", counted())).unwrap();
        get(&child, "/get", "{}");
        session.submit(Some("GET"), Some("/get"), &with("{}", "auth", counted())).unwrap();
        drop(session.poll(20_000).unwrap());
        if closes {
            session.close(&args("{}")).unwrap();
        }
        drop(session);
        drop(child);
        // Without close the worker may still be on its way out.
        while drops.load(Ordering::Relaxed) < 8 {
            std::thread::yield_now();
        }
        assert_eq!(drops.load(Ordering::Relaxed), 8);
    }
}
