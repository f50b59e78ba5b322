//! CONNECT through an HTTP proxy: bytes in, bytes out.

use super::proxy::{Proxy, authority};
use crate::{
    error::{Error, Outcome, Result, code},
    value::Tree,
};

/// A proxy's answer to CONNECT may have this many bytes of head.
const HEAD_LIMIT: usize = 64 << 10;
const FIELDS: usize = 64;

/// One handshake. Send [`Tunnel::request`], then give what arrives to [`Tunnel::input`].
#[derive(Debug)]
pub struct Tunnel {
    request: Vec<u8>,
    received: Vec<u8>,
    proxy: String,
}

impl Tunnel {
    /// Asks `proxy` for a connection to `host:port`.
    #[must_use]
    pub fn new(proxy: &Proxy, host: &str, port: u16) -> Tunnel {
        let target = authority(host, port);
        let mut head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
        let mut field = |name: &str, value: &str| {
            for part in [name, ": ", value, "\r\n"] {
                head.push_str(part);
            }
        };
        // What the caller gave explicitly wins over what was made of the proxy's URL.
        let given = proxy.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("proxy-authorization"));
        if let Some(value) = proxy.authorization.as_ref().filter(|_| !given) {
            field("Proxy-Authorization", value.reveal());
        }
        for (name, value) in &proxy.headers {
            field(name, value);
        }
        head.push_str("\r\n");
        Tunnel { request: head.into_bytes(), received: Vec::new(), proxy: proxy.authority() }
    }

    /// What to send.
    #[must_use]
    pub fn request(&self) -> &[u8] {
        &self.request
    }

    /// Takes in what the proxy sent; true when the tunnel stands.
    ///
    /// # Errors
    /// `proxy`, with `http_status`, `reason` and `headers` of its answer when it refused.
    pub fn input(&mut self, bytes: &[u8]) -> Result<bool> {
        self.received.extend_from_slice(bytes);
        loop {
            let mut fields = [httparse::EMPTY_HEADER; FIELDS];
            let mut answer = httparse::Response::new(&mut fields);
            let used = match answer.parse(&self.received) {
                Ok(httparse::Status::Complete(used)) => used,
                Ok(httparse::Status::Partial) if self.received.len() < HEAD_LIMIT => return Ok(false),
                _ => return Err(self.error("did not answer CONNECT in HTTP")),
            };
            match answer.code.unwrap_or(0) {
                100..=199 => drop(self.received.drain(..used)),
                200..=299 if used == self.received.len() => return Ok(true),
                // TLS begins with us, so these bytes are not the target's.
                200..=299 => return Err(self.error("sent bytes that nobody asked for")),
                status => return Err(self.refused(status, &answer)),
            }
        }
    }

    fn refused(&self, status: u16, answer: &httparse::Response<'_, '_>) -> Error {
        let reason = answer.reason.unwrap_or_default();
        let text = |bytes: &[u8]| Tree::from(bytes.iter().map(|byte| char::from(*byte)).collect::<String>());
        let pair = |field: &httparse::Header<'_>| Tree::Array(vec![Tree::from(field.name), text(field.value)]);
        let headers = answer.headers.iter().map(pair).collect();
        self.error(&format!("refused the tunnel with {status} {reason}"))
            .with("http_status", i64::from(status))
            .with("reason", reason)
            .with("headers", Tree::Array(headers))
            .transient(status >= 500)
    }

    /// The proxy ended the connection, or something else is wrong with it.
    #[must_use]
    pub fn error(&self, what: &str) -> Error {
        let message = format!("the proxy {} {what}", self.proxy);
        Error::new(&code::PROXY, message.trim_end().to_owned()).phase("proxy").outcome(Outcome::NotSent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{engine::net::proxy::Kind, secret::Secret};

    fn tunnel() -> Tunnel {
        let mut proxy = Proxy::new(Kind::Http, "proxy", 3128);
        proxy.authorization = Some(Secret::new("Basic dTpw"));
        proxy.headers = vec![("X-Farm".into(), "7".into())];
        Tunnel::new(&proxy, "::1", 443)
    }

    #[test]
    fn the_request_names_the_target_and_the_user() {
        let want =
            "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\nProxy-Authorization: Basic dTpw\r\nX-Farm: 7\r\n\r\n";
        assert_eq!(tunnel().request(), want.as_bytes());
    }

    #[test]
    fn an_answer_may_come_in_pieces() {
        let mut tunnel = tunnel();
        for byte in b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\nVia: x\r\n\r" {
            assert!(!tunnel.input(&[*byte]).unwrap());
        }
        assert!(tunnel.input(b"\n").unwrap());
    }

    #[test]
    fn a_refusal_keeps_the_answer() {
        let answer = b"HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n";
        let error = tunnel().input(answer).unwrap_err();
        assert_eq!(error.code(), "proxy");
        assert_eq!(error.message(), "the proxy proxy:3128 refused the tunnel with 407 Who are you");
        assert!(matches!(error.detail().get("http_status"), Some(Tree::Int(407))));
        assert_eq!(error.detail().get("headers").unwrap().as_array().unwrap().len(), 1);
        assert!(!error.is_retryable());
    }

    #[test]
    fn what_is_not_http_is_refused() {
        assert_eq!(tunnel().input(b"SSH-2.0-x\r\n").unwrap_err().code(), "proxy");
        assert_eq!(tunnel().input(b"HTTP/1.1 200 OK\r\n\r\nsurprise").unwrap_err().code(), "proxy");
    }
}
