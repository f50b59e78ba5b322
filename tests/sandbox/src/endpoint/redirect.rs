//! Redirects.

use std::io;

use super::{bad_request, header_bytes, not_found};
use crate::exchange::{Exchange, Next, Reply};

/// `/redirect/N`, `/relative-redirect/N`, `/absolute-redirect/N`, `/redirect-to`.
pub async fn serve(ex: &mut Exchange<'_>, words: &[&str]) -> io::Result<Next> {
    let args = ex.request.args();
    let status: u16 = args.number("status_code", 302);
    let target = match words {
        ["redirect-to", ..] => match args.get("url") {
            Some(url) => url.to_owned(),
            // Without a URL there is no Location: the answer that must not be followed.
            None => return ex.send(Reply::new(status)).await,
        },
        [kind, count] => {
            let Ok(count) = count.parse::<u64>() else { return bad_request(ex, "the count was not a number").await };
            let path = if count > 1 { format!("/{kind}/{}", count - 1) } else { "/get".to_owned() };
            let query = if count > 1 && status != 302 { format!("?status_code={status}") } else { String::new() };
            let base = if *kind == "absolute-redirect" { ex.base_url() } else { String::new() };
            format!("{base}{path}{query}")
        }
        _ => return not_found(ex).await,
    };
    let mut reply = Reply::new(status).header("Location", header_bytes(&target));
    if let Some(body) = args.get("body") {
        reply = reply.typed("text/plain; charset=utf-8", body.as_bytes());
    }
    for raw in args.all("cookie") {
        reply = reply.header("Set-Cookie", header_bytes(raw));
    }
    ex.send(reply).await
}
