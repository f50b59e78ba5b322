//! One session of media while it lasts: what calls, the connection and the server's messages have of it.

use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
    task::{Context, Poll, Waker},
};

use super::{
    channel::Channel,
    files::{Files, Track},
    order::Part,
};
use crate::{
    backends::janus::{envelope::Kind, handle::Handle, line::again},
    engine::{
        errands::Errands,
        media::{
            flow::Live,
            peer::{Connection, Stage},
        },
        net::cancel::{Cancel, cancelled},
        reactor::promise::{self, Giver, Taker},
    },
    error::{Error, Outcome, Result, code},
    sys::lock::Mutex,
    value::{Node, Tree},
};

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Phase {
    /// Files are opened.
    #[default]
    Opening,
    /// Descriptions are exchanged.
    Signalling,
    /// Candidates are tried.
    Ice,
    /// Keys are agreed.
    Dtls,
    /// Media flows.
    Flowing,
    /// It is being ended.
    Ending,
    /// It is over.
    Ended,
}

impl Phase {
    /// As it is shown.
    pub fn word(self) -> &'static str {
        match self {
            Phase::Opening => "opening",
            Phase::Signalling => "signalling",
            Phase::Ice => "ice",
            Phase::Dtls => "dtls",
            Phase::Flowing => "flowing",
            Phase::Ending => "ending",
            Phase::Ended => "ended",
        }
    }
}

/// Why somebody ended it.
#[derive(Debug)]
pub enum Halt {
    /// `media_stop`.
    Stopped,
    /// Its call was cancelled.
    Cancelled,
    /// The handle is closed.
    Closed,
    /// What it went over is gone.
    Lost(Error),
    /// The server said more than was looked at.
    Flooded(Error),
}

impl Halt {
    /// As the error of its call; none for an orderly end.
    pub fn error(&self) -> Option<Error> {
        match self {
            Halt::Stopped => None,
            Halt::Cancelled => Some(cancelled()),
            Halt::Closed => Some(Error::new(&code::CLOSED, "the handle was closed while media flowed")),
            Halt::Lost(error) | Halt::Flooded(error) => Some(again(error)),
        }
    }
}

/// What of the server may wait to be looked at, in messages: while something is asked, nothing else is.
const NEWS: usize = 4096;

/// What happens to it.
#[derive(Debug)]
pub enum News {
    /// The connection came to another stage.
    Stage(Stage),
    /// A message of the plugin: its data and its description.
    Event(Tree, Option<Jsep>),
    /// What came before was of another session on the same handle.
    Described,
    /// The server says that the connection is gone, and why.
    Hangup(Box<str>),
    /// A candidate of the server; `None`: no more.
    Trickle(Option<Box<str>>),
    /// A candidate of ours; `None`: no more.
    Candidate(Option<Box<str>>),
    /// The file was played to its end.
    Played(Result<()>),
    /// A file was completed, or cannot be.
    Recorded,
    /// Somebody wants to hear statistics.
    Listened,
}

/// A description of the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jsep {
    /// Whether it is an offer.
    pub is_offer: bool,
    /// The description.
    pub sdp: Arc<str>,
}

impl Jsep {
    /// That of a message.
    pub fn of(message: Node<'_>) -> Option<Jsep> {
        let jsep = message.get("jsep")?;
        let is_offer = jsep.get("type").and_then(Node::as_str) == Some("offer");
        Some(Jsep { is_offer, sdp: jsep.get("sdp").and_then(Node::as_str)?.into() })
    }
}

/// One session of media.
pub struct Running {
    /// The handle; it holds this.
    pub handle: Weak<Handle>,
    /// Which side of which plugin.
    pub part: Part,
    /// Who reads and writes files.
    pub worker: Arc<dyn Errands>,
    /// Ends what the course waits for.
    pub cancel: Arc<Cancel>,
    /// What goes over the data channel.
    pub channel: Channel,
    /// What is played and recorded.
    pub files: Files,
    /// The times of frames of the host.
    pub live: Live,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    phase: Phase,
    news: VecDeque<News>,
    waker: Option<Waker>,
    halt: Option<Halt>,
    link: Option<Arc<dyn Connection>>,
    tracks: Vec<Track>,
    connected: Vec<Giver<()>>,
    over: Vec<Giver<()>>,
    outcome: Option<Result<Tree>>,
}

impl Running {
    /// One that has not begun.
    pub fn new(handle: &Arc<Handle>, part: Part) -> Arc<Running> {
        Arc::new(Running {
            handle: Arc::downgrade(handle),
            part,
            worker: Arc::clone(&handle.session.line.lent.worker),
            cancel: Arc::default(),
            channel: Channel::default(),
            files: Files::default(),
            live: Live::default(),
            state: Mutex::default(),
        })
    }

    /// Where it stands.
    pub fn phase(&self) -> Phase {
        self.state.lock().phase
    }

    /// It comes to another phase; never back.
    pub fn enter(&self, phase: Phase) {
        let mut state = self.state.lock();
        state.phase = state.phase.max(phase);
        let waiting = if phase == Phase::Flowing { std::mem::take(&mut state.connected) } else { Vec::new() };
        drop(state);
        drop(waiting);
    }

    /// Something happened.
    pub fn tell(&self, news: News) {
        let mut state = self.state.lock();
        if state.phase == Phase::Ended {
            return;
        }
        // What is told of here comes a few times; the server may say as much as it likes.
        if state.news.len() >= NEWS && matches!(news, News::Event(..) | News::Trickle(_) | News::Listened) {
            drop(state);
            if !matches!(news, News::Listened) {
                let why = format!("media ended: {NEWS} messages of the server waited to be looked at");
                self.halt(Halt::Flooded(Error::new(&code::LIMIT, why)));
            }
            return;
        }
        state.news.push_back(news);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// What happened next.
    pub fn poll_news(&self, cx: &mut Context<'_>) -> Poll<News> {
        let mut state = self.state.lock();
        if let Some(news) = state.news.pop_front() {
            return Poll::Ready(news);
        }
        if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            state.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Ends it; the first reason counts.
    pub fn halt(&self, why: Halt) {
        let mut state = self.state.lock();
        if state.halt.is_some() || state.phase >= Phase::Ending {
            return;
        }
        state.halt = Some(why);
        drop(state);
        self.cancel.cancel();
    }

    /// Whether an orderly end is among what was not heard yet.
    pub fn has_ended(&self) -> bool {
        let ends = |news: &News| matches!(news, News::Hangup(_) | News::Stage(Stage::Over(None)));
        self.state.lock().news.iter().any(ends)
    }

    /// Why somebody ended it.
    pub fn halted(&self) -> Option<Halt> {
        self.state.lock().halt.take()
    }

    /// A message of the server came.
    pub fn hear(&self, kind: Kind, message: Node<'_>) {
        let word = message.get("janus").and_then(Node::as_str).unwrap_or_default();
        match (kind, word) {
            (Kind::Event, _) => {
                let data = message.at("/plugindata/data").map_or(Tree::Null, Node::to_tree);
                self.tell(News::Event(data, Jsep::of(message)));
            }
            (_, "hangup") => {
                let reason = message.get("reason").and_then(Node::as_str).unwrap_or("no reason given");
                self.tell(News::Hangup(reason.into()));
            }
            (_, "trickle") => {
                let Some(candidate) = message.get("candidate") else { return };
                let line = candidate.get("candidate").and_then(Node::as_str);
                self.tell(News::Trickle(line.map(Into::into)));
            }
            _ => {}
        }
    }

    /// The connection.
    pub fn link(&self) -> Option<Arc<dyn Connection>> {
        self.state.lock().link.clone()
    }

    /// The connection, once media flows.
    ///
    /// # Errors
    /// `media_state`.
    pub fn flowing(&self) -> Result<Arc<dyn Connection>> {
        let state = self.state.lock();
        match &state.link {
            Some(link) if state.phase == Phase::Flowing => Ok(Arc::clone(link)),
            _ => {
                let message = format!("media does not flow: it is {}", state.phase.word());
                Err(Error::new(&code::MEDIA_STATE, message).outcome(Outcome::NotSent))
            }
        }
    }

    /// The connection is there, or is there no more.
    pub fn connect(&self, link: Option<Arc<dyn Connection>>) {
        let old = std::mem::replace(&mut self.state.lock().link, link);
        drop(old);
    }

    /// The tracks by now.
    pub fn tracks(&self) -> Vec<Track> {
        self.state.lock().tracks.clone()
    }

    /// Whose a track is.
    pub fn feed(&self, mid: &str) -> Option<Tree> {
        self.state.lock().tracks.iter().find(|track| track.mid() == mid).and_then(|track| track.feed.clone())
    }

    /// They are others now.
    pub fn set_tracks(&self, tracks: Vec<Track>) {
        self.state.lock().tracks = tracks;
    }

    /// Done when media flows, or when it never will.
    pub fn when_flowing(&self) -> Taker<()> {
        self.promised(|state| (state.phase < Phase::Flowing && state.outcome.is_none()).then_some(&mut state.connected))
    }

    /// Done when it is over.
    pub fn when_over(&self) -> Taker<()> {
        self.promised(|state| state.outcome.is_none().then_some(&mut state.over))
    }

    /// Done with all of a list, or now, when there is none.
    fn promised(&self, list: impl FnOnce(&mut State) -> Option<&mut Vec<Giver<()>>>) -> Taker<()> {
        let (giver, taker) = promise::pair();
        let mut state = self.state.lock();
        let done = match list(&mut state) {
            Some(list) => {
                list.push(giver);
                None
            }
            None => Some(giver),
        };
        drop(state);
        drop(done);
        taker
    }

    /// It is over.
    pub fn end(&self, outcome: Result<Tree>) {
        let mut state = self.state.lock();
        state.phase = Phase::Ended;
        state.outcome = Some(outcome);
        let waiting = (std::mem::take(&mut state.connected), std::mem::take(&mut state.over));
        let left = (std::mem::take(&mut state.news), state.link.take(), state.waker.take());
        drop(state);
        drop(left);
        drop(waiting);
    }

    /// What it ended with; none while it lasts.
    pub fn outcome(&self) -> Option<Result<Tree>> {
        let state = self.state.lock();
        state.outcome.as_ref().map(|outcome| match outcome {
            Ok(value) => Ok(value.clone()),
            Err(error) => Err(again(error)),
        })
    }

    /// As `inspect` shows it, and as calls are answered.
    pub fn shown(&self) -> Tree {
        let state = self.state.lock();
        let (phase, link, tracks) = (state.phase, state.link.clone(), state.tracks.clone());
        drop(state);
        Tree::Object(self.files.show(phase.word(), link.as_deref(), &tracks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::errands::Nobody;

    #[test]
    fn what_the_server_says_is_looked_at_or_ends_it() {
        let running = Running {
            handle: Weak::new(),
            part: Part::Subscribe,
            worker: Arc::new(Nobody),
            cancel: Arc::default(),
            channel: Channel::default(),
            files: Files::default(),
            live: Live::default(),
            state: Mutex::default(),
        };
        for _ in 0..NEWS {
            running.tell(News::Event(Tree::Null, None));
        }
        running.tell(News::Listened);
        assert!(running.halted().is_none());
        running.tell(News::Trickle(None));
        assert_eq!(running.state.lock().news.len(), NEWS);
        // What is told of here is not lost.
        running.tell(News::Hangup("gone".into()));
        assert!(running.has_ended());
        let error = running.halted().and_then(|halt| halt.error()).unwrap();
        assert_eq!(error.code(), "limit");
    }
}
