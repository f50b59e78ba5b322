//! Which version is spoken, and what is remembered about it.

use haft::{args::Args, session::Session};
use serde_json::{Value, json};

use super::bed::{WAYS, Way, args, ask, call, connections, create, get, meta, sandbox};

fn version(session: &Session, way: Way, target: &str) -> Value {
    meta(&get(session, way, target))["http_version"].clone()
}

#[test]
fn the_default_is_http_1() {
    let sandbox = sandbox();
    for way in WAYS {
        let session = create(&sandbox, &sandbox.https2, &json!({"http_version": null}));
        assert_eq!(version(&session, way, "/get"), "1.1");
    }
}

#[test]
fn auto_takes_what_the_server_prefers_and_remembers_it() {
    let sandbox = sandbox();
    let auto = json!({"http_version": "auto"});
    for way in WAYS {
        let session = create(&sandbox, &sandbox.https2, &auto);
        assert_eq!([version(&session, way, "/get"), version(&session, way, "/get")], ["2", "2"]);
        let older = create(&sandbox, &sandbox.https, &auto);
        let before = ask(&sandbox, "GET", "/_connections")["https"]["total"].clone();
        // The connection that found it out carries the first call, and the next.
        let first = meta(&get(&older, way, "/get"));
        assert_eq!((&first["http_version"], &first["reused"]), (&json!("1.1"), &json!(false)));
        assert!(first["timings"]["tls"].as_f64().unwrap() > 0.0);
        let second = meta(&get(&older, way, "/get"));
        assert_eq!((&second["http_version"], &second["reused"]), (&json!("1.1"), &json!(true)));
        let after = ask(&sandbox, "GET", "/_connections")["https"]["total"].clone();
        assert_eq!(after.as_u64().unwrap(), before.as_u64().unwrap() + 1);
        // Without TLS there is nobody to ask.
        assert_eq!(version(&create(&sandbox, &sandbox.h2c, &auto), way, "/get"), "1.1");
    }
}

#[test]
fn who_demands_http_2_hears_that_it_is_not_spoken() {
    let sandbox = sandbox();
    for way in WAYS {
        for url in [&sandbox.https, &sandbox.http] {
            let session = create(&sandbox, url, &json!({}));
            let failed = call(&session, way, "GET", "/get", &Args::new()).unwrap_err();
            assert_eq!(failed.code, "http_version", "{url} {failed:?}");
        }
        let session = create(&sandbox, &sandbox.https, &json!({}));
        assert_eq!(call(&session, way, "POST", "/post", &Args::new()).unwrap_err().at("outcome"), "not_sent");
        // A call may say otherwise, and so may the adapter of a prefix.
        let older = args(&json!({"http_version": "1.1"}));
        assert_eq!(call(&session, way, "GET", "/get", &older).unwrap().status(), 200);
        let mounted =
            json!({"http_version": "1.1", "adapter": {(format!("{}/anything/new", sandbox.https2)): "http2"}});
        let session = create(&sandbox, &sandbox.https2, &mounted);
        assert_eq!([version(&session, way, "/anything/old"), version(&session, way, "/anything/new")], ["1.1", "2"]);
    }
}

#[test]
fn what_has_to_be_upgraded_goes_over_http_1() {
    let sandbox = sandbox();
    for version in ["2", "auto"] {
        let session = create(&sandbox, &sandbox.https2, &json!({"http_version": version}));
        let address = format!("{}/ws/echo", sandbox.https2.replacen("https", "wss", 1));
        let socket = session.attach(&address, &Args::new()).unwrap();
        socket.close(&Args::new()).unwrap();
        assert_eq!(self::version(&session, Way::Blocking, "/get"), "2");
    }
}

#[test]
fn proxies_are_gone_through() {
    let sandbox = sandbox();
    for way in WAYS {
        for proxy in [&sandbox.http_proxy, &sandbox.https_proxy, &sandbox.socks_proxy] {
            for url in [&sandbox.h2only, &sandbox.h2c] {
                let session = create(&sandbox, url, &json!({"proxies": {"all": proxy}}));
                assert_eq!(version(&session, way, "/get"), "2", "{proxy} {url}");
            }
        }
        let none = create(&sandbox, &sandbox.h2c, &json!({"proxies": {"all": "http://127.0.0.1:1"}}));
        let failed = call(&none, way, "GET", "/get", &Args::new()).unwrap_err();
        assert_eq!((&*failed.code, failed.at("outcome")), ("proxy", "not_sent"));
    }
}

#[test]
fn one_connection_serves_both_ways_until_it_is_cleared_or_idle() {
    let sandbox = sandbox();
    let session = create(&sandbox, &sandbox.h2only, &json!({}));
    for _ in 0..3 {
        for way in WAYS {
            get(&session, way, "/get");
        }
    }
    let report = connections(&sandbox, "h2only");
    assert_eq!((report.len(), &report[0]["streams"]), (1, &json!(6)));
    let pool = |session: &Session| -> Value {
        let shown = session.inspect("pool", &Args::new()).unwrap();
        serde_json::from_str(&shown.value().unwrap().root().to_json()).unwrap()
    };
    let before = pool(&session);
    assert!(before.to_string().contains("\"idle\":1"), "{before}");
    session.configure(&args(&json!({"pool": "clear"}))).unwrap();
    assert!(!pool(&session).to_string().contains("\"idle\":1"));
    assert_eq!(meta(&get(&session, Way::Blocking, "/get"))["reused"], json!(false));
    let brief = create(&sandbox, &sandbox.h2only, &json!({"pool_idle": 0.05}));
    get(&brief, Way::Blocking, "/get");
    // Its end is awaited at the server, which hears the goodbye.
    while connections(&sandbox, "h2only").last().unwrap()["goaway"].is_null() {}
    assert_eq!(meta(&get(&brief, Way::Blocking, "/get"))["reused"], json!(false));
}
