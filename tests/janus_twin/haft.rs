//! A scenario by haft.

use std::collections::{BTreeMap, BTreeSet};

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
    let creates = scenario["steps"][0]["haft_create"] == true;
    let mut options = scenario.get("auth").cloned().unwrap_or_else(|| json!({}));
    // As the client, it opens a session with what needs one.
    options["lazy"] = (!creates).into();
    let session = match Session::create(&url, &args(&options)) {
        Ok(session) => session,
        // What the scenario is about: the server lets nobody in.
        Err(error) if creates => {
            let sent = compare::canonical(without_questions(bed.sent(since, "")));
            return Run { sent, results: vec![failed(&error)] };
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
    let last = session.request(Some("ping"), None, &Args::new()).unwrap();
    let sent = bed.sent(since, shown(&last)["transaction"].as_str().unwrap());
    // Everything that the end of a session sends has passed before the next one begins.
    session.close(&Args::new()).unwrap();
    Run { sent: compare::canonical(without_questions(sent)), results }
}

/// Without the one question that haft asks on each new connection by itself: what the server is. A transaction names the
/// connection.
fn without_questions(sent: Vec<Value>) -> Vec<Value> {
    let mut asked = BTreeSet::new();
    let line = |message: &Value| {
        message["transaction"].as_str().and_then(|name| name.split('-').next()).unwrap_or_default().to_owned()
    };
    sent.into_iter().filter(|message| message["janus"] != "info" || !asked.insert(line(message))).collect()
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
        let text = match sdp.as_str() {
            Some("<answer>") => sound("active"),
            Some("<sound>") => sound("actpass"),
            _ => offer(),
        };
        *sdp = text.into();
    }
    on.request(step["haft"][0].as_str(), None, &args(&arguments)).map(|response| shown(&response))
}

/// What the client offers: sound alone; and the answer to that.
fn sound(setup: &str) -> String {
    let offer = offer().replace("a=setup:actpass", &format!("a=setup:{setup}")).replace("BUNDLE 0 1 2", "BUNDLE 0");
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
