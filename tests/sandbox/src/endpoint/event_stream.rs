//! Server-sent events (WHATWG HTML section 9.2): `/sse...`.

use std::io;
use std::time::Duration;

use super::fault::ending;
use super::{from_hex, header_bytes, not_found};
use crate::exchange::{Exchange, Next, Reply};
use crate::log::lock;
use crate::request::Args;

/// `/sse`, `/sse/KIND`.
pub async fn serve(ex: &mut Exchange<'_>, words: &[&str]) -> io::Result<Next> {
    let args = ex.request.args();
    match words {
        [] => {
            begin(ex, &args).await?;
            events(ex, &args, args.number("count", 10)).await?;
            finish(ex, &args, Next::Keep).await
        }
        ["drop"] => {
            let count = args.number("count", u64::MAX);
            if last_id(ex) >= count {
                // Nothing is left: 204 ends it for good.
                return ex.send(Reply::new(204)).await;
            }
            begin(ex, &args).await?;
            let until = last_id(ex).saturating_add(args.number("after", 1)).min(count);
            events(ex, &args, until).await?;
            finish(ex, &args, Next::Abort).await
        }
        ["stall"] => {
            begin(ex, &args).await?;
            let until = last_id(ex).saturating_add(args.number("after", 0));
            events(ex, &args, until).await?;
            ex.stall().await
        }
        ["raw"] if ex.request.method() == "POST" => {
            let slot = args.get("slot").unwrap_or_default().to_owned();
            let body = std::mem::take(&mut ex.body);
            lock(&ex.state.slots).insert(slot, body);
            ex.send(Reply::new(204)).await
        }
        ["raw"] => raw(ex, &args).await,
        ["status"] => {
            let attempt = {
                let mut counts = lock(&ex.state.flaky);
                let count = counts.entry(format!("/sse/status {}", args.get("key").unwrap_or_default())).or_insert(0);
                *count += 1;
                *count
            };
            if attempt <= args.number("times", u64::MAX) {
                let mut reply = Reply::new(args.number("status", 500));
                if let Some(wait) = args.get("retry_after") {
                    reply = reply.header("Retry-After", header_bytes(wait));
                }
                return ex.send(reply).await;
            }
            begin(ex, &args).await?;
            events(ex, &args, args.number("count", 10)).await?;
            finish(ex, &args, Next::Keep).await
        }
        ["type"] => {
            let kind = header_bytes(args.get("type").unwrap_or("text/html"));
            let reply = Reply::new(200).body("data: in the wrong place\n\n");
            ex.send(if kind == b"none" { reply } else { reply.header("Content-Type", kind) }).await
        }
        _ => not_found(ex).await,
    }
}

/// The number in Last-Event-ID; 0 without.
fn last_id(ex: &Exchange<'_>) -> u64 {
    ex.request.header_text("last-event-id").and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

async fn begin(ex: &mut Exchange<'_>, args: &Args) -> io::Result<()> {
    let kind = header_bytes(args.get("type").unwrap_or("text/event-stream"));
    ex.begin(Reply::new(200).header("Content-Type", kind).header("Cache-Control", "no-store")).await?;
    match args.get("retry") {
        Some(retry) => ex.chunk(format!("retry: {retry}\n\n").as_bytes()).await,
        None => Ok(()),
    }
}

/// Events after the client's last one, up to number `until`: `id=0` leaves the ids out, `event=` names them, `lines=`
/// splits the data, `comment=1` puts a comment before each, `size=` makes the data longer.
async fn events(ex: &mut Exchange<'_>, args: &Args, until: u64) -> io::Result<()> {
    let pause = Duration::from_millis(args.number("delay_ms", 0));
    let filling = "x".repeat(args.number("size", 0_usize).min(1 << 26));
    let mut text = String::new();
    for n in last_id(ex).saturating_add(1)..=until {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        text.clear();
        if args.flag("comment") {
            text.push_str(": comment\n");
        }
        if args.get("id") != Some("0") {
            text.push_str(&format!("id: {n}\n"));
        }
        if let Some(name) = args.get("event") {
            text.push_str(&format!("event: {name}\n"));
        }
        text.push_str(&format!("data: event {n}{filling}\n"));
        for line in 1..args.number("lines", 1) {
            text.push_str(&format!("data: line {line}\n"));
        }
        text.push('\n');
        ex.chunk(text.as_bytes()).await?;
    }
    Ok(())
}

/// `end=close|abort|reset|stall` in place of the end that is usual.
async fn finish(ex: &mut Exchange<'_>, args: &Args, usual: Next) -> io::Result<Next> {
    if args.get("end") == Some("stall") {
        return ex.stall().await;
    }
    match ending(args, usual) {
        Next::Keep => ex.end(&[]).await,
        next => Ok(next),
    }
}

/// These very bytes: `hex=`, `body=` or what was posted to `slot=`; in pieces of `chunk_size=` or split at the offsets
/// `splits=3,10`, with `delay_ms=` between.
async fn raw(ex: &mut Exchange<'_>, args: &Args) -> io::Result<Next> {
    let given = match (args.get("hex"), args.get("slot")) {
        (Some(hex), _) => from_hex(hex),
        (_, Some(slot)) => lock(&ex.state.slots).get(slot).cloned(),
        _ => Some(args.get("body").unwrap_or_default().as_bytes().to_vec()),
    };
    let Some(bytes) = given else {
        return super::bad_request(ex, "hex was not hexadecimal, or nothing was posted to the slot").await;
    };
    let size = args.number("chunk_size", usize::MAX).max(1);
    let mut ends: Vec<usize> = match args.get("splits") {
        Some(list) => list.split(',').filter_map(|text| text.parse().ok()).collect(),
        None => (1..=bytes.len() / size).map(|n| n * size).collect(),
    };
    ends.push(bytes.len());
    begin(ex, args).await?;
    let mut from = 0;
    for end in ends {
        let end = end.clamp(from, bytes.len());
        ex.chunk(&bytes[from..end]).await?;
        tokio::time::sleep(Duration::from_millis(args.number("delay_ms", 0))).await;
        from = end;
    }
    finish(ex, args, Next::Keep).await
}
