//! An event that came, on its way to those who want it (spec/ftrack.md 7.7).
//!
//! An event that only messages are made of is handed out where it came, on the reactor. One that somebody answers waits
//! for the session's worker, because that is the host's code; what comes behind it waits as well, so that everyone hears
//! events in the order in which they came. Each goes to subscriptions by priority, until an answer stops it.

use std::{collections::VecDeque, sync::Arc};

use super::{
    Hub, State,
    event::{self, Draft},
    subscribers::target,
};
use crate::{
    args::Args,
    error::{Error, Result, Status, code},
    log,
    sys::panic::contain,
    value::{Document, Node, Object, Provider, Tree},
};

/// Events that wait for the worker. Of more the messages still go out, and nobody answers them.
const LIMIT: usize = 10_000;

/// One event and who wants it, by priority.
struct Delivery {
    event: Box<Document>,
    wanting: Vec<u64>,
}

/// What waits for the worker.
#[derive(Default)]
pub struct Deliveries {
    waiting: VecDeque<Delivery>,
    /// The worker was asked, or is at it.
    busy: bool,
    unanswered: u64,
}

impl Deliveries {
    /// How many events wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// How many events were not answered because too many waited.
    pub fn unanswered(&self) -> u64 {
        self.unanswered
    }
}

/// What became of asking one subscription.
enum Step {
    /// It has its message, or is gone.
    Done,
    /// It answers.
    Ask(Arc<dyn Provider>, Tree),
}

fn id(event: Node<'_>) -> Option<&str> {
    event.get("id").and_then(Node::as_str)
}

fn source(event: Node<'_>) -> Option<&str> {
    event.at("/source/id").and_then(Node::as_str)
}

impl Hub {
    /// An event came: the data of its packet.
    pub(super) fn came(self: &Arc<Self>, data: &str) {
        let event = match event::of_packet(data, self.terms.python) {
            Ok(Some(event)) => event,
            Ok(None) => {
                log::debug(c"ftrack", || "a packet that was not one event was dropped".to_owned());
                return;
            }
            Err(_) => {
                log::warn(c"ftrack", || "an event that was no JSON was dropped".to_owned());
                return;
            }
        };
        if let Some(id) = id(event.root())
            && !self.state.lock().seen.add(id, source(event.root()))
        {
            log::debug(c"ftrack", || format!("the event {id} came again and was dropped"));
            return;
        }
        self.reply_came(event.root());
        self.hand_out(event);
    }

    /// A reply goes to whoever waits for it, also when subscriptions hear it.
    fn reply_came(&self, event: Node<'_>) {
        if event.get("topic").and_then(Node::as_str) != Some(event::REPLY) {
            return;
        }
        let Some(to) = event.get("in_reply_to_event").and_then(Node::as_str) else { return };
        let mut state = self.state.lock();
        if !state.replies.is_expected(to) {
            return;
        }
        let waker = state.replies.came(to, event.to_tree());
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Hands an event out: now, or by way of the worker when that has something to do with it.
    pub(super) fn hand_out(self: &Arc<Self>, event: Box<Document>) {
        let root = event.root();
        let asked = root.get("target").and_then(Node::as_str).unwrap_or_default();
        let Ok(target) = target(asked, self.dialect()) else {
            log::warn(c"ftrack", || format!("an event with the target {asked:?}, which is no expression, was dropped"));
            return;
        };
        let mut state = self.state.lock();
        let wanting = state.subscribers.wanting(root, target.as_ref());
        if wanting.is_empty() {
            return;
        }
        let answered = wanting.iter().any(|number| state.answers(*number));
        if !answered && state.deliveries.waiting.is_empty() && !state.deliveries.busy {
            state.bring(&wanting, event);
            return;
        }
        if state.deliveries.waiting.len() >= LIMIT
            && let Some(oldest) = state.deliveries.waiting.pop_front()
        {
            // Whoever is too slow to answer does not cost others their messages.
            state.deliveries.unanswered += 1;
            state.closed(oldest.event.root());
            state.bring(&oldest.wanting, oldest.event);
        }
        if let Some(id) = id(root) {
            state.open.insert(id.into(), false);
        }
        state.deliveries.waiting.push_back(Delivery { event, wanting });
        let wake = !std::mem::replace(&mut state.deliveries.busy, true);
        drop(state);
        if wake {
            self.call_worker();
        }
    }

    /// Asks the worker for one event; it asks itself for the next, so that what else it has to do has its turn.
    fn call_worker(self: &Arc<Self>) {
        let hub = Arc::clone(self);
        if self.lent.worker.run(Box::new(move || hub.deliver_next())).is_err() {
            // The session is closing: nobody hears anything any more.
            let mut state = self.state.lock();
            state.deliveries.busy = false;
            let left = std::mem::take(&mut state.deliveries.waiting);
            state.open.clear();
            drop(state);
            drop(left);
        }
    }

    fn deliver_next(self: &Arc<Self>) {
        let next = self.state.lock().deliveries.waiting.pop_front();
        if let Some(Delivery { event, wanting }) = next {
            for number in wanting {
                let step = self.state.lock().step(number, &event);
                if let Step::Ask(provider, metadata) = step {
                    match ask(&provider, &event) {
                        Ok(Some(data)) => self.answer(event.root(), data, metadata),
                        Ok(None) => {}
                        Err(error) => log::warn(c"ftrack", || format!("an event was not answered: {error}")),
                    }
                    // Here, where the host's code may run.
                    drop(provider);
                }
                if self.state.lock().is_stopped(event.root()) {
                    break;
                }
            }
            self.state.lock().closed(event.root());
        }
        let mut state = self.state.lock();
        if state.deliveries.waiting.is_empty() {
            state.deliveries.busy = false;
            return;
        }
        drop(state);
        self.call_worker();
    }

    /// Publishes an answer, under the name of the subscription that gave it.
    fn answer(&self, event: Node<'_>, data: Tree, metadata: Tree) {
        let own = match metadata {
            Tree::Object(metadata) => metadata,
            _ => Object::default(),
        };
        let sent = self.reply_draft(id(event), source(event), data, own).and_then(|draft| self.send(&draft, |_| None));
        if let Err(error) = sent {
            log::warn(c"ftrack", || format!("a reply could not be published: {error}"));
        }
    }

    /// A reply to an event (spec 7.5).
    pub(super) fn reply_draft(&self, to: Option<&str>, source: Option<&str>, data: Tree, own: Object) -> Result<Draft> {
        let mut draft = Draft::new(event::REPLY, data, self.me.complete(own))?;
        draft.target = source.map(|source| format!("id={}", quoted(source))).unwrap_or_default().into();
        draft.in_reply_to = to.map(Box::from);
        Ok(draft)
    }

    /// Hands an event to this session's subscriptions alone and collects what they answer, on the calling thread.
    pub(super) fn synchronously(self: &Arc<Self>, draft: &Draft) -> Result<Vec<Tree>> {
        let event = Document::from_tree(&draft.to_host());
        let target = target(&draft.target, self.dialect())?;
        let mut state = self.state.lock();
        let wanting = state.subscribers.wanting(event.root(), target.as_ref());
        state.open.insert(draft.id.clone(), false);
        drop(state);
        let mut results = Vec::new();
        for number in wanting {
            let step = self.state.lock().step(number, &event);
            if let Step::Ask(provider, _) = step {
                match ask(&provider, &event) {
                    Ok(data) => results.push(data.unwrap_or_default()),
                    Err(error) => log::warn(c"ftrack", || format!("an event was not answered: {error}")),
                }
            }
            if self.state.lock().is_stopped(event.root()) {
                break;
            }
        }
        self.state.lock().open.remove(&draft.id);
        Ok(results)
    }

    /// Stops an event: subscriptions that have not had it do not get it.
    ///
    /// # Errors
    /// `not_found` for an event that was not heard, or long ago.
    pub fn stop(&self, id: &str) -> Result<()> {
        let mut state = self.state.lock();
        if let Some(stopped) = state.open.get_mut(id) {
            *stopped = true;
            return Ok(());
        }
        match state.seen.source(id) {
            Some(_) => Ok(()),
            None => Err(unheard(id)),
        }
    }

    /// The draft of a reply to an event that was heard.
    ///
    /// # Errors
    /// `not_found` for one that was not, or long ago.
    pub(super) fn reply_to(&self, id: &str, data: Tree, own: Object) -> Result<Draft> {
        let source = self.state.lock().seen.source(id).ok_or_else(|| unheard(id))?.map(str::to_owned);
        self.reply_draft(Some(id), source.as_deref(), data, own)
    }
}

impl State {
    fn answers(&self, number: u64) -> bool {
        self.subscribers.get(number).is_some_and(|subscriber| subscriber.answer.is_some())
    }

    /// Brings an event to those of `wanting` that take messages.
    fn bring(&self, wanting: &[u64], event: Box<Document>) {
        let takes = |number: &u64| self.subscribers.get(*number).filter(|subscriber| subscriber.answer.is_none());
        let mut takers = wanting.iter().filter_map(takes);
        let Some(first) = takers.next() else { return };
        // Most events are for one, who gets what came.
        let mut others = takers.peekable();
        let tree = others.peek().map(|_| event.root().to_tree());
        first.sink.bring(&mut std::iter::once(event));
        for other in others {
            other.sink.bring(&mut tree.as_ref().map(Document::from_tree).into_iter());
        }
    }

    fn step(&self, number: u64, event: &Document) -> Step {
        let Some(subscriber) = self.subscribers.get(number) else { return Step::Done };
        if let Some(provider) = &subscriber.answer {
            return Step::Ask(Arc::clone(provider), subscriber.metadata.root().to_tree());
        }
        subscriber.sink.bring(&mut std::iter::once(Document::from_tree(&event.root().to_tree())));
        Step::Done
    }

    fn is_stopped(&self, event: Node<'_>) -> bool {
        id(event).and_then(|id| self.open.get(id)).copied().unwrap_or(false)
    }

    fn closed(&mut self, event: Node<'_>) {
        if let Some(id) = id(event) {
            self.open.remove(id);
        }
    }
}

/// Asks the host; none is no answer.
fn ask(provider: &Arc<dyn Provider>, event: &Document) -> Result<Option<Tree>> {
    let mut arguments = Object::with_capacity(1);
    arguments.insert("event", event.root().to_tree());
    let mut call = Object::with_capacity(3);
    call.insert("provider", Tree::from("answer"));
    call.insert("method", Tree::from("event"));
    call.insert("arguments", Tree::Object(arguments));
    let mut reply = Args::new();
    let status = contain(|| provider.call(Tree::Object(call), &mut reply))?;
    match status {
        Status::NotFound => Ok(None),
        Status::Ok => {
            reply.check()?;
            let root = reply.into_root();
            Ok(match root.get("value") {
                // What is no object comes under this name.
                Some(value) if root.len() == 1 => Some(value.clone()).filter(|value| !value.is_null()),
                _ if root.is_empty() => None,
                _ => Some(Tree::Object(root)),
            })
        }
        status => {
            let why = reply.get("message").and_then(Tree::as_str).unwrap_or("it did not say why").to_owned();
            Err(Error::new(&code::PROVIDER, format!("a provider failed: {why}")).status_as(status))
        }
    }
}

/// A value of an expression: as it is when it can be, as Python writes it.
fn quoted(value: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_,./@+".contains(letter);
    if !value.is_empty() && value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("\"{}\"", value.replace('"', "\\\""))
    }
}

fn unheard(id: &str) -> Error {
    Error::new(&code::NOT_FOUND, format!("no event {id:?} was heard lately")).with("key", "target")
}
