//! Heads in the form of HTTP/2 (RFC 9113 8.3): a request's without what belongs to HTTP/1.1 connections, an answer's
//! as the lines that everything above reads.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};

use crate::{
    engine::http::{exchange::head, headers::wire_bytes, request::Request},
    error::{Error, Result, code},
};

/// Fields that speak about a connection of HTTP/1.1 and make a request of HTTP/2 malformed (RFC 9113 8.2.2). Like
/// libcurl, nobody is troubled with them. `Expect` goes as well: a stream has its own way to be refused before its body
/// is sent, so there is nothing to wait for.
const DROPPED: [&str; 8] = [
    "connection",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
];

/// A request's head.
///
/// # Errors
/// `invalid_header`, `invalid_url`; `unsupported` for CONNECT.
pub fn compose(request: &Request) -> Result<http::Request<()>> {
    let headers = &request.headers;
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| Error::argument("the method was not a token").with("key", "method"))?;
    if method == Method::CONNECT {
        return Err(Error::new(&code::UNSUPPORTED, "CONNECT makes a tunnel over HTTP/2, which haft does not use"));
    }
    let host = request.url.host_header();
    let authority = headers.get("host").unwrap_or(&*host);
    let uri = Uri::builder()
        .scheme(if request.url.is_secure() { "https" } else { "http" })
        .authority(authority)
        .path_and_query(request.url.target())
        .build()
        .map_err(|error| {
            let message = format!("the URL could not be said in HTTP/2: {error}");
            Error::new(&code::INVALID_URL, message)
        })?;
    let connection = headers.get("connection").unwrap_or_default();
    let named = |name: &str| connection.split(',').any(|word| word.trim().eq_ignore_ascii_case(name));
    let mut fields = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers.iter() {
        let is_te = name.eq_ignore_ascii_case("te");
        if DROPPED.iter().any(|dropped| name.eq_ignore_ascii_case(dropped))
            || (is_te && !value.trim().eq_ignore_ascii_case("trailers"))
            || (!is_te && !connection.is_empty() && named(name))
        {
            continue;
        }
        let invalid = || {
            let message = format!("the header {name:?} could not be said in HTTP/2");
            Error::new(&code::INVALID_HEADER, message).with("key", format!("headers.{name}"))
        };
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
        let mut value = HeaderValue::from_bytes(wire_bytes(value).trim_ascii()).map_err(|_| invalid())?;
        // Never in the table that all requests of a connection share: its size can be felt from outside (RFC 7541 7.1).
        value.set_sensitive(matches!(name.as_str(), "authorization" | "proxy-authorization" | "cookie"));
        fields.append(name, value);
    }
    let mut head = http::Request::new(());
    *head.method_mut() = method;
    *head.uri_mut() = uri;
    *head.version_mut() = Version::HTTP_2;
    *head.headers_mut() = fields;
    Ok(head)
}

/// The size of a head before it is compressed: names and values, the pseudo fields among them.
#[must_use]
pub fn size(head: &http::Request<()>) -> u64 {
    let uri = head.uri();
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    let authority = uri.authority().map_or(0, |authority| authority.as_str().len());
    let scheme = uri.scheme_str().map_or(0, str::len);
    let pseudo = ":method:path:authority:scheme".len() + head.method().as_str().len() + target + authority + scheme;
    let fields = head.headers().iter().map(|(name, value)| name.as_str().len() + value.len());
    (pseudo + fields.sum::<usize>()) as u64
}

/// An answer's head as lines. Fields of one name stand together, each where the first of them came.
///
/// # Errors
/// `limit`, when it has too many fields.
pub fn lines(status: u16, fields: &HeaderMap) -> Result<Vec<u8>> {
    if fields.len() > head::FIELD_LIMIT {
        return Err(head::too_large(&format!("more than {} fields", head::FIELD_LIMIT)));
    }
    let size: usize = fields.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let mut lines = Vec::with_capacity(size + 18);
    lines.extend_from_slice(format!("HTTP/2 {status} \r\n").as_bytes());
    for (name, value) in fields {
        lines.extend_from_slice(name.as_str().as_bytes());
        lines.extend_from_slice(b": ");
        lines.extend_from_slice(value.as_bytes());
        lines.extend_from_slice(b"\r\n");
    }
    lines.extend_from_slice(b"\r\n");
    Ok(lines)
}

/// The length that an answer announces. What is no number was never a length.
#[must_use]
pub fn length(fields: &HeaderMap) -> Option<u64> {
    fields.get(http::header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::http::{body::Body, headers::Headers, url::Url};

    fn request(url: &str, fields: &[(&str, &str)]) -> Request {
        let mut headers = Headers::default();
        for (name, value) in fields {
            headers.push(name, value);
        }
        let url = Url::prepare(url, None).unwrap();
        Request { method: "GET".into(), url, headers: Arc::new(headers), body: Body::None }
    }

    #[test]
    fn what_belongs_to_a_connection_is_left_out_and_names_are_lowered() {
        let request = request(
            "https://a.test:8443/p%20q?x=%C3%A4",
            &[
                ("User-Agent", "me"),
                ("Connection", "keep-alive, X-Hop"),
                ("X-Hop", "1"),
                ("Keep-Alive", "5"),
                ("TE", "gzip"),
                ("Transfer-Encoding", "chunked"),
                ("Upgrade", "x"),
                ("Expect", "100-continue"),
                ("Cookie", "a=b"),
            ],
        );
        let head = compose(&request).unwrap();
        assert_eq!(head.uri().to_string(), "https://a.test:8443/p%20q?x=%C3%A4");
        let names: Vec<&str> = head.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["user-agent", "cookie"]);
        assert!(head.headers()["cookie"].is_sensitive() && !head.headers()["user-agent"].is_sensitive());
    }

    #[test]
    fn te_may_ask_for_trailers_and_host_names_the_authority() {
        let head = compose(&request("http://a.test/", &[("TE", "trailers"), ("Host", "b.test")])).unwrap();
        assert_eq!(head.headers()["te"], "trailers");
        assert_eq!(head.uri().authority().unwrap(), "b.test");
        assert!(compose(&request("http://a.test/", &[("Host", "b test")])).is_err());
    }

    #[test]
    fn an_answer_is_told_in_lines() {
        let mut fields = HeaderMap::new();
        fields.append("set-cookie", HeaderValue::from_static("a=1"));
        fields.append("content-length", HeaderValue::from_static("5"));
        fields.append("set-cookie", HeaderValue::from_static("b=2"));
        let lines = lines(200, &fields).unwrap();
        assert_eq!(lines, b"HTTP/2 200 \r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 5\r\n\r\n");
        assert_eq!(length(&fields), Some(5));
    }
}
