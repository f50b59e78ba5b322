//! Answers that are none: too long, torn, lying about their length, compressed, without an end, with numbers that nobody
//! knows. Each fails the one call and leaves the session as good as it was.

use haft::{
    args::Args,
    error::{Error, Status},
    session::{Kind, Session},
    value::Tree,
};
use serde_json::{Value, json};

use crate::{
    bed::{next, value, why},
    guard::ten,
    sand::{CHIMNEYS, PLANT, call, chimneys, close, commit, open, order, read, sandbox, series, stage, staged, told},
};

/// All of a search, one by one.
fn searched(session: &Session) -> Result<usize, Error> {
    let mut found = call(session, "search_objects", PLANT, r#"{"query": "*", "stream": true, "attributes": []}"#)?;
    let mut count = 0;
    while found.next()?.is_some() {
        count += 1;
    }
    // The failure was told once.
    assert!(found.next()?.is_none());
    Ok(count)
}

/// The ways to ask, and the method that each calls.
const WAYS: [(&str, fn(&Session) -> Result<(), Error>); 4] = [
    ("GetObject", |session| call(session, "get_object", PLANT, "{}").map(drop)),
    ("SearchObjects", |session| call(session, "search_objects", PLANT, r#"{"query": "*"}"#).map(drop)),
    ("SearchObjects", |session| searched(session).map(drop)),
    ("ReadTimeseries", |session| read(session, 1, 4, "").map(drop)),
];

/// The same by the reactor.
fn submitted(session: &Session) -> Option<(String, Value)> {
    session.submit(Some("get_object"), Some(PLANT), &Args::new()).unwrap();
    let event = next(session, Kind::Response);
    event.failure().is_some().then(|| {
        let (code, _, detail) = why(&event);
        (code, detail)
    })
}

#[test]
fn answers_that_are_no_messages() {
    let sandbox = sandbox();
    ten("broken frames", &[], |_| {
        let session = open(&sandbox, "{}");
        for (fault, words) in [
            ("garbage", ""),
            ("trailers", "without a status"),
            ("compressed", "compressed"),
            ("lie&number=7", ""),
            ("lie&number=1000000", "in the middle of a message"),
            // The rest is the beginning of a message that does not come to its end, or no message.
            ("lie&number=-3", ""),
        ] {
            for (method, ask) in WAYS {
                order(&sandbox, &format!("fault={fault}&method={method}"));
                let Err(error) = ask(&session) else { panic!("{fault} of {method} was taken") };
                assert_eq!((error.code(), error.status()), ("protocol", Status::Protocol), "{fault} {method}: {error}");
                assert!(error.message().contains(words), "{fault} {method}: {error}");
                told(&error);
                ask(&session).unwrap_or_else(|error| panic!("{method} after {fault}: {error}"));
            }
            order(&sandbox, &format!("fault={fault}&method=GetObject"));
            assert_eq!(submitted(&session).unwrap().0, "protocol", "{fault}");
            assert_eq!(submitted(&session), None);
        }
        order(&sandbox, "fault=arrow&method=ReadTimeseries");
        assert_eq!(read(&session, 1, 4, "").unwrap_err().code(), "protocol");
        order(&sandbox, "fault=arrow&method=ReadTimeseriesStream");
        let several = r#"{"targets": ["key:3", "key:2"], "start": 1451610000000, "end": 1451620000000}"#;
        assert_eq!(call(&session, "read_series", "", several).unwrap_err().code(), "protocol");
        order(&sandbox, "fault=arrow&method=RunCalculation");
        let sum = r#"{"expression": "@t()", "start": 1451610000000, "end": 1451620000000}"#;
        let calculated = call(&session, "calculate", &format!("{PLANT}.TsRawAtt"), sum);
        assert_ne!(calculated.map(|_| ()).unwrap_err().code(), "internal");
        close(&session);
    });
}

/// 5 MiB where 4 are taken: a limit, of both kinds of call, and a host that wants more gets it.
#[test]
fn an_answer_above_the_limit() {
    let sandbox = sandbox();
    ten("too large an answer", &[], |_| {
        let session = open(&sandbox, "{}");
        for (method, ask) in &WAYS[..3] {
            order(&sandbox, &format!("fault=large&method={method}"));
            let error = ask(&session).unwrap_err();
            assert_eq!((error.code(), error.status()), ("message_too_large", Status::Limit), "{method}: {error}");
            assert_eq!(told(&error).1, "RESOURCE_EXHAUSTED", "{method}");
            ask(&session).unwrap();
        }
        // A read of one series is read again in halves, and that is well.
        order(&sandbox, "fault=large&method=ReadTimeseries");
        assert_eq!(series(&read(&session, 1, 4, "").unwrap()).times.len(), 4);
        order(&sandbox, "fault=large&method=GetObject");
        assert_eq!(submitted(&session).unwrap().0, "message_too_large");
        close(&session);
        let session = open(&sandbox, r#"{"max_receive_size": 8388608}"#);
        order(&sandbox, "fault=large&method=GetObject");
        // A field that nobody knows is passed over.
        assert_eq!(value(&call(&session, "get_object", PLANT, "{}").unwrap())["attributes"], json!([]));
        close(&session);
    });
}

/// The work was done, and its answer could not be read: nobody may say that it was not sent, and a commit takes it.
#[test]
fn a_change_whose_answer_is_broken() {
    let sandbox = sandbox();
    ten("a broken answer to a change", &[], |turn| {
        let session = open(&sandbox, "{}");
        for (at, fault) in
            ["large", "garbage", "trailers", "compressed", "lie", "cut&sent=1", "cut"].into_iter().enumerate()
        {
            let name = format!("Chimney {turn} {at}");
            order(&sandbox, &format!("fault={fault}&method=CreateObject"));
            let error = stage(&session, "create_object", CHIMNEYS, &json!({"name": name}).to_string()).unwrap_err();
            let outcome = told(&error).2;
            assert!(outcome == "unknown" || outcome == "applied", "{fault}: {error}: {outcome}");
            assert_eq!(staged(&session), 0, "{fault}");
            assert!(chimneys(&session).contains(&name), "{fault}");
            // What is in the workspace is committed, also when the list has nothing.
            assert_eq!(commit(&session).unwrap(), json!([]));
            let other = open(&sandbox, "{}");
            assert!(chimneys(&other).contains(&name), "{fault}");
            stage(&other, "delete_object", &format!("{CHIMNEYS}/{name}"), "{}").unwrap();
            commit(&other).unwrap();
            close(&other);
        }
        close(&session);
    });
}

/// A newer server's enumerations are numbers, in answers as in what is written back.
#[test]
fn numbers_that_nobody_knows() {
    let sandbox = sandbox();
    ten("unknown enum numbers", &[], |_| {
        let session = open(&sandbox, "{}");
        for number in [13, 77, i32::MAX, -1] {
            order(&sandbox, &format!("fault=enum&number={number}&method=ReadTimeseries"));
            let found = read(&session, 1, 4, "").unwrap();
            let meta: Value = serde_json::from_str(&found.meta().root().to_json()).unwrap();
            assert_eq!(meta["resolution"], number);
            let mut back = Args::new();
            back.set("points", Tree::Series(series(&found)));
            back.set("meta", found.meta().root().to_tree());
            session.stage(Some("write_series"), None, &back).unwrap();
            session.rollback(&Args::new()).unwrap();
        }
        let level = json!({"message": {"new_log_level": 12345}}).to_string();
        let service = "volue.mesh.grpc.config.v1alpha.ConfigurationService";
        let set = call(&session, "call", &format!("{service}/UpdateLogLevel"), &level);
        if set.is_ok() {
            let shown = value(&call(&session, "call", &format!("{service}/GetLogLevel"), "{}").unwrap());
            assert_eq!(shown["log_level"], 12345);
            call(&session, "call", &format!("{service}/UpdateLogLevel"), r#"{"message": {"new_log_level": "INFO"}}"#)
                .unwrap();
        }
        let wrong =
            call(&session, "call", &format!("{service}/UpdateLogLevel"), r#"{"message": {"new_log_level": "LOUD"}}"#);
        assert_eq!(wrong.unwrap_err().code(), "argument");
        close(&session);
    });
}
