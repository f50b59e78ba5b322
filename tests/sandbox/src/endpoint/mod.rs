//! The endpoints, by path. A path's first segment picks the file; the rest are its arguments.

mod auth;
mod bad_frame;
mod bad_message;
mod coding;
mod control;
mod cookie;
pub mod digest;
mod echo;
mod event_stream;
mod fault;
mod form;
mod frame_fault;
mod message;
mod range;
mod redirect;
mod size;
mod text;
mod timing;
mod websocket;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::exchange::{Exchange, Next, Reply};
use crate::ftrack;
use crate::request::{latin1, percent_decode, text_of};

/// Answers one request.
pub async fn serve(ex: &mut Exchange<'_>) -> io::Result<Next> {
    // The benches' path, kept free of everything else.
    if let Some(digits) = ex.request.path().strip_prefix(b"/size/") {
        let size = std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok());
        if let (Some(size), 0) = (size, ex.state.fault_count.load(std::sync::atomic::Ordering::Acquire)) {
            return size::serve(ex, size).await;
        }
    }
    // Boxed, because the union of all endpoints' states would be paid by every idle connection.
    Box::pin(serve_any(ex)).await
}

async fn serve_any(ex: &mut Exchange<'_>) -> io::Result<Next> {
    let path = latin1(ex.request.path());
    if let Some(fault) = ex.state.take_fault(&path).filter(|_| !path.starts_with("/_")) {
        match fault.how.as_str() {
            "delay" => tokio::time::sleep(Duration::from_secs_f64(fault.seconds.clamp(0.0, 3600.0))).await,
            "reset" => return Ok(Next::Reset),
            "close" => return Ok(Next::Abort),
            "stall" => return ex.stall().await,
            _ => {
                ex.read_body().await?;
                return ex.send(Reply::text("fault\n").status(fault.status)).await;
            }
        }
    }
    let segments: Vec<String> =
        path.trim_start_matches('/').split('/').map(|part| text_of(&percent_decode(part, false))).collect();
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    // These decide themselves whether and how the body is read.
    let lazy = matches!(
        words.as_slice(),
        ["upload" | "expect-fail" | "upgrade", ..] | ["fault", "early-413"] | ["fault", "h2", ..]
    ) || (matches!(words.as_slice(), ["storage", ..]) && ex.state.ftrack.is_some());
    if !lazy {
        ex.read_body().await?;
    }
    let state = Arc::clone(ex.state);
    if let Some(server) = &state.ftrack {
        match words.as_slice() {
            ["_ftrack", rest @ ..] => return ftrack::control(ex, server, rest).await,
            words if ftrack::owns(words) => return ftrack::serve(ex, server, words).await,
            _ => {}
        }
    }
    if let (["_mesh", rest @ ..], Some(server)) = (words.as_slice(), &state.mesh) {
        return crate::mesh::control(ex, server, rest).await;
    }
    match words.as_slice() {
        ["_log" | "_control" | "_connections" | "_h2", ..] => control::serve(ex, &words).await,
        [
            "" | "anything" | "get" | "post" | "put" | "patch" | "delete" | "head" | "options" | "headers" | "ip"
            | "user-agent" | "raw" | "upload" | "connection",
            ..,
        ] => echo::serve(ex, &words).await,
        [
            "status" | "response-headers" | "raw-head" | "http10" | "no-reason" | "early-hints" | "continue"
            | "expect-fail" | "upgrade" | "trailers" | "etag" | "cache",
            ..,
        ] => message::serve(ex, &words).await,
        ["cookies", rest @ ..] => cookie::serve(ex, rest).await,
        ["redirect" | "relative-redirect" | "absolute-redirect" | "redirect-to", ..] => {
            redirect::serve(ex, &words).await
        }
        ["basic-auth" | "hidden-basic-auth" | "bearer", ..] => auth::serve(ex, &words).await,
        ["digest-auth", rest @ ..] => digest::serve(ex, rest).await,
        ["delay" | "drip", ..] => timing::serve(ex, &words).await,
        ["bytes" | "stream-bytes" | "stream" | "size", ..] => size::serve_any(ex, &words).await,
        ["range", count] => range::serve(ex, count).await,
        ["gzip" | "deflate" | "deflate-raw" | "brotli" | "zstd" | "gzip-multi" | "encoded", ..] => {
            coding::serve(ex, words[0]).await
        }
        ["encoding" | "text" | "json" | "json-raw" | "html" | "xml" | "links" | "link-header" | "forms", ..] => {
            text::serve(ex, &words).await
        }
        ["fault", rest @ ..] => fault::serve(ex, rest).await,
        ["ws", rest @ ..] => websocket::serve(ex, rest).await,
        ["sse", rest @ ..] => event_stream::serve(ex, rest).await,
        ["flaky"] => fault::flaky(ex).await,
        _ => not_found(ex).await,
    }
}

/// 404 with the path in it.
pub async fn not_found(ex: &mut Exchange<'_>) -> io::Result<Next> {
    let path = latin1(ex.request.path());
    ex.send(Reply::text(format!("there is no endpoint {path}\n")).status(404)).await
}

/// 400 with the reason in it.
pub async fn bad_request(ex: &mut Exchange<'_>, why: &str) -> io::Result<Next> {
    ex.send(Reply::text(format!("{why}\n")).status(400)).await
}

/// Reads hexadecimal digits, spaces allowed between.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if !digits.is_ascii() || !digits.len().is_multiple_of(2) {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}

/// Lower-case hexadecimal digits.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The text as header bytes: characters of latin-1 as one byte each, others as UTF-8. CR and LF become spaces, so
/// that an argument cannot split the answer by mistake.
pub fn header_bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u8::try_from(c) {
            Ok(b'\r' | b'\n') => out.push(b' '),
            Ok(byte) if byte.is_ascii() => out.push(byte),
            _ => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out
}

/// Whether a Proxy-Authorization header is the one that the closed proxies want.
pub fn proxy_credentials_match(header: Option<&str>) -> bool {
    auth::basic_matches(header, crate::socks::USER, crate::socks::PASSWORD)
}
