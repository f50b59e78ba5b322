//! Events that wait, for a poll or for a callback: bounded, in order, the oldest message dropped and counted when there
//! are too many (design section 2, "Limits").

use std::collections::VecDeque;

use super::{Event, Kind};
use crate::value::{Object, Tree};

/// How many messages wait when nothing else was asked for.
pub const QUEUE_MAX: usize = 10_000;
/// Kept LOST and RESTORED events: a host that never looks must not grow with a connection that comes and goes.
const STATES_MAX: usize = 1000;
/// Room that is kept for the next burst once all is taken.
const KEPT: usize = 1024;

/// Events in the order of their numbers.
#[derive(Debug)]
pub(super) struct Backlog {
    /// Those that may be dropped.
    messages: VecDeque<Event>,
    others: VecDeque<Event>,
    /// LOST and RESTORED among the others.
    states: usize,
    limit: usize,
    /// Dropped since the host was last told.
    dropped: u64,
}

/// What became of an event.
#[derive(Debug)]
pub(super) enum Added {
    /// It waits; the one that made room for it, if there had to be one. It is let go without a lock.
    New(Option<Event>),
    /// It took the place of this one.
    Instead(Event),
}

impl Default for Backlog {
    fn default() -> Backlog {
        Backlog::with_limit(QUEUE_MAX)
    }
}

impl Backlog {
    /// Room for so many messages.
    pub fn with_limit(limit: usize) -> Backlog {
        Backlog { messages: VecDeque::new(), others: VecDeque::new(), states: 0, limit: limit.max(1), dropped: 0 }
    }

    /// Changes how many messages may wait; gives those that are now too many.
    pub fn set_limit(&mut self, limit: usize) -> Vec<Event> {
        self.limit = limit.max(1);
        let extra = self.messages.len().saturating_sub(self.limit);
        self.dropped += extra as u64;
        self.messages.drain(..extra).collect()
    }

    /// Adds an event with the next number.
    pub fn add(&mut self, order: u64, mut event: Event) -> Added {
        event.set_order(order);
        match event.kind() {
            Kind::Message if !event.is_kept() => {
                let oldest = if self.messages.len() >= self.limit { self.messages.pop_front() } else { None };
                self.dropped += u64::from(oldest.is_some());
                self.messages.push_back(event);
                return Added::New(oldest);
            }
            Kind::Progress => {
                let same = |old: &&mut Event| old.kind() == Kind::Progress && old.id() == event.id();
                if let Some(old) = self.others.iter_mut().rev().find(same) {
                    event.set_order(old.order());
                    return Added::Instead(std::mem::replace(old, event));
                }
            }
            Kind::Lost | Kind::Restored => {
                self.states += 1;
                if self.states > STATES_MAX {
                    let oldest = self.others.iter().position(Event::is_state).and_then(|at| self.others.remove(at));
                    self.states -= 1;
                    self.others.push_back(event);
                    return Added::New(oldest);
                }
            }
            _ => {}
        }
        self.others.push_back(event);
        Added::New(None)
    }

    /// The next event; how many were dropped comes before it.
    pub fn take(&mut self) -> Option<Event> {
        if self.dropped > 0 {
            let count = std::mem::take(&mut self.dropped);
            let mut value = Object::default();
            value.insert("count", Tree::Int(i64::try_from(count).unwrap_or(i64::MAX)));
            return Some(Event::new(Kind::Dropped).with_value(&Tree::Object(value)));
        }
        let first = match (self.messages.front(), self.others.front()) {
            (Some(message), Some(other)) if message.order() < other.order() => &mut self.messages,
            (Some(_), None) => &mut self.messages,
            _ => &mut self.others,
        };
        let event = first.pop_front()?;
        if first.is_empty() && first.capacity() > KEPT {
            first.shrink_to(KEPT);
        }
        self.states -= usize::from(event.is_state());
        Some(event)
    }

    /// The number of the next event.
    pub fn first(&self) -> Option<u64> {
        let (message, other) = (self.messages.front().map(Event::order), self.others.front().map(Event::order));
        match (message, other) {
            (Some(message), Some(other)) => Some(message.min(other)),
            (one, other) => one.or(other),
        }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.others.is_empty() && self.dropped == 0
    }

    /// How many events wait.
    pub fn len(&self) -> usize {
        self.messages.len() + self.others.len()
    }

    /// Messages for which there is room before the oldest is dropped.
    pub fn room(&self) -> usize {
        self.limit.saturating_sub(self.messages.len())
    }
}
