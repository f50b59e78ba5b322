//! Where a WebSocket is: a name in `attach` to the URL of its handshake.

use crate::{
    engine::http::url::Url,
    error::{Error, Result, code},
};

/// Whether a name to attach is that of a WebSocket.
pub(in super::super) fn is_one(name: &str) -> bool {
    split(name).is_some()
}

/// Whether it is secure, and what follows the scheme.
fn split(name: &str) -> Option<(bool, &str)> {
    let (scheme, rest) = name.trim_start().split_once(':')?;
    match scheme {
        _ if scheme.eq_ignore_ascii_case("ws") => Some((false, rest)),
        _ if scheme.eq_ignore_ascii_case("wss") => Some((true, rest)),
        _ => None,
    }
}

/// The URL of the handshake's first request. `ws://host/path` is a whole one; `ws:/path` lies under the base and is as
/// secure as that, `wss:/path` wants a base that is.
///
/// # Errors
/// `invalid_url`.
pub(super) fn resolve(name: &str, base: Option<&Url>) -> Result<Url> {
    let (secure, rest) = split(name).unwrap_or((false, name));
    if rest.starts_with("//") {
        return Url::prepare(&format!("{}:{rest}", if secure { "https" } else { "http" }), None);
    }
    let wrong = |message: &'static str| Error::new(&code::INVALID_URL, message).with("key", "name");
    let base = base.ok_or_else(|| wrong("a WebSocket without a host needs a session with a base URL"))?;
    if secure && !base.is_secure() {
        return Err(wrong("a wss: path needs a base with https; wss://host/path is a whole URL"));
    }
    Url::join_base(base, rest)
}

/// The URL as the host knows it, without its userinfo.
pub(super) fn shown(url: &Url) -> String {
    let text = url.redacted();
    match text.split_once(':') {
        Some(("http", rest)) => format!("ws:{rest}"),
        Some(("https", rest)) => format!("wss:{rest}"),
        _ => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_urls() {
        let plain = Url::prepare("http://h:81/api", None).unwrap();
        let secure = Url::prepare("https://h/api/", None).unwrap();
        for (name, base, url) in [
            ("ws:/chat", Some(&plain), Some("http://h:81/api/chat")),
            ("ws:chat?room=1", Some(&plain), Some("http://h:81/api/chat?room=1")),
            ("ws:/chat", Some(&secure), Some("https://h/api/chat")),
            ("wss:/chat", Some(&secure), Some("https://h/api/chat")),
            ("wss:/chat", Some(&plain), None),
            ("ws:/chat", None, None),
            ("ws://other:9/x", Some(&secure), Some("http://other:9/x")),
            ("WSS://other/x", None, Some("https://other/x")),
        ] {
            assert!(is_one(name));
            let found = resolve(name, base);
            assert_eq!(found.as_ref().map(Url::as_str).ok(), url, "{name}");
        }
        assert!(!is_one("/ws:") && !is_one("http://h/ws:x") && !is_one("wsx:/a"));
        assert_eq!(shown(&Url::prepare("https://u:p@h/x", None).unwrap()), "wss://***@h/x");
    }
}
