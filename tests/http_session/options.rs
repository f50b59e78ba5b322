//! What each option does: one entry for every row of the table.

use std::{
    collections::BTreeSet,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use haft::{args::Args, options::OPTIONS, session::Kind, value::Tree};
use haft_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::bed::{
    Session, args, by_queue, create, detail, fails, get, header, inspect, lines, log, meta, provider, sandbox, value,
    with,
};

/// The echo of a GET by a fresh session with these options, given to the session, then to the call alone.
fn echoes(sandbox: &Sandbox, options: &str) -> [Value; 2] {
    let session = create(&sandbox.http, options);
    [value(&get(&session, "/anything", "{}")), value(&get(&create(&sandbox.http, "{}"), "/anything", options))]
}

fn path(file: &std::path::Path) -> Value {
    json!(file.to_str().unwrap())
}

type Case = (&'static [&'static str], fn(&Sandbox));

const CASES: &[Case] = &[
    (&["headers"], |sandbox| {
        for seen in echoes(sandbox, r#"{"headers": {"X-A": "1", "Accept": null}}"#) {
            assert_eq!((header(&seen, "X-A").as_deref(), header(&seen, "Accept")), (Some("1"), None));
        }
        let session = create(&sandbox.http, r#"{"headers": {"X-A": "1", "X-B": "2"}}"#);
        session.configure(&args(r#"{"headers": {"x-b": null}}"#)).unwrap();
        let mut one = Args::new();
        one.set("headers.X-C", "3");
        let seen = value(&session.request(Some("GET"), Some("/anything"), &one).unwrap());
        assert_eq!(["X-A", "X-B", "X-C"].map(|name| header(&seen, name)), [Some("1".into()), None, Some("3".into())]);
    }),
    (&["params"], |sandbox| {
        let session = create(&sandbox.http, r#"{"params": {"a": "1", "b": ["2", "3"], "c": "4"}}"#);
        let seen = value(&get(&session, "/anything?z=0", r#"{"params": {"a": "new", "c": null}}"#));
        assert!(seen["target"].as_str().unwrap().ends_with("/anything?z=0&a=new&b=2&b=3"), "{seen}");
    }),
    (&["cookies"], |sandbox| {
        let session = create(&sandbox.http, r#"{"cookies": {"a": "1", "b": "2"}}"#);
        let sees = |options: &str| value(&get(&session, "/cookies", options))["cookies"].clone();
        assert_eq!(sees("{}"), json!({"a": "1", "b": "2"}));
        assert_eq!(sees(r#"{"cookies": {"a": null, "c": "3"}}"#), json!({"b": "2", "c": "3"}));
        assert_eq!(sees("{}"), json!({"a": "1", "b": "2"}));
        session.configure(&args(r#"{"cookies": {"a": null}}"#)).unwrap();
        assert_eq!(sees("{}"), json!({"b": "2"}));
        session.configure(&args(r#"{"cookies": [{"name": "d", "value": "4", "path": "/elsewhere"}]}"#)).unwrap();
        assert_eq!(sees("{}"), json!({"b": "2"}));
        assert_eq!(sees(r#"{"cookies": false}"#), json!({}));
        session.configure(&args(r#"{"cookies": null}"#)).unwrap();
        assert_eq!((sees("{}"), inspect(&session, "cookies", "{}")), (json!({}), json!([])));
        session.configure(&args(r#"{"cookies": false}"#)).unwrap();
        get(&session, "/cookies/set-detailed?raw=a=b", "{}");
        assert_eq!(inspect(&session, "cookies", "{}"), json!([]));
        let child = session.attach("/", &args(r#"{"cookies": {"of": "child"}}"#)).unwrap();
        child.configure(&args(r#"{"cookies": true}"#)).unwrap();
        assert_eq!(value(&get(&child, "/cookies", "{}"))["cookies"], json!({"of": "child"}));
    }),
    (&["cookie_file"], |sandbox| {
        let file = sandbox.dir.join("cookies.txt");
        let options = json!({"cookie_file": path(&file)}).to_string();
        let session = create(&sandbox.http, &options);
        get(&session, "/cookies/set-detailed?raw=a=b", "{}");
        assert!(!file.exists());
        session.close(&args("{}")).unwrap();
        assert!(std::fs::read_to_string(&file).unwrap().contains("\ta\tb"));
        assert_eq!(value(&get(&create(&sandbox.http, &options), "/cookies", "{}"))["cookies"], json!({"a": "b"}));
        if let Ok(curl) = Command::new("curl").arg("-sb").arg(&file).arg(format!("{}/cookies", sandbox.http)).output() {
            assert!(String::from_utf8_lossy(&curl.stdout).contains("\"a\""), "{curl:?}");
        }
    }),
    (&["auth"], |sandbox| {
        for (auth, target) in [
            (json!(["user", "pass"]), "/basic-auth/user/pass"),
            (json!({"type": "basic", "username": "user", "password": "pass"}), "/basic-auth/user/pass"),
            (json!({"type": "digest", "username": "user", "password": "pass"}), "/digest-auth/auth/user/pass"),
            (json!({"type": "bearer", "token": "t"}), "/bearer/t"),
        ] {
            let options = json!({"auth": auth}).to_string();
            assert_eq!(get(&create(&sandbox.http, "{}"), target, &options).status(), 200, "{options}");
            let session = create(&sandbox.http, &options);
            assert_eq!(get(&session, target, "{}").status(), 200);
            assert_eq!(get(&session, target, r#"{"auth": null}"#).status(), 401);
        }
        let host = sandbox.http.replace("http://", "http://user:pass@");
        let session = create(&host, "{}");
        assert_eq!(get(&session, "/basic-auth/user/pass", "{}").status(), 200);
        let netrc = sandbox.dir.join("netrc");
        std::fs::write(&netrc, "machine 127.0.0.1 login user password pass\n").unwrap();
        let options = json!({"auth": {"type": "netrc", "file": path(&netrc)}}).to_string();
        assert_eq!(get(&create(&sandbox.http, "{}"), "/basic-auth/user/pass", &options).status(), 200);
    }),
    (&["proxies"], |sandbox| {
        let session = create(&sandbox.http, &json!({"proxies": {"http": sandbox.http_proxy}}).to_string());
        assert_eq!(get(&session, "/get", "{}").status(), 200);
        let through = |sandbox: &Sandbox| log(sandbox).last().unwrap()["raw"].as_str().unwrap().contains("GET http://");
        let count = lines(sandbox).iter().filter(|line| line.starts_with("GET http://")).count();
        assert_eq!(count, 1);
        get(&session, "/get", r#"{"proxies": {"http": null}}"#);
        assert!(!through(sandbox));
        get(&session, "/get", r#"{"proxies": {"no_proxy": "127.0.0.1"}}"#);
        assert!(!through(sandbox));
        assert_eq!(
            fails(&session, "GET", "/get", r#"{"proxies": {"http": "nonsense://x"}}"#).code(),
            "invalid_proxy_url"
        );
    }),
    (&["verify_common_name"], |_| {
        let mesh = haft_sandbox::MeshSetup::default();
        let sandbox = Sandbox::start(haft_sandbox::Options { mesh: Some(mesh), ..Default::default() }).unwrap();
        let (place, named) = (&sandbox.mesh["mesh_cn"], &sandbox.mesh_certificates[1]);
        let url = format!("https://localhost:{}", place.rsplit(':').next().unwrap());
        for (wanted, good) in [(true, true), (false, false)] {
            let options =
                json!({"verify": path(named), "verify_common_name": wanted, "http_version": "2", "ip_version": 4});
            let session = create(&url, &options.to_string());
            let refused = if good { None } else { Some(fails(&session, "GET", "/", "{}").code().to_owned()) };
            assert_eq!(refused.as_deref(), (!good).then_some("certificate"));
            if good {
                assert!(get(&session, "/", "{}").status() > 0);
            }
        }
    }),
    (&["verify", "verify_pin"], |sandbox| {
        let session = create(&sandbox.https, "{}");
        assert_eq!(fails(&session, "GET", "/get", "{}").code(), "certificate");
        assert_eq!(get(&session, "/get", r#"{"verify": false}"#).status(), 200);
        for ca in [&sandbox.ca, &sandbox.ca_dir] {
            assert_eq!(get(&session, "/get", &json!({"verify": path(ca)}).to_string()).status(), 200);
        }
        let pinned = |pin: &str| json!({"verify": path(&sandbox.ca), "verify_pin": pin}).to_string();
        assert_eq!(get(&session, "/get", &pinned(&sandbox.pin)).status(), 200);
        let other = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert_eq!(fails(&session, "GET", "/get", &pinned(other)).code(), "certificate");
    }),
    (&["cert", "cert_password"], |sandbox| {
        let session = create(&sandbox.https_mtls, &json!({"verify": path(&sandbox.ca)}).to_string());
        assert!(session.request(Some("GET"), Some("/get"), &args("{}")).is_err());
        for options in [
            json!({"cert": path(&sandbox.client_pem)}),
            json!({"cert": [path(&sandbox.client_cert), path(&sandbox.client_key)]}),
            json!({"cert": [path(&sandbox.client_cert), path(&sandbox.client_key_encrypted)], "cert_password": "secret"}),
        ] {
            assert_eq!(get(&session, "/get", &options.to_string()).status(), 200, "{options}");
        }
    }),
    (&["max_redirects", "allow_redirects"], |sandbox| {
        let session = create(&sandbox.http, r#"{"max_redirects": 2}"#);
        assert_eq!(get(&session, "/redirect/2", "{}").status(), 200);
        assert_eq!(fails(&session, "GET", "/redirect/3", "{}").code(), "too_many_redirects");
        assert_eq!(get(&session, "/redirect/3", r#"{"max_redirects": 3}"#).status(), 200);
        assert_eq!(get(&session, "/redirect/1", r#"{"allow_redirects": false}"#).status(), 302);
        assert_eq!(session.request(Some("HEAD"), Some("/redirect/1"), &args("{}")).unwrap().status(), 302);
    }),
    (&["drop_headers"], |sandbox| {
        let away = format!("/redirect-to?url={}/anything", sandbox.http.replace("127.0.0.1", "localhost"));
        for (options, kept) in [("[]", Some("1".to_owned())), (r#"["X-Key"]"#, None)] {
            let options =
                format!(r#"{{"headers": {{"X-Key": "1", "Authorization": "a"}}, "drop_headers": {options}}}"#);
            let seen = value(&get(&create(&sandbox.http, "{}"), &away, &options));
            assert_eq!((header(&seen, "X-Key"), header(&seen, "Authorization")), (kept, None));
        }
    }),
    (&["raise_for_status"], |sandbox| {
        let session = create(&sandbox.http, r#"{"raise_for_status": true}"#);
        for (status, name) in [
            (400, "Remote"),
            (401, "Auth"),
            (403, "Denied"),
            (404, "NotFound"),
            (409, "Conflict"),
            (429, "Limit"),
            (503, "Remote"),
        ] {
            let error = fails(&session, "GET", &format!("/status/{status}?body=why"), "{}");
            assert_eq!((error.code(), format!("{:?}", error.status()).as_str()), ("http_status", name), "{status}");
            assert_eq!(detail(&error, "http_status"), json!(status));
            assert_eq!(error.is_retryable(), matches!(status, 429 | 503));
            if by_queue() {
                // The error is a copy; the answer is in the event's own.
                session.submit(Some("GET"), Some(&format!("/status/{status}?body=why")), &args("{}")).unwrap();
                let event = session.poll(20_000).unwrap().unwrap();
                let response = event.failure().unwrap().response().unwrap();
                assert_eq!((response.status(), response.body()), (status, &b"why"[..]));
                continue;
            }
            let failure = haft::session::Failure::from(error);
            assert_eq!(
                (failure.response().unwrap().status(), failure.response().unwrap().body()),
                (status, &b"why"[..])
            );
        }
        assert_eq!(get(&session, "/status/404", r#"{"raise_for_status": false}"#).status(), 404);
    }),
    (&["parse", "encoding", "decode_content"], |sandbox| {
        let session = create(&sandbox.http, "{}");
        let parsed = |target: &str, options: &str| value(&get(&session, target, options));
        assert!(parsed("/json", "{}").is_object() && parsed("/json", r#"{"parse": "text"}"#).is_string());
        assert!(parsed("/html", "{}").is_string() && parsed("/json", r#"{"parse": "none"}"#).is_null());
        assert!(parsed("/bytes/10", "{}").is_null());
        assert!(parsed("/json-raw?hex=7b&type=application/json", "{}").is_null());
        let mut error = fails(&session, "GET", "/html", r#"{"parse": "json"}"#);
        assert_eq!(error.code(), "json_decode");
        if !by_queue() {
            let came = haft::backends::Carried::take(&mut error).unwrap();
            assert!(came.status() == 200 && came.body().starts_with(b"<"), "what came instead is in the error");
        } else {
            // The error is a copy; the answer is in the event's own.
            session.submit(Some("GET"), Some("/html"), &args(r#"{"parse": "json"}"#)).unwrap();
            let event = session.poll(20_000).unwrap().unwrap();
            let came = event.failure().unwrap().response().unwrap();
            assert!(came.status() == 200 && came.body().starts_with(b"<"), "what came instead is in the event");
        }
        let latin = "/text?bytes=E4&charset=utf-8";
        assert_eq!(parsed(latin, r#"{"encoding": "latin-1"}"#), json!("\u{e4}"));
        assert_eq!(get(&session, "/gzip", r#"{"decode_content": false}"#).body()[..2], [0x1f, 0x8b]);
        assert!(parsed("/gzip", "{}").is_object());
    }),
    (&["stream"], |sandbox| {
        let session = create(&sandbox.http, r#"{"stream": true}"#);
        let mut answer = get(&session, "/size/70000", "{}");
        assert!(answer.body().is_empty() && answer.value().is_none());
        let (mut buffer, mut all) = ([0; 1000], 0);
        loop {
            match answer.read(&mut buffer).unwrap() {
                0 => break,
                count => all += count,
            }
        }
        assert_eq!((all, answer.read(&mut buffer).unwrap()), (70_000, 0));
        assert_eq!(get(&session, "/size/7", r#"{"stream": false}"#).body(), b"abcdefg");
    }),
    (&["resolve", "ip_version", "local_address"], |sandbox| {
        let port = sandbox.http.rsplit(':').next().unwrap();
        let url = format!("http://far.example:{port}");
        let key = format!("far.example:{port}");
        let session = create(&url, &json!({"resolve": {key: "127.0.0.1"}, "local_address": "127.0.0.1"}).to_string());
        assert_eq!(get(&session, "/get", "{}").status(), 200);
        assert!(log(sandbox).last().unwrap()["peer"].as_str().unwrap().starts_with("127.0.0.1"));
        if sandbox.http_v6.is_some() {
            let error = fails(&create(&sandbox.http, r#"{"ip_version": 6}"#), "GET", "/get", "{}");
            assert!(["connect", "resolve"].contains(&error.code()), "{error:?}");
        }
        assert_eq!(get(&create(&sandbox.http, r#"{"ip_version": 4}"#), "/get", "{}").status(), 200);
    }),
    (&["tcp_keepalive"], |sandbox| {
        // What the system waits for on an idle connection, as Linux shows it: nothing, or so many hundredths of a second.
        let timer = |json: &str, runs: bool| {
            let session = create(&sandbox.http, json);
            let before = log(sandbox).len();
            assert_eq!(get(&session, "/get", "{}").status(), 200);
            // The answer can be here before the server has written down whose it was.
            while log(sandbox).len() == before {}
            let peer = log(sandbox).last().unwrap()["peer"].as_str().unwrap().to_owned();
            let port: u16 = peer.rsplit(':').next().unwrap().parse().unwrap();
            let ours = format!("0100007F:{port:04X}");
            let late = Instant::now() + Duration::from_secs(20);
            loop {
                let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
                // The port may have belonged to a connection with somebody else that is over (06) and still listed.
                let stands = |row: &&str| {
                    let mut words = row.split_whitespace();
                    words.nth(1) == Some(&*ours) && words.nth(1) == Some("01")
                };
                let row = table.lines().find(stands).unwrap();
                let (kind, left) = row.split_whitespace().nth(5).unwrap().split_once(':').unwrap();
                // What was sent last may not be acknowledged yet, and no timer runs for a moment when it is.
                if (kind == "01" || kind == "04" || (kind == "00" && runs)) && Instant::now() < late {
                    std::thread::yield_now();
                    continue;
                }
                if runs {
                    assert_eq!(kind, "02", "{row}");
                }
                break (kind == "02").then(|| u64::from_str_radix(left, 16).unwrap());
            }
        };
        for (json, seconds) in [
            ("{}", 60),
            (r#"{"tcp_keepalive": 20}"#, 20),
            (r#"{"tcp_keepalive": "2m"}"#, 120),
            (r#"{"tcp_keepalive": true}"#, 60),
        ] {
            let left = timer(json, true).unwrap();
            assert!((seconds * 100 - 1000..=seconds * 100 + 100).contains(&left), "{json}: {left}");
        }
        assert_eq!(timer(r#"{"tcp_keepalive": false}"#, false), None);
    }),
    (&["unix_socket"], |sandbox| {
        let options = json!({"unix_socket": path(&sandbox.unix)}).to_string();
        assert_eq!(get(&create("http://nowhere.example", &options), "/get", "{}").status(), 200);
        assert_eq!(log(sandbox).last().unwrap()["listener"], json!("unix"));
    }),
    (&["http_version"], |sandbox| {
        let session = create(&sandbox.http, r#"{"http_version": "1.1"}"#);
        assert_eq!(get(&session, "/get", r#"{"http_version": "auto"}"#).status(), 200);
        let error = fails(&session, "GET", "/get", r#"{"http_version": "2"}"#);
        assert_eq!(error.code(), "http_version", "{error:?}");
        let two = create(&sandbox.h2c, r#"{"http_version": "2"}"#);
        assert_eq!(meta(&get(&two, "/get", "{}"))["http_version"], json!("2"));
    }),
    (&["pool_connections", "pool_maxsize", "pool_block", "pool_idle", "pool"], |sandbox| {
        let session = create(&sandbox.http, r#"{"pool_maxsize": 1}"#);
        let idle = || inspect(&session, "pool", "{}")["connections_idle"].clone();
        let two = || {
            let streams = [0, 1].map(|_| get(&session, "/size/9", r#"{"stream": true}"#));
            for mut stream in streams {
                stream.drain().unwrap();
            }
        };
        two();
        assert_eq!(idle(), json!(1));
        session.configure(&args(r#"{"pool": "clear"}"#)).unwrap();
        assert_eq!(idle(), json!(0));
        // One option changed leaves the others.
        session.configure(&args(r#"{"pool_connections": 3}"#)).unwrap();
        two();
        assert_eq!(idle(), json!(1));
        session.configure(&args(r#"{"pool_block": true, "timeouts": {"total": 0.05}}"#)).unwrap();
        let held = get(&session, "/size/1000000", r#"{"stream": true}"#);
        assert!(session.request(Some("GET"), Some("/get"), &args("{}")).is_err());
        drop(held);
        session.configure(&args(r#"{"pool_idle": 0}"#)).unwrap();
        assert!(session.attach("/", &args(r#"{"pool_maxsize": 3}"#)).is_err());
        assert!(session.configure(&args(r#"{"pool": "empty"}"#)).is_err());
    }),
    (&["limit_rate", "low_speed"], |sandbox| {
        let session = create(&sandbox.http, "{}");
        let began = std::time::Instant::now();
        get(&session, "/size/50000", r#"{"limit_rate": 200000}"#);
        assert!(began.elapsed().as_secs_f64() > 0.1);
        let error = fails(&session, "GET", "/drip?numbytes=100&duration=5", r#"{"low_speed": [1000, 0.1]}"#);
        assert_eq!((error.code(), detail(&error, "phase")), ("low_speed", json!("low_speed")));
    }),
    (&["expect_continue"], |sandbox| {
        let session = create(&sandbox.http, r#"{"expect_continue": true}"#);
        let seen = value(&session.request(Some("POST"), Some("/anything"), &args(r#"{"data": "x"}"#)).unwrap());
        assert_eq!((header(&seen, "Expect").as_deref(), &seen["data"]), (Some("100-continue"), &json!("x")));
    }),
    (&["timeout", "timeouts"], |sandbox| {
        let session = create(&sandbox.http, "{}");
        for (options, code) in [
            (r#"{"timeout": 0.05}"#, "read_timeout"),
            (r#"{"timeout": [5, 0.05]}"#, "read_timeout"),
            (r#"{"timeout": "50ms"}"#, "read_timeout"),
            (r#"{"timeouts": {"total": 0.05}}"#, "total_timeout"),
            (r#"{"timeouts": {"totl": 1}}"#, "argument"),
            (r#"{"timeout": 0}"#, "argument"),
        ] {
            assert_eq!(fails(&session, "GET", "/fault/stall", options).code(), code, "{options}");
        }
        assert_eq!(get(&session, "/get", r#"{"timeout": 1e18}"#).status(), 200);
    }),
    (&["retry"], |sandbox| {
        let session = create(&sandbox.http, "{}");
        for (key, retry) in
            [("n", json!(2)), ("o", json!({"total": 2, "status_forcelist": [503], "backoff_factor": 0}))]
        {
            let how = if retry.is_number() { "close" } else { "status" };
            let target = format!("/flaky?key={key}&fail=2&how={how}");
            let answer = get(&session, &target, &json!({"retry": retry}).to_string());
            assert_eq!((answer.status(), meta(&answer)["retries"].as_u64()), (200, Some(2)), "{key}");
        }
    }),
    (&["hooks", "adapter"], |sandbox| {
        // Their own tests look closer.
        let mut options = Args::new();
        options.set("adapter.mock://", provider(|_, _| haft::error::Status::Ok));
        options.set("hooks.response", Tree::Array(Vec::new()));
        assert_eq!(get(&Session::create(&sandbox.http, &options).unwrap(), "mock://x/", "{}").status(), 200);
        assert!(Session::create(&sandbox.http, &args(r#"{"hooks": {"respons": null}}"#)).is_err());
    }),
    (&["data", "json", "files"], |sandbox| {
        let session = create(&sandbox.http, "{}");
        let post = |options: &str| value(&session.request(Some("POST"), Some("/anything"), &args(options)).unwrap());
        assert_eq!(post(r#"{"data": "text"}"#)["data"], json!("text"));
        assert_eq!(post(r#"{"data": {"a": ["1", "2"], "b": null}}"#)["form"]["a"], json!(["1", "2"]));
        assert_eq!(post(r#"{"json": {"k": [1, null]}}"#)["json"], json!({"k": [1, null]}));
        let content = Tree::Bytes(Arc::from(&b"content"[..]));
        let file = Tree::Array(vec![Tree::from("n.txt"), content, Tree::from("text/plain")]);
        let file = with(r#"{"data": {"x": "y"}}"#, "files.f", file);
        let seen = value(&session.request(Some("POST"), Some("/anything"), &file).unwrap());
        assert_eq!((&seen["files"]["f"], &seen["form"]["x"]), (&json!("content"), &json!("y")));
        let bytes = with("{}", "data", Tree::Bytes(Arc::from(&b"\x00\x01"[..])));
        let seen = value(&session.request(Some("PUT"), Some("/upload"), &bytes).unwrap());
        assert_eq!(seen["count"], json!(2));
    }),
    (&["method", "url", "body"], |sandbox| {
        let session = create(&sandbox.http, r#"{"headers": {"X-S": "session"}}"#);
        let mut prepared =
            session.prepare(Some("post"), Some("/anything"), &args(r#"{"json": [1], "params": {"q": "1"}}"#)).unwrap();
        assert!(lines(sandbox).is_empty());
        assert_eq!((prepared.str("method").unwrap(), prepared.get("body").is_some()), (Some("POST"), true));
        let seen = value(&session.request(None, None, &prepared).unwrap());
        assert_eq!((&seen["json"], header(&seen, "X-S").as_deref()), (&json!([1]), Some("session")));
        let url = prepared.str("url").unwrap().unwrap().replace("q=1", "q=2");
        prepared.set("url", url.as_str());
        prepared.set("method", "PUT");
        prepared.set("timeout", 5_i64);
        // Its headers are a list, and are written like any others.
        prepared.set("headers.x-s", "edited");
        prepared.set("headers.X-Added", "1");
        prepared.set("headers.X-Added[]", "2");
        prepared.set("headers.Accept", haft::value::Tree::Null);
        let seen = value(&session.request(None, None, &prepared).unwrap());
        assert_eq!((&seen["method"], &seen["args"]["q"]), (&json!("PUT"), &json!("2")));
        assert_eq!(header(&seen, "X-S").as_deref(), Some("edited"));
        let added = seen["headers"].as_array().unwrap().iter().filter(|pair| pair[0] == "X-Added").count();
        assert_eq!((added, header(&seen, "Accept")), (2, None));
        for target in [None, Some("/get")] {
            let error = session.request(None, target, &args("{}")).unwrap_err();
            assert!(error.code() == "argument" && error.message().contains("the verb was NULL"), "{error}");
        }
        // Staged as well.
        session.stage(None, None, &prepared).unwrap();
        assert_eq!(value(&session.commit(&args("{}")).unwrap())[0]["value"]["method"], json!("PUT"));
    }),
    (&["id", "tag", "progress", "stage"], |sandbox| {
        let session = create(&sandbox.http, "{}");
        let options = args(&json!({"id": 9, "tag": "up", "progress": true, "data": "x".repeat(5000)}).to_string());
        session.submit(Some("POST"), Some("/upload"), &options).unwrap();
        let (mut kinds, mut sent) = (Vec::new(), Value::Null);
        loop {
            let event = session.poll(20_000).unwrap().unwrap();
            assert_eq!((event.id(), event.topic().to_str()), (9, Ok("up")));
            kinds.push(event.kind());
            if event.kind() == Kind::Response {
                break;
            }
            let progress: Value = serde_json::from_str(&event.value().unwrap().root().to_json()).unwrap();
            assert_eq!(progress["to_send"], json!(5000), "{progress}");
            sent = progress["sent"].clone();
        }
        // The body alone, as `to_send` counts it: all of it is all.
        assert_eq!(sent, json!(5000));
        assert!(kinds.contains(&Kind::Progress) && kinds.len() >= 2);
    }),
    (
        &[
            "subprotocols",
            "compression",
            "max_message_size",
            "ping_interval",
            "ping_timeout",
            "close_timeout",
            "reconnect",
            "last_event_id",
        ],
        |sandbox| {
            // Their effects are in websocket.rs and sse.rs. Elsewhere they are mistakes.
            let session = create(&sandbox.http, "{}");
            for (key, value) in [
                ("subprotocols", "\"a\""),
                ("compression", "false"),
                ("max_message_size", "1"),
                ("ping_interval", "1"),
                ("ping_timeout", "1"),
                ("close_timeout", "1"),
                ("reconnect", "true"),
            ] {
                let error = session.attach("/below", &args(&format!("{{\"{key}\": {value}}}"))).unwrap_err();
                assert_eq!(error.detail().get("key").and_then(|key| key.as_str()), Some(key));
            }
            assert_eq!(
                session.subscribe("haft.state", &args(r#"{"last_event_id": "1"}"#), None, 0).unwrap_err().code(),
                "argument"
            );
        },
    ),
    (
        &["events", "queue_max", "overflow", "answer", "keep", "environment", "trust_env", "save_to", "resume"],
        |sandbox| {
            // In tests of their own: life_order.c, life_queue.c, saving.rs, and below.
            let session = create(&sandbox.http, "{}");
            let answer = with("{}", "answer", provider(|_, _| haft::error::Status::Ok));
            assert_eq!(session.subscribe("haft.state", &answer, None, 0).unwrap_err().code(), "argument");
            assert_eq!(
                session.subscribe("haft.state", &args(r#"{"overflow": "wait"}"#), None, 0).unwrap_err().code(),
                "argument"
            );
            session.close(&args(r#"{"keep": true}"#)).unwrap();
            assert!(Session::create(&sandbox.http, &args(r#"{"environment": "no"}"#)).is_err());
        },
    ),
];

#[test]
fn every_option_has_its_effect() {
    let fails = |case: &fn(&Sandbox)| {
        let sandbox = sandbox();
        std::panic::catch_unwind(|| case(&sandbox)).is_err()
    };
    let failed: Vec<_> = CASES.iter().filter(|(_, case)| fails(case)).map(|(names, _)| names).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn no_option_is_left_out() {
    let tested: BTreeSet<_> = CASES.iter().flat_map(|(names, _)| names.iter().copied()).collect();
    let known: BTreeSet<_> =
        OPTIONS.iter().filter(|option| option.fits(u16::MAX, "http")).map(|option| option.name).collect();
    assert_eq!(tested, known);
}

/// The part that runs in a process of its own, with variables set.
fn inside_an_environment(url: &str) {
    let direct = |options: &str| create(url, options).request(Some("GET"), Some("/get"), &args("{}")).is_ok();
    // HTTP_PROXY names a port where nobody listens.
    assert!(!direct("{}"));
    assert!(direct(r#"{"trust_env": false}"#));
    // What is said explicitly wins, unless requests' own order is asked for.
    assert!(direct(r#"{"proxies": {"http": null}}"#));
    assert!(direct(r#"{"proxies": {"no_proxy": "127.0.0.1"}}"#));
    let proxy = json!({"proxies": {"http": std::env::var("SANDBOX_PROXY").unwrap()}});
    assert!(direct(&proxy.to_string()));
    let mut reversed = proxy.clone();
    reversed["environment"] = json!("requests");
    assert!(!direct(&reversed.to_string()));
    // The roots of certificates.
    let secure = std::env::var("SANDBOX_HTTPS").unwrap();
    let trusted = |options: &str| create(&secure, options).request(Some("GET"), Some("/get"), &args("{}")).is_ok();
    assert!(trusted("{}"));
    assert!(!trusted(r#"{"trust_env": false}"#));
}

#[test]
fn the_environment_counts_when_it_is_trusted() {
    // The variables of this process belong to all its tests: the test starts itself once more with its own.
    if let Ok(url) = std::env::var("SANDBOX_HTTP") {
        return inside_an_environment(&url);
    }
    let sandbox = sandbox();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "options::the_environment_counts_when_it_is_trusted", "--nocapture"])
        .env("SANDBOX_HTTP", &sandbox.http)
        .env("SANDBOX_HTTPS", &sandbox.https)
        .env("SANDBOX_PROXY", &sandbox.http_proxy)
        .env("REQUESTS_CA_BUNDLE", &sandbox.ca)
        .env("http_proxy", "http://127.0.0.1:1")
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&child.stdout).into_owned() + &String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && text.contains("1 passed"), "{text}");
}
