//! Bodies of a given size.

use std::io;
use std::io::Write as _;
use std::sync::LazyLock;

use serde_json::json;

use super::{bad_request, not_found};
use crate::exchange::{Exchange, Next, Reply};

/// The alphabet over and over; its size is a multiple of 26, so that blocks join without a seam.
static BLOCK: LazyLock<Vec<u8>> = LazyLock::new(|| (b'a'..=b'z').cycle().take(26 * 2520).collect());

/// Bytes `from..to` of the endless alphabet.
pub fn alphabet(from: u64, to: u64) -> Vec<u8> {
    let skip = usize::try_from(from % 26).unwrap_or(0);
    let count = usize::try_from(to.saturating_sub(from)).unwrap_or(0);
    BLOCK.iter().copied().cycle().skip(skip).take(count).collect()
}

/// `/size/N`: the alphabet, with nothing in the way of speed.
pub async fn serve(ex: &mut Exchange<'_>, size: u64) -> io::Result<Next> {
    if !ex.body_is_done() {
        ex.read_body().await?;
    }
    if ex.request.h2 {
        let reply = Reply::new(200).header("Content-Type", "application/octet-stream");
        ex.send_head(&reply, size).await?;
        if ex.is_head() {
            return Ok(Next::Keep);
        }
        return write_alphabet(ex, size).await;
    }
    let next = ex.next();
    let first = usize::try_from(size).unwrap_or(usize::MAX).min(BLOCK.len());
    let mut out = Vec::with_capacity(160 + first);
    out.extend_from_slice(b"HTTP/1.1 200 OK\r\nServer: haft-sandbox\r\nContent-Type: application/octet-stream\r\n");
    write!(out, "Content-Length: {size}\r\n")?;
    match (next, ex.request.minor) {
        (Next::Keep, 1) => {}
        (Next::Keep, _) => out.extend_from_slice(b"Connection: keep-alive\r\n"),
        _ => out.extend_from_slice(b"Connection: close\r\n"),
    }
    out.extend_from_slice(b"\r\n");
    if ex.is_head() {
        ex.write(&out).await?;
        return Ok(next);
    }
    out.extend_from_slice(&BLOCK[..first]);
    ex.write(&out).await?;
    drop(out);
    write_alphabet(ex, size - first as u64).await?;
    Ok(next)
}

/// The rest of the body, `left` bytes from the alphabet's beginning.
async fn write_alphabet(ex: &mut Exchange<'_>, mut left: u64) -> io::Result<Next> {
    while left > 0 {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(BLOCK.len());
        ex.write(&BLOCK[..count]).await?;
        left -= count as u64;
    }
    Ok(Next::Keep)
}

/// Bytes that look random and depend on the seed only (xorshift).
pub fn noise(count: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut out = Vec::with_capacity(count + 8);
    while out.len() < count {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(&state.to_le_bytes());
    }
    out.truncate(count);
    out
}

/// `/bytes/N`, `/stream-bytes/N`, `/stream/N`, and `/size/N` off the fast path.
pub async fn serve_any(ex: &mut Exchange<'_>, words: &[&str]) -> io::Result<Next> {
    let [kind, count] = words else { return not_found(ex).await };
    let Ok(count) = count.parse::<u64>() else { return bad_request(ex, "the size was not a number").await };
    let args = ex.request.args();
    match *kind {
        "size" => serve(ex, count).await,
        "stream" => {
            ex.begin(Reply::new(200).header("Content-Type", "application/json")).await?;
            let url = format!("{}{}", ex.base_url(), ex.request.target_text());
            for id in 0..count {
                ex.chunk(format!("{}\n", json!({"id": id, "url": url})).as_bytes()).await?;
            }
            ex.end(&[]).await
        }
        _ => {
            let count = usize::try_from(count.min(1 << 30)).unwrap_or(0);
            let bytes = noise(count, args.number("seed", 0));
            let reply = Reply::new(200).header("Content-Type", "application/octet-stream");
            if *kind == "bytes" {
                return ex.send(reply.body(bytes)).await;
            }
            ex.begin(reply).await?;
            for piece in bytes.chunks(args.number("chunk_size", 10 << 10).max(1)) {
                ex.chunk(piece).await?;
            }
            ex.end(&[]).await
        }
    }
}
