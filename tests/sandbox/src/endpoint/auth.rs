//! Basic and Bearer (RFC 7617, RFC 6750).

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::not_found;
use crate::exchange::{Exchange, Next, Reply};
use crate::request::latin1;

/// `/basic-auth/u/p`, `/hidden-basic-auth/u/p`, `/bearer`.
pub async fn serve(ex: &mut Exchange<'_>, words: &[&str]) -> io::Result<Next> {
    let header = ex.request.header_text("authorization");
    match words {
        [kind @ ("basic-auth" | "hidden-basic-auth"), user, password] => {
            if basic_matches(header.as_deref(), user, password) {
                return ex.send(Reply::json(&json!({"authenticated": true, "user": user}))).await;
            }
            let refusal = json!({"authenticated": false});
            let reply = if *kind == "basic-auth" {
                Reply::json(&refusal).status(401).header("WWW-Authenticate", "Basic realm=\"sandbox\"")
            } else {
                Reply::json(&refusal).status(404)
            };
            ex.send(reply).await
        }
        ["bearer"] | ["bearer", _] => {
            let token = header.as_deref().and_then(|value| value.strip_prefix("Bearer "));
            let wanted = words.get(1);
            let reply = match token {
                Some(token) if wanted.is_none_or(|wanted| *wanted == token) => {
                    Reply::json(&json!({"authenticated": true, "token": token}))
                }
                _ => Reply::json(&json!({"authenticated": false}))
                    .status(401)
                    .header("WWW-Authenticate", "Bearer realm=\"sandbox\""),
            };
            ex.send(reply).await
        }
        _ => not_found(ex).await,
    }
}

/// Whether a header carries these Basic credentials, in UTF-8 or in latin-1.
pub fn basic_matches(header: Option<&str>, user: &str, password: &str) -> bool {
    let Some((scheme, text)) = header.and_then(|value| value.split_once(' ')) else { return false };
    let Ok(given) = STANDARD.decode(text.trim()) else { return false };
    let wanted = format!("{user}:{password}");
    scheme.eq_ignore_ascii_case("basic") && (given == wanted.as_bytes() || latin1(&given) == wanted)
}
