//! One request for one answer over a shared connection: opens a stream, sends the body as fast as the server takes it,
//! and waits for the head.
//!
//! A request that the server certainly did not look at (it never went out, it is behind the last stream of a GOAWAY, or
//! its stream was refused) is sent again without a word when its body can be. So is, once, a safe one whose connection
//! was lost, as a stale connection of HTTP/1.1 is.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use h2::{
    RecvStream, SendStream,
    client::{ResponseFuture, SendRequest},
};

use super::{
    fault::{Fate, Trouble, not_chosen},
    head,
    incoming::Incoming,
    line::{Line, Raw, is_http2},
    lines::{Lines, Making, Turn},
    patience::Patience,
};
use crate::{
    clock,
    engine::{
        http::{
            exchange::{Answer, Marks, Payload, Watch, answer::Streamed},
            request::Request,
        },
        net::{
            connect::{self, Connection, Steps},
            limits::{Guard, Limits},
            route::{Route, Version},
        },
        reactor::{dial, wire::Wired},
    },
    error::{Error, Outcome, Result, code},
};

/// How often a request that was not looked at is sent again.
const TRIES: u32 = 3;
/// A piece of a body.
const PIECE: usize = 64 << 10;
/// What is read ahead of an answer that comes while the request is still being sent; then the server has to wait.
const AHEAD: usize = 16 << 20;

/// One request.
pub struct Errand<'a> {
    /// The connections.
    pub lines: &'a Arc<Lines>,
    /// Where it goes.
    pub route: &'a Arc<Route>,
    /// What is sent.
    pub request: &'a Request,
    /// Its body.
    pub payload: Payload<'a>,
    /// Time-outs.
    pub limits: &'a Limits,
    /// Hears of moved bytes.
    pub watch: Option<&'a Arc<dyn Watch>>,
    /// Sending it twice does no harm.
    pub replay_safe: bool,
}

/// A connection that was made and turned out to speak HTTP/1.1.
pub enum Made {
    /// By a thread.
    Own(Box<Connection>, Steps),
    /// On the reactor.
    Wired(Box<Wired>, Steps),
}

/// What came of a request.
pub enum Exchanged {
    /// Its answer.
    Answer(Box<Answer>),
    /// Nothing was sent: the server speaks HTTP/1.1, over this route, and perhaps this connection.
    Older(Arc<Route>, Option<Made>),
}

/// One stream whose head has come.
struct Opened {
    response: http::Response<RecvStream>,
    ahead: VecDeque<Bytes>,
    sent_at: Instant,
}

impl Errand<'_> {
    /// Sends the request and waits for the head of the answer.
    ///
    /// # Errors
    /// Everything that can happen on the way, with `phase` and `outcome`.
    pub async fn run(mut self, patience: &mut Patience<'_>) -> Result<Exchanged> {
        let request = head::compose(self.request).map_err(|error| error.outcome(Outcome::NotSent))?;
        let cancel = patience.cancel();
        let mut marks = Marks::at(clock::now());
        let mut touched = false;
        let mut tries = 0;
        loop {
            let guard = Guard::connect(self.limits, &cancel, clock::now());
            let (line, sender, reused) = match self.lines.turn(self.route, patience, &guard).await? {
                Turn::Line(line, sender) => (line, sender, true),
                Turn::Older(older) => return Ok(Exchanged::Older(older, None)),
                Turn::Make(making) => match self.make(making, &mut marks, patience).await? {
                    Begun::Line(line) => {
                        let ready = patience.wait(&guard, "connect", |cx| line.poll_ready(cx)).await;
                        match ready.map_err(|error| error.outcome(Outcome::NotSent))? {
                            super::line::Ready::Yes(sender) => (line, sender, false),
                            super::line::Ready::Never => return Err(stillborn(&line)),
                        }
                    }
                    Begun::Older(older, made) => return Ok(Exchanged::Older(older, Some(made))),
                },
            };
            let place = line.occupy();
            let mut stream = Stream {
                line: &line,
                limits: self.limits,
                watch: self.watch,
                body_sent: 0,
                touched: false,
                size: self.payload.size(),
            };
            let outcome = stream.open(sender, request.clone(), &mut self.payload, patience).await;
            touched |= stream.touched;
            let sent = head::size(&request) + stream.body_sent;
            let trouble = match outcome {
                Ok(opened) => {
                    let now = clock::now();
                    marks.sent = Some(opened.sent_at);
                    marks.first = Some(now);
                    marks.head = Some(now);
                    let Opened { response, ahead, .. } = opened;
                    let (parts, body) = response.into_parts();
                    let incoming = Incoming::new(body, ahead, place, Arc::clone(self.lines));
                    let streamed = Streamed {
                        status: parts.status.as_u16(),
                        raw_head: head::lines(parts.status.as_u16(), &parts.headers)
                            .map_err(|error| error.phase("read").outcome(Outcome::Applied))?,
                        length: head::length(&parts.headers),
                        bodiless: *request.method() == http::Method::HEAD,
                        marks,
                        reused,
                        remote: line.remote,
                        local: line.local,
                        tls: line.tls.clone(),
                        bytes_sent: sent,
                        limits: *self.limits,
                        cancel: Arc::clone(&cancel),
                        watch: self.watch.cloned(),
                        incoming: Box::new(incoming),
                    };
                    return Ok(Exchanged::Answer(Box::new(Answer::of_stream(streamed))));
                }
                Err(trouble) => trouble,
            };
            drop(place);
            tries += 1;
            let again = match trouble.fate {
                Fate::Undone => tries <= TRIES,
                Fate::Lost => tries == 1 && reused && self.replay_safe,
                Fate::Older if self.route.parts().version == Version::Auto => {
                    let older = self.route.older();
                    self.lines.remember_older(self.route, &older);
                    if self.rewind(touched, patience).await? {
                        return Ok(Exchanged::Older(older, None));
                    }
                    false
                }
                Fate::Older | Fate::Refused | Fate::Unknown => false,
            };
            if trouble.fate == Fate::Lost {
                line.retire();
            }
            if !again || !self.rewind(touched, patience).await? {
                return Err(trouble.error);
            }
            touched = false;
        }
    }

    /// Makes the connection, and finds out what it speaks.
    async fn make(&self, making: Making, marks: &mut Marks, patience: &mut Patience<'_>) -> Result<Begun> {
        let made = match patience {
            Patience::Thread(_, cancel) => {
                let (connection, steps) = connect::establish(self.route, self.limits, cancel)?;
                Made::Own(Box::new(connection), steps)
            }
            Patience::Reactor(vigil) => {
                let (wired, steps) = Box::pin(dial::establish(self.route, self.limits, vigil)).await?;
                Made::Wired(wired, steps)
            }
        };
        let (connection, steps) = match &made {
            Made::Own(connection, steps) => (&**connection, *steps),
            Made::Wired(wired, steps) => (&wired.connection, *steps),
        };
        let parts = self.route.parts();
        if parts.https && !is_http2(connection) {
            if parts.version == Version::Http2 {
                return Err(not_chosen());
            }
            let older = self.route.older();
            making.older(&older);
            return Ok(Begun::Older(older, made));
        }
        marks.resolved = Some(steps.resolved);
        marks.connected = Some(steps.connected);
        marks.secured = steps.secured;
        let raw = match made {
            Made::Own(connection, _) => Raw::Own(connection),
            Made::Wired(wired, _) => Raw::Wired(wired),
        };
        let line = making.made(raw, self.limits.connect).map_err(|error| error.outcome(Outcome::NotSent))?;
        Ok(Begun::Line(line))
    }

    /// Goes back to the start of the body; false when its reader cannot.
    async fn rewind(&mut self, touched: bool, patience: &mut Patience<'_>) -> Result<bool> {
        match (&mut self.payload, patience) {
            (Payload::None | Payload::Bytes(_), _) => Ok(true),
            _ if !touched => Ok(true),
            (Payload::Source { source, .. }, _) => Ok(source.rewind()),
            (Payload::Relay { relay, .. }, Patience::Reactor(vigil)) => Box::pin(relay.rewind(vigil)).await,
            (Payload::Relay { .. }, Patience::Thread(..)) => Ok(false),
        }
    }
}

enum Begun {
    Line(Arc<Line>),
    Older(Arc<Route>, Made),
}

/// The server ended the connection before it could be used.
fn stillborn(line: &Line) -> Error {
    let why = line.trouble().unwrap_or_else(|| "the server closed it".into());
    Error::new(&code::CONNECT, format!("the connection could not be used: {why}")).phase("connect").outcome(Outcome::NotSent)
}

/// One try on one stream.
struct Stream<'a> {
    line: &'a Arc<Line>,
    limits: &'a Limits,
    watch: Option<&'a Arc<dyn Watch>>,
    body_sent: u64,
    /// Some of the source was read.
    touched: bool,
    size: Option<u64>,
}

/// What happened first while a body is sent.
enum Event {
    /// There is room for so many bytes.
    Room(usize),
    /// The answer came, or the stream failed.
    Answer(std::result::Result<http::Response<RecvStream>, h2::Error>),
    /// The stream takes no more.
    Closed,
}

/// An answer that came before the request was sent. One that refuses, or that is over, ends the sending; any other may
/// be about what was sent so far (an echo), and what follows of it is read meanwhile.
#[derive(Default)]
struct Early {
    response: Option<http::Response<RecvStream>>,
    ahead: VecDeque<Bytes>,
    held: usize,
}

impl Early {
    fn answered(&mut self, response: http::Response<RecvStream>) -> Flow {
        let stops = !response.status().is_success() || response.body().is_end_stream();
        self.response = Some(response);
        if stops { Flow::Stop } else { Flow::On }
    }

    /// Takes in what comes, so that a server that answers while it reads can go on.
    fn collect(&mut self, cx: &mut Context<'_>) {
        let Some(response) = &mut self.response else { return };
        let body = response.body_mut();
        while self.held < AHEAD
            && let Poll::Ready(Some(Ok(piece))) = body.poll_data(cx)
        {
            let _ = body.flow_control().release_capacity(piece.len());
            self.held += piece.len();
            self.ahead.push_back(piece);
        }
    }
}

impl Stream<'_> {
    /// Opens the stream, sends everything and waits for the head.
    async fn open(
        &mut self,
        mut sender: SendRequest<Bytes>,
        request: http::Request<()>,
        payload: &mut Payload<'_>,
        patience: &mut Patience<'_>,
    ) -> std::result::Result<Opened, Trouble> {
        if let Some(watch) = self.watch {
            watch.begin(self.size);
        }
        let most = sender.current_max_send_streams();
        let head = head::size(&request);
        let sent = sender.send_request(request, self.size == Some(0));
        let (response, stream) = sent.map_err(|error| Trouble::of(&error, self.line, None))?;
        // The connection ends when nobody can open streams any more: this call has its own.
        drop(sender);
        let number = response.stream_id().as_u32();
        let mut talk = Talk { response, stream, early: Early::default() };
        if self.line.streams() > most {
            self.queue(number, &mut talk, patience).await?;
        }
        let outcome = self.talk(&mut talk, head, payload, patience).await;
        let sent_at = clock::now();
        let failed = |halt: Halt| match halt {
            Halt::Stream(error) => Trouble::of(&error, self.line, Some(number)),
            Halt::Call(error) => self.ended(error, number),
        };
        outcome.map_err(failed)?;
        let Talk { mut response, early, .. } = talk;
        let Early { response: first, ahead, .. } = early;
        if let Some(response) = first {
            return Ok(Opened { response, ahead, sent_at });
        }
        let cancel = patience.cancel();
        let guard = Guard::exchange(self.limits, &cancel);
        match patience.wait(&guard, "read", |cx| Pin::new(&mut response).poll(cx)).await {
            Ok(Ok(response)) => Ok(Opened { response, ahead, sent_at }),
            Ok(Err(error)) => Err(Trouble::of(&error, self.line, Some(number))),
            Err(error) => Err(self.ended(error, number)),
        }
    }

    /// Waits until others have ended and this stream can begin, which is waiting for a connection.
    async fn queue(
        &self,
        number: u32,
        talk: &mut Talk,
        patience: &mut Patience<'_>,
    ) -> std::result::Result<(), Trouble> {
        let cancel = patience.cancel();
        let guard = Guard::connect(self.limits, &cancel, clock::now());
        let tally = &self.line.tally;
        let waited = patience.wait(&guard, "connect", |cx| match Pin::new(&mut talk.response).poll(cx) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending => tally.poll_opened(number, cx).map(|()| None),
        });
        let waited = waited.await;
        tally.forget(number);
        match waited {
            Ok(None) => Ok(()),
            Ok(Some(Ok(response))) => {
                talk.early.response = Some(response);
                Ok(())
            }
            Ok(Some(Err(error))) => Err(Trouble::of(&error, self.line, Some(number))),
            Err(error) => Err(self.ended(error, number)),
        }
    }

    /// A limit or the host ended the call.
    fn ended(&self, error: Error, number: u32) -> Trouble {
        if error.status() == crate::error::Status::Timeout {
            self.line.suspect();
        }
        Trouble::own(error, self.line.tally.is_opened(number))
    }

    /// Sends the body, until it is sent or the server does not want more of it.
    async fn talk(
        &mut self,
        talk: &mut Talk,
        head: u64,
        payload: &mut Payload<'_>,
        patience: &mut Patience<'_>,
    ) -> std::result::Result<(), Halt> {
        if let Some(watch) = self.watch {
            patience.rest(watch.sent(head, 0)?).await?;
        }
        if self.size == Some(0) {
            return Ok(());
        }
        match payload {
            Payload::None => Ok(()),
            Payload::Bytes(bytes) => self.send(talk, bytes, true, patience).await.map(drop),
            Payload::Source { source, size } => {
                let mut buffer = vec![0; PIECE];
                let mut left = *size;
                loop {
                    // A source may be slow, and the answer may be there: then nobody wants more.
                    if self.listen(talk)? == Flow::Stop {
                        return Ok(());
                    }
                    let most = left.map_or(PIECE, |left| usize::try_from(left).unwrap_or(PIECE).min(PIECE));
                    self.touched = true;
                    let count = source.read(buffer.get_mut(..most).unwrap_or_default())?.min(most);
                    if self.pass(talk, buffer.get(..count).unwrap_or_default(), &mut left, patience).await? == Flow::Stop {
                        return Ok(());
                    }
                }
            }
            Payload::Relay { relay, size } => {
                let mut left = *size;
                self.touched = true;
                loop {
                    if self.listen(talk)? == Flow::Stop {
                        return Ok(());
                    }
                    let piece = patience.until(None, |cx| relay.poll_piece(cx)).await?;
                    let piece = piece.transpose()?.flatten().unwrap_or_default();
                    if self.pass(talk, &piece, &mut left, patience).await? == Flow::Stop {
                        return Ok(());
                    }
                    relay.give_back(piece);
                }
            }
        }
    }

    /// Sends a piece of a source; nothing is its end.
    async fn pass(
        &mut self,
        talk: &mut Talk,
        piece: &[u8],
        left: &mut Option<u64>,
        patience: &mut Patience<'_>,
    ) -> std::result::Result<Flow, Halt> {
        let mut last = piece.is_empty();
        if let Some(left) = left {
            if last && *left > 0 {
                return Err(Error::new(&code::PROVIDER, "the body ended before the announced length").into());
            }
            *left = left.saturating_sub(piece.len() as u64);
            last = *left == 0;
        }
        let flow = self.send(talk, piece, last, patience).await?;
        Ok(if last { Flow::Stop } else { flow })
    }

    /// Looks, without waiting, whether the answer came meanwhile.
    fn listen(&self, talk: &mut Talk) -> std::result::Result<Flow, Halt> {
        if talk.early.response.is_some() {
            return Ok(Flow::On);
        }
        match Pin::new(&mut talk.response).poll(&mut Context::from_waker(std::task::Waker::noop())) {
            Poll::Pending => Ok(Flow::On),
            Poll::Ready(answer) => Ok(talk.early.answered(answer?)),
        }
    }

    /// Sends bytes as the server makes room for them.
    async fn send(
        &mut self,
        talk: &mut Talk,
        mut bytes: &[u8],
        last: bool,
        patience: &mut Patience<'_>,
    ) -> std::result::Result<Flow, Halt> {
        let cancel = patience.cancel();
        let guard = Guard::exchange(self.limits, &cancel);
        let Talk { response, stream, early } = talk;
        if bytes.is_empty() && last {
            // What refuses it tells why when the answer is waited for.
            let _ = stream.send_data(Bytes::new(), true);
        }
        while !bytes.is_empty() {
            stream.reserve_capacity(bytes.len());
            let event = patience.wait(&guard, "write", |cx| {
                early.collect(cx);
                if early.response.is_none()
                    && let Poll::Ready(answer) = Pin::new(&mut *response).poll(cx)
                {
                    return Poll::Ready(Event::Answer(answer));
                }
                loop {
                    match stream.capacity() {
                        0 => {}
                        room => return Poll::Ready(Event::Room(room)),
                    }
                    match stream.poll_capacity(cx) {
                        Poll::Ready(Some(Ok(_))) => {}
                        Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(Event::Closed),
                        Poll::Pending => return Poll::Pending,
                    }
                }
            });
            match event.await? {
                Event::Room(room) => {
                    let (piece, rest) = bytes.split_at(room.min(bytes.len()));
                    bytes = rest;
                    if stream.send_data(Bytes::copy_from_slice(piece), last && rest.is_empty()).is_err() {
                        return Ok(Flow::Stop);
                    }
                    self.body_sent += piece.len() as u64;
                    if let Some(watch) = self.watch {
                        patience.rest(watch.sent(piece.len() as u64, piece.len() as u64)?).await?;
                    }
                }
                Event::Answer(answer) => {
                    if early.answered(answer?) == Flow::Stop {
                        return Ok(Flow::Stop);
                    }
                }
                Event::Closed => return Ok(Flow::Stop),
            }
        }
        Ok(Flow::On)
    }
}

/// Both halves of a stream.
struct Talk {
    response: ResponseFuture,
    stream: SendStream<Bytes>,
    early: Early,
}

/// Whether to go on sending.
#[derive(PartialEq, Eq)]
enum Flow {
    On,
    Stop,
}

/// Why a stream is not talked to any more.
enum Halt {
    /// It failed.
    Stream(h2::Error),
    /// A limit, the host or its reader ended the call.
    Call(Error),
}

impl From<h2::Error> for Halt {
    fn from(error: h2::Error) -> Halt {
        Halt::Stream(error)
    }
}

impl From<Error> for Halt {
    fn from(error: Error) -> Halt {
        Halt::Call(error)
    }
}
