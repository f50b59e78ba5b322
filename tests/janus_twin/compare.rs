//! Two runs side by side: what a run makes up by itself is named by its place, the rest must be equal.

use serde_json::{Map, Value, json};

/// A place where the runs differ.
pub struct Difference {
    pub place: String,
    pub theirs: Value,
    pub ours: Value,
}

/// The messages without what is another one's each time: transactions and descriptions of media. Sessions and handles are
/// numbered in the order in which they are first spoken to. What only keeps a session alive is no part of the work.
pub fn canonical(sent: Vec<Value>) -> Vec<Value> {
    let mut known: [Vec<Value>; 2] = Default::default();
    let mut messages: Vec<Value> = sent.into_iter().filter(|message| message["janus"] != "keepalive").collect();
    for message in messages.iter_mut().filter_map(Value::as_object_mut) {
        message.remove("transaction");
        for (name, known) in ["session_id", "handle_id"].iter().zip(&mut known) {
            if let Some(id) = message.get_mut(*name) {
                let at = known.iter().position(|other| other == id).unwrap_or_else(|| {
                    known.push(id.clone());
                    known.len() - 1
                });
                *id = format!("<{} {}>", name.trim_end_matches("_id"), at + 1).into();
            }
        }
        if let Some(sdp) = message.get_mut("jsep").and_then(|jsep| jsep.get_mut("sdp")) {
            *sdp = "<sdp>".into();
        }
    }
    messages
}

/// A result without what the server draws at random.
pub fn settled(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(name, _)| name != "transaction")
            .map(|(name, value)| {
                let value = match name.as_str() {
                    "private_id" | "server-name" => json!(format!("<{name}>")),
                    _ => settled(value),
                };
                (name, value)
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.into_iter().map(settled).collect(),
        other => other,
    }
}

/// How a step ended, without what depends on the version of the server.
pub fn outcome(result: &Value) -> Value {
    if result.get("value").is_some() { "value".into() } else { result.clone() }
}

/// Where they differ.
pub fn differences(theirs: &Value, ours: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    same(theirs, ours, "", &mut found);
    found
}

fn same(theirs: &Value, ours: &Value, place: &str, found: &mut Vec<Difference>) {
    match (theirs, ours) {
        (Value::Object(one), Value::Object(other)) => {
            let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                match (one.get(name), other.get(name)) {
                    (Some(theirs), Some(ours)) => same(theirs, ours, &place, found),
                    // Absent and null are not the same on the wire.
                    (theirs, ours) => {
                        let told = |value: Option<&Value>| value.cloned().unwrap_or_else(|| "<absent>".into());
                        found.push(Difference { place, theirs: told(theirs), ours: told(ours) });
                    }
                }
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (at, (theirs, ours)) in one.iter().zip(other).enumerate() {
                same(theirs, ours, &format!("{place}[{at}]"), found);
            }
        }
        (one, other) if one != other => {
            found.push(Difference { place: place.to_owned(), theirs: one.clone(), ours: other.clone() });
        }
        _ => {}
    }
}

#[test]
fn every_kind_of_difference_is_found() {
    let theirs = json!({"sent": [{"a": 1, "b": null}], "results": [1, 2]});
    let ours = json!({"sent": [{"a": true}], "results": [1]});
    let places: Vec<_> = differences(&theirs, &ours).into_iter().map(|found| found.place).collect();
    assert_eq!(places, ["results", "sent[0].a", "sent[0].b"]);
    assert!(differences(&theirs, &theirs).is_empty());
}

#[test]
fn only_what_is_made_up_is_taken_out() {
    let sent = vec![
        json!({"janus": "attach", "transaction": "a", "session_id": 5}),
        json!({"janus": "keepalive", "transaction": "b", "session_id": 5}),
        json!({"janus": "message", "session_id": 5, "handle_id": 9, "jsep": {"type": "offer", "sdp": "v=0"}}),
        json!({"janus": "message", "session_id": 5, "handle_id": 8, "body": {"room": 5}}),
    ];
    let expected = [
        json!({"janus": "attach", "session_id": "<session 1>"}),
        json!({"janus": "message", "session_id": "<session 1>", "handle_id": "<handle 1>", "jsep": {"type": "offer", "sdp": "<sdp>"}}),
        json!({"janus": "message", "session_id": "<session 1>", "handle_id": "<handle 2>", "body": {"room": 5}}),
    ];
    assert_eq!(canonical(sent), expected);
}
