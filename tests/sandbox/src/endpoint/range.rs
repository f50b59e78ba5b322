//! Ranges (RFC 9110 section 14) over the alphabet.

use std::io;

use super::message::LAST_MODIFIED;
use super::{bad_request, size};
use crate::exchange::{Exchange, Next, Reply};

/// Boundary of answers with several ranges.
const BOUNDARY: &str = "sandbox-range";

/// `/range/N`.
pub async fn serve(ex: &mut Exchange<'_>, count: &str) -> io::Result<Next> {
    let Ok(total) = count.parse::<u64>().map(|count| count.min(1 << 30)) else {
        return bad_request(ex, "the size was not a number").await;
    };
    let etag = format!("\"range-{total}\"");
    let reply = |status| {
        Reply::new(status)
            .header("ETag", etag.as_str())
            .header("Last-Modified", LAST_MODIFIED)
            .header("Accept-Ranges", "bytes")
    };
    let same = ex.request.header_text("if-range").is_none_or(|value| value == etag || value == LAST_MODIFIED);
    let asked = ex.request.header_text("range").filter(|_| same);
    let Some(ranges) = asked.as_deref().and_then(|text| parse(text, total)) else {
        return ex.send(reply(200).typed("application/octet-stream", size::alphabet(0, total))).await;
    };
    match ranges.as_slice() {
        [] => ex.send(reply(416).header("Content-Range", format!("bytes */{total}"))).await,
        [(from, to)] => {
            let place = format!("bytes {from}-{}/{total}", to - 1);
            let reply = reply(206).header("Content-Range", place);
            ex.send(reply.typed("application/octet-stream", size::alphabet(*from, *to))).await
        }
        several => {
            let mut body = Vec::new();
            for (from, to) in several {
                let head = format!(
                    "--{BOUNDARY}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {from}-{}/{total}\r\n\r\n",
                    to - 1
                );
                body.extend_from_slice(head.as_bytes());
                body.append(&mut size::alphabet(*from, *to));
                body.extend_from_slice(b"\r\n");
            }
            body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
            ex.send(reply(206).typed(&format!("multipart/byteranges; boundary={BOUNDARY}"), body)).await
        }
    }
}

/// Half-open ranges that can be satisfied; `None` if the header is to be ignored.
fn parse(text: &str, total: u64) -> Option<Vec<(u64, u64)>> {
    let list = text.strip_prefix("bytes=")?;
    let mut out = Vec::new();
    for part in list.split(',') {
        let (first, last) = part.trim().split_once('-')?;
        let (from, to) = if first.is_empty() {
            let suffix: u64 = last.parse().ok()?;
            (total.saturating_sub(suffix), total)
        } else {
            let from: u64 = first.parse().ok()?;
            let to = if last.is_empty() { total } else { last.parse::<u64>().ok()?.saturating_add(1) };
            // `9-1` is no range at all; `100-` of 100 bytes is one that cannot be satisfied.
            if !last.is_empty() && to <= from {
                return None;
            }
            (from, to.min(total))
        };
        if from < to {
            out.push((from, to));
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        assert_eq!(parse("bytes=0-9", 100), Some(vec![(0, 10)]));
        assert_eq!(parse("bytes=-5", 100), Some(vec![(95, 100)]));
        assert_eq!(parse("bytes=90-", 100), Some(vec![(90, 100)]));
        assert_eq!(parse("bytes=0-0, 5-999", 100), Some(vec![(0, 1), (5, 100)]));
        assert_eq!(parse("bytes=100-", 100), Some(vec![]));
        assert_eq!(parse("bytes=200-300", 100), Some(vec![]));
        assert_eq!(parse("bytes=9-1", 100), None);
        assert_eq!(parse("lines=1-2", 100), None);
    }
}
