//! What the host is told about the session itself: `haft.state`, LOST and RESTORED, and the end that came from the other
//! side (design section 2, "Life" and "Limits").

use std::sync::{Arc, Weak, atomic::Ordering};

use super::{Event, Failure, Handle, Kind, State, leave, submit, subscribe::Hears};
use crate::{
    backends::{Change, Teller},
    error::Error,
    log,
    value::{Object, Tree},
};

/// What is known of the connection while the handle takes calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Link {
    /// It stands, or the back end needs none.
    Ready,
    /// It is being made.
    Connecting,
    /// It is being restored.
    Lost,
}

impl Link {
    fn word(self) -> &'static str {
        match self {
            Link::Ready => "ready",
            Link::Connecting => "connecting",
            Link::Lost => "lost",
        }
    }
}

/// The end that came from the other side.
pub(super) struct End {
    /// What CLOSED carries.
    value: Tree,
    /// Why.
    pub(super) failure: Option<Arc<Failure>>,
}

impl End {
    pub(super) fn new(value: Tree, error: Option<Error>) -> End {
        End { value, failure: error.map(|error| Arc::new(Failure::from(error))) }
    }

    /// The same for a child: what ended was not its own.
    pub(super) fn of_parent(&self) -> End {
        End { value: Tree::Null, failure: self.failure.clone() }
    }
}

/// The handle's ear at its back end.
struct Herald(Weak<Handle>);

/// Makes what a back end tells changes to. It does not keep the handle.
pub(super) fn teller(handle: &Arc<Handle>) -> Arc<dyn Teller> {
    Arc::new(Herald(Arc::downgrade(handle)))
}

impl Teller for Herald {
    fn tell(&self, change: Change) {
        let Some(handle) = self.0.upgrade() else { return };
        match change {
            Change::Connecting => handle.changed(Link::Connecting, &word(Link::Connecting.word()), None),
            Change::Ready => handle.changed(Link::Ready, &word(Link::Ready.word()), None),
            Change::Lost(error) => {
                log::warn(c"session", || format!("a connection was lost: {error}"));
                let mut value = reason(&error);
                let failure = Some(Arc::new(Failure::from(error)));
                let lost = News { kind: Kind::Lost, value: Tree::Object(value.clone()), failure };
                value.insert("state", Tree::from(Link::Lost.word()));
                handle.changed(Link::Lost, &Tree::Object(value), Some(&lost));
            }
            Change::Restored(value) => {
                log::info(c"session", || "a connection was restored".to_owned());
                let restored = News { kind: Kind::Restored, value, failure: None };
                handle.changed(Link::Ready, &word(Link::Ready.word()), Some(&restored));
            }
            Change::Ended { value, error } => leave::ended(&handle, End::new(value, error)),
        }
        // It may be the last hold by now, and we may be on the reactor.
        submit::let_go(handle);
    }
}

/// An event of a kind of its own, for as many as hear it.
pub(super) struct News {
    pub(super) kind: Kind,
    pub(super) value: Tree,
    pub(super) failure: Option<Arc<Failure>>,
}

impl News {
    /// CLOSED, with what is known about the end.
    pub(super) fn closed(end: Option<&End>) -> News {
        let (value, failure) = end.map_or((Tree::Null, None), |end| (end.value.clone(), end.failure.clone()));
        News { kind: Kind::Closed, value, failure }
    }

    pub(super) fn event(&self) -> Event {
        let event = Event::new(self.kind).with_failure(self.failure.clone());
        if self.value.is_null() { event } else { event.with_value(&self.value) }
    }
}

impl Handle {
    /// The word for how things stand: the session's own state, and while it takes calls that of its connection.
    pub(super) fn word(&self) -> &'static str {
        match self.state() {
            State::Ready => self.link().word(),
            other => other.word(),
        }
    }

    fn link(&self) -> Link {
        match self.link.load(Ordering::Acquire) {
            0 => Link::Ready,
            1 => Link::Connecting,
            _ => Link::Lost,
        }
    }

    /// Tells a change of the connection: `value` to who listens to `haft.state`, and the news.
    fn changed(&self, link: Link, value: &Tree, news: Option<&News>) {
        // Under the lock that a new listener is told the first word under: nobody hears an old word after a new one.
        let subscriptions = self.subscriptions.lock();
        if self.state() != State::Ready {
            return;
        }
        self.link.store(link as u8, Ordering::Release);
        for listed in subscriptions.iter().filter(|listed| listed.subscription.hears == Hears::State) {
            listed.subscription.tell(Event::new(Kind::Message).with_value(value));
        }
        drop(subscriptions);
        if let Some(news) = news {
            self.announce(news);
        }
    }

    /// Brings news to the push subscriptions of `haft.state`, of this handle or of the one that hears its events, and
    /// where there is none to the queue.
    fn announce(&self, news: &News) {
        let mut pushed = false;
        for listed in self.subscriptions.lock().iter() {
            if listed.subscription.hears == Hears::State && listed.subscription.is_push() {
                listed.subscription.tell(news.event());
                pushed = true;
            }
        }
        match &self.parent_hears {
            _ if pushed => {}
            Some(parent) => parent.announce(news),
            None => self.queue.push(news.event().with_topic("haft.state")),
        }
    }

    /// Tells who listens that the session leaves.
    pub(super) fn tell_state(&self, state: State) {
        for listed in self.subscriptions.lock().iter().filter(|listed| listed.subscription.hears == Hears::State) {
            listed.subscription.tell(event(state.word()));
        }
    }
}

fn word(state: &str) -> Tree {
    let mut value = Object::default();
    value.insert("state", Tree::from(state));
    Tree::Object(value)
}

/// A `haft.state` message.
pub(super) fn event(state: &str) -> Event {
    Event::new(Kind::Message).with_value(&word(state))
}

/// What LOST carries besides its error.
fn reason(error: &Error) -> Object {
    let mut value = Object::default();
    value.insert("reason", Tree::from(error.message()));
    value.insert("code", Tree::from(error.code()));
    value
}

/// LOST, before its error is put in.
pub(super) fn lost_event(error: &Error) -> Event {
    Event::new(Kind::Lost).with_value(&Tree::Object(reason(error)))
}
