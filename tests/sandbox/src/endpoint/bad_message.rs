//! `/ws/bad?kind=`: frames of WebSocket that break one rule each. What the client does about it is in the log: its
//! close frame with the code.

use std::io;

use super::bad_request;
use crate::exchange::{Exchange, Next};
use crate::request::Args;
use crate::websocket::{Shape, Wish, bomb, close_payload, opcode, put, upgrade};

const KINDS: [&str; 27] = [
    "masked",
    "reserved",
    "opcode",
    "control-opcode",
    "utf8",
    "utf8-fragment",
    "utf8-surrogate",
    "oversized",
    "oversized-fragments",
    "huge-length",
    "length-msb",
    "length-form",
    "control-long",
    "control-fragmented",
    "close-1",
    "close-code",
    "close-utf8",
    "after-close",
    "continuation",
    "interleaved",
    "mid-frame",
    "rsv-without-extension",
    "rsv-control",
    "rsv-continuation",
    "deflate-garbage",
    "bomb",
    "http",
];

/// Sends the frames after a good handshake, and waits for the client's close or the end.
pub async fn serve(ex: &mut Exchange<'_>, args: &Args) -> io::Result<Next> {
    let kind = args.get("kind").unwrap_or_default().to_owned();
    if !KINDS.contains(&kind.as_str()) {
        return bad_request(ex, "the kind was not known").await;
    }
    let needs_deflate = matches!(kind.as_str(), "deflate-garbage" | "bomb" | "rsv-control" | "rsv-continuation");
    let plain = !needs_deflate && args.get("deflate").is_none();
    let wish = Wish { plain, needs_deflate, ..Wish::default() };
    let Some(mut socket) = upgrade(ex, wish, |_| ()).await? else { return Ok(Next::Close) };
    let (text, more) = (Shape::whole(opcode::TEXT), Shape::whole(opcode::CONTINUATION));
    let size: usize = args.number("size", 64 << 20);
    let mut out = Vec::new();
    let put = &mut |shape: Shape, payload: &[u8]| put(&mut out, shape, payload);
    match kind.as_str() {
        "reserved" => put(text.reserved(args.number("bits", 2)), b"reserved bits"),
        "opcode" => put(Shape::whole(args.number::<u8>("opcode", 3) & 15), b"unknown"),
        "control-opcode" => put(Shape::whole(11), b"unknown"),
        "utf8" => put(text, b"bad \xff\xfe text"),
        "utf8-fragment" => {
            put(text.open(), b"half \xe2\x82");
            put(more, b"A after");
        }
        "utf8-surrogate" => put(text, b"\xed\xa0\x80"),
        "oversized" => put(Shape::whole(opcode::BINARY), &vec![b'x'; size.min(1 << 30)]),
        "control-long" => put(Shape::whole(opcode::PING), &[b'p'; 126]),
        "control-fragmented" => {
            put(Shape::whole(opcode::PING).open(), b"half");
            put(more, b"half");
        }
        "close-1" => put(Shape::whole(opcode::CLOSE), b"\x03"),
        "close-code" => put(Shape::whole(opcode::CLOSE), &close_payload(args.number("code", 1005), "")),
        "close-utf8" => put(Shape::whole(opcode::CLOSE), b"\x03\xe8\xff\xff"),
        "after-close" => {
            put(Shape::whole(opcode::CLOSE), &close_payload(1000, ""));
            put(text, b"too late");
        }
        "continuation" => put(more, b"of nothing"),
        "interleaved" => {
            put(text.open(), b"first");
            put(text, b"second");
        }
        "rsv-without-extension" => put(text.reserved(4), &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]),
        "rsv-control" => put(Shape::whole(opcode::PING).reserved(4), b"ping"),
        "rsv-continuation" => {
            put(text.open(), b"first");
            put(more.reserved(4), b"second");
        }
        "deflate-garbage" => put(text.reserved(4), &[0xff; 40]),
        "bomb" => put(Shape::whole(opcode::BINARY).reserved(4), &bomb(args.number("size", 256 << 20))?),
        _ => {}
    }
    match kind.as_str() {
        "masked" => {
            // RFC 6455 section 5.7 has this very frame as a client's.
            out.extend_from_slice(&[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
        }
        "huge-length" | "length-msb" => {
            let length = if kind == "length-msb" { 1 << 63 | 5 } else { args.number("length", (1_u64 << 63) - 1) };
            out.extend_from_slice(&[Shape::whole(opcode::BINARY).byte(), 127]);
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(b"begun");
        }
        // Five bytes in the form for more than 125.
        "length-form" => out.extend_from_slice(&[0x81, 126, 0, 5, b'H', b'e', b'l', b'l', b'o']),
        "mid-frame" => {
            out.extend_from_slice(&[0x81, 100]);
            out.extend_from_slice(b"only a part");
        }
        "http" => out.extend_from_slice(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"),
        _ => {}
    }
    socket.raw(&out).await?;
    if kind == "mid-frame" {
        return Ok(Next::Abort);
    }
    if kind == "oversized-fragments" {
        // Each frame is small, the message is not.
        let piece = vec![b'x'; 64 << 10];
        for at in 0..size.div_ceil(piece.len()) {
            let mut frame = Vec::with_capacity(piece.len() + 16);
            let shape = if at == 0 { Shape::whole(opcode::BINARY) } else { more };
            crate::websocket::put(&mut frame, shape.open(), &piece);
            socket.raw(&frame).await?;
        }
    }
    socket.await_close().await?;
    Ok(Next::Close)
}
