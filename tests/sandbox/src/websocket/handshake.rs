//! The opening handshake (RFC 6455 section 4.2).

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use crate::exchange::{Exchange, Reply};
use crate::websocket::deflate::{Deflate, Terms, terms};
use crate::websocket::socket::Socket;

/// What the key is joined with (RFC 6455 section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// How a handshake is answered.
#[derive(Default)]
pub struct Wish {
    /// Ours to choose; must be of the client's offer to be right.
    pub subprotocol: Option<String>,
    /// Whether extensions are left out though they were offered.
    pub plain: bool,
    /// Whether compression must be agreed.
    pub needs_deflate: bool,
}

/// The value of Sec-WebSocket-Accept.
pub fn accept_key(key: &str) -> String {
    STANDARD.encode(Sha1::digest(format!("{key}{GUID}")))
}

/// Checks the client's handshake and answers it with 101. `None` if it was refused, with the refusal sent. `head` can
/// make the answer's lines wrong.
pub async fn upgrade<'e>(
    ex: &'e mut Exchange<'_>,
    wish: Wish,
    head: impl FnOnce(&mut Vec<String>),
) -> io::Result<Option<Socket<'e>>> {
    let args = ex.request.args();
    let key = ex.request.header_text("sec-websocket-key").unwrap_or_default();
    let version = ex.request.header_text("sec-websocket-version").unwrap_or_default();
    let why = if ex.request.h2 {
        ex.only_http1().await?;
        return Ok(None);
    } else if ex.request.method() != "GET" || ex.request.minor == 0 {
        Some("the handshake was not a GET of HTTP/1.1")
    } else if !ex.request.has_token("upgrade", "websocket") || !ex.request.has_token("connection", "upgrade") {
        Some("the handshake did not ask for the upgrade")
    } else if STANDARD.decode(&key).map_or(0, |bytes| bytes.len()) != 16 {
        Some("the key was not 16 bytes in base64")
    } else if ex.request.header("host").is_none() {
        Some("the handshake had no Host")
    } else {
        None
    };
    if let Some(why) = why {
        ex.send(Reply::text(format!("{why}\n")).status(400)).await?;
        return Ok(None);
    }
    if version != "13" {
        ex.send(Reply::text("the version was not 13\n").status(426).header("Sec-WebSocket-Version", "13")).await?;
        return Ok(None);
    }
    let offers: Vec<String> = ex
        .request
        .headers()
        .filter(|(name, _)| name.eq_ignore_ascii_case(b"sec-websocket-extensions"))
        .map(|(_, value)| crate::request::latin1(value))
        .collect();
    let wanted = !wish.plain && args.get("deflate") != Some("0");
    let agreed: Option<Terms> = wanted.then(|| terms(&offers.join(","), &args)).flatten();
    if wish.needs_deflate && agreed.is_none() {
        ex.send(Reply::text("this needs permessage-deflate to be offered\n").status(400)).await?;
        return Ok(None);
    }
    let mut lines = vec![
        "HTTP/1.1 101 Switching Protocols".to_owned(),
        "Upgrade: websocket".to_owned(),
        "Connection: Upgrade".to_owned(),
        format!("Sec-WebSocket-Accept: {}", accept_key(&key)),
    ];
    lines.extend(wish.subprotocol.map(|name| format!("Sec-WebSocket-Protocol: {name}")));
    lines.extend(agreed.as_ref().map(|terms| format!("Sec-WebSocket-Extensions: {}", terms.header())));
    head(&mut lines);
    let entry = ex.entry();
    let Some(wire) = ex.wire() else { return Ok(None) };
    let mut head = lines.join("\r\n").into_bytes();
    head.extend_from_slice(b"\r\n\r\n");
    // Held back until the first frame or the first read, so that both can come in one segment.
    Ok(Some(Socket::new(wire, head, entry, agreed.map(Deflate::new))))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_key_of_the_rfc_gives_its_answer() {
        assert_eq!(super::accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
