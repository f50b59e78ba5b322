//! What comes, and who it is for (spec/janus.md 2.1, 2.4): answers by their transaction, events by session and sender.
//!
//! A message goes to one place: the event that answers a request is its caller's alone. An event whose caller waits no
//! more, or the second one of a transaction, is an event like any other: what it says has happened all the same. A late
//! `ack`, `success` or `error` tells nobody anything, and is dropped.

use std::sync::Arc;

use super::{
    super::{
        carrier::Ear,
        envelope::{self, Kind, Outline},
        refusal,
        transactions::Heard,
    },
    Brings, Line, Request, Waiting, recovery,
};
use crate::{
    backends::Change,
    error::Error,
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
        let entry = self.0.state.lock().table.take(number);
        if let Some(giver) = entry.and_then(|entry| entry.it.giver) {
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
        let Waiting { request, giver, .. } = waiting;
        let refused = match kind {
            Kind::Success => {
                self.brought(&request, &message, giver.is_none());
                None
            }
            Kind::Error => refusal::number(message.root()).map(|number| (number, refusal::core(message.root()))),
            _ => None,
        };
        // Whoever asked hears the answer before the end of what it asked.
        if let Some(giver) = giver {
            giver.give(Ok(message));
        }
        match (refused, &request.session, &request.handle) {
            (Some((refusal::NO_SESSION, error)), Some(session), _) if !request.ahead => {
                recovery::forgotten(session, error);
            }
            (Some((refusal::NO_HANDLE, error)), _, Some(handle)) => handle.ended(Some(error)),
            (None, _, Some(handle)) if kind == Kind::Success && request.is("detach") => handle.was_detached(),
            (None, Some(session), None) if kind == Kind::Success && request.is("destroy") => {
                session.ended(Tree::Null, None);
            }
            _ => {}
        }
    }

    fn brought(self: &Arc<Self>, request: &Request, message: &Document, orphan: bool) {
        let id = message.root().at("/data/id").and_then(envelope::id);
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
