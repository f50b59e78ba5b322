//! A scenario by haft.

use base64::Engine;
use haft::{
    args::Args,
    error::Error,
    session::{Response, Session},
    value::Tree,
};
use serde_json::{Map, Value, json};

use super::{bed, compare};

/// What was sent and what came, in the form of the record.
pub fn run(scenario: &Value) -> Value {
    let sandbox = bed::sandbox();
    for order in scenario["orders"].as_array().into_iter().flatten() {
        sandbox.mesh_order(order.as_str().unwrap()).unwrap();
    }
    let session = bed::session(&sandbox);
    let since = bed::mark(&sandbox);
    let results: Vec<Value> =
        scenario["steps"].as_array().unwrap().iter().map(|step| result(step_of(&session, &step["haft"]))).collect();
    let log = sandbox.mesh_log(since, None, true);
    // The session is kept alive in the background, when its turn comes.
    let requests: Vec<&Value> = log
        .as_array()
        .unwrap()
        .iter()
        .filter(|call| !call["method"].as_str().unwrap().ends_with("/ExtendSession"))
        .collect();
    let mut run = json!({"requests": requests, "results": results});
    compare::canonical(&mut run);
    run
}

fn step_of(session: &Session, step: &Value) -> Result<Option<Value>, Error> {
    let word = |at: usize| step[at].as_str();
    match word(0).unwrap() {
        "commit" => return session.commit(&Args::new()).map(|_| None),
        "rollback" => return session.rollback(&Args::new()).map(|()| None),
        _ => {}
    }
    let args = bed::args(&step[3].to_string());
    let definition;
    let mut target = word(2);
    if let Some(path) = target.and_then(|target| target.strip_prefix("@definition ")) {
        let attribute = bed::call(session, "get_attribute", path, r#"{"full": true}"#);
        definition = attribute["definition"]["path"].as_str().unwrap().to_owned();
        target = Some(&definition);
    }
    let response = match word(0).unwrap() {
        "stage" => session.stage(word(1), target, &args),
        _ => session.request(word(1), target, &args),
    }?;
    Ok(Some(shown(&response)))
}

/// A refusal of the server is its text, one of our own or of the SDK's that it was one.
fn result(outcome: Result<Option<Value>, Error>) -> Value {
    match outcome {
        Ok(value) => json!({"value": value}),
        Err(error) => match error.detail().get("server_text").and_then(Tree::as_str) {
            Some(text) => json!({"error": text}),
            None => json!({"refused": error.code()}),
        },
    }
}

/// A series on its own has the rest of itself beside it.
fn shown(response: &Response) -> Value {
    let Some(value) = response.value() else { return Value::Null };
    let value = value.root().to_tree();
    if !matches!(value, Tree::Series(_)) {
        return plain(&value);
    }
    let mut out = Map::new();
    if let Tree::Object(meta) = response.meta().root().to_tree() {
        out.extend(meta.iter().map(|(name, value)| (name.to_owned(), plain(value))));
    }
    out.insert("series".to_owned(), plain(&value));
    Value::Object(out)
}

fn plain(tree: &Tree) -> Value {
    match tree {
        Tree::Series(series) => json!({
            "times": series.times,
            "flags": series.flags,
            "values": series.values.iter().map(|value| if value.is_nan() { Value::Null } else { json!(value) }).collect::<Vec<_>>(),
        }),
        Tree::Bytes(bytes) => base64::engine::general_purpose::STANDARD.encode(bytes).into(),
        Tree::Object(object) => {
            Value::Object(object.iter().map(|(name, value)| (name.to_owned(), plain(value))).collect())
        }
        Tree::Array(items) => items.iter().map(plain).collect(),
        Tree::Text(text) => (&**text).into(),
        Tree::Int(number) => (*number).into(),
        Tree::Double(number) => json!(number),
        Tree::Bool(truth) => (*truth).into(),
        _ => Value::Null,
    }
}
