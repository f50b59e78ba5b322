//! What goes wrong, what is told of it, and what is tried again without a word.

use haft::{args::Args, session::Session};
use haft_sandbox::Sandbox;
use serde_json::{Value, json};

use super::bed::{Failed, Pieces, WAYS, Way, args, ask, call, connections, create, get, log, meta, sandbox};

/// How the next connections of HTTP/2 behave.
fn tune(sandbox: &Sandbox, how: &str) {
    ask(sandbox, "DELETE", "/_control");
    if !how.is_empty() {
        ask(sandbox, "POST", &format!("/_control?h2=1&{how}"));
    }
}

fn fails(session: &Session, way: Way, verb: &str, target: &str, more: &Value) -> Failed {
    call(session, way, verb, target, &args(more)).unwrap_err()
}

/// Submits a call, and waits until the sandbox has it.
fn begin(sandbox: &Sandbox, session: &Session, target: &str) -> u64 {
    let seen = log(sandbox, target).len();
    let id = session.submit(Some("GET"), Some(target), &Args::new()).unwrap();
    while log(sandbox, target).len() == seen {}
    id
}

fn outcome(session: &Session) -> (u64, Result<i32, String>) {
    let mut event = session.poll(-1).unwrap().unwrap();
    let outcome = match event.take_response() {
        Some(response) => Ok(response.status()),
        None => Err(event.failure().unwrap().error().code().to_owned()),
    };
    (event.id(), outcome)
}

#[test]
fn requests_behind_a_goaway_go_to_another_connection() {
    let sandbox = sandbox();
    for way in WAYS {
        // The second stream of the connection meets the GOAWAY, and is not processed.
        tune(&sandbox, "goaway_on_stream=2");
        let session = create(&sandbox, &sandbox.h2only, &json!({}));
        let first = meta(&get(&session, way, "/get"));
        let body = json!({"json": {"a": 1}});
        let second = call(&session, way, "POST", "/anything/twice", &args(&body)).unwrap();
        assert_eq!(second.status(), 200);
        assert_ne!(meta(&second)["remote"], Value::Null);
        assert_eq!((&first["retries"], &meta(&second)["retries"]), (&json!(0), &json!(0)));
        let seen = log(&sandbox, "/anything/twice");
        let processed = seen.iter().filter(|entry| entry["unprocessed"].is_null()).count();
        assert_eq!(processed, 1, "{seen:?}");
        ask(&sandbox, "DELETE", "/_log");
        // A reader that cannot go back has been read: then it is told that nothing was done.
        let mut once = Args::new();
        once.set("data", Pieces::tree(vec![7; 5000], Some(5000), false));
        get(&session, way, "/get");
        let failed = match call(&session, way, "POST", "/anything/once", &once) {
            // Nothing of it had been read when the goodbye came.
            Ok(response) => response.status().to_string(),
            Err(failed) => failed.at("outcome").to_owned(),
        };
        assert!(failed == "200" || failed == "not_sent", "{failed}");
        ask(&sandbox, "DELETE", "/_log");
    }
    tune(&sandbox, "");
}

#[test]
fn requests_before_a_goaway_are_finished() {
    let sandbox = sandbox();
    let session = create(&sandbox, &sandbox.h2only, &json!({}));
    let slow = begin(&sandbox, &session, "/delay/0.3");
    let goodbye = session.submit(Some("GET"), Some("/fault/h2/goaway?last=self&answer=after"), &Args::new()).unwrap();
    let mut done: Vec<_> = [outcome(&session), outcome(&session)].into();
    done.sort_unstable_by_key(|(id, _)| *id);
    assert_eq!(done, [(slow, Ok(200)), (goodbye, Ok(200))]);
    assert_eq!(meta(&get(&session, Way::Blocking, "/get"))["reused"], json!(false));
    assert_eq!(connections(&sandbox, "h2only").len(), 2);
}

#[test]
fn refused_streams_are_tried_again_and_others_are_not() {
    let sandbox = sandbox();
    for way in WAYS {
        let session = create(&sandbox, &sandbox.h2only, &json!({}));
        let failed = fails(&session, way, "POST", "/fault/h2/rst?code=REFUSED_STREAM&at=start", &json!({"data": "x"}));
        assert_eq!((failed.at("outcome"), failed.at("http2_error")), ("not_sent", "REFUSED_STREAM"));
        assert_eq!(log(&sandbox, "/fault/h2/rst").len(), 4);
        ask(&sandbox, "DELETE", "/_log");
        for code in ["INTERNAL_ERROR", "CANCEL", "PROTOCOL_ERROR", "ENHANCE_YOUR_CALM"] {
            let target = format!("/fault/h2/rst?code={code}&at=start");
            let failed = fails(&session, way, "POST", &target, &json!({"data": "x"}));
            assert_eq!((&*failed.code, failed.at("outcome"), failed.at("http2_error")), ("connect", "unknown", code));
            assert_eq!(log(&sandbox, "/fault/h2/rst").len(), 1, "{code}");
            ask(&sandbox, "DELETE", "/_log");
            // The connection is as good as before.
            assert_eq!(meta(&get(&session, way, "/get"))["reused"], json!(true));
        }
        for at in ["head", "body"] {
            let target = format!("/fault/h2/rst?code=INTERNAL_ERROR&at={at}");
            let failed = fails(&session, way, "GET", &target, &json!({}));
            assert_eq!((&*failed.code, failed.at("outcome")), ("incomplete_read", "applied"), "{at}");
        }
        for target in ["/fault/h2/rst?code=NO_ERROR&at=end", "/fault/h2/rst?code=CANCEL&at=end"] {
            assert_eq!(call(&session, way, "GET", target, &Args::new()).unwrap().status(), 200);
        }
        ask(&sandbox, "DELETE", "/_log");
    }
}

#[test]
fn a_server_that_wants_http_1_gets_it_under_auto() {
    let sandbox = sandbox();
    for way in WAYS {
        let target = "/fault/h2/rst?code=HTTP_1_1_REQUIRED&at=start";
        let session = create(&sandbox, &sandbox.https2, &json!({"http_version": "auto"}));
        // Over HTTP/1.1 that endpoint says that it needs HTTP/2: what counts is who was asked.
        let answer = call(&session, way, "GET", target, &Args::new()).unwrap();
        assert_eq!(meta(&answer)["http_version"], "1.1");
        assert_eq!(meta(&get(&session, way, "/get"))["http_version"], "1.1");
        let demanded = create(&sandbox, &sandbox.https2, &json!({}));
        let failed = fails(&demanded, way, "GET", target, &json!({}));
        assert_eq!((failed.at("outcome"), failed.at("http2_error")), ("not_sent", "HTTP_1_1_REQUIRED"));
    }
}

#[test]
fn a_lost_connection_is_told_as_over_http_1() {
    let sandbox = sandbox();
    for way in WAYS {
        for end in ["reset", "abort", "close"] {
            let session = create(&sandbox, &sandbox.h2only, &json!({}));
            let target = format!("/fault/h2/drop?end={end}");
            // A fresh connection is not to blame.
            let failed = fails(&session, way, "GET", &target, &json!({}));
            assert_eq!((&*failed.code, failed.at("outcome")), ("connect", "unknown"), "{end}");
            ask(&sandbox, "DELETE", "/_log");
            get(&session, way, "/get");
            // A kept one may have been closed meanwhile: what is safe is tried once more.
            fails(&session, way, "GET", &target, &json!({}));
            assert_eq!(log(&sandbox, "/fault/h2/drop").len(), 2, "{end}");
            ask(&sandbox, "DELETE", "/_log");
            get(&session, way, "/get");
            let failed = fails(&session, way, "POST", &target, &json!({"data": "x"}));
            assert_eq!((failed.at("outcome"), log(&sandbox, "/fault/h2/drop").len()), ("unknown", 1), "{end}");
            ask(&sandbox, "DELETE", "/_log");
        }
        // Closed while nobody used it: not even a change notices.
        let session = create(&sandbox, &sandbox.h2only, &json!({}));
        get(&session, way, "/get");
        ask(&sandbox, "POST", "/_control?drop=1&listener=h2only");
        while ask(&sandbox, "GET", "/_connections")["h2only"]["open"] != json!(0) {}
        assert_eq!(call(&session, way, "POST", "/post", &args(&json!({"data": "x"}))).unwrap().status(), 200);
    }
}

#[test]
fn a_body_that_ends_early_is_incomplete() {
    let sandbox = sandbox();
    for way in WAYS {
        let session = create(&sandbox, &sandbox.h2only, &json!({}));
        for target in [
            "/fault/h2/short-body?length=100&sent=50",
            "/fault/truncate?end=rst",
            "/fault/truncate?end=keep",
            "/fault/truncate",
        ] {
            let failed = fails(&session, way, "GET", target, &json!({}));
            assert_eq!((&*failed.code, failed.at("outcome")), ("incomplete_read", "applied"), "{target} {failed:?}");
        }
    }
}

#[test]
fn what_breaks_the_rules_is_told_and_hurts_nobody_else() {
    let sandbox = sandbox();
    for way in WAYS {
        let session = create(&sandbox, &sandbox.h2only, &json!({"timeout": 5}));
        for kind in
            ["uppercase", "connection", "transfer-encoding", "no-status", "unknown-pseudo", "nul", "crlf", "status-101"]
        {
            let failed = fails(&session, way, "GET", &format!("/fault/h2/bad-head?kind={kind}"), &json!({}));
            assert!(matches!(&*failed.code, "protocol" | "incomplete_read"), "{kind}: {failed:?}");
            assert_eq!(get(&session, way, "/get").status(), 200);
        }
        for kind in [
            "data-on-zero",
            "settings-length",
            "window-zero",
            "hpack-index",
            "push-promise",
            "too-large",
            "continuation-alone",
        ] {
            let target = format!("/fault/h2/bad-frame?kind={kind}&then=stall");
            let failed = fails(&session, way, "GET", &target, &json!({}));
            assert_eq!(failed.code, "protocol", "{kind}: {failed:?}");
            assert_eq!(get(&session, way, "/get").status(), 200, "{kind}");
        }
        for kind in ["unknown-type", "unknown-setting", "priority", "padded", "empty-end"] {
            let target = format!("/fault/h2/bad-frame?kind={kind}&then=answer");
            assert_eq!(
                call(&session, way, "GET", &target, &Args::new()).map(|answer| answer.status()),
                Ok(200),
                "{kind}"
            );
        }
        for (target, code) in [("/fault/huge-header?size=1000000", "protocol"), ("/fault/many-headers?n=1000", "limit")]
        {
            assert_eq!(fails(&session, way, "GET", target, &json!({})).code, code, "{target}");
        }
        assert_eq!(fails(&session, way, "GET", "/fault/endless-headers", &json!({})).code, "protocol");
        assert_eq!(get(&session, way, "/get").status(), 200);
    }
}

#[test]
fn a_silent_stream_ends_alone_and_a_silent_connection_is_replaced() {
    let sandbox = sandbox();
    for way in WAYS {
        let session = create(&sandbox, &sandbox.h2only, &json!({}));
        get(&session, way, "/get");
        let brief = json!({"timeout": [null, 0.2]});
        let failed = fails(&session, way, "GET", "/fault/stall", &brief);
        assert_eq!((&*failed.code, failed.at("outcome"), failed.at("phase")), ("read_timeout", "unknown", "read"));
        assert_eq!(fails(&session, way, "GET", "/fault/stall-body", &brief).code, "read_timeout");
        // The PING was answered.
        assert_eq!(meta(&get(&session, way, "/get"))["reused"], json!(true));
        assert!(connections(&sandbox, "h2only").last().unwrap()["resets"].as_array().unwrap().len() >= 2);
        assert_eq!(fails(&session, way, "GET", "/fault/h2/silence", &brief).code, "read_timeout");
        assert_eq!(meta(&get(&session, way, "/get"))["reused"], json!(false));
    }
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let sandbox = sandbox();
    tune(&sandbox, "settings=0");
    for way in WAYS {
        let session = create(&sandbox, &sandbox.h2c, &json!({"timeout": [0.3, null]}));
        let failed = fails(&session, way, "GET", "/fault/stall", &json!({}));
        assert!(matches!(&*failed.code, "connect" | "protocol"), "{failed:?}");
    }
    tune(&sandbox, "");
}

#[test]
fn an_early_answer_is_taken() {
    let sandbox = sandbox();
    for way in WAYS {
        for target in ["/fault/early-413?read=1000", "/fault/early-413?read=1000&close=0"] {
            let session = create(&sandbox, &sandbox.h2only, &json!({}));
            let mut large = Args::new();
            large.set("data", Pieces::tree(vec![7; 8 << 20], None, false));
            assert_eq!(call(&session, way, "POST", target, &large).map(|answer| answer.status()), Ok(413), "{target}");
            assert_eq!(meta(&get(&session, way, "/get"))["reused"], json!(true), "{target}");
        }
    }
}
