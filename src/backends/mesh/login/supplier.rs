//! The host's provider of tokens (verbs.md "Provider protocol", `access_token`).

use std::time::Duration;

use super::{Held, checked};
use crate::{
    args::{Args, duration},
    clock,
    error::{Error, Result, Status, code},
    value::{Object, Provider, Tree},
};

/// A token is asked for again so long before its time is over, or a tenth of its time.
const MARGIN: Duration = Duration::from_secs(60);

/// Asks for a token.
///
/// # Errors
/// `provider`, with what the host said.
pub(super) fn ask(provider: &dyn Provider) -> Result<Held> {
    let asked = clock::now();
    let mut call = Object::with_capacity(3);
    call.insert("provider", Tree::from("access_token"));
    call.insert("method", Tree::from("token"));
    call.insert("arguments", Tree::Object(Object::default()));
    let mut reply = Args::new();
    let status = provider.call(Tree::Object(call), &mut reply);
    if status != Status::Ok {
        let text = reply.str("message").ok().flatten().unwrap_or("it did not say why");
        return Err(Error::new(&code::PROVIDER, format!("the provider brought no token: {text}")).status_as(status));
    }
    reply.check()?;
    let wrong = |what: &str| Error::new(&code::PROVIDER, format!("the provider brought {what} instead of a token"));
    let token = match reply.get("value") {
        Some(Tree::Text(token)) => checked(token).map_err(|_| wrong("text that no header field carries"))?,
        Some(other) => return Err(wrong(other.kind_name())),
        None => return Err(wrong("nothing")),
    };
    let time = match reply.get("expires_in") {
        None => None,
        Some(value) => {
            duration("expires_in", value).map_err(|_| wrong("an expires_in that is no number of seconds"))?
        }
    };
    // What the clock has no room for is never over.
    let until = time.and_then(|time| asked.checked_add(time.saturating_sub(MARGIN.min(time / 10))));
    Ok(Held { token, until })
}
