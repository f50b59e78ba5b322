//! Carries out scenarios with haft, through its C interface. `runner.py` does the same with the official client.

use std::{collections::BTreeMap, fs, path::Path};

use haft_sandbox::Sandbox;
use serde_json::{Map, Value, json};

use super::abi::{Failure, Handle, Outcome};

/// Rows of the seed that scenarios name.
const ROWS: &str = include_str!("rows.json");

/// Steps that are told apart only by their verb, and what of them are arguments of haft's.
const SERVICES: &[(&str, &str, bool)] = &[
    ("note", "create_note", true),
    ("reply", "create_reply", true),
    ("start_timer", "start_timer", false),
    ("stop_timer", "stop_timer", false),
    ("encode_media", "encode_media", false),
];

/// One run of a scenario.
pub struct Scenario<'a> {
    sandbox: &'a Sandbox,
    options: Value,
    session: Option<Handle>,
    kept: BTreeMap<String, Value>,
}

impl<'a> Scenario<'a> {
    /// `options` are those of the session, `schemas` the folder that keeps types.
    pub fn new(sandbox: &'a Sandbox, options: &Value, schemas: &str, python: bool) -> Scenario<'a> {
        let mut all =
            json!({"api_user": "jenkins", "api_key": "secret-key", "schema_cache_path": schemas, "trust_env": false});
        if python {
            all["compat"] = "python".into();
        }
        put(&mut all, options, schemas);
        let mut kept: BTreeMap<String, Value> = serde_json::from_str(ROWS).unwrap();
        kept.insert("FOLDER".to_owned(), json!({"id": format!("{schemas}/files")}));
        Scenario { sandbox, options: all, session: None, kept }
    }

    /// What each step brought.
    pub fn run(mut self, steps: &[Value]) -> Vec<Value> {
        let _ = fs::remove_dir_all(self.text("<FOLDER>"));
        let opened = steps.first().is_some_and(|step| step["do"] == "open");
        let opening = json!({"do": "open", "quiet": true});
        let mut out = Vec::new();
        for step in (!opened).then_some(&opening).into_iter().chain(steps) {
            let result = self.step(step);
            // What haft tells beyond the official client.
            for (name, wanted) in step["haft"].as_object().into_iter().flatten() {
                let found = result.as_ref().err().map(|error| &error.detail[name]);
                assert_eq!(found, Some(wanted), "{name} of {step} in {steps:?}: {result:?}");
            }
            if step["quiet"] != true || result.is_err() {
                out.push(match result {
                    Ok(value) => json!({"value": value}),
                    Err(error) => json!({"error": error.detail, "text": error.message}),
                });
            }
        }
        if let Some(session) = &self.session {
            let _ = session.close();
        }
        out
    }

    fn found(&self, name: &str) -> Value {
        let mut steps = name.split('.');
        let first = steps.next().unwrap();
        let mut at = self.kept.get(first).cloned().unwrap_or_default();
        for step in steps {
            at = match step.parse::<usize>() {
                Ok(index) => at[index].clone(),
                Err(_) => at[step].clone(),
            };
        }
        at
    }

    fn text(&self, value: &str) -> String {
        let (mut out, mut rest) = (String::new(), value);
        while let Some((before, after)) = rest.split_once('<') {
            let (name, after) = after.split_once('>').unwrap_or((after, ""));
            out += before;
            out += self.found(name)["id"].as_str().unwrap_or_default();
            rest = after;
        }
        out + rest
    }

    /// What a value of a scenario stands for: entities are named by type and key.
    fn meant(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match text.strip_prefix('@') {
                Some(name) => reference(&self.found(name)),
                None => self.text(text).into(),
            },
            Value::Array(items) => items.iter().map(|item| self.meant(item)).collect(),
            Value::Object(members) => match members.get("$date") {
                Some(date) => date.clone(),
                None => {
                    members.iter().map(|(name, value)| (name.clone(), self.meant(value))).collect::<Map<_, _>>().into()
                }
            },
            plain => plain.clone(),
        }
    }

    /// The address of a kept entity.
    fn address(&self, value: &Value) -> String {
        address(&self.meant(value))
    }

    fn keep(&mut self, step: &Value, value: &Value) {
        if let Some(name) = step["keep"].as_str() {
            self.kept.insert(name.to_owned(), value.clone());
        }
    }

    fn open(&mut self, step: &Value) -> Outcome {
        let mut options = self.options.clone();
        let schemas = options["schema_cache_path"].as_str().unwrap_or_default().to_owned();
        put(&mut options, &step["options"], &schemas);
        if !options["location"].is_null() {
            options["location"] = self.meant(&options["location"]);
        }
        self.session = Some(Handle::open(&format!("ftrack+{}", self.sandbox.http), &options)?);
        Ok(Value::Null)
    }

    fn step(&mut self, step: &Value) -> Outcome {
        let verb = step["do"].as_str().unwrap();
        if verb == "open" {
            return self.open(step);
        }
        let Some(session) = self.session.take() else {
            return Err(Failure { message: "there is no session".into(), detail: json!({"code": "none"}) });
        };
        let result = self.with(&session, verb, step);
        self.session = Some(session);
        if let Ok(value) = &result {
            self.keep(step, value);
        }
        result
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each word of the scenarios")]
    fn with(&self, session: &Handle, verb: &str, step: &Value) -> Outcome {
        let text = |name: &str| step[name].as_str().unwrap_or_default();
        // The arguments of the call, with the flags that a step may have.
        let args = |members: Value| {
            let mut args = members;
            for flag in ["auto_populate", "record"] {
                if !step[flag].is_null() {
                    args[flag] = step[flag].clone();
                }
            }
            args
        };
        let of = |name: &str| self.address(&step[name]);
        let pick = |names: &[&str]| -> Value {
            let some = names.iter().filter(|name| step.get(**name).is_some());
            some.map(|name| ((*name).to_owned(), self.meant(&step[*name]))).collect::<Map<_, _>>().into()
        };
        if let Some((_, verb, staged)) = SERVICES.iter().find(|(name, ..)| *name == verb) {
            let mut members = step.as_object().unwrap().clone();
            members.retain(|name, _| !matches!(name.as_str(), "do" | "of" | "keep" | "quiet" | "haft"));
            let call = args(self.meant(&members.into()));
            return if *staged {
                session.stage(verb, Some(&of("of")), &call)
            } else {
                session.request(verb, Some(&of("of")), &call)
            };
        }
        match verb {
            "close" => session.close(),
            "order" => self.sandbox.ftrack_order(text("order")).map(|_| Value::Null).map_err(|why| panic!("{why}")),
            "server" => {
                let told = |why: String| Failure { message: why, detail: json!({"code": "sandbox"}) };
                self.sandbox.ftrack_query(&self.text(text("text"))).map_err(told)
            }
            "information" => session.inspect("server_information", &json!({})),
            "types" => session.inspect("types", &json!({})).map(|names| {
                let mut names: Vec<_> =
                    names.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
                names.sort();
                names.into()
            }),
            "type" => session.inspect("type", &pick(&["name"])).map(|mut kind| {
                // Python has classes for kinds.
                for (_, attribute) in kind["attributes"].as_object_mut().unwrap() {
                    *attribute = json!({"mutable": attribute["mutable"], "computed": attribute["computed"]});
                }
                kind
            }),
            "query" => session.request(
                "query",
                Some(&self.text(text("text"))),
                &args(pick(&["page_size", "first", "one", "bind"])),
            ),
            "pages" => {
                let call = json!({"page_size": step["page_size"], "stream": true});
                session.pages(
                    &self.text(text("text")),
                    &call,
                    usize::try_from(step["items"].as_u64().unwrap()).unwrap(),
                )
            }
            "get" => {
                let key = match self.meant(&step["key"]) {
                    Value::Array(parts) => parts.iter().map(part).collect::<Vec<_>>().join(","),
                    one => part(&one),
                };
                session.request("get", Some(&format!("{}/{key}", text("type"))), &args(json!({})))
            }
            "read" => {
                let found = session.request("get", Some(&of("of")), &args(json!({"select": text("name")})))?;
                Ok(found.get(text("name")).map_or_else(|| "NOT_SET".into(), reference))
            }
            "known" => session.request("get", Some(&of("of")), &json!({"auto_populate": false})),
            "populate" => session.request("populate", None, &args(pick(&["entities", "select"]))),
            "search" => session.request(
                "search",
                Some(text("entity_type")),
                &args(pick(&["terms", "expression", "context_id", "object_type_ids"])),
            ),
            "create" => session.stage("create", Some(text("type")), &args(pick(&["data"]))),
            "set" => session.stage("update", Some(&of("of")), &args(pick(&["data"]))),
            "map" => {
                let mut entries = step["set"].as_object().cloned().unwrap_or_default();
                for key in step["remove"].as_array().into_iter().flatten() {
                    entries.insert(key.as_str().unwrap().to_owned(), Value::Null);
                }
                let data = json!({text("name"): self.meant(&entries.into())});
                session
                    .stage("update", Some(&of("of")), &args(json!({"data": data})))
                    .map(|found| found[text("name")].clone())
            }
            "replace" => {
                let value = self.meant(&step["value"]);
                let call = if value.is_object() {
                    json!({"replace": {text("name"): value}})
                } else {
                    json!({"data": {text("name"): value}})
                };
                session.stage("update", Some(&of("of")), &args(call)).map(|found| found[text("name")].clone())
            }
            "append" | "remove" => {
                let group = if verb == "append" { "add" } else { "remove" };
                let call = json!({group: {text("name"): self.meant(&step["items"])}});
                session.stage("update", Some(&of("of")), &args(call)).map(|found| found[text("name")].clone())
            }
            "delete" => session.stage("delete", Some(&of("of")), &args(json!({}))).map(|_| Value::Null),
            "revert" => {
                let names: Vec<_> =
                    step["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
                session.stage("revert", Some(&of("of")), &args(json!({"select": names.join(", ")})))
            }
            "ensure" => {
                let mut call = pick(&["data"]);
                if !step["keys"].is_null() {
                    call["identifying_keys"] = step["keys"].clone();
                }
                session.request("ensure", Some(text("type")), &args(call))
            }
            "commit" => session.commit(&json!({})).map(|_| Value::Null),
            "rollback" => session.rollback(),
            "reset" => session.request("reset", None, &json!({})),
            "state" => session.inspect("entity_state", &json!({"entity": of("of")})),
            "states" => {
                let count =
                    |what: &str| session.inspect(what, &json!({})).map(|list| list.as_array().map_or(0, Vec::len));
                Ok(json!({"created": count("created")?, "modified": count("modified")?, "deleted": count("deleted")?}))
            }
            "operations" => session
                .inspect("operations", &json!({}))
                .map(|list| list.as_array().unwrap().iter().map(recorded).collect()),
            "call" => session.request("call", None, &json!({"operations": self.meant(&step["operations"])})),
            "encode" => {
                let call = json!({"value": self.meant(&step["value"]), "strategy": step.get("strategy").unwrap_or(&"set_only".into())});
                let text = session.request("encode", None, &args(call))?;
                Ok(serde_json::from_str(text.as_str().unwrap()).unwrap())
            }
            "decode" => session.request("decode", None, &json!({"value": self.text(text("text"))})),
            "statuses" | "kinds" => {
                let verb = if verb == "kinds" { "types" } else { verb };
                let found = session.request(verb, Some(&of("of")), &args(pick(&["schema", "type_id"])))?;
                let name = |one: &Value| {
                    session
                        .request("get", Some(&address(&reference(one))), &json!({"select": "name"}))
                        .map(|one| one["name"].clone())
                };
                found.as_array().unwrap().iter().map(name).collect::<Result<Vec<_>, _>>().map(Value::from)
            }
            "widget" => {
                let target = (!step["of"].is_null()).then(|| of("of"));
                session.request("get_widget_url", target.as_deref(), &pick(&["name", "theme"]))
            }
            "invite" => session.request("send_user_invite", None, &json!({"entities": self.meant(&step["users"])})),
            "review_invite" => {
                session.request("send_review_session_invite", None, &json!({"entities": self.meant(&step["invitees"])}))
            }
            "reset_remote" => {
                let target = (!step["of"].is_null()).then(|| of("of"));
                session.request("reset_remote", target.as_deref(), &json!({"reset_type": step["type"]}))
            }
            "delayed_job" => {
                let mut call = json!({"job_type": step["type"]});
                if !step["data"].is_null() {
                    call["data"] = step["data"].clone();
                }
                session.request("delayed_job", None, &call)
            }
            "file" | "lose" | "files" | "location" | "component" | "add" | "take" | "availability" | "identifier"
            | "path" | "url" | "pick" | "thumbnail" => self.component(session, verb, step),
            other => panic!("there is no step {other:?}"),
        }
    }
}

/// Steps of components.
impl Scenario<'_> {
    fn component(&self, session: &Handle, verb: &str, step: &Value) -> Outcome {
        let text = |name: &str| step[name].as_str().unwrap_or_default();
        let of = || self.address(&step["of"]);
        let pick = |names: &[&str]| -> Value {
            let some = names.iter().filter(|name| step.get(**name).is_some());
            some.map(|name| ((*name).to_owned(), self.meant(&step[*name]))).collect::<Map<_, _>>().into()
        };
        let folder = self.text("<FOLDER>");
        match verb {
            "file" => {
                let path = Path::new(&folder).join(text("name"));
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text("text")).unwrap();
                Ok(Value::Null)
            }
            "lose" => {
                fs::remove_file(Path::new(&folder).join(text("name"))).unwrap();
                Ok(Value::Null)
            }
            "files" => Ok(files(&Path::new(&folder).join(text("in")))),
            "location" => Ok(json!({"__entity_type__": "Location", "id": self.text(text("id"))})),
            "component" => {
                let path = self.text(text("path"));
                match &step["location"] {
                    // It waits for the commit, as in Python.
                    Value::Null => session.stage("create_component", Some(&path), &pick(&["data"])),
                    Value::String(word) if word == "auto" => {
                        session.request("create_component", Some(&path), &pick(&["data"]))
                    }
                    _ => session.request("create_component", Some(&path), &pick(&["location", "data"])),
                }
            }
            "add" | "take" => {
                let mut call = pick(&["location", "from", "recursive"]);
                let verb = if verb == "add" { "add_component" } else { "remove_component" };
                let several = step["of"].is_array();
                if several {
                    call["entities"] = self.meant(&step["of"]);
                }
                session.request(verb, (!several).then(of).as_deref(), &call).map(|_| Value::Null)
            }
            "availability" => {
                let locations = self.meant(&step["locations"]);
                let call = if locations.is_null() { json!({}) } else { json!({ "location": locations }) };
                session.request("availability", Some(&of()), &call)
            }
            "identifier" => session.request("resource_identifier", Some(&of()), &pick(&["location"])),
            "path" => session.request("filesystem_path", Some(&of()), &pick(&["location"])),
            "url" => session.request("url", Some(&of()), &pick(&["location", "thumbnail"])),
            "pick" => {
                let target = (!step["of"].is_null()).then(of);
                session.request("pick_location", target.as_deref(), &json!({})).map(|found| reference(&found))
            }
            _ => session.request("create_thumbnail", Some(&of()), &pick(&["path"])),
        }
    }
}

/// What is in a folder: names and contents, by content.
fn files(top: &Path) -> Value {
    fn walk(folder: &Path, top: &Path, out: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, top, out);
            } else {
                let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
                out.push((fs::read_to_string(&path).unwrap(), name));
            }
        }
    }
    let mut out = Vec::new();
    walk(top, top, &mut out);
    out.sort();
    out.into_iter().map(|(content, name)| json!([name, content])).collect()
}

/// Lays options over others; `true` for the schemas is the usual folder, and null is no option.
fn put(all: &mut Value, options: &Value, schemas: &str) {
    for (name, value) in options.as_object().into_iter().flatten() {
        all[name] = value.clone();
    }
    if all["schema_cache_path"] == true {
        all["schema_cache_path"] = schemas.into();
    }
}

/// An entity by type and key alone. What is none stays.
fn reference(entity: &Value) -> Value {
    match entity {
        Value::Array(items) => items.iter().map(reference).collect(),
        Value::Object(members) if members.contains_key("__entity_type__") => {
            let kind = members["__entity_type__"].as_str().unwrap();
            let mut out = json!({"__entity_type__": kind});
            for name in super::canon::key_names(kind) {
                out[&name] = members.get(&name).cloned().unwrap_or_default();
            }
            out
        }
        other => other.clone(),
    }
}

fn part(part: &Value) -> String {
    let text = part.as_str().map_or_else(|| part.to_string(), str::to_owned);
    text.replace('%', "%25").replace('/', "%2F").replace(',', "%2C")
}

fn address(reference: &Value) -> String {
    let Some(kind) = reference["__entity_type__"].as_str() else {
        return reference.as_str().unwrap_or_default().to_owned();
    };
    let parts: Vec<_> = super::canon::key_names(kind).iter().map(|name| part(&reference[name])).collect();
    format!("{kind}/{}", parts.join(","))
}

/// A change of the list as both sides tell it.
fn recorded(change: &Value) -> Value {
    let (kind, key) = change["target"].as_str().unwrap().split_once('/').unwrap();
    json!([change["verb"], kind, key.split(',').collect::<Vec<_>>(), change["attribute"]])
}
