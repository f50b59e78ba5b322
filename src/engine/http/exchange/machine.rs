//! The protocol without sockets: what has to be sent, and when the head of the final answer is there.
//!
//! `ureq-proto` keeps the state. It is given the method and framing headers only, and of an answer a small head made of
//! what [`super::head`] found; the bytes that travel are the caller's and the server's own. The one exchange that it is
//! not troubled with is the one that decides the library's speed: no payload, and an answer with a length. There is
//! nothing to decide, and the deciding would cost half of the instructions.

use http::{HeaderValue, Method, Request, header};
use ureq_proto::{
    BodyMode,
    client::{Call, RecvResponseResult, SendRequestResult, state},
};

use super::{
    framing::Inbound,
    head::{self, Announced, Finder, HEAD_LIMIT, Head},
};
use crate::error::{Error, Result, code};

/// Interim answers (1xx) that are passed over before it is taken for a game.
const INTERIM_LIMIT: u8 = 64;

/// How a payload is framed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outbound {
    /// There is none.
    None,
    /// By its length.
    Sized(u64),
    /// In chunks.
    Chunked,
}

/// What the bytes received so far are.
#[derive(Debug)]
pub enum Received {
    /// Not a whole head yet.
    Partial,
    /// An interim answer of so many bytes (with its status); what follows is the next one.
    Interim(usize, u16),
    /// The head of the final answer.
    Final(Head),
}

enum State {
    /// Nothing or a sized payload follows the head, which a counter does; `ureq-proto` was not asked yet.
    Idle,
    /// Boxed, as the next one: most exchanges have none, and each call on the reactor has room for one.
    Sending(Box<Call<state::SendBody>>),
    Waiting(Box<Call<state::RecvResponse>>),
    /// Between two states, or after an error.
    Void,
}

/// One exchange up to the head of its answer.
pub struct Machine {
    state: State,
    finder: Finder,
    /// What is left of a sized payload.
    left: Option<u64>,
    method: Special,
    interims: u8,
    close: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Special {
    None,
    Head,
    Connect,
}

impl Machine {
    /// Begins an exchange. The head is checked: it must end with its one blank line, must not contain what would split
    /// it, and must announce exactly `payload`.
    ///
    /// # Errors
    /// `invalid_header` when it does not.
    pub fn start(method: &str, head: &[u8], payload: Outbound) -> Result<Machine> {
        let seen = inspect(head)?;
        let fits = match payload {
            Outbound::None => !seen.chunked && seen.length.unwrap_or(0) == 0,
            Outbound::Sized(size) => !seen.chunked && seen.length.unwrap_or(0) == size,
            Outbound::Chunked => seen.chunked && seen.length.is_none(),
        };
        if !fits {
            return Err(conflict("the head did not announce the body that was to be sent"));
        }
        let payload = if payload == Outbound::Sized(0) { Outbound::None } else { payload };
        let special = match method {
            "HEAD" => Special::Head,
            "CONNECT" => Special::Connect,
            _ => Special::None,
        };
        let state = if payload == Outbound::Chunked { begin(special, true)? } else { State::Idle };
        let left = if let Outbound::Sized(size) = payload { Some(size) } else { None };
        Ok(Machine { state, finder: Finder::default(), left, method: special, interims: 0, close: seen.close })
    }

    /// Whether some of the payload is still to be sent.
    #[must_use]
    pub fn is_sending(&self) -> bool {
        self.left.is_some_and(|left| left > 0) || matches!(self.state, State::Sending(_))
    }

    /// What is left of a payload of known size; none for chunks.
    #[must_use]
    pub fn left(&self) -> Option<u64> {
        self.left
    }

    /// So many bytes of a sized payload go out as they are.
    ///
    /// # Errors
    /// When there are more than were announced.
    pub fn pass(&mut self, count: usize) -> Result<()> {
        let left = self.left.and_then(|left| left.checked_sub(count as u64)).ok_or_else(out_of_step)?;
        self.left = Some(left);
        Ok(())
    }

    /// Puts `input` into chunks; an empty one ends them. Returns how much of the input was used and of `output` filled.
    ///
    /// # Errors
    /// When the payload is not sent in chunks.
    pub fn encode(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize)> {
        let State::Sending(call) = &mut self.state else { return Err(out_of_step()) };
        let moved = call.write(input, output).map_err(internal)?;
        self.settle()?;
        Ok(moved)
    }

    /// How much input surely fits into so much output.
    #[must_use]
    pub fn room(&self, output: usize) -> usize {
        match &self.state {
            State::Sending(call) => call.calculate_max_input(output),
            _ => 0,
        }
    }

    /// The rest of the payload is not sent; the connection is of no use afterwards.
    ///
    /// # Errors
    /// Never, in practice.
    pub fn abandon(&mut self) -> Result<()> {
        self.close = true;
        match self.left {
            _ if !self.is_sending() => Ok(()),
            Some(_) => {
                self.left = Some(0);
                Ok(())
            }
            None => self.encode(&[], &mut [0; 16]).map(drop),
        }
    }

    fn settle(&mut self) -> Result<()> {
        if let State::Sending(call) = &self.state
            && call.can_proceed()
            && let State::Sending(call) = std::mem::replace(&mut self.state, State::Void)
        {
            self.state = State::Waiting(Box::new((*call).proceed().ok_or_else(out_of_step)?));
        }
        Ok(())
    }

    /// Looks at the bytes received so far. It may be asked while the payload is still being sent.
    ///
    /// # Errors
    /// `protocol` or `limit`.
    pub fn head(&mut self, bytes: &[u8]) -> Result<Received> {
        // Empty lines before an answer are forgotten rests of the one before.
        let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if blank > 0 {
            return Ok(if blank == bytes.len() { Received::Partial } else { Received::Interim(blank, 0) });
        }
        head::check_start(bytes)?;
        let Some(found) = self.finder.find(bytes) else {
            if bytes.len() >= HEAD_LIMIT {
                return Err(head::too_large(&format!("more than {} KiB", HEAD_LIMIT >> 10)));
            }
            return Ok(Received::Partial);
        };
        self.finder = Finder::default();
        let size = found.size;
        let mut head = head::parse(bytes.get(..size).unwrap_or(bytes))?;
        head.size = size;
        head.folded = found.folded;
        if head.status < 200 && head.status != 101 {
            self.interims += 1;
            if self.interims > INTERIM_LIMIT {
                return Err(Error::new(&code::PROTOCOL, "the server sent interim answers without end"));
            }
            return Ok(Received::Interim(size, head.status));
        }
        Ok(Received::Final(head))
    }

    /// Ends this part: what is to be read of the body that follows `head`. A connection on which this side asked for
    /// the end, or stopped inside its payload, closes after it.
    ///
    /// # Errors
    /// Never, in practice.
    pub fn body(mut self, head: &mut Head) -> Result<Inbound> {
        if self.is_sending() {
            self.abandon()?;
        }
        head.close |= self.close;
        let switched = head.status == 101 || (self.method == Special::Connect && head.status / 100 == 2);
        if switched {
            return Ok(Inbound::Switched);
        }
        // The common case needs no second opinion: a length, where there may be a body.
        if let Announced::Length(length) = head.announced
            && self.method == Special::None
            && !matches!(head.status, 204 | 304)
        {
            return Ok(Inbound::sized(length));
        }
        if matches!(self.state, State::Idle) {
            self.state = begin(self.method, false)?;
        }
        let State::Waiting(mut call) = self.state else { return Err(out_of_step()) };
        let mut room = [0; 80];
        let small = small_head(head, &mut room);
        match call.try_response(small, false) {
            Ok((_, Some(_))) => {}
            Ok((_, None)) => return Err(out_of_step()),
            Err(error) => return Err(internal(error)),
        }
        Ok(match (*call).proceed() {
            Some(RecvResponseResult::RecvBody(call)) => match call.body_mode() {
                BodyMode::NoBody => Inbound::Done,
                BodyMode::LengthDelimited(size) => Inbound::sized(size),
                BodyMode::CloseDelimited => Inbound::UntilClose,
                BodyMode::Chunked => Inbound::chunked(call),
            },
            Some(RecvResponseResult::Redirect(_) | RecvResponseResult::Cleanup(_)) => Inbound::Done,
            None => return Err(out_of_step()),
        })
    }
}

/// Takes `ureq-proto` past the request's head, which it writes to nowhere: ours goes out.
fn begin(method: Special, chunked: bool) -> Result<State> {
    let mut request = Request::new(());
    // Of the methods only HEAD makes a difference; others would be refused, or want headers for nothing.
    if method == Special::Head {
        *request.method_mut() = Method::HEAD;
    }
    if chunked {
        request.headers_mut().insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    let mut call = Call::new(request).map_err(internal)?;
    if chunked {
        call.force_send_body();
    }
    let mut call = call.proceed();
    let mut nowhere = [0; 128];
    while !call.can_proceed() {
        call.write(&mut nowhere).map_err(internal)?;
    }
    match call.proceed().map_err(internal)? {
        Some(SendRequestResult::SendBody(call)) => Ok(State::Sending(Box::new(call))),
        Some(SendRequestResult::RecvResponse(call)) => Ok(State::Waiting(Box::new(call))),
        Some(SendRequestResult::Await100(_)) | None => Err(out_of_step()),
    }
}

/// The head that `ureq-proto` sees: status and framing.
fn small_head<'a>(head: &Head, room: &'a mut [u8; 80]) -> &'a [u8] {
    use std::io::Write as _;

    let mut rest = &mut room[..];
    // 80 bytes hold the longest of them: 17 + 38 + 2.
    let _ = rest.write_all(b"HTTP/1.1 ");
    let digit = |number: u16| b'0' + (number % 10) as u8;
    let _ = rest.write_all(&[digit(head.status / 100), digit(head.status / 10), digit(head.status)]);
    let _ = rest.write_all(b"\r\n");
    match head.announced {
        Announced::Nothing | Announced::UntilClose => {}
        Announced::Chunks => {
            let _ = rest.write_all(b"transfer-encoding:chunked\r\n");
        }
        Announced::Length(length) => {
            let _ = rest.write_all(b"content-length:");
            let _ = rest.write_all(decimal(length, &mut [0; 20]));
            let _ = rest.write_all(b"\r\n");
        }
    }
    let _ = rest.write_all(b"\r\n");
    let left = rest.len();
    let size = room.len() - left;
    room.get(..size).unwrap_or_default()
}

/// Decimal digits without the formatting machinery, which would be a tenth of the exchange.
fn decimal(mut number: u64, room: &mut [u8; 20]) -> &[u8] {
    let mut start = room.len();
    for place in room.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
        start -= 1;
        if number == 0 {
            break;
        }
    }
    room.get(start..).unwrap_or_default()
}

/// What the request's own head says.
#[derive(Default)]
struct Seen {
    length: Option<u64>,
    chunked: bool,
    close: bool,
}

/// Goes through a request head. It was made of validated parts; this is the last look before the wire.
fn inspect(head: &[u8]) -> Result<Seen> {
    let mut seen = Seen::default();
    let mut start = 0;
    for at in memchr::memchr3_iter(b'\r', b'\n', 0, head) {
        if at < start {
            // The second half of a line end.
            continue;
        }
        let (Some(line), Some([b'\r', b'\n', ..])) = (head.get(start..at), head.get(at..)) else {
            return Err(conflict("the head contained a bare line end or NUL"));
        };
        if line.is_empty() {
            let ends_here = start > 0 && at + 2 == head.len();
            return if ends_here { Ok(seen) } else { Err(conflict("the head contained an empty line")) };
        }
        if start > 0 {
            seen.take(line)?;
        }
        start = at + 2;
    }
    Err(conflict("the head did not end with an empty line"))
}

impl Seen {
    fn take(&mut self, line: &[u8]) -> Result<()> {
        // Three names matter; their first letters sort out most others.
        if !matches!(line, [b'C' | b'c' | b'T' | b't', ..]) {
            return Ok(());
        }
        let Some(colon) = memchr::memchr(b':', line) else { return Ok(()) };
        let (Some(name), Some(value)) = (line.get(..colon), line.get(colon + 1..)) else { return Ok(()) };
        let value = value.trim_ascii();
        match colon {
            10 if name.eq_ignore_ascii_case(b"connection") => {
                let mut tokens = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
                self.close |= tokens.any(|token| token.eq_ignore_ascii_case(b"close"));
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                let length = head::parse_length(value);
                if length.is_none() || self.length.is_some() {
                    return Err(conflict("the head had a bad or a second Content-Length"));
                }
                self.length = length;
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(conflict("the head had a Transfer-Encoding other than one chunked"));
                }
                self.chunked = true;
            }
            _ => {}
        }
        Ok(())
    }
}

fn conflict(message: &'static str) -> Error {
    Error::new(&code::INVALID_HEADER, message).outcome(crate::error::Outcome::NotSent)
}

fn out_of_step() -> Error {
    Error::new(&code::INTERNAL, "the exchange was driven out of step")
}

fn internal(error: ureq_proto::Error) -> Error {
    Error::new(&code::INTERNAL, format!("the exchange failed: {error}"))
}
