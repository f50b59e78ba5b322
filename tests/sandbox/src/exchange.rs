//! One request and the writing of its answer. Endpoints get an [`Exchange`] and return what is to happen with the
//! connection; everything that they send goes through here unless they want to break the rules.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use serde_json::Value;

use crate::h2;
use crate::log::{Entry, Origin};
use crate::request::Request;
use crate::state::State;
use crate::wire::{Body, Framing, Wire};

/// What happens with the connection after an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It serves the next request.
    Keep,
    /// It is closed politely: TLS close_notify, FIN.
    Close,
    /// It is dropped: no close_notify; the kernel sends FIN, or RST if there were unread bytes.
    Abort,
    /// It is dropped with RST.
    Reset,
}

/// An answer with a body that is known in full.
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Reason phrase; the usual one if `None`.
    pub reason: Option<String>,
    /// Headers in wire order, values as bytes.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// An answer without headers and body.
    pub fn new(status: u16) -> Self {
        Self { status, reason: None, headers: Vec::new(), body: Vec::new() }
    }

    /// A JSON answer with status 200.
    pub fn json(value: &Value) -> Self {
        let mut body = serde_json::to_vec_pretty(value).unwrap_or_default();
        body.push(b'\n');
        Self::new(200).typed("application/json", body)
    }

    /// A plain text answer with status 200.
    pub fn text(text: impl Into<Vec<u8>>) -> Self {
        Self::new(200).typed("text/plain; charset=utf-8", text)
    }

    /// Sets type and body.
    pub fn typed(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.header("Content-Type", content_type).body(body)
    }

    /// Replaces the status.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The whole answer, for use outside an exchange.
    pub fn put(&self, out: &mut Vec<u8>, close: bool) {
        self.write_head(out);
        put_header(out, "Content-Length", self.body.len().to_string().as_bytes());
        if close {
            put_header(out, "Connection", b"close");
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
    }

    /// Status line and headers without the framing ones and without the empty line.
    fn write_head(&self, out: &mut Vec<u8>) {
        let reason = self.reason.as_deref().unwrap_or_else(|| reason_of(self.status));
        out.extend_from_slice(format!("HTTP/1.1 {} {reason}\r\nServer: haft-sandbox\r\n", self.status).as_bytes());
        for (name, value) in &self.headers {
            put_header(out, name, value);
        }
    }
}

fn put_header(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// What carries an exchange.
pub enum Carrier<'a> {
    /// A whole connection of HTTP/1.
    Wire(&'a mut Wire),
    /// A stream of HTTP/2.
    Stream(&'a mut h2::Stream),
}

/// One request being answered.
pub struct Exchange<'a> {
    carrier: Carrier<'a>,
    /// The whole sandbox.
    pub state: &'a Arc<State>,
    /// Where the request came from.
    pub origin: &'a Origin,
    /// Whether the connection is TLS.
    pub secure: bool,
    /// The head.
    pub request: Request,
    /// The body's payload, once read.
    pub body: Vec<u8>,
    /// The body as it was on the wire, once read.
    pub body_wire: Vec<u8>,
    reader: Body,
    framing: Framing,
    done: bool,
    entry: Option<Arc<Entry>>,
    awaits_continue: bool,
    keep: bool,
    chunked: bool,
}

impl<'a> Exchange<'a> {
    /// Begins with a head that was just read. `body` says that a stream of HTTP/2 was left open after it; HTTP/1
    /// tells that in the head.
    pub fn new(
        carrier: Carrier<'a>,
        state: &'a Arc<State>,
        origin: &'a Origin,
        secure: bool,
        request: Request,
        entry: Option<Arc<Entry>>,
        body: bool,
    ) -> Self {
        let framing = match (&carrier, request.framing()) {
            (Carrier::Wire(_), framing) => framing,
            (Carrier::Stream(_), _) if !body => Framing::None,
            (Carrier::Stream(_), Framing::Sized(size)) => Framing::Sized(size),
            (Carrier::Stream(_), _) => Framing::Streamed,
        };
        let reader = Body::new(framing);
        // An open stream of HTTP/2 ends with a frame of its own, also when its size is known to be zero.
        let done = if matches!(carrier, Carrier::Stream(_)) { !body } else { reader.is_done() };
        if let (Some(entry), true) = (&entry, done) {
            entry.end_body();
        }
        let awaits_continue = request.minor == 1
            && framing != Framing::None
            && request.header("expect").is_some_and(|value| value.eq_ignore_ascii_case(b"100-continue"));
        let keep = request.h2 || request.wants_keep_alive();
        let (body, body_wire) = (Vec::new(), Vec::new());
        Self {
            carrier,
            state,
            origin,
            secure,
            request,
            body,
            body_wire,
            reader,
            framing,
            done,
            entry,
            awaits_continue,
            keep,
            chunked: false,
        }
    }

    /// The connection, if it is one of HTTP/1.
    pub fn wire(&mut self) -> Option<&mut Wire> {
        match &mut self.carrier {
            Carrier::Wire(wire) => Some(wire),
            Carrier::Stream(_) => None,
        }
    }

    /// The stream, if it is HTTP/2.
    pub fn stream(&mut self) -> Option<&mut h2::Stream> {
        match &mut self.carrier {
            Carrier::Wire(_) => None,
            Carrier::Stream(stream) => Some(stream),
        }
    }

    /// The request's place in the log.
    pub fn entry(&self) -> Option<Arc<Entry>> {
        self.entry.clone()
    }

    /// How the request's body ends.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Whether the answer must have no body because of the method.
    pub fn is_head(&self) -> bool {
        self.request.method() == "HEAD"
    }

    /// Reads the next piece of the body, sending `100 Continue` first if the client waits for it. False at the end.
    pub async fn read_piece(&mut self, data: &mut Vec<u8>, raw: &mut Vec<u8>) -> io::Result<bool> {
        if self.done {
            return Ok(false);
        }
        if self.awaits_continue {
            self.awaits_continue = false;
            let nothing_came = match &self.carrier {
                Carrier::Wire(wire) => wire.pending().is_empty(),
                Carrier::Stream(stream) => stream.nothing_came(),
            };
            if nothing_came {
                self.interim(100, &[]).await?;
            }
        }
        let before = (data.len(), raw.len());
        let more = match &mut self.carrier {
            Carrier::Wire(wire) => self.reader.next(wire, data, raw).await?,
            Carrier::Stream(stream) => {
                let more = stream.read(data).await?;
                raw.extend_from_slice(&data[before.0..]);
                more
            }
        };
        self.done = !more;
        if let Some(entry) = &self.entry {
            entry.push_body(&data[before.0..], &raw[before.1..]);
            if !more {
                entry.end_body();
            }
        }
        Ok(more)
    }

    /// Reads the whole body into [`Exchange::body`].
    pub async fn read_body(&mut self) -> io::Result<()> {
        let (mut data, mut raw) = (std::mem::take(&mut self.body), std::mem::take(&mut self.body_wire));
        let outcome = loop {
            match self.read_piece(&mut data, &mut raw).await {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        (self.body, self.body_wire) = (data, raw);
        outcome
    }

    /// Reads what is left of the body and forgets it, so that the connection can go on. False if it cannot.
    pub async fn drain(&mut self) -> bool {
        if self.awaits_continue && !self.done {
            return false;
        }
        let (mut data, mut raw) = (Vec::new(), Vec::new());
        loop {
            match self.read_piece(&mut data, &mut raw).await {
                Ok(true) => {}
                Ok(false) => return true,
                Err(_) => return false,
            }
            data.clear();
            raw.clear();
        }
    }

    /// Whether the client sent its whole body and it was read.
    pub fn body_is_done(&self) -> bool {
        self.done
    }

    /// Makes the answer say `Connection: close`; HTTP/2 has no such thing.
    pub fn close_after(&mut self) {
        self.keep = self.request.h2;
    }

    /// What follows a complete answer.
    pub fn next(&self) -> Next {
        if self.keep { Next::Keep } else { Next::Close }
    }

    fn put_connection(&self, out: &mut Vec<u8>) {
        if !self.keep {
            out.extend_from_slice(b"Connection: close\r\n");
        } else if self.request.minor == 0 {
            out.extend_from_slice(b"Connection: keep-alive\r\n");
        }
    }

    /// Sends an interim answer (1xx).
    pub async fn interim(&mut self, status: u16, headers: &[(&str, &str)]) -> io::Result<()> {
        match &mut self.carrier {
            Carrier::Wire(wire) => {
                let mut out = format!("HTTP/1.1 {status} {}\r\n", reason_of(status)).into_bytes();
                for (name, value) in headers {
                    put_header(&mut out, name, value.as_bytes());
                }
                out.extend_from_slice(b"\r\n");
                wire.write(&out).await
            }
            Carrier::Stream(stream) => {
                let fields: Vec<_> =
                    headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
                stream.head(status, &fields, false).await
            }
        }
    }

    /// Sends an answer with head and body in one write.
    pub async fn send(&mut self, reply: Reply) -> io::Result<Next> {
        let bodiless = reply.status < 200 || reply.status == 204 || reply.status == 304;
        let is_head = self.is_head();
        if let Carrier::Stream(stream) = &mut self.carrier {
            let sized = reply.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
            let length = (!bodiless && !sized).then_some(reply.body.len() as u64);
            let end = bodiless || is_head || reply.body.is_empty();
            stream.head(reply.status, &fields_of(&reply, length), end).await?;
            if !end {
                stream.data(&reply.body, true).await?;
            }
            return Ok(Next::Keep);
        }
        let mut out = Vec::with_capacity(256 + reply.body.len());
        reply.write_head(&mut out);
        if !bodiless && !reply.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
            put_header(&mut out, "Content-Length", reply.body.len().to_string().as_bytes());
        }
        self.put_connection(&mut out);
        out.extend_from_slice(b"\r\n");
        if !bodiless && !is_head {
            out.extend_from_slice(&reply.body);
        }
        self.write(&out).await?;
        Ok(self.next())
    }

    /// Sends the head of an answer of known size; the caller writes the body.
    pub async fn send_head(&mut self, reply: &Reply, size: u64) -> io::Result<()> {
        let end = self.is_head() || size == 0;
        if let Carrier::Stream(stream) = &mut self.carrier {
            return stream.head(reply.status, &fields_of(reply, Some(size)), end).await;
        }
        let mut out = Vec::with_capacity(256);
        reply.write_head(&mut out);
        put_header(&mut out, "Content-Length", size.to_string().as_bytes());
        self.put_connection(&mut out);
        out.extend_from_slice(b"\r\n");
        self.write(&out).await
    }

    /// Sends bytes of a body whose head was sent; HTTP/1 takes any bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.carrier {
            Carrier::Wire(wire) => wire.write(bytes).await,
            Carrier::Stream(_) if bytes.is_empty() => Ok(()),
            Carrier::Stream(stream) => stream.data(bytes, false).await,
        }
    }

    /// Ends the answer on a stream of HTTP/2 if that was not done with its last bytes.
    pub async fn finish_stream(&mut self) -> io::Result<()> {
        match &mut self.carrier {
            Carrier::Stream(stream) if !stream.is_ended() => stream.data(b"", true).await,
            _ => Ok(()),
        }
    }

    /// Begins an answer of unknown size: chunked, or to HTTP/1.0 clients ended by the close.
    pub async fn begin(&mut self, reply: Reply) -> io::Result<()> {
        let end = self.is_head();
        if let Carrier::Stream(stream) = &mut self.carrier {
            return stream.head(reply.status, &fields_of(&reply, None), end).await;
        }
        let mut out = Vec::with_capacity(256);
        reply.write_head(&mut out);
        self.chunked = self.request.minor == 1;
        if self.chunked {
            put_header(&mut out, "Transfer-Encoding", b"chunked");
        } else {
            self.keep = false;
        }
        self.put_connection(&mut out);
        out.extend_from_slice(b"\r\n");
        self.write(&out).await
    }

    /// Sends one piece of an answer that [`Exchange::begin`] began.
    pub async fn chunk(&mut self, piece: &[u8]) -> io::Result<()> {
        if self.is_head() || piece.is_empty() {
            return Ok(());
        }
        if !self.chunked {
            return self.write(piece).await;
        }
        let mut out = Vec::with_capacity(piece.len() + 16);
        out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        out.extend_from_slice(piece);
        out.extend_from_slice(b"\r\n");
        self.write(&out).await
    }

    /// Ends an answer that [`Exchange::begin`] began.
    pub async fn end(&mut self, trailers: &[(&str, &str)]) -> io::Result<Next> {
        if let Carrier::Stream(stream) = &mut self.carrier {
            if !stream.is_ended() && !trailers.is_empty() {
                let mut block = Vec::new();
                for (name, value) in trailers {
                    h2::put_field(&mut block, name.to_ascii_lowercase().as_bytes(), value.as_bytes());
                }
                stream.block(&block, true).await?;
            }
            return Ok(Next::Keep);
        }
        if self.chunked && !self.is_head() {
            let mut out = String::from("0\r\n");
            for (name, value) in trailers {
                let _ = write!(out, "{name}: {value}\r\n");
            }
            out.push_str("\r\n");
            self.write(out.as_bytes()).await?;
        }
        Ok(self.next())
    }

    /// Sends bytes as they are. `Keep` becomes `Close` for a client that asked for it. HTTP/2 gets 501 in their place.
    pub async fn send_raw(&mut self, bytes: &[u8], next: Next) -> io::Result<Next> {
        if self.request.h2 {
            return self.only_http1().await;
        }
        self.write(bytes).await?;
        Ok(if next == Next::Keep { self.next() } else { next })
    }

    /// Waits, answering nothing, until the client goes away.
    pub async fn stall(&mut self) -> io::Result<Next> {
        match &mut self.carrier {
            Carrier::Wire(wire) => loop {
                let unread = wire.pending().len();
                wire.consume(unread);
                if wire.fill(4 << 10).await? == 0 {
                    return Ok(Next::Abort);
                }
            },
            Carrier::Stream(stream) => {
                let mut sink = Vec::new();
                while stream.read(&mut sink).await? {
                    sink.clear();
                }
                // The task is ended with its stream.
                std::future::pending().await
            }
        }
    }

    /// 501 for what only the bytes of HTTP/1 can show.
    pub async fn only_http1(&mut self) -> io::Result<Next> {
        let path = crate::request::latin1(self.request.path());
        self.send(
            Reply::text(format!("{path} breaks or uses the syntax of HTTP/1 and has no HTTP/2 form\n")).status(501),
        )
        .await
    }

    /// `http://host:port` as the client sees it.
    pub fn base_url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.request.host())
    }
}

/// The fields of an HTTP/2 head; the names are lower-cased when they are written.
fn fields_of(reply: &Reply, length: Option<u64>) -> Vec<(String, Vec<u8>)> {
    let mut fields = vec![("server".to_owned(), b"haft-sandbox".to_vec())];
    fields.extend(reply.headers.iter().cloned());
    fields.extend(length.map(|size| ("content-length".to_owned(), size.to_string().into_bytes())));
    fields
}

/// The usual reason phrase (RFC 9110 section 15); empty for an unknown status.
pub fn reason_of(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        103 => "Early Hints",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "Non-Authoritative Information",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        305 => "Use Proxy",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        418 => "I'm a teapot",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        423 => "Locked",
        424 => "Failed Dependency",
        425 => "Too Early",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        511 => "Network Authentication Required",
        _ => "",
    }
}
