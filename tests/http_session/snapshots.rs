//! What a session shows of itself, what it knows about an answer, and what neither may show.

use crate::bed::Session;
use serde_json::{Value, json};

use crate::bed::{args, create, detail, fails, get, header, inspect, meta, sandbox};

#[test]
fn every_snapshot_has_its_shape() {
    let sandbox = sandbox();
    let session = create(&sandbox.http, "{}");
    get(&session, "/cookies/set-detailed?raw=a=b", "{}");
    session.subscribe("haft.state", &args("{}"), None, 0).unwrap();
    assert_eq!(inspect(&session, "backend", "{}"), json!("http"));
    assert_eq!(inspect(&session, "url", "{}").as_str().unwrap().trim_end_matches('/'), sandbox.http);
    assert!(inspect(&session, "id", "{}").is_string());
    assert_eq!(inspect(&session, "state", "{}"), json!("ready"));
    let stats = inspect(&session, "stats", "{}");
    for key in ["calls", "in_flight", "queued", "staged", "connections_idle", "connections_busy"] {
        assert!(stats[key].is_u64(), "{key}: {stats}");
    }
    assert_eq!((&stats["calls"], &stats["connections_idle"]), (&json!(1), &json!(1)));
    assert_eq!(inspect(&session, "subscriptions", "{}")[0]["topic"], json!("haft.state"));
    assert_eq!(inspect(&session, "staged", "{}"), json!([]));
    assert_eq!(header(&inspect(&session, "headers", "{}"), "Accept").as_deref(), Some("*/*"));
    assert_eq!(inspect(&session, "cookies", "{}")[0]["name"], json!("a"));
    assert_eq!(inspect(&session, "adapters", "{}"), json!({"https://": "exchange", "http://": "exchange"}));
    assert_eq!(inspect(&session, "adapter", "{\"url\": \"http://x/\"}"), json!("exchange"));
    let environment = inspect(&session, "environment", "{\"url\": \"http://x/\", \"verify\": false, \"stream\": true}");
    assert_eq!((&environment["verify"], &environment["stream"]), (&json!(false), &json!(true)));
    assert!(environment["proxies"].is_object() && environment.get("cert").is_some());
    assert_eq!(inspect(&session, "pool", "{}")["routes"].as_array().unwrap().len(), 1);
    assert!(inspect(&session, "options", "{}").is_object());
    let unknown = session.inspect("cookie", &args("{}")).unwrap_err();
    assert_eq!(unknown.message(), "the http back end has no snapshot \"cookie\"; the nearest is \"cookies\"");
    assert_eq!(session.inspect("adapter", &args("{}")).unwrap_err().code(), "argument");
    // The snapshots outlive the close.
    session.close(&args("{}")).unwrap();
    assert_eq!(inspect(&session, "state", "{}"), json!("closed"));
    assert_eq!(inspect(&session, "pool", "{}")["connections_idle"], json!(0));
}

#[test]
fn every_member_of_meta_has_its_shape() {
    let sandbox = sandbox();
    let session = create(&sandbox.https, &format!("{{\"verify\": {:?}}}", sandbox.ca.to_str().unwrap()));
    let answer = session.request(Some("POST"), Some("/anything?a=b"), &args("{\"data\": \"12345\"}")).unwrap();
    let known = meta(&answer);
    assert_eq!(known["url"], json!(format!("{}/anything?a=b", sandbox.https)));
    assert_eq!((&known["http_version"], &known["reason"]), (&json!("1.1"), &json!("OK")));
    assert!(header(&known["headers"], "content-type").is_some());
    assert_eq!((&known["cookies"], &known["history"], &known["links"]), (&json!([]), &json!([]), &json!([])));
    assert_eq!((&known["is_redirect"], &known["next"]), (&json!(false), &Value::Null));
    assert_eq!(known["encoding"], json!("utf-8"));
    assert_eq!((&known["request"]["method"], &known["request"]["url"]), (&json!("POST"), &known["url"]));
    assert_eq!(header(&known["request"]["headers"], "Content-Length").as_deref(), Some("5"));
    for phase in ["namelookup", "connect", "tls", "send", "wait", "receive", "total"] {
        assert!(known["timings"][phase].as_f64().is_some_and(|time| (0.0..60.0).contains(&time)), "{phase}: {known}");
    }
    assert!(known["elapsed"].as_f64().is_some_and(|time| time > 0.0));
    assert_eq!((&known["retries"], &known["from_cache"]), (&json!(0), &json!(false)));
    assert!(known["bytes_sent"].as_u64().unwrap() > 5 && known["bytes_received"].as_u64().unwrap() > 10);
    assert!(known["remote"].as_str().is_some_and(|remote| remote.contains("127.0.0.1")) || known["remote"].is_object());
    assert_eq!(known["reused"], json!(false));
    assert!(known["tls"].is_object(), "{known}");
    let again = meta(&get(&session, "/get", "{}"));
    assert_eq!(again["reused"], json!(true));

    let plain = create(&sandbox.http, "{}");
    let moved = meta(&get(&plain, "/redirect/2", "{}"));
    let past = &moved["history"][0];
    assert_eq!(moved["history"].as_array().unwrap().len(), 2);
    assert_eq!((&past["status"], &past["method"]), (&json!(302), &json!("GET")));
    assert!(past["url"].as_str().unwrap().ends_with("/redirect/2") && past["reason"].is_string());
    assert!(header(&past["headers"], "location").is_some() && header(&past["request"]["headers"], "accept").is_some());
    assert!(past.get("body").is_some());
    let links = meta(&get(&plain, "/link-header?value=%3C/next%3E;%20rel=%22next%22", "{}"));
    assert_eq!(links["links"][0], json!({"url": "/next", "rel": "next"}));
    let cookies = meta(&get(&plain, "/cookies/set-detailed?raw=a=b", "{}"));
    assert_eq!(cookies["cookies"][0]["value"], json!("b"));
    // What follows a redirect that is not followed can be sent.
    let stopped = get(&plain, "/redirect/1", "{\"allow_redirects\": false}");
    assert_eq!(meta(&stopped)["is_redirect"], json!(true));
    let next = stopped.meta().root().at("next").unwrap().to_tree();
    let next: haft::args::Args = next.as_object().unwrap().clone().into();
    let answer = plain.request(None, None, &next).unwrap();
    assert!(meta(&answer)["url"].as_str().unwrap().ends_with("/get"));
}

/// The words that nothing may repeat.
const SECRETS: [&str; 6] = ["hunter2", "t0ken", "pr0xypw", "c00kie", "keyp4ss", "aHVudGVy"];

fn shows_no_secret(what: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{what} shows {secret}: {text}");
    }
}

#[test]
fn secrets_stay_inside() {
    let sandbox = sandbox();
    let host = sandbox.http.trim_start_matches("http://");
    let options = json!({
        "auth": ["user", "hunter2"],
        "headers": {"Authorization": "Bearer t0ken", "X-Api-Key": "t0ken", "Cookie": "s=c00kie"},
        "params": {"access_token": "t0ken", "plain": "shown"},
        "proxies": {"https": "http://user:pr0xypw@127.0.0.1:9"},
        "cert_password": "keyp4ss",
    });
    let given = args(&options.to_string());
    // What the caller wrote is the caller's to see.
    assert!(given.view().root().to_json().contains("hunter2"));
    let session = Session::create(&format!("http://user:hunter2@{host}"), &given).unwrap();
    for what in ["options", "headers", "url", "stats", "adapters", "subscriptions", "staged", "pool"] {
        let shown = inspect(&session, what, "{}").to_string();
        shows_no_secret(what, &shown);
        if what == "options" {
            assert!(shown.contains("shown") && shown.contains("***"), "{shown}");
        }
    }
    session
        .stage(Some("POST"), Some("/x?token=1"), &args("{\"data\": \"hunter2\", \"auth\": [\"a\", \"hunter2\"]}"))
        .unwrap();
    shows_no_secret("staged", &inspect(&session, "staged", "{}").to_string());
    let environment = inspect(&session, "environment", "{\"url\": \"https://x/\"}").to_string();
    shows_no_secret("environment", &environment);
    assert!(environment.contains("***@127.0.0.1:9"), "{environment}");
    shows_no_secret("session", &format!("{session:?} {given:?}"));
    for (target, options) in [
        ("/fault/reset", "{}"),
        ("/status/403", "{\"raise_for_status\": true}"),
        ("https://localhost:1/", "{}"),
        ("/get", "{\"auth\": {\"type\": \"basic\", \"username\": \"u\", \"pasword\": \"hunter2\"}}"),
        ("/get", "{\"auth\": \"hunter2\"}"),
        ("/get", "{\"headers\": {\"Authorization\": \"hunter2\\n\"}}"),
        ("/get", "{\"proxies\": {\"http\": \"nonsense://user:pr0xypw@x\"}}"),
        ("http://user:hunter2@[::", "{}"),
    ] {
        let error = fails(&session, "GET", target, options);
        let detail_text: String =
            error.detail().iter().map(|(key, _)| format!("{key}: {}; ", detail(&error, key))).collect();
        shows_no_secret(target, &format!("{error} {error:?} {detail_text}").replace("access_token=t0ken", ""));
    }
    let error = fails(&session, "GET", "/fault/reset", "{}");
    assert!(detail(&error, "url").as_str().is_some_and(|url| url.contains("//***@")), "{error:?}");
}
