//! Status lines, headers and framings of any shape.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{bad_request, from_hex, header_bytes, not_found};
use crate::exchange::{Exchange, Next, Reply};
use crate::wire::Framing;

/// The one date of everything that never changes.
pub const LAST_MODIFIED: &str = "Wed, 01 Jan 2020 00:00:00 GMT";

/// Dispatches by the first word.
pub async fn serve(ex: &mut Exchange<'_>, words: &[&str]) -> io::Result<Next> {
    let args = ex.request.args();
    match words {
        ["status", code] => status(ex, code).await,
        ["response-headers"] => {
            let mut reply = Reply::new(200);
            let mut shown: Vec<Value> = Vec::new();
            for (name, value) in &args.0 {
                reply = reply.header(name, header_bytes(value));
                shown.push(json!([name, value]));
            }
            let mut body = serde_json::to_vec(&shown).unwrap_or_default();
            body.push(b'\n');
            let typed = args.0.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            let reply = if typed { reply.body(body) } else { reply.typed("application/json", body) };
            ex.send(reply).await
        }
        ["raw-head"] => {
            let given = match (args.get("hex"), args.get("base64")) {
                (Some(hex), _) => from_hex(hex),
                (_, Some(text)) => STANDARD.decode(text).ok(),
                _ => Some(std::mem::take(&mut ex.body)),
            };
            let Some(bytes) = given else { return bad_request(ex, "the bytes could not be decoded").await };
            let next = match args.get("close") {
                Some("0") | None => Next::Keep,
                Some("reset") => Next::Reset,
                Some("abort") => Next::Abort,
                Some(_) => Next::Close,
            };
            ex.send_raw(&bytes, next).await
        }
        ["http10"] => {
            let body = "HTTP/1.0, ended by the close\n";
            let head = "HTTP/1.0 200 OK\r\nServer: haft-sandbox\r\nContent-Type: text/plain\r\n\r\n";
            let text = if ex.is_head() { head.to_owned() } else { format!("{head}{body}") };
            ex.send_raw(text.as_bytes(), Next::Close).await
        }
        ["no-reason"] => {
            // `?space=0` leaves out the blank after the status too.
            let blank = if args.get("space") == Some("0") { "" } else { " " };
            let code: u16 = args.number("code", 200);
            let text = format!("HTTP/1.1 {code}{blank}\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n");
            let end = if ex.is_head() { text.len() - 3 } else { text.len() };
            ex.send_raw(&text.as_bytes()[..end], Next::Keep).await
        }
        ["early-hints"] => {
            let hints =
                [("Link", "</style.css>; rel=preload; as=style"), ("Link", "</script.js>; rel=preload; as=script")];
            for _ in 0..args.number("n", 1).min(1000) {
                ex.interim(103, &hints).await?;
            }
            ex.send(Reply::text("after the hints\n").header("Link", "</style.css>; rel=preload; as=style")).await
        }
        ["continue"] => {
            // Interim answers that nobody asked for.
            for _ in 0..args.number("n", 1).min(1000) {
                ex.interim(100, &[]).await?;
            }
            ex.send(Reply::text("after 100\n")).await
        }
        ["expect-fail"] => {
            // With `?close=0` the connection goes on as if the client had kept its body back, as it should.
            if args.get("close") != Some("0") || ex.framing() != Framing::None {
                ex.close_after();
            }
            ex.send(Reply::text("expectation failed\n").status(417)).await
        }
        ["upgrade"] => upgrade(ex).await,
        ["trailers"] => {
            ex.begin(Reply::new(200).header("Content-Type", "text/plain").header("Trailer", "X-Checksum, X-Extra"))
                .await?;
            ex.chunk(b"before the ").await?;
            ex.chunk(b"trailers\n").await?;
            ex.end(&[("X-Checksum", "abc123"), ("X-Extra", "1"), ("X-Extra", "2")]).await
        }
        ["etag", tag] => etag(ex, tag).await,
        ["cache"] => {
            let fresh =
                ex.request.header("if-modified-since").is_some() || ex.request.header("if-none-match").is_some();
            let reply = if fresh { Reply::new(304) } else { Reply::text("cached\n") };
            ex.send(reply.header("ETag", "\"cache\"").header("Last-Modified", LAST_MODIFIED)).await
        }
        ["cache", seconds] => {
            let reply = Reply::text("cached\n");
            ex.send(reply.header("Cache-Control", header_bytes(&format!("public, max-age={seconds}")))).await
        }
        _ => not_found(ex).await,
    }
}

async fn status(ex: &mut Exchange<'_>, code: &str) -> io::Result<Next> {
    let Ok(code) = code.parse::<u16>() else { return bad_request(ex, "the status was not a number").await };
    let args = ex.request.args();
    let mut reply = Reply::new(code);
    reply.reason = args.get("reason").map(|text| text.replace(['\r', '\n'], " "));
    for (name, value) in args.0.iter().filter(|(name, _)| name != "reason" && name != "body") {
        reply = reply.header(name, header_bytes(value));
    }
    if let Some(body) = args.get("body") {
        reply = reply.typed("text/plain; charset=utf-8", body.as_bytes());
    }
    ex.send(reply).await
}

/// 101, then an echo of bytes; the protocol's name is the client's.
async fn upgrade(ex: &mut Exchange<'_>) -> io::Result<Next> {
    if ex.request.h2 {
        return ex.only_http1().await;
    }
    let Some(protocol) = ex.request.header_text("upgrade") else {
        return ex.send(Reply::text("upgrade to echo\n").status(426).header("Upgrade", "echo")).await;
    };
    ex.read_body().await?;
    let head = format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: {protocol}\r\nConnection: Upgrade\r\n\r\n");
    let Some(wire) = ex.wire() else { return ex.only_http1().await };
    wire.write(&header_safe(&head)).await?;
    loop {
        let bytes = wire.take_pending();
        wire.write(&bytes).await?;
        if wire.fill(16 << 10).await? == 0 {
            return Ok(Next::Close);
        }
    }
}

fn header_safe(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect()
}

async fn etag(ex: &mut Exchange<'_>, tag: &str) -> io::Result<Next> {
    let quoted = format!("\"{tag}\"");
    let lists = |name: &str| ex.request.has_token(name, &quoted) || ex.request.has_token(name, "*");
    let weak = ex.request.has_token("if-none-match", &format!("W/{quoted}"));
    let reply = if lists("if-none-match") || weak {
        Reply::new(304)
    } else if ex.request.header("if-match").is_some() && !lists("if-match") {
        Reply::text("precondition failed\n").status(412)
    } else {
        Reply::text(format!("tagged {tag}\n"))
    };
    ex.send(reply.header("ETag", header_bytes(&quoted))).await
}
