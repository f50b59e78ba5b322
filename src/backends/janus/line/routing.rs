//! What comes, and who it is for (spec/janus.md 2.1, 2.4): answers by their transaction, events by session and sender.
//!
//! A message goes to one place: the event that answers a request is its caller's alone. An event whose caller waits no
//! more, or the second one of a transaction, is an event like any other: what it says has happened all the same. A late
//! `ack`, `success` or `error` tells nobody anything, and is dropped.

use std::sync::Arc;

use super::{
    super::{
        carrier::Ear,
        envelope::{self, Kind, Members, Outline},
        refusal,
        settings::Recover,
        transactions::Heard,
    },
    Brings, Line, Request, Waiting, recovery,
};
use crate::{
    backends::Change,
    error::{Error, Outcome},
    log,
    value::{Document, Tree, Type},
};

/// The line as its connection hears it.
pub(super) struct Hearing(pub Arc<Line>);

impl Ear for Hearing {
    fn heard(&self, text: Vec<u8>) {
        let document = match Document::from_json(text) {
            Ok(document) => document,
            Err(error) => {
                log::warn(c"janus", || format!("a message of the server was left alone: {error}"));
                return;
            }
        };
        if document.root().kind() != Type::Array {
            return self.0.route(document);
        }
        for item in document.root().items() {
            self.0.route(Document::from_tree(&item.to_tree()));
        }
    }

    fn failed(&self, number: u64, error: Error) {
        let Some(entry) = self.0.state.lock().table.take(number) else { return };
        let request = &entry.it.request;
        if let Some(session) = &request.session
            && error.known_outcome() == Some(Outcome::Unknown)
            && !request.ahead
        {
            session.doubt(request.handle.as_ref(), request.verb(), &self.0.named(&entry, number));
        }
        if let Some(giver) = entry.it.giver {
            giver.give(Err(error));
        }
    }
}

/// Where a message goes.
enum Goes {
    /// To whoever asked.
    Answer(Waiting),
    /// To those who subscribed.
    Event,
    /// Nowhere.
    Nowhere,
}

impl Line {
    fn route(self: &Arc<Self>, message: Box<Document>) {
        let root = message.root();
        let Some(outline) = Outline::of(root) else {
            log::warn(c"janus", || "something that is no message of Janus came and was left alone".to_owned());
            return;
        };
        let mut state = self.state.lock();
        state.counts.received += 1;
        let heard = match outline.transaction {
            Some(transaction) => state.table.hear(transaction, outline.kind),
            None => Heard::Stray,
        };
        let goes = match heard {
            Heard::Done(waiting) => Goes::Answer(waiting),
            Heard::Acked => Goes::Nowhere,
            Heard::Stray => match outline.kind {
                // An ack behind its event, as often as not.
                Kind::Keepalive | Kind::Ack => Goes::Nowhere,
                Kind::Success | Kind::Pong | Kind::ServerInfo => {
                    state.counts.strays += 1;
                    Goes::Nowhere
                }
                Kind::Error if outline.transaction.is_some() => {
                    state.counts.strays += 1;
                    Goes::Nowhere
                }
                _ => {
                    state.counts.events += 1;
                    Goes::Event
                }
            },
        };
        let session = match &goes {
            Goes::Event => outline.session.and_then(|id| state.sessions.get(&id).cloned()),
            _ => None,
        };
        let everybody = match (&goes, outline.session) {
            // Of the connection, not of a session.
            (Goes::Event, None) => state.members.clone(),
            _ => Vec::new(),
        };
        drop(state);
        match goes {
            Goes::Nowhere => {}
            Goes::Answer(waiting) => self.answered(waiting, outline.kind, message),
            Goes::Event => match session {
                Some(session) => session.heard(outline.kind, outline.sender, message),
                None => super::super::session::heard_by_all(&everybody, message),
            },
        }
    }

    /// An answer has come: what it brings is entered, and whoever waits hears of it.
    fn answered(self: &Arc<Self>, waiting: Waiting, kind: Kind, message: Box<Document>) {
        let refused = match kind {
            Kind::Success | Kind::Event => {
                self.brought(&waiting.request, &message, waiting.giver.is_none());
                None
            }
            Kind::Error => refusal::number(message.root()).map(|number| (number, refusal::core(message.root()))),
            _ => None,
        };
        if let Some((refusal::NO_SESSION, _)) = refused
            && self.is_repeated(&waiting)
            && let Some(session) = waiting.request.session.clone()
        {
            let of = message.root().get("session_id").and_then(envelope::id);
            // An answer behind the loss of the session that it was meant for says nothing of the one of now.
            if of.is_none() || of == session.id() {
                recovery::forgotten(&session, refusal::core(message.root()));
            }
            return self.repeat(waiting);
        }
        let Waiting { request, giver, .. } = waiting;
        if kind == Kind::Success
            && request.is("claim")
            && let Some(id) = request.session.as_ref().and_then(|session| session.id())
        {
            self.hear_anew(id);
        }
        if let Some(handle) = request.handle.as_ref().filter(|_| kind == Kind::Event && giver.is_some()) {
            match (request.of_media, request.describes) {
                // What the server says from here on is of these descriptions.
                (true, true) => handle.media.described(),
                (true, false) => {}
                // The host changes what media brings: an offer came of it.
                (false, _) => handle.media.hear(kind, message.root()),
            }
        }
        if let Some(handle) = request.handle.as_ref().filter(|_| kind == Kind::Success && request.is("detach")) {
            handle.detach_was_taken();
        }
        // Whoever asked hears the answer before the end of what it asked. Nobody asks any more: what it says has happened
        // all the same.
        match (giver, &request.session) {
            (Some(giver), _) => giver.give(Ok(message)),
            (None, Some(session)) if kind == Kind::Event => {
                let sender = message.root().get("sender").and_then(envelope::id);
                session.heard(kind, sender, message);
            }
            (None, _) => {}
        }
        match (refused, &request.session, &request.handle) {
            (Some((refusal::NO_SESSION, error)), Some(session), _) if !request.ahead => {
                recovery::forgotten(session, error);
            }
            (Some((refusal::NO_HANDLE, error)), _, Some(handle)) if !request.is("detach") => handle.vanished(Some(error)),
            (Some((refusal::NO_HANDLE, error)), _, Some(handle)) => handle.ended(Some(error)),
            (None, _, Some(handle)) if kind == Kind::Success && request.is("detach") => handle.was_detached(),
            (None, Some(session), None) if kind == Kind::Success && request.is("destroy") => {
                session.ended(Tree::Null, None);
            }
            _ => {}
        }
    }

    /// A claim gives the session another owner at the server, also when it is the same one: over HTTP the long poll that
    /// hangs there belongs to the one before, and events would wait for its end.
    fn hear_anew(&self, id: u64) {
        let road = self.state.lock().road.clone();
        if let Some(road) = road {
            road.unwatch(id);
            road.watch(id);
        }
    }

    /// Whether a request that was refused for want of its session goes out again, to the one that is made in its place.
    fn is_repeated(&self, waiting: &Waiting) -> bool {
        let request = &waiting.request;
        let lives = request.session.as_ref().is_some_and(|session| !session.takes_along());
        lives
            && !request.ahead
            && waiting.giver.is_some()
            && self.terms().recover == Recover::Recreate
            && !request.is("destroy")
    }

    fn brought(self: &Arc<Self>, request: &Request, message: &Document, orphan: bool) {
        if let (Some(done), Some(handle)) = (&request.done, &request.handle) {
            handle.learn(done, message.root());
        }
        if matches!(request.brings, Brings::Nothing) {
            return;
        }
        let id = message.root().at("/data/id").and_then(envelope::id);
        if orphan && request.ahead {
            // Too late for a session that is made again: another one is in its place, or it was closed.
            if let (Brings::Session(_), Some(id)) = (&request.brings, id) {
                let members = Members::default().with("session_id", &Tree::from(id));
                let _ = self.tell(Request { members, ahead: true, ..Request::new("destroy") });
            }
            return;
        }
        match (&request.brings, id) {
            (Brings::Nothing, _) => {}
            (Brings::Session(session), id) => {
                // A claim names it beside `data`.
                let named = || message.root().get("session_id").and_then(envelope::id);
                let Some(id) = id.or_else(named) else { return };
                session.born(id);
            }
            (Brings::Handle(handle), Some(id)) => {
                handle.born(id);
                if orphan {
                    // Nobody has it.
                    handle.abandon();
                }
            }
            (Brings::Handle(_), None) => {}
        }
    }

    /// Tells all sessions on the line, and all handles on them.
    pub(super) fn tell_all(&self, change: impl Fn() -> Change) {
        let members = self.state.lock().members.clone();
        for member in members {
            member.tell(&change);
        }
    }
}
