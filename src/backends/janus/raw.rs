//! A whole message of the host's own (verbs.md "Janus", `raw`): the transaction is made when it has none, session, handle
//! and secrets are those of the handle that it is sent by unless it names others. Its members are arguments of the call, or
//! all of them in one, `message`: there also those that have the names of a call's options (`id`, `timeout`).

use std::{borrow::Cow, sync::Arc};

use super::{
    envelope::Members,
    handle::{Handle, OPTIONS, only},
    line::Request,
    session::Session,
    transactions::Wants,
};
use crate::{
    args::Args,
    backends::Call,
    error::{Error, Result},
    value::{Object, Tree},
};

/// The request that the message is.
///
/// # Errors
/// `argument` for what cannot be a message.
pub fn request(call: &Call<'_>, session: Option<&Arc<Session>>, handle: Option<&Arc<Handle>>) -> Result<Request> {
    let args = match call.args.get("message") {
        None => call.args,
        Some(Tree::Object(message)) => {
            only("raw", call.args, &["message"])?;
            &Args::from(message.clone())
        }
        Some(other) => {
            return Err(Error::option("message", format!("message was {}; it is an object", other.kind_name())));
        }
    };
    let is_whole = call.args.get("message").is_some();
    let Some(word) = args.str("janus")? else {
        return Err(Error::option("janus", "a raw message needs janus: what it asks for"));
    };
    let lower = word.to_ascii_lowercase();
    let wants = if matches!(&*lower, "keepalive" | "trickle") { Wants::Ack } else { Wants::Answer };
    let again = matches!(&*lower, "keepalive" | "ping" | "info");
    let (mut members, mut bare) = (Members::default(), false);
    for (key, value) in args.root().iter() {
        match key {
            "janus" | "transaction" => continue,
            key if !is_whole && OPTIONS.contains(&key) => continue,
            "apisecret" | "token" => bare = true,
            _ => {}
        }
        members.add(key, value);
    }
    let name = match args.get("transaction") {
        None | Some(Tree::Null) => None,
        Some(_) => args.str("transaction")?.map(Into::into),
    };
    // Requests that know no session are not given one: `create` under a session is refused.
    let without = matches!(&*lower, "create" | "ping" | "info");
    let foreign = args.get("session_id").is_some() || without;
    let names_handle = foreign || args.get("handle_id").is_some() || matches!(&*lower, "attach" | "destroy" | "claim");
    let request = Request {
        word: Cow::Owned(word.to_owned()),
        session: session.filter(|_| !foreign).cloned(),
        handle: handle.filter(|_| !names_handle).cloned(),
        members,
        wants,
        again,
        name,
        bare,
        ..Request::new("")
    };
    Ok(request)
}

/// What would be sent, as arguments for a request without a verb: without secrets and without a transaction, which are made
/// when it is sent.
///
/// # Errors
/// `internal` for a request that is no JSON.
pub fn prepared(request: &Request) -> Result<Args> {
    let mut message = Object::default();
    message.insert("janus", Tree::from(&*request.word));
    if let Some(id) = request.session.as_ref().and_then(|session| session.id()).or(request.about.0) {
        message.insert("session_id", Tree::from(id));
    }
    if let Some(id) = request.handle.as_ref().and_then(|handle| handle.id()).or(request.about.1) {
        message.insert("handle_id", Tree::from(id));
    }
    if let Some(name) = &request.name {
        message.insert("transaction", Tree::from(&**name));
    }
    if let Some(members) = request.members.as_str().strip_prefix(',') {
        let members = Tree::from_json(&format!("{{{members}}}"))?;
        for (key, value) in members.as_object().into_iter().flat_map(Object::iter) {
            message.insert(key, value.clone());
        }
    }
    if message.keys().all(|key| !OPTIONS.contains(&key)) {
        return Ok(Args::from(message));
    }
    let mut args = Args::new();
    args.set("message", Tree::Object(message));
    Ok(args)
}
