//! Login, version, schemas.

use haft::{error::Status, session::Session};
use serde_json::json;

use super::bed::{Bed, args, detail, login, sandbox, url};

#[test]
fn a_session_opens_and_knows_its_server() {
    let bed = Bed::new();
    assert!(bed.inspect("types", "{}").as_array().unwrap().contains(&json!("Task")));
    let task = bed.inspect("type", r#"{"name": "Task"}"#);
    assert_eq!(task["primary_key"], json!(["id"]));
    assert_eq!(task["attributes"]["status"]["kind"], "reference");
    assert!(bed.inspect("server_information", "{}")["version"].is_string());
    assert_eq!(bed.inspect("backend", "{}"), "ftrack");
    assert!(!bed.inspect("options", "{}").to_string().contains("secret-key"));
}

#[test]
fn wrong_credentials_are_told_as_such() {
    let sandbox = sandbox();
    for strict in ["false", "true"] {
        let options = login(&format!(r#"{{"api_key": "wrong-s3cret", "strict_api": {strict}}}"#));
        let error = Session::create(&url(&sandbox), &options).unwrap_err();
        assert_eq!((error.status(), error.code()), (Status::Auth, "server"), "{error:?}");
        assert_eq!(detail(&error, "http_status"), if strict == "true" { 401 } else { 200 });
        assert!(!format!("{error:?}").contains("s3cret"));
    }
}

#[test]
fn what_is_missing_is_told_before_anything_is_sent() {
    let error = Session::create("ftrack+http://127.0.0.1:1", &args(r#"{"api_user": "x", "api_key": ""}"#)).unwrap_err();
    assert_eq!(detail(&error, "key"), "api_key");
    let error = Session::create("ftrack+http://127.0.0.1:1", &args(r#"{"api_keyy": "x"}"#)).unwrap_err();
    assert!(error.message().contains("\"api_key\""), "{}", error.message());
}

#[test]
fn an_address_without_a_host_is_told_as_such() {
    for url in ["ftrack+http://", "ftrack+https:///studio", "ftrack+http://?x"] {
        let error = Session::create(url, &args(r#"{"api_user": "x", "api_key": "y"}"#)).unwrap_err();
        assert_eq!((error.status(), error.message()), (Status::Argument, "the URL had no host"), "{url}");
    }
}

#[test]
fn kept_schemas_save_a_request() {
    let sandbox = sandbox();
    let directory = sandbox.dir.join("schemas");
    let options = login(&json!({"schema_cache_path": directory.to_str().unwrap()}).to_string());
    let requests = || {
        let log = sandbox.ftrack_log(0, true);
        log.as_array().unwrap().iter().filter(|entry| entry["path"] == "/api").count()
    };
    let mut seen = Vec::new();
    for _ in 0..2 {
        let before = requests();
        Session::create(&url(&sandbox), &options).unwrap();
        seen.push(requests() - before);
    }
    assert_eq!(seen, [2, 1]);
    // A damaged file counts as none, and is mended.
    let file = std::fs::read_dir(&directory).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&file, "[{\"id\":").unwrap();
    let before = requests();
    Session::create(&url(&sandbox), &options).unwrap();
    Session::create(&url(&sandbox), &options).unwrap();
    assert_eq!(requests() - before, 3);
}

#[test]
fn a_server_that_is_too_old_is_refused() {
    let sandbox = sandbox();
    sandbox.ftrack_order("set=1&version=3.3.10").unwrap();
    let error = Session::create(&url(&sandbox), &login("{}")).unwrap_err();
    assert_eq!((error.code(), detail(&error, "server_text")), ("server_compatibility", json!("3.3.10")));
}
