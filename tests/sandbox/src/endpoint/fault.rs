//! Answers that break the rules, each in the one way of its name.

use std::io;
use std::time::Duration;

use serde_json::json;

use super::{frame_fault, not_found, size};
use crate::exchange::{Exchange, Next, Reply};
use crate::log::lock;
use crate::request::Args;

const HEAD: &str = "HTTP/1.1 200 OK\r\nServer: haft-sandbox\r\nContent-Type: text/plain\r\n";

/// How a fault ends its connection: `?end=close|abort|reset|keep`.
pub fn ending(args: &Args, default: Next) -> Next {
    match args.get("end") {
        Some("close") => Next::Close,
        Some("abort") => Next::Abort,
        Some("reset") => Next::Reset,
        Some("keep") => Next::Keep,
        _ => default,
    }
}

/// `/fault/...`.
pub async fn serve(ex: &mut Exchange<'_>, words: &[&str]) -> io::Result<Next> {
    let args = ex.request.args();
    if let ["h2", rest @ ..] = words {
        return frame_fault::serve(ex, rest).await;
    }
    if ex.request.h2 {
        return frame_fault::counterpart(ex, words).await;
    }
    let [kind] = words else { return not_found(ex).await };
    // Answers that are only bytes and an ending.
    if let Some((text, next)) = scripted(kind, &args) {
        return ex.send_raw(&text, ending(&args, next)).await;
    }
    match *kind {
        "reset" => Ok(Next::Reset),
        "close" => Ok(Next::Abort),
        "half-close" => {
            // Our side is shut, the client's stays open: its next write still succeeds.
            use tokio::io::AsyncWriteExt;
            if let Some(wire) = ex.wire() {
                wire.stream.shutdown().await?;
            }
            ex.stall().await
        }
        "stall" => ex.stall().await,
        "stall-body" => {
            let length: u64 = args.number("length", 100);
            let sent: u64 = args.number("sent", 10);
            ex.write(format!("{HEAD}Content-Length: {length}\r\n\r\n").as_bytes()).await?;
            ex.write(&size::alphabet(0, sent)).await?;
            ex.stall().await
        }
        "early-413" => early_413(ex, &args).await,
        "slow-drip" => {
            let pause = Duration::from_millis(args.number("interval_ms", 10));
            for byte in format!("{HEAD}Content-Length: 6\r\n\r\nslowly").as_bytes() {
                ex.write(&[*byte]).await?;
                tokio::time::sleep(pause).await;
            }
            Ok(Next::Keep)
        }
        "endless-headers" => {
            ex.write(HEAD.as_bytes()).await?;
            let most: u64 = args.number("max", u64::MAX);
            for block in 0..most.div_ceil(100) {
                let lines: String = (0..100).map(|n| format!("X-Endless-{}: and on\r\n", block * 100 + n)).collect();
                ex.write(lines.as_bytes()).await?;
            }
            Ok(Next::Abort)
        }
        "close-idle" => {
            ex.send(Reply::text("closing without a word\n")).await?;
            Ok(ending(&args, Next::Close))
        }
        "close-on-next" => {
            ex.send(Reply::text("the next request will not be answered\n")).await?;
            // Reading what comes makes the close a FIN; `?end=reset` asks for the RST.
            if let Some(wire) = ex.wire() {
                while wire.pending().is_empty() && wire.fill(64 << 10).await? > 0 {}
            }
            Ok(ending(&args, Next::Abort))
        }
        _ => not_found(ex).await,
    }
}

/// The faults that are a fixed sequence of bytes and then an ending.
fn scripted(kind: &str, args: &Args) -> Option<(Vec<u8>, Next)> {
    let text = |body: &str, next| Some((format!("{HEAD}{body}").into_bytes(), next));
    match kind {
        "reset-after-head" => text("Content-Length: 100\r\n\r\n", Next::Reset),
        "truncate" => {
            let length: u64 = args.number("length", 100);
            let sent: u64 = args.number("sent", 50);
            let mut out = format!("{HEAD}Content-Length: {length}\r\n\r\n").into_bytes();
            out.append(&mut size::alphabet(0, sent.min(1 << 30)));
            Some((out, Next::Abort))
        }
        "lying-length" => text("Content-Length: 5\r\n\r\nhello, this is more than five bytes\n", Next::Keep),
        "huge-header" => {
            let value = "h".repeat(args.number("size", 1 << 20).min(1 << 30));
            text(&format!("X-Huge: {value}\r\nContent-Length: 3\r\n\r\nok\n"), Next::Keep)
        }
        "many-headers" => {
            let count: u64 = args.number("n", 1000);
            let lines: String = (0..count.min(1 << 20)).map(|n| format!("X-Many-{n}: {n}\r\n")).collect();
            text(&format!("{lines}Content-Length: 3\r\n\r\nok\n"), Next::Keep)
        }
        "malformed-chunk" => {
            text("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\nworld\r\n0\r\n\r\n", Next::Close)
        }
        "truncated-chunk" => text("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n10\r\nhalf", Next::Abort),
        "missing-last-chunk" => text("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", Next::Abort),
        "bad-status-line" => {
            let line = args.get("line").unwrap_or("HTTP/1.1 abc what");
            Some((format!("{line}\r\nContent-Length: 3\r\n\r\nok\n").into_bytes(), Next::Close))
        }
        "truncated-head" => text("X-Cut: in the mid", Next::Abort),
        "folded-header" => {
            text("X-Folded: first\r\n  second\r\n\tthird\r\nX-After: 1\r\nContent-Length: 3\r\n\r\nok\n", Next::Keep)
        }
        "space-colon" => text("X-Space : v\r\nX-After: 1\r\nContent-Length: 3\r\n\r\nok\n", Next::Keep),
        "no-colon" => {
            text("X-Before: 1\r\nthis is no header\r\nX-After: 1\r\nContent-Length: 3\r\n\r\nok\n", Next::Keep)
        }
        "bare-lf" => {
            let head = "HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 3\n\nok\n";
            Some((head.as_bytes().to_vec(), Next::Close))
        }
        "two-lengths" => text("Content-Length: 3\r\nContent-Length: 6\r\n\r\nok\nno\n", Next::Close),
        "same-lengths" => text("Content-Length: 3\r\nContent-Length: 3\r\n\r\nok\n", Next::Keep),
        "bad-length" => text("Content-Length: three\r\n\r\nok\n", Next::Close),
        "negative-length" => text("Content-Length: -1\r\n\r\nok\n", Next::Close),
        "te-and-length" => {
            text("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nok\nyes\r\n0\r\n\r\n", Next::Close)
        }
        "garbage-after" => text("Content-Length: 3\r\n\r\nok\n\0\u{1}garbage after the answer\r\n\r\n", Next::Keep),
        "body-on-204" => Some((b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nok\n".to_vec(), Next::Close)),
        _ => None,
    }
}

/// Answers before the body was read; `read` bytes of it are taken first. With `close=0` the rest is never read and
/// the connection stays open; else it is closed, which the kernel turns into RST while bytes are unread
/// (`linger=1`: the rest is read for a while first, as careful servers do).
async fn early_413(ex: &mut Exchange<'_>, args: &Args) -> io::Result<Next> {
    let wanted: usize = args.number("read", 0);
    let (mut data, mut raw) = (Vec::new(), Vec::new());
    while data.len() < wanted && ex.read_piece(&mut data, &mut raw).await? {}
    let stay = args.get("close") == Some("0");
    if !stay {
        ex.close_after();
    }
    ex.send(Reply::text("too much\n").status(413)).await?;
    if stay {
        // Nothing is read any more: a client that goes on sending is stopped by full buffers.
        tokio::time::sleep(Duration::from_secs(args.number("seconds", 3600))).await;
        return Ok(Next::Abort);
    }
    Ok(if args.flag("linger") { Next::Close } else { Next::Abort })
}

/// `/flaky?key=K&fail=N`: the first N requests of a key fail.
pub async fn flaky(ex: &mut Exchange<'_>) -> io::Result<Next> {
    let args = ex.request.args();
    let attempt = {
        let mut counts = lock(&ex.state.flaky);
        let count = counts.entry(args.get("key").unwrap_or_default().to_owned()).or_insert(0);
        *count += 1;
        *count
    };
    if attempt > args.number("fail", 1) {
        return ex.send(Reply::json(&json!({ "attempt": attempt }))).await;
    }
    match args.get("how") {
        Some("reset") => Ok(Next::Reset),
        Some("close") => Ok(Next::Abort),
        Some("stall") => ex.stall().await,
        _ => {
            let mut reply = Reply::json(&json!({ "attempt": attempt })).status(args.number("code", 503));
            if let Some(wait) = args.get("retry_after") {
                reply = reply.header("Retry-After", super::header_bytes(wait));
            }
            ex.send(reply).await
        }
    }
}
