//! Questions to the host and what its answers mean (verbs.md, "Provider protocol").

use std::sync::Arc;

use super::Hop;
use crate::{
    args::Args,
    engine::http::{
        body::Body,
        headers::Headers,
        request::{self, Request},
        url::Url,
    },
    error::{Error, Result, Status, code},
    value::{Object, Provider, Tree},
};

/// What a response hook decided.
pub(super) enum Verdict {
    /// Nothing.
    Keep,
    /// This answer instead.
    Replace(Hop),
    /// Send again with these edits.
    Resend(Args),
}

/// The question of an `auth` provider and of `hooks.request`.
pub(super) fn prepare_call(provider: &str, request: &Request) -> Tree {
    question(provider, "prepare", Object::from_iter([("request", request.to_tree())]))
}

/// Has an `auth` provider edit a request outside a transaction, for `prepare`.
///
/// # Errors
/// `provider`, in the host's words.
pub fn authorize(provider: &dyn Provider, request: &mut Request) -> Result<()> {
    let mut reply = Args::new();
    let status = provider.call(prepare_call("auth", request), &mut reply);
    edit(request, status, &reply)
}

/// The question of `hooks.response`.
pub(super) fn response_call(hop: &Hop, request: &Request) -> Tree {
    let fields = hop.fields();
    let headers = fields.to_tree();
    let mut response = Object::default();
    response.insert("status", Tree::Int(hop.status.into()));
    response.insert("reason", Tree::from(&*fields.reason()));
    response.insert("url", Tree::from(request.url.as_str()));
    response.insert("headers", headers);
    response.insert("request", request.to_tree());
    if let Some(body) = &hop.body {
        response.insert("body", Tree::Bytes(body.as_slice().into()));
    }
    question("hooks.response", "response", Object::from_iter([("response", Tree::Object(response))]))
}

/// The shape of every question to the host.
pub fn question(provider: &str, method: &str, arguments: Object) -> Tree {
    let mut call = Object::default();
    call.insert("provider", Tree::from(provider));
    call.insert("method", Tree::from(method));
    call.insert("arguments", Tree::Object(arguments));
    Tree::Object(call)
}

/// The failure of a provider, in its own words.
///
/// # Errors
/// `provider`, unless the status is OK.
pub fn succeeded(status: Status, reply: &Args) -> Result<()> {
    if status == Status::Ok {
        return reply.check();
    }
    let message = match reply.get("message") {
        Some(Tree::Text(text)) => format!("a provider failed: {text}"),
        _ => "a provider failed".into(),
    };
    Err(Error::new(&code::PROVIDER, message).status_as(status))
}

/// Applies a provider's edits to a request: any of `method`, `url`, `headers`, `body`.
pub(super) fn edit(request: &mut Request, status: Status, reply: &Args) -> Result<()> {
    if status == Status::NotFound {
        return Ok(());
    }
    succeeded(status, reply)?;
    if let Some(method) = reply.str("method")? {
        request.method = request::method(method)?;
    }
    if let Some(url) = reply.str("url")? {
        request.url = Url::prepare(url, None)?;
    }
    match reply.get("headers") {
        None => {}
        // A list is the whole of them; a map changes single ones.
        Some(list @ Tree::Array(_)) => request.headers = Arc::new(Headers::from_tree(list)?),
        Some(Tree::Object(edits)) => {
            let headers = Arc::make_mut(&mut request.headers);
            headers.apply(&Tree::Object(edits.clone()))?;
        }
        Some(_) => return Err(Error::option("headers", "a provider's headers were neither a list nor an object")),
    }
    if let Some(body) = reply.get("body") {
        request.body = Body::as_is(body)?;
        let headers = Arc::make_mut(&mut request.headers);
        headers.remove("Transfer-Encoding");
        match request.body.length() {
            // The field stays where it is, as in requests.
            Some(size) if headers.contains("Content-Length") && !matches!(request.body, Body::None) => {
                headers.set("Content-Length", &size.to_string())
            }
            _ => headers.remove("Content-Length"),
        }
    }
    // Another method may need the length 0 that GET did not say.
    if reply.get("body").is_some() || reply.get("method").is_some() {
        request.describe_body();
    }
    Ok(())
}

/// Reads a response hook's answer.
pub(super) fn verdict(status: Status, reply: &Args) -> Result<Verdict> {
    if status == Status::NotFound {
        return Ok(Verdict::Keep);
    }
    succeeded(status, reply)?;
    if let Some(resend) = reply.get("resend") {
        let Tree::Object(edits) = resend else {
            return Err(Error::option("resend", "a hook's resend was not an object"));
        };
        let mut args = Args::new();
        for (key, value) in edits.iter() {
            args.set(key, value.clone());
        }
        return Ok(Verdict::Resend(args));
    }
    match reply.get("response") {
        None => Ok(Verdict::Keep),
        Some(Tree::Object(response)) => Ok(Verdict::Replace(answer(response)?)),
        Some(_) => Err(Error::option("response", "a hook's response was not an object")),
    }
}

/// An answer made by the host: `status`, `reason`, `headers`, `body`.
///
/// # Errors
/// `argument` or `invalid_header` when it does not have that shape.
pub fn answer(response: &Object) -> Result<Hop> {
    let status = match response.get("status") {
        None | Some(Tree::Null) => 200,
        Some(Tree::Int(status)) if (100..=999).contains(status) => u16::try_from(*status).unwrap_or(200),
        Some(_) => return Err(Error::option("status", "a provider's status was not a number from 100 to 999")),
    };
    let reason = response.get("reason").and_then(Tree::as_str).unwrap_or_default();
    if reason.contains(['\r', '\n', '\0']) {
        return Err(Error::new(&code::INVALID_HEADER, "a provider's reason had a line end in it"));
    }
    let headers = match response.get("headers") {
        None | Some(Tree::Null) => Headers::default(),
        Some(headers) => Headers::from_tree(headers)?,
    };
    let mut head = format!("HTTP/1.1 {status} {reason}\r\n").into_bytes();
    headers.write_into(&mut head);
    head.extend_from_slice(b"\r\n");
    let body = match response.get("body") {
        None | Some(Tree::Null) => Some(Vec::new()),
        Some(Tree::Text(text)) => Some(text.as_bytes().to_vec()),
        Some(Tree::Bytes(bytes)) => Some(bytes.to_vec()),
        Some(Tree::Reader(_)) => None,
        Some(_) => return Err(Error::option("body", "a provider's body was neither bytes, text nor a reader")),
    };
    Ok(Hop { status, head, body })
}
