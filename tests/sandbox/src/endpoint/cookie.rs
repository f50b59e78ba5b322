//! Cookies, set in every way that a header can.

use std::io;

use serde_json::{Map, Value, json};

use super::{header_bytes, not_found};
use crate::exchange::{Exchange, Next, Reply};
use crate::request::latin1;

/// `/cookies` and what is below it.
pub async fn serve(ex: &mut Exchange<'_>, words: &[&str]) -> io::Result<Next> {
    let args = ex.request.args();
    match words {
        [] => {
            let shown = received(ex);
            ex.send(Reply::json(&shown)).await
        }
        ["set"] => {
            let mut reply = Reply::new(302).header("Location", "/cookies");
            for (name, value) in &args.0 {
                reply = reply.header("Set-Cookie", header_bytes(&format!("{name}={value}; Path=/")));
            }
            ex.send(reply).await
        }
        ["set", name, value] => {
            let cookie = header_bytes(&format!("{name}={value}; Path=/"));
            ex.send(Reply::new(302).header("Location", "/cookies").header("Set-Cookie", cookie)).await
        }
        // The rest of the path is free, so that default paths can be tried.
        ["set-detailed", ..] => {
            let mut reply = Reply::json(&json!({"set": args.all("raw").collect::<Vec<_>>()}));
            for raw in args.all("raw") {
                reply = reply.header("Set-Cookie", header_bytes(raw));
            }
            ex.send(reply).await
        }
        ["delete"] => {
            let mut reply = Reply::new(302).header("Location", "/cookies");
            for (name, _) in &args.0 {
                let gone = format!("{name}=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/");
                reply = reply.header("Set-Cookie", header_bytes(&gone));
            }
            ex.send(reply).await
        }
        // Echo under any path, to see which cookies a path gets.
        ["at", ..] => {
            let shown = received(ex);
            ex.send(Reply::json(&shown)).await
        }
        _ => not_found(ex).await,
    }
}

fn received(ex: &Exchange<'_>) -> Value {
    let mut cookies = Map::new();
    let mut raw = Vec::new();
    for (_, value) in ex.request.headers().filter(|(name, _)| name.eq_ignore_ascii_case(b"cookie")) {
        let text = latin1(value);
        for pair in text.split("; ") {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            cookies.entry(name.to_owned()).or_insert_with(|| value.into());
        }
        raw.push(text);
    }
    json!({"cookies": cookies, "raw": raw})
}
