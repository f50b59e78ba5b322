//! What is left of a stream, read as a whole: the value that the call without `stream` has. And how much of what was written
//! wrongly is said again.

use haft::{error::Status, session::Response, value::Tree};
use serde_json::{Value, json};

use super::bed::{COMPONENT, PLANT, args, call, fails, sandbox, session, value};

fn search(session: &haft::session::Session) -> Response {
    let ask = args(r#"{"query": "{*}", "attributes": [], "stream": true}"#);
    session.request(Some("search_objects"), Some(COMPONENT), &ask).unwrap()
}

fn sorted(list: &[Value]) -> Vec<String> {
    let mut list: Vec<String> = list.iter().map(Value::to_string).collect();
    list.sort_unstable();
    list
}

#[test]
fn the_rest_of_a_stream_is_its_value() {
    let sandbox = sandbox();
    let session = session(&sandbox);
    let whole = call(&session, "search_objects", COMPONENT, r#"{"query": "{*}", "attributes": []}"#);
    let whole = sorted(whole.as_array().unwrap());
    for taken in 0..=whole.len() {
        let mut stream = search(&session);
        let mut first: Vec<Value> = (0..taken).map(|_| value(&stream.next().unwrap().unwrap())).collect();
        assert!(stream.value().is_none() && stream.body().is_empty());
        // A second time changes nothing.
        for _ in 0..2 {
            stream.drain().unwrap();
            let rest = value(&stream);
            assert_eq!(rest.as_array().unwrap().len(), whole.len() - taken);
            assert_eq!(serde_json::from_slice::<Value>(stream.body()).unwrap(), rest);
        }
        assert!(stream.next().unwrap().is_none());
        first.extend(value(&stream).as_array().unwrap().iter().cloned());
        assert_eq!(sorted(&first), whole);
    }
    // A part must not look like the whole.
    sandbox.mesh_order("fault=trailers&method=SearchObjects").unwrap();
    let mut stream = search(&session);
    stream.drain().unwrap_err();
    assert!(stream.value().is_none() && stream.next().unwrap().is_none());
    stream.drain().unwrap();
    assert!(stream.value().is_none());
}

#[test]
fn a_refusal_says_no_book_again() {
    let sandbox = sandbox();
    let session = session(&sandbox);
    let long = "ä\"".repeat(1_000_000);
    let mut odd = args("{}");
    odd.set(&long.replace('"', "x"), 1_i64);
    for error in [
        fails(&session, &long, PLANT, "{}"),
        fails(&session, "call", &long, "{}"),
        session.request(Some("models"), None, &odd).err().unwrap(),
        session.inspect(&long, &args("{}")).err().unwrap(),
        fails(&session, "get_object", &format!("id:{long}"), "{}"),
        fails(
            &session,
            "call",
            "volue.mesh.grpc.model.v1alpha.ModelService/GetObject",
            &json!({"message": {(long.as_str()): 1}}).to_string(),
        ),
        session.subscribe(&long, &args("{}"), None, 0).err().unwrap(),
    ] {
        assert!(matches!(error.status(), Status::Argument | Status::Unsupported), "{}", error.message().len());
        assert!(error.message().len() < 1_000, "{}", error.message().len());
        assert!(error.message().contains("ä") && error.message().contains('…'), "{error}");
        let key = error.detail().get("key").and_then(Tree::as_str).unwrap_or_default();
        assert!(key.chars().count() <= 101, "{}", key.len());
    }
    // What is not long is said as it is.
    let word = "w".repeat(100);
    assert!(fails(&session, &word, PLANT, "{}").message().contains(&format!("{word:?}")));
    // What is refused is not among the words that there are.
    for resolution in ["UNDEFINED", "BREAKPOINT", "DAYS"] {
        let json = json!({"start": 0, "end": 1, "method": "SUM", "resolution": resolution}).to_string();
        let error = fails(&session, "read_series", PLANT, &json);
        let (_, words) = error.message().split_once("; there are ").unwrap_or_default();
        assert!(!words.contains("UNDEFINED") && !words.contains("BREAKPOINT"), "{error}");
        assert_eq!(words.contains("HOUR"), resolution == "DAYS", "{error}");
    }
}
