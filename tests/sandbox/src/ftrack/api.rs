//! `POST /api`: credentials, the operations of one request as one transaction, and the shape of answers and errors
//! (sections 1 and 12.1).

use std::io::{self, Write};
use std::time::Duration;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Map, Value, json};

use super::action::Work;
use super::fault::Fault;
use super::refusal::Refusal;
use super::{Ftrack, query, storage};
use crate::exchange::{Exchange, Next, Reply};
use crate::log::lock;

/// Who asks, and how answers are to be.
struct Asker {
    user: String,
    username: String,
    options: Vec<(String, String)>,
    client_token: Value,
    push_token: Value,
}

/// Answers a request.
pub async fn serve(ex: &mut Exchange<'_>, server: &Ftrack) -> io::Result<Next> {
    if ex.request.method() != "POST" {
        return ex.send(Reply::text("the API takes POST\n").status(405).header("Allow", "POST")).await;
    }
    let asked = ex.request.header_text("ftrack-strict-api").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let strict = lock(&server.settings).strict.unwrap_or(asked);
    let body = std::mem::take(&mut ex.body);
    let text = String::from_utf8_lossy(&body).into_owned();
    let operations = serde_json::from_str::<Value>(&text).ok();
    let actions: Vec<&str> =
        operations.iter().filter_map(Value::as_array).flatten().filter_map(|one| one["action"].as_str()).collect();
    let fault = lock(&server.faults).take(&actions, &text, None);
    if let Some(next) = before(ex, server, fault.as_ref()).await? {
        return Ok(next);
    }
    let answer = asker(ex, server).and_then(|asker| match &operations {
        Some(Value::Array(operations)) => run(server, &asker, operations, fault.as_ref()),
        _ => Err(Refusal::validation("The request was not a list of operations.")),
    });
    let (status, value) = match answer {
        Ok(results) => (200, Value::Array(results)),
        Err(refusal) => (if strict { refusal.status() } else { 200 }, refusal.to_json()),
    };
    let body = serde_json::to_vec(&value).unwrap_or_default();
    respond(ex, server, status, body, fault.as_ref()).await
}

/// Faults that strike before anything was applied.
async fn before(ex: &mut Exchange<'_>, server: &Ftrack, fault: Option<&Fault>) -> io::Result<Option<Next>> {
    let Some(fault) = fault else { return Ok(None) };
    match fault.how.as_str() {
        "delay" if !fault.after => wait(fault).await,
        "hold" if !fault.after => server.gate.hold().await,
        "stall" if !fault.after => return ex.stall().await.map(Some),
        "cut" if !fault.after => return Ok(Some(Next::Abort)),
        "reset" if !fault.after => return Ok(Some(Next::Reset)),
        "status" if !fault.after => return refuse(ex, fault).await.map(Some),
        _ => {}
    }
    Ok(None)
}

async fn wait(fault: &Fault) {
    tokio::time::sleep(Duration::from_secs_f64(fault.seconds.clamp(0.0, 3600.0))).await;
}

async fn refuse(ex: &mut Exchange<'_>, fault: &Fault) -> io::Result<Next> {
    ex.send(Reply::text("the server is not well\n").status(fault.status)).await
}

async fn respond(
    ex: &mut Exchange<'_>,
    server: &Ftrack,
    status: u16,
    mut body: Vec<u8>,
    fault: Option<&Fault>,
) -> io::Result<Next> {
    let settings = lock(&server.settings).clone();
    let mut reply = Reply::new(status).header("Content-Type", "application/json");
    if settings.cookie && ex.request.header("cookie").is_none() {
        reply = reply.header("Set-Cookie", "ftrack_session=sandbox; Path=/; HttpOnly");
    }
    if settings.gzip && ex.request.has_token("accept-encoding", "gzip") {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(&body)?;
        body = packer.finish()?;
        reply = reply.header("Content-Encoding", "gzip");
    }
    let Some(fault) = fault.filter(|fault| fault.after) else { return ex.send(reply.body(body)).await };
    match fault.how.as_str() {
        "delay" => wait(fault).await,
        "hold" => server.gate.hold().await,
        "stall" => return ex.stall().await,
        "cut" => return Ok(Next::Abort),
        "reset" => return Ok(Next::Reset),
        "status" => return refuse(ex, fault).await,
        "garbage" => return ex.send(reply.body(&b"<html>not what you expected</html>"[..])).await,
        "truncate" => {
            let size = body.len() as u64;
            ex.send_head(&reply, size).await?;
            let sent = fault.sent.unwrap_or(body.len() / 2).min(body.len());
            ex.write(&body[..sent]).await?;
            return Ok(Next::Abort);
        }
        _ => {}
    }
    ex.send(reply.body(body)).await
}

/// Checks the credentials.
fn asker(ex: &Exchange<'_>, server: &Ftrack) -> Result<Asker, Refusal> {
    let header = |name: &str| ex.request.header_text(name);
    let (Some(username), Some(key)) = (header("ftrack-user"), header("ftrack-api-key")) else {
        return Err(Refusal::credentials("The API user and key are needed."));
    };
    let user = server
        .user_of(&username, &key)
        .ok_or_else(|| Refusal::credentials("The supplied API key or user is not valid."))?;
    let options = header("ftrack-api-options").unwrap_or_default();
    let options = options
        .split(';')
        .filter_map(|part| part.split_once([':', '=']))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let token = |name: &str| header(name).map_or(Value::Null, Value::from);
    Ok(Asker {
        user,
        username,
        options,
        client_token: token("ftrack-clienttoken"),
        push_token: token("ftrack-pushtoken"),
    })
}

impl Asker {
    fn wants(&self, option: &str) -> bool {
        self.options.iter().any(|(name, value)| name == option && value != "0" && value != "false")
    }
}

/// Does all operations or none.
fn run(server: &Ftrack, asker: &Asker, operations: &[Value], fault: Option<&Fault>) -> Result<Vec<Value>, Refusal> {
    let url = lock(&server.url).clone();
    let mut guard = lock(&server.data);
    let data = &mut *guard;
    let mut keys = Vec::new();
    let mut work = Work::new(&data.schemas, &mut data.store, &url, Some(asker.user.clone()));
    work.tell = server.hub.is_heard();
    let mut results = Vec::with_capacity(operations.len());
    let mut failure = None;
    for (index, operation) in operations.iter().enumerate() {
        let ordered = fault.filter(|fault| fault.how == "error" && fault.op == index);
        let result = match ordered {
            Some(fault) => Err(Refusal::new(&fault.exception, fault.content.clone())),
            None => operate(server, asker, &mut work, operation, &mut keys),
        };
        match result {
            Ok(result) => results.push(result),
            Err(mut refusal) => {
                refusal.index = Some(index);
                failure = Some(refusal);
                break;
            }
        }
    }
    let failure = failure.map_or_else(|| work.check().err(), Some);
    let changes = std::mem::take(&mut work.changes);
    let failure = failure.or_else(|| server.save(&data.store, &keys).err());
    if let Some(refusal) = failure {
        data.store.roll_back();
        return Err(refusal);
    }
    data.store.commit();
    data.keys.extend(keys);
    // Still under the lock, so that updates are told in the order in which they were made.
    if !changes.is_empty() {
        let update = json!({
            "entities": changes,
            "user": {"userid": asker.user, "name": asker.username},
            "clientToken": asker.client_token,
            "pushToken": asker.push_token,
        });
        server.hub.announce("ftrack.update", update, &asker.user, &asker.username);
    }
    Ok(results)
}

fn text<'v>(operation: &'v Value, name: &str) -> Result<&'v str, Refusal> {
    operation[name].as_str().ok_or_else(|| Refusal::validation(format!("The operation needs {name}.")))
}

fn map<'v>(operation: &'v Value, name: &str) -> Result<&'v Map<String, Value>, Refusal> {
    operation[name].as_object().ok_or_else(|| Refusal::validation(format!("The operation needs {name}.")))
}

fn operate(
    server: &Ftrack,
    asker: &Asker,
    work: &mut Work<'_>,
    operation: &Value,
    keys: &mut Vec<(String, String)>,
) -> Result<Value, Refusal> {
    let action = text(operation, "action")?;
    let (strict, denormalize) = (asker.wants("strict"), asker.wants("strict") && asker.wants("denormalize"));
    let done = |data: Value| Ok(json!({"action": action, "data": data}));
    match action {
        "query_server_information" => {
            let user = json!({"id": asker.user, "username": asker.username, "permissions": []});
            let all = lock(&server.settings).information(&work.schemas.hash, user);
            let Some(values) = operation["values"].as_array() else { return Ok(all) };
            let mut some = Map::new();
            for name in values.iter().filter_map(Value::as_str) {
                if let Some(value) = all.get(name) {
                    some.insert(name.to_owned(), value.clone());
                }
            }
            Ok(some.into())
        }
        "query_schemas" => Ok(work.schemas.json.clone()),
        "query" => {
            let statement = query::statement(text(operation, "expression")?)?;
            query::answer(&work.view(), &statement, strict, denormalize)
        }
        "search" => search(work, operation, strict, denormalize),
        "create" => done(work.create(
            text(operation, "entity_type")?,
            &operation["entity_key"],
            map(operation, "entity_data")?,
        )?),
        "update" => done(work.update(
            text(operation, "entity_type")?,
            &operation["entity_key"],
            map(operation, "entity_data")?,
        )?),
        "delete" => done(work.delete(text(operation, "entity_type")?, &operation["entity_key"])?),
        "get_widget_url" => {
            let name = text(operation, "name")?;
            let key = operation["entity_key"].as_array().and_then(|key| key.first()).and_then(Value::as_str);
            let theme = operation["theme"].as_str().unwrap_or("light");
            let view = work.view();
            Ok(
                json!({"widget_url": format!("{}/widget/{name}?theme={theme}&entity={}", view.url, key.unwrap_or_default())}),
            )
        }
        "encode_media" => encode_media(work, operation),
        "get_upload_metadata" => storage::upload_metadata(server, operation),
        "complete_multipart_upload" => storage::complete(server, operation),
        "send_user_invite" => {
            let schema = work.schemas.find("User")?.clone();
            work.find(&schema, text(operation, "user_id")?)?;
            Ok(json!({"sent": true}))
        }
        "send_review_session_invite" => {
            let schema = work.schemas.find("ReviewSessionInvitee")?.clone();
            let id = text(operation, "review_session_invitee_id")?;
            work.find(&schema, id)?;
            work.update(
                "ReviewSessionInvitee",
                &id.into(),
                &Map::from_iter([("sent_invite".to_owned(), true.into())]),
            )?;
            Ok(json!({"sent": true}))
        }
        "reset_remote" => {
            if operation["reset_type"] != "api_key" || operation["entity_type"] != "User" {
                let content = format!("{} of {} cannot be reset.", operation["reset_type"], operation["entity_type"]);
                return Err(Refusal::validation(content));
            }
            let id = text(operation, "entity_key")?;
            let schema = work.schemas.find("User")?.clone();
            work.find(&schema, id)?;
            let key = super::action::uid();
            keys.push((id.to_owned(), key.clone()));
            done(json!({ "api_key": key }))
        }
        "delayed_job" => {
            let kind = text(operation, "job_type")?;
            let data = json!({"type": kind, "data": operation["data"]}).to_string();
            let job = json!({"type": kind, "status": "done", "data": data, "user_id": asker.user});
            let made = job.as_object().map(|job| work.create("Job", &Value::Null, job)).transpose()?;
            done(made.unwrap_or_default())
        }
        "permissions" => done(json!({})),
        "compute_rollups" => Ok(json!({"data": []})),
        "generate_signed_url" => Ok(json!({"signed_url": format!("{}/storage/signed", lock(&server.storage_url))})),
        "add_user_security_role"
        | "remove_user_security_role"
        | "update_user_security_role"
        | "grant_user_security_role_project"
        | "revoke_user_security_role_project" => done(true.into()),
        // As Python 2 wrote the text: clients look for it.
        _ => Err(Refusal::validation(format!("Invalid action u'{action}'"))),
    }
}

/// `search`: every term must be in the name, or in one of the other texts of the entity.
fn search(work: &Work<'_>, operation: &Value, strict: bool, denormalize: bool) -> Result<Value, Refusal> {
    let entity = text(operation, "entity_type")?;
    let schema = work.schemas.find(entity)?;
    let quote = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut parts = Vec::new();
    for term in operation["terms"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let named = ["name", "username", "first_name", "last_name", "email", "description", "comment", "label"];
        let texts = named.iter().filter(|name| schema.attributes.contains_key(**name));
        let any: Vec<String> = texts.map(|name| format!("{name} like {}", quote(&format!("%{term}%")))).collect();
        if !any.is_empty() {
            parts.push(format!("({})", any.join(" or ")));
        }
    }
    if let Some(context) = operation["context_id"].as_str() {
        let named = ["parent_id", "project_id", "context_id", "id"];
        let any = named.iter().filter(|name| schema.attributes.contains_key(**name));
        let any: Vec<String> = any.map(|name| format!("{name} is {}", quote(context))).collect();
        parts.push(format!("({})", any.join(" or ")));
    }
    let types: Vec<String> =
        operation["object_type_ids"].as_array().into_iter().flatten().filter_map(Value::as_str).map(quote).collect();
    if !types.is_empty() && schema.attributes.contains_key("object_type_id") {
        parts.push(format!("object_type_id in ({})", types.join(",")));
    }
    let mut statement = match operation["expression"].as_str().filter(|text| !text.trim().is_empty()) {
        Some(expression) => query::statement(expression)?,
        None => query::statement(entity)?,
    };
    if !parts.is_empty() {
        let more = query::criteria(&parts.join(" and "))?;
        statement.filter = Some(match statement.filter.take() {
            Some(filter) => query::Criteria::And(vec![filter, more]),
            None => more,
        });
    }
    let mut answer = query::answer(&work.view(), &statement, strict, denormalize)?;
    answer["action"] = "search".into();
    Ok(answer)
}

/// `encode_media`: nothing is encoded, but the job and its output are there at once.
fn encode_media(work: &mut Work<'_>, operation: &Value) -> Result<Value, Refusal> {
    let schema = work.schemas.find("Component")?.clone();
    let source = work.find(&schema, text(operation, "component_id")?)?.clone();
    let output = json!({
        "name": "ftrackreview-mp4",
        "file_type": ".mp4",
        "version_id": operation["version_id"],
        "size": source.get("size"),
    });
    let component = output.as_object().map(|values| work.create("FileComponent", &Value::Null, values)).transpose()?;
    let data = json!({
        "source_component_id": source.get("id"),
        "keep_original": operation["keep_original"],
        "output": [{"component_id": component.unwrap_or_default()["id"], "format": "video/mp4"}],
    });
    let job = json!({"type": "api_job", "status": "done", "data": data.to_string(), "user_id": work.user});
    let job = job.as_object().map(|values| work.create("Job", &Value::Null, values)).transpose()?;
    Ok(json!({"job_id": job.unwrap_or_default()["id"]}))
}
