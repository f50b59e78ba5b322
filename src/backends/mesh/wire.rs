//! Calls of the server: a message there, messages back, over the HTTP session that carries everything.

use std::sync::Arc;

use super::{login::Login, refusal, schema, terms::Terms};
use crate::{
    args::Args,
    backends::{Answer, Backend, Call},
    engine::{
        grpc::{
            frame::{Frames, split, wrap},
            status::{self, Refusal},
        },
        net::cancel::Cancel,
    },
    error::{Error, Outcome, Result, code},
    secret::Secret,
    value::{Outlet, Pipe, Tree},
};

/// What is read of a stream at once.
const PIECE: usize = 64 << 10;

/// The way to the server.
pub struct Wire {
    /// The HTTP session that carries it.
    pub web: Arc<dyn Backend>,
    /// What says who we are.
    pub login: Login,
    /// The longest message that is taken.
    pub most: usize,
}

/// Where a call goes: the path of a method, `/package.Service/Method`.
pub type Path<'a> = &'a str;

/// Messages of a stream, as they come.
pub struct Messages {
    answer: Box<dyn Answer>,
    frames: Frames,
    terms: Terms,
    /// The stream was read to its end.
    ended: bool,
    failed: bool,
}

impl Wire {
    /// Sends one message and waits for all that is answered.
    ///
    /// # Errors
    /// What the server refused, in its words; what went wrong on the way.
    pub fn call(&self, path: Path<'_>, message: &[u8], terms: &Terms) -> Result<Vec<Vec<u8>>> {
        let frame = frame(message)?;
        all(&*self.answer(path, &|| Ok(Tree::Bytes(Arc::clone(&frame))), terms)?, self.most)
    }

    /// Sends one message that is framed already (bytes, or a reader for each try) and brings the answer as it is, once the
    /// server has not refused the call: its messages are [`slices`] of the body.
    ///
    /// # Errors
    /// What the server refused, in its words; what went wrong on the way; that of `make`.
    pub fn answer(&self, path: Path<'_>, make: &dyn Fn() -> Result<Tree>, terms: &Terms) -> Result<Box<dyn Answer>> {
        self.signed(terms, |token| {
            let order = terms.order(make()?, token, false)?;
            let answer = self.web.request(&post(path, &order, &terms.cancel)).map_err(refusal::on_the_way)?;
            told(&*answer)?;
            Ok(answer)
        })
    }

    /// The same at the head of the answer: its body is read in pieces.
    ///
    /// # Errors
    /// Those of the head.
    pub fn opened(&self, path: Path<'_>, frame: &Arc<[u8]>, terms: &Terms) -> Result<Box<dyn Answer>> {
        self.signed(terms, |token| {
            let order = terms.order(Tree::Bytes(Arc::clone(frame)), token, true)?;
            let answer = self.web.request(&post(path, &order, &terms.cancel)).map_err(refusal::on_the_way)?;
            head(&*answer)?;
            Ok(answer)
        })
    }

    /// Sends with the token of now, and with another one when the server does not take that.
    fn signed<T>(&self, terms: &Terms, send: impl Fn(Option<&Secret>) -> Result<T>) -> Result<T> {
        // However the token was asked for: the call itself was not sent, or was refused for the want of one.
        let token = || self.login.current(self, terms).map_err(|error| error.outcome(Outcome::NotSent));
        let first = token()?;
        let done = match send(first.as_ref()) {
            Err(error) if refusal::wants_token(&error) && self.login.refused(first.as_ref()) => send(token()?.as_ref()),
            done => done,
        };
        done.map_err(|error| terms.told(error))
    }

    /// The same with exactly one answer.
    ///
    /// # Errors
    /// Those, and `protocol` when it is not one.
    pub fn unary(&self, path: Path<'_>, message: &[u8], terms: &Terms) -> Result<Vec<u8>> {
        single(self.call(path, message, terms)?)
    }

    /// Sends one message and brings the answers one by one.
    ///
    /// # Errors
    /// Those of the head; the rest comes out of [`Messages::next`].
    pub fn stream(&self, path: Path<'_>, message: &[u8], terms: &Terms) -> Result<Messages> {
        self.signed(terms, |token| {
            let order = self.order(message, terms, token, true)?;
            let answer = self.web.request(&post(path, &order, &terms.cancel)).map_err(refusal::on_the_way)?;
            head(&*answer)?;
            Ok(Messages::new(answer, self.most, terms.clone()))
        })
    }

    /// Begins a call in which messages go to and fro, without a token: it is there to get one.
    ///
    /// # Errors
    /// Those of the head; the rest comes out of [`Talk::next`].
    pub fn talk(&self, path: Path<'_>, first: &[u8], terms: &Terms) -> Result<Talk> {
        let pipe = Arc::<Pipe>::default();
        pipe.push(wrap(first)?);
        let terms = terms.bare();
        let order = terms.order(Tree::Reader(Arc::new(Outlet(Arc::clone(&pipe)))), None, true)?;
        let answer = self.web.request(&post(path, &order, &terms.cancel)).map_err(refusal::on_the_way)?;
        head(&*answer)?;
        Ok(Talk { messages: Messages::new(answer, self.most, terms), pipe })
    }

    /// The request as HTTP has it.
    ///
    /// # Errors
    /// `limit` for a message that has no room; `total_timeout`.
    pub fn order(&self, message: &[u8], terms: &Terms, token: Option<&Secret>, stream: bool) -> Result<Args> {
        terms.order(Tree::Bytes(frame(message)?), token, stream)
    }
}

/// A call in which messages go to and fro. Dropping it ends ours.
pub struct Talk {
    messages: Messages,
    pipe: Arc<Pipe>,
}

impl Talk {
    /// The server's next message; `None` behind its last.
    ///
    /// # Errors
    /// As [`Messages::next`].
    pub fn next(&mut self) -> Result<Option<Vec<u8>>> {
        self.messages.next()
    }

    /// Sends another one.
    ///
    /// # Errors
    /// `limit` for a message that has no room.
    pub fn say(&self, message: &[u8]) -> Result<()> {
        self.pipe.push(wrap(message)?);
        Ok(())
    }

    /// There is no more to say, and what the server still says does not matter.
    pub fn end(mut self) {
        self.pipe.end();
        while let Ok(Some(_)) = self.next() {}
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.pipe.end();
    }
}

/// A message as it is sent, to be shared by several tries.
///
/// # Errors
/// `limit` for a message that has no room.
pub fn frame(message: &[u8]) -> Result<Arc<[u8]>> {
    Ok(wrap(message)?.into())
}

/// The request of a call.
#[must_use]
pub fn post<'a>(path: Path<'a>, order: &'a Args, cancel: &'a Arc<Cancel>) -> Call<'a> {
    Call { verb: Some("POST"), target: Some(path), args: order, cancel, progress: None }
}

/// The path of a method of the tables.
#[must_use]
pub fn path(service: &schema::Service, method: &schema::Method) -> String {
    format!("/{}/{}", service.name, method.name)
}

/// All messages of an answer that was read as a whole.
///
/// # Errors
/// What the server refused; `protocol`.
pub fn all(answer: &dyn Answer, most: usize) -> Result<Vec<Vec<u8>>> {
    Ok(slices(answer, most)?.into_iter().map(<[u8]>::to_vec).collect())
}

/// The same as they lie in the answer.
///
/// # Errors
/// What the server refused; `protocol`; `message_too_large`.
pub fn slices(answer: &dyn Answer, most: usize) -> Result<Vec<&[u8]>> {
    head(answer)?;
    let (messages, torn) = split(answer.body(), most)?;
    end(answer, torn)?;
    Ok(messages)
}

/// Whether the server refused, at the head or behind the messages of an answer that was read as a whole.
///
/// # Errors
/// What the server refused; `protocol`.
pub fn told(answer: &dyn Answer) -> Result<()> {
    head(answer)?;
    end(answer, false)
}

/// The one message of a call that answers one.
///
/// # Errors
/// `protocol`.
pub fn single(mut messages: Vec<Vec<u8>>) -> Result<Vec<u8>> {
    let count = messages.len();
    match (messages.pop(), count) {
        (Some(message), 1) => Ok(message),
        _ => {
            let message = format!("the server answered {count} messages where one was expected");
            Err(Error::new(&code::PROTOCOL, message).outcome(Outcome::Unknown))
        }
    }
}

/// Whether somebody answered who speaks gRPC, and whether he refused at once.
fn head(answer: &dyn Answer) -> Result<()> {
    if let Some(number) = answer.header("grpc-status") {
        return status::told(number, answer.header("grpc-message"))
            .map_or(Ok(()), |refusal| Err(refusal::error(refusal)));
    }
    let kind = answer.header("content-type").unwrap_or_default();
    if answer.status() == 200 && kind.starts_with(b"application/grpc") {
        return Ok(());
    }
    let message = format!(
        "an answer that is no gRPC: HTTP status {}, content type {:?}",
        answer.status(),
        String::from_utf8_lossy(kind)
    );
    let refusal = Refusal { name: status::of_http(answer.status()), message };
    Err(refusal::error(refusal).with("http_status", Tree::Int(answer.status().into())))
}

/// What stands behind the last message.
///
/// # Errors
/// What the server refused; `protocol`.
pub fn end(answer: &dyn Answer, torn: bool) -> Result<()> {
    let told = answer.trailer("grpc-status").map(|number| (number, answer.trailer("grpc-message")));
    // A call without messages may say all in its head.
    let told = told.or_else(|| answer.header("grpc-status").map(|number| (number, answer.header("grpc-message"))));
    let Some((number, message)) = told else {
        let error = Error::new(&code::PROTOCOL, "the answer ended without a status").with("grpc_status", "INTERNAL");
        return Err(error.outcome(Outcome::Unknown));
    };
    if let Some(refusal) = status::told(number, message) {
        return Err(refusal::error(refusal));
    }
    if torn {
        return Err(
            Error::new(&code::PROTOCOL, "the answer ended in the middle of a message").outcome(Outcome::Unknown)
        );
    }
    Ok(())
}

impl Messages {
    fn new(answer: Box<dyn Answer>, most: usize, terms: Terms) -> Messages {
        Messages { answer, frames: Frames::new(most), terms, ended: false, failed: false }
    }

    /// The next message; `None` behind the last.
    ///
    /// # Errors
    /// What the server said behind the messages, what went wrong on the way; once.
    pub fn next(&mut self) -> Result<Option<Vec<u8>>> {
        if self.failed {
            return Ok(None);
        }
        let next = self.advance().map_err(|error| self.terms.told(error));
        self.failed = next.is_err();
        next
    }

    fn advance(&mut self) -> Result<Option<Vec<u8>>> {
        let mut piece = Vec::new();
        loop {
            if let Some(message) = self.frames.take()? {
                return Ok(Some(message.to_vec()));
            }
            if self.ended {
                return Ok(None);
            }
            piece.resize(PIECE, 0);
            let count = self.answer.read(&mut piece).map_err(refusal::on_the_way)?;
            if count == 0 {
                self.ended = true;
                end(&*self.answer, self.frames.is_torn())?;
                return Ok(None);
            }
            self.frames.feed(piece.get(..count).unwrap_or_default());
        }
    }
}
