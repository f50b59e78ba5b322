//! One request of a host on its way through a line, and the wait for its answer: on the caller's own thread, or as a
//! future on the reactor.

use std::{borrow::Cow, future::poll_fn, sync::Arc, task::Poll, time::Instant};

use super::{
    super::{
        carrier::{Parcel, Receipt},
        envelope::{Envelope, Members, Secrets},
        handle::Handle,
        plugins::Checked,
        session::Session,
        transactions::{Stage, Wants},
    },
    Line,
};
use crate::{
    engine::{
        net::cancel::{Cancel, cancelled},
        reactor::{
            caller::Caller,
            promise::{Giver, Taker},
            vigil::Vigil,
        },
    },
    error::{Error, Outcome, Result, code},
    value::Document,
};

/// What an answer brings into being, or ends. The reactor enters it before anybody else hears of the answer, so that no
/// event finds it unknown.
#[derive(Clone)]
pub enum Brings {
    /// Nothing.
    Nothing,
    /// The session, created or claimed.
    Session(Arc<Session>),
    /// The handle, attached.
    Handle(Arc<Handle>),
}

/// One request. It is written out when it is sent: the ids of a session that was made again are others then.
pub struct Request {
    /// The value of `janus`.
    pub word: Cow<'static, str>,
    /// The session that it concerns.
    pub session: Option<Arc<Session>>,
    /// The handle.
    pub handle: Option<Arc<Handle>>,
    /// The ids of a session and a handle that are others' (the admin API).
    pub about: (Option<u64>, Option<u64>),
    /// Everything else.
    pub members: Members,
    /// What ends it.
    pub wants: Wants,
    /// It may be sent again after a loss: it changes nothing (keepalive, info, ping).
    pub again: bool,
    /// It goes out before the line is ready for others: a claim.
    pub ahead: bool,
    /// The host's own transaction.
    pub name: Option<Box<str>>,
    /// It carries its own secrets.
    pub bare: bool,
    /// What comes of it.
    pub brings: Brings,
    /// What the host calls it where that is not `word`: the verb of a plugin.
    pub verb: Cow<'static, str>,
    /// What it makes of its handle's state.
    pub done: Option<Box<Checked>>,
    /// It is asked for media, which looks at the answer itself.
    pub of_media: bool,
    /// A description of media goes along, or is to come.
    pub describes: bool,
}

impl Request {
    /// A request without members, that wants an answer.
    #[must_use]
    pub fn new(word: &'static str) -> Request {
        Request {
            word: Cow::Borrowed(word),
            session: None,
            handle: None,
            about: (None, None),
            members: Members::default(),
            wants: Wants::Answer,
            again: false,
            ahead: false,
            name: None,
            bare: false,
            brings: Brings::Nothing,
            verb: Cow::Borrowed(""),
            done: None,
            of_media: false,
            describes: false,
        }
    }

    /// What the host calls it.
    #[must_use]
    pub fn verb(&self) -> &str {
        if self.verb.is_empty() { &self.word } else { &self.verb }
    }

    /// The same for a session.
    #[must_use]
    pub fn of(mut self, session: &Arc<Session>) -> Request {
        self.session = Some(Arc::clone(session));
        self
    }

    /// The same for a handle, and so for its session.
    #[must_use]
    pub fn to(mut self, handle: &Arc<Handle>) -> Request {
        self.session = Some(Arc::clone(&handle.session));
        self.handle = Some(Arc::clone(handle));
        self
    }

    /// The same, done with the `ack`.
    #[must_use]
    pub fn acked(mut self) -> Request {
        self.wants = Wants::Ack;
        self
    }

    /// The same, sent again after a loss.
    #[must_use]
    pub fn again(mut self) -> Request {
        self.again = true;
        self
    }

    /// Whether it asks for this; the server does not look at the case.
    #[must_use]
    pub fn is(&self, word: &str) -> bool {
        self.word.eq_ignore_ascii_case(word)
    }

    /// As it goes out now.
    pub(super) fn write(&self, number: u64, prefix: &str, secrets: &Secrets, waits: bool) -> Parcel {
        let members = self.members.as_str();
        let mut envelope = match &self.name {
            Some(name) => Envelope::new(&self.word, name, members.len()),
            None => Envelope::new(&self.word, &super::transaction(prefix, number), members.len()),
        };
        let session = self.session.as_ref().and_then(|session| session.id()).or(self.about.0);
        if let Some(id) = session {
            envelope.number("session_id", id);
        }
        let handle = self.handle.as_ref().and_then(|handle| handle.id()).or(self.about.1);
        if let Some(id) = handle {
            envelope.number("handle_id", id);
        }
        if !self.bare {
            envelope.secrets(secrets);
        }
        envelope.members(members);
        Parcel { number, text: envelope.finish(), session, handle, waits }
    }
}

/// A request in the table.
pub struct Waiting {
    /// Its number in the table.
    pub number: u64,
    /// What it is, for another try.
    pub request: Request,
    /// Who waits for the answer; nobody any more, or nobody ever did.
    pub giver: Option<Giver<Result<Box<Document>>>>,
    /// How it is taken back.
    pub receipt: Option<Receipt>,
    /// A connection that was lost has had it.
    pub was_sent: bool,
}

impl Waiting {
    /// Nobody waits any more: whether the server may have it. `brings` is whether its answer is still to be heard.
    pub(super) fn give_up(&mut self, stage: Stage, brings: bool) -> Outcome {
        match self.receipt.take() {
            _ if self.was_sent => Outcome::Unknown,
            Some(receipt) => receipt.give_up(brings),
            None if stage == Stage::Held => Outcome::NotSent,
            None => Outcome::Unknown,
        }
    }
}

/// A request that was given to a line, waited for. Dropping it takes it back or lets its answer go.
pub struct Asked {
    pub(super) line: Arc<Line>,
    pub(super) number: u64,
    pub(super) taker: Taker<Result<Box<Document>>>,
    pub(super) done: bool,
}

impl Asked {
    /// Waits on the calling thread.
    ///
    /// # Errors
    /// What went wrong on the way, `total_timeout`, `cancelled`; a refusal of the server is an answer.
    pub fn wait(mut self, cancel: &Cancel, deadline: Instant) -> Result<Box<Document>> {
        let caller = Caller::new();
        match caller.wait(Some(cancel), Some(deadline), |cx| self.taker.poll_take(cx)) {
            Ok(Some(answer)) => self.settled(answer),
            Ok(None) => Err(self.late()),
            Err(error) => Err(error.outcome(self.give_up())),
        }
    }

    /// Waits on the reactor.
    ///
    /// # Errors
    /// As [`Asked::wait`].
    pub async fn wait_on(mut self, vigil: &mut Vigil, deadline: Instant) -> Result<Box<Document>> {
        let taker = &mut self.taker;
        let waited = poll_fn(|cx| match taker.poll_take(cx) {
            // What is there counts, also when the end of the call came with it.
            Poll::Ready(it) => Poll::Ready(Ok(Some(it))),
            Poll::Pending => vigil.poll_until(Some(deadline), cx, &mut |_| Poll::Pending),
        });
        match waited.await {
            Ok(Some(answer)) => self.settled(answer),
            Ok(None) => Err(self.late()),
            Err(error) => Err(error.outcome(self.give_up())),
        }
    }

    fn settled(&mut self, answer: Option<Result<Box<Document>>>) -> Result<Box<Document>> {
        self.done = true;
        // A line that is torn down with the process answers nobody.
        answer.unwrap_or_else(|| Err(cancelled().outcome(Outcome::Unknown)))
    }

    fn late(&mut self) -> Error {
        let outcome = self.give_up();
        let what = match outcome {
            Outcome::NotSent if self.line.is_ready() => "the request was not sent in time",
            Outcome::NotSent => "the request was not sent in time: there was no connection",
            _ => "the server did not answer in time",
        };
        Error::new(&code::TOTAL_TIMEOUT, what).phase("total").outcome(outcome)
    }

    fn give_up(&mut self) -> Outcome {
        if std::mem::replace(&mut self.done, true) {
            return Outcome::Unknown;
        }
        self.line.give_up(self.number)
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.give_up();
    }
}
