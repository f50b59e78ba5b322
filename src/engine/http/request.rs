//! One prepared request: what goes over the wire for one hop (the originals call it `PreparedRequest`).

use std::sync::Arc;

use super::{
    auth::{
        challenge::Challenge,
        digest::{Asked, Digest},
    },
    body::Body,
    headers::Headers,
    place::{Place, place},
    url::Url,
};
use crate::{
    error::{Error, Result, code},
    value::{Object, Tree},
};

/// Method, URL, header fields and body, ready to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method, upper case unless the host insisted.
    pub method: Arc<str>,
    /// Where to.
    pub url: Url,
    /// The fields in order, without Host unless the caller set it.
    pub headers: Arc<Headers>,
    /// What follows the head.
    pub body: Body,
}

impl Request {
    /// Where it goes, as policy sees it.
    pub fn place(&self) -> Place<'_> {
        place(&self.url)
    }

    /// Writes the head. `absolute` is the form for plain http through a proxy; `proxy_fields` are added last.
    ///
    /// # Errors
    /// `invalid_header` when a field could break out of its line.
    pub fn head(&self, absolute: bool, proxy_fields: &[(&str, &str)]) -> Result<Vec<u8>> {
        let target = self.url.target();
        let mut head = Vec::with_capacity(96 + self.method.len() + target.len() + self.headers.len() * 40);
        head.extend_from_slice(self.method.as_bytes());
        head.push(b' ');
        if absolute {
            head.extend_from_slice(self.url.absolute_target().as_bytes());
        } else {
            head.extend_from_slice(target.as_bytes());
        }
        head.extend_from_slice(b" HTTP/1.1\r\n");
        if self.headers.get("host").is_none() {
            head.extend_from_slice(b"Host: ");
            let host = if absolute { self.url.authority() } else { self.url.host_header() };
            head.extend_from_slice(host.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        self.headers.write_into(&mut head);
        for (name, value) in proxy_fields {
            for part in [name, ": ", value, "\r\n"] {
                head.extend_from_slice(part.as_bytes());
            }
        }
        head.extend_from_slice(b"\r\n");
        Ok(head)
    }

    /// How the body is framed, from the fields that the caller set and what is known of the body.
    ///
    /// # Errors
    /// `invalid_header` when the caller's Content-Length contradicts the body or Transfer-Encoding.
    pub fn framing(&self) -> Result<Framing> {
        let declared = self.headers.get("content-length");
        let chunked = self.headers.get("transfer-encoding");
        let conflict = |name: &str, message: String| {
            Err(Error::new(&code::INVALID_HEADER, message).with("key", format!("headers.{name}")))
        };
        if let (Some(_), Some(_)) = (declared, chunked) {
            return conflict("Content-Length", "both Content-Length and Transfer-Encoding were given".into());
        }
        if let Some(coding) = chunked {
            if !coding.trim().eq_ignore_ascii_case("chunked") {
                let message = format!("the Transfer-Encoding {coding:?} is not one that haft can send");
                return conflict("Transfer-Encoding", message);
            }
            return Ok(if matches!(self.body, Body::None) { Framing::None } else { Framing::Chunked });
        }
        let known = self.body.length();
        let Some(declared) = declared else {
            return Ok(match known {
                _ if matches!(self.body, Body::None) => Framing::None,
                Some(size) => Framing::Sized(size),
                None => Framing::Chunked,
            });
        };
        let Some(length) = parse_length(declared) else {
            return conflict("Content-Length", format!("the Content-Length {declared:?} was not a number"));
        };
        match (known, &self.body) {
            (_, Body::None) if length == 0 => Ok(Framing::None),
            (_, Body::None) => {
                conflict("Content-Length", format!("a Content-Length of {length} was given without a body"))
            }
            (Some(size), _) if size != length => {
                conflict("Content-Length", format!("the Content-Length {length} was given for a body of {size} bytes"))
            }
            _ => Ok(Framing::Sized(length)),
        }
    }

    /// The form that `prepare` gives and providers see: `{method, url, headers, body}`.
    pub fn to_tree(&self) -> Tree {
        let mut object = Object::default();
        object.insert("method", Tree::Text(Arc::clone(&self.method)));
        object.insert("url", Tree::from(self.url.as_str()));
        object.insert("headers", self.headers.to_tree());
        object.insert("body", self.body.to_tree());
        Tree::Object(object)
    }
}

/// How a body is framed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// There is none.
    None,
    /// So many bytes.
    Sized(u64),
    /// In chunks, until it ends.
    Chunked,
}

impl Request {
    /// Adds the field that frames the body, unless the caller wrote one: a length, chunks, or the length 0 that methods
    /// other than GET and HEAD say when they have no body.
    pub fn describe_body(&mut self) {
        let bodiless = matches!(self.body, Body::None);
        if bodiless && matches!(&*self.method, "GET" | "HEAD") {
            return;
        }
        if self.headers.contains("content-length") || self.headers.contains("transfer-encoding") {
            return;
        }
        let headers = Arc::make_mut(&mut self.headers);
        match self.body.length() {
            _ if bodiless => headers.push("Content-Length", "0"),
            Some(size) => headers.push("Content-Length", &size.to_string()),
            None => headers.push("Transfer-Encoding", "chunked"),
        }
    }

    /// Answers a digest challenge with an Authorization field; `None` when nobody here knows how.
    ///
    /// # Errors
    /// `internal` when the system has no randomness.
    pub fn answer_digest(&mut self, digest: &Digest, challenges: &[Challenge]) -> Result<Option<()>> {
        self.with_cnonce(|asked| digest.respond(challenges, asked))
    }

    /// Authorizes ahead when the server has challenged us before.
    ///
    /// # Errors
    /// `internal` when the system has no randomness.
    pub fn anticipate_digest(&mut self, digest: &Digest) -> Result<Option<()>> {
        self.with_cnonce(|asked| digest.preemptive(asked))
    }

    fn with_cnonce(&mut self, answer: impl FnOnce(&Asked<'_>) -> Option<String>) -> Result<Option<()>> {
        let mut random = [0u8; 8];
        getrandom::fill(&mut random)
            .map_err(|error| Error::new(&code::INTERNAL, format!("the system gave no random bytes: {error}")))?;
        let cnonce = format!("{:016x}", u64::from_ne_bytes(random));
        let asked = Asked {
            place: &self.place(),
            method: &self.method,
            uri: self.url.target(),
            body: self.body.as_bytes(),
            cnonce: &cnonce,
        };
        let Some(header) = answer(&asked) else { return Ok(None) };
        Arc::make_mut(&mut self.headers).set("Authorization", &header);
        Ok(Some(()))
    }
}

/// The method, upper case as requests sends it; it must be a token (RFC 9110 5.6.2).
///
/// # Errors
/// `argument`, for what could break out of the request line.
pub fn method(verb: &str) -> Result<Arc<str>> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if verb.is_empty() || !verb.bytes().all(is_token) {
        return Err(Error::argument(format!("the method {verb:?} was not a token")).with("key", "method"));
    }
    Ok(if verb.bytes().any(|byte| byte.is_ascii_lowercase()) { verb.to_ascii_uppercase().into() } else { verb.into() })
}

/// A length as the grammar has it: digits alone.
fn parse_length(text: &str) -> Option<u64> {
    let text = text.trim();
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}
