//! One try of a request on one stream: sends head and body as fast as the server takes them, hears what it says
//! meanwhile, and waits for the head of the answer.

use std::{
    collections::VecDeque,
    future::poll_fn,
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

use super::{fault::Trouble, head, line::Line, patience::Patience, tact::Hold};
use crate::{
    clock,
    engine::{
        http::exchange::{Payload, Watch},
        net::limits::{Guard, Limits},
    },
    error::{Error, Status, code},
    value::Pipe,
};

/// A piece of a body.
const PIECE: usize = 64 << 10;
/// A body up to this length is handed over with its head, so that both leave together: room for it need not be waited for,
/// as for what a socket takes in.
const SMALL: usize = 16 << 10;
/// What is read ahead of an answer that comes while the request is still being sent; then the server has to wait.
const AHEAD: usize = 16 << 20;

/// One stream whose head has come.
pub(super) struct Opened {
    pub response: http::Response<RecvStream>,
    pub ahead: VecDeque<Bytes>,
    pub sent_at: Instant,
    /// What of the body is still to come.
    pub rest: Option<Rest>,
}

/// A body that goes on while it is answered.
pub(super) struct Rest {
    stream: SendStream<Bytes>,
    pipe: Arc<Pipe>,
}

impl Rest {
    /// Sends what comes out of the pipe, to its end or to that of the stream.
    pub async fn send(mut self) {
        loop {
            let next = poll_fn(|cx| match self.stream.poll_reset(cx) {
                Poll::Ready(_) => Poll::Ready(None),
                Poll::Pending => self.pipe.poll_piece(cx).map(Some),
            });
            let sent = match next.await {
                None => return,
                Some(Some(piece)) => self.stream.send_data(piece.into(), false),
                Some(None) => return drop(self.stream.send_data(Bytes::new(), true)),
            };
            if sent.is_err() {
                return;
            }
        }
    }
}

/// One try on one stream.
pub(super) struct Stream<'a> {
    pub line: &'a Arc<Line>,
    pub limits: &'a Limits,
    pub watch: Option<&'a Arc<dyn Watch>>,
    pub body_sent: u64,
    /// Some of the source was read.
    pub touched: bool,
    pub size: Option<u64>,
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
    pub async fn open(
        &mut self,
        mut sender: SendRequest<Bytes>,
        request: http::Request<()>,
        payload: &mut Payload<'_>,
        patience: &mut Patience<'_>,
    ) -> std::result::Result<Opened, Trouble> {
        if let Some(watch) = self.watch {
            watch.begin(self.size);
        }
        // What is there as a whole goes out as a whole: the connection is woken once. A thread stays with its call; a task of
        // the reactor wakes nobody else by what it sends.
        let whole = self.watch.is_none() && matches!(payload, Payload::None | Payload::Bytes(_));
        let _hold = (whole && matches!(patience, Patience::Thread(..))).then(Hold::new);
        let head = head::size(&request);
        let sent = sender.send_request(request, self.size == Some(0));
        let (response, stream) = sent.map_err(|error| Trouble::of(&error, self.line, None))?;
        // The connection ends when nobody can open streams any more: this call has its own.
        drop(sender);
        let number = response.stream_id().as_u32();
        let mut talk = Talk { response, stream, early: Early::default(), rest: None };
        let outcome = self.talk(&mut talk, head, payload, patience).await;
        let sent_at = clock::now();
        let failed = |halt: Halt| match halt {
            Halt::Stream(error) => Trouble::of(&error, self.line, Some(number)),
            Halt::Call(error) => self.ended(error),
        };
        outcome.map_err(failed)?;
        let Talk { mut response, stream, early, rest } = talk;
        let Early { response: first, ahead, .. } = early;
        if let Some(response) = first {
            let rest = rest.filter(|_| !response.body().is_end_stream()).map(|pipe| Rest { stream, pipe });
            return Ok(Opened { response, ahead, sent_at, rest });
        }
        let cancel = patience.cancel();
        let guard = Guard::exchange(self.limits, &cancel);
        match patience.wait(&guard, "read", |cx| Pin::new(&mut response).poll(cx)).await {
            Ok(Ok(response)) => Ok(Opened { response, ahead, sent_at, rest: None }),
            Ok(Err(error)) => Err(Trouble::of(&error, self.line, Some(number))),
            Err(error) => Err(self.ended(error)),
        }
    }

    /// A limit or the host ended the call. What the protocol has been given it sends, if only to reset it then.
    fn ended(&self, error: Error) -> Trouble {
        if error.status() == Status::Timeout {
            self.line.suspect();
        }
        Trouble::own(error)
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
        let pipe = match payload {
            Payload::Source { source, .. } => source.pipe(),
            Payload::Relay { relay, .. } => relay.pipe(),
            Payload::None | Payload::Bytes(_) => None,
        };
        if let Some(pipe) = pipe {
            return self.converse(talk, pipe, patience).await;
        }
        match payload {
            Payload::None => Ok(()),
            Payload::Bytes(bytes) if bytes.len() <= SMALL => {
                // What refuses it tells why when the answer is waited for.
                let _ = talk.stream.send_data(Bytes::copy_from_slice(bytes), true);
                self.body_sent += bytes.len() as u64;
                if let Some(watch) = self.watch {
                    patience.rest(watch.sent(bytes.len() as u64, bytes.len() as u64)?).await?;
                }
                Ok(())
            }
            Payload::Bytes(bytes) => self.send(talk, bytes, true, patience).await.map(drop),
            Payload::Source { source, size } => {
                let mut buffer = vec![0; PIECE];
                let mut left = *size;
                loop {
                    // A source may be slow, and the answer may be there: then nobody wants more.
                    if Self::listen(talk)? == Flow::Stop {
                        return Ok(());
                    }
                    let most = left.map_or(PIECE, |left| usize::try_from(left).unwrap_or(PIECE).min(PIECE));
                    self.touched = true;
                    let count = source.read(buffer.get_mut(..most).unwrap_or_default())?.min(most);
                    if self.pass(talk, buffer.get(..count).unwrap_or_default(), &mut left, patience).await?
                        == Flow::Stop
                    {
                        return Ok(());
                    }
                }
            }
            Payload::Relay { relay, size } => {
                let mut left = *size;
                self.touched = true;
                loop {
                    if Self::listen(talk)? == Flow::Stop {
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

    /// Sends what comes out of a pipe until the answer begins; the rest of it goes on beside the answer.
    async fn converse(
        &mut self,
        talk: &mut Talk,
        pipe: Arc<Pipe>,
        patience: &mut Patience<'_>,
    ) -> std::result::Result<(), Halt> {
        self.touched = true;
        let cancel = patience.cancel();
        loop {
            let guard = Guard::exchange(self.limits, &cancel);
            let response = &mut talk.response;
            let next = patience.wait(&guard, "read", |cx| match Pin::new(&mut *response).poll(cx) {
                Poll::Ready(answer) => Poll::Ready(Err(answer)),
                Poll::Pending => pipe.poll_piece(cx).map(Ok),
            });
            match next.await? {
                Err(answer) => drop(talk.early.answered(answer?)),
                Ok(piece) => {
                    let last = piece.is_none();
                    let flow = self.send(talk, &piece.unwrap_or_default(), last, patience).await?;
                    if last || (flow == Flow::Stop && talk.early.response.is_none()) {
                        return Ok(());
                    }
                }
            }
            if talk.early.response.is_some() {
                talk.rest = Some(pipe);
                return Ok(());
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
    fn listen(talk: &mut Talk) -> std::result::Result<Flow, Halt> {
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
        let Talk { response, stream, early, .. } = talk;
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
    /// The body goes on beside the answer.
    rest: Option<Arc<Pipe>>,
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
