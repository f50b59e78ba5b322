//! Compressed bodies (RFC 9110 section 8.4).

use std::io;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use serde_json::json;

use super::{bad_request, size};
use crate::exchange::{Exchange, Next, Reply};
use crate::request::latin1;

/// One coding applied. `deflate-raw` is the common mistake that is labelled `deflate`.
fn encode(coding: &str, plain: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let level = Compression::default();
    Ok(Some(match coding {
        "gzip" | "x-gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), level);
            encoder.write_all(plain)?;
            encoder.finish()?
        }
        "gzip-multi" => {
            let mut all = Vec::new();
            for part in plain.chunks(plain.len().div_ceil(3).max(1)) {
                all.append(&mut encode("gzip", part)?.unwrap_or_default());
            }
            all
        }
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(plain)?;
            encoder.finish()?
        }
        "deflate-raw" => {
            let mut encoder = DeflateEncoder::new(Vec::new(), level);
            encoder.write_all(plain)?;
            encoder.finish()?
        }
        "br" | "brotli" => {
            let mut out = Vec::new();
            {
                let mut encoder = brotli::CompressorWriter::new(&mut out, 4096, 5, 22);
                encoder.write_all(plain)?;
            }
            out
        }
        "zstd" => ruzstd::encoding::compress_to_vec(plain, ruzstd::encoding::CompressionLevel::Fastest),
        "identity" => plain.to_vec(),
        _ => return Ok(None),
    }))
}

/// The name that goes into Content-Encoding.
fn label(coding: &str) -> &str {
    match coding {
        "gzip-multi" => "gzip",
        "deflate-raw" => "deflate",
        "brotli" => "br",
        other => other,
    }
}

/// `/gzip` and its like, `/encoded?codings=a,b`.
pub async fn serve(ex: &mut Exchange<'_>, kind: &str) -> io::Result<Next> {
    let args = ex.request.args();
    let list = if kind == "encoded" { args.get("codings").unwrap_or("gzip") } else { kind };
    let codings: Vec<&str> = list.split(',').map(str::trim).filter(|coding| !coding.is_empty()).collect();
    let (mut body, content_type) = if let Some(text) = args.get("body") {
        (text.as_bytes().to_vec(), "text/plain; charset=utf-8")
    } else if let Some(count) = args.get("size").and_then(|text| text.parse::<u64>().ok()) {
        (size::alphabet(0, count.min(1 << 30)), "application/octet-stream")
    } else {
        let headers: Vec<_> = ex.request.headers().map(|(name, value)| json!([latin1(name), latin1(value)])).collect();
        let shown = json!({"codings": codings, "method": ex.request.method(), "headers": headers});
        (serde_json::to_vec_pretty(&shown).unwrap_or_default(), "application/json")
    };
    for coding in &codings {
        match encode(coding, &body)? {
            Some(encoded) => body = encoded,
            None if args.flag("unknown") => {}
            None => return bad_request(ex, "the coding was not known").await,
        }
    }
    match args.get("broken") {
        Some("truncate") => body.truncate(body.len() / 2),
        Some("0") | None => {}
        Some(_) => {
            let middle = body.len() / 2;
            body[middle..].iter_mut().for_each(|byte| *byte ^= 0xa5);
        }
    }
    if args.flag("garbage") {
        body.extend_from_slice(b"garbage after the end");
    }
    if args.flag("empty") {
        body.clear();
    }
    let labels: Vec<&str> = codings.iter().map(|coding| label(coding)).collect();
    let reply = Reply::new(200).header("Content-Encoding", labels.join(", "));
    if args.flag("chunked") {
        ex.begin(reply.header("Content-Type", content_type)).await?;
        for piece in body.chunks(args.number("chunk_size", 1000).max(1)) {
            ex.chunk(piece).await?;
        }
        return ex.end(&[]).await;
    }
    ex.send(reply.typed(content_type, body)).await
}
