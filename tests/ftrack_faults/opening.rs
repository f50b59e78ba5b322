//! Sessions that do not come to be: wrong key, wrong place, old server, damaged file.

use std::{fs, net::TcpListener};

use haft::{
    args::Args,
    error::{Error, Outcome, Status},
    session::Session,
};
use haft_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use crate::{
    bed::{Folder, args, inspect, value},
    guard::{clean, discreet, ten},
};

const KEY: &str = "secret-key";

fn quiet() -> Sandbox {
    Sandbox::start(Options { ftrack: Some(Default::default()), log: false, ..Options::default() }).unwrap()
}

fn open(url: &str, more: &Value) -> Result<Session, Error> {
    let mut all = json!({"api_key": KEY, "api_user": "jenkins", "schema_cache_path": false, "trust_env": false});
    for (name, value) in more.as_object().unwrap() {
        all[name] = value.clone();
    }
    Session::create(&format!("ftrack+{url}"), &args(&all.to_string()))
}

#[test]
fn a_wrong_key() {
    let sandbox = quiet();
    const WRONG: &str = "wrong-s3cret";
    for strict in [false, true] {
        ten("a wrong key", &[WRONG, KEY], |_| {
            let error = open(&sandbox.http, &json!({"api_key": WRONG, "strict_api": strict})).unwrap_err();
            assert_eq!((error.status(), error.code()), (Status::Auth, "server"));
            clean(&error, &[WRONG, KEY]);
            let detail = error.detail();
            assert_eq!(detail.get("exception").and_then(|word| word.as_str()), Some("InvalidCredentialsError"));
            assert_eq!(
                detail.get("http_status").and_then(|status| status.as_int()),
                Some(if strict { 401 } else { 200 })
            );
            assert_eq!(detail.get("server_code").and_then(|word| word.as_str()), Some("api_credentials_invalid"));
            assert!(!error.is_retryable());
        });
    }
    // The right one is right all the same.
    discreet(&open(&sandbox.http, &json!({})).unwrap(), &[KEY]);
}

#[test]
fn a_wrong_url() {
    let plain = Sandbox::start(Options { log: false, ..Options::default() }).unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let with_password = plain.http.replace("http://", "http://me:pa55word@");
    let cases = [
        (format!("http://{closed}"), Status::Io, "connect"),
        ("http://nowhere.invalid".to_owned(), Status::Io, "resolve"),
        (plain.http.clone(), Status::NotFound, "protocol"),
        (with_password, Status::NotFound, "protocol"),
        // It waits for a request, and we for a handshake.
        (plain.http.replace("http://", "https://"), Status::Timeout, ""),
        (plain.https_selfsigned.clone(), Status::Io, ""),
        ("http://".to_owned(), Status::Argument, ""),
    ];
    for (url, status, code) in cases {
        ten(&url, &[KEY, "pa55word"], |_| {
            let error = open(&url, &json!({"timeout": 0.3})).unwrap_err();
            clean(&error, &[KEY, "pa55word"]);
            if !code.is_empty() {
                assert_eq!((error.status(), error.code()), (status, code), "{url}: {error}");
            }
            if status == Status::Io && !code.is_empty() {
                assert_eq!(error.known_outcome(), Some(Outcome::NotSent), "{error}");
            }
        });
    }
}

#[test]
fn a_server_that_is_too_old_or_says_nothing() {
    let sandbox = quiet();
    for version in ["3.3.10", "2.99.99.1", "3.2", "none"] {
        if version == "3.2" {
            // What is no version of three numbers is taken, as the official client takes it.
            sandbox.ftrack_order("set=1&version=3.2").unwrap();
            open(&sandbox.http, &json!({})).unwrap();
            continue;
        }
        sandbox.ftrack_order(&format!("set=1&version={version}")).unwrap();
        ten(version, &[KEY], |_| {
            let error = open(&sandbox.http, &json!({})).unwrap_err();
            assert_eq!(error.code(), "server_compatibility", "{error}");
            clean(&error, &[KEY]);
        });
    }
}

#[test]
fn a_start_that_breaks_off() {
    let sandbox = quiet();
    for action in ["query_server_information", "query_schemas"] {
        for (fault, codes) in [
            ("cut&when=before", &["connect", "incomplete_read", "protocol"][..]),
            ("reset&when=before", &["connect", "incomplete_read", "protocol"]),
            ("truncate&when=after", &["incomplete_read"]),
            ("truncate&when=after&sent=0", &["incomplete_read"]),
            ("garbage&when=after", &["protocol"]),
            ("status&status=500&when=before", &["protocol"]),
            ("status&status=403&when=before", &["protocol"]),
            ("stall&when=before", &["read_timeout"]),
            ("error&op=0&exception=PermissionError&content=no", &["server"]),
        ] {
            ten(&format!("{action} {fault}"), &[KEY], |_| {
                sandbox.ftrack_order(&format!("fault={fault}&action={action}")).unwrap();
                // Short only where nothing is to come.
                let timeout = if fault.starts_with("stall") { 0.05 } else { 20.0 };
                let error = open(&sandbox.http, &json!({"timeout": timeout})).unwrap_err();
                assert!(codes.contains(&error.code()), "{fault}: {} {error}", error.code());
                clean(&error, &[KEY]);
            });
            open(&sandbox.http, &json!({})).unwrap();
        }
    }
}

#[test]
fn a_damaged_file_of_schemas() {
    let (sandbox, folder) = (quiet(), Folder::new());
    let options = json!({"schema_cache_path": folder.0.to_str().unwrap()});
    let types = inspect(&open(&sandbox.http, &options).unwrap(), "types");
    let file = fs::read_dir(&folder.0).unwrap().next().unwrap().unwrap().path();
    let good = fs::read(&file).unwrap();
    let deep = "[".repeat(200_000);
    let other = String::from_utf8(good.clone()).unwrap().replacen("\"Task\"", "\"Tusk\"", 1);
    let half = good.len() / 2;
    let damages: [&[u8]; 9] =
        [b"", b"[", b"null", b"[]", b"{}", b"\0\xff\xfe", &good[..half], deep.as_bytes(), other.as_bytes()];
    for (number, damage) in damages.iter().enumerate() {
        ten(&format!("damage {number}"), &[KEY], |_| {
            fs::write(&file, damage).unwrap();
            let session = open(&sandbox.http, &options).unwrap();
            assert_eq!(inspect(&session, "types"), types);
            // Mended as a whole, and nothing beside it.
            assert_eq!(fs::read(&file).unwrap(), good);
            assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
        });
    }
    // What cannot be read or written costs a warning and a request.
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    fs::write(file.join("x"), "").unwrap();
    ten("a folder in its place", &[KEY], |_| {
        assert_eq!(inspect(&open(&sandbox.http, &options).unwrap(), "types"), types);
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
    });
    fs::remove_dir_all(&file).unwrap();
    ten("a path that is none", &[KEY], |_| {
        let session = open(&sandbox.http, &json!({"schema_cache_path": "/dev/null/x"})).unwrap();
        assert_eq!(inspect(&session, "types"), types);
    });
    // Schemas that are not what the server's hash says are not kept.
    sandbox.ftrack_order("set=1&schema_hash=00112233445566778899aabbccddeeff").unwrap();
    ten("a wrong hash", &[KEY], |_| {
        assert_eq!(inspect(&open(&sandbox.http, &options).unwrap(), "types"), types);
        assert!(!file.exists());
    });
}

/// Nothing that a session shows, logs or fails with has the key, whatever is done with it.
#[test]
fn the_key_is_never_told() {
    let sandbox = quiet();
    let secrets = &[KEY, "t0ken-of-mine", "c00kie"];
    ten("a session", secrets, |_| {
        let headers = json!({"headers": {"Authorization": "Bearer t0ken-of-mine"}, "cookies": {"sid": "c00kie"}});
        let session = open(&sandbox.http, &headers).unwrap();
        for (verb, target, options) in [
            ("query", "Task", "{}"),
            ("query", "select nothing from Nowhere", "{}"),
            ("get", "Task/nowhere", "{}"),
            ("call", "", r#"{"operations": [{"action": "nonsense"}]}"#),
            ("get_widget_url", "", r#"{"name": "info"}"#),
            ("connect", "", "{}"),
            ("publish", "demo", r#"{"data": {"a": 1}}"#),
        ] {
            let target = Some(target).filter(|target| !target.is_empty());
            if let Err(error) = session.request(Some(verb), target, &args(options)) {
                clean(&error, secrets);
            }
        }
        discreet(&session, &[KEY, "t0ken-of-mine"]);
        let text = value(&session.inspect("options", &Args::new()).unwrap()).to_string();
        assert!(!text.contains(KEY), "{text}");
        session.close(&Args::new()).unwrap();
    });
}
