//! Who hears what of a session or a handle (verbs.md "Janus", topics), and what its host is told of its life.

use std::sync::Arc;

use super::plugins;
use crate::{
    args::Args,
    backends::{Change, Feed, Sink, Teller},
    error::{Error, Result},
    sys::lock::Mutex,
    value::{Document, Node},
};

/// The subscriptions of one session or handle.
#[derive(Default)]
pub struct Topics(Mutex<Listed>);

#[derive(Default)]
struct Listed {
    list: Vec<(u64, Box<str>, Arc<dyn Sink>)>,
    /// The last number of a subscription.
    last: u64,
}

impl Topics {
    /// Adds one; `topic` is the value of `janus` in the messages, `*` for all, or `event:NAME` for the events that a plugin
    /// names so.
    ///
    /// # Errors
    /// `argument` for what messages of Janus cannot do.
    pub fn subscribe(topics: &Arc<Topics>, topic: &str, args: &Args, sink: Arc<dyn Sink>) -> Result<Feed> {
        check(args, &*sink)?;
        let mut listed = topics.0.lock();
        listed.last += 1;
        let number = listed.last;
        listed.list.push((number, topic.into(), sink));
        Ok(Box::new(Subscribed { topics: Arc::clone(topics), number }))
    }

    /// Those who hear what is no message of the server.
    #[cfg(feature = "media")]
    pub fn hearers(&self, topic: &str) -> Vec<Arc<dyn Sink>> {
        let listed = self.0.lock();
        listed.list.iter().filter(|(_, wanted, _)| **wanted == *topic).map(|(.., sink)| Arc::clone(sink)).collect()
    }

    /// Adds those who hear messages of this kind.
    fn gather(&self, word: &str, message: Node<'_>, hearers: &mut Vec<Arc<dyn Sink>>) {
        let listed = self.0.lock();
        let named = |name: &str| word == "event" && plugins::event_name(message) == Some(name);
        let wanted = |topic: &str| topic == "*" || topic == word || topic.strip_prefix("event:").is_some_and(named);
        hearers.extend(listed.list.iter().filter(|(_, topic, _)| wanted(topic)).map(|(.., sink)| Arc::clone(sink)));
    }
}

/// What no subscription to events of Janus can have.
///
/// # Errors
/// `argument`.
pub fn check(args: &Args, sink: &dyn Sink) -> Result<()> {
    if args.get("answer").is_some() {
        return Err(Error::option("answer", "Janus asks nothing that could be answered"));
    }
    if sink.holds_back() {
        // Answers to other calls come the same way.
        let message = "overflow was \"wait\", and messages of Janus cannot wait: all that a server says comes one way";
        return Err(Error::option("overflow", message));
    }
    Ok(())
}

/// Brings a message to all that hear it in these places. False when nobody did.
pub fn bring(message: Box<Document>, places: &[&Topics]) -> bool {
    let mut hearers = Vec::new();
    let word = message.root().get("janus").and_then(Node::as_str).unwrap_or_default();
    for place in places {
        place.gather(word, message.root(), &mut hearers);
    }
    let Some((last, others)) = hearers.split_last() else { return false };
    if !others.is_empty() {
        let text = message.root().to_json();
        for sink in others {
            // It was read once; each needs one of its own.
            if let Ok(copy) = Document::from_json(text.clone().into_bytes()) {
                sink.bring(&mut std::iter::once(copy));
            }
        }
    }
    last.bring(&mut std::iter::once(message));
    true
}

/// One subscription; dropping it ends it.
struct Subscribed {
    topics: Arc<Topics>,
    number: u64,
}

impl Drop for Subscribed {
    fn drop(&mut self) {
        let mut listed = self.topics.0.lock();
        let at = listed.list.iter().position(|(number, ..)| *number == self.number);
        let gone = at.map(|at| listed.list.remove(at));
        drop(listed);
        drop(gone);
    }
}

/// The ear of a handle, and what happened before it had one.
#[derive(Default)]
pub struct Herald(Mutex<Ears>);

#[derive(Default)]
struct Ears {
    teller: Option<Arc<dyn Teller>>,
    early: Vec<Change>,
    /// Nothing is told any more.
    over: bool,
}

impl Herald {
    /// The handle exists.
    pub fn start(&self, teller: Arc<dyn Teller>) {
        // One after the other, as they happened: what happens meanwhile comes behind them.
        loop {
            let mut ears = self.0.lock();
            if ears.early.is_empty() {
                if !ears.over {
                    ears.teller = Some(teller);
                }
                return;
            }
            let early = std::mem::take(&mut ears.early);
            drop(ears);
            for change in early {
                teller.tell(change);
            }
        }
    }

    /// Tells a change; after the end nothing more. No lock of the back end may be held.
    pub fn tell(&self, change: Change) {
        let mut ears = self.0.lock();
        if ears.over {
            return;
        }
        let ends = matches!(change, Change::Ended { .. });
        ears.over |= ends;
        let teller = if ends { ears.teller.take() } else { ears.teller.clone() };
        match teller {
            Some(teller) => {
                drop(ears);
                teller.tell(change);
            }
            None => ears.early.push(change),
        }
    }

    /// The host closes it: nothing is told any more.
    pub fn part(&self) {
        let mut ears = self.0.lock();
        ears.over = true;
        ears.early.clear();
        let teller = ears.teller.take();
        drop(ears);
        drop(teller);
    }
}
