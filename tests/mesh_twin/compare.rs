//! Two runs side by side. Ids that a run made are numbered, and moments of the run itself are one word.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

/// A moment after which none of the sandbox's data is, before the test was written: what is later is "now".
const NOW_MS: i64 = 1_704_067_200_000;
/// Moments far ahead are data again.
const FAR_MS: i64 = 7_000_000_000_000;

/// A place where the runs differ.
pub struct Difference {
    pub place: String,
    pub theirs: Value,
    pub ours: Value,
}

/// Numbers the ids that a run made, over its results, and takes the time of day out.
pub fn canonical(run: &mut Value) {
    let mut known = HashMap::new();
    rename(&mut run["results"], &mut known);
}

fn rename(value: &mut Value, known: &mut HashMap<String, usize>) {
    match value {
        Value::String(text) if made(text, b'4') => {
            let next = known.len() + 1;
            *text = format!("<new {}>", known.entry(text.clone()).or_insert(next));
        }
        Value::Number(number) if number.as_i64().is_some_and(|number| (NOW_MS..FAR_MS).contains(&number)) => {
            *value = "<now>".into()
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, known)),
        Value::Object(map) => map.values_mut().for_each(|item| rename(item, known)),
        _ => {}
    }
}

/// An id drawn at random (version 4) or derived (5); those of the model's objects are neither.
fn made(text: &str, version: u8) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 36
        && [8, 13, 18, 23].iter().all(|at| bytes[*at] == b'-')
        && bytes[14] == version
        && matches!(bytes[19], b'8'..=b'b')
}

/// Whether a scenario makes objects.
pub fn creates(scenario: &Value) -> bool {
    scenario["steps"].as_array().into_iter().flatten().any(|step| step["haft"][1] == "create_object")
}

/// Where they differ, the SDK's run first. Where a scenario `creates` objects, the sandbox derives their attributes' ids
/// from theirs: those may differ, but always in the same way.
pub fn differences(theirs: &Value, ours: &Value, creates: bool) -> Vec<Difference> {
    let mut found = Vec::new();
    same(&theirs["requests"], &ours["requests"], "requests", false, &mut found);
    same(&theirs["results"], &ours["results"], "results", true, &mut found);
    if creates {
        let (mut there, mut back) = (HashMap::new(), HashMap::new());
        found.retain(|difference| match (&difference.theirs, &difference.ours) {
            (Value::String(one), Value::String(other)) if made(one, b'5') && made(other, b'5') => {
                there.entry(one.clone()).or_insert_with(|| other.clone()) != other
                    || back.entry(other.clone()).or_insert_with(|| one.clone()) != one
            }
            _ => true,
        });
    }
    found
}

/// `loose`: only what the SDK shows is compared.
fn same(theirs: &Value, ours: &Value, place: &str, loose: bool, found: &mut Vec<Difference>) {
    let mut differ = |place: String, theirs: &Value, ours: &Value| {
        found.push(Difference { place, theirs: theirs.clone(), ours: ours.clone() })
    };
    match (theirs, ours) {
        (Value::Object(one), ours) if loose && one.contains_key("one or many") && ours.get("one or many").is_none() => {
            let list = one["one or many"].as_array().cloned().unwrap_or_default();
            let single = list.first().cloned().unwrap_or_default();
            let mut as_list = Vec::new();
            same(&Value::Array(list.clone()), ours, place, loose, &mut as_list);
            let mut as_one = Vec::new();
            if list.len() < 2 {
                same(&single, ours, place, loose, &mut as_one);
            }
            if !as_list.is_empty() && (list.len() > 1 || !as_one.is_empty()) {
                differ(place.to_owned(), theirs, ours);
            }
        }
        (Value::Object(one), Value::Object(other)) => {
            for name in names(one, other) {
                let inside = format!("{place}.{name}");
                match (one.get(name), other.get(name)) {
                    (None, Some(_)) if loose => {}
                    (theirs, ours) => {
                        same(theirs.unwrap_or(&Value::Null), ours.unwrap_or(&Value::Null), &inside, loose, found)
                    }
                }
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            if one.len() != other.len() {
                return differ(format!("{place}[]"), theirs, ours);
            }
            for (at, (theirs, ours)) in one.iter().zip(other).enumerate() {
                same(theirs, ours, &format!("{place}[{at}]"), loose, found);
            }
        }
        (Value::String(_), Value::String(_)) if place.ends_with(".refused") => {}
        (Value::Number(one), Value::Number(other)) if one.as_f64() == other.as_f64() => {}
        _ if theirs == ours => {}
        _ => differ(place.to_owned(), theirs, ours),
    }
}

fn names<'a>(one: &'a Map<String, Value>, other: &'a Map<String, Value>) -> Vec<&'a str> {
    let mut names: Vec<&str> = one.keys().chain(other.keys()).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[test]
fn differences_are_seen() {
    let run = |value: Value| json!({"requests": [{"method": "A", "messages": [value.clone()]}], "results": [{"value": value}]});
    let places = |one: Value, other: Value| {
        differences(&run(one), &run(other), false).into_iter().map(|found| found.place).collect::<Vec<_>>()
    };
    assert!(places(json!({"a": 1}), json!({"a": 1.0})).is_empty());
    assert_eq!(places(json!({"a": 1}), json!({"a": 2})), ["requests[0].messages[0].a", "results[0].value.a"]);
    assert_eq!(places(json!({}), json!({"b": ""})), ["requests[0].messages[0].b"], "a result may show more");
    assert_eq!(places(json!({"b": 1}), json!({})).len(), 2);
    assert_eq!(places(json!([1]), json!([1, 2])).len(), 2);
}
