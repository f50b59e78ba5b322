//! What was received, told back: parsed as JSON, or as the very bytes.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::form;
use super::to_hex;
use crate::exchange::{Exchange, Next, Reply};
use crate::request::{latin1, parse_pairs};

/// `/anything`, `/get` and its like, `/headers`, `/ip`, `/user-agent`, `/raw`, `/upload`.
pub async fn serve(ex: &mut Exchange<'_>, words: &[&str]) -> io::Result<Next> {
    match words[0] {
        "headers" => {
            let headers = headers_json(ex);
            ex.send(Reply::json(&json!({ "headers": headers }))).await
        }
        "ip" => {
            let origin = origin(ex);
            ex.send(Reply::json(&json!({ "origin": origin }))).await
        }
        "connection" => {
            let protocol = match (ex.request.h2, ex.request.minor) {
                (true, _) => "HTTP/2",
                (_, 0) => "HTTP/1.0",
                _ => "HTTP/1.1",
            };
            let (number, listener) = (ex.origin.connection, ex.origin.listener);
            let stream = ex.stream().map(|stream| stream.id());
            let shown = json!({"protocol": protocol, "connection": number, "listener": listener, "stream": stream});
            ex.send(Reply::json(&shown)).await
        }
        "user-agent" => {
            let agent = ex.request.header_text("user-agent");
            ex.send(Reply::json(&json!({ "user-agent": agent }))).await
        }
        "raw" => {
            let mut all = ex.request.raw.clone();
            all.extend_from_slice(&ex.body_wire);
            ex.send(Reply::new(200).typed("text/plain", all)).await
        }
        "upload" => upload(ex).await,
        _ => {
            let all = everything(ex);
            ex.send(Reply::json(&all)).await
        }
    }
}

fn origin(ex: &Exchange<'_>) -> String {
    let peer = &ex.origin.peer;
    peer.rsplit_once(':').map_or(peer.as_str(), |(host, _)| host).trim_matches(['[', ']']).to_owned()
}

fn headers_json(ex: &Exchange<'_>) -> Value {
    ex.request.headers().map(|(name, value)| json!([latin1(name), latin1(value)])).collect()
}

/// Bytes as text if they are UTF-8, else as a data URL.
pub fn text_or_data(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("data:application/octet-stream;base64,{}", STANDARD.encode(bytes)),
    }
}

/// Adds a value under a name that may be there already: then both become a list.
fn add(map: &mut Map<String, Value>, name: &str, value: Value) {
    match map.get_mut(name) {
        None => {
            map.insert(name.to_owned(), value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(single) => *single = json!([single.take(), value]),
    }
}

fn everything(ex: &Exchange<'_>) -> Value {
    let (mut args, mut form, mut files) = (Map::new(), Map::new(), Map::new());
    for (name, value) in ex.request.args().0 {
        add(&mut args, &name, value.into());
    }
    let content_type = ex.request.header_text("content-type").unwrap_or_default();
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (mut data, mut parts) = (String::new(), Value::Null);
    if kind == "application/x-www-form-urlencoded" {
        for (name, value) in parse_pairs(&latin1(&ex.body)) {
            add(&mut form, &name, value.into());
        }
    } else if let Some(found) = form::boundary(&content_type).and_then(|text| form::split(&ex.body, &text)) {
        for part in &found {
            let text = Value::from(text_or_data(&part.body));
            add(if part.file_name.is_some() { &mut files } else { &mut form }, &part.name, text);
        }
        parts = found.iter().map(form::Part::to_json).collect();
    } else {
        data = text_or_data(&ex.body);
    }
    json!({
        "method": ex.request.method(),
        "url": format!("{}{}", ex.base_url(), latin1(ex.request.origin_form())),
        "target": ex.request.target_text(),
        "args": args,
        "headers": headers_json(ex),
        "form": form,
        "files": files,
        "parts": parts,
        "data": data,
        "json": serde_json::from_slice::<Value>(&ex.body).unwrap_or(Value::Null),
        "origin": origin(ex),
    })
}

/// Takes a body of any size without keeping it.
async fn upload(ex: &mut Exchange<'_>) -> io::Result<Next> {
    let framing = format!("{:?}", ex.framing()).to_ascii_lowercase();
    let (mut sum, mut count) = (Sha256::new(), 0);
    let (mut piece, mut raw) = (Vec::new(), Vec::new());
    loop {
        let more = ex.read_piece(&mut piece, &mut raw).await?;
        sum.update(&piece);
        count += piece.len();
        piece.clear();
        raw.clear();
        if !more {
            break;
        }
    }
    let framing = framing.split('(').next().unwrap_or_default().to_owned();
    ex.send(Reply::json(&json!({"count": count, "sha256": to_hex(&sum.finalize()), "framing": framing}))).await
}
