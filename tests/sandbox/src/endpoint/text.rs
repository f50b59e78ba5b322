//! Texts, JSON, links and forms.

use std::io;

use serde_json::json;

use super::{bad_request, from_hex, header_bytes, not_found};
use crate::exchange::{Exchange, Next, Reply};

const UTF8: &str = "Latin: Fünf süße Äpfel, naïve café, Łódź\nGreek: Τὴ γλῶσσα\nCyrillic: Съешь ещё\n\
    Hebrew: שלום\nArabic: مرحبا\nHan: 漢字かな交じり\nHangul: 한국어\nCombining: e\u{301}\nOutside the plane: 🎬𝄞\n";

/// Dispatches by the first word.
pub async fn serve(ex: &mut Exchange<'_>, words: &[&str]) -> io::Result<Next> {
    let args = ex.request.args();
    match words {
        ["encoding", "utf8"] => ex.send(Reply::text(UTF8)).await,
        ["text"] => {
            let Some(bytes) = from_hex(args.get("bytes").unwrap_or("68656c6c6f")) else {
                return bad_request(ex, "bytes were not hexadecimal").await;
            };
            let mut kind = args.get("type").unwrap_or("text/plain").to_owned();
            if let Some(charset) = args.get("charset") {
                kind = format!("{kind}; charset={charset}");
            }
            let reply = Reply::new(200).body(bytes);
            ex.send(if kind == "none" { reply } else { reply.header("Content-Type", header_bytes(&kind)) }).await
        }
        ["json"] => {
            let value = json!({"name": "sandbox", "list": [1, 2.5, -3, true, null, "é"], "nested": {"a": {"b": []}}});
            ex.send(Reply::json(&value)).await
        }
        ["json-raw"] => {
            let Some(bytes) = from_hex(args.get("hex").unwrap_or("7b7d")) else {
                return bad_request(ex, "hex was not hexadecimal").await;
            };
            ex.send(Reply::new(200).typed(args.get("type").unwrap_or("application/json"), bytes)).await
        }
        ["html"] => ex.send(Reply::new(200).typed("text/html", "<html><body><p>sandbox</p></body></html>\n")).await,
        ["xml"] => ex.send(Reply::new(200).typed("application/xml", "<?xml version=\"1.0\"?><sandbox/>\n")).await,
        ["links", count] => links(ex, count, "0").await,
        ["links", count, at] => links(ex, count, at).await,
        ["link-header"] => {
            let mut reply = Reply::text("linked\n");
            for value in args.all("value") {
                reply = reply.header("Link", header_bytes(value));
            }
            ex.send(reply).await
        }
        ["forms", "post"] => {
            let page = "<html><body><form method=\"post\" action=\"/post\"><input name=\"name\">\
                        <input type=\"file\" name=\"file\"><button>Send</button></form></body></html>\n";
            ex.send(Reply::new(200).typed("text/html; charset=utf-8", page)).await
        }
        _ => not_found(ex).await,
    }
}

/// A page of links, and the same pages in a Link header as paged services send it.
async fn links(ex: &mut Exchange<'_>, count: &str, at: &str) -> io::Result<Next> {
    let (Ok(count), Ok(at)) = (count.parse::<u32>(), at.parse::<u32>()) else {
        return bad_request(ex, "the count was not a number").await;
    };
    let count = count.min(1000);
    let page = |n: u32| if n == at { format!("{n} ") } else { format!("<a href='/links/{count}/{n}'>{n}</a> ") };
    let body: String = (0..count).map(page).collect();
    let mut link = Vec::new();
    if at > 0 {
        link.push(format!("</links/{count}/{}>; rel=\"prev\"", at - 1));
    }
    if at + 1 < count {
        link.push(format!("</links/{count}/{}>; rel=\"next\"", at + 1));
    }
    let reply = Reply::new(200).typed("text/html", format!("<html><body>{body}</body></html>\n"));
    ex.send(if link.is_empty() { reply } else { reply.header("Link", link.join(", ")) }).await
}
