//! The place of media on a handle: the session that runs, what is left of the last one, and an offer that waits to be taken.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    gauges::Gauges,
    order::Part,
    running::{Halt, News, Running},
};
use crate::{
    backends::janus::envelope::Kind,
    clock,
    engine::reactor::caller::Caller,
    error::{Error, Outcome, Result, code},
    sys::lock::Mutex,
    value::{Node, Tree},
};

/// What a handle has of media.
#[derive(Default)]
pub struct Slot {
    state: Mutex<State>,
    gauges: Arc<Gauges>,
}

#[derive(Default)]
struct State {
    running: Option<Arc<Running>>,
    /// What the last one ended with.
    last: Tree,
    /// A call that came and was not taken yet: the offer, and the whole message.
    incoming: Option<Incoming>,
    /// The server's candidates before a call is taken; they may come before the call does.
    candidates: Vec<Box<str>>,
    /// What runs has taken its call.
    taken: bool,
    /// The server has the connection of the last one still, as far as is known.
    open: bool,
    /// When the server said last that a connection of the handle is gone.
    hung_up: Option<Instant>,
    /// Nothing more begins.
    over: bool,
}

/// A call that came.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The description.
    pub offer: Arc<str>,
    /// The server's candidates that came before it was taken.
    pub candidates: Vec<Box<str>>,
}

/// Candidates that are kept for a call; a server has a few.
const CANDIDATES: usize = 64;

/// How long a server may go on clearing a connection away after it has said that it is gone. A Janus closes what looks for ways
/// behind its own back, and lets go then of whatever the handle has by that time: of the next connection, when that was too early.
const CLEARING: Duration = Duration::from_millis(200);

impl State {
    /// Whether what runs is about a connection that candidates can be of, and not about a call still to be taken.
    fn takes_candidates(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.part != Part::Accept || self.taken)
    }
}

fn is(message: Node<'_>, word: &str) -> bool {
    message.get("janus").and_then(Node::as_str) == Some(word)
}

impl Slot {
    /// What runs now.
    pub fn running(&self) -> Option<Arc<Running>> {
        self.state.lock().running.clone()
    }

    /// Who hears the statistics.
    pub fn gauges(&self) -> &Arc<Gauges> {
        &self.gauges
    }

    /// Whether media ran on this handle before.
    pub fn has_run(&self) -> bool {
        !self.state.lock().last.is_null()
    }

    /// Begins what `make` makes; gives what runs already.
    ///
    /// # Errors
    /// `closed`, and what `make` says.
    pub fn enter(
        &self,
        make: impl FnOnce() -> Result<Arc<Running>>,
    ) -> Result<std::result::Result<Arc<Running>, Arc<Running>>> {
        let mut state = self.state.lock();
        if state.over {
            return Err(Error::new(&code::HANDLE_LOST, "the handle was detached").outcome(Outcome::NotSent));
        }
        if let Some(running) = &state.running {
            return Ok(Err(Arc::clone(running)));
        }
        let running = make()?;
        state.taken = false;
        if state.incoming.is_none() {
            // They were of a session that is over.
            state.candidates.clear();
        }
        state.running = Some(Arc::clone(&running));
        Ok(Ok(running))
    }

    /// What ran is over and left this.
    pub fn over(&self, running: &Arc<Running>, last: Tree) {
        let mut state = self.state.lock();
        let same = state.running.as_ref().is_some_and(|now| Arc::ptr_eq(now, running));
        let gone = if same { state.running.take() } else { None };
        if same {
            state.last = last;
        }
        drop(state);
        drop(gone);
    }

    /// Whether the server still has the connection of what ends now: it could not be told, or did not confirm it.
    pub fn leaves_open(&self, open: bool) {
        self.state.lock().open = open;
    }

    /// Whether that is so; asked once.
    pub fn is_open(&self) -> bool {
        std::mem::take(&mut self.state.lock().open)
    }

    /// When the handle can have another connection; a time in the past as a rule.
    pub fn is_free_at(&self) -> Option<Instant> {
        self.state.lock().hung_up?.checked_add(CLEARING)
    }

    /// A message of the handle came. Called on the reactor.
    pub fn hear(&self, kind: Kind, message: Node<'_>) {
        let event = match kind {
            Kind::Event => message.at("/plugindata/data/result/event").and_then(Node::as_str),
            _ => None,
        };
        // Other plugins have events of that name, and their offers are not taken here.
        let called = || message.at("/plugindata/plugin").and_then(Node::as_str) == Some("janus.plugin.videocall");
        let event = event.filter(|_| called());
        let mut state = self.state.lock();
        match event {
            Some("incomingcall") => {
                let offer = message.at("/jsep/sdp").and_then(Node::as_str);
                state.incoming = offer.map(|sdp| Incoming { offer: sdp.into(), candidates: Vec::new() });
            }
            Some("hangup") => {
                state.incoming = None;
                state.candidates.clear();
            }
            _ => {}
        }
        if kind == Kind::Other && is(message, "hangup") {
            state.hung_up = Some(clock::now());
        }
        if kind == Kind::Other && !state.takes_candidates() && is(message, "trickle") {
            let line = message.at("/candidate/candidate").and_then(Node::as_str);
            if let Some(line) = line.filter(|_| state.candidates.len() < CANDIDATES) {
                state.candidates.push(line.into());
            }
            return;
        }
        let running = state.running.clone();
        drop(state);
        if let Some(running) = running {
            running.hear(kind, message);
        }
    }

    /// A request of media that has to do with descriptions was answered: what comes behind it is of these.
    pub fn described(&self) {
        if let Some(running) = self.running() {
            running.tell(News::Described);
        }
    }

    /// The call that waits to be taken.
    pub fn incoming(&self) -> Option<Incoming> {
        let mut state = self.state.lock();
        let incoming = state.incoming.take()?;
        state.taken = true;
        Some(Incoming { candidates: std::mem::take(&mut state.candidates), ..incoming })
    }

    /// What media went over is gone.
    pub fn lost(&self, error: &Error) {
        if let Some(running) = self.running() {
            running.halt(Halt::Lost(crate::backends::janus::line::again(error)));
        }
    }

    /// The host closes the handle: what runs ends, and nothing more begins. Never waits.
    pub fn leave(&self) {
        let mut state = self.state.lock();
        state.over = true;
        let running = state.running.clone();
        drop(state);
        if let Some(running) = running {
            running.halt(Halt::Closed);
        }
    }

    /// The same, and waits for the end until `deadline`, so that files are complete. Who does errands does not wait: it
    /// would wait for itself.
    pub fn settle(&self, deadline: Instant) {
        self.leave();
        let Some(running) = self.running().filter(|running| !running.worker.is_here()) else { return };
        let mut taker = running.when_over();
        let _ = Caller::new().wait(None, Some(deadline), |cx| taker.poll_take(cx));
    }

    /// What runs, or what the last one ended with.
    pub fn shown(&self) -> Tree {
        match self.running() {
            Some(running) => running.shown(),
            None => self.state.lock().last.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Document;

    fn say(slot: &Slot, kind: Kind, message: &str) {
        slot.hear(kind, Document::from_tree(&Tree::from_json(message).unwrap()).root());
    }

    fn trickle(slot: &Slot, line: &str) {
        say(slot, Kind::Other, &format!(r#"{{"janus":"trickle","candidate":{{"candidate":"{line}"}}}}"#));
    }

    fn event(slot: &Slot, name: &str) {
        let plugin = format!(r#"{{"plugin":"janus.plugin.videocall","data":{{"result":{{"event":"{name}"}}}}}}"#);
        let jsep = r#"{"type":"offer","sdp":"v=0"}"#;
        say(slot, Kind::Event, &format!(r#"{{"janus":"event","plugindata":{plugin},"jsep":{jsep}}}"#));
    }

    #[test]
    fn candidates_of_a_call_wait_until_it_is_taken() {
        let slot = Slot::default();
        // The server gathers while it makes the offer: its first candidate may be there before the call is.
        trickle(&slot, "a");
        event(&slot, "incomingcall");
        trickle(&slot, "b");
        say(&slot, Kind::Other, r#"{"janus":"trickle","candidate":{"completed":true}}"#);
        let candidates = |slot: &Slot| slot.incoming().map(|incoming| incoming.candidates.join(" "));
        assert_eq!(candidates(&slot).as_deref(), Some("a b"));
        assert_eq!(candidates(&slot), None);
        // Those of a caller who has hung up are not those of the next.
        event(&slot, "incomingcall");
        trickle(&slot, "c");
        event(&slot, "hangup");
        event(&slot, "incomingcall");
        (0..2 * CANDIDATES).for_each(|_| trickle(&slot, "d"));
        assert_eq!(candidates(&slot), Some(["d"; CANDIDATES].join(" ")));
    }

    #[test]
    fn a_handle_is_free_a_while_after_the_server_hung_up() {
        let slot = Slot::default();
        // A call that was hung up is no connection that was.
        event(&slot, "hangup");
        assert_eq!(slot.is_free_at(), None);
        for _ in 0..2 {
            let before = clock::now();
            say(&slot, Kind::Other, r#"{"janus":"hangup","reason":"Close PC"}"#);
            let free = slot.is_free_at().unwrap();
            assert!(before + CLEARING <= free && free <= clock::now() + CLEARING);
        }
    }
}
