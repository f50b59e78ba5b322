//! One request for one answer over a shared connection: opens a stream, sends the body as fast as the server takes it,
//! and waits for the head.
//!
//! A request that the server certainly did not look at (it never went out, it is behind the last stream of a GOAWAY, or
//! its stream was refused) is sent again without a word when its body can be. So is, once, a safe one whose connection
//! was lost, as a stale connection of HTTP/1.1 is.

use std::sync::Arc;

use super::{
    fault::{Fate, not_chosen, stillborn},
    head,
    incoming::Incoming,
    line::{Line, Raw, is_http2},
    lines::{Lines, Making, Turn},
    patience::Patience,
    talk::{Opened, Stream},
};
use crate::{
    clock,
    engine::{
        http::{
            exchange::{Answer, Marks, Payload, Streamed, Watch},
            request::Request,
        },
        net::{
            connect::{self, Connection, Steps},
            limits::{Guard, Limits},
            route::{Route, Version},
        },
        reactor::{dial, wire::Wired},
    },
    error::{Outcome, Result, Status},
};

/// How often a request that was not looked at is sent again.
const TRIES: u32 = 3;

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
            // What cannot be sent twice gets a connection that was looked at.
            let look =
                reused && (!self.replay_safe || matches!(self.payload, Payload::Source { .. } | Payload::Relay { .. }));
            let mut approach = line.approach(sender, look);
            let place = patience.wait(&guard, "connect", |cx| approach.poll(cx)).await.map_err(|error| {
                if error.status() == Status::Timeout {
                    line.suspect();
                }
                error.outcome(Outcome::NotSent)
            })?;
            // It takes no more calls: another one does.
            let Some(place) = place else { continue };
            let sender = approach.sender();
            drop(approach);
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
                    let Opened { response, ahead, rest, .. } = opened;
                    if let Some(rest) = rest {
                        self.lines.run(rest.send());
                    }
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
            if trouble.ends_line {
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
