//! Frames and header blocks of HTTP/2 that break one rule each: `/fault/h2/bad-head?kind=`,
//! `/fault/h2/bad-frame?kind=`.

use std::io;

use super::frame_fault::after;
use super::{bad_request, from_hex};
use crate::exchange::{Exchange, Next};
use crate::h2::frame::{self, flag, kind, setting};
use crate::h2::{put_field, put_status};
use crate::request::Args;

/// Heads that are malformed (RFC 9113 sections 8.1 to 8.3): a stream error, the connection goes on. `kind=field`
/// sends `name=` and `value=` (or `name_hex=`, `value_hex=`) as they are.
pub async fn head(ex: &mut Exchange<'_>, args: &Args) -> io::Result<Next> {
    let mut block = Vec::new();
    let kind = args.get("kind").unwrap_or_default();
    if !matches!(kind, "no-status" | "bad-status" | "empty-status" | "status-late") {
        put_status(&mut block, if kind == "status-101" { 101 } else { 200 });
    }
    let mut field = |name: &str, value: &[u8]| put_field(&mut block, name.as_bytes(), value);
    match kind {
        "uppercase" => field("X-Upper", b"1"),
        "connection" => field("connection", b"close"),
        "keep-alive" => field("keep-alive", b"timeout=5"),
        "transfer-encoding" => field("transfer-encoding", b"chunked"),
        "upgrade" => field("upgrade", b"h3"),
        "te" => field("te", b"gzip"),
        "no-status" => field("x-only", b"1"),
        "two-status" => field(":status", b"201"),
        "bad-status" => field(":status", b"2x0"),
        "empty-status" => field(":status", b""),
        "status-late" => {
            field("x-early", b"1");
            field(":status", b"200");
        }
        "unknown-pseudo" => field(":unknown", b"1"),
        "request-pseudo" => field(":path", b"/"),
        "crlf" => field("x-split", b"a\r\nx-smuggled: b"),
        "lf" => field("x-split", b"a\nb"),
        "nul" => field("x-nul", b"a\0b"),
        "space" => field("x-space", b" a "),
        "empty-name" => field("", b"1"),
        "name-space" => field("x y", b"1"),
        "name-colon" => field("x:y", b"1"),
        "status-101" | "interim-end" | "trailers-pseudo" | "trailers-open" => {}
        "field" => {
            let part = |text: &str, hex: &str| match args.get(hex) {
                Some(digits) => from_hex(digits).unwrap_or_default(),
                None => args.get(text).unwrap_or_default().as_bytes().to_vec(),
            };
            put_field(&mut block, &part("name", "name_hex"), &part("value", "value_hex"));
        }
        _ => return bad_request(ex, "the kind was not known").await,
    }
    let Some(stream) = ex.stream() else { return Ok(Next::Keep) };
    match kind {
        "interim-end" => {
            stream.head(103, &[], true).await?;
            return Ok(Next::Keep);
        }
        "trailers-pseudo" | "trailers-open" => {
            stream.block(&block, false).await?;
            stream.data(b"ok\n", false).await?;
            let mut trailers = Vec::new();
            match kind {
                "trailers-pseudo" => put_status(&mut trailers, 200),
                _ => put_field(&mut trailers, b"x-trailer", b"1"),
            }
            stream.block(&trailers, kind == "trailers-pseudo").await?;
        }
        _ => {
            stream.block(&block, false).await?;
            stream.data(b"ok\n", true).await?;
        }
    }
    Ok(Next::Keep)
}

/// Frames that break a rule; most of them end the connection (RFC 9113 section 5.4.1). What follows is told by
/// `?then=`, as for `/fault/h2/frame`.
pub async fn frames(ex: &mut Exchange<'_>, args: &Args) -> io::Result<Next> {
    let Some(stream) = ex.stream() else { return Ok(Next::Keep) };
    let id = stream.id();
    let bad = args.get("kind").unwrap_or_default();
    // A stream that the client could begin and did not: RFC 9113 calls it idle.
    let idle = id.saturating_add(1000);
    let mut ok = Vec::new();
    put_status(&mut ok, 200);
    let mut out = Vec::new();
    let put = &mut out;
    let whole = |put: &mut Vec<u8>| {
        frame::put_headers(put, id, &ok, false, 16 << 10);
        frame::put(put, kind::DATA, flag::END_STREAM, id, b"ok\n");
    };
    let mut over = false;
    match bad {
        "data-before-head" => frame::put(put, kind::DATA, 0, id, b"early"),
        "data-after-end" => {
            whole(put);
            frame::put(put, kind::DATA, 0, id, b"late");
            over = true;
        }
        "head-after-end" => {
            whole(put);
            frame::put_headers(put, id, &ok, true, 16 << 10);
            over = true;
        }
        "data-on-idle" => frame::put(put, kind::DATA, 0, idle, b"idle"),
        "head-on-idle" => frame::put_headers(put, idle, &ok, true, 16 << 10),
        "data-on-zero" => frame::put(put, kind::DATA, 0, 0, b"zero"),
        "rst-idle" => frame::put_reset(put, idle, 8),
        "rst-zero" => frame::put_reset(put, 0, 8),
        "rst-length" => frame::put(put, kind::RST_STREAM, 0, id, &[0, 0, 8]),
        "settings-length" => frame::put(put, kind::SETTINGS, 0, 0, &[0, 3, 0, 0, 0]),
        "settings-on-stream" => frame::put(put, kind::SETTINGS, 0, id, &[]),
        "settings-ack-payload" => frame::put(put, kind::SETTINGS, flag::ACK, 0, &[0, 3, 0, 0, 0, 1]),
        "settings-push" => frame::put_settings(put, &[(setting::ENABLE_PUSH, 1)]),
        "settings-push-range" => frame::put_settings(put, &[(setting::ENABLE_PUSH, 2)]),
        "settings-window" => frame::put_settings(put, &[(setting::INITIAL_WINDOW_SIZE, 0x8000_0000)]),
        "settings-frame" => frame::put_settings(put, &[(setting::MAX_FRAME_SIZE, 100)]),
        "settings-unasked-ack" => frame::put(put, kind::SETTINGS, flag::ACK, 0, &[]),
        "ping-length" => frame::put(put, kind::PING, 0, 0, b"short"),
        "ping-on-stream" => frame::put(put, kind::PING, 0, id, b"12345678"),
        "ping-unasked-ack" => frame::put(put, kind::PING, flag::ACK, 0, b"unasked."),
        "goaway-on-stream" => frame::put(put, kind::GOAWAY, 0, id, &[0; 8]),
        "goaway-length" => frame::put(put, kind::GOAWAY, 0, 0, &[0; 7]),
        "window-zero" => frame::put_window(put, 0, 0),
        "window-zero-stream" => frame::put_window(put, id, 0),
        "window-length" => frame::put(put, kind::WINDOW_UPDATE, 0, 0, &[0, 0, 1]),
        "window-overflow" => frame::put_window(put, 0, 0x7fff_ffff),
        "window-overflow-stream" => frame::put_window(put, id, 0x7fff_ffff),
        "priority-length" => frame::put(put, kind::PRIORITY, 0, id, &[0; 4]),
        "push-promise" => {
            let mut payload = 2_u32.to_be_bytes().to_vec();
            for (name, value) in [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "h")] {
                put_field(&mut payload, name.as_bytes(), value.as_bytes());
            }
            frame::put(put, kind::PUSH_PROMISE, flag::END_HEADERS, id, &payload);
        }
        "continuation-alone" => frame::put(put, kind::CONTINUATION, flag::END_HEADERS, id, &ok),
        "interrupted-block" => {
            frame::put(put, kind::HEADERS, 0, id, &ok);
            frame::put(put, kind::PING, 0, 0, b"between!");
        }
        // One byte more than the 16384 that every client takes by default.
        "too-large" => frame::put(put, kind::DATA, 0, id, &vec![b'x'; args.number("size", (16 << 10) + 1)]),
        "padding" => frame::put(put, kind::DATA, flag::PADDED, id, &[200, b'x']),
        "hpack-index" => frame::put_headers(put, id, &[0xff, 0x70], true, 16 << 10),
        "hpack-huffman" => frame::put_headers(put, id, &[0x88, 0, 1, b'x', 0x81, 0], true, 16 << 10),
        "hpack-size" => frame::put_headers(put, id, &[0x3f, 0xe1, 0xff, 0x7f, 0x88], true, 16 << 10),
        "hpack-cut" => frame::put_headers(put, id, &[0x88, 0, 5, b'x'], true, 16 << 10),
        // More than any window allows that the client has opened, in frames of allowed size.
        "exceed-window" => {
            frame::put_headers(put, id, &ok, false, 16 << 10);
            for _ in 0..args.number("frames", 2048_u32).min(1 << 17) {
                frame::put(put, kind::DATA, 0, id, &[b'x'; 16 << 10]);
            }
        }
        "http1" => put.extend_from_slice(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
        // These break no rule: a client must go on.
        "unknown-type" => frame::put(put, 0xee, 0xff, id, b"to be ignored"),
        "unknown-setting" => frame::put_settings(put, &[(0x7777, 1)]),
        "priority" => frame::put(put, kind::PRIORITY, 0, id, &[0, 0, 0, 0, 16]),
        "padded" => {
            frame::put_headers(put, id, &ok, false, 16 << 10);
            frame::put(put, kind::DATA, flag::PADDED | flag::END_STREAM, id, &[4, b'o', b'k', b'\n', 0, 0, 0, 0]);
            over = true;
        }
        "empty-end" => {
            frame::put_headers(put, id, &ok, false, 16 << 10);
            frame::put(put, kind::DATA, 0, id, b"ok\n");
            frame::put(put, kind::DATA, flag::END_STREAM, id, b"");
            over = true;
        }
        _ => return bad_request(ex, "the kind was not known").await,
    }
    stream.raw(&out).await?;
    if over {
        stream.close_own();
        return Ok(Next::Keep);
    }
    after(ex, args).await
}
