//! The opening handshake without sockets (RFC 6455 4.1, 4.2.2): the fields that ask for it, and the look at the answer.

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{deflate::Agreed, extension::Offer};
use crate::{
    engine::http::{fields::Fields, headers::Headers},
    error::{Error, Result, code},
};

/// What every server adds to the key (RFC 6455 1.3).
const MAGIC: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Subprotocols, the preferred one first.
    pub subprotocols: Vec<String>,
    /// Compression.
    pub deflate: Option<Offer>,
}

/// What was agreed on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Agreement {
    /// The subprotocol.
    pub subprotocol: Option<String>,
    /// Compression.
    pub deflate: Option<Agreed>,
}

/// A key that nobody has used before.
///
/// # Errors
/// `internal` when the system has no randomness.
pub fn key() -> Result<String> {
    let mut nonce = [0u8; 16];
    let none = |error| Error::new(&code::INTERNAL, format!("the system gave no random bytes: {error}"));
    getrandom::fill(&mut nonce).map_err(none)?;
    Ok(STANDARD.encode(nonce))
}

/// What the server answers to a key.
#[must_use]
pub fn accept(key: &str) -> String {
    let mut sum = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    sum.update(key.as_bytes());
    sum.update(MAGIC);
    STANDARD.encode(sum.finish())
}

impl Wish {
    /// Writes the fields that ask for it, in place of what stood there.
    pub fn write(&self, key: &str, headers: &mut Headers) {
        headers.set("Connection", "Upgrade");
        headers.set("Upgrade", "websocket");
        headers.set("Sec-WebSocket-Version", "13");
        headers.set("Sec-WebSocket-Key", key);
        headers.remove("Sec-WebSocket-Protocol");
        headers.remove("Sec-WebSocket-Extensions");
        if !self.subprotocols.is_empty() {
            headers.push("Sec-WebSocket-Protocol", &self.subprotocols.join(", "));
        }
        if let Some(offer) = &self.deflate {
            headers.push("Sec-WebSocket-Extensions", &offer.field());
        }
    }

    /// Looks at an answer of status 101.
    ///
    /// # Errors
    /// `websocket_handshake`, with what is wrong.
    pub fn check(&self, key: &str, answer: Fields<'_>) -> Result<Agreement> {
        let wrong = |what: String| Error::new(&code::WEBSOCKET_HANDSHAKE, what);
        if !answer.get_text("upgrade").is_some_and(|upgrade| upgrade.trim().eq_ignore_ascii_case("websocket")) {
            return Err(wrong("the server switched, but not to a WebSocket".into()));
        }
        let connection = answer.get_joined("connection").unwrap_or_default();
        if !connection.split(',').any(|token| token.trim().eq_ignore_ascii_case("upgrade")) {
            return Err(wrong("the server's answer had no Connection: Upgrade".into()));
        }
        let keys = answer.get_all("sec-websocket-accept");
        if keys.len() != 1 || keys.first().is_none_or(|given| given.trim() != accept(key)) {
            return Err(wrong("the server's Sec-WebSocket-Accept did not fit the key".into()));
        }
        let mut chosen = answer.get_all("sec-websocket-protocol").into_iter();
        let subprotocol = chosen.next().map(|chosen| chosen.trim().to_owned()).filter(|chosen| !chosen.is_empty());
        if chosen.next().is_some() {
            return Err(wrong("the server chose more than one subprotocol".into()));
        }
        if let Some(chosen) = &subprotocol
            && !self.subprotocols.contains(chosen)
        {
            return Err(wrong(format!("the server chose the subprotocol {chosen:?}, which was not offered")));
        }
        let extensions: Vec<String> =
            answer.get_all("sec-websocket-extensions").into_iter().map(|line| line.to_string()).collect();
        let deflate = Offer::read(self.deflate.as_ref(), &extensions).map_err(wrong)?;
        Ok(Agreement { subprotocol, deflate })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const GOOD: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n\
                        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

    fn check(wish: &Wish, answer: &str) -> Result<Agreement> {
        wish.check(KEY, Fields::new(format!("{answer}\r\n").as_bytes()))
    }

    #[test]
    fn the_key_of_the_rfc() {
        // RFC 6455 1.3
        assert_eq!(accept(KEY), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        let (one, two) = (key().unwrap(), key().unwrap());
        assert_eq!(one.len(), 24);
        assert_ne!(one, two);
    }

    #[test]
    fn fields_that_ask() {
        let mut headers = Headers::default();
        headers.push("Connection", "keep-alive");
        let wish = Wish { subprotocols: vec!["chat".into(), "superchat".into()], deflate: Some(Offer::default()) };
        wish.write(KEY, &mut headers);
        wish.write(KEY, &mut headers);
        let fields: Vec<_> = headers.iter().collect();
        assert_eq!(
            fields,
            [
                ("Connection", "Upgrade"),
                ("Upgrade", "websocket"),
                ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", KEY),
                ("Sec-WebSocket-Protocol", "chat, superchat"),
                ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
            ]
        );
    }

    #[test]
    fn answers_that_are_none() {
        let wish = Wish { subprotocols: vec!["chat".into()], deflate: None };
        assert_eq!(check(&wish, GOOD).unwrap(), Agreement::default());
        let chat = format!("{GOOD}Sec-WebSocket-Protocol: chat\r\n");
        assert_eq!(check(&wish, &chat).unwrap().subprotocol.as_deref(), Some("chat"));
        for wrong in [
            GOOD.replace("Upgrade: WebSocket\r\n", ""),
            GOOD.replace("Upgrade: WebSocket", "Upgrade: h2c"),
            GOOD.replace(", Upgrade", ""),
            GOOD.replace("s3pP", "s3pQ"),
            GOOD.replace("Sec-WebSocket-Accept", "X-Accept"),
            format!("{GOOD}Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
            format!("{GOOD}Sec-WebSocket-Protocol: other\r\n"),
            format!("{chat}Sec-WebSocket-Protocol: chat\r\n"),
            format!("{GOOD}Sec-WebSocket-Extensions: permessage-deflate\r\n"),
        ] {
            let error = check(&wish, &wrong).unwrap_err();
            assert_eq!(error.code(), "websocket_handshake", "{wrong}");
        }
    }
}
