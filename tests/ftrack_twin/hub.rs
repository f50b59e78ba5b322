//! Parts in scenarios of the event hub, played by haft. `hub_runner.py` plays the same with the official client.

use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use haft::{
    args::Args,
    error::{Error, Status},
    session::{HostCode, Response, Session},
    value::{Document, Provider, Tree},
};
use serde_json::{Value, json};

const WAIT: Duration = Duration::from_secs(20);

/// What a part has heard, in order.
#[derive(Default)]
struct Heard {
    list: Mutex<Vec<Value>>,
    changed: Condvar,
}

/// A session with its subscriptions.
pub struct Part {
    session: Arc<Session>,
    heard: Arc<Heard>,
    subscriptions: BTreeMap<String, u64>,
}

/// What each event does.
struct Listener {
    step: Value,
    heard: Arc<Heard>,
    session: Arc<Session>,
}

fn args(value: &Value) -> Args {
    let mut args = Args::new();
    args.set_json(None, &value.to_string());
    args.check().unwrap();
    args
}

fn value(response: &Response) -> Value {
    response.value().map_or(Value::Null, |value| serde_json::from_str(&value.root().to_json()).unwrap())
}

fn shown(event: &Value) -> Value {
    let mut out = json!({});
    for name in ["topic", "id", "data", "source", "target", "in_reply_to_event"] {
        out[name] = event[name].clone();
    }
    if let Some(source) = out["source"].as_object_mut() {
        source.remove("host");
    }
    out
}

impl Provider for Listener {
    fn call(&self, call: Tree, reply: &mut Args) -> Status {
        let _inside = HostCode::enter();
        let call: Value = serde_json::from_str(&Document::from_tree(&call).root().to_json()).unwrap();
        let event = &call["arguments"]["event"];
        let mut told = shown(event);
        told["by"] = self.step["id"].clone();
        self.heard.list.lock().unwrap().push(told);
        self.heard.changed.notify_all();
        if self.step["stop"] == true {
            self.session.request(Some("stop"), event["id"].as_str(), &Args::new()).unwrap();
        }
        if self.step["fail"] == true {
            return Status::Internal;
        }
        if self.step["echo"] == true {
            reply.set_json(None, &json!({"echo": event["data"], "by": self.step["id"]}).to_string());
            return Status::Ok;
        }
        match &self.step["reply"] {
            Value::Null => Status::NotFound,
            Value::Object(_) => {
                reply.set_json(None, &self.step["reply"].to_string());
                Status::Ok
            }
            other => {
                reply.set_json(Some("value"), &other.to_string());
                Status::Ok
            }
        }
    }
}

impl Part {
    pub fn begin(step: &Value, python: bool) -> Part {
        let mut options = json!({"api_user": step["user"], "api_key": "secret-key", "schema_cache_path": step["schemas"], "trust_env": false});
        if python {
            options["compat"] = "python".into();
        }
        for (name, value) in step["options"].as_object().into_iter().flatten() {
            options[name] = value.clone();
        }
        let url = format!("ftrack+{}", step["url"].as_str().unwrap());
        let session = Arc::new(Session::create(&url, &args(&options)).unwrap());
        Part { session, heard: Arc::default(), subscriptions: BTreeMap::new() }
    }

    /// Does a step.
    pub fn step(&mut self, step: &Value) -> Value {
        match self.work(step) {
            Ok(value) => json!({"value": value}),
            Err(error) => json!({"error": {"code": error.code()}, "text": error.message()}),
        }
    }

    fn call(&self, verb: &str, target: Option<&str>, json: &Value) -> Result<Value, Error> {
        self.session.request(Some(verb), target, &args(json)).map(|response| value(&response))
    }

    fn work(&mut self, step: &Value) -> Result<Value, Error> {
        let text = |name: &str| step[name].as_str().unwrap_or_default();
        match text("do") {
            "connect" => self.call("connect", None, &json!({})),
            "disconnect" => self.call("disconnect", None, &json!({})),
            "subscribe" => {
                let mut options = json!({"id": step["id"]});
                for name in ["metadata", "priority"] {
                    if !step[name].is_null() {
                        options[name] = step[name].clone();
                    }
                }
                let mut options = args(&options);
                let listener =
                    Listener { step: step.clone(), heard: Arc::clone(&self.heard), session: Arc::clone(&self.session) };
                options.set("answer", Arc::new(listener) as Arc<dyn Provider>);
                let number = self.session.subscribe(text("expression"), &options, None, 0)?;
                self.subscriptions.insert(text("id").to_owned(), number);
                Ok(Value::Null)
            }
            "unsubscribe" => {
                if let Some(number) = self.subscriptions.remove(text("id")) {
                    self.session.unsubscribe(number);
                }
                Ok(Value::Null)
            }
            "publish" => {
                let mut options = json!({});
                for (name, option) in
                    [("data", "data"), ("target", "event_target"), ("source", "source"), ("synchronous", "synchronous")]
                {
                    if !step[name].is_null() {
                        options[option] = step[name].clone();
                    }
                }
                if !step["replies"].is_null() {
                    options["replies"] = json!({"count": step["replies"], "timeout": 20});
                }
                let found = self.call("publish", Some(text("topic")), &options)?;
                if step["replies"].is_null() {
                    return Ok(found);
                }
                let reply = |reply: &Value| json!({"data": reply["data"], "by": reply["source"]["id"], "from": reply["source"]["user"]["username"]});
                Ok(found.as_array().unwrap().iter().map(reply).collect())
            }
            "heard" => {
                let lacks = |list: &mut Vec<Value>| match step["count"].as_u64() {
                    Some(count) => list.len() < usize::try_from(count).unwrap(),
                    None => list.iter().all(|event| event["topic"] != step["until"]),
                };
                let list = self.heard.list.lock().unwrap();
                let (list, late) = self.heard.changed.wait_timeout_while(list, WAIT, lacks).unwrap();
                assert!(!late.timed_out(), "it did not come: {list:?}");
                Ok(list.clone().into())
            }
            "reply" => {
                let to = usize::try_from(step["to"].as_u64().unwrap()).unwrap();
                let id = self.heard.list.lock().unwrap()[to]["id"].clone();
                self.call("reply", id.as_str(), &json!({"data": step["data"]}))
            }
            "commit" => {
                let target = format!("{}/{}", text("type"), text("key"));
                self.call("get", Some(&target), &json!({}))?;
                self.session.stage(Some("update"), Some(&target), &args(&json!({"data": step["data"]})))?;
                self.session.commit(&Args::new()).map(|_| Value::Null)
            }
            "end" => self.session.close(&Args::new()).map(|()| Value::Null),
            other => panic!("there is no step {other:?}"),
        }
    }
}
