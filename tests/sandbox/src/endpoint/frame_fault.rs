//! Faults of HTTP/2: `/fault/h2/...`, and what the faults of HTTP/1 become over HTTP/2.

use std::io;
use std::time::Duration;

use serde_json::json;

use super::fault::ending;
use super::{bad_frame, bad_request, from_hex, header_bytes, not_found, size};
use crate::exchange::{Exchange, Next, Reply};
use crate::h2::frame::{self, kind, setting};
use crate::h2::{put_field, put_status};
use crate::request::Args;

/// The highest stream number: GOAWAY with it says that more may come (RFC 9113 section 6.8).
const LAST_STREAM: u32 = 0x7fff_ffff;

/// `/fault/KIND` over HTTP/2.
pub async fn counterpart(ex: &mut Exchange<'_>, words: &[&str]) -> io::Result<Next> {
    let args = ex.request.args();
    let [kind] = words else { return not_found(ex).await };
    let length: u64 = args.number("length", 100);
    let Some(stream) = ex.stream() else { return not_found(ex).await };
    let text = ("content-type".to_owned(), b"text/plain".to_vec());
    let lengths = |values: &[&str]| {
        let mut fields = vec![text.clone()];
        fields.extend(values.iter().map(|value| ("content-length".to_owned(), value.as_bytes().to_vec())));
        fields
    };
    match *kind {
        "reset" => Ok(Next::Reset),
        "close" => Ok(Next::Abort),
        "stall" => ex.stall().await,
        "reset-after-head" => {
            stream.head(200, &lengths(&["100"]), false).await?;
            Ok(Next::Reset)
        }
        "truncate" => {
            stream.head(200, &lengths(&[&length.to_string()]), false).await?;
            stream.data(&size::alphabet(0, args.number("sent", 50_u64).min(1 << 30)), false).await?;
            if args.get("end") == Some("rst") {
                stream.reset(frame::error::INTERNAL_ERROR);
                return Ok(Next::Keep);
            }
            Ok(ending(&args, Next::Abort))
        }
        "stall-body" => {
            stream.head(200, &lengths(&[&length.to_string()]), false).await?;
            stream.data(&size::alphabet(0, args.number("sent", 10)), false).await?;
            ex.stall().await
        }
        "slow-drip" => {
            let pause = Duration::from_millis(args.number("interval_ms", 10));
            stream.head(200, &lengths(&["6"]), false).await?;
            for byte in b"slowly" {
                tokio::time::sleep(pause).await;
                stream.data(&[*byte], false).await?;
            }
            Ok(Next::Keep)
        }
        "endless-headers" => {
            let mut block = Vec::new();
            put_status(&mut block, 200);
            for n in 0..100 {
                put_field(&mut block, format!("x-endless-{n}").as_bytes(), b"and on");
            }
            let mut out = Vec::new();
            frame::put(&mut out, kind::HEADERS, 0, stream.id(), &block);
            stream.raw(&out).await?;
            let rest = &block[1..];
            for _ in 0..args.number("max", u64::MAX).div_ceil(100) {
                out.clear();
                frame::put(&mut out, kind::CONTINUATION, 0, stream.id(), rest);
                stream.raw(&out).await?;
            }
            Ok(Next::Abort)
        }
        "huge-header" => {
            let mut fields = lengths(&["3"]);
            fields.push(("x-huge".to_owned(), vec![b'h'; args.number("size", 1 << 20).min(1 << 30)]));
            answer(ex, &fields, b"ok\n").await
        }
        "many-headers" => {
            let mut fields = lengths(&["3"]);
            let count: u64 = args.number("n", 1000);
            fields.extend((0..count.min(1 << 20)).map(|n| (format!("x-many-{n}"), n.to_string().into_bytes())));
            answer(ex, &fields, b"ok\n").await
        }
        "lying-length" => answer(ex, &lengths(&["5"]), b"hello, this is more than five bytes\n").await,
        "two-lengths" => answer(ex, &lengths(&["3", "6"]), b"ok\nno\n").await,
        "same-lengths" => answer(ex, &lengths(&["3", "3"]), b"ok\n").await,
        "bad-length" => answer(ex, &lengths(&["three"]), b"ok\n").await,
        "negative-length" => answer(ex, &lengths(&["-1"]), b"ok\n").await,
        "te-and-length" => {
            let mut fields = lengths(&["3"]);
            fields.push(("transfer-encoding".to_owned(), b"chunked".to_vec()));
            answer(ex, &fields, b"ok\n").await
        }
        "body-on-204" => {
            stream.head(204, &lengths(&["3"]), false).await?;
            stream.data(b"ok\n", true).await?;
            Ok(Next::Keep)
        }
        "early-413" => early_413(ex, &args).await,
        "close-idle" => {
            ex.send(Reply::text("closing without a word\n")).await?;
            Ok(ending(&args, Next::Close))
        }
        "close-on-next" => {
            ex.send(Reply::text("the next request will not be answered\n")).await?;
            let Some(stream) = ex.stream() else { return Ok(Next::Abort) };
            let id = stream.id();
            stream.until(|core| core.highest > id).await;
            Ok(ending(&args, Next::Abort))
        }
        _ => ex.only_http1().await,
    }
}

/// A head with exactly these fields, and a body.
async fn answer(ex: &mut Exchange<'_>, fields: &[(String, Vec<u8>)], body: &[u8]) -> io::Result<Next> {
    if let Some(stream) = ex.stream() {
        stream.head(200, fields, false).await?;
        stream.data(body, true).await?;
    }
    Ok(Next::Keep)
}

/// An answer before the body was read. `close=1` resets the stream with NO_ERROR after it (RFC 9113 section 8.1),
/// `close=0` reads no more, `linger=1` reads the rest.
async fn early_413(ex: &mut Exchange<'_>, args: &Args) -> io::Result<Next> {
    let wanted: usize = args.number("read", 0);
    let (mut data, mut raw) = (Vec::new(), Vec::new());
    while data.len() < wanted && ex.read_piece(&mut data, &mut raw).await? {}
    ex.send(Reply::text("too much\n").status(413)).await?;
    let Some(stream) = ex.stream() else { return Ok(Next::Keep) };
    if args.get("close") == Some("0") {
        stream.starve();
        let _ = tokio::time::timeout(Duration::from_secs(args.number("seconds", 3600)), stream.over()).await;
    } else if !args.flag("linger") {
        stream.reset(frame::error::NO_ERROR);
    }
    Ok(Next::Keep)
}

/// `/fault/h2/KIND`.
pub async fn serve(ex: &mut Exchange<'_>, words: &[&str]) -> io::Result<Next> {
    let args = ex.request.args();
    let Some(stream) = ex.stream() else {
        return ex.send(Reply::text("this fault needs HTTP/2\n").status(501)).await;
    };
    let Some(code) = frame::error_code(args.get("code").unwrap_or("NO_ERROR")) else {
        return bad_request(ex, "the code was not an error code of HTTP/2").await;
    };
    // Waits until so many later streams were begun on this connection, so that they are in flight.
    let later = stream.id().saturating_add(2 * args.number::<u32>("wait", 0));
    stream.until(|core| core.highest >= later).await;
    tokio::time::sleep(Duration::from_millis(args.number("delay_ms", 0))).await;
    match words {
        ["goaway"] => goaway(ex, &args, code).await,
        ["rst"] => rst(ex, &args).await,
        ["drop"] => Ok(ending(&args, Next::Reset)),
        ["settings"] => settings(ex, &args).await,
        ["ping"] => {
            let count: u64 = args.number("count", 1);
            let before = stream.acks();
            for n in 0..count.min(10_000) {
                let mut out = Vec::new();
                frame::put(&mut out, kind::PING, 0, 0, &n.to_be_bytes());
                stream.raw(&out).await?;
            }
            stream.until(|core| core.acks >= before + count).await;
            ex.send(Reply::json(&json!({ "answered": count }))).await
        }
        ["silence"] => {
            stream.silence(args.get("read") != Some("0"));
            std::future::pending().await
        }
        ["no-window"] => {
            stream.starve();
            ex.stall().await
        }
        ["short-body"] => {
            let length = args.number("length", 100_u64).to_string();
            stream.head(200, &[("content-length".to_owned(), length.into_bytes())], false).await?;
            stream.data(&size::alphabet(0, args.number("sent", 50)), true).await?;
            Ok(Next::Keep)
        }
        ["no-body"] => {
            // END_STREAM on the head, although a length was told.
            stream.head(200, &[("content-length".to_owned(), b"100".to_vec())], true).await?;
            Ok(Next::Keep)
        }
        ["flood"] => flood(ex, &args).await,
        ["frame"] => {
            let bytes = args.get("hex").map_or(Some(Vec::new()), from_hex);
            let Some(payload) = bytes else { return bad_request(ex, "hex was not hexadecimal").await };
            let id = if args.get("stream") == Some("self") { stream.id() } else { args.number("stream", 0) };
            let mut out = Vec::new();
            frame::put(&mut out, args.number("type", 0xff), args.number("flags", 0), id, &payload);
            stream.raw(&out).await?;
            after(ex, &args).await
        }
        ["bad-head"] => bad_frame::head(ex, &args).await,
        ["bad-frame"] => bad_frame::frames(ex, &args).await,
        _ => not_found(ex).await,
    }
}

/// What follows a fault that is frames: `?then=answer|stall|forget|close|abort|reset`.
pub async fn after(ex: &mut Exchange<'_>, args: &Args) -> io::Result<Next> {
    match args.get("then") {
        Some("stall") => ex.stall().await,
        Some("forget") => {
            if let Some(stream) = ex.stream() {
                stream.forget();
            }
            Ok(Next::Keep)
        }
        Some("close") => Ok(Next::Close),
        Some("abort") => Ok(Next::Abort),
        Some("reset") => Ok(Next::Reset),
        _ => ex.send(Reply::text("after the fault\n")).await,
    }
}

/// GOAWAY: `last=self|max|N` or `processed=0`; `answer=before|after|no`; `graceful=1`; `drain=0`; `end=`.
async fn goaway(ex: &mut Exchange<'_>, args: &Args, code: u32) -> io::Result<Next> {
    let Some(stream) = ex.stream() else { return Ok(Next::Keep) };
    let processed = args.get("processed") != Some("0");
    let last = match args.get("last") {
        Some("max") => LAST_STREAM,
        Some(text) if text != "self" => text.parse().unwrap_or(0),
        _ if processed => stream.id(),
        _ => stream.id().saturating_sub(2),
    };
    let debug = header_bytes(args.get("debug").unwrap_or_default());
    if args.flag("graceful") {
        stream.goaway(LAST_STREAM, frame::error::NO_ERROR, b"", false);
        let before = stream.acks();
        let mut out = Vec::new();
        frame::put(&mut out, kind::PING, 0, 0, b"goaway..");
        stream.raw(&out).await?;
        stream.until(|core| core.acks > before).await;
    }
    let order = args.get("answer").unwrap_or(if processed { "after" } else { "no" });
    if order == "before" {
        ex.send(Reply::text("answered before GOAWAY\n")).await?;
    }
    let Some(stream) = ex.stream() else { return Ok(Next::Keep) };
    stream.goaway(last, code, &debug, args.get("drain") != Some("0"));
    match order {
        "after" => {
            ex.send(Reply::text("answered after GOAWAY\n")).await?;
        }
        "before" => {}
        _ => stream.forget(),
    }
    Ok(ending(args, Next::Keep))
}

/// RST_STREAM: `code=`, `at=start|head|body|end`, `length=`, `sent=`.
async fn rst(ex: &mut Exchange<'_>, args: &Args) -> io::Result<Next> {
    let Some(code) = frame::error_code(args.get("code").unwrap_or("CANCEL")) else { return Ok(Next::Keep) };
    let sent = args.number("sent", 10);
    let Some(stream) = ex.stream() else { return Ok(Next::Keep) };
    let length = args.number("length", 100_u64).to_string().into_bytes();
    let fields = [("content-length".to_owned(), length)];
    match args.get("at") {
        Some("head") => stream.head(200, &fields, false).await?,
        Some("body") => {
            stream.head(200, &fields, false).await?;
            stream.data(&size::alphabet(0, sent), false).await?;
        }
        Some("end") => {
            ex.send(Reply::text("whole\n").status(args.number("status", 200))).await?;
        }
        _ => {}
    }
    if let Some(stream) = ex.stream() {
        stream.reset(code);
    }
    Ok(Next::Keep)
}

/// SETTINGS in mid-connection, answered when the client acknowledged them.
async fn settings(ex: &mut Exchange<'_>, args: &Args) -> io::Result<Next> {
    let names = [
        ("header_table", setting::HEADER_TABLE_SIZE),
        ("push", setting::ENABLE_PUSH),
        ("max_concurrent", setting::MAX_CONCURRENT_STREAMS),
        ("window", setting::INITIAL_WINDOW_SIZE),
        ("max_frame", setting::MAX_FRAME_SIZE),
        ("max_header_list", setting::MAX_HEADER_LIST_SIZE),
    ];
    let mut sent: Vec<(u16, u32)> =
        names.iter().filter_map(|(name, id)| Some((*id, args.get(name)?.parse().ok()?))).collect();
    if let (Some(id), Some(value)) = (args.get("id"), args.get("value")) {
        sent.extend(id.parse().ok().zip(value.parse().ok()));
    }
    let Some(stream) = ex.stream() else { return Ok(Next::Keep) };
    let before = stream.acks();
    let mut out = Vec::new();
    frame::put_settings(&mut out, &sent);
    for (_, window) in sent.iter().filter(|(id, _)| *id == setting::INITIAL_WINDOW_SIZE) {
        stream.announce_window(*window);
    }
    stream.raw(&out).await?;
    stream.until(|core| core.acks > before).await;
    ex.send(Reply::json(&json!({ "acknowledged": sent }))).await
}

/// Many small frames of one type: `type=ping|settings|data|window|priority|rst|unknown`, `count=`.
async fn flood(ex: &mut Exchange<'_>, args: &Args) -> io::Result<Next> {
    let Some(stream) = ex.stream() else { return Ok(Next::Keep) };
    let id = stream.id();
    let mut one = Vec::new();
    match args.get("type") {
        Some("settings") => frame::put_settings(&mut one, &[]),
        Some("data") => {
            stream.head(200, &[], false).await?;
            frame::put(&mut one, kind::DATA, 0, id, b"");
        }
        Some("window") => frame::put_window(&mut one, 0, 1),
        Some("priority") => frame::put(&mut one, kind::PRIORITY, 0, id, &[0, 0, 0, 0, 16]),
        Some("rst") => frame::put_reset(&mut one, id, frame::error::NO_ERROR),
        Some("unknown") => frame::put(&mut one, 0xee, 0xff, id, b"whatever"),
        Some("ping") | None => frame::put(&mut one, kind::PING, 0, 0, b"flooding"),
        _ => return bad_request(ex, "the type was not known").await,
    }
    let block = one.repeat(100);
    for _ in 0..args.number("count", 10_000_u64).div_ceil(100) {
        stream.raw(&block).await?;
    }
    if args.get("type") == Some("data") {
        stream.data(b"after the flood\n", true).await?;
        return Ok(Next::Keep);
    }
    after(ex, args).await
}
