//! The bytes of components: uploads in one part or many, downloads in ranges, thumbnails, removal (sections 1.1, 9.5).

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::Ftrack;
use super::disk::Files;
use super::fault::Fault;
use super::refusal::Refusal;
use crate::endpoint::{header_bytes, to_hex};
use crate::exchange::{Exchange, Next, Reply};
use crate::log::lock;

/// A picture of one white pixel: what every thumbnail is.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg==";

#[derive(Default)]
struct Upload {
    component: String,
    wanted: u64,
    parts: BTreeMap<u64, Vec<u8>>,
}

/// What was uploaded.
#[derive(Default)]
pub struct Storage {
    files: Mutex<HashMap<String, (Vec<u8>, String)>>,
    uploads: Mutex<HashMap<String, Upload>>,
}

impl Storage {
    /// What was uploaded in an earlier life.
    pub fn restore(files: Files) -> Self {
        Self { files: Mutex::new(files), ..Self::default() }
    }

    /// Looks at the bytes of a component.
    pub fn look<T>(&self, id: &str, look: impl FnOnce(Option<&(Vec<u8>, String)>) -> T) -> T {
        look(lock(&self.files).get(id))
    }

    /// Forgets everything.
    pub fn clear(&self) {
        lock(&self.files).clear();
        lock(&self.uploads).clear();
    }

    /// Ids, sizes and sums of what is there.
    pub fn to_json(&self) -> Value {
        let files = lock(&self.files);
        let shown = files.iter().map(|(id, (bytes, name))| {
            (id.clone(), json!({"size": bytes.len(), "md5": to_hex(&Md5::digest(bytes)), "name": name}))
        });
        Value::Object(shown.collect())
    }
}

fn text<'v>(operation: &'v Value, name: &str) -> Result<&'v str, Refusal> {
    operation[name].as_str().ok_or_else(|| Refusal::validation(format!("The operation needs {name}.")))
}

fn storage_url(server: &Ftrack) -> String {
    let own = lock(&server.settings).own_storage;
    if own { lock(&server.storage_url).clone() } else { lock(&server.url).clone() }
}

/// `get_upload_metadata`.
pub fn upload_metadata(server: &Ftrack, operation: &Value) -> Result<Value, Refusal> {
    let component = text(operation, "component_id")?;
    let name = operation["file_name"].as_str().unwrap_or_default();
    let url = storage_url(server);
    let parts = operation["parts"].as_u64();
    if let Some(parts) = parts {
        if !(1..=10_000).contains(&parts) {
            return Err(Refusal::validation(format!("{parts} is not a count of parts.")));
        }
        let id = super::action::uid();
        let upload = Upload { component: component.to_owned(), wanted: parts, ..Upload::default() };
        lock(&server.storage.uploads).insert(id.clone(), upload);
        let urls: Vec<Value> = (1..=parts)
            .map(|part| {
                let signed = format!("{url}/storage/{component}?upload={id}&part={part}&signature=sandbox");
                json!({"signed_url": signed, "part_number": part})
            })
            .collect();
        return Ok(json!({"action": "get_upload_metadata", "component_id": component, "urls": urls, "upload_id": id}));
    }
    let mut headers = json!({
        "Content-Type": "application/octet-stream",
        "Content-Disposition": format!("attachment; filename=\"{}\"", name.replace(['"', '\\', '\r', '\n'], "_")),
    });
    if let Some(checksum) = operation["checksum"].as_str() {
        headers["Content-MD5"] = checksum.into();
    }
    let url = format!("{url}/storage/{component}?signature=sandbox");
    Ok(json!({"action": "get_upload_metadata", "component_id": component, "url": url, "headers": headers}))
}

/// `complete_multipart_upload`.
pub fn complete(server: &Ftrack, operation: &Value) -> Result<Value, Refusal> {
    let (id, component) = (text(operation, "upload_id")?, text(operation, "component_id")?);
    let wrong = |why: &str| Refusal::validation(format!("The upload {id} cannot be completed: {why}."));
    let mut uploads = lock(&server.storage.uploads);
    let upload =
        uploads.get(id).filter(|upload| upload.component == component).ok_or_else(|| wrong("it is unknown"))?;
    let parts = operation["parts"].as_array().ok_or_else(|| wrong("it has no parts"))?;
    if parts.len() as u64 != upload.wanted {
        return Err(wrong("parts are missing"));
    }
    let mut bytes = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        if part["part_number"].as_u64() != Some(at as u64 + 1) {
            return Err(wrong("the parts are not in order"));
        }
        let piece = upload.parts.get(&(at as u64 + 1)).ok_or_else(|| wrong("a part was never received"))?;
        if part["e_tag"].as_str() != Some(&to_hex(&Md5::digest(piece))) {
            return Err(wrong("a tag does not match"));
        }
        bytes.extend_from_slice(piece);
    }
    uploads.remove(id);
    lock(&server.storage.files).insert(component.to_owned(), (bytes, String::new()));
    server.keep_file(component);
    let url = format!("{}/storage/{component}", storage_url(server));
    Ok(json!({"action": "complete_multipart_upload", "component_id": component, "url": url}))
}

/// `/component/...`, `/storage/...`, `/img/...`.
pub async fn serve(ex: &mut Exchange<'_>, server: &Ftrack, words: &[&str]) -> io::Result<Next> {
    let args = ex.request.args();
    let part = args.get("part").and_then(|text| text.parse().ok());
    let method = ex.request.method().to_owned();
    let place = match words {
        ["storage", _] if method == "PUT" => "upload",
        ["storage", _] => "download",
        [_, name, ..] => name,
        _ => "",
    };
    let fault = lock(&server.faults).take(&[place], "", part);
    if let Some(fault) = fault.as_ref().filter(|fault| fault.how == "hangup") {
        // In the middle of what is sent.
        let (mut data, mut raw) = (Vec::new(), Vec::new());
        while data.len() < fault.sent.unwrap_or(1) && ex.read_piece(&mut data, &mut raw).await? {}
        return Ok(Next::Reset);
    }
    ex.read_body().await?;
    if let Some(fault) = &fault
        && let Some(next) = strike(ex, fault).await?
    {
        return Ok(next);
    }
    match (words, method.as_str()) {
        (["storage", id], "PUT") => put(ex, server, id, part, fault.as_ref()).await,
        (["storage", id], "GET" | "HEAD") => get(ex, server, id, fault.as_ref()).await,
        (["img", ..], _) => pixel(ex).await,
        (["component", name], "GET" | "HEAD") => {
            let (user, key) = (args.get("username").unwrap_or_default(), args.get("apiKey").unwrap_or_default());
            if server.user_of(user, key).is_none() {
                return ex.send(Reply::text("the credentials are wrong\n").status(403)).await;
            }
            let id = args.get("id").unwrap_or_default().to_owned();
            match *name {
                "get" if lock(&server.settings).redirect => {
                    if !lock(&server.storage.files).contains_key(&id) {
                        return ex.send(Reply::text("there is no such component\n").status(404)).await;
                    }
                    let to = header_bytes(&format!("{}/storage/{id}?signature=sandbox", storage_url(server)));
                    ex.send(Reply::new(302).header("Location", to)).await
                }
                "get" => get(ex, server, &id, fault.as_ref()).await,
                "remove" => {
                    let gone = lock(&server.storage.files).remove(&id).is_some();
                    server.keep_file(&id);
                    ex.send(Reply::text(if gone { "removed\n" } else { "nothing was there\n" })).await
                }
                "thumbnail" => pixel(ex).await,
                _ => ex.send(Reply::text("there is no such thing\n").status(404)).await,
            }
        }
        _ => ex.send(Reply::text("there is no such thing\n").status(404)).await,
    }
}

async fn strike(ex: &mut Exchange<'_>, fault: &Fault) -> io::Result<Option<Next>> {
    match fault.how.as_str() {
        "delay" => tokio::time::sleep(Duration::from_secs_f64(fault.seconds.clamp(0.0, 3600.0))).await,
        "stall" => return ex.stall().await.map(Some),
        "cut" => return Ok(Some(Next::Abort)),
        "reset" => return Ok(Some(Next::Reset)),
        "status" => return ex.send(Reply::text("the storage is not well\n").status(fault.status)).await.map(Some),
        _ => {}
    }
    Ok(None)
}

async fn pixel(ex: &mut Exchange<'_>) -> io::Result<Next> {
    ex.send(Reply::new(200).typed("image/png", STANDARD.decode(PIXEL).unwrap_or_default())).await
}

async fn put(
    ex: &mut Exchange<'_>,
    server: &Ftrack,
    id: &str,
    part: Option<u64>,
    fault: Option<&Fault>,
) -> io::Result<Next> {
    let args = ex.request.args();
    if args.get("signature") != Some("sandbox") {
        return ex.send(Reply::text("the URL is not signed\n").status(403)).await;
    }
    // Storage on another host must never see the credentials (section 13, number 25).
    if ex.request.header("ftrack-api-key").is_some() || ex.request.header("ftrack-user").is_some() {
        return ex.send(Reply::text("credentials do not belong here\n").status(400)).await;
    }
    let body = std::mem::take(&mut ex.body);
    let sum = Md5::digest(&body);
    let wrong = ex.request.header_text("content-md5").is_some_and(|given| given != STANDARD.encode(sum));
    if wrong || fault.is_some_and(|fault| fault.how == "md5") {
        let text = "<Error><Code>BadDigest</Code></Error>\n";
        return ex.send(Reply::new(400).typed("application/xml", text)).await;
    }
    let reply = Reply::new(200).header("ETag", format!("\"{}\"", to_hex(&sum)));
    match (args.get("upload"), part) {
        (Some(upload), Some(part)) => {
            let known = {
                let mut uploads = lock(&server.storage.uploads);
                let upload = uploads.get_mut(upload).filter(|upload| upload.component == id && part <= upload.wanted);
                upload.map(|upload| upload.parts.insert(part, body)).is_some()
            };
            if !known {
                return ex.send(Reply::text("the upload is unknown\n").status(404)).await;
            }
        }
        _ => {
            let name = ex.request.header_text("content-disposition").unwrap_or_default();
            lock(&server.storage.files).insert(id.to_owned(), (body, name));
            server.keep_file(id);
        }
    }
    ex.send(reply).await
}

async fn get(ex: &mut Exchange<'_>, server: &Ftrack, id: &str, fault: Option<&Fault>) -> io::Result<Next> {
    let found = lock(&server.storage.files).get(id).cloned();
    let Some((bytes, name)) = found else {
        return ex.send(Reply::text("there is no such component\n").status(404)).await;
    };
    let tag = format!("\"{}\"", to_hex(&Md5::digest(&bytes)));
    let digest = STANDARD.encode(Md5::digest(&bytes));
    let mut reply = Reply::new(200)
        .header("Content-Type", "application/octet-stream")
        .header("Accept-Ranges", "bytes")
        .header("ETag", tag.clone());
    if !name.is_empty() {
        reply = reply.header("Content-Disposition", header_bytes(&name));
    }
    let same = ex.request.header_text("if-range").is_none_or(|given| given == tag);
    let asked = ex.request.header_text("range").filter(|_| same);
    let mut body = &bytes[..];
    if let Some((from, to)) = asked.as_deref().and_then(|text| span(text, bytes.len())) {
        if from >= to {
            let reply = Reply::new(416).header("Content-Range", format!("bytes */{}", bytes.len()));
            return ex.send(reply).await;
        }
        body = &bytes[from..to];
        reply = reply.status(206).header("Content-Range", format!("bytes {from}-{}/{}", to - 1, bytes.len()));
    }
    if lock(&server.settings).digest || fault.is_some_and(|fault| fault.how == "md5") {
        // That of what is sent, or of something else.
        let wrong = fault.is_some_and(|fault| fault.how == "md5");
        let digest = if wrong { STANDARD.encode(Md5::digest(b"something else")) } else { digest };
        reply = if reply.status == 206 { reply } else { reply.header("Content-MD5", digest) };
    }
    if fault.is_some_and(|fault| fault.how == "short") {
        // The announced length is that of what is sent, and both are wrong.
        body = &body[..body.len() / 2];
    }
    if let Some(fault) = fault.filter(|fault| fault.how == "truncate") {
        ex.send_head(&reply, body.len() as u64).await?;
        let sent = fault.sent.unwrap_or(body.len() / 2).min(body.len());
        ex.write(&body[..sent]).await?;
        return Ok(Next::Abort);
    }
    ex.send(reply.body(body)).await
}

/// `bytes=from-to`, `bytes=from-`, `bytes=-last`, with the end behind the last byte.
fn span(text: &str, size: usize) -> Option<(usize, usize)> {
    let (from, to) = text.strip_prefix("bytes=")?.split_once('-')?;
    Some(match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), Ok(to)) => (from, to.saturating_add(1).min(size)),
        (Ok(from), Err(_)) => (from, size),
        (Err(_), Ok(last)) => (size.saturating_sub(last), size),
        _ => return None,
    })
}
