//! A scenario by haft.

use std::collections::BTreeMap;

use haft::{
    args::Args,
    error::Error,
    session::{Response, Session},
    value::{Document, Tree},
};
use haft_sandbox::janus::ADMIN_SECRET;
use serde_json::{Value, json};

use super::{
    Bed, Run, compare,
    janus::{offer, probe::PATIENCE},
};

pub fn run(scenario: &Value, bed: &Bed) -> Run {
    let since = bed.mark();
    let url = format!("janus+{}", bed.ws.1);
    let mut results = Vec::new();
    let session = match Session::create(&url, &args(scenario.get("auth").unwrap_or(&json!({})))) {
        Ok(session) => session,
        // What the scenario is about: the server lets nobody in.
        Err(error) if scenario["steps"][0]["haft_create"] == true => {
            return Run { sent: compare::canonical(bed.sent(since, "")), results: vec![failed(&error)] };
        }
        Err(error) => panic!("{error:?}"),
    };
    let mut children = BTreeMap::new();
    let steps = scenario["steps"].as_array().unwrap();
    if steps.iter().any(|step| step["on"] == "admin") {
        let admin = args(&json!({"admin_url": bed.admin.1, "admin_secret": ADMIN_SECRET}));
        children.insert("admin".to_owned(), session.attach("admin", &admin).unwrap());
    }
    for (name, plugin) in scenario["handles"].as_object().into_iter().flatten() {
        let handle = session.attach(&format!("janus.plugin.{}", plugin.as_str().unwrap()), &Args::new()).unwrap();
        if plugin == "videocall" {
            handle.subscribe("event", &Args::new(), None, 0).unwrap();
        }
        children.insert(name.clone(), handle);
    }
    for step in steps {
        let on = children.get(step["on"].as_str().unwrap()).unwrap_or(&session);
        results.push(match step_of(on, &session, step) {
            // The client says of many requests no more than that they went well.
            Ok(value) => match step["pick"].as_str() {
                Some(pick) => json!({"value": compare::settled(value.pointer(pick).cloned().unwrap_or_default())}),
                None => json!({"value": Value::Null}),
            },
            Err(error) => failed(&error),
        });
    }
    let last = session.request(Some("raw"), None, &args(&json!({"janus": "ping"}))).unwrap();
    let sent = bed.sent(since, shown(&last)["transaction"].as_str().unwrap());
    Run { sent: compare::canonical(sent), results }
}

fn step_of(on: &Session, session: &Session, step: &Value) -> Result<Value, Error> {
    if let Some(plugin) = step["haft_attach"].as_str() {
        return session.attach(plugin, &Args::new()).map(|_| Value::Null);
    }
    if step["python"].as_str().is_some_and(|call| call.starts_with("take(")) {
        let patience = i64::try_from(PATIENCE.as_millis()).unwrap();
        let incoming = |event: &Value| event["plugindata"]["data"]["result"]["event"] == "incomingcall";
        while !incoming(&document(on.poll(patience).unwrap().expect("a call").value())) {}
    }
    let mut arguments = step["haft"][1].clone();
    if let Some(sdp) = arguments.pointer_mut("/jsep/sdp") {
        *sdp = if sdp == "<answer>" { answer() } else { offer() }.into();
    }
    on.request(step["haft"][0].as_str(), None, &args(&arguments)).map(|response| shown(&response))
}

/// An answer to the client's offer, which has sound alone.
fn answer() -> String {
    let offer = offer().replace("a=setup:actpass", "a=setup:active").replace("BUNDLE 0 1 2", "BUNDLE 0");
    offer.split("m=video").next().unwrap().to_owned()
}

fn args(json: &Value) -> Args {
    let mut args = Args::new();
    args.set_json(None, &json.to_string());
    args.check().unwrap();
    args
}

fn shown(response: &Response) -> Value {
    document(response.value())
}

fn document(value: Option<&Document>) -> Value {
    value.map_or(Value::Null, |value| serde_json::from_str(&value.root().to_json()).unwrap())
}

fn failed(error: &Error) -> Value {
    match error.detail().get("server_code").and_then(Tree::as_int) {
        Some(code) => json!({"error": code}),
        None => json!({"raised": error.code(), "text": error.message()}),
    }
}
