//! An answer of the HTTP back end: the body in memory or as a stream, the value parsed when asked for.

use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

use super::meta;
use crate::{
    backends::{self, empty},
    engine::http::{
        body::Body,
        charset,
        client::{self, Delivered},
        fields::{Fields, text},
        policy::Finished,
        stream::BodyStream,
    },
    error::{Error, Outcome, Result, Status, code},
    value::{Document, Object, Tree},
};

/// What becomes of the body.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Parse {
    /// JSON by content type, else text, else nothing.
    #[default]
    Auto,
    /// JSON or an error.
    Json,
    /// Text.
    Text,
    /// Nothing.
    None,
}

impl Parse {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Parse::Auto => "auto",
            Parse::Json => "json",
            Parse::Text => "text",
            Parse::None => "none",
        }
    }
}

/// How an answer is to be read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// What becomes of the body.
    pub parse: Parse,
    /// The charset, when the host knows better than the answer.
    pub encoding: Option<Arc<str>>,
    /// Leave the body to the host.
    pub stream: bool,
}

/// One answer.
pub struct HttpAnswer {
    pub(super) finished: Finished,
    pub(super) stream: BodyStream,
    pub(super) times: meta::Times,
    reading: Reading,
    /// With a NUL at its end, which does not count.
    body: Vec<u8>,
    /// How much of the body in memory was read by `read`.
    at: usize,
    value: OnceLock<Option<Box<Document>>>,
    meta: OnceLock<Box<Document>>,
    /// What the host was shown before the body was read: it may still look at it.
    shown: Vec<Box<Document>>,
    joined: OnceLock<Joined>,
    /// More for the meta data: the index of a staged item, where a download went.
    extra: Object,
}

/// All header fields, names in lower case, values joined and NUL-terminated.
struct Joined(Vec<(Box<str>, Vec<u8>)>);

impl HttpAnswer {
    /// Takes what the driver delivered, and reads the body unless it is to be streamed.
    ///
    /// # Errors
    /// What the connection says; `json_decode` when JSON was asked for and did not come.
    pub fn read(delivered: Delivered, reading: Reading) -> Result<HttpAnswer> {
        let mut answer = HttpAnswer::head(delivered, reading);
        if !answer.reading.stream {
            if let Err(error) = answer.fill() {
                // What came instead of JSON helps to understand.
                let came = error.code() == code::JSON_DECODE.word;
                return Err(if came { backends::Carried::attach(error, Box::new(answer)) } else { error });
            }
        }
        Ok(answer)
    }

    /// Takes what the driver delivered without reading on.
    pub fn head(delivered: Delivered, reading: Reading) -> HttpAnswer {
        let Delivered { mut finished, body: stream, elapsed, start } = delivered;
        // What was sent is not needed any more: the host hears from its readers' drop now, not when it frees the answer.
        finished.request.body = Body::None;
        for past in &mut finished.history {
            past.request.body = Body::None;
        }
        let body = match finished.hop.body.take() {
            Some(mut body) => {
                body.push(0);
                body
            }
            None => Vec::new(),
        };
        HttpAnswer {
            finished,
            stream,
            times: meta::Times { elapsed, start },
            reading,
            body,
            at: 0,
            value: OnceLock::new(),
            meta: OnceLock::new(),
            shown: Vec::new(),
            joined: OnceLock::new(),
            extra: Object::default(),
        }
    }

    /// Reads the rest of the body into memory and parses it when an error must come out of it.
    pub(super) fn fill(&mut self) -> Result<()> {
        if self.body.is_empty() {
            let mut body = self.stream.read_to_end().map_err(|error| self.named(error))?;
            body.push(0);
            self.body = body;
        }
        if self.reading.parse == Parse::Json {
            let document = self.parse_json()?;
            let _ = self.value.set(Some(document));
        }
        Ok(())
    }

    /// A failure of the body, with what is known by now: whose it was, and that the server did answer.
    pub(super) fn named(&self, error: Error) -> Error {
        let error = if error.known_outcome().is_some() { error } else { error.outcome(Outcome::Applied) };
        client::named(error, &self.finished.request)
    }

    /// The fields of the final answer.
    pub(super) fn fields(&self) -> Fields<'_> {
        self.finished.hop.fields()
    }

    /// What was added to the meta data.
    pub(super) fn notes(&self) -> &Object {
        &self.extra
    }

    fn bytes(&self) -> &[u8] {
        self.body.split_last().map_or(empty(), |(_, body)| body)
    }

    /// The charset as requests guesses it, unless the host said one.
    pub(super) fn encoding(&self) -> Option<Cow<'_, str>> {
        match &self.reading.encoding {
            Some(encoding) => Some(Cow::Borrowed(encoding)),
            None => {
                let content_type = self.fields().get_text("content-type")?;
                charset::of_content_type(&content_type).map(|charset| Cow::Owned(charset.into_owned()))
            }
        }
    }

    fn parse_json(&self) -> Result<Box<Document>> {
        let bytes = self.bytes();
        // Without a charset the bytes go to the parser as they are, which detects UTF-8, 16 and 32 itself.
        let text = match self.encoding() {
            Some(encoding) if !encoding.eq_ignore_ascii_case("utf-8") => {
                charset::decode_json(bytes, Some(&encoding)).into_owned().into_bytes()
            }
            _ => bytes.to_vec(),
        };
        Document::from_json(text)
            .map_err(|error| error.outcome(Outcome::Applied).with("url", &*self.finished.request.url.redacted()))
    }

    fn parse(&self) -> Option<Box<Document>> {
        let bytes = self.bytes();
        if bytes.is_empty() && self.reading.parse != Parse::Text {
            return None;
        }
        let content_type = self.fields().get_text("content-type").unwrap_or_default().to_ascii_lowercase();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        let is_json = essence == "application/json" || essence.ends_with("+json") || essence == "text/json";
        match self.reading.parse {
            Parse::None => None,
            Parse::Json => self.parse_json().ok(),
            Parse::Auto if is_json => self.parse_json().ok(),
            Parse::Auto if self.encoding().is_none() => None,
            Parse::Auto | Parse::Text => {
                let text = charset::decode(bytes, self.encoding().as_deref());
                Some(Document::from_tree(&Tree::from(&*text)))
            }
        }
    }

    /// The failure that a status of 400 to 599 stands for, with the answer inside.
    ///
    /// # Errors
    /// `http_status`.
    pub fn raise_for_status(self: Box<Self>) -> Result<Box<Self>> {
        let status = self.finished.hop.status;
        let whose = match status {
            400..=499 => "Client",
            500..=599 => "Server",
            _ => return Ok(self),
        };
        let fields = self.fields();
        let url = self.finished.request.url.redacted();
        let message = format!("{status} {whose} Error: {} for url: {url}", fields.reason());
        let error = refusal(status.into(), message).with("url", &*url);
        Err(backends::Carried::attach(error, self))
    }
}

/// What a status of 400 to 599 stands for as a failure.
pub(super) fn refusal(status: i32, message: String) -> Error {
    Error::new(&code::HTTP_STATUS, message)
        .status_as(match status {
            401 | 407 => Status::Auth,
            403 => Status::Denied,
            404 | 410 => Status::NotFound,
            409 | 412 => Status::Conflict,
            413 | 429 => Status::Limit,
            _ => Status::Remote,
        })
        .transient(matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504))
        .with("http_status", i64::from(status))
        .outcome(Outcome::Applied)
}

impl backends::Answer for HttpAnswer {
    fn status(&self) -> i32 {
        self.finished.hop.status.into()
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        let joined = self.joined.get_or_init(|| {
            let mut list: Vec<(Box<str>, Vec<u8>)> = Vec::new();
            for (name, value) in self.fields().iter() {
                let words = text(&value);
                match list.iter_mut().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name)) {
                    Some((_, value)) => {
                        value.extend_from_slice(b", ");
                        value.extend_from_slice(words.as_bytes());
                    }
                    None => list.push((text(name).into(), words.into_owned().into_bytes())),
                }
            }
            list.iter_mut().for_each(|(_, value)| value.push(0));
            Joined(list)
        });
        let (_, value) = joined.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        value.split_last().map(|(_, value)| value)
    }

    fn trailer(&self, name: &str) -> Option<&[u8]> {
        Some(self.stream.wire()?.trailers.as_ref()?.get(name)?.as_bytes())
    }

    fn body(&self) -> &[u8] {
        self.bytes()
    }

    fn value(&self) -> Option<&Document> {
        self.value.get_or_init(|| if self.body.is_empty() { None } else { self.parse() }).as_deref()
    }

    fn meta(&self) -> &Document {
        self.meta.get_or_init(|| Document::from_tree(&Tree::Object(meta::describe(self))))
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.body.is_empty() {
            return self.stream.read(buffer).map_err(|error| self.named(error));
        }
        // In memory already: it is read from there, as requests does it.
        let rest = self.bytes().get(self.at..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.at += count;
        Ok(count)
    }

    fn note(&mut self, key: &str, value: Tree) {
        self.extra.insert(key, value);
    }

    fn drain(&mut self) -> Result<()> {
        if !self.body.is_empty() {
            return Ok(());
        }
        // What was asked before the body was here is not known any better.
        self.value = OnceLock::new();
        self.shown.extend(self.meta.take());
        self.fill()
    }
}
