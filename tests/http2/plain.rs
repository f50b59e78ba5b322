//! What is sent, and what is told of an answer.

use haft::{args::Args, value::Tree};
use serde_json::{Value, json};

use super::bed::{Pieces, WAYS, args, call, create, get, log, meta, noise, sandbox, value};

#[test]
fn an_answer_tells_what_it_would_over_http_1() {
    let sandbox = sandbox();
    for way in WAYS {
        for url in [&sandbox.h2only, &sandbox.h2c, &sandbox.https2] {
            let session = create(&sandbox, url, &json!({}));
            let first = get(&session, way, "/get?x=1");
            assert_eq!((first.status(), &value(&first)["args"]["x"]), (200, &json!("1")), "{url}");
            let told = meta(&first);
            assert_eq!(
                (&told["http_version"], &told["reason"], &told["reused"]),
                (&json!("2"), &json!(""), &json!(false))
            );
            assert!(told["remote"].as_str().unwrap().starts_with("127.0.0.1:"));
            assert_eq!(told["tls"].is_null(), url.starts_with("http:"));
            assert!(told["timings"]["connect"].as_f64().unwrap() > 0.0 && told["bytes_sent"].as_u64().unwrap() > 0);
            assert_eq!(told["bytes_received"].as_u64().unwrap() as usize, first.body().len());
            let second = meta(&get(&session, way, "/get"));
            assert_eq!((&second["reused"], &second["timings"]["connect"]), (&json!(true), &json!(0.0)));
            let names = told["headers"].as_array().unwrap().iter().map(|pair| pair[0].as_str().unwrap());
            assert!(names.clone().all(|name| name == name.to_lowercase()) && names.count() > 0);
        }
    }
}

#[test]
fn fields_that_belong_to_a_connection_stay_at_home() {
    let sandbox = sandbox();
    let session = create(&sandbox, &sandbox.h2c, &json!({}));
    for way in WAYS {
        let headers = json!({"headers": {
            "Connection": "keep-alive, X-Hop", "X-Hop": "1", "Keep-Alive": "timeout=5", "Upgrade": "x", "TE": "gzip",
            "Proxy-Connection": "close", "Expect": "100-continue", "X-Kept": "yes", "Host": "other.test",
        }});
        call(&session, way, "POST", "/anything/own", &args(&headers)).unwrap();
        let entry = log(&sandbox, "/anything/own").pop().unwrap();
        let fields = entry["fields"].as_array().unwrap();
        let names: Vec<&str> = fields.iter().map(|pair| pair[0].as_str().unwrap()).collect();
        for gone in ["connection", "x-hop", "keep-alive", "upgrade", "te", "proxy-connection", "expect", "host"] {
            assert!(!names.contains(&gone), "{gone} in {names:?}");
        }
        assert!(names.contains(&"x-kept") && names.contains(&"content-length"), "{names:?}");
        let pseudo = entry["pseudo"].as_array().unwrap();
        let said = |name: &str| pseudo.iter().find(|pair| pair[0] == name).map(|pair| pair[1].clone());
        assert_eq!(said(":authority"), Some(json!("other.test")));
        assert_eq!(said(":path"), Some(json!("/anything/own")));
        assert_eq!(said(":scheme"), Some(json!("http")));
    }
}

#[test]
fn bodies_of_every_kind_arrive() {
    let sandbox = sandbox();
    let session = create(&sandbox, &sandbox.h2c, &json!({}));
    let body = noise(3 << 20);
    let mut sums: Vec<Value> = Vec::new();
    for way in WAYS {
        let mut bytes = Args::new();
        bytes.set("data", Tree::Bytes(body.clone().into()));
        let mut sized = Args::new();
        sized.set("data", Pieces::tree(body.clone(), Some(body.len() as u64), false));
        let mut endless = Args::new();
        endless.set("data", Pieces::tree(body.clone(), None, false));
        for (args, framing) in [(bytes, "sized"), (sized, "sized"), (endless, "streamed")] {
            let told = value(&call(&session, way, "POST", "/upload", &args).unwrap());
            assert_eq!((&told["count"], &told["framing"]), (&json!(body.len()), &json!(framing)), "{way:?}");
            sums.push(told["sha256"].clone());
        }
        let files = json!({"files": {"a": ["a.txt", "hello", null, {}]}});
        let told = value(&call(&session, way, "POST", "/post", &args(&files)).unwrap());
        assert_eq!(told["parts"].as_array().unwrap().len(), 1, "{told}");
    }
    sums.dedup();
    assert_eq!(sums.len(), 1);
    // The same bytes over HTTP/1.1 have the same sum.
    let older = create(&sandbox, &sandbox.http, &json!({"http_version": "1.1"}));
    let mut bytes = Args::new();
    bytes.set("data", Tree::Bytes(body.into()));
    assert_eq!(value(&call(&older, WAYS[0], "POST", "/upload", &bytes).unwrap())["sha256"], sums[0]);
}

#[test]
fn what_policy_does_is_the_same() {
    let sandbox = sandbox();
    for way in WAYS {
        let session = create(&sandbox, &sandbox.h2only, &json!({}));
        let redirected = get(&session, way, "/redirect/3");
        assert_eq!((redirected.status(), meta(&redirected)["history"].as_array().unwrap().len()), (200, 3));
        get(&session, way, "/cookies/set?a=b");
        assert_eq!(value(&get(&session, way, "/cookies"))["cookies"], json!({"a": "b"}));
        assert_eq!(
            call(&session, way, "GET", "/basic-auth/u/p", &args(&json!({"auth": ["u", "p"]}))).unwrap().status(),
            200
        );
        let digest = json!({"auth": {"type": "digest", "username": "u", "password": "p"}});
        let answer = call(&session, way, "GET", "/digest-auth/auth/u/p", &args(&digest));
        assert_eq!(answer.unwrap().status(), 200);
        for coding in ["gzip", "deflate", "brotli", "zstd"] {
            let answer = get(&session, way, &format!("/{coding}"));
            assert_eq!(answer.status(), 200, "{coding}");
            assert!(value(&answer).is_object(), "{coding}");
        }
        for target in ["/early-hints?n=3", "/continue?n=2", "/trailers"] {
            let answer = get(&session, way, target);
            assert_eq!(answer.status(), 200, "{target}");
        }
        let head = call(&session, way, "HEAD", "/get", &Args::new()).unwrap();
        assert_eq!((head.status(), head.body().len()), (200, 0));
        assert_eq!(get(&session, way, "/status/204").status(), 204);
        let not =
            call(&session, way, "GET", "/etag/x", &args(&json!({"headers": {"If-None-Match": "\"x\""}}))).unwrap();
        assert_eq!(not.status(), 304);
        assert_eq!(super::bed::connections(&sandbox, "h2only").last().unwrap()["violations"], json!([]));
    }
}
