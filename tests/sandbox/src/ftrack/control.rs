//! `/_ftrack`: settings, faults, what the server holds, and the log as it is compared (section 12.1, row 16).

use std::collections::HashMap;
use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::fault::Fault;
use super::view::View;
use super::{Ftrack, query};
use crate::exchange::{Exchange, Next, Reply};
use crate::log::lock;
use crate::request::{Args, Request};
use crate::state::State;

/// Answers `/_ftrack...`.
pub async fn serve(ex: &mut Exchange<'_>, server: &Ftrack, words: &[&str]) -> io::Result<Next> {
    let mut args = ex.request.args();
    let reply = match (words, ex.request.method()) {
        ([], "POST") => {
            // What is too long for a URL comes in the body.
            args.0.extend(crate::request::parse_pairs(&crate::request::latin1(&ex.body)));
            match apply(server, &args) {
                Ok(value) => Reply::json(&value),
                Err(why) => Reply::text(format!("{why}\n")).status(400),
            }
        }
        ([], "DELETE") => match apply(server, &Args(vec![("reset".to_owned(), "1".to_owned())])) {
            Ok(_) => Reply::new(204),
            Err(why) => Reply::text(format!("{why}\n")).status(500),
        },
        ([], _) => Reply::json(&state(server)),
        (["query"], _) => match ask(server, args.get("expression").unwrap_or_default()) {
            Ok(value) => Reply::json(&value),
            Err(why) => Reply::text(format!("{why}\n")).status(400),
        },
        (["log"], _) => Reply::json(&log(ex.state, args.number("since", 0), args.flag("ids"))),
        _ => Reply::text("there is no such page\n").status(404),
    };
    ex.send(reply).await
}

/// Carries out one order: `fault=`, `set=1&name=value`, `hub=`, `schema=TYPE&attribute=NAME&kind=string`, `reset=1`.
///
/// # Errors
/// When it is not understood.
pub fn apply(server: &Ftrack, args: &Args) -> Result<Value, String> {
    if args.get("fault").is_some() {
        let fault = Fault::from_args(args)?;
        let shown = fault.to_json();
        lock(&server.faults).add(fault);
        return Ok(shown);
    }
    if args.get("set").is_some() {
        let mut settings = lock(&server.settings);
        settings.change(args)?;
        return Ok(settings.to_json());
    }
    if args.flag("release") {
        return Ok(json!({ "held": server.gate.open() }));
    }
    if let Some(kind) = args.get("hub") {
        return server.hub.order(kind, args);
    }
    if let Some(name) = args.get("schema") {
        return change_schema(server, name, args);
    }
    if args.flag("reset") {
        server.reset()?;
        return server.hub.order("clear", args);
    }
    if args.flag("clear") {
        *lock(&server.faults) = super::Faults::default();
        return server.hub.order("clear", args);
    }
    Err("one of fault, release, set, hub, schema, reset, clear is needed".to_owned())
}

/// Adds an attribute to a type, or removes one: the schemas get another hash.
fn change_schema(server: &Ftrack, name: &str, args: &Args) -> Result<Value, String> {
    let mut data = lock(&server.data);
    let mut json = data.schemas.json.clone();
    let attribute = args.get("attribute").ok_or("attribute is needed")?;
    let schemas = json.as_array_mut().ok_or("there are no schemas")?;
    let schema = schemas.iter_mut().find(|schema| schema["id"] == name).ok_or("there is no such type")?;
    match (schema["properties"].as_object_mut(), args.get("kind").unwrap_or("string")) {
        (Some(properties), "none") => drop(properties.remove(attribute)),
        (Some(properties), kind) => drop(properties.insert(attribute.to_owned(), json!({ "type": kind }))),
        (None, _) => return Err("the type has no attributes".to_owned()),
    }
    data.schemas = super::Schemas::read(json)?;
    Ok(json!({ "schema_hash": data.schemas.hash }))
}

fn state(server: &Ftrack) -> Value {
    let hash = lock(&server.data).schemas.hash.clone();
    let (settings, faults) = (lock(&server.settings).to_json(), lock(&server.faults).to_json());
    json!({
        "schema_hash": hash,
        "settings": settings,
        "faults": faults,
        "held": server.gate.held(),
        "hub": server.hub.to_json(),
        "files": server.storage.to_json(),
    })
}

/// The rows that a query means, without credentials and without the log.
pub fn ask(server: &Ftrack, expression: &str) -> Result<Value, String> {
    let data = lock(&server.data);
    let url = lock(&server.url).clone();
    let view = View { schemas: &data.schemas, store: &data.store, url: &url };
    let statement = query::statement(expression).map_err(|why| why.content)?;
    query::answer(&view, &statement, false, false).map(|mut answer| answer["data"].take()).map_err(|why| why.content)
}

/// The requests to the ftrack server in a form that two runs share: bodies as JSON with sorted keys, the hub's packets,
/// no addresses, and with `ids` every id replaced by its number in order of appearance.
pub fn log(state: &State, since: u64, ids: bool) -> Value {
    let entries = state.log.to_json(since, None, None);
    let mut names = HashMap::new();
    let mut shown = Vec::new();
    for entry in entries.as_array().into_iter().flatten() {
        let raw: Vec<u8> =
            entry["raw"].as_str().unwrap_or_default().chars().filter_map(|c| u8::try_from(c).ok()).collect();
        let Ok(request) = Request::parse(raw) else { continue };
        let path = crate::request::latin1(request.path());
        let words: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        if !super::owns(&words) {
            continue;
        }
        let mut headers = Map::new();
        for (name, value) in request.headers() {
            let name = crate::request::latin1(name).to_ascii_lowercase();
            let kept = name.starts_with("ftrack-")
                || name.starts_with("content-")
                || ["cookie", "range"].contains(&name.as_str());
            if kept && name != "content-length" && name != "ftrack-api-key" {
                headers.insert(name, crate::request::latin1(value).into());
            }
        }
        let mut pairs = request.args().0;
        pairs.sort();
        let pairs: Vec<Value> = pairs
            .into_iter()
            .filter(|(name, _)| name != "apiKey" && name != "api_key")
            .map(|(name, value)| json!([name, value]))
            .collect();
        let mut one = json!({
            "seq": entry["seq"],
            "method": request.method(),
            "path": path,
            "query": pairs,
            "headers": headers,
        });
        if let Some(bytes) =
            entry["body"].as_str().and_then(|text| STANDARD.decode(text).ok()).filter(|body| !body.is_empty())
        {
            one["body"] = serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into());
        } else if entry["body_length"] != 0 {
            one["body_length"] = entry["body_length"].clone();
        }
        if let Some(messages) = entry["messages"].as_array() {
            one["packets"] = messages.iter().filter_map(|message| message["text"].as_str()).map(packet).collect();
        }
        if ids {
            number_ids(&mut one, &mut names);
        }
        shown.push(one);
    }
    shown.into()
}

/// A packet with its data as JSON.
fn packet(text: &str) -> Value {
    let mut parts = text.splitn(4, ':');
    let (kind, id) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let data = parts.nth(1).unwrap_or_default();
    json!({"type": kind, "id": id, "data": serde_json::from_str(data).unwrap_or_else(|_| Value::from(data))})
}

/// Replaces every UUID, with dashes or without, inside all texts.
fn number_ids(value: &mut Value, names: &mut HashMap<String, usize>) {
    match value {
        Value::String(text) => *text = with_numbers(text, names),
        Value::Array(items) => items.iter_mut().for_each(|item| number_ids(item, names)),
        Value::Object(map) => map.values_mut().for_each(|item| number_ids(item, names)),
        _ => {}
    }
}

fn with_numbers(text: &str, names: &mut HashMap<String, usize>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let fits = |shape: &[usize]| -> Option<usize> {
            let length = shape.iter().sum::<usize>() + shape.len() - 1;
            let piece = rest.get(..length)?;
            let groups: Vec<&str> = piece.split('-').collect();
            let hex =
                |group: &&str, size: usize| group.len() == size && group.bytes().all(|byte| byte.is_ascii_hexdigit());
            (groups.len() == shape.len() && groups.iter().zip(shape).all(|(group, size)| hex(group, *size)))
                .then_some(length)
        };
        match fits(&[8, 4, 4, 4, 12]).or_else(|| fits(&[32])) {
            Some(length) => {
                let next = names.len() + 1;
                let number = *names.entry(rest[..length].to_ascii_lowercase()).or_insert(next);
                out.push_str(&format!("<id {number}>"));
                rest = &rest[length..];
            }
            None => {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    out
}
