//! Requests over the data channel of TextRoom (Janus specification 3.4): JSON with `textroom` for what is asked, and a
//! transaction of its own. What answers nobody is an event of the handle.

use std::{borrow::Cow, collections::HashMap};

use rustc_hash::FxBuildHasher;

use super::order::LABEL;
use crate::{
    backends::janus::{handle::Handle, line::again, refusal, topics},
    engine::{
        media::peer::Connection,
        reactor::promise::{self, Giver, Taker},
    },
    error::{Error, Outcome, Result},
    log,
    sys::lock::Mutex,
    value::{Document, Draft, Node, Object, Tree},
};

/// What waits for its answer.
#[derive(Default)]
pub struct Channel(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: HashMap<u64, Giver<Result<Box<Document>>>, FxBuildHasher>,
    last: u64,
    /// The label that was asked for.
    label: Option<Box<str>>,
}

/// What our transactions begin with.
const PREFIX: &str = "haft-";

impl Channel {
    /// The channel is to have this label.
    pub fn named(&self, label: &str) {
        self.0.lock().label = Some(label.into());
    }

    /// The label.
    pub fn label(&self) -> Box<str> {
        self.0.lock().label.clone().unwrap_or_else(|| LABEL.into())
    }

    /// Sends a request; whoever waits is told under this number. `silent`: nothing will answer it.
    ///
    /// # Errors
    /// What the connection says; nothing was sent then.
    pub fn ask(
        &self,
        link: &dyn Connection,
        verb: &str,
        fields: &Object,
        silent: bool,
    ) -> Result<(u64, Taker<Result<Box<Document>>>)> {
        let (giver, taker) = promise::pair();
        let mut state = self.0.lock();
        state.last += 1;
        let number = state.last;
        let label = state.label.clone().unwrap_or_else(|| LABEL.into());
        if silent {
            giver.give(Ok(Document::from_object(&Object::default())));
        } else {
            state.waiting.insert(number, giver);
        }
        drop(state);
        let mut message = Object::with_capacity(fields.len() + 2);
        message.insert("textroom", Tree::from(verb));
        message.insert("transaction", Tree::from(format!("{PREFIX}{number}")));
        for (name, value) in fields.iter().filter(|(name, _)| *name != "request") {
            message.insert(name, value.clone());
        }
        if let Err(error) = link.say(&label, false, Tree::Object(message).to_json().as_bytes()) {
            self.forget(number);
            return Err(error.outcome(Outcome::NotSent));
        }
        Ok((number, taker))
    }

    /// Nobody waits for that one any more.
    pub fn forget(&self, number: u64) {
        let gone = self.0.lock().waiting.remove(&number);
        drop(gone);
    }

    /// A channel is open. Nothing waits for that: what was said before goes out now.
    pub fn opened(&self, label: &str) {
        log::debug(c"janus", || format!("the data channel {label:?} is open"));
    }

    /// A message of the server came.
    pub fn hear(&self, handle: &Handle, text: Cow<'_, [u8]>) {
        let Ok(message) = Document::from_json(text.into_owned()) else { return };
        let root = message.root();
        let Some(word) = root.get("textroom").and_then(Node::as_str) else { return };
        let refused = root.get("error_code").is_some();
        let number = root.get("transaction").and_then(Node::as_str).and_then(|text| text.strip_prefix(PREFIX));
        let number = number.and_then(|number| number.parse().ok());
        if (word == "success" || refused || word == "error")
            && let Some(number) = number
        {
            let giver = self.0.lock().waiting.remove(&number);
            let Some(giver) = giver else { return };
            let error = refusal::plugin(handle.plugin(), root);
            return giver.give(error.map_or(Ok(message), Err));
        }
        topics::bring(enveloped(handle, root), &[&*handle.topics, &*handle.session.topics]);
    }

    /// The channel is gone: nobody is answered any more.
    pub fn fail(&self, error: &Error) {
        let waiting = std::mem::take(&mut self.0.lock().waiting);
        for giver in waiting.into_values() {
            giver.give(Err(again(error).outcome(Outcome::Unknown)));
        }
    }
}

/// Refuses text that the server could not read: it would not even say so.
///
/// # Errors
/// `argument`.
pub fn readable(fields: &Object) -> Result<()> {
    fn ends(value: &Tree) -> bool {
        match value {
            Tree::Text(text) => text.contains('\0'),
            Tree::Array(list) => list.iter().any(ends),
            _ => false,
        }
    }
    match fields.iter().find(|(_, value)| ends(value)) {
        Some((key, _)) => Err(Error::option(key, format!("{key} had a NUL in it, which Janus does not read"))),
        None => Ok(()),
    }
}

/// What came over the channel, as if it had come as an event of the handle: hosts hear both by the same topics.
fn enveloped(handle: &Handle, data: Node<'_>) -> Box<Document> {
    let mut draft = Draft::default();
    let mut root = draft.open(Draft::ROOT);
    let place = draft.member(&mut root, "janus");
    draft.text(place, "event");
    for (name, id) in [("session_id", handle.session.id()), ("sender", handle.id())] {
        if let Some(id) = id {
            let place = draft.member(&mut root, name);
            draft.tree(place, &Tree::from(id));
        }
    }
    let place = draft.member(&mut root, "plugindata");
    let mut inner = draft.open(place);
    let place = draft.member(&mut inner, "plugin");
    draft.text(place, handle.plugin());
    let place = draft.member(&mut inner, "data");
    draft.node(place, data);
    draft.object(&inner);
    draft.object(&root);
    draft.finish()
}
